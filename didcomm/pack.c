/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/pack.h"

#include <stdlib.h>
#include <string.h>

#include "did/codec/base64url.h"
#include "did/url.h"
#include "didcomm/jwe.h"
#include "didcomm/party.h"
#include "didcomm/unpack.h"

#define ALSO_MAX (BERTH_SIGNATURES_MAX - 1)

/* The message with from and to filled in where they are absent. */
static enum berth_err fill_in(struct berth_json **out, const struct berth_message *msg,
			      const char *from, const char *to)
{
	struct berth_json *json = berth_json_clone(msg->json), *list = NULL;
	enum berth_err rc = json ? BERTH_OK : berth_no_memory();

	if (!rc && !msg->from && from)
		rc = berth_json_set_str(json, "from", from);
	if (!rc && !msg->to && to) {
		list = berth_json_new_array();
		rc = berth_json_push_str(list, to);
		rc = berth_json_set_made(json, "to", list, rc);
	}
	return berth_json_give(out, json, rc);
}

static enum berth_err print_message(struct berth_buf *out, const struct berth_message *msg,
				    const struct berth_pack_parties *who)
{
	struct berth_json *filled = NULL;
	enum berth_err rc = BERTH_OK;

	if ((!msg->from && who->from) || (!msg->to && who->to))
		rc = fill_in(&filled, msg, who->from, who->to);
	if (!rc)
		rc = berth_json_print(out, filled ? filled : msg->json);
	berth_json_free(filled);
	return rc ? rc : berth_buf_status(out);
}

/* The signer's kid stands beside the protected header, as in the spec's appendix. */
static enum berth_err put_signature(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				    const struct berth_buf *payload)
{
	struct berth_buf header = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	enum berth_err rc = kr->ops->sign(kr, kid, BERTH_SIGN_DIDCOMM, payload->p, payload->len, &header, &sig);

	if (!rc) {
		berth_buf_str(out, "{\"protected\":\"");
		berth_buf_put(out, header.p, header.len);
		berth_buf_str(out, "\",\"signature\":\"");
		berth_b64url_encode(out, sig.p, sig.len);
		berth_buf_str(out, "\",\"header\":{\"kid\":");
		berth_json_print_str(out, kid);
		berth_buf_str(out, "}}");
		rc = berth_buf_status(out);
	}
	berth_buf_free(&header);
	berth_buf_free(&sig);
	return rc;
}

/* SPEC signature: general JSON. */
static enum berth_err sign(struct berth_buf *out, const struct berth_pack *p, const struct berth_buf *payload)
{
	enum berth_err rc;

	berth_buf_str(out, "{\"payload\":\"");
	berth_b64url_encode(out, payload->p, payload->len);
	berth_buf_str(out, "\",\"signatures\":[");
	if ((rc = put_signature(out, p->keyring, p->sign_by, payload)))
		return rc;
	for (size_t i = 0; i < ALSO_MAX && p->also_sign_by[i]; i++) {
		berth_buf_u8(out, ',');
		if ((rc = put_signature(out, p->keyring, p->also_sign_by[i], payload)))
			return rc;
	}
	berth_buf_str(out, "]}");
	return berth_buf_status(out);
}

/* protect_sender: an anoncrypt for the same recipients around the authcrypt, which
 * shows its skid to everybody. */
static enum berth_err encrypt(struct berth_buf *out, const struct berth_pack *p,
			      const struct berth_pack_parties *who, const struct berth_buf *plain)
{
	struct berth_jwe_seal s = {
		.enc = p->enc == BERTH_ENC_NONE ? BERTH_ENC_A256CBC_HS512 : p->enc,
		.skid = p->mode == BERTH_PACK_AUTHCRYPT ? who->skid : NULL,
		.keyring = p->keyring,
	};
	struct berth_buf inner = BERTH_BUF_INIT;
	bool twice = p->protect_sender && p->mode == BERTH_PACK_AUTHCRYPT;
	enum berth_err rc;

	berth_pack_recipients(&s, who);
	if (!twice)
		return berth_jwe_seal_ahead(out, p->hole, &s, plain->p, plain->len);
	if (!(rc = berth_jwe_seal(&inner, &s, plain->p, plain->len))) {
		s.skid = NULL;
		rc = berth_jwe_seal(out, &s, inner.p, inner.len);
	}
	berth_buf_free(&inner);
	return rc;
}

static enum berth_err pack_layers(struct berth_buf *out, const struct berth_pack *p,
				  const struct berth_pack_parties *who, const struct berth_message *msg)
{
	struct berth_buf plain = BERTH_BUF_INIT, signed_msg = BERTH_BUF_INIT;
	enum berth_err rc;

	if (p->mode == BERTH_PACK_PLAINTEXT)
		return print_message(out, msg, who);
	if ((rc = print_message(&plain, msg, who)))
		goto out;
	if (p->mode == BERTH_PACK_SIGNED) {
		rc = sign(out, p, &plain);
		goto out;
	}
	if (p->sign_by && (rc = sign(&signed_msg, p, &plain)))
		goto out;
	rc = encrypt(out, p, who, p->sign_by ? &signed_msg : &plain);
out:
	berth_buf_free(&plain);
	berth_buf_free(&signed_msg);
	return rc;
}

/* C026: all of one DID, no kid twice. */
static enum berth_err check_signers(const struct berth_pack *p)
{
	for (size_t i = 0; i < ALSO_MAX && p->also_sign_by[i]; i++) {
		const char *kid = p->also_sign_by[i];

		if (!p->sign_by || !berth_did_same(p->sign_by, kid))
			return berth_fail(BERTH_E_ADDR, "pack: signers of two DIDs");
		if (berth_did_url_same(p->sign_by, kid))
			return berth_fail(BERTH_E_USAGE, "pack: one key is to sign twice");
		for (size_t k = 0; k < i; k++)
			if (berth_did_url_same(p->also_sign_by[k], kid))
				return berth_fail(BERTH_E_USAGE, "pack: one key is to sign twice");
	}
	return BERTH_OK;
}

/* Nothing leaves that our own unpack would refuse; C037 is the sealer's. */
static enum berth_err check_request(const struct berth_pack *p, const struct berth_message *msg)
{
	bool proven = p->mode == BERTH_PACK_AUTHCRYPT || (p->mode == BERTH_PACK_ANONCRYPT && p->sign_by);

	if (p->mode == BERTH_PACK_SIGNED && !p->sign_by)
		return berth_fail(BERTH_E_USAGE, "pack: signed by whom");
	if (p->mode == BERTH_PACK_PLAINTEXT && p->sign_by)
		return berth_fail(BERTH_E_USAGE, "pack: plaintext carries no signature");
	if (msg->from_prior && !proven)
		return berth_fail(BERTH_E_ROTATE, "pack: from_prior outside an authenticated encryption");
	return check_signers(p);
}

enum berth_err berth_pack(struct berth_buf *out, const struct berth_pack *p, const struct berth_message *msg)
{
	struct berth_pack_parties who = { 0 };
	size_t start = out->len;
	enum berth_err rc;

	if ((rc = check_request(p, msg)) || (rc = berth_pack_parties_find(&who, p, msg)))
		goto out;
	if (!(rc = pack_layers(out, p, &who, msg)) && out->len - start > BERTH_PACKED_MAX)
		rc = berth_fail(BERTH_E_SIZE, "pack: %zu bytes", out->len - start);
out:
	berth_pack_parties_free(&who);
	return rc;
}
