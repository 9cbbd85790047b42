/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_ETHR_HISTORY_H
#define BERTH_DID_ETHR_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/ethr.h"

/* What happened to an identity, read from the evidence of did/method_ethr.h. */

enum berth_ethr_event_kind { BERTH_ETHR_OWNER_CHANGED, BERTH_ETHR_DELEGATE_CHANGED, BERTH_ETHR_ATTRIBUTE_CHANGED };

struct berth_ethr_event {
	enum berth_ethr_event_kind kind;
	uint64_t block;
	int64_t time_s;			/* of the block */
	struct berth_eth_address party;	/* new owner, delegate */
	bool is_text;			/* the delegate type or attribute is some text or other */
	char name[32 + 1];		/* it, NUL-terminated; "" where it is not, or has a NUL within */
	size_t value_at, value_len;	/* attribute: in the history's bytes */
	uint64_t valid_to_s;		/* UINT64_MAX and beyond are one */
	uint8_t head[32];		/* SHA-256 over this event and the head before it */
};

struct berth_ethr_history {
	struct berth_ethr_registry registry;
	struct berth_eth_address identity;
	uint64_t block;			/* as of which it is all */
	int64_t time_s;			/* that block's */
	struct berth_ethr_event *events;	/* owned; oldest first */
	size_t n;
	struct berth_buf bytes;
	struct berth_json *tree;	/* owned; for the times of other blocks */
};

/* E_RESOLVE: not what a node says of one identity, or not all of it; E_JSON, E_SIZE,
 * E_NOMEM.  out is empty then. */
BERTH_MUST_USE enum berth_err berth_ethr_history_read(struct berth_ethr_history *out, const void *p, size_t n);
void berth_ethr_history_free(struct berth_ethr_history *h);	/* zeroed is fine; leaves it zeroed */

/* When that block was made; E_RESOLVE: the evidence does not say. */
BERTH_MUST_USE enum berth_err
berth_ethr_block_time(int64_t *out_s, const struct berth_ethr_history *h, uint64_t block);

#endif
