/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/deeds.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"

int deed_result(long r) { return r < 0 ? errno : 0; }

/* ---- other programs and processes */

int deed_exec_true(void)
{
	char name[] = "true", *argv[] = { name, NULL };

	return deed_result(execv("/bin/true", argv));
}

int deed_fork_once(void)
{
	pid_t p = fork();

	if (p == 0)
		_exit(0);
	return deed_result(p);
}

int deed_shell(void) { return system("true") == 0 ? 0 : EPERM; }
int deed_give_up(void) { abort(); }
int deed_trace_parent(void) { return deed_result(ptrace(PTRACE_ATTACH, getppid(), 0, 0)); }

int deed_read_parent(void)
{
	char b[8];
	struct iovec v = { b, sizeof(b) };

	return deed_result(process_vm_readv(getppid(), &v, 1, &v, 1, 0));
}

int deed_signal_parent(void) { return deed_result(kill(getppid(), 0)); }

int deed_limits_of_parent(void)
{
	struct rlimit l;

	return deed_result(prlimit(getppid(), RLIMIT_NOFILE, NULL, &l));
}

/* ---- powers */

int deed_own_namespace(void) { return deed_result(unshare(CLONE_NEWUSER)); }
int deed_mount_it(void) { return deed_result(mount("x", ".", "tmpfs", 0, NULL)); }
int deed_other_uid(void) { return deed_result(syscall(SYS_setuid, 1)); }
int deed_io_ring(void) { return deed_result(syscall(SYS_io_uring_setup, 1, NULL)); }
int deed_keyring(void) { return deed_result(syscall(SYS_keyctl, 0, 0)); }
int deed_type_for_the_user(void) { return deed_result(ioctl(2, TIOCSTI, "x")); }

/* ---- sockets */

int deed_unix_socket(void) { return deed_result(socket(AF_UNIX, SOCK_STREAM, 0)); }
int deed_inet_socket(void) { return deed_result(socket(AF_INET, SOCK_STREAM, 0)); }
int deed_inet6_socket(void) { return deed_result(socket(AF_INET6, SOCK_STREAM, 0)); }
int deed_packet_socket(void) { return deed_result(socket(AF_PACKET, SOCK_RAW, 0)); }
int deed_bluetooth_socket(void) { return deed_result(socket(AF_BLUETOOTH, SOCK_RAW, 0)); }
int deed_alg_socket(void) { return deed_result(socket(AF_ALG, SOCK_SEQPACKET, 0)); }

int deed_socket_at(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	return bind(fd, (struct sockaddr *)&un, sizeof(un)) || listen(fd, 1) || unlink(path) ? errno : 0;
}

/* ---- memory, threads, libraries, files */

static int map(int prot)
{
	return mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

int deed_map_data(void) { return map(PROT_READ | PROT_WRITE); }
int deed_map_code(void) { return map(PROT_READ | PROT_EXEC); }
int deed_map_written_code(void) { return map(PROT_READ | PROT_WRITE | PROT_EXEC); }
int deed_in_memory_file(void) { return deed_result(memfd_create("x", 0)); }

static void *nothing(void *arg) { return arg; }

int deed_thread(void)
{
	pthread_t t;
	int r = pthread_create(&t, NULL, nothing, NULL);

	return r ? r : pthread_join(t, NULL);
}

int deed_late_library(void) { return dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL) ? 0 : ELIBACC; }

int deed_look_up(void)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM }, *got;

	return getaddrinfo("localhost", NULL, &want, &got) ? ENOENT : 0;
}

int deed_look(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return deed_result(fd);
}

/* Nobody else's, whatever runs at the same time or has run before. */
static char outside[48];

int deed_make_outside(void) { return deed_look(outside, O_WRONLY | O_CREAT | O_EXCL); }

/* ---- outcomes */

int deed_outcome(void (*confine)(void *arg), void *arg, deed *what)
{
	int status;
	pid_t p;

	snprintf(outside, sizeof(outside), "/tmp/berth-outside.%d", (int)getpid());
	unlink(outside);
	fflush(stdout);
	if ((p = fork()) == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		confine(arg);
		_exit(what());
	}
	assert_true(p > 0);
	assert_int_equal(waitpid(p, &status, 0), p);
	unlink(outside);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool deed_have_landlock(void) { return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1; }
