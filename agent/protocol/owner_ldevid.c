/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's CA.  A request proves that its sender has the key; all that stands in the
 * certificate comes from what we know of the device and from our configuration. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/ldevid.h"
#include "agent/protocol/owner.h"
#include "did/base/log.h"
#include "did/crypto/keypair.h"
#include "did/crypto/x509_ldevid.h"
#include "did/url.h"

#define SKEW_S 300		/* by so much a device's or a peer's clock may be late */
#define REASON_SUPERSEDED 4	/* RFC 5280 5.3.1 */
#define ISSUED "ldevidIssued"

/* ---- the request ---- */

/* The key that the operational DID signs with: in this run it has been proved, and with a
 * TPM certified. */
static enum berth_err check_key(struct berth_env *env, const char *op_did, const struct berth_pubkey *key)
{
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	enum berth_err rc = berth_resolve(env->resolver, op_did, &doc);

	if (!rc && (!(vm = berth_did_doc_nth(doc, BERTH_REL_AUTHENTICATION, 0)) || !berth_pubkey_equal(&vm->key, key)))
		rc = berth_fail(BERTH_E_AUTHZ, "a certification request for another key than the operational DID's");
	berth_did_doc_free(doc);
	return rc;
}

static enum berth_err read_request(struct berth_env *env, const char *op_did, const struct berth_json *body,
				   struct berth_pubkey *key)
{
	struct berth_buf der = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_body_get_b64(body, "csr", BERTH_X509_REQ_MAX, &der)) && !(rc = berth_x509_req_read(key, der.p, der.len)))
		rc = check_key(env, op_did, key);
	berth_buf_free(&der);
	return rc;
}

/* ---- the record ---- */

static enum berth_err describe(struct berth_json *v, const struct berth_buf *der)
{
	struct berth_x509_chain c = { .n = 0 };
	enum berth_err rc = berth_x509_chain_add(&c, der->p, der->len);

	if (!rc)
		rc = berth_ldevid_describe(v, c.at[0]);
	berth_x509_chain_free(&c);
	return rc;
}

/* Those that are over are nobody's business any more.  There is no room by forgetting others:
 * whoever has one could use it, and no list would have it. */
static enum berth_err make_room(const struct berth_env *env, struct berth_json *data)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = list ? BERTH_OK : berth_no_memory();

	berth_json_each(v, berth_json_get(data, ISSUED))
		if (!rc && berth_data_int(v, "untilS", 0) > env->now_s)
			rc = berth_json_push(list, berth_json_clone(v));
	if (rc) {
		berth_json_free(list);
		return rc;
	}
	if ((rc = berth_json_set(data, ISSUED, list)) || berth_json_len(berth_json_get(data, ISSUED)) < BERTH_LDEVID_ISSUED_MAX)
		return rc;
	return berth_fail(BERTH_E_QUOTA, "%d certificates of the device are not over", BERTH_LDEVID_ISSUED_MAX);
}

/* Before it leaves, and whether it is ever taken or not. */
static enum berth_err record(struct berth_json *data, const struct berth_buf *der)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc = describe(v, der);

	if (!rc)
		return berth_json_push(berth_json_get_mut(data, ISSUED), v);
	berth_json_free(v);
	return rc;
}

/* ---- names ---- */

/* Serial and model are the manufacturer's words, and may be those of another name: no wildcard
 * comes of them, and no alternative name of another kind than its template is, such as a DID. */
static bool is_plain(const char *value, bool subject) { return !value || !value[strcspn(value, subject ? "*" : "*:")]; }

/* A value, and in a subject what would end it in it. */
static void put_value(struct berth_buf *out, const char *value, bool subject)
{
	for (; value && *value; value++) {
		if (subject && (*value == '/' || *value == '\\'))
			berth_buf_u8(out, '\\');
		berth_buf_u8(out, (uint8_t)*value);
	}
}

/* {serial}, {model} and {did} of a template. */
static enum berth_err expand(struct berth_buf *out, const char *template, const struct berth_instance *inst, const char *did,
			     bool subject)
{
	const struct { const char *name, *value; } known[] = {
		{ "{serial}", berth_data_str(inst->data, "serial") }, { "{model}", berth_data_str(inst->data, "model") },
		{ "{did}", did },
	};
	size_t i;

	for (i = 0; i < 2; i++)
		if (strstr(template, known[i].name) && !is_plain(known[i].value, subject))
			return berth_fail(BERTH_E_TYPE, "%s of the device in a certificate", known[i].name);
	while (*template) {
		for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (strncmp(template, known[i].name, strlen(known[i].name)) == 0)
				break;
		if (i < sizeof(known) / sizeof(known[0])) {
			put_value(out, known[i].value, subject);
			template += strlen(known[i].name);
		} else {
			berth_buf_u8(out, (uint8_t)*template++);
		}
	}
	return berth_buf_status(out);
}

/* ---- the certificate ---- */

struct making {
	struct berth_buf did, subject, sans[BERTH_X509_ORDER_SANS_MAX];
	struct berth_x509_order order;
};

static void making_free(struct making *m)
{
	berth_buf_free(&m->did);
	berth_buf_free(&m->subject);
	for (size_t i = 0; i < BERTH_X509_ORDER_SANS_MAX; i++)
		berth_buf_free(&m->sans[i]);
}

/* The DID is always among its names: by that its device knows it again. */
static enum berth_err set_names(struct making *m, const struct berth_policy *p, const struct berth_instance *inst)
{
	const char *did = berth_buf_cstr(&m->did);
	enum berth_err rc = expand(&m->subject, p->ldevid_subject, inst, did, true);

	m->order.subject = berth_buf_cstr(&m->subject);
	m->order.sans[0] = did;
	m->order.n_sans = 1;
	for (size_t i = 0; !rc && i < p->n_ldevid_sans; i++) {
		rc = expand(&m->sans[i], p->ldevid_sans[i], inst, did, false);
		m->order.sans[m->order.n_sans++] = berth_buf_cstr(&m->sans[i]);
	}
	return rc;
}

/* Not longer than its credential, the CA, and what the configuration says. */
static enum berth_err set_validity(struct making *m, const struct berth_env *env, int64_t until_s)
{
	int64_t from, until;
	enum berth_err rc = berth_x509_window(env->policy->ldevid_ca->at[0], &from, &until);

	if (rc)
		return rc;
	if (env->policy->ldevid_s && env->now_s + env->policy->ldevid_s < until_s)
		until_s = env->now_s + env->policy->ldevid_s;
	m->order.from_s = env->now_s - SKEW_S > from ? env->now_s - SKEW_S : from;
	m->order.until_s = until_s < until ? until_s : until;
	return m->order.until_s > env->now_s && from <= env->now_s ? BERTH_OK
		: berth_fail(BERTH_E_EXPIRED, "the CA's certificate is not valid now");
}

static enum berth_err set_certs(struct berth_json *out, const struct berth_buf *der, const struct berth_x509_chain *ca)
{
	struct berth_json *certs = berth_json_new_array();
	enum berth_err rc = berth_json_push_b64url(certs, der->p, der->len);

	for (size_t i = 0; !rc && i < ca->n; i++) {
		size_t n;
		const uint8_t *p = berth_x509_der(ca->at[i], &n);

		rc = berth_json_push_b64url(certs, p, n);
	}
	if (!rc)
		return berth_json_set(out, "certs", certs);
	berth_json_free(certs);
	return rc;
}

static enum berth_err make(struct berth_env *env, struct berth_instance *inst, const char *op_did,
			   const struct berth_pubkey *key, int64_t until_s, struct berth_json *out)
{
	const struct berth_x509_chain *ca = env->policy->ldevid_ca;
	struct making m = { .order = { .kind = BERTH_X509_ISSUE, .key = *key, .server = env->policy->ldevid_server } };
	struct berth_buf der = BERTH_BUF_INIT;
	enum berth_err rc;

	m.order.data = (const uint8_t *)env->policy->ldevid_crl;
	m.order.len = env->policy->ldevid_crl ? strlen(env->policy->ldevid_crl) : 0;
	m.order.ca = berth_x509_der(ca->at[0], &m.order.ca_len);
	if (!(rc = make_room(env, inst->data)) && !(rc = berth_did_short(&m.did, op_did)) &&
	    !(rc = set_names(&m, env->policy, inst)) && !(rc = set_validity(&m, env, until_s)) &&
	    !(rc = env->keys->ops->sign_x509(env->keys, BERTH_KEY_LDEVID_CA, &m.order, &der)) && !(rc = record(inst->data, &der)))
		rc = set_certs(out, &der, ca);
	making_free(&m);
	berth_buf_free(&der);
	return rc;
}

static bool is_silent(struct berth_env *env)
{
	struct berth_keys *k = env->keys;

	if (k->ops->home)
		k = k->ops->home(k, BERTH_KEY_LDEVID_CA);
	return k->ops->state(k) == BERTH_KEYSTORE_SILENT;
}

enum berth_err berth_ldevid_answer(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *op_did,
				   const struct berth_json *body, int64_t until_s, struct berth_json **out)
{
	struct berth_pubkey key;
	enum berth_err rc;

	*out = NULL;
	if (!env->policy->ldevid_ca)
		return BERTH_OK;
	if (berth_json_get(body, "csr") && (rc = read_request(env, op_did, body, &key))) {
		berth_effects_audit(fx, "device %s: certification request refused: %s: %s", berth_data_str(inst->data, "serial"),
				    berth_err_name(rc), berth_err_detail());
		return rc;
	}
	if (!(*out = berth_json_new_object()))
		return berth_no_memory();
	if (!berth_json_get(body, "csr") || !(rc = make(env, inst, op_did, &key, until_s, *out)))
		return BERTH_OK;
	if (rc != BERTH_E_NOMEM && !(rc == BERTH_E_KEYSTORE && is_silent(env))) {
		berth_log_err(BERTH_LOG_WARN, "ldevid", rc);
		return berth_json_set_str(*out, "reason", berth_err_name(rc));
	}
	berth_json_free(*out);
	*out = NULL;
	return rc == BERTH_E_NOMEM ? rc : berth_fail(BERTH_E_UNAVAILABLE, "the CA's keystore does not answer");
}

void berth_ldevid_say(struct berth_effects *fx, const struct berth_instance *inst, const struct berth_json *of, const char *what)
{
	const char *why = berth_data_str(berth_json_get(of, BERTH_LDEVID), "reason");

	berth_effects_audit(fx, "device %s: %s%s%s", berth_data_str(inst->data, "serial"), what,
			    why ? ", without a certificate: " : "", why ? why : "");
}

/* ---- what is in use ---- */

enum berth_err berth_ldevid_note(struct berth_json *to, const struct berth_json *issued)
{
	const char *text = berth_json_str(berth_json_at(berth_json_get(issued, "certs"), 0));
	const char *why = berth_data_str(issued, "reason");
	struct berth_buf der = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!text)
		return why ? berth_json_set_str(berth_data_obj(to, BERTH_LDEVID), "reason", why) : BERTH_OK;
	if (!(rc = berth_b64url_decode(&der, text, strlen(text))))
		rc = describe(berth_data_obj(to, BERTH_LDEVID), &der);
	berth_buf_free(&der);
	return rc;
}

static enum berth_err end(const struct berth_env *env, struct berth_json *data, const char *serial)
{
	struct berth_json *list = berth_json_get_mut(data, ISSUED);
	enum berth_err rc = BERTH_OK;

	for (struct berth_json *v = list ? berth_json_first_mut(list) : NULL; v && !rc; v = berth_json_next_mut(v))
		if (berth_json_says(berth_json_get(v, "serial"), serial))
			rc = berth_json_set_int(v, "goneS", env->now_s);
	return rc;
}

enum berth_err berth_ldevid_switch(const struct berth_env *env, struct berth_json *data, const struct berth_json *from)
{
	const char *was = berth_data_str(berth_json_get(data, BERTH_LDEVID), "serial");
	const struct berth_json *is = berth_json_get(from, BERTH_LDEVID);
	struct berth_json *copy = is ? berth_json_clone(is) : NULL;
	enum berth_err rc = was ? end(env, data, was) : BERTH_OK;

	berth_json_remove(data, BERTH_LDEVID);
	if (rc || !is) {
		berth_json_free(copy);
		return rc;
	}
	return berth_json_set(data, BERTH_LDEVID, copy);
}

/* ---- the list of revoked ones ---- */

static enum berth_err put_row(struct berth_buf *rows, const struct berth_json *v, int64_t at_s, int reason)
{
	const char *serial = berth_data_str(v, "serial");

	if (!serial || strlen(serial) != 2 * BERTH_X509_SERIAL_LEN)
		return berth_fail(BERTH_E_INTERNAL, "a certificate without its number");
	berth_buf_be64(rows, (uint64_t)at_s);
	berth_buf_u8(rows, (uint8_t)reason);
	for (size_t i = 0; i < BERTH_X509_SERIAL_LEN; i++) {
		unsigned b = 0;

		if (sscanf(serial + 2 * i, "%2x", &b) != 1)
			return berth_fail(BERTH_E_INTERNAL, "a certificate with another number");
		berth_buf_u8(rows, (uint8_t)b);
	}
	return berth_buf_status(rows);
}

/* In use, or on its way to be that. */
static bool is_held(const struct berth_json *data, const char *serial)
{
	const struct berth_json *const by[] = { data, berth_json_get(data, "issued"), berth_json_get(data, "renewal") };

	for (size_t i = 0; i < sizeof(by) / sizeof(by[0]); i++)
		if (berth_json_says(berth_json_get(berth_json_get(by[i], BERTH_LDEVID), "serial"), serial))
			return true;
	return false;
}

enum berth_err berth_ldevid_revoked(const struct berth_env *env, const struct berth_json *data, int reason, struct berth_buf *rows)
{
	enum berth_err rc = BERTH_OK;

	berth_json_each(v, berth_json_get(data, ISSUED)) {
		const char *serial = berth_data_str(v, "serial");
		bool held = serial && is_held(data, serial);

		if (!rc && berth_data_int(v, "untilS", 0) > env->now_s && (!held || reason >= 0))
			rc = put_row(rows, v, berth_data_int(v, "goneS", env->now_s), held ? reason : REASON_SUPERSEDED);
	}
	return rc;
}
