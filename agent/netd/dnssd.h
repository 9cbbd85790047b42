/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_DNSSD_H
#define BERTH_AGENT_NETD_DNSSD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/ipc/netpol.h"
#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/cur.h"

/* What DNS says of services (RFC 1035, 2782, 6763), read from bytes that anybody on the
 * way may have written.  Names are text as libc has it: escapes, no point at the end. */
#define BERTH_DNSSD_NAME_MAX 1024
#define BERTH_DNSSD_ANSWER_MAX 4096
#define BERTH_DNSSD_RECORDS_MAX 64	/* that are looked at, of one answer */
#define BERTH_DNSSD_TXT_MAX 1300	/* octets of one record (RFC 6763, 6.2) */
#define BERTH_DNSSD_DID_MAX 247		/* what a string of 255 leaves beside its key, and less */
#define BERTH_DNSSD_PATH_MAX 120

enum berth_dnssd_type { BERTH_DNSSD_A = 1, BERTH_DNSSD_PTR = 12, BERTH_DNSSD_TXT = 16, BERTH_DNSSD_AAAA = 28, BERTH_DNSSD_SRV = 33 };

/* An answer that is read from its beginning; borrows the bytes. */
struct berth_dnssd {
	const uint8_t *p, *end;
	struct berth_cur at;
	unsigned left;		/* records of the answer section */
};

/* E_TYPE: no answer at all; E_NOMATCH: the server says that there is nothing. */
BERTH_MUST_USE enum berth_err berth_dnssd_open(struct berth_dnssd *d, const uint8_t *p, size_t n);
/* The next record of that name and type, what it holds in data; others are passed over.
 * False: no more, or the answer is malformed, which d->at.bad says. */
bool berth_dnssd_next(struct berth_dnssd *d, const char *name, enum berth_dnssd_type type, struct berth_cur *data);

/* What a record holds.  E_TYPE: it is malformed; E_NOMATCH: it names no host, or no DID. */
BERTH_MUST_USE enum berth_err
berth_dnssd_ptr(char name[BERTH_DNSSD_NAME_MAX + 1], const struct berth_dnssd *d, struct berth_cur data);

struct berth_dnssd_srv {
	char host[BERTH_NETPOL_NAME_MAX + 1];
	uint16_t port;
};
BERTH_MUST_USE enum berth_err
berth_dnssd_srv(struct berth_dnssd_srv *out, const struct berth_dnssd *d, struct berth_cur data);

/* did=, scheme= (nng+tcp unless it is there), path= (of http and ws). */
struct berth_dnssd_txt {
	char did[BERTH_DNSSD_DID_MAX + 1], scheme[8], path[BERTH_DNSSD_PATH_MAX + 1];
};
BERTH_MUST_USE enum berth_err berth_dnssd_txt(struct berth_dnssd_txt *out, struct berth_cur data);

/* Of an A or AAAA record, as text. */
BERTH_MUST_USE enum berth_err
berth_dnssd_address(char out[BERTH_NETADDR_TEXT_MAX + 1], enum berth_dnssd_type type, struct berth_cur data);

/* Whether whoever is there shows a certificate for the name, so that the name is needed. */
bool berth_dnssd_needs_name(const struct berth_dnssd_txt *t);
/* A line as in a file of hints; host: a name or an address.  False: it is too long. */
bool berth_dnssd_hint(struct berth_buf *out, const struct berth_dnssd_txt *t, const char *host, uint16_t port);

#endif
