/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/forge.h"

#include "agent/ipc/frame.h"
#include "did/url.h"
#include "tests/fakes/tap.h"

static const struct berth_machine *const owner_role[] = { &berth_owner_machine, &berth_ping_machine, &berth_problem_machine,
	&berth_status_machine };

struct sim_node *forge_mallory(struct story *s, const char *name, const char *uri)
{
	unsigned purposes = BERTH_PURPOSE_BIT(BERTH_SIGN_OWNER_PROOF) | BERTH_PURPOSE_BIT(BERTH_SIGN_VC) |
			    BERTH_PURPOSE_BIT(BERTH_SIGN_RV_BLOB);
	struct sim_node *n = sim_add(&s->w, name, uri, owner_role, 4);

	sim_on(n);
	CHECK_OK(berth_agent_make_identity(n->agent, BERTH_ID_OWNER, BERTH_KEY_ED25519, BERTH_KEY_P256, purposes, true));
	n->policy.rendezvous[0] = s->owner->policy.rendezvous[0];
	n->policy.n_rendezvous = 1;
	n->policy.issuers[0] = s->owner->policy.issuers[0];
	n->policy.n_issuers = 1;
	return n;
}

/* ---- messages ---- */
static const char *from_prior;

void forge_from_prior(const char *jwt) { from_prior = jwt; }

static void pack(const struct forge_say *say, struct berth_json *body, struct berth_buf *out)
{
	struct berth_env *env = berth_agent_env(say->from->agent);
	const struct berth_identity *id = say->identity ? story_identity(say->from, say->identity) : NULL;
	struct berth_effects fx = { .state = BERTH_STATE_STAY };
	struct berth_send *m;
	char type[BERTH_MESSAGE_TYPE_MAX];

	snprintf(type, sizeof(type), "%s%s", strchr(say->name, ':') ? "" : BERTH_PIURI_ONBOARDING, say->name);
	CHECK_OK(berth_effects_send(env, &fx, id, say->to_did, NULL, type, say->thid, body, &m));
	if (say->pthid)
		CHECK_OK(berth_json_set_str(m->msg.json, "pthid", say->pthid));
	if (from_prior)
		CHECK_OK(berth_json_set_str(m->msg.json, "from_prior", from_prior));
	if (id)
		CHECK_OK(berth_json_set_str(m->msg.json, "return_route", "all"));

	struct berth_pack p = { .mode = say->plaintext ? BERTH_PACK_PLAINTEXT : m->mode, .to = m->to, .from = m->msg.from,
		.resolver = env->resolver, .keyring = say->from->keys->keyring };

	CHECK_OK(berth_pack(out, &p, &m->msg));
	berth_effects_free(&fx);
}

void forge_say(const struct forge_say *say, struct berth_json *body)
{
	struct berth_buf packed = BERTH_BUF_INIT;

	sim_as(say->from);
	CHECK_OK(berth_store_begin(say->from->store));
	pack(say, body, &packed);
	berth_store_rollback(say->from->store);
	berth_buf_reset(&say->to->w->answer);
	sim_inject_envelope(say->to, &packed);
	berth_buf_free(&packed);
}

size_t forge_answers(struct story *s)
{
	struct berth_frame_reply r;

	CHECK_OK(berth_frame_reply_decode(&r, s->w.answer.p, s->w.answer.len));
	return r.n_msgs;
}

/* ---- chains ---- */
struct berth_json *forge_package(struct story *s, struct sim_node *owner)
{
	struct berth_json *out;

	sim_as(owner);
	CHECK_OK(berth_agent_apart(owner->agent, &berth_owner_machine, s->device, &out));
	return out;
}

static char *device_credential(struct story *s)
{
	struct berth_json *v = NULL;
	char *dc;

	sim_as(s->factory);
	CHECK_OK(berth_agent_instance(s->factory->agent, "factory", s->device, &v));
	dc = strdup(berth_data_str(berth_json_get(v, "data"), "dc"));
	berth_json_free(v);
	return dc;
}

struct berth_json *forge_sale(struct story *s, const struct berth_json *package, struct sim_node *by,
			      const char *identity, const struct berth_identity *to, forge_change_fn *change)
{
	char *dc = device_credential(s);
	struct berth_device_credential parsed;
	struct berth_ownership oc = { .transferable = true, .issued_s = by->now_s };
	struct berth_buf compact = BERTH_BUF_INIT;
	const char *entries[BERTH_CHAIN_ENTRIES_MAX];
	struct berth_json *out;
	size_t n = 0;

	sim_as(by);
	berth_json_each(e, berth_json_get(package, "entries"))
		entries[n++] = berth_json_str(e);
	CHECK_OK(berth_device_credential_parse(&parsed, dc, strlen(dc)));
	oc.device = parsed.factory_did;
	oc.device_credential = parsed.obj.hash;
	oc.seq = (int64_t)n;
	oc.has_prev = n > 0;
	if (n)
		berth_object_hash(&oc.prev, entries[n - 1], strlen(entries[n - 1]));
	oc.next_owner.did = to->did_long;
	CHECK_OK(berth_kid_thumbprint(oc.next_owner.jkt, berth_agent_env(by->agent)->resolver, to->sign_kid_long));
	if (change)
		change(&oc);
	CHECK_OK(berth_ownership_build(&compact, by->keys->keyring, story_identity(by, identity)->sign_kid, &oc));
	entries[n++] = berth_buf_cstr(&compact);
	CHECK_OK(berth_chain_build_json(&out, dc, entries, n, NULL, NULL));
	berth_object_free(&parsed.obj);
	berth_buf_free(&compact);
	free(dc);
	return out;
}

struct berth_json *forge_answer(struct story *s, const struct berth_json *package, struct sim_node *by,
				const char *identity, int64_t reg_no, int64_t exp_s)
{
	struct berth_chain *c = NULL;
	struct berth_rv_blob b = { .reg_no = reg_no, .exp_s = exp_s };
	struct berth_buf compact = BERTH_BUF_INIT;
	struct berth_json *out = berth_json_new_object();
	const struct berth_ownership *tip;

	(void)s;
	sim_as(by);
	CHECK_OK(berth_chain_from_json(&c, berth_json_clone(package)));
	tip = &c->oc[c->n - 1];
	b.tip = tip->obj.hash;
	b.seq = tip->seq;
	b.epoch = tip->epoch;
	b.owner_did = tip->next_owner.did;
	b.endpoints[b.n_endpoints++] = by->uri;
	CHECK_OK(berth_device_hash(&b.device_hash, c->dc.factory_did, b.epoch));
	CHECK_OK(berth_rv_blob_build(&compact, by->keys->keyring, story_identity(by, identity)->sign_kid, &b));
	CHECK_OK(berth_json_set_str(out, "blob", berth_buf_cstr(&compact)));
	CHECK_OK(berth_json_set(out, "package", berth_json_clone(package)));
	CHECK_OK(berth_json_set_int(out, "regNo", reg_no));
	CHECK_OK(berth_json_set_int(out, "exp", exp_s));
	berth_chain_free(c);
	berth_buf_free(&compact);
	return out;
}

/* ---- the rendezvous' book ---- */
struct book { char key[129]; struct berth_json *tips; };

static enum berth_err first_record(void *arg, const char *key, const uint8_t *p, size_t n)
{
	struct book *b = arg;
	struct berth_json *v = NULL;

	snprintf(b->key, sizeof(b->key), "%s", key);
	CHECK_OK(berth_json_parse_object(&v, (const char *)p, n, BERTH_JSON_MAX));
	b->tips = berth_json_clone(berth_json_get(v, "tips"));
	berth_json_free(v);
	return BERTH_OK;
}

struct berth_json *forge_held(struct story *s)
{
	struct book b = { .tips = NULL };

	CHECK_OK(berth_store_each(s->rendezvous->store, "registration", NULL, first_record, &b));
	assert_non_null(b.tips);
	return b.tips;
}

void forge_registrations(struct story *s, struct berth_json *answers)
{
	struct book b = { .tips = NULL };
	struct berth_json *v = berth_json_new_object();
	struct berth_buf text = BERTH_BUF_INIT;

	CHECK_OK(berth_store_each(s->rendezvous->store, "registration", NULL, first_record, &b));
	berth_json_free(b.tips);
	CHECK_OK(berth_json_set(v, "tips", answers));
	CHECK_OK(berth_json_print(&text, v));
	CHECK_OK(berth_store_begin(s->rendezvous->store));
	CHECK_OK(berth_store_put(s->rendezvous->store, "registration", b.key, text.p, text.len));
	CHECK_OK(berth_store_commit(s->rendezvous->store));
	berth_json_free(v);
	berth_buf_free(&text);
}

/* ---- on the way out ---- */
static struct { const char *name; forge_edit_fn *fn; void *arg; } edit;

static void edit_one(void *arg, const struct berth_pack *p, const struct berth_message *msg)
{
	const char *slash = strrchr(msg->type, '/');

	(void)arg;
	(void)p;
	if (!edit.fn || !slash || strcmp(slash + 1, edit.name) != 0)
		return;
	forge_edit_fn *fn = edit.fn;

	edit.fn = NULL;
	fn(msg->json, edit.arg);
}

void forge_edit(const char *name, forge_edit_fn *fn, void *arg)
{
	edit.name = name;
	edit.fn = fn;
	edit.arg = arg;
	test_tap_edit(edit_one, NULL);
}

bool forge_edited(void) { return edit.fn == NULL; }

struct berth_json *forge_body(struct berth_json *message) { return berth_json_get_mut(message, "body"); }

void forge_bad_signature(struct berth_json *obj, const char *member)
{
	char *jws = strdup(berth_data_str(obj, member)), *sig = strrchr(jws, '.') + 10;

	*sig = *sig == 'A' ? 'B' : 'A';
	CHECK_OK(berth_json_set_str(obj, member, jws));
	free(jws);
}

void forge_other_epoch(struct berth_json *m, void *arg)
{
	(void)arg;
	CHECK_OK(berth_json_set_int(forge_body(m), "epoch", 1));
}

void forge_other_nonce(struct berth_json *m, void *arg)
{
	(void)arg;
	CHECK_OK(berth_json_set_str(forge_body(m), "nonce", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
}
