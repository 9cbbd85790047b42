/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of 1 KiB to 1,000 KiB: what verifying one costs must grow as it does
 * (tests/bench/plot.py draws it).
 *
 * The floors read with cJSON and verify; for eddsa-jcs-2022 they hash the canonical
 * JSON, for eddsa-rdfc-2022 the canonical N-Quads that they are given, as there is no
 * library in Debian that makes these.  Ours makes both, and does all that a verifier
 * has to. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "did/codec/base64url.h"
#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/jose/keyring_local.h"
#include "did/method_key.h"
#include "did/proof.h"
#include "vc/jsonld/di_rdf.h"
#include "vc/jsonld/jsonld.h"
#include "vc/rdf/rdfc.h"
#include "vc/vc.h"

#define NOW 1795442400		/* 2026-11-23 */
#define SIZES 4
static const size_t sizes[SIZES] = { (size_t)1 << 10, (size_t)16 << 10, (size_t)128 << 10, (size_t)1000 << 10 };

static struct berth_privkey issuer;
static struct berth_keyring *ring;
static struct berth_buf did, kid;
static struct credential {
	struct berth_buf json;		/* unsigned */
	struct berth_buf jwt, jcs, rdf;	/* signed */
	struct berth_buf doc, proof;	/* canonical, of the last */
	uint8_t sig[64];
} credentials[SIZES];

/* As many parts, each with a part of its own, as make the text about n bytes. */
static void write_credential(struct berth_buf *b, size_t n)
{
	berth_buf_printf(b, "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\",\"https://www.w3.org/ns/credentials/undefined-terms/v2\"],"
			    "\"id\":\"urn:uuid:5f1f8e16-9e0c-4b7c-9a70-0d1b0f3a7c11\",\"type\":[\"VerifiableCredential\",\"DeviceCredential\"],"
			    "\"issuer\":\"%s\",\"validFrom\":\"2026-01-01T00:00:00Z\",\"validUntil\":\"2036-01-01T00:00:00Z\","
			    "\"credentialSubject\":{\"id\":\"did:example:gateway-0001\",\"part\":[", berth_buf_cstr(&did));
	for (size_t i = 0; i == 0 || b->len + 500 < n; i++)
		berth_buf_printf(b, "%s{\"serial\":\"GW-2026-%06zu\",\"model\":\"edge-gateway-4c, made for the bench\","
				    "\"hardware\":{\"board\":\"rev-c\",\"ram\":%zu,\"tested\":true}}", i ? "," : "", i, i);
	berth_buf_str(b, "]}}");
}

static void canonical(struct berth_buf *out, const struct berth_json *object, const struct berth_json *context,
		      const char *without)
{
	const struct berth_jsonld_input in = { object, context, without, NULL };
	struct berth_rdf d;

	berth_rdf_init(&d);
	need(!berth_jsonld_to_rdf(&d, &in) && !berth_rdfc(out, NULL, &d, BERTH_RDFC_SHA256), "canonical");
	berth_rdf_free(&d);
}

/* Signed under that suite; the proof's signature goes to sig. */
static struct berth_json *sign(struct berth_buf *text, uint8_t sig[64], const struct berth_json *credential,
			       const char *suite)
{
	const struct berth_di_options o = { .purpose = "assertionMethod", .suite = suite, .created_s = NOW };
	struct berth_json *vc = berth_json_clone(credential);
	struct berth_buf b = BERTH_BUF_INIT;
	const char *value;

	need(vc && !berth_di_proof_add(vc, ring, berth_buf_cstr(&kid), &o) && !berth_json_print(text, vc), suite);
	value = berth_json_str(berth_json_get(berth_json_get(vc, "proof"), "proofValue"));
	need(!berth_multibase_decode(&b, value, strlen(value)) && b.len == 64, "signature");
	memcpy(sig, b.p, 64);
	berth_buf_free(&b);
	return vc;
}

static void make(struct credential *c, size_t n)
{
	struct berth_json *plain, *vc;
	uint8_t unused[64];

	write_credential(&c->json, n);
	need(!berth_json_parse_exact(&plain, berth_buf_cstr(&c->json), c->json.len, BERTH_JSON_MAX), "json");
	need(!berth_keyring_sign_compact(ring, berth_buf_cstr(&kid), BERTH_SIGN_VC, c->json.p, c->json.len, &c->jwt), "vc+jwt");
	berth_json_free(sign(&c->jcs, unused, plain, "eddsa-jcs-2022"));
	vc = sign(&c->rdf, c->sig, plain, "eddsa-rdfc-2022");
	canonical(&c->doc, vc, NULL, "proof");
	canonical(&c->proof, berth_json_get(vc, "proof"), berth_json_get(vc, "@context"), "proofValue");
	berth_json_free(plain);
	berth_json_free(vc);
}

static void setup(void)
{
	berth_jsonld_for_proofs();
	need(!berth_keypair_generate(&issuer, BERTH_KEY_ED25519) && !berth_did_key_create(&did, &issuer.pub), "issuer");
	berth_buf_printf(&kid, "%s#%s", berth_buf_cstr(&did), berth_buf_cstr(&did) + 8);
	need(!berth_keyring_local_new(&ring) && !berth_keyring_local_add(ring, berth_buf_cstr(&kid), &issuer), "keyring");
	for (size_t i = 0; i < SIZES; i++)
		make(&credentials[i], sizes[i]);
}

/* ---- floors ---- */

static void read_json(const void *p, size_t n)
{
	cJSON *j = cJSON_ParseWithLength(p, n);

	need(j != NULL, "json");
	cJSON_Delete(j);
}

static void floor_jwt(const struct credential *c)
{
	static struct berth_buf payload;
	const char *t = berth_buf_cstr(&c->jwt), *dot1 = strchr(t, '.'), *dot2 = strchr(dot1 + 1, '.');
	uint8_t sig[64];

	payload.len = 0;
	need(!berth_b64url_decode(&payload, dot1 + 1, (size_t)(dot2 - dot1 - 1)) &&
	     !berth_b64url_decode_fixed(sig, 64, dot2 + 1, strlen(dot2 + 1)) &&
	     !crypto_sign_verify_detached(sig, (const uint8_t *)t, (size_t)(dot2 - t), issuer.pub.b), "verify");
	read_json(payload.p, payload.len);
}

/* The signature is another's: it takes as long. */
static void hash_and_verify(const struct credential *c, const void *proof, size_t proof_len, const void *doc, size_t len)
{
	static volatile int verdict;
	uint8_t hash[64];

	berth_sha256(hash, proof, proof_len);
	berth_sha256(hash + 32, doc, len);
	verdict = crypto_sign_verify_detached(c->sig, hash, sizeof(hash), issuer.pub.b);
	(void)verdict;
}

static void floor_jcs(const struct credential *c)
{
	read_json(c->jcs.p, c->jcs.len);
	hash_and_verify(c, c->proof.p, c->proof.len, c->json.p, c->json.len);
}

static void floor_rdf(const struct credential *c)
{
	read_json(c->rdf.p, c->rdf.len);
	hash_and_verify(c, c->proof.p, c->proof.len, c->doc.p, c->doc.len);
}

/* ---- ours ---- */

typedef enum berth_err verify_fn(struct berth_report *r, const struct berth_verify *v, const char *text, size_t n);

static void verify(verify_fn *fn, const struct berth_buf *text)
{
	const struct berth_verify v = { .key = &issuer.pub, .now_s = NOW, .max = BERTH_BUF_MAX };
	struct berth_report report;

	need(!fn(&report, &v, berth_buf_cstr(text), text->len), "verify");
	berth_report_free(&report);
}

static void ours_jwt(const struct credential *c) { verify(berth_vc_verify, &c->jwt); }
static void ours_jcs(const struct credential *c) { verify(berth_vc_di_verify, &c->jcs); }
static void ours_rdf(const struct credential *c) { verify(berth_vc_di_verify, &c->rdf); }

#define EACH(what) \
	static void what##_0(void) { what(&credentials[0]); } \
	static void what##_1(void) { what(&credentials[1]); } \
	static void what##_2(void) { what(&credentials[2]); } \
	static void what##_3(void) { what(&credentials[3]); }
EACH(floor_jwt)
EACH(floor_jcs)
EACH(floor_rdf)
EACH(ours_jwt)
EACH(ours_jcs)
EACH(ours_rdf)

#define ROWS(name, of) \
	{ name " verify, 1 KiB", floor_##of##_0, ours_##of##_0, 0 }, \
	{ name " verify, 16 KiB", floor_##of##_1, ours_##of##_1, 0 }, \
	{ name " verify, 128 KiB", floor_##of##_2, ours_##of##_2, 0 }, \
	{ name " verify, 1000 KiB", floor_##of##_3, ours_##of##_3, 0 }

void bench_vc_sizes(int *missed)
{
	static const struct bench b[] = {
		ROWS("vc+jwt EdDSA", jwt),
		ROWS("eddsa-jcs-2022", jcs),
		ROWS("eddsa-rdfc-2022", rdf),
	};

	setup();
	*missed += bench_run("credentials by their size", b, sizeof(b) / sizeof(b[0]));
}
