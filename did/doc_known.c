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
		return berth_no_memory();
	}
	doc->describe = describe;
	*out = doc;
	return BERTH_OK;
}

/* The document's DID, mark and the n bytes at rest; NULL without memory.  There is a place
 * for it among the strings. */
static const char *name(struct berth_did_doc *doc, char mark, const char *rest, size_t n)
{
	size_t did_len = strlen(doc->id);
	char *id = malloc(did_len + 1 + n + 1);

	if (!id)
		return NULL;
	memcpy(id, doc->id, did_len);
	id[did_len] = mark;
	memcpy(id + did_len + 1, rest, n);
	id[did_len + 1 + n] = '\0';
	return doc->strings[doc->n_strings++] = id;
}

enum berth_err berth_did_doc_known_add(struct berth_did_doc *doc, const char *fragment, size_t fragment_len,
				       const struct berth_pubkey *key, unsigned rels)
{
	const char *id = name(doc, '#', fragment, fragment_len);

	if (!id)
		return berth_no_memory();
	doc->vms[doc->n_vms++] = (struct berth_vm){
		.id = id, .controller = doc->id, .key = *key, .rels = rels,
		.expires_s = BERTH_VM_NEVER, .revoked_s = BERTH_VM_NEVER,
	};
	return BERTH_OK;
}

/* ---- out of one that was read ---- */

/* Made absolute by us, and so named in its own strings. */
static bool is_relative(const struct berth_did_doc *doc, const char *id)
{
	for (size_t i = 0; i < doc->n_strings; i++)
		if (doc->strings[i] == id)
			return true;
	return false;
}

/* In a copy of v the text that this one has become; NULL: it is none of v's. */
static const char *in_copy(const struct berth_json *v, const struct berth_json *copy, const char *text)
{
	const char *found = NULL;

	if (berth_json_str(v) == text)
		return berth_json_str(copy);
	copy = berth_json_first(copy);
	for (v = berth_json_first(v); v && !found; v = berth_json_next(v), copy = berth_json_next(copy))
		found = in_copy(v, copy, text);
	return found;
}

/* What the copy of a value keeps is its own, where what is detached would keep all that it
 * was read with. */
static enum berth_err copy_services(struct berth_did_doc *doc)
{
	const struct berth_json *all = berth_json_get(doc->tree, "service"), *copy;
	struct berth_service *s = doc->services;

	if (all && !(doc->service_list = berth_json_clone(all)))
		return berth_no_memory();
	copy = berth_json_first(doc->service_list);
	for (; copy; copy = berth_json_next(copy), s++) {
		const char *id = in_copy(s->json, copy, s->id);

		s->id = id ? id : s->id;
		s->type = in_copy(s->json, copy, s->type);
		s->json = copy;
	}
	return BERTH_OK;
}

enum berth_err berth_did_doc_known_lighten(struct berth_did_doc *doc,
					   enum berth_err (*describe)(struct berth_json **tree, const struct berth_did_doc *doc))
{
	enum berth_err rc;

	for (size_t i = 0; i < doc->n_vms; i++)
		if (!is_relative(doc, doc->vms[i].id) || strcmp(doc->vms[i].controller, doc->id) != 0)
			return BERTH_OK;
	if ((rc = copy_services(doc)))
		return rc;
	for (size_t i = 0; i < doc->n_vms; i++) {
		doc->vms[i].controller = doc->id;
		doc->vms[i].json = NULL;
	}
	berth_json_free(doc->tree);
	doc->tree = NULL;
	doc->describe = describe;
	return BERTH_OK;
}

/* The name of one thing in whole, in doc; one that is not relative is the same. */
static const char *rename_to(struct berth_did_doc *doc, const struct berth_did_doc *whole, const char *id)
{
	const char *rest = id + strlen(whole->id);

	return is_relative(whole, id) ? name(doc, rest[0], rest + 1, strlen(rest + 1)) : id;
}

enum berth_err berth_did_doc_known_form(struct berth_did_doc **out, struct berth_did_doc *whole, const char *did)
{
	struct berth_did_doc *doc = calloc(1, sizeof(*doc));
	bool bad = !doc || !(doc->id = strdup(did)) || !(doc->vms = calloc(whole->n_vms + 1, sizeof(*doc->vms))) ||
		   !(doc->services = calloc(whole->n_services + 1, sizeof(*doc->services))) ||
		   !(doc->strings = calloc(whole->n_strings + 1, sizeof(*doc->strings)));

	*out = NULL;
	for (size_t i = 0; !bad && i < whole->n_vms; i++) {
		doc->vms[doc->n_vms++] = whole->vms[i];
		doc->vms[i].controller = doc->id;
		bad = !(doc->vms[i].id = rename_to(doc, whole, whole->vms[i].id));
	}
	for (size_t i = 0; !bad && i < whole->n_services; i++) {
		doc->services[doc->n_services++] = whole->services[i];
		bad = !(doc->services[i].id = rename_to(doc, whole, whole->services[i].id));
	}
	if (bad) {
		berth_did_doc_free(doc);
		return berth_no_memory();
	}
	doc->describe = whole->describe;
	doc->whole = berth_did_doc_share(whole);
	*out = doc;
	return BERTH_OK;
}
