/* SPDX-License-Identifier: Apache-2.0 */
/* did:peer (decentralized-identity/peer-did-method-spec): which numalgo is whose. */
#include "did/method_peer.h"

#include <string.h>

#include "did/crypto/keypair.h"
#include "did/doc_known.h"
#include "did/doc_memory.h"
#include "did/jose/multikey.h"
#include "did/method_key.h"
#include "did/peer1.h"
#include "did/peer2.h"
#include "did/peer4.h"
#include "did/peer_hash.h"
#include "did/url.h"

#define DID_PEER "did:peer:"

enum berth_err berth_peer_check_use(const struct berth_pubkey *key, unsigned rel)
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
		if ((rc = berth_peer_check_use(&s->verification[i], BERTH_REL_AUTHENTICATION)))
			return rc;
	for (size_t i = 0; i < s->n_agreement; i++)
		if ((rc = berth_peer_check_use(&s->agreement[i], BERTH_REL_KEY_AGREEMENT)))
			return rc;
	return BERTH_OK;
}

enum berth_err berth_did_peer_create(struct berth_buf *did, int numalgo, const struct berth_peer_spec *spec)
{
	struct berth_buf made = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = check_spec(numalgo, spec)))
		return rc;
	switch (numalgo) {
	case 0:
		berth_buf_str(&made, DID_PEER "0");
		rc = berth_multikey_format(&made, &spec->verification[0]);
		break;
	case 2:
		rc = berth_peer2_create(&made, spec);
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

/* ---- resolving ---- */

/* prefix: DID_PEER, or with a numalgo behind it.  A long DID takes its time, and is looked at last. */
static bool is_peer(const char *did, const char *prefix)
{
	return did && strncmp(did, prefix, strlen(prefix)) == 0 && strnlen(did, BERTH_PEER_DID_MAX + 1) <= BERTH_PEER_DID_MAX &&
	       berth_is_did(did);
}

/* What a long DID says, as the document of that DID or of its short form. */
static enum berth_err tree_of(struct berth_json **out, const char *long_did, const char *as)
{
	return long_did[strlen(DID_PEER)] == '2' ? berth_peer2_tree(out, long_did, as) : berth_peer4_tree(out, long_did, as);
}

static enum berth_err describe(struct berth_json **tree, const struct berth_did_doc *doc)
{
	return tree_of(tree, doc->whole ? doc->whole->id : doc->id, doc->id);
}

static enum berth_err read_as(struct berth_did_doc **out, const char *long_did, const char *as)
{
	struct berth_json *tree;
	enum berth_err rc;

	if ((rc = tree_of(&tree, long_did, as)) || (rc = berth_did_doc_from_json(out, tree, as)))
		return rc;
	if (strcmp(as, long_did) != 0 || !(rc = berth_did_doc_known_lighten(*out, describe)))
		return BERTH_OK;
	berth_did_doc_free(*out);
	*out = NULL;
	return rc;
}

/* What only the text of the DID says is read once and remembered. */
static enum berth_err remember(enum berth_err rc, struct berth_did_doc **doc)
{
	if (rc || !(rc = berth_doc_remember(*doc)))
		return rc;
	berth_did_doc_free(*doc);
	*doc = NULL;
	return rc;
}

enum berth_err berth_did_peer_resolve(struct berth_did_doc **out, const char *did)
{
	const char *text;

	*out = NULL;
	if (berth_doc_recall(out, did, false))
		return BERTH_OK;
	if (!is_peer(did, DID_PEER))
		return berth_fail(BERTH_E_DID, "not a did:peer");
	text = did + strlen(DID_PEER) + 1;
	switch (text[-1]) {
	case '0':
		return berth_did_multikey_document(out, did, text);
	case '1':
	case '3':
		return berth_peer_is_hash(text) ? berth_fail(BERTH_E_RESOLVE, "did:peer: a hash says nothing by itself") :
						  berth_fail(BERTH_E_DID, "did:peer: not a hash");
	case '2':
	case '4':
		return remember(read_as(out, did, did), out);
	default:
		return berth_fail(BERTH_E_DID, "did:peer: unknown numalgo");
	}
}

/* ---- the short forms ---- */

enum berth_err berth_did_peer_short(struct berth_buf *out, const char *long_did)
{
	return is_peer(long_did, DID_PEER "2") ? berth_peer3(out, long_did) : berth_did_short(out, long_did);
}

/* Most documents have two forms; of one with methods that are not its own the second is
 * read by itself. */
static enum berth_err short_form(struct berth_did_doc **out, const char *long_did, const char *short_did)
{
	struct berth_did_doc *whole;
	enum berth_err rc = berth_did_peer_resolve(&whole, long_did);

	if (rc)
		return rc;
	rc = whole->describe ? berth_did_doc_known_form(out, whole, short_did) : read_as(out, long_did, short_did);
	berth_did_doc_free(whole);
	return remember(rc, out);
}

enum berth_err berth_did_peer_resolve_short(struct berth_did_doc **out, const char *long_did)
{
	struct berth_buf short_did = BERTH_BUF_INIT;
	enum berth_err rc;

	*out = NULL;
	if (berth_doc_recall(out, long_did, true))
		return BERTH_OK;
	if ((rc = berth_did_peer_short(&short_did, long_did)) == BERTH_OK)
		rc = is_peer(long_did, DID_PEER "2") || is_peer(long_did, DID_PEER "4") ?
			short_form(out, long_did, berth_buf_cstr(&short_did)) : berth_fail(BERTH_E_DID, "not a did:peer with a short form");
	berth_buf_free(&short_did);
	return rc;
}
