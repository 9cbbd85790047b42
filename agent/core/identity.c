/* SPDX-License-Identifier: Apache-2.0 */
/* Our own DIDs, and what we know of other people's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/mediate.h"
#include "did/base/hex.h"
#include "did/codec/base64url.h"
#include "did/crypto/hash.h"
#include "did/method_key.h"
#include "did/method_peer.h"
#include "did/url.h"

#define IDENTITY_MAX ((size_t)32 << 10)

static void identity_free(struct berth_identity *id)
{
	if (!id)
		return;
	free(id->name);
	free(id->did_long);
	free(id->did);
	free(id->sign_kid);
	free(id->agree_kid);
	free(id->sign_kid_long);
	free(id->agree_kid_long);
	free(id->sign_key);
	free(id->agree_key);
	free(id->agree2_kid);
	free(id->agree2_kid_long);
	free(id->agree2_key);
	free(id->via);
	free(id);
}

void agent_identities_cut(struct berth_agent *a, size_t n)
{
	while (a->n_ids > n)
		identity_free(a->ids[--a->n_ids]);
}

static void unbind_all(struct berth_agent *a, const struct berth_identity *id)
{
	const char *const kids[] = { id->sign_kid, id->agree_kid, id->agree2_kid, id->sign_kid_long,
		id->agree_kid_long, id->agree2_kid_long };

	for (size_t i = 0; i < sizeof(kids) / sizeof(kids[0]); i++)
		if (kids[i])
			a->cfg.keys->ops->unbind(a->cfg.keys, kids[i]);
}

void agent_identity_drop(struct berth_agent *a, const char *name)
{
	for (size_t i = 0; i < a->n_ids; i++) {
		if (strcmp(a->ids[i]->name, name) != 0)
			continue;
		unbind_all(a, a->ids[i]);
		identity_free(a->ids[i]);
		memmove(&a->ids[i], &a->ids[i + 1], (--a->n_ids - i) * sizeof(a->ids[0]));
		return;
	}
}

void agent_identities_free(struct berth_agent *a)
{
	agent_identities_cut(a, 0);
	free(a->ids);
	a->ids = NULL;
}

static enum berth_err append(struct berth_agent *a, struct berth_identity *take)
{
	struct berth_identity **more = realloc(a->ids, (a->n_ids + 1) * sizeof(*more));

	if (!more) {
		identity_free(take);
		return berth_fail(BERTH_E_NOMEM, "identities");
	}
	a->ids = more;
	a->ids[a->n_ids++] = take;
	return BERTH_OK;
}

static enum berth_err bind_one(struct berth_agent *a, const char *kid, const char *key)
{
	return kid ? a->cfg.keys->ops->bind(a->cfg.keys, kid, key) : BERTH_OK;
}

static enum berth_err bind_all(struct berth_agent *a, const struct berth_identity *id)
{
	enum berth_err rc;

	if ((rc = bind_one(a, id->sign_kid, id->sign_key)) ||
	    (rc = bind_one(a, id->agree_kid, id->agree_key)) ||
	    (rc = bind_one(a, id->agree2_kid, id->agree2_key)))
		return rc;
	if (strcmp(id->did, id->did_long) == 0)
		return BERTH_OK;
	if ((rc = bind_one(a, id->sign_kid_long, id->sign_key)) ||
	    (rc = bind_one(a, id->agree_kid_long, id->agree_key)))
		return rc;
	return bind_one(a, id->agree2_kid_long, id->agree2_key);
}

/* The members of struct berth_identity by their names in the record. */
#define FIELDS(X) X(did_long) X(did) X(sign_kid) X(agree_kid) X(sign_kid_long) X(agree_kid_long) \
	X(sign_key) X(agree_key) X(agree2_kid) X(agree2_kid_long) X(agree2_key) X(via)

static enum berth_err from_record(struct berth_identity **out, const char *name, const struct berth_json *v)
{
	struct berth_identity *id = calloc(1, sizeof(*id));
	bool ok = id && (id->name = strdup(name));

	*out = NULL;
#define READ(f) { const char *s = berth_json_str(berth_json_get(v, #f)); \
		  if (ok && s) ok = (id->f = strdup(s)) != NULL; }
	FIELDS(READ)
#undef READ
	if (!ok || !id->did || !id->did_long || !id->sign_kid || !id->sign_key) {
		identity_free(id);
		return berth_fail(BERTH_E_STORE, "identity %s cannot be read", name);
	}
	*out = id;
	return BERTH_OK;
}

static enum berth_err to_record(struct berth_agent *a, const struct berth_identity *id)
{
	struct berth_json *v = berth_json_new_object();
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = v ? BERTH_OK : BERTH_E_NOMEM;

#define WRITE(f) if (!rc && id->f) rc = berth_json_set_str(v, #f, id->f);
	FIELDS(WRITE)
#undef WRITE
	if (!rc && !(rc = berth_json_print(&text, v)))
		rc = berth_store_put(a->cfg.store, NS_IDENTITY, id->name, text.p, text.len);
	berth_json_free(v);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err load_one(void *arg, const char *key, const uint8_t *p, size_t n)
{
	struct berth_agent *a = arg;
	struct berth_json *v = NULL;
	struct berth_identity *id;
	enum berth_err rc;

	if (!(rc = berth_json_parse_object(&v, (const char *)p, n, IDENTITY_MAX)) &&
	    !(rc = from_record(&id, key, v)) && !(rc = append(a, id)))
		rc = bind_all(a, a->ids[a->n_ids - 1]);
	berth_json_free(v);
	return rc;
}

enum berth_err agent_identities_load(struct berth_agent *a)
{
	agent_identities_free(a);
	return berth_store_each(a->cfg.store, NS_IDENTITY, NULL, load_one, a);
}

static const struct berth_identity *find(struct berth_env *env, const char *name)
{
	const struct berth_agent *a = env->host;

	for (size_t i = 0; i < a->n_ids; i++)
		if (strcmp(a->ids[i]->name, name) == 0)
			return a->ids[i];
	return NULL;
}

static const struct berth_identity *identity_at(struct berth_env *env, size_t i)
{
	return berth_agent_identity_at(env->host, i);
}

static const struct berth_identity *find_by_did(struct berth_env *env, const char *did)
{
	const struct berth_agent *a = env->host;

	for (size_t i = 0; i < a->n_ids; i++)
		if (berth_did_same(a->ids[i]->did, did))
			return a->ids[i];
	return NULL;
}

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
		rc = berth_json_parse(out, (const char *)text.p, text.len, IDENTITY_MAX);
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
	return *out ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "mediator");
}

/* the key's name in the keystore: NAME-sign, NAME-agree */
static enum berth_err
make_key(struct berth_agent *a, char **key, const char *name, const char *suffix, enum berth_key_type type,
	 enum berth_usage usage, unsigned purposes, struct berth_pubkey *pub)
{
	struct berth_key_info info;
	enum berth_err rc;

	if (asprintf(key, "%s-%s", name, suffix) < 0) {
		*key = NULL;
		return berth_fail(BERTH_E_NOMEM, "key of %s", name);
	}
	if ((rc = a->cfg.keys->ops->ensure(a->cfg.keys, *key, type, usage, purposes, &info)))
		return rc;
	*pub = info.pub;
	return BERTH_OK;
}

static enum berth_err
finish(struct berth_agent *a, struct berth_identity *id, const struct berth_identity **out)
{
	enum berth_err rc;

	if ((rc = bind_all(a, id)) || (rc = to_record(a, id))) {
		identity_free(id);
		return rc;
	}
	if ((rc = append(a, id)))
		return rc;
	a->via_news |= id->via != NULL;
	*out = id;
	return BERTH_OK;
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
	rc = berth_fail(BERTH_E_NOMEM, "identity %s", id->name);
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

static enum berth_err
make_identity(struct berth_env *env, const char *name, enum berth_key_type sign, enum berth_key_type agree,
	      unsigned purposes, bool is_public, const struct berth_identity **out)
{
	struct berth_agent *a = env->host;
	struct berth_peer_spec spec = { .n_verification = 1, .n_agreement = 1 };
	struct berth_json *list = NULL;
	struct berth_identity *id;
	enum berth_err rc;
	enum berth_key_type second;

	if ((*out = find(env, name)))
		return BERTH_OK;
	second = is_public ? second_agreement(a, name, agree) : BERTH_KEY_NONE;
	spec.n_agreement = second ? 2 : 1;
	id = calloc(1, sizeof(*id));
	if (!id || !(id->name = strdup(name))) {
		identity_free(id);
		return berth_fail(BERTH_E_NOMEM, "identity %s", name);
	}
	if (is_public && (rc = via_of(a, &id->via))) {
		identity_free(id);
		return rc;
	}
	if (is_public && (a->cfg.policy->n_endpoints || id->via)) {
		if ((rc = services(&list, a->cfg.policy, id->via))) {
			identity_free(id);
			return rc;
		}
		spec.services = list;
	}
	if ((rc = make_key(a, &id->sign_key, name, "sign", sign, BERTH_USAGE_SIGN, purposes, &spec.verification[0])) ||
	    (rc = make_key(a, &id->agree_key, name, "agree", agree, BERTH_USAGE_AGREE, 0, &spec.agreement[0])) ||
	    (second && (rc = make_key(a, &id->agree2_key, name, "agree2", second, BERTH_USAGE_AGREE, 0,
				      &spec.agreement[1]))) ||
	    (rc = peer_identity(a, id, &spec))) {
		berth_json_free(list);
		identity_free(id);
		return rc;
	}
	berth_json_free(list);
	return finish(a, id, out);
}

static enum berth_err
make_signer(struct berth_env *env, const char *name, enum berth_key_type type, unsigned purposes,
	    const struct berth_identity **out)
{
	struct berth_agent *a = env->host;
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_identity *id;
	struct berth_pubkey pub;
	enum berth_err rc;

	if ((*out = find(env, name)))
		return BERTH_OK;
	id = calloc(1, sizeof(*id));
	if (!id || !(id->name = strdup(name))) {
		identity_free(id);
		return berth_fail(BERTH_E_NOMEM, "identity %s", name);
	}
	if ((rc = make_key(a, &id->sign_key, name, "sign", type, BERTH_USAGE_SIGN, purposes, &pub)) ||
	    (rc = berth_did_key_create(&did, &pub)))
		goto fail;
	id->did = berth_buf_take_str(&did);
	rc = berth_fail(BERTH_E_NOMEM, "identity %s", name);
	if (!id->did || !(id->did_long = strdup(id->did)))
		goto fail;
	/* did:key: the fragment is the method-specific id once more */
	if (asprintf(&id->sign_kid, "%s#%s", id->did, id->did + strlen("did:key:")) < 0) {
		id->sign_kid = NULL;
		goto fail;
	}
	if (!(id->sign_kid_long = strdup(id->sign_kid)))
		goto fail;
	return finish(a, id, out);
fail:
	berth_buf_free(&did);
	identity_free(id);
	return rc;
}

/* The hash binds the long form to the short one. */
static enum berth_err check_long(const char *did_long)
{
	struct berth_did_doc *doc = NULL;
	enum berth_err rc = berth_did_peer_resolve(&doc, did_long);

	berth_did_doc_free(doc);
	return rc;
}

/* The long form that a short one had, or the DID itself where nothing longer is known. */
static enum berth_err full_form(struct berth_agent *a, const char *did, struct berth_buf *out)
{
	bool found;
	enum berth_err rc = berth_store_get(a->cfg.store, NS_PEER, did, out, &found);

	if (rc || found)
		return rc;
	berth_buf_str(out, did);
	return berth_buf_status(out);
}

enum berth_err agent_learn(struct berth_agent *a, const char *did)
{
	struct berth_buf shorter = BERTH_BUF_INIT, full = BERTH_BUF_INIT;
	bool is_long, ours = false;
	enum berth_err rc = berth_did_short(&shorter, did);

	if (rc)
		goto out;
	is_long = strcmp(berth_buf_cstr(&shorter), did) != 0;
	if (strlen(berth_buf_cstr(&shorter)) > BERTH_STORE_KEY_MAX)
		goto out;	/* has no short form: it needs no record to be resolved */
	if ((rc = is_long ? check_long(did) : full_form(a, did, &full)) ||
	    (!is_long && (rc = berth_store_is_ours(a->cfg.store, NS_PEER, did, &ours))) || ours)
		goto out;
	rc = berth_store_put_str(a->cfg.store, NS_PEER, berth_buf_cstr(&shorter), is_long ? did : berth_buf_cstr(&full));
out:
	berth_buf_free(&shorter);
	berth_buf_free(&full);
	return rc;
}

enum berth_err agent_meet(struct berth_agent *a, const char *did)
{
	struct berth_buf shorter = BERTH_BUF_INIT, full = BERTH_BUF_INIT;
	enum berth_err rc = berth_did_short(&shorter, did);
	bool found = false;

	if (rc)
		goto out;
	if (strcmp(berth_buf_cstr(&shorter), did) != 0) {
		if (!(rc = check_long(did)))
			rc = berth_store_put_guest(a->cfg.store, NS_PEER, berth_buf_cstr(&shorter), did, strlen(did));
	} else if (strlen(did) <= BERTH_STORE_KEY_MAX &&
		   !(rc = berth_store_get(a->cfg.store, NS_PEER, did, &full, &found)) && found) {
		rc = berth_store_put_guest(a->cfg.store, NS_PEER, did, full.p, full.len);	/* used just now */
	}
out:
	berth_buf_free(&shorter);
	berth_buf_free(&full);
	return rc;
}

/* When the store cannot say, a stranger. */
bool agent_is_stranger(struct berth_agent *a, const char *did)
{
	struct berth_buf shorter = BERTH_BUF_INIT;
	bool ours = false;

	if (berth_did_short(&shorter, did) || strlen(berth_buf_cstr(&shorter)) > BERTH_STORE_KEY_MAX ||
	    berth_store_is_ours(a->cfg.store, NS_PEER, berth_buf_cstr(&shorter), &ours))
		ours = false;
	berth_buf_free(&shorter);
	return !ours;
}

static bool stranger(struct berth_env *env, const char *did) { return agent_is_stranger(env->host, did); }

static enum berth_err learn(struct berth_env *env, const char *did_long)
{
	return agent_learn(env->host, did_long);
}

/* names are long, the store's keys are not */
static enum berth_err
known_key(char key[65], const char *ours, const char *peer)
{
	struct berth_buf both = BERTH_BUF_INIT;
	uint8_t h[32];
	enum berth_err rc;

	if (!(rc = berth_did_short(&both, ours))) {
		berth_buf_u8(&both, ' ');
		rc = berth_did_short(&both, peer);
	}
	if (!rc && !(rc = berth_buf_status(&both))) {
		berth_sha256(h, both.p, both.len);
		berth_hex_encode(key, h, sizeof(h));
	}
	berth_buf_free(&both);
	return rc;
}

enum berth_err agent_mark_known(struct berth_agent *a, const char *our_did, const char *peer)
{
	struct berth_buf none = BERTH_BUF_INIT;
	bool found = false;
	char key[65];
	enum berth_err rc;

	if ((rc = known_key(key, our_did, peer)) ||
	    (rc = berth_store_get(a->cfg.store, NS_KNOWN, key, &none, &found)) || found) {
		berth_buf_free(&none);
		return rc;
	}
	return berth_store_put_str(a->cfg.store, NS_KNOWN, key, "1");
}

static bool known(struct berth_env *env, const struct berth_identity *mine, const char *peer)
{
	struct berth_agent *a = env->host;
	struct berth_buf v = BERTH_BUF_INIT;
	bool found = false;
	char key[65];

	if (known_key(key, mine->did, peer) || berth_store_get(a->cfg.store, NS_KNOWN, key, &v, &found))
		found = false;
	berth_buf_free(&v);
	return found;
}

static enum berth_err mark_known(struct berth_env *env, const struct berth_identity *mine, const char *peer)
{
	return agent_mark_known(env->host, mine->did, peer);
}

static int64_t waiting(struct berth_env *env, const char *peer)
{
	struct berth_agent *a = env->host;
	int64_t n = INT64_MAX;

	return berth_store_outbox_count(a->cfg.store, peer, &n) ? INT64_MAX : n;
}

void agent_env_identities(struct berth_agent *a)
{
	a->env.identity = find;
	a->env.identity_at = identity_at;
	a->env.identity_of = find_by_did;
	a->env.make_identity = make_identity;
	a->env.make_signer = make_signer;
	a->env.learn = learn;
	a->env.known = known;
	a->env.stranger = stranger;
	a->env.waiting = waiting;
	a->env.mark_known = mark_known;
}
