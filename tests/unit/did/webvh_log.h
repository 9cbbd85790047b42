/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_DID_WEBVH_LOG_H
#define BERTH_TESTS_UNIT_DID_WEBVH_LOG_H

/* Logs of a did:webvh, made entry by entry by several keys, and what is made of them. */
#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/method_webvh.h"
#include "tests/check.h"
#include "tests/fakes/webvh_forge.h"

#define NOW INT64_C(1750000000)	/* 2025-06-15 */
#define DID "did:webvh:{SCID}:example.com"
#define STATE "{\"@context\":\"https://www.w3.org/ns/did/v1\",\"id\":\"" DID "\"}"
#define STATE_N(n) "{\"@context\":\"https://www.w3.org/ns/did/v1\",\"id\":\"" DID "\",\"n\":" #n "}"

static struct berth_privkey a, b, mallory, w1, w2, w3, p256;
static struct berth_buf pin;
static int64_t now = NOW;
static bool trusted = true;

static inline void key(struct berth_privkey *k, uint8_t seed)
{
	uint8_t bytes[32] = { seed };

	CHECK_OK(berth_keypair_from_private(k, BERTH_KEY_ED25519, bytes, sizeof(bytes)));
}

static inline int setup(void **state)
{
	uint8_t scalar[32] = { 7 };

	(void)state;
	berth_crypto_init();
	key(&a, 1);
	key(&b, 2);
	key(&mallory, 3);
	key(&w1, 4);
	key(&w2, 5);
	key(&w3, 6);
	CHECK_OK(berth_keypair_from_private(&p256, BERTH_KEY_P256, scalar, sizeof(scalar)));
	return 0;
}

static inline int fresh(void **state)
{
	(void)state;
	berth_buf_free(&pin);
	now = NOW;
	trusted = true;
	return 0;
}

/* ---- making logs ---- */

/* Those of a first entry, and more. */
static inline const char *params_of(const struct berth_privkey *k, const char *more)
{
	static char text[1280];

	snprintf(text, sizeof(text), "{\"method\":\"did:webvh:1.0\",\"scid\":\"{SCID}\",\"updateKeys\":[\"%s\"]%s}",
		 test_webvh_multikey(k), more);
	return text;
}

static inline void begin(struct test_webvh *w, const char *more)
{
	memset(w, 0, sizeof(*w));
	test_webvh_add(w, &(struct test_webvh_entry){ .parameters = params_of(&a, more), .state = STATE, .key = &a });
}

static inline void add(struct test_webvh *w, const char *parameters, const char *state)
{
	test_webvh_add(w, &(struct test_webvh_entry){ .parameters = parameters, .state = state, .key = &a });
}

/* Three entries, by a. */
static inline void make_three(struct test_webvh *w)
{
	begin(w, "");
	add(w, "{}", STATE_N(2));
	add(w, "{}", STATE_N(3));
}

/* ---- judging them ---- */

static struct berth_registry_result last;

static inline enum berth_err judge_all(const struct test_webvh *w, const char *did, const char *witness,
				       const struct berth_did_version *version)
{
	struct berth_registry_piece pieces[2] = { { "did.jsonl", w->log.p, w->log.len },
						  { "did-witness.json", (const uint8_t *)witness, witness ? strlen(witness) : 0 } };
	const struct berth_registry_evidence e = { .pieces = pieces, .n = witness ? 2 : 1 };
	struct berth_buf new_pin = BERTH_BUF_INIT, name = BERTH_BUF_INIT;
	struct berth_registry_judge j = { .now_s = now, .clock_trusted = trusted, .pin = berth_buf_cstr(&pin), .new_pin = &new_pin };
	enum berth_err rc;

	berth_webvh_replace(&name, did, "{SCID}", w->scid);
	berth_registry_result_free(&last);
	rc = berth_webvh_judge(&last, &e, berth_buf_cstr(&name), version, &j);
	CHECK(rc == BERTH_OK || (!last.doc && !last.metadata && new_pin.len == 0));
	if (new_pin.len) {
		berth_buf_free(&pin);
		pin = new_pin;
	}
	berth_buf_free(&name);
	return rc;
}

static inline enum berth_err judge(const struct test_webvh *w)
{
	return judge_all(w, DID, NULL, NULL);
}

static inline int64_t n_of_last(void)
{
	int64_t n = 1;

	CHECK_OK(berth_json_opt_int(berth_did_doc_json(last.doc), "n", 1, 100, &n));
	return n;
}

static inline const char *meta(const char *name)
{
	return berth_json_str(berth_json_get(last.metadata, name));
}

/* A log of which the entry e is the second, or the first where it brings a method. */
static inline enum berth_err judge_with(const char *first_more, const struct test_webvh_entry *e)
{
	struct test_webvh w;
	enum berth_err rc;

	begin(&w, first_more);
	test_webvh_add(&w, e);
	rc = judge(&w);
	test_webvh_free(&w);
	berth_buf_free(&pin);
	return rc;
}

static inline enum berth_err judge_second(const char *first_more, const char *parameters)
{
	return judge_with(first_more, &(struct test_webvh_entry){ .parameters = parameters, .state = STATE, .key = &a });
}

static inline enum berth_err judge_first(const char *parameters, const char *state)
{
	struct test_webvh w = { .n = 0 };
	enum berth_err rc;

	test_webvh_add(&w, &(struct test_webvh_entry){ .parameters = parameters, .state = state, .key = &a });
	rc = judge(&w);
	test_webvh_free(&w);
	berth_buf_free(&pin);
	return rc;
}

static inline int gone(void **state)
{
	(void)state;
	berth_registry_result_free(&last);
	berth_buf_free(&pin);
	return 0;
}

#endif /* BERTH_TESTS_UNIT_DID_WEBVH_LOG_H */
