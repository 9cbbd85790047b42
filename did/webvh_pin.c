/* SPDX-License-Identifier: Apache-2.0 */
#include "did/webvh_pin.h"

#include <string.h>

#define MAGIC "webvh1 "
#define DEACTIVATED " deactivated"

struct pin {
	char scid[BERTH_WEBVH_HASH_LEN + 1], version_id[BERTH_WEBVH_ID_MAX];
	uint32_t number;
	bool deactivated;
};

static enum berth_err read_pin(struct pin *out, const char *text)
{
	const char *scid = text + strlen(MAGIC), *id = scid + BERTH_WEBVH_HASH_LEN + 1;
	size_t n;

	memset(out, 0, sizeof(*out));
	if (strncmp(text, MAGIC, strlen(MAGIC)) != 0 || strcspn(scid, " ") != BERTH_WEBVH_HASH_LEN ||
	    scid[BERTH_WEBVH_HASH_LEN] != ' ' || (n = strcspn(id, " ")) >= sizeof(out->version_id))
		return berth_fail(BERTH_E_STORE, "did:webvh: a pin that is none");
	memcpy(out->scid, scid, BERTH_WEBVH_HASH_LEN);
	memcpy(out->version_id, id, n);
	out->number = berth_webvh_version_number(out->version_id);
	out->deactivated = strcmp(id + n, DEACTIVATED) == 0;
	if (!out->number || !berth_webvh_is_hash(out->scid) || (id[n] && !out->deactivated))
		return berth_fail(BERTH_E_STORE, "did:webvh: a pin that is none");
	return BERTH_OK;
}

enum berth_err berth_webvh_pin_check(const char *pin, const struct berth_webvh_log *log)
{
	struct pin p;
	enum berth_err rc;

	if (!pin || !*pin)
		return BERTH_OK;
	if ((rc = read_pin(&p, pin)))
		return rc;
	if (strcmp(p.scid, log->head.params.scid) != 0)
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: the log of another SCID than before");
	if (log->n < p.number)
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: roll-back: version %u was seen, the valid log ends at %zu",
				  p.number, log->n);
	if (strcmp(log->versions[p.number - 1].id, p.version_id) != 0)
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: fork: version %u is not the one that was seen", p.number);
	if (p.deactivated && !log->head.params.deactivated)
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: it was deactivated");
	return BERTH_OK;
}

enum berth_err berth_webvh_pin_move(struct berth_buf *out, const char *old, const struct berth_webvh_log *log)
{
	struct pin p;

	if (old && *old) {
		enum berth_err rc = read_pin(&p, old);

		if (rc || p.number >= log->n)
			return rc;
	}
	berth_buf_printf(out, MAGIC "%s %s%s", log->head.params.scid, log->head.version_id,
			 log->head.params.deactivated ? DEACTIVATED : "");
	return berth_buf_status(out);
}
