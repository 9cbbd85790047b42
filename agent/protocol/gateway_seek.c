/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns me?  Every rendezvous of the DeviceCredential is asked, and answers
 * (gateway_redirect.c) are waited for during a window. */
#include <string.h>

#include "agent/protocol/distrust.h"
#include "agent/protocol/gateway.h"
#include "did/base/rand.h"
#include "did/method_key.h"
#include "did/url.h"

#define BACKOFF_MAX_MS 3600000u
/* what the challenge's envelope is longer than the lookup's body without padding */
#define LOOKUP_PAD 640
#define HINTED_MAX 16		/* lookups of a round that go where hints say */

uint64_t gateway_back_off_ms(int64_t failures)
{
	uint32_t r, top = failures >= 12 ? BACKOFF_MAX_MS : 1000u << failures;

	berth_random(&r, sizeof(r));
	if (top > BACKOFF_MAX_MS)
		top = BACKOFF_MAX_MS;
	return 500 + r % top;
}

enum berth_err gateway_seek_again(struct berth_env *env, struct berth_instance *inst,
				  struct berth_effects *fx, const char *why)
{
	struct berth_json *seek = berth_data_obj(inst->data, "seek");
	const char *peer = berth_data_str(berth_json_get(inst->data, "run"), "peer");
	const char *thid = berth_data_str(berth_json_get(inst->data, "run"), "thid");
	const char *identity = berth_data_str(berth_json_get(inst->data, "offer"), "identity");
	int64_t failures = berth_data_int(seek, "failures", 0);
	enum berth_err rc;

	if ((rc = gateway_budget_note(env, inst)) || (rc = berth_json_set_int(seek, "failures", failures + 1)) ||
	    (rc = berth_json_set_bool(seek, "resting", true)) ||
	    (peer && thid && (rc = berth_effects_drop(fx, peer, thid))) ||
	    (identity && (rc = berth_effects_forget(fx, identity))) ||
	    (rc = gateway_drop_items(inst, fx, NULL)) || (rc = berth_effects_poll(fx, NULL, NULL, NULL)))
		return rc;
	berth_json_remove(inst->data, "run");
	berth_json_remove(inst->data, "offer");
	berth_json_remove(inst->data, "chain");
	berth_json_remove(inst->data, "owner");
	fx->timer_ms = gateway_back_off_ms(failures);
	fx->lasting = true;	/* who goes off and on again has failed as often, and spent as much */
	berth_effects_audit(fx, "%s", why);
	return BERTH_OK;
}

enum berth_err gateway_lookup_did(struct berth_env *env, struct berth_buf *did)
{
	struct berth_key_info info;
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	enum berth_err rc;

	if ((rc = env->keys->ops->ensure(env->keys, BERTH_KEY_LOOKUP, BERTH_AGREE_TYPE,
					 BERTH_USAGE_AGREE, 0, &info)) ||
	    (rc = berth_did_key_create(did, &info.pub)) ||
	    (rc = berth_resolve(env->resolver, berth_buf_cstr(did), &doc)))
		return rc;
	vm = berth_did_doc_nth(doc, BERTH_REL_KEY_AGREEMENT, 0);
	rc = vm ? env->keys->ops->bind(env->keys, vm->id, BERTH_KEY_LOOKUP) : berth_fail(BERTH_E_INTERNAL, "lookup key");
	berth_did_doc_free(doc);
	return rc;
}

static enum berth_err set_pad(struct berth_json *body)
{
	char pad[LOOKUP_PAD + 1];

	memset(pad, '.', LOOKUP_PAD);
	pad[LOOKUP_PAD] = '\0';
	return berth_json_set_str(body, "pad", pad);
}

enum berth_err
gateway_set_device(struct berth_json *body, const struct berth_instance *inst, const struct berth_identity *id)
{
	struct berth_hash device;
	uint8_t root[32];
	enum berth_err rc;

	if ((rc = berth_device_hash(&device, id->did, berth_data_int(inst->data, "epoch", 0))) ||
	    (rc = berth_body_get_32(inst->data, "rootHash", root)) ||
	    (rc = berth_json_set_b64url(body, "deviceHash", device.b, 32)))
		return rc;
	return berth_json_set_b64url(body, "rootHash", root, 32);
}

/* Which of the rendezvous was asked, and where; "from": where the DeviceCredential says. */
static enum berth_err note_lookup(struct berth_json *lookups, const struct berth_send *s, size_t i, const char *from)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_int(v, "rv", (int64_t)i)) && !(rc = berth_json_set_str(v, "did", s->to)) &&
	    !(rc = berth_json_set_str(v, "from", from)))
		rc = berth_json_set_str(v, "uri", s->uri);
	return berth_json_set_made(lookups, s->msg.id, v, rc);
}

/* What the lookups of a round have in common. */
struct round {
	struct berth_env *env;
	struct berth_instance *inst;
	struct berth_effects *fx;
	const struct berth_device_credential *dc;
	struct berth_json *lookups;
	const char *reply_to;
};

static enum berth_err send_lookup(const struct round *r, size_t i, const char *uri)
{
	struct berth_env *env = r->env;
	const struct berth_rv *rv = &r->dc->rv[i];
	const struct berth_identity *id = env->identity(env, BERTH_ID_FACTORY);
	struct berth_json *body = berth_json_new_object();
	struct berth_send *s;
	enum berth_err rc;

	if ((rc = env->learn(env, rv->did)) || (rc = gateway_set_device(body, r->inst, id)) ||
	    (rc = berth_json_set_str(body, "replyTo", r->reply_to)) || (rc = set_pad(body))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_effects_send(env, r->fx, NULL, rv->did, uri, BERTH_PIURI_RENDEZVOUS "lookup", NULL, body, &s)))
		return rc;
	s->ephemeral = true;
	return note_lookup(r->lookups, s, i, rv->uri);
}

static bool all_distrusted(const struct berth_json *notes, const struct berth_device_credential *dc)
{
	for (size_t i = 0; i < dc->n_rv; i++)
		if (!berth_distrusted(notes, dc->rv[i].uri))
			return false;
	return true;
}

/* The rendezvous with index i is asked where the DeviceCredential says. */
static enum berth_err ask(const struct round *r, struct berth_json *notes, bool all, size_t i)
{
	const char *uri = r->dc->rv[i].uri;

	if (!all && berth_distrusted(notes, uri))
		return berth_distrust_decay(notes, uri);
	return send_lookup(r, i, uri);
}

static bool has_did_before(const struct berth_device_credential *dc, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (berth_did_same(dc->rv[k].did, dc->rv[i].did))
			return true;
	return false;
}

/* And where the network says, in the same round: a hint that is right finds the owner
 * although the other address is dead, and one that is wrong costs a lookup.  Whoever sits
 * out does so at every address. */
static enum berth_err
ask_hinted(const struct round *r, const struct berth_json *notes, bool all, const struct gateway_hints *h)
{
	size_t asked = 0;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < r->dc->n_rv; i++) {
		const struct berth_rv *rv = &r->dc->rv[i];
		const char *uri;

		if (has_did_before(r->dc, i) || (!all && berth_distrusted(notes, rv->uri)))
			continue;
		for (size_t at = 0; !rc && asked < HINTED_MAX && (uri = gateway_hint_next(h, rv->did, false, &at));)
			if (strcmp(uri, rv->uri) != 0) {
				rc = send_lookup(r, i, uri);
				asked++;
			}
	}
	return rc;
}

/* A round: ask everybody but those who sit out, then wait for the window. */
static enum berth_err
ask_all(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
	const struct berth_device_credential *dc)
{
	struct berth_json *seek = berth_data_obj(inst->data, "seek"), *notes = berth_data_obj(inst->data, "distrust");
	struct round r = { env, inst, fx, dc, NULL, NULL };
	struct berth_buf reply_to = BERTH_BUF_INIT;
	bool all = all_distrusted(notes, dc);
	struct gateway_hints hints;
	enum berth_err rc;

	gateway_hints_load(&hints, env);
	berth_json_remove(seek, "lookups");
	berth_json_remove(seek, "candidates");
	berth_json_remove(seek, "resting");
	berth_json_remove(seek, "answered");
	r.lookups = berth_data_obj(seek, "lookups");
	if (!(rc = gateway_lookup_did(env, &reply_to))) {
		r.reply_to = berth_buf_cstr(&reply_to);
		rc = ask_hinted(&r, notes, all, &hints);
	}
	for (size_t i = 0; !rc && i < dc->n_rv; i++)
		rc = ask(&r, notes, all, i);
	berth_buf_free(&reply_to);
	gateway_hints_free(&hints);
	fx->timer_ms = (uint64_t)env->policy->collect_s * 1000;
	return rc;
}

enum berth_err gateway_ask_rendezvous(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_device_credential dc = { 0 };
	enum berth_err rc = gateway_credential(env, inst, &dc);

	if (!rc)
		rc = ask_all(env, inst, fx, &dc);
	fx->timer_ms = 0;	/* nothing is waited for */
	berth_object_free(&dc.obj);
	return rc;
}

enum berth_err gateway_note_start(struct berth_env *env, struct berth_instance *inst)
{
	struct berth_json *o = berth_data_obj(inst->data, "onboarding");
	enum berth_err rc = berth_json_set_int(o, "startMs", (int64_t)env->mono_ms);

	return rc ? rc : berth_json_set_int(o, "startBytes", (int64_t)env->wire_bytes);
}

/* Not a word until the day is over. */
static enum berth_err rest(struct berth_instance *inst, struct berth_effects *fx, int64_t seconds)
{
	fx->timer_ms = (uint64_t)seconds * 1000;
	fx->lasting = true;
	berth_effects_audit(fx, "the day's octets for seeking are spent: resting for %lld s", (long long)seconds);
	return berth_json_set_bool(berth_data_obj(inst->data, "seek"), "resting", true);
}

enum berth_err gateway_seek(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	bool ordered = strcmp(ev->on, "cmd/onboard") == 0;	/* by a person, who may have to pay for it */
	struct berth_device_credential dc = { 0 };
	int64_t rest_s;
	enum berth_err rc;

	fx->timer_ms = gateway_back_off_ms(3);	/* if anything below fails */
	if ((rc = gateway_budget_note(env, inst)))
		return rc;
	if (!ordered && (rest_s = gateway_budget_rest_s(env, inst)) > 0)
		return rest(inst, fx, rest_s);
	if ((rc = gateway_credential(env, inst, &dc)) || (rc = gateway_note_start(env, inst)) ||
	    (rc = gateway_remind(env, inst, fx)))
		goto out;
	rc = ask_all(env, inst, fx, &dc);
	if (!rc && dc.n_rv == 0)
		fx->stop_timer = true, fx->timer_ms = 0;	/* an invitation is the only way */
out:
	berth_object_free(&dc.obj);
	return rc;
}

enum berth_err gateway_begin(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)inst;
	(void)ev;
	fx->go = true;
	berth_effects_audit(fx, "switched on: asking who owns this device");
	return BERTH_OK;
}
