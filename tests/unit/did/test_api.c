/* SPDX-License-Identifier: Apache-2.0 */
/* The installed facade: berth/did.h. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"

#include "berth/did.h"

#define JWK "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define JWK_PRIVATE "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"," \
	"\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}"
#define JWK_X "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08\"}"
#define DID_KEY_ID "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"
#define DID_KEY "did:key:" DID_KEY_ID

static void made_from_a_jwk_and_resolved(void **state)
{
	char *did, *again, *result;

	(void)state;
	CHECK_OK(berth_did_from_jwk(&did, "key", JWK));
	assert_string_equal(did, DID_KEY);
	CHECK_OK(berth_did_from_jwk(&again, "key", JWK_PRIVATE));
	assert_string_equal(did, again);
	CHECK_OK(berth_did_resolve_json(&result, did, NULL));
	CHECK(strstr(result, "\"didDocument\":{") && strstr(result, "\"id\":\"" DID_KEY "\""));
	berth_string_free(did);
	berth_string_free(again);
	berth_string_free(result);

	CHECK_OK(berth_did_from_jwk(&did, "jwk", JWK_PRIVATE));
	CHECK(strncmp(did, "did:jwk:", 8) == 0);
	CHECK_OK(berth_did_resolve_json(&result, did, NULL));
	CHECK(!strstr(result, "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"));
	berth_string_free(did);
	berth_string_free(result);
}

static void a_peer_did_in_both_forms(void **state)
{
	const char *sign[] = { JWK }, *agree[] = { JWK_X };
	char *did, *brief, *result;

	(void)state;
	CHECK_OK(berth_did_peer_from_jwks(&did, 4, sign, 1, agree, 1,
		"[{\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":{\"uri\":\"nng+tcp://gw.test:1\"}}]"));
	CHECK_OK(berth_did_canonical(&brief, did));
	CHECK(strncmp(did, brief, strlen(brief)) == 0 && did[strlen(brief)] == ':');
	CHECK_OK(berth_did_resolve_json(&result, did, NULL));
	CHECK(strstr(result, "nng+tcp://gw.test:1") && strstr(result, brief));
	berth_string_free(result);
	CHECK_RC(BERTH_E_RESOLVE, berth_did_resolve_json(&result, brief, NULL));
	CHECK(strstr(result, "\"error\":\"notFound\""));
	berth_string_free(result);
	berth_string_free(brief);
	berth_string_free(did);
	CHECK_OK(berth_did_peer_from_jwks(&did, 0, sign, 1, NULL, 0, NULL));
	assert_string_equal(did, "did:peer:0z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw");
	berth_string_free(did);
}

static void dereferenced(void **state)
{
	char *result;

	(void)state;
	CHECK_OK(berth_did_dereference_json(&result, DID_KEY "#" DID_KEY_ID, NULL, NULL));
	CHECK(strstr(result, "{\"content\":{\"id\":\"" DID_KEY "#" DID_KEY_ID "\""));
	berth_string_free(result);
	CHECK_RC(BERTH_E_RESOLVE, berth_did_dereference_json(&result, DID_KEY "#other", NULL, NULL));
	CHECK(strstr(result, "\"error\":\"notFound\""));
	berth_string_free(result);
	CHECK_RC(BERTH_E_TYPE, berth_did_dereference_json(&result, DID_KEY, "text/uri-list", NULL));
	berth_string_free(result);
	CHECK_RC(BERTH_E_RESOLVE, berth_did_dereference_json(&result, DID_KEY, NULL, "/nonexistent/berth"));
	CHECK(strstr(result, "\"error\":\"internalError\""));
	berth_string_free(result);
}

static void refusals_give_nothing_but_the_result(void **state)
{
	const char *sign[] = { JWK }, *many[] = { JWK, JWK, JWK, JWK, JWK, JWK, JWK, JWK, JWK };
	char *s = (char *)1;

	(void)state;
	CHECK_RC(BERTH_E_DID, berth_did_from_jwk(&s, "web", JWK));
	CHECK(!s);
	CHECK_RC(BERTH_E_JSON, berth_did_from_jwk(&s, "key", "{"));
	CHECK_RC(BERTH_E_TYPE, berth_did_from_jwk(&s, "key", "[]"));
	CHECK_RC(BERTH_E_KEY, berth_did_from_jwk(&s, "key", "{}"));
	CHECK_RC(BERTH_E_KEY, berth_did_peer_from_jwks(&s, 2, NULL, 0, sign, 1, NULL));
	CHECK_RC(BERTH_E_DID, berth_did_peer_from_jwks(&s, 7, sign, 1, NULL, 0, NULL));
	CHECK_RC(BERTH_E_DID, berth_did_peer_from_jwks(&s, 2, sign, 1, NULL, 0, "{}"));
	CHECK_RC(BERTH_E_JSON, berth_did_peer_from_jwks(&s, 2, sign, 1, NULL, 0, "["));
	CHECK_RC(BERTH_E_SIZE, berth_did_peer_from_jwks(&s, 2, many, 9, NULL, 0, NULL));
	CHECK_RC(BERTH_E_DID, berth_did_canonical(&s, "nobody"));
	CHECK(!s);
	CHECK_RC(BERTH_E_DID, berth_did_resolve_json(&s, "did:web:example.com", NULL));
	CHECK(strstr(s, "methodNotSupported"));
	berth_string_free(s);
	CHECK_RC(BERTH_E_DID, berth_did_resolve_json(&s, "nobody", NULL));
	CHECK(strstr(s, "invalidDid"));
	berth_string_free(s);
	CHECK_RC(BERTH_E_RESOLVE, berth_did_resolve_json(&s, "did:web:example.com", "/nonexistent/berth"));
	CHECK(strstr(s, "notFound"));
	berth_string_free(s);
	berth_string_free(NULL);
}

static enum berth_err all_of_it(void *arg)
{
	const char *sign[] = { JWK };
	char *did, *result = NULL;
	enum berth_err rc;

	(void)arg;
	if ((rc = berth_did_peer_from_jwks(&did, 4, sign, 1, NULL, 0, "[]")))
		return rc;
	rc = berth_did_resolve_json(&result, did, NULL);
	berth_string_free(did);
	berth_string_free(result);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	(void)state;
	CHECK(test_every_allocation_fails(all_of_it, NULL) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_from_a_jwk_and_resolved),
		cmocka_unit_test(a_peer_did_in_both_forms),
		cmocka_unit_test(dereferenced),
		cmocka_unit_test(refusals_give_nothing_but_the_result),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
