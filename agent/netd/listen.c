/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nng/protocol/reqrep0/rep.h>

#include "agent/netd/tls.h"

enum berth_err berth_netd_nng_fault(int rv, const char *what)
{
	if (rv == NNG_ENOMEM)
		return berth_fail(BERTH_E_NOMEM, "%s: %s", what, nng_strerror(rv));
	return berth_fail(BERTH_E_UNAVAILABLE, "%s: %s", what, nng_strerror(rv));
}

static enum berth_err listen_url(struct berth_netd_uri *u, const char *uri, char url[BERTH_NETD_URL_MAX + 1])
{
	struct berth_netpol none = { 0 };
	struct berth_netaddr a;
	enum berth_err rc = berth_netd_uri_parse(u, uri);
	bool found = false;

	if (rc)
		return rc;
	if (u->scheme == BERTH_NETD_IPC) {
		berth_netd_uri_nng(url, u, NULL);
		return berth_netd_ipc_check(u->path);
	}
	/* the policy is about where we connect to; here only the number matters */
	if (berth_netpol_lookup(&none, u->host, &a, &found) && !found)
		return berth_fail(BERTH_E_CONFIG, "listen: %.100s", u->host);
	if (!found)
		return berth_fail(BERTH_E_CONFIG, "listen: %.100s is not a numeric address", u->host);
	berth_netd_uri_nng(url, u, &a);
	return BERTH_OK;
}

static enum berth_err start(struct berth_netd_listen *l, nng_listener *id, const char *url, nng_tls_config *tls)
{
	mode_t old;
	int rv;

	if ((rv = nng_listener_create(id, l->sock, url)))
		return berth_netd_nng_fault(rv, url);
	if (tls)
		rv = nng_listener_set_ptr(*id, NNG_OPT_TLS_CONFIG, tls);
	if (rv == 0 && (rv = nng_listener_set_size(*id, NNG_OPT_RECVMAXSZ, BERTH_FRAME_REQUEST_MAX + 64)) == 0) {
		old = umask(0177);	/* an ipc socket is made 0600 */
		rv = nng_listener_start(*id, 0);
		umask(old);
	}
	if (rv == 0)
		return BERTH_OK;
	nng_listener_close(*id);
	return berth_netd_nng_fault(rv, url);
}

static void bound_uri(char bound[BERTH_NET_URI_MAX + 1], const char *uri, const struct berth_netd_uri *u, nng_listener id)
{
	const char *colon = strrchr(uri, ':');
	int port;

	if (u->scheme != BERTH_NETD_IPC && nng_listener_get_int(id, NNG_OPT_TCP_BOUND_PORT, &port) == 0)
		snprintf(bound, BERTH_NET_URI_MAX + 1, "%.*s:%d", (int)(colon - uri), uri, port);
	else
		snprintf(bound, BERTH_NET_URI_MAX + 1, "%s", uri);
}

enum berth_err berth_netd_listen_add(struct berth_netd *n, const char *uri, char bound[BERTH_NET_URI_MAX + 1])
{
	struct berth_netd_listen *l = n->listen;
	char url[BERTH_NETD_URL_MAX + 1];
	nng_tls_config *tls = NULL;
	struct berth_netd_uri u;
	enum berth_err rc;
	size_t i = 0;

	bound[0] = '\0';
	while (i < BERTH_NETD_LISTENERS_MAX && l->listeners[i].used)
		i++;
	if (i == BERTH_NETD_LISTENERS_MAX)
		return berth_fail(BERTH_E_CONFIG, "listen: more than %d URIs", BERTH_NETD_LISTENERS_MAX);
	rc = listen_url(&u, uri, url);
	if (!rc && u.scheme == BERTH_NETD_TLS && !(rc = berth_netd_tls_server(&tls, &n->cfg.tls))) {
		n->tls = true;
		berth_netd_bound_memory(n, false);
	}
	if (!rc)
		rc = start(l, &l->listeners[i].id, url, tls);
	if (tls)
		nng_tls_config_free(tls);	/* the listener has its own hold on it */
	if (rc)
		return rc;
	l->listeners[i].used = true;
	snprintf(l->listeners[i].uri, sizeof(l->listeners[i].uri), "%s", uri);
	snprintf(l->listeners[i].path, sizeof(l->listeners[i].path), "%s", u.path);
	bound_uri(bound, uri, &u, l->listeners[i].id);
	for (i = 0; i < BERTH_NETD_SLOTS_FIRST && l->n_slots < BERTH_NETD_SLOTS_FIRST && !rc; i++)
		rc = berth_netd_slot_add(l);
	return rc;
}

static void stop(struct berth_netd_listen *l, size_t i)
{
	nng_listener_close(l->listeners[i].id);
	if (l->listeners[i].path[0])
		unlink(l->listeners[i].path);
	l->listeners[i].used = false;
}

bool berth_netd_listen_remove(struct berth_netd *n, const char *uri)
{
	for (size_t i = 0; i < BERTH_NETD_LISTENERS_MAX; i++)
		if (n->listen->listeners[i].used && strcmp(n->listen->listeners[i].uri, uri) == 0) {
			stop(n->listen, i);
			return true;
		}
	return false;
}

void berth_netd_listen_limits(struct berth_netd *n)
{
	struct berth_netd_listen *l = n->listen;

	pthread_mutex_lock(&l->lock);
	l->limit.conns_max = n->cfg.conns_max;
	l->limit.conns_source_max = n->cfg.conns_source_max;
	l->limit.open_source_max = n->cfg.requests_max / 2 + 1;	/* one address never holds them all */
	l->limit.rate_per_s = n->cfg.rate_per_s;
	l->limit.burst = n->cfg.burst;
	pthread_mutex_unlock(&l->lock);
}

enum berth_err berth_netd_listen_new(struct berth_netd *n)
{
	struct berth_netd_listen *l = calloc(1, sizeof(*l));
	enum berth_err rc = BERTH_OK;
	int rv;

	if (!l || berth_limit_init(&l->limit)) {
		free(l);
		return berth_no_memory();
	}
	l->n = n;
	pthread_mutex_init(&l->lock, NULL);
	n->listen = l;
	if ((rv = nng_rep0_open(&l->sock)))
		return berth_netd_nng_fault(rv, "rep socket");
	if ((rv = nng_socket_set_size(l->sock, NNG_OPT_RECVMAXSZ, BERTH_FRAME_REQUEST_MAX + 64)) ||
	    (rv = nng_socket_set_int(l->sock, NNG_OPT_MAXTTL, 1)) ||
	    (rv = nng_pipe_notify(l->sock, NNG_PIPE_EV_ADD_PRE, berth_netd_on_accept, l)) ||
	    (rv = nng_pipe_notify(l->sock, NNG_PIPE_EV_REM_POST, berth_netd_on_end, l)))
		rc = berth_netd_nng_fault(rv, "rep socket");
	return rc;
}

void berth_netd_listen_unlink(struct berth_netd *n)
{
	for (size_t i = 0; n->listen && i < BERTH_NETD_LISTENERS_MAX; i++)
		if (n->listen->listeners[i].used && n->listen->listeners[i].path[0])
			unlink(n->listen->listeners[i].path);
}
