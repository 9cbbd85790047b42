/* SPDX-License-Identifier: Apache-2.0 */
/* `berth credentials`: what is held, and the exchanges by which it is issued and shown. */
#include "agent/cli/cli_client.h"

#include <string.h>

#include "did/jose/jws.h"

#define ROWS(a) a, sizeof(a) / sizeof((a)[0])
#define FILE_MAX ((size_t)128 << 10)

/* ---- what is held ---- */

static const struct berth_cli_row credential_rows[] = {
	{ "type", "type" }, { "type", "types" }, { "issuer", "issuer" }, { "issuer", "issuer.id" }, { "issuer", "iss" },
	{ "subject", "credentialSubject.id" }, { "valid from", "validFrom" }, { "valid until", "validUntil" },
};

/* The operational credential is a vc+jwt: its claims are its payload. */
static enum berth_err show_token(const char *name, const char *compact)
{
	struct berth_json *claims = NULL;
	struct berth_jws j = { .header = NULL };
	enum berth_err rc;

	if (!(rc = berth_jws_parse(&j, compact, strlen(compact), BERTH_CLI_ANSWER_MAX)) &&
	    !(rc = berth_json_parse_object(&claims, berth_buf_cstr(&j.payload), j.payload.len, BERTH_CLI_ANSWER_MAX)) &&
	    !(rc = berth_cli_say("%-11s  %s", "identity", name)))
		rc = berth_cli_show_fields(claims, ROWS(credential_rows));
	berth_json_free(claims);
	berth_jws_free(&j);
	return rc;
}

static enum berth_err show_held(const struct berth_json *v)
{
	const char *id = berth_json_str(berth_json_get(v, "id")), *format = berth_json_str(berth_json_get(v, "format"));
	bool revoked = berth_json_bool(berth_json_get(v, "revoked"), false);
	enum berth_err rc = berth_cli_say("%-11s  %s (%s)%s", "credential", id ? id : "", format ? format : "",
					  revoked ? ", revoked" : "");

	return rc ? rc : berth_cli_show_fields(v, ROWS(credential_rows));
}

static enum berth_err show(const struct berth_json *v)
{
	const char *name = berth_json_str(berth_json_get(v, "name"));

	return name ? show_token(name, berth_json_str(berth_json_get(v, "credential"))) : show_held(v);
}

static enum berth_err add_all(const struct berth_json *from, struct berth_json *to)
{
	enum berth_err rc = BERTH_OK;

	berth_json_each(v, from)
		if (!rc && berth_json_str(berth_json_get(v, "credential")))
			rc = berth_json_push(to, berth_json_clone(v));
	return rc;
}

static enum berth_err list_held(struct berth_cli *c)
{
	struct berth_json *identities = NULL, *held = NULL, *all = berth_json_new_array();
	enum berth_err rc = all ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "credentials");

	if (rc || (rc = berth_cli_call(c, "/v1/identities", NULL, &identities)) ||
	    (rc = berth_cli_call(c, "/v1/credentials", NULL, &held)) || (rc = add_all(identities, all)) ||
	    (rc = add_all(held, all)))
		goto out;
	if (berth_cli_json_wanted(c)) {
		rc = berth_cli_print(c, all);
		all = NULL;
	} else if (!berth_json_len(all)) {
		rc = berth_cli_say("no credential yet");
	}
	berth_json_each(one, all)
		if (!rc)
			rc = show(one);
out:
	berth_json_free(identities);
	berth_json_free(held);
	berth_json_free(all);
	return rc;
}

/* ---- exchanges ---- */

static const struct berth_cli_row exchange_cols[] = {
	{ "ID", "id" }, { "PROTOCOL", "protocol" }, { "STATE", "state" }, { "PEER", "peer" },
};
static const struct berth_cli_row exchange_rows[] = {
	{ "id", "id" }, { "protocol", "protocol" }, { "state", "state" }, { "peer", "peer" }, { "format", "format" },
	{ "type", "credential.type" }, { "type", "credential.vct" }, { "verified", "verified" }, { "held as", "held" },
	{ "issued as", "issued" }, { "revoked", "revoked" }, { "problem", "problem" }, { "domain", "domain" },
};

static enum berth_err exchanges(struct berth_cli *c)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/exchanges", NULL, &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	rc = berth_cli_show_table(v, ROWS(exchange_cols), "no exchange yet");
	berth_json_free(v);
	return rc;
}

static enum berth_err need_arg(const struct berth_cli *c, const char *what, const char **out)
{
	*out = berth_cli_arg(c, 1);
	return *out ? BERTH_OK : berth_fail(BERTH_E_USAGE, "credentials %s: %s is missing", berth_cli_arg(c, 0), what);
}

static enum berth_err show_exchange(struct berth_cli *c)
{
	struct berth_buf path = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	const char *id;
	enum berth_err rc = need_arg(c, "ID", &id);

	if (rc)
		return rc;
	berth_cli_path(&path, "/v1/exchanges/", id, "");
	if (!(rc = berth_buf_status(&path)) && !(rc = berth_cli_call(c, berth_buf_cstr(&path), NULL, &v)) &&
	    !berth_cli_json_wanted(c))
		rc = berth_cli_show_fields(v, ROWS(exchange_rows));
	berth_buf_free(&path);
	if (!rc && berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	berth_json_free(v);
	return rc;
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

static enum berth_err set_text(const struct berth_cli *c, struct berth_json *body, const char *option, const char *member)
{
	const char *text = berth_cli_get(c, option);

	return text ? berth_json_set_str(body, member, text) : BERTH_OK;
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
	if (rc) {
		berth_json_free(list);
		return rc;
	}
	return berth_json_set(body, member, list);
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
	    (rc = set_text(c, body, "--format", "format")) || (rc = set_text(c, body, "--comment", "comment"))) {
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
	    (rc = set_text(c, body, "--comment", "comment"))) {
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
	    (rc = set_text(c, body, "--comment", "comment"))) {
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
	enum berth_err rc = set_text(c, body, "--comment", "comment");

	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return on_exchange(c, "revoke", body, "the holder is told; its status list is yours to set");
}

static const struct { const char *word; enum berth_err (*run)(struct berth_cli *c); } words[] = {
	{ "exchanges", exchanges }, { "show", show_exchange }, { "offer", begin }, { "propose", begin }, { "request", begin },
	{ "ask", ask }, { "accept", accept }, { "decline", decline }, { "revoke", revoke },
};

static enum berth_err credentials(struct berth_cli *c)
{
	const char *word = berth_cli_arg(c, 0);

	if (!word)
		return list_held(c);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].run(c);
	return berth_fail(BERTH_E_USAGE, "credentials: no word %s (see berth credentials --help)", word);
}

static const struct berth_cli_opt opts[] = {
	{ "--to", BERTH_CLI_ONE, "DID", "offer, propose, request, ask: whom; owner for a device's owner" },
	{ "--format", BERTH_CLI_ONE, "F", "offer, propose, request: vc+jwt (default), di, dc+sd-jwt, vc+sd-jwt, vc-jwt" },
	{ "--pex", BERTH_CLI_ONE, "FILE", "ask: a presentation definition" },
	{ "--dcql", BERTH_CLI_ONE, "FILE", "ask: a DCQL query" },
	{ "--credential", BERTH_CLI_MANY, "ID", "accept, of a request to show: which" },
	{ "--disclose", BERTH_CLI_MANY, "POINTER", "accept: a claim of an SD-JWT to be shown" },
	{ "--comment", BERTH_CLI_ONE, "TEXT", "for the peer to read" },
	BERTH_CLI_DAEMON_OPTS,
	{ .name = NULL },
};

static const struct berth_cli_cmd credentials_cmds[] = {
	{ "", "[exchanges | show ID | offer FILE | propose FILE | request FILE | ask | accept ID | decline ID | revoke ID]",
	  "credentials that the agent holds, and how it comes to them and shows them", opts, 0, 2, credentials,
	  "  berth credentials\n  berth credentials offer --to did:peer:4... degree.json\n  berth credentials exchanges\n"
	  "  berth credentials accept 1f0c9a7e\n" },
	{ .run = NULL },
};
const struct berth_cli_group berth_cli_credentials = { "credentials", "credentials: held, issued, shown", credentials_cmds };
