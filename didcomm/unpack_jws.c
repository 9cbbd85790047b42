/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/layers.h"

#include <stdlib.h>
#include <string.h>

#include "did/codec/base64url.h"
#include "didcomm/media.h"
#include "didcomm/signature.h"

struct signed_message {
	struct berth_json *json;	/* owned */
	const char *payload_b64;
	struct berth_signatures of;
};

/* SPEC signature: EdDSA, ES256 and ES256K; ES384 and ES512 are read besides.  typ
 * keeps apart what is signed for different uses (C033); the spec's own example
 * writes "JWM". */
static enum berth_err check_typ(const struct berth_signature *s)
{
	const char *typ = berth_json_str(berth_json_get(s->header, "typ"));

	if (!typ || (berth_media_parse(typ) != BERTH_MEDIA_IS_SIGNED && strcmp(typ, "JWM") != 0))
		return berth_fail(BERTH_E_ENV, "signed message: typ");
	return BERTH_OK;
}

static enum berth_err read_signed(struct signed_message *m)
{
	enum berth_err rc;

	if (!(m->payload_b64 = berth_json_str(berth_json_get(m->json, "payload"))))
		return berth_fail(BERTH_E_ENV, "signed message: payload is missing or not a string");
	if ((rc = berth_signatures_read(&m->of, m->json)))
		return rc;
	for (size_t i = 0; i < m->of.n; i++)
		if ((rc = check_typ(&m->of.sig[i])))
			return rc;
	return BERTH_OK;
}

/* C056: nothing but a plaintext message can be signed. */
static enum berth_err read_payload(struct berth_unpacking *s, const struct signed_message *m)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	struct berth_json *json = NULL;
	enum berth_err rc;

	if ((rc = berth_b64url_decode(&plain, m->payload_b64, strlen(m->payload_b64))) ||
	    (rc = berth_json_parse_object(&json, (const char *)plain.p, plain.len, BERTH_PACKED_MAX)))
		goto out;
	if (berth_envelope_kind(json) != BERTH_LAYER_PLAINTEXT) {
		rc = berth_fail(BERTH_E_ENV, "signed message: an envelope is signed");
		goto out;
	}
	rc = berth_message_from_json(&s->u->msg, json);
	json = NULL;
out:
	berth_json_free(json);
	berth_buf_free(&plain);
	return rc;
}

/* C026: every signature must be good, or the message is not signed. */
static enum berth_err verify_all(struct berth_unpacking *s, struct signed_message *m)
{
	struct berth_unpacked *u = s->u;
	struct berth_pubkey key;
	enum berth_err rc;

	for (size_t i = 0; i < m->of.n; i++) {
		struct berth_signature *sig = &m->of.sig[i];

		if ((rc = berth_unpack_key(s->p->resolver, sig->kid, BERTH_REL_AUTHENTICATION, &key)) ||
		    (rc = berth_signature_verify(sig, m->payload_b64, &key)))
			return rc;
	}
	if (!(u->sign_from = strdup(m->of.sig[0].kid)))
		return berth_no_memory();
	u->sign_alg = m->of.sig[0].alg;
	u->authenticated = u->non_repudiation = true;
	return BERTH_OK;
}

enum berth_err berth_unpack_jws(struct berth_unpacking *s, struct berth_json *json)
{
	struct signed_message m = { .json = json };
	enum berth_err rc;

	if ((rc = berth_layer_enter(s, BERTH_LAYER_SIGNED)) || (rc = read_signed(&m)) ||
	    (rc = read_payload(s, &m)) || (rc = berth_addressing_check(s, m.of.sig[0].kid)))
		goto out;
	rc = verify_all(s, &m);
out:
	berth_signatures_free(&m.of);
	berth_json_free(m.json);
	return rc;
}

/* Three parts of text as one JSON string each; the parts' alphabet is checked
 * where they are decoded. */
enum berth_err berth_unpack_expand_compact(struct berth_json **out, const char *p, size_t n)
{
	static const char *const names[] = { "protected", "payload", "signature" };
	struct berth_json *json = berth_json_new_object();
	const char *end = p + n;
	enum berth_err rc = json ? BERTH_OK : berth_no_memory();

	for (size_t i = 0; !rc && i < 3; i++) {
		const char *dot = memchr(p, '.', (size_t)(end - p));
		const char *stop = dot ? dot : end;
		char *part;

		if (!dot != (i == 2) || memchr(p, 0, (size_t)(stop - p))) {
			rc = berth_fail(BERTH_E_ENV, "unpack: not a compact JWS");
			break;
		}
		part = strndup(p, (size_t)(stop - p));
		rc = part ? berth_json_set_str(json, names[i], part) : berth_no_memory();
		free(part);
		p = dot ? dot + 1 : end;
	}
	return berth_json_give(out, json, rc);
}
