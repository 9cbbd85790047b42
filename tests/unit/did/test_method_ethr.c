/* SPDX-License-Identifier: Apache-2.0 */
#include "did/method_ethr.h"

#include <inttypes.h>

#include "did/base/clock.h"
#include "did/base/json.h"
#include "did/codec/base58.h"
#include "did/crypto/keypair.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/json.h"
#include "tests/unit/did/crypto/hex.h"

#define NOW 1780000000	/* 2026-05-28 */
#define WHO "0xb9c5714089478a327f09197987f16f9e5d936e8a"
#define DID "did:ethr:0x539:" WHO

static enum berth_err judge_text(struct berth_registry_result *out, const char *text, size_t n, const char *did,
				 const char *id, const char *time, const char *pin, struct berth_buf *new_pin, int64_t now_s)
{
	const struct berth_registry_piece piece = { "ethr", (const uint8_t *)text, n };
	const struct berth_registry_evidence e = { &piece, 1, 0 };
	const struct berth_did_version version = { .id = id, .time = time };
	const struct berth_registry_judge j = { .now_s = now_s, .clock_trusted = true, .pin = pin, .new_pin = new_pin };

	return berth_ethr_judge(out, &e, did, &version, &j);
}

static enum berth_err judge(struct berth_registry_result *out, const struct berth_json *evidence, const char *did,
			    const char *id, const char *time, const char *pin, struct berth_buf *new_pin)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	CHECK_OK(berth_json_print(&b, evidence));
	rc = judge_text(out, berth_buf_cstr(&b), b.len, did, id, time, pin, new_pin, NOW);
	berth_buf_free(&b);
	return rc;
}

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

/* ---- histories made here ---- */

#define TOPIC_OWNER "0x38a5a6e68f30ed1ab45860a4afb34bcb2fc00f22ca462d249b8a8d40cda6f7a3"
#define TOPIC_DELEGATE "0x5a5084339536bcab65f20799fcc58724588145ca054bd2be626174b27ba156f7"
#define TOPIC_ATTRIBUTE "0x18ab6b2ae3d64306c00ce663125f2bd680e441a098de1635bd7ad8b0d44965e4"
#define REGISTRY "0xdca7ef03e98e0dc2b855be647c39abe984fcf21b"
#define FOREVER UINT64_MAX

/* Evidence under construction: each event in a block of its own, 10 seconds apart. */
struct story {
	struct berth_json *root;
	uint64_t block, previous;
};
#define BLOCK_TIME(b) (1700000000 + 10 * (b))

static void quantity(char out[24], uint64_t v)
{
	snprintf(out, 24, "0x%" PRIx64, v);
}

static void set_quantity(struct berth_json *obj, const char *key, uint64_t v)
{
	char text[24];

	quantity(text, v);
	CHECK_OK(berth_json_set_str(obj, key, text));
}

static void begin(struct story *t)
{
	t->block = 99;
	t->previous = 0;
	t->root = berth_json_new_object();
	set_quantity(t->root, "chainId", 1337);
	CHECK_OK(berth_json_set_str(t->root, "registry", REGISTRY));
	CHECK_OK(berth_json_set_str(t->root, "identity", WHO));
	set_quantity(t->root, "blockNumber", 1000);
	set_quantity(t->root, "blockTimestamp", BLOCK_TIME(1000));
	set_quantity(t->root, "changed", 0);
	CHECK_OK(berth_json_set(t->root, "logs", berth_json_new_array()));
	CHECK_OK(berth_json_set(t->root, "blocks", berth_json_new_object()));
}

static void word_u64(struct berth_buf *b, uint64_t v)
{
	berth_buf_printf(b, "%064" PRIx64, v);
}

static void word_text(struct berth_buf *b, const char *s)
{
	for (size_t i = 0; i < 32; i++)
		berth_buf_printf(b, "%02x", i < strlen(s) ? (unsigned char)s[i] : 0);
}

static struct berth_json *new_log(struct story *t, const char *topic, const struct berth_buf *data)
{
	struct berth_json *log = berth_json_new_object(), *topics = berth_json_new_array();

	CHECK_OK(berth_json_push_str(topics, topic));
	CHECK_OK(berth_json_push_str(topics, "0x000000000000000000000000b9c5714089478a327f09197987f16f9e5d936e8a"));
	CHECK_OK(berth_json_set_str(log, "address", REGISTRY));
	CHECK_OK(berth_json_set(log, "topics", topics));
	CHECK_OK(berth_json_set_str(log, "data", berth_buf_cstr(data)));
	set_quantity(log, "blockNumber", t->block);
	set_quantity(log, "logIndex", 0);
	CHECK_OK(berth_json_set_bool(log, "removed", false));
	return log;
}

static void tell(struct story *t, const char *topic, struct berth_buf *data)
{
	char block[24];

	CHECK_OK(berth_json_push(berth_json_get_mut(t->root, "logs"), new_log(t, topic, data)));
	quantity(block, t->block);
	set_quantity(berth_json_get_mut(t->root, "blocks"), block, BLOCK_TIME(t->block));
	set_quantity(t->root, "changed", t->block);
	t->previous = t->block;
	berth_buf_free(data);
}

static void owner(struct story *t, const char *who)
{
	struct berth_buf b = BERTH_BUF_INIT;

	t->block++;
	berth_buf_printf(&b, "0x%024d%s", 0, who + 2);
	word_u64(&b, t->previous);
	tell(t, TOPIC_OWNER, &b);
}

static void delegate(struct story *t, const char *type, const char *who, uint64_t valid_to)
{
	struct berth_buf b = BERTH_BUF_INIT;

	t->block++;
	berth_buf_str(&b, "0x");
	word_text(&b, type);
	berth_buf_printf(&b, "%024d%s", 0, who + 2);
	word_u64(&b, valid_to);
	word_u64(&b, t->previous);
	tell(t, TOPIC_DELEGATE, &b);
}

static void attribute(struct story *t, const char *name, const char *value_hex, uint64_t valid_to)
{
	struct berth_buf b = BERTH_BUF_INIT;
	size_t n = strlen(value_hex);

	t->block++;
	berth_buf_str(&b, "0x");
	word_text(&b, name);
	word_u64(&b, 128);
	word_u64(&b, valid_to);
	word_u64(&b, t->previous);
	word_u64(&b, n / 2);
	berth_buf_str(&b, value_hex);
	for (; n % 64; n++)
		berth_buf_u8(&b, '0');
	tell(t, TOPIC_ATTRIBUTE, &b);
}

static void text_attribute(struct story *t, const char *name, const char *value, uint64_t valid_to)
{
	char hex[512];

	sodium_bin2hex(hex, sizeof(hex), (const unsigned char *)value, strlen(value));
	attribute(t, name, hex, valid_to);
}

static const struct berth_json *method(const struct berth_registry_result *r, const char *fragment)
{
	char id[128];

	snprintf(id, sizeof(id), DID "%s", fragment);
	berth_json_each(vm, berth_json_get(berth_did_doc_json(r->doc), "verificationMethod"))
		if (strcmp(test_str(vm, "id"), id) == 0)
			return vm;
	return NULL;
}

static const struct berth_json *service(const struct berth_registry_result *r, const char *fragment)
{
	char id[128];

	snprintf(id, sizeof(id), DID "%s", fragment);
	berth_json_each(v, berth_json_get(berth_did_doc_json(r->doc), "service"))
		if (strcmp(test_str(v, "id"), id) == 0)
			return v;
	return NULL;
}

static bool refers(const struct berth_registry_result *r, const char *relationship, const char *fragment)
{
	char id[128];

	snprintf(id, sizeof(id), DID "%s", fragment);
	return berth_json_says(berth_json_get(berth_did_doc_json(r->doc), relationship), id);
}

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

#define C "0x1111111111111111111111111111111111111111"
#define D "0x2222222222222222222222222222222222222222"

/* The example of the specification, "id properties of entries". */
static void ids_stay_as_they_were(void **s)
{
	struct berth_registry_result r;
	struct story t;

	(void)s;
	begin(&t);
	attribute(&t, "did/pub/A/veriKey", "01", FOREVER);
	attribute(&t, "did/pub/B/veriKey", "02", FOREVER);
	delegate(&t, "veriKey", C, NOW);		/* good for one more second */
	text_attribute(&t, "did/svc/S", "https://s.example", FOREVER);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	CHECK(method(&r, "#delegate-1") && method(&r, "#delegate-2") && method(&r, "#delegate-3") && service(&r, "#service-1"));
	CHECK(r.ttl_s == 1);
	berth_registry_result_free(&r);
	attribute(&t, "did/pub/A/veriKey", "01", 0);
	delegate(&t, "sigAuth", D, FOREVER);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	CHECK(!method(&r, "#delegate-1") && method(&r, "#delegate-2") && method(&r, "#delegate-3"));
	CHECK(!method(&r, "#delegate-4") && method(&r, "#delegate-5"));
	CHECK(refers(&r, "authentication", "#delegate-5") && refers(&r, "assertionMethod", "#delegate-5"));
	CHECK(!refers(&r, "authentication", "#delegate-3") && refers(&r, "assertionMethod", "#delegate-3"));
	berth_registry_result_free(&r);
	delegate(&t, "veriKey", C, BLOCK_TIME(t.block + 1));	/* as the contract revokes */
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	CHECK(!method(&r, "#delegate-3") && !method(&r, "#delegate-6") && method(&r, "#delegate-5"));
	berth_registry_result_free(&r);
	berth_json_free(t.root);
}

static void validity_ends_by_the_clock(void **s)
{
	struct berth_registry_result r;
	struct story t;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)s;
	begin(&t);
	delegate(&t, "veriKey", C, NOW + 100);
	CHECK_OK(berth_json_print(&b, t.root));
	for (int64_t late = 99; late <= 101; late++) {
		CHECK_OK(judge_text(&r, berth_buf_cstr(&b), b.len, DID, NULL, NULL, "", NULL, NOW + late));
		CHECK(!!method(&r, "#delegate-1") == (late <= 100));
		CHECK(r.ttl_s == (late <= 100 ? 101 - late : 0));
		berth_registry_result_free(&r);
	}
	berth_buf_free(&b);
	berth_json_free(t.root);
}

/* A clock that is not trusted is at least as late as the chain's newest block. */
static void a_clock_that_is_not_trusted(void **s)
{
	struct berth_registry_judge j = { .now_s = BLOCK_TIME(1), .clock_trusted = true, .pin = "" };
	struct berth_registry_piece piece = { "ethr", NULL, 0 };
	const struct berth_registry_evidence e = { &piece, 1, 50 };
	struct berth_registry_result r;
	struct berth_buf b = BERTH_BUF_INIT;
	struct story t;

	(void)s;
	begin(&t);
	delegate(&t, "veriKey", C, BLOCK_TIME(999));
	CHECK_OK(berth_json_print(&b, t.root));
	piece.p = b.p;
	piece.n = b.len;
	CHECK_OK(berth_ethr_judge(&r, &e, DID, NULL, &j));
	CHECK(method(&r, "#delegate-1") && r.ttl_s == 50);	/* the adapter's, which is sooner */
	berth_registry_result_free(&r);
	j.clock_trusted = false;
	CHECK_OK(berth_ethr_judge(&r, &e, DID, NULL, &j));
	CHECK(!method(&r, "#delegate-1"));
	berth_registry_result_free(&r);
	berth_buf_free(&b);
	berth_json_free(t.root);
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

static void versions(void **s)
{
	struct berth_registry_result r;
	char when[BERTH_RFC3339_LEN + 1];
	struct story t;

	(void)s;
	begin(&t);
	delegate(&t, "veriKey", C, BLOCK_TIME(105));	/* 100 */
	owner(&t, D);					/* 101 */
	delegate(&t, "veriKey", D, FOREVER);		/* 102 */
	set_quantity(berth_json_get_mut(t.root, "blocks"), "0x63", BLOCK_TIME(99));
	set_quantity(berth_json_get_mut(t.root, "blocks"), "0x69", BLOCK_TIME(105));

	CHECK_OK(judge(&r, t.root, DID, "99", NULL, "", NULL));		/* before anything */
	CHECK(!method(&r, "#delegate-1") && !test_str(r.metadata, "versionId"));
	assert_string_equal(test_str(r.metadata, "nextVersionId"), "100");
	berth_registry_result_free(&r);
	CHECK_OK(judge(&r, t.root, DID, "101", NULL, "", NULL));
	CHECK(method(&r, "#delegate-1") && !method(&r, "#delegate-2"));
	assert_string_equal(test_str(r.metadata, "versionId"), "101");
	assert_string_equal(test_str(r.metadata, "nextVersionId"), "102");
	CHECK(r.ttl_s == 0);	/* what was, does not end */
	berth_registry_result_free(&r);
	CHECK_OK(judge(&r, t.root, DID, "105", NULL, "", NULL));	/* between versions: its own time counts */
	CHECK(method(&r, "#delegate-1") && method(&r, "#delegate-2") && !test_str(r.metadata, "nextVersionId"));
	berth_registry_result_free(&r);
	CHECK_OK(judge(&r, t.root, DID, "1000", NULL, "", NULL));
	CHECK(!method(&r, "#delegate-1") && method(&r, "#delegate-2"));
	berth_registry_result_free(&r);

	berth_rfc3339_format(when, BLOCK_TIME(101) + 9);
	CHECK_OK(judge(&r, t.root, DID, NULL, when, "", NULL));
	CHECK(method(&r, "#delegate-1") && !method(&r, "#delegate-2"));
	assert_string_equal(test_str(r.metadata, "nextVersionId"), "102");
	berth_registry_result_free(&r);
	berth_rfc3339_format(when, BLOCK_TIME(102));
	CHECK_OK(judge(&r, t.root, DID, NULL, when, "", NULL));
	CHECK(method(&r, "#delegate-1") && method(&r, "#delegate-2"));
	berth_registry_result_free(&r);
	berth_rfc3339_format(when, NOW);
	CHECK_OK(judge(&r, t.root, DID, NULL, when, "", NULL));
	berth_registry_result_free(&r);

	berth_rfc3339_format(when, NOW + 1);
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, NULL, when, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "1001", NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "104", NULL, "", NULL));	/* nobody said when it was */
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "0x64", NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "", NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "0100", NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "18446744073709551616", NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "100", when, "", NULL));
	CHECK(!r.doc && !r.metadata);
	berth_json_free(t.root);
}

static void deactivation(void **s)
{
	struct berth_registry_result r;
	struct story t;

	(void)s;
	begin(&t);
	delegate(&t, "veriKey", C, FOREVER);
	owner(&t, "0x0000000000000000000000000000000000000000");
	CHECK_OK(judge(&r, t.root, DID, "100", NULL, "", NULL));
	CHECK(!r.deactivated && method(&r, "#delegate-1"));
	assert_string_equal(test_str(r.metadata, "nextVersionId"), "101");
	berth_registry_result_free(&r);
	/* the contract lets the account write again, which brings nothing back */
	for (int i = 0; i < 2; i++) {
		CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
		CHECK(r.deactivated && r.doc && r.doc->n_vms == 0 && r.doc->n_services == 0);
		CHECK(berth_json_bool(berth_json_get(r.metadata, "deactivated"), false));
		assert_string_equal(test_str(r.metadata, "versionId"), "101");
		berth_registry_result_free(&r);
		owner(&t, D);
		delegate(&t, "veriKey", D, FOREVER);
	}
	berth_json_free(t.root);
}

static void the_key_in_the_did_is_the_owners_for_a_while(void **s)
{
	static const char did[] = "did:ethr:0x539:0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
	static const char account[] = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf";
	struct berth_registry_result r;
	struct story t;

	(void)s;
	for (int i = 0; i < 2; i++) {
		begin(&t);
		CHECK_OK(berth_json_set_str(t.root, "identity", account));
		if (i) {
			struct berth_json *topics;

			owner(&t, C);
			topics = berth_json_get_mut(berth_json_first_mut(berth_json_get_mut(t.root, "logs")), "topics");
			CHECK_OK(berth_json_replace(berth_json_next_mut(berth_json_first_mut(topics)),
				berth_json_new_str("0x0000000000000000000000007e5f4552091a69125d5dfcb7b8c2659029395bdf")));
		}
		CHECK_OK(judge(&r, t.root, did, NULL, NULL, "", NULL));
		CHECK(r.doc->n_vms == (i ? 1 : 2));
		CHECK(i ? r.doc->vms[0].key.type == BERTH_KEY_NONE : r.doc->vms[1].key.type == BERTH_KEY_SECP256K1);
		berth_registry_result_free(&r);
		berth_json_free(t.root);
	}
}

/* ---- what is refused (C112) ---- */

static struct berth_json *log_at(struct story *t, size_t i)
{
	struct berth_json *log = berth_json_first_mut(berth_json_get_mut(t->root, "logs"));

	while (i--)
		log = berth_json_next_mut(log);
	return log;
}

static void set_data_word(struct story *t, size_t log, size_t word, const char *hex)
{
	char *data = strdup(test_str(log_at(t, log), "data"));

	memcpy(data + 2 + 64 * word, hex, 64);
	CHECK_OK(berth_json_set_str(log_at(t, log), "data", data));
	free(data);
}

static void four_events(struct story *t)
{
	begin(t);
	CHECK_OK(berth_json_set_str(t->root, "owner", D));
	delegate(t, "veriKey", C, FOREVER);
	attribute(t, "did/pub/X/veriKey", "0102", FOREVER);
	owner(t, D);
	attribute(t, "did/svc/S", "68747470", FOREVER);
}

#define ZEROS48 "000000000000000000000000000000000000000000000000"

/* A change to good evidence, and what is then said of it. */
#define AFTER(code, change) do { \
		struct story t; \
		struct berth_registry_result r_; \
		four_events(&t); \
		CHECK_OK(judge(&r_, t.root, DID, NULL, NULL, "", NULL)); \
		berth_registry_result_free(&r_); \
		change; \
		CHECK_RC(code, judge(&r_, t.root, DID, NULL, NULL, "", NULL)); \
		CHECK(code == BERTH_OK || (!r_.doc && !r_.metadata)); \
		berth_registry_result_free(&r_); \
		berth_json_free(t.root); \
	} while (0)
#define REFUSED(change) AFTER(BERTH_E_RESOLVE, change)
#define SET(obj, key, text) CHECK_OK(berth_json_set_str(obj, key, text))

static void c112_wrong_chain_registry_or_identity(void **s)
{
	(void)s;
	AFTER(BERTH_OK, SET(t.root, "chainId", "0x539"));
	REFUSED(SET(t.root, "chainId", "0x1"));
	REFUSED(SET(t.root, "chainId", "0x0"));
	REFUSED(SET(t.root, "chainId", "1337"));
	REFUSED(SET(t.root, "registry", C));
	REFUSED(SET(log_at(&t, 1), "address", C));
	REFUSED(SET(t.root, "identity", C));
	REFUSED(CHECK_OK(berth_json_replace(berth_json_next_mut(berth_json_first_mut(berth_json_get_mut(log_at(&t, 1), "topics"))),
		berth_json_new_str("0x0000000000000000000000001111111111111111111111111111111111111111"))));
	REFUSED(CHECK_OK(berth_json_replace(berth_json_next_mut(berth_json_first_mut(berth_json_get_mut(log_at(&t, 1), "topics"))),
		berth_json_new_str("0x010000000000000000000000b9c5714089478a327f09197987f16f9e5d936e8a"))));
}

static void c112_order_loops_and_blocks(void **s)
{
	(void)s;
	/* a loop, and pointing forward: previousChange of the third event is word 1 */
	REFUSED(set_data_word(&t, 2, 1, ZEROS48 "0000000000000066"));
	REFUSED(set_data_word(&t, 2, 1, ZEROS48 "0000000000000067"));
	REFUSED(set_data_word(&t, 2, 1, ZEROS48 "0000000000000064"));	/* leaves one out */
	REFUSED(set_data_word(&t, 2, 1, ZEROS48 "0000000000000000"));
	REFUSED(set_data_word(&t, 0, 3, ZEROS48 "0000000000000001"));	/* there was something before */
	REFUSED(set_data_word(&t, 2, 1, "0000000000000000000000000000000000000000000000010000000000000065"));	/* 2^64 and right below */
	AFTER(BERTH_OK, set_data_word(&t, 2, 1, ZEROS48 "0000000000000065"));
	/* order, and blocks that cannot be */
	REFUSED(SET(log_at(&t, 1), "blockNumber", "0x67"));
	REFUSED(SET(log_at(&t, 1), "blockNumber", "0x64"));
	REFUSED(SET(log_at(&t, 3), "blockNumber", "0x10000000000000000"));
	REFUSED(SET(log_at(&t, 3), "blockNumber", "0x3e9"));	/* behind the head */
	REFUSED(SET(t.root, "blockNumber", "0x66"));
	REFUSED(SET(t.root, "blockNumber", "0x10000000000000000"));
	REFUSED(SET(t.root, "blockNumber", "latest"));
	REFUSED(berth_json_drop(berth_json_get_mut(t.root, "logs"), log_at(&t, 0)));
	REFUSED(berth_json_drop(berth_json_get_mut(t.root, "logs"), log_at(&t, 1)));
	REFUSED(berth_json_drop(berth_json_get_mut(t.root, "logs"), log_at(&t, 3)));	/* the last */
	REFUSED(CHECK_OK(berth_json_push(berth_json_get_mut(t.root, "logs"), berth_json_clone(log_at(&t, 3)))));
	REFUSED(CHECK_OK(berth_json_set_bool(log_at(&t, 3), "removed", true)));
	REFUSED(SET(t.root, "changed", "0x68"));
	REFUSED(SET(t.root, "changed", "0x0"));
	REFUSED(SET(t.root, "owner", C));
	AFTER(BERTH_OK, berth_json_remove(t.root, "owner"));
	AFTER(BERTH_OK, berth_json_remove(log_at(&t, 0), "removed"));
}

static void c112_what_is_no_event(void **s)
{
	(void)s;
	REFUSED(SET(log_at(&t, 2), "data", "0x"));
	REFUSED(SET(log_at(&t, 2), "data", "0x0"));
	REFUSED(berth_json_remove(log_at(&t, 2), "data"));
	REFUSED(set_data_word(&t, 2, 0, "0100000000000000000000002222222222222222222222222222222222222222"));
	REFUSED(set_data_word(&t, 1, 1, ZEROS48 "0000000000000060"));	/* the bytes elsewhere */
	AFTER(BERTH_OK, set_data_word(&t, 1, 4, ZEROS48 "0000000000000003"));	/* one of the zeros is of the value */
	REFUSED(set_data_word(&t, 1, 4, ZEROS48 "0000000000000001"));		/* padding that is not zero */
	REFUSED(set_data_word(&t, 1, 4, ZEROS48 "0000000000000041"));
	REFUSED(set_data_word(&t, 1, 4, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"));
	REFUSED(set_data_word(&t, 1, 5, "0102000000000000000000000000000000000000000000000000000000000001"));
	REFUSED(berth_json_remove(log_at(&t, 1), "topics"));
	REFUSED(berth_json_remove(log_at(&t, 1), "blockNumber"));
	REFUSED(berth_json_remove(log_at(&t, 1), "logIndex"));
	REFUSED(berth_json_remove(t.root, "logs"));
	REFUSED(berth_json_remove(t.root, "blocks"));
	REFUSED(berth_json_remove(t.root, "blockTimestamp"));
	REFUSED(berth_json_remove(t.root, "changed"));
	REFUSED(SET(berth_json_get_mut(t.root, "blocks"), "0x65", "0x1"));	/* earlier than the one before */
	REFUSED(SET(berth_json_get_mut(t.root, "blocks"), "0x67", "0xffffffff"));	/* later than the head */
	REFUSED(SET(berth_json_get_mut(t.root, "blocks"), "0x65", "0xffffffffffffffff"));
	REFUSED(berth_json_remove(berth_json_get_mut(t.root, "blocks"), "0x65"));
	REFUSED(CHECK_OK(berth_json_push_str(berth_json_get_mut(log_at(&t, 1), "topics"), TOPIC_OWNER)));
}

/* Somebody's own event of the same contract is none of ours and hides none. */
static void other_events_are_left_out(void **s)
{
	(void)s;
	AFTER(BERTH_OK, do {
		struct berth_json *log = berth_json_clone(log_at(&t, 3));

		CHECK_OK(berth_json_replace(berth_json_first_mut(berth_json_get_mut(log, "topics")),
			berth_json_new_str("0x1111111111111111111111111111111111111111111111111111111111111111")));
		SET(log, "logIndex", "0x1");
		CHECK_OK(berth_json_push(berth_json_get_mut(t.root, "logs"), log));
	} while (0));
	/* and one of ours cannot be taken out by changing its topic */
	REFUSED(CHECK_OK(berth_json_replace(berth_json_first_mut(berth_json_get_mut(log_at(&t, 1), "topics")),
		berth_json_new_str("0x1111111111111111111111111111111111111111111111111111111111111111"))));
}

static void too_long_a_history(void **s)
{
	struct berth_registry_result r;
	struct story t;

	(void)s;
	begin(&t);
	set_quantity(t.root, "blockNumber", 5000);
	set_quantity(t.root, "blockTimestamp", BLOCK_TIME(5000));
	for (int i = 0; i < BERTH_ETHR_LOGS_MAX; i++)
		owner(&t, i % 2 ? C : D);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	berth_registry_result_free(&r);
	owner(&t, D);
	CHECK_RC(BERTH_E_SIZE, judge(&r, t.root, DID, NULL, NULL, "", NULL));
	berth_json_free(t.root);
}

static void names_that_mean_no_chain_to_us(void **s)
{
	struct berth_registry_result r;
	struct story t;

	(void)s;
	begin(&t);
	CHECK_OK(judge(&r, t.root, "did:ethr:dev:" WHO, NULL, NULL, "", NULL));	/* the adapter's configuration says which */
	berth_registry_result_free(&r);
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, "did:ethr:" WHO, NULL, NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, "did:ethr:sepolia:" WHO, NULL, NULL, "", NULL));
	CHECK_RC(BERTH_E_DID, judge(&r, t.root, "did:web:a.example", NULL, NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge_text(&r, "{}", 2, DID, NULL, NULL, "", NULL, NOW));
	CHECK_RC(BERTH_E_JSON, judge_text(&r, "{", 1, DID, NULL, NULL, "", NULL, NOW));
	CHECK_RC(BERTH_E_RESOLVE, judge_text(&r, "[]", 2, DID, NULL, NULL, "", NULL, NOW));
	berth_json_free(t.root);
}

static void versions_have_no_numbers(void **s)
{
	struct berth_did_version version = { .number = "1" };
	const struct berth_registry_judge j = { .now_s = NOW, .clock_trusted = true, .pin = "" };
	struct berth_registry_piece piece = { "ethr", NULL, 0 };
	const struct berth_registry_evidence e = { &piece, 1, 0 };
	struct berth_registry_result r;
	struct berth_buf b = BERTH_BUF_INIT;
	struct story t;

	(void)s;
	begin(&t);
	owner(&t, D);
	CHECK_OK(berth_json_print(&b, t.root));
	piece.p = b.p;
	piece.n = b.len;
	CHECK_RC(BERTH_E_RESOLVE, berth_ethr_judge(&r, &e, DID, &version, &j));
	version.number = NULL;
	CHECK_OK(berth_ethr_judge(&r, &e, DID, &version, &j));
	berth_registry_result_free(&r);
	berth_buf_free(&b);
	berth_json_free(t.root);
}

static void no_answer_at_all(void **s)
{
	const struct berth_registry_piece piece = { "didDocument", (const uint8_t *)"{}", 2 };
	const struct berth_registry_evidence e = { &piece, 1, 0 };
	const struct berth_registry_judge j = { .now_s = NOW, .clock_trusted = true, .pin = "" };
	struct berth_registry_result r;

	(void)s;
	CHECK_RC(BERTH_E_RESOLVE, berth_ethr_judge(&r, &e, DID, NULL, &j));
}

/* ---- what was believed before ---- */

static void only_forward(void **s)
{
	struct berth_buf first = BERTH_BUF_INIT, second = BERTH_BUF_INIT, none = BERTH_BUF_INIT;
	struct berth_registry_result r;
	struct story t, other;

	(void)s;
	begin(&t);
	delegate(&t, "veriKey", C, FOREVER);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", &first));
	CHECK(first.len > 0);
	berth_registry_result_free(&r);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, berth_buf_cstr(&first), &none));
	CHECK(none.len == 0);		/* it stays as it was */
	berth_registry_result_free(&r);
	owner(&t, D);
	CHECK_OK(judge(&r, t.root, DID, "100", NULL, berth_buf_cstr(&first), &second));	/* also when an old one is asked for */
	CHECK(second.len > 0 && strcmp(berth_buf_cstr(&first), berth_buf_cstr(&second)) != 0);
	berth_registry_result_free(&r);

	/* an older state, whatever its head */
	begin(&other);
	delegate(&other, "veriKey", C, FOREVER);
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, other.root, DID, NULL, NULL, berth_buf_cstr(&second), &none));
	CHECK_OK(judge(&r, other.root, DID, NULL, NULL, berth_buf_cstr(&first), &none));
	berth_registry_result_free(&r);
	/* another one of the same length, or longer */
	owner(&other, C);
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, other.root, DID, NULL, NULL, berth_buf_cstr(&second), &none));
	owner(&other, D);
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, other.root, DID, NULL, NULL, berth_buf_cstr(&second), &none));
	CHECK(none.len == 0);
	/* another registry or chain */
	SET(t.root, "chainId", "0x5");
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, "did:ethr:dev:" WHO, NULL, NULL, berth_buf_cstr(&second), &none));
	CHECK(none.len == 0);
	berth_json_free(other.root);
	berth_json_free(t.root);
	berth_buf_free(&first);
	berth_buf_free(&second);
	berth_buf_free(&none);
}

static void a_damaged_pin(void **s)
{
	static const char *const bad[] = { "x", "ethr", "ethr 1337", "ethr 1337 " REGISTRY " 99999 00", "ethr 1337 " REGISTRY " 1" };
	struct berth_registry_result r;
	struct story t;

	(void)s;
	four_events(&t);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_STORE, judge(&r, t.root, DID, NULL, NULL, bad[i], NULL));
	berth_json_free(t.root);
}

static void every_truncation(void **s)
{
	struct berth_registry_result r;
	struct berth_buf b = BERTH_BUF_INIT;
	struct story t;

	(void)s;
	four_events(&t);
	CHECK_OK(berth_json_print(&b, t.root));
	for (size_t n = 0; n < b.len; n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, b.p, n);
		CHECK_RC(BERTH_E_JSON, judge_text(&r, exact, n, DID, NULL, NULL, "", NULL, NOW));
		free(exact);
	}
	/* and of the data of each log */
	for (size_t i = 0; i < 4; i++) {
		char *whole = strdup(test_str(log_at(&t, i), "data")), *cut = strdup(whole);

		for (size_t n = 2; n < strlen(whole); n += 2) {
			cut[n] = 0;
			SET(log_at(&t, i), "data", cut);
			cut[n] = whole[n];
			CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, NULL, NULL, "", NULL));
		}
		SET(log_at(&t, i), "data", whole);
		free(whole);
		free(cut);
	}
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	berth_registry_result_free(&r);
	berth_buf_free(&b);
	berth_json_free(t.root);
}

/* C015: whatever allocation fails, nothing is believed of what could not be read. */
static enum berth_err once(void *arg)
{
	const struct berth_buf *b = arg;
	struct berth_buf pin = BERTH_BUF_INIT;
	struct berth_registry_result r;
	enum berth_err rc = judge_text(&r, berth_buf_cstr(b), b->len, DID, NULL, NULL, "", &pin, NOW);

	CHECK(rc ? !r.doc && !r.metadata : r.doc && r.doc->n_services == 2 && r.doc->n_vms == 6);
	berth_registry_result_free(&r);
	berth_buf_free(&pin);
	return rc;
}

static void c015_every_allocation_may_fail(void **s)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct story t;

	(void)s;
	begin(&t);
	delegate(&t, "veriKey", C, FOREVER);
	attribute(&t, "did/pub/Secp256k1/sigAuth", "02b97c30de767f084ce3080168ee293053ba33b235d7116a3263d29f1450936b71", FOREVER);
	attribute(&t, "did/pub/RSA/veriKey", "3000", FOREVER);
	attribute(&t, "did/pub/X/veriKey/base58", "0102", FOREVER);
	attribute(&t, "did/pub/X25519/enc", "118557777ffb078774371a52b00fed75561dcf975e61c47553e664a617661052", FOREVER);
	text_attribute(&t, "did/svc/A", "{\"uri\":\"x\"}", FOREVER);
	text_attribute(&t, "did/svc/B", "https://b.example", FOREVER);
	CHECK_OK(berth_json_print(&b, t.root));
	CHECK(test_every_allocation_fails(once, &b) > 100);
	berth_buf_free(&b);
	berth_json_free(t.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_ethr_did_resolver),
		cmocka_unit_test(specification_defaults),
		cmocka_unit_test(specification_attributes),
		cmocka_unit_test(multikeys_are_taken_as_they_are),
		cmocka_unit_test(ids_stay_as_they_were),
		cmocka_unit_test(validity_ends_by_the_clock),
		cmocka_unit_test(a_clock_that_is_not_trusted),
		cmocka_unit_test(services_are_text_or_json),
		cmocka_unit_test(keys_that_are_none),
		cmocka_unit_test(versions),
		cmocka_unit_test(deactivation),
		cmocka_unit_test(the_key_in_the_did_is_the_owners_for_a_while),
		cmocka_unit_test(c112_wrong_chain_registry_or_identity),
		cmocka_unit_test(c112_order_loops_and_blocks),
		cmocka_unit_test(c112_what_is_no_event),
		cmocka_unit_test(other_events_are_left_out),
		cmocka_unit_test(too_long_a_history),
		cmocka_unit_test(names_that_mean_no_chain_to_us),
		cmocka_unit_test(versions_have_no_numbers),
		cmocka_unit_test(no_answer_at_all),
		cmocka_unit_test(only_forward),
		cmocka_unit_test(a_damaged_pin),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
