/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "didcomm/media.h"

static void c060_spellings_of_a_media_type(void **state)
{
	(void)state;
	CHECK(berth_media_parse("application/didcomm-encrypted+json") == BERTH_MEDIA_IS_ENCRYPTED);
	CHECK(berth_media_parse("didcomm-encrypted+json") == BERTH_MEDIA_IS_ENCRYPTED);
	CHECK(berth_media_parse("Application/DIDComm-Encrypted+JSON") == BERTH_MEDIA_IS_ENCRYPTED);
	CHECK(berth_media_parse(" application/didcomm-signed+json ; charset=utf-8") == BERTH_MEDIA_IS_SIGNED);
	CHECK(berth_media_parse("didcomm-signed+json") == BERTH_MEDIA_IS_SIGNED);
	CHECK(berth_media_parse("application/didcomm-plain+json") == BERTH_MEDIA_IS_PLAIN);
}

static void c060_anything_else_is_none(void **state)
{
	static const char *const bad[] = {
		"", " ", ";", "application/", "application/json", "text/plain",
		"application/didcomm-encrypted", "application/didcomm-encrypted+jsonx",
		"text/didcomm-encrypted+json", "application/application/didcomm-encrypted+json",
		"application/didcomm-encrypted+json, text/plain", "application/didcomm-encrypted+json x",
		"application/didcomm-envelope-enc", "xapplication/didcomm-plain+json",
	};

	(void)state;
	CHECK(berth_media_parse(NULL) == BERTH_MEDIA_IS_NONE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (berth_media_parse(bad[i]) != BERTH_MEDIA_IS_NONE)
			fail_msg("accepted: %s", bad[i]);
}

static void legacy_content_type_is_for_transports_only(void **state)
{
	(void)state;
	CHECK(berth_media_parse_content_type("application/didcomm-envelope-enc") == BERTH_MEDIA_IS_ENCRYPTED);
	CHECK(berth_media_parse_content_type("application/didcomm-signed+json") == BERTH_MEDIA_IS_SIGNED);
	CHECK(berth_media_parse_content_type("application/ssi-agent-wire") == BERTH_MEDIA_IS_NONE);
	CHECK(berth_media_parse_content_type(NULL) == BERTH_MEDIA_IS_NONE);
}

static void content_types_of_v1_are_told(void **state)
{
	static const char *const v1[] = {
		"application/ssi-agent-wire", "application/didcomm-enc-env", "application/didcomm-sig-env",
		"application/SSI-agent-wire; charset=utf-8", "ssi-agent-wire",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v1) / sizeof(v1[0]); i++) {
		CHECK(berth_media_is_v1(v1[i]));
		CHECK(berth_media_parse_content_type(v1[i]) == BERTH_MEDIA_IS_NONE);
	}
	CHECK(!berth_media_is_v1("application/didcomm-envelope-enc"));	/* v2 is sent under it as well */
	CHECK(!berth_media_is_v1("application/didcomm-encrypted+json"));
	CHECK(!berth_media_is_v1("application/json"));
	CHECK(!berth_media_is_v1(""));
	CHECK(!berth_media_is_v1(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c060_spellings_of_a_media_type),
		cmocka_unit_test(c060_anything_else_is_none),
		cmocka_unit_test(legacy_content_type_is_for_transports_only),
		cmocka_unit_test(content_types_of_v1_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
