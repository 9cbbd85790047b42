/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/api_backend.h"

#include <string.h>

static enum berth_err give(struct berth_json **out, const char *text)
{
	return berth_json_parse(out, text, strlen(text), BERTH_JSON_MAX);
}

#define FIXED(name, text) \
	static enum berth_err name(void *arg, const struct berth_api_request *req, struct berth_json **out) \
	{ \
		(void)arg, (void)req; \
		return give(out, text); \
	}

FIXED(device, "{\"state\":\"OPERATIONAL\",\"ownerDid\":\"did:x:owner\",\"epoch\":0,\"assurance\":\"sealed\","
	      "\"health\":{\"state\":\"ok\",\"reasons\":[]}}")
FIXED(identities, "[{\"name\":\"web\",\"did\":\"did:x:web\"},{\"name\":\"db\",\"did\":\"did:x:db\"}]")
FIXED(secrets, "[{\"id\":\"wifi\",\"type\":\"network\",\"seq\":3,\"sha256\":\"YWI\",\"size\":7},"
	       "{\"id\":\"cloud\",\"type\":\"cloud\",\"seq\":1,\"sha256\":\"YWM\",\"size\":7}]")
FIXED(status, "{\"state\":\"OPERATIONAL\",\"epoch\":0,\"generation\":7,\"factoryDid\":\"did:x:f\",\"operationalDid\":\"did:x:o\","
	      "\"ownerDid\":\"did:x:owner\",\"chainTip\":\"ab\",\"assurance\":\"sealed\","
	      "\"health\":{\"state\":\"ok\",\"reasons\":[],\"rollback_protection\":\"none\"},"
	      "\"onboarding\":{\"ms\":12,\"bytes\":34},\"queue\":{\"out\":0,\"in\":0,\"dead\":0}}")
FIXED(onboard, "{\"state\":\"SEEKING\"}")
FIXED(rotate, "{\"state\":\"RENEWING\"}")
FIXED(devices, "[{\"device\":\"dev-1\",\"state\":\"ACTIVE\"}]")
FIXED(ok, "{}")
FIXED(chain, "{\"deviceCredential\":\"a.b.c\",\"entries\":[]}")
FIXED(invitation, "{\"blob\":\"a.b.c\",\"package\":{\"deviceCredential\":\"a.b.c\",\"entries\":[]}}")
FIXED(audit, "[{\"seq\":1,\"time\":7,\"event\":\"start\",\"detail\":\"\",\"hash\":\"AA\"}]")
FIXED(imported, "{\"device\":\"dev-1\",\"serial\":\"S\",\"model\":\"M\"}")
FIXED(audit_verify, "{\"verified\":true,\"rows\":1,\"signed\":null,\"unsigned\":1}")
FIXED(audit_sign, "{\"did\":\"did:x:a\",\"seq\":1,\"head\":\"AA\",\"signed\":\"a.b.c\",\"baseSeq\":0,\"baseHash\":\"AA\"}")
FIXED(watch, "{\"generation\":7,\"events\":[],\"state\":{\"device\":{\"state\":\"OPERATIONAL\"},\"identities\":[{\"name\":\"web\"},"
	     "{\"name\":\"db\"}],\"secrets\":[{\"id\":\"wifi\"},{\"id\":\"cloud\"}],"
	     "\"certs\":[{\"name\":\"web\"},{\"name\":\"db\"}]}}")
FIXED(ack, "{\"generation\":7}")
FIXED(backup, "{\"snapshot\":\"/x\",\"generation\":7}")
FIXED(acks, "{\"generation\":7,\"acks\":{}}")
FIXED(peers, "[{\"did\":\"did:x:owner\"}]")
FIXED(messages, "{\"queue\":{\"out\":0,\"in\":0,\"dead\":0},\"peers\":[],\"messages\":[],\"dead\":[]}")
FIXED(messages_retry, "{\"messages\":1}")
FIXED(messages_drop, "{\"messages\":2}")
FIXED(app_messages, "[{\"seq\":1,\"for\":\"urn:app:a\",\"type\":\"urn:app:a\",\"from\":\"did:x:peer\",\"id\":\"m\",\"thid\":\"m\"},"
		    "{\"seq\":2,\"for\":\"urn:app:b\",\"type\":\"urn:app:b\",\"from\":\"did:x:peer\",\"id\":\"n\",\"thid\":\"n\"}]")
FIXED(sent, "{\"id\":\"m\",\"thid\":\"m\"}")
FIXED(connected, "{\"peer\":\"did:x:peer\",\"did\":\"did:x:me\",\"thid\":\"t\"}")
FIXED(oob, "{\"id\":\"i\",\"did\":\"did:x:i\",\"url\":\"https://x.test/?_oob=e30\",\"invitation\":{}}")
FIXED(exchanges, "[{\"id\":\"e\",\"protocol\":\"issue\",\"state\":\"done\"}]")
FIXED(exchange, "{\"id\":\"e\",\"protocol\":\"proof\",\"state\":\"done\"}")
FIXED(ping, "{\"thid\":\"t\"}")
#define CREDENTIAL(id, more) "{\"id\":\"" id "\",\"format\":\"vc+jwt\",\"issuer\":\"did:x:i\",\"types\":[\"T\"]" more "}"
FIXED(credentials, "[" CREDENTIAL("badge", "") "," CREDENTIAL("pass", "") "]")
FIXED(imported_credential, CREDENTIAL("badge", ""))
FIXED(resolved, "{\"didDocument\":{\"id\":\"did:x:a\"},\"didResolutionMetadata\":{\"contentType\":\"application/did\",\"cached\":true,\"age\":7},"
		"\"didDocumentMetadata\":{}}")
FIXED(removed, "{\"id\":\"badge\"}")
FIXED(report, "{\"verified\":false,\"format\":\"vc+jwt\",\"issuer\":null,\"checks\":{},\"warnings\":[],\"error\":\"E_SIG\","
	      "\"detail\":\"\",\"credential\":null}")
FIXED(lists, "{\"seq\":7,\"signedS\":7,\"revocation\":\"a.b.c\",\"suspension\":\"a.b.c\"}")
FIXED(metrics, "\"berth_up 1\\n\"")

static enum berth_err known(const struct berth_api_request *req, const char *a, const char *b)
{
	if (!strcmp(req->param, a) || !strcmp(req->param, b))
		return BERTH_OK;
	return berth_fail(BERTH_E_NOMATCH, "no %s", req->param);
}

static enum berth_err identity(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	enum berth_err rc = known(req, "web", "db");

	(void)arg;
	if (rc || (rc = give(out, "{\"credential\":\"a.b.c\"}")) ||
	    (rc = berth_json_set_str(*out, "name", req->param)) || (rc = berth_json_set_str(*out, "did", "did:x:web")))
		return rc;
	return BERTH_OK;
}

static enum berth_err present(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	enum berth_err rc = known(req, "web", "db");

	(void)arg;
	if (rc || (rc = give(out, "{\"format\":\"vp+jwt\"}")))
		return rc;
	return berth_json_set_str(*out, "presentation", berth_json_str(berth_json_get(req->body, "nonce")));
}

static enum berth_err secret(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	enum berth_err rc = known(req, "wifi", "cloud");

	(void)arg;
	if (rc || (rc = give(out, "{\"type\":\"network\",\"seq\":3,\"generation\":7,\"data\":\"aHVudGVyMg\"}")))
		return rc;
	return berth_json_set_str(*out, "id", req->param);
}

static enum berth_err credential(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	enum berth_err rc = known(req, "wifi", "badge");

	(void)arg;
	return rc ? rc : give(out, CREDENTIAL("badge", ",\"credential\":\"a.b.c\""));
}

static enum berth_err device_show(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	enum berth_err rc = known(req, "dev-1", "dev-1");

	(void)arg;
	return rc ? rc : give(out, "{\"device\":\"dev-1\",\"state\":\"ACTIVE\"}");
}

static enum berth_err let_go(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	enum berth_err rc = known(req, "dev-1", "dev-1");

	(void)arg;
	return rc ? rc : give(out, berth_json_get(req->body, "to") ? "{\"state\":\"TRANSFERRING\"}" : "{\"state\":\"RETIRING\"}");
}

FIXED(cert, "{\"name\":\"web\",\"chain\":\"x\",\"serial\":\"4a\",\"notAfter\":\"2026-11-28T12:00:00Z\",\"did\":\"did:x:web\","
	    "\"custody\":\"sealed\"}")
FIXED(cert_csr, "{\"csr\":\"x\"}")
FIXED(cert_sign, "{\"scheme\":\"ed25519\",\"signature\":\"AA\"}")
FIXED(ldevid_ca, "{\"certificate\":\"x\"}")
FIXED(restored, "{\"restored\":false,\"devices\":[]}")
FIXED(ldevid_crl, "{\"crl\":\"x\",\"revoked\":0}")

static enum berth_err ethr_key(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	(void)arg;
	(void)req;
	return give(out, "{\"address\":\"0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf\",\"custody\":\"sealed\"}");
}

static enum berth_err ethr_sign(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	(void)arg;
	(void)req;
	return give(out, "{\"signed\":\"0x02\",\"hash\":\"0x00\"}");
}

/* Every class of code, by the name of the peer that is pinged. */
static enum berth_err ping_or_fail(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	const char *to = berth_json_str(berth_json_get(req->body, "to"));

	for (int code = 1; to && code < BERTH_E__COUNT; code++)
		if (!strcmp(to, berth_err_name((enum berth_err)code)))
			return berth_fail((enum berth_err)code, "as \"asked\" \033[1m");
	return ping(arg, req, out);
}

static int64_t generation(void *arg)
{
	(void)arg;
	return 7;
}

const struct berth_api_backend fake_api_backend = {
	.generation = generation,
	.op = {
		[BERTH_API_DEVICE] = device, [BERTH_API_IDENTITIES] = identities, [BERTH_API_IDENTITY] = identity,
		[BERTH_API_PRESENT] = present, [BERTH_API_SECRETS] = secrets, [BERTH_API_SECRET] = secret,
		[BERTH_API_STATUS] = status, [BERTH_API_ONBOARD] = onboard, [BERTH_API_ROTATE] = rotate, [BERTH_API_DEVICES] = devices,
		[BERTH_API_DEVICE_SHOW] = device_show, [BERTH_API_DEVICE_APPROVE] = ok, [BERTH_API_DEVICE_DENY] = ok,
		[BERTH_API_DEVICES_IMPORT] = imported, [BERTH_API_DEVICES_SELL] = chain, [BERTH_API_DEVICES_INVITE] = invitation,
		[BERTH_API_DEVICES_DELEGATE] = chain,
		[BERTH_API_DEVICES_BIRTH] = NULL, [BERTH_API_PROVISION] = ok, [BERTH_API_AUDIT] = audit,
		[BERTH_API_AUDIT_VERIFY] = audit_verify, [BERTH_API_AUDIT_SIGN] = audit_sign,
		[BERTH_API_WATCH] = watch, [BERTH_API_ACK] = ack, [BERTH_API_ACKS] = acks, [BERTH_API_BACKUP] = backup, [BERTH_API_PEERS] = peers, [BERTH_API_MESSAGES] = messages,
		[BERTH_API_APP_MESSAGES] = app_messages, [BERTH_API_APP_SEND] = sent, [BERTH_API_APP_ACK] = ok,
		[BERTH_API_MESSAGES_RETRY] = messages_retry, [BERTH_API_MESSAGES_DROP] = messages_drop,
		[BERTH_API_INVITE] = oob, [BERTH_API_CONNECT] = connected, [BERTH_API_DISCOVER] = connected, [BERTH_API_PEER_ROTATE] = connected, [BERTH_API_PEER_END] = ok,
		[BERTH_API_CREDENTIAL_OFFER] = sent, [BERTH_API_CREDENTIAL_PROPOSE] = sent,
		[BERTH_API_CREDENTIAL_REQUEST] = sent, [BERTH_API_PROOF_REQUEST] = sent, [BERTH_API_PROOF_PROPOSE] = sent,
		[BERTH_API_EXCHANGES] = exchanges, [BERTH_API_EXCHANGE] = exchange, [BERTH_API_EXCHANGE_ACCEPT] = ok,
		[BERTH_API_EXCHANGE_DECLINE] = ok, [BERTH_API_EXCHANGE_REVOKE] = ok,
		[BERTH_API_DEVICE_SUSPEND] = ok, [BERTH_API_DEVICE_RESUME] = ok, [BERTH_API_DEVICE_REVOKE] = ok,
		[BERTH_API_DEVICE_ATTEST] = ok, [BERTH_API_STATUS_LISTS] = lists,
		[BERTH_API_PING] = ping_or_fail, [BERTH_API_METRICS] = metrics,
		[BERTH_API_CREDENTIALS] = credentials, [BERTH_API_CREDENTIAL] = credential, [BERTH_API_VERIFY] = report,
		[BERTH_API_CREDENTIAL_IMPORT] = imported_credential, [BERTH_API_CREDENTIAL_REMOVE] = removed,
		[BERTH_API_DEVICE_TRANSFER] = let_go, [BERTH_API_DEVICE_RETIRE] = let_go, [BERTH_API_RELEASE_CONSENT] = rotate,
		[BERTH_API_ETHR_KEY] = ethr_key, [BERTH_API_ETHR_SIGN] = ethr_sign, [BERTH_API_RESOLVE] = resolved,
		[BERTH_API_CERT] = cert, [BERTH_API_CERT_CSR] = cert_csr, [BERTH_API_CERT_SIGN] = cert_sign,
		[BERTH_API_LDEVID_CA] = ldevid_ca, [BERTH_API_LDEVID_CRL] = ldevid_crl,
		[BERTH_API_RESTORED] = restored, [BERTH_API_RESTORED_END] = ok,
	},
};
