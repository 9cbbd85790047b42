/* SPDX-License-Identifier: Apache-2.0 */
/* P2, P5, C.1a: a rendezvous that lies, owners who are none, chains that are shorter,
 * longer, forked or of another epoch.  The worst that comes of it is delay. */
#include "tests/fakes/forge.h"

#define LIMIT_S 14400
#define FACTORY BERTH_ID_ROOT

static struct berth_json *list_of(struct berth_json *one)
{
	struct berth_json *list = berth_json_new_array();

	if (one)
		CHECK_OK(berth_json_push(list, one));
	return list;
}

/* Sold, and the gateway still off, so that the book can be falsified first. */
static void sold(struct story *s)
{
	story_cast(s);
	story_birth(s);
	story_sale(s);
}

/* The device hears only lies for a minute, contacts nobody, and says why; then it
 * hears the truth. */
static void lies_then_truth(struct story *s, struct berth_json *lies, const char *what)
{
	struct berth_json *truth = forge_held(s);

	forge_registrations(s, lies);
	sim_on(s->gateway);
	sim_wait(&s->w, 60);
	assert_string_equal(story_state(s, s->gateway), "SEEKING");
	if (story_audit(s->gateway, what) < 1)
		fail_msg("the gateway did not say: %s", what);
	assert_int_equal(story_audit(s->gateway, "an owner was found"), 0);
	assert_int_equal(story_audit(s->owner, "hello from device"), 0);
	forge_registrations(s, truth);
	story_settle(s);
	story_check_end(s, 1);
	story_end(s);
}

static struct berth_json *garbage(const char *blob)
{
	struct berth_json *v = berth_json_new_object();

	CHECK_OK(berth_json_set_str(v, "blob", blob));
	CHECK_OK(berth_json_set(v, "package", berth_json_new_object()));
	return v;
}

static void p5_garbage(void **state)
{
	struct story s;

	(void)state;
	sold(&s);
	lies_then_truth(&s, list_of(garbage("x")), "0 of 1 hold; one refused: E_VC");
}

static void p5_ten_thousand_blobs(void **state)
{
	struct berth_json *many = berth_json_new_array();
	struct story s;

	(void)state;
	sold(&s);
	for (int i = 0; i < 10000; i++)
		CHECK_OK(berth_json_push(many, garbage("x")));
	lies_then_truth(&s, many, "refused: E_SIZE");
}

static void p5_an_oversized_blob(void **state)
{
	char *big = malloc(200001);
	struct story s;

	(void)state;
	memset(big, 'A', 200000);
	big[200000] = '\0';
	sold(&s);
	lies_then_truth(&s, list_of(garbage(big)), "0 of 1 hold; one refused: E_SIZE");
	free(big);
}

static void p5_nothing(void **state)
{
	struct story s;

	(void)state;
	sold(&s);
	lies_then_truth(&s, berth_json_new_array(), "0 of 0 hold");
}

/* Three lies beside the truth crowd nothing out. */
static void p5_lies_beside_the_truth(void **state)
{
	struct berth_json *all;
	struct story s;

	(void)state;
	sold(&s);
	all = forge_held(&s);
	for (int i = 0; i < 3; i++)
		CHECK_OK(berth_json_push(all, garbage("x")));
	forge_registrations(&s, all);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, 60));
	assert_int_equal(story_audit(s.gateway, "1 of 4 hold"), 1);
	story_check_end(&s, 1);
	story_end(&s);
}

/* ---- distrust ---- */

/* A second rendezvous, which the DeviceCredential names and the owner registers with. */
static struct sim_node *second_rendezvous(struct story *s)
{
	static const struct berth_machine *const role[] = { &berth_rendezvous_machine, &berth_ping_machine, &berth_problem_machine };
	struct sim_node *n = sim_add(&s->w, "rendezvous-2", "nng+tcp://rv-two.test:1", role, 3);
	struct berth_rendezvous rv = { .uri = n->uri };

	sim_on(n);
	CHECK_OK(berth_agent_make_identity(n->agent, BERTH_ID_RENDEZVOUS, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, 0, true));
	rv.did = story_identity(n, BERTH_ID_RENDEZVOUS)->did_long;
	s->factory->policy.rendezvous[s->factory->policy.n_rendezvous++] = rv;
	s->owner->policy.rendezvous[s->owner->policy.n_rendezvous++] = rv;
	return n;
}

static void registrations_at(struct story *s, struct sim_node *rv, struct berth_json *answers)
{
	struct sim_node *first = s->rendezvous;

	s->rendezvous = rv;
	sim_as(rv);
	forge_registrations(s, answers);
	s->rendezvous = first;
}

/* One knows nothing yet, the other lies whenever it is asked: it is asked less and less
 * often, never not at all, and the truth of the first is found. */
static void a_rendezvous_that_lies_sits_out_and_is_asked_again(void **state)
{
	struct berth_json *truth;
	struct sim_node *liar;
	int honest, lies;
	struct story s;

	(void)state;
	story_cast(&s);
	liar = second_rendezvous(&s);
	story_birth(&s);
	story_sale(&s);
	truth = forge_held(&s);
	registrations_at(&s, s.rendezvous, berth_json_new_array());
	registrations_at(&s, liar, list_of(garbage("x")));
	sim_on(s.gateway);
	sim_wait(&s.w, LIMIT_S);
	honest = story_audit(s.gateway, "rendezvous nng+tcp://rv.test:1 answered: 0 of 0 hold");
	lies = story_audit(s.gateway, "rendezvous nng+tcp://rv-two.test:1 answered: 0 of 1 hold; one refused");
	assert_true(honest >= 9);
	assert_true(lies >= 3);				/* it was asked again */
	assert_true(2 * lies <= honest + 2);		/* and sat out at least two rounds for each lie but the first */
	registrations_at(&s, s.rendezvous, truth);
	assert_true(sim_run(&s.w, story_operational, LIMIT_S));
	story_check_end(&s, 1);
	story_end(&s);
}

/* The only one there is, however much it lies, is asked in every round. */
static void the_only_source_is_never_locked_out(void **state)
{
	struct berth_json *truth;
	struct story s;

	(void)state;
	sold(&s);
	truth = forge_held(&s);
	forge_registrations(&s, list_of(garbage("x")));
	sim_on(s.gateway);
	sim_wait(&s.w, LIMIT_S);
	assert_true(story_audit(s.gateway, "0 of 1 hold; one refused") >= 9);
	sim_off(s.gateway);				/* the notes outlive a restart, and lock out nobody either */
	sim_on(s.gateway);
	forge_registrations(&s, truth);
	story_settle(&s);
	story_check_end(&s, 1);
	story_end(&s);
}

/* ---- owners who are none ---- */
static void p2_valid_keys_but_no_chain(void **state)
{
	struct berth_json *package;
	struct sim_node *mallory;
	struct story s;

	(void)state;
	sold(&s);
	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	/* the true chain, and mallory says where its owner is */
	package = forge_package(&s, s.owner);
	struct berth_json *lie = forge_answer(&s, package, mallory, BERTH_ID_OWNER, 9, 0);

	berth_json_free(package);
	lies_then_truth(&s, list_of(lie), "0 of 1 hold; one refused: E_AUTHZ: blob by neither owner nor delegate");
}

static void p2_a_chain_that_mallory_began(void **state)
{
	struct berth_json *package;
	struct sim_node *mallory;
	struct story s;

	(void)state;
	sold(&s);
	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	package = forge_sale(&s, NULL, mallory, BERTH_ID_OWNER, story_identity(mallory, BERTH_ID_OWNER), NULL);
	struct berth_json *lie = forge_answer(&s, package, mallory, BERTH_ID_OWNER, 9, 0);

	berth_json_free(package);
	lies_then_truth(&s, list_of(lie), "0 of 1 hold; one refused: E_AUTHZ: issued by another than it must be");
}

/* the owner sold it to nobody; mallory says it was sold to her */
static void p2_a_chain_that_mallory_went_on_with(void **state)
{
	struct berth_json *package, *longer;
	struct sim_node *mallory;
	struct story s;

	(void)state;
	sold(&s);
	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	package = forge_package(&s, s.owner);
	longer = forge_sale(&s, package, mallory, BERTH_ID_OWNER, story_identity(mallory, BERTH_ID_OWNER), NULL);
	struct berth_json *lie = forge_answer(&s, longer, mallory, BERTH_ID_OWNER, 9, 0);

	berth_json_free(package);
	berth_json_free(longer);
	lies_then_truth(&s, list_of(lie), "0 of 1 hold; one refused: E_AUTHZ: issued by another than it must be");
}

static void next_epoch(struct berth_ownership *oc) { oc->epoch = 1; }
static void of_another_credential(struct berth_ownership *oc) { oc->device_credential.b[0] ^= 1; }

static void by_the_root_but(forge_change_fn *change, const char *what)
{
	struct berth_json *package;
	struct story s;

	sold(&s);
	package = forge_sale(&s, NULL, s.factory, FACTORY, story_identity(s.owner, BERTH_ID_OWNER), change);
	struct berth_json *lie = forge_answer(&s, package, s.owner, BERTH_ID_OWNER, 9, 0);

	berth_json_free(package);
	lies_then_truth(&s, list_of(lie), what);
}

static void p2_an_owner_of_another_epoch(void **state)
{
	(void)state;
	by_the_root_but(next_epoch, "0 of 1 hold; one refused: E_AUTHZ: ");
}

static void c123_a_chain_for_another_credential(void **state)
{
	(void)state;
	by_the_root_but(of_another_credential, "0 of 1 hold; one refused: E_AUTHZ: entries[0]: of another DeviceCredential");
}

/* ---- C.1a (b), (d): what the rendezvous itself refuses ---- */
static enum berth_err import(struct story *s, struct sim_node *who, struct berth_json *package)
{
	(void)s;
	return story_import(who, package, NULL, NULL);
}

static void c1a_b_a_prefix_is_refused_and_the_longer_chain_wins(void **state)
{
	struct berth_json *package, *longer;
	struct sim_node *buyer;
	struct story s;

	(void)state;
	sold(&s);
	buyer = forge_mallory(&s, "buyer", "nng+tcp://buyer.test:1");
	package = forge_package(&s, s.owner);
	longer = forge_sale(&s, package, s.owner, BERTH_ID_OWNER, story_identity(buyer, BERTH_ID_OWNER), NULL);
	CHECK_RC(BERTH_E_HOLDER, import(&s, buyer, package));	/* not sold to this one */
	CHECK_OK(import(&s, buyer, longer));
	sim_wait(&s.w, 30);
	assert_string_equal(sim_state(buyer, "owner", s.device), "PUBLISHED");
	/* the seller refreshes its own, shorter one */
	CHECK_OK(import(&s, s.owner, package));
	sim_wait(&s.w, 30);
	assert_true(story_audit(s.rendezvous, "a registration was refused: a longer chain is known") >= 1);
	assert_true(story_audit(s.owner, "a longer chain is known") >= 1);
	assert_string_equal(story_state(&s, s.owner), "CHAIN_OK");
	sim_on(s.gateway);
	sim_wait(&s.w, 60);
	assert_string_equal(sim_state(buyer, "owner", s.device), "ACTIVE");
	assert_string_equal(story_state(&s, s.owner), "CHAIN_OK");
	berth_json_free(package);
	berth_json_free(longer);
	story_end(&s);
}

/* Both within the window, from a rendezvous that should have refused the prefix. */
static void c1a_b_prefix_and_longer_within_the_window(void **state)
{
	struct berth_json *package, *longer, *both;
	struct sim_node *buyer;
	struct story s;

	(void)state;
	sold(&s);
	buyer = forge_mallory(&s, "buyer", "nng+tcp://buyer.test:1");
	package = forge_package(&s, s.owner);
	longer = forge_sale(&s, package, s.owner, BERTH_ID_OWNER, story_identity(buyer, BERTH_ID_OWNER), NULL);
	CHECK_OK(import(&s, buyer, longer));
	both = list_of(forge_answer(&s, package, s.owner, BERTH_ID_OWNER, 7, 0));
	CHECK_OK(berth_json_push(both, forge_answer(&s, longer, buyer, BERTH_ID_OWNER, 1, 0)));
	forge_registrations(&s, both);
	sim_on(s.gateway);
	sim_wait(&s.w, 60);
	assert_string_equal(sim_state(buyer, "owner", s.device), "ACTIVE");
	assert_int_equal(story_audit(s.gateway, "2 of 2 hold"), 1);
	berth_json_free(package);
	berth_json_free(longer);
	story_end(&s);
}

static void c1a_d_a_second_first_sale_is_refused(void **state)
{
	struct berth_json *second;
	struct sim_node *other;
	struct story s;

	(void)state;
	sold(&s);
	other = forge_mallory(&s, "other", "nng+tcp://other.test:1");
	second = forge_sale(&s, NULL, s.factory, FACTORY, story_identity(other, BERTH_ID_OWNER), NULL);
	CHECK_OK(import(&s, other, second));	/* it looks good to the buyer */
	sim_wait(&s.w, 30);
	assert_true(story_audit(s.rendezvous, "a registration was refused: another first owner is known") >= 1);
	assert_true(story_audit(other, "another first owner is known") >= 1);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_operational, 60));
	assert_string_equal(sim_state(other, "owner", s.device), "CHAIN_OK");
	berth_json_free(second);
	story_end(&s);
}

/* ---- C.1a (c) ---- */
static void c1a_c_a_fork_is_refused_until_the_operator_decides(void **state)
{
	struct berth_json *second, *truth, *args = berth_json_new_object(), *data;
	struct sim_node *other;
	struct story s;

	(void)state;
	sold(&s);
	other = forge_mallory(&s, "other", "nng+tcp://other.test:1");
	second = forge_sale(&s, NULL, s.factory, FACTORY, story_identity(other, BERTH_ID_OWNER), NULL);
	truth = forge_held(&s);
	CHECK_OK(berth_json_push(truth, forge_answer(&s, second, other, BERTH_ID_OWNER, 1, 0)));
	forge_registrations(&s, truth);
	sim_on(s.gateway);
	sim_wait(&s.w, 600);
	assert_string_equal(story_state(&s, s.gateway), "SEEKING");
	assert_int_equal(story_audit(s.gateway, "two owners show forked chains: both refused"), 1);
	/* from then on neither, not even alone */
	assert_true(story_audit(s.gateway, "0 of 2 hold; one refused: E_AUTHZ: entries[0] is one side of a fork") >= 1);
	assert_int_equal(story_audit(s.gateway, "an owner was found"), 0);
	/* the operator knows whom he bought it for */
	data = story_data(&s, s.owner);
	CHECK_OK(berth_json_set_str(args, "tip", berth_data_str(data, "tip")));
	sim_as(s.gateway);
	CHECK_OK(berth_agent_command(s.gateway->agent, "gateway", NULL, "cmd/accept-tip", args, NULL));
	assert_true(sim_run(&s.w, story_settled, 120));
	story_check_end(&s, 1);
	berth_json_free(data);
	berth_json_free(args);
	berth_json_free(second);
	story_end(&s);
}

/* ---- what is old ---- */
static void an_expired_registration_is_not_told(void **state)
{
	struct berth_json *package, *old;
	struct story s;

	(void)state;
	sold(&s);
	package = forge_package(&s, s.owner);
	sim_as(s.rendezvous);
	old = list_of(forge_answer(&s, package, s.owner, BERTH_ID_OWNER, 1, s.rendezvous->now_s - 1));
	berth_json_free(package);
	lies_then_truth(&s, old, "0 of 0 hold");
}

/* A device without a clock cannot judge exp; the owner proves itself all the same,
 * and of one tip the latest blob counts. */
static void the_latest_blob_of_a_tip_counts(void **state)
{
	struct berth_json *package, *two, *wrong;
	struct story s;

	(void)state;
	sold(&s);
	package = forge_package(&s, s.owner);
	s.owner->uri = "nng+tcp://nowhere.test:1";
	wrong = forge_answer(&s, package, s.owner, BERTH_ID_OWNER, 1, 0);
	s.owner->uri = "nng+tcp://owner.test:1";
	two = list_of(wrong);
	CHECK_OK(berth_json_push(two, forge_answer(&s, package, s.owner, BERTH_ID_OWNER, 2, 0)));
	forge_registrations(&s, two);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, 60));
	story_check_end(&s, 1);
	berth_json_free(package);
	story_end(&s);
}

/* An answer from somebody who was not asked, in the thread of one who was. */
static void p5_a_redirect_from_another_than_was_asked(void **state)
{
	struct sim_node *mallory;
	struct berth_json *data;
	struct story s;

	(void)state;
	sold(&s);
	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	sim_on(s.gateway);
	data = story_data(&s, s.gateway);
	const struct berth_json *lookups = berth_json_get(berth_json_get(data, "seek"), "lookups");

	berth_json_each(one, lookups)
		forge_say(&(struct forge_say){ .from = mallory, .identity = BERTH_ID_OWNER, .to = s.gateway,
			.to_did = story_identity(s.gateway, BERTH_ID_FACTORY)->did_long,
			.name = BERTH_PIURI_RENDEZVOUS "redirect", .thid = berth_json_key(one) },
			berth_json_clone(berth_json_get(data, "none")));
	assert_int_equal(story_audit(s.gateway, "refused: E_"), 1);
	assert_true(sim_run(&s.w, story_settled, 60));
	story_check_end(&s, 1);
	berth_json_free(data);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p5_garbage),
		cmocka_unit_test(p5_ten_thousand_blobs),
		cmocka_unit_test(p5_an_oversized_blob),
		cmocka_unit_test(p5_nothing),
		cmocka_unit_test(p5_lies_beside_the_truth),
		cmocka_unit_test(p5_a_redirect_from_another_than_was_asked),
		cmocka_unit_test(a_rendezvous_that_lies_sits_out_and_is_asked_again),
		cmocka_unit_test(the_only_source_is_never_locked_out),
		cmocka_unit_test(p2_valid_keys_but_no_chain),
		cmocka_unit_test(p2_a_chain_that_mallory_began),
		cmocka_unit_test(p2_a_chain_that_mallory_went_on_with),
		cmocka_unit_test(p2_an_owner_of_another_epoch),
		cmocka_unit_test(c123_a_chain_for_another_credential),
		cmocka_unit_test(c1a_b_a_prefix_is_refused_and_the_longer_chain_wins),
		cmocka_unit_test(c1a_b_prefix_and_longer_within_the_window),
		cmocka_unit_test(c1a_d_a_second_first_sale_is_refused),
		cmocka_unit_test(c1a_c_a_fork_is_refused_until_the_operator_decides),
		cmocka_unit_test(an_expired_registration_is_not_told),
		cmocka_unit_test(the_latest_blob_of_a_tip_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
