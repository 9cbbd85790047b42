/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for a certificate that are not the device's, and certificates that are not for it. */
#include "did/crypto/keypair.h"
#include "tests/fakes/resale.h"
#include "tests/flow/ldevid_story.h"

/* ---- requests that are not the device's ---- */

static void request_by(struct berth_json *m, const char *key, const char *subject)
{
	const struct berth_x509_order o = { .kind = BERTH_X509_REQUEST, .subject = subject, .sans = { "admin.example" }, .n_sans = 1 };
	struct berth_keys *k = s.gateway->keys;
	struct berth_buf der = BERTH_BUF_INIT;

	CHECK_OK(k->ops->sign_x509(k, key, &o, &der));
	CHECK_OK(berth_json_set_b64url(berth_json_get_mut(m, "body"), "csr", der.p, der.len));
	berth_buf_free(&der);
	story_prove_renewal(&s, m);
}

static void another_key(struct berth_json *m, void *arg)
{
	struct berth_keys *k = s.gateway->keys;

	(void)arg;
	CHECK_OK(k->ops->ensure(k, "stray", BERTH_KEY_P256, BERTH_USAGE_SIGN, BERTH_PURPOSE_BIT(BERTH_SIGN_TLS), NULL));
	request_by(m, "stray", "/CN=x");
}

static void another_signature(struct berth_json *m, void *arg)
{
	struct berth_buf der = BERTH_BUF_INIT;
	struct berth_json *body = berth_json_get_mut(m, "body");

	(void)arg;
	CHECK_OK(berth_body_get_b64(body, "csr", BERTH_X509_REQ_MAX, &der));
	der.p[der.len - 5] ^= 1;
	CHECK_OK(berth_json_set_b64url(body, "csr", der.p, der.len));
	berth_buf_free(&der);
	story_prove_renewal(&s, m);
}

static void cut_request(struct berth_json *m, void *arg)
{
	struct berth_buf der = BERTH_BUF_INIT;
	struct berth_json *body = berth_json_get_mut(m, "body");

	(void)arg;
	CHECK_OK(berth_body_get_b64(body, "csr", BERTH_X509_REQ_MAX, &der));
	CHECK_OK(berth_json_set_b64url(body, "csr", der.p, der.len - 1));
	berth_buf_free(&der);
	story_prove_renewal(&s, m);
}

static void request_as_number(struct berth_json *m, void *arg)
{
	(void)arg;
	CHECK_OK(berth_json_set_int(berth_json_get_mut(m, "body"), "csr", 5));
	story_prove_renewal(&s, m);
}

static void request_without_proof(struct berth_json *m, void *arg)
{
	(void)arg;
	CHECK_OK(berth_json_set_str(berth_json_get_mut(m, "body"), "csr", "MAA"));
}

static void requests_of_others_are_refused(void **state)
{
	static const struct { forge_edit_fn *edit; const char *line; } all[] = {
		{ another_key, "certification request refused: E_AUTHZ" }, { another_signature, "certification request refused: E_SIG" },
		{ cut_request, "certification request refused: E_TYPE" }, { request_as_number, "certification request refused: E_TYPE" },
		{ request_without_proof, "renewal refused: E_AUTHZ" },
	};

	(void)state;
	begin(true);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		forge_edit("renew-request", all[i].edit, NULL);
		rotate();
		assert_true(sim_run(&s.w, rotated, LIMIT_S) || i == 4);
		if (i == 4) {	/* it was told no, and stays as it was */
			rotate();
			assert_true(sim_run(&s.w, rotated, LIMIT_S));
		}
		assert_true(forge_edited());
		if (story_audit(s.owner, all[i].line) != (i == 3 ? 2 : 1))
			fail_msg("no %s (%zu)", all[i].line, i);
		assert_true(test_ldevid_is_pair(&s));
		free(before);
		before = strdup(story_operational_did(&s));
	}
	end();
}

static void another_subject(struct berth_json *m, void *arg)
{
	struct berth_json *data = story_data(&s, s.gateway);
	char key[64];

	(void)arg;
	snprintf(key, sizeof(key), "%s-sign", berth_data_str(berth_json_get(data, "renewal"), "identity"));
	berth_json_free(data);
	request_by(m, key, "/O=Example/CN=admin/serialNumber=SN-2");
}

/* Good in itself: only its key counts. */
static void what_a_request_asks_for_counts_for_nothing(void **state)
{
	(void)state;
	begin(true);
	forge_edit("renew-request", another_subject, NULL);
	rotate_and_settle();
	assert_true(forge_edited());
	assert_int_equal(story_audit(s.owner, "refused"), 0);
	assert_true(test_ldevid_is_pair(&s));
	check_by_openssl();
	end();
}

/* ---- certificates that are not for the device ---- */

static const struct berth_identity *next(void)
{
	struct berth_json *data = story_data(&s, s.gateway);
	const struct berth_identity *id = story_identity(s.gateway, berth_data_str(berth_json_get(data, "renewal"), "identity"));

	berth_json_free(data);
	return id;
}

static void put_certs(struct berth_json *m, struct berth_json *certs)
{
	struct berth_json *v = berth_json_new_object();

	CHECK_OK(berth_json_set(v, "certs", certs));
	CHECK_OK(berth_json_set(berth_json_get_mut(m, "body"), BERTH_LDEVID, v));
}

static struct berth_pubkey next_key(void)
{
	struct berth_keyring *ring = s.gateway->keys->keyring;
	struct berth_pubkey key;

	CHECK_OK(ring->ops->find(ring, next()->sign_kid, &key));
	return key;
}

static void for_another_key(struct berth_json *m, void *arg)
{
	struct berth_privkey key;

	(void)arg;
	CHECK_OK(berth_keypair_generate(&key, BERTH_KEY_P256));
	put_certs(m, test_ldevid_certs(s.owner, &l, &key.pub, next()->did));
}

static void for_another_name(struct berth_json *m, void *arg)
{
	const struct berth_pubkey key = next_key();

	(void)arg;
	put_certs(m, test_ldevid_certs(s.owner, &l, &key, before));
}

/* The owner's own certificate stands in for a CA of the same name. */
static void of_another_ca(struct berth_json *m, void *arg)
{
	struct test_ldevid other;
	struct berth_json *body = berth_json_get_mut(m, "body"), *certs;
	struct berth_buf text = BERTH_BUF_INIT;
	size_t n;

	(void)arg;
	CHECK_OK(s.gateway->keys->ops->ensure(s.gateway->keys, BERTH_KEY_LDEVID_CA, BERTH_KEY_P256, BERTH_USAGE_SIGN, 0, NULL));
	const struct berth_x509_order o = { .kind = BERTH_X509_CA, .subject = "/O=Example/CN=Gateways", .from_s = 1, .until_s = DAY };

	memset(&other, 0, sizeof(other));
	CHECK_OK(s.gateway->keys->ops->sign_x509(s.gateway->keys, BERTH_KEY_LDEVID_CA, &o, &text));
	CHECK_OK(berth_x509_chain_add(&other.ca, text.p, text.len));
	berth_buf_reset(&text);
	certs = berth_json_new_array();
	CHECK_OK(berth_json_push_str(certs, berth_json_str(berth_json_at(berth_json_get(berth_json_get(body, BERTH_LDEVID), "certs"), 0))));
	const uint8_t *p = berth_x509_der(other.ca.at[0], &n);

	berth_b64url_encode(&text, p, n);
	CHECK_OK(berth_json_push_str(certs, berth_buf_cstr(&text)));
	berth_buf_free(&text);
	test_ldevid_free(&other);
	put_certs(m, certs);
}

static void cut_certificate(struct berth_json *m, void *arg)
{
	struct berth_json *certs = berth_json_new_array();

	(void)arg;
	CHECK_OK(berth_json_push_str(certs, "MIIBCg"));
	put_certs(m, certs);
}

static void without_its_ca(struct berth_json *m, void *arg)
{
	const struct berth_json *now = berth_json_get(berth_json_get(berth_json_get_mut(m, "body"), BERTH_LDEVID), "certs");
	struct berth_json *certs = berth_json_new_array();

	(void)arg;
	CHECK_OK(berth_json_push_str(certs, berth_json_str(berth_json_at(now, 0))));
	put_certs(m, certs);
}

static void no_object(struct berth_json *m, void *arg)
{
	(void)arg;
	CHECK_OK(berth_json_set_str(berth_json_get_mut(m, "body"), BERTH_LDEVID, "x"));
}

static void too_many(struct berth_json *m, void *arg)
{
	struct berth_json *certs = berth_json_new_array();

	(void)arg;
	for (int i = 0; i <= BERTH_X509_CHAIN_MAX; i++)
		CHECK_OK(berth_json_push_str(certs, "MAA"));
	put_certs(m, certs);
}

static void certificates_of_others_are_refused(void **state)
{
	static const struct { forge_edit_fn *edit; const char *code; } all[] = {
		{ for_another_key, "E_KEY" }, { for_another_name, "E_AUTHZ" }, { of_another_ca, "E_SIG" }, { cut_certificate, "E_TYPE" },
		{ without_its_ca, "E_TYPE" }, { no_object, "E_TYPE" }, { too_many, "E_SIZE" },
	};

	(void)state;
	begin(true);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int lines = story_audit(s.gateway, all[i].code);

		forge_edit("renew-issue", all[i].edit, NULL);
		rotate_and_settle();		/* the owner says again what it meant to say */
		assert_true(forge_edited());
		if (story_audit(s.gateway, all[i].code) <= lines)
			fail_msg("no %s (%zu)", all[i].code, i);
		assert_true(test_ldevid_is_pair(&s));
	}
	end();
}

static bool issue_was_refused(struct sim *w)
{
	(void)w;
	return story_audit(s.gateway, "E_TYPE") >= 1;
}

/* Nothing of an issue counts whose certificate is not ours. */
static void nor_is_a_device_onboarded_with_one(void **state)
{
	struct berth_json *g;

	(void)state;
	cast(true);
	forge_edit("issue", cut_certificate, NULL);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, issue_was_refused, LIMIT_S));
	g = story_data(&s, s.gateway);
	assert_null(berth_json_get(berth_json_get(g, "offer"), "credential"));
	assert_null(berth_json_get(g, "active"));
	berth_json_free(g);
	story_settle(&s);	/* the next run is a good one */
	assert_true(test_ldevid_is_pair(&s));
	end();
}

/* An offer has no certificate yet, whatever it says. */
static void an_offer_is_only_an_offer(void **state)
{
	(void)state;
	cast(true);
	forge_edit("accept-ownership", cut_certificate, NULL);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S) || true);
	assert_true(forge_edited());
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_of_others_are_refused),
		cmocka_unit_test(what_a_request_asks_for_counts_for_nothing),
		cmocka_unit_test(certificates_of_others_are_refused),
		cmocka_unit_test(nor_is_a_device_onboarded_with_one),
		cmocka_unit_test(an_offer_is_only_an_offer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
