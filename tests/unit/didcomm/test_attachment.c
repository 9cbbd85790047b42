/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/post.h"

#include "did/codec/base64url.h"
#include "didcomm/message.h"

#define HEAD "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\","
#define ED "did:example:alice#key-1"
#define P256 "did:example:alice#key-2"
#define EDDSA "{\"alg\":\"EdDSA\"}"
#define CONTENT "the content of an attachment"

static struct post w;

/* A message with one attachment "a"; m is to be freed. */
static enum berth_err message_of(struct berth_message *m, const char *data)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_printf(&text, HEAD "\"attachments\":[{\"id\":\"a\",\"data\":%s}]}", data);
	rc = berth_message_parse(m, berth_buf_cstr(&text), text.len);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err signer_of(const char *data, const char *want)
{
	struct berth_message m;
	char *kid = (char *)(uintptr_t)"before";
	enum berth_err rc;

	CHECK_OK(message_of(&m, data));
	rc = berth_message_attachment_signer(&m, "a", &w.resolver, &kid);
	CHECK(rc ? kid == NULL : !strcmp(kid, want));
	free(kid);
	berth_message_free(&m);
	return rc;
}

/* data with a detached signature of that key over content; free(). */
static char *signed_data(const char *key, const char *header, const char *kid, const char *content)
{
	char *jws = post_jws(&w, key, header, kid, content), *detached = post_with_member(jws, "payload", NULL), *out;
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_str(&b, "{\"base64\":\"");
	berth_b64url_encode(&b, content, strlen(content));
	berth_buf_printf(&b, "\",\"jws\":%s}", detached);
	free(jws);
	free(detached);
	out = berth_buf_take_str(&b);
	return out;
}

/* Takes data. */
static void expect(enum berth_err want, char *data, const char *who)
{
	CHECK_RC(want, signer_of(data, who));
	free(data);
}

static void a_signed_attachment_says_by_whom(void **state)
{
	char *good = signed_data(ED, EDDSA, ED, CONTENT), *bad;

	(void)state;
	CHECK_OK(signer_of(good, ED));
	expect(BERTH_OK, signed_data(P256, "{\"alg\":\"ES256\"}", P256, CONTENT), P256);
	expect(BERTH_OK, signed_data(ED, "{\"alg\":\"EdDSA\",\"kid\":\"" ED "\"}", NULL, CONTENT), ED);
	bad = post_with_member(good, "base64", "\"b3RoZXI\"");
	expect(BERTH_E_SIG, bad, NULL);
	expect(BERTH_E_ALG, signed_data(ED, "{\"alg\":\"none\"}", ED, CONTENT), NULL);
	expect(BERTH_E_ALG, signed_data(ED, "{\"alg\":\"ES256\"}", ED, CONTENT), NULL);
	expect(BERTH_E_ENV, signed_data(ED, EDDSA, NULL, CONTENT), NULL);
	expect(BERTH_E_ENV, signed_data(ED, EDDSA, "#key-1", CONTENT), NULL);
	expect(BERTH_E_ENV, signed_data(ED, "{\"alg\":\"EdDSA\",\"crit\":[\"x\"],\"x\":1}", ED, CONTENT), NULL);
	expect(BERTH_E_KEY, signed_data(ED, "{\"alg\":\"EdDSA\",\"jwk\":{}}", ED, CONTENT), NULL);
	expect(BERTH_E_SIG, signed_data(ED, EDDSA, "did:example:carol#ed25519", CONTENT), NULL);
	/* an agreement key signs nothing */
	expect(BERTH_E_KEY, signed_data("did:example:alice#key-p256-1", "{\"alg\":\"ES256\"}", "did:example:alice#key-p256-1", CONTENT), NULL);
	free(good);
}

static void c026_several_signatures_of_an_attachment(void **state)
{
	char *a = signed_data(ED, EDDSA, ED, CONTENT), *b = signed_data(P256, "{\"alg\":\"ES256\"}", P256, CONTENT);
	char *list_a = strstr(a, "\"signatures\":[") + strlen("\"signatures\":["), *list_b = strstr(b, "\"signatures\":[") + strlen("\"signatures\":[");
	struct berth_buf both = BERTH_BUF_INIT;
	char *at;

	(void)state;
	berth_buf_printf(&both, "%.*s%.*s,%s", (int)(list_a - a), a, (int)(strstr(list_a, "]}}") - list_a), list_a, list_b);
	CHECK_OK(signer_of(berth_buf_cstr(&both), ED));
	at = strrchr((char *)both.p, '"') - 2;	/* the last signature's */
	*at = *at == 'A' ? 'B' : 'A';
	CHECK_RC(BERTH_E_SIG, signer_of(berth_buf_cstr(&both), NULL));
	berth_buf_free(&both);
	free(a);
	free(b);
}

static void c081_what_cannot_be_judged_is_refused(void **state)
{
	char *good = signed_data(ED, EDDSA, ED, CONTENT), *bad;
	struct berth_message m;
	char *kid;

	(void)state;
	CHECK_RC(BERTH_E_TYPE, signer_of("{\"base64\":\"AAAA\"}", NULL));
	CHECK_RC(BERTH_E_NETPOL, signer_of("{\"links\":[\"https://x.test\"],\"hash\":\"z\",\"jws\":{\"signature\":\"x\"}}", NULL));
	CHECK_RC(BERTH_E_ENV, signer_of("{\"base64\":\"AAAA\",\"jws\":{}}", NULL));
	CHECK_RC(BERTH_E_ENV, signer_of("{\"base64\":\"AAAA\",\"jws\":{\"signatures\":[]}}", NULL));
	CHECK_RC(BERTH_E_SIZE, signer_of("{\"base64\":\"AAAA\",\"jws\":{\"signatures\":[1,1,1,1,1]}}", NULL));
	CHECK_RC(BERTH_E_TYPE, message_of(&m, "{\"json\":{},\"jws\":{\"signature\":\"x\"}}"));
	CHECK_RC(BERTH_E_TYPE, message_of(&m, "{\"base64\":\"AAAA\",\"jws\":\"x\"}"));
	CHECK_RC(BERTH_E_TYPE, message_of(&m, "{\"base64\":\"AAAA\",\"jws\":{\"payload\":\"AAAA\",\"signature\":\"x\"}}"));
	CHECK_OK(message_of(&m, good));
	CHECK_RC(BERTH_E_TYPE, berth_message_attachment_signer(&m, "b", &w.resolver, &kid));
	CHECK(!kid);
	berth_message_free(&m);
	bad = post_with_member(good, "links", "[]");
	CHECK_RC(BERTH_E_TYPE, message_of(&m, bad));	/* links want a hash */
	free(bad);
	free(good);
}

static void describing_members_have_types_and_caps(void **state)
{
	static const char *const bad[] = {
		"\"description\":1", "\"filename\":{}", "\"format\":[]", "\"lastmod_time\":-1", "\"lastmod_time\":\"now\"",
		"\"lastmod_time\":1.5", "\"byte_count\":-1", "\"byte_count\":\"5\"",
	};
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_message m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		berth_buf_reset(&text);
		berth_buf_printf(&text, HEAD "\"attachments\":[{%s,\"data\":{\"json\":{}}}]}", bad[i]);
		CHECK_RC(BERTH_E_TYPE, berth_message_parse(&m, berth_buf_cstr(&text), text.len));
	}
	berth_buf_reset(&text);
	berth_buf_str(&text, HEAD "\"attachments\":[{\"description\":\"d\",\"filename\":\"../f\",\"format\":\"x@1.0\","
		      "\"lastmod_time\":1516269022,\"byte_count\":9007199254740991,\"other\":[],\"data\":{\"json\":{}}}]}");
	CHECK_OK(berth_message_parse(&m, berth_buf_cstr(&text), text.len));
	berth_message_free(&m);
	for (size_t over = 0; over < 2; over++) {
		berth_buf_reset(&text);
		berth_buf_printf(&text, HEAD "\"attachments\":[{\"filename\":\"%0*d\",\"data\":{\"json\":{}}}]}", (int)(256 + over), 7);
		CHECK_RC(over ? BERTH_E_SIZE : BERTH_OK, berth_message_parse(&m, berth_buf_cstr(&text), text.len));
		berth_message_free(&m);
	}
	berth_buf_free(&text);
}

static enum berth_err whole(void *text)
{
	const char *const acks[] = { "1" };
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_message m;
	char *kid = NULL;
	enum berth_err rc;

	if ((rc = berth_message_parse(&m, text, strlen(text))))
		return rc;
	(void)((rc = berth_message_attachment(&m, "a", &out)) ||
	       (rc = berth_message_attachment_signer(&m, "a", &w.resolver, &kid)) ||
	       (rc = berth_message_attach_bytes(&m, "b", "text/plain", "hello", 5)) ||
	       (rc = berth_message_set_list(&m, "ack", acks, 1)));
	free(kid);
	berth_buf_free(&out);
	berth_message_free(&m);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	char *data = signed_data(ED, EDDSA, ED, CONTENT), *text;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	berth_buf_printf(&b, HEAD "\"attachments\":[{\"id\":\"a\",\"data\":%s}]}", data);
	text = berth_buf_take_str(&b);
	CHECK_OK(whole(text));	/* what a thread keeps, it has */
	CHECK(test_every_allocation_fails(whole, text) > 60);
	free(text);
	free(data);
}

static int setup(void **state)
{
	*state = &w;
	post_open(&w, "ab");
	post_person(&w, "did:example:carol");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signed_attachment_says_by_whom),
		cmocka_unit_test(c026_several_signatures_of_an_attachment),
		cmocka_unit_test(c081_what_cannot_be_judged_is_refused),
		cmocka_unit_test(describing_members_have_types_and_caps),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
