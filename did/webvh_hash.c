/* SPDX-License-Identifier: Apache-2.0 */
#include "did/webvh_hash.h"

#include <string.h>

#include "did/codec/base58.h"
#include "did/codec/jcs.h"
#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/webvh_did.h"

enum berth_err berth_webvh_hash(struct berth_buf *out, const void *text, size_t n)
{
	uint8_t multihash[2 + BERTH_SHA256_LEN] = { BERTH_CODEC_SHA2_256, BERTH_SHA256_LEN };

	berth_sha256(multihash + 2, text, n);
	return berth_base58_encode(out, multihash, sizeof(multihash));
}

enum berth_err berth_webvh_body_make(struct berth_webvh_body *out, const struct berth_json *parameters,
				     const struct berth_json *state, const char *version_time)
{
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	berth_buf_str(&out->head, "{\"parameters\":");
	if ((rc = berth_jcs(&out->head, parameters)))
		return rc;
	berth_buf_str(&out->head, ",\"state\":");
	if ((rc = berth_jcs(&out->head, state)))
		return rc;
	berth_buf_str(&out->head, ",\"versionId\":");
	berth_buf_str(&out->tail, ",\"versionTime\":");
	berth_json_print_str(&out->tail, version_time);
	berth_buf_u8(&out->tail, '}');
	rc = berth_buf_status(&out->head);
	return rc ? rc : berth_buf_status(&out->tail);
}

void berth_webvh_body_free(struct berth_webvh_body *b)
{
	berth_buf_free(&b->head);
	berth_buf_free(&b->tail);
}

enum berth_err berth_webvh_body_text(struct berth_buf *out, const struct berth_webvh_body *b, const char *version_id)
{
	berth_buf_put(out, b->head.p, b->head.len);
	berth_json_print_str(out, version_id);
	berth_buf_put(out, b->tail.p, b->tail.len);
	return berth_buf_status(out);
}

enum berth_err berth_webvh_entry_hash(struct berth_buf *out, const struct berth_webvh_body *b, const char *previous)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = berth_webvh_body_text(&text, b, previous);

	if (!rc)
		rc = berth_webvh_hash(out, text.p, text.len);
	berth_buf_free(&text);
	return rc;
}

void berth_webvh_replace(struct berth_buf *out, const char *text, const char *from, const char *to)
{
	const char *found;

	for (; *from && (found = strstr(text, from)); text = found + strlen(from)) {
		berth_buf_put(out, text, (size_t)(found - text));
		berth_buf_str(out, to);
	}
	berth_buf_str(out, text);
}

/* "Treat the resulting log entry as a string and do a text replacement".  Names of members
 * may change with it, and so their order: it is canonicalised afterwards. */
enum berth_err berth_webvh_scid(struct berth_buf *out, const struct berth_webvh_body *b, const char *scid)
{
	struct berth_buf text = BERTH_BUF_INIT, replaced = BERTH_BUF_INIT;
	struct berth_json *entry = NULL;
	enum berth_err rc;

	if ((rc = berth_webvh_body_text(&text, b, BERTH_WEBVH_PLACEHOLDER)))
		goto out;
	berth_webvh_replace(&replaced, berth_buf_cstr(&text), scid, BERTH_WEBVH_PLACEHOLDER);
	berth_buf_reset(&text);
	if ((rc = berth_buf_status(&replaced)) ||
	    (rc = berth_json_parse_exact(&entry, berth_buf_cstr(&replaced), replaced.len, BERTH_JSON_MAX)) ||
	    (rc = berth_jcs(&text, entry)))
		goto out;
	rc = berth_webvh_hash(out, text.p, text.len);
out:
	berth_json_free(entry);
	berth_buf_free(&text);
	berth_buf_free(&replaced);
	return rc;
}
