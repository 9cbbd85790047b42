/* SPDX-License-Identifier: Apache-2.0 */
/* discover-features 2.0.  The responder says which protocols, headers, versions and goals
 * we have.  Not all is for everybody: a stranger hears of the protocols that take messages
 * of strangers, and not whether this is somebody's factory.  The requester keeps what a
 * peer that was asked discloses. */
#include "agent/protocol/discover.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/application.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/oob.h"
#include "agent/protocol/relation.h"
#include "did/url.h"

#define PIURI "https://didcomm.org/discover-features/2.0/"
#define QUERIES_MAX 16
#define MATCH_MAX 256
#define TYPE_MAX 64
#define DISCLOSURES_MAX 64
#define ID_MAX 128

static const struct { const char *type, *id; } fixed[] = {
	{ "accept", "didcomm/v2" },
	{ "didcomm-version", "https://github.com/decentralized-identity/didcomm-messaging" },
	{ "header", "ack" },
	{ "header", "from_prior" },
	{ "header", "please_ack" },
	{ "header", "return_route" },
	{ "protocol", "https://didcomm.org/empty/1.0" },
};

/* Back to the last star when what follows it does not fit: at most pattern x id steps. */
bool berth_discover_matches(const char *pattern, const char *id)
{
	const char *star = NULL, *from = NULL;

	while (*id) {
		if (*pattern == '*') {
			star = pattern++;
			from = id;
		} else if (*pattern == *id) {
			pattern++;
			id++;
		} else if (star) {
			pattern = star + 1;
			id = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

static bool is_there(const struct berth_json *list, const char *type, const char *id)
{
	berth_json_each(d, list) {
		const char *t = berth_json_str(berth_json_get(d, "feature-type")), *i = berth_json_str(berth_json_get(d, "id"));

		if (t && i && strcmp(t, type) == 0 && strcmp(i, id) == 0)
			return true;
	}
	return false;
}

static enum berth_err disclose(struct berth_json *list, const char *type, const char *id)
{
	struct berth_json *d;
	enum berth_err rc;

	if (berth_json_len(list) >= DISCLOSURES_MAX || is_there(list, type, id))
		return BERTH_OK;
	d = berth_json_new_object();
	if ((rc = berth_json_set_str(d, "feature-type", type)) || (rc = berth_json_set_str(d, "id", id))) {
		berth_json_free(d);
		return rc;
	}
	return berth_json_push(list, d);
}

/* The role that a machine plays; of several that share a protocol, each. */
static enum berth_err add_role(struct berth_json *list, const char *id, const char *role)
{
	struct berth_json *d = berth_json_first_mut(list), *roles;
	enum berth_err rc;

	while (d && strcmp(berth_json_str(berth_json_get(d, "id")), id) != 0)
		d = berth_json_next_mut(d);
	if (!d || !role)
		return BERTH_OK;
	if (!berth_json_get(d, "roles") && (rc = berth_json_set(d, "roles", berth_json_new_array())))
		return rc;
	roles = berth_json_get_mut(d, "roles");
	berth_json_each(r, roles)
		if (strcmp(berth_json_str(r), role) == 0)
			return BERTH_OK;
	return berth_json_push_str(roles, role);
}

/* Its identifier has no slash at the end. */
static enum berth_err
disclose_protocol(struct berth_json *list, const char *match, const char *piuri, const char *role)
{
	char id[ID_MAX + 1];
	enum berth_err rc;

	if (!piuri)
		return BERTH_OK;
	snprintf(id, sizeof(id), "%.*s", (int)strlen(piuri) - 1, piuri);
	if (!berth_discover_matches(match, id))
		return BERTH_OK;
	return (rc = disclose(list, "protocol", id)) ? rc : add_role(list, id, role);
}

/* What local applications were granted: the protocol of a type, or of a family of one
 * protocol; a wider family is no protocol. */
static enum berth_err disclose_type(struct berth_json *list, const char *match, const char *pattern)
{
	const char *slash = strrchr(pattern, '/');
	char piuri[ID_MAX];
	size_t n = slash ? (size_t)(slash - pattern) + 1 : 0;

	if (n < 2 || n >= sizeof(piuri) || memchr(pattern, '*', n))
		return BERTH_OK;
	memcpy(piuri, pattern, n);
	piuri[n] = '\0';
	return disclose_protocol(list, match, piuri, NULL);
}

static enum berth_err disclose_applications(struct berth_env *env, struct berth_json *list, const char *match)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < env->policy->n_apps; i++)
		for (size_t k = 0; !rc && k < env->policy->apps[i].n_types; k++) {
			const char *type = env->policy->apps[i].types[k];

			if (!berth_type_is_reserved(env, type))
				rc = disclose_type(list, match, type);
			if (!rc && berth_type_matches(type, BERTH_PIURI_BASIC "message"))
				rc = disclose_protocol(list, match, BERTH_PIURI_BASIC, NULL);
		}
	return rc;
}

static enum berth_err disclose_machines(struct berth_env *env, struct berth_json *list, const char *match, bool stranger)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < env->n_machines; i++) {
		const struct berth_machine *m = env->machines[i];

		if ((stranger && !m->strangers) || m->rest)
			continue;
		if (!(rc = disclose_protocol(list, match, m->piuri, m->role)))
			rc = disclose_protocol(list, match, m->piuri2, m->role);
	}
	return rc || stranger ? rc : disclose_applications(env, list, match);
}

/* Goals of invitations that may still be answered: who knows us may know what for. */
struct goals { const struct berth_env *env; struct berth_json *list; const char *match; };

static enum berth_err disclose_goal(void *arg, const char *key, const uint8_t *value, size_t len)
{
	const struct goals *g = arg;
	struct berth_json *v = NULL;
	enum berth_err rc = berth_json_parse_object(&v, (const char *)value, len, BERTH_JSON_MAX);
	const char *goal = berth_data_str(v, "goalCode");
	int64_t expires = berth_data_int(v, "expires", 0);

	(void)key;
	if (!rc && goal && strlen(goal) <= ID_MAX && (!expires || expires > g->env->uptime_s) &&
	    (int64_t)berth_json_len(berth_json_get(v, "used")) < berth_data_int(v, "uses", 1) &&
	    berth_discover_matches(g->match, goal))
		rc = disclose(g->list, "goal-code", goal);
	berth_json_free(v);
	return rc;
}

static enum berth_err
answer_one(struct berth_env *env, const struct berth_json *query, bool stranger, struct berth_json *list)
{
	struct goals g = { .env = env, .list = list };
	const char *type, *match;
	enum berth_err rc;

	if ((rc = berth_json_req_str(query, "feature-type", TYPE_MAX, &type)) ||
	    (rc = berth_json_req_str(query, "match", MATCH_MAX, &match)))
		return rc;
	for (size_t i = 0; !rc && i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strcmp(type, fixed[i].type) == 0 && berth_discover_matches(match, fixed[i].id))
			rc = disclose(list, type, fixed[i].id);
	if (!rc && strcmp(type, "protocol") == 0)
		rc = disclose_machines(env, list, match, stranger);
	g.match = match;
	if (!rc && !stranger && strcmp(type, "goal-code") == 0)
		rc = env->records->each(env->records, BERTH_NS_OOB, disclose_goal, &g);
	return rc;
}

/* Owned; E_TYPE and E_SIZE for queries that are none. */
static enum berth_err
answer(struct berth_env *env, const struct berth_json *body, bool stranger, struct berth_json **out)
{
	struct berth_json *list = berth_json_new_array();
	const struct berth_json *queries;
	enum berth_err rc = berth_json_req_arr(body, "queries", QUERIES_MAX, &queries);

	*out = NULL;
	if (!rc)
		berth_json_each(q, queries)
			if ((rc = answer_one(env, q, stranger, list)))
				break;
	if (rc) {
		berth_json_free(list);
		return rc;
	}
	*out = berth_json_new_object();
	if ((rc = berth_json_set(*out, "disclosures", list))) {
		berth_json_free(*out);
		*out = NULL;
	}
	return rc;
}

static enum berth_err on_queries(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *me =
		ev->in->encrypted_to_kid ? env->identity_of(env, ev->in->encrypted_to_kid) : NULL;
	struct berth_json *body;
	enum berth_err rc;

	(void)inst;
	if (!me)
		return berth_fail(BERTH_E_ADDR, "a query to nobody here");
	if ((rc = answer(env, ev->in->msg.body, env->stranger(env, ev->sender), &body)))
		return rc;
	return berth_effects_send(env, fx, me, ev->sender, NULL, PIURI "disclose", ev->in->msg.thid, body, NULL);
}

/* ---- asking ---- */
static enum berth_err ask_for(struct berth_json *list, const char *type, const char *match)
{
	struct berth_json *q = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(q, "feature-type", type)) || (rc = berth_json_set_str(q, "match", match))) {
		berth_json_free(q);
		return rc;
	}
	return berth_json_push(list, q);
}

static enum berth_err make_queries(const char *match, struct berth_json **out)
{
	static const char *const types[] = { "protocol", "goal-code", "header", "accept" };
	struct berth_json *body = berth_json_new_object(), *list = berth_json_new_array();
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < sizeof(types) / sizeof(types[0]); i++)
		rc = ask_for(list, types[i], match);
	rc = berth_json_set_made(body, "queries", list, rc);
	return berth_json_give(out, body, rc);
}

/* What is kept of a peer: {"did", "thid", "disclosures"?}. */
static enum berth_err put_features(struct berth_effects *fx, const char *peer, const char *thid, const struct berth_json *list)
{
	struct berth_json *v = berth_json_new_object();
	char key[65];
	enum berth_err rc;

	if (!(rc = berth_json_set_str(v, "did", peer)) && !(rc = berth_json_set_str(v, "thid", thid)) &&
	    (!list || !(rc = berth_json_set(v, "disclosures", berth_json_clone(list)))) && !(rc = berth_peer_key(key, peer)))
		rc = berth_effects_put_json(fx, BERTH_NS_FEATURES, key, v);
	berth_json_free(v);
	return rc;
}

/* args: {"to", "match"?}; result {"peer", "thid"} */
static enum berth_err on_command(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	const char *to, *match = "*";
	struct berth_way way = { 0 };
	struct berth_json *body;
	struct berth_send *s;
	enum berth_err rc;

	(void)inst;
	if ((rc = berth_json_req_str(ev->args, "to", BERTH_DID_URL_MAX, &to)) ||
	    (rc = berth_json_opt_str(ev->args, "match", MATCH_MAX, &match)) || (rc = berth_way_to(env, to, &way)))
		return rc;
	if ((strcmp(to, BERTH_TO_OWNER) != 0 && (rc = env->learn(env, to))) || (rc = make_queries(match, &body)) ||
	    (rc = berth_effects_send(env, fx, way.me, way.peer, way.uri, PIURI "queries", NULL, body, &s)) ||
	    (!way.uri && !env->policy->n_endpoints && (rc = berth_message_set(&s->msg, "return_route", "all"))) ||
	    (rc = put_features(fx, s->to, s->msg.thid, NULL)))
		goto out;
	fx->result = berth_json_new_object();
	if (!(rc = berth_json_set_str(fx->result, "peer", s->to)))
		rc = berth_json_set_str(fx->result, "thid", s->msg.thid);
out:
	berth_way_free(&way);
	return rc;
}

/* Only what was asked for, from who was asked; the last answer counts. */
static enum berth_err on_disclose(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *asked = NULL;
	const struct berth_json *list;
	char key[65];
	enum berth_err rc;

	(void)inst;
	if ((rc = berth_peer_key(key, ev->sender)) || (rc = env->records->get(env->records, BERTH_NS_FEATURES, key, &text)) ||
	    (rc = berth_json_parse_object(&asked, (const char *)text.p, text.len, BERTH_JSON_MAX)))
		goto out;
	if (!berth_data_str(asked, "thid") || strcmp(berth_data_str(asked, "thid"), ev->in->msg.thid) != 0)
		rc = berth_fail(BERTH_E_NOMATCH, "disclosures that nobody asked for");
	else if (!(rc = berth_json_req_arr(ev->in->msg.body, "disclosures", DISCLOSURES_MAX, &list)))
		rc = put_features(fx, ev->sender, ev->in->msg.thid, list);
out:
	berth_json_free(asked);
	berth_buf_free(&text);
	return rc;
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "queries",   on_queries,  BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "disclose",  on_disclose, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "cmd/query", on_command,  BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_discover_machine = {
	.name = "discover", .piuri = PIURI, .states = states, .n_states = 1,
	.table = table, .table_len = sizeof(table) / sizeof(table[0]), .strangers = true,
	.everyday = true,
};
