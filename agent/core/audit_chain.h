/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_AUDIT_CHAIN_H
#define BERTH_AGENT_CORE_AUDIT_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* The audit log as a proof: rows in a chain of hashes, some of which are signatures over
 * the chain before them.  The store and whoever has an export of it check it by the same
 * code; neither needs more than the DID of the agent's audit key. */
#define BERTH_AUDIT_SIGNED "audit-signed"	/* the event of a row whose detail is a signature */
#define BERTH_AUDIT_HASH_LEN 32
#define BERTH_AUDIT_JWS_MAX 1024	/* so that it fits a row */

/* What a signature says: the log's row seq has this hash (berth-audit+jwt). */
struct berth_audit_head {
	int64_t seq, generation;
	int64_t time_s;			/* -1: signed without a clock */
	uint8_t hash[BERTH_AUDIT_HASH_LEN];
};
/* The payload to be signed by a key of did. */
BERTH_MUST_USE enum berth_err
berth_audit_head_payload(struct berth_buf *out, const char *did, const struct berth_audit_head *h);
/* *did: NULL, then the signer's is put there (owned); else the only one that may sign:
 * E_AUTHZ.  E_SIG: the signature does not verify; and what berth_jws_parse() says. */
BERTH_MUST_USE enum berth_err
berth_audit_head_open(struct berth_audit_head *h, char **did, const char *jws, size_t n);

/* A walk over the rows.  free: fine on a zeroed one. */
struct berth_audit_chain {
	uint8_t hash[BERTH_AUDIT_HASH_LEN];	/* of row seq */
	int64_t seq, rows;
	int64_t signed_row;		/* the last that is a signature; 0: none */
	struct berth_audit_head head;	/* what that one says */
	char *did;			/* who signs; NULL: nobody yet */
};
/* From behind row seq, whose hash this is (0 and zeros: from the first).  did may be NULL. */
BERTH_MUST_USE enum berth_err
berth_audit_chain_begin(struct berth_audit_chain *c, int64_t seq, const uint8_t hash[BERTH_AUDIT_HASH_LEN],
			const char *did);
/* E_SIG: not the next row, or a signature over something else than the rows before it. */
BERTH_MUST_USE enum berth_err
berth_audit_chain_row(struct berth_audit_chain *c, int64_t seq, int64_t time_s, const char *event, const char *detail);
/* A signature that stands behind the last row: E_SIG where it is over another end. */
BERTH_MUST_USE enum berth_err berth_audit_chain_end(struct berth_audit_chain *c, const char *jws, size_t n);
void berth_audit_chain_free(struct berth_audit_chain *c);

BERTH_MUST_USE enum berth_err
berth_audit_row_hash(uint8_t out[BERTH_AUDIT_HASH_LEN], const uint8_t prev[BERTH_AUDIT_HASH_LEN], int64_t seq,
		     int64_t time_s, const char *event, const char *detail);

/* The export: JSON lines.  {"audit":1,"did","seq","hash"} says behind what it begins, then
 * a line for each row {"seq","time","event","detail"}, and at the end {"signed": JWS}. */
#define BERTH_AUDIT_LINE_MAX 16384
/* The whole text; did NULL: the one that it names.  E_JSON, E_TYPE, E_SIZE: no export;
 * E_AUTHZ: signed by another; E_SIG: changed, or without its end. */
BERTH_MUST_USE enum berth_err
berth_audit_export_check(struct berth_audit_chain *c, const char *text, size_t n, const char *did,
			 const struct berth_audit_head *through);	/* must be passed; NULL: none */

#endif /* BERTH_AGENT_CORE_AUDIT_CHAIN_H */
