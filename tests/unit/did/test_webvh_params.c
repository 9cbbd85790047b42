/* SPDX-License-Identifier: Apache-2.0 */
/* Who may sign an entry, and what the parameters allow. */
#include "tests/unit/did/webvh_log.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(c108_keys_and_proofs, fresh),
		cmocka_unit_test_setup(c108_rotation, fresh),
		cmocka_unit_test_setup(c108_pre_rotation, fresh),
		cmocka_unit_test_setup(parameters_of_the_first_entry, fresh),
		cmocka_unit_test_setup(parameters_of_later_entries, fresh),
		cmocka_unit_test_setup(c110_portable_and_deactivated, fresh),
		cmocka_unit_test_setup(a_portable_did_moves, fresh),
	};

	return cmocka_run_group_tests(tests, setup, gone);
}
