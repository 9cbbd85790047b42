/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/csr.h"

#include "did/crypto/x509_req.h"

enum berth_err berth_keystore_csr(struct berth_keystore *ks, const char *name, const char *subject,
				  const char *const *sans, size_t n_sans, struct berth_buf *der)
{
	struct berth_buf tbs = BERTH_BUF_INIT;
	struct berth_x509_req *req = NULL;
	struct berth_key_info info;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;
	enum berth_err rc;

	if (!(rc = berth_keystore_find(ks, name, &info)) &&
	    !(rc = berth_x509_req_new(&req, &info.pub, subject, sans, n_sans)) &&
	    !(rc = berth_x509_req_to_sign(req, &tbs)) &&
	    !(rc = berth_keystore_sign(ks, name, tbs.p, tbs.len, sig, &n)))
		rc = berth_x509_req_finish(req, sig, n, der);
	berth_x509_req_free(req);
	berth_buf_free(&tbs);
	return rc;
}
