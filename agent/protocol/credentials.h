/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_CREDENTIALS_H
#define BERTH_AGENT_PROTOCOL_CREDENTIALS_H

#include "agent/protocol/protocol.h"

/* Credentials that the agent holds: one record each in the namespace "cred", under the
 * credential's id here, sealed by the keystore as provisioned items are (label
 * "cred/ID", for the agent's whole life).  What is sealed is one JSON object:
 *
 *	{"format": "vc+jwt" | "dc+sd-jwt" | ... (vc/formats.h),
 *	 "credential": its text, as it was issued,
 *	 "issuer": DID or URL,
 *	 "types": [type, or vct, ...],
 *	 "holder": name of our identity whose key can present it,	when it is known
 *	 "from": DID of who sent it,					when somebody did
 *	 "received": seconds since 1970,				when the time was known
 *	 "thid": the thread it came in, "thread": that thread's key here,	when it did
 *	 "revoked": true,						when who issued it said so
 *	 "renewal": the thread in which another was asked for, "asked": how often,
 *	 "askedS": when last, seconds since 1970,
 *	 "superseded": true}					when that one has come (renewal.h)
 *
 * issue-credential puts records with berth_credential_put() in its step, the local API
 * with berth_credential_seal() in a transaction of its own.  A machine that takes
 * messages of strangers must not put any: they would be guests' records. */
#define BERTH_NS_CREDENTIAL "cred"
#define BERTH_CREDENTIAL_ID_MAX 64	/* [A-Za-z0-9._-]+ */
#define BERTH_CREDENTIAL_TEXT_MAX ((size_t)128 << 10)
#define BERTH_CREDENTIAL_TYPES_MAX 32
#define BERTH_CREDENTIALS_MAX 256
#define BERTH_CREDENTIALS_BYTES ((size_t)2 << 20)	/* all records together */

struct berth_credential {
	char id[BERTH_CREDENTIAL_ID_MAX + 1];
	const char *format, *text, *issuer;	/* borrowed, from json when read */
	const char *holder, *from;	/* NULL: not known, nobody */
	const char *thid, *thread;	/* both, or NULL: it came in none */
	int64_t received_s;		/* -1: not known */
	bool revoked, superseded;	/* it is not shown any more */
	const char *renewal;		/* thread; NULL: no other was asked for */
	int64_t asked, asked_s;		/* how often one was, and when last */
	const struct berth_json *types;	/* array of strings; NULL: none */
	struct berth_json *json;	/* owned by one that was read; else NULL */
};

void berth_credential_free(struct berth_credential *c);	/* wipes; fine on a zeroed one */

bool berth_credential_id_ok(const char *id);
/* The id of a credential that nobody has given one: 32 hex digits of its hash, so that
 * the same credential twice is one record.  JSON travels as a tree: of its canonical form. */
BERTH_MUST_USE enum berth_err
berth_credential_id_of(char id[BERTH_CREDENTIAL_ID_MAX + 1], const char *text, size_t n);

/* Appends the sealed record.  E_TYPE: the id; E_SIZE: the text or the list of types. */
BERTH_MUST_USE enum berth_err
berth_credential_seal(struct berth_env *env, const struct berth_credential *c, struct berth_buf *box);
/* The same among a step's effects.  E_QUOTA: there are too many others, or too large ones. */
BERTH_MUST_USE enum berth_err
berth_credential_put(struct berth_env *env, struct berth_effects *fx, const struct berth_credential *c);
/* E_QUOTA: there is no room for a record of n bytes. */
BERTH_MUST_USE enum berth_err berth_credential_quota(struct berth_env *env, const char *id, size_t n);

/* E_NOMATCH: no such credential; E_DECRYPT: not what was sealed under that id. */
BERTH_MUST_USE enum berth_err
berth_credential_get(struct berth_env *env, const char *id, struct berth_credential *out);
/* A gateway's operational credential, which its machine keeps, as if it were held like the
 * others.  E_NOMATCH: there is none. */
#define BERTH_CREDENTIAL_OWN "operational"
BERTH_MUST_USE enum berth_err berth_credential_own(struct berth_env *env, struct berth_credential *out);
/* In the order of their ids; what fn is shown is freed behind it. */
typedef enum berth_err berth_credential_fn(void *arg, const struct berth_credential *c);
BERTH_MUST_USE enum berth_err berth_credentials_each(struct berth_env *env, berth_credential_fn *fn, void *arg);
/* The same with those that are wanted: the others are not even opened. */
typedef bool berth_credential_wanted_fn(void *arg, const char *id);
BERTH_MUST_USE enum berth_err
berth_credentials_each_of(struct berth_env *env, berth_credential_wanted_fn *wanted, berth_credential_fn *fn, void *arg);

#endif /* BERTH_AGENT_PROTOCOL_CREDENTIALS_H */
