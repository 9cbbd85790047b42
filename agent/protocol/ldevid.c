/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/ldevid.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "did/crypto/x509_ldevid.h"
#include "did/crypto/x509_req.h"

#define CERT_TEXT_MAX (BERTH_X509_MAX * 4 / 3 + 2)

/* Its owner puts another subject into the certificate: this one only has to be there. */
enum berth_err berth_ldevid_request(struct berth_env *env, const struct berth_identity *op, struct berth_json *body)
{
	struct berth_x509_order o = { .kind = BERTH_X509_REQUEST, .sans = { op->did }, .n_sans = 1 };
	struct berth_buf subject = BERTH_BUF_INIT, der = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_printf(&subject, "/CN=%s", op->name);
	o.subject = berth_buf_cstr(&subject);
	if (!(rc = berth_buf_status(&subject)) && !(rc = env->keys->ops->sign_x509(env->keys, op->sign_key, &o, &der)))
		rc = berth_json_set_b64url(body, "csr", der.p, der.len);
	berth_buf_free(&subject);
	berth_buf_free(&der);
	return rc;
}

static enum berth_err read_one(struct berth_x509_chain *c, const struct berth_json *v)
{
	const char *text = berth_json_str(v);
	struct berth_buf der = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!text)
		return berth_fail(BERTH_E_TYPE, "ldevid.certs holds something else than text");
	if (strlen(text) > CERT_TEXT_MAX)
		return berth_fail(BERTH_E_SIZE, "ldevid.certs: a certificate of %zu characters", strlen(text));
	if (!(rc = berth_b64url_decode(&der, text, strlen(text))))
		rc = berth_x509_chain_add(c, der.p, der.len);
	berth_buf_free(&der);
	return rc;
}

enum berth_err berth_ldevid_describe(struct berth_json *v, const struct berth_x509 *cert)
{
	char serial[2 * BERTH_X509_SERIAL_MAX + 1];
	int64_t from, until;
	enum berth_err rc;

	berth_x509_serial(serial, cert);
	if ((rc = berth_x509_window(cert, &from, &until)) || (rc = berth_json_set_str(v, "serial", serial)))
		return rc;
	return berth_json_set_int(v, "untilS", until);
}

static enum berth_err check(struct berth_env *env, const struct berth_identity *op, const struct berth_json *certs,
			    struct berth_json *v)
{
	struct berth_x509_chain c = { .n = 0 };
	struct berth_pubkey key;
	enum berth_err rc = env->keys->keyring->ops->find(env->keys->keyring, op->sign_kid, &key);

	berth_json_each(one, certs)
		if (rc || (rc = read_one(&c, one)))
			break;
	if (!rc && !(rc = berth_x509_check_own(&c, &key, op->did)))
		rc = berth_ldevid_describe(v, c.at[0]);
	berth_x509_chain_free(&c);
	return rc;
}

enum berth_err berth_ldevid_keep(struct berth_env *env, const struct berth_identity *op, struct berth_json *to,
				 const struct berth_json *body)
{
	const struct berth_json *ldevid, *certs;
	struct berth_json *v, *copy;
	enum berth_err rc;

	berth_json_remove(to, BERTH_LDEVID);
	if (!berth_json_get(body, BERTH_LDEVID))
		return BERTH_OK;
	if ((rc = berth_json_req_obj(body, BERTH_LDEVID, &ldevid)))
		return rc;
	v = berth_json_new_object();
	if (op && berth_json_get(ldevid, "certs")) {
		if ((rc = berth_json_req_arr(ldevid, "certs", BERTH_X509_CHAIN_MAX, &certs)) || (rc = check(env, op, certs, v)))
			goto out;
		copy = berth_json_clone(certs);
		if ((rc = berth_json_set(v, "certs", copy)))
			goto out;
	}
	return berth_json_set(to, BERTH_LDEVID, v);
out:
	berth_json_free(v);
	return rc;
}

enum berth_err berth_ldevid_pem(const struct berth_json *ldevid, struct berth_buf *out)
{
	struct berth_buf der = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;

	berth_json_each(v, berth_json_get(ldevid, "certs")) {
		const char *text = berth_json_str(v);

		berth_buf_reset(&der);
		if ((rc = berth_b64url_decode(&der, text ? text : "", strlen(text ? text : ""))) ||
		    (rc = berth_pem_write(out, "CERTIFICATE", der.p, der.len)))
			break;
	}
	berth_buf_free(&der);
	return rc ? rc : berth_buf_status(out);
}
