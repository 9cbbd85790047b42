/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/lazy.h"

#include <dlfcn.h>

static enum berth_err open_library(void **handle, const char *name)
{
	if (!*handle && !(*handle = dlopen(name, RTLD_NOW | RTLD_LOCAL)))
		return berth_fail(BERTH_E_UNAVAILABLE, "http: %s", dlerror());
	return BERTH_OK;
}

enum berth_err berth_mhd_load(const struct berth_mhd **out)
{
	static struct berth_mhd calls;
	static void *so;
	enum berth_err rc = open_library(&so, "libmicrohttpd.so.12");

	*out = NULL;
	if (rc)
		return rc;
#define FIND(name) \
	if (!(*(void **)&calls.name = dlsym(so, "MHD_" #name))) \
		return berth_fail(BERTH_E_UNAVAILABLE, "http: %s", dlerror());
	BERTH_MHD_CALLS(FIND)
#undef FIND
	if (!(*(void **)&calls.verify_peers = dlsym(so, "gnutls_certificate_verify_peers2")) ||
	    !(*(void **)&calls.hash = dlsym(so, "gnutls_hash_fast")))
		return berth_fail(BERTH_E_UNAVAILABLE, "http: %s", dlerror());
	*out = &calls;
	return BERTH_OK;
}

enum berth_err berth_curl_load(const struct berth_curl **out)
{
	static struct berth_curl calls;
	static void *so;
	enum berth_err rc = open_library(&so, "libcurl.so.4");

	*out = NULL;
	if (rc)
		return rc;
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
