/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/distrust.h"

static int64_t weight(const struct berth_json *notes, const char *name)
{
	int64_t w = 0;

	if (berth_json_opt_int(notes, name, 0, BERTH_DISTRUST_MAX, &w))
		return 0;
	return w;
}

bool berth_distrusted(const struct berth_json *notes, const char *name)
{
	return weight(notes, name) > 1;
}

enum berth_err berth_distrust_lied(struct berth_json *notes, const char *name)
{
	int64_t w = 4 * weight(notes, name) + 1;

	return berth_json_set_int(notes, name, w < BERTH_DISTRUST_MAX ? w : BERTH_DISTRUST_MAX);
}

enum berth_err berth_distrust_decay(struct berth_json *notes, const char *name)
{
	int64_t w = weight(notes, name) / 2;

	if (w)
		return berth_json_set_int(notes, name, w);
	berth_json_remove(notes, name);
	return BERTH_OK;
}
