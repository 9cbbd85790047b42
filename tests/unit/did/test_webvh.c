/* SPDX-License-Identifier: Apache-2.0 */
/* did:webvh logs that are as they should be, and each way in which they can be not. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/webvh_forge.h"

#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/method_webvh.h"
#include "did/webvh_witness.h"

#define NOW INT64_C(1750000000)	/* 2025-06-15 */
#define DID "did:webvh:{SCID}:example.com"
#define STATE "{\"@context\":\"https://www.w3.org/ns/did/v1\",\"id\":\"" DID "\"}"
#define STATE_N(n) "{\"@context\":\"https://www.w3.org/ns/did/v1\",\"id\":\"" DID "\",\"n\":" #n "}"

static struct berth_privkey a, b, mallory, w1, w2, w3, p256;
static char first_params[1024];		/* method, scid, updateKeys [a] and "%s" */
static struct berth_buf pin;
static int64_t now = NOW;
static bool trusted = true;

static void key(struct berth_privkey *k, uint8_t seed)
{
	uint8_t bytes[32] = { seed };

	CHECK_OK(berth_keypair_from_private(k, BERTH_KEY_ED25519, bytes, sizeof(bytes)));
}

static int setup(void **state)
{
	uint8_t scalar[32] = { 7 };

	(void)state;
	berth_crypto_init();
	key(&a, 1);
	key(&b, 2);
	key(&mallory, 3);
	key(&w1, 4);
	key(&w2, 5);
	key(&w3, 6);
	CHECK_OK(berth_keypair_from_private(&p256, BERTH_KEY_P256, scalar, sizeof(scalar)));
	return 0;
}

static int fresh(void **state)
{
	(void)state;
	berth_buf_free(&pin);
	now = NOW;
	trusted = true;
	return 0;
}

/* ---- making logs ---- */

static const char *params_of(const struct berth_privkey *k, const char *more)
{
	snprintf(first_params, sizeof(first_params), "{\"method\":\"did:webvh:1.0\",\"scid\":\"{SCID}\",\"updateKeys\":[\"%s\"]%s}",
		 test_webvh_multikey(k), more);
	return first_params;
}

static void begin(struct test_webvh *w, const char *more)
{
	memset(w, 0, sizeof(*w));
	test_webvh_add(w, &(struct test_webvh_entry){ .parameters = params_of(&a, more), .state = STATE, .key = &a });
}

static void add(struct test_webvh *w, const char *parameters, const char *state)
{
	test_webvh_add(w, &(struct test_webvh_entry){ .parameters = parameters, .state = state, .key = &a });
}

/* Three entries, by a. */
static void make_three(struct test_webvh *w)
{
	begin(w, "");
	add(w, "{}", STATE_N(2));
	add(w, "{}", STATE_N(3));
}

/* ---- judging them ---- */

static struct berth_registry_result last;

static enum berth_err judge_all(const struct test_webvh *w, const char *did, const char *witness,
				const struct berth_did_version *version)
{
	struct berth_registry_piece pieces[2] = { { "did.jsonl", w->log.p, w->log.len },
						  { "did-witness.json", (const uint8_t *)witness, witness ? strlen(witness) : 0 } };
	const struct berth_registry_evidence e = { .pieces = pieces, .n = witness ? 2 : 1 };
	struct berth_buf new_pin = BERTH_BUF_INIT, name = BERTH_BUF_INIT;
	struct berth_registry_judge j = { .now_s = now, .clock_trusted = trusted, .pin = berth_buf_cstr(&pin), .new_pin = &new_pin };
	enum berth_err rc;

	berth_webvh_replace(&name, did, "{SCID}", w->scid);
	berth_registry_result_free(&last);
	rc = berth_webvh_judge(&last, &e, berth_buf_cstr(&name), version, &j);
	CHECK(rc == BERTH_OK || (!last.doc && !last.metadata && new_pin.len == 0));
	if (new_pin.len) {
		berth_buf_free(&pin);
		pin = new_pin;
	}
	berth_buf_free(&name);
	return rc;
}

static enum berth_err judge(const struct test_webvh *w)
{
	return judge_all(w, DID, NULL, NULL);
}

static int64_t n_of_last(void)
{
	int64_t n = 1;

	CHECK_OK(berth_json_opt_int(berth_did_doc_json(last.doc), "n", 1, 100, &n));
	return n;
}

static const char *meta(const char *name)
{
	return berth_json_str(berth_json_get(last.metadata, name));
}

/* A log of which the entry e is the second, or the first where it brings a method. */
static enum berth_err judge_with(const char *first_more, const struct test_webvh_entry *e)
{
	struct test_webvh w;
	enum berth_err rc;

	begin(&w, first_more);
	test_webvh_add(&w, e);
	rc = judge(&w);
	test_webvh_free(&w);
	berth_buf_free(&pin);
	return rc;
}

static enum berth_err judge_second(const char *first_more, const char *parameters)
{
	return judge_with(first_more, &(struct test_webvh_entry){ .parameters = parameters, .state = STATE, .key = &a });
}

static enum berth_err judge_first(const char *parameters, const char *state)
{
	struct test_webvh w = { .n = 0 };
	enum berth_err rc;

	test_webvh_add(&w, &(struct test_webvh_entry){ .parameters = parameters, .state = state, .key = &a });
	rc = judge(&w);
	test_webvh_free(&w);
	berth_buf_free(&pin);
	return rc;
}

/* ---- what is good ---- */

static void a_log_gives_the_newest_document(void **state)
{
	struct test_webvh w;

	(void)state;
	make_three(&w);
	CHECK_OK(judge(&w));
	CHECK(n_of_last() == 3 && !last.deactivated && last.ttl_s == 3600);
	assert_string_equal(meta("versionId"), w.previous);
	assert_string_equal(meta("versionTime"), "2025-01-03T00:00:00Z");
	assert_string_equal(meta("created"), "2025-01-01T00:00:00Z");
	assert_string_equal(meta("updated"), "2025-01-03T00:00:00Z");
	assert_string_equal(meta("scid"), w.scid);
	assert_string_equal(meta("ttl"), "3600");
	assert_null(meta("clock"));
	CHECK(last.doc->n_services == 2);
	assert_string_equal(berth_json_str(berth_json_get(last.doc->services[0].json, "serviceEndpoint")), "https://example.com/");
	assert_string_equal(berth_json_str(berth_json_get(last.doc->services[1].json, "serviceEndpoint")), "https://example.com/whois.vp");
	test_webvh_free(&w);
}

static void explicit_services_stay(void **state)
{
	(void)state;
	CHECK_OK(judge_first(params_of(&a, ""), "{\"id\":\"" DID "\",\"service\":[{\"id\":\"#files\",\"type\":\"relativeRef\","
		"\"serviceEndpoint\":\"https://files.example/\"},{\"id\":\"" DID "#whois\",\"type\":\"LinkedVerifiablePresentation\","
		"\"serviceEndpoint\":\"https://files.example/w\"}]}"));
	CHECK(last.doc->n_services == 2);
	assert_string_equal(berth_json_str(berth_json_get(last.doc->services[0].json, "serviceEndpoint")), "https://files.example/");
}

static enum berth_err version(const struct test_webvh *w, const char *id, const char *time, const char *number)
{
	return judge_all(w, DID, NULL, &(struct berth_did_version){ .id = id, .time = time, .number = number });
}

static void versions_are_found(void **state)
{
	struct test_webvh w;
	char second[128];

	(void)state;
	begin(&w, "");
	add(&w, "{}", STATE_N(2));
	snprintf(second, sizeof(second), "%s", w.previous);
	add(&w, "{}", STATE_N(3));
	CHECK_OK(version(&w, second, NULL, NULL));
	CHECK(n_of_last() == 2);
	assert_string_equal(meta("updated"), "2025-01-03T00:00:00Z");
	CHECK_OK(version(&w, NULL, NULL, "2"));
	CHECK(n_of_last() == 2);
	CHECK_OK(version(&w, NULL, "2025-01-02T23:59:59Z", NULL));
	CHECK(n_of_last() == 2);
	CHECK_OK(version(&w, NULL, "2025-01-03T00:00:00Z", NULL));
	CHECK(n_of_last() == 3);
	CHECK_OK(version(&w, second, "2025-01-02T00:00:00Z", "2"));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, second, "2025-01-03T00:00:00Z", NULL));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, NULL, "2024-12-31T23:59:59Z", NULL));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, NULL, NULL, "4"));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, NULL, NULL, "02"));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, "2-QmX", NULL, NULL));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, NULL, "yesterday", NULL));
	test_webvh_free(&w);
}

/* "return the corresponding DIDDoc version even if later entries in the log are invalid" */
static void what_is_before_an_invalid_entry_is_valid(void **state)
{
	struct test_webvh w;

	(void)state;
	make_three(&w);
	test_webvh_add(&w, &(struct test_webvh_entry){ .parameters = "{}", .state = STATE_N(4), .key = &mallory });
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	CHECK_OK(version(&w, NULL, NULL, "3"));
	CHECK(n_of_last() == 3);
	CHECK_OK(version(&w, NULL, "2025-01-02T12:00:00Z", NULL));
	/* when the third ends nobody knows */
	CHECK_RC(BERTH_E_RESOLVE, version(&w, NULL, "2025-01-03T12:00:00Z", NULL));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, NULL, NULL, "4"));
	test_webvh_free(&w);
}

/* ---- never back ---- */

static void c105_roll_back_and_fork(void **state)
{
	struct test_webvh three, fork, longer;
	char kept[256];
	size_t whole;

	(void)state;
	make_three(&three);
	CHECK_OK(judge(&three));
	snprintf(kept, sizeof(kept), "webvh1 %s %s", three.scid, three.previous);
	assert_string_equal(berth_buf_cstr(&pin), kept);
	CHECK_OK(judge(&three));	/* the same is fine */

	begin(&fork, "");
	add(&fork, "{}", STATE_N(2));
	whole = fork.log.len;
	CHECK_RC(BERTH_E_RESOLVE, judge(&fork));
	CHECK(strstr(berth_err_detail(), "roll-back"));
	add(&fork, "{}", STATE_N(30));
	CHECK_RC(BERTH_E_RESOLVE, judge(&fork));
	CHECK(strstr(berth_err_detail(), "fork"));
	CHECK_RC(BERTH_E_RESOLVE, version(&fork, NULL, NULL, "1"));
	CHECK(whole < fork.log.len);

	make_three(&longer);
	add(&longer, "{}", STATE_N(4));
	CHECK_OK(judge(&longer));
	snprintf(kept, sizeof(kept), "webvh1 %s %s", longer.scid, longer.previous);
	assert_string_equal(berth_buf_cstr(&pin), kept);
	CHECK_RC(BERTH_E_RESOLVE, judge(&three));
	assert_string_equal(berth_buf_cstr(&pin), kept);
	test_webvh_free(&three);
	test_webvh_free(&fork);
	test_webvh_free(&longer);
}

static void a_pin_that_is_none_is_e_store(void **state)
{
	static const char *const bad[] = { "x", "webvh1 ", "webvh1 Qm 1-Qm", "webvh2 %s %s", "webvh1 %s 2", "webvh1 %s %s ",
					   "webvh1 %s %s active", "webvh1 %s %s deactivated " };
	struct test_webvh w;

	(void)state;
	make_three(&w);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct berth_buf once = BERTH_BUF_INIT;

		berth_webvh_replace(&once, bad[i], " %s %s", " SCID ID");
		berth_buf_free(&pin);
		berth_webvh_replace(&pin, berth_buf_cstr(&once), "ID", w.previous);
		berth_buf_free(&once);
		CHECK_RC(BERTH_E_STORE, judge(&w));
	}
	/* of another SCID: somebody mixed up two DIDs */
	berth_buf_free(&pin);
	berth_buf_printf(&pin, "webvh1 %.45s1 %s", w.scid, w.previous);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	test_webvh_free(&w);
}

/* ---- the chain ---- */

static void c106_scid(void **state)
{
	struct test_webvh w = { .n = 0 };
	struct test_webvh_entry e = { .parameters = params_of(&a, ""), .state = STATE, .key = &a };
	char *first;

	(void)state;
	/* another document than the one the SCID is of */
	test_webvh_add(&w, &e);
	first = strdup(w.scid);
	w.n = 1;
	berth_buf_free(&w.log);
	snprintf(w.previous, sizeof(w.previous), "%s", first);
	e.state = STATE_N(1);
	e.number = "1-";
	test_webvh_add(&w, &e);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	CHECK(strstr(berth_err_detail(), "SCID"));
	free(first);
	test_webvh_free(&w);
	CHECK_OK(judge_first(params_of(&a, ""), STATE));
	/* not of the DID that is asked for, whose SCID is another */
	begin(&w, "");
	CHECK_RC(BERTH_E_RESOLVE, judge_all(&w, "did:webvh:QmWGqHMYsShoNu8Sm1R9tLPGersH8EHwnqMEhJitruJ94M:example.com", NULL, NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge_all(&w, "did:webvh:{SCID}:example.org", NULL, NULL));
	CHECK_OK(judge(&w));
	test_webvh_free(&w);
}

static void c106_the_document_keeps_its_scid(void **state)
{
	static const char other[] = "{\"id\":\"did:webvh:QmWGqHMYsShoNu8Sm1R9tLPGersH8EHwnqMEhJitruJ94M:example.com\","
				    "\"alsoKnownAs\":[\"" DID "\"]}";

	(void)state;
	CHECK_RC(BERTH_E_RESOLVE, judge_with(",\"portable\":true", &(struct test_webvh_entry){
		.parameters = "{}", .state = other, .key = &a }));
	CHECK_RC(BERTH_E_RESOLVE, judge_with(",\"portable\":true", &(struct test_webvh_entry){
		.parameters = "{}", .state = "{\"alsoKnownAs\":[\"" DID "\"]}", .key = &a }));
	CHECK_OK(judge_with(",\"portable\":true", &(struct test_webvh_entry){ .parameters = "{}", .state = STATE, .key = &a }));
}

static void c106_version_ids(void **state)
{
	static const char *const numbers[] = { "3-", "1-", "2--", "-2-", "02-", "2", "+2-", "2-Q", "", "99999999999-" };
	struct test_webvh_entry e = { .parameters = "{}", .state = STATE, .key = &a };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		e.number = numbers[i];
		CHECK_RC(BERTH_E_RESOLVE, judge_with("", &e));
	}
	e.number = "2-";
	CHECK_OK(judge_with("", &e));
}

static void c106_a_hash_in_the_middle(void **state)
{
	struct test_webvh w;
	struct test_webvh_entry e = { .parameters = "{}", .state = STATE, .key = &a };

	(void)state;
	begin(&w, "");
	e.previous = "1-QmWGqHMYsShoNu8Sm1R9tLPGersH8EHwnqMEhJitruJ94M";
	test_webvh_add(&w, &e);
	e.previous = NULL;
	test_webvh_add(&w, &e);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	CHECK(strstr(berth_err_detail(), "another hash"));
	test_webvh_free(&w);
}

/* ---- times ---- */

static void c107_times(void **state)
{
	static const struct { const char *time; enum berth_err want; } cases[] = {
		{ "2025-01-01T00:00:00Z", BERTH_E_RESOLVE },		/* as the first */
		{ "2024-12-31T23:59:59Z", BERTH_E_RESOLVE },
		{ "2025-01-02T00:00:00", BERTH_E_RESOLVE },
		{ "2025-01-02T00:00:00+06:00", BERTH_E_RESOLVE },
		{ "2025-01-02T00:00:00+00:00", BERTH_E_RESOLVE },
		{ "2025-01-02 00:00:00Z", BERTH_E_RESOLVE },
		{ "2025-01-02T00:00:00z", BERTH_E_RESOLVE },
		{ "2025-02-30T00:00:00Z", BERTH_E_RESOLVE },
		{ "2025-01-02T00:00:00.0000000001Z", BERTH_E_RESOLVE },
		{ "", BERTH_E_RESOLVE },
		{ "2025-01-01T00:00:00.000Z", BERTH_E_RESOLVE },
		{ "2025-01-01T00:00:00.001Z", BERTH_OK },
		{ "2025-01-01T00:00:01Z", BERTH_OK },
		{ "2025-06-15T15:11:40Z", BERTH_OK },		/* 300 s ahead */
		{ "2025-06-15T15:11:41Z", BERTH_E_RESOLVE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_RC(cases[i].want, judge_with("", &(struct test_webvh_entry){
			.parameters = "{}", .state = STATE, .time = cases[i].time, .key = &a }));
}

static void an_untrusted_clock_is_said(void **state)
{
	struct test_webvh w;

	(void)state;
	trusted = false;
	make_three(&w);
	CHECK_OK(judge(&w));
	assert_string_equal(meta("clock"), "untrusted");
	/* the floor is what counts then: it is before the last entry */
	now = INT64_C(1735776000);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	CHECK_OK(version(&w, NULL, NULL, "2") == BERTH_E_RESOLVE ? BERTH_OK : BERTH_E_INTERNAL);	/* the pin is further */
	berth_buf_free(&pin);
	CHECK_OK(version(&w, NULL, NULL, "2"));
	test_webvh_free(&w);
}

/* ---- who may sign ---- */

static void c108_keys_and_proofs(void **state)
{
	static const struct { const char *suite, *purpose, *more; enum berth_err want; } cases[] = {
		{ NULL, NULL, NULL, BERTH_OK },
		{ "", NULL, NULL, BERTH_E_RESOLVE },			/* no cryptosuite */
		{ "eddsa-rdfc-2022", NULL, NULL, BERTH_E_RESOLVE },
		{ "ecdsa-jcs-2019", NULL, NULL, BERTH_E_RESOLVE },
		{ NULL, "authentication", NULL, BERTH_E_RESOLVE },
		{ NULL, NULL, ",\"@context\":\"https://www.w3.org/ns/did/v1\"", BERTH_E_RESOLVE },
		{ NULL, NULL, ",\"previousProof\":\"urn:x\"", BERTH_E_RESOLVE },
		{ NULL, NULL, ",\"expires\":\"2025-01-03T00:00:00Z\"", BERTH_E_RESOLVE },
		{ NULL, NULL, ",\"expires\":\"2035-01-03T00:00:00Z\"", BERTH_OK },
		{ NULL, NULL, ",\"created\":\"2025-01-03T00:00:00Z\"", BERTH_OK },
	};
	char half[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_RC(cases[i].want, judge_with("", &(struct test_webvh_entry){ .parameters = "{}", .state = STATE, .key = &a,
			.suite = cases[i].suite, .purpose = cases[i].purpose, .more = cases[i].more }));
	/* a key that is none of the log's, and one that says it is another */
	CHECK_RC(BERTH_E_RESOLVE, judge_with("", &(struct test_webvh_entry){ .parameters = "{}", .state = STATE, .key = &mallory }));
	snprintf(half, sizeof(half), "%s", test_webvh_method(&a));
	CHECK_RC(BERTH_E_RESOLVE, judge_with("", &(struct test_webvh_entry){
		.parameters = "{}", .state = STATE, .key = &mallory, .method = half }));
	snprintf(half, sizeof(half), "did:key:%s#", test_webvh_multikey(&mallory));
	strcat(half, test_webvh_multikey(&a));
	CHECK_RC(BERTH_E_RESOLVE, judge_with("", &(struct test_webvh_entry){
		.parameters = "{}", .state = STATE, .key = &mallory, .method = half }));
	snprintf(half, sizeof(half), "did:key:%s", test_webvh_multikey(&a));
	CHECK_RC(BERTH_E_RESOLVE, judge_with("", &(struct test_webvh_entry){
		.parameters = "{}", .state = STATE, .key = &a, .method = half }));
}

/* Without pre-rotation an entry is signed by the keys of the one before it. */
static void c108_rotation(void **state)
{
	struct test_webvh w;
	char to_b[256];

	(void)state;
	snprintf(to_b, sizeof(to_b), "{\"updateKeys\":[\"%s\"]}", test_webvh_multikey(&b));
	CHECK_RC(BERTH_E_RESOLVE, judge_with("", &(struct test_webvh_entry){ .parameters = to_b, .state = STATE, .key = &b }));
	begin(&w, "");
	add(&w, to_b, STATE);
	CHECK_OK(judge(&w));
	test_webvh_add(&w, &(struct test_webvh_entry){ .parameters = "{}", .state = STATE_N(3), .key = &b });
	CHECK_OK(judge(&w));
	add(&w, "{}", STATE_N(4));	/* a's time is over */
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	test_webvh_free(&w);
}

static void put_hash(struct berth_buf *out, const struct berth_privkey *k)
{
	CHECK_OK(berth_webvh_key_hash(out, test_webvh_multikey(k)));
}

static void c108_pre_rotation(void **state)
{
	struct berth_buf promise = BERTH_BUF_INIT, hash_a = BERTH_BUF_INIT, params = BERTH_BUF_INIT;
	static const struct { const char *keys; const char *next; bool by_b; enum berth_err want; } cases[] = {
		{ "b", "[\"x\"]", true, BERTH_OK },
		{ "b", "[]", true, BERTH_OK },			/* it ends after this entry */
		{ "b", NULL, true, BERTH_E_RESOLVE },
		{ NULL, "[\"x\"]", false, BERTH_E_RESOLVE },	/* as in didwebvh-test-suite */
		{ NULL, "[\"x\"]", true, BERTH_E_RESOLVE },
		{ "", "[\"x\"]", false, BERTH_E_RESOLVE },
		{ "a", "[\"x\"]", false, BERTH_E_RESOLVE },	/* not promised */
		{ "b", "[\"x\"]", false, BERTH_E_RESOLVE },	/* the key of before is spent */
	};

	(void)state;
	berth_buf_str(&promise, ",\"nextKeyHashes\":[\"");
	put_hash(&promise, &b);
	berth_buf_str(&promise, "\"]");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *k = cases[i].keys;

		berth_buf_free(&params);
		berth_buf_str(&params, "{");
		if (k)
			berth_buf_printf(&params, "\"updateKeys\":[%s%s%s]", *k ? "\"" : "",
					 *k ? test_webvh_multikey(*k == 'a' ? &a : &b) : "", *k ? "\"" : "");
		if (cases[i].next)
			berth_buf_printf(&params, "%s\"nextKeyHashes\":%s", k ? "," : "", cases[i].next);
		berth_buf_str(&params, "}");
		CHECK_RC(cases[i].want, judge_with(berth_buf_cstr(&promise), &(struct test_webvh_entry){
			.parameters = berth_buf_cstr(&params), .state = STATE, .key = cases[i].by_b ? &b : &a }));
	}
	berth_buf_free(&promise);
	berth_buf_free(&hash_a);
	berth_buf_free(&params);
}

/* ---- parameters ---- */

static void parameters_of_the_first_entry(void **state)
{
	static const struct { const char *more; enum berth_err want; } cases[] = {
		{ "", BERTH_OK },
		{ ",\"portable\":false,\"deactivated\":false,\"watchers\":[],\"witness\":{},\"nextKeyHashes\":[],\"ttl\":0", BERTH_OK },
		{ ",\"watchers\":null,\"witness\":null,\"nextKeyHashes\":null,\"ttl\":null", BERTH_OK },
		{ ",\"ttl\":2147483648", BERTH_OK },
		{ ",\"ttl\":2147483649", BERTH_E_RESOLVE },
		{ ",\"ttl\":-1", BERTH_E_RESOLVE },
		{ ",\"ttl\":1.5", BERTH_E_RESOLVE },
		{ ",\"ttl\":\"3600\"", BERTH_E_RESOLVE },
		{ ",\"unknown\":1", BERTH_E_RESOLVE },
		{ ",\"portable\":null", BERTH_E_RESOLVE },
		{ ",\"portable\":\"true\"", BERTH_E_RESOLVE },
		{ ",\"deactivated\":1", BERTH_E_RESOLVE },
		{ ",\"watchers\":\"https://example.com\"", BERTH_E_RESOLVE },
		{ ",\"watchers\":[\"x\",\"x\"]", BERTH_E_RESOLVE },
		{ ",\"nextKeyHashes\":[1]", BERTH_E_RESOLVE },
		{ ",\"witness\":[]", BERTH_E_RESOLVE },
		{ ",\"witness\":{\"threshold\":1}", BERTH_E_RESOLVE },
		{ ",\"witness\":{\"threshold\":1,\"witnesses\":[]}", BERTH_E_RESOLVE },
		{ ",\"witness\":{\"threshold\":1,\"witnesses\":[{\"id\":\"did:web:example.com\"}]}", BERTH_E_RESOLVE },
		{ ",\"witness\":{\"witnesses\":[{\"id\":\"did:key:z6Mka\"}]}", BERTH_E_RESOLVE },
		{ ",\"witness\":{\"threshold\":0,\"witnesses\":[{\"id\":\"did:key:z6Mka\"}]}", BERTH_E_RESOLVE },
		{ ",\"witness\":{\"threshold\":2,\"witnesses\":[{\"id\":\"did:key:z6Mka\"}]}", BERTH_E_RESOLVE },
		{ ",\"witness\":{\"threshold\":1,\"witnesses\":[{\"id\":\"did:key:z6Mka\"},{\"id\":\"z6Mka\"}]}", BERTH_E_RESOLVE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_RC(cases[i].want, judge_first(params_of(&a, cases[i].more), STATE));
	CHECK_RC(BERTH_E_RESOLVE, judge_first("{\"scid\":\"{SCID}\",\"updateKeys\":[\"z6Mk\"]}", STATE));
	CHECK_RC(BERTH_E_RESOLVE, judge_first("{\"method\":\"did:webvh:0.5\",\"scid\":\"{SCID}\",\"updateKeys\":[\"z6Mk\"]}", STATE));
	CHECK_RC(BERTH_E_RESOLVE, judge_first("{\"method\":\"did:webvh:1.0\",\"updateKeys\":[\"z6Mk\"]}", STATE));
	CHECK_RC(BERTH_E_RESOLVE, judge_first("{\"method\":\"did:webvh:1.0\",\"scid\":\"{SCID}\"}", STATE));
	CHECK_RC(BERTH_E_RESOLVE, judge_first("{\"method\":\"did:webvh:1.0\",\"scid\":\"{SCID}\",\"updateKeys\":[]}", STATE));
}

static void parameters_of_later_entries(void **state)
{
	static const struct { const char *said; enum berth_err want; } cases[] = {
		{ "{}", BERTH_OK },
		{ "{\"method\":\"did:webvh:1.0\"}", BERTH_OK },
		{ "{\"method\":\"did:webvh:99.0\"}", BERTH_E_RESOLVE },
		{ "{\"scid\":\"{SCID}\"}", BERTH_E_RESOLVE },
		{ "{\"portable\":false}", BERTH_OK },
		{ "{\"ttl\":60,\"watchers\":[\"https://w.example\"]}", BERTH_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_RC(cases[i].want, judge_second("", cases[i].said));
	CHECK(last.ttl_s == 60);
	assert_string_equal(berth_json_str(berth_json_at(berth_json_get(last.metadata, "watchers"), 0)), "https://w.example");
	/* what is not said stays, what null says is the default */
	CHECK_OK(judge_second(",\"ttl\":60", "{}"));
	CHECK(last.ttl_s == 60);
	CHECK_OK(judge_second(",\"ttl\":60", "{\"ttl\":null}"));
	CHECK(last.ttl_s == 3600);
}

static void c110_portable_and_deactivated(void **state)
{
	struct test_webvh w;

	(void)state;
	CHECK_RC(BERTH_E_RESOLVE, judge_second("", "{\"portable\":true}"));
	CHECK_RC(BERTH_E_RESOLVE, judge_second(",\"portable\":true", "{\"portable\":true}"));
	CHECK_OK(judge_second(",\"portable\":true", "{\"portable\":false}"));
	begin(&w, "");
	add(&w, "{\"deactivated\":true,\"updateKeys\":[]}", STATE);
	CHECK_OK(judge(&w));
	CHECK(last.deactivated && last.doc && berth_json_bool(berth_json_get(last.metadata, "deactivated"), false));
	CHECK(strstr(berth_buf_cstr(&pin), " deactivated"));
	add(&w, "{}", STATE);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	test_webvh_free(&w);
	berth_buf_free(&pin);
	begin(&w, "");
	add(&w, "{\"deactivated\":true}", STATE);	/* with the keys still there */
	add(&w, "{\"deactivated\":false}", STATE);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	test_webvh_free(&w);
	begin(&w, "");
	add(&w, "{\"updateKeys\":[]}", STATE);		/* nobody can go on */
	add(&w, "{}", STATE);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	test_webvh_free(&w);
}

/* ---- moving ---- */

static void a_portable_did_moves(void **state)
{
	static const char moved[] = "{\"id\":\"did:webvh:{SCID}:example.org:new\",\"alsoKnownAs\":[\"" DID "\"]}";
	static const char silent[] = "{\"id\":\"did:webvh:{SCID}:example.org:new\"}";
	struct test_webvh_entry e = { .parameters = "{}", .state = moved, .key = &a };
	struct test_webvh w;

	(void)state;
	CHECK_OK(judge_with(",\"portable\":true", &e));
	CHECK_RC(BERTH_E_RESOLVE, judge_with("", &e));
	e.parameters = "{\"portable\":false}";
	CHECK_RC(BERTH_E_RESOLVE, judge_with(",\"portable\":true", &e));
	e.parameters = "{}";
	e.state = silent;
	CHECK_RC(BERTH_E_RESOLVE, judge_with(",\"portable\":true", &e));
	begin(&w, ",\"portable\":true");
	add(&w, "{}", moved);
	CHECK_OK(judge_all(&w, "did:webvh:{SCID}:example.org:new", NULL, NULL));
	assert_string_equal(berth_json_str(berth_json_get(last.doc->services[0].json, "serviceEndpoint")), "https://example.org/new/");
	/* what it was leads to what it is, and it never was anything else */
	CHECK_OK(judge_all(&w, DID, NULL, NULL));
	CHECK(strstr(last.doc->id, ":example.org:new"));
	CHECK_RC(BERTH_E_RESOLVE, judge_all(&w, "did:webvh:{SCID}:example.net", NULL, NULL));
	test_webvh_free(&w);
}

/* ---- witnesses ---- */

static const char *witness_of(int threshold, const struct berth_privkey *const *keys, size_t n)
{
	static char text[1024];
	size_t len = (size_t)snprintf(text, sizeof(text), "\"witness\":{\"threshold\":%d,\"witnesses\":[", threshold);

	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s{\"id\":\"did:key:%s\"}", i ? "," : "",
					test_webvh_multikey(keys[i]));
	snprintf(text + len, sizeof(text) - len, "]}");
	return text;
}

static const struct berth_privkey *const trio[] = { &w1, &w2, &w3 };

/* A file of one element, the approvals of the first n of three. */
static char *file_of(const char *version_id, size_t n)
{
	struct berth_buf t = BERTH_BUF_INIT;

	berth_buf_str(&t, "[");
	test_webvh_approve(&t, version_id, trio, n);
	berth_buf_str(&t, "]");
	return berth_buf_take_str(&t);
}

static enum berth_err judge_witnessed(const struct test_webvh *w, char *file)
{
	enum berth_err rc = judge_all(w, DID, file, NULL);

	free(file);
	berth_buf_free(&pin);
	return rc;
}

static void begin_witnessed(struct test_webvh *w, int threshold)
{
	char more[1100];

	snprintf(more, sizeof(more), ",%s", witness_of(threshold, trio, 3));
	begin(w, more);
}

static void a_threshold_of_witnesses(void **state)
{
	struct test_webvh w;
	char first[128], *file;

	(void)state;
	begin_witnessed(&w, 2);
	snprintf(first, sizeof(first), "%s", w.previous);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, strdup("[]")));
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, strdup("{}")));
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, strdup("[")));
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, file_of(first, 1)));
	CHECK_OK(judge_witnessed(&w, file_of(first, 2)));
	assert_string_equal(berth_json_str(berth_json_get(berth_json_get(last.metadata, "witness"), "threshold")), "2");
	/* another's version is none */
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, file_of("1-QmWGqHMYsShoNu8Sm1R9tLPGersH8EHwnqMEhJitruJ94M", 3)));
	/* a later proof counts for what is before, one of before not for what is later */
	add(&w, "{}", STATE_N(2));
	CHECK_OK(judge_witnessed(&w, file_of(w.previous, 2)));
	CHECK(n_of_last() == 2);
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, file_of(first, 3)));
	file = file_of(first, 3);
	CHECK_OK(judge_all(&w, DID, file, &(struct berth_did_version){ .number = "1" }));
	CHECK_RC(BERTH_E_RESOLVE, judge_all(&w, DID, file, &(struct berth_did_version){ .number = "2" }));
	free(file);
	test_webvh_free(&w);
}

static void proofs_that_do_not_verify_count_for_nothing(void **state)
{
	const struct berth_privkey *const twice[] = { &w1, &w1 }, *const stranger[] = { &w1, &mallory };
	struct berth_buf t = BERTH_BUF_INIT;
	struct test_webvh w;
	char *at;

	(void)state;
	begin_witnessed(&w, 2);
	berth_buf_str(&t, "[");
	test_webvh_approve(&t, w.previous, twice, 2);
	berth_buf_str(&t, "]");
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, berth_buf_take_str(&t)));
	berth_buf_str(&t, "[");
	test_webvh_approve(&t, w.previous, stranger, 2);
	berth_buf_str(&t, "]");
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, berth_buf_take_str(&t)));
	/* a signature of another's under a witness's name */
	at = file_of(w.previous, 2);
	memcpy(strstr(at, "proofValue\":\"z") + 13, "2222", 4);
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, at));
	at = file_of(w.previous, 3);
	memcpy(strstr(at, "proofValue\":\"z") + 13, "2222", 4);
	CHECK_OK(judge_witnessed(&w, at));
	test_webvh_free(&w);
}

/* New witnesses approve of what comes after them; the first ones, of what brings them. */
static void witnesses_are_replaced(void **state)
{
	const struct berth_privkey *const other[] = { &mallory };
	struct berth_buf t = BERTH_BUF_INIT;
	struct test_webvh w;
	char params[1100], second[128];

	(void)state;
	/* from none to one: at once */
	snprintf(params, sizeof(params), "{%s}", witness_of(1, trio, 1));
	begin(&w, "");
	add(&w, params, STATE);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	CHECK_OK(judge_witnessed(&w, file_of(w.previous, 1)));
	/* one for another: the old one approves of the change, and the new one of what follows */
	snprintf(params, sizeof(params), "{%s}", witness_of(1, other, 1));
	add(&w, params, STATE);
	snprintf(second, sizeof(second), "%s", w.previous);
	CHECK_OK(judge_witnessed(&w, file_of(second, 1)));
	add(&w, "{}", STATE_N(4));
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, file_of(w.previous, 1)));
	berth_buf_str(&t, "[");
	test_webvh_approve(&t, second, trio, 1);
	berth_buf_str(&t, ",");
	test_webvh_approve(&t, w.previous, other, 1);
	berth_buf_str(&t, "]");
	CHECK_OK(judge_witnessed(&w, berth_buf_take_str(&t)));
	test_webvh_free(&w);
	/* none any more: who was there approves of that */
	begin_witnessed(&w, 1);
	snprintf(second, sizeof(second), "%s", w.previous);
	add(&w, "{\"witness\":{}}", STATE_N(2));
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, file_of(second, 3)));
	snprintf(second, sizeof(second), "%s", w.previous);
	add(&w, "{}", STATE_N(3));
	CHECK_OK(judge_witnessed(&w, file_of(second, 1)));
	CHECK(n_of_last() == 3);
	test_webvh_free(&w);
}

/* ---- sizes, pieces, memory ---- */

static void c110_caps(void **state)
{
	static const char entry[] = "{\"n\":1}\n";
	struct test_webvh w;
	struct berth_buf big = BERTH_BUF_INIT;
	size_t whole;

	(void)state;
	begin(&w, "");
	whole = w.log.len;
	/* blanks at the end of a line are JSON's own */
	while (w.log.len < BERTH_WEBVH_LOG_MAX)
		berth_buf_put(&w.log, entry, sizeof(entry) - 1);
	CHECK_RC(w.log.len > BERTH_WEBVH_LOG_MAX ? BERTH_E_SIZE : BERTH_E_RESOLVE, judge(&w));
	w.log.len = BERTH_WEBVH_LOG_MAX;
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	w.log.len = BERTH_WEBVH_LOG_MAX + 1;
	berth_buf_put(&big, w.log.p, BERTH_WEBVH_LOG_MAX);
	berth_buf_u8(&big, '\n');
	w.log.len = whole;
	berth_buf_free(&w.log);
	w.log = big;
	CHECK_RC(BERTH_E_SIZE, judge(&w));
	w.log.len = whole;
	CHECK_OK(judge(&w));
	berth_buf_free(&pin);
	/* a line that never ends */
	while (w.log.len < whole + BERTH_WEBVH_LINE_MAX + 1)
		berth_buf_put(&w.log, "        ", 8);
	CHECK_RC(BERTH_E_SIZE, judge(&w));
	w.log.len = whole + BERTH_WEBVH_LINE_MAX;
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	test_webvh_free(&w);
}

static void c110_too_many_entries(void **state)
{
	struct test_webvh w;

	(void)state;
	now = INT64_C(4102444800);
	begin(&w, "");
	while (w.n < BERTH_WEBVH_ENTRIES_MAX)
		add(&w, "{}", STATE);
	CHECK_OK(judge(&w));
	berth_buf_free(&pin);
	add(&w, "{}", STATE);
	CHECK_RC(BERTH_E_SIZE, judge(&w));
	test_webvh_free(&w);
}

/* Of a log that is cut off, only whole lines are one; and those are behind the pin. */
static void every_truncation(void **state)
{
	struct test_webvh w, cut;

	(void)state;
	make_three(&w);
	cut = w;
	for (size_t n = 0; n < w.log.len; n++) {
		uint8_t *exact = malloc(n ? n : 1);
		bool line = n > 0 && (w.log.p[n - 1] == '\n' || w.log.p[n] == '\n');

		assert_non_null(exact);
		memcpy(exact, w.log.p, n);
		cut.log = (struct berth_buf){ .p = exact, .len = n };
		CHECK_RC(line ? BERTH_OK : BERTH_E_RESOLVE, judge(&cut));
		berth_buf_free(&pin);
		free(exact);
	}
	CHECK_OK(judge(&w));
	cut.log = (struct berth_buf){ .p = w.log.p, .len = (size_t)((uint8_t *)strchr((char *)w.log.p, '\n') - w.log.p) + 1 };
	CHECK_RC(BERTH_E_RESOLVE, judge(&cut));
	test_webvh_free(&w);
}

static void what_is_no_log(void **state)
{
	static const char *const texts[] = { "", "\n", "{}\n", "[]\n", "null\n", "x", "{\"versionId\":\"1-x\"}\n" };
	struct test_webvh w, good;

	(void)state;
	make_three(&good);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		memset(&w, 0, sizeof(w));
		berth_buf_str(&w.log, texts[i]);
		snprintf(w.scid, sizeof(w.scid), "%s", good.scid);
		CHECK_RC(BERTH_E_RESOLVE, judge(&w));
		test_webvh_free(&w);
	}
	/* a blank line within, a sixth member, a proof that is no list or an empty one */
	berth_buf_str(&w.log, berth_buf_cstr(&good.log));
	berth_buf_str(&w.log, "\n");
	snprintf(w.scid, sizeof(w.scid), "%s", good.scid);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	test_webvh_free(&w);
	test_webvh_free(&good);
}

static enum berth_err judge_scarce(void *arg)
{
	const struct test_webvh *w = arg;
	struct berth_registry_piece pieces[2] = { { "did.jsonl", w->log.p, w->log.len }, { NULL, NULL, 0 } };
	struct berth_registry_evidence e = { .pieces = pieces, .n = 1 };
	struct berth_buf new_pin = BERTH_BUF_INIT, did = BERTH_BUF_INIT;
	struct berth_registry_judge j = { .now_s = NOW, .clock_trusted = true, .pin = "", .new_pin = &new_pin };
	struct berth_registry_result r;
	enum berth_err rc;

	berth_buf_printf(&did, "did:webvh:%s:example.com", w->scid);
	if ((rc = berth_buf_status(&did)) == BERTH_OK)
		rc = berth_webvh_judge(&r, &e, berth_buf_cstr(&did), NULL, &j);
	if (!rc)
		berth_registry_result_free(&r);
	berth_buf_free(&new_pin);
	berth_buf_free(&did);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	struct test_webvh w;

	(void)state;
	begin(&w, ",\"watchers\":[\"https://w.example\"]");
	add(&w, "{}", STATE_N(2));
	CHECK(test_every_allocation_fails(judge_scarce, &w) > 100);
	test_webvh_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_log_gives_the_newest_document, fresh),
		cmocka_unit_test_setup(explicit_services_stay, fresh),
		cmocka_unit_test_setup(versions_are_found, fresh),
		cmocka_unit_test_setup(what_is_before_an_invalid_entry_is_valid, fresh),
		cmocka_unit_test_setup(c105_roll_back_and_fork, fresh),
		cmocka_unit_test_setup(a_pin_that_is_none_is_e_store, fresh),
		cmocka_unit_test_setup(c106_scid, fresh),
		cmocka_unit_test_setup(c106_the_document_keeps_its_scid, fresh),
		cmocka_unit_test_setup(c106_version_ids, fresh),
		cmocka_unit_test_setup(c106_a_hash_in_the_middle, fresh),
		cmocka_unit_test_setup(c107_times, fresh),
		cmocka_unit_test_setup(an_untrusted_clock_is_said, fresh),
		cmocka_unit_test_setup(c108_keys_and_proofs, fresh),
		cmocka_unit_test_setup(c108_rotation, fresh),
		cmocka_unit_test_setup(c108_pre_rotation, fresh),
		cmocka_unit_test_setup(parameters_of_the_first_entry, fresh),
		cmocka_unit_test_setup(parameters_of_later_entries, fresh),
		cmocka_unit_test_setup(c110_portable_and_deactivated, fresh),
		cmocka_unit_test_setup(a_portable_did_moves, fresh),
		cmocka_unit_test_setup(a_threshold_of_witnesses, fresh),
		cmocka_unit_test_setup(proofs_that_do_not_verify_count_for_nothing, fresh),
		cmocka_unit_test_setup(witnesses_are_replaced, fresh),
		cmocka_unit_test_setup(c110_caps, fresh),
		cmocka_unit_test_setup(c110_too_many_entries, fresh),
		cmocka_unit_test_setup(every_truncation, fresh),
		cmocka_unit_test_setup(what_is_no_log, fresh),
		cmocka_unit_test_setup(c015_every_allocation_may_fail, fresh),
	};
	int failed = cmocka_run_group_tests(tests, setup, NULL);

	berth_registry_result_free(&last);
	berth_buf_free(&pin);
	return failed;
}
