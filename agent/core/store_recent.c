/* SPDX-License-Identifier: Apache-2.0 */
/* The records that were read or written last: what one message does asks for the same few
 * again and again.  Nothing is here that the file does not say at this moment: whoever writes
 * a record notes it, and all of them go where something is taken back. */
#include <string.h>

#include "agent/core/store_internal.h"

#define LEN_MAX ((size_t)16 << 10)	/* of a value */

static struct store_recent *find(struct berth_store *s, const char *ns, const char *key)
{
	size_t n = strlen(key);		/* what they mostly differ in */

	for (struct store_recent *r = s->recent; r < s->recent + STORE_RECENT; r++)
		if (r->used && r->key.len == n && memcmp(r->key.p, key, n) == 0 && strcmp(r->ns, ns) == 0)
			return r;
	return NULL;
}

const struct store_recent *store_recent_find(struct berth_store *s, const char *ns, const char *key)
{
	return find(s, ns, key);
}

/* Its memory is for the next one. */
static void forget(struct store_recent *r)
{
	berth_buf_reset(&r->key);
	berth_buf_reset(&r->val);
	r->used = false;
}

void store_recent_note(struct berth_store *s, const char *ns, const char *key, const struct store_record *rec)
{
	struct store_recent *r = find(s, ns, key);

	if (!r)
		r = &s->recent[s->recent_next++ % STORE_RECENT];
	forget(r);
	if (rec->n > LEN_MAX)
		return;
	memcpy(r->ns, ns, strlen(ns) + 1);
	berth_buf_str(&r->key, key);
	berth_buf_put(&r->val, rec->p, rec->n);
	r->rec = (struct store_record){ .there = rec->there, .guest = rec->guest, .row = rec->row, .p = r->val.p, .n = rec->n };
	r->used = !berth_buf_status(&r->key) && !berth_buf_status(&r->val);
}

void store_recent_clear(struct berth_store *s)
{
	for (size_t i = 0; i < STORE_RECENT; i++)
		forget(&s->recent[i]);
}

void store_recent_end(struct berth_store *s)
{
	store_recent_clear(s);
	for (size_t i = 0; i < STORE_RECENT; i++) {
		berth_buf_free(&s->recent[i].key);
		berth_buf_free(&s->recent[i].val);
	}
}
