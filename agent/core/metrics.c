/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/metrics.h"

static uint64_t counts[BERTH_METRIC__COUNT], refusals[BERTH_REFUSAL__COUNT][BERTH_E__COUNT];

void berth_metric_count(enum berth_metric m) { counts[m]++; }
uint64_t berth_metric(enum berth_metric m) { return counts[m]; }

void berth_metric_refused(enum berth_refusal what, enum berth_err code)
{
	if (code > BERTH_OK && code < BERTH_E__COUNT)
		refusals[what][code]++;
}

uint64_t berth_metric_refusals(enum berth_refusal what, enum berth_err code) { return refusals[what][code]; }
