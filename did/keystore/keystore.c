/* SPDX-License-Identifier: Apache-2.0 */
/* What every custody has in common: names, usages and key types are judged here,
 * so that misuse gets the same code from a file and from a TPM. */
#include "did/keystore/keystore.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/keystore/keystore_impl.h"

#define LABEL_MAX 255
#define RECORD_MAX ((size_t)8 << 20)

enum berth_err berth_keystore_open(struct berth_keystore **out,
				   const struct berth_keystore_config *cfg)
{
	struct berth_key_uri uri;
	enum berth_err rc;

	*out = NULL;
	berth_crypto_init();
	if ((rc = berth_key_uri_parse(&uri, cfg->uri)))
		return rc;
	if (cfg->pcr_mask && uri.scheme != BERTH_SCHEME_TPM2)
		return berth_fail(BERTH_E_KEYSTORE, "%s: only a tpm2: store can be bound to PCRs", cfg->uri);
	switch (uri.scheme) {
	case BERTH_SCHEME_TPM2: return berth_tpm2_open(out, &uri, cfg);
	case BERTH_SCHEME_PKCS11: return berth_pkcs11_open(out, &uri, cfg);
	default: return berth_soft_open(out, &uri, cfg);
	}
}

void berth_keystore_close(struct berth_keystore *ks)
{
	if (ks)
		ks->ops->close(ks);
}

void berth_keystore_needs(const struct berth_keystore *ks, struct berth_keystore_needs *out)
{
	*out = (struct berth_keystore_needs){ 0 };
	ks->ops->needs(ks, out);
}

void berth_keystore_need_path(struct berth_keystore_needs *out, const char *path, bool write)
{
	if (out->n == BERTH_NEEDS_PATHS_MAX)
		abort();
	out->path[out->n++] = (struct berth_keystore_path){ path, write };
}

static enum berth_err check_name(const char *name)
{
	return berth_key_name_valid(name) ? BERTH_OK
		: berth_fail(BERTH_E_KEY, "a key name is 1 to 63 of a-z 0-9 . _ -");
}

enum berth_err berth_keystore_key_uri(struct berth_buf *out, const struct berth_keystore *ks,
				      const char *name)
{
	enum berth_err rc = check_name(name);

	if (rc)
		return rc;
	ks->ops->format_uri(ks, name, out);
	return berth_buf_status(out);
}

static bool type_fits(struct berth_keystore *ks, enum berth_key_type type, enum berth_usage usage)
{
	return usage == BERTH_USAGE_AGREE ? berth_key_can_agree(type)
	     : usage == BERTH_USAGE_SIGN ? berth_key_can_sign(type)
	     : usage == BERTH_USAGE_ATTEST && ks->ops->certify;
}

bool berth_keystore_can(struct berth_keystore *ks, enum berth_key_type type, enum berth_usage usage)
{
	return type_fits(ks, type, usage) && ks->ops->can(ks, type, usage);
}

struct berth_keystore_kind berth_keystore_kind(const struct berth_keystore *ks)
{
	return (struct berth_keystore_kind){
		.custody = ks->ops->import ? BERTH_CUSTODY_SEALED : BERTH_CUSTODY_HARDWARE,
		.attestable = ks->ops->certify != NULL,
		.imports = ks->ops->import != NULL,
	};
}

static enum berth_err check_new(struct berth_keystore *ks, const char *name,
				enum berth_key_type type, enum berth_usage usage)
{
	struct berth_key_info there;
	enum berth_err rc = check_name(name);

	if (rc)
		return rc;
	if (!type_fits(ks, type, usage))
		return berth_fail(BERTH_E_KEY, "%s: a key of type %s is not for this usage here",
				  name, berth_key_type_name(type));
	if (ks->ops->find(ks, name, &there) == BERTH_OK)
		return berth_fail(BERTH_E_KEYSTORE, "%s: there is a key of that name", name);
	return BERTH_OK;
}

static enum berth_err check_all_new(struct berth_keystore *ks, const struct berth_key_order *v, size_t n)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < n; i++) {
		rc = check_new(ks, v[i].name, v[i].type, v[i].usage);
		for (size_t k = 0; !rc && k < i; k++)
			if (strcmp(v[i].name, v[k].name) == 0)
				rc = berth_fail(BERTH_E_KEYSTORE, "%s: asked for twice", v[i].name);
	}
	return rc;
}

enum berth_err berth_keystore_generate_all(struct berth_keystore *ks, const struct berth_key_order *v, size_t n)
{
	enum berth_err rc = check_all_new(ks, v, n);

	if (!rc && ks->ops->generate_all)
		return ks->ops->generate_all(ks, v, n);
	for (size_t i = 0; !rc && i < n; i++)
		rc = ks->ops->generate(ks, v[i].name, v[i].type, v[i].usage);
	return rc;
}

enum berth_err berth_keystore_generate(struct berth_keystore *ks, const char *name,
				       enum berth_key_type type, enum berth_usage usage,
				       struct berth_key_info *info)
{
	const struct berth_key_order order = { .name = name, .type = type, .usage = usage };
	enum berth_err rc;

	if (info)
		memset(info, 0, sizeof(*info));
	if ((rc = berth_keystore_generate_all(ks, &order, 1)))
		return rc;
	return info ? ks->ops->find(ks, name, info) : BERTH_OK;
}

enum berth_err berth_keystore_import(struct berth_keystore *ks, const char *name,
				     const struct berth_privkey *key, enum berth_usage usage)
{
	enum berth_err rc;

	if (!ks->ops->import)
		return berth_fail(BERTH_E_KEY, "%s: keys are made in this device, not brought to it", name);
	if ((rc = check_new(ks, name, key->type, usage)))
		return rc;
	return ks->ops->import(ks, name, key, usage);
}

enum berth_err berth_keystore_find(struct berth_keystore *ks, const char *name,
				       struct berth_key_info *info)
{
	enum berth_err rc;

	memset(info, 0, sizeof(*info));
	return (rc = check_name(name)) ? rc : ks->ops->find(ks, name, info);
}

bool berth_keystore_has(struct berth_keystore *ks, const char *name)
{
	struct berth_key_info info;

	return berth_keystore_find(ks, name, &info) == BERTH_OK;
}

size_t berth_keystore_count(const struct berth_keystore *ks)
{
	return ks->ops->count(ks);
}

enum berth_err berth_keystore_at(struct berth_keystore *ks, size_t i, struct berth_key_info *info)
{
	memset(info, 0, sizeof(*info));
	if (i >= ks->ops->count(ks))
		return berth_fail(BERTH_E_KEYSTORE, "key %zu of %zu", i, ks->ops->count(ks));
	return ks->ops->at(ks, i, info);
}

enum berth_err berth_keystore_delete(struct berth_keystore *ks, const char *name)
{
	enum berth_err rc = check_name(name);

	return rc ? rc : ks->ops->remove(ks, name);
}

enum berth_err berth_keystore_find_for(struct berth_keystore *ks, const char *name, enum berth_usage usage,
				       struct berth_key_info *info)
{
	enum berth_err rc = berth_keystore_find(ks, name, info);

	if (rc)
		return rc;
	if (info->usage != usage)
		return berth_fail(BERTH_E_KEY, "%s: %s", name,
				  usage == BERTH_USAGE_SIGN ? "not a signing key"
				  : usage == BERTH_USAGE_AGREE ? "not a key agreement key"
				  : "not an attestation key");
	return BERTH_OK;
}

enum berth_err berth_keystore_sign(struct berth_keystore *ks, const char *name, const void *msg,
				   size_t len, uint8_t *sig, size_t *sig_len)
{
	struct berth_key_info info;
	enum berth_err rc;

	*sig_len = 0;
	if ((rc = berth_keystore_find_for(ks, name, BERTH_USAGE_SIGN, &info)))
		return rc;
	return ks->ops->sign(ks, name, msg, len, sig, sig_len);
}

enum berth_err berth_keystore_sign_digest(struct berth_keystore *ks, const char *name, const uint8_t digest[32],
					   uint8_t rs[64])
{
	struct berth_key_info info;
	enum berth_err rc;

	memset(rs, 0, 64);
	if ((rc = berth_keystore_find_for(ks, name, BERTH_USAGE_SIGN, &info)))
		return rc;
	if (info.pub.type != BERTH_KEY_SECP256K1 || !ks->ops->sign_digest)
		return berth_fail(BERTH_E_KEY, "%s: no secp256k1 key", name);
	return ks->ops->sign_digest(ks, name, digest, rs);
}

static enum berth_err may_agree(struct berth_keystore *ks, const char *name, const struct berth_pubkey *theirs)
{
	struct berth_key_info info;
	enum berth_err rc;

	if ((rc = berth_keystore_find_for(ks, name, BERTH_USAGE_AGREE, &info)))
		return rc;
	if (theirs->type != info.pub.type)
		return berth_fail(BERTH_E_KEY, "%s: an agreement of %s with %s", name,
				  berth_key_type_name(info.pub.type), berth_key_type_name(theirs->type));
	return BERTH_OK;
}

enum berth_err berth_keystore_ecdh(struct berth_keystore *ks, const char *name,
				   const struct berth_pubkey *theirs, uint8_t *z, size_t *z_len)
{
	enum berth_err rc = may_agree(ks, name, theirs);

	*z_len = 0;
	return rc ? rc : ks->ops->ecdh(ks, name, theirs, z, z_len);
}

enum berth_err berth_keystore_ecdh_lasting(struct berth_keystore *ks, const char *name,
					   const struct berth_pubkey *theirs, uint8_t *z, size_t *z_len)
{
	enum berth_err rc = may_agree(ks, name, theirs);

	*z_len = 0;
	if (rc)
		return rc;
	return (ks->ops->ecdh_lasting ? ks->ops->ecdh_lasting : ks->ops->ecdh)(ks, name, theirs, z, z_len);
}

static enum berth_err check_label(const char *label, size_t len)
{
	size_t n = strnlen(label, LABEL_MAX + 1);

	if (n == 0 || n > LABEL_MAX)
		return berth_fail(BERTH_E_SIZE, "record label: 1 to %d bytes", LABEL_MAX);
	if (len > RECORD_MAX)
		return berth_fail(BERTH_E_SIZE, "record: %zu bytes, at most %zu", len, RECORD_MAX);
	return BERTH_OK;
}

enum berth_err berth_keystore_seal(struct berth_keystore *ks, const char *label, int64_t epoch,
				   const void *pt, size_t len, struct berth_buf *box)
{
	uint8_t kek[32];
	enum berth_err rc = check_label(label, len);

	if (rc)
		return rc;
	if (epoch < 0)
		epoch = -1;
	rc = ks->ops->kek(ks, epoch, kek);
	if (rc == BERTH_E_DECRYPT)
		rc = berth_fail(BERTH_E_KEYSTORE, "epoch %lld is not the current one", (long long)epoch);
	if (!rc)
		rc = berth_record_seal(kek, label, epoch, pt, len, box);
	berth_wipe(kek, sizeof(kek));
	return rc;
}

enum berth_err berth_keystore_unseal(struct berth_keystore *ks, const char *label, int64_t epoch,
				     const void *box, size_t len, struct berth_buf *pt)
{
	uint8_t kek[32];
	enum berth_err rc = check_label(label, 0);

	if (rc)
		return rc;
	if (epoch < 0)
		epoch = -1;
	if (!(rc = ks->ops->kek(ks, epoch, kek)))
		rc = berth_record_open(kek, label, epoch, box, len, pt);
	berth_wipe(kek, sizeof(kek));
	return rc;
}

enum berth_err berth_keystore_counter_read(struct berth_keystore *ks, enum berth_counter c,
					   uint64_t *value, bool *protected_)
{
	*value = 0;
	*protected_ = false;
	return ks->ops->counter_read(ks, c, value, protected_);
}

enum berth_err berth_keystore_counter_step(struct berth_keystore *ks, enum berth_counter c,
					   uint64_t *value)
{
	*value = 0;
	return ks->ops->counter_step(ks, c, value);
}

enum berth_keystore_state berth_keystore_state(struct berth_keystore *ks)
{
	return ks->ops->state ? ks->ops->state(ks) : BERTH_KEYSTORE_FINE;
}
