/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-LD to statements: each of them must be one that N-Quads can write, and that
 * reads back as itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/json.h"
#include "tests/fakes/nquads.h"
#include "vc/jsonld/jsonld.h"
#include "vc/rdf/rdfc.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void read_back(const struct berth_buf *text)
{
	struct berth_buf again = BERTH_BUF_INIT;
	struct berth_rdf d;

	berth_rdf_init(&d);
	if (test_nquads_parse(&d, berth_buf_cstr(text), text->len) || berth_rdfc(&again, NULL, &d, BERTH_RDFC_SHA256) ||
	    again.len != text->len || (again.len && memcmp(again.p, text->p, again.len)))
		abort();
	berth_rdf_free(&d);
	berth_buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *document;
	struct berth_rdf d;
	enum berth_err rc;

	if (berth_json_parse_exact(&document, (const char *)p, n, BERTH_JSON_MAX))
		return 0;
	const struct berth_jsonld_input in = { .object = document, .edited = "proof" };

	berth_rdf_init(&d);
	if (!(rc = berth_jsonld_to_rdf(&d, &in)) && !(rc = berth_rdfc(&text, NULL, &d, BERTH_RDFC_SHA256)))
		read_back(&text);
	if (rc && rc != BERTH_E_VC && rc != BERTH_E_SIZE)
		abort();
	berth_buf_free(&text);
	berth_rdf_free(&d);
	berth_json_free(document);
	return 0;
}
