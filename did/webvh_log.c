/* SPDX-License-Identifier: Apache-2.0 */
#include "did/webvh_log.h"

#include <stdlib.h>
#include <string.h>

#include "did/webvh_witness.h"

static enum berth_err grow(void **list, size_t n, size_t max, size_t size, const char *what)
{
	void *grown;

	if (n == max)
		return berth_fail(BERTH_E_SIZE, "did:webvh: more than %zu %s", max, what);
	if (n & (n - 1))
		return BERTH_OK;	/* there is room up to the next power of two */
	if (!(grown = realloc(*list, (n ? 2 * n : 1) * size)))
		return berth_fail(BERTH_E_NOMEM, "did:webvh: a log");
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
		return berth_fail(BERTH_E_NOMEM, "did:webvh: witnesses");
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
static enum berth_err take_line(struct berth_webvh_log *log, size_t at, size_t len, const char *did, int64_t now_s,
				uint32_t *rule)
{
	struct berth_webvh_entry e;
	uint32_t before = *rule;
	enum berth_err rc;

	if ((rc = berth_webvh_entry_parse(&e, log->text + at, len)))
		return rc;
	if ((rc = berth_webvh_head_advance(&log->head, &e, now_s)) == BERTH_OK &&
	    (rc = rule_of(rule, log)) == BERTH_OK &&
	    (rc = add_version(log, at, len, before ? before : *rule)) == BERTH_OK)
		log->named = log->named || !did || strcmp(e.id, did) == 0;
	berth_webvh_entry_free(&e);
	return rc;
}

/* Up to max entries.  The first that is not valid ends it. */
static enum berth_err read_lines(struct berth_webvh_log *log, size_t len, size_t max, const char *did, int64_t now_s)
{
	enum berth_err rc = BERTH_OK;
	uint32_t rule = 0;

	for (size_t at = 0; at < len && log->n < max && !rc;) {
		const char *end = memchr(log->text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - log->text) - at : len - at;

		rc = take_line(log, at, n, did, now_s, &rule);
		at += n + 1;
	}
	if (rc == BERTH_E_RESOLVE && log->n > 0) {
		strncpy(log->bad, berth_err_detail(), sizeof(log->bad) - 1);
		return BERTH_OK;
	}
	if (!rc && log->n == 0)
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: an empty log");
	return rc;
}

/* What has too few approvals ends the log as what is not valid does.  The parameters are
 * then those of before, so it is read once more. */
static enum berth_err cut(struct berth_webvh_log *log, size_t n, const struct berth_webvh_files *f, const char *did,
			  int64_t now_s)
{
	static const char why[] = "did:webvh: too few witnesses approve of an entry";
	enum berth_err rc;

	if (n == 0)
		return berth_fail(BERTH_E_RESOLVE, "%s", why);
	berth_webvh_log_free(log);
	log->text = f->log;
	rc = read_lines(log, f->log_len, n, did, now_s);
	memcpy(log->bad, why, sizeof(why));
	return rc;
}

enum berth_err berth_webvh_log_read(struct berth_webvh_log *out, const struct berth_webvh_files *f, const char *did,
				    int64_t now_s)
{
	enum berth_err rc;
	size_t n;

	memset(out, 0, sizeof(*out));
	out->text = f->log;
	if (f->log_len > BERTH_WEBVH_LOG_MAX)
		return berth_fail(BERTH_E_SIZE, "did:webvh: a log of %zu bytes", f->log_len);
	if ((rc = read_lines(out, f->log_len, BERTH_WEBVH_ENTRIES_MAX + 1, did, now_s)) == BERTH_OK &&
	    !f->unwitnessed && (rc = berth_webvh_witnessed(&n, out, f->witness, f->witness_len, now_s)) == BERTH_OK &&
	    n < out->n)
		rc = cut(out, n, f, did, now_s);
	if (rc)
		berth_webvh_log_free(out);
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
