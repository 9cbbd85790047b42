/* SPDX-License-Identifier: Apache-2.0 */
/* A plaintext message: any bytes, then every attachment that parsed. */
#include "did/base/secret.h"
#include "didcomm/message.h"
#include "didcomm/problem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_message m;
	struct berth_problem problem;

	berth_crypto_init();
	if (berth_message_parse(&m, (const char *)p, n))
		return 0;
	berth_json_each(a, m.attachments) {
		const char *id = berth_json_str(berth_json_get(a, "id"));
		struct berth_buf out = BERTH_BUF_INIT;

		if (id && berth_message_attachment(&m, id, &out) == BERTH_OK && out.len && !out.p)
			__builtin_trap();
		berth_buf_free(&out);
	}
	if (berth_problem_read(&problem, &m) == BERTH_OK && !problem.code)
		__builtin_trap();
	berth_message_free(&m);
	return 0;
}
