/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_API_H
#define BERTH_AGENT_CORE_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/core/config.h"
#include "berth/err.h"
#include "did/base/json.h"

/* The local API: HTTP/1.1 and JSON over two UNIX sockets in [agent] run-dir, app.sock
 * for applications and admin.sock for the operator.  docs/openapi.yaml describes it.
 *
 * This side knows sockets, callers, principals, limits and the route table; what the
 * answers are is the backend's.  No threads: the core polls berth_api_fd() and calls
 * berth_api_run(). */

enum berth_api_op {
	/* app.sock, by grant */
	BERTH_API_DEVICE,		/* GET  /v1/device: onboarding state, owner, epoch, assurance, health */
	BERTH_API_IDENTITIES,		/* GET  /v1/identities: array of {"name", ...}; filtered by grant here */
	BERTH_API_IDENTITY,		/* GET  /v1/identities/{name} */
	BERTH_API_PRESENT,		/* POST /v1/identities/{name}/present {"audience","nonce","format"?,"query"?} */
	BERTH_API_SECRETS,		/* GET  /v1/secrets: array of {"id", ...}; filtered by grant here */
	BERTH_API_SECRET,		/* GET  /v1/secrets/{id} */
	BERTH_API_APP_MESSAGES,		/* GET  /v1/messages?after=SEQ: array of {"seq", "for", ...}; filtered by grant here */
	BERTH_API_APP_SEND,		/* POST /v1/messages {"to","type",...}; the right to the type is checked here */
	BERTH_API_WATCH,		/* GET  /v1/watch: {"generation","events","state"}, a line for each change; filtered here */
	BERTH_API_ACK,			/* POST /v1/ack {"gen"} */
	BERTH_API_APP_ACK,		/* POST /v1/messages/ack {"upTo"} */
	/* admin.sock */
	BERTH_API_STATUS,		/* GET  /v1/status */
	BERTH_API_ONBOARD,		/* POST /v1/onboard {"invitation"?,"dryRun"?,"acceptTip"?,"abandon"?} */
	BERTH_API_ROTATE,		/* POST /v1/rotate: new keys, or of an owner new DIDs */
	BERTH_API_DEVICES,		/* GET  /v1/devices: array */
	BERTH_API_DEVICE_SHOW,		/* GET  /v1/devices/{id} */
	BERTH_API_DEVICE_APPROVE,	/* POST /v1/devices/{id}/approve */
	BERTH_API_DEVICE_DENY,		/* POST /v1/devices/{id}/deny {"reason"?} */
	BERTH_API_DEVICES_IMPORT,	/* POST /v1/devices/import {"chain","receipt"?} */
	BERTH_API_DEVICES_SELL,		/* POST /v1/devices/sell {"device","to"} */
	BERTH_API_DEVICES_INVITE,	/* POST /v1/devices/{id}/invite */
	BERTH_API_DEVICES_DELEGATE,	/* POST /v1/devices/{id}/delegate {"to","until","scope"?} */
	BERTH_API_DEVICES_BIRTH,	/* POST /v1/devices/birth */
	BERTH_API_PROVISION,		/* POST /v1/provision {"device"|"model"|"all","id","data"|"remove","type"?...} */
	BERTH_API_AUDIT,		/* GET  /v1/audit?after=SEQ: array; */
	BERTH_API_AUDIT_VERIFY,		/* GET  /v1/audit/verify */
	BERTH_API_PEERS,		/* GET  /v1/peers: array */
	BERTH_API_MESSAGES,		/* GET  /v1/messages: what waits, by peer and one by one, and dead letters */
	BERTH_API_CREDENTIAL_OFFER,	/* POST /v1/credentials/offer {"to","credential","format"?,"comment"?} */
	BERTH_API_CREDENTIAL_PROPOSE,	/* POST /v1/credentials/propose: the same */
	BERTH_API_CREDENTIAL_REQUEST,	/* POST /v1/credentials/request: the same */
	BERTH_API_PROOF_REQUEST,	/* POST /v1/proofs/request {"to","presentationDefinition" or "dcqlQuery","comment"?} */
	BERTH_API_PROOF_PROPOSE,	/* POST /v1/proofs/propose {"to","comment"?} */
	BERTH_API_EXCHANGES,		/* GET  /v1/exchanges: array */
	BERTH_API_EXCHANGE,		/* GET  /v1/exchanges/{id} */
	BERTH_API_EXCHANGE_ACCEPT,	/* POST /v1/exchanges/{id}/accept: what its state asks for */
	BERTH_API_EXCHANGE_DECLINE,	/* POST /v1/exchanges/{id}/decline */
	BERTH_API_EXCHANGE_REVOKE,	/* POST /v1/exchanges/{id}/revoke {"comment"?} */
	BERTH_API_INVITE,		/* POST /v1/invitations {"goal"?,"goalCode"?,"uses"?,"expiresIn"?,"attachments"?} */
	BERTH_API_CONNECT,		/* POST /v1/connections {"invitation"} */
	BERTH_API_DISCOVER,		/* POST /v1/discover {"to","match"?}: what a peer can do */
	BERTH_API_PEER_ROTATE,		/* POST /v1/peers/rotate {"peer"}: another DID for it */
	BERTH_API_PEER_END,		/* POST /v1/peers/end {"peer"} */
	BERTH_API_PING,			/* POST /v1/ping {"to"} : trust ping */
	BERTH_API_METRICS,		/* GET  /v1/metrics: one JSON string, sent as Prometheus text */
	BERTH_API_MESSAGES_RETRY,	/* POST /v1/messages/retry {"id"} or {"peer"} */
	BERTH_API_MESSAGES_DROP,	/* POST /v1/messages/drop {"id"} or {"peer"} */
	BERTH_API_DEVICE_SUSPEND,	/* POST /v1/devices/{id}/suspend {"reason"?} */
	BERTH_API_DEVICE_RESUME,	/* POST /v1/devices/{id}/resume */
	BERTH_API_DEVICE_REVOKE,	/* POST /v1/devices/{id}/revoke {"reason"?} */
	BERTH_API_DEVICE_ATTEST,	/* POST /v1/devices/{id}/attest */
	BERTH_API_STATUS_LISTS,		/* GET  /v1/status-lists: {"revocation","suspension","seq","signedS"} */
	/* both, by grant on app.sock */
	BERTH_API_CREDENTIALS,		/* GET  /v1/credentials: array of {"id", ...}; filtered by grant here */
	BERTH_API_CREDENTIAL,		/* GET  /v1/credentials/{id} */
	BERTH_API_VERIFY,		/* POST /v1/verify {"credential" or "presentation","challenge"?,"domain"?} */
	BERTH_API_CREDENTIAL_IMPORT,	/* POST /v1/credentials {"credential","id"?} */
	/* admin.sock */
	BERTH_API_CREDENTIAL_REMOVE,	/* POST /v1/credentials/{id}/remove */
	BERTH_API_DEVICE_TRANSFER,	/* POST /v1/devices/{id}/transfer {"to"?,"cancel"?,"receipt"?} */
	BERTH_API_DEVICE_RETIRE,	/* POST /v1/devices/{id}/retire {"clearTpm"?,"receipt"?} */
	BERTH_API_AUDIT_SIGN,		/* POST /v1/audit/sign */
	BERTH_API_BACKUP,		/* POST /v1/backup: {"snapshot","generation"} */
	BERTH_API_ACKS,			/* GET  /v1/watch/acks: {"generation","acks"} */
	BERTH_API_RELEASE_CONSENT,	/* POST /v1/release-consent {"consent"} */
	BERTH_API_ETHR_KEY,		/* POST /v1/ethr/keys {"name"}: {"address","custody"}, made or found */
	BERTH_API_ETHR_SIGN,		/* POST /v1/ethr/sign {"name","order"}: {"signed","hash"} */
	BERTH_API_RESOLVE,		/* POST /v1/resolve {"did"}: what is kept of it; nobody is asked */
	BERTH_API_CERT,			/* GET  /v1/certs/{name}: {"name","chain","serial","notAfter","did","custody"} */
	BERTH_API_CERT_CSR,		/* POST /v1/certs/{name}/csr {"subject"?,"san"?}: {"csr"} */
	BERTH_API_CERT_SIGN,		/* POST /v1/certs/{name}/sign {"role","hash"}: {"scheme","signature"} */
	BERTH_API_LDEVID_CA,		/* POST /v1/ldevid/ca {"subject","days"?,"request"?}: {"certificate"} or {"csr"} */
	BERTH_API_LDEVID_CRL,		/* GET  /v1/ldevid/crl: {"crl","revoked"} */
	BERTH_API_RESTORED,		/* GET  /v1/restored: {"restored","since"?,"devices"} that have not spoken since */
	BERTH_API_RESTORED_END,		/* POST /v1/restored/end */
	BERTH_API_DEVICE_RESOLVE,	/* POST /v1/devices/{id}/resolve {"chain","refused"} */
	BERTH_API__COUNT
};

struct berth_principal;

struct berth_api_request {
	const struct berth_principal *who;	/* NULL: the operator */
	const char *principal;		/* who asks; "admin" on admin.sock */
	const char *param;		/* {name} or {id} of the path, decoded; "" without */
	int64_t after;			/* ?after= or ?since=, 0 without */
	const struct berth_json *body;	/* an object with the fields of the route, checked for
					 * presence, type and length; NULL for GET */
};

/* Fills *out (owned by the API) on BERTH_OK.  Else the code decides the status: 400
 * malformed, 404 E_NOMATCH, 413 E_SIZE, 429 E_QUOTA, 403 other refusals, 503
 * unavailable, 500 ours; the message of the answer is berth_err_detail(). */
typedef enum berth_err (*berth_api_fn)(void *arg, const struct berth_api_request *req, struct berth_json **out);

struct berth_api_backend {
	void *arg;
	berth_api_fn op[BERTH_API__COUNT];	/* NULL: not in this role, 404 */
	int64_t (*generation)(void *arg);	/* grows with what /v1/watch would show; NULL: nobody can watch */
};

struct berth_api;

/* Makes run-dir (0750), app.sock (0660, [api] group) and admin.sock (0600) and
 * listens.  E_CONFIG: a lax or foreign folder, something else than a stale socket at
 * the path, an unknown account; E_UNAVAILABLE: another daemon answers there. */
BERTH_MUST_USE enum berth_err
berth_api_new(struct berth_api **out, const struct berth_config *cfg, const struct berth_api_backend *backend);
void berth_api_free(struct berth_api *a);	/* removes the sockets; NULL is fine */

int berth_api_fd(const struct berth_api *a);		/* readable: call run */
uint32_t berth_api_timeout_ms(struct berth_api *a);	/* at the latest, call run then */
void berth_api_run(struct berth_api *a);
/* Something has come in: requests that wait for it (?wait=) are looked at again. */
void berth_api_wake(struct berth_api *a);
/* After SIGHUP: principals and limits anew; E_CONFIG: the old ones stay. */
BERTH_MUST_USE enum berth_err berth_api_reconfigure(struct berth_api *a, const struct berth_config *cfg);

#endif /* BERTH_AGENT_CORE_API_H */
