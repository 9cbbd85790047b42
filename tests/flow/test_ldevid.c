/* SPDX-License-Identifier: Apache-2.0 */
/* X.509 certificates of operational keys, from onboarding to the end of the epoch. */
#include "tests/fakes/resale.h"
#include "tests/flow/ldevid_story.h"

static const char *text_of(struct berth_json *data, const char *member)
{
	const char *v = berth_data_str(berth_json_get(data, BERTH_LDEVID), member);

	return v ? v : "";
}

/* The number that the owner has on record is that of the certificate in use. */
static void check_record(char serial[2 * BERTH_X509_SERIAL_MAX + 1])
{
	struct berth_json *g = story_data(&s, s.gateway), *o = story_data(&s, s.owner);
	struct berth_x509_chain c;

	assert_true(test_ldevid_chain(&c, berth_json_get(berth_json_get(g, "active"), BERTH_LDEVID)));
	berth_x509_serial(serial, c.at[0]);
	assert_string_equal(text_of(o, "serial"), serial);
	assert_null(berth_json_get(o, "issued"));
	berth_x509_chain_free(&c);
	berth_json_free(g);
	berth_json_free(o);
}

/* ---- the good way ---- */

static void onboarded_with_a_certificate(void **state)
{
	char serial[2 * BERTH_X509_SERIAL_MAX + 1];

	(void)state;
	begin(true);
	assert_true(test_ldevid_is_pair(&s));
	check_record(serial);
	check_by_openssl();
	story_check_end(&s, 1);
	end();
}

static void renewed_with_the_keys(void **state)
{
	char first[2 * BERTH_X509_SERIAL_MAX + 1], second[2 * BERTH_X509_SERIAL_MAX + 1];
	struct berth_json *o;

	(void)state;
	begin(true);
	check_record(first);
	rotate_and_settle();
	assert_true(test_ldevid_is_pair(&s));
	check_record(second);
	check_by_openssl();
	assert_string_not_equal(first, second);
	o = story_data(&s, s.owner);
	assert_int_equal(berth_json_len(berth_json_get(o, "ldevidIssued")), 2);
	assert_string_equal(berth_data_str(berth_json_at(berth_json_get(o, "ldevidIssued"), 0), "serial"), first);
	assert_null(berth_json_get(o, "renewal"));
	berth_json_free(o);
	end();
}

static void by_itself_at_two_thirds_of_its_life(void **state)
{
	(void)state;
	begin(true);
	assert_true(sim_run(&s.w, rotated, 17 * 3600));
	assert_true(test_ldevid_is_pair(&s));
	end();
}

static void no_longer_than_credential_and_ca(void **state)
{
	struct berth_json *g;
	struct berth_x509_chain c;
	int64_t from, until, now;

	(void)state;
	for (int i = 0; i < 3; i++) {
		const int64_t most[] = { DAY, 3600, 7200 };

		cast(false);
		test_ldevid_begin(&l, s.owner, i == 1 ? 3600 : 400 * DAY);
		s.owner->policy.ldevid_s = i == 2 ? 7200 : 0;
		sim_on(s.gateway);
		story_settle(&s);
		sim_as(s.owner);
		now = berth_agent_env(s.owner->agent)->now_s;
		g = story_data(&s, s.gateway);
		assert_true(test_ldevid_chain(&c, berth_json_get(berth_json_get(g, "active"), BERTH_LDEVID)));
		CHECK_OK(berth_x509_window(c.at[0], &from, &until));
		CHECK(until <= now + most[i] && until > now + most[i] - 120 && from <= now);
		berth_x509_chain_free(&c);
		berth_json_free(g);
		end();
	}
}

static void gone_with_the_epoch(void **state)
{
	struct sim_node *a;
	struct berth_buf rows = BERTH_BUF_INIT;
	struct berth_json *v;

	(void)state;
	begin(true);
	a = s.owner;
	berth_json_free(resale_command(a, s.device, "cmd/transfer", NULL, BERTH_OK));
	resale_watch(&s);
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	resale_check_gone(&s, 1);
	v = story_data(&s, s.gateway);
	assert_null(berth_json_get(v, "active"));
	berth_json_free(v);
	v = story_data(&s, a);		/* the list of revoked ones has it from now on */
	sim_as(a);
	CHECK_OK(berth_ldevid_revoked(berth_agent_env(a->agent), v, 5, &rows));
	assert_int_equal(rows.len, BERTH_X509_REVOKED_LEN);
	berth_buf_free(&rows);
	berth_json_free(v);
	end();
}

/* ---- with and without ---- */

static bool offered(void)
{
	struct berth_json *g = story_data(&s, s.gateway);
	bool yes = berth_json_get(berth_json_get(g, "active"), BERTH_LDEVID) != NULL;

	berth_json_free(g);
	return yes;
}

/* An owner whose CA comes later, and one that gives it up. */
static void it_comes_and_goes_with_the_ca(void **state)
{
	(void)state;
	begin(false);
	assert_false(offered());
	test_ldevid_begin(&l, s.owner, 400 * DAY);
	rotate_and_settle();
	assert_true(offered());		/* it did not ask, and has been told that it may */
	assert_false(has("certs"));
	rotate_and_settle();
	assert_true(test_ldevid_is_pair(&s));
	s.owner->policy.ldevid_ca = NULL;
	rotate_and_settle();
	assert_false(offered());
	end();
}

static void a_ca_that_is_over_ends_no_onboarding(void **state)
{
	(void)state;
	cast(false);
	test_ldevid_begin(&l, s.owner, 30);
	sim_as(s.owner);
	s.w.mono_ms += 60000;
	sim_on(s.gateway);
	story_settle(&s);
	assert_true(offered());
	assert_false(has("certs"));
	assert_true(story_audit(s.owner, "without a certificate: E_EXPIRED") >= 1);
	end();
}

static void a_name_that_cannot_be_ends_no_onboarding(void **state)
{
	(void)state;
	cast(true);
	s.owner->policy.ldevid_sans[0] = "{serial}_.gw.example";
	s.owner->policy.n_ldevid_sans = 1;
	sim_on(s.gateway);
	story_settle(&s);
	assert_false(has("certs"));
	assert_true(story_audit(s.owner, "without a certificate: E_TYPE") >= 1);
	s.owner->policy.ldevid_sans[0] = "{serial}.gw.example";
	before = strdup(story_operational_did(&s));
	rotate_and_settle();
	assert_true(test_ldevid_is_pair(&s));
	end();
}

static void born_as(const char *serial, const char *subject, const char *san)
{
	memset(&l, 0, sizeof(l));
	story_cast(&s);
	test_ldevid_begin(&l, s.owner, 400 * DAY);
	s.gateway->policy.serial = serial;
	story_birth(&s);
	story_sale(&s);
	s.owner->policy.ldevid_subject = subject;
	s.owner->policy.ldevid_sans[0] = san;
	s.owner->policy.n_ldevid_sans = 1;
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
}

/* Whoever makes devices would be whoever it wants in this owner's network. */
static void a_serial_is_no_other_name(void **state)
{
	static const struct { const char *serial, *subject, *san; } bad[] = {
		{ "*", "/CN=gw", "{serial}.gw.example" }, { "*.gw.example", "/CN={serial}", "a.gw.example" },
		{ "did:peer:4zQmanother", "/CN=gw", "{serial}" }, { "did:peer:4zQmanother", "/CN=gw", "urn:{serial}" },
	}, good[] = {
		{ "GW-0002", "/CN=gw", "{serial}.gw.example" }, { "GW.2", "/CN={serial}", "urn:gw:{serial}" },
		{ "00:16:3e:00", "/CN={serial}", "a.gw.example" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		born_as(bad[i].serial, bad[i].subject, bad[i].san);
		assert_false(has("certs"));
		assert_true(story_audit(s.owner, "without a certificate: E_TYPE") >= 1);
		end();
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		born_as(good[i].serial, good[i].subject, good[i].san);
		assert_true(test_ldevid_is_pair(&s));
		end();
	}
}

/* By what the configuration says, with the serial of this device. */
static void it_names_the_module_and_where_the_list_is(void **state)
{
	struct berth_buf pem = BERTH_BUF_INIT;
	char dir[TMPDIR_LEN], *text;
	struct berth_json *g;

	(void)state;
	cast(true);
	s.owner->policy.ldevid_sans[0] = "hw:1.3.6.1.4.1.99999.1;{serial}";
	s.owner->policy.n_ldevid_sans = 1;
	s.owner->policy.ldevid_crl = "http://pki.example/gateways.crl";
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	before = strdup(story_operational_did(&s));
	assert_true(test_ldevid_is_pair(&s));
	g = story_data(&s, s.gateway);
	CHECK_OK(berth_ldevid_pem(berth_json_get(berth_json_get(g, "active"), BERTH_LDEVID), &pem));
	test_tmpdir(dir);
	test_write_file(test_path(dir, "chain.pem"), pem.p, pem.len, 0600);
	test_sh("cd %s && openssl x509 -in chain.pem -outform DER -out gw.der && openssl x509 -in chain.pem -noout -ext crlDistributionPoints >said && "
		"openssl asn1parse -inform DER -in gw.der -strparse $(openssl asn1parse -inform DER -in gw.der | "
		"grep -A1 'Subject Alternative Name' | tail -1 | cut -d: -f1) >>said", dir);
	text = test_read_file(test_path(dir, "said"), NULL);
	CHECK(strstr(text, "URI:http://pki.example/gateways.crl") && strstr(text, "OBJECT            :1.3.6.1.4.1.99999.1") &&
	      strstr(text, "OCTET STRING      :GW-0001"));
	free(text);
	test_tmpdir_remove(dir);
	berth_buf_free(&pem);
	berth_json_free(g);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_serial_is_no_other_name),
		cmocka_unit_test(onboarded_with_a_certificate),
		cmocka_unit_test(renewed_with_the_keys),
		cmocka_unit_test(by_itself_at_two_thirds_of_its_life),
		cmocka_unit_test(no_longer_than_credential_and_ca),
		cmocka_unit_test(gone_with_the_epoch),
		cmocka_unit_test(it_comes_and_goes_with_the_ca),
		cmocka_unit_test(a_ca_that_is_over_ends_no_onboarding),
		cmocka_unit_test(a_name_that_cannot_be_ends_no_onboarding),
		cmocka_unit_test(it_names_the_module_and_where_the_list_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
