/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner's policy says about devices that it has: approval, status, attestation,
 * certificates. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/config_internal.h"
#include "agent/protocol/attestation.h"

#define DIGEST_LEN 43		/* SHA-256 as base64url */

static enum berth_err texts(const struct berth_config *c, const char *section, const char *name, const char *key,
			    const char **list, size_t max, size_t *n)
{
	const char *v;

	for (*n = 0; (v = berth_config_item(c, section, name, key, *n)); list[(*n)++] = v)
		if (*n == max)
			return berth_fail(BERTH_E_CONFIG, "[%s%s%s] %s: more than %zu", section, name ? " " : "",
					  name ? name : "", key, max);
	return BERTH_OK;
}

static uint32_t pcr_mask(const struct berth_config *c, const char *section, const char *name)
{
	const char *pcr;
	uint32_t mask = 0;

	for (size_t i = 0; (pcr = berth_config_item(c, section, name, "attest-pcrs", i)); i++)
		mask |= UINT32_C(1) << strtoul(pcr, NULL, 10);	/* the parser lets 0 to 23 pass */
	return mask;
}

/* What is said of a model's devices, in place of what [policy] says of all. */
static void fleet(const struct berth_config *c, const char *name, struct berth_reference *r)
{
	const char *every = berth_config_str(c, "reference", name, "attest-every");
	const char *drift = berth_config_str(c, "reference", name, "attest-drift");

	r->attest_pcrs = pcr_mask(c, "reference", name);
	if ((r->says_every = every[0]))
		r->attest_every_s = berth_config_int(c, "reference", name, "attest-every");
	if ((r->says_drift = drift[0]))
		r->attest_quarantine = !strcmp(drift, "quarantine");
}

/* What nobody quotes is compared with nothing. */
static enum berth_err quoted(const struct berth_reference *r, uint32_t pcrs)
{
	for (size_t i = 0; i < r->n_pcrs; i++)
		if (!(pcrs >> strtoul(r->pcrs[i], NULL, 10) & 1))
			return berth_fail(BERTH_E_CONFIG, "[reference %s] pcr: %.10s... is not among attest-pcrs", r->name, r->pcrs[i]);
	return BERTH_OK;
}

static bool says_something(const struct berth_reference *r)
{
	return r->n_digests || r->n_pcrs || r->attest_pcrs || r->says_every || r->says_drift;
}

static enum berth_err reference(const struct berth_config *c, const char *name, const struct berth_policy *p,
				struct berth_reference *r)
{
	enum berth_err rc;

	r->name = name;
	r->model = berth_config_str(c, "reference", name, "model");
	fleet(c, name, r);
	if ((rc = texts(c, "reference", name, "digest", r->digests, BERTH_REFERENCE_DIGESTS_MAX, &r->n_digests)) ||
	    (rc = texts(c, "reference", name, "pcr", r->pcrs, BERTH_REFERENCE_PCRS_MAX, &r->n_pcrs)) ||
	    (rc = quoted(r, r->attest_pcrs ? r->attest_pcrs : p->attest_pcrs ? p->attest_pcrs : BERTH_ATTEST_PCRS)))
		return rc;
	if (!r->model[0] && !says_something(r))
		return BERTH_OK;
	if (!r->model[0] || !says_something(r))
		return berth_fail(BERTH_E_CONFIG, "[reference %s]: needs model, and digest, pcr or attest-...", name);
	for (size_t i = 0; i < r->n_digests; i++)
		if (strlen(r->digests[i]) != DIGEST_LEN)
			return berth_fail(BERTH_E_CONFIG, "[reference %s] digest: %.60s is not a SHA-256 in base64url", name,
					  r->digests[i]);
	return BERTH_OK;
}

static enum berth_err references(const struct berth_config *c, struct berth_policy *out)
{
	const char *name;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && (name = berth_config_section(c, "reference", i)); i++) {
		if (out->n_references == BERTH_POLICY_LIST_MAX)
			return berth_fail(BERTH_E_CONFIG, "[reference]: more than %d", BERTH_POLICY_LIST_MAX);
		if (!(rc = reference(c, name, out, &out->references[out->n_references])) && out->references[out->n_references].model[0])
			out->n_references++;
	}
	return rc;
}

static enum berth_err ldevid(const struct berth_config *c, struct berth_policy *out)
{
	out->ldevid_subject = berth_config_str(c, "ldevid", NULL, "subject");
	out->ldevid_s = berth_config_int(c, "ldevid", NULL, "lifetime");
	out->ldevid_crl = berth_config_str(c, "ldevid", NULL, "crl-url");
	out->ldevid_server = berth_config_bool(c, "ldevid", NULL, "server");
	return texts(c, "ldevid", NULL, "san", out->ldevid_sans, BERTH_X509_ORDER_SANS_MAX - 1, &out->n_ldevid_sans);
}

enum berth_err config_life(const struct berth_config *c, struct berth_policy *out)
{
	enum berth_err rc;

	out->credential_status = berth_config_bool(c, "policy", NULL, "credential-status");
	out->status_s = berth_config_int(c, "policy", NULL, "status-lifetime");
	out->attest_every_s = berth_config_int(c, "policy", NULL, "attest-every");
	out->attest_quarantine = !strcmp(berth_config_str(c, "policy", NULL, "attest-drift"), "quarantine");
	out->attest_silent = berth_config_int(c, "policy", NULL, "attest-silent");
	out->attest_lift = berth_config_bool(c, "policy", NULL, "attest-lift");
	out->attest_pcrs = pcr_mask(c, "policy", NULL);
	if ((rc = texts(c, "policy", NULL, "approve-model", out->approve_models, BERTH_POLICY_LIST_MAX, &out->n_approve_models)) ||
	    (rc = ldevid(c, out)))
		return rc;
	return references(c, out);
}
