/* SPDX-License-Identifier: Apache-2.0 */
/* Ten thousand strangers: each writes once and proves who it is, none has business here.
 * What they leave is bounded, and nobody with business is any the worse for it. */

#include "agent/ipc/frame.h"
#include "did/crypto/keypair.h"
#include "did/method_peer.h"
#include "did/url.h"
#include "didcomm/pack.h"
#include "tests/fakes/story.h"

#define CROWD 10000
#define FEWER 1500		/* than that, but more than are kept */
#define LIMIT_S 7200
#define PING "https://didcomm.org/trust-ping/2.0/ping"

struct stranger {
	struct berth_resolver self, resolver;	/* its own short form; and everybody's */
	struct berth_keyring *keys;
	char *did_long, *did;
};

static enum berth_err resolve_self(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	const struct stranger *p = (const struct stranger *)r;

	*out = NULL;
	return strcmp(did, p->did) == 0 ? berth_did_peer_resolve_short(out, p->did_long)
					: berth_fail(BERTH_E_RESOLVE, "%.40s", did);
}

static void add_key(struct stranger *p, const char *did, const struct berth_privkey *k)
{
	struct berth_buf kid = BERTH_BUF_INIT;

	berth_buf_printf(&kid, "%s#key-2", did);
	CHECK_OK(berth_keyring_local_add(p->keys, berth_buf_cstr(&kid), k));
	berth_buf_free(&kid);
}

static void appear(struct stranger *p)
{
	struct berth_peer_spec spec = { .n_verification = 1, .n_agreement = 1 };
	struct berth_buf did = BERTH_BUF_INIT, shorter = BERTH_BUF_INIT;
	struct berth_privkey sign, agree;

	*p = (struct stranger){ .self.resolve = resolve_self };
	berth_resolver_builtin_init(&p->resolver, &p->self);
	CHECK_OK(berth_keyring_local_new(&p->keys));
	CHECK_OK(berth_keypair_generate(&sign, BERTH_KEY_ED25519));
	CHECK_OK(berth_keypair_generate(&agree, BERTH_AGREE_TYPE));
	spec.verification[0] = sign.pub;
	spec.agreement[0] = agree.pub;
	CHECK_OK(berth_did_peer_create(&did, 4, &spec));
	CHECK_OK(berth_did_short(&shorter, berth_buf_cstr(&did)));
	p->did_long = berth_buf_take_str(&did);
	p->did = berth_buf_take_str(&shorter);
	add_key(p, p->did, &agree);	/* the long form finds it too */
	berth_privkey_wipe(&sign);
	berth_privkey_wipe(&agree);
}

static void leave(struct stranger *p)
{
	berth_keyring_free(p->keys);
	free(p->did_long);
	free(p->did);
}

/* Says it from one of its two forms; what became of it. */
static enum berth_frame_status say(struct stranger *p, const char *from, struct sim_node *to, const char *identity,
				   const char *type, struct berth_json *body)
{
	const char *to_did = story_identity(to, identity)->did_long;
	const struct berth_pack how = { .mode = BERTH_PACK_AUTHCRYPT, .from = from, .to = to_did,
		.resolver = &p->resolver, .keyring = p->keys };
	struct berth_buf packed = BERTH_BUF_INIT, frame = BERTH_BUF_INIT;
	struct berth_frame_request q = { .media = BERTH_FRAME_ENCRYPTED };
	struct berth_frame_reply r;
	struct berth_message m;

	sim_as(to);
	CHECK_OK(berth_message_new(&m, type, from, to_did, NULL, body));
	CHECK_OK(berth_pack(&packed, &how, &m));
	q.msg = packed.p;
	q.msg_len = packed.len;
	CHECK_OK(berth_frame_request_encode(&frame, &q));
	sim_inject(to, frame.p, frame.len);
	CHECK_OK(berth_frame_reply_decode(&r, to->w->answer.p, to->w->answer.len));
	berth_message_free(&m);
	berth_buf_free(&packed);
	berth_buf_free(&frame);
	return r.status;
}

static void ping(struct stranger *p, const char *from, struct sim_node *to, const char *identity, enum berth_frame_status want)
{
	assert_int_equal(say(p, from, to, identity, PING, NULL), want);
}

static void crowd(struct sim_node *to, const char *identity, int n)
{
	struct stranger p;

	for (int i = 0; i < n; i++) {
		appear(&p);
		ping(&p, p.did_long, to, identity, BERTH_FRAME_STORED);
		leave(&p);
	}
}

static struct berth_store_counts counts(struct sim_node *n)
{
	struct berth_store_counts c;

	CHECK_OK(berth_store_counts(n->store, &c));
	return c;
}

/* Their share, to the record, and everybody else's as it was. */
static void check_share(struct sim_node *n, const struct berth_store_counts *before)
{
	struct berth_store_counts c = counts(n);

	assert_int_equal(c.guests, BERTH_STORE_GUESTS_MAX);
	assert_true(c.guest_bytes <= BERTH_STORE_GUESTS_BYTES);
	assert_int_equal(c.records - c.guests, before->records - before->guests);
	assert_int_equal(c.out, before->out + BERTH_OUTBOX_GUEST_MSGS);
	assert_true(c.audit <= before->audit + 60);
	assert_int_equal(berth_agent_quarantined(n->agent), false);
}

static void restart(struct sim_node *n)
{
	sim_off(n);
	sim_on(n);
}

/* The rendezvous holds a registration, the owner has a device: both are met by the
 * crowd before the device is switched on. */
static void ten_thousand_strangers_take_nobody_elses_room(void **state)
{
	struct berth_store_counts rv, owner;
	struct story s = { 0 };

	(void)state;
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	rv = counts(s.rendezvous);
	owner = counts(s.owner);
	/* an instance of the two machines that have one for everybody */
	crowd(s.rendezvous, BERTH_ID_RENDEZVOUS, 1);
	crowd(s.owner, BERTH_ID_OWNER, 1);
	rv.records += counts(s.rendezvous).records - rv.records - 1;
	owner.records += counts(s.owner).records - owner.records - 1;
	crowd(s.rendezvous, BERTH_ID_RENDEZVOUS, CROWD);
	crowd(s.owner, BERTH_ID_OWNER, FEWER);
	check_share(s.rendezvous, &rv);
	check_share(s.owner, &owner);
	restart(s.rendezvous);
	restart(s.owner);
	check_share(s.rendezvous, &rv);
	check_share(s.owner, &owner);

	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_operational, LIMIT_S));
	crowd(s.owner, BERTH_ID_OWNER, FEWER);		/* the device is no stranger to its owner now */
	story_check_end(&s, 1);
	story_end(&s);
}

static struct berth_json *init_body(const struct stranger *p)
{
	static const char *const labels[] = { "serial", "model", "hardware", "firmware" };
	struct berth_json *v = berth_json_new_object();

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		CHECK_OK(berth_json_set_str(v, labels[i], "x"));
	CHECK_OK(berth_json_set_str(v, "custody", "sealed"));
	CHECK_OK(berth_json_set_str(v, "did", p->did_long));
	return v;
}

/* Who only begins to be born is a stranger, its instance too; a device that is born
 * afterwards is not. */
static void unborn_devices_leave_the_factory_room(void **state)
{
	struct berth_store_counts c;
	struct story s = { 0 };
	struct stranger p;
	int64_t n;

	(void)state;
	story_cast(&s);
	for (int i = 0; i < FEWER; i++) {
		appear(&p);
		assert_int_equal(say(&p, p.did_long, s.factory, BERTH_ID_MAKER, BERTH_PIURI_ONBOARDING "factory-init",
				     init_body(&p)), BERTH_FRAME_STORED);
		leave(&p);
	}
	c = counts(s.factory);
	assert_int_equal(c.guests, BERTH_STORE_GUESTS_MAX);
	CHECK_OK(berth_store_count(s.factory->store, "factory", &n));
	assert_int_equal(n, BERTH_STORE_GUESTS_MAX / 2);	/* and as many long forms */
	sim_on(s.gateway);
	assert_true(story_run_to(&s, s.gateway, "INITIALIZED"));
	c = counts(s.factory);
	assert_true(c.guests <= BERTH_STORE_GUESTS_MAX && c.guests >= BERTH_STORE_GUESTS_MAX - 2);
	crowd(s.factory, BERTH_ID_MAKER, FEWER);
	CHECK_OK(berth_store_count(s.factory->store, "factory", &n));
	assert_int_equal(n, 1);				/* the one that was born */
	story_end(&s);
}

/* Whoever is pushed out comes again in its long form; whoever comes often stays. */
static void the_one_not_heard_of_for_longest_goes_first(void **state)
{
	struct story s = { 0 };
	struct stranger often, once;

	(void)state;
	story_cast(&s);
	appear(&often);
	appear(&once);
	ping(&often, often.did_long, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	ping(&once, once.did_long, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	ping(&once, once.did, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	crowd(s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_STORE_GUESTS_MAX / 2);
	ping(&often, often.did, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	crowd(s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_STORE_GUESTS_MAX / 2);
	ping(&often, often.did, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	ping(&once, once.did, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_BUSY);
	ping(&once, once.did_long, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	ping(&once, once.did, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	leave(&often);
	leave(&once);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_strangers_take_nobody_elses_room),
		cmocka_unit_test(unborn_devices_leave_the_factory_room),
		cmocka_unit_test(the_one_not_heard_of_for_longest_goes_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
