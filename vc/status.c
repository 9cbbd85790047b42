/* SPDX-License-Identifier: Apache-2.0 */
/* What a credential's status says of it. */
#include "vc/status.h"

#include <stdlib.h>
#include <string.h>

#include "vc/judge.h"

#define ENTRIES_MAX 16
#define URL_MAX 2048

enum outcome { FINE, SET, AGED, STALE, UNANSWERED, NO_MEMORY };	/* AGED: stale, but not for long */

/* One entry, from either world. */
struct entry {
	const char *uri, *purpose;	/* purpose NULL: the IETF's */
	uint64_t index;
	unsigned bits;			/* 0: as the list says */
	const struct berth_json *messages;
};

/* ---- reading entries ---- */

static enum berth_err malformed(const char *what)
{
	return berth_fail(BERTH_E_STATUS, "status: %s is missing or malformed", what);
}

static enum berth_err read_w3c(struct entry *e, const struct berth_json *o)
{
	const char *type = berth_json_str(berth_json_get(o, "type")), *index;
	int64_t bits = 1;

	memset(e, 0, sizeof(*e));
	if (!type || (strcmp(type, "BitstringStatusListEntry") && strcmp(type, "StatusList2021Entry")))
		return berth_fail(BERTH_E_STATUS, "status: of an unknown type");
	if (berth_json_req_str(o, "statusListCredential", URL_MAX, &e->uri))
		return malformed("statusListCredential");
	if (berth_json_req_str(o, "statusPurpose", URL_MAX, &e->purpose))
		return malformed("statusPurpose");
	if (berth_json_req_str(o, "statusListIndex", 32, &index) || berth_status_index(index, &e->index))
		return malformed("statusListIndex");
	if (berth_json_opt_int(o, "statusSize", 1, 8, &bits))
		return malformed("statusSize");
	e->bits = (unsigned)bits;
	e->messages = berth_json_get(o, "statusMessage");
	return BERTH_OK;
}

static enum berth_err read_ietf(struct entry *e, const struct berth_json *o)
{
	int64_t index;

	memset(e, 0, sizeof(*e));
	if (berth_json_req_str(o, "uri", URL_MAX, &e->uri))
		return malformed("uri");
	if (berth_json_req_int(o, "idx", 0, INT64_C(1) << 52, &index))
		return malformed("idx");
	e->index = (uint64_t)index;
	return BERTH_OK;
}

/* ---- answering them ---- */

static const char *message_of(const struct berth_json *messages, unsigned value)
{
	berth_json_each(it, messages) {
		const char *status = berth_json_str(berth_json_get(it, "status"));
		char *end;

		/* "status": "0x1" */
		if (status && strtoul(status, &end, 16) == value && end != status && !*end)
			return berth_json_str(berth_json_get(it, "message"));
	}
	return NULL;
}

/* A message and a hint to refresh say something; everything else that is set says no. */
static enum outcome meaning(struct berth_report *r, const struct entry *e, unsigned value)
{
	const char *message = message_of(e->messages, value);

	if (e->purpose && (!strcmp(e->purpose, "message") || !strcmp(e->purpose, "refresh"))) {
		if (value || message)
			berth_report_warn(r, "status %s: %u %.120s", e->purpose, value, message ? message : "");
		return FINE;
	}
	if (value == 0)
		return FINE;
	(void)!berth_fail(BERTH_E_STATUS, "status %.40s: %u %.80s", e->purpose ? e->purpose : "invalid", value,
			  message ? message : "");
	return SET;
}

static enum berth_err value_of(unsigned *value, struct berth_status_found *f, const struct entry *e)
{
	enum berth_err rc;

	if (e->purpose && !berth_json_says(f->purposes, e->purpose))
		return berth_fail(BERTH_E_STATUS, "status list: for another purpose than %.40s", e->purpose);
	if (e->bits && (rc = berth_status_list_widen(&f->list, e->bits)))
		return rc;
	return berth_status_list_get(&f->list, e->index, value);
}

/* A list past its validity still says no, but no more yes: unless policy says how long. */
static enum outcome judge_age(struct berth_report *r, const struct berth_verify *v, const struct berth_status_found *f)
{
	int64_t stale_for;

	if (berth_status_age(f, v, &stale_for))
		return UNANSWERED;
	if (!stale_for)
		return FINE;
	(void)!berth_fail(BERTH_E_STATUS, "status list: stale for %lld s", (long long)stale_for);
	if (stale_for > v->max_stale_s)
		return STALE;
	berth_report_warn(r, "status list stale for %lld s, taken as policy says", (long long)stale_for);
	return AGED;
}

static enum outcome answer(struct berth_report *r, const struct berth_verify *v, const struct entry *e)
{
	struct berth_status_found *f, own;
	enum outcome o;
	unsigned value;
	enum berth_err rc;

	if ((rc = berth_status_find(&f, &own, v, e->uri, r->issuer_did, !e->purpose)))
		return rc == BERTH_E_NOMEM ? NO_MEMORY : UNANSWERED;
	if (value_of(&value, f, e))
		o = UNANSWERED;
	else
		o = meaning(r, e, value);
	if (o == FINE)
		o = judge_age(r, v, f);
	berth_status_found_free(&own);
	return o;
}

/* ---- the report ---- */

static void conclude(struct berth_report *r, const struct berth_verify *v, enum outcome o)
{
	static const enum berth_check check[] = {
		[FINE] = BERTH_CHECK_PASSED, [SET] = BERTH_CHECK_FAILED, [AGED] = BERTH_CHECK_STALE,
		[STALE] = BERTH_CHECK_STALE, [UNANSWERED] = BERTH_CHECK_FAILED,
		[NO_MEMORY] = BERTH_CHECK_NOT_CHECKED
	};

	if (o == UNANSWERED && v->no_status) {
		r->status = berth_check_and(r->status, BERTH_CHECK_NOT_CHECKED);
		berth_report_warn(r, "%s", berth_err_detail());
		return;
	}
	r->status = berth_check_and(r->status, check[o]);
	if (o != FINE && o != AGED)
		berth_report_note(r, o == NO_MEMORY ? BERTH_E_NOMEM : BERTH_E_STATUS);
}

static void judge_w3c(struct berth_report *r, const struct berth_verify *v, const struct berth_json *o)
{
	struct entry e;

	conclude(r, v, read_w3c(&e, o) ? UNANSWERED : answer(r, v, &e));
}

static void judge_ietf(struct berth_report *r, const struct berth_verify *v, const struct berth_json *o)
{
	struct entry e;

	conclude(r, v, read_ietf(&e, o) ? UNANSWERED : answer(r, v, &e));
}

void berth_vc_judge_status(struct berth_report *r, const struct berth_verify *v)
{
	const struct berth_json *w3c = berth_json_get(r->credential, "credentialStatus");
	const struct berth_json *ietf = berth_json_get(r->credential, "status");

	/* in the W3C's model a status may be any term; elsewhere it is the IETF's claim */
	if (berth_json_get(r->credential, "@context") && !berth_json_is(ietf, BERTH_JSON_OBJECT))
		ietf = NULL;
	r->status = BERTH_CHECK_NOT_PRESENT;
	if (!w3c && !ietf)
		return;
	if (v->no_status && !v->status_dir) {
		r->status = BERTH_CHECK_NOT_CHECKED;
		berth_report_warn(r, "credentialStatus not checked");
		return;
	}
	if (berth_json_is(w3c, BERTH_JSON_ARRAY) && berth_json_len(w3c) > ENTRIES_MAX) {
		(void)!berth_fail(BERTH_E_STATUS, "more than %d entries", ENTRIES_MAX);
		conclude(r, v, UNANSWERED);
		return;
	}
	if (berth_json_is(w3c, BERTH_JSON_OBJECT))
		judge_w3c(r, v, w3c);
	else
		berth_json_each(it, w3c)
			judge_w3c(r, v, it);
	if (ietf)
		judge_ietf(r, v, berth_json_get(ietf, "status_list"));
}
