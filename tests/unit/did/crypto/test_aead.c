/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"

#include "did/base/json.h"
#include "did/base/rand.h"
#include "did/codec/base64url.h"
#include "did/crypto/aead.h"
#include "did/crypto/keywrap.h"

#define FOR_ENCS(e) for (enum berth_enc e = BERTH_ENC_A256CBC_HS512; e <= BERTH_ENC_A256GCM; e++)

struct sealed {
	uint8_t key[BERTH_CEK_MAX], iv[BERTH_IV_MAX], tag[BERTH_TAG_MAX];
	struct berth_buf ct;
};

static const char aad[] = "protected";
static const char msg[] = "thirty-one bytes of a plaintext";

static void seal(struct sealed *s, enum berth_enc e, size_t len)
{
	memset(s, 0, sizeof(*s));
	berth_random(s->key, sizeof(s->key));
	berth_random(s->iv, sizeof(s->iv));
	CHECK_OK(berth_aead_seal(e, &s->ct, s->tag, s->key, s->iv, aad, 9, msg, len));
}

/* Nothing that was in the buffer before may change, whatever happens. */
static enum berth_err open_with(struct sealed *s, enum berth_enc e, size_t iv_len, size_t tag_len,
				size_t aad_len, size_t ct_len, size_t want_len)
{
	struct berth_buf pt = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_str(&pt, "before");
	rc = berth_aead_open(e, &pt, s->key, s->iv, iv_len, s->tag, tag_len, aad, aad_len, s->ct.p, ct_len);
	CHECK(pt.len >= 6 && !memcmp(pt.p, "before", 6));
	CHECK(pt.len == 6 + (rc ? 0 : want_len) && pt.p[pt.len] == '\0');
	CHECK(rc || !memcmp(pt.p + 6, msg, want_len));
	berth_buf_free(&pt);
	return rc;
}

static void what_is_sealed_opens(void **state)
{
	(void)state;
	FOR_ENCS(e)
		for (size_t n = 0; n < sizeof(msg); n++) {
			struct sealed s;

			seal(&s, e, n);
			assert_int_equal(s.ct.len, e == BERTH_ENC_A256CBC_HS512 ? n / 16 * 16 + 16 : n);
			CHECK_OK(open_with(&s, e, berth_enc_iv_len(e), berth_enc_tag_len(e), 9, s.ct.len, n));
			berth_buf_free(&s.ct);
		}
}

static void c045_wrong_lengths_are_e_decrypt(void **state)
{
	(void)state;
	FOR_ENCS(e) {
		struct sealed s;
		size_t iv = berth_enc_iv_len(e), tag = berth_enc_tag_len(e);

		seal(&s, e, 31);
		for (size_t n = 0; n <= BERTH_IV_MAX; n++)
			CHECK_RC(n == iv ? BERTH_OK : BERTH_E_DECRYPT, open_with(&s, e, n, tag, 9, s.ct.len, 31));
		for (size_t n = 0; n <= BERTH_TAG_MAX; n++)
			CHECK_RC(n == tag ? BERTH_OK : BERTH_E_DECRYPT, open_with(&s, e, iv, n, 9, s.ct.len, 31));
		for (size_t n = 0; n < s.ct.len; n++)
			CHECK_RC(BERTH_E_DECRYPT, open_with(&s, e, iv, tag, 9, n, 31));
		CHECK_RC(BERTH_E_DECRYPT, open_with(&s, e, iv, tag, 8, s.ct.len, 31));
		berth_buf_free(&s.ct);
	}
}

/* every bit of what a stranger sends */
static size_t flips(struct sealed *s, enum berth_enc e, uint8_t *p, size_t n)
{
	size_t refused = 0;

	for (size_t bit = 0; bit < 8 * n; bit++) {
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused += open_with(s, e, berth_enc_iv_len(e), berth_enc_tag_len(e), 9, s->ct.len, 31) == BERTH_E_DECRYPT;
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	return refused;
}

static void c047_every_flipped_bit_is_e_decrypt(void **state)
{
	(void)state;
	FOR_ENCS(e) {
		struct sealed s;

		seal(&s, e, 31);
		assert_int_equal(flips(&s, e, s.iv, berth_enc_iv_len(e)), 8 * berth_enc_iv_len(e));
		assert_int_equal(flips(&s, e, s.tag, berth_enc_tag_len(e)), 8 * berth_enc_tag_len(e));
		assert_int_equal(flips(&s, e, s.ct.p, s.ct.len), 8 * s.ct.len);
		berth_buf_free(&s.ct);
	}
}

static void names(void **state)
{
	(void)state;
	FOR_ENCS(e)
		assert_int_equal(berth_enc_parse(berth_enc_name(e)), e);
	assert_int_equal(berth_enc_parse("A128CBC-HS256"), BERTH_ENC_NONE);
	assert_int_equal(berth_enc_parse("a256gcm"), BERTH_ENC_NONE);
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t tag[BERTH_TAG_MAX] = { 0 };
	CHECK_RC(BERTH_E_ALG, berth_aead_seal(BERTH_ENC_NONE, &b, tag, tag, tag, "", 0, "", 0));
	CHECK_RC(BERTH_E_ALG, berth_aead_open(BERTH_ENC_NONE, &b, tag, tag, 0, tag, 0, "", 0, "", 0));
}

static void key_wrap_lengths(void **state)
{
	uint8_t kek[32], key[80], wrapped[BERTH_WRAPPED_MAX + 8], back[BERTH_WRAPPED_MAX];
	size_t n, m;

	(void)state;
	berth_random(kek, 32);
	berth_random(key, 80);
	for (size_t len = 0; len <= 80; len++) {
		bool good = len % 8 == 0 && len >= 16 && len <= 64;

		CHECK_RC(good ? BERTH_OK : BERTH_E_KEY, berth_keywrap(wrapped, &n, kek, key, len));
		assert_int_equal(n, good ? len + 8 : 0);
		if (!good)
			continue;
		CHECK_OK(berth_keyunwrap(back, &m, kek, wrapped, n));
		assert_int_equal(m, len);
		assert_memory_equal(back, key, len);
		for (size_t cut = 0; cut < n; cut++) {
			uint8_t *exact = malloc(cut ? cut : 1);

			assert_non_null(exact);
			memcpy(exact, wrapped, cut);
			CHECK_RC(BERTH_E_DECRYPT, berth_keyunwrap(back, &m, kek, exact, cut));
			assert_int_equal(m, 0);
			free(exact);
		}
		CHECK_RC(BERTH_E_DECRYPT, berth_keyunwrap(back, &m, kek, wrapped, n + 8));
		wrapped[0] ^= 1;
		CHECK_RC(BERTH_E_DECRYPT, berth_keyunwrap(back, &m, kek, wrapped, n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_opens),
		cmocka_unit_test(c045_wrong_lengths_are_e_decrypt),
		cmocka_unit_test(c047_every_flipped_bit_is_e_decrypt),
		cmocka_unit_test(names),
		cmocka_unit_test(key_wrap_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
