/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#ifndef BERTH_BUILD_S
#error "the build says when it was made"
#endif

static int64_t (*injected_now)(void);
static uint64_t (*injected_mono)(void);

int64_t berth_clock_now_s(void)
{
	return injected_now ? injected_now() : (int64_t)time(NULL);
}

uint64_t berth_clock_mono_ms(void)
{
	struct timespec t;

	if (injected_mono)
		return injected_mono();
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int64_t berth_clock_build_s(void) { return BERTH_BUILD_S; }

int64_t berth_clock_known_s(void)
{
	int64_t now = berth_clock_now_s();

	return now < BERTH_BUILD_S ? -1 : now;
}

void berth_clock_inject(int64_t (*now_s)(void), uint64_t (*mono_ms)(void))
{
	injected_now = now_s;
	injected_mono = mono_ms;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar: a year is taken to
 * start in March, so that the leap day is its last; an era is 400 years. */
static int64_t days_from_civil(int64_t y, int m, int d)
{
	y -= m <= 2;
	int64_t era = y / 400, yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, int *m, int *d)
{
	z += 719468;
	int64_t era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = yoe + era * 400 + (*m <= 2);
}

/* n digits at *s, which moves on; -1 when there are not that many */
static int digits(const char **s, int n)
{
	int v = 0;

	for (; n > 0; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v;
}

static int literal(const char **s, const char *any)
{
	if (**s == '\0' || !strchr(any, **s))
		return 0;
	return *(*s)++;
}

static int month_len(int y, int m)
{
	static const int len[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 29 : len[m - 1];
}

/* "Z" or "+hh:mm", as seconds east of UTC */
static int zone(const char **s, int *offset_s)
{
	int sign = literal(s, "Zz+-"), h, m;

	*offset_s = 0;
	if (sign == 'Z' || sign == 'z')
		return 1;
	if (!sign || (h = digits(s, 2)) < 0 || h > 23 || !literal(s, ":") ||
	    (m = digits(s, 2)) < 0 || m > 59)
		return 0;
	*offset_s = (sign == '-' ? -1 : 1) * (h * 3600 + m * 60);
	return 1;
}

enum berth_err berth_rfc3339_parse(int64_t *out_s, const char *text)
{
	const char *s = text;
	int y, mo, d, h, mi, sec, offset_s;

	*out_s = 0;
	if ((y = digits(&s, 4)) < 1 || !literal(&s, "-") || (mo = digits(&s, 2)) < 1 || mo > 12 ||
	    !literal(&s, "-") || (d = digits(&s, 2)) < 1 || d > month_len(y, mo) ||
	    !literal(&s, "Tt") || (h = digits(&s, 2)) < 0 || h > 23 || !literal(&s, ":") ||
	    (mi = digits(&s, 2)) < 0 || mi > 59 || !literal(&s, ":") ||
	    (sec = digits(&s, 2)) < 0 || sec > 59)
		return berth_fail(BERTH_E_TYPE, "not an RFC 3339 date and time: %.40s", text);
	if (literal(&s, ".")) {
		if (digits(&s, 1) < 0)
			return berth_fail(BERTH_E_TYPE, "no digit after the point: %.40s", text);
		while (digits(&s, 1) >= 0)
			;
	}
	if (!zone(&s, &offset_s) || *s)
		return berth_fail(BERTH_E_TYPE, "no time zone, or text behind it: %.40s", text);
	*out_s = days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec - offset_s;
	return BERTH_OK;
}

void berth_rfc3339_format(char out[BERTH_RFC3339_LEN + 1], int64_t s)
{
	const int64_t first = -62135596800, last = 253402300799;	/* years 1 to 9999 */
	int64_t y;
	int m, d;

	s = s < first ? first : s > last ? last : s;
	int64_t days = s / 86400 - (s % 86400 < 0);
	unsigned of_day = (unsigned)(s - days * 86400);

	civil_from_days(days, &y, &m, &d);
	snprintf(out, BERTH_RFC3339_LEN + 1, "%04u-%02u-%02uT%02u:%02u:%02uZ",
		 (unsigned)y % 10000, (unsigned)m % 100, (unsigned)d % 100, of_day / 3600 % 24,
		 of_day / 60 % 60, of_day % 60);
}
