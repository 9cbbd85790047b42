/* SPDX-License-Identifier: Apache-2.0 */
/* The document that the did:ethr method specification makes of the events.  Ids count the
 * events of their section, those that took something back or have ended among them, so
 * that a key has the same id for as long as it is there.  (Where that is left open, and
 * in the relationships of sigAuth, this does as ethr-did-resolver does.)
 *
 * A method that says only an account cannot be verified with here: its key is not known
 * before there is a signature.  It stands in the document all the same. */
#include "did/ethr_doc.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/hex.h"
#include "did/base/utf8.h"
#include "did/codec/base58.h"
#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/doc_build.h"
#include "did/document.h"
#include "did/method_ethr.h"

#define RECOVERY "EcdsaSecp256k1RecoveryMethod2020"
#define SECP256K1 "EcdsaSecp256k1VerificationKey2019"
#define RSA "RsaVerificationKey2018"
#define URL_MAX 256		/* such a DID takes 142 */
#define PEM_LINE 64
#define PART_MAX 32
#define ENDPOINT_MAX ((size_t)16 << 10)

enum section { NOWHERE, METHODS, SERVICES };

/* did/pub/ALGORITHM[/PURPOSE[/ENCODING]], did/svc/TYPE */
struct name {
	enum section section;
	char part[3][PART_MAX + 1];
};

/* Something that is in the document at the moment. */
struct entry {
	const struct berth_ethr_event *event;
	struct name name;
	unsigned number;
};

struct making {
	const char *did;
	const struct berth_ethr_history *h;
	uint64_t chain_id, now_s;
	struct entry *entries;
	size_t n;
	unsigned methods, services;	/* events of either section so far */
	struct berth_eth_address owner;
	struct berth_json *doc;
	unsigned contexts;
};

/* ---- names ---- */

static const char *word(const char *s, char out[PART_MAX + 1])
{
	size_t n = 0;

	while (n < PART_MAX && (isalnum((unsigned char)s[n]) || s[n] == '_'))
		n++;
	memcpy(out, s, n);
	out[n] = 0;
	return s + n;
}

static struct name parse_attribute(const char *s)
{
	struct name n = { 0 };
	enum section section = strncmp(s, "did/pub/", 8) == 0 ? METHODS : strncmp(s, "did/svc/", 8) == 0 ? SERVICES : NOWHERE;
	size_t i = 0;

	if (section == NOWHERE)
		return n;
	s += 8;
	for (s = word(s, n.part[0]); n.part[i][0] && *s == '/' && i < 2; i++)
		s = word(s + 1, n.part[i + 1]);
	if (n.part[i][0] && !*s)
		n.section = section;
	return n;
}

/* Every delegate counts, but only these are written down. */
static bool is_written(const struct entry *e)
{
	return e->event->kind != BERTH_ETHR_DELEGATE_CHANGED ||
	       strcmp(e->event->name, "veriKey") == 0 || strcmp(e->event->name, "sigAuth") == 0;
}

static bool for_authentication(const struct entry *e)
{
	return strcmp(e->event->kind == BERTH_ETHR_DELEGATE_CHANGED ? e->event->name : e->name.part[1], "sigAuth") == 0;
}

/* ---- what is there at the moment ---- */

static const uint8_t *value_of(const struct making *m, const struct berth_ethr_event *e)
{
	return m->h->bytes.p + e->value_at;
}

static bool same_thing(const struct making *m, const struct berth_ethr_event *a, const struct berth_ethr_event *b)
{
	return a->kind == b->kind && strcmp(a->name, b->name) == 0 && berth_eth_address_equal(&a->party, &b->party) &&
	       a->value_len == b->value_len && (!a->value_len || memcmp(value_of(m, a), value_of(m, b), a->value_len) == 0);
}

/* Taken back or never good: an end that its own block had already reached. */
static bool is_over(const struct making *m, const struct berth_ethr_event *e)
{
	return e->valid_to_s < m->now_s || e->valid_to_s <= (uint64_t)e->time_s;
}

static void apply(struct making *m, const struct berth_ethr_event *e)
{
	struct entry new = { .event = e };
	size_t i = 0;

	new.name = e->kind == BERTH_ETHR_DELEGATE_CHANGED ? (struct name){ .section = METHODS } : parse_attribute(e->name);
	if (!e->is_text || new.name.section == NOWHERE)
		return;
	new.number = new.name.section == METHODS ? ++m->methods : ++m->services;
	while (i < m->n && !same_thing(m, m->entries[i].event, e))
		i++;
	if (!is_over(m, e)) {
		m->entries[i] = new;	/* in the place of the same one before it */
		m->n += i == m->n;
	} else if (i < m->n) {
		memmove(&m->entries[i], &m->entries[i + 1], (--m->n - i) * sizeof(m->entries[0]));
	}
}

/* ---- contexts ---- */

enum {
	CTX_SECURITY = 1, CTX_ED25519 = 2, CTX_X25519 = 4, CTX_MULTIKEY = 8,	/* in their order */
	TERM_HEX = 16, TERM_JWK = 32, TERM_BASE58 = 64, TERM_PEM = 128, TERM_BASE64 = 256
};

static const struct {
	unsigned bit;
	const char *url;
} contexts[] = {
	{ CTX_SECURITY, "https://w3id.org/security/v2" },
	{ CTX_ED25519, "https://w3id.org/security/suites/ed25519-2020/v1" },
	{ CTX_X25519, "https://w3id.org/security/suites/x25519-2020/v1" },
	{ CTX_MULTIKEY, BERTH_CONTEXT_MULTIKEY },
};

/* Terms that none of them has. */
static const struct {
	unsigned bit;
	const char *term;
} terms[] = {
	{ TERM_HEX, "publicKeyHex" }, { TERM_BASE58, "publicKeyBase58" },
	{ TERM_PEM, "publicKeyPem" }, { TERM_BASE64, "publicKeyBase64" },
};

static enum berth_err add_terms(struct berth_json *list, unsigned mask)
{
	struct berth_json *own = berth_json_new_object(), *jwk = NULL;
	char iri[64];
	enum berth_err rc = own ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "did:ethr");

	if (mask & CTX_SECURITY)	/* has these two */
		mask &= ~(unsigned)(TERM_BASE58 | TERM_PEM);
	for (size_t i = 0; !rc && i < sizeof(terms) / sizeof(terms[0]); i++)
		if (mask & terms[i].bit) {
			snprintf(iri, sizeof(iri), "https://w3id.org/security#%s", terms[i].term);
			rc = berth_json_set_str(own, terms[i].term, iri);
		}
	if (!rc && mask & TERM_JWK) {
		jwk = berth_json_new_object();
		if (!(rc = berth_json_set_str(jwk, "@id", "https://w3id.org/security#publicKeyJwk")))
			rc = berth_json_set_str(jwk, "@type", "@json");
		if (rc)
			berth_json_free(jwk);
		else
			rc = berth_json_set(own, "publicKeyJwk", jwk);
	}
	if (rc || !berth_json_len(own)) {
		berth_json_free(own);
		return rc;
	}
	return berth_json_push(list, own);
}

static enum berth_err add_contexts(struct making *m)
{
	struct berth_json *list = berth_doc_array(m->doc, "@context");
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < sizeof(contexts) / sizeof(contexts[0]); i++)
		if (m->contexts & contexts[i].bit)
			rc = berth_json_push_str(list, contexts[i].url);
	return rc ? rc : add_terms(list, m->contexts);
}

/* ---- methods ---- */

static struct berth_json *account_method(const struct making *m, const char *id, const struct berth_eth_address *who)
{
	struct berth_json *vm = berth_doc_method(id, RECOVERY, m->did);
	char address[BERTH_ETH_ADDRESS_LEN + 1], text[32 + sizeof(address)];

	berth_eth_address_format(address, who);
	snprintf(text, sizeof(text), "eip155:%" PRIu64 ":%s", m->chain_id, address);
	if (!berth_json_set_str(vm, "blockchainAccountId", text))
		return vm;
	berth_json_free(vm);
	return NULL;
}

/* RFC 4648 4: the other alphabet, and padding. */
static void put_base64(struct berth_buf *out, const uint8_t *p, size_t n)
{
	size_t from = out->len;

	berth_b64url_encode(out, p, n);
	for (size_t i = from; !out->bad && i < out->len; i++)
		out->p[i] = out->p[i] == '-' ? '+' : out->p[i] == '_' ? '/' : out->p[i];
	berth_buf_str(out, (const char *const[]){ "", "==", "=" }[n % 3]);
}

static void put_pem(struct berth_buf *out, const uint8_t *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;

	put_base64(&text, p, n);
	berth_buf_str(out, "-----BEGIN PUBLIC KEY-----\n");
	for (size_t i = 0; i < text.len; i += PEM_LINE) {
		berth_buf_put(out, text.p + i, text.len - i < PEM_LINE ? text.len - i : PEM_LINE);
		berth_buf_u8(out, '\n');
	}
	berth_buf_str(out, "-----END PUBLIC KEY-----");
	out->bad |= text.bad;
	berth_buf_free(&text);
}

static void put_hex(struct berth_buf *out, const uint8_t *p, size_t n)
{
	uint8_t *room = berth_buf_grow(out, 2 * n + 1);

	if (room) {
		berth_hex_encode((char *)room, p, n);
		out->len--;	/* its NUL */
	}
}

/* How a key is written that this method's specification has no type for. */
static enum berth_err other_material(struct making *m, struct berth_json *vm, const struct entry *e)
{
	static const struct { const char *encoding, *member; unsigned term; } forms[] = {
		{ "", "publicKeyHex", TERM_HEX }, { "hex", "publicKeyHex", TERM_HEX },
		{ "base64", "publicKeyBase64", TERM_BASE64 }, { "base58", "publicKeyBase58", TERM_BASE58 },
		{ "pem", "publicKeyPem", TERM_PEM },
	};
	const uint8_t *p = value_of(m, e->event);
	struct berth_buf text = BERTH_BUF_INIT;
	size_t i = 0, n = e->event->value_len;
	enum berth_err rc = BERTH_OK;

	while (i < sizeof(forms) / sizeof(forms[0]) && strcmp(forms[i].encoding, e->name.part[2]) != 0)
		i++;
	if (i == 3)
		rc = berth_base58_encode(&text, p, n);
	else if (i == 2)
		put_base64(&text, p, n);
	else if (i == 4)
		put_pem(&text, p, n);
	else
		put_hex(&text, p, n);
	if (!rc && !(rc = berth_buf_status(&text)))
		rc = berth_json_set_str(vm, i < 5 ? forms[i].member : "value", berth_buf_cstr(&text));
	if (i < 5)
		m->contexts |= forms[i].term;
	berth_buf_free(&text);
	return rc;
}

static enum berth_err set_and_free(struct berth_json *vm, const char *member, struct berth_buf *text, enum berth_err rc)
{
	if (!rc && !(rc = berth_buf_status(text)))
		rc = berth_json_set_str(vm, member, berth_buf_cstr(text));
	berth_buf_free(text);
	return rc;
}

/* The key of an attribute, written as its type asks for.  *vm stays NULL for what is no
 * key of that type: nobody could use it. */
static enum berth_err known_method(struct making *m, struct berth_json **vm, const char *id, const struct entry *e)
{
	static const struct { const char *algorithm, *type; enum berth_key_type key; unsigned contexts; } types[] = {
		{ "Secp256k1", SECP256K1, BERTH_KEY_SECP256K1, CTX_SECURITY | TERM_JWK },
		{ "Ed25519", "Ed25519VerificationKey2020", BERTH_KEY_ED25519, CTX_ED25519 },
		{ "X25519", "X25519KeyAgreementKey2020", BERTH_KEY_X25519, CTX_X25519 },
	};
	struct berth_pubkey key;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].algorithm, e->name.part[0]) != 0)
			continue;
		if (berth_pubkey_import(&key, types[i].key, value_of(m, e->event), e->event->value_len))
			return BERTH_OK;
		m->contexts |= types[i].contexts;
		*vm = berth_doc_key_method(id, types[i].type, m->did, &key);
		return *vm ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "did:ethr");
	}
	return BERTH_E_NOMATCH;
}

static enum berth_err attribute_method(struct making *m, struct berth_json **vm, const char *id, const struct entry *e)
{
	const char *algorithm = e->name.part[0];
	const uint8_t *p = value_of(m, e->event);
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = known_method(m, vm, id, e);

	if (rc != BERTH_E_NOMATCH)
		return rc;
	*vm = berth_doc_method(id, strcmp(algorithm, "RSA") == 0 ? RSA : algorithm, m->did);
	if (strcmp(algorithm, "RSA") == 0) {
		m->contexts |= CTX_SECURITY;
		put_pem(&text, p, e->event->value_len);
		return set_and_free(*vm, "publicKeyPem", &text, BERTH_OK);
	}
	if (strcmp(algorithm, "Multikey") == 0) {
		m->contexts |= CTX_MULTIKEY;
		berth_buf_u8(&text, 'z');
		rc = berth_base58_encode(&text, p, e->event->value_len);
		return set_and_free(*vm, "publicKeyMultibase", &text, rc);
	}
	return other_material(m, *vm, e);
}

static unsigned relationships(const struct entry *e)
{
	if (for_authentication(e))
		return BERTH_REL_AUTHENTICATION | BERTH_REL_ASSERTION;
	return strcmp(e->name.part[1], "enc") == 0 ? BERTH_REL_KEY_AGREEMENT : BERTH_REL_ASSERTION;
}

static enum berth_err add_method(struct making *m, const struct entry *e)
{
	char id[URL_MAX];
	struct berth_json *vm = NULL;
	enum berth_err rc = BERTH_OK;

	snprintf(id, sizeof(id), "%s#delegate-%u", m->did, e->number);
	if (e->event->kind == BERTH_ETHR_DELEGATE_CHANGED)
		vm = account_method(m, id, &e->event->party);
	else if ((rc = attribute_method(m, &vm, id, e)) || !vm)
		goto out;
	rc = berth_doc_add(m->doc, vm, relationships(e));
	vm = NULL;
out:
	berth_json_free(vm);
	return rc;
}

/* The owner, and the key in the DID for as long as it is the owner's. */
static enum berth_err add_controller(struct making *m, const struct berth_ethr_did *id)
{
	char url[URL_MAX];
	enum berth_err rc;

	snprintf(url, sizeof(url), "%s#controller", m->did);
	if ((rc = berth_doc_add(m->doc, account_method(m, url, &m->owner), BERTH_REL_AUTHENTICATION | BERTH_REL_ASSERTION)))
		return rc;
	if (id->key.type == BERTH_KEY_NONE || !berth_eth_address_equal(&m->owner, &id->identity))
		return BERTH_OK;
	m->contexts |= CTX_SECURITY | TERM_JWK;
	snprintf(url, sizeof(url), "%s#controllerKey", m->did);
	return berth_doc_add(m->doc, berth_doc_key_method(url, SECP256K1, m->did, &id->key),
			     BERTH_REL_AUTHENTICATION | BERTH_REL_ASSERTION);
}

/* ---- services ---- */

/* What reads as JSON is that, anything else the text itself.  *out stays NULL for bytes
 * that are no text. */
static enum berth_err endpoint(struct berth_json **out, const uint8_t *p, size_t n)
{
	char *text;
	enum berth_err rc;

	*out = NULL;
	if (!n || n > ENDPOINT_MAX || memchr(p, 0, n) || !berth_utf8_valid((const char *)p, n))
		return BERTH_OK;
	rc = berth_json_parse(out, (const char *)p, n, ENDPOINT_MAX);
	if (rc == BERTH_E_NOMEM || berth_json_is(*out, BERTH_JSON_OBJECT) || berth_json_is(*out, BERTH_JSON_ARRAY) ||
	    berth_json_str(*out))
		return rc;
	berth_json_free(*out);
	text = strndup((const char *)p, n);
	*out = text ? berth_json_new_str(text) : NULL;
	free(text);
	return *out ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "did:ethr");
}

static enum berth_err add_service(struct making *m, const struct entry *e)
{
	char id[URL_MAX];
	struct berth_json *service, *where;
	enum berth_err rc = endpoint(&where, value_of(m, e->event), e->event->value_len);

	if (rc || !where)
		return rc;
	snprintf(id, sizeof(id), "%s#service-%u", m->did, e->number);
	service = berth_json_new_object();
	if (!(rc = berth_json_set_str(service, "id", id)))
		rc = berth_json_set_str(service, "type", e->name.part[0]);
	if (rc)
		berth_json_free(where);
	else
		rc = berth_json_set(service, "serviceEndpoint", where);
	if (!rc)
		return berth_json_push(berth_doc_array(m->doc, "service"), service);
	berth_json_free(service);
	return rc;
}

/* ---- the whole ---- */

static enum berth_err add_entries(struct making *m, struct berth_ethr_state *out)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < m->n && !rc; i++) {
		const struct entry *e = &m->entries[i];

		if (!is_written(e))
			continue;
		rc = e->name.section == METHODS ? add_method(m, e) : add_service(m, e);
		if (e->event->valid_to_s < out->next_expiry_s)
			out->next_expiry_s = e->event->valid_to_s;
	}
	return rc;
}

static void apply_all(struct making *m, struct berth_ethr_state *out, size_t n)
{
	static const struct berth_eth_address null;

	for (out->n = 0; out->n < n && !out->deactivated; out->n++) {
		const struct berth_ethr_event *e = &m->h->events[out->n];

		if (e->kind != BERTH_ETHR_OWNER_CHANGED) {
			apply(m, e);
			continue;
		}
		m->owner = e->party;
		out->deactivated = berth_eth_address_equal(&e->party, &null);
	}
}

static enum berth_err nothing_left(struct berth_json **out, const char *did)
{
	static const char *const empty[] = { "verificationMethod", "authentication", "assertionMethod" };
	struct berth_json *doc = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_str(doc, "@context", BERTH_CONTEXT_DID)))
		rc = berth_json_set_str(doc, "id", did);
	for (size_t i = 0; !rc && i < sizeof(empty) / sizeof(empty[0]); i++)
		rc = berth_json_set(doc, empty[i], berth_json_new_array());
	if (rc) {
		berth_json_free(doc);
		doc = NULL;
	}
	*out = doc;
	return rc;
}

enum berth_err berth_ethr_document(struct berth_ethr_state *out, const char *did, const struct berth_ethr_did *id,
				   const struct berth_ethr_history *h, size_t n, int64_t now_s)
{
	struct making m = {
		.did = did, .h = h, .chain_id = h->registry.chain_id, .owner = h->identity,
		.now_s = now_s > 0 ? (uint64_t)now_s : 0
	};
	enum berth_err rc = BERTH_OK;

	*out = (struct berth_ethr_state){ .next_expiry_s = UINT64_MAX };
	if (!(m.entries = calloc(n + 1, sizeof(*m.entries))))
		return berth_fail(BERTH_E_NOMEM, "did:ethr");
	apply_all(&m, out, n);
	if (out->deactivated) {
		rc = nothing_left(&out->doc, did);
		goto out;
	}
	if (!(m.doc = berth_doc_new(did, "https://w3id.org/security/suites/secp256k1recovery-2020/v2")))
		rc = berth_fail(BERTH_E_NOMEM, "did:ethr");
	else if (!(rc = add_controller(&m, id)) && !(rc = add_entries(&m, out)))
		rc = add_contexts(&m);
	if (rc)
		berth_json_free(m.doc);
	else
		out->doc = m.doc;
out:
	free(m.entries);
	return rc;
}
