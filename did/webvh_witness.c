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

static enum berth_err take_proof(struct berth_webvh_log *log, const struct berth_json *proof, const char *version_id,
				 uint32_t number, int64_t now_s, struct berth_webvh_key *cache)
{
	struct berth_buf text = BERTH_BUF_INIT;
	const char *key;
	enum berth_err rc;

	if (berth_webvh_proof_read(&key, proof, now_s) || !approve(log, key, number, false))
		return BERTH_OK;
	berth_webvh_witness_text(&text, version_id);
	if ((rc = berth_buf_status(&text)) == BERTH_OK &&
	    (rc = berth_webvh_proof_verify(proof, text.p, text.len, cache)) == BERTH_OK)
		approve(log, key, number, true);
	berth_buf_free(&text);
	return rc == BERTH_E_NOMEM ? rc : BERTH_OK;
}

/* The version an entry of the file is about; 0: none of this log; another DID's
 * approvals are worth nothing here. */
static uint32_t number_in(const struct berth_webvh_log *log, const char *version_id)
{
	uint32_t number = berth_webvh_version_number(version_id);

	if (number == 0 || number > log->n || strcmp(log->versions[number - 1].id, version_id) != 0)
		return 0;
	return number;
}

static enum berth_err take_entry(struct berth_webvh_log *log, const struct berth_json *entry, size_t *left,
				 int64_t now_s, struct berth_webvh_key *cache)
{
	const struct berth_json *proofs = berth_json_get(entry, "proof");
	const char *version_id = berth_json_str(berth_json_get(entry, "versionId"));
	uint32_t number;
	enum berth_err rc;

	if (!version_id || !(number = number_in(log, version_id)))
		return BERTH_OK;
	if (!berth_json_is(proofs, BERTH_JSON_ARRAY))
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: did-witness.json: an entry without proofs");
	berth_json_each(p, proofs) {
		if ((*left)-- == 0)
			return berth_fail(BERTH_E_SIZE, "did:webvh: more than %d witness proofs", BERTH_WEBVH_PROOFS_MAX);
		if ((rc = take_proof(log, p, version_id, number, now_s, cache)))
			return rc;
	}
	return BERTH_OK;
}

static enum berth_err take_file(struct berth_webvh_log *log, const char *text, size_t len, int64_t now_s)
{
	struct berth_webvh_key cache = { .text = "" };
	size_t left = BERTH_WEBVH_PROOFS_MAX;
	struct berth_json *file = NULL;
	enum berth_err rc;

	if (!text)
		return BERTH_OK;
	rc = berth_json_parse_exact(&file, text, len, BERTH_WEBVH_WITNESS_MAX);
	if (rc == BERTH_E_SIZE || rc == BERTH_E_NOMEM)
		return rc;
	if (rc || !berth_json_is(file, BERTH_JSON_ARRAY))
		rc = berth_fail(BERTH_E_RESOLVE, "did:webvh: did-witness.json is no JSON array");
	for (const struct berth_json *e = rc ? NULL : berth_json_first(file); e && !rc; e = berth_json_next(e))
		rc = take_entry(log, e, &left, now_s, &cache);
	berth_json_free(file);
	return rc;
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

enum berth_err berth_webvh_witnessed(size_t *n, struct berth_webvh_log *log, const char *text, size_t len, int64_t now_s)
{
	enum berth_err rc;

	*n = log->n;
	if (log->n_rules == 0)
		return BERTH_OK;
	if ((rc = take_file(log, text, len, now_s)))
		return rc;
	for (*n = 0; *n < log->n; (*n)++) {
		const struct berth_webvh_version *v = &log->versions[*n];

		if (v->rule && !has_approval(&log->rules[v->rule - 1], (uint32_t)*n + 1))
			break;
	}
	return BERTH_OK;
}
