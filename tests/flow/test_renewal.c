/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of peers are renewed before they end: at two thirds of their life, over
 * restarts and power cuts, by an issuer whose policy it is, or by a person. */
#include <time.h>

#include "agent/protocol/credentials.h"
#include "agent/protocol/exchange.h"
#include "agent/protocol/relation.h"
#include "did/base/clock.h"
#include "tests/fakes/pair.h"
#include "tests/fakes/vfs_lossy.h"
#include "vc/token.h"
#include "vc/wallet.h"

#define LIFE_S ((int64_t)2 * 86400)
#define LATE_S (LIFE_S * 4 / 5)		/* two thirds, a tenth, and an hour: all have asked by then */
static int64_t life_s = LIFE_S;

#define SAMPLES 12
#define PEX "{\"id\":\"q\",\"input_descriptors\":[{\"id\":\"d\",\"constraints\":{\"fields\":[{\"path\":" \
	    "[\"$.credentialSubject.degree\"]}]}}]}"

/* %s: beginning and end, as dates or as numbers */
static const struct kind { const char *format, *credential; bool number; } kinds[] = {
	{ "vc+jwt", "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\"type\":[\"VerifiableCredential\"],"
		    "\"validFrom\":\"%s\",\"validUntil\":\"%s\",\"credentialSubject\":{\"degree\":\"BSc\"}}", false },
	{ "di", "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\"type\":[\"VerifiableCredential\"],"
		"\"validFrom\":\"%s\",\"validUntil\":\"%s\",\"credentialSubject\":{\"degree\":\"BSc\"}}", false },
	{ "vc-jwt", "{\"@context\":[\"https://www.w3.org/2018/credentials/v1\"],\"type\":[\"VerifiableCredential\"],"
		    "\"issuanceDate\":\"%s\",\"expirationDate\":\"%s\",\"credentialSubject\":{\"degree\":\"BSc\"}}", false },
	{ "dc+sd-jwt", "{\"vct\":\"urn:example:degree\",\"degree\":\"BSc\",\"nbf\":%s,\"exp\":%s}", true },
	{ "vc+sd-jwt", "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\"type\":[\"VerifiableCredential\"],"
		       "\"validFrom\":\"%s\",\"validUntil\":\"%s\",\"credentialSubject\":{\"degree\":\"BSc\"}}", false },
};

static int64_t now_of(struct sim_node *n)
{
	sim_as(n);
	return berth_agent_env(n->agent)->now_s;
}

static enum berth_err command(struct sim_node *n, struct sim_node *peer, const char *machine, const char *thid,
			      const char *on, const char *members)
{
	struct berth_json *v;
	char key[65], *args = NULL;
	enum berth_err rc;

	sim_as(n);
	CHECK_OK(berth_thread_key(berth_agent_env(n->agent), pair_identity(peer, BERTH_ID_OWNER)->did, thid, key));
	assert_true(asprintf(&args, "{\"to\":\"%s\",\"thid\":\"%s\"%s%s}", pair_identity(peer, BERTH_ID_OWNER)->did_long, thid,
			     members ? "," : "", members ? members : "") > 0);
	CHECK_OK(berth_json_parse_object(&v, args, strlen(args), BERTH_JSON_MAX));
	rc = berth_agent_command(n->agent, machine, key, on, v, NULL);
	berth_json_free(v);
	free(args);
	return rc;
}

/* ---- what b holds ---- */
struct holding {
	size_t n, superseded, revoked;
	char live[BERTH_CREDENTIAL_ID_MAX + 1], old[BERTH_CREDENTIAL_ID_MAX + 1];
	int64_t until;			/* of the live one */
};

static enum berth_err hold_one(void *arg, const struct berth_credential *c)
{
	struct holding *h = arg;
	struct berth_wallet w = { 0 };

	h->n++;
	h->superseded += c->superseded;
	h->revoked += c->revoked;
	memcpy(c->superseded ? h->old : h->live, c->id, sizeof(h->live));
	CHECK_OK(berth_wallet_add(&w, NULL, c->text, strlen(c->text)));
	if (!c->superseded)
		h->until = berth_window_of(berth_wallet_credential(&w.items[0])).until;
	berth_wallet_free(&w);
	return BERTH_OK;
}

static struct holding holding(struct sim_node *n)
{
	struct holding h = { .n = 0 };

	sim_as(n);
	CHECK_OK(berth_credentials_each(berth_agent_env(n->agent), hold_one, &h));
	return h;
}

static void introduce(struct sim_node *n, struct sim_node *peer)
{
	sim_as(n);
	CHECK_OK(berth_store_begin(n->store));
	CHECK_OK(berth_agent_env(n->agent)->learn(berth_agent_env(n->agent), pair_identity(peer, BERTH_ID_OWNER)->did_long));
	CHECK_OK(berth_store_commit(n->store));
}

/* a issues what begins now; b takes it. */
static void begin(struct pair *p, const struct kind *k, bool renew)
{
	char from[32], until[32], *vc = NULL, *args = NULL;
	int64_t now;

	pair_make(p);
	pair_introduce(p);
	p->a->policy.renew = renew;
	p->b->policy.accept_offers = BERTH_OFFERS_PEERS;
	now = now_of(p->a);
	berth_rfc3339_format(from, now);
	berth_rfc3339_format(until, now + life_s);
	if (k->number) {
		snprintf(from, sizeof(from), "%lld", (long long)now);
		snprintf(until, sizeof(until), "%lld", (long long)(now + life_s));
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	assert_true(asprintf(&vc, k->credential, from, until) > 0);
#pragma GCC diagnostic pop
	assert_true(asprintf(&args, "\"format\":\"%s\",\"credential\":%s", k->format, vc) > 0);
	CHECK_OK(command(p->a, p->b, "issue", "t-1", "cmd/offer", args));
	pair_settle(p, 10);
	assert_int_equal(holding(p->b).n, 1);
	free(vc);
	free(args);
}

static void restart(struct sim_node *n)
{
	sim_off(n);
	sim_on(n);
}

/* Whatever is written down has the time of the wall, not that since some start. */
static enum berth_err has_the_time(void *arg, int64_t seq, int64_t time_s, const char *event, const char *detail,
				   const uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	const struct sim_node *n = arg;

	(void)seq;
	(void)detail;
	(void)hash;
	if (time_s < n->now_s || time_s > n->now_s + (int64_t)(n->w->mono_ms / 1000))
		fail_msg("%s at %lld", event, (long long)time_s);
	return BERTH_OK;
}

/* ---- an issuer whose policy it is ---- */
static void renewed_at_two_thirds_of_each_life(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct holding first, h;
		struct pair p;

		begin(&p, &kinds[i], true);
		for (int life = 1; life <= 4; life++) {
			first = holding(p.b);
			pair_settle(&p, first.until - LIFE_S + LIFE_S * 13 / 20 - now_of(p.b));
			h = holding(p.b);
			assert_string_equal(h.live, first.live);
			restart(p.b);
			pair_settle(&p, first.until - LIFE_S + LATE_S - now_of(p.b));
			h = holding(p.b);
			assert_int_equal(h.n, 2);	/* the one before the last has gone */
			assert_string_equal(h.old, first.live);
			assert_true(h.until > first.until);
			assert_int_equal(pair_audit(p.b, "is asked for another"), life);
			restart(p.a);
		}
		CHECK_OK(berth_store_audit_each(p.b->store, 0, has_the_time, p.b));
		pair_free(&p);
	}
}

static void what_was_renewed_is_not_shown_any_more(void **state)
{
	struct holding h;
	struct pair p;
	char args[120];

	(void)state;
	begin(&p, &kinds[0], true);
	pair_settle(&p, LATE_S);
	h = holding(p.b);
	assert_int_equal(h.superseded, 1);
	CHECK_OK(command(p.a, p.b, "proof", "p-1", "cmd/request", "\"presentationDefinition\":" PEX));
	pair_settle(&p, 10);
	snprintf(args, sizeof(args), "\"credentials\":[\"%s\"]", h.old);
	CHECK_RC(BERTH_E_STATUS, command(p.b, p.a, "proof", "p-1", "cmd/accept", args));
	snprintf(args, sizeof(args), "\"credentials\":[\"%s\"]", h.live);
	CHECK_OK(command(p.b, p.a, "proof", "p-1", "cmd/accept", args));	/* the twin */
	pair_free(&p);
}

/* ---- an issuer that does not, or not any more ---- */
struct found { const char *state; char key[65]; size_t n; };	/* key: the last one's */

static enum berth_err count_state(void *arg, const char *key, const struct berth_json *v)
{
	struct found *f = arg;

	if (strcmp(berth_json_str(berth_json_get(v, "state")), f->state) == 0) {
		snprintf(f->key, sizeof(f->key), "%s", key);
		f->n++;
	}
	return BERTH_OK;
}

static struct found in_state(struct sim_node *n, const char *name)
{
	struct found f = { .state = name };

	sim_as(n);
	CHECK_OK(berth_agent_each(n->agent, "issue", count_state, &f));
	return f;
}

static void without_an_answer_the_old_one_stays_until_it_ends(void **state)
{
	struct holding first, h;
	struct pair p;
	int asked;

	(void)state;
	begin(&p, &kinds[0], false);
	first = holding(p.b);
	pair_settle(&p, LATE_S);
	restart(p.b);
	pair_settle(&p, LIFE_S - LATE_S - 3600);
	h = holding(p.b);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.superseded, 0);
	assert_string_equal(h.live, first.live);
	assert_int_equal(in_state(p.b, "request-sent").n, 1);	/* one at a time */
	pair_settle(&p, 7200);
	asked = pair_audit(p.b, "is asked for another");
	assert_true(asked >= 3 && asked <= 4);
	pair_settle(&p, LIFE_S);
	assert_int_equal(pair_audit(p.b, "is asked for another"), asked);
	pair_free(&p);
}

/* a's key of the thread that b waits in; static. */
static const char *last_asked(struct pair *p)
{
	static char key[65];
	struct found waits = in_state(p->b, "request-sent");
	struct berth_json *v;

	assert_int_equal(waits.n, 1);
	CHECK_OK(berth_agent_instance(p->b->agent, "issue", waits.key, &v));
	sim_as(p->a);
	CHECK_OK(berth_thread_key(berth_agent_env(p->a->agent), pair_identity(p->b, BERTH_ID_OWNER)->did,
				  berth_json_str(berth_json_get(berth_json_get(v, "data"), "thid")), key));
	berth_json_free(v);
	return key;
}

static void a_person_may_answer(void **state)
{
	struct berth_json *args = berth_json_new_object();
	struct found asked;
	struct pair p;

	(void)state;
	begin(&p, &kinds[3], false);
	pair_settle(&p, LATE_S);
	asked = in_state(p.a, "request-received");
	assert_true(asked.n >= 1);
	assert_int_equal(holding(p.b).superseded, 0);
	sim_as(p.a);
	CHECK_OK(berth_agent_command(p.a->agent, "issue", last_asked(&p), "cmd/accept", args, NULL));
	pair_settle(&p, 60);
	assert_int_equal(holding(p.b).superseded, 1);
	berth_json_free(args);
	pair_free(&p);
}

/* b has not heard that it was revoked. */
static void unrevoke(struct sim_node *n, const char *id)
{
	struct berth_credential c;
	struct berth_buf box = BERTH_BUF_INIT;

	sim_as(n);
	CHECK_OK(berth_credential_get(berth_agent_env(n->agent), id, &c));
	assert_true(c.revoked);
	c.revoked = false;
	CHECK_OK(berth_credential_seal(berth_agent_env(n->agent), &c, &box));
	CHECK_OK(berth_store_begin(n->store));
	CHECK_OK(berth_store_put(n->store, BERTH_NS_CREDENTIAL, id, box.p, box.len));
	CHECK_OK(berth_store_commit(n->store));
	berth_credential_free(&c);
	berth_buf_free(&box);
}

static void what_was_revoked_is_not_renewed(void **state)
{
	struct holding h;
	struct pair p;

	(void)state;
	for (int heard = 0; heard < 2; heard++) {
		begin(&p, &kinds[0], true);
		CHECK_OK(command(p.a, p.b, "issue", "t-1", "cmd/revoke", NULL));
		pair_settle(&p, 60);
		h = holding(p.b);
		assert_int_equal(h.revoked, 1);
		if (!heard)
			unrevoke(p.b, h.live);
		pair_settle(&p, LATE_S);
		h = holding(p.b);
		assert_int_equal(h.n, 1);
		assert_int_equal(pair_audit(p.b, "is asked for another") > 0, !heard);
		assert_int_equal(pair_audit(p.a, "issued to"), 1);
		pair_free(&p);
	}
}

/* Nor is what came after it. */
static void a_revocation_ends_the_row(void **state)
{
	struct pair p;

	(void)state;
	begin(&p, &kinds[0], true);
	pair_settle(&p, LATE_S);
	assert_int_equal(pair_audit(p.a, "issued to"), 2);
	CHECK_OK(command(p.a, p.b, "issue", "t-1", "cmd/revoke", NULL));
	pair_settle(&p, LIFE_S);
	assert_int_equal(pair_audit(p.a, "issued to"), 2);
	assert_true(in_state(p.a, "request-received").n >= 1);
	pair_free(&p);
}

/* The issuer remembers what it issued as long as it is valid, whatever begins meanwhile. */
static void a_life_of_a_season(void **state)
{
	struct holding h;
	struct pair p;

	(void)state;
	life_s = (int64_t)90 * 86400;
	begin(&p, &kinds[0], true);
	pair_settle(&p, life_s / 2);
	CHECK_OK(command(p.b, p.a, "issue", "t-2", "cmd/propose", "\"credential\":{\"type\":[\"VerifiableCredential\"]}"));
	pair_settle(&p, life_s * 3 / 10);
	h = holding(p.b);
	assert_int_equal(h.superseded, 1);
	life_s = LIFE_S;
	pair_free(&p);
}

/* c asks a for what b has: the thread is named by c's DID, too. */
static void another_s_thread_renews_nothing(void **state)
{
	struct berth_credential c;
	struct sim_node *third;
	struct berth_buf box = BERTH_BUF_INIT;
	struct holding h;
	struct pair p;

	(void)state;
	begin(&p, &kinds[0], true);
	third = pair_third(&p, "c");
	introduce(p.a, third);
	introduce(third, p.a);
	h = holding(p.b);
	sim_as(p.b);
	CHECK_OK(berth_credential_get(berth_agent_env(p.b->agent), h.live, &c));
	sim_as(third);
	CHECK_OK(berth_credential_seal(berth_agent_env(third->agent), &c, &box));
	CHECK_OK(berth_store_begin(third->store));
	CHECK_OK(berth_store_put(third->store, BERTH_NS_CREDENTIAL, c.id, box.p, box.len));
	CHECK_OK(berth_store_commit(third->store));
	pair_settle(&p, LATE_S);
	assert_true(pair_audit(third, "is asked for another") >= 1);
	assert_int_equal(pair_audit(p.a, "issued to"), 2);	/* b, twice */
	assert_true(in_state(p.a, "request-received").n >= 1);
	berth_credential_free(&c);
	berth_buf_free(&box);
	pair_free(&p);
}

/* A clock that is not trusted renews nothing. */
static void nothing_without_a_clock(void **state)
{
	struct pair p;

	(void)state;
	begin(&p, &kinds[0], true);
	p.b->cfg.clock_trusted = false;
	restart(p.b);
	pair_settle(&p, LATE_S);
	assert_int_equal(pair_audit(p.b, "is asked for another"), 0);
	p.b->cfg.clock_trusted = true;	/* the twin */
	restart(p.b);
	pair_settle(&p, 3600);
	assert_int_equal(pair_audit(p.b, "is asked for another"), 1);
	pair_free(&p);
}

/* ---- power cuts ---- */
static long dies_at;

static bool dead(struct sim_node *n)
{
	(void)n;
	return dies_at && vfs_lossy_calls() >= dies_at;
}

static bool is_dead(struct sim *w)
{
	(void)w;
	return dead(NULL);
}

static struct sim_node *on_a_lossy_disk(struct sim_node *n)
{
	sim_off(n);
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	n->vfs = "lossy";
	sim_on(n);
	return n;
}

/* Before anybody asks. */
static void near(struct pair *p, bool issuer, struct sim_node **victim)
{
	begin(p, &kinds[0], true);
	pair_settle(p, LIFE_S * 13 / 20);
	*victim = on_a_lossy_disk(issuer ? p->a : p->b);
}

static long writes(bool issuer)
{
	struct sim_node *v;
	struct pair p;
	long n;

	dies_at = 0;
	near(&p, issuer, &v);
	n = vfs_lossy_calls();
	pair_settle(&p, LATE_S - LIFE_S * 13 / 20);
	n = vfs_lossy_calls() - n;
	assert_int_equal(holding(p.b).superseded, 1);
	pair_free(&p);
	return n;
}

static int cut(bool issuer, long at, enum vfs_trouble how, uint32_t seed)
{
	struct sim_node *v;
	struct holding first, h;
	struct pair p;
	bool hit;

	dies_at = 0;
	near(&p, issuer, &v);
	first = holding(p.b);
	v->dead = dead;
	dies_at = vfs_lossy_calls() + at;
	vfs_lossy_trouble(how, at);
	sim_run_steps(&p.w, is_dead, LATE_S - LIFE_S * 13 / 20);
	hit = dead(v);
	sim_off(v);
	dies_at = 0;
	v->dead = NULL;
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	sim_on(v);
	pair_settle(&p, first.until - 1800 - now_of(p.b));
	h = holding(p.b);
	if (h.n != 2 || h.superseded != 1 || strcmp(h.old, first.live) != 0 || h.until <= first.until)
		fail_msg("%s cut at write %ld (%d, BERTH_SEED=%u): %zu held, %zu superseded", issuer ? "issuer" : "holder", at,
			 (int)how, seed, h.n, h.superseded);
	pair_free(&p);
	return hit;
}

static uint32_t draw(uint32_t *seed) { return (*seed = *seed * 1664525u + 1013904223u) >> 8; }

static void a_power_cut_at_any_write(void **state)
{
	static const enum vfs_trouble how[] = { VFS_LOSE, VFS_SHUFFLE, VFS_KEEP };
	const char *given = getenv("BERTH_SEED");
	uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)time(NULL), start = seed;
	int kills = 0;

	(void)state;
	vfs_lossy_install();
	for (int issuer = 0; issuer < 2; issuer++) {
		long n = writes(issuer);

		assert_true(n > 4);
		for (int i = 0; i < SAMPLES; i++)
			kills += cut(issuer, 1 + (long)(draw(&seed) % (uint32_t)n), how[draw(&seed) % 3], start);
	}
	printf("renewal: seed %u, power cuts %d, all renewed\n", start, kills);
	assert_true(kills >= SAMPLES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renewed_at_two_thirds_of_each_life),
		cmocka_unit_test(what_was_renewed_is_not_shown_any_more),
		cmocka_unit_test(without_an_answer_the_old_one_stays_until_it_ends),
		cmocka_unit_test(a_person_may_answer),
		cmocka_unit_test(what_was_revoked_is_not_renewed),
		cmocka_unit_test(a_revocation_ends_the_row),
		cmocka_unit_test(a_life_of_a_season),
		cmocka_unit_test(another_s_thread_renews_nothing),
		cmocka_unit_test(nothing_without_a_clock),
		cmocka_unit_test(a_power_cut_at_any_write),
	};

	return cmocka_run_group_tests_name("renewal", tests, NULL, NULL);
}
