/* SPDX-License-Identifier: Apache-2.0 */
/* An invitation as text: found in a URL, checked, and put into one. */
#include "agent/protocol/oob.h"

#include <string.h>

#include "did/url.h"

/* The value of that query parameter; NULL: there is none. */
static const char *parameter(const char *url, size_t n, const char *name, size_t *len)
{
	const char *end = url + n, *p = memchr(url, '?', n);
	size_t k = strlen(name);

	while (p && ++p < end) {
		const char *stop = p;

		while (stop < end && *stop != '&' && *stop != '#')
			stop++;
		if ((size_t)(stop - p) > k && memcmp(p, name, k) == 0 && p[k] == '=') {
			*len = (size_t)(stop - p) - k - 1;
			return p + k + 1;
		}
		p = stop < end && *stop == '&' ? stop : NULL;
	}
	return NULL;
}

static enum berth_err from_url(struct berth_buf *json, const char *url, size_t n)
{
	size_t len = 0;
	const char *value = parameter(url, n, "_oob", &len);

	if (!value && parameter(url, n, "_oobid", &len))
		return berth_fail(BERTH_E_TYPE, "invitation: a shortened URL, which is not fetched; open it in a browser");
	if (!value)
		return berth_fail(BERTH_E_TYPE, "invitation: a URL without _oob");
	return berth_b64url_decode(json, value, len);
}

/* Media types of DIDComm v2, the second by the name that its envelopes had before. */
static bool takes_v2(const struct berth_json *accept)
{
	static const char *const known[] = { "didcomm/v2", "didcomm/aip2;env=rfc587" };

	berth_json_each(a, accept)
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (berth_json_str(a) && strcmp(berth_json_str(a), known[i]) == 0)
				return true;
	return berth_json_len(accept) == 0;
}

static enum berth_err check(struct berth_oob *i)
{
	const struct berth_json *accept = NULL;
	enum berth_err rc;

	if (strcmp(i->msg.type, BERTH_PIURI_OOB "invitation") != 0)
		return berth_fail(BERTH_E_TYPE, "invitation: type %.120s", i->msg.type);
	if (!i->msg.from || !berth_is_did(i->msg.from))
		return berth_fail(BERTH_E_TYPE, "invitation: no from");
	if ((rc = berth_json_opt_str(i->msg.body, "goal", BERTH_OOB_GOAL_MAX, &i->goal)) ||
	    (rc = berth_json_opt_str(i->msg.body, "goal_code", BERTH_OOB_GOAL_MAX, &i->goal_code)) ||
	    (rc = berth_json_opt_arr(i->msg.body, "accept", BERTH_OOB_ACCEPT_MAX, &accept)))
		return rc;
	return takes_v2(accept) ? BERTH_OK : berth_fail(BERTH_E_TYPE, "invitation: its sender takes no DIDComm v2");
}

enum berth_err berth_oob_parse(struct berth_oob *out, const char *text, size_t n)
{
	struct berth_buf json = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;

	*out = (struct berth_oob){ 0 };
	while (n && strchr(" \t\r\n", text[n - 1]))
		n--;
	if (n > BERTH_OOB_TEXT_MAX)
		return berth_fail(BERTH_E_SIZE, "invitation of %zu bytes", n);
	if (n && text[0] != '{')
		rc = from_url(&json, text, n);
	else
		berth_buf_put(&json, text, n);
	if (!rc && !(rc = berth_buf_status(&json)) &&
	    !(rc = berth_message_parse(&out->msg, berth_buf_cstr(&json), json.len)) && (rc = check(out)))
		berth_oob_free(out);
	berth_buf_free(&json);
	return rc;
}

void berth_oob_free(struct berth_oob *i)
{
	berth_message_free(&i->msg);
	*i = (struct berth_oob){ 0 };
}

enum berth_err berth_oob_url(struct berth_buf *out, const char *base, const struct berth_json *invitation)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = berth_json_print(&text, invitation);

	if (!rc && !(rc = berth_buf_status(&text))) {
		berth_buf_str(out, base);
		berth_buf_str(out, strchr(base, '?') ? "&_oob=" : "?_oob=");
		berth_b64url_encode(out, text.p, text.len);
		rc = berth_buf_status(out);
	}
	berth_buf_free(&text);
	return rc;
}
