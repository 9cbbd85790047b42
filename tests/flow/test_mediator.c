/* SPDX-License-Identifier: Apache-2.0 */
/* Who is a mediator's client, for which DIDs. */
#include "tests/flow/mediator.h"

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
	};

	return cmocka_run_group_tests_name("mediator", tests, NULL, NULL);
}
