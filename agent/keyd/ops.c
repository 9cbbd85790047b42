/* SPDX-License-Identifier: Apache-2.0 */
/* What each operation does (of keys that are made, keys.c).  A new one does not compile into
 * anything before somebody has written its row in the table below. */
#include "agent/keyd/sandbox.h"
#include "agent/keyd/server.h"

#include <string.h>

#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/keystore/x509_sign.h"

/* The purposes that SIGN does not serve, as what is signed is built here: by SIGN_PROOF,
 * for did:ethr by SIGN_ETHR, and for X.509 by SIGN_X509. */
#define BUILT_HERE (BERTH_PURPOSE_BIT(BERTH_SIGN_RV_PROVE) | BERTH_PURPOSE_BIT(BERTH_SIGN_OWNER_PROOF) | \
		    BERTH_PURPOSE_BIT(BERTH_SIGN_DEVICE_PROOF) | BERTH_PURPOSE_BIT(BERTH_SIGN_ETHR) | \
		    BERTH_PURPOSE_BIT(BERTH_SIGN_TLS) | BERTH_PURPOSE_BIT(BERTH_SIGN_CA))

struct op {
	struct keyd *k;
	const struct berth_keyd_request *r;
	char stored[BERTH_KEY_NAME_MAX + 1];	/* the keystore's name for r->name */
	uint32_t purposes;			/* of that key */
	struct berth_keyd_reply out;
	struct berth_buf a, b;			/* become out.a, out.b */
};

/* ---- the store ---- */

/* What the agent may claim of its keys towards others: hardware is what a TPM
 * proves.  A token's keys are in hardware too, each says so, but there is no
 * evidence of it to show. */
static enum berth_custody custody_of(const char *uri)
{
	return !strncmp(uri, "tpm2:", 5) ? BERTH_CUSTODY_HARDWARE : BERTH_CUSTODY_SEALED;
}

static void before_module(void *arg, const struct berth_keystore_needs *needs)
{
	const struct keyd *k = arg;

	if (k->confine)
		keyd_fence(needs);
}

static enum berth_err hello(struct op *o)
{
	struct berth_keystore_config cfg = {
		.uri = o->r->uri, .passphrase_file = o->r->passphrase_file, .tcti = o->r->tcti,
		.module_path = o->r->module_path, .pin_source = o->r->pin_source, .pcr_mask = o->r->pcr_mask,
		.create = o->r->create, .fence = before_module, .fence_arg = o->k
	};
	struct berth_keystore *ks;
	enum berth_err rc;

	memcpy(cfg.module_dir, o->r->module_dir, sizeof(cfg.module_dir));
	if ((rc = keyd_registries_take(&o->k->ethr, o->r)) || (rc = berth_keystore_open(&ks, &cfg)))
		return rc;
	if ((rc = keyd_names_load(&o->k->names, ks))) {
		berth_keystore_close(ks);
		return rc;
	}
	o->k->ks = ks;
	o->k->custody = o->out.custody = custody_of(o->r->uri);
	return BERTH_OK;
}

/* name -> the key; E_KEYSTORE when keyd has not made one of that name. */
static enum berth_err lookup(struct op *o, const char *name)
{
	const struct keyd_name *n = keyd_names_find(&o->k->names, name);

	if (!n)
		return berth_fail(BERTH_E_KEYSTORE, "no key %s", name);
	keyd_name_format(o->stored, n->name, n->purposes);
	o->purposes = n->purposes;
	return BERTH_OK;
}

static enum berth_err info(struct op *o)
{
	const struct keyd_name *n;
	enum berth_err rc = lookup(o, o->r->name);

	if (rc)
		return rc;
	n = keyd_names_find(&o->k->names, o->r->name);
	o->out.purposes = n->purposes;
	return keyd_describe(o->k, n, &o->out.info);
}

static enum berth_err delete(struct op *o)
{
	enum berth_err rc;

	if (!keyd_names_find(&o->k->names, o->r->name))
		return BERTH_OK;
	if ((rc = lookup(o, o->r->name)) || (rc = berth_keystore_delete(o->k->ks, o->stored)))
		return rc;
	keyd_names_remove(&o->k->names, o->r->name);
	return BERTH_OK;
}

/* ---- signing ---- */

static enum berth_err may_sign(struct op *o, enum berth_purpose purpose)
{
	enum berth_err rc = lookup(o, o->r->name);

	if (rc)
		return rc;
	if (purpose == BERTH_SIGN_JWS || !(o->purposes & BERTH_PURPOSE_BIT(purpose)))
		return berth_fail(BERTH_E_AUTHZ, "%s does not sign for purpose %d", o->r->name, (int)purpose);
	return BERTH_OK;
}

/* The octets that are signed, and a header among them, are made here from the purpose. */
static enum berth_err sign_as(struct op *o, enum berth_purpose purpose, const void *payload, size_t len,
			      struct berth_buf *input, struct berth_buf *sig, size_t *header_len)
{
	struct berth_key_info key;
	uint8_t *room;
	size_t n = 0;
	enum berth_err rc;

	if ((rc = berth_keystore_find(o->k->ks, o->stored, &key)) ||
	    (rc = berth_purpose_input(input, header_len, purpose, o->r->kid, key.pub.type, payload, len)))
		return rc;
	if (!(room = berth_buf_grow(sig, BERTH_SIG_MAX)))
		return berth_no_memory();
	rc = berth_keystore_sign(o->k->ks, o->stored, input->p, input->len, room, &n);
	sig->len -= BERTH_SIG_MAX - (rc ? 0 : n);
	return rc;
}

static enum berth_err sign(struct op *o)
{
	const struct berth_keyd_request *r = o->r;
	size_t header_len = 0;
	enum berth_err rc = may_sign(o, r->purpose);

	if (rc)
		return rc;
	if (BERTH_PURPOSE_BIT(r->purpose) & BUILT_HERE)
		return berth_fail(BERTH_E_AUTHZ, "what is signed as proof, transaction or certificate is built here");
	if (r->data.n > BERTH_KEYD_PLAIN_MAX)
		return berth_fail(BERTH_E_SIZE, "a payload of %zu bytes", r->data.n);
	rc = sign_as(o, r->purpose, r->data.p, r->data.n, &o->a, &o->b, &header_len);
	if (!rc)
		o->a.len = header_len;
	return rc;
}

static enum berth_err sign_proof(struct op *o)
{
	struct berth_buf payload = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	size_t header_len;
	enum berth_err rc;

	if ((rc = may_sign(o, o->r->proof.purpose)) || (rc = berth_proof_payload(&payload, &o->r->proof)) ||
	    (rc = sign_as(o, o->r->proof.purpose, payload.p, payload.len, &o->a, &sig, &header_len)))
		goto out;
	berth_buf_u8(&o->a, '.');
	berth_b64url_encode(&o->a, sig.p, sig.len);
out:
	berth_buf_free(&payload);
	berth_buf_free(&sig);
	return rc;
}

static enum berth_err sign_ethr(struct op *o)
{
	uint8_t hash[32];
	enum berth_err rc = may_sign(o, BERTH_SIGN_ETHR);

	if (rc || (rc = keyd_registries_allow(&o->k->ethr, &o->r->ethr)))
		return rc;
	if (!(rc = berth_ethr_sign(o->k->ks, o->stored, &o->r->ethr, &o->a, hash)))
		berth_buf_put(&o->b, hash, sizeof(hash));
	return rc;
}

/* Either kind of key asks for a certificate of its own. */
static enum berth_purpose x509_purpose(const struct op *o)
{
	bool tls = o->r->x509.kind == BERTH_X509_TLS ||
		   (o->r->x509.kind == BERTH_X509_REQUEST && o->purposes & BERTH_PURPOSE_BIT(BERTH_SIGN_TLS));

	return tls ? BERTH_SIGN_TLS : BERTH_SIGN_CA;
}

static enum berth_err sign_x509(struct op *o)
{
	enum berth_err rc;

	if ((rc = lookup(o, o->r->name)) || (rc = may_sign(o, x509_purpose(o))))
		return rc;
	return berth_keystore_x509(o->k->ks, o->stored, &o->r->x509, &o->a);
}

/* ---- agreements ---- */

static enum berth_err stored_ecdh(void *key, const struct berth_pubkey *theirs, bool lasting, uint8_t *z, size_t *z_len)
{
	struct op *o = key;

	return (lasting ? berth_keystore_ecdh_lasting : berth_keystore_ecdh)(o->k->ks, o->stored, theirs, z, z_len);
}

static enum berth_err unwrap(struct op *o)
{
	const struct berth_keyd_request *r = o->r;
	uint8_t cek[BERTH_CEK_MAX];
	size_t n = 0;
	enum berth_err rc;

	if ((rc = lookup(o, r->name)) ||
	    (rc = berth_kek_unwrap(stored_ecdh, o, &r->kek, r->data.p, r->data.n, cek, &n)))
		goto out;
	berth_buf_put(&o->a, cek, n);
out:
	berth_wipe(cek, sizeof(cek));
	return rc;
}

static enum berth_err wrap_1pu(struct op *o)
{
	const struct berth_keyd_request *r = o->r;
	enum berth_err rc = lookup(o, r->name);

	return rc ? rc : berth_kek_wrap_1pu(stored_ecdh, o, &r->kek, r->extra.p, r->extra.n,
					    r->data.p, r->data.n, &o->a);
}

/* ---- at rest, counters, evidence ---- */

static enum berth_err seal(struct op *o)
{
	if (o->r->data.n > BERTH_KEYD_PLAIN_MAX)
		return berth_fail(BERTH_E_SIZE, "a record of %zu bytes", o->r->data.n);
	return berth_keystore_seal(o->k->ks, o->r->label, o->r->epoch, o->r->data.p, o->r->data.n, &o->a);
}

static enum berth_err unseal(struct op *o)
{
	return berth_keystore_unseal(o->k->ks, o->r->label, o->r->epoch, o->r->data.p, o->r->data.n, &o->a);
}

static enum berth_err counter_read(struct op *o)
{
	return berth_keystore_counter_read(o->k->ks, o->r->counter, &o->out.value, &o->out.protected_);
}

static enum berth_err counter_step(struct op *o)
{
	return berth_keystore_counter_step(o->k->ks, o->r->counter, &o->out.value);
}

static enum berth_err ek(struct op *o)
{
	return berth_keystore_ek(o->k->ks, &o->a, &o->b);
}

static enum berth_err public_area(struct op *o)
{
	enum berth_err rc = lookup(o, o->r->name);

	return rc ? rc : berth_keystore_public_area(o->k->ks, o->stored, &o->a);
}

static enum berth_err activate(struct op *o)
{
	const struct berth_keyd_request *r = o->r;
	enum berth_err rc = lookup(o, r->name);

	return rc ? rc : berth_keystore_activate(o->k->ks, o->stored, r->data.p, r->data.n,
						 r->extra.p, r->extra.n, &o->a);
}

static enum berth_err certify(struct op *o)
{
	char key[BERTH_KEY_NAME_MAX + 1];
	enum berth_err rc;

	if ((rc = lookup(o, o->r->name)))
		return rc;
	memcpy(key, o->stored, sizeof(key));
	if ((rc = lookup(o, o->r->ak)))
		return rc;
	return berth_keystore_certify(o->k->ks, key, o->stored, o->r->nonce, &o->a, &o->b);
}

static enum berth_err quote(struct op *o)
{
	enum berth_err rc = lookup(o, o->r->name);

	return rc ? rc : berth_keystore_quote(o->k->ks, o->stored, o->r->pcr_mask, o->r->nonce, &o->a, &o->b);
}

static enum berth_err pcrs(struct op *o)
{
	return berth_keystore_pcrs(o->k->ks, o->r->pcr_mask, &o->a);
}

static enum berth_err state(struct op *o)
{
	o->out.value = berth_keystore_state(o->k->ks);
	return BERTH_OK;
}

static enum berth_err clear(struct op *o)
{
	return berth_keystore_clear_device(o->k->ks);
}

static enum berth_err can(struct op *o)
{
	o->out.value = berth_keystore_can(o->k->ks, o->r->type, o->r->usage);
	return BERTH_OK;
}

static enum berth_err (*const ops[BERTH_KEYD__END])(struct op *o) = {
	[BERTH_KEYD_HELLO] = hello,
	[BERTH_KEYD_INFO] = info,
	[BERTH_KEYD_DELETE] = delete,
	[BERTH_KEYD_SIGN] = sign,
	[BERTH_KEYD_SIGN_PROOF] = sign_proof,
	[BERTH_KEYD_UNWRAP] = unwrap,
	[BERTH_KEYD_WRAP_1PU] = wrap_1pu,
	[BERTH_KEYD_SEAL] = seal,
	[BERTH_KEYD_UNSEAL] = unseal,
	[BERTH_KEYD_COUNTER_READ] = counter_read,
	[BERTH_KEYD_COUNTER_STEP] = counter_step,
	[BERTH_KEYD_EK] = ek,
	[BERTH_KEYD_PUBLIC_AREA] = public_area,
	[BERTH_KEYD_ACTIVATE] = activate,
	[BERTH_KEYD_CERTIFY] = certify,
	[BERTH_KEYD_QUOTE] = quote,
	[BERTH_KEYD_STATE] = state,
	[BERTH_KEYD_CAN] = can,
	[BERTH_KEYD_SIGN_ETHR] = sign_ethr,
	[BERTH_KEYD_CLEAR] = clear,
	[BERTH_KEYD_SIGN_X509] = sign_x509,
	[BERTH_KEYD_PCRS] = pcrs,
};

enum berth_err keyd_run(struct keyd *k, const struct berth_keyd_request *r, struct berth_buf *reply)
{
	struct op o = { .k = k, .r = r };
	enum berth_err rc;

	if (r->op == BERTH_KEYD_LIST)
		return keyd_list(k, reply);
	if (r->op == BERTH_KEYD_ENSURE || r->op == BERTH_KEYD_ENSURE_ALL)
		return keyd_ensure(k, r, reply);
	if (!(rc = ops[r->op](&o)) && !(rc = berth_buf_status(&o.a)) && !(rc = berth_buf_status(&o.b))) {
		o.out.a = (struct berth_keyd_bytes){ o.a.p, o.a.len };
		o.out.b = (struct berth_keyd_bytes){ o.b.p, o.b.len };
		berth_keyd_reply_encode(reply, r->op, &o.out);
		rc = berth_buf_status(reply);
	}
	berth_buf_free(&o.a);
	berth_buf_free(&o.b);
	return rc;
}
