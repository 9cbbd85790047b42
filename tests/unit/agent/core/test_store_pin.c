/* SPDX-License-Identifier: Apache-2.0 */
/* Pins over restarts and transactions, and what is kept of a registry that contradicts
 * itself. */
#include "agent/core/pins.h"
#include "agent/core/store.h"
#include "did/base/clock.h"
#include "did/base/json.h"
#include "did/codec/base64url.h"
#include "did/crypto/hash.h"
#include "tests/check.h"
#include "tests/fakes/tmpdir.h"

#define DID "did:webvh:Qm:a.test"
#define OTHER "did:webvh:Qm%d:a.test"	/* of another SCID */

static char dir[TMPDIR_LEN], state[TMPDIR_LEN + 8];
static struct berth_store *store;
static struct berth_pins *pins;

static void reopen(void)
{
	berth_store_pins_free(pins);
	berth_store_close(store);
	CHECK_OK(berth_store_open(&store, state, true));
	CHECK_OK(berth_store_pins_new(&pins, store));
}

static int start(void **s)
{
	(void)s;
	test_tmpdir(dir);
	snprintf(state, sizeof(state), "%s/state", dir);
	store = NULL;
	pins = NULL;
	reopen();
	return 0;
}

static int stop(void **s)
{
	(void)s;
	berth_store_pins_free(pins);
	berth_store_close(store);
	test_tmpdir_remove(dir);
	return 0;
}

static void check_pin(const char *did, const char *want)
{
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(pins->get(pins, did, &b));
	assert_string_equal(berth_buf_cstr(&b), want);
	berth_buf_free(&b);
}

static void pins_are_kept_over_restarts(void **s)
{
	(void)s;
	check_pin(DID, "");
	CHECK_OK(pins->put(pins, DID, "webvh1 Qm 1-a", true));
	check_pin(DID, "webvh1 Qm 1-a");
	check_pin("did:webvh:Qmx:a.test", "");
	CHECK_OK(pins->put(pins, DID, "webvh1 Qm 2-b", true));
	reopen();
	check_pin(DID, "webvh1 Qm 2-b");
}

/* The transaction may yet be rolled back: what was believed stays believed. */
static void in_a_transaction_a_pin_waits_and_counts(void **s)
{
	(void)s;
	CHECK_OK(berth_store_begin(store));
	CHECK_OK(pins->put(pins, DID, "1", true));
	CHECK_OK(pins->put(pins, DID, "2", false));
	check_pin(DID, "2");
	berth_store_pins_flush(pins);		/* not yet */
	berth_store_rollback(store);
	check_pin(DID, "2");
	berth_store_pins_flush(pins);
	reopen();
	check_pin(DID, "2");
}

static void what_waits_is_bounded(void **s)
{
	char did[64];

	(void)s;
	CHECK_OK(berth_store_begin(store));
	for (int i = 0; i < 64; i++) {
		snprintf(did, sizeof(did), OTHER, i);
		CHECK_OK(pins->put(pins, did, "1", true));
	}
	CHECK_RC(BERTH_E_QUOTA, pins->put(pins, DID, "1", true));
	CHECK_OK(berth_store_commit(store));
	CHECK_OK(pins->put(pins, did, "1", true));	/* all of them go with it */
	CHECK_OK(pins->put(pins, DID, "1", true));
	reopen();
	check_pin(did, "1");
	check_pin("did:webvh:Qm0:a.test", "1");
}

static void put_under(const char *name, const char *record)
{
	struct berth_buf key = BERTH_BUF_INIT;
	uint8_t hash[BERTH_SHA256_LEN];

	berth_sha256(hash, name, strlen(name));
	berth_b64url_encode(&key, hash, sizeof(hash));
	CHECK_OK(berth_store_begin(store));
	CHECK_OK(berth_store_put_str(store, "pin", berth_buf_cstr(&key), record));
	CHECK_OK(berth_store_commit(store));
	berth_buf_free(&key);
}

/* A DID that has moved keeps its SCID, and with it what was believed of it; of any other
 * method all of the DID says whose history it is. */
static void c105_a_pin_is_not_shed_by_a_move(void **s)
{
	(void)s;
	CHECK_OK(pins->put(pins, DID, "webvh1 Qm 2-b", true));
	check_pin("did:webvh:Qm:b.test%3A8443:new", "webvh1 Qm 2-b");
	CHECK_OK(berth_store_begin(store));
	CHECK_OK(pins->put(pins, "did:webvh:Qm:b.test", "webvh1 Qm 3-c", false));
	check_pin(DID, "webvh1 Qm 3-c");		/* one that waits counts for both, too */
	CHECK_OK(berth_store_commit(store));
	reopen();
	check_pin(DID, "webvh1 Qm 3-c");
	check_pin("did:webvh:Qmm:a.test", "");
	CHECK_OK(pins->put(pins, "did:ethr:0x1:0xa", "ethr", true));
	check_pin("did:ethr:0x1:0xb", "");
}

/* What was kept when pins were of DIDs. */
static void pins_of_before_count(void **s)
{
	(void)s;
	put_under(DID, "{\"did\":\"" DID "\",\"pin\":\"webvh1 Qm 2-b\"}");
	check_pin(DID, "webvh1 Qm 2-b");
	CHECK_OK(pins->put(pins, DID, "webvh1 Qm 3-c", true));
	reopen();
	check_pin(DID, "webvh1 Qm 3-c");
	check_pin("did:webvh:Qm:b.test", "webvh1 Qm 3-c");
}

/* Peers can make us look up as many as they like: their pins give way, ours do not. */
static void strangers_pins_give_way(void **s)
{
	char did[64];

	(void)s;
	CHECK_OK(pins->put(pins, DID, "ours", true));
	CHECK_OK(pins->put(pins, DID, "ours, asked for by a peer", false));
	for (int i = 0; i < BERTH_STORE_GUESTS_MAX + 1; i++) {
		snprintf(did, sizeof(did), "did:webvh:Qm%d:guest", i);
		CHECK_OK(pins->put(pins, did, "guest", false));
	}
	check_pin("did:webvh:Qm0:guest", "");
	check_pin("did:webvh:Qm1:guest", "guest");
	check_pin(DID, "ours, asked for by a peer");
}

static void a_damaged_pin_is_e_store(void **s)
{
	struct berth_buf out = BERTH_BUF_INIT;

	(void)s;
	put_under("did:webvh:Qm", "{\"did\":\"did:webvh:Qn:a.test\",\"pin\":\"1\"}");
	CHECK_RC(BERTH_E_STORE, pins->get(pins, DID, &out));
	berth_buf_free(&out);
}

/* --- contradictions */

static struct berth_json *found;
static int n_found;

static enum berth_err take_one(void *arg, const char *key, const uint8_t *p, size_t n)
{
	(void)arg;
	(void)key;
	berth_json_free(found);
	found = NULL;
	n_found++;
	return berth_json_parse_object(&found, (const char *)p, n, BERTH_STORE_VALUE_MAX);
}

static int count(const char *ns)
{
	n_found = 0;
	CHECK_OK(berth_store_each(store, ns, NULL, take_one, NULL));
	return n_found;
}

static int forks(void) { return count("pin-fork"); }

static int64_t audit_rows(void)
{
	struct berth_store_counts c;

	CHECK_OK(berth_store_counts(store, &c));
	return c.audit;
}

static void contradict(const char *did, const char *log, size_t n)
{
	const struct berth_registry_piece p[] = { { "did.jsonl", (const uint8_t *)log, n },
						  { "did-witness.json", (const uint8_t *)"[]", 2 } };
	const struct berth_registry_evidence e = { p, 2, 0 };

	pins->contradicted(pins, did, "webvh1 Qm 2-b", &e, "did:webvh: fork");
}

static void c105_the_evidence_of_a_fork_is_kept(void **s)
{
	struct berth_buf end = BERTH_BUF_INIT;
	const struct berth_json *list;
	const char *text;

	(void)s;
	CHECK_OK(pins->put(pins, DID, "webvh1 Qm 2-b", true));
	contradict(DID, "{}\n{}\n", 6);
	assert_int_equal(forks(), 1);
	assert_int_equal(audit_rows(), 1);
	assert_string_equal(berth_json_str(berth_json_get(found, "did")), DID);
	assert_string_equal(berth_json_str(berth_json_get(found, "pin")), "webvh1 Qm 2-b");
	assert_string_equal(berth_json_str(berth_json_get(found, "why")), "did:webvh: fork");
	list = berth_json_get(found, "evidence");
	assert_int_equal(berth_json_len(list), 2);
	text = berth_json_str(berth_json_get(berth_json_at(list, 0), "end"));
	CHECK_OK(berth_b64url_decode(&end, text, strlen(text)));
	assert_string_equal(berth_buf_cstr(&end), "{}\n{}\n");
	contradict(DID, "later", 5);			/* the first one stays, and nothing is said twice */
	assert_int_equal(forks(), 1);
	assert_int_equal(audit_rows(), 1);
	assert_string_equal(berth_json_str(berth_json_get(berth_json_at(berth_json_get(found, "evidence"), 0), "end")), "e30Ke30K");
	reopen();
	assert_int_equal(forks(), 1);
	berth_buf_free(&end);
	berth_json_free(found);
	found = NULL;
}

/* Whoever asked may come to nothing because of it, and take his transaction back. */
static void c105_evidence_outlives_the_transaction_it_came_in(void **s)
{
	(void)s;
	CHECK_OK(berth_store_begin(store));
	CHECK_OK(pins->put(pins, DID, "1", true));
	contradict(DID, "{}\n", 3);
	contradict(DID, "{}\n", 3);
	for (int i = 0; i < 10; i++) {
		char did[64];

		snprintf(did, sizeof(did), "did:webvh:Qm%d:guest", i);
		contradict(did, "{}\n", 3);
	}
	assert_int_equal(forks(), 0);
	berth_store_rollback(store);
	assert_int_equal(audit_rows(), 0);
	berth_store_pins_flush(pins);
	assert_int_equal(forks(), 1);
	assert_int_equal(count("pin-fork-guest"), 3);		/* four wait at most */
	assert_int_equal(audit_rows(), 4);
	reopen();
	assert_int_equal(forks(), 1);
	berth_json_free(found);
	found = NULL;
}

static size_t kept_bytes(void)
{
	return strlen(berth_json_str(berth_json_get(berth_json_at(berth_json_get(found, "evidence"), 0), "end"))) / 4 * 3;
}

static void c105_evidence_is_bounded(void **s)
{
	size_t n = (size_t)5 << 20;
	char *log = malloc(n), did[64];
	int64_t size;

	(void)s;
	memset(log, 'x', n);
	CHECK_OK(pins->put(pins, DID, "1", true));
	contradict(DID, log, n);
	assert_int_equal(forks(), 1);
	CHECK(kept_bytes() <= (size_t)512 << 10 && kept_bytes() > (size_t)511 << 10);
	CHECK_OK(berth_json_req_int(berth_json_at(berth_json_get(found, "evidence"), 0), "size", 0, INT64_MAX, &size));
	assert_int_equal(size, n);
	for (int i = 0; i < 20; i++) {
		snprintf(did, sizeof(did), OTHER, i);
		CHECK_OK(pins->put(pins, did, "1", true));
		contradict(did, log, n);
	}
	assert_int_equal(audit_rows(), 21);
	assert_int_equal(forks(), 16);
	assert_int_equal(count("pin-fork-guest"), 5);	/* beyond that, less of each is kept */
	CHECK(kept_bytes() <= (size_t)32 << 10);
	contradict("did:webvh:Qm-:guest", log, n);
	contradict("did:webvh:Qm-:guest", log, n);
	assert_int_equal(audit_rows(), 22);
	assert_int_equal(count("pin-fork-guest"), 6);
	assert_int_equal(forks(), 16);
	free(log);
	berth_json_free(found);
	found = NULL;
}

static void the_floor_of_time_is_the_store_s(void **s)
{
	(void)s;
	assert_int_equal(pins->floor_s(pins), berth_clock_build_s());
	CHECK_OK(berth_store_begin(store));
	CHECK_OK(berth_store_counter_set(store, "time-floor", INT64_C(9000000000)));
	CHECK_OK(berth_store_commit(store));
	assert_int_equal(pins->floor_s(pins), INT64_C(9000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pins_are_kept_over_restarts, start, stop),
		cmocka_unit_test_setup_teardown(in_a_transaction_a_pin_waits_and_counts, start, stop),
		cmocka_unit_test_setup_teardown(what_waits_is_bounded, start, stop),
		cmocka_unit_test_setup_teardown(c105_a_pin_is_not_shed_by_a_move, start, stop),
		cmocka_unit_test_setup_teardown(pins_of_before_count, start, stop),
		cmocka_unit_test_setup_teardown(strangers_pins_give_way, start, stop),
		cmocka_unit_test_setup_teardown(a_damaged_pin_is_e_store, start, stop),
		cmocka_unit_test_setup_teardown(c105_the_evidence_of_a_fork_is_kept, start, stop),
		cmocka_unit_test_setup_teardown(c105_evidence_outlives_the_transaction_it_came_in, start, stop),
		cmocka_unit_test_setup_teardown(c105_evidence_is_bounded, start, stop),
		cmocka_unit_test_setup_teardown(the_floor_of_time_is_the_store_s, start, stop),
	};

	return cmocka_run_group_tests_name("store_pin", tests, NULL, NULL);
}
