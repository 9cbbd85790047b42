/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/x509_sign.h"

struct signer {
	struct berth_keystore *ks;
	const char *name;
};

static enum berth_err sign(void *arg, const void *msg, size_t len, uint8_t sig[BERTH_SIG_MAX], size_t *n)
{
	const struct signer *s = arg;

	return berth_keystore_sign(s->ks, s->name, msg, len, sig, n);
}

enum berth_err berth_keystore_x509(struct berth_keystore *ks, const char *name, const struct berth_x509_order *o,
				   struct berth_buf *out)
{
	struct signer s = { ks, name };
	struct berth_key_info info;
	enum berth_err rc = berth_keystore_find(ks, name, &info);

	return rc ? rc : berth_x509_make(out, o, &info.pub, sign, &s);
}
