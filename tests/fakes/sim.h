/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_SIM_H
#define BERTH_TESTS_FAKES_SIM_H

#include "agent/core/agent.h"
#include "agent/protocol/onboarding.h"
#include "didcomm/pack.h"
#include "tests/check.h"

/* Several agents in one process: real stores, real keys, the real core; only the
 * network and the clock are ours.  Time stands still while anything is under way
 * and jumps to the next due moment when nothing is. */
#define NODES_MAX 6

struct sim;

struct sim_node {
	struct berth_transport transport;	/* first */
	struct sim *w;
	const char *name, *uri;		/* uri NULL: nobody can dial it */
	const char *also;		/* another URI that it is at; NULL: none */
	char dir[128];
	struct berth_store *store;
	struct berth_keystore *ks;
	struct berth_keys *keys;
	struct berth_policy policy;
	struct berth_agent_config cfg;
	struct berth_agent *agent;	/* NULL: switched off */
	const char *vfs;		/* of its store; NULL: the usual one */
	const char *dns;		/* what DNS says to it; NULL: nobody answers */
	unsigned browsed;		/* how often it has asked */
	bool browsing;
	bool (*dead)(struct sim_node *n);	/* nothing leaves it any more; NULL: it lives */
	unsigned life;			/* how often it was switched on */
	int64_t now_s;			/* wall clock at mono 0 */
	const char *key_uri;		/* NULL: a sealed file in dir */
	const char *tcti;
};

enum fault { FAULT_NONE, FAULT_LOSE_REQUEST, FAULT_LOSE_REPLY, FAULT_TWICE, FAULT_LATE };

/* One frame that arrived, when the sim records. */
struct sim_frame {
	struct sim_node *to;
	bool reply;
	struct berth_buf bytes;
};

struct sim {
	struct sim_node node[NODES_MAX];
	size_t n;
	uint64_t mono_ms;
	struct packet *queue;
	size_t n_queue, cap;
	uint64_t next_request;
	size_t sent;			/* request frames so far */
	size_t fault_at;		/* the request frame that meets it; 0: none */
	enum fault fault;
	unsigned loss_percent;		/* of all frames, drawn from seed */
	bool together;			/* the test says itself what has come together (berth_agent_ahead) */
	unsigned twice_percent, late_percent;	/* of requests; late: up to a minute */
	const char *hole;		/* who dials this hears nothing, and gives up after a minute */
	size_t under_way, most;		/* requests without a result, now and the most ever */
	void (*on_send)(struct sim_node *from, const char *uri);	/* may be NULL */
	uint32_t seed;
	bool record;
	enum berth_link link;		/* how requests come; HTTP: lost replies are known to be */
	struct berth_buf answer;	/* the last one to an injected frame */
	struct sim_frame *frames;
	size_t n_frames;
	char root[64];
};

void sim_init(struct sim *w);
void sim_free(struct sim *w);	/* removes the state folders */
struct sim_node *sim_add(struct sim *w, const char *name, const char *uri,
		       const struct berth_machine *const *machines, size_t n);
void sim_on(struct sim_node *n);
void sim_off(struct sim_node *n);		/* the process dies; the folder stays */
/* Runs until done() or the time is up; true: done. */
bool sim_run(struct sim *w, bool (*done)(struct sim *w), int64_t at_most_s);
/* The same, looking after each frame. */
bool sim_run_steps(struct sim *w, bool (*done)(struct sim *w), int64_t at_most_s);
void sim_wait(struct sim *w, int64_t s);	/* so much time passes */
void sim_pump(struct sim *w);	/* what is under way, without letting time pass */
void sim_drop(struct sim *w);	/* what is under way never arrives */
/* The frame arrives at the node as a request from nobody who waits for an answer. */
void sim_inject(struct sim_node *n, const uint8_t *frame, size_t len);
/* The same with an envelope in a request, and with m in one, which is freed. */
void sim_inject_envelope(struct sim_node *n, const struct berth_buf *packed);
void sim_inject_message(struct sim_node *n, const struct berth_pack *how, struct berth_message *m);
/* Work on a node outside of the sim's loop sees that node's clock. */
void sim_as(struct sim_node *n);
/* What an instance is in; "" when there is none.  Static. */
const char *sim_state(struct sim_node *n, const char *machine, const char *key);

#endif
