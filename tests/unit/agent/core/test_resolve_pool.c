/* SPDX-License-Identifier: Apache-2.0 */
/* Many questions at once over a real berth-resolverd, and what is believed of the answers. */
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/core/resolve_internal.h"
#include "berth/registry.h"
#include "did/crypto/keypair.h"
#include "tests/check.h"
#include "tests/fakes/built.h"
#include "tests/fakes/shell.h"
#include "tests/fakes/tmpdir.h"
#include "tests/fakes/webvh_forge.h"

#define MANY 1000

static char dir[] = "/tmp/berth-pool-XXXXXX", shelf[TEST_ADAPTER_LEN], slow[128], faulty[TEST_ADAPTER_LEN], libexec[PATH_MAX], folder[64], config[128];

static int make_folder(void **state)
{
	*state = dir;
	CHECK(mkdtemp(dir));
	chmod(dir, 0755);
	snprintf(folder, sizeof(folder), "%s/parts", dir);
	snprintf(config, sizeof(config), "{\"dir\":\"%s\"}", folder);
	snprintf(slow, sizeof(slow), "{\"dir\":\"%s\",\"ms\":\"20\"}", folder);
	mkdir(folder, 0755);
	test_fake_adapter(shelf, dir, "shelf");
	test_fake_adapter(faulty, dir, "faulty");
	test_built(libexec, sizeof(libexec), "libexec");
	return 0;
}

static struct berth_resolveclient *client(const char *so, const char *text)
{
	struct berth_resolveclient *c;

	CHECK_OK(berth_resolveclient_new(&c, libexec, NULL));
	CHECK_OK(berth_resolveclient_add(c, "test", so, text));
	berth_resolveclient_deadline(c, 60000);		/* the machine may be busy */
	CHECK_OK(berth_resolveclient_start(c));
	return c;
}

static void put(const char *name, const void *p, size_t n)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	CHECK((f = fopen(path, "w")));
	fwrite(p, 1, n, f);
	fclose(f);
}

static void put_text(const char *name, const char *text) { put(name, text, strlen(text)); }

static void take_away(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

static enum berth_err resolve(struct berth_resolveclient *c, const char *did)
{
	struct berth_did_doc *doc = NULL;
	enum berth_err rc = berth_resolve(berth_resolveclient_resolver(c), did, &doc);

	CHECK((doc != NULL) == (rc == BERTH_OK));
	berth_did_doc_free(doc);
	return rc;
}

static void turn(struct berth_resolveclient *c, bool *finished)
{
	struct pollfd p = { .fd = berth_resolveclient_fd(c),
			    .events = (short)(POLLIN | (berth_resolveclient_wants_write(c) ? POLLOUT : 0)) };
	uint32_t in = berth_resolveclient_timeout_ms(c);

	poll(&p, 1, in > 10000 ? 10000 : (int)in);
	*finished |= berth_resolveclient_run(c, p.revents & ~POLLOUT);
}

/* C102: distinct DIDs, none waited for; each is looked up once and none is lost. */
static void c102_a_thousand_look_ups_at_once_and_none_is_lost(void **state)
{
	struct berth_resolveclient *c = client(shelf, slow);
	struct berth_lookups *l = berth_resolveclient_lookups(c);
	static bool got[MANY];
	size_t left = MANY, most = 0;
	char did[64];

	(void)state;
	memset(got, 0, sizeof(got));
	l->mode(l, BERTH_LOOKUP_LATER);
	for (int i = 0; i < MANY; i++) {
		snprintf(did, sizeof(did), "did:web:made:%d", i);
		CHECK_RC(BERTH_E_UNAVAILABLE, resolve(c, did));
		CHECK_RC(BERTH_E_UNAVAILABLE, resolve(c, did));	/* two who want it are one question */
	}
	assert_int_equal(c->process.n_queue, MANY);
	l->mode(l, BERTH_LOOKUP_NEVER);		/* from now on only what is remembered */
	while (left) {
		bool finished = false;

		most = c->process.n_asked > most ? c->process.n_asked : most;
		turn(c, &finished);
		for (int i = 0; finished && i < MANY; i++) {
			snprintf(did, sizeof(did), "did:web:made:%d", i);
			if (!got[i] && resolve_recall(&c->memory, did)) {
				CHECK_OK(resolve(c, did));
				got[i] = true;
				left--;
			}
		}
		CHECK(finished || c->process.n_queue);
	}
	assert_int_equal(most, BERTH_RES_AT_ONCE - RESOLVE_RESERVED);
	assert_int_equal(c->process.n_queue, 0);
	berth_resolveclient_free(c);
}

/* Who waits has places of his own, and the others go on meanwhile. */
static void who_waits_does_not_stand_in_the_queue(void **state)
{
	struct berth_resolveclient *c = client(shelf, slow);
	struct berth_lookups *l = berth_resolveclient_lookups(c);
	char did[64];

	(void)state;
	l->mode(l, BERTH_LOOKUP_LATER);
	for (int i = 0; i < MANY; i++) {
		snprintf(did, sizeof(did), "did:web:made:%d", i);
		CHECK_RC(BERTH_E_UNAVAILABLE, resolve(c, did));
	}
	l->mode(l, BERTH_LOOKUP_WAIT);
	CHECK_OK(resolve(c, "did:web:made:mine"));
	CHECK(c->process.n_queue > MANY / 2);
	CHECK_OK(resolve(c, "did:web:made:999"));	/* the last one of them is now the first */
	CHECK(c->process.n_queue > MANY / 2);
	berth_resolveclient_free(c);
}

static void c102_the_queue_is_bounded(void **state)
{
	struct berth_resolveclient *c = client(shelf, slow);
	struct berth_lookups *l = berth_resolveclient_lookups(c);
	char did[64];

	(void)state;
	l->mode(l, BERTH_LOOKUP_LATER);
	for (int i = 0; i < RESOLVE_QUEUE_MAX - RESOLVE_RESERVED; i++) {
		snprintf(did, sizeof(did), "did:web:made:%d", i);
		CHECK_RC(BERTH_E_UNAVAILABLE, resolve(c, did));
		CHECK(l->missed(l));
	}
	l->mode(l, BERTH_LOOKUP_LATER);
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(c, "did:web:made:more"));
	CHECK(!l->missed(l));			/* nobody need wait for that one */
	assert_int_equal(c->process.n_queue, RESOLVE_QUEUE_MAX - RESOLVE_RESERVED);
	l->mode(l, BERTH_LOOKUP_WAIT);
	CHECK_OK(resolve(c, "did:web:made:mine"));
	berth_resolveclient_free(c);
}

static void rest(const struct berth_resolveclient *c)
{
	CHECK_SOON(!resolve_process_rests(&c->process));
}

/* One that kills the process is remembered; the others are asked again and answered. */
static void c155_only_who_broke_it_is_remembered(void **state)
{
	struct berth_resolveclient *c = client(faulty, "{}");
	struct berth_lookups *l = berth_resolveclient_lookups(c);
	bool finished = false;

	(void)state;
	l->mode(l, BERTH_LOOKUP_LATER);
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(c, "did:fault:60000:later"));
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(c, "did:fault:50:crash"));
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(c, "did:fault:70000:later"));
	while (c->process.n_queue)
		turn(c, &finished);
	CHECK(finished);
	assert_int_equal(0, berth_resolveclient_pid(c));
	CHECK_RC(BERTH_E_PLUGIN, resolve(c, "did:fault:50:crash"));
	CHECK(strstr(berth_err_detail(), "a moment ago"));
	rest(c);
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(c, "did:fault:60000:later"));
	CHECK_RC(BERTH_E_PLUGIN, resolve(c, "did:fault:50:crash"));
	berth_resolveclient_free(c);
}

/* Through a real process, with an adapter that does it. */
static void c159_what_no_adapter_does_ends_the_process(void **state)
{
	static const char *const dids[] = { "did:fault:exec", "did:fault:ptrace", "did:fault:packet" };
	struct berth_resolveclient *c = client(faulty, "{}");

	(void)state;
#ifndef BERTH_UNCONFINED
	for (size_t i = 0; i < sizeof(dids) / sizeof(dids[0]); i++) {
		CHECK_RC(BERTH_E_PLUGIN, resolve(c, dids[i]));
		assert_int_equal(0, berth_resolveclient_pid(c));
		rest(c);
	}
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1)
		CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:fault:passwd"));
#else
	(void)dids;
#endif
	CHECK_OK(resolve(c, "did:fault:x"));		/* and another one serves */
	berth_resolveclient_free(c);
}

#ifndef BERTH_UNCONFINED

/* A file that a confined process has lost sight of: it ends, and nobody loses anything. */
static void a_replaced_file_needs_another_process(void **state)
{
	char with_file[256], path[128];
	struct berth_resolveclient *c;
	int pid;

	(void)state;
	snprintf(path, sizeof(path), "%s/secret", folder);
	snprintf(with_file, sizeof(with_file), "{\"dir\":\"%s\",\"authorization-file\":\"%s\"}", folder, path);
	put_text("secret", "1");
	c = client(shelf, with_file);
	CHECK_OK(resolve(c, "did:web:made:1"));
	pid = berth_resolveclient_pid(c);
	usleep(1100000);				/* it has lived: it is no failure that it ends */
	CHECK_OK(resolve(c, "did:web:made:2"));
	assert_int_equal(pid, berth_resolveclient_pid(c));
	take_away("secret");
	put_text("secret", "2");
	CHECK_OK(resolve(c, "did:web:made:3"));		/* is still answered by the old one */
	CHECK_OK(resolve(c, "did:web:made:4"));		/* and this by either */
	CHECK_OK(resolve(c, "did:web:made:5"));
	CHECK(berth_resolveclient_pid(c) != pid);
	take_away("secret");
	berth_resolveclient_free(c);
}

#endif

static void statuses_have_their_codes(void **state)
{
	struct berth_resolveclient *c = client(faulty, "{}");

	(void)state;
	CHECK_RC(BERTH_E_NETPOL, resolve(c, "did:fault:refused"));
	CHECK_RC(BERTH_E_SIZE, resolve(c, "did:fault:toobig"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:fault:away"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:fault:evidence"));	/* no document in it */
	CHECK_OK(resolve(c, "did:fault:resolution"));
	assert_string_equal(berth_resolveclient_metadata(c, "did:fault:resolution"), "{\"deactivated\":false}");
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:fault:off:resolution"));
	CHECK(strstr(berth_err_detail(), "deactivated"));
	assert_string_equal(berth_resolveclient_metadata(c, "did:fault:off:resolution"), "{\"deactivated\":true}");
	CHECK_OK(resolve(c, "did:fault:x"));
	assert_null(berth_resolveclient_metadata(c, "did:fault:x"));
	assert_null(berth_resolveclient_metadata(c, "did:fault:never-asked"));
	berth_resolveclient_free(c);
}

static void why_an_exchange_failed_is_heeded(void **state)
{
	struct berth_res_answer a = { .status = BERTH_REGISTRY_UNAVAILABLE, .message = "m", .why = BERTH_E_CLOCK };

	(void)state;
	CHECK_RC(BERTH_E_CLOCK, resolve_status(&a));
	a.why = BERTH_E_NETPOL;
	CHECK_RC(BERTH_E_NETPOL, resolve_status(&a));
	a.why = BERTH_E_UNAVAILABLE;
	CHECK_RC(BERTH_E_RESOLVE, resolve_status(&a));
	a.status = BERTH_REGISTRY_NOT_FOUND;
	a.why = BERTH_E_CLOCK;
	CHECK_RC(BERTH_E_RESOLVE, resolve_status(&a));
	a.status = BERTH_REGISTRY_CONFLICT;
	CHECK_RC(BERTH_E_RESOLVE, resolve_status(&a));
	a.status = BERTH_REGISTRY_UNSUPPORTED;
	CHECK_RC(BERTH_E_RESOLVE, resolve_status(&a));
}

/* C100: nobody's word alone counts for those. */
static void c100_a_resolution_result_is_no_evidence_for_owner_dids(void **state)
{
	static const char text[] = "{\"didDocument\":{\"id\":\"did:indy:owner\"}}";
	static const char webvh[] = "{\"didDocument\":{\"id\":\"did:webvh:Qm:a.test\"}}";
	struct berth_resolveclient *c = client(shelf, config);
	struct berth_lookups *l = berth_resolveclient_lookups(c);

	(void)state;
	put_text("didResolution", text);
	CHECK_OK(resolve(c, "did:indy:owner"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:indy:other"));	/* it answers for another DID */
	l->strict(l, true);			/* as long as owners are decided over */
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:indy:owner"));	/* what was remembered */
	CHECK(strstr(berth_err_detail(), "too much depends on it"));
	berth_resolveclient_forget(c, NULL);
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:indy:owner"));	/* and what is asked for */
	l->strict(l, false);
	CHECK_OK(resolve(c, "did:indy:owner"));
	CHECK_OK(berth_resolveclient_add_critical(c, "did:indy:owner"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:indy:owner"));
	berth_resolveclient_forget(c, NULL);
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:indy:owner"));
	put_text("didResolution", webvh);
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:webvh:Qm:a.test"));	/* without its log */
	CHECK(strstr(berth_err_detail(), "without its evidence"));
	take_away("didResolution");
	put_text("didDocument", "{\"id\":\"did:webvh:Qm:a.test\"}");
	berth_resolveclient_forget(c, NULL);
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:webvh:Qm:a.test"));
	put_text("didDocument", "{\"id\":\"did:ethr:0x1\"}");
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:ethr:0x1"));
	take_away("didDocument");

	berth_resolveclient_forget(c, NULL);		/* the same, of somebody who is believed */
	berth_resolveclient_is_authoritative(c);
	put_text("didResolution", webvh);
	CHECK_OK(resolve(c, "did:webvh:Qm:a.test"));
	put_text("didResolution", text);
	CHECK_OK(resolve(c, "did:indy:owner"));
	l->strict(l, true);
	CHECK_OK(resolve(c, "did:indy:owner"));
	take_away("didResolution");
	berth_resolveclient_free(c);
}

/* --- pins */

static struct kept {
	struct berth_pins base;
	char pin[512], against[512];
	int puts, contradictions;
	bool ours;
} kept;

static enum berth_err get_pin(struct berth_pins *p, const char *did, struct berth_buf *out)
{
	(void)p;
	(void)did;
	berth_buf_str(out, kept.pin);
	return BERTH_OK;
}

static enum berth_err put_pin(struct berth_pins *p, const char *did, const char *pin, bool ours)
{
	(void)p;
	(void)did;
	snprintf(kept.pin, sizeof(kept.pin), "%s", pin);
	kept.puts++;
	kept.ours = ours;
	return BERTH_OK;
}

static void contradicted(struct berth_pins *p, const char *did, const char *pin, const struct berth_registry_evidence *e,
			 const char *why)
{
	(void)p;
	CHECK(strncmp(did, "did:webvh:", 10) == 0 && why[0]);
	assert_non_null(berth_registry_piece(e, "did.jsonl"));
	snprintf(kept.against, sizeof(kept.against), "%s", pin);
	kept.contradictions++;
}

static int64_t floor_s(struct berth_pins *p)
{
	(void)p;
	return 0;
}

static struct berth_privkey key;

static void begin(struct test_webvh *w)
{
	static char params[512];
	uint8_t seed[32] = { 1 };

	CHECK_OK(berth_keypair_from_private(&key, BERTH_KEY_ED25519, seed, sizeof(seed)));
	snprintf(params, sizeof(params), "{\"method\":\"did:webvh:1.0\",\"scid\":\"{SCID}\",\"updateKeys\":[\"%s\"]}", test_webvh_multikey(&key));
	memset(w, 0, sizeof(*w));
	test_webvh_add(w, &(struct test_webvh_entry){ .parameters = params, .key = &key,
		.state = "{\"@context\":\"https://www.w3.org/ns/did/v1\",\"id\":\"did:webvh:{SCID}:example.com\"}" });
}

static void add(struct test_webvh *w, const char *state)
{
	test_webvh_add(w, &(struct test_webvh_entry){ .parameters = "{}", .state = state, .key = &key });
}

#define STATE_N(n) "{\"@context\":\"https://www.w3.org/ns/did/v1\",\"id\":\"did:webvh:{SCID}:example.com\",\"n\":" #n "}"

static enum berth_err resolve_log(struct berth_resolveclient *c, const struct test_webvh *w, size_t n)
{
	char did[128];

	snprintf(did, sizeof(did), "did:webvh:%s:example.com", w->scid);
	put("did.jsonl", w->log.p, n);
	berth_resolveclient_forget(c, NULL);
	return resolve(c, did);
}

static void c105_histories_never_go_back(void **state)
{
	struct berth_resolveclient *c = client(shelf, config);
	struct test_webvh log, fork;
	size_t one, two;
	char did[128];

	(void)state;
	kept = (struct kept){ .base = { get_pin, put_pin, contradicted, floor_s } };
	begin(&log);
	one = log.log.len;
	add(&log, STATE_N(2));
	two = log.log.len;
	add(&log, STATE_N(3));
	begin(&fork);
	add(&fork, STATE_N(20));

	CHECK_OK(resolve_log(c, &log, two));		/* without pins everything is the first time */
	snprintf(did, sizeof(did), "did:webvh:%s:example.com", log.scid);
	assert_non_null(strstr(berth_resolveclient_metadata(c, did), "\"versionId\":\"2-"));
	CHECK(!strstr(berth_resolveclient_metadata(c, did), "untrusted"));
	berth_resolveclient_clock_trusted(c, false);
	CHECK_OK(resolve_log(c, &log, two));
	assert_non_null(strstr(berth_resolveclient_metadata(c, did), "\"clock\":\"untrusted\""));
	berth_resolveclient_clock_trusted(c, true);
	CHECK_OK(resolve_log(c, &log, one));
	berth_resolveclient_set_pins(c, &kept.base);
	CHECK_OK(resolve_log(c, &log, two));
	assert_int_equal(kept.puts, 1);
	CHECK(kept.ours);
	CHECK_OK(resolve_log(c, &log, two));
	assert_int_equal(kept.puts, 1);			/* it says what it said */
	CHECK_RC(BERTH_E_RESOLVE, resolve_log(c, &log, one));
	assert_int_equal(kept.contradictions, 1);
	assert_string_equal(kept.against, kept.pin);
	CHECK_RC(BERTH_E_RESOLVE, resolve_log(c, &fork, fork.log.len));
	CHECK(strstr(berth_err_detail(), "fork"));
	assert_int_equal(kept.contradictions, 2);
	CHECK_RC(BERTH_E_RESOLVE, resolve_log(c, &log, two - 20));	/* damaged: that contradicts nothing */
	assert_int_equal(kept.contradictions, 2);
	assert_int_equal(kept.puts, 1);
	CHECK_OK(resolve_log(c, &log, log.log.len));
	assert_int_equal(kept.puts, 2);
	take_away("did.jsonl");
	test_webvh_free(&log);
	test_webvh_free(&fork);
	berth_resolveclient_free(c);
}

/* --- calls */

struct told { int calls; enum berth_err rc; char name[64], text[256]; size_t n; };

static void on_call(void *arg, enum berth_err rc, const struct berth_registry_evidence *e)
{
	struct told *t = arg;

	t->calls++;
	t->rc = rc;
	t->n = 0;
	CHECK((e != NULL) == (rc == BERTH_OK));
	if (e && e->n) {
		t->n = e->pieces[0].n;
		snprintf(t->name, sizeof(t->name), "%s", e->pieces[0].name);
		snprintf(t->text, sizeof(t->text), "%.*s", (int)(t->n < 200 ? t->n : 200), (const char *)e->pieces[0].p);
	}
}

static void resources_are_fetched(void **state)
{
	struct berth_resolve_call q = { .op = BERTH_REGISTRY_FETCH, .did = "did:fault:x", .resource = "/whois" };
	struct berth_resolveclient *c = client(faulty, "{}");
	struct told t = { 0 }, many[100] = { { 0 } };
	bool finished = false;

	(void)state;
	CHECK_OK(berth_resolveclient_call_wait(c, &q, on_call, &t));
	assert_int_equal(t.calls, 1);
	CHECK_OK(t.rc);
	assert_string_equal(t.name, "resource");
	assert_string_equal(t.text, "/whois");
	for (int i = 0; i < 100; i++)			/* each is a question of its own */
		CHECK_OK(berth_resolveclient_call(c, &q, on_call, &many[i]));
	while (c->process.n_queue)
		turn(c, &finished);
	for (int i = 0; i < 100; i++)
		CHECK(many[i].calls == 1 && many[i].rc == BERTH_OK);
	q.did = "did:third:x";
	CHECK_RC(BERTH_E_RESOLVE, berth_resolveclient_call(c, &q, on_call, &t));
	q.did = NULL;
	CHECK_RC(BERTH_E_DID, berth_resolveclient_call(c, &q, on_call, &t));	/* whose? */
	q.did = "did:fault:x";
	q.op = BERTH_REGISTRY_CREATE;			/* which it has not */
	CHECK_RC(BERTH_E_RESOLVE, berth_resolveclient_call(c, &q, on_call, &t));
	assert_int_equal(t.calls, 1);
	berth_resolveclient_free(c);
}

static void a_resource_of_the_web_needs_no_did(void **state)
{
	static const char *const urls[] = { "http://a.test/x", "https://", "https://:1/x", "https://u@a.test/x", "https://[::1]/x" };
	struct berth_resolve_call q = { .op = BERTH_REGISTRY_FETCH, .resource = "https://a.test:8443/status/1" };
	struct berth_resolveclient *c = client(shelf, config);
	struct told t = { 0 };

	(void)state;
	put_text("resource", "a status list");
	CHECK_OK(berth_resolveclient_call_wait(c, &q, on_call, &t));
	CHECK_OK(t.rc);
	assert_string_equal(t.text, "a status list");
	take_away("resource");
	CHECK_OK(berth_resolveclient_call_wait(c, &q, on_call, &t));
	CHECK_RC(BERTH_E_RESOLVE, t.rc);
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		q.resource = urls[i];
		CHECK_RC(BERTH_E_DID, berth_resolveclient_call(c, &q, on_call, &t));
	}
	assert_int_equal(t.calls, 2);
	berth_resolveclient_free(c);
}

/* A log of 5 MiB goes there and back in pieces. */
static void what_is_published_may_be_long(void **state)
{
	struct berth_resolve_call q = { .op = BERTH_REGISTRY_FETCH, .did = "did:web:a.test", .resource = "https://a.test/x",
		.max_bytes = (uint32_t)5 << 20 };
	struct berth_registry_piece piece = { "did.jsonl", NULL, (size_t)5 << 20 };
	uint8_t *log = malloc(piece.n + ((size_t)2 << 20));
	struct berth_resolveclient *c = client(shelf, config);
	struct told t = { 0 };

	(void)state;
	memset(log, 'x', piece.n);
	put("resource", log, piece.n);
	CHECK_OK(berth_resolveclient_call_wait(c, &q, on_call, &t));
	CHECK_OK(t.rc);
	assert_int_equal(t.n, piece.n);
	piece.p = log;
	q = (struct berth_resolve_call){ .op = BERTH_REGISTRY_CREATE, .phase = BERTH_REGISTRY_SUBMIT, .did = "did:web:a.test",
		.pieces = &piece, .n_pieces = 1, .max_bytes = (uint32_t)5 << 20 };
	for (int i = 0; i < 3; i++)			/* more than the queue to the process holds */
		CHECK_OK(berth_resolveclient_call(c, &q, on_call, &t));
	while (t.calls < 4)
		turn(c, &(bool){ false });
	CHECK_OK(t.rc);
	piece.n = BERTH_RES_BYTES_MAX + 1;
	CHECK_RC(BERTH_E_SIZE, berth_resolveclient_call(c, &q, on_call, &t));
	take_away("resource");
	berth_resolveclient_free(c);
	free(log);
}

static struct berth_resolveclient *inner;
static struct told innermost;

static void on_call_ask_more(void *arg, enum berth_err rc, const struct berth_registry_evidence *e)
{
	const struct berth_resolve_call q = { .op = BERTH_REGISTRY_FETCH, .did = "did:fault:x", .resource = "/more" };

	on_call(arg, rc, e);
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(inner, "did:fault:x"));
	CHECK_RC(BERTH_E_INTERNAL, berth_resolveclient_call_wait(inner, &q, on_call, &innermost));
	CHECK_OK(berth_resolveclient_call(inner, &q, on_call, &innermost));
}

static void in_a_callback_nobody_waits(void **state)
{
	const struct berth_resolve_call q = { .op = BERTH_REGISTRY_FETCH, .did = "did:fault:x", .resource = "/x" };
	struct told t = { 0 };
	bool finished = false;

	(void)state;
	inner = client(faulty, "{}");
	CHECK_OK(berth_resolveclient_call(inner, &q, on_call_ask_more, &t));
	while (inner->process.n_queue)
		turn(inner, &finished);
	CHECK(finished && t.calls == 1 && innermost.calls == 1);
	assert_string_equal(innermost.text, "/more");
	CHECK_OK(resolve(inner, "did:fault:x"));	/* what was begun is there */
	berth_resolveclient_free(inner);
}

/* What is under way is cancelled long before its deadline, what waits is never asked. */
static void calls_are_given_up(void **state)
{
	const struct berth_resolve_call slowly = { .op = BERTH_REGISTRY_FETCH, .did = "did:fault:60000:later", .resource = "/x" };
	struct berth_resolveclient *c = client(faulty, "{}");
	struct told t[BERTH_RES_AT_ONCE + 10] = { { 0 } }, other = { 0 };
	size_t n = sizeof(t) / sizeof(t[0]);
	bool finished = false;

	(void)state;
	CHECK_OK(berth_resolveclient_call(c, &slowly, on_call, &other));
	for (size_t i = 0; i < n; i++)
		CHECK_OK(berth_resolveclient_call(c, &slowly, on_call, &t[i]));
	while (c->process.n_asked < BERTH_RES_AT_ONCE - RESOLVE_RESERVED)
		turn(c, &finished);
	for (size_t i = 0; i < n; i++)
		berth_resolveclient_give_up(c, on_call, &t[i]);
	berth_resolveclient_give_up(c, on_call, &t[0]);		/* there is none any more */
	while (c->process.n_queue > 1)
		turn(c, &finished);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(0, t[i].calls);
	assert_int_equal(0, other.calls);			/* that one is wanted */
	CHECK(berth_resolveclient_pid(c) > 0);
	CHECK_OK(resolve(c, "did:fault:x"));
	berth_resolveclient_free(c);
	assert_int_equal(1, other.calls);
}

static void calls_hear_of_the_end(void **state)
{
	struct berth_resolve_call q = { .op = BERTH_REGISTRY_FETCH, .did = "did:fault:x", .resource = "/x" };
	struct berth_resolveclient *c = client(faulty, "{}");
	struct told t = { 0 };

	(void)state;
	CHECK_OK(berth_resolveclient_call(c, &q, on_call, &t));
	berth_resolveclient_free(c);
	assert_int_equal(t.calls, 1);
	CHECK_RC(BERTH_E_PLUGIN, t.rc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c102_a_thousand_look_ups_at_once_and_none_is_lost),
		cmocka_unit_test(who_waits_does_not_stand_in_the_queue),
		cmocka_unit_test(c102_the_queue_is_bounded),
		cmocka_unit_test(c155_only_who_broke_it_is_remembered),
		cmocka_unit_test(c159_what_no_adapter_does_ends_the_process),
#ifndef BERTH_UNCONFINED
		cmocka_unit_test(a_replaced_file_needs_another_process),
#endif
		cmocka_unit_test(statuses_have_their_codes),
		cmocka_unit_test(why_an_exchange_failed_is_heeded),
		cmocka_unit_test(c100_a_resolution_result_is_no_evidence_for_owner_dids),
		cmocka_unit_test(c105_histories_never_go_back),
		cmocka_unit_test(resources_are_fetched),
		cmocka_unit_test(a_resource_of_the_web_needs_no_did),
		cmocka_unit_test(what_is_published_may_be_long),
		cmocka_unit_test(in_a_callback_nobody_waits),
		cmocka_unit_test(calls_are_given_up),
		cmocka_unit_test(calls_hear_of_the_end),
	};

	return cmocka_run_group_tests_name("resolve_pool", tests, make_folder, test_tmpdir_teardown);
}
