/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_API_INTERNAL_H
#define BERTH_AGENT_CORE_API_INTERNAL_H

/* api.c has connections, api_http.c what is said on them,
 * api_watch.c the answers that do not end. */
#include <microhttpd.h>

#include "agent/core/api_dispatch.h"
#include "agent/core/api_limit.h"

#define API_STEP_MS 5000u	/* for the headers, for the body, for taking the answer */
#define API_WAIT_MAX_S 55u	/* ?wait= */

struct conn {
	struct conn *next;
	struct berth_api *api;
	struct berth_peer peer;
	struct berth_limit_user *user;
	enum berth_api_socket socket;
	int fd;				/* libmicrohttpd's */
	uint64_t deadline_ms;
	bool over;			/* one too many of its user: may only hear so */
	bool cut;			/* shut down, will be reported closed */
	struct MHD_Connection *held;	/* its request waits for news; NULL: none does */
	uint64_t held_until_ms;
};

struct berth_api {
	const struct berth_api_backend *backend;
	struct berth_principals principals;
	struct berth_limits limits;
	struct berth_api_quota quota;
	struct MHD_Daemon *mhd;
	struct conn *conns;
	unsigned n_conns, n_app, conns_max;
	unsigned grants;		/* grows when the configuration has been read again */
	int epoll, mhd_epoll, app_fd, admin_fd;
	uint64_t paused_until_ms;
	char *run_dir;
};

/* The request that waits is looked at again, as soon as libmicrohttpd runs. */
void api_resume(struct conn *c);

/* api_watch.c: the answer to GET /v1/watch, from behind that generation. */
enum MHD_Result api_stream(struct MHD_Connection *mc, struct conn *c, int64_t since);

/* What libmicrohttpd calls; context and state are ours. */
struct conn *api_conn_of(struct MHD_Connection *mc);
enum MHD_Result api_on_request(void *cls, struct MHD_Connection *mc, const char *url, const char *method,
			       const char *version, const char *data, size_t *data_n, void **state);
void api_on_completed(void *cls, struct MHD_Connection *mc, void **state, enum MHD_RequestTerminationCode code);

#endif
