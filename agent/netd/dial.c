/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>

#include "agent/netd/link.h"
#include "agent/netd/netd.h"
#include "agent/netd/serve.h"
#include "agent/netd/tls.h"
#include "did/base/clock.h"

#define SENDINGS_MAX (BERTH_NETD_LINKS_MAX * BERTH_NETD_LINK_SENDS_MAX)
#define IDLE_MS 120000		/* a link that nobody used so long is closed */
#define UNREACHED_MS 5000	/* one that is not even connected, and dials on for nobody */
#define DEADLINE_MS 60000
#define HANDSHAKE 8		/* SP greeting, each way */

/* All one host may get from us, whoever names it in a document (C084). */
#define HOST_LINKS_MAX 8

/* One SEND from the core, until its RESULT. */
struct sending {
	struct sending *next;
	struct berth_netd *n;
	struct berth_netd_link *link;
	struct berth_netd_req *req;
	bool naming, told, counted;
	bool unverified;		/* whoever is there is not whom we look for */
	uint64_t id, until_ms;
	nng_msg *msg;			/* until nng takes it */
	uint32_t len, sent, received;
	struct berth_netd_uri uri;
	struct berth_lookup name;	/* its job is this one's */
	char text[BERTH_NET_URI_MAX + 1];
};

struct berth_netd_dial {
	struct berth_netd_links links;
	struct sending *sendings;
	size_t n_sendings;
};

void berth_netd_dial_drop(struct berth_netd *n, const char *uri)
{
	struct berth_netd_link *l = berth_netd_link_find(&n->dial->links, uri);

	if (l && atomic_load(&l->connected))
		berth_netd_link_retire(&n->dial->links, l);
	else if (l)
		l->stale = true;
}

static void sending_free(struct sending *s)
{
	struct berth_netd_dial *d = s->n->dial;
	struct sending **at = &d->sendings;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	d->n_sendings--;
	nng_msg_free(s->msg);
	if (s->counted)
		berth_limit_open_end(&d->links.hosts, &s->link->addr);
	if (s->link && --s->link->n_sends == 0 && s->link->doomed && atomic_load(&s->link->connected))
		berth_netd_link_close(&d->links, s->link);
	free(s);
}

static void finish(struct sending *s, enum berth_err code, const uint8_t *frame, size_t len)
{
	struct berth_net_result m = { .id = s->id, .code = code, .later = s->unverified, .sent = s->sent, .received = s->received,
				      .frame = frame, .frame_len = len };

	if (!s->told)
		berth_netd_result(s->n, &m);
	s->told = true;
	if (!s->naming)
		sending_free(s);	/* the name service still has the other ones */
}

static uint32_t left_ms(const struct sending *s)
{
	uint64_t now = berth_clock_mono_ms();

	return s->until_ms > now ? (uint32_t)(s->until_ms - now) : 1;
}

static void on_answer(void *arg)
{
	struct sending *s = arg;

	berth_ready_put(&s->n->ready, &s->name.job);
}

static void lost(struct sending *s, int rv)
{
	if (atomic_load(&s->link->connected) == 0)
		s->link->stale = true;	/* nobody there at the end of all tries */
	s->unverified = rv == NNG_EPEERAUTH;
	if (s->unverified)
		finish(s, berth_fail(BERTH_E_NETPOL, "%.120s: TLS does not verify", s->text), NULL, 0);
	else
		finish(s, berth_netd_nng_fault(rv, s->text), NULL, 0);
}

/* The octets on the wire, with the greetings of the connection if it is new. */
static void count(struct sending *s, bool sent)
{
	uint32_t greetings = s->msg ? atomic_exchange(&s->link->handshakes, 0) * HANDSHAKE : 0;

	s->sent = (sent ? s->len + s->link->head : 0) + greetings;
	s->received = s->msg ? greetings + s->link->head + (uint32_t)nng_msg_len(s->msg) : 0;
}

static void was_answered(struct sending *s)
{
	struct berth_netd_req *req = s->req;
	struct berth_frame_reply r;
	enum berth_err rc;
	bool sent;
	int rv;

	s->req = NULL;
	rv = berth_netd_req_end(&s->link->reqs, req, &s->msg, &sent);
	count(s, sent);
	if (rv) {
		lost(s, rv);
		return;
	}
	s->link->used_ms = berth_clock_mono_ms();
	rc = berth_frame_reply_decode(&r, nng_msg_body(s->msg), nng_msg_len(s->msg));
	finish(s, rc, nng_msg_body(s->msg), nng_msg_len(s->msg));
}

static enum berth_err dispatch(struct sending *s, struct berth_netd_link *l)
{
	enum berth_err rc;
	int rv;

	if (l->n_sends == BERTH_NETD_LINK_SENDS_MAX)
		return berth_fail(BERTH_E_QUOTA, "%d requests are open at %.100s", BERTH_NETD_LINK_SENDS_MAX, l->uri);
	if ((rc = berth_limit_open(&s->n->dial->links.hosts, &l->addr, berth_clock_mono_ms())))
		return rc;
	s->link = l;
	s->counted = true;
	l->n_sends++;
	l->used_ms = berth_clock_mono_ms();
	if ((rv = berth_netd_req_begin(&s->req, &l->reqs, s->msg, (nng_duration)left_ms(s), on_answer, s)))
		return berth_netd_nng_fault(rv, "request");
	s->msg = NULL;
	return BERTH_OK;
}

static enum berth_err dial(struct sending *s, const struct berth_netaddr *a)
{
	struct berth_netd_dial *d = s->n->dial;
	struct berth_netd_link *l = berth_netd_link_find(&d->links, s->text);
	enum berth_err rc = BERTH_OK;

	if (l && memcmp(&l->addr, a, sizeof(*a)) != 0) {	/* it has moved */
		berth_netd_link_retire(&d->links, l);
		l = NULL;
	}
	if (l)
		l->stale = false;
	else
		rc = berth_netd_link_open(&l, &d->links, &s->n->cfg, &s->uri, s->text, a);
	return rc ? rc : dispatch(s, l);
}

static void was_named(struct sending *s)
{
	struct berth_netaddr a;
	enum berth_err rc = s->name.rc;

	if (rc)
		rc = berth_fail(rc, "%.60s: no address", s->uri.host);	/* said on another thread */
	s->naming = false;
	if (s->told)
		sending_free(s);
	else if (rc || (rc = berth_netpol_pick(&s->n->cfg.policy, s->name.addrs, s->name.n_addrs, &a)) || (rc = dial(s, &a)))
		finish(s, rc, NULL, 0);
}

static void sending_done(struct berth_job *job)
{
	struct sending *s = (struct sending *)(void *)((char *)job - offsetof(struct sending, name.job));

	if (s->naming)
		was_named(s);
	else
		was_answered(s);
}

static enum berth_err may_dial_ipc(const struct berth_netpol *policy, const char *path)
{
	enum berth_err rc = berth_netpol_check_ipc(policy, path);

	if (!rc && berth_netd_ipc_check(path))
		rc = berth_fail(BERTH_E_NETPOL, "%.120s may be anybody's", path);
	return rc;
}

/* Where it goes: an open link, or a checked address, or a question. */
static enum berth_err route(struct sending *s)
{
	const struct berth_netpol *policy = &s->n->cfg.policy;
	struct berth_netd_link *l = berth_netd_link_find(&s->n->dial->links, s->text);
	struct berth_netaddr a = { 0 };
	enum berth_err rc;
	bool found;

	if (l && !l->stale)
		return dispatch(s, l);
	/* whoever wrote the document chose the scheme */
	if (berth_netd_uri_parse(&s->uri, s->text))
		return berth_fail(BERTH_E_NETPOL, "%.120s is no endpoint we dial", s->text);
	if (s->uri.port == 0 && s->uri.scheme != BERTH_NETD_IPC)
		return berth_fail(BERTH_E_NETPOL, "%.120s: port 0", s->text);
	if (s->uri.scheme == BERTH_NETD_IPC)
		return (rc = may_dial_ipc(policy, s->uri.path)) ? rc : dial(s, &a);
	if ((rc = berth_netpol_lookup(policy, s->uri.host, &a, &found)) ||
	    (s->uri.scheme == BERTH_NETD_TLS && (rc = berth_netd_tls_clock(&s->n->cfg))))
		return rc;
	if (found)
		return dial(s, &a);
	s->naming = true;
	memcpy(s->name.host, s->uri.host, sizeof(s->name.host));
	if ((rc = berth_netd_ask(s->n, &s->name)))
		s->naming = false;
	return rc;
}

static enum berth_err prepare(struct sending *s, const struct berth_net_send *m)
{
	struct berth_frame_request f;
	enum berth_err rc = berth_frame_request_decode(&f, m->frame, m->frame_len);

	if (rc)
		return rc;
	if (nng_msg_alloc(&s->msg, 0) || nng_msg_append(s->msg, m->frame, m->frame_len))
		return berth_fail(BERTH_E_NOMEM, "message of %zu bytes", m->frame_len);
	s->len = (uint32_t)m->frame_len;
	return route(s);
}

void berth_netd_dial_send(struct berth_netd *n, const struct berth_net_send *m)
{
	struct berth_net_result failure = { .id = m->id, .code = BERTH_E_NOMEM };
	struct berth_netd_dial *d = n->dial;
	struct sending *s = NULL;
	enum berth_err rc;

	if (d->n_sendings >= SENDINGS_MAX || !(s = calloc(1, sizeof(*s)))) {
		failure.code = berth_fail(BERTH_E_QUOTA, "%zu requests are open", d->n_sendings);
		berth_netd_result(n, &failure);
		return;
	}
	s->n = n;
	s->id = m->id;
	s->name.job.done = sending_done;
	s->until_ms = berth_clock_mono_ms() + (m->deadline_ms ? m->deadline_ms : DEADLINE_MS);
	memcpy(s->text, m->uri, sizeof(s->text));
	s->next = d->sendings;
	d->sendings = s;
	d->n_sendings++;
	if ((rc = prepare(s, m)))
		finish(s, rc, NULL, 0);
}

/* Of a connection that TLS refuses nng tells nobody: it tries again, at once. */
static bool give_up_refused(struct berth_netd_dial *d, struct berth_netd_link *l)
{
	int fault;

	if (!l->tls || l->doomed || l->n_sends == 0 || atomic_load(&l->connected))
		return false;
	if (!(fault = berth_netd_tls_fault(l->dialer)))
		return true;
	for (struct sending *s = d->sendings; s; s = s->next)
		if (s->link == l && s->req)
			berth_netd_req_abort(s->req, fault);
	berth_netd_link_retire(&d->links, l);
	return false;
}

static uint64_t idle_ms(struct berth_netd_link *l)
{
	return atomic_load(&l->connected) ? IDLE_MS : UNREACHED_MS;
}

int berth_netd_dial_tick(struct berth_netd *n, uint64_t now_ms)
{
	struct berth_netd_dial *d = n->dial;
	struct berth_netd_link *next;
	bool soon = false;

	for (struct sending *s = d->sendings; s; s = s->next) {	/* stays: the name service has it */
		soon |= s->naming;
		if (s->naming && !s->told && now_ms >= s->until_ms)
			finish(s, berth_fail(BERTH_E_UNAVAILABLE, "%.60s: no address in time", s->uri.host), NULL, 0);
	}
	for (struct berth_netd_link *l = d->links.first; l; l = next) {
		next = l->next;
		soon |= give_up_refused(d, l);
		if (!l->doomed && l->n_sends == 0 && now_ms - l->used_ms > idle_ms(l))
			berth_netd_link_retire(&d->links, l);
		else if (l->doomed && l->n_sends == 0 && now_ms - l->used_ms > BERTH_NETD_RETIRED_MS)
			berth_netd_link_close(&d->links, l);
	}
	return soon ? BERTH_NETD_SOON_MS : d->links.first ? BERTH_NETD_LATER_MS : -1;
}

void berth_netd_dial_limits(struct berth_netd *n)
{
	berth_limit_rate(&n->dial->links.hosts, n->cfg.host_rate_per_s);
}

enum berth_err berth_netd_dial_new(struct berth_netd *n)
{
	struct berth_netd_dial *d = calloc(1, sizeof(*d));

	if (!d || berth_limit_init(&d->links.hosts)) {
		free(d);
		return berth_no_memory();
	}
	d->links.hosts.conns_max = BERTH_NETD_LINKS_MAX;
	d->links.hosts.conns_source_max = HOST_LINKS_MAX;
	d->links.hosts.open_source_max = BERTH_NETD_LINK_SENDS_MAX * HOST_LINKS_MAX;
	n->dial = d;
	berth_netd_dial_limits(n);
	return BERTH_OK;
}
