/* SPDX-License-Identifier: Apache-2.0 */
/* Who other DIDs are to us: with whom we deal, who only wrote to us, and who knows which of our DIDs. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/relation.h"
#include "did/method_peer.h"
#include "did/url.h"

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
	size_t n = berth_did_short_len(did);
	char *shorter = n && n <= BERTH_STORE_KEY_MAX ? strndup(did, n) : NULL;
	bool ours = false;

	if (!shorter || berth_store_is_ours(a->cfg.store, NS_PEER, shorter, &ours))
		ours = false;
	free(shorter);
	return !ours;
}

static bool stranger(struct berth_env *env, const char *did) { return agent_is_stranger(env->host, did); }

static enum berth_err learn(struct berth_env *env, const char *did_long)
{
	return agent_learn(env->host, did_long);
}

static enum berth_err
known_key(char key[65], const char *ours, const char *peer)
{
	struct berth_buf both = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_did_short(&both, ours))) {
		berth_buf_u8(&both, ' ');
		rc = berth_did_short(&both, peer);
	}
	if (!rc && !(rc = berth_buf_status(&both)))
		berth_name_key(key, both.p, both.len);
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

void agent_env_peers(struct berth_agent *a)
{
	a->env.learn = learn;
	a->env.known = known;
	a->env.stranger = stranger;
	a->env.waiting = waiting;
	a->env.mark_known = mark_known;
}
