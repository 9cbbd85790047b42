/* SPDX-License-Identifier: Apache-2.0 */
/* DID -> parsed document, and free again.  The floor is one SHA-256 of 1 KiB: a
 * measure of the machine, not of the work.  "first seen" walks through more DIDs than
 * any cache of ours holds. */
#include "tests/bench/bench.h"

#include <string.h>

#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/method_key.h"
#include "did/method_peer.h"
#include "did/resolver.h"

#define DIDS 1024

static struct berth_resolver builtin;
static char *ed[DIDS], *p256[DIDS], *peer2[DIDS], *peer4[DIDS];
static char *jwk;
static uint8_t kib[1024];

static char *did_of(enum berth_err (*create)(struct berth_buf *, const struct berth_pubkey *), enum berth_key_type type)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_privkey k;

	need(!berth_keypair_generate(&k, type) && !create(&b, &k.pub), "a DID of a key");
	return berth_buf_take_str(&b);
}

static char *peer(int numalgo, const struct berth_json *services)
{
	struct berth_peer_spec s = { .n_verification = 1, .n_agreement = 1, .services = services };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_privkey k;

	need(!berth_keypair_generate(&k, BERTH_KEY_ED25519), "a key");
	s.verification[0] = k.pub;
	need(!berth_keypair_generate(&k, BERTH_KEY_X25519), "a key");
	s.agreement[0] = k.pub;
	need(!berth_did_peer_create(&b, numalgo, &s), "a peer DID");
	return berth_buf_take_str(&b);
}

static void setup(void)
{
	static const char text[] = "[{\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":"
		"{\"uri\":\"nng+tcp://gw.example:4000\",\"accept\":[\"didcomm/v2\"],\"routingKeys\":[]}}]";
	struct berth_json *services;

	berth_resolver_builtin_init(&builtin, NULL);
	need(!berth_json_parse(&services, text, sizeof(text) - 1, sizeof(text)), "services");
	for (size_t i = 0; i < DIDS; i++) {
		ed[i] = did_of(berth_did_key_create, BERTH_KEY_ED25519);
		p256[i] = did_of(berth_did_key_create, BERTH_KEY_P256);
		peer2[i] = peer(2, services);
		peer4[i] = peer(4, services);
	}
	jwk = did_of(berth_did_jwk_create, BERTH_KEY_P256);
	berth_json_free(services);
}

static void f_sha256(void)
{
	static uint8_t hash[32];

	berth_sha256(hash, kib, sizeof(kib));
	kib[0] ^= hash[0];
}

static void resolve(const char *did)
{
	struct berth_did_doc *doc;

	need(!berth_resolve(&builtin, did, &doc), "resolve");
	berth_did_doc_free(doc);
}

static const char *next(char *const *dids)
{
	static size_t i;

	return dids[i++ % DIDS];
}

static void o_ed(void) { resolve(ed[0]); }
static void o_ed_new(void) { resolve(next(ed)); }
static void o_p256(void) { resolve(p256[0]); }
static void o_p256_new(void) { resolve(next(p256)); }
static void o_jwk(void) { resolve(jwk); }
static void o_peer2(void) { resolve(peer2[0]); }
static void o_peer2_new(void) { resolve(next(peer2)); }
static void o_peer4(void) { resolve(peer4[0]); }
static void o_peer4_new(void) { resolve(next(peer4)); }

void bench_did(int *missed)
{
	static const struct bench b[] = {
		{ "did:key Ed25519", f_sha256, o_ed, 3 },
		{ "did:key Ed25519, first seen", f_sha256, o_ed_new, 0 },
		{ "did:key P-256", f_sha256, o_p256, 3 },
		{ "did:key P-256, first seen", f_sha256, o_p256_new, 0 },
		{ "did:jwk P-256", f_sha256, o_jwk, 0 },
		{ "did:peer:2, two keys and a service", f_sha256, o_peer2, 3 },
		{ "did:peer:2, two keys and a service, first seen", f_sha256, o_peer2_new, 25 },
		{ "did:peer:4, two keys and a service", f_sha256, o_peer4, 3 },
		{ "did:peer:4, two keys and a service, first seen", f_sha256, o_peer4_new, 25 },
	};

	setup();
	*missed += bench_run_us("resolution (floor: SHA-256 of 1 KiB)", b, sizeof(b) / sizeof(b[0]));
}
