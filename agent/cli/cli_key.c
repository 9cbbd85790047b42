/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include <string.h>

#include "did/base/hex.h"
#include "did/base/rand.h"
#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/crypto/x509_req.h"
#include "did/jose/jwk.h"
#include "did/jose/multikey.h"
#include "did/keystore/csr.h"
#include "did/method_key.h"

#define NONCE_LEN 32
#define PCRS 0xffu	/* 0 to 7: firmware, boot loader and their configuration */

static const struct {
	const char *name;
	enum berth_usage usage;
} usages[] = {
	{ "sign", BERTH_USAGE_SIGN }, { "agree", BERTH_USAGE_AGREE }, { "attest", BERTH_USAGE_ATTEST },
};
#define USAGES (sizeof(usages) / sizeof(usages[0]))

/* ---- what every command prints of a key ---- */

static enum berth_err set_public(struct berth_json *o, const struct berth_pubkey *pub)
{
	struct berth_buf multikey = BERTH_BUF_INIT, did = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_json_set(o, "publicJwk", berth_jwk_format(pub))) ||
	    (rc = berth_multikey_format(&multikey, pub)) || (rc = berth_did_key_create(&did, pub)) ||
	    (rc = berth_json_set_str(o, "multikey", berth_buf_cstr(&multikey))))
		goto out;
	rc = berth_json_set_str(o, "did", berth_buf_cstr(&did));
out:
	berth_buf_free(&multikey);
	berth_buf_free(&did);
	return rc;
}

static enum berth_err set_uri(struct berth_json *o, const struct berth_keystore *ks, const char *name)
{
	struct berth_buf uri = BERTH_BUF_INIT;
	enum berth_err rc = berth_keystore_key_uri(&uri, ks, name);

	if (!rc)
		rc = berth_json_set_str(o, "keyUri", berth_buf_cstr(&uri));
	berth_buf_free(&uri);
	return rc;
}

static enum berth_err set_info(struct berth_json *o, const struct berth_keystore *ks, const struct berth_key_info *info)
{
	enum berth_err rc;

	if ((rc = set_uri(o, ks, info->name)) || (rc = set_public(o, &info->pub)) ||
	    (rc = berth_json_set_str(o, "custody", berth_custody_name(info->custody))))
		return rc;
	for (size_t i = 0; i < USAGES && !rc; i++)
		if (usages[i].usage == info->usage)
			rc = berth_json_set_str(o, "use", usages[i].name);
	return rc;
}

/* ---- generate ---- */

static enum berth_err generate_stored(struct berth_cli *c, struct berth_json *o, enum berth_key_type type,
				      enum berth_usage usage)
{
	const char *uri = berth_cli_get(c, "--key-uri");
	char name[BERTH_KEY_NAME_MAX + 1];
	struct berth_keystore *ks = NULL;
	struct berth_key_info info;
	enum berth_err rc;

	if ((rc = berth_key_uri_name(name, uri)) || (rc = berth_cli_store_open(c, uri, true, &ks)))
		return rc;
	rc = berth_keystore_generate(ks, *name ? name : "key", type, usage, &info);
	if (!rc)
		rc = set_info(o, ks, &info);
	berth_keystore_close(ks);
	return rc;
}

static enum berth_err generate_in_the_clear(struct berth_json *o, enum berth_key_type type)
{
	struct berth_privkey key;
	enum berth_err rc = berth_keypair_generate(&key, type);

	if (!rc)
		(void)((rc = set_public(o, &key.pub)) ||
		       (rc = berth_json_set_str(o, "custody", berth_custody_name(BERTH_CUSTODY_SOFTWARE))) ||
		       (rc = berth_json_set(o, "privateJwk", berth_jwk_format_private(&key))));
	berth_privkey_wipe(&key);
	return rc;
}

static enum berth_err usage_of(const struct berth_cli *c, enum berth_key_type type, enum berth_usage *out)
{
	const char *use = berth_cli_get(c, "--use");

	*out = berth_key_can_sign(type) ? BERTH_USAGE_SIGN : BERTH_USAGE_AGREE;
	if (!use)
		return BERTH_OK;
	if (!berth_cli_has(c, "--key-uri"))
		return berth_fail(BERTH_E_USAGE, "--use is for --key-uri");
	for (size_t i = 0; i < USAGES; i++)
		if (!strcmp(usages[i].name, use)) {
			*out = usages[i].usage;
			return BERTH_OK;
		}
	return berth_fail(BERTH_E_USAGE, "--use: %s is none of sign, agree, attest", use);
}

static enum berth_err generate(struct berth_cli *c)
{
	enum berth_key_type type;
	struct berth_json *o;
	enum berth_usage usage;
	const char *name;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--type", &name)))
		return rc;
	type = berth_key_type_parse(name);
	if (type == BERTH_KEY_NONE)
		return berth_fail(BERTH_E_USAGE, "--type: %s is none of ed25519, x25519, p256, p384, p521, secp256k1", name);
	if ((rc = usage_of(c, type, &usage)))
		return rc;
	o = berth_json_new_object();
	rc = berth_cli_has(c, "--key-uri") ? generate_stored(c, o, type, usage) : generate_in_the_clear(o, type);
	if (!rc)
		return berth_cli_print(c, o);
	berth_json_free(o);
	return rc;
}

/* ---- list, show ---- */

static enum berth_err list(struct berth_cli *c)
{
	struct berth_json *all = berth_json_new_array(), *o;
	struct berth_keystore *ks = NULL;
	struct berth_key_info info;
	const char *uri;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--key-uri", &uri)) || (rc = berth_cli_store_open(c, uri, false, &ks)))
		goto out;
	for (size_t i = 0; i < berth_keystore_count(ks); i++) {
		o = berth_json_new_object();
		if ((rc = berth_keystore_at(ks, i, &info)) || (rc = set_info(o, ks, &info))) {
			berth_json_free(o);
			goto out;
		}
		if ((rc = berth_json_push(all, o)))
			goto out;
	}
	rc = berth_cli_print(c, all);
	all = NULL;
out:
	berth_json_free(all);
	berth_keystore_close(ks);
	return rc;
}

static enum berth_err show(struct berth_cli *c)
{
	struct berth_json *o = NULL;
	struct berth_cli_key k;
	const char *uri;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--key-uri", &uri)))
		return rc;
	rc = berth_cli_key_open(c, &k, false);
	if (!rc) {
		o = berth_json_new_object();
		rc = set_info(o, k.ks, &k.info);
	}
	if (!rc) {
		rc = berth_cli_print(c, o);
		o = NULL;
	}
	berth_json_free(o);
	berth_cli_key_close(&k);
	return rc;
}

/* ---- attest ---- */

static enum berth_err read_nonce(const struct berth_cli *c, uint8_t nonce[NONCE_LEN])
{
	const char *hex = berth_cli_get(c, "--nonce");

	if (!hex) {
		berth_random(nonce, NONCE_LEN);
		return BERTH_OK;
	}
	memset(nonce, 0, NONCE_LEN);
	for (size_t i = 0; i < 2 * NONCE_LEN; i++) {
		int digit = berth_hex_digit(hex[i]);

		if (digit < 0)
			return berth_fail(BERTH_E_USAGE, "--nonce: not %d bytes in hex", NONCE_LEN);
		nonce[i / 2] = (uint8_t)(nonce[i / 2] << 4 | digit);
	}
	return hex[2 * NONCE_LEN] ? berth_fail(BERTH_E_USAGE, "--nonce: not %d bytes in hex", NONCE_LEN) : BERTH_OK;
}

static enum berth_err set_bytes(struct berth_json *o, const char *key, const void *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_b64url_encode(&text, p, n);
	rc = berth_buf_status(&text);
	if (!rc)
		rc = berth_json_set_str(o, key, berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}

/* The store's attestation key, made at the first call. */
static enum berth_err attestation_key(struct berth_keystore *ks, struct berth_key_info *ak)
{
	enum berth_err rc;

	for (size_t i = 0; i < berth_keystore_count(ks); i++)
		if ((rc = berth_keystore_at(ks, i, ak)) || ak->usage == BERTH_USAGE_ATTEST)
			return rc;
	return berth_keystore_generate(ks, "ak", BERTH_KEY_P256, BERTH_USAGE_ATTEST, ak);
}

static enum berth_err set_area(struct berth_json *o, const char *key, struct berth_keystore *ks, const char *name)
{
	struct berth_buf area = BERTH_BUF_INIT;
	enum berth_err rc = berth_keystore_public_area(ks, name, &area);

	if (!rc)
		rc = set_bytes(o, key, area.p, area.len);
	berth_buf_free(&area);
	return rc;
}

static enum berth_err set_ek(struct berth_json *o, struct berth_keystore *ks)
{
	struct berth_buf cert = BERTH_BUF_INIT, pub = BERTH_BUF_INIT;
	enum berth_err rc = berth_keystore_ek(ks, &cert, &pub);

	if (!rc)
		rc = set_bytes(o, "ekPublic", pub.p, pub.len);
	if (!rc && cert.len)
		rc = set_bytes(o, "ekCertificate", cert.p, cert.len);
	berth_buf_free(&cert);
	berth_buf_free(&pub);
	return rc;
}

/* Takes the evidence {"attest", "signature"} of one kind. */
static enum berth_err set_evidence(struct berth_json *o, const char *key, const struct berth_buf *attest,
				   const struct berth_buf *sig)
{
	struct berth_json *e = berth_json_new_object();
	enum berth_err rc;

	if ((rc = set_bytes(e, "attest", attest->p, attest->len)) || (rc = set_bytes(e, "signature", sig->p, sig->len))) {
		berth_json_free(e);
		return rc;
	}
	return berth_json_set(o, key, e);
}

static enum berth_err set_proofs(struct berth_json *o, struct berth_keystore *ks, const char *name, const char *ak,
				 const uint8_t nonce[NONCE_LEN])
{
	struct berth_buf attest = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_keystore_certify(ks, name, ak, nonce, &attest, &sig)) ||
	    (rc = set_evidence(o, "certify", &attest, &sig)))
		goto out;
	berth_buf_reset(&attest);
	berth_buf_reset(&sig);
	if (!(rc = berth_keystore_quote(ks, ak, PCRS, nonce, &attest, &sig)))
		rc = set_evidence(o, "quote", &attest, &sig);
out:
	berth_buf_free(&attest);
	berth_buf_free(&sig);
	return rc;
}

static enum berth_err attest(struct berth_cli *c)
{
	struct berth_json *o = berth_json_new_object();
	struct berth_cli_key k = { .ks = NULL };
	uint8_t nonce[NONCE_LEN];
	struct berth_key_info ak;
	const char *uri;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--key-uri", &uri)) || (rc = read_nonce(c, nonce)) ||
	    (rc = berth_cli_key_open(c, &k, false)) || (rc = set_info(o, k.ks, &k.info)) || (rc = set_ek(o, k.ks)) ||
	    (rc = attestation_key(k.ks, &ak)) || (rc = set_bytes(o, "nonce", nonce, sizeof(nonce))) ||
	    (rc = set_area(o, "keyPublic", k.ks, k.info.name)) || (rc = set_area(o, "akPublic", k.ks, ak.name)) ||
	    (rc = set_proofs(o, k.ks, k.info.name, ak.name, nonce)))
		goto out;
	rc = berth_cli_print(c, o);
	o = NULL;
out:
	berth_json_free(o);
	berth_cli_key_close(&k);
	return rc;
}

/* ---- csr ---- */

static enum berth_err print_request(const struct berth_cli *c, const struct berth_buf *der)
{
	struct berth_buf pem = BERTH_BUF_INIT;
	enum berth_err rc;

	if (berth_cli_has(c, "--der"))
		return berth_cli_write(der->p, der->len);
	if (!(rc = berth_pem_write(&pem, "CERTIFICATE REQUEST", der->p, der->len)))
		rc = berth_cli_write(pem.p, pem.len);
	berth_buf_free(&pem);
	return rc;
}

static enum berth_err csr(struct berth_cli *c)
{
	const char *uri, *subject, *sans[BERTH_CLI_VALUES_MAX];
	struct berth_buf der = BERTH_BUF_INIT;
	struct berth_cli_key k = { .ks = NULL };
	size_t n = 0;
	enum berth_err rc;

	while ((sans[n] = berth_cli_nth(c, "--san", n)))
		n++;
	if (!(rc = berth_cli_need(c, "--key-uri", &uri)) && !(rc = berth_cli_need(c, "--subject", &subject)) &&
	    !(rc = berth_cli_key_open(c, &k, false)) &&
	    !(rc = berth_keystore_csr(k.ks, k.info.name, subject, sans, n, &der)))
		rc = print_request(c, &der);
	berth_cli_key_close(&k);
	berth_buf_free(&der);
	return rc;
}

#define STORE_OPTS \
	{ "--key-uri", BERTH_CLI_ONE, "URI", "soft:PATH#NAME or tpm2:NAME?dir=DIR" }, \
	{ "--passphrase-file", BERTH_CLI_ONE, "FILE", "opens soft: (default: $BERTH_PASSPHRASE_FILE)" }

static const struct berth_cli_opt generate_opts[] = {
	{ "--type", BERTH_CLI_ONE, "TYPE", "ed25519, x25519, p256, p384, p521, secp256k1" },
	{ "--use", BERTH_CLI_ONE, "USE", "sign, agree or attest (default: sign if the type can)" },
	STORE_OPTS,
	{ .name = NULL },
};

static const struct berth_cli_opt store_opts[] = { STORE_OPTS, { .name = NULL } };

static const struct berth_cli_opt attest_opts[] = {
	{ "--nonce", BERTH_CLI_ONE, "HEX", "32 bytes of the verifier (default: random)" },
	STORE_OPTS,
	{ .name = NULL },
};

static const struct berth_cli_opt csr_opts[] = {
	{ "--subject", BERTH_CLI_ONE, "NAME", "/CN=gw1/O=Example; of C, CN, L, O, OU, ST, serialNumber" },
	{ "--san", BERTH_CLI_MANY, "NAME", "a URI (a DID) or a DNS name" },
	{ "--der", BERTH_CLI_FLAG, NULL, "DER in place of PEM" },
	STORE_OPTS,
	{ .name = NULL },
};

static const struct berth_cli_cmd cmds[] = {
	{ "generate", "", "make a key; without --key-uri print its private JWK", generate_opts, 0, 0, generate,
	  "  berth key generate --type ed25519\n"
	  "  berth key generate --type p256 --key-uri 'tpm2:device?dir=/var/lib/berth/keys'\n"
	  "  berth key generate --type x25519 --key-uri soft:keys.bin#agreement --passphrase-file pw\n" },
	{ "list", "", "list the keys of a store", store_opts, 0, 0, list,
	  "  berth key list --key-uri soft:keys.bin --passphrase-file pw\n" },
	{ "show", "", "show one key of a store", store_opts, 0, 0, show,
	  "  berth key show --key-uri 'tpm2:device?dir=/var/lib/berth/keys' --pretty\n" },
	{ "attest", "", "show that a key lives in a TPM (certify and quote)", attest_opts, 0, 0, attest,
	  "  berth key attest --key-uri 'tpm2:device?dir=/var/lib/berth/keys' --nonce $(openssl rand -hex 32)\n" },
	{ "csr", "", "ask a CA for a certificate of a key (PKCS#10)", csr_opts, 0, 0, csr,
	  "  berth key csr --key-uri 'tpm2:device?dir=/var/lib/berth/keys' --subject /CN=gw1/O=Example --san gw1.example\n" },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_key = { "key", "keys and key stores", cmds };
