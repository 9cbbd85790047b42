/* SPDX-License-Identifier: Apache-2.0 */
/* pkcs11: opening a store, and making one where there is none. */
#include "did/keystore/pkcs11.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "did/base/rand.h"

#define DIR_DEFAULT "/var/lib/berth/pkcs11"

static struct berth_pkcs11 *pkcs11(struct berth_keystore *ks) { return (struct berth_pkcs11 *)(void *)ks; }

static void pkcs11_close(struct berth_keystore *ks)
{
	struct berth_pkcs11 *p = pkcs11(ks);

	berth_pkcs11_disconnect(p);
	berth_ksfile_close(&p->file);
	berth_pkcs11_store_free(&p->s);
	berth_secret_free(p->secrets);
	berth_pkcs11_reach_free(p);
	free(p->dir);
	free(p->tcti);
	free(p);
}

static enum berth_err pkcs11_find(struct berth_keystore *ks, const char *name, struct berth_key_info *info)
{
	const struct berth_pkcs11_key *k = berth_pkcs11_lookup(pkcs11(ks), name);

	if (!k)
		return berth_fail(BERTH_E_KEYSTORE, "%s: no key %s", pkcs11(ks)->dir, name);
	*info = k->info;
	return BERTH_OK;
}

static size_t pkcs11_count(const struct berth_keystore *ks)
{
	return ((const struct berth_pkcs11 *)(const void *)ks)->s.n;
}

static enum berth_err pkcs11_at(struct berth_keystore *ks, size_t i, struct berth_key_info *info)
{
	*info = pkcs11(ks)->s.key[i].info;
	return BERTH_OK;
}

static enum berth_err pkcs11_kek(struct berth_keystore *ks, int64_t epoch, uint8_t kek[32])
{
	const struct berth_pkcs11 *p = pkcs11(ks);
	const struct berth_pkcs11_secrets *s = berth_pkcs11_secrets(p);

	if (epoch >= 0 && (uint64_t)epoch != p->s.counter[BERTH_COUNTER_EPOCH])
		return berth_fail(BERTH_E_DECRYPT, "no key for epoch %lld", (long long)epoch);
	memcpy(kek, epoch < 0 ? s->kek : s->epoch_kek, 32);
	return BERTH_OK;
}

static enum berth_err pkcs11_counter_read(struct berth_keystore *ks, enum berth_counter c, uint64_t *value,
					  bool *protected_)
{
	*value = pkcs11(ks)->s.counter[c];
	*protected_ = false;	/* an older copy of the file has an older value */
	return BERTH_OK;
}

static enum berth_err pkcs11_counter_step(struct berth_keystore *ks, enum berth_counter c, uint64_t *value)
{
	struct berth_pkcs11 *p = pkcs11(ks);
	struct berth_pkcs11_secrets *s = berth_pkcs11_secrets(p);
	uint8_t old[32];
	enum berth_err rc;

	memcpy(old, s->epoch_kek, sizeof(old));
	p->s.counter[c]++;
	if (c == BERTH_COUNTER_EPOCH) {	/* what the last epoch sealed is lost with its key */
		berth_random(s->epoch_kek, sizeof(s->epoch_kek));
		p->file.overwrite = true;
	}
	p->file.keep = p->file.later = c == BERTH_COUNTER_GENERATION;
	if ((rc = berth_pkcs11_save(p))) {
		p->s.counter[c]--;
		memcpy(s->epoch_kek, old, sizeof(old));
	} else {
		*value = p->s.counter[c];
	}
	berth_wipe(old, sizeof(old));
	return rc;
}

static void pkcs11_format_uri(const struct berth_keystore *ks, const char *name, struct berth_buf *out)
{
	const struct berth_pkcs11 *p = (const struct berth_pkcs11 *)(const void *)ks;

	berth_pkcs11_uri_format(out, &p->uri, name);
}

static void pkcs11_needs(const struct berth_keystore *ks, struct berth_keystore_needs *out)
{
	const struct berth_pkcs11 *p = (const struct berth_pkcs11 *)(const void *)ks;

	out->calls |= BERTH_NEEDS_MODULE;
	for (size_t i = 0; i < p->reach.n; i++)
		berth_keystore_need_path(out, p->reach.path[i].path, p->reach.path[i].write);
}

static const struct berth_keystore_ops ops = {
	.close = pkcs11_close,
	.can = berth_pkcs11_can,
	.generate = berth_pkcs11_generate,
	.find = pkcs11_find,
	.count = pkcs11_count,
	.at = pkcs11_at,
	.remove = berth_pkcs11_remove,
	.sign = berth_pkcs11_sign,
	.sign_digest = berth_pkcs11_sign_digest,
	.ecdh = berth_pkcs11_ecdh,
	.kek = pkcs11_kek,
	.counter_read = pkcs11_counter_read,
	.counter_step = pkcs11_counter_step,
	.format_uri = pkcs11_format_uri,
	.needs = pkcs11_needs,
};

/* What the configuration says goes before what the URI says. */
static enum berth_err take_path(char out[BERTH_PKCS11_PATH_MAX + 1], const char *configured, const char *what)
{
	size_t n = configured ? strlen(configured) : 0;

	if (n == 0)
		return BERTH_OK;
	if (n > BERTH_PKCS11_PATH_MAX || configured[0] != '/')
		return berth_fail(BERTH_E_KEYSTORE, "%s: not an absolute path of at most %d bytes", what,
				  BERTH_PKCS11_PATH_MAX);
	memset(out, 0, BERTH_PKCS11_PATH_MAX + 1);
	memcpy(out, configured, n);
	return BERTH_OK;
}

static enum berth_err new_store(struct berth_pkcs11 **out, const struct berth_key_uri *uri,
				const struct berth_keystore_config *cfg)
{
	struct berth_pkcs11 *p = calloc(1, sizeof(*p));
	enum berth_err rc = BERTH_OK;

	if (!p)
		return berth_no_memory();
	p->base.ops = &ops;
	p->file.fd = p->file.dir = -1;
	p->uri = uri->pkcs11;
	if (!p->uri.dir[0] && cfg->fence)	/* a daemon's one token; its process makes no folders later */
		memcpy(p->uri.dir, DIR_DEFAULT, sizeof(DIR_DEFAULT));
	p->dir = strdup(p->uri.dir[0] ? p->uri.dir : DIR_DEFAULT);
	p->tcti = cfg->tcti && cfg->tcti[0] ? strdup(cfg->tcti) : NULL;
	p->secrets = berth_secret_new(sizeof(struct berth_pkcs11_secrets));
	if (!p->dir || !p->secrets || (cfg->tcti && cfg->tcti[0] && !p->tcti))
		rc = berth_no_memory();
	if (rc || (rc = take_path(p->uri.module_path, cfg->module_path, "module-path")) ||
	    (rc = take_path(p->uri.pin_source, cfg->pin_source, "pin-source"))) {
		pkcs11_close(&p->base);
		return rc;
	}
	*out = p;
	return BERTH_OK;
}

static enum berth_err open_file(struct berth_pkcs11 *p, bool create)
{
	bool ours = strncmp(p->dir, DIR_DEFAULT, strlen(DIR_DEFAULT)) == 0;

	return berth_ksfile_open_in(&p->file, p->dir, create, ours);
}

/* The command line meets one token after the other: by default each has a folder of its
 * own, named after its serial number. */
static enum berth_err choose_folder(struct berth_pkcs11 *p)
{
	char serial[BERTH_PKCS11_LABEL_MAX + 1];
	enum berth_err rc = berth_pkcs11_serial(p, serial);

	if (rc)
		return rc;
	for (char *s = serial; *s; s++)
		if (!isalnum((unsigned char)*s))
			*s = '_';
	snprintf(p->uri.dir, sizeof(p->uri.dir), DIR_DEFAULT "/%s", serial[0] ? serial : "_");
	free(p->dir);
	p->dir = strdup(p->uri.dir);
	return p->dir ? BERTH_OK : berth_no_memory();
}

/* The file that names the token and the id is on disk before the token has the key. */
static enum berth_err finish_making(struct berth_pkcs11 *p)
{
	struct berth_pkcs11_secrets *s = berth_pkcs11_secrets(p);
	enum berth_err rc;

	if ((rc = berth_pkcs11_save(p)) || (rc = berth_pkcs11_make_wrap(p)) || (rc = berth_pkcs11_derive_file_key(p)))
		return rc;
	berth_random(s->kek, sizeof(s->kek));
	berth_random(s->epoch_kek, sizeof(s->epoch_kek));
	p->s.ready = true;
	return berth_pkcs11_save(p);
}

static enum berth_err make(struct berth_pkcs11 *p)
{
	enum berth_err rc = berth_pkcs11_begin(p);

	if (rc)
		return rc;
	berth_random(p->s.wrap_id, sizeof(p->s.wrap_id));
	berth_random(p->s.salt, sizeof(p->s.salt));
	return finish_making(p);
}

/* Making it was cut short: the key is taken back, then made again. */
static enum berth_err resume_making(struct berth_pkcs11 *p)
{
	enum berth_err rc;

	if ((rc = berth_pkcs11_begin(p)) || (rc = berth_pkcs11_destroy_id(p, p->s.wrap_id)))
		return rc;
	return finish_making(p);
}

static enum berth_err load(struct berth_pkcs11 *p)
{
	struct berth_buf file = BERTH_BUF_INIT;
	enum berth_err rc;
	size_t rest;

	if ((rc = berth_ksfile_read(&p->file, &file)) ||
	    (rc = berth_pkcs11_store_head(&p->s, &rest, file.p, file.len)))
		goto out;
	if (!p->s.ready) {
		rc = resume_making(p);
		goto out;
	}
	if ((rc = berth_pkcs11_begin(p)) || (rc = berth_pkcs11_derive_file_key(p)) ||
	    (rc = berth_pkcs11_store_body(&p->s, berth_pkcs11_secrets(p), rest, file.p, file.len)))
		goto out;
	rc = berth_pkcs11_settle(p);
out:
	berth_buf_free(&file);
	return rc;
}

/* A URI that gives an id as well means the key of that name with that id. */
static enum berth_err check_id(struct berth_pkcs11 *p)
{
	const struct berth_pkcs11_uri *u = &p->uri;
	const struct berth_pkcs11_key *k = berth_pkcs11_lookup(p, u->object);

	if (!u->id_len || (k && u->id_len == sizeof(k->id) && memcmp(u->id, k->id, sizeof(k->id)) == 0))
		return BERTH_OK;
	return berth_fail(BERTH_E_KEYSTORE, "%s: no key %s with that id", p->dir, u->object);
}

/* The folder is there, and no code of the module has run in this process. */
static enum berth_err fence(struct berth_pkcs11 *p, const struct berth_keystore_config *cfg)
{
	struct berth_keystore_needs needs;
	enum berth_err rc = berth_pkcs11_reach_find(p, cfg);

	if (rc || !cfg->fence)
		return rc;
	berth_keystore_needs(&p->base, &needs);
	cfg->fence(cfg->fence_arg, &needs);
	return BERTH_OK;
}

enum berth_err berth_pkcs11_open(struct berth_keystore **out, const struct berth_key_uri *uri,
				 const struct berth_keystore_config *cfg)
{
	struct berth_pkcs11 *p = NULL;
	enum berth_err rc = new_store(&p, uri, cfg);

	if (rc)
		return rc;
	if ((!p->uri.dir[0] && (rc = choose_folder(p))) || (rc = open_file(p, cfg->create)) ||
	    (rc = fence(p, cfg)) || (rc = p->file.fd < 0 ? make(p) : load(p)) || (rc = check_id(p))) {
		pkcs11_close(&p->base);
		return rc;
	}
	*out = &p->base;
	return BERTH_OK;
}
