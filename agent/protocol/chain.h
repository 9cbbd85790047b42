/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_CHAIN_H
#define BERTH_AGENT_PROTOCOL_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/protocol/objects.h"

/* The chain of ownership (ONBOARDING C.1, C.1a): which owner a device accepts. */
#define BERTH_CHAIN_MAX ((size_t)64 << 10)
#define BERTH_CHAIN_ENTRIES_MAX 16
#define BERTH_CHAIN_DOCS_MAX 20

/* {"deviceCredential", "entries": [], "docs": {DID: document}, "delegation"?},
 * taken apart; unbelieved. */
struct berth_chain {
	struct berth_json *json;		/* owned */
	struct berth_device_credential dc;
	struct berth_ownership oc[BERTH_CHAIN_ENTRIES_MAX];
	size_t n;				/* at least 1 */
	const struct berth_json *docs;		/* NULL: none */
	bool has_delegation;
	struct berth_delegation delegation;
};

/* E_SIZE for the caps, E_VC for structure (of the package or an object in it);
 * the objects' own codes for their envelopes.  json is taken over, also on failure;
 * NULL: E_NOMEM, a clone that failed. */
BERTH_MUST_USE enum berth_err
berth_chain_from_json(struct berth_chain **out, struct berth_json *json);
void berth_chain_free(struct berth_chain *c);		/* NULL is fine */

/* The package's JSON; docs (object of documents) is taken over, also on failure;
 * docs and delegation may be NULL. */
BERTH_MUST_USE enum berth_err
berth_chain_build_json(struct berth_json **out, const char *device_credential,
		       const char *const *entries, size_t n, struct berth_json *docs,
		       const char *delegation);

/* Who may have issued the DeviceCredential.  jkt: the key pinned at birth; with
 * it a document in docs may stand for one that cannot be resolved. */
struct berth_chain_issuer {
	const char *did;
	const uint8_t *jkt;		/* NULL: what the resolver says */
};

/* What the one who judges knows.  A device fills in all it stores; an owner who
 * imports and a rendezvous leave out what they do not have. */
struct berth_chain_policy {
	struct berth_resolver *resolver;	/* for the manufacturer's DID; NULL: none */
	const struct berth_chain_issuer *issuers;	/* NULL and 0: any (a rendezvous) */
	size_t n_issuers;

	/* a device's own, stored at birth */
	const char *factory_did;		/* NULL: any device */
	const struct berth_hash *device_credential;	/* these very bytes; then not verified again */
	const struct berth_hash *root;		/* berth_root_hash() */

	bool has_epoch;				/* the tip must be of this epoch */
	int64_t epoch;

	const struct berth_hash *accepted;	/* (a): the tip last accepted; NULL: none yet */
	int64_t accepted_seq;

	/* (e): how the device was released after `accepted`; NULL: it was not */
	const struct berth_hash *release_receipt;
	const char *release_next_owner;

	/* (c): entries known to be one side of a fork; accept_tip is the operator's word */
	const struct berth_hash *forked;
	size_t n_forked;
	const struct berth_hash *accept_tip;

	/* delegation: the time floor, and the highest dseq seen for dseq_tip */
	int64_t floor_s;
	const struct berth_hash *dseq_tip;
	int64_t dseq;
};

/* What holds after acceptance; text is borrowed from the chain. */
struct berth_chain_result {
	struct berth_hash tip;
	int64_t seq, epoch;
	struct berth_owner_ref owner;
	const char *delegate;			/* NULL: the owner itself */
	struct berth_hash delegation;
	int64_t dseq, delegation_exp_s;
};

/* Rules (a) to (e).  E_SIG: a signature.  E_HOLDER: for another device (C123).
 * E_DID: root, owner or delegate is not self-certifying.  E_REPLAY: shorter than
 * what was accepted, an epoch or dseq that has passed.  E_EXPIRED: delegation.
 * E_AUTHZ: every other rule. */
BERTH_MUST_USE enum berth_err
berth_chain_accept(struct berth_chain_result *out, const struct berth_chain *c,
		   const struct berth_chain_policy *p);

/* How two chains of one device relate. */
enum berth_chain_order {
	BERTH_CHAIN_SAME,
	BERTH_CHAIN_EXTENDS,	/* a starts with all of b */
	BERTH_CHAIN_PREFIX,	/* b starts with all of a */
	BERTH_CHAIN_FORK,	/* they part at entry `at`, with one prev */
	BERTH_CHAIN_UNRELATED	/* another device, or another DeviceCredential */
};
/* at (may be NULL): number of common entries. */
enum berth_chain_order
berth_chain_compare(const struct berth_chain *a, const struct berth_chain *b, size_t *at);

/* (b): the longest of chains that have been accepted one by one.  Two that fork:
 * E_AUTHZ and fork says which; the entries at fork->at belong into `forked`.
 * Unrelated ones: E_HOLDER. */
struct berth_chain_fork {
	size_t a, b, at;
	struct berth_hash entry[2];
};
BERTH_MUST_USE enum berth_err
berth_chain_longest(size_t *best, const struct berth_chain *const *chains, size_t n,
		    struct berth_chain_fork *fork);

/* A device's receipt beside the chain its true owner holds: the receipt's
 * signature and epoch are judged, then what it says. */
enum berth_chain_taken {
	BERTH_CHAIN_FREE,		/* the receipt is of another epoch */
	BERTH_CHAIN_OURS,		/* it names our tip */
	BERTH_CHAIN_TAKEN_BY_EARLIER,	/* "taken-by-earlier-owner" */
	BERTH_CHAIN_TAKEN_BY_OTHER	/* a tip that this chain does not have */
};
const char *berth_chain_taken_name(enum berth_chain_taken t);
BERTH_MUST_USE enum berth_err
berth_chain_check_receipt(enum berth_chain_taken *out, const struct berth_chain *c,
			  const struct berth_receipt *receipt);

#endif /* BERTH_AGENT_PROTOCOL_CHAIN_H */
