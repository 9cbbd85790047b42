/* SPDX-License-Identifier: Apache-2.0 */
/* berthd, whole, with one protocol more: numbered notes (tests/fakes/note.h), for tests and
 * measurements of delivery between real daemons.  Three functions are wrapped: the agent
 * gets the note machine, the administrator's ping and peers become "send notes" and "what
 * came", and netd's deadline follows the environment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent.h"
#include "agent/core/backend.h"
#include "agent/ipc/netd_proto.h"
#include "tests/fakes/note.h"

#define SAMPLES_MAX 65536

enum berth_err __real_berth_agent_new(struct berth_agent **out, const struct berth_agent_config *cfg);
void __real_berth_backend_init(struct berth_backend *b, struct berth_api_backend *api);
void __real_berth_net_send_encode(struct berth_buf *out, const struct berth_net_send *m);
enum berth_err __wrap_berth_agent_new(struct berth_agent **out, const struct berth_agent_config *cfg);
void __wrap_berth_backend_init(struct berth_backend *b, struct berth_api_backend *api);
void __wrap_berth_net_send_encode(struct berth_buf *out, const struct berth_net_send *m);

static uint32_t deadline_ms;	/* 0: the usual one */

static uint32_t from_env(const char *name)
{
	const char *v = getenv(name);

	return v ? (uint32_t)strtoul(v, NULL, 10) : 0;
}

/* Before main() takes the environment away. */
__attribute__((constructor)) static void read_env(void)
{
	deadline_ms = from_env("BERTH_NOTE_DEADLINE_MS");
}

enum berth_err __wrap_berth_agent_new(struct berth_agent **out, const struct berth_agent_config *cfg)
{
	struct berth_agent_config more = *cfg;

	more.machines[more.n_machines++] = &test_note_machine;
	return __real_berth_agent_new(out, &more);
}

void __wrap_berth_net_send_encode(struct berth_buf *out, const struct berth_net_send *m)
{
	struct berth_net_send sooner = *m;

	if (deadline_ms)
		sooner.deadline_ms = deadline_ms;
	__real_berth_net_send_encode(out, &sooner);
}

/* {"to": "IDENTITY THREAD N SIZE DID"} */
static enum berth_err send_notes(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *args = berth_json_new_object();
	const char *to = berth_json_str(berth_json_get(req->body, "to"));
	int thread = 0, n = 0, size = 0, at = 0;
	char identity[64];
	enum berth_err rc = berth_fail(BERTH_E_USAGE, "to: IDENTITY THREAD N SIZE DID");

	*out = NULL;
	if (!to || sscanf(to, "%63s %d %d %d %n", identity, &thread, &n, &size, &at) != 4)
		goto out;
	if (!(rc = berth_json_set_str(args, "identity", identity)) && !(rc = berth_json_set_int(args, "thread", thread)) &&
	    !(rc = berth_json_set_int(args, "n", n)) && !(rc = berth_json_set_int(args, "size", size)) &&
	    !(rc = berth_json_set_str(args, "to", to + at)))
		rc = berth_agent_command(b->agent, "note", NULL, "cmd/send", args, NULL);
	if (!rc && (*out = berth_json_new_object()))
		rc = berth_json_set_str(*out, "thid", "");	/* what a ping answers */
out:
	berth_json_free(args);
	return rc;
}

static enum berth_err add_latencies(struct berth_json *o)
{
	static uint32_t us[SAMPLES_MAX];
	struct berth_json *list = berth_json_new_array();
	size_t n = test_note_latencies(us, SAMPLES_MAX);
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < n; i++)
		rc = berth_json_push(list, berth_json_new_int(us[i]));
	return rc ? rc : berth_json_set(o, "us", list);
}

struct each { struct berth_env *env; struct berth_json *list; };

/* of every peer that is known here */
static enum berth_err one_peer(void *arg, const char *key, const uint8_t *value, size_t len)
{
	struct each *e = arg;
	struct test_note_got got;
	struct berth_json *o;
	enum berth_err rc = test_note_got(e->env, key, -1, &got);

	(void)value;
	(void)len;
	if (rc || !got.notes)
		return rc;
	o = berth_json_new_object();
	if ((rc = berth_json_set_str(o, "did", key)) || (rc = berth_json_set_int(o, "notes", got.notes)) ||
	    (rc = berth_json_set_int(o, "times", got.times)) || (rc = berth_json_set_int(o, "outOfOrder", got.out_of_order))) {
		berth_json_free(o);
		return rc;
	}
	return berth_json_push(e->list, o);
}

/* The last one is the daemon itself. */
static enum berth_err what_came(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct each e = { .env = berth_agent_env(b->agent), .list = berth_json_new_array() };
	struct berth_json *o = berth_json_new_object();
	int dead = 0;
	enum berth_err rc = e.env->records->each(e.env->records, "peer", one_peer, &e);

	(void)req;
	if (!rc)
		rc = test_note_dead(e.env, &dead);
	if (rc || (rc = berth_json_set_str(o, "did", "")) || (rc = berth_json_set_int(o, "dead", dead)) ||
	    (rc = add_latencies(o)))
		berth_json_free(o);
	else
		rc = berth_json_push(e.list, o);
	if (rc) {
		berth_json_free(e.list);
		e.list = NULL;
	}
	*out = e.list;
	return rc;
}

void __wrap_berth_backend_init(struct berth_backend *b, struct berth_api_backend *api)
{
	__real_berth_backend_init(b, api);
	api->op[BERTH_API_PING] = send_notes;
	api->op[BERTH_API_PEERS] = what_came;
}
