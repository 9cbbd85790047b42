/* SPDX-License-Identifier: Apache-2.0 */
/* berth/didcomm.h by itself: what a program that links libberth sees. */
#include "berth/didcomm.h"

#include "tests/check.h"
#include "tests/fakes/alloc.h"

#define SPEC "tests/vectors/didcomm-spec/"
#define RUST "tests/vectors/didcomm-rust/"
#define TEXT "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\",\"body\":{},\"expires_time\":100}"
#define SECRETS "[{\"id\":\"did:example:alice#key-x25519-1\",\"type\":\"JsonWebKey2020\",\"privateKeyJwk\":{" \
	"\"kty\":\"OKP\",\"crv\":\"X25519\",\"d\":\"r-jK2cO3taR8LQnJB1_ikLBTAnOtShJOsHXRUWT-aZA\"," \
	"\"x\":\"avH0O2Y4tqLAq8y9zpianr8ajii5m4F_mICrzNlatXs\"}}," \
	"{\"id\":\"did:example:bob#key-x25519-1\",\"type\":\"JsonWebKey2020\",\"privateKeyJwk\":{" \
	"\"kty\":\"OKP\",\"crv\":\"X25519\",\"d\":\"b9NnuOCB0hm7YGNvaE9DMhwH_wjZA1-gWD6dA0JWdL0\"," \
	"\"x\":\"GDTrI66K0pFfO54tlCSvfjjNapIs44dzpneBgyx0S3E\"}}]"

static void add(struct berth_didcomm *d, const char *path)
{
	size_t n;
	char *text = test_read_file(path, &n);

	CHECK_OK(berth_didcomm_add_document(d, text, n));
	free(text);
}

static struct berth_didcomm *open_both(void)
{
	struct berth_didcomm *d;

	CHECK_OK(berth_didcomm_new(&d));
	CHECK_OK(berth_didcomm_add_secrets(d, SECRETS, strlen(SECRETS)));
	add(d, SPEC "B1-sender-diddoc.json");
	add(d, SPEC "B2-recipient-diddoc.json");
	return d;
}

static void packs_and_unpacks(void **state)
{
	struct berth_didcomm_how how = { .size = sizeof(how), .from = "did:example:alice", .to = "did:example:bob" };
	struct berth_didcomm *d = open_both();
	char *packed, *result;

	(void)state;
	CHECK_OK(berth_didcomm_pack(d, &how, TEXT, strlen(TEXT), &packed));
	CHECK_OK(berth_didcomm_unpack(d, packed, strlen(packed), -1, &result));
	CHECK(strstr(result, "\"message\":{\"id\":\"1\"") && strstr(result, "\"authenticated\":true"));
	CHECK(strstr(result, "\"encrypted_from_kid\":\"did:example:alice#key-x25519-1\"") && strstr(result, "\"expired\":null"));
	berth_didcomm_string_free(result);
	CHECK_OK(berth_didcomm_unpack(d, packed, strlen(packed), 99, &result));
	berth_didcomm_string_free(result);
	CHECK_RC(BERTH_E_EXPIRED, berth_didcomm_unpack(d, packed, strlen(packed), 100, &result));
	CHECK(!result);
	berth_didcomm_string_free(packed);
	how.from = NULL;
	how.enc = "XC20P";
	CHECK_OK(berth_didcomm_pack(d, &how, TEXT, strlen(TEXT), &packed));
	CHECK_OK(berth_didcomm_unpack(d, packed, strlen(packed), -1, &result));
	CHECK(strstr(result, "\"authenticated\":false") && strstr(result, "XC20P+ECDH-ES+A256KW"));
	berth_didcomm_string_free(result);
	berth_didcomm_string_free(packed);
	berth_didcomm_string_free(NULL);
	berth_didcomm_free(d);
	berth_didcomm_free(NULL);
}

static void opens_the_appendix(void **state)
{
	struct berth_didcomm *d = open_both();
	size_t n;
	char *text = test_read_file(SPEC "C3-4.json", &n), *result;

	(void)state;
	CHECK_OK(berth_didcomm_unpack(d, text, n, -1, &result));
	CHECK(strstr(result, "and its value"));
	berth_didcomm_string_free(result);
	text[n / 2] ^= 1;
	CHECK(berth_didcomm_unpack(d, text, n, -1, &result) != BERTH_OK && !result);
	free(text);
	berth_didcomm_free(d);
}

/* A caller of the first version, whose struct ends at protect_sender, and one of a
 * version to come. */
static void an_earlier_and_a_later_struct_pack_too(void **state)
{
	struct {
		struct berth_didcomm_how how;
		char later[64];
	} h = { .how = { .size = sizeof(h), .from = "did:example:alice", .to = "did:example:bob" } };
	struct berth_didcomm *d = open_both();
	char *out;

	(void)state;
	memset(h.later, 0xff, sizeof(h.later));
	CHECK_OK(berth_didcomm_pack(d, &h.how, TEXT, strlen(TEXT), &out));
	berth_didcomm_string_free(out);
	h.how.size = offsetof(struct berth_didcomm_how, protect_sender) + sizeof(int);
	CHECK_OK(berth_didcomm_pack(d, &h.how, TEXT, strlen(TEXT), &out));
	berth_didcomm_string_free(out);
	h.how.size--;
	CHECK_RC(BERTH_E_USAGE, berth_didcomm_pack(d, &h.how, TEXT, strlen(TEXT), &out));
	h.how.size = 0;
	CHECK_RC(BERTH_E_USAGE, berth_didcomm_pack(d, &h.how, TEXT, strlen(TEXT), &out));
	assert_null(out);
	berth_didcomm_free(d);
}

static void refuses(void **state)
{
	struct berth_didcomm_how how = { .size = sizeof(how), .to = "did:example:bob" };
	struct berth_didcomm *d = open_both();
	char *out;

	(void)state;
	CHECK_RC(BERTH_E_ENV, berth_didcomm_unpack(d, TEXT, strlen(TEXT), -1, &out));	/* C057 */
	how.size = 1;
	CHECK_RC(BERTH_E_USAGE, berth_didcomm_pack(d, &how, TEXT, strlen(TEXT), &out));
	how.size = sizeof(how);
	how.mode = "nonsense";
	CHECK_RC(BERTH_E_USAGE, berth_didcomm_pack(d, &how, TEXT, strlen(TEXT), &out));
	how.mode = NULL;
	how.enc = "nonsense";
	CHECK_RC(BERTH_E_USAGE, berth_didcomm_pack(d, &how, TEXT, strlen(TEXT), &out));
	how.enc = NULL;
	CHECK_RC(BERTH_E_JSON, berth_didcomm_pack(d, &how, "{", 1, &out));
	how.to = "did:example:nobody";
	CHECK(berth_didcomm_pack(d, &how, TEXT, strlen(TEXT), &out) != BERTH_OK && !out);
	CHECK_RC(BERTH_E_JSON, berth_didcomm_add_document(d, "{", 1));
	CHECK_RC(BERTH_E_JSON, berth_didcomm_add_secrets(d, "{", 1));
	berth_didcomm_free(d);
}

/* A later document of the same DID takes the place of the earlier one. */
static void documents_are_replaced(void **state)
{
	static const char none[] = "{\"id\":\"did:example:bob\"}";
	struct berth_didcomm_how how = { .size = sizeof(how), .to = "did:example:bob" };
	struct berth_didcomm *d = open_both();
	char *out;

	(void)state;
	CHECK_OK(berth_didcomm_pack(d, &how, TEXT, strlen(TEXT), &out));
	berth_didcomm_string_free(out);
	CHECK_OK(berth_didcomm_add_document(d, none, strlen(none)));
	CHECK_RC(BERTH_E_KEY, berth_didcomm_pack(d, &how, TEXT, strlen(TEXT), &out));
	berth_didcomm_free(d);
}

static enum berth_err all(void *arg)
{
	struct berth_didcomm_how how = { .size = sizeof(how), .to = "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc" };
	struct berth_didcomm *d;
	char *packed = NULL, *result = NULL;
	enum berth_err rc;

	(void)arg;
	if ((rc = berth_didcomm_new(&d)))
		return rc;
	if ((rc = berth_didcomm_add_secrets(d, SECRETS, strlen(SECRETS))) ||
	    (rc = berth_didcomm_pack(d, &how, TEXT, strlen(TEXT), &packed)))
		goto out;
	rc = berth_didcomm_unpack(d, packed, strlen(packed), -1, &result);
	if (rc == BERTH_E_DECRYPT)	/* its key is nobody's here */
		rc = BERTH_OK;
out:
	berth_didcomm_string_free(packed);
	berth_didcomm_string_free(result);
	berth_didcomm_free(d);
	return rc;
}

static void c015_every_allocation_fails(void **state)
{
	(void)state;
	CHECK(test_every_allocation_fails(all, NULL) > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packs_and_unpacks),
		cmocka_unit_test(opens_the_appendix),
		cmocka_unit_test(an_earlier_and_a_later_struct_pack_too),
		cmocka_unit_test(refuses),
		cmocka_unit_test(documents_are_replaced),
		cmocka_unit_test(c015_every_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
