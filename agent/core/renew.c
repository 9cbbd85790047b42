/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at what is held, once an hour and when one is due: which credentials are to be
 * renewed (issue-credential does that), and which have been and are past. */
#include <stdio.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/exchange.h"
#include "agent/protocol/relation.h"
#include "agent/protocol/renewal.h"
#include "did/base/clock.h"
#include "did/base/log.h"
#include "did/base/rand.h"

#define LOOK_S 3600
#define ASK_MAX 8	/* at once; the others next time */

struct ids {
	char id[BERTH_CREDENTIALS_MAX][BERTH_CREDENTIAL_ID_MAX + 1];
	size_t n;
};

/* They are opened one by one later: one that cannot be is not the others' trouble. */
static bool collect(void *arg, const char *id)
{
	struct ids *ids = arg;

	if (ids->n < BERTH_CREDENTIALS_MAX && berth_credential_id_ok(id))
		snprintf(ids->id[ids->n++], sizeof(ids->id[0]), "%s", id);
	return false;
}

static enum berth_err nothing(void *arg, const struct berth_credential *c)
{
	(void)arg;
	(void)c;
	return BERTH_OK;
}

static enum berth_err ask(struct berth_agent *a, const struct berth_credential *c)
{
	struct berth_json *args = berth_json_new_object();
	char thid[BERTH_UUID_LEN + 1], key[65];
	const struct berth_event ev = { .on = "cmd/renew", .args = args };
	enum berth_err rc;

	berth_random_uuid(thid);
	if (!(rc = berth_json_set_str(args, "to", c->from)) && !(rc = berth_json_set_str(args, "thid", thid)) &&
	    !(rc = berth_json_set_str(args, "credential", c->id)) && !(rc = berth_thread_key(&a->env, c->from, thid, key)))
		rc = agent_deliver(a, &berth_issue_machine, key, &ev, NULL);
	berth_json_free(args);
	return rc;
}

static enum berth_err remove_past(struct berth_agent *a, const char *id)
{
	struct berth_store *s = a->cfg.store;
	enum berth_err rc = berth_store_begin(s);

	if (rc)
		return rc;
	if ((rc = berth_store_delete(s, BERTH_NS_CREDENTIAL, id)) ||
	    (rc = berth_store_audit(s, berth_clock_now_s(), "credential-past", id)) || (rc = berth_store_commit(s)))
		berth_store_rollback(s);
	return rc;
}

/* next_s: when anything is due, of all so far. */
static enum berth_err look_at(struct berth_agent *a, const char *id, int64_t *next_s, size_t *asked)
{
	struct berth_credential c;
	int64_t next;
	enum berth_err rc = berth_credential_get(&a->env, id, &c);

	if (rc)
		return rc;
	switch (berth_renewal_look(&a->env, &c, &next)) {
	case BERTH_RENEWAL_ASK:
		next = a->env.now_s;
		if ((*asked)++ < ASK_MAX)
			rc = ask(a, &c);
		break;
	case BERTH_RENEWAL_OVER:
		rc = remove_past(a, id);
		break;
	case BERTH_RENEWAL_NONE:
		break;
	}
	if (next < *next_s)
		*next_s = next;
	berth_credential_free(&c);
	return rc;
}

void agent_renew_sweep(struct berth_agent *a)
{
	struct ids ids = { .n = 0 };
	size_t asked = 0;
	int64_t next_s;
	enum berth_err rc;

	agent_refresh_time(a);
	if (a->quarantined || a->recovering || a->env.now_s < 0 || agent_mono_ms() < a->renew_ms)
		return;
	next_s = a->env.now_s + LOOK_S;
	if ((rc = berth_credentials_each_of(&a->env, collect, nothing, &ids)))
		berth_log_err(BERTH_LOG_WARN, "renew", rc);
	for (size_t i = 0; i < ids.n; i++)
		if ((rc = look_at(a, ids.id[i], &next_s, &asked)))
			berth_log_err(BERTH_LOG_WARN, ids.id[i], rc);
	a->renew_ms = agent_mono_ms() + (uint64_t)(next_s - a->env.now_s) * 1000;
}
