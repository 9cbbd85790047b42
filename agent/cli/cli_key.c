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

#define STORE_OPTS \
	"--key-uri URI\tsoft:PATH#NAME, tpm2:NAME?dir=DIR or pkcs11:object=NAME?...", \
	"--passphrase-file FILE\topens soft: (default: $BERTH_PASSPHRASE_FILE)"

static const char *const generate_opts[] = {
	"--type TYPE\ted25519, x25519, p256, p384, p521, secp256k1",
	"--use USE\tsign, agree or attest (default: sign if the type can)",
	STORE_OPTS,
	NULL
};

static const char *const store_opts[] = { STORE_OPTS, NULL };

static const char *const list_opts[] = {
	"--capabilities\tnot the keys but what the store can make (--pretty: a table)",
	STORE_OPTS,
	NULL
};

static const char *const seal_pin_opts[] = {
	"--in FILE\tthe PIN, 1 to 128 bytes; mode 0600",
	"--out BLOB\twhere to write what only this TPM opens",
	"--tcti STRING\tthe TPM (default: $BERTH_TCTI, then /dev/tpmrm0)",
	NULL
};

static const char *const attest_opts[] = {
	"--nonce HEX\t32 bytes of the verifier (default: random)",
	STORE_OPTS,
	NULL
};

static const char *const csr_opts[] = {
	"--subject NAME\t/CN=gw1/O=Example; of C, CN, L, O, OU, ST, serialNumber",
	"--san NAME ...\ta URI (a DID) or a DNS name",
	"--der\tDER in place of PEM",
	STORE_OPTS,
	NULL
};

static const char *const bind_opts[] = {
	"--cert FILE\tthe device certificate, PEM (with those above it) or DER",
	"--key-uri URI\tthe certificate's key",
	"--did-key-uri URI\tthe DID's key",
	"--kid DID-URL\tthe DID's key in its document",
	"--passphrase-file FILE\topens soft: (default: $BERTH_PASSPHRASE_FILE)",
	NULL
};

static const char *const verify_idevid_opts[] = {
	"--roots FILE\tcertificates that are trusted, PEM",
	"--now RFC3339\tjudge as of then (default: the clock's)",
	BERTH_CLI_RESOLVER_OPTS,
	NULL
};

static const struct berth_cli_cmd cmds[] = {
	{ "generate", "", "make a key; without --key-uri print its private JWK", generate_opts, 0, 0, generate,
	  "  berth key generate --type ed25519\n"
	  "  berth key generate --type p256 --key-uri 'tpm2:device?dir=/var/lib/berth/keys'\n"
	  "  berth key generate --type x25519 --key-uri soft:keys.bin#agreement --passphrase-file pw\n" },
	{ "list", "", "list the keys of a store", list_opts, 0, 0, list,
	  "  berth key list --key-uri soft:keys.bin --passphrase-file pw\n"
	  "  berth key list --capabilities --pretty --key-uri 'tpm2:?dir=/var/lib/berth/keys'\n" },
	{ "show", "", "show one key of a store", store_opts, 0, 0, show,
	  "  berth key show --key-uri 'tpm2:device?dir=/var/lib/berth/keys' --pretty\n" },
	{ "attest", "", "show that a key lives in a TPM (certify and quote)", attest_opts, 0, 0, attest,
	  "  berth key attest --key-uri 'tpm2:device?dir=/var/lib/berth/keys' --nonce $(openssl rand -hex 32)\n" },
	{ "csr", "", "ask a CA for a certificate of a key (PKCS#10)", csr_opts, 0, 0, csr,
	  "  berth key csr --key-uri 'tpm2:device?dir=/var/lib/berth/keys' --subject /CN=gw1/O=Example --san gw1.example\n" },
	{ "bind-idevid", "", "bind a DID and an IEEE 802.1AR certificate to each other", bind_opts, 0, 0, berth_cli_bind_idevid,
	  "  berth key bind-idevid --cert idevid.pem --key-uri 'tpm2:idevid?dir=/var/lib/berth/keys' \\\n"
	  "    --did-key-uri 'tpm2:device?dir=/var/lib/berth/keys' --kid did:web:gw1.example#key-1\n" },
	{ "verify-idevid", "[FILE]", "check such a binding", verify_idevid_opts, 0, 1, berth_cli_verify_idevid,
	  "  berth key verify-idevid --roots maker-ca.pem --did-docs docs/ binding.jws --pretty\n" },
	{ "policy", "", "sign for values of PCRs, so that a bound TPM store opens", berth_cli_key_policy_opts, 0, 0,
	  berth_cli_key_policy,
	  "  tpm2_pcrread sha256:0,2,7 -o values\n"
	  "  berth key policy --pcrs 0,2,7 --values values --key-uri soft:policy.key >>policies\n" },
	{ "seal-pin", "", "seal a PIN so that only this TPM opens it", seal_pin_opts, 0, 0, seal_pin,
	  "  berth key seal-pin --in pin --out /var/lib/berth/pin.tpm\n" },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_key = { "key", "keys and key stores", cmds };
