/* SPDX-License-Identifier: Apache-2.0 */
/* The chain package: reading, writing, and how two of them relate.  chain_rules.c
 * says which one a device accepts. */
#include "agent/protocol/chain.h"

#include <stdlib.h>
#include <string.h>

#include "did/url.h"

/* ---- reading ---- */

static enum berth_err req_token(const struct berth_json *v, const char *what, const char **out)
{
	if (!(*out = berth_json_str(v)))
		return berth_fail(BERTH_E_VC, "chain: %s is not a compact JWS", what);
	return BERTH_OK;
}

static enum berth_err read_entries(struct berth_chain *c)
{
	const struct berth_json *list = berth_json_get(c->json, "entries");
	const char *token;
	enum berth_err rc;

	if (!berth_json_is(list, BERTH_JSON_ARRAY) || berth_json_len(list) == 0)
		return berth_fail(BERTH_E_VC, "chain: entries missing");
	if (berth_json_len(list) > BERTH_CHAIN_ENTRIES_MAX)
		return berth_fail(BERTH_E_SIZE, "chain: %zu entries", berth_json_len(list));
	berth_json_each(it, list) {
		if ((rc = req_token(it, "an entry", &token)) ||
		    (rc = berth_ownership_parse(&c->oc[c->n], token, strlen(token))))
			return rc;
		c->n++;
	}
	return BERTH_OK;
}

static enum berth_err read_rest(struct berth_chain *c)
{
	const struct berth_json *d = berth_json_get(c->json, "delegation");
	const char *token;
	enum berth_err rc;

	c->docs = berth_json_get(c->json, "docs");
	if (c->docs && !berth_json_is(c->docs, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_VC, "chain: docs is not an object");
	if (berth_json_len(c->docs) > BERTH_CHAIN_DOCS_MAX)
		return berth_fail(BERTH_E_SIZE, "chain: %zu documents", berth_json_len(c->docs));
	if (!d)
		return BERTH_OK;
	if ((rc = req_token(d, "delegation", &token)) ||
	    (rc = berth_delegation_parse(&c->delegation, token, strlen(token))))
		return rc;
	c->has_delegation = true;
	return BERTH_OK;
}

static enum berth_err read_package(struct berth_chain *c)
{
	const char *token;
	enum berth_err rc;

	if (!berth_json_is(c->json, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_VC, "chain: not an object");
	if ((rc = req_token(berth_json_get(c->json, "deviceCredential"), "deviceCredential", &token)) ||
	    (rc = berth_device_credential_parse(&c->dc, token, strlen(token))) || (rc = read_entries(c)))
		return rc;
	return read_rest(c);
}

/* As text it would be this long. */
static enum berth_err measure(const struct berth_json *json)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = berth_json_print(&text, json);

	if (!rc && text.len > BERTH_CHAIN_MAX)
		rc = berth_fail(BERTH_E_SIZE, "chain: %zu bytes", text.len);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_chain_from_json(struct berth_chain **out, struct berth_json *json)
{
	struct berth_chain *c = NULL;
	enum berth_err rc;

	*out = NULL;
	if (!json)
		return berth_no_memory();
	if ((rc = measure(json)))
		goto out;
	if (!(c = calloc(1, sizeof(*c)))) {
		rc = berth_no_memory();
		goto out;
	}
	c->json = json;
	json = NULL;
	if (!(rc = read_package(c))) {
		*out = c;
		c = NULL;
	}
out:
	berth_chain_free(c);
	berth_json_free(json);
	return rc;
}

void berth_chain_free(struct berth_chain *c)
{
	if (!c)
		return;
	berth_object_free(&c->dc.obj);
	for (size_t i = 0; i < c->n; i++)
		berth_object_free(&c->oc[i].obj);
	if (c->has_delegation)
		berth_object_free(&c->delegation.obj);
	berth_json_free(c->json);
	free(c);
}

/* ---- writing ---- */

static enum berth_err set_entries(struct berth_json *o, const char *const *entries, size_t n)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < n && !rc; i++)
		rc = berth_json_push_str(list, entries[i]);
	return berth_json_set_made(o, "entries", list, rc);
}

enum berth_err berth_chain_build_json(struct berth_json **out, const char *device_credential,
				      const char *const *entries, size_t n, struct berth_json *docs,
				      const char *delegation)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	*out = NULL;
	if (!docs && !(docs = berth_json_new_object())) {
		rc = berth_no_memory();
		goto out;
	}
	if ((rc = berth_json_set(o, "docs", docs)) ||
	    (rc = berth_json_set_str(o, "deviceCredential", device_credential)) ||
	    (rc = set_entries(o, entries, n)) ||
	    (delegation && (rc = berth_json_set_str(o, "delegation", delegation))))
		goto out;
	*out = o;
	o = NULL;
out:
	berth_json_free(o);
	return rc;
}

/* ---- relations ---- */

enum berth_chain_order berth_chain_compare(const struct berth_chain *a, const struct berth_chain *b, size_t *at)
{
	size_t least = a->n < b->n ? a->n : b->n, i = 0;

	if (at)
		*at = 0;
	if (!berth_hash_equal(&a->dc.obj.hash, &b->dc.obj.hash))
		return BERTH_CHAIN_UNRELATED;
	while (i < least && berth_hash_equal(&a->oc[i].obj.hash, &b->oc[i].obj.hash))
		i++;
	if (at)
		*at = i;
	if (i < least)
		return BERTH_CHAIN_FORK;
	if (a->n == b->n)
		return BERTH_CHAIN_SAME;
	return a->n > b->n ? BERTH_CHAIN_EXTENDS : BERTH_CHAIN_PREFIX;
}

/* Whoever forks from any of them forks from the longest one so far, so comparing
 * with that one finds every fork. */
enum berth_err berth_chain_longest(size_t *best, const struct berth_chain *const *chains, size_t n,
				   struct berth_chain_fork *fork)
{
	size_t at;

	*best = 0;
	memset(fork, 0, sizeof(*fork));
	if (n == 0)
		return berth_fail(BERTH_E_NOMATCH, "no chain at all");
	for (size_t i = 1; i < n; i++) {
		switch (berth_chain_compare(chains[i], chains[*best], &at)) {
		case BERTH_CHAIN_EXTENDS:
			*best = i;
			break;
		case BERTH_CHAIN_SAME:
		case BERTH_CHAIN_PREFIX:
			break;
		case BERTH_CHAIN_FORK:
			*fork = (struct berth_chain_fork){ *best, i, at, { chains[*best]->oc[at].obj.hash,
									   chains[i]->oc[at].obj.hash } };
			return berth_fail(BERTH_E_AUTHZ, "chains fork at entry %zu", at);
		case BERTH_CHAIN_UNRELATED:
			return berth_fail(BERTH_E_HOLDER, "chains of different devices");
		}
	}
	return BERTH_OK;
}

/* ---- receipts beside a chain ---- */

const char *berth_chain_taken_name(enum berth_chain_taken t)
{
	static const char *const names[] = {
		[BERTH_CHAIN_FREE] = "free", [BERTH_CHAIN_OURS] = "ours",
		[BERTH_CHAIN_TAKEN_BY_EARLIER] = "taken-by-earlier-owner",
		[BERTH_CHAIN_TAKEN_BY_OTHER] = "taken-by-other-chain"
	};

	return names[t];
}

enum berth_err berth_chain_check_receipt(enum berth_chain_taken *out, const struct berth_chain *c,
					 const struct berth_receipt *r)
{
	const struct berth_ownership *tip = &c->oc[c->n - 1];
	enum berth_err rc;

	*out = BERTH_CHAIN_FREE;
	if (!berth_did_same(r->obj.issuer, c->dc.factory_did))
		return berth_fail(BERTH_E_HOLDER, "receipt of another device");
	if ((rc = berth_object_verify(&r->obj, NULL, c->dc.factory_did, NULL)))
		return rc;
	if (r->role != BERTH_RECEIPT_OWNERSHIP || r->epoch != tip->epoch)
		return BERTH_OK;
	*out = BERTH_CHAIN_TAKEN_BY_OTHER;
	for (size_t i = 0; i < c->n; i++)
		if (berth_hash_equal(&c->oc[i].obj.hash, &r->tip))
			*out = i == c->n - 1 ? BERTH_CHAIN_OURS : BERTH_CHAIN_TAKEN_BY_EARLIER;
	return BERTH_OK;
}
