/* SPDX-License-Identifier: Apache-2.0 */
/* The DID documents that implementers submitted to the W3C's DID Core test suite. */
#include "tests/check.h"

#include <dirent.h>

#include "did/base/json.h"
#include "did/base/secret.h"
#include "did/document.h"
#include "did/url.h"

#define FOLDER "tests/vectors/did-test-suite"

static size_t passed, refused, total;

/* Documents that are not what DID Core or the method's suite asks for, and what
 * they meet. */
static const struct { const char *did, *why; enum berth_err rc; } named[] = {
	{ "did:ion:EiCUAQbYJzzCY1zL8KYmTu8MxCkFwG_c", "the controller of a method is empty", BERTH_E_DID },
	{ "did:unisot:", "the controller of a method is an array", BERTH_E_DID },
	{ "did:jnctn:", "base64 without a multicodec as publicKeyMultibase", BERTH_E_KEY },
	{ "did:art:", "hex as publicKeyMultibase", BERTH_E_KEY },
	{ "did:rm:", "hex as publicKeyMultibase", BERTH_E_KEY },
	{ "did:dxd:", "an address as publicKeyBase58", BERTH_E_KEY },
	{ "did:polygon:", "68 bytes as a secp256k1 key", BERTH_E_KEY },
};

static enum berth_err expected(const char *did, const char *text, const char **why)
{
	if (strstr(text, "\"publicKey\":[") || strstr(text, "\"publicKey\": [")) {
		*why = "publicKey, of a draft, for verificationMethod";
		return BERTH_E_DID;
	}
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (strncmp(did, named[i].did, strlen(named[i].did)) == 0) {
			*why = named[i].why;
			return named[i].rc;
		}
	return BERTH_OK;
}

static void one(const char *did, const char *text)
{
	struct berth_did_doc *doc;
	enum berth_err rc = berth_did_doc_parse(&doc, text, strlen(text), did), want;
	const char *why = "";

	total++;
	want = expected(did, text, &why);
	CHECK_RC(want, rc);
	for (size_t i = 0; doc && i < doc->n_vms; i++)
		CHECK(berth_is_did_url(doc->vms[i].id) && berth_is_did(doc->vms[i].controller));
	passed += rc == BERTH_OK;
	refused += rc != BERTH_OK;
	if (rc)
		printf("did-test-suite %.50s: refused, %s: %s\n", did, berth_err_name(rc), why);
	berth_did_doc_free(doc);
}

static void file(const char *name)
{
	char path[256], *text;
	struct berth_json *v;
	size_t n;

	snprintf(path, sizeof(path), FOLDER "/%s", name);
	text = test_read_file(path, &n);
	CHECK_OK(berth_json_parse(&v, text, n, n));
	berth_json_each(did, berth_json_get(v, "dids"))
		berth_json_each(rep, berth_json_get(v, berth_json_str(did))) {
			const char *r = berth_json_str(berth_json_get(rep, "representation"));

			if (r)
				one(berth_json_str(did), r);
		}
	berth_json_free(v);
	free(text);
}

static void documents_of_the_did_core_test_suite(void **state)
{
	DIR *d = opendir(FOLDER);
	struct dirent *e;

	(void)state;
	CHECK(d);
	while ((e = readdir(d)))
		if (strncmp(e->d_name, "did-", 4) == 0)
			file(e->d_name);
	closedir(d);
	printf("vectors: did-test-suite documents (%zu malformed ones refused by name) %zu/%zu\n", refused, passed, total);
	CHECK(total == 67 && passed + refused == total && refused == 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_of_the_did_core_test_suite),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
