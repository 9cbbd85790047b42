/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and the bindings of them to DIDs, octet by octet; what a binding must
 * say is in tests/system/test_cli_idevid.py.  openssl issues the certificates. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tmpdir.h"

#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/idevid.h"

#define KID "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv#k"
#define DEVICE "idevid"

static char dir[TMPDIR_LEN];
static struct berth_privkey device, did_key;

/* The private key as openssl reads it: SEC 1, P-256. */
static void write_key(void)
{
	uint8_t der[121] = { 0x30, 0x77, 2, 1, 1, 4, 32 };
	static const uint8_t curve[] = { 0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 0xa1, 0x44, 3, 0x42, 0 };

	memcpy(der + 7, device.b, 32);
	memcpy(der + 39, curve, sizeof(curve));
	memcpy(der + 39 + sizeof(curve), device.pub.b, 65);
	test_write_file(test_path(dir, "key.der"), der, sizeof(der), 0600);
	test_sh("openssl ec -inform DER -in %s/key.der -out %s/key.pem 2>/dev/null", dir, dir);
}

static void self_signed(const char *name, const char *subject, const char *more)
{
	test_sh("openssl req -x509 -new -key %s/key.pem -subj '%s' -days 3650 -config /etc/ssl/openssl.cnf "
		"-addext keyUsage=critical,digitalSignature -addext basicConstraints=critical,CA:FALSE %s -outform DER -out %s/%s",
		dir, subject, more, dir, name);
}

static int setup(void **state)
{
	*state = dir;
	berth_crypto_init();
	test_tmpdir(dir);
	CHECK_OK(berth_keypair_generate(&device, BERTH_KEY_P256));
	CHECK_OK(berth_keypair_generate(&did_key, BERTH_KEY_ED25519));
	write_key();
	self_signed("good.der", "/CN=a/serialNumber=1", "");
	return 0;
}

static enum berth_err add(const void *p, size_t n)
{
	struct berth_x509_chain c = { .n = 0 };
	uint8_t *exact = malloc(n ? n : 1);
	enum berth_err rc;

	memcpy(exact, p, n);
	rc = berth_x509_chain_add(&c, exact, n);
	CHECK(c.n == !rc);
	berth_x509_chain_free(&c);
	free(exact);
	return rc;
}

static void a_certificate_is_read_whole_or_not_at_all(void **state)
{
	static uint8_t big[BERTH_X509_MAX + 1];
	size_t n;
	char *der = test_read_file(test_path(dir, "good.der"), &n);

	(void)state;
	CHECK_OK(add(der, n));
	for (size_t i = 0; i < n; i++)
		CHECK_RC(BERTH_E_TYPE, add(der, i));
	memcpy(big, der, n);
	CHECK_RC(BERTH_E_TYPE, add(big, n + 1));
	CHECK_RC(BERTH_E_TYPE, add(big, BERTH_X509_MAX));
	CHECK_RC(BERTH_E_SIZE, add(big, BERTH_X509_MAX + 1));
	free(der);
}

static enum berth_err read_named(const char *name, struct berth_x509_chain *c)
{
	size_t n;
	char *der = test_read_file(test_path(dir, name), &n);
	enum berth_err rc = berth_x509_chain_read(c, der, n);

	free(der);
	return rc;
}

static void what_stands_in_a_certificate(void **state)
{
	char serial[2 * BERTH_X509_SERIAL_MAX + 1], subject[BERTH_X509_NAME_MAX + 1];
	struct berth_x509_chain c = { .n = 0 };
	struct berth_pubkey key;

	(void)state;
	self_signed("x.der", "/CN=a/serialNumber=SN 4711", "-set_serial 0x00ff");
	CHECK_OK(read_named("x.der", &c));
	berth_x509_serial(serial, c.at[0]);
	assert_string_equal(serial, "ff");
	CHECK_OK(berth_x509_subject_serial(subject, c.at[0]));
	assert_string_equal(subject, "SN 4711");
	CHECK_OK(berth_x509_pubkey(&key, c.at[0]));
	CHECK(berth_pubkey_equal(&key, &device.pub));
	CHECK_OK(berth_x509_check_device(c.at[0]));
	berth_x509_chain_free(&c);
}

static void what_no_device_certificate_has(void **state)
{
	struct berth_x509_chain c = { .n = 0 };
	char subject[BERTH_X509_NAME_MAX + 1];

	(void)state;
	self_signed("x.der", "/CN=a/serialNumber=1/serialNumber=2", "");
	CHECK_OK(read_named("x.der", &c));
	CHECK_RC(BERTH_E_KEY, berth_x509_subject_serial(subject, c.at[0]));
	berth_x509_chain_free(&c);
	self_signed("x.der", "/CN=a/serialNumber=1", "-set_serial -5");
	CHECK_RC(BERTH_E_TYPE, read_named("x.der", &c));
	self_signed("x.der", "/CN=a/serialNumber=1", "-set_serial 0x112233445566778899aabbccddeeff001122334455");
	CHECK_RC(BERTH_E_TYPE, read_named("x.der", &c));
	self_signed("x.der", "/CN=a/serialNumber=1", "-set_serial 0x1122334455667788990011223344556677889900");
	CHECK_OK(read_named("x.der", &c));
	berth_x509_chain_free(&c);
}

static void the_time_must_be_known(void **state)
{
	struct berth_x509_chain c = { .n = 0 };
	char *pem;

	(void)state;
	test_sh("openssl x509 -inform DER -in %s/good.der -out %s/good.pem", dir, dir);
	pem = test_read_file(test_path(dir, "good.pem"), NULL);
	CHECK_OK(read_named("good.pem", &c));
	CHECK_RC(BERTH_E_CLOCK, berth_x509_check_chain(&c, pem, -1));
	CHECK_RC(BERTH_E_EXPIRED, berth_x509_check_chain(&c, pem, 0));
	CHECK_RC(BERTH_E_KEY, berth_x509_check_chain(&c, "", 0));
	berth_x509_chain_free(&c);
	free(pem);
}

static enum berth_err make(struct berth_buf *out, const struct berth_x509_chain *c)
{
	struct berth_keyring *kr;
	enum berth_err rc;

	if ((rc = berth_keyring_local_new(&kr)))
		return rc;
	if (!(rc = berth_keyring_local_add(kr, KID, &did_key)) && !(rc = berth_keyring_local_add(kr, DEVICE, &device)))
		rc = berth_idevid_make(out, kr, KID, DEVICE, c);
	berth_keyring_free(kr);
	return rc;
}

static void a_binding_is_read_whole_or_not_at_all(void **state)
{
	struct berth_x509_chain c = { .n = 0 };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_idevid i;

	(void)state;
	CHECK_RC(BERTH_E_TYPE, make(&b, &c));	/* no certificate */
	CHECK_OK(read_named("good.der", &c));
	CHECK_OK(make(&b, &c));
	CHECK_OK(berth_idevid_parse(&i, berth_buf_cstr(&b), b.len));
	CHECK(i.certs.n == 1 && !strncmp(i.did, KID, strlen(i.did)));
	assert_string_equal(i.device_serial, "1");
	berth_idevid_free(&i);
	for (size_t n = 0; n < b.len - 86; n++) {	/* to the last dot; then the signature gets shorter */
		char *exact = malloc(n ? n : 1);

		memcpy(exact, b.p, n);
		CHECK_RC(BERTH_E_ENV, berth_idevid_parse(&i, exact, n));
		CHECK(!i.did && i.certs.n == 0);
		free(exact);
	}
	CHECK_RC(BERTH_E_SIZE, berth_idevid_parse(&i, berth_buf_cstr(&b), BERTH_IDEVID_MAX + 1));
	berth_buf_free(&b);
	berth_x509_chain_free(&c);
}

static enum berth_err all_of_it(void *arg)
{
	const struct berth_buf *der = arg;
	struct berth_x509_chain c = { .n = 0 };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_idevid i = { .did = NULL };
	enum berth_err rc;

	if (!(rc = berth_x509_chain_add(&c, der->p, der->len)) && !(rc = make(&b, &c)))
		rc = berth_idevid_parse(&i, berth_buf_cstr(&b), b.len);
	berth_idevid_free(&i);
	berth_buf_free(&b);
	berth_x509_chain_free(&c);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	struct berth_buf der = BERTH_BUF_INIT;
	size_t n;
	char *p = test_read_file(test_path(dir, "good.der"), &n);

	(void)state;
	berth_buf_put(&der, p, n);
	CHECK(test_every_allocation_fails(all_of_it, &der) > 0);
	berth_buf_free(&der);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_is_read_whole_or_not_at_all),
		cmocka_unit_test(what_stands_in_a_certificate),
		cmocka_unit_test(what_no_device_certificate_has),
		cmocka_unit_test(the_time_must_be_known),
		cmocka_unit_test(a_binding_is_read_whole_or_not_at_all),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, setup, test_tmpdir_teardown);
}
