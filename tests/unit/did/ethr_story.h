/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_DID_ETHR_STORY_H
#define BERTH_TESTS_UNIT_DID_ETHR_STORY_H

/* Histories of a did:ethr, told event by event, and what is made of them. */
#include <inttypes.h>

#include "did/base/json.h"
#include "did/method_ethr.h"
#include "tests/check.h"
#include "tests/fakes/json.h"
#include "tests/unit/did/crypto/hex.h"

#define NOW 1780000000	/* 2026-05-28 */
#define WHO "0xb9c5714089478a327f09197987f16f9e5d936e8a"
#define DID "did:ethr:0x539:" WHO

static inline enum berth_err judge_text(struct berth_registry_result *out, const char *text, size_t n, const char *did,
					const char *id, const char *time, const char *pin, struct berth_buf *new_pin, int64_t now_s)
{
	const struct berth_registry_piece piece = { "ethr", (const uint8_t *)text, n };
	const struct berth_registry_evidence e = { &piece, 1, 0 };
	const struct berth_did_version version = { .id = id, .time = time };
	const struct berth_registry_judge j = { .now_s = now_s, .clock_trusted = true, .pin = pin, .new_pin = new_pin };

	return berth_ethr_judge(out, &e, did, &version, &j);
}

static inline enum berth_err judge(struct berth_registry_result *out, const struct berth_json *evidence, const char *did,
				   const char *id, const char *time, const char *pin, struct berth_buf *new_pin)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	CHECK_OK(berth_json_print(&b, evidence));
	rc = judge_text(out, berth_buf_cstr(&b), b.len, did, id, time, pin, new_pin, NOW);
	berth_buf_free(&b);
	return rc;
}

/* ---- histories made here ---- */

#define TOPIC_OWNER "0x38a5a6e68f30ed1ab45860a4afb34bcb2fc00f22ca462d249b8a8d40cda6f7a3"
#define TOPIC_DELEGATE "0x5a5084339536bcab65f20799fcc58724588145ca054bd2be626174b27ba156f7"
#define TOPIC_ATTRIBUTE "0x18ab6b2ae3d64306c00ce663125f2bd680e441a098de1635bd7ad8b0d44965e4"
#define REGISTRY "0xdca7ef03e98e0dc2b855be647c39abe984fcf21b"
#define FOREVER UINT64_MAX
#define SET(obj, key, text) CHECK_OK(berth_json_set_str(obj, key, text))

/* Evidence under construction: each event in a block of its own, 10 seconds apart. */
struct story {
	struct berth_json *root;
	uint64_t block, previous;
};
#define BLOCK_TIME(b) (1700000000 + 10 * (b))

static inline void quantity(char out[24], uint64_t v)
{
	snprintf(out, 24, "0x%" PRIx64, v);
}

static inline void set_quantity(struct berth_json *obj, const char *key, uint64_t v)
{
	char text[24];

	quantity(text, v);
	CHECK_OK(berth_json_set_str(obj, key, text));
}

static inline void begin(struct story *t)
{
	t->block = 99;
	t->previous = 0;
	t->root = berth_json_new_object();
	set_quantity(t->root, "chainId", 1337);
	CHECK_OK(berth_json_set_str(t->root, "registry", REGISTRY));
	CHECK_OK(berth_json_set_str(t->root, "identity", WHO));
	set_quantity(t->root, "blockNumber", 1000);
	set_quantity(t->root, "blockTimestamp", BLOCK_TIME(1000));
	set_quantity(t->root, "changed", 0);
	CHECK_OK(berth_json_set(t->root, "logs", berth_json_new_array()));
	CHECK_OK(berth_json_set(t->root, "blocks", berth_json_new_object()));
}

static inline void word_u64(struct berth_buf *b, uint64_t v)
{
	berth_buf_printf(b, "%064" PRIx64, v);
}

static inline void word_text(struct berth_buf *b, const char *s)
{
	for (size_t i = 0; i < 32; i++)
		berth_buf_printf(b, "%02x", i < strlen(s) ? (unsigned char)s[i] : 0);
}

static inline struct berth_json *new_log(struct story *t, const char *topic, const struct berth_buf *data)
{
	struct berth_json *log = berth_json_new_object(), *topics = berth_json_new_array();

	CHECK_OK(berth_json_push_str(topics, topic));
	CHECK_OK(berth_json_push_str(topics, "0x000000000000000000000000b9c5714089478a327f09197987f16f9e5d936e8a"));
	CHECK_OK(berth_json_set_str(log, "address", REGISTRY));
	CHECK_OK(berth_json_set(log, "topics", topics));
	CHECK_OK(berth_json_set_str(log, "data", berth_buf_cstr(data)));
	set_quantity(log, "blockNumber", t->block);
	set_quantity(log, "logIndex", 0);
	CHECK_OK(berth_json_set_bool(log, "removed", false));
	return log;
}

static inline void tell(struct story *t, const char *topic, struct berth_buf *data)
{
	char block[24];

	CHECK_OK(berth_json_push(berth_json_get_mut(t->root, "logs"), new_log(t, topic, data)));
	quantity(block, t->block);
	set_quantity(berth_json_get_mut(t->root, "blocks"), block, BLOCK_TIME(t->block));
	set_quantity(t->root, "changed", t->block);
	t->previous = t->block;
	berth_buf_free(data);
}

static inline void owner(struct story *t, const char *who)
{
	struct berth_buf b = BERTH_BUF_INIT;

	t->block++;
	berth_buf_printf(&b, "0x%024d%s", 0, who + 2);
	word_u64(&b, t->previous);
	tell(t, TOPIC_OWNER, &b);
}

static inline void delegate(struct story *t, const char *type, const char *who, uint64_t valid_to)
{
	struct berth_buf b = BERTH_BUF_INIT;

	t->block++;
	berth_buf_str(&b, "0x");
	word_text(&b, type);
	berth_buf_printf(&b, "%024d%s", 0, who + 2);
	word_u64(&b, valid_to);
	word_u64(&b, t->previous);
	tell(t, TOPIC_DELEGATE, &b);
}

static inline void attribute(struct story *t, const char *name, const char *value_hex, uint64_t valid_to)
{
	struct berth_buf b = BERTH_BUF_INIT;
	size_t n = strlen(value_hex);

	t->block++;
	berth_buf_str(&b, "0x");
	word_text(&b, name);
	word_u64(&b, 128);
	word_u64(&b, valid_to);
	word_u64(&b, t->previous);
	word_u64(&b, n / 2);
	berth_buf_str(&b, value_hex);
	for (; n % 64; n++)
		berth_buf_u8(&b, '0');
	tell(t, TOPIC_ATTRIBUTE, &b);
}

static inline void text_attribute(struct story *t, const char *name, const char *value, uint64_t valid_to)
{
	char hex[512];

	sodium_bin2hex(hex, sizeof(hex), (const unsigned char *)value, strlen(value));
	attribute(t, name, hex, valid_to);
}

static inline const struct berth_json *method(const struct berth_registry_result *r, const char *fragment)
{
	char id[128];

	snprintf(id, sizeof(id), DID "%s", fragment);
	berth_json_each(vm, berth_json_get(berth_did_doc_json(r->doc), "verificationMethod"))
		if (strcmp(test_str(vm, "id"), id) == 0)
			return vm;
	return NULL;
}

static inline const struct berth_json *service(const struct berth_registry_result *r, const char *fragment)
{
	char id[128];

	snprintf(id, sizeof(id), DID "%s", fragment);
	berth_json_each(v, berth_json_get(berth_did_doc_json(r->doc), "service"))
		if (strcmp(test_str(v, "id"), id) == 0)
			return v;
	return NULL;
}

static inline bool refers(const struct berth_registry_result *r, const char *relationship, const char *fragment)
{
	char id[128];

	snprintf(id, sizeof(id), DID "%s", fragment);
	return berth_json_says(berth_json_get(berth_did_doc_json(r->doc), relationship), id);
}

#define C "0x1111111111111111111111111111111111111111"
#define D "0x2222222222222222222222222222222222222222"

static inline struct berth_json *log_at(struct story *t, size_t i)
{
	struct berth_json *log = berth_json_first_mut(berth_json_get_mut(t->root, "logs"));

	while (i--)
		log = berth_json_next_mut(log);
	return log;
}

static inline void four_events(struct story *t)
{
	begin(t);
	CHECK_OK(berth_json_set_str(t->root, "owner", D));
	delegate(t, "veriKey", C, FOREVER);
	attribute(t, "did/pub/X/veriKey", "0102", FOREVER);
	owner(t, D);
	attribute(t, "did/svc/S", "68747470", FOREVER);
}

#endif /* BERTH_TESTS_UNIT_DID_ETHR_STORY_H */
