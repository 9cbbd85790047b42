/* SPDX-License-Identifier: Apache-2.0 */
/* An authcrypt whose key is wrapped later is the same message, once it is. */
#include "tests/check.h"
#include "tests/fakes/post.h"

#include "didcomm/pack.h"
#include "didcomm/unpack.h"

#define ALICE "did:example:alice"
#define BOB "did:example:bob"
#define BOB_ONE BOB "#key-p256-1"
#define TEXT "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\",\"body\":{\"a\":1}}"

static struct post w;

static struct berth_pack request(const char *to)
{
	return (struct berth_pack){ .mode = BERTH_PACK_AUTHCRYPT, .from = ALICE, .to = to, .resolver = &w.resolver, .keyring = &w.keyring };
}

static void pack(struct berth_buf *out, const struct berth_pack *p)
{
	struct berth_message m;

	CHECK_OK(berth_message_parse(&m, TEXT, strlen(TEXT)));
	CHECK_OK(berth_pack(out, p, &m));
	berth_message_free(&m);
}

static enum berth_err open(const struct berth_buf *packed)
{
	const struct berth_unpack q = { .resolver = &w.resolver, .keyring = &w.keyring };
	struct berth_unpacked u;
	enum berth_err rc = berth_unpack(&u, &q, berth_buf_cstr(packed), packed->len);

	if (!rc)
		assert_string_equal(u.msg.id, "1");
	berth_unpacked_free(&u);
	return rc;
}

/* It is announced once, made once, and as long before as after; behind what was there. */
static void it_is_whole_when_it_is_filled(void **state)
{
	struct berth_buf whole = BERTH_BUF_INIT, later = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	struct berth_jwe_hole *hole = NULL;
	struct berth_pack p = request(BOB_ONE);

	(void)state;
	w.may_wait = true;
	w.key_ops = w.asked_ahead = 0;
	pack(&whole, &p);
	CHECK(w.key_ops == 1 && w.asked_ahead == 0);	/* who wants it whole waits */
	CHECK_OK(open(&whole));
	p.hole = &hole;
	w.key_ops = 0;
	berth_buf_str(&later, "four");
	pack(&later, &p);
	CHECK(hole && w.key_ops == 0 && w.asked_ahead == 1);
	assert_int_equal(later.len, 4 + whole.len);
	berth_buf_put(&text, later.p + 4, later.len - 4);
	CHECK_RC(BERTH_E_DECRYPT, open(&text));
	w.key_ops = 0;
	CHECK_OK(berth_jwe_fill(hole, &later));
	CHECK(w.key_ops == 1);
	berth_buf_reset(&text);
	berth_buf_put(&text, later.p + 4, later.len - 4);
	CHECK_OK(open(&text));
	berth_jwe_hole_free(hole);
	berth_buf_free(&whole);
	berth_buf_free(&later);
	berth_buf_free(&text);
}

static void a_wrap_that_fails_leaves_it_as_it_was(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_jwe_hole *hole = NULL;
	struct berth_pack p = request(BOB_ONE);

	(void)state;
	w.may_wait = true;
	p.hole = &hole;
	pack(&b, &p);
	w.no_wraps = true;
	CHECK_RC(BERTH_E_KEYSTORE, berth_jwe_fill(hole, &b));
	CHECK_RC(BERTH_E_DECRYPT, open(&b));
	w.no_wraps = false;
	CHECK_OK(berth_jwe_fill(hole, &b));
	CHECK_OK(open(&b));
	berth_jwe_hole_free(hole);
	berth_buf_free(&b);
}

static void check_whole(const struct berth_pack *how)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_jwe_hole *hole = NULL;
	struct berth_pack p = *how;

	p.hole = &hole;
	w.asked_ahead = 0;
	pack(&b, &p);
	CHECK(!hole && w.asked_ahead == 0);
	CHECK_OK(open(&b));
	berth_buf_free(&b);
}

/* Anoncrypt, an authcrypt inside of one, several recipients, and a keyring that asks nobody. */
static void what_cannot_wait_is_whole_at_once(void **state)
{
	struct berth_pack p = request(BOB_ONE);

	(void)state;
	w.may_wait = true;
	p.protect_sender = true;
	check_whole(&p);
	p = request(BOB);
	check_whole(&p);
	p = request(BOB_ONE);
	p.mode = BERTH_PACK_ANONCRYPT;
	p.from = NULL;
	check_whole(&p);
	w.may_wait = false;
	p = request(BOB_ONE);
	check_whole(&p);
	berth_jwe_hole_free(NULL);
}

static int setup(void **state)
{
	post_open(&w, "ab");
	*state = &w;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_whole_when_it_is_filled),
		cmocka_unit_test(a_wrap_that_fails_leaves_it_as_it_was),
		cmocka_unit_test(what_cannot_wait_is_whole_at_once),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
