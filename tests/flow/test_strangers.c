/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of people who have no business here, in the middle of an onboarding: the
 * agents' state does not move, and the onboarding comes to its end all the same. */

#include "agent/ipc/frame.h"
#include "didcomm/pack.h"
#include "tests/fakes/story.h"

#define LIMIT_S 7200
#define PROVE_DEVICE 4	/* the request that is lost, so that everybody waits: the owner's turn */
#define TYPE(name) BERTH_PIURI_ONBOARDING name

static struct story *now;

static bool halfway(struct sim *w)
{
	(void)w;
	return strcmp(sim_state(now->gateway, "gateway", NULL), "DEVICE_PROVED") == 0 &&
	       strcmp(sim_state(now->owner, "owner", now->device), "SESSION") == 0;
}

/* What n packs for the DID `to`, as a request frame to the node at. */
static void send(struct sim_node *n, const char *from, struct sim_node *at, const char *to, enum berth_pack_mode mode,
		 const char *type, const char *thid)
{
	struct berth_env *env = berth_agent_env(n->agent);
	const struct berth_pack p = { .mode = mode, .from = mode == BERTH_PACK_AUTHCRYPT ? from : NULL, .to = to,
		.resolver = env->resolver, .keyring = n->keys->keyring };
	struct berth_message m;

	sim_as(n);
	CHECK_OK(berth_message_new(&m, type, from, to, thid, berth_json_new_object()));
	sim_inject_message(at, &p, &m);
}

static char *thread_of(struct story *s)
{
	struct berth_json *data = story_data(s, s->gateway);
	const char *thid = berth_data_str(berth_json_get(data, "run"), "thid");
	char *copy = thid ? strdup(thid) : NULL;

	assert_non_null(copy);
	berth_json_free(data);
	return copy;
}

static struct berth_json *instance(struct sim_node *n, const char *machine, const char *key)
{
	struct berth_json *v = NULL;

	sim_as(n);
	CHECK_OK(berth_agent_instance(n->agent, machine, key, &v));
	return v;
}

/* Neither instance of the onboarding is another than before. */
static void both(struct story *s, struct berth_json *out[2])
{
	out[0] = instance(s->gateway, "gateway", NULL);
	out[1] = instance(s->owner, "owner", s->device);
}

static void unchanged(struct story *s, struct berth_json *before[2], const char *what)
{
	struct berth_json *after[2];

	both(s, after);
	for (int i = 0; i < 2; i++) {
		if (!berth_json_equal(before[i], after[i]))
			fail_msg("%s moved the %s", what, i ? "owner" : "gateway");
		berth_json_free(after[i]);
	}
}

static void start(struct story *s)
{
	story_begin(s);
	now = s;
	s->w.fault = FAULT_LOSE_REQUEST;
	s->w.fault_at = s->w.sent + PROVE_DEVICE;
	assert_true(sim_run(&s->w, halfway, LIMIT_S));
}

static void finish(struct story *s, struct berth_json *before[2])
{
	berth_json_free(before[0]);
	berth_json_free(before[1]);
	assert_true(sim_run(&s->w, story_settled, LIMIT_S));	/* the positive twin */
	story_check_end(s, 1);
	story_end(s);
}

/* The rendezvous is known to both sides, authenticates as itself and knows the thread. */
static void c075_a_third_did_in_the_thread_is_e_authz(void **state)
{
	static const char *const to_gateway[] = { "denied", "pending", "accept-ownership" };
	struct berth_json *before[2];
	const char *gateway, *owner, *third;
	struct story s;
	char *thid;

	(void)state;
	start(&s);
	thid = thread_of(&s);
	third = story_identity(s.rendezvous, BERTH_ID_RENDEZVOUS)->did_long;
	gateway = story_identity(s.gateway, BERTH_ID_FACTORY)->did_long;
	owner = story_identity(s.owner, BERTH_ID_OWNER)->did_long;
	both(&s, before);
	for (size_t i = 0; i < 3; i++) {
		char type[128];

		snprintf(type, sizeof(type), "%s%s", BERTH_PIURI_ONBOARDING, to_gateway[i]);
		send(s.rendezvous, third, s.gateway, gateway, BERTH_PACK_AUTHCRYPT, type, thid);
		unchanged(&s, before, to_gateway[i]);
		assert_int_equal(story_audit(s.gateway, "refused: E_AUTHZ"), i + 1);
	}
	/* and the owner itself in a thread that is not the run's */
	send(s.owner, owner, s.gateway, gateway, BERTH_PACK_AUTHCRYPT, TYPE("denied"), "another-thread");
	unchanged(&s, before, "another thread");
	assert_int_equal(story_audit(s.gateway, "refused: E_AUTHZ"), 4);
	send(s.rendezvous, third, s.owner, owner, BERTH_PACK_AUTHCRYPT, TYPE("prove-device"), thid);
	assert_int_equal(story_audit(s.owner, "refused: E_AUTHZ"), 1);
	unchanged(&s, before, "a third DID");
	free(thid);
	finish(&s, before);
}

/* C052: whoever encrypts anonymously may write any `from`; it is nobody. */
static void c052_anoncrypt_that_names_the_owner_is_e_authz(void **state)
{
	struct berth_json *before[2];
	const char *gateway, *owner;
	struct story s;
	char *thid;

	(void)state;
	start(&s);
	thid = thread_of(&s);
	gateway = story_identity(s.gateway, BERTH_ID_FACTORY)->did_long;
	owner = story_identity(s.owner, BERTH_ID_OWNER)->did;
	both(&s, before);
	send(s.owner, owner, s.gateway, gateway, BERTH_PACK_ANONCRYPT, TYPE("denied"), thid);
	send(s.owner, owner, s.gateway, gateway, BERTH_PACK_ANONCRYPT, TYPE("accept-ownership"), thid);
	unchanged(&s, before, "anoncrypt from=owner");
	free(thid);
	finish(&s, before);
}

/* C057: a frame with a plaintext message in it changes nothing and is answered like
 * everything else. */
static void c057_plaintext_is_dropped(void **state)
{
	static const char type[] = TYPE("denied");
	struct berth_frame_request q = { .media = BERTH_FRAME_ENCRYPTED };
	struct berth_buf frame = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	struct berth_json *before[2];
	struct story s;
	char *thid;

	(void)state;
	start(&s);
	thid = thread_of(&s);
	both(&s, before);
	berth_buf_printf(&text, "{\"id\":\"1\",\"type\":\"%s\",\"from\":\"%s\",\"to\":[\"%s\"],\"thid\":\"%s\",\"body\":{}}", type,
			 story_identity(s.owner, BERTH_ID_OWNER)->did, story_identity(s.gateway, BERTH_ID_FACTORY)->did, thid);
	q.msg = text.p;
	q.msg_len = text.len;
	CHECK_OK(berth_frame_request_encode(&frame, &q));
	sim_inject(s.gateway, frame.p, frame.len);
	unchanged(&s, before, "plaintext");
	berth_buf_free(&frame);
	berth_buf_free(&text);
	free(thid);
	finish(&s, before);
}

/* What the host tells a machine is no message, whoever says it in one. */
static void events_of_the_host_are_not_taken_from_messages(void **state)
{
	static const char *const names[] = { "rollback", "resume", "timer", "go", "cmd/onboard", "cmd/invitation",
		"cmd/accept-tip", "cmd/approve", "cmd/deny", "cmd/provision", "cmd/import", "cmd/abandon" };
	struct berth_json *before[2];
	const char *device, *owner;
	struct story s;
	char *thid;

	(void)state;
	start(&s);
	thid = thread_of(&s);
	device = story_identity(s.gateway, BERTH_ID_FACTORY)->did_long;
	owner = story_identity(s.owner, BERTH_ID_OWNER)->did;
	both(&s, before);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char type[128];

		snprintf(type, sizeof(type), "%s%s", BERTH_PIURI_ONBOARDING, names[i]);
		send(s.owner, owner, s.gateway, device, BERTH_PACK_AUTHCRYPT, type, thid);
		send(s.gateway, device, s.owner, owner, BERTH_PACK_AUTHCRYPT, type, thid);
		unchanged(&s, before, names[i]);
	}
	free(thid);
	finish(&s, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c075_a_third_did_in_the_thread_is_e_authz),
		cmocka_unit_test(c052_anoncrypt_that_names_the_owner_is_e_authz),
		cmocka_unit_test(events_of_the_host_are_not_taken_from_messages),
		cmocka_unit_test(c057_plaintext_is_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
