/* SPDX-License-Identifier: Apache-2.0 */
/* `query match`: which of these credentials, and which claims, answer a verifier. */
#include "agent/cli/cli_vc.h"

#include "did/base/rand.h"
#include "vc/query.h"

/* --pex or --dcql, exactly one. */
static enum berth_err read_query(const struct berth_cli *c, struct berth_query **out)
{
	const char *pex = berth_cli_get(c, "--pex"), *dcql = berth_cli_get(c, "--dcql");
	struct berth_json *doc;
	enum berth_err rc;

	*out = NULL;
	if (!pex == !dcql)
		return berth_fail(BERTH_E_USAGE, "one of --pex and --dcql");
	if ((rc = berth_cli_read_json(&doc, pex ? pex : dcql, BERTH_QUERY_MAX)))
		return rc;
	rc = pex ? berth_query_pex(out, doc) : berth_query_dcql(out, doc);
	berth_json_free(doc);
	return rc;
}

static enum berth_err read_wallet(const struct berth_cli *c, struct berth_wallet *w)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < c->n_args && !rc; i++) {
		struct berth_buf text = BERTH_BUF_INIT;

		if (!(rc = berth_cli_read_token(&text, c->args[i], BERTH_CLI_TOKEN_MAX)) &&
		    (rc = berth_wallet_add(w, c->args[i], berth_buf_cstr(&text), text.len)))
			rc = berth_fail(rc, "%.80s: no credential", c->args[i]);
		berth_buf_free(&text);
	}
	return rc;
}

static enum berth_err print(const struct berth_cli *c, const struct berth_query *q, const struct berth_answer *a,
			    const struct berth_wallet *w)
{
	struct berth_json *o = berth_answer_json(a, w), *submission;
	char id[BERTH_UUID_LEN + 1];
	enum berth_err rc = o ? BERTH_OK : BERTH_E_NOMEM;

	if (!rc && berth_query_is_pex(q)) {
		berth_random_uuid(id);
		if (!(rc = berth_query_submission(&submission, q, a, w, id)))
			rc = berth_json_set(o, "submission", submission);
	}
	if (!rc)
		return berth_cli_print(c, o);
	berth_json_free(o);
	return rc;
}

static enum berth_err match(struct berth_cli *c)
{
	struct berth_wallet w = { 0 };
	struct berth_answer a = { 0 };
	struct berth_query *q = NULL;
	int64_t now_s;
	enum berth_err rc;

	if (!(rc = berth_cli_now(c, &now_s)) && !(rc = read_query(c, &q)) && !(rc = read_wallet(c, &w)) &&
	    !(rc = berth_query_match(&a, q, &w, now_s)))
		rc = print(c, q, &a, &w);
	berth_answer_free(&a);
	berth_query_free(q);
	berth_wallet_free(&w);
	return rc;
}

static const struct berth_cli_cmd cmds[] = {
	{ "match", 1, BERTH_CLI_VALUES_MAX, match },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_query = { "query", cmds };
