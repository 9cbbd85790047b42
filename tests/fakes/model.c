/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/model.h"

#include <stdio.h>
#include <string.h>

#include "tests/check.h"

/* once: whoever says it again says it in another run, or not at all */
static const struct { const char *on; bool to_owner, once; } messages[M_COUNT] = {
	[M_HELLO] = { "hello", true, true }, [M_PROVE_DEVICE] = { "prove-device", true, true },
	[M_ACCEPT_READY] = { "accept-ready", true, true }, [M_COMMIT] = { "commit", true, false },
	[M_COMPLETE] = { "complete", true, false }, [M_ABANDONED] = { "abandoned", true, false },
	[M_RENEW_REQUEST] = { "renew-request", true, false }, [M_RENEW_ACTIVATED] = { "renew-activated", true, false },
	[M_STATUS_NOTED] = { "status-noted", true, false }, [M_READY] = { "transfer-ready", true, false },
	[M_REFUSED] = { "refused", true, true }, [M_RELEASED] = { "released", true, false }, [M_RETIRED] = { "retired", true, false },
	[M_PROVE_OWNER] = { "prove-owner", false, true }, [M_PENDING] = { "pending", false, true },
	[M_DENIED] = { "denied", false, true }, [M_ACCEPT_OWNERSHIP] = { "accept-ownership", false, true },
	[M_ISSUE] = { "issue", false, true }, [M_ITEM] = { "provision-item", false, true },
	[M_COMMITTED] = { "committed", false, false }, [M_RENEW_ISSUE] = { "renew-issue", false, false },
	[M_RENEW_DENIED] = { "denied", false, true }, [M_RENEW_EXPIRED] = { "denied", false, true },
	[M_RENEWED] = { "renewed", false, false }, [M_STATUS] = { "status-notify", false, false },
	[M_PREPARE] = { "transfer-prepare", false, false }, [M_CANCEL] = { "transfer-cancel", false, true },
	[M_RELEASE] = { "release", false, false }, [M_RETIRE] = { "retire", false, false },
	[M_SET_WANTED] = { "set-wanted", true, false }, [M_SET_RESULT] = { "set-result", true, false },
	[M_ITEM_RESULT] = { "item-result", true, true }, [M_WHERE] = { "where", true, true },
	[M_RESYNCED] = { "resynced", true, false }, [M_EVIDENCE] = { "attest-evidence", true, false },
	[M_SET] = { "provision-set", false, false }, [M_SET_ITEM] = { "provision-item", false, false },
	[M_SET_NOTED] = { "set-noted", false, false }, [M_HERE] = { "here", false, false },
	[M_RESYNC] = { "resync", false, false }, [M_ATTEST] = { "attest-request", false, false },
};

/* ---- messages under way ---- */
static int order(const struct model_state *s, int i, uint8_t type, uint8_t who, uint16_t id)
{
	return s->type[i] != type ? s->type[i] - type : s->who[i] != who ? s->who[i] - who : s->id[i] - id;
}

uint8_t model_dead(enum model_message type)
{
	return type == M_RELEASED || type == M_RETIRED ? 1 : type == M_COMPLETE ? 2 : 0;
}

void model_say(struct model_step *t, enum model_message type, uint8_t who, uint16_t id)
{
	struct model_state *s = &t->s;
	int n = 0, at;

	while (n < MODEL_FLIGHT && s->type[n])
		n++;
	for (at = 0; at < n && order(s, at, (uint8_t)type, who, id) < 0; at++)
		;
	if (at < n && order(s, at, (uint8_t)type, who, id) == 0)
		return;
	if (n == t->m->flight) {	/* what finds no room is lost */
		s->dead |= model_dead(type);
		return;
	}
	for (int i = n; i > at; i--) {
		s->type[i] = s->type[i - 1];
		s->who[i] = s->who[i - 1];
		s->id[i] = s->id[i - 1];
	}
	s->type[at] = (uint8_t)type;
	s->who[at] = who;
	s->id[at] = id;
}

/* two states are the same when their octets are */
_Static_assert(offsetof(struct model_state, o) == MODEL_DEVICE, "a device");
_Static_assert(offsetof(struct model_state, id) == offsetof(struct model_state, who) + MODEL_FLIGHT, "padding");
_Static_assert(sizeof(struct model_state) == offsetof(struct model_state, id) + 2 * MODEL_FLIGHT, "padding");

static void take_away(struct model_state *s, int at)
{
	for (int i = at; i + 1 < MODEL_FLIGHT; i++) {
		s->type[i] = s->type[i + 1];
		s->who[i] = s->who[i + 1];
		s->id[i] = s->id[i + 1];
	}
	s->type[MODEL_FLIGHT - 1] = s->who[MODEL_FLIGHT - 1] = 0;
	s->id[MODEL_FLIGHT - 1] = 0;
}

bool model_under_way(const struct model_state *s, enum model_message type)
{
	for (int i = 0; i < MODEL_FLIGHT; i++)
		if (s->type[i] == type)
			return true;
	return false;
}

uint8_t model_run_of(enum model_message type, uint16_t id)
{
	switch (type) {
	case M_HELLO:
		return (uint8_t)(id >> 2);
	case M_PROVE_DEVICE: case M_ACCEPT_READY: case M_COMMIT: case M_COMPLETE: case M_ABANDONED: case M_PROVE_OWNER:
	case M_PENDING: case M_DENIED: case M_ACCEPT_OWNERSHIP: case M_ISSUE: case M_ITEM: case M_COMMITTED:
		return (uint8_t)id;
	default:
		return 0;
	}
}

struct model_owner *model_owner(struct model_step *t) { return &t->s.o[t->who - 1]; }
struct model_owner *model_owner_now(struct model_step *t) { return &t->s.o[t->s.active - 1]; }
uint8_t model_owner_of(uint8_t who) { return who == D ? A : who; }

/* ---- one event, by the machine's own table ---- */
static const struct berth_machine *machine_of(bool owner) { return owner ? &berth_owner_machine : &berth_gateway_machine; }

static int find_row(const struct berth_machine *m, int state, const char *on)
{
	for (size_t i = 0; i < m->table_len; i++)
		if ((m->table[i].from == state || m->table[i].from == BERTH_STATE_STAY) && strcmp(m->table[i].on, on) == 0)
			return (int)i;
	return -1;
}

static model_fn *find(const struct model_binding *b, berth_step_fn *step)
{
	while (b->fn && b->step != step)
		b++;
	return b->fn;
}

static model_fn *bound(bool owner, int row)
{
	static model_fn *known[2][200];
	model_fn **fn = &known[owner][row];
	berth_step_fn *step = machine_of(owner)->table[row].step;

	if (!*fn && !(*fn = find(owner ? model_owners : model_gateway, step)))
		*fn = find(owner ? model_owners_life : model_gateway_life, step);
	return *fn;
}

/* What its steps choose in place of the row's own `to` (fx->state in the code). */
static bool may_choose(bool owner, int from, const char *on, int to)
{
	static const struct { bool owner; int from; const char *on; int to; } chosen[] = {
		{ false, GW_SEEKING, "timer", GW_CONTACTING }, { false, GW_CONTACTING, "timer", GW_CONTACTING },
		{ false, GW_CONTACTING, "resume", GW_CONTACTING },
		{ false, GW_OPERATIONAL, "timer", GW_RENEWING }, { false, GW_OPERATIONAL, "resume", GW_RENEWING },
		{ false, GW_RENEWING, "timer", GW_EXPIRED }, { false, GW_RENEWING, "resume", GW_EXPIRED },
		{ false, GW_RENEWING, "go", GW_EXPIRED }, { false, GW_RENEWING, "cmd/rotate", GW_EXPIRED },
		{ false, GW_RENEWING, "denied", GW_OPERATIONAL },
		{ false, GW_RELEASING, "cmd/consent", GW_OPERATIONAL }, { false, GW_RELEASING, "cmd/consent", GW_QUARANTINED },
		{ false, GW_RETIRING, "cmd/consent", GW_OPERATIONAL }, { false, GW_RETIRING, "cmd/consent", GW_QUARANTINED },
		{ false, GW_RELEASING, "transfer-cancel", GW_QUARANTINED },
		{ false, GW_RETIRING, "timer", GW_RETIRED }, { false, GW_RETIRING, "resume", GW_RETIRED },
		{ true, OW_DEVICE_OK, "go", OW_APPROVAL }, { true, OW_DEVICE_OK, "resume", OW_APPROVAL },
		{ true, OW_SUSPENDED, "cmd/resume", OW_RENEW_PENDING },
		{ false, GW_RENEWING, "resync", GW_OPERATIONAL }, { false, GW_OPERATIONAL, "resync", GW_RENEWING }, { false, GW_ROTATING, "resync", GW_RENEWING },
		{ true, OW_RENEW_PENDING, "resynced", OW_ACTIVE },
		{ true, OW_ACTIVE, "attest-evidence", OW_SUSPENDED }, { true, OW_RENEW_PENDING, "attest-evidence", OW_SUSPENDED },
		{ true, OW_SUSPENDED, "attest-evidence", OW_ACTIVE }, { true, OW_SUSPENDED, "attest-evidence", OW_RENEW_PENDING },
		{ true, OW_CHAIN_OK, "cmd/transfer", OW_TRANSFERRING }, { true, OW_PUBLISHED, "cmd/transfer", OW_TRANSFERRING },
	};

	if (!owner && strcmp(on, "status-notify") == 0)
		return to == GW_QUARANTINED || (from == GW_QUARANTINED && (to == GW_OPERATIONAL || to == GW_ROTATING ||
									  to == GW_EXPIRED || to == GW_SEEKING));
	/* it stays what it was before it was to be let go */
	if (owner && (strcmp(on, "refused") == 0 || strcmp(on, "cmd/transfer") == 0) &&
	    (from == OW_TRANSFERRING || from == OW_RETIRING))
		return to == OW_ACTIVE || to == OW_SUSPENDED || to == OW_REVOKED;
	/* the first word of its operational DID may be that */
	if (owner && from == OW_COMMITTED && strcmp(on, "renew-request") == 0)
		return to == OW_ACTIVE;
	/* taken up again by an owner that was restored */
	if (owner && strcmp(on, "renew-request") == 0 && to == OW_RENEW_PENDING)
		return true;
	/* planted: it counts as if it were a proof */
	if (owner && strcmp(on, "hello") == 0)
		return to == OW_SESSION;
	/* said no to before, it changes nothing */
	if (!owner && (strcmp(on, "transfer-prepare") == 0 || strcmp(on, "retire") == 0))
		return to == from;
	/* nor do a renewal that is denied, and keys that are known */
	if (owner && ((from == OW_ACTIVE && strcmp(on, "renew-request") == 0) ||
		      (from == OW_RENEW_PENDING && strcmp(on, "renew-activated") == 0)))
		return to == from;
	for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++)
		if (chosen[i].owner == owner && chosen[i].from == from && strcmp(chosen[i].on, on) == 0 && chosen[i].to == to)
			return true;
	return false;
}

static void settle(const struct model_step *t, bool owner, const struct berth_transition *row, int from, int *to)
{
	int want = row->to == BERTH_STATE_STAY ? from : row->to;

	if (*to == MODEL_FORGOTTEN) {
		*to = from;
		return;
	}
	if (*to == MODEL_STAY)
		*to = from;
	if (*to != want && !may_choose(owner, from, row->on, *to))
		fail_msg("%s: the model goes from %s to %s on %s, the table does not (choice %d)", machine_of(owner)->name,
			 machine_of(owner)->states[from], machine_of(owner)->states[*to], row->on, t->choice);
}

/* ---- what is on the device's disk ---- */
/* Neither the device's own counter nor what the test keeps account of is on it. */
static void go_back(struct model_state *s)
{
	struct model_state was = *s;

	memcpy(s, was.synced, MODEL_DEVICE);
	memcpy(s->owned, was.owned, sizeof(was.owned));
	s->device_epoch = was.device_epoch;
}

static void is_synced(struct model_state *s)
{
	memset(s->synced, 0, sizeof(s->synced));
}

static bool is_tentative(const struct model_step *t, const struct berth_transition *row, int to)
{
	struct berth_machine m = berth_gateway_machine;

	m.tentative |= t->m->tentative;
	return t->m->cuts && !t->lasting && berth_row_is_tentative(&m, row, to);
}

/* Attempts are numbered without an end; which of two is the later one is all that counts. */
static void renumber_attempts(struct model_state *s)
{
	uint8_t *synced = s->synced[0] ? &s->synced[offsetof(struct model_state, attempt)] : &s->attempt, none = 0;
	uint8_t low = s->attempt < *synced ? s->attempt : *synced, base;

	if (s->shown + 1 < low)
		s->shown = low - 1;
	base = s->shown < low ? s->shown : low;
	s->attempt -= base;
	*(s->synced[0] ? synced : &none) -= base;
	s->shown -= base;
}

/* After a step of the device; its commit puts all before it on the disk, too. */
static void write_down(const struct model_state *was, struct model_step *t, const struct berth_transition *row, int to)
{
	if (!is_tentative(t, row, to))
		is_synced(&t->s);
	else if (!was->synced[0])
		memcpy(t->s.synced, was, MODEL_DEVICE);
	if (t->s.synced[0] && memcmp(&t->s, t->s.synced, MODEL_DEVICE) == 0)
		is_synced(&t->s);
	renumber_attempts(&t->s);
}

static void power(struct explore *x, const struct model_state *s)
{
	struct model_state n = *s;

	if (!s->synced[0])
		return;
	is_synced(&n);
	renumber_attempts(&n);
	explore_to(x, &n, EXPLORE_AUTO, "it is on the disk");
	n = *s;
	go_back(&n);
	is_synced(&n);
	renumber_attempts(&n);
	explore_to(x, &n, EXPLORE_FAULT, "the power goes");
}

/* "a released owner is never obeyed": what changes the device is the word of whom it is being
 * onboarded by, or belongs to, in this epoch. */
static const char *judge(const struct model_state *was, const struct model_step *t)
{
	struct model_state is = t->s;

	is.attempt = was->attempt;	/* numbered anew */
	if (t->broken)
		return t->broken;
	if (t->s.epoch < was->epoch || t->s.device_epoch < was->device_epoch)
		return "P7: the epoch has decreased";
	if (!t->type || messages[t->type].to_owner || memcmp(was, &is, MODEL_DEVICE) == 0)
		return NULL;
	if (was->o[t->who - 1].epoch != was->epoch || (was->active != t->who && was->peer != t->who))
		return "P8: one who does not own the device is obeyed";
	return NULL;
}

/* ---- one event ---- */
struct event {
	bool owner;
	int from, row;
	enum explore_kind kind;
	const struct model_state *s;
	uint8_t who;
	uint16_t id;
	enum model_message type;
	const char *label;
};

static void *part(struct model_state *s, const struct event *e) { return e->owner ? &s->o[e->who - 1].state : &s->state; }

static void outcome(struct explore *x, const struct event *e, struct model_step *t, int to)
{
	const struct berth_transition *row = &machine_of(e->owner)->table[e->row];
	const char *broken;

	if (to != MODEL_REFUSED) {
		settle(t, e->owner, row, e->from, &to);
		*(uint8_t *)part(&t->s, e) = (uint8_t)to;
		if (!e->owner)
			write_down(e->s, t, row, to);
	} else if (!t->type) {
		return;
	}
	model_renumber(&t->s);
	if ((broken = judge(e->s, t)))
		explore_break(x, &t->s, e->label, broken);
	else if (memcmp(&t->s, e->s, sizeof(t->s)) != 0)
		explore_to(x, &t->s, e->kind, e->label);
}

/* "owner B: hello", one text each */
static const char *label_of(const struct event *e)
{
	static const char *const names[] = { "gateway", "owner A", "owner B", "delegate D" };
	static char text[4][200][40];
	char *at = text[e->owner ? e->who : 0][e->row];

	if (!*at)
		snprintf(at, sizeof(text[0][0]), "%s: %s", names[e->owner ? e->who : 0], machine_of(e->owner)->table[e->row].on);
	return at;
}

/* left: the state without the message, or with it, where it is there under another id too */
static void run(struct explore *x, struct event *e, const struct model_state *left)
{
	struct model *m = x->arg;
	model_fn *fn = bound(e->owner, e->row);
	int to;

	if (!fn)
		return;		/* the test holds what is left out against its own list */
	e->label = label_of(e);
	for (int choice = 0; !x->broken; choice++) {
		struct model_step t = { .m = m, .s = *left, .who = e->who, .id = e->id, .type = e->type,
			.on = machine_of(e->owner)->table[e->row].on, .choice = choice };

		if ((to = fn(&t)) == MODEL_END)
			return;
		m->used[e->owner][e->row] = 1;
		outcome(x, e, &t, to);
	}
}

/* ---- what may happen next ---- */
static int state_of(const struct event *e) { return e->owner ? e->s->o[e->who - 1].state : e->s->state; }

static bool is_message(const char *on)
{
	for (int i = 1; i < M_COUNT; i++)
		if (strcmp(messages[i].on, on) == 0)
			return true;
	return false;
}

/* Of a state of a machine: the row that takes each message, and those that wait for none. */
struct plan { int16_t takes[M_COUNT], alone[64]; size_t n; };
static struct plan plans[2][32];

static void plan(bool owner, int state)
{
	const struct berth_machine *m = machine_of(owner);
	struct plan *p = &plans[owner][state];

	for (int i = 1; i < M_COUNT; i++)
		p->takes[i] = (int16_t)find_row(m, state, messages[i].on);
	for (size_t i = 0; i < m->table_len; i++)
		if (!is_message(m->table[i].on) && find_row(m, state, m->table[i].on) == (int)i)
			p->alone[p->n++] = (int16_t)i;
}

static void plan_all(void)
{
	static bool done;

	for (int owner = 0; !done && owner < 2; owner++)
		for (size_t i = 0; i < machine_of(owner)->n_states; i++)
			plan(owner, (int)i);
	done = true;
}

/* A hook ends by itself, or by its time. */
static bool is_persons(const char *on) { return strncmp(on, "cmd/", 4) == 0 && strcmp(on, "cmd/item-result") != 0; }

/* Events of the host: of the clock and of a start by themselves, of a person otherwise. */
static void by_itself(struct explore *x, const struct model_state *s, bool owner, uint8_t who)
{
	struct event e = { .owner = owner, .s = s, .who = who };
	const struct plan *p;

	e.from = state_of(&e);
	p = &plans[owner][e.from];
	for (size_t i = 0; i < p->n && !x->broken; i++) {
		e.row = p->alone[i];
		e.kind = is_persons(machine_of(owner)->table[e.row].on) ? EXPLORE_PERSON : EXPLORE_AUTO;
		run(x, &e, s);
	}
}

/* A device in use asks at one address, and all that is said either way goes there. */
static bool is_reached(const struct model_state *s, int at)
{
	const struct model_owner *o = &s->o[s->who[at] - 1];

	if (s->active != s->who[at])
		return true;
	return model_is_at(o->at, s->type[at] == M_WHERE ? s->id[at] & 1 : s->at) || (s->type[at] == M_HERE && s->id[at] & 1);
}

/* Its id, should the power go. */
static bool is_forgotten(const struct model *m, const struct event *e)
{
	unsigned tentative = berth_gateway_machine.tentative | m->tentative;

	return m->cuts && !e->owner && tentative >> e->from & 1;
}

static void arrives(struct explore *x, const struct model_state *s, int at)
{
	struct event e = { .owner = messages[s->type[at]].to_owner, .s = s, .who = s->who[at], .id = s->id[at],
		.type = s->type[at], .kind = EXPLORE_AUTO };
	struct model_state left = *s;

	if (!model_is_level(s) || !is_reached(s, at))
		return;
	take_away(&left, at);
	if (e.type == M_COMPLETE) {	/* taken or refused, it is not given up any more */
		left.complete = left.due = 0;
		left.dead &= (uint8_t)~model_dead(M_COMPLETE);
	}
	e.from = state_of(&e);
	e.row = plans[e.owner][e.from].takes[e.type];
	if (e.row < 0) {
		explore_to(x, &left, EXPLORE_AUTO, messages[e.type].on);
		return;
	}
	run(x, &e, &left);
	e.kind = EXPLORE_FAULT;
	if (!messages[e.type].once || is_forgotten(x->arg, &e) || ((struct model *)x->arg)->faults & FAULT_NO_MEMORY)
		run(x, &e, s);
}

static void is_lost(struct explore *x, const struct model_state *s, int at)
{
	struct model_state left = *s;

	left.dead |= model_dead((enum model_message)s->type[at]);
	take_away(&left, at);
	explore_to(x, &left, is_reached(s, at) ? EXPLORE_FAULT : EXPLORE_AUTO, "lost");
}

/* The device's counter, after the commit or, planted, before it. */
static void counter(struct explore *x, const struct model_state *s)
{
	bool ends = s->state == GW_RETIRING || (s->state == GW_RELEASING && s->release_ready);
	struct model_state n = *s;

	if (s->device_epoch < s->epoch) {
		n.device_epoch++;
		explore_to(x, &n, EXPLORE_AUTO, "the counter follows");
	} else if (model_is_level(s) && ends && ((struct model *)x->arg)->faults & FAULT_COUNTER_FIRST) {
		n.device_epoch++;
		explore_to(x, &n, EXPLORE_FAULT, "the power goes between counter and commit");
	} else if (!model_is_level(s) && s->state != GW_QUARANTINED) {
		n.state = GW_QUARANTINED;
		((struct model *)x->arg)->used[0][find_row(&berth_gateway_machine, s->state, "rollback")] = 1;
		explore_to(x, &n, EXPLORE_AUTO, "gateway: rollback");
	}
}

/* A, who has let the device go, finds a copy of its store from before. */
static void old_copy(struct explore *x, const struct model_state *s)
{
	static const uint8_t states[] = { OW_PUBLISHED, OW_ACTIVE };
	struct model_state n = *s;

	if (!s->copies || s->o[0].state != OW_TRANSFERRED || s->o[1].state == OW_IMPORTED)
		return;
	n.copies--;
	for (size_t i = 0; i < sizeof(states); i++) {
		n.o[0].state = states[i];
		n.o[0].op = states[i] == OW_ACTIVE;
		explore_to(x, &n, EXPLORE_FAULT, "A puts an old copy back");
	}
}

static void restored(struct explore *x, const struct model_state *s, const struct model_owner *was)
{
	struct model_state n = *s;
	struct model_owner *o = &n.o[0];

	n.restores--;
	*o = *was;
	o->restored++;
	for (o->want = 0; o->want <= (s->set_seq > 0); o->want++) {
		o->is_set = MODEL_SET(0, o->want, BY_NOBODY);
		explore_to(x, &n, EXPLORE_FAULT, "A is restored from a backup");
	}
}

/* From before the device was onboarded, or any of its keys since.  What is numbered by the time, or
 * drawn by lot, is not used a second time. */
static void backup(struct explore *x, const struct model_state *s)
{
	const struct model_owner *o = &s->o[0];
	struct model_owner was = { .epoch = o->epoch, .seq = o->seq, .transfers = o->transfers, .last = o->last, .heard = o->heard,
		.restored = o->restored, .at = o->at, .told = o->told };
	bool leaves = s->state == GW_RELEASING || s->state == GW_RETIRING || s->state == GW_RETIRED;

	if (!s->restores || s->active != A || leaves || o->epoch != s->epoch)
		return;
	was.state = OW_PUBLISHED;
	restored(x, s, &was);
	was.used = 1;
	for (was.op = 1; was.op <= s->op; was.op++) {
		was.state = OW_ACTIVE;
		was.renewal = 0;
		restored(x, s, &was);
		was.state = OW_COMMITTED;
		if (was.op == 1)
			restored(x, s, &was);
		was.state = OW_RENEW_PENDING;
		was.renewal = was.op + 1;
		if (was.renewal <= s->keys)
			restored(x, s, &was);
	}
}

/* An owner comes to a further address, and leaves the first one. */
static void move(struct explore *x, const struct model_state *s)
{
	struct model_state n = *s;
	struct model_owner *o = s->active ? &n.o[s->active - 1] : NULL;

	if (!s->moves || !o)
		return;
	n.moves--;
	for (uint8_t at = AT_0; at <= AT_1; at++)
		if (at != s->o[s->active - 1].at) {
			o->at = at;
			explore_to(x, &n, EXPLORE_FAULT, "the owner moves");
		}
}

void model_first(struct model_state *s) { *s = (struct model_state){ .state = GW_INITIALIZED }; }

void model_owned(struct model_state *s)
{
	*s = (struct model_state){ .state = GW_OPERATIONAL, .tip = A, .active = A, .op = 1, .keys = 1, .owned = { A } };
	s->o[0].state = OW_ACTIVE;
	s->o[0].op = 1;
	s->o[0].used = 1;
}

void model_next(struct explore *x, const void *state)
{
	const struct model_state *s = state;

	plan_all();
	for (int i = 0; i < MODEL_FLIGHT && s->type[i] && !x->broken; i++) {
		arrives(x, s, i);
		is_lost(x, s, i);
	}
	power(x, s);
	counter(x, s);
	old_copy(x, s);
	backup(x, s);
	move(x, s);
	if (model_is_level(s))
		by_itself(x, s, false, 0);
	for (uint8_t who = A; who <= MODEL_OWNERS && !x->broken; who++)
		by_itself(x, s, true, who);
}

void model_print(const struct model_state *s)
{
	printf("gateway %s epoch %u run %u of %u active %u keys %u next %u why %u ended %u\n", berth_gateway_machine.states[s->state],
	       s->epoch, s->run, s->peer, s->active, s->op, s->renewal, s->why, s->ended);
	printf("sets: last %u staged %02x in use %02x kept %02x trial %u waits %u; resync %u of %u; at %u\n", s->set_seq, s->staged,
	       s->in_use, s->kept, s->trial, s->wait, s->resync, s->resynced, s->at);
	for (int i = 0; i < MODEL_OWNERS; i++)
		printf("owner %c %s epoch %u run %u keys %u next %u is %u transfer %u; wants %u changed %u set %02x has %02x (%u) "
		       "restored %u synced %u at %u signed %u\n", "ABD"[i],
		       berth_owner_machine.states[s->o[i].state], s->o[i].epoch, s->o[i].run, s->o[i].op, s->o[i].renewal,
		       s->o[i].is, s->o[i].transfer, s->o[i].want, s->o[i].changed, s->o[i].set, s->o[i].is_set, s->o[i].odd,
		       s->o[i].restored, s->o[i].synced, s->o[i].at, s->o[i].signed_);
	if (s->synced[0])
		printf("on the disk: gateway %s run %u of %u\n", berth_gateway_machine.states[s->synced[0]],
		       s->synced[offsetof(struct model_state, run)], s->synced[offsetof(struct model_state, peer)]);
	for (int i = 0; i < MODEL_FLIGHT && s->type[i]; i++)
		printf("under way: %s, %c, %u\n", messages[s->type[i]].on, "?ABD"[s->who[i]], s->id[i]);
}
