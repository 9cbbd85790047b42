/* SPDX-License-Identifier: Apache-2.0 */
/* A layer that is taken apart before its turn opens to the same, or is left to its turn. */
#include "tests/unit/didcomm/unpack.h"

static struct berth_unpack how(void)
{
	return (struct berth_unpack){ .resolver = &w.resolver, .keyring = &w.keyring };
}

/* The metadata and message of one that was unpacked, or the error. */
static char *outcome(struct berth_unpack_ahead *ahead, const char *text, size_t n, enum berth_err *rc)
{
	struct berth_unpack p = how();
	struct berth_unpacked u;
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *meta;

	p.ahead = ahead;
	if ((*rc = berth_unpack(&u, &p, text, n)))
		return strdup(berth_err_detail());
	meta = berth_unpacked_metadata(&u, -1);
	CHECK_OK(berth_json_print(&b, meta));
	CHECK_OK(berth_json_print(&b, u.msg.json));
	berth_json_free(meta);
	berth_unpacked_free(&u);
	return berth_buf_take_str(&b);
}

/* Each is looked at first, without a key being used, and opened then with one key operation
 * for each layer, the same as without. */
static void the_appendix_opens_to_the_same(void **state)
{
	static const char *const names[] = { "C3-1", "C3-2", "C3-3", "C3-4", "C3-5", "C3-6" };
	const size_t n = sizeof(names) / sizeof(names[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct berth_unpack p = how();
		struct berth_unpack_ahead *a;
		char path[96], *text, *with, *without;
		enum berth_err rc, rc2;
		unsigned ops;
		size_t len;

		snprintf(path, sizeof(path), SPEC "%s.json", names[i]);
		text = test_read_file(path, &len);
		without = outcome(NULL, text, len, &rc);
		CHECK_OK(rc);
		ops = w.key_ops;
		w.asked_ahead = 0;
		CHECK_OK(berth_unpack_ahead(&a, &p, text, len));
		CHECK(w.key_ops == ops && w.asked_ahead == 1);
		with = outcome(a, text, len, &rc2);
		CHECK_OK(rc2);
		assert_string_equal(without, with);
		CHECK(w.asked_ahead == 1);	/* the inner layer is in its turn */
		berth_unpack_ahead_free(a);
		free(with);
		free(without);
		free(text);
	}
	VECTORS("didcomm-spec appendix C, ahead", n, n);
}

/* With the envelope inside, whose key is announced, too; each key is used once. */
static void what_is_inside_opens_to_the_same(void **state)
{
	static const char *const names[] = { "C3-1", "C3-2", "C3-3", "C3-4", "C3-5", "C3-6" };
	unsigned nested = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct berth_unpack p = how();
		struct berth_unpack_ahead *a;
		char path[96], *text, *with, *without;
		enum berth_err rc, rc2;
		unsigned ops;
		size_t len;

		snprintf(path, sizeof(path), SPEC "%s.json", names[i]);
		text = test_read_file(path, &len);
		w.key_ops = 0;
		without = outcome(NULL, text, len, &rc);
		ops = w.key_ops;
		w.asked_ahead = w.key_ops = 0;
		CHECK_OK(berth_unpack_ahead(&a, &p, text, len));
		berth_unpack_ahead_inside(a, &p);
		berth_unpack_ahead_inside(a, &p);	/* once is enough */
		nested += w.asked_ahead == 2;
		CHECK(w.asked_ahead == 1 || (w.asked_ahead == 2 && ops == 2));
		with = outcome(a, text, len, &rc2);
		assert_int_equal(rc, rc2);
		assert_string_equal(without, with);
		CHECK(w.key_ops == ops);
		berth_unpack_ahead_free(a);
		free(with);
		free(without);
		free(text);
	}
	CHECK(nested > 0);
}

/* An outer one that does not open, and an inner one that is damaged, have their error in their
 * turn, and nothing of them is left. */
static void what_fails_inside_is_left_to_its_turn(void **state)
{
	const struct berth_unpack p = how();
	static const char *const inside[] = { "{\"recipients\":[]}", "{\"recipients\":1,\"ciphertext\":\"x\"}", "\"recipients\"", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		char *text = post_jwe(&w, NULL, BOB_X, "A256CBC-HS512", inside[i], strlen(inside[i])), *with, *without;
		struct berth_unpack_ahead *a;
		enum berth_err rc, rc2;

		without = outcome(NULL, text, strlen(text), &rc);
		CHECK_OK(berth_unpack_ahead(&a, &p, text, strlen(text)));
		w.asked_ahead = 0;
		berth_unpack_ahead_inside(a, &p);
		CHECK(w.asked_ahead == 0);
		with = outcome(a, text, strlen(text), &rc2);
		CHECK(rc != BERTH_OK && rc == rc2);
		assert_string_equal(without, with);
		berth_unpack_ahead_free(a);
		free(with);
		free(without);
		free(text);
	}
}

static void what_is_not_encrypted_is_left_to_its_turn(void **state)
{
	const struct berth_unpack p = how();
	struct berth_unpack_ahead *a;
	char *text = test_read_file(SPEC "C2-1.json", NULL);

	(void)state;
	w.asked_ahead = 0;
	CHECK_RC(BERTH_E_ENV, berth_unpack_ahead(&a, &p, text, strlen(text)));
	CHECK(!a);
	CHECK_RC(BERTH_E_ENV, berth_unpack_ahead(&a, &p, MSG(""), strlen(MSG(""))));
	CHECK_RC(BERTH_E_JSON, berth_unpack_ahead(&a, &p, "{", 1));
	CHECK(!a && w.asked_ahead == 0);
	berth_unpack_ahead_free(a);
	free(text);
}

/* Nothing is asked for what is not whole, and nothing is left of it. */
static void every_truncation_is_left_to_its_turn(void **state)
{
	const struct berth_unpack p = how();
	struct berth_unpack_ahead *a;
	size_t len;
	char *text = test_read_file(SPEC "C3-6.json", &len);

	(void)state;
	w.asked_ahead = 0;
	for (size_t n = 0; n < strlen(text) - 2; n++) {
		CHECK(berth_unpack_ahead(&a, &p, text, n) != BERTH_OK && !a);
		CHECK(w.asked_ahead == 0);
	}
	free(text);
}

/* A message before it may have taken the key away, or a first key, so that another is ours. */
static void the_key_is_looked_for_again_when_its_turn_comes(void **state)
{
	struct post other;
	struct berth_unpack p;
	struct berth_unpacked u;
	struct berth_unpack_ahead *a;
	char *text = test_read_file(SPEC "C3-4.json", NULL);

	(void)state;
	post_open(&other, "");
	post_key(&other, "did:example:bob#key-x25519-2", post_find(&w, "did:example:bob#key-x25519-2"));
	p = (struct berth_unpack){ .resolver = &other.resolver, .keyring = &other.keyring };
	CHECK_OK(berth_unpack_ahead(&a, &p, text, strlen(text)));
	p.ahead = a;
	p.keyring = &w.keyring;
	CHECK_OK(berth_unpack(&u, &p, text, strlen(text)));
	assert_string_equal(BOB_X, u.encrypted_to_kid);
	berth_unpacked_free(&u);
	berth_unpack_ahead_free(a);
	post_close(&other);

	p = how();
	CHECK_OK(berth_unpack_ahead(&a, &p, text, strlen(text)));
	post_open(&other, "");
	p.ahead = a;
	p.keyring = &other.keyring;
	CHECK_RC(BERTH_E_DECRYPT, berth_unpack(&u, &p, text, strlen(text)));
	CHECK(other.key_ops == 0);
	berth_unpack_ahead_free(a);

	p = how();
	CHECK_OK(berth_unpack_ahead(&a, &p, text, strlen(text)));
	berth_unpack_ahead_inside(a, &p);	/* it has been opened, and is not believed */
	p.ahead = a;
	p.keyring = &other.keyring;
	CHECK_RC(BERTH_E_DECRYPT, berth_unpack(&u, &p, text, strlen(text)));
	CHECK(other.key_ops == 0);
	berth_unpack_ahead_free(a);
	post_close(&other);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_appendix_opens_to_the_same),
		cmocka_unit_test(what_is_inside_opens_to_the_same),
		cmocka_unit_test(what_fails_inside_is_left_to_its_turn),
		cmocka_unit_test(what_is_not_encrypted_is_left_to_its_turn),
		cmocka_unit_test(every_truncation_is_left_to_its_turn),
		cmocka_unit_test(the_key_is_looked_for_again_when_its_turn_comes),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
