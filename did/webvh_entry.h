/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_WEBVH_ENTRY_H
#define BERTH_DID_WEBVH_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/webvh_hash.h"
#include "did/webvh_params.h"
#include "did/webvh_proof.h"

#define BERTH_WEBVH_LINE_MAX ((size_t)256 << 10)	/* bytes of one entry */
#define BERTH_WEBVH_SKEW_S 300				/* how far an entry's time may be ahead of ours */
#define BERTH_WEBVH_ID_MAX 64				/* "4096-Qm..." */

struct berth_webvh_time {
	int64_t s;
	uint32_t ns;
};

/* One entry of a log, taken apart; all of it borrowed from json. */
struct berth_webvh_entry {
	struct berth_json *json;	/* owned */
	const char *version_id, *version_time, *id;	/* id: of the document */
	const struct berth_json *parameters, *state, *proof;
	uint32_t number;
	const char *hash;		/* in version_id */
	struct berth_webvh_time time;
};

/* Of one line.  E_RESOLVE for anything malformed: JSON, another member than the five,
 * a versionId that is not NUMBER-HASH, a versionTime that is not RFC 3339 in UTC ("Z");
 * E_SIZE: longer than BERTH_WEBVH_LINE_MAX. */
BERTH_MUST_USE enum berth_err berth_webvh_entry_parse(struct berth_webvh_entry *out, const char *line, size_t n);
void berth_webvh_entry_free(struct berth_webvh_entry *e);

/* "2-Qm..." -> 2; 0: none. */
uint32_t berth_webvh_version_number(const char *version_id);

/* The time of a versionTime.  E_RESOLVE. */
BERTH_MUST_USE enum berth_err berth_webvh_time_parse(struct berth_webvh_time *out, const char *text);
bool berth_webvh_time_less(const struct berth_webvh_time *a, const struct berth_webvh_time *b);

/* What an entry is held against: that which stands before it. */
struct berth_webvh_head {
	uint32_t number;		/* 0: nothing */
	char version_id[BERTH_WEBVH_ID_MAX];
	struct berth_webvh_time time;
	char *id;			/* of its document; owned */
	struct berth_webvh_params params;
	struct berth_webvh_key key;	/* the last that was used */
};
/* Judges e as the next after h, and makes it the head.  E_RESOLVE: it is not valid. */
BERTH_MUST_USE enum berth_err
berth_webvh_head_advance(struct berth_webvh_head *h, const struct berth_webvh_entry *e, int64_t now_s);
void berth_webvh_head_free(struct berth_webvh_head *h);

#endif /* BERTH_DID_WEBVH_ENTRY_H */
