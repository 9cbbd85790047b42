/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/json.h"

#include <dirent.h>

#include "vc/schema.h"

#define SUITE "tests/vectors/json-schema-draft4/"
#define PEX "tests/vectors/presentation-exchange/"

static enum berth_err validate(const char *schema, const char *value, bool *valid)
{
	struct berth_json *s = test_json(schema), *v = test_json(value);
	size_t budget = BERTH_SCHEMA_WORK_MAX;
	enum berth_err rc = berth_schema_check(s);

	if (!rc)
		rc = berth_schema_validate(s, v, &budget, valid);
	berth_json_free(s);
	berth_json_free(v);
	return rc;
}

struct pair { const char *schema, *good, *bad; };	/* values; bad NULL: there is none */

/* Each word, with a value that passes and one that does not. */
static void every_word(void **state)
{
	static const struct pair pairs[] = {
		{ "true", "1", NULL }, { "{}", "1", NULL },
		{ "{\"type\":\"string\"}", "\"\"", "1" }, { "{\"type\":\"integer\"}", "1.0", "1.5" },
		{ "{\"type\":[\"null\",\"boolean\"]}", "false", "0" }, { "{\"type\":\"array\"}", "[]", "{}" },
		{ "{\"const\":{\"a\":[1]}}", "{\"a\":[1]}", "{\"a\":[2]}" },
		{ "{\"enum\":[1,\"a\",null]}", "null", "\"b\"" },
		{ "{\"pattern\":\"^a\"}", "\"ab\"", "\"ba\"" }, { "{\"pattern\":\"^a\"}", "1", "\"\"" },
		{ "{\"minLength\":2}", "\"\xc3\xa4\xc3\xa4\"", "\"\xc3\xa4\"" }, { "{\"maxLength\":1}", "\"\xc3\xa4\"", "\"ab\"" },
		{ "{\"minimum\":1}", "1", "0" }, { "{\"maximum\":1}", "1", "2" },
		{ "{\"exclusiveMinimum\":1}", "2", "1" }, { "{\"exclusiveMaximum\":1}", "0", "1" },
		{ "{\"minimum\":1,\"exclusiveMinimum\":true}", "2", "1" },
		{ "{\"maximum\":1,\"exclusiveMaximum\":true}", "0", "1" }, { "{\"multipleOf\":0.5}", "1.5", "1.25" },
		{ "{\"properties\":{\"a\":{\"type\":\"string\"}}}", "{\"a\":\"\",\"b\":1}", "{\"a\":1}" },
		{ "{\"required\":[\"a\"]}", "{\"a\":null}", "{\"b\":1}" },
		{ "{\"properties\":{\"a\":true},\"additionalProperties\":false}", "{\"a\":1}", "{\"b\":1}" },
		{ "{\"additionalProperties\":{\"type\":\"number\"}}", "{\"a\":1}", "{\"a\":\"\"}" },
		{ "{\"patternProperties\":{\"^x-\":{\"type\":\"number\"}},\"additionalProperties\":false}", "{\"x-a\":1}",
		  "{\"y\":1}" },
		{ "{\"patternProperties\":{\"^x-\":{\"type\":\"number\"}}}", "{\"x-a\":1}", "{\"x-a\":\"\"}" },
		{ "{\"propertyNames\":{\"maxLength\":1}}", "{\"a\":1}", "{\"ab\":1}" },
		{ "{\"minProperties\":1}", "{\"a\":1}", "{}" }, { "{\"maxProperties\":1}", "{\"a\":1}", "{\"a\":1,\"b\":1}" },
		{ "{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"c\":1}", "{\"a\":1}" },
		{ "{\"dependencies\":{\"a\":[\"b\"],\"c\":{\"required\":[\"d\"]}}}", "{\"a\":1,\"b\":1}", "{\"c\":1}" },
		{ "{\"dependentSchemas\":{\"a\":{\"maxProperties\":1}}}", "{\"a\":1}", "{\"a\":1,\"b\":1}" },
		{ "{\"$ref\":\"#/definitions/a%25b\",\"definitions\":{\"a%b\":{\"const\":1}}}", "1", "2" },
		{ "{\"items\":{\"type\":\"number\"}}", "[1,2]", "[1,\"\"]" },
		{ "{\"items\":[{\"type\":\"number\"}],\"additionalItems\":false}", "[1]", "[1,2]" },
		{ "{\"prefixItems\":[{\"type\":\"number\"}],\"items\":{\"type\":\"string\"}}", "[1,\"\"]", "[1,2]" },
		{ "{\"contains\":{\"const\":1}}", "[0,1]", "[0]" },
		{ "{\"contains\":{\"const\":1},\"minContains\":2,\"maxContains\":2}", "[1,0,1]", "[1,1,1]" },
		{ "{\"minItems\":1}", "[0]", "[]" }, { "{\"maxItems\":1}", "[0]", "[0,0]" },
		{ "{\"uniqueItems\":true}", "[0,1,\"0\"]", "[{\"a\":1},{\"a\":1}]" },
		{ "{\"allOf\":[{\"minimum\":1},{\"maximum\":2}]}", "1", "3" },
		{ "{\"anyOf\":[{\"const\":1},{\"const\":2}]}", "2", "3" },
		{ "{\"oneOf\":[{\"minimum\":1},{\"minimum\":2}]}", "1", "2" }, { "{\"not\":{\"const\":1}}", "2", "1" },
		{ "{\"if\":{\"type\":\"string\"},\"then\":{\"minLength\":1},\"else\":{\"minimum\":1}}", "\"a\"", "\"\"" },
		{ "{\"if\":{\"type\":\"string\"},\"then\":{\"minLength\":1},\"else\":{\"minimum\":1}}", "1", "0" },
		{ "{\"$ref\":\"#/definitions/p~1q\",\"definitions\":{\"p/q\":{\"type\":\"number\"}}}", "1", "\"\"" },
		{ "{\"$id\":\"https://a.example/s\",\"$ref\":\"https://a.example/s#/$defs/n\",\"$defs\":{\"n\":{\"const\":1}}}", "1", "2" },
		{ "{\"properties\":{\"next\":{\"$ref\":\"#\"}},\"additionalProperties\":false}", "{\"next\":{\"next\":{}}}",
		  "{\"next\":{\"x\":1}}" },
		{ "{\"format\":\"date\"}", "\"2024-02-29\"", "\"2023-02-29\"" }, { "{\"format\":\"date\"}", "5", "\"2024-2-9\"" },
		{ "{\"format\":\"date-time\"}", "\"2024-02-29T01:02:03Z\"", "\"2024-02-29\"" },
		{ "{\"format\":\"time\"}", "\"01:02:03Z\"", "\"01:02\"" }, { "{\"format\":\"email\"}", "\"a@b.example\"", "\"a b@c\"" },
		{ "{\"format\":\"uri\"}", "\"https://a.example/b\"", "\"/b\"" }, { "{\"format\":\"uri-reference\"}", "\"/b\"", "\"a b\"" },
		{ "{\"format\":\"uuid\"}", "\"32f54163-7166-48f1-93d8-ff217bdb0653\"", "\"32f54163\"" },
		{ "{\"format\":\"of-our-own\",\"title\":5,\"unheard-of\":true}", "\"x\"", NULL },
	};
	bool valid;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		CHECK_OK(validate(pairs[i].schema, pairs[i].good, &valid));
		if (!valid)
			fail_msg("%s does not take %s: %s", pairs[i].schema, pairs[i].good, berth_err_detail());
		if (!pairs[i].bad)
			continue;
		CHECK_OK(validate(pairs[i].schema, pairs[i].bad, &valid));
		if (valid)
			fail_msg("%s takes %s", pairs[i].schema, pairs[i].bad);
	}
}

static void what_is_refused(void **state)
{
	static const char *const bad[] = {
		"1", "[]", "{\"type\":1}", "{\"type\":[1]}", "{\"enum\":1}", "{\"pattern\":\"(\"}", "{\"pattern\":1}",
		"{\"minLength\":-1}", "{\"minimum\":\"1\"}", "{\"multipleOf\":0}", "{\"properties\":[]}", "{\"properties\":{\"a\":1}}",
		"{\"required\":\"a\"}", "{\"required\":[1]}", "{\"patternProperties\":{\"(\":true}}", "{\"items\":1}",
		"{\"allOf\":[]}", "{\"allOf\":{}}", "{\"not\":1}", "{\"uniqueItems\":1}", "{\"dependentRequired\":{\"a\":1}}",
		"{\"unevaluatedProperties\":false}", "{\"dependencies\":{\"a\":1}}", "{\"$dynamicRef\":\"#a\"}",
		"{\"$ref\":\"https://other.example/s\"}", "{\"$ref\":\"#/nothing\"}", "{\"$ref\":\"#name\"}", "{\"$ref\":1}",
		"{\"$defs\":{\"a\":{\"type\":1}}}", "{\"exclusiveMinimum\":\"1\"}", "{\"format\":1}",
	};
	bool valid;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		enum berth_err rc = validate(bad[i], "1", &valid);

		if (rc != BERTH_E_TYPE)
			fail_msg("%s -> %s", bad[i], berth_err_name(rc));
	}
	/* a reference to what nobody has looked at as a schema */
	CHECK_RC(BERTH_E_TYPE, validate("{\"$ref\":\"#/default\",\"default\":{\"type\":1}}", "1", &valid));
	CHECK_RC(BERTH_E_TYPE, validate("{\"$ref\":\"#/default\",\"default\":5}", "1", &valid));
}

/* Schemas that multiply come to an end. */
static void work_is_bounded(void **state)
{
	bool valid;

	(void)state;
	CHECK_RC(BERTH_E_SIZE, validate("{\"$ref\":\"#\"}", "1", &valid));
	CHECK_RC(BERTH_E_SIZE, validate("{\"anyOf\":[{\"not\":{\"$ref\":\"#\"}},{\"not\":{\"$ref\":\"#\"}}]}", "1", &valid));
	CHECK_RC(BERTH_E_SIZE, validate("{\"allOf\":[{\"$ref\":\"#/$defs/a\"}],\"$defs\":{\"a\":{\"oneOf\":[{\"$ref\":\"#/$defs/b\"},"
					"{\"$ref\":\"#/$defs/b\"}]},\"b\":{\"oneOf\":[{\"$ref\":\"#/$defs/a\"},"
					"{\"$ref\":\"#/$defs/a\"},{\"$ref\":\"#/$defs/a\"}]}}}", "1", &valid));
}

static bool conforms(const struct berth_json *schema, const struct berth_json *v)
{
	size_t budget = BERTH_SCHEMA_WORK_MAX;
	bool valid;

	CHECK_OK(berth_schema_validate(schema, v, &budget, &valid));
	return valid;
}

/* Presentation Exchange's own schemas of its own examples. */
static void schemas_of_others(void **state)
{
	static const char *const requirements[] = { "pick_1_example.json", "pick_2_example.json", "pick_3_example.json" };
	struct berth_json *s = test_json_file(PEX "schemas/v2.0.0/submission-requirements.json"), *v;
	char path[256];

	(void)state;
	CHECK_OK(berth_schema_check(s));
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), PEX "submission-requirements/%s", requirements[i]);
		v = test_json_file(path);
		CHECK(conforms(s, v));
		berth_json_remove(berth_json_first_mut(berth_json_get_mut(v, "submission_requirements")), "rule");
		CHECK(!conforms(s, v));
		berth_json_free(v);
	}
	berth_json_free(s);
	s = test_json_file(PEX "schemas/v2.0.0/presentation-definition.json");	/* points to other documents */
	CHECK_RC(BERTH_E_TYPE, berth_schema_check(s));
	berth_json_free(s);
}

/* ---- the suite of JSON Schema's own authors, draft 4 ---- */

struct tally { size_t passed, total, refused; };

/* What refers to other documents is refused as a whole. */
static void one_group(const char *file, const struct berth_json *group, struct tally *t)
{
	const struct berth_json *schema = berth_json_get(group, "schema"), *tests = berth_json_get(group, "tests");
	enum berth_err rc = berth_schema_check(schema);

	t->total += berth_json_len(tests);
	if (rc) {
		CHECK_RC(BERTH_E_TYPE, rc);
		printf("vectors: json-schema-draft4: %s: %s: refused, a $ref to another document\n", file,
		       berth_json_str(berth_json_get(group, "description")));
		t->refused += berth_json_len(tests);
		return;
	}
	berth_json_each(it, tests) {
		if (conforms(schema, berth_json_get(it, "data")) != berth_json_bool(berth_json_get(it, "valid"), false))
			fail_msg("%s: %s", file, berth_json_str(berth_json_get(it, "description")));
		t->passed++;
	}
}

static void draft_4(void **state)
{
	struct tally t = { 0, 0, 0 };
	DIR *d = opendir(SUITE);
	struct dirent *e;
	char path[300];

	(void)state;
	CHECK(d != NULL);
	while ((e = readdir(d))) {
		struct berth_json *groups;

		if (!strstr(e->d_name, ".json"))
			continue;
		snprintf(path, sizeof(path), SUITE "%s", e->d_name);
		groups = test_json_file(path);
		berth_json_each(group, groups)
			one_group(e->d_name, group, &t);
		berth_json_free(groups);
	}
	closedir(d);
	VECTORS("json-schema-draft4", t.passed, t.total);
	assert_int_equal(t.passed + t.refused, t.total);
	CHECK(t.passed > 190);
}

static enum berth_err one_run(void *arg)
{
	static const char text[] = "{\"patternProperties\":{\"a\":{\"pattern\":\"b\"}},\"propertyNames\":true}";
	struct berth_json *s = NULL, *v = NULL;
	size_t budget = BERTH_SCHEMA_WORK_MAX;
	bool valid;
	enum berth_err rc;

	(void)arg;
	if (!(rc = berth_json_parse(&s, text, strlen(text), BERTH_JSON_MAX)) &&
	    !(rc = berth_json_parse(&v, "{\"a\":\"b\"}", 9, BERTH_JSON_MAX)) && !(rc = berth_schema_check(s)))
		rc = berth_schema_validate(s, v, &budget, &valid);
	berth_json_free(s);
	berth_json_free(v);
	return rc;
}

static void without_memory(void **state)
{
	(void)state;
	CHECK(test_every_allocation_fails(one_run, NULL) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(work_is_bounded),
		cmocka_unit_test(schemas_of_others),
		cmocka_unit_test(draft_4),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
