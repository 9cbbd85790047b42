/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/resolveclient.h"

enum berth_err berth_resolveclient_add_configured(struct berth_resolveclient *c, const struct berth_config *cfg)
{
	struct berth_buf json = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;
	const char *name;

	for (size_t i = 0; !rc && (name = berth_config_section(cfg, "adapter", i)); i++) {
		berth_buf_reset(&json);
		if (!(rc = berth_config_adapter_json(cfg, name, &json)))
			rc = berth_resolveclient_add(c, name, berth_config_str(cfg, "adapter", name, "path"),
						     berth_buf_cstr(&json));
	}
	berth_buf_free(&json);
	return rc;
}
