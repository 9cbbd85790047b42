/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a document once it has been read. */
#include "did/document.h"

#include <string.h>

#include "did/base/clock.h"
#include "did/crypto/keypair.h"
#include "did/jose/multikey.h"
#include "did/url.h"

const struct berth_json *berth_did_doc_json(const struct berth_did_doc *doc)
{
	struct berth_json *tree = doc->tree, *first = NULL;

	if (tree || doc->describe(&tree, doc))
		return tree;
	/* made when it is first asked for, which the owner of the document cannot see; who else
	 * has it may have been as fast */
	if (atomic_compare_exchange_strong(&((struct berth_did_doc *)doc)->tree, &first, tree))
		return tree;
	berth_json_free(tree);
	return first;
}

/* Before the specification counted keys, their own text was the fragment: a multikey,
 * mostly without its 'z'. */
static bool is_multikey_of(const struct berth_pubkey *key, const char *fragment)
{
	struct berth_buf text = BERTH_BUF_INIT;
	bool same = key->type != BERTH_KEY_NONE && !berth_multikey_format(&text, key) &&
		    strcmp(berth_buf_cstr(&text) + (*fragment != 'z'), fragment) == 0;

	berth_buf_free(&text);
	return same;
}

static const struct berth_vm *by_old_name(const struct berth_did_doc *doc, const char *did_url)
{
	const char *fragment = strchr(did_url, '#');

	if (strncmp(doc->id, "did:peer:2", 10) != 0 || !fragment || !(*did_url == '#' || berth_did_same(did_url, doc->id)))
		return NULL;
	for (size_t i = 0; i < doc->n_vms; i++)
		if (is_multikey_of(&doc->vms[i].key, fragment + 1))
			return &doc->vms[i];
	return NULL;
}

/* did_url is a fragment, and nothing else is behind the DID in id. */
static bool is_own(const struct berth_did_doc *doc, const char *id, const char *did_url)
{
	const char *fragment = strchr(id, '#');

	return fragment && strcmp(fragment, did_url) == 0 && berth_did_same(id, doc->id) &&
	       id + berth_did_len(id) == fragment;
}

const struct berth_vm *berth_did_doc_vm(const struct berth_did_doc *doc, const char *did_url)
{
	for (size_t i = 0; i < doc->n_vms; i++) {
		const char *id = doc->vms[i].id;

		if (did_url[0] == '#' ? is_own(doc, id, did_url) : berth_did_url_same(id, did_url))
			return &doc->vms[i];
	}
	return by_old_name(doc, did_url);
}

static bool is_over(const struct berth_vm *vm, int64_t now_s)
{
	return now_s >= vm->expires_s || now_s >= vm->revoked_s;
}

/* A clock that was not set yet revives no key. */
static int64_t now(void)
{
	int64_t clock = berth_clock_now_s(), build = berth_clock_build_s();

	return clock > build ? clock : build;
}

static bool fits(const struct berth_pubkey *key, enum berth_rel rel)
{
	return rel == BERTH_REL_KEY_AGREEMENT ? berth_key_can_agree(key->type) : berth_key_can_sign(key->type);
}

enum berth_err berth_did_doc_key_at(const struct berth_did_doc *doc, const char *did_url, enum berth_rel rel,
				    int64_t now_s, const struct berth_vm **out)
{
	const struct berth_vm *vm = berth_did_doc_vm(doc, did_url);

	*out = NULL;
	if (!vm)
		return berth_fail(BERTH_E_KEY, "the document has no such verification method");
	if (!(vm->rels & rel))
		return berth_fail(BERTH_E_KEY, "the verification method is not for %s", berth_rel_name(rel));
	if (!berth_did_same(vm->controller, doc->id))
		return berth_fail(BERTH_E_KEY, "the verification method is controlled by another DID");
	if (!fits(&vm->key, rel))
		return berth_fail(BERTH_E_KEY, "the key is of a type that is not for %s", berth_rel_name(rel));
	if (is_over(vm, now_s))
		return berth_fail(BERTH_E_KEY, "the verification method has expired or been revoked");
	*out = vm;
	return BERTH_OK;
}

enum berth_err berth_did_doc_key(const struct berth_did_doc *doc, const char *did_url, enum berth_rel rel,
				 const struct berth_vm **out)
{
	return berth_did_doc_key_at(doc, did_url, rel, now(), out);
}

const struct berth_vm *berth_did_doc_nth(const struct berth_did_doc *doc, enum berth_rel rel, size_t i)
{
	for (size_t k = 0; k < doc->n_vms; k++)
		if ((doc->vms[k].rels & rel) && !is_over(&doc->vms[k], now()) && i-- == 0)
			return &doc->vms[k];
	return NULL;
}

static const char *uri_of(const struct berth_json *e)
{
	return berth_json_is(e, BERTH_JSON_OBJECT) ? berth_json_str(berth_json_get(e, "uri")) : berth_json_str(e);
}

/* The *i-th of one service; else as many fewer are left. */
static const char *endpoint_in(const struct berth_json *e, size_t *i)
{
	if (!berth_json_is(e, BERTH_JSON_ARRAY))
		return uri_of(e) && (*i)-- == 0 ? uri_of(e) : NULL;
	berth_json_each(one, e)
		if (uri_of(one) && (*i)-- == 0)
			return uri_of(one);
	return NULL;
}

const char *berth_did_doc_endpoint(const struct berth_did_doc *doc, size_t i)
{
	const char *uri = NULL;

	for (size_t k = 0; !uri && k < doc->n_services; k++)
		if (strcmp(doc->services[k].type, BERTH_SERVICE_DIDCOMM) == 0)
			uri = endpoint_in(berth_json_get(doc->services[k].json, "serviceEndpoint"), &i);
	return uri;
}

#define CONTEXT_1_1 "https://www.w3.org/ns/did/v1.1"

const char *berth_did_doc_media_type(const struct berth_did_doc *doc)
{
	const struct berth_json *context = berth_json_get(berth_did_doc_json(doc), "@context");
	const char *first;

	if (!context)
		return "application/did+json";
	first = berth_json_str(berth_json_is(context, BERTH_JSON_ARRAY) ? berth_json_first(context) : context);
	return first && strcmp(first, CONTEXT_1_1) == 0 ? "application/did" : "application/did+ld+json";
}
