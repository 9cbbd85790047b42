/* SPDX-License-Identifier: Apache-2.0 */
#include "did/jose/di_log.h"

#include <string.h>

#include "did/base/json.h"
#include "did/codec/did_text.h"
#include "did/jose/di_hash.h"

#define DID_KEY "did:key:"
#define DID_WEBVH "did:webvh:"
#define ENTRY_MEMBERS 4
#define VERSION_MAX 64

/* did:key:KEY#KEY */
static bool is_own_method(const char *kid)
{
	const char *fragment = strchr(kid, '#');
	size_t n;

	if (strncmp(kid, DID_KEY, strlen(DID_KEY)) != 0 || !berth_is_kid(kid))
		return false;
	n = (size_t)(fragment - kid) - strlen(DID_KEY);
	return strlen(fragment + 1) == n && strncmp(kid + strlen(DID_KEY), fragment + 1, n) == 0;
}

/* "3-Qm..." */
static enum berth_err check_version(const struct berth_json *document)
{
	const char *id;
	size_t digits;
	enum berth_err rc = berth_json_req_str(document, "versionId", VERSION_MAX, &id);

	if (rc)
		return rc;
	digits = strspn(id, "0123456789");
	if (digits == 0 || strncmp(id + digits, "-Qm", 3) != 0)
		return berth_fail(BERTH_E_TYPE, "to be signed: a versionId that is none");
	return BERTH_OK;
}

static enum berth_err check_entry(const struct berth_json *document)
{
	const struct berth_json *parameters, *state;
	const char *time, *id;
	enum berth_err rc = check_version(document);

	if (rc || berth_json_len(document) == 1)
		return rc;
	if ((rc = berth_json_req_obj(document, "parameters", &parameters)) ||
	    (rc = berth_json_req_obj(document, "state", &state)) ||
	    (rc = berth_json_req_str(document, "versionTime", VERSION_MAX, &time)) ||
	    (rc = berth_json_req_str(state, "id", BERTH_DID_URL_MAX, &id)))
		return rc;
	if (berth_json_len(document) != ENTRY_MEMBERS || strncmp(id, DID_WEBVH, strlen(DID_WEBVH)) != 0)
		return berth_fail(BERTH_E_TYPE, "to be signed: no entry of a did:webvh log");
	return BERTH_OK;
}

static enum berth_err check_proof(const struct berth_json *proof, const char *kid)
{
	const char *vm;
	enum berth_err rc = berth_json_req_str(proof, "verificationMethod", BERTH_DID_URL_MAX, &vm);

	if (rc)
		return rc;
	if (berth_di_suite_of(proof) != BERTH_DI_EDDSA_JCS_2022 || berth_json_get(proof, "proofValue") ||
	    berth_json_get(proof, "@context") || berth_json_get(proof, "previousProof") ||
	    !berth_json_says(berth_json_get(proof, "type"), "DataIntegrityProof") ||
	    !berth_json_says(berth_json_get(proof, "proofPurpose"), "assertionMethod"))
		return berth_fail(BERTH_E_TYPE, "to be signed: a proof that is none of a did:webvh log");
	if (strcmp(vm, kid) != 0)
		return berth_fail(BERTH_E_AUTHZ, "to be signed: the proof names another key");
	return BERTH_OK;
}

enum berth_err berth_di_log_input(struct berth_buf *out, const char *kid, enum berth_key_type type,
				  const void *payload, size_t len)
{
	const struct berth_json *document, *proof;
	struct berth_json *o = NULL;
	struct berth_di_hash h;
	enum berth_err rc;

	if (type != BERTH_KEY_ED25519)
		return berth_fail(BERTH_E_KEY, "did:webvh knows eddsa-jcs-2022 only, which takes a key of Ed25519");
	if (!kid || !is_own_method(kid))
		return berth_fail(BERTH_E_ENV, "kid is not a did:key with itself for a fragment");
	if ((rc = berth_json_parse_exact(&o, payload, len, BERTH_JSON_MAX)) ||
	    (rc = berth_json_req_obj(o, "document", &document)) || (rc = berth_json_req_obj(o, "proof", &proof)) ||
	    (rc = check_entry(document)) || (rc = check_proof(proof, kid)) ||
	    (rc = berth_di_hash(&h, document, proof, NULL, type)))
		goto out;
	berth_buf_put(out, h.b, h.len);
	rc = berth_buf_status(out);
out:
	berth_json_free(o);
	return rc;
}
