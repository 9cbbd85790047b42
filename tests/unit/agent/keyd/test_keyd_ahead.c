/* SPDX-License-Identifier: Apache-2.0 */
/* Unwraps and unseals that are asked before their turn (agent/core/keyclient_ahead.c), of a keyd in a
 * process of its own: what comes of them is what comes of an ordinary call. */
#include "sealed.h"

#include <poll.h>

#include "did/crypto/agree.h"
#include "did/crypto/kdf.h"
#include "did/crypto/keypair.h"
#include "did/crypto/keywrap.h"

#define N 40		/* more than are asked ahead */

/* A CEK wrapped for us, under a key of its own. */
struct letter {
	struct berth_privkey epk;
	struct berth_kek_params p;
	uint8_t cek[BERTH_CEK_MAX], wrapped[BERTH_WRAPPED_MAX];
	size_t len;
};

static void wrap_for(struct letter *l, const struct berth_pubkey *us)
{
	struct berth_kdf_info info = { .alg = "ECDH-ES+A256KW", .apv = (const uint8_t *)"us", .apv_len = 2 };
	uint8_t z[BERTH_ECDH_MAX], kek[32];
	size_t n;

	CHECK_OK(berth_keypair_generate(&l->epk, us->type));
	l->p = (struct berth_kek_params){ .alg = info.alg, .epk = &l->epk.pub, .apv = info.apv, .apv_len = info.apv_len };
	berth_random(l->cek, sizeof(l->cek));
	CHECK_OK(berth_ecdh(z, &n, &l->epk, us));
	CHECK_OK(berth_concat_kdf(kek, 32, z, n, &info));
	CHECK_OK(berth_keywrap(l->wrapped, &l->len, kek, l->cek, sizeof(l->cek)));
}

static void letters(struct letter *v, size_t n)
{
	struct berth_key_info us = ensure("agree", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0);

	CHECK_OK(keys->ops->bind(keys, KID, "agree"));
	for (size_t i = 0; i < n; i++)
		wrap_for(&v[i], &us.pub);
}

static void ahead(const struct letter *l) { berth_keyring_unwrap_ahead(ring, KID, &l->p, l->wrapped, l->len); }

static enum berth_err unwrap(const struct letter *l)
{
	uint8_t cek[BERTH_CEK_MAX];
	size_t n = 0;
	enum berth_err rc = ring->ops->unwrap(ring, KID, &l->p, l->wrapped, l->len, cek, &n);

	CHECK(rc ? n == 0 : n == sizeof(cek) && memcmp(cek, l->cek, n) == 0);
	return rc;
}

static bool says_something(void)
{
	return poll(&(struct pollfd){ .fd = berth_keyclient_fd(kc), .events = POLLIN }, 1, 0) != 0;
}

/* Those beyond the cap are asked in their turn. */
static void each_answer_finds_its_question(void **state)
{
	static struct letter v[N];

	(void)state;
	letters(v, N);
	for (size_t i = 0; i < N; i++)
		ahead(&v[i]);
	for (size_t i = N; i-- > 0;)
		CHECK_OK(unwrap(&v[i]));
	CHECK_OK(unwrap(&v[0]));	/* once more, and asked once more */
	berth_keyring_ahead_end(ring);
	CHECK(!says_something());
	CHECK_OK(unwrap(&v[1]));
}

/* Code and text, wherever it was refused. */
static void a_refusal_is_that_of_the_ordinary_call(void **state)
{
	static struct letter v[3];
	char text[BERTH_IPC_DETAIL_MAX + 1];

	(void)state;
	letters(v, 3);
	v[1].wrapped[3] ^= 1;
	CHECK_RC(BERTH_E_DECRYPT, unwrap(&v[1]));
	snprintf(text, sizeof(text), "%s", berth_err_detail());
	for (size_t n = 0; n < 3; n++)
		ahead(&v[n]);
	CHECK_RC(BERTH_E_DECRYPT, unwrap(&v[1]));
	assert_string_equal(text, berth_err_detail());
	CHECK_OK(unwrap(&v[0]));
	CHECK_OK(unwrap(&v[2]));
	/* a signing key agrees on nothing, whenever it is asked; an unknown one is not asked */
	ensure("sign", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC));
	CHECK_OK(keys->ops->bind(keys, KID, "sign"));
	ahead(&v[0]);
	CHECK_RC(BERTH_E_KEY, unwrap(&v[0]));
	keys->ops->unbind(keys, KID);
	ahead(&v[0]);
	CHECK_RC(BERTH_E_KEYSTORE, unwrap(&v[0]));
	berth_keyring_ahead_end(ring);
	CHECK(berth_keyclient_usable(kc));
}

/* Its own answer comes behind those that are due, which are kept for whom they are. */
static void an_ordinary_call_goes_in_between(void **state)
{
	static struct letter v[4];
	struct berth_buf box = BERTH_BUF_INIT, pt = BERTH_BUF_INIT;

	(void)state;
	letters(v, 4);
	for (size_t i = 0; i < 3; i++)
		ahead(&v[i]);
	CHECK_OK(keys->ops->seal(keys, "items", -1, "wifi", 4, &box));
	CHECK_OK(unwrap(&v[2]));
	CHECK_OK(unwrap(&v[3]));
	CHECK_OK(keys->ops->unseal(keys, "items", -1, box.p, box.len, &pt));
	assert_string_equal("wifi", berth_buf_cstr(&pt));
	CHECK_OK(unwrap(&v[0]));
	berth_keyring_ahead_end(ring);
	CHECK(!says_something());
	CHECK_OK(unwrap(&v[1]));
	berth_buf_free(&box);
	berth_buf_free(&pt);
}

static enum berth_err opens_to(const struct berth_buf *box, const char *label, const char *want)
{
	struct berth_buf pt = BERTH_BUF_INIT;
	enum berth_err rc = keys->ops->unseal(keys, label, -1, box->p, box->len, &pt);

	CHECK(rc ? pt.len == 0 : strcmp(want, berth_buf_cstr(&pt)) == 0);
	berth_buf_free(&pt);
	return rc;
}

/* Behind an ordinary call all of them are there: keyd is asked no more, and need not live. */
static void boxes_are_opened_with_what_is_waited_for(void **state)
{
	struct berth_buf a = BERTH_BUF_INIT, b = BERTH_BUF_INIT, more = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(keys->ops->seal(keys, "items", -1, "wifi", 4, &a));
	CHECK_OK(keys->ops->seal(keys, "items", -1, "lte", 3, &b));
	b.p[b.len - 1] ^= 1;
	keys->ops->unseal_ahead(keys, "items", -1, a.p, a.len);
	keys->ops->unseal_ahead(keys, "items", -1, b.p, b.len);
	CHECK_OK(keys->ops->seal(keys, "items", -1, "x", 1, &more));
	CHECK_RC(BERTH_E_DECRYPT, opens_to(&a, "other", ""));	/* that was not the question */
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK_RC(BERTH_E_DECRYPT, opens_to(&b, "items", ""));
	CHECK_OK(opens_to(&a, "items", "wifi"));
	CHECK_RC(BERTH_E_KEYSTORE, opens_to(&a, "items", ""));	/* once */
	CHECK_OK(berth_keyclient_attach(kc, start()));
	CHECK_OK(opens_to(&a, "items", "wifi"));
	berth_buf_free(&a);
	berth_buf_free(&b);
	berth_buf_free(&more);
}

static void what_nobody_asks_for_is_forgotten(void **state)
{
	static struct letter v[3];

	(void)state;
	letters(v, 3);
	for (size_t i = 0; i < 3; i++)
		ahead(&v[i]);
	berth_keyring_ahead_end(ring);		/* not one of them has left by then */
	CHECK(!says_something());
	for (size_t i = 0; i < 3; i++)
		ahead(&v[i]);
	CHECK_OK(unwrap(&v[0]));
	berth_keyring_ahead_end(ring);
	CHECK(!says_something());
	CHECK_OK(unwrap(&v[1]));
	CHECK(berth_keyclient_usable(kc));
}

/* kill -9 in between: every question that is left fails as an ordinary one would, and a new
 * keyd knows nothing of them. */
static void they_do_not_outlive_keyd(void **state)
{
	static struct letter v[3];

	(void)state;
	letters(v, 3);
	for (size_t i = 0; i < 3; i++)
		ahead(&v[i]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK_RC(BERTH_E_KEYSTORE, unwrap(&v[0]));
	CHECK(!berth_keyclient_usable(kc));
	CHECK_RC(BERTH_E_KEYSTORE, unwrap(&v[1]));
	ahead(&v[2]);
	CHECK_OK(berth_keyclient_attach(kc, start()));
	CHECK_OK(unwrap(&v[2]));
	berth_keyring_ahead_end(ring);
	for (size_t i = 0; i < 3; i++)
		ahead(&v[i]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	berth_keyring_ahead_end(ring);
	CHECK_RC(BERTH_E_KEYSTORE, unwrap(&v[0]));
	CHECK_OK(berth_keyclient_attach(kc, start()));
	CHECK_OK(unwrap(&v[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KEYD(each_answer_finds_its_question),
		WITH_KEYD(a_refusal_is_that_of_the_ordinary_call),
		WITH_KEYD(an_ordinary_call_goes_in_between),
		WITH_KEYD(boxes_are_opened_with_what_is_waited_for),
		WITH_KEYD(what_nobody_asks_for_is_forgotten),
		WITH_KEYD(they_do_not_outlive_keyd),
	};

	return cmocka_run_group_tests_name("keyd, asked ahead", tests, setup, teardown);
}
