/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are to whom. */
#include "agent/protocol/relation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "did/base/hex.h"
#include "did/crypto/hash.h"
#include "did/url.h"

#define RECORD_MAX ((size_t)512 << 10)

/* The two that were asked for last: one message asks for its peer's, and for that of the
 * peer with our DID, when it is heard and when it is answered. */
struct asked { size_t n; char name[128], key[65]; };
static _Thread_local struct asked asked[2];
static _Thread_local size_t latest;

static bool is_asked(const struct asked *a, const void *name, size_t n)
{
	return a->n == n && memcmp(a->name, name, n) == 0;
}

static void make_key(char key[65], const void *name, size_t n)
{
	uint8_t h[32];

	berth_sha256(h, name, n);
	berth_hex_encode(key, h, sizeof(h));
}

void berth_name_key(char key[65], const void *name, size_t n)
{
	struct asked *a = &asked[latest];

	if (n == 0 || n > sizeof(a->name)) {
		make_key(key, name, n);
		return;
	}
	if (!is_asked(a, name, n))
		a = &asked[latest ^= 1];
	if (!is_asked(a, name, n)) {
		make_key(a->key, name, n);
		memcpy(a->name, name, a->n = n);
	}
	memcpy(key, a->key, sizeof(a->key));
}

enum berth_err berth_peer_key(char key[65], const char *did)
{
	size_t n = berth_did_short_len(did);

	if (n == 0)
		return berth_fail(BERTH_E_DID, "not a DID");
	berth_name_key(key, did, n);
	return BERTH_OK;
}

static enum berth_err read_record(struct berth_env *env, const char *ns, const char *key, struct berth_json **out)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = env->records->get(env->records, ns, key, &text);

	*out = NULL;
	if (!rc)
		rc = berth_json_parse_object(out, (const char *)text.p, text.len, RECORD_MAX);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_relation_get(struct berth_env *env, const char *peer, struct berth_json **out)
{
	char key[65];
	enum berth_err rc = berth_peer_key(key, peer);

	*out = NULL;
	return rc ? rc : read_record(env, BERTH_NS_RELATION, key, out);
}

/* With a uri we are the one who asks, as whoever we are to the peer by now. */
static enum berth_err follow_poll(struct berth_effects *fx, const struct berth_json *r)
{
	const char *id = berth_data_str(r, "id"), *uri = berth_data_str(r, "uri");

	if (!id || !uri)
		return BERTH_OK;
	return berth_effects_poll_also(fx, id, berth_json_get(r, "ended") ? NULL : berth_data_str(r, "me"),
				       berth_data_str(r, "did"), uri);
}

enum berth_err berth_relation_put(struct berth_effects *fx, const char *peer, const struct berth_json *relation)
{
	char key[65];
	enum berth_err rc = berth_peer_key(key, peer);

	if (rc || (rc = berth_effects_put_json(fx, BERTH_NS_RELATION, key, relation)))
		return rc;
	return follow_poll(fx, relation);
}

enum berth_err berth_relation_set_uri(struct berth_env *env, struct berth_json *relation)
{
	struct berth_did_doc *doc = NULL;
	const char *uri;
	enum berth_err rc = berth_resolve(env->resolver, berth_data_str(relation, "did"), &doc);

	if (rc)
		return rc;
	uri = berth_did_doc_endpoint(doc, 0);
	if (!uri)
		rc = berth_fail(BERTH_E_ROUTE, "%.80s has no endpoint", berth_data_str(relation, "did"));
	else if (!env->policy->n_endpoints)
		rc = berth_json_set_str(relation, "uri", uri);
	berth_did_doc_free(doc);
	return rc;
}

enum berth_err berth_relation_new(const char *peer, const struct berth_identity *me, struct berth_json **out)
{
	struct berth_json *r = berth_json_new_object();
	struct berth_buf shorter = BERTH_BUF_INIT;
	char key[65];
	enum berth_err rc;

	*out = NULL;
	if (!(rc = berth_did_short(&shorter, peer)) && !(rc = berth_peer_key(key, peer)) &&
	    !(rc = berth_json_set_str(r, "did", berth_buf_cstr(&shorter))) && !(rc = berth_json_set_str(r, "id", key)) &&
	    !(rc = berth_json_set_str(r, "me", me->name))) {
		*out = r;
		r = NULL;
	}
	berth_json_free(r);
	berth_buf_free(&shorter);
	return rc;
}

enum berth_err berth_relation_make_identity(struct berth_env *env, const char *kind, const char *suffix,
					    const struct berth_identity **out)
{
	unsigned purposes = BERTH_PURPOSE_BIT(BERTH_SIGN_DIDCOMM) | BERTH_PURPOSE_BIT(BERTH_SIGN_FROM_PRIOR) |
			    BERTH_PURPOSE_BIT(BERTH_SIGN_VP) | BERTH_PURPOSE_BIT(BERTH_SIGN_KB) | BERTH_PURPOSE_BIT(BERTH_SIGN_DI);
	char name[48];

	snprintf(name, sizeof(name), "to-%.8s-%.24s", kind, suffix);
	return env->make_identity(env, name, berth_sign_type(env->keys, name), BERTH_AGREE_TYPE, purposes, true, out);
}

void berth_way_free(struct berth_way *w)
{
	free(w->peer);
	free(w->uri);
	*w = (struct berth_way){ 0 };
}

static enum berth_err set_peer(struct berth_way *w, const char *did)
{
	size_t n = berth_did_short_len(did);

	if (n == 0)
		return berth_fail(BERTH_E_DID, "not a DID");
	w->peer = strndup(did, n);
	return w->peer ? BERTH_OK : berth_no_memory();
}

/* The identity of the first role that has one of its own. */
static const struct berth_identity *by_role(struct berth_env *env)
{
	static const char *const names[] = { BERTH_ID_OWNER, BERTH_ID_MAKER, BERTH_ID_RENDEZVOUS };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct berth_identity *id = env->identity(env, names[i]);

		if (id)
			return id;
	}
	return NULL;
}

/* An owned device: who owns it now, and the identity made for that. */
static enum berth_err from_device(struct berth_env *env, struct berth_way *w, const char *to)
{
	struct berth_json *gw = NULL;
	const struct berth_json *active;
	const char *name, *owner, *uri;
	enum berth_err rc = read_record(env, "gateway", "self", &gw);

	if (rc)
		return rc;
	active = berth_json_get(berth_json_get(gw, "data"), "active");
	name = berth_data_str(active, "identity");
	owner = berth_data_str(active, "peer") ? berth_data_str(active, "peer") : berth_data_str(active, "owner");
	uri = berth_data_str(active, "uri");
	if (name)
		w->me = env->identity(env, name);
	if (!w->me || !owner)
		rc = berth_fail(BERTH_E_NOMATCH, "nobody owns this device yet");
	else if (strcmp(to, BERTH_TO_OWNER) == 0)
		rc = set_peer(w, owner);
	if (!rc && w->me && uri && (strcmp(to, BERTH_TO_OWNER) == 0 || berth_did_same(to, owner)) &&
	    !(w->uri = strdup(uri)))
		rc = berth_no_memory();
	berth_json_free(gw);
	return rc;
}

static enum berth_err from_relation(struct berth_env *env, struct berth_way *w, const char *to)
{
	struct berth_json *r = NULL;
	enum berth_err rc = berth_relation_get(env, to, &r);

	if (!rc && berth_json_get(r, "moved"))
		rc = berth_fail(BERTH_E_AUTHZ, "%.80s speaks from another DID since", to);
	else if (!rc && berth_json_get(r, "ended"))
		rc = berth_fail(BERTH_E_AUTHZ, "the relationship with %.80s has ended", to);
	else if (!rc && (!berth_data_str(r, "me") || !(w->me = env->identity(env, berth_data_str(r, "me")))))
		rc = berth_fail(BERTH_E_NOMATCH, "relationship with %.80s: no identity of its own any more", to);
	berth_json_free(r);
	return rc;
}

static enum berth_err fill_way(struct berth_env *env, struct berth_way *w, const char *to)
{
	bool owner = strcmp(to, BERTH_TO_OWNER) == 0;
	enum berth_err rc;

	if (!owner && ((rc = set_peer(w, to)) || (rc = from_relation(env, w, to)) != BERTH_E_NOMATCH))
		return rc;
	if ((rc = from_device(env, w, to)) != BERTH_E_NOMATCH || owner)
		return rc;
	w->me = by_role(env);
	return w->me ? BERTH_OK : berth_fail(BERTH_E_NOMATCH, "this agent has no identity to speak from yet");
}

enum berth_err berth_way_to(struct berth_env *env, const char *to, struct berth_way *out)
{
	enum berth_err rc;

	*out = (struct berth_way){ 0 };
	if ((rc = fill_way(env, out, to)))
		berth_way_free(out);
	return rc;
}

/* Without a relationship there is but one DID. */
static enum berth_err name_of(struct berth_env *env, const char *peer, struct berth_buf *out)
{
	struct berth_json *r = NULL;
	char key[65];
	enum berth_err rc = berth_relation_get(env, peer, &r);

	if (rc == BERTH_E_NOMATCH && !(rc = berth_peer_key(key, peer)))
		berth_buf_str(out, key);
	else if (!rc && berth_data_str(r, "id"))
		berth_buf_str(out, berth_data_str(r, "id"));
	berth_json_free(r);
	return rc ? rc : berth_buf_status(out);
}

enum berth_err berth_thread_key(struct berth_env *env, const char *peer, const char *thid, char key[65])
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = name_of(env, peer, &text);

	berth_buf_u8(&text, ' ');
	berth_buf_str(&text, thid);
	if (!rc && !(rc = berth_buf_status(&text)))
		berth_name_key(key, text.p, text.len);
	berth_buf_free(&text);
	return rc;
}
