/* SPDX-License-Identifier: Apache-2.0 */
/* A store somebody has edited: the input is a list of edits (offset of three bytes,
 * new byte) to a good file.  It is refused, or everything in it can be asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/store.h"
#include "did/base/cur.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static char dir[] = "/dev/shm/berth-fuzz.XXXXXX", db[64], wal[80];
static uint8_t good[256 << 10];
static size_t good_len;

static void clean(void)
{
	unlink(db);
	unlink(wal);
	rmdir(dir);
}

static void fill(struct berth_store *s)
{
	struct berth_outbox_row row = { .id = "m", .peer = "did:x:1", .from = "", .thid = "t", .endpoints = "e",
					.body = (const uint8_t *)"{}", .body_len = 2, .expires_s = 1000 };
	uint8_t ack[BERTH_ACK_LEN] = { 1 };

	if (berth_store_begin(s) || berth_store_put_str(s, "a", "k", "v") || berth_store_outbox_put(s, &row) ||
	    berth_store_outbox_sent(s, &(struct berth_outbox_row){ .seq = 1 }, ack, 1) || berth_store_inbox_add(s, "did:x:1", "1", 1, NULL) ||
	    berth_store_audit(s, 1, "e", "d") || berth_store_counter_set(s, "g", 1) || berth_store_commit(s))
		abort();
}

static void start(void)
{
	struct berth_store *s;
	FILE *f;

	if (!mkdtemp(dir)) {	/* no file system in memory: slower */
		memcpy(dir, "/tmp/./.", 8);
		if (!mkdtemp(dir))
			abort();
	}
	atexit(clean);
	snprintf(db, sizeof(db), "%s/" BERTH_STORE_FILE, dir);
	snprintf(wal, sizeof(wal), "%s-wal", db);
	if (berth_store_open(&s, dir, true))
		abort();
	fill(s);
	berth_store_close(s);
	if (!(f = fopen(db, "rb")))
		abort();
	good_len = fread(good, 1, sizeof(good), f);
	fclose(f);
}

static enum berth_err on_record(void *arg, const char *key, const uint8_t *p, size_t n)
{
	(void)arg, (void)key, (void)p, (void)n;
	return BERTH_OK;
}

/* Whatever comes back is fine; it only has to come back. */
static void ask(struct berth_store *s)
{
	struct berth_outbox_list l;
	uint8_t answer[BERTH_ANSWER_LEN], ack[BERTH_ACK_LEN] = { 1 };
	struct berth_store_counts c;
	int64_t n;
	bool found;
	int bad = 0;

	bad += berth_store_audit_verify(s, &n) != BERTH_OK;
	bad += berth_store_each(s, "a", NULL, on_record, NULL) != BERTH_OK;
	bad += berth_store_counts(s, &c) != BERTH_OK;
	bad += berth_store_inbox_seen(s, "did:x:1", "1", &found, answer) != BERTH_OK;
	bad += berth_store_outbox_due(s, 500, 8, NULL, &l) != BERTH_OK;
	berth_outbox_list_free(&l);
	if (berth_store_begin(s) == BERTH_OK) {
		bad += berth_store_outbox_ack(s, "did:x:1", ack, &found) != BERTH_OK;
		bad += berth_store_outbox_expired(s, 2000, &n) != BERTH_OK;
		bad += berth_store_audit(s, 2, "e", "d") != BERTH_OK;
		bad += berth_store_commit(s) != BERTH_OK;
	}
	(void)bad;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static uint8_t image[sizeof(good)];
	struct berth_cur c = berth_cur(p, n);
	struct berth_store *s;
	FILE *f;

	if (!good_len)
		start();
	memcpy(image, good, good_len);
	while (c.n >= 4) {
		size_t at = (size_t)berth_cur_u8(&c) << 16;

		at |= berth_cur_be16(&c);
		image[at % good_len] = berth_cur_u8(&c);
	}
	unlink(wal);
	if (!(f = fopen(db, "wb")) || fwrite(image, 1, good_len, f) != good_len || fclose(f) || chmod(db, 0600))
		abort();
	if (berth_store_open(&s, dir, false) == BERTH_OK)
		ask(s);
	else if (s)
		abort();
	berth_store_close(s);
	return 0;
}
