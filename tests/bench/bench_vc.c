/* SPDX-License-Identifier: Apache-2.0 */
/* A vc+jwt of about 1 KiB.  The floor takes the token apart, decodes its three
 * parts, parses header and payload with cJSON and verifies: what no verifier can
 * do without.  Ours also refuses what is not strict JSON, checks the header, the
 * structure, the dates and the issuer, and writes a report. */
#include "tests/bench/bench.h"

#include <string.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "did/base/buf.h"
#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/jose/jws.h"
#include "did/jose/keyring_local.h"
#include "did/method_key.h"
#include "did/resolver.h"
#include "vc/vc.h"

#define NOW 1795442400		/* 2026-11-23 */

static struct berth_privkey issuer;
static struct berth_buf token, did, kid;
static struct berth_json *credential;
static struct berth_keyring *ring;
static struct berth_resolver builtin;
static uint8_t issuer_sk[64];

static const char subject[] =
	"{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\"id\":\"urn:uuid:5f1f8e16-9e0c-4b7c-9a70-0d1b0f3a7c11\","
	"\"type\":[\"VerifiableCredential\",\"DeviceCredential\"],\"issuer\":\"%s\",\"validFrom\":\"2026-01-01T00:00:00Z\","
	"\"validUntil\":\"2036-01-01T00:00:00Z\",\"credentialSubject\":{\"id\":\"did:example:gateway-0001\","
	"\"serial\":\"GW-2026-000123\",\"model\":\"edge-gateway-4c\",\"hardware\":{\"board\":\"rev-c\",\"ram\":512,\"flash\":4096},"
	"\"firmware\":{\"version\":\"4.2.1\",\"sha256\":\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"},"
	"\"rendezvous\":[{\"did\":\"did:example:rv1\",\"uri\":\"nng+tcp://rv1.example:4000\"},"
	"{\"did\":\"did:example:rv2\",\"uri\":\"nng+tcp://rv2.example:4000\"}],\"recovery\":true,"
	"\"notes\":\"made for the bench; the subject of a credential of about one kibibyte in all\"}}";

static void setup(void)
{
	char json[2048];

	need(!berth_keypair_generate(&issuer, BERTH_KEY_ED25519) && !berth_did_key_create(&did, &issuer.pub), "issuer");
	berth_buf_printf(&kid, "%s#%s", berth_buf_cstr(&did), berth_buf_cstr(&did) + 8);
	snprintf(json, sizeof(json), subject, berth_buf_cstr(&did));
	need(!berth_json_parse_object(&credential, json, strlen(json), sizeof(json)), "credential");
	need(!berth_keyring_local_new(&ring) && !berth_keyring_local_add(ring, berth_buf_cstr(&kid), &issuer), "keyring");
	need(!berth_vc_issue(&token, ring, berth_buf_cstr(&kid), credential), "issue");
	berth_resolver_builtin_init(&builtin, NULL);
	memcpy(issuer_sk, issuer.b, 32);
	memcpy(issuer_sk + 32, issuer.pub.b, 32);
}

static void f_verify(void)
{
	static struct berth_buf header, payload;
	const char *t = berth_buf_cstr(&token), *dot1 = strchr(t, '.'), *dot2 = strchr(dot1 + 1, '.');
	uint8_t sig[64];

	header.len = payload.len = 0;
	need(!berth_b64url_decode(&header, t, (size_t)(dot1 - t)) &&
	     !berth_b64url_decode(&payload, dot1 + 1, (size_t)(dot2 - dot1 - 1)) &&
	     !berth_b64url_decode_fixed(sig, 64, dot2 + 1, strlen(dot2 + 1)), "base64url");
	cJSON *h = cJSON_ParseWithLength((const char *)header.p, header.len);
	cJSON *p = cJSON_ParseWithLength((const char *)payload.p, payload.len);
	need(h && p && !crypto_sign_verify_detached(sig, (const uint8_t *)t, (size_t)(dot2 - t), issuer.pub.b), "verify");
	cJSON_Delete(h);
	cJSON_Delete(p);
}

static void verify(struct berth_resolver *resolver, const struct berth_pubkey *key)
{
	const struct berth_verify v = { .resolver = resolver, .key = key, .now_s = NOW };
	struct berth_report report;

	need(!berth_vc_verify(&report, &v, berth_buf_cstr(&token), token.len), "vc verify");
	berth_report_free(&report);
}

static void o_verify(void) { verify(NULL, &issuer.pub); }
static void o_verify_resolve(void) { verify(&builtin, NULL); }

static void o_jws(void)
{
	struct berth_jws j;

	need(!berth_jws_parse(&j, berth_buf_cstr(&token), token.len, BERTH_VC_MAX) && !berth_jws_verify(&j, &issuer.pub), "jws");
	berth_jws_free(&j);
}

static void f_issue(void)
{
	static struct berth_buf b, payload;
	uint8_t sig[64];

	b.len = payload.len = 0;
	need(!berth_json_print(&payload, credential), "print");
	berth_b64url_encode(&b, "{\"alg\":\"EdDSA\",\"typ\":\"vc+jwt\",\"kid\":\"x\"}", 41);
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, payload.p, payload.len);
	crypto_sign_detached(sig, NULL, b.p, b.len, issuer_sk);
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, sig, 64);
}

static void o_issue(void)
{
	static struct berth_buf b;

	b.len = 0;
	need(!berth_vc_issue(&b, ring, berth_buf_cstr(&kid), credential), "issue");
}

void bench_vc(int *missed)
{
	static const struct bench b[] = {
		{ "jws parse and verify EdDSA", f_verify, o_jws, 1.2 },
		{ "vc+jwt verify EdDSA, issuer's key given", f_verify, o_verify, 1.2 },
		{ "vc+jwt verify EdDSA, did:key resolved", f_verify, o_verify_resolve, 0 },
		{ "vc+jwt issue EdDSA", f_issue, o_issue, 0 },
	};

	setup();
	*missed += bench_run("credential, about 1 KiB", b, sizeof(b) / sizeof(b[0]));
}
