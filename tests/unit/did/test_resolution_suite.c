/* SPDX-License-Identifier: Apache-2.0 */
/* What implementers of the W3C's DID Core test suite say that resolving and
 * dereferencing give.  Their documents are all that is known here; what is asked of
 * us is the same answer from them. */
#include "tests/check.h"
#include "tests/fakes/json.h"

#include <dirent.h>

#include "did/base/secret.h"
#include "did/dereference.h"
#include "did/url.h"

#define FOLDER "tests/vectors/did-test-suite/"
#define FILES_MAX 128

static struct berth_json *files[FILES_MAX];
static char names[FILES_MAX][64];
static size_t n_files;

/* Whose answer is not ours, and why. */
static const struct { const char *url, *why; } named[] = {
	{ "did:example:222", "its method has no type: no document" },
	{ "did:example:777", "a document in CBOR" },
	{ "did:art:", "its method has hex as publicKeyMultibase: no document" },
	{ "did:rm:", "its method has hex as publicKeyMultibase: no document" },
	{ "did:dxd:", "its method has an address as publicKeyBase58: no document" },
	{ "did:polygon:", "its method has 68 bytes as a secp256k1 key: no document" },
	{ "did:ion:EiC", "the controller of its method is empty: no document" },
	{ "did:btcr:", "its method has no controller: no document" },
	{ "did:sov:", "its method has no controller: no document" },
	{ "did:key:z6M", "publicKey, of a draft, for verificationMethod: no document" },
	{ "did:key:123", "what is no key is invalidDid, not notFound" },
	{ "did:web:123", "gets the document of another DID" },
	{ "did:web:kyledenhartog.com$", "a key that is not on the curve: no document" },
	{ "did:web:kyledenhartog.com?service=dogPicService$", "gets the service, not its endpoint" },
	{ "did:knox:z2BgV8eWjwoQLKJeZqYqKmNozD9PqRTiiaBLUSVEXQRJjy?service=", "gets the service, not its endpoint" },
	{ "did:web:demo.spruceid.com:2021:07:14:service-example?service=", "appends the DID URL's query to the endpoint" },
	{ "did:webvh:", "appends the DID URL's query to the endpoint" },
	{ "did:web:or13.github.io:", "gets what the endpoint serves" },
};

/* Documents of a time before verificationMethod, in the universal resolver's records. */
static const char *const drafts[] = {
	"ccp", "emtrust", "gatc", "github", "hcr", "icon", "jolo", "key", "kilt", "nacl", "ont", "stack", "unisot", "web", "work",
};

static const char *reason(const char *file, const char *url)
{
	for (size_t i = 0; i < sizeof(drafts) / sizeof(drafts[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "universal-resolver-did-%s.json", drafts[i]);
		if (strcmp(file, name) == 0)
			return "publicKey, of a draft, for verificationMethod: no document";
	}
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		size_t n = strcspn(named[i].url, "$");	/* "$": and nothing more */

		if (strncmp(url, named[i].url, n) == 0 && (named[i].url[n] == '\0' || url[n] == '\0'))
			return named[i].why;
	}
	return NULL;
}

/* ---- the documents ---- */

/* The document that an output has, as an object or as text; NULL: none. */
static struct berth_json *document_of(const struct berth_json *output)
{
	static const char *const members[] = { "didDocumentStream", "contentStream" };
	struct berth_json *v;

	if (berth_json_is(berth_json_get(output, "didDocument"), BERTH_JSON_OBJECT))
		return berth_json_clone(berth_json_get(output, "didDocument"));
	for (size_t i = 0; i < 2; i++) {
		const char *text = test_str(output, members[i]);

		if (text && berth_json_parse_object(&v, text, strlen(text), BERTH_DID_DOC_MAX) == BERTH_OK)
			return v;
	}
	return NULL;
}

static struct berth_json *in_executions(const struct berth_json *file, const char *did)
{
	struct berth_json *found;

	berth_json_each(e, berth_json_get(file, "executions")) {
		const struct berth_json *input = berth_json_get(e, "input");
		const char *asked = test_str(input, "didUrl") ? test_str(input, "didUrl") : test_str(input, "did");

		if (asked && strcmp(asked, did) == 0 && (found = document_of(berth_json_get(e, "output"))))
			return found;
	}
	return NULL;
}

static struct berth_json *in_representations(const struct berth_json *file, const char *did)
{
	struct berth_json *v;

	berth_json_each(rep, berth_json_get(file, did)) {
		const char *text = test_str(rep, "representation");

		if (text && berth_json_parse_object(&v, text, strlen(text), BERTH_DID_DOC_MAX) == BERTH_OK)
			return v;
	}
	return NULL;
}

/* The execution that is being checked, and its file. */
static const struct berth_json *output_now, *file_now;

static enum berth_err look_up(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	struct berth_json *v = document_of(output_now);

	(void)r;
	*out = NULL;
	if (v && (!test_str(v, "id") || strcmp(test_str(v, "id"), did) != 0)) {
		berth_json_free(v);
		v = NULL;
	}
	if (!v)
		v = in_executions(file_now, did);
	for (size_t i = 0; i < n_files && !v; i++)
		v = in_representations(files[i], did);
	return v ? berth_did_doc_from_json(out, v, did) : berth_fail(BERTH_E_RESOLVE, "not there");
}

static struct berth_resolver library = { .resolve = look_up };

/* ---- the executions ---- */

static bool same_content(const struct berth_json *ours, const struct berth_json *output)
{
	const char *want = test_str(output, "contentStream");
	struct berth_json *v;
	bool same;

	if (berth_json_str(ours))
		return want && strcmp(berth_json_str(ours), want) == 0;
	if (!(v = document_of(output)))
		return false;
	if (!berth_json_get(ours, "@context"))	/* some give it to a method as well */
		berth_json_remove(v, "@context");
	same = berth_json_equal(ours, v);
	berth_json_free(v);
	return same;
}

static bool same_dereferencing(const char *url, const struct berth_json *output)
{
	const char *error = test_str(berth_json_get(output, "dereferencingMetadata"), "error");
	struct berth_dereferenced d;
	bool same;

	if (berth_dereference(&d, &library, url, NULL) == BERTH_OK)
		same = !error && same_content(d.content, output);
	else
		same = error && strcmp(error, d.error) == 0;
	berth_dereferenced_free(&d);
	return same;
}

static bool same_resolution(const char *did, const struct berth_json *output)
{
	const char *error = test_str(berth_json_get(output, "didResolutionMetadata"), "error");
	struct berth_did_doc *doc;
	enum berth_err rc = berth_resolve(&library, did, &doc);
	bool same;

	if (rc == BERTH_OK)
		same = !error && same_content(berth_did_doc_json(doc), output);
	else
		same = error && strcmp(error, berth_resolution_error(rc, NULL, did)) == 0;
	berth_did_doc_free(doc);
	return same;
}

static void check(const char *prefix, const char *member, bool (*same)(const char *, const struct berth_json *),
		  size_t *passed, size_t *total)
{
	for (size_t i = 0; i < n_files; i++) {
		file_now = files[i];
		if (!strstr(names[i], prefix))
			continue;
		berth_json_each(e, berth_json_get(files[i], "executions")) {
			const char *asked = test_str(berth_json_get(e, "input"), member);
			bool ok;

			output_now = berth_json_get(e, "output");
			if (!asked)
				continue;
			ok = same(asked, output_now);
			(*total)++;
			*passed += ok;
			if (!ok && reason(names[i], asked))
				printf("%s %.70s: %s\n", names[i], asked, reason(names[i], asked));
			else if (!ok)
				fail_msg("%s: %s", names[i], asked);
		}
	}
}

static void dereferencing(void **state)
{
	size_t passed = 0, total = 0;

	(void)state;
	check("dereferencer-", "didUrl", same_dereferencing, &passed, &total);
	VECTORS("did-test-suite dereferencing (others listed by name)", passed, total);
	CHECK(total == 55 && passed == 37);
}

static void resolution(void **state)
{
	size_t passed = 0, total = 0;

	(void)state;
	check("resolver-", "did", same_resolution, &passed, &total);
	VECTORS("did-test-suite resolution (others listed by name)", passed, total);
	CHECK(total == 121 && passed == 86);
}

static int is_json(const struct dirent *e)
{
	return strstr(e->d_name, ".json") != NULL && strlen(e->d_name) < sizeof(names[0]);
}

static int load(void **state)
{
	struct dirent **list;
	int n = scandir(FOLDER, &list, is_json, alphasort);

	(void)state;
	CHECK(n > 0 && n <= FILES_MAX);
	for (int i = 0; i < n; i++) {
		char path[300], *text;
		size_t len;

		snprintf(path, sizeof(path), FOLDER "%s", list[i]->d_name);
		text = test_read_file(path, &len);
		CHECK_OK(berth_json_parse(&files[n_files], text, len, len));
		strcpy(names[n_files++], list[i]->d_name);
		free(text);
		free(list[i]);
	}
	free(list);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	while (n_files)
		berth_json_free(files[--n_files]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dereferencing),
		cmocka_unit_test(resolution),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, load, unload);
}
