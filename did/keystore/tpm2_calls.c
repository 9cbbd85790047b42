/* SPDX-License-Identifier: Apache-2.0 */
#define BERTH_TSS_BY_NAME
#include "did/keystore/tpm2_calls.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

struct berth_tss berth_tss;

static enum berth_err find(void **call, const char *library, const char *name)
{
	void *so = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	if (!so || !(*call = dlsym(so, name)))
		return berth_fail(BERTH_E_KEYSTORE, "a tpm2: key needs tpm2-tss (libtss2-esys, -tctildr, -rc): %s", dlerror());
	return BERTH_OK;
}

#define FIND_IN(library, name) \
	if (!rc) \
		rc = find((void **)&berth_tss.name, library, #name);
#define FIND_ESYS(name) FIND_IN("libtss2-esys.so.0", name)
#define FIND_TCTI(name) FIND_IN("libtss2-tctildr.so.0", name)

static enum berth_err find_all(void)
{
	enum berth_err rc = BERTH_OK;

	BERTH_ESYS_CALLS(FIND_ESYS)
	BERTH_TCTI_CALLS(FIND_TCTI)
	FIND_IN("libtss2-rc.so.0", Tss2_RC_Decode)
	return rc;
}

enum berth_err berth_tss_load(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool loaded;
	enum berth_err rc = BERTH_OK;

	pthread_mutex_lock(&lock);
	if (!loaded)
		rc = find_all();
	loaded = !rc;
	pthread_mutex_unlock(&lock);
	return rc;
}
