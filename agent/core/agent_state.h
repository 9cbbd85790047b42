/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_AGENT_STATE_H
#define BERTH_AGENT_CORE_AGENT_STATE_H

/* What an agent has in memory, and how much of each.  agent_internal.h says which file does
 * what with it. */
#include "agent/core/agent.h"
#include "agent/ipc/frame.h"
#include "didcomm/jwe.h"

#define NS_IDENTITY "identity"
#define NS_PEER "peer"		/* short did:peer:4 -> long form; of other DIDs we deal with, the DID itself */
#define NS_KNOWN "known"	/* who has seen our long form */
#define NS_DOOMED "doomed"	/* identities whose keys have to go */
#define COUNTER_UPTIME "uptime"
#define COUNTER_FLOOR "time-floor"
#define COUNTER_GENERATION "generation"
#define COUNTER_EPOCH "epoch"

#define IN_FLIGHT_MAX 256
#define IN_FLIGHT_PEER_MAX 8	/* of them to one peer */
#define IN_FLIGHT_SILENT_MAX 64	/* to peers that did not answer last time */
#define PAUSE_MS 1000u		/* the transport takes nothing: not now */
#define REPLIES_MAX 64
#define ARRIVED_MAX 64
#define REPLIES_BYTES_MAX ((size_t)1 << 20)
#define LETTERS_AT_ONCE 32
#define LETTERS_RETRY_MS 10000u
#define ACKS_MAX 64
#define TIMERS_MAX 4096
#define EPHEMERAL_MAX 32
#define WRAPS_MAX 64		/* messages whose keys are being wrapped; beyond it each is waited for */
#define OWED_MAX 64
#define GO_MAX 16		/* "go" after "go" within one event */
#define REPLY_BYTES_MAX ((size_t)512 << 10)
#define GIVEN_MAX 64		/* beyond it the oldest is given once more */
#define HELD_MAX 16		/* requests and messages that wait for a look-up */
#define HELD_OF_ONE_MAX 4	/* of one source */
#define HELD_BYTES_MAX ((size_t)2 << 20)
#define CLIENTS_MAX 256		/* of a mediator, whose links we remember; the longest unused goes */
#define OFFER_AGAIN_MS 2000u	/* the same is offered again after that, then twice that, ... */
#define OFFER_DOUBLINGS 4
#define SP_OVERHEAD 12		/* the SP length and the request id, per direction */
#define BUSY_RETRY_S 5
#define COUNTERS_RETRY_MS 1000u	/* a device that has not followed is asked again */
#define QUARANTINE_RETRY_S 3600
#define HOUSEKEEPING_MS 600000u
#define RATIONED_LINES_MAX 60	/* an hour: nobody flushes our audit log with nonsense */
#define TALKER_LINES_MAX 300	/* of one peer, of what moved nothing, */
#define TALKER_MOVES_MAX 600	/* and of what did */
#define TALKERS_MAX 128		/* peers that are counted; who was counted the longest ago gives way */

struct timer { size_t machine; char *key; uint64_t hash /* of key */, due_ms; const char *on; /* "timer", "due", or a "go" to try again */ };
/* look: there may be something for it */
struct parked { uint64_t request; enum berth_link link; bool look; char *peer, *thread; /* NULL: any */ uint64_t until_ms, offer_ms; /* 0: nothing to offer */ uint64_t again_ms; /* a row for it may go */ };
/* a row that is in an answer over HTTP to a peer that sends no acks */
struct given { uint64_t request; char *peer; uint8_t ack[BERTH_ACK_LEN]; };
struct in_flight { uint64_t id; int64_t seq; char *peer, *uri; size_t n_acks;
	bool poll, silent, others /* more endpoints */, met /* the peer has answered something since */; };
struct pending_ack { char *uri; uint8_t ack[BERTH_ACK_LEN]; };

/* request 0: a message out of a reply, from the uri that is its source */
struct held { uint64_t request; enum berth_link link; char *source; uint8_t *bytes; size_t len; uint64_t until_ms; };

/* request: with whose answer it goes; hole: it has room for a key there; NULL: it is here */
struct ephemeral { struct berth_buf packed; struct berth_jwe_hole *hole; char *uri, *peer; uint64_t request; };

/* the text of a row of the outbox, which has room for a key there; hole NULL: it is here */
struct due_wrap { int64_t seq; struct berth_buf packed; struct berth_jwe_hole *hole; };

/* the answer to a request whose messages are among them; peer NULL: it asks for none */
struct owed { uint64_t request; enum berth_link link; char *peer, *thread; bool is_poll; };

struct ration { uint64_t since_ms; unsigned used; };	/* of an hour */
struct talker { uint64_t who; struct ration said, refused, moved; };

#define POLLS_MAX 11		/* the owner by two DIDs, the mediator, and peers that cannot dial us */

struct poll {
	char *key;			/* of its record; NULL: nobody to ask */
	char *identity, *peer, *uri;
	uint64_t flight;		/* of the one that counts; 0: none is under way */
	uint64_t since_ms, next_ms;
	int failures;
	int64_t rest_s;			/* unhurried: ever more seldom, up to this; 0: at once again */
	unsigned idle;			/* how often it brought nothing */
	uint64_t silent_ms;		/* what was asked since was not answered; 0: the last was */
	bool tell, told;		/* the machine whose owner it is has not heard of the last; has of one */
};

/* a row that is with its peer; seq 0: no row, but the peer answered */
struct arrived { int64_t seq; char *peer; };

/* an answer that waits for the disk */
struct reply { uint64_t request; struct berth_buf frame; };

struct agent_records { struct berth_records base; struct berth_agent *a; };
struct agent_queue { struct berth_queue base; struct berth_agent *a; };

/* A mediator's client, as far as its links matter. */
struct client { char *did; bool live; int64_t offered_seq; unsigned offers; uint64_t again_ms, used_ms; };
struct peer_resolver { struct berth_resolver base; struct berth_agent *a; };

struct berth_agent {
	struct berth_identity **ids;	/* each allocated, so that borrowed ones stay put */
	size_t n_ids;
	struct timer *timers;
	size_t n_timers;
	uint64_t timer_ms;		/* none of them is due before */
	struct berth_agent_config cfg;
	struct berth_env env;
	struct agent_records records;
	struct agent_queue queue;
	struct client clients[CLIENTS_MAX];
	size_t n_clients;
	bool via_news;			/* an identity was made that our mediator has to know of */
	bool queue_news;		/* something came in that a parked request may be waiting for */
	struct berth_resolver builtin;
	struct peer_resolver peers;
	struct parked parked[BERTH_AGENT_PARKED_MAX];	/* first those to be looked at */
	uint64_t parked_hash[BERTH_AGENT_PARKED_MAX];	/* of their peers: one is found among thousands */
	size_t n_parked, n_looks;
	uint64_t parked_ms;		/* the others are not due before */
	uint64_t moved;			/* berth_store_outbox_moved() when they were looked at */
	struct given given[GIVEN_MAX];	/* the oldest first */
	size_t n_given;
	struct held held[HELD_MAX];
	size_t n_held;
	struct in_flight flight[IN_FLIGHT_MAX];
	size_t n_flight;
	struct pending_ack acks[ACKS_MAX];
	size_t n_acks;
	struct poll polls[POLLS_MAX];
	size_t n_polls;
	bool polls_stale;		/* a record of theirs was written */
	bool polls_others;		/* but none of those that have no key of their own, since all were read */
	uint64_t next_id, wire_bytes, start_ms;
	struct berth_buf services;	/* what DNS said last */
	uint64_t browse_ms;		/* not again before */
	bool browsing;
	int64_t start_uptime_s;
	unsigned batch;			/* how deep we are in batches; 0: in none */
	size_t batch_ids;		/* n_ids when all was on disk the last time */
	struct reply replies[REPLIES_MAX];
	size_t n_replies, reply_bytes;
	struct arrived arrived[ARRIVED_MAX];
	size_t n_arrived;
	uint64_t pause_ms;		/* nothing is handed to the transport before */
	bool unread;			/* the store failed: it is read again before anything else */
	bool untold;			/* there may be dead letters that nobody was told of */
	uint64_t untold_ms;		/* not before */
	bool quarantined;
	bool closed;			/* a device that is no more: it sends what is left, and answers nobody */
	bool recovering;		/* a machine is in its recovery state: nobody else is heard */
	unsigned counters_due;		/* risen in this batch: a bit each */
	unsigned counters_level;	/* known to be where the store is: a bit each */
	bool counters_behind;		/* the device has not followed the store yet: nothing leaves */
	uint64_t housekeeping_ms;		/* next time */
	uint64_t renew_ms;		/* credentials are not looked at before */
	uint64_t audit_look_ms;		/* nor the audit log */
	uint64_t audit_since_ms;	/* it has unsigned rows; 0: none that we know of */
	struct ration strangers, letter_lines;	/* in the audit log */
	struct talker talkers[TALKERS_MAX];
	struct ration reports;		/* said to peers */
	uint64_t news;			/* of applications */
	uint64_t changes;		/* steps of the gateway */
	/* packed messages that are sent once, after the commit: without a uri in the
	 * reply to the request being handled */
	struct ephemeral ephemeral[EPHEMERAL_MAX];
	size_t n_ephemeral;
	size_t n_wraps, n_owed;
	uint64_t answering;		/* the request that is being worked on; 0: none */
	size_t n_asked;			/* keys that were asked for in this batch */
	uint64_t at_once_ms;		/* each wrap is waited for until then */
	struct agent_ahead *ahead;	/* of messages that came together; NULL: of none */
	struct due_wrap wraps[WRAPS_MAX];
	struct owed owed[OWED_MAX];
};

#endif
