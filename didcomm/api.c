/* SPDX-License-Identifier: Apache-2.0 */
/* The installed interface, berth/didcomm.h: text in, text out. */
#include "berth/didcomm.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/jose/keyring.h"
#include "did/keychain.h"
#include "did/resolver.h"
#include "did/url.h"
#include "didcomm/from_prior.h"
#include "didcomm/pack.h"
#include "didcomm/unpack.h"

#define DOCUMENTS_MAX 4096
#define SECRETS_MAX ((size_t)1 << 20)

struct berth_didcomm {
	struct berth_resolver documents;	/* asks docs, then builtin */
	struct berth_resolver builtin;
	struct berth_keyring *keyring;
	struct berth_did_doc **docs;
	size_t n_docs;
};

static size_t find(const struct berth_didcomm *d, const char *did)
{
	size_t i = 0;

	while (i < d->n_docs && !berth_did_same(d->docs[i]->id, did))
		i++;
	return i;
}

static enum berth_err resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	struct berth_didcomm *d = (struct berth_didcomm *)r;
	size_t i = find(d, did);

	*out = NULL;
	if (i == d->n_docs)
		return berth_resolve(&d->builtin, did, out);
	*out = berth_did_doc_share(d->docs[i]);
	return BERTH_OK;
}

enum berth_err berth_didcomm_new(struct berth_didcomm **out)
{
	struct berth_didcomm *d = calloc(1, sizeof(*d));
	enum berth_err rc;

	*out = NULL;
	if (!d)
		return berth_no_memory();
	berth_crypto_init();
	d->documents.resolve = resolve;
	berth_resolver_builtin_init(&d->builtin, NULL);
	if ((rc = berth_keyring_local_new(&d->keyring))) {
		free(d);
		return rc;
	}
	*out = d;
	return BERTH_OK;
}

void berth_didcomm_free(struct berth_didcomm *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n_docs; i++)
		berth_did_doc_free(d->docs[i]);
	free(d->docs);
	berth_keyring_free(d->keyring);
	free(d);
}

enum berth_err berth_didcomm_add_secrets(struct berth_didcomm *d, const char *text, size_t len)
{
	struct berth_json *json = NULL;
	enum berth_err rc = berth_json_parse(&json, text, len, SECRETS_MAX);

	if (!rc)
		rc = berth_keyring_local_add_secrets(d->keyring, json, NULL);
	berth_json_free(json);
	return rc;
}

enum berth_err berth_didcomm_add_key(struct berth_didcomm *d, const char *kid, struct berth_keychain *keychain,
				     const char *name)
{
	struct berth_key_info info;
	enum berth_err rc;

	if (!berth_is_kid(kid))
		return berth_fail(BERTH_E_DID, "didcomm: kid is not a DID URL with a fragment");
	if ((rc = berth_keychain_find(keychain, name, &info)))
		return rc;
	return berth_keyring_local_add_stored(d->keyring, kid, berth_keychain_store(keychain), info.name);
}

enum berth_err berth_didcomm_add_document(struct berth_didcomm *d, const char *text, size_t len)
{
	struct berth_did_doc *doc = NULL, **more;
	enum berth_err rc;
	size_t i;

	if ((rc = berth_did_doc_parse(&doc, text, len, NULL)))
		return rc;
	if ((i = find(d, doc->id)) < d->n_docs) {
		berth_did_doc_free(d->docs[i]);
		d->docs[i] = doc;
		return BERTH_OK;
	}
	more = d->n_docs < DOCUMENTS_MAX ? realloc(d->docs, (d->n_docs + 1) * sizeof(*more)) : NULL;
	if (!more) {
		berth_did_doc_free(doc);
		return d->n_docs < DOCUMENTS_MAX ? berth_no_memory() :
			berth_fail(BERTH_E_SIZE, "didcomm: more than %d documents", DOCUMENTS_MAX);
	}
	d->docs = more;
	d->docs[d->n_docs++] = doc;
	return BERTH_OK;
}

/* ---- pack ---- */

static enum berth_err read_mode(enum berth_pack_mode *out, const struct berth_didcomm_how *how)
{
	static const char *const names[] = {
		[BERTH_PACK_PLAINTEXT] = "plaintext", [BERTH_PACK_SIGNED] = "signed",
		[BERTH_PACK_ANONCRYPT] = "anoncrypt", [BERTH_PACK_AUTHCRYPT] = "authcrypt",
	};

	*out = how->from ? BERTH_PACK_AUTHCRYPT : BERTH_PACK_ANONCRYPT;
	if (!how->mode)
		return BERTH_OK;
	for (int i = BERTH_PACK_PLAINTEXT; i <= BERTH_PACK_AUTHCRYPT; i++)
		if (strcmp(names[i], how->mode) == 0) {
			*out = (enum berth_pack_mode)i;
			return BERTH_OK;
		}
	return berth_fail(BERTH_E_USAGE, "didcomm: mode %.32s", how->mode);
}

/* The members that there have always been: who forgot to set size would else send
 * without a sender what was to have one. */
#define HOW_FIRST (offsetof(struct berth_didcomm_how, protect_sender) + sizeof(int))

/* A caller's struct of an earlier version is shorter: what it lacks is zero. */
static enum berth_err take_how(struct berth_didcomm_how *out, const struct berth_didcomm_how *how)
{
	if (how->size < HOW_FIRST)
		return berth_fail(BERTH_E_USAGE, "didcomm: options of %zu bytes", how->size);
	memset(out, 0, sizeof(*out));
	memcpy(out, how, how->size < sizeof(*out) ? how->size : sizeof(*out));
	return BERTH_OK;
}

static enum berth_err read_how(struct berth_pack *out, const struct berth_didcomm_how *caller)
{
	struct berth_didcomm_how how;
	enum berth_err rc = take_how(&how, caller);

	if (rc)
		return rc;
	*out = (struct berth_pack){
		.from = how.from, .to = how.to, .sign_by = how.sign_by,
		.protect_sender = how.protect_sender != 0,
		.enc = how.enc ? berth_enc_parse(how.enc) : BERTH_ENC_A256CBC_HS512,
	};
	if (out->enc == BERTH_ENC_NONE)
		return berth_fail(BERTH_E_USAGE, "didcomm: enc %.32s", how.enc);
	return read_mode(&out->mode, &how);
}

static enum berth_err take_string(char **out, struct berth_buf *b)
{
	*out = berth_buf_take_str(b);
	return *out ? BERTH_OK : berth_no_memory();
}

enum berth_err berth_didcomm_pack(struct berth_didcomm *d, const struct berth_didcomm_how *how,
				  const char *message, size_t len, char **packed)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_message m = { 0 };
	struct berth_pack p;
	enum berth_err rc;

	*packed = NULL;
	if ((rc = read_how(&p, how)) || (rc = berth_message_parse(&m, message, len)))
		return rc;
	p.resolver = &d->documents;
	p.keyring = d->keyring;
	if (!(rc = berth_pack(&out, &p, &m)))
		rc = take_string(packed, &out);
	berth_message_free(&m);
	berth_buf_free(&out);
	return rc;
}

/* ---- unpack ---- */

static enum berth_err check_time(const struct berth_unpacked *u, int64_t now_s)
{
	if (now_s < 0)
		return BERTH_OK;
	if (u->msg.expires_time && u->msg.expires_time <= now_s)
		return berth_fail(BERTH_E_EXPIRED, "didcomm: expires_time has passed");
	return u->from_prior ? berth_from_prior_check_time(u->from_prior, now_s) : BERTH_OK;
}

static enum berth_err print_result(char **out, const struct berth_unpacked *u, int64_t now_s)
{
	struct berth_json *o = berth_json_new_object();
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_json_set(o, "message", berth_json_clone(u->msg.json))) &&
	    !(rc = berth_json_set(o, "metadata", berth_unpacked_metadata(u, now_s))) &&
	    !(rc = berth_json_print(&b, o)))
		rc = take_string(out, &b);
	berth_buf_free(&b);
	berth_json_free(o);
	return rc;
}

enum berth_err berth_didcomm_unpack(struct berth_didcomm *d, const char *packed, size_t len,
				    int64_t now_s, char **result)
{
	const struct berth_unpack p = { .resolver = &d->documents, .keyring = d->keyring };
	struct berth_unpacked u;
	enum berth_err rc;

	*result = NULL;
	if ((rc = berth_unpack(&u, &p, packed, len)))
		return rc;
	if (!(rc = check_time(&u, now_s)))
		rc = print_result(result, &u, now_s);
	berth_unpacked_free(&u);
	return rc;
}

void berth_didcomm_string_free(char *s)
{
	if (s)
		berth_wipe(s, strlen(s));
	free(s);
}
