/* SPDX-License-Identifier: Apache-2.0 */
/* Who signed what of a chain, and whose keys are believed. */
#include "tests/unit/agent/protocol/chain.h"
#include "did/jose/jwk.h"

/* ---- signatures and places ---- */

static void a_good_chain(void **state)
{
	struct berth_chain *c = test_chain_parsed(&t);

	(void)state;
	CHECK_OK(berth_chain_accept(&result, c, &policy));
	CHECK(berth_hash_equal(&result.tip, &t.hash[1]) && result.seq == 1 && result.epoch == 1);
	CHECK(!strcmp(result.owner.did, w.b.did_long) && !memcmp(result.owner.jkt, w.b.jkt, 32));
	CHECK(!result.delegate);
	berth_chain_free(c);
	/* every kind of owner signs: peer:4 by its short form, jwk, peer:4 Ed25519 */
	test_chain_sell(&w, &t, &w.b, &w.c);
	test_chain_sell(&w, &t, &w.c, &w.d);
	test_chain_sell(&w, &t, &w.d, &w.a);
	CHECK_OK(accept(&t));
	CHECK(result.seq == 4);
}

static void each_entry_is_signed_by_the_owner_before(void **state)
{
	struct berth_ownership oc;

	(void)state;
	test_chain_next(&w, &t, &w.c, &oc);
	CHECK_OK(accept_with(&w.b, &oc));
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.a, &oc));
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.c, &oc));
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.root, &oc));
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.maker, &oc));
}

static void signature_of_an_entry(void **state)
{
	char *p = strrchr(t.entries[0], '.') + 4, was = *p;

	(void)state;
	*p = was == 'A' ? 'B' : 'A';
	CHECK_RC(BERTH_E_SIG, accept(&t));
	*p = was;
	CHECK_OK(accept(&t));
	p = strrchr(t.dc, '.') + 4;
	*p = *p == 'A' ? 'B' : 'A';
	CHECK_RC(BERTH_E_SIG, accept(&t));
}

static void seq_and_prev(void **state)
{
	struct berth_ownership oc;

	(void)state;
	test_chain_next(&w, &t, &w.c, &oc);
	oc.seq = 3;
	CHECK_RC(BERTH_E_VC, accept_with(&w.b, &oc));
	oc.seq = 1;
	CHECK_RC(BERTH_E_VC, accept_with(&w.b, &oc));
	oc.seq = 2;
	oc.prev = t.hash[0];
	CHECK_RC(BERTH_E_VC, accept_with(&w.b, &oc));
	oc.prev = t.hash[1];
	CHECK_OK(accept_with(&w.b, &oc));
}

static void c123_made_for_another_device(void **state)
{
	struct berth_ownership oc;

	(void)state;
	test_chain_next(&w, &t, &w.c, &oc);
	oc.device = w.device2.did_long;
	CHECK_RC(BERTH_E_HOLDER, accept_with(&w.b, &oc));
	oc.device = w.device.did;
	CHECK_OK(accept_with(&w.b, &oc));
	oc.device_credential.b[0] ^= 1;
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	policy.factory_did = w.device2.did;
	CHECK_RC(BERTH_E_HOLDER, accept(&t));
}

static void not_transferable(void **state)
{
	struct berth_ownership oc;

	(void)state;
	test_chain_next(&w, &t, &w.c, &oc);
	oc.transferable = false;
	test_chain_add(&w, &t, &w.b, &oc);
	CHECK_OK(accept(&t));
	test_chain_next(&w, &t, &w.d, &oc);
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.c, &oc));
	oc.recovery = true;	/* the root may, and buyers could see it */
	CHECK_OK(accept_with(&w.root, &oc));
}

/* ---- the manufacturer ---- */

static void manufacturer_is_trusted_and_pinned(void **state)
{
	struct berth_hash root;
	struct berth_owner_ref ref = { w.root.did, { 0 } };

	(void)state;
	issuer.did = w.a.did;
	CHECK_RC(BERTH_E_AUTHZ, accept(&t));
	policy.n_issuers = 0;	/* a rendezvous believes any that signs */
	CHECK_OK(accept(&t));
	policy.n_issuers = 1;
	issuer = (struct berth_chain_issuer){ w.maker.did, w.maker.jkt };
	CHECK_OK(accept(&t));
	issuer.jkt = w.a.jkt;
	CHECK_RC(BERTH_E_AUTHZ, accept(&t));
	/* a device knows its own DeviceCredential and root by heart */
	policy.device_credential = &t.dc_hash;
	CHECK_OK(accept(&t));
	memcpy(ref.jkt, w.root.jkt, 32);
	CHECK_OK(berth_root_hash(&root, &ref));
	policy.root = &root;
	CHECK_OK(accept(&t));
	root.b[31] ^= 1;
	CHECK_RC(BERTH_E_AUTHZ, accept(&t));
	policy.root = NULL;
	policy.device_credential = &t.hash[0];
	CHECK_RC(BERTH_E_AUTHZ, accept(&t));
}

/* Signs a DeviceCredential whose root is ref and the sale to A, and judges that. */
static enum berth_err accept_root(const struct berth_owner_ref *ref, const struct test_party *by)
{
	struct berth_device_credential dc;
	struct test_chain other;
	enum berth_err rc;

	test_world_dc(&w, &dc);
	dc.root = *ref;
	test_chain_start(&other, test_build_dc(&w, &w.maker, &dc));
	test_chain_sell(&w, &other, by, &w.a);
	rc = accept(&other);
	test_chain_free(&other);
	return rc;
}

static struct berth_owner_ref ref_of(const char *did, const uint8_t *jkt)
{
	struct berth_owner_ref r = { did, { 0 } };

	memcpy(r.jkt, jkt, 32);
	return r;
}

static void root_is_self_certifying_and_apart(void **state)
{
	struct berth_owner_ref ref = ref_of(w.d.did_long, w.d.jkt);
	struct test_party jwk;

	(void)state;
	CHECK_OK(accept_root(&ref, &w.d));
	ref = ref_of(w.d.did, w.d.jkt);			/* the short form says nothing */
	CHECK_RC(BERTH_E_DID, accept_root(&ref, &w.d));
	ref = ref_of("did:web:factory.example", w.d.jkt);
	CHECK_RC(BERTH_E_DID, accept_root(&ref, &w.d));
	ref = ref_of(w.device2.did, w.device2.jkt);	/* did:peer:2 */
	CHECK_RC(BERTH_E_DID, accept_root(&ref, &w.device2));
	ref = ref_of(w.d.did_long, w.a.jkt);		/* not a key of that DID */
	CHECK_RC(BERTH_E_AUTHZ, accept_root(&ref, &w.d));
	/* the maker's key under another DID is still the maker's key */
	test_party_make(&jwk, w.kr, PARTY_JWK_P256, "maker");
	ref = ref_of(jwk.did, jwk.jkt);
	CHECK_RC(BERTH_E_AUTHZ, accept_root(&ref, &jwk));
}

static void owners_are_self_certifying(void **state)
{
	struct berth_ownership oc;

	(void)state;
	test_chain_next(&w, &t, &w.d, &oc);
	CHECK_OK(accept_with(&w.b, &oc));
	oc.next_owner.did = w.d.did;
	CHECK_RC(BERTH_E_DID, accept_with(&w.b, &oc));
	oc.next_owner.did = "did:web:owner.example";
	CHECK_RC(BERTH_E_DID, accept_with(&w.b, &oc));
	oc.next_owner.did = w.d.did_long;
	memcpy(oc.next_owner.jkt, w.c.jkt, 32);
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
}

/* C023: a key in a JOSE header is no key. */
static void keys_in_headers_are_refused(void **state)
{
	static const char *const member[] = { "\"jwk\":{}", "\"x5c\":[]", "\"jku\":\"https://a.example\"" };
	struct berth_chain *c = test_chain_parsed(&t);
	struct berth_buf payload = BERTH_BUF_INIT;
	struct berth_ownership oc;

	(void)state;
	berth_buf_put(&payload, c->oc[1].obj.jws.payload.p, c->oc[1].obj.jws.payload.len);
	for (size_t i = 0; i < 3; i++) {
		char *h, *token;

		CHECK(asprintf(&h, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"vc+jwt\",%s}", w.a.kid, member[i]) > 0);
		token = test_party_forge(&w.a, h, berth_buf_cstr(&payload));
		CHECK_RC(BERTH_E_KEY, berth_ownership_parse(&oc, token, strlen(token)));
		free(token);
		free(h);
	}
	berth_buf_free(&payload);
	berth_chain_free(c);
}

/* ---- documents ---- */

static struct berth_json *doc_of(const char *did, const struct berth_pubkey *key)
{
	struct berth_json *jwk = berth_jwk_format(key), *doc;
	struct berth_buf b = BERTH_BUF_INIT, text = BERTH_BUF_INIT;

	CHECK_OK(berth_json_print(&b, jwk));
	berth_buf_printf(&text, "{\"id\":\"%s\",\"verificationMethod\":[{\"id\":\"%s#k\",\"type\":\"JsonWebKey\","
				"\"controller\":\"%s\",\"publicKeyJwk\":%s}],\"assertionMethod\":[\"%s#k\"]}",
			 did, did, did, berth_buf_cstr(&b), did);
	CHECK_OK(berth_json_parse_object(&doc, berth_buf_cstr(&text), text.len, BERTH_JSON_MAX));
	berth_json_free(jwk);
	berth_buf_free(&b);
	berth_buf_free(&text);
	return doc;
}

static enum berth_err accept_docs(const char *did, const struct berth_pubkey *key)
{
	enum berth_err rc;

	berth_json_free(t.docs);
	t.docs = berth_json_new_object();
	CHECK_OK(berth_json_set(t.docs, did, doc_of(did, key)));
	rc = accept(&t);
	berth_json_free(t.docs);
	t.docs = NULL;
	return rc;
}

static void documents_match_the_thumbprints(void **state)
{
	(void)state;
	CHECK_OK(accept_docs(w.a.did, &w.a.key));
	CHECK_OK(accept_docs(w.root.did, &w.root.key));
	CHECK_RC(BERTH_E_AUTHZ, accept_docs(w.a.did, &w.c.key));
	CHECK_RC(BERTH_E_AUTHZ, accept_docs(w.root.did, &w.c.key));
	CHECK_RC(BERTH_E_VC, accept_docs(w.d.did_long, &w.d.key));	/* nobody here */
}

static void a_web_manufacturer_is_pinned_at_birth(void **state)
{
	struct test_party maker = w.maker;
	struct berth_device_credential dc;
	struct test_chain web;

	(void)state;
	snprintf(maker.did, sizeof(maker.did), "did:web:maker.example");
	snprintf(maker.kid, sizeof(maker.kid), "did:web:maker.example#k");
	CHECK_OK(berth_keyring_local_add(w.kr, maker.kid, &maker.priv));
	test_world_dc(&w, &dc);
	test_chain_start(&web, test_build_dc(&w, &maker, &dc));
	test_chain_sell(&w, &web, &w.root, &w.a);
	issuer = (struct berth_chain_issuer){ maker.did, maker.jkt };
	web.docs = berth_json_new_object();
	CHECK_OK(berth_json_set(web.docs, maker.did, doc_of(maker.did, &maker.key)));
	CHECK_OK(accept(&web));
	issuer.jkt = w.a.jkt;		/* pinned, and it is another key */
	CHECK_RC(BERTH_E_AUTHZ, accept(&web));
	issuer.jkt = NULL;		/* not pinned: the package's word is nothing */
	CHECK(accept(&web) != BERTH_OK);
	test_chain_free(&web);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_good_chain), T(each_entry_is_signed_by_the_owner_before), T(signature_of_an_entry),
		T(seq_and_prev), T(c123_made_for_another_device), T(not_transferable),
		T(manufacturer_is_trusted_and_pinned), T(root_is_self_certifying_and_apart),
		T(owners_are_self_certifying), T(keys_in_headers_are_refused),
		T(documents_match_the_thumbprints), T(a_web_manufacturer_is_pinned_at_birth),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
