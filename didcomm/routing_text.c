/* SPDX-License-Identifier: Apache-2.0 */
/* Routes as a store keeps them:
 * [{"uri": URI, "hops": [{"name": DID, "keys": {KID: MULTIKEY}}]}], or one URI alone. */
#include <stdlib.h>
#include <string.h>

#include "did/jose/multikey.h"
#include "did/url.h"
#include "didcomm/routing_internal.h"

#define URI_MAX 2048

static enum berth_err print_hop(struct berth_buf *out, const struct berth_hop *h)
{
	enum berth_err rc = BERTH_OK;

	berth_buf_str(out, "{\"name\":");
	berth_json_print_str(out, h->name);
	berth_buf_str(out, ",\"keys\":{");
	for (size_t i = 0; !rc && i < h->n_keys; i++) {
		if (i)
			berth_buf_u8(out, ',');
		berth_json_print_str(out, h->kids[i]);
		berth_buf_str(out, ":\"");
		rc = berth_multikey_format(out, &h->keys[i]);
		berth_buf_u8(out, '"');
	}
	berth_buf_str(out, "}}");
	return rc;
}

static enum berth_err print_route(struct berth_buf *out, const struct berth_route *r)
{
	enum berth_err rc = BERTH_OK;

	berth_buf_str(out, "{\"uri\":");
	berth_json_print_str(out, r->uri);
	berth_buf_str(out, ",\"hops\":[");
	for (size_t i = 0; !rc && i < r->n_hops; i++) {
		if (i)
			berth_buf_u8(out, ',');
		rc = print_hop(out, &r->hops[i]);
	}
	berth_buf_str(out, "]}");
	return rc;
}

enum berth_err berth_routes_print(struct berth_buf *out, const struct berth_routes *r)
{
	enum berth_err rc = BERTH_OK;

	if (r->n == 1 && r->list[0].n_hops == 0) {
		berth_buf_str(out, r->list[0].uri);
		return berth_buf_status(out);
	}
	if (r->n == 0)
		return BERTH_OK;
	berth_buf_u8(out, '[');
	for (size_t i = 0; !rc && i < r->n; i++) {
		if (i)
			berth_buf_u8(out, ',');
		rc = print_route(out, &r->list[i]);
	}
	berth_buf_u8(out, ']');
	return rc ? rc : berth_buf_status(out);
}

static enum berth_err parse_keys(struct berth_hop *h, const struct berth_json *keys)
{
	enum berth_err rc;

	if (berth_json_len(keys) == 0 || berth_json_len(keys) > BERTH_HOP_KEYS_MAX)
		return berth_fail(BERTH_E_SIZE, "route: %zu keys", berth_json_len(keys));
	berth_json_each(k, keys) {
		const char *text = berth_json_str(k), *kid = berth_json_key(k);

		if (!text || !berth_is_kid(kid))
			return berth_fail(BERTH_E_TYPE, "route: no key");
		if ((rc = berth_multikey_parse(&h->keys[h->n_keys], text, strlen(text))))
			return rc;
		if (!(h->kids[h->n_keys] = strdup(kid)))
			return berth_no_memory();
		h->n_keys++;
	}
	return BERTH_OK;
}

static enum berth_err parse_hop(struct berth_hop *h, const struct berth_json *v)
{
	const struct berth_json *keys;
	const char *name;
	enum berth_err rc;

	if ((rc = berth_json_req_str(v, "name", BERTH_DID_URL_MAX, &name)) ||
	    (rc = berth_json_req_obj(v, "keys", &keys)))
		return rc;
	if (!berth_is_did_url(name))
		return berth_fail(BERTH_E_TYPE, "route: a hop is no DID");
	h->name = strdup(name);
	return h->name ? parse_keys(h, keys) : berth_no_memory();
}

static enum berth_err parse_route(struct berth_route *r, const struct berth_json *v)
{
	const struct berth_json *hops;
	const char *uri;
	enum berth_err rc;

	if ((rc = berth_json_req_str(v, "uri", URI_MAX, &uri)) ||
	    (rc = berth_json_req_arr(v, "hops", BERTH_HOPS_MAX, &hops)))
		return rc;
	if (!uri[0] || uri[0] == '[')	/* by itself it would be no way, or several */
		return berth_fail(BERTH_E_TYPE, "route: no URI");
	if ((rc = berth_route_new(r, uri, berth_json_len(hops))))
		return rc;
	berth_json_each(h, hops)
		if ((rc = parse_hop(&r->hops[r->n_hops++], h)))
			return rc;
	return BERTH_OK;
}

static enum berth_err parse_list(struct berth_routes *out, const char *text)
{
	struct berth_json *v = NULL;
	enum berth_err rc = berth_json_parse(&v, text, strlen(text), BERTH_ROUTES_TEXT_MAX);

	if (!rc && (!berth_json_is(v, BERTH_JSON_ARRAY) || berth_json_len(v) > BERTH_ROUTES_MAX))
		rc = berth_fail(BERTH_E_TYPE, "route: no list, or a long one");
	if (!rc && !(out->list = calloc(BERTH_ROUTES_MAX, sizeof(*out->list))))
		rc = berth_no_memory();
	if (!rc)
		berth_json_each(r, v)
			if ((rc = parse_route(&out->list[out->n++], r)))
				break;
	berth_json_free(v);
	return rc;
}

enum berth_err berth_routes_parse(struct berth_routes *out, const char *text)
{
	enum berth_err rc;

	*out = (struct berth_routes){ 0 };
	if (!text[0])
		return BERTH_OK;
	if (text[0] == '[') {
		rc = parse_list(out, text);
	} else {
		rc = berth_no_memory();
		if ((out->list = calloc(1, sizeof(*out->list))))
			rc = berth_route_new(&out->list[out->n++], text, 0);
	}
	if (rc)
		berth_routes_free(out);
	return rc;
}
