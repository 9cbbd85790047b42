/* SPDX-License-Identifier: Apache-2.0 */
/* Held credentials: sealed records over a real keystore and a real store. */
#include "tests/check.h"
#include "tests/fakes/keys_local.h"
#include "tests/fakes/tmpdir.h"

#include "agent/core/store.h"
#include "agent/protocol/credentials.h"
#include "did/base/secret.h"

static char dir[TMPDIR_LEN];
static struct berth_store *store;
static struct berth_keystore *ks;
static struct berth_env env;

static enum berth_err get(struct berth_records *r, const char *ns, const char *key, struct berth_buf *value)
{
	bool found;
	enum berth_err rc = berth_store_get(store, ns, key, value, &found);

	(void)r;
	return rc || found ? rc : berth_fail(BERTH_E_NOMATCH, "no record");
}

static enum berth_err each(struct berth_records *r, const char *ns,
			   enum berth_err (*fn)(void *arg, const char *key, const uint8_t *value, size_t len), void *arg)
{
	(void)r;
	return berth_store_each(store, ns, NULL, fn, arg);
}

static struct berth_records records = { .get = get, .each = each };

static int setup(void **state)
{
	struct berth_keystore_config cfg = { 0 };
	char *pass, *uri;

	(void)state;
	berth_crypto_init();
	test_tmpdir(dir);
	pass = strdup(test_path(dir, "pass"));
	test_write_file(pass, "correct horse", 13, 0600);
	CHECK(asprintf(&uri, "soft:%s", test_path(dir, "keys")) > 0);
	cfg = (struct berth_keystore_config){ .uri = uri, .passphrase_file = pass, .create = true };
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	CHECK_OK(berth_store_open(&store, test_path(dir, "store"), true));
	env = (struct berth_env){ .keys = test_keys_local_new(ks, BERTH_CUSTODY_SEALED), .records = &records };
	free(pass);
	free(uri);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_keys_local_free(env.keys);
	berth_keystore_close(ks);
	berth_store_close(store);
	test_tmpdir_remove(dir);
	return 0;
}

/* What the host does with a step's puts. */
static enum berth_err commit(struct berth_effects *fx)
{
	CHECK_OK(berth_store_begin(store));
	for (size_t i = 0; i < fx->n_puts; i++) {
		struct berth_put *p = &fx->puts[i];

		if (p->gone)
			CHECK_OK(berth_store_delete(store, p->ns, p->key));
		else
			CHECK_OK(berth_store_put(store, p->ns, p->key, p->value.p, p->value.len));
	}
	berth_effects_free(fx);
	memset(fx, 0, sizeof(*fx));
	return berth_store_commit(store);
}

static struct berth_credential sample(const char *id, const char *text)
{
	struct berth_credential c = { .format = "vc+jwt", .text = text, .issuer = "did:example:issuer",
				      .received_s = -1 };

	snprintf(c.id, sizeof(c.id), "%s", id);
	return c;
}

static void what_is_put_comes_back_and_is_sealed(void **state)
{
	struct berth_effects fx = { 0 };
	struct berth_credential c = sample("badge", "eyJhbGciOiJFZERTQSJ9.e30.c2ln"), got;
	struct berth_json *types = berth_json_new_array();
	struct berth_buf raw = BERTH_BUF_INIT;
	bool found;

	(void)state;
	CHECK_OK(berth_json_push_str(types, "VerifiableCredential"));
	c.types = types;
	c.holder = "op-0-1";
	c.from = "did:example:sender";
	c.received_s = 1795440600;
	c.thid = "t-1";
	c.thread = "0a1b";
	c.revoked = true;
	CHECK_OK(berth_credential_put(&env, &fx, &c));
	CHECK_OK(commit(&fx));
	berth_json_free(types);

	CHECK_OK(berth_credential_get(&env, "badge", &got));
	assert_string_equal(got.id, "badge");
	assert_string_equal(got.text, "eyJhbGciOiJFZERTQSJ9.e30.c2ln");
	assert_string_equal(got.format, "vc+jwt");
	assert_string_equal(got.issuer, "did:example:issuer");
	assert_string_equal(got.holder, "op-0-1");
	assert_string_equal(got.from, "did:example:sender");
	assert_string_equal(got.thid, "t-1");
	assert_string_equal(got.thread, "0a1b");
	CHECK(got.revoked && got.received_s == 1795440600 && berth_json_len(got.types) == 1);
	berth_credential_free(&got);

	/* nothing of it is readable at rest */
	CHECK_OK(berth_store_get(store, BERTH_NS_CREDENTIAL, "badge", &raw, &found));
	CHECK(found && !memmem(raw.p, raw.len, "eyJ", 3) && !memmem(raw.p, raw.len, "did:", 4));
	berth_buf_free(&raw);
	CHECK_OK(berth_effects_remove(&fx, BERTH_NS_CREDENTIAL, "badge"));
	CHECK_OK(commit(&fx));
	CHECK_RC(BERTH_E_NOMATCH, berth_credential_get(&env, "badge", &got));
}

static void records_do_not_change_places(void **state)
{
	struct berth_effects fx = { 0 };
	struct berth_credential c = sample("one", "text"), got;
	struct berth_buf raw = BERTH_BUF_INIT;
	bool found;

	(void)state;
	CHECK_OK(berth_credential_put(&env, &fx, &c));
	CHECK_OK(commit(&fx));
	CHECK_OK(berth_store_get(store, BERTH_NS_CREDENTIAL, "one", &raw, &found));
	CHECK_OK(berth_store_begin(store));
	CHECK_OK(berth_store_put(store, BERTH_NS_CREDENTIAL, "two", raw.p, raw.len));
	raw.p[raw.len - 1] ^= 1;
	CHECK_OK(berth_store_put(store, BERTH_NS_CREDENTIAL, "one", raw.p, raw.len));
	CHECK_OK(berth_store_commit(store));
	CHECK_RC(BERTH_E_DECRYPT, berth_credential_get(&env, "two", &got));
	CHECK(got.json == NULL);
	CHECK_RC(BERTH_E_DECRYPT, berth_credential_get(&env, "one", &got));
	berth_buf_free(&raw);
	CHECK_OK(berth_effects_remove(&fx, BERTH_NS_CREDENTIAL, "one"));
	CHECK_OK(berth_effects_remove(&fx, BERTH_NS_CREDENTIAL, "two"));
	CHECK_OK(commit(&fx));
}

static void ids_and_sizes(void **state)
{
	static const char *const bad[] = { "", "a b", "a/b", "a~", "\xc3\xa4" };
	char *text = malloc(BERTH_CREDENTIAL_TEXT_MAX + 2), id[BERTH_CREDENTIAL_ID_MAX + 1];
	struct berth_effects fx = { 0 };
	struct berth_credential c, got;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		c = sample(bad[i], "x");
		CHECK_RC(BERTH_E_TYPE, berth_credential_put(&env, &fx, &c));
		CHECK_RC(BERTH_E_NOMATCH, berth_credential_get(&env, bad[i], &got));
	}
	memset(text, 'a', BERTH_CREDENTIAL_TEXT_MAX + 1);
	text[BERTH_CREDENTIAL_TEXT_MAX + 1] = '\0';
	c = sample("big", text);
	CHECK_RC(BERTH_E_SIZE, berth_credential_put(&env, &fx, &c));
	text[BERTH_CREDENTIAL_TEXT_MAX] = '\0';
	CHECK_OK(berth_credential_put(&env, &fx, &c));
	CHECK_OK(commit(&fx));
	CHECK_OK(berth_credential_get(&env, "big", &got));
	CHECK(strlen(got.text) == BERTH_CREDENTIAL_TEXT_MAX);
	berth_credential_free(&got);
	CHECK_OK(berth_effects_remove(&fx, BERTH_NS_CREDENTIAL, "big"));
	CHECK_OK(commit(&fx));
	free(text);
	/* SHA-256 of "abc" */
	CHECK_OK(berth_credential_id_of(id, "abc", 3));
	assert_string_equal(id, "ba7816bf8f01cfea414140de5dae2223");
	/* of JSON, however it is spelt: SHA-256 of {"a":1,"b":2} */
	CHECK_OK(berth_credential_id_of(id, "{ \"b\": 2, \"a\": 1 }", 18));
	assert_string_equal(id, "43258cff783fe7036d8a43033f830adf");
	CHECK_RC(BERTH_E_JSON, berth_credential_id_of(id, "{", 1));
}

static enum berth_err tally(void *arg, const struct berth_credential *c)
{
	size_t *n = arg;

	CHECK(!strcmp(c->text, "x"));
	++*n;
	return BERTH_OK;
}

static void there_is_room_for_so_many(void **state)
{
	struct berth_credential c = sample("c", "x");
	struct berth_effects fx = { 0 };
	size_t n = 0;

	(void)state;
	for (int i = 0; i < BERTH_CREDENTIALS_MAX; i++) {
		snprintf(c.id, sizeof(c.id), "c%d", i);
		CHECK_OK(berth_credential_put(&env, &fx, &c));
		CHECK_OK(commit(&fx));
	}
	CHECK_OK(berth_credential_put(&env, &fx, &c));	/* the last once more: in its own place */
	snprintf(c.id, sizeof(c.id), "one-more");
	CHECK_RC(BERTH_E_QUOTA, berth_credential_put(&env, &fx, &c));
	berth_effects_free(&fx);
	CHECK_OK(berth_credentials_each(&env, tally, &n));
	CHECK(n == BERTH_CREDENTIALS_MAX);
	/* all that is removed makes room */
	for (int i = 0; i < BERTH_CREDENTIALS_MAX; i++) {
		snprintf(c.id, sizeof(c.id), "c%d", i);
		CHECK_OK(berth_effects_remove(&fx, BERTH_NS_CREDENTIAL, c.id));
		CHECK_OK(commit(&fx));
	}
}

static void there_is_room_for_so_much(void **state)
{
	char *text = calloc(1, BERTH_CREDENTIAL_TEXT_MAX + 1);
	struct berth_credential c = sample("c", text);
	struct berth_effects fx = { 0 };
	enum berth_err rc = BERTH_OK;
	size_t n = 0;

	(void)state;
	memset(text, 'x', BERTH_CREDENTIAL_TEXT_MAX);
	text[BERTH_CREDENTIAL_TEXT_MAX] = '\0';
	for (; !rc; n++) {
		snprintf(c.id, sizeof(c.id), "c%zu", n);
		if (!(rc = berth_credential_put(&env, &fx, &c)))
			CHECK_OK(commit(&fx));
	}
	CHECK_RC(BERTH_E_QUOTA, rc);
	CHECK(n - 1 == BERTH_CREDENTIALS_BYTES / BERTH_CREDENTIAL_TEXT_MAX - 1);	/* a record is a little more */
	berth_effects_free(&fx);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_comes_back_and_is_sealed),
		cmocka_unit_test(records_do_not_change_places),
		cmocka_unit_test(ids_and_sizes),
		cmocka_unit_test(there_is_room_for_so_many),
		cmocka_unit_test(there_is_room_for_so_much),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
