/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever base58, base64url or multibase text is accepted is the one text that
 * its bytes encode to; multikeys likewise. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/codec/multibase.h"
#include "did/crypto/keypair.h"
#include "did/jose/multikey.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void same(const struct berth_buf *b, const char *s, size_t n)
{
	if (b->len != n || memcmp(b->p, s, n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_buf raw = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	const char *s = (const char *)p;
	struct berth_privkey secret;
	struct berth_pubkey key;

	if (!berth_multibase_decode(&raw, s, n)) {
		if (berth_multibase_encode(&text, s[0], raw.p, raw.len))
			abort();
		same(&text, s, n);
	}
	berth_buf_reset(&text);
	if (!berth_multikey_parse(&key, s, n)) {
		if (berth_multikey_format(&text, &key))
			abort();
		same(&text, s, n);
	}
	/* a key is refused entirely, or comes with its public half */
	if (berth_multikey_parse_private(&secret, s, n) ? secret.type != BERTH_KEY_NONE : secret.pub.type != secret.type)
		abort();
	berth_privkey_wipe(&secret);
	berth_buf_free(&raw);
	berth_buf_free(&text);
	return 0;
}
