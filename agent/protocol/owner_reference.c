/* SPDX-License-Identifier: Apache-2.0 */
/* What the PCRs of a device are compared with, and what policy has for its model.  data:
 *
 *	pcrDigest, pcrValues?		prove-device's, over BERTH_ATTEST_PCRS
 *	pcrBase {pcrs, pcrDigest, values?}	the first good answer's, where other PCRs are asked for */
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/attestation.h"
#include "agent/protocol/owner.h"
#include "did/base/hex.h"
#include "did/codec/base64url.h"

static bool is_of(const struct berth_reference *r, const char *model) { return !model || strcmp(r->model, model) == 0; }

/* ---- policy ---- */
struct owner_attest_policy owner_attest_policy(const struct berth_policy *p, const char *model)
{
	struct owner_attest_policy out = { p->attest_every_s, p->attest_pcrs, p->attest_quarantine };

	for (size_t i = p->n_references; i-- > 0; ) {	/* the first that says something wins */
		const struct berth_reference *r = &p->references[i];

		if (!is_of(r, model))
			continue;
		if (r->says_every)
			out.every_s = r->attest_every_s;
		if (r->attest_pcrs)
			out.pcrs = r->attest_pcrs;
		if (r->says_drift)
			out.quarantine = r->attest_quarantine;
	}
	if (!out.pcrs)
		out.pcrs = BERTH_ATTEST_PCRS;
	return out;
}

/* ---- references ---- */
static bool is_known(const struct berth_reference *r, const char *digest)
{
	for (size_t i = 0; i < r->n_digests; i++)
		if (strcmp(r->digests[i], digest) == 0)
			return true;
	return r->n_digests == 0;
}

/* Whether the reference says something of that PCR, and has that value among it. */
static bool pcr_fits(const struct berth_reference *r, int pcr, const uint8_t value[32])
{
	char hex[65], *colon;
	bool said = false;

	berth_hex_encode(hex, value, 32);
	for (size_t i = 0; i < r->n_pcrs; i++) {
		if (strtol(r->pcrs[i], &colon, 10) != pcr)
			continue;
		if (strcmp(colon + 1, hex) == 0)
			return true;
		said = true;
	}
	return !said;
}

/* The first PCR that is none of the reference's; -1: all that were quoted fit. */
static int odd_pcr(const struct berth_reference *r, const struct berth_pcr_values *v)
{
	if (!v->mask && r->n_pcrs)
		return (int)strtol(r->pcrs[0], NULL, 10);	/* nobody says what it is */
	for (int i = 0; i < BERTH_PCRS; i++)
		if ((v->mask >> i & 1) && !pcr_fits(r, i, v->v[i]))
			return i;
	return -1;
}

enum owner_reference owner_look_up(const struct berth_policy *p, const char *model, const struct owner_quoted *q,
				   struct owner_mismatch *m)
{
	enum owner_reference found = OWNER_REFERENCE_NONE;
	struct berth_buf text = BERTH_BUF_INIT;

	*m = (struct owner_mismatch){ .pcr = -1 };
	berth_b64url_encode(&text, q->digest, 32);
	for (size_t i = 0; i < p->n_references && found != OWNER_REFERENCE_MATCHES; i++) {
		const struct berth_reference *r = &p->references[i];

		if (!is_of(r, model) || (!r->n_digests && !r->n_pcrs))
			continue;
		m->name = r->name;
		m->pcr = odd_pcr(r, &q->values);
		found = m->pcr < 0 && is_known(r, berth_buf_cstr(&text)) ? OWNER_REFERENCE_MATCHES : OWNER_REFERENCE_DIFFERS;
	}
	berth_buf_free(&text);
	return found;
}

/* ---- as before ---- */
/* What was quoted of the same PCRs at first; false: nothing was. */
static bool first_quoted(const struct berth_instance *inst, uint32_t pcrs, struct owner_quoted *out)
{
	const struct berth_json *base = berth_json_get(inst->data, "pcrBase");
	uint32_t of;

	*out = (struct owner_quoted){ 0 };
	if (base && !berth_pcr_list_read(&of, base) && of == pcrs)
		return !berth_body_get_32(base, "pcrDigest", out->digest) && !berth_pcr_values_read(&out->values, of, base, "values");
	return pcrs == BERTH_ATTEST_PCRS && !berth_body_get_32(inst->data, "pcrDigest", out->digest) &&
	       !berth_pcr_values_read(&out->values, pcrs, inst->data, "pcrValues");
}

static enum berth_err set_base(struct berth_instance *inst, uint32_t pcrs, const struct owner_quoted *q)
{
	struct berth_json *out = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_b64url(out, "pcrDigest", q->digest, 32)) ||
	    (q->values.mask && (rc = berth_pcr_values_set(out, "values", &q->values))) ||
	    (rc = berth_json_set(out, "pcrs", berth_pcr_list_json(pcrs)))) {
		berth_json_free(out);
		return rc;
	}
	return berth_json_set(inst->data, "pcrBase", out);
}

static uint32_t changed(const struct berth_pcr_values *a, const struct berth_pcr_values *b)
{
	uint32_t out = 0;

	for (int i = 0; i < BERTH_PCRS; i++)
		if ((a->mask & b->mask) >> i & 1 && memcmp(a->v[i], b->v[i], 32) != 0)
			out |= UINT32_C(1) << i;
	return out;
}

static void put_pcrs(struct berth_buf *text, uint32_t mask)
{
	const char *before = ": PCR ";

	for (int i = 0; i < BERTH_PCRS; i++) {
		if (!(mask >> i & 1))
			continue;
		berth_buf_printf(text, "%s%d", before, i);
		before = ", ";
	}
}

/* Where there is no reference, the first good answer is what the later ones are compared
 * with; for the usual PCRs that was prove-device's. */
enum berth_err owner_compare(struct berth_env *env, struct berth_instance *inst, uint32_t pcrs, const struct owner_quoted *q,
			     struct berth_buf *drift, uint32_t *odd, bool *compared)
{
	struct owner_quoted first;
	struct owner_mismatch m;
	bool have = first_quoted(inst, pcrs, &first);

	*odd = changed(&first.values, &q->values);
	*compared = true;
	switch (owner_look_up(env->policy, berth_data_str(inst->data, "model"), q, &m)) {
	case OWNER_REFERENCE_MATCHES:
		return BERTH_OK;
	case OWNER_REFERENCE_DIFFERS:
		if (m.pcr >= 0) {
			*odd = UINT32_C(1) << m.pcr;
			berth_buf_printf(drift, q->values.mask ? "PCR %d is not one of reference %.60s"
							       : "PCR %d is not said, as reference %.60s asks", m.pcr, m.name);
			return berth_buf_status(drift);
		}
		berth_buf_str(drift, "the PCRs are not those of its model's reference");
		break;
	case OWNER_REFERENCE_NONE:
		if (!(*compared = have))
			return set_base(inst, pcrs, q);
		if (memcmp(first.digest, q->digest, 32) == 0)
			return BERTH_OK;
		berth_buf_str(drift, "the PCRs have changed since it was onboarded");
		break;
	}
	put_pcrs(drift, *odd);
	return berth_buf_status(drift);
}
