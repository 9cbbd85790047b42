/* SPDX-License-Identifier: Apache-2.0 */
/* The two counters of the store and the device's own beside them (ONBOARDING C.3).
 *
 * The order is: the store's counter rises in the transaction that changes the state;
 * that is committed; then the device's counter follows; only then does anything of it
 * leave.  The power may go between any two of these:
 *
 *	before the commit	nothing has happened
 *	after the commit	the store is one ahead: the next start, or the next
 *				step, makes the device follow
 *	after the device's step	both are level
 *
 * A device that cannot step now is like the second of these without the cut: until it
 * has followed, nothing leaves (counters_behind); whoever asks hears busy.
 *
 * so a store is level with its device or one ahead of it, and whatever else is an old
 * copy.  The other way round, a power cut would look like one.
 *
 * A device that nothing protects from being turned back, a number in a file, does not sync
 * each step of its generation (keystore.h): the same cut may take the last of them from it,
 * though not from the store, which is up to BERTH_COUNTER_LAG ahead of it then.  That much is
 * made up for as one step is.  It hides nothing that showed before: such a file may be put
 * back together with the store, and a store that is older than its file still shows.  A
 * TPM's counters, and the epoch of any device, are level or one behind.
 *
 * What may be lost with the power (fx->fleeting) is no step: the device would be ahead of a
 * store that has forgotten it.  Nor need it be one, for an older copy that brings it back is
 * what a power cut leaves.
 *
 * What a batch changes is on the disk at once or not at all (store_txn.c): one step is for
 * all of it, behind its sync. */
#include "agent/core/agent_internal.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define COUNTER_PAID "generation-paid"

/* "At most 24 a day on average": each step takes an hour of the agent's uptime to pay
 * for, and a day's worth may be owed, which is more than two onboardings. */
#define STEP_S 3600
#define BURST 24

static const struct { const char *name; enum berth_counter device; } counters[] = {
	{ COUNTER_GENERATION, BERTH_COUNTER_GENERATION },
	{ COUNTER_EPOCH, BERTH_COUNTER_EPOCH },
};
#define N_COUNTERS (sizeof(counters) / sizeof(counters[0]))
#define DUE(i) (1u << (i))

static enum berth_err
read_both(struct berth_agent *a, size_t i, int64_t *stored, uint64_t *device, bool *protected_)
{
	enum berth_err rc = berth_store_counter_get(a->cfg.store, counters[i].name, stored);

	return rc ? rc : a->cfg.keys->ops->counter_read(a->cfg.keys, counters[i].device, device, protected_);
}

static uint64_t lag(size_t i, bool protected_)
{
	return counters[i].device == BERTH_COUNTER_GENERATION && !protected_ ? BERTH_COUNTER_LAG : 1;
}

/* Steps that the device has missed, or lost, are made up for. */
static enum berth_err follow(struct berth_agent *a, size_t i, int64_t *stored, uint64_t *device, bool *protected_)
{
	enum berth_err rc = read_both(a, i, stored, device, protected_);
	uint64_t missed = rc ? 0 : (uint64_t)*stored - *device;

	if (missed > lag(i, *protected_))
		return rc;
	if (missed > 1)
		berth_log(BERTH_LOG_INFO, "counter", "%s: %llu steps that a power cut took", counters[i].name,
			  (unsigned long long)missed);
	for (; !rc && missed; missed--)
		rc = a->cfg.keys->ops->counter_step(a->cfg.keys, counters[i].device, device);
	if (!rc && (uint64_t)*stored == *device)
		a->counters_level |= DUE(i);
	return rc;
}

/* By it devices tell this restoration from an earlier one.  Another one of the same backup, on
 * another machine, may well count to the same generation. */
static enum berth_err number_it(struct berth_store *s, int64_t generation)
{
	int64_t last, at = berth_clock_now_s();
	enum berth_err rc = berth_store_counter_get(s, BERTH_COUNTER_RESTORED_S, &last);

	if (at < generation)
		at = generation;
	return rc ? rc : berth_store_counter_set(s, BERTH_COUNTER_RESTORED_S, at > last ? at : last + 1);
}

/* A store out of a backup is older than the keys beside it, and says so: it goes on from
 * their counter.  Where a device counts, nobody's word is taken for that. */
static enum berth_err take_up(struct berth_agent *a)
{
	struct berth_store *s = a->cfg.store;
	int64_t restored, stored;
	bool protected_;
	uint64_t device;
	enum berth_err rc;

	if ((rc = berth_store_counter_get(s, BERTH_COUNTER_RESTORED, &restored)) || restored != 1 ||
	    (rc = follow(a, 0, &stored, &device, &protected_)) || protected_ || (uint64_t)stored > device)
		return rc;
	if ((rc = berth_store_begin(s)))
		return rc;
	if ((rc = berth_store_counter_set(s, COUNTER_GENERATION, (int64_t)device + 1)) ||
	    (rc = berth_store_counter_set(s, BERTH_COUNTER_RESTORED, 2)) || (rc = number_it(s, (int64_t)device + 1)) ||
	    (rc = berth_store_audit(s, berth_clock_now_s(), "restored", "from a backup")) || (rc = berth_store_commit(s)))
		berth_store_rollback(s);
	return rc;
}

enum berth_err agent_counters_check(struct berth_agent *a, bool *rolled_back)
{
	uint64_t device;
	int64_t stored;
	bool protected_;
	enum berth_err rc = take_up(a);

	if (rc)
		return rc;
	for (size_t i = 0; i < N_COUNTERS; i++) {
		if ((rc = follow(a, i, &stored, &device, &protected_)))
			return rc;
		if ((uint64_t)stored == device)
			continue;
		berth_log(BERTH_LOG_ERROR, "rollback", "%s: the store says %lld, the device %llu", counters[i].name,
			  (long long)stored, (unsigned long long)device);
		*rolled_back = true;
	}
	return BERTH_OK;
}

/* The bill, as the second of uptime up to which everything is paid. */
static enum berth_err pay(struct berth_agent *a, bool must, bool *paid)
{
	int64_t now = berth_agent_now_s(a), until;
	enum berth_err rc = berth_store_counter_get(a->cfg.store, COUNTER_PAID, &until);

	*paid = false;
	if (rc)
		return rc;
	if (until < now)
		until = now;
	if (!must && until - now > (BURST - 1) * STEP_S)
		return BERTH_OK;
	*paid = true;
	return berth_store_counter_set(a->cfg.store, COUNTER_PAID, until + STEP_S);
}

static enum berth_err decide(struct berth_agent *a, struct berth_effects *fx)
{
	if (a->quarantined)
		fx->step_generation = fx->step_epoch = fx->may_step_generation = false;
	if (a->counters_due & DUE(0))	/* that of the batch is for this too, and paid */
		fx->step_generation = fx->may_step_generation = false;
	if (!fx->step_generation && !fx->may_step_generation)
		return BERTH_OK;
	return pay(a, fx->step_generation, &fx->step_generation);
}

/* One ahead of the device's, never two.  A device that has taken each step is not asked for it. */
static enum berth_err raise(struct berth_agent *a, size_t i)
{
	uint64_t device;
	int64_t stored;
	bool protected_;
	enum berth_err rc;

	if (a->counters_due & DUE(i))
		return BERTH_OK;
	rc = a->counters_level & DUE(i) ? berth_store_counter_get(a->cfg.store, counters[i].name, &stored)
					: follow(a, i, &stored, &device, &protected_);
	a->counters_level &= ~DUE(i);
	return rc ? rc : berth_store_counter_set(a->cfg.store, counters[i].name, stored + 1);
}

enum berth_err agent_counters_apply(struct berth_agent *a, struct berth_effects *fx)
{
	enum berth_err rc = decide(a, fx);

	if (!rc && fx->step_generation)
		rc = raise(a, 0);
	return rc || !fx->step_epoch ? rc : raise(a, 1);
}

void agent_counters_follow(struct berth_agent *a)
{
	uint64_t device;
	int64_t stored;
	bool protected_;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < N_COUNTERS; i++)
		rc = follow(a, i, &stored, &device, &protected_);
	a->counters_behind = rc != BERTH_OK;
	if (rc)
		berth_log_err(BERTH_LOG_ERROR, "counter", rc);
}

void agent_counters_risen(struct berth_agent *a, const struct berth_effects *fx)
{
	a->counters_due |= (fx->step_generation ? DUE(0) : 0) | (fx->step_epoch ? DUE(1) : 0);
}

enum berth_err agent_counters_step(struct berth_agent *a)
{
	struct berth_keys *k = a->cfg.keys;
	uint64_t v;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < N_COUNTERS; i++)
		if (a->counters_due & DUE(i) && !(rc = k->ops->counter_step(k, counters[i].device, &v)))
			a->counters_level |= DUE(i);
	a->counters_due = 0;
	if (rc) {
		a->counters_behind = true;
		berth_log_err(BERTH_LOG_ERROR, "counter", rc);
	}
	return rc;
}
