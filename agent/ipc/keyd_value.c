/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/keyd_value.h"

#include <string.h>

#include "did/crypto/keypair.h"
#include "did/jose/proof.h"

void berth_keyd_put_text(struct berth_buf *b, const char *s)
{
	s = s ? s : "";
	berth_buf_vec16(b, s, strlen(s) + 1);
}

const char *berth_keyd_get_text(struct berth_cur *c, size_t max)
{
	struct berth_cur t = berth_cur_vec16(c, max + 1);

	if (t.n == 0 || memchr(t.p, 0, t.n) != t.p + t.n - 1) {
		c->bad = true;
		return "";
	}
	return (const char *)t.p;
}

const char *berth_keyd_get_optional(struct berth_cur *c, size_t max)
{
	const char *s = berth_keyd_get_text(c, max);

	return *s ? s : NULL;
}

uint8_t berth_keyd_get_u8(struct berth_cur *c, unsigned min, unsigned max)
{
	uint8_t v = berth_cur_u8(c);

	if (v < min || v > max)
		c->bad = true;
	return c->bad ? (uint8_t)min : v;
}

enum berth_key_type berth_keyd_get_type(struct berth_cur *c)
{
	return (enum berth_key_type)berth_keyd_get_u8(c, BERTH_KEY_NONE + 1, BERTH_KEY__COUNT - 1);
}

uint32_t berth_keyd_get_purposes(struct berth_cur *c)
{
	uint32_t v = berth_cur_be32(c);

	if (v >= BERTH_PURPOSE_BIT(BERTH_SIGN__COUNT))
		c->bad = true;
	return c->bad ? 0 : v;
}

enum berth_usage berth_keyd_get_usage(struct berth_cur *c)
{
	uint8_t v = berth_cur_u8(c);

	if (v != BERTH_USAGE_SIGN && v != BERTH_USAGE_AGREE && v != BERTH_USAGE_ATTEST)
		c->bad = true;
	return c->bad ? BERTH_USAGE_SIGN : (enum berth_usage)v;
}

void berth_keyd_put_key(struct berth_buf *b, const struct berth_pubkey *k)
{
	berth_buf_u8(b, k ? (uint8_t)k->type : BERTH_KEY_NONE);
	berth_buf_vec16(b, k ? k->b : NULL, k ? k->len : 0);
}

typedef enum berth_err take_fn(struct berth_pubkey *out, enum berth_key_type type, const uint8_t *b, size_t len);

/* One spelling: what struct berth_pubkey holds. */
static enum berth_err get_key(struct berth_cur *c, struct berth_pubkey *out, take_fn *take)
{
	enum berth_key_type type = (enum berth_key_type)berth_keyd_get_u8(c, BERTH_KEY_NONE, BERTH_KEY__COUNT - 1);
	struct berth_cur v = berth_cur_vec16(c, BERTH_PUBKEY_MAX);
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (c->bad || type == BERTH_KEY_NONE) {
		c->bad |= v.n != 0;
		return BERTH_OK;
	}
	if ((rc = take(out, type, v.p, v.n)))
		return rc;
	if (out->len != v.n) {
		memset(out, 0, sizeof(*out));
		return berth_fail(BERTH_E_KEY, "keyd: a compressed point");
	}
	return BERTH_OK;
}

enum berth_err berth_keyd_get_key(struct berth_cur *c, struct berth_pubkey *out)
{
	return get_key(c, out, berth_pubkey_import);
}

enum berth_err berth_keyd_get_key_unchecked(struct berth_cur *c, struct berth_pubkey *out)
{
	return get_key(c, out, berth_pubkey_unchecked);
}
