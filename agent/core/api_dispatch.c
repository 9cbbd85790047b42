/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/api_dispatch.h"
#include "agent/core/metrics.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "did/base/log.h"

#define RETRY_QUOTA_S 1
#define RETRY_UNAVAILABLE_S 5
#define MISSING_MAX (BERTH_API_PARAM_MAX + 32)
#define ADMIN_NAME "admin"

static int status_of(enum berth_err code)
{
	if (code == BERTH_OK)
		return 200;
	if (code == BERTH_E_SIZE)
		return 413;
	if (code == BERTH_E_NOMATCH)
		return 404;
	if (code == BERTH_E_QUOTA)
		return 429;
	switch (berth_err_exit(code)) {
	case 3:
		return 400;
	case 1:
		return 403;
	case 4:
		return 503;
	default:
		return 500;
	}
}

/* Error texts may quote bytes of the request, cut anywhere: ASCII stays. */
static void put_text(struct berth_buf *b, const char *s)
{
	char clean[512];
	size_t n = 0;

	for (; s[n] && n < sizeof(clean) - 1; n++)
		clean[n] = s[n] >= 0x20 && s[n] < 0x7f ? s[n] : '?';
	clean[n] = '\0';
	berth_json_print_str(b, clean);
}

static void put_member(struct berth_buf *b, const char *name, const char *value)
{
	berth_buf_printf(b, ",\"%s\":", name);
	if (value)
		put_text(b, value);
	else
		berth_buf_str(b, "null");
}

void berth_api_error(struct berth_api_answer *out, int status, enum berth_err code, const char *message,
		     const char *principal, const char *missing)
{
	berth_metric_refused(BERTH_REFUSAL_API, code);
	berth_buf_reset(&out->body);
	out->status = status;
	out->text = false;
	out->retry_after_s = status == 429 ? RETRY_QUOTA_S : status == 503 ? RETRY_UNAVAILABLE_S : 0;
	berth_buf_printf(&out->body, "{\"error\":\"%s\"", berth_err_name(code));
	put_member(&out->body, "message", message);
	put_member(&out->body, "principal", principal);
	put_member(&out->body, "missing", missing);
	berth_buf_str(&out->body, "}");
}

static const char *name_of(const struct berth_api_call *c)
{
	if (c->socket == BERTH_SOCKET_ADMIN)
		return ADMIN_NAME;
	return c->principal ? c->principal->name : NULL;
}

static void refuse(struct berth_api_answer *out, const struct berth_api_call *c, enum berth_err rc)
{
	berth_api_error(out, status_of(rc), rc, berth_err_detail(), name_of(c), NULL);
}

static void deny(struct berth_api_answer *out, const struct berth_api_call *c, const char *who, const char *missing)
{
	berth_log(BERTH_LOG_INFO, "api-denied", "uid %u principal %s missing %s", (unsigned)c->peer->uid,
		  who ? who : "none", missing);
	berth_api_error(out, 403, BERTH_E_AUTHZ, who ? "this principal lacks the right" : "no principal matches this caller",
			who, missing);
}

/* false: denied, and *out says so. */
static bool allowed(struct berth_api_answer *out, const struct berth_api_call *c, const struct berth_api_route *r,
		    const char *param)
{
	char missing[MISSING_MAX];
	const char *who = c->principal ? c->principal->name : NULL;

	if (c->socket == BERTH_SOCKET_ADMIN) {
		if (c->peer->uid == 0 || c->peer->uid == geteuid())
			return true;
		deny(out, c, who, ADMIN_NAME);
		return false;
	}
	snprintf(missing, sizeof(missing), "%s%s", r->right ? r->right : r->filter ? r->filter : r->of_member ? r->of_member : "self",
		 r->right ? param : "");
	if (r->right ? berth_principal_may(c->principal, r->right, param) : c->principal != NULL)
		return true;
	deny(out, c, who, missing);
	return false;
}

/* ---- GET /v1/self */

static enum berth_err self_grants(struct berth_json *o, const struct berth_principal *p)
{
	struct berth_json *may = berth_json_new_array(), *ids = berth_json_new_array();
	enum berth_err rc = BERTH_OK;
	const char *grant;

	for (size_t i = 0; !rc && (grant = berth_config_item(p->cfg, "principal", p->name, "may", i)); i++) {
		rc = berth_json_push_str(may, grant);
		if (!rc && !strncmp(grant, "identity:", 9))
			rc = berth_json_push_str(ids, grant + 9);
	}
	if (rc) {
		berth_json_free(may);
		berth_json_free(ids);
		return rc;
	}
	rc = berth_json_set(o, "may", may);
	return berth_json_set_made(o, "identities", ids, rc);
}

static enum berth_err self_selectors(struct berth_json *o, const struct berth_peer *peer)
{
	struct berth_json *s = berth_json_new_object(), *groups = berth_json_new_array();
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < peer->n_groups; i++)
		rc = berth_json_push(groups, berth_json_new_int(peer->groups[i]));
	if (rc || (rc = berth_json_set_int(s, "uid", peer->uid)) || (rc = berth_json_set_int(s, "gid", peer->gid)) ||
	    (rc = berth_json_set_int(s, "pid", peer->pid)) || (rc = berth_json_set_str(s, "exe", peer->exe)) ||
	    (rc = berth_json_set_str(s, "unit", peer->unit))) {
		berth_json_free(s);
		berth_json_free(groups);
		return rc;
	}
	rc = berth_json_set(s, "groups", groups);
	return berth_json_set_made(o, "selectors", s, rc);
}

static enum berth_err self(const struct berth_api_call *c, const struct berth_api_quota *quota, struct berth_json **out)
{
	struct berth_json *o = berth_json_new_object(), *q = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_int(q, "requestsPerSecond", quota->per_s)) ||
	    (rc = berth_json_set_int(q, "requestsAtOnce", quota->conns))) {
		berth_json_free(q);
		goto out;
	}
	if ((rc = berth_json_set(o, "quotas", q)) || (rc = berth_json_set_str(o, "principal", c->principal->name)) ||
	    (rc = self_selectors(o, c->peer)) || (rc = self_grants(o, c->principal)))
		goto out;
	*out = o;
	o = NULL;
out:
	berth_json_free(o);
	return rc;
}

/* ---- everything else */

/* Leaves of a list what the caller has a grant for. */
static enum berth_err filter(struct berth_json **list, const struct berth_principal *who, const char *right, const char *member)
{
	struct berth_json *kept = berth_json_new_array();
	enum berth_err rc = kept ? BERTH_OK : berth_no_memory();

	berth_json_each(item, *list) {
		const char *key = berth_json_str(berth_json_get(item, member));

		if (rc || !key || !berth_principal_may(who, right, key))
			continue;
		rc = berth_json_push(kept, berth_json_clone(item));
	}
	if (rc) {
		berth_json_free(kept);
		return rc;
	}
	berth_json_free(*list);
	*list = kept;
	return BERTH_OK;
}

/* The same of a member of a stream's state. */
static enum berth_err filter_member(struct berth_json *state, const char *name, const struct berth_principal *who,
				    const char *right, const char *member)
{
	struct berth_json *list = berth_json_clone(berth_json_get(state, name));
	enum berth_err rc = list ? filter(&list, who, right, member) : berth_no_memory();

	berth_json_remove(state, name);
	if (!rc && !(rc = berth_json_set(state, name, list)))
		return BERTH_OK;
	berth_json_free(list);
	return rc;
}

/* Keys that are not his are nobody's business of his. */
static enum berth_err filter_events(struct berth_json *v, bool has_identity)
{
	struct berth_json *kept = berth_json_new_array();
	enum berth_err rc = kept ? BERTH_OK : berth_no_memory();

	berth_json_each(e, berth_json_get(v, "events"))
		if (!rc && (has_identity || strcmp(berth_json_str(e), "rotated") != 0))
			rc = berth_json_push_str(kept, berth_json_str(e));
	berth_json_remove(v, "events");
	if (!rc && !(rc = berth_json_set(v, "events", kept)))
		return BERTH_OK;
	berth_json_free(kept);
	return rc;
}

static enum berth_err share(struct berth_json *v, const struct berth_principal *who)
{
	struct berth_json *state = berth_json_get_mut(v, "state");
	enum berth_err rc;

	if (!berth_principal_may(who, "device", ""))
		berth_json_remove(state, "device");
	if ((rc = filter_member(state, "identities", who, "identity:", "name")) ||
	    (rc = filter_member(state, "secrets", who, "secret:", "id")) || (rc = filter_member(state, "certs", who, "cert:", "name")))
		return rc;
	return filter_events(v, berth_json_len(berth_json_get(state, "identities")) > 0);
}

enum berth_err berth_api_watch(const struct berth_api_backend *backend, const struct berth_principal *principal, bool admin,
			       int64_t since, struct berth_json **out)
{
	struct berth_api_request req = { .who = admin ? NULL : principal, .param = "", .after = since };
	enum berth_err rc;

	*out = NULL;
	if (!admin && !principal)
		return berth_fail(BERTH_E_AUTHZ, "no principal matches this caller");
	req.principal = admin ? ADMIN_NAME : principal->name;
	if (!(rc = backend->op[BERTH_API_WATCH](backend->arg, &req, out)) && !admin)
		rc = share(*out, principal);
	if (rc) {
		berth_json_free(*out);
		*out = NULL;
	}
	return rc;
}

static enum berth_err read_body(struct berth_json **body, const struct berth_api_call *c,
				const struct berth_api_route *r)
{
	enum berth_err rc;

	if (!strcmp(r->method, "GET"))
		return c->body_len ? berth_fail(BERTH_E_TYPE, "body: GET has none") : BERTH_OK;
	if (c->body_len)
		rc = berth_json_parse_object(body, (const char *)c->body, c->body_len, BERTH_API_BODY_MAX);
	else
		rc = berth_json_parse_object(body, "{}", 2, 2);
	return rc ? rc : berth_api_check_body(r, *body);
}

static enum berth_err read_after(int64_t *out, const char *text)
{
	size_t n = text ? strspn(text, "0123456789") : 0;

	*out = 0;
	if (!text)
		return BERTH_OK;
	if (n == 0 || text[n] || n > 15)
		return berth_fail(BERTH_E_TYPE, "after or since: not a number");
	for (size_t i = 0; i < n; i++)
		*out = *out * 10 + (text[i] - '0');
	return BERTH_OK;
}

/* A right that the body says what it is about.  false: denied, and *missing says it. */
static bool member_allowed(const struct berth_api_call *c, const struct berth_api_route *r,
			   const struct berth_json *body, char missing[MISSING_MAX])
{
	const char *object = r->of_member ? berth_json_str(berth_json_get(body, r->member)) : NULL;

	if (!object || c->socket == BERTH_SOCKET_ADMIN || berth_principal_may(c->principal, r->of_member, object))
		return true;
	snprintf(missing, MISSING_MAX, "%s%s", r->of_member, object);
	return false;
}

static enum berth_err run(struct berth_json **out, const struct berth_api_backend *backend,
			  const struct berth_api_quota *quota, const struct berth_api_call *c,
			  const struct berth_api_route *r, const char *param, char missing[MISSING_MAX])
{
	struct berth_api_request req = { .principal = name_of(c), .param = param,
					 .who = c->socket == BERTH_SOCKET_ADMIN ? NULL : c->principal };
	int op = c->socket == BERTH_SOCKET_APP && r->app_op ? r->app_op : r->op;
	struct berth_json *body = NULL;
	enum berth_err rc;

	if ((rc = read_body(&body, c, r)) || (rc = read_after(&req.after, c->after)))
		goto out;
	if (!member_allowed(c, r, body, missing)) {
		rc = BERTH_E_AUTHZ;
		goto out;
	}
	req.body = body;
	if (op == BERTH_API_SELF)
		rc = self(c, quota, out);
	else if (!backend->op[op])
		rc = berth_fail(BERTH_E_NOMATCH, "not in this role");
	else
		rc = backend->op[op](backend->arg, &req, out);
	if (!rc && r->filter && c->socket == BERTH_SOCKET_APP)
		rc = filter(out, c->principal, r->filter, r->filter_key);
out:
	berth_json_free(body);
	return rc;
}

static void write_result(struct berth_api_answer *out, const struct berth_api_call *c, const struct berth_json *v,
			 bool text, bool waits)
{
	enum berth_err rc;

	out->status = 200;
	out->may_wait = waits && berth_json_is(v, BERTH_JSON_ARRAY) && !berth_json_len(v);
	out->text = text && berth_json_str(v);
	if (out->text) {
		berth_buf_str(&out->body, berth_json_str(v));
		return;
	}
	if (!(rc = berth_json_print(&out->body, v)))
		rc = berth_buf_status(&out->body);
	if (rc) {
		berth_buf_free(&out->body);
		refuse(out, c, rc);
	}
}

static void begin_stream(struct berth_api_answer *out, const struct berth_api_backend *backend, const struct berth_api_call *c)
{
	enum berth_err rc = read_after(&out->since, c->since);

	if (!rc && (!backend->generation || !backend->op[BERTH_API_WATCH]))
		rc = berth_fail(BERTH_E_NOMATCH, "not in this role");
	if (rc)
		refuse(out, c, rc);
	else
		out->stream = true;
}

void berth_api_dispatch(struct berth_api_answer *out, const struct berth_api_backend *backend,
			const struct berth_api_quota *quota, const struct berth_api_call *c)
{
	char param[BERTH_API_PARAM_MAX + 1], missing[MISSING_MAX] = "";
	const struct berth_api_route *r;
	struct berth_json *v = NULL;
	bool other_method;
	enum berth_err rc;

	berth_metric_count(BERTH_METRIC_API_CALLS);
	*out = (struct berth_api_answer){ .body = BERTH_BUF_INIT };
	if ((rc = berth_api_match(&r, &other_method, param, c->socket, c->method, c->path))) {
		refuse(out, c, rc);
		return;
	}
	if (!r) {
		berth_api_error(out, other_method ? 405 : 404, BERTH_E_NOMATCH,
				other_method ? "not with this method" : "no such path", name_of(c), NULL);
		return;
	}
	if (!allowed(out, c, r, param))
		return;
	if (r->stream) {
		begin_stream(out, backend, c);
		return;
	}
	rc = run(&v, backend, quota, c, r, param, missing);
	if (missing[0])
		deny(out, c, name_of(c), missing);
	else if (rc)
		refuse(out, c, rc);
	else
		write_result(out, c, v, r->op == BERTH_API_METRICS, r->waits && c->socket == BERTH_SOCKET_APP);
	berth_json_free(v);
}
