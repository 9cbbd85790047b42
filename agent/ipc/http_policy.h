/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_HTTP_POLICY_H
#define BERTH_AGENT_IPC_HTTP_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/ipc/netpol.h"
#include "berth/err.h"

/* What registry adapters may ask for over HTTP ([egress] in the configuration): the core
 * makes it, berth-resolverd keeps to it.  https alone, to public addresses, whose
 * certificates the system's authorities vouch for, unless something here says otherwise. */
#define BERTH_HTTP_NAMES_MAX 256
#define BERTH_HTTP_FILE_MAX 255
#define BERTH_HTTP_AT_ONCE_MAX 256u
#define BERTH_HTTP_PORTS_MAX 32

/* Host names; "*.example.org" is what lies below that, "*" is any. */
struct berth_http_names {
	char (*v)[BERTH_NETPOL_NAME_MAX + 1];	/* owned, lower case */
	size_t n;
};

struct berth_res_http_policy {
	struct berth_netpol addresses;	/* owned; of the proxy where there is one */
	struct berth_http_names plain;	/* hosts that http:// may name */
	struct berth_http_names names;	/* the only hosts that may be asked; none: any, without a proxy */
	uint16_t ports[BERTH_HTTP_PORTS_MAX];	/* the only ports that may be asked */
	size_t n_ports;			/* 0: any that may be HTTP's */
	char ca_file[BERTH_HTTP_FILE_MAX + 1];	/* PEM, who is believed; "": the system's authorities */
	struct {
		char host[BERTH_NETPOL_NAME_MAX + 1];	/* "": none */
		uint16_t port;
	} proxy;
	uint32_t rate_per_s;		/* exchanges begun with one address, BERTH_NET_BURST_S seconds' at once (netd_proto.h) */
	uint32_t at_once;		/* exchanges with all; others wait */
	uint32_t stall_s;		/* given up when for so long it stands as good as still */
	bool clock_trusted;		/* else no certificate can be judged: E_CLOCK */
};

/* The defaults; ..._free() leaves the same. */
void berth_res_http_policy_init(struct berth_res_http_policy *p);
void berth_res_http_policy_free(struct berth_res_http_policy *p);

/* E_CONFIG: neither a name, nor an address in its usual form, nor (any: true) a pattern as
 * above; too many. */
BERTH_MUST_USE enum berth_err berth_http_names_add(struct berth_http_names *l, const char *name, bool any);
bool berth_http_names_has(const struct berth_http_names *l, const char *host);
/* E_CONFIG: none, twice, or too many. */
BERTH_MUST_USE enum berth_err berth_res_http_policy_add_port(struct berth_res_http_policy *p, int64_t port);
/* "http://HOST[:PORT]".  E_CONFIG. */
BERTH_MUST_USE enum berth_err berth_res_http_policy_set_proxy(struct berth_res_http_policy *p, const char *url);

/* E_NETPOL: not a host that may be asked, or not without TLS. */
BERTH_MUST_USE enum berth_err
berth_res_http_policy_check_host(const struct berth_res_http_policy *p, const char *host, bool tls);
/* E_NETPOL: not a port that may be asked. */
BERTH_MUST_USE enum berth_err
berth_res_http_policy_check_port(const struct berth_res_http_policy *p, const char *host, uint16_t port);

/* The ports that TCP goes to by this policy, the name service's too; 0: any may be. */
size_t berth_res_http_policy_tcp(const struct berth_res_http_policy *p, uint16_t ports[BERTH_HTTP_PORTS_MAX + 1]);

/* The policy between processes.  decode: E_TYPE; replaces *p, which is the default after
 * a failure. */
void berth_res_http_policy_encode(struct berth_buf *out, const struct berth_res_http_policy *p);
BERTH_MUST_USE enum berth_err berth_res_http_policy_decode(struct berth_res_http_policy *p, struct berth_cur *c);

#endif
