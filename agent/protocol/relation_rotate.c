/* SPDX-License-Identifier: Apache-2.0 */
/* A relationship goes on under another DID (from_prior), or ends: ours and the peer's
 * side.  unpack has verified the token: signed with an authentication key of iss, inside
 * an encryption by the new DID.  What is judged here is whether iss is somebody we know
 * and whether this is later than the last time. */
#include "agent/protocol/relation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/empty.h"
#include "agent/protocol/onboarding.h"
#include "did/url.h"
#include "didcomm/from_prior.h"

enum berth_err berth_rotation_is_news(const struct berth_env *env, const struct berth_json *claims, int64_t last_iat,
				      int64_t *iat)
{
	enum berth_err rc = berth_json_req_int(claims, "iat", 0, INT64_MAX, iat);

	if (rc)
		return rc;
	if (*iat <= last_iat)
		return berth_fail(BERTH_E_ROTATE, "a rotation from before the last one");
	return env->now_s < 0 ? BERTH_OK : berth_from_prior_check_time(claims, env->now_s);
}

/* ---- ours ---- */
static const struct berth_identity *me_of(struct berth_env *env, const struct berth_json *r)
{
	const char *name = berth_data_str(r, "me");

	return name ? env->identity(env, name) : NULL;
}

static const struct berth_identity *addressed(struct berth_env *env, const struct berth_event *ev)
{
	return ev->in->encrypted_to_kid ? env->identity_of(env, ev->in->encrypted_to_kid) : NULL;
}

/* In long forms: who reads it may know neither short one.  next NULL: the end. */
static enum berth_err set_prior(struct berth_env *env, struct berth_json *r, const struct berth_identity *old,
				const struct berth_identity *next)
{
	int64_t last = berth_data_int(r, "ours", 0), now = env->now_s >= 0 ? env->now_s : env->floor_s;
	struct berth_buf jwt = BERTH_BUF_INIT;
	enum berth_err rc;

	if (now <= last)
		now = last + 1;
	if (!(rc = berth_from_prior_create(&jwt, old->sign_kid_long, next ? next->did_long : NULL, now, env->keys->keyring)) &&
	    !(rc = berth_json_set_int(r, "ours", now)))
		rc = berth_json_set_str(r, "prior", berth_buf_cstr(&jwt));
	berth_buf_free(&jwt);
	return rc;
}

enum berth_err berth_relation_rotate(struct berth_env *env, struct berth_json *r, bool forget)
{
	const struct berth_identity *old = me_of(env, r), *next;
	int64_t n = berth_data_int(r, "n", 0) + 1;
	char suffix[40];
	enum berth_err rc;

	if (berth_json_get(r, "prior"))
		return BERTH_OK;
	if (!old)
		return berth_fail(BERTH_E_STORE, "relationship: no identity %s", berth_data_str(r, "me"));
	snprintf(suffix, sizeof(suffix), "%.16s-%lld", berth_data_str(r, "id"), (long long)n);
	if ((rc = berth_relation_make_identity(env, "peer", suffix, &next)) || (rc = set_prior(env, r, old, next)) ||
	    (rc = berth_json_set_str(r, "old", old->name)) || (rc = berth_json_set_bool(r, "forget", forget)) ||
	    (rc = berth_json_set_int(r, "n", n)))
		return rc;
	return berth_json_set_str(r, "me", next->name);
}

enum berth_err berth_relation_voice(struct berth_env *env, const struct berth_identity **from, const char *to, char **prior)
{
	const struct berth_identity *me;
	struct berth_json *r = NULL;
	const char *old, *jwt;
	enum berth_err rc;

	*prior = NULL;
	if (!*from)
		return BERTH_OK;
	if ((rc = berth_relation_get(env, to, &r)))
		return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
	me = me_of(env, r);
	old = berth_data_str(r, "old");
	jwt = berth_data_str(r, "prior");
	if (me && old && strcmp((*from)->name, old) == 0)
		*from = me;
	if (*from == me && jwt && !(*prior = strdup(jwt)))
		rc = berth_no_memory();
	berth_json_free(r);
	return rc;
}

static enum berth_err let_go(struct berth_json *r, struct berth_effects *fx)
{
	const char *old = berth_data_str(r, "old");
	enum berth_err rc;

	berth_json_remove(r, "prior");
	if (old && berth_json_bool(berth_json_get(r, "forget"), false)) {
		if ((rc = berth_effects_forget(fx, old)))
			return rc;
		berth_json_remove(r, "old");
	}
	return berth_relation_put(fx, berth_data_str(r, "did"), r);
}

enum berth_err berth_relation_seen(struct berth_env *env, const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *me = addressed(env, ev);
	struct berth_json *r = NULL;
	enum berth_err rc = berth_relation_get(env, ev->sender, &r);

	if (rc)
		return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
	if (berth_json_get(r, "moved"))
		rc = berth_fail(BERTH_E_AUTHZ, "%.80s is spoken by another DID since", ev->sender);
	else if (berth_json_get(r, "ended"))
		rc = berth_fail(BERTH_E_AUTHZ, "the relationship with %.80s has ended", ev->sender);
	else if (berth_json_get(r, "prior") && me && me == me_of(env, r))
		rc = let_go(r, fx);
	berth_json_free(r);
	return rc;
}

/* ---- the peer's ---- */

/* What we have with iss; a peer without a record gets one.  E_NOMATCH: a stranger. */
static enum berth_err relation_of(struct berth_env *env, const struct berth_event *ev, const char *iss,
				  struct berth_json **out)
{
	enum berth_err rc = berth_relation_get(env, iss, out);

	if (rc != BERTH_E_NOMATCH || env->stranger(env, iss) || !addressed(env, ev))
		return rc;
	return berth_relation_new(iss, addressed(env, ev), out);
}

/* The DID before stays as a mark, so that nobody speaks or rotates by it again. */
static enum berth_err mark_moved(struct berth_effects *fx, const char *iss, const char *to, int64_t iat)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_str(v, "did", iss)) && !(rc = berth_json_set_str(v, "moved", to)) &&
	    !(rc = berth_json_set_int(v, "iat", iat)))
		rc = berth_relation_put(fx, iss, v);
	berth_json_free(v);
	return rc;
}

/* Not into a relationship that is another's. */
static enum berth_err check_free(struct berth_env *env, const char *peer)
{
	struct berth_json *there = NULL;
	enum berth_err rc = berth_relation_get(env, peer, &there);

	berth_json_free(there);
	if (rc == BERTH_E_NOMATCH)
		return BERTH_OK;
	return rc ? rc : berth_fail(BERTH_E_ROTATE, "a rotation into another relationship");
}

/* Each leaves a mark that stays: so many at once, then one for each quiet hour. */
static enum berth_err count_move(struct berth_env *env, struct berth_json *r)
{
	int64_t now = env->now_s >= 0 ? env->now_s : env->floor_s, n = berth_data_int(r, "moves", 0);
	int64_t hours = (now - berth_data_int(r, "movedAt", now)) / 3600;
	enum berth_err rc;

	if (hours > 0)
		n = n > hours ? n - hours : 0;
	if (n >= BERTH_RELATION_MOVES_MAX)
		return berth_fail(BERTH_E_ROTATE, "%.80s rotates too often", berth_data_str(r, "did"));
	return (rc = berth_json_set_int(r, "moves", n + 1)) ? rc : berth_json_set_int(r, "movedAt", now);
}

static enum berth_err move(struct berth_env *env, const struct berth_event *ev, struct berth_effects *fx,
			   struct berth_json *r, const char *iss, int64_t iat)
{
	enum berth_err rc;

	if ((rc = check_free(env, ev->sender)) || (rc = count_move(env, r)) || (rc = env->learn(env, ev->in->msg.from)) ||
	    (rc = mark_moved(fx, iss, ev->sender, iat)) || (rc = berth_json_set_str(r, "did", ev->sender)) ||
	    (rc = berth_json_set_int(r, "iat", iat)) ||
	    (berth_json_get(r, "uri") && (rc = berth_relation_set_uri(env, r))))
		return rc;
	berth_effects_audit(fx, "%.80s speaks as %.80s from now on", iss, ev->sender);
	return berth_relation_put(fx, ev->sender, r);
}

static enum berth_err end(struct berth_effects *fx, struct berth_json *r, const char *iss, int64_t iat)
{
	enum berth_err rc;

	if ((rc = berth_json_set_bool(r, "ended", true)) || (rc = berth_json_set_int(r, "iat", iat)))
		return rc;
	berth_effects_audit(fx, "%.80s has ended its relationship with us", iss);
	return berth_relation_put(fx, iss, r);
}

/* It says so with every message until it hears from us: the same again is no news and
 * no fault. */
static bool is_again(const struct berth_json *r, const struct berth_event *ev)
{
	const char *moved = berth_data_str(r, "moved");

	return moved && berth_did_same(moved, ev->sender) &&
	       berth_data_int(ev->in->from_prior, "iat", -1) == berth_data_int(r, "iat", -2);
}

enum berth_err berth_relation_moved(struct berth_env *env, const struct berth_event *ev, struct berth_effects *fx, bool *over)
{
	const struct berth_json *claims = ev->in->from_prior;
	struct berth_buf iss = BERTH_BUF_INIT;
	struct berth_json *r = NULL;
	const char *text;
	int64_t iat;
	enum berth_err rc;

	*over = false;
	if (!claims)
		return BERTH_OK;
	if ((rc = berth_json_req_str(claims, "iss", BERTH_DID_URL_MAX, &text)) || (rc = berth_did_short(&iss, text)) ||
	    (rc = relation_of(env, ev, berth_buf_cstr(&iss), &r)) || is_again(r, ev))
		goto out;
	if (berth_json_get(r, "moved")) {
		rc = berth_fail(BERTH_E_ROTATE, "a rotation of a DID that was given up");
		goto out;
	}
	if ((rc = berth_rotation_is_news(env, claims, berth_data_int(r, "iat", -1), &iat)))
		goto out;
	*over = !berth_json_get(claims, "sub");
	rc = *over ? end(fx, r, berth_buf_cstr(&iss), iat) : move(env, ev, fx, r, berth_buf_cstr(&iss), iat);
out:
	berth_json_free(r);
	berth_buf_free(&iss);
	return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;	/* somebody's whom we never met: a stranger like others */
}

/* ---- the operator's word ---- */
static enum berth_err relation_for(struct berth_env *env, const char *peer, struct berth_json **out)
{
	struct berth_way w;
	enum berth_err rc = berth_relation_get(env, peer, out);

	if (rc != BERTH_E_NOMATCH)
		return rc;
	if (env->stranger(env, peer))
		return berth_fail(BERTH_E_NOMATCH, "no relationship with %.80s", peer);
	if ((rc = berth_way_to(env, peer, &w)))
		return rc;
	rc = berth_relation_new(peer, w.me, out);
	berth_way_free(&w);
	return rc;
}

/* A message for what its from_prior says and nothing else. */
static enum berth_err say_prior(struct berth_env *env, struct berth_effects *fx, const struct berth_json *r,
				struct berth_send **out)
{
	enum berth_err rc = berth_effects_send(env, fx, me_of(env, r), berth_data_str(r, "did"), NULL, BERTH_TYPE_EMPTY, NULL,
					       NULL, out);

	return rc ? rc : berth_message_set(&(*out)->msg, "from_prior", berth_data_str(r, "prior"));
}

static enum berth_err open_relation(struct berth_env *env, const struct berth_event *ev, const char **peer,
				    struct berth_json **r)
{
	enum berth_err rc;

	*r = NULL;
	if ((rc = berth_json_req_str(ev->args, "peer", BERTH_DID_URL_MAX, peer)) || (rc = relation_for(env, *peer, r)))
		return rc;
	if (berth_json_get(*r, "moved") || berth_json_get(*r, "ended"))
		return berth_fail(BERTH_E_NOMATCH, "the relationship with %.80s has ended", *peer);
	return BERTH_OK;
}

/* args: {"peer"}; result {"did"}: what the peer knows us by from now on.  Its answer to
 * that DID is what ends the telling. */
static enum berth_err on_rotate(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *r;
	const char *peer;
	struct berth_send *s;
	enum berth_err rc;

	(void)inst;
	if ((rc = open_relation(env, ev, &peer, &r)) ||
	    (rc = berth_relation_rotate(env, r, strncmp(berth_data_str(r, "me"), "to-peer-", 8) == 0)) ||
	    (rc = berth_relation_put(fx, berth_data_str(r, "did"), r)) ||
	    (rc = say_prior(env, fx, r, &s)) || (rc = berth_send_please_ack(s)) ||
	    (rc = berth_send_in_full(s, me_of(env, r))))
		goto out;
	berth_effects_audit(fx, "another DID for %.80s, asked for by the operator", berth_data_str(r, "did"));
	fx->result = berth_json_new_object();
	rc = berth_json_set_str(fx->result, "did", me_of(env, r)->did);
out:
	berth_json_free(r);
	return rc;
}

/* args: {"peer"}: it hears so from the DID that ends. */
static enum berth_err on_end(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *r;
	const char *peer;
	struct berth_send *s;
	enum berth_err rc;

	(void)inst;
	if ((rc = open_relation(env, ev, &peer, &r)))
		goto out;
	if (!me_of(env, r)) {
		rc = berth_fail(BERTH_E_STORE, "relationship: no identity");
		goto out;
	}
	berth_json_remove(r, "prior");
	if ((rc = set_prior(env, r, me_of(env, r), NULL)) || (rc = say_prior(env, fx, r, &s)) ||
	    (rc = berth_json_set_bool(r, "ended", true)))
		goto out;
	berth_json_remove(r, "prior");
	berth_effects_audit(fx, "the relationship with %.80s was ended by the operator", berth_data_str(r, "did"));
	rc = berth_relation_put(fx, berth_data_str(r, "did"), r);
out:
	berth_json_free(r);
	return rc;
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "cmd/rotate", on_rotate, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "cmd/end",    on_end,    BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_relation_machine = {
	.name = "peers", .states = states, .n_states = 1,
	.table = table, .table_len = sizeof(table) / sizeof(table[0]),
};
