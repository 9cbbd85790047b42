/* SPDX-License-Identifier: Apache-2.0 */
/* The end of an identity and of its keys.  The keystore takes part in no transaction, so
 * names come first: that of a key that may have to go stands in a record before it is made
 * (its machine's data say so), or is the one that its machine gives the next time, and stands
 * in NS_DOOMED before it is deleted.  A power cut anywhere leaves a name, and the next start
 * goes on from it: no key is ever orphaned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/onboarding.h"
#include "did/base/log.h"

#define DOOMED_MAX 8		/* at once; the rest is for the next round */

/* In the step's transaction: the identity is nobody's any more. */
enum berth_err agent_forget_one(struct berth_agent *a, const char *name)
{
	const struct berth_identity *id = a->env.identity(&a->env, name);
	enum berth_err rc;

	if ((id && (rc = berth_store_delete(a->cfg.store, NS_PEER, id->did))) ||
	    (rc = berth_store_delete(a->cfg.store, BERTH_NS_OPERATIONAL, name)) ||
	    (rc = berth_store_delete(a->cfg.store, NS_IDENTITY, name)))
		return rc;
	return berth_store_put_str(a->cfg.store, NS_DOOMED, name, "");
}

enum berth_err agent_forget_apply(struct berth_agent *a, const struct berth_effects *fx)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < fx->n_forget; i++)
		rc = agent_forget_one(a, fx->forget[i]);
	return rc;
}

void agent_forget_done(struct berth_agent *a, const struct berth_effects *fx)
{
	for (size_t i = 0; i < fx->n_forget; i++) {
		if (strcmp(fx->forget[i], BERTH_ID_AUDIT) == 0)
			agent_audit_now(a);	/* its last word */
		agent_identity_drop(a, fx->forget[i]);
	}
	if (fx->n_forget)
		agent_forget_sweep(a);
}

struct doomed { char *name[DOOMED_MAX]; size_t n; };

static enum berth_err collect(void *arg, const char *key, const uint8_t *p, size_t n)
{
	struct doomed *d = arg;

	(void)p;
	(void)n;
	if (d->n < DOOMED_MAX && (d->name[d->n] = strdup(key)))
		d->n++;
	return BERTH_OK;
}

/* With the factory identity goes the device: the keys that are nobody's in particular. */
static enum berth_err remove_devices_keys(struct berth_keys *k)
{
	enum berth_err rc = k->ops->remove(k, BERTH_KEY_AK);

	return rc ? rc : k->ops->remove(k, BERTH_KEY_LOOKUP);
}

/* The names that agent_identity's keys have; one that was never made is fine. */
static enum berth_err remove_keys(struct berth_agent *a, const char *name)
{
	static const char *const suffixes[] = { "sign", "agree", "agree2", BERTH_KEY_AK };
	enum berth_err rc = strcmp(name, BERTH_ID_FACTORY) == 0 ? remove_devices_keys(a->cfg.keys) : BERTH_OK;
	char *key;

	for (size_t i = 0; !rc && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (asprintf(&key, "%s-%s", name, suffixes[i]) < 0)
			return berth_no_memory();
		rc = a->cfg.keys->ops->remove(a->cfg.keys, key);
		free(key);
	}
	return rc;
}

static enum berth_err forget_name(struct berth_agent *a, const char *name)
{
	enum berth_err rc = berth_store_begin(a->cfg.store);

	if (rc)
		return rc;
	if (!(rc = berth_store_delete(a->cfg.store, NS_DOOMED, name)))
		return berth_store_commit(a->cfg.store);
	berth_store_rollback(a->cfg.store);
	return rc;
}

void agent_forget_sweep(struct berth_agent *a)
{
	struct doomed d = { .n = 0 };
	enum berth_err rc;

	if (a->quarantined)
		return;		/* an old copy's word is none */
	rc = berth_store_each(a->cfg.store, NS_DOOMED, NULL, collect, &d);
	for (size_t i = 0; i < d.n; i++) {
		if (!rc && !(rc = remove_keys(a, d.name[i])))
			rc = forget_name(a, d.name[i]);
		free(d.name[i]);
	}
	if (rc)
		berth_log_err(BERTH_LOG_WARN, "forget", rc);
}
