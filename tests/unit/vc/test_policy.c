/* SPDX-License-Identifier: Apache-2.0 */
/* Rules by type, delegations, schemas, and what is said of checks that were not made. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/tmpdir.h"
#include "tests/fakes/verifier.h"

#include <sys/stat.h>

#include "did/base/secret.h"
#include "vc/formats.h"
#include "vc/policy.h"
#include "vc/status_list.h"

#define N(a) (sizeof(a) / sizeof(*(a)))

static struct test_party anchor, middle;
static struct berth_vc_rule rules[3];
static struct berth_vc_policy policy;
static const char *issuer_did[1], *other_did[1], *anchor_did[1];
static char dir[TMPDIR_LEN], status_dir[TMPDIR_LEN + 16], schema_dir[TMPDIR_LEN + 16], delegation_dir[TMPDIR_LEN + 16];

static int setup(void **state)
{
	(void)state;
	test_verifier_make(PARTY_KEY_P256, PARTY_KEY_P256);
	test_party_make(&anchor, kr, PARTY_KEY_ED25519, "anchor");
	test_party_make(&middle, kr, PARTY_KEY_P256, "middle");
	issuer_did[0] = issuer.did;
	other_did[0] = other.did;
	anchor_did[0] = anchor.did;
	return 0;
}

static int fresh(void **state)
{
	(void)state;
	test_tmpdir(dir);
	snprintf(status_dir, sizeof(status_dir), "%s/s", dir);
	snprintf(schema_dir, sizeof(schema_dir), "%s/j", dir);
	snprintf(delegation_dir, sizeof(delegation_dir), "%s/d", dir);
	CHECK(!mkdir(status_dir, 0700) && !mkdir(schema_dir, 0700) && !mkdir(delegation_dir, 0700));
	memset(rules, 0, sizeof(rules));
	rules[0] = (struct berth_vc_rule){ .name = "all", .issuers = issuer_did, .n_issuers = 1 };
	policy = (struct berth_vc_policy){ .rules = rules, .n = 1 };
	test_verifier_fresh(NULL, NULL);
	v.policy = &policy;
	v.status_dir = status_dir;
	v.schema_dir = schema_dir;
	v.delegation_dir = delegation_dir;
	return 0;
}

static int clean(void **state)
{
	(void)state;
	test_tmpdir_remove(dir);
	return 0;
}

static void put(const char *folder, const char *name, const char *text)
{
	test_write_file(test_path(folder, name), text, strlen(text), 0600);
}

/* A credential of those types ('"A","B"'), with more members (a comma in front). */
static char *issued(const struct test_party *by, enum berth_vc_format format, const char *types, const char *more)
{
	const struct berth_issue how = { .format = format, .kid = by->kid, .di = { .created_s = NOW } };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *vc;
	char *s;

	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"type\":[\"VerifiableCredential\"%s%s],\"issuer\":\"%s\","
			   "\"credentialSubject\":{\"id\":\"%s\",\"n\":5}%s}", *types ? "," : "", types, by->did, other.did,
		       more) > 0);
	CHECK_OK(berth_json_parse_exact(&vc, s, strlen(s), BERTH_JSON_MAX));
	CHECK_OK(berth_issue_credential(&b, kr, &how, vc));
	berth_json_free(vc);
	free(s);
	return test_take(&b);
}

/* Verifies and frees the text; the report as JSON, to be freed. */
static struct berth_json *report_of(enum berth_err want, enum berth_vc_format format, char *text)
{
	struct berth_report r;
	struct berth_json *j;
	enum berth_err rc = berth_verify_credential(&r, &v, format, text, strlen(text));

	if (rc != want || r.verified != (want == BERTH_OK))
		fail_msg("%s (%s), want %s", berth_err_name(rc), r.detail, berth_err_name(want));
	j = berth_report_json(&r);
	CHECK(j != NULL);
	berth_report_free(&r);
	free(text);
	return j;
}

static void expect(enum berth_err want, enum berth_vc_format format, char *text)
{
	berth_json_free(report_of(want, format, text));
}

static void expect_jwt(enum berth_err want, const char *types, const char *more)
{
	expect(want, BERTH_FORMAT_VC_JWT, issued(&issuer, BERTH_FORMAT_VC_JWT, types, more));
}

/* ---- rules ---- */

static void c116_issuers_by_type(void **state)
{
	static const char *const a[] = { "A" }, *const b[] = { "B", "urn:b" };

	(void)state;
	rules[0] = (struct berth_vc_rule){ .name = "a", .types = a, .n_types = 1, .issuers = issuer_did, .n_issuers = 1 };
	rules[1] = (struct berth_vc_rule){ .name = "b", .types = b, .n_types = 2, .issuers = other_did, .n_issuers = 1 };
	policy.n = 2;
	expect_jwt(BERTH_OK, "\"A\"", "");
	expect_jwt(BERTH_E_AUTHZ, "\"B\"", "");
	expect_jwt(BERTH_E_AUTHZ, "\"A\",\"B\"", "");	/* each of its types counts */
	expect_jwt(BERTH_E_AUTHZ, "\"C\"", "");		/* there is no rule */
	expect_jwt(BERTH_E_AUTHZ, "", "");
	rules[2] = (struct berth_vc_rule){ .name = "rest", .issuers = issuer_did, .n_issuers = 1 };
	policy.n = 3;
	expect_jwt(BERTH_OK, "\"C\"", "");
	expect_jwt(BERTH_OK, "", "");
	expect_jwt(BERTH_E_AUTHZ, "\"B\"", "");		/* the rest is not what has a rule */
}

static void formats_and_algorithms(void **state)
{
	static const char *const formats[] = { "di", "vc+sd-jwt" }, *const algs[] = { "eddsa-jcs-2022", "ES256" };

	(void)state;
	rules[0].formats = formats;
	rules[0].n_formats = 2;
	expect_jwt(BERTH_E_ALG, "", "");
	expect(BERTH_OK, BERTH_FORMAT_DI, issued(&issuer, BERTH_FORMAT_DI, "", ""));
	expect(BERTH_OK, BERTH_FORMAT_VC_SD_JWT, issued(&issuer, BERTH_FORMAT_VC_SD_JWT, "", ""));
	rules[0].algs = algs;
	rules[0].n_algs = 2;
	expect(BERTH_OK, BERTH_FORMAT_DI, issued(&issuer, BERTH_FORMAT_DI, "", ""));
	expect(BERTH_E_ALG, BERTH_FORMAT_VC_SD_JWT, issued(&issuer, BERTH_FORMAT_VC_SD_JWT, "", ""));
	rules[0].issuers = other_did;
	expect(BERTH_OK, BERTH_FORMAT_VC_SD_JWT, issued(&other, BERTH_FORMAT_VC_SD_JWT, "", ""));
	expect(BERTH_E_ALG, BERTH_FORMAT_DI, issued(&other, BERTH_FORMAT_DI, "", ""));	/* ecdsa-jcs-2019 */
}

static void c121_a_closed_set_of_contexts(void **state)
{
	static const char *const contexts[] = { "https://a.example/v1" };
	static const struct { const char *more; enum berth_err rc; } cases[] = {
		{ "\"https://a.example/v1\"", BERTH_OK }, { "\"https://b.example/v1\"", BERTH_E_VC },
		{ "\"https://a.example/v1\",\"https://b.example/v1\"", BERTH_E_VC }, { "{\"x\":\"https://a.example/v1\"}", BERTH_E_VC },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct berth_buf b = BERTH_BUF_INIT;
		struct berth_json *vc;
		char *s;

		CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\",%s],\"type\":[\"VerifiableCredential\"],\"issuer\":\"%s\","
			       "\"credentialSubject\":{\"n\":1}}", cases[i].more, issuer.did) > 0);
		CHECK_OK(berth_json_parse_exact(&vc, s, strlen(s), BERTH_JSON_MAX));
		CHECK_OK(berth_vc_issue(&b, kr, issuer.kid, vc));
		rules[0].n_contexts = 0;
		expect(BERTH_OK, BERTH_FORMAT_VC_JWT, strdup(berth_buf_cstr(&b)));
		rules[0].contexts = contexts;
		rules[0].n_contexts = 1;
		expect(cases[i].rc, BERTH_FORMAT_VC_JWT, strdup(berth_buf_cstr(&b)));
		berth_buf_free(&b);
		berth_json_free(vc);
		free(s);
	}
	expect_jwt(BERTH_OK, "", "");
}

/* ---- what was not checked ---- */

static bool has(const struct berth_json *report, const char *member, const char *text)
{
	berth_json_each(it, berth_json_get(berth_json_get(report, "policy"), member))
		if (!strcmp(berth_json_str(it), text))
			return true;
	return false;
}

/* Each check by itself: refused with its code, unless the rule names it. */
static void a_check_that_was_not_made(void **state)
{
	static const struct { const char *more, *name; enum berth_unchecked bit; enum berth_err rc; } cases[] = {
		{ "", "issuer", BERTH_UNCHECKED_ISSUER, BERTH_E_AUTHZ },
		{ ",\"validUntil\":\"2030-01-01T00:00:00Z\"", "validity", BERTH_UNCHECKED_VALIDITY, BERTH_E_CLOCK },
		{ ",\"credentialStatus\":{\"type\":\"BitstringStatusListEntry\",\"statusPurpose\":\"revocation\","
		  "\"statusListIndex\":\"1\",\"statusListCredential\":\"urn:none\"}", "status", BERTH_UNCHECKED_STATUS, BERTH_E_STATUS },
		{ ",\"credentialSchema\":{\"id\":\"urn:none\",\"type\":\"JsonSchema\"}", "schema", BERTH_UNCHECKED_SCHEMA, BERTH_E_VC },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct berth_json *j;

		rules[0] = (struct berth_vc_rule){ .name = "all", .issuers = i ? issuer_did : NULL, .n_issuers = i ? 1 : 0 };
		v.no_time = i == 1;
		expect_jwt(cases[i].rc, "", cases[i].more);
		rules[0].unchecked = 15u & ~(unsigned)cases[i].bit;	/* all the others do not help */
		expect_jwt(cases[i].rc, "", cases[i].more);
		rules[0].unchecked = cases[i].bit;
		j = report_of(BERTH_OK, BERTH_FORMAT_VC_JWT, issued(&issuer, BERTH_FORMAT_VC_JWT, "", cases[i].more));
		assert_string_equal(berth_json_str(berth_json_get(berth_json_get(j, "checks"), cases[i].name)), "not-checked");
		CHECK(has(j, "assumed", cases[i].name) && has(j, "rules", "all"));
		CHECK(berth_json_len(berth_json_get(berth_json_get(j, "policy"), "assumed")) == 1);
		berth_json_free(j);
	}
	v.no_time = false;
	v.now_s = -1;
	rules[0].unchecked = 0;
	expect_jwt(BERTH_E_CLOCK, "", cases[1].more);
}

static void a_status_that_is_required(void **state)
{
	(void)state;
	rules[0].status = BERTH_STATUS_REQUIRED;
	expect_jwt(BERTH_E_STATUS, "", "");
	rules[0].status = BERTH_STATUS_IF_PRESENT;
	expect_jwt(BERTH_OK, "", "");
}

#define ENTRY ",\"credentialStatus\":{\"type\":\"BitstringStatusListEntry\",\"statusPurpose\":\"revocation\"," \
	"\"statusListIndex\":\"7\",\"statusListCredential\":\"urn:list\"}"

static void put_status(unsigned value, const char *more)
{
	struct berth_status_list l;
	struct berth_buf text = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
	struct berth_json *vc;
	char *s;

	CHECK_OK(berth_status_list_new(&l, BERTH_STATUS_BITSTRING, 1, 131072));
	CHECK_OK(berth_status_list_set(&l, 7, value));
	CHECK_OK(berth_status_list_encode(&text, &l));
	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"id\":\"urn:list\",\"type\":[\"VerifiableCredential\","
			   "\"BitstringStatusListCredential\"],\"issuer\":\"%s\",\"credentialSubject\":{\"type\":"
			   "\"BitstringStatusList\",\"statusPurpose\":\"revocation\",\"encodedList\":\"%s\"}%s}", issuer.did,
		       berth_buf_cstr(&text), more) > 0);
	CHECK_OK(berth_json_parse_exact(&vc, s, strlen(s), BERTH_JSON_MAX));
	CHECK_OK(berth_vc_issue(&out, kr, issuer.kid, vc));
	put(status_dir, "list", berth_buf_cstr(&out));
	berth_status_list_free(&l);
	berth_buf_free(&text);
	berth_buf_free(&out);
	berth_json_free(vc);
	free(s);
}

static void stale_lists(void **state)
{
	struct berth_json *j;

	(void)state;
	rules[0].status = BERTH_STATUS_REQUIRED;
	put_status(0, ",\"validUntil\":\"2026-11-23T13:29:51Z\"");	/* for ten seconds */
	expect_jwt(BERTH_E_STATUS, "", ENTRY);
	rules[0].max_stale_s = 9;
	expect_jwt(BERTH_E_STATUS, "", ENTRY);
	rules[0].max_stale_s = 10;
	j = report_of(BERTH_OK, BERTH_FORMAT_VC_JWT, issued(&issuer, BERTH_FORMAT_VC_JWT, "", ENTRY));
	CHECK(has(j, "stale", "status") && berth_json_len(berth_json_get(j, "warnings")) == 1);
	berth_json_free(j);
	put_status(1, ",\"validUntil\":\"2026-11-23T13:29:51Z\"");
	expect_jwt(BERTH_E_STATUS, "", ENTRY);		/* revoked is revoked */
	rules[0].unchecked = BERTH_UNCHECKED_STATUS;
	expect_jwt(BERTH_E_STATUS, "", ENTRY);
	rules[0].status = BERTH_STATUS_IGNORED;
	j = report_of(BERTH_OK, BERTH_FORMAT_VC_JWT, issued(&issuer, BERTH_FORMAT_VC_JWT, "", ENTRY));
	CHECK(has(j, "assumed", "status"));
	berth_json_free(j);
}

/* Without a clock the time is at least the floor, and that decides some things. */
static void c117_the_floor_of_time(void **state)
{
	static const struct { const char *more; enum berth_err rc; } cases[] = {
		{ ",\"validUntil\":\"2026-11-23T13:30:00Z\"", BERTH_E_EXPIRED },	/* the floor */
		{ ",\"validUntil\":\"2026-11-23T13:30:01Z\"", BERTH_E_CLOCK },
		{ ",\"validFrom\":\"2026-11-23T13:30:00Z\"", BERTH_OK },
		{ ",\"validFrom\":\"2026-11-23T13:30:01Z\"", BERTH_E_CLOCK },
		{ ",\"validFrom\":\"2026-01-01T00:00:00Z\",\"validUntil\":\"2027-01-01T00:00:00Z\"", BERTH_E_CLOCK },
		{ "", BERTH_OK },
	};

	(void)state;
	v.now_s = -1;
	v.floor_s = NOW;
	for (size_t i = 0; i < N(cases); i++)
		expect_jwt(cases[i].rc, "", cases[i].more);
	put_status(0, ",\"validUntil\":\"2026-11-23T13:30:00Z\"");
	rules[0].max_stale_s = 1000000;
	expect_jwt(BERTH_E_STATUS, "", ENTRY);		/* stale, and nobody knows for how long */
	put_status(0, ",\"validUntil\":\"2026-11-24T13:30:00Z\"");
	expect_jwt(BERTH_E_STATUS, "", ENTRY);
	put_status(0, ",\"validFrom\":\"2026-11-20T00:00:00Z\"");
	expect_jwt(BERTH_OK, "", ENTRY);
}

/* ---- delegation ---- */

static void delegate(const char *file, const struct test_party *by, const struct test_party *to, const char *may,
		     const char *more)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_json *vc;
	char *s;

	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"type\":[\"VerifiableCredential\",\"" BERTH_DELEGATION_TYPE
			   "\"],\"issuer\":\"%s\",\"credentialSubject\":{\"id\":\"%s\",\"mayIssue\":%s}%s}", by->did, to->did,
		       may, more) > 0);
	CHECK_OK(berth_json_parse_exact(&vc, s, strlen(s), BERTH_JSON_MAX));
	CHECK_OK(berth_vc_issue(&out, kr, by->kid, vc));
	put(delegation_dir, file, berth_buf_cstr(&out));
	berth_buf_free(&out);
	berth_json_free(vc);
	free(s);
}

static void by_anchor(void)
{
	static const char *const a[] = { "A" };

	rules[0] = (struct berth_vc_rule){ .name = "a", .types = a, .n_types = 1, .anchors = anchor_did, .n_anchors = 1 };
}

static void delegations_of_one_step(void **state)
{
	(void)state;
	by_anchor();
	expect_jwt(BERTH_E_AUTHZ, "\"A\"", "");
	delegate("d", &anchor, &issuer, "[\"B\"]", "");
	expect_jwt(BERTH_E_AUTHZ, "\"A\"", "");			/* for another type */
	delegate("d", &anchor, &other, "[\"A\"]", "");
	expect_jwt(BERTH_E_AUTHZ, "\"A\"", "");			/* for another issuer */
	delegate("d", &middle, &issuer, "[\"A\"]", "");
	expect_jwt(BERTH_E_AUTHZ, "\"A\"", "");			/* by another anchor */
	delegate("d", &anchor, &issuer, "[\"A\"]", ",\"validUntil\":\"2026-11-23T13:30:00Z\"");
	expect_jwt(BERTH_E_AUTHZ, "\"A\"", "");			/* past */
	delegate("d", &anchor, &issuer, "[\"A\"]", ENTRY);
	expect_jwt(BERTH_E_AUTHZ, "\"A\"", "");			/* perhaps revoked */
	delegate("d", &anchor, &issuer, "[\"B\",\"A\"]", "");
	expect_jwt(BERTH_OK, "\"A\"", "");
	v.delegation_dir = NULL;
	expect_jwt(BERTH_E_AUTHZ, "\"A\"", "");
	/* the anchor itself may issue */
	expect(BERTH_OK, BERTH_FORMAT_VC_JWT, issued(&anchor, BERTH_FORMAT_VC_JWT, "\"A\"", ""));
}

static void delegations_of_delegates(void **state)
{
	(void)state;
	by_anchor();
	delegate("1", &anchor, &middle, "[\"A\"]", "");
	delegate("2", &middle, &issuer, "[\"A\"]", "");
	expect_jwt(BERTH_E_AUTHZ, "\"A\"", "");		/* middle may issue, and not delegate */
	delegate("1", &anchor, &middle, "[\"" BERTH_DELEGATION_TYPE "\"]", "");
	expect_jwt(BERTH_E_AUTHZ, "\"A\"", "");		/* not wide enough */
	delegate("1", &anchor, &middle, "[\"A\",\"" BERTH_DELEGATION_TYPE "\"]", "");
	expect_jwt(BERTH_OK, "\"A\"", "");
	put(delegation_dir, "noise", "{}");
	put(delegation_dir, "noise2", "x.y.z");
	expect_jwt(BERTH_OK, "\"A\"", "");
}

/* A circle has an end; and so has a chain. */
static void delegations_end(void **state)
{
	struct test_party chain[BERTH_DELEGATIONS_MAX + 1];
	char label[16], file[16];

	(void)state;
	by_anchor();
	delegate("1", &middle, &issuer, "[\"A\",\"" BERTH_DELEGATION_TYPE "\"]", "");
	delegate("2", &issuer, &middle, "[\"A\",\"" BERTH_DELEGATION_TYPE "\"]", "");
	expect_jwt(BERTH_E_AUTHZ, "\"A\"", "");
	for (int i = 0; i < BERTH_DELEGATIONS_MAX + 1; i++) {
		snprintf(label, sizeof(label), "link%d", i);
		test_party_make(&chain[i], kr, PARTY_KEY_ED25519, label);
		snprintf(file, sizeof(file), "c%d", i);
		delegate(file, i ? &chain[i - 1] : &anchor, &chain[i], "[\"A\",\"" BERTH_DELEGATION_TYPE "\"]", "");
	}
	expect(BERTH_OK, BERTH_FORMAT_VC_JWT, issued(&chain[BERTH_DELEGATIONS_MAX - 1], BERTH_FORMAT_VC_JWT, "\"A\"", ""));
	expect(BERTH_E_AUTHZ, BERTH_FORMAT_VC_JWT, issued(&chain[BERTH_DELEGATIONS_MAX], BERTH_FORMAT_VC_JWT, "\"A\"", ""));
}

/* ---- schemas ---- */

#define SCHEMA ",\"credentialSchema\":{\"id\":\"https://example.com/s.json\",\"type\":\"JsonSchema\"}"
#define OF(max) "{\"$id\":\"https://example.com/s.json\",\"properties\":{\"credentialSubject\":{\"properties\":{\"n\":" \
	"{\"type\":\"integer\",\"maximum\":" max "}},\"required\":[\"n\"]}}}"

static void schemas(void **state)
{
	(void)state;
	expect_jwt(BERTH_E_VC, "", SCHEMA);
	put(schema_dir, "s", OF("5"));
	expect_jwt(BERTH_OK, "", SCHEMA);
	expect(BERTH_OK, BERTH_FORMAT_DI, issued(&issuer, BERTH_FORMAT_DI, "", SCHEMA));
	expect(BERTH_OK, BERTH_FORMAT_VC_SD_JWT, issued(&issuer, BERTH_FORMAT_VC_SD_JWT, "", SCHEMA));
	put(schema_dir, "s", OF("4"));
	expect_jwt(BERTH_E_VC, "", SCHEMA);
	rules[0].unchecked = BERTH_UNCHECKED_SCHEMA;
	expect_jwt(BERTH_E_VC, "", SCHEMA);		/* it was checked */
	v.policy = NULL;
	expect_jwt(BERTH_E_VC, "", SCHEMA);
	/* several: each of them */
	put(schema_dir, "s", OF("5"));
	put(schema_dir, "t", "{\"$id\":\"urn:t#\",\"required\":[\"nothing\"]}");
	expect_jwt(BERTH_E_VC, "", ",\"credentialSchema\":[{\"id\":\"https://example.com/s.json\",\"type\":\"JsonSchema\"},"
		   "{\"id\":\"urn:t\",\"type\":\"JsonSchema\"}]");
}

/* What cannot be checked is no verdict, one way or the other. */
static void schemas_that_cannot_be_checked(void **state)
{
	static const char *const texts[] = { "{", "[]", "{\"$id\":\"https://example.com/s.json\",\"$dynamicRef\":\"#\"}",
		"{\"$id\":\"https://example.com/s.json\",\"$ref\":\"https://example.com/other\"}",
		"{\"$id\":\"https://example.com/s.json\",\"$ref\":\"#\"}", "{\"$id\":\"https://example.com/other.json\"}" };

	(void)state;
	for (size_t i = 0; i < N(texts); i++) {
		struct berth_json *j;

		put(schema_dir, "s", texts[i]);
		v.policy = &policy;
		expect_jwt(BERTH_E_VC, "", SCHEMA);
		v.policy = NULL;
		j = report_of(BERTH_OK, BERTH_FORMAT_VC_JWT, issued(&issuer, BERTH_FORMAT_VC_JWT, "", SCHEMA));
		assert_string_equal(berth_json_str(berth_json_get(berth_json_get(j, "checks"), "schema")), "not-checked");
		berth_json_free(j);
	}
	put(schema_dir, "s", OF("5"));
	v.policy = &policy;
	expect_jwt(BERTH_E_VC, "", ",\"credentialSchema\":{\"id\":\"https://example.com/s.json\",\"type\":\"Other\"}");
}

/* ---- presentations ---- */

static void credentials_in_presentations(void **state)
{
	struct berth_buf vp = BERTH_BUF_INIT;
	char *vc = issued(&issuer, BERTH_FORMAT_VC_JWT, "", ",\"validUntil\":\"2030-01-01T00:00:00Z\"");
	struct berth_report r;
	struct berth_json *j;

	(void)state;
	CHECK_OK(berth_vp_create(&vp, kr, other.kid, "c", NULL, (const char *const *)&vc, 1));
	v.challenge = "c";
	CHECK_OK(berth_vp_verify(&r, &v, berth_buf_cstr(&vp), vp.len));
	j = berth_report_json(&r);
	CHECK(has(j, "rules", "all"));
	berth_json_free(j);
	berth_report_free(&r);
	rules[0].issuers = other_did;
	CHECK_RC(BERTH_E_AUTHZ, berth_vp_verify(&r, &v, berth_buf_cstr(&vp), vp.len));
	berth_report_free(&r);
	berth_buf_free(&vp);
	free(vc);
}

static enum berth_err one_run(void *arg)
{
	struct berth_report r;
	enum berth_err rc = berth_vc_verify(&r, &v, arg, strlen(arg));
	struct berth_json *j;

	if (!rc && !(j = berth_report_json(&r)))
		rc = BERTH_E_NOMEM;
	else if (!rc)
		berth_json_free(j);
	berth_report_free(&r);
	return rc;
}

static void without_memory(void **state)
{
	char *text = issued(&issuer, BERTH_FORMAT_VC_JWT, "\"A\"", SCHEMA);

	(void)state;
	by_anchor();
	delegate("1", &anchor, &issuer, "[\"A\"]", "");
	put(schema_dir, "s", OF("5"));
	CHECK_OK(one_run(text));
	CHECK(test_every_allocation_fails(one_run, text) > 50);
	free(text);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, clean)
	const struct CMUnitTest tests[] = {
		T(c116_issuers_by_type),
		T(formats_and_algorithms),
		T(c121_a_closed_set_of_contexts),
		T(c117_the_floor_of_time),
		T(a_check_that_was_not_made),
		T(a_status_that_is_required),
		T(stale_lists),
		T(delegations_of_one_step),
		T(delegations_of_delegates),
		T(delegations_end),
		T(schemas),
		T(schemas_that_cannot_be_checked),
		T(credentials_in_presentations),
		T(without_memory),
	};

	return cmocka_run_group_tests(tests, setup, test_verifier_end);
}
