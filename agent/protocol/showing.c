/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/showing.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "vc/sd_jwt.h"

void berth_showing_free(struct berth_showing *s)
{
	berth_answer_free(&s->answer);
	berth_wallet_free(&s->wallet);
	berth_query_free(s->query);
	*s = (struct berth_showing){ .query = NULL };
}

/* ---- what may be shown ---- */

struct filling {
	struct berth_showing *s;
	berth_credential_wanted_fn *may;
	void *arg;
};

static bool is_shown(const struct berth_credential *c) { return !c->revoked && !c->superseded && strcmp(c->format, "vc-jwt") != 0; }

/* What may not be shown is not opened. */
static bool may_fill(void *arg, const char *id)
{
	const struct filling *f = arg;

	return !f->may || f->may(f->arg, id);
}

static enum berth_err fill_one(void *arg, const struct berth_credential *c)
{
	const struct filling *f = arg;

	if (!is_shown(c) || !c->holder || strcmp(c->holder, f->s->holder->name) != 0)
		return BERTH_OK;
	return berth_wallet_add(&f->s->wallet, c->id, c->text, strlen(c->text));
}

/* Who may present an identity may show its own credential. */
static enum berth_err fill_own(struct berth_env *env, struct berth_showing *s)
{
	struct berth_credential own;
	enum berth_err rc = berth_credential_own(env, &own);

	if (!rc && strcmp(own.holder, s->holder->name) == 0)
		rc = berth_wallet_add(&s->wallet, own.id, own.text, strlen(own.text));
	berth_credential_free(&own);
	return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
}

enum berth_err berth_showing_fill(struct berth_env *env, struct berth_showing *s, const struct berth_identity *holder,
				  berth_credential_wanted_fn *may, void *arg)
{
	struct filling f = { s, may, arg };
	enum berth_err rc;

	berth_wallet_free(&s->wallet);
	s->holder = holder;
	rc = fill_own(env, s);
	return rc ? rc : berth_credentials_each_of(env, may_fill, fill_one, &f);
}

static enum berth_err check_chosen(struct berth_env *env, struct berth_showing *s, const struct berth_credential *c)
{
	const struct berth_identity *holder = c->holder ? env->identity(env, c->holder) : NULL;

	if (c->revoked)
		return berth_fail(BERTH_E_STATUS, "credential %s was revoked", c->id);
	if (c->superseded)
		return berth_fail(BERTH_E_STATUS, "credential %s was renewed", c->id);
	if (!is_shown(c))
		return berth_fail(BERTH_E_ALG, "credential %s is a %s, and these are not presented", c->id, c->format);
	if (!holder)
		return berth_fail(BERTH_E_HOLDER, "credential %s is of no identity here", c->id);
	if (s->wallet.n && holder != s->holder)
		return berth_fail(BERTH_E_HOLDER, "credentials of one holder");
	s->holder = holder;
	return BERTH_OK;
}

enum berth_err berth_showing_add(struct berth_env *env, struct berth_showing *s, const char *id)
{
	struct berth_credential c;
	enum berth_err rc = strcmp(id, BERTH_CREDENTIAL_OWN) == 0 ? berth_credential_own(env, &c)
		: berth_credential_get(env, id, &c);

	if (!rc && !(rc = check_chosen(env, s, &c)))
		rc = berth_wallet_add(&s->wallet, c.id, c.text, strlen(c.text));
	berth_credential_free(&c);
	return rc;
}

/* ---- what answers ---- */

enum berth_err berth_showing_match(struct berth_env *env, struct berth_showing *s)
{
	enum berth_err rc = berth_query_match(&s->answer, s->query, &s->wallet, env->now_s);
	char why[200];

	if (rc != BERTH_E_NOMATCH)
		return rc;
	snprintf(why, sizeof(why), "%s", berth_err_detail());
	return berth_fail(rc, "no credential answers the request: %s", why);
}

static enum berth_err try_holder(struct berth_env *env, struct berth_showing *s, const struct berth_identity *holder)
{
	enum berth_err rc = berth_showing_fill(env, s, holder, NULL, NULL);

	if (!rc && !s->wallet.n)
		return berth_fail(BERTH_E_NOMATCH, "no credential answers the request: none is held");
	return rc ? rc : berth_showing_match(env, s);
}

struct holders {
	struct berth_env *env;
	const struct berth_identity *id[BERTH_SHOWING_HOLDERS_MAX];
	size_t n;
};

static void add_holder(struct holders *h, const char *name)
{
	const struct berth_identity *id = name ? h->env->identity(h->env, name) : NULL;

	for (size_t i = 0; i < h->n; i++)
		if (h->id[i] == id)
			return;
	if (id && h->n < BERTH_SHOWING_HOLDERS_MAX)
		h->id[h->n++] = id;
}

static enum berth_err add_holder_of(void *arg, const struct berth_credential *c)
{
	if (is_shown(c))
		add_holder(arg, c->holder);
	return BERTH_OK;
}

enum berth_err berth_showing_search(struct berth_env *env, struct berth_showing *s, const struct berth_identity *first)
{
	struct holders h = { .env = env };
	struct berth_credential own;
	enum berth_err rc;

	add_holder(&h, first ? first->name : NULL);
	if (!(rc = berth_credential_own(env, &own)))
		add_holder(&h, own.holder);
	berth_credential_free(&own);
	if ((rc && rc != BERTH_E_NOMATCH) || (rc = berth_credentials_each(env, add_holder_of, &h)))
		return rc;
	rc = BERTH_E_NOMATCH;
	for (size_t i = 0; rc == BERTH_E_NOMATCH && i < h.n; i++)
		rc = try_holder(env, s, h.id[i]);
	return rc;
}

/* ---- signing ---- */

struct shown {
	size_t index[BERTH_VP_CREDENTIALS_MAX];		/* in the wallet */
	const char *text[BERTH_VP_CREDENTIALS_MAX];
	size_t n;
	const char *claims[BERTH_SD_POINTERS_MAX];
	size_t n_claims;
	bool sd, di;		/* one is an SD-JWT; all have proofs */
};

static bool has_claim(const struct shown *w, const char *pointer)
{
	for (size_t i = 0; i < w->n_claims; i++)
		if (strcmp(w->claims[i], pointer) == 0)
			return true;
	return false;
}

static enum berth_err push_claims(struct shown *w, const char *const *claims, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (has_claim(w, claims[i]))
			continue;
		if (w->n_claims == BERTH_SD_POINTERS_MAX)
			return berth_fail(BERTH_E_SIZE, "more than %d claims", BERTH_SD_POINTERS_MAX);
		w->claims[w->n_claims++] = claims[i];
	}
	return BERTH_OK;
}

static bool has_index(const struct shown *w, size_t index)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->index[i] == index)
			return true;
	return false;
}

static enum berth_err push(const struct berth_showing *s, struct shown *w, const struct berth_answer_credential *c, bool placed)
{
	const struct berth_wallet_item *i = &s->wallet.items[c->index];
	bool is_sd = i->format == BERTH_FORMAT_DC_SD_JWT || i->format == BERTH_FORMAT_VC_SD_JWT;

	if (placed || !has_index(w, c->index)) {
		if (w->n == BERTH_VP_CREDENTIALS_MAX)
			return berth_fail(BERTH_E_SIZE, "more than %d credentials", BERTH_VP_CREDENTIALS_MAX);
		w->index[w->n] = c->index;
		w->text[w->n++] = i->text;
	}
	w->sd = w->sd || is_sd;
	w->di = (w->di || w->n == 1) && i->is_di;
	return is_sd ? push_claims(w, (const char *const *)c->claims, c->n_claims) : BERTH_OK;
}

/* Credentials with proofs of their own are shown under such a proof, an SD-JWT by itself,
 * all others in a token, which may hold either of the former. */
static enum berth_err sign(struct berth_env *env, const struct berth_showing *s, struct shown *w,
			   const struct berth_shown_to *to, struct berth_buf *out, enum berth_vc_format *f)
{
	struct berth_issue how = { .kid = s->holder->sign_kid_long, .now_s = env->now_s, .di.created_s = env->now_s };
	enum berth_err rc;

	if (w->sd && w->n > 1)
		return berth_fail(BERTH_E_NOMATCH, "an SD-JWT and other credentials are not presented together");
	if (w->sd) {
		if ((rc = push_claims(w, to->more, to->n_more)))
			return rc;
		how.disclose = w->claims;
		how.n_disclose = w->n_claims;
	}
	*f = how.format = w->sd ? s->wallet.items[w->index[0]].format : w->di ? BERTH_FORMAT_DI : BERTH_FORMAT_VC_JWT;
	return berth_issue_presentation(out, env->keys->keyring, &how, to->challenge, to->domain, w->text, w->n);
}

enum berth_err berth_showing_sign(struct berth_env *env, const struct berth_showing *s, const struct berth_shown_to *to,
				  bool placed, struct berth_buf *out, enum berth_vc_format *f)
{
	struct shown w = { .n = 0 };
	enum berth_err rc;

	for (size_t i = 0; i < s->answer.n; i++) {
		const struct berth_answer_item *a = &s->answer.items[i];

		for (size_t k = 0; !a->optional && k < (a->multiple ? a->n : 1); k++)
			if ((rc = push(s, &w, &a->credentials[k], placed)))
				return rc;
	}
	return w.n ? sign(env, s, &w, to, out, f) : berth_fail(BERTH_E_NOMATCH, "nothing is asked for");
}

enum berth_err berth_showing_sign_one(struct berth_env *env, const struct berth_showing *s,
				      const struct berth_answer_credential *c, const struct berth_shown_to *to,
				      struct berth_buf *out, enum berth_vc_format *f)
{
	struct shown w = { .n = 0 };
	enum berth_err rc = push(s, &w, c, true);

	return rc ? rc : sign(env, s, &w, to, out, f);
}
