/* SPDX-License-Identifier: Apache-2.0 */
/* Where an HTTP listener is: its URI, its socket. */
#include "agent/netd/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64

static socklen_t address_of(struct sockaddr_storage *sa, const struct berth_netaddr *a, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (berth_netaddr_is_v4(a)) {
		memcpy(&v4.sin_addr, a->b + 12, 4);
		memcpy(sa, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, a->b, 16);
	memcpy(sa, &v6, sizeof(v6));
	return sizeof(v6);
}

enum berth_err berth_netd_http_bind(int *out, uint16_t *port, const struct berth_netaddr *a)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = address_of(&sa, a, *port);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    (sa.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one))) ||
	    bind(fd, (struct sockaddr *)&sa, len) || listen(fd, BACKLOG) || getsockname(fd, (struct sockaddr *)&sa, &len)) {
		enum berth_err rc = berth_fail(BERTH_E_UNAVAILABLE, "http: %s", strerror(errno));

		if (fd >= 0)
			close(fd);
		return rc;
	}
	*port = ntohs(sa.ss_family == AF_INET ? ((struct sockaddr_in *)&sa)->sin_port
					      : ((struct sockaddr_in6 *)&sa)->sin6_port);
	*out = fd;
	return BERTH_OK;
}

enum berth_err berth_netd_http_listen_uri(struct berth_http_uri *u, struct berth_netaddr *a, const char *uri)
{
	struct berth_netpol none = { 0 };
	enum berth_err rc = berth_http_uri_parse(u, uri);
	bool found = false;

	if (rc)
		return rc;
	if (strchr(u->path, '?'))
		return berth_fail(BERTH_E_CONFIG, "listen: %.100s: a path has no query", uri);
	/* the policy is about where we connect to; here only the number matters */
	if ((berth_netpol_lookup(&none, u->host, a, &found) && !found) || !found)
		return berth_fail(BERTH_E_CONFIG, "listen: %.100s is not a numeric address", u->host);
	return BERTH_OK;
}

void berth_netd_http_bound_uri(char bound[BERTH_NET_URI_MAX + 1], const struct berth_http_uri *u)
{
	snprintf(bound, BERTH_NET_URI_MAX + 1, strchr(u->host, ':') ? "%s%s://[%s]:%u%s" : "%s%s://%s:%u%s",
		 u->ws ? "ws" : "http", u->tls ? "s" : "", u->host, u->port, u->path);
}
