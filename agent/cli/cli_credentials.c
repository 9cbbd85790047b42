/* SPDX-License-Identifier: Apache-2.0 */
/* `berth credentials`: what the daemon holds; the exchanges are in cli_exchanges.c. */
#include "agent/cli/cli_client.h"

#include <string.h>

#include "agent/cli/cli_exchanges.h"
#include "agent/cli/cli_vc.h"

#define TEXT_MAX ((size_t)128 << 10)
#define ROWS(a) a, sizeof(a) / sizeof((a)[0])

static const struct berth_cli_row cols[] = {
	{ "ID", "id" }, { "FORMAT", "format" }, { "TYPES", "types" }, { "VALID UNTIL", "validUntil" }, { "HOLDER", "holder" },
	{ "REVOKED", "revoked" },
};
static const struct berth_cli_row rows[] = {
	{ "id", "id" }, { "format", "format" }, { "types", "types" }, { "issuer", "issuer" }, { "valid from", "validFrom" },
	{ "valid until", "validUntil" }, { "holder", "holder" }, { "sent by", "from" }, { "received", "received" },
	{ "thread", "thid" }, { "revoked", "revoked" }, { "renewed", "superseded" },
};

static enum berth_err list(struct berth_cli *c)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/credentials", NULL, &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	rc = berth_cli_show_table(v, ROWS(cols), "no credential yet");
	berth_json_free(v);
	return rc;
}

/* An answer that is one credential. */
static enum berth_err print_one(struct berth_cli *c, struct berth_json *v)
{
	enum berth_err rc;

	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	rc = berth_cli_show_fields(v, ROWS(rows));
	berth_json_free(v);
	return rc;
}

static enum berth_err show(struct berth_cli *c, const char *id)
{
	struct berth_buf path = BERTH_BUF_INIT;
	struct berth_json *v;
	enum berth_err rc;

	berth_cli_path(&path, "/v1/credentials/", id, "");
	if (!(rc = berth_buf_status(&path)) && !(rc = berth_cli_call(c, berth_buf_cstr(&path), NULL, &v)))
		rc = print_one(c, v);
	berth_buf_free(&path);
	return rc;
}

static enum berth_err import(struct berth_cli *c, const char *file)
{
	struct berth_json *body = berth_json_new_object(), *v;
	const char *id = berth_cli_get(c, "--id");
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_cli_read_token(&text, file, TEXT_MAX)) ||
	    (rc = berth_json_set_str(body, "credential", berth_buf_cstr(&text))) ||
	    (id && (rc = berth_json_set_str(body, "id", id))))
		berth_json_free(body);
	else if (!(rc = berth_cli_call(c, "/v1/credentials", body, &v)))
		rc = print_one(c, v);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err remove_one(struct berth_cli *c, const char *id)
{
	struct berth_buf path = BERTH_BUF_INIT;
	struct berth_json *v;
	enum berth_err rc;

	berth_cli_path(&path, "/v1/credentials/", id, "/remove");
	if (!(rc = berth_buf_status(&path)) && !(rc = berth_cli_call(c, berth_buf_cstr(&path), berth_json_new_object(), &v))) {
		if (berth_cli_json_wanted(c)) {
			rc = berth_cli_print(c, v);
		} else {
			berth_json_free(v);
			rc = berth_cli_say("removed");
		}
	}
	berth_buf_free(&path);
	return rc;
}

static enum berth_err credentials(struct berth_cli *c)
{
	const char *what = berth_cli_arg(c, 0), *of = berth_cli_arg(c, 1);

	if (!what || (!strcmp(what, "list") && !of))
		return list(c);
	if (!strcmp(what, "import"))
		return import(c, of);
	if (of && !strcmp(what, "show"))
		return show(c, of);
	if (of && !strcmp(what, "remove"))
		return remove_one(c, of);
	for (const struct berth_cli_word *w = berth_cli_exchange_words; w->word; w++)
		if (!strcmp(what, w->word))
			return w->run(c);
	return berth_fail(BERTH_E_USAGE, "credentials: no such word, or ID is missing (see berth credentials --help)");
}

static const struct berth_cli_cmd cmds[] = {
	{ "", 0, 2, credentials },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_credentials = { "credentials", cmds };
