/* SPDX-License-Identifier: Apache-2.0 */
/* An export of an audit log as somebody else would check it, and everything that a dishonest
 * one could do to it. */
#include "agent/core/audit_chain.h"
#include "did/base/json.h"
#include "did/crypto/keypair.h"
#include "did/jose/keyring.h"
#include "did/method_key.h"
#include "tests/check.h"

#define ROWS 6
#define SIGNED_ROW 4	/* of them, over the three before */

struct signer { struct berth_keyring *kr; char *did, *kid; };
static struct signer ours, other;

static void signer_make(struct signer *s)
{
	struct berth_privkey key;
	struct berth_buf did = BERTH_BUF_INIT;

	CHECK_OK(berth_keypair_generate(&key, BERTH_KEY_ED25519));
	CHECK_OK(berth_did_key_create(&did, &key.pub));
	s->did = berth_buf_take_str(&did);
	assert_true(asprintf(&s->kid, "%s#%s", s->did, s->did + 8) > 0);
	CHECK_OK(berth_keyring_local_new(&s->kr));
	CHECK_OK(berth_keyring_local_add(s->kr, s->kid, &key));
}

static void signer_free(struct signer *s)
{
	berth_keyring_free(s->kr);
	free(s->did);
	free(s->kid);
}

/* What it signs for purpose; a caller's buffer, replaced. */
static const char *sign(const struct signer *s, int64_t seq, const uint8_t hash[32], enum berth_purpose purpose, struct berth_buf *jws)
{
	struct berth_audit_head h = { .seq = seq, .generation = 7, .time_s = 1700000000 };
	struct berth_buf payload = BERTH_BUF_INIT;

	memcpy(h.hash, hash, 32);
	berth_buf_reset(jws);
	CHECK_OK(berth_audit_head_payload(&payload, s->did, &h));
	CHECK_OK(berth_keyring_sign_compact(s->kr, s->kid, purpose, payload.p, payload.len, jws));
	berth_buf_free(&payload);
	return berth_buf_cstr(jws);
}

struct made { struct berth_buf text, middle, end; };	/* middle, end: its signatures */

/* A log that was cut at its beginning: rows 11 to 16. */
static void make(struct made *m, const struct signer *in_the_middle, const struct signer *at_the_end)
{
	uint8_t hash[32] = { 9 };
	int64_t seq = 10;

	*m = (struct made){ .text = BERTH_BUF_INIT };
	berth_buf_printf(&m->text, "{\"audit\":1,\"did\":\"%s\",\"seq\":10,\"hash\":\"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}\n", ours.did);
	for (int i = 1; i <= ROWS; i++) {
		bool is_signed = i == SIGNED_ROW;
		const char *detail = is_signed ? sign(in_the_middle, seq, hash, BERTH_SIGN_AUDIT, &m->middle) : "d\n\"";

		CHECK_OK(berth_audit_row_hash(hash, hash, ++seq, i, is_signed ? BERTH_AUDIT_SIGNED : "e", detail));
		berth_buf_printf(&m->text, "{\"seq\":%d,\"time\":%d,\"event\":\"%s\",\"detail\":\"%s\"}\n", (int)seq, i,
				 is_signed ? BERTH_AUDIT_SIGNED : "e", is_signed ? detail : "d\\n\\\"");
	}
	berth_buf_printf(&m->text, "{\"signed\":\"%s\"}\n", sign(at_the_end, seq, hash, BERTH_SIGN_AUDIT, &m->end));
	CHECK_OK(berth_buf_status(&m->text));
}

static void made_free(struct made *m)
{
	berth_buf_free(&m->text);
	berth_buf_free(&m->middle);
	berth_buf_free(&m->end);
}

static enum berth_err check(const char *text, size_t n, const char *did, const struct berth_audit_head *through)
{
	struct berth_audit_chain c;
	enum berth_err rc = berth_audit_export_check(&c, text, n, did, through);

	berth_audit_chain_free(&c);
	return rc;
}

static void a_whole_export_holds(void **s)
{
	struct berth_audit_chain c;
	struct made m;

	(void)s;
	make(&m, &ours, &ours);
	CHECK_OK(berth_audit_export_check(&c, berth_buf_cstr(&m.text), m.text.len, ours.did, NULL));
	assert_int_equal(c.rows, ROWS);
	assert_int_equal(c.seq, 16);
	assert_int_equal(c.signed_row, 14);
	assert_int_equal(c.head.seq, 16);
	assert_int_equal(c.head.generation, 7);
	assert_string_equal(c.did, ours.did);
	berth_audit_chain_free(&c);
	CHECK_OK(check(berth_buf_cstr(&m.text), m.text.len, NULL, NULL));
	CHECK_RC(BERTH_E_AUTHZ, check(berth_buf_cstr(&m.text), m.text.len, other.did, NULL));
	made_free(&m);
}

/* In a row's text the hash shows it, in a signature the signature, anywhere else the form. */
static void p16_no_byte_can_be_changed(void **s)
{
	struct made m;

	(void)s;
	make(&m, &ours, &ours);
	for (size_t i = 0; i < m.text.len; i++) {
		m.text.p[i] ^= 1;
		assert_int_not_equal(check(berth_buf_cstr(&m.text), m.text.len, ours.did, NULL), BERTH_OK);
		m.text.p[i] ^= 1;
	}
	CHECK_OK(check(berth_buf_cstr(&m.text), m.text.len, ours.did, NULL));
	memcpy(strstr(berth_buf_cstr(&m.text), "\"time\":3"), "\"time\":4", 8);
	CHECK_RC(BERTH_E_SIG, check(berth_buf_cstr(&m.text), m.text.len, ours.did, NULL));
	made_free(&m);
}

static void p16_a_cut_end_is_seen(void **s)
{
	struct made m;

	(void)s;
	make(&m, &ours, &ours);
	for (size_t n = 0; n < m.text.len; n++)
		CHECK_RC(BERTH_E_SIG, check(berth_buf_cstr(&m.text), n, ours.did, NULL));
	CHECK_OK(check(berth_buf_cstr(&m.text), m.text.len, ours.did, NULL));
	made_free(&m);
}

/* Everything but the n-th line (the first is 0), as a text of its own. */
static struct berth_buf without(const struct made *m, int n)
{
	struct berth_buf out = BERTH_BUF_INIT;
	const char *at = (const char *)m->text.p, *end = at + m->text.len, *eol;

	for (int i = 0; at < end; at = eol + 1, i++) {
		eol = memchr(at, '\n', (size_t)(end - at));
		if (i != n)
			berth_buf_put(&out, at, (size_t)(eol + 1 - at));
	}
	return out;
}

static void p16_a_row_that_is_gone_is_seen(void **s)
{
	struct made m;

	(void)s;
	make(&m, &ours, &ours);
	for (int i = 1; i <= ROWS + 1; i++) {
		struct berth_buf less = without(&m, i);

		CHECK_RC(BERTH_E_SIG, check(berth_buf_cstr(&less), less.len, ours.did, NULL));
		berth_buf_free(&less);
	}
	berth_buf_str(&m.text, "{\"seq\":17,\"time\":0,\"event\":\"e\",\"detail\":\"\"}\n");
	CHECK_RC(BERTH_E_SIG, check(berth_buf_cstr(&m.text), m.text.len, ours.did, NULL));
	made_free(&m);
}

/* Of another key, of another end, and of the same key for another purpose. */
static void p16_a_signature_of_something_else_is_none(void **s)
{
	struct berth_buf jws = BERTH_BUF_INIT;
	struct berth_audit_chain c;
	uint8_t zero[32] = { 0 };
	struct made m;
	char *did = NULL;

	(void)s;
	make(&m, &other, &ours);
	CHECK_RC(BERTH_E_SIG, check(berth_buf_cstr(&m.text), m.text.len, ours.did, NULL));
	made_free(&m);
	make(&m, &ours, &other);
	CHECK_RC(BERTH_E_AUTHZ, check(berth_buf_cstr(&m.text), m.text.len, ours.did, NULL));

	CHECK_OK(berth_audit_chain_begin(&c, 0, zero, ours.did));
	sign(&ours, 0, zero, BERTH_SIGN_AUDIT, &jws);
	CHECK_OK(berth_audit_chain_end(&c, berth_buf_cstr(&jws), jws.len));
	CHECK_RC(BERTH_E_SIG, berth_audit_chain_end(&c, berth_buf_cstr(&m.middle), m.middle.len));
	sign(&ours, 0, zero, BERTH_SIGN_RECEIPT, &jws);
	CHECK_RC(BERTH_E_ENV, berth_audit_chain_end(&c, berth_buf_cstr(&jws), jws.len));
	berth_audit_chain_free(&c);

	for (size_t n = 0; n < m.end.len; n++) {
		struct berth_audit_head h;

		assert_int_not_equal(berth_audit_head_open(&h, &did, berth_buf_cstr(&m.end), n), BERTH_OK);
		free(did);
		did = NULL;
	}
	berth_buf_free(&jws);
	made_free(&m);
}

/* Whoever keeps an earlier signature finds out that a log ends before it, though all that
 * is left of it is signed. */
static void p16_a_log_goes_on_from_what_was_signed_before(void **s)
{
	struct berth_audit_head h = { .seq = 13 }, later;
	struct made m;
	char *did = NULL;

	(void)s;
	make(&m, &ours, &ours);
	CHECK_OK(berth_audit_head_open(&h, &did, berth_buf_cstr(&m.middle), m.middle.len));
	assert_int_equal(h.seq, 13);
	CHECK_OK(check(berth_buf_cstr(&m.text), m.text.len, did, &h));
	later = h;
	later.seq = 17;
	CHECK_RC(BERTH_E_SIG, check(berth_buf_cstr(&m.text), m.text.len, did, &later));
	h.hash[0] ^= 1;
	CHECK_RC(BERTH_E_SIG, check(berth_buf_cstr(&m.text), m.text.len, did, &h));
	free(did);
	made_free(&m);
}

static void what_is_no_export_is_malformed(void **s)
{
	static const struct { enum berth_err want; const char *text; } no[] = {
		{ BERTH_E_JSON, "audit\n" }, { BERTH_E_TYPE, "{}\n" }, { BERTH_E_TYPE, "{\"audit\":2}\n" },
		{ BERTH_E_TYPE, "{\"audit\":1,\"did\":\"did:key:z\",\"seq\":\"1\"}\n" }, { BERTH_E_SIG, "" },
		{ BERTH_E_JSON, "{\"audit\":1,\"audit\":1}\n" },
	};

	(void)s;
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		CHECK_RC(no[i].want, check(no[i].text, strlen(no[i].text), NULL, NULL));
}

static int start(void **s)
{
	(void)s;
	signer_make(&ours);
	signer_make(&other);
	return 0;
}

static int stop(void **s)
{
	(void)s;
	signer_free(&ours);
	signer_free(&other);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_export_holds),
		cmocka_unit_test(p16_no_byte_can_be_changed),
		cmocka_unit_test(p16_a_cut_end_is_seen),
		cmocka_unit_test(p16_a_row_that_is_gone_is_seen),
		cmocka_unit_test(p16_a_signature_of_something_else_is_none),
		cmocka_unit_test(p16_a_log_goes_on_from_what_was_signed_before),
		cmocka_unit_test(what_is_no_export_is_malformed),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
