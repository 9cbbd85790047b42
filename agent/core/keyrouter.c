/* SPDX-License-Identifier: Apache-2.0 */
/* Data flow: protocols -> router -> the struct berth_keys of one store (keyclient.c)
 * -> the berth-keyd of that store.  The router has no keys and no bytes of its own: it
 * knows which section of the configuration claims which identities, and asks the
 * stores, which know their kids. */
#include "agent/core/keyrouter.h"

#include <stdlib.h>
#include <string.h>

#include "agent/protocol/onboarding.h"

/* Each kind of identity, and how the names of its keys begin.  A device's are claimed
 * together: the attestation key vouches for the others, so they are in one TPM. */
static const struct claim {
	const char *word, *prefix;
} claims[] = {
	{ "device", BERTH_ID_FACTORY "-" },
	{ "device", "op-" },
	{ "device", "lookup-" },
	{ "owner", BERTH_ID_OWNER "-" },
	{ "pairwise", "to-" },
	{ "rendezvous", BERTH_ID_RENDEZVOUS "-" },
	{ "maker", BERTH_ID_MAKER "-" },
	{ "issuer", BERTH_ID_ISSUER "-" },
	{ "root", BERTH_ID_ROOT "-" },
	{ "ldevid", BERTH_KEY_LDEVID_CA "-" },
};
#define CLAIMS (sizeof(claims) / sizeof(claims[0]))

struct berth_keyrouter {
	struct berth_keyring ring;	/* the first member: what the ring's calls get */
	struct berth_keys keys;
	struct berth_keys *store[BERTH_KEYROUTER_MAX];	/* borrowed */
	size_t n;
	size_t claimed[CLAIMS];		/* by which of the stores; 0 also: by none */
};

static struct berth_keyrouter *of_ring(struct berth_keyring *kr)
{
	return (struct berth_keyrouter *)(void *)kr;
}

static struct berth_keyrouter *of_keys(struct berth_keys *k)
{
	return (struct berth_keyrouter *)(void *)((char *)k - offsetof(struct berth_keyrouter, keys));
}

/* ---- which store ---- */

/* name is an identity's or a key's, IDENTITY-sign; the device's AK has no identity. */
static bool names(const struct claim *c, const char *name)
{
	size_t n = strlen(c->prefix);

	return strncmp(name, c->prefix, n) == 0 || (strlen(name) == n - 1 && strncmp(name, c->prefix, n - 1) == 0);
}

static size_t home_of(const struct berth_keyrouter *r, const char *name)
{
	if (strcmp(name, BERTH_KEY_AK) == 0)
		return r->claimed[0];
	for (size_t i = 0; i < CLAIMS; i++)
		if (names(&claims[i], name))
			return r->claimed[i];
	return 0;
}

static struct berth_keys *home(struct berth_keys *k, const char *name)
{
	struct berth_keyrouter *r = of_keys(k);

	return r->store[home_of(r, name)];
}

static struct berth_keys *at(struct berth_keys *k, size_t i)
{
	struct berth_keyrouter *r = of_keys(k);

	return i < r->n ? r->store[i] : NULL;
}

static struct berth_keys *first(struct berth_keys *k) { return of_keys(k)->store[0]; }

/* The ring that knows kid, which no other does. */
static enum berth_err ring_of(struct berth_keyring *kr, const char *kid, struct berth_keyring **out)
{
	struct berth_keyrouter *r = of_ring(kr);

	for (size_t i = 0; i < r->n; i++) {
		*out = r->store[i]->keyring;
		if ((*out)->ops->find(*out, kid, NULL) == BERTH_OK)
			return BERTH_OK;
	}
	return berth_fail(BERTH_E_KEYSTORE, "no key of ours: %.80s", kid);
}

/* ---- the keyring ---- */

static enum berth_err ring_find(struct berth_keyring *kr, const char *kid, struct berth_pubkey *pub)
{
	struct berth_keyring *to;
	enum berth_err rc = ring_of(kr, kid, &to);

	return rc ? rc : to->ops->find(to, kid, pub);
}

static enum berth_err ring_sign(struct berth_keyring *kr, const char *kid, enum berth_purpose purpose,
				const void *payload, size_t len, struct berth_buf *header_b64, struct berth_buf *sig)
{
	struct berth_keyring *to;
	enum berth_err rc = ring_of(kr, kid, &to);

	return rc ? rc : to->ops->sign(to, kid, purpose, payload, len, header_b64, sig);
}

static enum berth_err ring_sign_proof(struct berth_keyring *kr, const char *kid,
				      const struct berth_proof *proof, struct berth_buf *compact)
{
	struct berth_keyring *to;
	enum berth_err rc = ring_of(kr, kid, &to);

	return rc ? rc : to->ops->sign_proof(to, kid, proof, compact);
}

static enum berth_err ring_unwrap(struct berth_keyring *kr, const char *kid, const struct berth_kek_params *p,
				  const uint8_t *wrapped, size_t len, uint8_t cek[BERTH_CEK_MAX], size_t *cek_len)
{
	struct berth_keyring *to;
	enum berth_err rc = ring_of(kr, kid, &to);

	*cek_len = 0;
	return rc ? rc : to->ops->unwrap(to, kid, p, wrapped, len, cek, cek_len);
}

static void ring_unwrap_ahead(struct berth_keyring *kr, const char *kid, const struct berth_kek_params *p,
			      const uint8_t *wrapped, size_t len)
{
	struct berth_keyring *to;

	if (ring_of(kr, kid, &to) == BERTH_OK)
		berth_keyring_unwrap_ahead(to, kid, p, wrapped, len);
}

static bool ring_wrap_1pu_ahead(struct berth_keyring *kr, const char *skid, const struct berth_kek_params *p,
				const uint8_t *ze, size_t ze_len, const uint8_t *cek, size_t cek_len)
{
	struct berth_keyring *to;

	return ring_of(kr, skid, &to) == BERTH_OK && berth_keyring_wrap_1pu_ahead(to, skid, p, ze, ze_len, cek, cek_len);
}

static void ring_ahead_end(struct berth_keyring *kr)
{
	const struct berth_keyrouter *r = of_ring(kr);

	for (size_t i = 0; i < r->n; i++)
		berth_keyring_ahead_end(r->store[i]->keyring);
}

static enum berth_err ring_wrap_1pu(struct berth_keyring *kr, const char *skid, const struct berth_kek_params *p,
				    const uint8_t *ze, size_t ze_len, const uint8_t *cek, size_t cek_len,
				    struct berth_buf *wrapped)
{
	struct berth_keyring *to;
	enum berth_err rc = ring_of(kr, skid, &to);

	return rc ? rc : to->ops->wrap_1pu(to, skid, p, ze, ze_len, cek, cek_len, wrapped);
}

static void ring_free(struct berth_keyring *kr)
{
	berth_keyrouter_free(of_ring(kr));
}

static const struct berth_keyring_ops ring_ops = {
	.find = ring_find, .sign = ring_sign, .sign_proof = ring_sign_proof,
	.unwrap = ring_unwrap, .unwrap_ahead = ring_unwrap_ahead, .wrap_1pu = ring_wrap_1pu, .wrap_1pu_ahead = ring_wrap_1pu_ahead,
	.ahead_end = ring_ahead_end, .free = ring_free,
};

/* ---- struct berth_keys ---- */

static enum berth_err keys_ensure(struct berth_keys *k, const char *name, enum berth_key_type type,
				  enum berth_usage usage, unsigned purposes, struct berth_key_info *info)
{
	struct berth_keys *to = home(k, name);

	return to->ops->ensure(to, name, type, usage, purposes, info);
}

static enum berth_err keys_ensure_all(struct berth_keys *k, const struct berth_key_order *v, size_t n, struct berth_key_info *info)
{
	struct berth_keys *to = home(k, v[0].name);

	return to->ops->ensure_all(to, v, n, info);
}

static bool keys_can(struct berth_keys *k, const char *name, enum berth_key_type type, enum berth_usage usage)
{
	struct berth_keys *to = home(k, name);

	return to->ops->can(to, name, type, usage);
}

static enum berth_err keys_remove(struct berth_keys *k, const char *name)
{
	struct berth_keys *to = home(k, name);

	return to->ops->remove(to, name);
}

static enum berth_err keys_bind(struct berth_keys *k, const char *kid, const char *name)
{
	struct berth_keys *to = home(k, name);

	return to->ops->bind(to, kid, name);
}

static void keys_unbind(struct berth_keys *k, const char *kid)
{
	struct berth_keys *to;

	for (size_t i = 0; (to = at(k, i)); i++)
		to->ops->unbind(to, kid);
}

static enum berth_err keys_seal(struct berth_keys *k, const char *label, int64_t epoch,
				const void *pt, size_t len, struct berth_buf *box)
{
	return first(k)->ops->seal(first(k), label, epoch, pt, len, box);
}

static enum berth_err keys_unseal(struct berth_keys *k, const char *label, int64_t epoch,
				  const void *box, size_t len, struct berth_buf *pt)
{
	return first(k)->ops->unseal(first(k), label, epoch, box, len, pt);
}

static void keys_unseal_ahead(struct berth_keys *k, const char *label, int64_t epoch, const void *box, size_t len)
{
	if (first(k)->ops->unseal_ahead)
		first(k)->ops->unseal_ahead(first(k), label, epoch, box, len);
}

static enum berth_err keys_counter_read(struct berth_keys *k, enum berth_counter c, uint64_t *value, bool *protected_)
{
	return first(k)->ops->counter_read(first(k), c, value, protected_);
}

static enum berth_err keys_counter_step(struct berth_keys *k, enum berth_counter c, uint64_t *value)
{
	return first(k)->ops->counter_step(first(k), c, value);
}

static enum berth_keystore_state keys_state(struct berth_keys *k)
{
	enum berth_keystore_state worst = BERTH_KEYSTORE_FINE, one;
	struct berth_keys *to;

	for (size_t i = 0; (to = at(k, i)); i++)
		if ((one = to->ops->state(to)) > worst)
			worst = one;
	return worst;
}

/* The device that the attestation key was in. */
static enum berth_err keys_clear(struct berth_keys *k)
{
	struct berth_keys *to = home(k, BERTH_KEY_AK);

	return to->ops->clear_device(to);
}

/* ---- evidence ---- */

static enum berth_err keys_ek(struct berth_keys *k, struct berth_buf *cert_der, struct berth_buf *pub)
{
	struct berth_keys *to = home(k, BERTH_KEY_AK);

	return to->ops->ek(to, cert_der, pub);
}

static enum berth_err keys_public_area(struct berth_keys *k, const char *name, struct berth_buf *pub)
{
	struct berth_keys *to = home(k, name);

	return to->ops->public_area(to, name, pub);
}

static enum berth_err keys_activate(struct berth_keys *k, const char *ak, const void *blob, size_t blob_len,
				    const void *secret, size_t secret_len, struct berth_buf *opened)
{
	struct berth_keys *to = home(k, ak);

	return to->ops->activate(to, ak, blob, blob_len, secret, secret_len, opened);
}

static enum berth_err keys_certify(struct berth_keys *k, const char *key, const char *ak, const uint8_t nonce[32],
				   struct berth_buf *attest, struct berth_buf *sig)
{
	struct berth_keys *to = home(k, key);

	if (to != home(k, ak))
		return berth_fail(BERTH_E_KEYSTORE, "%s and %s are in different keystores", key, ak);
	return to->ops->certify(to, key, ak, nonce, attest, sig);
}

static enum berth_err keys_quote(struct berth_keys *k, const char *ak, uint32_t pcr_mask, const uint8_t nonce[32],
				 struct berth_buf *attest, struct berth_buf *sig)
{
	struct berth_keys *to = home(k, ak);

	return to->ops->quote(to, ak, pcr_mask, nonce, attest, sig);
}

static enum berth_err keys_pcrs(struct berth_keys *k, const char *ak, uint32_t pcr_mask, struct berth_buf *values)
{
	struct berth_keys *to = home(k, ak);

	return to->ops->pcrs(to, ak, pcr_mask, values);
}

static enum berth_err keys_sign_ethr(struct berth_keys *k, const char *name, const struct berth_ethr_order *order,
				     struct berth_buf *signed_, struct berth_buf *hash)
{
	struct berth_keys *to = home(k, name);

	return to->ops->sign_ethr(to, name, order, signed_, hash);
}

static enum berth_err keys_sign_x509(struct berth_keys *k, const char *name, const struct berth_x509_order *order,
				     struct berth_buf *out)
{
	struct berth_keys *to = home(k, name);

	return to->ops->sign_x509(to, name, order, out);
}

static const struct berth_keys_ops keys_ops = {
	.ensure = keys_ensure, .ensure_all = keys_ensure_all, .can = keys_can, .remove = keys_remove, .bind = keys_bind, .unbind = keys_unbind,
	.seal = keys_seal, .unseal = keys_unseal, .unseal_ahead = keys_unseal_ahead,
	.counter_read = keys_counter_read, .counter_step = keys_counter_step, .state = keys_state, .clear_device = keys_clear,
	.home = home, .at = at,
	.ek = keys_ek, .public_area = keys_public_area, .activate = keys_activate, .certify = keys_certify,
	.quote = keys_quote, .pcrs = keys_pcrs, .sign_ethr = keys_sign_ethr, .sign_x509 = keys_sign_x509,
};

/* ---- what it is made of ---- */

enum berth_err berth_keyrouter_new(struct berth_keyrouter **out)
{
	struct berth_keyrouter *r = calloc(1, sizeof(*r));

	*out = r;
	if (!r)
		return berth_no_memory();
	r->ring.ops = &ring_ops;
	r->keys = (struct berth_keys){ .ops = &keys_ops, .keyring = &r->ring };
	return BERTH_OK;
}

void berth_keyrouter_free(struct berth_keyrouter *r)
{
	free(r);
}

static enum berth_err claim(struct berth_keyrouter *r, const char *word)
{
	size_t n = 0;

	for (size_t i = 0; i < CLAIMS; i++) {
		if (strcmp(claims[i].word, word) != 0)
			continue;
		if (r->claimed[i])
			return berth_fail(BERTH_E_CONFIG, "[keystore %s] for: [keystore %s] has %s already",
					  r->store[r->n]->name, r->store[r->claimed[i]]->name, word);
		r->claimed[i] = r->n;
		n++;
	}
	return n ? BERTH_OK : berth_fail(BERTH_E_CONFIG, "[keystore %s] for: nothing is called %.40s", r->store[r->n]->name, word);
}

enum berth_err berth_keyrouter_add(struct berth_keyrouter *r, const char *name, struct berth_keys *store,
				   const char *const *words, size_t n)
{
	enum berth_err rc = BERTH_OK;

	if (r->n == BERTH_KEYROUTER_MAX)
		return berth_fail(BERTH_E_CONFIG, "[keystore %s]: more than %d keystores", name, BERTH_KEYROUTER_MAX);
	if (r->n == 0 && n)
		return berth_fail(BERTH_E_CONFIG, "[keystore %s] for: it is the first and has all that no other has", name);
	if (r->n && !n)
		return berth_fail(BERTH_E_CONFIG, "[keystore %s]: say what it is for", name);
	store->name = name;
	r->store[r->n] = store;
	for (size_t i = 0; !rc && i < n; i++)
		rc = claim(r, words[i]);
	if (!rc)
		r->n++;
	return rc;
}

enum berth_err berth_keyrouter_check(const struct berth_keyrouter *r, size_t i, const char *key)
{
	size_t to = home_of(r, key);

	if (to == i)
		return BERTH_OK;
	return berth_fail(BERTH_E_KEYSTORE, "%s is in [keystore %s], but the configuration has it in [keystore %s]: "
			  "no key moves from one to another", key, r->store[i]->name, r->store[to]->name);
}

struct berth_keys *berth_keyrouter_keys(struct berth_keyrouter *r)
{
	r->keys.custody = r->store[0]->custody;
	return &r->keys;
}
