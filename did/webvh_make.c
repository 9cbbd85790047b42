/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of did:webvh logs, and approvals of them. */
#include "did/webvh_make.h"

#include <string.h>

#include "did/base/clock.h"
#include "did/codec/multibase.h"
#include "did/jose/multikey.h"
#include "did/webvh_witness.h"

enum berth_err berth_webvh_kid(struct berth_buf *out, const struct berth_pubkey *key)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (key->type != BERTH_KEY_ED25519)
		return berth_fail(BERTH_E_KEY, "did:webvh 1.0 knows eddsa-jcs-2022 only, which takes a key of Ed25519");
	if ((rc = berth_multikey_format(&text, key)) == BERTH_OK) {
		berth_buf_printf(out, "did:key:%s#%s", berth_buf_cstr(&text), berth_buf_cstr(&text));
		rc = berth_buf_status(out);
	}
	berth_buf_free(&text);
	return rc;
}

/* ---- proofs ---- */

static enum berth_err options(struct berth_json *proof, const char *kid, int64_t now_s)
{
	char created[BERTH_RFC3339_LEN + 1];
	enum berth_err rc;

	berth_rfc3339_format(created, now_s);
	if ((rc = berth_json_set_str(proof, "type", "DataIntegrityProof")) ||
	    (rc = berth_json_set_str(proof, "cryptosuite", "eddsa-jcs-2022")) ||
	    (rc = berth_json_set_str(proof, "verificationMethod", kid)) ||
	    (rc = berth_json_set_str(proof, "created", created)))
		return rc;
	return berth_json_set_str(proof, "proofPurpose", "assertionMethod");
}

/* What the keyring is given to sign: {"document","proof"}, of which it makes the hashes
 * itself. */
static enum berth_err payload(struct berth_buf *out, const char *document, const struct berth_json *proof)
{
	enum berth_err rc;

	berth_buf_printf(out, "{\"document\":%s,\"proof\":", document);
	if ((rc = berth_json_print(out, proof)))
		return rc;
	berth_buf_u8(out, '}');
	return berth_buf_status(out);
}

/* document: its JSON text without proof */
static enum berth_err make_proof(struct berth_json **out, const char *document, struct berth_keyring *kr, const char *kid,
				 int64_t now_s)
{
	struct berth_buf text = BERTH_BUF_INIT, header = BERTH_BUF_INIT, sig = BERTH_BUF_INIT, value = BERTH_BUF_INIT;
	struct berth_json *proof = berth_json_new_object();
	enum berth_err rc;

	*out = NULL;
	if ((rc = options(proof, kid, now_s)) || (rc = payload(&text, document, proof)) ||
	    (rc = kr->ops->sign(kr, kid, BERTH_SIGN_WEBVH, text.p, text.len, &header, &sig)) ||
	    (rc = berth_multibase_encode(&value, 'z', sig.p, sig.len)) ||
	    (rc = berth_json_set_str(proof, "proofValue", berth_buf_cstr(&value))))
		goto out;
	*out = proof;
	proof = NULL;
out:
	berth_json_free(proof);
	berth_buf_free(&text);
	berth_buf_free(&header);
	berth_buf_free(&sig);
	berth_buf_free(&value);
	return rc;
}

/* ---- entries ---- */

struct draft {
	char time[BERTH_RFC3339_LEN + 1];
	struct berth_json *parameters, *document;	/* owned; without placeholders */
	struct berth_webvh_body body;
	struct berth_buf version_id;
};

static void draft_free(struct draft *d)
{
	berth_json_free(d->parameters);
	berth_json_free(d->document);
	berth_webvh_body_free(&d->body);
	berth_buf_free(&d->version_id);
}

static enum berth_err set_time(struct draft *d, const struct berth_webvh_head *head, int64_t now_s)
{
	int64_t s = head->number && now_s <= head->time.s ? head->time.s + 1 : now_s;

	if (s > now_s + BERTH_WEBVH_SKEW_S)
		return berth_fail(BERTH_E_CLOCK, "did:webvh: the last entry is of a time that is still to come");
	berth_rfc3339_format(d->time, s);
	return BERTH_OK;
}

/* A copy with the SCID for its placeholder, in names too. */
static enum berth_err fill(struct berth_json **json, const char *scid)
{
	struct berth_buf text = BERTH_BUF_INIT, filled = BERTH_BUF_INIT;
	struct berth_json *made;
	enum berth_err rc = berth_json_print(&text, *json);

	berth_webvh_replace(&filled, berth_buf_cstr(&text), BERTH_WEBVH_PLACEHOLDER, scid);
	if (!rc && !(rc = berth_buf_status(&filled)) &&
	    !(rc = berth_json_parse_exact(&made, berth_buf_cstr(&filled), filled.len, BERTH_WEBVH_LINE_MAX))) {
		berth_json_free(*json);
		*json = made;
	}
	berth_buf_free(&text);
	berth_buf_free(&filled);
	return rc;
}

/* method and scid come first, then the SCID is the hash of all, and then it stands
 * everywhere. */
static enum berth_err found(struct draft *d)
{
	struct berth_buf scid = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_json_set_str(d->parameters, "method", BERTH_WEBVH_METHOD)) ||
	    (rc = berth_json_set_str(d->parameters, "scid", BERTH_WEBVH_PLACEHOLDER)) ||
	    (rc = berth_webvh_body_make(&d->body, d->parameters, d->document, d->time)) ||
	    (rc = berth_webvh_scid(&scid, &d->body, BERTH_WEBVH_PLACEHOLDER)) ||
	    (rc = fill(&d->parameters, berth_buf_cstr(&scid))) || (rc = fill(&d->document, berth_buf_cstr(&scid))))
		goto out;
	berth_webvh_body_free(&d->body);
out:
	berth_buf_free(&scid);
	return rc;
}

static enum berth_err draft(struct draft *d, const struct berth_webvh_head *head, const struct berth_webvh_entry_spec *spec)
{
	struct berth_buf hash = BERTH_BUF_INIT;
	const char *previous = head->version_id;
	enum berth_err rc;

	if ((rc = set_time(d, head, spec->now_s)))
		return rc;
	d->parameters = berth_json_clone(spec->parameters);
	d->document = berth_json_clone(spec->document);
	if (!d->parameters || !d->document)
		return berth_no_memory();
	if (!head->number) {
		if ((rc = found(d)))
			return rc;
		previous = berth_json_str(berth_json_get(d->parameters, "scid"));
	}
	if ((rc = berth_webvh_body_make(&d->body, d->parameters, d->document, d->time)) ||
	    (rc = berth_webvh_entry_hash(&hash, &d->body, previous)))
		goto out;
	berth_buf_printf(&d->version_id, "%u-%s", head->number + 1, berth_buf_cstr(&hash));
	rc = berth_buf_status(&d->version_id);
out:
	berth_buf_free(&hash);
	return rc;
}

/* Said before the key is used, and with a word of its own. */
static enum berth_err check_signer(const struct berth_webvh_head *head, const struct draft *d, const char *kid)
{
	const struct berth_json *signers = berth_webvh_params_signers(&head->params, d->parameters, !head->number);
	const char *multikey = strchr(kid, '#');

	if (!multikey || !signers || !berth_json_says(signers, multikey + 1))
		return berth_fail(BERTH_E_KEY, "did:webvh: the key is not among the update keys that sign this entry");
	return BERTH_OK;
}

static enum berth_err format_line(struct berth_buf *out, struct draft *d, struct berth_json *proof)
{
	struct berth_json *entry = berth_json_new_object(), *proofs = berth_json_new_array();
	enum berth_err rc;

	if ((rc = berth_json_push(proofs, proof))) {
		berth_json_free(proofs);
		goto out;
	}
	if ((rc = berth_json_set_str(entry, "versionId", berth_buf_cstr(&d->version_id))) ||
	    (rc = berth_json_set_str(entry, "versionTime", d->time)) ||
	    (rc = berth_json_set(entry, "parameters", berth_json_clone(d->parameters))) ||
	    (rc = berth_json_set(entry, "state", berth_json_clone(d->document)))) {
		berth_json_free(proofs);
		goto out;
	}
	if ((rc = berth_json_set(entry, "proof", proofs)) || (rc = berth_json_print(out, entry)))
		goto out;
	rc = berth_buf_status(out);
out:
	berth_json_free(entry);
	return rc;
}

/* Whoever resolves it will read it like this. */
static enum berth_err advance(struct berth_webvh_head *head, const struct berth_buf *line, int64_t now_s)
{
	struct berth_webvh_entry e;
	enum berth_err rc = berth_webvh_entry_parse(&e, berth_buf_cstr(line), line->len);

	if (!rc)
		rc = berth_webvh_head_advance(head, &e, now_s);
	berth_webvh_entry_free(&e);
	return rc;
}

enum berth_err berth_webvh_entry_make(struct berth_buf *log, struct berth_webvh_head *head,
				      const struct berth_webvh_entry_spec *spec)
{
	struct berth_buf text = BERTH_BUF_INIT, line = BERTH_BUF_INIT;
	struct berth_json *proof;
	struct draft d = { .parameters = NULL };
	enum berth_err rc;

	if ((rc = draft(&d, head, spec)) || (rc = berth_webvh_params_check(&head->params, d.parameters, !head->number)) ||
	    (rc = check_signer(head, &d, spec->kid)) ||
	    (rc = berth_webvh_body_text(&text, &d.body, berth_buf_cstr(&d.version_id))) ||
	    (rc = make_proof(&proof, berth_buf_cstr(&text), spec->keyring, spec->kid, spec->now_s)) ||
	    (rc = format_line(&line, &d, proof)) || (rc = advance(head, &line, spec->now_s)))
		goto out;
	berth_buf_put(log, line.p, line.len);
	berth_buf_u8(log, '\n');
	rc = berth_buf_status(log);
out:
	draft_free(&d);
	berth_buf_free(&text);
	berth_buf_free(&line);
	return rc;
}

/* ---- approvals ---- */

static bool is_of(const struct berth_json *proof, const char *kid)
{
	return berth_json_says(berth_json_get(proof, "verificationMethod"), kid);
}

/* Out of the entry go this witness's proofs, and out of the file an entry without any. */
static void prune(struct berth_json *file, struct berth_json *entry, const char *kid)
{
	struct berth_json *proofs = berth_json_get_mut(entry, "proof"), *next;

	for (struct berth_json *p = berth_json_first_mut(proofs); p; p = next) {
		next = berth_json_next_mut(p);
		if (is_of(p, kid))
			berth_json_drop(proofs, p);
	}
	if (berth_json_len(proofs) == 0)
		berth_json_drop(file, entry);
}

/* "There may be two proofs of a witness: the most recent for a published entry, and one
 * for an unpublished": the last two versions keep theirs. */
static void prune_all(struct berth_json *file, uint32_t number, const char *kid)
{
	struct berth_json *next;

	for (struct berth_json *e = berth_json_first_mut(file); e; e = next) {
		const char *id = berth_json_str(berth_json_get(e, "versionId"));
		uint32_t n = id ? berth_webvh_version_number(id) : 0;

		next = berth_json_next_mut(e);
		if (n == number || n + 1 < number)
			prune(file, e, kid);
	}
}

static struct berth_json *proofs_of(struct berth_json *file, const char *version_id)
{
	struct berth_json *entry;

	for (entry = berth_json_first_mut(file); entry; entry = berth_json_next_mut(entry))
		if (berth_json_says(berth_json_get(entry, "versionId"), version_id))
			return berth_json_get_mut(entry, "proof");
	entry = berth_json_new_object();
	if (berth_json_set_str(entry, "versionId", version_id) || berth_json_set(entry, "proof", berth_json_new_array())) {
		berth_json_free(entry);
		return NULL;
	}
	if (berth_json_push(file, entry))
		return NULL;
	return proofs_of(file, version_id);
}

enum berth_err berth_webvh_approve(struct berth_json *witness_file, const char *version_id,
				   struct berth_keyring *keyring, const char *kid, int64_t now_s)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *proof = NULL, *proofs;
	enum berth_err rc;

	berth_webvh_witness_text(&text, version_id);
	if ((rc = berth_buf_status(&text)) == BERTH_OK &&
	    (rc = make_proof(&proof, berth_buf_cstr(&text), keyring, kid, now_s)) == BERTH_OK) {
		prune_all(witness_file, berth_webvh_version_number(version_id), kid);
		proofs = proofs_of(witness_file, version_id);
		rc = berth_json_push(proofs, proof);
	}
	berth_buf_free(&text);
	return rc;
}
