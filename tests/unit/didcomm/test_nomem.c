/* SPDX-License-Identifier: Apache-2.0 */
/* C015: every allocation of packing and unpacking fails once. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/post.h"

#include "didcomm/from_prior.h"
#include "didcomm/pack.h"
#include "didcomm/unpack.h"

#define SPEC "tests/vectors/didcomm-spec/"
#define ALICE "did:example:alice"
#define BOB "did:example:bob"

static struct post w;

static enum berth_err unpack(void *arg)
{
	const struct berth_unpack p = { .resolver = &w.resolver, .keyring = &w.keyring, .allow_plaintext = true };
	struct berth_unpacked u;
	enum berth_err rc = berth_unpack(&u, &p, arg, strlen(arg));
	struct berth_json *meta = rc ? NULL : berth_unpacked_metadata(&u, 0);

	if (!rc && !meta)
		rc = BERTH_E_NOMEM;
	berth_json_free(meta);
	berth_unpacked_free(&u);
	return rc;
}

static void c015_unpack(void **state)
{
	static const char *const names[] = { "C1-plaintext", "C2-1", "C3-1", "C3-4", "C3-5" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[96], *text;

		snprintf(path, sizeof(path), SPEC "%s.json", names[i]);
		text = test_read_file(path, NULL);
		CHECK(test_every_allocation_fails(unpack, text) > 5);
		free(text);
	}
}

static enum berth_err pack(void *arg)
{
	struct berth_buf out = BERTH_BUF_INIT;
	enum berth_err rc;
	struct berth_message m;

	if ((rc = berth_message_new(&m, "https://example.com/p/1.0/m", NULL, NULL, "t", NULL)))
		return rc;
	rc = berth_pack(&out, arg, &m);
	berth_message_free(&m);
	berth_buf_free(&out);
	return rc;
}

static void c015_pack(void **state)
{
	struct berth_pack p = {
		.mode = BERTH_PACK_AUTHCRYPT, .from = ALICE, .to = BOB, .sign_by = ALICE "#key-1",
		.protect_sender = true, .resolver = &w.resolver, .keyring = &w.keyring,
	};

	(void)state;
	CHECK(test_every_allocation_fails(pack, &p) > 20);
	p.mode = BERTH_PACK_ANONCRYPT;
	p.from = p.sign_by = NULL;
	p.enc = BERTH_ENC_XC20P;
	CHECK(test_every_allocation_fails(pack, &p) > 10);
}

static enum berth_err build(void *arg)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_message m;
	enum berth_err rc;

	(void)arg;
	if ((rc = berth_message_new(&m, "https://example.com/p/1.0/m", ALICE, BOB, NULL, NULL)))
		return rc;
	if ((rc = berth_message_set(&m, "pthid", "thread")) || (rc = berth_message_attach_json(&m, "a", berth_json_new_object())) ||
	    (rc = berth_message_attach_bytes(&m, "b", "text/plain", "hello", 5)))
		goto out;
	if ((rc = berth_message_attachment(&m, "b", &out)))
		goto out;
	rc = berth_message_attachment(&m, "a", &out);
out:
	berth_message_free(&m);
	berth_buf_free(&out);
	return rc;
}

static void c015_messages(void **state)
{
	(void)state;
	CHECK(test_every_allocation_fails(build, NULL) > 20);
}

static enum berth_err rotate(void *arg)
{
	struct berth_buf jwt = BERTH_BUF_INIT;
	struct berth_json *claims = NULL;
	char *kid = NULL;
	enum berth_err rc;

	(void)arg;
	if ((rc = berth_from_prior_create(&jwt, BOB "#key-1", ALICE, 1, &w.keyring)))
		goto out;
	rc = berth_from_prior_verify(&claims, &kid, berth_buf_cstr(&jwt), ALICE, &w.resolver);
out:
	berth_buf_free(&jwt);
	berth_json_free(claims);
	free(kid);
	return rc;
}

static void c015_from_prior(void **state)
{
	(void)state;
	post_key(&w, BOB "#key-1", post_find(&w, ALICE "#key-1"));
	post_doc(&w, BOB, "{\"id\":\"did:example:bob\",\"authentication\":[{\"id\":\"did:example:bob#key-1\","
		 "\"type\":\"JsonWebKey2020\",\"controller\":\"did:example:bob\",\"publicKeyJwk\":{\"kty\":\"OKP\","
		 "\"crv\":\"Ed25519\",\"x\":\"G-boxFB6vOZBu-wXkm-9Lh79I8nf9Z50cILaOgKKGww\"}}]}");
	CHECK(test_every_allocation_fails(rotate, NULL) > 10);
}

static int setup(void **state)
{
	*state = &w;
	post_open(&w, "ab");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c015_unpack),
		cmocka_unit_test(c015_pack),
		cmocka_unit_test(c015_messages),
		cmocka_unit_test(c015_from_prior),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
