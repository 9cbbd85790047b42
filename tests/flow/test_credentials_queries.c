/* SPDX-License-Identifier: Apache-2.0 */
/* What a verifier asks for, and what answers it. */
#include "tests/flow/credentials.h"

/* Nobody chooses: what answers the query is found, and no more of it is shown. */
static void answered_from_what_is_held(void **state)
{
	const struct berth_json *shown;
	struct berth_json *v;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	issue(&p, "t-1", "vc+jwt", W3C);
	CHECK_OK(command(p.a, p.b, "proof", "p-1", "cmd/request", "\"dcqlQuery\":" DCQL));
	pair_settle(&p, 10);
	CHECK_RC(BERTH_E_NOMATCH, command(p.b, p.a, "proof", "p-1", "cmd/accept", NULL));
	is_in(p.b, p.a, "proof", "p-1", "request-received");
	issue(&p, "t-2", "dc+sd-jwt", SD);
	CHECK_OK(command(p.b, p.a, "proof", "p-1", "cmd/accept", NULL));	/* the twin */
	pair_settle(&p, 10);
	is_in(p.a, p.b, "proof", "p-1", "done");
	v = instance(p.a, p.b, "proof", "p-1");
	shown = berth_json_get(berth_json_get(berth_json_get(v, "data"), "report"), "credential");
	assert_string_equal(S(shown, "degree"), "BSc");
	assert_null(berth_json_get(shown, "grade"));
	berth_json_free(v);
	CHECK_OK(command(p.a, p.b, "proof", "p-2", "cmd/request", "\"presentationDefinition\":" FIELD("\"$.credentialSubject.degree\"")));
	pair_settle(&p, 10);
	CHECK_OK(command(p.b, p.a, "proof", "p-2", "cmd/accept", NULL));
	pair_settle(&p, 10);
	is_in(p.a, p.b, "proof", "p-2", "done");
	pair_free(&p);
}

/* The query of an instance becomes another. */
static void edit_query(struct sim_node *n, struct sim_node *peer, const char *thid, const char *query)
{
	struct berth_json *v = instance(n, peer, "proof", thid), *q;

	CHECK_OK(berth_json_parse_object(&q, query, strlen(query), BERTH_JSON_MAX));
	CHECK_OK(berth_json_set(berth_json_get_mut(v, "data"), "query", q));
	put_instance(n, peer, "proof", thid, v);
}

/* A holder who shows something else, or less, than was asked for: everything that was
 * shown is good, and the verdict is no all the same. */
static void what_does_not_answer_is_no_proof(void **state)
{
	static const char *const others[] = { FIELD("\"$.grade\""), FIELD("\"$.vct\"") };
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	issue(&p, "t-1", "dc+sd-jwt", SD);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct berth_json *v;
		char thid[8];

		snprintf(thid, sizeof(thid), "p-%zu", i);
		CHECK_OK(command(p.a, p.b, "proof", thid, "cmd/request", "\"presentationDefinition\":" PEX));
		pair_settle(&p, 10);
		edit_query(p.b, p.a, thid, others[i]);
		CHECK_OK(command(p.b, p.a, "proof", thid, "cmd/accept", NULL));
		pair_settle(&p, 10);
		is_in(p.a, p.b, "proof", thid, "abandoned");
		is_in(p.b, p.a, "proof", thid, "abandoned");
		v = instance(p.a, p.b, "proof", thid);
		assert_false(berth_json_bool(berth_json_get(berth_json_get(v, "data"), "verified"), true));
		assert_string_equal(error_of(v), "E_NOMATCH");
		berth_json_free(v);
	}
	present(&p, "p-9", "");		/* the twin */
	pair_free(&p);
}

/* Queries that cannot be read are refused where they are: ours, and a peer's. */
static void queries_that_are_none(void **state)
{
	static const char bad[] = "[{\"id\":\"q\",\"format\":\"urn:berth:dcql@v1.0\",\"data\":{\"json\":{\"options\":{"
				  "\"challenge\":\"0123456789\",\"domain\":\"x.example\"},\"dcql_query\":{\"credentials\":[]}}}}]";
	struct pair p;
	char key[65];

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	CHECK_RC(BERTH_E_TYPE, command(p.a, p.b, "proof", "p-1", "cmd/request", "\"dcqlQuery\":{\"credentials\":[]}"));
	CHECK_RC(BERTH_E_TYPE, command(p.a, p.b, "proof", "p-1", "cmd/request",
				       "\"presentationDefinition\":{\"id\":\"q\",\"input_descriptors\":[]}"));
	CHECK_RC(BERTH_E_TYPE, command(p.a, p.b, "proof", "p-1", "cmd/request", NULL));
	say(p.a, p.b, BERTH_ID_OWNER, PROOF3 "request-presentation", "p-2", "{}", bad);
	key_of(p.b, p.a, "p-2", key);
	assert_string_equal(sim_state(p.b, "proof", key), "");
	assert_int_equal(pair_audit(p.b, "E_TYPE: query"), 1);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answered_from_what_is_held),
		cmocka_unit_test(what_does_not_answer_is_no_proof),
		cmocka_unit_test(queries_that_are_none),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
