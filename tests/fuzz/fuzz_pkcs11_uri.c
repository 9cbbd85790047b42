/* SPDX-License-Identifier: Apache-2.0 */
/* Any URI: refused, or written again in one spelling that means the same. */
#include <stdlib.h>
#include <string.h>

#include "did/keystore/keystore_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void write_again(const struct berth_pkcs11_uri *u)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_pkcs11_uri again, same = *u;

	berth_pkcs11_uri_format(&b, u, u->object);
	/* the id is not written */
	memset(same.id, 0, sizeof(same.id));
	same.id_len = 0;
	if (berth_pkcs11_uri_parse(&again, berth_buf_cstr(&b) + strlen("pkcs11:")) != BERTH_OK ||
	    memcmp(&again, &same, sizeof(same)) != 0)
		abort();
	berth_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_pkcs11_uri u;
	char *s = malloc(n + 1);

	if (!s)
		return 0;
	if (n)
		memcpy(s, p, n);
	s[n] = '\0';
	if (berth_pkcs11_uri_parse(&u, s) == BERTH_OK)
		write_again(&u);
	free(s);
	return 0;
}
