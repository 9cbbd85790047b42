/* SPDX-License-Identifier: Apache-2.0 */
#include "did/peer2.h"

#include <stdio.h>
#include <string.h>

#include "did/doc_build.h"
#include "did/jose/multikey.h"
#include "did/peer_hash.h"
#include "did/peer_service.h"
#include "did/url.h"

#define PEER2 "did:peer:2"
#define PEER3 "did:peer:3"
#define ELEMENTS_MAX (BERTH_DID_DOC_VMS_MAX + BERTH_DID_DOC_SERVICES_MAX)

/* ---- creating ---- */

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

enum berth_err berth_peer2_create(struct berth_buf *did, const struct berth_peer_spec *s)
{
	enum berth_err rc;

	berth_buf_str(did, PEER2);
	if ((rc = put_keys(did, ".V", s->verification, s->n_verification)) ||
	    (rc = put_keys(did, ".E", s->agreement, s->n_agreement)))
		return rc;
	berth_json_each(service, s->services)
		if ((rc = berth_peer_service_encode(did, service)))
			return rc;
	return berth_buf_status(did);
}

/* "Take the SHA-256 hash of the generated DID (excluding the "did:peer:2" prefix)." */
enum berth_err berth_peer3(struct berth_buf *out, const char *did2)
{
	if (!berth_is_did(did2) || strncmp(did2, PEER2, strlen(PEER2)) != 0)
		return berth_fail(BERTH_E_DID, "not a did:peer:2");
	berth_buf_str(out, PEER3);
	return berth_peer_hash(out, did2 + strlen(PEER2), strlen(did2 + strlen(PEER2)));
}

/* ---- resolving ---- */

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

static enum berth_err add_key(struct berth_json *doc, const char *did, size_t number, unsigned rel,
			      const char *multikey, size_t n)
{
	struct berth_pubkey key;
	char id[32];
	enum berth_err rc;

	if ((rc = berth_multikey_parse(&key, multikey, n)) || (rc = berth_peer_check_use(&key, rel)))
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

/* "Optionally, set the alsoKnownAs to the did:peer:3 value": what the other form is. */
static enum berth_err add_other(struct berth_json *doc, const char *did2, const char *as)
{
	struct berth_buf did3 = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_peer3(&did3, did2)) == BERTH_OK)
		rc = berth_json_push_str(berth_doc_array(doc, "alsoKnownAs"),
					 strcmp(as, did2) == 0 ? berth_buf_cstr(&did3) : did2);
	berth_buf_free(&did3);
	return rc;
}

enum berth_err berth_peer2_tree(struct berth_json **out, const char *did2, const char *as)
{
	struct berth_json *doc = berth_doc_new(as, BERTH_CONTEXT_MULTIKEY);
	enum berth_err rc = read_elements(doc, as, did2 + strlen(PEER2));

	return berth_json_give(out, doc, rc ? rc : add_other(doc, did2, as));
}
