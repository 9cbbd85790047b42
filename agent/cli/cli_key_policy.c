/* SPDX-License-Identifier: Apache-2.0 */
/* `berth key policy`: signs, away from the device, for the values that its PCRs will
 * have.  What it prints is a line of the file `policies` in the folder of a tpm2: store. */
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/cli_key.h"
#include "did/crypto/sign.h"
#include "did/keystore/tpm2_pcr.h"

#define VALUE_LEN 32

static enum berth_err read_values(const struct berth_cli *c, uint32_t mask, struct berth_buf *values)
{
	size_t want = (size_t)berth_pcr_count(mask) * VALUE_LEN;
	const char *path;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--values", &path)) ||
	    (rc = berth_cli_read(values, path, BERTH_PCRS * VALUE_LEN)))
		return rc;
	return values->len == want ? BERTH_OK
		: berth_fail(BERTH_E_USAGE, "--values: %zu bytes, not %d for each of %u PCRs", values->len, VALUE_LEN,
			     berth_pcr_count(mask));
}

static enum berth_err check_bank(const struct berth_cli *c)
{
	const char *bank = berth_cli_get(c, "--bank");

	return !bank || !strcmp(bank, "sha256") ? BERTH_OK
		: berth_fail(BERTH_E_USAGE, "--bank: %s, only sha256 is known", bank);
}

static enum berth_err sign(const struct berth_cli_key *k, struct berth_pcr_policy *p)
{
	uint8_t message[VALUE_LEN + BERTH_PCR_POLICY_REF_LEN], sig[BERTH_SIG_MAX];
	enum berth_err rc;
	size_t n;

	if (k->pub.type != BERTH_KEY_P256)
		return berth_fail(BERTH_E_KEY, "a policy key is P-256");
	p->key = k->pub;
	berth_pcr_policy_message(message, p->policy);
	rc = k->ks ? berth_keystore_sign(k->ks, k->info.name, message, sizeof(message), sig, &n)
		   : berth_sign(sig, &n, &k->priv, message, sizeof(message));
	if (!rc)
		memcpy(p->sig, sig, sizeof(p->sig));
	return rc;
}

enum berth_err berth_cli_key_policy(struct berth_cli *c)
{
	struct berth_pcr_policy p = { .mask = 0 };
	struct berth_cli_key k = { .ks = NULL };
	struct berth_buf values = BERTH_BUF_INIT;
	const char *pcrs;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--pcrs", &pcrs)) || (rc = check_bank(c)))
		return rc;
	if (berth_pcr_list_parse(&p.mask, pcrs))
		return berth_fail(BERTH_E_USAGE, "--pcrs: not numbers from 0 to 23, rising, as in 0,2,7");
	if ((rc = read_values(c, p.mask, &values)) || (rc = berth_cli_key_open(c, &k, true)))
		goto out;
	berth_pcr_policy_digest(p.policy, p.mask, values.p);
	if (!(rc = sign(&k, &p)))
		rc = berth_cli_print(c, berth_pcr_policy_json(&p));
out:
	berth_buf_free(&values);
	berth_cli_key_close(&k);
	return rc;
}
