/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_POLICY_FILES_H
#define BERTH_AGENT_CORE_POLICY_FILES_H

#include "agent/core/config.h"
#include "did/crypto/x509.h"

/* What a policy has of files that the configuration names: [trust] ek-roots and [ldevid]
 * ca-cert. */
struct berth_policy_files {
	char *ek_roots;				/* PEM; NULL: none */
	struct berth_x509_chain *ldevid_ca;	/* NULL: none */
};

/* E_CONFIG: a file that is not there, too long, or not what it is to be. */
BERTH_MUST_USE enum berth_err berth_policy_files_read(struct berth_policy_files *f, const struct berth_config *cfg);
void berth_policy_files_free(struct berth_policy_files *f);	/* of a zeroed or read one; leaves it empty */
/* The policy borrows them. */
void berth_policy_files_use(struct berth_policy *p, const struct berth_policy_files *f);

#endif
