/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner's policy says about devices that it has: approval, status, attestation,
 * certificates. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/config_internal.h"
#include "agent/protocol/protocol.h"

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

static enum berth_err reference(const struct berth_config *c, const char *name, struct berth_reference *r)
{
	enum berth_err rc = texts(c, "reference", name, "digest", r->digests, BERTH_REFERENCE_DIGESTS_MAX, &r->n_digests);

	if (rc)
		return rc;
	r->name = name;
	r->model = berth_config_str(c, "reference", name, "model");
	if (!r->model[0] && !r->n_digests)
		return BERTH_OK;
	if (!r->model[0] || !r->n_digests)
		return berth_fail(BERTH_E_CONFIG, "[reference %s]: needs model and digest", name);
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
		if (!(rc = reference(c, name, &out->references[out->n_references])) && out->references[out->n_references].n_digests)
			out->n_references++;
	}
	return rc;
}

static enum berth_err ldevid(const struct berth_config *c, struct berth_policy *out)
{
	out->ldevid_subject = berth_config_str(c, "ldevid", NULL, "subject");
	out->ldevid_s = berth_config_int(c, "ldevid", NULL, "lifetime");
	out->ldevid_server = berth_config_bool(c, "ldevid", NULL, "server");
	return texts(c, "ldevid", NULL, "san", out->ldevid_sans, BERTH_X509_ORDER_SANS_MAX - 1, &out->n_ldevid_sans);
}

enum berth_err config_life(const struct berth_config *c, struct berth_policy *out)
{
	const char *pcr;
	enum berth_err rc;

	out->credential_status = berth_config_bool(c, "policy", NULL, "credential-status");
	out->status_s = berth_config_int(c, "policy", NULL, "status-lifetime");
	out->attest_every_s = berth_config_int(c, "policy", NULL, "attest-every");
	out->attest_quarantine = !strcmp(berth_config_str(c, "policy", NULL, "attest-drift"), "quarantine");
	for (size_t i = 0; (pcr = berth_config_item(c, "policy", NULL, "attest-pcrs", i)); i++)
		out->attest_pcrs |= UINT32_C(1) << strtoul(pcr, NULL, 10);	/* the parser lets 0 to 23 pass */
	if ((rc = texts(c, "policy", NULL, "approve-model", out->approve_models, BERTH_POLICY_LIST_MAX, &out->n_approve_models)) ||
	    (rc = ldevid(c, out)))
		return rc;
	return references(c, out);
}
