/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/tmpdir.h"
#include "tests/fakes/verifier.h"

#include <sys/stat.h>
#include <unistd.h>

#include "did/base/secret.h"
#include "vc/formats.h"
#include "vc/status.h"

#define LIST "https://example.com/status/3"
#define TOKEN "https://example.com/status/4"

static struct test_party subject;
static char dir[TMPDIR_LEN];

static int setup(void **state)
{
	(void)state;
	test_verifier_make(PARTY_KEY_P256, PARTY_KEY_P256);
	test_party_make(&subject, kr, PARTY_KEY_P256, "subject");
	return 0;
}

static int fresh(void **state)
{
	(void)state;
	test_tmpdir(dir);
	test_verifier_fresh(NULL, NULL);
	v.status_dir = dir;
	return 0;
}

static int clean(void **state)
{
	(void)state;
	test_tmpdir_remove(dir);
	return 0;
}

static void put(const char *name, const char *text)
{
	test_write_file(test_path(dir, name), text, strlen(text), 0600);
}

/* ---- lists ---- */

/* The text of a list with one entry set. */
static void packed(struct berth_buf *out, enum berth_status_kind kind, unsigned bits, uint64_t index, unsigned value)
{
	struct berth_status_list l;

	CHECK_OK(berth_status_list_new(&l, kind, bits, 131072));
	CHECK_OK(berth_status_list_set(&l, index, value));
	CHECK_OK(berth_status_list_encode(out, &l));
	berth_status_list_free(&l);
}

struct how {
	const struct test_party *by;	/* NULL: the issuer */
	const char *id, *purpose, *more, *subject_more;	/* NULL: the usual */
	unsigned bits, value;
	uint64_t index;
	bool di, old_type;
};

static char *list_text(const struct how *h)
{
	const struct test_party *by = h->by ? h->by : &issuer;
	enum berth_status_kind kind = h->old_type ? BERTH_STATUS_2021 : BERTH_STATUS_BITSTRING;
	struct berth_issue how = { .format = h->di ? BERTH_FORMAT_DI : BERTH_FORMAT_VC_JWT, .kid = by->kid,
				   .di = { .created_s = -1 } };
	struct berth_buf text = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
	struct berth_json *vc;
	char *s;

	packed(&text, kind, h->bits ? h->bits : 1, h->index, h->value);
	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"id\":\"%s\",\"type\":[\"VerifiableCredential\","
			   "\"BitstringStatusListCredential\"],\"issuer\":\"%s\",\"credentialSubject\":{\"type\":\"%s\","
			   "\"statusPurpose\":%s,\"encodedList\":\"%s\"%s}%s}", h->id ? h->id : LIST, by->did,
		       h->old_type ? "StatusList2021" : "BitstringStatusList", h->purpose ? h->purpose : "\"revocation\"",
		       berth_buf_cstr(&text), h->subject_more ? h->subject_more : "", h->more ? h->more : "") > 0);
	vc = test_json(s);
	CHECK_OK(berth_issue_credential(&out, kr, &how, vc));
	berth_json_free(vc);
	berth_buf_free(&text);
	free(s);
	return test_take(&out);
}

static void put_list(const char *name, const struct how *h)
{
	char *text = list_text(h);

	put(name, text);
	free(text);
}

/* A status list token; more: further claims, with a comma in front. */
static void put_token(const char *name, const struct test_party *by, const char *typ, uint64_t index, unsigned value,
		      const char *more)
{
	struct berth_buf text = BERTH_BUF_INIT;
	char *header, *payload, *token;

	packed(&text, BERTH_STATUS_TOKEN, 2, index, value);
	CHECK(asprintf(&header, "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"%s\"}", by == &issuer ? "EdDSA" : "ES256",
		       by->kid, typ) > 0);
	CHECK(asprintf(&payload, "{\"sub\":\"" TOKEN "\",\"status_list\":{\"bits\":2,\"lst\":\"%s\"}%s}",
		       berth_buf_cstr(&text), more) > 0);
	token = test_party_forge(by, header, payload);
	put(name, token);
	berth_buf_free(&text);
	free(header);
	free(payload);
	free(token);
}

/* ---- credentials ---- */

static char *credential(const char *status)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *vc;
	char *s;

	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"type\":[\"VerifiableCredential\"],\"issuer\":\"%s\","
			   "\"credentialSubject\":{\"id\":\"%s\"},%s}", issuer.did, subject.did, status) > 0);
	vc = test_json(s);
	CHECK_OK(berth_vc_issue(&b, kr, issuer.kid, vc));
	berth_json_free(vc);
	free(s);
	return test_take(&b);
}

#define ENTRY(index, purpose, more) \
	"{\"type\":\"BitstringStatusListEntry\",\"statusPurpose\":\"" purpose "\",\"statusListIndex\":" index "," \
	"\"statusListCredential\":\"" LIST "\"" more "}"
#define ONE "\"credentialStatus\":" ENTRY("\"94567\"", "revocation", "")

static void expect(enum berth_err want, enum berth_check check, const char *status)
{
	char *token = credential(status);
	struct berth_report r;

	CHECK_RC(want, berth_vc_verify(&r, &v, token, strlen(token)));
	if (r.status != check)
		fail_msg("%s: check %d, want %d (%s)", status, r.status, check, r.detail);
	CHECK(r.verified == (want == BERTH_OK) && r.signature == BERTH_CHECK_PASSED);
	berth_report_free(&r);
	free(token);
}

static void expect_passed(const char *status) { expect(BERTH_OK, BERTH_CHECK_PASSED, status); }
static void expect_failed(const char *status) { expect(BERTH_E_STATUS, BERTH_CHECK_FAILED, status); }

/* ---- the W3C's ---- */

static void an_entry_says_yes_or_no(void **state)
{
	(void)state;
	for (int di = 0; di < 2; di++) {
		put_list("list", &(struct how){ .index = 94567, .value = 0, .di = di });
		expect_passed(ONE);
		put_list("list", &(struct how){ .index = 94567, .value = 1, .di = di });
		expect_failed(ONE);
		put_list("list", &(struct how){ .index = 94566, .value = 1, .di = di });
		expect_passed(ONE);
	}
}

static void suspension_and_messages(void **state)
{
	(void)state;
	put_list("list", &(struct how){ .purpose = "[\"revocation\",\"suspension\"]", .index = 5, .value = 1 });
	expect_failed("\"credentialStatus\":[" ENTRY("\"4\"", "revocation", "") "," ENTRY("\"5\"", "suspension", "") "]");
	expect_passed("\"credentialStatus\":[" ENTRY("\"4\"", "revocation", "") "," ENTRY("\"6\"", "suspension", "") "]");
	expect_failed("\"credentialStatus\":" ENTRY("\"4\"", "message", ""));	/* not this list's purpose */
	/* two bits an entry, a list twice as long, and what a value means */
	put_list("list", &(struct how){ .purpose = "\"message\"", .bits = 2, .index = 9, .value = 2 });
	expect_passed("\"credentialStatus\":" ENTRY("\"9\"", "message", ",\"statusSize\":2,\"statusMessage\":["
		      "{\"status\":\"0x0\",\"message\":\"fine\"},{\"status\":\"0x2\",\"message\":\"hurry\"}]"));
	expect_failed("\"credentialStatus\":" ENTRY("\"9\"", "message", ",\"statusSize\":9"));
	expect_failed("\"credentialStatus\":" ENTRY("\"9\"", "message", ",\"statusSize\":\"2\""));
	expect_failed("\"credentialStatus\":" ENTRY("\"9\"", "message", ",\"statusSize\":3"));	/* then it is too short */
}

static void messages_are_in_the_warnings(void **state)
{
	char *token = credential("\"credentialStatus\":" ENTRY("\"9\"", "message", ",\"statusSize\":2,\"statusMessage\":["
				 "{\"status\":\"0x2\",\"message\":\"hurry\"}]"));
	struct berth_report r;
	bool said = false;

	(void)state;
	put_list("list", &(struct how){ .purpose = "\"message\"", .bits = 2, .index = 9, .value = 2 });
	CHECK_OK(berth_vc_verify(&r, &v, token, strlen(token)));
	berth_json_each(w, r.warnings)
		said |= strstr(berth_json_str(w), "2 hurry") != NULL;
	CHECK(said);
	berth_report_free(&r);
	free(token);
}

static void the_list_of_2021_is_read(void **state)
{
	static const char entry[] = "\"credentialStatus\":{\"type\":\"StatusList2021Entry\",\"statusPurpose\":\"revocation\","
		"\"statusListIndex\":\"7\",\"statusListCredential\":\"" LIST "\"}";

	(void)state;
	put_list("list", &(struct how){ .old_type = true, .index = 7, .value = 1 });
	expect_failed(entry);
	put_list("list", &(struct how){ .old_type = true, .index = 6, .value = 1 });
	expect_passed(entry);
}

/* As its time had it: a JWT of the first version of the model. */
static void the_list_of_2021_as_vc_jwt(void **state)
{
	static const char entry[] = "\"credentialStatus\":{\"type\":\"StatusList2021Entry\",\"statusPurpose\":\"revocation\","
		"\"statusListIndex\":\"7\",\"statusListCredential\":\"" LIST "\"}";

	(void)state;
	for (unsigned value = 0; value < 2; value++) {
		struct berth_buf text = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
		struct berth_json *vc;
		char *s;

		packed(&text, BERTH_STATUS_2021, 1, 7, value);
		CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT_V1 "\"],\"id\":\"" LIST "\",\"type\":[\"VerifiableCredential\","
				   "\"StatusList2021Credential\"],\"issuer\":\"%s\",\"issuanceDate\":\"2026-01-01T00:00:00Z\","
				   "\"credentialSubject\":{\"id\":\"" LIST "#list\",\"type\":\"StatusList2021\",\"statusPurpose\":"
				   "\"revocation\",\"encodedList\":\"%s\"}}", issuer.did, berth_buf_cstr(&text)) > 0);
		vc = test_json(s);
		CHECK_OK(berth_vc_jwt1_issue(&out, kr, issuer.kid, vc));
		put("list", berth_buf_cstr(&out));
		(value ? expect_failed : expect_passed)(entry);
		berth_json_free(vc);
		berth_buf_free(&text);
		berth_buf_free(&out);
		free(s);
	}
}

static void c125_what_cannot_be_answered(void **state)
{
	static const char *const entries[] = {
		ENTRY("\"131072\"", "revocation", ""), ENTRY("\"-1\"", "revocation", ""),
		ENTRY("\"1e3\"", "revocation", ""), ENTRY("\"18446744073709551616\"", "revocation", ""),
		ENTRY("7", "revocation", ""), ENTRY("\"7\"", "suspension", ""),
		"{\"type\":\"BitstringStatusListEntry\"}", "{\"type\":\"X\"}", "{\"type\":[\"BitstringStatusListEntry\"]}",
		"{\"type\":\"BitstringStatusListEntry\",\"statusPurpose\":\"revocation\",\"statusListIndex\":\"7\"}",
		"{\"type\":\"BitstringStatusListEntry\",\"statusPurpose\":\"revocation\",\"statusListIndex\":\"7\","
		"\"statusListCredential\":\"https://example.com/status/none\"}",
	};
	char *s;

	(void)state;
	put_list("list", &(struct how){ .index = 0, .value = 1 });
	expect_passed("\"credentialStatus\":" ENTRY("\"131071\"", "revocation", ""));
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		CHECK(asprintf(&s, "\"credentialStatus\":%s", entries[i]) > 0);
		expect_failed(s);
		free(s);
	}
	put_list("list", &(struct how){ .by = &other, .value = 0 });	/* somebody else's */
	expect_failed(ONE);
	put_list("list", &(struct how){ .id = LIST "0" });
	expect_failed(ONE);
}

static void c126_damaged_lists(void **state)
{
	static const char *const damage[] = { "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAA", "u", "" };
	struct berth_buf b = BERTH_BUF_INIT;
	char *text = list_text(&(struct how){ .value = 0 }), *s;

	(void)state;
	put("list", text);
	expect_passed(ONE);
	text[strlen(text) - 10] = text[strlen(text) - 10] == 'A' ? 'B' : 'A';		/* the signature */
	put("list", text);
	expect_failed(ONE);
	free(text);
	for (size_t i = 0; i < 3; i++) {
		struct berth_json *vc;

		CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"id\":\"" LIST "\",\"type\":[\"VerifiableCredential\"],"
				   "\"issuer\":\"%s\",\"credentialSubject\":{\"type\":\"BitstringStatusList\",\"statusPurpose\":"
				   "\"revocation\",\"encodedList\":\"%s\"}}", issuer.did, damage[i]) > 0);
		vc = test_json(s);
		CHECK_OK(berth_vc_issue(&b, kr, issuer.kid, vc));
		put("list", berth_buf_cstr(&b));
		expect_failed(ONE);
		put("list", s);			/* nor is an unsigned one believed */
		expect_failed(ONE);
		berth_buf_reset(&b);
		berth_json_free(vc);
		free(s);
	}
	berth_buf_free(&b);
}

static void c127_old_lists(void **state)
{
	(void)state;
	/* past its own validity: said to be stale, and not relied on */
	put_list("list", &(struct how){ .more = ",\"validUntil\":\"2026-11-23T13:30:00Z\"" });
	expect(BERTH_E_STATUS, BERTH_CHECK_STALE, ONE);
	put_list("list", &(struct how){ .more = ",\"validUntil\":\"2026-11-23T13:30:01Z\"" });
	expect_passed(ONE);
	/* a ttl that it says itself, in milliseconds */
	put_list("list", &(struct how){ .more = ",\"validFrom\":\"2026-11-23T13:29:00Z\"", .subject_more = ",\"ttl\":59000" });
	expect(BERTH_E_STATUS, BERTH_CHECK_STALE, ONE);
	put_list("list", &(struct how){ .more = ",\"validFrom\":\"2026-11-23T13:29:00Z\"", .subject_more = ",\"ttl\":60000" });
	expect_passed(ONE);
	/* of two the newer one counts, wherever it stands in the folder */
	put_list("list", &(struct how){ .more = ",\"validFrom\":\"2026-01-01T00:00:00Z\"" });
	expect_passed(ONE);
	put_list("a", &(struct how){ .more = ",\"validFrom\":\"2026-02-01T00:00:00Z\"", .index = 94567, .value = 1 });
	expect_failed(ONE);
	put_list("z", &(struct how){ .more = ",\"validFrom\":\"2026-01-15T00:00:00Z\"" });
	expect_failed(ONE);
	/* revoked by a stale list is revoked */
	put_list("a", &(struct how){ .more = ",\"validFrom\":\"2026-02-01T00:00:00Z\",\"validUntil\":\"2026-03-01T00:00:00Z\"",
				     .index = 94567, .value = 1 });
	expect_failed(ONE);
}

static void without_lists(void **state)
{
	(void)state;
	expect_failed(ONE);
	v.no_status = true;
	expect(BERTH_OK, BERTH_CHECK_NOT_CHECKED, ONE);
	put_list("list", &(struct how){ .index = 94567, .value = 1 });
	expect_failed(ONE);		/* that it is revoked is an answer */
	v.status_dir = NULL;
	expect(BERTH_OK, BERTH_CHECK_NOT_CHECKED, ONE);
	v.no_status = false;
	expect_failed(ONE);
	v.status_dir = "/nowhere";
	expect_failed(ONE);
}

static void the_folder_may_hold_anything(void **state)
{
	(void)state;
	put("empty", "");
	put("json", "{\"id\":1}");
	put("text", "hello, world\n");
	put(".hidden", "{\"id\":\"" LIST "\"}");
	CHECK(mkfifo(test_path(dir, "fifo"), 0600) == 0);
	put_list("list.jwt", &(struct how){ .value = 0 });
	expect_passed(ONE);
	CHECK(truncate(test_path(dir, "list.jwt"), (off_t)BERTH_STATUS_FILE_MAX + 1) == 0);
	expect_failed(ONE);
}

/* ---- the IETF's ---- */

#define REF "\"status\":{\"status_list\":{\"idx\":6,\"uri\":\"" TOKEN "\"}}"

static void tokens(void **state)
{
	static const char iat[] = ",\"iat\":1795440000,\"exp\":1795440601,\"ttl\":43200";

	(void)state;
	expect_failed(REF);
	put_token("token", &issuer, "statuslist+jwt", 6, 0, iat);
	expect_passed(REF);
	for (unsigned value = 1; value < 4; value++) {
		put_token("token", &issuer, "statuslist+jwt", 6, value, iat);
		expect_failed(REF);
	}
	put_token("token", &issuer, "statuslist+jwt", 7, 1, iat);
	expect_passed(REF);
	expect_failed("\"status\":{\"status_list\":{\"idx\":131072,\"uri\":\"" TOKEN "\"}}");
	expect_failed("\"status\":{\"status_list\":{\"idx\":-1,\"uri\":\"" TOKEN "\"}}");
	expect_failed("\"status\":{\"status_list\":{\"idx\":\"6\",\"uri\":\"" TOKEN "\"}}");
	expect_failed("\"status\":{\"status_list\":{\"idx\":6}}");
	expect_failed("\"status\":{\"other\":{}}");
	expect_failed("\"status\":{\"status_list\":{\"idx\":6,\"uri\":\"" LIST "\"}}");
}

static void c033_c127_other_tokens(void **state)
{
	(void)state;
	put_token("token", &issuer, "JWT", 1, 0, ",\"iat\":1795440000");
	expect_failed(REF);
	put_token("token", &issuer, "vc+jwt", 1, 0, ",\"iat\":1795440000");
	expect_failed(REF);
	put_token("token", &other, "statuslist+jwt", 1, 0, ",\"iat\":1795440000");
	expect_failed(REF);
	put_token("token", &issuer, "statuslist+jwt", 1, 0, "");		/* iat is required */
	expect_failed(REF);
	put_token("token", &issuer, "statuslist+jwt", 1, 0, ",\"iat\":1795440000,\"exp\":1795440600");
	expect(BERTH_E_STATUS, BERTH_CHECK_STALE, REF);
	put_token("token", &issuer, "statuslist+jwt", 1, 0, ",\"iat\":1795440000,\"ttl\":599");
	expect(BERTH_E_STATUS, BERTH_CHECK_STALE, REF);
	put_token("token", &issuer, "statuslist+jwt", 1, 0, ",\"iat\":1795440000,\"ttl\":600");
	expect_passed(REF);
	put_token("new", &issuer, "statuslist+jwt", 6, 1, ",\"iat\":1795440001");
	expect_failed(REF);
}

/* ---- C015 ---- */

static enum berth_err verify(void *arg)
{
	struct berth_report r;
	enum berth_err rc = berth_vc_verify(&r, &v, arg, strlen(arg));

	berth_report_free(&r);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	char *token = credential(ONE "," REF);

	(void)state;
	put_list("list", &(struct how){ .value = 0 });
	put_token("token", &issuer, "statuslist+jwt", 1, 0, ",\"iat\":1795440000");
	CHECK_OK(verify(token));
	CHECK(test_every_allocation_fails(verify, token) > 50);
	free(token);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, clean)
	const struct CMUnitTest tests[] = {
		T(an_entry_says_yes_or_no),
		T(suspension_and_messages),
		T(messages_are_in_the_warnings),
		T(the_list_of_2021_is_read),
		T(the_list_of_2021_as_vc_jwt),
		T(c125_what_cannot_be_answered),
		T(c126_damaged_lists),
		T(c127_old_lists),
		T(without_lists),
		T(the_folder_may_hold_anything),
		T(tokens),
		T(c033_c127_other_tokens),
		T(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, setup, test_verifier_end);
}
