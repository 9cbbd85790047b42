/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/ldevid.h"

#include "agent/protocol/ldevid.h"
#include "did/codec/base64url.h"

void test_ldevid_begin(struct test_ldevid *l, struct sim_node *owner, int64_t life_s)
{
	struct berth_keys *k = owner->keys;
	struct berth_buf der = BERTH_BUF_INIT;
	int64_t now;

	sim_as(owner);
	now = berth_agent_env(owner->agent)->now_s;
	CHECK_OK(k->ops->ensure(k, BERTH_KEY_LDEVID_CA, BERTH_KEY_P256, BERTH_USAGE_SIGN, BERTH_PURPOSE_BIT(BERTH_SIGN_CA), NULL));
	const struct berth_x509_order o = { .kind = BERTH_X509_CA, .subject = "/O=Example/CN=Gateways", .from_s = now - 60,
					    .until_s = now + life_s };

	memset(l, 0, sizeof(*l));
	CHECK_OK(k->ops->sign_x509(k, BERTH_KEY_LDEVID_CA, &o, &der));
	CHECK_OK(berth_x509_chain_add(&l->ca, der.p, der.len));
	berth_buf_free(&der);
	owner->policy.ldevid_ca = &l->ca;
	owner->policy.ldevid_subject = "/O=Example/CN={model} {serial}/serialNumber={serial}";
}

void test_ldevid_free(struct test_ldevid *l) { berth_x509_chain_free(&l->ca); }

bool test_ldevid_chain(struct berth_x509_chain *c, const struct berth_json *ldevid)
{
	memset(c, 0, sizeof(*c));
	berth_json_each(v, berth_json_get(ldevid, "certs")) {
		struct berth_buf der = BERTH_BUF_INIT;

		CHECK_OK(berth_b64url_decode(&der, berth_json_str(v), strlen(berth_json_str(v))));
		CHECK_OK(berth_x509_chain_add(c, der.p, der.len));
		berth_buf_free(&der);
	}
	return c->n > 0;
}

bool test_ldevid_is_pair(struct story *s)
{
	struct berth_json *data = story_data(s, s->gateway);
	const struct berth_json *active = berth_json_get(data, "active");
	const struct berth_identity *op = story_identity(s->gateway, berth_data_str(active, "identity"));
	struct berth_keyring *ring = s->gateway->keys->keyring;
	struct berth_x509_chain c;
	struct berth_pubkey key;
	bool yes = false;

	CHECK_OK(ring->ops->find(ring, op->sign_kid, &key));
	if (test_ldevid_chain(&c, berth_json_get(active, BERTH_LDEVID)))
		yes = berth_x509_check_own(&c, &key, op->did) == BERTH_OK;
	berth_x509_chain_free(&c);
	berth_json_free(data);
	return yes;
}

static void push(struct berth_json *certs, const uint8_t *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;

	berth_b64url_encode(&text, p, n);
	CHECK_OK(berth_json_push_str(certs, berth_buf_cstr(&text)));
	berth_buf_free(&text);
}

struct berth_json *test_ldevid_certs(struct sim_node *owner, const struct test_ldevid *l, const struct berth_pubkey *key,
				     const char *did)
{
	struct berth_x509_order o = { .kind = BERTH_X509_ISSUE, .subject = "/CN=x", .sans = { did }, .n_sans = 1, .key = *key };
	struct berth_json *certs = berth_json_new_array();
	struct berth_buf der = BERTH_BUF_INIT;
	size_t n;
	const uint8_t *p = berth_x509_der(l->ca.at[0], &n);

	o.ca = p;
	o.ca_len = n;
	CHECK_OK(berth_x509_window(l->ca.at[0], &o.from_s, &o.until_s));
	CHECK_OK(owner->keys->ops->sign_x509(owner->keys, BERTH_KEY_LDEVID_CA, &o, &der));
	push(certs, der.p, der.len);
	push(certs, p, n);
	berth_buf_free(&der);
	return certs;
}
