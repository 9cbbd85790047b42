/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/curl.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/epoll.h>

enum berth_err berth_curl_load(const struct berth_curl **out)
{
	static struct berth_curl calls;
	static void *so;

	*out = NULL;
	if (!so && !(so = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL)))
		return berth_fail(BERTH_E_UNAVAILABLE, "http: %s", dlerror());
#define FIND(name) \
	if (!(*(void **)&calls.name = dlsym(so, "curl_" #name))) \
		return berth_fail(BERTH_E_UNAVAILABLE, "http: %s", dlerror());
	BERTH_CURL_CALLS(FIND)
#undef FIND
	if (!(*(void **)&calls.sha1 = dlsym(so, "SHA1")))
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
