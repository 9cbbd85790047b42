/* SPDX-License-Identifier: Apache-2.0 */
/* A mediator and whoever comes: clients of either version, those who would like to be
 * others, and forwards that should not be. */
#include "agent/core/store_queue.h"
#include "agent/protocol/empty.h"
#include "agent/protocol/problem.h"
#include "did/url.h"
#include "didcomm/routing.h"
#include "tests/fakes/mediation.h"
#include "tests/fakes/stranger.h"

#define V3 BERTH_PIURI_MEDIATE
#define V2 BERTH_PIURI_MEDIATE_2
#define PICKUP BERTH_PIURI_PICKUP

static struct mediation m;
static struct test_stranger ann, ben;

static int setup(void **state)
{
	(void)state;
	mediation_cast(&m, false);
	test_stranger_appear(&ann);
	test_stranger_appear(&ben);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_stranger_leave(&ann);
	test_stranger_leave(&ben);
	mediation_end(&m);
	return 0;
}

/* ---- saying and hearing */

static struct berth_json *parsed(const char *text)
{
	struct berth_json *v = NULL;

	CHECK_OK(berth_json_parse(&v, text, strlen(text), BERTH_JSON_MAX));
	return v;
}

static size_t say(struct test_stranger *p, const char *type, const char *body)
{
	struct berth_frame_reply r;

	assert_int_equal(test_stranger_say(p, p->did_long, m.mediator, BERTH_ID_MEDIATOR, type, "all", parsed(body)), BERTH_FRAME_STORED);
	CHECK_OK(berth_frame_reply_decode(&r, m.w.answer.p, m.w.answer.len));
	return r.n_msgs;
}

/* The answer, of that type; berth_unpacked_free(). */
static void ask(struct test_stranger *p, const char *type, const char *body, const char *want, struct berth_unpacked *in)
{
	if (say(p, type, body) != 1)
		fail_msg("%s %s: no answer, or many", type, body);
	test_stranger_read(p, m.mediator, in);
	assert_string_equal(in->msg.type, want);
}

static void hear(struct test_stranger *p, const char *type, const char *body, const char *want)
{
	struct berth_unpacked in;

	ask(p, type, body, want, &in);
	berth_unpacked_free(&in);
}

static void grant(struct test_stranger *p) { hear(p, V3 "mediate-request", "{}", V3 "mediate-grant"); }

/* One update, and what became of it. */
static void update(struct test_stranger *p, const char *version, const char *did, const char *action, const char *result)
{
	bool two = strcmp(version, V2) == 0;
	struct berth_buf type = BERTH_BUF_INIT, want = BERTH_BUF_INIT, body = BERTH_BUF_INIT;
	const struct berth_json *u;
	struct berth_unpacked in;

	berth_buf_printf(&type, "%s%s", version, two ? "keylist-update" : "recipient-update");
	berth_buf_printf(&want, "%s-response", berth_buf_cstr(&type));
	berth_buf_printf(&body, "{\"updates\":[{\"recipient_did\":\"%s\",\"action\":\"%s\"}]}", did, action);
	ask(p, berth_buf_cstr(&type), berth_buf_cstr(&body), berth_buf_cstr(&want), &in);
	u = berth_json_first(berth_json_get(in.msg.body, "updated"));
	assert_string_equal(berth_json_str(berth_json_get(u, "recipient_did")), did);
	assert_string_equal(berth_json_str(berth_json_get(u, "action")), action);
	assert_string_equal(berth_json_str(berth_json_get(u, "result")), result);
	berth_unpacked_free(&in);
	berth_buf_free(&type);
	berth_buf_free(&want);
	berth_buf_free(&body);
}

static void client(struct test_stranger *p)
{
	grant(p);
	update(p, V3, p->did_long, "add", "success");
}

static int64_t status_of(struct test_stranger *p, const char *did)
{
	struct berth_buf body = BERTH_BUF_INIT;
	struct berth_unpacked in;
	int64_t n;

	if (did)
		berth_buf_printf(&body, "{\"recipient_did\":\"%s\"}", did);
	ask(p, PICKUP "status-request", did ? berth_buf_cstr(&body) : "{}", PICKUP "status", &in);
	CHECK_OK(berth_json_req_int(in.msg.body, "message_count", 0, 1000, &n));
	if (did)
		assert_string_equal(berth_json_str(berth_json_get(in.msg.body, "recipient_did")), did);
	berth_unpacked_free(&in);
	berth_buf_free(&body);
	return n;
}

/* ---- forwards: by nobody, of whatever it is */

#define ENVELOPE "{\"ciphertext\":\"%s\",\"protected\":\"AA\",\"iv\":\"AA\",\"tag\":\"AA\",\"recipients\":[]}"

static enum berth_frame_status inject(const struct berth_buf *packed)
{
	struct berth_frame_request q = { .media = BERTH_FRAME_ENCRYPTED, .msg = packed->p, .msg_len = packed->len };
	struct berth_buf frame = BERTH_BUF_INIT;
	struct berth_frame_reply r;

	CHECK_OK(berth_frame_request_encode(&frame, &q));
	sim_inject(m.mediator, frame.p, frame.len);
	CHECK_OK(berth_frame_reply_decode(&r, m.w.answer.p, m.w.answer.len));
	assert_int_equal(r.n_msgs, 0);	/* a forward is never answered */
	berth_buf_free(&frame);
	return r.status;
}

/* Packs what stands there for the mediator. */
static void for_mediator(struct berth_buf *out, const char *message)
{
	const struct berth_identity *me = mediation_identity(m.mediator, BERTH_ID_MEDIATOR);
	struct berth_resolver r;
	const struct berth_pack p = { .mode = BERTH_PACK_ANONCRYPT, .to = me->did_long, .resolver = &r };
	struct berth_message msg;

	berth_resolver_builtin_init(&r, NULL);
	CHECK_OK(berth_message_parse(&msg, message, strlen(message)));
	CHECK_OK(berth_pack(out, &p, &msg));
	berth_message_free(&msg);
}

static enum berth_frame_status forward_text(const char *next, const char *attachment, const char *more)
{
	struct berth_buf text = BERTH_BUF_INIT, packed = BERTH_BUF_INIT;
	enum berth_frame_status s;

	berth_buf_printf(&text, "{\"id\":\"f\",\"type\":\"" BERTH_TYPE_FORWARD "\",\"body\":{\"next\":\"%s\"}%s%s}", next, attachment, more);
	for_mediator(&packed, berth_buf_cstr(&text));
	s = inject(&packed);
	berth_buf_free(&text);
	berth_buf_free(&packed);
	return s;
}

static enum berth_frame_status forward(const char *next, const char *mark)
{
	char attachment[512];

	snprintf(attachment, sizeof(attachment), ",\"attachments\":[{\"data\":{\"json\":" ENVELOPE "}}]", mark);
	return forward_text(next, attachment, "");
}

static int64_t received(struct test_stranger *p, const char *id);

/* ---- who is a client */

static void both_versions_are_answered(void **state)
{
	const char *mine = mediation_identity(m.mediator, BERTH_ID_MEDIATOR)->did_long;
	const struct berth_json *page, *list;
	char longest[BERTH_MEDIATE_SHORT_MAX + 2];
	struct berth_unpacked in;
	int64_t n;

	(void)state;
	ask(&ann, V3 "mediate-request", "{}", V3 "mediate-grant", &in);
	assert_string_equal(berth_json_str(berth_json_at(berth_json_get(in.msg.body, "routing_did"), 0)), mine);
	berth_unpacked_free(&in);
	ask(&ann, V2 "mediate-request", "{}", V2 "mediate-grant", &in);
	assert_string_equal(berth_json_str(berth_json_get(in.msg.body, "routing_did")), mine);
	berth_unpacked_free(&in);
	update(&ann, V3, ann.did_long, "add", "success");
	update(&ann, V3, ann.did, "add", "no_change");		/* the same DID */
	update(&ann, V2, "did:example:1", "add", "success");
	update(&ann, V2, "did:example:2", "add", "success");
	update(&ann, V3, "did:example:2", "remove", "success");
	update(&ann, V3, "did:example:2", "remove", "no_change");
	update(&ann, V3, "did:example:3", "keep", "client_error");
	update(&ann, V3, "nobody", "add", "client_error");
	update(&ann, V3, "did:example:4#key-1", "add", "client_error");
	memset(longest, 'x', sizeof(longest) - 1);
	memcpy(longest, "did:example:", 12);
	longest[sizeof(longest) - 1] = '\0';
	update(&ann, V3, longest, "add", "client_error");
	longest[BERTH_MEDIATE_SHORT_MAX] = '\0';
	update(&ann, V3, longest, "add", "success");	/* the twin */
	assert_int_equal(forward(longest, "AAAA"), BERTH_FRAME_STORED);
	assert_int_equal(status_of(&ann, longest), 1);
	update(&ann, V3, longest, "remove", "success");
	ask(&ann, V3 "recipient-query", "{\"paginate\":{\"limit\":1,\"offset\":1}}", V3 "recipient", &in);
	list = berth_json_get(in.msg.body, "dids");
	page = berth_json_get(in.msg.body, "pagination");
	assert_int_equal(berth_json_len(list), 1);
	assert_string_equal(berth_json_str(berth_json_get(berth_json_first(list), "recipient_did")), "did:example:1");
	CHECK_OK(berth_json_req_int(page, "count", 1, 1, &n));
	CHECK_OK(berth_json_req_int(page, "offset", 1, 1, &n));
	CHECK_OK(berth_json_req_int(page, "remaining", 0, 0, &n));
	berth_unpacked_free(&in);
	ask(&ann, V2 "keylist-query", "{}", V2 "keylist", &in);
	assert_int_equal(berth_json_len(berth_json_get(in.msg.body, "keys")), 2);
	assert_null(berth_json_get(in.msg.body, "pagination"));
	berth_unpacked_free(&in);
}

/* A client that forgets return_route and that nobody can dial is answered on its link. */
static void without_return_route(void **state)
{
	static const char *const routes[] = { NULL, "none" };
	struct berth_unpacked in;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(test_stranger_say(&ann, ann.did_long, m.mediator, BERTH_ID_MEDIATOR, V3 "mediate-request", routes[i], NULL),
				 BERTH_FRAME_STORED);
		test_stranger_read(&ann, m.mediator, &in);
		assert_string_equal(in.msg.type, V3 "mediate-grant");
		berth_unpacked_free(&in);
		ann.owes = false;
	}
}

/* Large ones: base64 alone, then JSON alone; the largest that a forward holds arrives. */
static void large_messages_are_delivered(void **state)
{
	static const size_t sizes[] = { 200 << 10, 600 << 10, 700 << 10 };

	(void)state;
	client(&ann);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct berth_buf attachment = BERTH_BUF_INIT;
		const struct berth_json *data;
		struct berth_unpacked in;
		char id[64];

		berth_buf_str(&attachment, ",\"attachments\":[{\"data\":{\"json\":{\"protected\":\"AA\",\"ciphertext\":\"");
		while (attachment.len < sizes[i])
			berth_buf_str(&attachment, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
		berth_buf_str(&attachment, "\"}}}]");
		assert_int_equal(forward_text(ann.did, berth_buf_cstr(&attachment), ""), BERTH_FRAME_STORED);
		ask(&ann, PICKUP "delivery-request", "{\"limit\":1}", PICKUP "delivery", &in);
		data = berth_json_get(berth_json_first(in.msg.attachments), "data");
		assert_int_equal(berth_json_get(data, "base64") != NULL, i == 0);
		assert_int_equal(berth_json_get(data, "json") != NULL, i > 0);
		snprintf(id, sizeof(id), "%s", berth_json_str(berth_json_get(berth_json_first(in.msg.attachments), "id")));
		berth_unpacked_free(&in);
		assert_int_equal(received(&ann, id), 0);
		berth_buf_free(&attachment);
	}
}

static void the_role_is_disclosed(void **state)
{
	static const char *const ids[] = { "https://didcomm.org/coordinate-mediation/3.0", "https://didcomm.org/coordinate-mediation/2.0",
		"https://didcomm.org/routing/2.0", "https://didcomm.org/messagepickup/3.0" };
	struct berth_unpacked in;
	char body[160];

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		const struct berth_json *d;

		snprintf(body, sizeof(body), "{\"queries\":[{\"feature-type\":\"protocol\",\"match\":\"%s\"}]}", ids[i]);
		ask(&ann, "https://didcomm.org/discover-features/2.0/queries", body, "https://didcomm.org/discover-features/2.0/disclose", &in);
		d = berth_json_get(in.msg.body, "disclosures");
		assert_int_equal(berth_json_len(d), 1);
		d = berth_json_get(berth_json_first(d), "roles");
		assert_int_equal(berth_json_len(d), 1);
		assert_string_equal(berth_json_str(berth_json_first(d)), "mediator");
		berth_unpacked_free(&in);
	}
}

static void who_may_become_a_client(void **state)
{
	struct berth_policy *p = &m.mediator->policy;

	(void)state;
	assert_int_equal(say(&ann, V3 "recipient-update", "{\"updates\":[]}"), 0);	/* not yet */
	assert_int_equal(say(&ann, PICKUP "status-request", "{}"), 0);
	p->mediate = BERTH_MEDIATE_NOBODY;
	hear(&ann, V3 "mediate-request", "{}", V3 "mediate-deny");
	hear(&ann, V2 "mediate-request", "{}", V2 "mediate-deny");
	p->mediate = BERTH_MEDIATE_KNOWN;
	hear(&ann, V3 "mediate-request", "{}", V3 "mediate-deny");	/* to ask is no acquaintance */
	p->mediate_dids[p->n_mediate_dids++] = ann.did;
	p->mediate = BERTH_MEDIATE_NOBODY;
	client(&ann);
	hear(&ben, V3 "mediate-request", "{}", V3 "mediate-deny");
	p->n_mediate_dids = 0;
	p->mediate = BERTH_MEDIATE_KNOWN;
	hear(&ann, V3 "mediate-request", "{}", V3 "mediate-grant");	/* known by now */
	forward(ann.did, "AAAA");
	assert_int_equal(status_of(&ann, NULL), 1);
	p->mediate = BERTH_MEDIATE_NOBODY;	/* and over */
	hear(&ann, V3 "mediate-request", "{}", V3 "mediate-deny");
	assert_int_equal(say(&ann, V3 "recipient-update", "{\"updates\":[]}"), 0);
	assert_int_equal(say(&ann, PICKUP "status-request", "{}"), 0);
	forward(ann.did, "BBBB");
	p->mediate = BERTH_MEDIATE_ANYONE;
	assert_int_equal(status_of(&ann, NULL), 1);
	p->relay_clients = 1;
	hear(&ben, V3 "mediate-request", "{}", V3 "mediate-deny");	/* full */
	p->relay_clients = 2;
	hear(&ben, V3 "mediate-request", "{}", V3 "mediate-grant");
}

static void a_did_is_one_clients(void **state)
{
	struct berth_buf many = BERTH_BUF_INIT;
	char did[32];

	(void)state;
	client(&ann);
	grant(&ben);
	update(&ben, V3, ann.did_long, "add", "client_error");
	update(&ben, V3, ann.did, "remove", "client_error");
	update(&ben, V2, ann.did, "remove", "client_error");
	update(&ben, V3, mediation_identity(m.mediator, BERTH_ID_MEDIATOR)->did, "add", "client_error");
	forward(ann.did, "AAAA");
	assert_int_equal(status_of(&ann, NULL), 1);
	assert_int_equal(status_of(&ben, NULL), 0);
	for (int i = 1; i <= 8; i++) {	/* ben's share */
		snprintf(did, sizeof(did), "did:example:%d", i);
		update(&ben, V3, did, "add", "success");
	}
	update(&ben, V3, "did:example:9", "add", "client_error");
	update(&ben, V3, "did:example:1", "remove", "success");
	update(&ben, V3, "did:example:9", "add", "success");
	update(&ann, V3, "did:example:1", "add", "success");	/* free again */
	for (int n = BERTH_MEDIATE_UPDATES_MAX; n <= BERTH_MEDIATE_UPDATES_MAX + 1; n++) {
		berth_buf_str(&many, "{\"updates\":[");
		for (int i = 0; i < n; i++)
			berth_buf_printf(&many, "%s{\"recipient_did\":\"did:example:x%d\",\"action\":\"remove\"}", i ? "," : "", i);
		berth_buf_str(&many, "]}");
		assert_int_equal(say(&ben, V3 "recipient-update", berth_buf_cstr(&many)), n == BERTH_MEDIATE_UPDATES_MAX);
		if (n == BERTH_MEDIATE_UPDATES_MAX) {
			struct berth_unpacked in;

			test_stranger_read(&ben, m.mediator, &in);
			berth_unpacked_free(&in);
		}
		berth_buf_reset(&many);
	}
	berth_buf_free(&many);
}

/* Full: who was not heard of for too long makes room, and its DIDs are free. */
static void idle_clients_make_room(void **state)
{
	struct berth_policy *p = &m.mediator->policy;

	(void)state;
	p->relay_clients = 1;
	client(&ann);
	m.w.mono_ms += (uint64_t)60 * 86400 * 1000;
	assert_int_equal(status_of(&ann, NULL), 0);	/* heard of */
	m.w.mono_ms += (uint64_t)80 * 86400 * 1000;
	hear(&ben, V3 "mediate-request", "{}", V3 "mediate-deny");
	m.w.mono_ms += (uint64_t)12 * 86400 * 1000;
	grant(&ben);
	assert_int_equal(say(&ann, PICKUP "status-request", "{}"), 0);
	assert_int_equal(forward(ann.did, "AAAA"), BERTH_FRAME_STORED);	/* E_ROUTE */
	update(&ben, V3, ann.did, "add", "success");
	assert_int_equal(status_of(&ben, NULL), 0);
	update(&ben, V3, ann.did, "remove", "success");
	m.w.mono_ms += (uint64_t)2 * 86400 * 1000;	/* and has registered nothing */
	grant(&ann);
	assert_int_equal(say(&ben, PICKUP "status-request", "{}"), 0);
}

static void malformed_requests_change_nothing(void **state)
{
	static const struct { const char *type, *body; } bad[] = {
		{ V3 "recipient-update", "{}" }, { V3 "recipient-update", "{\"updates\":{}}" },
		{ V3 "recipient-update", "{\"updates\":[1]}" }, { V3 "recipient-update", "{\"updates\":[{\"action\":\"add\"}]}" },
		{ V3 "recipient-update", "{\"updates\":[{\"recipient_did\":\"did:example:ok\",\"action\":\"add\"},{\"recipient_did\":1,\"action\":\"add\"}]}" },
		{ V3 "recipient-query", "{\"paginate\":{}}" }, { V3 "recipient-query", "{\"paginate\":{\"limit\":-1,\"offset\":0}}" },
		{ PICKUP "status-request", "{\"recipient_did\":1}" }, { PICKUP "status-request", "{\"recipient_did\":\"ann\"}" },
		{ PICKUP "delivery-request", "{}" }, { PICKUP "delivery-request", "{\"limit\":0}" },
		{ PICKUP "delivery-request", "{\"limit\":\"9\"}" }, { PICKUP "messages-received", "{}" },
		{ PICKUP "messages-received", "{\"message_id_list\":[1]}" }, { PICKUP "live-delivery-change", "{}" },
		{ PICKUP "live-delivery-change", "{\"live_delivery\":1}" }, { PICKUP "delivery", "{}" }, { PICKUP "status", "{}" },
		{ V3 "mediate-grant", "{\"routing_did\":[\"did:example:x\"]}" },
	};
	struct berth_unpacked in;

	(void)state;
	client(&ann);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (say(&ann, bad[i].type, bad[i].body) != 0)
			fail_msg("%s %s was answered", bad[i].type, bad[i].body);
	ask(&ann, V3 "recipient-query", "{}", V3 "recipient", &in);
	assert_int_equal(berth_json_len(berth_json_get(in.msg.body, "dids")), 1);
	berth_unpacked_free(&in);
}

/* ---- pickup */

/* The ids of a delivery; the first in id. */
static size_t deliver(struct test_stranger *p, const char *body, char id[64])
{
	const struct berth_json *a;
	struct berth_unpacked in;
	struct berth_buf packed = BERTH_BUF_INIT;
	size_t n;

	ask(p, PICKUP "delivery-request", body, PICKUP "delivery", &in);
	a = berth_json_first(in.msg.attachments);
	snprintf(id, 64, "%s", berth_json_str(berth_json_get(a, "id")));
	assert_non_null(berth_json_str(berth_json_get(berth_json_get(a, "data"), "base64")));
	assert_true(berth_json_is(berth_json_get(berth_json_get(a, "data"), "json"), BERTH_JSON_OBJECT));
	CHECK_OK(berth_forward_payload(a, &packed));
	n = berth_json_len(in.msg.attachments);
	berth_buf_free(&packed);
	berth_unpacked_free(&in);
	return n;
}

static int64_t received(struct test_stranger *p, const char *id)
{
	struct berth_unpacked in;
	char body[128];
	int64_t n;

	snprintf(body, sizeof(body), "{\"message_id_list\":[\"%s\"]}", id);
	ask(p, PICKUP "messages-received", body, PICKUP "status", &in);
	CHECK_OK(berth_json_req_int(in.msg.body, "message_count", 0, 1000, &n));
	berth_unpacked_free(&in);
	return n;
}

static void what_waits_stays_until_it_is_received(void **state)
{
	char id[64], second[64];
	struct berth_unpacked in;
	int64_t n;

	(void)state;
	client(&ann);
	client(&ben);
	update(&ann, V3, "did:example:1", "add", "success");
	hear(&ann, PICKUP "delivery-request", "{\"limit\":5}", PICKUP "status");	/* nothing yet */
	forward(ann.did, "AAAA");
	forward(ann.did_long, "BBBB");
	forward("did:example:1", "CCCC");
	m.w.mono_ms += 5000;
	ask(&ann, PICKUP "status-request", "{}", PICKUP "status", &in);
	CHECK_OK(berth_json_req_int(in.msg.body, "message_count", 3, 3, &n));
	CHECK_OK(berth_json_req_int(in.msg.body, "longest_waited_seconds", 5, 5, &n));
	CHECK_OK(berth_json_req_int(in.msg.body, "total_bytes", 100, 1000, &n));
	CHECK_OK(berth_json_req_int(in.msg.body, "newest_received_time", 1, INT64_MAX >> 11, &n));
	CHECK_OK(berth_json_req_int(in.msg.body, "oldest_received_time", 1, INT64_MAX >> 11, &n));
	berth_unpacked_free(&in);
	assert_int_equal(status_of(&ann, "did:example:1"), 1);
	assert_int_equal(status_of(&ann, ann.did_long), 2);
	assert_int_equal(status_of(&ann, ben.did), 0);		/* not hers */
	assert_int_equal(deliver(&ann, "{\"limit\":2}", id), 2);
	assert_int_equal(deliver(&ann, "{\"limit\":1000}", second), 3);
	assert_string_equal(id, second);
	assert_int_equal(deliver(&ann, "{\"limit\":9,\"recipient_did\":\"did:example:1\"}", second), 1);
	CHECK(strcmp(id, second) != 0);
	assert_int_equal(received(&ben, id), 0);		/* not his to clear */
	assert_int_equal(status_of(&ann, NULL), 3);
	assert_int_equal(received(&ann, "no-such-id"), 3);
	assert_int_equal(received(&ann, id), 2);
	assert_int_equal(received(&ann, id), 2);		/* said twice */
	assert_int_equal(received(&ann, second), 1);
	assert_int_equal(status_of(&ann, "did:example:1"), 0);
}

static void live_mode_is_for_links_that_wait(void **state)
{
	struct berth_unpacked in;
	bool live;

	(void)state;
	client(&ann);
	ask(&ann, PICKUP "live-delivery-change", "{\"live_delivery\":true}", PICKUP "status", &in);
	CHECK_OK(berth_json_req_bool(in.msg.body, "live_delivery", &live));
	assert_true(live);
	berth_unpacked_free(&in);
	ask(&ann, PICKUP "live-delivery-change", "{\"live_delivery\":false}", PICKUP "status", &in);
	CHECK_OK(berth_json_req_bool(in.msg.body, "live_delivery", &live));
	assert_false(live);
	berth_unpacked_free(&in);
	m.w.link = BERTH_LINK_HTTP;
	ask(&ann, PICKUP "live-delivery-change", "{\"live_delivery\":true}", BERTH_PIURI_PROBLEM "problem-report", &in);
	assert_string_equal(berth_json_str(berth_json_get(in.msg.body, "code")), "e.m.live-mode-not-supported");
	assert_non_null(in.msg.pthid);
	berth_unpacked_free(&in);
	hear(&ann, PICKUP "live-delivery-change", "{\"live_delivery\":false}", PICKUP "status");
}

/* A poll is held, and told at once when something comes: in live mode the messages, else
 * that there are some. */
static void whoever_holds_a_request_is_told(void **state)
{
	struct berth_unpacked in;
	char id[64];

	(void)state;
	client(&ann);
	for (int live = 0; live < 2; live++) {
		hear(&ann, PICKUP "live-delivery-change", live ? "{\"live_delivery\":true}" : "{\"live_delivery\":false}", PICKUP "status");
		berth_buf_reset(&m.w.answer);
		ann.owes = false;
		CHECK_OK(berth_frame_reply_encode(&m.w.answer, &(struct berth_frame_reply){ .status = BERTH_FRAME_BUSY }));
		assert_int_equal(test_stranger_say(&ann, ann.did_long, m.mediator, BERTH_ID_MEDIATOR, BERTH_TYPE_EMPTY, "all", NULL),
				 BERTH_FRAME_BUSY);	/* no answer yet */
		{
			struct berth_buf text = BERTH_BUF_INIT, packed = BERTH_BUF_INIT, frame = BERTH_BUF_INIT;
			struct berth_frame_request q = { .media = BERTH_FRAME_ENCRYPTED };

			berth_buf_printf(&text, "{\"id\":\"f\",\"type\":\"" BERTH_TYPE_FORWARD "\",\"body\":{\"next\":\"%s\"},\"attachments\":"
					 "[{\"data\":{\"json\":" ENVELOPE "}}]}", ann.did, live ? "AAAA" : "BBBB");
			for_mediator(&packed, berth_buf_cstr(&text));
			q.msg = packed.p;
			q.msg_len = packed.len;
			CHECK_OK(berth_frame_request_encode(&frame, &q));
			sim_inject(m.mediator, frame.p, frame.len);	/* both answers; the last is the held one's */
			berth_buf_free(&text);
			berth_buf_free(&packed);
			berth_buf_free(&frame);
		}
		test_stranger_read(&ann, m.mediator, &in);
		assert_string_equal(in.msg.type, live ? PICKUP "delivery" : PICKUP "status");
		berth_unpacked_free(&in);
		assert_int_equal(deliver(&ann, "{\"limit\":1}", id), 1);
		assert_int_equal(received(&ann, id), 0);
	}
}

/* A link that breaks takes live mode with it. */
static void live_mode_ends_with_the_link(void **state)
{
	struct berth_unpacked in;
	bool live;

	(void)state;
	client(&ann);
	hear(&ann, PICKUP "live-delivery-change", "{\"live_delivery\":true}", PICKUP "status");
	(void)test_stranger_say(&ann, ann.did_long, m.mediator, BERTH_ID_MEDIATOR, BERTH_TYPE_EMPTY, "all", NULL);	/* held */
	sim_as(m.mediator);
	berth_agent_on_gone(m.mediator->agent, m.w.next_request);
	ask(&ann, PICKUP "status-request", "{}", PICKUP "status", &in);
	CHECK_OK(berth_json_req_bool(in.msg.body, "live_delivery", &live));
	assert_false(live);
	berth_unpacked_free(&in);
}

/* ---- forwards */

static void c077_forwards_that_are_not_taken(void **state)
{
	const char *self = mediation_identity(m.mediator, BERTH_ID_MEDIATOR)->did;
	const char *long_form = mediation_identity(m.mediator, BERTH_ID_MEDIATOR)->did_long;
	int depth;
	struct berth_buf inner = BERTH_BUF_INIT, outer = BERTH_BUF_INIT;
	struct berth_resolver r;
	struct berth_store_counts before, after;

	(void)state;
	client(&ann);
	CHECK_OK(berth_store_counts(m.mediator->store, &before));
	assert_int_equal(forward(ben.did, "AAAA"), BERTH_FRAME_STORED);		/* registered by nobody */
	assert_int_equal(forward(self, "AAAA"), BERTH_FRAME_STORED);		/* itself: no such envelope opens */
	assert_int_equal(forward_text(ann.did, "", ""), BERTH_FRAME_STORED);
	assert_int_equal(forward_text(ann.did, ",\"attachments\":[{\"data\":{\"json\":{\"id\":\"1\",\"type\":\"x\",\"body\":{}}}}]", ""),
			 BERTH_FRAME_STORED);					/* in the clear */
	assert_int_equal(forward_text(ann.did, ",\"attachments\":[{\"data\":{\"json\":{\"ciphertext\":\"AA\",\"protected\":\"AA\"}}}]",
				      ",\"delay_milli\":9007199254740992"), BERTH_FRAME_STORED);
	assert_int_equal(forward_text(ann.did, ",\"attachments\":[{\"data\":{\"json\":{\"ciphertext\":\"AA\",\"protected\":\"AA\"}}}]",
				      ",\"expires_time\":1000"), BERTH_FRAME_STORED);	/* over */
	assert_int_equal(forward_text(ann.did, ",\"attachments\":[{\"data\":{\"links\":[\"https://x.test/\"],\"hash\":\"zQ\"}}]", ""),
			 BERTH_FRAME_STORED);
	/* one in another, each to the mediator itself, 20 deep or as deep as a message may be */
	berth_resolver_builtin_init(&r, NULL);
	berth_buf_printf(&inner, ENVELOPE, "AAAA");
	for (depth = 0; depth < 20 && !berth_forward_rewrap(&outer, &r, long_form, inner.p, inner.len); depth++) {
		berth_buf_free(&inner);
		inner = outer;
		outer = (struct berth_buf)BERTH_BUF_INIT;
	}
	assert_true(depth > 10);
	berth_buf_free(&outer);
	assert_int_equal(inject(&inner), BERTH_FRAME_STORED);
	berth_buf_free(&inner);
	assert_int_equal(status_of(&ann, NULL), 0);
	CHECK_OK(berth_store_counts(m.mediator->store, &after));
	assert_true(after.out <= before.out);	/* nothing leaves */
	assert_int_equal(forward_text(ann.did, ",\"attachments\":[{\"data\":{\"json\":{\"ciphertext\":\"AA\",\"protected\":\"AA\"}}}]",
				      ",\"delay_milli\":-5,\"please_ack\":[\"f\"]"), BERTH_FRAME_STORED);	/* the twin */
	assert_int_equal(status_of(&ann, NULL), 1);
}

static void the_same_message_is_one(void **state)
{
	char id[64];

	(void)state;
	client(&ann);
	update(&ann, V3, "did:example:1", "add", "success");
	for (int i = 0; i < 3; i++)
		forward(ann.did, "AAAA");	/* another envelope around the same message */
	assert_int_equal(status_of(&ann, NULL), 1);
	forward("did:example:1", "AAAA");	/* for somebody else it is another one */
	assert_int_equal(status_of(&ann, NULL), 2);
	assert_int_equal(deliver(&ann, "{\"limit\":1}", id), 1);
	assert_int_equal(received(&ann, id), 1);
	forward(ann.did, "AAAA");		/* late */
	assert_int_equal(status_of(&ann, NULL), 1);
	m.w.mono_ms += (uint64_t)(BERTH_QUEUE_GONE_S + 3600) * 1000;	/* a day later nobody remembers */
	sim_as(m.mediator);
	(void)berth_agent_tick(m.mediator->agent);
	forward(ann.did, "AAAA");
	assert_int_equal(status_of(&ann, NULL), 2);
}

/* Whoever sends cannot help it that nobody fetches: not now.  Others are not touched. */
static void quotas_are_a_not_now(void **state)
{
	struct berth_policy *p = &m.mediator->policy;
	char mark[16], id[64];

	(void)state;
	client(&ann);
	client(&ben);
	p->relay_messages = 5;
	for (int i = 0; i < 5; i++) {
		snprintf(mark, sizeof(mark), "A%03d", i);
		assert_int_equal(forward(ann.did, mark), BERTH_FRAME_STORED);
	}
	assert_int_equal(forward(ann.did, "B000"), BERTH_FRAME_BUSY);
	assert_int_equal(forward(ann.did, "A000"), BERTH_FRAME_STORED);		/* that one is there */
	assert_int_equal(forward(ben.did, "B000"), BERTH_FRAME_STORED);
	deliver(&ann, "{\"limit\":1}", id);
	received(&ann, id);
	assert_int_equal(forward(ann.did, "B000"), BERTH_FRAME_STORED);
	p->relay_messages = 100;
	p->relay_bytes = 400;
	assert_int_equal(forward(ann.did, "C000"), BERTH_FRAME_BUSY);
	p->relay_bytes = 1 << 20;
	p->relay_all_messages = 6;
	assert_int_equal(forward(ann.did, "C000"), BERTH_FRAME_BUSY);
	assert_int_equal(forward(ben.did, "C000"), BERTH_FRAME_BUSY);
	p->relay_all_messages = 100;
	p->relay_all_bytes = 500;
	assert_int_equal(forward(ben.did, "C000"), BERTH_FRAME_BUSY);
	p->relay_all_bytes = 1 << 20;
	assert_int_equal(forward(ben.did, "C000"), BERTH_FRAME_STORED);
}

static void what_waits_too_long_goes(void **state)
{
	(void)state;
	client(&ann);
	m.mediator->policy.relay_lifetime_s = 3600;
	forward(ann.did, "AAAA");
	m.w.mono_ms += 3599 * 1000;
	assert_int_equal(status_of(&ann, NULL), 1);
	m.w.mono_ms += 2 * 1000;
	assert_int_equal(status_of(&ann, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_versions_are_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(without_return_route, setup, teardown),
		cmocka_unit_test_setup_teardown(large_messages_are_delivered, setup, teardown),
		cmocka_unit_test_setup_teardown(the_role_is_disclosed, setup, teardown),
		cmocka_unit_test_setup_teardown(who_may_become_a_client, setup, teardown),
		cmocka_unit_test_setup_teardown(a_did_is_one_clients, setup, teardown),
		cmocka_unit_test_setup_teardown(idle_clients_make_room, setup, teardown),
		cmocka_unit_test_setup_teardown(malformed_requests_change_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(what_waits_stays_until_it_is_received, setup, teardown),
		cmocka_unit_test_setup_teardown(live_mode_is_for_links_that_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(whoever_holds_a_request_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(live_mode_ends_with_the_link, setup, teardown),
		cmocka_unit_test_setup_teardown(c077_forwards_that_are_not_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_message_is_one, setup, teardown),
		cmocka_unit_test_setup_teardown(quotas_are_a_not_now, setup, teardown),
		cmocka_unit_test_setup_teardown(what_waits_too_long_goes, setup, teardown),
	};

	return cmocka_run_group_tests_name("mediator", tests, NULL, NULL);
}
