/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/wallet.h"

#include <string.h>

#include "vc/enveloped.h"
#include "vc/report.h"

static enum berth_err add_one(struct berth_wallet *w, const struct berth_json *vc)
{
	const char *token = berth_envelope_token(vc);
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (token)
		return berth_wallet_add(w, NULL, token, strlen(token));
	if (!(rc = berth_json_print(&text, vc)) && !(rc = berth_buf_status(&text)))
		rc = berth_wallet_add(w, NULL, berth_buf_cstr(&text), text.len);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_wallet_add_presented(struct berth_wallet *w, const struct berth_report *r, const char *text, size_t n)
{
	const struct berth_json *list = berth_json_get(r->credential, "verifiableCredential"), *it;
	enum berth_err rc = BERTH_OK;

	if (n && *text != '{' && memchr(text, '~', n))	/* an SD-JWT is its own presentation */
		return berth_wallet_add(w, NULL, text, n);
	it = berth_json_is(list, BERTH_JSON_OBJECT) ? list : berth_json_first(list);
	for (; it && !rc; it = it == list ? NULL : berth_json_next(it))
		rc = add_one(w, it);
	return rc;
}
