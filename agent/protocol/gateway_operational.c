/* SPDX-License-Identifier: Apache-2.0 */
/* The OperationalCredential of an identity: a record of its own, since it is long and seldom
 * read, and data has the hash by which messages name it.  The record goes with the identity
 * (agent/core/forget.c). */
#include <string.h>

#include "agent/protocol/gateway.h"

/* Of an earlier version: the credential itself. */
static const char *in_data(const struct berth_json *of) { return berth_data_str(of, "credential"); }

enum berth_err gateway_keep_operational(struct berth_effects *fx, struct berth_json *of, const char *identity, const char *compact,
					const struct berth_hash *hash)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc = berth_json_set_b64url(v, "sha256", hash->b, sizeof(hash->b));

	if ((rc = berth_json_set_made(of, "credential", v, rc)))
		return rc;
	return berth_effects_put(fx, BERTH_NS_OPERATIONAL, identity, compact, strlen(compact));
}

enum berth_err gateway_operational_hash(struct berth_hash *out, const struct berth_json *of)
{
	const struct berth_json *v = berth_json_get(of, "credential");
	const char *compact = in_data(of);

	if (!v)
		return berth_fail(BERTH_E_NOMATCH, "no credential");
	if (!compact)
		return berth_body_get_32(v, "sha256", out->b);
	berth_object_hash(out, compact, strlen(compact));
	return BERTH_OK;
}

enum berth_err gateway_operational_text(struct berth_env *env, const struct berth_json *of, struct berth_buf *out)
{
	const char *compact = in_data(of), *name = berth_data_str(of, "identity");

	if (!compact)
		return name ? env->records->get(env->records, BERTH_NS_OPERATIONAL, name, out)
			    : berth_fail(BERTH_E_NOMATCH, "no credential");
	berth_buf_str(out, compact);
	return berth_buf_status(out);
}

enum berth_err gateway_copy_operational(struct berth_json *to, const struct berth_json *from)
{
	const struct berth_json *v = berth_json_get(from, "credential");

	return v ? berth_json_set(to, "credential", berth_json_clone(v)) : BERTH_OK;
}
