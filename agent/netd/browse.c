/* SPDX-License-Identifier: Apache-2.0 */
/* DNS-SD over unicast DNS: which services there are in a domain (PTR), what each says of
 * itself (TXT), where it is (SRV, and A or AAAA where its name is not needed).  libc's
 * resolver asks, on a thread of its own.  Whatever the servers do, it is over after so
 * many seconds and octets, and what has been found until then counts. */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/netd/dnssd.h"
#include "agent/netd/netd.h"
#include "agent/netd/sandbox.h"
#include "agent/protocol/hints.h"
#include "did/base/clock.h"

#define SERVICE "_berth._tcp."
#define TIME_MS 10000u		/* then no further question is asked */
#define OCTETS_MAX 65536u
#define QUESTION_S 2
#define TRIES 2
#define DOMAINS_MAX 8
#define INSTANCES_MAX 16	/* of one domain */
#define QUESTION_OCTETS 57	/* a question's but for its name, with what carries it */
#define ANSWER_OCTETS 28	/* what carries an answer */

struct browse {
	struct berth_lookup lookup;	/* first */
	struct berth_netd *n;
	struct berth_net_browse what;
	struct berth_net_services found;
	struct __res_state st;
	uint64_t until_ms;
	struct berth_buf text;
	size_t hints, domains;
	char name[INSTANCES_MAX][BERTH_DNSSD_NAME_MAX + 1];
	size_t names;
	uint8_t answer[BERTH_DNSSD_ANSWER_MAX];
};

/* ---- one question ---- */
static enum berth_err query(struct browse *b, struct berth_dnssd *d, const char *name, enum berth_dnssd_type type)
{
	int n;

	if (berth_clock_mono_ms() >= b->until_ms || b->found.octets > OCTETS_MAX)
		return berth_fail(BERTH_E_UNAVAILABLE, "DNS: no more time, or no more octets");
	n = res_nquery(&b->st, name, ns_c_in, (int)type, b->answer, sizeof(b->answer));
	b->found.octets += (uint32_t)(strlen(name) + QUESTION_OCTETS + (n > 0 ? n + ANSWER_OCTETS : 0));
	if (n < 0 && (b->st.res_h_errno == HOST_NOT_FOUND || b->st.res_h_errno == NO_DATA))
		return berth_fail(BERTH_E_NOMATCH, "DNS: no %.80s", name);
	if (n < 0)
		return berth_fail(BERTH_E_UNAVAILABLE, "DNS: nobody answers for %.80s", name);
	return berth_dnssd_open(d, b->answer, (size_t)n < sizeof(b->answer) ? (size_t)n : sizeof(b->answer));
}

/* The first record of that type. */
static enum berth_err first(struct browse *b, struct berth_dnssd *d, const char *name, enum berth_dnssd_type type,
			    struct berth_cur *data)
{
	enum berth_err rc = query(b, d, name, type);

	if (rc || berth_dnssd_next(d, name, type, data))
		return rc;
	return berth_fail(d->at.bad ? BERTH_E_TYPE : BERTH_E_NOMATCH, "DNS: no record of %.80s", name);
}

/* ---- one service ---- */
static void add(struct browse *b, const struct berth_dnssd_txt *t, const char *host, uint16_t port)
{
	if (b->hints < BERTH_HINTS_MAX && berth_dnssd_hint(&b->text, t, host, port))
		b->hints++;
}

static enum berth_err add_address(struct browse *b, const struct berth_dnssd_txt *t, const struct berth_dnssd_srv *at,
				  enum berth_dnssd_type type)
{
	char address[BERTH_NETADDR_TEXT_MAX + 1];
	struct berth_cur data;
	struct berth_dnssd d;
	enum berth_err rc;

	if ((rc = first(b, &d, at->host, type, &data)) || (rc = berth_dnssd_address(address, type, data)))
		return rc;
	add(b, t, address, at->port);
	return BERTH_OK;
}

/* The same server that says where a service is says which address that has; a name that a
 * certificate is compared with stays, and is looked up when it is dialled. */
static enum berth_err service(struct browse *b, const char *name)
{
	struct berth_dnssd_txt t;
	struct berth_dnssd_srv at;
	struct berth_cur data;
	struct berth_dnssd d;
	enum berth_err rc;

	if ((rc = first(b, &d, name, BERTH_DNSSD_TXT, &data)) || (rc = berth_dnssd_txt(&t, data)) ||
	    (rc = first(b, &d, name, BERTH_DNSSD_SRV, &data)) || (rc = berth_dnssd_srv(&at, &d, data)))
		return rc;
	if (berth_dnssd_needs_name(&t)) {
		add(b, &t, at.host, at.port);
		return BERTH_OK;
	}
	if ((rc = add_address(b, &t, &at, BERTH_DNSSD_A)) == BERTH_E_UNAVAILABLE)
		return rc;
	return add_address(b, &t, &at, BERTH_DNSSD_AAAA);
}

/* ---- one domain ---- */
static enum berth_err instances(struct browse *b, const char *domain)
{
	char name[BERTH_NETPOL_NAME_MAX + sizeof(SERVICE)];
	struct berth_cur data;
	struct berth_dnssd d;
	enum berth_err rc;

	b->names = 0;
	snprintf(name, sizeof(name), SERVICE "%.*s", BERTH_NETPOL_NAME_MAX, domain);
	if ((rc = query(b, &d, name, BERTH_DNSSD_PTR)))
		return rc;
	rc = BERTH_E_NOMATCH;
	while (b->names < INSTANCES_MAX && berth_dnssd_next(&d, name, BERTH_DNSSD_PTR, &data))
		if (!(rc = berth_dnssd_ptr(b->name[b->names], &d, data)))
			b->names++;
	if (d.at.bad)
		return berth_fail(BERTH_E_TYPE, "DNS: the services of %.80s", domain);
	return b->names ? BERTH_OK : rc;
}

/* One service that cannot be read costs itself; a server that is silent costs the rest.
 * Why there was nothing is remembered of the last. */
static enum berth_err domain(struct browse *b, const char *name)
{
	enum berth_err rc;

	if (b->domains++ >= DOMAINS_MAX)
		return BERTH_OK;
	rc = b->lookup.rc = instances(b, name);
	for (size_t i = 0; !rc && i < b->names && b->hints < BERTH_HINTS_MAX; i++)
		if ((b->lookup.rc = service(b, b->name[i])) == BERTH_E_UNAVAILABLE)
			rc = BERTH_E_UNAVAILABLE;
	return rc == BERTH_E_UNAVAILABLE ? rc : BERTH_OK;
}

/* ---- all of it ---- */
static enum berth_err parse_server(const char *text, struct sockaddr_in *v4, struct sockaddr_in6 *v6)
{
	char host[BERTH_NET_SERVER_MAX + 1];
	unsigned port = NAMESERVER_PORT;

	*v4 = (struct sockaddr_in){ .sin_family = AF_INET };
	*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	if (sscanf(text, "[%63[^]]]:%u", host, &port) < 1 && sscanf(text, "%63[^:]:%u", host, &port) < 1)
		return berth_fail(BERTH_E_CONFIG, "DNS: %.63s is no server", text);
	v4->sin_port = v6->sin6_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1)
		return BERTH_OK;
	v4->sin_family = 0;
	return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 ? BERTH_OK
		: berth_fail(BERTH_E_CONFIG, "DNS: %.63s is no address", host);
}

/* libc has an IPv6 server where the IPv4 one of the same number has no family; it frees it. */
static enum berth_err set_server(struct __res_state *st, const char *text)
{
	struct sockaddr_in6 v6;
	enum berth_err rc = parse_server(text, &st->nsaddr_list[0], &v6);

	if (rc || st->nsaddr_list[0].sin_family) {
		st->nscount = 1;
		return rc;
	}
	if (!st->_u._ext.nsaddrs[0] && !(st->_u._ext.nsaddrs[0] = malloc(sizeof(v6))))
		return berth_no_memory();
	*st->_u._ext.nsaddrs[0] = v6;
	st->nscount = 1;
	return BERTH_OK;
}

/* Datagrams only: libc waits for a connection without an end.  What does not fit into one
 * is cut off behind a record. */
static enum berth_err begin(struct browse *b)
{
	if (res_ninit(&b->st))
		return berth_fail(BERTH_E_UNAVAILABLE, "DNS: no resolver");
	b->st.options = (b->st.options | RES_USE_EDNS0 | RES_IGNTC) & ~(unsigned long)RES_USEVC;
	b->st.retrans = QUESTION_S;
	b->st.retry = TRIES;
	b->until_ms = berth_clock_mono_ms() + TIME_MS;
	return b->what.server[0] ? set_server(&b->st, b->what.server) : BERTH_OK;
}

static enum berth_err search_list(struct browse *b)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < MAXDNSRCH && b->st.dnsrch[i] && b->st.dnsrch[i][0]; i++)
		rc = domain(b, b->st.dnsrch[i]);
	return rc;
}

static void ask(struct berth_lookup *l)
{
	struct browse *b = (struct browse *)l;
	char *at = b->what.domains, *word;
	enum berth_err rc = begin(b);

	while (!rc && (word = strsep(&at, " ")))
		if (word[0])
			rc = strcmp(word, "search") == 0 ? search_list(b) : domain(b, word);
	res_nclose(&b->st);
	if (b->hints || rc)
		l->rc = b->hints ? BERTH_OK : rc;
}

static void answer(struct berth_netd *n, const struct berth_net_services *m)
{
	struct berth_buf out = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_net_services_encode(&out, m);
	if ((rc = berth_netd_tell(n, BERTH_NET_SERVICES, &out)))
		n->stale = true;	/* the core waits for it */
}

static void browse_done(struct berth_job *job)
{
	struct browse *b = (struct browse *)(void *)job;

	b->found.code = b->lookup.rc;
	if (berth_buf_status(&b->text) == BERTH_OK && b->text.len && b->text.len <= BERTH_NET_SERVICES_MAX)
		memcpy(b->found.text, berth_buf_cstr(&b->text), b->text.len + 1);
	b->n->browsing = false;
	answer(b->n, &b->found);
	berth_buf_free(&b->text);
	free(b);
}

static enum berth_err start(struct berth_netd *n, struct browse *b)
{
	enum berth_err rc;

	if (n->browsing)
		return berth_fail(BERTH_E_QUOTA, "DNS: one BROWSE at a time");
	n->stale |= !berth_netd_sandbox_is_current();
	if ((!n->browser && (rc = berth_names_new(&n->browser, &n->ready, 1))) || (rc = berth_names_ask(n->browser, &b->lookup)))
		return rc;
	n->browsing = true;
	return BERTH_OK;
}

void berth_netd_browse(struct berth_netd *n, const struct berth_net_browse *m)
{
	struct berth_net_services failed = { .code = BERTH_E_NOMEM };
	struct browse *b = calloc(1, sizeof(*b));

	if (b) {
		b->lookup.job.done = browse_done;
		b->lookup.ask = ask;
		b->n = n;
		b->what = *m;
		if (!(failed.code = start(n, b)))
			return;
		free(b);
	}
	answer(n, &failed);
}
