/* SPDX-License-Identifier: Apache-2.0 */
#include "did/webvh_witness.h"

#include <string.h>

void berth_webvh_witness_text(struct berth_buf *out, const char *version_id)
{
	berth_buf_str(out, "{\"versionId\":");
	berth_json_print_str(out, version_id);
	berth_buf_u8(out, '}');
}

/* True when it is news that the witness with that key has approved of a version, and
 * makes it so where `now` says. */
static bool approve(struct berth_webvh_log *log, const char *key, uint32_t number, bool now)
{
	bool news = false;

	for (size_t i = 0; i < log->n_rules; i++) {
		struct berth_webvh_rule *r = &log->rules[i];
		size_t k = 0;

		berth_json_each(w, berth_json_get(r->witness, "witnesses")) {
			if (r->upto[k] < number && !strcmp(berth_webvh_witness_key(w), key)) {
				news = true;
				if (now)
					r->upto[k] = number;
			}
			k++;
		}
	}
	return news;
}

static enum berth_err take_proof(struct berth_webvh_approvals *a, struct berth_webvh_log *log, int64_t now_s)
{
	const char *key, *version_id = log->versions[a->number - 1].id;
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (berth_webvh_proof_read(&key, a->proof, now_s) || !approve(log, key, a->number, false))
		return BERTH_OK;
	berth_webvh_witness_text(&text, version_id);
	if ((rc = berth_buf_status(&text)) == BERTH_OK &&
	    (rc = berth_webvh_proof_verify(a->proof, text.p, text.len, &a->key)) == BERTH_OK)
		approve(log, key, a->number, true);
	berth_buf_free(&text);
	return rc == BERTH_E_NOMEM ? rc : BERTH_OK;
}

/* The version an entry of the file is about; 0: none of this log; another DID's
 * approvals are worth nothing here. */
static uint32_t number_in(const struct berth_webvh_log *log, const char *version_id)
{
	uint32_t number = version_id ? berth_webvh_version_number(version_id) : 0;

	if (number == 0 || number > log->n || strcmp(log->versions[number - 1].id, version_id) != 0)
		return 0;
	return number;
}

/* From here on to an entry that is about a version of this log, and its first proof. */
static enum berth_err find_entry(struct berth_webvh_approvals *a, const struct berth_webvh_log *log)
{
	for (; a->entry; a->entry = berth_json_next(a->entry)) {
		const struct berth_json *proofs = berth_json_get(a->entry, "proof");

		if (!(a->number = number_in(log, berth_json_str(berth_json_get(a->entry, "versionId")))))
			continue;
		if (!berth_json_is(proofs, BERTH_JSON_ARRAY))
			return berth_fail(BERTH_E_RESOLVE, "did:webvh: did-witness.json: an entry without proofs");
		if ((a->proof = berth_json_first(proofs)))
			break;
	}
	return BERTH_OK;
}

enum berth_err berth_webvh_approvals_open(struct berth_webvh_approvals *a, const struct berth_webvh_log *log,
					  const char *text, size_t len)
{
	enum berth_err rc;

	*a = (struct berth_webvh_approvals){ .left = BERTH_WEBVH_PROOFS_MAX };
	if (!text || log->n_rules == 0)
		return BERTH_OK;
	rc = berth_json_parse_exact(&a->file, text, len, BERTH_WEBVH_WITNESS_MAX);
	if (rc == BERTH_E_SIZE || rc == BERTH_E_NOMEM)
		return rc;
	if (rc || !berth_json_is(a->file, BERTH_JSON_ARRAY))
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: did-witness.json is no JSON array");
	a->entry = berth_json_first(a->file);
	return find_entry(a, log);
}

enum berth_err berth_webvh_approvals_take(struct berth_webvh_approvals *a, struct berth_webvh_log *log, int64_t now_s,
					  size_t *steps)
{
	enum berth_err rc = BERTH_OK;

	for (; a->proof && *steps && !rc; (*steps)--) {
		if (a->left-- == 0)
			return berth_fail(BERTH_E_SIZE, "did:webvh: more than %d witness proofs", BERTH_WEBVH_PROOFS_MAX);
		rc = take_proof(a, log, now_s);
		if (!rc && !(a->proof = berth_json_next(a->proof))) {
			a->entry = berth_json_next(a->entry);
			rc = find_entry(a, log);
		}
	}
	return rc;
}

void berth_webvh_approvals_close(struct berth_webvh_approvals *a)
{
	berth_json_free(a->file);
	*a = (struct berth_webvh_approvals){ .left = 0 };
}

/* "confirm that the did-witness.json file contains verified witness proofs from a
 * threshold of the then active witnesses for the current or any later published entries" */
static bool has_approval(const struct berth_webvh_rule *r, uint32_t number)
{
	size_t n = berth_json_len(berth_json_get(r->witness, "witnesses"));
	int64_t threshold = 0, approvals = 0;

	for (size_t i = 0; i < n; i++)
		approvals += r->upto[i] >= number;
	return !berth_json_req_int(r->witness, "threshold", 1, BERTH_WEBVH_WITNESSES_MAX, &threshold) &&
	       approvals >= threshold;
}

size_t berth_webvh_witnessed(const struct berth_webvh_log *log)
{
	size_t n = 0;

	for (; n < log->n; n++) {
		const struct berth_webvh_version *v = &log->versions[n];

		if (v->rule && !has_approval(&log->rules[v->rule - 1], (uint32_t)n + 1))
			break;
	}
	return n;
}
