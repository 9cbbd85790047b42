/* SPDX-License-Identifier: Apache-2.0 */
/* P7, P8 and P10 by exhaustion: every state that one gateway and two owners can come to,
 * whatever is lost, late, doubled or cut off, within the bounds of each scene.  The machines'
 * own tables say what is taken when (tests/fakes/model.h); what is left out of them stands in
 * a list here.  Out of every state something leads to an end, without a person's help. */
#include "tests/check.h"
#include "tests/fakes/model.h"

#define STATES_MAX 3000000u

static uint8_t used_gateway[256], used_owner[256];

struct scene {
	const char *name;
	bool owned, offline;		/* begins with A's device in use, else it is new; A has a delegate */
	struct model m;
	uint8_t renewals, abandons, copies, sets, restores, moves, attests;
};

static const struct scene scenes[] = {
	{ "onboarding, sold on before it", .m = { .flight = 3, .runs = 2 } },
	{ "onboarding, sold on before it, abandoned", .m = { .flight = 2, .runs = 3 }, .abandons = 1 },
	{ "from the first hello to the last receipt", .m = { .flight = 2, .runs = 2, .transfers_max = 1 } },
	{ "renewal, suspension, revocation and return", .owned = true, .m = { .flight = 3, .runs = 2, .seq_max = 2, .alone = true }, .renewals = 1 },
	{ "two renewals", .owned = true, .m = { .flight = 3, .runs = 1, .alone = true }, .renewals = 2 },
	{ "release and retirement out of each of these", .owned = true,
	  .m = { .flight = 3, .runs = 2, .seq_max = 1, .transfers_max = 1, .alone = true }, .renewals = 1 },
	{ "let go, kept, and let go again", .owned = true, .m = { .flight = 2, .runs = 2, .transfers_max = 2, .alone = true } },
	{ "resale, both owners suspend and revoke", .owned = true, .m = { .flight = 2, .runs = 2, .seq_max = 1, .transfers_max = 1 }, .renewals = 1 },
	{ "resale, and A puts an old copy of its store back", .owned = true, .m = { .flight = 3, .runs = 2, .transfers_max = 1 }, .copies = 1 },
	{ "other items, on trial, and back", .owned = true, .m = { .flight = 3, .runs = 1, .alone = true, .hooks = true }, .sets = 2 },
	{ "other items, and revoked and let in again", .owned = true,
	  .m = { .flight = 2, .runs = 2, .seq_max = 2, .alone = true }, .sets = 1 },
	{ "other items, and released", .owned = true, .m = { .flight = 2, .runs = 2, .transfers_max = 1, .hooks = true }, .sets = 1 },
	{ "restored", .owned = true, .m = { .flight = 2, .runs = 1, .alone = true }, .renewals = 2, .restores = 1 },
	{ "restored, from before a suspension", .owned = true, .m = { .flight = 2, .runs = 2, .seq_max = 1, .alone = true }, .restores = 1 },
	{ "restored, with other items", .owned = true, .m = { .flight = 2, .runs = 1, .alone = true }, .restores = 1, .sets = 1 },
	{ "the owner moves", .owned = true, .m = { .flight = 3, .runs = 1, .alone = true }, .renewals = 1, .moves = 2 },
	{ "the owner moves, and sells", .owned = true, .m = { .flight = 2, .runs = 2, .transfers_max = 1 }, .moves = 1 },
	{ "drifts, and is as it was again", .owned = true, .m = { .flight = 2, .runs = 2, .seq_max = 2, .alone = true, .lifts = true },
	  .renewals = 1, .attests = 2 },
	{ "by a delegate, and resold", .offline = true, .m = { .flight = 2, .runs = 2, .transfers_max = 1 } },
	{ "by a delegate, that renews and suspends", .offline = true,
	  .m = { .flight = 2, .runs = 2, .seq_max = 1, .alone = true }, .renewals = 1 },
	{ "onboarding, sold on before it, and the power goes", .m = { .flight = 3, .runs = 2, .cuts = true } },
	{ "from the first hello to the last receipt, and the power goes", .m = { .flight = 2, .runs = 2, .transfers_max = 1, .cuts = true } },
	{ "revoked and let in again, and the power goes", .owned = true,
	  .m = { .flight = 2, .runs = 2, .seq_max = 2, .alone = true, .cuts = true } },
};

static void explore(struct explore *x, struct model *m, const struct scene *scene, unsigned faults)
{
	struct model_state first;

	*m = scene->m;
	m->faults = faults;
	m->items = scene->sets;
	m->used[0] = used_gateway;
	m->used[1] = used_owner;
	*x = (struct explore){ .size = sizeof(first), .max = STATES_MAX, .next = model_next, .arg = m };
	if (scene->owned)
		model_owned(&first);
	else
		model_first(&first);
	first.renewals = scene->renewals;
	first.abandons = scene->abandons;
	first.copies = scene->copies;
	first.offline = scene->offline;
	first.sets = scene->sets;
	first.restores = scene->restores;
	first.moves = scene->moves;
	first.attests = scene->attests;
	explore_run(x, &first);
	assert_false(x->full);
}

/* ---- P10: everything leads to an end by itself ---- */
static const struct model_owner *owner(const struct model_state *s, uint8_t who) { return who ? &s->o[who - 1] : NULL; }

/* How many states lead to no end, or to one only by persons where none is needed; only: such
 * states, NULL: whichever.  *first: one of them. */
static size_t stuck(const struct explore *x, bool (*only)(const struct model_state *), size_t *first)
{
	uint8_t *can = explore_can_reach(x, model_needs_person, EXPLORE_AUTO);
	uint8_t *helped = explore_can_reach(x, model_agreed, EXPLORE_AUTO | EXPLORE_PERSON);
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++)
		if ((!can[i] || !helped[i]) && (!only || only(explore_state(x, i))) && !n++)
			*first = i;
	free(can);
	free(helped);
	return n;
}

static void show(const struct explore *x, size_t i)
{
	printf("%s\n", x->broken ? x->broken : "");
	explore_trace(x, i);
	model_print(explore_state(x, i));
}

static void everything_ends_well(void **state)
{
	size_t states = 0, first = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		struct explore x;
		struct model m;

		explore(&x, &m, &scenes[i], 0);
		printf("%s: %zu states, %zu steps, depth %zu\n", scenes[i].name, x.n, x.n_edges, explore_depth(&x));
		if (x.broken)
			show(&x, x.at);
		assert_null(x.broken);
		if (stuck(&x, NULL, &first)) {
			show(&x, first);
			fail_msg("P10: nothing leads out of this");
		}
		states += x.n;
		explore_free(&x);
	}
	printf("%zu states in all\n", states);
}

/* ---- the tables ---- */
/* What the model does not take.  None of it changes a state: its rows say STAY, and its steps, with all
 * that they call, set none (tests/tools/check-left-out.py).  Of what is before the model's first state
 * there is one machine's state that nothing leads back to. */
static const struct left_out {
	bool owner;
	int from;		/* 0: any */
	berth_step_fn *step;	/* NULL: whatever does `on` */
	const char *on;
	int rows;
	const char *why;
} left_out[] = {
	{ false, 0, gateway_start_birth, NULL, 2, "M0: there is no owner yet" },
	{ false, 0, gateway_on_factory_challenge, NULL, 1, "M0" }, { false, 0, gateway_on_factory_ack, NULL, 1, "M0" },
	{ false, 0, gateway_on_birth_denied, NULL, 1, "M0" },
	{ false, 0, NULL, "cmd/invitation", 1, "of a device that has an owner: refused" },
	{ false, BERTH_STATE_STAY, NULL, "cmd/onboard", 1, "what is under way already" },
	{ false, 0, gateway_accept_tip, NULL, 1, "a fork, which honest owners do not make" },
	{ false, 0, gateway_on_challenge, NULL, 2, "M2: only hints" }, { false, 0, gateway_on_redirect, NULL, 2, "M2: only hints" },
	{ false, 0, gateway_on_rotate, NULL, 4, "M13: the owner stays who it is" },
	{ false, 0, gateway_switched, NULL, 1, "the end of a grace: keys of before" },
	{ true, 0, owner_on_registered_moved, NULL, 1, "M17: what a rendezvous says of where we are" },
	{ true, 0, owner_invite, NULL, 4, "another way to the same hello" },
	{ true, 0, owner_on_result, NULL, 2, "M10: for the log" },
	{ true, 0, owner_delegate, NULL, 1, "for D, which has one" },
	{ true, 0, owner_rotate, NULL, 1, "M13" }, { true, 0, owner_on_rotated, NULL, 4, "M13" },
	{ true, 0, owner_sell_released, NULL, 1, "a sale on paper: the next owner's import" },
	{ true, 0, owner_retire_again, NULL, 1, "shows what was signed" }, { true, 0, owner_show_tombstone, NULL, 1, "shows it" },
};
#define N_LEFT_OUT (sizeof(left_out) / sizeof(left_out[0]))

static int why_left_out(bool owner_, const struct berth_transition *row)
{
	for (size_t i = 0; i < N_LEFT_OUT; i++)
		if (left_out[i].owner == owner_ && (!left_out[i].from || left_out[i].from == row->from) &&
		    (left_out[i].step || left_out[i].from || row->from < 0) &&
		    (left_out[i].step ? left_out[i].step == row->step : strcmp(left_out[i].on, row->on) == 0))
			return (int)i;
	return -1;
}

static bool stays(bool owner_, const struct berth_transition *row)
{
	return (row->to == BERTH_STATE_STAY && row->otherwise == BERTH_STATE_STAY) || (!owner_ && row->from == GW_BLANK);
}

/* By all that is above: each row was taken by the model at least once, or is left out by name. */
static void every_row_was_taken_or_is_left_out(void **state)
{
	const struct berth_machine *const machines[] = { &berth_gateway_machine, &berth_owner_machine };
	int rows[N_LEFT_OUT] = { 0 }, taken = 0, bad = 0;

	(void)state;
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < machines[k]->table_len; i++) {
			const struct berth_transition *row = &machines[k]->table[i];
			bool used = (k ? used_owner : used_gateway)[i];
			int why = why_left_out(k, row);

			if (why >= 0)
				rows[why]++;
			if (why >= 0 && !stays(k, row) && ++bad)
				printf("%s on %s is left out, and changes the state\n", machines[k]->name, row->on);
			bad += !k && row->to == GW_BLANK;
			taken += used;
			if (used == (why >= 0) && ++bad)
				printf("%s, %s on %s: %s\n", machines[k]->name, row->from < 0 ? "ANY" : machines[k]->states[row->from],
				       row->on, used ? "left out, but taken" : "neither taken nor left out");
		}
	for (size_t i = 0; i < N_LEFT_OUT; i++)
		if (rows[i] != left_out[i].rows && ++bad)
			printf("%s: %d rows are left out, %d were to be\n", left_out[i].why, rows[i], left_out[i].rows);
	printf("rows: %d taken, %zu and %zu in the tables\n", taken, machines[0]->table_len, machines[1]->table_len);
	assert_int_equal(bad, 0);
}

/* ---- twins: what is planted is found ---- */
static const struct scene onboarding = { "", .m = { .flight = 2, .runs = 2 } },
	one_run = { "", .m = { .flight = 3, .runs = 1 } },
	resale = { "", .owned = true, .m = { .flight = 2, .runs = 2, .transfers_max = 1 }, .copies = 1 },
	old_owner_speaks = { "", .owned = true, .m = { .flight = 2, .runs = 2, .seq_max = 1, .transfers_max = 1 }, .copies = 1 };

static void breaks(const struct scene *scene, unsigned faults, const char *want)
{
	struct explore x;
	struct model m;

	explore(&x, &m, scene, faults);
	if (!want && x.broken)
		show(&x, x.at);
	if (want)
		assert_non_null(x.broken);
	else
		assert_null(x.broken);
	assert_true(!want || strstr(x.broken, want));
	explore_free(&x);
}

static size_t blocked(const struct scene *scene, unsigned faults, bool (*only)(const struct model_state *))
{
	struct explore x;
	struct model m;
	size_t n, first;

	explore(&x, &m, scene, faults);
	assert_null(x.broken);
	n = stuck(&x, only, &first);
	explore_free(&x);
	return n;
}

/* One of the two that does not look is held by the other. */
static void p7_an_epoch_that_nobody_checks_is_found(void **state)
{
	(void)state;
	breaks(&resale, 0, NULL);
	breaks(&resale, FAULT_OWNER_EPOCH, NULL);
	breaks(&resale, FAULT_GATEWAY_EPOCH, NULL);
	breaks(&resale, FAULT_OWNER_EPOCH | FAULT_GATEWAY_EPOCH, "P8");
}

static void p8_a_device_that_hears_anybody_is_found(void **state)
{
	(void)state;
	breaks(&old_owner_speaks, 0, NULL);
	breaks(&old_owner_speaks, FAULT_ANYBODY, "P8");
}

static void p10_a_commit_that_is_not_durable_is_found(void **state)
{
	(void)state;
	assert_int_equal(blocked(&onboarding, 0, NULL), 0);
	assert_true(blocked(&onboarding, FAULT_NOT_DURABLE, NULL) > 0);
}

static bool is_committed(const struct model_state *s)
{
	const struct model_owner *o = owner(s, s->active);

	return o && o->state == OW_COMMITTED;
}

static void p10_complete_that_is_said_once_is_found(void **state)
{
	(void)state;
	assert_int_equal(blocked(&scenes[0], 0, is_committed), 0);
	assert_true(blocked(&scenes[0], FAULT_COMPLETE_ONCE, is_committed) > 0);
}

static bool anew_and_let_go(const struct model_state *s)
{
	for (int i = 0; i < 2; i++)
		if (!s->active && s->o[i].epoch == s->epoch && s->o[i].is == IS_REVOKED &&
		    (s->o[i].state == OW_TRANSFERRING || s->o[i].state == OW_RETIRING))
			return true;
	return false;
}

static void p10_a_device_that_begins_anew_and_is_not_heard_is_found(void **state)
{
	(void)state;
	assert_int_equal(blocked(&scenes[5], 0, anew_and_let_go), 0);
	assert_true(blocked(&scenes[5], FAULT_NEVER_ANEW, anew_and_let_go) > 0);
}

static bool keys_of_before(const struct model_state *s)
{
	const struct model_owner *o = owner(s, s->active);

	return o && (s->state == GW_ROTATING || s->state == GW_OPERATIONAL) && (o->state == OW_ACTIVE || o->state == OW_RENEW_PENDING) && o->op != s->op &&
	       o->renewal != s->op;
}

static void p10_a_request_for_keys_of_before_is_found(void **state)
{
	(void)state;
	assert_int_equal(blocked(&scenes[4], 0, keys_of_before), 0);
	assert_true(blocked(&scenes[4], FAULT_UNNUMBERED, keys_of_before) > 0);
}

static bool is_committing(const struct model_state *s) { return s->state == GW_COMMITTING; }

static void p10_a_commit_to_who_has_sold_the_device_is_found(void **state)
{
	(void)state;
	assert_int_equal(blocked(&scenes[0], 0, is_committing), 0);
	assert_true(blocked(&scenes[0], FAULT_SOLD_AND_SILENT, is_committing) > 0);
}

static bool is_let_in(const struct model_state *s)
{
	const struct model_owner *o = owner(s, s->active);

	return o && o->bye;
}

static void p10_an_invitation_that_is_said_once_is_found(void **state)
{
	(void)state;
	assert_int_equal(blocked(&scenes[3], 0, is_let_in), 0);
	assert_true(blocked(&scenes[3], FAULT_BYE_ONCE, is_let_in) > 0);
}

static bool in_session(const struct model_state *s)
{
	const struct model_owner *o = owner(s, s->active);

	return o && o->state == OW_SESSION;
}

/* A hello that is over proves nothing: neither the same one again nor that of an earlier run
 * takes the owner away from what it has committed. */
static void p10_a_hello_that_counts_is_found(void **state)
{
	(void)state;
	assert_int_equal(blocked(&scenes[0], 0, in_session), 0);
	assert_true(blocked(&scenes[0], FAULT_HELLO_COUNTS, in_session) > 0);
}

/* Within one run, where no hello can be late, it has to be the same one. */
static void p10_ids_that_are_not_remembered_are_found(void **state)
{
	(void)state;
	assert_int_equal(blocked(&one_run, FAULT_NO_MEMORY, in_session), 0);
	assert_int_equal(blocked(&one_run, FAULT_HELLO_COUNTS, in_session), 0);
	assert_true(blocked(&one_run, FAULT_HELLO_COUNTS | FAULT_NO_MEMORY, in_session) > 0);
}

static void p10_a_counter_that_steps_before_the_commit_is_found(void **state)
{
	(void)state;
	assert_int_equal(blocked(&resale, 0, NULL), 0);
	assert_true(blocked(&resale, FAULT_COUNTER_FIRST, NULL) > 0);
}

/* Said by a device that may have forgotten it a moment later.  The keys: whoever owns it next
 * would be shown those that an owner before has seen.  The end: its owner has done with the run,
 * and answers none of what belongs to it. */
#define STATE(s) (1u << GW_##s)
static const struct scene cut = { "", .m = { .flight = 2, .runs = 2, .cuts = true } },
	keys_too_early = { "", .m = { .flight = 2, .runs = 2, .cuts = true, .tentative = STATE(PREPARED) } },
	end_too_early = { "", .m = { .flight = 2, .runs = 2, .cuts = true, .tentative = STATE(COMMITTING) | STATE(OPERATIONAL) } };

static void p9_keys_that_are_shown_before_they_are_on_the_disk_are_found(void **state)
{
	(void)state;
	breaks(&cut, 0, NULL);
	breaks(&keys_too_early, 0, "P9");
}

static void p10_an_end_that_is_said_before_it_is_on_the_disk_is_found(void **state)
{
	(void)state;
	assert_int_equal(blocked(&cut, 0, NULL), 0);
	assert_true(blocked(&end_too_early, 0, is_committing) > 0);
}

static void p10_a_receipt_that_is_said_once_is_found(void **state)
{
	(void)state;
	assert_int_equal(blocked(&resale, 0, NULL), 0);
	assert_true(blocked(&resale, FAULT_SAID_ONCE, NULL) > 0);
}

/* ---- and in the life after onboarding ---- */
static const struct scene items = { "", .owned = true, .m = { .flight = 3, .runs = 1, .alone = true }, .sets = 2 },
	items_leaving = { "", .owned = true, .m = { .flight = 2, .runs = 1, .transfers_max = 1, .alone = true }, .sets = 1 },
	restored = { "", .owned = true, .m = { .flight = 3, .runs = 1, .alone = true }, .renewals = 1, .restores = 1 },
	restored_twice = { "", .owned = true, .m = { .flight = 2, .runs = 1, .alone = true }, .restores = 2 },
	restored_words = { "", .owned = true, .m = { .flight = 2, .runs = 2, .seq_max = 1, .alone = true }, .restores = 1 },
	restored_items = { "", .owned = true, .m = { .flight = 2, .runs = 1, .alone = true }, .restores = 1, .sets = 1 },
	moves = { "", .owned = true, .m = { .flight = 2, .runs = 1, .alone = true }, .moves = 2 },
	moves_and_sells = { "", .owned = true, .m = { .flight = 2, .runs = 2, .transfers_max = 1 }, .moves = 1, .copies = 1 },
	attested = { "", .owned = true, .m = { .flight = 2, .runs = 2, .seq_max = 2, .alone = true, .lifts = true }, .attests = 2 },
	by_a_delegate = { "", .offline = true, .m = { .flight = 2, .runs = 2, .transfers_max = 1, .alone = true } };

static void dead_end(const struct scene *scene, unsigned fault)
{
	assert_int_equal(blocked(scene, 0, NULL), 0);
	assert_true(blocked(scene, fault, NULL) > 0);
}

static void m10_a_set_that_is_taken_too_early_is_found(void **state)
{
	(void)state;
	breaks(&items, 0, NULL);
	breaks(&items, FAULT_OLD_SET, "M10: an older set");
	breaks(&items, FAULT_NOTED_ANY, "M10: a set is in use for good");
}

static void p10_a_set_without_an_end_is_found(void **state)
{
	(void)state;
	dead_end(&items, FAULT_SET_ONCE);
	dead_end(&items, FAULT_NEVER_BACK);
}

static void p10_a_change_of_items_that_is_not_told_is_found(void **state)
{
	(void)state;
	dead_end(&items, FAULT_SAME_UNSAID);
	dead_end(&items_leaving, FAULT_UNNOTED);
	dead_end(&restored_items, FAULT_ITEMS_KEPT);
}

static void p10_a_device_that_does_not_look_for_its_owner_is_found(void **state)
{
	(void)state;
	dead_end(&moves, FAULT_NEVER_LOOKS);
}

static void p8_a_device_that_goes_where_anybody_says_is_found(void **state)
{
	(void)state;
	breaks(&moves_and_sells, 0, NULL);
	breaks(&moves_and_sells, FAULT_ANYBODY, "P8");
}

static void p10_a_restored_owner_that_does_not_ask_is_found(void **state)
{
	(void)state;
	dead_end(&restored, FAULT_NEVER_ASKS);
	dead_end(&restored, FAULT_SELLS_UNHEARD);
	dead_end(&restored_words, FAULT_KNOWN_ONLY);
	dead_end(&restored_twice, FAULT_ANY_WORD);
}

static void p10_a_device_that_answers_for_keys_of_before_is_found(void **state)
{
	(void)state;
	dead_end(&restored, FAULT_KEPT_REQUEST);
	dead_end(&restored_twice, FAULT_ANSWERED_ONCE);
	dead_end(&restored_words, FAULT_ROTATES_TWICE);
}

/* One of the two that does not look is held by the other. */
static void p8_a_delegate_that_lets_a_device_go_is_found(void **state)
{
	(void)state;
	breaks(&by_a_delegate, FAULT_DELEGATE_SELLS, NULL);
	breaks(&by_a_delegate, FAULT_UNSIGNED, NULL);
	breaks(&by_a_delegate, FAULT_DELEGATE_SELLS | FAULT_UNSIGNED, "P8: a delegate");
}

static void m14_a_machine_that_lifts_a_persons_word_is_found(void **state)
{
	(void)state;
	breaks(&attested, 0, NULL);
	breaks(&attested, FAULT_LIFTS, "M14");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_ends_well),
		cmocka_unit_test(p7_an_epoch_that_nobody_checks_is_found),
		cmocka_unit_test(p8_a_device_that_hears_anybody_is_found),
		cmocka_unit_test(p10_a_commit_that_is_not_durable_is_found),
		cmocka_unit_test(p10_complete_that_is_said_once_is_found),
		cmocka_unit_test(p10_an_invitation_that_is_said_once_is_found),
		cmocka_unit_test(p10_a_device_that_begins_anew_and_is_not_heard_is_found),
		cmocka_unit_test(p10_a_request_for_keys_of_before_is_found),
		cmocka_unit_test(p10_a_commit_to_who_has_sold_the_device_is_found),
		cmocka_unit_test(p10_a_hello_that_counts_is_found),
		cmocka_unit_test(p10_ids_that_are_not_remembered_are_found),
		cmocka_unit_test(p10_a_counter_that_steps_before_the_commit_is_found),
		cmocka_unit_test(p10_a_receipt_that_is_said_once_is_found),
		cmocka_unit_test(p9_keys_that_are_shown_before_they_are_on_the_disk_are_found),
		cmocka_unit_test(p10_an_end_that_is_said_before_it_is_on_the_disk_is_found),
		cmocka_unit_test(m10_a_set_that_is_taken_too_early_is_found),
		cmocka_unit_test(p10_a_set_without_an_end_is_found),
		cmocka_unit_test(p10_a_change_of_items_that_is_not_told_is_found),
		cmocka_unit_test(p10_a_device_that_does_not_look_for_its_owner_is_found),
		cmocka_unit_test(p8_a_device_that_goes_where_anybody_says_is_found),
		cmocka_unit_test(p10_a_restored_owner_that_does_not_ask_is_found),
		cmocka_unit_test(p10_a_device_that_answers_for_keys_of_before_is_found),
		cmocka_unit_test(p8_a_delegate_that_lets_a_device_go_is_found),
		cmocka_unit_test(m14_a_machine_that_lifts_a_persons_word_is_found),
		cmocka_unit_test(every_row_was_taken_or_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
