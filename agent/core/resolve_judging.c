/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that take long to judge: logs of did:webvh, whose every entry has a signature.
 * They are read a little in each turn of the loop, so that everybody else is served
 * meanwhile, the oldest first; only then is the log judged, and its pin moved. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/resolve_internal.h"
#include "berth/registry.h"
#include "did/method_webvh.h"
#include "did/webvh_reading.h"

#define LONG_BYTES ((size_t)64 << 10)	/* of the log and its approvals: what is shorter is judged at once */
#define HELD_BYTES ((size_t)8 << 20)	/* of all that wait; beyond it the oldest is judged at once */
#define STEPS 32			/* signatures in a turn */

struct resolve_judging {
	struct resolve_judging *next;
	struct resolve_question *q;	/* owned */
	struct berth_buf text;		/* the answer as it came */
	struct berth_res_answer answer;	/* in text */
	struct berth_webvh_files files;	/* in text */
	struct berth_webvh_reading reading;
};

static void free_one(struct resolve_judging *g)
{
	berth_webvh_read_end(&g->reading);
	resolve_question_free(g->q);
	berth_buf_free(&g->text);
	free(g);
}

static enum berth_err find_files(struct berth_webvh_files *f, const struct berth_res_answer *a)
{
	struct berth_registry_piece pieces[BERTH_RES_PARTS_MAX];
	const struct berth_registry_evidence e = resolve_evidence(a, pieces);

	return berth_webvh_files_find(f, &e);
}

static bool is_long(const struct resolve_question *q, const struct berth_res_answer *a)
{
	struct berth_webvh_files f;

	return strncmp(q->did, BERTH_WEBVH_PREFIX, strlen(BERTH_WEBVH_PREFIX)) == 0 && a->status == BERTH_REGISTRY_OK &&
	       !find_files(&f, a) && f.log_len + f.witness_len > LONG_BYTES;
}

/* ---- one ---- */

/* A copy of the answer; its question is taken last. */
static enum berth_err begin(struct resolve_judging *g, struct berth_resolveclient *c, struct resolve_question *q,
			    const struct berth_res_answer *a)
{
	enum berth_err rc;

	berth_res_answer_encode(&g->text, a);
	if ((rc = berth_buf_status(&g->text)) || (rc = berth_res_answer_decode(&g->answer, g->text.p, g->text.len)) ||
	    (rc = find_files(&g->files, &g->answer)) || (rc = berth_webvh_read_begin(&g->reading, &g->files, q->did, resolve_now_s(c))))
		return rc;
	g->q = resolve_question_take(q);
	return g->q ? BERTH_OK : berth_no_memory();
}

static void take_out(struct berth_resolveclient *c, struct resolve_judging *g)
{
	struct resolve_judging **at = &c->judging;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	c->judging_bytes -= g->text.len;
}

static void go_on(struct berth_resolveclient *c, struct resolve_judging *g, size_t steps)
{
	enum berth_err rc = berth_webvh_read_on(&g->reading, steps);

	if (!rc && g->reading.stage != BERTH_WEBVH_READ)
		return;
	take_out(c, g);
	resolve_on_read(c, g->q, &g->answer, rc, &g->reading.log);
	free_one(g);
}

/* ---- all ---- */

static void append(struct berth_resolveclient *c, struct resolve_judging *g)
{
	struct resolve_judging **at = &c->judging;

	while (*at)
		at = &(*at)->next;
	*at = g;
	c->judging_bytes += g->text.len;
}

static struct resolve_judging *find(const struct berth_resolveclient *c, const char *key)
{
	struct resolve_judging *g = c->judging;

	while (g && strcmp(g->q->key, key) != 0)
		g = g->next;
	return g;
}

bool resolve_judging_add(struct berth_resolveclient *c, struct resolve_question *q, const struct berth_res_answer *a)
{
	struct resolve_judging *g;

	if (!is_long(q, a) || !(g = calloc(1, sizeof(*g))))
		return false;
	if (begin(g, c, q, a)) {
		free_one(g);
		return false;		/* and whoever judges it at once says why */
	}
	append(c, g);
	while (c->judging && c->judging_bytes > HELD_BYTES)
		go_on(c, c->judging, SIZE_MAX);
	return true;
}

bool resolve_judging_has(const struct berth_resolveclient *c, const char *key)
{
	return find(c, key) != NULL;
}

void resolve_judging_turn(struct berth_resolveclient *c)
{
	if (c->judging)
		go_on(c, c->judging, STEPS);
}

void resolve_judging_finish(struct berth_resolveclient *c, const char *key)
{
	struct resolve_judging *g = find(c, key);

	if (g)
		go_on(c, g, SIZE_MAX);
}

void resolve_judging_free(struct berth_resolveclient *c)
{
	while (c->judging) {
		struct resolve_judging *g = c->judging;

		take_out(c, g);
		free_one(g);
	}
}
