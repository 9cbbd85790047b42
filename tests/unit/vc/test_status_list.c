/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/json.h"

#include "did/codec/base64url.h"
#include "did/jose/jws.h"
#include "vc/status_list.h"

#define W3C "tests/vectors/bitstring-status-list/"
#define IETF "tests/vectors/token-status-list/"

static const char *str_of(const struct berth_json *o, const char *member)
{
	const char *s = berth_json_str(berth_json_get(o, member));

	CHECK(s != NULL);
	return s;
}

/* ---- vectors ---- */

static void bitstring_vectors(void **state)
{
	struct berth_json *lists = test_json_file(W3C "encoded-lists.json"), *examples = test_json_file(W3C "spec-examples.json");
	size_t passed = 0, total = 0;
	struct berth_status_list l;
	unsigned v;

	(void)state;
	berth_json_each(it, lists) {
		const char *text = str_of(it, "encodedList");

		total++;
		CHECK_OK(berth_status_list_decode(&l, BERTH_STATUS_BITSTRING, 1, text, strlen(text)));
		CHECK(berth_status_list_entries(&l) == (size_t)berth_json_num(berth_json_get(it, "length_bits")));
		for (uint64_t i = 0; i < berth_status_list_entries(&l); i++) {
			CHECK_OK(berth_status_list_get(&l, i, &v));
			CHECK(v == 0);
		}
		passed++;
		berth_status_list_free(&l);
	}
	berth_json_each(it, examples) {
		if (!berth_json_get(berth_json_get(it, "credentialSubject"), "encodedList"))
			continue;	/* a credential that refers to a list */
		total++;
		passed += berth_status_list_read(&l, it) == BERTH_OK;
		berth_status_list_free(&l);
	}
	VECTORS("bitstring-status-list", passed, total);
	assert_int_equal(passed, 3);
	berth_json_free(lists);
	berth_json_free(examples);
}

/* The bytes of each small list, both ways. */
static size_t small_vectors(size_t *total)
{
	struct berth_json *small = test_json_file(IETF "small-vectors.json");
	struct berth_status_list l;
	size_t passed = 0;

	berth_json_each(it, small) {
		const char *text = str_of(it, "lst");
		struct berth_buf hex = BERTH_BUF_INIT, again = BERTH_BUF_INIT;

		(*total)++;
		CHECK_OK(berth_status_list_decode(&l, BERTH_STATUS_TOKEN, (unsigned)berth_json_num(berth_json_get(it, "bits")),
						  text, strlen(text)));
		for (size_t i = 0; i < l.len; i++)
			berth_buf_printf(&hex, "%02x", l.b[i]);
		CHECK_OK(berth_status_list_encode(&again, &l));
		passed += !strcmp(berth_buf_cstr(&hex), str_of(it, "bytes_hex")) && !strcmp(berth_buf_cstr(&again), text);
		berth_buf_free(&hex);
		berth_buf_free(&again);
		berth_status_list_free(&l);
	}
	berth_json_free(small);
	return passed;
}

/* A long list has exactly the statuses that its table names. */
static size_t long_vector(const char *table, const char *file)
{
	struct berth_json *t = test_json_file(table), *doc = test_json_file(file);
	struct berth_status_list l;
	size_t set = 0, named = 0;
	unsigned v;

	CHECK_OK(berth_status_list_read(&l, doc));
	for (uint64_t i = 0; i < berth_status_list_entries(&l); i++) {
		CHECK_OK(berth_status_list_get(&l, i, &v));
		set += v != 0;
	}
	berth_json_each(it, berth_json_get(t, "statuses")) {
		CHECK_OK(berth_status_list_get(&l, (uint64_t)berth_json_num(berth_json_at(it, 0)), &v));
		CHECK(v == (unsigned)berth_json_num(berth_json_at(it, 1)));
		named += v != 0;
	}
	berth_status_list_free(&l);
	berth_json_free(t);
	berth_json_free(doc);
	return set == named;
}

static size_t token_vector(void)
{
	static const unsigned want[] = { 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1 };
	struct berth_json *payload;
	struct berth_status_list l;
	struct berth_jws j;
	size_t n, same = 0;
	unsigned v;
	char *text = test_read_file(IETF "status_list_jwt_raw.jwt", &n);

	CHECK_OK(berth_jws_parse(&j, text, strcspn(text, "\n"), BERTH_STATUS_FILE_MAX));
	CHECK(!strcmp(j.typ, "statuslist+jwt"));
	CHECK_OK(berth_json_parse_object(&payload, berth_buf_cstr(&j.payload), j.payload.len, BERTH_JSON_MAX));
	CHECK_OK(berth_status_list_read(&l, payload));
	for (uint64_t i = 0; i < 16; i++) {
		CHECK_OK(berth_status_list_get(&l, i, &v));
		same += v == want[i];
	}
	CHECK_RC(BERTH_E_STATUS, berth_status_list_get(&l, 16, &v));
	berth_status_list_free(&l);
	berth_json_free(payload);
	berth_jws_free(&j);
	free(text);
	return same == 16;
}

/* ---- the same lists where CBOR is around them.  We read no CBOR, but the zlib stream in
 * it is the one of the JSON. ---- */

/* The octets behind the text "lst": of one byte string, 4n 58nn 59nnnn. */
static const uint8_t *find_lst(const struct berth_buf *cbor, size_t *n)
{
	const uint8_t *p = memmem(cbor->p, cbor->len, "\x63lst", 4);

	CHECK(p != NULL);
	p += 4;
	*n = *p & 31;
	if (*p == 0x58)
		*n = *++p;
	else if (*p == 0x59) {
		*n = (size_t)p[1] << 8 | p[2];
		p += 2;
	}
	p++;
	CHECK((size_t)(p - cbor->p) + *n <= cbor->len);
	return p;
}

static void unhex(struct berth_buf *out, const char *s)
{
	static const char digits[] = "0123456789abcdef";

	for (; *s && s[1] && strchr(digits, *s) && strchr(digits, s[1]); s += 2)
		berth_buf_u8(out, (uint8_t)((strchr(digits, *s) - digits) << 4 | (strchr(digits, s[1]) - digits)));
}

/* Whether the list in this CBOR (hex) has these octets. */
static bool same_list(const char *hex, const uint8_t *want, size_t want_len)
{
	struct berth_buf cbor = BERTH_BUF_INIT;
	const uint8_t *lst;
	uint8_t *got;
	size_t n, len;
	bool same;

	unhex(&cbor, hex);
	lst = find_lst(&cbor, &n);
	CHECK_OK(berth_status_inflate(&got, &len, lst, n, false));
	same = len == want_len && !memcmp(got, want, len);
	free(got);
	berth_buf_free(&cbor);
	return same;
}

static size_t cbor_small_vectors(size_t *total)
{
	struct berth_json *small = test_json_file(IETF "small-vectors.json");
	size_t passed = 0;

	berth_json_each(it, small) {
		struct berth_buf bytes = BERTH_BUF_INIT;

		(*total)++;
		unhex(&bytes, str_of(it, "bytes_hex"));
		passed += same_list(str_of(it, "cbor_hex"), bytes.p, bytes.len);
		berth_buf_free(&bytes);
	}
	berth_json_free(small);
	return passed;
}

static size_t cbor_long_vector(const char *hex_file, const char *json_file)
{
	struct berth_json *doc = test_json_file(json_file);
	char *hex = test_read_file(hex_file, &(size_t){ 0 });
	struct berth_status_list l;
	bool same;

	CHECK_OK(berth_status_list_read(&l, doc));
	same = same_list(hex, l.b, l.len);
	berth_status_list_free(&l);
	berth_json_free(doc);
	free(hex);
	return same;
}

/* "byte_array = [0xb9, 0xa3] encoded: ..." */
static size_t text_vector(const char *file, bool cbor)
{
	char *text = test_read_file(file, &(size_t){ 0 }), *at = strstr(text, "encoded:"), *p = strchr(text, '[');
	struct berth_status_list l = { .b = NULL };
	uint8_t want[8];
	size_t n = 0;
	bool same;

	CHECK(at && p);
	*at = '\0';
	for (; (p = strstr(p, "0x")); p += 2)
		want[n++] = (uint8_t)strtoul(p, NULL, 16);
	at += strlen("encoded:") + 1;
	if (cbor) {
		same = same_list(at, want, n);
	} else {
		struct berth_json *doc;

		CHECK_OK(berth_json_parse(&doc, at, strlen(at), BERTH_JSON_MAX));
		CHECK_OK(berth_status_list_read(&l, doc));
		same = l.len == n && !memcmp(l.b, want, n);
		berth_json_free(doc);
	}
	berth_status_list_free(&l);
	free(text);
	return same;
}

/* Tokens in CBOR are no tokens of ours, with a list in them or without. */
static size_t cwt_vector(const char *file, bool has_list)
{
	static const uint8_t want[] = { 0xb9, 0xa3 };
	char *hex = test_read_file(file, &(size_t){ 0 });
	struct berth_buf cwt = BERTH_BUF_INIT;
	struct berth_jws j;
	bool fine = !has_list || same_list(hex, want, sizeof(want));

	unhex(&cwt, hex);
	CHECK_RC(BERTH_E_B64, berth_jws_parse(&j, (const char *)cwt.p, cwt.len, BERTH_STATUS_FILE_MAX));
	berth_buf_free(&cwt);
	free(hex);
	return fine;
}

/* What the text for people says, the token says (and an iss besides). */
static size_t token_text(void)
{
	char *text = test_read_file(IETF "status_list_jwt.txt", &(size_t){ 0 }), *dot = strstr(text, "\n.\n");
	char *token = test_read_file(IETF "status_list_jwt_raw.jwt", &(size_t){ 0 });
	struct berth_json *want, *got;
	struct berth_jws j;
	bool same;

	CHECK(dot != NULL);
	CHECK_OK(berth_json_parse(&want, dot + 3, strlen(dot + 3), BERTH_JSON_MAX));
	CHECK_OK(berth_jws_parse(&j, token, strcspn(token, "\n"), BERTH_STATUS_FILE_MAX));
	CHECK_OK(berth_json_parse(&got, berth_buf_cstr(&j.payload), j.payload.len, BERTH_JSON_MAX));
	same = berth_json_len(want) == 5;
	berth_json_each(it, want)
		same = same && berth_json_equal(it, berth_json_get(got, berth_json_key(it)));
	berth_json_free(want);
	berth_json_free(got);
	berth_jws_free(&j);
	free(token);
	free(text);
	return same;
}

static void token_vectors(void **state)
{
	size_t total = 12, passed;

	(void)state;
	passed = long_vector(IETF "testvector-1bit-statuses.json", IETF "status_list_encoding1_long_json.json") +
		 long_vector(IETF "testvector-2bit-statuses.json", IETF "status_list_encoding2_long_json.json") +
		 token_vector() + token_text() + text_vector(IETF "status_list_encoding_json.txt", false) +
		 text_vector(IETF "status_list_encoding2_json.txt", false) +
		 text_vector(IETF "status_list_encoding_cbor.txt", true) +
		 text_vector(IETF "status_list_encoding2_cbor.txt", true) +
		 cbor_long_vector(IETF "status_list_encoding1_long_cbor.hex", IETF "status_list_encoding1_long_json.json") +
		 cbor_long_vector(IETF "status_list_encoding2_long_cbor.hex", IETF "status_list_encoding2_long_json.json") +
		 cwt_vector(IETF "status_list_cwt.hex", true) + cwt_vector(IETF "referenced_token_cwt.hex", false);
	passed += small_vectors(&total) + cbor_small_vectors(&total);
	VECTORS("token-status-list", passed, total);
	assert_int_equal(passed, 16);
	assert_int_equal(total, 16);
}

/* ---- entries ---- */

static void entries_of_every_width(void **state)
{
	static const enum berth_status_kind kinds[] = { BERTH_STATUS_BITSTRING, BERTH_STATUS_TOKEN };
	struct berth_status_list l;
	unsigned v;

	(void)state;
	for (size_t k = 0; k < 2; k++)
		for (unsigned bits = 1; bits <= 8; bits++) {
			if (kinds[k] == BERTH_STATUS_TOKEN && (bits & (bits - 1))) {
				CHECK_RC(BERTH_E_STATUS, berth_status_list_new(&l, kinds[k], bits, 131072));
				continue;
			}
			CHECK_OK(berth_status_list_new(&l, kinds[k], bits, 131072));
			for (uint64_t i = 0; i < 40; i++)
				CHECK_OK(berth_status_list_set(&l, i, (unsigned)(i * 7) & ((1u << bits) - 1)));
			for (uint64_t i = 0; i < 40; i++) {
				CHECK_OK(berth_status_list_get(&l, i, &v));
				CHECK(v == ((unsigned)(i * 7) & ((1u << bits) - 1)));
			}
			CHECK_RC(BERTH_E_USAGE, berth_status_list_set(&l, 0, 1u << bits));
			CHECK_RC(BERTH_E_STATUS, berth_status_list_set(&l, berth_status_list_entries(&l), 0));
			CHECK_OK(berth_status_list_set(&l, berth_status_list_entries(&l) - 1, 1));
			berth_status_list_free(&l);
		}
	CHECK_RC(BERTH_E_STATUS, berth_status_list_new(&l, BERTH_STATUS_BITSTRING, 9, 131072));
	CHECK_RC(BERTH_E_STATUS, berth_status_list_new(&l, BERTH_STATUS_BITSTRING, 0, 131072));
	CHECK_RC(BERTH_E_STATUS, berth_status_list_new(&l, BERTH_STATUS_2021, 2, 131072));
	CHECK_RC(BERTH_E_SIZE, berth_status_list_new(&l, BERTH_STATUS_TOKEN, 1, 0));
	CHECK_OK(berth_status_list_new(&l, BERTH_STATUS_TOKEN, 8, BERTH_STATUS_BYTES_MAX));
	berth_status_list_free(&l);
	CHECK_RC(BERTH_E_SIZE, berth_status_list_new(&l, BERTH_STATUS_TOKEN, 8, BERTH_STATUS_BYTES_MAX + 1));
}

static void bit_order(void **state)
{
	struct berth_status_list l;

	(void)state;
	CHECK_OK(berth_status_list_new(&l, BERTH_STATUS_BITSTRING, 1, 131072));
	CHECK_OK(berth_status_list_set(&l, 0, 1));	/* "the first index, with a value of zero, is located at the left-most bit" */
	CHECK(l.b[0] == 0x80);
	CHECK_OK(berth_status_list_set(&l, 0, 0));
	CHECK_OK(berth_status_list_widen(&l, 1));
	berth_status_list_free(&l);
	CHECK_OK(berth_status_list_new(&l, BERTH_STATUS_TOKEN, 2, 8));
	CHECK_OK(berth_status_list_set(&l, 1, 2));
	CHECK(l.b[0] == 0x08);
	CHECK_RC(BERTH_E_STATUS, berth_status_list_widen(&l, 1));
	CHECK_OK(berth_status_list_widen(&l, 2));
	berth_status_list_free(&l);
}

static void c125_too_short_and_no_such_index(void **state)
{
	static const char *const none[] = { "", "-1", "+1", "1e3", " 1", "1 ", "01", "0x1", "1.0", "18446744073709551616" };
	struct berth_status_list l;
	struct berth_buf text = BERTH_BUF_INIT;
	uint64_t i;
	unsigned v;

	(void)state;
	CHECK_RC(BERTH_E_STATUS, berth_status_list_new(&l, BERTH_STATUS_BITSTRING, 1, 131064));
	CHECK_OK(berth_status_list_new(&l, BERTH_STATUS_BITSTRING, 1, 131072));
	CHECK_RC(BERTH_E_STATUS, berth_status_list_get(&l, 131072, &v));
	CHECK_RC(BERTH_E_STATUS, berth_status_list_get(&l, UINT64_MAX, &v));
	CHECK_OK(berth_status_list_get(&l, 131071, &v));
	CHECK_RC(BERTH_E_STATUS, berth_status_list_widen(&l, 2));	/* half as many */
	l.bits = 1;
	l.len--;
	CHECK_OK(berth_status_list_encode(&text, &l));
	berth_status_list_free(&l);
	CHECK_RC(BERTH_E_STATUS, berth_status_list_decode(&l, BERTH_STATUS_BITSTRING, 1, berth_buf_cstr(&text), text.len));
	berth_buf_free(&text);
	for (size_t k = 0; k < sizeof(none) / sizeof(none[0]); k++)
		CHECK_RC(BERTH_E_STATUS, berth_status_index(none[k], &i));
	CHECK_RC(BERTH_E_STATUS, berth_status_index(NULL, &i));
	CHECK_OK(berth_status_index("0", &i));
	CHECK(i == 0);
	CHECK_OK(berth_status_index("999999999999999999", &i));
	CHECK(i == UINT64_C(999999999999999999));
}

/* ---- packing ---- */

/* A gzip or zlib stream of n zeros. */
static struct berth_buf packed(size_t n, bool gzip)
{
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t *zeros = calloc(1, n);

	CHECK(zeros != NULL);
	CHECK_OK(berth_status_deflate(&b, zeros, n, gzip));
	free(zeros);
	return b;
}

static enum berth_err inflate(const struct berth_buf *b, size_t n, bool gzip)
{
	uint8_t *out, *exact = malloc(n ? n : 1);	/* so that ASan sees an over-read */
	size_t len;
	enum berth_err rc;

	CHECK(exact != NULL);
	memcpy(exact, b->p, n);
	rc = berth_status_inflate(&out, &len, exact, n, gzip);
	free(out);
	free(exact);
	return rc;
}

static void c126_damage_is_e_status(void **state)
{
	(void)state;
	for (int gzip = 0; gzip < 2; gzip++) {
		struct berth_buf b = packed(16384, gzip), twice = BERTH_BUF_INIT;

		CHECK_OK(inflate(&b, b.len, gzip));
		for (size_t n = 0; n < b.len; n++)
			CHECK_RC(BERTH_E_STATUS, inflate(&b, n, gzip));
		CHECK_RC(BERTH_E_STATUS, inflate(&b, b.len, !gzip));
		for (size_t i = b.len - 4; i < b.len; i++) {	/* length or checksum */
			b.p[i] ^= 1;
			CHECK_RC(BERTH_E_STATUS, inflate(&b, b.len, gzip));
			b.p[i] ^= 1;
		}
		if (gzip) {
			b.p[b.len - 8] ^= 1;	/* CRC */
			CHECK_RC(BERTH_E_STATUS, inflate(&b, b.len, gzip));
			b.p[b.len - 8] ^= 1;
		}
		berth_buf_put(&twice, b.p, b.len);
		berth_buf_put(&twice, b.p, b.len);	/* a second member */
		CHECK_RC(BERTH_E_STATUS, inflate(&twice, twice.len, gzip));
		berth_buf_u8(&b, 0);			/* a byte behind */
		CHECK_RC(BERTH_E_STATUS, inflate(&b, b.len, gzip));
		berth_buf_free(&b);
		berth_buf_free(&twice);
	}
}

static void a_bomb_is_not_inflated(void **state)
{
	struct berth_buf most = packed(BERTH_STATUS_BYTES_MAX, true), more = packed(BERTH_STATUS_BYTES_MAX + 1, true),
			 bomb = packed(BERTH_STATUS_BYTES_MAX / 2 * 3, true);

	(void)state;
	CHECK_OK(inflate(&most, most.len, true));
	CHECK_RC(BERTH_E_STATUS, inflate(&more, more.len, true));
	CHECK_RC(BERTH_E_STATUS, inflate(&bomb, bomb.len, true));
	berth_buf_free(&most);
	berth_buf_free(&more);
	berth_buf_free(&bomb);
}

static void texts_are_canonical(void **state)
{
	static const char good[] = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA";
	struct berth_status_list l;
	char bad[sizeof(good) + 1];

	(void)state;
	CHECK_OK(berth_status_list_decode(&l, BERTH_STATUS_BITSTRING, 1, good, strlen(good)));
	berth_status_list_free(&l);
	CHECK_OK(berth_status_list_decode(&l, BERTH_STATUS_2021, 1, good + 1, strlen(good) - 1));
	berth_status_list_free(&l);
	CHECK_RC(BERTH_E_STATUS, berth_status_list_decode(&l, BERTH_STATUS_BITSTRING, 1, good + 1, strlen(good) - 1));
	CHECK_RC(BERTH_E_STATUS, berth_status_list_decode(&l, BERTH_STATUS_2021, 1, good, strlen(good)));
	CHECK_RC(BERTH_E_STATUS, berth_status_list_decode(&l, BERTH_STATUS_BITSTRING, 1, "", 0));
	CHECK_RC(BERTH_E_STATUS, berth_status_list_decode(&l, BERTH_STATUS_BITSTRING, 1, "u", 1));
	snprintf(bad, sizeof(bad), "%s=", good);
	CHECK_RC(BERTH_E_STATUS, berth_status_list_decode(&l, BERTH_STATUS_BITSTRING, 1, bad, strlen(bad)));
	for (size_t n = 0; n < strlen(good); n++)
		CHECK_RC(BERTH_E_STATUS, berth_status_list_decode(&l, BERTH_STATUS_BITSTRING, 1, good, n));
}

static void documents_that_hold_none(void **state)
{
	static const char *const none[] = {
		"{}", "[]", "1", "{\"credentialSubject\":{}}", "{\"credentialSubject\":[]}", "{\"encodedList\":1}",
		"{\"encodedList\":\"u\"}", "{\"status_list\":{}}", "{\"status_list\":{\"bits\":3,\"lst\":\"eNrbuRgAAhcBXQ\"}}",
		"{\"status_list\":{\"lst\":\"eNrbuRgAAhcBXQ\"}}", "{\"status_list\":{\"bits\":\"1\",\"lst\":\"eNrbuRgAAhcBXQ\"}}",
		"{\"type\":\"X\",\"encodedList\":\"uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA\"}",
	};
	struct berth_status_list l;
	struct berth_json *doc;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		CHECK_OK(berth_json_parse(&doc, none[i], strlen(none[i]), 4096));
		CHECK_RC(BERTH_E_STATUS, berth_status_list_read(&l, doc));
		berth_json_free(doc);
	}
}

static enum berth_err there_and_back(void *arg)
{
	struct berth_status_list l;
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	(void)arg;
	if (!(rc = berth_status_list_new(&l, BERTH_STATUS_BITSTRING, 1, 131072)))
		rc = berth_status_list_encode(&text, &l);
	berth_status_list_free(&l);
	if (!rc)
		rc = berth_status_list_decode(&l, BERTH_STATUS_BITSTRING, 1, berth_buf_cstr(&text), text.len);
	berth_status_list_free(&l);
	berth_buf_free(&text);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	(void)state;
	CHECK(test_every_allocation_fails(there_and_back, NULL) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bitstring_vectors),
		cmocka_unit_test(token_vectors),
		cmocka_unit_test(entries_of_every_width),
		cmocka_unit_test(bit_order),
		cmocka_unit_test(c125_too_short_and_no_such_index),
		cmocka_unit_test(c126_damage_is_e_status),
		cmocka_unit_test(a_bomb_is_not_inflated),
		cmocka_unit_test(texts_are_canonical),
		cmocka_unit_test(documents_that_hold_none),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
