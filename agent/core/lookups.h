/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_LOOKUPS_H
#define BERTH_AGENT_CORE_LOOKUPS_H

#include <stdbool.h>

/* What a resolver does that has to ask somebody who may be slow.  Peers choose what we
 * look up, so their messages never wait in the core: the look-up is begun, the message
 * is put by and taken again when the answer has come (agent/core/held.c). */
enum berth_lookup_mode {
	BERTH_LOOKUP_WAIT,	/* for what we want ourselves; rationed */
	BERTH_LOOKUP_LATER,	/* begin it and say E_UNAVAILABLE */
	BERTH_LOOKUP_NEVER	/* begin nothing, say E_UNAVAILABLE */
};

struct berth_lookups {
	void (*mode)(struct berth_lookups *l, enum berth_lookup_mode mode);
	/* On: what decides over devices is decided; a DID counts by its evidence, and nobody's
	 * word for it does (C100). */
	void (*strict)(struct berth_lookups *l, bool on);
	/* Whether any look-up was left for later since the mode was set. */
	bool (*missed)(struct berth_lookups *l);
};

#endif
