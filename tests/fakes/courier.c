/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/courier.h"

#include "did/url.h"

#define PIURI "urn:test:note/1.0/"
#define NS_GOT "note-got"	/* "FROM THREAD N" -> how often */
#define NS_LAST "note-last"	/* "FROM THREAD" -> the last number, and how many came too soon or too late */
#define NS_SENT "note-sent"	/* "TO THREAD" -> how many */
#define NS_DEAD "note-dead"	/* id -> why */
#define ME "note"
#define KEY_MAX 400

static struct courier *now;

static enum berth_err number(struct berth_env *env, const char *ns, const char *key, int64_t *a, int64_t *b)
{
	struct berth_buf v = BERTH_BUF_INIT;
	long long x = 0, y = 0;
	enum berth_err rc = env->records->get(env->records, ns, key, &v);

	if (!rc)
		sscanf(berth_buf_cstr(&v), "%lld %lld", &x, &y);
	berth_buf_free(&v);
	*a = x;
	*b = y;
	return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
}

static enum berth_err put(struct berth_effects *fx, const char *ns, const char *key, int64_t a, int64_t b)
{
	char text[64];

	snprintf(text, sizeof(text), "%lld %lld", (long long)a, (long long)b);
	return berth_effects_put(fx, ns, key, text, strlen(text));
}

static enum berth_err on_note(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx)
{
	int64_t thread, n, times, none, last, bad;
	char key[KEY_MAX];
	enum berth_err rc;

	(void)inst;
	if ((rc = berth_json_req_int(ev->in->msg.body, "thread", 0, COURIER_THREADS_MAX, &thread)) ||
	    (rc = berth_json_req_int(ev->in->msg.body, "n", 1, INT32_MAX, &n)))
		return rc;
	snprintf(key, sizeof(key), "%s %lld", ev->sender, (long long)thread);
	if ((rc = number(env, NS_LAST, key, &last, &bad)) || (rc = put(fx, NS_LAST, key, n, bad + (n != last + 1))))
		return rc;
	snprintf(key, sizeof(key), "%s %lld %lld", ev->sender, (long long)thread, (long long)n);
	if ((rc = number(env, NS_GOT, key, &times, &none)))
		return rc;
	return put(fx, NS_GOT, key, times + 1, 0);
}

static enum berth_err send_one(struct berth_env *env, struct berth_effects *fx, const char *to, int64_t thread, int64_t n)
{
	struct berth_json *body = berth_json_new_object();
	char thid[32];

	CHECK_OK(berth_json_set_int(body, "thread", thread));
	CHECK_OK(berth_json_set_int(body, "n", n));
	snprintf(thid, sizeof(thid), "thread-%lld", (long long)thread);
	return berth_effects_send(env, fx, env->identity(env, ME), to, NULL, PIURI "note", thid, body, NULL);
}

/* {"to", "thread", "n": how many}; the record says how many there were already */
static enum berth_err on_send(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx)
{
	int64_t thread, n, sent, none;
	char key[KEY_MAX];
	const char *to;
	enum berth_err rc;

	(void)inst;
	if ((rc = berth_json_req_str(ev->args, "to", 8192, &to)) || (rc = berth_json_req_int(ev->args, "n", 1, 40, &n)) ||
	    (rc = berth_json_req_int(ev->args, "thread", 0, COURIER_THREADS_MAX, &thread)))
		return rc;
	snprintf(key, sizeof(key), "%.64s %lld", to, (long long)thread);
	if ((rc = number(env, NS_SENT, key, &sent, &none)) || (rc = put(fx, NS_SENT, key, sent + n, 0)))
		return rc;
	for (int64_t i = 1; !rc && i <= n; i++)
		rc = send_one(env, fx, to, thread, sent + i);
	return rc;
}

static enum berth_err on_poll(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx)
{
	const char *peer = berth_json_str(berth_json_get(ev->args, "peer"));
	struct berth_buf shorter = BERTH_BUF_INIT;
	enum berth_err rc;

	(void)inst;
	CHECK_OK(env->learn(env, peer));
	CHECK_OK(berth_did_short(&shorter, peer));
	rc = berth_effects_poll(fx, env->identity(env, ME), berth_buf_cstr(&shorter),
				berth_json_str(berth_json_get(ev->args, "uri")));
	berth_buf_free(&shorter);
	return rc;
}

static enum berth_err on_dead(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx)
{
	const char *id, *reason, *peer, *thid;

	(void)env;
	(void)inst;
	CHECK_OK(berth_json_req_str(ev->args, "id", 128, &id));
	CHECK_OK(berth_json_req_str(ev->args, "thid", 128, &thid));
	CHECK_OK(berth_json_req_str(ev->args, "peer", 2048, &peer));
	CHECK_OK(berth_json_req_str(ev->args, "reason", 256, &reason));
	return berth_effects_put(fx, NS_DEAD, id, reason, strlen(reason));
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	{ 0, "note",     on_note, BERTH_STATE_STAY, BERTH_STATE_STAY },
	{ 0, "cmd/send", on_send, BERTH_STATE_STAY, BERTH_STATE_STAY },
	{ 0, "cmd/poll", on_poll, BERTH_STATE_STAY, BERTH_STATE_STAY },
	{ 0, "dead",     on_dead, BERTH_STATE_STAY, BERTH_STATE_STAY },
};

static const struct berth_machine note = {
	.name = "note", .piuri = PIURI, .states = states, .n_states = 1,
	.table = table, .table_len = sizeof(table) / sizeof(table[0]),
};

void courier_begin(struct courier *c)
{
	*c = (struct courier){ .n = 0 };
	now = c;
	sim_init(&c->w);
}

void courier_end(struct courier *c)
{
	sim_free(&c->w);
	for (size_t i = 0; i < c->n; i++)
		free(c->did[i]);
}

static void ask_the_first(struct courier *c, struct sim_node *node)
{
	struct berth_json *args = berth_json_new_object();

	CHECK_OK(berth_json_set_str(args, "peer", c->did[0]));
	CHECK_OK(berth_json_set_str(args, "uri", c->node[0]->uri));
	CHECK_OK(berth_agent_command(node->agent, "note", NULL, "cmd/poll", args, NULL));
	berth_json_free(args);
}

void courier_add_with(struct courier *c, const char *name, const char *first, const char *uri)
{
	static const struct berth_machine *const machines[] = { &note };
	struct sim_node *node = sim_add(&c->w, name, uri, machines, 1);
	struct berth_env *env;

	if (first) {
		node->policy.endpoints[1] = node->policy.endpoints[0];
		node->policy.endpoints[0] = first;
		node->policy.n_endpoints = 2;
	}
	sim_on(node);
	CHECK_OK(berth_agent_make_identity(node->agent, ME, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, 0, true));
	env = berth_agent_env(node->agent);
	c->node[c->n] = node;
	c->did[c->n++] = strdup(env->identity(env, ME)->did_long);
	if (!uri)
		ask_the_first(c, node);
}

void courier_add(struct courier *c, const char *name, const char *uri) { courier_add_with(c, name, NULL, uri); }

enum berth_err courier_send(struct courier *c, size_t from, size_t to, int thread, int n)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	CHECK_OK(berth_json_set_str(args, "to", c->did[to]));
	CHECK_OK(berth_json_set_int(args, "thread", thread));
	CHECK_OK(berth_json_set_int(args, "n", n));
	sim_as(c->node[from]);
	rc = berth_agent_command(c->node[from]->agent, "note", NULL, "cmd/send", args, NULL);
	berth_json_free(args);
	if (!rc)
		c->sent[from][to][thread] += n;
	return rc;
}

static struct berth_env *env_of(struct courier *c, size_t i)
{
	sim_as(c->node[i]);
	return berth_agent_env(c->node[i]->agent);
}

void courier_recount(struct courier *c, size_t from, size_t to, int thread)
{
	struct berth_env *env = env_of(c, from);
	int64_t sent, none;
	char key[KEY_MAX];

	snprintf(key, sizeof(key), "%.64s %d", c->did[to], thread);
	CHECK_OK(number(env, NS_SENT, key, &sent, &none));
	c->sent[from][to][thread] = (int)sent;
}

struct tally { char prefix[KEY_MAX]; struct courier_got got; };

static enum berth_err tally(void *arg, const char *key, const uint8_t *value, size_t len)
{
	struct tally *t = arg;

	(void)len;
	if (strncmp(key, t->prefix, strlen(t->prefix)) == 0) {
		t->got.notes++;
		t->got.times += atoi((const char *)value);
	}
	return BERTH_OK;
}

struct courier_got courier_got(struct courier *c, size_t from, size_t to, int thread)
{
	struct berth_env *env = env_of(c, to);
	struct berth_buf sender = BERTH_BUF_INIT;
	struct tally t = { .got = { 0 } };
	int64_t last, bad;

	CHECK_OK(berth_did_short(&sender, c->did[from]));
	snprintf(t.prefix, sizeof(t.prefix), "%s %d", berth_buf_cstr(&sender), thread);
	CHECK_OK(number(env, NS_LAST, t.prefix, &last, &bad));
	t.got.out_of_order = (int)bad;
	strcat(t.prefix, " ");
	CHECK_OK(env->records->each(env->records, NS_GOT, tally, &t));
	berth_buf_free(&sender);
	return t.got;
}

static enum berth_err count_one(void *arg, const char *key, const uint8_t *value, size_t len)
{
	(void)key;
	(void)value;
	(void)len;
	++*(int *)arg;
	return BERTH_OK;
}

int courier_dead(struct courier *c, size_t at)
{
	struct berth_env *env = env_of(c, at);
	int n = 0;

	CHECK_OK(env->records->each(env->records, NS_DEAD, count_one, &n));
	return n;
}

bool courier_idle(struct sim *w)
{
	struct berth_store_counts k;

	for (size_t i = 0; i < w->n; i++) {
		if (!w->node[i].agent)
			continue;
		CHECK_OK(berth_store_counts(w->node[i].store, &k));
		if (k.out)
			return false;
	}
	return true;
}

int courier_check(struct courier *c)
{
	int all = 0;

	for (size_t from = 0; from < c->n; from++)
		for (size_t to = 0; to < c->n; to++)
			for (int thread = 0; thread < COURIER_THREADS_MAX; thread++) {
				int want = c->sent[from][to][thread];
				struct courier_got got = { 0 };

				if (!want)
					continue;
				got = courier_got(c, from, to, thread);
				if (got.notes != want || got.times != want || got.out_of_order)
					fail_msg("%s to %s, thread %d: %d sent, %d came, %d times in all, %d not in their turn",
						 c->node[from]->name, c->node[to]->name, thread, want, got.notes, got.times,
						 got.out_of_order);
				all += want;
			}
	return all;
}
