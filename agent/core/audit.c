/* SPDX-License-Identifier: Apache-2.0 */
/* Signs the audit log, with a key that signs nothing else: after so many lines, after a
 * while, at a good end, and when the operator asks.  A keystore that does not answer leaves
 * the log unsigned and nothing else undone. */
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/core/audit_chain.h"
#include "agent/core/metrics.h"
#include "agent/protocol/onboarding.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define LOOK_MS 5000u
#define SIGN_ROWS 100		/* at the latest after so many, */
#define SIGN_MS 3600000u	/* or so long after the first of them */

static enum berth_err note(struct berth_agent *a, const char *jws, int64_t row)
{
	struct berth_store *s = a->cfg.store;
	enum berth_err rc;

	if ((rc = berth_store_begin(s)))
		return rc;
	if ((rc = berth_store_audit(s, berth_clock_now_s(), BERTH_AUDIT_SIGNED, jws)) ||
	    (rc = berth_store_counter_set(s, BERTH_COUNTER_AUDIT, row)) || (rc = berth_store_commit(s)))
		berth_store_rollback(s);
	return rc;
}

enum berth_err berth_agent_audit_sign(struct berth_agent *a, struct berth_audit_head *h, struct berth_buf *jws)
{
	const struct berth_identity *id = a->env.identity(&a->env, BERTH_ID_AUDIT);
	struct berth_buf payload = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!id)
		return berth_fail(BERTH_E_NOMATCH, "this agent has no key for its audit log");
	if (a->quarantined)
		return berth_fail(BERTH_E_STORE, "quarantined: the state folder is an older copy");
	agent_refresh_time(a);
	h->time_s = a->env.now_s;
	if ((rc = berth_store_audit_head(a->cfg.store, &h->seq, h->hash)) ||
	    (rc = berth_store_counter_get(a->cfg.store, COUNTER_GENERATION, &h->generation)) ||
	    (rc = berth_audit_head_payload(&payload, id->did, h)) ||
	    (rc = berth_keyring_sign_compact(a->env.keys->keyring, id->sign_kid, BERTH_SIGN_AUDIT, payload.p, payload.len, jws)))
		goto out;
	if (jws->len > BERTH_AUDIT_JWS_MAX)
		rc = berth_fail(BERTH_E_SIZE, "audit: a signature of %zu bytes", jws->len);
	else if (!(rc = note(a, berth_buf_cstr(jws), h->seq + 1)))
		berth_metric_count(BERTH_METRIC_AUDIT_SIGNED);
out:
	berth_buf_free(&payload);
	return rc;
}

enum berth_err berth_agent_audit_unsigned(struct berth_agent *a, int64_t *rows)
{
	uint8_t hash[BERTH_AUDIT_HASH_LEN];
	int64_t seq, row;
	enum berth_err rc;

	*rows = 0;
	if ((rc = berth_store_audit_head(a->cfg.store, &seq, hash)) ||
	    (rc = berth_store_counter_get(a->cfg.store, BERTH_COUNTER_AUDIT, &row)))
		return rc;
	*rows = seq > row ? seq - row : 0;
	return BERTH_OK;
}

void agent_audit_now(struct berth_agent *a)
{
	struct berth_buf jws = BERTH_BUF_INIT;
	struct berth_audit_head h;
	int64_t rows = 0;
	enum berth_err rc;

	if (!a->env.identity(&a->env, BERTH_ID_AUDIT))
		return;
	if (!(rc = berth_agent_audit_unsigned(a, &rows)) && rows)
		rc = berth_agent_audit_sign(a, &h, &jws);
	if (rc)
		berth_log_err(BERTH_LOG_WARN, "audit-sign", rc);
	berth_buf_free(&jws);
	a->audit_since_ms = 0;
}

void berth_agent_audit_close(struct berth_agent *a)
{
	if (!a->quarantined && !a->unread)
		agent_audit_now(a);
}

void agent_audit_tick(struct berth_agent *a)
{
	uint64_t now = agent_mono_ms();
	int64_t rows;

	if (now < a->audit_look_ms || berth_agent_audit_unsigned(a, &rows))
		return;
	a->audit_look_ms = now + LOOK_MS;
	if (rows && !a->audit_since_ms)
		a->audit_since_ms = now;
	if (rows >= SIGN_ROWS || (rows && now - a->audit_since_ms >= SIGN_MS))
		agent_audit_now(a);
}
