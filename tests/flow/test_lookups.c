/* SPDX-License-Identifier: Apache-2.0 */
/* Peers whose DIDs a registry has to be asked about, over a real berth-resolverd: while
 * one look-up hangs, everybody else is served. */
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/resolveclient.h"
#include "agent/ipc/frame.h"
#include "did/crypto/keypair.h"
#include "did/jose/jwk.h"
#include "didcomm/pack.h"
#include "tests/fakes/built.h"
#include "tests/fakes/shell.h"
#include "tests/fakes/story.h"
#include "tests/fakes/tap.h"
#include "tests/fakes/tmpdir.h"

#define PING "https://didcomm.org/trust-ping/2.0/ping"
#define DEADLINE_MS 1000

static char dir[64], faulty[TEST_ADAPTER_LEN], libexec[PATH_MAX], docs[96];

/* Somebody with a document that only a registry, and he himself, knows. */
struct writer {
	struct berth_resolver self, resolver;
	struct berth_keyring *keys;
	char did[64];
	char doc[2048];
};

static enum berth_err resolve_self(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	const struct writer *p = (const struct writer *)r;

	*out = NULL;
	return strcmp(did, p->did) == 0 ? berth_did_doc_parse(out, p->doc, strlen(p->doc), did)
					: berth_fail(BERTH_E_RESOLVE, "%.40s", did);
}

static void appear(struct writer *p, const char *did)
{
	struct berth_buf jwk = BERTH_BUF_INIT;
	struct berth_privkey agree;
	struct berth_json *v;
	char kid[96];

	memset(p, 0, sizeof(*p));
	p->self.resolve = resolve_self;
	berth_resolver_builtin_init(&p->resolver, &p->self);
	snprintf(p->did, sizeof(p->did), "%s", did);
	CHECK_OK(berth_keypair_generate(&agree, BERTH_AGREE_TYPE));
	v = berth_jwk_format(&agree.pub);
	CHECK_OK(berth_json_print(&jwk, v));
	snprintf(p->doc, sizeof(p->doc), "{\"id\":\"%s\",\"keyAgreement\":[{\"id\":\"%s#k\",\"type\":\"JsonWebKey2020\","
		 "\"controller\":\"%s\",\"publicKeyJwk\":%s}]}", did, did, did, berth_buf_cstr(&jwk));
	snprintf(kid, sizeof(kid), "%s#k", did);
	CHECK_OK(berth_keyring_local_new(&p->keys));
	CHECK_OK(berth_keyring_local_add(p->keys, kid, &agree));
	berth_privkey_wipe(&agree);
	berth_json_free(v);
	berth_buf_free(&jwk);
}

static bool answered(struct sim_node *n) { return n->w->answer.len != 0; }

static void ping(struct writer *p, struct sim_node *to)
{
	const char *to_did = story_identity(to, BERTH_ID_RENDEZVOUS)->did_long;
	const struct berth_pack how = { .mode = BERTH_PACK_AUTHCRYPT, .from = p->did, .to = to_did,
		.resolver = &p->resolver, .keyring = p->keys };
	struct berth_message m;

	sim_as(to);
	CHECK_OK(berth_message_new(&m, PING, p->did, to_did, NULL, NULL));
	CHECK_OK(berth_message_set(&m, "return_route", "all"));
	berth_buf_reset(&to->w->answer);
	sim_inject_message(to, &how, &m);
}

static void check_answer(struct sim_node *n, enum berth_frame_status want, size_t messages)
{
	struct berth_frame_reply r;

	assert_true(answered(n));
	CHECK_OK(berth_frame_reply_decode(&r, n->w->answer.p, n->w->answer.len));
	assert_int_equal(r.status, want);
	assert_int_equal(r.n_msgs, messages);
	berth_buf_reset(&n->w->answer);
}

/* The daemon's loop, as far as look-ups go. */
static bool turn(struct berth_resolveclient *c, struct sim_node *n, int ms)
{
	struct pollfd p = { .fd = berth_resolveclient_fd(c), .events = POLLIN };

	sim_as(n);
	if (!berth_resolveclient_run(c, poll(&p, 1, ms) > 0))
		return false;
	berth_agent_on_lookups(n->agent);
	return true;
}

static struct berth_resolveclient *start(struct story *s)
{
	char so[PATH_MAX], config[128];
	struct berth_resolveclient *c;

	story_cast(s);
	test_built(so, sizeof(so), "lib/berth/registry/static.so");
	snprintf(config, sizeof(config), "{\"dir\":\"%s\"}", docs);
	CHECK_OK(berth_resolveclient_new(&c, libexec, NULL));
	CHECK_OK(berth_resolveclient_add(c, "faulty", faulty, "{}"));	/* did:fault, did:other */
	CHECK_OK(berth_resolveclient_add(c, "static", so, config));	/* the rest */
	berth_resolveclient_deadline(c, DEADLINE_MS);
	sim_off(s->rendezvous);
	s->rendezvous->cfg.resolver = berth_resolveclient_resolver(c);
	s->rendezvous->cfg.lookups = berth_resolveclient_lookups(c);
	sim_on(s->rendezvous);
	CHECK_OK(berth_resolveclient_start(c));
	return c;
}

static void publish(const struct writer *p)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.json", docs, strrchr(p->did, ':') + 1);
	assert_non_null(f = fopen(path, "w"));
	fputs(p->doc, f);
	fclose(f);
}

static void gone(struct writer *p) { berth_keyring_free(p->keys); }

static void end(struct story *s, struct berth_resolveclient *c)
{
	story_end(s);
	berth_resolveclient_free(c);
}

static void a_message_waits_for_its_look_up_and_is_taken(void **state)
{
	struct berth_resolveclient *c;
	struct story s = { 0 };
	struct writer p;

	(void)state;
	appear(&p, "did:example:writer");
	publish(&p);
	c = start(&s);
	ping(&p, s.rendezvous);
	assert_false(answered(s.rendezvous));		/* put by, not refused */
	while (!turn(c, s.rendezvous, PATIENCE_MS))
		;
	check_answer(s.rendezvous, BERTH_FRAME_STORED, 1);
	ping(&p, s.rendezvous);				/* remembered */
	check_answer(s.rendezvous, BERTH_FRAME_STORED, 0);	/* its answer waits for the first one's ack */
	gone(&p);
	end(&s, c);
}

static void c102_while_a_look_up_hangs_others_are_served(void **state)
{
	struct berth_json *args = berth_json_new_object();
	struct writer hanging, other;
	struct berth_resolveclient *c;
	struct story s = { 0 };
	uint64_t mono;

	(void)state;
	appear(&hanging, "did:fault:loop");
	appear(&other, "did:example:other");
	publish(&other);
	c = start(&s);
	ping(&hanging, s.rendezvous);
	assert_false(turn(c, s.rendezvous, 50));
	assert_false(answered(s.rendezvous));
	mono = s.w.mono_ms;

	/* a peer who needs no registry; a command; births and sales of others */
	story_birth(&s);
	story_sale(&s);
	CHECK_OK(berth_json_set_str(args, "identity", BERTH_ID_RENDEZVOUS));
	CHECK_OK(berth_json_set_str(args, "peer", story_identity(s.owner, BERTH_ID_OWNER)->did_long));
	CHECK_OK(berth_json_set_str(args, "uri", s.owner->uri));
	sim_as(s.rendezvous);
	CHECK_OK(berth_agent_command(s.rendezvous->agent, "ping", NULL, "cmd/ping", args, NULL));
	sim_pump(&s.w);
	berth_json_free(args);
	/* who needs the registry waits for his turn */
	ping(&other, s.rendezvous);
	assert_false(answered(s.rendezvous));
	assert_true(s.w.mono_ms - mono < 60000);

	/* the deadline: resolverd dies, both are told to come again, and the second one's
	 * turn comes */
	s.w.mono_ms += DEADLINE_MS + 500;
	assert_true(turn(c, s.rendezvous, 0));
	check_answer(s.rendezvous, BERTH_FRAME_BUSY, 0);
	s.w.mono_ms += 200;				/* the back-off */
	ping(&other, s.rendezvous);
	while (!turn(c, s.rendezvous, PATIENCE_MS))
		;
	check_answer(s.rendezvous, BERTH_FRAME_STORED, 1);
	ping(&hanging, s.rendezvous);			/* is remembered as a failure: at once */
	check_answer(s.rendezvous, BERTH_FRAME_BUSY, 0);
	gone(&hanging);
	gone(&other);
	end(&s, c);
}

static void count_pings(void *arg, const struct berth_pack *p, const struct berth_message *msg, size_t packed)
{
	(void)p;
	(void)packed;
	if (strcmp(msg->type, "https://didcomm.org/trust-ping/2.0/ping") == 0 && msg->return_route &&
	    strcmp(msg->return_route, "all") == 0)
		++*(int *)arg;
}

/* Whoever has no listener hears the answer in the connection that it asked in. */
static void a_ping_asks_for_its_answer_on_the_same_way(void **state)
{
	struct berth_json *args = berth_json_new_object();
	struct story s = { 0 };
	int pings = 0;

	(void)state;
	story_begin(&s);
	CHECK_OK(berth_json_set_str(args, "identity", BERTH_ID_RENDEZVOUS));
	CHECK_OK(berth_json_set_str(args, "peer", story_identity(s.owner, BERTH_ID_OWNER)->did_long));
	sim_as(s.rendezvous);
	test_tap(count_pings, &pings);
	CHECK_OK(berth_agent_command(s.rendezvous->agent, "ping", NULL, "cmd/ping", args, NULL));
	test_tap(NULL, NULL);
	assert_int_equal(pings, 1);
	berth_json_free(args);
	story_end(&s);
}

/* One source has so many look-ups at a time; then it is busy, and others are not. */
static void one_source_holds_only_its_share(void **state)
{
	struct berth_resolveclient *c;
	struct story s = { 0 };
	struct writer p;
	char did[64];

	(void)state;
	c = start(&s);
	for (int i = 0; i < 5; i++) {
		snprintf(did, sizeof(did), "did:fault:%d:loop", i);
		appear(&p, did);
		ping(&p, s.rendezvous);
		if (i < 4)
			assert_false(answered(s.rendezvous));
		else
			check_answer(s.rendezvous, BERTH_FRAME_BUSY, 0);
		gone(&p);
	}
	/* nobody waits longer than a poll would */
	s.w.mono_ms += BERTH_AGENT_PARK_MS;
	sim_as(s.rendezvous);
	berth_agent_tick(s.rendezvous->agent);
	check_answer(s.rendezvous, BERTH_FRAME_BUSY, 0);
	end(&s, c);
}

/* C100: what a resolver's mere word is worth depends on what is being decided. */
static struct { struct berth_lookups l; bool now; int times; } spy;

static void spy_mode(struct berth_lookups *l, enum berth_lookup_mode mode)
{
	(void)l;
	(void)mode;
	assert_false(spy.now);		/* between steps it is off */
}

static void spy_strict(struct berth_lookups *l, bool on)
{
	(void)l;
	spy.times += on;
	spy.now = on;
}

static bool spy_missed(struct berth_lookups *l)
{
	(void)l;
	return false;
}

static void c100_nobodys_word_counts_where_owners_are_decided(void **state)
{
	struct berth_json *args = berth_json_new_object();
	struct story s = { 0 };

	(void)state;
	spy.l = (struct berth_lookups){ spy_mode, spy_strict, spy_missed };
	story_cast(&s);
	sim_off(s.rendezvous);
	s.rendezvous->cfg.lookups = &spy.l;
	sim_on(s.rendezvous);
	CHECK_OK(berth_json_set_str(args, "identity", BERTH_ID_RENDEZVOUS));
	CHECK_OK(berth_json_set_str(args, "peer", story_identity(s.owner, BERTH_ID_OWNER)->did_long));
	CHECK_OK(berth_json_set_str(args, "uri", s.owner->uri));
	sim_as(s.rendezvous);
	CHECK_OK(berth_agent_command(s.rendezvous->agent, "ping", NULL, "cmd/ping", args, NULL));
	sim_pump(&s.w);
	assert_int_equal(spy.times, 0);		/* a ping decides nothing */
	story_birth(&s);
	story_sale(&s);
	assert_true(spy.times > 0);
	assert_false(spy.now);
	berth_json_free(args);
	story_end(&s);
}

static int make_folder(void **state)
{
	*state = dir;
	snprintf(dir, sizeof(dir), "/tmp/berth-lookups-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	chmod(dir, 0755);
	snprintf(docs, sizeof(docs), "%s/docs", dir);
	mkdir(docs, 0755);
	test_fake_adapter(faulty, dir, "faulty");
	test_built(libexec, sizeof(libexec), "libexec");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_waits_for_its_look_up_and_is_taken),
		cmocka_unit_test(c102_while_a_look_up_hangs_others_are_served),
		cmocka_unit_test(a_ping_asks_for_its_answer_on_the_same_way),
		cmocka_unit_test(one_source_holds_only_its_share),
		cmocka_unit_test(c100_nobodys_word_counts_where_owners_are_decided),
	};
	return cmocka_run_group_tests_name("lookups", tests, make_folder, test_tmpdir_teardown);
}
