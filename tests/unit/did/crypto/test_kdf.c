/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"

#include <openssl/evp.h>

#include "did/base/json.h"
#include "did/codec/base64url.h"
#include "did/crypto/aead.h"
#include "did/crypto/agree.h"
#include "did/crypto/kdf.h"
#include "did/crypto/keypair.h"
#include "did/crypto/keywrap.h"
#include "tests/fakes/json.h"

static void b64(struct berth_buf *out, const struct berth_json *obj, const char *key)
{
	const char *s = berth_json_str(berth_json_get(obj, key));

	assert_non_null(s);
	berth_buf_reset(out);
	CHECK_OK(berth_b64url_decode(out, s, strlen(s)));
}

static void key(struct berth_privkey *out, const struct berth_json *obj, const char *name, enum berth_key_type type)
{
	struct berth_buf d = BERTH_BUF_INIT;

	b64(&d, berth_json_get(obj, name), "d");
	CHECK_OK(berth_keypair_from_private(out, type, d.p, d.len));
	berth_buf_free(&d);
}

/* RFC 7518 appendix C */
static void rfc7518_appendix_c(void **state)
{
	static const uint8_t z[32] = {
		158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156,
		251, 49, 110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196
	};
	static const struct berth_kdf_info info = {
		.alg = "A128GCM", .apu = (const uint8_t *)"Alice", .apu_len = 5,
		.apv = (const uint8_t *)"Bob", .apv_len = 3
	};
	uint8_t want[16], got[16];
	size_t n;

	(void)state;
	struct berth_buf b = BERTH_BUF_INIT;
	CHECK_OK(berth_b64url_decode(&b, "VqqN6vgjbSBcIijNcacQGg", 22));
	n = b.len;
	assert_int_equal(n, 16);
	memcpy(want, b.p, 16);
	berth_buf_free(&b);
	CHECK_OK(berth_concat_kdf(got, 16, z, 32, &info));
	assert_memory_equal(got, want, 16);
	VECTORS("RFC 7518 appendix C", 1, 1);
}

/* ECDH-1PU, appendix A: direct key agreement on P-256, from the keys on */
static void ecdh_1pu_appendix_a(void **state)
{
	struct berth_json *v = test_json_file("tests/vectors/ecdh-1pu/appendix-a.json");
	struct berth_privkey alice, bob, epk;
	struct berth_buf apu = BERTH_BUF_INIT, apv = BERTH_BUF_INIT;
	uint8_t z[2 * BERTH_ECDH_MAX], want[32], got[32];
	size_t ne, ns;

	(void)state;
	key(&alice, v, "alice_static", BERTH_KEY_P256);
	key(&bob, v, "bob_static", BERTH_KEY_P256);
	key(&epk, v, "alice_ephemeral", BERTH_KEY_P256);
	CHECK_OK(berth_ecdh(z, &ne, &bob, &epk.pub));
	CHECK_OK(berth_ecdh(z + ne, &ns, &bob, &alice.pub));
	unhex_to(want, 32, berth_json_str(berth_json_get(v, "Ze")));
	assert_memory_equal(z, want, 32);
	unhex_to(want, 32, berth_json_str(berth_json_get(v, "Zs")));
	assert_memory_equal(z + ne, want, 32);
	b64(&apu, v, "apu");
	b64(&apv, v, "apv");
	const struct berth_kdf_info info = {
		.alg = berth_json_str(berth_json_get(v, "enc")),
		.apu = apu.p, .apu_len = apu.len, .apv = apv.p, .apv_len = apv.len
	};
	CHECK_OK(berth_concat_kdf(got, 32, z, ne + ns, &info));
	unhex_to(want, 32, berth_json_str(berth_json_get(v, "derived_key")));
	assert_memory_equal(got, want, 32);
	VECTORS("ecdh-1pu/appendix-a.json", 1, 1);
	berth_buf_free(&apu);
	berth_buf_free(&apv);
	berth_json_free(v);
}

/* A128KW is no algorithm of ours; the draft's example uses it. */
static bool unwrap128(uint8_t *out, int *n, const uint8_t *kek, const struct berth_buf *wrapped)
{
	EVP_CIPHER *w = EVP_CIPHER_fetch(NULL, "AES-128-WRAP", NULL);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	bool ok = EVP_DecryptInit_ex2(c, w, kek, NULL, NULL) == 1 &&
		  EVP_DecryptUpdate(c, out, n, wrapped->p, (int)wrapped->len) == 1;
	EVP_CIPHER_CTX_free(c);
	EVP_CIPHER_free(w);
	return ok;
}

struct example {
	struct berth_json *v, *header;
	const struct berth_json *jwe;
	struct berth_pubkey epk;
	struct berth_buf iv, ct, tag, apu, apv;
};

static void load_b(struct example *e)
{
	struct berth_buf b = BERTH_BUF_INIT;

	memset(e, 0, sizeof(*e));
	e->v = test_json_file("tests/vectors/ecdh-1pu/appendix-b.json");
	e->jwe = berth_json_get(e->v, "jwe");
	b64(&e->iv, e->jwe, "iv");
	b64(&e->ct, e->jwe, "ciphertext");
	b64(&e->tag, e->jwe, "tag");
	b64(&b, e->jwe, "protected");
	CHECK_OK(berth_json_parse_object(&e->header, (const char *)b.p, b.len, b.len));
	b64(&e->apu, e->header, "apu");
	b64(&e->apv, e->header, "apv");
	b64(&b, berth_json_get(e->header, "epk"), "x");
	CHECK_OK(berth_pubkey_import(&e->epk, BERTH_KEY_X25519, b.p, b.len));
	berth_buf_free(&b);
}

/* The CEK of recipient i with a KDF that has or lacks the tag. */
static bool open_b(struct example *e, const char *name, size_t i, const uint8_t *tag, uint8_t *cek)
{
	struct berth_privkey mine, alice;
	struct berth_buf wrapped = BERTH_BUF_INIT;
	uint8_t z[2 * BERTH_ECDH_MAX], kek[16];
	size_t ne, ns;
	int n = 0;

	key(&mine, e->v, name, BERTH_KEY_X25519);
	key(&alice, e->v, "alice", BERTH_KEY_X25519);
	CHECK_OK(berth_ecdh(z, &ne, &mine, &e->epk));
	CHECK_OK(berth_ecdh(z + ne, &ns, &mine, &alice.pub));
	const struct berth_kdf_info info = {
		.alg = "ECDH-1PU+A128KW", .apu = e->apu.p, .apu_len = e->apu.len,
		.apv = e->apv.p, .apv_len = e->apv.len, .cc_tag = tag, .cc_tag_len = e->tag.len
	};
	CHECK_OK(berth_concat_kdf(kek, 16, z, ne + ns, &info));
	b64(&wrapped, berth_json_at(berth_json_get(e->jwe, "recipients"), i), "encrypted_key");
	bool ok = unwrap128(cek, &n, kek, &wrapped) && n == 64;
	berth_buf_free(&wrapped);
	return ok;
}

/* ECDH-1PU, appendix B: the whole envelope, for both recipients */
static void ecdh_1pu_appendix_b(void **state)
{
	static const char *const names[] = { "bob", "charlie" };
	struct example e;
	struct berth_buf pt = BERTH_BUF_INIT;
	uint8_t cek[80];

	(void)state;
	load_b(&e);
	const char *aad = berth_json_str(berth_json_get(e.jwe, "protected"));
	const char *want = berth_json_str(berth_json_get(e.v, "plaintext"));
	for (size_t i = 0; i < 2; i++) {
		CHECK(open_b(&e, names[i], i, e.tag.p, cek));
		CHECK(!open_b(&e, names[i], i, NULL, cek));
		CHECK(open_b(&e, names[i], i, e.tag.p, cek));
		berth_buf_reset(&pt);
		CHECK_OK(berth_aead_open(BERTH_ENC_A256CBC_HS512, &pt, cek, e.iv.p, e.iv.len, e.tag.p, e.tag.len,
					 aad, strlen(aad), e.ct.p, e.ct.len));
		assert_string_equal(berth_buf_cstr(&pt), want);
	}
	VECTORS("ecdh-1pu/appendix-b.json", 2, 2);
	berth_buf_free(&pt);
	berth_buf_free(&e.iv);
	berth_buf_free(&e.ct);
	berth_buf_free(&e.tag);
	berth_buf_free(&e.apu);
	berth_buf_free(&e.apv);
	berth_json_free(e.header);
	berth_json_free(e.v);
}

static void lengths(void **state)
{
	static const struct berth_kdf_info info = { .alg = "x" };
	uint8_t z[32] = { 0 }, k32[32], k64[64], k65[65];

	(void)state;
	CHECK_OK(berth_concat_kdf(k32, 32, z, 32, &info));
	CHECK_OK(berth_concat_kdf(k64, 64, z, 32, &info));
	CHECK(memcmp(k32, k64, 32) != 0);	/* keydatalen is an input */
	CHECK_RC(BERTH_E_KEY, berth_concat_kdf(k65, 65, z, 32, &info));
	CHECK_RC(BERTH_E_KEY, berth_concat_kdf(k65, 0, z, 32, &info));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7518_appendix_c),
		cmocka_unit_test(ecdh_1pu_appendix_a),
		cmocka_unit_test(ecdh_1pu_appendix_b),
		cmocka_unit_test(lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
