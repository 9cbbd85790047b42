/* SPDX-License-Identifier: Apache-2.0 */
/* `berth devices birth`: a batch of devices as they come, and their sale to one buyer.  The
 * factory keeps how far it is, so the same command goes on after an interruption. */
#include "agent/cli/cli_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "did/base/clock.h"

#define WAIT_MAX_S 31536000
#define POLL_MS 500
/* what the daemon has to say may have to wait while it is started again */
#define AWAY_MS 30000

enum berth_err berth_cli_number(const struct berth_cli *c, const char *option, int64_t least, int64_t most, int64_t *out)
{
	const char *text = berth_cli_get(c, option);
	char *end;

	if (!text)
		return BERTH_OK;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno || *end || end == text || *out < least || *out > most
		? berth_fail(BERTH_E_USAGE, "%s %.40s: not %lld to %lld", option, text, (long long)least, (long long)most)
		: BERTH_OK;
}

static enum berth_err request(const struct berth_cli *c, struct berth_json **out)
{
	const char *file, *name = berth_cli_get(c, "--batch"), *n;
	int64_t count = 0;
	enum berth_err rc;

	*out = NULL;
	if ((rc = berth_cli_need(c, "--out", &file)) || (rc = berth_cli_need(c, "--count", &n)) ||
	    (rc = berth_cli_number(c, "--count", 1, BERTH_CLI_BATCH_COUNT_MAX, &count)))
		return rc;
	if (!name)
		name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	*out = berth_json_new_object();
	if ((rc = berth_json_set_str(*out, "batch", name)) || (rc = berth_json_set_int(*out, "count", count)))
		return rc;
	return berth_cli_set_option(c, *out, "--to", "to");
}

static int64_t member(const struct berth_json *v, const char *name)
{
	return (int64_t)berth_json_num(berth_json_get(v, name));
}

/* Until all are there, or the time is up: *v is the last answer.  A daemon that is away for
 * a while is waited for. */
static enum berth_err collect(const struct berth_cli *c, const struct berth_json *body, struct berth_json **v)
{
	static const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	uint64_t start_ms = berth_clock_mono_ms(), heard_ms = start_ms, now_ms;
	int64_t wait_s = WAIT_MAX_S, before = -1, done;
	enum berth_err rc = berth_cli_number(c, "--wait", 0, WAIT_MAX_S, &wait_s);

	*v = NULL;
	while (!rc) {
		berth_json_free(*v);
		rc = berth_cli_call(c, "/v1/devices/birth", berth_json_clone(body), v);
		now_ms = berth_clock_mono_ms();
		if (rc == BERTH_E_UNAVAILABLE && before >= 0 && now_ms - heard_ms < AWAY_MS) {
			nanosleep(&pause, NULL);
			rc = BERTH_OK;
			continue;
		}
		if (rc || berth_json_get(*v, "devices"))
			break;
		heard_ms = now_ms;
		done = member(*v, "born") + member(*v, "sold");
		berth_cli_progress((size_t)member(*v, "born"), (size_t)member(*v, "count"));
		if (done == before && now_ms - start_ms >= (uint64_t)wait_s * 1000)
			break;
		if (done == before)
			nanosleep(&pause, NULL);
		before = done;
	}
	if (before >= 0 && (rc || member(*v, "missing")) && isatty(STDERR_FILENO))
		fputc('\n', stderr);	/* the bar stays as far as it came */
	return rc;
}

static enum berth_err add_chain(const struct berth_cli *c, const char *device, struct berth_json *chains)
{
	struct berth_json *body = berth_json_new_object(), *v;
	enum berth_err rc;

	if ((rc = berth_json_set_str(body, "device", device)) ||
	    (rc = berth_json_set_str(body, "to", berth_cli_get(c, "--to")))) {
		berth_json_free(body);
		return rc;
	}
	rc = berth_cli_call(c, "/v1/devices/sell", body, &v);
	return rc ? rc : berth_json_push(chains, v);
}

static enum berth_err add_chains(const struct berth_cli *c, struct berth_json *batch)
{
	const struct berth_json *devices = berth_json_get(batch, "devices");
	struct berth_json *chains = berth_json_new_array();
	size_t n = 0;
	enum berth_err rc = BERTH_OK;

	berth_json_each(d, devices) {
		const char *device = berth_json_str(berth_json_get(d, "device"));

		berth_cli_progress(n++, berth_json_len(devices));
		if ((rc = device ? add_chain(c, device, chains) : berth_fail(BERTH_E_TYPE, "a device without id"))) {
			berth_json_free(chains);
			return rc;
		}
	}
	berth_cli_progress(n, n);
	if ((rc = berth_json_set(batch, "chains", chains)))
		return rc;
	return berth_cli_batch_check(batch);
}

/* The buyer need not know what else happened in the factory. */
static enum berth_err save(const struct berth_cli *c, const struct berth_json *v)
{
	static const char *const inner[] = { "refused", "born", "missing", "sold" };
	struct berth_json *batch = berth_json_clone(v);
	enum berth_err rc = batch ? BERTH_OK : berth_no_memory();

	for (size_t i = 0; !rc && i < sizeof(inner) / sizeof(inner[0]); i++)
		berth_json_remove(batch, inner[i]);
	if (!rc && berth_cli_has(c, "--to"))
		rc = add_chains(c, batch);
	if (!rc)
		rc = berth_cli_save(berth_cli_get(c, "--out"), batch);
	berth_json_free(batch);
	return rc;
}

static enum berth_err say(const struct berth_json *v)
{
	enum berth_err rc = berth_cli_say("batch %s: %lld of %lld born, %lld sold", berth_json_str(berth_json_get(v, "batch")),
					  (long long)member(v, "born"), (long long)member(v, "count"),
					  (long long)member(v, "sold"));

	berth_json_each(d, berth_json_get(v, "devices"))
		if (!rc)
			rc = berth_cli_say("born: %s", berth_json_str(berth_json_get(d, "serial")));
	berth_json_each(d, berth_json_get(v, "refused"))
		if (!rc)
			rc = berth_cli_say("refused: %s: %s", berth_json_str(berth_json_get(d, "serial")),
					   berth_json_str(berth_json_get(d, "reason")));
	if (!rc && member(v, "missing"))
		rc = berth_cli_say("missing: %lld", (long long)member(v, "missing"));
	return rc;
}

enum berth_err berth_cli_birth(struct berth_cli *c)
{
	struct berth_json *body, *v = NULL;
	bool complete;
	enum berth_err rc = request(c, &body);

	if (!rc)
		rc = collect(c, body, &v);
	complete = berth_json_get(v, "devices") != NULL;
	if (!rc && complete)
		rc = save(c, v);
	if (!rc && berth_cli_json_wanted(c)) {
		rc = berth_cli_print(c, v);
		v = NULL;
	} else if (!rc) {
		rc = say(v);
	}
	berth_json_free(v);
	berth_json_free(body);
	if (!rc && !complete)
		rc = berth_fail(BERTH_E_UNAVAILABLE, "the batch is not complete: the same command goes on");
	return rc;
}
