/* SPDX-License-Identifier: Apache-2.0 */
/* A record key that the TPM gives out only while the PCRs have values that a policy
 * key has signed for.  Its own policy is PolicyAuthorize(that key), PolicyAuthValue:
 * it never changes, while what was signed for may. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "did/crypto/hash.h"
#include "did/keystore/tpm2.h"

#define FILE_MAX ((size_t)BERTH_PCR_POLICIES_MAX * (BERTH_PCR_LINE_MAX + 1))

/* ---- DIR/policies ---- */
static enum berth_err read_file(const struct berth_tpm2 *t, struct berth_buf *out)
{
	char *path = NULL;
	struct stat st;
	enum berth_err rc = BERTH_OK;
	ssize_t got = 1;
	int fd;

	if (asprintf(&path, "%s/policies", t->dir) < 0)
		return berth_no_memory();
	if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) < 0 || fstat(fd, &st) != 0) {
		int e = errno;

		rc = berth_fail(BERTH_E_KEYSTORE, "%s: %s", path, strerror(e));
	} else if (!S_ISREG(st.st_mode) || (size_t)st.st_size > FILE_MAX) {
		rc = berth_fail(BERTH_E_KEYSTORE, "%s: not a file of at most %d policies", path, BERTH_PCR_POLICIES_MAX);
	}
	while (!rc && got > 0 && out->len <= FILE_MAX) {
		uint8_t *room = berth_buf_grow(out, BERTH_PCR_LINE_MAX);

		got = room ? read(fd, room, BERTH_PCR_LINE_MAX) : -1;
		out->len -= BERTH_PCR_LINE_MAX - (size_t)(got > 0 && room ? got : 0);
		if (got < 0)
			rc = berth_fail(BERTH_E_KEYSTORE, "%s: cannot be read", path);
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

/* The next line that is a policy; others are left out, for the TPM has the last word
 * about all of them.  false: there is none. */
static bool next_policy(struct berth_pcr_policy *p, const char **at, const char *end)
{
	while (*at < end) {
		const char *line = *at, *nl = memchr(line, '\n', (size_t)(end - line));

		*at = nl ? nl + 1 : end;
		if (berth_pcr_policy_parse(p, line, (size_t)((nl ? nl : end) - line)) == BERTH_OK)
			return true;
	}
	return false;
}

/* ---- the policy key and the policy that names it ---- */
static void key_area(TPM2B_PUBLIC *out, const struct berth_pubkey *key)
{
	TPMT_PUBLIC *p = &out->publicArea;
	TPMS_ECC_PARMS *e = &p->parameters.eccDetail;

	memset(out, 0, sizeof(*out));
	p->type = TPM2_ALG_ECC;
	p->nameAlg = TPM2_ALG_SHA256;
	p->objectAttributes = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_USERWITHAUTH;
	e->symmetric.algorithm = e->kdf.scheme = e->scheme.scheme = TPM2_ALG_NULL;
	e->curveID = TPM2_ECC_NIST_P256;
	p->unique.ecc.x.size = p->unique.ecc.y.size = 32;
	memcpy(p->unique.ecc.x.buffer, key->b + 1, 32);
	memcpy(p->unique.ecc.y.buffer, key->b + 33, 32);
}

static enum berth_err key_name(TPM2B_NAME *out, const struct berth_pubkey *key)
{
	struct berth_tpm2_blob area;
	TPM2B_PUBLIC pub;
	enum berth_err rc;

	key_area(&pub, key);
	out->size = BERTH_TPM2_NAME_LEN;
	if (!(rc = berth_tpm2_put_public(&area, &pub.publicArea)))
		berth_tpm2_name(out->name, &area);
	return rc;
}

static void extend(uint8_t digest[BERTH_SHA256_LEN], TPM2_CC cc, const uint8_t *p, size_t n)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_put(&b, digest, BERTH_SHA256_LEN);
	if (cc)
		berth_buf_be32(&b, cc);
	berth_buf_put(&b, p, n);
	berth_sha256(digest, b.p, b.len);
	berth_buf_free(&b);
}

/* TPM 2.0 part 3, 23.16 and 23.17. */
static enum berth_err policy_of(TPM2B_DIGEST *out, const struct berth_pubkey *key)
{
	TPM2B_NAME name;
	enum berth_err rc = key_name(&name, key);

	if (rc)
		return rc;
	*out = (TPM2B_DIGEST){ .size = BERTH_SHA256_LEN };
	extend(out->buffer, TPM2_CC_PolicyAuthorize, name.name, name.size);
	extend(out->buffer, 0, (const uint8_t *)BERTH_PCR_POLICY_REF, BERTH_PCR_POLICY_REF_LEN);
	extend(out->buffer, TPM2_CC_PolicyAuthValue, NULL, 0);
	return BERTH_OK;
}

static bool is_by(const struct berth_pcr_policy *p, const TPM2B_DIGEST *want)
{
	TPM2B_DIGEST its;

	return !want->size || (policy_of(&its, &p->key) == BERTH_OK && its.size == want->size &&
			       memcmp(its.buffer, want->buffer, its.size) == 0);
}

/* ---- a policy session that satisfies it ---- */

/* What the PCRs amount to in this session is what was signed for. */
static enum berth_err fits_now(struct berth_tpm2 *t, ESYS_TR session, const struct berth_pcr_policy *p, bool *fits)
{
	const TPML_PCR_SELECTION pcrs = { .count = 1, .pcrSelections = { { .hash = TPM2_ALG_SHA256, .sizeofSelect = 3,
		.pcrSelect = { p->mask & 0xff, p->mask >> 8 & 0xff, p->mask >> 16 & 0xff } } } };
	const TPM2B_DIGEST as_they_are = { .size = 0 };
	TPM2B_DIGEST *now = NULL;
	enum berth_err rc;

	*fits = false;
	if ((rc = berth_tpm2_rc(t, Esys_PolicyRestart(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE),
				"a policy session")) ||
	    (rc = berth_tpm2_rc(t, Esys_PolicyPCR(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
						  &as_they_are, &pcrs), "the PCRs' policy")) ||
	    (rc = berth_tpm2_rc(t, Esys_PolicyGetDigest(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
							&now), "the PCRs' policy")))
		return rc;
	*fits = now->size == sizeof(p->policy) && memcmp(now->buffer, p->policy, sizeof(p->policy)) == 0;
	Esys_Free(now);
	return BERTH_OK;
}

/* The first signed policy that fits; by: the policy it must lead to, empty: any key's;
 * mask: exactly these PCRs, 0: any.  E_KEYSTORE: none. */
static enum berth_err find(struct berth_tpm2 *t, ESYS_TR session, const TPM2B_DIGEST *by, uint32_t mask,
			   struct berth_pcr_policy *p)
{
	struct berth_buf file = BERTH_BUF_INIT;
	const char *at, *end;
	bool fits = false;
	enum berth_err rc = read_file(t, &file);

	at = (const char *)file.p;
	end = at + file.len;
	while (!rc && !fits && file.len && next_policy(p, &at, end))
		if (is_by(p, by) && (!mask || p->mask == mask))
			rc = fits_now(t, session, p, &fits);
	berth_buf_free(&file);
	if (!rc && !fits)
		rc = berth_fail(BERTH_E_KEYSTORE, "the PCRs fit no signed policy; after an update of the firmware a new one "
				"is needed (berth key policy): %s/policies, TPM %s", t->dir, t->tcti_conf);
	return rc;
}

static enum berth_err check_signature(struct berth_tpm2 *t, const struct berth_pcr_policy *p, TPMT_TK_VERIFIED **ticket)
{
	TPMT_SIGNATURE sig = { .sigAlg = TPM2_ALG_ECDSA };
	TPMS_SIGNATURE_ECC *e = &sig.signature.ecdsa;
	uint8_t message[32 + BERTH_PCR_POLICY_REF_LEN];
	TPM2B_DIGEST digest = { .size = BERTH_SHA256_LEN };
	ESYS_TR key = ESYS_TR_NONE;
	TPM2B_PUBLIC pub;
	enum berth_err rc;

	key_area(&pub, &p->key);
	berth_pcr_policy_message(message, p->policy);
	berth_sha256(digest.buffer, message, sizeof(message));
	e->hash = TPM2_ALG_SHA256;
	e->signatureR.size = e->signatureS.size = 32;
	memcpy(e->signatureR.buffer, p->sig, 32);
	memcpy(e->signatureS.buffer, p->sig + 32, 32);
	if (!(rc = berth_tpm2_rc(t, Esys_LoadExternal(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL, &pub,
						      ESYS_TR_RH_OWNER, &key), "load the policy key")))
		rc = berth_tpm2_rc(t, Esys_VerifySignature(t->esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
							   &digest, &sig, ticket), "check a policy's signature");
	berth_tpm2_flush(t, &key);
	return rc;
}

static enum berth_err authorize(struct berth_tpm2 *t, ESYS_TR session, const struct berth_pcr_policy *p)
{
	TPM2B_DIGEST approved = { .size = sizeof(p->policy) };
	TPM2B_NONCE ref = { .size = BERTH_PCR_POLICY_REF_LEN };
	TPMT_TK_VERIFIED *ticket = NULL;
	TPM2B_NAME name;
	enum berth_err rc;

	memcpy(approved.buffer, p->policy, sizeof(p->policy));
	memcpy(ref.buffer, BERTH_PCR_POLICY_REF, BERTH_PCR_POLICY_REF_LEN);
	if ((rc = key_name(&name, &p->key)) || (rc = check_signature(t, p, &ticket)) ||
	    (rc = berth_tpm2_rc(t, Esys_PolicyAuthorize(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
							&approved, &ref, &name, ticket), "a signed policy")))
		goto out;
	rc = berth_tpm2_rc(t, Esys_PolicyAuthValue(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE),
			   "a signed policy");
out:
	Esys_Free(ticket);
	return rc;
}

bool berth_tpm2_is_bound(const struct berth_tpm2_object *kek)
{
	TPM2B_PUBLIC pub;

	return berth_tpm2_get_public(&kek->pub, &pub) == BERTH_OK && pub.publicArea.authPolicy.size > 0;
}

enum berth_err berth_tpm2_open_bound(struct berth_tpm2 *t, const struct berth_tpm2_object *kek, ESYS_TR *session)
{
	struct berth_pcr_policy p;
	TPM2B_PUBLIC pub;
	enum berth_err rc;

	*session = ESYS_TR_NONE;
	if ((rc = berth_tpm2_get_public(&kek->pub, &pub)) ||
	    (rc = berth_tpm2_start_session(t, TPM2_SE_POLICY, session)) ||
	    (rc = find(t, *session, &pub.publicArea.authPolicy, 0, &p)) || (rc = authorize(t, *session, &p)) ||
	    (rc = berth_tpm2_rc(t, Esys_TRSess_SetAttributes(t->esys, *session, BERTH_TPM2_OUT |
							      TPMA_SESSION_CONTINUESESSION, 0xff),
				"a policy session")))
		berth_tpm2_flush(t, session);
	return rc;
}

/* Whose policy is there when the store is bound is the policy key from then on. */
enum berth_err berth_tpm2_bind_to(struct berth_tpm2 *t, TPM2B_DIGEST *policy)
{
	const TPM2B_DIGEST anybody = { .size = 0 };
	ESYS_TR session = ESYS_TR_NONE;
	struct berth_pcr_policy p;
	enum berth_err rc;

	if (!(rc = berth_tpm2_start_session(t, TPM2_SE_POLICY, &session)) &&
	    !(rc = find(t, session, &anybody, t->pcr_mask, &p)))
		rc = policy_of(policy, &p.key);
	berth_tpm2_flush(t, &session);
	return rc;
}
