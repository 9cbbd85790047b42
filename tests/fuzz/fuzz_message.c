/* SPDX-License-Identifier: Apache-2.0 */
/* A plaintext message: any bytes, then every attachment that parsed, and who signed it. */
#include <stdlib.h>

#include "did/base/secret.h"
#include "didcomm/message.h"
#include "didcomm/problem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct berth_resolver resolver;
	struct berth_message m;
	struct berth_problem problem;

	berth_crypto_init();
	berth_resolver_builtin_init(&resolver, NULL);
	if (berth_message_parse(&m, (const char *)p, n))
		return 0;
	berth_json_each(a, m.attachments) {
		const char *id = berth_json_str(berth_json_get(a, "id"));
		struct berth_buf out = BERTH_BUF_INIT;
		char *kid = NULL;

		if (id && berth_message_attachment_signer(&m, id, &resolver, &kid) == BERTH_OK && !kid)
			__builtin_trap();
		free(kid);
		if (id && berth_message_attachment(&m, id, &out) == BERTH_OK && out.len && !out.p)
			__builtin_trap();
		berth_buf_free(&out);
	}
	if (berth_problem_read(&problem, &m) == BERTH_OK && !problem.code)
		__builtin_trap();
	berth_message_free(&m);
	return 0;
}
