/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_METRICS_H
#define BERTH_AGENT_CORE_METRICS_H

#include <stdint.h>

#include "berth/err.h"

/* What has happened since the process was started, for GET /v1/metrics.  Of the process and
 * not of one agent: counting is one line wherever something happens.  One thread. */
enum berth_metric {
	BERTH_METRIC_RECEIVED,		/* packed messages, from anybody */
	BERTH_METRIC_UNREADABLE,	/* of them, that nobody could make sense of */
	BERTH_METRIC_DELIVERED,		/* messages of ours that a peer has */
	BERTH_METRIC_GIVEN_UP,		/* dead letters that were made */
	BERTH_METRIC_KEY_CALLS,		/* operations of keystores */
	BERTH_METRIC_KEY_FAILURES,	/* of them, that the store failed */
	BERTH_METRIC_KEYD_ENDS,		/* how often a berth-keyd ended, */
	BERTH_METRIC_NETD_ENDS,
	BERTH_METRIC_RESOLVERD_ENDS,
	BERTH_METRIC_API_CALLS,		/* requests on the sockets */
	BERTH_METRIC_AUDIT_SIGNED,	/* signatures over the audit log */
	BERTH_METRIC__COUNT
};

void berth_metric_count(enum berth_metric m);
uint64_t berth_metric(enum berth_metric m);

/* What was refused, by code. */
enum berth_refusal {
	BERTH_REFUSAL_MESSAGE,		/* of a peer, for good */
	BERTH_REFUSAL_API,		/* of a local caller */
	BERTH_REFUSAL__COUNT
};
void berth_metric_refused(enum berth_refusal what, enum berth_err code);
uint64_t berth_metric_refusals(enum berth_refusal what, enum berth_err code);

#endif /* BERTH_AGENT_CORE_METRICS_H */
