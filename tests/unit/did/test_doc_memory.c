/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "tests/check.h"

#include "did/base/buf.h"
#include "did/codec/multibase.h"
#include "did/crypto/keypair.h"
#include "did/doc_memory.h"
#include "did/method_key.h"
#include "did/method_peer.h"
#include "did/peer_hash.h"

#define ED "z6Mkj3PUd1WjvaDhNZhhhXQdz5UnZXmS7ehtx8bsPpD47kKc"
#define N (BERTH_DOC_MEMORY_DIDS + 3)

/* A DID of its own for each call, all with the same service at their end. */
static void make(struct berth_buf *did, int numalgo)
{
	static const char text[] = "[{\"id\":\"#s\",\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":{\"uri\":\"https://a.example\"}}]";
	struct berth_peer_spec s = { .n_verification = 1, .n_agreement = 1 };
	struct berth_json *services;
	struct berth_privkey k;

	CHECK_OK(berth_json_parse(&services, text, strlen(text), BERTH_JSON_MAX));
	CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_ED25519));
	s.verification[0] = k.pub;
	CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_P256));
	s.agreement[0] = k.pub;
	s.services = services;
	CHECK_OK(berth_did_peer_create(did, numalgo, &s));
	berth_json_free(services);
	berth_privkey_wipe(&k);
}

static struct berth_did_doc *read_long(const char *did)
{
	struct berth_did_doc *doc;

	CHECK_OK(berth_did_peer_resolve(&doc, did));
	assert_string_equal(doc->id, did);
	return doc;
}

static void check_text(const struct berth_did_doc *doc, const struct berth_did_doc *want)
{
	CHECK(berth_json_equal(berth_did_doc_json(doc), berth_did_doc_json(want)));
	CHECK(doc->n_vms == want->n_vms && berth_pubkey_equal(&doc->vms[1].key, &want->vms[1].key));
}

static void the_second_time_it_is_the_same(void **state)
{
	(void)state;
	for (int numalgo = 2; numalgo <= 4; numalgo += 2) {
		struct berth_buf did = BERTH_BUF_INIT;
		struct berth_did_doc *first, *second, *third;

		make(&did, numalgo);
		first = read_long(berth_buf_cstr(&did));
		second = read_long(berth_buf_cstr(&did));
		CHECK(first == second);
		berth_doc_forget();
		third = read_long(berth_buf_cstr(&did));	/* read anew, while the first is still held */
		CHECK(third != first);
		check_text(third, first);
		berth_did_doc_free(first);
		berth_did_doc_free(second);
		berth_did_doc_free(third);
		berth_buf_free(&did);
	}
}

static void each_form_has_its_document(void **state)
{
	(void)state;
	for (int numalgo = 2; numalgo <= 4; numalgo += 2) {
		struct berth_buf did = BERTH_BUF_INIT, brief = BERTH_BUF_INIT;
		struct berth_did_doc *doc, *same;

		make(&did, numalgo);
		CHECK_OK(berth_did_peer_short(&brief, berth_buf_cstr(&did)));
		berth_did_doc_free(read_long(berth_buf_cstr(&did)));
		CHECK_OK(berth_did_peer_resolve_short(&doc, berth_buf_cstr(&did)));
		assert_string_equal(doc->id, berth_buf_cstr(&brief));
		berth_did_doc_free(read_long(berth_buf_cstr(&did)));
		CHECK_OK(berth_did_peer_resolve_short(&same, berth_buf_cstr(&did)));
		CHECK(same == doc);
		CHECK_RC(BERTH_E_RESOLVE, berth_did_peer_resolve(&same, berth_buf_cstr(&brief)));
		berth_did_doc_free(doc);
		berth_did_doc_free(doc);
		berth_buf_free(&did);
		berth_buf_free(&brief);
	}
}

static void check_same_methods(const struct berth_did_doc *doc, const struct berth_did_doc *want)
{
	CHECK(doc->n_vms == want->n_vms && doc->n_services == want->n_services);
	for (size_t i = 0; i < want->n_vms; i++) {
		assert_string_equal(doc->vms[i].id, want->vms[i].id);
		assert_string_equal(doc->vms[i].controller, want->vms[i].controller);
		CHECK(doc->vms[i].rels == want->vms[i].rels && berth_pubkey_equal(&doc->vms[i].key, &want->vms[i].key));
		CHECK(doc->vms[i].expires_s == want->vms[i].expires_s && doc->vms[i].revoked_s == want->vms[i].revoked_s);
	}
	for (size_t i = 0; i < want->n_services; i++) {
		assert_string_equal(doc->services[i].id, want->services[i].id);
		assert_string_equal(doc->services[i].type, want->services[i].type);
		CHECK(berth_json_equal(doc->services[i].json, want->services[i].json));
	}
}

/* Without its JSON, or made of its other form, it is what its JSON says. */
static void check_by_its_json(const struct berth_did_doc *doc)
{
	struct berth_did_doc *want;

	CHECK_OK(berth_did_doc_from_json(&want, berth_json_clone(berth_did_doc_json(doc)), doc->id));
	check_same_methods(doc, want);
	berth_did_doc_free(want);
}

/* From the JSON of a did:peer:4's document. */
static void make_of(struct berth_buf *did, const char *json)
{
	struct berth_buf encoded = BERTH_BUF_INIT, bytes = BERTH_BUF_INIT;

	berth_uvarint_encode(&bytes, BERTH_CODEC_JSON);
	berth_buf_str(&bytes, json);
	CHECK_OK(berth_multibase_encode(&encoded, 'z', bytes.p, bytes.len));
	berth_buf_str(did, "did:peer:4");
	CHECK_OK(berth_peer_hash(did, berth_buf_cstr(&encoded), encoded.len));
	berth_buf_u8(did, ':');
	berth_buf_str(did, berth_buf_cstr(&encoded));
	berth_buf_free(&encoded);
	berth_buf_free(&bytes);
}

#define METHOD(id, more) "{\"id\":\"" id "\",\"type\":\"Multikey\",\"publicKeyMultibase\":\"" ED "\"" more "}"
#define WITH(methods) "{\"verificationMethod\":[" methods "],\"authentication\":[\"#a\"],\"service\":[" \
	"{\"id\":\"#s\",\"type\":[\"X\",\"DIDCommMessaging\"],\"serviceEndpoint\":\"https://a.example\"}," \
	"{\"id\":\"https://elsewhere.example/\",\"type\":\"Y\",\"serviceEndpoint\":[\"https://b.example\"]}]}"

static void both_forms_say_what_their_json_says(void **state)
{
	static const struct { const char *text; bool light; } cases[] = {
		{ WITH(METHOD("#a", "") "," METHOD("#b", ",\"expires\":\"2031-01-01T00:00:00Z\"")), true },
		{ WITH(METHOD("#a", "") "," METHOD("/x?y#b", ",\"controller\":\"#id\"")), true },
		{ WITH(METHOD("#a", "") "," METHOD("#b", ",\"controller\":\"did:example:other\"")), false },
		{ WITH(METHOD("#a", "") "," METHOD("did:example:other#b", "")), false },
		{ "{\"x\":1}", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct berth_buf did = BERTH_BUF_INIT;
		struct berth_did_doc *whole, *brief;

		make_of(&did, cases[i].text);
		CHECK_OK(berth_did_peer_resolve_short(&brief, berth_buf_cstr(&did)));
		whole = read_long(berth_buf_cstr(&did));
		CHECK(!whole->tree == cases[i].light && !brief->whole == !cases[i].light);
		CHECK(!cases[i].light || brief->whole == whole);
		CHECK(!berth_did_doc_vm(whole, "#b") == (i == 1 || i > 2));	/* a path is part of the name */
		check_by_its_json(whole);
		berth_did_doc_free(whole);	/* the other form needs it still */
		berth_doc_forget();
		check_by_its_json(brief);
		berth_did_doc_free(brief);
		berth_buf_free(&did);
	}
}

static void a_did_key_is_read_once(void **state)
{
	struct berth_did_doc *first, *second, *other;

	(void)state;
	berth_doc_forget();
	CHECK_OK(berth_did_key_resolve(&first, "did:key:" ED));
	CHECK_OK(berth_did_key_resolve(&second, "did:key:" ED));
	CHECK(first == second);
	CHECK_OK(berth_did_key_resolve(&other, "did:key:z6Mkj3PUd1WjvaDhNZhhhXQdz5UnZXmS7ehtx8bsPpD47kKd"));
	CHECK(other != first && !berth_pubkey_equal(&other->vms[0].key, &first->vms[0].key));
	berth_did_doc_free(other);
	CHECK_RC(BERTH_E_DID, berth_did_key_resolve(&other, "did:key:" ED "#" ED));
	CHECK_RC(BERTH_E_DID, berth_did_peer_resolve_short(&other, "did:key:" ED));
	check_by_its_json(first);
	berth_did_doc_free(first);
	berth_did_doc_free(second);
}

/* Whatever byte another DID differs in, it gets no document of the one that is
 * remembered: its own, if it has one. */
static void one_byte_more_or_other_is_another_did(void **state)
{
	struct berth_buf did = BERTH_BUF_INIT;

	(void)state;
	make(&did, 4);
	berth_did_doc_free(read_long(berth_buf_cstr(&did)));
	for (size_t i = 0; i < did.len; i++) {
		char *other = strdup(berth_buf_cstr(&did));
		struct berth_did_doc *doc;

		other[i] = other[i] == 'a' ? 'b' : 'a';
		CHECK(berth_did_peer_resolve(&doc, other) && !doc);
		CHECK(berth_did_peer_resolve_short(&doc, other) && !doc);
		other[i] = '\0';
		CHECK(berth_did_peer_resolve(&doc, other) && !doc);
		free(other);
	}
	berth_buf_u8(&did, 'z');
	CHECK_RC(BERTH_E_DID, berth_did_peer_resolve(&(struct berth_did_doc *){ NULL }, berth_buf_cstr(&did)));
	CHECK_RC(BERTH_E_DID, berth_did_peer_resolve(&(struct berth_did_doc *){ NULL }, NULL));
	CHECK_RC(BERTH_E_DID, berth_did_peer_resolve(&(struct berth_did_doc *){ NULL }, ""));
	berth_buf_free(&did);
}

/* More than it has places for, in turn: each is itself, and who holds one keeps it. */
static void what_was_used_the_longest_ago_gives_way(void **state)
{
	struct berth_buf did[N] = { BERTH_BUF_INIT };
	struct berth_did_doc *held[N], *doc;

	(void)state;
	berth_doc_forget();
	for (size_t i = 0; i < N; i++) {
		make(&did[i], i % 2 ? 2 : 4);
		held[i] = read_long(berth_buf_cstr(&did[i]));
		berth_did_doc_free(read_long(berth_buf_cstr(&did[0])));	/* stays in use */
	}
	doc = read_long(berth_buf_cstr(&did[0]));
	CHECK(doc == held[0]);
	berth_did_doc_free(doc);
	CHECK(berth_doc_recall(&doc, berth_buf_cstr(&did[N - 1]), false));
	berth_did_doc_free(doc);
	CHECK(!berth_doc_recall(&doc, berth_buf_cstr(&did[1]), false));
	for (size_t i = 0; i < N; i++) {
		doc = read_long(berth_buf_cstr(&did[i]));
		check_text(doc, held[i]);
		berth_did_doc_free(doc);
		berth_did_doc_free(held[i]);
		berth_buf_free(&did[i]);
	}
}

static void *count_kept(void *arg)
{
	struct berth_buf *did = arg;
	size_t *kept = calloc(1, sizeof(*kept));
	struct berth_did_doc *doc;

	assert_non_null(kept);
	for (size_t i = 0; i < 2 * N; i++)
		berth_did_doc_free(read_long(berth_buf_cstr(&did[i])));
	for (size_t i = 0; i < 2 * N; i++)
		if (berth_doc_recall(&doc, berth_buf_cstr(&did[i]), false)) {
			assert_string_equal(doc->id, berth_buf_cstr(&did[i]));
			berth_did_doc_free(doc);
			++*kept;
		}
	return kept;
}

/* How many a thread keeps is said before it has any, between bounds. */
static void a_thread_keeps_as_many_as_was_said(void **state)
{
	static const struct { size_t docs, kept; } cases[] = {
		{ 0, BERTH_DOC_MEMORY_DIDS }, { BERTH_DOC_MEMORY_DIDS, BERTH_DOC_MEMORY_DIDS },
		{ BERTH_DOC_MEMORY_DIDS + 5, BERTH_DOC_MEMORY_DIDS + 5 }, { SIZE_MAX, 2 * N },
	};
	struct berth_buf did[2 * N] = { BERTH_BUF_INIT };

	(void)state;
	for (size_t i = 0; i < 2 * N; i++)
		make(&did[i], 4);
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		pthread_t t;
		void *kept;

		berth_doc_memory_dids(cases[c].docs);
		assert_int_equal(pthread_create(&t, NULL, count_kept, did), 0);
		assert_int_equal(pthread_join(t, &kept), 0);
		assert_int_equal(*(size_t *)kept, cases[c].kept);
		free(kept);
	}
	berth_doc_memory_dids(BERTH_DOC_MEMORY_DIDS);
	for (size_t i = 0; i < 2 * N; i++)
		berth_buf_free(&did[i]);
}

static void long_ones_are_read_each_time(void **state)
{
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_did_doc *doc, *again;

	(void)state;
	berth_buf_str(&did, "did:peer:2");
	while (did.len <= BERTH_DOC_MEMORY_TEXT_MAX)
		berth_buf_str(&did, ".V" ED);
	doc = read_long(berth_buf_cstr(&did));
	again = read_long(berth_buf_cstr(&did));
	CHECK(doc != again && !berth_doc_recall(&again, berth_buf_cstr(&did), false));
	berth_did_doc_free(doc);
	berth_did_doc_free(again);
	berth_buf_free(&did);
}

static void *read_twice(void *did)
{
	berth_did_doc_free(read_long(did));
	return read_long(did);
}

/* Each thread has its own, and a document outlives the thread that read it. */
static void threads(void **state)
{
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_did_doc *mine;
	void *theirs;
	pthread_t t;

	(void)state;
	make(&did, 4);
	mine = read_long(berth_buf_cstr(&did));
	CHECK(pthread_create(&t, NULL, read_twice, (void *)(uintptr_t)berth_buf_cstr(&did)) == 0);
	CHECK(pthread_join(t, &theirs) == 0);
	CHECK(theirs != mine);
	check_text(theirs, mine);
	berth_did_doc_free(theirs);
	berth_did_doc_free(mine);
	berth_buf_free(&did);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_second_time_it_is_the_same),
		cmocka_unit_test(each_form_has_its_document),
		cmocka_unit_test(both_forms_say_what_their_json_says),
		cmocka_unit_test(a_did_key_is_read_once),
		cmocka_unit_test(one_byte_more_or_other_is_another_did),
		cmocka_unit_test(what_was_used_the_longest_ago_gives_way),
		cmocka_unit_test(a_thread_keeps_as_many_as_was_said),
		cmocka_unit_test(long_ones_are_read_each_time),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
