/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "agent/core/keyclient_internal.h"
#include "did/crypto/keywrap.h"

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
		return berth_no_memory();
	}
	memmove(&v[i + 1], &v[i], (kc->n - i) * sizeof(*v));
	memset(&v[i], 0, sizeof(v[i]));
	v[i].kid = copy;
	kc->n++;
	return BERTH_OK;
}

enum berth_err keyclient_bind(struct berth_keys *k, const char *kid, const char *name)
{
	struct berth_keyclient *kc = keyclient_of_keys(k);
	struct berth_key_info info;
	bool there;
	enum berth_err rc = berth_keyclient_info(kc, name, &info, NULL);

	if (rc || (rc = keyclient_check_size(strlen(kid), BERTH_KEYD_KID_MAX)))
		return rc;
	size_t i = place(kc, kid, &there);

	if (!there && (rc = insert(kc, i, kid)))
		return rc;
	memcpy(kc->v[i].name, name, strlen(name) + 1);
	kc->v[i].pub = info.pub;
	return BERTH_OK;
}

void keyclient_unbind(struct berth_keys *k, const char *kid)
{
	struct berth_keyclient *kc = keyclient_of_keys(k);
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
	enum berth_err rc = bound(keyclient_of_ring(kr), kid, &b);

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

	if ((rc = bound(keyclient_of_ring(kr), kid, &b)) || (rc = keyclient_check_size(len, BERTH_KEYD_PLAIN_MAX)))
		return rc;
	r.name = b->name;
	return keyclient_call_bytes(keyclient_of_ring(kr), &r, header_b64, sig);
}

static enum berth_err ring_sign_proof(struct berth_keyring *kr, const char *kid,
				      const struct berth_proof *proof, struct berth_buf *compact)
{
	struct berth_keyd_request r = { .op = BERTH_KEYD_SIGN_PROOF, .kid = kid, .proof = *proof };
	const struct binding *b;
	enum berth_err rc;

	if ((rc = bound(keyclient_of_ring(kr), kid, &b)) ||
	    (rc = keyclient_check_size(strlen(proof->iss), BERTH_KEYD_KID_MAX)) ||
	    (rc = keyclient_check_size(strlen(proof->aud), BERTH_KEYD_KID_MAX)) ||
	    (rc = keyclient_check_size(strlen(proof->thid), BERTH_KEYD_THID_MAX)))
		return rc;
	r.name = b->name;
	return keyclient_call_bytes(keyclient_of_ring(kr), &r, compact, NULL);
}

static enum berth_err check_parties(const struct berth_kek_params *p)
{
	enum berth_err rc;

	if ((rc = keyclient_check_size(p->apu_len, BERTH_KEYD_PARTY_MAX)) ||
	    (rc = keyclient_check_size(p->apv_len, BERTH_KEYD_PARTY_MAX)))
		return rc;
	return keyclient_check_size(p->cc_tag_len, BERTH_TAG_MAX);
}

static enum berth_err ring_unwrap(struct berth_keyring *kr, const char *kid, const struct berth_kek_params *p,
				  const uint8_t *wrapped, size_t len, uint8_t cek[BERTH_CEK_MAX], size_t *cek_len)
{
	struct berth_keyd_request r = { .op = BERTH_KEYD_UNWRAP, .kek = *p, .data = { wrapped, len } };
	struct berth_buf key = BERTH_BUF_INIT;
	const struct binding *b;
	enum berth_err rc;

	*cek_len = 0;
	if ((rc = bound(keyclient_of_ring(kr), kid, &b)) || (rc = check_parties(p)))
		return rc;
	if (len > BERTH_WRAPPED_MAX)
		return berth_fail(BERTH_E_DECRYPT, "wrapped key");
	r.name = b->name;
	if (!(rc = keyclient_call_bytes(keyclient_of_ring(kr), &r, &key, NULL)) && key.len > BERTH_CEK_MAX)
		rc = berth_fail(BERTH_E_KEYSTORE, "keyd talks nonsense");
	if (!rc && key.len) {
		memcpy(cek, key.p, key.len);
		*cek_len = key.len;
	}
	berth_buf_free(&key);
	return rc;
}

/* What ring_unwrap() would refuse is not asked. */
static void ring_unwrap_ahead(struct berth_keyring *kr, const char *kid, const struct berth_kek_params *p,
			      const uint8_t *wrapped, size_t len)
{
	struct berth_keyd_request r = { .op = BERTH_KEYD_UNWRAP, .kek = *p, .data = { wrapped, len } };
	const struct binding *b;

	if (bound(keyclient_of_ring(kr), kid, &b) || check_parties(p) || len > BERTH_WRAPPED_MAX)
		return;
	r.name = b->name;
	(void)keyclient_ahead_ask(keyclient_of_ring(kr), &r);
}

static void ring_ahead_end(struct berth_keyring *kr)
{
	keyclient_ahead_end(keyclient_of_ring(kr));
}

/* Names the key and sees that keyd will read it. */
static enum berth_err check_wrap(struct berth_keyring *kr, const char *skid, struct berth_keyd_request *r)
{
	const struct binding *b;
	enum berth_err rc;

	if ((rc = bound(keyclient_of_ring(kr), skid, &b)) || (rc = check_parties(&r->kek)) ||
	    (rc = keyclient_check_size(r->data.n, BERTH_CEK_MAX)) ||
	    (rc = keyclient_check_size(r->extra.n, BERTH_ECDH_MAX)))
		return rc;
	r->name = b->name;
	return BERTH_OK;
}

static enum berth_err ring_wrap_1pu(struct berth_keyring *kr, const char *skid, const struct berth_kek_params *p,
				    const uint8_t *ze, size_t ze_len, const uint8_t *cek, size_t cek_len,
				    struct berth_buf *wrapped)
{
	struct berth_keyd_request r = {
		.op = BERTH_KEYD_WRAP_1PU, .kek = *p, .data = { cek, cek_len }, .extra = { ze, ze_len }
	};
	enum berth_err rc = check_wrap(kr, skid, &r);

	return rc ? rc : keyclient_call_bytes(keyclient_of_ring(kr), &r, wrapped, NULL);
}

static bool ring_wrap_1pu_ahead(struct berth_keyring *kr, const char *skid, const struct berth_kek_params *p,
				const uint8_t *ze, size_t ze_len, const uint8_t *cek, size_t cek_len)
{
	struct berth_keyd_request r = {
		.op = BERTH_KEYD_WRAP_1PU, .kek = *p, .data = { cek, cek_len }, .extra = { ze, ze_len }
	};

	return check_wrap(kr, skid, &r) == BERTH_OK && keyclient_ahead_ask(keyclient_of_ring(kr), &r);
}

static void ring_free(struct berth_keyring *kr)
{
	berth_keyclient_free(keyclient_of_ring(kr));
}

const struct berth_keyring_ops keyclient_ring_ops = {
	.find = ring_find, .sign = ring_sign, .sign_proof = ring_sign_proof,
	.unwrap = ring_unwrap, .unwrap_ahead = ring_unwrap_ahead, .wrap_1pu = ring_wrap_1pu, .wrap_1pu_ahead = ring_wrap_1pu_ahead,
	.ahead_end = ring_ahead_end, .free = ring_free,
};
