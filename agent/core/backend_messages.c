/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of applications: what they send, and the box of what came in for them.  A
 * message is given until its application has said that it has it: at least once. */
#include "agent/core/backend_internal.h"

#include <stdlib.h>
#include <string.h>

#include "agent/protocol/application.h"

#define GIVEN_MAX 64		/* in one answer */
#define GIVEN_BYTES ((size_t)512 << 10)
#define ACK_STEPS (BERTH_APP_BOX_MSGS / BERTH_APP_ACKED_MAX + 1)

static enum berth_err
command(struct berth_backend *b, const struct berth_api_request *req, const char *on, struct berth_json **out)
{
	struct berth_json *args = req->body ? berth_json_clone(req->body) : berth_json_new_object();
	enum berth_err rc = berth_json_set_str(args, "app", req->principal);

	if (!rc)
		rc = berth_agent_command(b->agent, "app", NULL, on, args, out);
	berth_json_free(args);
	return rc;
}

static enum berth_err send(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	enum berth_err rc = backend_check_in_service(arg);

	return rc ? rc : command(arg, req, "cmd/send", out);
}

/* Some at a time, so that no transaction is a long one. */
static enum berth_err ack(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	enum berth_err rc = BERTH_OK;
	bool more = true;

	for (int i = 0; !rc && more && i < ACK_STEPS; i++) {
		struct berth_json *r = NULL;

		rc = command(arg, req, "cmd/ack", &r);
		more = berth_json_bool(berth_json_get(r, "more"), false);
		berth_json_free(r);
	}
	if (!rc && !(*out = berth_json_new_object()))
		rc = berth_no_memory();
	return rc;
}

struct giving { struct berth_env *env; const char *prefix; struct berth_json *list; size_t bytes; };

static enum berth_err give(void *arg, const char *key, const uint8_t *box, size_t len)
{
	struct giving *g = arg;
	struct berth_buf plain = BERTH_BUF_INIT;
	struct berth_json *o = NULL;
	enum berth_err rc;

	if (strncmp(key, g->prefix, strlen(g->prefix)) != 0 || berth_json_len(g->list) == GIVEN_MAX || g->bytes > GIVEN_BYTES)
		return BERTH_E_NOMATCH;		/* the walk is over */
	if (!(rc = berth_env_unseal(g->env, key, box, len, &plain)) &&
	    !(rc = berth_json_parse_object(&o, (const char *)plain.p, plain.len, BERTH_JSON_MAX)) &&
	    !(rc = berth_json_set_int(o, "seq", (int64_t)strtoull(key + strlen(g->prefix), NULL, 16)))) {
		rc = berth_json_push(g->list, o);
		o = NULL;
	}
	g->bytes += plain.len;
	berth_json_free(o);
	berth_buf_free(&plain);
	return rc;
}

static enum berth_err messages(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	char prefix[BERTH_APP_KEY_MAX], after[BERTH_APP_KEY_MAX];
	struct giving g = { .env = berth_agent_env(b->agent), .prefix = prefix, .list = berth_json_new_array() };
	enum berth_err rc;

	berth_app_key(prefix, req->principal, 0);
	berth_app_key(after, req->principal, req->after);
	rc = berth_store_each(berth_agent_store(b->agent), BERTH_NS_APP_BOX, after, give, &g);
	if (rc && rc != BERTH_E_NOMATCH) {
		berth_json_free(g.list);
		return rc;
	}
	*out = g.list;
	return *out ? BERTH_OK : berth_no_memory();
}

void backend_messages_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_APP_MESSAGES] = messages;
	api->op[BERTH_API_APP_SEND] = send;
	api->op[BERTH_API_APP_ACK] = ack;
}
