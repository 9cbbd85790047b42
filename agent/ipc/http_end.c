/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/http_end.h"

#include <string.h>

bool berth_http_end_line(struct berth_http_end *e, const char *p, size_t n)
{
	const bool begins = n >= 5 && strncmp(p, "HTTP/", 5) == 0;

	e->bytes += n;
	if (begins)
		e->complete = false;
	else if (n && (*p == '\r' || *p == '\n'))	/* what curl goes by; a folded line of blanks is none */
		e->complete = true;
	return begins;
}
