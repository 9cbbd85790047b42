/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/core/keyclient_internal.h"

static enum berth_err keys_ensure(struct berth_keys *k, const char *name, enum berth_key_type type,
				  enum berth_usage usage, unsigned purposes, struct berth_key_info *info)
{
	const struct berth_keyd_request r = {
		.op = BERTH_KEYD_ENSURE, .name = name, .type = type, .usage = usage, .purposes = purposes
	};
	enum berth_err rc = keyclient_check_name(name);

	return rc ? rc : keyclient_call_info(keyclient_of_keys(k), &r, info, NULL);
}

static enum berth_err take_infos(struct berth_keyclient *kc, const struct berth_buf *answer, struct berth_key_info *info, size_t n)
{
	struct berth_cur c = berth_cur(answer->p, answer->len);
	enum berth_err rc = BERTH_OK;
	uint32_t purposes;

	for (size_t i = 0; !rc && i < n; i++)
		rc = berth_keyd_info_decode(&c, &info[i], &purposes);
	if (!rc && berth_cur_done(&c))
		return BERTH_OK;
	kc->ipc.failed = true;
	return berth_fail(BERTH_E_KEYSTORE, "keyd talks nonsense");
}

static enum berth_err keys_ensure_all(struct berth_keys *k, const struct berth_key_order *v, size_t n, struct berth_key_info *info)
{
	struct berth_keyd_request r = { .op = BERTH_KEYD_ENSURE_ALL, .n_keys = n };
	struct berth_buf answer = BERTH_BUF_INIT;
	enum berth_err rc = keyclient_check_size(n, BERTH_KEYD_KEYS_MAX);

	for (size_t i = 0; !rc && i < n; i++) {
		r.keys[i] = v[i];
		rc = keyclient_check_name(v[i].name);
	}
	if (!rc && !(rc = keyclient_call(keyclient_of_keys(k), &r, &answer, NULL)))
		rc = take_infos(keyclient_of_keys(k), &answer, info, n);
	berth_buf_free(&answer);
	return rc;
}

/* What a store can, it can under any name. */
static bool keys_can(struct berth_keys *k, const char *name, enum berth_key_type type, enum berth_usage usage)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_CAN, .type = type, .usage = usage };
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_keyd_reply reply;
	bool yes = keyclient_call(keyclient_of_keys(k), &r, &answer, &reply) == BERTH_OK && reply.value == 1;

	(void)name;
	berth_buf_free(&answer);
	return yes;
}

static enum berth_err keys_remove(struct berth_keys *k, const char *name)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_DELETE, .name = name };
	enum berth_err rc = keyclient_check_name(name);

	return rc ? rc : keyclient_call_bytes(keyclient_of_keys(k), &r, NULL, NULL);
}

static enum berth_err keys_seal(struct berth_keys *k, const char *label, int64_t epoch,
				const void *pt, size_t len, struct berth_buf *box)
{
	const struct berth_keyd_request r = {
		.op = BERTH_KEYD_SEAL, .label = label, .epoch = epoch, .data = { pt, len }
	};
	enum berth_err rc;

	if ((rc = keyclient_check_size(strlen(label), BERTH_KEYD_LABEL_MAX)) ||
	    (rc = keyclient_check_size(len, BERTH_KEYD_PLAIN_MAX)))
		return rc;
	return keyclient_call_bytes(keyclient_of_keys(k), &r, box, NULL);
}

static enum berth_err unsealing(struct berth_keyd_request *r, const char *label, int64_t epoch, const void *box, size_t len)
{
	enum berth_err rc = keyclient_check_size(strlen(label), BERTH_KEYD_LABEL_MAX);

	*r = (struct berth_keyd_request){ .op = BERTH_KEYD_UNSEAL, .label = label, .epoch = epoch, .data = { box, len } };
	return rc ? rc : keyclient_check_size(len, BERTH_KEYD_DATA_MAX);
}

static enum berth_err keys_unseal(struct berth_keys *k, const char *label, int64_t epoch,
				  const void *box, size_t len, struct berth_buf *pt)
{
	struct berth_keyd_request r;
	enum berth_err rc = unsealing(&r, label, epoch, box, len);

	return rc ? rc : keyclient_call_bytes(keyclient_of_keys(k), &r, pt, NULL);
}

static void keys_unseal_ahead(struct berth_keys *k, const char *label, int64_t epoch, const void *box, size_t len)
{
	struct berth_keyd_request r;

	if (unsealing(&r, label, epoch, box, len) == BERTH_OK)
		(void)keyclient_ahead_ask(keyclient_of_keys(k), &r);
}

static enum berth_err counter(struct berth_keys *k, enum berth_keyd_op op, enum berth_counter c,
			      uint64_t *value, bool *protected_)
{
	const struct berth_keyd_request r = { .op = op, .counter = c };
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_keyd_reply reply;
	enum berth_err rc = keyclient_call(keyclient_of_keys(k), &r, &answer, &reply);

	if (!rc && value)
		*value = reply.value;
	if (!rc && protected_)
		*protected_ = reply.protected_;
	berth_buf_free(&answer);
	return rc;
}

static enum berth_err keys_counter_read(struct berth_keys *k, enum berth_counter c, uint64_t *value, bool *protected_)
{
	return counter(k, BERTH_KEYD_COUNTER_READ, c, value, protected_);
}

static enum berth_err keys_counter_step(struct berth_keys *k, enum berth_counter c, uint64_t *value)
{
	return counter(k, BERTH_KEYD_COUNTER_STEP, c, value, NULL);
}

static enum berth_keystore_state keys_state(struct berth_keys *k)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_STATE };
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_keyd_reply reply;
	bool said = keyclient_call(keyclient_of_keys(k), &r, &answer, &reply) == BERTH_OK && reply.value <= BERTH_KEYSTORE_LOST;

	berth_buf_free(&answer);
	return said ? (enum berth_keystore_state)reply.value : BERTH_KEYSTORE_SILENT;
}

static enum berth_err keys_clear(struct berth_keys *k)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_CLEAR };

	return keyclient_call_bytes(keyclient_of_keys(k), &r, NULL, NULL);
}

static enum berth_err keys_ek(struct berth_keys *k, struct berth_buf *cert_der, struct berth_buf *pub)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_EK };

	return keyclient_call_bytes(keyclient_of_keys(k), &r, cert_der, pub);
}

static enum berth_err keys_public_area(struct berth_keys *k, const char *name, struct berth_buf *pub)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_PUBLIC_AREA, .name = name };
	enum berth_err rc = keyclient_check_name(name);

	return rc ? rc : keyclient_call_bytes(keyclient_of_keys(k), &r, pub, NULL);
}

static enum berth_err keys_activate(struct berth_keys *k, const char *ak, const void *blob, size_t blob_len,
				    const void *secret, size_t secret_len, struct berth_buf *opened)
{
	const struct berth_keyd_request r = {
		.op = BERTH_KEYD_ACTIVATE, .name = ak, .data = { blob, blob_len }, .extra = { secret, secret_len }
	};
	enum berth_err rc;

	if ((rc = keyclient_check_name(ak)) || (rc = keyclient_check_size(blob_len, BERTH_KEYD_EXTRA_MAX)) ||
	    (rc = keyclient_check_size(secret_len, BERTH_KEYD_EXTRA_MAX)))
		return rc;
	return keyclient_call_bytes(keyclient_of_keys(k), &r, opened, NULL);
}

static enum berth_err keys_certify(struct berth_keys *k, const char *key, const char *ak, const uint8_t nonce[32],
				   struct berth_buf *attest, struct berth_buf *sig)
{
	struct berth_keyd_request r = { .op = BERTH_KEYD_CERTIFY, .name = key, .ak = ak };
	enum berth_err rc;

	if ((rc = keyclient_check_name(key)) || (rc = keyclient_check_name(ak)))
		return rc;
	memcpy(r.nonce, nonce, 32);
	return keyclient_call_bytes(keyclient_of_keys(k), &r, attest, sig);
}

static enum berth_err keys_quote(struct berth_keys *k, const char *ak, uint32_t pcr_mask, const uint8_t nonce[32],
				 struct berth_buf *attest, struct berth_buf *sig)
{
	struct berth_keyd_request r = { .op = BERTH_KEYD_QUOTE, .name = ak, .pcr_mask = pcr_mask };
	enum berth_err rc = keyclient_check_name(ak);

	if (rc)
		return rc;
	memcpy(r.nonce, nonce, 32);
	return keyclient_call_bytes(keyclient_of_keys(k), &r, attest, sig);
}

static enum berth_err keys_pcrs(struct berth_keys *k, const char *ak, uint32_t pcr_mask, struct berth_buf *values)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_PCRS, .pcr_mask = pcr_mask };

	(void)ak;	/* it is in this store */
	return keyclient_call_bytes(keyclient_of_keys(k), &r, values, NULL);
}

/* What keyd would not read is not sent: it would end the connection. */
static enum berth_err keys_sign_ethr(struct berth_keys *k, const char *name, const struct berth_ethr_order *order,
				     struct berth_buf *signed_, struct berth_buf *hash)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_SIGN_ETHR, .name = name, .ethr = *order };
	enum berth_err rc;

	if ((rc = keyclient_check_name(name)) || (rc = berth_ethr_order_check(order)))
		return rc;
	return keyclient_call_bytes(keyclient_of_keys(k), &r, signed_, hash);
}

static enum berth_err keys_sign_x509(struct berth_keys *k, const char *name, const struct berth_x509_order *order,
				     struct berth_buf *out)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_SIGN_X509, .name = name, .x509 = *order };
	enum berth_err rc;

	if ((rc = keyclient_check_name(name)) || (rc = berth_x509_order_check(order)))
		return rc;
	return keyclient_call_bytes(keyclient_of_keys(k), &r, out, NULL);
}

const struct berth_keys_ops keyclient_keys_ops = {
	.ensure = keys_ensure, .ensure_all = keys_ensure_all, .can = keys_can, .remove = keys_remove, .bind = keyclient_bind, .unbind = keyclient_unbind,
	.seal = keys_seal, .unseal = keys_unseal, .unseal_ahead = keys_unseal_ahead,
	.counter_read = keys_counter_read, .counter_step = keys_counter_step, .state = keys_state, .clear_device = keys_clear,
	.ek = keys_ek, .public_area = keys_public_area, .activate = keys_activate, .certify = keys_certify,
	.quote = keys_quote, .pcrs = keys_pcrs, .sign_ethr = keys_sign_ethr, .sign_x509 = keys_sign_x509,
};
