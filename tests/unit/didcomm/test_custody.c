/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes by keys that stay where they are: every custody against software, and
 * against itself, on both sides of both algorithms. */
#include "tests/check.h"
#include "tests/fakes/post.h"
#include "tests/unit/did/keystore/backends.h"

#include "did/crypto/keypair.h"
#include "did/jose/multikey.h"
#include "did/url.h"
#include "didcomm/jwe.h"
#include "didcomm/pack.h"
#include "didcomm/unpack.h"

#define GATEWAY "did:example:gateway"
#define SECOND "did:example:second"
#define CAROL "did:example:carol"
#define TEXT "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\",\"body\":{\"a\":1}}"

void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static struct post w;
static struct berth_keystore *ks;
static unsigned done;

/* Somebody with one agreement key, made in the store. */
static void stored_person(const char *did, const char *name, enum berth_key_type type)
{
	struct berth_buf multikey = BERTH_BUF_INIT, doc = BERTH_BUF_INIT, kid = BERTH_BUF_INIT;
	struct berth_key_info info;

	CHECK_OK(berth_keystore_generate(ks, name, type, BERTH_USAGE_AGREE, &info));
	CHECK_OK(berth_multikey_format(&multikey, &info.pub));
	berth_buf_printf(&kid, "%s#%s", did, name);
	berth_buf_printf(&doc, "{\"id\":\"%s\",\"keyAgreement\":[{\"id\":\"%s\",\"type\":\"Multikey\",\"controller\":\"%s\","
			 "\"publicKeyMultibase\":\"%s\"}]}", did, berth_buf_cstr(&kid), did, berth_buf_cstr(&multikey));
	post_doc(&w, did, berth_buf_cstr(&doc));
	CHECK_OK(berth_keyring_local_add_stored(w.real, berth_buf_cstr(&kid), ks, name));
	berth_buf_free(&multikey);
	berth_buf_free(&doc);
	berth_buf_free(&kid);
}

static enum berth_err open_it(const struct berth_buf *packed, struct berth_unpacked *u)
{
	const struct berth_unpack q = { .resolver = &w.resolver, .keyring = &w.keyring };

	return berth_unpack(u, &q, berth_buf_cstr(packed), packed->len);
}

static void one_way(const char *from, const char *to, enum berth_enc enc, bool protect)
{
	struct berth_pack p = { .mode = from ? BERTH_PACK_AUTHCRYPT : BERTH_PACK_ANONCRYPT, .from = from, .to = to,
		.enc = enc, .protect_sender = protect, .resolver = &w.resolver, .keyring = &w.keyring };
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_unpacked u;
	struct berth_message m;
	char *tag;

	CHECK_OK(berth_message_parse(&m, TEXT, strlen(TEXT)));
	CHECK_OK(berth_pack(&out, &p, &m));
	CHECK_OK(open_it(&out, &u));
	CHECK(u.authenticated == (from != NULL) && u.encrypted);
	CHECK(berth_did_same(u.encrypted_to_kid, to));
	CHECK(!from || (berth_did_same(u.encrypted_from_kid, from) && !strcmp(berth_unpacked_sender(&u), from)));
	berth_unpacked_free(&u);
	done++;
	tag = strstr((char *)(uintptr_t)berth_buf_cstr(&out), "\"tag\":\"") + strlen("\"tag\":\"");
	*tag = *tag == 'A' ? 'B' : 'A';
	CHECK_RC(BERTH_E_DECRYPT, open_it(&out, &u));
	berth_message_free(&m);
	berth_buf_free(&out);
}

static void all_ways_on(enum berth_key_type type)
{
	char carol[64], first[32], second[32];

	snprintf(carol, sizeof(carol), CAROL "#agree-%s", berth_key_type_name(type));
	snprintf(first, sizeof(first), "one-%s", berth_key_type_name(type));
	snprintf(second, sizeof(second), "two-%s", berth_key_type_name(type));
	stored_person(GATEWAY, first, type);
	stored_person(SECOND, second, type);
	one_way(GATEWAY, carol, BERTH_ENC_NONE, false);
	one_way(GATEWAY, carol, BERTH_ENC_NONE, true);
	one_way(CAROL, GATEWAY, BERTH_ENC_NONE, false);
	one_way(CAROL, GATEWAY, BERTH_ENC_NONE, true);
	one_way(GATEWAY, SECOND, BERTH_ENC_NONE, false);
	one_way(SECOND, GATEWAY, BERTH_ENC_NONE, true);
	one_way(NULL, GATEWAY, BERTH_ENC_A256CBC_HS512, false);
	one_way(NULL, GATEWAY, BERTH_ENC_A256GCM, false);
	one_way(NULL, GATEWAY, BERTH_ENC_XC20P, false);
}

static void every_curve_of_the_store_on_both_sides(void **state)
{
	const struct backend *b = *state;
	unsigned curves = 0;

	done = 0;
	b->begin();
	CHECK_OK(b->open(&ks, true));
	post_open(&w, "");
	post_person(&w, CAROL);
	for (unsigned t = BERTH_KEY_ED25519; t < BERTH_KEY__COUNT; t++)
		if (berth_jwe_agrees_on(t) && (b->agrees & 1u << t)) {
			all_ways_on(t);
			curves++;
		}
	printf("%s: %u envelopes on %u curves\n", b->name, done, curves);
	assert_int_equal(done, 9 * curves);
	post_close(&w);
	berth_keystore_close(ks);
	b->end();
}

int main(void)
{
	int failed = 0;

	for (size_t i = 0; i < BACKENDS; i++) {
		const struct CMUnitTest tests[] = {
			cmocka_unit_test_prestate(every_curve_of_the_store_on_both_sides, (void *)(uintptr_t)&backends[i]),
		};

		if (!backends[i].agrees)
			continue;
		/* a module may lose memory of its own */
		if (backends[i].module && __lsan_disable)
			__lsan_disable();
		failed += cmocka_run_group_tests_name(backends[i].name, tests, NULL, NULL);
		if (backends[i].module && __lsan_enable)
			__lsan_enable();
	}
	return failed;
}
