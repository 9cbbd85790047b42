/* SPDX-License-Identifier: Apache-2.0 */
/* Certification requests: libcrypto, which did not sign them, reads them back. */
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/crypto/x509_req.h"
#include "tests/check.h"

static struct berth_privkey key;

static void request(struct berth_buf *der, enum berth_key_type type, const char *subject, const char *const *sans, size_t n)
{
	struct berth_buf tbs = BERTH_BUF_INIT;
	struct berth_x509_req *r;
	uint8_t sig[BERTH_SIG_MAX];
	size_t len;

	CHECK_OK(berth_keypair_generate(&key, type));
	CHECK_OK(berth_x509_req_new(&r, &key.pub, subject, sans, n));
	CHECK_OK(berth_x509_req_to_sign(r, &tbs));
	CHECK_OK(berth_sign(sig, &len, &key, tbs.p, tbs.len));
	CHECK_OK(berth_x509_req_finish(r, sig, len, der));
	berth_x509_req_free(r);
	berth_buf_free(&tbs);
}

static X509_REQ *read_back(const struct berth_buf *der)
{
	const unsigned char *p = der->p;
	X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)der->len);

	assert_non_null(req);
	CHECK(p == der->p + der->len);
	return req;
}

static void every_signing_type_verifies(void **state)
{
	static const char *const sans[] = { "gw1.example", "did:web:gw1.example" };

	(void)state;
	for (unsigned t = BERTH_KEY_ED25519; t < BERTH_KEY__COUNT; t++) {
		struct berth_buf der = BERTH_BUF_INIT;

		if (!berth_key_can_sign(t))
			continue;
		request(&der, t, "/C=DE/O=Ex\\/ample \\\\ \xc3\xa4/CN=gw1/serialNumber=4711", sans, 2);
		X509_REQ *req = read_back(&der);

		CHECK(X509_REQ_verify(req, X509_REQ_get0_pubkey(req)) == 1);
		STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(req);
		CHECK(sk_X509_EXTENSION_num(exts) == 2);
		sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
		char *line = X509_NAME_oneline(X509_REQ_get_subject_name(req), NULL, 0);
		assert_string_equal(line, "/C=DE/O=Ex\\/ample \\ \\xC3\\xA4/CN=gw1/serialNumber=4711");
		OPENSSL_free(line);
		X509_REQ_free(req);
		berth_buf_free(&der);
	}
}

static enum berth_err subject(const char *s)
{
	struct berth_x509_req *r;
	enum berth_err rc = berth_x509_req_new(&r, &key.pub, s, NULL, 0);

	CHECK(!rc == (r != NULL));
	berth_x509_req_free(r);
	return rc;
}

static void subjects_are_checked(void **state)
{
	char longest[BERTH_X509_SUBJECT_MAX + 8] = "/CN=";

	(void)state;
	CHECK_OK(berth_keypair_generate(&key, BERTH_KEY_P256));
	CHECK_OK(subject("/CN=gw1"));
	CHECK_OK(subject("/C=DE/ST=a/L=b/O=c/OU=d/OU=e/CN=f/serialNumber=1"));
	static const char *const bad[] = { "", "CN=gw1", "/", "/CN", "/CN=", "/CN=a/", "//CN=a", "/XX=a", "/cn=a", "/=a",
		"/CN=a\\b", "/CN=a\\", "/CN=a\nb", "/CN=\xff", "/C=GER", "/C=\xc3\xa4", "/emailAddress=a@b",
		"/averyveryverylongattribute=a" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_TYPE, subject(bad[i]));
	memset(longest + 4, 'a', 64);
	CHECK_OK(subject(longest));	/* X.520: ub-common-name is 64 */
	memset(longest + 4, 'a', 65);
	CHECK_RC(BERTH_E_TYPE, subject(longest));
	memset(longest + 4, 'a', 257);
	CHECK_RC(BERTH_E_SIZE, subject(longest));
	memset(longest + 4, 'a', BERTH_X509_SUBJECT_MAX - 3);
	CHECK_RC(BERTH_E_SIZE, subject(longest));
}

static enum berth_err san(const char *name, size_t times)
{
	const char *names[BERTH_X509_SANS_MAX + 1];
	struct berth_x509_req *r;
	enum berth_err rc;

	for (size_t i = 0; i < times; i++)
		names[i] = name;
	rc = berth_x509_req_new(&r, &key.pub, "/CN=a", names, times);
	berth_x509_req_free(r);
	return rc;
}

static void alternative_names_are_checked(void **state)
{
	static const char *const good[] = { "gw1", "*.gw.example", "did:key:z6Mk", "https://a.example/x?y#z" };
	static const char *const bad[] = { ".a", "a.", "a..b", "a b", "a_b", ":x", "1a:b", "did:a b", "did:\xc3\xa4", "did:\"" };
	char big[BERTH_X509_SAN_MAX + 2] = "a:";

	(void)state;
	CHECK_OK(berth_keypair_generate(&key, BERTH_KEY_P256));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK_OK(san(good[i], 1));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_TYPE, san(bad[i], 1));
	CHECK_RC(BERTH_E_SIZE, san("", 1));
	CHECK_OK(san("a", BERTH_X509_SANS_MAX));
	CHECK_RC(BERTH_E_SIZE, san("a", BERTH_X509_SANS_MAX + 1));
	memset(big + 2, 'x', BERTH_X509_SAN_MAX - 2);
	CHECK_OK(san(big, 1));
	memset(big + 2, 'x', BERTH_X509_SAN_MAX - 1);
	CHECK_RC(BERTH_E_SIZE, san(big, 1));
}

static void only_the_keys_own_signature_goes_in(void **state)
{
	struct berth_buf tbs = BERTH_BUF_INIT, der = BERTH_BUF_INIT;
	struct berth_x509_req *r;
	struct berth_privkey other;
	uint8_t sig[BERTH_SIG_MAX];
	size_t len;

	(void)state;
	CHECK_OK(berth_keypair_generate(&key, BERTH_KEY_X25519));
	CHECK_RC(BERTH_E_KEY, berth_x509_req_new(&r, &key.pub, "/CN=a", NULL, 0));
	CHECK_OK(berth_keypair_generate(&key, BERTH_KEY_P384));
	CHECK_OK(berth_keypair_generate(&other, BERTH_KEY_P384));
	CHECK_OK(berth_x509_req_new(&r, &key.pub, "/CN=a", NULL, 0));
	CHECK_OK(berth_x509_req_to_sign(r, &tbs));
	CHECK_OK(berth_sign(sig, &len, &other, tbs.p, tbs.len));
	CHECK_RC(BERTH_E_SIG, berth_x509_req_finish(r, sig, len, &der));
	CHECK_RC(BERTH_E_SIG, berth_x509_req_finish(r, sig, 0, &der));
	CHECK(der.len == 0);
	CHECK_OK(berth_sign(sig, &len, &key, tbs.p, tbs.len));
	CHECK_OK(berth_x509_req_finish(r, sig, len, &der));
	CHECK(der.len > 0);
	berth_x509_req_free(r);
	berth_buf_free(&tbs);
	berth_buf_free(&der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_signing_type_verifies),
		cmocka_unit_test(subjects_are_checked),
		cmocka_unit_test(alternative_names_are_checked),
		cmocka_unit_test(only_the_keys_own_signature_goes_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
