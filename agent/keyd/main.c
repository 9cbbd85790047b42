/* SPDX-License-Identifier: Apache-2.0 */
/* berth-keyd: one keystore, one client, no network, no files but the store's. */
#include <stdio.h>
#include <unistd.h>

#include "agent/ipc/ipc.h"
#include "agent/ipc/proc.h"
#include "agent/keyd/sandbox.h"
#include "agent/keyd/server.h"
#include "did/base/log.h"
#include "did/base/secret.h"
#include "did/crypto/settings.h"

int main(int argc, char **argv)
{
	const int keep[] = { BERTH_IPC_FD };
	struct berth_ipc ipc;
	struct keyd keyd;
	enum berth_err rc;

	if (argc > 1) {
		fprintf(stderr, "%s: started by berthd, which speaks to it through descriptor %d\n", argv[0], BERTH_IPC_FD);
		return berth_err_exit(BERTH_E_USAGE);
	}
	berth_proc_harden(keep, 1);
	keyd_sandbox_first();
	berth_log_init("keyd", BERTH_LOG_INFO, !isatty(STDERR_FILENO));
	berth_libcrypto_plain();
	berth_crypto_init();
	berth_ipc_init(&ipc, BERTH_IPC_FD);
	keyd_init(&keyd);
	keyd.confine = true;
	rc = keyd_serve(&keyd, &ipc);
	if (rc)
		berth_log_err(BERTH_LOG_ERROR, "keyd-stopped", rc);
	keyd_free(&keyd);
	berth_ipc_close(&ipc);
	return berth_err_exit(rc);
}
