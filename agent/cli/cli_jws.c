/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include <string.h>

#include "agent/cli/cli_resolver.h"
#include "did/codec/base64url.h"
#include "did/crypto/sign.h"
#include "did/jose/jwk.h"
#include "did/jose/jws.h"
#include "did/verify.h"

#define TOKEN_MAX (BERTH_CLI_FILE_MAX * 2)	/* base64 of a file, a header and a signature */

/* ---- sign ---- */

static enum berth_err set_given(const struct berth_cli *c, struct berth_json *header, const char *option,
				const char *member)
{
	const char *value = berth_cli_get(c, option);

	return value ? berth_json_set_str(header, member, value) : BERTH_OK;
}

static enum berth_err sign_input(const struct berth_cli_key *k, const struct berth_buf *input,
				 uint8_t sig[BERTH_SIG_MAX], size_t *len)
{
	if (k->ks)
		return berth_keystore_sign(k->ks, k->info.name, input->p, input->len, sig, len);
	return berth_sign(sig, len, &k->priv, input->p, input->len);
}

static enum berth_err sign_payload(struct berth_cli *c, const struct berth_cli_key *k, const struct berth_buf *payload,
				   struct berth_buf *compact)
{
	struct berth_json *header = berth_json_new_object();
	const char *alg = berth_jws_alg(k->pub.type);
	uint8_t sig[BERTH_SIG_MAX];
	enum berth_err rc;
	size_t len;

	if (!alg)
		rc = berth_fail(BERTH_E_KEY, "the key cannot sign");
	else
		(void)((rc = berth_json_set_str(header, "alg", alg)) || (rc = set_given(c, header, "--kid", "kid")) ||
		       (rc = set_given(c, header, "--typ", "typ")) ||
		       (rc = berth_jws_signing_input(compact, header, berth_buf_cstr(payload), payload->len)) ||
		       (rc = sign_input(k, compact, sig, &len)));
	berth_json_free(header);
	if (rc)
		return rc;
	berth_buf_u8(compact, '.');
	berth_b64url_encode(compact, sig, len);
	return berth_buf_status(compact);
}

static enum berth_err sign(struct berth_cli *c)
{
	struct berth_buf payload = BERTH_BUF_INIT, compact = BERTH_BUF_INIT;
	struct berth_cli_key k;
	enum berth_err rc;

	if (!(rc = berth_cli_key_open(c, &k, true)) &&
	    !(rc = berth_cli_read(&payload, berth_cli_arg(c, 0), BERTH_CLI_FILE_MAX)) &&
	    !(rc = sign_payload(c, &k, &payload, &compact)))
		rc = berth_cli_print_text(berth_buf_cstr(&compact), compact.len);
	berth_cli_key_close(&k);
	berth_buf_free(&payload);
	berth_buf_free(&compact);
	return rc;
}

/* ---- verify ---- */

static enum berth_err verify_by_did(const struct berth_cli *c, const struct berth_jws *j)
{
	struct berth_cli_resolver r = { .has_dir = false };
	enum berth_err rc = berth_cli_resolver_open(&r, c);

	if (!rc)
		rc = berth_jws_verify_by_did(j, &r.top);
	berth_cli_resolver_close(&r);
	return rc;
}

/* Its JSON value as "payload", or any other bytes as "payloadB64". */
static enum berth_err set_payload(struct berth_json *o, const struct berth_buf *payload)
{
	struct berth_json *v;
	enum berth_err rc;

	rc = berth_json_parse(&v, berth_buf_cstr(payload), payload->len, TOKEN_MAX);
	if (!rc)
		return berth_json_set(o, "payload", v);
	if (rc != BERTH_E_JSON)
		return rc;
	return berth_json_set_b64url(o, "payloadB64", payload->p, payload->len);
}

static enum berth_err print_verified(struct berth_cli *c, const struct berth_jws *j)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_bool(o, "verified", true)) ||
	    (rc = berth_json_set(o, "header", berth_json_clone(j->header))) || (rc = set_payload(o, &j->payload))) {
		berth_json_free(o);
		return rc;
	}
	return berth_cli_print(c, o);
}

static enum berth_err verify(struct berth_cli *c)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_jws j = { .header = NULL };
	struct berth_cli_key k = { .ks = NULL };
	bool bare = berth_cli_has(c, "--jwk") || berth_cli_has(c, "--key-uri");
	enum berth_err rc;

	if (bare && berth_cli_has(c, "--did-docs"))
		return berth_fail(BERTH_E_USAGE, "--did-docs does not go with a key");
	if ((bare && (rc = berth_cli_key_open(c, &k, false))) ||
	    (rc = berth_cli_read_token(&text, berth_cli_arg(c, 0), TOKEN_MAX)) ||
	    (rc = berth_jws_parse(&j, berth_buf_cstr(&text), text.len, TOKEN_MAX)) ||
	    (rc = bare ? berth_jws_verify(&j, &k.pub) : verify_by_did(c, &j)))
		goto out;
	rc = print_verified(c, &j);
out:
	berth_jws_free(&j);
	berth_cli_key_close(&k);
	berth_buf_free(&text);
	return rc;
}

static const struct berth_cli_cmd cmds[] = {
	{ "sign", 0, 1, sign },
	{ "verify", 0, 1, verify },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_jws = { "jws", cmds };
