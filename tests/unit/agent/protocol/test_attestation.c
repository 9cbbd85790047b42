/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner believes of a TPM: everything is signed for good, and one field at a
 * time is not what it must be. */
#include "agent/protocol/attestation.h"
#include "did/crypto/hash.h"
#include "did/method_peer.h"
#include "tests/check.h"
#include "tests/fakes/soft_tpm.h"

static const uint8_t sign_seed[32] = { 1 }, agree_seed[32] = { 2 };
static char did[1024];

/* One device, its evidence for M5 or M8, and the owner's idea of it. */
struct device {
	struct soft_key ak, epoch, sign, agree;
	const struct soft_key *by_sign, *by_agree, *by_ak, *by_quote;	/* who signs what */
	TPMS_ATTEST of_sign, of_agree, of_ak, quote;
	uint8_t qualifying[32];
	struct berth_key_provenance keys;
	struct berth_attest_claim claim;
	uint32_t pcrs;
	const char *without, *text;	/* a member that is left out, or is this */
};
typedef void change_fn(struct device *d);

static const uint8_t nonce[32] = { 7 };
static struct berth_transcript said;

/* did:peer:4 with the two keys of the seeds */
static void make_did(void)
{
	struct soft_key s, a;
	struct berth_peer_spec spec = { .n_verification = 1, .n_agreement = 1 };
	struct berth_buf b = BERTH_BUF_INIT;

	soft_key_make(&s, BERTH_KEY_P256, SOFT_SIGN, sign_seed);
	soft_key_make(&a, BERTH_KEY_P256, SOFT_AGREE, agree_seed);
	spec.verification[0] = s.k.pub;
	spec.agreement[0] = a.k.pub;
	CHECK_OK(berth_did_peer_create(&b, 4, &spec));
	snprintf(did, sizeof(did), "%s", berth_buf_cstr(&b));
	berth_buf_free(&b);
}

static void make(struct device *d, bool factory)
{
	struct berth_json *empty = berth_json_new_object();
	uint8_t th[32];

	memset(d, 0, sizeof(*d));
	CHECK_OK(berth_transcript_th(th, &said, empty, NULL));
	berth_json_free(empty);
	berth_attest_nonce(d->qualifying, factory ? "berth-m5" : "berth-m8", nonce, th);
	soft_key_make(&d->ak, BERTH_KEY_P256, SOFT_AK, NULL);
	soft_key_make(&d->epoch, BERTH_KEY_P256, SOFT_AK, NULL);
	soft_key_make(&d->sign, BERTH_KEY_P256, SOFT_SIGN, sign_seed);
	soft_key_make(&d->agree, BERTH_KEY_P256, SOFT_AGREE, agree_seed);
	d->by_sign = d->by_agree = factory ? &d->ak : &d->epoch;
	d->by_ak = d->by_quote = &d->ak;
	d->pcrs = BERTH_ATTEST_PCRS;
	d->claim = (struct berth_attest_claim){ .label = factory ? "berth-m5" : "berth-m8", .nonce = nonce, .said = &said,
		.keys = &d->keys, .did = did, .factory = factory };
}

/* What follows from the keys, whatever has been done to them. */
static void say(struct device *d)
{
	struct berth_buf b = BERTH_BUF_INIT;

	d->keys.has_tpm = true;
	d->keys.custody = "hardware";
	soft_key_public(&b, &d->ak);
	d->keys.ak_pub_len = b.len;
	memcpy(d->keys.ak_pub, b.p, b.len);
	soft_key_name(d->keys.ak_name, &d->ak);
	soft_key_name(d->keys.sign_name, &d->sign);
	soft_key_name(d->keys.agree_name, &d->agree);
	soft_certify(&d->of_sign, &d->sign, d->qualifying);
	soft_certify(&d->of_agree, &d->agree, d->qualifying);
	soft_certify(&d->of_ak, &d->epoch, d->qualifying);
	soft_quote(&d->quote, d->pcrs, d->qualifying);
	berth_buf_free(&b);
}

static void set(struct berth_json *o, const char *attest, const char *sig, const TPMS_ATTEST *a, const struct soft_key *by)
{
	struct berth_buf x = BERTH_BUF_INIT, y = BERTH_BUF_INIT;

	soft_attest(&x, &y, a, by);
	CHECK_OK(berth_json_set_b64url(o, attest, x.p, x.len));
	CHECK_OK(berth_json_set_b64url(o, sig, y.p, y.len));
	berth_buf_free(&x);
	berth_buf_free(&y);
}

static void set_public(struct berth_json *o, const char *member, const struct soft_key *k)
{
	struct berth_buf b = BERTH_BUF_INIT;

	soft_key_public(&b, k);
	CHECK_OK(berth_json_set_b64url(o, member, b.p, b.len));
	berth_buf_free(&b);
}

static struct berth_json *quote_json(const struct device *d)
{
	struct berth_json *q = berth_json_new_object(), *list = berth_json_new_array();

	set(q, "attest", "sig", &d->quote, d->by_quote);
	for (int i = 0; i < 32; i++)
		if (d->pcrs >> i & 1)
			CHECK_OK(berth_json_push(list, berth_json_new_int(i)));
	CHECK_OK(berth_json_set(q, "pcrs", list));
	return q;
}

static void leave_out(struct berth_json *o, const struct device *d)
{
	if (!d->without || !berth_json_get(o, d->without))
		return;
	if (d->text)
		CHECK_OK(berth_json_set_str(o, d->without, d->text));
	else
		berth_json_remove(o, d->without);
}

static struct berth_json *body(const struct device *d)
{
	struct berth_json *o = berth_json_new_object(), *a = berth_json_new_object(), *q = quote_json(d);

	set(a, "signAttest", "signSig", &d->of_sign, d->by_sign);
	set(a, "agreeAttest", "agreeSig", &d->of_agree, d->by_agree);
	set_public(a, "signPub", &d->sign);
	set_public(a, "agreePub", &d->agree);
	if (d->claim.factory) {
		leave_out(q, d);
		CHECK_OK(berth_json_set(a, "quote", q));
	} else {
		berth_json_free(q);
		set(a, "akAttest", "akSig", &d->of_ak, d->by_ak);
		set_public(a, "akPub", &d->epoch);
	}
	leave_out(a, d);
	CHECK_OK(berth_json_set(o, "attestation", a));
	leave_out(o, d);
	return o;
}

static enum berth_err judge(struct device *d)
{
	struct berth_resolver resolver;
	struct berth_env env = { .resolver = &resolver };
	struct berth_json *o = body(d);

	berth_resolver_builtin_init(&resolver, NULL);
	enum berth_err rc = berth_attest_verify(&env, &d->claim, o);

	berth_json_free(o);
	return rc;
}

/* before: done to the keys, so that all that names them follows; after: to what is
 * said of them, before it is signed. */
static void expect(enum berth_err want, bool factory, change_fn *before, change_fn *after)
{
	struct device d;

	make(&d, factory);
	if (before)
		before(&d);
	say(&d);
	if (after)
		after(&d);
	CHECK_RC(want, judge(&d));
}

/* ---- attributes ---- */
static TPMA_OBJECT drop, add;
static void ak_attributes(struct device *d) { d->ak.area.objectAttributes = (SOFT_AK & ~drop) | add; }
static void epoch_attributes(struct device *d) { d->epoch.area.objectAttributes = (SOFT_AK & ~drop) | add; }
static void sign_attributes(struct device *d) { d->sign.area.objectAttributes = (SOFT_SIGN & ~drop) | add; }
static void agree_attributes(struct device *d) { d->agree.area.objectAttributes = (SOFT_AGREE & ~drop) | add; }

static void each_attribute_is_looked_at(void **state)
{
	static const struct { TPMA_OBJECT drop, add; bool ak, key; enum berth_err want; } cases[] = {
		{ TPMA_OBJECT_FIXEDTPM, 0, true, true, BERTH_E_KEY },
		{ TPMA_OBJECT_FIXEDPARENT, 0, true, true, BERTH_E_KEY },
		{ TPMA_OBJECT_SENSITIVEDATAORIGIN, 0, true, true, BERTH_E_KEY },
		{ TPMA_OBJECT_RESTRICTED, 0, true, false, BERTH_E_KEY },
		{ 0, TPMA_OBJECT_RESTRICTED, false, true, BERTH_E_KEY },
		{ TPMA_OBJECT_SIGN_ENCRYPT, 0, true, false, BERTH_E_KEY },
		{ 0, TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_DECRYPT, true, true, BERTH_E_KEY },
		{ TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_DECRYPT, 0, true, true, BERTH_E_KEY },
		{ 0, TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA, true, true, BERTH_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		drop = cases[i].drop;
		add = cases[i].add;
		if (cases[i].ak) {
			expect(cases[i].want, true, ak_attributes, NULL);
			expect(cases[i].want, false, ak_attributes, NULL);
			expect(cases[i].want, false, epoch_attributes, NULL);
		}
		if (cases[i].key) {
			expect(cases[i].want, true, sign_attributes, NULL);
			expect(cases[i].want, true, agree_attributes, NULL);
			expect(cases[i].want, false, sign_attributes, NULL);
			expect(cases[i].want, false, agree_attributes, NULL);
		}
	}
}

/* ---- keys ---- */
static void another_point(struct device *d) { soft_key_make(&d->sign, BERTH_KEY_P256, SOFT_SIGN, NULL); }
static void another_curve(struct device *d) { soft_key_make(&d->sign, BERTH_KEY_P384, SOFT_SIGN, NULL); }
static void another_agreement_point(struct device *d) { soft_key_make(&d->agree, BERTH_KEY_P256, SOFT_AGREE, NULL); }
static void another_agreement_curve(struct device *d) { soft_key_make(&d->agree, BERTH_KEY_P384, SOFT_AGREE, NULL); }
static void the_other_use(struct device *d)
{
	soft_key_make(&d->sign, BERTH_KEY_P256, SOFT_AGREE, sign_seed);
	soft_key_make(&d->agree, BERTH_KEY_P256, SOFT_SIGN, agree_seed);
}
static void a_large_ak(struct device *d) { soft_key_make(&d->ak, BERTH_KEY_P384, SOFT_AK, NULL); }
static void an_ak_with_sha1(struct device *d)
{
	d->ak.area.parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA1;
}
static void an_ak_without_scheme(struct device *d) { d->ak.area.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL; }
static void a_sha384_name(struct device *d) { d->sign.area.nameAlg = TPM2_ALG_SHA384; }
static void other_ak_name(struct device *d) { d->keys.ak_name[20] ^= 1; }
static void other_sign_name(struct device *d) { d->keys.sign_name[20] ^= 1; }
static void other_agree_name(struct device *d) { d->keys.agree_name[20] ^= 1; }
static void no_tpm(struct device *d) { d->keys.has_tpm = false; }

static void the_keys_are_those_of_the_did_and_the_credential(void **state)
{
	(void)state;
	expect(BERTH_OK, true, NULL, NULL);
	expect(BERTH_E_SIG, true, another_point, NULL);
	expect(BERTH_E_SIG, true, another_curve, NULL);
	expect(BERTH_E_SIG, true, another_agreement_point, NULL);
	expect(BERTH_E_SIG, true, another_agreement_curve, NULL);
	expect(BERTH_E_KEY, true, the_other_use, NULL);
	expect(BERTH_E_KEY, true, a_large_ak, NULL);
	expect(BERTH_E_KEY, true, an_ak_with_sha1, NULL);
	expect(BERTH_E_KEY, true, an_ak_without_scheme, NULL);
	expect(BERTH_E_KEY, true, a_sha384_name, NULL);
	expect(BERTH_E_SIG, true, NULL, other_ak_name);
	expect(BERTH_E_SIG, true, NULL, other_sign_name);
	expect(BERTH_E_SIG, true, NULL, other_agree_name);
	expect(BERTH_E_VC, true, NULL, no_tpm);
	/* operational keys are in no credential yet */
	expect(BERTH_OK, false, NULL, NULL);
	expect(BERTH_OK, false, NULL, other_sign_name);
	expect(BERTH_E_SIG, false, another_point, NULL);
	expect(BERTH_E_SIG, false, NULL, other_ak_name);
	expect(BERTH_E_VC, false, NULL, no_tpm);
}

/* ---- what the TPM says ---- */
static void no_magic(struct device *d) { d->of_sign.magic = 0xff544348; }
static void no_magic2(struct device *d) { d->of_agree.magic = 0; }
static void other_nonce(struct device *d) { d->of_sign.extraData.buffer[31] ^= 1; }
static void other_nonce2(struct device *d) { d->of_agree.extraData.buffer[0] ^= 1; }
static void short_nonce(struct device *d) { d->of_sign.extraData.size = 31; }
static void long_nonce(struct device *d) { d->of_sign.extraData.size = 33; }
static void larger_nonce(struct device *d) { d->of_sign.extraData.size = 64; }
static void no_nonce(struct device *d) { d->of_sign.extraData.size = 0; }
static void name_of_another(struct device *d) { d->of_sign.attested.certify.name.name[33] ^= 1; }
static void name_of_another2(struct device *d) { soft_key_name(d->of_agree.attested.certify.name.name, &d->sign); }
static void name_by_another_hash(struct device *d) { d->of_sign.attested.certify.name.name[1] = TPM2_ALG_SHA384; }
static void a_longer_name(struct device *d) { d->of_sign.attested.certify.name.size = 50; }
static void no_name(struct device *d) { d->of_sign.attested.certify.name.size = 0; }
static void by_another(struct device *d) { d->by_sign = &d->epoch; }
static void by_another2(struct device *d) { d->by_agree = &d->epoch; }
static void by_itself(struct device *d) { d->by_sign = &d->sign; }

/* The Name stands where TPM2_Certify would have put it. */
static void of_another_type(struct device *d)
{
	TPM2B_NAME name = d->of_sign.attested.certify.name;

	d->of_sign.type = TPM2_ST_ATTEST_CREATION;
	memset(&d->of_sign.attested, 0, sizeof(d->of_sign.attested));
	d->of_sign.attested.creation.objectName = name;
}

static void each_field_of_a_certification_is_looked_at(void **state)
{
	static change_fn *const cases[] = {
		no_magic, no_magic2, other_nonce, other_nonce2, short_nonce, long_nonce, larger_nonce, no_nonce,
		name_of_another, name_of_another2, name_by_another_hash, a_longer_name, no_name, of_another_type,
		by_another, by_another2, by_itself,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(BERTH_E_SIG, true, NULL, cases[i]);
	expect(BERTH_OK, true, NULL, NULL);
}

/* ---- the quote ---- */
static void quote_magic(struct device *d) { d->quote.magic = 0; }
static void quote_nonce(struct device *d) { d->quote.extraData.buffer[9] ^= 1; }
static void quote_by_a_did_key(struct device *d) { d->by_quote = &d->sign; }
static void quote_by_another_ak(struct device *d) { d->by_quote = &d->epoch; }
static void quote_is_a_certification(struct device *d) { d->quote = d->of_sign; }
static void quote_of_less(struct device *d) { d->quote.attested.quote.pcrSelect.pcrSelections[0].pcrSelect[0] = 0x7f; }
static void quote_of_more(struct device *d) { d->quote.attested.quote.pcrSelect.pcrSelections[0].pcrSelect[1] = 1; }
static void says_less(struct device *d) { d->pcrs = 0x7f; }
static void says_none(struct device *d) { d->pcrs = 0; }
static void says_more(struct device *d) { d->pcrs = 0x1ff; }
static void says_what_there_is_not(struct device *d) { d->pcrs |= 1u << 24; }
static void quote_of_sha1(struct device *d) { d->quote.attested.quote.pcrSelect.pcrSelections[0].hash = TPM2_ALG_SHA1; }
static void quote_of_two_banks(struct device *d)
{
	TPML_PCR_SELECTION *l = &d->quote.attested.quote.pcrSelect;

	l->pcrSelections[1] = l->pcrSelections[0];
	l->count = 2;
}
static void quote_of_no_bank(struct device *d) { d->quote.attested.quote.pcrSelect.count = 0; }
static void quote_digest_of_20(struct device *d) { d->quote.attested.quote.pcrDigest.size = 20; }

static void each_field_of_a_quote_is_looked_at(void **state)
{
	struct device d;

	(void)state;
	expect(BERTH_E_SIG, true, NULL, quote_magic);
	expect(BERTH_E_SIG, true, NULL, quote_nonce);
	expect(BERTH_E_SIG, true, NULL, quote_by_a_did_key);
	expect(BERTH_E_SIG, true, NULL, quote_by_another_ak);
	expect(BERTH_E_SIG, true, NULL, quote_is_a_certification);
	expect(BERTH_E_SIG, true, NULL, quote_of_less);
	expect(BERTH_E_SIG, true, NULL, quote_of_more);
	expect(BERTH_E_SIG, true, NULL, says_less);
	expect(BERTH_E_AUTHZ, true, says_less, NULL);
	expect(BERTH_E_AUTHZ, true, says_none, NULL);
	expect(BERTH_OK, true, says_more, NULL);
	expect(BERTH_E_TYPE, true, NULL, says_what_there_is_not);
	expect(BERTH_E_TYPE, true, NULL, quote_of_sha1);
	expect(BERTH_E_TYPE, true, NULL, quote_of_two_banks);
	expect(BERTH_E_TYPE, true, NULL, quote_of_no_bank);
	expect(BERTH_E_TYPE, true, NULL, quote_digest_of_20);
	make(&d, true);
	say(&d);
	CHECK_OK(judge(&d));
	CHECK(memcmp(d.claim.pcr_digest, d.quote.attested.quote.pcrDigest.buffer, 32) == 0);
}

/* ---- the attestation key of the epoch ---- */
static void the_same_ak(struct device *d) { d->epoch = d->ak; }
static void vouches_for_itself(struct device *d) { d->by_ak = &d->epoch; }
static void certified_by_the_old_one(struct device *d) { d->by_sign = d->by_agree = &d->ak; }
static void epoch_magic(struct device *d) { d->of_ak.magic = 1; }
static void epoch_nonce(struct device *d) { d->of_ak.extraData.buffer[1] ^= 1; }
static void epoch_name(struct device *d) { soft_key_name(d->of_ak.attested.certify.name.name, &d->sign); }

static void p9_the_epoch_has_a_key_of_its_own(void **state)
{
	(void)state;
	expect(BERTH_E_AUTHZ, false, the_same_ak, NULL);
	expect(BERTH_E_SIG, false, NULL, vouches_for_itself);
	expect(BERTH_E_SIG, false, NULL, certified_by_the_old_one);
	expect(BERTH_E_SIG, false, NULL, epoch_magic);
	expect(BERTH_E_SIG, false, NULL, epoch_nonce);
	expect(BERTH_E_SIG, false, NULL, epoch_name);
	expect(BERTH_OK, false, NULL, NULL);
}

/* ---- members, and the challenge ---- */
static void every_member_is_needed(void **state)
{
	static const struct { bool factory; const char *members[9]; } cases[] = {
		{ true, { "attestation", "signPub", "signAttest", "signSig", "agreePub", "agreeAttest", "agreeSig", "quote" } },
		{ true, { "attest", "sig", "pcrs" } },
		{ false, { "akPub", "akAttest", "akSig" } },
	};
	struct device d;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t k = 0; cases[i].members[k]; k++) {
			make(&d, cases[i].factory);
			say(&d);
			CHECK_OK(judge(&d));
			d.without = cases[i].members[k];
			CHECK_RC(BERTH_E_TYPE, judge(&d));
			d.text = "not base64url!";
			CHECK(judge(&d) != BERTH_OK);
		}
}

static const uint8_t another[32] = { 8 };
static void other_challenge(struct device *d) { d->claim.nonce = another; }
static void other_label(struct device *d) { d->claim.label = "berth-m0"; }

static struct berth_transcript more;
static void other_thread(struct device *d)
{
	struct berth_json *m = berth_json_new_object();

	more = said;
	CHECK_OK(berth_transcript_add(&more, m));
	berth_json_free(m);
	d->claim.said = &more;
}

static void evidence_is_for_one_message_of_one_run(void **state)
{
	(void)state;
	expect(BERTH_E_SIG, true, NULL, other_challenge);
	expect(BERTH_E_SIG, true, NULL, other_label);
	expect(BERTH_E_SIG, true, NULL, other_thread);
	expect(BERTH_OK, true, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_attribute_is_looked_at),
		cmocka_unit_test(the_keys_are_those_of_the_did_and_the_credential),
		cmocka_unit_test(each_field_of_a_certification_is_looked_at),
		cmocka_unit_test(each_field_of_a_quote_is_looked_at),
		cmocka_unit_test(p9_the_epoch_has_a_key_of_its_own),
		cmocka_unit_test(every_member_is_needed),
		cmocka_unit_test(evidence_is_for_one_message_of_one_run),
	};

	make_did();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
