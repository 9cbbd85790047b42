/* SPDX-License-Identifier: Apache-2.0 */
/* Forwards and the ways that documents name, against didcomm-rust's people (bob behind
 * one mediator, charlie behind three) and the specification's examples. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/post.h"

#include "did/url.h"
#include "didcomm/pack.h"
#include "didcomm/routing.h"

#define ALICE "did:example:alice"
#define BOB "did:example:bob"
#define CHARLIE "did:example:charlie"
#define M1 "did:example:mediator1"
#define M2 "did:example:mediator2"
#define M3 "did:example:mediator3"
#define X "did:example:x"
#define TEXT "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\",\"body\":{\"a\":1}}"
#define ENVELOPE "{\"ciphertext\":\"AA\",\"protected\":\"AA\",\"iv\":\"\",\"tag\":\"\",\"recipients\":[]}"

static struct post w;

static int setup(void **state)
{
	static const char *const people[] = { "alice", "bob", "charlie", "mediator1", "mediator2", "mediator3" };

	*state = &w;
	post_open(&w, "");
	for (size_t i = 0; i < sizeof(people) / sizeof(*people); i++)
		post_add_rust(&w, people[i], true);
	return 0;
}

static void pack(struct berth_buf *out, const char *to, const char *text)
{
	const struct berth_pack p = { .mode = BERTH_PACK_ANONCRYPT, .to = to, .resolver = &w.resolver, .keyring = &w.keyring };
	struct berth_message m;

	CHECK_OK(berth_message_parse(&m, text, strlen(text)));
	CHECK_OK(berth_pack(out, &p, &m));
	berth_message_free(&m);
}

static struct berth_unpack opener(void)
{
	return (struct berth_unpack){ .resolver = &w.resolver, .keyring = &w.keyring };
}

/* Opens one forward as whoever it is for: *next is who that is to send it to. */
static void open_forward(struct berth_buf *envelope, const char *by, const char *next)
{
	struct berth_unpack p = opener();
	struct berth_buf inner = BERTH_BUF_INIT;
	struct berth_unpacked u;
	struct berth_forward f;

	CHECK_OK(berth_unpack(&u, &p, berth_buf_cstr(envelope), envelope->len));
	assert_true(berth_did_same(u.encrypted_to_kid, by));
	assert_true(u.anonymous_sender);
	assert_null(u.msg.from);
	assert_string_equal(berth_json_str(berth_json_first(u.msg.to)), by);
	CHECK_OK(berth_forward_read(&f, &u.msg));
	assert_string_equal(f.next, next);
	assert_int_equal(berth_json_len(f.payloads), 1);
	CHECK_OK(berth_forward_payload(berth_json_first(f.payloads), &inner));
	berth_unpacked_free(&u);
	berth_buf_free(envelope);
	*envelope = inner;
}

static void check_inmost(const struct berth_buf *envelope)
{
	struct berth_unpack p = opener();
	struct berth_unpacked u;

	CHECK_OK(berth_unpack(&u, &p, berth_buf_cstr(envelope), envelope->len));
	assert_string_equal(u.msg.id, "1");
	berth_unpacked_free(&u);
}

static void routing_keys_from_the_outside_in(void **state)
{
	struct berth_buf inner = BERTH_BUF_INIT, packed = BERTH_BUF_INIT;
	struct berth_routes r;

	(void)state;
	CHECK_OK(berth_routes_find(&r, &w.resolver, BOB, BERTH_ROUTE_LOOKUPS_MAX));
	assert_int_equal(r.n, 1);
	assert_string_equal(r.list[0].uri, "http://example.com/path");
	assert_int_equal(r.list[0].n_hops, 1);
	assert_string_equal(r.list[0].hops[0].kids[0], M1 "#key-x25519-1");
	pack(&inner, BOB, TEXT);
	CHECK_OK(berth_route_wrap(&packed, &r.list[0], BOB, inner.p, inner.len));
	open_forward(&packed, M1, BOB);
	check_inmost(&packed);
	berth_buf_free(&packed);
	berth_buf_free(&inner);
	berth_routes_free(&r);
}

/* The endpoint's DID first, then the routing keys, then charlie. */
static void a_did_for_an_endpoint_is_the_first_hop(void **state)
{
	struct berth_buf inner = BERTH_BUF_INIT, packed = BERTH_BUF_INIT;
	struct berth_routes r;

	(void)state;
	CHECK_OK(berth_routes_find(&r, &w.resolver, CHARLIE, BERTH_ROUTE_LOOKUPS_MAX));
	assert_int_equal(r.n, 1);
	assert_string_equal(r.list[0].uri, "http://example.com/path");
	assert_int_equal(r.list[0].n_hops, 3);
	pack(&inner, CHARLIE, TEXT);
	CHECK_OK(berth_route_wrap(&packed, &r.list[0], CHARLIE, inner.p, inner.len));
	open_forward(&packed, M3, M2 "#key-x25519-1");
	open_forward(&packed, M2, M1 "#key-x25519-1");
	open_forward(&packed, M1, CHARLIE);
	check_inmost(&packed);
	berth_buf_free(&packed);
	berth_buf_free(&inner);
	berth_routes_free(&r);
}

static void set_service(const char *did, const char *service)
{
	struct berth_buf doc = BERTH_BUF_INIT;

	berth_buf_printf(&doc, "{\"@context\":[\"https://www.w3.org/ns/did/v1\"],\"id\":\"%s\",\"service\":[%s]}", did, service);
	post_doc(&w, did, berth_buf_cstr(&doc));
	berth_buf_free(&doc);
}

static void check_route(const char *service, enum berth_err rc, size_t n, const char *uri, size_t n_hops)
{
	struct berth_routes r;

	set_service(X, service);
	CHECK_RC(rc, berth_routes_find(&r, &w.resolver, X, BERTH_ROUTE_LOOKUPS_MAX));
	if (r.n != n)
		fail_msg("%s: %zu routes", service, r.n);
	if (n) {
		assert_string_equal(r.list[0].uri, uri);
		assert_int_equal(r.list[0].n_hops, n_hops);
	}
	berth_routes_free(&r);
}

#define SVC(endpoint) "{\"id\":\"#s\",\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":" endpoint "}"
#define MED "[\"" M1 "#key-x25519-1\"]"

static void forms_of_an_endpoint(void **state)
{
	(void)state;
	check_route("", BERTH_OK, 0, NULL, 0);
	check_route("{\"id\":\"#s\",\"type\":\"Other\",\"serviceEndpoint\":\"https://x.test\"}", BERTH_OK, 0, NULL, 0);
	check_route(SVC("\"https://x.test/1\""), BERTH_OK, 1, "https://x.test/1", 0);
	check_route(SVC("{\"uri\":\"https://x.test/2\",\"accept\":[\"didcomm/v2\"]}"), BERTH_OK, 1, "https://x.test/2", 0);
	check_route(SVC("[{\"uri\":\"https://x.test/3\",\"routingKeys\":[]}]"), BERTH_OK, 1, "https://x.test/3", 0);
	check_route(SVC("[{\"uri\":\"https://x.test/4\",\"routingKeys\":" MED "}]"), BERTH_OK, 1, "https://x.test/4", 1);
	check_route(SVC("{\"uri\":\"" M3 "\"}"), BERTH_OK, 1, "http://example.com/path", 1);
	check_route(SVC("{\"uri\":\"" M3 "\",\"routingKeys\":" MED "}"), BERTH_OK, 1, "http://example.com/path", 2);
	check_route(SVC("[]"), BERTH_OK, 0, NULL, 0);
	check_route(SVC("{\"uri\":\"didcomm:transport/queue\"}"), BERTH_OK, 0, NULL, 0);
	/* what v2.0 had: text, and the rest beside it */
	check_route("{\"id\":\"#s\",\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":\"https://x.test/5\",\"accept\":[\"didcomm/v2\"],"
		    "\"routingKeys\":" MED "}", BERTH_OK, 1, "https://x.test/5", 1);
	/* several, in their order; those that cannot be used are left out */
	check_route(SVC("[{\"uri\":\"https://v1.test\",\"accept\":[\"didcomm/aip2;env=rfc19\"]},"
			"{\"uri\":\"https://x.test/6\"},{\"uri\":\"https://x.test/7\"}]"), BERTH_OK, 2, "https://x.test/6", 0);
	check_route(SVC("[{\"uri\":\"did:example:nobody\"},{\"uri\":\"https://x.test/8\"}]"), BERTH_OK, 1, "https://x.test/8", 0);
	check_route(SVC("[{\"uri\":\"https://x.test/9\"}]") ",{\"id\":\"#t\",\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":\"https://x.test/10\"}",
		    BERTH_OK, 2, "https://x.test/9", 0);
}

static void endpoints_that_lead_nowhere(void **state)
{
	(void)state;
	check_route(SVC("{\"uri\":\"https://v1.test\",\"accept\":[\"didcomm/aip1\"]}"), BERTH_E_ROUTE, 0, NULL, 0);
	check_route(SVC("{\"uri\":\"" X "\"}"), BERTH_E_ROUTE, 0, NULL, 0);	/* itself */
	check_route(SVC("{\"uri\":\"" M1 "\"}"), BERTH_E_ROUTE, 0, NULL, 0);	/* has no endpoint */
	check_route(SVC("{\"uri\":\"did:example:nobody\"}"), BERTH_E_DID, 0, NULL, 0);
	check_route(SVC("{\"uri\":\"https://x.test\",\"routingKeys\":[\"#key-1\"]}"), BERTH_E_DID, 0, NULL, 0);
	check_route(SVC("{\"uri\":\"https://x.test\",\"routingKeys\":[7]}"), BERTH_E_DID, 0, NULL, 0);
	check_route(SVC("{\"uri\":\"https://x.test\",\"routingKeys\":[\"" M1 "#nothing\"]}"), BERTH_E_KEY, 0, NULL, 0);
	check_route(SVC("{\"uri\":\"https://x.test\",\"routingKeys\":7}"), BERTH_E_TYPE, 0, NULL, 0);
	check_route(SVC("{\"uri\":\"\"}"), BERTH_E_DID, 0, NULL, 0);
	check_route(SVC("{\"uri\":\"[{\\\"uri\\\":\\\"nng+ipc:///x\\\",\\\"hops\\\":[]}]\"}"), BERTH_E_DID, 0, NULL, 0);	/* our own text */
	check_route(SVC("{\"accept\":[\"didcomm/v2\"]}"), BERTH_E_DID, 0, NULL, 0);
}

static void dids_behind_dids_are_bounded(void **state)
{
	(void)state;
	post_doc(&w, "did:example:y", "{\"id\":\"did:example:y\",\"service\":[" SVC("{\"uri\":\"" X "\"}") "]}");
	check_route(SVC("{\"uri\":\"did:example:y\"}"), BERTH_E_ROUTE, 0, NULL, 0);	/* a circle */
	post_doc(&w, "did:example:y", "{\"id\":\"did:example:y\",\"service\":[" SVC("{\"uri\":\"" M3 "\"}") "]}");
	check_route(SVC("{\"uri\":\"did:example:y\"}"), BERTH_E_KEY, 0, NULL, 0);	/* y has no key to wrap for */
	check_route(SVC("{\"uri\":\"" CHARLIE "\"}"), BERTH_OK, 1, "http://example.com/path", 4);
	set_service("did:example:z", SVC("{\"uri\":\"" CHARLIE "\"}"));
	check_route(SVC("{\"uri\":\"did:example:z\"}"), BERTH_E_ROUTE, 0, NULL, 0);	/* the third one */
}

static void hops_endpoints_and_look_ups_are_bounded(void **state)
{
	struct berth_buf s = BERTH_BUF_INIT;

	(void)state;
	for (size_t n = BERTH_HOPS_MAX; n <= BERTH_HOPS_MAX + 1; n++) {
		berth_buf_str(&s, "{\"id\":\"#s\",\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":{\"uri\":\"https://x.test\",\"routingKeys\":[");
		for (size_t i = 0; i < n; i++)
			berth_buf_printf(&s, "%s\"" M1 "#key-x25519-1\"", i ? "," : "");
		berth_buf_str(&s, "]}}");
		check_route(berth_buf_cstr(&s), n == BERTH_HOPS_MAX ? BERTH_OK : BERTH_E_SIZE, n == BERTH_HOPS_MAX, "https://x.test", n);
		berth_buf_reset(&s);
	}
	berth_buf_str(&s, "{\"id\":\"#s\",\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":[");
	for (size_t i = 0; i < 3 * BERTH_ROUTES_MAX; i++)
		berth_buf_printf(&s, "%s{\"uri\":\"https://x.test/%zu\"}", i ? "," : "", i);
	berth_buf_str(&s, "]}");
	check_route(berth_buf_cstr(&s), BERTH_OK, BERTH_ROUTES_MAX, "https://x.test/0", 0);
	berth_buf_reset(&s);
	berth_buf_str(&s, "{\"id\":\"#s\",\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":[");
	for (size_t i = 0; i < 100; i++)
		berth_buf_printf(&s, "%s{\"uri\":\"did:example:nobody%zu\"}", i ? "," : "", i);
	berth_buf_str(&s, "]}");
	w.lookups = 0;
	check_route(berth_buf_cstr(&s), BERTH_E_ROUTE, 0, NULL, 0);
	CHECK(w.lookups <= BERTH_ROUTE_LOOKUPS_MAX);
	berth_buf_free(&s);
}

/* What a stranger's document may cost: enough for one mediator. */
static void a_strangers_look_ups_are_few(void **state)
{
	struct berth_routes r;

	(void)state;
	set_service(X, SVC("[{\"uri\":\"" M3 "\"},{\"uri\":\"" CHARLIE "\"}]"));
	w.lookups = 0;
	CHECK_OK(berth_routes_find(&r, &w.resolver, X, BERTH_ROUTE_LOOKUPS_STRANGER));
	assert_int_equal(r.n, 1);
	assert_int_equal(r.list[0].n_hops, 1);
	assert_true(w.lookups <= BERTH_ROUTE_LOOKUPS_STRANGER);
	berth_routes_free(&r);
	CHECK_OK(berth_routes_find(&r, &w.resolver, X, BERTH_ROUTE_LOOKUPS_MAX));
	assert_int_equal(r.n, 2);
	berth_routes_free(&r);
}

static void routes_as_text(void **state)
{
	struct berth_buf text = BERTH_BUF_INIT, again = BERTH_BUF_INIT, inner = BERTH_BUF_INIT, packed = BERTH_BUF_INIT;
	struct berth_routes r, back;

	(void)state;
	CHECK_OK(berth_routes_find(&r, &w.resolver, CHARLIE, BERTH_ROUTE_LOOKUPS_MAX));
	CHECK_OK(berth_routes_print(&text, &r));
	CHECK_OK(berth_routes_parse(&back, berth_buf_cstr(&text)));
	CHECK_OK(berth_routes_print(&again, &back));
	assert_string_equal(berth_buf_cstr(&text), berth_buf_cstr(&again));
	pack(&inner, CHARLIE, TEXT);
	CHECK_OK(berth_route_wrap(&packed, &back.list[0], CHARLIE, inner.p, inner.len));
	open_forward(&packed, M3, M2 "#key-x25519-1");
	berth_routes_free(&back);
	for (size_t n = 1; n < text.len; n++) {	/* the first letter alone is no list either */
		char *cut = strndup(berth_buf_cstr(&text), n);

		CHECK_RC(BERTH_E_JSON, berth_routes_parse(&back, cut));
		assert_null(back.list);
		free(cut);
	}
	berth_routes_free(&r);
	CHECK_OK(berth_routes_parse(&r, "nng+tcp://gw.test:1"));	/* one URI is itself */
	assert_int_equal(r.n, 1);
	berth_buf_reset(&text);
	CHECK_OK(berth_routes_print(&text, &r));
	assert_string_equal(berth_buf_cstr(&text), "nng+tcp://gw.test:1");
	berth_routes_free(&r);
	CHECK_OK(berth_routes_parse(&r, ""));
	assert_int_equal(r.n, 0);
	CHECK_RC(BERTH_E_TYPE, berth_routes_parse(&r, "[{\"uri\":\"a\"}]"));
	CHECK_RC(BERTH_E_TYPE, berth_routes_parse(&r, "[{\"uri\":\"\",\"hops\":[]}]"));
	CHECK_RC(BERTH_E_TYPE, berth_routes_parse(&r, "[{\"uri\":\"[]\",\"hops\":[]}]"));
	CHECK_RC(BERTH_E_TYPE, berth_routes_parse(&r, "[{\"uri\":\"a\",\"hops\":[{\"name\":\"x\",\"keys\":{\"" M1 "#k\":\"z6\"}}]}]"));
	CHECK_RC(BERTH_E_KEY, berth_routes_parse(&r, "[{\"uri\":\"a\",\"hops\":[{\"name\":\"" M1 "\",\"keys\":{\"" M1 "#k\":\"z6\"}}]}]"));
	CHECK_RC(BERTH_E_SIZE, berth_routes_parse(&r, "[{\"uri\":\"a\",\"hops\":[{\"name\":\"" M1 "\",\"keys\":{}}]}]"));
	berth_buf_free(&text);
	berth_buf_free(&again);
	berth_buf_free(&inner);
	berth_buf_free(&packed);
}

static enum berth_err read_text(const char *text)
{
	struct berth_message m;
	struct berth_forward f;
	enum berth_err rc;

	CHECK_OK(berth_message_parse(&m, text, strlen(text)));
	rc = berth_forward_read(&f, &m);
	berth_message_free(&m);
	return rc;
}

#define FWD(body, more) "{\"id\":\"1\",\"type\":\"" BERTH_TYPE_FORWARD "\",\"body\":" body more "}"
#define ATT ",\"attachments\":[{\"data\":{\"json\":" ENVELOPE "}}]"
#define NEXT "{\"next\":\"" BOB "\"}"

static void c079_what_a_forward_must_say(void **state)
{
	struct berth_buf s = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(read_text(FWD(NEXT, ATT)));
	CHECK_OK(read_text(FWD("{\"next\":\"" BOB "#key-1\"}", ATT)));
	CHECK_RC(BERTH_E_TYPE, read_text("{\"id\":\"1\",\"type\":\"https://didcomm.org/routing/1.0/forward\",\"body\":" NEXT ATT "}"));
	CHECK_RC(BERTH_E_TYPE, read_text(FWD("{}", ATT)));
	CHECK_RC(BERTH_E_TYPE, read_text(FWD("{\"next\":7}", ATT)));
	CHECK_RC(BERTH_E_TYPE, read_text(FWD("{\"next\":\"bob\"}", ATT)));
	CHECK_RC(BERTH_E_TYPE, read_text(FWD("{\"next\":\"" BOB "?service=x\"}", ATT)));
	CHECK_RC(BERTH_E_TYPE, read_text(FWD(NEXT, "")));
	CHECK_RC(BERTH_E_TYPE, read_text(FWD(NEXT, ",\"attachments\":[]")));
	CHECK_OK(read_text(FWD(NEXT, ATT ",\"delay_milli\":-9007199254740991")));
	CHECK_OK(read_text(FWD(NEXT, ATT ",\"delay_milli\":5")));
	CHECK_RC(BERTH_E_TYPE, read_text(FWD(NEXT, ATT ",\"delay_milli\":9007199254740992")));
	CHECK_RC(BERTH_E_TYPE, read_text(FWD(NEXT, ATT ",\"delay_milli\":0.5")));
	CHECK_RC(BERTH_E_TYPE, read_text(FWD(NEXT, ATT ",\"delay_milli\":\"5\"")));
	for (size_t n = BERTH_FORWARD_PAYLOADS_MAX; n <= BERTH_FORWARD_PAYLOADS_MAX + 1; n++) {
		berth_buf_str(&s, "{\"id\":\"1\",\"type\":\"" BERTH_TYPE_FORWARD "\",\"body\":" NEXT ",\"attachments\":[");
		for (size_t i = 0; i < n; i++)
			berth_buf_printf(&s, "%s{\"data\":{\"json\":%s}}", i ? "," : "", ENVELOPE);
		berth_buf_str(&s, "]}");
		CHECK_RC(n == BERTH_FORWARD_PAYLOADS_MAX ? BERTH_OK : BERTH_E_SIZE, read_text(berth_buf_cstr(&s)));
		berth_buf_reset(&s);
	}
	berth_buf_free(&s);
}

static enum berth_err payload(const char *data)
{
	struct berth_buf text = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
	struct berth_json *a = NULL;
	enum berth_err rc;

	berth_buf_printf(&text, "{\"data\":%s}", data);
	CHECK_OK(berth_json_parse(&a, berth_buf_cstr(&text), text.len, BERTH_JSON_MAX));
	rc = berth_forward_payload(a, &out);
	if (rc)
		assert_int_equal(out.len, 0);
	berth_json_free(a);
	berth_buf_free(&text);
	berth_buf_free(&out);
	return rc;
}

static void a_payload_is_an_encrypted_message(void **state)
{
	(void)state;
	CHECK_OK(payload("{\"json\":" ENVELOPE "}"));
	CHECK_OK(payload("{\"base64\":\"eyJjaXBoZXJ0ZXh0IjoiQUEiLCJwcm90ZWN0ZWQiOiJBQSJ9\"}"));
	CHECK_RC(BERTH_E_ENV, payload("{\"json\":{\"id\":\"1\",\"type\":\"x/1.0/y\",\"body\":{}}}"));
	CHECK_RC(BERTH_E_ENV, payload("{\"json\":{\"payload\":\"AA\",\"signatures\":[]}}"));
	CHECK_RC(BERTH_E_TYPE, payload("{\"json\":[]}"));
	CHECK_RC(BERTH_E_TYPE, payload("{\"base64\":\"MQ\"}"));
	CHECK_RC(BERTH_E_JSON, payload("{\"base64\":\"eyI\"}"));
	CHECK_RC(BERTH_E_B64, payload("{\"base64\":\"eyJ=\"}"));
	CHECK_RC(BERTH_E_NETPOL, payload("{\"links\":[\"https://x.test/\"],\"hash\":\"zQm\"}"));
}

static void rewrapped(struct berth_buf *out, const char *to, int times)
{
	pack(out, to, TEXT);
	for (int i = 0; i < times; i++) {
		struct berth_buf more = BERTH_BUF_INIT;

		CHECK_OK(berth_forward_rewrap(&more, &w.resolver, to, out->p, out->len));
		berth_buf_free(out);
		*out = more;
	}
}

static void rewrapped_messages_are_taken_out(void **state)
{
	struct berth_unpack p = opener();
	struct berth_unpacked u;

	(void)state;
	for (int times = 0; times <= BERTH_FORWARD_UNWRAP_MAX + 1; times++) {
		struct berth_buf packed = BERTH_BUF_INIT;

		rewrapped(&packed, BOB, times);
		CHECK_RC(times > BERTH_FORWARD_UNWRAP_MAX ? BERTH_E_ROUTE : BERTH_OK,
			 berth_unpack_routed(&u, &p, berth_buf_cstr(&packed), packed.len));
		if (times <= BERTH_FORWARD_UNWRAP_MAX) {
			assert_string_equal(u.msg.id, "1");
			assert_int_equal(u.re_wrapped_in_forward, times > 0);
			berth_unpacked_free(&u);
		}
		berth_buf_free(&packed);
	}
}

/* A mediator's work is no message to it: a forward to somebody else stays what it is. */
static void a_forward_to_somebody_else_is_a_forward(void **state)
{
	struct berth_buf inner = BERTH_BUF_INIT, packed = BERTH_BUF_INIT;
	struct berth_unpack p = opener();
	struct berth_unpacked u;
	struct berth_routes r;

	(void)state;
	CHECK_OK(berth_routes_find(&r, &w.resolver, BOB, BERTH_ROUTE_LOOKUPS_MAX));
	pack(&inner, BOB, TEXT);
	CHECK_OK(berth_route_wrap(&packed, &r.list[0], BOB, inner.p, inner.len));
	CHECK_OK(berth_unpack_routed(&u, &p, berth_buf_cstr(&packed), packed.len));
	assert_string_equal(u.msg.type, BERTH_TYPE_FORWARD);
	assert_false(u.re_wrapped_in_forward);
	berth_unpacked_free(&u);
	berth_routes_free(&r);
	berth_buf_free(&packed);
	berth_buf_free(&inner);
}

/* 20 deep costs what the caps allow and is E_ROUTE; so large that a layer does not fit
 * any more, E_SIZE. */
static void forwards_in_forwards_end(void **state)
{
	struct berth_buf packed = BERTH_BUF_INIT, more = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	struct berth_unpack p = opener();
	struct berth_unpacked u;
	enum berth_err rc = BERTH_OK;

	(void)state;
	rewrapped(&packed, BOB, 18);
	w.key_ops = 0;
	CHECK_RC(BERTH_E_ROUTE, berth_unpack_routed(&u, &p, berth_buf_cstr(&packed), packed.len));
	CHECK(w.key_ops <= BERTH_FORWARD_UNWRAP_MAX + 1);
	berth_buf_free(&packed);
	berth_buf_str(&text, "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\",\"body\":{\"a\":\"");
	for (int i = 0; i < 300000; i++)
		berth_buf_u8(&text, 'a');
	berth_buf_str(&text, "\"}}");
	pack(&packed, BOB, berth_buf_cstr(&text));
	for (int i = 0; i < 8 && !rc; i++) {
		rc = berth_forward_rewrap(&more, &w.resolver, BOB, packed.p, packed.len);
		berth_buf_free(&packed);
		packed = more;
		more = (struct berth_buf)BERTH_BUF_INIT;
	}
	CHECK_RC(BERTH_E_SIZE, rc);
	berth_buf_free(&packed);
	berth_buf_free(&text);
}

static enum berth_err find_and_keep(void *arg)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_routes r, back = { .n = 0 };
	enum berth_err rc = berth_routes_find(&r, &w.resolver, arg, BERTH_ROUTE_LOOKUPS_MAX);

	if (!rc && !(rc = berth_routes_print(&text, &r)))
		rc = berth_routes_parse(&back, berth_buf_cstr(&text));
	berth_routes_free(&r);
	berth_routes_free(&back);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err wrap_and_open(void *arg)
{
	struct berth_buf packed = BERTH_BUF_INIT;
	struct berth_unpack p = opener();
	struct berth_unpacked u;
	enum berth_err rc = berth_forward_rewrap(&packed, &w.resolver, BOB, arg, strlen(arg));

	if (!rc && !(rc = berth_unpack_routed(&u, &p, berth_buf_cstr(&packed), packed.len)))
		berth_unpacked_free(&u);
	berth_buf_free(&packed);
	return rc;
}

static void c015_every_allocation_fails_once(void **state)
{
	struct berth_buf inner = BERTH_BUF_INIT;

	(void)state;
	CHECK(test_every_allocation_fails(find_and_keep, (void *)CHARLIE) > 20);
	pack(&inner, BOB, TEXT);
	CHECK(test_every_allocation_fails(wrap_and_open, (void *)berth_buf_cstr(&inner)) > 20);
	berth_buf_free(&inner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c015_every_allocation_fails_once),
		cmocka_unit_test(routing_keys_from_the_outside_in),
		cmocka_unit_test(a_did_for_an_endpoint_is_the_first_hop),
		cmocka_unit_test(forms_of_an_endpoint),
		cmocka_unit_test(endpoints_that_lead_nowhere),
		cmocka_unit_test(dids_behind_dids_are_bounded),
		cmocka_unit_test(hops_endpoints_and_look_ups_are_bounded),
		cmocka_unit_test(a_strangers_look_ups_are_few),
		cmocka_unit_test(routes_as_text),
		cmocka_unit_test(c079_what_a_forward_must_say),
		cmocka_unit_test(a_payload_is_an_encrypted_message),
		cmocka_unit_test(rewrapped_messages_are_taken_out),
		cmocka_unit_test(a_forward_to_somebody_else_is_a_forward),
		cmocka_unit_test(forwards_in_forwards_end),
	};

	return cmocka_run_group_tests_name("routing", tests, setup, post_teardown);
}
