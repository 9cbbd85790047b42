/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/v1.h"

#include <string.h>

#include "did/base/buf.h"
#include "did/codec/base64url.h"
#include "didcomm/jwe.h"

/* Version 1's envelopes pad their base64url or not, as their author likes. */
static size_t without_padding(const char *b64)
{
	size_t n = strlen(b64);

	while (n && b64[n - 1] == '=')
		n--;
	return n;
}

static bool is(const struct berth_json *header, const char *name, const char *value)
{
	const char *v = berth_json_str(berth_json_get(header, name));

	return v && strcmp(v, value) == 0;
}

bool berth_v1_is_envelope(const struct berth_json *envelope)
{
	const char *b64 = berth_json_str(berth_json_get(envelope, "protected"));
	struct berth_buf plain = BERTH_BUF_INIT;
	struct berth_json *header = NULL;
	size_t n = b64 ? without_padding(b64) : 0;
	bool yes = false;

	if (n && n <= (BERTH_JWE_HEADER_MAX + 2) / 3 * 4 && berth_b64url_decode(&plain, b64, n) == BERTH_OK &&
	    berth_json_parse_object(&header, (const char *)plain.p, plain.len, BERTH_JWE_HEADER_MAX) == BERTH_OK)
		yes = is(header, "typ", "JWM/1.0") || is(header, "alg", "Authcrypt") || is(header, "alg", "Anoncrypt");
	berth_json_free(header);
	berth_buf_free(&plain);
	return yes;
}

bool berth_v1_is_message(const struct berth_json *plaintext)
{
	return berth_json_get(plaintext, "@type") && !berth_json_get(plaintext, "type");
}

enum berth_err berth_v1_refuse(void)
{
	return berth_fail(BERTH_E_ENV, "the peer speaks DIDComm v1");
}
