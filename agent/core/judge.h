/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_JUDGE_H
#define BERTH_AGENT_CORE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/err.h"
#include "did/registry_answer.h"

/* Who makes a document of what a registry says.  A method whose registry proves what it
 * says has a judge, and without that evidence nothing is believed of its DIDs; of any
 * other method the document is taken as it is, from the part "didDocument" or out of a
 * resolution result ("didResolution").
 *
 * authoritative: the configuration says that this adapter's resolution results are to be
 * believed even where a method has a judge.
 *
 * E_RESOLVE: no such evidence, or it is not good; E_SIZE; what the judges say. */
BERTH_MUST_USE enum berth_err
berth_judge(struct berth_registry_result *out, const struct berth_registry_evidence *e, const char *did,
	    const struct berth_did_version *version, const struct berth_registry_judge *j, bool authoritative);

/* How much evidence a DID of this method may need at most. */
size_t berth_judge_bytes_max(const char *did);
/* What is believed of such a DID only moves forward: it has a pin. */
bool berth_judge_keeps_pin(const char *did);
/* So many characters of a DID say whose history it is, and so whose pin: all of them, but
 * of a did:webvh only those up to its SCID, which it keeps when it moves. */
size_t berth_judge_subject_len(const char *did);

#endif
