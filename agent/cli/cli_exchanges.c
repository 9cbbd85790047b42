/* SPDX-License-Identifier: Apache-2.0 */
/* `berth credentials`: the exchanges by which credentials are issued and shown. */
#include "agent/cli/cli_exchanges.h"

#include <string.h>

#include "agent/cli/cli_client.h"

#define ROWS(a) a, sizeof(a) / sizeof((a)[0])
#define FILE_MAX ((size_t)128 << 10)

static const struct berth_cli_row cols[] = {
	{ "ID", "id" }, { "PROTOCOL", "protocol" }, { "STATE", "state" }, { "PEER", "peer" },
};
static const struct berth_cli_row rows[] = {
	{ "id", "id" }, { "protocol", "protocol" }, { "state", "state" }, { "peer", "peer" }, { "format", "format" },
	{ "type", "credential.type" }, { "type", "credential.vct" }, { "verified", "verified" },
	{ "error", "error" }, { "because", "detail" }, { "held as", "held" },
	{ "issued as", "issued" }, { "revoked", "revoked" }, { "problem", "problem" }, { "domain", "domain" },
};

static enum berth_err need_arg(const struct berth_cli *c, const char *what, const char **out)
{
	*out = berth_cli_arg(c, 1);
	return *out ? BERTH_OK : berth_fail(BERTH_E_USAGE, "credentials %s: %s is missing", berth_cli_arg(c, 0), what);
}

static enum berth_err list(struct berth_cli *c)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/exchanges", NULL, &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	rc = berth_cli_show_table(v, ROWS(cols), "no exchange yet");
	berth_json_free(v);
	return rc;
}

static enum berth_err show(struct berth_cli *c, const char *id)
{
	struct berth_buf path = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	enum berth_err rc;

	berth_cli_path(&path, "/v1/exchanges/", id, "");
	if ((rc = berth_buf_status(&path)) || (rc = berth_cli_call(c, berth_buf_cstr(&path), NULL, &v)))
		goto out;
	if (berth_cli_json_wanted(c)) {
		rc = berth_cli_print(c, v);
		v = NULL;
	} else {
		rc = berth_cli_show_fields(v, ROWS(rows));
	}
out:
	berth_buf_free(&path);
	berth_json_free(v);
	return rc;
}

/* exchanges [ID] */
static enum berth_err exchanges(struct berth_cli *c)
{
	const char *id = berth_cli_arg(c, 1);

	return id ? show(c, id) : list(c);
}

static enum berth_err post(struct berth_cli *c, const char *path, struct berth_json *take, const char *what)
{
	struct berth_json *v = NULL;
	const char *id;
	enum berth_err rc = berth_cli_call(c, path, take, &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	id = berth_json_str(berth_json_get(v, "id"));
	rc = id ? berth_cli_say("%s: exchange %s", what, id) : berth_cli_say("%s", what);
	berth_json_free(v);
	return rc;
}

static enum berth_err set_file(struct berth_json *body, const char *path, const char *member)
{
	struct berth_json *v = NULL;
	enum berth_err rc = path ? berth_cli_read_json(&v, path, FILE_MAX) : BERTH_OK;

	return rc || !path ? rc : berth_json_set(body, member, v);
}

static enum berth_err set_list(const struct berth_cli *c, struct berth_json *body, const char *option, const char *member)
{
	struct berth_json *list;
	const char *one;
	enum berth_err rc = BERTH_OK;

	if (!berth_cli_has(c, option))
		return BERTH_OK;
	list = berth_json_new_array();
	for (size_t i = 0; !rc && (one = berth_cli_nth(c, option, i)); i++)
		rc = berth_json_push_str(list, one);
	return berth_json_set_made(body, member, list, rc);
}

/* offer, propose, request: --to DID [--format F] FILE */
static enum berth_err begin(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object();
	struct berth_buf path = BERTH_BUF_INIT;
	const char *file, *to;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--to", &to)) || (rc = need_arg(c, "FILE", &file)) ||
	    (rc = berth_json_set_str(body, "to", to)) || (rc = set_file(body, file, "credential")) ||
	    (rc = berth_cli_set_option(c, body, "--format", "format")) || (rc = berth_cli_set_option(c, body, "--comment", "comment"))) {
		berth_json_free(body);
		return rc;
	}
	berth_cli_path(&path, "/v1/credentials/", berth_cli_arg(c, 0), "");
	if ((rc = berth_buf_status(&path)))
		berth_json_free(body);
	else
		rc = post(c, berth_buf_cstr(&path), body, "sent");
	berth_buf_free(&path);
	return rc;
}

/* ask: --to DID --pex FILE | --dcql FILE */
static enum berth_err ask(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object();
	const char *to;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--to", &to)) || (rc = berth_json_set_str(body, "to", to)) ||
	    (rc = set_file(body, berth_cli_get(c, "--pex"), "presentationDefinition")) ||
	    (rc = set_file(body, berth_cli_get(c, "--dcql"), "dcqlQuery")) ||
	    (rc = berth_cli_set_option(c, body, "--comment", "comment"))) {
		berth_json_free(body);
		return rc;
	}
	return post(c, "/v1/proofs/request", body, "sent");
}

static enum berth_err on_exchange(struct berth_cli *c, const char *word, struct berth_json *take, const char *what)
{
	struct berth_buf path = BERTH_BUF_INIT;
	char suffix[16] = "/";
	const char *id;
	enum berth_err rc = need_arg(c, "ID", &id);

	if (!rc) {
		strncat(suffix, word, sizeof(suffix) - 2);
		berth_cli_path(&path, "/v1/exchanges/", id, suffix);
		rc = berth_buf_status(&path);
	}
	if (rc)
		berth_json_free(take);
	else
		rc = post(c, berth_buf_cstr(&path), take, what);
	berth_buf_free(&path);
	return rc;
}

static enum berth_err accept(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = set_list(c, body, "--credential", "credentials")) || (rc = set_list(c, body, "--disclose", "disclose")) ||
	    (rc = set_file(body, berth_cli_get(c, "--pex"), "presentationDefinition")) ||
	    (rc = set_file(body, berth_cli_get(c, "--dcql"), "dcqlQuery")) ||
	    (rc = berth_cli_set_option(c, body, "--comment", "comment"))) {
		berth_json_free(body);
		return rc;
	}
	return on_exchange(c, "accept", body, "accepted");
}

static enum berth_err decline(struct berth_cli *c)
{
	return on_exchange(c, "decline", berth_json_new_object(), "declined");
}

static enum berth_err revoke(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc = berth_cli_set_option(c, body, "--comment", "comment");

	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return on_exchange(c, "revoke", body, "the holder is told; its status list is yours to set");
}

const struct berth_cli_word berth_cli_exchange_words[] = {
	{ "exchanges", exchanges }, { "offer", begin }, { "propose", begin }, { "request", begin }, { "ask", ask },
	{ "accept", accept }, { "decline", decline }, { "revoke", revoke }, { .word = NULL },
};
