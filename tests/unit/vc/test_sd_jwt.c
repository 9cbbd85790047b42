/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/json.h"
#include "tests/fakes/party.h"

#include <dirent.h>

#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/jose/jwk.h"
#include "vc/sd_jwt.h"
#include "vc/sd_kb.h"

#define VECTOR_DIR "tests/vectors/sd-jwt/"
#define ISS "did:example:issuer"

static struct berth_keyring *kr;
static struct test_party issuer, holder;

static int setup(void **state)
{
	(void)state;
	berth_crypto_init();
	CHECK_OK(berth_keyring_local_new(&kr));
	test_party_make(&issuer, kr, PARTY_KEY_ED25519, "issuer");
	test_party_make(&holder, kr, PARTY_KEY_P256, "holder");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	berth_keyring_free(kr);
	return 0;
}

/* ---- other people's ---- */

static char *read_maybe(const char *dir, const char *file)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "r");
	if (!f)
		return NULL;
	fclose(f);
	return test_read_file(path, &(size_t){ 0 });
}

/* The flattened JSON serialization has the same parts (RFC 9901 8). */
static char *compact_of(const char *json)
{
	struct berth_json *o, *inner;
	const struct berth_json *h;
	struct berth_buf b = BERTH_BUF_INIT;

	o = test_json(json);
	inner = berth_json_str(o) ? test_json(berth_json_str(o)) : berth_json_clone(o);
	h = berth_json_get(inner, "header");
	berth_buf_printf(&b, "%s.%s.%s~", berth_json_str(berth_json_get(inner, "protected")),
			 berth_json_str(berth_json_get(inner, "payload")), berth_json_str(berth_json_get(inner, "signature")));
	berth_json_each(d, berth_json_get(h, "disclosures"))
		berth_buf_printf(&b, "%s~", berth_json_str(d));
	if (berth_json_get(h, "kb_jwt"))
		berth_buf_str(&b, berth_json_str(berth_json_get(h, "kb_jwt")));
	berth_json_free(o);
	berth_json_free(inner);
	return test_take(&b);
}

static struct berth_json *settings;

static struct berth_pubkey issuer_key(void)
{
	struct berth_pubkey key;

	CHECK_OK(berth_jwk_parse(&key, berth_json_first(berth_json_get(berth_json_get(settings, "key_settings"), "issuer_keys"))));
	return key;
}

/* Signature, contents and, where there is one, key binding. */
static bool verifies(const char *dir, const char *text)
{
	const struct berth_verify v = { .challenge = "1234567890", .domain = "https://example.com/verifier" };
	struct berth_pubkey key = issuer_key();
	char *contents = read_maybe(dir, "verified_contents.json");
	struct berth_json *want = test_json(contents);
	struct berth_sd_jwt sd;
	bool ok = false;

	if (berth_sd_parse(&sd, text, strcspn(text, "\n")) == BERTH_OK) {
		ok = !berth_jws_verify(&sd.jws, &key) && !berth_sd_process(&sd) && berth_json_equal(sd.payload, want) &&
		     (!sd.kb || !berth_sd_kb_verify(&sd, &v, true));
		berth_sd_free(&sd);
	}
	berth_json_free(want);
	free(contents);
	return ok;
}

static void one_vector(const char *dir, size_t *passed, size_t *total)
{
	char *text = read_maybe(dir, "sd_jwt_presentation.txt"), *json = read_maybe(dir, "sd_jwt_presentation.json");
	bool ok;

	if (!text && json)
		text = compact_of(json);
	if (!text)
		return;
	(*total)++;
	ok = verifies(dir, text);
	*passed += ok;
	if (!ok)
		printf("vectors: %s: %s\n", dir, berth_err_detail());
	free(text);
	free(json);
}

static void sd_jwt_vectors(void **state)
{
	static const char *const folders[] = { VECTOR_DIR "testcases", VECTOR_DIR "examples" };
	size_t passed = 0, total = 0;
	char path[600], *text = test_read_file(VECTOR_DIR "settings.json", &(size_t){ 0 });

	(void)state;
	settings = test_json(text);
	for (size_t i = 0; i < 2; i++) {
		DIR *d = opendir(folders[i]);
		struct dirent *e;

		CHECK(d != NULL);
		while ((e = readdir(d))) {
			snprintf(path, sizeof(path), "%s/%s", folders[i], e->d_name);
			if (*e->d_name != '.')
				one_vector(path, &passed, &total);
		}
		closedir(d);
	}
	/* header_mod has a kid that is a number, against RFC 7515 4.1.4 */
	VECTORS("sd-jwt", passed, total);
	assert_int_equal(total, 20);
	assert_int_equal(passed, 19);
	berth_json_free(settings);
	free(text);
}

/* ---- structure ---- */

static char *b64(const char *text)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_b64url_encode(&b, text, strlen(text));
	return test_take(&b);
}

static char *digest_of(const char *disclosure)
{
	char digest[BERTH_SD_DIGEST_MAX + 1], *text = b64(disclosure);

	CHECK_OK(berth_sd_digest(digest, "sha-256", text, strlen(text)));
	free(text);
	return strdup(digest);
}

/* payload: with %s for the digests of the disclosures in turn. */
static char *build(const char *payload, const char *const *disclosures, size_t n)
{
	char *d[4] = { NULL }, *p, *jwt;
	struct berth_buf b = BERTH_BUF_INIT;

	for (size_t i = 0; i < n; i++)
		d[i] = digest_of(disclosures[i]);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	CHECK(asprintf(&p, payload, d[0], d[1], d[2], d[3]) > 0);
#pragma GCC diagnostic pop
	jwt = test_party_forge(&issuer, "{\"alg\":\"EdDSA\",\"typ\":\"dc+sd-jwt\",\"kid\":\"" ISS "#k\"}", p);
	berth_buf_printf(&b, "%s~", jwt);
	for (size_t i = 0; i < n; i++) {
		char *text = b64(disclosures[i]);

		berth_buf_printf(&b, "%s~", text);
		free(text);
		free(d[i]);
	}
	free(p);
	free(jwt);
	return test_take(&b);
}

static enum berth_err process(const char *text, const char *want)
{
	struct berth_sd_jwt sd;
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = berth_sd_parse(&sd, text, strlen(text));

	if (rc)
		return rc;
	rc = berth_sd_process(&sd);
	if (!rc && want) {
		CHECK_OK(berth_json_print(&b, sd.payload));
		if (strcmp(berth_buf_cstr(&b), want))
			fail_msg("%s, want %s", berth_buf_cstr(&b), want);
	}
	berth_buf_free(&b);
	berth_sd_free(&sd);
	return rc;
}

static void expect(enum berth_err want, const char *payload, const char *const *disclosures, size_t n, const char *contents)
{
	char *text = build(payload, disclosures, n);

	CHECK_RC(want, process(text, contents));
	free(text);
}

#define D(...) ((const char *const[]){ __VA_ARGS__ })

static void disclosures_find_their_place(void **state)
{
	(void)state;
	expect(BERTH_OK, "{\"a\":1}", NULL, 0, "{\"a\":1}");
	expect(BERTH_OK, "{\"_sd\":[\"%s\"],\"_sd_alg\":\"sha-256\"}", D("[\"s\",\"n\",{\"x\":null}]"), 1, "{\"n\":{\"x\":null}}");
	expect(BERTH_OK, "{\"l\":[1,{\"...\":\"%s\"},2]}", D("[\"s\",[]]"), 1, "{\"l\":[1,[],2]}");
	/* recursive: the second stands in the first */
	{
		char *inner = digest_of("[\"s\",\"in\",7]"), *outer;

		CHECK(asprintf(&outer, "[\"s\",\"out\",{\"_sd\":[\"%s\",\"decoy\"],\"open\":1}]", inner) > 0);
		expect(BERTH_OK, "{\"_sd\":[\"%s\"]}", D(outer, "[\"s\",\"in\",7]"), 2, "{\"out\":{\"open\":1,\"in\":7}}");
		expect(BERTH_E_SDJWT, "{\"_sd\":[\"x\"]}", D("[\"s\",\"in\",7]"), 1, NULL);	/* without its parent */
		free(outer);
		free(inner);
	}
	/* decoys and claims withheld leave no trace */
	expect(BERTH_OK, "{\"_sd\":[\"a\",\"b\"],\"o\":{\"_sd\":[\"c\"]},\"l\":[{\"...\":\"d\"}]}", NULL, 0, "{\"o\":{},\"l\":[]}");
}

static void what_is_wrong_is_e_sdjwt(void **state)
{
	static const char one[] = "[\"s\",\"n\",1]";

	(void)state;
	expect(BERTH_E_SDJWT, "{\"a\":1}", D(one), 1, NULL);				/* refers to nothing */
	expect(BERTH_E_SDJWT, "{\"_sd\":[\"%s\"]}", D(one, one), 2, NULL);		/* one text twice */
	expect(BERTH_E_SDJWT, "{\"_sd\":[\"%1$s\",\"%1$s\"]}", D(one), 1, NULL);	/* a digest twice */
	expect(BERTH_E_SDJWT, "{\"_sd\":[\"d\",\"d\"]}", NULL, 0, NULL);
	expect(BERTH_E_SDJWT, "{\"_sd\":[\"%1$s\"],\"o\":{\"_sd\":[\"%1$s\"]}}", D(one), 1, NULL);
	expect(BERTH_E_SDJWT, "{\"n\":0,\"_sd\":[\"%s\"]}", D(one), 1, NULL);		/* the name is taken */
	expect(BERTH_E_SDJWT, "{\"_sd\":[\"%s\",\"%s\"]}", D(one, "[\"t\",\"n\",2]"), 2, NULL);
	expect(BERTH_E_SDJWT, "{\"_sd\":[\"%s\"]}", D("[\"s\",1]"), 1, NULL);		/* an element in an object */
	expect(BERTH_E_SDJWT, "{\"l\":[{\"...\":\"%s\"}]}", D(one), 1, NULL);		/* and the other way round */
	expect(BERTH_E_SDJWT, "{\"l\":[{\"...\":\"%s\",\"x\":1}]}", D("[\"s\",1]"), 1, NULL);
	expect(BERTH_E_SDJWT, "{\"l\":[{\"...\":1}]}", NULL, 0, NULL);
	expect(BERTH_E_SDJWT, "{\"...\":\"x\"}", NULL, 0, NULL);
	expect(BERTH_E_SDJWT, "{\"_sd\":\"x\"}", NULL, 0, NULL);
	expect(BERTH_E_SDJWT, "{\"_sd\":[1]}", NULL, 0, NULL);
	expect(BERTH_E_SDJWT, "{\"_sd_alg\":1}", NULL, 0, NULL);
	expect(BERTH_E_ALG, "{\"_sd_alg\":\"md5\"}", NULL, 0, NULL);
	for (size_t i = 0; i < 9; i++) {
		static const char *const none[] = {
			"[\"s\",\"_sd\",1]", "[\"s\",\"...\",1]", "[1,\"n\",1]", "[\"s\"]", "[\"s\",\"n\",1,2]", "[]", "{}",
			"\"s\"", "[\"s\",2,1]"
		};

		expect(BERTH_E_SDJWT, "{\"_sd\":[\"%s\"]}", D(none[i]), 1, NULL);
	}
	expect(BERTH_E_SDJWT, "{\"_sd\":[\"%s\"]}", D("[\"s\",\"n\",1"), 1, NULL);
	expect(BERTH_E_SDJWT, "{\"_sd\":[\"%s\"]}", D("[\"s\",\"n\",{\"a\":1,\"a\":2}]"), 1, NULL);
}

static void other_hashes(void **state)
{
	static const char *const names[] = { "sha-384", "sha-512" };
	char digest[BERTH_SD_DIGEST_MAX + 1], *text = b64("[\"s\",\"n\",1]"), *p, *jwt, *whole;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		CHECK_OK(berth_sd_digest(digest, names[i], text, strlen(text)));
		CHECK(asprintf(&p, "{\"_sd\":[\"%s\"],\"_sd_alg\":\"%s\"}", digest, names[i]) > 0);
		jwt = test_party_forge(&issuer, "{\"alg\":\"EdDSA\"}", p);
		CHECK(asprintf(&whole, "%s~%s~", jwt, text) > 0);
		CHECK_OK(process(whole, "{\"n\":1}"));
		free(whole);
		free(jwt);
		free(p);
	}
	free(text);
}

static void truncations_and_caps(void **state)
{
	char *text = build("{\"_sd\":[\"%s\"]}", D("[\"s\",\"n\",1]"), 1), *many;
	size_t n = strlen(text), before = strcspn(text, "~") + 1;
	struct berth_sd_jwt sd;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char *cut = malloc(i ? i : 1);		/* so that ASan sees an over-read */

		memcpy(cut, text, i);
		if (berth_sd_parse(&sd, cut, i) == BERTH_OK) {
			CHECK(i >= before);	/* then what follows is a key binding, or nothing */
			CHECK(i == before || sd.kb);
			berth_sd_free(&sd);
		}
		free(cut);
	}
	CHECK_RC(BERTH_E_SDJWT, berth_sd_parse(&sd, "a.b.c", 5));
	many = calloc(1, before + BERTH_SD_DISCLOSURES_MAX + 2);
	memcpy(many, text, before);
	memset(many + before, '~', BERTH_SD_DISCLOSURES_MAX + 1);
	CHECK_RC(BERTH_E_SIZE, berth_sd_parse(&sd, many, before + BERTH_SD_DISCLOSURES_MAX + 1));
	CHECK_RC(BERTH_E_SDJWT, berth_sd_parse(&sd, many, before + BERTH_SD_DISCLOSURES_MAX));	/* empty ones */
	free(many);
	many = malloc(BERTH_SD_MAX + 1);
	memset(many, '~', BERTH_SD_MAX + 1);
	CHECK_RC(BERTH_E_SIZE, berth_sd_parse(&sd, many, BERTH_SD_MAX + 1));
	free(many);
	free(text);
}

static void nesting_through_disclosures_ends(void **state)
{
	/* each disclosure is 20 levels deep, its innermost object refers to the next */
	char *texts[3], *below = strdup("x");
	struct berth_buf b = BERTH_BUF_INIT;
	const char *list[3];

	(void)state;
	for (int i = 2; i >= 0; i--) {
		berth_buf_str(&b, "[\"s\",\"n\",");
		for (int k = 0; k < 20; k++)
			berth_buf_str(&b, "{\"a\":");
		berth_buf_printf(&b, "{\"_sd\":[\"%s\"]}", below);
		for (int k = 0; k < 20; k++)
			berth_buf_str(&b, "}");
		berth_buf_str(&b, "]");
		free(below);
		texts[i] = test_take(&b);
		below = digest_of(texts[i]);
		list[i] = texts[i];
	}
	expect(BERTH_OK, "{\"_sd\":[\"%s\"]}", &list[2], 1, NULL);
	expect(BERTH_E_SDJWT, "{\"_sd\":[\"%s\"]}", list, 3, NULL);
	for (int i = 0; i < 3; i++)
		free(texts[i]);
	free(below);
}

/* ---- issue and present ---- */

#define CLAIMS "{\"vct\":\"urn:t\",\"a\":{\"b\":1,\"c/d\":[\"x\",{\"e~\":null}]},\"f\":\"g\"}"

static char *issued(const char *const *pointers, size_t n)
{
	struct berth_json *claims = test_json(CLAIMS);
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_sd_issue(&b, kr, issuer.kid, claims, pointers, n, 0));
	berth_json_free(claims);
	return test_take(&b);
}

static void issued_claims_come_back(void **state)
{
	static const char *const all[] = { "/a", "/a/b", "/a/c~1d", "/a/c~1d/0", "/a/c~1d/1", "/a/c~1d/1/e~0", "/f" };
	struct berth_json *want = test_json(CLAIMS);

	(void)state;
	for (unsigned set = 0; set < 128; set++) {
		const char *pointers[7];
		size_t n = 0;
		struct berth_sd_jwt sd;
		char *text;

		for (size_t i = 0; i < 7; i++)
			if (set >> i & 1)
				pointers[n++] = all[i];
		text = issued(pointers, n);
		CHECK_OK(berth_sd_parse(&sd, text, strlen(text)));
		CHECK(sd.n == n && !sd.kb);
		CHECK_OK(berth_jws_verify(&sd.jws, &issuer.key));
		CHECK_OK(berth_sd_process(&sd));
		CHECK(berth_json_len(sd.payload) == 3 && berth_json_len(berth_json_get(sd.payload, "a")) == 2);
		CHECK(berth_json_equal(berth_json_get(berth_json_get(sd.payload, "a"), "c/d"),
				       berth_json_get(berth_json_get(want, "a"), "c/d")));
		for (size_t i = 0; i < n; i++) {	/* and each knows its place */
			size_t hits = 0;

			for (size_t k = 0; k < sd.n; k++)
				hits += !strcmp(sd.disclosures[k].path, pointers[i]);
			CHECK(hits == 1);
		}
		berth_sd_free(&sd);
		free(text);
	}
	berth_json_free(want);
}

static enum berth_err issue(const char *json, const char *pointer)
{
	struct berth_json *claims = test_json(json);
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = berth_sd_issue(&b, kr, issuer.kid, claims, &pointer, 1, 0);

	berth_json_free(claims);
	berth_buf_free(&b);
	return rc;
}

static void what_cannot_be_withheld(void **state)
{
	static const char *const usage[] = { "", "a", "/none", "/a/c~1d/2", "/a/c~1d/-", "/a/c~1d/00", "/a/c~2", "/f/x" };
	static const char *const never[] = { "/vct", "/iss", "/exp", "/nbf", "/cnf", "/cnf/jwk", "/status" };

	(void)state;
	CHECK_OK(issue(CLAIMS, "/f"));
	for (size_t i = 0; i < sizeof(usage) / sizeof(usage[0]); i++)
		CHECK_RC(BERTH_E_USAGE, issue(CLAIMS, usage[i]));
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		CHECK_RC(BERTH_E_SDJWT, issue(CLAIMS, never[i]));
	CHECK_RC(BERTH_E_SDJWT, issue("{\"vct\":\"t\",\"a\":[{\"_sd\":[]}]}", "/a"));
	CHECK_RC(BERTH_E_SDJWT, issue("{\"vct\":\"t\",\"a\":{\"...\":1}}", "/a"));
	CHECK_RC(BERTH_E_SDJWT, issue("{\"vct\":\"t\",\"a\":1,\"_sd_alg\":\"x\"}", "/a"));
	CHECK(berth_sd_is_open("/issuer", true) && !berth_sd_is_open("/issuer", false) && !berth_sd_is_open("/issued", true));
}

static void expect_shown(const char *text, const char *pointer, size_t disclosures, const char *contents)
{
	const struct berth_sd_binding b = { .kid = holder.kid, .nonce = "n", .aud = "a", .iat_s = 1795440600 };
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_sd_jwt sd;

	CHECK_OK(berth_sd_present(&out, kr, text, strlen(text), &pointer, pointer ? 1 : 0, &b));
	CHECK_OK(berth_sd_parse(&sd, berth_buf_cstr(&out), out.len));
	CHECK(sd.kb && sd.n == disclosures);
	berth_sd_free(&sd);
	CHECK_OK(process(berth_buf_cstr(&out), contents));
	berth_buf_free(&out);
}

static void a_holder_shows_what_is_asked(void **state)
{
	static const char *const all[] = { "/a", "/a/b", "/a/c~1d/0", "/f" };
	const struct berth_sd_binding b = { .kid = holder.kid, .nonce = "n" };
	const char *none = "/none", *bad = "x";
	struct berth_buf out = BERTH_BUF_INIT;
	char *text = issued(all, 4), *shown;

	(void)state;
	expect_shown(text, NULL, 0, "{\"vct\":\"urn:t\"}");
	expect_shown(text, "/f", 1, "{\"vct\":\"urn:t\",\"f\":\"g\"}");
	expect_shown(text, "/vct", 0, "{\"vct\":\"urn:t\"}");
	expect_shown(text, "/a/b", 2, "{\"vct\":\"urn:t\",\"a\":{\"c/d\":[{\"e~\":null}],\"b\":1}}");
	expect_shown(text, "/a/c~1d/0", 2, "{\"vct\":\"urn:t\",\"a\":{\"c/d\":[\"x\",{\"e~\":null}]}}");
	expect_shown(text, "/a", 3, NULL);		/* and all that is in it */
	CHECK_RC(BERTH_E_NOMATCH, berth_sd_present(&out, kr, text, strlen(text), &none, 1, &b));
	CHECK_RC(BERTH_E_USAGE, berth_sd_present(&out, kr, text, strlen(text), &bad, 1, &b));
	/* what was withheld once cannot be shown later; a binding is replaced */
	CHECK_OK(berth_sd_present(&out, kr, text, strlen(text), NULL, 0, &b));
	shown = test_take(&out);
	CHECK_RC(BERTH_E_NOMATCH, berth_sd_present(&out, kr, shown, strlen(shown), &all[3], 1, &b));
	expect_shown(shown, NULL, 0, "{\"vct\":\"urn:t\"}");
	free(shown);
	free(text);
}

/* ---- C015 ---- */

static enum berth_err read_all(void *arg)
{
	struct berth_sd_jwt sd;
	enum berth_err rc = berth_sd_parse(&sd, arg, strlen(arg));

	if (!rc)
		rc = berth_sd_process(&sd);
	berth_sd_free(&sd);
	return rc;
}

static enum berth_err make(void *arg)
{
	static const char *const some[] = { "/a", "/a/c~1d/0" };
	const struct berth_sd_binding b = { .kid = holder.kid, .nonce = "n", .aud = "a" };
	struct berth_buf out = BERTH_BUF_INIT, shown = BERTH_BUF_INIT;
	enum berth_err rc = berth_sd_issue(&out, kr, issuer.kid, arg, some, 2, 0);

	if (!rc)
		rc = berth_sd_present(&shown, kr, berth_buf_cstr(&out), out.len, some, 1, &b);
	berth_buf_free(&out);
	berth_buf_free(&shown);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	static const char *const some[] = { "/a", "/a/c~1d/0", "/f" };
	struct berth_json *claims = test_json(CLAIMS);
	char *text = issued(some, 3);

	(void)state;
	CHECK(test_every_allocation_fails(read_all, text) > 20);
	CHECK(test_every_allocation_fails(make, claims) > 50);
	berth_json_free(claims);
	free(text);
}

/* Decoys are in every list of digests, and leave no trace in what is meant. */
static void decoys(void **state)
{
	static const char *const some[] = { "/a", "/o", "/o/x", "/o/y", "/open/z" };
	struct berth_json *claims = test_json("{\"vct\":\"urn:t\",\"a\":1,\"o\":{\"x\":2,\"y\":3},\"open\":{\"z\":4},\"l\":[5]}");
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_sd_jwt sd;

	(void)state;
	CHECK_RC(BERTH_E_SIZE, berth_sd_issue(&b, kr, issuer.kid, claims, some, 5, BERTH_SD_DECOYS_MAX + 1));
	CHECK_OK(berth_sd_issue(&b, kr, issuer.kid, claims, some, 5, 3));
	CHECK_OK(berth_sd_parse(&sd, berth_buf_cstr(&b), b.len));
	CHECK(sd.n == 5 && berth_json_len(berth_json_get(sd.payload, "_sd")) == 2 + 3);
	CHECK(berth_json_len(berth_json_get(berth_json_get(sd.payload, "open"), "_sd")) == 1 + 3);
	for (size_t i = 0; i < sd.n; i++)
		if (berth_json_is(berth_json_at(sd.disclosures[i].json, 2), BERTH_JSON_OBJECT))
			CHECK(berth_json_len(berth_json_get(berth_json_at(sd.disclosures[i].json, 2), "_sd")) == 2 + 3);
	CHECK_OK(berth_sd_process(&sd));
	CHECK(berth_json_equal(sd.payload, claims));
	berth_sd_free(&sd);
	berth_json_free(claims);
	berth_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sd_jwt_vectors),
		cmocka_unit_test(disclosures_find_their_place),
		cmocka_unit_test(what_is_wrong_is_e_sdjwt),
		cmocka_unit_test(other_hashes),
		cmocka_unit_test(truncations_and_caps),
		cmocka_unit_test(nesting_through_disclosures_ends),
		cmocka_unit_test(issued_claims_come_back),
		cmocka_unit_test(what_cannot_be_withheld),
		cmocka_unit_test(a_holder_shows_what_is_asked),
		cmocka_unit_test(c015_every_allocation_may_fail),
		cmocka_unit_test(decoys),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
