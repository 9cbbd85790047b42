/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a store: which they are stands in its file, what they are is in the
 * token.  Whatever is made or deleted is named as pending before and until it is; each of
 * these writes replaces the file, so that no slot of it (slots.h) names a key as pending
 * that is in use by now. */
#include <stdlib.h>
#include <string.h>

#include "did/base/rand.h"
#include "did/crypto/keypair.h"
#include "did/keystore/pkcs11.h"

struct berth_pkcs11_key *berth_pkcs11_lookup(struct berth_pkcs11 *p, const char *name)
{
	for (size_t i = 0; i < p->s.n; i++)
		if (strcmp(p->s.key[i].info.name, name) == 0)
			return &p->s.key[i];
	return NULL;
}

enum berth_err berth_pkcs11_save(struct berth_pkcs11 *p)
{
	struct berth_buf file = BERTH_BUF_INIT;
	enum berth_err rc = berth_pkcs11_store_format(&file, &p->s, berth_pkcs11_secrets(p));

	if (!rc)
		rc = berth_ksfile_write(&p->file, &file);
	berth_buf_free(&file);
	return rc;
}

static bool is_pending(const struct berth_pkcs11 *p)
{
	static const uint8_t none[BERTH_PKCS11_OBJECT_ID_LEN];

	return memcmp(p->s.pending, none, sizeof(none)) != 0;
}

enum berth_err berth_pkcs11_settle(struct berth_pkcs11 *p)
{
	enum berth_err rc;

	if (!is_pending(p))
		return BERTH_OK;
	if ((rc = berth_pkcs11_begin(p)) || (rc = berth_pkcs11_destroy_id(p, p->s.pending)))
		return rc;
	memset(p->s.pending, 0, sizeof(p->s.pending));
	return berth_pkcs11_save(p);
}

static enum berth_err grow(struct berth_pkcs11 *p)
{
	struct berth_pkcs11_key *more;

	if (p->s.n >= BERTH_PKCS11_KEYS_MAX)
		return berth_fail(BERTH_E_KEYSTORE, "%s: full (%d keys)", p->dir, BERTH_PKCS11_KEYS_MAX);
	if (!(more = realloc(p->s.key, (p->s.n + 2) * sizeof(more[0]))))
		return berth_no_memory();
	p->s.key = more;
	memset(&more[p->s.n], 0, sizeof(more[0]));
	return BERTH_OK;
}

/* A name that somebody else's key has in the token is not ours to give. */
static enum berth_err check_label(struct berth_pkcs11 *p, const char *name)
{
	bool taken;
	enum berth_err rc = berth_pkcs11_label_taken(p, name, &taken);

	if (!rc && taken)
		rc = berth_fail(BERTH_E_KEYSTORE, "token %s: has a key %s that is not of this store", p->s.token, name);
	return rc;
}

/* The pair is what was asked for: guarded, with a sound public key that belongs to it. */
static enum berth_err make(struct berth_pkcs11 *p, struct berth_pkcs11_key *k, enum berth_key_type type)
{
	CK_OBJECT_HANDLE pub, priv;
	enum berth_err rc;

	if ((rc = berth_pkcs11_make_pair(p, k->info.name, k->id, type, k->info.usage, &pub, &priv)) ||
	    (rc = berth_pkcs11_check_guarded(p, priv, k->info.name)) ||
	    (rc = berth_pkcs11_read_point(p, pub, type, &k->info.pub)))
		return rc;
	if ((rc = berth_pkcs11_prove(p, k)) == BERTH_E_KEYSTORE && p->last != CKR_OK && !berth_pkcs11_is_gone(p->last))
		rc = berth_fail(BERTH_E_KEY, "token %s makes keys of type %s, but cannot use them: %s (0x%lx)", p->s.token,
				berth_key_type_name(type), berth_pkcs11_rv_name(p->last), p->last);
	return rc;
}

static enum berth_err add(struct berth_pkcs11 *p)
{
	enum berth_err rc;

	p->s.n++;
	memset(p->s.pending, 0, sizeof(p->s.pending));
	if ((rc = berth_pkcs11_save(p))) {
		p->s.n--;
		memcpy(p->s.pending, p->s.key[p->s.n].id, sizeof(p->s.pending));
	}
	return rc;
}

/* What was made is deleted again; if not now, then before anything else is made. */
static enum berth_err give_back(struct berth_pkcs11 *p, enum berth_err why)
{
	(void)!berth_pkcs11_settle(p);
	return why;
}

enum berth_err berth_pkcs11_generate(struct berth_keystore *ks, const char *name, enum berth_key_type type,
				     enum berth_usage usage)
{
	struct berth_pkcs11 *p = (struct berth_pkcs11 *)(void *)ks;
	enum berth_err rc;

	if ((rc = berth_pkcs11_begin(p)) || (rc = berth_pkcs11_settle(p)) || (rc = check_label(p, name)) ||
	    (rc = grow(p)))
		return rc;
	struct berth_pkcs11_key *k = &p->s.key[p->s.n];

	memcpy(k->info.name, name, strlen(name) + 1);
	k->info.usage = usage;
	k->info.custody = BERTH_CUSTODY_HARDWARE;
	berth_random(k->id, sizeof(k->id));
	memcpy(p->s.pending, k->id, sizeof(k->id));
	if (!(rc = berth_pkcs11_save(p)) && !(rc = make(p, k, type)) && !(rc = add(p)))
		return BERTH_OK;
	return give_back(p, rc);
}

/* By a key that is made, used and deleted again.  Not a session object: not every
 * token has those. */
static enum berth_err try_one(struct berth_pkcs11 *p, enum berth_key_type type, enum berth_usage usage)
{
	struct berth_pkcs11_key k = { .info = { .name = "berth.probe", .usage = usage } };
	enum berth_err rc, settled;

	if ((rc = berth_pkcs11_begin(p)) || (rc = berth_pkcs11_settle(p)))
		return rc;
	berth_random(k.id, sizeof(k.id));
	memcpy(p->s.pending, k.id, sizeof(k.id));
	if ((rc = berth_pkcs11_save(p)))
		return rc;
	rc = make(p, &k, type);
	settled = berth_pkcs11_settle(p);
	return settled ? settled : rc;
}

bool berth_pkcs11_can(struct berth_keystore *ks, enum berth_key_type type, enum berth_usage usage)
{
	struct berth_pkcs11 *p = (struct berth_pkcs11 *)(void *)ks;
	int8_t *known = &p->can[type][usage == BERTH_USAGE_AGREE];
	enum berth_err rc;

	if (usage != BERTH_USAGE_SIGN && usage != BERTH_USAGE_AGREE)
		return false;
	if (*known == 0) {
		if ((rc = try_one(p, type, usage)) && rc != BERTH_E_KEY)
			return false;
		*known = rc ? -1 : 1;
	}
	return *known > 0;
}

enum berth_err berth_pkcs11_remove(struct berth_keystore *ks, const char *name)
{
	struct berth_pkcs11 *p = (struct berth_pkcs11 *)(void *)ks;
	struct berth_pkcs11_key *k = berth_pkcs11_lookup(p, name), gone;
	enum berth_err rc;

	if (!k)
		return BERTH_OK;
	if ((rc = berth_pkcs11_begin(p)) || (rc = berth_pkcs11_settle(p)))
		return rc;
	size_t i = (size_t)(k - p->s.key);

	gone = *k;
	p->s.key[i] = p->s.key[--p->s.n];
	memcpy(p->s.pending, gone.id, sizeof(gone.id));
	if ((rc = berth_pkcs11_save(p))) {
		p->s.key[p->s.n++] = p->s.key[i];
		p->s.key[i] = gone;
		memset(p->s.pending, 0, sizeof(p->s.pending));
		return rc;
	}
	return berth_pkcs11_settle(p);
}
