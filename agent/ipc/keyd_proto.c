/* SPDX-License-Identifier: Apache-2.0 */
/* One table says which fields an op has, one function writes a field and one reads
 * it, so that both ends agree by construction.  keyd_value.h says how a value is written;
 * bytes are be32 length and the bytes, numbers be64. */
#include "agent/ipc/keyd_proto.h"

#include <string.h>

#include "agent/ipc/keyd_ethr.h"
#include "agent/ipc/keyd_value.h"
#include "agent/ipc/keyd_x509.h"

#define FIELDS_MAX 6
#define KEK_ALG_ES "ECDH-ES+A256KW"
#define KEK_ALG_1PU "ECDH-1PU+A256KW"

enum field {
	END, NAME, AK, LABEL, KID, CONFIG, TYPE, USAGE, PURPOSES, PURPOSE, COUNTER, EPOCH, PCRS, NONCE,
	DATA, EXTRA, PROOF, KEK, ETHR, X509, KEYS,
	/* of answers */
	INFO, CUSTODY, BYTES_A, BYTES_B, VALUE, PROTECTED
};

static const struct {
	uint8_t request[FIELDS_MAX], reply[FIELDS_MAX];	/* END behind the last */
} layouts[BERTH_KEYD__END] = {
	[BERTH_KEYD_HELLO] = { { CONFIG }, { CUSTODY } },
	[BERTH_KEYD_INFO] = { { NAME }, { INFO } },
	[BERTH_KEYD_LIST] = { { END }, { END } },
	[BERTH_KEYD_ENSURE] = { { NAME, TYPE, USAGE, PURPOSES }, { INFO } },
	[BERTH_KEYD_DELETE] = { { NAME }, { END } },
	[BERTH_KEYD_SIGN] = { { NAME, KID, PURPOSE, DATA }, { BYTES_A, BYTES_B } },
	[BERTH_KEYD_SIGN_PROOF] = { { NAME, KID, PROOF }, { BYTES_A } },
	[BERTH_KEYD_UNWRAP] = { { NAME, KEK, DATA }, { BYTES_A } },
	[BERTH_KEYD_WRAP_1PU] = { { NAME, KEK, DATA, EXTRA }, { BYTES_A } },
	[BERTH_KEYD_SEAL] = { { LABEL, EPOCH, DATA }, { BYTES_A } },
	[BERTH_KEYD_UNSEAL] = { { LABEL, EPOCH, DATA }, { BYTES_A } },
	[BERTH_KEYD_COUNTER_READ] = { { COUNTER }, { VALUE, PROTECTED } },
	[BERTH_KEYD_COUNTER_STEP] = { { COUNTER }, { VALUE } },
	[BERTH_KEYD_EK] = { { END }, { BYTES_A, BYTES_B } },
	[BERTH_KEYD_PUBLIC_AREA] = { { NAME }, { BYTES_A } },
	[BERTH_KEYD_ACTIVATE] = { { NAME, DATA, EXTRA }, { BYTES_A } },
	[BERTH_KEYD_CERTIFY] = { { NAME, AK, NONCE }, { BYTES_A, BYTES_B } },
	[BERTH_KEYD_QUOTE] = { { NAME, PCRS, NONCE }, { BYTES_A, BYTES_B } },
	[BERTH_KEYD_STATE] = { { END }, { VALUE } },
	[BERTH_KEYD_CAN] = { { TYPE, USAGE }, { VALUE } },
	[BERTH_KEYD_SIGN_ETHR] = { { NAME, ETHR }, { BYTES_A, BYTES_B } },
	[BERTH_KEYD_CLEAR] = { { END }, { END } },
	[BERTH_KEYD_SIGN_X509] = { { NAME, X509 }, { BYTES_A } },
	[BERTH_KEYD_PCRS] = { { PCRS }, { BYTES_A } },
	[BERTH_KEYD_ENSURE_ALL] = { { KEYS }, { END } },
};

static struct berth_keyd_bytes get_bytes(struct berth_cur *c, size_t max)
{
	struct berth_cur v = berth_cur_vec32(c, max);

	return (struct berth_keyd_bytes){ v.p, v.n };
}

/* ---- compound fields ---- */

static void put_proof(struct berth_buf *b, const struct berth_proof *p)
{
	berth_buf_u8(b, (uint8_t)p->purpose);
	berth_keyd_put_text(b, p->iss);
	berth_keyd_put_text(b, p->aud);
	berth_keyd_put_text(b, p->thid);
	berth_buf_be64(b, (uint64_t)p->epoch);
	berth_buf_put(b, p->device_hash, 32);
	berth_buf_put(b, p->tip, 32);
	berth_buf_put(b, p->nonce_d, 32);
	berth_buf_put(b, p->nonce_o, 32);
	berth_buf_put(b, p->th, 32);
	berth_buf_be64(b, (uint64_t)p->owner_time);
	berth_buf_u8(b, p->has_delegation);
	berth_buf_put(b, p->delegation, 32);
}

static void get_proof(struct berth_cur *c, struct berth_proof *p)
{
	p->purpose = (enum berth_purpose)berth_keyd_get_u8(c, 0, BERTH_SIGN__COUNT - 1);
	p->iss = berth_keyd_get_text(c, BERTH_KEYD_KID_MAX);
	p->aud = berth_keyd_get_text(c, BERTH_KEYD_KID_MAX);
	p->thid = berth_keyd_get_text(c, BERTH_KEYD_THID_MAX);
	p->epoch = (int64_t)berth_cur_be64(c);
	berth_cur_copy(c, p->device_hash, 32);
	berth_cur_copy(c, p->tip, 32);
	berth_cur_copy(c, p->nonce_d, 32);
	berth_cur_copy(c, p->nonce_o, 32);
	berth_cur_copy(c, p->th, 32);
	p->owner_time = (int64_t)berth_cur_be64(c);
	p->has_delegation = berth_keyd_get_u8(c, 0, 1);
	berth_cur_copy(c, p->delegation, 32);
}

static void put_kek(struct berth_buf *b, const struct berth_kek_params *k)
{
	berth_buf_u8(b, !strcmp(k->alg, KEK_ALG_1PU));
	berth_keyd_put_key(b, k->epk);
	berth_keyd_put_key(b, k->peer);
	berth_buf_vec16(b, k->apu, k->apu_len);
	berth_buf_vec16(b, k->apv, k->apv_len);
	berth_buf_vec16(b, k->cc_tag, k->cc_tag_len);
}

/* 1PU has a peer and a tag, ES neither; unwrapping needs the ephemeral key. */
static bool kek_complete(const struct berth_keyd_request *r, bool one_pu)
{
	if (r->op == BERTH_KEYD_UNWRAP && !r->kek.epk)
		return false;
	if (r->op == BERTH_KEYD_WRAP_1PU && !one_pu)
		return false;
	return one_pu ? r->kek.peer && r->kek.cc_tag_len > 0 : !r->kek.peer && r->kek.cc_tag_len == 0;
}

/* The keystore checks either point as it agrees with it. */
static enum berth_err get_kek(struct berth_cur *c, struct berth_keyd_request *r)
{
	bool one_pu = berth_keyd_get_u8(c, 0, 1);
	enum berth_err rc = berth_keyd_get_key_unchecked(c, &r->epk), rc2 = berth_keyd_get_key_unchecked(c, &r->peer);
	struct berth_cur apu = berth_cur_vec16(c, BERTH_KEYD_PARTY_MAX);
	struct berth_cur apv = berth_cur_vec16(c, BERTH_KEYD_PARTY_MAX);
	struct berth_cur tag = berth_cur_vec16(c, BERTH_TAG_MAX);

	r->kek = (struct berth_kek_params){
		.alg = one_pu ? KEK_ALG_1PU : KEK_ALG_ES,
		.epk = r->epk.type ? &r->epk : NULL, .peer = r->peer.type ? &r->peer : NULL,
		.apu = apu.p, .apu_len = apu.n, .apv = apv.p, .apv_len = apv.n,
		.cc_tag = tag.n ? tag.p : NULL, .cc_tag_len = tag.n
	};
	if (rc || rc2)
		return rc ? rc : rc2;
	if (!kek_complete(r, one_pu))
		c->bad = true;
	return BERTH_OK;
}

/* ---- requests ---- */

static void put_config(struct berth_buf *b, const struct berth_keyd_request *r)
{
	berth_keyd_put_text(b, r->uri);
	berth_keyd_put_text(b, r->passphrase_file);
	berth_keyd_put_text(b, r->tcti);
	berth_keyd_put_text(b, r->module_path);
	berth_keyd_put_text(b, r->pin_source);
	berth_buf_be32(b, r->pcr_mask);
	berth_buf_u8(b, r->create);
	for (size_t i = 0; i < BERTH_MODULE_DIRS_MAX; i++)
		berth_keyd_put_text(b, r->module_dir[i]);
	for (size_t i = 0; i < BERTH_KEYD_REGISTRIES_MAX; i++)
		berth_keyd_put_text(b, r->ethr_registry[i]);
	berth_buf_be64(b, r->ethr_fee_max);
}

/* One spelling: no gaps. */
static void get_texts(struct berth_cur *c, const char **out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = berth_keyd_get_optional(c, BERTH_KEYD_CONFIG_MAX);
		if (i && out[i] && !out[i - 1])
			c->bad = true;
	}
}

static void get_config(struct berth_cur *c, struct berth_keyd_request *r)
{
	r->uri = berth_keyd_get_text(c, BERTH_KEYD_CONFIG_MAX);
	r->passphrase_file = berth_keyd_get_optional(c, BERTH_KEYD_CONFIG_MAX);
	r->tcti = berth_keyd_get_optional(c, BERTH_KEYD_CONFIG_MAX);
	r->module_path = berth_keyd_get_optional(c, BERTH_KEYD_CONFIG_MAX);
	r->pin_source = berth_keyd_get_optional(c, BERTH_KEYD_CONFIG_MAX);
	r->pcr_mask = berth_cur_be32(c);
	r->create = berth_keyd_get_u8(c, 0, 1);
	get_texts(c, r->module_dir, BERTH_MODULE_DIRS_MAX);
	get_texts(c, r->ethr_registry, BERTH_KEYD_REGISTRIES_MAX);
	r->ethr_fee_max = berth_cur_be64(c);
}

static void put_keys(struct berth_buf *b, const struct berth_keyd_request *r)
{
	berth_buf_u8(b, (uint8_t)r->n_keys);
	for (size_t i = 0; i < r->n_keys; i++) {
		berth_keyd_put_text(b, r->keys[i].name);
		berth_buf_u8(b, (uint8_t)r->keys[i].type);
		berth_buf_u8(b, (uint8_t)r->keys[i].usage);
		berth_buf_be32(b, r->keys[i].purposes);
	}
}

static void get_keys(struct berth_cur *c, struct berth_keyd_request *r)
{
	r->n_keys = berth_keyd_get_u8(c, 1, BERTH_KEYD_KEYS_MAX);
	for (size_t i = 0; !c->bad && i < r->n_keys; i++) {
		struct berth_key_order *k = &r->keys[i];

		k->name = berth_keyd_get_text(c, BERTH_KEYD_NAME_MAX);
		k->type = berth_keyd_get_type(c);
		k->usage = berth_keyd_get_usage(c);
		k->purposes = berth_keyd_get_purposes(c);
	}
}

static void put_field(struct berth_buf *b, enum field f, const struct berth_keyd_request *r)
{
	switch (f) {
	case NAME: berth_keyd_put_text(b, r->name); break;
	case AK: berth_keyd_put_text(b, r->ak); break;
	case LABEL: berth_keyd_put_text(b, r->label); break;
	case KID: berth_keyd_put_text(b, r->kid); break;
	case CONFIG: put_config(b, r); break;
	case TYPE: berth_buf_u8(b, (uint8_t)r->type); break;
	case USAGE: berth_buf_u8(b, (uint8_t)r->usage); break;
	case PURPOSES: berth_buf_be32(b, r->purposes); break;
	case PURPOSE: berth_buf_u8(b, (uint8_t)r->purpose); break;
	case COUNTER: berth_buf_u8(b, (uint8_t)r->counter); break;
	case EPOCH: berth_buf_be64(b, (uint64_t)r->epoch); break;
	case PCRS: berth_buf_be32(b, r->pcr_mask); break;
	case NONCE: berth_buf_put(b, r->nonce, 32); break;
	case DATA: berth_buf_vec32(b, r->data.p, r->data.n); break;
	case EXTRA: berth_buf_vec32(b, r->extra.p, r->extra.n); break;
	case PROOF: put_proof(b, &r->proof); break;
	case KEK: put_kek(b, &r->kek); break;
	case ETHR: berth_keyd_put_ethr(b, &r->ethr); break;
	case X509: berth_keyd_put_x509(b, &r->x509); break;
	case KEYS: put_keys(b, r); break;
	default: break;
	}
}

static int64_t get_epoch(struct berth_cur *c)
{
	int64_t v = (int64_t)berth_cur_be64(c);

	if (v < -1)
		c->bad = true;
	return v;
}

static enum berth_err get_field(struct berth_cur *c, enum field f, struct berth_keyd_request *r)
{
	switch (f) {
	case NAME: r->name = berth_keyd_get_text(c, BERTH_KEYD_NAME_MAX); break;
	case AK: r->ak = berth_keyd_get_text(c, BERTH_KEYD_NAME_MAX); break;
	case LABEL: r->label = berth_keyd_get_text(c, BERTH_KEYD_LABEL_MAX); break;
	case KID: r->kid = berth_keyd_get_text(c, BERTH_KEYD_KID_MAX); break;
	case CONFIG: get_config(c, r); break;
	case TYPE: r->type = berth_keyd_get_type(c); break;
	case USAGE: r->usage = berth_keyd_get_usage(c); break;
	case PURPOSES: r->purposes = berth_keyd_get_purposes(c); break;
	case PURPOSE: r->purpose = (enum berth_purpose)berth_keyd_get_u8(c, 0, BERTH_SIGN__COUNT - 1); break;
	case COUNTER: r->counter = (enum berth_counter)berth_keyd_get_u8(c, 0, BERTH_COUNTER_GENERATION); break;
	case EPOCH: r->epoch = get_epoch(c); break;
	case PCRS: r->pcr_mask = berth_cur_be32(c); break;
	case NONCE: berth_cur_copy(c, r->nonce, 32); break;
	case DATA: r->data = get_bytes(c, BERTH_KEYD_DATA_MAX); break;
	case EXTRA: r->extra = get_bytes(c, BERTH_KEYD_EXTRA_MAX); break;
	case PROOF: get_proof(c, &r->proof); break;
	case KEK: return get_kek(c, r);
	case ETHR: berth_keyd_get_ethr(c, &r->ethr); break;
	case X509: return berth_keyd_get_x509(c, &r->x509);
	case KEYS: get_keys(c, r); break;
	default: break;
	}
	return BERTH_OK;
}

void berth_keyd_encode(struct berth_buf *out, const struct berth_keyd_request *r)
{
	for (size_t i = 0; i < FIELDS_MAX && layouts[r->op].request[i] != END; i++)
		put_field(out, (enum field)layouts[r->op].request[i], r);
}

enum berth_err berth_keyd_decode(struct berth_keyd_request *r, uint16_t op, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);
	enum berth_err key = BERTH_OK, rc;

	memset(r, 0, sizeof(*r));
	if (op == 0 || op >= BERTH_KEYD__END)
		return berth_fail(BERTH_E_TYPE, "keyd: no op %u", op);
	r->op = (enum berth_keyd_op)op;
	for (size_t i = 0; i < FIELDS_MAX && layouts[op].request[i] != END; i++)
		if ((rc = get_field(&c, (enum field)layouts[op].request[i], r)))
			key = rc;
	if (!berth_cur_done(&c))
		return berth_fail(BERTH_E_TYPE, "keyd: malformed request, op %u", op);
	return key;
}

/* ---- answers ---- */

void berth_keyd_info_encode(struct berth_buf *out, const struct berth_key_info *info, uint32_t purposes)
{
	berth_keyd_put_text(out, info->name);
	berth_buf_u8(out, (uint8_t)info->usage);
	berth_buf_u8(out, (uint8_t)info->custody);
	berth_buf_u8(out, info->attestable);
	berth_keyd_put_key(out, &info->pub);
	berth_buf_be32(out, purposes);
}

enum berth_err berth_keyd_info_decode(struct berth_cur *c, struct berth_key_info *info, uint32_t *purposes)
{
	enum berth_err rc;

	memset(info, 0, sizeof(*info));
	const char *name = berth_keyd_get_text(c, BERTH_KEYD_NAME_MAX);
	memcpy(info->name, name, strlen(name) + 1);
	info->usage = berth_keyd_get_usage(c);
	info->custody = (enum berth_custody)berth_keyd_get_u8(c, 0, BERTH_CUSTODY_HARDWARE);
	info->attestable = berth_keyd_get_u8(c, 0, 1);
	rc = berth_keyd_get_key(c, &info->pub);
	*purposes = berth_keyd_get_purposes(c);
	if (!rc && (c->bad || info->pub.type == BERTH_KEY_NONE))
		rc = berth_fail(BERTH_E_TYPE, "keyd: malformed key");
	return rc;
}

static void put_reply_field(struct berth_buf *b, enum field f, const struct berth_keyd_reply *r)
{
	switch (f) {
	case INFO: berth_keyd_info_encode(b, &r->info, r->purposes); break;
	case CUSTODY: berth_buf_u8(b, (uint8_t)r->custody); break;
	case BYTES_A: berth_buf_vec32(b, r->a.p, r->a.n); break;
	case BYTES_B: berth_buf_vec32(b, r->b.p, r->b.n); break;
	case VALUE: berth_buf_be64(b, r->value); break;
	case PROTECTED: berth_buf_u8(b, r->protected_); break;
	default: break;
	}
}

static enum berth_err get_reply_field(struct berth_cur *c, enum field f, struct berth_keyd_reply *r)
{
	switch (f) {
	case INFO: return berth_keyd_info_decode(c, &r->info, &r->purposes);
	case CUSTODY: r->custody = (enum berth_custody)berth_keyd_get_u8(c, 0, BERTH_CUSTODY_HARDWARE); break;
	case BYTES_A: r->a = get_bytes(c, BERTH_KEYD_DATA_MAX); break;
	case BYTES_B: r->b = get_bytes(c, BERTH_KEYD_DATA_MAX); break;
	case VALUE: r->value = berth_cur_be64(c); break;
	case PROTECTED: r->protected_ = berth_keyd_get_u8(c, 0, 1); break;
	default: break;
	}
	return BERTH_OK;
}

void berth_keyd_reply_encode(struct berth_buf *out, enum berth_keyd_op op, const struct berth_keyd_reply *r)
{
	for (size_t i = 0; i < FIELDS_MAX && layouts[op].reply[i] != END; i++)
		put_reply_field(out, (enum field)layouts[op].reply[i], r);
}

enum berth_err berth_keyd_reply_decode(struct berth_keyd_reply *r, enum berth_keyd_op op, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);
	enum berth_err rc;

	memset(r, 0, sizeof(*r));
	for (size_t i = 0; i < FIELDS_MAX && layouts[op].reply[i] != END; i++)
		if ((rc = get_reply_field(&c, (enum field)layouts[op].reply[i], r)))
			return rc;
	return berth_cur_done(&c) ? BERTH_OK : berth_fail(BERTH_E_TYPE, "keyd: malformed answer, op %u", op);
}
