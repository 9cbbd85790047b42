/* SPDX-License-Identifier: Apache-2.0 */
/* Our half of tests/bench/side.py.  The first line of stdin is {"docs", "secrets"}; each
 * other is {"op", "n", "text", ...}: the work is done n times, and the answer is a line,
 * {"us", "out"}: the process's own CPU time for one, and what the last one made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "berth/didcomm.h"
#include "did/base/json.h"
#include "did/base/secret.h"
#include "did/resolver.h"
#include "did/method_ethr.h"
#include "did/webvh_log.h"
#include "vc/jsonld/di_rdf.h"
#include "vc/vc.h"

#define LINE_LEN_MAX ((size_t)1 << 20)

/* One request; out is what the work has made, or NULL. */
struct job {
	struct berth_didcomm_how how;
	const char *text, *did;
	size_t len;
	int64_t now_s;
	char *out;
};

static struct berth_didcomm *people;
static struct berth_resolver resolver;

static void or_die(enum berth_err rc)
{
	if (!rc)
		return;
	fprintf(stderr, "ours: %s: %s\n", berth_err_name(rc), berth_err_detail());
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- the work ---- */

typedef void work_fn(struct job *j);

static void pack(struct job *j)
{
	or_die(berth_didcomm_pack(people, &j->how, j->text, j->len, &j->out));
}

static void unpack(struct job *j)
{
	or_die(berth_didcomm_unpack(people, j->text, j->len, -1, &j->out));
}

typedef enum berth_err verify_fn(struct berth_report *r, const struct berth_verify *v, const char *text, size_t n);

static void verify(verify_fn *fn, const struct job *j)
{
	const struct berth_verify v = { .resolver = &resolver, .now_s = j->now_s };
	struct berth_report report;

	or_die(fn(&report, &v, j->text, j->len));
	berth_report_free(&report);
}

static void verify_jwt1(struct job *j) { verify(berth_vc_jwt1_verify, j); }
static void verify_jwt(struct job *j) { verify(berth_vc_verify, j); }
static void verify_di(struct job *j) { verify(berth_vc_di_verify, j); }
static void verify_sd(struct job *j) { verify(berth_vc_sd_verify, j); }

/* A log of any DID: its last entry says which. */
static void judge_log(struct job *j)
{
	const struct berth_webvh_files f = { .log = j->text, .log_len = j->len };
	struct berth_webvh_log log;

	or_die(berth_webvh_log_read(&log, &f, NULL, j->now_s));
	if (*log.bad)
		exit(1);
	berth_webvh_log_free(&log);
}

/* What a node said of a did:ethr, as the adapter hands it on. */
static void judge_events(struct job *j)
{
	const struct berth_registry_piece piece = { "ethr", (const uint8_t *)j->text, j->len };
	const struct berth_registry_evidence e = { .pieces = &piece, .n = 1 };
	struct berth_buf pin = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	const struct berth_registry_judge how = { .now_s = j->now_s, .clock_trusted = true, .pin = "", .new_pin = &pin };
	struct berth_registry_result r = { .doc = NULL };

	or_die(berth_ethr_judge(&r, &e, j->did, NULL, &how));
	or_die(berth_json_print(&text, berth_did_doc_json(r.doc)));
	j->out = berth_buf_take_str(&text);
	berth_registry_result_free(&r);
	berth_buf_free(&pin);
}

static work_fn *find(const char *op)
{
	static const struct { const char *op; work_fn *fn; } all[] = {
		{ "pack", pack }, { "unpack", unpack }, { "vc-jwt", verify_jwt1 }, { "vc+jwt", verify_jwt },
		{ "di", verify_di }, { "dc+sd-jwt", verify_sd }, { "webvh", judge_log }, { "ethr", judge_events },
	};

	for (size_t i = 0; op && i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i].op, op))
			return all[i].fn;
	fprintf(stderr, "ours: no such work\n");
	exit(64);
}

/* ---- requests ---- */

static struct job read_job(const struct berth_json *q)
{
	struct job j = { .how = {
		.size = sizeof(j.how),
		.mode = berth_json_str(berth_json_get(q, "mode")),
		.from = berth_json_str(berth_json_get(q, "from")),
		.to = berth_json_str(berth_json_get(q, "to")),
		.sign_by = berth_json_str(berth_json_get(q, "sign_by")),
		.enc = berth_json_str(berth_json_get(q, "enc")),
	}, .text = berth_json_str(berth_json_get(q, "text")), .did = berth_json_str(berth_json_get(q, "did")) };

	or_die(berth_json_req_int(q, "now", 0, INT64_MAX, &j.now_s));
	if (!j.text)
		exit(64);
	j.len = strlen(j.text);
	return j;
}

static double run(work_fn *fn, struct job *j, int64_t n)
{
	double from = now_us();

	for (int64_t i = 0; i < n; i++) {
		berth_didcomm_string_free(j->out);
		j->out = NULL;
		fn(j);
	}
	return (now_us() - from) / (double)n;
}

static void answer(double us, const char *out)
{
	struct berth_json *a = berth_json_new_object();
	struct berth_buf text = BERTH_BUF_INIT;

	or_die(berth_json_set_str(a, "out", out ? out : ""));
	or_die(berth_json_print(&text, a));
	printf("{\"us\":%.3f,%s\n", us, berth_buf_cstr(&text) + 1);
	fflush(stdout);
	berth_buf_free(&text);
	berth_json_free(a);
}

static void serve(const char *line, size_t len)
{
	struct berth_json *q;
	struct job j;
	int64_t n;
	double us;

	or_die(berth_json_parse_object(&q, line, len, LINE_LEN_MAX));
	j = read_job(q);
	or_die(berth_json_req_int(q, "n", 1, 1000000, &n));
	us = run(find(berth_json_str(berth_json_get(q, "op"))), &j, n);
	answer(us, j.out);
	berth_didcomm_string_free(j.out);
	berth_json_free(q);
}

static void join(const char *line, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *world;

	or_die(berth_json_parse_object(&world, line, n, LINE_LEN_MAX));
	or_die(berth_didcomm_new(&people));
	or_die(berth_json_print(&text, berth_json_get(world, "secrets")));
	or_die(berth_didcomm_add_secrets(people, berth_buf_cstr(&text), text.len));
	berth_json_each(doc, berth_json_get(world, "docs")) {
		berth_buf_free(&text);
		or_die(berth_json_print(&text, doc));
		or_die(berth_didcomm_add_document(people, berth_buf_cstr(&text), text.len));
	}
	berth_buf_free(&text);
	berth_json_free(world);
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	berth_crypto_init();
	berth_jsonld_for_proofs();
	berth_resolver_builtin_init(&resolver, NULL);
	while ((n = getline(&line, &room, stdin)) > 0 && line[n - 1] == '\n') {
		if (people)
			serve(line, (size_t)n - 1);
		else
			join(line, (size_t)n - 1);
	}
	free(line);
	berth_didcomm_free(people);
	return 0;
}
