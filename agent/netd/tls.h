/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_TLS_H
#define BERTH_AGENT_NETD_TLS_H

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>

#include "agent/ipc/netd_proto.h"
#include "did/base/buf.h"

/* Certificates, and TLS for nng's links; nothing of it is set up before the first
 * listener or dialler that wants it.  TLS 1.2 at least, both ways. */

/* The text of a PEM file, at most 1 MiB.  E_CONFIG: not a file, too long, or (secret)
 * others can read it: its mode is 0640 at most, its owner we or root. */
BERTH_MUST_USE enum berth_err berth_netd_pem_read(struct berth_buf *out, const char *path, bool secret);

/* For a listener: our certificate, and with tls->clients no connection without one of
 * theirs.  For a dialler: who is at the other end must prove that it is `host` by a
 * certificate of tls->ca.  *out: nng_tls_config_free().  E_CONFIG: names the file;
 * E_NETPOL: no tls->ca says who is believed. */
BERTH_MUST_USE enum berth_err berth_netd_tls_server(nng_tls_config **out, const struct berth_net_tls *tls);
BERTH_MUST_USE enum berth_err
berth_netd_tls_client(nng_tls_config **out, const struct berth_net_tls *tls, const char *host);

/* E_CLOCK: certificates have dates, and nobody knows what day it is. */
BERTH_MUST_USE enum berth_err berth_netd_tls_clock(const struct berth_net_config *cfg);

/* Why this dialler comes to no connection: NNG_EPEERAUTH, whoever is there is not whom
 * we look for; NNG_ECONNRESET, they close again and again, perhaps because they want
 * another certificate of us; 0, nothing of the kind so far.  nng says so in its
 * statistics and nowhere else. */
int berth_netd_tls_fault(nng_dialer d);

#endif
