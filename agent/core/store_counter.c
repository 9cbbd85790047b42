/* SPDX-License-Identifier: Apache-2.0 */
/* Named numbers, and how much there is of everything. */
#include <string.h>

#include "agent/core/store_internal.h"

/* What we know of it; NULL: nothing. */
static int64_t *kept(struct berth_store *s, const char *name)
{
	for (size_t i = 0; i < s->total.n_counters; i++)
		if (strcmp(s->total.counter[i].name, name) == 0)
			return &s->total.counter[i].value;
	return NULL;
}

static void keep(struct berth_store *s, const char *name, int64_t value)
{
	int64_t *old = kept(s, name);
	size_t n = s->total.n_counters;

	if (old) {
		*old = value;
	} else if (n < COUNTERS_KEPT && strlen(name) <= BERTH_STORE_COUNTER_MAX) {
		memcpy(s->total.counter[n].name, name, strlen(name) + 1);
		s->total.counter[n].value = value;
		s->total.n_counters++;
	}
}

/* No record's, whose namespaces are not empty. */
static struct store_name name_of(const char *name) { return store_name_of("", name); }

enum berth_err berth_store_counter_get(struct berth_store *s, const char *name, int64_t *out)
{
	const struct store_name n = name_of(name);
	const int64_t *known;
	enum berth_err rc;

	*out = 0;
	if ((rc = store_ready(s, false)))
		return rc;
	if ((known = kept(s, name))) {
		*out = *known;
		return BERTH_OK;
	}
	if (!(rc = store_int(s, out, 0, "SELECT val FROM meta WHERE name = 'c:' || ?1", store_behind_has(s, &n) ? "s" : "-s", name)))
		keep(s, name, *out);
	return rc;
}

enum berth_err berth_store_counter_set(struct berth_store *s, const char *name, int64_t value)
{
	enum berth_err rc;
	int64_t known;

	if ((rc = store_ready(s, true)))
		return rc;
	if (strlen(name) > BERTH_STORE_COUNTER_MAX)
		return berth_fail(BERTH_E_SIZE, "store: counter %.40s", name);
	/* one that changes nothing is no change, which somebody might wait for */
	if ((rc = berth_store_counter_get(s, name, &known)) || known == value)
		return rc;
	if (!(rc = store_later(s, STORE_ADDED, 0, name_of(name), "REPLACE INTO meta VALUES ('c:' || ?1, ?2)", "si", name, value)))
		keep(s, name, value);
	return rc;
}

enum berth_err berth_store_counter_note(struct berth_store *s, const char *name, int64_t value)
{
	int64_t before = store_changes(s);
	enum berth_err rc = berth_store_counter_set(s, name, value);

	if (!rc)
		s->changes += store_changes(s) - before;
	return rc;
}

enum berth_err berth_store_counts(struct berth_store *s, struct berth_store_counts *out)
{
	enum berth_err rc;

	*out = (struct berth_store_counts){ 0 };
	if ((rc = store_ready(s, false)) || (rc = store_totals(s)) ||
	    (rc = store_int(s, &out->dead, 0, "SELECT count(*) FROM dead", "")) ||
	    (rc = store_int(s, &out->audit, 0, "SELECT count(*) FROM audit", "")))
		return rc;
	out->out = s->total.out_msgs;
	out->out_bytes = s->total.out_bytes;
	out->parked = s->total.parked;
	out->inbox = s->total.in_msgs;
	out->records = s->total.records;
	out->guests = s->total.guests;
	out->guest_bytes = s->total.guest_bytes;
	return BERTH_OK;
}

enum berth_err berth_store_bytes(struct berth_store *s, int64_t *out)
{
	int64_t pages;
	enum berth_err rc;

	*out = 0;
	if ((rc = store_ready(s, false)) || (rc = store_int(s, &pages, 0, "PRAGMA page_count", "")))
		return rc;
	*out = pages * s->page_len;
	return BERTH_OK;
}
