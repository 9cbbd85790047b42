/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/buf.h"
#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/method_key.h"
#include "did/method_peer.h"
#include "did/peer1.h"
#include "did/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* A document that is known without its JSON is the one that its JSON says. */
static void check_json(const struct berth_did_doc *doc)
{
	const struct berth_json *json = berth_did_doc_json(doc);
	struct berth_did_doc *parsed;

	if (!json || berth_did_doc_from_json(&parsed, berth_json_clone(json), doc->id) || parsed->n_vms != doc->n_vms)
		abort();
	for (size_t i = 0; i < doc->n_vms; i++)
		if (strcmp(parsed->vms[i].id, doc->vms[i].id) != 0 || parsed->vms[i].rels != doc->vms[i].rels ||
		    strcmp(parsed->vms[i].controller, doc->vms[i].controller) != 0 ||
		    !berth_pubkey_equal(&parsed->vms[i].key, &doc->vms[i].key))
			abort();
	berth_did_doc_free(parsed);
}

static void resolve(const char *did)
{
	struct berth_did_doc *doc;

	if (berth_did_peer_resolve(&doc, did) == BERTH_OK && strcmp(doc->id, did) != 0)
		abort();
	berth_did_doc_free(doc);
	if (berth_did_key_resolve(&doc, did) == BERTH_OK) {
		if (strcmp(doc->id, did) != 0)
			abort();
		check_json(doc);
	}
	berth_did_doc_free(doc);
	if (berth_did_jwk_resolve(&doc, did) == BERTH_OK && strcmp(doc->id, did) != 0)
		abort();
	berth_did_doc_free(doc);
}

/* The input as the document of a numalgo 4 with the hash it needs, so that what is
 * behind the hash is reached. */
static void resolve_as_peer4(const uint8_t *p, size_t n)
{
	struct berth_buf bytes = BERTH_BUF_INIT, encoded = BERTH_BUF_INIT, did = BERTH_BUF_INIT;
	uint8_t hash[34] = { 0x12, 0x20 };

	berth_uvarint_encode(&bytes, BERTH_CODEC_JSON);
	berth_buf_put(&bytes, p, n);
	if (!berth_multibase_encode(&encoded, 'z', bytes.p, bytes.len)) {
		berth_sha256(hash + 2, encoded.p, encoded.len);
		berth_buf_str(&did, "did:peer:4");
		if (!berth_multibase_encode(&did, 'z', hash, sizeof(hash))) {
			berth_buf_u8(&did, ':');
			berth_buf_put(&did, encoded.p, encoded.len);
			resolve(berth_buf_cstr(&did));
		}
	}
	berth_buf_free(&bytes);
	berth_buf_free(&encoded);
	berth_buf_free(&did);
}

/* The short form's document is found by it, and says what the long one does. */
static void resolve_short(const char *did)
{
	struct berth_buf brief = BERTH_BUF_INIT;
	struct berth_did_doc *doc, *whole;

	if (berth_did_peer_resolve_short(&doc, did) == BERTH_OK) {
		if (berth_did_peer_short(&brief, did) || strcmp(doc->id, berth_buf_cstr(&brief)) != 0)
			abort();
		/* the long form's own ids may be too long, so it may be refused alone */
		if (!berth_did_peer_resolve(&whole, did) &&
		    (whole->n_vms != doc->n_vms || whole->n_services != doc->n_services))
			abort();
		berth_did_doc_free(whole);
	}
	berth_did_doc_free(doc);
	berth_buf_free(&brief);
}

/* The input as the genesis document of a numalgo 1. */
static void resolve_as_peer1(const char *text, size_t n)
{
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_did_doc *doc;

	if (berth_peer1_create(&did, text, n) == BERTH_OK) {
		if (berth_peer1_resolve(&doc, berth_buf_cstr(&did), text, n) == BERTH_OK &&
		    strcmp(doc->id, berth_buf_cstr(&did)) != 0)
			abort();
		berth_did_doc_free(doc);
	}
	berth_buf_free(&did);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = strndup((const char *)p, n);

	if (!text)
		return 0;
	resolve(text);
	resolve_short(text);
	if (n > 0 && p[0] == '{') {
		resolve_as_peer4(p, n);
		resolve_as_peer1((const char *)p, n);
	}
	free(text);
	return 0;
}
