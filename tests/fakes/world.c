/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/world.h"

#include "tests/check.h"

#include "did/base/secret.h"

void test_world_make(struct test_world *w)
{
	memset(w, 0, sizeof(*w));
	berth_crypto_init();
	CHECK_OK(berth_keyring_local_new(&w->kr));
	test_party_make(&w->maker, w->kr, PARTY_KEY_P256, "maker");
	test_party_make(&w->root, w->kr, PARTY_KEY_ED25519, "root");
	test_party_make(&w->a, w->kr, PARTY_KEY_P256, "a");
	test_party_make(&w->b, w->kr, PARTY_PEER4_P256, "b");
	test_party_make(&w->c, w->kr, PARTY_JWK_P256, "c");
	test_party_make(&w->d, w->kr, PARTY_PEER4_ED25519, "d");
	test_party_make(&w->agent, w->kr, PARTY_PEER4_P256, "agent");
	test_party_make(&w->device, w->kr, PARTY_PEER4_P256, "device");
	test_party_make(&w->device2, w->kr, PARTY_PEER2_P256, "device2");
}

void test_world_free(struct test_world *w)
{
	berth_keyring_free(w->kr);
}

void test_world_dc(const struct test_world *w, struct berth_device_credential *dc)
{
	memset(dc, 0, sizeof(*dc));
	dc->factory_did = w->device.did_long;
	dc->serial = "SN-0001";
	dc->model = "EG-200";
	dc->hardware = "rev-c";
	dc->firmware = "1.0.0";
	dc->keys.custody = "hardware";
	dc->keys.has_tpm = true;
	memset(dc->keys.ak_name, 0x11, sizeof(dc->keys.ak_name));
	memset(dc->keys.ak_pub, 0x22, 88);
	dc->keys.ak_pub_len = 88;
	memset(dc->keys.ek_pub, 0x66, 122);
	dc->keys.ek_pub_len = 122;
	memset(dc->keys.ek_cert_sha256, 0x33, 32);
	memset(dc->keys.sign_name, 0x44, sizeof(dc->keys.sign_name));
	memset(dc->keys.agree_name, 0x55, sizeof(dc->keys.agree_name));
	dc->root.did = w->root.did_long;
	memcpy(dc->root.jkt, w->root.jkt, 32);
	dc->rv[0] = (struct berth_rv){ w->agent.did_long, "nng+tcp://rv.test:4433" };
	dc->n_rv = 1;
	dc->epoch0 = 1;
	dc->recovery = true;
	dc->issued_s = 1795000000;
}

char *test_build_dc(const struct test_world *w, const struct test_party *by,
		    const struct berth_device_credential *dc)
{
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_device_credential_build(&b, w->kr, by->kid, dc));
	return test_take(&b);
}

void test_chain_start(struct test_chain *t, char *dc)
{
	memset(t, 0, sizeof(*t));
	t->dc = dc;
	t->epoch = 1;
	berth_object_hash(&t->dc_hash, dc, strlen(dc));
}

void test_chain_free(struct test_chain *t)
{
	free(t->dc);
	free(t->delegation);
	berth_json_free(t->docs);
	for (size_t i = 0; i < t->n; i++)
		free(t->entries[i]);
	memset(t, 0, sizeof(*t));
}

void test_chain_branch(struct test_chain *out, const struct test_chain *t, size_t n)
{
	char *dc = strdup(t->dc);

	CHECK(dc && n <= t->n);
	test_chain_start(out, dc);
	for (; out->n < n; out->n++) {
		out->entries[out->n] = strdup(t->entries[out->n]);
		out->hash[out->n] = t->hash[out->n];
	}
}

void test_chain_next(const struct test_world *w, const struct test_chain *t, const struct test_party *to,
		     struct berth_ownership *oc)
{
	memset(oc, 0, sizeof(*oc));
	oc->device = w->device.did_long;
	oc->next_owner.did = to->did_long;
	memcpy(oc->next_owner.jkt, to->jkt, 32);
	oc->device_credential = t->dc_hash;
	oc->seq = (int64_t)t->n;
	oc->epoch = t->epoch;
	oc->transferable = true;
	if (t->n) {
		oc->has_prev = true;
		oc->prev = t->hash[t->n - 1];
	}
}

void test_chain_add(const struct test_world *w, struct test_chain *t, const struct test_party *by,
		    const struct berth_ownership *oc)
{
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK(t->n <= BERTH_CHAIN_ENTRIES_MAX);
	CHECK_OK(berth_ownership_build(&b, w->kr, by->kid, oc));
	t->entries[t->n] = test_take(&b);
	berth_object_hash(&t->hash[t->n], t->entries[t->n], strlen(t->entries[t->n]));
	t->epoch = oc->epoch;
	t->n++;
}

void test_chain_sell(const struct test_world *w, struct test_chain *t, const struct test_party *by,
		     const struct test_party *to)
{
	struct berth_ownership oc;

	test_chain_next(w, t, to, &oc);
	test_chain_add(w, t, by, &oc);
}

void test_chain_delegate(const struct test_world *w, struct test_chain *t, const struct test_party *by,
			 const struct berth_delegation *d)
{
	struct berth_buf b = BERTH_BUF_INIT;

	free(t->delegation);
	CHECK_OK(berth_delegation_build(&b, w->kr, by->kid, d));
	t->delegation = test_take(&b);
}

struct berth_chain *test_chain_parsed(const struct test_chain *t)
{
	struct berth_chain *c;
	struct berth_json *docs = t->docs ? berth_json_clone(t->docs) : NULL, *package;

	CHECK_OK(berth_chain_build_json(&package, t->dc, (const char *const *)t->entries, t->n, docs, t->delegation));
	CHECK_OK(berth_chain_from_json(&c, package));
	return c;
}
