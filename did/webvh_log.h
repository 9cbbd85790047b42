/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_WEBVH_LOG_H
#define BERTH_DID_WEBVH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/webvh_entry.h"

/* A did:webvh log, did.jsonl: one entry a line, the oldest first. */
#define BERTH_WEBVH_LOG_MAX ((size_t)5 << 20)	/* bytes */
#define BERTH_WEBVH_ENTRIES_MAX 4096
#define BERTH_WEBVH_RULES_MAX 64		/* sets of witnesses of one log */

struct berth_webvh_version {
	size_t at, len;			/* its line in the text */
	char id[BERTH_WEBVH_ID_MAX];	/* versionId */
	struct berth_webvh_time time;
	uint32_t rule;			/* rules[rule - 1] must approve of it; 0: nobody must */
};

/* Witnesses, and up to which version each has approved. */
struct berth_webvh_rule {
	struct berth_json *witness;	/* owned */
	uint32_t upto[BERTH_WEBVH_WITNESSES_MAX];
};

/* What of a log is valid: all up to the first entry that is not.  Its last entry is the
 * head, whose parameters are in force. */
struct berth_webvh_log {
	const char *text;		/* borrowed */
	struct berth_webvh_version *versions;
	size_t n;
	struct berth_webvh_rule *rules;
	size_t n_rules;
	struct berth_webvh_head head;
	bool named;			/* one of the documents is of the DID that was asked for */
	char bad[160];			/* why the entry behind them is not valid; "": there is none */
};

/* What is read: did-witness.json is NULL where there is none. */
struct berth_webvh_files {
	const char *log, *witness;
	size_t log_len, witness_len;
	bool unwitnessed;	/* nobody need approve: of who makes a log, or is asked to witness it */
};

/* did: whose log it should be; NULL: any.  now_s: what no entry may be later than.
 * E_RESOLVE: not even the first entry is valid; E_SIZE: above a cap. */
BERTH_MUST_USE enum berth_err
berth_webvh_log_read(struct berth_webvh_log *out, const struct berth_webvh_files *f, const char *did, int64_t now_s);
void berth_webvh_log_free(struct berth_webvh_log *log);

/* The entry of that version once more, whole; i < n. */
BERTH_MUST_USE enum berth_err
berth_webvh_log_entry(struct berth_webvh_entry *out, const struct berth_webvh_log *log, size_t i);

#endif /* BERTH_DID_WEBVH_LOG_H */
