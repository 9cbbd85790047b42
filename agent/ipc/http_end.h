/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_HTTP_END_H
#define BERTH_AGENT_IPC_HTTP_END_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the head of a reply has come to its end.  libcurl 7.88 takes a reply that is cut
 * within its head for a whole one without a body: half a redirection would be followed, and
 * half an answer be the peer's word that it has our message.  Starts zeroed. */
struct berth_http_end {
	size_t bytes;			/* of all lines, also of interim answers and trailers */
	bool complete;			/* the empty line of the last head has come */
};

/* One line as curl hands it over, its end included.  True: a status line, which begins
 * a new head. */
bool berth_http_end_line(struct berth_http_end *e, const char *p, size_t n);

#endif
