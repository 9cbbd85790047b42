/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/uri.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum berth_err refuse(const char *text)
{
	return berth_fail(BERTH_E_CONFIG, "%.120s is not nng+tcp://host:port, nng+tls://host:port or nng+ipc:///path", text);
}

static bool parse_port(uint16_t *port, const char *s)
{
	unsigned v = 0;

	if (!*s || strlen(s) > 5)
		return false;
	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (unsigned)(*s - '0');
	*port = (uint16_t)v;
	return *s == '\0' && v <= 65535;
}

static enum berth_err parse_tcp(struct berth_netd_uri *u, const char *text, const char *rest)
{
	bool bracket = rest[0] == '[';
	const char *end = bracket ? strchr(rest, ']') : strchr(rest, ':');
	const char *host = rest + bracket;

	if (!end || end == host || (size_t)(end - host) > BERTH_NETPOL_NAME_MAX)
		return refuse(text);
	memcpy(u->host, host, (size_t)(end - host));
	end += bracket;
	if (*end != ':' || !parse_port(&u->port, end + 1) || strpbrk(u->host, "/@?#[") || (!bracket && strchr(u->host, ':')))
		return refuse(text);
	return BERTH_OK;
}

enum berth_err berth_netd_uri_parse(struct berth_netd_uri *u, const char *text)
{
	*u = (struct berth_netd_uri){ .scheme = BERTH_NETD_TCP };
	if (strncmp(text, "nng+tcp://", 10) == 0)
		return parse_tcp(u, text, text + 10);
	u->scheme = BERTH_NETD_TLS;
	if (strncmp(text, "nng+tls://", 10) == 0)
		return parse_tcp(u, text, text + 10);
	u->scheme = BERTH_NETD_IPC;
	if (strncmp(text, "nng+ipc:///", 11) != 0 || !berth_netpol_path_ok(text + 10))
		return refuse(text);
	snprintf(u->path, sizeof(u->path), "%s", text + 10);
	return BERTH_OK;
}

void berth_netd_uri_nng(char out[BERTH_NETD_URL_MAX + 1], const struct berth_netd_uri *u, const struct berth_netaddr *a)
{
	char text[BERTH_NETADDR_TEXT_MAX + 1];

	if (u->scheme == BERTH_NETD_IPC) {
		snprintf(out, BERTH_NETD_URL_MAX + 1, "ipc://%s", u->path);
		return;
	}
	berth_netaddr_text(text, a);
	snprintf(out, BERTH_NETD_URL_MAX + 1, berth_netaddr_is_v4(a) ? "%s://%s:%u" : "%s://[%s]:%u",
		 u->scheme == BERTH_NETD_TLS ? "tls+tcp" : "tcp", text, u->port);
}

enum berth_err berth_netd_ipc_check(const char *path)
{
	char dir[BERTH_NETPOL_PATH_MAX + 1];
	struct stat st;
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	slash[slash == dir] = '\0';
	if (lstat(dir, &st) || !S_ISDIR(st.st_mode))
		return berth_fail(BERTH_E_CONFIG, "ipc: %s is not a folder", dir);
	if ((st.st_mode & 022) || (st.st_uid != geteuid() && st.st_uid != 0))
		return berth_fail(BERTH_E_CONFIG, "ipc: %s is writable by others", dir);
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return berth_fail(BERTH_E_CONFIG, "ipc: %s is there and no socket", path);
	return BERTH_OK;
}
