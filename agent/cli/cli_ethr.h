/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_CLI_ETHR_H
#define BERTH_AGENT_CLI_CLI_ETHR_H

#include "agent/cli/cli.h"
#include "agent/core/ethr_publish.h"
#include "agent/core/ethr_sent.h"

/* `berth did ethr`. */
BERTH_MUST_USE enum berth_err berth_cli_did_ethr(struct berth_cli *c);

/* ---- cli_ethr_words.c ---- */
/* The verb and what follows it; bytes: what the value borrows from.  E_USAGE; E_DID, E_TYPE:
 * the DID, an account or a value is malformed. */
BERTH_MUST_USE enum berth_err
berth_cli_ethr_change(const struct berth_cli *c, struct berth_ethr_change *change, struct berth_ethr_did *did, struct berth_buf *bytes);
/* An option from 1 to max, or dflt. */
BERTH_MUST_USE enum berth_err
berth_cli_ethr_number(const struct berth_cli *c, const char *option, uint64_t dflt, uint64_t max, uint64_t *out);

/* ---- cli_ethr_state.c: the file of --state, held by one command at a time ---- */
struct berth_cli_ethr_state {
	const char *path;	/* borrowed */
	int lock;		/* -1: not held */
};
/* What was sent before, if anything.  E_UNAVAILABLE: another command has it. */
BERTH_MUST_USE enum berth_err
berth_cli_ethr_state_open(struct berth_cli_ethr_state *s, const char *path, struct berth_ethr_sent *sent);
/* On disk when it returns, name and all. */
BERTH_MUST_USE enum berth_err
berth_cli_ethr_state_keep(const struct berth_cli_ethr_state *s, const struct berth_ethr_sent *sent);
BERTH_MUST_USE enum berth_err berth_cli_ethr_state_forget(const struct berth_cli_ethr_state *s);
void berth_cli_ethr_state_close(struct berth_cli_ethr_state *s);

#endif
