/* SPDX-License-Identifier: Apache-2.0 */
/* C015: whatever allocation fails, the answer is E_NOMEM and nothing leaks. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"

#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/dereference.h"
#include "did/doc_build.h"
#include "did/jose/jwk.h"
#include "did/jose/jws.h"
#include "did/jose/keyring.h"
#include "did/jose/multikey.h"
#include "did/method_key.h"
#include "did/method_peer.h"
#include "did/peer1.h"
#include "did/doc_memory.h"
#include "did/resolver.h"
#include "did/url.h"

#define ED "z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"
#define X "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"

static struct berth_privkey ed;

static enum berth_err url(void *arg)
{
	struct berth_did_url u;
	enum berth_err rc = berth_did_url_parse(&u, arg);

	berth_did_url_free(&u);
	return rc;
}

static enum berth_err jws(void *arg)
{
	struct berth_jws j;
	enum berth_err rc = berth_jws_parse(&j, arg, strlen(arg), 4096);

	berth_jws_free(&j);
	return rc;
}

static enum berth_err document(void *arg)
{
	struct berth_did_doc *doc;
	enum berth_err rc = berth_did_doc_parse(&doc, arg, strlen(arg), NULL);

	berth_did_doc_free(doc);
	return rc;
}

static enum berth_err resolve(void *arg)
{
	struct berth_did_doc *doc;
	struct berth_resolver r;
	enum berth_err rc;

	berth_doc_forget();
	berth_resolver_builtin_init(&r, NULL);
	rc = berth_resolve(&r, arg, &doc);
	berth_did_doc_free(doc);
	return rc;
}

static void run(const char *what, enum berth_err (*fn)(void *), const void *arg)
{
	long n = test_every_allocation_fails(fn, (void *)(uintptr_t)arg);

	print_message("%s: %ld allocations\n", what, n);
	CHECK(n > 0);
}

#define GENESIS "{\"authentication\":[{\"id\":\"#a\",\"type\":\"Multikey\",\"publicKeyMultibase\":\"" ED "\"}]}"

static enum berth_err recall(struct berth_resolver *r, const char *did, struct berth_buf *kept)
{
	(void)r;
	berth_buf_str(kept, strncmp(did, "did:peer:1", 10) == 0 ? GENESIS : "did:peer:2.V" ED);
	return BERTH_OK;
}

static enum berth_err resolve_hash(void *arg)
{
	struct berth_resolver next = { .recall = recall }, r;
	struct berth_did_doc *doc;
	enum berth_err rc;

	berth_doc_forget();
	berth_resolver_builtin_init(&r, &next);
	rc = berth_resolve(&r, arg, &doc);
	berth_did_doc_free(doc);
	return rc;
}

static enum berth_err folder(void *arg)
{
	struct berth_resolver_dir docs;
	struct berth_resolver r;
	struct berth_did_doc *doc = NULL;
	enum berth_err rc;

	if ((rc = berth_resolver_dir_open(&docs, arg, NULL)))
		return rc;
	berth_resolver_builtin_init(&r, &docs.base);
	rc = berth_resolve(&r, "did:example:a", &doc);
	berth_did_doc_free(doc);
	berth_resolver_dir_close(&docs);
	return rc;
}

/* A did:key's JSON is made late. */
static enum berth_err key_result(void *arg)
{
	struct berth_did_doc *doc;
	struct berth_json *v;
	enum berth_err rc;

	berth_doc_forget();
	if ((rc = berth_did_key_resolve(&doc, arg)))
		return rc;
	v = berth_resolution_result(BERTH_OK, NULL, arg, doc);
	rc = v ? BERTH_OK : BERTH_E_NOMEM;
	berth_json_free(v);
	berth_did_doc_free(doc);
	return rc;
}

static enum berth_err key_fragment(void *arg)
{
	struct berth_dereferenced d;
	struct berth_resolver r;
	enum berth_err rc;

	berth_resolver_builtin_init(&r, NULL);
	rc = berth_dereference(&d, &r, arg, NULL);
	berth_dereferenced_free(&d);
	return rc;
}

static enum berth_err write_suites(void *arg)
{
	struct berth_json *m = berth_doc_key_method("#k", arg, "did:example:a", &ed.pub);

	berth_json_free(m);
	return m ? BERTH_OK : BERTH_E_NOMEM;
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	CHECK((f = fopen(path, "w")) && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void folder_of_documents(void)
{
	char dir[] = "/tmp/berth-nomem-XXXXXX", rm[64];

	CHECK(mkdtemp(dir));
	put(dir, "genesis.json", GENESIS);
	put(dir, "a.json", "{\"id\":\"did:example:a\"}");
	run("folder", folder, dir);
	snprintf(rm, sizeof(rm), "rm -r %s", dir);
	CHECK(system(rm) == 0);
}

static enum berth_err hash_of_genesis(void *arg)
{
	struct berth_buf did = BERTH_BUF_INIT;
	enum berth_err rc = berth_peer1_create(&did, arg, strlen(arg));

	berth_buf_free(&did);
	return rc;
}

static enum berth_err create(void *arg)
{
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_peer_spec s = { .n_verification = 1, .services = arg };
	enum berth_err rc;

	s.verification[0] = ed.pub;
	if ((rc = berth_did_peer_create(&did, 2, &s)) == BERTH_OK)
		rc = berth_did_peer_create(&did, 4, &s);
	berth_buf_free(&did);
	return rc;
}

static enum berth_err proof(void *arg)
{
	struct berth_proof p = { .purpose = BERTH_SIGN_DEVICE_PROOF, .iss = "did:example:a", .aud = "did:example:b", .thid = "t" };
	struct berth_buf compact = BERTH_BUF_INIT;
	struct berth_keyring *kr;
	struct berth_jws j;
	enum berth_err rc;

	(void)arg;
	if ((rc = berth_keyring_local_new(&kr)))
		return rc;
	memset(&j, 0, sizeof(j));
	if ((rc = berth_keyring_local_add(kr, "did:example:a#k", &ed)) ||
	    (rc = kr->ops->sign_proof(kr, "did:example:a#k", &p, &compact)) ||
	    (rc = berth_jws_parse(&j, berth_buf_cstr(&compact), compact.len, compact.len)) ||
	    (rc = berth_proof_check(&p, j.typ, j.payload.p, j.payload.len)))
		goto out;
out:
	berth_jws_free(&j);
	berth_buf_free(&compact);
	berth_keyring_free(kr);
	return rc;
}

static enum berth_err whole_doc(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	static const char text[] = "{\"id\":\"did:example:a\",\"service\":[{\"id\":\"#s\",\"type\":\"T\",\"serviceEndpoint\":\"https://a/b\"}]}";

	(void)r;
	return berth_did_doc_parse(out, text, sizeof(text) - 1, did);
}

static enum berth_err dereference(void *arg)
{
	struct berth_resolver r = { .resolve = whole_doc };
	struct berth_dereferenced d;
	enum berth_err rc = berth_dereference(&d, &r, arg, NULL);
	struct berth_json *v = rc ? NULL : berth_dereferencing_result(&d);

	if (!rc && !v)
		rc = BERTH_E_NOMEM;
	berth_json_free(v);
	berth_dereferenced_free(&d);
	return rc;
}

static enum berth_err select_services(void *arg)
{
	struct berth_resolver r = { .resolve = whole_doc };
	struct berth_dereferenced d;
	enum berth_err rc = berth_dereference(&d, &r, arg, "application/did");

	berth_dereferenced_free(&d);
	return rc;
}

static enum berth_err result(void *arg)
{
	struct berth_json *v = berth_resolution_result(BERTH_OK, NULL, "did:example:a", arg);

	berth_json_free(v);
	return v ? BERTH_OK : BERTH_E_NOMEM;
}

static void c015_every_allocation_may_fail(void **state)
{
	static const char doc[] = "{\"id\":\"did:example:a\",\"verificationMethod\":[{\"id\":\"#a\",\"type\":\"Multikey\","
		"\"controller\":\"did:example:a\",\"publicKeyMultibase\":\"" ED "\"},{\"id\":\"#b\",\"type\":\"Ed25519VerificationKey2018\","
		"\"controller\":\"did:example:a\",\"publicKeyBase58\":\"4zvwRjXUKGfvwnParsHAS3HuSVzV5cA4McphgmoCtajS\"}],"
		"\"authentication\":[\"#a\"],\"service\":[{\"id\":\"#s\",\"type\":\"T\",\"serviceEndpoint\":\"x\"}]}";
	static const char services[] = "[{\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":{\"uri\":\"x\",\"accept\":[\"a\"]}}]";
	struct berth_buf did = BERTH_BUF_INIT, did1 = BERTH_BUF_INIT, did3 = BERTH_BUF_INIT;
	struct berth_peer_spec s = { .n_verification = 1 };
	struct berth_did_doc *parsed;
	struct berth_json *v;

	(void)state;
	CHECK_OK(berth_json_parse(&v, services, strlen(services), 4096));
	CHECK_OK(berth_did_doc_parse(&parsed, doc, strlen(doc), NULL));
	s.verification[0] = ed.pub;
	s.services = v;
	CHECK_OK(berth_did_peer_create(&did, 4, &s));

	CHECK_OK(berth_peer1_create(&did1, GENESIS, strlen(GENESIS)));
	CHECK_OK(berth_did_peer_short(&did3, "did:peer:2.V" ED));
	run("DID URL", url, "did:example:a/p?q#f");
	run("JWS", jws, "eyJhbGciOiJFZERTQSJ9.e30.AAAA");
	run("document", document, doc);
	run("did:key", resolve, "did:key:" ED);
	run("did:jwk", resolve, "did:jwk:eyJrdHkiOiJPS1AiLCJjcnYiOiJYMjU1MTkiLCJ1c2UiOiJlbmMiLCJ4IjoiM3A3YmZYdDl3YlRUVzJIQzdPUTFOei1EUThoYmVHZE5yZngtRkctSUswOCJ9");
	run("did:peer:2", resolve, "did:peer:2.V" ED ".E" X ".SeyJ0IjoiZG0iLCJzIjp7InVyaSI6IngiLCJhIjpbImEiXX19");
	run("did:peer:4", resolve, berth_buf_cstr(&did));
	run("did:peer:1", resolve_hash, berth_buf_cstr(&did1));
	run("did:peer:3", resolve_hash, berth_buf_cstr(&did3));
	run("create 1", hash_of_genesis, GENESIS);
	folder_of_documents();
	run("did:key result", key_result, "did:key:" ED);
	run("did:key fragment", key_fragment, "did:key:" ED "#" ED);
	run("base58 method", write_suites, "Ed25519VerificationKey2018");
	run("JWK method", write_suites, "JsonWebKey2020");
	run("create", create, v);
	run("fragment", dereference, "did:example:a#s");
	run("endpoint", dereference, "did:example:a?service=s&relativeRef=x%2F..%2Fy#z");
	run("services", select_services, "did:example:a?serviceType=T");
	run("proof", proof, NULL);
	run("result", result, parsed);

	berth_buf_free(&did);
	berth_buf_free(&did1);
	berth_buf_free(&did3);
	berth_json_free(v);
	berth_did_doc_free(parsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	berth_crypto_init();
	CHECK_OK(berth_keypair_generate(&ed, BERTH_KEY_ED25519));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
