/* SPDX-License-Identifier: Apache-2.0 */
/* Every member of every message of a good run, from birth to OPERATIONAL, is once left
 * out and once of another type.  Whoever gets that says the exact code, keeps none of it,
 * and the run comes to its end with what is said again. */
#include "tests/fakes/forge.h"
#include "tests/fakes/tap.h"

#define LIMIT_S 14400
#define SEEN_MAX 200

struct member { char message[40], name[40]; bool object; };
static struct member seen[SEEN_MAX];
static size_t n_seen;

/* What is not E_TYPE: members that nothing depends on, by design or because something
 * signed says the same, and those that a signature covers as a whole.  Anonymous messages
 * and those that belong to no instance (no deviceHash) leave no line anywhere. */
static const struct exception {
	const char *message, *member;	/* member NULL: all of them */
	const char *left_out, *mistyped;	/* "": nothing is refused */
} exceptions[] = {
	{ "lookup", NULL, "", "" },
	{ "challenge", NULL, "", "" },
	{ "registered", "deviceHash", "", "" },
	{ "hello", "deviceHash", "", "" },
	{ "hello", "suites", "", "" },
	{ "prove-owner", "evidence", "E_AUTHZ", "E_AUTHZ" },
	{ "prove-device", "capabilities", "E_AUTHZ", "E_AUTHZ" },
	{ "accept-ready", "receipt", "E_AUTHZ", "E_AUTHZ" },
	{ "accept-ready", "attempt", "E_AUTHZ", "E_AUTHZ" },
	{ "provision-item", "seq", "", "E_TYPE" },
	{ "provision-item", "sensitivity", "", "E_TYPE" },
};

static const char *expected(const struct member *m, bool left_out)
{
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
		const struct exception *e = &exceptions[i];

		if (strcmp(e->message, m->message) == 0 && (!e->member || strcmp(e->member, m->name) == 0))
			return left_out ? e->left_out : e->mistyped;
	}
	return "E_TYPE";
}

static bool is_seen(const char *message, const char *name)
{
	for (size_t i = 0; i < n_seen; i++)
		if (strcmp(seen[i].message, message) == 0 && strcmp(seen[i].name, name) == 0)
			return true;
	return false;
}

static void note(void *arg, const struct berth_pack *p, const struct berth_message *m, size_t packed)
{
	const char *message = strrchr(m->type, '/') + 1;

	(void)arg;
	(void)p;
	(void)packed;
	berth_json_each(v, m->body) {
		if (is_seen(message, berth_json_key(v)))
			continue;
		assert_true(n_seen < SEEN_MAX);
		snprintf(seen[n_seen].message, sizeof(seen[0].message), "%s", message);
		snprintf(seen[n_seen].name, sizeof(seen[0].name), "%s", berth_json_key(v));
		seen[n_seen++].object = berth_json_is(v, BERTH_JSON_OBJECT);
	}
}

/* ---- one member ---- */
static struct story *now;
static struct change {
	const struct member *m;
	bool left_out;
	struct sim_node *to;
	struct berth_json *before;
	int lines;		/* that name any error, in its audit log */
} change;

static struct sim_node *receiver(const struct berth_json *m)
{
	const char *did = berth_json_str(berth_json_at(berth_json_get(m, "to"), 0));

	for (size_t i = 0; i < now->w.n; i++) {
		struct sim_node *n = &now->w.node[i];

		if (n->agent) {
			struct berth_env *env = berth_agent_env(n->agent);

			if (env->identity_of(env, did))
				return n;
		}
	}
	return now->gateway;		/* the did:key of a lookup */
}

static struct berth_json *instance(struct sim_node *n)
{
	static const char *const machines[] = { "gateway", "owner", "factory" };
	struct berth_json *v = NULL;

	for (size_t i = 0; i < 3 && !v; i++)
		if (berth_agent_instance(n->agent, machines[i], i ? now->device : NULL, &v))
			v = NULL;
	return v;
}

static void edit(struct berth_json *m, void *arg)
{
	struct berth_json *body = berth_json_get_mut(m, "body");

	(void)arg;
	berth_json_remove(body, change.m->name);
	if (!change.left_out)
		CHECK_OK(change.m->object ? berth_json_set_int(body, change.m->name, 5)
					  : berth_json_set(body, change.m->name, berth_json_new_object()));
	change.to = receiver(m);
	change.before = instance(change.to);
	change.lines = story_audit(change.to, "E_");
}

static bool refused(struct sim *w)
{
	(void)w;
	return change.to && story_audit(change.to, "E_") > change.lines;
}

static bool refused_or_operational(struct sim *w)
{
	return refused(w) || story_operational(w);
}

static const char *what(void)
{
	static char text[160];

	snprintf(text, sizeof(text), "%s: %s %s", change.m->message, change.m->name, change.left_out ? "left out" : "mistyped");
	return text;
}

/* Several of them come in one frame, and the good ones are taken. */
static bool comes_with_others(const struct member *m)
{
	return strcmp(m->message, "issue") == 0 || strcmp(m->message, "provision-item") == 0;
}

/* The data is as it was, but for why somebody was refused; the state may be another, as the
 * row says.  moved: others have gone on since. */
static void check_refusal(const char *code, bool moved)
{
	struct berth_json *after = instance(change.to);
	char line[64];

	if (code[0] == '\0' && refused(&now->w))
		fail_msg("%s is refused", what());
	snprintf(line, sizeof(line), "%s:", code);
	if (code[0] && story_audit(change.to, line) < 1)
		fail_msg("%s is not %s", what(), code);
	snprintf(line, sizeof(line), "refused: %s", code);
	berth_json_remove(berth_json_get_mut(after, "data"), "denied");
	if (code[0] && !moved && !comes_with_others(change.m) && story_audit(change.to, line) > 0 && change.before &&
	    !berth_json_equal(berth_json_get(change.before, "data"), berth_json_get(after, "data")))
		fail_msg("%s moved the %s", what(), change.to->name);
	berth_json_free(after);
}

static bool born(struct sim *w)
{
	(void)w;
	return strcmp(sim_state(now->gateway, "gateway", NULL), "INITIALIZED") == 0;
}

static void in_the_birth(struct story *s, const char *code)
{
	sim_on(s->gateway);
	sim_run_steps(&s->w, refused, 5);
	assert_true(forge_edited());
	check_refusal(code, false);
	if (!sim_run(&s->w, born, LIMIT_S))
		fail_msg("%s: it is never born", what());
}

static void later(struct story *s, const char *code)
{
	bool sold;

	story_birth(s);
	story_sale(s);
	sold = forge_edited();
	sim_on(s->gateway);
	sim_run_steps(&s->w, sold ? story_operational : refused_or_operational, LIMIT_S);
	assert_true(forge_edited());
	check_refusal(code, sold);
	if (strcmp(change.m->message, "complete") == 0)	/* said once: see test_adversaries.c */
		assert_string_equal(story_state(s, s->owner), "COMMITTED");
	else if (!sim_run(&s->w, story_settled, LIMIT_S))
		fail_msg("%s: the gateway stays %s", what(), sim_state(s->gateway, "gateway", NULL));
}

static void one(const struct member *m, bool left_out)
{
	struct story s = { 0 };

	now = &s;
	change = (struct change){ .m = m, .left_out = left_out };
	story_cast(&s);
	forge_edit(m->message, edit, NULL);
	if (strncmp(m->message, "factory-", 8) == 0)
		in_the_birth(&s, expected(m, left_out));
	else
		later(&s, expected(m, left_out));
	berth_json_free(change.before);
	story_end(&s);
}

static void a_good_run(void)
{
	struct story s = { 0 };

	n_seen = 0;
	story_cast(&s);
	test_tap(note, NULL);
	story_start(&s);
	story_settle(&s);
	story_end(&s);
}

static void every_member(bool left_out)
{
	a_good_run();
	assert_true(n_seen > 40);
	for (size_t i = 0; i < n_seen; i++)
		one(&seen[i], left_out);
}

static void each_member_left_out(void **state) { (void)state; every_member(true); }
static void each_member_of_another_type(void **state) { (void)state; every_member(false); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_left_out),
		cmocka_unit_test(each_member_of_another_type),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
