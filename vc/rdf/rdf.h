/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_RDF_RDF_H
#define BERTH_VC_RDF_RDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "vc/rdf/arena.h"

/* An RDF 1.1 dataset in memory: what a credential says, as a set of statements
 * whose order and spelling do not count.  vc/jsonld/ makes it, RDFC-1.0 (rdfc.h)
 * gives it one text. */
#define BERTH_RDF_QUADS_MAX 65536
#define BERTH_RDF_BLANKS_MAX 32768
#define BERTH_RDF_LABEL_MAX 256		/* bytes of a blank node's label */

#define BERTH_RDF_NS "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define BERTH_XSD_NS "http://www.w3.org/2001/XMLSchema#"

enum berth_rdf_kind { BERTH_RDF_DEFAULT_GRAPH, BERTH_RDF_IRI, BERTH_RDF_BLANK, BERTH_RDF_LITERAL };

/* Text is borrowed; from the dataset's arena, or from what the caller keeps. */
struct berth_rdf_term {
	enum berth_rdf_kind kind;
	uint32_t blank;			/* BLANK: its number, from 0 */
	const char *value;		/* IRI, or the lexical form, which may hold NULs */
	size_t len;
	const char *datatype;		/* LITERAL: its IRI; NULL: xsd:string */
	const char *lang;		/* LITERAL: its language (then no datatype) */
};

struct berth_rdf_quad {
	struct berth_rdf_term s, p, o, g;
};

struct berth_rdf_label {
	const char *text;
	uint32_t blank;
};

struct berth_rdf {
	struct berth_arena arena;
	struct berth_rdf_quad *quads;	/* may hold one twice */
	size_t n, cap;
	uint32_t n_blank;
	struct berth_rdf_label *labels;	/* open addressing, label_cap a power of two */
	size_t n_label, label_cap;
};

void berth_rdf_init(struct berth_rdf *d);
void berth_rdf_free(struct berth_rdf *d);

/* E_SIZE: past a limit; E_NOMEM. */
BERTH_MUST_USE enum berth_err berth_rdf_add(struct berth_rdf *d, const struct berth_rdf_quad *q);
/* A blank node of its own, or the one of that label (n bytes behind "_:"). */
BERTH_MUST_USE enum berth_err berth_rdf_blank(struct berth_rdf *d, struct berth_rdf_term *out);
BERTH_MUST_USE enum berth_err
berth_rdf_labelled(struct berth_rdf *d, struct berth_rdf_term *out, const char *label, size_t n);

struct berth_rdf_term berth_rdf_iri(const char *iri);	/* borrows */

/* An absolute IRI as N-Quads can write it: a scheme, and none of the characters that
 * IRIREF excludes. */
bool berth_rdf_is_iri(const char *s, size_t n);
/* A language tag by BCP 47's outline. */
bool berth_rdf_is_lang(const char *s, size_t n);

#endif
