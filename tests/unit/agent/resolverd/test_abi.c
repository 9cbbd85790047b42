/* SPDX-License-Identifier: Apache-2.0 */
/* Adapters built years ago must still fit: docs/abi/registry-1.1.txt is the layout
 * that was promised, and include/berth/registry.h must have it (LP64). */
#include "berth/registry.h"
#include "did/base/buf.h"
#include "tests/check.h"

static void struct_line(struct berth_buf *b, const char *name, size_t size)
{
	berth_buf_printf(b, "struct %s size %zu\n", name, size);
}

#define FIELD(b, s, f) berth_buf_printf(b, "  %s offset %zu size %zu\n", #f, offsetof(struct s, f), sizeof(((struct s *)0)->f))
#define NUMBER(b, n) berth_buf_printf(b, "%s %d\n", #n, n)

static void the_layout_is_the_promised_one(void **state)
{
	char *want = test_read_file("docs/abi/registry-1.1.txt", NULL);
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	if (sizeof(void *) != 8)
		skip();
	NUMBER(&b, BERTH_REGISTRY_ABI_MAJOR);
	NUMBER(&b, BERTH_REGISTRY_ABI_MINOR);
	berth_buf_printf(&b, "BERTH_REGISTRY_SYMBOL %s\n", BERTH_REGISTRY_SYMBOL);
	NUMBER(&b, BERTH_REGISTRY_OK);
	NUMBER(&b, BERTH_REGISTRY_NOT_FOUND);
	NUMBER(&b, BERTH_REGISTRY_INVALID);
	NUMBER(&b, BERTH_REGISTRY_UNAVAILABLE);
	struct_line(&b, "berth_registry_host", sizeof(struct berth_registry_host));
	FIELD(&b, berth_registry_host, size);
	FIELD(&b, berth_registry_host, log);
	FIELD(&b, berth_registry_host, answer);
	struct_line(&b, "berth_registry_adapter", sizeof(struct berth_registry_adapter));
	FIELD(&b, berth_registry_adapter, size);
	FIELD(&b, berth_registry_adapter, abi_major);
	FIELD(&b, berth_registry_adapter, abi_minor);
	FIELD(&b, berth_registry_adapter, name);
	FIELD(&b, berth_registry_adapter, methods);
	FIELD(&b, berth_registry_adapter, start);
	FIELD(&b, berth_registry_adapter, stop);
	FIELD(&b, berth_registry_adapter, resolve);
	FIELD(&b, berth_registry_adapter, resolve_version);
	assert_string_equal(want, berth_buf_cstr(&b));
	berth_buf_free(&b);
	free(want);
}

/* What 1.0 promised is still where it was, but for the numbers of the version and the
 * size. */
static void the_first_layout_is_in_it(void **state)
{
	char *first = test_read_file("docs/abi/registry-1.0.txt", NULL), *now = test_read_file("docs/abi/registry-1.1.txt", NULL);

	(void)state;
	for (char *line = strtok(first, "\n"); line; line = strtok(NULL, "\n"))
		if (!strstr(line, "ABI_MINOR") && !strstr(line, "berth_registry_adapter size"))
			CHECK(strstr(now, line));
	free(first);
	free(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_layout_is_the_promised_one),
		cmocka_unit_test(the_first_layout_is_in_it),
	};

	return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
