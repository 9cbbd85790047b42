/* SPDX-License-Identifier: Apache-2.0 */
/* What one onboarding is made of, counted: the four agents of the flow tests onboard a
 * gateway in this process (tests/fakes/story.h), from the moment it is switched on, and
 * whatever they ask of the primitives is put down to the agent that asks.  Prints
 * {"owner": {"ed25519 sign": 3, ...}, ...}: the terms of the floor in fleet.py. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/verified.h"
#include "did/crypto/aead.h"
#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/crypto/keywrap.h"
#include "did/crypto/sign.h"
#include "did/crypto/signer.h"
#include "didcomm/unpack.h"
#include "tests/fakes/story.h"
#include "tests/fakes/tap.h"

#define KINDS_MAX 24

struct count { char what[40]; int n; };
static struct tally { struct berth_agent *agent; struct count of[KINDS_MAX]; size_t n; } tallies[NODES_MAX];
static struct berth_agent *now;	/* who is at work */
static int depth;		/* one primitive may be made of another */

static void note(const char *type, const char *what)
{
	struct tally *t = tallies;
	char name[40];
	size_t i = 0;

	if (depth || !now)
		return;
	while (t->agent && t->agent != now)
		t++;
	t->agent = now;
	snprintf(name, sizeof(name), "%s%s%s", type, type[0] ? " " : "", what);
	while (i < t->n && strcmp(t->of[i].what, name) != 0)
		i++;
	assert_true(i < KINDS_MAX);
	t->n = i == t->n ? i + 1 : t->n;
	snprintf(t->of[i].what, sizeof(t->of[i].what), "%s", name);
	t->of[i].n++;
}

static const char *of_type(enum berth_key_type t)
{
	return t == BERTH_KEY_ED25519 ? "ed25519" : t == BERTH_KEY_X25519 ? "x25519" : t == BERTH_KEY_P256 ? "p256" : "other";
}

/* ret name(params): counted under what by type */
#define COUNTED(ret, name, params, args, type, what) \
	ret __real_##name params; \
	ret __wrap_##name params; \
	ret __wrap_##name params \
	{ \
		ret r; \
		note(type, what); \
		depth++; \
		r = __real_##name args; \
		depth--; \
		return r; \
	}

COUNTED(enum berth_err, berth_sign, (uint8_t *sig, size_t *n, const struct berth_privkey *key, const void *msg, size_t len),
	(sig, n, key, msg, len), of_type(key->type), "sign")
COUNTED(enum berth_err, berth_signer_sign, (struct berth_signer *s, uint8_t *sig, size_t *n, const void *msg, size_t len),
	(s, sig, n, msg, len), "p256", "sign")
COUNTED(enum berth_err, berth_verify, (const struct berth_pubkey *key, const void *msg, size_t len, const uint8_t *sig, size_t n),
	(key, msg, len, sig, n), of_type(key->type), "verify")
COUNTED(enum berth_err, berth_ecdh, (uint8_t *z, size_t *n, const struct berth_privkey *mine, const struct berth_pubkey *theirs),
	(z, n, mine, theirs), of_type(mine->type), "agreement")
COUNTED(enum berth_err, berth_keypair_generate, (struct berth_privkey *out, enum berth_key_type type), (out, type), of_type(type),
	"new key")
COUNTED(enum berth_err, berth_aead_seal, (enum berth_enc e, struct berth_buf *ct, uint8_t *tag, const uint8_t *key, const uint8_t *iv,
	const void *aad, size_t aad_len, const void *pt, size_t n), (e, ct, tag, key, iv, aad, aad_len, pt, n), "", "seal")
COUNTED(enum berth_err, berth_aead_open, (enum berth_enc e, struct berth_buf *pt, const uint8_t *key, const uint8_t *iv, size_t iv_len,
	const uint8_t *tag, size_t tag_len, const void *aad, size_t aad_len, const void *ct, size_t n),
	(e, pt, key, iv, iv_len, tag, tag_len, aad, aad_len, ct, n), "", "open")
COUNTED(enum berth_err, berth_keywrap, (uint8_t *out, size_t *out_len, const uint8_t kek[32], const uint8_t *key, size_t n),
	(out, out_len, kek, key, n), "", "wrap")
COUNTED(enum berth_err, berth_keyunwrap, (uint8_t *out, size_t *out_len, const uint8_t kek[32], const uint8_t *key, size_t n),
	(out, out_len, kek, key, n), "", "unwrap")

/* What stands above the primitives hides none of them. */
#define SEEN(name, params, args, what) \
	enum berth_err __real_##name params; \
	enum berth_err __wrap_##name params; \
	enum berth_err __wrap_##name params { note("", what); return __real_##name args; }

SEEN(berth_unpack, (struct berth_unpacked *out, const struct berth_unpack *p, const char *packed, size_t n), (out, p, packed, n), "message unpacked")
SEEN(berth_store_commit, (struct berth_store *s), (s), "transaction")
SEEN(berth_store_commit_loose, (struct berth_store *s), (s), "transaction that may be lost")

/* ---- whose turn it is: none of them has verified anything for another ---- */
static void turn(struct berth_agent *a)
{
	if (now != a)
		berth_verified_forget();
	now = a;
}

#define TURN(ret, name, params) \
	ret __real_##name params; \
	ret __wrap_##name params; \
	ret __wrap_##name params

TURN(void, berth_agent_on_request, (struct berth_agent *a, uint64_t rq, enum berth_link link, const char *source, const uint8_t *f, size_t n))
{
	turn(a);
	note("", "request answered");
	__real_berth_agent_on_request(a, rq, link, source, f, n);
}

TURN(void, berth_agent_on_result, (struct berth_agent *a, uint64_t id, enum berth_err rc, const uint8_t *f, size_t n))
{
	turn(a);
	note("", "request made");
	__real_berth_agent_on_result(a, id, rc, f, n);
}

TURN(uint32_t, berth_agent_tick, (struct berth_agent *a))
{
	turn(a);
	return __real_berth_agent_tick(a);
}

static void packed(void *arg, const struct berth_pack *p, const struct berth_message *m, size_t n)
{
	(void)arg;
	(void)p;
	(void)m;
	(void)n;
	note("", "message packed");
}

static void print(const char *name, const struct sim_node *n, const char *end)
{
	const struct tally *t = tallies;

	while (t->agent && t->agent != n->agent)
		t++;
	printf("\"%s\": {", name);
	for (size_t i = 0; i < t->n; i++)
		printf("%s\"%s\": %d", i ? ", " : "", t->of[i].what, t->of[i].n);
	printf("}%s", end);
}

int main(void)
{
	struct story s;

	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	memset(tallies, 0, sizeof(tallies));
	now = NULL;
	test_tap(packed, NULL);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, 600));
	printf("{");
	print("owner", s.owner, ", ");
	print("gateway", s.gateway, ", ");
	print("rendezvous", s.rendezvous, "}\n");
	story_end(&s);
	return 0;
}
