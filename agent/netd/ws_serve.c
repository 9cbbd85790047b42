/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets that peers open: a request to one of our listeners, which is judged like any
 * other, and then its connection is no longer HTTP's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/netd/http.h"
#include "agent/netd/ws.h"

#define SHA1 3		/* GNUTLS_DIG_SHA1 */

/* With TLS the descriptor is one end of a pair, and libmicrohttpd at the other. */
struct upgraded {
	struct berth_netd_http_conn *c;	/* lives until it has been closed */
	const struct berth_mhd *mhd;
	struct MHD_UpgradeResponseHandle *urh;
	int fd;
};

static ssize_t upgraded_recv(void *arg, void *p, size_t n)
{
	return recv(((struct upgraded *)arg)->fd, p, n, MSG_DONTWAIT);
}

static ssize_t upgraded_send(void *arg, const void *p, size_t n)
{
	return send(((struct upgraded *)arg)->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void upgraded_close(void *arg)
{
	struct upgraded *u = arg;

	u->c->ws = NULL;
	u->mhd->upgrade_action(u->urh, MHD_UPGRADE_ACTION_CLOSE);
	free(u);
}

static const struct berth_netd_ws_io io = { upgraded_recv, upgraded_send, upgraded_close };

static void on_upgrade(void *cls, struct MHD_Connection *mc, void *request, const char *extra, size_t extra_n,
		       MHD_socket fd, struct MHD_UpgradeResponseHandle *urh)
{
	struct berth_netd_http_conn *c = cls;
	struct upgraded *u = malloc(sizeof(*u));
	struct berth_netd_ws_conn *w;

	(void)mc, (void)request;
	if (!u) {
		c->h->mhd->upgrade_action(urh, MHD_UPGRADE_ACTION_CLOSE);
		return;
	}
	*u = (struct upgraded){ .c = c, .mhd = c->h->mhd, .urh = urh, .fd = fd };
	w = berth_netd_ws_open(c->h->n->ws, &io, u, fd, &c->addr, NULL, extra, extra_n);
	if (w && !w->ended)
		c->ws = w;
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	berth_ws_head_add(cls, name, value);
	return MHD_YES;
}

int berth_netd_ws_judge(struct berth_netd_http_conn *c, struct MHD_Connection *mc, const char *method, const char *url)
{
	struct berth_ws_head head = { 0 };

	c->h->mhd->get_connection_values(mc, MHD_HEADER_KIND, on_header, &head);
	return berth_ws_judge(&head, method, url, c->at->path, c->h->n->cfg.origins);
}

static bool accept_of(const struct berth_mhd *mhd, struct MHD_Connection *mc, char accept[BERTH_WS_ACCEPT_LEN + 1])
{
	char both[BERTH_WS_KEY_LEN + sizeof(BERTH_WS_GUID)];
	struct berth_ws_head head = { 0 };
	uint8_t sha1[20];

	mhd->get_connection_values(mc, MHD_HEADER_KIND, on_header, &head);
	snprintf(both, sizeof(both), "%s%s", head.key, BERTH_WS_GUID);
	if (mhd->hash(SHA1, both, strlen(both), sha1))
		return false;
	berth_ws_accept_text(accept, sha1);
	return true;
}

enum MHD_Result berth_netd_ws_upgrade(struct berth_netd_http_conn *c, struct MHD_Connection *mc)
{
	const struct berth_mhd *mhd = c->h->mhd;
	char accept[BERTH_WS_ACCEPT_LEN + 1];
	struct MHD_Response *res;
	enum MHD_Result ok = MHD_NO;

	if (berth_netd_ws_start(c->h->n) || !accept_of(mhd, mc, accept) ||
	    !(res = mhd->create_response_for_upgrade(on_upgrade, c)))
		return MHD_NO;
	if (mhd->add_response_header(res, "Upgrade", "websocket") == MHD_YES &&
	    mhd->add_response_header(res, "Sec-WebSocket-Accept", accept) == MHD_YES)
		ok = mhd->queue_response(mc, MHD_HTTP_SWITCHING_PROTOCOLS, res);
	mhd->destroy_response(res);
	c->upgraded = ok == MHD_YES;
	return ok;
}
