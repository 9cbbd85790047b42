/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_LINK_H
#define BERTH_AGENT_NETD_LINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <nng/nng.h>

#include "agent/ipc/limit.h"
#include "agent/netd/netd.h"
#include "agent/netd/req.h"
#include "agent/netd/tls.h"
#include "agent/netd/uri.h"

/* Links of nng that we have dialled, one for each URI; requests go over them (dial.c). */
#define BERTH_NETD_LINKS_MAX 64
#define BERTH_NETD_LINK_SENDS_MAX 16	/* requests open on one link, parked ones too */
#define BERTH_NETD_RETIRED_MS 240000	/* a try to connect, and the greeting, are over by then */

struct berth_netd_link {
	struct berth_netd_link *next;
	unsigned head;			/* octets the link adds to a message */
	struct berth_netd_reqs reqs;
	nng_dialer dialer;
	nng_tls_config *tls;		/* NULL: a link without */
	atomic_uint connected;		/* nng's threads count */
	atomic_uint handshakes;
	unsigned n_sends;
	bool stale;			/* look its address up before it is used again */
	bool doomed;			/* finishes what is open, takes no more */
	uint64_t used_ms;		/* doomed: retired */
	struct berth_netaddr addr;
	char uri[BERTH_NET_URI_MAX + 1];
};

struct berth_netd_links {
	struct berth_netd_link *first;
	size_t n, n_retired;
	struct berth_limit hosts;	/* what each address may get of us */
};

/* A link to a, which is dialled from now on.  E_QUOTA: too many, in all or to there; E_NETPOL,
 * E_CONFIG: TLS; E_NOMEM, E_UNAVAILABLE. */
BERTH_MUST_USE enum berth_err
berth_netd_link_open(struct berth_netd_link **out, struct berth_netd_links *d, const struct berth_net_config *cfg,
		     const struct berth_netd_uri *u, const char *uri, const struct berth_netaddr *a);

/* NULL: none that takes requests. */
struct berth_netd_link *berth_netd_link_find(struct berth_netd_links *d, const char *uri);

/* nng 1.5.2 uses memory after it has freed it when a socket is closed while it is
 * connecting or greeting.  So one that is not connected is told to try no more, and
 * closed when whatever it was doing must be over. */
void berth_netd_link_retire(struct berth_netd_links *d, struct berth_netd_link *l);
void berth_netd_link_close(struct berth_netd_links *d, struct berth_netd_link *l);	/* frees it */

#endif
