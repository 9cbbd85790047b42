/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "did/base/buf.h"
#include "did/base/secret.h"
#include "did/jose/proof.h"

#define DEVICE "did:peer:4zQmDevice"
#define OWNER "did:key:z6MkOwner"
#define Z32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ONE "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"

static struct berth_proof device(void)
{
	struct berth_proof p = {
		.purpose = BERTH_SIGN_DEVICE_PROOF, .iss = DEVICE, .aud = OWNER, .thid = "t-1", .epoch = 3,
	};

	memset(p.nonce_d, 1, 32);
	return p;
}

static struct berth_proof owner(void)
{
	struct berth_proof p = device();

	p.purpose = BERTH_SIGN_OWNER_PROOF;
	p.iss = OWNER;
	p.aud = DEVICE;
	return p;
}

static const char *payload_of(struct berth_buf *b, const struct berth_proof *p)
{
	berth_buf_reset(b);
	CHECK_OK(berth_proof_payload(b, p));
	return berth_buf_cstr(b);
}

static void the_claims_of_each_role(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_proof p = device();

	(void)state;
	assert_string_equal(payload_of(&b, &p),
		"{\"aud\":\"" OWNER "\",\"deviceHash\":\"" Z32 "\",\"epoch\":3,\"iss\":\"" DEVICE "\","
		"\"nonceD\":\"" ONE "\",\"nonceO\":\"" Z32 "\",\"role\":\"device\",\"th\":\"" Z32 "\","
		"\"thid\":\"t-1\",\"tip\":\"" Z32 "\",\"v\":1}");
	p = owner();
	p.owner_time = 1795000000;
	p.has_delegation = true;
	assert_string_equal(payload_of(&b, &p),
		"{\"aud\":\"" DEVICE "\",\"delegation\":\"" Z32 "\",\"deviceHash\":\"" Z32 "\",\"epoch\":3,"
		"\"iss\":\"" OWNER "\",\"nonceD\":\"" ONE "\",\"nonceO\":\"" Z32 "\",\"ownerTime\":1795000000,"
		"\"role\":\"owner\",\"th\":\"" Z32 "\",\"thid\":\"t-1\",\"tip\":\"" Z32 "\",\"v\":1}");
	p = device();
	p.purpose = BERTH_SIGN_RV_PROVE;
	assert_string_equal(payload_of(&b, &p),
		"{\"aud\":\"" OWNER "\",\"deviceHash\":\"" Z32 "\",\"epoch\":3,\"iss\":\"" DEVICE "\","
		"\"nonceO\":\"" Z32 "\",\"role\":\"rv\",\"th\":\"" Z32 "\",\"thid\":\"t-1\",\"tip\":\"" Z32 "\",\"v\":1}");
	berth_buf_free(&b);
}

static void impossible_claims_are_not_written(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_proof p;

	(void)state;
	p = device(); p.purpose = BERTH_SIGN_VC;	CHECK_RC(BERTH_E_TYPE, berth_proof_payload(&b, &p));
	p = device(); p.iss = NULL;			CHECK_RC(BERTH_E_TYPE, berth_proof_payload(&b, &p));
	p = device(); p.aud = "nobody";			CHECK_RC(BERTH_E_TYPE, berth_proof_payload(&b, &p));
	p = device(); p.thid = "";			CHECK_RC(BERTH_E_TYPE, berth_proof_payload(&b, &p));
	p = device(); p.epoch = -1;			CHECK_RC(BERTH_E_TYPE, berth_proof_payload(&b, &p));
	p = device(); p.owner_time = 1;			CHECK_RC(BERTH_E_TYPE, berth_proof_payload(&b, &p));
	p = device(); p.has_delegation = true;		CHECK_RC(BERTH_E_TYPE, berth_proof_payload(&b, &p));
	CHECK(b.len == 0);
	berth_buf_free(&b);
}

static enum berth_err check(struct berth_proof want, const char *payload)
{
	return berth_proof_check(&want, berth_purpose_typ(want.purpose), payload, strlen(payload));
}

static void a_proof_is_accepted_and_its_time_read(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_proof p = owner(), want = owner();

	(void)state;
	p.owner_time = 1795000000;
	payload_of(&b, &p);
	CHECK_OK(berth_proof_check(&want, "berth-owner-proof+jwt", b.p, b.len));
	CHECK(want.owner_time == 1795000000);
	payload_of(&b, &want);	/* what was read is what was written */
	CHECK_OK(check(owner(), berth_buf_cstr(&b)));
	p = device();
	CHECK_OK(check(device(), payload_of(&b, &p)));
	p.purpose = BERTH_SIGN_RV_PROVE;
	CHECK_OK(check(p, payload_of(&b, &p)));
	berth_buf_free(&b);
}

static void the_long_form_of_a_peer_did_is_the_same_party(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_proof p = device();

	(void)state;
	p.iss = DEVICE ":zDoc";
	CHECK_OK(check(device(), payload_of(&b, &p)));
	p.iss = "did:peer:4zQmDevicf:zDoc";
	CHECK_RC(BERTH_E_AUTHZ, check(device(), payload_of(&b, &p)));
	berth_buf_free(&b);
}

static void every_other_value_is_e_authz(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_proof p = owner(), want;

	(void)state;
	p.has_delegation = true;
	payload_of(&b, &p);
	CHECK_OK(check(p, berth_buf_cstr(&b)));
	want = p; want.iss = DEVICE;		CHECK_RC(BERTH_E_AUTHZ, check(want, berth_buf_cstr(&b)));
	want = p; want.aud = OWNER;		CHECK_RC(BERTH_E_AUTHZ, check(want, berth_buf_cstr(&b)));
	want = p; want.thid = "t-2";		CHECK_RC(BERTH_E_AUTHZ, check(want, berth_buf_cstr(&b)));
	want = p; want.epoch = 4;		CHECK_RC(BERTH_E_AUTHZ, check(want, berth_buf_cstr(&b)));
	want = p; want.device_hash[0] ^= 1;	CHECK_RC(BERTH_E_AUTHZ, check(want, berth_buf_cstr(&b)));
	want = p; want.tip[31] ^= 1;		CHECK_RC(BERTH_E_AUTHZ, check(want, berth_buf_cstr(&b)));
	want = p; want.nonce_d[31] ^= 1;	CHECK_RC(BERTH_E_AUTHZ, check(want, berth_buf_cstr(&b)));
	want = p; want.nonce_o[0] ^= 1;		CHECK_RC(BERTH_E_AUTHZ, check(want, berth_buf_cstr(&b)));
	want = p; want.th[5] ^= 0x80;		CHECK_RC(BERTH_E_AUTHZ, check(want, berth_buf_cstr(&b)));
	want = p; want.delegation[5] ^= 1;	CHECK_RC(BERTH_E_AUTHZ, check(want, berth_buf_cstr(&b)));
	want = p; want.has_delegation = false;	CHECK_RC(BERTH_E_AUTHZ, check(want, berth_buf_cstr(&b)));
	p.has_delegation = false;
	payload_of(&b, &p);
	want = p; want.has_delegation = true;	CHECK_RC(BERTH_E_AUTHZ, check(want, berth_buf_cstr(&b)));
	berth_buf_free(&b);
}

static void c033_a_proof_of_one_role_is_none_of_another(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_proof p = device(), want = device();

	(void)state;
	payload_of(&b, &p);
	CHECK_RC(BERTH_E_ENV, berth_proof_check(&want, "berth-owner-proof+jwt", b.p, b.len));
	CHECK_RC(BERTH_E_ENV, berth_proof_check(&want, "vp+jwt", b.p, b.len));
	CHECK_RC(BERTH_E_ENV, berth_proof_check(&want, NULL, b.p, b.len));
	/* the same claims under the typ of the owner */
	want.purpose = BERTH_SIGN_OWNER_PROOF;
	CHECK_RC(BERTH_E_AUTHZ, berth_proof_check(&want, "berth-owner-proof+jwt", b.p, b.len));
	want.purpose = BERTH_SIGN_RV_PROVE;
	CHECK_RC(BERTH_E_TYPE, berth_proof_check(&want, "berth-rv-prove+jwt", b.p, b.len));
	berth_buf_free(&b);
}

/* The device's payload with one piece of text replaced. */
static enum berth_err edited(const char *from, const char *to)
{
	struct berth_buf b = BERTH_BUF_INIT, e = BERTH_BUF_INIT;
	struct berth_proof p = device();
	const char *text = payload_of(&b, &p), *at = strstr(text, from);
	enum berth_err rc;

	CHECK(at);
	berth_buf_put(&e, text, (size_t)(at - text));
	berth_buf_str(&e, to);
	berth_buf_str(&e, at + strlen(from));
	rc = check(p, berth_buf_cstr(&e));
	berth_buf_free(&b);
	berth_buf_free(&e);
	return rc;
}

static void missing_extra_and_malformed_claims_are_e_type(void **state)
{
	(void)state;
	CHECK_OK(edited("\"v\":1", "\"v\":1"));
	CHECK_RC(BERTH_E_TYPE, edited(",\"v\":1", ""));
	CHECK_RC(BERTH_E_TYPE, edited("\"v\":1", "\"v\":2"));
	CHECK_RC(BERTH_E_TYPE, edited("\"v\":1", "\"v\":1,\"x\":1"));
	CHECK_RC(BERTH_E_TYPE, edited("\"v\":1", "\"v\":1,\"ownerTime\":5"));
	CHECK_RC(BERTH_E_TYPE, edited("\"v\":1", "\"v\":1,\"delegation\":\"" Z32 "\""));
	CHECK_RC(BERTH_E_TYPE, edited("\"epoch\":3", "\"epoch\":\"3\""));
	CHECK_RC(BERTH_E_TYPE, edited("\"epoch\":3", "\"epoch\":3.5"));
	CHECK_RC(BERTH_E_TYPE, edited("\"nonceD\":\"" ONE "\"", "\"nonceD\":\"" ONE "A\""));
	CHECK_RC(BERTH_E_TYPE, edited("\"nonceD\":\"" ONE "\"", "\"nonceD\":\"\""));
	CHECK_RC(BERTH_E_TYPE, edited("\"nonceD\":\"" ONE "\",", ""));
	CHECK_RC(BERTH_E_TYPE, edited("\"role\":\"device\"", "\"role\":7"));
	CHECK_RC(BERTH_E_AUTHZ, edited("\"role\":\"device\"", "\"role\":\"owner\""));
	CHECK_RC(BERTH_E_AUTHZ, edited(DEVICE, "nobody"));
	CHECK_RC(BERTH_E_JSON, edited("\"v\":1", "\"v\":1,\"v\":1"));
}

static void every_truncation_is_refused(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_proof p = device();

	(void)state;
	payload_of(&b, &p);
	for (size_t n = 0; n < b.len; n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, b.p, n);
		CHECK_RC(BERTH_E_JSON, berth_proof_check(&p, "berth-device-proof+jwt", exact, n));
		free(exact);
	}
	berth_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_claims_of_each_role),
		cmocka_unit_test(impossible_claims_are_not_written),
		cmocka_unit_test(a_proof_is_accepted_and_its_time_read),
		cmocka_unit_test(the_long_form_of_a_peer_did_is_the_same_party),
		cmocka_unit_test(every_other_value_is_e_authz),
		cmocka_unit_test(c033_a_proof_of_one_role_is_none_of_another),
		cmocka_unit_test(missing_extra_and_malformed_claims_are_e_type),
		cmocka_unit_test(every_truncation_is_refused),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
