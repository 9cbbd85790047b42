/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "did/url.h"

#define PIURI "urn:test:note/1.0/"
#define NS_GOT "note-got"	/* "FROM THREAD N" -> how often */
#define NS_LAST "note-last"	/* "FROM THREAD" -> the last number, and how many came too soon or too late */
#define NS_SENT "note-sent"	/* "TO THREAD" -> how many */
#define NS_DEAD "note-dead"	/* id -> why */
#define LATENCIES_MAX 65536

static uint32_t latencies[LATENCIES_MAX];
static size_t n_latencies;

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

size_t test_note_latencies(uint32_t *out, size_t max)
{
	size_t n = n_latencies < max ? n_latencies : max;

	memcpy(out, latencies, n * sizeof(*out));
	n_latencies = 0;
	return n;
}

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
	int64_t thread, n, sent_us, times, none, last, bad;
	char key[TEST_NOTE_KEY_MAX];
	enum berth_err rc;

	(void)inst;
	if ((rc = berth_json_req_int(ev->in->msg.body, "thread", 0, TEST_NOTE_THREADS, &thread)) ||
	    (rc = berth_json_req_int(ev->in->msg.body, "us", 0, INT64_MAX, &sent_us)) ||
	    (rc = berth_json_req_int(ev->in->msg.body, "n", 1, INT32_MAX, &n)))
		return rc;
	snprintf(key, sizeof(key), "%s %lld", ev->sender, (long long)thread);
	if ((rc = number(env, NS_LAST, key, &last, &bad)) || (rc = put(fx, NS_LAST, key, n, bad + (n != last + 1))))
		return rc;
	snprintf(key, sizeof(key), "%s %lld %lld", ev->sender, (long long)thread, (long long)n);
	if ((rc = number(env, NS_GOT, key, &times, &none)))
		return rc;
	if (n_latencies < LATENCIES_MAX)
		latencies[n_latencies++] = (uint32_t)(now_us() - sent_us);
	return put(fx, NS_GOT, key, times + 1, 0);
}

struct order { const struct berth_identity *me; const char *to; int64_t thread, size; };

static enum berth_err send_one(struct berth_env *env, struct berth_effects *fx, const struct order *o, int64_t n)
{
	struct berth_json *body = berth_json_new_object();
	char thid[32], filler[4096];
	enum berth_err rc;

	memset(filler, 'x', sizeof(filler));
	filler[o->size] = '\0';
	snprintf(thid, sizeof(thid), "thread-%lld", (long long)o->thread);
	if ((rc = berth_json_set_int(body, "thread", o->thread)) || (rc = berth_json_set_int(body, "n", n)) ||
	    (rc = berth_json_set_int(body, "us", now_us())) || (rc = berth_json_set_str(body, "filler", filler))) {
		berth_json_free(body);
		return rc;
	}
	return berth_effects_send(env, fx, o->me, o->to, NULL, PIURI "note", thid, body, NULL);
}

/* The record says how many there were already, so that an interrupted command does no harm. */
static enum berth_err on_send(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx)
{
	const char *identity;
	struct order o;
	int64_t n, sent, none;
	char key[TEST_NOTE_KEY_MAX];
	enum berth_err rc;

	(void)inst;
	o.size = 0;
	if ((rc = berth_json_req_str(ev->args, "to", 8192, &o.to)) || (rc = berth_json_req_int(ev->args, "n", 1, 40, &n)) ||
	    (rc = berth_json_req_str(ev->args, "identity", 64, &identity)) ||
	    (rc = berth_json_opt_int(ev->args, "size", 0, 4000, &o.size)) ||
	    (rc = berth_json_req_int(ev->args, "thread", 0, TEST_NOTE_THREADS, &o.thread)))
		return rc;
	if (!(o.me = env->identity(env, identity)))
		return berth_fail(BERTH_E_USAGE, "no identity %s", identity);
	snprintf(key, sizeof(key), "%.64s %lld", o.to, (long long)o.thread);
	if ((rc = number(env, NS_SENT, key, &sent, &none)) || (rc = put(fx, NS_SENT, key, sent + n, 0)))
		return rc;
	for (int64_t i = 1; !rc && i <= n; i++)
		rc = send_one(env, fx, &o, sent + i);
	return rc;
}

static enum berth_err on_poll(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx)
{
	struct berth_buf shorter = BERTH_BUF_INIT;
	const char *identity, *peer, *uri;
	enum berth_err rc;

	(void)inst;
	if ((rc = berth_json_req_str(ev->args, "identity", 64, &identity)) ||
	    (rc = berth_json_req_str(ev->args, "peer", 8192, &peer)) || (rc = berth_json_req_str(ev->args, "uri", 512, &uri)) ||
	    (rc = env->learn(env, peer)) || (rc = berth_did_short(&shorter, peer)))
		return rc;
	rc = berth_effects_poll(fx, env->identity(env, identity), berth_buf_cstr(&shorter), uri);
	berth_buf_free(&shorter);
	return rc;
}

static enum berth_err on_dead(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx)
{
	const char *id, *reason, *peer, *thid;
	enum berth_err rc;

	(void)env;
	(void)inst;
	if ((rc = berth_json_req_str(ev->args, "id", 128, &id)) || (rc = berth_json_req_str(ev->args, "thid", 128, &thid)) ||
	    (rc = berth_json_req_str(ev->args, "peer", 2048, &peer)) ||
	    (rc = berth_json_req_str(ev->args, "reason", 256, &reason)))
		return rc;
	return berth_effects_put(fx, NS_DEAD, id, reason, strlen(reason));
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "note",     on_note, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "cmd/send", on_send, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "cmd/poll", on_poll, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "dead",     on_dead, BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine test_note_machine = {
	.name = "note", .piuri = PIURI, .states = states, .n_states = 1,
	.table = table, .table_len = sizeof(table) / sizeof(table[0]),
};

struct tally { char prefix[TEST_NOTE_KEY_MAX]; bool last; struct test_note_got got; };

static enum berth_err tally(void *arg, const char *key, const uint8_t *value, size_t len)
{
	struct tally *t = arg;
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)len, (const char *)value);
	if (strncmp(key, t->prefix, strlen(t->prefix)) != 0)
		return BERTH_OK;
	if (t->last) {
		t->got.out_of_order += atoi(strchr(text, ' '));
	} else {
		t->got.notes++;
		t->got.times += atoi(text);
	}
	return BERTH_OK;
}

enum berth_err test_note_got(struct berth_env *env, const char *from, int thread, struct test_note_got *out)
{
	struct berth_buf sender = BERTH_BUF_INIT;
	struct tally t = { .got = { 0 } };
	int64_t last, bad;
	enum berth_err rc = berth_did_short(&sender, from);

	snprintf(t.prefix, sizeof(t.prefix), thread < 0 ? "%s " : "%s %d", berth_buf_cstr(&sender), thread);
	berth_buf_free(&sender);
	if (thread >= 0) {
		if (!rc)
			rc = number(env, NS_LAST, t.prefix, &last, &bad);
		t.got.out_of_order = rc ? 0 : (int)bad;
		strcat(t.prefix, " ");
	}
	if (!rc)
		rc = env->records->each(env->records, NS_GOT, tally, &t);
	t.last = true;
	if (!rc && thread < 0)
		rc = env->records->each(env->records, NS_LAST, tally, &t);
	*out = t.got;
	return rc;
}

enum berth_err test_note_sent(struct berth_env *env, const char *to, int thread, int *out)
{
	char key[TEST_NOTE_KEY_MAX];
	int64_t sent, none;
	enum berth_err rc;

	snprintf(key, sizeof(key), "%.64s %d", to, thread);
	rc = number(env, NS_SENT, key, &sent, &none);
	*out = (int)sent;
	return rc;
}

static enum berth_err count_one(void *arg, const char *key, const uint8_t *value, size_t len)
{
	(void)key;
	(void)value;
	(void)len;
	++*(int *)arg;
	return BERTH_OK;
}

enum berth_err test_note_dead(struct berth_env *env, int *out)
{
	*out = 0;
	return env->records->each(env->records, NS_DEAD, count_one, out);
}
