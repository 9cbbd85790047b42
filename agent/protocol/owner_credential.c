/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner remembers of an OperationalCredential that it has issued: the hash by which
 * messages name it, and when it ends.  The credential itself is the device's, and here only as
 * long as it may have to be said again. */
#include <string.h>

#include "agent/protocol/owner.h"

static enum berth_err from_text(struct owner_credential *out, const char *compact)
{
	struct berth_operational oc = { 0 };
	enum berth_err rc = berth_operational_parse(&oc, compact, strlen(compact));

	*out = (struct owner_credential){ .hash = oc.obj.hash, .exp_s = oc.exp_s };
	berth_object_free(&oc.obj);
	return rc;
}

enum berth_err owner_credential_get(struct owner_credential *out, const struct berth_json *of)
{
	const struct berth_json *v = berth_json_get(of, "credential");
	const char *compact = berth_json_str(v);
	enum berth_err rc;

	*out = (struct owner_credential){ 0 };
	if (!v)
		return berth_fail(BERTH_E_NOMATCH, "no credential");
	if (compact)
		return from_text(out, compact);
	rc = berth_body_get_32(v, "sha256", out->hash.b);
	return rc ? rc : berth_json_req_int(v, "expS", 0, INT64_MAX, &out->exp_s);
}

enum berth_err owner_credential_note(struct berth_json *to, const struct owner_credential *c)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc = berth_json_set_b64url(v, "sha256", c->hash.b, sizeof(c->hash.b));

	if (!rc)
		rc = berth_json_set_int(v, "expS", c->exp_s);
	return berth_json_set_made(to, "credential", v, rc);
}

enum berth_err owner_credential_take(struct berth_json *to, const struct berth_json *from)
{
	struct owner_credential c;
	enum berth_err rc = owner_credential_get(&c, from);

	return rc ? rc : owner_credential_note(to, &c);
}
