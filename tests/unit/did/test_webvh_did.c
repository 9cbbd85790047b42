/* SPDX-License-Identifier: Apache-2.0 */
/* did:webvh DIDs as text, where they lead, and what the specification gives as examples. */
#include "tests/check.h"

#include "did/webvh_did.h"
#include "did/webvh_hash.h"

static void c091_c096_dids_and_their_places(void **state)
{
#define SCID "QmWGqHMYsShoNu8Sm1R9tLPGersH8EHwnqMEhJitruJ94M"
	static const struct { const char *rest, *url; } cases[] = {
		{ "example.com", "https://example.com/.well-known/did.jsonl" },
		{ "issuer.example.com", "https://issuer.example.com/.well-known/did.jsonl" },
		{ "example.com:dids:issuer", "https://example.com/dids/issuer/did.jsonl" },
		{ "example.com%3A3000:dids:issuer", "https://example.com:3000/dids/issuer/did.jsonl" },
		{ "example.com%3a3000", "https://example.com:3000/.well-known/did.jsonl" },
		{ "EXAMPLE.com:A", "https://example.com/A/did.jsonl" },
		{ "xn--jp-cd2fp15c.xn--fsq.jp:%E7%94%A8%e6%88%b7", "https://xn--jp-cd2fp15c.xn--fsq.jp/%E7%94%A8%E6%88%B7/did.jsonl" },
		{ "ex%61mple.com:%64ids", "https://example.com/dids/did.jsonl" },
		{ "1.example.com", "https://1.example.com/.well-known/did.jsonl" },
		{ "example.com:...", "https://example.com/.../did.jsonl" },
		{ "localhost", NULL }, { "127.0.0.1", NULL }, { "127%2E0%2E0%2E1", NULL }, { "127%2e0%2e0%2e1", NULL },
		{ "127.0.0.1%3a8080", NULL }, { "127.1", NULL }, { "0x7f.1", NULL }, { "2130706433", NULL }, { "a.0x7f", NULL },
		{ "%5B%3A%3A1%5D", NULL }, { "%3A%3A1", NULL }, { "fe80%3A%3A1", NULL }, { "169.254.169.254", NULL },
		{ "example.com.", NULL }, { ".example.com", NULL }, { "example..com", NULL }, { "-a.example", NULL }, { "a-.example", NULL },
		{ "example.com%3A", NULL }, { "example.com%3A0", NULL }, { "example.com%3A00080", NULL }, { "example.com%3A99999", NULL },
		{ "example.com%3A65536", NULL }, { "example.com%3A8080%3A1", NULL }, { "example.com%3Aabc", NULL }, { "example.com%3A7", NULL },
		{ "example.com%2Fpath", NULL }, { "user%40example.com", NULL }, { "example.com%00", NULL }, { "ex%20ample.com", NULL },
		{ "example.com%23", NULL }, { "example.com%5C", NULL }, { "%E7%94%A8.example", NULL }, { "ex_ample.com", NULL },
		{ "example.com:..", NULL }, { "example.com:%2E%2e", NULL }, { "example.com:.", NULL }, { "example.com:a:%2E%2E:b", NULL },
		{ "example.com::a", NULL }, { "example.com:a%2Fb", NULL }, { "example.com:a%5cb", NULL }, { "example.com:%00", NULL },
		{ "example.com:%20a", NULL }, { "example.com:a%20", NULL }, { "example.com:a%0Ab", NULL }, { "example.com:", NULL },
		{ "", NULL }, { "example.com#x", NULL }, { "example.com/x", NULL }, { "example.com?x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct berth_buf url = BERTH_BUF_INIT;
		struct berth_webvh_did d;
		char did[256];

		snprintf(did, sizeof(did), "did:webvh:" SCID ":%s", cases[i].rest);
		CHECK_RC(cases[i].url ? BERTH_OK : BERTH_E_DID, berth_webvh_did_parse(&d, did));
		if (cases[i].url) {
			CHECK_OK(berth_webvh_url(&url, &d, "did.jsonl", true));
			assert_string_equal(berth_buf_cstr(&url), cases[i].url);
		}
		berth_buf_free(&url);
	}
}

static void scids_are_hashes(void **state)
{
	static const char *const dids[] = {
		"did:web:example.com", "did:webvh:example.com", "did:webvh:" SCID, "did:webvh:" SCID "x:example.com",
		"did:webvh:Qm0000000000000000000000000000000000000000000000:example.com", "did:webvh::example.com", "", "did:webvh:",
	};
	struct berth_webvh_did d;

	(void)state;
	for (size_t i = 0; i < sizeof(dids) / sizeof(dids[0]); i++)
		CHECK_RC(BERTH_E_DID, berth_webvh_did_parse(&d, dids[i]));
	CHECK_OK(berth_webvh_did_parse(&d, "did:webvh:" SCID ":example.com"));
	assert_string_equal(d.scid, SCID);
}

/* The preliminary entry that the specification hashes as an example. */
static void the_specifications_entry_hash(void **state)
{
	static const char entry[] = "{\"versionId\": \"QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE\", \"versionTime\": "
		"\"2025-04-01T17:39:50Z\", \"parameters\": {\"witness\": {\"threshold\": 2, \"witnesses\": [{\"id\": "
		"\"did:key:z6Mkkc51mg2vpQzKWAbWQZupeGYhowaBjYkmvcKMTqteqHB4\", \"weight\": 1}, {\"id\": "
		"\"did:key:z6MkuDdJdKLCgwZuQuEi9xG6LVgJJ9Tebr74CXPYPSumqgJs\", \"weight\": 1}, {\"id\": "
		"\"did:key:z6MkoSWmQyp4fTk4ZQy4KUsss9dFX51XfEUzKKKj1J1JUsrF\", \"weight\": 1}]}, \"updateKeys\": "
		"[\"z6MkgzBDcBFV3sk4ypPE5YXMZHmS213A3HpYY2LmcVKV15jr\"], \"nextKeyHashes\": "
		"[\"QmZreDcjvWEpyRFznQeExWNCsvMLk5i59AcRJJuQC8UodJ\"], \"method\": \"did:webvh:0.5\", \"scid\": "
		"\"QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE\"}, \"state\": {\"@context\": [\"https://www.w3.org/ns/did/v1\"], "
		"\"id\": \"did:webvh:QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE:domain.example\"}}";
	struct berth_buf hash = BERTH_BUF_INIT;
	struct berth_webvh_body body;
	struct berth_json *j;

	(void)state;
	CHECK_OK(berth_json_parse_exact(&j, entry, strlen(entry), BERTH_JSON_MAX));
	CHECK_OK(berth_webvh_body_make(&body, berth_json_get(j, "parameters"), berth_json_get(j, "state"),
				       berth_json_str(berth_json_get(j, "versionTime"))));
	CHECK_OK(berth_webvh_entry_hash(&hash, &body, berth_json_str(berth_json_get(j, "versionId"))));
	assert_string_equal(berth_buf_cstr(&hash), "QmQ6FJ4fk2xheSSQoEjVpTgx9AQPKhJgtR9hn1nr4EeCrZ");
	berth_webvh_body_free(&body);
	berth_buf_free(&hash);
	berth_json_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c091_c096_dids_and_their_places),
		cmocka_unit_test(scids_are_hashes),
		cmocka_unit_test(the_specifications_entry_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
