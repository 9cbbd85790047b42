/* SPDX-License-Identifier: Apache-2.0 */
/* Status lists in the documents that carry them. */
#include <string.h>

#include "vc/status_list.h"

static enum berth_err bad(const char *what)
{
	return berth_fail(BERTH_E_STATUS, "status list: %s", what);
}

/* The object with the packed text, and its member. */
static struct berth_json *holder_of(struct berth_json *document, const char **member)
{
	struct berth_json *o;

	*member = "encodedList";
	if ((o = berth_json_get_mut(document, "credentialSubject")) || berth_json_get(document, *member))
		return o ? o : document;
	*member = "lst";
	if ((o = berth_json_get_mut(document, "status_list")) || berth_json_get(document, *member))
		return o ? o : document;
	return NULL;
}

static enum berth_err read_w3c(struct berth_status_list *l, const struct berth_json *o, const char *text)
{
	if (berth_json_says(berth_json_get(o, "type"), "StatusList2021"))
		return berth_status_list_decode(l, BERTH_STATUS_2021, 1, text, strlen(text));
	if (!berth_json_says(berth_json_get(o, "type"), "BitstringStatusList"))
		return bad("of an unknown type");
	return berth_status_list_decode(l, BERTH_STATUS_BITSTRING, 1, text, strlen(text));
}

static enum berth_err read_token(struct berth_status_list *l, const struct berth_json *o, const char *text)
{
	int64_t bits;

	if (berth_json_req_int(o, "bits", 1, 8, &bits))
		return bad("bits");
	return berth_status_list_decode(l, BERTH_STATUS_TOKEN, (unsigned)bits, text, strlen(text));
}

enum berth_err berth_status_list_read(struct berth_status_list *l, const struct berth_json *document)
{
	const char *member, *text;
	/* only looked at: holder_of() is for both ways */
	const struct berth_json *o = holder_of((struct berth_json *)(uintptr_t)document, &member);

	memset(l, 0, sizeof(*l));
	text = berth_json_str(berth_json_get(o, member));
	if (!text)
		return bad("there is none");
	return *member == 'e' ? read_w3c(l, o, text) : read_token(l, o, text);
}

enum berth_err berth_status_list_write(struct berth_json *document, const struct berth_status_list *l)
{
	struct berth_buf text = BERTH_BUF_INIT;
	const char *member;
	struct berth_json *o = holder_of(document, &member);
	enum berth_err rc;

	if (!o)
		return bad("there is none");
	if (!(rc = berth_status_list_encode(&text, l)))
		rc = berth_json_set_str(o, member, berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}
