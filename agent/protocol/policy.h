/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_POLICY_H
#define BERTH_AGENT_PROTOCOL_POLICY_H

/* What the configuration says to protocols. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "did/crypto/x509_order.h"	/* BERTH_X509_ORDER_SANS_MAX */

struct berth_rendezvous { const char *did, *uri; };

#define BERTH_POLICY_LIST_MAX 16
#define BERTH_APP_TYPES_MAX 16

/* A local application and the types of messages that are its business: each a type, or
 * the beginning of one and a star. */
struct berth_application {
	const char *name;		/* of its principal */
	const char *types[BERTH_APP_TYPES_MAX];
	size_t n_types;
};

/* What the PCRs of a model's devices may be: digests over the quoted ones, as base64url,
 * and values of single ones, "7:HEX".  And what policy has for them, where it is not what
 * it has for all. */
#define BERTH_REFERENCE_DIGESTS_MAX 16
#define BERTH_REFERENCE_PCRS_MAX 24
struct berth_reference {
	const char *name, *model;
	const char *digests[BERTH_REFERENCE_DIGESTS_MAX];
	size_t n_digests;
	const char *pcrs[BERTH_REFERENCE_PCRS_MAX];
	size_t n_pcrs;
	uint32_t attest_pcrs;		/* 0: it does not say */
	int64_t attest_every_s;
	bool says_every, says_drift, attest_quarantine;
};

enum berth_mediate { BERTH_MEDIATE_NOBODY, BERTH_MEDIATE_KNOWN, BERTH_MEDIATE_ANYONE };

struct berth_verify;	/* vc/vc.h */
struct berth_x509_chain;	/* did/crypto/x509.h */

/* All borrowed from the configuration. */
struct berth_policy {
	const char *serial, *model, *hardware, *firmware;
	const char *factory_did, *factory_uri;		/* gateway, before birth */
	const char *ek_roots_pem;			/* NULL: none */
	bool accept_hardware, accept_sealed;		/* custody levels of devices */
	bool ek_live;					/* owner: hardware shows its EK in every run */
	bool approve_automatically;
	bool recovery;					/* DeviceCredentials we issue allow it */
	int64_t run_timeout_s, collect_s, issue_timeout_s, credential_s, registration_s;
	struct berth_rendezvous rendezvous[BERTH_POLICY_LIST_MAX];	/* owner, factory: to name in credentials */
	size_t n_rendezvous;
	const char *issuers[BERTH_POLICY_LIST_MAX];	/* trusted DeviceCredential issuers */
	size_t n_issuers;
	const char *firmware_signers[BERTH_POLICY_LIST_MAX];	/* gateway; none: the owner's word will do */
	size_t n_firmware_signers;
	const char *endpoints[BERTH_POLICY_LIST_MAX];	/* where we are reached */
	size_t n_endpoints;
	const char *no_apv[BERTH_POLICY_LIST_MAX];	/* our DIDs to which anoncrypts may come without apv */
	size_t n_no_apv;
	struct berth_application apps[BERTH_POLICY_LIST_MAX];
	size_t n_apps;
	enum berth_mediate mediate;			/* mediator: who may become a client */
	const char *mediate_dids[BERTH_POLICY_LIST_MAX];	/* and these in any case */
	size_t n_mediate_dids;
	int64_t relay_clients, relay_dids;		/* clients; recipients of each */
	int64_t relay_messages, relay_bytes;		/* that wait for one recipient */
	int64_t relay_all_messages, relay_all_bytes, relay_lifetime_s, relay_idle_s;
	bool relay_rewrap;
	const char *mediator_did, *mediator_uri;	/* ours, when we are somebody's client; NULL: none */
	int64_t mediator_interval_s;			/* to ask it what waits, whatever it says by itself */
	/* Delivery; 0: the store's defaults.  How long a message is tried, and the most of
	 * them, and octets, that wait for one peer. */
	int64_t retry_for_s, peer_msgs, peer_bytes;
	enum berth_offers { BERTH_OFFERS_MANUAL, BERTH_OFFERS_OWNER, BERTH_OFFERS_PEERS } accept_offers;	/* of credentials */
	const struct berth_verify *judging;	/* the rest of a verdict on credentials: rules, folders, lists; NULL: none */
	bool renew;			/* issuer: what was issued is issued again before it ends */
	const char *oob_url;		/* what the URL of an invitation begins with */
	bool release_consent;		/* gateway: the end of an epoch needs the local operator's word */
	int64_t grace_s;		/* gateway: how long operational keys of before are kept, at most */
	const char *confirm[BERTH_POLICY_LIST_MAX];	/* principals that have to say that they have switched */
	size_t n_confirm;
	int64_t release_notice_s;	/* and applications hear of it so long before */
	bool clear_tpm;			/* a retirement may clear the TPM */
	bool credential_status;		/* owner: operational credentials say where their status is */
	int64_t status_s;		/* owner: how long a status list is worth asking */
	int64_t attest_every_s;		/* owner: between two attestations of a device; 0: on demand only */
	uint32_t attest_pcrs;		/* owner: what they are over; bit i: PCR i */
	bool attest_quarantine;		/* owner: a device that has drifted is suspended */
	int64_t attest_silent;		/* owner: so many attest_every_s without an answer are like drift; 0: never */
	bool attest_lift;		/* owner: until it is as it was again, where nobody else has said otherwise */
	struct berth_reference references[BERTH_POLICY_LIST_MAX];
	size_t n_references;
	const char *approve_models[BERTH_POLICY_LIST_MAX];	/* owner: others wait for a person; none: all go on */
	size_t n_approve_models;
	/* gateway: whether a hook makes something of such an item; NULL: there are none */
	bool (*hooked)(const void *hooked_by, const char *type, const char *id);
	const void *hooked_by;
	const char *event_log;		/* gateway: where the log of the measured boot is; NULL: there is none */
	const char *hints_file;		/* gateway: where a rendezvous may be, too (hints.h); NULL: none */
	int64_t owner_silent_s;		/* gateway: then its owner is looked for elsewhere; 0: as by default */
	int64_t seek_day_bytes;		/* gateway: on the wire in a day, to find an owner; 0: no matter how many */
	const struct berth_x509_chain *ldevid_ca;	/* owner: certifies operational keys, with those above it; NULL: none does */
	const char *ldevid_subject, *ldevid_sans[BERTH_X509_ORDER_SANS_MAX - 1];	/* templates; beside the DID */
	size_t n_ldevid_sans;
	int64_t ldevid_s;		/* how long at most; 0: as long as the credential */
	bool ldevid_server;		/* for TLS servers, too */
	const char *ldevid_crl;		/* where their list of revoked ones is, a URI; NULL or "": they do not say */
};

#endif
