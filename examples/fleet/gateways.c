/* SPDX-License-Identifier: Apache-2.0 */
/* Many gateways in one process: each is the whole agent with a store of its own, durable as
 * in the field, a key file of its own and nng sockets of its own, dialled from an address of
 * its own.  Only the processes are missing: keys are used in here, not in a berth-keyd, and
 * nng is called from here, not from a berth-netd.
 *
 *	gateways DIR N AT-ONCE THREADS FACTORY-DID-FILE FACTORY-URI
 *
 * Lines on stdin say what to do: "birth", "boot", "onboard", "stop".  Each but the last is
 * answered by lines of JSON, how far it is and at the end what it took.  fleet.py drives it. */
#include "examples/fleet/gateways.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/ipc/proc.h"
#include "agent/netd/netd.h"
#include "did/base/clock.h"
#include "did/base/log.h"
#include "did/base/secret.h"
#include "did/doc_memory.h"

#define THREADS_MAX 256
#define PHASE_MS 600000u	/* a gateway that is not through by then has failed */
#define TELL_MS 250		/* how far it is, so often */
#define ROOM (64 << 20)		/* that is all an arena has in one piece */
#define GROWS (144 << 10)	/* so much does a gateway take from being booted to being through */

struct fleet fleet;

/* ---- one thread's share ---- */
static bool may_begin(const struct fleet_worker *w) { return w->running < w->at_once && w->next < w->n; }

static void tick_due(struct fleet_worker *w, uint64_t now)
{
	if (now < w->soon_ms)
		return;
	w->soon_ms = UINT64_MAX;
	for (size_t i = 0; i < w->next; i++) {
		if (w->due_ms[i] <= now)
			fleet_gateway_tick(w->of[i]);
		if (w->due_ms[i] < w->soon_ms)
			w->soon_ms = w->due_ms[i];
	}
}

/* One more at a time: those that have begun do not wait for it. */
static bool work(struct fleet_worker *w)
{
	uint64_t now = berth_clock_mono_ms();

	if (may_begin(w)) {
		struct fleet_gateway *g = w->of[w->next];

		/* it is on as soon as there is a place, whenever we come to do its work */
		g->began_ms = w->free_ms[w->next++ % w->at_once];
		w->running++;
		fleet_gateway_begin(g);
	}
	fleet_take_results(w);
	tick_due(w, now);
	return w->n_done < w->n;
}

static uint64_t next_due(const struct fleet_worker *w)
{
	uint64_t due = berth_clock_mono_ms() + (may_begin(w) ? 0 : TELL_MS);

	return w->soon_ms < due ? w->soon_ms : due;
}

/* A piece for each gateway, touched, and given back to the arena, which keeps it: the next phase's
 * threads have it.  A virtual machine takes a page that its host has taken back at ten times the
 * price of clearing it, and that would be put down to whoever is being onboarded. */
static void take_memory(size_t n)
{
	void **last = NULL, **p;

	for (; n > 0; n--) {
		fleet_need((p = malloc(GROWS)) != NULL, "memory");
		berth_wipe(p, GROWS);	/* a memset() before free() is left out */
		*p = last;
		last = p;
	}
	for (; last; last = p) {
		p = *last;
		free(last);
	}
}

/* Also after the phase: gateways that have an owner go on asking it for messages. */
static void *run(void *arg)
{
	struct fleet_worker *w = arg;
	uint64_t end = berth_clock_mono_ms() + PHASE_MS;

	while (!atomic_load(&fleet.stop)) {
		if (!work(w) || berth_clock_mono_ms() > end) {
			if (!w->through)
				atomic_fetch_add(&fleet.through, 1);
			w->through = true;
		}
		fleet_wait(w, next_due(w));
	}
	for (size_t i = 0; i < w->n; i++)
		fleet_gateway_end(w->of[i]);
	if (!fleet.onboarding)
		take_memory(w->n);
	return NULL;
}

/* ---- telling ---- */
static void numbers(const char *name, size_t at)
{
	printf(", \"%s\": [", name);
	for (size_t i = 0; i < fleet.n; i++)
		if (fleet.gateways[i].ok)
			printf("%s%" PRIu64, at++ ? ", " : "", name[0] == 'm' ? fleet.gateways[i].took_ms : fleet.gateways[i].bytes);
	printf("]");
}

static void tell_end(uint64_t took_ms)
{
	size_t failed = 0;

	for (size_t i = 0; i < fleet.n; i++)
		failed += !fleet.gateways[i].ok;
	printf("{\"end\": true, \"seconds\": %.3f, \"failed\": %zu, \"unanswered\": %u, \"busy\": %u, \"frames\": %u, \"polls\": %u",
	       (double)took_ms / 1000, failed, atomic_load(&fleet.unanswered), atomic_load(&fleet.busy), atomic_load(&fleet.frames),
	       atomic_load(&fleet.polls));
	numbers("ms", 0);
	numbers("bytes", 0);
	printf("}\n");
}

static uint64_t last_done(void)
{
	uint64_t last = 0;

	for (size_t i = 0; i < fleet.n; i++)
		if (fleet.gateways[i].ok && fleet.gateways[i].done_ms > last)
			last = fleet.gateways[i].done_ms;
	return last;
}

/* ---- phases ---- */
static void share_out(struct fleet_worker *w, size_t threads, size_t at_once)
{
	for (size_t t = 0; t < threads; t++) {
		w[t].of = calloc(fleet.n / threads + 1, sizeof(*w[t].of));
		w[t].due_ms = calloc(fleet.n / threads + 1, sizeof(*w[t].due_ms));
		w[t].soon_ms = UINT64_MAX;
		w[t].at_once = at_once / threads + (t < at_once % threads);
		w[t].free_ms = calloc(w[t].at_once, sizeof(*w[t].free_ms));
		fleet_need(w[t].of && w[t].due_ms && w[t].free_ms && !pthread_mutex_init(&w[t].lock, NULL), "a thread");
		for (size_t i = 0; i < w[t].at_once; i++)
			w[t].free_ms[i] = berth_clock_mono_ms();
	}
	for (size_t i = 0; i < fleet.n; i++) {
		struct fleet_gateway *g = &fleet.gateways[i];

		g->worker = &w[i % threads];
		g->ok = g->done = false;
		g->place = g->worker->n++;
		g->worker->of[g->place] = g;
	}
}

static void start(struct fleet_worker *w, size_t threads)
{
	for (size_t t = 0; t < threads; t++) {
		fleet_wait_init(&w[t]);
		fleet_need(!pthread_create(&w[t].thread, NULL, run, &w[t]), "a thread");
	}
}

/* NULL at the end of stdin. */
static const char *next_line(void)
{
	static char line[64];

	if (!fgets(line, sizeof(line), stdin))
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static void phase(size_t threads, size_t at_once)
{
	struct fleet_worker *w = calloc(threads, sizeof(*w));
	uint64_t began = berth_clock_mono_ms(), last;

	fleet_need(w != NULL, "memory");
	atomic_store(&fleet.stop, false);
	atomic_store(&fleet.through, 0);
	atomic_store(&fleet.n_done, 0);
	atomic_store(&fleet.unanswered, 0);
	atomic_store(&fleet.busy, 0);
	atomic_store(&fleet.frames, 0);
	atomic_store(&fleet.polls, 0);
	share_out(w, threads, at_once);
	start(w, threads);
	while (atomic_load(&fleet.through) < threads) {
		usleep(TELL_MS * 1000 / 5);
		printf("{\"done\": %zu}\n", atomic_load(&fleet.n_done));
	}
	last = last_done();
	tell_end(last > began ? last - began : 0);
	if (fleet.onboarding)
		next_line();	/* whatever it says: the end */
	atomic_store(&fleet.stop, true);
	for (size_t t = 0; t < threads; t++) {
		pthread_join(w[t].thread, NULL);
		free(w[t].of);
		free(w[t].due_ms);
		free(w[t].free_ms);
	}
	free(w);
}

/* Each would do that by itself, on hardware of its own: stores and keys are opened. */
static void boot(void)
{
	for (size_t i = 0; i < fleet.n; i++) {
		fleet_gateway_boot(&fleet.gateways[i]);
		printf("{\"done\": %zu}\n", i + 1);
	}
	printf("{\"end\": true}\n");
}

/* ---- */
/* Each has five descriptors of store and keys, and one link, or two while it is onboarded.
 * With more of them the second one need not be closed at once. */
static void raise_limits(size_t n, size_t at_once)
{
	rlim_t need = n * 6 + at_once * 4 + 256;
	struct rlimit r, had;

	fleet_need(!getrlimit(RLIMIT_NOFILE, &had), "open files");
	r = (struct rlimit){ need + n, had.rlim_max > need + n ? had.rlim_max : need + n };
	if (had.rlim_cur < need + n && setrlimit(RLIMIT_NOFILE, &r)) {
		r = (struct rlimit){ had.rlim_max, had.rlim_max };
		setrlimit(RLIMIT_NOFILE, &r);
	}
	fleet_need(!getrlimit(RLIMIT_NOFILE, &r), "open files");
	if (r.rlim_cur < need)
		fprintf(stderr, "gateways: %zu open files, of %zu allowed: %s\n", (size_t)need, (size_t)had.rlim_max, strerror(errno));
	atomic_store(&fleet.links_spare, r.rlim_cur > need ? (long)(r.rlim_cur - need) : 0);
	r = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	setrlimit(RLIMIT_MEMLOCK, &r);
}

static char *read_line(const char *path)
{
	static char text[8192];
	FILE *f = fopen(path, "r");

	fleet_need(f && fgets(text, sizeof(text), f), path);
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

void fleet_need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "gateways: %s: %s\n", what, errno ? strerror(errno) : berth_err_detail());
	exit(1);
}

int main(int argc, char **argv)
{
	size_t at_once, threads;
	const char *line;

	if (argc != 7) {
		fprintf(stderr, "gateways DIR N AT-ONCE THREADS FACTORY-DID-FILE FACTORY-URI\n");
		return 2;
	}
	fleet = (struct fleet){ .dir = argv[1], .n = strtoul(argv[2], NULL, 10), .factory_did = read_line(argv[5]), .factory_uri = argv[6] };
	at_once = strtoul(argv[3], NULL, 10);
	threads = strtoul(argv[4], NULL, 10);
	threads = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads > at_once ? at_once : threads;
	raise_limits(fleet.n, at_once);
	/* The memory of a thread grows by a page and an mprotect() at a time, and shrinks as often.  A
	 * process of its own, as a gateway has, takes 132 KiB from brk(): so whole pieces are taken. */
	mallopt(M_MMAP_THRESHOLD, ROOM / 2);
	mallopt(M_TRIM_THRESHOLD, ROOM);
	mallopt(M_TOP_PAD, ROOM);
	berth_crypto_init();
	berth_log_init("gateways", getenv("FLEET_LOG") ? BERTH_LOG_DEBUG : BERTH_LOG_ERROR, false);
	setvbuf(stdout, NULL, _IOLBF, 0);
	berth_doc_memory_dids(BERTH_DOC_MEMORY_DIDS_MAX);	/* a thread is many gateways, and each has 64 */
	berth_proc_be_patient();	/* as agents are */
	fleet_need(!berth_netd_nng_start(), "nng");	/* whose threads are as few as in a berth-netd */
	fleet.gateways = calloc(fleet.n, sizeof(*fleet.gateways));
	fleet_need(fleet.n && fleet.gateways, "how many gateways?");
	for (size_t i = 0; i < fleet.n; i++)
		fleet_gateway_init(&fleet.gateways[i], i);
	while ((line = next_line()) && strcmp(line, "stop") != 0) {
		if (strcmp(line, "boot") == 0) {
			boot();
			continue;
		}
		fleet.onboarding = strcmp(line, "onboard") == 0;
		phase(threads, at_once);
		if (fleet.onboarding)
			break;
	}
	_exit(0);	/* closing sockets one by one is where nng 1.5.2 fails */
}
