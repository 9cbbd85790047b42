/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/resolverd/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/resolverd/http_internal.h"
#include "did/base/clock.h"

#define NAME_THREADS 4
#define DEADLINE_MS 30000u
#define HOST_OPEN_MAX 16	/* with one address */
#define SOON_MS 50		/* when to see again whether the rate lets one more pass */
#define EVENTS 32

/* ---- lists */

static void append(struct berth_res_exchanges *l, struct berth_res_exchange *x)
{
	x->next = NULL;
	*l->tail = x;
	l->tail = &x->next;
}

static void take_out(struct berth_res_exchanges *l, struct berth_res_exchange *x)
{
	struct berth_res_exchange **at = &l->head;

	while (*at != x)
		at = &(*at)->next;
	if (!(*at = x->next))
		l->tail = at;
}

/* ---- the end of one */

static void exchange_free(struct berth_res_exchange *x)
{
	x->h->held -= x->body.len + x->reply.len;
	x->h->n--;
	free(x->url);
	berth_buf_free(&x->lines);
	berth_buf_free(&x->body);
	berth_buf_free(&x->reply);
	free(x);
}

/* Whatever has it now has it no longer. */
static void release(struct berth_res_exchange *x)
{
	if (x->state == BERTH_RES_RUNNING) {
		berth_res_curl_stop(x);
		x->h->n_running--;
	}
	if (x->counted)
		berth_limit_open_end(&x->h->hosts, &x->addr);
	x->counted = false;
}

/* Adapters log it, and it may have words of a peer's certificate. */
static void copy_detail(char *out, size_t size)
{
	snprintf(out, size, "%s", berth_err_detail());
	for (; *out; out++)
		if (*out < ' ' || *out > '~')
			*out = '?';
}

void berth_res_exchange_end(struct berth_res_exchange *x, int status, enum berth_err why)
{
	struct berth_res_http *h = x->h;

	if (x->state >= BERTH_RES_ENDED)
		return;
	x->status = status;
	x->why = why;
	if (status != BERTH_REGISTRY_OK)
		copy_detail(x->message, sizeof(x->message));
	release(x);
	x->state = BERTH_RES_ENDED;
	take_out(&h->live, x);
	append(&h->ended, x);
	h->n_ended++;
}

static void refuse(struct berth_res_exchange *x, enum berth_err why)
{
	bool policy = why == BERTH_E_NETPOL || why == BERTH_E_CLOCK;

	berth_res_exchange_end(x, policy ? BERTH_REGISTRY_REFUSED : BERTH_REGISTRY_UNAVAILABLE, why);
}

/* Out of every list, and free unless the name service writes to it. */
static void leave(struct berth_res_exchange *x)
{
	struct berth_res_http *h = x->h;

	if (x->state == BERTH_RES_GONE)
		return;
	if (x->state == BERTH_RES_ENDED) {
		take_out(&h->ended, x);
		h->n_ended--;
	} else {
		release(x);
		take_out(&h->live, x);
	}
	x->state = BERTH_RES_GONE;
	if (!x->named_later)
		exchange_free(x);
}

static void tell(struct berth_res_exchange *x)
{
	struct berth_registry_http_reply r = {
		.size = sizeof(r), .status = x->status, .code = x->code, .content_type = x->type, .message = x->message,
	};

	if (x->status == BERTH_REGISTRY_OK) {
		r.body = x->reply.p;
		r.body_len = x->reply.len;
		r.max_age_s = berth_res_head_fresh_s(&x->head);
	}
	x->h->why = x->why;
	x->done(x->arg, &r);
	x->h->why = BERTH_OK;
}

/* Those of now; what their calls end is told in the next round. */
static void tell_ended(struct berth_res_http *h)
{
	struct berth_res_exchange *x;

	for (size_t n = h->n_ended; n && (x = h->ended.head); n--) {
		take_out(&h->ended, x);
		h->n_ended--;
		x->state = BERTH_RES_GONE;	/* to cancel it in its own call is nothing any more */
		tell(x);
		if (!x->named_later)
			exchange_free(x);
	}
}

/* ---- where it goes */

/* The next of its addresses that the policy lets through. */
static enum berth_err choose(struct berth_res_exchange *x, struct berth_netaddr *addr)
{
	enum berth_err rc = berth_fail(BERTH_E_NETPOL, "%.60s: no address of a usable family", x->name.host);

	while (rc && x->tried < x->name.n_addrs)
		rc = berth_netpol_pick(&x->h->policy->addresses, &x->name.addrs[x->tried++], 1, addr);
	return rc;
}

bool berth_res_exchange_elsewhere(struct berth_res_exchange *x)
{
	struct berth_netaddr addr;

	if (choose(x, &addr))
		return false;
	release(x);
	x->addr = addr;
	x->error[0] = '\0';
	x->state = BERTH_RES_NAMED;
	x->waits = false;
	return true;
}

static void was_named(struct berth_job *job)
{
	struct berth_res_exchange *x = (struct berth_res_exchange *)(void *)job;
	enum berth_err rc = x->name.rc;

	x->named_later = false;
	if (x->state == BERTH_RES_GONE) {
		exchange_free(x);
		return;
	}
	if (x->state != BERTH_RES_NAMING)
		return;
	if (rc)
		rc = berth_fail(rc, "%.60s: no address", x->name.host);	/* said on another thread */
	else
		rc = choose(x, &x->addr);
	x->state = BERTH_RES_NAMED;
	if (rc)
		refuse(x, rc);
}

/* E_QUOTA leaves it where it is: there will be room. */
static void ask_name(struct berth_res_exchange *x)
{
	enum berth_err rc = berth_names_ask(x->h->names, &x->name);

	if (!rc) {
		x->named_later = true;
		x->state = BERTH_RES_NAMING;
	} else if (rc != BERTH_E_QUOTA) {
		refuse(x, rc);
	}
}

static void start(struct berth_res_exchange *x, uint64_t now_ms)
{
	struct berth_res_http *h = x->h;
	enum berth_err rc;

	if (!h->multi && (rc = berth_res_curl_start(h))) {
		refuse(x, rc);
		return;
	}
	if (h->n_running >= h->policy->at_once || berth_limit_open(&h->hosts, &x->addr, now_ms))
		return;
	x->counted = true;
	h->n_running++;
	x->state = BERTH_RES_RUNNING;
	if (!berth_res_curl_run(x, (uint32_t)(x->until_ms - now_ms)))
		refuse(x, berth_no_memory());
}

static void advance(struct berth_res_http *h, uint64_t now_ms)
{
	struct berth_res_exchange *x, *next;

	for (x = h->live.head; x; x = next) {
		next = x->next;
		if (now_ms >= x->until_ms)
			refuse(x, berth_fail(BERTH_E_UNAVAILABLE, "%.60s: no answer in time", x->uri.host));
		else if (x->state == BERTH_RES_BEGUN)
			ask_name(x);
		else if (x->state == BERTH_RES_NAMED)
			start(x, now_ms);
		x->waits = true;
	}
}

/* ---- the beginning of one */

static uint64_t until(uint32_t deadline_ms)
{
	uint32_t ms = deadline_ms ? deadline_ms : DEADLINE_MS;

	return berth_clock_mono_ms() + (ms < BERTH_RES_HTTP_DEADLINE_MAX_MS ? ms : BERTH_RES_HTTP_DEADLINE_MAX_MS);
}

enum berth_err berth_res_http_begin(struct berth_res_http *h, const struct berth_registry_http *req, uint32_t deadline_ms,
				    berth_registry_http_done *done, void *arg, struct berth_res_exchange **out)
{
	struct berth_res_exchange *x;
	enum berth_err rc;

	*out = NULL;
	if (h->n == BERTH_RES_HTTP_MAX)
		return berth_fail(BERTH_E_QUOTA, "%zu exchanges are open", h->n);
	if (!(x = calloc(1, sizeof(*x))))
		return berth_no_memory();
	h->n++;
	x->h = h;
	x->name.job.done = was_named;
	x->done = done;
	x->arg = arg;
	x->until_ms = until(deadline_ms);
	if ((rc = berth_res_exchange_copy(x, req))) {
		exchange_free(x);
		return rc;
	}
	append(&h->live, x);
	if ((rc = berth_res_exchange_judge(x)))
		refuse(x, rc);
	*out = x;
	return BERTH_OK;
}

void berth_res_http_drop(struct berth_res_http *h, struct berth_res_exchange *x)
{
	(void)h;
	leave(x);
}

/* ---- the life of it */

enum berth_err berth_res_http_new(struct berth_res_http **out, const struct berth_res_http_policy *p)
{
	struct berth_res_http *h = calloc(1, sizeof(*h));
	struct epoll_event ev = { .events = EPOLLIN };
	enum berth_err rc;

	*out = NULL;
	if (!h)
		return berth_no_memory();
	unsetenv("SSLKEYLOGFILE");	/* the one variable that curl has no option against; before there are threads */
	h->policy = p;
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	h->live.tail = &h->live.head;
	h->ended.tail = &h->ended.head;
	h->ready.fd = -1;
	if ((rc = berth_limit_init(&h->hosts)))
		goto out;
	h->hosts.open_source_max = HOST_OPEN_MAX;
	berth_limit_rate(&h->hosts, p->rate_per_s);
	if ((rc = berth_ready_init(&h->ready)) || (rc = berth_names_new(&h->names, &h->ready, NAME_THREADS)))
		goto out;
	ev.data.fd = h->ready.fd;
	if (h->epoll < 0 || epoll_ctl(h->epoll, EPOLL_CTL_ADD, h->ready.fd, &ev)) {
		rc = berth_fail(BERTH_E_UNAVAILABLE, "http: no epoll");
		goto out;
	}
	*out = h;
	return BERTH_OK;
out:
	berth_res_http_free(h);
	return rc;
}

void berth_res_http_free(struct berth_res_http *h)
{
	if (!h)
		return;
	while (h->live.head)
		leave(h->live.head);
	while (h->ended.head)
		leave(h->ended.head);
	berth_names_free(h->names);
	if (h->ready.fd >= 0) {
		berth_ready_run(&h->ready);	/* what was named too late */
		close(h->ready.fd);
	}
	berth_res_curl_free(h);
	berth_limit_free(&h->hosts);
	if (h->epoll >= 0)
		close(h->epoll);
	free(h);
}

int berth_res_http_fd(const struct berth_res_http *h) { return h->epoll; }
enum berth_err berth_res_http_why(const struct berth_res_http *h) { return h->why; }

static void sooner(int64_t *wait, int64_t ms)
{
	if (*wait < 0 || ms < *wait)
		*wait = ms < 0 ? 0 : ms;
}

int berth_res_http_timeout_ms(struct berth_res_http *h)
{
	uint64_t now = berth_clock_mono_ms();
	int64_t wait = berth_res_curl_timeout_ms(h);

	if (h->ended.head)
		return 0;
	for (struct berth_res_exchange *x = h->live.head; x; x = x->next) {
		sooner(&wait, (int64_t)(x->until_ms - now));
		if (x->state == BERTH_RES_BEGUN || x->state == BERTH_RES_NAMED)
			sooner(&wait, x->waits ? SOON_MS : 0);
	}
	return (int)wait;
}

void berth_res_http_run(struct berth_res_http *h)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(h->epoll, ev, EVENTS, 0);

	for (int i = 0; i < n; i++)
		if (ev[i].data.fd == h->ready.fd)
			berth_ready_run(&h->ready);
		else
			berth_res_curl_events(h, ev[i].data.fd, ev[i].events);
	berth_res_curl_outcomes(h);
	advance(h, berth_clock_mono_ms());
	tell_ended(h);
}
