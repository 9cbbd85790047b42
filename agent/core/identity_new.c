/* SPDX-License-Identifier: Apache-2.0 */
/* A new DID of ours: its keys, where it can be reached, and the DID made of both. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/mediate.h"
#include "did/method_key.h"
#include "did/method_peer.h"
#include "did/url.h"

#define SERVICES_MAX ((size_t)32 << 10)

/* "DID#fragment" as a new string */
static char *kid_of(const char *did, const char *fragment)
{
	char *s = NULL;

	return asprintf(&s, "%s%s", did, fragment) < 0 ? NULL : s;
}

static void endpoint(struct berth_buf *text, bool first, const char *uri)
{
	berth_buf_str(text, first ? "{\"uri\":" : ",{\"uri\":");
	berth_json_print_str(text, uri);
	berth_buf_str(text, ",\"accept\":[\"didcomm/v2\"]}");
}

/* One DIDCommMessaging service with all our endpoints, in the order of preference; our
 * mediator's DID (or NULL) is the last resort. */
static enum berth_err services(struct berth_json **out, const struct berth_policy *p, const char *via)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_str(&text, "[{\"id\":\"#service\",\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":[");
	for (size_t i = 0; i < p->n_endpoints; i++)
		endpoint(&text, i == 0, p->endpoints[i]);
	if (via)
		endpoint(&text, p->n_endpoints == 0, via);
	berth_buf_str(&text, "]}]");
	if (!(rc = berth_buf_status(&text)))
		rc = berth_json_parse(out, (const char *)text.p, text.len, SERVICES_MAX);
	berth_buf_free(&text);
	return rc;
}

/* What our mediator granted, or before it did the DID that we are configured to ask. */
static enum berth_err via_of(struct berth_agent *a, char **out)
{
	const char *did = a->cfg.policy->mediator_did;
	struct berth_buf granted = BERTH_BUF_INIT;
	bool found = false;
	enum berth_err rc;

	*out = NULL;
	if (!did || (rc = berth_store_get(a->cfg.store, BERTH_NS_ROUTING, "self", &granted, &found)))
		return did ? rc : BERTH_OK;
	*out = strdup(found ? berth_buf_cstr(&granted) : did);
	berth_buf_free(&granted);
	return *out ? BERTH_OK : berth_no_memory();
}

/* The keys' names in the keystore: NAME-sign, NAME-agree, NAME-agree2. */
static enum berth_err name_key(char **key, const char *name, const char *suffix)
{
	if (asprintf(key, "%s-%s", name, suffix) >= 0)
		return BERTH_OK;
	*key = NULL;
	return berth_no_memory();
}

/* agree, agree2: BERTH_KEY_NONE for none */
static enum berth_err
make_keys(struct berth_agent *a, struct berth_identity *id, enum berth_key_type sign, enum berth_key_type agree,
	  enum berth_key_type agree2, unsigned purposes, struct berth_key_info info[3])
{
	struct berth_key_order v[3];
	size_t n = 0;
	enum berth_err rc;

	if ((rc = name_key(&id->sign_key, id->name, "sign")) ||
	    (agree && (rc = name_key(&id->agree_key, id->name, "agree"))) ||
	    (agree2 && (rc = name_key(&id->agree2_key, id->name, "agree2"))))
		return rc;
	v[n++] = (struct berth_key_order){ id->sign_key, sign, BERTH_USAGE_SIGN, purposes };
	if (agree)
		v[n++] = (struct berth_key_order){ id->agree_key, agree, BERTH_USAGE_AGREE, 0 };
	if (agree2)
		v[n++] = (struct berth_key_order){ id->agree2_key, agree2, BERTH_USAGE_AGREE, 0 };
	return a->cfg.keys->ops->ensure_all(a->cfg.keys, v, n, info);
}

static enum berth_err
peer_identity(struct berth_agent *a, struct berth_identity *id, const struct berth_peer_spec *spec)
{
	struct berth_buf did = BERTH_BUF_INIT, shorter = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_did_peer_create(&did, 4, spec)) || (rc = berth_did_short(&shorter, berth_buf_cstr(&did))))
		goto out;
	id->did_long = berth_buf_take_str(&did);
	id->did = berth_buf_take_str(&shorter);
	rc = berth_no_memory();
	if (!id->did_long || !id->did || !(id->sign_kid = kid_of(id->did, "#key-1")) ||
	    !(id->agree_kid = kid_of(id->did, "#key-2")) ||
	    !(id->sign_kid_long = kid_of(id->did_long, "#key-1")) ||
	    !(id->agree_kid_long = kid_of(id->did_long, "#key-2")))
		goto out;
	if (spec->n_agreement > 1 && (!(id->agree2_kid = kid_of(id->did, "#key-3")) ||
				      !(id->agree2_kid_long = kid_of(id->did_long, "#key-3"))))
		goto out;
	/* our own short form resolves like anybody's */
	rc = agent_learn(a, id->did_long);
out:
	berth_buf_free(&did);
	berth_buf_free(&shorter);
	return rc;
}

/* DIDComm v2.1 asks everybody for X25519 and P-384, and nobody for P-256, which is
 * what chips have: one of the two besides, the first that the store makes. */
static enum berth_key_type second_agreement(struct berth_agent *a, const char *name, enum berth_key_type first)
{
	static const enum berth_key_type types[] = { BERTH_KEY_X25519, BERTH_KEY_P384 };
	struct berth_keys *keys = a->cfg.keys;

	if (first == BERTH_KEY_X25519)
		return BERTH_KEY_NONE;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (first != types[i] && keys->ops->can(keys, name, types[i], BERTH_USAGE_AGREE))
			return types[i];
	return BERTH_KEY_NONE;
}

static enum berth_err begin(struct berth_identity **out, const char *name)
{
	struct berth_identity *id = calloc(1, sizeof(*id));

	if (!id || !(id->name = strdup(name))) {
		agent_identity_free(id);
		return berth_no_memory();
	}
	*out = id;
	return BERTH_OK;
}

/* Where a public one is found: at our endpoints and our mediator's; nowhere: no list. */
static enum berth_err publish(struct berth_agent *a, struct berth_identity *id, struct berth_json **list)
{
	enum berth_err rc = via_of(a, &id->via);

	if (rc || (!a->cfg.policy->n_endpoints && !id->via))
		return rc;
	return services(list, a->cfg.policy, id->via);
}

static enum berth_err make_peer_keys(struct berth_agent *a, struct berth_identity *id, enum berth_key_type sign,
				     enum berth_key_type agree, enum berth_key_type second, unsigned purposes,
				     struct berth_peer_spec *spec)
{
	struct berth_key_info info[3];
	enum berth_err rc = make_keys(a, id, sign, agree, second, purposes, info);

	if (rc)
		return rc;
	spec->verification[0] = info[0].pub;
	spec->agreement[0] = info[1].pub;
	if (second)
		spec->agreement[1] = info[2].pub;
	spec->n_agreement = second ? 2 : 1;
	return BERTH_OK;
}

static enum berth_err
make_identity(struct berth_env *env, const char *name, enum berth_key_type sign, enum berth_key_type agree,
	      unsigned purposes, bool is_public, const struct berth_identity **out)
{
	struct berth_agent *a = env->host;
	struct berth_peer_spec spec = { .n_verification = 1 };
	struct berth_json *list = NULL;
	struct berth_identity *id = NULL;
	enum berth_key_type second;
	enum berth_err rc;

	if ((*out = env->identity(env, name)))
		return BERTH_OK;
	second = is_public ? second_agreement(a, name, agree) : BERTH_KEY_NONE;
	if ((rc = begin(&id, name)) || (is_public && (rc = publish(a, id, &list))) ||
	    (rc = make_peer_keys(a, id, sign, agree, second, purposes, &spec)))
		goto out;
	spec.services = list;
	if ((rc = peer_identity(a, id, &spec)))
		goto out;
	rc = agent_identity_add(a, id, out);
	id = NULL;
out:
	berth_json_free(list);
	agent_identity_free(id);
	return rc;
}

/* did:key: the fragment is the method-specific id once more. */
static enum berth_err key_identity(struct berth_identity *id, const struct berth_pubkey *pub)
{
	struct berth_buf did = BERTH_BUF_INIT;
	enum berth_err rc = berth_did_key_create(&did, pub);

	if (!rc) {
		id->did = berth_buf_take_str(&did);
		if (!id->did || !(id->did_long = strdup(id->did)) ||
		    asprintf(&id->sign_kid, "%s#%s", id->did, id->did + strlen("did:key:")) < 0)
			id->sign_kid = NULL;
		if (!id->sign_kid || !(id->sign_kid_long = strdup(id->sign_kid)))
			rc = berth_no_memory();
	}
	berth_buf_free(&did);
	return rc;
}

static enum berth_err
make_signer(struct berth_env *env, const char *name, enum berth_key_type type, unsigned purposes,
	    const struct berth_identity **out)
{
	struct berth_agent *a = env->host;
	struct berth_identity *id = NULL;
	struct berth_key_info info[3];
	enum berth_err rc;

	if ((*out = env->identity(env, name)))
		return BERTH_OK;
	if ((rc = begin(&id, name)) ||
	    (rc = make_keys(a, id, type, BERTH_KEY_NONE, BERTH_KEY_NONE, purposes, info)) ||
	    (rc = key_identity(id, &info[0].pub))) {
		agent_identity_free(id);
		return rc;
	}
	return agent_identity_add(a, id, out);
}

void agent_env_new_identities(struct berth_agent *a)
{
	a->env.make_identity = make_identity;
	a->env.make_signer = make_signer;
}
