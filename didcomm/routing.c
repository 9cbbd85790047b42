/* SPDX-License-Identifier: Apache-2.0 */
/* Forwards: read, made, taken off. */
#include "didcomm/routing.h"

#include <stdlib.h>
#include <string.h>

#include "did/url.h"
#include "didcomm/attachment.h"
#include "didcomm/jwe.h"
#include "didcomm/routing_internal.h"

#define DELAY_MAX (((int64_t)1 << 53) - 1)

/* ---- reading */

enum berth_err berth_forward_read(struct berth_forward *out, const struct berth_message *m)
{
	int64_t delay;
	enum berth_err rc;

	*out = (struct berth_forward){ 0 };
	if (strcmp(m->type, BERTH_TYPE_FORWARD) != 0)
		return berth_fail(BERTH_E_TYPE, "forward: %.120s", m->type);
	if ((rc = berth_json_req_str(m->body, "next", BERTH_DID_URL_MAX, &out->next)) ||
	    (rc = berth_json_opt_int(m->json, "delay_milli", -DELAY_MAX, DELAY_MAX, &delay)))
		return rc;
	if (!berth_is_did(out->next) && !berth_is_kid(out->next))
		return berth_fail(BERTH_E_TYPE, "forward: next is no DID");
	if (berth_json_len(m->attachments) == 0)
		return berth_fail(BERTH_E_TYPE, "forward: of nothing");
	if (berth_json_len(m->attachments) > BERTH_FORWARD_PAYLOADS_MAX)
		return berth_fail(BERTH_E_SIZE, "forward: more than %d messages", BERTH_FORWARD_PAYLOADS_MAX);
	out->payloads = m->attachments;
	return BERTH_OK;
}

/* What it proves is for its receiver to say; here it must only look like one. */
static enum berth_err check_encrypted(const char *p, size_t n)
{
	struct berth_json *v = NULL;
	enum berth_err rc = berth_json_parse_object(&v, p, n, BERTH_PACKED_MAX);

	if (!rc && (!berth_json_str(berth_json_get(v, "ciphertext")) || !berth_json_str(berth_json_get(v, "protected"))))
		rc = berth_fail(BERTH_E_ENV, "forward: not an encrypted message");
	berth_json_free(v);
	return rc;
}

enum berth_err berth_forward_payload(const struct berth_json *attachment, struct berth_buf *out)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = berth_attachment_read(attachment, &text);

	if (!rc && !(rc = check_encrypted(berth_buf_cstr(&text), text.len))) {
		berth_buf_put(out, text.p, text.len);
		rc = berth_buf_status(out);
	}
	berth_buf_free(&text);
	return rc;
}

/* ---- making */

/* The forward in the clear, appended.  The attachment is JSON, so that each layer
 * adds a third to the size and not more than half. */
static enum berth_err print_forward(struct berth_buf *out, const char *to, const char *next, const void *packed, size_t n)
{
	struct berth_json *body = berth_json_new_object(), *payload = NULL;
	char *did = strndup(to, berth_did_len(to));
	struct berth_message m = { .json = NULL };
	enum berth_err rc = berth_json_set_str(body, "next", next);

	if (!rc && !did)
		rc = berth_no_memory();
	if (rc || (rc = berth_json_parse_object(&payload, packed, n, BERTH_PACKED_MAX)))
		goto out;
	rc = berth_message_new(&m, BERTH_TYPE_FORWARD, NULL, did, NULL, body);
	body = NULL;
	if (rc)
		goto out;
	rc = berth_message_attach_json(&m, "0", payload);
	payload = NULL;
	if (!rc && !(rc = berth_json_print(out, m.json)))
		rc = berth_buf_status(out);
out:
	berth_message_free(&m);
	berth_json_free(payload);
	berth_json_free(body);
	free(did);
	return rc;
}

static enum berth_err
wrap(struct berth_buf *out, const struct berth_hop *hop, const char *next, const void *packed, size_t n)
{
	struct berth_jwe_seal s = { .enc = BERTH_ENC_A256CBC_HS512, .n = hop->n_keys };
	struct berth_buf plain = BERTH_BUF_INIT;
	size_t start = out->len;
	enum berth_err rc;

	for (size_t i = 0; i < hop->n_keys; i++) {
		s.kids[i] = hop->kids[i];
		s.keys[i] = &hop->keys[i];
	}
	if (!(rc = print_forward(&plain, hop->name, next, packed, n)) &&
	    !(rc = berth_jwe_seal(out, &s, plain.p, plain.len)) && out->len - start > BERTH_PACKED_MAX)
		rc = berth_fail(BERTH_E_SIZE, "forward: %zu bytes", out->len - start);
	berth_buf_free(&plain);
	return rc;
}

/* From the inside out: the last hop forwards to the receiver, each other to the one
 * behind it. */
enum berth_err berth_route_wrap(struct berth_buf *out, const struct berth_route *r, const char *to,
				const void *packed, size_t n)
{
	struct berth_buf inner = BERTH_BUF_INIT, outer = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;

	berth_buf_put(&inner, packed, n);
	for (size_t i = r->n_hops; !rc && i-- > 0;) {
		const char *next = i + 1 == r->n_hops ? to : r->hops[i + 1].name;

		if (!(rc = wrap(&outer, &r->hops[i], next, inner.p, inner.len))) {
			berth_buf_free(&inner);
			inner = outer;
			outer = (struct berth_buf)BERTH_BUF_INIT;
		}
	}
	if (!rc) {
		berth_buf_put(out, inner.p, inner.len);
		rc = berth_buf_status(out);
	}
	berth_buf_free(&inner);
	berth_buf_free(&outer);
	return rc;
}

enum berth_err berth_forward_rewrap(struct berth_buf *out, struct berth_resolver *r, const char *to,
				    const void *packed, size_t n)
{
	struct berth_hop hop = { .name = NULL };
	enum berth_err rc = berth_hop_find(&hop, r, to);

	if (!rc)
		rc = wrap(out, &hop, to, packed, n);
	berth_hop_free(&hop);
	return rc;
}

/* ---- taking off */

enum berth_err berth_forward_take_off(const struct berth_unpacked *u, struct berth_buf *inner, bool *is)
{
	struct berth_forward f;
	enum berth_err rc;

	*is = false;
	if (strcmp(u->msg.type, BERTH_TYPE_FORWARD) != 0 || berth_forward_read(&f, &u->msg) || !u->encrypted_to_kid ||
	    !berth_did_same(f.next, u->encrypted_to_kid))
		return BERTH_OK;
	if (berth_json_len(f.payloads) != 1)
		return berth_fail(BERTH_E_SIZE, "forward: %zu messages for us in one", berth_json_len(f.payloads));
	if (!(rc = berth_forward_payload(berth_json_first(f.payloads), inner)))
		*is = true;
	return rc;
}

enum berth_err berth_unpack_routed(struct berth_unpacked *out, const struct berth_unpack *p, const char *packed, size_t n)
{
	struct berth_buf inner = BERTH_BUF_INIT;
	enum berth_err rc = berth_unpack(out, p, packed, n);
	bool is;

	for (int i = 0; !rc; i++) {
		berth_buf_reset(&inner);
		if ((rc = berth_forward_take_off(out, &inner, &is)) || !is)
			break;
		berth_unpacked_free(out);
		if (i == BERTH_FORWARD_UNWRAP_MAX) {
			rc = berth_fail(BERTH_E_ROUTE, "more than %d forwards around one message", BERTH_FORWARD_UNWRAP_MAX);
			goto out;
		}
		if ((rc = berth_unpack(out, p, berth_buf_cstr(&inner), inner.len)))
			goto out;
		out->re_wrapped_in_forward = true;
	}
	if (rc)
		berth_unpacked_free(out);
out:
	berth_buf_free(&inner);
	return rc;
}
