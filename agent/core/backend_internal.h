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
/* out.health */
/* The state to be shown for an instance's (NULL: none): IDENTITY_LOST where the device
 * with the keys was cleared or replaced. */
const char *backend_state(struct berth_backend *b, const char *state);
BERTH_MUST_USE enum berth_err backend_health(struct berth_backend *b, const char *state, struct berth_json *out);

/* A command to the device of that id or serial in a machine (NULL: any). */
BERTH_MUST_USE enum berth_err
backend_device_command(struct berth_backend *b, const char *machine, const char *want, const char *on,
		       const struct berth_json *args, struct berth_json **out);
/* backend_release.c: "release", of a gateway whose epoch is about to end; to the operator the
 * "receipt" of one that has. */
BERTH_MUST_USE enum berth_err
backend_set_release(struct berth_backend *b, struct berth_json *o, const struct berth_json *data, bool is_admin);

/* o.queue */
BERTH_MUST_USE enum berth_err backend_set_queue(struct berth_backend *b, struct berth_json *o);

void backend_peers_init(struct berth_api_backend *api);
void backend_exchanges_init(struct berth_api_backend *api);
void backend_messages_init(struct berth_api_backend *api);
void backend_admin_init(struct berth_api_backend *api);
void backend_release_init(struct berth_api_backend *api);
void backend_queue_init(struct berth_api_backend *api);

/* backend_mediate.c: "mediation" of a mediator's client, "relay" of a mediator; nothing
 * in other roles. */
BERTH_MUST_USE enum berth_err backend_mediation(struct berth_backend *b, struct berth_json *o);
void backend_credentials_init(struct berth_api_backend *api);
void backend_verify_init(struct berth_api_backend *api);

/* backend_present.c: what answers the query of a verifier, for an identity of ours. */
BERTH_MUST_USE enum berth_err
backend_present(struct berth_backend *b, const struct berth_api_request *req, const struct berth_identity *id,
		struct berth_json **out);

#endif
