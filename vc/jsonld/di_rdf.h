/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_JSONLD_DI_RDF_H
#define BERTH_VC_JSONLD_DI_RDF_H

/* From now on proofs over RDF can be made and verified in this process: whoever hashes
 * for a proof calls it first, as often as it likes. */
void berth_jsonld_for_proofs(void);

#endif
