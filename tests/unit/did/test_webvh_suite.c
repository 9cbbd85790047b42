/* SPDX-License-Identifier: Apache-2.0 */
/* The logs that five implementations of did:webvh made for the method's test suite, and
 * what resolving them gives. */
#include "tests/check.h"

#include <dirent.h>
#include <unistd.h>

#include "did/base/clock.h"
#include "did/base/secret.h"
#include "did/method_webvh.h"
#include "did/webvh_did.h"
#include "did/webvh_reading.h"

#define FOLDER "tests/vectors/didwebvh-test-suite/"
#define RESULT "resolutionResult"

static const char *const producers[] = { "java", "java-eecc", "python", "rust", "ts" };
#define N_PRODUCERS (sizeof(producers) / sizeof(producers[0]))
static size_t passed[N_PRODUCERS], total[N_PRODUCERS], against[N_PRODUCERS];

/* Where a producer's answer is not what the specification says.  "A resolver SHOULD resolve
 * the DID URL query parameter versionNumber with an integer value if there is a DID Log
 * entry with a versionId with a matching integer", and the script asks for 1 and 2: the
 * Python producer's files for both are the answer without a version, whose versionId is
 * 3-..., while those of the four others are versions 1 and 2. */
static const struct { const char *scenario, *producer, *number; } contradictions[] = {
	{ "multi-update", "python", "1" },
	{ "multi-update", "python", "2" },
};
#define N_CONTRADICTIONS (sizeof(contradictions) / sizeof(contradictions[0]))

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
	const char *name, *producer;
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

	*s = (struct scenario){ .name = name, .producer = producer };
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

/* They also say invalidProof and invalidParameters: "invalidDid: Any error that renders the
 * did:webvh DID invalid during resolution".  Where there is no log the DID is none. */
static bool is_refused(const struct scenario *s, enum berth_err rc, const struct berth_registry_result *got)
{
	if (s->pieces[0].n == 0)
		return rc == BERTH_E_DID;
	return rc == BERTH_E_RESOLVE && got->error && strcmp(got->error, "invalidDid") == 0;
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
		same = is_refused(s, rc, &got);
	else
		same = rc == BERTH_OK && same_metadata(berth_json_get(want, "didDocumentMetadata"), got.metadata, !number) &&
		       (berth_json_is(document, BERTH_JSON_NULL) || same_document(document, berth_did_doc_json(got.doc)));
	if (!same)
		print_error("%s/%s: %s %s\n", s->folder, file, berth_err_name(rc), rc ? berth_err_detail() : "");
	berth_json_free(want);
	berth_registry_result_free(&got);
	return same;
}

static bool is_contradiction(const struct scenario *s, const char *number)
{
	bool is = false;

	for (size_t i = 0; i < N_CONTRADICTIONS; i++)
		is |= number && !strcmp(s->name, contradictions[i].scenario) && !strcmp(s->producer, contradictions[i].producer) &&
		      !strcmp(number, contradictions[i].number);
	return is;
}

/* What the entry of that number says, and not what the newest does. */
static void is_that_version(const struct scenario *s, const char *number)
{
	const char *line = (const char *)s->pieces[0].p;
	struct berth_json *entry, *want, *have;
	struct berth_registry_result got, newest;

	for (int i = 1; i < number[0] - '0'; i++)
		line = strchr(line, '\n') + 1;
	CHECK_OK(berth_json_parse(&entry, line, strcspn(line, "\n"), BERTH_JSON_MAX));
	CHECK_OK(judge(&got, s, number));
	CHECK_OK(judge(&newest, s, NULL));
	CHECK(berth_json_equal(berth_json_get(got.metadata, "versionId"), berth_json_get(entry, "versionId")));
	CHECK(!berth_json_equal(berth_json_get(got.metadata, "versionId"), berth_json_get(newest.metadata, "versionId")));
	want = normal(berth_json_get(entry, "state"), false);
	have = normal(berth_did_doc_json(got.doc), false);
	CHECK(berth_json_equal(want, have));
	berth_json_free(want);
	berth_json_free(have);
	berth_json_free(entry);
	berth_registry_result_free(&got);
	berth_registry_result_free(&newest);
}

/* Their answer to the number is that to no number at all. */
static bool is_the_newest(const struct scenario *s, const char *file)
{
	size_t n, m;
	char *a = read_if(s->folder, file, &n), *b = read_if(s->folder, RESULT ".json", &m);
	bool same = n == m && memcmp(a, b, n) == 0;

	free(a);
	free(b);
	return same;
}

/* However few steps are taken at once, the log and its approvals come to the same. */
static void read_in_steps(const struct scenario *s)
{
	struct berth_webvh_files f;
	struct berth_webvh_log log;
	enum berth_err rc;

	if (s->pieces[0].n == 0)
		return;
	CHECK_OK(berth_webvh_files_find(&f, &s->e));
	rc = berth_webvh_log_read(&log, &f, s->did, 1800000000);
	for (size_t steps = 1; steps < 5; steps++) {
		struct berth_webvh_reading r;
		size_t turns = 0;
		enum berth_err slow = berth_webvh_read_begin(&r, &f, s->did, 1800000000);

		for (; !slow && r.stage != BERTH_WEBVH_READ; turns++)
			slow = berth_webvh_read_on(&r, steps);
		assert_int_equal(slow, rc);
		CHECK(turns * steps >= log.n);
		if (!rc)
			CHECK(r.log.n == log.n && r.log.named == log.named && strcmp(r.log.bad, log.bad) == 0);
		berth_webvh_read_end(&r);
	}
	berth_webvh_log_free(&log);
}

static void run_file(const struct scenario *s, const char *file, const char *number, size_t producer)
{
	total[producer]++;
	if (!is_contradiction(s, number)) {
		passed[producer] += as_expected(s, file, number);
		return;
	}
	CHECK(is_the_newest(s, file));
	is_that_version(s, number);
	against[producer]++;
}

static void run_scenario(const char *name, size_t producer)
{
	struct scenario s;
	char file[64];
	size_t n;

	if (!open_scenario(&s, name, producers[producer]))
		return;
	read_in_steps(&s);
	for (int i = 0; i <= 9; i++) {
		char number[2] = { (char)('0' + i), '\0' };

		snprintf(file, sizeof(file), i ? RESULT ".%d.json" : RESULT ".json", i);
		char *there = read_if(s.folder, file, &n);

		if (!there)
			continue;
		free(there);
		run_file(&s, file, i ? number : NULL, producer);
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
		for (size_t p = 0; p < N_PRODUCERS && list[i]->d_name[0] != '.'; p++) {
			size_t t = total[p], g = passed[p];

			run_scenario(list[i]->d_name, p);
			if (total[p] > t)
				printf("  %s, %s: %zu of %zu\n", list[i]->d_name, producers[p], passed[p] - g, total[p] - t);
		}
		free(list[i]);
	}
	free(list);
	for (size_t p = 0; p < N_PRODUCERS; p++) {
		printf("didwebvh-test-suite, %s: %zu of %zu; %zu contradict the specification\n", producers[p], passed[p],
		       total[p], against[p]);
		good += passed[p];
		all += total[p];
	}
	VECTORS("didwebvh-test-suite", good, all);
	CHECK(all == 66 && good == all - N_CONTRADICTIONS && against[2] == N_CONTRADICTIONS);
}

/* Every other producer's answers to these numbers are ours, too. */
static void versions_that_are_asked_for_by_number(void **state)
{
	(void)state;
	for (size_t p = 0; p < N_PRODUCERS; p++) {
		struct scenario s;

		CHECK(open_scenario(&s, "multi-update", producers[p]));
		is_that_version(&s, "1");
		is_that_version(&s, "2");
		close_scenario(&s);
	}
}

/* What the DID was has the document of what it is ("the DID being resolved matches the
 * top-level id in at least one version"), whose alsoKnownAs tells what it was.  The other
 * three producers' logs of this scenario do not move. */
static void a_did_that_has_moved(void **state)
{
	static const char *const movers[] = { "java", "java-eecc" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct berth_registry_result old, new;
		struct scenario s;
		char was[512];

		CHECK(open_scenario(&s, "portable-move", movers[i]));
		snprintf(was, sizeof(was), "%s", s.did);
		CHECK_OK(judge(&old, &s, NULL));
		CHECK(strcmp(old.doc->id, was) != 0 && berth_webvh_same(old.doc->id, was));
		CHECK(berth_json_says(berth_json_get(berth_did_doc_json(old.doc), "alsoKnownAs"), was));
		snprintf(s.did, sizeof(s.did), "%s", old.doc->id);
		CHECK_OK(judge(&new, &s, NULL));
		CHECK(berth_json_equal(berth_did_doc_json(old.doc), berth_did_doc_json(new.doc)));
		berth_registry_result_free(&new);
		CHECK_OK(judge(&new, &s, "1"));
		assert_string_equal(new.doc->id, was);
		berth_registry_result_free(&new);
		strcat(s.did, ":elsewhere");		/* it was never there */
		CHECK_RC(BERTH_E_RESOLVE, judge(&new, &s, NULL));
		assert_string_equal(new.error, "invalidDid");
		berth_registry_result_free(&old);
		close_scenario(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_scenario_of_every_producer), cmocka_unit_test(versions_that_are_asked_for_by_number),
		cmocka_unit_test(a_did_that_has_moved),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
