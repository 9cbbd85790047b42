/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of others, and what is said of a message. */
#include "tests/unit/didcomm/unpack.h"

/* The appendix's C.1 plaintext has no typ, what it encrypts and signs has one and
 * an http type; the rest is the same. */
static void check_payload(const struct berth_unpacked *u)
{
	assert_string_equal(u->msg.id, "1234567890");
	assert_string_equal(u->msg.from, "did:example:alice");
	assert_string_equal(berth_json_str(berth_json_first(u->msg.to)), "did:example:bob");
	assert_int_equal(u->msg.created_time, 1516269022);
	assert_int_equal(u->msg.expires_time, 1516385931);
	assert_string_equal(berth_json_str(berth_json_get(u->msg.body, "messagespecificattribute")), "and its value");
	CHECK(strstr(u->msg.type, "example.com/protocols/lets_do_lunch/1.0/proposal") != NULL);
}

static void same(const char *a, const char *b)
{
	if (!a != !b || (a && b && strcmp(a, b) != 0))
		fail_msg("%s is not %s", a ? a : "nothing", b ? b : "nothing");
}

static void didcomm_spec_appendix(void **state)
{
	static const struct {
		const char *name;
		enum berth_err rc;
		bool encrypted, authenticated, signed_too;
		const char *auth, *anon, *alg, *skid, *kid, *signer;
	} cases[] = {
		{ "C1-plaintext", BERTH_OK, false, false, false, NULL, NULL, NULL, NULL, NULL, NULL },
		{ "C2-1", BERTH_OK, false, true, true, NULL, NULL, "EdDSA", NULL, NULL, ALICE_ED },
		{ "C2-2", BERTH_OK, false, true, true, NULL, NULL, "ES256", NULL, NULL, ALICE_P },
		{ "C2-3", BERTH_OK, false, true, true, NULL, NULL, "ES256K", NULL, NULL, ALICE_K },
		{ "C3-1", BERTH_OK, true, false, false, NULL, "XC20P+ECDH-ES+A256KW", NULL, NULL, BOB_X, NULL },
		{ "C3-2", BERTH_OK, true, false, false, NULL, "A256CBC-HS512+ECDH-ES+A256KW", NULL, NULL,
		  "did:example:bob#key-p384-1", NULL },
		{ "C3-3", BERTH_OK, true, false, false, NULL, "A256GCM+ECDH-ES+A256KW", NULL, NULL,
		  "did:example:bob#key-p521-1", NULL },
		{ "C3-4", BERTH_OK, true, true, false, "A256CBC-HS512+ECDH-1PU+A256KW", NULL, NULL,
		  ALICE_X, BOB_X, NULL },
		{ "C3-5", BERTH_OK, true, true, true, "A256CBC-HS512+ECDH-1PU+A256KW", NULL, "EdDSA",
		  "did:example:alice#key-p256-1", "did:example:bob#key-p256-1", ALICE_ED },
		{ "C3-6", BERTH_OK, true, true, true, "A256CBC-HS512+ECDH-1PU+A256KW", "XC20P+ECDH-ES+A256KW", "EdDSA",
		  "did:example:alice#key-p521-1", "did:example:bob#key-p521-1", ALICE_ED },
	};
	const size_t n = sizeof(cases) / sizeof(cases[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct berth_unpacked u;
		char path[96], *text;

		snprintf(path, sizeof(path), SPEC "%s.json", cases[i].name);
		text = test_read_file(path, NULL);
		CHECK_RC(cases[i].rc, unpack_into(&u, text, true));
		if (!cases[i].rc) {
			check_payload(&u);
			CHECK(u.encrypted == cases[i].encrypted && u.authenticated == cases[i].authenticated);
			CHECK(u.non_repudiation == cases[i].signed_too);
			CHECK(u.anonymous_sender == (cases[i].anon != NULL));
			same(u.enc_alg_auth, cases[i].auth);
			same(u.enc_alg_anon, cases[i].anon);
			same(u.sign_alg, cases[i].alg);
			same(u.encrypted_from_kid, cases[i].skid);
			same(u.encrypted_to_kid, cases[i].kid);
			same(u.sign_from, cases[i].signer);
			same(berth_unpacked_sender(&u), cases[i].authenticated ? "did:example:alice" : NULL);
		}
		berth_unpacked_free(&u);
		free(text);
	}
	VECTORS("didcomm-spec appendix C", n, n);
}

/* All that didcomm-rust accepts is accepted.  Its wrong point stands behind a padded
 * base64url. */
static enum berth_err rust_expects(const char *name)
{
	if (strcmp(name, "INVALID_ENCRYPTED_MSG_ANON_P256_EPK_WRONG_POINT") == 0)
		return BERTH_E_B64;
	return BERTH_OK;
}

static size_t rust_file(const char *file, size_t *total)
{
	char path[96], *text;
	struct berth_json *all = NULL;
	size_t n, passed = 0;

	snprintf(path, sizeof(path), RUST "%s", file);
	text = test_read_file(path, &n);
	CHECK_OK(berth_json_parse(&all, text, n, BERTH_JSON_MAX));
	berth_json_each(c, all) {
		const char *name = berth_json_str(berth_json_get(c, "name"));
		struct berth_buf b = BERTH_BUF_INIT;
		struct berth_unpacked u;
		enum berth_err rc;

		CHECK_OK(berth_json_print(&b, berth_json_get(c, "message")));
		rc = unpack_into(&u, berth_buf_cstr(&b), false);
		if (rc != rust_expects(name))
			fail_msg("%s: %s (%s)", name, berth_err_name(rc), berth_err_detail());
		if (!rc)
			check_payload(&u);
		passed++;
		berth_unpacked_free(&u);
		berth_buf_free(&b);
	}
	*total = berth_json_len(all);
	berth_json_free(all);
	free(text);
	return passed;
}

static void didcomm_rust_envelopes(void **state)
{
	size_t total, passed;

	(void)state;
	passed = rust_file("signed.json", &total);
	VECTORS("didcomm-rust/signed.json", passed, total);
	passed = rust_file("encrypted.json", &total);
	VECTORS("didcomm-rust/encrypted.json", passed, total);
}

/* The same wrong point without the padding. */
static void c034_didcomm_rust_wrong_point_is_e_key(void **state)
{
	struct berth_json *all = NULL;
	struct berth_buf b = BERTH_BUF_INIT;
	size_t n;
	char *text = test_read_file(RUST "encrypted.json", &n), *fixed;
	const char *pad;

	(void)state;
	CHECK_OK(berth_json_parse(&all, text, n, BERTH_JSON_MAX));
	CHECK_OK(berth_json_print(&b, berth_json_get(berth_json_at(all, berth_json_len(all) - 1), "message")));
	fixed = strdup(berth_buf_cstr(&b));
	pad = strstr(fixed, "==\"");
	memmove(fixed + (pad - fixed), pad + 2, strlen(pad + 2) + 1);
	w.key_ops = 0;
	expect(BERTH_E_KEY, fixed, "wrong point");
	assert_int_equal(w.key_ops, 0);
	berth_buf_free(&b);
	berth_json_free(all);
	free(text);
}

/* ---- metadata ---- */

static const struct berth_json *field(const struct berth_json *o, const char *key)
{
	const struct berth_json *v = berth_json_get(o, key);

	if (!v)
		fail_msg("no %s", key);
	return v;
}

static void metadata_has_every_member(void **state)
{
	static const char *const names[] = {
		"encrypted", "authenticated", "non_repudiation", "anonymous_sender", "encrypted_from_kid",
		"encrypted_to_kids", "sign_from", "enc_alg_auth", "enc_alg_anon", "sign_alg", "from_prior",
		"from_prior_issuer_kid", "re_wrapped_in_forward", "expired",
	};
	char *text = test_read_file(SPEC "C3-5.json", NULL);
	struct berth_unpacked u;
	struct berth_json *m;

	(void)state;
	CHECK_OK(unpack_into(&u, text, false));
	m = berth_unpacked_metadata(&u, -1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		field(m, names[i]);
	CHECK(berth_json_bool(field(m, "encrypted"), false) && berth_json_bool(field(m, "authenticated"), false));
	CHECK(berth_json_bool(field(m, "non_repudiation"), false) && !berth_json_bool(field(m, "anonymous_sender"), true));
	assert_string_equal(berth_json_str(field(m, "sign_alg")), "EdDSA");
	assert_string_equal(berth_json_str(field(m, "encrypted_from_kid")), "did:example:alice#key-p256-1");
	assert_int_equal(berth_json_len(field(m, "encrypted_to_kids")), 2);
	CHECK(berth_json_is(field(m, "enc_alg_anon"), BERTH_JSON_NULL));
	CHECK(berth_json_is(field(m, "expired"), BERTH_JSON_NULL));
	berth_json_free(m);
	m = berth_unpacked_metadata(&u, 1516385930);
	CHECK(!berth_json_bool(field(m, "expired"), true));
	berth_json_free(m);
	m = berth_unpacked_metadata(&u, 1516385931);
	CHECK(berth_json_bool(field(m, "expired"), false));
	berth_json_free(m);
	berth_unpacked_free(&u);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(didcomm_spec_appendix),
		cmocka_unit_test(didcomm_rust_envelopes),
		cmocka_unit_test(c034_didcomm_rust_wrong_point_is_e_key),
		cmocka_unit_test(metadata_has_every_member),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
