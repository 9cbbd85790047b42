/* SPDX-License-Identifier: Apache-2.0 */
/* The logs that five implementations of did:webvh made for the method's test suite, and
 * what resolving them gives. */
#include "tests/check.h"

#include <dirent.h>
#include <unistd.h>

#include "did/base/clock.h"
#include "did/base/secret.h"
#include "did/method_webvh.h"

#define FOLDER "tests/vectors/didwebvh-test-suite/"
#define RESULT "resolutionResult"

static const char *const producers[] = { "java", "java-eecc", "python", "rust", "ts" };
#define N_PRODUCERS (sizeof(producers) / sizeof(producers[0]))
static size_t passed[N_PRODUCERS], total[N_PRODUCERS];

static int setup(void **state)
{
	(void)state;
	berth_crypto_init();
	return 0;
}

static char *read_if(const char *folder, const char *file, size_t *n)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	*n = 0;
	return access(path, R_OK) == 0 ? test_read_file(path, n) : NULL;
}

/* One scenario of one producer. */
struct scenario {
	char folder[256], did[512];
	struct berth_registry_piece pieces[2];
	struct berth_registry_evidence e;
};

/* The DID of the first entry, or that of the script where there is no log. */
static void find_did(struct scenario *s, const char *name)
{
	char path[256], *script, *at;
	size_t n;

	if (s->pieces[0].n > 0) {
		const char *text = (const char *)s->pieces[0].p;
		struct berth_json *entry;

		CHECK_OK(berth_json_parse(&entry, text, strcspn(text, "\n"), BERTH_JSON_MAX));
		snprintf(s->did, sizeof(s->did), "%s", berth_json_str(berth_json_get(berth_json_get(entry, "state"), "id")));
		berth_json_free(entry);
		return;
	}
	snprintf(path, sizeof(path), FOLDER "%s", name);
	script = read_if(path, "script.yaml", &n);
	assert_non_null(script);
	at = strstr(script, "    did: \"") + strlen("    did: \"");
	snprintf(s->did, sizeof(s->did), "%.*s", (int)strcspn(at, "\""), at);
	free(script);
}

static bool open_scenario(struct scenario *s, const char *name, const char *producer)
{
	size_t n;
	char *p;

	memset(s, 0, sizeof(*s));
	snprintf(s->folder, sizeof(s->folder), FOLDER "%s/%s", name, producer);
	s->e.pieces = s->pieces;
	if (!(p = read_if(s->folder, "did.jsonl", &n)))
		return false;
	s->pieces[s->e.n++] = (struct berth_registry_piece){ "did.jsonl", (uint8_t *)p, n };
	if ((p = read_if(s->folder, "did-witness.json", &n)))
		s->pieces[s->e.n++] = (struct berth_registry_piece){ "did-witness.json", (uint8_t *)p, n };
	find_did(s, name);
	return true;
}

static void close_scenario(struct scenario *s)
{
	for (size_t i = 0; i < s->e.n; i++)
		free((void *)s->pieces[i].p);
}

/* ---- what is expected ---- */

static bool is_implicit(const struct berth_json *s)
{
	return berth_json_says(berth_json_get(s, "id"), "#files") || berth_json_says(berth_json_get(s, "id"), "#whois");
}

/* Services have relative ids with some and absolute ones with others; the endpoint of
 * #files ends in '/' with some, as in the specification, and not with others; and where
 * `implicit` is not set, the implicit services do not count, for one producer leaves them
 * out of what is deactivated. */
static struct berth_json *normal(const struct berth_json *document, bool implicit)
{
	const char *did = berth_json_str(berth_json_get(document, "id"));
	struct berth_json *copy = berth_json_clone(document), *list = berth_json_get_mut(copy, "service"), *next;

	for (struct berth_json *s = berth_json_first_mut(list); s; s = next) {
		const char *id = berth_json_str(berth_json_get(s, "id"));
		const char *at = berth_json_str(berth_json_get(s, "serviceEndpoint"));
		size_t skip = strncmp(id, did, strlen(did)) == 0 ? strlen(did) : 0;
		char *relative = strdup(id + skip), *endpoint = strdup(at);

		if (endpoint[strlen(endpoint) - 1] == '/')
			endpoint[strlen(endpoint) - 1] = '\0';
		CHECK_OK(berth_json_set_str(s, "id", relative));
		CHECK_OK(berth_json_set_str(s, "serviceEndpoint", endpoint));
		free(relative);
		free(endpoint);
		next = berth_json_next_mut(s);
		if (!implicit && is_implicit(s))
			berth_json_drop(list, s);
	}
	if (berth_json_len(list) == 0)
		berth_json_remove(copy, "service");
	return copy;
}

static bool same_document(const struct berth_json *want, const struct berth_json *got)
{
	bool implicit = berth_json_len(berth_json_get(want, "service")) > 0;
	struct berth_json *a = normal(want, implicit), *b = normal(got, implicit);
	bool same = berth_json_equal(a, b);

	if (!same) {
		struct berth_buf t = BERTH_BUF_INIT;

		CHECK_OK(berth_json_print(&t, a));
		berth_buf_u8(&t, '\n');
		CHECK_OK(berth_json_print(&t, b));
		print_error("%s\n", berth_buf_cstr(&t));
		berth_buf_free(&t);
	}
	berth_json_free(a);
	berth_json_free(b);
	return same;
}

/* updated is the last entry's with some, the version's with others. */
static bool same_metadata(const struct berth_json *want, const struct berth_json *got, bool newest)
{
	static const char *const names[] = { "versionId", "versionTime", "created", "scid", "portable", "deactivated", "updated" };
	size_t n = sizeof(names) / sizeof(names[0]) - !newest;

	for (size_t i = 0; i < n; i++) {
		const struct berth_json *w = berth_json_get(want, names[i]);

		if (w && !berth_json_equal(w, berth_json_get(got, names[i]))) {
			print_error("%s\n", names[i]);
			return false;
		}
	}
	return true;
}

/* A fragment does not belong to a DID: it is cut off, as a dereferencer does, and what is
 * left is judged. */
static enum berth_err judge(struct berth_registry_result *out, const struct scenario *s, const char *number)
{
	struct berth_buf pin = BERTH_BUF_INIT;
	struct berth_registry_judge j = { .now_s = 1800000000, .clock_trusted = true, .pin = "", .new_pin = &pin };
	struct berth_did_version v = { .number = number };
	char did[512];
	enum berth_err rc;

	snprintf(did, sizeof(did), "%.*s", (int)strcspn(s->did, "#?"), s->did);
	rc = berth_webvh_judge(out, &s->e, did, &v, &j);
	CHECK((rc == BERTH_OK) == (pin.len > 0));
	berth_buf_free(&pin);
	return rc;
}

static bool as_expected(const struct scenario *s, const char *file, const char *number)
{
	struct berth_registry_result got;
	struct berth_json *want;
	enum berth_err rc = judge(&got, s, number);
	const struct berth_json *document;
	size_t n;
	char *text = read_if(s->folder, file, &n);
	bool same;

	CHECK_OK(berth_json_parse(&want, text, n, BERTH_JSON_MAX));
	free(text);
	document = berth_json_get(want, "didDocument");
	if (berth_json_get(berth_json_get(want, "didResolutionMetadata"), "error"))
		same = rc == (s->pieces[0].n ? BERTH_E_RESOLVE : BERTH_E_DID);
	else
		same = rc == BERTH_OK && same_metadata(berth_json_get(want, "didDocumentMetadata"), got.metadata, !number) &&
		       (berth_json_is(document, BERTH_JSON_NULL) || same_document(document, berth_did_doc_json(got.doc)));
	if (!same)
		print_error("%s/%s: %s %s\n", s->folder, file, berth_err_name(rc), rc ? berth_err_detail() : "");
	berth_json_free(want);
	berth_registry_result_free(&got);
	return same;
}

static void run_scenario(const char *name, size_t producer)
{
	struct scenario s;
	char file[64];
	size_t n;

	if (!open_scenario(&s, name, producers[producer]))
		return;
	for (int i = 0; i <= 9; i++) {
		char number[2] = { (char)('0' + i), '\0' };

		snprintf(file, sizeof(file), i ? RESULT ".%d.json" : RESULT ".json", i);
		char *there = read_if(s.folder, file, &n);

		if (!there)
			continue;
		free(there);
		total[producer]++;
		passed[producer] += as_expected(&s, file, i ? number : NULL);
	}
	close_scenario(&s);
}

static void every_scenario_of_every_producer(void **state)
{
	struct dirent **list;
	int n = scandir(FOLDER, &list, NULL, alphasort);
	size_t all = 0, good = 0;

	(void)state;
	CHECK(n > 20);
	for (int i = 0; i < n; i++) {
		for (size_t p = 0; p < N_PRODUCERS && list[i]->d_name[0] != '.'; p++)
			run_scenario(list[i]->d_name, p);
		free(list[i]);
	}
	free(list);
	for (size_t p = 0; p < N_PRODUCERS; p++) {
		printf("didwebvh-test-suite, %s: %zu of %zu\n", producers[p], passed[p], total[p]);
		good += passed[p];
		all += total[p];
	}
	VECTORS("didwebvh-test-suite", good, all);
	/* the Python answers to versionNumber 1 and 2 are both the newest document */
	CHECK(all == 66 && good == all - 2 && passed[2] == total[2] - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_scenario_of_every_producer) };

	return cmocka_run_group_tests(tests, setup, NULL);
}
