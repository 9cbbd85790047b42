/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_API_ROUTE_H
#define BERTH_AGENT_CORE_API_ROUTE_H

#include "agent/core/api.h"

/* The endpoints as one const table: what docs/openapi.yaml lists, no more, no less. */
#define BERTH_API_PATH_MAX 1024
#define BERTH_API_PARAM_MAX 512		/* decoded */

enum berth_api_socket { BERTH_SOCKET_APP = 1, BERTH_SOCKET_ADMIN = 2 };

enum berth_api_field_type { BERTH_FIELD_STR, BERTH_FIELD_BOOL, BERTH_FIELD_OBJECT, BERTH_FIELD_ARRAY, BERTH_FIELD_INT };

struct berth_api_field {
	const char *name;	/* NULL ends the list */
	uint64_t type : 7;	/* enum berth_api_field_type */
	uint64_t required : 1;
	uint64_t max : 56;	/* STR: bytes; ARRAY: elements; INT: the largest, 0 is the least */
};

struct berth_api_route {
	const char *method, *path;	/* "{x}" is one segment, the parameter */
	const char *right;		/* on app.sock: "device"; "secret:" wants the parameter behind it;
					 * NULL: any principal, the answer is filtered */
	const char *of_member;		/* app.sock: the right that a member of the body is the object of, "message:" of "type" */
	const char *member;
	const char *filter;		/* lists: right prefix and ... */
	const char *filter_key;		/* ... the member it is about */
	int16_t op;			/* enum berth_api_op, or BERTH_API_SELF */
	int16_t app_op;			/* on app.sock, when it is another one; 0: it is not */
	uint8_t sockets;
	bool secret : 1;		/* no-store, wiped */
	bool waits : 1;			/* on app.sock: ?wait= holds the answer back while it is [] */
	bool stream : 1;		/* an answer without an end */
	bool open : 1;			/* a POST body whose members are the operation's business */
	const struct berth_api_field *fields;	/* NULL: none */
};

#define BERTH_API_SELF (-1)

extern const struct berth_api_route berth_api_routes[];
extern const size_t berth_api_routes_n;

/* path: as sent, percent-encoded, without query.  *route NULL: no such path for that
 * socket (404); *other_method: it exists with another method (405).  E_TYPE: bad
 * percent-encoding or a control character; E_SIZE: parameter too long. */
BERTH_MUST_USE enum berth_err
berth_api_match(const struct berth_api_route **route, bool *other_method, char param[BERTH_API_PARAM_MAX + 1],
		enum berth_api_socket socket, const char *method, const char *path);

/* E_TYPE: missing, unknown or wrong member; E_SIZE. */
BERTH_MUST_USE enum berth_err
berth_api_check_body(const struct berth_api_route *r, const struct berth_json *body);

#endif
