/* SPDX-License-Identifier: Apache-2.0 */
/* BatchCredential: what a factory has sold to one buyer at once. */
#include "agent/protocol/object.h"

enum berth_err berth_batch_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				 const struct berth_batch *b)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "id", b->buyer)) || (rc = berth_json_set_str(o, "batch", b->name)) ||
	    (rc = berth_json_set_int(o, "count", b->count)) ||
	    (rc = berth_json_set_b64url(o, "chains", b->chains.b, BERTH_HASH_LEN))) {
		berth_json_free(o);
		return rc;
	}
	return berth_object_issue(out, kr, kid, BERTH_OBJECT_BATCH, o, b->issued_s, 0, NULL);
}
