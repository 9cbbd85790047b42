/* SPDX-License-Identifier: Apache-2.0 */
#include "did/webvh_log.h"

#include <stdlib.h>
#include <string.h>

#include "did/webvh_reading.h"

static const char unwitnessed[] = "did:webvh: too few witnesses approve of an entry";

static enum berth_err grow(void **list, size_t n, size_t max, size_t size, const char *what)
{
	void *grown;

	if (n == max)
		return berth_fail(BERTH_E_SIZE, "did:webvh: more than %zu %s", max, what);
	if (n & (n - 1))
		return BERTH_OK;	/* there is room up to the next power of two */
	if (!(grown = realloc(*list, (n ? 2 * n : 1) * size)))
		return berth_no_memory();
	*list = grown;
	return BERTH_OK;
}

/* ---- witnesses ---- */

/* The rule that is in force after an entry, made where it is a new one. */
static enum berth_err rule_of(uint32_t *rule, struct berth_webvh_log *log)
{
	const struct berth_json *witness = log->head.params.witness;
	struct berth_webvh_rule *r;
	void *list = log->rules;
	enum berth_err rc;

	if (!witness) {
		*rule = 0;
		return BERTH_OK;
	}
	if (*rule && berth_json_equal(log->rules[*rule - 1].witness, witness))
		return BERTH_OK;
	if ((rc = grow(&list, log->n_rules, BERTH_WEBVH_RULES_MAX, sizeof(*log->rules), "sets of witnesses")))
		return rc;
	log->rules = list;
	r = &log->rules[log->n_rules];
	memset(r, 0, sizeof(*r));
	if (!(r->witness = berth_json_clone(witness)))
		return berth_no_memory();
	*rule = (uint32_t)++log->n_rules;
	return BERTH_OK;
}

/* ---- entries ---- */

static enum berth_err add_version(struct berth_webvh_log *log, size_t at, size_t len, uint32_t rule)
{
	struct berth_webvh_version *v;
	void *list = log->versions;
	enum berth_err rc;

	if ((rc = grow(&list, log->n, BERTH_WEBVH_ENTRIES_MAX, sizeof(*log->versions), "entries")))
		return rc;
	log->versions = list;
	v = &log->versions[log->n++];
	*v = (struct berth_webvh_version){ .at = at, .len = len, .time = log->head.time, .rule = rule };
	memcpy(v->id, log->head.version_id, sizeof(v->id));
	return BERTH_OK;
}

/* Witnesses that were active before an entry approve of it, else those it brings. */
static enum berth_err take_line(struct berth_webvh_reading *r, size_t len)
{
	struct berth_webvh_log *log = &r->log;
	struct berth_webvh_entry e;
	uint32_t before = r->rule;
	enum berth_err rc;

	if ((rc = berth_webvh_entry_parse(&e, log->text + r->at, len)))
		return rc;
	if ((rc = berth_webvh_head_advance(&log->head, &e, r->now_s)) == BERTH_OK &&
	    (rc = rule_of(&r->rule, log)) == BERTH_OK &&
	    (rc = add_version(log, r->at, len, before ? before : r->rule)) == BERTH_OK)
		log->named = log->named || !r->did || strcmp(e.id, r->did) == 0;
	berth_webvh_entry_free(&e);
	return rc;
}

static bool has_lines(const struct berth_webvh_reading *r)
{
	return r->at < r->files->log_len && r->log.n < r->entries;
}

static enum berth_err read_line(struct berth_webvh_reading *r)
{
	const char *line = r->log.text + r->at;
	const char *end = memchr(line, '\n', r->files->log_len - r->at);
	size_t n = end ? (size_t)(end - line) : r->files->log_len - r->at;
	enum berth_err rc = take_line(r, n);

	r->at += n + 1;
	return rc;
}

/* The first that is not valid ends them. */
static enum berth_err read_lines(struct berth_webvh_reading *r, size_t *steps)
{
	struct berth_webvh_log *log = &r->log;
	enum berth_err rc = BERTH_OK;

	for (; !rc && *steps && has_lines(r); (*steps)--)
		rc = read_line(r);
	if (rc == BERTH_E_RESOLVE && log->n > 0) {
		strncpy(log->bad, berth_err_detail(), sizeof(log->bad) - 1);
		r->entries = log->n;
		return BERTH_OK;
	}
	return !rc && log->n == 0 && !has_lines(r) ? berth_fail(BERTH_E_RESOLVE, "did:webvh: an empty log") : rc;
}

/* What has too few approvals ends the log as what is not valid does.  The parameters are
 * then those of before, so it is read once more. */
static enum berth_err cut(struct berth_webvh_reading *r)
{
	size_t n = berth_webvh_witnessed(&r->log);

	r->stage = n == r->log.n ? BERTH_WEBVH_READ : BERTH_WEBVH_LINES_AGAIN;
	if (n == r->log.n)
		return BERTH_OK;
	if (n == 0)
		return berth_fail(BERTH_E_RESOLVE, "%s", unwitnessed);
	berth_webvh_log_free(&r->log);
	r->log.text = r->files->log;
	r->at = r->rule = 0;
	r->entries = n;
	return BERTH_OK;
}

static enum berth_err next_stage(struct berth_webvh_reading *r)
{
	const struct berth_webvh_files *f = r->files;

	switch (r->stage) {
	case BERTH_WEBVH_LINES:
		r->stage = f->unwitnessed ? BERTH_WEBVH_READ : BERTH_WEBVH_APPROVALS;
		return f->unwitnessed ? BERTH_OK : berth_webvh_approvals_open(&r->approvals, &r->log, f->witness, f->witness_len);
	case BERTH_WEBVH_APPROVALS:
		return cut(r);
	default:
		memcpy(r->log.bad, unwitnessed, sizeof(unwitnessed));
		r->stage = BERTH_WEBVH_READ;
		return BERTH_OK;
	}
}

enum berth_err berth_webvh_read_begin(struct berth_webvh_reading *r, const struct berth_webvh_files *f, const char *did,
				      int64_t now_s)
{
	*r = (struct berth_webvh_reading){ .files = f, .did = did, .now_s = now_s, .entries = BERTH_WEBVH_ENTRIES_MAX + 1,
		.log.text = f->log };
	if (f->log_len > BERTH_WEBVH_LOG_MAX)
		return berth_fail(BERTH_E_SIZE, "did:webvh: a log of %zu bytes", f->log_len);
	return BERTH_OK;
}

enum berth_err berth_webvh_read_on(struct berth_webvh_reading *r, size_t steps)
{
	enum berth_err rc = BERTH_OK;

	while (!rc && r->stage != BERTH_WEBVH_READ) {
		bool lines = r->stage != BERTH_WEBVH_APPROVALS;

		rc = lines ? read_lines(r, &steps) : berth_webvh_approvals_take(&r->approvals, &r->log, r->now_s, &steps);
		if (rc || (lines ? has_lines(r) : r->approvals.proof != NULL))
			break;		/* for want of steps */
		rc = next_stage(r);
	}
	return rc;
}

void berth_webvh_read_end(struct berth_webvh_reading *r)
{
	berth_webvh_approvals_close(&r->approvals);
	berth_webvh_log_free(&r->log);
}

enum berth_err berth_webvh_log_read(struct berth_webvh_log *out, const struct berth_webvh_files *f, const char *did,
				    int64_t now_s)
{
	struct berth_webvh_reading r;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!(rc = berth_webvh_read_begin(&r, f, did, now_s)) && !(rc = berth_webvh_read_on(&r, SIZE_MAX))) {
		*out = r.log;
		memset(&r.log, 0, sizeof(r.log));	/* the caller's now */
	}
	berth_webvh_read_end(&r);
	return rc;
}

void berth_webvh_log_free(struct berth_webvh_log *log)
{
	for (size_t i = 0; i < log->n_rules; i++)
		berth_json_free(log->rules[i].witness);
	free(log->rules);
	free(log->versions);
	berth_webvh_head_free(&log->head);
	memset(log, 0, sizeof(*log));
}

enum berth_err berth_webvh_log_entry(struct berth_webvh_entry *out, const struct berth_webvh_log *log, size_t i)
{
	return berth_webvh_entry_parse(out, log->text + log->versions[i].at, log->versions[i].len);
}
