/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/mhd.h"

#include <dlfcn.h>

enum berth_err berth_mhd_load(const struct berth_mhd **out)
{
	static struct berth_mhd calls;
	static void *so;

	*out = NULL;
	if (!so && !(so = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL)))
		return berth_fail(BERTH_E_UNAVAILABLE, "http: %s", dlerror());
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
