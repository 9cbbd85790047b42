/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keyd/registries.h"

enum berth_err keyd_registries_take(struct keyd_registries *out, const char *const text[BERTH_KEYD_REGISTRIES_MAX])
{
	enum berth_err rc = BERTH_OK;

	for (out->n = 0; !rc && out->n < BERTH_KEYD_REGISTRIES_MAX && text[out->n];)
		if (!(rc = berth_ethr_registry_parse(&out->v[out->n], text[out->n])))
			out->n++;
	return rc;
}

/* Chain and address together. */
bool keyd_registries_have(const struct keyd_registries *known, const struct berth_ethr_registry *r)
{
	for (size_t i = 0; i < known->n; i++)
		if (known->v[i].chain_id == r->chain_id && berth_eth_address_equal(&known->v[i].address, &r->address))
			return true;
	return false;
}
