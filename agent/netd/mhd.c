/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/mhd.h"

#include <dlfcn.h>
#include <string.h>

/* in the order of the members */
#define NAME(name) "MHD_" #name "\0"
static const char names[] = BERTH_MHD_CALLS(NAME) "gnutls_certificate_verify_peers2\0" "gnutls_hash_fast\0";

enum berth_err berth_mhd_load(const struct berth_mhd **out)
{
	static struct berth_mhd calls;
	static void *so;
	void **call = (void **)&calls;

	*out = NULL;
	if (!so && !(so = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL)))
		return berth_fail(BERTH_E_UNAVAILABLE, "http: %s", dlerror());
	for (const char *name = names; *name; name += strlen(name) + 1)
		if (!(*call++ = dlsym(so, name)))
			return berth_fail(BERTH_E_UNAVAILABLE, "http: %s", dlerror());
	*out = &calls;
	return BERTH_OK;
}
