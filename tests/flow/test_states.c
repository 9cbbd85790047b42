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
	bool owned;			/* begins with A's device in use; else it is new */
	struct model m;
	uint8_t renewals, abandons, copies;
};

static const struct scene scenes[] = {
	{ "onboarding, sold on before it", false, { .flight = 3, .runs = 2 }, 0, 0, 0 },
	{ "onboarding, sold on before it, abandoned", false, { .flight = 2, .runs = 3 }, 0, 1, 0 },
	{ "from the first hello to the last receipt", false, { .flight = 2, .runs = 2, .transfers_max = 1 }, 0, 0, 0 },
	{ "renewal, suspension, revocation and return", true, { .flight = 3, .runs = 2, .seq_max = 2, .alone = true }, 1, 0, 0 },
	{ "two renewals", true, { .flight = 3, .runs = 1, .alone = true }, 2, 0, 0 },
	{ "release and retirement out of each of these", true,
	  { .flight = 3, .runs = 2, .seq_max = 1, .transfers_max = 1, .alone = true }, 1, 0, 0 },
	{ "let go, kept, and let go again", true, { .flight = 2, .runs = 2, .transfers_max = 2, .alone = true }, 0, 0, 0 },
	{ "resale, both owners suspend and revoke", true, { .flight = 2, .runs = 2, .seq_max = 1, .transfers_max = 1 }, 1, 0, 0 },
	{ "resale, and A puts an old copy of its store back", true, { .flight = 3, .runs = 2, .transfers_max = 1 }, 0, 0, 1 },
};

static void explore(struct explore *x, struct model *m, const struct scene *scene, unsigned faults)
{
	struct model_state first;

	*m = scene->m;
	m->faults = faults;
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
	explore_run(x, &first);
	assert_false(x->full);
}

/* ---- P10: everything leads to an end by itself ---- */
static const struct model_owner *owner(const struct model_state *s, uint8_t who) { return who ? &s->o[who - 1] : NULL; }

/* How many states lead to none; only: such states, NULL: whichever.  *first: one of them. */
static size_t stuck(const struct explore *x, bool (*only)(const struct model_state *), size_t *first)
{
	uint8_t *can = explore_can_reach(x, model_agreed, EXPLORE_AUTO);
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++)
		if (!can[i] && (!only || only(explore_state(x, i))) && !n++)
			*first = i;
	free(can);
	return n;
}

static void show(const struct explore *x, size_t i)
{
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
	{ false, 0, NULL, "cmd/invitation", 3, "another way to the same hello" },
	{ false, BERTH_STATE_STAY, NULL, "cmd/onboard", 1, "what is under way: no state" },
	{ false, 0, gateway_accept_tip, NULL, 1, "a fork, which honest owners do not make" },
	{ false, 0, gateway_on_challenge, NULL, 2, "M1: only hints" }, { false, 0, gateway_on_redirect, NULL, 2, "M2: only hints" },
	{ false, 0, gateway_on_silent, NULL, 1, "M17: no state" }, { false, 0, gateway_on_here, NULL, 1, "M17: no state" },
	{ false, 0, gateway_on_rotate, NULL, 4, "M13: the owner stays who it is" },
	{ false, 0, gateway_on_resync, NULL, 5, "M18: the owner is not out of a backup" },
	{ false, 0, gateway_on_attest_request, NULL, 5, "M14: no state" },
	{ false, 0, NULL, "cmd/item-result", 1, "what a hook made of an item: no state" },
	{ false, 0, gateway_on_set, NULL, 3, "M10 after the run: the items change, the state does not" },
	{ false, 0, gateway_on_set_item, NULL, 3, "M10" }, { false, 0, gateway_on_set_noted, NULL, 1, "M10" },
	{ false, 0, gateway_acked, NULL, 1, "M10: an application's word about a set" },
	{ false, 0, gateway_due, NULL, 1, "M10: a set that nobody confirms; the end of a grace: no state" },
	{ false, 0, gateway_switched, NULL, 1, "the end of a grace: keys of before" },
	{ false, 0, NULL, "rollback", 1, "an old copy of the device's store: it is out of all this" },
	{ true, 0, owner_on_where, NULL, 1, "M17: no state" },
	{ true, 0, owner_on_registered_moved, NULL, 1, "M17: no state" },
	{ true, 0, owner_on_resynced, NULL, 3, "M18" },
	{ true, 0, owner_invite, NULL, 4, "no state" }, { true, 0, owner_import_delegation, NULL, 3, "no state" },
	{ true, 0, owner_on_result, NULL, 2, "M10: for the log" }, { true, 0, owner_provision, NULL, 1, "no state" },
	{ true, 0, NULL, "item-result", 2, "for the log, and as good as complete" },
	{ true, 0, owner_withdraw, NULL, 1, "M10: no state" }, { true, 0, owner_reprovision, NULL, 1, "M10: no state" },
	{ true, 0, owner_on_set_wanted, NULL, 2, "M10" }, { true, 0, owner_on_set_result, NULL, 1, "M10" },
	{ true, 0, owner_retire_by_delegate, NULL, 2, "what a delegate has onboarded: the owner of the model has no delegates" },
	{ true, 0, owner_delegate, NULL, 1, "no state" }, { true, 0, owner_rotate, NULL, 1, "M13" }, { true, 0, owner_on_rotated, NULL, 4, "M13" },
	{ true, 0, owner_attest, NULL, 3, "M14: its outcome is cmd/suspend" }, { true, 0, owner_on_evidence, NULL, 3, "M14" },
	{ true, 0, owner_sell_released, NULL, 1, "a sale on paper: the next owner's import" },
	{ true, OW_SUSPENDED, NULL, "hello", 1, "only what was revoked begins anew" },
	{ true, 0, owner_retire_again, NULL, 1, "no state" }, { true, 0, owner_show_tombstone, NULL, 1, "no state" },
};
#define N_LEFT_OUT (sizeof(left_out) / sizeof(left_out[0]))

static int why_left_out(bool owner_, const struct berth_transition *row)
{
	for (size_t i = 0; i < N_LEFT_OUT; i++)
		if (left_out[i].owner == owner_ && (!left_out[i].from || left_out[i].from == row->from) &&
		    (left_out[i].step ? left_out[i].step == row->step : strcmp(left_out[i].on, row->on) == 0))
			return (int)i;
	return -1;
}

/* Each row was taken by the model at least once, or is left out by name. */
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
static const struct scene onboarding = { "", false, { .flight = 2, .runs = 2 }, 0, 0, 0 },
	one_run = { "", false, { .flight = 3, .runs = 1 }, 0, 0, 0 },
	resale = { "", true, { .flight = 2, .runs = 2, .transfers_max = 1 }, 0, 0, 1 },
	old_owner_speaks = { "", true, { .flight = 2, .runs = 2, .seq_max = 1, .transfers_max = 1 }, 0, 0, 1 };

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

static void p10_a_receipt_that_is_said_once_is_found(void **state)
{
	(void)state;
	assert_int_equal(blocked(&resale, 0, NULL), 0);
	assert_true(blocked(&resale, FAULT_SAID_ONCE, NULL) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_ends_well),
		cmocka_unit_test(every_row_was_taken_or_is_left_out),
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
