/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that there are, and those that are made. */
#include "agent/keyd/server.h"

#include <string.h>

/* The key's own name, not the one that carries the purposes. */
enum berth_err keyd_describe(struct keyd *k, const struct keyd_name *n, struct berth_key_info *out)
{
	char stored[BERTH_KEY_NAME_MAX + 1];
	enum berth_err rc;

	keyd_name_format(stored, n->name, n->purposes);
	if ((rc = berth_keystore_find(k->ks, stored, out)))
		return rc;
	memset(out->name, 0, sizeof(out->name));
	memcpy(out->name, n->name, sizeof(n->name));
	return BERTH_OK;
}

enum berth_err keyd_list(struct keyd *k, struct berth_buf *reply)
{
	struct berth_key_info key;
	enum berth_err rc;

	berth_buf_be16(reply, (uint16_t)k->names.n);
	for (size_t i = 0; i < k->names.n; i++) {
		if ((rc = keyd_describe(k, &k->names.v[i], &key)))
			return rc;
		berth_keyd_info_encode(reply, &key, k->names.v[i].purposes);
	}
	return berth_buf_status(reply);
}

/* A signing key has purposes, the others have none; "jws" is the command line's. */
static enum berth_err purposes_fit(const struct berth_key_order *v)
{
	if (v->purposes & BERTH_PURPOSE_BIT(BERTH_SIGN_JWS))
		return berth_fail(BERTH_E_AUTHZ, "%s: no key here signs whatever it is given", v->name);
	if ((v->usage == BERTH_USAGE_SIGN) != (v->purposes != 0))
		return berth_fail(BERTH_E_KEY, "%s: purposes are for signing keys", v->name);
	return BERTH_OK;
}

static enum berth_err same_as_before(struct keyd *k, const struct keyd_name *n, const struct berth_key_order *v)
{
	struct berth_key_info key;
	enum berth_err rc = keyd_describe(k, n, &key);

	if (rc)
		return rc;
	if (key.pub.type != v->type || key.usage != v->usage || n->purposes != v->purposes)
		return berth_fail(BERTH_E_KEYSTORE, "%s is there, as another kind of key", v->name);
	return BERTH_OK;
}

/* Those that are not there yet, by the names that the store will have. */
struct fresh {
	char stored[BERTH_KEYD_KEYS_MAX][BERTH_KEY_NAME_MAX + 1];
	struct berth_key_order order[BERTH_KEYD_KEYS_MAX];
	const struct berth_key_order *of[BERTH_KEYD_KEYS_MAX];
	size_t n;
};

static enum berth_err sort_out(struct fresh *f, struct keyd *k, const struct berth_key_order *v)
{
	const struct keyd_name *n = keyd_names_find(&k->names, v->name);
	enum berth_err rc = purposes_fit(v);

	if (rc || n)
		return rc ? rc : same_as_before(k, n, v);
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->of[i]->name, v->name) == 0)
			return berth_fail(BERTH_E_KEYSTORE, "%s: asked for twice", v->name);
	if (k->names.n + f->n >= UINT16_MAX)
		return berth_fail(BERTH_E_QUOTA, "too many keys");
	keyd_name_format(f->stored[f->n], v->name, v->purposes);
	f->order[f->n] = *v;
	f->order[f->n].name = f->stored[f->n];
	f->of[f->n++] = v;
	return BERTH_OK;
}

/* A device that has made some of them has those. */
static enum berth_err make(struct keyd *k, const struct fresh *f)
{
	enum berth_err rc = f->n ? berth_keystore_generate_all(k->ks, f->order, f->n) : BERTH_OK, added = BERTH_OK;

	for (size_t i = 0; i < f->n && !added; i++)
		if (!rc || berth_keystore_has(k->ks, f->stored[i]))
			added = keyd_names_add(&k->names, f->of[i]->name, f->of[i]->purposes);
	return rc ? rc : added;
}

enum berth_err keyd_ensure(struct keyd *k, const struct berth_keyd_request *r, struct berth_buf *reply)
{
	const struct berth_key_order one = { r->name, r->type, r->usage, r->purposes };
	const struct berth_key_order *v = r->op == BERTH_KEYD_ENSURE ? &one : r->keys;
	size_t n = r->op == BERTH_KEYD_ENSURE ? 1 : r->n_keys;
	struct fresh f = { .n = 0 };
	struct berth_key_info key;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < n; i++)
		rc = sort_out(&f, k, &v[i]);
	if (!rc)
		rc = make(k, &f);
	for (size_t i = 0; !rc && i < n; i++)
		if (!(rc = keyd_describe(k, keyd_names_find(&k->names, v[i].name), &key)))
			berth_keyd_info_encode(reply, &key, v[i].purposes);
	return rc ? rc : berth_buf_status(reply);
}
