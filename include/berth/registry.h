/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_REGISTRY_H
#define BERTH_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A registry adapter turns a DID into what its registry says of it, and where it can,
 * publishes.  It is a shared object with one exported symbol, loaded into
 * berth-resolverd, which has no keys and no store.  The agent verifies everything an
 * adapter returns; an adapter is no authority.
 *
 * Everything runs in one thread, that of the host's loop: ask() begins a query and
 * returns; the answer is given in ask() or later, from a callback of the host.  Many
 * queries may be under way.  An adapter never sleeps and never waits: HTTP and timers
 * are the host's, which also holds every exchange against the agent's egress policy.
 *
 * All structs grow only at their end: neither side reads past the other's `size`.  A
 * change to what is already there is a new major version. */
#define BERTH_REGISTRY_ABI_MAJOR 2
#define BERTH_REGISTRY_ABI_MINOR 1

/* Outcomes.  Anything but OK carries a message for the log. */
#define BERTH_REGISTRY_OK 0
#define BERTH_REGISTRY_NOT_FOUND 1
#define BERTH_REGISTRY_INVALID 2	/* the DID, or what is to be published, is malformed for this method */
#define BERTH_REGISTRY_UNAVAILABLE 3	/* network, disk: worth another try */
#define BERTH_REGISTRY_REFUSED 4	/* by the egress policy, or the peer is not who it should be */
#define BERTH_REGISTRY_TOO_BIG 5	/* more than max_bytes */
#define BERTH_REGISTRY_UNSUPPORTED 6	/* no such operation, or not for this DID */
#define BERTH_REGISTRY_CONFLICT 7	/* publishing: the registry holds something else than was expected */
#define BERTH_REGISTRY_CANCELLED 8	/* of an exchange only: the host has lost interest in the query */

/* Operations; `operations` of an adapter has 1u << OP for each it knows. */
#define BERTH_REGISTRY_RESOLVE 1
#define BERTH_REGISTRY_CREATE 2
#define BERTH_REGISTRY_UPDATE 3
#define BERTH_REGISTRY_DEACTIVATE 4
#define BERTH_REGISTRY_FETCH 5		/* a related resource: status list, schema, whois */

/* Publishing has phases, because keys are elsewhere: what PROPOSE answers is judged and
 * signed by the agent, SUBMIT takes what was signed, CHECK asks whether it arrived.  A
 * registry whose entries are complete beforehand (a document, a log) has SUBMIT only. */
#define BERTH_REGISTRY_PROPOSE 1
#define BERTH_REGISTRY_SUBMIT 2
#define BERTH_REGISTRY_CHECK 3

/* One piece of an answer, or of what is to be published.  Names of those that the agent
 * understands:
 *   didDocument       a DID document, JSON
 *   did.jsonl         did:webvh: the whole log; did-witness.json: its witness proofs
 *   ethr              did:ethr: what the chain says (docs/registry-adapters.md)
 *   didResolution     a W3C DID resolution result with didDocument and metadata
 *   resource          of FETCH; contentType beside it
 *   proposal, transaction, receipt    of publishing */
struct berth_registry_part {
	const char *name;
	const uint8_t *p;
	size_t n;
};

struct berth_registry_query;	/* the host's; opaque */

/* What is asked.  It and all it points to stay until the query is answered. */
struct berth_registry_request {
	uint32_t size;
	uint32_t op;			/* one of `operations` */
	uint32_t phase;			/* of CREATE, UPDATE, DEACTIVATE; 0 else */
	uint32_t deadline_ms;		/* from now; the host ends the query then */
	size_t max_bytes;		/* of all parts of the answer together */
	const char *did;		/* syntactically valid, of one of `methods` */
	const char *version_id;		/* of a DID URL; NULL: none.  Text from anybody, */
	const char *version_time;	/* without control characters; time is RFC 3339, UTC */
	const char *resource;		/* FETCH: an https URL, or what follows the DID: "/whois" */
	const struct berth_registry_part *parts;	/* publishing */
	size_t n_parts;
};

struct berth_registry_answer {
	uint32_t size;
	int status;
	const struct berth_registry_part *parts;	/* OK only; copied before answer() returns */
	size_t n_parts;
	const char *message;		/* may be NULL when OK */
	uint32_t ttl_s;			/* how long it may be remembered; 0: the agent decides */
};

/* One HTTP exchange.  Strings and body are copied. */
struct berth_registry_http {
	uint32_t size;
	const char *method;		/* "GET", "POST", "PUT"; since 2.1 "DELETE" */
	const char *url;		/* https; http where the configuration names the host */
	const char *accept;		/* NULL: anything */
	const char *content_type;	/* of body; NULL: none */
	const char *authorization;	/* NULL: none */
	const uint8_t *body;
	size_t body_len;
	size_t max_bytes;		/* of the reply's body; at most what the query allows */
};
struct berth_registry_http_reply {
	uint32_t size;
	int status;			/* OK: an HTTP answer, whatever its code */
	uint32_t code;			/* 200, 404, ...; redirects are not followed */
	const char *content_type;	/* "" if none */
	const uint8_t *body;		/* until the callback returns */
	size_t body_len;
	uint32_t max_age_s;		/* Cache-Control; 0: none */
	const char *message;		/* "" if OK */
};
typedef void berth_registry_http_done(void *arg, const struct berth_registry_http_reply *reply);
typedef void berth_registry_timer_done(void *arg);

struct berth_registry_host {
	uint32_t size;			/* sizeof in the agent's build */
	/* level 0 error, 1 warning, 2 info, 3 debug.  line is copied. */
	void (*log)(int level, const char *line);
	/* Finishes a query, exactly once each.  None of its exchanges or timers calls back
	 * afterwards. */
	void (*answer)(struct berth_registry_query *query, const struct berth_registry_answer *answer);
	/* Begins an exchange for a query.  done is called once, and never before this has
	 * returned.  Non-zero: not begun (malformed, or too many at once), no call. */
	int (*http)(struct berth_registry_query *query, const struct berth_registry_http *request,
		    berth_registry_http_done *done, void *arg);
	/* Calls back once, after ms.  Non-zero: too many. */
	int (*timer)(struct berth_registry_query *query, uint32_t ms, berth_registry_timer_done *done, void *arg);
};

struct berth_registry_adapter {
	uint32_t size;			/* sizeof in the adapter's build */
	uint16_t abi_major, abi_minor;
	const char *name;		/* "static"; static storage */
	const char *methods;		/* space-separated DID methods, "*" for any */
	uint32_t operations;		/* 1u << BERTH_REGISTRY_RESOLVE | ... */

	/* config: a JSON object of the adapter's own section ("key": "value").  Files and
	 * folders it will read are those that config names by absolute paths in options
	 * `dir`, `file`, or ending in `-dir`, `-file`; it may write below `publish-dir`.
	 * *self is passed to the other calls.  Non-zero: refuse to start. */
	int (*start)(const struct berth_registry_host *host, const char *config, void **self);
	/* Every query has been answered before this is called. */
	void (*stop)(void *self);
	void (*ask)(void *self, const struct berth_registry_request *request, struct berth_registry_query *query);
	/* The host has lost interest (deadline, shutdown) and has ended the query's exchanges
	 * with CANCELLED and its timers without a call.  What has not been answered when this
	 * returns is a fault of the adapter.  NULL: it answers in those calls. */
	void (*cancel)(void *self, struct berth_registry_query *query);
};

/* The one exported symbol. */
#define BERTH_REGISTRY_SYMBOL "berth_registry_adapter_v2"
const struct berth_registry_adapter *berth_registry_adapter_v2(void);

#ifdef __cplusplus
}
#endif
#endif /* BERTH_REGISTRY_H */
