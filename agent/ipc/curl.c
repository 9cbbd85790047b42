/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/curl.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

/* in the order of the members */
#define NAME(name) "curl_" #name "\0"
static const char names[] = BERTH_CURL_CALLS(NAME) "SHA1\0";

enum berth_err berth_curl_load(const struct berth_curl **out)
{
	static struct berth_curl calls;
	static void *so;
	void **call = (void **)&calls;

	*out = NULL;
	if (!so && !(so = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL)))
		return berth_fail(BERTH_E_UNAVAILABLE, "http: %s", dlerror());
	for (const char *name = names; *name; name += strlen(name) + 1)
		if (!(*call++ = dlsym(so, name)))
			return berth_fail(BERTH_E_UNAVAILABLE, "http: %s", dlerror());
	*out = &calls;
	return BERTH_OK;
}

int berth_curl_watch(int epoll, curl_socket_t fd, int what)
{
	struct epoll_event ev = { .data.fd = fd };

	if (what & CURL_POLL_IN)	/* IN, OUT and INOUT are bits, REMOVE is another */
		ev.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		ev.events |= EPOLLOUT;
	if (what == CURL_POLL_REMOVE)
		epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &ev) && errno == ENOENT)
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
	return 0;
}
