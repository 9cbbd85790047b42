/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_ADAPTER_ETHR_H
#define BERTH_ADAPTER_ETHR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "berth/registry.h"

/* did:ethr: the ERC-1056 registry of a chain, asked over JSON-RPC.  Nothing of what a
 * node says is interpreted here but for the next question; the agent judges it. */

#define NETWORKS_MAX 16
#define NAME_MAX_LEN 32			/* of a network */
#define URL_LEN_MAX 512
#define REPLY_MAX ((size_t)1 << 20)	/* one HTTP answer */
#define DEPTH_MAX 8			/* of its JSON */
#define CALLS_MAX 16			/* in one batch */
#define LOGS_MAX 64			/* of one identity in one block */
#define LOG_BYTES 512			/* of one in the evidence, besides its data */
#define CHANGES_MAX 1000		/* blocks in the history of one identity */
#define DATA_HEX_MAX ((size_t)32 << 10)	/* data of a log or a transaction */
#define CONFIRMATIONS_MAX 4096
#define POLL_MS 1000			/* between two looks for a receipt */

#define ADDRESS_LEN 42			/* "0x" and 40 digits */
#define WORD_LEN 66			/* "0x" and 64 digits */

struct network {
	char name[NAME_MAX_LEN + 1];
	uint64_t chain_id;
	char registry[ADDRESS_LEN + 1];	/* lower case */
	char url[URL_LEN_MAX + 1];
};

struct job;

struct ethr {
	const struct berth_registry_host *host;
	struct network networks[NETWORKS_MAX];
	size_t n;
	const char *tag;		/* "latest", "safe", "finalized": which head is believed */
	uint64_t confirmations;		/* and so many blocks below it */
	bool batch, at_once;		/* at_once: whole histories are asked for in one call */
	uint32_t poll_ms;
	struct job *jobs;		/* under way */
};

/* ---- hex.c.  Quantities and bytes as JSON-RPC of Ethereum writes them; false: not so. */
bool ethr_quantity(uint64_t *v, const char *s);	/* no leading zeros, at most 64 bits */
bool ethr_bytes_ok(const char *s, size_t min, size_t max);	/* "0x" and an even number of digits; bytes */
bool ethr_word(uint64_t *v, const char *digits);	/* 64 digits, the number in them; false also above 64 bits */
bool ethr_decimal(uint64_t *v, const char *s);
uint64_t ethr_clock_ms(void);
char *ethr_hex(const uint8_t *p, size_t n);	/* "0x..."; free() it; NULL: no memory */

/* ---- config.c: the options of the section.  Non-zero: refused, and the log says why. */
int ethr_config(struct ethr *e, const char *config);
/* The network of a DID, or NULL; identity: what follows it, "0x" and 40 or 66 digits. */
const struct network *ethr_network_of(const struct ethr *e, const char *did, const char **identity);

/* ---- address.c */
/* Of an account, lower case, from an address or a compressed public key. */
bool ethr_address(char out[ADDRESS_LEN + 1], const char *identity);
void ethr_keccak256(uint8_t out[32], const uint8_t *p, size_t n);

/* ---- rpc_reply.c: what came back. */
struct rpc_result {
	cJSON *result;		/* owned; NULL: an error */
	int64_t code;		/* of the error */
	char error[128];	/* printable ASCII; "": none */
};
/* body answers calls with the ids 1 to n, each once, in any order; for n == 1 and no
 * batch it is one object.  NULL: good; else what is wrong, and nothing is in out. */
const char *ethr_reply_parse(struct rpc_result *out, size_t n, bool batch, const char *body, size_t len);
void ethr_results_free(struct rpc_result *r, size_t n);

/* ---- rpc.c: one query of the host's, and the calls it makes. */
typedef void job_step(struct job *j);

struct job {
	struct ethr *e;
	struct berth_registry_query *query;
	const struct berth_registry_request *request;
	const struct network *net;
	char identity[ADDRESS_LEN + 1];
	struct job *later;		/* of ethr.jobs */

	struct { const char *method; char *params; } calls[CALLS_MAX];
	struct rpc_result results[CALLS_MAX];
	size_t n_calls, n_sent, n_done;
	job_step *next;			/* when each call has its answer */

	/* resolve.c */
	cJSON *evidence;
	uint64_t head, at;		/* block numbers */
	size_t changes, bytes;		/* of the logs so far, about */
	uint64_t asked[CALLS_MAX];	/* numbers of the blocks that are asked for their time */
	/* publish.c */
	char from[ADDRESS_LEN + 1], hash[WORD_LEN + 1];
	char *data;			/* "0x..." */
	uint64_t nonce;
	unsigned overtaken;		/* looks in which the nonce was gone without a receipt */
	uint64_t began_ms, waited_ms;	/* by the clock; in timers */
};

/* params: a JSON array; taken, and may be NULL (no memory). */
void ethr_call(struct job *j, const char *method, char *params);
char *ethr_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Sends what ethr_call() collected; the results of the calls before are gone. */
void ethr_go(struct job *j, job_step *next);
/* Calls again after ms. */
void ethr_wait(struct job *j, uint32_t ms, job_step *next);
/* The result, if it is of that type; else NULL. */
const char *ethr_result_str(const struct job *j, size_t i);
const cJSON *ethr_result_obj(const struct job *j, size_t i);
bool ethr_result_quantity(const struct job *j, size_t i, uint64_t *v);
/* A member that is such text; else NULL. */
const char *ethr_str(const cJSON *o, const char *name);
bool ethr_member_quantity(const cJSON *o, const char *name, uint64_t *v);
/* What the node says its chain is, held against the configuration: false, and the query
 * is answered, if it is another. */
bool ethr_chain_ok(struct job *j, size_t i);

/* Ends the job and its query. */
void ethr_answer(struct job *j, const char *name, const cJSON *value);	/* OK */
void ethr_fail(struct job *j, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* With what the node said to call i. */
void ethr_fail_call(struct job *j, size_t i);

/* ---- resolve.c, publish.c: the first step of each. */
void ethr_resolve(struct job *j);
void ethr_publish(struct job *j);

#endif
