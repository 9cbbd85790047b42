/* SPDX-License-Identifier: Apache-2.0 */
#include "did/peer_hash.h"

#include <string.h>

#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/doc_build.h"

enum berth_err berth_peer_hash(struct berth_buf *out, const void *p, size_t n)
{
	uint8_t hash[2 + BERTH_SHA256_LEN] = { BERTH_CODEC_SHA2_256, BERTH_SHA256_LEN };

	berth_sha256(hash + 2, p, n);
	return berth_multibase_encode(out, 'z', hash, sizeof(hash));
}

bool berth_peer_is_hash(const char *text)
{
	static const char base58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	size_t n = text[0] == 'z' ? strspn(text + 1, base58) : 0;

	return (n == 46 || n == 47) && text[1 + n] == '\0';
}

/* ---- documents kept without their DID ---- */

static const char *const with_methods[] = {
	"verificationMethod", "authentication", "assertionMethod", "keyAgreement",
	"capabilityInvocation", "capabilityDelegation",
};

/* Numalgo 4: "If controller is not set, set controller to the DID".  Numalgo 1 has
 * it say "#id", which is the same thing. */
static bool is_own(const struct berth_json *method)
{
	const struct berth_json *controller = berth_json_get(method, "controller");

	return berth_json_is(method, BERTH_JSON_OBJECT) &&
	       (!controller || (berth_json_str(controller) && strcmp(berth_json_str(controller), "#id") == 0));
}

static enum berth_err set_controllers(struct berth_json *doc, const char *member, const char *did)
{
	struct berth_json *list = berth_json_get_mut(doc, member);
	enum berth_err rc = BERTH_OK;

	if (!berth_json_is(list, BERTH_JSON_ARRAY))
		return BERTH_OK;
	for (struct berth_json *m = berth_json_first_mut(list); m && !rc; m = berth_json_next_mut(m))
		if (is_own(m))
			rc = berth_json_set_str(m, "controller", did);
	return rc;
}

enum berth_err berth_peer_contextualize(struct berth_json *doc, const char *did, const char *other)
{
	const struct berth_json *also = berth_json_get(doc, "alsoKnownAs");
	enum berth_err rc;

	if (also && !berth_json_is(also, BERTH_JSON_ARRAY))
		return berth_fail(BERTH_E_DID, "did:peer: alsoKnownAs is not an array");
	if ((rc = berth_json_set_str(doc, "id", did)))
		return rc;
	if (other && (rc = berth_json_push_str(berth_doc_array(doc, "alsoKnownAs"), other)))
		return rc;
	for (size_t i = 0; i < sizeof(with_methods) / sizeof(with_methods[0]); i++)
		if ((rc = set_controllers(doc, with_methods[i], did)))
			return rc;
	return BERTH_OK;
}
