/* SPDX-License-Identifier: Apache-2.0 */
/* What an exchange begins with: the request as adapters give it, and what the policy has to
 * say of it before anybody is asked. */
#include <string.h>

#include "agent/resolverd/http_internal.h"
#include "did/base/clock.h"

#define FIELD_MAX 4096

/* What goes into a line of a head. */
static bool field_ok(const char *s)
{
	size_t n = strnlen(s, FIELD_MAX + 1);

	if (n == 0 || n > FIELD_MAX || s[0] == ' ' || s[n - 1] == ' ')
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return true;
}

/* Without a value curl is not to make one up. */
static bool add_line(struct berth_res_exchange *x, const char *name, const char *value)
{
	if (value && !field_ok(value))
		return false;
	berth_buf_printf(&x->lines, value ? "%s: %s" : "%s:", name, value ? value : "");
	berth_buf_u8(&x->lines, 0);
	return true;
}

static const char *known_method(const char *s)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };

	for (size_t i = 0; s && i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(s, methods[i]) == 0)
			return methods[i];
	return NULL;
}

static bool takes_body(const char *method)
{
	return method[0] == 'P';
}

static enum berth_err copy_head(struct berth_res_exchange *x, const struct berth_registry_http *q)
{
	bool has_body = q->body_len > 0;

	if (!(x->method = known_method(q->method)) || (has_body && !takes_body(x->method)) || !q->url)
		return berth_fail(BERTH_E_TYPE, "http: method or URL");
	if (!(x->url = strdup(q->url)))
		return berth_no_memory();
	if (!add_line(x, "Accept", q->accept ? q->accept : "*/*") || !add_line(x, "Content-Type", q->content_type) ||
	    !add_line(x, "Authorization", q->authorization) || !add_line(x, "Expect", NULL))
		return berth_fail(BERTH_E_TYPE, "http: a field of the request");
	return berth_res_url_parse(&x->uri, x->url);
}

static enum berth_err copy_body(struct berth_res_exchange *x, const struct berth_registry_http *q)
{
	size_t max = q->max_bytes < BERTH_RES_HTTP_BODY_MAX ? q->max_bytes : BERTH_RES_HTTP_BODY_MAX;

	if (q->body_len > BERTH_RES_HTTP_REQUEST_MAX || x->h->held + q->body_len > BERTH_RES_HELD_MAX)
		return berth_fail(BERTH_E_QUOTA, "http: %zu octets to send", q->body_len);
	x->max_bytes = max;
	berth_buf_put(&x->body, q->body, q->body_len);
	x->h->held += x->body.len;
	return berth_buf_status(&x->body);
}

enum berth_err berth_res_exchange_copy(struct berth_res_exchange *x, const struct berth_registry_http *q)
{
	enum berth_err rc;

	if (q->size < offsetof(struct berth_registry_http, max_bytes) + sizeof(q->max_bytes))
		return berth_fail(BERTH_E_TYPE, "http: a request of %u octets", q->size);
	if ((rc = copy_head(x, q)) || (rc = copy_body(x, q)))
		return rc;
	return berth_buf_status(&x->lines);
}

/* ---- where it goes */

static enum berth_err check_clock(const struct berth_res_http_policy *p)
{
	if (p->clock_trusted && berth_clock_now_s() >= berth_clock_build_s())
		return BERTH_OK;
	return berth_fail(BERTH_E_CLOCK, "without a trusted clock no certificate can be judged");
}

/* What can be said without asking anybody. */
enum berth_err berth_res_exchange_judge(struct berth_res_exchange *x)
{
	const struct berth_res_http_policy *p = x->h->policy;
	bool found;
	enum berth_err rc;

	if ((rc = berth_res_url_check_port(&x->uri)) ||
	    (rc = berth_res_http_policy_check_port(p, x->uri.host, x->uri.port)) ||
	    (rc = berth_res_http_policy_check_host(p, x->uri.host, x->uri.tls)) ||
	    (rc = berth_netpol_lookup(&p->addresses, x->uri.host, &x->addr, &found)) ||
	    (p->proxy.host[0] && (rc = berth_netpol_lookup(&p->addresses, p->proxy.host, &x->addr, &found))) ||
	    (x->uri.tls && (rc = check_clock(p))))
		return rc;
	memcpy(x->name.host, p->proxy.host[0] ? p->proxy.host : x->uri.host, sizeof(x->name.host));
	x->state = found ? BERTH_RES_NAMED : BERTH_RES_BEGUN;
	return BERTH_OK;
}
