/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate for the operational key: onboarded with it, renewed with it, gone with it;
 * and what is made of requests and certificates that are somebody else's. */
#include "agent/protocol/ldevid.h"
#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "tests/fakes/forge.h"
#include "tests/fakes/ldevid.h"
#include "tests/fakes/resale.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tmpdir.h"

#define LIMIT_S 14400
#define DAY ((int64_t)86400)

static struct story s;
static struct test_ldevid l;
static char *before;

/* Everything is ready, and the gateway still off. */
static void cast(bool ca)
{
	memset(&l, 0, sizeof(l));
	story_cast(&s);
	s.owner->policy.credential_s = DAY;
	if (ca)
		test_ldevid_begin(&l, s.owner, 400 * DAY);
	story_birth(&s);
	story_sale(&s);
}

static void begin(bool ca)
{
	cast(ca);
	sim_on(s.gateway);
	story_settle(&s);
	before = strdup(story_operational_did(&s));
}

static void end(void)
{
	story_end(&s);
	test_ldevid_free(&l);
	free(before);
	before = NULL;
}

static bool rotated(struct sim *w) { (void)w; return story_rotated(&s, before); }

static void rotate(void)
{
	story_rotate(&s);
}

static void rotate_and_settle(void)
{
	rotate();
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	free(before);
	before = strdup(story_operational_did(&s));
}

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

/* What openssl thinks of the gateway's chain, at the owner's time. */
static void check_by_openssl(void)
{
	struct berth_json *g = story_data(&s, s.gateway);
	struct berth_buf pem = BERTH_BUF_INIT;
	char dir[TMPDIR_LEN], *text;

	sim_as(s.owner);
	CHECK_OK(berth_ldevid_pem(berth_json_get(berth_json_get(g, "active"), BERTH_LDEVID), &pem));
	test_tmpdir(dir);
	test_write_file(test_path(dir, "chain.pem"), pem.p, pem.len, 0600);
	test_sh("cd %s && openssl x509 -in chain.pem -out gw.pem && sed '1,/END/d' chain.pem >ca.pem && "
		"openssl verify -x509_strict -purpose sslclient -attime %lld -CAfile ca.pem gw.pem >said && "
		"openssl x509 -in gw.pem -noout -subject -ext subjectAltName >>said", dir,
		(long long)berth_agent_env(s.owner->agent)->now_s);
	text = test_read_file(test_path(dir, "said"), NULL);
	CHECK(strstr(text, "gw.pem: OK") && strstr(text, "O = Example, CN = Berth Box 1 GW-0001, serialNumber = GW-0001") && strstr(text, before));
	free(text);
	test_tmpdir_remove(dir);
	berth_buf_free(&pem);
	berth_json_free(g);
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

static bool has(const char *member)
{
	struct berth_json *g = story_data(&s, s.gateway);
	bool yes = berth_json_get(berth_json_get(berth_json_get(g, "active"), BERTH_LDEVID), member) != NULL;

	berth_json_free(g);
	return yes;
}

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

/* ---- requests that are not the device's ---- */

/* Made anew by the new key, so that it is the request that is refused. */
static void prove_again(struct berth_json *m)
{
	struct berth_json *data = story_data(&s, s.gateway), *body = berth_json_get_mut(m, "body");
	const struct berth_json *renewal = berth_json_get(data, "renewal");
	struct berth_run run = { .epoch = 0 };
	struct berth_buf proof = BERTH_BUF_INIT;

	snprintf(run.thid, sizeof(run.thid), "%s", berth_data_str(renewal, "thid"));
	snprintf(run.peer, sizeof(run.peer), "%s", berth_data_str(berth_json_get(data, "active"), "owner"));
	CHECK_OK(berth_body_get_32(body, "deviceHash", run.device_hash.b));
	CHECK_OK(berth_body_get_32(data, "tip", run.tip.b));
	CHECK_OK(berth_body_get_32(body, "nonce", run.nonce_d));
	berth_json_remove(body, "proof");
	CHECK_OK(berth_run_prove(berth_agent_env(s.gateway->agent), &run, BERTH_SIGN_DEVICE_PROOF,
				 story_identity(s.gateway, berth_data_str(renewal, "identity")), run.peer, 0, NULL, body, &proof));
	CHECK_OK(berth_json_set_str(body, "proof", berth_buf_cstr(&proof)));
	berth_buf_free(&proof);
	berth_json_free(data);
}

static void request_by(struct berth_json *m, const char *key, const char *subject)
{
	const struct berth_x509_order o = { .kind = BERTH_X509_REQUEST, .subject = subject, .sans = { "admin.example" }, .n_sans = 1 };
	struct berth_keys *k = s.gateway->keys;
	struct berth_buf der = BERTH_BUF_INIT;

	CHECK_OK(k->ops->sign_x509(k, key, &o, &der));
	CHECK_OK(berth_json_set_b64url(berth_json_get_mut(m, "body"), "csr", der.p, der.len));
	berth_buf_free(&der);
	prove_again(m);
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
	prove_again(m);
}

static void cut_request(struct berth_json *m, void *arg)
{
	struct berth_buf der = BERTH_BUF_INIT;
	struct berth_json *body = berth_json_get_mut(m, "body");

	(void)arg;
	CHECK_OK(berth_body_get_b64(body, "csr", BERTH_X509_REQ_MAX, &der));
	CHECK_OK(berth_json_set_b64url(body, "csr", der.p, der.len - 1));
	berth_buf_free(&der);
	prove_again(m);
}

static void request_as_number(struct berth_json *m, void *arg)
{
	(void)arg;
	CHECK_OK(berth_json_set_int(berth_json_get_mut(m, "body"), "csr", 5));
	prove_again(m);
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

/* ---- revoked ---- */

static void a_list_has_what_is_revoked_and_not_over(void **state)
{
	struct berth_buf rows = BERTH_BUF_INIT;
	struct berth_json *o;
	struct berth_env *env;

	(void)state;
	begin(true);
	rotate_and_settle();
	o = story_data(&s, s.owner);
	sim_as(s.owner);
	env = berth_agent_env(s.owner->agent);
	CHECK_OK(berth_ldevid_revoked(env, o, -1, &rows));
	assert_int_equal(rows.len, BERTH_X509_REVOKED_LEN);
	CHECK(rows.p[8] == 4);		/* superseded */
	berth_buf_reset(&rows);
	CHECK_OK(berth_ldevid_revoked(env, o, 6, &rows));
	assert_int_equal(rows.len, 2 * BERTH_X509_REVOKED_LEN);
	CHECK(rows.p[BERTH_X509_REVOKED_LEN + 8] == 6);
	berth_buf_reset(&rows);
	env->now_s += 2 * DAY;		/* what is over needs no list */
	CHECK_OK(berth_ldevid_revoked(env, o, 6, &rows));
	assert_int_equal(rows.len, 0);
	berth_buf_free(&rows);
	berth_json_free(o);
	end();
}

/* Rows of the list for one who is out of service (reason 6), or in (-1). */
static size_t listed(int reason)
{
	struct berth_json *o = story_data(&s, s.owner);
	struct berth_buf rows = BERTH_BUF_INIT;
	size_t n;

	sim_as(s.owner);
	CHECK_OK(berth_ldevid_revoked(berth_agent_env(s.owner->agent), o, reason, &rows));
	n = rows.len / BERTH_X509_REVOKED_LEN;
	berth_buf_free(&rows);
	berth_json_free(o);
	return n;
}

static bool out(struct sim *w)
{
	return story_quiet(w) && strcmp(story_state(&s, s.gateway), "QUARANTINED") == 0;
}

static bool uncommitted(struct sim *w)
{
	(void)w;
	return story_audit(s.owner, "did not commit in time") == 1;
}

/* Who has the certificate and has not said so would keep it for good. */
static void a_list_has_what_was_issued_and_never_taken(void **state)
{
	(void)state;
	begin(true);
	rotate();
	assert_true(story_run_to(&s, s.owner, "RENEW_PENDING"));
	sim_drop(&s.w);
	assert_int_equal(listed(-1), 0);	/* it is on its way, and may come yet */
	assert_int_equal(listed(6), 2);
	berth_json_free(resale_command(s.owner, s.device, "cmd/suspend", NULL, BERTH_OK));
	assert_true(sim_run(&s.w, out, LIMIT_S));	/* the keys that were to come are given up */
	berth_json_free(resale_command(s.owner, s.device, "cmd/resume", NULL, BERTH_OK));
	assert_true(sim_run(&s.w, story_settled, LIMIT_S) && test_ldevid_is_pair(&s));
	rotate_and_settle();
	assert_true(test_ldevid_is_pair(&s));
	assert_int_equal(listed(-1), 2);	/* the first, and the one that nobody took */
	assert_int_equal(listed(6), 3);
	end();
}

static void a_list_has_what_was_issued_and_not_committed(void **state)
{
	(void)state;
	cast(true);
	sim_on(s.gateway);
	assert_true(story_run_to(&s, s.owner, "ISSUED"));
	sim_off(s.gateway);
	sim_drop(&s.w);
	assert_int_equal(listed(-1), 0);
	assert_int_equal(listed(6), 1);
	assert_true(sim_run(&s.w, uncommitted, LIMIT_S));
	assert_int_equal(listed(-1), 1);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S) && test_ldevid_is_pair(&s));
	assert_int_equal(listed(-1), 1);
	assert_int_equal(listed(6), 2);
	end();
}

/* None of them falls off the list before it is over: there is no further one instead. */
static void more_than_a_list_can_have_are_not_issued(void **state)
{
	(void)state;
	begin(true);
	for (size_t i = 1; i < BERTH_LDEVID_ISSUED_MAX; i++) {
		rotate_and_settle();
		assert_true(test_ldevid_is_pair(&s));
	}
	rotate_and_settle();
	assert_false(has("certs"));
	assert_int_equal(story_audit(s.owner, "without a certificate: E_QUOTA"), 1);
	assert_int_equal(listed(-1), BERTH_LDEVID_ISSUED_MAX);
	s.w.mono_ms += 2 * DAY * 1000;		/* all of them are over */
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	rotate_and_settle();
	assert_true(test_ldevid_is_pair(&s));
	assert_true(listed(-1) <= 1);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_has_what_was_issued_and_never_taken), cmocka_unit_test(a_list_has_what_was_issued_and_not_committed),
		cmocka_unit_test(more_than_a_list_can_have_are_not_issued),
		cmocka_unit_test(a_serial_is_no_other_name),
		cmocka_unit_test(onboarded_with_a_certificate), cmocka_unit_test(renewed_with_the_keys),
		cmocka_unit_test(by_itself_at_two_thirds_of_its_life), cmocka_unit_test(no_longer_than_credential_and_ca),
		cmocka_unit_test(gone_with_the_epoch), cmocka_unit_test(it_comes_and_goes_with_the_ca),
		cmocka_unit_test(a_ca_that_is_over_ends_no_onboarding), cmocka_unit_test(a_name_that_cannot_be_ends_no_onboarding),
		cmocka_unit_test(it_names_the_module_and_where_the_list_is),
		cmocka_unit_test(requests_of_others_are_refused), cmocka_unit_test(what_a_request_asks_for_counts_for_nothing),
		cmocka_unit_test(certificates_of_others_are_refused), cmocka_unit_test(nor_is_a_device_onboarded_with_one),
		cmocka_unit_test(an_offer_is_only_an_offer), cmocka_unit_test(a_list_has_what_is_revoked_and_not_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
