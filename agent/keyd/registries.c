/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keyd/registries.h"

#include <inttypes.h>

enum berth_err keyd_registries_take(struct keyd_registries *out, const struct berth_keyd_request *hello)
{
	enum berth_err rc = BERTH_OK;

	out->fee_max = hello->ethr_fee_max;
	for (out->n = 0; !rc && out->n < BERTH_KEYD_REGISTRIES_MAX && hello->ethr_registry[out->n];)
		if (!(rc = berth_ethr_registry_parse(&out->v[out->n], hello->ethr_registry[out->n])))
			out->n++;
	return rc;
}

/* Chain and address together. */
static bool is_known(const struct keyd_registries *r, const struct berth_ethr_registry *to)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].chain_id == to->chain_id && berth_eth_address_equal(&r->v[i].address, &to->address))
			return true;
	return false;
}

enum berth_err keyd_registries_allow(const struct keyd_registries *r, const struct berth_ethr_order *o)
{
	uint64_t fee = o->legacy ? o->gas_price : o->max_fee;

	if (!is_known(r, &o->registry))
		return berth_fail(BERTH_E_AUTHZ, "did:ethr: a registry that ethr-registry does not name");
	if (fee > r->fee_max)
		return berth_fail(BERTH_E_QUOTA, "did:ethr: %" PRIu64 " wei for one unit of gas, at most %" PRIu64, fee, r->fee_max);
	return BERTH_OK;
}
