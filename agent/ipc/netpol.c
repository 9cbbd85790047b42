/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/netpol.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* IANA special-purpose registries: everything in IPv4 and in 2000::/3 that is not
 * globally reachable unicast, and the forms that carry an IPv4 address inside. */
static const struct {
	uint8_t net[16];
	uint8_t bits;
} special[] = {
#define V4(a, b, c, d) { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d }
	{ V4(0, 0, 0, 0), 96 + 8 },		/* this network */
	{ V4(10, 0, 0, 0), 96 + 8 },
	{ V4(100, 64, 0, 0), 96 + 10 },		/* shared (carrier NAT) */
	{ V4(127, 0, 0, 0), 96 + 8 },
	{ V4(169, 254, 0, 0), 96 + 16 },
	{ V4(172, 16, 0, 0), 96 + 12 },
	{ V4(192, 0, 0, 0), 96 + 24 },
	{ V4(192, 0, 2, 0), 96 + 24 },		/* documentation */
	{ V4(192, 88, 99, 0), 96 + 24 },	/* 6to4 relay */
	{ V4(192, 168, 0, 0), 96 + 16 },
	{ V4(198, 18, 0, 0), 96 + 15 },		/* benchmarking */
	{ V4(198, 51, 100, 0), 96 + 24 },
	{ V4(203, 0, 113, 0), 96 + 24 },
	{ V4(224, 0, 0, 0), 96 + 4 },		/* multicast */
	{ V4(240, 0, 0, 0), 96 + 4 },		/* reserved and broadcast */
#undef V4
	{ { 0x20, 0x01, 0x00 }, 23 },		/* IETF protocol assignments, Teredo, ORCHID */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 },	/* documentation */
	{ { 0x20, 0x02 }, 16 },			/* 6to4: an IPv4 address inside */
	{ { 0x3f, 0xff, 0x00 }, 20 },		/* documentation */
};

static bool inside(const uint8_t a[16], const uint8_t net[16], unsigned bits)
{
	size_t whole = bits / 8;
	uint8_t rest = (uint8_t)(0xff00u >> (bits % 8));

	return memcmp(a, net, whole) == 0 && (bits % 8 == 0 || ((a[whole] ^ net[whole]) & rest) == 0);
}

bool berth_netaddr_is_v4(const struct berth_netaddr *a)
{
	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

static bool is_special(const struct berth_netaddr *a)
{
	static const uint8_t global_unicast[16] = { 0x20 };	/* 2000::/3 */

	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++)
		if (inside(a->b, special[i].net, special[i].bits))
			return true;
	return !berth_netaddr_is_v4(a) && !inside(a->b, global_unicast, 3);
}

enum berth_err berth_netpol_check(const struct berth_netpol *p, const struct berth_netaddr *a)
{
	char text[BERTH_NETADDR_TEXT_MAX + 1];

	for (size_t i = 0; i < p->n_allow; i++)
		if (inside(a->b, p->allow[i].net.b, p->allow[i].bits))
			return BERTH_OK;
	if (!is_special(a))
		return BERTH_OK;
	berth_netaddr_text(text, a);
	return berth_fail(BERTH_E_NETPOL, "%s is not a public address and not allowed", text);
}

/* Two ways to write one path are one too many for who compares them. */
bool berth_netpol_path_ok(const char *path)
{
	size_t n = strlen(path);

	if (path[0] != '/' || n < 2 || n > BERTH_NETPOL_PATH_MAX || path[n - 1] == '/')
		return false;
	for (const char *p = path; p; p = strchr(p + 1, '/'))
		if (p[1] == '/' || !strncmp(p, "/./", 3) || !strcmp(p, "/.") || !strncmp(p, "/../", 4) || !strcmp(p, "/.."))
			return false;
	return true;
}

enum berth_err berth_netpol_add_ipc(struct berth_netpol *p, const char *folder)
{
	if (!berth_netpol_path_ok(folder))
		return berth_fail(BERTH_E_CONFIG, "%.120s is not a plain absolute path", folder);
	if (p->n_ipc == BERTH_NETPOL_IPC_MAX)
		return berth_fail(BERTH_E_CONFIG, "more than %d folders", BERTH_NETPOL_IPC_MAX);
	memcpy(p->ipc[p->n_ipc++], folder, strlen(folder) + 1);
	return BERTH_OK;
}

enum berth_err berth_netpol_check_ipc(const struct berth_netpol *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	for (size_t i = 0; berth_netpol_path_ok(path) && i < p->n_ipc; i++)
		if (strlen(p->ipc[i]) == n && memcmp(p->ipc[i], path, n) == 0)
			return BERTH_OK;
	return berth_fail(BERTH_E_NETPOL, "%.120s is not in a folder of [egress] ipc", path);
}

void berth_netaddr_text(char out[BERTH_NETADDR_TEXT_MAX + 1], const struct berth_netaddr *a)
{
	bool v4 = berth_netaddr_is_v4(a);

	if (!inet_ntop(v4 ? AF_INET : AF_INET6, a->b + (v4 ? 12 : 0), out, BERTH_NETADDR_TEXT_MAX + 1))
		out[0] = '\0';
}

/* Strict numeric text: dotted quad or IPv6, nothing else. */
static bool numeric(struct berth_netaddr *a, const char *text)
{
	memcpy(a->b, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, a->b + 12) == 1 || inet_pton(AF_INET6, text, a->b) == 1;
}

enum berth_err berth_netaddr_from_sockaddr(struct berth_netaddr *a, const struct sockaddr *sa)
{
	memcpy(a->b, mapped, sizeof(mapped));
	if (sa->sa_family == AF_INET)
		memcpy(a->b + 12, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
	else if (sa->sa_family == AF_INET6)
		memcpy(a->b, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
	else
		return berth_fail(BERTH_E_NETPOL, "address family %d", sa->sa_family);
	return BERTH_OK;
}

/* The prefix length after the '/', or the whole address. */
static bool prefix_bits(const char *slash, unsigned whole, unsigned *bits)
{
	char *end;
	unsigned long v;

	*bits = whole;
	if (!slash)
		return true;
	if (!isdigit((unsigned char)slash[1]) || strlen(slash + 1) > 3)
		return false;
	v = strtoul(slash + 1, &end, 10);
	*bits = (unsigned)v;
	return *end == '\0' && v <= whole;
}

enum berth_err berth_netpol_add_allow(struct berth_netpol *p, const char *cidr)
{
	char text[BERTH_NETADDR_TEXT_MAX + 1];
	const char *slash = strchr(cidr, '/');
	size_t len = slash ? (size_t)(slash - cidr) : strlen(cidr);
	struct berth_netaddr a;
	unsigned bits, v4;

	if (p->n_allow == BERTH_NETPOL_ALLOW_MAX)
		return berth_fail(BERTH_E_CONFIG, "egress allow: more than %d blocks", BERTH_NETPOL_ALLOW_MAX);
	if (len >= sizeof(text))
		return berth_fail(BERTH_E_CONFIG, "egress allow: %.60s is not a block of addresses", cidr);
	memcpy(text, cidr, len);
	text[len] = '\0';
	if (!numeric(&a, text) || !prefix_bits(slash, berth_netaddr_is_v4(&a) && !strchr(text, ':') ? 32 : 128, &bits))
		return berth_fail(BERTH_E_CONFIG, "egress allow: %.60s is not a block of addresses", cidr);
	v4 = strchr(text, ':') ? 0 : 96;
	for (unsigned i = bits + v4; i < 128; i++)
		if (a.b[i / 8] & (0x80u >> (i % 8)))
			return berth_fail(BERTH_E_CONFIG, "egress allow: %.60s has bits behind its prefix", cidr);
	p->allow[p->n_allow].net = a;
	p->allow[p->n_allow++].bits = (uint8_t)(bits + v4);
	return BERTH_OK;
}

static bool name_valid(const char *s, size_t n)
{
	if (n == 0 || n > BERTH_NETPOL_NAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-' && s[i] != '.' && s[i] != '_')
			return false;
	return true;
}

static const struct berth_netpol_host *host_find(const struct berth_netpol *p, const char *name)
{
	for (size_t i = 0; i < p->n_hosts; i++)
		if (strcasecmp(p->hosts[i].name, name) == 0)
			return &p->hosts[i];
	return NULL;
}

static enum berth_err host_append(struct berth_netpol *p, const struct berth_netpol_host *h)
{
	struct berth_netpol_host *grown;

	if (p->n_hosts == BERTH_NETPOL_HOSTS_MAX)
		return berth_fail(BERTH_E_CONFIG, "egress hosts: more than %d", BERTH_NETPOL_HOSTS_MAX);
	if (host_find(p, h->name))
		return berth_fail(BERTH_E_CONFIG, "egress hosts: %.60s twice", h->name);
	grown = realloc(p->hosts, (p->n_hosts + 1) * sizeof(*grown));
	if (!grown)
		return berth_no_memory();
	p->hosts = grown;
	p->hosts[p->n_hosts++] = *h;
	return BERTH_OK;
}

enum berth_err berth_netpol_add_host(struct berth_netpol *p, const char *name_is_addr)
{
	const char *eq = strchr(name_is_addr, '=');
	struct berth_netpol_host h = { 0 };

	if (!eq || !name_valid(name_is_addr, (size_t)(eq - name_is_addr)) || !numeric(&h.addr, eq + 1))
		return berth_fail(BERTH_E_CONFIG, "egress hosts: %.60s is not name=address", name_is_addr);
	for (size_t i = 0; name_is_addr + i < eq; i++)
		h.name[i] = (char)tolower((unsigned char)name_is_addr[i]);
	return host_append(p, &h);
}

/* Old resolvers read "0x7f.1", "0177.0.0.1", "2130706433" and "127.1" as numbers. */
static bool looks_numeric(const char *host)
{
	size_t n = strlen(host);
	const char *last;

	if (n && host[n - 1] == '.')
		return true;	/* a trailing dot is another spelling of a name */
	last = strrchr(host, '.');
	last = last ? last + 1 : host;
	if (last[0] == '0' && (last[1] == 'x' || last[1] == 'X'))
		return true;
	return last[strspn(last, "0123456789")] == '\0';
}

enum berth_err berth_netpol_lookup(const struct berth_netpol *p, const char *host, struct berth_netaddr *a, bool *found)
{
	const struct berth_netpol_host *h = host_find(p, host);

	*found = h || numeric(a, host);
	if (h)
		*a = h->addr;
	if (*found)
		return berth_netpol_check(p, a);
	if (!name_valid(host, strlen(host)) || looks_numeric(host))
		return berth_fail(BERTH_E_NETPOL, "%.60s is not a host name", host);
	return BERTH_OK;
}

enum berth_err berth_netpol_ask(const char *host, struct berth_netaddr a[BERTH_NETPOL_ANSWERS_MAX], size_t *n)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG }, *got = NULL;

	*n = 0;
	if (getaddrinfo(host, NULL, &want, &got) || !got)
		return berth_fail(BERTH_E_UNAVAILABLE, "%.60s: no address", host);
	for (struct addrinfo *i = got; i && *n < BERTH_NETPOL_ANSWERS_MAX; i = i->ai_next)
		if (!berth_netaddr_from_sockaddr(&a[*n], i->ai_addr))
			++*n;
	freeaddrinfo(got);
	return BERTH_OK;
}

enum berth_err
berth_netpol_pick(const struct berth_netpol *p, const struct berth_netaddr *a, size_t n, struct berth_netaddr *out)
{
	enum berth_err rc = berth_fail(BERTH_E_NETPOL, "no address of a usable family");

	for (size_t i = 0; i < n; i++)
		if (!(rc = berth_netpol_check(p, &a[i]))) {
			*out = a[i];
			break;
		}
	return rc;
}

void berth_netpol_free(struct berth_netpol *p)
{
	free(p->hosts);
	*p = (struct berth_netpol){ 0 };
}

void berth_netpol_encode(struct berth_buf *out, const struct berth_netpol *p)
{
	berth_buf_be16(out, (uint16_t)p->n_allow);
	for (size_t i = 0; i < p->n_allow; i++) {
		berth_buf_put(out, p->allow[i].net.b, 16);
		berth_buf_u8(out, p->allow[i].bits);
	}
	berth_buf_be16(out, (uint16_t)p->n_hosts);
	for (size_t i = 0; i < p->n_hosts; i++) {
		berth_buf_str16(out, p->hosts[i].name);
		berth_buf_put(out, p->hosts[i].addr.b, 16);
	}
	berth_buf_u8(out, (uint8_t)p->n_ipc);
	for (size_t i = 0; i < p->n_ipc; i++)
		berth_buf_str16(out, p->ipc[i]);
}

static enum berth_err decode_hosts(struct berth_netpol *p, struct berth_cur *c, size_t n)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < n && !c->bad && !rc; i++) {
		struct berth_netpol_host h = { 0 };

		berth_cur_str16(c, h.name, BERTH_NETPOL_NAME_MAX);
		berth_cur_copy(c, h.addr.b, 16);
		if (!c->bad)
			rc = name_valid(h.name, strlen(h.name)) ? host_append(p, &h) : BERTH_E_TYPE;
	}
	return rc;
}

static void decode_ipc(struct berth_netpol *p, struct berth_cur *c)
{
	size_t n = berth_cur_u8(c);

	c->bad |= n > BERTH_NETPOL_IPC_MAX;
	for (; p->n_ipc < n && !c->bad; p->n_ipc++) {
		berth_cur_str16(c, p->ipc[p->n_ipc], BERTH_NETPOL_PATH_MAX);
		c->bad |= !berth_netpol_path_ok(p->ipc[p->n_ipc]);
	}
}

enum berth_err berth_netpol_decode(struct berth_netpol *p, struct berth_cur *c)
{
	enum berth_err rc;
	size_t n;

	berth_netpol_free(p);
	n = berth_cur_be16(c);
	c->bad |= n > BERTH_NETPOL_ALLOW_MAX;
	for (; p->n_allow < n && !c->bad; p->n_allow++) {
		berth_cur_copy(c, p->allow[p->n_allow].net.b, 16);
		p->allow[p->n_allow].bits = berth_cur_u8(c);
		c->bad |= p->allow[p->n_allow].bits > 128;
	}
	if (!(rc = decode_hosts(p, c, berth_cur_be16(c))))
		decode_ipc(p, c);
	if (c->bad || rc) {
		berth_netpol_free(p);
		return berth_fail(BERTH_E_TYPE, "malformed egress policy");
	}
	return BERTH_OK;
}
