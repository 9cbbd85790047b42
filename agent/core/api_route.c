/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/api_route.h"

#include <string.h>

#include "agent/protocol/item.h"
#include "agent/protocol/objects.h"
#include "agent/protocol/oob.h"
#include "did/base/hex.h"
#include "did/base/utf8.h"
#include "did/codec/did_text.h"
#include "did/crypto/x509_order.h"
#include "didcomm/message.h"

#define APP BERTH_SOCKET_APP
#define ADMIN BERTH_SOCKET_ADMIN
#define BOTH (APP | ADMIN)
#define TEXT_MAX ((size_t)256 << 10)
#define ID_MAX 128
#define JSON_INT_MAX ((UINT64_C(1) << 53) - 1)
#define RECEIPT_MAX ((size_t)24 << 10)	/* one compact JWS */

#define GET(p, s, ...) { .method = "GET", .path = p, .sockets = s, __VA_ARGS__ }
#define POST(p, s, ...) { .method = "POST", .path = p, .sockets = s, __VA_ARGS__ }
#define FIELDS(...) .fields = (const struct berth_api_field[]){ __VA_ARGS__, { NULL, 0, false, 0 } }
#define OP(o) .op = BERTH_API_##o
#define STR(n, req, most) { n, BERTH_FIELD_STR, req, most }
#define BOOL(n, req) { n, BERTH_FIELD_BOOL, req, 0 }
#define OBJECT(n, req) { n, BERTH_FIELD_OBJECT, req, 0 }
#define ARRAY(n, req, most) { n, BERTH_FIELD_ARRAY, req, most }
#define INT(n, req, most) { n, BERTH_FIELD_INT, req, most }

#define COMMENT_MAX 512
#define LDEVID_CA_DAYS_MAX 10950
#define CREDENTIAL_FIELDS STR("to", true, BERTH_DID_URL_MAX), OBJECT("credential", true), STR("format", false, 32), \
	STR("comment", false, COMMENT_MAX)

const struct berth_api_route berth_api_routes[] = {
	GET("/v1/self", APP, .right = "self", OP(SELF)),
	GET("/v1/device", BOTH, .right = "device", OP(DEVICE)),
	GET("/v1/identities", BOTH, .filter = "identity:", .filter_key = "name", OP(IDENTITIES)),
	GET("/v1/identities/{name}", BOTH, .right = "identity:", OP(IDENTITY)),
	POST("/v1/identities/{name}/present", BOTH, .right = "present:", OP(PRESENT),
	     FIELDS(STR("audience", true, BERTH_DID_URL_MAX), STR("nonce", true, 512), STR("format", false, 32),
			 OBJECT("query", false))),
	GET("/v1/credentials", BOTH, .filter = "credential:", .filter_key = "id", OP(CREDENTIALS)),
	GET("/v1/credentials/{id}", BOTH, .right = "credential:", OP(CREDENTIAL), .secret = true),
	POST("/v1/credentials", BOTH, .right = "import", OP(CREDENTIAL_IMPORT),
	     FIELDS(STR("credential", true, TEXT_MAX), STR("id", false, 64))),
	POST("/v1/verify", BOTH, .right = "verify", OP(VERIFY),
	     FIELDS(STR("credential", false, TEXT_MAX), STR("presentation", false, TEXT_MAX), STR("challenge", false, 512),
			 STR("domain", false, BERTH_DID_URL_MAX))),
	GET("/v1/secrets", APP, .filter = "secret:", .filter_key = "id", OP(SECRETS)),
	GET("/v1/secrets/{id}", APP, .right = "secret:", OP(SECRET), .secret = true),

	GET("/v1/watch", BOTH, OP(WATCH), .stream = true),
	POST("/v1/ack", APP, OP(ACK), FIELDS(INT("gen", true, JSON_INT_MAX))),
	GET("/v1/watch/acks", ADMIN, OP(ACKS)),

	GET("/v1/messages", BOTH, .filter = "message:", .filter_key = "for", OP(MESSAGES), .app_op = BERTH_API_APP_MESSAGES,
	    .waits = true),
	POST("/v1/messages", BOTH, .of_member = "message:", .member = "type", OP(APP_SEND),
	     FIELDS(STR("to", true, BERTH_DID_URL_MAX), STR("type", true, BERTH_MESSAGE_TYPE_MAX), OBJECT("body", false),
			 ARRAY("attachments", false, BERTH_ATTACHMENTS_MAX), STR("thid", false, BERTH_MESSAGE_ID_MAX),
			 STR("pthid", false, BERTH_MESSAGE_ID_MAX), STR("lang", false, 64),
			 ARRAY("acceptLang", false, BERTH_MESSAGE_LANGS_MAX), BOOL("pleaseAck", false),
			 INT("expiresIn", false, INT32_MAX))),
	POST("/v1/messages/ack", APP, OP(APP_ACK), FIELDS(INT("upTo", true, JSON_INT_MAX))),

	GET("/v1/status", ADMIN, OP(STATUS)),
	POST("/v1/onboard", ADMIN, OP(ONBOARD),
	     FIELDS(OBJECT("invitation", false), BOOL("dryRun", false), STR("acceptTip", false, 128),
			 STR("abandon", false, 256))),
	POST("/v1/rotate", ADMIN, OP(ROTATE)),
	GET("/v1/devices", ADMIN, OP(DEVICES)),
	POST("/v1/devices/import", ADMIN, OP(DEVICES_IMPORT), 
	     FIELDS(OBJECT("chain", true), STR("receipt", false, RECEIPT_MAX))),
	POST("/v1/devices/sell", ADMIN, OP(DEVICES_SELL),
	     FIELDS(STR("device", true, BERTH_API_PARAM_MAX), STR("to", true, BERTH_DID_URL_MAX))),
	POST("/v1/devices/birth", ADMIN, OP(DEVICES_BIRTH),
	     FIELDS(STR("batch", true, 64), INT("count", true, BERTH_BATCH_MAX), STR("to", false, BERTH_DID_URL_MAX))),
	GET("/v1/devices/{id}", ADMIN, OP(DEVICE_SHOW)),
	POST("/v1/devices/{id}/resolve", ADMIN, OP(DEVICE_RESOLVE),
	     FIELDS(OBJECT("chain", true), ARRAY("refused", true, BERTH_REFUSED_MAX))),
	POST("/v1/devices/{id}/approve", ADMIN, OP(DEVICE_APPROVE)),
	POST("/v1/devices/{id}/deny", ADMIN, OP(DEVICE_DENY), FIELDS(STR("reason", false, 256))),
	POST("/v1/devices/{id}/invite", ADMIN, OP(DEVICES_INVITE)),
	POST("/v1/devices/{id}/delegate", ADMIN, OP(DEVICES_DELEGATE),
	     FIELDS(STR("to", true, BERTH_DID_URL_MAX), STR("until", true, 64), ARRAY("scope", false, BERTH_SCOPES_MAX))),
	POST("/v1/provision", ADMIN, OP(PROVISION),
	     FIELDS(STR("device", false, BERTH_API_PARAM_MAX), STR("model", false, BERTH_LABEL_MAX), BOOL("all", false),
			 STR("id", true, ID_MAX), STR("data", false, TEXT_MAX), BOOL("remove", false), STR("type", false, 32),
			 STR("sensitivity", false, 32), INT("confirmWithin", false, BERTH_CONFIRM_MAX_S),
			 STR("confirmBy", false, BERTH_CONFIRM_BY_MAX))),
	GET("/v1/audit", ADMIN, OP(AUDIT)),
	GET("/v1/audit/verify", ADMIN, OP(AUDIT_VERIFY)),
	POST("/v1/audit/sign", ADMIN, OP(AUDIT_SIGN)),
	POST("/v1/backup", ADMIN, OP(BACKUP)),
	GET("/v1/restored", ADMIN, OP(RESTORED)),
	POST("/v1/restored/end", ADMIN, OP(RESTORED_END)),
	GET("/v1/peers", ADMIN, OP(PEERS)),
	POST("/v1/discover", ADMIN, OP(DISCOVER), FIELDS(STR("to", true, BERTH_DID_URL_MAX), STR("match", false, 256))),
	POST("/v1/peers/rotate", ADMIN, OP(PEER_ROTATE), FIELDS(STR("peer", true, BERTH_DID_URL_MAX))),
	POST("/v1/peers/end", ADMIN, OP(PEER_END), FIELDS(STR("peer", true, BERTH_DID_URL_MAX))),
	POST("/v1/invitations", ADMIN, OP(INVITE),
	     FIELDS(STR("goal", false, BERTH_OOB_GOAL_MAX), STR("goalCode", false, BERTH_OOB_GOAL_MAX),
			 INT("uses", false, BERTH_OOB_USES_MAX), INT("expiresIn", false, INT32_MAX),
			 ARRAY("attachments", false, BERTH_ATTACHMENTS_MAX))),
	POST("/v1/connections", ADMIN, OP(CONNECT), FIELDS(STR("invitation", true, BERTH_OOB_TEXT_MAX))),
	POST("/v1/ping", ADMIN, OP(PING), FIELDS(STR("to", false, BERTH_DID_URL_MAX))),
	POST("/v1/credentials/offer", ADMIN, OP(CREDENTIAL_OFFER), FIELDS(CREDENTIAL_FIELDS)),
	POST("/v1/credentials/propose", ADMIN, OP(CREDENTIAL_PROPOSE), FIELDS(CREDENTIAL_FIELDS)),
	POST("/v1/credentials/request", ADMIN, OP(CREDENTIAL_REQUEST), FIELDS(CREDENTIAL_FIELDS)),
	POST("/v1/proofs/request", ADMIN, OP(PROOF_REQUEST),
	     FIELDS(STR("to", true, BERTH_DID_URL_MAX), OBJECT("presentationDefinition", false), OBJECT("dcqlQuery", false),
			 STR("comment", false, COMMENT_MAX))),
	POST("/v1/proofs/propose", ADMIN, OP(PROOF_PROPOSE),
	     FIELDS(STR("to", true, BERTH_DID_URL_MAX), STR("comment", false, COMMENT_MAX))),
	GET("/v1/exchanges", ADMIN, OP(EXCHANGES)),
	GET("/v1/exchanges/{id}", ADMIN, OP(EXCHANGE)),
	POST("/v1/exchanges/{id}/accept", ADMIN, OP(EXCHANGE_ACCEPT),
	     FIELDS(OBJECT("credential", false), STR("format", false, 32), ARRAY("credentials", false, 16),
			 ARRAY("disclose", false, 64), OBJECT("presentationDefinition", false), OBJECT("dcqlQuery", false),
			 STR("comment", false, COMMENT_MAX))),
	POST("/v1/exchanges/{id}/decline", ADMIN, OP(EXCHANGE_DECLINE)),
	POST("/v1/exchanges/{id}/revoke", ADMIN, OP(EXCHANGE_REVOKE), FIELDS(STR("comment", false, COMMENT_MAX))),
	GET("/v1/metrics", ADMIN, OP(METRICS)),
	POST("/v1/messages/retry", ADMIN, OP(MESSAGES_RETRY),
	     FIELDS(STR("id", false, ID_MAX), STR("peer", false, BERTH_DID_URL_MAX))),
	POST("/v1/messages/drop", ADMIN, OP(MESSAGES_DROP),
	     FIELDS(STR("id", false, ID_MAX), STR("peer", false, BERTH_DID_URL_MAX))),
	POST("/v1/credentials/{id}/remove", ADMIN, OP(CREDENTIAL_REMOVE)),
	POST("/v1/devices/{id}/transfer", ADMIN, OP(DEVICE_TRANSFER),
	     FIELDS(STR("to", false, BERTH_DID_URL_MAX), BOOL("cancel", false), STR("receipt", false, RECEIPT_MAX),
			 STR("release", false, RECEIPT_MAX))),
	POST("/v1/devices/{id}/retire", ADMIN, OP(DEVICE_RETIRE),
	     FIELDS(BOOL("clearTpm", false), STR("receipt", false, RECEIPT_MAX), STR("release", false, RECEIPT_MAX))),
	POST("/v1/release-consent", ADMIN, OP(RELEASE_CONSENT), FIELDS(BOOL("consent", true))),
	POST("/v1/devices/{id}/suspend", ADMIN, OP(DEVICE_SUSPEND), FIELDS(STR("reason", false, 200))),
	POST("/v1/devices/{id}/resume", ADMIN, OP(DEVICE_RESUME)),
	POST("/v1/devices/{id}/revoke", ADMIN, OP(DEVICE_REVOKE), FIELDS(STR("reason", false, 200))),
	POST("/v1/devices/{id}/attest", ADMIN, OP(DEVICE_ATTEST), FIELDS(BOOL("eventLog", false))),
	GET("/v1/status-lists", ADMIN, OP(STATUS_LISTS)),
	POST("/v1/resolve", ADMIN, OP(RESOLVE), FIELDS(STR("did", true, BERTH_DID_URL_MAX))),
	POST("/v1/ethr/keys", ADMIN, OP(ETHR_KEY), FIELDS(STR("name", true, 32))),
	POST("/v1/ethr/sign", ADMIN, OP(ETHR_SIGN), FIELDS(STR("name", true, 32), OBJECT("order", true))),
	GET("/v1/certs/{name}", BOTH, .right = "cert:", OP(CERT)),
	POST("/v1/certs/{name}/csr", BOTH, .right = "cert:", OP(CERT_CSR),
	     FIELDS(STR("subject", false, BERTH_X509_SUBJECT_MAX), ARRAY("san", false, BERTH_X509_ORDER_SANS_MAX - 1))),
	POST("/v1/certs/{name}/sign", APP, .right = "key:", OP(CERT_SIGN),
	     FIELDS(STR("role", true, 8), STR("hash", true, 64))),
	POST("/v1/ldevid/ca", ADMIN, OP(LDEVID_CA),
	     FIELDS(STR("subject", true, BERTH_X509_SUBJECT_MAX), INT("days", false, LDEVID_CA_DAYS_MAX), BOOL("request", false))),
	GET("/v1/ldevid/crl", ADMIN, OP(LDEVID_CRL)),
};

const size_t berth_api_routes_n = sizeof(berth_api_routes) / sizeof(berth_api_routes[0]);

/* One segment of the pattern against one of the path; the parameter's raw text. */
static bool same_shape(const char *pattern, const char *path, const char **raw, size_t *raw_n)
{
	*raw = "";
	*raw_n = 0;
	while (*pattern && *path) {
		size_t n = strcspn(path + 1, "/"), m = strcspn(pattern + 1, "/");

		if (*path != '/')
			return false;
		if (pattern[1] == '{') {
			if (n == 0)
				return false;
			*raw = path + 1;
			*raw_n = n;
		} else if (n != m || memcmp(path + 1, pattern + 1, n)) {
			return false;
		}
		path += 1 + n;
		pattern += 1 + m;
	}
	return !*pattern && !*path;
}

static enum berth_err decode(char out[BERTH_API_PARAM_MAX + 1], const char *p, size_t n)
{
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		int v = (uint8_t)p[i];

		if (o == BERTH_API_PARAM_MAX)
			return berth_fail(BERTH_E_SIZE, "path: parameter longer than %d", BERTH_API_PARAM_MAX);
		if (p[i] == '%') {
			int hi = n - i > 2 ? berth_hex_digit(p[i + 1]) : -1, lo = n - i > 2 ? berth_hex_digit(p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return berth_fail(BERTH_E_TYPE, "path: percent-encoding");
			v = hi << 4 | lo;
			i += 2;
		}
		if (v < 0x20 || v == 0x7f)
			return berth_fail(BERTH_E_TYPE, "path: control character");
		out[o++] = (char)v;
	}
	out[o] = '\0';
	return berth_utf8_valid(out, o) ? BERTH_OK : berth_fail(BERTH_E_TYPE, "path: not UTF-8");
}

enum berth_err berth_api_match(const struct berth_api_route **route, bool *other_method,
			       char param[BERTH_API_PARAM_MAX + 1], enum berth_api_socket socket,
			       const char *method, const char *path)
{
	const char *raw;
	size_t n;

	*route = NULL;
	*other_method = false;
	param[0] = '\0';
	if (strlen(path) > BERTH_API_PATH_MAX)
		return BERTH_OK;
	for (size_t i = 0; i < berth_api_routes_n; i++) {
		const struct berth_api_route *r = &berth_api_routes[i];
		enum berth_err rc;

		if (!(r->sockets & socket) || !same_shape(r->path, path, &raw, &n))
			continue;
		if (strcmp(r->method, method)) {
			*other_method = true;
			continue;
		}
		if ((rc = decode(param, raw, n)))
			return rc;
		*route = r;
		return BERTH_OK;
	}
	return BERTH_OK;
}

static enum berth_err check_field(const struct berth_api_field *f, const struct berth_json *body)
{
	const struct berth_json *o;
	const char *s;
	int64_t i;
	bool b;

	if (!berth_json_get(body, f->name) && !f->required)
		return BERTH_OK;
	switch ((enum berth_api_field_type)f->type) {
	case BERTH_FIELD_STR:
		return berth_json_req_str(body, f->name, (size_t)f->max, &s);
	case BERTH_FIELD_BOOL:
		return berth_json_req_bool(body, f->name, &b);
	case BERTH_FIELD_OBJECT:
		return berth_json_req_obj(body, f->name, &o);
	case BERTH_FIELD_ARRAY:
		return berth_json_req_arr(body, f->name, (size_t)f->max, &o);
	case BERTH_FIELD_INT:
		return berth_json_req_int(body, f->name, 0, (int64_t)f->max, &i);
	}
	return berth_fail(BERTH_E_INTERNAL, "route table");
}

enum berth_err berth_api_check_body(const struct berth_api_route *r, const struct berth_json *body)
{
	const struct berth_api_field *f;
	enum berth_err rc;

	if (!berth_json_is(body, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_TYPE, "body: not an object");
	for (f = r->fields; f && f->name; f++)
		if ((rc = check_field(f, body)))
			return rc;
	if (r->open)
		return BERTH_OK;
	berth_json_each(m, body) {
		for (f = r->fields; f && f->name && strcmp(f->name, berth_json_key(m)); f++)
			;
		if (!f || !f->name)
			return berth_fail(BERTH_E_TYPE, "body: unknown member %.40s", berth_json_key(m));
	}
	return BERTH_OK;
}
