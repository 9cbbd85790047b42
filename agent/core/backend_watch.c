/* SPDX-License-Identifier: Apache-2.0 */
/* What applications watch: the device, its identities and what was provisioned, under a
 * number that grows with each change of it.  The number, and at which of them each kind of
 * event was seen last, are in the store: who comes back with an old one hears what it has
 * missed, and a change that a crash came behind is found at the next start.  A number is on
 * the disk when somebody hears it, and not before. */
#include "agent/core/backend_internal.h"

#include <string.h>

#include "agent/protocol/onboarding.h"
#include "did/base/log.h"
#include "did/crypto/hash.h"

#define NS_WATCH "watch"
#define KEY_SEEN "seen"

/* Of a gateway's data: differs from what it was means the event.  A text, or "". */
enum part { DID, OWNER, PEER, OUT, RELEASE, EPOCH, ITEMS, N_PARTS };
static const char *const part_names[N_PARTS] = { "did", "owner", "peer", "out", "release", "epoch", "items" };

/* Event names, and the parts that they come of. */
static const struct event {
	const char *name;
	unsigned parts;
	bool gone;		/* only when there was something before */
	bool came;		/* only when there is something now */
} events[] = {
	{ "rotated", 1u << DID, true, true },
	{ "revoked", 1u << OUT, false, true },
	{ "trust-changed", 1u << OWNER | 1u << PEER, false, false },
	{ "owner-changing", 1u << RELEASE, false, true },
	{ "drop-sessions", 1u << OUT, false, true },
	{ "drop-sessions", 1u << EPOCH, true, false },
	{ "provisioned", 1u << ITEMS, true, true },
};

static const char *text_of(const struct berth_json *o, const char *name)
{
	const char *s = berth_data_str(o, name);

	return s ? s : "";
}

/* What is in use of what was provisioned, in so few words that they can be kept. */
static enum berth_err read_items(struct berth_json *o, const struct berth_json *items)
{
	struct berth_buf text = BERTH_BUF_INIT;
	uint8_t hash[BERTH_SHA256_LEN];
	enum berth_err rc = berth_json_print(&text, items);

	if (!rc && !(rc = berth_buf_status(&text))) {
		berth_sha256(hash, text.p, text.len);
		rc = berth_json_set_b64url(o, part_names[ITEMS], hash, sizeof(hash));
	}
	berth_buf_free(&text);
	return rc;
}

static enum berth_err read_parts(struct berth_backend *b, struct berth_json *o)
{
	struct berth_env *env = berth_agent_env(b->agent);
	struct berth_json *inst;
	const struct berth_json *gw = backend_gateway(b, &inst), *data = berth_json_get(gw, "data");
	const struct berth_json *active = berth_json_get(data, "active");
	const char *name = berth_data_str(active, "identity"), *out = backend_out(data);
	const struct berth_identity *id = name ? env->identity(env, name) : NULL;
	enum berth_err rc;

	if (!(rc = berth_json_set_str(o, part_names[DID], id ? id->did : "")) &&
	    !(rc = berth_json_set_str(o, part_names[OWNER], text_of(active, "owner"))) &&
	    !(rc = berth_json_set_str(o, part_names[PEER], text_of(active, "peer"))) &&
	    !(rc = berth_json_set_str(o, part_names[OUT], out ? out : "")) &&
	    !(rc = berth_json_set_str(o, part_names[RELEASE], berth_json_get(data, "release") ? "coming" : "")))
		rc = berth_json_set_str(o, part_names[EPOCH], berth_data_int(data, "epoch", 0) ? "later" : "first");
	if (!rc && berth_json_get(active, "items"))
		rc = read_items(o, berth_json_get(active, "items"));
	if (!rc)
		rc = berth_json_set_int(o, "epochs", berth_data_int(data, "epoch", 0));
	berth_json_free(inst);
	return rc;
}

static enum berth_err set_device(struct berth_backend *b, struct berth_json *o)
{
	struct berth_json *inst, *v = berth_json_new_object();
	const struct berth_json *gw = backend_gateway(b, &inst), *data = berth_json_get(gw, "data");
	const char *out = backend_out(data);
	enum berth_err rc;

	if ((rc = berth_json_set_str(v, "state", backend_state(b, berth_data_str(gw, "state")))) ||
	    (rc = berth_json_set_int(v, "epoch", berth_data_int(data, "epoch", 0))) ||
	    (rc = backend_copy_owner(v, berth_json_get(data, "active"))) ||
	    (out && (rc = berth_json_set_str(v, "outOfService", out))) ||
	    (rc = berth_json_set(o, "device", v)))
		berth_json_free(v);
	berth_json_free(inst);
	return rc;
}

/* All of it; each caller sees its share (api_watch.c). */
static enum berth_err state_of(struct berth_backend *b, struct berth_json **out)
{
	const struct berth_api_request req = { .principal = "watch", .param = "" };
	struct berth_json *o = berth_json_new_object(), *ids = NULL, *secrets = NULL, *certs = NULL;
	enum berth_err rc;

	if ((rc = set_device(b, o)) || (rc = backend_identities(b, &req, &ids)) || (rc = backend_secrets(b, &req, &secrets)) ||
	    (rc = backend_certs(b, &certs)) || (rc = berth_json_set(o, "identities", ids)))
		goto out;
	ids = NULL;
	if ((rc = berth_json_set(o, "certs", certs)))
		goto out;
	certs = NULL;
	if ((rc = berth_json_set(o, "secrets", secrets)))
		goto out;
	secrets = NULL;
	*out = o;
	o = NULL;
out:
	berth_json_free(certs);
	berth_json_free(secrets);
	berth_json_free(ids);
	berth_json_free(o);
	return rc;
}

static enum berth_err set_hash(struct berth_json *o, const struct berth_json *state)
{
	struct berth_buf text = BERTH_BUF_INIT;
	uint8_t hash[BERTH_SHA256_LEN];
	enum berth_err rc = berth_json_print(&text, state);

	if (!rc && !(rc = berth_buf_status(&text))) {
		berth_sha256_light(hash, text.p, text.len);
		rc = berth_json_set_b64url(o, "hash", hash, sizeof(hash));
	}
	berth_buf_free(&text);
	return rc;
}

/* ---- what has happened ---- */

static bool happened(const struct event *e, const struct berth_json *was, const struct berth_json *is)
{
	for (size_t i = 0; i < N_PARTS; i++) {
		const char *a = text_of(was, part_names[i]), *c = text_of(is, part_names[i]);
		bool differs = strcmp(a, c) != 0 ||
			       (i == EPOCH && berth_data_int(was, "epochs", 0) != berth_data_int(is, "epochs", 0));

		if (e->parts & 1u << i && differs && (!e->gone || a[0]) && (!e->came || c[0]))
			return true;
	}
	return false;
}

/* is.at: at which number each event was last seen. */
static enum berth_err set_events(struct berth_json *is, const struct berth_json *was, int64_t generation)
{
	const struct berth_json *before = berth_json_get(was, "at");
	struct berth_json *at = before ? berth_json_clone(before) : berth_json_new_object();
	enum berth_err rc = at ? BERTH_OK : berth_no_memory();

	for (size_t i = 0; !rc && was && i < sizeof(events) / sizeof(events[0]); i++)
		if (happened(&events[i], was, is)) {
			berth_json_remove(at, events[i].name);
			rc = berth_json_set_int(at, events[i].name, generation);
		}
	if (!rc)
		rc = berth_json_set(is, "at", at);
	if (rc)
		berth_json_free(at);
	return rc;
}

static enum berth_err keep(struct berth_backend *b, const struct berth_json *is, enum berth_err (*commit)(struct berth_store *s))
{
	struct berth_store *s = berth_agent_store(b->agent);
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = berth_json_print(&text, is);

	if (!rc && !(rc = berth_buf_status(&text)) && !(rc = berth_store_begin(s))) {
		if ((rc = berth_store_put(s, NS_WATCH, KEY_SEEN, text.p, text.len)) || (rc = commit(s)))
			berth_store_rollback(s);
	}
	berth_buf_free(&text);
	return rc;
}

/* As long as nobody has heard the number it may be lost with the power: the next start finds
 * the same change, and another number for it. */
static enum berth_err keep_loosely(struct berth_backend *b, const struct berth_json *is)
{
	struct berth_store *s = berth_agent_store(b->agent);
	enum berth_err rc;

	berth_store_group(s, true);
	rc = keep(b, is, berth_store_commit_loose);
	berth_store_group(s, false);
	return rc;
}

static enum berth_err recall(struct berth_backend *b)
{
	struct berth_buf text = BERTH_BUF_INIT;
	bool found;
	enum berth_err rc = berth_store_get(berth_agent_store(b->agent), NS_WATCH, KEY_SEEN, &text, &found);

	if (!rc && found)
		rc = berth_json_parse_object(&b->watched, (const char *)text.p, text.len, BERTH_JSON_MAX);
	berth_buf_free(&text);
	return rc;
}

static int64_t number_of(const struct berth_backend *b) { return berth_data_int(b->watched, "generation", 0); }

/* *is: NULL when all is as it was. */
static enum berth_err compare(struct berth_backend *b, struct berth_json **is)
{
	struct berth_json *o = berth_json_new_object(), *state = NULL;
	int64_t generation = number_of(b) + 1;
	enum berth_err rc;

	*is = NULL;
	if ((rc = state_of(b, &state)) || (rc = read_parts(b, o)) || (rc = set_hash(o, state)))
		goto out;
	if (b->watched && strcmp(text_of(o, "hash"), text_of(b->watched, "hash")) == 0 &&
	    !happened(&(struct event){ "", (1u << N_PARTS) - 1, false, false }, b->watched, o))
		goto out;
	if (!(rc = berth_json_set_int(o, "generation", generation)) && !(rc = set_events(o, b->watched, generation))) {
		*is = o;
		o = NULL;
	}
out:
	berth_json_free(state);
	berth_json_free(o);
	return rc;
}

/* The record says so, or nothing of it would change and be synced. */
static enum berth_err keep_told(struct berth_backend *b, int64_t number)
{
	enum berth_err rc = berth_json_set_int(b->watched, "told", number);

	if (!rc && (rc = keep(b, b->watched, berth_store_commit)))
		berth_json_remove(b->watched, "told");
	return rc;
}

/* Whoever asks tells it: it is on the disk by then. */
int64_t backend_watch_generation(void *arg)
{
	struct berth_backend *b = arg;
	int64_t number = number_of(b);
	enum berth_err rc = number > b->told ? keep_told(b, number) : BERTH_OK;

	if (rc)
		berth_log_err(BERTH_LOG_WARN, "watch", rc);
	else
		b->told = number;
	return b->told;
}

bool berth_backend_watch_look(struct berth_backend *b)
{
	uint64_t changes = berth_agent_changes(b->agent);
	struct berth_json *is = NULL;
	enum berth_err rc;

	if ((b->watching && changes == b->changes) || berth_agent_quarantined(b->agent))
		return false;
	if ((rc = b->watching ? BERTH_OK : recall(b)) || (rc = compare(b, &is)) || (is && (rc = keep_loosely(b, is)))) {
		berth_log_err(BERTH_LOG_WARN, "watch", rc);	/* the next turn tries again */
		berth_json_free(is);
		return false;
	}
	b->watching = true;
	b->changes = changes;
	if (is) {
		berth_json_free(b->watched);
		b->watched = is;
	}
	backend_confirm_look(b);
	return is != NULL;
}

/* ---- the answer ---- */

static enum berth_err list_events(struct berth_backend *b, int64_t since, struct berth_json *list)
{
	const struct berth_json *at = berth_json_get(b->watched, "at");
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && since > 0 && i < sizeof(events) / sizeof(events[0]); i++)
		if (berth_data_int(at, events[i].name, 0) > since && (i == 0 || strcmp(events[i - 1].name, events[i].name)))
			rc = berth_json_push_str(list, events[i].name);
	return rc;
}

/* "deadline": seconds until the owner changes, while that is coming */
static enum berth_err set_deadline(struct berth_backend *b, struct berth_json *o)
{
	struct berth_json *inst, *v = berth_json_new_object();
	const struct berth_json *data = berth_json_get(backend_gateway(b, &inst), "data");
	enum berth_err rc = backend_set_release(b, v, data, false);

	if (!rc && berth_json_get(v, "release"))
		rc = berth_json_set_int(o, "deadline", berth_data_int(berth_json_get(v, "release"), "seconds", 0));
	berth_json_free(v);
	berth_json_free(inst);
	return rc;
}

/* {generation, events, deadline?, state}; after: the number that the caller has. */
static enum berth_err watch(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *o = berth_json_new_object(), *list = berth_json_new_array(), *state = NULL;
	enum berth_err rc = list ? list_events(b, req->after, list) : berth_no_memory();

	if (rc || (rc = berth_json_set_int(o, "generation", backend_watch_generation(b))) ||
	    (rc = berth_json_set(o, "events", list)))
		goto out;
	list = NULL;
	if ((rc = set_deadline(b, o)) || (rc = state_of(b, &state)) || (rc = berth_json_set(o, "state", state)))
		goto out;
	state = NULL;
	*out = o;
	o = NULL;
out:
	berth_json_free(state);
	berth_json_free(list);
	berth_json_free(o);
	return rc;
}

int64_t backend_watch_event(const struct berth_backend *b, const char *name)
{
	return berth_data_int(berth_json_get(b->watched, "at"), name, 0);
}

void backend_watch_init(struct berth_api_backend *api)
{
	api->generation = backend_watch_generation;
	api->op[BERTH_API_WATCH] = watch;
}
