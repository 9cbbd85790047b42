/* SPDX-License-Identifier: Apache-2.0 */
/* Programs built against an earlier libberth.so.0 must still fit: the numbers and
 * the layout that docs/abi/libberth-0.txt promises (LP64).  New codes and members
 * may only stand behind those. */
#include "berth/didcomm.h"
#include "berth/key.h"
#include "did/base/buf.h"
#include "tests/check.h"

#define STRUCT(b, s) berth_buf_printf(b, "struct %s size %zu\n", #s, sizeof(struct s))
#define FIELD(b, s, f) berth_buf_printf(b, "  %s offset %zu size %zu\n", #f, offsetof(struct s, f), sizeof(((struct s *)0)->f))

static void how_to_pack(struct berth_buf *b)
{
	STRUCT(b, berth_didcomm_how);
	FIELD(b, berth_didcomm_how, size);
	FIELD(b, berth_didcomm_how, mode);
	FIELD(b, berth_didcomm_how, from);
	FIELD(b, berth_didcomm_how, to);
	FIELD(b, berth_didcomm_how, sign_by);
	FIELD(b, berth_didcomm_how, enc);
	FIELD(b, berth_didcomm_how, protect_sender);
}

static void keychains(struct berth_buf *b)
{
	STRUCT(b, berth_keychain_how);
	FIELD(b, berth_keychain_how, size);
	FIELD(b, berth_keychain_how, passphrase_file);
	FIELD(b, berth_keychain_how, tcti);
	FIELD(b, berth_keychain_how, create);
	FIELD(b, berth_keychain_how, module_path);
	FIELD(b, berth_keychain_how, pin_source);
	STRUCT(b, berth_keychain_jwe);
	FIELD(b, berth_keychain_jwe, size);
	FIELD(b, berth_keychain_jwe, alg);
	FIELD(b, berth_keychain_jwe, epk);
	FIELD(b, berth_keychain_jwe, apu);
	FIELD(b, berth_keychain_jwe, apv);
	FIELD(b, berth_keychain_jwe, encrypted_key);
	FIELD(b, berth_keychain_jwe, sender);
	FIELD(b, berth_keychain_jwe, tag);
}

static void numbers_and_layout_are_the_promised_ones(void **state)
{
	char *want = test_read_file("docs/abi/libberth-0.txt", NULL);
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	if (sizeof(void *) != 8)
		skip();
	for (int i = 0; i < BERTH_E__COUNT; i++)
		berth_buf_printf(&b, "BERTH_%s %d\n", berth_err_name((enum berth_err)i), i);
	berth_buf_printf(&b, "BERTH_KEYCHAIN_CEK_MAX %d\n", BERTH_KEYCHAIN_CEK_MAX);
	how_to_pack(&b);
	keychains(&b);
	assert_string_equal(want, berth_buf_cstr(&b));
	berth_buf_free(&b);
	free(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(numbers_and_layout_are_the_promised_ones) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
