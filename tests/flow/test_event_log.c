/* SPDX-License-Identifier: Apache-2.0 */
/* M14 with the log of a measured boot: swtpm is extended with what the log says, or with
 * something else, and the owner replays it against the values that were quoted. */
#include <sys/stat.h>
#include <unistd.h>

#include "did/keystore/event_log.h"
#include "tests/fakes/event_log.h"
#include "tests/fakes/forge.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tmpdir.h"
#include "tests/fakes/tpm_story.h"

#define LIMIT_S 14400
#define BANKS (TEST_LOG_SHA256 | TEST_LOG_SHA1)
#define EV_S_CRTM_VERSION 0x08
#define EV_IPL 0x0d
#define EV_EFI_VARIABLE_AUTHORITY 0x800000e0

static struct story *now;
static char path[160];		/* of the gateway's log */

/* ---- a machine that boots ---- */
struct event { uint32_t pcr, type; uint8_t fill; };
static const struct event usual[] = { { 0, EV_S_CRTM_VERSION, 1 }, { 7, EV_IPL, 2 }, { 4, EV_IPL, 3 }, { 7, EV_IPL, 4 }, { 9, EV_IPL, 5 } };
#define N(a) (sizeof(a) / sizeof((a)[0]))

static void measure(struct tpm_story *x, const struct event *e, struct berth_buf *log)
{
	char digest[65];

	for (int i = 0; i < 32; i++)
		snprintf(digest + 2 * i, 3, "%02x", e->fill);
	test_sh("TPM2TOOLS_TCTI=%s tpm2_pcrextend %u:sha256=%s", x->t.tcti, e->pcr, digest);
	test_event_log_add(log, BANKS, e->pcr, e->type, e->fill);
}

static void boot(struct tpm_story *x, const struct event *events, size_t n)
{
	struct berth_buf log = BERTH_BUF_INIT;

	test_event_log_begin(&log, BANKS);
	for (size_t i = 0; i < n; i++)
		measure(x, &events[i], &log);
	test_write_file(path, log.p, log.len, 0600);
	berth_buf_free(&log);
}

static void reboot(struct tpm_story *x, const struct event *events, size_t n)
{
	test_swtpm_kill(&x->t);
	test_swtpm_restart(&x->t);
	boot(x, events, n);
}

static void begin(struct tpm_story *x)
{
	tpm_story_cast(x);
	now = &x->s;
	snprintf(path, sizeof(path), "%s/event-log", x->s.owner->dir);
	boot(x, usual, N(usual));
	x->s.gateway->policy.event_log = path;
	story_start(&x->s);
	story_settle(&x->s);
}

/* ---- asked ---- */
static bool answered(struct sim *w)
{
	struct berth_json *data = story_data(now, now->owner);
	bool yes = !berth_json_get(data, "attest") && berth_json_get(data, "attested");

	(void)w;
	berth_json_free(data);
	return yes;
}

static void ask(struct story *s, bool log)
{
	struct berth_json *args = berth_json_new_object();

	CHECK_OK(berth_json_set(args, "eventLog", berth_json_new_bool(log)));
	sim_as(s->owner);
	CHECK_OK(berth_agent_command(s->owner->agent, "owner", s->device, "cmd/attest", args, NULL));
	assert_true(sim_run(&s->w, answered, LIMIT_S));
	berth_json_free(args);
}

static void check(struct story *s, const char *member, const char *want)
{
	struct berth_json *data = story_data(s, s->owner);
	const char *v = berth_data_str(berth_json_get(data, "attested"), member);

	if (strcmp(v ? v : "", want) != 0)
		fail_msg("%s: \"%s\" is not \"%s\"", member, v ? v : "", want);
	berth_json_free(data);
}

static void check_all(struct story *s, const char *verdict, const char *detail, const char *log)
{
	check(s, "verdict", verdict);
	check(s, "detail", detail);
	check(s, "log", log);
}

/* ---- logs that hold ---- */
static void a_log_comes_when_it_is_asked_for(void **state)
{
	struct tpm_story x;

	(void)state;
	begin(&x);
	ask(&x.s, false);
	check_all(&x.s, "ok", "", "");
	ask(&x.s, true);
	check_all(&x.s, "ok", "", "holds");
	assert_int_equal(unlink(path), 0);
	ask(&x.s, true);
	check_all(&x.s, "ok", "", "none");
	x.s.gateway->policy.event_log = NULL;
	ask(&x.s, true);
	check_all(&x.s, "ok", "", "none");
	tpm_story_end(&x);
}

static void drift_says_which_event_it_is(void **state)
{
	static const struct event other[] = { { 0, EV_S_CRTM_VERSION, 1 }, { 7, EV_IPL, 2 }, { 7, EV_EFI_VARIABLE_AUTHORITY, 9 } };
	static const struct event fewer[] = { { 0, EV_S_CRTM_VERSION, 1 }, { 7, EV_IPL, 2 }, { 4, EV_IPL, 3 } };
	static const char changed[] = "the PCRs have changed since it was onboarded: PCR ";
	struct tpm_story x;
	char want[200];

	(void)state;
	begin(&x);
	reboot(&x, other, N(other));
	ask(&x.s, true);
	snprintf(want, sizeof(want), "%s4, 7; there is no earlier event log to compare with", changed);
	check_all(&x.s, "drift", want, "holds");
	reboot(&x, usual, N(usual));
	ask(&x.s, true);	/* the first good one is what others are compared with */
	check_all(&x.s, "ok", "", "holds");
	reboot(&x, other, N(other));
	ask(&x.s, true);
	snprintf(want, sizeof(want), "%s4, 7; PCR 7: event 2, EV_EFI_VARIABLE_AUTHORITY, is not known", changed);
	check_all(&x.s, "drift", want, "holds");
	reboot(&x, fewer, N(fewer));
	ask(&x.s, true);
	snprintf(want, sizeof(want), "%s7; PCR 7: event 2 is missing", changed);
	check_all(&x.s, "drift", want, "holds");
	tpm_story_end(&x);
}

/* Above PCR 7 the running system measures, too, and says so elsewhere. */
static void what_is_extended_at_run_time_is_in_no_log(void **state)
{
	struct berth_buf log = BERTH_BUF_INIT;
	struct tpm_story x;

	(void)state;
	begin(&x);
	measure(&x, &(struct event){ 9, EV_IPL, 6 }, &log);
	x.s.owner->policy.attest_pcrs = 1u << 9 | 1u << 7;
	ask(&x.s, true);
	check_all(&x.s, "ok", "", "holds");
	x.s.owner->policy.attest_pcrs = 0;
	x.s.owner->policy.attest_quarantine = true;
	measure(&x, &(struct event){ 7, EV_IPL, 6 }, &log);
	ask(&x.s, true);
	check_all(&x.s, "drift", "the PCRs have changed since it was onboarded: PCR 7; PCR 7 is not what its event log amounts to",
		  "E_SIG: PCR 7 is not what its event log amounts to");
	assert_string_equal(story_state(&x.s, x.s.owner), "SUSPENDED");
	berth_buf_free(&log);
	tpm_story_end(&x);
}

/* ---- logs that do not ---- */
static struct berth_json *event_log(struct berth_json *m)
{
	return berth_json_get_mut(berth_json_get_mut(m, "body"), "eventLog");
}

static void put(struct berth_json *m, const struct berth_buf *log)
{
	CHECK_OK(berth_json_set_b64url(event_log(m), "log", log->p, log->len));
}

static void of_another_boot(struct berth_json *m, void *arg)
{
	struct berth_buf log = BERTH_BUF_INIT;

	(void)arg;
	test_event_log_begin(&log, BANKS);
	for (size_t i = 1; i < N(usual); i++)
		test_event_log_add(&log, BANKS, usual[i].pcr, usual[i].type, usual[i].fill);
	put(m, &log);
	berth_buf_free(&log);
}

static void cut(struct berth_json *m, void *arg)
{
	struct berth_buf log = BERTH_BUF_INIT;

	(void)arg;
	CHECK_OK(berth_body_get_b64(event_log(m), "log", BERTH_EVENT_LOG_MAX, &log));
	log.len--;
	put(m, &log);
	berth_buf_free(&log);
}

static void longer_than_may_be(struct berth_json *m, void *arg)
{
	struct berth_buf log = BERTH_BUF_INIT;

	(void)arg;
	CHECK_OK(berth_body_get_b64(event_log(m), "log", BERTH_EVENT_LOG_MAX, &log));
	test_event_log_idle(&log, BANKS, BERTH_EVENT_LOG_MAX);
	put(m, &log);
	berth_buf_free(&log);
}

static void no_size(struct berth_json *m, void *arg) { (void)arg; berth_json_remove(event_log(m), "size"); }
static void no_text(struct berth_json *m, void *arg) { (void)arg; CHECK_OK(berth_json_set_int(event_log(m), "log", 1)); }

static void no_values(struct berth_json *m, void *arg)
{
	struct berth_json *a = berth_json_get_mut(berth_json_get_mut(m, "body"), "attestation");

	(void)arg;
	berth_json_remove(berth_json_get_mut(a, "quote"), "values");
}

static const struct { forge_edit_fn *edit; const char *what; } forgeries[] = {
	{ of_another_boot, "E_SIG: PCR 0 is not what its event log amounts to" },
	{ cut, "E_TYPE: event log: malformed" },
	{ longer_than_may_be, "E_SIZE" },
	{ no_size, "E_TYPE" },
	{ no_text, "E_TYPE" },
	{ no_values, "E_TYPE: an event log, and no values that it is of" },
};

static void a_log_of_something_else_is_no_evidence(void **state)
{
	struct tpm_story x;

	(void)state;
	begin(&x);
	for (size_t i = 0; i < N(forgeries); i++) {
		struct berth_json *data;
		const char *detail;

		forge_edit("attest-evidence", forgeries[i].edit, NULL);
		ask(&x.s, true);
		assert_true(forge_edited());
		check(&x.s, "verdict", "failed");
		data = story_data(&x.s, x.s.owner);
		detail = berth_data_str(berth_json_get(data, "attested"), "detail");
		if (!detail || strncmp(detail, forgeries[i].what, strlen(forgeries[i].what)) != 0)
			fail_msg("%s is not %s", detail ? detail : "nothing", forgeries[i].what);
		berth_json_free(data);
		ask(&x.s, true);	/* the twin */
		check_all(&x.s, "ok", "", "holds");
	}
	tpm_story_end(&x);
}

/* ---- logs that say nothing ---- */
static void sizes_and_banks(void **state)
{
	struct berth_buf log = BERTH_BUF_INIT;
	struct tpm_story x;
	size_t n;
	char *as_it_was;

	(void)state;
	begin(&x);
	as_it_was = test_read_file(path, &n);
	berth_buf_put(&log, as_it_was, n);
	test_event_log_idle(&log, BANKS, BERTH_EVENT_LOG_MAX - n - 72);	/* and what is around them */
	assert_int_equal(log.len, BERTH_EVENT_LOG_MAX);	/* the longest that is sent */
	test_write_file(path, log.p, log.len, 0600);
	ask(&x.s, true);
	check_all(&x.s, "ok", "", "holds");
	berth_buf_u8(&log, 0);
	test_write_file(path, log.p, log.len, 0600);
	ask(&x.s, true);
	check_all(&x.s, "ok", "", "too long to be sent");
	berth_buf_reset(&log);
	test_event_log_begin(&log, TEST_LOG_SHA1);
	test_event_log_add(&log, TEST_LOG_SHA1, 0, EV_IPL, 1);
	test_write_file(path, log.p, log.len, 0600);
	ask(&x.s, true);
	check_all(&x.s, "ok", "", "E_ALG: event log: has no SHA-256 bank");
	test_write_file(path, as_it_was, n, 0600);
	ask(&x.s, true);
	check_all(&x.s, "ok", "", "holds");
	free(as_it_was);
	berth_buf_free(&log);
	tpm_story_end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_comes_when_it_is_asked_for),
		cmocka_unit_test(drift_says_which_event_it_is),
		cmocka_unit_test(what_is_extended_at_run_time_is_in_no_log),
		cmocka_unit_test(a_log_of_something_else_is_no_evidence),
		cmocka_unit_test(sizes_and_banks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
