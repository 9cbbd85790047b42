/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_API_PRINCIPAL_H
#define BERTH_AGENT_CORE_API_PRINCIPAL_H

#include <sys/types.h>

#include "agent/core/api_peer.h"
#include "agent/core/config.h"

/* The [principal NAME] sections.  A caller is the first one, in the order of the
 * file, whose selectors all match: uid or gid (one of either list), and exe and unit
 * where they are set.  One without any selector is E_CONFIG: it would be everybody. */
struct berth_principal {
	const char *name;		/* these borrow from the configuration */
	const char *exe, *unit;		/* "" any */
	uid_t *uids;
	gid_t *gids;
	size_t n_uids, n_gids;
	const struct berth_config *cfg;
};

struct berth_principals {
	struct berth_principal *list;
	size_t n;
};

/* passwd, group: NULL for the system's files. */
BERTH_MUST_USE enum berth_err
berth_principals_load(struct berth_principals *out, const struct berth_config *cfg,
		      const char *passwd, const char *group);
void berth_principals_free(struct berth_principals *p);

/* NULL: nobody. */
const struct berth_principal *
berth_principal_of(const struct berth_principals *p, const struct berth_peer *peer);

/* right: "self", or "secret:" with the object.  "*" in a grant is any object, and of
 * "message:" a star at the end any that begins like that. */
bool berth_principal_may(const struct berth_principal *p, const char *right, const char *object);

/* A number or a name from the file; E_CONFIG. */
BERTH_MUST_USE enum berth_err berth_group_id(gid_t *out, const char *name, const char *group);

#endif
