/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: parsing, and asking for everything the table knows. */
#include <stddef.h>
#include <stdint.h>

#include "agent/core/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_config *c;
	struct berth_buf b = BERTH_BUF_INIT;
	const char *name;

	if (berth_config_parse(&c, "fuzz", (const char *)p, n))
		return 0;
	for (size_t i = 0; i < berth_options_n; i++) {
		const struct berth_option *o = &berth_options[i];

		if (o->type == BERTH_OPT_ANY)
			continue;
		for (size_t k = 0; (name = berth_config_section(c, o->section, k)); k++) {
			if (o->type == BERTH_OPT_INT || o->type == BERTH_OPT_TIME)
				(void)berth_config_int(c, o->section, name, o->key);
			(void)berth_config_item(c, o->section, name, o->key, 1);
		}
	}
	for (size_t k = 0; (name = berth_config_section(c, "adapter", k)); k++)
		if (berth_config_adapter_json(c, name, &b))
			break;
	berth_buf_free(&b);
	berth_config_free(c);
	return 0;
}
