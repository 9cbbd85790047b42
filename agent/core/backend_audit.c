/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: its rows, whether it holds, and a signature over its end. */
#include "agent/core/backend_internal.h"

#include "agent/core/audit_chain.h"
#include "agent/protocol/onboarding.h"

#define ROWS_MAX 1000	/* of one answer */

static enum berth_err one_row(void *arg, int64_t seq, int64_t time_s, const char *event, const char *detail,
			      const uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	struct berth_json *list = arg, *o;
	enum berth_err rc;

	if (berth_json_len(list) >= ROWS_MAX)
		return BERTH_OK;
	o = berth_json_new_object();
	if ((rc = berth_json_set_int(o, "seq", seq)) || (rc = berth_json_set_int(o, "time", time_s)) ||
	    (rc = berth_json_set_str(o, "event", event)) || (rc = berth_json_set_str(o, "detail", detail)) ||
	    (rc = berth_json_set_b64url(o, "hash", hash, BERTH_AUDIT_HASH_LEN))) {
		berth_json_free(o);
		return rc;
	}
	return berth_json_push(list, o);
}

static enum berth_err rows(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *list = berth_json_new_array();

	return berth_json_give(out, list, berth_store_audit_each(berth_agent_store(b->agent), req->after, one_row, list));
}

static const struct berth_identity *signer(struct berth_backend *b)
{
	struct berth_env *env = berth_agent_env(b->agent);

	return env->identity(env, BERTH_ID_AUDIT);
}

/* {verified, rows, did, signed {row, seq, time?}, unsigned}; signed is null without any. */
static enum berth_err report(struct berth_backend *b, const struct berth_audit_chain *c, struct berth_json *o)
{
	struct berth_json *s = c->signed_row ? berth_json_new_object() : berth_json_new_null();
	int64_t rest = 0;
	enum berth_err rc = BERTH_OK;

	if (c->signed_row && !(rc = berth_json_set_int(s, "row", c->signed_row)) &&
	    !(rc = berth_json_set_int(s, "seq", c->head.seq)) && c->head.time_s >= 0)
		rc = berth_json_set_int(s, "time", c->head.time_s);
	if (rc) {
		berth_json_free(s);
		return rc;
	}
	if ((rc = berth_json_set(o, "signed", s)) || (rc = berth_json_set_bool(o, "verified", true)) ||
	    (rc = berth_json_set_int(o, "rows", c->rows)) || (rc = berth_agent_audit_unsigned(b->agent, &rest)) ||
	    (rc = berth_json_set_int(o, "unsigned", rest)))
		return rc;
	return c->did ? berth_json_set_str(o, "did", c->did) : BERTH_OK;
}

static enum berth_err verify(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	const struct berth_identity *id = signer(b);
	struct berth_json *o = berth_json_new_object();
	struct berth_audit_chain c;
	enum berth_err rc = berth_store_audit_check(berth_agent_store(b->agent), id ? id->did : NULL, &c);

	(void)req;
	if (!rc)
		rc = report(b, &c, o);
	berth_audit_chain_free(&c);
	return berth_json_give(out, o, rc);
}

static enum berth_err set_base(struct berth_backend *b, struct berth_json *o)
{
	uint8_t hash[BERTH_AUDIT_HASH_LEN];
	int64_t seq;
	enum berth_err rc = berth_store_audit_base(berth_agent_store(b->agent), &seq, hash);

	if (rc || (rc = berth_json_set_int(o, "baseSeq", seq)))
		return rc;
	return berth_json_set_b64url(o, "baseHash", hash, sizeof(hash));
}

static enum berth_err sign(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *o = berth_json_new_object();
	struct berth_buf jws = BERTH_BUF_INIT;
	struct berth_audit_head h;
	enum berth_err rc;

	(void)req;
	if (!(rc = berth_agent_audit_sign(b->agent, &h, &jws)) && !(rc = berth_json_set_str(o, "did", signer(b)->did)) &&
	    !(rc = berth_json_set_int(o, "seq", h.seq)) &&
	    !(rc = berth_json_set_b64url(o, "head", h.hash, sizeof(h.hash))) &&
	    !(rc = berth_json_set_str(o, "signed", berth_buf_cstr(&jws))))
		rc = set_base(b, o);
	berth_buf_free(&jws);
	return berth_json_give(out, o, rc);
}

void backend_audit_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_AUDIT] = rows;
	api->op[BERTH_API_AUDIT_VERIFY] = verify;
	api->op[BERTH_API_AUDIT_SIGN] = sign;
}
