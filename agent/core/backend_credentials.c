/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials that the agent holds, and verdicts on those of others. */
#include "agent/core/backend_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/api_principal.h"
#include "agent/protocol/onboarding.h"
#include "did/base/clock.h"
#include "did/codec/did_text.h"
#include "vc/token.h"

#define ID_OPERATIONAL "operational"

/* ---- the gateway's own, which is no record of its own ---- */

bool backend_own_credential(struct berth_backend *b, struct berth_credential *out, struct berth_json **owned)
{
	const struct berth_json *active = berth_json_get(berth_json_get(backend_gateway(b, owned), "data"), "active");
	const char *text = berth_data_str(active, "credential"), *identity = berth_data_str(active, "identity");

	*out = (struct berth_credential){ .format = "vc+jwt", .text = text, .issuer = "", .received_s = -1,
					  .holder = identity };
	snprintf(out->id, sizeof(out->id), ID_OPERATIONAL);
	return text && identity;
}

/* ---- showing them ---- */

static enum berth_err set_date(struct berth_json *o, const char *member, int64_t t, int64_t none)
{
	char text[BERTH_RFC3339_LEN + 1];

	if (t == none)
		return BERTH_OK;
	berth_rfc3339_format(text, t);
	return berth_json_set_str(o, member, text);
}

static enum berth_err set_window(struct berth_json *o, const struct berth_wallet_item *i)
{
	struct berth_window w = berth_window_of(berth_wallet_credential(i));
	enum berth_err rc = set_date(o, "validFrom", w.from, INT64_MIN);

	return rc ? rc : set_date(o, "validUntil", w.until, INT64_MAX);
}

static enum berth_err set_if(struct berth_json *o, const char *member, const char *value)
{
	return value ? berth_json_set_str(o, member, value) : BERTH_OK;
}

/* What the record says. */
static enum berth_err set_record(struct berth_json *o, const struct berth_credential *c)
{
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "id", c->id)) || (rc = berth_json_set_str(o, "format", c->format)) ||
	    (rc = set_if(o, "holder", c->holder)) || (rc = set_if(o, "from", c->from)) || (rc = set_if(o, "thid", c->thid)) ||
	    (rc = set_date(o, "received", c->received_s, -1)))
		return rc;
	return c->revoked ? berth_json_set_bool(o, "revoked", true) : BERTH_OK;
}

/* What the credential says. */
static enum berth_err set_content(struct berth_json *o, const struct berth_credential *c, const struct berth_wallet_item *i)
{
	const char *issuer = berth_wallet_issuer(i);
	struct berth_json *types;
	enum berth_err rc;

	if ((rc = berth_wallet_types(&types, i)) || (rc = berth_json_set(o, "types", types)) ||
	    (rc = berth_json_set_str(o, "issuer", issuer ? issuer : c->issuer)) ||
	    (rc = backend_copy(o, "refreshService", berth_wallet_credential(i), "refreshService")))
		return rc;
	return set_window(o, i);
}

static enum berth_err set_text(struct berth_json *o, const struct berth_credential *c, const struct berth_wallet_item *i)
{
	enum berth_err rc = berth_json_set_str(o, "credential", c->text);

	return rc ? rc : berth_json_set(o, "claims", berth_json_clone(berth_wallet_credential(i)));
}

/* Without its text to applications that only ask which ones there are. */
static enum berth_err describe(struct berth_json **out, const struct berth_credential *c, bool with_text)
{
	struct berth_json *o = berth_json_new_object();
	struct berth_wallet w = { 0 };
	enum berth_err rc;

	if ((rc = berth_wallet_add(&w, NULL, c->text, strlen(c->text))) || (rc = set_record(o, c)) ||
	    (rc = set_content(o, c, &w.items[0])) || (with_text && (rc = set_text(o, c, &w.items[0]))))
		goto out;
	*out = o;
	o = NULL;
out:
	berth_json_free(o);
	berth_wallet_free(&w);
	return rc;
}

struct listing {
	struct berth_json *list;
	bool with_text;
};

static enum berth_err list_one(void *arg, const struct berth_credential *c)
{
	struct listing *l = arg;
	struct berth_json *o = NULL;
	enum berth_err rc = describe(&o, c, l->with_text);

	return rc ? rc : berth_json_push(l->list, o);
}

static bool is_admin(const struct berth_api_request *req) { return req->who == NULL; }

static enum berth_err list(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct listing l = { berth_json_new_array(), is_admin(req) };
	struct berth_credential own;
	struct berth_json *inst;
	enum berth_err rc = l.list ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "credentials");

	if (!rc && backend_own_credential(b, &own, &inst))
		rc = list_one(&l, &own);
	berth_json_free(inst);
	if (!rc)
		rc = berth_credentials_each(berth_agent_env(b->agent), list_one, &l);
	if (rc) {
		berth_json_free(l.list);
		l.list = NULL;
	}
	*out = l.list;
	return rc;
}

static enum berth_err show(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_credential c;
	struct berth_json *inst = NULL;
	enum berth_err rc;

	if (!strcmp(req->param, ID_OPERATIONAL) && backend_own_credential(b, &c, &inst)) {
		rc = describe(out, &c, true);
	} else if (!(rc = berth_credential_get(berth_agent_env(b->agent), req->param, &c))) {
		rc = describe(out, &c, true);
		berth_credential_free(&c);
	}
	berth_json_free(inst);
	return rc;
}

/* ---- taking them in ---- */

/* What cannot be shown to anybody is not kept: the signature must hold, and the time.
 * Whether we would believe the issuer is another question. */
static enum berth_err check(struct berth_backend *b, const char *text)
{
	struct berth_env *env = berth_agent_env(b->agent);
	struct berth_verify v = { .resolver = env->resolver, .now_s = env->now_s, .floor_s = env->floor_s,
				  .no_status = true, .max = BERTH_CREDENTIAL_TEXT_MAX };
	enum berth_vc_format format;
	struct berth_report r;
	enum berth_err rc = berth_vc_format_guess(&format, text, strlen(text));

	if (rc)
		return rc;
	rc = berth_verify_credential(&r, &v, format, text, strlen(text));
	if (rc && rc != BERTH_E_CLOCK)	/* without a clock it may be valid */
		rc = berth_fail(rc, "%s", r.detail);
	berth_report_free(&r);
	return rc == BERTH_E_CLOCK ? BERTH_OK : rc;
}

/* The identity of ours that can show it. */
static const char *holder_of(struct berth_backend *b, const struct berth_wallet_item *i)
{
	struct berth_env *env = berth_agent_env(b->agent);
	const struct berth_identity *id = NULL;
	bool has_key;
	const char *holder = berth_wallet_holder(i, &has_key);
	char *did = holder && berth_is_did(holder) ? strndup(holder, berth_did_len(holder)) : NULL;

	if (did)
		id = env->identity_of(env, did);
	free(did);
	return id ? id->name : NULL;
}

static enum berth_err store(struct berth_backend *b, const struct berth_credential *c)
{
	struct berth_store *s = berth_agent_store(b->agent);
	struct berth_env *env = berth_agent_env(b->agent);
	struct berth_buf box = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_credential_seal(env, c, &box)) || (rc = berth_credential_quota(env, c->id, box.len)) ||
	    (rc = berth_store_begin(s)))
		goto out;
	if ((rc = berth_store_put(s, BERTH_NS_CREDENTIAL, c->id, box.p, box.len)) ||
	    (rc = berth_store_audit(s, berth_agent_now_s(b->agent), "credential-imported", c->id)) ||
	    (rc = berth_store_commit(s)))
		berth_store_rollback(s);
out:
	berth_buf_free(&box);
	return rc;
}

/* An application takes nobody else's place. */
static enum berth_err may_import(const struct berth_api_request *req, const char *id)
{
	if (!req->who || !id || berth_principal_may(req->who, "credential:", id))
		return BERTH_OK;
	return berth_fail(BERTH_E_AUTHZ, "credential:%s is not this principal's", id);
}

static enum berth_err import(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	const char *text = berth_data_str(req->body, "credential"), *id = berth_data_str(req->body, "id"), *issuer;
	struct berth_backend *b = arg;
	struct berth_credential c = { .text = text, .received_s = berth_agent_env(b->agent)->now_s };
	struct berth_wallet w = { 0 };
	struct berth_json *types = NULL;
	enum berth_err rc;

	if ((rc = may_import(req, id)) || (rc = check(b, text)) || (rc = berth_wallet_add(&w, NULL, text, strlen(text))) ||
	    (rc = berth_wallet_types(&types, &w.items[0])))
		goto out;
	if (id && (!strcmp(id, ID_OPERATIONAL) || !berth_credential_id_ok(id))) {
		rc = berth_fail(BERTH_E_TYPE, "id: not one for a credential");
		goto out;
	}
	if ((rc = berth_credential_id_of(c.id, text, strlen(text))))
		goto out;
	if (id)
		snprintf(c.id, sizeof(c.id), "%s", id);
	issuer = berth_wallet_issuer(&w.items[0]);
	c.issuer = issuer ? issuer : "";
	c.format = berth_vc_format_name(w.items[0].format, false);
	c.types = types;
	c.holder = holder_of(b, &w.items[0]);
	if (!(rc = store(b, &c)))
		rc = describe(out, &c, false);
out:
	berth_json_free(types);
	berth_wallet_free(&w);
	return rc;
}

static enum berth_err remove_one(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_store *s = berth_agent_store(b->agent);
	struct berth_credential c;
	enum berth_err rc = berth_credential_get(berth_agent_env(b->agent), req->param, &c);

	if (rc && rc != BERTH_E_DECRYPT)	/* what cannot be opened may go, too */
		return rc;
	if (!rc)
		berth_credential_free(&c);
	if ((rc = berth_store_begin(s)))
		return rc;
	if ((rc = berth_store_delete(s, BERTH_NS_CREDENTIAL, req->param)) ||
	    (rc = berth_store_audit(s, berth_agent_now_s(b->agent), "credential-removed", req->param)) ||
	    (rc = berth_store_commit(s))) {
		berth_store_rollback(s);
		return rc;
	}
	*out = berth_json_new_object();
	return berth_json_set_str(*out, "id", req->param);
}

/* ---- verdicts ---- */

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
	char value[24];
	int64_t n;
	enum berth_err rc;

	if ((rc = seen_key(&key, id, issuer)) || (rc = berth_store_count(s, NS_STATUS_SEEN, &n)))
		goto out;
	/* as many as lists fit into the folder; beyond them nothing is remembered */
	if (n >= STATUS_SEEN_MAX || (rc = berth_store_begin(s)))
		goto out;
	snprintf(value, sizeof(value), "%lld", (long long)issued_s);
	if ((rc = berth_store_put_str(s, NS_STATUS_SEEN, berth_buf_cstr(&key), value)) || (rc = berth_store_commit(s)))
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
		rc = berth_fail(BERTH_E_NOMEM, "report");
	berth_report_free(r);
	return rc;
}

static enum berth_err verify(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	const char *vc = berth_data_str(req->body, "credential"), *vp = berth_data_str(req->body, "presentation");
	struct berth_backend *b = arg;
	struct berth_env *env = berth_agent_env(b->agent);
	struct berth_verify v = { .resolver = env->resolver, .now_s = env->now_s, .floor_s = env->floor_s,
				  .policy = b->policy, .status_cache = b->status_cache, .challenge = berth_data_str(req->body, "challenge"),
				  .domain = berth_data_str(req->body, "domain") };
	const char *text = vp ? vp : vc;
	enum berth_vc_format format;
	struct berth_report r;
	enum berth_err rc;

	if (!vc == !vp)
		return berth_fail(BERTH_E_TYPE, "one of credential and presentation");
	if (vp && !v.challenge)
		return berth_fail(BERTH_E_TYPE, "a presentation answers a challenge: which?");
	if (!b->policy)
		return berth_fail(BERTH_E_UNAVAILABLE, "no policy");
	if ((rc = berth_vc_format_guess(&format, text, strlen(text))))
		return rc;
	berth_config_folders(b->cfg, &v);
	(void)(vp ? berth_verify_presentation : berth_verify_credential)(&r, &v, format, text, strlen(text));
	return answer(&r, out);
}

/* ---- the backend ---- */

enum berth_err berth_backend_open(struct berth_backend *b, const struct berth_config *cfg)
{
	enum berth_err rc;

	b->cfg = cfg;
	b->seen = (struct berth_status_seen){ b, seen_get, seen_put };
	if ((rc = berth_config_credentials(cfg, &b->policy)))
		return rc;
	return berth_status_cache_new(&b->status_cache, &b->seen);
}

void berth_backend_take(struct berth_backend *b, const struct berth_config *cfg, struct berth_vc_policy *policy)
{
	berth_config_credentials_free(b->policy);
	b->policy = policy;
	b->cfg = cfg;
}

void berth_backend_close(struct berth_backend *b)
{
	berth_config_credentials_free(b->policy);
	berth_status_cache_free(b->status_cache);
	b->policy = NULL;
	b->status_cache = NULL;
}

void backend_credentials_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_CREDENTIALS] = list;
	api->op[BERTH_API_CREDENTIAL] = show;
	api->op[BERTH_API_CREDENTIAL_IMPORT] = import;
	api->op[BERTH_API_CREDENTIAL_REMOVE] = remove_one;
	api->op[BERTH_API_VERIFY] = verify;
}
