/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/base64url.h"

#include <endian.h>
#include <string.h>

#include "did/base/secret.h"

/* Sixteen characters, and the twelve bytes that they say, at a time: without branches and
 * look-ups, so that a private key shows in no cache and no clock.  All of it is gcc's
 * vectors, which are of no architecture. */
#define CHARS 16u
#define BYTES 12u

typedef signed char chars __attribute__((vector_size(CHARS)));
typedef unsigned char uchars __attribute__((vector_size(CHARS)));
typedef uint32_t groups __attribute__((vector_size(CHARS)));	/* of three bytes, or four characters */

/* Between characters as they stand in memory and numbers of which the first is the lowest byte. */
static inline groups little_endian(groups v)
{
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		return v;
	return v << 24 | (v & 0xff00) << 8 | (v >> 8 & 0xff00) | v >> 24;
}

static size_t encoded_len(size_t n)
{
	return n / 3 * 4 + (n % 3 ? n % 3 + 1 : 0);
}

static size_t decoded_len(size_t n)
{
	return n / 4 * 3 + n % 4 * 3 / 4;
}

static uint32_t load_be(const uint8_t *b)
{
	uint32_t v;

	memcpy(&v, b, sizeof(v));
	return be32toh(v);
}

static void store_be(uint8_t *b, uint32_t v)
{
	v = htobe32(v);
	memcpy(b, &v, sizeof(v));
}

/* The alphabet is five ranges: what is added to a value changes where the next one begins. */
static chars characters(chars six)
{
	const chars az = six > 25, digit = six > 51, dash = six > 61, low = six > 62;

	return (chars)((uchars)six + 'A' + (uchars)(az & ('a' - 26 - 'A')) - (uchars)(digit & ('a' - 26 - '0' + 52)) -
		       (uchars)(dash & ('0' - 52 - '-' + 62)) + (uchars)(low & ('_' - '-' - 1)));
}

/* Reads one byte more than it uses. */
static void encode12(char *w, const uint8_t *b)
{
	const groups v = { load_be(b), load_be(b + 3), load_be(b + 6), load_be(b + 9) };
	const groups six = v >> 26 | (v >> 20 & 63) << 8 | (v >> 14 & 63) << 16 | (v >> 8 & 63) << 24;
	const chars text = characters((chars)little_endian(six));

	memcpy(w, &text, sizeof(text));
}

void berth_b64url_encode(struct berth_buf *out, const void *p, size_t n)
{
	struct {
		uint8_t b[BYTES + 1];
		char text[CHARS];
	} last = { 0 };
	const uint8_t *b = p;
	char *w = (char *)berth_buf_grow(out, encoded_len(n));

	if (!w)
		return;
	for (; n > BYTES; n -= BYTES, b += BYTES, w += CHARS)
		encode12(w, b);
	if (n)
		memcpy(last.b, b, n);
	encode12(last.text, last.b);
	memcpy(w, last.text, encoded_len(n));
	berth_wipe(&last, sizeof(last));
}

/* Adds what those of c stand for that are one of the n characters from first on, whose
 * values begin at six.  *good: all ones where there was one. */
static inline uchars range(uchars v, uchars c, uint8_t first, uint8_t n, uint8_t six, chars *good)
{
	const uchars at = c - first;
	const chars in = at < n;

	*good |= in;
	return v | ((at + six) & (uchars)in);
}

/* Writes one byte more than it decodes. */
static void decode16(uint8_t *w, const char *s, chars *good)
{
	chars in = { 0 };
	uchars c, six;
	groups v;

	memcpy(&c, s, sizeof(c));
	six = range((uchars){ 0 }, c, 'A', 26, 0, &in);
	six = range(six, c, 'a', 26, 26, &in);
	six = range(six, c, '0', 10, 52, &in);
	six = range(six, c, '-', 1, 62, &in);
	six = range(six, c, '_', 1, 63, &in);
	*good &= in;
	v = little_endian((groups)six);
	v = (v & 0x3f003f) << 6 | (v >> 8 & 0x3f003f);	/* twelve bits each */
	v = v << 20 | (v >> 8 & 0xfff00);
	store_be(w, v[0]);
	store_be(w + 3, v[1]);
	store_be(w + 6, v[2]);
	store_be(w + 9, v[3]);
}

static bool all_set(chars good)
{
	uint64_t halves[2];

	memcpy(halves, &good, sizeof(good));
	return (halves[0] & halves[1]) == UINT64_MAX;
}

/* s has a possible length; what is wrong is found out at the end. */
static enum berth_err decode(uint8_t *w, const char *s, size_t n)
{
	struct {
		char text[CHARS];
		uint8_t b[BYTES + 1];
	} last = { .text = "AAAAAAAAAAAAAAAA" };	/* what is missing is zero */
	chars good = (chars){ 0 } == 0;
	uint8_t rest = 0;
	size_t len;

	for (; n > CHARS; n -= CHARS, s += CHARS, w += BYTES)	/* at least a byte follows */
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
	return all_set(good) && !rest ? BERTH_OK : berth_fail(BERTH_E_B64, "base64url: bad character or trailing bits");
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

enum berth_err berth_json_set_b64url(struct berth_json *obj, const char *key, const void *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_b64url_encode(&text, p, n);
	if (!(rc = berth_buf_status(&text)))
		rc = berth_json_set_str(obj, key, berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_json_push_b64url(struct berth_json *arr, const void *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_b64url_encode(&text, p, n);
	if (!(rc = berth_buf_status(&text)))
		rc = berth_json_push_str(arr, berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}
