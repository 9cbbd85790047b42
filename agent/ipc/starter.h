/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_STARTER_H
#define BERTH_AGENT_IPC_STARTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "agent/ipc/hook.h"
#include "agent/ipc/proc.h"
#include "berth/err.h"

/* A process that starts programs for the core, which cannot run any once it is confined.
 * It is a copy of the core from before it has read anything of peers, knows the programs
 * that it may start and nothing else, and believes the core no more than that.  Each
 * request is answered before the next is taken; it ends when the core does.
 *
 * Once it is there, berth_proc_spawn(), _reap() and _stop() go through it. */
#define BERTH_STARTER_PROGRAMS_MAX 8
#define BERTH_STARTER_ARGS_MAX 15
#define BERTH_STARTER_REQUEST_MAX 4096
#define BERTH_STARTER_WAIT_MS 5000	/* for its answer; then it is E_UNAVAILABLE for good */

/* Absolute paths of programs; copied.  E_UNAVAILABLE: no more processes. */
BERTH_MUST_USE enum berth_err berth_starter_begin(const char *const *programs, size_t n);
/* What it may start besides, told before it begins; v, and what is in it, stays. */
void berth_starter_hooks(const struct berth_hook *v, size_t n);
void berth_starter_end(void);	/* waits for it; what it started is killed with it */
bool berth_starter_is_there(void);
int berth_starter_fd(void);	/* readable when it is gone; -1: there is none */

/* As berth_proc_spawn() has them: sock becomes the child's BERTH_IPC_FD (it stays open
 * here).  p->pidfd is ours.  E_UNAVAILABLE: not one of the programs, or it fails. */
BERTH_MUST_USE enum berth_err
berth_starter_spawn(struct berth_proc *p, const char *path, char *const argv[], int sock);
/* One of the hooks, by its place among them, with sock for its input and output.  One at a
 * time: with its end (berth_proc_reap(), _stop()) all that it left running is killed. */
BERTH_MUST_USE enum berth_err
berth_starter_hook(struct berth_proc *p, size_t which, const struct berth_hook_item *it, int sock);
/* The status of one that has ended, as waitpid() gives it; 0 when there is none. */
int berth_starter_status(pid_t pid);

/* What /proc/PID/exe of any process is: a confined process is not told.  Returns the
 * length, 0 when nobody knows; out is NUL-terminated. */
size_t berth_starter_exe(pid_t pid, char *out, size_t size);

#endif
