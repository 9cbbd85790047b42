/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/multibase.h"

#include "did/codec/base58.h"
#include "did/codec/base64url.h"

enum berth_err berth_multibase_decode(struct berth_buf *out, const char *s, size_t n)
{
	if (n && s[0] == 'z')
		return berth_base58_decode(out, s + 1, n - 1);
	if (n && s[0] == 'u')
		return berth_b64url_decode(out, s + 1, n - 1);
	return berth_fail(BERTH_E_B64, "multibase: neither base58btc nor base64url");
}

enum berth_err berth_multibase_encode(struct berth_buf *out, char base, const void *p, size_t n)
{
	if (base != 'z' && base != 'u')
		return berth_fail(BERTH_E_B64, "multibase: neither base58btc nor base64url");
	berth_buf_u8(out, (uint8_t)base);
	if (base == 'z')
		return berth_base58_encode(out, p, n);
	berth_b64url_encode(out, p, n);
	return berth_buf_status(out);
}

void berth_uvarint_encode(struct berth_buf *out, uint64_t v)
{
	for (; v > 0x7f; v >>= 7)
		berth_buf_u8(out, (uint8_t)(v | 0x80));
	berth_buf_u8(out, (uint8_t)v);
}
