/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of HTTP listeners: what libmicrohttpd, and GnuTLS below it, are told. */
#include "agent/netd/http.h"
#include "agent/netd/tls.h"

#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

static char *text(struct berth_buf *b) { return (char *)b->p; }

enum berth_err berth_netd_http_tls_read(struct berth_netd_http_tls *t, const struct berth_net_tls *files)
{
	enum berth_err rc;
	size_t n = 0;

	*t = (struct berth_netd_http_tls){ 0 };
	if (!files->certificate[0])
		return berth_fail(BERTH_E_CONFIG, "listen: TLS needs [tls] certificate and key");
	if ((rc = berth_netd_pem_read(&t->certificate, files->certificate, false)) ||
	    (rc = berth_netd_pem_read(&t->key, files->key, true)))
		return rc;
	if (files->clients[0] && (rc = berth_netd_pem_read(&t->clients, files->clients, false)))
		return rc;
	t->options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, PRIORITIES };
	t->options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, text(&t->certificate) };
	t->options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, text(&t->key) };
	if (files->clients[0])
		t->options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0, text(&t->clients) };
	t->options[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	return BERTH_OK;
}

void berth_netd_http_tls_forget(struct berth_netd_http_tls *t)
{
	berth_buf_free(&t->certificate);
	berth_buf_free(&t->key);
	berth_buf_free(&t->clients);
}

/* libmicrohttpd asks for a certificate then, and leaves judging it to us. */
bool berth_netd_http_tls_is_let_in(const struct berth_netd_http_conn *c, struct MHD_Connection *mc)
{
	const union MHD_ConnectionInfo *info;
	unsigned faults = 1;

	if (!c->at->tls || !c->h->n->cfg.tls.clients[0])
		return true;
	info = c->h->mhd->get_connection_info(mc, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info && c->h->mhd->verify_peers(info->tls_session, &faults) == 0 && faults == 0;
}
