/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/store_pin_evidence.h"

#include "did/base/clock.h"
#include "did/codec/base64url.h"
#include "did/crypto/hash.h"

#define EVIDENCE_OURS ((size_t)512 << 10)	/* bytes that are kept of one; the end of what is longer */
#define EVIDENCE_GUEST ((size_t)32 << 10)	/* they share their room with other records of strangers */

/* What is longer than the rest of the room is kept from its end, where histories part. */
static enum berth_err add_piece(struct berth_json *list, const struct berth_registry_piece *p, size_t *room)
{
	struct berth_json *v = berth_json_new_object();
	size_t n = p->n < *room ? p->n : *room;
	uint8_t hash[BERTH_SHA256_LEN];
	enum berth_err rc;

	if (!v)
		return berth_no_memory();
	*room -= n;
	berth_sha256(hash, p->p, p->n);
	if ((rc = berth_json_set_str(v, "name", p->name)) || (rc = berth_json_set_int(v, "size", (int64_t)p->n)) ||
	    (rc = berth_json_set_b64url(v, "hash", hash, sizeof(hash))) ||
	    (rc = berth_json_set_b64url(v, "end", p->p + (p->n - n), n))) {
		berth_json_free(v);
		return rc;
	}
	return berth_json_push(list, v);
}

static enum berth_err make_evidence(struct berth_json *v, const struct berth_registry_evidence *e, size_t room)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = list ? BERTH_OK : berth_no_memory();

	for (size_t i = 0; !rc && i < e->n; i++)
		rc = add_piece(list, &e->pieces[i], &room);
	return berth_json_set_made(v, "evidence", list, rc);
}

enum berth_err berth_pin_evidence_make(struct berth_json **out, const char *did, const char *pin, const char *why,
				       const struct berth_registry_evidence *e, bool ours)
{
	struct berth_json *v = *out = berth_json_new_object();
	char time[BERTH_RFC3339_LEN + 1];
	enum berth_err rc;

	if (!v)
		return berth_no_memory();
	berth_rfc3339_format(time, berth_clock_now_s());
	if ((rc = berth_json_set_str(v, "did", did)) || (rc = berth_json_set_str(v, "pin", pin)) ||
	    (rc = berth_json_set_str(v, "time", time)) || (rc = berth_json_set_str(v, "why", why)) ||
	    (rc = make_evidence(v, e, ours ? EVIDENCE_OURS : EVIDENCE_GUEST))) {
		berth_json_free(v);
		*out = NULL;
	}
	return rc;
}
