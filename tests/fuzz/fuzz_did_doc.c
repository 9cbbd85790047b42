/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/document.h"
#include "did/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Whatever was accepted has ids that find what they name. */
static void check(const struct berth_did_doc *doc)
{
	if (!berth_is_did(doc->id) || doc->n_vms > BERTH_DID_DOC_VMS_MAX || doc->n_services > BERTH_DID_DOC_SERVICES_MAX)
		abort();
	for (size_t i = 0; i < doc->n_vms; i++)
		if (!berth_did_doc_vm(doc, doc->vms[i].id))
			abort();
	for (size_t i = 0; i < doc->n_services; i++)
		(void)berth_did_doc_endpoint(doc, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_did_doc *doc;

	if (berth_did_doc_parse(&doc, (const char *)p, n, NULL) == BERTH_OK)
		check(doc);
	berth_did_doc_free(doc);
	return 0;
}
