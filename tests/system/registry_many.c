/* SPDX-License-Identifier: Apache-2.0 */
/* registry_many CONFIG PREFIX N [ROUNDS WINDOW]: asks for PREFIX0 to PREFIX(N-1), all at
 * once, as a daemon does for its peers, and forgets them before the next round; with a
 * WINDOW so many at once, and each round waits for a line on stdin.  A line a round:
 * {"resolved", "failed", "us"}. */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/core/config.h"
#include "agent/core/resolveclient.h"
#include "did/base/clock.h"
#include "did/base/log.h"
#include "tests/fakes/built.h"

#define ROUND_MS 120000		/* of a busy machine */

struct many {
	struct berth_resolveclient *client;
	const char *prefix;
	size_t n, window, resolved, failed;
	char *done;
};

/* Whether it has been answered by now. */
static void ask(struct many *m, size_t i)
{
	struct berth_did_doc *doc = NULL;
	char did[512];
	enum berth_err rc;

	snprintf(did, sizeof(did), "%s%zu", m->prefix, i);
	rc = berth_resolve(berth_resolveclient_resolver(m->client), did, &doc);
	berth_did_doc_free(doc);
	if (rc == BERTH_E_UNAVAILABLE)
		return;
	m->done[i] = 1;
	m->resolved += rc == BERTH_OK;
	m->failed += rc != BERTH_OK;
	if (rc && m->failed == 1)
		fprintf(stderr, "%s: %s %s\n", did, berth_err_name(rc), berth_err_detail());
}

static bool wait_once(struct berth_resolveclient *c)
{
	struct pollfd p = { .fd = berth_resolveclient_fd(c), .events = POLLIN };
	uint32_t ms = berth_resolveclient_timeout_ms(c);

	if (berth_resolveclient_wants_write(c))
		p.events |= POLLOUT;
	poll(&p, 1, ms > 1000 ? 1000 : (int)ms);
	return berth_resolveclient_run(c, p.revents & (POLLIN | POLLHUP));
}

/* Until some have been answered, or a second has passed. */
static void wait_for_some(struct berth_resolveclient *c)
{
	uint64_t until = berth_clock_mono_ms() + 1000;

	while (!wait_once(c) && berth_clock_mono_ms() < until)
		;
}

static void run(struct many *m)
{
	uint64_t until = berth_clock_mono_ms() + ROUND_MS;
	size_t first = 0;

	m->resolved = m->failed = 0;
	for (size_t i = 0; i < m->n; i++)
		m->done[i] = 0;
	while (m->resolved + m->failed < m->n && berth_clock_mono_ms() < until) {
		for (size_t i = first, asked = 0; i < m->n && asked < m->window; i++)
			if (!m->done[i]) {
				asked++;
				ask(m, i);
			}
		while (first < m->n && m->done[first])
			first++;
		if (m->resolved + m->failed < m->n)
			wait_for_some(m->client);
	}
}

static enum berth_err open_client(struct many *m, const char *path, struct berth_config **config)
{
	static char libexec[PATH_MAX];
	enum berth_err rc;

	test_built(libexec, sizeof(libexec), "libexec");
	if ((rc = berth_config_load(config, path)) || (rc = berth_resolveclient_new(&m->client, libexec, NULL)) ||
	    (rc = berth_resolveclient_add_configured(m->client, *config)) || (rc = berth_resolveclient_start(m->client)))
		fprintf(stderr, "%s %s\n", berth_err_name(rc), berth_err_detail());
	return rc;
}

int main(int argc, char **argv)
{
	struct berth_config *config = NULL;
	struct many m = { .n = 0 };
	char line[8];
	int rounds;

	if (argc < 4)
		return 64;
	berth_log_init("many", BERTH_LOG_ERROR, false);
	m.prefix = argv[2];
	m.n = strtoul(argv[3], NULL, 10);
	rounds = argc > 4 ? atoi(argv[4]) : 1;
	m.window = argc > 5 ? strtoul(argv[5], NULL, 10) : m.n;
	m.done = calloc(m.n + 1, 1);
	if (!m.done || open_client(&m, argv[1], &config))
		return 1;
	berth_resolveclient_lookups(m.client)->mode(berth_resolveclient_lookups(m.client), BERTH_LOOKUP_LATER);
	while (rounds-- > 0) {
		uint64_t start;

		if (argc > 5 && !fgets(line, sizeof(line), stdin))
			break;
		start = berth_clock_mono_ms();
		run(&m);
		printf("{\"resolved\":%zu,\"failed\":%zu,\"us\":%llu}\n", m.resolved, m.failed,
		       (unsigned long long)(berth_clock_mono_ms() - start) * 1000);
		fflush(stdout);
		berth_resolveclient_forget(m.client, NULL);
	}
	berth_resolveclient_free(m.client);
	berth_config_free(config);
	free(m.done);
	return 0;
}
