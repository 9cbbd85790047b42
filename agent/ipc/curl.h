/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_CURL_H
#define BERTH_AGENT_IPC_CURL_H

#include <curl/curl.h>

#include "berth/err.h"

/* libcurl, loaded when the first request needs it: with what it brings along it costs a
 * process more memory than all the rest of it, and an agent that asks nothing over HTTP
 * has no use for it.  NULL and E_UNAVAILABLE when it is not installed. */
#define BERTH_CURL_CALLS(X) \
	X(global_init) X(easy_init) X(easy_cleanup) X(easy_setopt) X(easy_getinfo) X(easy_strerror) \
	X(multi_init) X(multi_setopt) X(multi_add_handle) X(multi_remove_handle) X(multi_socket_action) \
	X(multi_timeout) X(multi_info_read) X(multi_cleanup) X(slist_append) X(slist_free_all) X(easy_send) X(easy_recv)

struct berth_curl {
#define CURL_CALL(name) __typeof__(curl_##name) *name;
	BERTH_CURL_CALLS(CURL_CALL)
#undef CURL_CALL
	unsigned char *(*sha1)(const unsigned char *p, size_t n, unsigned char *out);	/* libcrypto's, below it */
};

BERTH_MUST_USE enum berth_err berth_curl_load(const struct berth_curl **out);
/* What a CURLMOPT_SOCKETFUNCTION does that has all its sockets in one epoll descriptor. */
int berth_curl_watch(int epoll, curl_socket_t fd, int what);

#endif
