/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials with eddsa-rdfc-2022.  There is no library in Debian that canonicalises
 * RDF: the floor reads with cJSON, hashes the canonical N-Quads that it is given, and
 * verifies.  Ours makes these N-Quads, and does all that a verifier has to. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/jose/keyring_local.h"
#include "did/method_key.h"
#include "did/proof.h"
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
	struct berth_buf text, doc_nq, proof_nq;
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

static void make(struct credential *c, size_t n)
{
	const struct berth_di_options o = { .purpose = "assertionMethod", .suite = "eddsa-rdfc-2022", .created_s = NOW };
	struct berth_buf text = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	struct berth_json *vc;
	const struct berth_json *proof;
	const char *value;

	write_credential(&text, n);
	need(!berth_json_parse_exact(&vc, berth_buf_cstr(&text), text.len, BERTH_JSON_MAX), "json");
	need(!berth_di_proof_add(vc, ring, berth_buf_cstr(&kid), &o) && !berth_json_print(&c->text, vc), "issue");
	proof = berth_json_get(vc, "proof");
	canonical(&c->doc_nq, vc, NULL, "proof");
	canonical(&c->proof_nq, proof, berth_json_get(vc, "@context"), "proofValue");
	value = berth_json_str(berth_json_get(proof, "proofValue"));
	need(!berth_multibase_decode(&sig, value, strlen(value)) && sig.len == sizeof(c->sig), "signature");
	memcpy(c->sig, sig.p, sig.len);
	berth_buf_free(&text);
	berth_buf_free(&sig);
	berth_json_free(vc);
}

static void setup(void)
{
	need(!berth_keypair_generate(&issuer, BERTH_KEY_ED25519) && !berth_did_key_create(&did, &issuer.pub), "issuer");
	berth_buf_printf(&kid, "%s#%s", berth_buf_cstr(&did), berth_buf_cstr(&did) + 8);
	need(!berth_keyring_local_new(&ring) && !berth_keyring_local_add(ring, berth_buf_cstr(&kid), &issuer), "keyring");
	for (size_t i = 0; i < SIZES; i++)
		make(&credentials[i], sizes[i]);
}

static void floor_of(const struct credential *c)
{
	cJSON *j = cJSON_ParseWithLength(berth_buf_cstr(&c->text), c->text.len);
	uint8_t hash[64];

	need(j != NULL, "json");
	berth_sha256(hash, c->proof_nq.p, c->proof_nq.len);
	berth_sha256(hash + 32, c->doc_nq.p, c->doc_nq.len);
	need(!crypto_sign_verify_detached(c->sig, hash, sizeof(hash), issuer.pub.b), "verify");
	cJSON_Delete(j);
}

static void verify(const struct credential *c)
{
	const struct berth_verify v = { .key = &issuer.pub, .now_s = NOW, .max = BERTH_JSON_MAX };
	struct berth_report report;

	need(!berth_vc_di_verify(&report, &v, berth_buf_cstr(&c->text), c->text.len), "verify");
	berth_report_free(&report);
}

static void f_0(void) { floor_of(&credentials[0]); }
static void f_1(void) { floor_of(&credentials[1]); }
static void f_2(void) { floor_of(&credentials[2]); }
static void f_3(void) { floor_of(&credentials[3]); }
static void o_0(void) { verify(&credentials[0]); }
static void o_1(void) { verify(&credentials[1]); }
static void o_2(void) { verify(&credentials[2]); }
static void o_3(void) { verify(&credentials[3]); }

void bench_vc_rdf(int *missed)
{
	static const struct bench b[] = {
		{ "eddsa-rdfc-2022 verify, 1 KiB, key given", f_0, o_0, 0 },
		{ "eddsa-rdfc-2022 verify, 16 KiB", f_1, o_1, 0 },
		{ "eddsa-rdfc-2022 verify, 128 KiB", f_2, o_2, 0 },
		{ "eddsa-rdfc-2022 verify, 1,000 KiB", f_3, o_3, 0 },
	};

	setup();
	*missed += bench_run("credentials over RDF", b, sizeof(b) / sizeof(b[0]));
}
