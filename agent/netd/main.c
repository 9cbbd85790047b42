/* SPDX-License-Identifier: Apache-2.0 */
/* berth-netd: started by berthd with its socket as descriptor 3; no arguments. */
#include <unistd.h>

#include "agent/ipc/ipc.h"
#include "agent/ipc/proc.h"
#include "agent/netd/netd.h"
#include "did/base/log.h"

int main(void)
{
	const int keep[] = { BERTH_IPC_FD };
	enum berth_err rc;

	berth_proc_harden(keep, 1);
	berth_proc_confine();
	berth_log_init("netd", BERTH_LOG_INFO, !isatty(STDERR_FILENO));
	berth_netd_small_memory();
	rc = berth_netd_run(BERTH_IPC_FD);
	berth_proc_end(berth_err_exit(rc));
}
