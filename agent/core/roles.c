/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/roles.h"

#include "agent/protocol/application.h"
#include "agent/protocol/exchange.h"
#include "agent/protocol/mediate.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/oob.h"
#include "agent/protocol/relation.h"

static bool role(const struct berth_config *cfg, const char *name)
{
	return berth_config_has(cfg, "agent", NULL, "role", name);
}

static void add(struct berth_agent_config *out, const struct berth_machine *m)
{
	out->machines[out->n_machines++] = m;
}

void berth_roles_machines(const struct berth_config *cfg, struct berth_agent_config *out)
{
	if (role(cfg, "gateway"))
		add(out, &berth_gateway_machine);
	if (role(cfg, "owner")) {
		add(out, &berth_owner_machine);
		add(out, &berth_status_machine);
	}
	if (role(cfg, "factory"))
		add(out, &berth_factory_machine);
	if (role(cfg, "rendezvous"))
		add(out, &berth_rendezvous_machine);
	if (role(cfg, "mediator")) {
		add(out, &berth_mediator_machine);
		add(out, &berth_relay_machine);
		add(out, &berth_pickup_machine);
	}
	if (out->policy->mediator_did)
		add(out, &berth_mediated_machine);
	add(out, &berth_ping_machine);
	add(out, &berth_issue_machine);
	add(out, &berth_proof_machine);
	add(out, &berth_revocation_machine);
	add(out, &berth_app_machine);	/* takes reports about its threads, before the log does */
	add(out, &berth_problem_machine);
	add(out, &berth_discover_machine);
	add(out, &berth_empty_machine);
	add(out, &berth_oob_machine);
	add(out, &berth_relation_machine);
}

/* The DIDs of the fixed roles are there from the first start, to be handed around. */
#define BIT(p) BERTH_PURPOSE_BIT(BERTH_SIGN_##p)
static const struct fixed {
	const char *role, *name;	/* NULL: every one, until the device is retired */
	bool signer;		/* of credentials, and no more */
	unsigned purposes;
} fixed[] = {
	{ "owner", BERTH_ID_OWNER, false, BIT(VC) | BIT(OWNER_PROOF) | BIT(RV_BLOB) | BIT(FROM_PRIOR) | BIT(SD_JWT) |
					  BIT(VC_JWT) | BIT(DI) | BIT(VP) | BIT(KB) },
	{ "rendezvous", BERTH_ID_RENDEZVOUS, false, BIT(DIDCOMM) },
	{ "mediator", BERTH_ID_MEDIATOR, false, BIT(DIDCOMM) },
	{ "factory", BERTH_ID_ISSUER, true, BIT(VC) },
	{ "factory", BERTH_ID_ROOT, true, BIT(VC) },
	{ "factory", BERTH_ID_MAKER, false, BIT(DIDCOMM) },
	{ NULL, BERTH_ID_AUDIT, true, BIT(AUDIT) },
};

static enum berth_err make_identity(struct berth_agent *a, const struct fixed *f)
{
	struct berth_env *env = berth_agent_env(a);
	enum berth_key_type sign;

	if (env->identity(env, f->name))
		return BERTH_OK;
	sign = berth_sign_type(env->keys, f->name);
	return f->signer ? berth_agent_make_signer(a, f->name, sign, f->purposes)
		: berth_agent_make_identity(a, f->name, sign, BERTH_AGREE_TYPE, f->purposes, true);
}

enum berth_err berth_roles_identities(const struct berth_config *cfg, struct berth_agent *a)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (fixed[i].role ? role(cfg, fixed[i].role) : !berth_agent_closed(a))
			rc = make_identity(a, &fixed[i]);
	return rc;
}
