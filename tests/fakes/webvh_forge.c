/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/webvh_forge.h"

#include "tests/check.h"

#include "did/base/clock.h"
#include "did/codec/jcs.h"
#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/crypto/sign.h"
#include "did/jose/multikey.h"
#include "did/webvh_hash.h"

#define DAY_S 86400
#define START_S INT64_C(1735689600)	/* 2025-01-01 */

const char *test_webvh_multikey(const struct berth_privkey *key)
{
	static char text[64];
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_multikey_format(&b, &key->pub));
	snprintf(text, sizeof(text), "%s", berth_buf_cstr(&b));
	berth_buf_free(&b);
	return text;
}

const char *test_webvh_method(const struct berth_privkey *key)
{
	static char text[160];

	snprintf(text, sizeof(text), "did:key:%s#", test_webvh_multikey(key));
	strcat(text, test_webvh_multikey(key));
	return text;
}

static struct berth_json *parse(const char *text, const char *scid)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *j;

	berth_webvh_replace(&b, text, "{SCID}", scid);
	CHECK_OK(berth_json_parse_exact(&j, berth_buf_cstr(&b), b.len, BERTH_JSON_MAX));
	berth_buf_free(&b);
	return j;
}

/* Appends the proof of a document by its canonical text. */
static void put_proof(struct berth_buf *out, const struct berth_buf *text, const struct test_webvh_entry *e)
{
	struct berth_buf options = BERTH_BUF_INIT, canonical = BERTH_BUF_INIT, value = BERTH_BUF_INIT;
	uint8_t hashes[2 * BERTH_SHA256_LEN], sig[BERTH_SIG_MAX];
	struct berth_json *j;
	size_t n;

	berth_buf_printf(&options, "{\"type\":\"DataIntegrityProof\"%s%s%s,\"verificationMethod\":\"%s\",\"proofPurpose\":\"%s\"%s",
			 e->suite && !*e->suite ? "" : ",\"cryptosuite\":\"", e->suite ? e->suite : "eddsa-jcs-2022",
			 e->suite && !*e->suite ? "" : "\"", e->method ? e->method : test_webvh_method(e->key),
			 e->purpose ? e->purpose : "assertionMethod", e->more ? e->more : "");
	berth_buf_put(out, options.p, options.len);
	berth_buf_str(&options, "}");
	CHECK_OK(berth_json_parse_exact(&j, berth_buf_cstr(&options), options.len, BERTH_JSON_MAX));
	CHECK_OK(berth_jcs(&canonical, j));
	berth_sha256(hashes, canonical.p, canonical.len);
	berth_sha256(hashes + BERTH_SHA256_LEN, text->p, text->len);
	CHECK_OK(berth_sign(sig, &n, e->key, hashes, sizeof(hashes)));
	CHECK_OK(berth_multibase_encode(&value, 'z', sig, n));
	berth_buf_printf(out, ",\"proofValue\":\"%s\"}", berth_buf_cstr(&value));
	berth_json_free(j);
	berth_buf_free(&options);
	berth_buf_free(&canonical);
	berth_buf_free(&value);
}

static void put_entry(struct test_webvh *w, const struct test_webvh_entry *e, const char *time)
{
	struct berth_json *parameters = parse(e->parameters, w->scid), *state = parse(e->state, w->scid);
	struct berth_buf hash = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	struct berth_webvh_body body;
	char number[32];

	CHECK_OK(berth_webvh_body_make(&body, parameters, state, time));
	CHECK_OK(berth_webvh_entry_hash(&hash, &body, e->previous ? e->previous : w->previous));
	snprintf(number, sizeof(number), "%u-", w->n + 1);
	snprintf(w->previous, sizeof(w->previous), "%s%s", e->number ? e->number : number, berth_buf_cstr(&hash));
	CHECK_OK(berth_webvh_body_text(&text, &body, w->previous));
	/* the canonical text and the proof in it are as good as any */
	berth_buf_put(&w->log, text.p, text.len - 1);
	berth_buf_str(&w->log, ",\"proof\":[");
	put_proof(&w->log, &text, e);
	berth_buf_str(&w->log, "]}\n");
	CHECK_OK(berth_buf_status(&w->log));
	berth_webvh_body_free(&body);
	berth_json_free(parameters);
	berth_json_free(state);
	berth_buf_free(&hash);
	berth_buf_free(&text);
}

static void find_scid(struct test_webvh *w, const struct test_webvh_entry *e, const char *time)
{
	struct berth_json *parameters = parse(e->parameters, "{SCID}"), *state = parse(e->state, "{SCID}");
	struct berth_buf scid = BERTH_BUF_INIT;
	struct berth_webvh_body body;

	CHECK_OK(berth_webvh_body_make(&body, parameters, state, time));
	CHECK_OK(berth_webvh_scid(&scid, &body, "{SCID}"));
	snprintf(w->scid, sizeof(w->scid), "%s", berth_buf_cstr(&scid));
	snprintf(w->previous, sizeof(w->previous), "%s", w->scid);
	berth_webvh_body_free(&body);
	berth_json_free(parameters);
	berth_json_free(state);
	berth_buf_free(&scid);
}

void test_webvh_add(struct test_webvh *w, const struct test_webvh_entry *e)
{
	char time[BERTH_RFC3339_LEN + 1];

	berth_rfc3339_format(time, START_S + w->n * DAY_S);
	if (w->n == 0)
		find_scid(w, e, e->time ? e->time : time);
	put_entry(w, e, e->time ? e->time : time);
	w->n++;
}

void test_webvh_free(struct test_webvh *w)
{
	berth_buf_free(&w->log);
	memset(w, 0, sizeof(*w));
}

void test_webvh_approve(struct berth_buf *out, const char *version_id, const struct berth_privkey *const *keys, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;

	berth_buf_printf(&text, "{\"versionId\":\"%s\"}", version_id);
	berth_buf_printf(out, "{\"versionId\":\"%s\",\"proof\":[", version_id);
	for (size_t i = 0; i < n; i++) {
		const struct test_webvh_entry e = { .key = keys[i] };

		berth_buf_str(out, i ? "," : "");
		put_proof(out, &text, &e);
	}
	berth_buf_str(out, "]}");
	berth_buf_free(&text);
}
