/* SPDX-License-Identifier: Apache-2.0 */
/* A did:webvh log from anywhere: LOG NUL WITNESSES NUL PIN.  An input that begins with '+'
 * is what to make a log of, a line of {"p": parameters, "d": document} an entry: whatever
 * can be made is judged good. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/method_webvh.h"
#include "did/webvh_make.h"
#include "did/webvh_reading.h"

#define NOW INT64_C(1780000000)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* A step at a time it comes to the same. */
static void read_slowly(const struct berth_webvh_files *f, enum berth_err want, const struct berth_webvh_log *whole)
{
	struct berth_webvh_reading r;
	enum berth_err rc = berth_webvh_read_begin(&r, f, NULL, NOW);

	while (!rc && r.stage != BERTH_WEBVH_READ)
		rc = berth_webvh_read_on(&r, 1);
	if (rc != want || (!rc && (r.log.n != whole->n || strcmp(r.log.bad, whole->bad) != 0)))
		abort();
	berth_webvh_read_end(&r);
}

static void judge(const char *log, size_t log_len, const char *witness, size_t witness_len, const char *pin, bool good)
{
	struct berth_webvh_files f = { .log = log, .log_len = log_len, .witness = witness, .witness_len = witness_len };
	struct berth_webvh_log read;
	enum berth_err rc;
	struct berth_registry_piece pieces[2] = { { "did.jsonl", (const uint8_t *)log, log_len },
						  { "did-witness.json", (const uint8_t *)witness, witness_len } };
	const struct berth_registry_evidence e = { .pieces = pieces, .n = witness ? 2 : 1 };
	struct berth_buf new_pin = BERTH_BUF_INIT, again = BERTH_BUF_INIT, did = BERTH_BUF_INIT;
	struct berth_registry_judge j = { .now_s = NOW, .clock_trusted = false, .pin = pin, .new_pin = &new_pin };
	struct berth_registry_result r;

	rc = berth_webvh_log_read(&read, &f, NULL, NOW);
	read_slowly(&f, rc, &read);
	if (rc == BERTH_OK)
		berth_buf_str(&did, read.head.id);
	else
		berth_buf_str(&did, "did:webvh:QmWGqHMYsShoNu8Sm1R9tLPGersH8EHwnqMEhJitruJ94M:example.com");
	berth_webvh_log_free(&read);
	if (berth_webvh_judge(&r, &e, berth_buf_cstr(&did), NULL, &j) == BERTH_OK) {
		berth_registry_result_free(&r);
		/* what was good is good again, and the pin stays */
		j.pin = new_pin.len ? berth_buf_cstr(&new_pin) : pin;
		j.new_pin = &again;
		if (berth_webvh_judge(&r, &e, berth_buf_cstr(&did), NULL, &j) || again.len)
			abort();
		berth_registry_result_free(&r);
	} else if (good) {
		abort();
	}
	berth_buf_free(&new_pin);
	berth_buf_free(&again);
	berth_buf_free(&did);
}

/* A key whose public half the corpus can name: of the seed 00...01. */
static struct berth_keyring *keyring(struct berth_buf *kid)
{
	static const uint8_t seed[32] = { [31] = 1 };
	struct berth_keyring *kr = NULL;
	struct berth_privkey key;

	if (berth_keypair_from_private(&key, BERTH_KEY_ED25519, seed, sizeof(seed)) || berth_webvh_kid(kid, &key.pub) ||
	    berth_keyring_local_new(&kr) || berth_keyring_local_add(kr, berth_buf_cstr(kid), &key))
		abort();
	return kr;
}

static bool is_witnessed(const struct berth_webvh_head *h)
{
	return h->params.witness != NULL;
}

/* A log's document may be one that a resolver does not take for a DID document. */
static bool is_document(const struct berth_json *state)
{
	struct berth_did_doc *doc = NULL;
	struct berth_json *copy = berth_json_clone(state);
	bool good = copy && berth_webvh_add_services(copy, berth_json_str(berth_json_get(state, "id"))) == BERTH_OK;

	if (!good) {
		berth_json_free(copy);
		return false;
	}
	good = berth_did_doc_from_signed(&doc, copy, NULL) == BERTH_OK;
	berth_did_doc_free(doc);
	return good;
}

static void make(const char *p, size_t n)
{
	struct berth_buf log = BERTH_BUF_INIT, kid = BERTH_BUF_INIT;
	struct berth_keyring *kr = keyring(&kid);
	struct berth_webvh_head head = { .number = 0 };
	bool plain = true;

	for (size_t at = 0; at < n;) {
		const char *end = memchr(p + at, '\n', n - at);
		size_t len = end ? (size_t)(end - p) - at : n - at;
		struct berth_webvh_entry_spec spec = { .keyring = kr, .kid = berth_buf_cstr(&kid), .now_s = NOW - 1000 };
		struct berth_json *j = NULL;

		if (berth_json_parse_exact(&j, p + at, len, BERTH_WEBVH_LINE_MAX) == BERTH_OK) {
			spec.parameters = berth_json_get(j, "p");
			spec.document = berth_json_get(j, "d");
			if (spec.parameters && spec.document && head.number < 16 &&
			    berth_webvh_entry_make(&log, &head, &spec) == BERTH_OK)
				plain = plain && !is_witnessed(&head);
		}
		berth_json_free(j);
		at += len + 1;
	}
	if (log.len) {
		size_t start = log.len - 1;
		struct berth_webvh_entry last;

		while (start > 0 && log.p[start - 1] != '\n')
			start--;
		if (berth_webvh_entry_parse(&last, berth_buf_cstr(&log) + start, log.len - start))
			abort();
		judge(berth_buf_cstr(&log), log.len, NULL, 0, "", plain && is_document(last.state));
		berth_webvh_entry_free(&last);
	}
	berth_webvh_head_free(&head);
	berth_keyring_free(kr);
	berth_buf_free(&log);
	berth_buf_free(&kid);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = malloc(n + 1), *witness, *pin;

	if (!text)
		return 0;
	memcpy(text, p, n);
	text[n] = '\0';
	berth_crypto_init();
	if (n > 0 && p[0] == '+') {
		make(text + 1, n - 1);
	} else {
		witness = memchr(text, '\0', n);
		witness = witness ? witness + 1 : NULL;
		pin = witness ? memchr(witness, '\0', n - (size_t)(witness - text)) : NULL;
		judge(text, witness ? (size_t)(witness - 1 - text) : n, witness, witness ? strlen(witness) : 0, pin ? pin + 1 : "", false);
	}
	free(text);
	return 0;
}
