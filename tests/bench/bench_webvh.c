/* SPDX-License-Identifier: Apache-2.0 */
/* A did:webvh log of a thousand entries.  The floor are its signature checks and its
 * hashes, over texts that are there already: each entry is hashed with the versionId
 * before it and signed with its own, and its proof's options are hashed. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "did/codec/jcs.h"
#include "did/codec/multibase.h"
#include "did/crypto/keypair.h"
#include "did/doc_build.h"
#include "did/method_webvh.h"
#include "did/webvh_make.h"

#define ENTRIES 1000
#define NOW INT64_C(1780000000)
#define DID "did:webvh:{SCID}:example.com:gateways:7"

struct work {
	struct berth_buf hashed, document, options, sig;
};

static struct berth_privkey key;
static struct berth_buf text;
static char *did;
static struct work work[ENTRIES];
static EVP_MD *sha256;

/* A gateway's: two keys and a service, 1.3 KiB. */
static struct berth_json *document(const char *of, size_t n)
{
	struct berth_json *doc = berth_doc_new(of, BERTH_CONTEXT_MULTIKEY), *service;
	struct berth_pubkey x;
	char id[256], uri[64];

	need(!berth_pubkey_ed25519_to_x25519(&x, &key.pub), "a key");
	snprintf(id, sizeof(id), "%s#key-1", of);
	need(!berth_doc_add(doc, berth_doc_multikey(id, of, &key.pub), BERTH_REL_AUTHENTICATION | BERTH_REL_ASSERTION), "a method");
	snprintf(id, sizeof(id), "%s#key-2", of);
	need(!berth_doc_add(doc, berth_doc_multikey(id, of, &x), BERTH_REL_KEY_AGREEMENT), "a method");
	snprintf(uri, sizeof(uri), "nng+tls://gw.example.com:%zu", 4000 + n);
	service = berth_json_new_object();
	need(!berth_json_set_str(service, "id", "#didcomm") && !berth_json_set_str(service, "type", "DIDCommMessaging") &&
	     !berth_json_set_str(service, "serviceEndpoint", uri) && !berth_json_push(berth_doc_array(doc, "service"), service), "a service");
	return doc;
}

static void add(struct berth_webvh_head *head, struct berth_keyring *kr, const char *kid, size_t n)
{
	struct berth_json *params = berth_json_new_object(), *keys = berth_json_new_array();
	struct berth_json *doc = document(n ? head->id : DID, n);
	const struct berth_webvh_entry_spec spec = {
		.parameters = params, .document = doc, .keyring = kr, .kid = kid, .now_s = NOW + (int64_t)n
	};

	need(!berth_json_push_str(keys, strchr(kid, '#') + 1), "a key");
	if (n)
		berth_json_free(keys);
	else
		need(!berth_json_set(params, "updateKeys", keys), "parameters");
	need(!berth_webvh_entry_make(&text, head, &spec), "an entry");
	berth_json_free(params);
	berth_json_free(doc);
}

/* The bytes that are hashed for one entry, and its signature. */
static void take_apart(struct work *w, const struct berth_webvh_entry *e, const char *previous)
{
	const struct berth_json *proof = berth_json_at(e->proof, 0);
	const char *value = berth_json_str(berth_json_get(proof, "proofValue"));
	const struct berth_jcs_edit no_value = { "proofValue", NULL };
	struct berth_webvh_body body;

	need(!berth_webvh_body_make(&body, e->parameters, e->state, e->version_time) &&
	     !berth_webvh_body_text(&w->hashed, &body, previous) && !berth_webvh_body_text(&w->document, &body, e->version_id) &&
	     !berth_jcs_edited(&w->options, proof, &no_value, 1) && !berth_multibase_decode(&w->sig, value, strlen(value)), "an entry");
	berth_webvh_body_free(&body);
}

static void read_again(void)
{
	struct berth_webvh_files f = { .log = berth_buf_cstr(&text), .log_len = text.len };
	struct berth_webvh_log log;
	struct berth_webvh_entry e;

	need(!berth_webvh_log_read(&log, &f, NULL, NOW + ENTRIES) && log.n == ENTRIES, "the log");
	for (size_t i = 0; i < ENTRIES; i++) {
		need(!berth_webvh_log_entry(&e, &log, i), "an entry");
		take_apart(&work[i], &e, i ? log.versions[i - 1].id : log.head.params.scid);
		berth_webvh_entry_free(&e);
	}
	berth_webvh_log_free(&log);
}

static void setup(void)
{
	static const uint8_t seed[32] = { [31] = 1 };
	struct berth_webvh_head head = { .number = 0 };
	struct berth_buf kid = BERTH_BUF_INIT;
	struct berth_keyring *kr;

	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	need(sha256 && !berth_keypair_from_private(&key, BERTH_KEY_ED25519, seed, sizeof(seed)) && !berth_webvh_kid(&kid, &key.pub) &&
	     !berth_keyring_local_new(&kr) && !berth_keyring_local_add(kr, berth_buf_cstr(&kid), &key), "a key");
	for (size_t i = 0; i < ENTRIES; i++)
		add(&head, kr, berth_buf_cstr(&kid), i);
	did = strdup(head.id);
	need(did != NULL, "a DID");
	read_again();
	berth_webvh_head_free(&head);
	berth_keyring_free(kr);
	berth_buf_free(&kid);
}

static void f_log(void)
{
	uint8_t hash[32], data[64];

	for (size_t i = 0; i < ENTRIES; i++) {
		const struct work *w = &work[i];

		EVP_Digest(w->hashed.p, w->hashed.len, hash, NULL, sha256, NULL);
		EVP_Digest(w->options.p, w->options.len, data, NULL, sha256, NULL);
		EVP_Digest(w->document.p, w->document.len, data + 32, NULL, sha256, NULL);
		need(!crypto_sign_verify_detached(w->sig.p, data, sizeof(data), key.pub.b), "a signature");
	}
}

static void o_log(void)
{
	const struct berth_registry_piece piece = { "did.jsonl", text.p, text.len };
	const struct berth_registry_evidence e = { .pieces = &piece, .n = 1 };
	struct berth_buf pin = BERTH_BUF_INIT;
	struct berth_registry_judge j = { .now_s = NOW + ENTRIES, .clock_trusted = true, .pin = "", .new_pin = &pin };
	struct berth_registry_result r;

	need(!berth_webvh_judge(&r, &e, did, NULL, &j), "the log");
	berth_registry_result_free(&r);
	berth_buf_free(&pin);
}

void bench_webvh(int *missed)
{
	static const struct bench b[] = { { "did:webvh, 1,000 entries judged", f_log, o_log, 1.3 } };

	setup();
	printf("did:webvh log: %d entries, %zu octets\n", ENTRIES, text.len);
	*missed += bench_run("a log (floor: its signature checks and hashes)", b, 1);
}
