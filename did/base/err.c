/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char detail[256];
static _Thread_local const char *in_file;	/* NULL before the first fault */
static _Thread_local unsigned on_line;

static const struct {
	const char *name;
	int exit_status;
} table[BERTH_E__COUNT] = {
	[BERTH_OK]		= { "OK", 0 },
	[BERTH_E_JSON]		= { "E_JSON", 3 },
	[BERTH_E_B64]		= { "E_B64", 3 },
	[BERTH_E_TYPE]		= { "E_TYPE", 3 },
	[BERTH_E_SIZE]		= { "E_SIZE", 3 },
	[BERTH_E_ENV]		= { "E_ENV", 3 },
	[BERTH_E_DID]		= { "E_DID", 3 },
	[BERTH_E_CONFIG]	= { "E_CONFIG", 3 },
	[BERTH_E_KEY]		= { "E_KEY", 3 },
	[BERTH_E_SDJWT]		= { "E_SDJWT", 3 },
	[BERTH_E_ALG]		= { "E_ALG", 1 },
	[BERTH_E_SIG]		= { "E_SIG", 1 },
	[BERTH_E_DECRYPT]	= { "E_DECRYPT", 1 },
	[BERTH_E_ADDR]		= { "E_ADDR", 1 },
	[BERTH_E_AUTHZ]		= { "E_AUTHZ", 1 },
	[BERTH_E_ROTATE]	= { "E_ROTATE", 1 },
	[BERTH_E_REPLAY]	= { "E_REPLAY", 1 },
	[BERTH_E_EXPIRED]	= { "E_EXPIRED", 1 },
	[BERTH_E_CLOCK]		= { "E_CLOCK", 1 },
	[BERTH_E_ROUTE]		= { "E_ROUTE", 1 },
	[BERTH_E_QUOTA]		= { "E_QUOTA", 1 },
	[BERTH_E_NETPOL]	= { "E_NETPOL", 1 },
	[BERTH_E_VC]		= { "E_VC", 1 },
	[BERTH_E_HOLDER]	= { "E_HOLDER", 1 },
	[BERTH_E_STATUS]	= { "E_STATUS", 1 },
	[BERTH_E_NOMATCH]	= { "E_NOMATCH", 1 },
	[BERTH_E_RESOLVE]	= { "E_RESOLVE", 4 },
	[BERTH_E_KEYSTORE]	= { "E_KEYSTORE", 4 },
	[BERTH_E_STORE]		= { "E_STORE", 4 },
	[BERTH_E_PLUGIN]	= { "E_PLUGIN", 4 },
	[BERTH_E_UNAVAILABLE]	= { "E_UNAVAILABLE", 4 },
	[BERTH_E_NOMEM]		= { "E_NOMEM", 5 },
	[BERTH_E_INTERNAL]	= { "E_INTERNAL", 5 },
	[BERTH_E_USAGE]		= { "E_USAGE", 2 },
};

const char *berth_err_name(enum berth_err code)
{
	return (unsigned)code < BERTH_E__COUNT ? table[code].name : "E_INTERNAL";
}

int berth_err_exit(enum berth_err code)
{
	return (unsigned)code < BERTH_E__COUNT ? table[code].exit_status : 5;
}

_Static_assert(BERTH_E__COUNT <= 256, "a code has eight bits in berth_fail_at()");

enum berth_err berth_fail_at(unsigned code_line, const char *file, const char *fmt, ...)
{
	va_list ap;

	in_file = file;
	on_line = code_line >> 8;
	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	return (enum berth_err)(code_line & 0xff);
}

enum berth_err berth_no_memory(void) { return berth_fail(BERTH_E_NOMEM, "no memory"); }

const char *berth_err_detail(void) { return detail; }

const char *berth_err_where(void)
{
	static _Thread_local char where[64];

	if (in_file)
		snprintf(where, sizeof(where), "%s:%u", in_file, on_line);
	return where;
}
