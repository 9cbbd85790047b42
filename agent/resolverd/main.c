/* SPDX-License-Identifier: Apache-2.0 */
/* berth-resolverd: started by berthd with its socket as descriptor 3; no arguments. */
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/ipc/ipc.h"
#include "agent/ipc/proc.h"
#include "agent/resolverd/resolverd.h"
#include "did/base/log.h"

#define DATA_MAX ((rlim_t)64 << 20)	/* of us and all adapters */

int main(void)
{
	const int keep[] = { BERTH_IPC_FD };
	enum berth_err rc;

	berth_proc_harden(keep, 1);
	berth_proc_confine();
	berth_log_init("resolverd", BERTH_LOG_INFO, !isatty(STDERR_FILENO));
	mallopt(M_ARENA_MAX, 1);
#ifndef __SANITIZE_ADDRESS__
	struct rlimit data = { DATA_MAX, DATA_MAX };

	if (setrlimit(RLIMIT_DATA, &data))
		return berth_err_exit(BERTH_E_INTERNAL);
#endif
	rc = berth_resolverd_run(BERTH_IPC_FD);
	berth_proc_end(berth_err_exit(rc));	/* what adapters left for atexit() is not run */
}
