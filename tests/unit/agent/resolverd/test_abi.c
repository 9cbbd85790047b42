/* SPDX-License-Identifier: Apache-2.0 */
/* Adapters built years ago must still fit: docs/abi/registry-2.0.txt is the layout that
 * was promised, and include/berth/registry.h must have it (LP64).  That the header has no
 * member or number more than the promise of its own version is for
 * tests/tools/check-abi.py. */
#include "berth/registry.h"
#include "did/base/buf.h"
#include "tests/check.h"

static void struct_line(struct berth_buf *b, const char *name, size_t size)
{
	berth_buf_printf(b, "struct %s size %zu\n", name, size);
}

#define FIELD(b, s, f) berth_buf_printf(b, "  %s offset %zu size %zu\n", #f, offsetof(struct s, f), sizeof(((struct s *)0)->f))
#define NUMBER(b, n) berth_buf_printf(b, "%s %d\n", #n, n)

static void numbers(struct berth_buf *b)
{
	NUMBER(b, BERTH_REGISTRY_ABI_MAJOR);
	NUMBER(b, BERTH_REGISTRY_ABI_MINOR);
	berth_buf_printf(b, "BERTH_REGISTRY_SYMBOL %s\n", BERTH_REGISTRY_SYMBOL);
	NUMBER(b, BERTH_REGISTRY_OK);
	NUMBER(b, BERTH_REGISTRY_NOT_FOUND);
	NUMBER(b, BERTH_REGISTRY_INVALID);
	NUMBER(b, BERTH_REGISTRY_UNAVAILABLE);
	NUMBER(b, BERTH_REGISTRY_REFUSED);
	NUMBER(b, BERTH_REGISTRY_TOO_BIG);
	NUMBER(b, BERTH_REGISTRY_UNSUPPORTED);
	NUMBER(b, BERTH_REGISTRY_CONFLICT);
	NUMBER(b, BERTH_REGISTRY_CANCELLED);
	NUMBER(b, BERTH_REGISTRY_RESOLVE);
	NUMBER(b, BERTH_REGISTRY_CREATE);
	NUMBER(b, BERTH_REGISTRY_UPDATE);
	NUMBER(b, BERTH_REGISTRY_DEACTIVATE);
	NUMBER(b, BERTH_REGISTRY_FETCH);
	NUMBER(b, BERTH_REGISTRY_PROPOSE);
	NUMBER(b, BERTH_REGISTRY_SUBMIT);
	NUMBER(b, BERTH_REGISTRY_CHECK);
}

static void questions(struct berth_buf *b)
{
	struct_line(b, "berth_registry_part", sizeof(struct berth_registry_part));
	FIELD(b, berth_registry_part, name);
	FIELD(b, berth_registry_part, p);
	FIELD(b, berth_registry_part, n);
	struct_line(b, "berth_registry_request", sizeof(struct berth_registry_request));
	FIELD(b, berth_registry_request, size);
	FIELD(b, berth_registry_request, op);
	FIELD(b, berth_registry_request, phase);
	FIELD(b, berth_registry_request, deadline_ms);
	FIELD(b, berth_registry_request, max_bytes);
	FIELD(b, berth_registry_request, did);
	FIELD(b, berth_registry_request, version_id);
	FIELD(b, berth_registry_request, version_time);
	FIELD(b, berth_registry_request, resource);
	FIELD(b, berth_registry_request, parts);
	FIELD(b, berth_registry_request, n_parts);
	struct_line(b, "berth_registry_answer", sizeof(struct berth_registry_answer));
	FIELD(b, berth_registry_answer, size);
	FIELD(b, berth_registry_answer, status);
	FIELD(b, berth_registry_answer, parts);
	FIELD(b, berth_registry_answer, n_parts);
	FIELD(b, berth_registry_answer, message);
	FIELD(b, berth_registry_answer, ttl_s);
}

static void exchanges(struct berth_buf *b)
{
	struct_line(b, "berth_registry_http", sizeof(struct berth_registry_http));
	FIELD(b, berth_registry_http, size);
	FIELD(b, berth_registry_http, method);
	FIELD(b, berth_registry_http, url);
	FIELD(b, berth_registry_http, accept);
	FIELD(b, berth_registry_http, content_type);
	FIELD(b, berth_registry_http, authorization);
	FIELD(b, berth_registry_http, body);
	FIELD(b, berth_registry_http, body_len);
	FIELD(b, berth_registry_http, max_bytes);
	struct_line(b, "berth_registry_http_reply", sizeof(struct berth_registry_http_reply));
	FIELD(b, berth_registry_http_reply, size);
	FIELD(b, berth_registry_http_reply, status);
	FIELD(b, berth_registry_http_reply, code);
	FIELD(b, berth_registry_http_reply, content_type);
	FIELD(b, berth_registry_http_reply, body);
	FIELD(b, berth_registry_http_reply, body_len);
	FIELD(b, berth_registry_http_reply, max_age_s);
	FIELD(b, berth_registry_http_reply, message);
}

static void tables(struct berth_buf *b)
{
	struct_line(b, "berth_registry_host", sizeof(struct berth_registry_host));
	FIELD(b, berth_registry_host, size);
	FIELD(b, berth_registry_host, log);
	FIELD(b, berth_registry_host, answer);
	FIELD(b, berth_registry_host, http);
	FIELD(b, berth_registry_host, timer);
	struct_line(b, "berth_registry_adapter", sizeof(struct berth_registry_adapter));
	FIELD(b, berth_registry_adapter, size);
	FIELD(b, berth_registry_adapter, abi_major);
	FIELD(b, berth_registry_adapter, abi_minor);
	FIELD(b, berth_registry_adapter, name);
	FIELD(b, berth_registry_adapter, methods);
	FIELD(b, berth_registry_adapter, operations);
	FIELD(b, berth_registry_adapter, start);
	FIELD(b, berth_registry_adapter, stop);
	FIELD(b, berth_registry_adapter, ask);
	FIELD(b, berth_registry_adapter, cancel);
}

/* The file of the version that the header says it is: another layout needs another. */
static void the_layout_is_the_promised_one(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT, path = BERTH_BUF_INIT;
	char *want;

	(void)state;
	if (sizeof(void *) != 8)
		skip();
	berth_buf_printf(&path, "docs/abi/registry-%d.%d.txt", BERTH_REGISTRY_ABI_MAJOR, BERTH_REGISTRY_ABI_MINOR);
	want = test_read_file(berth_buf_cstr(&path), NULL);
	numbers(&b);
	questions(&b);
	exchanges(&b);
	tables(&b);
	assert_string_equal(want, berth_buf_cstr(&b));
	berth_buf_free(&b);
	berth_buf_free(&path);
	free(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_layout_is_the_promised_one),
	};

	return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
