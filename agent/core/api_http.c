/* SPDX-License-Identifier: Apache-2.0 */
/* One request: what is judged by its head, its body, the answer. */
#include "agent/core/api_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "did/base/clock.h"

#define HEADERS_MAX ((size_t)8 << 10)
#define DISCARD_MAX (4 * BERTH_API_BODY_MAX)	/* of a body that is too large */

struct request {
	struct berth_buf body;
	size_t seen;			/* bytes of the body, kept or not */
	int status;			/* 0; or it is refused, once the body is here */
	enum berth_err code;
	const char *message;
	uint64_t until_ms;		/* of ?wait=; 0: not looked at yet */
};

struct conn *api_conn_of(struct MHD_Connection *mc)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void free_body(void *p)
{
	berth_buf_free(p);	/* wipes */
	free(p);
}

static enum MHD_Result send_answer(struct MHD_Connection *mc, struct berth_api_answer *ans, bool last)
{
	struct berth_buf *kept = malloc(sizeof(*kept));
	struct MHD_Response *r = NULL;
	enum MHD_Result ok = MHD_NO;
	char seconds[16];

	if (kept) {
		*kept = ans->body;
		ans->body = (struct berth_buf)BERTH_BUF_INIT;
		r = MHD_create_response_from_buffer_with_free_callback_cls(kept->len, kept->p ? kept->p : (void *)"",
									    free_body, kept);
		if (!r)
			free_body(kept);
	}
	berth_buf_free(&ans->body);
	if (!r)
		return MHD_NO;
	snprintf(seconds, sizeof(seconds), "%u", ans->retry_after_s);
	if (MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
				    ans->text ? "text/plain; version=0.0.4" : "application/json") == MHD_YES &&
	    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES &&
	    (!last || MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES) &&
	    (!ans->retry_after_s || MHD_add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, seconds) == MHD_YES))
		ok = MHD_queue_response(mc, (unsigned)ans->status, r);
	MHD_destroy_response(r);
	return ok;
}

static enum MHD_Result send_error(struct MHD_Connection *mc, const struct request *r, bool last)
{
	struct berth_api_answer ans = { .body = BERTH_BUF_INIT };

	berth_api_error(&ans, r->status, r->code, r->message, NULL, NULL);
	return send_answer(mc, &ans, last);
}

struct headers { size_t bytes, hosts, lengths, encodings; bool host_ok; };

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct headers *h = cls;

	(void)kind;
	h->bytes += strlen(key) + (value ? strlen(value) : 0) + 4;
	h->lengths += !strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH);
	h->encodings += !strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING);
	if (!strcasecmp(key, MHD_HTTP_HEADER_HOST)) {
		h->hosts++;
		h->host_ok = value && (!strcasecmp(value, "berth") || !strcasecmp(value, "localhost"));
	}
	return MHD_YES;
}

static void refused(struct request *r, int status, enum berth_err code, const char *message)
{
	r->status = status;
	r->code = code;
	r->message = message;
}

/* What is known before the body comes.  false: nothing of it may be read. */
static bool judge(struct MHD_Connection *mc, struct conn *c, struct request *r, const char *url)
{
	struct headers h = { .bytes = strlen(url) };

	MHD_get_connection_values(mc, MHD_HEADER_KIND, on_header, &h);
	if (h.lengths + h.encodings > 1) {
		refused(r, 400, BERTH_E_TYPE, "more than one length");
		return false;	/* where the next request begins is anybody's guess */
	}
	if (berth_peer_check(&c->peer))
		refused(r, 401, BERTH_E_AUTHZ, "the process that connected is gone");
	else if (c->over)
		refused(r, 429, BERTH_E_QUOTA, "too many connections of this user");
	else if (c->socket == BERTH_SOCKET_APP &&
		 !berth_limits_request(&c->api->limits, c->user, berth_clock_mono_ms()))
		refused(r, 429, BERTH_E_QUOTA, "too many requests of this user");
	else if (h.bytes > HEADERS_MAX)
		refused(r, 431, BERTH_E_SIZE, "headers above 8 KiB");
	else if (h.hosts != 1 || !h.host_ok)
		refused(r, 400, BERTH_E_TYPE, "Host must be berth or localhost");
	return true;
}

static enum MHD_Result take_body(struct request *r, const char *data, size_t *n)
{
	r->seen += *n;
	if (r->seen > BERTH_API_BODY_MAX && !r->status)
		refused(r, 413, BERTH_E_SIZE, "body above 256 KiB");
	if (r->status)
		berth_buf_free(&r->body);
	else
		berth_buf_put(&r->body, data, *n);
	*n = 0;
	return r->seen <= DISCARD_MAX && !r->body.bad ? MHD_YES : MHD_NO;
}

/* ?wait=SECONDS, at most so many; anything else is no wait. */
static unsigned wait_s(struct MHD_Connection *mc)
{
	const char *text = MHD_lookup_connection_value(mc, MHD_GET_ARGUMENT_KIND, "wait");
	size_t n = text ? strspn(text, "0123456789") : 0;
	unsigned long v = n && n < 6 && !text[n] ? strtoul(text, NULL, 10) : 0;

	return v < API_WAIT_MAX_S ? (unsigned)v : API_WAIT_MAX_S;
}

/* Nothing there yet: the answer is held back until there is, or the time is up. */
static bool hold(struct MHD_Connection *mc, struct conn *c, struct request *r)
{
	uint64_t now = berth_clock_mono_ms();

	if (!r->until_ms)
		r->until_ms = now + wait_s(mc) * 1000u;
	if (now >= r->until_ms)
		return false;
	c->held = mc;
	c->held_until_ms = r->until_ms;
	c->deadline_ms = r->until_ms + API_STEP_MS;
	MHD_suspend_connection(mc);
	return true;
}

void api_resume(struct conn *c)
{
	struct MHD_Connection *mc = c->held;

	c->held = NULL;
	if (mc)
		MHD_resume_connection(mc);
}

static enum MHD_Result answer(struct MHD_Connection *mc, struct conn *c, struct request *r, const char *method,
			      const char *path)
{
	struct berth_api_call call = {
		.socket = c->socket, .peer = &c->peer, .principal = berth_principal_of(&c->api->principals, &c->peer),
		.method = method, .path = path,
		.after = MHD_lookup_connection_value(mc, MHD_GET_ARGUMENT_KIND, "after"),
		.since = MHD_lookup_connection_value(mc, MHD_GET_ARGUMENT_KIND, "since"),
		.body = r->body.p, .body_len = r->body.len,
	};
	struct berth_api_answer ans;

	c->deadline_ms = berth_clock_mono_ms() + API_STEP_MS;
	if (r->until_ms && berth_peer_check(&c->peer))
		refused(r, 401, BERTH_E_AUTHZ, "the process that connected is gone");
	if (r->status)
		return send_error(mc, r, false);
	berth_api_dispatch(&ans, c->api->backend, &c->api->quota, &call);
	if (ans.stream)
		return api_stream(mc, c, ans.since);
	if (ans.may_wait && hold(mc, c, r)) {
		berth_buf_free(&ans.body);
		return MHD_YES;
	}
	c->deadline_ms = berth_clock_mono_ms() + API_STEP_MS;
	return send_answer(mc, &ans, false);
}

enum MHD_Result api_on_request(void *cls, struct MHD_Connection *mc, const char *url, const char *method,
			       const char *version, const char *data, size_t *data_n, void **state)
{
	struct conn *c = api_conn_of(mc);
	struct request *r = *state;

	(void)cls, (void)version;
	if (!c)
		return MHD_NO;
	if (r)
		return *data_n ? take_body(r, data, data_n) : answer(mc, c, r, method, url);
	if (!(*state = r = calloc(1, sizeof(*r))))
		return MHD_NO;
	c->deadline_ms = berth_clock_mono_ms() + API_STEP_MS;
	return judge(mc, c, r, url) ? MHD_YES : send_error(mc, r, true);
}

void api_on_completed(void *cls, struct MHD_Connection *mc, void **state, enum MHD_RequestTerminationCode code)
{
	struct conn *c = api_conn_of(mc);
	struct request *r = *state;

	(void)cls, (void)code;
	if (r)
		berth_buf_free(&r->body);
	free(r);
	*state = NULL;
	if (c)
		c->deadline_ms = berth_clock_mono_ms() + API_STEP_MS;
}
