/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_SERVE_H
#define BERTH_AGENT_NETD_SERVE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <nng/nng.h>

#include "agent/ipc/limit.h"
#include "agent/netd/netd.h"
#include "agent/netd/uri.h"

/* The listening half of netd, in three files: listen.c starts and stops, conns.c
 * counts connections, serve.c moves requests and answers. */
#define BERTH_NETD_LISTENERS_MAX BERTH_NET_LISTENERS_MAX
#define BERTH_NETD_SLOTS_FIRST 4	/* contexts that receive; more as they are held */
#define BERTH_NETD_BUCKETS 256		/* numbers are given one after the other */

/* A connection, known by nng's number for it.  Made and ended by nng's threads
 * under `lock`; freed on the main thread. */
struct berth_netd_conn {
	struct berth_job job;
	struct berth_netd_conn *next;
	struct berth_netd_listen *owner;
	uint32_t id;
	nng_pipe pipe;
	struct berth_netaddr addr;
	bool ipc;
	uint64_t active_ms;
};

/* One context: it receives a request, holds it while the core thinks, answers.  While it
 * answers it is nng's threads': the one that has sent the answer lets it receive again. */
struct berth_netd_slot {
	struct berth_job job;
	struct berth_netd_slot *next;	/* of the same bucket, while it is held */
	struct berth_netd_listen *owner;
	nng_ctx ctx;
	nng_aio *aio;
	enum { RECEIVING, HELD, ANSWERING } state;
	uint64_t request, until_ms;
	uint32_t conn;
	struct berth_netaddr addr;
	bool poll;
};

struct berth_netd_listen {
	struct berth_netd *n;
	nng_socket sock;
	struct {
		char uri[BERTH_NET_URI_MAX + 1];
		nng_listener id;
		char path[BERTH_NETPOL_PATH_MAX + 1];
		bool used;
	} listeners[BERTH_NETD_LISTENERS_MAX];
	struct berth_netd_slot *held[BERTH_NETD_BUCKETS];	/* by request */
	uint32_t n_slots, n_held;
	atomic_uint n_receiving;
	uint64_t held_ms, silent_ms;	/* none of them is given up before; nobody looked for silent ones since */
	pthread_mutex_t lock;		/* conns and limit */
	struct berth_netd_conn *conns[BERTH_NETD_BUCKETS];	/* by id */
	struct berth_limit limit;
};

/* E_NOMEM, else E_UNAVAILABLE, with nng's own words. */
enum berth_err berth_netd_nng_fault(int rv, const char *what);

/* conns.c: nng's callbacks, arg the listen; and what the main thread asks of it. */
void berth_netd_on_accept(nng_pipe p, nng_pipe_ev ev, void *arg);
void berth_netd_on_end(nng_pipe p, nng_pipe_ev ev, void *arg);
/* Finds the connection of a request and takes a token for it: its address goes to
 * s.  E_QUOTA; E_UNAVAILABLE: it has gone. */
BERTH_MUST_USE enum berth_err berth_netd_admit(struct berth_netd_slot *s, bool *ipc);
void berth_netd_release(struct berth_netd_slot *s);
/* When three quarters of the places are taken, those that have long been silent
 * go: a peer that wants something connects again. */
void berth_netd_close_silent(struct berth_netd_listen *l, uint64_t now_ms);

/* serve.c */
BERTH_MUST_USE enum berth_err berth_netd_slot_add(struct berth_netd_listen *l);
/* The slots that held a request of that connection receive again. */
void berth_netd_conn_gone(struct berth_netd_listen *l, uint32_t conn);
bool berth_netd_holds(const struct berth_netd_listen *l, uint32_t conn);

#endif
