/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of registries: bounds, and what gives way to what. */
#include "agent/core/resolve_memory.h"

#include "did/base/clock.h"
#include "tests/check.h"

static struct resolve_memory *m;

static int start(void **state)
{
	(void)state;
	CHECK((m = calloc(1, sizeof(*m))));
	resolve_memory_init(m);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	resolve_forget(m, NULL);
	CHECK(m->docs.n == 0 && m->docs.bytes == 0 && m->failures.n == 0 && m->failures.bytes == 0);
	free(m);
	return 0;
}

static const char *name(size_t i)
{
	static char did[64];

	snprintf(did, sizeof(did), "did:web:example.com:%zu", i);
	return did;
}

static void remember(size_t i, enum berth_err rc, size_t bytes)
{
	struct resolve_document d = { .bytes = bytes };
	char text[128];

	snprintf(text, sizeof(text), "{\"id\":\"%s\"}", name(i));
	if (rc)
		(void)berth_fail(rc, "it is so");
	else
		CHECK_OK(berth_did_doc_parse(&d.doc, text, strlen(text), name(i)));
	resolve_remember(m, name(i), rc, &d);
	assert_null(d.doc);
	resolve_document_free(&d);
}

static void who_was_used_the_longest_ago_gives_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < BERTH_RESOLVE_DOCS_MAX; i++)
		remember(i, BERTH_OK, 10);
	assert_non_null(resolve_recall(m, name(0)));
	remember(BERTH_RESOLVE_DOCS_MAX, BERTH_OK, 10);
	assert_int_equal(m->docs.n, BERTH_RESOLVE_DOCS_MAX);
	assert_non_null(resolve_recall(m, name(0)));
	assert_null(resolve_recall(m, name(1)));
	assert_non_null(resolve_recall(m, name(2)));
	assert_string_equal(resolve_recall(m, name(BERTH_RESOLVE_DOCS_MAX))->doc->id, name(BERTH_RESOLVE_DOCS_MAX));
}

static void failures_push_out_no_document(void **state)
{
	(void)state;
	remember(0, BERTH_OK, 10);
	for (size_t i = 1; i < 2 * BERTH_RESOLVE_FAILURES_MAX; i++)
		remember(i, BERTH_E_RESOLVE, 0);
	assert_int_equal(m->failures.n, BERTH_RESOLVE_FAILURES_MAX);
	assert_non_null(resolve_recall(m, name(0)));
	assert_null(resolve_recall(m, name(1)));
	assert_int_equal(resolve_recall(m, name(2 * BERTH_RESOLVE_FAILURES_MAX - 1))->rc, BERTH_E_RESOLVE);
	assert_string_equal(resolve_recall(m, name(2 * BERTH_RESOLVE_FAILURES_MAX - 1))->why, "it is so");
}

static void bytes_are_bounded(void **state)
{
	(void)state;
	for (size_t i = 0; i < 100; i++) {
		remember(i, BERTH_OK, BERTH_DID_DOC_MAX);
		CHECK(m->docs.bytes <= BERTH_RESOLVE_DOCS_BYTES);
		assert_non_null(resolve_recall(m, name(i)));
	}
	assert_int_equal(m->docs.n, BERTH_RESOLVE_DOCS_BYTES / BERTH_DID_DOC_MAX - 1);
	for (size_t i = 0; i < 100; i++)		/* one a second time counts once */
		remember(99, BERTH_OK, 100);
	assert_int_equal(m->docs.bytes, (BERTH_RESOLVE_DOCS_BYTES / BERTH_DID_DOC_MAX - 2) * (BERTH_DID_DOC_MAX + strlen(name(98))) +
			 100 + strlen(name(99)));
}

/* What was given out stays whole when it is forgotten here. */
static void documents_are_shared(void **state)
{
	struct berth_did_doc *a, *b;

	(void)state;
	remember(0, BERTH_OK, 10);
	a = berth_did_doc_share(resolve_recall(m, name(0))->doc);
	b = berth_did_doc_share(resolve_recall(m, name(0))->doc);
	assert_ptr_equal(a, b);
	berth_did_doc_free(a);
	resolve_forget(m, name(0));
	assert_null(resolve_recall(m, name(0)));
	assert_string_equal(b->id, name(0));
	berth_did_doc_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_was_used_the_longest_ago_gives_way, start, stop),
		cmocka_unit_test_setup_teardown(failures_push_out_no_document, start, stop),
		cmocka_unit_test_setup_teardown(bytes_are_bounded, start, stop),
		cmocka_unit_test_setup_teardown(documents_are_shared, start, stop),
	};

	return cmocka_run_group_tests_name("resolve_memory", tests, NULL, NULL);
}
