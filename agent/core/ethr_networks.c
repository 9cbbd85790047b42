/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/ethr_networks.h"

#include <stdio.h>
#include <string.h>

#include "did/base/json.h"

#define NETWORK_NAME_MAX BERTH_ETHR_NETWORK_MAX	/* 64: the format below */

/* NAME CHAIN-ID REGISTRY URL; a word that is cut is too long for what it should be. */
static enum berth_err read_network(const char *option, const char *text, char name[NETWORK_NAME_MAX + 2], struct berth_ethr_registry *r)
{
	char chain[22], address[BERTH_ETH_ADDRESS_LEN + 2], url[2], both[sizeof(chain) + sizeof(address) + 1];

	if (sscanf(text, "%65s %21s %43s %1s", name, chain, address, url) != 4 || strlen(name) > NETWORK_NAME_MAX)
		return berth_fail(BERTH_E_CONFIG, "%s is not NAME CHAIN-ID REGISTRY URL", option);
	snprintf(both, sizeof(both), "%s:%s", chain, address);
	return berth_ethr_registry_parse(r, both);
}

static bool is_of(const struct berth_ethr_did *did, const char *name, const struct berth_ethr_registry *r)
{
	const char *wanted = *did->network ? did->network : "mainnet";

	if (strncmp(wanted, "0x", 2) == 0)
		return did->chain_id == r->chain_id;
	return strcmp(wanted, name) == 0;
}

static enum berth_err find_in(struct berth_ethr_registry *out, bool *found, const struct berth_json *options,
			      const struct berth_ethr_did *did)
{
	char name[NETWORK_NAME_MAX + 2];
	struct berth_ethr_registry r;
	enum berth_err rc;

	berth_json_each(o, options) {
		const char *key = berth_json_key(o);

		if (strcmp(key, "network") != 0 && strncmp(key, "network-", 8) != 0)
			continue;
		if ((rc = read_network(key, berth_json_str(o), name, &r)))
			return rc;
		if (!*found && is_of(did, name, &r)) {
			*found = true;
			*out = r;
		}
	}
	return BERTH_OK;
}

enum berth_err berth_ethr_registry_of(struct berth_ethr_registry *out, const struct berth_config *cfg, const struct berth_ethr_did *did)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;
	bool found = false;
	const char *name;

	for (size_t i = 0; !rc && !found && (name = berth_config_section(cfg, "adapter", i)); i++) {
		struct berth_json *options = NULL;

		berth_buf_reset(&text);
		if (!(rc = berth_config_adapter_json(cfg, name, &text)) &&
		    !(rc = berth_json_parse_object(&options, berth_buf_cstr(&text), text.len, BERTH_JSON_MAX)))
			rc = find_in(out, &found, options, did);
		berth_json_free(options);
	}
	berth_buf_free(&text);
	if (!rc && !found)
		rc = berth_fail(BERTH_E_RESOLVE, "no [adapter] has a network %s", *did->network ? did->network : "mainnet");
	return rc;
}
