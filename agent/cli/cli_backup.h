/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_CLI_BACKUP_H
#define BERTH_AGENT_CLI_CLI_BACKUP_H

#include "agent/cli/cli_client.h"
#include "did/base/key.h"

/* Whom a backup is for: a DID that says its own keys (the first that can agree), or a file with
 * a public JWK.  E_KEY: no such key. */
BERTH_MUST_USE enum berth_err berth_cli_recipient(struct berth_pubkey *out, const char *to);
/* A file with a private JWK; out is wiped by the caller. */
BERTH_MUST_USE enum berth_err berth_cli_recipient_key(struct berth_privkey *out, const char *path);

#endif
