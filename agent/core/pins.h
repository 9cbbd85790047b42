/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_PINS_H
#define BERTH_AGENT_CORE_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/registry_answer.h"

/* What resolving has to know over restarts: what was believed of DIDs whose method has a
 * history, so that it never goes backwards, as a text for each, which the method's judge
 * makes and nobody else reads; and the floor of time. */
#define BERTH_PIN_MAX 16384		/* bytes of one */

struct berth_pins {
	/* Appends it to out; nothing where there is none. */
	enum berth_err (*get)(struct berth_pins *p, const char *did, struct berth_buf *out);
	/* ours: we wanted to know it ourselves; else a peer made us, and it may give way to
	 * others of that kind. */
	enum berth_err (*put)(struct berth_pins *p, const char *did, const char *pin, bool ours);
	/* What the registry says now is good in itself and contradicts the pin: it shows an
	 * older history, or another one (C105).  The evidence is kept. */
	void (*contradicted)(struct berth_pins *p, const char *did, const char *pin,
			     const struct berth_registry_evidence *e, const char *why);
	/* No true clock shows less. */
	int64_t (*floor_s)(struct berth_pins *p);
};

/* Pins in the store (agent/core/store_pin.c).  A put in the middle of a transaction waits
 * for its end, berth_pins_flush(), and is heeded at once. */
struct berth_store;
BERTH_MUST_USE enum berth_err berth_store_pins_new(struct berth_pins **out, struct berth_store *store);
void berth_store_pins_free(struct berth_pins *p);	/* NULL is fine */
/* Writes what waits, outside of transactions; what cannot be written waits on. */
void berth_store_pins_flush(struct berth_pins *p);

#endif
