/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nng/protocol/reqrep0/req.h>

#include "agent/netd/serve.h"
#include "did/base/clock.h"

#define RESEND_MS 600000	/* no repeat by time: our deadline is shorter; a lost connection repeats */
#define REDIAL_MIN_MS 200
#define REDIAL_MAX_MS 4000	/* nng waits a random part of it; the long waits are the core's */
#define REDIAL_NEVER_MS INT32_MAX
#define RETIRED_MAX 64
#define REQ_HEAD 4		/* request id on the wire */
#define TCP_HEAD 8		/* length */
#define IPC_HEAD 9		/* type, length */

static void on_pipe(nng_pipe p, nng_pipe_ev ev, void *arg)
{
	struct berth_netd_link *l = arg;

	(void)p;
	switch (ev) {
	case NNG_PIPE_EV_ADD_PRE:	/* before anything can be answered over it */
		atomic_fetch_add(&l->handshakes, 1);
		break;
	case NNG_PIPE_EV_ADD_POST:
		atomic_fetch_add(&l->connected, 1);
		break;
	default:
		atomic_fetch_sub(&l->connected, 1);
	}
}

static int start(struct berth_netd_link *l, const char *url)
{
	int rv;

	if ((rv = nng_socket_set_size(l->reqs.sock, NNG_OPT_RECVMAXSZ, BERTH_FRAME_REPLY_MAX + 64)) ||
	    (rv = nng_socket_set_ms(l->reqs.sock, NNG_OPT_REQ_RESENDTIME, RESEND_MS)) ||
	    (rv = nng_socket_set_ms(l->reqs.sock, NNG_OPT_RECONNMINT, REDIAL_MIN_MS)) ||
	    (rv = nng_socket_set_ms(l->reqs.sock, NNG_OPT_RECONNMAXT, REDIAL_MAX_MS)) ||
	    (rv = nng_pipe_notify(l->reqs.sock, NNG_PIPE_EV_ADD_PRE, on_pipe, l)) ||
	    (rv = nng_pipe_notify(l->reqs.sock, NNG_PIPE_EV_ADD_POST, on_pipe, l)) ||
	    (rv = nng_pipe_notify(l->reqs.sock, NNG_PIPE_EV_REM_POST, on_pipe, l)) ||
	    (rv = nng_dialer_create(&l->dialer, l->reqs.sock, url)) ||
	    (l->tls && (rv = nng_dialer_set_ptr(l->dialer, NNG_OPT_TLS_CONFIG, l->tls))) ||
	    (rv = nng_dialer_set_size(l->dialer, NNG_OPT_RECVMAXSZ, BERTH_FRAME_REPLY_MAX + 64)))
		return rv;
	return nng_dialer_start(l->dialer, NNG_FLAG_NONBLOCK);
}

void berth_netd_link_close(struct berth_netd_links *d, struct berth_netd_link *l)
{
	struct berth_netd_link **at = &d->first;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	if (l->doomed)
		d->n_retired--;
	else
		d->n--;
	berth_limit_conn_end(&d->hosts, &l->addr);
	berth_netd_reqs_drop(&l->reqs);
	nng_close(l->reqs.sock);
	if (l->tls)
		nng_tls_config_free(l->tls);
	free(l);
}

void berth_netd_link_retire(struct berth_netd_links *d, struct berth_netd_link *l)
{
	if (l->doomed)
		return;
	l->doomed = true;
	l->used_ms = berth_clock_mono_ms();
	d->n--;
	d->n_retired++;
	nng_dialer_set_ms(l->dialer, NNG_OPT_RECONNMAXT, REDIAL_NEVER_MS);
	nng_dialer_set_ms(l->dialer, NNG_OPT_RECONNMINT, REDIAL_NEVER_MS);
	if (l->n_sends == 0 && atomic_load(&l->connected))
		berth_netd_link_close(d, l);
}

/* Room for one more: the longest unused link goes. */
static enum berth_err make_room(struct berth_netd_links *d)
{
	struct berth_netd_link *oldest = NULL;

	if (d->n_retired == RETIRED_MAX)
		return berth_fail(BERTH_E_QUOTA, "%d links are being closed", RETIRED_MAX);
	if (d->n < BERTH_NETD_LINKS_MAX)
		return BERTH_OK;
	for (struct berth_netd_link *l = d->first; l; l = l->next)
		if (!l->doomed && l->n_sends == 0 && (!oldest || l->used_ms < oldest->used_ms))
			oldest = l;
	if (!oldest)
		return berth_fail(BERTH_E_QUOTA, "%d links are in use", BERTH_NETD_LINKS_MAX);
	berth_netd_link_retire(d, oldest);
	return BERTH_OK;
}

enum berth_err berth_netd_link_open(struct berth_netd_link **out, struct berth_netd_links *d,
				    const struct berth_net_config *cfg, const struct berth_netd_uri *u, const char *uri,
				    const struct berth_netaddr *a)
{
	char url[BERTH_NETD_URL_MAX + 1];
	struct berth_netd_link *l = NULL;
	enum berth_err rc;
	int rv;

	if ((rc = make_room(d)) || (rc = berth_limit_conn(&d->hosts, a, berth_clock_mono_ms())))
		return rc;
	if (!(l = calloc(1, sizeof(*l))) || (rv = nng_req0_open(&l->reqs.sock))) {
		berth_limit_conn_end(&d->hosts, a);
		free(l);
		return berth_no_memory();
	}
	snprintf(l->uri, sizeof(l->uri), "%s", uri);
	l->addr = *a;
	l->head = REQ_HEAD + (u->scheme == BERTH_NETD_IPC ? IPC_HEAD : TCP_HEAD);
	l->next = d->first;
	d->first = l;
	d->n++;
	berth_netd_uri_nng(url, u, a);
	if ((rc = u->scheme == BERTH_NETD_TLS ? berth_netd_tls_client(&l->tls, &cfg->tls, u->host) : BERTH_OK)) {
		berth_netd_link_close(d, l);
		return rc;
	}
	if ((rv = start(l, url))) {
		berth_netd_link_close(d, l);
		return berth_netd_nng_fault(rv, url);
	}
	*out = l;
	return BERTH_OK;
}

struct berth_netd_link *berth_netd_link_find(struct berth_netd_links *d, const char *uri)
{
	for (struct berth_netd_link *l = d->first; l; l = l->next)
		if (!l->doomed && strcmp(l->uri, uri) == 0)
			return l;
	return NULL;
}
