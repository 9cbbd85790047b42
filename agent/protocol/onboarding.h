/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_ONBOARDING_H
#define BERTH_AGENT_PROTOCOL_ONBOARDING_H

#include "agent/protocol/chain.h"
#include "agent/protocol/protocol.h"
#include "agent/protocol/rendezvous.h"
#include "agent/protocol/transcript.h"
#include "did/jose/proof.h"

/* What gateway, owner, factory and rendezvous share: the machines themselves, the
 * memory of one run and proofs (docs/onboarding-protocol.md). */

extern const struct berth_machine berth_gateway_machine;
extern const struct berth_machine berth_owner_machine;
extern const struct berth_machine berth_status_machine;	/* beside the owner's: status_lists.h */
extern const struct berth_machine berth_factory_machine;
extern const struct berth_machine berth_rendezvous_machine;
extern const struct berth_machine berth_ping_machine;
extern const struct berth_machine berth_problem_machine;
extern const struct berth_machine berth_discover_machine;
extern const struct berth_machine berth_empty_machine;

/* The owner machine's instance for a chain package: deviceHash in hex. */
BERTH_MUST_USE enum berth_err berth_owner_key(const struct berth_json *package, char key[65]);

/* A buyer's DID, self-certifying, with the key of it that signs; borrowed from did. */
#define BERTH_OWNER_DID_MAX 8192
BERTH_MUST_USE enum berth_err berth_owner_ref_of(struct berth_env *env, const char *did, struct berth_owner_ref *out);

/* Names of our identities and keys. */
#define BERTH_ID_FACTORY "factory"	/* a gateway's factory DID */
#define BERTH_ID_OWNER "owner"
#define BERTH_ID_MAKER "maker"		/* a factory agent's messaging DID */
#define BERTH_ID_ISSUER "issuer"	/* signs DeviceCredentials */
#define BERTH_ID_ROOT "root"		/* ownershipRoot */
#define BERTH_ID_RENDEZVOUS "rendezvous"
#define BERTH_ID_AUDIT "audit"		/* signs the audit log, in every role */
#define BERTH_KEY_AK "ak"
#define BERTH_KEY_LDEVID_CA "ldevid-ca"	/* an owner's, that certifies operational keys */
#define BERTH_ID_LOOKUP "lookup"	/* what rendezvous agents answer a gateway to: no identity, but a key like those of one */
#define BERTH_KEY_LOOKUP BERTH_ID_LOOKUP "-agree"

/* Names of the records that machines leave for others to read. */
#define BERTH_NS_PROVISION "provision"	/* owner: items for a device, key DEVICEHASH/ID */
#define BERTH_NS_OPERATIONAL "operational"	/* gateway: OperationalCredentials, compact, by the name of their identity; an identity that is forgotten takes its own along */
#define BERTH_NS_THREAD "thread"	/* run -> instance */
#define BERTH_NS_TAKEN "taken"		/* owner: devices that a receipt says are somebody else's */
/* The number of an operational identity, rising in an epoch; JSON holds it exactly. */
#define BERTH_ATTEMPT_MAX ((int64_t)1 << 52)
#define BERTH_NS_DRIFTED "drifted"	/* owner: devices whose last evidence drifted, or did not hold */
#define BERTH_NS_SILENT "silent"	/* owner: devices that did not answer when they were last asked for it */
#define BERTH_ITEMS_MAX 16
#define BERTH_ITEM_MAX ((size_t)32 << 10)

/* One run as both sides remember it. */
struct berth_run {
	char thid[BERTH_MESSAGE_ID_MAX + 1];
	char peer[1024];		/* the other side's DID, short form */
	int64_t epoch;
	struct berth_hash device_hash, tip;
	uint8_t nonce_d[32], nonce_o[32];
	struct berth_transcript said;
};
/* In data as member "run".  E_NOMATCH: there is none. */
BERTH_MUST_USE enum berth_err berth_run_load(struct berth_run *r, const struct berth_json *data);
BERTH_MUST_USE enum berth_err berth_run_save(struct berth_json *data, const struct berth_run *r);

/* The event's message belongs to this run and comes from its other side (C075):
 * E_AUTHZ else. */
BERTH_MUST_USE enum berth_err berth_run_check(const struct berth_run *r, const struct berth_event *ev);

/* The body's epoch is the run's: E_TYPE, E_AUTHZ else. */
BERTH_MUST_USE enum berth_err berth_run_check_epoch(const struct berth_run *r, const struct berth_event *ev);

/* A proof over body, which has neither `proof` nor `proofs` yet.  owner_time and
 * delegation: owners only; 0 and NULL else. */
BERTH_MUST_USE enum berth_err
berth_run_prove(struct berth_env *env, const struct berth_run *r, enum berth_purpose purpose,
		const struct berth_identity *by, const char *aud, int64_t owner_time,
		const struct berth_hash *delegation, const struct berth_json *body, struct berth_buf *jws);
/* The other side's: signature by an authentication key of iss, claims, th of body
 * without `without`.  E_SIG, E_AUTHZ, E_ENV, E_TYPE.  iss may be a long form. */
BERTH_MUST_USE enum berth_err
berth_run_check_proof(struct berth_env *env, const struct berth_run *r, enum berth_purpose purpose,
		      const char *iss, const char *aud, const struct berth_hash *delegation,
		      const struct berth_json *body, const char *without, const char *jws,
		      int64_t *owner_time);

/* What an identity of ours signs with: Ed25519 where the store that holds its keys can
 * make that, P-256 else.  They agree on P-256, which every TPM has, so that any gateway
 * can talk to any owner. */
enum berth_key_type berth_sign_type(struct berth_keys *k, const char *identity);
#define BERTH_AGREE_TYPE BERTH_KEY_P256

/* Members of data and bodies. */
const char *berth_data_str(const struct berth_json *obj, const char *key);	/* NULL */
int64_t berth_data_int(const struct berth_json *obj, const char *key, int64_t otherwise);
void berth_hash_hex(char out[65], const struct berth_hash *h);
/* The member as an object, made when it is not there; NULL without memory. */
struct berth_json *berth_data_obj(struct berth_json *data, const char *key);

/* [policy] owner-silent, which may be 0 for its default. */
#define BERTH_OWNER_SILENT_S 600
static inline int64_t berth_owner_silent_s(const struct berth_policy *p)
{
	return p->owner_silent_s ? p->owner_silent_s : BERTH_OWNER_SILENT_S;
}

#endif
