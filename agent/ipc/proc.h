/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_PROC_H
#define BERTH_AGENT_IPC_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* What every main() of a daemon calls before anything else, while there is one
 * thread: no new privileges, not dumpable, no core files, umask 077, SIGPIPE
 * ignored, the environment cut down to a short list (NOTIFY_SOCKET, WATCHDOG_*,
 * CREDENTIALS_DIRECTORY, TSS2_LOG, BERTH_TCTI, BERTH_PASSPHRASE_FILE, and the settings
 * of PKCS #11 modules: SOFTHSM2_CONF, TPM2_PKCS11_STORE, TPM2_PKCS11_TCTI) with LANG=C,
 * and every descriptor closed but 0, 1, 2 and keep[].  A child keeps BERTH_IPC_FD.
 * Aborts when the kernel refuses: a process that is not confined must not run. */
void berth_proc_harden(const int *keep, size_t n_keep);
/* Of that only: not dumpable, which keeps others of the same user from looking inside, and no
 * core files.  For a command, whose umask and environment are its user's. */
void berth_proc_undumpable(void);
/* This process, and what it begins from then on, interrupts nobody who is at work when it is woken
 * (SCHED_BATCH): an agent's work is short and in the background, and several things at once cost
 * less.  Not where somebody has decided on another policy, or does not allow it. */
void berth_proc_be_patient(void);

/* A seccomp filter for a process that parses what strangers wrote: no other program,
 * no tracing, no modules, mounts, namespaces, keyrings or raw packets; those calls
 * are EPERM (C159).  For all threads started after it.  Aborts when refused. */
void berth_proc_confine(void);
/* The same for a program of the operator's that is told things by an owner: it may run
 * others, but none of them leaves its process group.  local: and has sockets of this machine, behind
 * which others may take it for who it is by its user. */
void berth_proc_confine_hook(bool local);

/* Ends the process at once: threads that still run and what others left for atexit()
 * get no turn. */
_Noreturn void berth_proc_end(int status);

/* From now on nothing of the file system can be reached but these paths and what is
 * below them: read, or with write also replaced, made and removed as regular files, or
 * with sockets as sockets.  Open descriptors stay.  Where the kernel has no landlock one
 * line in the log says so and nothing changes.  E_INTERNAL: a path is not there (unless
 * it is a maybe), or the kernel refuses. */
struct berth_proc_path {
	const char *path;
	bool write, sockets, maybe;
	bool folders;		/* and folders made and removed */
	bool run;		/* programs as well */
};
BERTH_MUST_USE enum berth_err berth_proc_landlock(const struct berth_proc_path *v, size_t n);
bool berth_proc_can_landlock(void);	/* this kernel has it */

/* From now on no TCP socket is bound, those that connect do so to these ports (n is 0: to
 * any), and no abstract UNIX socket of another process is connected to; as far as the kernel
 * can, and where it knows nothing of TCP (before Linux 6.7) one line in the log says so.
 * E_INTERNAL: it refuses. */
BERTH_MUST_USE enum berth_err berth_proc_landlock_tcp(const uint16_t *ports, size_t n);
bool berth_proc_can_landlock_tcp(void);	/* whether it does, for tests */

/* A running child.  pid is 0 when there is none. */
struct berth_proc {
	pid_t pid;
	int pidfd;		/* readable when it has ended */
	uint64_t started_ms;	/* berth_clock_mono_ms() */
};

/* fork + exec of the absolute path.  The child has our end's peer as BERTH_IPC_FD,
 * /dev/null as its input, our stderr, no other descriptor, the short environment
 * without NOTIFY_SOCKET and WATCHDOG_*, no blocked signal, and dies with the
 * thread that started it.  *sock: ours, close-on-exec; hand it to berth_ipc_init().
 * E_UNAVAILABLE: no such program, or no more processes. */
BERTH_MUST_USE enum berth_err
berth_proc_spawn(struct berth_proc *p, int *sock, const char *path, char *const argv[]);

#define BERTH_PROC_PATH_MAX 1023	/* of a program */

/* That without the look at the path and without the starter (agent/ipc/starter.h), which
 * calls it: the child has sock, which stays open here. */
BERTH_MUST_USE enum berth_err berth_proc_exec(struct berth_proc *p, const char *path, char *const argv[], int sock);

/* What fork() gave becomes p; a child that cannot be watched is killed.  E_UNAVAILABLE. */
BERTH_MUST_USE enum berth_err berth_proc_forked(struct berth_proc *p, pid_t pid);

/* Whether it has ended, without waiting; once it has, *status is as waitpid()
 * gives it (may be NULL) and p is empty. */
bool berth_proc_reap(struct berth_proc *p, int *status);

/* Waits up to grace_ms for an end by itself (its socket has been closed), then
 * kills; reaps in every case.  The status is waitpid()'s; 0 for an empty p. */
int berth_proc_stop(struct berth_proc *p, int grace_ms);

/* How long to wait before it is started again: 100 ms, doubling to 30 s, from the
 * start again after 60 s of health. */
#define BERTH_BACKOFF_FIRST_MS 100u
#define BERTH_BACKOFF_MAX_MS 30000u
#define BERTH_BACKOFF_HEALTHY_MS 60000u
struct berth_backoff {
	uint32_t next_ms;
};
uint32_t berth_backoff_next(struct berth_backoff *b, uint64_t up_ms);

/* The absolute path of berth-NAME: in dir (the option libexec-dir) when given, else
 * found from where this program is: ../libexec/berth/ or, in the build tree,
 * ../libexec/.  Appends.  E_CONFIG: dir is not absolute; E_UNAVAILABLE: not there. */
BERTH_MUST_USE enum berth_err
berth_proc_libexec(struct berth_buf *path, const char *dir, const char *name);

#endif
