/* SPDX-License-Identifier: Apache-2.0 */
#include "did/peer4.h"

#include <stdio.h>
#include <string.h>

#include "did/base/cur.h"
#include "did/codec/multibase.h"
#include "did/doc_build.h"
#include "did/peer_hash.h"
#include "did/peer_service.h"
#include "did/url.h"

#define PREFIX "did:peer:4"

/* ---- creating ---- */

static enum berth_err add_keys(struct berth_json *doc, const struct berth_pubkey *keys, size_t n, size_t *number,
			       unsigned rels)
{
	char id[32];
	enum berth_err rc;

	for (size_t i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "#key-%zu", ++*number);
		if ((rc = berth_doc_add(doc, berth_doc_multikey(id, NULL, &keys[i]), rels)))
			return rc;
	}
	return BERTH_OK;
}

/* "All identifiers within this document MUST be relative." */
static enum berth_err add_services(struct berth_json *doc, const struct berth_json *services)
{
	size_t unnamed = 0;
	enum berth_err rc;

	berth_json_each(s, services) {
		const struct berth_json *id = berth_json_get(s, "id");
		struct berth_json *copy;

		if (!berth_json_is(s, BERTH_JSON_OBJECT) || (id && (!berth_json_str(id) || *berth_json_str(id) != '#')))
			return berth_fail(BERTH_E_DID, "did:peer: a service is an object with a relative id");
		if (!(copy = berth_json_clone(s)) || (rc = berth_peer_service_name(copy, &unnamed))) {
			berth_json_free(copy);
			return berth_no_memory();
		}
		if ((rc = berth_json_push(berth_doc_array(doc, "service"), copy)))
			return rc;
	}
	return BERTH_OK;
}

/* ENCODED of a document, appended. */
static enum berth_err put_encoded(struct berth_buf *out, const struct berth_json *doc)
{
	struct berth_buf bytes = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_uvarint_encode(&bytes, BERTH_CODEC_JSON);
	if ((rc = berth_json_print(&bytes, doc)) == BERTH_OK && (rc = berth_buf_status(&bytes)) == BERTH_OK)
		rc = berth_multibase_encode(out, 'z', bytes.p, bytes.len);
	berth_buf_free(&bytes);
	return rc;
}

enum berth_err berth_peer4_create(struct berth_buf *did, const struct berth_peer_spec *spec)
{
	struct berth_json *doc = berth_doc_new(NULL, BERTH_CONTEXT_MULTIKEY);
	struct berth_buf encoded = BERTH_BUF_INIT;
	size_t number = 0;
	enum berth_err rc;

	if ((rc = add_keys(doc, spec->verification, spec->n_verification, &number,
			   BERTH_REL_AUTHENTICATION | BERTH_REL_ASSERTION)) ||
	    (rc = add_keys(doc, spec->agreement, spec->n_agreement, &number, BERTH_REL_KEY_AGREEMENT)) ||
	    (rc = add_services(doc, spec->services)) || (rc = put_encoded(&encoded, doc)))
		goto out;
	berth_buf_str(did, PREFIX);
	if ((rc = berth_peer_hash(did, berth_buf_cstr(&encoded), encoded.len)))
		goto out;
	berth_buf_u8(did, ':');
	berth_buf_put(did, encoded.p, encoded.len);
	rc = berth_buf_status(did);
out:
	berth_json_free(doc);
	berth_buf_free(&encoded);
	return rc;
}

/* ---- resolving ---- */

/* hash is n characters; it must be that of encoded. */
static enum berth_err check_hash(const char *hash, size_t n, const char *encoded)
{
	struct berth_buf want = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_peer_hash(&want, encoded, strlen(encoded))) == BERTH_OK &&
	    (want.len != n || memcmp(want.p, hash, n) != 0))
		rc = berth_fail(BERTH_E_DID, "did:peer:4: the hash is not that of the document");
	berth_buf_free(&want);
	return rc;
}

/* What is wrong with the text is E_DID; having no memory is not its fault. */
static enum berth_err bad_text(enum berth_err rc, const char *what)
{
	return rc == BERTH_OK || rc == BERTH_E_NOMEM ? rc : berth_fail(BERTH_E_DID, "did:peer:4: %s", what);
}

/* "The document MUST NOT include an id at the root." */
static enum berth_err decode(struct berth_json **out, const char *encoded)
{
	struct berth_buf bytes = BERTH_BUF_INIT;
	struct berth_cur c;
	enum berth_err rc;

	rc = *encoded == 'z' ? berth_multibase_decode(&bytes, encoded, strlen(encoded)) : BERTH_E_B64;
	if ((rc = bad_text(rc, "the document is not base58btc")))
		goto out;
	c = berth_cur(bytes.p, bytes.len);
	if (berth_cur_uvarint(&c) != BERTH_CODEC_JSON || c.bad) {
		rc = berth_fail(BERTH_E_DID, "did:peer:4: the document is not marked as JSON");
		goto out;
	}
	rc = berth_json_parse_object(out, (const char *)c.p, c.n, BERTH_PEER_DID_MAX);
	if (rc == BERTH_OK && berth_json_get(*out, "id"))
		rc = BERTH_E_DID;
	rc = bad_text(rc, "not a JSON object without an id");
out:
	berth_buf_free(&bytes);
	return rc;
}

enum berth_err berth_peer4_tree(struct berth_json **out, const char *long_did, const char *as)
{
	const char *hash, *colon;
	struct berth_buf short_did = BERTH_BUF_INIT;
	struct berth_json *doc = NULL;
	enum berth_err rc;

	*out = NULL;
	if (strlen(long_did) > BERTH_PEER_DID_MAX || strncmp(long_did, PREFIX, strlen(PREFIX)) != 0)
		return berth_fail(BERTH_E_DID, "not a did:peer:4");
	hash = long_did + strlen(PREFIX);
	if (!(colon = strchr(hash, ':')))
		return berth_fail(BERTH_E_RESOLVE, "did:peer:4: the short form says nothing by itself");
	if ((rc = berth_did_short(&short_did, long_did)) ||
	    (rc = check_hash(hash, (size_t)(colon - hash), colon + 1)) || (rc = decode(&doc, colon + 1)))
		goto out;
	rc = berth_peer_contextualize(doc, as, strcmp(as, long_did) == 0 ? berth_buf_cstr(&short_did) : long_did);
out:
	berth_buf_free(&short_did);
	return berth_json_give(out, doc, rc);
}
