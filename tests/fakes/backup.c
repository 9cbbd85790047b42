/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <stdio.h>

#include "tests/fakes/backup.h"

static char kept[256], store[256];

void backup_take(struct story *s)
{
	struct berth_buf path = BERTH_BUF_INIT;

	sim_as(s->owner);
	CHECK_OK(berth_store_snapshot(s->owner->store, &path));
	snprintf(kept, sizeof(kept), "%s/kept", s->owner->dir);
	snprintf(store, sizeof(store), "%s/state/%s", s->owner->dir, BERTH_STORE_FILE);
	assert_int_equal(rename(berth_buf_cstr(&path), kept), 0);
	berth_buf_free(&path);
}

void backup_put(void) { assert_int_equal(rename(kept, store), 0); }

void backup_restore(struct story *s)
{
	sim_off(s->owner);
	backup_put();
	sim_on(s->owner);
}
