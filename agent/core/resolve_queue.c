/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to registries: those under way and those that wait for it.  Urgent ones come
 * first, else they are in the order in which they came. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/resolve_process.h"

void resolve_question_free(struct resolve_question *q)
{
	if (!q)
		return;
	free(q->key);
	free(q->did);
	free(q->number);
	berth_buf_free(&q->payload);
	free(q);
}

static enum berth_err question_new(struct resolve_question **out, const char *key, const struct berth_res_ask *m,
				    const char *number)
{
	struct resolve_question *q = calloc(1, sizeof(*q));

	*out = NULL;
	if (q) {
		q->key = strdup(key);
		q->did = strdup(m->did);
		q->number = number ? strdup(number) : NULL;
		q->adapter = m->adapter;
		q->deadline_ms = m->deadline_ms;
		berth_res_ask_encode(&q->payload, m);
	}
	if (!q || !q->key || !q->did || (number && !q->number) || berth_buf_status(&q->payload)) {
		resolve_question_free(q);
		return berth_no_memory();
	}
	*out = q;
	return BERTH_OK;
}

struct resolve_question *resolve_question_take(struct resolve_question *q)
{
	struct resolve_question *mine = malloc(sizeof(*mine));

	if (!mine)
		return NULL;
	*mine = *q;
	q->key = q->did = q->number = NULL;	/* mine's now */
	q->payload = (struct berth_buf)BERTH_BUF_INIT;
	return mine;
}

/* Where the next one goes: behind all that are as urgent. */
static size_t place(const struct resolve_process *p, bool urgent)
{
	size_t at = p->n_queue;

	while (urgent && at && !p->queue[at - 1]->urgent)
		at--;
	return at;
}

static void insert(struct resolve_process *p, struct resolve_question *q)
{
	size_t at = place(p, q->urgent);

	memmove(&p->queue[at + 1], &p->queue[at], (p->n_queue++ - at) * sizeof(q));
	p->queue[at] = q;
}

static void take_out(struct resolve_process *p, const struct resolve_question *q)
{
	size_t at = 0;

	while (p->queue[at] != q)
		at++;
	memmove(&p->queue[at], &p->queue[at + 1], (--p->n_queue - at) * sizeof(q));
}

enum berth_err resolve_queue_add(struct resolve_process *p, const char *key, const struct berth_res_ask *m,
				 const char *number, bool urgent, resolve_done *done, void *arg)
{
	struct resolve_question *q;
	enum berth_err rc;

	if (p->n_queue + (urgent ? 0 : RESOLVE_RESERVED) >= RESOLVE_QUEUE_MAX)
		return berth_fail(BERTH_E_QUOTA, "%zu look-ups are waiting", p->n_queue);
	if ((rc = question_new(&q, key, m, number)))
		return rc;
	q->urgent = urgent;
	q->done = done;
	q->arg = arg;
	insert(p, q);
	return BERTH_OK;
}

struct resolve_question *resolve_queue_find(const struct resolve_process *p, const char *key)
{
	for (size_t i = 0; i < p->n_queue; i++)
		if (strcmp(p->queue[i]->key, key) == 0)
			return p->queue[i];
	return NULL;
}

struct resolve_question *resolve_queue_asked(const struct resolve_process *p, uint32_t seq)
{
	for (size_t i = 0; seq && i < p->n_queue; i++)
		if (p->queue[i]->seq == seq)
			return p->queue[i];
	return NULL;
}

void resolve_queue_hurry(struct resolve_process *p, struct resolve_question *q)
{
	if (q->urgent)
		return;
	take_out(p, q);
	q->urgent = true;
	insert(p, q);
}

struct resolve_question *resolve_queue_next(const struct resolve_process *p)
{
	for (size_t i = 0; i < p->n_queue; i++) {
		struct resolve_question *q = p->queue[i];

		if (!q->seq)
			return p->n_asked + (q->urgent ? 0 : RESOLVE_RESERVED) < BERTH_RES_AT_ONCE ? q : NULL;
	}
	return NULL;
}

void resolve_queue_finish(struct resolve_process *p, struct resolve_question *q, const struct berth_res_answer *a, bool blamed)
{
	take_out(p, q);
	if (q->seq)
		p->n_asked--;
	q->done(q->arg, q, a, blamed);
	resolve_question_free(q);
}

/* Nobody can be asked meanwhile: what a callback asks for anew is refused. */
void resolve_queue_finish_all(struct resolve_process *p, const struct resolve_question *culprit)
{
	while (p->n_queue)
		resolve_queue_finish(p, p->queue[0], NULL, p->queue[0] == culprit);
}
