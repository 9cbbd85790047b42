/* SPDX-License-Identifier: Apache-2.0 */
/* did:peer (decentralized-identity/peer-did-method-spec), numalgo 0 and 2; 4 is in
 * peer4.c. */
#include "did/method_peer.h"

#include <stdio.h>
#include <string.h>

#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/doc_build.h"
#include "did/jose/multikey.h"
#include "did/method_key.h"
#include "did/peer4.h"
#include "did/peer_service.h"
#include "did/url.h"

#define DID_PEER "did:peer:"
#define ELEMENTS_MAX (BERTH_DID_DOC_VMS_MAX + BERTH_DID_DOC_SERVICES_MAX)

/* Purpose codes of numalgo 2. */
static unsigned rel_of(char purpose)
{
	switch (purpose) {
	case 'A':
		return BERTH_REL_ASSERTION;
	case 'E':
		return BERTH_REL_KEY_AGREEMENT;
	case 'V':
		return BERTH_REL_AUTHENTICATION;
	case 'I':
		return BERTH_REL_INVOCATION;
	case 'D':
		return BERTH_REL_DELEGATION;
	default:
		return 0;
	}
}

static enum berth_err check_use(const struct berth_pubkey *key, unsigned rel)
{
	if (rel == BERTH_REL_KEY_AGREEMENT ? !berth_key_can_agree(key->type) : !berth_key_can_sign(key->type))
		return berth_fail(BERTH_E_KEY, "did:peer: a key of type %s is not for this",
				  berth_key_type_name(key->type));
	return BERTH_OK;
}

/* ---- creating ---- */

static enum berth_err check_spec(int numalgo, const struct berth_peer_spec *s)
{
	enum berth_err rc;

	if (s->n_verification > BERTH_PEER_KEYS_MAX || s->n_agreement > BERTH_PEER_KEYS_MAX)
		return berth_fail(BERTH_E_SIZE, "did:peer: more than %d keys of a kind", BERTH_PEER_KEYS_MAX);
	if (s->n_verification + s->n_agreement == 0)
		return berth_fail(BERTH_E_DID, "did:peer: no key");
	if (s->services && !berth_json_is(s->services, BERTH_JSON_ARRAY))
		return berth_fail(BERTH_E_DID, "did:peer: services are not an array");
	if (numalgo == 0 && (s->n_verification != 1 || s->n_agreement || berth_json_len(s->services)))
		return berth_fail(BERTH_E_DID, "did:peer: numalgo 0 is one verification key and nothing else");
	for (size_t i = 0; i < s->n_verification; i++)
		if ((rc = check_use(&s->verification[i], BERTH_REL_AUTHENTICATION)))
			return rc;
	for (size_t i = 0; i < s->n_agreement; i++)
		if ((rc = check_use(&s->agreement[i], BERTH_REL_KEY_AGREEMENT)))
			return rc;
	return BERTH_OK;
}

static enum berth_err put_keys(struct berth_buf *did, const char *prefix, const struct berth_pubkey *keys, size_t n)
{
	enum berth_err rc;

	for (size_t i = 0; i < n; i++) {
		berth_buf_str(did, prefix);
		if ((rc = berth_multikey_format(did, &keys[i])))
			return rc;
	}
	return BERTH_OK;
}

static enum berth_err create2(struct berth_buf *did, const struct berth_peer_spec *s)
{
	enum berth_err rc;

	berth_buf_str(did, DID_PEER "2");
	if ((rc = put_keys(did, ".V", s->verification, s->n_verification)) ||
	    (rc = put_keys(did, ".E", s->agreement, s->n_agreement)))
		return rc;
	berth_json_each(service, s->services)
		if ((rc = berth_peer_service_encode(did, service)))
			return rc;
	return berth_buf_status(did);
}

enum berth_err berth_did_peer_create(struct berth_buf *did, int numalgo, const struct berth_peer_spec *spec)
{
	struct berth_buf made = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = check_spec(numalgo, spec)))
		return rc;
	switch (numalgo) {
	case 0:
		rc = put_keys(&made, DID_PEER "0", spec->verification, 1);
		break;
	case 2:
		rc = create2(&made, spec);
		break;
	case 4:
		rc = berth_peer4_create(&made, spec);
		break;
	default:
		rc = berth_fail(BERTH_E_DID, "did:peer: numalgo %d", numalgo);
	}
	if (!rc && (rc = berth_buf_status(&made)) == BERTH_OK) {
		if (made.len > BERTH_PEER_DID_MAX)
			rc = berth_fail(BERTH_E_SIZE, "did:peer: %zu bytes", made.len);
		else
			berth_buf_put(did, made.p, made.len);
	}
	berth_buf_free(&made);
	return rc ? rc : berth_buf_status(did);
}

/* ---- resolving numalgo 2 ---- */

static enum berth_err add_key(struct berth_json *doc, const char *did, size_t number, unsigned rel,
			      const char *multikey, size_t n)
{
	struct berth_pubkey key;
	char id[32];
	enum berth_err rc;

	if ((rc = berth_multikey_parse(&key, multikey, n)) || (rc = check_use(&key, rel)))
		return rc;
	snprintf(id, sizeof(id), "#key-%zu", number);
	return berth_doc_add(doc, berth_doc_multikey(id, did, &key), rel);
}

/* Everything after "did:peer:2": each element is '.', a purpose, its value. */
static enum berth_err read_elements(struct berth_json *doc, const char *did, const char *text)
{
	size_t keys = 0, elements = 0, unnamed = 0;
	enum berth_err rc;

	while (*text) {
		size_t n = strcspn(text + 1, ".");
		const char *value = text + 2;

		if (*text != '.' || n < 2 || ++elements > ELEMENTS_MAX)
			return berth_fail(BERTH_E_DID, "did:peer:2: element %zu", elements);
		if (text[1] == 'S')
			rc = berth_peer_service_decode(berth_doc_array(doc, "service"), &unnamed, value, n - 1);
		else if (rel_of(text[1]))
			rc = add_key(doc, did, ++keys, rel_of(text[1]), value, n - 1);
		else
			rc = berth_fail(BERTH_E_DID, "did:peer:2: unknown purpose in element %zu", elements);
		if (rc)
			return rc;
		text += n + 1;
	}
	return keys ? BERTH_OK : berth_fail(BERTH_E_DID, "did:peer:2: no key");
}

/* "Optionally, set the alsoKnownAs to the did:peer:3 value": SHA-256 over what
 * follows "did:peer:2", as a multihash in base58btc. */
static enum berth_err add_numalgo3(struct berth_json *doc, const char *text)
{
	struct berth_buf did = BERTH_BUF_INIT;
	uint8_t hash[2 + BERTH_SHA256_LEN] = { BERTH_CODEC_SHA2_256, BERTH_SHA256_LEN };
	enum berth_err rc;

	berth_sha256(hash + 2, text, strlen(text));
	berth_buf_str(&did, DID_PEER "3");
	if ((rc = berth_multibase_encode(&did, 'z', hash, sizeof(hash))) == BERTH_OK)
		rc = berth_json_push_str(berth_doc_array(doc, "alsoKnownAs"), berth_buf_cstr(&did));
	berth_buf_free(&did);
	return rc;
}

static enum berth_err resolve2(struct berth_did_doc **out, const char *did, const char *text)
{
	struct berth_json *doc = berth_doc_new(did, BERTH_CONTEXT_MULTIKEY);
	enum berth_err rc;

	if ((rc = read_elements(doc, did, text)) || (rc = add_numalgo3(doc, text))) {
		berth_json_free(doc);
		return rc;
	}
	return berth_did_doc_from_json(out, doc, did);
}

/* ---- resolving ---- */

/* numalgo 1 and 3 are hashes of something else: "z" and 46 or 47 characters. */
static enum berth_err only_a_hash(const char *text)
{
	static const char base58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	size_t n = text[0] == 'z' ? strspn(text + 1, base58) : 0;

	if ((n != 46 && n != 47) || text[1 + n] != '\0')
		return berth_fail(BERTH_E_DID, "did:peer: not a hash");
	return berth_fail(BERTH_E_RESOLVE, "did:peer: a hash says nothing by itself");
}

enum berth_err berth_did_peer_resolve(struct berth_did_doc **out, const char *did)
{
	const char *text;

	*out = NULL;
	if (!berth_is_did(did) || strlen(did) > BERTH_PEER_DID_MAX || strncmp(did, DID_PEER, strlen(DID_PEER)) != 0)
		return berth_fail(BERTH_E_DID, "not a did:peer");
	text = did + strlen(DID_PEER) + 1;
	switch (text[-1]) {
	case '0':
		return berth_did_multikey_document(out, did, text);
	case '1':
	case '3':
		return only_a_hash(text);
	case '2':
		return resolve2(out, did, text);
	case '4':
		return berth_peer4_resolve(out, did, did);
	default:
		return berth_fail(BERTH_E_DID, "did:peer: unknown numalgo");
	}
}

enum berth_err berth_did_peer_resolve_short(struct berth_did_doc **out, const char *long_did)
{
	struct berth_buf short_did = BERTH_BUF_INIT;
	enum berth_err rc;

	*out = NULL;
	if ((rc = berth_did_short(&short_did, long_did)) == BERTH_OK)
		rc = berth_peer4_resolve(out, long_did, berth_buf_cstr(&short_did));
	berth_buf_free(&short_did);
	return rc;
}
