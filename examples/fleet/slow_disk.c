/* SPDX-License-Identifier: Apache-2.0 */
/* Loaded in front of the C library: counts what is synced, and makes it take longer, as on
 * the flash memory of a gateway.
 *
 *	LD_PRELOAD=slow_disk.so FLEET_FSYNC_MS=5 FLEET_FSYNC_COUNT=FILE program
 *
 * FILE holds the number so far, 8 octets, shared by all who are started with it. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic uint64_t alone, *count = &alone;
static long delay_ms;

/* Before main() takes environment and file system away. */
__attribute__((constructor)) static void begin(void)
{
	const char *ms = getenv("FLEET_FSYNC_MS"), *file = getenv("FLEET_FSYNC_COUNT");
	int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p != MAP_FAILED)
		count = p;
	if (fd >= 0)
		close(fd);
	delay_ms = ms ? strtol(ms, NULL, 10) : 0;
}

static int synced(long number, int fd)
{
	struct timespec t = { .tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000 };

	atomic_fetch_add(count, 1);
	if (delay_ms)
		nanosleep(&t, NULL);
	return (int)syscall(number, fd);
}

int fsync(int fd) { return synced(SYS_fsync, fd); }
int fdatasync(int fd) { return synced(SYS_fdatasync, fd); }
