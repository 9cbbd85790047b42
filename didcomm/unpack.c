/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/unpack.h"

#include <stdlib.h>
#include <string.h>

#include "did/url.h"
#include "didcomm/from_prior.h"
#include "didcomm/layers.h"
#include "didcomm/v1.h"

enum berth_err berth_layer_enter(struct berth_unpacking *s, enum berth_layer layer)
{
	if (layer <= s->last)
		return berth_fail(BERTH_E_ENV, "unpack: this nesting of envelopes");
	s->last = layer;
	return BERTH_OK;
}

/* *missed: there is a document, and the key is not in it. */
static enum berth_err look_up(struct berth_resolver *resolver, const char *did, const char *kid, enum berth_rel rel,
			      struct berth_pubkey *out, bool *missed)
{
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm = NULL;
	enum berth_err rc;

	*missed = false;
	if ((rc = berth_resolve(resolver, did, &doc)))
		return rc;
	rc = berth_did_doc_key(doc, kid, rel, &vm);
	*missed = rc == BERTH_E_KEY;
	if (!rc && vm->key.type == BERTH_KEY_NONE)
		rc = berth_fail(BERTH_E_KEY, "unpack: a verification method of a kind we do not know");
	else if (!rc)
		*out = vm->key;
	berth_did_doc_free(doc);
	return rc;
}

/* C059: a key that a remembered document lacks may have come since. */
enum berth_err berth_unpack_key(struct berth_resolver *resolver, const char *kid, enum berth_rel rel,
				struct berth_pubkey *out)
{
	char *did = strndup(kid, berth_did_len(kid));
	enum berth_err rc;
	bool missed;

	*out = (struct berth_pubkey){ 0 };
	if (!did)
		return berth_no_memory();
	rc = look_up(resolver, did, kid, rel, out, &missed);
	if (missed && berth_resolve_doubt(resolver, did))
		rc = look_up(resolver, did, kid, rel, out, &missed);
	free(did);
	return rc;
}

enum berth_layer berth_envelope_kind(const struct berth_json *json)
{
	if (berth_json_get(json, "ciphertext") || berth_json_get(json, "recipients") ||
	    berth_json_get(json, "encrypted_key"))
		return BERTH_LAYER_ANONCRYPT;	/* or authcrypt: its header says */
	if (berth_json_get(json, "signatures") || berth_json_get(json, "signature") ||
	    (berth_json_get(json, "payload") && berth_json_get(json, "protected")))
		return BERTH_LAYER_SIGNED;
	return BERTH_LAYER_PLAINTEXT;
}

/* C057: a message that came without any envelope proves nothing. */
static enum berth_err take_plaintext(struct berth_unpacking *s, struct berth_json *json)
{
	bool v1 = berth_v1_is_message(json);
	enum berth_err rc;

	if (v1 || (s->last == BERTH_LAYER_NONE && !s->p->allow_plaintext)) {
		berth_json_free(json);
		return v1 ? berth_v1_refuse() : berth_fail(BERTH_E_ENV, "unpack: a plaintext message");
	}
	s->last = BERTH_LAYER_PLAINTEXT;
	if ((rc = berth_message_from_json(&s->u->msg, json)))
		return rc;
	return berth_addressing_check(s, NULL);
}

/* A compact JWS begins with base64url of '{', which no JSON text does. */
static enum berth_err parse_envelope(struct berth_json **out, const char *p, size_t n)
{
	*out = NULL;
	if (n > BERTH_PACKED_MAX)
		return berth_fail(BERTH_E_SIZE, "unpack: message of %zu bytes", n);
	if (n && p[0] == 'e')
		return berth_unpack_expand_compact(out, p, n);
	return berth_json_parse_object(out, p, n, BERTH_PACKED_MAX);
}

/* Opens one layer.  inner: what was in it; nothing when the message is there. */
static enum berth_err open_layer(struct berth_unpacking *s, const char *p, size_t n, struct berth_buf *inner)
{
	struct berth_json *json = NULL;
	enum berth_err rc = parse_envelope(&json, p, n);

	if (rc)
		return rc;
	switch (berth_envelope_kind(json)) {
	case BERTH_LAYER_ANONCRYPT:
		return berth_unpack_jwe(s, json, inner);
	case BERTH_LAYER_SIGNED:
		return berth_unpack_jws(s, json);
	default:
		return take_plaintext(s, json);
	}
}

static enum berth_err open_next(struct berth_unpacking *s, struct berth_unpack_ahead *known, const char *packed, size_t n,
				struct berth_buf *inner)
{
	return known ? berth_unpack_jwe_known(s, known, inner) : open_layer(s, packed, n, inner);
}

static enum berth_err open_all(struct berth_unpacking *s, const char *packed, size_t n)
{
	struct berth_buf outer = BERTH_BUF_INIT, inner = BERTH_BUF_INIT;
	struct berth_unpack_ahead *known = s->p->ahead;
	enum berth_err rc = open_next(s, known, packed, n, &inner);

	while (!rc && !s->u->msg.json) {
		struct berth_buf swap = outer;

		outer = inner;
		inner = swap;
		berth_buf_reset(&inner);
		known = known ? known->inner : NULL;
		rc = open_next(s, known, berth_buf_cstr(&outer), outer.len, &inner);
	}
	berth_buf_free(&outer);
	berth_buf_free(&inner);
	return rc;
}

static enum berth_err check_from_prior(struct berth_unpacking *s)
{
	struct berth_unpacked *u = s->u;

	if (!u->msg.from_prior)
		return BERTH_OK;
	return berth_from_prior_verify(&u->from_prior, &u->from_prior_issuer_kid, u->msg.from_prior,
				       u->msg.from, s->p->resolver);
}

enum berth_err berth_unpack(struct berth_unpacked *out, const struct berth_unpack *p, const char *packed, size_t n)
{
	struct berth_unpacking s = { .p = p, .u = out };
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!(rc = open_all(&s, packed, n)))
		rc = check_from_prior(&s);
	for (size_t i = 0; i < s.n_kids; i++)
		free(s.kids[i]);
	if (rc)
		berth_unpacked_free(out);
	return rc;
}

enum berth_err berth_unpack_ahead(struct berth_unpack_ahead **out, const struct berth_unpack *p, const char *packed, size_t n)
{
	struct berth_json *json = NULL;
	enum berth_err rc = parse_envelope(&json, packed, n);

	*out = NULL;
	if (rc)
		return rc;
	if (berth_envelope_kind(json) == BERTH_LAYER_ANONCRYPT)
		return berth_unpack_jwe_ahead(out, p, json);
	berth_json_free(json);
	return berth_fail(BERTH_E_ENV, "unpack: not encrypted");
}

/* Anything else in an anoncrypt is not parsed twice. */
static bool may_be_envelope(const struct berth_buf *plain)
{
	return strstr(berth_buf_cstr(plain), "\"recipients\"") != NULL;
}

void berth_unpack_ahead_inside(struct berth_unpack_ahead *a, const struct berth_unpack *p)
{
	if (a->opened || a->j.authcrypt)
		return;
	a->opened = berth_jwe_open(&a->j, a->r, NULL, p->keyring, &a->plain) == BERTH_OK;
	if (a->opened && may_be_envelope(&a->plain) &&
	    berth_unpack_ahead(&a->inner, p, berth_buf_cstr(&a->plain), a->plain.len))
		a->inner = NULL;
}

void berth_unpacked_free(struct berth_unpacked *u)
{
	if (!u)
		return;
	berth_message_free(&u->msg);
	free(u->encrypted_from_kid);
	free(u->encrypted_to_kid);
	berth_json_free(u->encrypted_to_kids);
	free(u->sign_from);
	free(u->from_prior_issuer_kid);
	berth_json_free(u->from_prior);
	memset(u, 0, sizeof(*u));
}

const char *berth_unpacked_sender(const struct berth_unpacked *u)
{
	return u->authenticated ? u->msg.from : NULL;
}
