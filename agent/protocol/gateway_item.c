/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/gateway_item.h"

#include <stdio.h>
#include <string.h>

#include "did/crypto/hash.h"

/* ---- announced ---- */
/* one announced item, checked and copied without what we do not know */
static enum berth_err announce(struct berth_json *list, const struct berth_json *item)
{
	const char *id, *type, *sha, *sensitivity = "public";
	struct berth_json *v;
	int64_t seq = 0, size;
	uint8_t h[32];
	enum berth_err rc;

	if ((rc = berth_json_req_str(item, "id", 63, &id)) || (rc = berth_json_req_str(item, "type", 63, &type)) ||
	    (rc = berth_json_req_str(item, "sha256", 64, &sha)) || (rc = berth_body_get_32(item, "sha256", h)) ||
	    (rc = berth_json_req_int(item, "size", 0, BERTH_ITEM_MAX, &size)) ||
	    (rc = berth_json_opt_int(item, "seq", 0, INT64_MAX, &seq)) ||
	    (rc = berth_json_opt_str(item, "sensitivity", 31, &sensitivity)))
		return rc;
	v = berth_json_new_object();
	if ((rc = berth_json_set_str(v, "id", id)) || (rc = berth_json_set_str(v, "type", type)) ||
	    (rc = berth_json_set_str(v, "sha256", sha)) || (rc = berth_json_set_int(v, "seq", seq)) ||
	    (rc = berth_json_set_int(v, "size", size)) || (rc = berth_json_set_str(v, "sensitivity", sensitivity))) {
		berth_json_free(v);
		return rc;
	}
	return berth_json_push(list, v);
}

enum berth_err gateway_items_announced(struct berth_json *to, const struct berth_json *body)
{
	const struct berth_json *items;
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = berth_json_req_arr(body, "items", BERTH_ITEMS_MAX, &items);

	berth_json_each(item, items)
		if (rc || (rc = announce(list, item)))
			break;
	return berth_json_set_made(to, "items", list, rc);
}

/* ---- as it comes ---- */
enum berth_err gateway_item_read(struct gateway_item *it, const struct berth_message *m)
{
	enum berth_err rc;

	*it = (struct gateway_item){ .sensitivity = "public" };
	if ((rc = berth_json_req_str(m->body, "id", 63, &it->id)) ||
	    (rc = berth_json_req_str(m->body, "sha256", 64, &it->sha)) ||
	    (rc = berth_json_req_str(m->body, "type", 63, &it->type)) ||
	    (rc = berth_json_req_int(m->body, "size", 0, BERTH_ITEM_MAX, &it->size)) ||
	    (rc = berth_json_opt_int(m->body, "seq", 0, INT64_MAX, &it->seq)))
		return rc;
	return berth_json_opt_str(m->body, "sensitivity", 31, &it->sensitivity);
}

enum berth_err gateway_item_check(struct gateway_item *it, const struct berth_message *m)
{
	uint8_t want[32], have[32];
	enum berth_err rc;

	if ((rc = berth_body_get_32(m->body, "sha256", want)) ||
	    (rc = berth_message_attachment(m, "item", &it->bytes)))
		return rc;
	if (it->bytes.len > BERTH_ITEM_MAX)
		return berth_fail(BERTH_E_SIZE, "item %s: %zu bytes", it->id, it->bytes.len);
	berth_sha256(have, it->bytes.p, it->bytes.len);
	if (memcmp(have, want, 32) != 0)
		return berth_fail(BERTH_E_TYPE, "item %s is not what its hash says", it->id);
	if ((int64_t)it->bytes.len != it->size)
		return berth_fail(BERTH_E_AUTHZ, "item %s has another size", it->id);
	return BERTH_OK;
}

/* ---- as it is kept ---- */
enum berth_err gateway_item_seal(struct berth_env *env, struct berth_effects *fx, const char *ns, int64_t epoch,
				 const struct gateway_item *it)
{
	struct berth_json *v = berth_json_new_object();
	struct berth_buf plain = BERTH_BUF_INIT, box = BERTH_BUF_INIT;
	char label[80];
	enum berth_err rc;

	snprintf(label, sizeof(label), "item/%s", it->id);
	if ((rc = berth_json_set_str(v, "id", it->id)) || (rc = berth_json_set_str(v, "type", it->type)) ||
	    (rc = berth_json_set_int(v, "seq", it->seq)) ||
	    (rc = berth_json_set_str(v, "sensitivity", it->sensitivity)) ||
	    (rc = berth_json_set_b64url(v, "value", it->bytes.p, it->bytes.len)) || (rc = berth_json_print(&plain, v)) ||
	    (rc = env->keys->ops->seal(env->keys, label, epoch, plain.p, plain.len, &box)))
		goto out;
	rc = berth_effects_put(fx, ns, it->id, box.p, box.len);
out:
	berth_json_free(v);
	berth_buf_free(&plain);
	berth_buf_free(&box);
	return rc;
}

/* ---- in lists ---- */
const struct berth_json *gateway_items_find(const struct berth_json *items, const char *id)
{
	berth_json_each(item, items)
		if (berth_json_says(berth_json_get(item, "id"), id))
			return item;
	return NULL;
}

bool gateway_item_same(const struct berth_json *a, const struct berth_json *b)
{
	static const char *const members[] = { "id", "type", "seq", "sha256", "size", "sensitivity" };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!berth_json_equal(berth_json_get(a, members[i]), berth_json_get(b, members[i])))
			return false;
	return true;
}

const char *gateway_item_slot(const struct berth_json *active, const struct berth_json *item)
{
	const char *slot = item ? berth_data_str(item, "slot") : NULL;

	return slot ? slot : berth_data_str(active, "slot");
}

void gateway_item_ns(char ns[GATEWAY_ITEM_NS_LEN], const struct berth_json *active, const struct berth_json *item)
{
	snprintf(ns, GATEWAY_ITEM_NS_LEN, "item-%s", gateway_item_slot(active, item));
}

enum berth_err gateway_item_remove(struct berth_effects *fx, const struct berth_json *active, const struct berth_json *item)
{
	char ns[GATEWAY_ITEM_NS_LEN];

	gateway_item_ns(ns, active, item);
	return berth_json_get(item, "refused") ? BERTH_OK : berth_effects_remove(fx, ns, berth_data_str(item, "id"));
}
