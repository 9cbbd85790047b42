/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_NETPOL_H
#define BERTH_AGENT_IPC_NETPOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/cur.h"

/* Where we may connect to ([egress] in the configuration).  A peer's document
 * chooses the name, so the decision is about the numeric address, and it is that
 * address that is dialled: a name cannot change its mind in between.
 *
 * Every address that is not plain public unicast is refused (C092: private,
 * loopback, link-local, shared, multicast, documentation, benchmarking, mapped and
 * translated forms of those) unless it lies in an allowed block. */
#define BERTH_NETPOL_ALLOW_MAX 32
#define BERTH_NETPOL_HOSTS_MAX 256
#define BERTH_NETPOL_NAME_MAX 253
#define BERTH_NETPOL_IPC_MAX 8
#define BERTH_NETPOL_PATH_MAX 107	/* sun_path with its NUL */

/* IPv4 addresses are kept in their IPv4-mapped form, blocks with 96 more bits. */
struct berth_netaddr {
	uint8_t b[16];
};

struct berth_netpol {
	struct {
		struct berth_netaddr net;
		uint8_t bits;
	} allow[BERTH_NETPOL_ALLOW_MAX];
	size_t n_allow;
	struct berth_netpol_host {
		char name[BERTH_NETPOL_NAME_MAX + 1];	/* lower case */
		struct berth_netaddr addr;
	} *hosts;		/* owned; NULL: none */
	size_t n_hosts;
	char ipc[BERTH_NETPOL_IPC_MAX][BERTH_NETPOL_PATH_MAX + 1];	/* folders with sockets that may be dialled */
	size_t n_ipc;
};

void berth_netpol_free(struct berth_netpol *p);	/* leaves an empty policy */

/* "127.0.0.0/8", "fd00::/8", "192.0.2.7".  E_CONFIG: not a block, bits set behind
 * the prefix, too many. */
BERTH_MUST_USE enum berth_err berth_netpol_add_allow(struct berth_netpol *p, const char *cidr);
/* "owner.test=127.0.0.2".  E_CONFIG: not that, given twice, too many. */
BERTH_MUST_USE enum berth_err berth_netpol_add_host(struct berth_netpol *p, const char *name_is_addr);

/* A folder whose sockets nng+ipc:// may name.  E_CONFIG: not an absolute path without
 * "." , ".." and doubled slashes, too long, too many. */
BERTH_MUST_USE enum berth_err berth_netpol_add_ipc(struct berth_netpol *p, const char *folder);
/* E_NETPOL unless path is right in one of them. */
BERTH_MUST_USE enum berth_err berth_netpol_check_ipc(const struct berth_netpol *p, const char *path);
/* A path as above. */
bool berth_netpol_path_ok(const char *path);

/* E_NETPOL unless the policy lets us connect there. */
BERTH_MUST_USE enum berth_err berth_netpol_check(const struct berth_netpol *p, const struct berth_netaddr *a);

/* The hosts map or a numeric address, without asking anybody: *found.  E_NETPOL:
 * found and forbidden, or a number in a form that only resolvers understand
 * (0x7f.1, 2130706433, 127.1). */
BERTH_MUST_USE enum berth_err
berth_netpol_lookup(const struct berth_netpol *p, const char *host, struct berth_netaddr *a, bool *found);

/* What the name service says; may take seconds and needs no policy, so it can be
 * asked from another thread.  *n <= BERTH_NETPOL_ANSWERS_MAX.  E_UNAVAILABLE. */
#define BERTH_NETPOL_ANSWERS_MAX 8
BERTH_MUST_USE enum berth_err
berth_netpol_ask(const char *host, struct berth_netaddr a[BERTH_NETPOL_ANSWERS_MAX], size_t *n);
/* The first of them that the policy lets through; E_NETPOL: none. */
BERTH_MUST_USE enum berth_err
berth_netpol_pick(const struct berth_netpol *p, const struct berth_netaddr *a, size_t n, struct berth_netaddr *out);

/* E_NETPOL for anything but AF_INET and AF_INET6. */
BERTH_MUST_USE enum berth_err berth_netaddr_from_sockaddr(struct berth_netaddr *a, const struct sockaddr *sa);
bool berth_netaddr_is_v4(const struct berth_netaddr *a);
#define BERTH_NETADDR_TEXT_MAX 46
/* "127.0.0.1" or "2001:db8::1", without brackets. */
void berth_netaddr_text(char out[BERTH_NETADDR_TEXT_MAX + 1], const struct berth_netaddr *a);

/* The policy between processes.  decode: E_TYPE; replaces *p, which it empties on
 * failure. */
void berth_netpol_encode(struct berth_buf *out, const struct berth_netpol *p);
BERTH_MUST_USE enum berth_err berth_netpol_decode(struct berth_netpol *p, struct berth_cur *c);

#endif
