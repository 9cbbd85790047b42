/* SPDX-License-Identifier: Apache-2.0 */
/* The device as its applications see it: who it is, what was provisioned for them,
 * and presentations made in its name. */
#include "agent/core/backend_internal.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/gateway_item.h"
#include "agent/protocol/onboarding.h"
#include "did/codec/base64url.h"
#include "did/codec/did_text.h"
#include "vc/vc.h"

#define ID_OPERATIONAL "operational"

const struct berth_json *backend_gateway(struct berth_backend *b, struct berth_json **owned)
{
	*owned = NULL;
	return berth_agent_instance(b->agent, "gateway", NULL, owned) ? NULL : *owned;
}

enum berth_err backend_copy(struct berth_json *to, const char *as, const struct berth_json *from, const char *key)
{
	const struct berth_json *v = berth_json_get(from, key);
	struct berth_json *copy;

	if (!v)
		return BERTH_OK;
	copy = berth_json_clone(v);
	return copy ? berth_json_set(to, as, copy) : berth_fail(BERTH_E_NOMEM, "%s", as);
}

enum berth_err backend_copy_or_null(struct berth_json *to, const char *as, const struct berth_json *from,
				    const char *key)
{
	struct berth_json *null;
	enum berth_err rc;

	if (berth_json_get(from, key))
		return backend_copy(to, as, from, key);
	return (rc = berth_json_parse(&null, "null", 4, 4)) ? rc : berth_json_set(to, as, null);
}

enum berth_err backend_copy_did(struct berth_json *to, const char *as, const struct berth_json *from, const char *key)
{
	const char *did = berth_data_str(from, key);
	struct berth_buf shorter = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!did)
		return backend_copy_or_null(to, as, NULL, "");
	if (!(rc = berth_did_short(&shorter, did)))
		rc = berth_json_set_str(to, as, berth_buf_cstr(&shorter));
	berth_buf_free(&shorter);
	return rc;
}

const char *backend_state(struct berth_backend *b, const char *state)
{
	struct berth_keys *k = berth_agent_env(b->agent)->keys;

	if (k->ops->state(k) == BERTH_KEYSTORE_LOST && (!state || strcmp(state, "RETIRED") != 0))
		return "IDENTITY_LOST";
	return state ? state : "READY";
}

/* The first one's silence costs nearly everything, and is said by its counter. */
static enum berth_err push_silent(struct berth_keys *k, struct berth_json *reasons)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_keys *store;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 1; !rc && k->ops->at && (store = k->ops->at(k, i)); i++) {
		if (store->ops->state(store) != BERTH_KEYSTORE_SILENT)
			continue;
		berth_buf_reset(&text);
		berth_buf_printf(&text, "[keystore %s] does not answer", store->name);
		if (!(rc = berth_buf_status(&text)))
			rc = berth_json_push_str(reasons, berth_buf_cstr(&text));
	}
	berth_buf_free(&text);
	return rc;
}

/* {"state": ok | degraded, "reasons": [], "rollback_protection": tpm | none, "clock":
 * trusted | untrusted}.  A gateway without a clock is not ill: it works as it should. */
enum berth_err backend_health(struct berth_backend *b, const char *state, struct berth_json *out)
{
	struct berth_env *env = berth_agent_env(b->agent);
	struct berth_json *health = berth_json_new_object(), *reasons = berth_json_new_array();
	bool protected_ = false;
	int64_t taken = 0;
	uint64_t v;
	enum berth_err rc = health && reasons ? BERTH_OK : BERTH_E_NOMEM, keys;

	keys = env->keys->ops->counter_read(env->keys, BERTH_COUNTER_EPOCH, &v, &protected_);
	if (!rc && keys)
		rc = berth_json_push_str(reasons, "the keystore does not answer");
	if (!rc)
		rc = push_silent(env->keys, reasons);
	if (!rc && state && strcmp(state, "IDENTITY_LOST") == 0)
		rc = berth_json_push_str(reasons, "the TPM was cleared or replaced, and the keys are lost with it");
	if (!rc && !(rc = berth_store_count(berth_agent_store(b->agent), BERTH_NS_TAKEN, &taken)) && taken)
		rc = berth_json_push_str(reasons, "a device was taken by another owner; see berth devices list");
	if (!rc)
		rc = backend_push_restored(b, reasons);
	if (!rc)
		rc = backend_push_life(b, state, reasons);
	if (!rc)
		rc = backend_push_attested(b, reasons);
	if (!rc)
		rc = backend_push_resolve(b, reasons);
	if (!rc)
		rc = backend_push_certs(b, reasons);
	if (!rc)
		rc = berth_json_set_str(health, "state", berth_json_len(reasons) ? "degraded" : "ok");
	if (!rc)
		rc = berth_json_set_str(health, "rollback_protection", protected_ ? "tpm" : "none");
	if (!rc)
		rc = berth_json_set_str(health, "clock", env->now_s < 0 ? "untrusted" : "trusted");
	if (rc) {
		berth_json_free(reasons);
		berth_json_free(health);
		return rc;
	}
	rc = berth_json_set(health, "reasons", reasons);
	return berth_json_set_made(out, "health", health, rc);
}

static const char *assurance(struct berth_backend *b)
{
	return berth_custody_name(berth_keys_custody(berth_agent_env(b->agent)->keys, BERTH_ID_FACTORY));
}

/* The tip's owner, also where a delegate of it did the onboarding. */
enum berth_err backend_copy_owner(struct berth_json *to, const struct berth_json *active)
{
	return backend_copy_did(to, "ownerDid", active, berth_json_get(active, "for") ? "for" : "owner");
}

static bool is_admin(const struct berth_api_request *req) { return strcmp(req->principal, "admin") == 0; }

/* {state, epoch, ownerDid, assurance, health}: nothing that names the factory DID, but
 * to the operator, who gets the receipt that it signed as well. */
static enum berth_err device(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *inst, *o = berth_json_new_object();
	const struct berth_json *gw = backend_gateway(b, &inst), *data = berth_json_get(gw, "data");
	const char *state = backend_state(b, berth_data_str(gw, "state"));
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "state", state)) ||
	    (is_admin(req) && (rc = backend_copy(o, "receipt", berth_json_get(data, "active"), "receipt"))) ||
	    (rc = berth_json_set_int(o, "epoch", berth_data_int(data, "epoch", 0))) ||
	    (rc = backend_copy_owner(o, berth_json_get(data, "active"))) ||
	    (rc = berth_json_set_str(o, "assurance", assurance(b))) || (rc = backend_health(b, state, o)) ||
	    (rc = backend_set_release(b, o, data, is_admin(req))) ||
	    (is_admin(req) && (rc = backend_set_items(b, o, data)))) {
		berth_json_free(o);
		o = NULL;
	}
	berth_json_free(inst);
	*out = o;
	return rc;
}

/* ---- identities ---- */
static enum berth_err
identity_json(struct berth_backend *b, const struct berth_identity *id, const char *name,
	      const struct berth_json *active, struct berth_json **out)
{
	struct berth_keys *keys = berth_agent_env(b->agent)->keys;
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "name", name)) || (rc = berth_json_set_str(o, "did", id->did)) ||
	    (rc = berth_json_set_str(o, "didLong", id->did_long)) ||
	    (rc = berth_json_set_str(o, "custody", berth_custody_name(berth_keys_custody(keys, id->name)))) ||
	    (rc = backend_copy(o, "credential", active, "credential"))) {
		berth_json_free(o);
		return rc;
	}
	*out = o;
	return BERTH_OK;
}

/* Which section of the configuration has its keys: the operator's business. */
static enum berth_err set_keystore(struct berth_backend *b, const struct berth_identity *id, struct berth_json *o)
{
	struct berth_keys *k = berth_agent_env(b->agent)->keys;
	const char *name = (k->ops->home ? k->ops->home(k, id->name) : k)->name;

	return name ? berth_json_set_str(o, "keystore", name) : BERTH_OK;
}

/* The operational identity, E_NOMATCH before there is one. */
static const struct berth_identity *
operational(struct berth_backend *b, const struct berth_json *active)
{
	struct berth_env *env = berth_agent_env(b->agent);
	const char *name = berth_data_str(active, "identity");

	return name ? env->identity(env, name) : NULL;
}

static enum berth_err identities(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *inst, *list = berth_json_new_array(), *o;
	const struct berth_json *gw = backend_gateway(b, &inst), *active = berth_json_get(berth_json_get(gw, "data"), "active");
	const struct berth_identity *op = operational(b, active);
	const char *state = berth_data_str(gw, "state"), *out_why = backend_out(berth_json_get(gw, "data"));
	enum berth_err rc = list ? BERTH_OK : BERTH_E_NOMEM;

	if (!rc && op && !(rc = identity_json(b, op, ID_OPERATIONAL, active, &o))) {
		if (is_admin(req) && !(rc = set_keystore(b, op, o)))
			rc = backend_copy(o, "receipt", active, "receipt");
		if (!rc && state && strcmp(state, "EXPIRED") == 0)	/* served all the same */
			rc = berth_json_set_bool(o, "stale", true);
		if (!rc && out_why) {
			berth_json_remove(o, "credential");
			rc = berth_json_set_str(o, "outOfService", out_why);
		}
		rc = berth_json_push_made(list, o, rc);
	}
	/* the others are the operator's business, never an application's */
	for (size_t i = 0; !rc && is_admin(req) && i < berth_agent_identity_count(b->agent); i++) {
		const struct berth_identity *id = berth_agent_identity_at(b->agent, i);

		if (id == op || (rc = identity_json(b, id, id->name, NULL, &o)))
			continue;
		rc = set_keystore(b, id, o);
		rc = berth_json_push_made(list, o, rc);
	}
	berth_json_free(inst);
	return berth_json_give(out, list, rc);
}

enum berth_err backend_identities(struct berth_backend *b, const struct berth_api_request *req, struct berth_json **out)
{
	return identities(b, req, out);
}

static enum berth_err identity(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_json *list = NULL;
	enum berth_err rc = identities(arg, req, &list);

	if (rc)
		return rc;
	rc = berth_fail(BERTH_E_NOMATCH, "no identity %s; before onboarding there is none", req->param);
	berth_json_each(v, list)
		if (strcmp(berth_data_str(v, "name"), req->param) == 0)
			rc = (*out = berth_json_clone(v)) ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "identity");
	berth_json_free(list);
	return rc;
}

/* A vp+jwt with the OperationalCredential for one verifier: audience and its nonce. */
static enum berth_err present(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *inst;
	const struct berth_json *active = berth_json_get(berth_json_get(backend_gateway(b, &inst), "data"), "active");
	const char *vc = berth_data_str(active, "credential"), *format = "vp+jwt";
	const struct berth_identity *op = operational(b, active);
	struct berth_buf vp = BERTH_BUF_INIT;
	enum berth_err rc = berth_json_opt_str(req->body, "format", 32, &format);

	if (!rc)
		rc = backend_check_in_service(b);
	if (!rc && (!op || !vc || strcmp(req->param, ID_OPERATIONAL) != 0))
		rc = berth_fail(BERTH_E_NOMATCH, "no identity %s to present", req->param);
	if (!rc && berth_json_get(req->body, "query")) {
		rc = backend_present(b, req, op, out);
		berth_json_free(inst);
		return rc;
	}
	if (!rc && strcmp(format, "vp+jwt") != 0)
		rc = berth_fail(BERTH_E_TYPE, "format %s: only vp+jwt so far", format);
	if (!rc)
		rc = berth_vp_create(&vp, berth_agent_env(b->agent)->keys->keyring, op->sign_kid_long,
				     berth_data_str(req->body, "nonce"), berth_data_str(req->body, "audience"), &vc, 1);
	if (!rc) {
		*out = berth_json_new_object();
		if ((rc = berth_json_set_str(*out, "format", format)) ||
		    (rc = berth_json_set_str(*out, "presentation", berth_buf_cstr(&vp)))) {
			berth_json_free(*out);
			*out = NULL;
		}
	}
	berth_buf_free(&vp);
	berth_json_free(inst);
	return rc;
}

/* ---- provisioned items ---- */
static enum berth_err secrets(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_json *inst, *list = berth_json_new_array(), *o;
	const struct berth_json *gw = backend_gateway(arg, &inst), *data = berth_json_get(gw, "data");
	bool redacted = backend_out(data) != NULL;
	enum berth_err rc = list ? BERTH_OK : BERTH_E_NOMEM;

	(void)req;
	berth_json_each(item, berth_json_get(berth_json_get(data, "active"), "items")) {
		if (rc || redacted)
			break;
		if (berth_json_get(item, "refused"))
			continue;
		if ((o = berth_json_clone(item)))
			berth_json_remove(o, "slot");	/* nobody's business */
		rc = o ? berth_json_push(list, o) : BERTH_E_NOMEM;
	}
	berth_json_free(inst);
	return berth_json_give(out, list, rc);
}

enum berth_err backend_secrets(struct berth_backend *b, const struct berth_api_request *req, struct berth_json **out)
{
	return secrets(b, req, out);
}

/* As text too, when it is text, for callers that are shells. */
static enum berth_err set_text(struct berth_json *o, const char *b64)
{
	struct berth_buf bytes = BERTH_BUF_INIT, quoted = BERTH_BUF_INIT;
	enum berth_err rc = berth_b64url_decode(&bytes, b64, strlen(b64));

	if (!rc && !memchr(bytes.p ? bytes.p : (const uint8_t *)"", 0, bytes.len)) {
		berth_json_print_str(&quoted, berth_buf_cstr(&bytes));
		if (!berth_buf_status(&quoted) && !berth_json_check((const char *)quoted.p, quoted.len, BERTH_JSON_MAX))
			rc = berth_json_set_str(o, "text", berth_buf_cstr(&bytes));
	}
	berth_buf_free(&bytes);
	berth_buf_free(&quoted);
	return rc;
}

enum berth_err
backend_item(struct berth_env *env, const struct berth_json *data, const char *id, struct berth_json **out)
{
	const struct berth_json *active = berth_json_get(data, "active");
	struct berth_buf box = BERTH_BUF_INIT, plain = BERTH_BUF_INIT;
	char ns[GATEWAY_ITEM_NS_LEN], label[80];
	enum berth_err rc;

	*out = NULL;
	gateway_item_ns(ns, active, gateway_items_find(berth_json_get(active, "items"), id));
	snprintf(label, sizeof(label), "item/%s", id);
	if (!(rc = env->records->get(env->records, ns, id, &box)) &&
	    !(rc = env->keys->ops->unseal(env->keys, label, berth_data_int(data, "epoch", 0), box.p, box.len, &plain)))
		rc = berth_json_parse_object(out, (const char *)plain.p, plain.len, BERTH_JSON_MAX);
	berth_buf_free(&box);
	berth_buf_free(&plain);
	return rc;
}

static enum berth_err
open_item(struct berth_backend *b, const struct berth_json *data, const char *id, struct berth_json **out)
{
	struct berth_json *o = NULL;
	const char *value;
	enum berth_err rc;

	if ((rc = backend_item(berth_agent_env(b->agent), data, id, &o)) ||
	    (rc = berth_json_req_str(o, "value", BERTH_ITEM_MAX * 2, &value)) ||
	    (rc = berth_json_set_str(o, "data", value)) || (rc = set_text(o, berth_data_str(o, "data")))) {
		berth_json_free(o);
		return rc;
	}
	berth_json_remove(o, "value");
	*out = o;
	return BERTH_OK;
}

static enum berth_err secret(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *inst;
	const struct berth_json *data = berth_json_get(backend_gateway(b, &inst), "data");
	bool listed = false;
	int64_t generation;
	enum berth_err rc;

	berth_json_each(item, berth_json_get(berth_json_get(data, "active"), "items"))
		listed |= !berth_json_get(item, "refused") && strcmp(berth_data_str(item, "id"), req->param) == 0;
	if (!listed)
		rc = berth_fail(BERTH_E_NOMATCH, "nothing of the name %s was provisioned", req->param);
	else if (!(rc = backend_check_in_service(b)) && !(rc = open_item(b, data, req->param, out)) &&
		 !(rc = berth_store_counter_get(berth_agent_store(b->agent), "generation", &generation)))
		rc = berth_json_set_int(*out, "generation", generation);
	berth_json_free(inst);
	return rc;
}

void berth_backend_init(struct berth_backend *b, struct berth_api_backend *api)
{
	*api = (struct berth_api_backend){ .arg = b };
	api->op[BERTH_API_DEVICE] = device;
	api->op[BERTH_API_IDENTITIES] = identities;
	api->op[BERTH_API_IDENTITY] = identity;
	api->op[BERTH_API_PRESENT] = present;
	api->op[BERTH_API_SECRETS] = secrets;
	api->op[BERTH_API_SECRET] = secret;
	backend_admin_init(api);
	backend_watch_init(api);
	backend_backup_init(api);
	backend_restored_init(api);
	backend_messages_init(api);
	backend_peers_init(api);
	backend_exchanges_init(api);
	backend_credentials_init(api);
	backend_verify_init(api);
}
