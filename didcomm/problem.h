/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_PROBLEM_H
#define BERTH_DIDCOMM_PROBLEM_H

#include "berth/err.h"
#include "didcomm/message.h"

#define BERTH_PROBLEM_TYPE "https://didcomm.org/report-problem/2.0/problem-report"
#define BERTH_PROBLEM_CODE_MAX 256
#define BERTH_PROBLEM_COMMENT_MAX 1024
#define BERTH_PROBLEM_ARGS_MAX 16

/* A problem report (DIDComm v2.1, problems.md); text borrowed from the message. */
struct berth_problem {
	const char *code;	/* "e.p.xfer..." */
	const char *comment;	/* NULL if absent */
	const char *escalate_to;	/* NULL if absent */
	const struct berth_json *args;	/* array, or NULL */
};

/* E_TYPE: not a report, no pthid, or no well-formed code. */
BERTH_MUST_USE enum berth_err berth_problem_read(struct berth_problem *out, const struct berth_message *m);

#endif
