/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner provides for its devices, and what devices make of it. */
#include "agent/protocol/owner_items.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/item.h"
#include "did/crypto/hash.h"

/* ---- as it is kept ---- */
void owner_scope_of_model(char scope[OWNER_SCOPE_LEN], const char *model)
{
	struct berth_hash h;
	char hex[65];

	berth_sha256(h.b, model, strlen(model));
	berth_hash_hex(hex, &h);
	snprintf(scope, OWNER_SCOPE_LEN, "model-%.32s", hex);
}

enum berth_err owner_item_seal(struct berth_env *env, const struct berth_json *args, struct berth_buf *box)
{
	struct berth_buf plain = BERTH_BUF_INIT, bytes = BERTH_BUF_INIT;
	const char *id, *type, *value, *sensitivity = "public";
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_req_str(args, "id", 63, &id)) && !(rc = berth_json_req_str(args, "type", 63, &type)) &&
	    !(rc = berth_json_opt_str(args, "sensitivity", 31, &sensitivity)) &&
	    !(rc = berth_body_get_b64(args, "value", BERTH_ITEM_MAX, &bytes)) &&
	    !(rc = berth_json_req_str(args, "value", BERTH_ITEM_MAX * 2, &value)) && !(rc = berth_json_set_str(v, "type", type)) &&
	    !(rc = berth_json_set_str(v, "sensitivity", sensitivity)) && !(rc = berth_json_set_str(v, "value", value)) &&
	    !(rc = berth_json_print(&plain, v)))
		rc = env->keys->ops->seal(env->keys, BERTH_NS_PROVISION, -1, plain.p, plain.len, box);
	berth_json_free(v);
	berth_buf_free(&plain);
	berth_buf_free(&bytes);
	return rc;
}

/* Of an item that counts: its name, and what is sealed. */
typedef enum berth_err row_fn(void *arg, const char *id, const uint8_t *box, size_t len);

struct walk {
	struct berth_env *env;
	const struct berth_instance *inst;
	char scopes[3][OWNER_SCOPE_LEN];	/* the nearest first */
	size_t at;
	row_fn *fn;
	void *arg;
};

static enum berth_err describe(struct berth_json *out, const char *id, const struct berth_json *item, const struct berth_buf *bytes)
{
	const char *type, *sensitivity = "public";
	uint8_t h[32];
	enum berth_err rc;

	berth_sha256(h, bytes->p, bytes->len);
	if ((rc = berth_json_req_str(item, "type", 63, &type)) ||
	    (rc = berth_json_opt_str(item, "sensitivity", 31, &sensitivity)) ||
	    (rc = berth_json_set_str(out, "id", id)) || (rc = berth_json_set_str(out, "type", type)) ||
	    (rc = berth_json_set_int(out, "seq", berth_data_int(item, "seq", 0))) ||
	    (rc = berth_json_set_int(out, "size", (int64_t)bytes->len)) ||
	    (rc = berth_json_set_str(out, "sensitivity", sensitivity)))
		return rc;
	return berth_json_set_b64url(out, "sha256", h, 32);
}

/* What is provided for fewer devices stands before what is provided for more. */
static enum berth_err look_nearer(const struct walk *w, const char *id, bool *found)
{
	struct berth_records *r = w->env->records;
	enum berth_err rc = BERTH_OK;
	char key[160];

	*found = false;
	for (size_t i = 0; i < w->at && !rc && !*found; i++) {
		struct berth_buf v = BERTH_BUF_INIT;

		snprintf(key, sizeof(key), "%s/%s", w->scopes[i], id);
		rc = r->get(r, BERTH_NS_PROVISION, key, &v);
		*found = rc == BERTH_OK;
		rc = rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
		berth_buf_free(&v);
	}
	return rc;
}

static enum berth_err one_row(void *arg, const char *key, const uint8_t *value, size_t len)
{
	const struct walk *w = arg;
	const char *slash = strchr(key, '/');
	bool nearer = false;
	enum berth_err rc = slash ? look_nearer(w, slash + 1, &nearer) : BERTH_OK;

	return rc || !slash || nearer ? rc : w->fn(w->arg, slash + 1, value, len);
}

/* The widest first, as ever. */
static enum berth_err each_row(struct berth_env *env, const struct berth_instance *inst, row_fn *fn, void *arg)
{
	struct walk w = { .env = env, .inst = inst, .fn = fn, .arg = arg };
	const char *model = berth_data_str(inst->data, "model");
	char prefix[OWNER_SCOPE_LEN + 1];
	enum berth_err rc = BERTH_OK;

	snprintf(w.scopes[0], OWNER_SCOPE_LEN, "%s", inst->key);
	owner_scope_of_model(w.scopes[1], model ? model : "");
	snprintf(w.scopes[2], OWNER_SCOPE_LEN, OWNER_SCOPE_ALL);
	for (size_t i = 3; !rc && i-- > 0;) {
		w.at = i;
		snprintf(prefix, sizeof(prefix), "%s/", w.scopes[i]);
		rc = env->records->each_under(env->records, BERTH_NS_PROVISION, prefix, one_row, &w);
	}
	return rc;
}

struct opening { struct berth_env *env; owner_item_fn *fn; void *arg; };

static enum berth_err open_row(void *arg, const char *id, const uint8_t *box, size_t len)
{
	const struct opening *o = arg;
	struct berth_json *v = NULL, *body = berth_json_new_object();
	struct berth_buf bytes = BERTH_BUF_INIT, plain = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = o->env->keys->ops->unseal(o->env->keys, BERTH_NS_PROVISION, -1, box, len, &plain)) &&
	    !(rc = berth_json_parse_object(&v, (const char *)plain.p, plain.len, BERTH_JSON_MAX)) &&
	    !(rc = berth_body_get_b64(v, "value", BERTH_ITEM_MAX, &bytes)) && !(rc = describe(body, id, v, &bytes)))
		rc = o->fn(o->arg, body, &bytes);
	berth_json_free(v);
	berth_json_free(body);
	berth_buf_free(&bytes);
	berth_buf_free(&plain);
	return rc;
}

enum berth_err owner_items_each(struct berth_env *env, const struct berth_instance *inst, owner_item_fn *fn, void *arg)
{
	struct opening o = { env, fn, arg };

	return each_row(env, inst, open_row, &o);
}

/* ---- taken first, and opened later ---- */
static enum berth_err too_many(void) { return berth_fail(BERTH_E_QUOTA, "more than %d items", BERTH_ITEMS_MAX); }

static enum berth_err take_row(void *arg, const char *id, const uint8_t *box, size_t len)
{
	struct owner_items *items = arg;
	struct owner_sealed_item *to = &items->v[items->n];

	if (items->n == BERTH_ITEMS_MAX)
		return too_many();
	items->n++;
	berth_buf_str(&to->id, id);
	berth_buf_put(&to->box, box, len);
	return to->id.bad ? berth_buf_status(&to->id) : berth_buf_status(&to->box);
}

enum berth_err owner_items_take(struct berth_env *env, const struct berth_instance *inst, struct owner_items *items)
{
	const struct berth_keys_ops *ops = env->keys->ops;
	enum berth_err rc = each_row(env, inst, take_row, items);

	for (size_t i = 0; !rc && ops->unseal_ahead && i < items->n; i++)
		ops->unseal_ahead(env->keys, BERTH_NS_PROVISION, -1, items->v[i].box.p, items->v[i].box.len);
	return rc;
}

enum berth_err owner_items_open(struct berth_env *env, struct owner_items *items, owner_item_fn *fn, void *arg)
{
	struct opening o = { env, fn, arg };
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < items->n; i++)
		rc = open_row(&o, berth_buf_cstr(&items->v[i].id), items->v[i].box.p, items->v[i].box.len);
	return rc;
}

void owner_items_free(struct owner_items *items)
{
	while (items->n) {
		struct owner_sealed_item *last = &items->v[--items->n];

		berth_buf_free(&last->id);
		berth_buf_free(&last->box);
	}
}

/* ---- */
enum berth_err owner_item_announce(struct berth_json *list, const struct berth_json *announced)
{
	if (berth_json_len(list) == BERTH_ITEMS_MAX)
		return too_many();
	return berth_json_push(list, berth_json_clone(announced));
}

static enum berth_err announce_one(void *arg, const struct berth_json *announced, const struct berth_buf *bytes)
{
	(void)bytes;
	return owner_item_announce(arg, announced);
}

enum berth_err owner_items_announce(struct berth_env *env, const struct berth_instance *inst, struct berth_json *list)
{
	return list ? owner_items_each(env, inst, announce_one, list) : berth_no_memory();
}

enum berth_err owner_item_attach(struct berth_send *s, const struct berth_buf *bytes)
{
	return berth_message_attach_bytes(&s->msg, "item", "application/octet-stream", bytes->p, bytes->len);
}

/* ---- the operator's words ---- */
static enum berth_err check_room(struct berth_env *env, const struct berth_instance *inst, const char *id)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = owner_items_announce(env, inst, list);
	bool there = false;

	berth_json_each(item, list)
		there |= berth_json_says(berth_json_get(item, "id"), id);
	if (!rc && !there && berth_json_len(list) == BERTH_ITEMS_MAX)
		rc = berth_fail(BERTH_E_QUOTA, "more than %d items for a device", BERTH_ITEMS_MAX);
	berth_json_free(list);
	return rc;
}

static enum berth_err check_ours(const struct berth_instance *inst)
{
	if (inst->state == OW_TRANSFERRED || inst->state == OW_RETIRED)
		return berth_fail(BERTH_E_AUTHZ, "device %s is not ours any more", berth_data_str(inst->data, "serial"));
	return BERTH_OK;
}

/* args: {"id", "type", "sensitivity"?, "value": base64url, "confirmWithin"?, "confirmBy"?};
 * sealed at rest */
enum berth_err owner_provision(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_buf box = BERTH_BUF_INIT;
	const char *id = berth_data_str(ev->args, "id"), *type = berth_data_str(ev->args, "type");
	char key[160];
	enum berth_err rc;

	if ((rc = check_ours(inst)) || (rc = owner_note_change(env, inst, fx, ev->args)) ||
	    (rc = owner_item_seal(env, ev->args, &box)) || (rc = check_room(env, inst, id)))
		goto out;
	snprintf(key, sizeof(key), "%s/%s", inst->key, id);
	rc = berth_effects_put(fx, BERTH_NS_PROVISION, key, box.p, box.len);
	berth_effects_audit(fx, "item %s (%s) provided for %s", id, type, inst->key);
out:
	berth_buf_free(&box);
	return rc;
}

/* args: {"id", ...}: it is provided for this device no more.  E_NOMATCH: it was not. */
enum berth_err owner_withdraw(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_buf v = BERTH_BUF_INIT;
	const char *id;
	char key[160];
	enum berth_err rc;

	if ((rc = check_ours(inst)) || (rc = berth_json_req_str(ev->args, "id", 63, &id)))
		return rc;
	snprintf(key, sizeof(key), "%s/%s", inst->key, id);
	if ((rc = env->records->get(env->records, BERTH_NS_PROVISION, key, &v)) == BERTH_E_NOMATCH)
		rc = berth_fail(BERTH_E_NOMATCH, "no item %s is provided for this device alone", id);
	berth_buf_free(&v);
	if (rc || (rc = owner_note_change(env, inst, fx, ev->args)))
		return rc;
	berth_effects_audit(fx, "item %s is provided for %s no more", id, inst->key);
	return berth_effects_remove(fx, BERTH_NS_PROVISION, key);
}

/* What is provided for its model, or for all, has changed. */
enum berth_err owner_reprovision(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	return owner_note_change(env, inst, fx, ev->args);
}

/* ---- what devices make of it, after M11 ---- */
/* One word for each item, so that a device can say no more of them than it may have. */
enum berth_err owner_on_item_result(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *results = berth_data_obj(inst->data, "results");
	const char *id, *status, *reason = "";
	enum berth_err rc;

	(void)env;
	if ((rc = owner_check_device(inst, ev)) || (rc = berth_json_req_str(ev->in->msg.body, "id", 63, &id)) ||
	    (rc = berth_json_req_str(ev->in->msg.body, "status", 15, &status)) ||
	    (rc = berth_json_opt_str(ev->in->msg.body, "reason", 64, &reason)))
		return rc;
	if (!berth_json_get(results, id) && berth_json_len(results) >= BERTH_ITEMS_MAX)
		return berth_fail(BERTH_E_QUOTA, "results for more than %d items", BERTH_ITEMS_MAX);
	berth_effects_audit(fx, "device %s: item %s %s %s", berth_data_str(inst->data, "serial"), id, status, reason);
	return berth_json_set_str(results, id, status);
}
