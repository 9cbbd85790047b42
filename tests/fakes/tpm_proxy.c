/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/tpm_proxy.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/check.h"

#define MESSAGE_MAX 8192

static void note(struct tpm_proxy *p, const uint8_t *b, size_t n)
{
	uint8_t *more = realloc(p->log, p->log_len + n);

	if (!more)
		abort();
	p->log = more;
	memcpy(more + p->log_len, b, n);
	p->log_len += n;
}

static uint32_t be32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* One TPM command or response; 0 when the line has ended. */
static size_t message(int fd, uint8_t *b)
{
	size_t n = 0, want = 10;

	while (n < want) {
		ssize_t got = read(fd, b + n, want - n);

		if (got <= 0)
			return 0;
		n += (size_t)got;
		if (n == 10 && (want = be32(b + 2)) > MESSAGE_MAX)
			return 0;
	}
	return n;
}

static bool send_all(int fd, const uint8_t *b, size_t n)
{
	return send(fd, b, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static int dial(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The device's answer, or what stands for it; 0: the line is down. */
static size_t answer(struct tpm_proxy *p, int tpm, uint8_t *b, size_t n)
{
	uint32_t cc = be32(b + 6);
	bool cut = p->cut_at > 0 && --p->cut_at == 0;

	if (p->inject_cc == cc) {
		uint8_t r[10] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, (uint8_t)(p->inject_rc >> 8),
				  (uint8_t)p->inject_rc };
		memcpy(b, r, sizeof(r));
		return sizeof(r);
	}
	p->down |= cut;
	if (cut && !p->cut_answer)
		return 0;
	note(p, b, n);
	p->commands++;
	if (!send_all(tpm, b, n) || !(n = message(tpm, b)) || cut)
		return 0;
	note(p, b, n);
	if (p->tamper_cc == cc && n > 10 + p->tamper_from_end)
		b[n - 1 - p->tamper_from_end] ^= 1;
	return n;
}

static void serve(struct tpm_proxy *p, int fd)
{
	uint8_t b[MESSAGE_MAX];
	int tpm = p->down ? -1 : dial(p->to);
	size_t n;

	while (tpm >= 0 && !p->down && (n = message(fd, b)) && (n = answer(p, tpm, b, n)))
		if (!send_all(fd, b, n))
			break;
	if (tpm >= 0)
		close(tpm);
	close(fd);
}

static void *loop(void *arg)
{
	struct tpm_proxy *p = arg;
	int fd;

	while ((fd = accept(p->listener, NULL, NULL)) >= 0)
		serve(p, fd);
	return NULL;
}

void tpm_proxy_start(struct tpm_proxy *p, const char *swtpm_dir)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char ctrl[96], to_ctrl[96];

	memset(p, 0, sizeof(*p));
	snprintf(p->to, sizeof(p->to), "%.80s/s", swtpm_dir);
	snprintf(p->path, sizeof(p->path), "/tmp/berth-bus.%d", (int)getpid());
	snprintf(p->tcti, sizeof(p->tcti), "swtpm:path=%s", p->path);
	snprintf(ctrl, sizeof(ctrl), "%s.ctrl", p->path);
	snprintf(to_ctrl, sizeof(to_ctrl), "%.80s/s.ctrl", swtpm_dir);
	unlink(p->path);
	unlink(ctrl);
	assert_int_equal(symlink(to_ctrl, ctrl), 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", p->path);
	p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(p->listener, 8), 0);
	assert_int_equal(pthread_create(&p->thread, NULL, loop, p), 0);
}

void tpm_proxy_heal(struct tpm_proxy *p)
{
	p->down = false;
	p->cut_at = 0;
	p->tamper_cc = p->inject_cc = 0;
}

bool tpm_proxy_heard(const struct tpm_proxy *p, const void *needle, size_t n)
{
	return p->log && memmem(p->log, p->log_len, needle, n);
}

void tpm_proxy_stop(struct tpm_proxy *p)
{
	char ctrl[96];

	snprintf(ctrl, sizeof(ctrl), "%s.ctrl", p->path);
	shutdown(p->listener, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->listener);
	unlink(p->path);
	unlink(ctrl);
	free(p->log);
}
