/* SPDX-License-Identifier: Apache-2.0 */
/* The mediator's queue: shares, order, whose it is, and what is remembered of it. */
#include "agent/core/store_queue.h"
#include "tests/check.h"
#include "tests/fakes/tmpdir.h"

static const struct berth_queue_limits wide = { 100, 1 << 20, 1000, 16 << 20 };
static char folder[TMPDIR_LEN], dir[TMPDIR_LEN + 8];
static struct berth_store *s;

static int setup(void **state)
{
	(void)state;
	test_tmpdir(folder);
	snprintf(dir, sizeof(dir), "%s/store", folder);
	CHECK_OK(berth_store_open(&s, dir, true));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	berth_store_close(s);
	test_tmpdir_remove(folder);
	return 0;
}

static enum berth_err put(const char *recipient, const char *client, const char *body, const struct berth_queue_limits *most, bool *there)
{
	const struct berth_queue_row row = { .recipient = recipient, .client = client, .body = (const uint8_t *)body,
		.body_len = strlen(body), .came_s = 100, .time_s = 1800000000, .expires_s = 1000 };
	enum berth_err rc;
	bool unused;

	CHECK_OK(berth_store_begin(s));
	rc = berth_store_queue_put(s, &row, most, there ? there : &unused);
	if (rc)
		berth_store_rollback(s);
	else
		CHECK_OK(berth_store_commit(s));
	return rc;
}

static bool received(const char *client, const char *id)
{
	bool found;

	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_queue_received(s, client, id, 200, &found));
	CHECK_OK(berth_store_commit(s));
	return found;
}

struct seen { char text[256], id[8][64]; size_t n; };

static enum berth_err one(void *arg, const struct berth_queue_row *r)
{
	struct seen *t = arg;
	size_t at = strlen(t->text);

	snprintf(t->text + at, sizeof(t->text) - at, "%.*s ", (int)(r->body_len < 8 ? r->body_len : 8), (const char *)r->body);
	if (t->n < 8)
		snprintf(t->id[t->n++], sizeof(t->id[0]), "%s", r->id);
	return BERTH_OK;
}

static void list(struct seen *t, const char *client, const char *recipient, int64_t now, size_t limit)
{
	*t = (struct seen){ .n = 0 };
	CHECK_OK(berth_store_queue_each(s, client, recipient, now, limit, one, t));
}

static void in_order_and_each_its_own(void **state)
{
	struct berth_queue_totals t;
	struct seen seen;
	int64_t n, bytes;

	(void)state;
	CHECK_OK(put("r1", "ann", "one", &wide, NULL));
	CHECK_OK(put("r2", "ann", "two", &wide, NULL));
	CHECK_OK(put("r3", "ben", "three", &wide, NULL));
	CHECK_OK(put("r1", "ann", "four", &wide, NULL));
	list(&seen, "ann", NULL, 200, 10);
	assert_string_equal(seen.text, "one two four ");
	list(&seen, "ann", NULL, 200, 2);
	assert_string_equal(seen.text, "one two ");
	list(&seen, "ann", "r1", 200, 10);
	assert_string_equal(seen.text, "one four ");
	list(&seen, "ann", "r3", 200, 10);	/* ben's */
	assert_string_equal(seen.text, "");
	CHECK_OK(berth_store_queue_totals(s, "ann", NULL, 200, &t));
	assert_int_equal(t.messages, 3);
	assert_int_equal(t.bytes, 10);
	assert_int_equal(t.came_s, 100);
	assert_int_equal(t.oldest_s, 1800000000);
	CHECK_OK(berth_store_queue_totals(s, "nobody", NULL, 200, &t));
	assert_int_equal(t.messages, 0);
	assert_int_equal(t.last_seq, 0);
	CHECK_OK(berth_store_queue_all(s, &n, &bytes));
	assert_int_equal(n, 4);
	assert_int_equal(bytes, 15);
	list(&seen, "ann", NULL, 200, 1);
	assert_false(received("ben", seen.id[0]));	/* not his */
	assert_true(received("ann", seen.id[0]));
	assert_false(received("ann", seen.id[0]));
	list(&seen, "ann", NULL, 200, 10);
	assert_string_equal(seen.text, "two four ");
}

static void the_same_is_known_for_a_day(void **state)
{
	struct seen seen;
	bool there;

	(void)state;
	CHECK_OK(put("r1", "ann", "one", &wide, &there));
	assert_false(there);
	CHECK_OK(put("r1", "ann", "one", &wide, &there));
	assert_true(there);
	CHECK_OK(put("r2", "ann", "one", &wide, &there));
	assert_false(there);
	list(&seen, "ann", "r1", 200, 1);
	assert_true(received("ann", seen.id[0]));
	CHECK_OK(put("r1", "ann", "one", &wide, &there));
	assert_true(there);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_queue_expire(s, 200 + BERTH_QUEUE_GONE_S));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(put("r1", "ann", "one", &wide, &there));
	assert_false(there);
}

static void shares(void **state)
{
	struct berth_queue_limits most = wide;
	bool there;

	(void)state;
	most.messages = 2;
	CHECK_OK(put("r1", "ann", "1", &most, NULL));
	CHECK_OK(put("r1", "ann", "2", &most, NULL));
	CHECK_RC(BERTH_E_QUOTA, put("r1", "ann", "3", &most, NULL));
	CHECK_OK(put("r1", "ann", "2", &most, &there));		/* is there */
	assert_true(there);
	CHECK_OK(put("r2", "ann", "3", &most, NULL));
	most = wide;
	most.bytes = 5;
	CHECK_OK(put("r1", "ann", "345", &most, NULL));
	CHECK_RC(BERTH_E_QUOTA, put("r1", "ann", "6", &most, NULL));
	most = wide;
	most.all_messages = 4;
	CHECK_RC(BERTH_E_UNAVAILABLE, put("r4", "ben", "x", &most, NULL));
	most.all_messages = 5;
	CHECK_OK(put("r4", "ben", "x", &most, NULL));
	most = wide;
	most.all_bytes = 8;
	CHECK_OK(put("r4", "ben", "y", &most, NULL));
	CHECK_RC(BERTH_E_UNAVAILABLE, put("r4", "ben", "z", &most, NULL));
}

static void caps_of_a_row(void **state)
{
	struct berth_queue_row row = { .recipient = "r", .client = "c", .body = (const uint8_t *)"x", .body_len = 1, .expires_s = 10 };
	char *big = calloc(1, BERTH_QUEUE_BODY_MAX + 1), name[BERTH_OUTBOX_DID_MAX + 2];
	bool there;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CHECK_OK(berth_store_begin(s));
	row.body = (const uint8_t *)big;
	row.body_len = BERTH_QUEUE_BODY_MAX + 1;
	CHECK_RC(BERTH_E_SIZE, berth_store_queue_put(s, &row, &wide, &there));
	row.body_len = 0;
	CHECK_RC(BERTH_E_TYPE, berth_store_queue_put(s, &row, &wide, &there));
	row.body_len = 1;
	row.client = "";
	CHECK_RC(BERTH_E_TYPE, berth_store_queue_put(s, &row, &wide, &there));
	row.client = name;
	CHECK_RC(BERTH_E_SIZE, berth_store_queue_put(s, &row, &wide, &there));
	row.client = name + 1;
	CHECK_OK(berth_store_queue_put(s, &row, &wide, &there));	/* the twin */
	CHECK_OK(berth_store_commit(s));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_queue_put(s, &row, &wide, &there));	/* outside of a transaction */
	free(big);
}

/* However large, one; and no more than a list may hold. */
static void lists_are_bounded(void **state)
{
	char *big = malloc(BERTH_QUEUE_LIST_BYTES + 1);
	struct seen seen;

	(void)state;
	memset(big, 'a', BERTH_QUEUE_LIST_BYTES);
	big[BERTH_QUEUE_LIST_BYTES] = '\0';
	CHECK_OK(put("r1", "ann", big, &wide, NULL));
	CHECK_OK(put("r1", "ann", "b", &wide, NULL));
	list(&seen, "ann", NULL, 200, 10);
	assert_string_equal(seen.text, "aaaaaaaa ");
	free(big);
}

static void what_expired_is_not_shown_and_goes(void **state)
{
	struct berth_queue_totals t;
	struct seen seen;
	int64_t n, bytes;

	(void)state;
	CHECK_OK(put("r1", "ann", "one", &wide, NULL));	/* until 1000 */
	list(&seen, "ann", NULL, 999, 10);
	assert_string_equal(seen.text, "one ");
	list(&seen, "ann", NULL, 1000, 10);
	assert_string_equal(seen.text, "");
	CHECK_OK(berth_store_queue_totals(s, "ann", NULL, 1000, &t));
	assert_int_equal(t.messages, 0);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_queue_expire(s, 999));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_queue_all(s, &n, &bytes));
	assert_int_equal(n, 1);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_queue_expire(s, 1000));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_queue_all(s, &n, &bytes));
	assert_int_equal(n, 0);
}

static void it_is_there_after_a_restart(void **state)
{
	struct seen seen;

	(void)state;
	CHECK_OK(put("r1", "ann", "one", &wide, NULL));
	berth_store_close(s);
	CHECK_OK(berth_store_open(&s, dir, false));
	list(&seen, "ann", NULL, 200, 10);
	assert_string_equal(seen.text, "one ");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(in_order_and_each_its_own), T(the_same_is_known_for_a_day), T(shares), T(caps_of_a_row),
		T(lists_are_bounded), T(what_expired_is_not_shown_and_goes), T(it_is_there_after_a_restart),
	};

	return cmocka_run_group_tests_name("store queue", tests, NULL, NULL);
}
