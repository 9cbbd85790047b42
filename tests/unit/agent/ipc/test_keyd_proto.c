/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "agent/ipc/keyd_proto.h"
#include "did/crypto/keypair.h"
#include "did/crypto/x509.h"

#define KID "did:example:gateway#key-1"

static struct berth_privkey ephemeral, sender;

/* One request of each op with every field set. */
static struct berth_keyd_request sample(enum berth_keyd_op op)
{
	struct berth_keyd_request r = {
		.op = op, .name = "factory-sign", .ak = "ak", .label = "items", .kid = KID,
		.uri = "soft:/var/lib/berth/keys", .passphrase_file = "/run/credentials/p", .create = true,
		.module_path = "/usr/lib/m.so", .pin_source = "/run/credentials/pin",
		.module_dir = { "/var/lib/a", "/var/lib/b" }, .ethr_registry = { "1:0xa", "2:0xb", "3:0xc" }, .ethr_fee_max = 12,
		.type = BERTH_KEY_P256, .usage = BERTH_USAGE_SIGN, .purposes = BERTH_PURPOSE_BIT(BERTH_SIGN_VC),
		.purpose = BERTH_SIGN_VC, .counter = BERTH_COUNTER_GENERATION, .epoch = -1, .pcr_mask = 0x81,
		.nonce = { 1, 2, 3 }, .data = { (const uint8_t *)"{}", 2 }, .extra = { (const uint8_t *)"ze", 2 },
		.proof = { .purpose = BERTH_SIGN_OWNER_PROOF, .iss = "did:example:o", .aud = "did:example:d",
			   .thid = "t", .epoch = 7, .tip = { 9 }, .owner_time = 1764000000, .has_delegation = true,
			   .delegation = { 8 } },
		.kek = { .alg = "ECDH-1PU+A256KW", .epk = &ephemeral.pub, .peer = &sender.pub,
			 .apu = (const uint8_t *)"u", .apu_len = 1, .apv = (const uint8_t *)"v", .apv_len = 1,
			 .cc_tag = (const uint8_t *)"tag", .cc_tag_len = 3 },
		.ethr = { .registry = { 1337, { { 1, 2 } } },
			  .call = { .function = BERTH_ETHR_SET_ATTRIBUTE, .identity = { { 3 } }, .party = { { 4 } }, .name = "did/svc/x",
				    .value = (const uint8_t *)"v", .value_len = 1, .validity_s = 5 },
			  .meta = true, .nonce = 6, .gas_limit = 7, .legacy = true, .gas_price = 8, .max_fee = 9,
			  .max_priority_fee = 10, .relayed = true, .owner = { { 11 }, 1 } },
		.x509 = { .kind = BERTH_X509_ISSUE, .subject = "/CN=a", .sans = { "a.example", "did:x" }, .n_sans = 2, .from_s = 12,
			  .until_s = 13, .key = ephemeral.pub, .ca = (const uint8_t *)"ca", .ca_len = 2, .server = true,
			  .data = (const uint8_t *)"rows", .len = 4 },
		.keys = { { "a-sign", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, BERTH_PURPOSE_BIT(BERTH_SIGN_VP) },
			  { "a-agree", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0 } },
		.n_keys = 2,
	};

	return r;
}

static int setup(void **state)
{
	(void)state;
	CHECK_OK(berth_keypair_generate(&ephemeral, BERTH_KEY_X25519));
	CHECK_OK(berth_keypair_generate(&sender, BERTH_KEY_X25519));
	return 0;
}

/* Equal encodings are equal requests: the encoding has one spelling. */
static void every_op_reads_back(void **state)
{
	(void)state;
	for (unsigned op = 1; op < BERTH_KEYD__END; op++) {
		struct berth_keyd_request in = sample((enum berth_keyd_op)op), out;
		struct berth_buf a = BERTH_BUF_INIT, b = BERTH_BUF_INIT;

		berth_keyd_encode(&a, &in);
		CHECK_OK(berth_keyd_decode(&out, (uint16_t)op, a.p, a.len));
		berth_keyd_encode(&b, &out);
		assert_int_equal(a.len, b.len);
		CHECK(a.len == 0 || !memcmp(a.p, b.p, a.len));
		berth_buf_free(&a);
		berth_buf_free(&b);
	}
}

static void fields_arrive(void **state)
{
	struct berth_keyd_request in = sample(BERTH_KEYD_UNWRAP), out;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	berth_keyd_encode(&b, &in);
	CHECK_OK(berth_keyd_decode(&out, BERTH_KEYD_UNWRAP, b.p, b.len));
	assert_string_equal(out.name, "factory-sign");
	assert_string_equal(out.kek.alg, "ECDH-1PU+A256KW");
	CHECK(berth_pubkey_equal(out.kek.epk, &ephemeral.pub) && berth_pubkey_equal(out.kek.peer, &sender.pub));
	CHECK(out.kek.cc_tag_len == 3 && !memcmp(out.kek.cc_tag, "tag", 3));
	CHECK(out.data.n == 2 && !memcmp(out.data.p, "{}", 2));
	berth_buf_reset(&b);
	in = sample(BERTH_KEYD_HELLO);
	in.tcti = NULL;
	berth_keyd_encode(&b, &in);
	CHECK_OK(berth_keyd_decode(&out, BERTH_KEYD_HELLO, b.p, b.len));
	assert_string_equal(out.uri, in.uri);
	assert_null(out.tcti);
	assert_string_equal(out.module_path, in.module_path);
	assert_string_equal(out.pin_source, in.pin_source);
	assert_string_equal(out.module_dir[0], "/var/lib/a");
	assert_string_equal(out.module_dir[1], "/var/lib/b");
	assert_null(out.module_dir[2]);
	CHECK(out.pcr_mask == 0x81);
	CHECK(out.create);
	assert_string_equal(out.ethr_registry[2], "3:0xc");
	assert_null(out.ethr_registry[3]);
	CHECK(out.ethr_fee_max == 12);
	berth_buf_free(&b);
}

static void an_order_arrives(void **state)
{
	struct berth_keyd_request in = sample(BERTH_KEYD_SIGN_ETHR), out;
	struct berth_ethr_order *o = &out.ethr;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	berth_keyd_encode(&b, &in);
	CHECK_OK(berth_keyd_decode(&out, BERTH_KEYD_SIGN_ETHR, b.p, b.len));
	assert_string_equal(out.name, "factory-sign");
	CHECK(o->registry.chain_id == 1337 && o->registry.address.b[1] == 2 && o->call.function == BERTH_ETHR_SET_ATTRIBUTE);
	CHECK(o->call.identity.b[0] == 3 && o->call.party.b[0] == 4 && o->call.validity_s == 5 && o->call.value_len == 1);
	assert_string_equal(o->call.name, "did/svc/x");
	CHECK(o->meta && o->legacy && o->relayed && o->nonce == 6 && o->gas_limit == 7 && o->gas_price == 8);
	CHECK(o->max_fee == 9 && o->max_priority_fee == 10 && o->owner.rs[0] == 11 && o->owner.recovery == 1);
	in.ethr.meta = in.ethr.legacy = in.ethr.relayed = false;
	in.ethr.call.name = NULL;
	berth_buf_reset(&b);
	berth_keyd_encode(&b, &in);
	CHECK_OK(berth_keyd_decode(&out, BERTH_KEYD_SIGN_ETHR, b.p, b.len));
	CHECK(!o->meta && !o->legacy && !o->relayed && !o->call.name);
	berth_buf_free(&b);
}

static void orders_of_keys_arrive(void **state)
{
	struct berth_keyd_request in = sample(BERTH_KEYD_ENSURE_ALL), out;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	berth_keyd_encode(&b, &in);
	CHECK_OK(berth_keyd_decode(&out, BERTH_KEYD_ENSURE_ALL, b.p, b.len));
	assert_int_equal(out.n_keys, 2);
	assert_string_equal(out.keys[0].name, "a-sign");
	assert_string_equal(out.keys[1].name, "a-agree");
	CHECK(out.keys[0].type == BERTH_KEY_ED25519 && out.keys[0].usage == BERTH_USAGE_SIGN);
	CHECK(out.keys[0].purposes == BERTH_PURPOSE_BIT(BERTH_SIGN_VP) && out.keys[1].purposes == 0);
	CHECK(out.keys[1].type == BERTH_KEY_P256 && out.keys[1].usage == BERTH_USAGE_AGREE);
	b.p[0] = 0;
	CHECK_RC(BERTH_E_TYPE, berth_keyd_decode(&out, BERTH_KEYD_ENSURE_ALL, b.p, b.len));
	b.p[0] = BERTH_KEYD_KEYS_MAX + 1;
	CHECK_RC(BERTH_E_TYPE, berth_keyd_decode(&out, BERTH_KEYD_ENSURE_ALL, b.p, b.len));
	berth_buf_free(&b);
}

static void an_x509_order_arrives(void **state)
{
	struct berth_keyd_request in = sample(BERTH_KEYD_SIGN_X509), out;
	const struct berth_x509_order *o = &out.x509;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	berth_keyd_encode(&b, &in);
	CHECK_OK(berth_keyd_decode(&out, BERTH_KEYD_SIGN_X509, b.p, b.len));
	assert_string_equal(out.name, "factory-sign");
	CHECK(o->kind == BERTH_X509_ISSUE && o->n_sans == 2 && o->from_s == 12 && o->until_s == 13 && o->server);
	assert_string_equal(o->subject, "/CN=a");
	assert_string_equal(o->sans[0], "a.example");
	assert_string_equal(o->sans[1], "did:x");
	CHECK(berth_pubkey_equal(&o->key, &ephemeral.pub) && o->ca_len == 2 && !memcmp(o->ca, "ca", 2) && o->len == 4);
	berth_buf_free(&b);
}

/* One spelling: no gap between the folders. */
static void folders_stand_without_a_gap(void **state)
{
	struct berth_keyd_request in = sample(BERTH_KEYD_HELLO), out;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	in.ethr_registry[1] = NULL;
	berth_keyd_encode(&b, &in);
	CHECK_RC(BERTH_E_TYPE, berth_keyd_decode(&out, BERTH_KEYD_HELLO, b.p, b.len));
	berth_buf_reset(&b);
	in = sample(BERTH_KEYD_HELLO);
	in.module_dir[1] = NULL;
	in.module_dir[2] = "/var/lib/c";
	berth_keyd_encode(&b, &in);
	CHECK_RC(BERTH_E_TYPE, berth_keyd_decode(&out, BERTH_KEYD_HELLO, b.p, b.len));
	berth_buf_free(&b);
}

static void every_truncation_and_a_trailing_byte_are_e_type(void **state)
{
	(void)state;
	for (unsigned op = 1; op < BERTH_KEYD__END; op++) {
		struct berth_keyd_request in = sample((enum berth_keyd_op)op), out;
		struct berth_buf b = BERTH_BUF_INIT;

		berth_keyd_encode(&b, &in);
		for (size_t n = 0; n < b.len; n++) {
			uint8_t *exact = malloc(n ? n : 1);

			assert_non_null(exact);
			memcpy(exact, b.p, n);
			CHECK_RC(BERTH_E_TYPE, berth_keyd_decode(&out, (uint16_t)op, exact, n));
			free(exact);
		}
		berth_buf_u8(&b, 0);
		CHECK_RC(BERTH_E_TYPE, berth_keyd_decode(&out, (uint16_t)op, b.p, b.len));
		berth_buf_free(&b);
	}
}

static void unknown_ops_are_e_type(void **state)
{
	struct berth_keyd_request out;

	(void)state;
	CHECK_RC(BERTH_E_TYPE, berth_keyd_decode(&out, 0, NULL, 0));
	CHECK_RC(BERTH_E_TYPE, berth_keyd_decode(&out, BERTH_KEYD__END, NULL, 0));
	CHECK_RC(BERTH_E_TYPE, berth_keyd_decode(&out, 0xffff, NULL, 0));
	CHECK_OK(berth_keyd_decode(&out, BERTH_KEYD_LIST, NULL, 0));
}

static enum berth_err recode(const struct berth_keyd_request *in)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_keyd_request out;
	enum berth_err rc;

	berth_keyd_encode(&b, in);
	CHECK_OK(berth_buf_status(&b));
	rc = berth_keyd_decode(&out, (uint16_t)in->op, b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

static void caps(void **state)
{
	static const struct { enum berth_keyd_op op; size_t offset, max; } texts[] = {
		{ BERTH_KEYD_INFO, offsetof(struct berth_keyd_request, name), BERTH_KEYD_NAME_MAX },
		{ BERTH_KEYD_CERTIFY, offsetof(struct berth_keyd_request, ak), BERTH_KEYD_NAME_MAX },
		{ BERTH_KEYD_ENSURE_ALL, offsetof(struct berth_keyd_request, keys[1].name), BERTH_KEYD_NAME_MAX },
		{ BERTH_KEYD_SEAL, offsetof(struct berth_keyd_request, label), BERTH_KEYD_LABEL_MAX },
		{ BERTH_KEYD_SIGN, offsetof(struct berth_keyd_request, kid), BERTH_KEYD_KID_MAX },
		{ BERTH_KEYD_HELLO, offsetof(struct berth_keyd_request, uri), BERTH_KEYD_CONFIG_MAX },
		{ BERTH_KEYD_HELLO, offsetof(struct berth_keyd_request, tcti), BERTH_KEYD_CONFIG_MAX },
		{ BERTH_KEYD_HELLO, offsetof(struct berth_keyd_request, module_path), BERTH_KEYD_CONFIG_MAX },
		{ BERTH_KEYD_HELLO, offsetof(struct berth_keyd_request, pin_source), BERTH_KEYD_CONFIG_MAX },
		{ BERTH_KEYD_HELLO, offsetof(struct berth_keyd_request, module_dir[0]), BERTH_KEYD_CONFIG_MAX },
		{ BERTH_KEYD_HELLO, offsetof(struct berth_keyd_request, ethr_registry[0]), BERTH_KEYD_CONFIG_MAX },
		{ BERTH_KEYD_SIGN_ETHR, offsetof(struct berth_keyd_request, ethr.call.name), BERTH_ETHR_NAME_MAX },
		{ BERTH_KEYD_SIGN_X509, offsetof(struct berth_keyd_request, x509.subject), BERTH_X509_SUBJECT_MAX },
		{ BERTH_KEYD_SIGN_X509, offsetof(struct berth_keyd_request, x509.sans[1]), BERTH_X509_SAN_MAX },
		{ BERTH_KEYD_SIGN_PROOF, offsetof(struct berth_keyd_request, proof.thid), BERTH_KEYD_THID_MAX },
		{ BERTH_KEYD_SIGN_PROOF, offsetof(struct berth_keyd_request, proof.aud), BERTH_KEYD_KID_MAX },
	};
	char *text = malloc(BERTH_KEYD_KID_MAX + 2);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct berth_keyd_request in = sample(texts[i].op);
		const char *p = text;

		memset(text, 'a', texts[i].max + 1);
		memcpy((char *)&in + texts[i].offset, &p, sizeof(p));
		text[texts[i].max + 1] = '\0';
		CHECK_RC(BERTH_E_TYPE, recode(&in));
		text[texts[i].max] = '\0';
		CHECK_OK(recode(&in));
	}
	free(text);
}

static void byte_caps(void **state)
{
	uint8_t *big = calloc(1, BERTH_KEYD_DATA_MAX + 1);
	struct berth_keyd_request in = sample(BERTH_KEYD_UNSEAL);

	(void)state;
	assert_non_null(big);
	in.data = (struct berth_keyd_bytes){ big, BERTH_KEYD_DATA_MAX };
	CHECK_OK(recode(&in));
	in.data.n++;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_ACTIVATE);
	in.extra = (struct berth_keyd_bytes){ big, BERTH_KEYD_EXTRA_MAX };
	CHECK_OK(recode(&in));
	in.extra.n++;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_UNWRAP);
	in.kek.apv = big;
	in.kek.apv_len = BERTH_KEYD_PARTY_MAX;
	CHECK_OK(recode(&in));
	in.kek.apv_len++;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_UNWRAP);
	in.kek.cc_tag = big;
	in.kek.cc_tag_len = BERTH_TAG_MAX;
	CHECK_OK(recode(&in));
	in.kek.cc_tag_len++;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_SIGN_ETHR);
	in.ethr.call.value = big;
	in.ethr.call.value_len = BERTH_ETHR_VALUE_MAX;
	CHECK_OK(recode(&in));
	in.ethr.call.value_len++;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_SIGN_X509);
	in.x509.ca = in.x509.data = big;
	in.x509.ca_len = BERTH_X509_MAX;
	in.x509.len = (size_t)BERTH_X509_REVOKED_MAX * BERTH_X509_REVOKED_LEN;
	CHECK_OK(recode(&in));
	in.x509.len++;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in.x509.len = 0;
	in.x509.ca_len++;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	free(big);
}

static void numbers_out_of_range_are_e_type(void **state)
{
	struct berth_keyd_request in = sample(BERTH_KEYD_ENSURE);

	(void)state;
	in.type = BERTH_KEY_NONE;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in.type = BERTH_KEY__COUNT;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_ENSURE);
	in.usage = (enum berth_usage)3;		/* signs and agrees */
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_ENSURE);
	in.purposes = BERTH_PURPOSE_BIT(BERTH_SIGN__COUNT);
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_ENSURE_ALL);
	in.keys[1].type = BERTH_KEY__COUNT;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_ENSURE_ALL);
	in.keys[1].usage = (enum berth_usage)3;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_ENSURE_ALL);
	in.keys[0].purposes = BERTH_PURPOSE_BIT(BERTH_SIGN__COUNT);
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_SIGN);
	in.purpose = BERTH_SIGN__COUNT;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_SIGN_ETHR);
	in.ethr.call.function = BERTH_ETHR__END;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in.ethr.call.function = 0;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_SIGN_X509);
	in.x509.kind = BERTH_X509_KIND__END;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in.x509.kind = 0;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_SIGN_X509);
	in.x509.key.type = BERTH_KEY__COUNT;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_SIGN_X509);
	in.x509.key.len--;		/* no point */
	CHECK_RC(BERTH_E_KEY, recode(&in));
	in = sample(BERTH_KEYD_COUNTER_STEP);
	in.counter = (enum berth_counter)2;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_SEAL);
	in.epoch = -2;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
}

static void agreements_have_their_parts(void **state)
{
	struct berth_keyd_request in = sample(BERTH_KEYD_UNWRAP);

	(void)state;
	in.kek.epk = NULL;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_UNWRAP);
	in.kek.peer = NULL;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_UNWRAP);
	in.kek.cc_tag_len = 0;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_UNWRAP);
	in.kek.alg = "ECDH-ES+A256KW";		/* with a peer and a tag */
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in.kek.peer = NULL;
	in.kek.cc_tag_len = 0;
	CHECK_OK(recode(&in));
	in.op = BERTH_KEYD_WRAP_1PU;
	CHECK_RC(BERTH_E_TYPE, recode(&in));
	in = sample(BERTH_KEYD_WRAP_1PU);
	in.kek.epk = NULL;
	CHECK_OK(recode(&in));
}

/* Whether it is a point of the curve who agrees with it finds out (test_keyd.c). */
static void c034_keys_to_agree_with_have_one_form(void **state)
{
	struct berth_keyd_request in = sample(BERTH_KEYD_UNWRAP);
	struct berth_privkey p256, signs;

	(void)state;
	CHECK_OK(berth_keypair_generate(&p256, BERTH_KEY_P256));
	in.kek.epk = &p256.pub;
	CHECK_OK(recode(&in));
	p256.pub.b[0] = 6 + (p256.pub.b[64] & 1);
	CHECK_RC(BERTH_E_KEY, recode(&in));
	p256.pub.b[0] = 4;
	p256.pub.len = berth_pubkey_compress(p256.pub.b, &p256.pub);
	CHECK_RC(BERTH_E_KEY, recode(&in));
	CHECK_OK(berth_keypair_generate(&signs, BERTH_KEY_ED25519));
	in = sample(BERTH_KEYD_UNWRAP);
	in.kek.peer = &signs.pub;
	CHECK_RC(BERTH_E_KEY, recode(&in));
}

static void c034_points_of_certificates_are_checked_here(void **state)
{
	struct berth_keyd_request in = sample(BERTH_KEYD_SIGN_X509);
	struct berth_privkey p256;

	(void)state;
	CHECK_OK(berth_keypair_generate(&p256, BERTH_KEY_P256));
	in.x509.key = p256.pub;
	CHECK_OK(recode(&in));
	in.x509.key.b[64] ^= 1;
	CHECK_RC(BERTH_E_KEY, recode(&in));
}

static void text_with_a_nul_inside_is_e_type(void **state)
{
	static const uint8_t good[] = { 0, 3, 'a', 'b', 0 }, inner[] = { 0, 3, 'a', 0, 0 },
		open[] = { 0, 3, 'a', 'b', 'c' }, none[] = { 0, 0 };
	struct berth_keyd_request out;

	(void)state;
	CHECK_OK(berth_keyd_decode(&out, BERTH_KEYD_INFO, good, sizeof(good)));
	CHECK_RC(BERTH_E_TYPE, berth_keyd_decode(&out, BERTH_KEYD_INFO, inner, sizeof(inner)));
	CHECK_RC(BERTH_E_TYPE, berth_keyd_decode(&out, BERTH_KEYD_INFO, open, sizeof(open)));
	CHECK_RC(BERTH_E_TYPE, berth_keyd_decode(&out, BERTH_KEYD_INFO, none, sizeof(none)));
}

static void every_answer_reads_back(void **state)
{
	struct berth_keyd_reply in = {
		.info = { .name = "factory-sign", .usage = BERTH_USAGE_SIGN, .custody = BERTH_CUSTODY_HARDWARE,
			  .attestable = true, .pub = sender.pub },
		.purposes = 6, .custody = BERTH_CUSTODY_SEALED, .a = { (const uint8_t *)"a", 1 },
		.b = { (const uint8_t *)"bb", 2 }, .value = 1ull << 40, .protected_ = true
	}, out;

	(void)state;
	for (unsigned op = 1; op < BERTH_KEYD__END; op++) {
		struct berth_buf b = BERTH_BUF_INIT, again = BERTH_BUF_INIT;

		if (op == BERTH_KEYD_LIST)
			continue;
		berth_keyd_reply_encode(&b, (enum berth_keyd_op)op, &in);
		CHECK_OK(berth_keyd_reply_decode(&out, (enum berth_keyd_op)op, b.p, b.len));
		berth_keyd_reply_encode(&again, (enum berth_keyd_op)op, &out);
		CHECK(b.len == again.len && (b.len == 0 || !memcmp(b.p, again.p, b.len)));
		for (size_t n = 0; n < b.len; n++) {
			uint8_t *exact = malloc(n ? n : 1);

			assert_non_null(exact);
			memcpy(exact, b.p, n);
			CHECK(berth_keyd_reply_decode(&out, (enum berth_keyd_op)op, exact, n) != BERTH_OK);
			free(exact);
		}
		berth_buf_u8(&b, 0);
		CHECK_RC(BERTH_E_TYPE, berth_keyd_reply_decode(&out, (enum berth_keyd_op)op, b.p, b.len));
		berth_buf_free(&b);
		berth_buf_free(&again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_op_reads_back),
		cmocka_unit_test(fields_arrive),
		cmocka_unit_test(an_order_arrives), cmocka_unit_test(orders_of_keys_arrive),
		cmocka_unit_test(an_x509_order_arrives),
		cmocka_unit_test(folders_stand_without_a_gap),
		cmocka_unit_test(every_truncation_and_a_trailing_byte_are_e_type),
		cmocka_unit_test(unknown_ops_are_e_type),
		cmocka_unit_test(caps),
		cmocka_unit_test(byte_caps),
		cmocka_unit_test(numbers_out_of_range_are_e_type),
		cmocka_unit_test(agreements_have_their_parts),
		cmocka_unit_test(c034_keys_to_agree_with_have_one_form),
		cmocka_unit_test(c034_points_of_certificates_are_checked_here),
		cmocka_unit_test(text_with_a_nul_inside_is_e_type),
		cmocka_unit_test(every_answer_reads_back),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
