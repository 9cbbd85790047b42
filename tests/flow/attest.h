/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FLOW_ATTEST_H
#define BERTH_TESTS_FLOW_ATTEST_H

/* M14 with keys in a real TPM 2.0 (swtpm): an owner, its gateway in use, and what the former asks. */
#include "tests/fakes/forge.h"
#include "tests/fakes/shell.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tpm_story.h"

#define LIMIT_S 14400
#define HOUR_S 3600

static struct story *now;

static inline void begin(struct tpm_story *x)
{
	tpm_story_cast(x);
	now = &x->s;
	story_start(&x->s);
	story_settle(&x->s);
}

static inline enum berth_err order(struct story *s, const char *on)
{
	sim_as(s->owner);
	return berth_agent_command(s->owner->agent, "owner", s->device, on, NULL, NULL);
}

/* ---- what the owner has of it; static ---- */
static inline const char *attested(struct story *s, const char *member)
{
	static char text[200];
	struct berth_json *data = story_data(s, s->owner);
	const char *v = berth_data_str(berth_json_get(data, "attested"), member);

	snprintf(text, sizeof(text), "%s", v ? v : "");
	berth_json_free(data);
	return text;
}

static inline bool answered(struct sim *w)
{
	struct berth_json *data = story_data(now, now->owner);
	bool yes = !berth_json_get(data, "attest") && berth_json_get(data, "attested");

	(void)w;
	berth_json_free(data);
	return yes;
}

static inline void ask(struct story *s)
{
	CHECK_OK(order(s, "cmd/attest"));
	assert_true(sim_run(&s->w, answered, LIMIT_S));
}

static inline void check_verdict(struct story *s, const char *verdict, const char *detail)
{
	assert_string_equal(attested(s, "verdict"), verdict);
	if (!strstr(attested(s, "detail"), detail))
		fail_msg("\"%s\" is not \"%s\"", attested(s, "detail"), detail);
}

static inline void extend(struct tpm_story *x, int pcr)
{
	test_sh("TPM2TOOLS_TCTI=%s tpm2_pcrextend %d:sha256=%064d", x->t.tcti, pcr, 1);
}

static inline char *base_digest(struct story *s)
{
	struct berth_json *data = story_data(s, s->owner);
	char *copy = strdup(berth_data_str(data, "pcrDigest"));

	berth_json_free(data);
	return copy;
}

/* The value of a PCR as tpm2-tools read it, as a line of a reference says it. */
static inline void pcr_line(struct tpm_story *x, int pcr, char out[72])
{
	char path[192], *text;

	snprintf(path, sizeof(path), "%s/pcr", x->s.owner->dir);
	test_sh("TPM2TOOLS_TCTI=%s tpm2_pcrread -Q sha256:%d -o %s.bin && xxd -p -c 64 %s.bin > %s", x->t.tcti, pcr, path, path, path);
	text = test_read_file(path, NULL);
	snprintf(out, 72, "%d:%.64s", pcr, text);
	free(text);
}

/* What health and metrics count. */
static inline int64_t counted(struct story *s, const char *ns)
{
	int64_t n;

	sim_as(s->owner);
	CHECK_OK(berth_store_count(berth_agent_store(s->owner->agent), ns, &n));
	return n;
}

static inline bool out_of_service(struct sim *w)
{
	(void)w;
	return strcmp(story_state(now, now->gateway), "QUARANTINED") == 0;
}

static inline bool back(struct sim *w) { return story_settled(w); }

#endif
