/* SPDX-License-Identifier: Apache-2.0 */
/* The device as its applications see it, and how well it is. */
#include "agent/core/backend_internal.h"

#include <string.h>

#include "agent/protocol/onboarding.h"
#include "did/codec/did_text.h"

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
	return copy ? berth_json_set(to, as, copy) : berth_no_memory();
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

static enum berth_err push_reasons(struct berth_backend *b, const char *state, struct berth_json *reasons, bool *protected_)
{
	struct berth_env *env = berth_agent_env(b->agent);
	int64_t taken = 0;
	uint64_t v;
	enum berth_err rc = BERTH_OK;

	if (env->keys->ops->counter_read(env->keys, BERTH_COUNTER_EPOCH, &v, protected_))
		rc = berth_json_push_str(reasons, "the keystore does not answer");
	if (!rc)
		rc = push_silent(env->keys, reasons);
	if (!rc && state && strcmp(state, "IDENTITY_LOST") == 0)
		rc = berth_json_push_str(reasons, "the TPM was cleared or replaced, and the keys are lost with it");
	if (!rc && !(rc = berth_store_count(berth_agent_store(b->agent), BERTH_NS_TAKEN, &taken)) && taken)
		rc = berth_json_push_str(reasons, "a device was taken by another owner; see berth devices list");
	if (rc || (rc = backend_push_restored(b, reasons)) || (rc = backend_push_life(b, state, reasons)) ||
	    (rc = backend_push_attested(b, reasons)) || (rc = backend_push_resolve(b, reasons)))
		return rc;
	return backend_push_certs(b, reasons);
}

/* {"state": ok | degraded, "reasons": [], "rollback_protection": tpm | none, "clock":
 * trusted | untrusted}.  A gateway without a clock is not ill: it works as it should. */
enum berth_err backend_health(struct berth_backend *b, const char *state, struct berth_json *out)
{
	struct berth_json *health = berth_json_new_object(), *reasons = berth_json_new_array();
	bool protected_ = false;
	enum berth_err rc = push_reasons(b, state, reasons, &protected_);

	if (!rc && !(rc = berth_json_set_str(health, "state", berth_json_len(reasons) ? "degraded" : "ok")) &&
	    !(rc = berth_json_set_str(health, "rollback_protection", protected_ ? "tpm" : "none")))
		rc = berth_json_set_str(health, "clock", berth_agent_env(b->agent)->now_s < 0 ? "untrusted" : "trusted");
	rc = berth_json_set_made(health, "reasons", reasons, rc);
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

bool backend_is_admin(const struct berth_api_request *req) { return strcmp(req->principal, "admin") == 0; }

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
	    (backend_is_admin(req) && (rc = backend_copy(o, "receipt", berth_json_get(data, "active"), "receipt"))) ||
	    (rc = berth_json_set_int(o, "epoch", berth_data_int(data, "epoch", 0))) ||
	    (rc = backend_copy_owner(o, berth_json_get(data, "active"))) ||
	    (rc = berth_json_set_str(o, "assurance", assurance(b))) || (rc = backend_health(b, state, o)) ||
	    (rc = backend_set_release(b, o, data, backend_is_admin(req))) ||
	    (backend_is_admin(req) && (rc = backend_set_items(b, o, data)))) {
		berth_json_free(o);
		o = NULL;
	}
	berth_json_free(inst);
	*out = o;
	return rc;
}

void berth_backend_init(struct berth_backend *b, struct berth_api_backend *api)
{
	*api = (struct berth_api_backend){ .arg = b };
	api->op[BERTH_API_DEVICE] = device;
	backend_identities_init(api);
	backend_secrets_init(api);
	backend_admin_init(api);
	backend_watch_init(api);
	backend_confirm_init(api);
	backend_backup_init(api);
	backend_restored_init(api);
	backend_messages_init(api);
	backend_peers_init(api);
	backend_exchanges_init(api);
	backend_credentials_init(api);
	backend_verify_init(api);
}
