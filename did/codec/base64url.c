/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/base64url.h"

#include <endian.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/base/sixteen.h"

/* Sixteen characters, and the twelve bytes that they say, at a time: without branches and
 * look-ups, so that a private key shows in no cache and no clock.  All of it is gcc's
 * vectors, which are of no architecture. */
#define CHARS 16u
#define BYTES 12u
#define SMALL 96u

typedef uint64_t wide __attribute__((vector_size(CHARS)));	/* six bytes, or eight characters */

/* Between characters as they stand in memory and numbers of which the first is the lowest byte. */
static inline wide little_endian(wide v)
{
	return (wide){ le64toh(v[0]), le64toh(v[1]) };
}

static size_t encoded_len(size_t n)
{
	return n / 3 * 4 + (n % 3 ? n % 3 + 1 : 0);
}

static size_t decoded_len(size_t n)
{
	return n / 4 * 3 + n % 4 * 3 / 4;
}

static inline uint64_t load_be(const uint8_t *b)
{
	uint64_t v;

	memcpy(&v, b, sizeof(v));
	return be64toh(v);
}

static inline void store_be(uint8_t *b, uint64_t v)
{
	v = htobe64(v);
	memcpy(b, &v, sizeof(v));
}

/* The alphabet is five ranges: what is added to a value changes where the next one begins. */
static sixteen_signed characters(sixteen_signed six)
{
	const sixteen_signed az = six > 25, digit = six > 51, dash = six > 61, low = six > 62;

	return (sixteen_signed)((sixteen)six + 'A' + (sixteen)(az & ('a' - 26 - 'A')) - (sixteen)(digit & ('a' - 26 - '0' + 52)) -
		       (sixteen)(dash & ('0' - 52 - '-' + 62)) + (sixteen)(low & ('_' - '-' - 1)));
}

static void encode12(char *w, const uint8_t *b)
{
	wide v = { load_be(b) >> 16, load_be(b + 4) };
	sixteen_signed text;

	v = (v >> 24 & 0xffffff) | v << 32;	/* 24 bits in each half of them, the first below */
	v = (v >> 12 & 0xfff00000fff) | (v & 0xfff00000fff) << 16;
	v = (v >> 6 & 0x3f003f003f003f) | (v & 0x3f003f003f003f) << 8;
	v = little_endian(v);
	text = characters((sixteen_signed)v);
	memcpy(w, &text, sizeof(text));
}

static void encode(char *w, const uint8_t *b, size_t n)
{
	struct {
		uint8_t b[BYTES];
		char text[CHARS];
	} last = { 0 };

	for (; n > BYTES; n -= BYTES, b += BYTES, w += CHARS)
		encode12(w, b);
	if (n)
		memcpy(last.b, b, n);
	encode12(last.text, last.b);
	memcpy(w, last.text, encoded_len(n));
	berth_wipe(&last, sizeof(last));
}

void berth_b64url_encode(struct berth_buf *out, const void *p, size_t n)
{
	char *w = (char *)berth_buf_grow(out, encoded_len(n));

	if (w)
		encode(w, p, n);
}

/* The values of sixteen characters.  *good stays all ones where there is one. */
static inline sixteen values(sixteen c, sixteen *good)
{
	const sixteen letter = sixteen_among(c | 0x20, 'z', 26), small = (sixteen)((sixteen_signed)c > '_');
	const sixteen digit = sixteen_among(c, '9', 10), dash = (sixteen)(c == '-'), low = (sixteen)(c == '_');

	*good &= letter | digit | dash | low;
	return (letter & (c - 'A' - (small & ('a' - 26 - 'A')))) | (digit & (c - '0' + 52)) | (dash & 62) | (low & 63);
}

static void decode16(uint8_t *w, const char *s, sixteen *good)
{
	sixteen c;
	wide v;

	memcpy(&c, s, sizeof(c));
	v = little_endian((wide)values(c, good));
	v = (v & 0xff00ff00ff00ff) << 6 | (v >> 8 & 0xff00ff00ff00ff);	/* twelve bits each */
	v = (v & 0xffff0000ffff) << 12 | (v >> 16 & 0xffff0000ffff);
	v = v << 40 | v >> 32 << 16;	/* six bytes each, above */
	store_be(w, v[0]);
	store_be(w + 4, v[0] << 32 | v[1] >> 16);
}

/* s has a possible length; what is wrong is found out at the end. */
static enum berth_err decode(uint8_t *w, const char *s, size_t n)
{
	struct {
		char text[CHARS];
		uint8_t b[BYTES];
	} last = { .text = "AAAAAAAAAAAAAAAA" };	/* what is missing is zero */
	sixteen good = (sixteen)((sixteen){ 0 } == 0);
	uint8_t rest = 0;
	size_t len;

	for (; n > CHARS; n -= CHARS, s += CHARS, w += BYTES)
		decode16(w, s, &good);
	len = decoded_len(n);
	if (n)
		memcpy(last.text, s, n);
	decode16(last.b, last.text, &good);
	if (len)
		memcpy(w, last.b, len);
	for (size_t i = len; i < BYTES; i++)
		rest |= last.b[i];
	berth_wipe(&last, sizeof(last));
	return sixteen_all_set(good) && !rest ? BERTH_OK : berth_fail(BERTH_E_B64, "base64url: bad character or trailing bits");
}

static enum berth_err bad_length(size_t n)
{
	return berth_fail(BERTH_E_B64, "base64url: %zu characters", n);
}

enum berth_err berth_b64url_decode(struct berth_buf *out, const char *s, size_t n)
{
	size_t before = out->len;
	enum berth_err rc;
	uint8_t *w;

	if (n % 4 == 1)
		return bad_length(n);
	w = berth_buf_grow(out, decoded_len(n));
	if (!w)
		return berth_fail(BERTH_E_NOMEM, "base64url: %zu characters", n);
	rc = decode(w, s, n);
	if (rc) {
		berth_wipe(w, out->len - before);
		out->len = before;
		*w = '\0';
	}
	return rc;
}

enum berth_err berth_b64url_decode_fixed(void *out, size_t want, const char *s, size_t n)
{
	enum berth_err rc;

	if (n != encoded_len(want)) {
		memset(out, 0, want);
		return bad_length(n);
	}
	rc = decode(out, s, n);
	if (rc)
		berth_wipe(out, want);
	return rc;
}

/* A text for a tree, which copies it: a key, a hash or a nonce is short. */
struct text {
	char small[SMALL];
	struct berth_buf large;
};

/* NULL: no memory. */
static const char *begin(struct text *t, const void *p, size_t n)
{
	t->large = (struct berth_buf)BERTH_BUF_INIT;
	if (n <= SMALL / 4 * 3 - 1) {
		encode(t->small, p, n);
		t->small[encoded_len(n)] = '\0';
		return t->small;
	}
	berth_b64url_encode(&t->large, p, n);
	return t->large.bad ? NULL : berth_buf_cstr(&t->large);
}

static void end(struct text *t)
{
	berth_wipe(t->small, sizeof(t->small));
	berth_buf_free(&t->large);
}

enum berth_err berth_json_set_b64url(struct berth_json *obj, const char *key, const void *p, size_t n)
{
	struct text t;
	enum berth_err rc = berth_json_set_str(obj, key, begin(&t, p, n));

	end(&t);
	return rc;
}

enum berth_err berth_json_push_b64url(struct berth_json *arr, const void *p, size_t n)
{
	struct text t;
	enum berth_err rc = berth_json_push_str(arr, begin(&t, p, n));

	end(&t);
	return rc;
}
