/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/buf.h"
#include "did/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The parts of a URL, put together again, are the URL. */
static void check_parts(const struct berth_did_url *u, const char *text)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_str(&b, u->did);
	berth_buf_str(&b, u->path ? u->path : "");
	if (u->query)
		berth_buf_printf(&b, "?%s", u->query);
	if (u->fragment)
		berth_buf_printf(&b, "#%s", u->fragment);
	if (!berth_is_did(u->did) || strcmp(berth_buf_cstr(&b), text) != 0 || strcmp(u->text, text) != 0)
		abort();
	berth_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = strndup((const char *)p, n);
	struct berth_did_url u;

	if (!text)
		return 0;
	if (berth_did_url_parse(&u, text) == BERTH_OK) {
		check_parts(&u, text);
		if (!berth_did_url_same(text, text) || berth_is_kid(text) != (u.fragment && *u.fragment))
			abort();
	} else if (berth_is_did(text) || berth_is_kid(text)) {
		abort();
	}
	berth_did_url_free(&u);
	free(text);
	return 0;
}
