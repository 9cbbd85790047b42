/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/resolverd_proto.h"

#include "berth/registry.h"
#include "tests/unit/agent/ipc/decode.h"

DECODER(res, load)
DECODER(res, loaded)
DECODER(res, ask)
DECODER(res, answer)

/* A log is published. */
static const struct berth_res_ask update = {
	.adapter = 1, .op = BERTH_REGISTRY_UPDATE, .phase = BERTH_REGISTRY_SUBMIT, .deadline_ms = 5, .max_bytes = 65536,
	.did = "did:web:a", .version_id = "1-a", .version_time = "", .resource = "",
	.parts = { { "did.jsonl", (const uint8_t *)"{}\n", 3 }, { "did-witness.json", (const uint8_t *)"[]", 2 } }, .n_parts = 2,
};
static const struct berth_res_answer found = {
	.status = BERTH_REGISTRY_OK, .why = BERTH_E_CLOCK, .ttl_s = 60, .message = "m",
	.parts = { { "didDocument", (const uint8_t *)"{}", 2 } }, .n_parts = 1,
};

static void no_message_decodes_in_part(void **state)
{
	struct berth_res_load load = { .path = "/usr/lib/x.so", .config = "{}" };
	struct berth_res_loaded loaded = { .name = "static", .methods = "*", .operations = 2 };
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	berth_res_load_encode(&b, &load);
	only_whole(&b, d_load);
	berth_res_loaded_encode(&b, &loaded);
	only_whole(&b, d_loaded);
	berth_res_ask_encode(&b, &update);
	only_whole(&b, d_ask);
	berth_res_answer_encode(&b, &found);
	only_whole(&b, d_answer);
}

static void what_is_asked_arrives_as_it_was(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_res_answer a;
	struct berth_res_ask m;

	(void)state;
	berth_res_ask_encode(&b, &update);
	CHECK_OK(berth_res_ask_decode(&m, b.p, b.len));
	assert_int_equal(m.adapter, 1);
	assert_int_equal(m.op, BERTH_REGISTRY_UPDATE);
	assert_int_equal(m.phase, BERTH_REGISTRY_SUBMIT);
	assert_int_equal(m.max_bytes, 65536);
	assert_string_equal(m.did, "did:web:a");
	assert_string_equal(m.version_id, "1-a");
	assert_string_equal(m.resource, "");
	assert_int_equal(m.n_parts, 2);
	assert_string_equal(m.parts[1].name, "did-witness.json");
	assert_memory_equal(m.parts[0].p, "{}\n", 3);
	berth_buf_reset(&b);
	berth_res_answer_encode(&b, &found);
	CHECK_OK(berth_res_answer_decode(&a, b.p, b.len));
	assert_int_equal(a.ttl_s, 60);
	assert_int_equal(a.why, BERTH_E_CLOCK);
	assert_string_equal(a.message, "m");
	assert_int_equal(a.parts[0].n, 2);
	berth_buf_free(&b);
}

static void refuse_answer(struct berth_res_answer a)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_res_answer_encode(&b, &a);
	CHECK_RC(BERTH_E_TYPE, d_answer(b.p, b.len));
	berth_buf_free(&b);
}

static void refuse_ask(struct berth_res_ask m)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_res_ask_encode(&b, &m);
	CHECK_RC(BERTH_E_TYPE, d_ask(b.p, b.len));
	berth_buf_free(&b);
}

static void contradictions_are_e_type(void **state)
{
	struct berth_res_answer a = found;
	struct berth_res_ask q = update;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	a.status = BERTH_REGISTRY_NOT_FOUND;
	refuse_answer(a);		/* not found, and here it is */
	a.n_parts = 0;
	a.status = BERTH_REGISTRY_CANCELLED;
	refuse_answer(a);
	a.status = BERTH_REGISTRY_REFUSED;
	a.why = BERTH_E__COUNT;
	refuse_answer(a);
	a = found;
	a.parts[0].n = 0;
	refuse_answer(a);
	a = found;
	a.parts[0].name = "a name that nobody would give to a piece of evidence, it is so long.";
	refuse_answer(a);

	q.max_bytes = BERTH_RES_BYTES_MAX + 1;
	refuse_ask(q);
	q = update;
	q.phase = 0;
	refuse_ask(q);			/* publishing without a phase */
	q.phase = BERTH_REGISTRY_CHECK + 1;
	refuse_ask(q);
	q = update;
	q.op = BERTH_REGISTRY_RESOLVE;
	refuse_ask(q);			/* and a phase without publishing */
	q.phase = 0;
	refuse_ask(q);			/* nor are parts for it */
	q.n_parts = 0;
	q.resource = "/whois";
	refuse_ask(q);
	q.op = BERTH_REGISTRY_FETCH;
	q.resource = "";
	refuse_ask(q);
	q.op = BERTH_REGISTRY_FETCH + 1;
	refuse_ask(q);
	q.op = 0;
	refuse_ask(q);
	q = update;
	q.deadline_ms = BERTH_RES_DEADLINE_MAX_MS + 1;
	refuse_ask(q);

	berth_buf_str16(&b, "/x");
	berth_buf_vec32(&b, "{\0}", 4);	/* a NUL inside */
	CHECK_RC(BERTH_E_TYPE, d_load(b.p, b.len));
	berth_buf_free(&b);
}

/* Together, not each. */
static void parts_share_their_bytes(void **state)
{
	struct berth_res_answer a = found;
	uint8_t *half = calloc(1, BERTH_RES_BYTES_MAX / 2 + 1);
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	a.n_parts = 2;
	a.parts[0] = a.parts[1] = (struct berth_res_part){ "did.jsonl", half, BERTH_RES_BYTES_MAX / 2 };
	berth_res_answer_encode(&b, &a);
	CHECK_OK(d_answer(b.p, b.len));
	CHECK(b.len <= BERTH_RES_MESSAGE_MAX);
	berth_buf_free(&b);
	a.parts[1].n++;
	refuse_answer(a);
	free(half);
}

struct sent { uint16_t op[8]; size_t len[8], n; struct berth_res_pieces back; const uint8_t *p; size_t whole; };

static enum berth_err send_back(void *arg, uint16_t op, const void *p, size_t n)
{
	struct sent *s = arg;
	enum berth_err rc;

	s->op[s->n] = op;
	s->len[s->n++] = n;
	if (op == BERTH_RES_MORE)
		return berth_res_pieces_take(&s->back, 7, p, n);
	s->p = p;
	s->whole = n;
	rc = berth_res_pieces_end(&s->back, 7, &s->p, &s->whole);
	return rc;
}

static void pieces(size_t n, size_t frames)
{
	struct sent s = { .n = 0 };
	struct berth_buf b = BERTH_BUF_INIT;

	for (size_t i = 0; i < n; i++)
		*berth_buf_grow(&b, 1) = (uint8_t)(i * 31 >> 3);
	CHECK_OK(berth_res_in_pieces(BERTH_RES_ASK, &b, send_back, &s));
	assert_int_equal(s.n, frames);
	assert_int_equal(s.op[frames - 1], BERTH_RES_ASK);
	assert_int_equal(s.whole, n);
	assert_memory_equal(s.p ? (const void *)s.p : "", berth_buf_cstr(&b), n);
	berth_res_pieces_clear(&s.back);
	berth_buf_free(&b);
}

static void long_payloads_go_in_pieces(void **state)
{
	(void)state;
	pieces(0, 1);
	pieces(10, 1);
	pieces(BERTH_RES_PIECE, 1);
	pieces(BERTH_RES_PIECE + 1, 2);
	pieces(3 * BERTH_RES_PIECE + 5, 4);
}

static void pieces_of_two_payloads_do_not_mix(void **state)
{
	uint8_t *big = calloc(1, BERTH_RES_MESSAGE_MAX);
	struct berth_res_pieces w = { 0 };
	const uint8_t *p = big;
	size_t n = 1;

	(void)state;
	CHECK_OK(berth_res_pieces_take(&w, 1, big, 10));
	CHECK_RC(BERTH_E_TYPE, berth_res_pieces_take(&w, 2, big, 10));
	CHECK_RC(BERTH_E_TYPE, berth_res_pieces_end(&w, 2, &p, &n));
	CHECK_OK(berth_res_pieces_take(&w, 1, big, BERTH_RES_MESSAGE_MAX - 10));
	CHECK_RC(BERTH_E_SIZE, berth_res_pieces_take(&w, 1, big, 1));
	CHECK_RC(BERTH_E_SIZE, berth_res_pieces_end(&w, 1, &p, &n));
	berth_res_pieces_clear(&w);
	CHECK_OK(berth_res_pieces_end(&w, 9, &p, &n));		/* nothing came before: as it is */
	CHECK(p == big && n == 1);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_message_decodes_in_part),
		cmocka_unit_test(what_is_asked_arrives_as_it_was),
		cmocka_unit_test(contradictions_are_e_type),
		cmocka_unit_test(parts_share_their_bytes),
		cmocka_unit_test(long_payloads_go_in_pieces),
		cmocka_unit_test(pieces_of_two_payloads_do_not_mix),
	};

	return cmocka_run_group_tests_name("resolverd_proto", tests, NULL, NULL);
}
