/* SPDX-License-Identifier: Apache-2.0 */
/* berth-netd: started by berthd with its socket as descriptor 3; no arguments. */
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include "agent/ipc/ipc.h"
#include "agent/ipc/proc.h"
#include "agent/netd/netd.h"
#include "did/base/log.h"

#define STACK (128u << 10)	/* of nng's threads; none of ours runs deep */

static void small_memory(void)
{
	pthread_attr_t attr;

	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 64 << 10);	/* large messages go back to the system */
	mallopt(M_TRIM_THRESHOLD, 128 << 10);
	if (pthread_attr_init(&attr) == 0) {
		if (pthread_attr_setstacksize(&attr, STACK) == 0)
			pthread_setattr_default_np(&attr);
		pthread_attr_destroy(&attr);
	}
}

int main(void)
{
	const int keep[] = { BERTH_IPC_FD };
	enum berth_err rc;

	berth_proc_harden(keep, 1);
	berth_proc_confine();
	berth_log_init("netd", BERTH_LOG_INFO, !isatty(STDERR_FILENO));
	small_memory();
	rc = berth_netd_run(BERTH_IPC_FD);
	berth_proc_end(berth_err_exit(rc));
}
