/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_MHD_H
#define BERTH_AGENT_NETD_MHD_H

#include <microhttpd.h>

#include "berth/err.h"

/* libmicrohttpd, loaded when the first HTTP listener needs it, as libcurl is
 * (agent/ipc/curl.h).  NULL and E_UNAVAILABLE when it is not installed. */
#define BERTH_MHD_CALLS(X) \
	X(start_daemon) X(add_connection) X(run) X(get_timeout) X(get_daemon_info) X(get_connection_info) \
	X(get_connection_values) X(suspend_connection) X(resume_connection) \
	X(create_response_from_buffer_with_free_callback_cls) X(add_response_header) X(queue_response) \
	X(destroy_response) X(create_response_for_upgrade) X(upgrade_action)

struct berth_mhd {
#define MHD_CALL(name) __typeof__(MHD_##name) *name;
	BERTH_MHD_CALLS(MHD_CALL)
#undef MHD_CALL
	/* of the libraries below it */
	int (*verify_peers)(void *session, unsigned *faults);	/* gnutls_certificate_verify_peers2() */
	int (*hash)(int algorithm, const void *p, size_t n, void *out);	/* gnutls_hash_fast() */
};

BERTH_MUST_USE enum berth_err berth_mhd_load(const struct berth_mhd **out);

#endif
