/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/curl.h"

#include <dlfcn.h>

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
