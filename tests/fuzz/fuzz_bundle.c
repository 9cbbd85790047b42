/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a bundle, as it is before anybody knows that it was signed by us. */
#include <stdlib.h>
#include <string.h>

#include "agent/cli/bundle.h"
#include "did/codec/did_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What is read can be made again. */
static void check_files(const struct berth_bundle *b)
{
	struct berth_json *again = berth_bundle_new(b->serial, b->issued_s);

	for (size_t i = 0; i < b->n; i++) {
		const struct berth_bundle_file *f = &b->files[i];

		if (f->kind != BERTH_BUNDLE_RESOURCE && (!berth_is_did(f->id) || *f->content_type))
			abort();
		if (f->content.len == 0 || berth_bundle_add(again, f->kind, f->id, *f->content_type ? f->content_type : NULL,
							    f->content.p, f->content.len))
			abort();
	}
	berth_json_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_bundle b;

	if (berth_bundle_parse(&b, p, n) == BERTH_OK)
		check_files(&b);
	else if (b.n || b.files || b.tree)
		abort();
	berth_bundle_free(&b);
	return 0;
}
