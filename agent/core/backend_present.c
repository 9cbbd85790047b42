/* SPDX-License-Identifier: Apache-2.0 */
/* Presentations that answer a query: the credentials that the caller may see and that
 * belong to the identity, and of them no more than is asked for. */
#include "agent/core/backend_internal.h"

#include "agent/core/api_principal.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/showing.h"
#include "did/base/rand.h"

static bool may_see(void *arg, const char *credential)
{
	const struct berth_api_request *req = arg;

	return !req->who || berth_principal_may(req->who, "credential:", credential);
}

/* {"dcql": {}} or {"pex": {}} */
static enum berth_err read_query(struct berth_showing *s, const struct berth_json *o)
{
	const struct berth_json *pex = berth_json_get(o, "pex"), *dcql = berth_json_get(o, "dcql");

	if (!pex == !dcql || berth_json_len(o) != 1)
		return berth_fail(BERTH_E_TYPE, "query: one of pex and dcql");
	return pex ? berth_query_pex(&s->query, pex) : berth_query_dcql(&s->query, dcql);
}

/* One presentation, and a submission that says what is where in it. */
static enum berth_err present_pex(struct berth_env *env, const struct berth_showing *s, const struct berth_shown_to *to,
				  struct berth_json *o)
{
	struct berth_json *submission = NULL;
	struct berth_buf text = BERTH_BUF_INIT;
	char id[BERTH_UUID_LEN + 1];
	enum berth_vc_format f;
	enum berth_err rc;

	berth_random_uuid(id);
	if (!(rc = berth_showing_sign(env, s, to, true, &text, &f)) &&
	    !(rc = berth_json_set_str(o, "format", berth_vc_format_name(f, true))) &&
	    !(rc = berth_json_set_str(o, "presentation", berth_buf_cstr(&text))) &&
	    !(rc = berth_query_submission(&submission, s->query, &s->answer, &s->wallet, id)))
		rc = berth_json_set(o, "submission", submission);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err push_one(struct berth_env *env, const struct berth_showing *s, const struct berth_answer_credential *c,
			       const struct berth_shown_to *to, struct berth_json *list)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_vc_format f;
	enum berth_err rc = berth_showing_sign_one(env, s, c, to, &text, &f);

	if (!rc)
		rc = berth_json_push_str(list, berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}

/* {"vpToken": {id: [presentation, ...]}} */
static enum berth_err present_dcql(struct berth_env *env, const struct berth_showing *s, const struct berth_shown_to *to,
				   struct berth_json *o)
{
	struct berth_json *token = berth_json_new_object();
	enum berth_err rc = token ? BERTH_OK : berth_no_memory();

	for (size_t i = 0; i < s->answer.n && !rc; i++) {
		const struct berth_answer_item *a = &s->answer.items[i];
		struct berth_json *list = a->optional ? NULL : berth_json_new_array();

		for (size_t k = 0; list && k < (a->multiple ? a->n : 1) && !rc; k++)
			rc = push_one(env, s, &a->credentials[k], to, list);
		if (rc)
			berth_json_free(list);
		else if (!a->optional)
			rc = berth_json_set(token, a->id, list);
	}
	if (!rc)
		return berth_json_set(o, "vpToken", token);
	berth_json_free(token);
	return rc;
}

enum berth_err backend_present(struct berth_backend *b, const struct berth_api_request *req,
			       const struct berth_identity *id, struct berth_json **out)
{
	const struct berth_shown_to to = { .challenge = berth_data_str(req->body, "nonce"),
					   .domain = berth_data_str(req->body, "audience") };
	struct berth_env *env = berth_agent_env(b->agent);
	struct berth_showing s = { .query = NULL };
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = o ? BERTH_OK : berth_no_memory()) ||
	    (rc = read_query(&s, berth_json_get(req->body, "query"))) ||
	    (rc = berth_showing_fill(env, &s, id, may_see, (void *)(uintptr_t)req)) || (rc = berth_showing_match(env, &s)) ||
	    (rc = berth_query_is_pex(s.query) ? present_pex(env, &s, &to, o) : present_dcql(env, &s, &to, o)))
		goto out;
	*out = o;
	o = NULL;
out:
	berth_json_free(o);
	berth_showing_free(&s);
	return rc;
}
