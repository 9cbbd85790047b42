/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_API_DISPATCH_H
#define BERTH_AGENT_CORE_API_DISPATCH_H

#include "agent/core/api_principal.h"
#include "agent/core/api_route.h"

/* From a request whose caller is known to an answer; no I/O of its own. */
#define BERTH_API_BODY_MAX ((size_t)256 << 10)

struct berth_api_call {
	enum berth_api_socket socket;
	const struct berth_peer *peer;
	const struct berth_principal *principal;	/* NULL: nobody */
	const char *method, *path, *after, *since;	/* after, since: NULL without */
	const uint8_t *body;
	size_t body_len;
};

struct berth_api_answer {
	int status;
	struct berth_buf body;
	bool text;		/* not JSON */
	unsigned retry_after_s;	/* 0: no header */
	bool may_wait;		/* an empty list of what may still come */
	bool stream;		/* no body: what berth_api_watch() gives, again and again */
	int64_t since;		/* of a stream */
};

struct berth_api_quota { int64_t per_s; unsigned conns; };

void berth_api_dispatch(struct berth_api_answer *out, const struct berth_api_backend *backend,
			const struct berth_api_quota *quota, const struct berth_api_call *call);
/* What that caller may see of the present state; principal NULL: nobody, but for admin.
 * E_AUTHZ: nothing. */
BERTH_MUST_USE enum berth_err
berth_api_watch(const struct berth_api_backend *backend, const struct berth_principal *principal, bool admin, int64_t since,
		struct berth_json **out);
/* The error body and its status; principal and missing may be NULL. */
void berth_api_error(struct berth_api_answer *out, int status, enum berth_err code, const char *message,
		     const char *principal, const char *missing);

#endif
