/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/protocol.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/log.h"
#include "did/codec/base64url.h"

/* Most names differ in their first character. */
static bool same(const char *a, const char *b) { return *a == *b && strcmp(a, b) == 0; }

static const struct berth_transition *
find_row(const struct berth_machine *m, int state, const char *on)
{
	for (size_t i = 0; i < m->table_len; i++) {
		const struct berth_transition *t = &m->table[i];

		if ((t->from == state || t->from == BERTH_STATE_STAY) && same(t->on, on))
			return t;
	}
	return NULL;
}

/* What only the host may say.  A message whose type ends in such a word is nothing
 * that any protocol knows: nobody quarantines or approves anything from outside. */
static bool is_of_the_host(const char *on)
{
	static const char *const names[] = { "go", "resume", "rollback", "timer", "due", "dead", "silent" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (same(on, names[i]))
			return true;
	return strncmp(on, "cmd/", 4) == 0;
}

static void set_state(const struct berth_machine *m, struct berth_instance *inst, int to, const char *on)
{
	if (to == BERTH_STATE_STAY || to == inst->state)
		return;
	berth_log(BERTH_LOG_INFO, "state", "%s %s: %s -> %s on %s", m->name, inst->key,
		  m->states[inst->state], m->states[to], on);
	inst->state = to;
}

/* What a failed step may still cause: a line in the audit log and another try. */
static void keep_audit_and_timer(struct berth_effects *fx)
{
	char *audit = fx->audit;
	uint64_t timer_ms = fx->timer_ms, due_ms = fx->due_ms;

	fx->audit = NULL;
	berth_effects_free(fx);
	fx->audit = audit;
	fx->timer_ms = timer_ms;
	fx->due_ms = due_ms;
}

static bool is_tentative(const struct berth_machine *m, int state) { return state >= 0 && m->tentative >> state & 1; }

bool berth_row_is_tentative(const struct berth_machine *m, const struct berth_transition *row, int to)
{
	return is_tentative(m, row->from) && is_tentative(m, to) && strncmp(row->on, "cmd/", 4) != 0;
}

/* Keys and counters are beside the store and cannot be taken back with it. */
static bool ends_something(const struct berth_effects *fx)
{
	return fx->n_forget || fx->wipe || fx->clear_device || fx->step_generation || fx->step_epoch || fx->floor_s ||
	       fx->floor_back || fx->gone_peer || fx->moved_peer;
}

enum berth_err berth_machine_step(const struct berth_machine *m, struct berth_env *env,
				  struct berth_instance *inst, const struct berth_event *ev,
				  struct berth_effects *fx)
{
	const struct berth_transition *row = find_row(m, inst->state, ev->on);
	enum berth_err rc;

	berth_effects_init(fx);
	if (!row || (ev->in != NULL) == is_of_the_host(ev->on))
		return berth_fail(BERTH_E_TYPE, "%s: no %s in state %s", m->name, ev->on,
				  m->states[inst->state]);
	rc = row->step(env, inst, ev, fx);
	if (rc == BERTH_OK) {
		set_state(m, inst, fx->state == BERTH_STATE_STAY ? row->to : fx->state, ev->on);
		fx->fleeting = !fx->lasting && !ends_something(fx) && berth_row_is_tentative(m, row, inst->state);
		return BERTH_OK;
	}
	keep_audit_and_timer(fx);
	set_state(m, inst, row->otherwise, ev->on);
	return rc;
}

bool berth_machine_knows(const struct berth_machine *m, const char *on)
{
	for (size_t i = 0; i < m->table_len; i++)
		if (same(m->table[i].on, on))
			return true;
	return false;
}

int berth_machine_state(const struct berth_machine *m, const char *name)
{
	for (size_t i = 0; i < m->n_states; i++)
		if (same(m->states[i], name))
			return (int)i;
	return -1;
}

void berth_instance_free(struct berth_instance *inst)
{
	free(inst->key);
	berth_json_free(inst->data);
	*inst = (struct berth_instance){ 0 };
}

enum berth_err berth_instance_apart(struct berth_env *env, const struct berth_machine *m, const struct berth_instance *inst,
				    struct berth_json **out)
{
	const struct berth_json *set = berth_json_get(inst->data, m->apart);
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	*out = NULL;
	if (set)
		return (*out = berth_json_clone(set)) ? BERTH_OK : berth_no_memory();
	if (!(rc = env->records->get(env->records, m->apart_ns, inst->key, &text)))
		rc = berth_json_parse(out, (const char *)text.p, text.len, BERTH_JSON_MAX);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_env_seal(struct berth_env *env, const char *label, const struct berth_buf *plain, struct berth_buf *box)
{
	return env->keys->ops->seal(env->keys, label, env->has_epoch ? env->epoch : -1, plain->p, plain->len, box);
}

enum berth_err berth_env_unseal(struct berth_env *env, const char *label, const uint8_t *box, size_t len,
				struct berth_buf *plain)
{
	enum berth_err rc = env->keys->ops->unseal(env->keys, label, env->has_epoch ? env->epoch : -1, box, len, plain);

	/* what an earlier version has sealed knew no epoch */
	if (rc != BERTH_E_DECRYPT || !env->has_epoch)
		return rc;
	berth_buf_reset(plain);
	return env->keys->ops->unseal(env->keys, label, -1, box, len, plain);
}

enum berth_err berth_body_get_b64(const struct berth_json *obj, const char *key, size_t max,
				  struct berth_buf *out)
{
	const char *text;
	enum berth_err rc = berth_json_req_str(obj, key, max / 3 * 4 + 4, &text);

	if (rc == BERTH_OK)
		rc = berth_b64url_decode(out, text, strlen(text));
	if (rc == BERTH_OK && out->len > max)
		rc = berth_fail(BERTH_E_SIZE, "%s: more than %zu bytes", key, max);
	return rc;
}

enum berth_err berth_body_get_32(const struct berth_json *obj, const char *key, uint8_t out[32])
{
	const char *text;
	enum berth_err rc = berth_json_req_str(obj, key, 43, &text);

	memset(out, 0, 32);
	return rc ? rc : berth_b64url_decode_fixed(out, 32, text, strlen(text));
}

enum berth_err berth_body_is_32(const struct berth_json *obj, const char *key, const uint8_t want[32])
{
	uint8_t said[32];
	enum berth_err rc = berth_body_get_32(obj, key, said);

	if (!rc && memcmp(said, want, 32) != 0)
		rc = berth_fail(BERTH_E_AUTHZ, "%s is another one", key);
	return rc;
}
