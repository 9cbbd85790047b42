/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_RDF_RDFC_STATE_H
#define BERTH_VC_RDF_RDFC_STATE_H

#include "did/crypto/hash.h"
#include "vc/rdf/nquads.h"
#include "vc/rdf/rdfc.h"

/* Between rdfc.c, rdfc_first.c and rdfc_like.c only: the canonicalization state. */
#define BERTH_RDFC_NO_ID UINT32_MAX

struct berth_rdfc_digest {
	uint8_t b[BERTH_SHA384_LEN];
};

struct berth_rdfc {
	const struct berth_rdf *d;
	enum berth_rdfc_hash hash;
	size_t hash_len;
	uint32_t *ids;				/* canonical number of each blank node */
	uint32_t n_ids;
	struct berth_rdfc_digest *first;	/* its hash of first degree */
	uint32_t *from;				/* its statements: mentions[from[b]] to [from[b + 1]) */
	uint32_t *mentions;			/* indices of quads */
	bool *twice;				/* of each quad: another says the same */
	size_t work;
	struct berth_buf text;			/* scratch */
};

/* Which statements mention which blank node, and the hashes of first degree. */
BERTH_MUST_USE enum berth_err berth_rdfc_first_degree(struct berth_rdfc *c);

void berth_rdfc_digest(const struct berth_rdfc *c, struct berth_rdfc_digest *out, const void *p, size_t n);
int berth_rdfc_compare(const struct berth_rdfc *c, const struct berth_rdfc_digest *a,
		       const struct berth_rdfc_digest *b);
/* "_:c14n0" and so on; printf() would be a tenth of all the work. */
void berth_rdfc_put_id(struct berth_buf *out, const char *prefix, size_t number);
/* Appends a statement to c->text.  E_SIZE, E_NOMEM. */
BERTH_MUST_USE enum berth_err
berth_rdfc_write(struct berth_rdfc *c, const struct berth_rdf_quad *q, berth_blank_name *name, const void *arg);

/* Temporary labels "bN" in the order of issue. */
struct berth_rdfc_issuer {
	size_t n;
	uint32_t blanks[BERTH_RDFC_ISSUED_MAX];
};

/* Hash N-Degree Quads: issuer is that of the chosen path afterwards.  E_SIZE, E_NOMEM. */
BERTH_MUST_USE enum berth_err
berth_rdfc_n_degree(struct berth_rdfc *c, struct berth_rdfc_digest *out, uint32_t blank,
		    struct berth_rdfc_issuer *issuer);
BERTH_MUST_USE enum berth_err
berth_rdfc_issue_temporary(struct berth_rdfc_issuer *issuer, uint32_t blank, size_t *number);

#endif
