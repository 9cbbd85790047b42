/* SPDX-License-Identifier: Apache-2.0 */
/* An owner keeps its key offline: it signs an OwnerDelegation for an onboarding agent,
 * which imports the chain with it and does M1 to M13 in its place. */
#include "agent/protocol/owner.h"

#include <string.h>

#include "did/base/clock.h"
#include "did/url.h"

static enum berth_err read_args(const struct berth_env *env, const struct berth_event *ev, struct berth_delegation *d)
{
	const char *until;
	enum berth_err rc;

	if ((rc = berth_json_req_str(ev->args, "to", BERTH_OBJECT_MAX, &d->delegate)) ||
	    (rc = berth_did_self_certifying(d->delegate)) ||
	    (rc = berth_json_req_str(ev->args, "until", BERTH_RFC3339_LEN + 16, &until)) ||
	    (rc = berth_rfc3339_parse(&d->exp_s, until)))
		return rc;
	if (env->now_s < 0)
		return berth_fail(BERTH_E_CLOCK, "an owner needs a clock");
	return d->exp_s > env->now_s ? BERTH_OK : berth_fail(BERTH_E_EXPIRED, "delegation until %s", until);
}

/* What a delegate may be allowed.  To revoke, to transfer and to retire is nobody's but the
 * owner's. */
static const char *known_scope(const char *word)
{
	static const char *const all[] = { BERTH_SCOPE_ONBOARD, BERTH_SCOPE_RENEW, BERTH_SCOPE_ATTEST, BERTH_SCOPE_SUSPEND,
		BERTH_SCOPE_CONFIGURE };

	for (size_t i = 0; word && i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i], word) == 0)
			return all[i];
	return NULL;
}

static enum berth_err read_scope(const struct berth_event *ev, struct berth_delegation *d)
{
	const struct berth_json *list = berth_json_get(ev->args, "scope");

	d->scope[d->n_scope++] = BERTH_SCOPE_ONBOARD;	/* without it no chain is taken */
	if (!list)
		d->scope[d->n_scope++] = BERTH_SCOPE_RENEW;
	berth_json_each(word, list) {
		const char *scope = known_scope(berth_json_str(word));

		if (!scope)
			return berth_fail(BERTH_E_TYPE, "scope: onboard, renew, configure, attest and suspend can be delegated");
		if (!berth_delegation_has_scope(d, scope))
			d->scope[d->n_scope++] = scope;
	}
	return BERTH_OK;
}


/* args: {"to", "until", "scope"?}; result: the chain package for the delegate.  dseq rises with
 * each: a device that has seen a higher one refuses the earlier ones. */
enum berth_err owner_delegate(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_delegation d = { .dseq = berth_data_int(inst->data, "dseq", 0) + 1 };
	struct berth_buf compact = BERTH_BUF_INIT;
	struct berth_json *package = NULL;
	enum berth_err rc;

	if (!berth_json_get(inst->data, "tip"))
		return berth_fail(BERTH_E_NOMATCH, "no chain of this device was imported");
	if (berth_json_get(inst->data, "delegation"))
		return berth_fail(BERTH_E_AUTHZ, "a delegate cannot delegate");
	if ((rc = read_args(env, ev, &d)) || (rc = read_scope(ev, &d)) || (rc = berth_body_get_32(inst->data, "tip", d.tip.b)) ||
	    (rc = berth_delegation_build(&compact, env->keys->keyring, owner_me(env)->sign_kid, &d)) ||
	    (rc = owner_package(env, inst, &package)) ||
	    (rc = berth_json_set_str(package, "delegation", berth_buf_cstr(&compact))))
		goto out;
	fx->result = package;
	package = NULL;
	rc = berth_json_set_int(inst->data, "dseq", d.dseq);
	berth_effects_audit(fx, "device %s: delegation %lld to %.80s", berth_data_str(inst->data, "serial"),
			    (long long)d.dseq, d.delegate);
out:
	berth_json_free(package);
	berth_buf_free(&compact);
	return rc;
}
