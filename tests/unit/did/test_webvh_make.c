/* SPDX-License-Identifier: Apache-2.0 */
/* did:webvh logs that we make: create, update, rotate, move, deactivate, approve.  Each is
 * judged as anybody's. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/json.h"

#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/method_webvh.h"
#include "did/webvh_make.h"
#include "did/webvh_witness.h"

#define NOW INT64_C(1780000000)
#define PLACE "did:webvh:{SCID}:example.com:dids:{SCID}"

struct person {
	struct berth_privkey key;
	char kid[160], multikey[64];
};
static struct person a, b, c, w1, w2;
static struct berth_keyring *kr;

static void make_person(struct person *p, uint8_t seed)
{
	uint8_t bytes[32] = { [31] = seed };
	struct berth_buf kid = BERTH_BUF_INIT;

	CHECK_OK(berth_keypair_from_private(&p->key, BERTH_KEY_ED25519, bytes, sizeof(bytes)));
	CHECK_OK(berth_webvh_kid(&kid, &p->key.pub));
	snprintf(p->kid, sizeof(p->kid), "%s", berth_buf_cstr(&kid));
	snprintf(p->multikey, sizeof(p->multikey), "%s", strchr(p->kid, '#') + 1);
	CHECK_OK(berth_keyring_local_add(kr, p->kid, &p->key));
	berth_buf_free(&kid);
}

static int setup(void **state)
{
	(void)state;
	berth_crypto_init();
	CHECK_OK(berth_keyring_local_new(&kr));
	make_person(&a, 1);
	make_person(&b, 2);
	make_person(&c, 3);
	make_person(&w1, 4);
	make_person(&w2, 5);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	berth_keyring_free(kr);
	return 0;
}

/* A log under way. */
struct work {
	struct berth_buf log;
	struct berth_webvh_head head;
	struct berth_json *document;	/* of the last entry */
};

static void work_free(struct work *w)
{
	berth_buf_free(&w->log);
	berth_webvh_head_free(&w->head);
	berth_json_free(w->document);
	memset(w, 0, sizeof(*w));
}

static void remember_document(struct work *w)
{
	struct berth_webvh_files f = { .log = berth_buf_cstr(&w->log), .log_len = w->log.len, .unwitnessed = true };
	struct berth_webvh_entry e;
	struct berth_webvh_log log;

	CHECK_OK(berth_webvh_log_read(&log, &f, NULL, NOW));
	CHECK_OK(berth_webvh_log_entry(&e, &log, log.n - 1));
	berth_json_free(w->document);
	w->document = berth_json_clone(e.state);
	berth_webvh_entry_free(&e);
	berth_webvh_log_free(&log);
}

static enum berth_err entry(struct work *w, const struct person *by, const char *params, const struct berth_json *document)
{
	struct berth_json *p = test_json(params);
	const struct berth_webvh_entry_spec spec = { .parameters = p, .document = document, .keyring = kr, .kid = by->kid, .now_s = NOW };
	size_t before = w->log.len;
	enum berth_err rc = berth_webvh_entry_make(&w->log, &w->head, &spec);

	berth_json_free(p);
	CHECK(rc ? w->log.len == before : w->log.len > before);
	if (!rc)
		remember_document(w);
	return rc;
}

static void create(struct work *w, const char *more)
{
	struct berth_json *document = test_json("{\"@context\":[\"https://www.w3.org/ns/did/v1\"],\"id\":\"" PLACE "\",\"controller\":\"" PLACE "\"}");
	char params[1024];

	memset(w, 0, sizeof(*w));
	snprintf(params, sizeof(params), "{\"updateKeys\":[\"%s\"]%s}", a.multikey, more);
	CHECK_OK(entry(w, &a, params, document));
	berth_json_free(document);
}

static const char *hash_of(const struct person *p)
{
	static char text[64];
	struct berth_buf t = BERTH_BUF_INIT;

	CHECK_OK(berth_webvh_key_hash(&t, p->multikey));
	snprintf(text, sizeof(text), "%s", berth_buf_cstr(&t));
	berth_buf_free(&t);
	return text;
}

static struct berth_registry_result last;

static enum berth_err judge(const struct work *w, const struct berth_json *witness)
{
	struct berth_buf text = BERTH_BUF_INIT, pin = BERTH_BUF_INIT;
	struct berth_registry_piece pieces[2] = { { "did.jsonl", w->log.p, w->log.len }, { "did-witness.json", NULL, 0 } };
	const struct berth_registry_evidence e = { .pieces = pieces, .n = witness ? 2 : 1 };
	struct berth_registry_judge j = { .now_s = NOW, .clock_trusted = true, .pin = "", .new_pin = &pin };
	enum berth_err rc;

	if (witness) {
		CHECK_OK(berth_json_print(&text, witness));
		pieces[1].p = text.p;
		pieces[1].n = text.len;
	}
	berth_registry_result_free(&last);
	rc = berth_webvh_judge(&last, &e, w->head.id, NULL, &j);
	berth_buf_free(&text);
	berth_buf_free(&pin);
	return rc;
}

static void created_and_updated(void **state)
{
	struct work w;
	struct berth_json *changed;

	(void)state;
	create(&w, ",\"ttl\":60");
	CHECK_OK(judge(&w, NULL));
	CHECK(!strstr(berth_buf_cstr(&w.log), "{SCID}"));
	assert_string_equal(berth_json_str(berth_json_get(berth_did_doc_json(last.doc), "controller")), w.head.id);
	CHECK(strstr(w.head.id, ":example.com:dids:Qm"));
	changed = berth_json_clone(w.document);
	CHECK_OK(berth_json_set_str(changed, "name", "{SCID} stays here"));
	CHECK_OK(entry(&w, &a, "{}", changed));
	berth_json_free(changed);
	CHECK_OK(judge(&w, NULL));
	assert_string_equal(berth_json_str(berth_json_get(berth_did_doc_json(last.doc), "name")), "{SCID} stays here");
	assert_string_equal(berth_json_str(berth_json_get(last.metadata, "versionTime")), "2026-05-28T20:26:41Z");
	CHECK(w.head.number == 2 && last.ttl_s == 60);
	work_free(&w);
}

static void only_update_keys_sign(void **state)
{
	struct berth_buf kid = BERTH_BUF_INIT;
	struct berth_privkey p256;
	uint8_t scalar[32] = { 9 };
	struct work w;

	(void)state;
	create(&w, "");
	CHECK_RC(BERTH_E_KEY, entry(&w, &b, "{}", w.document));
	CHECK_RC(BERTH_E_RESOLVE, entry(&w, &a, "{\"portable\":true}", w.document));
	CHECK_RC(BERTH_E_RESOLVE, entry(&w, &a, "{\"scid\":\"x\"}", w.document));
	CHECK_OK(entry(&w, &a, "{}", w.document));
	CHECK_OK(berth_keypair_from_private(&p256, BERTH_KEY_P256, scalar, sizeof(scalar)));
	CHECK_RC(BERTH_E_KEY, berth_webvh_kid(&kid, &p256.pub));
	CHECK(kid.len == 0);
	work_free(&w);
}

static void keys_rotate(void **state)
{
	struct work w;
	char params[512];

	(void)state;
	create(&w, "");
	snprintf(params, sizeof(params), "{\"updateKeys\":[\"%s\"]}", b.multikey);
	CHECK_RC(BERTH_E_KEY, entry(&w, &b, params, w.document));
	CHECK_OK(entry(&w, &a, params, w.document));
	CHECK_RC(BERTH_E_KEY, entry(&w, &a, "{}", w.document));
	CHECK_OK(entry(&w, &b, "{}", w.document));
	CHECK_OK(judge(&w, NULL));
	work_free(&w);
}

static void keys_rotate_as_promised(void **state)
{
	struct work w;
	char params[512];

	(void)state;
	snprintf(params, sizeof(params), ",\"nextKeyHashes\":[\"%s\"]", hash_of(&b));
	create(&w, params);
	CHECK_RC(BERTH_E_RESOLVE, entry(&w, &a, "{}", w.document));
	snprintf(params, sizeof(params), "{\"updateKeys\":[\"%s\"],\"nextKeyHashes\":[\"%s\"]}", c.multikey, hash_of(&a));
	CHECK_RC(BERTH_E_RESOLVE, entry(&w, &c, params, w.document));
	snprintf(params, sizeof(params), "{\"updateKeys\":[\"%s\"],\"nextKeyHashes\":[\"%s\"]}", b.multikey, hash_of(&c));
	CHECK_RC(BERTH_E_KEY, entry(&w, &a, params, w.document));
	CHECK_OK(entry(&w, &b, params, w.document));
	/* two entries end it and the DID */
	snprintf(params, sizeof(params), "{\"updateKeys\":[\"%s\"],\"nextKeyHashes\":[]}", c.multikey);
	CHECK_OK(entry(&w, &c, params, w.document));
	CHECK_OK(entry(&w, &c, "{\"updateKeys\":[],\"deactivated\":true}", w.document));
	CHECK_OK(judge(&w, NULL));
	CHECK(last.deactivated && w.head.number == 4);
	CHECK_RC(BERTH_E_RESOLVE, entry(&w, &c, "{}", w.document));
	work_free(&w);
}

static void it_moves(void **state)
{
	struct berth_json *moved, *web;
	struct work w;
	char old[256];

	(void)state;
	create(&w, ",\"portable\":true");
	snprintf(old, sizeof(old), "%s", w.head.id);
	CHECK_RC(BERTH_E_DID, berth_webvh_move(&moved, w.document, "127.0.0.1"));
	CHECK_OK(berth_webvh_move(&moved, w.document, "example.org%3A8443"));
	CHECK_OK(entry(&w, &a, "{}", moved));
	berth_json_free(moved);
	CHECK_OK(judge(&w, NULL));
	CHECK(strstr(w.head.id, ":example.org%3A8443") && !strstr(w.head.id, "dids"));
	assert_string_equal(berth_json_str(berth_json_get(w.document, "controller")), w.head.id);
	CHECK(berth_json_len(berth_json_get(w.document, "alsoKnownAs")) == 1 &&
	      berth_json_says(berth_json_get(w.document, "alsoKnownAs"), old));
	/* and again: what it was stays known */
	CHECK_OK(berth_webvh_move(&moved, w.document, "example.net"));
	CHECK_OK(entry(&w, &a, "{}", moved));
	berth_json_free(moved);
	CHECK(berth_json_len(berth_json_get(w.document, "alsoKnownAs")) == 2 &&
	      berth_json_says(berth_json_get(w.document, "alsoKnownAs"), old));
	/* the did:web beside it */
	CHECK_OK(judge(&w, NULL));
	CHECK_OK(berth_webvh_to_web(&web, berth_did_doc_json(last.doc)));
	assert_string_equal(berth_json_str(berth_json_get(web, "id")), "did:web:example.net");
	assert_string_equal(berth_json_str(berth_json_get(web, "controller")), "did:web:example.net");
	CHECK(berth_json_says(berth_json_get(web, "alsoKnownAs"), w.head.id));
	CHECK(berth_json_len(berth_json_get(web, "service")) == 2);
	berth_json_free(web);
	work_free(&w);
	/* not one that is not portable */
	create(&w, "");
	CHECK_OK(berth_webvh_move(&moved, w.document, "example.org"));
	CHECK_RC(BERTH_E_RESOLVE, entry(&w, &a, "{}", moved));
	berth_json_free(moved);
	work_free(&w);
}

static enum berth_err approve(struct berth_json *file, const struct work *w, const struct person *by)
{
	return berth_webvh_approve(file, w->head.version_id, kr, by->kid, NOW);
}

static void witnesses_approve(void **state)
{
	struct berth_json *file = berth_json_new_array();
	struct work w;
	char params[512];

	(void)state;
	snprintf(params, sizeof(params), ",\"witness\":{\"threshold\":2,\"witnesses\":[{\"id\":\"did:key:%s\"},{\"id\":\"did:key:%s\"}]}",
		 w1.multikey, w2.multikey);
	create(&w, params);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w, NULL));
	CHECK_OK(approve(file, &w, &w1));
	CHECK_OK(approve(file, &w, &w1));	/* once more changes nothing */
	CHECK(berth_json_len(berth_json_get(berth_json_at(file, 0), "proof")) == 1);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w, file));
	CHECK_OK(approve(file, &w, &w2));
	CHECK_OK(judge(&w, file));
	CHECK_OK(entry(&w, &a, "{}", w.document));
	CHECK_RC(BERTH_E_RESOLVE, judge(&w, file));
	CHECK_OK(approve(file, &w, &w1));
	CHECK_OK(approve(file, &w, &w2));
	CHECK_OK(judge(&w, file));
	CHECK(berth_json_len(file) == 2);	/* published and about to be */
	CHECK_OK(entry(&w, &a, "{}", w.document));
	CHECK_OK(approve(file, &w, &w1));
	CHECK_OK(approve(file, &w, &w2));
	CHECK(berth_json_len(file) == 2);
	CHECK_OK(judge(&w, file));
	berth_json_free(file);
	work_free(&w);
}

static void the_head_is_still_to_come(void **state)
{
	struct berth_json *p = test_json("{}");
	struct work w;
	struct berth_webvh_entry_spec spec = { .parameters = p, .keyring = kr, .kid = a.kid, .now_s = NOW - 301 };

	(void)state;
	create(&w, "");
	spec.document = w.document;
	CHECK_RC(BERTH_E_CLOCK, berth_webvh_entry_make(&w.log, &w.head, &spec));
	spec.now_s = NOW - 299;
	CHECK_OK(berth_webvh_entry_make(&w.log, &w.head, &spec));
	berth_json_free(p);
	work_free(&w);
}

static void the_purpose_signs_nothing_else(void **state)
{
#define PROOF "\"proof\":{\"type\":\"DataIntegrityProof\",\"cryptosuite\":\"eddsa-jcs-2022\",\"verificationMethod\":\"%s\",\"proofPurpose\":\"assertionMethod\"}"
	static const struct { enum berth_err want; const char *payload; } cases[] = {
		{ BERTH_OK, "{\"document\":{\"versionId\":\"1-Qm\"}," PROOF "}" },
		{ BERTH_OK, "{\"document\":{\"versionId\":\"1-Qm\",\"versionTime\":\"t\",\"parameters\":{},\"state\":{\"id\":\"did:webvh:x\"}}," PROOF "}" },
		{ BERTH_E_TYPE, "{\"document\":{\"versionId\":\"1-Qm\",\"versionTime\":\"t\",\"parameters\":{},\"state\":{\"id\":\"did:web:x\"}}," PROOF "}" },
		{ BERTH_E_TYPE, "{\"document\":{\"versionId\":\"1-Qm\",\"issuer\":\"did:key:x\"}," PROOF "}" },
		{ BERTH_E_TYPE, "{\"document\":{\"versionId\":\"1-Qm\",\"versionTime\":\"t\",\"parameters\":{},\"state\":{\"id\":\"did:webvh:x\"},\"issuer\":\"x\"}," PROOF "}" },
		{ BERTH_E_TYPE, "{\"document\":{\"versionId\":\"x\"}," PROOF "}" },
		{ BERTH_E_TYPE, "{\"document\":{\"versionId\":1}," PROOF "}" },
		{ BERTH_E_TYPE, "{\"document\":{}," PROOF "}" },
		{ BERTH_E_TYPE, "{\"document\":[]," PROOF "}" },
		{ BERTH_E_TYPE, "{" PROOF "}" },
		{ BERTH_E_TYPE, "{\"document\":{\"versionId\":\"1-Qm\"},\"proof\":{\"verificationMethod\":\"%s\"}}" },
		{ BERTH_E_TYPE, "{\"document\":{\"versionId\":\"1-Qm\"},\"proof\":{\"type\":\"DataIntegrityProof\",\"cryptosuite\":\"eddsa-rdfc-2022\","
				"\"verificationMethod\":\"%s\",\"proofPurpose\":\"assertionMethod\"}}" },
		{ BERTH_E_TYPE, "{\"document\":{\"versionId\":\"1-Qm\"},\"proof\":{\"type\":\"DataIntegrityProof\",\"cryptosuite\":\"eddsa-jcs-2022\","
				"\"verificationMethod\":\"%s\",\"proofPurpose\":\"authentication\"}}" },
		{ BERTH_E_JSON, "any bytes" },
	};
	struct berth_buf h = BERTH_BUF_INIT, s = BERTH_BUF_INIT;
	char payload[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct berth_buf t = BERTH_BUF_INIT;

		berth_webvh_replace(&t, cases[i].payload, "%s", a.kid);
		CHECK_RC(cases[i].want, kr->ops->sign(kr, a.kid, BERTH_SIGN_WEBVH, berth_buf_cstr(&t), t.len, &h, &s));
		CHECK((s.len > 0) == (cases[i].want == BERTH_OK) && h.len == 0);
		berth_buf_reset(&s);
		berth_buf_free(&t);
	}
	berth_buf_free(&h);
	berth_buf_free(&s);
	/* for another key than the proof's */
	snprintf(payload, sizeof(payload), "{\"document\":{\"versionId\":\"1-Qm\"},\"proof\":{\"type\":\"DataIntegrityProof\","
		 "\"cryptosuite\":\"eddsa-jcs-2022\",\"verificationMethod\":\"%s\",\"proofPurpose\":\"assertionMethod\"}}", b.kid);
	CHECK_RC(BERTH_E_AUTHZ, kr->ops->sign(kr, a.kid, BERTH_SIGN_WEBVH, payload, strlen(payload), &h, &s));
}

static enum berth_err make_scarce(void *arg)
{
	struct berth_webvh_head head = { .number = 0 };
	struct berth_buf log = BERTH_BUF_INIT;
	struct berth_webvh_entry_spec spec = *(const struct berth_webvh_entry_spec *)arg;
	struct berth_json *moved = NULL, *file = NULL, *web = NULL, *document = NULL;
	enum berth_err rc;

	if ((rc = berth_webvh_entry_make(&log, &head, &spec)))
		goto out;
	document = berth_json_new_object();
	if ((rc = berth_json_set_str(document, "id", head.id)) || (rc = berth_webvh_add_services(document, head.id)) ||
	    (rc = berth_webvh_move(&moved, document, "example.org")) || (rc = berth_webvh_to_web(&web, moved)))
		goto out;
	if (!(file = berth_json_new_array())) {
		rc = BERTH_E_NOMEM;
		goto out;
	}
	rc = berth_webvh_approve(file, head.version_id, kr, w1.kid, NOW);
out:
	berth_json_free(moved);
	berth_json_free(web);
	berth_json_free(document);
	berth_json_free(file);
	berth_webvh_head_free(&head);
	berth_buf_free(&log);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	char params[256];
	struct berth_json *p, *document = test_json("{\"id\":\"" PLACE "\"}");
	struct berth_webvh_entry_spec spec = { .document = document, .keyring = kr, .kid = a.kid, .now_s = NOW };

	(void)state;
	snprintf(params, sizeof(params), "{\"updateKeys\":[\"%s\"]}", a.multikey);
	spec.parameters = p = test_json(params);
	CHECK(test_every_allocation_fails(make_scarce, &spec) > 100);
	berth_json_free(p);
	berth_json_free(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(created_and_updated),
		cmocka_unit_test(only_update_keys_sign),
		cmocka_unit_test(keys_rotate),
		cmocka_unit_test(keys_rotate_as_promised),
		cmocka_unit_test(it_moves),
		cmocka_unit_test(witnesses_approve),
		cmocka_unit_test(the_head_is_still_to_come),
		cmocka_unit_test(the_purpose_signs_nothing_else),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};
	int failed = cmocka_run_group_tests(tests, setup, teardown);

	berth_registry_result_free(&last);
	return failed;
}
