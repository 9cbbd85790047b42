/* SPDX-License-Identifier: Apache-2.0 */
/* First octet 'r': the rest is a certification request.  Else it is a chain as a message has
 * it: certificates, each behind a be16 length, for a key that nobody has. */
#include <stdlib.h>
#include <string.h>

#include "did/base/cur.h"
#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/crypto/x509_ldevid.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void request(const uint8_t *p, size_t n)
{
	static const struct berth_pubkey none;
	struct berth_pubkey key;
	enum berth_err rc = berth_x509_req_read(&key, p, n);

	if (rc ? memcmp(&key, &none, sizeof(key)) != 0 : !berth_key_can_sign(key.type))
		abort();
}

static void chain(const uint8_t *p, size_t n)
{
	const struct berth_pubkey nobody = { .type = BERTH_KEY_ED25519, .len = 32, .b = { 1 } };
	struct berth_x509_chain c = { .n = 0 };
	struct berth_cur in = berth_cur(p, n);
	int64_t from, until;

	while (in.n) {
		struct berth_cur one = berth_cur_vec16(&in, BERTH_X509_MAX + 1);

		if (in.bad || berth_x509_chain_add(&c, one.p, one.n))
			break;
		(void)!berth_x509_window(c.at[c.n - 1], &from, &until);
		(void)!berth_x509_check_ca(c.at[c.n - 1]);
	}
	if (berth_x509_check_own(&c, &nobody, "did:example:a") == BERTH_OK)
		abort();
	berth_x509_chain_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	berth_crypto_init();
	if (n && p[0] == 'r')
		request(p + 1, n - 1);
	else
		chain(p, n);
	return 0;
}
