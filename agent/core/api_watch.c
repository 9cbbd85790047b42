/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/watch: an answer without an end, one JSON object a line.  Between two lines a
 * stream costs its connection and little more: it is suspended, and what was sent is kept
 * as a hash.  Each time it is looked at anew who is at the other end and what he may see. */
#include "agent/core/api_internal.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/clock.h"
#include "did/base/rand.h"
#include "did/crypto/hash.h"

#define BEAT_MS 20000u		/* a line at least so often, */
#define BEAT_JITTER_MS 5000u	/* and not of all at once */
#define BLOCK 1024

struct stream {
	struct conn *c;
	struct MHD_Connection *mc;
	struct berth_buf line;
	size_t sent;			/* of it */
	int64_t generation;		/* that its reader has; -1: none */
	uint64_t beat_ms;
	unsigned grants;		/* of the API, when it was last looked at */
	size_t shown;			/* identities and secrets in the last line */
	uint8_t hash[BERTH_SHA256_LEN];	/* of the last state */
	bool begun, over;
};

static void line(struct stream *s, struct berth_json *take, enum berth_err rc)
{
	berth_buf_reset(&s->line);
	s->sent = 0;
	if (!rc)
		rc = berth_json_print(&s->line, take);
	berth_buf_u8(&s->line, '\n');
	if (rc || berth_buf_status(&s->line)) {	/* it comes back with the number that it has */
		berth_buf_free(&s->line);
		s->over = true;
	}
	berth_json_free(take);
}

/* Nothing is left for him: he is told, and that is the end. */
static void redact(struct stream *s)
{
	struct berth_json *o;
	static const char text[] = "{\"events\":[\"revoked\",\"drop-sessions\"],\"state\":null}";
	enum berth_err rc = berth_json_parse_object(&o, text, sizeof(text) - 1, sizeof(text));

	line(s, o, rc);
	s->over = true;
}

static void beat(struct stream *s)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc = berth_json_set_str(o, "event", "heartbeat");

	line(s, o, rc ? rc : berth_json_set_int(o, "generation", s->generation));
}

/* Whether the caller's share of the state is another than in the last line; *shown: how much. */
static bool differs(struct stream *s, const struct berth_json *v, size_t *shown)
{
	const struct berth_json *state = berth_json_get(v, "state");
	struct berth_buf text = BERTH_BUF_INIT;
	uint8_t hash[BERTH_SHA256_LEN] = { 0 };
	bool differs;

	*shown = berth_json_len(berth_json_get(state, "identities")) + berth_json_len(berth_json_get(state, "secrets")) +
		 berth_json_len(berth_json_get(state, "certs"));
	if (!berth_json_print(&text, state) && !berth_buf_status(&text))
		berth_sha256(hash, text.p, text.len);
	differs = memcmp(hash, s->hash, sizeof(hash)) != 0;
	memcpy(s->hash, hash, sizeof(hash));
	berth_buf_free(&text);
	return differs;
}

/* A line when there is something to say.  after a change of the configuration that took
 * something away, it says so. */
static void look(struct stream *s)
{
	struct berth_api *a = s->c->api;
	int64_t now = a->backend->generation(a->backend->arg);
	struct berth_json *v = NULL;
	size_t shown = 0;
	bool news;
	enum berth_err rc;

	if (s->begun && now == s->generation && s->grants == a->grants)
		return;
	rc = berth_api_watch(a->backend, berth_principal_of(&a->principals, &s->c->peer), s->c->socket == BERTH_SOCKET_ADMIN,
			     s->generation > 0 ? s->generation : 0, &v);
	if (rc == BERTH_E_AUTHZ) {
		redact(s);
		return;
	}
	news = !rc && (differs(s, v, &shown) || berth_json_len(berth_json_get(v, "events")));
	if (!rc && s->begun && shown < s->shown && !berth_json_len(berth_json_get(v, "events")))
		rc = berth_json_push_str(berth_json_get_mut(v, "events"), "revoked");
	if (rc || news || !s->begun)
		line(s, v, rc);
	else
		berth_json_free(v);
	s->shown = rc ? 0 : shown;
	s->generation = now;
	s->grants = a->grants;
	s->begun = true;
}

static void rest(struct stream *s)
{
	s->c->held = s->mc;
	s->c->held_until_ms = s->beat_ms;
	s->c->deadline_ms = s->beat_ms + API_STEP_MS;
	MHD_suspend_connection(s->mc);
}

static ssize_t give(struct stream *s, char *buf, size_t max)
{
	size_t left = s->line.len - s->sent, n = left < max ? left : max;
	uint32_t jitter;

	memcpy(buf, s->line.p + s->sent, n);
	s->sent += n;
	if (s->sent == s->line.len) {
		berth_buf_free(&s->line);
		s->sent = 0;
	}
	berth_random(&jitter, sizeof(jitter));
	s->beat_ms = berth_clock_mono_ms() + BEAT_MS + jitter % BEAT_JITTER_MS;
	s->c->deadline_ms = berth_clock_mono_ms() + API_STEP_MS;
	return (ssize_t)n;
}

static ssize_t on_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct stream *s = cls;

	(void)pos;
	if (!s->line.len && !s->over && !berth_peer_check(&s->c->peer)) {
		look(s);
		if (!s->line.len && berth_clock_mono_ms() >= s->beat_ms)
			beat(s);
	} else if (!s->line.len) {
		return MHD_CONTENT_READER_END_OF_STREAM;
	}
	if (s->line.len)
		return give(s, buf, max);
	if (s->over)
		return MHD_CONTENT_READER_END_OF_STREAM;
	rest(s);
	return 0;
}

static void on_end(void *cls)
{
	struct stream *s = cls;

	berth_buf_free(&s->line);
	free(s);
}

enum MHD_Result api_stream(struct MHD_Connection *mc, struct conn *c, int64_t since)
{
	struct stream *s = calloc(1, sizeof(*s));
	struct MHD_Response *r;
	enum MHD_Result ok = MHD_NO;

	if (!s)
		return MHD_NO;
	*s = (struct stream){ .c = c, .mc = mc, .generation = since, .beat_ms = UINT64_MAX, .grants = c->api->grants };
	r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, s, on_end);
	if (!r) {
		on_end(s);
		return MHD_NO;
	}
	if (MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "application/x-ndjson") == MHD_YES &&
	    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES)
		ok = MHD_queue_response(mc, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return ok;
}
