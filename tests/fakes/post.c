/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/post.h"

#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/crypto/agree.h"
#include "did/crypto/kdf.h"
#include "did/crypto/keypair.h"
#include "did/crypto/keywrap.h"
#include "did/crypto/sign.h"
#include "did/jose/jwk.h"
#include "did/jose/multikey.h"
#include "did/method_key.h"
#include "did/url.h"
#include "didcomm/jwe.h"

#define SPEC "tests/vectors/didcomm-spec/"
#define RUST "tests/vectors/didcomm-rust/"

static struct post *of_keyring(struct berth_keyring *kr)
{
	return (struct post *)((char *)kr - offsetof(struct post, keyring));
}

static enum berth_err count_find(struct berth_keyring *kr, const char *kid, struct berth_pubkey *pub)
{
	struct post *w = of_keyring(kr);

	return w->real->ops->find(w->real, kid, pub);
}

static enum berth_err count_sign(struct berth_keyring *kr, const char *kid, enum berth_purpose purpose,
				 const void *payload, size_t len, struct berth_buf *header, struct berth_buf *sig)
{
	struct post *w = of_keyring(kr);

	w->key_ops++;
	return w->real->ops->sign(w->real, kid, purpose, payload, len, header, sig);
}

static enum berth_err count_unwrap(struct berth_keyring *kr, const char *kid, const struct berth_kek_params *p,
				   const uint8_t *wrapped, size_t len, uint8_t cek[BERTH_CEK_MAX], size_t *cek_len)
{
	struct post *w = of_keyring(kr);

	w->key_ops++;
	return w->real->ops->unwrap(w->real, kid, p, wrapped, len, cek, cek_len);
}

static void count_ahead(struct berth_keyring *kr, const char *kid, const struct berth_kek_params *p, const uint8_t *wrapped, size_t len)
{
	(void)kid, (void)p, (void)wrapped, (void)len;
	of_keyring(kr)->asked_ahead++;
}

static bool count_wrap_ahead(struct berth_keyring *kr, const char *skid, const struct berth_kek_params *p, const uint8_t *ze,
			     size_t ze_len, const uint8_t *cek, size_t cek_len)
{
	(void)skid, (void)p, (void)ze, (void)ze_len, (void)cek, (void)cek_len;
	of_keyring(kr)->asked_ahead += of_keyring(kr)->may_wait;
	return of_keyring(kr)->may_wait;
}

static enum berth_err count_wrap(struct berth_keyring *kr, const char *skid, const struct berth_kek_params *p,
				 const uint8_t *ze, size_t ze_len, const uint8_t *cek, size_t cek_len,
				 struct berth_buf *wrapped)
{
	struct post *w = of_keyring(kr);

	w->key_ops++;
	if (w->no_wraps)
		return berth_fail(BERTH_E_KEYSTORE, "no wraps");
	return w->real->ops->wrap_1pu(w->real, skid, p, ze, ze_len, cek, cek_len, wrapped);
}

static const struct berth_keyring_ops counting = {
	.find = count_find, .sign = count_sign, .unwrap = count_unwrap, .unwrap_ahead = count_ahead, .wrap_1pu = count_wrap,
	.wrap_1pu_ahead = count_wrap_ahead,
};

static enum berth_err look_up(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	struct post *w = (struct post *)r;

	w->lookups++;
	for (size_t i = 0; i < w->n_docs; i++)
		if (berth_did_same(w->dids[i], did))
			return berth_did_doc_parse(out, w->docs[i], strlen(w->docs[i]), NULL);
	return berth_resolve(&w->builtin, did, out);
}

void post_doc(struct post *w, const char *did, const char *json)
{
	for (size_t i = 0; i < w->n_docs; i++) {
		if (strcmp(w->dids[i], did) != 0)
			continue;
		free(w->docs[i]);
		w->docs[i] = strdup(json);
		return;
	}
	CHECK(w->n_docs < POST_MAX);
	w->dids[w->n_docs] = strdup(did);
	w->docs[w->n_docs++] = strdup(json);
}

void post_key(struct post *w, const char *kid, const struct berth_privkey *key)
{
	CHECK(w->n_keys < POST_MAX);
	w->kids[w->n_keys] = strdup(kid);
	w->keys[w->n_keys++] = *key;
	CHECK_OK(berth_keyring_local_add(w->real, kid, key));
}

const struct berth_privkey *post_find(const struct post *w, const char *kid)
{
	for (size_t i = 0; i < w->n_keys; i++)
		if (strcmp(w->kids[i], kid) == 0)
			return &w->keys[i];
	fail_msg("no key %s", kid);
	return NULL;
}

/* The appendix writes "kid" in one list and "kid " in the other. */
static const char *kid_of(const struct berth_json *entry)
{
	const char *kid = berth_json_str(berth_json_get(entry, "kid"));

	return kid ? kid : berth_json_str(berth_json_get(entry, "kid "));
}

static void add_secrets(struct post *w, const char *path, bool to_keyring)
{
	struct berth_json *list = NULL;
	size_t n;
	char *text = test_read_file(path, &n);

	CHECK_OK(berth_json_parse(&list, text, n, BERTH_JSON_MAX));
	berth_json_each(entry, list) {
		const struct berth_json *jwk = berth_json_get(entry, "privateKeyJwk");
		struct berth_privkey key;

		CHECK_OK(berth_jwk_parse_private(&key, jwk ? jwk : entry));
		w->kids[w->n_keys] = strdup(kid_of(entry));
		w->keys[w->n_keys++] = key;
		if (to_keyring)
			CHECK_OK(berth_keyring_local_add(w->real, kid_of(entry), &key));
	}
	berth_json_free(list);
	free(text);
}

static void add_doc(struct post *w, const char *did, const char *path)
{
	char *text = test_read_file(path, NULL);

	post_doc(w, did, text);
	free(text);
}

/* A new key, its method appended to methods and its name to its relationship. */
static void add_method(struct post *w, const char *did, enum berth_key_type type, bool agrees,
		       struct berth_buf *methods, struct berth_buf *names)
{
	struct berth_buf kid = BERTH_BUF_INIT, multikey = BERTH_BUF_INIT;
	struct berth_privkey key;

	berth_buf_printf(&kid, "%s#%s%s", did, agrees ? "agree-" : "", berth_key_type_name(type));
	CHECK_OK(berth_keypair_generate(&key, type));
	CHECK_OK(berth_multikey_format(&multikey, &key.pub));
	post_key(w, berth_buf_cstr(&kid), &key);
	berth_buf_printf(methods, "%s{\"id\":\"%s\",\"type\":\"Multikey\",\"controller\":\"%s\",\"publicKeyMultibase\":\"%s\"}",
			 methods->len ? "," : "", berth_buf_cstr(&kid), did, berth_buf_cstr(&multikey));
	berth_buf_printf(names, "%s\"%s\"", names->len ? "," : "", berth_buf_cstr(&kid));
	berth_buf_free(&multikey);
	berth_buf_free(&kid);
}

void post_person(struct post *w, const char *did)
{
	struct berth_buf methods = BERTH_BUF_INIT, sign = BERTH_BUF_INIT, agree = BERTH_BUF_INIT, doc = BERTH_BUF_INIT;

	for (unsigned t = BERTH_KEY_ED25519; t < BERTH_KEY__COUNT; t++) {
		if (berth_key_can_sign(t))
			add_method(w, did, t, false, &methods, &sign);
		if (berth_key_can_agree(t))
			add_method(w, did, t, true, &methods, &agree);
	}
	berth_buf_printf(&doc, "{\"id\":\"%s\",\"verificationMethod\":[%s],\"authentication\":[%s],\"keyAgreement\":[%s]}",
			 did, berth_buf_cstr(&methods), berth_buf_cstr(&sign), berth_buf_cstr(&agree));
	post_doc(w, did, berth_buf_cstr(&doc));
	berth_buf_free(&methods);
	berth_buf_free(&sign);
	berth_buf_free(&agree);
	berth_buf_free(&doc);
}

void post_open(struct post *w, const char *whose)
{
	memset(w, 0, sizeof(*w));
	berth_crypto_init();
	w->resolver.resolve = look_up;
	w->keyring.ops = &counting;
	berth_resolver_builtin_init(&w->builtin, NULL);
	CHECK_OK(berth_keyring_local_new(&w->real));
	add_secrets(w, SPEC "A1-sender-secrets.json", strchr(whose, 'a') != NULL);
	add_secrets(w, SPEC "A2-recipient-secrets.json", strchr(whose, 'b') != NULL);
	add_doc(w, "did:example:alice", SPEC "B1-sender-diddoc.json");
	add_doc(w, "did:example:bob", SPEC "B2-recipient-diddoc.json");
}

void post_add_rust(struct post *w, const char *name, bool with_secrets)
{
	char path[128], did[64];

	snprintf(did, sizeof(did), "did:example:%s", name);
	snprintf(path, sizeof(path), RUST "diddocs/%s.json", name);
	add_doc(w, did, path);
	snprintf(path, sizeof(path), RUST "secrets/%s.json", name);
	if (with_secrets)
		add_secrets(w, path, true);
}

void post_close(struct post *w)
{
	for (size_t i = 0; i < w->n_docs; i++) {
		free(w->dids[i]);
		free(w->docs[i]);
	}
	for (size_t i = 0; i < w->n_keys; i++)
		free(w->kids[i]);
	berth_keyring_free(w->real);
	memset(w, 0, sizeof(*w));
}

int post_teardown(void **state)
{
	post_close(*state);
	return 0;
}

char *post_jws(const struct post *w, const char *key, const char *protected_json, const char *kid,
		const char *payload)
{
	struct berth_buf input = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n = 0, dot;

	berth_b64url_encode(&input, protected_json, strlen(protected_json));
	dot = input.len;
	berth_buf_u8(&input, '.');
	berth_b64url_encode(&input, payload, strlen(payload));
	CHECK_OK(berth_sign(sig, &n, post_find(w, key), input.p, input.len));
	berth_buf_printf(&out, "{\"payload\":\"%s\",\"signatures\":[{\"protected\":\"%.*s\"",
			 berth_buf_cstr(&input) + dot + 1, (int)dot, berth_buf_cstr(&input));
	if (kid)
		berth_buf_printf(&out, ",\"header\":{\"kid\":\"%s\"}", kid);
	berth_buf_str(&out, ",\"signature\":\"");
	berth_b64url_encode(&out, sig, n);
	berth_buf_str(&out, "\"}]}");
	berth_buf_free(&input);
	return berth_buf_take_str(&out);
}

char *post_jwe(struct post *w, const char *skid, const char *kid, const char *enc,
		const void *plain, size_t n)
{
	struct berth_jwe_seal s = {
		.enc = berth_enc_parse(enc), .skid = skid, .keyring = w->real, .kids = { kid },
		.keys = { &post_find(w, kid)->pub }, .n = 1,
	};
	struct berth_buf out = BERTH_BUF_INIT;

	CHECK_OK(berth_jwe_seal(&out, &s, plain, n));
	return berth_buf_take_str(&out);
}

char *post_raw_jwe(const struct post *w, const char *skid, const char *kid, const char *enc_name,
		    const char *apu, const char *extra, const char *plain)
{
	enum berth_enc enc = berth_enc_parse(enc_name);
	const struct berth_privkey *peer = post_find(w, kid);
	struct berth_buf header = BERTH_BUF_INIT, b64 = BERTH_BUF_INIT, ct = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
	uint8_t apv[32], cek[64] = { 1, 2, 3 }, iv[24] = { 4 }, tag[32], z[2 * BERTH_ECDH_MAX], kek[32], wrapped[72];
	size_t n = 0, n2 = 0, wrapped_len = 0;
	struct berth_privkey epk;
	struct berth_json *jwk;
	struct berth_kdf_info info = { .alg = skid ? BERTH_JWE_1PU : BERTH_JWE_ES, .apv = apv, .apv_len = 32,
		.apu = (const uint8_t *)apu, .apu_len = apu ? strlen(apu) : 0 };

	if (w->zero_cek)
		memset(cek, 0, sizeof(cek));
	CHECK_OK(berth_keypair_generate(&epk, peer->type));
	CHECK_OK(berth_jwe_apv(apv, &kid, 1));
	jwk = berth_jwk_format(&epk.pub);
	berth_buf_printf(&header, "{\"alg\":\"%s\",\"enc\":\"%s\"%s,\"epk\":", info.alg, enc_name, extra);
	CHECK_OK(berth_json_print(&header, jwk));
	if (w->no_apv) {
		info.apv_len = 0;
	} else {
		berth_buf_str(&header, ",\"apv\":\"");
		berth_b64url_encode(&header, apv, 32);
		berth_buf_u8(&header, '"');
	}
	berth_buf_u8(&header, '}');
	berth_b64url_encode(&b64, header.p, header.len);
	CHECK_OK(berth_aead_seal(enc, &ct, tag, cek, iv, b64.p, b64.len, plain, strlen(plain)));
	CHECK_OK(berth_ecdh(z, &n, &epk, &peer->pub));
	if (skid)
		CHECK_OK(berth_ecdh(z + n, &n2, post_find(w, skid), &peer->pub));
	if (skid) {
		info.cc_tag = tag;
		info.cc_tag_len = berth_enc_tag_len(enc);
	}
	CHECK_OK(berth_concat_kdf(kek, 32, z, n + n2, &info));
	CHECK_OK(berth_keywrap(wrapped, &wrapped_len, kek, cek, berth_enc_key_len(enc)));
	berth_buf_printf(&out, "{\"protected\":\"%s\",\"recipients\":[{\"header\":{\"kid\":\"%s\"},"
			 "\"encrypted_key\":\"", berth_buf_cstr(&b64), kid);
	berth_b64url_encode(&out, wrapped, wrapped_len);
	berth_buf_str(&out, "\"}],\"iv\":\"");
	berth_b64url_encode(&out, iv, berth_enc_iv_len(enc));
	berth_buf_str(&out, "\",\"tag\":\"");
	berth_b64url_encode(&out, tag, berth_enc_tag_len(enc));
	berth_buf_str(&out, "\",\"ciphertext\":\"");
	berth_b64url_encode(&out, ct.p, ct.len);
	berth_buf_str(&out, "\"}");
	berth_json_free(jwk);
	berth_buf_free(&header);
	berth_buf_free(&b64);
	berth_buf_free(&ct);
	return berth_buf_take_str(&out);
}

char *post_with_member(const char *envelope, const char *name, const char *json)
{
	struct berth_json *root = NULL, *value = NULL;
	struct berth_buf out = BERTH_BUF_INIT;

	CHECK_OK(berth_json_parse(&root, envelope, strlen(envelope), BERTH_JSON_MAX));
	if (json) {
		CHECK_OK(berth_json_parse(&value, json, strlen(json), BERTH_JSON_MAX));
		CHECK_OK(berth_json_set(root, name, value));
	} else {
		berth_json_remove(root, name);
	}
	CHECK_OK(berth_json_print(&out, root));
	berth_json_free(root);
	return berth_buf_take_str(&out);
}

char *post_with_header(const char *envelope, const char *name, const char *json)
{
	struct berth_json *root = NULL;
	struct berth_buf header = BERTH_BUF_INIT, b64 = BERTH_BUF_INIT;
	const char *old;
	char *changed, *out;

	CHECK_OK(berth_json_parse(&root, envelope, strlen(envelope), BERTH_JSON_MAX));
	old = berth_json_str(berth_json_get(root, "protected"));
	CHECK_OK(berth_b64url_decode(&header, old, strlen(old)));
	changed = post_with_member(berth_buf_cstr(&header), name, json);
	berth_buf_u8(&b64, '"');
	berth_b64url_encode(&b64, changed, strlen(changed));
	berth_buf_u8(&b64, '"');
	out = post_with_member(envelope, "protected", berth_buf_cstr(&b64));
	free(changed);
	berth_buf_free(&b64);
	berth_buf_free(&header);
	berth_json_free(root);
	return out;
}
