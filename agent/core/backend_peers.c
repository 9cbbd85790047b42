/* SPDX-License-Identifier: Apache-2.0 */
/* Invitations, the peers that we have met by them or otherwise, and whether they are there. */
#include "agent/core/backend_internal.h"

#include <string.h>

#include "agent/protocol/discover.h"
#include "agent/protocol/mediate.h"
#include "agent/protocol/oob.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/relation.h"
#include "did/codec/did_text.h"

#define RECORD_MAX ((size_t)16 << 10)

static struct berth_json *row_of(struct berth_json *list, const char *did)
{
	for (struct berth_json *row = berth_json_first_mut(list); row; row = berth_json_next_mut(row))
		if (strcmp(berth_data_str(row, "did"), did) == 0)
			return row;
	return NULL;
}

/* who has answered a ping, and when (milliseconds since the agent's machine started) */
static enum berth_err pong_row(void *arg, const char *key, const uint8_t *value, size_t len)
{
	struct berth_json *list = arg, *o = NULL;
	enum berth_err rc = berth_json_parse_object(&o, (const char *)value, len, RECORD_MAX);

	if (!rc && (rc = berth_json_set_str(o, "did", key)))
		berth_json_free(o);
	return rc ? rc : berth_json_push(list, o);
}

/* A relationship or disclosures, added to the row of that peer where there is one. */
static enum berth_err relation_row(void *arg, const char *key, const uint8_t *value, size_t len)
{
	static const char *const members[] = { "me", "via", "goal", "goalCode", "moved", "ended", "disclosures" };
	struct berth_json *list = arg, *o = NULL, *row;
	const char *did;
	enum berth_err rc = berth_json_parse_object(&o, (const char *)value, len, BERTH_JSON_MAX);

	(void)key;
	if (rc || (rc = berth_json_req_str(o, "did", BERTH_DID_URL_MAX, &did)))
		goto out;
	if (!(row = row_of(list, did)) &&
	    ((rc = berth_json_push(list, berth_json_new_object())) ||
	     !(row = (struct berth_json *)berth_json_at(list, berth_json_len(list) - 1)) ||
	     (rc = berth_json_set_str(row, "did", did))))
		goto out;
	for (size_t i = 0; !rc && i < sizeof(members) / sizeof(members[0]); i++)
		rc = backend_copy(row, members[i], o, members[i]);
out:
	berth_json_free(o);
	return rc;
}

static enum berth_err peers(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_env *env = berth_agent_env(b->agent);
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = list ? BERTH_OK : berth_no_memory();

	(void)req;
	if (!rc && !(rc = env->records->each(env->records, "pong", pong_row, list)))
		rc = env->records->each(env->records, BERTH_NS_RELATION, relation_row, list);
	if (!rc)
		rc = env->records->each(env->records, BERTH_NS_FEATURES, relation_row, list);
	return berth_json_give(out, list, rc);
}

static enum berth_err
command(struct berth_backend *b, const char *machine, const char *on, const struct berth_json *args, struct berth_json **out)
{
	enum berth_err rc = berth_agent_command(b->agent, machine, NULL, on, args, out);

	if (!rc && !*out && !(*out = berth_json_new_object()))
		rc = berth_no_memory();
	return rc;
}

static enum berth_err invite(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *args = berth_json_clone(req->body);
	enum berth_err rc = berth_json_set_str(args, "url", berth_agent_env(b->agent)->policy->oob_url);

	if (!rc)
		rc = command(b, "out-of-band", "cmd/invite", args, out);
	berth_json_free(args);
	return rc;
}

static enum berth_err connect(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return command(arg, "out-of-band", "cmd/connect", req->body, out);
}

static enum berth_err discover(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return command(arg, "discover", "cmd/query", req->body, out);
}

static enum berth_err rotate(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return command(arg, "peers", "cmd/rotate", req->body, out);
}

static enum berth_err end(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	return command(arg, "peers", "cmd/end", req->body, out);
}

/* ---- ping ---- */
/* The owner's DID, or the one it has rotated to. */
static const char *peer_of(const struct berth_json *active)
{
	const char *peer = berth_data_str(active, "peer");

	return peer ? peer : berth_data_str(active, "owner");
}

/* Who pings where no gateway lives: the first identity that peers write to. */
static const char *pinging(const struct berth_backend *b)
{
	const struct berth_identity *id;

	for (size_t i = 0; (id = berth_agent_identity_at(b->agent, i)); i++)
		if (id->agree_kid && strcmp(id->name, BERTH_ID_MEDIATED) != 0)
			return id->name;
	return NULL;
}

/* A trust ping; without "to" from the operational DID to the owner. */
static enum berth_err ping(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *inst, *args = berth_json_new_object();
	const struct berth_json *active = berth_json_get(berth_json_get(backend_gateway(b, &inst), "data"), "active");
	const char *to = berth_data_str(req->body, "to"), *name = pinging(b);
	enum berth_err rc;

	if (!active && to && name && !(rc = berth_json_set_str(args, "identity", name)) &&
	    !(rc = berth_json_set_str(args, "peer", to)))
		rc = berth_agent_command(b->agent, "ping", NULL, "cmd/ping", args, out);
	else if (!active)
		rc = berth_fail(BERTH_E_NOMATCH, "no owner yet to ping");
	else if (!(rc = backend_copy(args, "identity", active, "identity")) &&
		 !(rc = berth_json_set_str(args, "peer", to ? to : peer_of(active))) &&
		 (to || !(rc = backend_copy(args, "uri", active, "uri"))))
		rc = berth_agent_command(b->agent, "ping", NULL, "cmd/ping", args, out);
	berth_json_free(args);
	berth_json_free(inst);
	return rc;
}

void backend_peers_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_PEERS] = peers;
	api->op[BERTH_API_INVITE] = invite;
	api->op[BERTH_API_CONNECT] = connect;
	api->op[BERTH_API_DISCOVER] = discover;
	api->op[BERTH_API_PEER_ROTATE] = rotate;
	api->op[BERTH_API_PEER_END] = end;
	api->op[BERTH_API_PING] = ping;
}
