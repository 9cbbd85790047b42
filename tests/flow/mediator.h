/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FLOW_MEDIATOR_H
#define BERTH_TESTS_FLOW_MEDIATOR_H

/* A mediator, and two strangers who speak to it. */
#include "didcomm/routing.h"
#include "tests/fakes/mediation.h"
#include "tests/fakes/stranger.h"

#define V3 BERTH_PIURI_MEDIATE
#define V2 BERTH_PIURI_MEDIATE_2
#define PICKUP BERTH_PIURI_PICKUP

static struct mediation m;
static struct test_stranger ann, ben;

static inline int setup(void **state)
{
	(void)state;
	mediation_cast(&m, false);
	test_stranger_appear(&ann);
	test_stranger_appear(&ben);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	test_stranger_leave(&ann);
	test_stranger_leave(&ben);
	mediation_end(&m);
	return 0;
}

/* ---- saying and hearing ---- */

static inline struct berth_json *parsed(const char *text)
{
	struct berth_json *v = NULL;

	CHECK_OK(berth_json_parse(&v, text, strlen(text), BERTH_JSON_MAX));
	return v;
}

static inline size_t say(struct test_stranger *p, const char *type, const char *body)
{
	struct berth_frame_reply r;

	assert_int_equal(test_stranger_say(p, p->did_long, m.mediator, BERTH_ID_MEDIATOR, type, "all", parsed(body)), BERTH_FRAME_STORED);
	CHECK_OK(berth_frame_reply_decode(&r, m.w.answer.p, m.w.answer.len));
	return r.n_msgs;
}

/* The answer, of that type; berth_unpacked_free(). */
static inline void ask(struct test_stranger *p, const char *type, const char *body, const char *want, struct berth_unpacked *in)
{
	if (say(p, type, body) != 1)
		fail_msg("%s %s: no answer, or many", type, body);
	test_stranger_read(p, m.mediator, in);
	assert_string_equal(in->msg.type, want);
}

static inline void hear(struct test_stranger *p, const char *type, const char *body, const char *want)
{
	struct berth_unpacked in;

	ask(p, type, body, want, &in);
	berth_unpacked_free(&in);
}

static inline void grant(struct test_stranger *p) { hear(p, V3 "mediate-request", "{}", V3 "mediate-grant"); }

/* One update, and what became of it. */
static inline void update(struct test_stranger *p, const char *version, const char *did, const char *action, const char *result)
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

static inline void client(struct test_stranger *p)
{
	grant(p);
	update(p, V3, p->did_long, "add", "success");
}

static inline int64_t status_of(struct test_stranger *p, const char *did)
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

/* ---- forwards: by nobody, of whatever it is ---- */

#define ENVELOPE "{\"ciphertext\":\"%s\",\"protected\":\"AA\",\"iv\":\"AA\",\"tag\":\"AA\",\"recipients\":[]}"

static inline enum berth_frame_status inject(const struct berth_buf *packed)
{
	struct berth_frame_reply r;

	sim_inject_envelope(m.mediator, packed);
	CHECK_OK(berth_frame_reply_decode(&r, m.w.answer.p, m.w.answer.len));
	assert_int_equal(r.n_msgs, 0);	/* a forward is never answered */
	return r.status;
}

/* Packs what stands there for the mediator. */
static inline void for_mediator(struct berth_buf *out, const char *message)
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

static inline enum berth_frame_status forward_text(const char *next, const char *attachment, const char *more)
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

static inline enum berth_frame_status forward(const char *next, const char *mark)
{
	char attachment[512];

	snprintf(attachment, sizeof(attachment), ",\"attachments\":[{\"data\":{\"json\":" ENVELOPE "}}]", mark);
	return forward_text(next, attachment, "");
}

/* The ids of a delivery; the first in id. */
static inline size_t deliver(struct test_stranger *p, const char *body, char id[64])
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

static inline int64_t received(struct test_stranger *p, const char *id)
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

#endif
