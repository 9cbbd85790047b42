/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "agent/protocol/problem.h"
#include "agent/protocol/relation.h"
#include "did/url.h"

#define DIDCOMM_ORG "https://didcomm.org/"
#define PRUNE_MAX 16	/* in one step */
#define ABANDONED "e.p.abandoned"
#define DECLINED "The exchange was declined."

/* ---- threads ---- */
static bool is_in(const char *const *list, const char *s)
{
	for (; *list; list++)
		if (strcmp(*list, s) == 0)
			return true;
	return false;
}

enum berth_err berth_exchange_find(struct berth_env *env, const struct berth_event *ev, const char *ns,
				   const char *const *starters, char **key)
{
	bool report = strncmp(ev->in->msg.type, BERTH_PIURI_PROBLEM, strlen(BERTH_PIURI_PROBLEM)) == 0;
	const char *thid = report ? ev->in->msg.pthid : ev->in->msg.thid;
	struct berth_buf there = BERTH_BUF_INIT;
	char hex[65];
	enum berth_err rc;

	if (!thid)
		return berth_fail(BERTH_E_NOMATCH, "a report about no thread");
	if ((rc = berth_thread_key(env, ev->sender, thid, hex)))
		return rc;
	rc = env->records->get(env->records, ns, hex, &there);
	berth_buf_free(&there);
	if (rc == BERTH_E_NOMATCH && is_in(starters, ev->on))
		rc = BERTH_OK;
	if (!rc && !(*key = strdup(hex)))
		rc = berth_no_memory();
	return rc;
}

/* What is older than a month, and than what was issued in it, goes; with no room left, what has ended longest ago, of the
 * peer that wants it first. */
struct ended { char key[65]; int64_t at; };
struct pruning {
	struct berth_env *env;
	struct berth_effects *fx;
	const char *ns, *who;
	int64_t n, open;		/* all, and the peer's that have not ended */
	size_t gone;
	struct ended any, theirs;	/* the oldest */
};

static void note_ended(struct ended *e, const char *key, int64_t at)
{
	if (!*e->key || at < e->at) {
		snprintf(e->key, sizeof(e->key), "%s", key);
		e->at = at;
	}
}

static void count(struct pruning *p, const char *key, const struct berth_json *v)
{
	const struct berth_json *data = berth_json_get(v, "data");
	const char *state = berth_data_str(v, "state"), *who = berth_data_str(data, "who");
	bool theirs = who && p->who && strcmp(who, p->who) == 0;

	p->n++;
	if (!state || (strcmp(state, BERTH_EXCHANGE_DONE) != 0 && strcmp(state, BERTH_EXCHANGE_ABANDONED) != 0)) {
		p->open += theirs;
		return;
	}
	note_ended(&p->any, key, berth_data_int(data, "at", 0));
	if (theirs)
		note_ended(&p->theirs, key, berth_data_int(data, "at", 0));
}

static enum berth_err prune_one(void *arg, const char *key, const uint8_t *value, size_t len)
{
	struct pruning *p = arg;
	struct berth_json *v = NULL;
	enum berth_err rc = berth_json_parse_object(&v, (const char *)value, len, BERTH_JSON_MAX);
	const struct berth_json *data = berth_json_get(v, "data");
	int64_t until = berth_data_int(data, "at", 0) + BERTH_EXCHANGE_KEEP_S;

	if (berth_data_int(data, "keepS", 0) > until)
		until = berth_data_int(data, "keepS", 0);
	if (!rc && p->gone < PRUNE_MAX && p->env->uptime_s > until) {
		p->gone++;
		rc = berth_effects_remove(p->fx, p->ns, key);
	} else if (!rc) {
		count(p, key, v);
	}
	berth_json_free(v);
	return rc;
}

/* who: the peer that begins one, NULL: we. */
static enum berth_err make_room(struct berth_env *env, struct berth_effects *fx, const char *ns, const char *who)
{
	struct pruning p = { .env = env, .fx = fx, .ns = ns, .who = who };
	enum berth_err rc = env->records->each(env->records, ns, prune_one, &p);

	if (rc)
		return rc;
	if (p.open >= BERTH_EXCHANGES_PEER_MAX)
		return berth_fail(BERTH_E_QUOTA, "%d exchanges that this peer began are open", BERTH_EXCHANGES_PEER_MAX);
	if (p.n < BERTH_EXCHANGES_MAX)
		return BERTH_OK;
	if (!*p.any.key)
		return berth_fail(BERTH_E_QUOTA, "%d exchanges are open", BERTH_EXCHANGES_MAX);
	return berth_effects_remove(fx, ns, *p.theirs.key ? p.theirs.key : p.any.key);
}

static enum berth_err fill(struct berth_env *env, struct berth_json *data, const char *peer, const char *me,
			   const char *thid, const char *version)
{
	enum berth_err rc;

	if ((rc = berth_json_set_str(data, "peer", peer)) || (rc = berth_json_set_str(data, "me", me)) ||
	    (rc = berth_json_set_str(data, "thid", thid)) || (rc = berth_json_set_str(data, "version", version)))
		return rc;
	return berth_json_set_int(data, "at", env->uptime_s);
}

/* ".../2.0/name": the part between the last two slashes */
static bool version_of(const char *type, char version[8])
{
	const char *name = strrchr(type, '/');
	size_t n = 0;

	while (name && name - n > type && name[-1 - (ptrdiff_t)n] != '/')
		n++;
	if (!name || n == 0 || n >= 8)
		return false;
	memcpy(version, name - n, n);
	version[n] = '\0';
	return true;
}

enum berth_err berth_exchange_begin(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				    struct berth_effects *fx, const char *ns)
{
	const struct berth_identity *me = ev->in->encrypted_to_kid ? env->identity_of(env, ev->in->encrypted_to_kid) : NULL;
	char version[8], who[65];
	enum berth_err rc;

	if (env->stranger(env, ev->sender))
		return berth_fail(BERTH_E_AUTHZ, "%s from a stranger", ev->on);
	if (!me || !version_of(ev->in->msg.type, version))
		return berth_fail(BERTH_E_ADDR, "%s to nobody here", ev->on);
	if ((rc = berth_thread_key(env, ev->sender, "", who)) || (rc = make_room(env, fx, ns, who)) ||
	    (rc = berth_json_set_str(inst->data, "who", who)))
		return rc;
	return fill(env, inst->data, ev->sender, me->name, ev->in->msg.thid, version);
}

enum berth_err berth_exchange_open(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				   struct berth_effects *fx, const char *ns)
{
	const char *to, *thid;
	struct berth_way way = { 0 };
	enum berth_err rc;

	if (berth_data_str(inst->data, "peer"))
		return BERTH_OK;	/* it is open: an answer by the operator */
	if ((rc = berth_json_req_str(ev->args, "to", BERTH_DID_URL_MAX, &to)) ||
	    (rc = berth_json_req_str(ev->args, "thid", BERTH_MESSAGE_ID_MAX, &thid)) || (rc = berth_way_to(env, to, &way)))
		return rc;
	if ((strcmp(to, BERTH_TO_OWNER) == 0 || !(rc = env->learn(env, to))) && !(rc = make_room(env, fx, ns, NULL)))
		rc = fill(env, inst->data, way.peer, way.me->name, thid, "3.0");
	berth_way_free(&way);
	return rc;
}

enum berth_err berth_exchange_check(struct berth_instance *inst, const struct berth_event *ev)
{
	const char *begun = berth_data_str(inst->data, "version");
	char version[8];

	if (!begun || !version_of(ev->in->msg.type, version) || strcmp(version, begun) != 0)
		return berth_fail(BERTH_E_TYPE, "%.120s in an exchange of version %s", ev->in->msg.type, begun ? begun : "none");
	return berth_json_set_str(inst->data, "peer", ev->sender);
}

const struct berth_identity *berth_exchange_me(struct berth_env *env, const struct berth_instance *inst)
{
	const char *me = berth_data_str(inst->data, "me");

	return me ? env->identity(env, me) : NULL;
}

/* The owner of a device is dialled where it said to be; everybody else as the document
 * says. */
static enum berth_err uri_of(struct berth_env *env, const char *peer, char **uri)
{
	struct berth_way way = { 0 };
	enum berth_err rc = berth_way_to(env, peer, &way);

	*uri = way.uri;
	way.uri = NULL;
	berth_way_free(&way);
	return rc;
}

enum berth_err berth_exchange_send(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
				   const char *protocol, const char *name, struct berth_json *body,
				   struct berth_send **out)
{
	const struct berth_identity *me = berth_exchange_me(env, inst);
	const char *peer = berth_data_str(inst->data, "peer");
	char type[BERTH_MESSAGE_TYPE_MAX], *uri = NULL;
	enum berth_err rc = me && peer ? uri_of(env, peer, &uri) : berth_fail(BERTH_E_STORE, "exchange: no identity any more");

	if (rc) {
		berth_json_free(body);
		return rc;
	}
	snprintf(type, sizeof(type), DIDCOMM_ORG "%s/%s/%s", protocol, berth_data_str(inst->data, "version"), name);
	rc = berth_effects_send(env, fx, me, peer, uri, type, berth_data_str(inst->data, "thid"), body, out);
	free(uri);
	return rc;
}

enum berth_err berth_exchange_send_ack(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
				       const char *protocol)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc = berth_json_set_str(body, "status", "OK");

	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return berth_exchange_send(env, inst, fx, protocol, "ack", body, NULL);
}

struct berth_verify berth_exchange_verify(const struct berth_env *env)
{
	struct berth_verify v = { .n_trust = 0 };

	if (env->policy->judging)
		v = *env->policy->judging;
	v.resolver = env->resolver;
	v.now_s = env->now_s;
	v.floor_s = env->floor_s;
	return v;
}

struct berth_json *berth_exchange_body(const struct berth_json *args)
{
	const char *comment = berth_data_str(args, "comment");
	struct berth_json *body = berth_json_new_object();

	if (comment && berth_json_set_str(body, "comment", comment)) {
		berth_json_free(body);
		return NULL;
	}
	return body;
}

/* ---- the end ---- */

/* report-problem 2.0, or 2.0's own message of that name, whose code is an object's. */
enum berth_err berth_exchange_on_problem(struct berth_env *env, struct berth_instance *inst,
					 const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_problem p = { .code = "e.p.unknown" };
	enum berth_err rc;

	(void)env;
	if (strncmp(ev->in->msg.type, BERTH_PIURI_PROBLEM, strlen(BERTH_PIURI_PROBLEM)) != 0) {
		berth_effects_audit(fx, "%.80s has ended thread %.80s", ev->sender, ev->in->msg.thid);
		return berth_json_set_str(inst->data, "problem", p.code);
	}
	if ((rc = berth_problem_read(&p, &ev->in->msg)) || (rc = berth_problem_note(fx, ev, &p)))
		return rc;
	if (!berth_problem_ends(&p))
		fx->state = inst->state;	/* a warning, or about one message: the exchange goes on */
	return berth_json_set_str(inst->data, "problem", p.code);
}

/* The operator's "no": both sides abandon it. */
enum berth_err berth_exchange_on_decline(struct berth_env *env, struct berth_instance *inst,
					 const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *me = berth_exchange_me(env, inst);

	(void)ev;
	if (!me)
		return berth_fail(BERTH_E_STORE, "exchange: no identity any more");
	return berth_problem_send(env, fx, me, berth_data_str(inst->data, "peer"), berth_data_str(inst->data, "thid"),
				  (struct berth_problem_words){ ABANDONED, DECLINED }, NULL);
}

enum berth_err berth_exchange_on_ack(struct berth_env *env, struct berth_instance *inst,
				     const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)fx;
	return berth_exchange_check(inst, ev);
}
