/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/metrics.h"
#include "agent/core/resolve_process.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/clock.h"
#include "did/base/log.h"

#define WAIT_MAX_MS 60000
#define LEFT_AFTER_MS 1000	/* sooner it is a failure */
#define TRIES_MAX 3

/* --- up and down ------------------------------------------------------------------- */

bool resolve_process_rests(const struct resolve_process *p)
{
	return !p->proc.pid && berth_clock_mono_ms() < p->not_before_ms;
}

bool resolve_process_is_ready(const struct resolve_process *p)
{
	return p->proc.pid && p->stage == RESOLVE_READY;
}

static enum berth_err up(struct resolve_process *p)
{
	char arg0[] = "berth-resolverd", *argv[] = { arg0, NULL };
	struct berth_buf path = BERTH_BUF_INIT;
	enum berth_err rc;
	int sock;

	if (!(rc = berth_proc_libexec(&path, p->libexec_dir, "resolverd")))
		rc = berth_proc_spawn(&p->proc, &sock, berth_buf_cstr(&path), argv);
	berth_buf_free(&path);
	if (rc)
		return rc;
	berth_ipc_init(&p->ipc, sock);
	p->loaded = 0;
	p->outdated = false;
	p->stage = p->policy.len ? RESOLVE_POLICY : RESOLVE_LOADING;
	p->setup_seq = p->now_seq = 0;
	p->setup_rc = BERTH_OK;
	return BERTH_OK;
}

/* Whose adapter ran last, if it is still under way. */
static struct resolve_question *running(const struct resolve_process *p)
{
	return resolve_queue_asked(p, p->now_seq);
}

/* Of a process that hangs; where nothing ran, the only one that was asked. */
static struct resolve_question *suspect(const struct resolve_process *p)
{
	struct resolve_question *q = running(p);

	for (size_t i = 0; !q && p->n_asked == 1 && i < p->n_queue; i++)
		if (p->queue[i]->seq)
			q = p->queue[i];
	return q;
}

/* What it has not begun with the next one may be asked. */
static void take_back(struct resolve_process *p)
{
	for (size_t i = 0; i < p->n_queue; i++) {
		struct resolve_question *q = p->queue[i];

		if (q->seq && !q->begun && ++q->tries < TRIES_MAX) {
			q->seq = 0;
			p->n_asked--;
		}
	}
}

/* Whoever waits hears of it, but after a process that ended by itself with nothing under
 * way, as it does when a file of its has been replaced: then another one is asked at once. */
static void down(struct resolve_process *p, const struct resolve_question *culprit)
{
	uint64_t now = berth_clock_mono_ms();
	uint64_t lived = now > p->proc.started_ms ? now - p->proc.started_ms : 0;
	bool left = p->proc.pid && p->stage == RESOLVE_READY && p->n_asked == 0 && lived >= LEFT_AFTER_MS;

	if (p->proc.pid && p->stage != RESOLVE_READY && !p->setup_rc)
		p->setup_rc = BERTH_E_PLUGIN;
	berth_ipc_close(&p->ipc);
	berth_res_pieces_clear(&p->pieces);
	berth_proc_stop(&p->proc, 0);
	if (!left)
		berth_metric_count(BERTH_METRIC_RESOLVERD_ENDS);
	p->not_before_ms = left ? now : now + berth_backoff_next(&p->backoff, lived);
	if (!left)
		resolve_queue_finish_all(p, culprit);
}

/* Another one has what this one cannot be told. */
static void retire(struct resolve_process *p)
{
	berth_ipc_close(&p->ipc);
	berth_proc_stop(&p->proc, 0);		/* nobody waits for it */
	p->not_before_ms = berth_clock_mono_ms();
}

static void ended(struct resolve_process *p)
{
	const struct resolve_question *culprit = running(p);

	take_back(p);
	down(p, culprit);
}

enum berth_err resolve_process_start(struct resolve_process *p)
{
	enum berth_err rc;

	if (p->proc.pid)
		return BERTH_OK;
	if (resolve_process_rests(p))
		return berth_fail(BERTH_E_PLUGIN, "resolverd failed and is not started again yet");
	if ((rc = up(p)))
		down(p, NULL);
	return rc;
}

/* --- what it is told ----------------------------------------------------------------- */

struct sending { struct resolve_process *p; uint32_t seq; };

static enum berth_err queue_frame(void *arg, uint16_t op, const void *b, size_t n)
{
	struct sending *s = arg;

	return berth_ipc_queue(&s->p->ipc, op, s->seq, b, n);
}

/* A number for it, and out with as much as the socket takes. */
static enum berth_err tell(struct resolve_process *p, uint16_t op, const struct berth_buf *payload, uint32_t *seq)
{
	struct sending s = { p, p->seq == UINT32_MAX ? 1 : p->seq + 1 };
	enum berth_err rc = berth_res_in_pieces(op, payload, queue_frame, &s);

	*seq = p->seq = s.seq;
	return rc ? rc : berth_ipc_on_writable(&p->ipc);
}

static void encode_load(const struct resolve_adapter *a, struct berth_buf *out)
{
	struct berth_res_load m = { .config = a->config };

	memcpy(m.path, a->path, strlen(a->path) + 1);
	berth_res_load_encode(out, &m);
}

static enum berth_err set_up(struct resolve_process *p)
{
	static const uint16_t ops[] = { [RESOLVE_POLICY] = BERTH_RES_POLICY, [RESOLVE_LOADING] = BERTH_RES_LOAD,
		[RESOLVE_SEALING] = BERTH_RES_SEAL };
	struct berth_buf load = BERTH_BUF_INIT;
	enum berth_err rc;

	if (p->stage == RESOLVE_LOADING && p->loaded == p->n)
		p->stage = RESOLVE_SEALING;
	if (p->stage == RESOLVE_LOADING)
		encode_load(&p->adapters[p->loaded], &load);
	p->setup_until_ms = berth_clock_mono_ms() + p->setup_ms + RESOLVE_GRACE_MS;
	rc = tell(p, ops[p->stage], p->stage == RESOLVE_POLICY ? &p->policy : &load, &p->setup_seq);
	berth_buf_free(&load);
	return rc;
}

/* Room for it in the queue of what is to be written; a question alone always has it. */
static bool has_room(const struct resolve_process *p, const struct resolve_question *q)
{
	size_t waiting = p->ipc.out.len - p->ipc.out_at;

	return waiting == 0 || waiting + q->payload.len + BERTH_RES_PIECE < BERTH_IPC_QUEUE_MAX;
}

static enum berth_err ask(struct resolve_process *p, struct resolve_question *q)
{
	q->until_ms = berth_clock_mono_ms() + q->deadline_ms + RESOLVE_GRACE_MS;
	p->n_asked++;
	return tell(p, BERTH_RES_ASK, &q->payload, &q->seq);
}

void resolve_process_cancel(struct resolve_process *p, const struct resolve_question *q)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;
	uint32_t own;

	berth_buf_be32(&b, q->seq);
	if ((rc = tell(p, BERTH_RES_CANCEL, &b, &own)))		/* then the deadline ends it */
		berth_log_err(BERTH_LOG_DEBUG, "registry", rc);
	berth_buf_free(&b);
}

static enum berth_err ask_what_is_next(struct resolve_process *p)
{
	struct resolve_question *q;
	enum berth_err rc = BERTH_OK;

	if (p->stage != RESOLVE_READY && !p->setup_seq)
		rc = set_up(p);
	while (!rc && p->stage == RESOLVE_READY && !p->outdated && (q = resolve_queue_next(p)) && has_room(p, q))
		rc = ask(p, q);
	return rc;
}

void resolve_process_proceed(struct resolve_process *p)
{
	if (p->running)
		return;
	do {
		if (p->proc.pid && p->outdated && p->n_asked == 0 && p->stage == RESOLVE_READY)
			retire(p);
		if (!p->proc.pid && p->n_queue && resolve_process_start(p))
			resolve_queue_finish_all(p, NULL);	/* it rests */
		if (p->proc.pid && ask_what_is_next(p))
			ended(p);
	} while (!p->proc.pid && p->n_queue);
}

/* --- what it answers ------------------------------------------------------------------- */

static enum berth_err on_loaded(struct resolve_process *p, const struct berth_ipc_frame *f)
{
	struct resolve_adapter *a = &p->adapters[p->loaded];
	struct berth_res_loaded l;
	enum berth_err rc = berth_res_loaded_decode(&l, f->p, f->n);

	if (rc)
		return rc;
	a->is = l;
	berth_log(BERTH_LOG_INFO, "adapter.loaded", "%s: %s for %s", a->name, l.name, l.methods);
	p->loaded++;
	return BERTH_OK;
}

static enum berth_err on_set_up(struct resolve_process *p, enum berth_err rc, const struct berth_ipc_frame *f)
{
	p->setup_seq = 0;
	if (!rc && p->stage == RESOLVE_LOADING)
		rc = on_loaded(p, f);
	else if (!rc && f->n)
		rc = berth_fail(BERTH_E_TYPE, "resolverd: a long answer to nothing");
	else if (!rc)
		p->stage = p->stage == RESOLVE_POLICY ? RESOLVE_LOADING : RESOLVE_READY;
	if (rc)
		p->setup_rc = rc;
	return rc;
}

/* An error from the process itself is its end: it says so and dies. */
static enum berth_err on_answer(struct resolve_process *p, struct resolve_question *q, const struct berth_ipc_frame *f)
{
	struct berth_res_answer a;
	const uint8_t *text = f->p;
	size_t n = f->n;
	enum berth_err rc;

	if (!(rc = berth_res_pieces_end(&p->pieces, f->seq, &text, &n)) && !(rc = berth_res_answer_decode(&a, text, n)))
		resolve_queue_finish(p, q, &a, false);
	berth_res_pieces_clear(&p->pieces);
	return rc;
}

/* The code of an error frame; BERTH_OK for a good answer. */
static enum berth_err code_of(struct resolve_process *p, const struct berth_ipc_frame *f)
{
	if (f->op == BERTH_IPC_OK)
		return BERTH_OK;
	if (f->op != BERTH_IPC_ERR)
		return berth_fail(BERTH_E_TYPE, "resolverd: op %u", f->op);
	p->ipc.seq = f->seq;
	return berth_ipc_take_answer(&p->ipc, f, NULL);
}

static enum berth_err on_frame(void *arg, const struct berth_ipc_frame *f)
{
	struct resolve_process *p = arg;
	struct resolve_question *q;
	enum berth_err rc;

	if (f->op == BERTH_RES_MORE)
		return berth_res_pieces_take(&p->pieces, f->seq, f->p, f->n);
	if (f->op == BERTH_RES_NOW) {
		p->now_seq = f->seq;
		if ((q = running(p)))
			q->begun = true;
		return BERTH_OK;
	}
	rc = code_of(p, f);
	if (p->setup_seq && f->seq == p->setup_seq)
		return on_set_up(p, rc, f);
	if (!(q = resolve_queue_asked(p, f->seq)))
		return berth_fail(BERTH_E_TYPE, "resolverd: an answer to nothing");
	p->now_seq = rc ? f->seq : p->now_seq;
	return rc ? rc : on_answer(p, q, f);
}

static bool hangs(const struct resolve_process *p)
{
	return p->proc.pid && resolve_process_timeout_ms(p) == 0;
}

void resolve_process_run(struct resolve_process *p, bool readable)
{
	p->running = true;
	if (readable && p->proc.pid && berth_ipc_on_readable(&p->ipc, on_frame, p))
		ended(p);
	if (p->proc.pid && berth_ipc_wants_write(&p->ipc) && berth_ipc_on_writable(&p->ipc))
		ended(p);
	if (hangs(p))
		down(p, suspect(p));
	p->running = false;
	resolve_process_proceed(p);
}

int resolve_process_fd(const struct resolve_process *p)
{
	return p->proc.pid ? p->ipc.fd : -1;
}

bool resolve_process_wants_write(const struct resolve_process *p)
{
	return p->proc.pid && berth_ipc_wants_write(&p->ipc);
}

uint32_t resolve_process_timeout_ms(const struct resolve_process *p)
{
	uint64_t now = berth_clock_mono_ms(), first = p->setup_seq ? p->setup_until_ms : UINT64_MAX;

	if (!p->proc.pid)
		return UINT32_MAX;
	for (size_t i = 0; i < p->n_queue; i++)
		if (p->queue[i]->seq && p->queue[i]->until_ms < first)
			first = p->queue[i]->until_ms;
	if (first == UINT64_MAX)
		return UINT32_MAX;
	return first > now ? (uint32_t)(first - now) : 0;
}

void resolve_process_turn(struct resolve_process *p)
{
	struct pollfd fd = { .fd = resolve_process_fd(p), .events = POLLIN };
	uint32_t in = resolve_process_timeout_ms(p);

	if (resolve_process_wants_write(p))
		fd.events |= POLLOUT;
	resolve_process_run(p, poll(&fd, 1, in > WAIT_MAX_MS ? WAIT_MAX_MS : (int)in) > 0 && fd.revents & ~POLLOUT);
}

/* --- life ---------------------------------------------------------------------------- */

void resolve_process_init(struct resolve_process *p, const char *libexec_dir)
{
	p->libexec_dir = libexec_dir;
	p->proc.pidfd = -1;
	berth_ipc_init(&p->ipc, -1);
}

enum berth_err
resolve_process_add(struct resolve_process *p, const char *name, const char *path, const char *config)
{
	struct resolve_adapter *a = &p->adapters[p->n];

	if (p->n == RESOLVE_ADAPTERS_MAX || strlen(path) > BERTH_RES_PATH_MAX || strlen(config) > BERTH_RES_CONFIG_MAX)
		return berth_fail(BERTH_E_CONFIG, "adapter %.60s: too many, or too long", name);
	*a = (struct resolve_adapter){ .name = strdup(name), .path = strdup(path), .config = strdup(config) };
	p->n++;
	return a->name && a->path && a->config ? BERTH_OK : berth_no_memory();
}

void resolve_process_set_policy(struct resolve_process *p, struct berth_buf *policy)
{
	if (policy->len != p->policy.len || memcmp(policy->p, p->policy.p, policy->len) != 0) {
		berth_buf_free(&p->policy);
		p->policy = *policy;
		*policy = (struct berth_buf)BERTH_BUF_INIT;
		p->outdated = true;
	}
	berth_buf_free(policy);
}

void resolve_process_free(struct resolve_process *p)
{
	berth_ipc_close(&p->ipc);
	berth_proc_stop(&p->proc, RESOLVE_GRACE_MS);
	p->not_before_ms = UINT64_MAX;
	resolve_queue_finish_all(p, NULL);
	berth_res_pieces_clear(&p->pieces);
	berth_buf_free(&p->policy);
	for (size_t i = 0; i < p->n; i++) {
		free(p->adapters[i].name);
		free(p->adapters[i].path);
		free(p->adapters[i].config);
		berth_buf_free(&p->adapters[i].only);
	}
}
