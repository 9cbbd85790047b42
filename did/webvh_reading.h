/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_WEBVH_READING_H
#define BERTH_DID_WEBVH_READING_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/webvh_log.h"
#include "did/webvh_witness.h"

/* A log that is read a little at a time, for who has other things to do between: an entry
 * is a step, and so is the proof of a witness. */
struct berth_webvh_reading {
	const struct berth_webvh_files *files;	/* borrowed, as did is, until the end */
	const char *did;
	int64_t now_s;
	enum { BERTH_WEBVH_LINES, BERTH_WEBVH_APPROVALS, BERTH_WEBVH_LINES_AGAIN, BERTH_WEBVH_READ } stage;
	size_t at, entries;		/* the next line; so many are read */
	uint32_t rule;			/* in force after the last one */
	struct berth_webvh_approvals approvals;
	struct berth_webvh_log log;	/* whole when the stage is BERTH_WEBVH_READ */
};

/* Arguments and errors are those of berth_webvh_log_read(), in whichever of them they are
 * found.  Ended in any case. */
BERTH_MUST_USE enum berth_err
berth_webvh_read_begin(struct berth_webvh_reading *r, const struct berth_webvh_files *f, const char *did, int64_t now_s);
/* So many steps at most. */
BERTH_MUST_USE enum berth_err berth_webvh_read_on(struct berth_webvh_reading *r, size_t steps);
void berth_webvh_read_end(struct berth_webvh_reading *r);

#endif /* BERTH_DID_WEBVH_READING_H */
