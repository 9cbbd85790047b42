/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/keyclient.h"

#include <stdlib.h>
#include <string.h>

#include "agent/ipc/ipc.h"
#include "agent/ipc/keyd_proto.h"
#include "did/crypto/keywrap.h"

/* A kid and the key that it names; sorted by kid. */
struct binding {
	char *kid;
	char name[BERTH_KEYD_NAME_MAX + 1];
	struct berth_pubkey pub;
};

struct berth_keyclient {
	struct berth_keyring ring;	/* the first member: what the ring's calls get */
	struct berth_keys keys;
	struct berth_ipc ipc;
	char *uri, *passphrase_file, *tcti, *module_path, *pin_source, *module_dir[BERTH_MODULE_DIRS_MAX];
	uint32_t pcr_mask;
	bool create, opening;
	struct binding *v;
	size_t n, cap;
};

static struct berth_keyclient *of_ring(struct berth_keyring *kr)
{
	return (struct berth_keyclient *)(void *)kr;
}

static struct berth_keyclient *of_keys(struct berth_keys *k)
{
	return (struct berth_keyclient *)(void *)((char *)k - offsetof(struct berth_keyclient, keys));
}

/* ---- one call ---- */

static int deadline_of(enum berth_keyd_op op)
{
	switch (op) {
	case BERTH_KEYD_HELLO:
		return BERTH_KEYCLIENT_OPEN_MS;
	case BERTH_KEYD_ENSURE:
	case BERTH_KEYD_DELETE:
	case BERTH_KEYD_EK:
	case BERTH_KEYD_ACTIVATE:
	case BERTH_KEYD_CERTIFY:
	case BERTH_KEYD_QUOTE:
	case BERTH_KEYD_CAN:
		return BERTH_KEYCLIENT_MAKE_MS;
	default:
		return BERTH_KEYCLIENT_USE_MS;
	}
}

/* rc: what the connection said. */
static enum berth_err
answered(struct berth_keyclient *kc, enum berth_err rc, enum berth_keyd_op op, const struct berth_buf *answer,
	 struct berth_keyd_reply *reply)
{
	if (rc)
		return kc->ipc.failed ? berth_fail(BERTH_E_KEYSTORE, "keyd is gone") : rc;
	if (reply && berth_keyd_reply_decode(reply, op, answer->p, answer->len)) {
		kc->ipc.failed = true;
		return berth_fail(BERTH_E_KEYSTORE, "keyd talks nonsense");
	}
	return BERTH_OK;
}

/* reply borrows from answer, which the caller frees (it may hold a CEK). */
static enum berth_err call(struct berth_keyclient *kc, const struct berth_keyd_request *r,
			   struct berth_buf *answer, struct berth_keyd_reply *reply)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	if (kc->opening)
		return berth_fail(BERTH_E_KEYSTORE, "keyd is opening its store");
	berth_keyd_encode(&b, r);
	if (!(rc = berth_buf_status(&b)))
		rc = berth_ipc_call(&kc->ipc, (uint16_t)r->op, &b, deadline_of(r->op), answer);
	berth_buf_free(&b);
	return answered(kc, rc, r->op, answer, reply);
}

/* The calls whose result is one or two byte strings, appended to a and b. */
static enum berth_err call_bytes(struct berth_keyclient *kc, const struct berth_keyd_request *r,
				 struct berth_buf *a, struct berth_buf *b)
{
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_keyd_reply reply;
	enum berth_err rc = call(kc, r, &answer, &reply);

	if (!rc && a) {
		berth_buf_put(a, reply.a.p, reply.a.n);
		rc = berth_buf_status(a);
	}
	if (!rc && b) {
		berth_buf_put(b, reply.b.p, reply.b.n);
		rc = berth_buf_status(b);
	}
	berth_buf_free(&answer);
	return rc;
}

static enum berth_err call_info(struct berth_keyclient *kc, const struct berth_keyd_request *r,
				struct berth_key_info *info, uint32_t *purposes)
{
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_keyd_reply reply;
	enum berth_err rc = call(kc, r, &answer, &reply);

	if (!rc && info)
		*info = reply.info;
	if (!rc && purposes)
		*purposes = reply.purposes;
	berth_buf_free(&answer);
	return rc;
}

/* Too long for the protocol is not worth a trip, and would end the connection. */
static enum berth_err check_name(const char *name)
{
	if (!*name || strlen(name) > BERTH_KEYD_NAME_MAX)
		return berth_fail(BERTH_E_KEY, "a key's name has 1 to %d characters", BERTH_KEYD_NAME_MAX);
	return BERTH_OK;
}

static enum berth_err check_size(size_t n, size_t max)
{
	return n > max ? berth_fail(BERTH_E_SIZE, "keyd: %zu bytes", n) : BERTH_OK;
}

/* ---- kids ---- */

static size_t place(const struct berth_keyclient *kc, const char *kid, bool *there)
{
	size_t lo = 0, hi = kc->n;

	*there = false;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(kid, kc->v[mid].kid);

		if (c == 0) {
			*there = true;
			return mid;
		}
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static enum berth_err bound(struct berth_keyclient *kc, const char *kid, const struct binding **out)
{
	bool there;
	size_t i = place(kc, kid, &there);

	*out = there ? &kc->v[i] : NULL;
	return there ? BERTH_OK : berth_fail(BERTH_E_KEYSTORE, "no key of ours: %.80s", kid);
}

static enum berth_err insert(struct berth_keyclient *kc, size_t i, const char *kid)
{
	size_t cap = kc->cap ? 2 * kc->cap : 16;
	struct binding *v = kc->n < kc->cap ? kc->v : realloc(kc->v, cap * sizeof(*v));
	char *copy = strdup(kid);

	if (v && v != kc->v)
		kc->cap = cap;
	if (v)
		kc->v = v;
	if (!v || !copy) {
		free(copy);
		return berth_fail(BERTH_E_NOMEM, "kids");
	}
	memmove(&v[i + 1], &v[i], (kc->n - i) * sizeof(*v));
	memset(&v[i], 0, sizeof(v[i]));
	v[i].kid = copy;
	kc->n++;
	return BERTH_OK;
}

static enum berth_err keys_bind(struct berth_keys *k, const char *kid, const char *name)
{
	struct berth_keyclient *kc = of_keys(k);
	struct berth_key_info info;
	bool there;
	enum berth_err rc = berth_keyclient_info(kc, name, &info, NULL);

	if (rc || (rc = check_size(strlen(kid), BERTH_KEYD_KID_MAX)))
		return rc;
	size_t i = place(kc, kid, &there);

	if (!there && (rc = insert(kc, i, kid)))
		return rc;
	memcpy(kc->v[i].name, name, strlen(name) + 1);
	kc->v[i].pub = info.pub;
	return BERTH_OK;
}

static void keys_unbind(struct berth_keys *k, const char *kid)
{
	struct berth_keyclient *kc = of_keys(k);
	bool there;
	size_t i = place(kc, kid, &there);

	if (!there)
		return;
	free(kc->v[i].kid);
	kc->n--;
	memmove(&kc->v[i], &kc->v[i + 1], (kc->n - i) * sizeof(kc->v[0]));
}

/* ---- the keyring ---- */

static enum berth_err ring_find(struct berth_keyring *kr, const char *kid, struct berth_pubkey *pub)
{
	const struct binding *b;
	enum berth_err rc = bound(of_ring(kr), kid, &b);

	if (!rc && pub)
		*pub = b->pub;
	return rc;
}

static enum berth_err ring_sign(struct berth_keyring *kr, const char *kid, enum berth_purpose purpose,
				const void *payload, size_t len, struct berth_buf *header_b64, struct berth_buf *sig)
{
	struct berth_keyd_request r = {
		.op = BERTH_KEYD_SIGN, .kid = kid, .purpose = purpose, .data = { payload, len }
	};
	const struct binding *b;
	enum berth_err rc;

	if ((rc = bound(of_ring(kr), kid, &b)) || (rc = check_size(len, BERTH_KEYD_PLAIN_MAX)))
		return rc;
	r.name = b->name;
	return call_bytes(of_ring(kr), &r, header_b64, sig);
}

static enum berth_err ring_sign_proof(struct berth_keyring *kr, const char *kid,
				      const struct berth_proof *proof, struct berth_buf *compact)
{
	struct berth_keyd_request r = { .op = BERTH_KEYD_SIGN_PROOF, .kid = kid, .proof = *proof };
	const struct binding *b;
	enum berth_err rc;

	if ((rc = bound(of_ring(kr), kid, &b)) || (rc = check_size(strlen(proof->iss), BERTH_KEYD_KID_MAX)) ||
	    (rc = check_size(strlen(proof->aud), BERTH_KEYD_KID_MAX)) ||
	    (rc = check_size(strlen(proof->thid), BERTH_KEYD_THID_MAX)))
		return rc;
	r.name = b->name;
	return call_bytes(of_ring(kr), &r, compact, NULL);
}

static enum berth_err check_parties(const struct berth_kek_params *p)
{
	enum berth_err rc;

	if ((rc = check_size(p->apu_len, BERTH_KEYD_PARTY_MAX)) || (rc = check_size(p->apv_len, BERTH_KEYD_PARTY_MAX)))
		return rc;
	return check_size(p->cc_tag_len, BERTH_TAG_MAX);
}

static enum berth_err ring_unwrap(struct berth_keyring *kr, const char *kid, const struct berth_kek_params *p,
				  const uint8_t *wrapped, size_t len, uint8_t cek[BERTH_CEK_MAX], size_t *cek_len)
{
	struct berth_keyd_request r = { .op = BERTH_KEYD_UNWRAP, .kek = *p, .data = { wrapped, len } };
	struct berth_buf key = BERTH_BUF_INIT;
	const struct binding *b;
	enum berth_err rc;

	*cek_len = 0;
	if ((rc = bound(of_ring(kr), kid, &b)) || (rc = check_parties(p)))
		return rc;
	if (len > BERTH_WRAPPED_MAX)
		return berth_fail(BERTH_E_DECRYPT, "wrapped key");
	r.name = b->name;
	if (!(rc = call_bytes(of_ring(kr), &r, &key, NULL)) && key.len > BERTH_CEK_MAX)
		rc = berth_fail(BERTH_E_KEYSTORE, "keyd talks nonsense");
	if (!rc && key.len) {
		memcpy(cek, key.p, key.len);
		*cek_len = key.len;
	}
	berth_buf_free(&key);
	return rc;
}

static enum berth_err ring_wrap_1pu(struct berth_keyring *kr, const char *skid, const struct berth_kek_params *p,
				    const uint8_t *ze, size_t ze_len, const uint8_t *cek, size_t cek_len,
				    struct berth_buf *wrapped)
{
	struct berth_keyd_request r = {
		.op = BERTH_KEYD_WRAP_1PU, .kek = *p, .data = { cek, cek_len }, .extra = { ze, ze_len }
	};
	const struct binding *b;
	enum berth_err rc;

	if ((rc = bound(of_ring(kr), skid, &b)) || (rc = check_parties(p)) ||
	    (rc = check_size(cek_len, BERTH_CEK_MAX)) || (rc = check_size(ze_len, BERTH_ECDH_MAX)))
		return rc;
	r.name = b->name;
	return call_bytes(of_ring(kr), &r, wrapped, NULL);
}

static void ring_free(struct berth_keyring *kr)
{
	berth_keyclient_free(of_ring(kr));
}

static const struct berth_keyring_ops ring_ops = {
	.find = ring_find, .sign = ring_sign, .sign_proof = ring_sign_proof,
	.unwrap = ring_unwrap, .wrap_1pu = ring_wrap_1pu, .free = ring_free,
};

/* ---- struct berth_keys ---- */

static enum berth_err keys_ensure(struct berth_keys *k, const char *name, enum berth_key_type type,
				  enum berth_usage usage, unsigned purposes, struct berth_key_info *info)
{
	const struct berth_keyd_request r = {
		.op = BERTH_KEYD_ENSURE, .name = name, .type = type, .usage = usage, .purposes = purposes
	};
	enum berth_err rc = check_name(name);

	return rc ? rc : call_info(of_keys(k), &r, info, NULL);
}

/* What a store can, it can under any name. */
static bool keys_can(struct berth_keys *k, const char *name, enum berth_key_type type, enum berth_usage usage)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_CAN, .type = type, .usage = usage };
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_keyd_reply reply;
	bool yes = call(of_keys(k), &r, &answer, &reply) == BERTH_OK && reply.value == 1;

	(void)name;
	berth_buf_free(&answer);
	return yes;
}

static enum berth_err keys_remove(struct berth_keys *k, const char *name)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_DELETE, .name = name };
	enum berth_err rc = check_name(name);

	return rc ? rc : call_bytes(of_keys(k), &r, NULL, NULL);
}

static enum berth_err keys_seal(struct berth_keys *k, const char *label, int64_t epoch,
				const void *pt, size_t len, struct berth_buf *box)
{
	const struct berth_keyd_request r = {
		.op = BERTH_KEYD_SEAL, .label = label, .epoch = epoch, .data = { pt, len }
	};
	enum berth_err rc;

	if ((rc = check_size(strlen(label), BERTH_KEYD_LABEL_MAX)) || (rc = check_size(len, BERTH_KEYD_PLAIN_MAX)))
		return rc;
	return call_bytes(of_keys(k), &r, box, NULL);
}

static enum berth_err keys_unseal(struct berth_keys *k, const char *label, int64_t epoch,
				  const void *box, size_t len, struct berth_buf *pt)
{
	const struct berth_keyd_request r = {
		.op = BERTH_KEYD_UNSEAL, .label = label, .epoch = epoch, .data = { box, len }
	};
	enum berth_err rc;

	if ((rc = check_size(strlen(label), BERTH_KEYD_LABEL_MAX)) || (rc = check_size(len, BERTH_KEYD_DATA_MAX)))
		return rc;
	return call_bytes(of_keys(k), &r, pt, NULL);
}

static enum berth_err counter(struct berth_keys *k, enum berth_keyd_op op, enum berth_counter c,
			      uint64_t *value, bool *protected_)
{
	const struct berth_keyd_request r = { .op = op, .counter = c };
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_keyd_reply reply;
	enum berth_err rc = call(of_keys(k), &r, &answer, &reply);

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
	bool said = call(of_keys(k), &r, &answer, &reply) == BERTH_OK && reply.value <= BERTH_KEYSTORE_LOST;

	berth_buf_free(&answer);
	return said ? (enum berth_keystore_state)reply.value : BERTH_KEYSTORE_SILENT;
}

static enum berth_err keys_ek(struct berth_keys *k, struct berth_buf *cert_der, struct berth_buf *pub)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_EK };

	return call_bytes(of_keys(k), &r, cert_der, pub);
}

static enum berth_err keys_public_area(struct berth_keys *k, const char *name, struct berth_buf *pub)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_PUBLIC_AREA, .name = name };
	enum berth_err rc = check_name(name);

	return rc ? rc : call_bytes(of_keys(k), &r, pub, NULL);
}

static enum berth_err keys_activate(struct berth_keys *k, const char *ak, const void *blob, size_t blob_len,
				    const void *secret, size_t secret_len, struct berth_buf *opened)
{
	const struct berth_keyd_request r = {
		.op = BERTH_KEYD_ACTIVATE, .name = ak, .data = { blob, blob_len }, .extra = { secret, secret_len }
	};
	enum berth_err rc;

	if ((rc = check_name(ak)) || (rc = check_size(blob_len, BERTH_KEYD_EXTRA_MAX)) ||
	    (rc = check_size(secret_len, BERTH_KEYD_EXTRA_MAX)))
		return rc;
	return call_bytes(of_keys(k), &r, opened, NULL);
}

static enum berth_err keys_certify(struct berth_keys *k, const char *key, const char *ak, const uint8_t nonce[32],
				   struct berth_buf *attest, struct berth_buf *sig)
{
	struct berth_keyd_request r = { .op = BERTH_KEYD_CERTIFY, .name = key, .ak = ak };
	enum berth_err rc;

	if ((rc = check_name(key)) || (rc = check_name(ak)))
		return rc;
	memcpy(r.nonce, nonce, 32);
	return call_bytes(of_keys(k), &r, attest, sig);
}

static enum berth_err keys_quote(struct berth_keys *k, const char *ak, uint32_t pcr_mask, const uint8_t nonce[32],
				 struct berth_buf *attest, struct berth_buf *sig)
{
	struct berth_keyd_request r = { .op = BERTH_KEYD_QUOTE, .name = ak, .pcr_mask = pcr_mask };
	enum berth_err rc = check_name(ak);

	if (rc)
		return rc;
	memcpy(r.nonce, nonce, 32);
	return call_bytes(of_keys(k), &r, attest, sig);
}

static const struct berth_keys_ops keys_ops = {
	.ensure = keys_ensure, .can = keys_can, .remove = keys_remove, .bind = keys_bind, .unbind = keys_unbind,
	.seal = keys_seal, .unseal = keys_unseal,
	.counter_read = keys_counter_read, .counter_step = keys_counter_step, .state = keys_state,
	.ek = keys_ek, .public_area = keys_public_area, .activate = keys_activate, .certify = keys_certify,
	.quote = keys_quote,
};

/* ---- beyond it ---- */

enum berth_err berth_keyclient_info(struct berth_keyclient *kc, const char *name,
				    struct berth_key_info *info, uint32_t *purposes)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_INFO, .name = name };
	enum berth_err rc = check_name(name);

	return rc ? rc : call_info(kc, &r, info, purposes);
}

enum berth_err berth_keyclient_list(struct berth_keyclient *kc, berth_keyclient_each_fn *fn, void *arg)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_LIST };
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_key_info info;
	uint32_t purposes;
	enum berth_err rc = call(kc, &r, &answer, NULL);
	struct berth_cur c = berth_cur(answer.p, answer.len);
	uint16_t n = rc ? 0 : berth_cur_be16(&c);

	for (uint16_t i = 0; !rc && !c.bad && i < n; i++)
		if (!(rc = berth_keyd_info_decode(&c, &info, &purposes)))
			rc = fn(arg, &info, purposes);
	if (!rc && !berth_cur_done(&c)) {
		kc->ipc.failed = true;
		rc = berth_fail(BERTH_E_KEYSTORE, "keyd talks nonsense");
	}
	berth_buf_free(&answer);
	return rc;
}

enum berth_err berth_keyclient_quote(struct berth_keyclient *kc, const char *ak, uint32_t pcr_mask,
				     const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig)
{
	struct berth_keyd_request r = { .op = BERTH_KEYD_QUOTE, .name = ak, .pcr_mask = pcr_mask };
	enum berth_err rc = check_name(ak);

	memcpy(r.nonce, nonce, 32);
	return rc ? rc : call_bytes(kc, &r, attest, sig);
}

/* ---- life ---- */

static enum berth_err copy(char **out, const char *s)
{
	if (!s)
		return BERTH_OK;
	if (strlen(s) > BERTH_KEYD_CONFIG_MAX)
		return berth_fail(BERTH_E_CONFIG, "keystore: an option of more than %d characters", BERTH_KEYD_CONFIG_MAX);
	*out = strdup(s);
	return *out ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "keystore configuration");
}

static enum berth_err copy_dirs(struct berth_keyclient *kc, const struct berth_keystore_config *cfg)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < BERTH_MODULE_DIRS_MAX && cfg->module_dir[i]; i++)
		rc = copy(&kc->module_dir[i], cfg->module_dir[i]);
	return rc;
}

enum berth_err berth_keyclient_new(struct berth_keyclient **out, const struct berth_keystore_config *cfg)
{
	struct berth_keyclient *kc = calloc(1, sizeof(*kc));
	enum berth_err rc;

	*out = NULL;
	if (!kc)
		return berth_fail(BERTH_E_NOMEM, "keyclient");
	berth_ipc_init(&kc->ipc, -1);
	kc->ipc.failed = true;
	kc->ring.ops = &ring_ops;
	kc->keys = (struct berth_keys){ .ops = &keys_ops, .keyring = &kc->ring };
	kc->create = cfg->create;
	kc->pcr_mask = cfg->pcr_mask;
	if ((rc = copy(&kc->uri, cfg->uri)) || (rc = copy(&kc->passphrase_file, cfg->passphrase_file)) ||
	    (rc = copy(&kc->tcti, cfg->tcti)) || (rc = copy(&kc->module_path, cfg->module_path)) ||
	    (rc = copy(&kc->pin_source, cfg->pin_source)) || (rc = copy_dirs(kc, cfg))) {
		berth_keyclient_free(kc);
		return rc;
	}
	*out = kc;
	return BERTH_OK;
}

void berth_keyclient_free(struct berth_keyclient *kc)
{
	if (!kc)
		return;
	berth_ipc_close(&kc->ipc);
	for (size_t i = 0; i < kc->n; i++)
		free(kc->v[i].kid);
	free(kc->v);
	free(kc->uri);
	free(kc->passphrase_file);
	free(kc->tcti);
	free(kc->module_path);
	free(kc->pin_source);
	for (size_t i = 0; i < BERTH_MODULE_DIRS_MAX; i++)
		free(kc->module_dir[i]);
	free(kc);
}

enum berth_err berth_keyclient_attach_begin(struct berth_keyclient *kc, int sock)
{
	struct berth_keyd_request r = {
		.op = BERTH_KEYD_HELLO, .uri = kc->uri, .passphrase_file = kc->passphrase_file,
		.tcti = kc->tcti, .module_path = kc->module_path, .pin_source = kc->pin_source, .pcr_mask = kc->pcr_mask,
		.create = kc->create
	};
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	memcpy(r.module_dir, kc->module_dir, sizeof(r.module_dir));
	berth_ipc_close(&kc->ipc);
	berth_ipc_init(&kc->ipc, sock);
	berth_keyd_encode(&b, &r);
	/* it is new and listens to nobody else: there is room for this */
	if (!(rc = berth_buf_status(&b)))
		rc = berth_ipc_ask(&kc->ipc, (uint16_t)r.op, &b, BERTH_KEYCLIENT_USE_MS);
	berth_buf_free(&b);
	kc->opening = !rc;
	if (rc)
		berth_ipc_close(&kc->ipc);
	return answered(kc, rc, r.op, NULL, NULL);
}

static enum berth_err attach_end(struct berth_keyclient *kc, int deadline_ms)
{
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_keyd_reply reply;
	enum berth_err rc = berth_ipc_take(&kc->ipc, deadline_ms, &answer);

	kc->opening = false;
	if (!(rc = answered(kc, rc, BERTH_KEYD_HELLO, &answer, &reply))) {
		kc->keys.custody = reply.custody;
		kc->create = false;	/* what was there once is missed, not made anew */
	} else {
		berth_ipc_close(&kc->ipc);
	}
	berth_buf_free(&answer);
	return rc;
}

/* Whoever has begun to answer has not much more to say. */
enum berth_err berth_keyclient_attach_end(struct berth_keyclient *kc)
{
	return attach_end(kc, BERTH_KEYCLIENT_USE_MS);
}

enum berth_err berth_keyclient_attach(struct berth_keyclient *kc, int sock)
{
	enum berth_err rc = berth_keyclient_attach_begin(kc, sock);

	return rc ? rc : attach_end(kc, deadline_of(BERTH_KEYD_HELLO));
}

bool berth_keyclient_opening(const struct berth_keyclient *kc)
{
	return kc->opening;
}

bool berth_keyclient_usable(const struct berth_keyclient *kc)
{
	return kc->ipc.fd >= 0 && !kc->ipc.failed;
}

int berth_keyclient_fd(const struct berth_keyclient *kc)
{
	return berth_keyclient_usable(kc) ? kc->ipc.fd : -1;
}

struct berth_keys *berth_keyclient_keys(struct berth_keyclient *kc)
{
	return &kc->keys;
}

struct berth_keyring *berth_keyclient_keyring(struct berth_keyclient *kc)
{
	return &kc->ring;
}
