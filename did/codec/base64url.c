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
typedef uint32_t fours __attribute__((vector_size(CHARS)));	/* what four characters say */
typedef uint16_t twos __attribute__((vector_size(CHARS)));

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

/* 48 bits each -> six bits each, the first below.  What is above a number is shifted out. */
static inline sixteen sixes(wide v)
{
	fours f = (fours)(v << 16 >> 40 | v << 32);
	twos t = (twos)(f << 8 >> 20 | f << 20 >> 4);

	return (sixteen)(t >> 6 | t << 10 >> 2);
}

static void encode_blocks(char *w, const uint8_t *b, size_t n)
{
	for (; n > 0; n--, w += CHARS, b += BYTES) {
		wide v = { load_be(b) >> 16, load_be(b + 4) };
		sixteen_signed text = characters((sixteen_signed)little_endian((wide)sixes(v)));

		memcpy(w, &text, sizeof(text));
	}
}

static void encode(char *w, const uint8_t *b, size_t n)
{
	struct {
		uint8_t b[BYTES];
		char text[CHARS];
	} last = { 0 };
	const size_t blocks = n ? (n - 1) / BYTES : 0, rest = n - blocks * BYTES;

	if (!n)
		return;
	encode_blocks(w, b, blocks);
	memcpy(last.b, b + blocks * BYTES, rest);
	encode_blocks(last.text, last.b, 1);
	memcpy(w + blocks * CHARS, last.text, encoded_len(rest));
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

/* Six bits each -> 48 bits each, above. */
static inline wide joined(sixteen six)
{
	twos t = (twos)six;
	fours f = (fours)(t << 8 >> 2 | t >> 8);
	wide v = (wide)(f << 16 >> 4 | f >> 16);

	return v << 40 | v >> 32 << 16;
}

/* Returns good, with zeros for what is no character. */
static sixteen decode_blocks(uint8_t *w, const char *s, size_t n, sixteen good)
{
	for (; n > 0; n--, w += BYTES, s += CHARS) {
		wide v = joined((sixteen)little_endian((wide)values(sixteen_at(s), &good)));

		store_be(w, v[0]);
		store_be(w + 4, v[0] << 32 | v[1] >> 16);
	}
	return good;
}

/* s has a possible length; what is wrong is found out at the end. */
static enum berth_err decode(uint8_t *w, const char *s, size_t n)
{
	struct {
		char text[CHARS];
		uint8_t b[BYTES];
	} last = { .text = "AAAAAAAAAAAAAAAA" };	/* what is missing is zero */
	const size_t blocks = n ? (n - 1) / CHARS : 0, len = decoded_len(n - blocks * CHARS);
	sixteen good = (sixteen)((sixteen){ 0 } == 0);
	uint8_t rest = 0;

	good = decode_blocks(w, s, blocks, good);
	if (n)
		memcpy(last.text, s + blocks * CHARS, n - blocks * CHARS);
	good = decode_blocks(last.b, last.text, 1, good);
	if (len)
		memcpy(w + blocks * BYTES, last.b, len);
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
