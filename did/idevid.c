/* SPDX-License-Identifier: Apache-2.0 */
#include "did/idevid.h"

#include <stdlib.h>
#include <string.h>

#include "did/codec/base64url.h"
#include "did/codec/jcs.h"
#include "did/crypto/keypair.h"
#include "did/url.h"
#include "did/verify.h"

#define INNER_MAX ((size_t)24 << 10)	/* a long DID, a kid-less header, a signature */
#define MEMBERS 7
#define INNER_MEMBERS 3

/* ---- making ---- */

static enum berth_err push_cert(struct berth_json *certs, const struct berth_x509 *cert)
{
	size_t n;
	const uint8_t *der = berth_x509_der(cert, &n);

	return berth_json_push_b64url(certs, der, n);
}

static enum berth_err set_certs(struct berth_json *o, const struct berth_x509_chain *c)
{
	struct berth_json *certs = berth_json_new_array();
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < c->n && !rc; i++)
		rc = push_cert(certs, c->at[i]);
	if (!rc)
		return berth_json_set(o, "certs", certs);
	berth_json_free(certs);
	return rc;
}

/* The payload as JCS, signed. */
static enum berth_err sign(struct berth_buf *compact, struct berth_keyring *kr, const char *kid,
			   enum berth_purpose purpose, const struct berth_json *payload)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_jcs(&text, payload)))
		rc = berth_keyring_sign_compact(kr, kid, purpose, text.p, text.len, compact);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err sign_inner(struct berth_buf *compact, struct berth_keyring *kr, const char *device_kid,
				 const char *did, const uint8_t hash[32])
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_int(o, "v", 1)) && !(rc = berth_json_set_str(o, "did", did)) &&
	    !(rc = berth_json_set_b64url(o, "certHash", hash, 32)))
		rc = sign(compact, kr, device_kid, BERTH_SIGN_IDEVID_KEY, o);
	berth_json_free(o);
	return rc;
}

static enum berth_err set_payload(struct berth_json *o, const char *did, const uint8_t hash[32],
				  const struct berth_x509_chain *certs, const char *inner)
{
	char serial[2 * BERTH_X509_SERIAL_MAX + 1], device_serial[BERTH_X509_NAME_MAX + 1];
	enum berth_err rc;

	berth_x509_serial(serial, certs->at[0]);
	if ((rc = berth_x509_subject_serial(device_serial, certs->at[0])) ||
	    (rc = berth_json_set_int(o, "v", 1)) || (rc = berth_json_set_str(o, "iss", did)) ||
	    (rc = berth_json_set_b64url(o, "certHash", hash, 32)) || (rc = berth_json_set_str(o, "serial", serial)) ||
	    (rc = berth_json_set_str(o, "deviceSerial", device_serial)) || (rc = set_certs(o, certs)))
		return rc;
	return berth_json_set_str(o, "idevid", inner);
}

static enum berth_err check_device_key(struct berth_keyring *kr, const char *device_kid, const struct berth_x509 *cert)
{
	struct berth_pubkey certified, mine;
	enum berth_err rc;

	if ((rc = berth_x509_check_device(cert)) || (rc = berth_x509_pubkey(&certified, cert)) ||
	    (rc = kr->ops->find(kr, device_kid, &mine)))
		return rc;
	return berth_pubkey_equal(&certified, &mine) ? BERTH_OK
		: berth_fail(BERTH_E_KEY, "the certificate is for another key");
}

/* The DID of a kid: what stands before the fragment. */
static enum berth_err did_of(struct berth_buf *did, const char *kid)
{
	if (!berth_is_kid(kid))
		return berth_fail(BERTH_E_ENV, "kid is not an absolute DID URL with a fragment");
	berth_buf_put(did, kid, strcspn(kid, "#?/"));
	return berth_buf_status(did);
}

enum berth_err berth_idevid_make(struct berth_buf *compact, struct berth_keyring *kr, const char *kid,
				 const char *device_kid, const struct berth_x509_chain *certs)
{
	struct berth_buf did = BERTH_BUF_INIT, inner = BERTH_BUF_INIT;
	struct berth_json *o = berth_json_new_object();
	uint8_t hash[32];
	enum berth_err rc;

	if (certs->n == 0) {
		rc = berth_fail(BERTH_E_TYPE, "no certificate");
		goto out;
	}
	berth_x509_sha256(hash, certs->at[0]);
	if ((rc = did_of(&did, kid)) || (rc = check_device_key(kr, device_kid, certs->at[0])) ||
	    (rc = sign_inner(&inner, kr, device_kid, berth_buf_cstr(&did), hash)) ||
	    (rc = set_payload(o, berth_buf_cstr(&did), hash, certs, berth_buf_cstr(&inner))))
		goto out;
	rc = sign(compact, kr, kid, BERTH_SIGN_IDEVID, o);
out:
	berth_buf_free(&did);
	berth_buf_free(&inner);
	berth_json_free(o);
	return rc;
}

/* ---- taking apart ---- */

static enum berth_err check_typ(const struct berth_jws *j, enum berth_purpose purpose)
{
	const char *want = berth_purpose_typ(purpose);

	return j->typ && strcmp(j->typ, want) == 0 ? BERTH_OK
		: berth_fail(BERTH_E_ENV, "typ is not %s", want);
}

static enum berth_err read_object(struct berth_json **o, const struct berth_jws *j, size_t members)
{
	int64_t v;
	enum berth_err rc;

	if ((rc = berth_json_parse_object(o, berth_buf_cstr(&j->payload), j->payload.len, BERTH_IDEVID_MAX)) ||
	    (rc = berth_json_req_int(*o, "v", 1, 1, &v)))
		return rc;
	return berth_json_len(*o) == members ? BERTH_OK
		: berth_fail(BERTH_E_TYPE, "IDevID: %zu members, not %zu", berth_json_len(*o), members);
}

static enum berth_err read_hash(uint8_t hash[32], const struct berth_json *o)
{
	const char *text;
	enum berth_err rc = berth_json_req_str(o, "certHash", 64, &text);

	return rc ? rc : berth_b64url_decode_fixed(hash, 32, text, strlen(text));
}

static enum berth_err read_cert(struct berth_idevid *i, const struct berth_json *v)
{
	struct berth_buf der = BERTH_BUF_INIT;
	const char *text = berth_json_str(v);
	enum berth_err rc;

	if (!text)
		return berth_fail(BERTH_E_TYPE, "IDevID: a certificate is no string");
	if (strlen(text) > BERTH_X509_MAX * 4 / 3 + 2)
		return berth_fail(BERTH_E_SIZE, "IDevID: a certificate of %zu characters", strlen(text));
	if (!(rc = berth_b64url_decode(&der, text, strlen(text))))
		rc = berth_x509_chain_add(&i->certs, der.p, der.len);
	berth_buf_free(&der);
	return rc;
}

static enum berth_err read_certs(struct berth_idevid *i, const struct berth_json *o)
{
	const struct berth_json *certs = berth_json_get(o, "certs");
	enum berth_err rc;

	if (!berth_json_is(certs, BERTH_JSON_ARRAY) || berth_json_len(certs) == 0)
		return berth_fail(BERTH_E_TYPE, "IDevID: no certs");
	berth_json_each(v, certs)
		if ((rc = read_cert(i, v)))
			return rc;
	berth_x509_sha256(i->cert_hash, i->certs.at[0]);
	berth_x509_serial(i->serial, i->certs.at[0]);
	return berth_x509_subject_serial(i->device_serial, i->certs.at[0]);
}

static enum berth_err compare_hash(const struct berth_idevid *i, const struct berth_json *o)
{
	uint8_t hash[32];
	enum berth_err rc = read_hash(hash, o);

	if (rc)
		return rc;
	return memcmp(hash, i->cert_hash, 32) == 0 ? BERTH_OK
		: berth_fail(BERTH_E_AUTHZ, "IDevID: certHash is another certificate's");
}

/* What the payload says of the certificate is what stands in it. */
static enum berth_err compare_cert(const struct berth_idevid *i, const struct berth_json *o)
{
	const char *serial, *device_serial;
	enum berth_err rc;

	if ((rc = compare_hash(i, o)) || (rc = berth_json_req_str(o, "serial", sizeof(i->serial) - 1, &serial)) ||
	    (rc = berth_json_req_str(o, "deviceSerial", BERTH_X509_NAME_MAX, &device_serial)))
		return rc;
	if (strcmp(serial, i->serial) != 0 || strcmp(device_serial, i->device_serial) != 0)
		return berth_fail(BERTH_E_AUTHZ, "IDevID: serial or deviceSerial is not the certificate's");
	return BERTH_OK;
}

static enum berth_err read_did(struct berth_idevid *i, const struct berth_json *o)
{
	const char *iss;
	enum berth_err rc = berth_json_req_str(o, "iss", BERTH_DID_URL_MAX, &iss);

	if (rc)
		return rc;
	if (!berth_is_did(iss) || !berth_did_same(iss, i->outer.kid))
		return berth_fail(BERTH_E_AUTHZ, "IDevID: iss is not the DID of the key");
	i->did = strdup(iss);
	return i->did ? BERTH_OK : berth_no_memory();
}

static enum berth_err read_outer(struct berth_idevid *i, const char **inner, struct berth_json **o)
{
	enum berth_err rc;

	if ((rc = check_typ(&i->outer, BERTH_SIGN_IDEVID)) || (rc = berth_jws_require_kid(&i->outer)) ||
	    (rc = read_object(o, &i->outer, MEMBERS)) || (rc = read_did(i, *o)) || (rc = read_certs(i, *o)) ||
	    (rc = compare_cert(i, *o)))
		return rc;
	return berth_json_req_str(*o, "idevid", INNER_MAX, inner);
}

static enum berth_err read_inner(struct berth_idevid *i, const char *compact)
{
	struct berth_json *o = NULL;
	const char *did;
	enum berth_err rc;

	if ((rc = berth_jws_parse(&i->inner, compact, strlen(compact), INNER_MAX)) ||
	    (rc = check_typ(&i->inner, BERTH_SIGN_IDEVID_KEY)) || (rc = read_object(&o, &i->inner, INNER_MEMBERS)) ||
	    (rc = berth_json_req_str(o, "did", BERTH_DID_URL_MAX, &did)) || (rc = compare_hash(i, o)))
		goto out;
	if (strcmp(did, i->did) != 0)
		rc = berth_fail(BERTH_E_AUTHZ, "IDevID: the device's key names another DID");
out:
	berth_json_free(o);
	return rc;
}

enum berth_err berth_idevid_parse(struct berth_idevid *out, const char *compact, size_t n)
{
	struct berth_json *o = NULL;
	const char *inner;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!(rc = berth_jws_parse(&out->outer, compact, n, BERTH_IDEVID_MAX)) && !(rc = read_outer(out, &inner, &o)))
		rc = read_inner(out, inner);
	berth_json_free(o);
	if (rc)
		berth_idevid_free(out);
	return rc;
}

void berth_idevid_free(struct berth_idevid *i)
{
	berth_jws_free(&i->outer);
	berth_jws_free(&i->inner);
	berth_x509_chain_free(&i->certs);
	free(i->did);
	memset(i, 0, sizeof(*i));
}

/* ---- verifying ---- */

enum berth_err berth_idevid_verify(const struct berth_idevid *i, struct berth_resolver *resolver, const char *roots_pem,
				   int64_t now_s)
{
	struct berth_pubkey key;
	enum berth_err rc;

	if ((rc = berth_jws_verify_by_did(&i->outer, resolver)) || (rc = berth_x509_pubkey(&key, i->certs.at[0])) ||
	    (rc = berth_jws_verify(&i->inner, &key)) || (rc = berth_x509_check_device(i->certs.at[0])))
		return rc;
	return berth_x509_check_chain(&i->certs, roots_pem, now_s);
}
