/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts on the credentials of others. */
#include "agent/core/backend_internal.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/exchange.h"
#include "agent/protocol/onboarding.h"

/* When the newest status list of each was issued, in the store. */
#define NS_STATUS_SEEN "status-seen"
#define STATUS_SEEN_MAX 1024

static enum berth_err seen_key(struct berth_buf *key, const char *id, const char *issuer)
{
	char hash[BERTH_CREDENTIAL_ID_MAX + 1] = "";
	struct berth_buf both = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_printf(&both, "%s %s", issuer, id);
	if (!(rc = berth_buf_status(&both)) && !(rc = berth_credential_id_of(hash, berth_buf_cstr(&both), both.len)))
		berth_buf_str(key, hash);
	berth_buf_free(&both);
	return rc ? rc : berth_buf_status(key);
}

static enum berth_err seen_get(void *arg, const char *id, const char *issuer, int64_t *issued_s)
{
	struct berth_backend *b = arg;
	struct berth_buf key = BERTH_BUF_INIT, value = BERTH_BUF_INIT;
	long long t;
	bool found;
	enum berth_err rc;

	if (!(rc = seen_key(&key, id, issuer)) &&
	    !(rc = berth_store_get(berth_agent_store(b->agent), NS_STATUS_SEEN, berth_buf_cstr(&key), &value, &found)) &&
	    found && sscanf(berth_buf_cstr(&value), "%lld", &t) == 1)
		*issued_s = t;
	berth_buf_free(&key);
	berth_buf_free(&value);
	return rc;
}

static enum berth_err seen_put(void *arg, const char *id, const char *issuer, int64_t issued_s)
{
	struct berth_backend *b = arg;
	struct berth_store *s = berth_agent_store(b->agent);
	struct berth_buf key = BERTH_BUF_INIT;
	bool within = berth_store_in_transaction(s);	/* of a step that verifies */
	char value[24];
	int64_t n;
	enum berth_err rc;

	if ((rc = seen_key(&key, id, issuer)) || (rc = berth_store_count(s, NS_STATUS_SEEN, &n)))
		goto out;
	/* as many as lists fit into the folder; beyond them nothing is remembered */
	if (n >= STATUS_SEEN_MAX || (!within && (rc = berth_store_begin(s))))
		goto out;
	snprintf(value, sizeof(value), "%lld", (long long)issued_s);
	rc = berth_store_put_str(s, NS_STATUS_SEEN, berth_buf_cstr(&key), value);
	if (!within && (rc || (rc = berth_store_commit(s))))
		berth_store_rollback(s);
out:
	berth_buf_free(&key);
	return rc;
}

/* What the answer says is the verdict; only what kept us from having one is an error. */
static enum berth_err answer(struct berth_report *r, struct berth_json **out)
{
	enum berth_err rc = BERTH_OK;

	if (r->first == BERTH_E_UNAVAILABLE || berth_err_exit(r->first) == 5)
		rc = berth_fail(r->first, "%s", r->detail);
	else if (!(*out = berth_report_json(r)))
		rc = berth_no_memory();
	berth_report_free(r);
	return rc;
}

static enum berth_err verify(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	const char *vc = berth_data_str(req->body, "credential"), *vp = berth_data_str(req->body, "presentation");
	struct berth_backend *b = arg;
	struct berth_env *env = berth_agent_env(b->agent);
	struct berth_verify v = berth_exchange_verify(env);
	const char *text = vp ? vp : vc;
	enum berth_vc_format format;
	struct berth_report r;
	enum berth_err rc;

	v.challenge = berth_data_str(req->body, "challenge");
	v.domain = berth_data_str(req->body, "domain");
	if (!vc == !vp)
		return berth_fail(BERTH_E_TYPE, "one of credential and presentation");
	if (vp && !v.challenge)
		return berth_fail(BERTH_E_TYPE, "a presentation answers a challenge: which?");
	if (!b->policy)
		return berth_fail(BERTH_E_UNAVAILABLE, "no policy");
	if ((rc = berth_vc_format_guess(&format, text, strlen(text))))
		return rc;
	(void)(vp ? berth_verify_presentation : berth_verify_credential)(&r, &v, format, text, strlen(text));
	return answer(&r, out);
}

/* ---- the policy ---- */

/* What steps and requests judge with. */
static void set_judging(struct berth_backend *b, const struct berth_config *cfg)
{
	b->judging = (struct berth_verify){ .policy = b->policy, .status_cache = b->status_cache };
	berth_config_folders(cfg, &b->judging);
}

enum berth_err berth_backend_open(struct berth_backend *b, const struct berth_config *cfg)
{
	enum berth_err rc;

	b->seen = (struct berth_status_seen){ b, seen_get, seen_put };
	if ((rc = berth_config_credentials(cfg, &b->policy)) || (rc = berth_status_cache_new(&b->status_cache, &b->seen)))
		return rc;
	set_judging(b, cfg);
	return BERTH_OK;
}

void berth_backend_take(struct berth_backend *b, const struct berth_config *cfg, struct berth_vc_policy *policy)
{
	berth_config_credentials_free(b->policy);
	b->policy = policy;
	set_judging(b, cfg);
}

void berth_backend_close(struct berth_backend *b)
{
	berth_config_credentials_free(b->policy);
	berth_status_cache_free(b->status_cache);
	berth_json_free(b->watched);
	b->watched = NULL;
	b->policy = NULL;
	b->status_cache = NULL;
	b->judging = (struct berth_verify){ .policy = NULL };
}

void backend_verify_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_VERIFY] = verify;
}
