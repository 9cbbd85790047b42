/* SPDX-License-Identifier: Apache-2.0 */
/* The documents of others: ethr-did-resolver's and the specification's. */
#include "tests/unit/did/ethr_story.h"
#include "did/codec/base58.h"
#include "did/crypto/keypair.h"

/* ---- beside ethr-did-resolver, over the logs of a real contract on a local chain ---- */

/* That version writes keys as raw bytes in hex or base58 and has older names of types. */
static void same_key(const struct berth_did_doc *doc, const struct berth_json *theirs, const struct berth_json *ours)
{
	const struct berth_vm *vm = berth_did_doc_vm(doc, test_str(theirs, "id"));
	uint8_t compressed[BERTH_PUBKEY_MAX], *bytes = NULL;
	struct berth_buf raw = BERTH_BUF_INIT;
	size_t n;

	if (test_str(theirs, "publicKeyHex")) {
		bytes = unhex(test_str(theirs, "publicKeyHex"), &n);
		berth_buf_put(&raw, bytes, n);
	} else if (test_str(theirs, "publicKeyBase58")) {
		CHECK_OK(berth_base58_decode(&raw, test_str(theirs, "publicKeyBase58"), strlen(test_str(theirs, "publicKeyBase58"))));
	} else {
		uint8_t b64[32];

		assert_int_equal(sodium_base642bin(b64, 32, test_str(theirs, "publicKeyBase64"), 44, NULL, &n, NULL,
						   sodium_base64_VARIANT_ORIGINAL), 0);
		berth_buf_put(&raw, b64, n);
	}
	if (vm->key.type == BERTH_KEY_NONE) {
		assert_string_equal(test_str(ours, "publicKeyHex"), test_str(theirs, "publicKeyHex"));
	} else {
		n = berth_pubkey_compress(compressed, &vm->key);
		CHECK(n == raw.len && memcmp(compressed, raw.p, n) == 0);
	}
	berth_buf_free(&raw);
	free(bytes);
}

static void same_methods(const struct berth_did_doc *doc, const struct berth_json *theirs)
{
	const struct berth_json *ours = berth_json_first(berth_json_get(berth_did_doc_json(doc), "verificationMethod"));

	CHECK(berth_json_len(berth_json_get(berth_did_doc_json(doc), "verificationMethod")) ==
	      berth_json_len(berth_json_get(theirs, "verificationMethod")));
	berth_json_each(vm, berth_json_get(theirs, "verificationMethod")) {
		assert_string_equal(test_str(ours, "id"), test_str(vm, "id"));
		assert_string_equal(test_str(ours, "controller"), test_str(vm, "controller"));
		if (test_str(vm, "blockchainAccountId"))
			assert_string_equal(test_str(ours, "blockchainAccountId"), test_str(vm, "blockchainAccountId"));
		else
			same_key(doc, vm, ours);
		ours = berth_json_next(ours);
	}
}

static void same_document(const struct berth_did_doc *doc, const struct berth_json *theirs)
{
	static const char *const members[] = { "id", "authentication", "assertionMethod", "keyAgreement", "service" };
	const struct berth_json *ours = berth_did_doc_json(doc);

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const struct berth_json *a = berth_json_get(ours, members[i]), *b = berth_json_get(theirs, members[i]);

		if (!(a ? b && berth_json_equal(a, b) : !b)) {
			struct berth_buf x = BERTH_BUF_INIT;

			(void)!berth_json_print(&x, a);
			berth_buf_str(&x, "\n");
			(void)!berth_json_print(&x, b);
			fail_msg("%s differs:\n%s", members[i], berth_buf_cstr(&x));
		}
	}
	same_methods(doc, theirs);
}

static void check_result(const struct berth_json *evidence, const char *did, const char *version, const struct berth_json *want)
{
	const struct berth_json *meta = berth_json_get(want, "didDocumentMetadata");
	struct berth_registry_result r;
	struct berth_buf pin = BERTH_BUF_INIT;

	CHECK_OK(judge(&r, evidence, did, version, NULL, "", &pin));
	same_document(r.doc, berth_json_get(want, "didDocument"));
	CHECK(berth_json_len(r.metadata) == berth_json_len(meta));
	berth_json_each(m, meta)
		if (!berth_json_equal(m, berth_json_get(r.metadata, berth_json_key(m))))
			fail_msg("%s differs", berth_json_key(m));
	CHECK(r.deactivated == berth_json_bool(berth_json_get(meta, "deactivated"), false));
	berth_registry_result_free(&r);
	berth_buf_free(&pin);
}

static void agrees_with_ethr_did_resolver(void **s)
{
	struct berth_json *root = test_json_file("tests/vectors/ethr-did-resolver/chain.json");
	size_t states = 0, versions = 0;

	(void)s;
	berth_json_each(v, root) {
		const struct berth_json *evidence = berth_json_get(v, "evidence");

		check_result(evidence, test_str(v, "did"), NULL, berth_json_get(v, "result"));
		states++;
		berth_json_each(version, berth_json_get(v, "versions")) {
			/* In the block that revokes a delegate it takes the revocation, which
			 * ends in that very second, for a delegate. */
			if (strcmp(berth_json_key(version), "9") == 0 && strstr(test_str(v, "did"), "0x32ee"))
				continue;
			check_result(evidence, test_str(v, "did"), berth_json_key(version), version);
			versions++;
		}
	}
	VECTORS("ethr-did-resolver (states)", states, states);
	VECTORS("ethr-did-resolver (versions)", versions, versions);
	CHECK(states == 10 && versions > 70);
	berth_json_free(root);
}

/* ---- the specification's own documents ---- */

#define NO_LOGS "\"registry\":\"0xdca7ef03e98e0dc2b855be647c39abe984fcf21b\",\"blockNumber\":\"0x10\"," \
	"\"blockTimestamp\":\"0x60000000\",\"changed\":\"0x0\",\"logs\":[],\"blocks\":{}"

static void parse(struct berth_json **out, const char *text)
{
	CHECK_OK(berth_json_parse(out, text, strlen(text), BERTH_JSON_MAX));
}

static void specification_defaults(void **s)
{
	struct berth_json *address = test_json_file("tests/vectors/did-ethr/spec-block-02.json");
	struct berth_json *key = test_json_file("tests/vectors/did-ethr/spec-block-03.json"), *evidence;
	struct berth_registry_result r;
	const struct berth_json *ours;

	(void)s;
	parse(&evidence, "{\"chainId\":\"0x1\",\"identity\":\"0xb9c5714089478a327f09197987f16f9e5d936e8a\"," NO_LOGS "}");
	CHECK_OK(judge(&r, evidence, test_str(address, "id"), NULL, NULL, "", NULL));
	ours = berth_did_doc_json(r.doc);
	CHECK(berth_json_equal(berth_json_get(ours, "@context"), berth_json_get(address, "@context")));
	CHECK(berth_json_equal(berth_json_get(ours, "authentication"), berth_json_get(address, "authentication")));
	CHECK(berth_json_equal(berth_json_get(ours, "assertionMethod"), berth_json_get(address, "assertionMethod")));
	CHECK(strcasecmp(test_str(berth_json_at(berth_json_get(ours, "verificationMethod"), 0), "blockchainAccountId"),
			 test_str(berth_json_at(berth_json_get(address, "verificationMethod"), 0), "blockchainAccountId")) == 0);
	CHECK(berth_json_len(r.metadata) == 0 && !r.deactivated && r.ttl_s == 0);
	berth_registry_result_free(&r);
	berth_json_free(evidence);

	parse(&evidence, "{\"chainId\":\"0x1\",\"identity\":\"0x7e5f4552091a69125d5dfcb7b8c2659029395bdf\"," NO_LOGS "}");
	CHECK_OK(judge(&r, evidence, test_str(key, "id"), NULL, NULL, "", NULL));
	ours = berth_did_doc_json(r.doc);
	CHECK(berth_json_equal(berth_json_get(ours, "@context"), berth_json_get(key, "@context")));
	CHECK(berth_json_equal(berth_json_get(ours, "authentication"), berth_json_get(key, "authentication")));
	CHECK(berth_json_equal(berth_json_get(ours, "assertionMethod"), berth_json_get(key, "assertionMethod")));
	CHECK(berth_json_equal(berth_json_at(berth_json_get(ours, "verificationMethod"), 1),
			       berth_json_at(berth_json_get(key, "verificationMethod"), 1)));
	berth_registry_result_free(&r);
	VECTORS("did-ethr (default documents)", 2, 2);
	berth_json_free(evidence);
	berth_json_free(address);
	berth_json_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_ethr_did_resolver),
		cmocka_unit_test(specification_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
