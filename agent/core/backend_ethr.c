/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of did:ethr in the daemon, for its operator: what they sign is a call of a registry
 * that the keystore's ethr-registry names, in fields; who sends it is `berth did ethr`. */
#include "agent/core/backend_internal.h"

#include <stdio.h>
#include <string.h>

#include "agent/core/ethr_order.h"
#include "agent/protocol/keys.h"
#include "did/base/chars.h"

#define PREFIX "ethr-"

static enum berth_err key_name(char out[BERTH_KEY_NAME_MAX + 1], const struct berth_json *body)
{
	const char *name = berth_json_str(berth_json_get(body, "name"));
	int n = snprintf(out, BERTH_KEY_NAME_MAX + 1, PREFIX "%s", name ? name : "");

	if (!name || !*name || n > BERTH_KEY_NAME_MAX || name[berth_chars_span(name, BERTH_CHARS_LOWER | BERTH_CHARS_DIGIT | BERTH_CHARS_HYPHEN)])
		return berth_fail(BERTH_E_TYPE, "name: lower-case letters, digits and -");
	return BERTH_OK;
}

/* Made, or found: {"address", "custody"} */
static enum berth_err ensure_key(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_keys *k = berth_agent_env(b->agent)->keys;
	char name[BERTH_KEY_NAME_MAX + 1], text[BERTH_ETH_ADDRESS_LEN + 1];
	struct berth_eth_address address;
	struct berth_key_info info;
	enum berth_err rc;

	if ((rc = key_name(name, req->body)))
		return rc;
	if (!k->ops->can(k, name, BERTH_KEY_SECP256K1, BERTH_USAGE_SIGN))
		return berth_fail(BERTH_E_KEY, "the keystore makes no secp256k1 keys");
	if ((rc = k->ops->ensure(k, name, BERTH_KEY_SECP256K1, BERTH_USAGE_SIGN, BERTH_PURPOSE_BIT(BERTH_SIGN_ETHR), &info)) ||
	    (rc = berth_eth_address_of(&address, &info.pub)))
		return rc;
	berth_eth_address_format(text, &address);
	*out = berth_json_new_object();
	if ((rc = berth_json_set_str(*out, "address", text)) ||
	    (rc = berth_json_set_str(*out, "custody", berth_custody_name(info.custody)))) {
		berth_json_free(*out);
		*out = NULL;
	}
	return rc;
}

/* {"signed", "hash"} */
static enum berth_err sign(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_keys *k = berth_agent_env(b->agent)->keys;
	struct berth_buf signed_ = BERTH_BUF_INIT, hash = BERTH_BUF_INIT;
	struct berth_ethr_order_json o = { .value = BERTH_BUF_INIT };
	char name[BERTH_KEY_NAME_MAX + 1];
	enum berth_err rc;

	if ((rc = key_name(name, req->body)) || (rc = berth_ethr_order_read(&o, berth_json_get(req->body, "order"))) ||
	    (rc = berth_ethr_order_check(&o.order)) || (rc = k->ops->sign_ethr(k, name, &o.order, &signed_, &hash)))
		goto out;
	*out = berth_json_new_object();
	if ((rc = berth_ethr_set_hex(*out, "signed", signed_.p, signed_.len)) || (rc = berth_ethr_set_hex(*out, "hash", hash.p, hash.len))) {
		berth_json_free(*out);
		*out = NULL;
	}
out:
	berth_ethr_order_json_free(&o);
	berth_buf_free(&hash);
	berth_buf_free(&signed_);
	return rc;
}

void backend_ethr_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_ETHR_KEY] = ensure_key;
	api->op[BERTH_API_ETHR_SIGN] = sign;
}
