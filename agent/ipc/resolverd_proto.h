/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_RESOLVERD_PROTO_H
#define BERTH_AGENT_IPC_RESOLVERD_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/cur.h"

/* What the core and resolverd say to each other.  Decoders borrow from the payload;
 * malformed is E_TYPE, and the connection ends.
 *
 *   core -> resolverd, each with a number of its own (the frame's seq)
 *     POLICY   the egress policy (agent/ipc/http_policy.h)  -> nothing.  First, if at all
 *     LOAD     path, config          -> name, methods, operations.  Adapters are numbered
 *              from 0 in this order
 *     SEAL     nothing               -> nothing.  From now on nothing is loaded, and the
 *              process can do nothing but ask what it has
 *     ASK      what is asked of an adapter  -> what it says, in any order.  After SEAL
 *     CANCEL   be32 number of an ASK; has no answer of its own: the ASK has one, soon
 *   resolverd -> core
 *     the answers: BERTH_IPC_OK with the payload, or BERTH_IPC_ERR; E_PLUGIN to an ASK is
 *              the last word of the process, which an adapter has broken its contract with
 *     NOW      nothing; its number is that of the ASK whose adapter runs from now on.  So
 *              that the core knows which one it was when the process hangs or dies
 *   both
 *     MORE     so much of the payload of the next frame with this number, in its order:
 *              payloads of ASK and of its answer may be longer than a frame */
enum berth_res_op {
	BERTH_RES_LOAD = 1,
	BERTH_RES_ASK,
	BERTH_RES_POLICY,
	BERTH_RES_SEAL,
	BERTH_RES_CANCEL,
	BERTH_RES_MORE = 16,
	BERTH_RES_NOW
};

#define BERTH_RES_PATH_MAX 1023
#define BERTH_RES_CONFIG_MAX ((size_t)64 << 10)
#define BERTH_RES_DID_MAX 8192
#define BERTH_RES_VERSION_MAX 512
#define BERTH_RES_RESOURCE_MAX 2048
#define BERTH_RES_TEXT_MAX 255
#define BERTH_RES_PARTS_MAX 8
#define BERTH_RES_NAME_MAX 63				/* of a part */
#define BERTH_RES_BYTES_MAX ((size_t)6 << 20)		/* of all parts: the most that may be asked for */
#define BERTH_RES_MESSAGE_MAX (BERTH_RES_BYTES_MAX + ((size_t)64 << 10))	/* a payload with all its MORE */
#define BERTH_RES_PIECE ((size_t)1 << 20)		/* of it, in a frame */
#define BERTH_RES_DEADLINE_MAX_MS 300000u
#define BERTH_RES_AT_ONCE 64				/* ASKs without their answer */

struct berth_res_load {
	char path[BERTH_RES_PATH_MAX + 1];
	const char *config;		/* a JSON object; NUL-terminated in the payload */
};
void berth_res_load_encode(struct berth_buf *out, const struct berth_res_load *m);
BERTH_MUST_USE enum berth_err berth_res_load_decode(struct berth_res_load *m, const void *p, size_t n);

struct berth_res_loaded {
	char name[BERTH_RES_TEXT_MAX + 1];
	char methods[BERTH_RES_TEXT_MAX + 1];	/* space-separated, "*": any */
	uint32_t operations;		/* 1u << BERTH_REGISTRY_RESOLVE | ... */
};
void berth_res_loaded_encode(struct berth_buf *out, const struct berth_res_loaded *m);
BERTH_MUST_USE enum berth_err berth_res_loaded_decode(struct berth_res_loaded *m, const void *p, size_t n);

struct berth_res_part {
	const char *name;		/* NUL-terminated in the payload, as all text here */
	const uint8_t *p;
	size_t n;			/* not 0 */
};

/* "" for what there is none of. */
struct berth_res_ask {
	uint16_t adapter;
	uint8_t op, phase;		/* BERTH_REGISTRY_RESOLVE ... FETCH; PROPOSE ... CHECK, or 0 */
	uint32_t deadline_ms, max_bytes;
	const char *did, *version_id, *version_time, *resource;
	struct berth_res_part parts[BERTH_RES_PARTS_MAX];
	size_t n_parts;
};
void berth_res_ask_encode(struct berth_buf *out, const struct berth_res_ask *m);
BERTH_MUST_USE enum berth_err berth_res_ask_decode(struct berth_res_ask *m, const void *p, size_t n);

struct berth_res_answer {
	uint8_t status;			/* BERTH_REGISTRY_OK ... CONFLICT */
	uint16_t why;			/* enum berth_err of the last exchange that came to nothing; 0: none did */
	uint32_t ttl_s;
	const char *message;
	struct berth_res_part parts[BERTH_RES_PARTS_MAX];	/* with OK alone */
	size_t n_parts;
};
void berth_res_answer_encode(struct berth_buf *out, const struct berth_res_answer *m);
BERTH_MUST_USE enum berth_err berth_res_answer_decode(struct berth_res_answer *m, const void *p, size_t n);

/* A payload that came in pieces.  take: a MORE frame with number seq.  E_SIZE: too much;
 * E_TYPE: a piece of another payload came in between. */
struct berth_res_pieces {
	uint32_t seq;
	struct berth_buf b;		/* empty: nothing has come */
};
BERTH_MUST_USE enum berth_err
berth_res_pieces_take(struct berth_res_pieces *w, uint32_t seq, const void *p, size_t n);
/* The whole payload with its last frame: p and n are replaced where pieces came before.
 * E_TYPE, E_SIZE as above.  Borrowed until berth_res_pieces_clear(). */
BERTH_MUST_USE enum berth_err
berth_res_pieces_end(struct berth_res_pieces *w, uint32_t seq, const uint8_t **p, size_t *n);
void berth_res_pieces_clear(struct berth_res_pieces *w);

/* Cuts a payload into frames: fn(arg, op, p, n) for each, MORE but for the last, which has
 * op. */
typedef enum berth_err berth_res_frame_fn(void *arg, uint16_t op, const void *p, size_t n);
BERTH_MUST_USE enum berth_err
berth_res_in_pieces(uint16_t op, const struct berth_buf *payload, berth_res_frame_fn *fn, void *arg);

#endif
