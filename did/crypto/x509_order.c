/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/x509_order.h"

#include <string.h>

#include "did/crypto/x509_issue.h"

enum berth_err berth_x509_order_check(const struct berth_x509_order *o)
{
	if (o->kind < BERTH_X509_REQUEST || o->kind >= BERTH_X509_KIND__END)
		return berth_fail(BERTH_E_TYPE, "X.509: nothing of kind %d is signed", (int)o->kind);
	if (strlen(o->subject ? o->subject : "") > BERTH_X509_SUBJECT_MAX || o->n_sans > BERTH_X509_ORDER_SANS_MAX ||
	    o->ca_len > BERTH_X509_MAX)
		return berth_fail(BERTH_E_SIZE, "X.509: subject, names or CA too long");
	for (size_t i = 0; i < o->n_sans; i++)
		if (strlen(o->sans[i]) > BERTH_X509_SAN_MAX)
			return berth_fail(BERTH_E_SIZE, "X.509: a name of more than %d bytes", BERTH_X509_SAN_MAX);
	if (o->kind == BERTH_X509_TLS && o->len != 32 && o->len != 48)
		return berth_fail(BERTH_E_TYPE, "TLS: a hash of %zu octets", o->len);
	if (o->kind == BERTH_X509_ISSUE && o->len > BERTH_X509_SAN_MAX)
		return berth_fail(BERTH_E_SIZE, "X.509: a URI of more than %d bytes", BERTH_X509_SAN_MAX);
	if (o->kind != BERTH_X509_TLS && o->kind != BERTH_X509_ISSUE &&
	    (o->len % BERTH_X509_REVOKED_LEN || o->len / BERTH_X509_REVOKED_LEN > BERTH_X509_REVOKED_MAX))
		return berth_fail(BERTH_E_SIZE, "CRL: %zu octets", o->len);
	return BERTH_OK;
}

static enum berth_err request(struct berth_buf *out, const struct berth_x509_order *o, const struct berth_pubkey *key,
			      berth_x509_sign_fn *sign, void *arg)
{
	struct berth_buf tbs = BERTH_BUF_INIT;
	struct berth_x509_req *req = NULL;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;
	enum berth_err rc;

	if (!(rc = berth_x509_req_new(&req, key, o->subject ? o->subject : "", o->sans, o->n_sans)) &&
	    !(rc = berth_x509_req_to_sign(req, &tbs)) && !(rc = sign(arg, tbs.p, tbs.len, sig, &n)))
		rc = berth_x509_req_finish(req, sig, n, out);
	berth_x509_req_free(req);
	berth_buf_free(&tbs);
	return rc;
}

/* RFC 8446 4.4.3: 64 spaces, the context, a zero, the transcript's hash.  No JWS, DER or
 * structure of a TPM begins like that. */
static enum berth_err tls(struct berth_buf *out, const struct berth_x509_order *o, const struct berth_pubkey *key,
			  berth_x509_sign_fn *sign, void *arg)
{
	const char *context = o->server ? "TLS 1.3, server CertificateVerify" : "TLS 1.3, client CertificateVerify";
	struct berth_buf msg = BERTH_BUF_INIT;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;
	enum berth_err rc;

	berth_buf_printf(&msg, "%64s%s", "", context);
	berth_buf_u8(&msg, 0);
	berth_buf_put(&msg, o->data, o->len);
	if (!(rc = berth_buf_status(&msg)) && !(rc = berth_x509_sign(key, sign, arg, msg.p, msg.len, sig, &n)))
		rc = berth_x509_encode(out, key->type, sig, n);
	berth_buf_free(&msg);
	return rc;
}

enum berth_err berth_x509_make(struct berth_buf *out, const struct berth_x509_order *o, const struct berth_pubkey *key,
			       berth_x509_sign_fn *sign, void *arg)
{
	enum berth_err rc = berth_x509_order_check(o);

	if (rc)
		return rc;
	switch (o->kind) {
	case BERTH_X509_REQUEST:
		return request(out, o, key, sign, arg);
	case BERTH_X509_TLS:
		return tls(out, o, key, sign, arg);
	case BERTH_X509_CRL:
		return berth_x509_crl(out, o, key, sign, arg);
	default:
		return berth_x509_issue(out, o, key, sign, arg);
	}
}
