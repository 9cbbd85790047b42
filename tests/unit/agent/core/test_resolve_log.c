/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of did:webvh over a real berth-resolverd: what has moved, what is not valid, and what
 * takes many turns of the loop. */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/resolve_internal.h"
#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/webvh_log.h"
#include "tests/check.h"
#include "tests/fakes/built.h"
#include "tests/fakes/shell.h"
#include "tests/fakes/tmpdir.h"
#include "tests/fakes/webvh_forge.h"

#define ENTRIES 300
#define STEPS 32		/* of agent/core/resolve_judging.c */
#define HELD_MAX ((size_t)8 << 20)
#define FILLER (64 << 10)

static char dir[] = "/tmp/berth-logs-XXXXXX", shelf[TEST_ADAPTER_LEN], libexec[PATH_MAX], folder[64], config[128];
static struct berth_resolveclient *c;
static struct berth_privkey key;
static struct test_webvh w;

static int make_folder(void **state)
{
	uint8_t seed[32] = { 1 };

	*state = dir;
	berth_crypto_init();
	CHECK(mkdtemp(dir));
	chmod(dir, 0755);
	snprintf(folder, sizeof(folder), "%s/parts", dir);
	snprintf(config, sizeof(config), "{\"dir\":\"%s\"}", folder);
	mkdir(folder, 0755);
	test_fake_adapter(shelf, dir, "shelf");
	test_built(libexec, sizeof(libexec), "libexec");
	CHECK_OK(berth_keypair_from_private(&key, BERTH_KEY_ED25519, seed, sizeof(seed)));
	return 0;
}

static int start(void **state)
{
	(void)state;
	CHECK_OK(berth_resolveclient_new(&c, libexec, NULL));
	CHECK_OK(berth_resolveclient_add(c, "test", shelf, config));
	berth_resolveclient_deadline(c, 60000);		/* the machine may be busy */
	CHECK_OK(berth_resolveclient_start(c));
	memset(&w, 0, sizeof(w));
	return 0;
}

static int stop(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/did.jsonl", folder);
	unlink(path);
	berth_resolveclient_free(c);
	test_webvh_free(&w);
	return 0;
}

/* ---- logs ---- */

#define STATE(id, more) "{\"@context\":\"https://www.w3.org/ns/did/v1\",\"id\":\"did:webvh:{SCID}:" id "\"" more "}"

static void add(const char *state)
{
	char params[512] = "{}";

	if (w.n == 0)
		snprintf(params, sizeof(params), "{\"method\":\"did:webvh:1.0\",\"scid\":\"{SCID}\",\"portable\":true,"
			 "\"updateKeys\":[\"%s\"]}", test_webvh_multikey(&key));
	test_webvh_add(&w, &(struct test_webvh_entry){ .parameters = params, .state = state, .key = &key });
}

/* So many bytes of it are what the registry shows. */
static void show(size_t n)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/did.jsonl", folder);
	CHECK((f = fopen(path, "w")));
	fwrite(w.log.p, 1, n, f);
	fclose(f);
}

static void show_long(size_t entries)
{
	for (size_t i = 0; i < entries; i++)
		add(STATE("example.com", ""));
	show(w.log.len);
}

static const char *did_at(const char *place)
{
	static char did[160];

	snprintf(did, sizeof(did), "did:webvh:%s:%s", w.scid, place);
	return did;
}

/* ---- resolving ---- */

static enum berth_err resolve(const char *did, char id[160])
{
	struct berth_did_doc *doc = NULL;
	enum berth_err rc = berth_resolve(berth_resolveclient_resolver(c), did, &doc);

	CHECK((doc != NULL) == (rc == BERTH_OK));
	if (doc && id)
		snprintf(id, 160, "%s", doc->id);
	berth_did_doc_free(doc);
	return rc;
}

static enum berth_err resolve_anew(const char *did)
{
	berth_resolveclient_forget(c, NULL);
	return resolve(did, NULL);
}

static const char *error_of(const char *did)
{
	struct berth_resolve_said said;

	berth_resolveclient_said(c, did, &said);
	return said.error ? said.error : "";
}

/* As the daemon does it. */
static bool turn(void)
{
	struct pollfd p = { .fd = berth_resolveclient_fd(c),
			    .events = (short)(POLLIN | (berth_resolveclient_wants_write(c) ? POLLOUT : 0)) };
	uint32_t in = berth_resolveclient_timeout_ms(c);

	poll(&p, 1, in > 10000 ? 10000 : (int)in);
	return berth_resolveclient_run(c, p.revents & ~POLLOUT);
}

static void mode(enum berth_lookup_mode m)
{
	struct berth_lookups *l = berth_resolveclient_lookups(c);

	l->mode(l, m);
}

static void until_judging(void)
{
	while (!c->judging)
		turn();
}

/* ---- tests ---- */

/* "Check that the DID being resolved matches the top-level id in at least one version": what
 * the DID was has the document of what it is. */
static void a_did_that_has_moved(void **state)
{
	char id[160], was[160], is[160];

	(void)state;
	add(STATE("example.com", ""));
	add(STATE("example.org", ",\"alsoKnownAs\":[\"did:webvh:{SCID}:example.com\"]"));
	add(STATE("example.net", ",\"alsoKnownAs\":[\"did:webvh:{SCID}:example.org\"]"));
	show(w.log.len);
	snprintf(was, sizeof(was), "%s", did_at("example.com"));
	snprintf(is, sizeof(is), "%s", did_at("example.net"));
	CHECK_OK(resolve(was, id));
	assert_string_equal(id, is);
	CHECK_OK(resolve(was, id));		/* and so it is remembered */
	assert_string_equal(id, is);
	CHECK_OK(resolve(did_at("example.org"), id));
	assert_string_equal(id, is);
	CHECK_OK(resolve(is, id));
	assert_string_equal(id, is);
	CHECK_RC(BERTH_E_RESOLVE, resolve(did_at("example.test"), NULL));	/* where it never was */
	assert_string_equal(error_of(did_at("example.test")), "invalidDid");
}

static struct berth_json *result(enum berth_err rc, const char *did)
{
	struct berth_json *v = berth_resolveclient_result(c, rc, berth_resolveclient_resolver(c), did, NULL);

	assert_non_null(v);
	return v;
}

static void is_problem(const char *did, const char *error, const char *type, const char *detail)
{
	struct berth_json *v = result(BERTH_E_RESOLVE, did);
	const struct berth_json *meta = berth_json_get(v, "didResolutionMetadata"), *p = berth_json_get(meta, "problemDetails");

	CHECK(berth_json_is(berth_json_get(v, "didDocument"), BERTH_JSON_NULL));
	CHECK(berth_json_says(berth_json_get(meta, "error"), error));
	CHECK(berth_json_says(berth_json_get(p, "type"), type));
	CHECK(berth_json_len(p) == 3 && berth_json_str(berth_json_get(p, "title")));
	assert_non_null(strstr(berth_json_str(berth_json_get(p, "detail")), detail));
	berth_json_free(v);
}

#define INVALID_DID "https://www.w3.org/ns/did#INVALID_DID"
#define NOT_FOUND "https://www.w3.org/ns/did#NOT_FOUND"

/* "invalidDid: Any error that renders the did:webvh DID invalid during resolution"; and the
 * results of it have problemDetails. */
static void what_is_not_valid_is_called_so(void **state)
{
	const struct berth_did_version ninth = { .number = "9" };
	struct berth_did_doc *doc;
	struct berth_json *v;
	char path[128];
	size_t one;

	(void)state;
	add(STATE("example.com", ""));
	one = w.log.len;
	add(STATE("example.com", ",\"n\":2"));
	show(one + 40);
	CHECK_RC(BERTH_E_RESOLVE, resolve_anew(did_at("example.com")));
	is_problem(did_at("example.com"), "invalidDid", INVALID_DID, "a line that is no JSON object");
	CHECK_RC(BERTH_E_RESOLVE, resolve(did_at("example.com"), NULL));	/* as it is remembered */
	is_problem(did_at("example.com"), "invalidDid", INVALID_DID, "a line that is no JSON object");
	show(20);
	CHECK_RC(BERTH_E_RESOLVE, resolve_anew(did_at("example.com")));
	is_problem(did_at("example.com"), "invalidDid", INVALID_DID, "did:webvh");
	show(w.log.len);
	CHECK_OK(resolve_anew(did_at("example.com")));
	assert_string_equal(error_of(did_at("example.com")), "");
	v = result(BERTH_OK, did_at("example.com"));
	CHECK(!berth_json_get(berth_json_get(v, "didResolutionMetadata"), "problemDetails"));
	berth_json_free(v);
	CHECK_RC(BERTH_E_RESOLVE, berth_resolve_version(berth_resolveclient_resolver(c), did_at("example.com"), &ninth, &doc));
	is_problem(did_at("example.com"), "notFound", NOT_FOUND, "no such version");
	snprintf(path, sizeof(path), "%s/did.jsonl", folder);
	unlink(path);
	CHECK_RC(BERTH_E_RESOLVE, resolve_anew(did_at("example.com")));
	is_problem(did_at("example.com"), "notFound", NOT_FOUND, "not found");
}

/* No turn verifies more than STEPS signatures, and what is known is told meanwhile. */
static void a_long_log_is_judged_over_many_turns(void **state)
{
	size_t turns = 1;		/* the one in which it came */
	char id[160];

	(void)state;
	CHECK_OK(resolve("did:web:made:1", NULL));
	show_long(ENTRIES);
	mode(BERTH_LOOKUP_LATER);
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(did_at("example.com"), NULL));
	until_judging();
	assert_int_equal(c->process.n_queue, 0);
	do {
		assert_int_equal(berth_resolveclient_timeout_ms(c), 0);
		CHECK_OK(resolve("did:web:made:1", NULL));
		CHECK_RC(BERTH_E_UNAVAILABLE, resolve(did_at("example.com"), NULL));
		assert_int_equal(c->process.n_queue, 0);	/* it is not asked for again */
		turns++;
	} while (!turn());
	assert_int_equal(turns, (ENTRIES + STEPS - 1) / STEPS);
	CHECK(!c->judging && c->judging_bytes == 0);
	mode(BERTH_LOOKUP_NEVER);
	CHECK_OK(resolve(did_at("example.com"), id));
	assert_non_null(strstr(berth_resolveclient_metadata(c, did_at("example.com")), "\"versionId\":\"300-"));
}

static void who_waits_for_a_long_log_has_it_at_once(void **state)
{
	(void)state;
	show_long(ENTRIES);
	CHECK_OK(resolve(did_at("example.com"), NULL));
	mode(BERTH_LOOKUP_LATER);
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve_anew(did_at("example.com")));
	until_judging();
	mode(BERTH_LOOKUP_WAIT);
	CHECK_OK(resolve(did_at("example.com"), NULL));		/* in the middle of it */
	CHECK(!c->judging);
}

/* What has come is judged, whatever becomes of the process that brought it. */
static void a_long_log_outlives_its_process(void **state)
{
	(void)state;
	show_long(ENTRIES);
	mode(BERTH_LOOKUP_LATER);
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(did_at("example.com"), NULL));
	until_judging();
	kill(berth_resolveclient_pid(c), SIGKILL);
	while (!turn())
		;
	CHECK_OK(resolve(did_at("example.com"), NULL));
}

static void what_is_being_judged_at_the_end_is_let_go(void **state)
{
	(void)state;
	show_long(ENTRIES);
	mode(BERTH_LOOKUP_LATER);
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(did_at("example.com"), NULL));
	until_judging();
}

static void a_long_log_that_is_not_valid(void **state)
{
	(void)state;
	show_long(ENTRIES);
	CHECK_RC(BERTH_E_RESOLVE, resolve_anew(did_at("example.org")));	/* not its log */
	is_problem(did_at("example.org"), "invalidDid", INVALID_DID, "another DID");
	show(w.log.len - 30);
	CHECK_RC(BERTH_E_RESOLVE, resolve_anew(did_at("example.com")));
	is_problem(did_at("example.com"), "invalidDid", INVALID_DID, "no JSON object");
	w.log.p[10] ^= 1;
	show(w.log.len);
	CHECK_RC(BERTH_E_RESOLVE, resolve_anew(did_at("example.com")));
	is_problem(did_at("example.com"), "invalidDid", INVALID_DID, "did:webvh");
}

/* Beyond what may wait, the oldest is judged at once. */
static void what_waits_to_be_judged_is_bounded(void **state)
{
	static char text[FILLER + 200], did[4][160];
	size_t left = 4, most = 0;

	(void)state;
	for (int i = 0; i < 48; i++) {
		char *at = text + snprintf(text, sizeof(text), "%s", "{\"id\":\"did:webvh:{SCID}:example.com\",\"x\":\"");

		memset(at, 'a', FILLER);
		memcpy(at + FILLER, "\"}", 3);
		add(i ? text : STATE("example.com", ""));
	}
	show(w.log.len);
	CHECK(w.log.len < BERTH_WEBVH_LOG_MAX && 3 * w.log.len > HELD_MAX);
	mode(BERTH_LOOKUP_LATER);
	for (int i = 0; i < 4; i++) {
		snprintf(did[i], sizeof(did[i]), "did:webvh:%s:example.com:%d", w.scid, i);
		CHECK_RC(BERTH_E_UNAVAILABLE, resolve(did[i], NULL));
	}
	mode(BERTH_LOOKUP_NEVER);
	while (left) {
		turn();
		most = c->judging_bytes > most ? c->judging_bytes : most;
		for (int i = 0; i < 4; i++)
			if (did[i][0] && resolve_recall(&c->memory, did[i])) {
				did[i][0] = '\0';
				left--;
			}
	}
	CHECK(most > 0 && most <= HELD_MAX && c->judging_bytes == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_did_that_has_moved, start, stop),
		cmocka_unit_test_setup_teardown(what_is_not_valid_is_called_so, start, stop),
		cmocka_unit_test_setup_teardown(a_long_log_is_judged_over_many_turns, start, stop),
		cmocka_unit_test_setup_teardown(who_waits_for_a_long_log_has_it_at_once, start, stop),
		cmocka_unit_test_setup_teardown(a_long_log_outlives_its_process, start, stop),
		cmocka_unit_test_setup_teardown(what_is_being_judged_at_the_end_is_let_go, start, stop),
		cmocka_unit_test_setup_teardown(a_long_log_that_is_not_valid, start, stop),
		cmocka_unit_test_setup_teardown(what_waits_to_be_judged_is_bounded, start, stop),
	};

	return cmocka_run_group_tests_name("resolve_log", tests, make_folder, test_tmpdir_teardown);
}
