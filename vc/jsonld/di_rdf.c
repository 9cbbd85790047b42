/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/jsonld/di_rdf.h"

#include "did/jose/di_hash.h"
#include "vc/jsonld/jsonld.h"
#include "vc/rdf/rdfc.h"

/* vc-di-ecdsa 3.2.3: with P-384 the canonicalization hashes with SHA-384 too */
static enum berth_err canonical(struct berth_buf *out, const struct berth_json *object,
				const struct berth_json *context, const char *edited,
				const struct berth_json *instead, enum berth_key_type type)
{
	const struct berth_jsonld_input in = { object, context, edited, instead };
	enum berth_rdfc_hash hash = type == BERTH_KEY_P384 ? BERTH_RDFC_SHA384 : BERTH_RDFC_SHA256;
	struct berth_rdf d;
	enum berth_err rc;

	berth_rdf_init(&d);
	if (!(rc = berth_jsonld_to_rdf(&d, &in)))
		rc = berth_rdfc(out, NULL, &d, hash);
	berth_rdf_free(&d);
	return rc;
}

void berth_jsonld_for_proofs(void)
{
	berth_di_set_rdf(canonical);
}
