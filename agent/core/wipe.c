/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a gateway's epoch.  What its owner provisioned, said and made here goes in the
 * transaction of the step that ends the epoch; the keys follow by name (forget.c), and the
 * key that items were sealed with goes with the device's step of its epoch counter
 * (counters.c).  The store's log, where it all stands once more, is emptied.  What stays is the device's own: its factory identity, what it remembers of
 * messages (so that none of them has an effect again), the audit log, other roles' records. */
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/core/kept.h"
#include "agent/protocol/application_internal.h"
#include "agent/protocol/credentials.h"
#include "agent/protocol/discover.h"
#include "agent/protocol/item.h"
#include "agent/protocol/mediate.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/oob.h"
#include "agent/protocol/relation.h"
#include "did/base/log.h"

static const char *const spaces[] = {
	"item-a", "item-b", BERTH_NS_OPERATIONAL, BERTH_NS_HOOK, BERTH_NS_CREDENTIAL, BERTH_NS_APP_BOX, NS_APP_THREAD, NS_APP_RING, BERTH_NS_OOB,
	BERTH_NS_OOB_TAKEN, BERTH_NS_RELATION, BERTH_NS_FEATURES, BERTH_NS_POLL, BERTH_NS_DID_DOC, "pong", "proof-seen",
};

struct space { struct berth_agent *a; const char *ns; };

/* Whose client the device is was never its owner's business. */
static bool stays(const char *ns, const char *key)
{
	return strcmp(ns, BERTH_NS_POLL) == 0 && strcmp(key, BERTH_POLL_MEDIATOR) == 0;
}

static enum berth_err delete_one(void *arg, const char *key, const uint8_t *p, size_t n)
{
	const struct space *s = arg;

	(void)p;
	(void)n;
	return stays(s->ns, key) ? BERTH_OK : berth_store_delete(s->a->cfg.store, s->ns, key);
}

/* With a relationship goes whom it was with. */
static enum berth_err delete_relation(void *arg, const char *key, const uint8_t *p, size_t n)
{
	const struct space *s = arg;
	struct berth_json *v = NULL;
	const char *did;
	enum berth_err rc = berth_json_parse_object(&v, (const char *)p, n, BERTH_JSON_MAX);

	if (!rc && (did = berth_data_str(v, "did")) && strlen(did) <= BERTH_STORE_KEY_MAX)
		rc = berth_store_delete(s->a->cfg.store, NS_PEER, did);
	berth_json_free(v);
	return rc ? rc : delete_one(arg, key, p, n);
}

static enum berth_err clear(struct berth_agent *a, const char *ns)
{
	berth_store_each_fn fn = strcmp(ns, BERTH_NS_RELATION) == 0 ? delete_relation : delete_one;

	return berth_store_each(a->cfg.store, ns, NULL, fn, &(struct space){ a, ns });
}

static enum berth_err clear_records(struct berth_agent *a)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < sizeof(spaces) / sizeof(spaces[0]); i++)
		rc = clear(a, spaces[i]);
	for (size_t i = 0; !rc && i < a->cfg.n_machines; i++)	/* exchanges of credentials and proofs */
		if (a->cfg.machines[i]->find && a->cfg.machines[i]->threads)
			rc = clear(a, a->cfg.machines[i]->name);
	return rc;
}

/* Made in this epoch, for its owner or for somebody it dealt with under that owner. */
static bool ends(const struct berth_identity *id)
{
	static const char *const kinds[] = { "op-", "to-peer-", BERTH_ID_OOB };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(id->name, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

enum berth_err agent_wipe_apply(struct berth_agent *a, const struct berth_effects *fx)
{
	struct berth_store *s = a->cfg.store;
	int64_t n;
	enum berth_err rc;

	(void)fx;
	a->polls_stale = true;
	a->polls_others = false;
	if ((rc = clear_records(a)) || (rc = berth_store_dead_drop(s, NULL, NULL, &n)) ||
	    (rc = berth_store_outbox_forget(s, BERTH_ID_FACTORY)))
		return rc;
	for (size_t i = 0; i < a->n_ids; i++)
		if (ends(a->ids[i]) && ((rc = berth_store_outbox_forget(s, a->ids[i]->name)) ||
					(rc = agent_forget_one(a, a->ids[i]->name))))
			return rc;
	return agent_forget_one(a, BERTH_ID_LOOKUP);	/* no rendezvous knows it again by that (P9) */
}

enum berth_err agent_epoch_load(struct berth_agent *a)
{
	for (size_t i = 0; i < a->cfg.n_machines; i++)
		if (a->cfg.machines[i] == &berth_gateway_machine) {
			a->env.has_epoch = true;
			return berth_store_counter_get(a->cfg.store, COUNTER_EPOCH, &a->env.epoch);
		}
	return BERTH_OK;
}

static void stop_timers(struct berth_agent *a)
{
	for (size_t i = a->n_timers; i-- > 0;) {
		const struct berth_machine *m = a->cfg.machines[a->timers[i].machine];

		if (m->find && m->threads)
			agent_stop_timer(a, m, a->timers[i].key);
	}
}

void agent_wipe_done(struct berth_agent *a, const struct berth_effects *fx)
{
	if (!fx->wipe)
		return;
	berth_store_scrub(a->cfg.store);
	for (size_t i = a->n_ids; i-- > 0;)
		if (ends(a->ids[i]))
			agent_identity_drop(a, a->ids[i]->name);
	stop_timers(a);
	a->env.epoch++;
	agent_forget_sweep(a);
	a->news++;
}

/* Nobody can take it back, and who may not do it is told by the log. */
void agent_clear_device(struct berth_agent *a)
{
	enum berth_err rc = a->cfg.keys->ops->clear_device(a->cfg.keys);

	if (rc)
		berth_log_err(BERTH_LOG_ERROR, "clear-tpm", rc);
	else
		berth_log(BERTH_LOG_WARN, "clear-tpm", "the TPM was cleared");
}
