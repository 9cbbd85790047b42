/* SPDX-License-Identifier: Apache-2.0 */
#define BERTH_TSS_BY_NAME
#include "did/keystore/tpm2_calls.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

struct berth_tss berth_tss;

/* Each library's names, in the order of its members of struct berth_tss. */
#define NAME(name) #name "\0"
static const char esys[] = BERTH_ESYS_CALLS(NAME), tcti[] = BERTH_TCTI_CALLS(NAME), rc_decode[] = NAME(Tss2_RC_Decode);

/* first: of the members that are the library's. */
static enum berth_err find(void *first, const char *library, const char *names)
{
	void *so = dlopen(library, RTLD_NOW | RTLD_LOCAL), **call = first;

	for (; *names; names += strlen(names) + 1)
		if (!so || !(*call++ = dlsym(so, names)))
			return berth_fail(BERTH_E_KEYSTORE, "a tpm2: key needs tpm2-tss (libtss2-esys, -tctildr, -rc): %s", dlerror());
	return BERTH_OK;
}

static enum berth_err find_all(void)
{
	enum berth_err rc;

	if ((rc = find(&berth_tss.Esys_ActivateCredential, "libtss2-esys.so.0", esys)) ||
	    (rc = find(&berth_tss.Tss2_TctiLdr_Initialize, "libtss2-tctildr.so.0", tcti)))
		return rc;
	return find(&berth_tss.Tss2_RC_Decode, "libtss2-rc.so.0", rc_decode);
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
