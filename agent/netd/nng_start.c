/* SPDX-License-Identifier: Apache-2.0 */
/* nng 1.5.2 begins with two threads for callbacks (up to 16) and one for time-outs for each
 * processor, and has no option for it: it asks sysconf().  Each message is two or three
 * short tasks; of more than two threads most are woken for one that another has done.  So
 * while it begins there is one processor, as on many a gateway. */
#include <stdatomic.h>
#include <unistd.h>

#include "agent/netd/serve.h"

long __sysconf(int name);	/* glibc's, by its other name */

static atomic_bool starting;

long sysconf(int name)
{
	return name == _SC_NPROCESSORS_ONLN && atomic_load(&starting) ? 1 : __sysconf(name);
}

enum berth_err berth_netd_nng_start(void)
{
	nng_aio *aio;
	int rv;

	atomic_store(&starting, true);
	rv = nng_aio_alloc(&aio, NULL, NULL);
	atomic_store(&starting, false);
	if (rv)
		return berth_netd_nng_fault(rv, "nng");
	nng_aio_free(aio);
	return BERTH_OK;
}
