/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_KEYD_CHILD_H
#define BERTH_TESTS_KEYD_CHILD_H

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/core/keyclient.h"
#include "agent/keyd/server.h"
#include "tests/check.h"

static pid_t child;
static struct berth_keyclient *kc;

/* keyd's loop in a process of its own; our end of its socket. */
static int start(void)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct berth_ipc ipc;
		struct keyd keyd;

		close(sv[0]);
		if (kc)
			close(berth_keyclient_fd(kc));
		berth_ipc_init(&ipc, sv[1]);
		keyd_init(&keyd);
		keyd.confine = true;
		enum berth_err rc = keyd_serve(&keyd, &ipc);
		keyd_free(&keyd);
		berth_ipc_close(&ipc);
		_exit((int)rc);
	}
	close(sv[1]);
	return sv[0];
}

/* How the child ended: what keyd_serve() returned. */
static enum berth_err ended(void)
{
	int status = 0;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return (enum berth_err)WEXITSTATUS(status);
}

#endif
