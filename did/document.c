/* SPDX-License-Identifier: Apache-2.0 */
#include "did/document.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/clock.h"
#include "did/url.h"
#include "did/vm_key.h"

static const struct { enum berth_rel rel; const char *name; } relationships[] = {
	{ BERTH_REL_AUTHENTICATION, "authentication" },
	{ BERTH_REL_ASSERTION,	    "assertionMethod" },
	{ BERTH_REL_KEY_AGREEMENT,  "keyAgreement" },
	{ BERTH_REL_INVOCATION,	    "capabilityInvocation" },
	{ BERTH_REL_DELEGATION,	    "capabilityDelegation" },
};
#define N_RELS (sizeof(relationships) / sizeof(relationships[0]))

const char *berth_rel_name(enum berth_rel rel)
{
	for (size_t i = 0; i < N_RELS; i++)
		if (relationships[i].rel == rel)
			return relationships[i].name;
	return NULL;
}

/* ---- ids ---- */

/* DID Core 3.2.2: a relative DID URL (path, query or fragment) is resolved against
 * the document's id.  The string belongs to the document.  E_DID: no DID URL, said of
 * what. */
static enum berth_err absolute(const char **out, struct berth_did_doc *doc, const char *id, const char *what)
{
	size_t base = strlen(doc->id), len = strlen(id);
	char **grown, *s;
	bool relative = id[0] != '\0' && strchr("#/?", id[0]);

	if (relative ? id[1] == '\0' || !berth_is_relative_did_url(id) || base + len > BERTH_DID_URL_MAX
		     : !berth_is_did_url(id))
		return berth_fail(BERTH_E_DID, "DID document: %s: no DID URL", what);
	*out = id;
	if (!relative)
		return BERTH_OK;
	grown = realloc(doc->strings, (doc->n_strings + 1) * sizeof(*grown));
	s = malloc(base + len + 1);
	if (grown)
		doc->strings = grown;
	if (!grown || !s) {
		free(s);
		return berth_no_memory();
	}
	memcpy(s, doc->id, base);
	memcpy(s + base, id, len + 1);
	grown[doc->n_strings++] = s;
	*out = s;
	return BERTH_OK;
}

static bool taken(const struct berth_did_doc *doc, const char *id)
{
	for (size_t i = 0; i < doc->n_vms; i++)
		if (strcmp(doc->vms[i].id, id) == 0)
			return true;
	for (size_t i = 0; i < doc->n_services; i++)
		if (strcmp(doc->services[i].id, id) == 0)
			return true;
	return false;
}

/* ---- verification methods ---- */

/* Controlled Identifiers 2.2: an XML dateTimeStamp.  *out_s stays where there is none. */
static enum berth_err read_time(int64_t *out_s, const struct berth_json *vm, const char *member)
{
	const struct berth_json *v = berth_json_get(vm, member);
	enum berth_err rc;

	if (!v)
		return BERTH_OK;
	rc = berth_json_str(v) ? berth_rfc3339_parse(out_s, berth_json_str(v)) : BERTH_E_TYPE;
	return rc ? berth_fail(BERTH_E_DID, "DID document: %s of a verification method is no time", member) : BERTH_OK;
}

/* Some embed one method in each relationship it serves.  A true copy adds nothing but
 * that, and is not the second thing of that name. */
static bool is_copy(struct berth_did_doc *doc, const char *id, const struct berth_json *vm, unsigned rel)
{
	for (size_t i = 0; i < doc->n_vms; i++)
		if (strcmp(doc->vms[i].id, id) == 0 && doc->vms[i].rels && rel && !(doc->vms[i].rels & rel) &&
		    berth_json_equal(doc->vms[i].json, vm)) {
			doc->vms[i].rels |= rel;
			return true;
		}
	return false;
}

static enum berth_err add_vm(struct berth_did_doc *doc, const struct berth_json *vm, unsigned rels)
{
	struct berth_vm *out = &doc->vms[doc->n_vms];
	const char *id, *type, *controller;
	enum berth_err rc;

	if (doc->n_vms == BERTH_DID_DOC_VMS_MAX)
		return berth_fail(BERTH_E_SIZE, "DID document: more than %d verification methods",
				  BERTH_DID_DOC_VMS_MAX);
	id = berth_json_str(berth_json_get(vm, "id"));
	type = berth_json_str(berth_json_get(vm, "type"));
	controller = berth_json_str(berth_json_get(vm, "controller"));
	if (doc->as_signed && id && !berth_json_get(vm, "controller") && (*id == '#' || berth_did_same(doc->id, id)))
		controller = doc->id;
	if (!id || !type || !controller || !(strcmp(controller, doc->id) == 0 || berth_is_did(controller)))
		return berth_fail(BERTH_E_DID, "DID document: verification method without id, type or controller");
	if ((rc = absolute(&id, doc, id, "id of a verification method")))
		return rc;
	if (taken(doc, id))
		return is_copy(doc, id, vm, rels) ? BERTH_OK : berth_fail(BERTH_E_DID, "DID document: two things have one id");
	out->json = vm;
	out->expires_s = out->revoked_s = BERTH_VM_NEVER;
	if ((rc = berth_vm_key(&out->key, vm, type)) || (rc = read_time(&out->expires_s, vm, "expires")) ||
	    (rc = read_time(&out->revoked_s, vm, "revoked")))
		return rc;
	out->id = id;
	out->controller = controller;
	out->rels = rels;
	doc->n_vms++;
	return BERTH_OK;
}

static enum berth_err read_methods(struct berth_did_doc *doc)
{
	const struct berth_json *vms = berth_json_get(doc->tree, "verificationMethod");
	enum berth_err rc;

	if (vms && !berth_json_is(vms, BERTH_JSON_ARRAY))
		return berth_fail(BERTH_E_DID, "DID document: verificationMethod is not an array");
	berth_json_each(vm, vms)
		if ((rc = add_vm(doc, vm, 0)))
			return rc;
	return BERTH_OK;
}

/* Most are spelled as the method's own id is; did:peer:4 has two spellings. */
static struct berth_vm *find_vm(struct berth_did_doc *doc, const char *id)
{
	for (size_t i = 0; i < doc->n_vms; i++)
		if (strcmp(doc->vms[i].id, id) == 0)
			return &doc->vms[i];
	for (size_t i = 0; i < doc->n_vms; i++)
		if (berth_did_url_same(doc->vms[i].id, id))
			return &doc->vms[i];
	return NULL;
}

/* A reference must be to a method that is there; one into another DID's document
 * (DID Core 5.3) is allowed and gives no key here. */
static enum berth_err refer(struct berth_did_doc *doc, const char *ref, enum berth_rel rel)
{
	size_t n = doc->n_strings;
	struct berth_vm *vm;
	const char *id;
	bool foreign;
	enum berth_err rc;

	if ((rc = absolute(&id, doc, ref, berth_rel_name(rel))))
		return rc;
	if ((vm = find_vm(doc, id)))
		vm->rels |= rel;
	foreign = !vm && !berth_did_same(doc->id, id);
	if (doc->n_strings > n)		/* nobody asks for it again, and it is as long as the DID */
		free(doc->strings[--doc->n_strings]);
	return vm || foreign || doc->as_signed ? BERTH_OK
		: berth_fail(BERTH_E_DID, "DID document: %s refers to nothing", berth_rel_name(rel));
}

/* The embedded methods of a relationship, or its references. */
static enum berth_err read_relationship(struct berth_did_doc *doc, enum berth_rel rel, bool embedded)
{
	const struct berth_json *list = berth_json_get(doc->tree, berth_rel_name(rel));
	enum berth_err rc = BERTH_OK;

	if (list && !berth_json_is(list, BERTH_JSON_ARRAY))
		return berth_fail(BERTH_E_DID, "DID document: %s is not an array", berth_rel_name(rel));
	if (berth_json_len(list) > BERTH_DID_DOC_VMS_MAX)
		return berth_fail(BERTH_E_SIZE, "DID document: %s has %zu entries", berth_rel_name(rel),
				  berth_json_len(list));
	for (const struct berth_json *v = berth_json_first(list); v && !rc; v = berth_json_next(v)) {
		if (embedded && !berth_json_str(v))
			rc = add_vm(doc, v, rel);
		else if (!embedded && berth_json_str(v))
			rc = refer(doc, berth_json_str(v), rel);
	}
	return rc;
}

/* A method that one relationship embeds may be referred to from another, so the
 * references come last. */
static enum berth_err read_relationships(struct berth_did_doc *doc)
{
	enum berth_err rc;

	for (size_t i = 0; i < 2 * N_RELS; i++)
		if ((rc = read_relationship(doc, relationships[i % N_RELS].rel, i < N_RELS)))
			return rc;
	return BERTH_OK;
}

/* ---- services ---- */

/* DID Core 5.4: "The value of the type property MUST be a string or a set of
 * strings". */
static const char *service_type(const struct berth_json *type)
{
	const char *first = berth_json_str(type);

	if (first || !berth_json_is(type, BERTH_JSON_ARRAY))
		return first;
	berth_json_each(t, type) {
		if (!berth_json_str(t))
			return NULL;
		if (!first || strcmp(berth_json_str(t), BERTH_SERVICE_DIDCOMM) == 0)
			first = berth_json_str(t);
	}
	return first;
}

static bool is_endpoint(const struct berth_json *v)
{
	return berth_json_is(v, BERTH_JSON_STRING) || berth_json_is(v, BERTH_JSON_OBJECT) ||
	       berth_json_is(v, BERTH_JSON_ARRAY);
}

static enum berth_err add_service(struct berth_did_doc *doc, const struct berth_json *s)
{
	struct berth_service *out = &doc->services[doc->n_services];
	const char *id = berth_json_str(berth_json_get(s, "id"));
	/* Controlled Identifiers 2.1.4, under DID Core 1.1: "The id property is OPTIONAL" */
	bool nameless = !berth_json_get(s, "id") && strcmp(berth_did_doc_media_type(doc), "application/did") == 0;
	enum berth_err rc;

	if (nameless)
		id = "";
	out->type = service_type(berth_json_get(s, "type"));
	if (!id || (!*id && !nameless) || !out->type || !is_endpoint(berth_json_get(s, "serviceEndpoint")))
		return berth_fail(BERTH_E_DID, "DID document: service without id, type or serviceEndpoint");
	/* DID Core 5.4: the id is any URI, so only relative ones are looked at */
	if (id[0] == '#' && (rc = absolute(&id, doc, id, "id of a service")))
		return rc;
	if (!nameless && taken(doc, id))
		return berth_fail(BERTH_E_DID, "DID document: two things have one id");
	out->id = id;
	out->json = s;
	doc->n_services++;
	return BERTH_OK;
}

static enum berth_err read_services(struct berth_did_doc *doc)
{
	const struct berth_json *services = berth_json_get(doc->tree, "service");
	enum berth_err rc;

	if (services && !berth_json_is(services, BERTH_JSON_ARRAY))
		return berth_fail(BERTH_E_DID, "DID document: service is not an array");
	if (berth_json_len(services) > BERTH_DID_DOC_SERVICES_MAX)
		return berth_fail(BERTH_E_SIZE, "DID document: %zu services", berth_json_len(services));
	berth_json_each(s, services)
		if ((rc = add_service(doc, s)))
			return rc;
	return BERTH_OK;
}

/* ---- the whole ---- */

/* DID Core 5.1.2: "a string or a set of strings that conform to the rules in 3.1" */
static bool is_did_or_dids(const struct berth_json *v)
{
	if (!v)
		return true;
	if (!berth_json_is(v, BERTH_JSON_ARRAY))
		return berth_json_str(v) && berth_is_did(berth_json_str(v));
	berth_json_each(d, v)
		if (!berth_json_str(d) || !berth_is_did(berth_json_str(d)))
			return false;
	return true;
}

static enum berth_err read_id(struct berth_did_doc *doc, const char *did)
{
	const char *id = berth_json_str(berth_json_get(doc->tree, "id"));

	if (!id || !berth_is_did(id) || !is_did_or_dids(berth_json_get(doc->tree, "controller")))
		return berth_fail(BERTH_E_DID, "DID document: id or controller is not a DID");
	if (did && strcmp(id, did) != 0 && !(berth_is_did(did) && berth_did_same(id, did)))
		return berth_fail(BERTH_E_RESOLVE, "DID document: of another DID");
	if (!(doc->id = strdup(id)))
		return berth_no_memory();
	return BERTH_OK;
}

/* One more than are there or may be there, so that there is always a next one. */
static size_t capped(size_t n, size_t max)
{
	return (n < max ? n : max) + 1;
}

static size_t places_for_vms(const struct berth_json *json)
{
	size_t n = berth_json_len(berth_json_get(json, "verificationMethod"));

	for (size_t i = 0; i < N_RELS; i++)
		berth_json_each(v, berth_json_get(json, relationships[i].name))
			n += !berth_json_str(v);
	return capped(n, BERTH_DID_DOC_VMS_MAX);
}

static enum berth_err from_json(struct berth_did_doc **out, struct berth_json *json, const char *did, bool as_signed)
{
	struct berth_did_doc *doc = calloc(1, sizeof(*doc));
	enum berth_err rc;

	*out = NULL;
	if (!doc) {
		berth_json_free(json);
		return berth_no_memory();
	}
	doc->tree = json;
	doc->as_signed = as_signed;
	doc->vms = calloc(places_for_vms(json), sizeof(*doc->vms));
	doc->services = calloc(capped(berth_json_len(berth_json_get(json, "service")), BERTH_DID_DOC_SERVICES_MAX),
			       sizeof(*doc->services));
	if (!doc->vms || !doc->services) {
		rc = berth_no_memory();
		goto out;
	}
	if ((rc = read_id(doc, did)) || (rc = read_methods(doc)) || (rc = read_relationships(doc)) ||
	    (rc = read_services(doc)))
		goto out;
	*out = doc;
	doc = NULL;
out:
	berth_did_doc_free(doc);
	return rc;
}

enum berth_err berth_did_doc_from_json(struct berth_did_doc **out, struct berth_json *json, const char *did)
{
	return from_json(out, json, did, false);
}

enum berth_err berth_did_doc_from_signed(struct berth_did_doc **out, struct berth_json *json, const char *did)
{
	return from_json(out, json, did, true);
}

enum berth_err berth_did_doc_parse(struct berth_did_doc **out, const char *text, size_t n, const char *did)
{
	struct berth_json *json;
	enum berth_err rc;

	*out = NULL;
	if ((rc = berth_json_parse_object(&json, text, n, BERTH_DID_DOC_MAX)))
		return rc;
	return berth_did_doc_from_json(out, json, did);
}

struct berth_did_doc *berth_did_doc_share(struct berth_did_doc *doc)
{
	atomic_fetch_add(&doc->shares, 1);
	return doc;
}

void berth_did_doc_free(struct berth_did_doc *doc)
{
	if (!doc || atomic_fetch_sub(&doc->shares, 1) > 0)
		return;
	for (size_t i = 0; i < doc->n_strings; i++)
		free(doc->strings[i]);
	free(doc->strings);
	free(doc->vms);
	free(doc->services);
	free(doc->id);
	berth_json_free(doc->tree);
	berth_json_free(doc->service_list);
	berth_did_doc_free(doc->whole);
	free(doc);
}
