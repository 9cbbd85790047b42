/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_KEYCLIENT_INTERNAL_H
#define BERTH_AGENT_CORE_KEYCLIENT_INTERNAL_H

/* Shared by agent/core/keyclient*.c. */
#include "agent/core/keyclient.h"
#include "agent/ipc/ipc.h"
#include "agent/ipc/keyd_proto.h"

/* A kid and the key that it names; sorted by kid. */
struct binding {
	char *kid;
	char name[BERTH_KEYD_NAME_MAX + 1];
	struct berth_pubkey pub;
};

/* A request that was asked before its turn. */
#define KEYCLIENT_AHEAD_MAX 64
#define KEYCLIENT_AHEAD_BYTES_MAX ((size_t)64 << 10)	/* of requests: less than a socket holds */
struct ahead {
	enum berth_keyd_op op;
	uint32_t seq;
	enum berth_err rc;		/* keyd's word to it, once there is one */
	bool taken;
	struct berth_buf request, answer;	/* the text of the error where rc is one */
};

struct berth_keyclient {
	struct berth_keyring ring;	/* the first member: what the ring's calls get */
	struct berth_keys keys;
	struct berth_ipc ipc;
	char *uri, *passphrase_file, *tcti, *module_path, *pin_source, *module_dir[BERTH_MODULE_DIRS_MAX];
	char *ethr_registry[BERTH_KEYD_REGISTRIES_MAX];
	uint64_t ethr_fee_max;
	uint32_t pcr_mask;
	bool create, opening;
	struct binding *v;
	size_t n, cap;
	size_t n_ahead, n_answered;
	struct ahead ahead[KEYCLIENT_AHEAD_MAX];	/* in the order in which keyd answers */
};

extern const struct berth_keyring_ops keyclient_ring_ops;	/* keyclient_ring.c */
extern const struct berth_keys_ops keyclient_keys_ops;		/* keyclient_keys.c */

static inline struct berth_keyclient *keyclient_of_ring(struct berth_keyring *kr)
{
	return (struct berth_keyclient *)(void *)kr;
}

static inline struct berth_keyclient *keyclient_of_keys(struct berth_keys *k)
{
	return (struct berth_keyclient *)(void *)((char *)k - offsetof(struct berth_keyclient, keys));
}

/* keyclient_call.c: one request and its answer.  reply borrows from answer, which the
 * caller frees (it may hold a CEK). */
BERTH_MUST_USE enum berth_err
keyclient_call(struct berth_keyclient *kc, const struct berth_keyd_request *r, struct berth_buf *answer,
	       struct berth_keyd_reply *reply);
/* The halves of it.  rc: what the connection said; reply may be NULL. */
int keyclient_deadline(enum berth_keyd_op op);	/* ms */
BERTH_MUST_USE enum berth_err
keyclient_answered(struct berth_keyclient *kc, enum berth_err rc, enum berth_keyd_op op,
		   const struct berth_buf *answer, struct berth_keyd_reply *reply);
/* The calls whose result is one or two byte strings, appended to a and b. */
BERTH_MUST_USE enum berth_err
keyclient_call_bytes(struct berth_keyclient *kc, const struct berth_keyd_request *r, struct berth_buf *a,
		     struct berth_buf *b);
BERTH_MUST_USE enum berth_err
keyclient_call_info(struct berth_keyclient *kc, const struct berth_keyd_request *r, struct berth_key_info *info,
		    uint32_t *purposes);
/* Too long for the protocol is not worth a trip, and would end the connection. */
BERTH_MUST_USE enum berth_err keyclient_check_name(const char *name);
BERTH_MUST_USE enum berth_err keyclient_check_size(size_t n, size_t max);

/* keyclient_ahead.c.  ask: false: it was not, and nobody depends on it.  collect: every answer that
 * is due, before that of a call which was asked behind them.  take: false: it was not asked.
 * end: answers that nobody took are waited for and wiped.  forget: of a keyd that is gone. */
bool keyclient_ahead_ask(struct berth_keyclient *kc, const struct berth_keyd_request *r);
BERTH_MUST_USE enum berth_err keyclient_ahead_collect(struct berth_keyclient *kc);
bool keyclient_ahead_take(struct berth_keyclient *kc, enum berth_keyd_op op, const struct berth_buf *request,
			  struct berth_buf *answer, enum berth_err *rc);
void keyclient_ahead_end(struct berth_keyclient *kc);
void keyclient_ahead_forget(struct berth_keyclient *kc);

/* keyclient_ring.c: which kid names which key. */
BERTH_MUST_USE enum berth_err keyclient_bind(struct berth_keys *k, const char *kid, const char *name);
void keyclient_unbind(struct berth_keys *k, const char *kid);

#endif
