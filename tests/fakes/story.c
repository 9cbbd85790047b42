/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/story.h"

#include "agent/protocol/credentials.h"
#include "did/codec/base64url.h"
#include "did/url.h"

#define ROLE(...) (const struct berth_machine *const[]){ __VA_ARGS__, &berth_ping_machine, &berth_problem_machine, &berth_discover_machine }

static struct story *now;

static void identities(struct story *s)
{
	unsigned owner = BERTH_PURPOSE_BIT(BERTH_SIGN_OWNER_PROOF) | BERTH_PURPOSE_BIT(BERTH_SIGN_VC) |
			 BERTH_PURPOSE_BIT(BERTH_SIGN_RV_BLOB);

	CHECK_OK(berth_agent_make_signer(s->factory->agent, BERTH_ID_ISSUER, BERTH_KEY_ED25519, BERTH_PURPOSE_BIT(BERTH_SIGN_VC)));
	CHECK_OK(berth_agent_make_signer(s->factory->agent, BERTH_ID_ROOT, BERTH_KEY_ED25519, BERTH_PURPOSE_BIT(BERTH_SIGN_VC)));
	CHECK_OK(berth_agent_make_identity(s->factory->agent, BERTH_ID_MAKER, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, 0, true));
	CHECK_OK(berth_agent_make_identity(s->rendezvous->agent, BERTH_ID_RENDEZVOUS, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, 0, true));
	CHECK_OK(berth_agent_make_identity(s->owner->agent, BERTH_ID_OWNER, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, owner, true));
}

const struct berth_identity *story_identity(struct sim_node *n, const char *name)
{
	struct berth_env *env = berth_agent_env(n->agent);
	const struct berth_identity *id = env->identity(env, name);

	assert_non_null(id);
	return id;
}

void story_cast(struct story *s)
{
	struct sim *w = &s->w;

	sim_init(w);
	now = s;
	s->factory = sim_add(w, "factory", "nng+tcp://factory.test:1", ROLE(&berth_factory_machine), 4);
	s->rendezvous = sim_add(w, "rendezvous", "nng+tcp://rv.test:1", ROLE(&berth_rendezvous_machine), 4);
	s->owner = sim_add(w, "owner", "nng+tcp://owner.test:1", ROLE(&berth_owner_machine, &berth_status_machine), 5);
	s->gateway = sim_add(w, "gateway", NULL, ROLE(&berth_gateway_machine), 4);
	s->gateway->cfg.clock_trusted = false;
	sim_on(s->factory);
	sim_on(s->rendezvous);
	sim_on(s->owner);
	identities(s);

	struct berth_rendezvous rv = { strdup(story_identity(s->rendezvous, BERTH_ID_RENDEZVOUS)->did_long), s->rendezvous->uri };

	s->factory->policy.rendezvous[0] = s->owner->policy.rendezvous[0] = rv;
	s->factory->policy.n_rendezvous = s->owner->policy.n_rendezvous = 1;
	s->owner->policy.issuers[s->owner->policy.n_issuers++] = strdup(story_identity(s->factory, BERTH_ID_ISSUER)->did);
	s->gateway->policy.factory_did = strdup(story_identity(s->factory, BERTH_ID_MAKER)->did_long);
	s->gateway->policy.factory_uri = s->factory->uri;
	s->gateway->policy.serial = "GW-0001";
	s->gateway->policy.model = "Berth Box 1";
}

static bool born(struct sim *w)
{
	(void)w;
	return strcmp(sim_state(now->gateway, "gateway", NULL), "INITIALIZED") == 0;
}

static enum berth_err first_key(void *arg, const char *key, const struct berth_json *v)
{
	(void)v;
	snprintf(arg, 65, "%s", key);
	return BERTH_OK;
}

void story_birth(struct story *s)
{
	sim_on(s->gateway);
	assert_true(sim_run(&s->w, born, 60));
	sim_off(s->gateway);
	CHECK_OK(berth_agent_each(s->factory->agent, "factory", first_key, s->device));
	assert_string_equal(sim_state(s->factory, "factory", s->device), "BORN");
}

void story_provision(struct story *s, const char *id, const char *type, const char *value)
{
	struct berth_json *args = berth_json_new_object();

	CHECK_OK(berth_json_set_str(args, "id", id));
	CHECK_OK(berth_json_set_str(args, "type", type));
	CHECK_OK(berth_json_set_b64url(args, "value", value, strlen(value)));
	CHECK_OK(berth_agent_command(s->owner->agent, "owner", s->device, "cmd/provision", args, NULL));
	berth_json_free(args);
}

static bool published(struct sim *w)
{
	(void)w;
	return strcmp(sim_state(now->owner, "owner", now->device), "PUBLISHED") == 0;
}

enum berth_err story_import(struct sim_node *owner, const struct berth_json *package, const char *receipt,
			    struct berth_json **result)
{
	struct berth_json *args = berth_json_new_object();
	char key[65];
	enum berth_err rc;

	sim_as(owner);
	CHECK_OK(berth_owner_key(package, key));
	CHECK_OK(berth_json_set(args, "chain", berth_json_clone(package)));
	if (receipt)
		CHECK_OK(berth_json_set_str(args, "receipt", receipt));
	rc = berth_agent_command(owner->agent, "owner", key, "cmd/import", args, result);
	berth_json_free(args);
	return rc;
}

struct berth_json *story_chain(struct story *s)
{
	struct berth_json *args = berth_json_new_object(), *chain = NULL;
	char key[65];

	CHECK_OK(berth_json_set_str(args, "to", story_identity(s->owner, BERTH_ID_OWNER)->did_long));
	CHECK_OK(berth_agent_command(s->factory->agent, "factory", s->device, "cmd/sell", args, &chain));
	berth_json_free(args);
	CHECK_OK(berth_owner_key(chain, key));
	assert_string_equal(key, s->device);
	return chain;
}

void story_sale(struct story *s)
{
	struct berth_json *chain = story_chain(s);

	CHECK_OK(story_import(s->owner, chain, NULL, NULL));
	berth_json_free(chain);
	assert_true(sim_run(&s->w, published, 60));
	story_provision(s, "wifi", "network", "ssid=plant psk=correct horse");
	story_provision(s, "app.conf", "config", "interval = 5\n");
}

bool story_operational(struct sim *w)
{
	(void)w;
	return strcmp(sim_state(now->gateway, "gateway", NULL), "OPERATIONAL") == 0 &&
	       strcmp(sim_state(now->owner, "owner", now->device), "ACTIVE") == 0;
}

void story_start(struct story *s)
{
	story_birth(s);
	story_sale(s);
	sim_on(s->gateway);
}

void story_begin(struct story *s)
{
	story_cast(s);
	story_start(s);
}

static struct sim_node *watched;
static const char *wanted;

static bool reached(struct sim *w)
{
	(void)w;
	return strcmp(story_state(now, watched), wanted) == 0;
}

bool story_run_to(struct story *s, struct sim_node *n, const char *state)
{
	(void)s;
	watched = n;
	wanted = state;
	return sim_run_steps(&s->w, reached, 7200);
}

const char *story_state(struct story *s, struct sim_node *n)
{
	return n == s->gateway ? sim_state(n, "gateway", NULL)
	     : n == s->owner ? sim_state(n, "owner", s->device) : sim_state(n, "factory", s->device);
}

bool story_quiet(struct sim *w)
{
	struct berth_store_counts c;

	for (size_t i = 0; i < w->n; i++) {
		if (!w->node[i].agent)
			continue;
		CHECK_OK(berth_store_counts(w->node[i].store, &c));
		if (c.out)
			return false;
	}
	return true;
}

bool story_settled(struct sim *w) { return story_operational(w) && story_quiet(w); }

void story_settle(struct story *s)
{
	if (sim_run(&s->w, story_settled, STORY_LIMIT_S))
		return;
	print_error("the gateway is %s, ", story_state(s, s->gateway));
	fail_msg("the owner is %s", story_state(s, s->owner));
}

void story_in_use(struct story *s)
{
	story_begin(s);
	story_settle(s);
}

struct berth_json *story_data(struct story *s, struct sim_node *n)
{
	struct berth_json *v = NULL, *data;

	sim_as(n);
	CHECK_OK(n == s->gateway ? berth_agent_instance(n->agent, "gateway", NULL, &v)
				 : berth_agent_instance(n->agent, "owner", s->device, &v));
	data = berth_json_clone(berth_json_get(v, "data"));
	assert_non_null(data);
	berth_json_free(v);
	return data;
}

struct search { const char *text; int n; };

static enum berth_err search_one(void *arg, int64_t seq, int64_t time_s, const char *event, const char *detail,
				 const uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	struct search *s = arg;

	(void)seq;
	(void)time_s;
	(void)event;
	(void)hash;
	s->n += strstr(detail, s->text) != NULL;
	return BERTH_OK;
}

int story_audit(struct sim_node *n, const char *text)
{
	struct search s = { text, 0 };

	CHECK_OK(berth_store_audit_each(n->store, 0, search_one, &s));
	return s.n;
}

/* ---- the end of the story ---- */
struct item { struct sim_node *n; const char *slot; int count; };

static enum berth_err check_item(void *arg, const char *key, const uint8_t *p, size_t len)
{
	struct item *it = arg;
	bool wifi = strcmp(key, "wifi") == 0;
	const char *want = wifi ? "ssid=plant psk=correct horse" : "interval = 5\n";
	struct berth_buf plain = BERTH_BUF_INIT, value = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	char label[80];

	if (!wifi)
		assert_string_equal(key, "app.conf");
	snprintf(label, sizeof(label), "item/%s", key);
	CHECK_OK(it->n->keys->ops->unseal(it->n->keys, label, 0, p, len, &plain));
	CHECK_OK(berth_json_parse_object(&v, (const char *)plain.p, plain.len, BERTH_JSON_MAX));
	CHECK_OK(berth_body_get_b64(v, "value", 4096, &value));
	assert_string_equal(berth_buf_cstr(&value), want);
	berth_json_free(v);
	berth_buf_free(&plain);
	berth_buf_free(&value);
	it->count++;
	return BERTH_OK;
}

static void check_items(struct story *s, const char *active)
{
	const char *names[] = { "a", "b" };

	for (int i = 0; i < 2; i++) {
		struct item it = { s->gateway, names[i], 0 };
		char ns[16];

		snprintf(ns, sizeof(ns), "item-%s", names[i]);
		CHECK_OK(berth_store_each(s->gateway->store, ns, NULL, check_item, &it));
		assert_int_equal(it.count, strcmp(active, names[i]) == 0 ? 2 : 0);
	}
}

static int64_t counter(struct sim_node *n, const char *name)
{
	uint64_t device;
	bool protected_;
	int64_t v;

	CHECK_OK(berth_store_counter_get(n->store, name, &v));
	if (strcmp(name, "generation") == 0) {
		CHECK_OK(n->keys->ops->counter_read(n->keys, BERTH_COUNTER_GENERATION, &device, &protected_));
		assert_int_equal(device, v);
	}
	return v;
}

/* Of all identities of that kind that were ever tried, the active one's keys are left;
 * it is one of `count`. */
static void check_keys(struct sim_node *n, const char *kind, const char *active, size_t count)
{
	size_t len = active ? strlen(active) : 0;
	struct berth_key_info info;
	int64_t doomed;

	for (size_t i = 0; i < berth_keystore_count(n->ks); i++) {
		CHECK_OK(berth_keystore_at(n->ks, i, &info));
		if (strncmp(info.name, kind, strlen(kind)) == 0 &&
		    (!active || strncmp(info.name, active, len) != 0 || info.name[len] != '-'))
			fail_msg("key %s is an orphan beside %s", info.name, active ? active : "none");
	}
	CHECK_OK(berth_store_count(n->store, "doomed", &doomed));
	assert_int_equal(doomed, 0);
	assert_int_equal(berth_agent_identity_count(n->agent), count);
}

char *story_credential(struct story *s)
{
	struct berth_credential c;
	char *copy;

	sim_as(s->gateway);
	CHECK_OK(berth_credential_own(berth_agent_env(s->gateway->agent), &c));
	copy = strdup(c.text);
	berth_credential_free(&c);
	return copy;
}

void story_check_credential(struct story *s)
{
	struct berth_json *o = story_data(s, s->owner);
	struct berth_hash ours, theirs;
	char *compact = story_credential(s);

	berth_object_hash(&ours, compact, strlen(compact));
	CHECK_OK(berth_body_get_32(berth_json_get(o, "credential"), "sha256", theirs.b));
	assert_memory_equal(ours.b, theirs.b, sizeof(ours.b));
	free(compact);
	berth_json_free(o);
}

void story_check_end(struct story *s, int runs)
{
	struct berth_json *g = story_data(s, s->gateway), *o = story_data(s, s->owner);
	const struct berth_json *active = berth_json_get(g, "active");
	int64_t threads;

	assert_string_equal(sim_state(s->gateway, "gateway", NULL), "OPERATIONAL");
	assert_string_equal(sim_state(s->owner, "owner", s->device), "ACTIVE");
	assert_true(berth_did_same(berth_data_str(active, "owner"), story_identity(s->owner, BERTH_ID_OWNER)->did));
	assert_true(berth_did_same(berth_data_str(active, "did"), berth_data_str(o, "operationalDid")));
	story_check_credential(s);
	assert_null(berth_json_get(g, "run"));
	assert_null(berth_json_get(g, "offer"));
	assert_null(berth_json_get(o, "run"));
	assert_null(berth_json_get(o, "issued"));
	check_items(s, berth_data_str(active, "slot"));
	const char *us = berth_data_str(berth_json_get(o, "us"), "identity");

	check_keys(s->gateway, "op-", berth_data_str(active, "identity"), 2);	/* and the factory's */
	check_keys(s->owner, "to-", us, us ? 2 : 1);
	assert_int_equal(story_audit(s->gateway, "operational: "), 1);
	assert_int_equal(story_audit(s->owner, " committed"), 1);
	assert_int_equal(story_audit(s->owner, " is active"), 1);
	assert_int_equal(story_audit(s->owner, "operational credential issued"), runs);
	/* birth, commit and switch at least; every other state as far as a day allows */
	assert_in_range(counter(s->gateway, "generation"), 3, 24 + 3);
	assert_in_range(counter(s->owner, "generation"), 1, 24);	/* commits and renewals */
	CHECK_OK(berth_store_count(s->owner->store, BERTH_NS_THREAD, &threads));
	assert_int_equal(threads, 0);
	for (size_t i = 0; i < s->w.n; i++) {
		int64_t rows;

		CHECK_OK(berth_store_audit_verify(s->w.node[i].store, &rows));
	}
	berth_json_free(g);
	berth_json_free(o);
}

struct dump { struct berth_buf *out; const char *ns; };

static enum berth_err dump_one(void *arg, const char *key, const uint8_t *p, size_t n)
{
	struct dump *d = arg;

	berth_buf_printf(d->out, "\n%s %s ", d->ns, key);
	berth_buf_put(d->out, p, n);
	return BERTH_OK;
}

void story_dump(struct story *s, struct berth_buf *out)
{
	static const char *const spaces[] = { "gateway", "gateway-dc", "operational", "owner", "owner-package", "factory", "rendezvous", "identity", "peer", "known",
		"poll", "thread", "provision", "doomed", "taken", "registration", "status", "status-lists", "item-a", "item-b", "pong", "ping", "problem" };

	for (size_t i = 0; i < s->w.n; i++) {
		struct sim_node *n = &s->w.node[i];
		struct berth_store_counts c;
		uint8_t head[BERTH_AUDIT_HASH_LEN];
		int64_t seq, generation;

		for (size_t k = 0; k < sizeof(spaces) / sizeof(spaces[0]); k++)
			CHECK_OK(berth_store_each(n->store, spaces[k], NULL, dump_one, &(struct dump){ out, spaces[k] }));
		CHECK_OK(berth_store_counts(n->store, &c));
		CHECK_OK(berth_store_audit_head(n->store, &seq, head));
		CHECK_OK(berth_store_counter_get(n->store, "generation", &generation));
		berth_buf_printf(out, "\n%s: out %lld records %lld audit %lld generation %lld\n", n->name, (long long)c.out,
				 (long long)c.records, (long long)seq, (long long)generation);
	}
	CHECK_OK(berth_buf_status(out));
}

void story_end(struct story *s)
{
	free((char *)s->owner->policy.rendezvous[0].did);
	free((char *)s->owner->policy.issuers[0]);
	free((char *)s->gateway->policy.factory_did);
	sim_free(&s->w);
}

const char *story_operational_did(struct story *s)
{
	static char did[512];
	struct berth_json *data = story_data(s, s->gateway);
	const char *text = berth_data_str(berth_json_get(data, "active"), "did");

	snprintf(did, sizeof(did), "%s", text ? text : "");
	berth_json_free(data);
	return did;
}

void story_rotate(struct story *s)
{
	sim_as(s->gateway);
	CHECK_OK(berth_agent_command(s->gateway->agent, "gateway", NULL, "cmd/rotate", NULL, NULL));
}

bool story_rotated(struct story *s, const char *before)
{
	return story_settled(&s->w) && !berth_did_same(story_operational_did(s), before);
}

void story_prove_renewal(struct story *s, struct berth_json *m)
{
	struct berth_json *data = story_data(s, s->gateway), *body = berth_json_get_mut(m, "body");
	const struct berth_json *renewal = berth_json_get(data, "renewal");
	struct berth_run run = { .epoch = 0 };
	struct berth_buf proof = BERTH_BUF_INIT;

	snprintf(run.thid, sizeof(run.thid), "%s", berth_data_str(renewal, "thid"));
	snprintf(run.peer, sizeof(run.peer), "%s", berth_data_str(berth_json_get(data, "active"), "owner"));
	CHECK_OK(berth_body_get_32(body, "deviceHash", run.device_hash.b));
	CHECK_OK(berth_body_get_32(data, "tip", run.tip.b));
	CHECK_OK(berth_body_get_32(body, "nonce", run.nonce_d));
	berth_json_remove(body, "proof");
	CHECK_OK(berth_run_prove(berth_agent_env(s->gateway->agent), &run, BERTH_SIGN_DEVICE_PROOF,
				 story_identity(s->gateway, berth_data_str(renewal, "identity")), run.peer, 0, NULL, body, &proof));
	CHECK_OK(berth_json_set_str(body, "proof", berth_buf_cstr(&proof)));
	berth_buf_free(&proof);
	berth_json_free(data);
}
