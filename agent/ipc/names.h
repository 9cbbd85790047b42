/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_NAMES_H
#define BERTH_AGENT_IPC_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/ipc/netpol.h"
#include "agent/ipc/ready.h"

/* The name service, asked on threads of its own, which cost memory and so start with the
 * questions: a slow server holds up one thread's worth of them. */
#define BERTH_NAMES_WAITING_MAX 64

struct berth_names;

/* One question.  job.done runs on the thread that runs the ready list; until then it
 * must stay where it is. */
struct berth_lookup {
	struct berth_job job;
	struct berth_lookup *next;
	void (*ask)(struct berth_lookup *l);	/* on a thread of ours; NULL: for the addresses of host */
	char host[BERTH_NETPOL_NAME_MAX + 1];
	enum berth_err rc;
	struct berth_netaddr addrs[BERTH_NETPOL_ANSWERS_MAX];
	size_t n_addrs;
};

/* Answers go to ready, by at most so many threads. */
BERTH_MUST_USE enum berth_err berth_names_new(struct berth_names **out, struct berth_ready *ready, unsigned threads);
/* E_QUOTA: too many are waiting. */
BERTH_MUST_USE enum berth_err berth_names_ask(struct berth_names *q, struct berth_lookup *l);
/* Waits for what is being asked, which may take seconds; what has not been asked yet is
 * E_UNAVAILABLE.  All of it is on the ready list then.  A process that ends has no need
 * of this. */
void berth_names_free(struct berth_names *q);

/* The files that getaddrinfo() goes by. */
#define BERTH_NAMES_FILES 5
extern const char *const berth_names_files[BERTH_NAMES_FILES];
/* Remembers which they are; then false: one of them is another by now (a resolv.conf that
 * was replaced), which a process under landlock cannot open.  Only another process can. */
void berth_names_remember_files(void);
bool berth_names_are_current(void);

#endif
