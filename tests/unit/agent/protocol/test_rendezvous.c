/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "agent/protocol/rendezvous.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/world.h"

#define NOW INT64_C(1795440600)

static struct test_world w;
static struct test_chain t;
static struct berth_chain *chain;
static struct berth_chain_result accepted;

static void judge(void)
{
	struct berth_chain_policy policy = { .floor_s = 1 };

	berth_chain_free(chain);
	chain = test_chain_parsed(&t);
	CHECK_OK(berth_chain_accept(&accepted, chain, &policy));
}

/* root -> A -> B, B delegates to the agent. */
static int setup(void **state)
{
	struct berth_device_credential dc;
	struct berth_delegation d = { .scope = { BERTH_SCOPE_ONBOARD }, .n_scope = 1, .exp_s = NOW + 86400 };

	(void)state;
	test_world_make(&w);
	test_world_dc(&w, &dc);
	test_chain_start(&t, test_build_dc(&w, &w.maker, &dc));
	test_chain_sell(&w, &t, &w.root, &w.a);
	test_chain_sell(&w, &t, &w.a, &w.b);
	d.delegate = w.agent.did_long;
	d.tip = t.hash[1];
	test_chain_delegate(&w, &t, &w.b, &d);
	judge();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	berth_chain_free(chain);
	test_chain_free(&t);
	test_world_free(&w);
	return 0;
}

static struct berth_rv_blob blob(void)
{
	struct berth_rv_blob b;

	memset(&b, 0, sizeof(b));
	CHECK_OK(berth_device_hash(&b.device_hash, w.device.did_long, 1));
	b.tip = t.hash[1];
	b.epoch = 1;
	b.seq = 1;
	b.owner_did = w.b.did_long;
	b.endpoints[0] = "nng+tcp://owner.test:4433";
	b.endpoints[1] = "https://owner.test/didcomm";
	b.n_endpoints = 2;
	b.rv[0] = w.agent.did_long;
	b.n_rv = 1;
	b.reg_no = 7;
	b.exp_s = NOW + 3600;
	return b;
}

static char *signed_by(const struct test_party *by, const struct berth_rv_blob *b)
{
	struct berth_buf out = BERTH_BUF_INIT;

	CHECK_OK(berth_rv_blob_build(&out, w.kr, by->kid, b));
	return test_take(&out);
}

static enum berth_err verify(const struct test_party *by, const struct berth_rv_blob *b, int64_t now_s)
{
	char *token = signed_by(by, b);
	struct berth_rv_blob got;
	enum berth_err rc;

	CHECK_OK(berth_rv_blob_parse(&got, token, strlen(token)));
	rc = berth_rv_blob_verify(&got, chain, &accepted, now_s);
	berth_object_free(&got.obj);
	free(token);
	return rc;
}

static void device_hash_value(void **state)
{
	struct berth_hash h, other;
	char hex[65];

	(void)state;
	CHECK_OK(berth_device_hash(&h, "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", 7));
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", h.b[i]);
	CHECK(!strcmp(hex, "745f621f1dd5e2198909b8aa6d6ed7803cfd1ee49f8c32f91259e53508c0a8ee"));
	/* one device, whichever form its DID has; another in each epoch */
	CHECK_OK(berth_device_hash(&h, w.device.did, 1));
	CHECK_OK(berth_device_hash(&other, w.device.did_long, 1));
	CHECK(berth_hash_equal(&h, &other));
	CHECK_OK(berth_device_hash(&other, w.device.did_long, 2));
	CHECK(!berth_hash_equal(&h, &other));
}

static void blob_fields(void **state)
{
	struct berth_rv_blob want = blob(), got;
	char *token = signed_by(&w.b, &want);

	(void)state;
	CHECK_OK(berth_rv_blob_parse(&got, token, strlen(token)));
	CHECK(berth_hash_equal(&got.device_hash, &want.device_hash) && berth_hash_equal(&got.tip, &want.tip));
	CHECK(got.epoch == 1 && got.seq == 1 && got.reg_no == 7 && got.exp_s == NOW + 3600);
	CHECK(!strcmp(got.owner_did, w.b.did_long) && got.n_endpoints == 2 && got.n_rv == 1);
	CHECK(!strcmp(got.endpoints[1], "https://owner.test/didcomm") && !strcmp(got.rv[0], w.agent.did_long));
	CHECK(!strcmp(got.obj.issuer, w.b.did));
	berth_object_free(&got.obj);
	free(token);
}

static void blob_by_owner_or_delegate(void **state)
{
	struct berth_rv_blob b = blob();

	(void)state;
	CHECK_OK(verify(&w.b, &b, NOW));
	CHECK_OK(verify(&w.agent, &b, NOW));
	CHECK_RC(BERTH_E_AUTHZ, verify(&w.a, &b, NOW));		/* the owner before */
	CHECK_RC(BERTH_E_AUTHZ, verify(&w.root, &b, NOW));
	accepted.delegate = NULL;
	CHECK_RC(BERTH_E_AUTHZ, verify(&w.agent, &b, NOW));
	judge();
}

static void blob_is_of_this_tip(void **state)
{
	struct berth_rv_blob b = blob();

	(void)state;
	b.tip = t.hash[0];
	CHECK_RC(BERTH_E_AUTHZ, verify(&w.b, &b, NOW));
	b = blob();
	b.seq = 2;
	CHECK_RC(BERTH_E_AUTHZ, verify(&w.b, &b, NOW));
	b = blob();
	b.epoch = 2;
	CHECK_RC(BERTH_E_AUTHZ, verify(&w.b, &b, NOW));
	b = blob();
	CHECK_OK(berth_device_hash(&b.device_hash, w.device2.did, 1));
	CHECK_RC(BERTH_E_AUTHZ, verify(&w.b, &b, NOW));
	b = blob();
	b.owner_did = w.a.did;
	CHECK_RC(BERTH_E_AUTHZ, verify(&w.b, &b, NOW));
}

static void blob_expires_where_there_is_time(void **state)
{
	struct berth_rv_blob b = blob();

	(void)state;
	CHECK_RC(BERTH_E_EXPIRED, verify(&w.b, &b, NOW + 3600));
	CHECK_OK(verify(&w.b, &b, NOW + 3599));
	CHECK_OK(verify(&w.b, &b, -1));		/* a clockless device */
	b.exp_s = 0;
	CHECK_OK(verify(&w.b, &b, NOW + 3600));
}

static void blob_signature_and_structure(void **state)
{
	struct berth_rv_blob b = blob(), got;
	char *token = signed_by(&w.b, &b), *p = strrchr(token, '.') + 4, big[BERTH_URI_MAX + 2];

	(void)state;
	*p = *p == 'A' ? 'B' : 'A';
	CHECK_OK(berth_rv_blob_parse(&got, token, strlen(token)));
	CHECK_RC(BERTH_E_SIG, berth_rv_blob_verify(&got, chain, &accepted, NOW));
	berth_object_free(&got.obj);
	for (size_t n = 0; n < (size_t)(p - token) - 4; n++)
		CHECK(berth_rv_blob_parse(&got, token, n) != BERTH_OK && !got.obj.compact);
	free(token);
	memset(big, 'a', sizeof(big));
	big[BERTH_URI_MAX + 1] = 0;
	b.endpoints[0] = big;
	token = signed_by(&w.b, &b);
	CHECK_RC(BERTH_E_SIZE, berth_rv_blob_parse(&got, token, strlen(token)));
	free(token);
	big[BERTH_URI_MAX] = 0;
	token = signed_by(&w.b, &b);
	CHECK_OK(berth_rv_blob_parse(&got, token, strlen(token)));
	berth_object_free(&got.obj);
	free(token);
	b = blob();
	b.rv[0] = "not a DID";
	token = signed_by(&w.b, &b);
	CHECK_RC(BERTH_E_TYPE, berth_rv_blob_parse(&got, token, strlen(token)));
	free(token);
	/* C033: an ownership credential is no blob */
	CHECK_RC(BERTH_E_ENV, berth_rv_blob_parse(&got, t.entries[0], strlen(t.entries[0])));
}

static struct berth_json *invitation(const char *blob_token)
{
	struct berth_json *o = berth_json_new_object(), *package;

	CHECK_OK(berth_chain_build_json(&package, t.dc, (const char *const *)t.entries, t.n, NULL, t.delegation));
	CHECK_OK(berth_json_set(o, "package", package));
	CHECK_OK(berth_json_set_str(o, "blob", blob_token));
	return o;
}

static enum berth_err read_with(const struct berth_json *o, const char *dc)
{
	struct berth_chain *c;
	struct berth_rv_blob got;
	enum berth_err rc = berth_invitation_read(&got, &c, o, dc);

	if (rc == BERTH_OK)
		CHECK(c->n == 2 && c->has_delegation && got.reg_no == 7);
	else
		CHECK(!c && !got.obj.compact);
	berth_object_free(&got.obj);
	berth_chain_free(c);
	return rc;
}

static enum berth_err read_invitation(void *o) { return read_with(o, NULL); }

static void invitation_file(void **state)
{
	static const char *const bad[] = { "{}", "{\"blob\":7}", "{\"blob\":\"a.b.c\"}",
					   "{\"blob\":\"a.b.c\",\"package\":[]}" };
	struct berth_rv_blob b = blob();
	char *token = signed_by(&w.b, &b);
	struct berth_json *o = invitation(token), *broken;

	(void)state;
	CHECK_OK(read_invitation(o));
	for (size_t i = 0; i < 4; i++) {
		CHECK_OK(berth_json_parse(&broken, bad[i], strlen(bad[i]), 1024));
		CHECK_RC(BERTH_E_TYPE, read_invitation(broken));
		berth_json_free(broken);
	}
	broken = invitation("a.b.c");
	CHECK_RC(BERTH_E_B64, read_invitation(broken));
	berth_json_free(broken);
	CHECK(test_every_allocation_fails(read_invitation, o) > 100);	/* C015 */
	berth_json_remove(berth_json_get_mut(o, "package"), "deviceCredential");
	CHECK_RC(BERTH_E_VC, read_with(o, NULL));
	CHECK_OK(read_with(o, t.dc));
	berth_json_free(o);
	free(token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_hash_value),
		cmocka_unit_test(blob_fields),
		cmocka_unit_test(blob_by_owner_or_delegate),
		cmocka_unit_test(blob_is_of_this_tip),
		cmocka_unit_test(blob_expires_where_there_is_time),
		cmocka_unit_test(blob_signature_and_structure),
		cmocka_unit_test(invitation_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
