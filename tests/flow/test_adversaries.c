/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody in the middle of an onboarding.  Each attempt is refused with the exact
 * code in the victim's audit log, and the run of the true parties ends well. */
#include "did/codec/base64url.h"
#include "tests/fakes/forge.h"

#define LIMIT_S 14400

/* ---- one message is changed on its way; whose log says what ---- */
static void set(struct berth_json *m, const char *member, const char *value)
{
	CHECK_OK(berth_json_set_str(forge_body(m), member, value));
}

static const char zero32[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static void other_suites(struct berth_json *m, void *arg)
{
	struct berth_json *list = berth_json_new_array();

	(void)arg;
	CHECK_OK(berth_json_push_str(list, "XC20P+ECDH-ES"));
	CHECK_OK(berth_json_set(forge_body(m), "suites", list));
}

static void more_versions(struct berth_json *m, void *arg)
{
	(void)arg;
	CHECK_OK(berth_json_push(berth_json_get_mut(forge_body(m), "versions"), berth_json_new_int(0)));
}

static void no_version(struct berth_json *m, void *arg)
{
	struct berth_json *list = berth_json_new_array();

	(void)arg;
	CHECK_OK(berth_json_push(list, berth_json_new_int(2)));
	CHECK_OK(berth_json_set(forge_body(m), "versions", list));
}

static void other_tip(struct berth_json *m, void *arg) { (void)arg; set(m, "tip", zero32); }
static void other_nonce_d(struct berth_json *m, void *arg) { (void)arg; set(m, "nonceD", zero32); }
static void other_nonce_o(struct berth_json *m, void *arg) { (void)arg; set(m, "nonceO", zero32); }
static void other_time(struct berth_json *m, void *arg) { (void)arg; CHECK_OK(berth_json_set_int(forge_body(m), "ownerTime", 4102444800)); }
static void other_credential(struct berth_json *m, void *arg) { (void)arg; set(m, "deviceCredential", zero32); }
static void says_hardware(struct berth_json *m, void *arg) { (void)arg; set(m, "custody", "hardware"); }
static void other_sha(struct berth_json *m, void *arg) { (void)arg; set(m, "sha256", zero32); }
static void other_device(struct berth_json *m, void *arg) { (void)arg; set(m, "deviceHash", zero32); }
static void other_root(struct berth_json *m, void *arg) { (void)arg; set(m, "rootHash", zero32); }
static void other_size(struct berth_json *m, void *arg) { (void)arg; CHECK_OK(berth_json_set_int(forge_body(m), "size", 1)); }
static void other_committed(struct berth_json *m, void *arg) { (void)arg; set(m, "credential", zero32); }

static void rv_of_nobody(struct berth_json *m, void *arg)
{
	struct berth_json *rv = berth_json_new_object(), *list = berth_json_new_array();

	(void)arg;
	CHECK_OK(berth_json_set_str(rv, "did", "rv.test"));
	CHECK_OK(berth_json_set_str(rv, "uri", "nng+tcp://rv.test:1"));
	CHECK_OK(berth_json_push(list, rv));
	CHECK_OK(berth_json_set(forge_body(m), "nextRV", list));
}

static void bad_proof(struct berth_json *m, void *arg) { (void)arg; forge_bad_signature(forge_body(m), "proof"); }
static void bad_receipt(struct berth_json *m, void *arg) { (void)arg; forge_bad_signature(forge_body(m), "receipt"); }

static void bad_op_proof(struct berth_json *m, void *arg)
{
	(void)arg;
	forge_bad_signature(berth_json_get_mut(forge_body(m), "proofs"), "operational");
}

/* both proofs by the factory key: the operational key was not shown */
static void factory_signs_twice(struct berth_json *m, void *arg)
{
	struct berth_json *proofs = berth_json_get_mut(forge_body(m), "proofs");
	char *jws = strdup(berth_data_str(proofs, "factory"));

	(void)arg;
	CHECK_OK(berth_json_set_str(proofs, "operational", jws));
	free(jws);
}

static void factory_did_again(struct berth_json *m, void *arg)
{
	const struct story *s = arg;

	set(m, "operationalDid", story_identity(s->gateway, BERTH_ID_FACTORY)->did_long);
}

static void credential_of_nobody(struct berth_json *m, void *arg)
{
	(void)arg;
	forge_bad_signature(forge_body(m), "operationalCredential");
}

static void other_bytes(struct berth_json *m, void *arg)
{
	const struct berth_json *first = berth_json_at(berth_json_get(m, "attachments"), 0);
	struct berth_json *list = berth_json_new_array(), *copy = berth_json_clone(first);
	struct berth_json *data = berth_json_new_object();

	(void)arg;
	CHECK_OK(berth_json_set_str(data, "base64", "b3RoZXI"));
	CHECK_OK(berth_json_set(copy, "data", data));
	CHECK_OK(berth_json_push(list, copy));
	CHECK_OK(berth_json_set(m, "attachments", list));
}

/* what the device itself would say to another owner, sent to this one (P4) */
static void proof_for_a_third(struct berth_json *m, void *arg)
{
	struct story *s = arg;
	struct berth_json *data = story_data(s, s->gateway), *body = berth_json_clone(berth_json_get(m, "body"));
	struct berth_buf proof = BERTH_BUF_INIT;
	struct berth_run run;

	CHECK_OK(berth_run_load(&run, data));
	berth_json_remove(body, "proof");
	CHECK_OK(berth_run_prove(berth_agent_env(s->gateway->agent), &run, BERTH_SIGN_DEVICE_PROOF,
				 story_identity(s->gateway, BERTH_ID_FACTORY),
				 story_identity(s->rendezvous, BERTH_ID_RENDEZVOUS)->did, 0, NULL, body, &proof));
	set(m, "proof", berth_buf_cstr(&proof));
	berth_buf_free(&proof);
	berth_json_free(body);
	berth_json_free(data);
}

static const struct forgery {
	const char *message;
	forge_edit_fn *edit;
	bool owner_says;	/* in whose audit log */
	const char *what;
} forgeries[] = {
	/* P4: the offers are covered by th of the owner's proof */
	{ "hello",            other_suites,         false, "did not prove itself: E_AUTHZ" },
	{ "hello",            more_versions,        false, "did not prove itself: E_AUTHZ" },
	{ "hello",            other_nonce_d,        false, "did not prove itself: E_AUTHZ" },
	{ "hello",            no_version,           true,  "refused: E_AUTHZ: no version" },
	{ "hello",            forge_other_epoch,    true,  "refused: E_AUTHZ: hello for another epoch" },
	{ "hello",            other_tip,            true,  "refused: E_AUTHZ: hello for another epoch or tip" },
	/* P2 */
	{ "prove-owner",      bad_proof,            false, "did not prove itself: E_SIG" },
	{ "prove-owner",      other_nonce_o,        false, "did not prove itself: E_AUTHZ" },
	{ "prove-owner",      other_time,           false, "did not prove itself: E_AUTHZ" },
	/* P3 */
	{ "prove-device",     other_credential,     true,  "refused: E_HOLDER: another DeviceCredential" },
	{ "prove-device",     says_hardware,        true,  "refused: E_HOLDER: another DeviceCredential or custody" },
	{ "prove-device",     bad_proof,            true,  "refused: E_SIG" },
	{ "prove-device",     proof_for_a_third,    true,  "refused: E_AUTHZ" },
	{ "accept-ownership", forge_other_epoch,    false, "refused: E_AUTHZ: accept-ownership for epoch 1" },
	{ "accept-ownership", rv_of_nobody,         false, "refused: E_TYPE: did: not a DID" },
	{ "accept-ready",     bad_op_proof,         true,  "operational DID refused: E_SIG" },
	{ "accept-ready",     bad_receipt,          true,  "operational DID refused: E_AUTHZ" },
	{ "accept-ready",     factory_signs_twice,  true,  "operational DID refused: E_AUTHZ" },
	{ "accept-ready",     factory_did_again,    true,  "operational DID refused: E_AUTHZ: the operational DID is the factory's" },
	{ "issue",            credential_of_nobody, false, "refused: E_SIG" },
	{ "provision-item",   other_sha,            false, "refused: E_AUTHZ: item" },
	{ "provision-item",   other_size,           false, "refused: E_AUTHZ: item" },
	{ "provision-item",   other_bytes,          false, "refused: E_TYPE: item" },
	{ "commit",           other_committed,      true,  "refused: E_AUTHZ: commit of something else" },
	{ "committed",        other_committed,      false, "refused: E_AUTHZ: another credential was committed" },
	{ "committed",        forge_other_epoch,    false, "refused: E_AUTHZ: committed for epoch 1" },
	{ "redirect",         other_device,         false, "refused: E_AUTHZ: deviceHash is another one" },
};

/* A device that cannot even do that stays as it is: the owner knows that it committed and that
 * nobody has used it, until the device says something else. */
static void complete_of_another_epoch_completes_nothing(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	forge_edit("complete", forge_other_epoch, &s);
	assert_false(sim_run(&s.w, story_operational, LIMIT_S));
	assert_int_equal(story_audit(s.owner, "refused: E_AUTHZ: complete for epoch 1"), 1);
	assert_string_equal(story_state(&s, s.owner), "COMMITTED");
	assert_string_equal(story_state(&s, s.gateway), "OPERATIONAL");
	story_end(&s);
}

/* It is pinned, and yet its word is held against what the credential says. */
static void a_birth_with_another_root_is_e_authz(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	forge_edit("factory-init-ack", other_root, &s);
	story_birth(&s);	/* with what the factory says when it is asked again */
	assert_true(forge_edited());
	sim_on(s.gateway);
	assert_int_equal(story_audit(s.gateway, "refused: E_AUTHZ: rootHash is another one"), 1);
	story_end(&s);
}

static void p4_nothing_of_the_run_can_be_changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
		const struct forgery *f = &forgeries[i];
		struct story s;

		story_begin(&s);
		forge_edit(f->message, f->edit, &s);
		if (!sim_run(&s.w, story_settled, LIMIT_S))
			fail_msg("%s: %s: no end, gateway %s", f->message, f->what, story_state(&s, s.gateway));
		assert_true(forge_edited());
		if (story_audit(f->owner_says ? s.owner : s.gateway, f->what) < 1)
			fail_msg("%s: nobody said %s", f->message, f->what);
		story_check_end(&s, story_audit(s.owner, "operational credential issued"));
		story_end(&s);
	}
}

/* ---- a third DID answers in the thread ---- */
static void say_in_thread(struct story *s, struct sim_node *from, const char *identity, struct sim_node *to,
			  const char *name)
{
	struct berth_json *data = story_data(s, to == s->owner ? s->owner : s->gateway);
	const struct berth_json *run = berth_json_get(data, "run"), *begun = berth_json_get(berth_json_get(data, "hello"), "run");
	const char *thid = berth_data_str(run ? run : begun, "thid");
	struct forge_say say = { .from = from, .identity = identity, .to = to, .name = name, .thid = thid,
		.to_did = story_identity(to, to == s->owner ? BERTH_ID_OWNER : BERTH_ID_FACTORY)->did_long };

	forge_say(&say, NULL);
	assert_int_equal(forge_answers(s), 0);
	berth_json_free(data);
}

static const char *const gateway_states[] = { "CONTACTING", "DEVICE_PROVED", "PREPARED", "COMMITTING" };
static const char *const owner_states[] = { "SESSION", "OFFERED", "ISSUED", "COMMITTED" };
static const char *const from_owner[] = { "prove-owner", "pending", "denied", "accept-ownership", "issue",
	"provision-item", "committed" };
static const char *const from_device[] = { "prove-device", "accept-ready", "provision-result", "commit", "complete", "abandoned" };
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void c075_a_third_did_in_the_thread_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(gateway_states) + COUNT(owner_states); i++) {
		bool at_gateway = i < COUNT(gateway_states);
		const char *const *names = at_gateway ? from_owner : from_device;
		size_t n = at_gateway ? COUNT(from_owner) : COUNT(from_device);
		const char *at = at_gateway ? gateway_states[i] : owner_states[i - COUNT(gateway_states)];
		struct sim_node *mallory, *victim;
		struct story s;

		story_begin(&s);
		victim = at_gateway ? s.gateway : s.owner;
		mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
		assert_true(story_run_to(&s, victim, at));
		for (size_t k = 0; k < n; k++) {
			say_in_thread(&s, mallory, BERTH_ID_OWNER, victim, names[k]);
			assert_string_equal(story_state(&s, victim), at);
		}
		/* the one that would be next in this state is from somebody else, the
		 * others are out of order */
		assert_true(story_audit(victim, "refused: E_AUTHZ") >= 1);
		assert_int_equal(story_audit(victim, "refused: E_AUTHZ") + story_audit(victim, "refused: E_TYPE"), (int)n);
		story_settle(&s);
		story_check_end(&s, 1);
		story_end(&s);
	}
}

/* ---- C076: the true parties, at the wrong moment, or once more under a new id ---- */
static void c076_steps_out_of_order_have_no_effect(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(gateway_states); i++) {
		struct story s;

		story_begin(&s);
		assert_true(story_run_to(&s, s.gateway, gateway_states[i]));
		for (size_t k = 0; k < COUNT(from_owner); k++) {
			if (strcmp(from_owner[k], "denied") == 0)
				continue;	/* the owner's right */
			say_in_thread(&s, s.owner, BERTH_ID_OWNER, s.gateway, from_owner[k]);
			assert_string_equal(story_state(&s, s.gateway), gateway_states[i]);
		}
		assert_true(story_audit(s.gateway, "refused: E_TYPE: gateway: no ") >= 3);
		story_settle(&s);
		story_check_end(&s, 1);
		story_end(&s);
	}
}

/* ---- who has not shown who it is gets no answer and has no effect ---- */
static void c052_c057_nobody_is_answered(void **state)
{
	struct berth_buf before = BERTH_BUF_INIT, after = BERTH_BUF_INIT;
	struct story s;

	(void)state;
	story_begin(&s);
	struct sim_node *mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	const char *owner = story_identity(s.owner, BERTH_ID_OWNER)->did_long;
	const char *names[] = { "hello", "prove-device", "commit", "https://didcomm.org/trust-ping/2.0/ping",
		"https://didcomm.org/report-problem/2.0/problem-report", "https://didcomm.org/empty/1.0/empty" };

	assert_true(story_run_to(&s, s.owner, "OFFERED"));
	story_dump(&s, &before);
	for (size_t i = 0; i < COUNT(names); i++)
		for (int plaintext = 0; plaintext < 2; plaintext++) {
			forge_say(&(struct forge_say){ .from = mallory, .to = s.owner, .to_did = owner, .name = names[i],
				.plaintext = plaintext, .identity = plaintext ? BERTH_ID_OWNER : NULL }, NULL);
			assert_int_equal(forge_answers(&s), 0);
		}
	story_dump(&s, &after);
	assert_string_equal(berth_buf_cstr(&after), berth_buf_cstr(&before));
	/* the twin: who says who it is gets an answer */
	forge_say(&(struct forge_say){ .from = mallory, .to = s.owner, .to_did = owner, .identity = BERTH_ID_OWNER,
		.name = "https://didcomm.org/trust-ping/2.0/ping" }, NULL);
	assert_int_equal(forge_answers(&s), 1);
	assert_true(sim_run(&s.w, story_operational, LIMIT_S));
	berth_buf_free(&before);
	berth_buf_free(&after);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p4_nothing_of_the_run_can_be_changed),
		cmocka_unit_test(complete_of_another_epoch_completes_nothing),
		cmocka_unit_test(a_birth_with_another_root_is_e_authz),
		cmocka_unit_test(c075_a_third_did_in_the_thread_changes_nothing),
		cmocka_unit_test(c076_steps_out_of_order_have_no_effect),
		cmocka_unit_test(c052_c057_nobody_is_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
