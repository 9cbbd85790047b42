/* SPDX-License-Identifier: Apache-2.0 */
/* discover-features 2.0, the responder: which protocols, headers and versions we have.
 * Not all is for everybody: a stranger hears of the protocols that take messages of
 * strangers, and not whether this is somebody's factory. */
#include "agent/protocol/discover.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/empty.h"
#include "agent/protocol/onboarding.h"

#define PIURI "https://didcomm.org/discover-features/2.0/"
#define QUERIES_MAX 16
#define MATCH_MAX 256
#define TYPE_MAX 64
#define DISCLOSURES_MAX 64
#define ID_MAX 128

static const struct { const char *type, *id; } fixed[] = {
	{ "didcomm-version", "https://github.com/decentralized-identity/didcomm-messaging" },
	{ "header", "from_prior" },
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

static enum berth_err
answer_one(struct berth_env *env, const struct berth_json *query, bool stranger, struct berth_json *list)
{
	const char *type, *match;
	enum berth_err rc;

	if ((rc = berth_json_req_str(query, "feature-type", TYPE_MAX, &type)) ||
	    (rc = berth_json_req_str(query, "match", MATCH_MAX, &match)))
		return rc;
	for (size_t i = 0; !rc && i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strcmp(type, fixed[i].type) == 0 && berth_discover_matches(match, fixed[i].id))
			rc = disclose(list, type, fixed[i].id);
	for (size_t i = 0; !rc && strcmp(type, "protocol") == 0 && i < env->n_machines; i++) {
		const struct berth_machine *m = env->machines[i];

		if (stranger && !m->strangers)
			continue;
		if (!(rc = disclose_protocol(list, match, m->piuri, m->role)))
			rc = disclose_protocol(list, match, m->piuri2, m->role);
	}
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

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	{ 0, "queries", on_queries, BERTH_STATE_STAY, BERTH_STATE_STAY },
};

const struct berth_machine berth_discover_machine = {
	.name = "discover", .piuri = PIURI, .states = states, .n_states = 1,
	.table = table, .table_len = sizeof(table) / sizeof(table[0]), .strangers = true,
};
