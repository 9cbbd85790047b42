/* SPDX-License-Identifier: Apache-2.0 */
#include "did/jose/multikey.h"

#include <string.h>

#include "did/base/cur.h"
#include "did/codec/multibase.h"
#include "did/crypto/keypair.h"

/* multiformats/multicodec table.csv */
static const struct {
	enum berth_key_type type;
	uint64_t pub, priv;
} codecs[] = {
	{ BERTH_KEY_ED25519, BERTH_CODEC_ED25519_PUB, BERTH_CODEC_ED25519_PRIV },
	{ BERTH_KEY_X25519, BERTH_CODEC_X25519_PUB, BERTH_CODEC_X25519_PRIV },
	{ BERTH_KEY_P256, BERTH_CODEC_P256_PUB, BERTH_CODEC_P256_PRIV },
	{ BERTH_KEY_P384, BERTH_CODEC_P384_PUB, BERTH_CODEC_P384_PRIV },
	{ BERTH_KEY_P521, BERTH_CODEC_P521_PUB, BERTH_CODEC_P521_PRIV },
	{ BERTH_KEY_SECP256K1, BERTH_CODEC_SECP256K1_PUB, BERTH_CODEC_SECP256K1_PRIV },
};
#define CODECS (sizeof(codecs) / sizeof(codecs[0]))

/* The bytes under a 'z'; every fault of the encoding is a fault of the key. */
static enum berth_err decode(struct berth_buf *raw, const char *s, size_t n)
{
	enum berth_err rc;

	if (n > BERTH_MULTIKEY_MAX)
		return berth_fail(BERTH_E_SIZE, "multikey: %zu characters", n);
	if (!n || s[0] != 'z')
		return berth_fail(BERTH_E_KEY, "multikey: not base58btc");
	rc = berth_multibase_decode(raw, s, n);
	return rc == BERTH_E_B64 ? berth_fail(BERTH_E_KEY, "multikey: not base58btc") : rc;
}

enum berth_err berth_multikey_parse(struct berth_pubkey *out, const char *s, size_t n)
{
	struct berth_buf raw = BERTH_BUF_INIT;
	enum berth_err rc;
	struct berth_cur c;
	uint64_t codec;
	size_t i = 0;

	*out = (struct berth_pubkey){ .type = BERTH_KEY_NONE };
	rc = decode(&raw, s, n);
	if (rc)
		goto out;
	c = berth_cur(raw.p, raw.len);
	codec = berth_cur_uvarint(&c);
	while (i < CODECS && codecs[i].pub != codec)
		i++;
	if (c.bad || i == CODECS)
		rc = berth_fail(BERTH_E_KEY, "multikey: codec of no key we know");
	else if (c.n != berth_key_size(codecs[i].type) + (codecs[i].type > BERTH_KEY_X25519))
		rc = berth_fail(BERTH_E_KEY, "multikey: %zu bytes", c.n);	/* compressed points only: one spelling a key */
	else
		rc = berth_pubkey_import(out, codecs[i].type, c.p, c.n);
out:
	berth_buf_free(&raw);
	return rc;
}

enum berth_err berth_multikey_parse_private(struct berth_privkey *out, const char *s, size_t n)
{
	struct berth_buf raw = BERTH_BUF_INIT;
	enum berth_err rc;
	struct berth_cur c;
	uint64_t codec;

	memset(out, 0, sizeof(*out));
	rc = decode(&raw, s, n);
	if (rc)
		goto out;
	c = berth_cur(raw.p, raw.len);
	codec = berth_cur_uvarint(&c);
	rc = berth_fail(BERTH_E_KEY, "multikey: codec of no private key we know");
	for (size_t i = 0; i < CODECS && !c.bad; i++)
		if (codecs[i].priv == codec)
			rc = berth_keypair_from_private(out, codecs[i].type, c.p, c.n);
out:
	berth_buf_free(&raw);
	return rc;
}

enum berth_err berth_multikey_format(struct berth_buf *out, const struct berth_pubkey *key)
{
	struct berth_buf raw = BERTH_BUF_INIT;
	uint8_t point[BERTH_PUBKEY_MAX];
	enum berth_err rc;

	for (size_t i = 0; i < CODECS; i++)
		if (codecs[i].type == key->type)
			berth_uvarint_encode(&raw, codecs[i].pub);
	if (!raw.len && !raw.bad)
		return berth_fail(BERTH_E_KEY, "multikey: no key");
	berth_buf_put(&raw, point, berth_pubkey_compress(point, key));
	rc = berth_buf_status(&raw);
	if (!rc)
		rc = berth_multibase_encode(out, 'z', raw.p, raw.len);
	berth_buf_free(&raw);
	return rc;
}
