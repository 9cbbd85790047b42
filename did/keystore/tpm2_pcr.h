/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_TPM2_PCR_H
#define BERTH_DID_KEYSTORE_TPM2_PCR_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/json.h"
#include "did/base/key.h"

/* Signed PCR policies: under which values of the PCRs a TPM gives out the record
 * key of a store that is bound to them.  The store names a key (TPM2_PolicyAuthorize)
 * and no values, so that a firmware update needs a new policy and nothing else.
 *
 * A policy is a line of JSON in DIR/policies, written by `berth key policy`:
 *
 *	{"bank":"sha256","pcrs":[0,2,7],"policy":B64,"key":B64,"signature":B64}
 *
 * policy: the 32 bytes that TPM2_PolicyPCR makes of an empty policy; key: P-256,
 * uncompressed (65); signature: ECDSA with SHA-256, r || s, over policy and the 16
 * bytes of BERTH_PCR_POLICY_REF.  What the file says is believed of nobody: the TPM
 * checks the signature, and the store's record key says whose it must be. */
#define BERTH_PCRS 24
#define BERTH_PCR_LINE_MAX 1024
#define BERTH_PCR_POLICIES_MAX 32	/* lines */
#define BERTH_PCR_POLICY_REF "berth pcr policy"
#define BERTH_PCR_POLICY_REF_LEN (sizeof(BERTH_PCR_POLICY_REF) - 1)

struct berth_pcr_policy {
	uint32_t mask;			/* bit i: PCR i */
	uint8_t policy[32];
	struct berth_pubkey key;
	uint8_t sig[64];
};

/* E_TYPE: not such a line, another bank, no PCR at all; E_B64; E_KEY: the key is
 * none; E_SIG: not signed by it.  The out is zero then. */
BERTH_MUST_USE enum berth_err
berth_pcr_policy_parse(struct berth_pcr_policy *out, const char *line, size_t n);
/* The same, to be printed; owned by the caller, NULL without memory. */
struct berth_json *berth_pcr_policy_json(const struct berth_pcr_policy *p);

/* values: 32 bytes for each PCR of the mask, the lowest first. */
void berth_pcr_policy_digest(uint8_t policy[32], uint32_t mask, const uint8_t *values);
/* What is signed. */
void berth_pcr_policy_message(uint8_t out[32 + BERTH_PCR_POLICY_REF_LEN], const uint8_t policy[32]);

/* The member "pcrs", [0,2,7]: E_TYPE for anything but numbers from 0 to 23; and the list
 * to write, owned by the caller, NULL without memory. */
BERTH_MUST_USE enum berth_err berth_pcr_list_read(uint32_t *mask, const struct berth_json *o);
struct berth_json *berth_pcr_list_json(uint32_t mask);
/* "0,2,7"; E_TYPE: not numbers from 0 to 23, each once and rising. */
BERTH_MUST_USE enum berth_err berth_pcr_list_parse(uint32_t *mask, const char *text);
unsigned berth_pcr_count(uint32_t mask);

/* The values of single PCRs of the SHA-256 bank; mask 0: nobody knows. */
struct berth_pcr_values {
	uint32_t mask;
	uint8_t v[BERTH_PCRS][32];	/* zero where the mask has none */
};
/* 32 bytes for each PCR of the mask, the lowest first: E_TYPE for another length. */
BERTH_MUST_USE enum berth_err berth_pcr_values_take(struct berth_pcr_values *out, uint32_t mask, const void *p, size_t n);
/* The digest over them that TPM2_Quote signs. */
void berth_pcr_values_digest(uint8_t digest[32], const struct berth_pcr_values *v);
/* As a member: one base64url string of all the bytes.  E_TYPE: not that many; no such
 * member is none, and no fault. */
BERTH_MUST_USE enum berth_err
berth_pcr_values_read(struct berth_pcr_values *out, uint32_t mask, const struct berth_json *o, const char *member);
BERTH_MUST_USE enum berth_err
berth_pcr_values_set(struct berth_json *o, const char *member, const struct berth_pcr_values *v);

#endif
