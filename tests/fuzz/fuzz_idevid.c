/* SPDX-License-Identifier: Apache-2.0 */
/* First octet 'c': the rest is a certificate.  'p': the payload of a binding, put
 * into a JWS here.  Else all of it is a compact JWS. */
#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/idevid.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char header[] = "{\"alg\":\"EdDSA\",\"kid\":\"did:example:a#k\",\"typ\":\"berth-idevid+jwt\"}";

static void certificate(const uint8_t *p, size_t n)
{
	char serial[2 * BERTH_X509_SERIAL_MAX + 1], subject[BERTH_X509_NAME_MAX + 1];
	struct berth_x509_chain c = { .n = 0 };
	struct berth_pubkey key;
	size_t len;

	if (berth_x509_chain_read(&c, p, n) == BERTH_OK) {
		if (!berth_x509_der(c.at[0], &len) || len == 0 || len > BERTH_X509_MAX)
			abort();
		berth_x509_serial(serial, c.at[0]);
		(void)!berth_x509_subject_serial(subject, c.at[0]);
		(void)!berth_x509_pubkey(&key, c.at[0]);
		(void)!berth_x509_check_device(c.at[0]);
	}
	berth_x509_chain_free(&c);
}

static void binding(const char *compact, size_t n)
{
	struct berth_resolver r;
	struct berth_idevid i;

	if (berth_idevid_parse(&i, compact, n) != BERTH_OK)
		return;
	if (!i.did || i.certs.n == 0 || !i.inner.header)
		abort();
	berth_resolver_builtin_init(&r, NULL);
	if (berth_idevid_verify(&i, &r, "", 0) == BERTH_OK)
		abort();	/* there is no root */
	berth_idevid_free(&i);
}

static void payload(const uint8_t *p, size_t n)
{
	static const uint8_t sig[64];
	struct berth_buf b = BERTH_BUF_INIT;

	berth_b64url_encode(&b, header, sizeof(header) - 1);
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, p, n);
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, sig, sizeof(sig));
	if (berth_buf_status(&b) == BERTH_OK)
		binding(berth_buf_cstr(&b), b.len);
	berth_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	berth_crypto_init();
	if (n && p[0] == 'c')
		certificate(p + 1, n - 1);
	else if (n && p[0] == 'p')
		payload(p + 1, n - 1);
	else
		binding((const char *)p, n);
	return 0;
}
