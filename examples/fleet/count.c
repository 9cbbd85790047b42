/* SPDX-License-Identifier: Apache-2.0 */
/* What one onboarding is made of, counted: the four agents of the flow tests onboard a
 * gateway in this process (tests/fakes/story.h), from the moment it is switched on, and
 * whatever they ask of the primitives is put down to the agent that asks.
 *
 *	count [TEXTS-FILE]
 *
 * Prints {"owner": {"calls": {"ed25519 sign": 3, ...}, "list": {"signed": [3, 4096], ...},
 * "poll": {...}}, ...}: what ours asks for, and what the messages demand (count_list.c), how
 * often and how many octets, then the same of the first time that the gateway asks its owner
 * whether there is more.  Their JSON goes to the file.  The terms of the floor in floor.py. */
#include <string.h>

#include "agent/protocol/verified.h"
#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/crypto/keywrap.h"
#include "did/crypto/sign.h"
#include "did/crypto/signer.h"
#include "did/doc_memory.h"
#include "didcomm/unpack.h"
#include "examples/fleet/count_list.h"
#include "tests/fakes/tap.h"

static int depth;		/* one primitive may be made of another */

/* ret name(params): counted under what by type, and in the list */
#define COUNTED(ret, name, params, args, type, what, in_list) \
	ret __real_##name params; \
	ret __wrap_##name params; \
	ret __wrap_##name params \
	{ \
		ret r; \
		if (depth++ == 0) { count_call(type, what); in_list; } \
		r = __real_##name args; \
		depth--; \
		return r; \
	}

COUNTED(enum berth_err, berth_sign, (uint8_t *sig, size_t *n, const struct berth_privkey *key, const void *msg, size_t len),
	(sig, n, key, msg, len), list_type(key->type), "sign", list_signed(key->type, msg, len))
COUNTED(enum berth_err, berth_signer_sign, (struct berth_signer *s, uint8_t *sig, size_t *n, const void *msg, size_t len),
	(s, sig, n, msg, len), "p256", "sign", list_signed(BERTH_KEY_P256, msg, len))
COUNTED(enum berth_err, berth_verify, (const struct berth_pubkey *key, const void *msg, size_t len, const uint8_t *sig, size_t n),
	(key, msg, len, sig, n), list_type(key->type), "verify", list_verified(key->type, msg, len))
COUNTED(enum berth_err, berth_ecdh, (uint8_t *z, size_t *n, const struct berth_privkey *mine, const struct berth_pubkey *theirs),
	(z, n, mine, theirs), list_type(mine->type), "agreement",
	list_key("agreement", mine->type))

enum berth_err __real_berth_keypair_generate(struct berth_privkey *out, enum berth_key_type type);
enum berth_err __wrap_berth_keypair_generate(struct berth_privkey *out, enum berth_key_type type);
enum berth_err __wrap_berth_keypair_generate(struct berth_privkey *out, enum berth_key_type type)
{
	enum berth_err rc = __real_berth_keypair_generate(out, type);

	count_call(list_type(type), "new key");
	list_key("new key", type);
	if (!rc)
		list_known(&out->pub);
	return rc;
}

COUNTED(enum berth_err, berth_aead_seal, (enum berth_enc e, struct berth_buf *ct, uint8_t *tag, const uint8_t *key, const uint8_t *iv,
	const void *aad, size_t aad_len, const void *pt, size_t n), (e, ct, tag, key, iv, aad, aad_len, pt, n), "", "seal", list_sealed(e, aad_len, pt, n))

enum berth_err __real_berth_aead_open(enum berth_enc e, struct berth_buf *pt, const uint8_t *key, const uint8_t *iv, size_t iv_len,
	const uint8_t *tag, size_t tag_len, const void *aad, size_t aad_len, const void *ct, size_t n);
enum berth_err __wrap_berth_aead_open(enum berth_enc e, struct berth_buf *pt, const uint8_t *key, const uint8_t *iv, size_t iv_len,
	const uint8_t *tag, size_t tag_len, const void *aad, size_t aad_len, const void *ct, size_t n);
enum berth_err __wrap_berth_aead_open(enum berth_enc e, struct berth_buf *pt, const uint8_t *key, const uint8_t *iv, size_t iv_len,
	const uint8_t *tag, size_t tag_len, const void *aad, size_t aad_len, const void *ct, size_t n)
{
	size_t before = pt->len;
	enum berth_err rc = __real_berth_aead_open(e, pt, key, iv, iv_len, tag, tag_len, aad, aad_len, ct, n);

	count_call("", "open");
	if (!rc)
		list_opened(e, aad_len, pt->p + before, pt->len - before, n);
	return rc;
}

COUNTED(enum berth_err, berth_keywrap, (uint8_t *out, size_t *out_len, const uint8_t kek[32], const uint8_t *key, size_t n),
	(out, out_len, kek, key, n), "", "wrap", count_octets("wrapped", n))
COUNTED(enum berth_err, berth_keyunwrap, (uint8_t *out, size_t *out_len, const uint8_t kek[32], const uint8_t *key, size_t n),
	(out, out_len, kek, key, n), "", "unwrap", count_octets("unwrapped", n))

/* What stands above the primitives hides none of them. */
#define SEEN(name, params, args, what, in_list) \
	enum berth_err __real_##name params; \
	enum berth_err __wrap_##name params; \
	enum berth_err __wrap_##name params { count_call("", what); in_list; return __real_##name args; }

SEEN(berth_unpack, (struct berth_unpacked *out, const struct berth_unpack *p, const char *packed, size_t n), (out, p, packed, n), "message unpacked", )
SEEN(berth_store_commit, (struct berth_store *s), (s), "transaction", count_transaction())
SEEN(berth_store_commit_loose, (struct berth_store *s), (s), "transaction that may be lost", )
SEEN(berth_store_commit_later, (struct berth_store *s), (s), "transaction that may be lost", )

/* ---- whose turn it is: none of them has verified or resolved anything for another ---- */
bool __real_berth_doc_recall(struct berth_did_doc **out, const char *long_did, bool as_short);
bool __wrap_berth_doc_recall(struct berth_did_doc **out, const char *long_did, bool as_short);
bool __wrap_berth_doc_recall(struct berth_did_doc **out, const char *long_did, bool as_short)
{
	return count_knows(long_did, as_short) && __real_berth_doc_recall(out, long_did, as_short);
}

static void turn(struct berth_agent *a, bool request)
{
	if (count_turns(a))
		berth_verified_forget();
	count_turn(a, request);
}

/* It begins to talk before it is anybody's agent. */
enum berth_err __real_berth_agent_new(struct berth_agent **out, const struct berth_agent_config *cfg);
enum berth_err __wrap_berth_agent_new(struct berth_agent **out, const struct berth_agent_config *cfg);
enum berth_err __wrap_berth_agent_new(struct berth_agent **out, const struct berth_agent_config *cfg)
{
	berth_verified_forget();
	count_birth(cfg);
	return __real_berth_agent_new(out, cfg);
}

#define TURN(ret, name, params) \
	ret __real_##name params; \
	ret __wrap_##name params; \
	ret __wrap_##name params

TURN(void, berth_agent_on_request, (struct berth_agent *a, uint64_t rq, enum berth_link link, const char *source, const uint8_t *f, size_t n))
{
	turn(a, true);
	count_call("", "request answered");
	count_frame(n);
	__real_berth_agent_on_request(a, rq, link, source, f, n);
}

TURN(void, berth_agent_ahead, (struct berth_agent *a, const uint8_t *f, size_t n))
{
	turn(a, false);
	__real_berth_agent_ahead(a, f, n);
}

TURN(void, berth_agent_ahead_reply, (struct berth_agent *a, const uint8_t *f, size_t n))
{
	turn(a, false);
	__real_berth_agent_ahead_reply(a, f, n);
}

TURN(void, berth_agent_on_result, (struct berth_agent *a, uint64_t id, enum berth_err rc, const uint8_t *f, size_t n))
{
	turn(a, true);
	count_call("", "request made");
	count_frame(n);
	__real_berth_agent_on_result(a, id, rc, f, n);
}

TURN(uint32_t, berth_agent_tick, (struct berth_agent *a))
{
	turn(a, false);
	return __real_berth_agent_tick(a);
}

static void packed(void *arg, const struct berth_pack *p, const struct berth_message *m, size_t n)
{
	(void)arg;
	(void)p;
	(void)m;
	(void)n;
	count_call("", "message packed");
}

/* The owner has it, and holds it.  By steps: a profile of sim_run() is of the onboarding. */
static void poll_once(struct sim *w)
{
	count_poll();
	assert_true(sim_run_steps(w, count_polled, 60));
}

int main(int argc, char **argv)
{
	struct story s;

	count_world(&s.w);
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	count_start(argc > 1 ? argv[1] : NULL);
	test_tap(packed, NULL);
	s.w.on_send = count_link;
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, 600));
	poll_once(&s.w);
	count_print();
	count_end();
	story_end(&s);
	return 0;
}
