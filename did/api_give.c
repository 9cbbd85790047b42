/* SPDX-License-Identifier: Apache-2.0 */
#include "did/api_give.h"

#include <string.h>

enum berth_err berth_api_give_text(char **out, struct berth_buf *b)
{
	enum berth_err rc = berth_buf_status(b);

	if (!rc && !(*out = berth_buf_take_str(b)))
		rc = berth_no_memory();
	berth_buf_free(b);
	return rc;
}

enum berth_err berth_api_give_json(char **out, struct berth_json *v)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = v ? berth_json_print(&b, v) : berth_no_memory();

	berth_json_free(v);
	if (!rc)
		return berth_api_give_text(out, &b);
	berth_buf_free(&b);
	return rc;
}

void berth_api_take_options(void *out, size_t max, const void *options, size_t size)
{
	memset(out, 0, max);
	memcpy(out, options, size < max ? size : max);
}
