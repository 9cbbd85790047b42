/* SPDX-License-Identifier: Apache-2.0 */
#include "did/doc_build.h"

#include "did/base/buf.h"
#include "did/codec/base58.h"
#include "did/crypto/keypair.h"
#include "did/document.h"
#include "did/jose/jwk.h"
#include "did/jose/multikey.h"
#include "did/vm_key.h"

struct berth_json *berth_doc_new(const char *did, const char *second_context)
{
	struct berth_json *doc = berth_json_new_object(), *context = berth_doc_array(doc, "@context");

	if (berth_json_push_str(context, BERTH_CONTEXT_DID) || berth_json_push_str(context, second_context) ||
	    (did && berth_json_set_str(doc, "id", did))) {
		berth_json_free(doc);
		return NULL;
	}
	return doc;
}

struct berth_json *berth_doc_array(struct berth_json *doc, const char *name)
{
	struct berth_json *list = doc ? berth_json_get_mut(doc, name) : NULL;

	if (!list && berth_json_set_array(doc, name, &list))
		return NULL;
	return list;
}

struct berth_json *berth_doc_method(const char *id, const char *type, const char *controller)
{
	struct berth_json *m = berth_json_new_object();

	if (berth_json_set_str(m, "id", id) || berth_json_set_str(m, "type", type) ||
	    (controller && berth_json_set_str(m, "controller", controller))) {
		berth_json_free(m);
		return NULL;
	}
	return m;
}

struct berth_json *berth_doc_multikey(const char *id, const char *controller, const struct berth_pubkey *key)
{
	struct berth_json *m = berth_doc_method(id, "Multikey", controller);
	struct berth_buf text = BERTH_BUF_INIT;

	if (berth_multikey_format(&text, key) ||
	    berth_json_set_str(m, "publicKeyMultibase", berth_buf_cstr(&text))) {
		berth_json_free(m);
		m = NULL;
	}
	berth_buf_free(&text);
	return m;
}

static enum berth_err set_text(struct berth_json *method, const char *member, struct berth_buf *text, enum berth_err rc)
{
	if (!rc)
		rc = berth_json_set_str(method, member, berth_buf_cstr(text));
	berth_buf_free(text);
	return rc;
}

struct berth_json *berth_doc_key_method(const char *id, const char *type, const char *controller,
					const struct berth_pubkey *key)
{
	struct berth_json *m = berth_doc_method(id, type, controller);
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	switch (berth_vm_material(type, key->type)) {
	case BERTH_VM_MULTIBASE:
		rc = set_text(m, "publicKeyMultibase", &text, berth_multikey_format(&text, key));
		break;
	case BERTH_VM_BASE58:
		rc = set_text(m, "publicKeyBase58", &text, berth_base58_encode(&text, key->b, key->len));
		break;
	case BERTH_VM_JWK:
		rc = berth_json_set(m, "publicKeyJwk", berth_jwk_format(key));
		break;
	default:
		rc = berth_fail(BERTH_E_KEY, "no %s key is a %.40s", berth_key_type_name(key->type), type);
	}
	if (!rc)
		return m;
	berth_json_free(m);
	return NULL;
}

enum berth_err berth_doc_add(struct berth_json *doc, struct berth_json *method, unsigned rels)
{
	const char *id = berth_json_str(berth_json_get(method, "id"));
	enum berth_err rc = BERTH_OK;

	for (unsigned rel = BERTH_REL_AUTHENTICATION; id && rel <= BERTH_REL_DELEGATION && !rc; rel <<= 1)
		if (rels & rel)
			rc = berth_json_push_str(berth_doc_array(doc, berth_rel_name((enum berth_rel)rel)), id);
	if (rc || !method) {
		berth_json_free(method);
		return rc ? rc : berth_no_memory();
	}
	return berth_json_push(berth_doc_array(doc, "verificationMethod"), method);
}
