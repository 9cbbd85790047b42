/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of about 1 KiB with a Data Integrity proof, and as SD-JWT VC with eight
 * disclosures.  The floors read with cJSON, hash and verify, and canonicalise with our
 * JCS for want of a library's; ours also refuse what is not strict JSON, check the
 * structure, the dates and the issuer, put claims in their place and write a report. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "did/base/buf.h"
#include "did/codec/base64url.h"
#include "did/codec/jcs.h"
#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/jose/keyring_local.h"
#include "did/method_key.h"
#include "vc/sd_jwt.h"
#include "vc/status.h"
#include "vc/vc.h"

#define NOW 1795442400		/* 2026-11-23 */
#define DISCLOSURES 8

static struct berth_privkey issuer;
static struct berth_buf did, kid, di, sd;
static struct berth_json *di_tree;	/* what the floor's JCS runs over */
static struct berth_keyring *ring;
static struct berth_status_list list;

static const char vc_text[] =
	"{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\"id\":\"urn:uuid:5f1f8e16-9e0c-4b7c-9a70-0d1b0f3a7c11\","
	"\"type\":[\"VerifiableCredential\",\"DeviceCredential\"],\"issuer\":\"%s\",\"validFrom\":\"2026-01-01T00:00:00Z\","
	"\"validUntil\":\"2036-01-01T00:00:00Z\",\"credentialSubject\":{\"id\":\"did:example:gateway-0001\","
	"\"serial\":\"GW-2026-000123\",\"model\":\"edge-gateway-4c\",\"hardware\":{\"board\":\"rev-c\",\"ram\":512,\"flash\":4096},"
	"\"rendezvous\":[{\"did\":\"did:example:rv1\",\"uri\":\"nng+tcp://rv1.example:4000\"},"
	"{\"did\":\"did:example:rv2\",\"uri\":\"nng+tcp://rv2.example:4000\"}],\"recovery\":true,"
	"\"notes\":\"made for the bench\"}}";
static const char sd_text[] =
	"{\"iss\":\"%s\",\"vct\":\"https://credentials.example/device\",\"nbf\":1767225600,\"exp\":2082758400,"
	"\"c0\":\"GW-2026-000123\",\"c1\":\"edge-gateway-4c\",\"c2\":\"rev-c\",\"c3\":4096,\"c4\":true,"
	"\"c5\":{\"did\":\"did:example:rv1\",\"uri\":\"nng+tcp://rv1.example:4000\"},\"c6\":[1,2,3],\"c7\":\"last\"}";
static const char *const pointers[DISCLOSURES] = { "/c0", "/c1", "/c2", "/c3", "/c4", "/c5", "/c6", "/c7" };

static struct berth_json *parse(const char *format, const char *name)
{
	struct berth_json *j;
	char text[2048], *at = strstr(format, "%s");

	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - format), format, name, at + 2);
	need(!berth_json_parse_exact(&j, text, strlen(text), sizeof(text)), "json");
	return j;
}

static void setup(void)
{
	const struct berth_di_options o = { .created_s = NOW };
	struct berth_json *vc, *claims;

	need(!berth_keypair_generate(&issuer, BERTH_KEY_ED25519) && !berth_did_key_create(&did, &issuer.pub), "issuer");
	berth_buf_printf(&kid, "%s#%s", berth_buf_cstr(&did), berth_buf_cstr(&did) + 8);
	need(!berth_keyring_local_new(&ring) && !berth_keyring_local_add(ring, berth_buf_cstr(&kid), &issuer), "keyring");
	vc = parse(vc_text, berth_buf_cstr(&did));
	claims = parse(sd_text, berth_buf_cstr(&did));
	need(!berth_vc_di_issue(&di, ring, berth_buf_cstr(&kid), vc, &o), "di issue");
	need(!berth_json_parse_exact(&di_tree, berth_buf_cstr(&di), di.len, BERTH_VC_MAX), "di tree");
	need(!berth_vc_sd_issue(&sd, ring, berth_buf_cstr(&kid), claims, false, pointers, DISCLOSURES, 0), "sd issue");
	need(!berth_status_list_new(&list, BERTH_STATUS_BITSTRING, 1, 131072), "list");
	berth_json_free(vc);
	berth_json_free(claims);
}

/* ---- eddsa-jcs-2022 ---- */

static void f_di(void)
{
	static struct berth_buf a, b, sig;
	static const struct berth_jcs_edit no_proof = { "proof", NULL }, no_value = { "proofValue", NULL };
	cJSON *j = cJSON_ParseWithLength(berth_buf_cstr(&di), di.len);
	const struct berth_json *proof = berth_json_get(di_tree, "proof");
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(j, "proof"), "proofValue"));
	uint8_t hash[64];

	a.len = b.len = sig.len = 0;
	need(!berth_jcs_edited(&a, proof, &no_value, 1) && !berth_jcs_edited(&b, di_tree, &no_proof, 1), "jcs");
	berth_sha256(hash, a.p, a.len);
	berth_sha256(hash + 32, b.p, b.len);
	need(!berth_multibase_decode(&sig, value, strlen(value)) &&
	     !crypto_sign_verify_detached(sig.p, hash, sizeof(hash), issuer.pub.b), "verify");
	cJSON_Delete(j);
}

typedef enum berth_err verify_fn(struct berth_report *r, const struct berth_verify *v, const char *text, size_t n);

static void verify(verify_fn *fn, const struct berth_buf *text)
{
	const struct berth_verify v = { .key = &issuer.pub, .now_s = NOW };
	struct berth_report report;

	need(!fn(&report, &v, berth_buf_cstr(text), text->len), "verify");
	berth_report_free(&report);
}

static void o_di(void) { verify(berth_vc_di_verify, &di); }

/* ---- SD-JWT VC ---- */

static void decode_and_parse(const char *p, size_t n)
{
	static struct berth_buf b;

	b.len = 0;
	need(!berth_b64url_decode(&b, p, n), "base64url");
	cJSON *j = cJSON_ParseWithLength((const char *)b.p, b.len);
	need(j != NULL, "json");
	cJSON_Delete(j);
}

static void f_sd(void)
{
	static struct berth_buf digest;
	const char *t = berth_buf_cstr(&sd), *dot1 = strchr(t, '.'), *dot2 = strchr(dot1 + 1, '.'), *tilde = strchr(dot2, '~');
	uint8_t sig[64], hash[32];

	decode_and_parse(t, (size_t)(dot1 - t));
	decode_and_parse(dot1 + 1, (size_t)(dot2 - dot1 - 1));
	need(!berth_b64url_decode_fixed(sig, 64, dot2 + 1, (size_t)(tilde - dot2 - 1)) &&
	     !crypto_sign_verify_detached(sig, (const uint8_t *)t, (size_t)(dot2 - t), issuer.pub.b), "verify");
	for (const char *d = tilde + 1, *end; (end = strchr(d, '~')); d = end + 1) {
		decode_and_parse(d, (size_t)(end - d));
		berth_sha256(hash, d, (size_t)(end - d));
		digest.len = 0;
		berth_b64url_encode(&digest, hash, sizeof(hash));
	}
}

static void o_sd(void) { verify(berth_vc_sd_verify, &sd); }

/* ---- status ---- */

static volatile unsigned seen;

static void f_bit(void)
{
	for (uint64_t i = 0; i < 131072; i += 131)
		seen = list.b[i / 8] >> (7 - i % 8) & 1;
}

static void o_bit(void)
{
	unsigned v;

	for (uint64_t i = 0; i < 131072; i += 131) {
		need(!berth_status_list_get(&list, i, &v), "status");
		seen = v;
	}
}

/* One question to a list of 131,072 in the cache, as a verifier asks it. */
#define LIST "https://example.com/status/3"

static struct berth_verify asking;

static void put_list(const char *folder)
{
	char path[128];
	struct berth_buf text = BERTH_BUF_INIT, token = BERTH_BUF_INIT, payload = BERTH_BUF_INIT;
	struct berth_status_list l;
	FILE *f;

	need(!berth_status_list_new(&l, BERTH_STATUS_TOKEN, 1, 131072) && !berth_status_list_encode(&text, &l), "list");
	berth_buf_printf(&payload, "{\"iss\":\"%s\",\"sub\":\"" LIST "\",\"iat\":%d,\"exp\":%d,\"status_list\":{\"bits\":1,"
			 "\"lst\":\"%s\"}}", berth_buf_cstr(&did), NOW - 100, NOW + 1000000, berth_buf_cstr(&text));
	need(!berth_keyring_sign_compact(ring, berth_buf_cstr(&kid), BERTH_SIGN_STATUS, payload.p, payload.len, &token), "sign");
	snprintf(path, sizeof(path), "%s/list", folder);
	f = fopen(path, "w");
	need(f && fwrite(token.p, 1, token.len, f) == token.len && !fclose(f), "file");
	berth_status_list_free(&l);
	berth_buf_free(&text);
	berth_buf_free(&token);
	berth_buf_free(&payload);
}

static void ask_list(void)
{
	static uint64_t index;
	struct berth_status_found *f, own;
	int64_t stale_for;
	unsigned value;

	index = (index + 7919) % 131072;
	need(!berth_status_find(&f, &own, &asking, LIST, berth_buf_cstr(&did), true) && f != &own &&
	     !berth_status_list_get(&f->list, index, &value) && !berth_status_age(f, &asking, &stale_for) && !value &&
	     !stale_for, "status");
	seen = value;
}

static void bench_cache(int *missed)
{
	static const struct bench b[] = { { "status of one in 131,072, list from cache", f_bit, ask_list, 1.0 } };
	static struct berth_resolver builtin;
	char folder[] = "/tmp/berth-bench.XXXXXX", path[64];

	need(mkdtemp(folder) != NULL, "folder");
	put_list(folder);
	berth_resolver_builtin_init(&builtin, NULL);
	asking = (struct berth_verify){ .resolver = &builtin, .now_s = NOW, .status_dir = folder };
	need(!berth_status_cache_new(&asking.status_cache, NULL), "cache");
	*missed += bench_run_us("status lists (floor: 1,001 bits)", b, 1);
	berth_status_cache_free(asking.status_cache);
	snprintf(path, sizeof(path), "%s/list", folder);
	need(!remove(path) && !remove(folder), "folder");
}

void bench_vc_formats(int *missed)
{
	static const struct bench b[] = {
		{ "eddsa-jcs-2022 verify, issuer's key given", f_di, o_di, 1.25 },
		{ "SD-JWT VC verify, 8 disclosures, key given", f_sd, o_sd, 1.3 },
		{ "status list of 131,072, 1,001 entries from cache", f_bit, o_bit, 0 },
	};

	setup();
	*missed += bench_run("credential formats, about 1 KiB", b, sizeof(b) / sizeof(b[0]));
	bench_cache(missed);
}
