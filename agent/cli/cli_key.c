/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"
#include "agent/cli/cli_client.h"

#include <string.h>

#include "agent/cli/cli_idevid.h"
#include "agent/cli/cli_key.h"
#include "agent/cli/cli_resolver.h"
#include "did/base/hex.h"
#include "did/base/rand.h"
#include "did/crypto/keypair.h"
#include "did/crypto/x509_req.h"
#include "did/jose/jwk.h"
#include "did/key_json.h"
#include "did/keystore/csr.h"
#include "did/keystore/file.h"
#include "did/keystore/tpm2_seal.h"

/* ---- generate ---- */

static enum berth_err generate_stored(struct berth_cli *c, struct berth_json **o, enum berth_key_type type,
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
		rc = berth_key_describe(o, ks, &info);
	berth_keystore_close(ks);
	return rc;
}

static enum berth_err generate_in_the_clear(struct berth_json **o, enum berth_key_type type)
{
	struct berth_privkey key;
	enum berth_err rc = berth_keypair_generate(&key, type);

	*o = berth_json_new_object();
	if (!rc)
		(void)((rc = berth_key_set_public(*o, &key.pub)) ||
		       (rc = berth_json_set_str(*o, "custody", berth_custody_name(BERTH_CUSTODY_SOFTWARE))) ||
		       (rc = berth_json_set(*o, "privateJwk", berth_jwk_format_private(&key))));
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
	*out = berth_usage_parse(use);
	return *out ? BERTH_OK : berth_fail(BERTH_E_USAGE, "--use: %s is none of sign, agree, attest", use);
}

static enum berth_err generate(struct berth_cli *c)
{
	enum berth_key_type type;
	struct berth_json *o = NULL;
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
	rc = berth_cli_has(c, "--key-uri") ? generate_stored(c, &o, type, usage) : generate_in_the_clear(&o, type);
	if (!rc)
		return berth_cli_print(c, o);
	berth_json_free(o);
	return rc;
}

/* ---- list, show ---- */

static enum berth_err push_keys(struct berth_json *all, struct berth_keystore *ks)
{
	struct berth_key_info info;
	struct berth_json *o;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < berth_keystore_count(ks); i++)
		if (!(rc = berth_keystore_at(ks, i, &info)) && !(rc = berth_key_describe(&o, ks, &info)))
			rc = berth_json_push(all, o);
	return rc;
}

static void put_algs(struct berth_buf *b, const struct berth_json *algs)
{
	berth_json_each(a, algs)
		berth_buf_printf(b, "%s%s", a == berth_json_first(algs) ? "" : ", ", berth_json_str(a));
}

/* The capabilities as a table for people. */
static enum berth_err print_table(const struct berth_json *o)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_printf(&b, "%-10s %-7s %-9s %-11s %s\n", "TYPE", "USE", "CUSTODY", "ATTESTABLE", "ALGORITHMS");
	berth_json_each(cap, berth_json_get(o, "capabilities")) {
		berth_buf_printf(&b, "%-10s %-7s %-9s %-11s ", berth_json_str(berth_json_get(cap, "type")),
				 berth_json_str(berth_json_get(cap, "use")), berth_json_str(berth_json_get(o, "custody")),
				 berth_json_bool(berth_json_get(o, "attestable"), false) ? "yes" : "no");
		put_algs(&b, berth_json_get(cap, "alg"));
		berth_buf_u8(&b, '\n');
	}
	if (!(rc = berth_buf_status(&b)))
		rc = berth_cli_write(b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

static enum berth_err capabilities(struct berth_cli *c, struct berth_keystore *ks)
{
	struct berth_json *o;
	enum berth_err rc = berth_keystore_describe(&o, ks);

	if (rc || !berth_cli_has(c, "--pretty"))
		return rc ? rc : berth_cli_print(c, o);
	rc = print_table(o);
	berth_json_free(o);
	return rc;
}

static enum berth_err list(struct berth_cli *c)
{
	struct berth_json *all = NULL;
	struct berth_keystore *ks = NULL;
	const char *uri;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--key-uri", &uri)) || (rc = berth_cli_store_open(c, uri, false, &ks)))
		return rc;
	if (berth_cli_has(c, "--capabilities")) {
		rc = capabilities(c, ks);
		goto out;
	}
	all = berth_json_new_array();
	if (!(rc = push_keys(all, ks))) {
		rc = berth_cli_print(c, all);
		all = NULL;
	}
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
	if (!(rc = berth_cli_key_open(c, &k, false)) && !(rc = berth_key_describe(&o, k.ks, &k.info)))
		rc = berth_cli_print(c, o);
	berth_cli_key_close(&k);
	return rc;
}

/* ---- seal-pin ---- */

static enum berth_err say_where(struct berth_cli *c, const char *path)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc = berth_json_set_str(o, "blob", path);

	if (!rc)
		return berth_cli_print(c, o);
	berth_json_free(o);
	return rc;
}

/* Whoever unseals it names the same purpose. */
static enum berth_err seal_pin(struct berth_cli *c)
{
	struct berth_buf blob = BERTH_BUF_INIT;
	struct berth_secret *secret = NULL;
	const char *in, *out;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--in", &in)) || (rc = berth_cli_need(c, "--out", &out)) ||
	    (rc = berth_passphrase_read(&secret, in)))
		return rc;
	if (!(rc = berth_tpm2_seal_blob(&blob, berth_cli_get(c, "--tcti"), BERTH_TPM2_LABEL_PIN, secret->b, secret->len)))
		rc = berth_cli_save_bytes(out, &blob);
	berth_secret_free(secret);
	berth_buf_free(&blob);
	return rc ? rc : say_where(c, out);
}

/* ---- attest ---- */

static enum berth_err read_nonce(const struct berth_cli *c, uint8_t nonce[BERTH_KEY_NONCE_LEN])
{
	const char *hex = berth_cli_get(c, "--nonce");

	if (!hex) {
		berth_random(nonce, BERTH_KEY_NONCE_LEN);
		return BERTH_OK;
	}
	memset(nonce, 0, BERTH_KEY_NONCE_LEN);
	for (size_t i = 0; i < 2 * BERTH_KEY_NONCE_LEN; i++) {
		int digit = berth_hex_digit(hex[i]);

		if (digit < 0)
			return berth_fail(BERTH_E_USAGE, "--nonce: not %d bytes in hex", BERTH_KEY_NONCE_LEN);
		nonce[i / 2] = (uint8_t)(nonce[i / 2] << 4 | digit);
	}
	return hex[2 * BERTH_KEY_NONCE_LEN] ? berth_fail(BERTH_E_USAGE, "--nonce: not %d bytes in hex", BERTH_KEY_NONCE_LEN) : BERTH_OK;
}

static enum berth_err attest(struct berth_cli *c)
{
	struct berth_json *o = NULL;
	struct berth_cli_key k = { .ks = NULL };
	uint8_t nonce[BERTH_KEY_NONCE_LEN];
	const char *uri;
	enum berth_err rc;

	if (!(rc = berth_cli_need(c, "--key-uri", &uri)) && !(rc = read_nonce(c, nonce)) &&
	    !(rc = berth_cli_key_open(c, &k, false)) && !(rc = berth_key_attest(&o, k.ks, &k.info, nonce)))
		rc = berth_cli_print(c, o);
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

static const struct berth_cli_cmd cmds[] = {
	{ "generate", 0, 0, generate },
	{ "list", 0, 0, list },
	{ "show", 0, 0, show },
	{ "attest", 0, 0, attest },
	{ "csr", 0, 0, csr },
	{ "bind-idevid", 0, 0, berth_cli_bind_idevid },
	{ "verify-idevid", 0, 1, berth_cli_verify_idevid },
	{ "policy", 0, 0, berth_cli_key_policy },
	{ "seal-pin", 0, 0, seal_pin },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_key = { "key", cmds };
