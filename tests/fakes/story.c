/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/story.h"

#include "did/codec/base64url.h"

#define ROLE(...) (const struct berth_machine *const[]){ __VA_ARGS__, &berth_ping_machine, &berth_problem_machine }

static struct story *now;

static void identities(struct story *s)
{
	unsigned owner = BERTH_PURPOSE_BIT(BERTH_SIGN_OWNER_PROOF) | BERTH_PURPOSE_BIT(BERTH_SIGN_VC) |
			 BERTH_PURPOSE_BIT(BERTH_SIGN_RV_BLOB);

	CHECK_OK(berth_agent_make_signer(s->factory->agent, BERTH_ID_ISSUER, BERTH_KEY_ED25519, BERTH_PURPOSE_BIT(BERTH_SIGN_VC)));
	CHECK_OK(berth_agent_make_signer(s->factory->agent, BERTH_ID_ROOT, BERTH_KEY_ED25519, BERTH_PURPOSE_BIT(BERTH_SIGN_VC)));
	CHECK_OK(berth_agent_make_identity(s->factory->agent, BERTH_ID_MAKER, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, 0, true));
	CHECK_OK(berth_agent_make_identity(s->rendezvous->agent, BERTH_ID_RENDEZVOUS, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, 0, true));
	CHECK_OK(berth_agent_make_identity(s->owner->agent, BERTH_ID_OWNER, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, owner, true));
}

static const struct berth_identity *identity(struct sim_node *n, const char *name)
{
	struct berth_env *env = berth_agent_env(n->agent);
	const struct berth_identity *id = env->identity(env, name);

	assert_non_null(id);
	return id;
}

void story_cast(struct story *s)
{
	struct sim *w = &s->w;

	sim_init(w);
	now = s;
	s->factory = sim_add(w, "factory", "nng+tcp://factory.test:1", ROLE(&berth_factory_machine), 3);
	s->rendezvous = sim_add(w, "rendezvous", "nng+tcp://rv.test:1", ROLE(&berth_rendezvous_machine), 3);
	s->owner = sim_add(w, "owner", "nng+tcp://owner.test:1", ROLE(&berth_owner_machine), 3);
	s->gateway = sim_add(w, "gateway", NULL, ROLE(&berth_gateway_machine), 3);
	s->gateway->cfg.clock_trusted = false;
	sim_on(s->factory);
	sim_on(s->rendezvous);
	sim_on(s->owner);
	identities(s);

	struct berth_rendezvous rv = { strdup(identity(s->rendezvous, BERTH_ID_RENDEZVOUS)->did_long), s->rendezvous->uri };

	s->factory->policy.rendezvous[0] = s->owner->policy.rendezvous[0] = rv;
	s->factory->policy.n_rendezvous = s->owner->policy.n_rendezvous = 1;
	s->owner->policy.issuers[s->owner->policy.n_issuers++] = strdup(identity(s->factory, BERTH_ID_ISSUER)->did);
	s->gateway->policy.factory_did = strdup(identity(s->factory, BERTH_ID_MAKER)->did_long);
	s->gateway->policy.factory_uri = s->factory->uri;
	s->gateway->policy.serial = "GW-0001";
	s->gateway->policy.model = "Berth Box 1";
}

static bool born(struct sim *w)
{
	(void)w;
	return strcmp(sim_state(now->gateway, "gateway", NULL), "INITIALIZED") == 0;
}

static enum berth_err first_key(void *arg, const char *key, const struct berth_json *v)
{
	(void)v;
	snprintf(arg, 65, "%s", key);
	return BERTH_OK;
}

void story_birth(struct story *s)
{
	sim_on(s->gateway);
	assert_true(sim_run(&s->w, born, 60));
	sim_off(s->gateway);
	CHECK_OK(berth_agent_each(s->factory->agent, "factory", first_key, s->device));
	assert_string_equal(sim_state(s->factory, "factory", s->device), "BORN");
}

void story_provision(struct story *s, const char *id, const char *type, const char *value)
{
	struct berth_json *args = berth_json_new_object();

	CHECK_OK(berth_json_set_str(args, "id", id));
	CHECK_OK(berth_json_set_str(args, "type", type));
	CHECK_OK(berth_body_set_b64(args, "value", value, strlen(value)));
	CHECK_OK(berth_agent_command(s->owner->agent, "owner", s->device, "cmd/provision", args, NULL));
	berth_json_free(args);
}

static bool published(struct sim *w)
{
	(void)w;
	return strcmp(sim_state(now->owner, "owner", now->device), "PUBLISHED") == 0;
}

void story_sale(struct story *s)
{
	struct berth_json *args = berth_json_new_object(), *chain = NULL;
	char key[65];

	CHECK_OK(berth_json_set_str(args, "to", identity(s->owner, BERTH_ID_OWNER)->did_long));
	CHECK_OK(berth_agent_command(s->factory->agent, "factory", s->device, "cmd/sell", args, &chain));
	berth_json_free(args);
	CHECK_OK(berth_owner_key(chain, key));
	assert_string_equal(key, s->device);
	CHECK_OK(berth_agent_command(s->owner->agent, "owner", key, "cmd/import", chain, NULL));
	berth_json_free(chain);
	assert_true(sim_run(&s->w, published, 60));
	story_provision(s, "wifi", "network", "ssid=plant psk=correct horse");
	story_provision(s, "app.conf", "config", "interval = 5\n");
}

bool story_operational(struct sim *w)
{
	(void)w;
	return strcmp(sim_state(now->gateway, "gateway", NULL), "OPERATIONAL") == 0 &&
	       strcmp(sim_state(now->owner, "owner", now->device), "ACTIVE") == 0;
}

void story_end(struct story *s)
{
	free((char *)s->owner->policy.rendezvous[0].did);
	free((char *)s->owner->policy.issuers[0]);
	free((char *)s->gateway->policy.factory_did);
	sim_free(&s->w);
}
