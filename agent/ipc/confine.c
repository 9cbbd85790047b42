/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "agent/ipc/proc.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define ARCH AUDIT_ARCH_S390X
#else
#error "the system call table of this machine is not known here"
#endif

static const unsigned denied[] = {
	/* but to a hook, which is such another program */
	__NR_execve, __NR_execveat,
	__NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev, __NR_kcmp,
	__NR_init_module, __NR_finit_module, __NR_delete_module, __NR_kexec_load, __NR_reboot, __NR_bpf,
	__NR_perf_event_open, __NR_userfaultfd, __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot,
	__NR_setns, __NR_unshare, __NR_add_key, __NR_request_key, __NR_keyctl, __NR_open_by_handle_at,
	__NR_personality, __NR_swapon, __NR_swapoff, __NR_acct, __NR_quotactl, __NR_settimeofday,
	__NR_clock_settime, __NR_adjtimex, __NR_sethostname, __NR_io_uring_setup,
	/* to a hook alone: whatever it starts stays where it can be ended */
	__NR_setsid, __NR_setpgid,
};
#define OWN 2u		/* of each kind, at one end */
#define DENIED (sizeof(denied) / sizeof(*denied) - OWN)
#define X32_BIT 0x40000000u

/* What follows, from instruction i: the denied ones, the test of socket(), the
 * verdicts.  Jumps count from the next instruction. */
#define HEAD 5u
#define SOCKET_AT (HEAD + DENIED)
#define ALLOW_AT (SOCKET_AT + 4)
#define DENY_AT (ALLOW_AT + 1)
#define TO(target, from) ((uint8_t)((target) - (from) - 1))

/* family: of sockets that are not to be had, besides raw packets. */
static void confine(const unsigned *calls, unsigned family)
{
	struct sock_filter f[DENY_AT + 1] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, TO(DENY_AT, 4), 0),
	};
	struct sock_fprog prog = { .len = DENY_AT + 1, .filter = f };

	for (unsigned i = 0; i < DENIED; i++)
		f[HEAD + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], TO(DENY_AT, HEAD + i), 0);
	f[SOCKET_AT] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, TO(ALLOW_AT, SOCKET_AT));
	/* the low half of the argument; the domain is an int */
	f[SOCKET_AT + 1] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]) +
							(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0));
	f[SOCKET_AT + 2] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_PACKET, TO(DENY_AT, SOCKET_AT + 2), 0);
	f[SOCKET_AT + 3] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, family, TO(DENY_AT, SOCKET_AT + 3), 0);
	f[ALLOW_AT] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	f[DENY_AT] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0))
		abort();
}

void berth_proc_confine(void) { confine(denied, AF_PACKET); }
void berth_proc_confine_hook(bool local) { confine(denied + OWN, local ? AF_PACKET : AF_UNIX); }
