/* SPDX-License-Identifier: Apache-2.0 */
/* How long, deep and full a text may be, where it may end, and memory that runs out. */
#include "did/base/json.h"

#include <time.h>

#include "tests/fakes/alloc.h"
#include "tests/unit/did/base/json.h"

static void depth_32_is_the_limit(void **s)
{
	char text[80];

	(void)s;
	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	text[64] = '\0';
	CHECK_OK(check(text));
	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	text[66] = '\0';
	CHECK_RC(BERTH_E_JSON, check(text));
}

static void size_cap_is_e_size(void **s)
{
	(void)s;
	CHECK_OK(read_all("[1,2]", 5, 5));
	CHECK_RC(BERTH_E_SIZE, read_all("[1,2]", 5, 4));
	CHECK_RC(BERTH_E_JSON, read_all("", 0, 4));
	CHECK_RC(BERTH_E_JSON, read_all(NULL, 0, 4));
}

static char *object_of(size_t members, size_t *len)
{
	char *text = malloc(members * 16 + 3), *w = text;

	*w++ = '{';
	for (size_t i = 0; i < members; i++)
		w += sprintf(w, "%s\"k%zu\":0", i ? "," : "", i);
	*w++ = '}';
	*len = (size_t)(w - text);
	return text;
}

static void c011_many_members_are_refused_at_once(void **s)
{
	size_t n;
	char *text = object_of(100000, &n);
	clock_t start = clock();

	(void)s;
	CHECK_RC(BERTH_E_JSON, read_all(text, n, (size_t)16 << 20));
	CHECK(clock() - start < CLOCKS_PER_SEC);
	free(text);
	text = object_of(BERTH_JSON_MEMBERS_MAX, &n);
	CHECK_OK(read_all(text, n, BERTH_JSON_MAX));
	free(text);
	text = object_of(BERTH_JSON_MEMBERS_MAX + 1, &n);
	CHECK_RC(BERTH_E_JSON, read_all(text, n, BERTH_JSON_MAX));
	free(text);
}

/* "0," costs two bytes in the text and a hundred in the tree. */
static void c011_many_values_are_refused(void **s)
{
	size_t most = BERTH_JSON_VALUES_MAX - 1;	/* the array is one itself */
	char *text = malloc(2 * BERTH_JSON_MAX);

	(void)s;
	text[0] = '[';
	for (size_t i = 0; i < BERTH_JSON_MAX; i++)
		memcpy(text + 1 + 2 * i, "0,", 2 * (i < BERTH_JSON_MAX - 1));
	text[2 * most] = ']';
	CHECK_OK(read_all(text, 2 * most + 1, BERTH_JSON_MAX));
	text[2 * most] = ',';
	text[2 * (most + 1)] = ']';
	CHECK_RC(BERTH_E_JSON, read_all(text, 2 * (most + 1) + 1, BERTH_JSON_MAX));
	text[2 * (most + 1)] = ',';
	text[BERTH_JSON_MAX - 2] = '0';
	text[BERTH_JSON_MAX - 1] = ']';
	CHECK_RC(BERTH_E_JSON, read_all(text, BERTH_JSON_MAX, BERTH_JSON_MAX));
	free(text);
}

/* As json_names.c spreads names of eight bytes over its table. */
static unsigned slot(const char *name)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t eight, h;

	memcpy(&eight, name, 8);
	h = (8 ^ eight) * odd;
	return (unsigned)((h ^ h >> 32) * odd >> 32) % 2048;
}

/* C011: 1024 names that somebody has chosen to meet in one place of the table take no
 * longer than others, and a twin among them is found. */
static void c011_names_that_collide(void **state)
{
	char *text = malloc(64 * 1024), name[16];
	size_t at = 0, n = 0;
	clock_t start;

	(void)state;
	for (unsigned i = 0; n < 1024; i++) {
		snprintf(name, sizeof(name), "%08x", i);
		if (slot(name) == 7)
			at += (size_t)sprintf(text + at, "%s\"%s\":0", n++ ? "," : "{", name);
	}
	strcpy(text + at, "}");
	start = clock();
	CHECK_OK(check(text));
	CHECK(clock() - start < CLOCKS_PER_SEC);
	memcpy(text + at - strlen("\"00000000\":0"), text + 1, strlen("\"00000000\":0"));
	CHECK_RC(BERTH_E_JSON, check(text));
	free(text);
}

static void c012_every_truncation_and_every_addition_is_e_json(void **s)
{
	size_t n = strlen(message);
	char *twice = malloc(2 * n + 1);

	(void)s;
	CHECK_OK(check(message));
	for (size_t i = 0; i < n; i++) {
		char *exact = malloc(i ? i : 1);

		memcpy(exact, message, i);
		CHECK_RC(BERTH_E_JSON, read_all(exact, i, BERTH_JSON_MAX));
		free(exact);
	}
	memcpy(twice, message, n);
	memcpy(twice + n, message, n);
	CHECK_RC(BERTH_E_JSON, read_all(twice, 2 * n, BERTH_JSON_MAX));
	for (unsigned c = 0; c < 256; c++) {
		bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';

		twice[n] = (char)c;
		CHECK_RC(blank ? BERTH_OK : BERTH_E_JSON, read_all(twice, n + 1, BERTH_JSON_MAX));
	}
	free(twice);
}

static enum berth_err parse_and_print(void *text)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_json *v, *copy = NULL;
	enum berth_err rc;

	if ((rc = berth_json_parse(&v, text, strlen(text), BERTH_JSON_MAX)))
		return rc;
	copy = berth_json_clone(v);
	if (!copy)
		rc = BERTH_E_NOMEM;
	if (!rc)
		(void)((rc = berth_json_set_str(copy, "new", "text")) || (rc = berth_json_set_int(copy, "new", 1)) ||
		       (rc = berth_json_print(&out, copy)));
	berth_buf_free(&out);
	berth_json_free(copy);
	berth_json_free(v);
	return rc;
}

static void c015_every_allocation_may_fail(void **s)
{
	char text[41 * sizeof(message)];
	size_t at = 0;

	(void)s;
	for (int i = 0; i < 40; i++)
		at += (size_t)sprintf(text + at, "%s%s", i ? "," : "{\"many\":[", message);
	strcpy(text + at, "]}");
	CHECK(test_every_allocation_fails(parse_and_print, text) > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c011_names_that_collide),
		cmocka_unit_test(depth_32_is_the_limit),
		cmocka_unit_test(size_cap_is_e_size),
		cmocka_unit_test(c011_many_members_are_refused_at_once),
		cmocka_unit_test(c011_many_values_are_refused),
		cmocka_unit_test(c012_every_truncation_and_every_addition_is_e_json),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
