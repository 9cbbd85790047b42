/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/keys_local.h"

#include <stdlib.h>

#include "agent/ipc/keyd_proto.h"
#include "did/keystore/x509_sign.h"

struct local {
	struct berth_keys base;
	struct berth_keystore *ks;
	long moments, last;
	bool dead;
};

static bool alive(struct berth_keys *k)
{
	struct local *l = (struct local *)k;

	if (!l->dead && ++l->moments == l->last)
		l->dead = true;
	return !l->dead;
}

static enum berth_err gone(void) { return berth_fail(BERTH_E_KEYSTORE, "the process is dead"); }

/* What was done is done, whoever hears of it. */
#define LIVE(k, expr) do { \
	enum berth_err rc_; \
	if (!alive(k)) \
		return gone(); \
	rc_ = (expr); \
	return alive(k) ? rc_ : gone(); \
} while (0)

void test_keys_local_die(struct berth_keys *k, long n)
{
	((struct local *)k)->moments = 0;
	((struct local *)k)->last = n;
}

bool test_keys_local_dead(const struct berth_keys *k) { return ((const struct local *)k)->dead; }
long test_keys_local_moments(const struct berth_keys *k) { return ((const struct local *)k)->moments; }

static struct berth_keystore *ks(struct berth_keys *k) { return ((struct local *)k)->ks; }

static enum berth_err ensure(struct berth_keys *k, const char *name, enum berth_key_type type,
			     enum berth_usage usage, unsigned purposes, struct berth_key_info *info)
{
	struct berth_key_info mine;

	(void)purposes;
	if (!info)
		info = &mine;
	LIVE(k, berth_keystore_has(ks(k), name) ? berth_keystore_find(ks(k), name, info)
						: berth_keystore_generate(ks(k), name, type, usage, info));
}

/* In one moment, as in one write. */
static enum berth_err make_all(struct berth_keystore *store, const struct berth_key_order *v, size_t n, struct berth_key_info *info)
{
	struct berth_key_order fresh[BERTH_KEYD_KEYS_MAX];
	enum berth_err rc = BERTH_OK;
	size_t n_fresh = 0;

	for (size_t i = 0; i < n; i++)
		if (!berth_keystore_has(store, v[i].name))
			fresh[n_fresh++] = v[i];
		else if (berth_keystore_find(store, v[i].name, &info[i]) || info[i].pub.type != v[i].type)
			return berth_fail(BERTH_E_KEYSTORE, "%s is there, as another kind of key", v[i].name);
	if (n_fresh)
		rc = berth_keystore_generate_all(store, fresh, n_fresh);
	for (size_t i = 0; !rc && i < n; i++)
		rc = berth_keystore_find(store, v[i].name, &info[i]);
	return rc;
}

static enum berth_err ensure_all(struct berth_keys *k, const struct berth_key_order *v, size_t n, struct berth_key_info *info)
{
	LIVE(k, make_all(ks(k), v, n, info));
}

static bool can(struct berth_keys *k, const char *name, enum berth_key_type type, enum berth_usage usage)
{
	(void)name;
	return !((struct local *)k)->dead && berth_keystore_can(ks(k), type, usage);
}

static enum berth_err remove_key(struct berth_keys *k, const char *name)
{
	LIVE(k, berth_keystore_delete(ks(k), name));
}

static enum berth_err bind_kid(struct berth_keys *k, const char *kid, const char *name)
{
	struct berth_pubkey pub;

	if (k->keyring->ops->find(k->keyring, kid, &pub) == BERTH_OK)
		return BERTH_OK;
	return berth_keyring_local_add_stored(k->keyring, kid, ks(k), name);
}

static void unbind(struct berth_keys *k, const char *kid)
{
	(void)k;
	(void)kid;
}

static enum berth_err seal(struct berth_keys *k, const char *label, int64_t epoch, const void *pt, size_t len,
			   struct berth_buf *box)
{
	LIVE(k, berth_keystore_seal(ks(k), label, epoch, pt, len, box));
}

static enum berth_err unseal(struct berth_keys *k, const char *label, int64_t epoch, const void *box, size_t len,
			     struct berth_buf *pt)
{
	LIVE(k, berth_keystore_unseal(ks(k), label, epoch, box, len, pt));
}

static bool all_protected;

void test_keys_local_protect(bool yes) { all_protected = yes; }

static enum berth_err read_counter(struct berth_keystore *store, enum berth_counter c, uint64_t *value, bool *protected_)
{
	enum berth_err rc = berth_keystore_counter_read(store, c, value, protected_);

	*protected_ = *protected_ || all_protected;
	return rc;
}

static enum berth_err counter_read(struct berth_keys *k, enum berth_counter c, uint64_t *value, bool *protected_)
{
	LIVE(k, read_counter(ks(k), c, value, protected_));
}

static enum berth_err counter_step(struct berth_keys *k, enum berth_counter c, uint64_t *value)
{
	LIVE(k, berth_keystore_counter_step(ks(k), c, value));
}

static enum berth_keystore_state state(struct berth_keys *k)
{
	return alive(k) ? berth_keystore_state(ks(k)) : BERTH_KEYSTORE_SILENT;
}

static enum berth_err clear_device(struct berth_keys *k)
{
	LIVE(k, berth_keystore_clear_device(ks(k)));
}

static enum berth_err ek(struct berth_keys *k, struct berth_buf *cert, struct berth_buf *pub)
{
	LIVE(k, berth_keystore_ek(ks(k), cert, pub));
}

static enum berth_err public_area(struct berth_keys *k, const char *name, struct berth_buf *pub)
{
	LIVE(k, berth_keystore_public_area(ks(k), name, pub));
}

static enum berth_err activate(struct berth_keys *k, const char *ak, const void *blob, size_t blob_len,
			       const void *secret, size_t secret_len, struct berth_buf *opened)
{
	LIVE(k, berth_keystore_activate(ks(k), ak, blob, blob_len, secret, secret_len, opened));
}

static enum berth_err certify(struct berth_keys *k, const char *key, const char *ak, const uint8_t nonce[32],
			      struct berth_buf *attest, struct berth_buf *sig)
{
	LIVE(k, berth_keystore_certify(ks(k), key, ak, nonce, attest, sig));
}

static enum berth_err quote(struct berth_keys *k, const char *ak, uint32_t pcr_mask, const uint8_t nonce[32],
			    struct berth_buf *attest, struct berth_buf *sig)
{
	LIVE(k, berth_keystore_quote(ks(k), ak, pcr_mask, nonce, attest, sig));
}

static enum berth_err pcrs(struct berth_keys *k, const char *ak, uint32_t pcr_mask, struct berth_buf *values)
{
	(void)ak;
	LIVE(k, berth_keystore_pcrs(ks(k), pcr_mask, values));
}

static enum berth_err sign_ethr(struct berth_keys *k, const char *name, const struct berth_ethr_order *order,
				struct berth_buf *signed_, struct berth_buf *hash)
{
	uint8_t h[32];
	enum berth_err rc = alive(k) ? berth_ethr_sign(ks(k), name, order, signed_, h) : gone();

	if (!rc)
		berth_buf_put(hash, h, sizeof(h));
	return rc;
}

static enum berth_err sign_x509(struct berth_keys *k, const char *name, const struct berth_x509_order *order, struct berth_buf *out)
{
	LIVE(k, berth_keystore_x509(ks(k), name, order, out));
}

static const struct berth_keys_ops ops = {
	.ensure = ensure, .ensure_all = ensure_all, .can = can, .remove = remove_key, .bind = bind_kid, .unbind = unbind, .seal = seal, .unseal = unseal,
	.counter_read = counter_read, .counter_step = counter_step, .state = state, .clear_device = clear_device, .ek = ek,
	.public_area = public_area, .activate = activate, .certify = certify, .quote = quote, .pcrs = pcrs, .sign_ethr = sign_ethr,
	.sign_x509 = sign_x509,
};

struct berth_keys *test_keys_local_new(struct berth_keystore *store, enum berth_custody custody)
{
	struct local *l = calloc(1, sizeof(*l));

	if (!l || berth_keyring_local_new(&l->base.keyring))
		abort();
	l->base.ops = &ops;
	l->base.custody = custody;
	l->ks = store;
	return &l->base;
}

void test_keys_local_free(struct berth_keys *k)
{
	if (!k)
		return;
	berth_keyring_free(k->keyring);
	free(k);
}
