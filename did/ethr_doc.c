/* SPDX-License-Identifier: Apache-2.0 */
/* The document that the did:ethr method specification makes of the events.  Ids count the
 * events of their section, those that took something back or have ended among them, so
 * that a key has the same id for as long as it is there.  (Where that is left open, and
 * in the relationships of sigAuth, this does as ethr-did-resolver does.) */
#include "did/ethr_doc.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/utf8.h"
#include "did/doc_build.h"
#include "did/document.h"
#include "did/ethr_vm.h"

#define CONTEXT_RECOVERY "https://w3id.org/security/suites/secp256k1recovery-2020/v2"
#define PART_MAX 32
#define FRAGMENT_MAX 32
#define URL_MAX 256		/* such a DID takes 142 */
#define ENDPOINT_MAX ((size_t)16 << 10)
#define OWNERS (BERTH_REL_AUTHENTICATION | BERTH_REL_ASSERTION)

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
	const struct berth_ethr_history *h;
	uint64_t now_s;
	struct entry *entries;
	size_t n;
	unsigned methods, services;	/* events of either section so far */
	struct berth_eth_address owner;
	struct berth_ethr_vms vms;
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

static bool is_delegate(const struct entry *e)
{
	return e->event->kind == BERTH_ETHR_DELEGATE_CHANGED;
}

/* Every delegate counts, but only these are written down. */
static bool is_written(const struct entry *e)
{
	return !is_delegate(e) || strcmp(e->event->name, "veriKey") == 0 || strcmp(e->event->name, "sigAuth") == 0;
}

static unsigned relationships(const struct entry *e)
{
	const char *purpose = is_delegate(e) ? e->event->name : e->name.part[1];

	if (strcmp(purpose, "sigAuth") == 0)
		return BERTH_REL_AUTHENTICATION | BERTH_REL_ASSERTION;
	return strcmp(purpose, "enc") == 0 ? BERTH_REL_KEY_AGREEMENT : BERTH_REL_ASSERTION;
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

	new.name = is_delegate(&new) ? (struct name){ .section = METHODS } : parse_attribute(e->name);
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

/* ---- methods and services ---- */

/* The owner, and the key in the DID for as long as it is the owner's. */
static enum berth_err add_controller(struct making *m, const struct berth_ethr_did *id)
{
	enum berth_err rc = berth_ethr_vms_account(&m->vms, "#controller", &m->owner, OWNERS);

	if (rc || id->key.type == BERTH_KEY_NONE || !berth_eth_address_equal(&m->owner, &id->identity))
		return rc;
	return berth_ethr_vms_owner_key(&m->vms, "#controllerKey", &id->key, OWNERS);
}

static enum berth_err add_method(struct making *m, const struct entry *e)
{
	char fragment[FRAGMENT_MAX];

	snprintf(fragment, sizeof(fragment), "#delegate-%u", e->number);
	if (is_delegate(e))
		return berth_ethr_vms_account(&m->vms, fragment, &e->event->party, relationships(e));
	return berth_ethr_vms_attribute(&m->vms, fragment, e->name.part[0], e->name.part[2], value_of(m, e->event),
					e->event->value_len, relationships(e));
}

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
	return *out ? BERTH_OK : berth_no_memory();
}

static enum berth_err add_service(struct making *m, const struct entry *e)
{
	char id[URL_MAX];
	struct berth_json *service, *where;
	enum berth_err rc = endpoint(&where, value_of(m, e->event), e->event->value_len);

	if (rc || !where)
		return rc;
	snprintf(id, sizeof(id), "%s#service-%u", m->vms.did, e->number);
	service = berth_json_new_object();
	if (!(rc = berth_json_set_str(service, "id", id)))
		rc = berth_json_set_str(service, "type", e->name.part[0]);
	rc = berth_json_set_made(service, "serviceEndpoint", where, rc);
	if (!rc)
		return berth_json_push(berth_doc_array(m->vms.doc, "service"), service);
	berth_json_free(service);
	return rc;
}

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

/* ---- the whole ---- */

static enum berth_err nothing_left(struct berth_json **out, const char *did)
{
	static const char *const empty[] = { "verificationMethod", "authentication", "assertionMethod" };
	struct berth_json *doc = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_str(doc, "@context", BERTH_CONTEXT_DID)))
		rc = berth_json_set_str(doc, "id", did);
	for (size_t i = 0; !rc && i < sizeof(empty) / sizeof(empty[0]); i++)
		rc = berth_json_set(doc, empty[i], berth_json_new_array());
	return berth_json_give(out, doc, rc);
}

static enum berth_err what_is_there(struct making *m, struct berth_ethr_state *out, const struct berth_ethr_did *id)
{
	enum berth_err rc;

	if (!(m->vms.doc = berth_doc_new(m->vms.did, CONTEXT_RECOVERY)))
		return berth_no_memory();
	if (!(rc = add_controller(m, id)) && !(rc = add_entries(m, out)) && !(rc = berth_ethr_vms_contexts(&m->vms)))
		out->doc = m->vms.doc;
	else
		berth_json_free(m->vms.doc);
	return rc;
}

enum berth_err berth_ethr_document(struct berth_ethr_state *out, const char *did, const struct berth_ethr_did *id,
				   const struct berth_ethr_history *h, size_t n, int64_t now_s)
{
	struct making m = {
		.h = h, .owner = h->identity, .now_s = now_s > 0 ? (uint64_t)now_s : 0,
		.vms = { .did = did, .chain_id = h->registry.chain_id }
	};
	enum berth_err rc;

	*out = (struct berth_ethr_state){ .next_expiry_s = UINT64_MAX };
	if (!(m.entries = calloc(n + 1, sizeof(*m.entries))))
		return berth_no_memory();
	apply_all(&m, out, n);
	rc = out->deactivated ? nothing_left(&out->doc, did) : what_is_there(&m, out, id);
	free(m.entries);
	return rc;
}
