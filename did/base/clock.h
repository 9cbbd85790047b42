/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_CLOCK_H
#define BERTH_DID_BASE_CLOCK_H

#include <stdint.h>

#include "berth/err.h"

/* The only file that asks for the time.  Wall-clock times are seconds since
 * 1970 and 64 bits wide on every platform. */
int64_t berth_clock_now_s(void);
uint64_t berth_clock_mono_ms(void);	/* CLOCK_BOOTTIME; never goes back */

/* When this build was made (SOURCE_DATE_EPOCH, or the last commit): no true
 * clock shows less, so it is the first floor of trusted time. */
int64_t berth_clock_build_s(void);
/* The system clock, or -1 where it shows less and so no time at all. */
int64_t berth_clock_known_s(void);

/* Tests only: both clocks are asked of these from now on; NULL: real again. */
void berth_clock_inject(int64_t (*now_s)(void), uint64_t (*mono_ms)(void));

/* RFC 3339 date-time <-> seconds.  parse: a zone is required, fractions are cut,
 * leap seconds and impossible dates are E_TYPE.  format: "2026-11-23T13:50:00Z". */
#define BERTH_RFC3339_LEN 20
BERTH_MUST_USE enum berth_err berth_rfc3339_parse(int64_t *out_s, const char *text);
void berth_rfc3339_format(char out[BERTH_RFC3339_LEN + 1], int64_t s);

#endif /* BERTH_DID_BASE_CLOCK_H */
