/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_LAZY_H
#define BERTH_AGENT_NETD_LAZY_H

#include <curl/curl.h>
#include <microhttpd.h>

#include "berth/err.h"

/* libmicrohttpd and libcurl, loaded when the first HTTP listener or dialler needs them:
 * with what they bring along they cost a process more memory than all the rest of it,
 * and an agent that speaks nng alone has no use for them.  NULL and E_UNAVAILABLE when
 * they are not installed. */
#define BERTH_MHD_CALLS(X) \
	X(start_daemon) X(add_connection) X(run) X(get_timeout) X(get_daemon_info) X(get_connection_info) \
	X(get_connection_values) X(suspend_connection) X(resume_connection) \
	X(create_response_from_buffer_with_free_callback_cls) X(add_response_header) X(queue_response) \
	X(destroy_response) X(create_response_for_upgrade) X(upgrade_action)
#define BERTH_CURL_CALLS(X) \
	X(global_init) X(easy_init) X(easy_cleanup) X(easy_setopt) X(easy_getinfo) X(easy_strerror) \
	X(multi_init) X(multi_setopt) X(multi_add_handle) X(multi_remove_handle) X(multi_socket_action) \
	X(multi_timeout) X(multi_info_read) X(slist_append) X(slist_free_all) X(easy_send) X(easy_recv)

struct berth_mhd {
#define MHD_CALL(name) __typeof__(MHD_##name) *name;
	BERTH_MHD_CALLS(MHD_CALL)
#undef MHD_CALL
	/* of the libraries below it */
	int (*verify_peers)(void *session, unsigned *faults);	/* gnutls_certificate_verify_peers2() */
	int (*hash)(int algorithm, const void *p, size_t n, void *out);	/* gnutls_hash_fast() */
};
struct berth_curl {
#define CURL_CALL(name) __typeof__(curl_##name) *name;
	BERTH_CURL_CALLS(CURL_CALL)
#undef CURL_CALL
	unsigned char *(*sha1)(const unsigned char *p, size_t n, unsigned char *out);	/* libcrypto's */
};

BERTH_MUST_USE enum berth_err berth_mhd_load(const struct berth_mhd **out);
BERTH_MUST_USE enum berth_err berth_curl_load(const struct berth_curl **out);

#endif
