/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_FILTER_H
#define BERTH_AGENT_IPC_FILTER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <seccomp.h>

/* A seccomp filter as it is put together, by who links it: berth-keyd, berth-netd
 * and berth-resolverd.
 * Whatever fails aborts: a process that is not confined must not run. */

/* A name that this machine does not have is no rule there. */
#define BERTH_CALL(name) SCMP_SYS(name)

/* What meets a call of which nothing has been said. */
#define BERTH_FILTER_KILL SCMP_ACT_KILL_PROCESS
#define BERTH_FILTER_NONE SCMP_ACT_ERRNO(ENOSYS)	/* as on an older kernel: libraries do without */
void berth_filter_start(uint32_t otherwise);

void berth_filter_allow(const int16_t *calls, size_t n);
void berth_filter_kill(const int16_t *calls, size_t n);
#define BERTH_FILTER_ALLOW(v) berth_filter_allow(v, sizeof(v) / sizeof((v)[0]))
/* Where (its argument number arg & mask) == value; mask of 32 bits at most for an int. */
void berth_filter_allow_when(int call, unsigned arg, uint64_t mask, uint64_t value);
void berth_filter_kill_when(int call, unsigned arg, uint64_t mask, uint64_t value);
void berth_filter_refuse(int call, int error);		/* it fails with that errno */

/* Another program or process, tracing, modules, mounts, keyrings, the clock, another user:
 * who serves or keeps a store asks for none of it, and is ended at it. */
void berth_filter_kill_powers(void);
void berth_filter_allow_ioctls(void);	/* what libraries ask of descriptors */

/* Pages: none that is written and run.  code: and some that are run and not written. */
void berth_filter_allow_mappings(bool code);
void berth_filter_allow_family(int family);		/* socket() of that domain */
void berth_filter_allow_protocol(int family, int protocol);	/* and only of that protocol; 0: the usual one */
void berth_filter_allow_threads(void);			/* but no processes: those are killed for */
void berth_filter_allow_abort(void);			/* and no signal but that */

void berth_filter_load(void);	/* for this thread and all that it starts */

#endif
