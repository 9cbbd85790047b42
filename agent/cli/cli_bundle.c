/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli_bundle.h"

#include <stdlib.h>
#include <string.h>

#include "agent/cli/bundle.h"
#include "agent/cli/cli_client.h"
#include "agent/cli/cli_resolver.h"
#include "did/base/clock.h"
#include "did/codec/base64url.h"
#include "did/codec/did_text.h"
#include "did/crypto/hash.h"
#include "did/crypto/sign.h"
#include "did/jose/jwk.h"
#include "did/jose/jws.h"
#include "did/verify.h"

#define TOKEN_MAX BERTH_BUF_MAX
#define FUTURE_S 300	/* how far another clock may be ahead of ours */

/* ---- export ---- */

static enum berth_err read_serial(const struct berth_cli *c, int64_t now, int64_t *serial)
{
	const char *text = berth_cli_get(c, "--serial");
	char *end = NULL;

	*serial = text ? strtoll(text, &end, 10) : now;
	if (text && (!*text || *end || strspn(text, "0123456789") != strlen(text) || *serial < 1 || strlen(text) > 15))
		return berth_fail(BERTH_E_USAGE, "--serial: %.60s is no number of up to 15 digits", text);
	return BERTH_OK;
}

/* What was put together must be what an import takes. */
static enum berth_err print_payload(const struct berth_json *b, struct berth_buf *payload)
{
	struct berth_bundle check = { .n = 0 };
	enum berth_err rc = berth_json_print(payload, b);

	if (!rc && !(rc = berth_bundle_parse(&check, berth_buf_cstr(payload), payload->len)) && check.n == 0)
		rc = berth_fail(BERTH_E_USAGE, "export-bundle: nothing to bundle");
	berth_bundle_free(&check);
	return rc;
}

static enum berth_err sign(const struct berth_cli *c, const struct berth_cli_key *k, const struct berth_buf *payload,
			   struct berth_buf *compact)
{
	struct berth_json *header = berth_json_new_object();
	const char *alg = berth_jws_alg(k->pub.type), *kid = berth_cli_get(c, "--kid");
	uint8_t sig[BERTH_SIG_MAX];
	enum berth_err rc;
	size_t len;

	if (!alg)
		rc = berth_fail(BERTH_E_KEY, "the key cannot sign");
	else if (!(rc = berth_json_set_str(header, "alg", alg)) && !(rc = berth_json_set_str(header, "typ", BERTH_BUNDLE_TYP)) &&
		 (!kid || !(rc = berth_json_set_str(header, "kid", kid))) &&
		 !(rc = berth_jws_signing_input(compact, header, payload->p, payload->len)))
		rc = k->ks ? berth_keystore_sign(k->ks, k->info.name, compact->p, compact->len, sig, &len)
			   : berth_sign(sig, &len, &k->priv, compact->p, compact->len);
	berth_json_free(header);
	if (rc)
		return rc;
	berth_buf_u8(compact, '.');
	berth_b64url_encode(compact, sig, len);
	berth_buf_u8(compact, '\n');
	return berth_buf_status(compact);
}

static enum berth_err print_exported(const struct berth_cli *c, int64_t serial, const struct berth_json *b, size_t size)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_int(o, "serial", serial)) ||
	    (rc = berth_json_set_str(o, "issued", berth_json_str(berth_json_get(b, "issued")))) ||
	    (rc = berth_json_set_int(o, "files", (int64_t)berth_json_len(berth_json_get(b, "files")))) ||
	    (rc = berth_json_set_int(o, "bytes", (int64_t)size))) {
		berth_json_free(o);
		return rc;
	}
	return berth_cli_print(c, o);
}

enum berth_err berth_cli_export_bundle(struct berth_cli *c)
{
	struct berth_buf payload = BERTH_BUF_INIT, compact = BERTH_BUF_INIT;
	struct berth_cli_key k = { .ks = NULL };
	struct berth_json *b = NULL;
	int64_t now, serial;
	const char *out;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--out", &out)) || (rc = berth_cli_now(c, &now)))
		return rc;
	if (now < 0)
		return berth_fail(BERTH_E_CLOCK, "a bundle says when it was made");
	if ((rc = read_serial(c, now, &serial)) || (rc = berth_cli_key_open(c, &k, true)))
		goto out;
	b = berth_bundle_new(serial, now);
	if ((rc = berth_cli_bundle_collect(c, b)) || (rc = print_payload(b, &payload)) ||
	    (rc = sign(c, &k, &payload, &compact)) || (rc = berth_cli_save_bytes(out, &compact)))
		goto out;
	rc = print_exported(c, serial, b, compact.len);
out:
	berth_json_free(b);
	berth_cli_key_close(&k);
	berth_buf_free(&payload);
	berth_buf_free(&compact);
	return rc;
}

/* ---- import ---- */

static enum berth_err verify_by_did(const struct berth_cli *c, const struct berth_jws *j, const char *signer)
{
	struct berth_cli_resolver r = { .has_dir = false };
	enum berth_err rc;

	if ((rc = berth_jws_require_kid(j)))
		return rc;
	if (!berth_is_did(signer) || !berth_did_same(signer, j->kid))
		return berth_fail(BERTH_E_AUTHZ, "the bundle is signed by %.100s", j->kid);
	if (!(rc = berth_cli_resolver_open(&r, c)))
		rc = berth_jws_verify_by_did(j, &r.top);
	berth_cli_resolver_close(&r);
	return rc;
}

static enum berth_err verify_by_key(const struct berth_cli *c, const struct berth_jws *j)
{
	struct berth_cli_key k = { .ks = NULL };
	enum berth_err rc = berth_cli_key_open(c, &k, false);

	if (!rc)
		rc = berth_jws_verify(j, &k.pub);
	berth_cli_key_close(&k);
	return rc;
}

static enum berth_err verify(const struct berth_cli *c, const struct berth_jws *j)
{
	const char *signer = berth_cli_get(c, "--signer");
	bool key = berth_cli_has(c, "--jwk") || berth_cli_has(c, "--key-uri");

	if (!signer == !key)
		return berth_fail(BERTH_E_USAGE, "either --signer DID or a key says whose bundle it is");
	if (!j->typ || strcmp(j->typ, BERTH_BUNDLE_TYP) != 0)
		return berth_fail(BERTH_E_ENV, "typ %.60s, not " BERTH_BUNDLE_TYP, j->typ ? j->typ : "(none)");
	return signer ? verify_by_did(c, j, signer) : verify_by_key(c, j);
}

/* One that is from the future is not to bar all that come until then. */
static enum berth_err check_time(const struct berth_cli *c, const struct berth_bundle *b, int64_t *age_s)
{
	int64_t now;
	enum berth_err rc = berth_cli_now(c, &now);

	*age_s = rc || now < b->issued_s ? 0 : now - b->issued_s;
	if (!rc && now >= 0 && b->issued_s > now + FUTURE_S)
		rc = berth_fail(BERTH_E_EXPIRED, "the bundle was made at %s, which is to come", b->issued);
	return rc;
}

static enum berth_err print_imported(const struct berth_cli *c, const struct berth_bundle *b, bool unchanged, int64_t age_s)
{
	struct berth_json *o = berth_json_new_object(), *counts = berth_json_new_object();
	int64_t n[BERTH_BUNDLE_KINDS] = { 0 };
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < b->n; i++)
		n[b->files[i].kind]++;
	for (size_t i = 0; !rc && i < BERTH_BUNDLE_KINDS; i++)
		rc = berth_json_set_int(counts, berth_bundle_kind_name((enum berth_bundle_kind)i), n[i]);
	if (rc) {
		berth_json_free(counts);
		berth_json_free(o);
		return rc;
	}
	if ((rc = berth_json_set(o, "files", counts)) || (rc = berth_json_set_int(o, "serial", b->serial)) ||
	    (rc = berth_json_set_str(o, "issued", b->issued)) || (rc = berth_json_set_int(o, "ageSeconds", age_s)) ||
	    (rc = berth_json_set_bool(o, "unchanged", unchanged))) {
		berth_json_free(o);
		return rc;
	}
	return berth_cli_print(c, o);
}

enum berth_err berth_cli_import_bundle(struct berth_cli *c)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_jws j = { .header = NULL };
	struct berth_bundle b = { .n = 0 };
	uint8_t hash[BERTH_SHA256_LEN];
	int64_t age_s;
	const char *dir;
	bool unchanged;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--dir", &dir)) || (rc = berth_cli_read_token(&text, berth_cli_arg(c, 0), TOKEN_MAX)) ||
	    (rc = berth_jws_parse(&j, berth_buf_cstr(&text), text.len, TOKEN_MAX)) || (rc = verify(c, &j)) ||
	    (rc = berth_bundle_parse(&b, berth_buf_cstr(&j.payload), j.payload.len)) || (rc = check_time(c, &b, &age_s)))
		goto out;
	berth_sha256(hash, j.payload.p, j.payload.len);
	if (!(rc = berth_bundle_install(&b, dir, j.kid ? j.kid : "", hash, &unchanged)))
		rc = print_imported(c, &b, unchanged, age_s);
out:
	berth_bundle_free(&b);
	berth_jws_free(&j);
	berth_buf_free(&text);
	return rc;
}
