/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "did/jose/jwk.h"
#include "tests/fakes/world.h"

static struct test_world w;
static struct test_chain t;		/* root -> A -> B, one epoch */
static struct berth_chain_policy policy;
static struct berth_chain_issuer issuer;
static struct berth_chain_result result;

static int setup(void **state)
{
	(void)state;
	test_world_make(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_world_free(&w);
	return 0;
}

static void start(struct test_chain *out)
{
	struct berth_device_credential dc;

	test_world_dc(&w, &dc);
	test_chain_start(out, test_build_dc(&w, &w.maker, &dc));
}

static int fresh(void **state)
{
	(void)state;
	start(&t);
	test_chain_sell(&w, &t, &w.root, &w.a);
	test_chain_sell(&w, &t, &w.a, &w.b);
	issuer = (struct berth_chain_issuer){ w.maker.did, NULL };
	policy = (struct berth_chain_policy){ .issuers = &issuer, .n_issuers = 1, .floor_s = 1795000000 };
	policy.factory_did = w.device.did;
	policy.has_epoch = true;
	policy.epoch = 1;
	return 0;
}

static int done(void **state)
{
	(void)state;
	test_chain_free(&t);
	return 0;
}

static enum berth_err accept(const struct test_chain *chain)
{
	struct berth_chain *c = test_chain_parsed(chain);
	enum berth_err rc = berth_chain_accept(&result, c, &policy);

	/* text of a result lives with its chain */
	result.owner.did = result.delegate = NULL;
	berth_chain_free(c);
	return rc;
}

/* The chain with one entry more, which somebody made differently. */
static enum berth_err accept_with(const struct test_party *by, const struct berth_ownership *oc)
{
	struct test_chain more;
	enum berth_err rc;

	test_chain_branch(&more, &t, t.n);
	test_chain_add(&w, &more, by, oc);
	rc = accept(&more);
	test_chain_free(&more);
	return rc;
}

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

/* ---- (a), (b): prefixes ---- */

static void remember(const struct test_chain *chain, size_t i)
{
	policy.accepted = &chain->hash[i];
	policy.accepted_seq = (int64_t)i;
}

static void prefix_after_longer_is_refused(void **state)
{
	struct test_chain prefix;

	(void)state;
	CHECK_OK(accept(&t));
	remember(&t, 1);
	CHECK_OK(accept(&t));
	test_chain_branch(&prefix, &t, 1);
	CHECK_RC(BERTH_E_REPLAY, accept(&prefix));
	/* as long, or longer, but without those bytes */
	test_chain_sell(&w, &prefix, &w.a, &w.c);
	CHECK_RC(BERTH_E_AUTHZ, accept(&prefix));
	test_chain_sell(&w, &prefix, &w.c, &w.d);
	CHECK_RC(BERTH_E_AUTHZ, accept(&prefix));
	/* and what extends them */
	test_chain_sell(&w, &t, &w.b, &w.c);
	CHECK_OK(accept(&t));
	CHECK(result.seq == 2);
	test_chain_free(&prefix);
}

static void prefix_first_and_longer_within_the_window(void **state)
{
	struct test_chain prefix;
	struct berth_chain *chains[2];
	struct berth_chain_fork fork;
	size_t best, at;

	(void)state;
	test_chain_branch(&prefix, &t, 1);
	chains[0] = test_chain_parsed(&prefix);
	chains[1] = test_chain_parsed(&t);
	for (size_t i = 0; i < 2; i++)
		CHECK_OK(berth_chain_accept(&result, chains[i], &policy));
	CHECK_OK(berth_chain_longest(&best, (const struct berth_chain *const *)chains, 2, &fork));
	CHECK(best == 1);
	CHECK(berth_chain_compare(chains[0], chains[1], &at) == BERTH_CHAIN_PREFIX && at == 1);
	CHECK(berth_chain_compare(chains[1], chains[0], &at) == BERTH_CHAIN_EXTENDS && at == 1);
	CHECK(berth_chain_compare(chains[1], chains[1], &at) == BERTH_CHAIN_SAME && at == 2);
	CHECK_RC(BERTH_E_NOMATCH, berth_chain_longest(&best, NULL, 0, &fork));
	berth_chain_free(chains[0]);
	berth_chain_free(chains[1]);
	test_chain_free(&prefix);
}

static void receipt_for(struct berth_receipt *out, const struct test_party *device, enum berth_receipt_role role,
			int64_t epoch, const struct berth_hash *tip, char **token)
{
	struct berth_receipt r;
	struct berth_buf b = BERTH_BUF_INIT;

	memset(&r, 0, sizeof(r));
	r.role = role;
	r.owner = w.a.did;
	r.epoch = epoch;
	r.tip = *tip;
	memset(r.nonce, 7, sizeof(r.nonce));
	r.erasure = BERTH_ERASURE_OVERWRITTEN;
	CHECK_OK(berth_receipt_build(&b, w.kr, device->kid, &r));
	*token = test_take(&b);
	CHECK_OK(berth_receipt_parse(out, *token, strlen(*token)));
	CHECK(out->role == role && !strcmp(out->owner, w.a.did) && out->nonce[31] == 7);
}

static enum berth_err check_receipt(enum berth_chain_taken *taken, const struct test_party *device,
				    enum berth_receipt_role role, int64_t epoch, const struct berth_hash *tip)
{
	struct berth_chain *c = test_chain_parsed(&t);
	struct berth_receipt r;
	enum berth_err rc;
	char *token;

	receipt_for(&r, device, role, epoch, tip, &token);
	rc = berth_chain_check_receipt(taken, c, &r);
	berth_object_free(&r.obj);
	free(token);
	berth_chain_free(c);
	return rc;
}

static void prefix_alone_is_reported_by_the_later_owners_import(void **state)
{
	struct test_chain prefix;
	struct berth_hash foreign = { { 9 } };
	enum berth_chain_taken taken;

	(void)state;
	test_chain_branch(&prefix, &t, 1);
	CHECK_OK(accept(&prefix));	/* a fresh device cannot know better */
	CHECK_OK(check_receipt(&taken, &w.device, BERTH_RECEIPT_OWNERSHIP, 1, &prefix.hash[0]));
	CHECK(taken == BERTH_CHAIN_TAKEN_BY_EARLIER);
	CHECK(!strcmp(berth_chain_taken_name(taken), "taken-by-earlier-owner"));
	CHECK_OK(check_receipt(&taken, &w.device, BERTH_RECEIPT_OWNERSHIP, 1, &t.hash[1]));
	CHECK(taken == BERTH_CHAIN_OURS);
	CHECK_OK(check_receipt(&taken, &w.device, BERTH_RECEIPT_OWNERSHIP, 1, &foreign));
	CHECK(taken == BERTH_CHAIN_TAKEN_BY_OTHER);
	CHECK_OK(check_receipt(&taken, &w.device, BERTH_RECEIPT_RELEASED, 1, &t.hash[0]));
	CHECK(taken == BERTH_CHAIN_FREE);
	CHECK_OK(check_receipt(&taken, &w.device, BERTH_RECEIPT_OWNERSHIP, 0, &t.hash[0]));
	CHECK(taken == BERTH_CHAIN_FREE);
	CHECK_RC(BERTH_E_HOLDER, check_receipt(&taken, &w.device2, BERTH_RECEIPT_OWNERSHIP, 1, &t.hash[0]));
	test_chain_free(&prefix);
}

/* ---- (c): forks ---- */

struct fork {
	struct test_chain other;	/* root -> A -> C: the other side */
	struct berth_hash entries[2];
};

static void make_fork(struct fork *f)
{
	struct berth_chain *chains[2];
	struct berth_chain_fork found;
	size_t best;

	test_chain_branch(&f->other, &t, 1);
	test_chain_sell(&w, &f->other, &w.a, &w.c);
	chains[0] = test_chain_parsed(&t);
	chains[1] = test_chain_parsed(&f->other);
	CHECK(berth_chain_compare(chains[0], chains[1], &best) == BERTH_CHAIN_FORK && best == 1);
	CHECK_RC(BERTH_E_AUTHZ, berth_chain_longest(&best, (const struct berth_chain *const *)chains, 2, &found));
	CHECK(found.at == 1 && berth_hash_equal(&found.entry[0], &t.hash[1]) &&
	      berth_hash_equal(&found.entry[1], &f->other.hash[1]));
	memcpy(f->entries, found.entry, sizeof(f->entries));
	policy.forked = f->entries;
	policy.n_forked = 2;
	berth_chain_free(chains[0]);
	berth_chain_free(chains[1]);
}

/* The resolution as somebody signs it. */
static char *resolution_by(const struct test_party *by, const struct berth_hash *chosen,
			   const struct berth_hash *refused)
{
	struct berth_resolution r;
	struct berth_buf b = BERTH_BUF_INIT;

	memset(&r, 0, sizeof(r));
	r.device = w.device.did;
	r.device_credential = t.dc_hash;
	r.chosen = *chosen;
	r.refused[0] = *refused;
	r.n_refused = 1;
	CHECK_OK(berth_resolution_build(&b, w.kr, by->kid, &r));
	return test_take(&b);
}

static enum berth_err resolved(const struct test_party *by, const struct berth_hash *chosen,
			       const struct berth_hash *refused)
{
	char *token = resolution_by(by, chosen, refused);
	struct berth_ownership oc;
	enum berth_err rc;

	test_chain_next(&w, &t, &w.d, &oc);
	oc.resolution = token;
	rc = accept_with(&w.b, &oc);
	free(token);
	return rc;
}

static void fork_is_refused_on_both_sides(void **state)
{
	struct fork f;
	struct berth_ownership oc;

	(void)state;
	make_fork(&f);
	CHECK_RC(BERTH_E_AUTHZ, accept(&t));
	CHECK_RC(BERTH_E_AUTHZ, accept(&f.other));
	test_chain_next(&w, &t, &w.d, &oc);	/* neither does growing help */
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	policy.forked = NULL;
	policy.n_forked = 0;
	CHECK_OK(accept(&t));
	test_chain_free(&f.other);
}

static void fork_resolved_by_the_root(void **state)
{
	struct fork f;

	(void)state;
	make_fork(&f);
	CHECK_OK(resolved(&w.root, &f.entries[0], &f.entries[1]));
	CHECK(result.seq == 2);
	CHECK_RC(BERTH_E_AUTHZ, resolved(&w.root, &f.entries[1], &f.entries[0]));	/* the other side */
	CHECK_RC(BERTH_E_AUTHZ, resolved(&w.a, &f.entries[0], &f.entries[1]));		/* not the root */
	CHECK_RC(BERTH_E_AUTHZ, resolved(&w.b, &f.entries[0], &f.entries[1]));
	test_chain_free(&f.other);
}

static void fork_resolved_only_where_recovery_was_agreed(void **state)
{
	struct berth_device_credential dc;
	struct fork f;

	(void)state;
	test_chain_free(&t);
	test_world_dc(&w, &dc);
	dc.recovery = false;
	test_chain_start(&t, test_build_dc(&w, &w.maker, &dc));
	test_chain_sell(&w, &t, &w.root, &w.a);
	test_chain_sell(&w, &t, &w.a, &w.b);
	make_fork(&f);
	CHECK_RC(BERTH_E_AUTHZ, resolved(&w.root, &f.entries[0], &f.entries[1]));
	test_chain_free(&f.other);
}

static void fork_resolved_by_the_operator(void **state)
{
	struct fork f;
	struct berth_ownership oc;

	(void)state;
	make_fork(&f);
	policy.accept_tip = &f.other.hash[1];
	CHECK_OK(accept(&f.other));
	CHECK_RC(BERTH_E_AUTHZ, accept(&t));
	policy.accept_tip = &t.hash[1];
	CHECK_OK(accept(&t));
	test_chain_next(&w, &t, &w.d, &oc);	/* and what grows from it */
	CHECK_OK(accept_with(&w.b, &oc));
	policy.accept_tip = &t.hash[0];		/* that says nothing about the fork */
	CHECK_RC(BERTH_E_AUTHZ, accept(&t));
	/* the operator cannot undo what was accepted */
	remember(&t, 1);
	policy.accept_tip = &f.other.hash[1];
	CHECK_RC(BERTH_E_AUTHZ, accept(&f.other));
	CHECK_OK(accept(&t));			/* decided is decided */
	test_chain_free(&f.other);
}

static void two_first_entries_are_a_fork_too(void **state)
{
	struct test_chain other;
	struct berth_chain *x = test_chain_parsed(&t), *y;
	size_t at = 7;

	(void)state;
	test_chain_branch(&other, &t, 0);
	test_chain_sell(&w, &other, &w.root, &w.c);
	y = test_chain_parsed(&other);
	CHECK(berth_chain_compare(x, y, &at) == BERTH_CHAIN_FORK && at == 0);
	berth_chain_free(x);
	berth_chain_free(y);
	test_chain_free(&other);
}

static void unrelated_chains(void **state)
{
	struct berth_device_credential dc;
	struct test_chain other;
	struct berth_chain *chains[2];
	struct berth_chain_fork fork;
	size_t best;

	(void)state;
	test_world_dc(&w, &dc);
	dc.serial = "SN-0002";
	test_chain_start(&other, test_build_dc(&w, &w.maker, &dc));
	test_chain_sell(&w, &other, &w.root, &w.a);
	chains[0] = test_chain_parsed(&t);
	chains[1] = test_chain_parsed(&other);
	CHECK(berth_chain_compare(chains[0], chains[1], NULL) == BERTH_CHAIN_UNRELATED);
	CHECK_RC(BERTH_E_HOLDER, berth_chain_longest(&best, (const struct berth_chain *const *)chains, 2, &fork));
	berth_chain_free(chains[0]);
	berth_chain_free(chains[1]);
	test_chain_free(&other);
}

/* ---- (e): epochs and release ---- */

static const struct berth_hash receipt_hash = { { 0x5e } };

static void released_to(struct berth_ownership *oc, const struct test_party *to)
{
	test_chain_next(&w, &t, to, oc);
	oc->epoch = 2;
	oc->has_release_receipt = true;
	oc->release_receipt = receipt_hash;
}

static void epochs_rise_by_one_with_the_receipt(void **state)
{
	struct berth_ownership oc;

	(void)state;
	released_to(&oc, &w.c);
	policy.epoch = 2;
	CHECK_OK(accept_with(&w.b, &oc));
	oc.has_release_receipt = false;		/* risen without it */
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	oc.has_release_receipt = true;
	oc.epoch = 3;				/* by two */
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	oc.epoch = 1;				/* the receipt, and not risen */
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	oc.has_release_receipt = false;
	oc.epoch = 0;				/* fallen */
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
}

static void the_tip_is_of_the_devices_epoch(void **state)
{
	(void)state;
	policy.epoch = 2;
	CHECK_RC(BERTH_E_REPLAY, accept(&t));
	policy.epoch = 0;
	CHECK_RC(BERTH_E_AUTHZ, accept(&t));
	policy.has_epoch = false;	/* an owner's import, a rendezvous */
	CHECK_OK(accept(&t));
}

static void release_to_b_with_a_sale_to_c(void **state)
{
	struct berth_ownership oc;
	struct berth_hash other = receipt_hash;

	(void)state;
	remember(&t, 1);
	policy.epoch = 2;
	policy.release_receipt = &receipt_hash;
	policy.release_next_owner = w.d.did;	/* the ReleaseCredential named D */
	CHECK_RC(BERTH_E_REPLAY, accept(&t));	/* the owner that released comes back */
	released_to(&oc, &w.c);
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	released_to(&oc, &w.d);
	CHECK_OK(accept_with(&w.b, &oc));
	other.b[31] = 1;			/* another device's receipt, or an older one */
	oc.release_receipt = other;
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));
	policy.release_next_owner = NULL;	/* the release bound nobody */
	released_to(&oc, &w.c);
	CHECK_OK(accept_with(&w.b, &oc));
}

/* ---- recovery ---- */

static void recovery_by_the_root(void **state)
{
	struct berth_device_credential dc;
	struct berth_ownership oc;

	(void)state;
	test_chain_next(&w, &t, &w.d, &oc);
	oc.recovery = true;
	CHECK_OK(accept_with(&w.root, &oc));
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.b, &oc));	/* an owner is no root */
	test_chain_free(&t);
	test_world_dc(&w, &dc);
	dc.recovery = false;
	test_chain_start(&t, test_build_dc(&w, &w.maker, &dc));
	test_chain_sell(&w, &t, &w.root, &w.a);
	test_chain_next(&w, &t, &w.d, &oc);
	oc.recovery = true;
	CHECK_RC(BERTH_E_AUTHZ, accept_with(&w.root, &oc));
}

/* ---- delegation ---- */

static struct berth_delegation delegation(void)
{
	struct berth_delegation d;

	memset(&d, 0, sizeof(d));
	d.delegate = w.agent.did_long;
	d.scope[0] = BERTH_SCOPE_ONBOARD;
	d.n_scope = 1;
	d.tip = t.hash[t.n - 1];
	d.dseq = 5;
	d.exp_s = 1796000000;
	return d;
}

static enum berth_err delegated(const struct test_party *by, const struct berth_delegation *d)
{
	test_chain_delegate(&w, &t, by, d);
	return accept(&t);
}

static void delegation_of_the_tip_owner(void **state)
{
	struct berth_delegation d = delegation();
	struct berth_chain *c;

	(void)state;
	test_chain_delegate(&w, &t, &w.b, &d);
	c = test_chain_parsed(&t);
	CHECK_OK(berth_chain_accept(&result, c, &policy));
	CHECK(!strcmp(result.delegate, w.agent.did_long) && result.dseq == 5);
	CHECK(result.delegation_exp_s == 1796000000);
	CHECK(berth_hash_equal(&result.delegation, &c->delegation.obj.hash));
	berth_chain_free(c);
	CHECK_RC(BERTH_E_AUTHZ, delegated(&w.a, &d));		/* not the tip's owner */
	d.tip = t.hash[0];
	CHECK_RC(BERTH_E_AUTHZ, delegated(&w.b, &d));
	d = delegation();
	d.scope[0] = "renew";
	CHECK_RC(BERTH_E_AUTHZ, delegated(&w.b, &d));
	d.n_scope = 0;
	CHECK_RC(BERTH_E_AUTHZ, delegated(&w.b, &d));
	d = delegation();
	d.delegate = "did:web:agent.example";
	CHECK_RC(BERTH_E_DID, delegated(&w.b, &d));
}

static void delegation_expires_at_the_floor(void **state)
{
	struct berth_delegation d = delegation();

	(void)state;
	policy.floor_s = d.exp_s;
	CHECK_RC(BERTH_E_EXPIRED, delegated(&w.b, &d));
	policy.floor_s = d.exp_s - 1;
	CHECK_OK(delegated(&w.b, &d));
	/* the DeviceCredential's date is a floor as well */
	policy.floor_s = 0;
	d.exp_s = 1795000000;
	CHECK_RC(BERTH_E_EXPIRED, delegated(&w.b, &d));
	d.exp_s = 1795000001;
	CHECK_OK(delegated(&w.b, &d));
}

static void older_delegations_are_refused(void **state)
{
	struct berth_delegation d = delegation();

	(void)state;
	policy.dseq_tip = &t.hash[1];
	policy.dseq = 6;
	CHECK_RC(BERTH_E_REPLAY, delegated(&w.b, &d));
	d.dseq = 6;
	CHECK_OK(delegated(&w.b, &d));
	d.dseq = 7;
	CHECK_OK(delegated(&w.b, &d));
	d.dseq = 1;
	policy.dseq_tip = &t.hash[0];	/* counted per tip */
	CHECK_OK(delegated(&w.b, &d));
}

/* ---- the package ---- */

static enum berth_err parse_text(const char *text, size_t n)
{
	struct berth_chain *c = NULL;
	struct berth_json *json;
	enum berth_err rc = berth_json_parse(&json, text, n, 2 * BERTH_CHAIN_MAX);

	if (!rc)
		rc = berth_chain_from_json(&c, json);
	CHECK((c != NULL) == (rc == BERTH_OK));
	berth_chain_free(c);
	return rc;
}

static void print_package(struct berth_buf *out)
{
	struct berth_json *o;

	CHECK_OK(berth_chain_build_json(&o, t.dc, (const char *const *)t.entries, t.n, NULL, NULL));
	CHECK_OK(berth_json_print(out, o));
	berth_json_free(o);
}

static void structure(void **state)
{
	static const char *const bad[] = {
		"[]", "{}", "{\"deviceCredential\":7,\"entries\":[]}", "{\"entries\":[\"a.b.c\"]}",
	};
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *o, *copy;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_VC, parse_text(bad[i], strlen(bad[i])));
	CHECK_OK(berth_chain_build_json(&o, t.dc, (const char *const *)t.entries, t.n, NULL, NULL));
	CHECK_OK(berth_json_set(o, "docs", berth_json_new_array()));
	CHECK_OK(berth_json_print(&b, o));
	CHECK_RC(BERTH_E_VC, parse_text(berth_buf_cstr(&b), b.len));
	berth_json_remove(o, "docs");
	copy = berth_json_clone(o);
	CHECK_OK(berth_json_set(copy, "entries", berth_json_new_array()));
	berth_buf_reset(&b);
	CHECK_OK(berth_json_print(&b, copy));
	CHECK_RC(BERTH_E_VC, parse_text(berth_buf_cstr(&b), b.len));
	/* an entry where the DeviceCredential should be, and the other way */
	CHECK_OK(berth_json_set_str(o, "deviceCredential", t.entries[0]));
	berth_buf_reset(&b);
	CHECK_OK(berth_json_print(&b, o));
	CHECK_RC(BERTH_E_VC, parse_text(berth_buf_cstr(&b), b.len));
	berth_json_free(o);
	berth_json_free(copy);
	berth_buf_free(&b);
}

static void sixteen_entries(void **state)
{
	const char *entries[BERTH_CHAIN_ENTRIES_MAX + 1];
	struct test_chain full;
	struct berth_json *o;
	struct berth_chain *c;

	(void)state;
	start(&full);
	test_chain_sell(&w, &full, &w.root, &w.a);
	while (full.n < BERTH_CHAIN_ENTRIES_MAX)
		test_chain_sell(&w, &full, full.n % 2 ? &w.a : &w.d, full.n % 2 ? &w.d : &w.a);
	CHECK_OK(accept(&full));
	CHECK(result.seq == 15);
	memcpy(entries, full.entries, sizeof(full.entries[0]) * full.n);
	entries[full.n] = full.entries[0];
	CHECK_OK(berth_chain_build_json(&o, full.dc, entries, full.n + 1, NULL, NULL));
	CHECK_RC(BERTH_E_SIZE, berth_chain_from_json(&c, o));
	test_chain_free(&full);
}

static void size_caps(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *o;
	struct berth_chain *c;
	char *pad = malloc(BERTH_CHAIN_MAX + 1);
	size_t have;

	(void)state;
	print_package(&b);
	have = b.len;
	/* as text in a message: {"x":"..."} more */
	memset(pad, 'x', BERTH_CHAIN_MAX);
	pad[BERTH_CHAIN_MAX - have - strlen(",\"x\":\"\"") + 1] = 0;
	CHECK_OK(berth_chain_build_json(&o, t.dc, (const char *const *)t.entries, t.n, NULL, NULL));
	CHECK_OK(berth_json_set_str(o, "x", pad));
	CHECK_RC(BERTH_E_SIZE, berth_chain_from_json(&c, o));
	pad[BERTH_CHAIN_MAX - have - strlen(",\"x\":\"\"")] = 0;
	CHECK_OK(berth_chain_build_json(&o, t.dc, (const char *const *)t.entries, t.n, NULL, NULL));
	CHECK_OK(berth_json_set_str(o, "x", pad));
	CHECK_OK(berth_chain_from_json(&c, o));
	berth_chain_free(c);
	free(pad);
	berth_buf_free(&b);
}

static void every_truncation(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	print_package(&b);
	for (size_t n = 0; n < b.len; n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, b.p, n);
		CHECK_RC(BERTH_E_JSON, parse_text(exact, n));
		free(exact);
	}
	CHECK_OK(parse_text(berth_buf_cstr(&b), b.len));
	berth_buf_free(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_good_chain), T(each_entry_is_signed_by_the_owner_before), T(signature_of_an_entry),
		T(seq_and_prev), T(c123_made_for_another_device), T(not_transferable),
		T(manufacturer_is_trusted_and_pinned), T(root_is_self_certifying_and_apart),
		T(owners_are_self_certifying), T(keys_in_headers_are_refused),
		T(documents_match_the_thumbprints), T(a_web_manufacturer_is_pinned_at_birth),
		T(prefix_after_longer_is_refused), T(prefix_first_and_longer_within_the_window),
		T(prefix_alone_is_reported_by_the_later_owners_import),
		T(fork_is_refused_on_both_sides), T(fork_resolved_by_the_root),
		T(fork_resolved_only_where_recovery_was_agreed), T(fork_resolved_by_the_operator),
		T(two_first_entries_are_a_fork_too), T(unrelated_chains),
		T(epochs_rise_by_one_with_the_receipt), T(the_tip_is_of_the_devices_epoch),
		T(release_to_b_with_a_sale_to_c), T(recovery_by_the_root),
		T(delegation_of_the_tip_owner), T(delegation_expires_at_the_floor),
		T(older_delegations_are_refused),
		T(structure), T(sixteen_entries), T(size_caps), T(every_truncation),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
