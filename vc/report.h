/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_REPORT_H
#define BERTH_VC_REPORT_H

#include "vc/vc.h"

/* How the verifiers fill a report in. */

/* Zeroed, with its list of warnings. */
BERTH_MUST_USE enum berth_err berth_report_init(struct berth_report *r, const char *format);

/* Records a failure: `first` is the one that stands first in INTERFACES' order
 * (envelope, E_VC, E_ALG, E_KEY, E_SIG, E_EXPIRED, E_STATUS, E_AUTHZ, E_HOLDER),
 * detail the text of that one.  Returns first.  BERTH_OK is ignored. */
enum berth_err berth_report_note(struct berth_report *r, enum berth_err rc);

/* The conjunction of two outcomes: failed, stale, not-checked, passed, not-present. */
enum berth_check berth_check_and(enum berth_check a, enum berth_check b);

/* Policy: a rule that was applied; a check that it let pass unmade (each name once). */
void berth_report_rule(struct berth_report *r, const char *name);
void berth_report_assume(struct berth_report *r, const char *check);

/* Appends to warnings. */
void berth_report_warn(struct berth_report *r, const char *fmt, ...) BERTH_PRINTF(2, 3);

#endif /* BERTH_VC_REPORT_H */
