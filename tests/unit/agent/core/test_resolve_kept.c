/* SPDX-License-Identifier: Apache-2.0 */
/* How long what registries said counts, and what does when they cannot be asked: over a
 * real berth-resolverd with an adapter that says what the test wants, and a real store. */
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/resolve_internal.h"
#include "agent/core/store.h"
#include "berth/registry.h"
#include "did/base/clock.h"
#include "did/codec/base64url.h"
#include "did/crypto/hash.h"
#include "tests/check.h"
#include "tests/fakes/built.h"
#include "tests/fakes/shell.h"
#include "tests/fakes/tmpdir.h"

#define DID "did:web:made:a"
#define START_S 1900000000

static char dir[TMPDIR_LEN], shelf[TEST_ADAPTER_LEN], faulty[TEST_ADAPTER_LEN], libexec[PATH_MAX], config[128], folder[TMPDIR_LEN + 8], db[TMPDIR_LEN + 8];
static struct berth_store *store;
static struct berth_kept *kept;
static struct berth_resolveclient *c;
static int64_t wall_s;		/* on top of START_S */
static uint64_t later_ms;

static int64_t now_s(void) { return START_S + wall_s; }
static uint64_t mono_ms(void) { return 100000 + later_ms; }

static void pass(unsigned s)
{
	later_ms += (uint64_t)s * 1000;
	wall_s += s;
}

static int make_folder(void **state)
{
	*state = dir;
	test_tmpdir(dir);
	chmod(dir, 0755);
	snprintf(folder, sizeof(folder), "%s/parts", dir);
	snprintf(db, sizeof(db), "%s/state", dir);
	snprintf(config, sizeof(config), "{\"dir\":\"%s\"}", folder);
	mkdir(folder, 0755);
	test_fake_adapter(shelf, dir, "shelf");
	test_fake_adapter(faulty, dir, "faulty");
	test_built(libexec, sizeof(libexec), "libexec");
	return 0;
}

static void put(const char *name, const char *text)
{
	test_write_file(test_path(folder, name), text, strlen(text), 0644);
}

static void take_away(const char *name) { unlink(test_path(folder, name)); }

/* What the registry says from now on; BERTH_REGISTRY_OK: what lies in the folder. */
static void registry_says(int status)
{
	char text[8];

	snprintf(text, sizeof(text), "%d", status);
	put("status", text);
}

static void open_client(const char *so)
{
	CHECK_OK(berth_resolveclient_new(&c, libexec, NULL));
	CHECK_OK(berth_resolveclient_add(c, "test", so, config));
	berth_resolveclient_deadline(c, 60000);
	berth_resolveclient_set_kept(c, kept);
}

static void policy(int64_t stale_s, int64_t critical_stale_s)
{
	berth_resolveclient_set_policy(c, &(struct berth_resolve_policy){ .max_age_s = 3600, .stale_s = stale_s,
		.critical_stale_s = critical_stale_s });
}

static int start(void **state)
{
	(void)state;
	berth_clock_inject(now_s, mono_ms);
	registry_says(BERTH_REGISTRY_OK);
	take_away("ttl");
	take_away("didDocument");
	open_client(shelf);
	CHECK_OK(berth_resolveclient_start(c));
	return 0;
}

static void end_store(void)
{
	berth_store_kept_free(kept);
	berth_store_close(store);
	kept = NULL;
	store = NULL;
}

static int stop(void **state)
{
	(void)state;
	berth_resolveclient_free(c);
	end_store();
	if (access(db, F_OK) == 0)
		test_tmpdir_remove(db);
	berth_clock_inject(NULL, NULL);
	later_ms = 0;
	wall_s = 0;
	return 0;
}

static enum berth_err resolve(const char *did)
{
	struct berth_did_doc *doc = NULL;
	enum berth_err rc = berth_resolve(berth_resolveclient_resolver(c), did, &doc);

	CHECK((doc != NULL) == (rc == BERTH_OK));
	if (doc)
		assert_string_equal(doc->id, did);
	berth_did_doc_free(doc);
	return rc;
}

static struct berth_resolve_said said(const char *did)
{
	struct berth_resolve_said s;

	berth_resolveclient_said(c, did, &s);
	return s;
}

/* It is remembered for so long and no longer. */
static void check_life(const char *did, unsigned s)
{
	registry_says(BERTH_REGISTRY_OK);
	CHECK_OK(resolve(did));
	CHECK(!said(did).cached && said(did).age_s == 0);
	registry_says(BERTH_REGISTRY_UNAVAILABLE);
	pass(s - 2);
	CHECK_OK(resolve(did));
	CHECK(said(did).cached && !said(did).stale && said(did).age_s >= s - 2 && said(did).age_s < s);
	pass(2);
	CHECK_RC(BERTH_E_RESOLVE, resolve(did));
	assert_string_equal(said(did).error, "internalError");
}

static void a_document_lives_as_long_as_it_says_within_bounds(void **state)
{
	(void)state;
	policy(0, 0);
	check_life("did:web:made:1", BERTH_RESOLVE_KEEP_MS / 1000);
	put("ttl", "600");
	check_life("did:web:made:2", 600);
	put("ttl", "1");
	check_life("did:web:made:3", BERTH_RESOLVE_KEEP_LEAST_MS / 1000);
	put("ttl", "4000000000");
	check_life("did:web:made:4", 3600);
}

static void failures_live_for_half_a_minute(void **state)
{
	(void)state;
	registry_says(BERTH_REGISTRY_NOT_FOUND);
	CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
	assert_string_equal(berth_resolution_error(BERTH_E_RESOLVE, berth_resolveclient_resolver(c), DID), "notFound");
	registry_says(BERTH_REGISTRY_OK);
	pass(BERTH_RESOLVE_KEEP_BAD_MS / 1000 - 5);
	CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
	assert_string_equal(said(DID).error, "notFound");
	pass(5);
	CHECK_OK(resolve(DID));
}

static void while_a_registry_is_away_a_stale_document_counts_by_policy(void **state)
{
	(void)state;
	policy(1000, 0);
	CHECK_OK(resolve(DID));
	registry_says(BERTH_REGISTRY_UNAVAILABLE);
	pass(61);
	CHECK(!berth_resolveclient_is_stale(c));
	CHECK_OK(resolve(DID));
	CHECK(said(DID).cached && said(DID).stale && said(DID).age_s == 61);
	CHECK(berth_resolveclient_is_stale(c));
	pass(BERTH_RESOLVE_STALE_TOLD_MS / 1000);
	CHECK(!berth_resolveclient_is_stale(c));
	pass(90);
	CHECK_OK(resolve(DID));
	pass(20);
	CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
	CHECK(strstr(berth_err_detail(), "not available"));
	policy(0, 0);
	CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
	policy(1100, 0);
	CHECK_OK(resolve(DID));
	kill(berth_resolveclient_pid(c), SIGKILL);	/* nor can we */
	pass(40);
	CHECK_OK(resolve(DID));
	registry_says(BERTH_REGISTRY_OK);
	pass(60);
	CHECK_OK(resolve(DID));
	CHECK(!said(DID).cached && !said(DID).stale && said(DID).age_s == 0);
}

/* A peer's message waits for the answer as for any other. */
static void a_stale_document_counts_only_once_the_registry_was_asked(void **state)
{
	struct berth_lookups *l = berth_resolveclient_lookups(c);

	(void)state;
	policy(1000, 0);
	CHECK_OK(resolve(DID));
	registry_says(BERTH_REGISTRY_UNAVAILABLE);
	pass(61);
	l->mode(l, BERTH_LOOKUP_NEVER);
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(DID));
	l->mode(l, BERTH_LOOKUP_LATER);
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(DID));
	while (c->process.n_queue)
		resolve_process_turn(&c->process);
	CHECK_OK(resolve(DID));
	CHECK(said(DID).stale);
}

/* Asking in vain takes time, and time to wait is rationed (C102): who has used it up must
 * not make a document stale, but what was stale already counts on. */
static void waiting_in_vain_ends_nothing(void **state)
{
	(void)state;
	policy(1000, 0);
	CHECK_OK(resolve(DID));
	CHECK_OK(resolve("did:web:made:b"));
	registry_says(BERTH_REGISTRY_UNAVAILABLE);
	pass(61);
	CHECK_OK(resolve(DID));
	pass(31);
	c->share_ms = UINT64_MAX / 2;
	CHECK_OK(resolve(DID));
	CHECK(said(DID).stale);
	CHECK_RC(BERTH_E_QUOTA, resolve("did:web:made:b"));
	CHECK_RC(BERTH_E_QUOTA, resolve("did:web:made:new"));
	c->share_ms = 0;
	CHECK_OK(resolve("did:web:made:b"));
}

static void dids_that_much_depends_on_have_a_rule_of_their_own(void **state)
{
	struct berth_lookups *l = berth_resolveclient_lookups(c);

	(void)state;
	policy(1000, 100);
	CHECK_OK(berth_resolveclient_add_critical(c, DID));
	CHECK_OK(resolve(DID));
	CHECK_OK(resolve("did:web:made:other"));
	registry_says(BERTH_REGISTRY_UNAVAILABLE);
	pass(120);
	CHECK_OK(resolve(DID));
	pass(100);
	CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
	CHECK_OK(resolve("did:web:made:other"));
	l->strict(l, true);
	CHECK_RC(BERTH_E_RESOLVE, resolve("did:web:made:other"));
	l->strict(l, false);
	CHECK_OK(resolve("did:web:made:other"));
}

/* What the registry itself says ends it, and an outage afterwards does not bring it back. */
static void a_registrys_word_is_never_papered_over(void **state)
{
	static const int words[] = { BERTH_REGISTRY_NOT_FOUND, BERTH_REGISTRY_INVALID, BERTH_REGISTRY_TOO_BIG, BERTH_REGISTRY_UNSUPPORTED };
	static const enum berth_err codes[] = { BERTH_E_RESOLVE, BERTH_E_DID, BERTH_E_SIZE, BERTH_E_RESOLVE };

	(void)state;
	policy(100000, 100000);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		registry_says(BERTH_REGISTRY_OK);
		CHECK_OK(resolve(DID));
		registry_says(words[i]);
		pass(61);
		CHECK_RC(codes[i], resolve(DID));
		registry_says(BERTH_REGISTRY_UNAVAILABLE);
		pass(31);
		CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
		pass(31);
	}
}

static void what_is_refused_is_never_papered_over(void **state)
{
	static const char *const answers[] = {
		"{\"id\":\"did:web:made:b\"}", "{\"id\":",
		"{\"id\":\"" DID "\",\"authentication\":[\"#none\"]}",
	};

	(void)state;
	policy(100000, 100000);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		put("didDocument", "{\"id\":\"" DID "\"}");
		CHECK_OK(resolve(DID));
		put("didDocument", answers[i]);
		pass(61);
		CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
		assert_string_equal(said(DID).error, "internalError");
		registry_says(BERTH_REGISTRY_UNAVAILABLE);
		pass(31);
		CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
		registry_says(BERTH_REGISTRY_OK);
		pass(31);
	}
}

static void a_deactivated_one_is_never_papered_over(void **state)
{
	(void)state;
	policy(100000, 100000);
	CHECK_OK(resolve(DID));
	put("didResolution", "{\"didDocument\":null,\"didDocumentMetadata\":{\"deactivated\":true}}");
	pass(61);
	CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
	CHECK(strstr(berth_err_detail(), "deactivated"));
	take_away("didResolution");
	registry_says(BERTH_REGISTRY_UNAVAILABLE);
	pass(31);
	CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
}

/* What our own policy forbids says nothing about the DID, and is no outage either. */
static void what_we_may_not_ask_is_not_answered_from_before(void **state)
{
	(void)state;
	policy(100000, 100000);
	CHECK_OK(resolve(DID));
	registry_says(BERTH_REGISTRY_REFUSED);
	pass(61);
	CHECK_RC(BERTH_E_NETPOL, resolve(DID));
	registry_says(BERTH_REGISTRY_UNAVAILABLE);
	pass(31);
	CHECK_OK(resolve(DID));
}

static void what_w3c_calls_it(void **state)
{
	static const struct { const char *did; enum berth_err rc; const char *error; } some[] = {
		{ "did:fault:invalid", BERTH_E_DID, "invalidDid" }, { "did:third:x", BERTH_E_DID, "methodNotSupported" },
		{ "did:fault:notfound", BERTH_E_RESOLVE, "notFound" }, { "did:fault:away", BERTH_E_RESOLVE, "internalError" },
		{ "did:fault:toobig", BERTH_E_SIZE, "internalError" }, { "did:fault:refused", BERTH_E_NETPOL, "internalError" },
		{ "did:fault:wrongid", BERTH_E_RESOLVE, "internalError" }, { "did:fault:exit", BERTH_E_PLUGIN, "internalError" },
	};
	struct berth_resolver top;

	(void)state;
	berth_resolveclient_free(c);
	open_client(faulty);
	CHECK_OK(berth_resolveclient_start(c));
	berth_resolver_builtin_init(&top, berth_resolveclient_resolver(c));
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct berth_did_doc *doc = NULL;

		CHECK_RC(some[i].rc, berth_resolve(&top, some[i].did, &doc));
		assert_string_equal(berth_resolution_error(some[i].rc, &top, some[i].did), some[i].error);
		/* it is of that DID and of no other */
		assert_string_equal(berth_resolution_error(BERTH_E_RESOLVE, &top, "did:fault:other"), "notFound");
	}
}

static void a_bundles_age_is_beside_the_document(void **state)
{
	(void)state;
	put("bundle", "{\"serial\":7,\"issued\":\"2026-11-01T00:00:00Z\",\"ageDays\":27}");
	CHECK_OK(resolve(DID));
	assert_string_equal(berth_resolveclient_metadata(c, DID),
			    "{\"bundle\":{\"serial\":7,\"issued\":\"2026-11-01T00:00:00Z\",\"ageDays\":27}}");
	put("bundle", "[1]");
	CHECK_OK(resolve("did:web:made:b"));
	assert_null(berth_resolveclient_metadata(c, "did:web:made:b"));
	take_away("bundle");
}

/* --- over restarts ---------------------------------------------------------------------- */

static void open_store(void)
{
	CHECK_OK(berth_store_open(&store, db, true));
	CHECK_OK(berth_store_kept_new(&kept, store));
	berth_resolveclient_set_kept(c, kept);
}

static void restart(void)
{
	berth_resolveclient_free(c);
	end_store();
	open_client(shelf);
	open_store();
	CHECK_OK(berth_resolveclient_start(c));
}

static int64_t records(void)
{
	int64_t n = 0;

	CHECK_OK(berth_store_count(store, "did-doc", &n));
	return n;
}

static void documents_are_kept_over_restarts_with_their_age(void **state)
{
	(void)state;
	open_store();
	put("ttl", "600");
	put("bundle", "{\"serial\":7}");
	CHECK_OK(resolve(DID));
	take_away("bundle");
	berth_resolveclient_save(c);
	assert_int_equal(records(), 1);
	registry_says(BERTH_REGISTRY_UNAVAILABLE);
	wall_s += 500;			/* the monotonic clock begins anew */
	restart();
	policy(1000, 0);
	CHECK_OK(resolve(DID));
	CHECK(said(DID).cached && !said(DID).stale && said(DID).age_s == 500);
	assert_string_equal(berth_resolveclient_metadata(c, DID), "{\"bundle\":{\"serial\":7}}");
	wall_s += 200;
	restart();
	policy(0, 0);
	CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
	policy(1000, 0);
	CHECK_OK(resolve(DID));
	CHECK(said(DID).stale && said(DID).age_s == 700);
	wall_s += 1000;
	restart();
	policy(1000, 0);
	CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
	CHECK_RC(BERTH_E_RESOLVE, resolve("did:web:made:b"));	/* nothing is kept of it */
}

/* A clock that may have stood still says nothing about an age. */
static void without_a_clock_an_age_is_not_known(void **state)
{
	static const struct { bool trusted; int64_t s; } some[] = { { false, 100 }, { true, -1000 } };

	(void)state;
	open_store();
	put("ttl", "600");
	CHECK_OK(resolve(DID));
	berth_resolveclient_save(c);
	registry_says(BERTH_REGISTRY_UNAVAILABLE);
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		wall_s = some[i].s;
		restart();
		berth_resolveclient_clock_trusted(c, some[i].trusted);
		policy(100000, 0);
		CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
		berth_resolveclient_set_policy(c, &(struct berth_resolve_policy){ .offline = true, .max_age_s = 3600 });
		CHECK_OK(resolve(DID));
		CHECK(said(DID).age_s == -1 && said(DID).stale);
	}
	wall_s = 100;
	restart();
	CHECK_OK(resolve(DID));
	CHECK(said(DID).age_s == 100 && !said(DID).stale);
}

static void what_a_registry_takes_back_is_not_kept(void **state)
{
	(void)state;
	open_store();
	policy(100000, 0);
	CHECK_OK(resolve(DID));
	berth_resolveclient_save(c);
	registry_says(BERTH_REGISTRY_NOT_FOUND);
	pass(61);
	CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
	berth_resolveclient_save(c);
	assert_int_equal(records(), 0);
	registry_says(BERTH_REGISTRY_UNAVAILABLE);
	restart();
	policy(100000, 0);
	CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
}

static int64_t came_s(const char *did)
{
	struct berth_kept_doc k = { .came_s = -1 };
	struct berth_json *tree;
	bool found;

	CHECK_OK(kept->get(kept, did, &k, &tree, &found));
	berth_json_free(tree);
	return found ? k.came_s : -1;
}

static void the_flash_is_written_rarely(void **state)
{
	(void)state;
	open_store();
	CHECK_OK(resolve(DID));
	berth_resolveclient_save(c);
	assert_int_equal(came_s(DID), START_S);
	pass(3500);
	CHECK_OK(resolve(DID));		/* the same once more */
	berth_resolveclient_save(c);
	assert_int_equal(came_s(DID), START_S);
	pass(200);
	CHECK_OK(resolve(DID));
	berth_resolveclient_save(c);
	assert_int_equal(came_s(DID), START_S + 3700);
	pass(61);
	put("didDocument", "{\"id\":\"" DID "\",\"alsoKnownAs\":[\"did:web:made:b\"]}");
	CHECK_OK(resolve(DID));
	berth_resolveclient_save(c);
	assert_int_equal(came_s(DID), START_S + 3761);
}

/* Metadata count as well; and what is too long for a record leaves none of before. */
static void what_is_kept_is_what_came_last(void **state)
{
	char *big = malloc(BERTH_KEPT_BYTES_MAX + 1);
	struct berth_json *v;

	(void)state;
	open_store();
	put("didResolution", "{\"didDocument\":{\"id\":\"" DID "\"},\"didDocumentMetadata\":{\"versionId\":\"1\"}}");
	CHECK_OK(resolve(DID));
	berth_resolveclient_save(c);
	assert_int_equal(came_s(DID), START_S);
	pass(61);
	put("didResolution", "{\"didDocument\":{\"id\":\"" DID "\"},\"didDocumentMetadata\":{\"versionId\":\"2\"}}");
	CHECK_OK(resolve(DID));
	berth_resolveclient_save(c);
	assert_int_equal(came_s(DID), START_S + 61);
	take_away("didResolution");
	memset(big, 'x', BERTH_KEPT_BYTES_MAX);
	big[BERTH_KEPT_BYTES_MAX] = '\0';
	v = berth_json_new_object();
	CHECK_OK(berth_json_set_str(v, "id", big));
	CHECK_OK(kept->put(kept, DID, &(struct berth_kept_doc){ .document = v, .came_s = START_S + 62, .life_s = 60 }, true));
	assert_int_equal(came_s(DID), -1);
	berth_json_free(v);
	free(big);
}

/* What a peer made us look up is kept when it comes again. */
static void strangers_write_nothing_at_once(void **state)
{
	struct berth_lookups *l = berth_resolveclient_lookups(c);

	(void)state;
	open_store();
	for (int i = 0; i < 2; i++) {
		l->mode(l, BERTH_LOOKUP_LATER);
		CHECK_RC(BERTH_E_UNAVAILABLE, resolve(DID));
		while (c->process.n_queue)
			resolve_process_turn(&c->process);
		CHECK_OK(resolve(DID));
		berth_resolveclient_save(c);
		assert_int_equal(records(), i);
		pass(61);
	}
}

/* Valid until the next call. */
static const char *key_of(const char *did)
{
	static char text[64];
	struct berth_buf key = BERTH_BUF_INIT;
	uint8_t hash[BERTH_SHA256_LEN];

	berth_sha256(hash, did, strlen(did));
	berth_b64url_encode(&key, hash, sizeof(hash));
	snprintf(text, sizeof(text), "%s", berth_buf_cstr(&key));
	berth_buf_free(&key);
	return text;
}

static void damaged_records_are_none(void **state)
{
	static const char *const values[] = { "", "{}", "[", "{\"did\":\"" DID "\",\"document\":{\"id\":\"did:web:made:b\"}}",
		"{\"did\":\"did:web:made:b\",\"came\":1,\"life\":1,\"document\":{\"id\":\"" DID "\"}}",
		"{\"did\":\"" DID "\",\"came\":-1,\"life\":1,\"document\":{\"id\":\"" DID "\"}}" };
	struct berth_resolve_policy offline = { .offline = true, .max_age_s = 3600 };

	(void)state;
	open_store();
	CHECK_OK(resolve(DID));
	berth_resolveclient_save(c);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		CHECK_OK(berth_store_begin(store));
		CHECK_OK(berth_store_put_str(store, "did-doc", key_of(DID), values[i]));
		CHECK_OK(berth_store_commit(store));
		restart();
		berth_resolveclient_set_policy(c, &offline);
		CHECK_RC(BERTH_E_RESOLVE, resolve(DID));
	}
}

/* --- without the network -------------------------------------------------------------------- */

static void offline_what_is_kept_answers(void **state)
{
	struct berth_resolve_policy offline = { .offline = true, .max_age_s = 3600 };

	(void)state;
	open_store();
	CHECK_OK(berth_resolveclient_add_critical(c, DID));
	CHECK_OK(resolve(DID));
	berth_resolveclient_save(c);
	pass(86400);
	berth_resolveclient_free(c);
	open_client(shelf);
	berth_resolveclient_set_policy(c, &offline);
	CHECK_OK(berth_resolveclient_start(c));
	assert_int_equal(berth_resolveclient_pid(c), 0);	/* not even started */
	CHECK_OK(resolve(DID));
	CHECK(said(DID).cached && said(DID).stale && said(DID).age_s == 86400);
	CHECK(!berth_resolveclient_is_stale(c));	/* it is as it was wished */
	CHECK_RC(BERTH_E_RESOLVE, resolve("did:web:made:b"));
	assert_string_equal(said("did:web:made:b").error, "internalError");
	CHECK_RC(BERTH_E_RESOLVE, resolve("did:third:x"));
	policy(0, 0);
	CHECK_OK(berth_resolveclient_start(c));
	CHECK_OK(resolve("did:web:made:b"));
	CHECK_OK(resolve(DID));
	CHECK(!said(DID).cached && said(DID).age_s == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_document_lives_as_long_as_it_says_within_bounds, start, stop),
		cmocka_unit_test_setup_teardown(failures_live_for_half_a_minute, start, stop),
		cmocka_unit_test_setup_teardown(while_a_registry_is_away_a_stale_document_counts_by_policy, start, stop),
		cmocka_unit_test_setup_teardown(a_stale_document_counts_only_once_the_registry_was_asked, start, stop),
		cmocka_unit_test_setup_teardown(waiting_in_vain_ends_nothing, start, stop),
		cmocka_unit_test_setup_teardown(dids_that_much_depends_on_have_a_rule_of_their_own, start, stop),
		cmocka_unit_test_setup_teardown(a_registrys_word_is_never_papered_over, start, stop),
		cmocka_unit_test_setup_teardown(what_is_refused_is_never_papered_over, start, stop),
		cmocka_unit_test_setup_teardown(a_deactivated_one_is_never_papered_over, start, stop),
		cmocka_unit_test_setup_teardown(what_we_may_not_ask_is_not_answered_from_before, start, stop),
		cmocka_unit_test_setup_teardown(what_w3c_calls_it, start, stop),
		cmocka_unit_test_setup_teardown(a_bundles_age_is_beside_the_document, start, stop),
		cmocka_unit_test_setup_teardown(documents_are_kept_over_restarts_with_their_age, start, stop),
		cmocka_unit_test_setup_teardown(without_a_clock_an_age_is_not_known, start, stop),
		cmocka_unit_test_setup_teardown(what_a_registry_takes_back_is_not_kept, start, stop),
		cmocka_unit_test_setup_teardown(the_flash_is_written_rarely, start, stop),
		cmocka_unit_test_setup_teardown(what_is_kept_is_what_came_last, start, stop),
		cmocka_unit_test_setup_teardown(strangers_write_nothing_at_once, start, stop),
		cmocka_unit_test_setup_teardown(damaged_records_are_none, start, stop),
		cmocka_unit_test_setup_teardown(offline_what_is_kept_answers, start, stop),
	};

	return cmocka_run_group_tests_name("resolve_kept", tests, make_folder, test_tmpdir_teardown);
}
