/* SPDX-License-Identifier: Apache-2.0 */
#include "did/peer1.h"

#include <string.h>

#include "did/peer_hash.h"

#define PEER1 "did:peer:1"

/* "It MUST NOT include the DID itself (either the root id property or its value)." */
static enum berth_err parse_genesis(struct berth_json **out, const char *genesis, size_t n)
{
	enum berth_err rc;

	*out = NULL;
	if ((rc = berth_json_parse_object(out, genesis, n, BERTH_DID_DOC_MAX)))
		return rc;
	if (!berth_json_get(*out, "id"))
		return BERTH_OK;
	berth_json_free(*out);
	*out = NULL;
	return berth_fail(BERTH_E_DID, "did:peer:1: the genesis document has an id");
}

enum berth_err berth_peer1_create(struct berth_buf *did, const char *genesis, size_t n)
{
	struct berth_json *doc;
	enum berth_err rc;

	if ((rc = parse_genesis(&doc, genesis, n)))
		return rc;
	berth_json_free(doc);
	berth_buf_str(did, PEER1);
	return berth_peer_hash(did, genesis, n);
}

static enum berth_err check_genesis(const char *did, const char *genesis, size_t n)
{
	struct berth_buf want = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_str(&want, PEER1);
	if ((rc = berth_peer_hash(&want, genesis, n)) == BERTH_OK && strcmp(berth_buf_cstr(&want), did) != 0)
		rc = berth_fail(BERTH_E_DID, "did:peer:1: the hash is not that of the genesis document");
	berth_buf_free(&want);
	return rc;
}

enum berth_err
berth_peer1_resolve(struct berth_did_doc **out, const char *did, const char *genesis, size_t n)
{
	struct berth_json *doc;
	enum berth_err rc;

	*out = NULL;
	if ((rc = check_genesis(did, genesis, n)) || (rc = parse_genesis(&doc, genesis, n)))
		return rc;
	if ((rc = berth_peer_contextualize(doc, did, NULL))) {
		berth_json_free(doc);
		return rc;
	}
	return berth_did_doc_from_json(out, doc, did);
}
