/* SPDX-License-Identifier: Apache-2.0 */
/* hash = SHA-256("berth-audit" prev seq time event detail) */
#include "agent/core/audit_chain.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/json.h"
#include "did/codec/base64url.h"
#include "did/codec/did_text.h"
#include "did/codec/jcs.h"
#include "did/crypto/hash.h"
#include "did/document.h"
#include "did/jose/jws.h"
#include "did/jose/proof.h"
#include "did/resolver.h"

#define TEXT_MAX 1024	/* of event and detail, as the store cuts them */
#define COUNT_MAX INT64_C(9007199254740991)

_Static_assert(BERTH_AUDIT_HASH_LEN == BERTH_SHA256_LEN, "one hash");

enum berth_err berth_audit_row_hash(uint8_t out[BERTH_AUDIT_HASH_LEN], const uint8_t prev[BERTH_AUDIT_HASH_LEN],
				    int64_t seq, int64_t time_s, const char *event, const char *detail)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_str(&b, "berth-audit");
	berth_buf_put(&b, prev, BERTH_AUDIT_HASH_LEN);
	berth_buf_be64(&b, (uint64_t)seq);
	berth_buf_be64(&b, (uint64_t)time_s);
	berth_buf_vec32(&b, event, strlen(event));
	berth_buf_vec32(&b, detail, strlen(detail));
	if (!(rc = berth_buf_status(&b)))
		berth_sha256(out, b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

/* ---- what is signed ---- */

enum berth_err berth_audit_head_payload(struct berth_buf *out, const char *did, const struct berth_audit_head *h)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_str(o, "iss", did)) && !(rc = berth_json_set_int(o, "seq", h->seq)) &&
	    !(rc = berth_json_set_b64url(o, "head", h->hash, sizeof(h->hash))) &&
	    !(rc = berth_json_set_int(o, "generation", h->generation)) &&
	    !(rc = h->time_s < 0 ? BERTH_OK : berth_json_set_int(o, "iat", h->time_s)))
		rc = berth_jcs(out, o);
	berth_json_free(o);
	return rc;
}

static enum berth_err read_hash(uint8_t out[BERTH_AUDIT_HASH_LEN], const struct berth_json *o, const char *name)
{
	const char *s;
	enum berth_err rc = berth_json_req_str(o, name, 64, &s);

	return rc ? rc : berth_b64url_decode_fixed(out, BERTH_AUDIT_HASH_LEN, s, strlen(s));
}

static enum berth_err read_head(struct berth_audit_head *h, const struct berth_json *o, const char **iss)
{
	enum berth_err rc;

	h->time_s = -1;
	if ((rc = berth_json_req_str(o, "iss", BERTH_AUDIT_JWS_MAX, iss)) ||
	    (rc = berth_json_req_int(o, "seq", 0, COUNT_MAX, &h->seq)) ||
	    (rc = berth_json_req_int(o, "generation", 0, COUNT_MAX, &h->generation)) ||
	    (rc = berth_json_opt_int(o, "iat", 0, COUNT_MAX, &h->time_s)))
		return rc;
	return read_hash(h->hash, o, "head");
}

/* The DID is of a kind that names its key, so that nothing has to be asked for. */
static enum berth_err verify(const struct berth_jws *j, const char *did)
{
	struct berth_resolver builtin;
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	enum berth_err rc;

	berth_resolver_builtin_init(&builtin, NULL);
	if (!(rc = berth_resolve(&builtin, did, &doc)) &&
	    !(rc = berth_did_doc_key(doc, strchr(j->kid, '#'), BERTH_REL_ASSERTION, &vm)))
		rc = berth_jws_verify(j, &vm->key);
	berth_did_doc_free(doc);
	return rc;
}

/* As verify(), for the signer that it says or the one that it must be. */
static enum berth_err verify_as(const struct berth_jws *j, const char *iss, char **did)
{
	if (!j->typ || strcmp(j->typ, berth_purpose_typ(BERTH_SIGN_AUDIT)) != 0)
		return berth_fail(BERTH_E_ENV, "not the signature of an audit log");
	if (!berth_is_did(iss) || !berth_did_same(iss, j->kid) || (*did && !berth_did_same(*did, iss)))
		return berth_fail(BERTH_E_AUTHZ, "audit: signed by another than %.80s", *did ? *did : iss);
	if (!*did && !(*did = strdup(iss)))
		return berth_no_memory();
	return verify(j, *did);
}

enum berth_err berth_audit_head_open(struct berth_audit_head *h, char **did, const char *jws, size_t n)
{
	struct berth_jws j = { 0 };
	struct berth_json *o = NULL;
	const char *iss;
	enum berth_err rc;

	memset(h, 0, sizeof(*h));
	if ((rc = berth_jws_parse(&j, jws, n, BERTH_AUDIT_JWS_MAX)) || (rc = berth_jws_require_kid(&j)) ||
	    (rc = berth_json_parse_object(&o, (const char *)j.payload.p, j.payload.len, BERTH_AUDIT_JWS_MAX)) ||
	    (rc = read_head(h, o, &iss)))
		goto out;
	rc = verify_as(&j, iss, did);
out:
	berth_json_free(o);
	berth_jws_free(&j);
	return rc;
}

/* ---- the walk ---- */

enum berth_err berth_audit_chain_begin(struct berth_audit_chain *c, int64_t seq,
				       const uint8_t hash[BERTH_AUDIT_HASH_LEN], const char *did)
{
	*c = (struct berth_audit_chain){ .seq = seq };
	memcpy(c->hash, hash, sizeof(c->hash));
	return !did || (c->did = strdup(did)) ? BERTH_OK : berth_no_memory();
}

void berth_audit_chain_free(struct berth_audit_chain *c)
{
	free(c->did);
	c->did = NULL;
}

static bool is_end(const struct berth_audit_chain *c, const struct berth_audit_head *h)
{
	return h->seq == c->seq && memcmp(h->hash, c->hash, sizeof(c->hash)) == 0;
}

enum berth_err berth_audit_chain_end(struct berth_audit_chain *c, const char *jws, size_t n)
{
	struct berth_audit_head h;
	enum berth_err rc = berth_audit_head_open(&h, &c->did, jws, n);

	if (rc)
		return rc;
	if (!is_end(c, &h))
		return berth_fail(BERTH_E_SIG, "audit: signed is another row %lld than the %lld before it",
				  (long long)h.seq, (long long)c->seq);
	c->head = h;
	return BERTH_OK;
}

enum berth_err berth_audit_chain_row(struct berth_audit_chain *c, int64_t seq, int64_t time_s, const char *event,
				     const char *detail)
{
	bool is_signed = strcmp(event, BERTH_AUDIT_SIGNED) == 0;
	enum berth_err rc;

	if (seq != c->seq + 1)
		return berth_fail(BERTH_E_SIG, "audit: the chain breaks at row %lld", (long long)(c->seq + 1));
	if (is_signed && (rc = berth_audit_chain_end(c, detail, strlen(detail))))
		return berth_err_exit(rc) > 3 ? rc : berth_fail(BERTH_E_SIG, "audit: the signature in row %lld is none", (long long)seq);
	if ((rc = berth_audit_row_hash(c->hash, c->hash, seq, time_s, event, detail)))
		return rc;
	c->seq = seq;
	c->rows++;
	c->signed_row = is_signed ? seq : c->signed_row;
	return BERTH_OK;
}

/* ---- an export ---- */

struct lines { const char *at, *end; };

/* The next line as an object; E_SIG: there is none any more. */
static enum berth_err next_line(struct lines *l, struct berth_json **out)
{
	const char *eol = l->at < l->end ? memchr(l->at, '\n', (size_t)(l->end - l->at)) : NULL, *from = l->at;

	*out = NULL;
	if (!eol)
		return berth_fail(BERTH_E_SIG, "audit: the export ends without its signature");
	l->at = eol + 1;
	return berth_json_parse_object(out, from, (size_t)(eol - from), BERTH_AUDIT_LINE_MAX);
}

static enum berth_err begin(struct berth_audit_chain *c, struct lines *l, const char *did)
{
	uint8_t hash[BERTH_AUDIT_HASH_LEN];
	struct berth_json *o;
	const char *named;
	int64_t v, seq;
	enum berth_err rc;

	if ((rc = next_line(l, &o)) || (rc = berth_json_req_int(o, "audit", 1, 1, &v)) ||
	    (rc = berth_json_req_str(o, "did", BERTH_AUDIT_JWS_MAX, &named)) ||
	    (rc = berth_json_req_int(o, "seq", 0, COUNT_MAX, &seq)) || (rc = read_hash(hash, o, "hash")))
		goto out;
	if (did && !berth_did_same(did, named))
		rc = berth_fail(BERTH_E_AUTHZ, "audit: the log of %.80s", named);
	else
		rc = berth_audit_chain_begin(c, seq, hash, named);
out:
	berth_json_free(o);
	return rc;
}

static enum berth_err take_row(struct berth_audit_chain *c, const struct berth_json *o)
{
	const char *event, *detail;
	int64_t seq, time_s;
	enum berth_err rc;

	if ((rc = berth_json_req_int(o, "seq", 0, COUNT_MAX, &seq)) ||
	    (rc = berth_json_req_int(o, "time", -COUNT_MAX, COUNT_MAX, &time_s)) ||
	    (rc = berth_json_req_str(o, "event", TEXT_MAX, &event)) ||
	    (rc = berth_json_req_str(o, "detail", TEXT_MAX, &detail)))
		return rc;
	return berth_audit_chain_row(c, seq, time_s, event, detail);
}

/* One line behind the first; *over: it was the signature. */
static enum berth_err take_line(struct berth_audit_chain *c, struct lines *l, bool *over)
{
	struct berth_json *o;
	const char *jws = NULL;
	enum berth_err rc = next_line(l, &o);

	if (!rc && !(rc = berth_json_opt_str(o, "signed", BERTH_AUDIT_JWS_MAX, &jws)))
		rc = jws ? berth_audit_chain_end(c, jws, strlen(jws)) : take_row(c, o);
	*over = jws != NULL;
	berth_json_free(o);
	return rc;
}

enum berth_err berth_audit_export_check(struct berth_audit_chain *c, const char *text, size_t n, const char *did,
					const struct berth_audit_head *through)
{
	struct lines l = { text, text + n };
	bool over = false, passed = !through;
	enum berth_err rc;

	*c = (struct berth_audit_chain){ 0 };
	if ((rc = begin(c, &l, did)))
		return rc;
	do {
		passed |= through && is_end(c, through);
		rc = take_line(c, &l, &over);
	} while (!rc && !over);
	if (rc)
		return rc;
	if (l.at != l.end)
		return berth_fail(BERTH_E_SIG, "audit: there is more behind the signature");
	return passed ? BERTH_OK
		: berth_fail(BERTH_E_SIG, "audit: row %lld is not what was signed before, or cut off", (long long)through->seq);
}
