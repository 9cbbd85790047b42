/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/post.h"

#include "did/crypto/keypair.h"
#include "did/method_peer.h"
#include "did/url.h"
#include "didcomm/pack.h"
#include "didcomm/unpack.h"

#define ALICE "did:example:alice"
#define BOB "did:example:bob"
#define ALICE_ED ALICE "#key-1"
#define TEXT "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\",\"body\":{\"a\":1}}"

static struct post w;

static struct berth_pack request(enum berth_pack_mode mode)
{
	return (struct berth_pack){
		.mode = mode, .from = mode == BERTH_PACK_AUTHCRYPT ? ALICE : NULL,
		.to = mode == BERTH_PACK_SIGNED || mode == BERTH_PACK_PLAINTEXT ? NULL : BOB,
		.sign_by = mode == BERTH_PACK_SIGNED ? ALICE_ED : NULL,
		.resolver = &w.resolver, .keyring = &w.keyring,
	};
}

static enum berth_err pack_text(struct berth_buf *out, const struct berth_pack *p, const char *text)
{
	struct berth_message m;
	enum berth_err rc;

	CHECK_OK(berth_message_parse(&m, text, strlen(text)));
	rc = berth_pack(out, p, &m);
	berth_message_free(&m);
	return rc;
}

static enum berth_err pack_only(const struct berth_pack *p, const char *text)
{
	struct berth_buf out = BERTH_BUF_INIT;
	enum berth_err rc = pack_text(&out, p, text);

	berth_buf_free(&out);
	return rc;
}

/* Packs and unpacks; u is to be freed. */
static void round_trip(struct berth_unpacked *u, const struct berth_pack *p, const char *text)
{
	const struct berth_unpack q = { .resolver = &w.resolver, .keyring = &w.keyring, .allow_plaintext = true };
	struct berth_buf out = BERTH_BUF_INIT;

	CHECK_OK(pack_text(&out, p, text));
	CHECK_OK(berth_unpack(u, &q, berth_buf_cstr(&out), out.len));
	assert_string_equal(u->msg.id, "1");
	assert_int_equal((int)berth_json_num(berth_json_get(u->msg.body, "a")), 1);
	berth_buf_free(&out);
}

#define CAROL "did:example:carol"
#define ERIN "did:example:erin"

struct combination {
	enum berth_pack_mode mode;
	const char *curve, *signer;	/* signer NULL: none */
	enum berth_enc enc;
	bool protect;
};

static const char *const curves[] = { "x25519", "p256", "p384", "p521" };
static const char *const signers[] = { NULL, "ed25519", "p256", "p384", "p521", "secp256k1" };
static const char *const algs[] = { NULL, "EdDSA", "ES256", "ES384", "ES512", "ES256K" };
static const enum berth_enc encs[] = { BERTH_ENC_NONE, BERTH_ENC_A256CBC_HS512, BERTH_ENC_XC20P, BERTH_ENC_A256GCM };

static void check_algorithms(const struct berth_unpacked *u, const struct combination *c, const char *alg)
{
	enum berth_enc enc = c->enc ? c->enc : BERTH_ENC_A256CBC_HS512;
	char anon[64];

	snprintf(anon, sizeof(anon), "%s+ECDH-ES+A256KW", berth_enc_name(enc));
	if (c->mode == BERTH_PACK_AUTHCRYPT)
		assert_string_equal(u->enc_alg_auth, "A256CBC-HS512+ECDH-1PU+A256KW");
	if (c->mode == BERTH_PACK_ANONCRYPT || c->protect)
		assert_string_equal(u->enc_alg_anon, anon);
	CHECK(!alg == !u->sign_alg);
	if (alg)
		assert_string_equal(u->sign_alg, alg);
}

/* false: it was refused, as it had to be. */
static bool combine(const struct combination *c, const char *alg)
{
	struct berth_pack p = request(c->mode);
	bool auth = c->mode == BERTH_PACK_AUTHCRYPT;
	char from[64], to[64], sign[64];
	struct berth_unpacked u;

	snprintf(from, sizeof(from), CAROL "#agree-%s", c->curve);
	snprintf(to, sizeof(to), ERIN "#agree-%s", c->curve);
	snprintf(sign, sizeof(sign), CAROL "#%s", c->signer ? c->signer : "");
	p.to = to;
	p.from = auth ? from : NULL;
	p.sign_by = c->signer ? sign : NULL;
	p.enc = c->enc;
	p.protect_sender = c->protect;
	if (auth && (c->enc == BERTH_ENC_XC20P || c->enc == BERTH_ENC_A256GCM)) {
		CHECK_RC(BERTH_E_ALG, pack_only(&p, TEXT));
		return false;
	}
	round_trip(&u, &p, TEXT);
	CHECK(u.encrypted && u.authenticated == (auth || c->signer));
	CHECK(u.non_repudiation == (c->signer != NULL));
	CHECK(u.anonymous_sender == (!auth || c->protect));
	CHECK(!auth == !u.encrypted_from_kid);
	assert_string_equal(u.encrypted_to_kid, to);
	assert_int_equal(berth_json_len(u.encrypted_to_kids), 1);
	assert_string_equal(berth_json_str(berth_json_first(u.msg.to)), ERIN);
	if (u.authenticated)
		assert_string_equal(berth_unpacked_sender(&u), CAROL);
	check_algorithms(&u, c, alg);
	berth_unpacked_free(&u);
	return true;
}

static void every_mode_curve_encryption_and_signature(void **state)
{
	unsigned made = 0, refused = 0;

	(void)state;
	for (int mode = BERTH_PACK_ANONCRYPT; mode <= BERTH_PACK_AUTHCRYPT; mode++)
	for (size_t k = 0; k < 4; k++)
	for (size_t s = 0; s < 6; s++)
	for (size_t e = 0; e < 4; e++)
	for (int protect = 0; protect < (mode == BERTH_PACK_AUTHCRYPT ? 2 : 1); protect++) {
		const struct combination c = { (enum berth_pack_mode)mode, curves[k], signers[s], encs[e], protect };

		if (combine(&c, algs[s]))
			made++;
		else
			refused++;
	}
	assert_int_equal(made, 4 * 6 * (4 + 2 * 2));
	assert_int_equal(refused, 4 * 6 * 2 * 2);
}

/* C026, C056: what several keys of one DID signed, alone and inside. */
static void several_signatures(void **state)
{
	static const enum berth_pack_mode modes[] = { BERTH_PACK_SIGNED, BERTH_PACK_ANONCRYPT, BERTH_PACK_AUTHCRYPT };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct berth_pack p = request(modes[i]);
		struct berth_unpacked u;

		p.sign_by = ALICE "#key-2";
		p.also_sign_by[0] = ALICE "#key-3";
		p.also_sign_by[1] = ALICE_ED;
		round_trip(&u, &p, TEXT);
		CHECK(u.authenticated && u.non_repudiation);
		assert_string_equal(u.sign_from, ALICE "#key-2");
		assert_string_equal(u.sign_alg, "ES256");
		berth_unpacked_free(&u);
		p.also_sign_by[2] = ALICE_ED;
		CHECK_RC(BERTH_E_USAGE, pack_only(&p, TEXT));
		p.also_sign_by[2] = ALICE "#key-2";
		CHECK_RC(BERTH_E_USAGE, pack_only(&p, TEXT));
		p.also_sign_by[2] = CAROL "#p256";
		CHECK_RC(BERTH_E_ADDR, pack_only(&p, TEXT));
		p.also_sign_by[2] = ALICE "#nothing";
		CHECK_RC(BERTH_E_KEYSTORE, pack_only(&p, TEXT));
		p.sign_by = NULL;
		CHECK(pack_only(&p, TEXT) != BERTH_OK);
	}
}

static void signed_and_plaintext(void **state)
{
	struct berth_pack p = request(BERTH_PACK_SIGNED);
	struct berth_unpacked u;

	(void)state;
	round_trip(&u, &p, TEXT);
	CHECK(!u.encrypted && u.authenticated && u.non_repudiation);
	assert_string_equal(u.sign_from, ALICE_ED);
	assert_string_equal(u.sign_alg, "EdDSA");
	assert_string_equal(u.msg.from, ALICE);
	berth_unpacked_free(&u);
	p = request(BERTH_PACK_PLAINTEXT);
	round_trip(&u, &p, TEXT);
	CHECK(!u.encrypted && !u.authenticated && !u.msg.from && !u.msg.to);
	berth_unpacked_free(&u);
	p.from = ALICE;
	p.to = BOB;
	round_trip(&u, &p, TEXT);
	assert_string_equal(u.msg.from, ALICE);
	berth_unpacked_free(&u);
	p.sign_by = ALICE_ED;
	CHECK_RC(BERTH_E_USAGE, pack_only(&p, TEXT));
	p = request(BERTH_PACK_SIGNED);
	p.sign_by = NULL;
	CHECK_RC(BERTH_E_USAGE, pack_only(&p, TEXT));
}

/* INTERFACES: all agreement keys on the first curve of the recipient's document
 * that the sender also has. */
static void all_keys_of_one_curve_are_recipients(void **state)
{
	struct berth_pack p = request(BERTH_PACK_AUTHCRYPT);
	struct berth_unpacked u;

	(void)state;
	round_trip(&u, &p, TEXT);
	assert_int_equal(berth_json_len(u.encrypted_to_kids), 3);
	assert_string_equal(u.encrypted_from_kid, ALICE "#key-x25519-1");
	berth_unpacked_free(&u);
	p.from = ALICE "#key-p256-1";
	round_trip(&u, &p, TEXT);
	assert_int_equal(berth_json_len(u.encrypted_to_kids), 2);
	assert_string_equal(u.encrypted_from_kid, ALICE "#key-p256-1");
	berth_unpacked_free(&u);
	p = request(BERTH_PACK_ANONCRYPT);
	round_trip(&u, &p, TEXT);
	assert_int_equal(berth_json_len(u.encrypted_to_kids), 3);
	berth_unpacked_free(&u);
}

static void the_senders_keyring_decides_the_curve(void **state)
{
	struct post only_p256;
	struct berth_pack p = request(BERTH_PACK_AUTHCRYPT);
	struct berth_buf out = BERTH_BUF_INIT;

	(void)state;
	post_open(&only_p256, "");
	p.keyring = &only_p256.keyring;
	CHECK_RC(BERTH_E_KEY, pack_only(&p, TEXT));
	post_key(&only_p256, ALICE "#key-p256-1", post_find(&only_p256, ALICE "#key-p256-1"));
	CHECK_OK(pack_text(&out, &p, TEXT));
	CHECK(strstr(berth_buf_cstr(&out), "key-p256-1") && !strstr(berth_buf_cstr(&out), "x25519"));
	berth_buf_free(&out);
	post_close(&only_p256);
}

/* bob has three X25519 keys and two on each of the others: all of them read what a sender
 * with one key writes, whichever they hold. */
static void every_key_of_the_curve_opens_it(void **state)
{
	static const struct { const char *curve; size_t n; } cases[] = {
		{ "x25519", 3 }, { "p256", 2 }, { "p384", 2 }, { "p521", 2 },
	};
	struct berth_pack p = request(BERTH_PACK_AUTHCRYPT);

	(void)state;
	p.from = CAROL;
	for (size_t i = 0; i < 4; i++) {
		struct post sender, holder;
		struct berth_buf out = BERTH_BUF_INIT;
		char kid[64];

		post_open(&sender, "");
		snprintf(kid, sizeof(kid), CAROL "#agree-%s", cases[i].curve);
		post_key(&sender, kid, post_find(&w, kid));
		p.keyring = &sender.keyring;
		CHECK_OK(pack_text(&out, &p, TEXT));
		for (size_t k = 1; k <= cases[i].n; k++) {
			const struct berth_unpack q = { .resolver = &w.resolver, .keyring = &holder.keyring };
			struct berth_unpacked u;

			post_open(&holder, "");
			snprintf(kid, sizeof(kid), BOB "#key-%s-%zu", cases[i].curve, k);
			post_key(&holder, kid, post_find(&w, kid));
			CHECK_OK(berth_unpack(&u, &q, berth_buf_cstr(&out), out.len));
			assert_int_equal(berth_json_len(u.encrypted_to_kids), cases[i].n);
			assert_string_equal(u.encrypted_to_kid, kid);
			berth_unpacked_free(&u);
			post_close(&holder);
		}
		berth_buf_free(&out);
		post_close(&sender);
	}
}

/* didcomm-rust's alice lists a key first whose private half she does not have. */
static void a_listed_key_that_is_not_ours_is_passed_over(void **state)
{
	struct post rust;
	struct berth_pack p = request(BERTH_PACK_AUTHCRYPT);
	struct berth_buf out = BERTH_BUF_INIT;

	(void)state;
	post_open(&rust, "");
	post_add_rust(&rust, "alice", true);
	p.resolver = &rust.resolver;
	p.keyring = &rust.keyring;
	CHECK_OK(pack_text(&out, &p, TEXT));
	berth_buf_free(&out);
	post_close(&rust);
}

static void no_common_curve_is_e_key(void **state)
{
	struct berth_pack p = request(BERTH_PACK_ANONCRYPT);

	(void)state;
	p.to = ERIN "#agree-secp256k1";
	CHECK_RC(BERTH_E_KEY, pack_only(&p, TEXT));
	p.to = BOB "#nothing";
	CHECK_RC(BERTH_E_KEY, pack_only(&p, TEXT));
	p.to = ALICE_ED;	/* an authentication key */
	CHECK_RC(BERTH_E_KEY, pack_only(&p, TEXT));
	p = request(BERTH_PACK_AUTHCRYPT);
	p.to = BOB "#key-p256-1";
	p.from = ALICE "#key-x25519-1";
	CHECK_RC(BERTH_E_KEY, pack_only(&p, TEXT));
	p.from = CAROL "#agree-secp256k1";
	p.to = ERIN;
	CHECK_RC(BERTH_E_KEY, pack_only(&p, TEXT));
	p.from = ALICE "#unknown";
	CHECK_RC(BERTH_E_KEYSTORE, pack_only(&p, TEXT));
	p.from = ALICE;
	p.to = "bob";
	CHECK_RC(BERTH_E_DID, pack_only(&p, TEXT));
	p.to = BOB;
	p.from = "alice";
	CHECK_RC(BERTH_E_DID, pack_only(&p, TEXT));
	p.from = "did:example:nobody";
	CHECK_RC(BERTH_E_DID, pack_only(&p, TEXT));
	p = request(BERTH_PACK_PLAINTEXT);
	p.to = "bob";
	CHECK_RC(BERTH_E_DID, pack_only(&p, TEXT));
}

#define WITH(members) "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\"," members ",\"body\":{\"a\":1}}"

static void another_from_or_to_is_e_addr(void **state)
{
	struct berth_pack p = request(BERTH_PACK_AUTHCRYPT);
	struct berth_unpacked u;

	(void)state;
	CHECK_RC(BERTH_E_ADDR, pack_only(&p, WITH("\"from\":\"did:example:carol\"")));
	CHECK_RC(BERTH_E_ADDR, pack_only(&p, WITH("\"to\":[\"did:example:carol\"]")));
	CHECK_RC(BERTH_E_ADDR, pack_only(&p, WITH("\"to\":[]")));
	round_trip(&u, &p, WITH("\"from\":\"did:example:alice\",\"to\":[\"did:example:carol\",\"did:example:bob\"]"));
	assert_int_equal(berth_json_len(u.msg.to), 2);
	berth_unpacked_free(&u);
	round_trip(&u, &p, WITH("\"to\":[\"did:example:carol\",\"did:example:bob\"]"));
	assert_int_equal(berth_json_len(u.msg.to), 2);
	berth_unpacked_free(&u);
	p.sign_by = BOB "#key-1";
	CHECK_RC(BERTH_E_ADDR, pack_only(&p, TEXT));
	p.sign_by = ALICE "#nothing";
	CHECK_RC(BERTH_E_KEYSTORE, pack_only(&p, TEXT));
	p = request(BERTH_PACK_SIGNED);
	CHECK_RC(BERTH_E_ADDR, pack_only(&p, WITH("\"from\":\"did:example:carol\"")));
}

static void names_may_come_from_the_message(void **state)
{
	struct berth_pack p = request(BERTH_PACK_AUTHCRYPT);
	struct berth_unpacked u;

	(void)state;
	p.from = p.to = NULL;
	round_trip(&u, &p, WITH("\"from\":\"did:example:alice\",\"to\":[\"did:example:bob\"]"));
	berth_unpacked_free(&u);
	CHECK_RC(BERTH_E_ADDR, pack_only(&p, WITH("\"from\":\"did:example:alice\"")));
	CHECK_RC(BERTH_E_ADDR, pack_only(&p, WITH("\"to\":[\"did:example:bob\"]")));
	CHECK_RC(BERTH_E_ADDR, pack_only(&p, WITH("\"from\":\"did:example:alice\",\"to\":[\"did:example:bob\",\"did:example:c\"]")));
}

static void c063_from_prior_leaves_only_inside_authenticated_encryption(void **state)
{
	struct berth_pack p = request(BERTH_PACK_ANONCRYPT);

	(void)state;
	CHECK_RC(BERTH_E_ROTATE, pack_only(&p, WITH("\"from_prior\":\"x\"")));
	p = request(BERTH_PACK_SIGNED);
	CHECK_RC(BERTH_E_ROTATE, pack_only(&p, WITH("\"from_prior\":\"x\"")));
	p = request(BERTH_PACK_PLAINTEXT);
	CHECK_RC(BERTH_E_ROTATE, pack_only(&p, WITH("\"from_prior\":\"x\"")));
	p = request(BERTH_PACK_AUTHCRYPT);
	CHECK_OK(pack_only(&p, WITH("\"from_prior\":\"x\"")));
}

static void unsupported_algorithms_are_e_alg(void **state)
{
	struct berth_pack p = request(BERTH_PACK_ANONCRYPT);

	(void)state;
	p.enc = BERTH_ENC_A256GCM;
	CHECK_OK(pack_only(&p, TEXT));
	p = request(BERTH_PACK_AUTHCRYPT);
	p.enc = BERTH_ENC_A256GCM;
	CHECK_RC(BERTH_E_ALG, pack_only(&p, TEXT));
	p = request(BERTH_PACK_SIGNED);
	p.sign_by = ALICE "#key-x25519-1";
	CHECK_RC(BERTH_E_KEY, pack_only(&p, TEXT));
	p.sign_by = ALICE "#nothing";
	CHECK_RC(BERTH_E_KEYSTORE, pack_only(&p, TEXT));
}

/* A did:peer:4 with one X25519 and one Ed25519 key, its private halves in w. */
static char *peer4(void)
{
	struct berth_peer_spec spec = { .n_verification = 1, .n_agreement = 1 };
	struct berth_privkey sign, agree;
	struct berth_buf did = BERTH_BUF_INIT, kid = BERTH_BUF_INIT;

	CHECK_OK(berth_keypair_generate(&sign, BERTH_KEY_ED25519));
	CHECK_OK(berth_keypair_generate(&agree, BERTH_KEY_X25519));
	spec.verification[0] = sign.pub;
	spec.agreement[0] = agree.pub;
	CHECK_OK(berth_did_peer_create(&did, 4, &spec));
	berth_buf_printf(&kid, "%s#key-1", berth_buf_cstr(&did));
	post_key(&w, berth_buf_cstr(&kid), &sign);
	berth_buf_reset(&kid);
	berth_buf_printf(&kid, "%s#key-2", berth_buf_cstr(&did));
	post_key(&w, berth_buf_cstr(&kid), &agree);
	berth_buf_free(&kid);
	return berth_buf_take_str(&did);
}

/* Addressing compares did:peer:4 by its short form: long or short in the message,
 * long in the envelope. */
static void peer4_long_and_short_are_one(void **state)
{
	char *a = peer4(), *b = peer4();
	struct berth_buf short_a = BERTH_BUF_INIT, short_b = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	struct berth_pack p = request(BERTH_PACK_AUTHCRYPT);
	struct berth_unpacked u;

	(void)state;
	CHECK_OK(berth_did_short(&short_a, a));
	CHECK_OK(berth_did_short(&short_b, b));
	p.from = a;
	p.to = b;
	round_trip(&u, &p, TEXT);
	assert_string_equal(berth_unpacked_sender(&u), a);
	berth_unpacked_free(&u);
	berth_buf_printf(&text, WITH("\"from\":\"%s\",\"to\":[\"%s\"]"), berth_buf_cstr(&short_a), berth_buf_cstr(&short_b));
	round_trip(&u, &p, berth_buf_cstr(&text));
	assert_string_equal(berth_unpacked_sender(&u), berth_buf_cstr(&short_a));
	berth_unpacked_free(&u);
	berth_buf_reset(&text);
	berth_buf_printf(&text, WITH("\"from\":\"%s\""), berth_buf_cstr(&short_a));
	round_trip(&u, &p, berth_buf_cstr(&text));
	assert_string_equal(u.msg.from, berth_buf_cstr(&short_a));
	assert_string_equal(berth_json_str(berth_json_first(u.msg.to)), b);
	berth_unpacked_free(&u);
	p.protect_sender = true;
	berth_buf_reset(&text);
	berth_buf_printf(&text, "%s#key-1", a);
	p.sign_by = berth_buf_cstr(&text);
	round_trip(&u, &p, TEXT);
	CHECK(u.non_repudiation && u.anonymous_sender);
	berth_unpacked_free(&u);
	berth_buf_free(&short_a);
	berth_buf_free(&short_b);
	berth_buf_free(&text);
	free(a);
	free(b);
}

static void fails_like_nothing_was_packed(void **state)
{
	struct berth_pack p = request(BERTH_PACK_AUTHCRYPT);
	char *big = malloc(BERTH_PACKED_MAX);
	struct berth_buf text = BERTH_BUF_INIT;

	(void)state;
	memset(big, 'x', BERTH_PACKED_MAX - 200);
	big[BERTH_PACKED_MAX - 200] = '\0';
	berth_buf_printf(&text, "{\"id\":\"1\",\"type\":\"t\",\"body\":{\"x\":\"%s\"}}", big);
	CHECK_RC(BERTH_E_SIZE, pack_only(&p, berth_buf_cstr(&text)));
	berth_buf_free(&text);
	free(big);
}

static int setup(void **state)
{
	*state = &w;
	post_open(&w, "ab");
	post_person(&w, CAROL);
	post_person(&w, ERIN);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mode_curve_encryption_and_signature),
		cmocka_unit_test(several_signatures),
		cmocka_unit_test(signed_and_plaintext),
		cmocka_unit_test(all_keys_of_one_curve_are_recipients),
		cmocka_unit_test(the_senders_keyring_decides_the_curve),
		cmocka_unit_test(every_key_of_the_curve_opens_it),
		cmocka_unit_test(a_listed_key_that_is_not_ours_is_passed_over),
		cmocka_unit_test(no_common_curve_is_e_key),
		cmocka_unit_test(another_from_or_to_is_e_addr),
		cmocka_unit_test(names_may_come_from_the_message),
		cmocka_unit_test(c063_from_prior_leaves_only_inside_authenticated_encryption),
		cmocka_unit_test(unsupported_algorithms_are_e_alg),
		cmocka_unit_test(peer4_long_and_short_are_one),
		cmocka_unit_test(fails_like_nothing_was_packed),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
