/* SPDX-License-Identifier: Apache-2.0 */
/* A packed list in each of its spellings, a raw stream, and a document with a list. */
#include <stdlib.h>

#include "vc/status_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What was read can be read to its end, and packs and unpacks to the same. */
static void use(struct berth_status_list *l)
{
	struct berth_status_list again = { .b = NULL };
	struct berth_buf text = BERTH_BUF_INIT;
	unsigned v;

	if (berth_status_list_get(l, berth_status_list_entries(l) - 1, &v) && berth_status_list_entries(l))
		abort();
	if (!berth_status_list_get(l, berth_status_list_entries(l), &v))
		abort();
	if (l->len < 65536 && (berth_status_list_encode(&text, l) ||
			       berth_status_list_decode(&again, l->kind, l->bits, berth_buf_cstr(&text), text.len) ||
			       again.len != l->len))
		abort();
	berth_status_list_free(&again);
	berth_buf_free(&text);
	berth_status_list_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_status_list l;
	struct berth_json *doc;
	uint8_t *out;
	size_t len;

	for (int kind = BERTH_STATUS_BITSTRING; kind <= BERTH_STATUS_TOKEN; kind++)
		if (!berth_status_list_decode(&l, (enum berth_status_kind)kind, 1, (const char *)p, n))
			use(&l);
	for (int gzip = 0; gzip < 2; gzip++)
		if (!berth_status_inflate(&out, &len, p, n, gzip))
			free(out);
	if (berth_json_parse(&doc, (const char *)p, n, BERTH_STATUS_FILE_MAX))
		return 0;
	if (!berth_status_list_read(&l, doc))
		use(&l);
	berth_json_free(doc);
	return 0;
}
