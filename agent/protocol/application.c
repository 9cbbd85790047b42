/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in for local applications: basic message 2.0, and every type that is
 * granted to one of them.  A stranger's message is refused: people get to know us by an
 * invitation, or by being written to.  A box without room is a "not now" to the sender,
 * unless another application has taken the message. */
#include "agent/protocol/application_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/protocol/empty.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/problem.h"
#include "agent/protocol/relation.h"
#include "did/url.h"
#include "didcomm/problem.h"

#define DIDCOMM_ORG "https://didcomm.org/"
#define CONTENT_MAX BERTH_APP_MESSAGE_MAX

bool berth_type_matches(const char *pattern, const char *type)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '*')
		return strncmp(pattern, type, n - 1) == 0;
	return strcmp(pattern, type) == 0;
}

static bool begins(const char *type, const char *with)
{
	return with && with[0] && strncmp(type, with, strlen(with)) == 0;
}

bool berth_type_is_reserved(const struct berth_env *env, const char *type)
{
	static const char *const names[] = {
		"coordinate-mediation/", "discover-features/", "empty/", "issue-credential/", "messagepickup/",
		"out-of-band/", "present-proof/", "report-problem/", "revocation_notification/", "routing/", "trust-ping/",
	};

	if (begins(type, BERTH_PIURI_BASIC))
		return false;
	for (size_t i = 0; i < env->n_machines; i++)
		if (begins(type, env->machines[i]->piuri) || begins(type, env->machines[i]->piuri2))
			return true;
	if (begins(type, "urn:berth:"))
		return true;
	for (size_t i = 0; begins(type, DIDCOMM_ORG) && i < sizeof(names) / sizeof(names[0]); i++)
		if (begins(type + strlen(DIDCOMM_ORG), names[i]))
			return true;
	return false;
}

void berth_app_key(char key[BERTH_APP_KEY_MAX], const char *name, int64_t seq)
{
	if (seq)
		snprintf(key, BERTH_APP_KEY_MAX, "%.63s/%016" PRIx64, name, (uint64_t)seq);
	else
		snprintf(key, BERTH_APP_KEY_MAX, "%.63s/", name);
}

struct berth_json *app_state(struct berth_instance *inst, const char *name)
{
	struct berth_json *apps = berth_data_obj(inst->data, "apps");

	return apps ? berth_data_obj(apps, name) : NULL;
}

enum berth_err app_thread(struct berth_env *env, const char *peer, const char *thid, struct berth_json **out)
{
	struct berth_buf text = BERTH_BUF_INIT;
	char key[65];
	enum berth_err rc;

	*out = NULL;
	if (!(rc = berth_thread_key(env, peer, thid, key)) &&
	    !(rc = env->records->get(env->records, NS_APP_THREAD, key, &text)))
		rc = berth_json_parse_object(out, (const char *)text.p, text.len, 4096);
	berth_buf_free(&text);
	return rc;
}

/* ---- the box ---- */
static enum berth_err seal_into(struct berth_env *env, struct berth_effects *fx, const char *name, int64_t seq,
				const struct berth_json *entry, size_t *len)
{
	struct berth_buf text = BERTH_BUF_INIT, box = BERTH_BUF_INIT;
	char key[BERTH_APP_KEY_MAX];
	enum berth_err rc;

	berth_app_key(key, name, seq);
	if ((rc = berth_json_print(&text, entry)) || (rc = berth_buf_status(&text)))
		goto out;
	if (text.len > BERTH_APP_MESSAGE_MAX) {
		rc = berth_fail(BERTH_E_SIZE, "a message of %zu bytes for an application", text.len);
		goto out;
	}
	if (!(rc = berth_env_seal(env, key, &text, &box)))
		rc = berth_effects_put(fx, BERTH_NS_APP_BOX, key, box.p, box.len);
	*len = box.len;
out:
	berth_buf_free(&text);
	berth_buf_free(&box);
	return rc;
}

/* E_UNAVAILABLE: its box is full. */
static enum berth_err put_for(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			      const char *name, const struct berth_json *entry)
{
	struct berth_json *app = app_state(inst, name);
	int64_t n = berth_data_int(app, "n", 0), bytes = berth_data_int(app, "bytes", 0);
	int64_t seq = berth_data_int(inst->data, "seq", 0) + 1;
	size_t len = 0;
	enum berth_err rc;

	if (n >= BERTH_APP_BOX_MSGS || bytes >= BERTH_APP_BOX_BYTES)
		return berth_fail(BERTH_E_UNAVAILABLE, "application %s has %lld messages to read", name, (long long)n);
	if ((rc = seal_into(env, fx, name, seq, entry, &len)) || (rc = berth_json_set_int(inst->data, "seq", seq)) ||
	    (rc = berth_json_set_int(app, "n", n + 1)))
		return rc;
	return berth_json_set_int(app, "bytes", bytes + (int64_t)len);
}

static bool wants(const struct berth_application *app, const char *type)
{
	for (size_t i = 0; i < app->n_types; i++)
		if (berth_type_matches(app->types[i], type))
			return true;
	return false;
}

/* To each that was granted the type and has room; one is enough. */
static enum berth_err put_for_all(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				  const char *type, const struct berth_json *entry)
{
	bool taken = false;
	const char *full = NULL;
	enum berth_err rc;

	for (size_t i = 0; i < env->policy->n_apps; i++) {
		const struct berth_application *app = &env->policy->apps[i];

		if (!wants(app, type))
			continue;
		rc = put_for(env, inst, fx, app->name, entry);
		if (rc && rc != BERTH_E_UNAVAILABLE)
			return rc;
		if (rc)
			full = app->name;
		taken |= !rc;
	}
	if (taken && full)
		berth_effects_audit(fx, "application %s does not read its messages: one is lost to it", full);
	if (taken)
		return BERTH_OK;
	return full ? berth_fail(BERTH_E_UNAVAILABLE, "application %s does not read its messages", full)
		    : berth_fail(BERTH_E_TYPE, "no application here takes %.120s", type);
}

/* ---- what is told ---- */
static enum berth_err copy(struct berth_json *to, const struct berth_json *from, const char *key)
{
	const struct berth_json *v = berth_json_get(from, key);

	return v ? berth_json_set(to, key, berth_json_clone(v)) : BERTH_OK;
}

/* The message without what the envelope has settled; from: who proved to be it; for:
 * the type by which it is the application's. */
static enum berth_err describe(const struct berth_event *ev, const char *as, struct berth_json **out)
{
	static const char *const members[] = { "id", "type", "thid", "pthid", "created_time", "expires_time", "lang", "accept-lang",
		"ack", "body", "attachments" };
	const struct berth_message *m = &ev->in->msg;
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc = berth_json_set_str(o, "for", as);

	if (!rc)
		rc = berth_json_set_str(o, "from", ev->sender);
	for (size_t i = 0; !rc && i < sizeof(members) / sizeof(members[0]); i++)
		rc = copy(o, m->json, members[i]);
	if (!rc)
		rc = berth_json_set_str(o, "thid", m->thid);
	return berth_json_give(out, o, rc);
}

/* basic message 2.0: "content of the user intended message" */
static enum berth_err check_basic(const struct berth_message *m)
{
	const char *content;

	if (strcmp(m->type, BERTH_PIURI_BASIC "message") != 0)
		return BERTH_OK;
	return berth_json_req_str(m->body, "content", CONTENT_MAX, &content);
}

static enum berth_err on_message(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	const char *type = ev->in->msg.type;
	struct berth_json *entry = NULL;
	enum berth_err rc;

	if (env->stranger(env, ev->sender))
		return berth_fail(BERTH_E_AUTHZ, "%.120s from a stranger", type);
	if (berth_type_is_reserved(env, type))
		return berth_fail(BERTH_E_TYPE, "%.120s is no application's", type);
	if ((rc = check_basic(&ev->in->msg)) || (rc = describe(ev, type, &entry)))
		return rc;
	rc = put_for_all(env, inst, fx, type, entry);
	berth_json_free(entry);
	return rc;
}

/* A peer has ended a thread that an application began. */
static enum berth_err on_problem(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *thread = NULL, *entry = NULL;
	struct berth_problem p;
	enum berth_err rc;

	if ((rc = berth_problem_read(&p, &ev->in->msg)) || (rc = berth_problem_note(fx, ev, &p)) ||
	    (rc = app_thread(env, ev->sender, ev->in->msg.pthid, &thread)) ||
	    (rc = describe(ev, berth_data_str(thread, "for"), &entry)))
		goto out;
	rc = put_for(env, inst, fx, berth_data_str(thread, "app"), entry);
	if (rc == BERTH_E_UNAVAILABLE)
		rc = BERTH_OK;	/* it is in the audit log */
out:
	berth_json_free(thread);
	berth_json_free(entry);
	return rc;
}

/* args: {"app", "upTo"}: it has these and all before them.  result {"more"}: once more. */
struct acked { const char *prefix, *last; struct berth_effects *fx; int64_t n, bytes; bool more; };

static enum berth_err ack_one(void *arg, const char *key, const uint8_t *value, size_t len)
{
	struct acked *a = arg;

	(void)value;
	if (strncmp(key, a->prefix, strlen(a->prefix)) != 0 || strcmp(key, a->last) > 0)
		return BERTH_E_NOMATCH;		/* the walk is over */
	a->more = a->n == BERTH_APP_ACKED_MAX;
	if (a->more)
		return BERTH_E_NOMATCH;
	a->n++;
	a->bytes += (int64_t)len;
	return berth_effects_remove(a->fx, BERTH_NS_APP_BOX, key);
}

static enum berth_err on_ack(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	char prefix[BERTH_APP_KEY_MAX], last[BERTH_APP_KEY_MAX];
	struct acked a = { .prefix = prefix, .last = last, .fx = fx };
	struct berth_json *app;
	const char *name;
	int64_t seq;
	enum berth_err rc;

	if ((rc = berth_json_req_str(ev->args, "app", 63, &name)) ||
	    (rc = berth_json_req_int(ev->args, "upTo", 1, INT64_MAX, &seq)))
		return rc;
	berth_app_key(prefix, name, 0);
	berth_app_key(last, name, seq);
	rc = env->records->each_after(env->records, BERTH_NS_APP_BOX, prefix, ack_one, &a);
	if (rc && rc != BERTH_E_NOMATCH)
		return rc;
	app = app_state(inst, name);
	fx->result = berth_json_new_object();
	if ((rc = berth_json_set_int(app, "n", berth_data_int(app, "n", a.n) - a.n)) ||
	    (rc = berth_json_set_int(app, "bytes", berth_data_int(app, "bytes", a.bytes) - a.bytes)))
		return rc;
	return berth_json_set_bool(fx->result, "more", a.more);
}

/* Told once, to who asked.  E_NOMATCH: nobody did. */
static enum berth_err acked_one(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				const char *peer, const char *id)
{
	struct berth_json *thread = NULL, *entry = berth_json_new_object(), *ids = berth_json_new_array();
	char key[65];
	enum berth_err rc = app_thread(env, peer, id, &thread);

	if (!rc && !berth_json_bool(berth_json_get(thread, "asked"), false))
		rc = berth_fail(BERTH_E_NOMATCH, "acknowledged before");
	if (rc)
		goto out;
	berth_json_remove(thread, "asked");
	if ((rc = berth_thread_key(env, peer, id, key)) || (rc = berth_effects_put_json(fx, NS_APP_THREAD, key, thread)) ||
	    (rc = berth_json_push_str(ids, id)) || (rc = berth_json_set_str(entry, "for", berth_data_str(thread, "for"))) ||
	    (rc = berth_json_set_str(entry, "type", BERTH_TYPE_EMPTY)) || (rc = berth_json_set_str(entry, "from", peer)))
		goto out;
	rc = berth_json_set(entry, "ack", ids);
	ids = NULL;
	if (!rc && (rc = put_for(env, inst, fx, berth_data_str(thread, "app"), entry)) == BERTH_E_UNAVAILABLE)
		rc = BERTH_OK;
out:
	berth_json_free(thread);
	berth_json_free(entry);
	berth_json_free(ids);
	return rc;
}

/* args: {"peer", "ids"}: a peer has these messages of ours.  E_NOMATCH: no news. */
static enum berth_err on_acked(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *ids;
	const char *peer;
	bool told = false;
	enum berth_err rc;

	if ((rc = berth_json_req_str(ev->args, "peer", BERTH_DID_URL_MAX, &peer)) ||
	    (rc = berth_json_req_arr(ev->args, "ids", BERTH_MESSAGE_ACKS_MAX, &ids)))
		return rc;
	berth_json_each(id, ids) {
		if (fx->n_puts + 2 > BERTH_EFFECTS_PUTS_MAX)
			break;
		rc = berth_json_str(id) ? acked_one(env, inst, fx, peer, berth_json_str(id)) : BERTH_E_NOMATCH;
		if (rc && rc != BERTH_E_NOMATCH)
			return rc;
		told |= !rc;
	}
	return told ? BERTH_OK : berth_fail(BERTH_E_NOMATCH, "nobody asked for these acknowledgements");
}

/* A problem report is ours when the thread it names was begun here. */
static enum berth_err find(struct berth_env *env, const struct berth_event *ev, char **key)
{
	struct berth_json *thread = NULL;
	enum berth_err rc = BERTH_OK;

	if (strcmp(ev->on, "problem-report") == 0)
		rc = ev->in->msg.pthid ? app_thread(env, ev->sender, ev->in->msg.pthid, &thread)
				       : berth_fail(BERTH_E_NOMATCH, "a report about no thread");
	berth_json_free(thread);
	if (!rc && !(*key = strdup("self")))
		rc = berth_no_memory();
	return rc;
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "message",        on_message,  BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "problem-report", on_problem,  BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "cmd/send",       app_on_send, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "cmd/ack",        on_ack,      BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "cmd/acked",      on_acked,    BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_app_machine = {
	.name = "app", .piuri = BERTH_PIURI_BASIC, .piuri2 = BERTH_PIURI_PROBLEM, .states = states, .n_states = 1,
	.table = table, .table_len = sizeof(table) / sizeof(table[0]), .find = find, .reports = true, .rest = true,
	.everyday = true,
};
