/* SPDX-License-Identifier: Apache-2.0 */
#include "wycheproof.h"

#include "did/crypto/aead.h"
#include "did/crypto/hash.h"
#include "did/crypto/keywrap.h"
#include "did/crypto/mac.h"

struct aead_case {
	uint8_t *key, *iv, *aad, *msg, *ct, *tag;
	size_t key_len, iv_len, aad_len, msg_len, ct_len, tag_len;
};

static void read_case(struct aead_case *a, const struct berth_json *t)
{
	a->key = wp_hex(t, "key", &a->key_len);
	a->iv = wp_hex(t, "iv", &a->iv_len);
	a->aad = wp_hex(t, "aad", &a->aad_len);
	a->msg = wp_hex(t, "msg", &a->msg_len);
	a->ct = wp_hex(t, "ct", &a->ct_len);
	a->tag = wp_hex(t, "tag", &a->tag_len);
}

static void free_case(struct aead_case *a)
{
	free(a->key);
	free(a->iv);
	free(a->aad);
	free(a->msg);
	free(a->ct);
	free(a->tag);
}

/* Opens it, and makes the valid ones again. */
static enum wp_verdict aead(struct wp_case *c, enum berth_enc e)
{
	struct aead_case a;
	struct berth_buf pt = BERTH_BUF_INIT, ct = BERTH_BUF_INIT;
	uint8_t tag[BERTH_TAG_MAX];
	enum wp_verdict v = WP_REFUSED;
	enum berth_err rc;

	read_case(&a, c->test);
	if (a.key_len != berth_enc_key_len(e)) {
		c->why = "JWE has A256GCM with its 256-bit key here";
		free_case(&a);
		return WP_NOT_APPLICABLE;
	}
	rc = berth_aead_open(e, &pt, a.key, a.iv, a.iv_len, a.tag, a.tag_len, a.aad, a.aad_len, a.ct, a.ct_len);
	CHECK(rc == BERTH_OK || rc == BERTH_E_DECRYPT);
	CHECK(rc == BERTH_OK || pt.len == 0);
	if (rc == BERTH_E_DECRYPT && a.iv_len != berth_enc_iv_len(e) && !strcmp(wp_text(c->test, "result"), "valid")) {
		c->why = "refused: JWE fixes the length of the IV";
		v = WP_NOT_APPLICABLE;
	} else if (rc == BERTH_OK) {
		CHECK_OK(berth_aead_seal(e, &ct, tag, a.key, a.iv, a.aad, a.aad_len, a.msg, a.msg_len));
		v = pt.len == a.msg_len && !memcmp(pt.p, a.msg, pt.len) && ct.len == a.ct_len &&
		    !memcmp(ct.p, a.ct, ct.len) && !memcmp(tag, a.tag, a.tag_len) ? WP_ACCEPTED : WP_WRONG_OUTPUT;
	}
	berth_buf_free(&pt);
	berth_buf_free(&ct);
	free_case(&a);
	return v;
}

static enum wp_verdict cbc_hs512(struct wp_case *c) { return aead(c, BERTH_ENC_A256CBC_HS512); }
static enum wp_verdict xc20p(struct wp_case *c) { return aead(c, BERTH_ENC_XC20P); }
static enum wp_verdict a256gcm(struct wp_case *c) { return aead(c, BERTH_ENC_A256GCM); }

static void c045_aeads(void **state)
{
	(void)state;
	wp_run("a256cbc_hs512_test.json", cbc_hs512, NULL);
	wp_run("xchacha20_poly1305_test.json", xc20p, NULL);
	wp_run("aes_gcm_test.json", a256gcm, NULL);
}

static enum wp_verdict keywrap(struct wp_case *c)
{
	size_t kek_len, msg_len, ct_len, n;
	uint8_t *kek = wp_hex(c->test, "key", &kek_len), *msg = wp_hex(c->test, "msg", &msg_len);
	uint8_t *ct = wp_hex(c->test, "ct", &ct_len), out[BERTH_WRAPPED_MAX];
	enum wp_verdict v = WP_REFUSED;

	if (kek_len != 32) {
		c->why = "A256KW only";
		v = WP_NOT_APPLICABLE;
	} else if (berth_keyunwrap(out, &n, kek, ct, ct_len) == BERTH_OK) {
		bool same = n == msg_len && !memcmp(out, msg, n);

		CHECK_OK(berth_keywrap(out, &n, kek, msg, msg_len));
		v = same && n == ct_len && !memcmp(out, ct, n) ? WP_ACCEPTED : WP_WRONG_OUTPUT;
	} else if (msg_len > BERTH_WRAPPED_MAX - 8 && !strcmp(wp_text(c->test, "result"), "valid")) {
		CHECK_RC(BERTH_E_KEY, berth_keywrap(out, &n, kek, msg, msg_len));
		c->why = "refused: longer than any content encryption key";
		v = WP_NOT_APPLICABLE;
	}
	free(kek);
	free(msg);
	free(ct);
	return v;
}

static void key_wrap(void **state)
{
	(void)state;
	wp_run("aes_wrap_test.json", keywrap, "ShortKey");
}

typedef void hmac_fn(uint8_t *out, const void *key, size_t key_len, const void *p, size_t n);

/* Truncated tags are the first bytes of the whole one. */
static enum wp_verdict hmac(struct wp_case *c, hmac_fn *fn)
{
	size_t key_len, msg_len, tag_len;
	uint8_t *key = wp_hex(c->test, "key", &key_len), *msg = wp_hex(c->test, "msg", &msg_len);
	uint8_t *tag = wp_hex(c->test, "tag", &tag_len), out[BERTH_SHA512_LEN];

	fn(out, key, key_len, msg, msg_len);
	enum wp_verdict v = memcmp(out, tag, tag_len) ? WP_REFUSED : WP_ACCEPTED;
	free(key);
	free(msg);
	free(tag);
	return v;
}

static enum wp_verdict hmac256(struct wp_case *c) { return hmac(c, berth_hmac_sha256); }

static void in_one_part(uint8_t *out, const void *key, size_t key_len, const void *p, size_t n)
{
	berth_hmac_sha512_parts(out, key, key_len, &(struct berth_part){ p, n }, 1);
}

static enum wp_verdict hmac512(struct wp_case *c) { return hmac(c, in_one_part); }

/* hmac_sha384_test.json: nothing here uses HMAC with SHA-384. */
static void hmacs(void **state)
{
	(void)state;
	wp_run("hmac_sha256_test.json", hmac256, NULL);
	wp_run("hmac_sha512_test.json", hmac512, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c045_aeads),
		cmocka_unit_test(key_wrap),
		cmocka_unit_test(hmacs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
