/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_BACKEND_INTERNAL_H
#define BERTH_AGENT_CORE_BACKEND_INTERNAL_H

#include "agent/core/backend.h"
#include "agent/protocol/credentials.h"
#include "vc/wallet.h"

/* The gateway's instance {"state", "data"}; NULL: this agent is no gateway.  *owned
 * is to be freed. */
const struct berth_json *backend_gateway(struct berth_backend *b, struct berth_json **owned);
/* to[as] = a copy of from[key], if there is one. */
BERTH_MUST_USE enum berth_err
backend_copy(struct berth_json *to, const char *as, const struct berth_json *from, const char *key);
/* The same, but a member that is not there becomes null: the shape stays. */
BERTH_MUST_USE enum berth_err
backend_copy_or_null(struct berth_json *to, const char *as, const struct berth_json *from, const char *key);
/* A DID in its short form, or null: what people compare and write down. */
BERTH_MUST_USE enum berth_err
backend_copy_did(struct berth_json *to, const char *as, const struct berth_json *from, const char *key);
/* ownerDid of the gateway's data.active, or null. */
BERTH_MUST_USE enum berth_err backend_copy_owner(struct berth_json *to, const struct berth_json *active);
bool backend_is_admin(const struct berth_api_request *req);
/* The state to be shown for an instance's (NULL: none): IDENTITY_LOST where the device
 * with the keys was cleared or replaced. */
const char *backend_state(struct berth_backend *b, const char *state);
/* out.health */
BERTH_MUST_USE enum berth_err backend_health(struct berth_backend *b, const char *state, struct berth_json *out);

/* A command to the device of that id or serial in a machine (NULL: any); *out is an empty object where
 * the step has nothing to say. */
BERTH_MUST_USE enum berth_err
backend_device_command(struct berth_backend *b, const char *machine, const char *want, const char *on,
		       const struct berth_json *args, struct berth_json **out);
/* backend_release.c: "release", of a gateway whose epoch is about to end; to the operator the
 * "receipt" of one that has. */
BERTH_MUST_USE enum berth_err
backend_set_release(struct berth_backend *b, struct berth_json *o, const struct berth_json *data, bool is_admin);

/* An active item of a gateway's data, opened: {id, type, seq, sensitivity, value}. */
BERTH_MUST_USE enum berth_err
backend_item(struct berth_env *env, const struct berth_json *data, const char *id, struct berth_json **out);
/* backend_items.c: what a hook made of the item with that hash, owned; E_NOMATCH: nothing yet. */
BERTH_MUST_USE enum berth_err
backend_hook_record(struct berth_backend *b, const char *id, const char *sha256, struct berth_json **out);
/* o.items, for the operator: each active item with its result, as far as there is one. */
BERTH_MUST_USE enum berth_err backend_set_items(struct berth_backend *b, struct berth_json *o, const struct berth_json *data);

/* o.queue */
BERTH_MUST_USE enum berth_err backend_set_queue(struct berth_backend *b, struct berth_json *o);

void backend_peers_init(struct berth_api_backend *api);
void backend_exchanges_init(struct berth_api_backend *api);
void backend_messages_init(struct berth_api_backend *api);
void backend_admin_init(struct berth_api_backend *api);
void backend_birth_init(struct berth_api_backend *api);
/* At which generation of the watch that event was seen last; 0: never. */
int64_t backend_watch_event(const struct berth_backend *b, const char *name);
#define BACKEND_NS_ACK "watch-ack"	/* principal -> generation that it has acknowledged */
/* backend_confirm.c: what waited for applications goes on when they have said so; what status
 * says of it: o.itemSet, o.grace. */
void backend_confirm_look(struct berth_backend *b);
/* That principal has said so of that generation, or of a later one. */
bool backend_has_acked(struct berth_backend *b, const char *principal, int64_t generation);
BERTH_MUST_USE enum berth_err backend_set_waits(struct berth_backend *b, struct berth_json *o, const struct berth_json *data);

/* backend_provision.c: o.set, what an owner's device made of the last set of items. */
BERTH_MUST_USE enum berth_err backend_copy_set(struct berth_json *to, const struct berth_json *data);
void backend_provision_init(struct berth_api_backend *api);
void backend_release_init(struct berth_api_backend *api);
void backend_ethr_init(struct berth_api_backend *api);
/* backend_certs.c; certs: [{name, serial, notAfter}] of what applications can have. */
void backend_certs_init(struct berth_api_backend *api);
BERTH_MUST_USE enum berth_err backend_certs(struct berth_backend *b, struct berth_json **out);
BERTH_MUST_USE enum berth_err backend_push_certs(struct berth_backend *b, struct berth_json *reasons);	/* of health */
void backend_queue_init(struct berth_api_backend *api);
void backend_resolve_init(struct berth_api_backend *api);
/* backend_resolve.c: reasons of health. */
BERTH_MUST_USE enum berth_err backend_push_resolve(const struct berth_backend *b, struct berth_json *reasons);
void backend_audit_init(struct berth_api_backend *api);
void backend_metrics_init(struct berth_api_backend *api);
void backend_backup_init(struct berth_api_backend *api);
void backend_restored_init(struct berth_api_backend *api);
/* Of an owner out of a backup, until all devices have spoken; ends the notice when they have. */
/* In use, by what we know, and silent since we were restored; restored_s 0: we were not. */
bool backend_is_unheard(int64_t restored_s, const struct berth_json *inst);
enum berth_err backend_push_restored(struct berth_backend *b, struct berth_json *reasons);
enum berth_err backend_end_restored(struct berth_backend *b, const char *why);
void backend_watch_init(struct berth_api_backend *api);
void backend_confirm_init(struct berth_api_backend *api);
int64_t backend_watch_generation(void *arg);	/* what berth_api_backend.generation is; on the disk by then */
/* Lists of the API, which who watches is shown too; arg: the backend. */
BERTH_MUST_USE enum berth_err backend_identities(void *arg, const struct berth_api_request *req, struct berth_json **out);
BERTH_MUST_USE enum berth_err backend_secrets(void *arg, const struct berth_api_request *req, struct berth_json **out);
void backend_identities_init(struct berth_api_backend *api);
void backend_secrets_init(struct berth_api_backend *api);

/* backend_mediate.c: "mediation" of a mediator's client, "relay" of a mediator; nothing
 * in other roles. */
BERTH_MUST_USE enum berth_err backend_mediation(struct berth_backend *b, struct berth_json *o);
void backend_credentials_init(struct berth_api_backend *api);
void backend_verify_init(struct berth_api_backend *api);

/* backend_life.c: o.attested, of data: verdict and time, or all that is known. */
enum berth_err backend_copy_attested(struct berth_json *o, const struct berth_json *data, bool all);
enum berth_err backend_push_attested(struct berth_backend *b, struct berth_json *reasons);
/* The same: devices out of service and back, attestation, status lists; and what this
 * gateway says of itself when it is the one.  push_life: reasons of its health. */
void backend_life_init(struct berth_api_backend *api);
BERTH_MUST_USE enum berth_err backend_push_life(struct berth_backend *b, const char *state, struct berth_json *reasons);
/* status {is, reason?, index, seq, noted} of a device, where anything was said. */
BERTH_MUST_USE enum berth_err backend_copy_status(struct berth_json *to, const struct berth_json *data);
/* What `berth onboard` would do now: {"would", "rendezvous" [], "owner"?}. */
BERTH_MUST_USE enum berth_err backend_dry_run(struct berth_backend *b, struct berth_json *o);
/* Why the owner took this gateway out of service ("suspended"), of the gateway's data; NULL:
 * it did not. */
const char *backend_out(const struct berth_json *data);
/* E_STATUS where it did: nothing is signed for applications then, and no secret shown. */
BERTH_MUST_USE enum berth_err backend_check_in_service(struct berth_backend *b);
/* backend_present.c: what answers the query of a verifier, for an identity of ours. */
BERTH_MUST_USE enum berth_err
backend_present(struct berth_backend *b, const struct berth_api_request *req, const struct berth_identity *id,
		struct berth_json **out);

#endif
