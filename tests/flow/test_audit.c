/* SPDX-License-Identifier: Apache-2.0 */
/* When an audit log is signed: after a hundred rows, an hour after the first of them, at a
 * good end, and as the last thing that a retired device's key does. */
#include "agent/core/audit_chain.h"
#include "agent/protocol/owner.h"
#include "tests/fakes/forge.h"

#define HOUR_S 3600

static struct sim_node *watched;

static int64_t rest(struct sim_node *n)
{
	int64_t rows;

	CHECK_OK(berth_agent_audit_unsigned(n->agent, &rows));
	return rows;
}

static bool is_signed(struct sim *w) { (void)w; return rest(watched) == 0; }

static void say(struct sim_node *n, int lines)
{
	CHECK_OK(berth_store_begin(n->store));
	while (lines--)
		CHECK_OK(berth_store_audit(n->store, 1, "test", "a line"));
	CHECK_OK(berth_store_commit(n->store));
}

static void check_signed(struct sim_node *n, int64_t row)
{
	struct berth_audit_chain c;

	CHECK_OK(berth_store_audit_check(n->store, NULL, &c));
	assert_int_equal(c.signed_row, row);
	assert_string_equal(c.did, berth_agent_env(n->agent)->identity(berth_agent_env(n->agent), BERTH_ID_AUDIT)->did);
	berth_audit_chain_free(&c);
}

static void begin(struct story *s)
{
	story_cast(s);
	watched = s->owner;
	sim_as(s->owner);
	CHECK_OK(berth_agent_make_signer(s->owner->agent, BERTH_ID_AUDIT, BERTH_KEY_ED25519, BERTH_PURPOSE_BIT(BERTH_SIGN_AUDIT)));
}

static void p16_a_log_is_signed_after_rows_and_after_a_while(void **state)
{
	struct story s;
	int64_t at;

	(void)state;
	begin(&s);
	at = rest(s.owner);
	say(s.owner, 99 - (int)at);
	assert_false(sim_run(&s.w, is_signed, HOUR_S / 2));	/* not yet */
	say(s.owner, 1);
	assert_true(sim_run(&s.w, is_signed, 600));
	check_signed(s.owner, 101);
	say(s.owner, 1);
	assert_false(sim_run(&s.w, is_signed, HOUR_S / 2));
	assert_true(sim_run(&s.w, is_signed, HOUR_S));
	check_signed(s.owner, 103);
	sim_wait(&s.w, 3 * HOUR_S);
	check_signed(s.owner, 103);	/* nothing new: nothing signed */
	story_end(&s);
}

static void p16_a_log_is_signed_at_a_good_end(void **state)
{
	struct story s;
	int64_t rows;

	(void)state;
	begin(&s);
	say(s.owner, 3);
	rows = rest(s.owner);
	berth_agent_audit_close(s.owner->agent);
	check_signed(s.owner, rows + 1);
	berth_agent_audit_close(s.owner->agent);
	check_signed(s.owner, rows + 1);
	story_end(&s);
}

static void p16_without_its_key_a_log_stays_unsigned_and_says_so(void **state)
{
	struct berth_buf jws = BERTH_BUF_INIT;
	struct berth_audit_head h;
	struct story s;

	(void)state;
	story_cast(&s);
	sim_as(s.owner);
	say(s.owner, 200);
	sim_wait(&s.w, HOUR_S);
	assert_in_range(rest(s.owner), 200, 300);
	CHECK_RC(BERTH_E_NOMATCH, berth_agent_audit_sign(s.owner->agent, &h, &jws));
	story_end(&s);
}

/* What the owner makes of a head in a device's message; the message itself counts in any case. */
/* A head that the agent's key has signed, whatever its log is. */
static void sign_any(struct sim_node *n, int64_t seq, int64_t generation, uint8_t hash, struct berth_buf *jws)
{
	const struct berth_identity *id = story_identity(n, BERTH_ID_AUDIT);
	struct berth_audit_head h = { .seq = seq, .generation = generation, .time_s = -1 };
	struct berth_buf payload = BERTH_BUF_INIT;

	sim_as(n);
	memset(h.hash, hash, sizeof(h.hash));
	CHECK_OK(berth_audit_head_payload(&payload, id->did, &h));
	berth_buf_reset(jws);
	CHECK_OK(berth_keyring_sign_compact(n->keys->keyring, id->sign_kid, BERTH_SIGN_AUDIT, payload.p, payload.len, jws));
	berth_buf_free(&payload);
}

static void note_head(struct story *s, struct berth_instance *inst, const char *jws)
{
	struct berth_json *body = berth_json_new_object();
	struct berth_unpacked in = { .msg = { .body = body } };
	struct berth_event ev = { .on = "status-noted", .in = &in };

	sim_as(s->owner);
	CHECK_OK(berth_json_set_str(body, "auditHead", jws));
	CHECK_OK(owner_note_audit(berth_agent_env(s->owner->agent), inst, &ev));
	berth_json_free(body);
}

static int64_t sign(struct sim_node *n, struct berth_buf *jws)
{
	struct berth_audit_head h;

	sim_as(n);
	berth_buf_reset(jws);
	CHECK_OK(berth_agent_audit_sign(n->agent, &h, jws));
	return h.seq;
}

static void check_held(const struct berth_instance *inst, int64_t seq, const char *problem)
{
	const char *is = berth_data_str(inst->data, "auditProblem");

	assert_int_equal(berth_data_int(berth_json_get(inst->data, "audit"), "seq", -1), seq);
	if (problem)
		assert_int_equal(strncmp(is ? is : "", problem, strlen(problem)), 0);
	else
		assert_null(is);
}

static void p16_the_owner_holds_how_far_a_log_has_come(void **state)
{
	struct berth_instance inst = { .data = berth_json_new_object() };
	struct berth_buf early = BERTH_BUF_INIT, late = BERTH_BUF_INIT, others = BERTH_BUF_INIT;
	int64_t first, last;
	struct story s;
	uint8_t was;

	(void)state;
	begin(&s);
	sim_as(s.factory);
	CHECK_OK(berth_agent_make_signer(s.factory->agent, BERTH_ID_AUDIT, BERTH_KEY_ED25519, BERTH_PURPOSE_BIT(BERTH_SIGN_AUDIT)));
	first = sign(s.owner, &early);
	last = sign(s.owner, &late);
	assert_true(last > first);
	sign(s.factory, &others);

	note_head(&s, &inst, berth_buf_cstr(&early));
	check_held(&inst, first, NULL);
	note_head(&s, &inst, berth_buf_cstr(&late));
	check_held(&inst, last, NULL);
	note_head(&s, &inst, berth_buf_cstr(&late));	/* once more is fine */
	check_held(&inst, last, NULL);
	note_head(&s, &inst, berth_buf_cstr(&early));
	check_held(&inst, last, "E_REPLAY: its audit log ends at row");
	note_head(&s, &inst, berth_buf_cstr(&others));
	check_held(&inst, last, "E_AUTHZ: its audit log is signed by another key");
	note_head(&s, &inst, "x.y.z");
	check_held(&inst, last, "E_");
	was = late.p[late.len - 4];
	late.p[late.len - 4] = was == 'A' ? 'B' : 'A';
	note_head(&s, &inst, berth_buf_cstr(&late));
	check_held(&inst, last, "E_SIG");
	late.p[late.len - 4] = was;
	note_head(&s, &inst, berth_buf_cstr(&late));
	check_held(&inst, last, NULL);
	berth_json_free(inst.data);
	berth_buf_free(&early);
	berth_buf_free(&late);
	berth_buf_free(&others);
	story_end(&s);
}

/* A log that was cut and has grown again to where it was, or beyond: its device has signed both,
 * and no later word of its makes one of them. */
static void p16_a_device_has_one_log(void **state)
{
	static const struct { int64_t seq, generation; uint8_t hash; const char *problem; } others[] = {
		{ 100, 7, 'b', "E_SIG: it has signed two audit logs" }, { 120, 6, 'b', "E_SIG: it has signed two audit logs" },
		{ 100, 7, 'a', NULL }, { 100, 8, 'a', NULL }, { 120, 7, 'b', NULL },
	};
	struct berth_buf jws = BERTH_BUF_INIT;
	struct story s;

	(void)state;
	begin(&s);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct berth_instance inst = { .data = berth_json_new_object() };

		sign_any(s.owner, 100, 7, 'a', &jws);
		note_head(&s, &inst, berth_buf_cstr(&jws));
		check_held(&inst, 100, NULL);
		sign_any(s.owner, others[i].seq, others[i].generation, others[i].hash, &jws);
		note_head(&s, &inst, berth_buf_cstr(&jws));
		check_held(&inst, others[i].problem ? 100 : others[i].seq, others[i].problem);
		sign_any(s.owner, 60, 7, 'b', &jws);
		note_head(&s, &inst, berth_buf_cstr(&jws));
		sign_any(s.owner, 140, 9, 'b', &jws);
		note_head(&s, &inst, berth_buf_cstr(&jws));
		check_held(&inst, 140, others[i].problem);
		berth_json_free(inst.data);
	}
	berth_buf_free(&jws);
	story_end(&s);
}

static char *operational(struct story *s)
{
	struct berth_json *g = story_data(s, s->gateway);
	char *name = strdup(berth_data_str(berth_json_get(g, "active"), "identity"));

	berth_json_free(g);
	return name;
}

/* An item-result of the device's; status NULL: it is none. */
static void result(struct story *s, struct sim_node *from, const char *identity, const char *status)
{
	struct berth_json *body = berth_json_new_object();
	struct berth_hash h;

	sim_as(s->gateway);
	CHECK_OK(berth_device_hash(&h, story_identity(s->gateway, BERTH_ID_FACTORY)->did, 0));
	CHECK_OK(berth_json_set_b64url(body, "deviceHash", h.b, 32));
	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	CHECK_OK(berth_json_set_str(body, "id", "x"));
	if (status)
		CHECK_OK(berth_json_set_str(body, "status", status));
	forge_say(&(struct forge_say){ .from = from, .identity = identity, .to = s->owner,
		  .to_did = story_identity(s->owner, BERTH_ID_OWNER)->did, .name = "item-result" }, body);
}

/* The rows of before would make room for them, whatever they were about. */
static void p16_one_peer_does_not_fill_a_log(void **state)
{
	struct story s;
	char *op;

	(void)state;
	story_begin(&s);
	assert_true(sim_run(&s.w, story_settled, 2 * HOUR_S));
	op = operational(&s);
	for (int i = 0; i < 400; i++)
		result(&s, s.gateway, op, "ok");
	assert_int_equal(story_audit(s.owner, "item x ok"), 300);
	for (int i = 0; i < 100; i++)
		result(&s, s.gateway, op, NULL);
	assert_int_equal(story_audit(s.owner, "refused: E_TYPE"), 60);
	/* and others cannot hide behind it, nor it behind itself */
	result(&s, s.rendezvous, BERTH_ID_RENDEZVOUS, "ok");
	assert_int_equal(story_audit(s.owner, "refused: E_AUTHZ"), 1);
	sim_as(s.gateway);
	CHECK_OK(berth_agent_command(s.gateway->agent, "gateway", NULL, "cmd/rotate", NULL, NULL));
	sim_wait(&s.w, HOUR_S / 2);
	assert_int_equal(story_audit(s.owner, "uses its new keys"), 1);
	sim_wait(&s.w, HOUR_S);
	free(op);
	op = operational(&s);
	result(&s, s.gateway, op, "failed");	/* an hour later it is heard again */
	assert_int_equal(story_audit(s.owner, "item x failed"), 1);
	free(op);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p16_a_log_is_signed_after_rows_and_after_a_while),
		cmocka_unit_test(p16_a_log_is_signed_at_a_good_end),
		cmocka_unit_test(p16_without_its_key_a_log_stays_unsigned_and_says_so),
		cmocka_unit_test(p16_the_owner_holds_how_far_a_log_has_come), cmocka_unit_test(p16_a_device_has_one_log),
		cmocka_unit_test(p16_one_peer_does_not_fill_a_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
