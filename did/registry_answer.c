/* SPDX-License-Identifier: Apache-2.0 */
#include "did/registry_answer.h"

#include <string.h>

#include "did/base/json.h"

const struct berth_registry_piece *
berth_registry_piece(const struct berth_registry_evidence *e, const char *name)
{
	for (size_t i = 0; i < e->n; i++)
		if (strcmp(e->pieces[i].name, name) == 0)
			return &e->pieces[i];
	return NULL;
}

void berth_registry_result_free(struct berth_registry_result *r)
{
	berth_did_doc_free(r->doc);
	berth_json_free(r->metadata);
	*r = (struct berth_registry_result){ 0 };
}
