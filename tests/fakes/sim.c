/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/sim.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/ipc/frame.h"
#include "did/base/clock.h"
#include "did/base/secret.h"
#include "did/base/log.h"
#include "tests/fakes/keys_local.h"
#include "tests/fakes/late_wraps.h"
#include "tests/fakes/tap.h"

struct packet {
	struct sim_node *from, *to;
	uint64_t id;		/* the sender's, or of a reply */
	uint64_t request;	/* a reply's */
	bool reply, lost;
	unsigned life;		/* of who asked: answers do not reach the next process */
	uint64_t due_ms;	/* not before */
	struct berth_buf frame;
};

/* who asked with which id, by the request number we made */
struct asked { struct sim_node *from, *to; uint64_t id; unsigned life; };
static struct asked asked[1 << 16];

#define LATE_MS 3000
#define HOLE_MS 60000

static struct sim *clock_sim;
static struct sim_node *clock_node;

static int64_t now_s(void)
{
	return clock_node ? clock_node->now_s + (int64_t)(clock_sim->mono_ms / 1000) : 0;
}
static uint64_t mono_ms(void) { return clock_sim->mono_ms; }

static uint32_t draw(struct sim *w)
{
	w->seed = w->seed * 1664525u + 1013904223u;
	return w->seed >> 16;
}

static bool unlucky(struct sim *w) { return draw(w) % 100 < w->loss_percent; }

static void record(struct sim *w, const struct packet *p)
{
	struct sim_frame *f;

	if (!w->record)
		return;
	w->frames = realloc(w->frames, (w->n_frames + 1) * sizeof(*w->frames));
	assert_non_null(w->frames);
	f = &w->frames[w->n_frames++];
	*f = (struct sim_frame){ .to = p->to, .reply = p->reply };
	berth_buf_put(&f->bytes, p->frame.p, p->frame.len);
}

static struct packet *push(struct sim *w)
{
	if (w->n_queue == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 64;
		w->queue = realloc(w->queue, w->cap * sizeof(*w->queue));
		assert_non_null(w->queue);
	}
	w->queue[w->n_queue] = (struct packet){ 0 };
	return &w->queue[w->n_queue++];
}

static struct sim_node *node_at(struct sim *w, const char *uri)
{
	for (size_t i = 0; i < w->n; i++)
		if ((w->node[i].uri && strcmp(w->node[i].uri, uri) == 0) ||
		    (w->node[i].also && strcmp(w->node[i].also, uri) == 0))
			return &w->node[i];
	return NULL;
}

/* what a developer who counts octets wants to see */
static void trace(const struct sim *w, const struct packet *p)
{
	if (getenv("BERTH_TEST_WIRE"))
		printf("%6llu %s %s -> %s %zu\n", (unsigned long long)w->mono_ms, p->reply ? "  re" : "send",
		       p->from->name, p->to ? p->to->name : "?", p->frame.len);
}

static void trace_message(void *arg, const struct berth_pack *p, const struct berth_message *msg, size_t packed)
{
	(void)arg;
	printf("       %s packed %zu, from %zu, to %zu\n", strrchr(msg->type, '/'), packed,
	       p->from ? strlen(p->from) : 0, strlen(p->to));
}

static enum berth_err net_send(struct berth_transport *t, uint64_t id, const char *uri, const struct berth_buf *frame)
{
	struct sim_node *n = (struct sim_node *)t;
	struct sim *w = n->w;
	if (n->dead && n->dead(n))
		return BERTH_OK;
	bool hit = ++w->sent == w->fault_at, hole = w->hole && strcmp(uri, w->hole) == 0;
	int copies = (hit && w->fault == FAULT_TWICE) || (w->twice_percent && draw(w) % 100 < w->twice_percent) ? 2 : 1;

	if (strncmp(uri, "nng+tcp://10.", 13) == 0)
		return berth_fail(BERTH_E_NETPOL, "%s is a private address", uri);
	if (w->on_send)
		w->on_send(n, uri);
	if (++w->under_way > w->most)
		w->most = w->under_way;

	for (int i = 0; i < copies; i++) {
		struct packet *p = push(w);

		p->from = n;
		p->to = node_at(w, uri);
		p->id = id;
		p->life = n->life;
		p->lost = (hit && w->fault == FAULT_LOSE_REQUEST) || unlucky(w) || hole;
		if (hit && (w->fault == FAULT_LATE || i == 1))
			p->due_ms = w->mono_ms + LATE_MS;
		if (w->late_percent && draw(w) % 100 < w->late_percent)
			p->due_ms = w->mono_ms + draw(w) % 60000;
		if (hole)
			p->due_ms = w->mono_ms + HOLE_MS;
		berth_buf_put(&p->frame, frame->p, frame->len);
		trace(w, p);
		if (hit && w->fault == FAULT_LOSE_REPLY)
			p->reply = false, p->id = id | (uint64_t)1 << 63;
	}
	return BERTH_OK;
}

static struct asked *asked_at(uint64_t request)
{
	return &asked[request % (sizeof(asked) / sizeof(asked[0]))];
}

/* The answer to a request, on its way or lost. */
static struct packet *answer(struct sim *w, struct sim_node *from, struct asked *a)
{
	struct packet *p = push(w);

	p->from = from;
	p->to = a->from;
	p->id = a->id & ~((uint64_t)1 << 63);
	p->life = a->life;
	p->lost = (a->id >> 63) != 0;
	p->reply = true;
	*a = (struct asked){ 0 };
	return p;
}

/* Connections break with the process: who still waits for it hears of that. */
static void hang_up(struct sim_node *n)
{
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		if (asked[i].from && asked[i].to == n)
			answer(n->w, n, &asked[i])->lost = true;
}

static enum berth_err net_reply(struct berth_transport *t, uint64_t request, const struct berth_buf *frame)
{
	struct sim_node *n = (struct sim_node *)t;
	struct asked *a = asked_at(request);
	struct packet *p;

	if (n->dead && n->dead(n))
		return BERTH_OK;
	if (!a->from) {
		berth_buf_reset(&n->w->answer);
		berth_buf_put(&n->w->answer, frame->p, frame->len);
		return BERTH_OK;
	}
	p = answer(n->w, n, a);
	p->request = request;
	p->lost |= unlucky(n->w);
	berth_buf_put(&p->frame, frame->p, frame->len);
	trace(n->w, p);
	return BERTH_OK;
}

/* The answer comes by itself: sim_run() hands it over. */
static enum berth_err net_browse(struct berth_transport *t)
{
	((struct sim_node *)t)->browsed++;
	((struct sim_node *)t)->browsing = true;
	return BERTH_OK;
}

#define DNS_OCTETS 1000

static void answer_browse(struct sim_node *n)
{
	if (n->browsing && n->agent)
		berth_agent_on_services(n->agent, n->dns ? BERTH_OK : BERTH_E_UNAVAILABLE, n->dns ? n->dns : "", DNS_OCTETS);
	n->browsing = false;
}

static const struct berth_transport_ops net = { .send = net_send, .reply = net_reply, .browse = net_browse };

void sim_init(struct sim *w)
{
	berth_crypto_init();
	berth_log_init("test", getenv("BERTH_TEST_LOG") ? BERTH_LOG_DEBUG : BERTH_LOG_ERROR, false);
	*w = (struct sim){ .mono_ms = 1000 };
	memset(asked, 0, sizeof(asked));
	/* in memory where there is some: what is synced here needs no real disk */
	snprintf(w->root, sizeof(w->root), "%s/berth-flow-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(w->root));
	clock_sim = w;
	berth_clock_inject(now_s, mono_ms);
	if (getenv("BERTH_TEST_WIRE"))
		test_tap(trace_message, NULL);
}

static void remove_tree(const char *path)
{
	char cmd[160];
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(cmd, sizeof(cmd), "%s", path);
		execlp("rm", "rm", "-rf", cmd, (char *)NULL);
		_exit(1);
	}
	while (waitpid(pid, NULL, 0) < 0)
		;
}

void sim_free(struct sim *w)
{
	for (size_t i = 0; i < w->n; i++)
		sim_off(&w->node[i]);
	sim_drop(w);
	free(w->queue);
	for (size_t i = 0; i < w->n_frames; i++)
		berth_buf_free(&w->frames[i].bytes);
	free(w->frames);
	berth_buf_free(&w->answer);
	test_tap_edit(NULL, NULL);
	test_tap(NULL, NULL);
	remove_tree(w->root);
	berth_clock_inject(NULL, NULL);
}

/* Never before the build date, and never before a certificate that a test has just had
 * made by a tool with the real clock. */
static int64_t begin_s(void)
{
	int64_t built = berth_clock_build_s() + 86400, today = (int64_t)time(NULL) + 60;

	return built > today ? built : today;
}

struct sim_node *sim_add(struct sim *w, const char *name, const char *uri,
		       const struct berth_machine *const *machines, size_t n)
{
	struct sim_node *node = &w->node[w->n++];

	*node = (struct sim_node){ .transport.ops = &net, .w = w, .name = name, .uri = uri, .now_s = begin_s() };
	snprintf(node->dir, sizeof(node->dir), "%s/%s", w->root, name);
	node->policy = (struct berth_policy){ .approve_automatically = true, .accept_hardware = true,
		.accept_sealed = true, .run_timeout_s = 600, .collect_s = 30, .issue_timeout_s = 900,
		.credential_s = 30 * 86400, .registration_s = 86400, .status_s = 86400, .credential_status = true, .oob_url = "https://oob.test/" };
	if (uri)
		node->policy.endpoints[node->policy.n_endpoints++] = node->uri;
	for (size_t i = 0; i < n; i++)
		node->cfg.machines[i] = machines[i];
	node->cfg.n_machines = n;
	node->cfg.clock_trusted = true;
	assert_int_equal(mkdir(node->dir, 0700), 0);
	return node;
}

static void open_keys(struct sim_node *n)
{
	char uri[192], pass[192];
	struct berth_keystore_config cfg = { .uri = n->key_uri ? n->key_uri : uri, .passphrase_file = pass,
		.tcti = n->tcti, .create = true };

	snprintf(uri, sizeof(uri), "soft:%s/keys", n->dir);
	snprintf(pass, sizeof(pass), "%s/passphrase", n->dir);
	if (access(pass, F_OK) != 0) {
		FILE *f = fopen(pass, "w");

		assert_non_null(f);
		fputs("8f3b6c0a1d2e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8\n", f);
		fclose(f);
		chmod(pass, 0600);
	}
	CHECK_OK(berth_keystore_open(&n->ks, &cfg));
	n->keys = test_keys_local_new(n->ks, n->key_uri ? BERTH_CUSTODY_HARDWARE : BERTH_CUSTODY_SEALED);
	test_wraps_late(n->keys->keyring);
}

void sim_on(struct sim_node *n)
{
	char dir[192];

	clock_node = n;
	n->life++;
	snprintf(dir, sizeof(dir), "%s/state", n->dir);
	open_keys(n);
	CHECK_OK(berth_store_open_vfs(&n->store, dir, true, n->vfs));
	n->cfg.store = n->store;
	n->cfg.keys = n->keys;
	n->cfg.transport = &n->transport;
	n->cfg.policy = &n->policy;
	CHECK_OK(berth_agent_new(&n->agent, &n->cfg));
}

void sim_off(struct sim_node *n)
{
	if (!n->agent)
		return;
	hang_up(n);
	berth_agent_free(n->agent);
	berth_store_close(n->store);
	test_keys_local_free(n->keys);
	berth_keystore_close(n->ks);
	n->keys = NULL;
	n->agent = NULL;
}

/* Over HTTP without acks nobody hears of them. */
static void strip_acks(struct packet *p)
{
	struct berth_buf bare = BERTH_BUF_INIT;
	struct berth_frame_request f;

	CHECK_OK(berth_frame_request_decode(&f, p->frame.p, p->frame.len));
	f.n_acks = 0;
	CHECK_OK(berth_frame_request_encode(&bare, &f));
	berth_buf_free(&p->frame);
	p->frame = bare;
}

/* The server's end of an answer: it left, or it did not. */
static void tell_sender(struct packet *p)
{
	if (!p->from->agent)
		return;
	clock_node = p->from;
	if (p->lost)
		berth_agent_on_gone(p->from->agent, p->request);
	else
		berth_agent_on_sent(p->from->agent, p->request);
	clock_node = p->to;
}

/* As a daemon does it, which may have read several. */
static void give(struct sim_node *to, uint64_t request, const char *source, const uint8_t *frame, size_t len)
{
	struct berth_agent *a = to->agent;

	if (!to->w->together)
		berth_agent_ahead(a, frame, len);
	berth_agent_on_request(a, request, to->w->link, source, frame, len);
	if (!to->w->together)
		berth_agent_ahead_end(a);
}

static void give_reply(struct packet *p)
{
	struct berth_agent *a = p->to->agent;

	if (!p->lost)
		berth_agent_ahead_reply(a, p->frame.p, p->frame.len);
	berth_agent_on_result(a, p->id, p->lost ? berth_fail(BERTH_E_UNAVAILABLE, "the answer was lost") : BERTH_OK, p->frame.p,
			      p->frame.len);
	berth_agent_ahead_end(a);
}

static void hand_over(struct sim *w, struct packet *p)
{
	uint64_t request;

	clock_node = p->to;
	if (!p->lost && p->to)
		record(w, p);
	if (p->reply) {
		if (w->link == BERTH_LINK_HTTP)
			tell_sender(p);
		w->under_way -= w->under_way > 0;
		if (p->to->agent && p->to->life == p->life)
			give_reply(p);
		return;
	}
	if (p->lost || !p->to || !p->to->agent) {
		clock_node = p->from;
		w->under_way -= w->under_way > 0;
		if (p->from->agent && p->from->life == p->life)
			berth_agent_on_result(p->from->agent, p->id & ~((uint64_t)1 << 63),
					      berth_fail(BERTH_E_UNAVAILABLE, "nobody answers"), NULL, 0);
		return;
	}
	if (w->link == BERTH_LINK_HTTP)
		strip_acks(p);
	request = ++w->next_request;
	*asked_at(request) = (struct asked){ p->from, p->to, p->id, p->life };
	give(p->to, request, p->from->name, p->frame.p, p->frame.len);
}

static bool pump_one(struct sim *w)
{
	struct packet p;
	size_t i = 0;

	while (i < w->n_queue && w->queue[i].due_ms > w->mono_ms)
		i++;
	if (i == w->n_queue)
		return false;
	p = w->queue[i];
	memmove(&w->queue[i], &w->queue[i + 1], (--w->n_queue - i) * sizeof(*w->queue));
	hand_over(w, &p);
	berth_buf_free(&p.frame);
	return true;
}

void sim_pump(struct sim *w)
{
	for (int i = 0; i < 100000 && pump_one(w); i++)
		;
}

static bool under_way(const struct sim *w)
{
	for (size_t i = 0; i < w->n_queue; i++)
		if (w->queue[i].due_ms <= w->mono_ms)
			return true;
	return false;
}

/* No later than when the next late frame arrives. */
static uint64_t sooner(const struct sim *w, uint64_t in_ms)
{
	for (size_t i = 0; i < w->n_queue; i++)
		if (w->queue[i].due_ms < w->mono_ms + in_ms)
			in_ms = w->queue[i].due_ms - w->mono_ms;
	return in_ms;
}

void sim_inject(struct sim_node *n, const uint8_t *frame, size_t len)
{
	uint64_t request = ++n->w->next_request;

	*asked_at(request) = (struct asked){ 0 };
	clock_node = n;
	give(n, request, "198.51.100.7", frame, len);
}

void sim_inject_envelope(struct sim_node *n, const struct berth_buf *packed)
{
	const struct berth_frame_request q = { .media = BERTH_FRAME_ENCRYPTED, .msg = packed->p, .msg_len = packed->len };
	struct berth_buf frame = BERTH_BUF_INIT;

	CHECK_OK(berth_frame_request_encode(&frame, &q));
	sim_inject(n, frame.p, frame.len);
	berth_buf_free(&frame);
}

void sim_inject_message(struct sim_node *n, const struct berth_pack *how, struct berth_message *m)
{
	struct berth_buf packed = BERTH_BUF_INIT;

	CHECK_OK(berth_pack(&packed, how, m));
	sim_inject_envelope(n, &packed);
	berth_message_free(m);
	berth_buf_free(&packed);
}

void sim_drop(struct sim *w)
{
	while (w->n_queue)
		berth_buf_free(&w->queue[--w->n_queue].frame);
}

void sim_as(struct sim_node *n) { clock_node = n; }

static bool run(struct sim *w, bool (*done)(struct sim *w), int64_t at_most_s, bool steps)
{
	uint64_t end = w->mono_ms + (uint64_t)at_most_s * 1000;

	while (w->mono_ms < end) {
		uint32_t wait = 60000;

		while (pump_one(w))
			if (steps && done(w))
				return true;
		if (done(w))
			return true;
		for (size_t i = 0; i < w->n; i++) {
			if (!w->node[i].agent)
				continue;
			clock_node = &w->node[i];
			answer_browse(&w->node[i]);
			uint32_t in = berth_agent_tick(w->node[i].agent);

			wait = in < wait ? in : wait;
		}
		if (w->mono_ms + wait > end)
			wait = (uint32_t)(end - w->mono_ms);
		if (!under_way(w))
			w->mono_ms += sooner(w, wait ? wait : 1);
	}
	return done(w);
}

bool sim_run(struct sim *w, bool (*done)(struct sim *w), int64_t at_most_s)
{
	return run(w, done, at_most_s, false);
}

bool sim_run_steps(struct sim *w, bool (*done)(struct sim *w), int64_t at_most_s)
{
	return run(w, done, at_most_s, true);
}

static bool never(struct sim *w)
{
	(void)w;
	return false;
}

void sim_wait(struct sim *w, int64_t s) { run(w, never, s, false); }

const char *sim_state(struct sim_node *n, const char *machine, const char *key)
{
	static char state[64];
	struct berth_json *v = NULL;

	clock_node = n;
	snprintf(state, sizeof(state), "%s", "");
	if (n->agent && berth_agent_instance(n->agent, machine, key, &v) == BERTH_OK)
		snprintf(state, sizeof(state), "%s", berth_json_str(berth_json_get(v, "state")));
	berth_json_free(v);
	return state;
}
