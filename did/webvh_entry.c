/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of a did:webvh log: what it is, and whether it may follow what is there. */
#include "did/webvh_entry.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/clock.h"
#include "did/proof.h"

#define MEMBERS 5
#define NUMBER_DIGITS_MAX 9
#define FRACTION_MAX 9
#define TIME_MAX 40

static enum berth_err invalid(const char *what)
{
	return berth_fail(BERTH_E_RESOLVE, "did:webvh: %s", what);
}

/* ---- parts ---- */

uint32_t berth_webvh_version_number(const char *version_id)
{
	size_t n = strspn(version_id, "0123456789");
	uint32_t number = 0;

	if (n == 0 || n > NUMBER_DIGITS_MAX || version_id[0] == '0' || version_id[n] != '-' ||
	    !berth_webvh_is_hash(version_id + n + 1))
		return 0;
	for (size_t i = 0; i < n; i++)
		number = number * 10 + (uint32_t)(version_id[i] - '0');
	return number;
}

/* Fractions count: two entries of one second may be in order. */
static bool read_fraction(uint32_t *ns, const char *text)
{
	const char *point = strchr(text, '.');
	size_t n = 0;

	*ns = 0;
	if (!point)
		return true;
	for (point++; point[n] >= '0' && point[n] <= '9'; n++)
		if (n < FRACTION_MAX)
			*ns = *ns * 10 + (uint32_t)(point[n] - '0');
	for (size_t i = n; i < FRACTION_MAX; i++)
		*ns *= 10;
	return n <= FRACTION_MAX;
}

enum berth_err berth_webvh_time_parse(struct berth_webvh_time *out, const char *text)
{
	size_t n = strlen(text);

	memset(out, 0, sizeof(*out));
	if (n < BERTH_RFC3339_LEN || n > TIME_MAX || text[n - 1] != 'Z' || text[10] != 'T' ||
	    berth_rfc3339_parse(&out->s, text) || !read_fraction(&out->ns, text))
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: %.40s is no time in UTC", text);
	return BERTH_OK;
}

bool berth_webvh_time_less(const struct berth_webvh_time *a, const struct berth_webvh_time *b)
{
	return a->s < b->s || (a->s == b->s && a->ns < b->ns);
}

static enum berth_err read_members(struct berth_webvh_entry *e)
{
	const struct berth_json *id;

	e->version_id = berth_json_str(berth_json_get(e->json, "versionId"));
	e->version_time = berth_json_str(berth_json_get(e->json, "versionTime"));
	e->parameters = berth_json_get(e->json, "parameters");
	e->state = berth_json_get(e->json, "state");
	e->proof = berth_json_get(e->json, "proof");
	id = berth_json_get(e->state, "id");
	e->id = berth_json_str(id);
	if (!berth_json_is(e->parameters, BERTH_JSON_OBJECT) || !berth_json_is(e->state, BERTH_JSON_OBJECT) ||
	    !e->version_id || !e->version_time || !e->proof || berth_json_len(e->json) != MEMBERS)
		return invalid("an entry that has not its five members");
	if (!e->id)
		return invalid("a document without an id");
	if (!(e->number = berth_webvh_version_number(e->version_id)))
		return invalid("a versionId that is none");
	e->hash = strchr(e->version_id, '-') + 1;
	return berth_webvh_time_parse(&e->time, e->version_time);
}

enum berth_err berth_webvh_entry_parse(struct berth_webvh_entry *out, const char *line, size_t n)
{
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	rc = berth_json_parse_exact(&out->json, line, n, BERTH_WEBVH_LINE_MAX);
	if (rc == BERTH_E_SIZE || rc == BERTH_E_NOMEM)
		return rc;
	rc = rc || !berth_json_is(out->json, BERTH_JSON_OBJECT) ? invalid("a line that is no JSON object") : read_members(out);
	if (rc)
		berth_webvh_entry_free(out);
	return rc;
}

void berth_webvh_entry_free(struct berth_webvh_entry *e)
{
	berth_json_free(e->json);
	memset(e, 0, sizeof(*e));
}

/* ---- what it must be after what stands before it ---- */

static enum berth_err check_time(const struct berth_webvh_head *h, const struct berth_webvh_entry *e, int64_t now_s)
{
	if (h->number && !berth_webvh_time_less(&h->time, &e->time))
		return invalid("a versionTime that is not after the one before");
	if (e->time.s > now_s + BERTH_WEBVH_SKEW_S)
		return invalid("a versionTime that is still to come");
	return BERTH_OK;
}

static enum berth_err check_hash(const struct berth_webvh_head *h, const struct berth_webvh_entry *e,
				 const struct berth_webvh_body *body)
{
	struct berth_buf hash = BERTH_BUF_INIT;
	const char *previous = h->number ? h->version_id : berth_json_str(berth_json_get(e->parameters, "scid"));
	enum berth_err rc = berth_webvh_entry_hash(&hash, body, previous);

	if (!rc && strcmp(berth_buf_cstr(&hash), e->hash) != 0)
		rc = invalid("an entry that has another hash");
	berth_buf_free(&hash);
	return rc;
}

static enum berth_err check_scid(const struct berth_webvh_entry *e, const struct berth_webvh_body *body)
{
	const char *scid = berth_json_str(berth_json_get(e->parameters, "scid"));
	struct berth_buf made = BERTH_BUF_INIT;
	enum berth_err rc = berth_webvh_scid(&made, body, scid);

	if (rc && rc != BERTH_E_NOMEM)
		rc = invalid("a first entry that is none");
	else if (!rc && strcmp(berth_buf_cstr(&made), scid) != 0)
		rc = invalid("an SCID that is not the hash of the first entry");
	berth_buf_free(&made);
	return rc;
}

/* The SCID never changes; the rest of the DID only where the DID is portable, and the new
 * document says what it was. */
static enum berth_err check_id(const struct berth_webvh_head *h, const struct berth_webvh_entry *e)
{
	const char *scid = h->number ? h->params.scid : berth_json_str(berth_json_get(e->parameters, "scid"));
	struct berth_webvh_did did;

	if (berth_webvh_did_parse(&did, e->id) || strcmp(did.scid, scid) != 0)
		return invalid("a document of another DID");
	if (!h->number || strcmp(h->id, e->id) == 0)
		return BERTH_OK;
	if (!h->params.portable || !berth_json_bool(berth_json_get(e->parameters, "portable"), true))
		return invalid("a DID that moves and is not portable");
	if (!berth_json_is(berth_json_get(e->state, "alsoKnownAs"), BERTH_JSON_ARRAY) ||
	    !berth_json_says(berth_json_get(e->state, "alsoKnownAs"), h->id))
		return invalid("a DID that moves and does not say from where");
	return BERTH_OK;
}

static enum berth_err check_proof(struct berth_webvh_head *h, const struct berth_webvh_entry *e,
				  const struct berth_json *proof, const struct berth_buf *text, int64_t now_s)
{
	const struct berth_json *signers = berth_webvh_params_signers(&h->params, e->parameters, !h->number);
	const char *key;
	enum berth_err rc;

	if ((rc = berth_webvh_proof_read(&key, proof, now_s)))
		return rc;
	if (!signers || !berth_json_says(signers, key))
		return invalid("signed with a key that is no update key");
	return berth_webvh_proof_verify(proof, text->p, text->len, &h->key);
}

/* One proof or a list of some: each must be good. */
static enum berth_err check_proofs(struct berth_webvh_head *h, const struct berth_webvh_entry *e,
				   const struct berth_webvh_body *body, int64_t now_s)
{
	bool list = berth_json_is(e->proof, BERTH_JSON_ARRAY);
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (list && (berth_json_len(e->proof) == 0 || berth_json_len(e->proof) > BERTH_DI_PROOFS_MAX))
		return invalid("an entry without a proof, or with too many");
	if ((rc = berth_webvh_body_text(&text, body, e->version_id)) == BERTH_OK && !list)
		rc = check_proof(h, e, e->proof, &text, now_s);
	for (const struct berth_json *p = list ? berth_json_first(e->proof) : NULL; p && !rc; p = berth_json_next(p))
		rc = check_proof(h, e, p, &text, now_s);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err check_bytes(struct berth_webvh_head *h, const struct berth_webvh_entry *e, int64_t now_s)
{
	struct berth_webvh_body body;
	enum berth_err rc;

	if ((rc = berth_webvh_body_make(&body, e->parameters, e->state, e->version_time)) == BERTH_OK &&
	    (rc = check_hash(h, e, &body)) == BERTH_OK && (h->number || !(rc = check_scid(e, &body))))
		rc = check_proofs(h, e, &body, now_s);
	berth_webvh_body_free(&body);
	return rc;
}

static enum berth_err set_head(struct berth_webvh_head *h, const struct berth_webvh_entry *e)
{
	char *id = h->id && strcmp(h->id, e->id) == 0 ? h->id : strdup(e->id);
	enum berth_err rc;

	if (!id)
		return berth_no_memory();
	if (id != h->id)
		free(h->id);
	h->id = id;
	if ((rc = berth_webvh_params_apply(&h->params, e->parameters, !h->number)))
		return rc;
	h->number = e->number;
	h->time = e->time;
	memcpy(h->version_id, e->version_id, strlen(e->version_id) + 1);
	return BERTH_OK;
}

enum berth_err berth_webvh_head_advance(struct berth_webvh_head *h, const struct berth_webvh_entry *e, int64_t now_s)
{
	enum berth_err rc;

	if (e->number != h->number + 1)
		return invalid("versions that are not in order");
	if ((rc = berth_webvh_params_check(&h->params, e->parameters, !h->number)) || (rc = check_time(h, e, now_s)) ||
	    (rc = check_id(h, e)) || (rc = check_bytes(h, e, now_s)))
		return rc;
	return set_head(h, e);
}

void berth_webvh_head_free(struct berth_webvh_head *h)
{
	free(h->id);
	berth_webvh_params_free(&h->params);
	memset(h, 0, sizeof(*h));
}
