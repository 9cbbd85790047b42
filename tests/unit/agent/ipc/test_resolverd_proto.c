/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/resolverd_proto.h"

#include "berth/registry.h"
#include "tests/check.h"

typedef enum berth_err decode_fn(const void *p, size_t n);
#define DECODER(name) \
	static enum berth_err d_##name(const void *p, size_t n) \
	{ \
		struct berth_res_##name m; \
		return berth_res_##name##_decode(&m, p, n); \
	}
DECODER(load)
DECODER(loaded)
DECODER(resolve)
DECODER(answer)

static void only_whole(struct berth_buf *b, decode_fn *decode)
{
	CHECK_OK(berth_buf_status(b));
	CHECK_OK(decode(b->p, b->len));
	for (size_t n = 0; n < b->len; n++) {
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, b->p, n);
		CHECK_RC(BERTH_E_TYPE, decode(exact, n));
		free(exact);
	}
	berth_buf_u8(b, 0);
	CHECK_RC(BERTH_E_TYPE, decode(b->p, b->len));
	berth_buf_free(b);
}

static void no_message_decodes_in_part(void **state)
{
	struct berth_res_load load = { .path = "/usr/lib/x.so", .config = "{}" };
	struct berth_res_loaded loaded = { .name = "static", .methods = "*" };
	struct berth_res_resolve resolve = { .adapter = 1, .did = "did:web:a", .version_id = "1-a", .deadline_ms = 5, .max_bytes = 65536 };
	struct berth_res_answer answer = { .status = BERTH_REGISTRY_OK, .message = "m", .doc = (const uint8_t *)"{}", .doc_len = 2 };
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	berth_res_load_encode(&b, &load);
	only_whole(&b, d_load);
	berth_res_loaded_encode(&b, &loaded);
	only_whole(&b, d_loaded);
	berth_res_resolve_encode(&b, &resolve);
	only_whole(&b, d_resolve);
	berth_res_answer_encode(&b, &answer);
	only_whole(&b, d_answer);
}

static void contradictions_are_e_type(void **state)
{
	struct berth_res_answer no_doc = { .status = BERTH_REGISTRY_OK };
	struct berth_res_answer doc = { .status = BERTH_REGISTRY_NOT_FOUND, .doc = (const uint8_t *)"{}", .doc_len = 2 };
	struct berth_res_answer status = { .status = BERTH_REGISTRY_CANCELLED };
	struct berth_res_resolve large = { .did = "did:a:b", .max_bytes = BERTH_RES_DOC_MAX + 1 };
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	berth_res_answer_encode(&b, &no_doc);
	CHECK_RC(BERTH_E_TYPE, d_answer(b.p, b.len));
	berth_buf_reset(&b);
	berth_res_answer_encode(&b, &doc);
	CHECK_RC(BERTH_E_TYPE, d_answer(b.p, b.len));
	berth_buf_reset(&b);
	berth_res_answer_encode(&b, &status);
	CHECK_RC(BERTH_E_TYPE, d_answer(b.p, b.len));
	berth_buf_reset(&b);
	berth_res_resolve_encode(&b, &large);
	CHECK_RC(BERTH_E_TYPE, d_resolve(b.p, b.len));
	berth_buf_reset(&b);
	berth_buf_str16(&b, "/x");
	berth_buf_vec32(&b, "{\0}", 4);	/* a NUL inside */
	CHECK_RC(BERTH_E_TYPE, d_load(b.p, b.len));
	berth_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_message_decodes_in_part),
		cmocka_unit_test(contradictions_are_e_type),
	};

	return cmocka_run_group_tests_name("resolverd_proto", tests, NULL, NULL);
}
