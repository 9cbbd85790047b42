/* SPDX-License-Identifier: Apache-2.0 */
#include "did/verify.h"

#include <string.h>

static enum berth_err verify(const struct berth_jws *j, const struct berth_did_doc *doc)
{
	const struct berth_vm *vm;
	enum berth_err rc = berth_did_doc_key(doc, j->kid, BERTH_REL_ASSERTION, &vm);

	if (rc == BERTH_E_KEY)
		rc = berth_did_doc_key(doc, j->kid, BERTH_REL_AUTHENTICATION, &vm);
	return rc ? rc : berth_jws_verify(j, &vm->key);
}

enum berth_err berth_jws_verify_by_did(const struct berth_jws *j, struct berth_resolver *resolver)
{
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_did_doc *doc = NULL;
	enum berth_err rc;

	if ((rc = berth_jws_require_kid(j)))
		return rc;
	berth_buf_put(&did, j->kid, strcspn(j->kid, "#?/"));
	if (!(rc = berth_buf_status(&did)) && !(rc = berth_resolve(resolver, berth_buf_cstr(&did), &doc)))
		rc = verify(j, doc);
	berth_buf_free(&did);
	berth_did_doc_free(doc);
	return rc;
}
