/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that are kept, and lists that were seen. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/tmpdir.h"
#include "tests/fakes/verifier.h"

#include <unistd.h>

#include "did/base/clock.h"
#include "did/base/secret.h"
#include "vc/status.h"

#define TOKEN "https://example.com/status/4"

static char dir[TMPDIR_LEN], *credential;
static uint64_t mono_ms;

static uint64_t now_ms(void) { return mono_ms; }

/* A credential of that party, whose status is entry 6 of the list. */
static char *credential_of(const struct test_party *p)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *vc;
	char *s;

	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"type\":[\"VerifiableCredential\"],\"issuer\":\"%s\","
			   "\"credentialSubject\":{\"x\":1},\"status\":{\"status_list\":{\"idx\":6,\"uri\":\"" TOKEN "\"}}}",
		       p->did) > 0);
	CHECK_OK(berth_json_parse_exact(&vc, s, strlen(s), BERTH_JSON_MAX));
	CHECK_OK(berth_vc_issue(&b, kr, p->kid, vc));
	berth_json_free(vc);
	free(s);
	return test_take(&b);
}

static int setup(void **state)
{
	(void)state;
	test_verifier_make(PARTY_KEY_P256, PARTY_KEY_ED25519);
	credential = credential_of(&issuer);
	return 0;
}

static int teardown(void **state)
{
	free(credential);
	return test_verifier_end(state);
}

static int fresh(void **state)
{
	(void)state;
	test_tmpdir(dir);
	test_verifier_fresh(NULL, NULL);
	v.status_dir = dir;
	CHECK_OK(berth_status_cache_new(&v.status_cache, NULL));
	mono_ms = 1000000;
	berth_clock_inject(NULL, now_ms);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	berth_status_cache_free(v.status_cache);
	berth_clock_inject(NULL, NULL);
	test_tmpdir_remove(dir);
	return 0;
}

/* The list in a file, entry 6 having that value. */
static void put(const char *name, const struct test_party *by, const char *id, size_t entries, unsigned value, int64_t iat,
		const char *more)
{
	struct berth_status_list l;
	struct berth_buf text = BERTH_BUF_INIT;
	char *header, *payload, *token;

	CHECK_OK(berth_status_list_new(&l, BERTH_STATUS_TOKEN, 1, entries));
	CHECK_OK(berth_status_list_set(&l, 6, value));
	CHECK_OK(berth_status_list_encode(&text, &l));
	CHECK(asprintf(&header, "{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"statuslist+jwt\"}", by->kid) > 0);
	CHECK(asprintf(&payload, "{\"sub\":\"%s\",\"iat\":%lld,\"status_list\":{\"bits\":1,\"lst\":\"%s\"}%s}", id,
		       (long long)iat, berth_buf_cstr(&text), more) > 0);
	token = test_party_forge(by, header, payload);
	test_write_file(test_path(dir, name), token, strlen(token), 0600);
	berth_status_list_free(&l);
	berth_buf_free(&text);
	free(header);
	free(payload);
	free(token);
}

static void put_list(const char *name, unsigned value, int64_t iat)
{
	put(name, &issuer, TOKEN, 131072, value, iat, "");
}

static void expect_of(const char *text, enum berth_err want, enum berth_check check)
{
	struct berth_report r;

	CHECK_RC(want, berth_vc_verify(&r, &v, text, strlen(text)));
	if (r.status != check)
		fail_msg("check %d, want %d (%s)", r.status, check, r.detail);
	berth_report_free(&r);
}

static void expect(enum berth_err want, enum berth_check check) { expect_of(credential, want, check); }
static void expect_passed(void) { expect(BERTH_OK, BERTH_CHECK_PASSED); }
static void expect_failed(void) { expect(BERTH_E_STATUS, BERTH_CHECK_FAILED); }

/* The folder is looked at again after a while. */
static void later(void) { mono_ms += BERTH_STATUS_CACHE_LOOK_MS; }

static void a_list_is_read_once(void **state)
{
	(void)state;
	put_list("list", 0, NOW - 100);
	expect_passed();
	/* within a second nobody looks */
	CHECK(unlink(test_path(dir, "list")) == 0);
	mono_ms += BERTH_STATUS_CACHE_LOOK_MS - 1;
	expect_passed();
	mono_ms += 1;
	expect_failed();
	put_list("list", 0, NOW - 100);
	expect_failed();
	later();
	expect_passed();
}

/* What is asked for and not there costs a look at names, and appears when it comes. */
static void unknown_names(void **state)
{
	struct berth_status_found *f, own;

	(void)state;
	put_list("list", 0, NOW - 100);
	for (int i = 0; i < 3; i++)
		CHECK_RC(BERTH_E_STATUS, berth_status_find(&f, &own, &v, "urn:none", issuer.did, true));
	expect_passed();
	put("other", &issuer, "urn:none", 131072, 0, NOW - 100, "");
	later();
	CHECK_OK(berth_status_find(&f, &own, &v, "urn:none", issuer.did, true));
	CHECK_RC(BERTH_E_STATUS, berth_status_find(&f, &own, &v, "urn:none", issuer.did, false));
	expect_passed();
}

static void changes_are_seen(void **state)
{
	(void)state;
	put_list("list", 0, NOW - 100);
	expect_passed();
	put_list("list", 1, NOW - 50);	/* the same file, rewritten */
	expect_passed();
	later();
	expect_failed();
	put_list("newer", 0, NOW - 10);	/* another one */
	later();
	expect_passed();
}

static void c127_never_back(void **state)
{
	(void)state;
	put_list("list", 1, NOW - 50);
	expect_failed();
	put_list("list", 0, NOW - 51);	/* older: whoever puts it there */
	later();
	expect_failed();
	put_list("list", 0, NOW - 50);
	later();
	expect_passed();
	put_list("list", 0, NOW - 49);
	later();
	expect_passed();
}

/* What was seen outlives the cache where somebody remembers it. */
struct memory { char key[512]; int64_t issued_s; int puts; };

static enum berth_err recall(void *arg, const char *id, const char *by, int64_t *issued_s)
{
	struct memory *m = arg;
	char key[512];

	snprintf(key, sizeof(key), "%s %s", id, by);
	if (!strcmp(key, m->key))
		*issued_s = m->issued_s;
	return BERTH_OK;
}

static enum berth_err remember(void *arg, const char *id, const char *by, int64_t issued_s)
{
	struct memory *m = arg;

	snprintf(m->key, sizeof(m->key), "%s %s", id, by);
	m->issued_s = issued_s;
	m->puts++;
	return BERTH_OK;
}

static void c127_seen_before_a_restart(void **state)
{
	struct memory m = { .issued_s = 0 };
	const struct berth_status_seen seen = { &m, recall, remember };

	(void)state;
	for (int life = 0; life < 2; life++) {
		berth_status_cache_free(v.status_cache);
		CHECK_OK(berth_status_cache_new(&v.status_cache, &seen));
		put_list("list", 0, NOW - 50);
		expect_passed();
	}
	CHECK(m.issued_s == NOW - 50 && m.puts == 1);
	berth_status_cache_free(v.status_cache);
	CHECK_OK(berth_status_cache_new(&v.status_cache, &seen));
	put_list("list", 0, NOW - 51);
	expect_failed();
}

static void lists_of_others_and_of_tomorrow(void **state)
{
	char *theirs = credential_of(&other);

	(void)state;
	put_list("list", 0, NOW - 50);
	expect_passed();
	/* somebody else's of the same name does not make ours old */
	put("theirs", &other, TOKEN, 131072, 1, NOW - 1, "");
	later();
	expect_of(theirs, BERTH_E_STATUS, BERTH_CHECK_FAILED);
	expect_passed();
	/* nor does one of tomorrow */
	put_list("list2", 1, NOW + BERTH_VC_IAT_SKEW_S + 1);
	later();
	expect_passed();
	put_list("list2", 1, NOW + BERTH_VC_IAT_SKEW_S);
	later();
	expect_failed();
	free(theirs);
}

static void age_is_judged_each_time(void **state)
{
	(void)state;
	put("list", &issuer, TOKEN, 131072, 0, NOW - 100, ",\"ttl\":100");
	expect_passed();
	v.now_s = NOW + 1;
	expect(BERTH_E_STATUS, BERTH_CHECK_STALE);
	v.max_stale_s = 1;		/* but policy may say that this will do */
	expect(BERTH_OK, BERTH_CHECK_STALE);
	v.now_s = NOW + 2;
	expect(BERTH_E_STATUS, BERTH_CHECK_STALE);
	v.now_s = -1;			/* and without a time nobody can say */
	expect_failed();
	v.no_time = true;
	expect_passed();
}

static void another_key_is_another_matter(void **state)
{
	(void)state;
	put_list("list", 0, NOW - 50);
	v.key = &issuer.key;
	expect_passed();
	CHECK(unlink(test_path(dir, "list")) == 0);
	expect_failed();		/* nothing was kept */
}

/* A cache has so many octets and so many lists. */
static void room(void **state)
{
	struct berth_status_found *f, own;
	char name[32], id[64];

	(void)state;
	for (int i = 0; i < BERTH_STATUS_CACHE_LISTS + 6; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(id, sizeof(id), "urn:list:%d", i);
		put(name, &issuer, id, (size_t)8 << 20, 1, NOW - 50, "");	/* 1 MiB each */
	}
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < BERTH_STATUS_CACHE_LISTS + 6; i += 7) {
			snprintf(id, sizeof(id), "urn:list:%d", i);
			CHECK_OK(berth_status_find(&f, &own, &v, id, issuer.did, true));
			CHECK(f != &own && f->list.len == (size_t)1 << 20);
		}
	/* the last ones are there, the first are not */
	CHECK(berth_status_cache_find(v.status_cache, dir, "urn:list:63", issuer.did, true) != NULL);
	CHECK(berth_status_cache_find(v.status_cache, dir, "urn:list:63", issuer.did, false) == NULL);
	CHECK(berth_status_cache_find(v.status_cache, dir, "urn:list:0", issuer.did, true) == NULL);
	for (int i = 0; i < BERTH_STATUS_CACHE_LISTS + 6; i++) {
		snprintf(id, sizeof(id), "urn:list:%d", i);
		CHECK_OK(berth_status_find(&f, &own, &v, id, issuer.did, true));
	}
}

static enum berth_err one_run(void *arg)
{
	struct berth_verify mine = v;
	struct berth_report r;
	enum berth_err rc;

	(void)arg;
	if ((rc = berth_status_cache_new(&mine.status_cache, NULL)))
		return rc;
	rc = berth_vc_verify(&r, &mine, credential, strlen(credential));
	berth_report_free(&r);
	berth_status_cache_free(mine.status_cache);
	return rc;
}

static void without_memory(void **state)
{
	(void)state;
	put_list("list", 0, NOW - 50);
	CHECK(test_every_allocation_fails(one_run, NULL) > 30);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, clean)
	const struct CMUnitTest tests[] = {
		T(a_list_is_read_once),
		T(unknown_names),
		T(changes_are_seen),
		T(c127_never_back),
		T(c127_seen_before_a_restart),
		T(lists_of_others_and_of_tomorrow),
		T(age_is_judged_each_time),
		T(another_key_is_another_matter),
		T(room),
		T(without_memory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
