/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/transcript.h"

#include <string.h>

#include "did/codec/jcs.h"
#include "did/crypto/hash.h"

enum berth_err berth_transcript_add(struct berth_transcript *t, const struct berth_json *plaintext)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	if (t->n >= BERTH_TRANSCRIPT_MAX)
		return berth_fail(BERTH_E_SIZE, "thread of more than %d messages", BERTH_TRANSCRIPT_MAX);
	if ((rc = berth_jcs(&b, plaintext)) == BERTH_OK)
		berth_sha256(t->h[t->n++], b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

enum berth_err berth_transcript_th(uint8_t th[32], const struct berth_transcript *t,
				   const struct berth_json *body, const char *without)
{
	const struct berth_jcs_edit gone = { .key = without };
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	memset(th, 0, 32);
	if (!body)
		return berth_no_memory();
	berth_transcript_encode(&b, t);
	if ((rc = berth_jcs_edited(&b, body, &gone, without != NULL)) == BERTH_OK)
		berth_sha256(th, b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

void berth_transcript_encode(struct berth_buf *out, const struct berth_transcript *t)
{
	berth_buf_put(out, t->h, t->n * sizeof(t->h[0]));
}

enum berth_err berth_transcript_decode(struct berth_transcript *out, const void *p, size_t n)
{
	memset(out, 0, sizeof(*out));
	if (n % sizeof(out->h[0]))
		return berth_fail(BERTH_E_TYPE, "transcript of %zu bytes", n);
	if (n > sizeof(out->h))
		return berth_fail(BERTH_E_SIZE, "transcript of %zu bytes", n);
	if (n)
		memcpy(out->h, p, n);
	out->n = n / sizeof(out->h[0]);
	return BERTH_OK;
}
