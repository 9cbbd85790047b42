/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/hostile.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"

#define SERVER "tests/fakes/hostile.py"
#define SPECS_MAX 64

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void own_namespaces(void)
{
	char map[64];
	uid_t me = geteuid();

	CHECK(unshare((me ? CLONE_NEWUSER : 0) | CLONE_NEWNET | CLONE_NEWNS) == 0);
	if (me) {
		snprintf(map, sizeof(map), "0 %u 1", (unsigned)me);
		write_to("/proc/self/uid_map", map);
	}
	CHECK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

static void add_address(int fd, uint8_t i, const char *text)
{
	struct ifreq r = { 0 };
	struct sockaddr_in *sin = (struct sockaddr_in *)(void *)&r.ifr_addr;

	snprintf(r.ifr_name, sizeof(r.ifr_name), text ? "lo:%u" : "lo", i);
	if (text) {
		sin->sin_family = AF_INET;
		CHECK(inet_pton(AF_INET, text, &sin->sin_addr) == 1 && ioctl(fd, SIOCSIFADDR, &r) == 0);
		sin->sin_addr.s_addr = 0xffffffff;
		CHECK(ioctl(fd, SIOCSIFNETMASK, &r) == 0);
	}
	r.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
	CHECK(ioctl(fd, SIOCSIFFLAGS, &r) == 0);
}

/* Addresses of IPv6 are asked for only where there is one that is not loopback. */
static bool add_ipv6(const char *text)
{
	struct { struct in6_addr addr; uint32_t bits; int index; } r = { .bits = 128, .index = 1 };	/* struct in6_ifreq */
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && inet_pton(AF_INET6, text, &r.addr) == 1 && ioctl(fd, SIOCSIFADDR, &r) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

bool hostile_network(const char *const *addresses, size_t n, const char *ipv6)
{
	char path[] = "/tmp/berth-resolv-XXXXXX";
	int fd = mkstemp(path), s;

	CHECK(fd >= 0);
	close(fd);
	own_namespaces();
	write_to(path, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
	chmod(path, 0644);
	CHECK(mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0);
	unlink(path);
	CHECK((s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) >= 0);
	add_address(s, 0, NULL);
	for (size_t i = 0; i < n; i++)
		add_address(s, (uint8_t)(i + 1), addresses[i]);
	close(s);
	return add_ipv6(ipv6);
}

static void await_ready(int fd)
{
	char text[6];
	size_t got = 0;
	ssize_t n;

	while (got < sizeof(text) && (n = read(fd, text + got, sizeof(text) - got)) > 0)
		got += (size_t)n;
	if (got != sizeof(text) || memcmp(text, "ready\n", sizeof(text)) != 0)
		fail_msg(SERVER " does not start");
	close(fd);
}

void hostile_start(struct hostile *h, const char *dir, const char *const *specs, size_t n)
{
	const char *argv[SPECS_MAX + 4] = { "/usr/bin/python3", NULL, h->log };
	char *script = realpath(SERVER, NULL);
	int out[2];

	CHECK(script && n <= SPECS_MAX);
	snprintf(h->log, sizeof(h->log), "%s/hostile.log", dir);
	write_to(h->log, "");
	argv[1] = script;
	for (size_t i = 0; i < n; i++)
		argv[3 + i] = specs[i];
	CHECK(pipe2(out, O_CLOEXEC) == 0);
	CHECK((h->pid = fork()) >= 0);
	if (h->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(out[1], STDOUT_FILENO) >= 0 && chdir(dir) == 0)
			execv("/usr/bin/python3", (char **)(void *)argv);
		_exit(127);
	}
	close(out[1]);
	free(script);
	await_ready(out[0]);
}

void hostile_stop(struct hostile *h)
{
	kill(h->pid, SIGKILL);
	waitpid(h->pid, NULL, 0);
}

size_t hostile_count(const struct hostile *h, const char *begin)
{
	char line[512];
	FILE *f = fopen(h->log, "re");
	size_t n = 0;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		n += strncmp(line, begin, strlen(begin)) == 0;
	fclose(f);
	return n;
}

void hostile_forget(const struct hostile *h) { CHECK(truncate(h->log, 0) == 0); }
