/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/clock.h"
#include "did/codec/base64url.h"
#include "did/codec/did_text.h"
#include "did/crypto/hash.h"
#include "did/document.h"

#define SERIAL_MAX ((int64_t)1 << 52)

static const char *const kinds[] = {
	[BERTH_BUNDLE_DOCUMENT] = "didDocument",
	[BERTH_BUNDLE_LOG] = "did.jsonl",
	[BERTH_BUNDLE_WITNESS] = "did-witness.json",
	[BERTH_BUNDLE_RESOURCE] = "resource",
	[BERTH_BUNDLE_ETHR] = "ethr",
};
#define N_KINDS (sizeof(kinds) / sizeof(*kinds))
_Static_assert(N_KINDS == BERTH_BUNDLE_KINDS, "a name a kind");

const char *berth_bundle_kind_name(enum berth_bundle_kind kind)
{
	return kinds[kind];
}

/* ---- making ---- */

struct berth_json *berth_bundle_new(int64_t serial, int64_t issued_s)
{
	struct berth_json *b = berth_json_new_object();
	char issued[BERTH_RFC3339_LEN + 1];

	berth_rfc3339_format(issued, issued_s);
	if (berth_json_set_int(b, "serial", serial) || berth_json_set_str(b, "issued", issued) ||
	    berth_json_set(b, "files", berth_json_new_array())) {
		berth_json_free(b);
		return NULL;
	}
	return b;
}

enum berth_err berth_bundle_add(struct berth_json *b, enum berth_bundle_kind kind, const char *id, const char *content_type,
				const void *p, size_t n)
{
	struct berth_json *files = berth_json_get_mut(b, "files"), *f;
	uint8_t hash[BERTH_SHA256_LEN];
	enum berth_err rc;

	if (berth_json_len(files) == BERTH_BUNDLE_FILES_MAX)
		return berth_fail(BERTH_E_SIZE, "a bundle of more than %d files", BERTH_BUNDLE_FILES_MAX);
	berth_sha256(hash, p, n);
	f = berth_json_new_object();
	if ((rc = berth_json_set_str(f, "kind", kinds[kind])) || (rc = berth_json_set_str(f, "id", id)) ||
	    (content_type && (rc = berth_json_set_str(f, "contentType", content_type))) ||
	    (rc = berth_json_set_b64url(f, "sha256", hash, sizeof(hash))) || (rc = berth_json_set_b64url(f, "content", p, n))) {
		berth_json_free(f);
		return rc;
	}
	return berth_json_push(files, f);
}

/* ---- reading ---- */

static enum berth_err read_kind(struct berth_bundle_file *f, const struct berth_json *v)
{
	const char *kind;
	enum berth_err rc;

	if ((rc = berth_json_req_str(v, "kind", 32, &kind)))
		return rc;
	for (size_t i = 0; i < N_KINDS; i++) {
		if (strcmp(kind, kinds[i]) == 0) {
			f->kind = (enum berth_bundle_kind)i;
			return BERTH_OK;
		}
	}
	return berth_fail(BERTH_E_TYPE, "bundle: kind %s", kind);
}

static bool is_resource(const char *id)
{
	return strncmp(id, "https://", 8) == 0 || (berth_is_did_url(id) && id[berth_did_len(id)] == '/');
}

static enum berth_err check_document(const struct berth_bundle_file *f)
{
	struct berth_did_doc *doc = NULL;
	enum berth_err rc = berth_did_doc_parse(&doc, berth_buf_cstr(&f->content), f->content.len, f->id);

	berth_did_doc_free(doc);
	return rc;
}

static enum berth_err check_method(const struct berth_bundle_file *f)
{
	const char *prefix = f->kind == BERTH_BUNDLE_ETHR ? "did:ethr:" : "did:webvh:";

	return strncmp(f->id, prefix, strlen(prefix)) == 0 ? BERTH_OK
							    : berth_fail(BERTH_E_TYPE, "bundle: %s of %.100s", kinds[f->kind], f->id);
}

static enum berth_err check_id(const struct berth_bundle_file *f)
{
	if (f->kind == BERTH_BUNDLE_RESOURCE)
		return is_resource(f->id) ? BERTH_OK : berth_fail(BERTH_E_TYPE, "bundle: %.100s is no https URL or DID/path", f->id);
	if (*f->content_type)
		return berth_fail(BERTH_E_TYPE, "bundle: a contentType of %s", kinds[f->kind]);
	if (!berth_is_did(f->id))
		return berth_fail(BERTH_E_TYPE, "bundle: %.100s is no DID", f->id);
	return f->kind == BERTH_BUNDLE_DOCUMENT ? check_document(f) : check_method(f);
}

static enum berth_err read_content(struct berth_bundle_file *f, const struct berth_json *v)
{
	uint8_t hash[BERTH_SHA256_LEN];
	const char *sha256, *content;
	enum berth_err rc;

	if ((rc = berth_json_req_str(v, "sha256", 43, &sha256)) ||
	    (rc = berth_json_req_str(v, "content", BERTH_BUNDLE_MAX, &content)) ||
	    (rc = berth_b64url_decode_fixed(f->sha256, sizeof(f->sha256), sha256, strlen(sha256))) ||
	    (rc = berth_b64url_decode(&f->content, content, strlen(content))))
		return rc;
	berth_sha256(hash, f->content.p, f->content.len);
	if (f->content.len == 0 || memcmp(hash, f->sha256, sizeof(hash)) != 0)
		return berth_fail(BERTH_E_TYPE, "bundle: %.100s has another hash, or nothing in it", f->id);
	return BERTH_OK;
}

static enum berth_err read_file(struct berth_bundle_file *f, const struct berth_json *v)
{
	enum berth_err rc;

	f->content_type = "";
	if ((rc = read_kind(f, v)) || (rc = berth_json_req_str(v, "id", BERTH_BUNDLE_ID_MAX, &f->id)) ||
	    (rc = berth_json_opt_str(v, "contentType", BERTH_BUNDLE_TYPE_MAX, &f->content_type)) || (rc = read_content(f, v)))
		return rc;
	return check_id(f);
}

static bool has(const struct berth_bundle *b, enum berth_bundle_kind kind, const char *id)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->files[i].kind == kind && strcmp(b->files[i].id, id) == 0)
			return true;
	return false;
}

static enum berth_err add_file(struct berth_bundle *b, const struct berth_json *v)
{
	struct berth_bundle_file *f = &b->files[b->n];
	enum berth_err rc = read_file(f, v);

	if (!rc && has(b, f->kind, f->id))
		rc = berth_fail(BERTH_E_TYPE, "bundle: %s of %.100s twice", kinds[f->kind], f->id);
	if (!rc && f->kind == BERTH_BUNDLE_WITNESS && !has(b, BERTH_BUNDLE_LOG, f->id))
		rc = berth_fail(BERTH_E_TYPE, "bundle: witness proofs of %.100s without its log", f->id);
	b->n++;
	return rc;
}

static enum berth_err read_files(struct berth_bundle *b)
{
	const struct berth_json *list;
	enum berth_err rc = berth_json_req_arr(b->tree, "files", BERTH_BUNDLE_FILES_MAX, &list);

	if (rc)
		return rc;
	if (!(b->files = calloc(berth_json_len(list) + 1, sizeof(*b->files))))
		return berth_no_memory();
	berth_json_each(v, list)
		if ((rc = add_file(b, v)))
			return rc;
	return BERTH_OK;
}

enum berth_err berth_bundle_parse(struct berth_bundle *out, const void *p, size_t n)
{
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = berth_json_parse_object(&out->tree, p, n, BERTH_BUNDLE_MAX)) ||
	    (rc = berth_json_req_int(out->tree, "serial", 1, SERIAL_MAX, &out->serial)) ||
	    (rc = berth_json_req_str(out->tree, "issued", BERTH_RFC3339_LEN, &out->issued)) ||
	    (rc = berth_rfc3339_parse(&out->issued_s, out->issued)) || (rc = read_files(out)))
		berth_bundle_free(out);
	return rc;
}

void berth_bundle_free(struct berth_bundle *b)
{
	for (size_t i = 0; i < b->n; i++)
		berth_buf_free(&b->files[i].content);
	free(b->files);
	berth_json_free(b->tree);
	memset(b, 0, sizeof(*b));
}
