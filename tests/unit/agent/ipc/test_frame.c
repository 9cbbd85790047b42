/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/frame.h"

#include "tests/check.h"

/* The worked example of docs/nng-transport.md. */
static const uint8_t request[] = {
	0x01, 0x01, 0x00, 0x01,
	0x2c, 0xf2, 0x4d, 0xba, 0x5f, 0xb0, 0xa3, 0x0e, 0x26, 0xe8, 0x3b, 0x2a, 0xc5, 0xb9, 0xe2, 0x9e,
	'{', '}'
};
static const uint8_t reply[] = {
	0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
	0x00, 0x00, 0x00, 0x05, 'h', 'e', 'l', 'l', 'o',
	0x00, 0x00, 0x00, 0x02, '{', '}'
};

static void *exact(const void *p, size_t n)
{
	void *q = malloc(n ? n : 1);

	CHECK(q);
	memcpy(q, p, n);
	return q;
}

static enum berth_err decode_request(const void *p, size_t n)
{
	struct berth_frame_request f, zero = { 0 };
	void *q = exact(p, n);
	enum berth_err rc = berth_frame_request_decode(&f, q, n);

	if (rc)
		CHECK(memcmp(&f, &zero, sizeof(f)) == 0);
	free(q);
	return rc;
}

static enum berth_err decode_reply(const void *p, size_t n)
{
	struct berth_frame_reply f, zero = { 0 };
	void *q = exact(p, n);
	enum berth_err rc = berth_frame_reply_decode(&f, q, n);

	if (rc)
		CHECK(memcmp(&f, &zero, sizeof(f)) == 0);
	free(q);
	return rc;
}

static void the_worked_example_decodes_and_encodes_back(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_frame_request q;
	struct berth_frame_reply r;
	uint8_t ack[BERTH_FRAME_ACK_LEN];

	(void)state;
	CHECK_OK(berth_frame_request_decode(&q, request, sizeof(request)));
	assert_int_equal(BERTH_FRAME_ENCRYPTED, q.media);
	assert_int_equal(1, q.n_acks);
	berth_frame_ack(ack, "hello", 5);
	assert_memory_equal(ack, q.acks, sizeof(ack));
	assert_int_equal(2, q.msg_len);
	assert_memory_equal("{}", q.msg, 2);
	CHECK_OK(berth_frame_request_encode(&b, &q));
	assert_int_equal(sizeof(request), b.len);
	assert_memory_equal(request, b.p, b.len);

	CHECK_OK(berth_frame_reply_decode(&r, reply, sizeof(reply)));
	assert_int_equal(BERTH_FRAME_STORED, r.status);
	assert_int_equal(2, r.n_msgs);
	assert_memory_equal("hello", r.msgs[0].p, 5);
	assert_int_equal(2, r.msgs[1].n);
	berth_buf_reset(&b);
	CHECK_OK(berth_frame_reply_encode(&b, &r));
	assert_int_equal(sizeof(reply), b.len);
	assert_memory_equal(reply, b.p, b.len);
	berth_buf_free(&b);
}

static void every_truncation_of_a_request_is_e_env(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(request) - 2; n++)
		CHECK_RC(BERTH_E_ENV, decode_request(request, n));
	CHECK_RC(BERTH_E_ENV, decode_request(request, sizeof(request) - 2));	/* no message left */
	CHECK_OK(decode_request(request, sizeof(request) - 1));	/* the message is what remains */
	CHECK_OK(decode_request(request, sizeof(request)));
}

static void every_truncation_of_a_reply_is_e_env(void **state)
{
	uint8_t longer[sizeof(reply) + 1] = { 0 };

	(void)state;
	for (size_t n = 0; n < sizeof(reply); n++)
		CHECK_RC(BERTH_E_ENV, decode_reply(reply, n));
	CHECK_OK(decode_reply(reply, sizeof(reply)));
	memcpy(longer, reply, sizeof(reply));
	CHECK_RC(BERTH_E_ENV, decode_reply(longer, sizeof(longer)));
}

static void versions_media_and_statuses_are_closed_sets(void **state)
{
	uint8_t q[sizeof(request)], r[sizeof(reply)];
	static const uint8_t poll[] = { 1, 0, 0, 0 }, poll_with_text[] = { 1, 0, 0, 0, '{' };

	(void)state;
	memcpy(q, request, sizeof(q));
	memcpy(r, reply, sizeof(r));
	for (unsigned v = 0; v < 256; v++) {
		q[0] = r[0] = (uint8_t)v;
		CHECK_RC(v == 1 ? BERTH_OK : BERTH_E_ENV, decode_request(q, sizeof(q)));
		CHECK_RC(v == 1 ? BERTH_OK : BERTH_E_ENV, decode_reply(r, sizeof(r)));
	}
	q[0] = r[0] = 1;
	for (unsigned v = 0; v < 256; v++) {
		q[1] = r[1] = (uint8_t)v;
		CHECK_RC(v == 1 || v == 2 ? BERTH_OK : BERTH_E_ENV, decode_request(q, sizeof(q)));
		CHECK_RC(v <= 3 ? BERTH_OK : BERTH_E_ENV, decode_reply(r, sizeof(r)));
	}
	CHECK_OK(decode_request(poll, sizeof(poll)));
	CHECK_RC(BERTH_E_ENV, decode_request(poll_with_text, sizeof(poll_with_text)));
}

static enum berth_err request_of(size_t acks, size_t len)
{
	uint8_t *bytes = calloc(1, acks * BERTH_FRAME_ACK_LEN + len + 1);
	struct berth_frame_request f = {
		.media = len ? BERTH_FRAME_SIGNED : BERTH_FRAME_POLL,
		.acks = bytes, .n_acks = acks, .msg = bytes, .msg_len = len
	};
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = berth_frame_request_encode(&b, &f), same;

	if (rc) {	/* what we would not write we do not read either */
		CHECK(b.len == 0);
		berth_buf_u8(&b, 1);
		berth_buf_u8(&b, (uint8_t)f.media);
		berth_buf_be16(&b, (uint16_t)acks);
		berth_buf_put(&b, bytes, acks * BERTH_FRAME_ACK_LEN);
		berth_buf_put(&b, bytes, len);
	}
	same = decode_request(b.p, b.len);
	CHECK_RC(rc, same);
	berth_buf_free(&b);
	free(bytes);
	return rc;
}

static enum berth_err reply_of(size_t count, size_t len, size_t last)
{
	struct { uint32_t retry; size_t count; } h = { BERTH_FRAME_RETRY_MAX_S, count };
	uint8_t *bytes = calloc(1, BERTH_FRAME_MESSAGE_MAX + 1);
	struct berth_frame_reply f = { .retry_after_s = h.retry, .n_msgs = count };
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_E_SIZE, same;

	for (size_t i = 0; i < count && i < BERTH_FRAME_MESSAGES_MAX; i++) {
		f.msgs[i].p = bytes;
		f.msgs[i].n = i + 1 == count ? last : len;
	}
	if ((rc = berth_frame_reply_encode(&b, &f))) {
		CHECK(b.len == 0);
		berth_buf_be16(&b, 0x0100);
		berth_buf_be32(&b, h.retry);
		berth_buf_be16(&b, (uint16_t)count);
		for (size_t i = 0; i < count; i++)
			berth_buf_vec32(&b, bytes, i + 1 == count ? last : len);
	}
	same = decode_reply(b.p, b.len);
	CHECK_RC(rc, same);
	berth_buf_free(&b);
	free(bytes);
	return rc;
}

static void caps_hold_to_the_byte(void **state)
{
	(void)state;
	CHECK_OK(request_of(BERTH_FRAME_ACKS_MAX, 0));
	CHECK_OK(request_of(BERTH_FRAME_ACKS_MAX, BERTH_FRAME_MESSAGE_MAX));
	CHECK_RC(BERTH_E_SIZE, request_of(BERTH_FRAME_ACKS_MAX + 1, 1));
	CHECK_RC(BERTH_E_SIZE, request_of(0, BERTH_FRAME_MESSAGE_MAX + 1));
	CHECK_RC(BERTH_E_SIZE, request_of(0xffff, 1));

	CHECK_OK(reply_of(BERTH_FRAME_MESSAGES_MAX, 1, 1));
	CHECK_RC(BERTH_E_SIZE, reply_of(BERTH_FRAME_MESSAGES_MAX + 1, 1, 1));
	CHECK_OK(reply_of(1, 0, BERTH_FRAME_MESSAGE_MAX));
	CHECK_RC(BERTH_E_SIZE, reply_of(1, 0, BERTH_FRAME_MESSAGE_MAX + 1));
	CHECK_OK(reply_of(2, BERTH_FRAME_MESSAGE_MAX - 1, 1));
	CHECK_RC(BERTH_E_SIZE, reply_of(2, BERTH_FRAME_MESSAGE_MAX, 1));
	CHECK_RC(BERTH_E_ENV, reply_of(2, 1, 0));	/* an empty message */
}

static void a_huge_retry_after_is_cut(void **state)
{
	static const uint8_t r[] = { 1, 1, 0xff, 0xff, 0xff, 0xff, 0, 0 };
	struct berth_frame_reply f;

	(void)state;
	CHECK_OK(berth_frame_reply_decode(&f, r, sizeof(r)));
	assert_int_equal(BERTH_FRAME_BUSY, f.status);
	assert_int_equal(86400, f.retry_after_s);
}

/* The octets of the block ```hex NAME: pairs of digits up to two spaces. */
static size_t doc_octets(const char *name, uint8_t *out, size_t max)
{
	char *doc = test_read_file("docs/nng-transport.md", NULL), head[64], *at, *save = NULL;
	size_t n = 0;

	snprintf(head, sizeof(head), "```hex %s\n", name);
	CHECK((at = strstr(doc, head)));
	at += strlen(head);
	*strstr(at, "```") = '\0';
	for (char *line = strtok_r(at, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		for (char *p = line; n < max; p += 3) {
			char two[3] = { p[0], p[1], '\0' };

			out[n++] = (uint8_t)strtoul(two, NULL, 16);
			if (p[2] == '\0' || p[3] == ' ')
				break;
		}
	free(doc);
	return n;
}

static void the_document_shows_these_octets(void **state)
{
	static const uint8_t link[] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4 + sizeof(request), 0x80, 0, 0, 1 };
	uint8_t got[128];

	(void)state;
	assert_int_equal(sizeof(request), doc_octets("request", got, sizeof(got)));
	assert_memory_equal(request, got, sizeof(request));
	assert_int_equal(sizeof(reply), doc_octets("reply", got, sizeof(got)));
	assert_memory_equal(reply, got, sizeof(reply));
	assert_int_equal(sizeof(link) + sizeof(request), doc_octets("connection", got, sizeof(got)));
	assert_memory_equal(link, got, sizeof(link));
	assert_memory_equal(request, got + sizeof(link), sizeof(request));
	assert_int_equal(1049604, BERTH_FRAME_REQUEST_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worked_example_decodes_and_encodes_back),
		cmocka_unit_test(every_truncation_of_a_request_is_e_env),
		cmocka_unit_test(every_truncation_of_a_reply_is_e_env),
		cmocka_unit_test(versions_media_and_statuses_are_closed_sets),
		cmocka_unit_test(caps_hold_to_the_byte),
		cmocka_unit_test(a_huge_retry_after_is_cut),
		cmocka_unit_test(the_document_shows_these_octets),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
