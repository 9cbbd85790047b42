/* SPDX-License-Identifier: Apache-2.0 */
/* What attributes of a did:ethr become in its document. */
#include "tests/unit/did/ethr_story.h"
#include "did/codec/base58.h"

/* One attribute of the specification, and the entry that it shows for it. */
static void makes(const char *name, const char *value_hex, const char *block)
{
	char path[96];
	struct berth_registry_result r;
	const struct berth_json *ours;
	struct berth_json *want;
	struct story t;

	snprintf(path, sizeof(path), "tests/vectors/did-ethr/spec-block-%s.json", block);
	want = test_json_file(path);
	begin(&t);
	attribute(&t, name, value_hex, FOREVER);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	ours = strncmp(name, "did/svc", 7) == 0 ? service(&r, "#service-1") : method(&r, "#delegate-1");
	assert_non_null(ours);
	berth_json_each(m, want)
		if (strcmp(berth_json_key(m), "id") != 0 && strcmp(berth_json_key(m), "controller") != 0 &&
		    /* the specification's example has a JWK of another point, which is on no curve */
		    strcmp(berth_json_key(m), "publicKeyJwk") != 0 &&
		    !berth_json_equal(m, berth_json_get(ours, berth_json_key(m))))
			fail_msg("%s: %s differs", name, berth_json_key(m));
	CHECK(berth_json_len(ours) == berth_json_len(want));
	if (berth_json_get(want, "publicKeyJwk"))
		assert_string_equal(test_str(berth_json_get(ours, "publicKeyJwk"), "x"),
				    "uXww3nZ_CEzjCAFo7ikwU7ozsjXXEWoyY9KfFFCTa3E");
	berth_registry_result_free(&r);
	berth_json_free(t.root);
	berth_json_free(want);
}

static void specification_attributes(void **s)
{
	(void)s;
	makes("did/pub/Secp256k1/veriKey", "02b97c30de767f084ce3080168ee293053ba33b235d7116a3263d29f1450936b71", "05");
	makes("did/pub/CustomKeyType/veriKey", "02b97c30de767f084ce3080168ee293053ba33b235d7116a3263d29f1450936b71", "06");
	makes("did/pub/Ed25519/veriKey", "c642b35757cc36906fa75fa0338bf33e5210c5bce4769324801fd64276d69d07", "07");
	makes("did/pub/X25519/enc", "118557777ffb078774371a52b00fed75561dcf975e61c47553e664a617661052", "08");
	makes("did/svc/HubService", "68747470733a2f2f687562732e75706f72742e6d65", "14");
	VECTORS("did-ethr (attributes)", 5, 5);
}

/* Multikey: what is on the chain has the multicodec with it already. */
static void multikeys_are_taken_as_they_are(void **s)
{
	struct berth_json *want = test_json_file("tests/vectors/did-ethr/spec-block-10.json");
	const char *multibase = test_str(want, "publicKeyMultibase");
	struct berth_buf raw = BERTH_BUF_INIT;
	char hex[256];

	(void)s;
	CHECK_OK(berth_base58_decode(&raw, multibase + 1, strlen(multibase) - 1));
	sodium_bin2hex(hex, sizeof(hex), raw.p, raw.len);
	makes("did/pub/Multikey/veriKey", hex, "10");
	berth_buf_free(&raw);
	berth_json_free(want);
}

static void services_are_text_or_json(void **s)
{
	struct berth_registry_result r;
	struct story t;

	(void)s;
	begin(&t);
	text_attribute(&t, "did/svc/A", "{\"uri\":\"https://a.example\",\"accept\":[\"didcomm/v2\"]}", FOREVER);
	text_attribute(&t, "did/svc/B", "[\"https://b.example\"]", FOREVER);
	text_attribute(&t, "did/svc/C", "\"https://c.example\"", FOREVER);
	text_attribute(&t, "did/svc/D", "42", FOREVER);		/* DID Core has no number there */
	text_attribute(&t, "did/svc/E", "{", FOREVER);
	attribute(&t, "did/svc/F", "ff00", FOREVER);		/* no text */
	attribute(&t, "did/svc/G", "", FOREVER);
	text_attribute(&t, "did/svc/H-1", "https://h.example", FOREVER);	/* no name of this form */
	text_attribute(&t, "did/svc/I/more", "https://i.example", FOREVER);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	CHECK(berth_json_is(berth_json_get(service(&r, "#service-1"), "serviceEndpoint"), BERTH_JSON_OBJECT));
	CHECK(berth_json_is(berth_json_get(service(&r, "#service-2"), "serviceEndpoint"), BERTH_JSON_ARRAY));
	assert_string_equal(test_str(service(&r, "#service-3"), "serviceEndpoint"), "https://c.example");
	assert_string_equal(test_str(service(&r, "#service-4"), "serviceEndpoint"), "42");
	assert_string_equal(test_str(service(&r, "#service-5"), "serviceEndpoint"), "{");
	CHECK(!service(&r, "#service-6") && !service(&r, "#service-7"));
	assert_string_equal(test_str(service(&r, "#service-8"), "serviceEndpoint"), "https://i.example");
	berth_registry_result_free(&r);
	berth_json_free(t.root);
}

/* What is no key of the type that the attribute names is nobody's, and still counts. */
static void keys_that_are_none(void **s)
{
	static char much[2 * 6000 + 1];
	struct berth_registry_result r;
	struct story t;

	(void)s;
	begin(&t);
	attribute(&t, "did/pub/Ed25519/veriKey", "c642b35757cc36906fa75fa0338bf33e5210c5bce4769324801fd64276d69d", FOREVER);
	attribute(&t, "did/pub/Secp256k1/veriKey", "05b97c30de767f084ce3080168ee293053ba33b235d7116a3263d29f1450936b71", FOREVER);
	attribute(&t, "did/pub/RSA/veriKey", "3000", FOREVER);
	attribute(&t, "did/pub/X/veriKey/base64", "fbff", FOREVER);
	attribute(&t, "did/pub/X/veriKey/base58", "fbff", FOREVER);
	attribute(&t, "did/pub/X/veriKey/pem", "fbff", FOREVER);
	attribute(&t, "did/pub/X/veriKey/morse", "fbff", FOREVER);
	attribute(&t, "did/pub/Multikey/veriKey", "e70105b97c30de767f084ce3080168ee293053ba33b235d7116a3263d29f1450936b71", FOREVER);
	attribute(&t, "did/pub/Multikey/veriKey", "eb0102", FOREVER);	/* a BLS key, for all we know */
	attribute(&t, "did/pub/Multikey/veriKey", "", FOREVER);
	memset(much, 'a', sizeof(much) - 1);
	attribute(&t, "did/pub/X/veriKey/base58", much, FOREVER);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	CHECK(!method(&r, "#delegate-1") && !method(&r, "#delegate-2"));
	assert_string_equal(test_str(method(&r, "#delegate-3"), "publicKeyPem"),
			    "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----");
	assert_string_equal(test_str(method(&r, "#delegate-4"), "publicKeyBase64"), "+/8=");
	assert_string_equal(test_str(method(&r, "#delegate-5"), "publicKeyBase58"), "LBG");
	assert_non_null(test_str(method(&r, "#delegate-6"), "publicKeyPem"));
	assert_string_equal(test_str(method(&r, "#delegate-7"), "value"), "fbff");
	CHECK(!method(&r, "#delegate-8") && method(&r, "#delegate-9") && !method(&r, "#delegate-10") && !method(&r, "#delegate-11"));
	berth_registry_result_free(&r);
	berth_json_free(t.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specification_attributes),
		cmocka_unit_test(multikeys_are_taken_as_they_are),
		cmocka_unit_test(services_are_text_or_json),
		cmocka_unit_test(keys_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
