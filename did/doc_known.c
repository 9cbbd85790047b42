/* SPDX-License-Identifier: Apache-2.0 */
#include "did/doc_known.h"

#include <stdlib.h>
#include <string.h>

enum berth_err
berth_did_doc_known_new(struct berth_did_doc **out, const char *did, size_t n,
			enum berth_err (*describe)(struct berth_json **tree, const struct berth_did_doc *doc))
{
	struct berth_did_doc *doc = calloc(1, sizeof(*doc));

	*out = NULL;
	if (!doc || !(doc->id = strdup(did)) || !(doc->vms = calloc(n, sizeof(*doc->vms))) ||
	    !(doc->strings = calloc(n, sizeof(*doc->strings)))) {
		berth_did_doc_free(doc);
		return berth_fail(BERTH_E_NOMEM, "DID document");
	}
	doc->describe = describe;
	*out = doc;
	return BERTH_OK;
}

enum berth_err berth_did_doc_known_add(struct berth_did_doc *doc, const char *fragment, size_t fragment_len,
				       const struct berth_pubkey *key, unsigned rels)
{
	size_t did_len = strlen(doc->id);
	char *id = malloc(did_len + 1 + fragment_len + 1);

	if (!id)
		return berth_fail(BERTH_E_NOMEM, "DID document");
	memcpy(id, doc->id, did_len);
	id[did_len] = '#';
	memcpy(id + did_len + 1, fragment, fragment_len);
	id[did_len + 1 + fragment_len] = '\0';
	doc->strings[doc->n_strings++] = id;
	doc->vms[doc->n_vms++] = (struct berth_vm){
		.id = id, .controller = doc->id, .key = *key, .rels = rels,
		.expires_s = BERTH_VM_NEVER, .revoked_s = BERTH_VM_NEVER,
	};
	return BERTH_OK;
}

enum berth_err berth_did_doc_known_clone(struct berth_did_doc **out, const struct berth_did_doc *doc)
{
	size_t did_len = strlen(doc->id) + 1;
	enum berth_err rc;

	if ((rc = berth_did_doc_known_new(out, doc->id, doc->n_vms, doc->describe)))
		return rc;
	for (size_t i = 0; i < doc->n_vms && !rc; i++)
		rc = berth_did_doc_known_add(*out, doc->vms[i].id + did_len, strlen(doc->vms[i].id) - did_len,
					     &doc->vms[i].key, doc->vms[i].rels);
	if (rc) {
		berth_did_doc_free(*out);
		*out = NULL;
	}
	return rc;
}
