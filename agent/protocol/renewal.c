/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/renewal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/exchange.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/relation.h"
#include "did/base/clock.h"
#include "did/url.h"
#include "vc/token.h"
#include "vc/wallet.h"

#define TRIES_MAX 8
#define FIRST_WAIT 32	/* of the life, before it is asked for again; then twice that, ... */

/* ---- when ---- */

/* E_STATUS: it has no end, or no beginning that anybody knows. */
static enum berth_err window_of(const struct berth_credential *c, struct berth_window *out)
{
	struct berth_wallet w = { 0 };
	enum berth_err rc = berth_wallet_add(&w, NULL, c->text, strlen(c->text));

	if (!rc) {
		*out = berth_window_of(berth_wallet_credential(&w.items[0]));
		if (out->from == INT64_MIN && c->received_s >= 0)
			out->from = c->received_s;
		if (out->from < 0 || out->until == INT64_MAX || out->until <= out->from)
			rc = berth_fail(BERTH_E_STATUS, "credential %s has no end", c->id);
	}
	berth_wallet_free(&w);
	return rc;
}

/* Up to a tenth of the life, by the credential's hash: a fleet does not come at once, and
 * each of it always at its time. */
static int64_t jitter(const struct berth_credential *c, int64_t life)
{
	char head[9];

	snprintf(head, sizeof(head), "%.8s", c->id);
	return life / 10 ? (int64_t)(strtoull(head, NULL, 16) % (uint64_t)(life / 10)) : 0;
}

static int64_t due_s(const struct berth_credential *c, const struct berth_window *w)
{
	int64_t life = w->until - w->from;

	if (c->asked)
		return c->asked_s + life / FIRST_WAIT * (INT64_C(1) << (c->asked - 1));
	return w->from + life / 3 * 2 + jitter(c, life);
}

/* By issue-credential, from a peer, for one of our identities, and its issuer stands by it. */
static bool is_renewed(const struct berth_credential *c)
{
	return c->thid && c->thread && c->from && c->holder && !c->revoked && c->asked < TRIES_MAX;
}

enum berth_renewal berth_renewal_look(const struct berth_env *env, const struct berth_credential *c, int64_t *next_s)
{
	struct berth_window w;
	int64_t at;

	*next_s = INT64_MAX;
	if (env->now_s < 0 || (!c->superseded && !is_renewed(c)) || window_of(c, &w))
		return BERTH_RENEWAL_NONE;
	at = c->superseded ? w.until : due_s(c, &w);
	if (env->now_s >= at && c->superseded)
		return BERTH_RENEWAL_OVER;
	if (env->now_s >= w.until)
		return BERTH_RENEWAL_NONE;
	if (env->now_s >= at)
		return BERTH_RENEWAL_ASK;
	*next_s = at;
	return BERTH_RENEWAL_NONE;
}

/* ---- what ---- */
static void drop(struct berth_json *vc, const char *const *names)
{
	for (; *names; names++)
		berth_json_remove(vc, *names);
}

static enum berth_err set_dates(struct berth_json *vc, const char *const *names, int64_t s)
{
	char date[BERTH_RFC3339_LEN + 1];
	enum berth_err rc = BERTH_OK;

	berth_rfc3339_format(date, s);
	for (; !rc && *names; names++) {
		const struct berth_json *v = berth_json_get(vc, *names);

		if (v)
			rc = berth_json_str(v) ? berth_json_set_str(vc, *names, date) : berth_json_set_int(vc, *names, s);
	}
	return rc;
}

/* The same length of time from now on, said as it was said. */
static enum berth_err shift(struct berth_json *vc, int64_t now_s, int64_t life)
{
	static const char *const from[] = { "validFrom", "issuanceDate", "nbf", "iat", NULL };
	static const char *const until[] = { "validUntil", "expirationDate", "exp", NULL };
	enum berth_err rc = set_dates(vc, from, now_s);

	return rc ? rc : set_dates(vc, until, now_s + life);
}

/* What is asked for: all that it says, but not what only its issuer can. */
static enum berth_err set_template(const struct berth_env *env, struct berth_json *data, const struct berth_credential *c)
{
	static const char *const issuers[] = { "id", "issuer", "proof", "iss", "sub", "cnf", "iat", "jti", "status",
					       "credentialStatus", NULL };
	struct berth_wallet wallet = { 0 };
	struct berth_window w;
	struct berth_json *vc = NULL;
	enum berth_err rc;

	if ((rc = window_of(c, &w)) || (rc = berth_wallet_add(&wallet, NULL, c->text, strlen(c->text))))
		goto out;
	if (!(vc = berth_json_clone(berth_wallet_credential(&wallet.items[0])))) {
		rc = berth_no_memory();
		goto out;
	}
	drop(vc, issuers);
	rc = shift(vc, env->now_s, w.until - w.from);
	if (!rc) {
		rc = berth_json_set(data, "credential", vc);
		vc = NULL;
	}
out:
	berth_json_free(vc);
	berth_wallet_free(&wallet);
	return rc;
}

/* ---- the holder ---- */

/* One at a time: what still asks for it does so no more. */
static enum berth_err end_former(struct berth_env *env, struct berth_effects *fx, const struct berth_credential *c, const char *ns)
{
	struct berth_buf peer = BERTH_BUF_INIT;
	char key[65];
	enum berth_err rc;

	if (!c->renewal)
		return BERTH_OK;
	if (!(rc = berth_thread_key(env, c->from, c->renewal, key)) && !(rc = berth_effects_remove(fx, ns, key)) &&
	    !(rc = berth_did_short(&peer, c->from)))
		rc = berth_effects_drop(fx, berth_buf_cstr(&peer), c->renewal);
	berth_buf_free(&peer);
	return rc;
}

static enum berth_err fill(const struct berth_env *env, struct berth_json *data, const struct berth_credential *c)
{
	enum berth_err rc;

	if ((rc = berth_json_set_str(data, "me", c->holder)) || (rc = berth_json_set_str(data, "renews", c->id)) ||
	    (rc = berth_json_set_str(data, "earlier", c->thid)) || (rc = berth_json_set_str(data, "format", c->format)))
		return rc;
	return set_template(env, data, c);
}

enum berth_err berth_renewal_begin(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				   struct berth_effects *fx, const char *ns)
{
	const char *id;
	struct berth_credential c = { .json = NULL };
	int64_t next_s;
	enum berth_err rc;

	if ((rc = berth_json_req_str(ev->args, "credential", BERTH_CREDENTIAL_ID_MAX, &id)) ||
	    (rc = berth_credential_get(env, id, &c)))
		return rc;
	if (berth_renewal_look(env, &c, &next_s) != BERTH_RENEWAL_ASK)
		rc = berth_fail(BERTH_E_STATUS, "credential %s: it is not the time to renew it", id);
	if (rc || (rc = fill(env, inst->data, &c)) || (rc = end_former(env, fx, &c, ns)))
		goto out;
	c.renewal = berth_data_str(inst->data, "thid");
	c.asked++;
	c.asked_s = env->now_s;
	if (!(rc = berth_credential_put(env, fx, &c)))
		berth_effects_audit(fx, "credential %s: %.80s is asked for another", c.id, c.from);
out:
	berth_credential_free(&c);
	return rc;
}

static enum berth_err check_successor(const struct berth_credential *old, const struct berth_report *r)
{
	struct berth_window w;
	enum berth_err rc;

	if (old->revoked)
		return berth_fail(BERTH_E_STATUS, "credential %s was revoked while it was renewed", old->id);
	if (!berth_did_same(old->issuer, r->issuer_did))
		return berth_fail(BERTH_E_VC, "another issuer than of credential %s", old->id);
	if ((rc = window_of(old, &w)))
		return rc;
	return berth_window_of(r->credential).until > w.until
		? BERTH_OK : berth_fail(BERTH_E_VC, "not valid for longer than credential %s", old->id);
}

enum berth_err berth_renewal_end(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
				 const struct berth_report *r)
{
	const char *id = berth_data_str(inst->data, "renews");
	struct berth_credential old;
	enum berth_err rc;

	if (!id)
		return BERTH_OK;
	if ((rc = berth_credential_get(env, id, &old)))
		return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;	/* the operator has removed it */
	if (!(rc = check_successor(&old, r))) {
		old.superseded = true;
		rc = berth_credential_put(env, fx, &old);
	}
	berth_credential_free(&old);
	return rc;
}

/* ---- the issuer ---- */

/* An exchange that is over must stay as long as what it issued. */
enum berth_err berth_renewal_note(const struct berth_env *env, struct berth_json *data)
{
	int64_t until = berth_window_of(berth_json_get(data, "credential")).until;
	enum berth_err rc;

	if (!env->policy->renew || env->now_s < 0 || until == INT64_MAX || until <= env->now_s)
		return BERTH_OK;
	if ((rc = berth_json_set_int(data, "issuedS", env->now_s)))
		return rc;
	return berth_json_set_int(data, "keepS", env->uptime_s + (until - env->now_s));
}

/* E_NOMATCH: there is none any more. */
static enum berth_err read_exchange(struct berth_env *env, const char *ns, const char *key, struct berth_json **out)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = env->records->get(env->records, ns, key, &text);

	*out = NULL;
	if (!rc)
		rc = berth_json_parse_object(out, berth_buf_cstr(&text), text.len, BERTH_JSON_MAX);
	berth_buf_free(&text);
	return rc;
}

/* In the half of its life that is over by then nobody needs another. */
static bool is_late(const struct berth_env *env, const struct berth_json *data, int64_t *life)
{
	struct berth_window w = berth_window_of(berth_json_get(data, "credential"));

	if (w.from == INT64_MIN)
		w.from = berth_data_int(data, "issuedS", -1);
	if (w.from < 0 || w.until == INT64_MAX || w.until <= w.from)
		return false;
	*life = w.until - w.from;
	return env->now_s < w.until && env->now_s >= w.until - *life / 2;
}

/* Neither that one nor any that it came after: a revocation ends the row of them. */
static enum berth_err was_revoked(struct berth_env *env, const char *ns, const char *first, bool *yes)
{
	char key[65];
	enum berth_err rc = BERTH_OK;

	*yes = false;
	snprintf(key, sizeof(key), "%s", first);
	for (size_t i = 0; !rc && !*yes && *key && i < BERTH_EXCHANGES_MAX; i++) {
		struct berth_json *v;
		const struct berth_json *data;

		if ((rc = read_exchange(env, ns, key, &v)))
			break;
		data = berth_json_get(v, "data");
		*yes = berth_json_bool(berth_json_get(data, "revoked"), false);
		snprintf(key, sizeof(key), "%s", berth_data_str(data, "after") ? berth_data_str(data, "after") : "");
		berth_json_free(v);
	}
	return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
}

static bool is_same_kind(const struct berth_json *data, const struct berth_json *now)
{
	const char *a = berth_data_str(data, "format"), *b = berth_data_str(now, "format");

	return berth_data_str(data, "issued") && a && b && strcmp(a, b) == 0;
}

static enum berth_err take_over(const struct berth_env *env, struct berth_json *data, const struct berth_json *earlier,
				const char *key, int64_t life)
{
	struct berth_json *vc = berth_json_clone(berth_json_get(earlier, "credential"));
	enum berth_err rc = vc ? shift(vc, env->now_s, life) : berth_no_memory();

	if (rc) {
		berth_json_free(vc);
		return rc;
	}
	rc = berth_json_set(data, "credential", vc);
	return rc ? rc : berth_json_set_str(data, "after", key);
}

enum berth_err berth_renewal_answer(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				    const char *ns, bool *yes)
{
	const char *pthid = ev->in->msg.pthid;
	const struct berth_json *data;
	struct berth_json *v = NULL;
	char key[65];
	bool revoked = false;
	int64_t life = 0;
	enum berth_err rc;

	*yes = false;
	if (!env->policy->renew || !pthid || env->now_s < 0)
		return BERTH_OK;
	if ((rc = berth_thread_key(env, ev->sender, pthid, key)) || (rc = read_exchange(env, ns, key, &v)))
		return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
	data = berth_json_get(v, "data");
	if (!is_same_kind(data, inst->data) || !is_late(env, data, &life) || (rc = was_revoked(env, ns, key, &revoked)) || revoked)
		goto out;
	*yes = !(rc = take_over(env, inst->data, data, key, life));
out:
	berth_json_free(v);
	return rc;
}
