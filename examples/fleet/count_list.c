/* SPDX-License-Identifier: Apache-2.0 */
/* What the messages of an onboarding demand of both ends, whoever implements them, with the
 * octets: no text is counted twice for the agent that has it, and nothing that is done for
 * our own store, key file or audit log.  See docs/BENCHMARKS.md for each term. */
#include <stdio.h>
#include <string.h>

#include "agent/core/store.h"
#include "agent/ipc/frame.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/transcript.h"
#include "did/codec/base64url.h"
#include "did/codec/jcs.h"
#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/crypto/kdf.h"
#include "did/crypto/keypair.h"
#include "did/method_peer.h"
#include "did/peer4.h"
#include "examples/fleet/count_list.h"

#define BLOCK 16		/* of AES */
#define ENVELOPE "{\"ciphertext\":"	/* how ours begin */
#define COMPRESSED 33		/* a point of P-256 */
#define CODEC_LEN 2		/* of a did:peer:4 document, before its JSON */

#define KEPT_MAX 64

static uint8_t plain[BERTH_SHA256_LEN];	/* of the message that was sealed last */
static size_t plain_len;
static uint8_t kept[KEPT_MAX][BERTH_SHA256_LEN];	/* of those that their senders repeat */
static size_t n_kept;

static size_t base64_len(size_t n) { return (n * 4 + 2) / 3; }

/* ---- a layer of encryption.  Its header is authenticated in base64url, and is not made
 * with a JSON library by anybody who minds; one layer in another is no JSON text to make. */
void list_sealed(enum berth_enc e, size_t header, const void *text, size_t n)
{
	if (e != BERTH_ENC_A256CBC_HS512)
		return;		/* a secret at rest */
	count_octets("sealed", n);
	count_octets("authenticated", header);
	count_octets("base64url made", header + base64_len(n / BLOCK * BLOCK + BLOCK));
	if (strncmp(text, ENVELOPE, strlen(ENVELOPE)) == 0)
		return;
	plain_len = n;
	berth_sha256(plain, text, n);
	count_text("JSON made", text, n);
}

static bool is_kept(const void *text, size_t n)
{
	uint8_t h[BERTH_SHA256_LEN];

	berth_sha256(h, text, n);
	for (size_t i = 0; i < n_kept && i < KEPT_MAX; i++)
		if (memcmp(kept[i], h, sizeof(h)) == 0)
			return true;
	return false;
}

void list_opened(enum berth_enc e, size_t header, const void *text, size_t n, size_t sealed)
{
	if (e != BERTH_ENC_A256CBC_HS512)
		return;
	count_octets("opened", n);
	count_octets("authenticated", header);
	count_octets("base64url read", header + base64_len(sealed));
	if (strncmp(text, ENVELOPE, strlen(ENVELOPE)) == 0)
		return;
	count_text("JSON read", text, n);
	if (is_kept(text, n))
		count_moved();
}

/* ---- HEADER.PAYLOAD of a JWS */
static void list_payload(const char *what, const char *msg, size_t n)
{
	const char *dot = memchr(msg, '.', n);
	struct berth_buf payload = BERTH_BUF_INIT;

	if (dot && !berth_b64url_decode(&payload, dot + 1, (size_t)(msg + n - dot - 1)) && payload.len && payload.p[0] == '{')
		count_text(what, (const char *)payload.p, payload.len);
	berth_buf_free(&payload);
}

const char *list_type(enum berth_key_type t)
{
	return t == BERTH_KEY_ED25519 ? "ed25519" : t == BERTH_KEY_X25519 ? "x25519" : t == BERTH_KEY_P256 ? "p256" : "other";
}

static void list_of_type(enum berth_key_type type, const char *what, size_t n)
{
	char name[40];

	snprintf(name, sizeof(name), "%s %s", list_type(type), what);
	count_octets(name, n);
}

void list_key(const char *what, enum berth_key_type type) { list_of_type(type, what, 0); }

void list_signed(enum berth_key_type type, const void *msg, size_t n)
{
	list_of_type(type, "signed", n);
	count_octets("base64url made", n);
	list_payload("JSON made", msg, n);
}

void list_verified(enum berth_key_type type, const void *msg, size_t n)
{
	list_of_type(type, "verified", n);
	count_octets("base64url read", n);
	list_payload("JSON read", msg, n);
}

/* ---- hashes that the messages ask for */
void __real_berth_frame_ack(uint8_t ack[BERTH_FRAME_ACK_LEN], const void *msg, size_t n);
void __wrap_berth_frame_ack(uint8_t ack[BERTH_FRAME_ACK_LEN], const void *msg, size_t n);
void __wrap_berth_frame_ack(uint8_t ack[BERTH_FRAME_ACK_LEN], const void *msg, size_t n)
{
	if (count_is_new(msg, n))
		count_octets("hashed", n);
	__real_berth_frame_ack(ack, msg, n);
}

/* Its canonical form, which is not how it was sent. */
enum berth_err __real_berth_transcript_add(struct berth_transcript *t, const struct berth_json *plaintext);
enum berth_err __wrap_berth_transcript_add(struct berth_transcript *t, const struct berth_json *plaintext);
enum berth_err __wrap_berth_transcript_add(struct berth_transcript *t, const struct berth_json *plaintext)
{
	struct berth_buf b = BERTH_BUF_INIT;

	if (!berth_jcs(&b, plaintext) && count_is_new(b.p, b.len)) {
		count_octets("hashed", b.len);
		count_text("JSON made", (const char *)b.p, b.len);
	}
	berth_buf_free(&b);
	return __real_berth_transcript_add(t, plaintext);
}

/* Of each layer: a round of the Concat KDF is its number, the agreements, and five lengths
 * with what they are of, the last but one without (RFC 7518 4.6.2). */
enum berth_err __real_berth_concat_kdf(uint8_t *key, size_t key_len, const uint8_t *z, size_t z_len, const struct berth_kdf_info *info);
enum berth_err __wrap_berth_concat_kdf(uint8_t *key, size_t key_len, const uint8_t *z, size_t z_len, const struct berth_kdf_info *info);
enum berth_err __wrap_berth_concat_kdf(uint8_t *key, size_t key_len, const uint8_t *z, size_t z_len, const struct berth_kdf_info *info)
{
	size_t tag = info->cc_tag ? 4 + info->cc_tag_len : 0;

	count_octets("hashed", 4 + z_len + 4 + strlen(info->alg) + 4 + info->apu_len + 4 + info->apv_len + 4 + tag);
	return __real_berth_concat_kdf(key, key_len, z, z_len, info);
}

/* ---- keys of P-256 in documents, which say of y no more than whether it is odd */
void list_known(const struct berth_pubkey *own)
{
	uint8_t b[BERTH_PUBKEY_MAX];

	if (own->type == BERTH_KEY_P256)
		count_is_new(b, berth_pubkey_compress(b, own));
}

enum berth_err __real_berth_pubkey_import(struct berth_pubkey *out, enum berth_key_type type, const uint8_t *b, size_t len);
enum berth_err __wrap_berth_pubkey_import(struct berth_pubkey *out, enum berth_key_type type, const uint8_t *b, size_t len);
enum berth_err __wrap_berth_pubkey_import(struct berth_pubkey *out, enum berth_key_type type, const uint8_t *b, size_t len)
{
	if (type == BERTH_KEY_P256 && len == COMPRESSED && count_is_new(b, len))
		count_octets("p256 point", len);
	return __real_berth_pubkey_import(out, type, b, len);
}

/* ---- DIDs that say their documents themselves */
static void list_document(const char *did, const char *what, const char *json)
{
	const char *hash = strchr(did + strlen("did:peer:"), ':');
	struct berth_buf doc = BERTH_BUF_INIT;

	if (!hash || !count_is_new(did, strlen(did)))
		return;
	count_octets(what, strlen(did));
	count_octets("hashed", strlen(hash + 1));
	if (!berth_multibase_decode(&doc, hash + 1, strlen(hash + 1)) && doc.len > CODEC_LEN)
		count_text(json, (const char *)doc.p + CODEC_LEN, doc.len - CODEC_LEN);
	berth_buf_free(&doc);
}

enum berth_err __real_berth_peer4_tree(struct berth_json **out, const char *long_did, const char *as);
enum berth_err __wrap_berth_peer4_tree(struct berth_json **out, const char *long_did, const char *as);
enum berth_err __wrap_berth_peer4_tree(struct berth_json **out, const char *long_did, const char *as)
{
	list_document(long_did, "DID resolved", "JSON read");
	return __real_berth_peer4_tree(out, long_did, as);
}

enum berth_err __real_berth_peer4_create(struct berth_buf *did, const struct berth_peer_spec *spec);
enum berth_err __wrap_berth_peer4_create(struct berth_buf *did, const struct berth_peer_spec *spec);
enum berth_err __wrap_berth_peer4_create(struct berth_buf *did, const struct berth_peer_spec *spec)
{
	size_t before = did->len;
	enum berth_err rc = __real_berth_peer4_create(did, spec);

	if (!rc)
		list_document(berth_buf_cstr(did) + before, "DID made", "JSON made");
	return rc;
}

/* ---- what a message to be repeated is made of has to be on disk: its text is the least */
enum berth_err __real_berth_store_outbox_put(struct berth_store *s, const struct berth_outbox_row *r);
enum berth_err __wrap_berth_store_outbox_put(struct berth_store *s, const struct berth_outbox_row *r);
enum berth_err __wrap_berth_store_outbox_put(struct berth_store *s, const struct berth_outbox_row *r)
{
	count_octets("message kept", plain_len);
	count_moved();
	memcpy(kept[n_kept++ % KEPT_MAX], plain, sizeof(plain));
	return __real_berth_store_outbox_put(s, r);
}

/* ---- and what it has been given, before it says that it has it */
static bool is_given(const char *ns) { return strcmp(ns, BERTH_NS_OPERATIONAL) == 0 || strncmp(ns, "item-", strlen("item-")) == 0; }

enum berth_err __real_berth_store_put(struct berth_store *s, const char *ns, const char *key, const void *p, size_t n);
enum berth_err __wrap_berth_store_put(struct berth_store *s, const char *ns, const char *key, const void *p, size_t n);
enum berth_err __wrap_berth_store_put(struct berth_store *s, const char *ns, const char *key, const void *p, size_t n)
{
	if (is_given(ns) && count_is_new(key, strlen(key)))
		count_octets("record kept", n);
	return __real_berth_store_put(s, ns, key, p, n);
}

/* ---- frames that leave; those that come are seen by count.c */
enum berth_err __real_berth_frame_request_encode(struct berth_buf *out, const struct berth_frame_request *f);
enum berth_err __wrap_berth_frame_request_encode(struct berth_buf *out, const struct berth_frame_request *f);
enum berth_err __wrap_berth_frame_request_encode(struct berth_buf *out, const struct berth_frame_request *f)
{
	enum berth_err rc = __real_berth_frame_request_encode(out, f);

	count_frame(out->len);
	return rc;
}

enum berth_err __real_berth_frame_reply_encode(struct berth_buf *out, const struct berth_frame_reply *f);
enum berth_err __wrap_berth_frame_reply_encode(struct berth_buf *out, const struct berth_frame_reply *f);
enum berth_err __wrap_berth_frame_reply_encode(struct berth_buf *out, const struct berth_frame_reply *f)
{
	enum berth_err rc = __real_berth_frame_reply_encode(out, f);

	count_frame(out->len);
	return rc;
}
