/* SPDX-License-Identifier: Apache-2.0 */
/* The exchanges by which credentials are issued and shown. */
#include "agent/core/backend_internal.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/exchange.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/relation.h"
#include "did/base/rand.h"

static const char *const machines[] = { "issue", "proof" };
#define N_MACHINES (sizeof(machines) / sizeof(machines[0]))
#define ID_MIN 8	/* hex digits of an exchange's id that will do where they name but one */

struct listing { struct berth_json *list; const char *machine, *want; char key[65]; bool whole; int found; };

static enum berth_err describe(const struct listing *l, const char *key, const struct berth_json *inst, struct berth_json **out)
{
	static const char *const short_[] = { "peer", "thid", "version", "format", "problem", "verified", "error", "issued",
		"held", "revoked" };
	static const char *const long_[] = { "credential", "queryFormat", "query", "challenge", "domain", "detail", "report" };
	const struct berth_json *data = berth_json_get(inst, "data");
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_str(o, "id", key)) && !(rc = berth_json_set_str(o, "protocol", l->machine)))
		rc = backend_copy(o, "state", inst, "state");
	for (size_t i = 0; !rc && i < sizeof(short_) / sizeof(short_[0]); i++)
		rc = backend_copy(o, short_[i], data, short_[i]);
	for (size_t i = 0; !rc && l->whole && i < sizeof(long_) / sizeof(long_[0]); i++)
		rc = backend_copy(o, long_[i], data, long_[i]);
	return berth_json_give(out, o, rc);
}

static enum berth_err list_one(void *arg, const char *key, const struct berth_json *inst)
{
	struct listing *l = arg;
	struct berth_json *o;
	enum berth_err rc;

	if (l->want && strncmp(key, l->want, strlen(l->want)) != 0)
		return BERTH_OK;
	l->found++;
	snprintf(l->key, sizeof(l->key), "%s", key);
	return (rc = describe(l, key, inst, &o)) ? rc : berth_json_push(l->list, o);
}

static enum berth_err list_all(struct berth_backend *b, struct listing *l)
{
	enum berth_err rc = (l->list = berth_json_new_array()) ? BERTH_OK : berth_no_memory();

	for (size_t i = 0; !rc && i < N_MACHINES; i++) {
		l->machine = machines[i];
		rc = berth_agent_each(b->agent, machines[i], list_one, l);
		if (!rc && l->want && l->found)
			break;
	}
	return rc;
}

static enum berth_err exchanges(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct listing l = { .list = NULL };
	enum berth_err rc = list_all(arg, &l);

	(void)req;
	return berth_json_give(out, l.list, rc);
}

/* The one whose id begins like that. */
static enum berth_err find(struct berth_backend *b, const char *want, struct listing *l)
{
	enum berth_err rc;

	*l = (struct listing){ .want = want, .whole = true };
	if ((rc = list_all(b, l)))
		return rc;
	return l->found == 1 && strlen(want) >= ID_MIN ? BERTH_OK : berth_fail(BERTH_E_NOMATCH, "no exchange %s", want);
}

static enum berth_err exchange(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct listing l;
	enum berth_err rc = find(arg, req->param, &l);

	if (!rc && !(*out = berth_json_clone(berth_json_at(l.list, 0))))
		rc = berth_no_memory();
	berth_json_free(l.list);
	return rc;
}

static enum berth_err on_exchange(struct berth_backend *b, const struct berth_api_request *req, const char *on,
				  struct berth_json **out)
{
	struct listing l;
	enum berth_err rc = find(b, req->param, &l);

	berth_json_free(l.list);
	if (!rc && !(rc = berth_agent_command(b->agent, l.machine, l.key, on, req->body, NULL)) &&
	    !(*out = berth_json_new_object()))
		rc = berth_no_memory();
	return rc;
}

static enum berth_err accept(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return on_exchange(arg, req, "cmd/accept", out);
}

static enum berth_err decline(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return on_exchange(arg, req, "cmd/decline", out);
}

static enum berth_err revoke(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return on_exchange(arg, req, "cmd/revoke", out);
}

/* ---- beginning one ---- */
static enum berth_err new_key(struct berth_backend *b, const char *to, const char *thid, char key[65])
{
	struct berth_env *env = berth_agent_env(b->agent);
	struct berth_way way;
	enum berth_err rc = berth_way_to(env, to, &way);

	if (!rc)
		rc = berth_thread_key(env, way.peer, thid, key);
	berth_way_free(&way);
	return rc;
}

static enum berth_err begin(struct berth_backend *b, const struct berth_api_request *req, const char *machine,
			    const char *on, struct berth_json **out)
{
	struct berth_json *args = berth_json_clone(req->body), *o = NULL;
	char thid[BERTH_UUID_LEN + 1], key[65];
	enum berth_err rc;

	berth_random_uuid(thid);
	if ((rc = berth_json_set_str(args, "thid", thid)) || (rc = new_key(b, berth_data_str(req->body, "to"), thid, key)) ||
	    (rc = berth_agent_command(b->agent, machine, key, on, args, NULL)))
		goto out;
	o = berth_json_new_object();
	if (!(rc = berth_json_set_str(o, "id", key)))
		rc = berth_json_set_str(o, "thid", thid);
out:
	berth_json_free(args);
	return berth_json_give(out, o, rc);
}

#define BEGIN(name, machine, on) \
	static enum berth_err name(void *arg, const struct berth_api_request *req, struct berth_json **out) \
	{ \
		return begin(arg, req, machine, on, out); \
	}

BEGIN(offer, "issue", "cmd/offer")
BEGIN(propose, "issue", "cmd/propose")
BEGIN(request, "issue", "cmd/request")
BEGIN(ask, "proof", "cmd/request")
BEGIN(volunteer, "proof", "cmd/propose")

void backend_exchanges_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_CREDENTIAL_OFFER] = offer;
	api->op[BERTH_API_CREDENTIAL_PROPOSE] = propose;
	api->op[BERTH_API_CREDENTIAL_REQUEST] = request;
	api->op[BERTH_API_PROOF_REQUEST] = ask;
	api->op[BERTH_API_PROOF_PROPOSE] = volunteer;
	api->op[BERTH_API_EXCHANGES] = exchanges;
	api->op[BERTH_API_EXCHANGE] = exchange;
	api->op[BERTH_API_EXCHANGE_ACCEPT] = accept;
	api->op[BERTH_API_EXCHANGE_DECLINE] = decline;
	api->op[BERTH_API_EXCHANGE_REVOKE] = revoke;
}
