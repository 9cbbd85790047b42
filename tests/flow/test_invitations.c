/* SPDX-License-Identifier: Apache-2.0 */
/* Out-of-band invitations, and relationships that go on under another DID or end. */
#include "agent/protocol/application.h"
#include "agent/protocol/oob.h"
#include "agent/protocol/relation.h"
#include "agent/ipc/frame.h"
#include "did/url.h"
#include "didcomm/from_prior.h"
#include "didcomm/pack.h"
#include "tests/fakes/pair.h"

#define BASIC BERTH_PIURI_BASIC "message"
#define HELLO "{\"content\":\"hello\"}"
#define S(v, key) berth_json_str(berth_json_get(v, key))

static struct berth_json *invite(struct sim_node *n, const char *members)
{
	struct berth_json *out = NULL;
	char args[512];

	snprintf(args, sizeof(args), "{\"url\":\"https://oob.test/\"%s%s}", members ? "," : "", members ? members : "");
	CHECK_OK(pair_command(n, "out-of-band", "cmd/invite", args, &out));
	return out;
}

static enum berth_err connect(struct sim_node *n, const char *url, struct berth_json **result)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(n);
	CHECK_OK(berth_json_set_str(args, "invitation", url));
	rc = berth_agent_command(n->agent, "out-of-band", NULL, "cmd/connect", args, result);
	berth_json_free(args);
	return rc;
}

/* The first record of that namespace that says text; berth_json_free(). */
struct looking { const char *text; struct berth_json *found; };

static enum berth_err look(void *arg, const char *key, const uint8_t *p, size_t n)
{
	struct looking *l = arg;
	struct berth_json *v;

	(void)key;
	CHECK_OK(berth_json_parse_object(&v, (const char *)p, n, BERTH_JSON_MAX));
	if (!l->found && !berth_json_get(v, "moved") && strstr((const char *)p, l->text))
		l->found = v;
	else
		berth_json_free(v);
	return BERTH_OK;
}

static struct berth_json *relation(struct sim_node *n)
{
	struct looking l = { .text = "" };

	sim_as(n);
	CHECK_OK(berth_store_each(n->store, BERTH_NS_RELATION, NULL, look, &l));
	assert_non_null(l.found);
	return l.found;
}

static bool has_pong(struct sim_node *n)
{
	int64_t k = 0;

	CHECK_OK(berth_store_count(n->store, "pong", &k));
	return k > 0;
}

static char *peer_of(struct sim_node *n)
{
	struct berth_json *r = relation(n);
	char *did = strdup(S(r, "did"));

	berth_json_free(r);
	return did;
}

static size_t waiting(struct sim_node *n)
{
	struct berth_json *box = pair_box(n);
	size_t k = berth_json_len(box);

	berth_json_free(box);
	return k;
}

/* Strangers before, peers after; the invitation's DID is left behind. */
static void an_invitation_makes_peers(void **state)
{
	struct berth_json *inv, *got = NULL, *r;
	char *to_b, *to_a;
	struct pair p;

	(void)state;
	pair_make(&p);
	inv = invite(p.a, "\"goal\":\"read the meter\",\"goalCode\":\"org.example.meter\"");
	CHECK_OK(connect(p.b, S(inv, "url"), &got));
	assert_string_equal(S(got, "goal"), "read the meter");
	assert_string_equal(S(got, "goalCode"), "org.example.meter");
	pair_settle(&p, 30);
	assert_true(has_pong(p.b));
	to_a = peer_of(p.b);
	to_b = peer_of(p.a);
	assert_false(berth_did_same(to_a, S(inv, "did")));	/* it has followed our rotation */
	assert_string_equal(to_b, S(got, "did"));
	r = relation(p.a);
	assert_string_equal(S(r, "via"), S(inv, "id"));
	assert_string_equal(S(r, "goalCode"), "org.example.meter");
	berth_json_free(r);
	CHECK_OK(pair_send(p.b, to_a, BASIC, HELLO, NULL, NULL));
	CHECK_OK(pair_send(p.a, to_b, BASIC, HELLO, NULL, NULL));
	pair_settle(&p, 30);
	assert_int_equal(waiting(p.a), 1);
	assert_int_equal(waiting(p.b), 1);
	r = relation(p.a);		/* the new DID was used: no from_prior any more */
	assert_null(berth_json_get(r, "prior"));
	assert_null(berth_json_get(r, "old"));
	berth_json_free(r);
	sim_as(p.a);
	assert_null(berth_agent_env(p.a->agent)->identity(berth_agent_env(p.a->agent), "to-oob-1"));
	free(to_a);
	free(to_b);
	berth_json_free(inv);
	berth_json_free(got);
	pair_free(&p);
}

/* A message to an invitation's DID from somebody new, as a peer of b's. */
static enum berth_err answer_again(struct pair *p, struct sim_node *third, const char *url)
{
	struct berth_json *got = NULL;
	enum berth_err rc = connect(third, url, &got);

	berth_json_free(got);
	pair_settle(p, 30);
	return rc;
}

static void c068_an_invitation_serves_as_often_as_it_says(void **state)
{
	struct berth_json *inv, *twice;
	struct sim_node *c;
	struct pair p;

	(void)state;
	pair_make(&p);
	c = pair_third(&p, "c");
	inv = invite(p.a, NULL);
	CHECK_OK(answer_again(&p, p.b, S(inv, "url")));
	assert_true(has_pong(p.b));
	CHECK_RC(BERTH_E_REPLAY, answer_again(&p, p.b, S(inv, "url")));	/* it remembers, */
	sim_off(p.b);
	sim_on(p.b);
	CHECK_RC(BERTH_E_REPLAY, answer_again(&p, p.b, S(inv, "url")));	/* over a restart, */
	sim_off(p.a);
	sim_on(p.a);
	CHECK_OK(answer_again(&p, c, S(inv, "url")));			/* and so does the inviter */
	assert_false(has_pong(c));
	twice = invite(p.a, "\"uses\":2");
	CHECK_OK(answer_again(&p, p.b, S(twice, "url")));
	CHECK_OK(answer_again(&p, c, S(twice, "url")));			/* the twin: two may */
	assert_true(has_pong(c));
	berth_json_free(inv);
	berth_json_free(twice);
	pair_free(&p);
}

static void c068_expired_and_altered(void **state)
{
	struct berth_json *inv, *other;
	struct berth_oob i;
	struct berth_buf url = BERTH_BUF_INIT;
	struct pair p;

	(void)state;
	pair_make(&p);
	inv = invite(p.a, "\"expiresIn\":100");
	pair_settle(&p, 200);
	CHECK_RC(BERTH_E_EXPIRED, answer_again(&p, p.b, S(inv, "url")));	/* the message says so; without a clock: */
	p.b->cfg.clock_trusted = false;
	sim_off(p.b);
	sim_on(p.b);
	CHECK_OK(answer_again(&p, p.b, S(inv, "url")));
	assert_false(has_pong(p.b));
	assert_int_equal(pair_audit(p.a, "E_AUTHZ: the invitation has expired"), 1);
	other = invite(p.a, NULL);
	CHECK_OK(berth_oob_parse(&i, S(inv, "url"), strlen(S(inv, "url"))));	/* another's id under this DID */
	CHECK_OK(berth_message_set(&i.msg, "id", "made-up"));
	CHECK_OK(berth_oob_url(&url, "https://oob.test/", i.msg.json));
	CHECK_OK(answer_again(&p, p.b, berth_buf_cstr(&url)));
	assert_int_equal(pair_audit(p.a, "E_AUTHZ: no invitation made-up"), 1);
	CHECK_OK(berth_message_set(&i.msg, "id", S(other, "id")));
	berth_buf_reset(&url);
	CHECK_OK(berth_oob_url(&url, "https://oob.test/", i.msg.json));
	CHECK_OK(answer_again(&p, p.b, berth_buf_cstr(&url)));
	assert_int_equal(pair_audit(p.a, "E_AUTHZ: that invitation is another DID's"), 1);
	assert_false(has_pong(p.b));
	CHECK_RC(BERTH_E_REPLAY, answer_again(&p, p.b, S(other, "url")));
	CHECK_RC(BERTH_E_ADDR, answer_again(&p, p.a, S(other, "url")));	/* our own */
	berth_oob_free(&i);
	berth_buf_free(&url);
	berth_json_free(inv);
	berth_json_free(other);
	pair_free(&p);
}

/* ---- rotation ---- */
static enum berth_err on_peer(struct sim_node *n, const char *on, const char *peer)
{
	char *args = NULL;
	enum berth_err rc;

	assert_true(asprintf(&args, "{\"peer\":\"%s\"}", peer) > 0);
	rc = pair_command(n, "peers", on, args, NULL);
	free(args);
	return rc;
}

static void a_relationship_goes_on_under_another_did(void **state)
{
	char *b_before, *a_before, *b_now;
	struct berth_json *box;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	a_before = strdup(pair_identity(p.a, BERTH_ID_OWNER)->did);
	b_before = strdup(pair_identity(p.b, BERTH_ID_OWNER)->did);
	CHECK_OK(on_peer(p.b, "cmd/rotate", a_before));
	CHECK_OK(on_peer(p.b, "cmd/rotate", a_before));	/* under way: the same */
	pair_settle(&p, 30);
	b_now = peer_of(p.a);
	assert_string_not_equal(b_now, b_before);
	CHECK_RC(BERTH_E_AUTHZ, pair_send(p.a, b_before, BASIC, HELLO, NULL, NULL));
	for (int i = 0; i < 2; i++) {	/* from_prior again: no news, no fault */
		CHECK_OK(pair_send(p.b, a_before, BASIC, HELLO, NULL, NULL));
		pair_settle(&p, 30);
	}
	box = pair_box(p.a);
	assert_int_equal(berth_json_len(box), 2);
	berth_json_each(m, box)
		assert_string_equal(S(m, "from"), b_now);
	berth_json_free(box);
	CHECK_OK(pair_send(p.a, b_now, BASIC, HELLO, NULL, NULL));
	pair_settle(&p, 30);
	assert_int_equal(waiting(p.b), 1);
	free(b_now);
	CHECK_OK(on_peer(p.b, "cmd/rotate", a_before));	/* and once more */
	pair_settle(&p, 30);
	b_now = peer_of(p.a);
	CHECK_OK(pair_send(p.a, b_now, BASIC, HELLO, NULL, NULL));
	pair_settle(&p, 30);
	assert_int_equal(waiting(p.b), 2);
	free(b_now);
	free(b_before);
	free(a_before);
	pair_free(&p);
}

/* One message of b's to a, from an identity of b's, with a rotation of one of its
 * identities (by) to another (to; NULL: to nothing); by NULL: without. */
static void say(struct pair *p, const char *from, const char *by, const char *to, int64_t iat)
{
	struct berth_env *env = berth_agent_env(p->b->agent);
	const char *a = pair_identity(p->a, BERTH_ID_OWNER)->did;
	const struct berth_identity *me = pair_identity(p->b, from);
	const struct berth_pack how = { .mode = BERTH_PACK_AUTHCRYPT, .from = me->did_long, .to = a,
		.resolver = env->resolver, .keyring = p->b->keys->keyring };
	struct berth_buf jwt = BERTH_BUF_INIT;
	struct berth_json *body;
	struct berth_message m;

	sim_as(p->b);
	CHECK_OK(berth_json_parse(&body, HELLO, strlen(HELLO), 64));
	CHECK_OK(berth_message_new(&m, BASIC, me->did_long, a, NULL, body));
	if (by) {
		CHECK_OK(berth_from_prior_create(&jwt, pair_identity(p->b, by)->sign_kid_long,
						 to ? pair_identity(p->b, to)->did_long : NULL, iat, p->b->keys->keyring));
		CHECK_OK(berth_message_set(&m, "from_prior", berth_buf_cstr(&jwt)));
	}
	sim_inject_message(p->a, &how, &m);
	berth_buf_free(&jwt);
}

static void make_identities(struct sim_node *n)
{
	static const char *const names[] = { "two", "three", "four" };
	unsigned purposes = BERTH_PURPOSE_BIT(BERTH_SIGN_FROM_PRIOR);

	sim_as(n);
	for (int i = 0; i < 3; i++)
		CHECK_OK(berth_agent_make_identity(n->agent, names[i], BERTH_KEY_ED25519, BERTH_AGREE_TYPE, purposes, true));
}

/* Strictly forward, and never into what is another's. */
static void c061_rotations_only_go_forward(void **state)
{
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	make_identities(p.b);
	say(&p, "two", "owner", "two", 1000);
	assert_int_equal(waiting(p.a), 1);
	say(&p, "two", "owner", "two", 1000);		/* until it hears from us */
	assert_int_equal(waiting(p.a), 2);
	say(&p, "owner", NULL, NULL, 0);		/* the DID before (C065) */
	assert_int_equal(waiting(p.a), 2);
	assert_int_equal(pair_audit(p.a, "E_AUTHZ"), 1);
	say(&p, "three", "owner", "three", 2000);	/* by the DID before, whatever it says */
	say(&p, "three", "two", "three", 1000);		/* not later */
	say(&p, "three", "two", "three", 999);
	assert_int_equal(waiting(p.a), 2);
	assert_int_equal(pair_audit(p.a, "E_ROTATE"), 3);
	say(&p, "three", "two", "three", 1001);		/* the twin */
	assert_int_equal(waiting(p.a), 3);
	say(&p, "owner", "three", "owner", 3000);	/* back to what was given up */
	assert_int_equal(waiting(p.a), 3);
	assert_int_equal(pair_audit(p.a, "E_ROTATE: a rotation into another relationship"), 1);
	say(&p, "four", "two", NULL, 5000);		/* nobody ends another's: unpack refuses it */
	say(&p, "three", NULL, NULL, 0);
	assert_int_equal(waiting(p.a), 4);
	say(&p, "three", "three", NULL, 1001);		/* the end, but not later */
	assert_int_equal(waiting(p.a), 4);
	say(&p, "three", "three", NULL, 1002);
	assert_int_equal(waiting(p.a), 5);
	say(&p, "three", NULL, NULL, 0);
	assert_int_equal(waiting(p.a), 5);
	pair_free(&p);
}

/* Each rotation leaves something behind for ever: nobody fills a store with them, and who
 * was too quick goes on later with what it had to say then. */
static void c061_rotations_are_few(void **state)
{
	struct pair p;
	char *a, *b, *now;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	a = strdup(pair_identity(p.a, BERTH_ID_OWNER)->did);
	for (int i = 0; i < BERTH_RELATION_MOVES_MAX; i++) {
		CHECK_OK(on_peer(p.b, "cmd/rotate", a));
		pair_settle(&p, 10);
	}
	assert_int_equal(pair_audit(p.a, "E_ROTATE"), 0);
	b = peer_of(p.a);
	CHECK_OK(on_peer(p.b, "cmd/rotate", a));
	pair_settle(&p, 10);
	assert_int_equal(pair_audit(p.a, "rotates too often"), 1);
	now = peer_of(p.a);
	assert_string_equal(now, b);
	free(now);
	pair_settle(&p, 3700);
	CHECK_OK(pair_send(p.b, a, BASIC, HELLO, NULL, NULL));
	pair_settle(&p, 10);
	assert_int_equal(waiting(p.a), 1);
	now = peer_of(p.a);
	assert_string_not_equal(now, b);
	free(now);
	free(b);
	free(a);
	pair_free(&p);
}

/* Whatever frame is lost, doubled or late: peers in the end, under the new DIDs. */
static void every_fault_on_the_way_to_a_relationship(void **state)
{
	(void)state;
	for (int f = FAULT_LOSE_REQUEST; f <= FAULT_LATE; f++) {
		for (size_t at = 1; at <= 4; at++) {
			struct berth_json *inv;
			struct pair p;
			char *to;

			pair_make(&p);
			inv = invite(p.a, NULL);
			p.w.fault = (enum fault)f;
			p.w.fault_at = p.w.sent + at;
			CHECK_OK(connect(p.b, S(inv, "url"), NULL));
			pair_settle(&p, 60);
			assert_true(has_pong(p.b));
			to = peer_of(p.b);
			CHECK_OK(pair_send(p.b, to, BASIC, HELLO, NULL, NULL));
			pair_settle(&p, 60);
			assert_int_equal(waiting(p.a), 1);
			free(to);
			berth_json_free(inv);
			pair_free(&p);
		}
	}
}

static void a_relationship_ends(void **state)
{
	char *a, *b;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	a = strdup(pair_identity(p.a, BERTH_ID_OWNER)->did);
	b = strdup(pair_identity(p.b, BERTH_ID_OWNER)->did);
	CHECK_OK(pair_send(p.b, a, BASIC, HELLO, NULL, NULL));
	pair_settle(&p, 30);
	assert_int_equal(waiting(p.a), 1);
	CHECK_OK(on_peer(p.b, "cmd/end", a));
	pair_settle(&p, 30);
	assert_int_equal(pair_audit(p.a, "has ended its relationship with us"), 1);
	CHECK_RC(BERTH_E_AUTHZ, pair_send(p.a, b, BASIC, HELLO, NULL, NULL));
	CHECK_RC(BERTH_E_AUTHZ, pair_send(p.b, a, BASIC, HELLO, NULL, NULL));
	CHECK_RC(BERTH_E_NOMATCH, on_peer(p.b, "cmd/rotate", a));
	assert_int_equal(waiting(p.a), 1);
	free(a);
	free(b);
	pair_free(&p);
}

/* What nobody can answer goes after a month, with its keys; what somebody can stays. */
static void invitations_that_are_over_go(void **state)
{
	struct berth_json *inv[4];
	struct berth_env *env;
	int64_t n = 0;
	struct pair p;

	(void)state;
	pair_make(&p);
	inv[0] = invite(p.a, "\"expiresIn\":10");
	inv[1] = invite(p.a, "\"uses\":2");
	inv[2] = invite(p.a, "\"uses\":2,\"expiresIn\":10");
	pair_settle(&p, BERTH_OOB_KEEP_S + 100);
	inv[3] = invite(p.a, NULL);
	CHECK_OK(berth_store_count(p.a->store, BERTH_NS_OOB, &n));
	assert_int_equal(n, 2);
	sim_as(p.a);
	env = berth_agent_env(p.a->agent);
	assert_null(env->identity(env, "to-oob-1"));
	assert_non_null(env->identity(env, "to-oob-2"));
	assert_null(env->identity(env, "to-oob-3"));
	CHECK_OK(answer_again(&p, p.b, S(inv[1], "url")));
	assert_true(has_pong(p.b));
	for (int i = 0; i < 4; i++)
		berth_json_free(inv[i]);
	pair_free(&p);
}

static int64_t polls(struct sim_node *n)
{
	int64_t k = 0;

	CHECK_OK(berth_store_count(n->store, BERTH_NS_POLL, &k));
	return k;
}

/* Behind NAT it asks whom it has answered, whatever DIDs the two have by now. */
static void who_cannot_be_dialled_asks_for_its_messages(void **state)
{
	struct berth_json *inv[2], *other;
	struct sim_node *g;
	struct pair p;
	char *a, *b;

	(void)state;
	pair_make(&p);
	g = pair_mute(&p, "g");
	inv[0] = invite(p.a, NULL);
	inv[1] = invite(p.b, NULL);
	CHECK_OK(connect(g, S(inv[0], "url"), NULL));
	pair_settle(&p, 30);
	assert_true(has_pong(g));
	assert_int_equal(polls(g), 1);
	a = peer_of(p.a);
	CHECK_OK(pair_send(p.a, a, BASIC, HELLO, NULL, NULL));
	pair_settle(&p, 120);
	assert_int_equal(waiting(g), 1);
	b = peer_of(g);
	CHECK_OK(on_peer(g, "cmd/rotate", b));
	pair_settle(&p, 60);
	other = relation(g);
	assert_null(berth_json_get(other, "prior"));	/* that is known, and so it asks in vain no more */
	berth_json_free(other);
	free(a);
	a = peer_of(p.a);
	CHECK_OK(on_peer(p.a, "cmd/rotate", a));
	CHECK_OK(pair_send(p.a, a, BASIC, HELLO, NULL, NULL));
	pair_settle(&p, 10);
	assert_int_equal(waiting(g), 2);
	CHECK_OK(connect(g, S(inv[1], "url"), NULL));	/* and another one */
	pair_settle(&p, 30);
	assert_int_equal(polls(g), 2);
	sim_off(g);
	sim_on(g);
	free(a);
	a = peer_of(p.b);
	CHECK_OK(pair_send(p.b, a, BASIC, HELLO, NULL, NULL));
	pair_settle(&p, 120);
	assert_int_equal(waiting(g), 3);
	other = relation(g);
	CHECK_OK(on_peer(g, "cmd/end", S(other, "did")));
	assert_int_equal(polls(g), 1);
	berth_json_free(other);
	free(a);
	free(b);
	berth_json_free(inv[0]);
	berth_json_free(inv[1]);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_invitation_makes_peers),
		cmocka_unit_test(c068_an_invitation_serves_as_often_as_it_says),
		cmocka_unit_test(c068_expired_and_altered),
		cmocka_unit_test(a_relationship_goes_on_under_another_did),
		cmocka_unit_test(a_relationship_ends),
		cmocka_unit_test(c061_rotations_only_go_forward),
		cmocka_unit_test(c061_rotations_are_few),
		cmocka_unit_test(invitations_that_are_over_go),
		cmocka_unit_test(who_cannot_be_dialled_asks_for_its_messages),
		cmocka_unit_test(every_fault_on_the_way_to_a_relationship),
	};

	return cmocka_run_group_tests_name("invitations", tests, NULL, NULL);
}
