/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_KEYD_NAMES_H
#define BERTH_AGENT_KEYD_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/ipc/keyd_proto.h"
#include "berth/err.h"
#include "did/keystore/keystore.h"

/* The keys that keyd made, by the names that the core gave them: an index over the
 * keystore's names, which carry the purposes (keyd_proto.h). */
struct keyd_name {
	char name[BERTH_KEYD_NAME_MAX + 1];
	uint32_t purposes;
};

struct keyd_names {
	struct keyd_name *v;	/* sorted by name; owned */
	size_t n, cap;
};

/* Reads the whole store.  E_KEYSTORE: it has one name twice. */
BERTH_MUST_USE enum berth_err keyd_names_load(struct keyd_names *names, struct berth_keystore *ks);
void keyd_names_free(struct keyd_names *names);

const struct keyd_name *keyd_names_find(const struct keyd_names *names, const char *name);	/* NULL: none */
BERTH_MUST_USE enum berth_err keyd_names_add(struct keyd_names *names, const char *name, uint32_t purposes);
void keyd_names_remove(struct keyd_names *names, const char *name);

/* "NAME.pXXXX" and back; false when keyd has not made it. */
void keyd_name_format(char out[BERTH_KEY_NAME_MAX + 1], const char *name, uint32_t purposes);
bool keyd_name_parse(struct keyd_name *out, const char *stored);

#endif
