/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, certificates and lists of revoked ones that we make, judged by openssl; and the
 * ones that we are given, octet by octet. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tmpdir.h"

#include "did/base/cur.h"
#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/crypto/x509_ldevid.h"
#include "did/crypto/x509_order.h"

#define DID "did:peer:4zQmYdQVPKBkFV7XbtBW3a7GDFTdiTBNPHmkP8RhwCLcVWzt"
#define DAY ((int64_t)86400)
#define NOW ((int64_t)1790000000)	/* 2026-09-21 */

static char dir[TMPDIR_LEN];
static struct berth_privkey ca, device;
static struct berth_buf ca_der;

static enum berth_err sign(void *arg, const void *msg, size_t len, uint8_t sig[BERTH_SIG_MAX], size_t *n)
{
	return berth_sign(sig, n, arg, msg, len);
}

static enum berth_err make(struct berth_buf *out, const struct berth_x509_order *o, struct berth_privkey *key)
{
	berth_buf_reset(out);
	return berth_x509_make(out, o, &key->pub, sign, key);
}

static struct berth_x509_order ca_order(void)
{
	return (struct berth_x509_order){ .kind = BERTH_X509_CA, .subject = "/O=Example/CN=Example gateways", .from_s = NOW - DAY,
					  .until_s = NOW + 3650 * DAY };
}

static struct berth_x509_order issue_order(void)
{
	return (struct berth_x509_order){ .kind = BERTH_X509_ISSUE, .subject = "/O=Example/CN=SN-1/serialNumber=SN-1",
					  .sans = { DID, "sn-1.gw.example" }, .n_sans = 2, .from_s = NOW, .until_s = NOW + 30 * DAY,
					  .key = device.pub, .ca = ca_der.p, .ca_len = ca_der.len };
}

static struct berth_x509_order request_order(void)
{
	return (struct berth_x509_order){ .kind = BERTH_X509_REQUEST, .subject = "/CN=gw", .sans = { DID }, .n_sans = 1 };
}

static void begin(enum berth_key_type ca_type, enum berth_key_type type)
{
	const struct berth_x509_order o = ca_order();

	CHECK_OK(berth_keypair_generate(&ca, ca_type));
	CHECK_OK(berth_keypair_generate(&device, type));
	CHECK_OK(make(&ca_der, &o, &ca));
}

static int setup(void **state)
{
	(void)state;
	berth_crypto_init();
	test_tmpdir(dir);
	begin(BERTH_KEY_P256, BERTH_KEY_P256);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	berth_buf_free(&ca_der);
	test_tmpdir_remove(dir);
	return 0;
}

static void save(const char *name, const struct berth_buf *b) { test_write_file(test_path(dir, name), b->p, b->len, 0600); }

/* What openssl has to say of it. */
static char *say(const char *command)
{
	test_sh("cd %s && { %s; } >said 2>&1", dir, command);
	return test_read_file(test_path(dir, "said"), NULL);
}

static void says(const char *command, const char *what)
{
	char *text = say(command);

	if (!strstr(text, what))
		fail_msg("%s: no %s in\n%s", command, what, text);
	free(text);
}

/* ---- what openssl says ---- */

static const enum berth_key_type types[] = { BERTH_KEY_P256, BERTH_KEY_ED25519, BERTH_KEY_P384 };
#define TYPES (sizeof(types) / sizeof(types[0]))

static void every_type_by_every_type_verifies(void **state)
{
	struct berth_buf der = BERTH_BUF_INIT;
	char verify[256];

	(void)state;
	snprintf(verify, sizeof(verify), "openssl verify -x509_strict -purpose sslclient -attime %lld -CAfile ca.pem gw.pem", (long long)NOW + 1);
	for (size_t i = 0; i < TYPES * TYPES; i++) {
		begin(types[i / TYPES], types[i % TYPES]);
		struct berth_x509_order o = issue_order();

		CHECK_OK(make(&der, &o, &ca));
		save("ca.der", &ca_der);
		save("gw.der", &der);
		test_sh("cd %s && openssl x509 -inform DER -in ca.der -out ca.pem && openssl x509 -inform DER -in gw.der -out gw.pem", dir);
		says(verify, "gw.pem: OK");
	}
	begin(BERTH_KEY_P256, BERTH_KEY_P256);
	berth_buf_free(&der);
}

static void it_says_where_the_list_is(void **state)
{
	static const char uri[] = "http://pki.example/gateways.crl";
	static const struct { const char *uri; enum berth_err rc; } bad[] = {
		{ "pki.example", BERTH_E_TYPE }, { "http://pki example/", BERTH_E_TYPE }, { ":x", BERTH_E_TYPE },
	};
	struct berth_x509_order o = issue_order();
	struct berth_buf der = BERTH_BUF_INIT;
	char big[BERTH_X509_SAN_MAX + 2] = "http:";

	(void)state;
	CHECK_OK(make(&der, &o, &ca));
	save("gw.der", &der);
	says("openssl x509 -inform DER -in gw.der -noout -ext crlDistributionPoints", "No extensions in certificate");	/* as before */
	o.data = (const uint8_t *)uri;
	o.len = strlen(uri);
	CHECK_OK(make(&der, &o, &ca));
	save("gw.der", &der);
	says("openssl x509 -inform DER -in gw.der -noout -ext crlDistributionPoints", "URI:http://pki.example/gateways.crl");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		o.data = (const uint8_t *)bad[i].uri;
		o.len = strlen(bad[i].uri);
		CHECK_RC(bad[i].rc, make(&der, &o, &ca));
	}
	memset(big + 5, 'a', sizeof(big) - 6);
	o.data = (const uint8_t *)big;
	o.len = BERTH_X509_SAN_MAX + 1;
	CHECK_RC(BERTH_E_SIZE, make(&der, &o, &ca));
	berth_buf_free(&der);
}

static void the_module_has_its_name(void **state)
{
	static const char *const bad[] = { "hw:", "hw:1.3.6.1.4.1.99999.1", "hw:1.3.6.1.4.1.99999.1;", "hw:x;SN-1", "hw:;SN-1",
		"hw:1.2.3;1234567890123456789012345678901234567890123456789012345678901" };
	struct berth_x509_order o = issue_order();
	struct berth_buf der = BERTH_BUF_INIT;

	(void)state;
	o.sans[1] = "hw:1.3.6.1.4.1.99999.1;SN-1";
	CHECK_OK(make(&der, &o, &ca));
	save("gw.der", &der);
	says("openssl asn1parse -inform DER -in gw.der -strparse $(openssl asn1parse -inform DER -in gw.der | "
	     "grep -A1 'Subject Alternative Name' | tail -1 | cut -d: -f1) | tr -d '\n'", "1.3.6.1.5.5.7.8.4");
	says("openssl asn1parse -inform DER -in gw.der -strparse $(openssl asn1parse -inform DER -in gw.der | "
	     "grep -A1 'Subject Alternative Name' | tail -1 | cut -d: -f1)", ":1.3.6.1.4.1.99999.1");
	says("openssl asn1parse -inform DER -in gw.der -strparse $(openssl asn1parse -inform DER -in gw.der | "
	     "grep -A1 'Subject Alternative Name' | tail -1 | cut -d: -f1)", "OCTET STRING      :SN-1");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		o.sans[1] = bad[i];
		CHECK_RC(BERTH_E_TYPE, make(&der, &o, &ca));
	}
	berth_buf_free(&der);
}

static void the_profile_is_as_it_is_written_down(void **state)
{
	static const char *const has[] = {
		"Version: 3 (0x2)", "Signature Algorithm: ecdsa-with-SHA256", "Issuer: O = Example, CN = Example gateways",
		"Subject: O = Example, CN = SN-1, serialNumber = SN-1", "Not Before: Sep 21 14:13:20 2026 GMT",
		"Not After : Oct 21 14:13:20 2026 GMT", "X509v3 Basic Constraints: critical\n                CA:FALSE",
		"X509v3 Key Usage: critical\n                Digital Signature\n", "TLS Web Client Authentication",
		"X509v3 Subject Key Identifier:", "X509v3 Authority Key Identifier:", "URI:" DID ", DNS:sn-1.gw.example",
	};
	struct berth_buf der = BERTH_BUF_INIT;
	struct berth_x509_order o = issue_order();
	char *text;

	(void)state;
	CHECK_OK(make(&der, &o, &ca));
	save("gw.der", &der);
	text = say("openssl x509 -inform DER -in gw.der -noout -text");
	for (size_t i = 0; i < sizeof(has) / sizeof(has[0]); i++)
		if (!strstr(text, has[i]))
			fail_msg("no %s in\n%s", has[i], text);
	CHECK(!strstr(text, "Server Authentication"));
	free(text);
	o.server = true;
	CHECK_OK(make(&der, &o, &ca));
	save("gw.der", &der);
	says("openssl x509 -inform DER -in gw.der -noout -text", "TLS Web Client Authentication, TLS Web Server Authentication");
	save("ca.der", &ca_der);
	says("openssl x509 -inform DER -in ca.der -noout -text", "CA:TRUE, pathlen:0");
	says("openssl x509 -inform DER -in ca.der -noout -text", "Certificate Sign, CRL Sign");
	berth_buf_free(&der);
}

static void a_request_is_one_for_openssl(void **state)
{
	struct berth_buf der = BERTH_BUF_INIT;
	const struct berth_x509_order o = request_order();

	(void)state;
	CHECK_OK(make(&der, &o, &device));
	save("gw.csr", &der);
	says("openssl req -inform DER -in gw.csr -verify -noout -text", "verify OK");
	says("openssl req -inform DER -in gw.csr -noout -text", "URI:" DID);
	berth_buf_free(&der);
}

static void serials_are_sixteen_random_octets(void **state)
{
	char was[2 * BERTH_X509_SERIAL_MAX + 1] = "", is[2 * BERTH_X509_SERIAL_MAX + 1];
	struct berth_buf der = BERTH_BUF_INIT;
	const struct berth_x509_order o = issue_order();

	(void)state;
	for (int i = 0; i < 32; i++) {
		struct berth_x509_chain c = { .n = 0 };

		CHECK_OK(make(&der, &o, &ca));
		CHECK_OK(berth_x509_chain_add(&c, der.p, der.len));
		berth_x509_serial(is, c.at[0]);
		CHECK(strlen(is) == 2 * BERTH_X509_SERIAL_LEN && strcmp(is, was) != 0 && is[0] >= '4' && is[0] <= '7');
		memcpy(was, is, sizeof(was));
		berth_x509_chain_free(&c);
	}
	berth_buf_free(&der);
}

/* ---- a list of revoked ones ---- */

static void add_row(struct berth_buf *rows, int64_t at, uint8_t reason, uint8_t first)
{
	uint8_t serial[BERTH_X509_SERIAL_LEN] = { first, 2, 3 };

	berth_buf_be64(rows, (uint64_t)at);
	berth_buf_u8(rows, reason);
	berth_buf_put(rows, serial, sizeof(serial));
}

static void a_list_is_one_for_openssl(void **state)
{
	struct berth_buf der = BERTH_BUF_INIT, rows = BERTH_BUF_INIT;
	struct berth_x509_order o = { .kind = BERTH_X509_CRL, .from_s = NOW, .until_s = NOW + DAY, .ca = ca_der.p, .ca_len = ca_der.len };

	(void)state;
	save("ca.der", &ca_der);
	test_sh("cd %s && openssl x509 -inform DER -in ca.der -out ca.pem", dir);
	CHECK_OK(make(&der, &o, &ca));
	save("crl.der", &der);
	says("openssl crl -inform DER -in crl.der -CAfile ca.pem -noout -text", "No Revoked Certificates.");
	add_row(&rows, NOW - 1, 1, 0x70);
	add_row(&rows, NOW - 2, 0, 0x41);
	o.data = rows.p;
	o.len = rows.len;
	CHECK_OK(make(&der, &o, &ca));
	save("crl.der", &der);
	says("openssl crl -inform DER -in crl.der -CAfile ca.pem -noout", "verify OK");
	says("openssl crl -inform DER -in crl.der -noout -text", "Serial Number: 70020300000000000000000000000000");
	says("openssl crl -inform DER -in crl.der -noout -text", "Key Compromise");
	says("openssl crl -inform DER -in crl.der -noout -text", "X509v3 CRL Number: \n                1790000000");
	for (size_t n = 1; n < BERTH_X509_REVOKED_LEN; n++) {
		o.len = rows.len - n;
		CHECK_RC(BERTH_E_SIZE, make(&der, &o, &ca));
	}
	rows.p[8] = 11;		/* no such reason */
	o.len = rows.len;
	CHECK_RC(BERTH_E_TYPE, make(&der, &o, &ca));
	berth_buf_free(&der);
	berth_buf_free(&rows);
}

static void a_revoked_one_is_refused_by_openssl(void **state)
{
	struct berth_buf der = BERTH_BUF_INIT, rows = BERTH_BUF_INIT;
	struct berth_x509_order o = issue_order();
	struct berth_x509_chain c = { .n = 0 };
	char serial[2 * BERTH_X509_SERIAL_MAX + 1], command[256];

	(void)state;
	CHECK_OK(make(&der, &o, &ca));
	CHECK_OK(berth_x509_chain_add(&c, der.p, der.len));
	berth_x509_serial(serial, c.at[0]);
	save("ca.der", &ca_der);
	save("gw.der", &der);
	test_sh("cd %s && openssl x509 -inform DER -in ca.der -out ca.pem && openssl x509 -inform DER -in gw.der -out gw.pem", dir);
	add_row(&rows, NOW, 5, 0);
	for (size_t i = 0; i < BERTH_X509_SERIAL_LEN; i++) {
		unsigned v;

		CHECK(sscanf(serial + 2 * i, "%2x", &v) == 1);
		rows.p[9 + i] = (uint8_t)v;
	}
	o = (struct berth_x509_order){ .kind = BERTH_X509_CRL, .from_s = NOW, .until_s = NOW + DAY, .ca = ca_der.p, .ca_len = ca_der.len,
				       .data = rows.p, .len = rows.len };
	CHECK_OK(make(&der, &o, &ca));
	save("crl.der", &der);
	test_sh("cd %s && openssl crl -inform DER -in crl.der -out crl.pem", dir);
	snprintf(command, sizeof(command), "openssl verify -crl_check -attime %lld -CAfile ca.pem -CRLfile crl.pem gw.pem || true",
		 (long long)NOW + 1);
	says(command, "certificate revoked");
	rows.p[9] ^= 1;
	CHECK_OK(make(&der, &o, &ca));
	save("crl.der", &der);
	test_sh("cd %s && openssl crl -inform DER -in crl.der -out crl.pem", dir);
	says(command, "gw.pem: OK");
	berth_x509_chain_free(&c);
	berth_buf_free(&der);
	berth_buf_free(&rows);
}

/* ---- what is not signed ---- */

static void a_ca_signs_within_its_own_time(void **state)
{
	struct berth_buf der = BERTH_BUF_INIT;
	struct berth_x509_order o = issue_order();
	const struct berth_x509_order whole = ca_order();

	(void)state;
	o.from_s = whole.until_s - 10;
	o.until_s = whole.until_s;
	CHECK_OK(make(&der, &o, &ca));
	o.until_s++;
	CHECK_RC(BERTH_E_EXPIRED, make(&der, &o, &ca));
	o = issue_order();
	o.from_s = whole.from_s;
	CHECK_OK(make(&der, &o, &ca));
	o.from_s--;
	CHECK_RC(BERTH_E_EXPIRED, make(&der, &o, &ca));
	o = issue_order();
	o.until_s = o.from_s;
	CHECK_RC(BERTH_E_TYPE, make(&der, &o, &ca));
	o.until_s = o.from_s + BERTH_X509_LIFE_MAX_S + 1;
	CHECK_RC(BERTH_E_TYPE, make(&der, &o, &ca));
	o.from_s = -1;
	CHECK_RC(BERTH_E_TYPE, make(&der, &o, &ca));
	berth_buf_free(&der);
}

static void only_the_cas_own_key_signs(void **state)
{
	struct berth_buf der = BERTH_BUF_INIT, leaf = BERTH_BUF_INIT;
	struct berth_x509_order o = issue_order();

	(void)state;
	CHECK_RC(BERTH_E_KEY, make(&der, &o, &device));
	o.kind = BERTH_X509_CRL;
	CHECK_RC(BERTH_E_KEY, make(&der, &o, &device));
	o = issue_order();
	CHECK_OK(make(&leaf, &o, &ca));
	o.ca = leaf.p;		/* a device is no CA, whatever its key */
	o.ca_len = leaf.len;
	CHECK_RC(BERTH_E_KEY, make(&der, &o, &device));
	for (size_t n = 0; n < ca_der.len; n++) {
		o.ca = ca_der.p;
		o.ca_len = n;
		CHECK_RC(BERTH_E_TYPE, make(&der, &o, &ca));
	}
	berth_buf_free(&leaf);
	berth_buf_free(&der);
}

static void fields_are_checked(void **state)
{
	struct berth_buf der = BERTH_BUF_INIT;
	struct berth_x509_order o = issue_order();

	(void)state;
	o.subject = "CN=a";
	CHECK_RC(BERTH_E_TYPE, make(&der, &o, &ca));
	o = issue_order();
	o.sans[1] = "a b";
	CHECK_RC(BERTH_E_TYPE, make(&der, &o, &ca));
	o = issue_order();
	o.key.type = BERTH_KEY_X25519;
	CHECK_RC(BERTH_E_KEY, make(&der, &o, &ca));
	o = issue_order();
	o.kind = BERTH_X509_KIND__END;
	CHECK_RC(BERTH_E_TYPE, make(&der, &o, &ca));
	o.kind = 0;
	CHECK_RC(BERTH_E_TYPE, make(&der, &o, &ca));
	o = issue_order();
	o.n_sans = BERTH_X509_ORDER_SANS_MAX + 1;
	CHECK_RC(BERTH_E_SIZE, make(&der, &o, &ca));
	CHECK(der.len == 0);
	berth_buf_free(&der);
}

static enum berth_err sign_otherwise(void *arg, const void *msg, size_t len, uint8_t sig[BERTH_SIG_MAX], size_t *n)
{
	enum berth_err rc = berth_sign(sig, n, arg, msg, len);

	sig[7] ^= 1;
	return rc;
}

static void a_fault_in_a_signature_leaves_nothing(void **state)
{
	const struct berth_x509_order all[] = { issue_order(), ca_order(), request_order(),
		{ .kind = BERTH_X509_CRL, .from_s = NOW, .until_s = NOW + 1, .ca = ca_der.p, .ca_len = ca_der.len },
		{ .kind = BERTH_X509_TLS, .data = ca_der.p, .len = 32 } };
	struct berth_buf der = BERTH_BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		CHECK_RC(BERTH_E_SIG, berth_x509_make(&der, &all[i], &ca.pub, sign_otherwise, &ca));
	CHECK(der.len == 0);
	berth_buf_free(&der);
}

/* ---- TLS ---- */

static void a_certificate_verify_is_what_rfc_8446_says(void **state)
{
	uint8_t hash[48], content[64 + 33 + 1 + 48];
	struct berth_x509_order o = { .kind = BERTH_X509_TLS, .data = hash };
	struct berth_buf sig = BERTH_BUF_INIT;

	(void)state;
	memset(hash, 0x17, sizeof(hash));
	memset(content, 0x20, 64);
	memcpy(content + 98, hash, 48);
	test_write_file(test_path(dir, "device.b"), device.pub.b, device.pub.len, 0600);
	test_sh("cd %s && { printf '3059301306072a8648ce3d020106082a8648ce3d030107034200' | xxd -r -p; cat device.b; } >pub.der", dir);
	for (int i = 0; i < 4; i++) {
		o.server = i & 1;
		o.len = i & 2 ? 48 : 32;
		memcpy(content + 64, o.server ? "TLS 1.3, server CertificateVerify" : "TLS 1.3, client CertificateVerify", 34);
		CHECK_OK(make(&sig, &o, &device));
		save("sig", &sig);
		test_write_file(test_path(dir, "content"), content, 98 + o.len, 0600);
		says("openssl dgst -sha256 -keyform DER -verify pub.der -signature sig content", "Verified OK");
	}
	for (size_t n = 0; n < 64; n++) {
		o.len = n;
		CHECK_RC(n == 32 || n == 48 ? BERTH_OK : BERTH_E_TYPE, make(&sig, &o, &device));
	}
	berth_buf_free(&sig);
}

/* ---- what we are given ---- */

static enum berth_err read_exact(const void *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	struct berth_pubkey key, none = { 0 };
	enum berth_err rc;

	memcpy(exact, p, n);
	rc = berth_x509_req_read(&key, exact, n);
	CHECK(rc ? memcmp(&key, &none, sizeof(key)) == 0 : berth_pubkey_equal(&key, &device.pub));
	free(exact);
	return rc;
}

static void a_request_is_read_whole_or_not_at_all(void **state)
{
	static uint8_t big[BERTH_X509_REQ_MAX + 1];
	struct berth_buf der = BERTH_BUF_INIT;
	const struct berth_x509_order o = request_order();

	(void)state;
	CHECK_OK(make(&der, &o, &device));
	CHECK_OK(read_exact(der.p, der.len));
	for (size_t n = 0; n < der.len; n++)
		CHECK_RC(BERTH_E_TYPE, read_exact(der.p, n));
	memcpy(big, der.p, der.len);
	CHECK_RC(BERTH_E_TYPE, read_exact(big, der.len + 1));
	CHECK_RC(BERTH_E_TYPE, read_exact(big, BERTH_X509_REQ_MAX));
	CHECK_RC(BERTH_E_SIZE, read_exact(big, BERTH_X509_REQ_MAX + 1));
	for (size_t i = 0; i < der.len; i++) {	/* no octet of it may be another one */
		der.p[i] ^= 0x04;
		CHECK(read_exact(der.p, der.len) != BERTH_OK);
		der.p[i] ^= 0x04;
	}
	CHECK_OK(read_exact(der.p, der.len));
	berth_buf_free(&der);
}

static enum berth_err read_named(const char *name)
{
	struct berth_pubkey key;
	size_t n;
	char *der = test_read_file(test_path(dir, name), &n);
	enum berth_err rc = berth_x509_req_read(&key, der, n);

	free(der);
	return rc;
}

static void requests_by_openssl(void **state)
{
	(void)state;
	test_sh("cd %s && for c in P-256 P-384; do openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:$c -nodes -keyout k.pem -subj /CN=x "
		"-config /etc/ssl/openssl.cnf -sha${c#P-} -outform DER -out $c.csr 2>/dev/null; done; "
		"openssl req -new -newkey ed25519 -nodes -keyout k.pem -subj /CN=x -config /etc/ssl/openssl.cnf -outform DER -out ed.csr 2>/dev/null; "
		"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -subj /CN=x -config /etc/ssl/openssl.cnf "
		"-sha1 -outform DER -out sha1.csr 2>/dev/null; "
		"openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=x -config /etc/ssl/openssl.cnf -outform DER -out rsa.csr 2>/dev/null", dir);
	CHECK_OK(read_named("P-256.csr"));
	CHECK_OK(read_named("P-384.csr"));
	CHECK_OK(read_named("ed.csr"));
	CHECK_RC(BERTH_E_ALG, read_named("sha1.csr"));
	CHECK_RC(BERTH_E_KEY, read_named("rsa.csr"));
}

static enum berth_err own(const struct berth_buf *leaf, const struct berth_buf *above, const struct berth_pubkey *key, const char *did)
{
	struct berth_x509_chain c = { .n = 0 };
	enum berth_err rc;

	CHECK_OK(berth_x509_chain_add(&c, leaf->p, leaf->len));
	if (above)
		CHECK_OK(berth_x509_chain_add(&c, above->p, above->len));
	rc = berth_x509_check_own(&c, key, did);
	berth_x509_chain_free(&c);
	return rc;
}

static void a_chain_is_ours_or_refused(void **state)
{
	struct berth_buf leaf = BERTH_BUF_INIT, other = BERTH_BUF_INIT;
	struct berth_x509_order o = issue_order(), again = ca_order();
	struct berth_privkey key;

	(void)state;
	CHECK_OK(berth_keypair_generate(&key, BERTH_KEY_P256));
	CHECK_OK(make(&leaf, &o, &ca));
	CHECK_OK(make(&other, &again, &key));
	CHECK_OK(own(&leaf, &ca_der, &device.pub, DID));
	CHECK_RC(BERTH_E_KEY, own(&leaf, &ca_der, &key.pub, DID));
	CHECK_RC(BERTH_E_AUTHZ, own(&leaf, &ca_der, &device.pub, DID "x"));
	CHECK_RC(BERTH_E_AUTHZ, own(&leaf, &ca_der, &device.pub, "sn-1.gw.example"));
	CHECK_RC(BERTH_E_SIG, own(&leaf, &other, &device.pub, DID));	/* the same name, another key */
	CHECK_RC(BERTH_E_TYPE, own(&leaf, NULL, &device.pub, DID));
	CHECK_RC(BERTH_E_KEY, own(&ca_der, &ca_der, &ca.pub, DID));	/* no device */
	o.until_s = o.from_s + 1;
	CHECK_OK(make(&leaf, &o, &ca));
	CHECK_OK(own(&leaf, &ca_der, &device.pub, DID));		/* at any time */
	leaf.p[leaf.len - 4] ^= 1;
	CHECK_RC(BERTH_E_SIG, own(&leaf, &ca_der, &device.pub, DID));
	berth_buf_free(&leaf);
	berth_buf_free(&other);
}

/* One of each kind, and what we are given. */
static enum berth_err all_of_it(void *arg)
{
	const struct berth_x509_order all[] = { issue_order(), ca_order(), request_order(),
		{ .kind = BERTH_X509_CRL, .from_s = NOW, .until_s = NOW + 1, .ca = ca_der.p, .ca_len = ca_der.len },
		{ .kind = BERTH_X509_TLS, .data = ca_der.p, .len = 32 } };
	struct berth_buf out = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;

	(void)arg;
	for (size_t i = 0; !rc && i < sizeof(all) / sizeof(all[0]); i++)
		rc = make(&out, &all[i], &ca);
	berth_buf_free(&out);
	return rc;
}

/* The last second of a time_t of 32 bits, the next one, the end of UTCTime (RFC 5280 4.1.2.5) and
 * that of all certificates; ten thousand years are none. */
static void times_end_with_the_year_9999(void **state)
{
	static const struct { int64_t at_s; const char *said; } ends[] = {
		{ 2147483647, "notAfter=Jan 19 03:14:07 2038 GMT" }, { 2147483648, "notAfter=Jan 19 03:14:08 2038 GMT" },
		{ 2524607999, "notAfter=Dec 31 23:59:59 2049 GMT" }, { 4294967296, "notAfter=Feb  7 06:28:16 2106 GMT" },
		{ 253402300799, "notAfter=Dec 31 23:59:59 9999 GMT" },
	};
	struct berth_buf der = BERTH_BUF_INIT;
	struct berth_x509_order o = ca_order();

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		o.from_s = ends[i].at_s - DAY;
		o.until_s = ends[i].at_s;
		CHECK_OK(make(&der, &o, &ca));
		save("end.der", &der);
		says("openssl x509 -in end.der -inform DER -noout -enddate", ends[i].said);
	}
	o.until_s = 253402300800;
	CHECK_RC(BERTH_E_TYPE, make(&der, &o, &ca));
	berth_buf_free(&der);
}

static void c015_every_allocation_may_fail(void **state)
{
	(void)state;
	CHECK(test_every_allocation_fails(all_of_it, NULL) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_by_every_type_verifies), cmocka_unit_test(the_profile_is_as_it_is_written_down),
		cmocka_unit_test(it_says_where_the_list_is), cmocka_unit_test(the_module_has_its_name),
		cmocka_unit_test(a_request_is_one_for_openssl), cmocka_unit_test(serials_are_sixteen_random_octets),
		cmocka_unit_test(a_list_is_one_for_openssl), cmocka_unit_test(a_revoked_one_is_refused_by_openssl),
		cmocka_unit_test(a_ca_signs_within_its_own_time), cmocka_unit_test(only_the_cas_own_key_signs),
		cmocka_unit_test(fields_are_checked), cmocka_unit_test(a_fault_in_a_signature_leaves_nothing),
		cmocka_unit_test(a_certificate_verify_is_what_rfc_8446_says), cmocka_unit_test(a_request_is_read_whole_or_not_at_all),
		cmocka_unit_test(requests_by_openssl), cmocka_unit_test(a_chain_is_ours_or_refused),
		cmocka_unit_test(times_end_with_the_year_9999), cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
