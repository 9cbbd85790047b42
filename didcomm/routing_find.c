/* SPDX-License-Identifier: Apache-2.0 */
/* From a DID document to the ways that lead to its subject. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "did/url.h"
#include "didcomm/party.h"
#include "didcomm/routing_internal.h"

#define QUEUE_URI "didcomm:transport/queue"	/* nothing to dial: its owner asks */
#define URI_MAX 2048
#define ACCEPT_MAX 16

/* Routing keys on the way, the outermost first; text borrowed from the documents. */
struct trail { const char *names[BERTH_HOPS_MAX]; size_t n; };

struct search {
	struct berth_resolver *resolver;
	struct berth_routes *out;
	unsigned lookups;	/* left */
	enum berth_err why;	/* what was wrong with the last one that was left out */
};

/* ---- keys of a hop */

/* Whoever forwards knows its own document: the short form of a did:peer:4 will do. */
static enum berth_err copy_short(char **out, const char *did_url)
{
	size_t n = berth_did_len(did_url);
	struct berth_buf did = BERTH_BUF_INIT, shorter = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_put(&did, did_url, n);
	if (!(rc = berth_buf_status(&did)) && !(rc = berth_did_short(&shorter, berth_buf_cstr(&did)))) {
		berth_buf_str(&shorter, did_url + n);
		*out = berth_buf_take_str(&shorter);
		rc = *out ? BERTH_OK : berth_no_memory();
	}
	berth_buf_free(&did);
	berth_buf_free(&shorter);
	return rc;
}

static enum berth_err take_keys(struct berth_hop *h, const struct berth_pack_parties *who)
{
	if (who->n > BERTH_HOP_KEYS_MAX)
		return berth_fail(BERTH_E_SIZE, "route: more than %d keys of one mediator", BERTH_HOP_KEYS_MAX);
	for (size_t i = 0; i < who->n; i++) {
		enum berth_err rc = copy_short(&h->kids[i], who->keys[i]->id);

		if (rc)
			return rc;
		h->keys[i] = who->keys[i]->key;
		h->n_keys++;
	}
	return BERTH_OK;
}

enum berth_err berth_hop_find(struct berth_hop *out, struct berth_resolver *r, const char *name)
{
	const struct berth_pack p = { .mode = BERTH_PACK_ANONCRYPT, .to = name, .resolver = r };
	const struct berth_message nothing = { .json = NULL };
	struct berth_pack_parties who = { 0 };
	enum berth_err rc;

	*out = (struct berth_hop){ 0 };
	if (!berth_is_did(name) && !berth_is_kid(name))
		return berth_fail(BERTH_E_DID, "route: a routing key is no DID");
	if (!(rc = berth_pack_parties_find(&who, &p, &nothing)) && !(rc = copy_short(&out->name, name)))
		rc = take_keys(out, &who);
	berth_pack_parties_free(&who);
	if (rc)
		berth_hop_free(out);
	return rc;
}

void berth_hop_free(struct berth_hop *h)
{
	free(h->name);
	for (size_t i = 0; i < h->n_keys; i++)
		free(h->kids[i]);
	*h = (struct berth_hop){ 0 };
}

static void route_free(struct berth_route *r)
{
	free(r->uri);
	for (size_t i = 0; i < r->n_hops; i++)
		berth_hop_free(&r->hops[i]);
	free(r->hops);
	*r = (struct berth_route){ 0 };
}

void berth_routes_free(struct berth_routes *r)
{
	for (size_t i = 0; i < r->n; i++)
		route_free(&r->list[i]);
	free(r->list);
	*r = (struct berth_routes){ 0 };
}

/* ---- the walk */

static enum berth_err look(struct search *s)
{
	if (s->lookups == 0)
		return berth_fail(BERTH_E_ROUTE, "route: too many look-ups for one peer");
	s->lookups--;
	return BERTH_OK;
}

enum berth_err berth_route_new(struct berth_route *out, const char *uri, size_t hops)
{
	*out = (struct berth_route){ .uri = strdup(uri), .hops = hops ? calloc(hops, sizeof(*out->hops)) : NULL };
	return out->uri && (out->hops || !hops) ? BERTH_OK : berth_no_memory();
}

static enum berth_err add_route(struct search *s, const char *uri, const struct trail *t)
{
	struct berth_route r, *more;
	enum berth_err rc = berth_route_new(&r, uri, t->n);

	for (size_t i = 0; !rc && i < t->n; i++)
		if (!(rc = look(s)) && !(rc = berth_hop_find(&r.hops[i], s->resolver, t->names[i])))
			r.n_hops++;
	if (!rc) {
		more = realloc(s->out->list, (s->out->n + 1) * sizeof(*more));
		if (more) {
			s->out->list = more;
			more[s->out->n++] = r;
			return BERTH_OK;
		}
		rc = berth_no_memory();
	}
	route_free(&r);
	return rc;
}

/* SPEC routing: accept is optional; where it stands, v2 has to be in it. */
static enum berth_err check_accept(const struct berth_json *from)
{
	const struct berth_json *accept = NULL;
	enum berth_err rc = berth_json_opt_arr(from, "accept", ACCEPT_MAX, &accept);

	if (rc || !accept)
		return rc;
	berth_json_each(a, accept)
		if (berth_json_str(a) && strcmp(berth_json_str(a), BERTH_PROFILE_V2) == 0)
			return BERTH_OK;
	return berth_fail(BERTH_E_ROUTE, "route: the peer's endpoint does not accept %s", BERTH_PROFILE_V2);
}

/* The endpoint's own routing keys come before those of whom it leads to. */
static enum berth_err extend(struct trail *t, const struct berth_json *from, const struct trail *inner)
{
	const struct berth_json *keys = NULL;
	enum berth_err rc = berth_json_opt_arr(from, "routingKeys", BERTH_HOPS_MAX, &keys);

	t->n = 0;
	if (rc)
		return rc;
	if (berth_json_len(keys) + inner->n > BERTH_HOPS_MAX)
		return berth_fail(BERTH_E_ROUTE, "route: more than %d mediators in a row", BERTH_HOPS_MAX);
	berth_json_each(k, keys)
		if (!(t->names[t->n++] = berth_json_str(k)))
			return berth_fail(BERTH_E_DID, "route: a routing key is no text");
	for (size_t i = 0; i < inner->n; i++)
		t->names[t->n++] = inner->names[i];
	return BERTH_OK;
}

static enum berth_err walk(struct search *s, const char *did, const struct trail *inner, int depth);

/* SPEC routing, "Using a DID as an endpoint": that DID's keys are prepended. */
static enum berth_err through(struct search *s, const char *did, const struct trail *t, int depth)
{
	struct trail longer = { .names = { did }, .n = 1 };

	if (depth == BERTH_ROUTE_DIDS_MAX)
		return berth_fail(BERTH_E_ROUTE, "route: more than %d DIDs for endpoints, one behind the other", BERTH_ROUTE_DIDS_MAX);
	if (t->n == BERTH_HOPS_MAX)
		return berth_fail(BERTH_E_ROUTE, "route: more than %d mediators in a row", BERTH_HOPS_MAX);
	for (size_t i = 0; i < t->n; i++)
		longer.names[longer.n++] = t->names[i];
	return walk(s, did, &longer, depth + 1);
}

/* One endpoint; from: where its accept and routingKeys stand. */
static enum berth_err endpoint(struct search *s, const char *uri, const struct berth_json *from,
			       const struct trail *inner, int depth)
{
	struct trail t = { .n = 0 };
	enum berth_err rc;

	/* RFC 3986: a scheme begins with a letter; nor is it then the text of several routes */
	if (!uri || !isalpha((unsigned char)uri[0]) || strlen(uri) > BERTH_DID_URL_MAX || (strlen(uri) > URI_MAX && !berth_is_did(uri)))
		return berth_fail(BERTH_E_DID, "route: an endpoint without a uri");
	if (strcmp(uri, QUEUE_URI) == 0)
		return BERTH_OK;
	if ((rc = check_accept(from)) || (rc = extend(&t, from, inner)))
		return rc;
	return berth_is_did(uri) ? through(s, uri, &t, depth) : add_route(s, uri, &t);
}

/* Text is what DIDComm v2.0 had, with the rest beside it in the service. */
static enum berth_err entry(struct search *s, const struct berth_service *svc, const struct berth_json *e,
			    const struct trail *inner, int depth)
{
	if (berth_json_is(e, BERTH_JSON_OBJECT))
		return endpoint(s, berth_json_str(berth_json_get(e, "uri")), e, inner, depth);
	return endpoint(s, berth_json_str(e), svc->json, inner, depth);
}

/* Memory and a look-up that is under way are nobody's fault and end the search. */
static bool is_fatal(enum berth_err rc) { return rc == BERTH_E_NOMEM || rc == BERTH_E_UNAVAILABLE; }

static enum berth_err service(struct search *s, const struct berth_service *svc, const struct trail *inner, int depth)
{
	const struct berth_json *e = berth_json_get(svc->json, "serviceEndpoint");
	bool list = berth_json_is(e, BERTH_JSON_ARRAY);

	for (e = list ? berth_json_first(e) : e; e && s->out->n < BERTH_ROUTES_MAX; e = list ? berth_json_next(e) : NULL) {
		enum berth_err rc = entry(s, svc, e, inner, depth);

		if (is_fatal(rc))
			return rc;
		s->why = rc ? rc : s->why;
	}
	return BERTH_OK;
}

static enum berth_err walk(struct search *s, const char *did, const struct trail *inner, int depth)
{
	struct berth_did_doc *doc = NULL;
	size_t before = s->out->n;
	enum berth_err rc;

	if ((rc = look(s)) || (rc = berth_resolve(s->resolver, did, &doc)))
		return rc;
	for (size_t i = 0; !rc && i < doc->n_services; i++)
		if (strcmp(doc->services[i].type, BERTH_SERVICE_DIDCOMM) == 0)
			rc = service(s, &doc->services[i], inner, depth);
	berth_did_doc_free(doc);
	if (!rc && depth > 0 && s->out->n == before)
		rc = s->why ? s->why : berth_fail(BERTH_E_ROUTE, "route: %.80s has no endpoint", did);
	return rc;
}

enum berth_err berth_routes_find(struct berth_routes *out, struct berth_resolver *r, const char *did, unsigned lookups)
{
	struct search s = { .resolver = r, .out = out, .lookups = lookups };
	const struct trail none = { .n = 0 };
	enum berth_err rc;

	*out = (struct berth_routes){ 0 };
	if (!(rc = walk(&s, did, &none, 0)) && out->n == 0)
		rc = s.why;
	if (rc)
		berth_routes_free(out);
	return rc;
}
