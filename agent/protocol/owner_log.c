/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a device's boot, where it was asked for with the quote (M14).  What says
 * nothing (none, too long, of other banks) is said and changes no verdict; what cannot be
 * the log of these PCRs is evidence that does not hold.  data:
 *
 *	logBase		the events of the last good one, as base64url: for each its PCR and the
 *			first 7 octets of its digest, to say later which one is another */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/attestation.h"
#include "agent/protocol/owner.h"
#include "did/codec/base64url.h"
#include "did/keystore/event_log.h"

#define ENTRY_LEN 8
#define BASE_MAX ((size_t)1024 * ENTRY_LEN)

/* ---- as before ---- */
static enum berth_err add_entry(void *arg, const struct berth_log_event *e)
{
	struct berth_buf *base = arg;

	if (base->len < BASE_MAX) {
		berth_buf_u8(base, (uint8_t)e->pcr);
		berth_buf_put(base, e->digest, ENTRY_LEN - 1);
	}
	return BERTH_OK;
}

enum berth_err owner_keep_log(struct berth_instance *inst, const struct berth_buf *log)
{
	struct berth_buf base = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_event_log_each(log->p, log->len, add_entry, &base)) && !(rc = berth_buf_status(&base)))
		rc = berth_json_set_b64url(inst->data, "logBase", base.p, base.len);
	berth_buf_free(&base);
	return rc;
}

struct search {
	const struct berth_buf *base;
	uint32_t odd;			/* PCRs */
	unsigned seen[BERTH_PCRS];	/* events of each */
	uint32_t pcr, type;		/* the first that is another one, or the first of no type that is missing */
	unsigned nth;			/* 0: not found */
};

/* The n-th event of that PCR at that time, from 1; NULL: there were fewer. */
static const uint8_t *nth_before(const struct berth_buf *base, uint32_t pcr, unsigned n)
{
	for (size_t at = 0; at + ENTRY_LEN <= base->len; at += ENTRY_LEN)
		if (base->p[at] == pcr && --n == 0)
			return base->p + at + 1;
	return NULL;
}

static enum berth_err look(void *arg, const struct berth_log_event *e)
{
	struct search *s = arg;
	unsigned nth = ++s->seen[e->pcr];
	const uint8_t *before;

	if (s->nth || !(s->odd >> e->pcr & 1))
		return BERTH_OK;
	before = nth_before(s->base, e->pcr, nth);
	if (before && memcmp(before, e->digest, ENTRY_LEN - 1) == 0)
		return BERTH_OK;
	s->pcr = e->pcr;
	s->type = e->type;
	s->nth = nth;
	return BERTH_OK;
}

static void put_missing(const struct search *s, struct berth_buf *text)
{
	for (uint32_t pcr = 0; pcr < BERTH_PCRS; pcr++)
		if (s->odd >> pcr & 1 && nth_before(s->base, pcr, s->seen[pcr] + 1)) {
			berth_buf_printf(text, "; PCR %u: event %u is missing", pcr, s->seen[pcr] + 1);
			return;
		}
}

/* Of PCRs that are not as they were, the first event that is not. */
enum berth_err owner_name_event(const struct berth_instance *inst, const struct berth_buf *log, uint32_t odd, struct berth_buf *text)
{
	struct berth_buf base = BERTH_BUF_INIT;
	struct search s = { .base = &base, .odd = odd };
	enum berth_err rc = BERTH_OK;

	if (!berth_json_get(inst->data, "logBase")) {
		berth_buf_str(text, "; there is no earlier event log to compare with");
		goto out;
	}
	if ((rc = berth_body_get_b64(inst->data, "logBase", BASE_MAX, &base)) ||
	    (rc = berth_event_log_each(log->p, log->len, look, &s)))
		goto out;
	if (s.nth)
		berth_buf_printf(text, "; PCR %u: event %u, %s, is not known", s.pcr, s.nth, berth_event_type_name(s.type));
	else
		put_missing(&s, text);
out:
	berth_buf_free(&base);
	return rc ? rc : berth_buf_status(text);
}

/* ---- whether it is one of these PCRs ---- */
/* The running system extends those above 7, too, and writes of that elsewhere. */
static enum berth_err check_replay(const struct berth_buf *log, const struct berth_pcr_values *quoted)
{
	struct berth_pcr_values v;
	enum berth_err rc = berth_event_log_replay(&v, log->p, log->len);

	for (int i = 0; !rc && i < BERTH_PCRS; i++)
		if ((quoted->mask & BERTH_ATTEST_PCRS) >> i & 1 && memcmp(v.v[i], quoted->v[i], sizeof(v.v[i])) != 0)
			rc = berth_fail(BERTH_E_SIG, "PCR %d is not what its event log amounts to", i);
	return rc;
}

static void say_fault(char said[OWNER_LOG_SAID_MAX], enum berth_err rc)
{
	snprintf(said, OWNER_LOG_SAID_MAX, "%s: %.80s", berth_err_name(rc), berth_err_detail());
}

enum berth_err owner_read_log(const struct berth_json *body, const struct berth_pcr_values *quoted, struct berth_buf *log,
			      char said[OWNER_LOG_SAID_MAX])
{
	const struct berth_json *o = berth_json_get(body, "eventLog");
	int64_t size = 0;
	enum berth_err rc;

	snprintf(said, OWNER_LOG_SAID_MAX, "none");
	if (!o)
		return BERTH_OK;
	if ((rc = berth_json_req_int(o, "size", 0, INT32_MAX, &size)) ||
	    (berth_json_get(o, "log") && (rc = berth_body_get_b64(o, "log", BERTH_EVENT_LOG_MAX, log)))) {
		say_fault(said, rc);
		return rc;
	}
	if (size > 0 && !log->len)
		snprintf(said, OWNER_LOG_SAID_MAX, "too long to be sent");
	if (!log->len)
		return BERTH_OK;
	rc = !quoted->mask ? berth_fail(BERTH_E_TYPE, "an event log, and no values that it is of") : check_replay(log, quoted);
	snprintf(said, OWNER_LOG_SAID_MAX, "holds");
	if (rc) {
		say_fault(said, rc);
		berth_buf_reset(log);
	}
	return rc == BERTH_E_ALG ? BERTH_OK : rc;
}
