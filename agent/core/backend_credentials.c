/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials that the agent holds. */
#include "agent/core/backend_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/api_principal.h"
#include "agent/protocol/onboarding.h"
#include "did/base/clock.h"
#include "did/codec/did_text.h"
#include "vc/token.h"

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
	if (c->superseded && (rc = berth_json_set_bool(o, "superseded", true)))
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
	const struct berth_principal *who;	/* NULL: the operator */
};

/* What the caller would not be shown is not opened for it either. */
static bool may_see(void *arg, const char *id)
{
	const struct listing *l = arg;

	return !l->who || berth_principal_may(l->who, "credential:", id);
}

static enum berth_err list_one(void *arg, const struct berth_credential *c)
{
	struct listing *l = arg;
	struct berth_json *o = NULL;
	enum berth_err rc = describe(&o, c, !l->who);

	return rc ? rc : berth_json_push(l->list, o);
}

static enum berth_err list(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct listing l = { berth_json_new_array(), req->who };
	struct berth_credential own = { .json = NULL };
	enum berth_err rc = l.list ? BERTH_OK : berth_no_memory();

	if (!rc && !(rc = berth_credential_own(berth_agent_env(b->agent), &own)))
		rc = list_one(&l, &own);
	berth_credential_free(&own);
	if (!rc || rc == BERTH_E_NOMATCH)
		rc = berth_credentials_each_of(berth_agent_env(b->agent), may_see, list_one, &l);
	if (rc) {
		berth_json_free(l.list);
		l.list = NULL;
	}
	*out = l.list;
	return rc;
}

static enum berth_err show(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_env *env = berth_agent_env(((struct berth_backend *)arg)->agent);
	struct berth_credential c;
	enum berth_err rc = strcmp(req->param, BERTH_CREDENTIAL_OWN) == 0 ? berth_credential_own(env, &c)
		: berth_credential_get(env, req->param, &c);

	if (!rc)
		rc = describe(out, &c, true);
	berth_credential_free(&c);
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
	    (rc = berth_store_audit(s, berth_clock_now_s(), "credential-imported", c->id)) ||
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

/* What came in a thread stays what came there, and revoked if it is: that very credential
 * once more, which has the same name, changes nothing. */
static enum berth_err is_there(bool *yes, struct berth_backend *b, const struct berth_credential *c, struct berth_json **out)
{
	char hash[BERTH_CREDENTIAL_ID_MAX + 1];
	struct berth_credential there;
	enum berth_err rc = berth_credential_id_of(hash, c->text, strlen(c->text));

	*yes = false;
	if (rc || strcmp(hash, c->id) != 0)
		return rc;
	rc = berth_credential_get(berth_agent_env(b->agent), c->id, &there);
	*yes = !rc && there.thid;
	if (*yes)
		rc = describe(out, &there, false);
	berth_credential_free(&there);
	return rc == BERTH_E_NOMATCH || rc == BERTH_E_DECRYPT ? BERTH_OK : rc;
}

static enum berth_err name(struct berth_credential *c, const char *id)
{
	if (!id)
		return berth_credential_id_of(c->id, c->text, strlen(c->text));
	if (!strcmp(id, BERTH_CREDENTIAL_OWN) || !berth_credential_id_ok(id))
		return berth_fail(BERTH_E_TYPE, "id: not one for a credential");
	snprintf(c->id, sizeof(c->id), "%s", id);
	return BERTH_OK;
}

static enum berth_err take(struct berth_backend *b, struct berth_credential *c, struct berth_json **out)
{
	struct berth_wallet w = { 0 };
	struct berth_json *types = NULL;
	enum berth_err rc;

	if (!(rc = berth_wallet_add(&w, NULL, c->text, strlen(c->text))) && !(rc = berth_wallet_types(&types, &w.items[0]))) {
		c->issuer = berth_wallet_issuer(&w.items[0]) ? berth_wallet_issuer(&w.items[0]) : "";
		c->format = berth_vc_format_name(w.items[0].format, false);
		c->types = types;
		c->holder = holder_of(b, &w.items[0]);
		if (!(rc = store(b, c)))
			rc = describe(out, c, false);
	}
	berth_json_free(types);
	berth_wallet_free(&w);
	return rc;
}

static enum berth_err import(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	const char *id = berth_data_str(req->body, "id");
	struct berth_backend *b = arg;
	struct berth_credential c = { .text = berth_data_str(req->body, "credential"),
				      .received_s = berth_agent_env(b->agent)->now_s };
	bool there = false;
	enum berth_err rc;

	if ((rc = may_import(req, id)) || (rc = check(b, c.text)) || (rc = name(&c, id)) ||
	    (rc = is_there(&there, b, &c, out)))
		return rc;
	return there ? BERTH_OK : take(b, &c, out);
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
	    (rc = berth_store_audit(s, berth_clock_now_s(), "credential-removed", req->param)) ||
	    (rc = berth_store_commit(s))) {
		berth_store_rollback(s);
		return rc;
	}
	*out = berth_json_new_object();
	return berth_json_set_str(*out, "id", req->param);
}

void backend_credentials_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_CREDENTIALS] = list;
	api->op[BERTH_API_CREDENTIAL] = show;
	api->op[BERTH_API_CREDENTIAL_IMPORT] = import;
	api->op[BERTH_API_CREDENTIAL_REMOVE] = remove_one;
}
