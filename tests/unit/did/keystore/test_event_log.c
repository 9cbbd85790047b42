/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of measured boots, of machines and cloud instances that are not ours (tpm/eventlogs)
 * and some made here; tpm2_eventlog says what each amounts to. */
#include <stdio.h>
#include <string.h>

#include "did/base/hex.h"
#include "did/keystore/event_log.h"
#include "tests/check.h"
#include "tests/fakes/event_log.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tmpdir.h"

#define LOGS "tests/vectors/tpm/eventlogs/"

/* The SHA-256 bank at the end of what tpm2_eventlog prints: "    7  : 0x3b4a...". */
static void as_tpm2_tools(const char *path, struct berth_pcr_values *out)
{
	char dir[TMPDIR_LEN], text[160], *yaml, *save = NULL;
	bool ours = false;

	*out = (struct berth_pcr_values){ 0 };
	test_tmpdir(dir);
	test_sh("tpm2_eventlog %s > %s/yaml 2>/dev/null", path, dir);
	snprintf(text, sizeof(text), "%s/yaml", dir);
	yaml = test_read_file(text, NULL);
	for (char *line = strtok_r(strstr(yaml, "\npcrs:"), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned pcr;
		char hex[65];

		if (strstr(line, "  sha"))
			ours = strcmp(line, "  sha256:") == 0;
		else if (ours && sscanf(line, " %u : 0x%64s", &pcr, hex) == 2) {
			for (size_t i = 0; i < 32; i++)
				out->v[pcr][i] = (uint8_t)(berth_hex_digit(hex[2 * i]) << 4 | berth_hex_digit(hex[2 * i + 1]));
			out->mask |= 1u << pcr;
		}
	}
	free(yaml);
	test_tmpdir_remove(dir);
}

/* tpm2_eventlog 5.4 begins PCR 0 with zeroes, wherever the TPM was started from. */
static void check_same(const char *path, bool from_locality, struct berth_pcr_values *out)
{
	struct berth_pcr_values mine, theirs;
	size_t n;
	char *log = test_read_file(path, &n);

	as_tpm2_tools(path, &theirs);
	CHECK_OK(berth_event_log_replay(&mine, log, n));
	CHECK(mine.mask != 0 && mine.mask == theirs.mask);
	for (int i = from_locality; i < BERTH_PCRS; i++)
		if (memcmp(mine.v[i], theirs.v[i], 32) != 0)
			fail_msg("%s: PCR %d is another one for tpm2_eventlog", path, i);
	free(log);
	*out = mine;
}

static void logs_of_others_amount_to_what_tpm2_tools_say(void **state)
{
	static const struct { const char *path; bool from_locality; } logs[] = {
		{ LOGS "arch-linux-workstation.bin", false }, { LOGS "glinux-alex.bin", true }, { LOGS "cos-101-amd-sev.bin", false },
	};
	size_t n, passed = 0;
	char *old = test_read_file(LOGS "debian-10.bin", &n);
	struct berth_pcr_values v;

	(void)state;
	for (; passed < sizeof(logs) / sizeof(logs[0]); passed++)
		check_same(logs[passed].path, logs[passed].from_locality, &v);
	CHECK_RC(BERTH_E_ALG, berth_event_log_replay(&v, old, n));	/* SHA-1 only */
	assert_string_equal(berth_err_detail(), "event log: of the old form, which has SHA-1 only");
	free(old);
	VECTORS("tpm/eventlogs", passed + 1, 4);
}

/* PCR 0: what swtpm says after TPM2_Startup from locality 3 and tpm2_pcrextend with the same. */
static void our_own_amount_to_it_too(void **state)
{
	static const char pcr0[] = "b7e9b2164c6193c3ea3cca36a610a9e6a8f3e6444981b6a76947bc0b8172519b";
	struct berth_pcr_values v;
	char hex[65];
	struct berth_buf b = BERTH_BUF_INIT;
	char dir[TMPDIR_LEN], path[96];

	(void)state;
	test_event_log_begin(&b, TEST_LOG_SHA256 | TEST_LOG_SHA1);
	test_event_log_locality(&b, TEST_LOG_SHA256 | TEST_LOG_SHA1, 3);
	for (unsigned i = 0; i < 40; i++)
		test_event_log_add(&b, TEST_LOG_SHA256 | TEST_LOG_SHA1, i % 8, 0x0d, (uint8_t)i);
	test_tmpdir(dir);
	snprintf(path, sizeof(path), "%s/log", dir);
	test_write_file(path, b.p, b.len, 0600);
	check_same(path, true, &v);
	berth_hex_encode(hex, v.v[0], 32);
	assert_string_equal(hex, pcr0);
	test_tmpdir_remove(dir);
	berth_buf_free(&b);
}

/* ---- events ---- */
static enum berth_err count(void *arg, const struct berth_log_event *e)
{
	size_t *n = arg;

	CHECK(e->pcr < BERTH_PCRS && e->digest);
	return ++*n == 99 ? BERTH_E_NOMATCH : BERTH_OK;
}

static void each_event_comes_once_and_in_order(void **state)
{
	size_t n, seen = 0;
	char *log = test_read_file(LOGS "arch-linux-workstation.bin", &n);

	(void)state;
	CHECK_OK(berth_event_log_each(log, n, count, &seen));
	CHECK(seen == 24);	/* of 25, the first of which says what banks there are */
	seen = 98;
	CHECK_RC(BERTH_E_NOMATCH, berth_event_log_each(log, n, count, &seen));
	assert_string_equal(berth_event_type_name(0x800000e0), "EV_EFI_VARIABLE_AUTHORITY");
	assert_string_equal(berth_event_type_name(0x12345678), "an event");
	free(log);
}

/* ---- what is none ---- */
static void every_truncation_is_refused_or_a_shorter_log(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_pcr_values v;
	size_t ends = 0;

	(void)state;
	test_event_log_begin(&b, TEST_LOG_SHA256 | TEST_LOG_SHA1);
	for (uint8_t i = 0; i < 3; i++)
		test_event_log_add(&b, TEST_LOG_SHA256 | TEST_LOG_SHA1, i, 0x0d, i);
	for (size_t n = 0; n < b.len; n++) {
		char *part = malloc(n ? n : 1);

		memcpy(part, b.p, n);
		if (berth_event_log_replay(&v, part, n) == BERTH_OK)
			ends++;
		else
			CHECK_RC(BERTH_E_TYPE, berth_event_log_replay(&v, part, n));
		free(part);
	}
	CHECK(ends == 3);	/* behind the first event, and two more */
	CHECK_OK(berth_event_log_replay(&v, b.p, b.len));
	CHECK(v.mask == 7);
	berth_buf_free(&b);
}

static void other_banks_forms_and_sizes(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_pcr_values v;
	uint8_t *big = calloc(1, BERTH_EVENT_LOG_MAX + 1);
	size_t spec, first;

	(void)state;
	test_event_log_begin(&b, TEST_LOG_SHA1);
	test_event_log_add(&b, TEST_LOG_SHA1, 0, 0x0d, 1);
	CHECK_RC(BERTH_E_ALG, berth_event_log_replay(&v, b.p, b.len));
	berth_buf_reset(&b);
	test_event_log_begin(&b, TEST_LOG_SHA256);
	spec = 32;		/* behind PCR, type, digest and size */
	first = b.len;
	test_event_log_add(&b, TEST_LOG_SHA256, 23, 0x0d, 1);
	CHECK_OK(berth_event_log_replay(&v, b.p, b.len));
	CHECK(v.mask == 1u << 23);
	b.p[first] = 24;	/* a PCR that there is not */
	CHECK_RC(BERTH_E_TYPE, berth_event_log_replay(&v, b.p, b.len));
	CHECK(v.mask == 0);
	b.p[first] = 23;
	b.p[first + 8] = 2;	/* two digests where there is one bank */
	CHECK_RC(BERTH_E_TYPE, berth_event_log_replay(&v, b.p, b.len));
	b.p[first + 8] = 1;
	b.p[first + 12] = 4;	/* of a bank that the log has not */
	CHECK_RC(BERTH_E_TYPE, berth_event_log_replay(&v, b.p, b.len));
	b.p[first + 12] = 0x0b;
	b.p[spec + 30] = 20;	/* SHA-256 of 20 octets */
	CHECK_RC(BERTH_E_TYPE, berth_event_log_replay(&v, b.p, b.len));
	b.p[spec + 30] = 32;
	b.p[spec + 24] = 9;	/* nine banks */
	CHECK_RC(BERTH_E_TYPE, berth_event_log_replay(&v, b.p, b.len));
	b.p[spec + 24] = 1;
	b.p[spec] = 's';
	CHECK_RC(BERTH_E_ALG, berth_event_log_replay(&v, b.p, b.len));
	b.p[spec] = 'S';
	CHECK_OK(berth_event_log_replay(&v, b.p, b.len));
	CHECK_RC(BERTH_E_SIZE, berth_event_log_replay(&v, big, BERTH_EVENT_LOG_MAX + 1));
	memcpy(big, b.p, b.len);	/* zeroes behind it are no end of a log */
	CHECK_RC(BERTH_E_TYPE, berth_event_log_replay(&v, big, BERTH_EVENT_LOG_MAX));
	free(big);
	berth_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs_of_others_amount_to_what_tpm2_tools_say),
		cmocka_unit_test(our_own_amount_to_it_too),
		cmocka_unit_test(each_event_comes_once_and_in_order),
		cmocka_unit_test(every_truncation_is_refused_or_a_shorter_log),
		cmocka_unit_test(other_banks_forms_and_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
