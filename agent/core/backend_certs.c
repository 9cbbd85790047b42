/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate of a gateway's operational key: for its applications to show, and the TLS
 * 1.3 signatures that go with it, for they cannot have the key.  And an owner's CA. */
#include "agent/core/backend_internal.h"

#include <string.h>

#include "agent/protocol/ldevid.h"
#include "agent/protocol/onboarding.h"
#include "did/base/clock.h"
#include "did/crypto/x509.h"
#include "did/crypto/x509_req.h"

#define SKEW_S 300		/* a CA's own certificate begins so much earlier */
#define CA_DAYS 3650
#define DAY_S ((int64_t)86400)
#define CA_WARN_S (30 * DAY_S)

/* RFC 5280 5.3.1 */
enum { NOT_REVOKED = -1, CEASED = 5, ON_HOLD = 6, WITHDRAWN = 9 };

/* ---- the gateway ---- */

struct mine {
	struct berth_json *inst;	/* owned */
	const struct berth_json *active;
	const struct berth_identity *op;
};

/* E_NOMATCH: another name, or nobody owns this device; E_STATUS: it is out of service.
 * m->inst is to be freed in every case. */
static enum berth_err find(struct berth_backend *b, const char *name, struct mine *m)
{
	struct berth_env *env = berth_agent_env(b->agent);
	const char *id;

	m->active = berth_json_get(berth_json_get(backend_gateway(b, &m->inst), "data"), "active");
	id = berth_data_str(m->active, "identity");
	m->op = id ? env->identity(env, id) : NULL;
	if (strcmp(name, BERTH_LDEVID) != 0 || !m->op)
		return berth_fail(BERTH_E_NOMATCH, "no key of the name %s; before onboarding there is none", name);
	return backend_check_in_service(b);
}

static enum berth_err set_until(struct berth_json *o, const struct berth_json *ldevid)
{
	char date[BERTH_RFC3339_LEN + 1];

	berth_rfc3339_format(date, berth_data_int(ldevid, "untilS", 0));
	return berth_json_set_str(o, "notAfter", date);
}

static enum berth_err set_pem(struct berth_json *o, const char *member, const char *label, const struct berth_buf *der)
{
	struct berth_buf pem = BERTH_BUF_INIT;
	enum berth_err rc = berth_pem_write(&pem, label, der->p, der->len);

	if (!rc)
		rc = berth_json_set_str(o, member, berth_buf_cstr(&pem));
	berth_buf_free(&pem);
	return rc;
}

static enum berth_err describe(struct berth_backend *b, const struct mine *m, struct berth_json *o)
{
	const struct berth_json *ldevid = berth_json_get(m->active, BERTH_LDEVID);
	struct berth_keys *keys = berth_agent_env(b->agent)->keys;
	struct berth_buf pem = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_ldevid_pem(ldevid, &pem)) && !(rc = berth_json_set_str(o, "name", BERTH_LDEVID)) &&
	    !(rc = berth_json_set_str(o, "chain", berth_buf_cstr(&pem))) &&
	    !(rc = berth_json_set_str(o, "serial", berth_data_str(ldevid, "serial"))) && !(rc = set_until(o, ldevid)) &&
	    !(rc = berth_json_set_str(o, "did", m->op->did)))
		rc = berth_json_set_str(o, "custody", berth_custody_name(berth_keys_custody(keys, m->op->name)));
	berth_buf_free(&pem);
	return rc;
}

/* Fills *out or leaves it empty. */
static enum berth_err answer(struct berth_json **out, struct berth_json *o, enum berth_err rc)
{
	if (rc)
		berth_json_free(o);
	else
		*out = o;
	return rc;
}

static enum berth_err cert(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_json *o = berth_json_new_object();
	struct mine m;
	enum berth_err rc = find(arg, req->param, &m);

	if (!rc && !berth_json_get(berth_json_get(m.active, BERTH_LDEVID), "certs"))
		rc = berth_fail(BERTH_E_NOMATCH, "the owner has issued no certificate");
	if (!rc)
		rc = describe(arg, &m, o);
	berth_json_free(m.inst);
	return answer(out, o, rc);
}

enum berth_err backend_certs(struct berth_backend *b, struct berth_json **out)
{
	struct berth_json *inst, *list = berth_json_new_array(), *o;
	const struct berth_json *data = berth_json_get(backend_gateway(b, &inst), "data");
	const struct berth_json *ldevid = berth_json_get(berth_json_get(data, "active"), BERTH_LDEVID);
	enum berth_err rc = list ? BERTH_OK : BERTH_E_NOMEM;

	if (!rc && berth_json_get(ldevid, "certs") && !backend_out(data)) {
		o = berth_json_new_object();
		if ((rc = berth_json_set_str(o, "name", BERTH_LDEVID)) ||
		    (rc = berth_json_set_str(o, "serial", berth_data_str(ldevid, "serial"))) || (rc = set_until(o, ldevid)))
			berth_json_free(o);
		else
			rc = berth_json_push(list, o);
	}
	berth_json_free(inst);
	return answer(out, list, rc);
}

/* What an application asks its own CA for: names are that CA's to judge. */
static enum berth_err read_order(const struct berth_api_request *req, const struct berth_identity *op,
				 struct berth_x509_order *o, struct berth_buf *subject)
{
	const char *text = berth_json_str(berth_json_get(req->body, "subject"));

	berth_buf_printf(subject, "/CN=%s", op->did);
	*o = (struct berth_x509_order){ .kind = BERTH_X509_REQUEST, .subject = text ? text : berth_buf_cstr(subject),
					.sans = { op->did }, .n_sans = 1 };
	berth_json_each(v, berth_json_get(req->body, "san")) {
		if (!berth_json_str(v) || o->n_sans == BERTH_X509_ORDER_SANS_MAX)
			return berth_fail(BERTH_E_TYPE, "san: something else than text, or too many");
		o->sans[o->n_sans++] = berth_json_str(v);
	}
	return berth_buf_status(subject);
}

static enum berth_err csr(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_keys *keys = berth_agent_env(b->agent)->keys;
	struct berth_buf subject = BERTH_BUF_INIT, der = BERTH_BUF_INIT;
	struct berth_json *o = berth_json_new_object();
	struct berth_x509_order order;
	struct mine m;
	enum berth_err rc = find(b, req->param, &m);

	if (!rc && !(rc = read_order(req, m.op, &order, &subject)) &&
	    !(rc = keys->ops->sign_x509(keys, m.op->sign_key, &order, &der)))
		rc = set_pem(o, "csr", "CERTIFICATE REQUEST", &der);
	berth_json_free(m.inst);
	berth_buf_free(&subject);
	berth_buf_free(&der);
	return answer(out, o, rc);
}

/* The scheme of RFC 8446 4.2.3 that such a key signs with. */
static const char *scheme_of(const struct berth_pubkey *key)
{
	static const char *const names[BERTH_KEY__COUNT] = {
		[BERTH_KEY_ED25519] = "ed25519", [BERTH_KEY_P256] = "ecdsa_secp256r1_sha256",
		[BERTH_KEY_P384] = "ecdsa_secp384r1_sha384", [BERTH_KEY_P521] = "ecdsa_secp521r1_sha512",
	};

	return names[key->type] ? names[key->type] : "";
}

static enum berth_err tls(struct berth_keys *keys, const struct berth_identity *op, const struct berth_x509_order *order,
			  struct berth_json *o)
{
	struct berth_buf sig = BERTH_BUF_INIT;
	struct berth_pubkey key;
	enum berth_err rc;

	if (!(rc = keys->keyring->ops->find(keys->keyring, op->sign_kid, &key)) &&
	    !(rc = keys->ops->sign_x509(keys, op->sign_key, order, &sig)) &&
	    !(rc = berth_json_set_str(o, "scheme", scheme_of(&key))))
		rc = berth_json_set_b64url(o, "signature", sig.p, sig.len);
	berth_buf_free(&sig);
	return rc;
}

/* Fields, not octets: whatever is signed is a TLS 1.3 CertificateVerify and nothing else. */
static enum berth_err sign(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	const char *role = berth_json_str(berth_json_get(req->body, "role"));
	struct berth_buf hash = BERTH_BUF_INIT;
	struct berth_json *o = berth_json_new_object();
	struct mine m;
	enum berth_err rc = find(b, req->param, &m);

	if (!rc && strcmp(role, "client") != 0 && strcmp(role, "server") != 0)
		rc = berth_fail(BERTH_E_TYPE, "role: client or server");
	if (!rc && !(rc = berth_body_get_b64(req->body, "hash", BERTH_X509_HASH_MAX, &hash)))
		rc = tls(berth_agent_env(b->agent)->keys, m.op, &(struct berth_x509_order){ .kind = BERTH_X509_TLS,
			 .server = role[0] == 's', .data = hash.p, .len = hash.len }, o);
	berth_json_free(m.inst);
	berth_buf_free(&hash);
	return answer(out, o, rc);
}

/* ---- an owner's CA ---- */

static bool is_owner(struct berth_backend *b)
{
	const struct berth_env *env = berth_agent_env(b->agent);

	for (size_t i = 0; i < env->n_machines; i++)
		if (env->machines[i] == &berth_owner_machine)
			return true;
	return false;
}

/* The key is made, or found; {"certificate"} of its own, or {"csr"} for a CA above it. */
static enum berth_err make_ca(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	const struct berth_env *env = berth_agent_env(b->agent);
	struct berth_keys *k = env->keys;
	bool request = berth_json_bool(berth_json_get(req->body, "request"), false);
	const struct berth_x509_order order = {
		.kind = request ? BERTH_X509_REQUEST : BERTH_X509_CA, .subject = berth_data_str(req->body, "subject"),
		.from_s = env->now_s - SKEW_S, .until_s = env->now_s + berth_data_int(req->body, "days", CA_DAYS) * DAY_S
	};
	struct berth_json *o = berth_json_new_object();
	struct berth_buf der = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;

	if (!is_owner(b))
		rc = berth_fail(BERTH_E_NOMATCH, "not in this role");
	else if (env->now_s < 0)
		rc = berth_fail(BERTH_E_CLOCK, "a CA needs a clock");
	if (!rc && !(rc = k->ops->ensure(k, BERTH_KEY_LDEVID_CA, BERTH_KEY_P256, BERTH_USAGE_SIGN,
					 BERTH_PURPOSE_BIT(BERTH_SIGN_CA), NULL)) &&
	    !(rc = k->ops->sign_x509(k, BERTH_KEY_LDEVID_CA, &order, &der)))
		rc = request ? set_pem(o, "csr", "CERTIFICATE REQUEST", &der) : set_pem(o, "certificate", "CERTIFICATE", &der);
	berth_buf_free(&der);
	return answer(out, o, rc);
}

/* It says so before its last certificate was refused. */
enum berth_err backend_push_certs(struct berth_backend *b, struct berth_json *reasons)
{
	const struct berth_env *env = berth_agent_env(b->agent);
	int64_t from, until;

	if (!env->policy->ldevid_ca || env->now_s < 0 || berth_x509_window(env->policy->ldevid_ca->at[0], &from, &until))
		return BERTH_OK;
	if (env->now_s >= until)
		return berth_json_push_str(reasons, "the CA of [ldevid] has ended: devices get no certificates");
	return until - env->now_s < CA_WARN_S ? berth_json_push_str(reasons, "the CA of [ldevid] ends within 30 days") : BERTH_OK;
}

static int reason_of(const char *state)
{
	static const struct { const char *state; int reason; } known[] = {
		{ "SUSPENDED", ON_HOLD }, { "REVOKED", WITHDRAWN }, { "TRANSFERRED", CEASED }, { "RETIRED", CEASED },
	};

	for (size_t i = 0; state && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(state, known[i].state) == 0)
			return known[i].reason;
	return NOT_REVOKED;
}

struct rows {
	const struct berth_env *env;
	struct berth_buf rows;
};

static enum berth_err add_rows(void *arg, const char *key, const struct berth_json *inst)
{
	struct rows *r = arg;

	(void)key;
	return berth_ldevid_revoked(r->env, berth_json_get(inst, "data"), reason_of(berth_data_str(inst, "state")), &r->rows);
}

static enum berth_err set_list(struct berth_json *o, const struct berth_env *env, const struct berth_buf *rows)
{
	struct berth_x509_order order = { .kind = BERTH_X509_CRL, .from_s = env->now_s,
					  .until_s = env->now_s + env->policy->status_s, .data = rows->p, .len = rows->len };
	struct berth_buf der = BERTH_BUF_INIT;
	enum berth_err rc;

	order.ca = berth_x509_der(env->policy->ldevid_ca->at[0], &order.ca_len);
	if (!(rc = env->keys->ops->sign_x509(env->keys, BERTH_KEY_LDEVID_CA, &order, &der)) &&
	    !(rc = set_pem(o, "crl", "X509 CRL", &der)))
		rc = berth_json_set_int(o, "revoked", (int64_t)(rows->len / BERTH_X509_REVOKED_LEN));
	berth_buf_free(&der);
	return rc;
}

static enum berth_err crl(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct rows r = { .env = berth_agent_env(b->agent) };
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc = BERTH_OK;

	(void)req;
	if (!r.env->policy->ldevid_ca)
		rc = berth_fail(BERTH_E_NOMATCH, "no [ldevid] ca-cert");
	else if (r.env->now_s < 0)
		rc = berth_fail(BERTH_E_CLOCK, "a CA needs a clock");
	if (!rc && !(rc = berth_agent_each(b->agent, berth_owner_machine.name, add_rows, &r)))
		rc = set_list(o, r.env, &r.rows);
	berth_buf_free(&r.rows);
	return answer(out, o, rc);
}

void backend_certs_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_CERT] = cert;
	api->op[BERTH_API_CERT_CSR] = csr;
	api->op[BERTH_API_CERT_SIGN] = sign;
	api->op[BERTH_API_LDEVID_CA] = make_ca;
	api->op[BERTH_API_LDEVID_CRL] = crl;
}
