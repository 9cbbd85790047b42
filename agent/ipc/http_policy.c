/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/http_policy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/ipc/http_uri.h"
#include "agent/ipc/netd_proto.h"

#define DEFAULT_RATE 50u
#define DEFAULT_AT_ONCE 32u
#define DEFAULT_STALL_S 20u
#define STALL_MAX_S 600u
#define DOMAIN_PORT 53

void berth_res_http_policy_init(struct berth_res_http_policy *p)
{
	*p = (struct berth_res_http_policy){
		.rate_per_s = DEFAULT_RATE, .at_once = DEFAULT_AT_ONCE, .stall_s = DEFAULT_STALL_S
	};
}

void berth_res_http_policy_free(struct berth_res_http_policy *p)
{
	berth_netpol_free(&p->addresses);
	free(p->plain.v);
	free(p->names.v);
	berth_res_http_policy_init(p);
}

/* ---- names */

static bool is_pattern(const char *s) { return strcmp(s, "*") == 0 || strncmp(s, "*.", 2) == 0; }

/* A name that we would look up, or a number as we would dial it. */
static bool is_host(const char *s)
{
	const struct berth_netpol any = { .n_allow = 1 };	/* 0 bits: all addresses */
	struct berth_netaddr a;
	bool found;

	return !berth_netpol_lookup(&any, s, &a, &found);
}

enum berth_err berth_http_names_add(struct berth_http_names *l, const char *name, bool any)
{
	const char *plain = any && strncmp(name, "*.", 2) == 0 ? name + 2 : name;
	char (*grown)[BERTH_NETPOL_NAME_MAX + 1];
	size_t n = strlen(name);

	if (n > BERTH_NETPOL_NAME_MAX || !(is_host(plain) || (any && strcmp(name, "*") == 0)))
		return berth_fail(BERTH_E_CONFIG, "egress: %.60s is not the name of a host", name);
	if (l->n == BERTH_HTTP_NAMES_MAX)
		return berth_fail(BERTH_E_CONFIG, "egress: more than %d names", BERTH_HTTP_NAMES_MAX);
	if (!(grown = realloc(l->v, (l->n + 1) * sizeof(*grown))))
		return berth_no_memory();
	l->v = grown;
	for (size_t i = 0; i <= n; i++)
		l->v[l->n][i] = (char)tolower((unsigned char)name[i]);
	l->n++;
	return BERTH_OK;
}

static bool matches(const char *pattern, const char *host)
{
	size_t n = strlen(host), tail;

	if (strcmp(pattern, "*") == 0)
		return true;
	if (!is_pattern(pattern))
		return strcasecmp(pattern, host) == 0;
	tail = strlen(pattern + 1);	/* with its dot */
	return n > tail && strcasecmp(host + n - tail, pattern + 1) == 0;
}

bool berth_http_names_has(const struct berth_http_names *l, const char *host)
{
	for (size_t i = 0; i < l->n; i++)
		if (matches(l->v[i], host))
			return true;
	return false;
}

enum berth_err berth_res_http_policy_check_host(const struct berth_res_http_policy *p, const char *host, bool tls)
{
	if (!tls && !berth_http_names_has(&p->plain, host))
		return berth_fail(BERTH_E_NETPOL, "%.60s is not in [egress] http-hosts", host);
	if ((p->names.n || p->proxy.host[0]) && !berth_http_names_has(&p->names, host))
		return berth_fail(BERTH_E_NETPOL, "%.60s is not in [egress] names", host);
	return BERTH_OK;
}

/* ---- ports */

enum berth_err berth_res_http_policy_add_port(struct berth_res_http_policy *p, int64_t port)
{
	for (size_t i = 0; i < p->n_ports; i++)
		if (p->ports[i] == port)
			return berth_fail(BERTH_E_CONFIG, "egress: port %lld twice", (long long)port);
	if (port < 1 || port > UINT16_MAX || p->n_ports == BERTH_HTTP_PORTS_MAX)
		return berth_fail(BERTH_E_CONFIG, "egress: %lld is no port, or one of more than %d", (long long)port, BERTH_HTTP_PORTS_MAX);
	p->ports[p->n_ports++] = (uint16_t)port;
	return BERTH_OK;
}

enum berth_err berth_res_http_policy_check_port(const struct berth_res_http_policy *p, const char *host, uint16_t port)
{
	bool found = p->n_ports == 0;

	for (size_t i = 0; i < p->n_ports; i++)
		found |= p->ports[i] == port;
	return found ? BERTH_OK : berth_fail(BERTH_E_NETPOL, "%.60s: port %u is not in [egress] ports", host, port);
}

/* What a proxy connects to is not ours. */
size_t berth_res_http_policy_tcp(const struct berth_res_http_policy *p, uint16_t ports[BERTH_HTTP_PORTS_MAX + 1])
{
	bool proxy = p->proxy.host[0];
	size_t n = proxy ? 1 : p->n_ports;

	memcpy(ports, proxy ? &p->proxy.port : p->ports, n * sizeof(*ports));
	if (n)
		ports[n++] = DOMAIN_PORT;	/* long answers of the name service */
	return n;
}

/* ---- the proxy */

enum berth_err berth_res_http_policy_set_proxy(struct berth_res_http_policy *p, const char *url)
{
	struct berth_http_uri u;

	if (berth_http_uri_parse(&u, url) || u.tls || u.ws || u.port == 0 || (u.path[0] && strcmp(u.path, "/") != 0) ||
	    !is_host(u.host))
		return berth_fail(BERTH_E_CONFIG, "egress proxy: %.120s is not http://HOST:PORT", url);
	memcpy(p->proxy.host, u.host, sizeof(p->proxy.host));
	p->proxy.port = u.port;
	return BERTH_OK;
}

/* ---- between processes */

static void encode_names(struct berth_buf *out, const struct berth_http_names *l)
{
	berth_buf_be16(out, (uint16_t)l->n);
	for (size_t i = 0; i < l->n; i++)
		berth_buf_str16(out, l->v[i]);
}

void berth_res_http_policy_encode(struct berth_buf *out, const struct berth_res_http_policy *p)
{
	berth_netpol_encode(out, &p->addresses);
	encode_names(out, &p->plain);
	encode_names(out, &p->names);
	berth_buf_be16(out, (uint16_t)p->n_ports);
	for (size_t i = 0; i < p->n_ports; i++)
		berth_buf_be16(out, p->ports[i]);
	berth_buf_str16(out, p->ca_file);
	berth_buf_str16(out, p->proxy.host);
	berth_buf_be16(out, p->proxy.port);
	berth_buf_be32(out, p->rate_per_s);
	berth_buf_be32(out, p->at_once);
	berth_buf_be32(out, p->stall_s);
	berth_buf_u8(out, p->clock_trusted);
}

static void decode_names(struct berth_http_names *l, struct berth_cur *c, bool any)
{
	char name[BERTH_NETPOL_NAME_MAX + 1];

	for (size_t n = berth_cur_be16(c); n && !c->bad; n--) {
		berth_cur_str16(c, name, BERTH_NETPOL_NAME_MAX);
		c->bad |= !c->bad && berth_http_names_add(l, name, any);
	}
}

static void decode_ports(struct berth_res_http_policy *p, struct berth_cur *c)
{
	for (size_t n = berth_cur_be16(c); n && !c->bad; n--) {
		uint16_t port = berth_cur_be16(c);

		c->bad |= !c->bad && berth_res_http_policy_add_port(p, port);
	}
}

static bool sane(const struct berth_res_http_policy *p)
{
	return (!p->ca_file[0] || p->ca_file[0] == '/') && (!p->proxy.host[0] || (is_host(p->proxy.host) && p->proxy.port)) &&
	       p->rate_per_s >= 1 && p->rate_per_s <= BERTH_NET_RATE_MAX && p->at_once >= 1 &&
	       p->at_once <= BERTH_HTTP_AT_ONCE_MAX && p->stall_s >= 1 && p->stall_s <= STALL_MAX_S;
}

enum berth_err berth_res_http_policy_decode(struct berth_res_http_policy *p, struct berth_cur *c)
{
	uint8_t clock;

	berth_res_http_policy_init(p);
	if (berth_netpol_decode(&p->addresses, c))
		return BERTH_E_TYPE;
	decode_names(&p->plain, c, false);
	decode_names(&p->names, c, true);
	decode_ports(p, c);
	berth_cur_str16(c, p->ca_file, BERTH_HTTP_FILE_MAX);
	berth_cur_str16(c, p->proxy.host, BERTH_NETPOL_NAME_MAX);
	p->proxy.port = berth_cur_be16(c);
	p->rate_per_s = berth_cur_be32(c);
	p->at_once = berth_cur_be32(c);
	p->stall_s = berth_cur_be32(c);
	p->clock_trusted = (clock = berth_cur_u8(c)) == 1;
	if (c->bad || clock > 1 || !sane(p)) {
		berth_res_http_policy_free(p);
		return berth_fail(BERTH_E_TYPE, "malformed egress policy");
	}
	return BERTH_OK;
}
