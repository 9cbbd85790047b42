/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/filter.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

static const int16_t of_threads[] = {
	BERTH_CALL(set_robust_list), BERTH_CALL(rseq), BERTH_CALL(sched_yield), BERTH_CALL(sched_getaffinity),
	BERTH_CALL(eventfd2), BERTH_CALL(pipe2), BERTH_CALL(socketpair), BERTH_CALL(prctl), BERTH_CALL(sigaltstack),
	BERTH_CALL(membarrier),
};

static const int16_t of_powers[] = {
	BERTH_CALL(execve), BERTH_CALL(execveat), BERTH_CALL(fork), BERTH_CALL(vfork), BERTH_CALL(ptrace),
	BERTH_CALL(process_vm_readv), BERTH_CALL(process_vm_writev), BERTH_CALL(kcmp), BERTH_CALL(kill),
	BERTH_CALL(tkill), BERTH_CALL(pidfd_getfd), BERTH_CALL(init_module), BERTH_CALL(finit_module),
	BERTH_CALL(delete_module), BERTH_CALL(kexec_load), BERTH_CALL(kexec_file_load), BERTH_CALL(reboot),
	BERTH_CALL(bpf), BERTH_CALL(perf_event_open), BERTH_CALL(userfaultfd), BERTH_CALL(mount),
	BERTH_CALL(umount2), BERTH_CALL(pivot_root), BERTH_CALL(chroot), BERTH_CALL(setns),
	BERTH_CALL(unshare), BERTH_CALL(add_key), BERTH_CALL(request_key), BERTH_CALL(keyctl),
	BERTH_CALL(open_by_handle_at), BERTH_CALL(swapon), BERTH_CALL(swapoff), BERTH_CALL(settimeofday),
	BERTH_CALL(clock_settime), BERTH_CALL(adjtimex), BERTH_CALL(sethostname), BERTH_CALL(io_uring_setup),
	BERTH_CALL(setuid), BERTH_CALL(setgid), BERTH_CALL(setreuid), BERTH_CALL(setregid),
	BERTH_CALL(setresuid), BERTH_CALL(setresgid), BERTH_CALL(setgroups), BERTH_CALL(setfsuid),
	BERTH_CALL(setfsgid), BERTH_CALL(capset), BERTH_CALL(mknod), BERTH_CALL(mknodat), BERTH_CALL(link),
	BERTH_CALL(linkat), BERTH_CALL(symlink), BERTH_CALL(symlinkat),
};

static scmp_filter_ctx filter;
static uint32_t unsaid;		/* what meets a call without a rule */

static void must(int rc)
{
	if (rc)
		abort();
}

void berth_filter_start(uint32_t otherwise)
{
	unsaid = otherwise;
	if (!(filter = seccomp_init(otherwise)))
		abort();
}

void berth_filter_allow(const int16_t *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0));
}

void berth_filter_kill(const int16_t *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		must(seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, calls[i], 0));
}

void berth_filter_refuse(int call, int error)
{
	uint32_t action = SCMP_ACT_ERRNO((uint16_t)error);

	if (action != unsaid)
		must(seccomp_rule_add(filter, action, call, 0));
}

static void when(uint32_t action, int call, unsigned arg, uint64_t mask, uint64_t value)
{
	if (action != unsaid)	/* the library wants no rule that says nothing */
		must(seccomp_rule_add(filter, action, call, 1, SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, mask, value)));
}

void berth_filter_allow_when(int call, unsigned arg, uint64_t mask, uint64_t value)
{
	when(SCMP_ACT_ALLOW, call, arg, mask, value);
}

void berth_filter_kill_when(int call, unsigned arg, uint64_t mask, uint64_t value)
{
	when(SCMP_ACT_KILL_PROCESS, call, arg, mask, value);
}

void berth_filter_kill_powers(void)
{
	berth_filter_kill(of_powers, sizeof(of_powers) / sizeof(of_powers[0]));
}

/* On a terminal ioctl could type for whoever sits at it. */
void berth_filter_allow_ioctls(void)
{
	static const unsigned asked[] = { FIONBIO, FIONREAD, TCGETS };

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		berth_filter_allow_when(BERTH_CALL(ioctl), 1, UINT32_MAX, asked[i]);
}

void berth_filter_allow_mappings(bool code)
{
	static const int16_t calls[] = { BERTH_CALL(mmap), BERTH_CALL(mmap2), BERTH_CALL(mprotect) };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		berth_filter_allow_when(calls[i], 2, PROT_EXEC, 0);
		if (code)
			berth_filter_allow_when(calls[i], 2, PROT_EXEC | PROT_WRITE, PROT_EXEC);
	}
}

void berth_filter_allow_family(int family)
{
	must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, BERTH_CALL(socket), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0)));
}

void berth_filter_allow_protocol(int family, int protocol)
{
	must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, BERTH_CALL(socket), 2, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0),
			      SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)protocol, 0)));
}

/* clone3 hides its flags in memory: the C library does without when it is not there. */
void berth_filter_allow_threads(void)
{
	BERTH_FILTER_ALLOW(of_threads);
	berth_filter_allow_when(BERTH_CALL(clone), 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM);
	berth_filter_kill_when(BERTH_CALL(clone), 0, CLONE_THREAD, 0);
	berth_filter_refuse(BERTH_CALL(clone3), ENOSYS);
}

/* abort() is to end in SIGABRT; no other process is ours to signal. */
void berth_filter_allow_abort(void)
{
	must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, BERTH_CALL(tgkill), 2, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0),
			      SCMP_A2(SCMP_CMP_EQ, SIGABRT, 0)));
}

void berth_filter_load(void)
{
	must(seccomp_load(filter));
	seccomp_release(filter);
	filter = NULL;
	malloc_trim(0);		/* what it was made of, 130 KiB, and the start is over */
}
