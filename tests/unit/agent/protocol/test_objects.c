/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "agent/protocol/object.h"
#include "did/base/clock.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/world.h"

#define T0 INT64_C(1795440600)

static struct test_world w;
static const struct berth_hash h1 = { { 1, 2, 3 } }, h2 = { { 4, 5, 6 } };

static int setup(void **state)
{
	(void)state;
	test_world_make(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_world_free(&w);
	return 0;
}

/* ---- one of each ---- */

static char *make_device(void)
{
	struct berth_device_credential dc;

	test_world_dc(&w, &dc);
	return test_build_dc(&w, &w.maker, &dc);
}

static char *make_ownership(void)
{
	struct berth_ownership oc = { .device = w.device.did_long, .next_owner = { w.b.did_long, { 0 } },
				      .has_prev = true, .prev = h1, .device_credential = h2, .seq = 3, .epoch = 2,
				      .transferable = true, .has_release_receipt = true, .release_receipt = h1,
				      .recovery = true, .resolution = "a.b.c", .issued_s = T0 };
	struct berth_buf b = BERTH_BUF_INIT;

	memcpy(oc.next_owner.jkt, w.b.jkt, 32);
	CHECK_OK(berth_ownership_build(&b, w.kr, w.a.kid, &oc));
	return test_take(&b);
}

static char *make_delegation(void)
{
	struct berth_delegation d = { .delegate = w.agent.did_long, .scope = { "onboard", "renew" }, .n_scope = 2,
				      .tip = h1, .dseq = 9, .exp_s = T0 };
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_delegation_build(&b, w.kr, w.a.kid, &d));
	return test_take(&b);
}

static char *make_resolution(void)
{
	struct berth_resolution r = { .device = w.device.did, .device_credential = h2, .chosen = h1,
				      .refused = { h2 }, .n_refused = 1 };
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_resolution_build(&b, w.kr, w.root.kid, &r));
	return test_take(&b);
}

static char *make_operational(void)
{
	struct berth_operational o = { .operational_did = w.agent.did_long, .custody = "sealed", .epoch = 4,
				       .issued_s = T0, .exp_s = T0 + 86400 };
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_operational_build(&b, w.kr, w.b.kid_long, &o));
	return test_take(&b);
}

static char *make_release_or(bool retire)
{
	struct berth_release r = { .retire = retire, .device = w.device.did_long, .epoch = 4, .tip = h1,
				   .next_owner = w.c.did, .wipe = { "secrets", "logs" }, .n_wipe = 2 };
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_release_build(&b, w.kr, w.a.kid, &r));
	return test_take(&b);
}

static char *make_release(void)
{
	return make_release_or(false);
}

static char *make_retire(void)
{
	return make_release_or(true);
}

static char *make_receipt(void)
{
	struct berth_receipt r = { .role = BERTH_RECEIPT_RELEASED, .owner = w.a.did, .operational = w.agent.did_long,
				   .epoch = 5, .tip = h1, .nonce = { 8 }, .erasure = BERTH_ERASURE_COUNTER, .credential = h2 };
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_receipt_build(&b, w.kr, w.device.kid_long, &r));
	return test_take(&b);
}

union any {
	struct berth_device_credential dc;
	struct berth_ownership oc;
	struct berth_delegation d;
	struct berth_resolution r;
	struct berth_operational op;
	struct berth_release rel;
	struct berth_receipt rec;
};

static enum berth_err parse_as(enum berth_object_kind kind, union any *out, struct berth_object **obj,
			       const char *p, size_t n)
{
	*obj = &out->dc.obj;	/* the first member of each */
	switch (kind) {
	case BERTH_OBJECT_DEVICE:
		return berth_device_credential_parse(&out->dc, p, n);
	case BERTH_OBJECT_OWNERSHIP:
		return berth_ownership_parse(&out->oc, p, n);
	case BERTH_OBJECT_DELEGATION:
		return berth_delegation_parse(&out->d, p, n);
	case BERTH_OBJECT_RESOLUTION:
		return berth_resolution_parse(&out->r, p, n);
	case BERTH_OBJECT_OPERATIONAL:
		return berth_operational_parse(&out->op, p, n);
	case BERTH_OBJECT_RELEASE:
		return berth_release_parse(&out->rel, false, p, n);
	case BERTH_OBJECT_RETIRE:
		return berth_release_parse(&out->rel, true, p, n);
	default:
		return berth_receipt_parse(&out->rec, p, n);
	}
}

static enum berth_err parses_as(enum berth_object_kind kind, const char *token)
{
	union any any;
	struct berth_object *o;
	enum berth_err rc = parse_as(kind, &any, &o, token, strlen(token));

	CHECK(rc == BERTH_OK || (!o->compact && !o->json));
	berth_object_free(o);
	return rc;
}

static const struct kind {
	enum berth_object_kind kind;
	char *(*make)(void);
	const char *optional;	/* members of credentialSubject that may be absent */
} kinds[] = {
	{ BERTH_OBJECT_DEVICE, make_device, "" },
	{ BERTH_OBJECT_OWNERSHIP, make_ownership, "releaseReceipt recovery resolution" },
	{ BERTH_OBJECT_DELEGATION, make_delegation, "scope" },
	{ BERTH_OBJECT_RESOLUTION, make_resolution, "" },
	{ BERTH_OBJECT_OPERATIONAL, make_operational, "" },
	{ BERTH_OBJECT_RELEASE, make_release, "nextOwner wipe" },
	{ BERTH_OBJECT_RETIRE, make_retire, "nextOwner wipe" },
	{ BERTH_OBJECT_RECEIPT, make_receipt, "operational" },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- fields ---- */

static void device_credential_fields(void **state)
{
	struct berth_device_credential want, got;
	char *token = make_device();

	(void)state;
	test_world_dc(&w, &want);
	CHECK_OK(berth_device_credential_parse(&got, token, strlen(token)));
	CHECK(!strcmp(got.factory_did, want.factory_did) && !strcmp(got.serial, "SN-0001"));
	CHECK(!strcmp(got.model, "EG-200") && !strcmp(got.hardware, "rev-c") && !strcmp(got.firmware, "1.0.0"));
	CHECK(!strcmp(got.keys.custody, "hardware") && got.keys.has_tpm && got.keys.ak_pub_len == 88);
	CHECK(!memcmp(got.keys.ak_name, want.keys.ak_name, sizeof(got.keys.ak_name)));
	CHECK(!memcmp(got.keys.ak_pub, want.keys.ak_pub, 88));
	CHECK(got.keys.ek_pub_len == 122 && !memcmp(got.keys.ek_pub, want.keys.ek_pub, 122));
	CHECK(!memcmp(got.keys.ek_cert_sha256, want.keys.ek_cert_sha256, 32));
	CHECK(!memcmp(got.keys.sign_name, want.keys.sign_name, sizeof(got.keys.sign_name)));
	CHECK(!memcmp(got.keys.agree_name, want.keys.agree_name, sizeof(got.keys.agree_name)));
	CHECK(!strcmp(got.root.did, w.root.did) && !memcmp(got.root.jkt, w.root.jkt, 32));
	CHECK(got.n_rv == 1 && !strcmp(got.rv[0].did, w.agent.did_long));
	CHECK(!strcmp(got.rv[0].uri, "nng+tcp://rv.test:4433"));
	CHECK(got.epoch0 == 1 && got.recovery && got.issued_s == want.issued_s);
	CHECK(!strcmp(got.obj.compact, token));
	CHECK_OK(berth_object_verify(&got.obj, NULL, NULL, w.maker.jkt));
	CHECK_RC(BERTH_E_AUTHZ, berth_object_verify(&got.obj, NULL, NULL, w.a.jkt));
	CHECK_RC(BERTH_E_AUTHZ, berth_object_verify(&got.obj, NULL, w.a.did, NULL));
	berth_object_free(&got.obj);
	free(token);
}

static void ownership_fields(void **state)
{
	struct berth_ownership got;
	char *token = make_ownership();

	(void)state;
	CHECK_OK(berth_ownership_parse(&got, token, strlen(token)));
	CHECK(!strcmp(got.device, w.device.did));	/* built in the short form */
	CHECK(!strcmp(got.next_owner.did, w.b.did_long) && !memcmp(got.next_owner.jkt, w.b.jkt, 32));
	CHECK(got.has_prev && berth_hash_equal(&got.prev, &h1) && berth_hash_equal(&got.device_credential, &h2));
	CHECK(got.seq == 3 && got.epoch == 2 && got.transferable && got.recovery && got.issued_s == T0);
	CHECK(got.has_release_receipt && berth_hash_equal(&got.release_receipt, &h1));
	CHECK(!strcmp(got.resolution, "a.b.c"));
	CHECK_OK(berth_object_verify(&got.obj, NULL, NULL, w.a.jkt));
	berth_object_free(&got.obj);
	free(token);
}

static void delegation_and_resolution_fields(void **state)
{
	struct berth_delegation d;
	struct berth_resolution r;
	char *token = make_delegation();

	(void)state;
	CHECK_OK(berth_delegation_parse(&d, token, strlen(token)));
	CHECK(!strcmp(d.delegate, w.agent.did_long) && d.n_scope == 2 && d.dseq == 9 && d.exp_s == T0);
	CHECK(berth_delegation_has_scope(&d, "renew") && !berth_delegation_has_scope(&d, "renewal"));
	CHECK(berth_hash_equal(&d.tip, &h1));
	berth_object_free(&d.obj);
	free(token);
	token = make_resolution();
	CHECK_OK(berth_resolution_parse(&r, token, strlen(token)));
	CHECK(!strcmp(r.device, w.device.did) && berth_hash_equal(&r.chosen, &h1) && r.n_refused == 1);
	CHECK(berth_hash_equal(&r.refused[0], &h2) && berth_hash_equal(&r.device_credential, &h2));
	berth_object_free(&r.obj);
	free(token);
}

static void operational_and_release_fields(void **state)
{
	struct berth_operational o;
	struct berth_release r;
	char *token = make_operational();

	(void)state;
	CHECK_OK(berth_operational_parse(&o, token, strlen(token)));
	CHECK(!strcmp(o.operational_did, w.agent.did_long) && !strcmp(o.custody, "sealed") && o.epoch == 4);
	CHECK(o.issued_s == T0 && o.exp_s == T0 + 86400 && !o.status);
	CHECK(!strcmp(o.obj.issuer, w.b.did_long));	/* resolvable by whoever is shown it */
	CHECK_OK(berth_object_verify(&o.obj, NULL, NULL, w.b.jkt));
	berth_object_free(&o.obj);
	free(token);
	token = make_retire();
	CHECK_OK(berth_release_parse(&r, true, token, strlen(token)));
	CHECK(!strcmp(r.device, w.device.did) && r.epoch == 4 && berth_hash_equal(&r.tip, &h1));
	CHECK(!strcmp(r.next_owner, w.c.did) && r.n_wipe == 2 && !strcmp(r.wipe[1], "logs"));
	berth_object_free(&r.obj);
	free(token);
}

static void receipt_fields(void **state)
{
	struct berth_receipt r;
	char *token = make_receipt();

	(void)state;
	CHECK_OK(berth_receipt_parse(&r, token, strlen(token)));
	CHECK(r.role == BERTH_RECEIPT_RELEASED && !strcmp(r.owner, w.a.did) && r.epoch == 5);
	CHECK(!strcmp(r.operational, w.agent.did_long) && berth_hash_equal(&r.tip, &h1) && r.nonce[0] == 8);
	CHECK(r.erasure == BERTH_ERASURE_COUNTER && berth_hash_equal(&r.credential, &h2));
	CHECK_OK(berth_object_verify(&r.obj, NULL, w.device.did_long, w.device.jkt));
	/* "a device without trusted time omits ... iat, exp in what it signs" */
	CHECK(!berth_json_get(r.obj.json, "iat") && !berth_json_get(r.obj.json, "exp"));
	berth_object_free(&r.obj);
	free(token);
}

/* P15: what the end of an epoch did is said by whoever did it, and ownership ends nothing. */
static void a_receipt_of_an_end_says_what_was_erased(void **state)
{
	static const enum berth_receipt_role roles[] = { BERTH_RECEIPT_OWNERSHIP, BERTH_RECEIPT_RELEASED, BERTH_RECEIPT_RETIRED };
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	for (int i = 0; i < 3; i++) {
		for (int e = BERTH_ERASURE_NONE; e <= BERTH_ERASURE_COUNTER; e++) {
			struct berth_receipt got, r = { .role = roles[i], .owner = w.a.did, .erasure = (enum berth_erasure)e };
			bool ends = roles[i] != BERTH_RECEIPT_OWNERSHIP;

			CHECK_RC(ends && !e ? BERTH_E_TYPE : BERTH_OK, berth_receipt_build(&b, w.kr, w.device.kid_long, &r));
			if (ends && !e)
				continue;
			CHECK_OK(berth_receipt_parse(&got, berth_buf_cstr(&b), b.len));
			CHECK(got.role == roles[i] && got.erasure == (ends ? r.erasure : BERTH_ERASURE_NONE));
			berth_object_free(&got.obj);
			berth_buf_reset(&b);
		}
	}
	berth_buf_free(&b);
}

static void clockless_objects_have_no_dates(void **state)
{
	struct berth_ownership oc = { .device = w.device.did, .next_owner = { w.a.did, { 0 } } };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_ownership got;

	(void)state;
	CHECK_OK(berth_ownership_build(&b, w.kr, w.a.kid, &oc));
	CHECK_OK(berth_ownership_parse(&got, berth_buf_cstr(&b), b.len));
	CHECK(!berth_json_get(got.obj.json, "validFrom") && !berth_json_get(got.obj.json, "validUntil"));
	CHECK(got.issued_s == 0 && !got.has_prev && !got.resolution && !got.recovery);
	berth_object_free(&got.obj);
	berth_buf_free(&b);
}

/* ---- confusion and damage ---- */

/* C033: no object passes for another. */
static void c033_kinds_are_not_confused(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		char *token = kinds[i].make();

		for (size_t k = 0; k < N_KINDS; k++) {
			bool jws = kinds[i].kind == BERTH_OBJECT_RECEIPT || kinds[k].kind == BERTH_OBJECT_RECEIPT;

			CHECK_RC(i == k ? BERTH_OK : jws ? BERTH_E_ENV : BERTH_E_VC, parses_as(kinds[k].kind, token));
		}
		free(token);
	}
}

static void every_truncation_of_every_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		char *token = kinds[i].make();

		for (size_t n = 0; n < (size_t)(strrchr(token, '.') - token); n++) {
			char *exact = malloc(n ? n : 1);
			union any any;
			struct berth_object *o;

			memcpy(exact, token, n);
			CHECK(parse_as(kinds[i].kind, &any, &o, exact, n) != BERTH_OK);
			free(exact);
		}
		free(token);
	}
}

/* Re-signs the payload of token after change; by: its signer. */
static char *resign(const struct test_party *by, const char *token, const char *kid,
		    void (*change)(struct berth_json *payload, void *arg), void *arg)
{
	struct berth_jws j;
	struct berth_json *payload;
	struct berth_buf text = BERTH_BUF_INIT, header = BERTH_BUF_INIT;
	char *out;

	CHECK_OK(berth_jws_parse(&j, token, strlen(token), BERTH_OBJECT_MAX));
	CHECK_OK(berth_json_parse_object(&payload, berth_buf_cstr(&j.payload), j.payload.len, BERTH_OBJECT_MAX));
	if (change)
		change(payload, arg);
	CHECK_OK(berth_json_print(&text, payload));
	berth_buf_printf(&header, "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"%s\"}", j.alg, kid ? kid : j.kid, j.typ);
	out = test_party_forge(by, berth_buf_cstr(&header), berth_buf_cstr(&text));
	berth_json_free(payload);
	berth_buf_free(&text);
	berth_buf_free(&header);
	berth_jws_free(&j);
	return out;
}

/* credentialSubject of a credential, the payload of a receipt. */
static struct berth_json *members_of(struct berth_json *payload)
{
	struct berth_json *s = berth_json_get_mut(payload, "credentialSubject");

	return s ? s : payload;
}

static void drop(struct berth_json *payload, void *arg)
{
	berth_json_remove(members_of(payload), arg);
}

static void spoil(struct berth_json *payload, void *arg)
{
	CHECK_OK(berth_json_set(members_of(payload), arg, berth_json_new_array()));
}

static bool is_list(const char *key)
{
	return !strcmp(key, "rv") || !strcmp(key, "scope") || !strcmp(key, "wipe") || !strcmp(key, "refused");
}

static bool is_optional(const struct kind *k, const char *key)
{
	return strstr(k->optional, key) != NULL;
}

static void damage(const struct kind *k, const char *token, const char *key)
{
	enum berth_err want = k->kind == BERTH_OBJECT_RECEIPT ? BERTH_E_TYPE : BERTH_E_VC, rc;
	char name[64], *bad;

	snprintf(name, sizeof(name), "%s", key);
	bad = resign(&w.a, token, NULL, drop, name);
	rc = parses_as(k->kind, bad);
	if (rc != (is_optional(k, key) ? BERTH_OK : want))
		fail_msg("%s without %s: %s", berth_object_type(k->kind), key, berth_err_name(rc));
	free(bad);
	if (is_list(key))
		return;
	bad = resign(&w.a, token, NULL, spoil, name);
	rc = parses_as(k->kind, bad);
	if (rc != want)
		fail_msg("%s with another %s: %s", berth_object_type(k->kind), key, berth_err_name(rc));
	free(bad);
}

/* Each member in turn is missing, and is of another type. */
static void every_member_is_needed(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		char *token = kinds[i].make();
		union any any;
		struct berth_object *o;
		const struct berth_json *s;

		CHECK_OK(parse_as(kinds[i].kind, &any, &o, token, strlen(token)));
		s = berth_json_get(o->json, "credentialSubject");
		berth_json_each(m, s ? s : o->json)
			damage(&kinds[i], token, berth_json_key(m));
		berth_object_free(o);
		free(token);
	}
}

static void other_context(struct berth_json *payload, void *arg)
{
	struct berth_json *ctx = berth_json_new_array();

	CHECK_OK(berth_json_push_str(ctx, "https://www.w3.org/ns/credentials/v2"));
	if (arg)
		CHECK_OK(berth_json_push_str(ctx, arg));
	CHECK_OK(berth_json_set(payload, "@context", ctx));
}

static void more_types(struct berth_json *payload, void *arg)
{
	CHECK_OK(berth_json_push_str(berth_json_get_mut(payload, "type"), arg));
}

static void no_end(struct berth_json *payload, void *arg)
{
	berth_json_remove(payload, arg);
}

static void set_time(struct berth_json *payload, void *arg)
{
	CHECK_OK(berth_json_set_int(payload, arg, 1));
}

static void expect_changed(enum berth_err want, const struct kind *k, void (*change)(struct berth_json *, void *),
			   const char *arg)
{
	char *token = k->make(), name[80], *bad;

	snprintf(name, sizeof(name), "%s", arg ? arg : "");
	bad = resign(&w.a, token, NULL, change, arg ? name : NULL);
	CHECK_RC(want, parses_as(k->kind, bad));
	free(bad);
	free(token);
}

static void context_and_type_are_exact(void **state)
{
	(void)state;
	expect_changed(BERTH_OK, &kinds[1], other_context, BERTH_ONBOARDING_CONTEXT);
	expect_changed(BERTH_E_VC, &kinds[1], other_context, "urn:berth:contexts/onboarding/v2");
	expect_changed(BERTH_E_VC, &kinds[1], other_context, NULL);
	/* one that could pass for two passes for none */
	expect_changed(BERTH_E_VC, &kinds[1], more_types, "BerthOwnerDelegation");
	expect_changed(BERTH_E_VC, &kinds[2], no_end, "validUntil");	/* a delegation has an end */
	expect_changed(BERTH_OK, &kinds[4], no_end, "validUntil");
	expect_changed(BERTH_E_VC, &kinds[2], set_time, "exp");	/* one way to say a time */
	expect_changed(BERTH_E_VC, &kinds[1], set_time, "iat");
}

static void kid_is_a_key_of_the_issuer(void **state)
{
	char *token = make_ownership(), *bad = resign(&w.c, token, w.c.kid, NULL, NULL);

	(void)state;
	CHECK_RC(BERTH_E_KEY, parses_as(BERTH_OBJECT_OWNERSHIP, bad));
	free(bad);
	bad = resign(&w.a, token, "#key-1", NULL, NULL);
	CHECK_RC(BERTH_E_ENV, parses_as(BERTH_OBJECT_OWNERSHIP, bad));
	free(bad);
	free(token);
	token = make_receipt();
	bad = resign(&w.a, token, w.a.kid, NULL, NULL);
	CHECK_RC(BERTH_E_KEY, parses_as(BERTH_OBJECT_RECEIPT, bad));
	free(bad);
	free(token);
}

/* ---- particular rules ---- */

static void set_custody(struct berth_json *payload, void *arg)
{
	struct berth_json *k = berth_json_get_mut(members_of(payload), "keyProvenance");

	CHECK_OK(berth_json_set_str(k, "custody", arg));
}

/* P15: software keys are never described as hardware. */
static void p15_tpm_names_go_with_hardware(void **state)
{
	struct berth_device_credential dc;
	char *token;

	(void)state;
	expect_changed(BERTH_OK, &kinds[0], set_custody, "hardware");
	expect_changed(BERTH_E_VC, &kinds[0], set_custody, "sealed");
	expect_changed(BERTH_E_VC, &kinds[0], set_custody, "tpm");
	test_world_dc(&w, &dc);
	dc.keys.has_tpm = false;
	dc.keys.custody = "sealed";
	token = test_build_dc(&w, &w.maker, &dc);
	CHECK_OK(parses_as(BERTH_OBJECT_DEVICE, token));
	free(token);
}

static void factory_did_and_root(void **state)
{
	struct berth_device_credential dc;
	struct berth_buf b = BERTH_BUF_INIT;
	char *token;

	(void)state;
	test_world_dc(&w, &dc);
	dc.factory_did = w.device2.did;		/* did:peer:2 is accepted */
	token = test_build_dc(&w, &w.maker, &dc);
	CHECK_OK(parses_as(BERTH_OBJECT_DEVICE, token));
	free(token);
	dc.factory_did = w.device.did;		/* the short form says no keys */
	token = test_build_dc(&w, &w.maker, &dc);
	CHECK_RC(BERTH_E_DID, parses_as(BERTH_OBJECT_DEVICE, token));
	free(token);
	test_world_dc(&w, &dc);
	dc.root.did = w.maker.did;
	CHECK_RC(BERTH_E_KEY, berth_device_credential_build(&b, w.kr, w.maker.kid, &dc));
	berth_buf_free(&b);
}

static void rv_list_cap(void **state)
{
	struct berth_device_credential dc;
	char *token;

	(void)state;
	test_world_dc(&w, &dc);
	for (size_t i = 0; i < BERTH_RV_MAX; i++)
		dc.rv[i] = (struct berth_rv){ w.a.did, "nng+tcp://rv.test:1" };
	dc.n_rv = BERTH_RV_MAX;
	token = test_build_dc(&w, &w.maker, &dc);
	CHECK_OK(parses_as(BERTH_OBJECT_DEVICE, token));
	free(token);
}

static void self_certifying_dids(void **state)
{
	const struct test_party *good[] = { &w.root, &w.a, &w.b, &w.c, &w.d };
	const char *bad[] = { w.b.did, w.device2.did, "did:web:a.example", "did:key:", "text", "" };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		CHECK_OK(berth_did_self_certifying(good[i]->did_long));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_DID, berth_did_self_certifying(bad[i]));
}

static void thumbprint_of_a_kid(void **state)
{
	uint8_t jkt[32];

	(void)state;
	CHECK_OK(berth_kid_thumbprint(jkt, NULL, w.b.kid_long));
	CHECK(!memcmp(jkt, w.b.jkt, 32));
	CHECK_RC(BERTH_E_RESOLVE, berth_kid_thumbprint(jkt, NULL, w.b.kid));
	CHECK_RC(BERTH_E_KEY, berth_kid_thumbprint(jkt, NULL, w.b.did_long));
}

static void root_hash_value(void **state)
{
	struct berth_owner_ref ref = { "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", { 0 } };
	struct berth_hash h;
	char hex[65];

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		ref.jkt[i] = i;
	CHECK_OK(berth_root_hash(&h, &ref));
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", h.b[i]);
	CHECK(!strcmp(hex, "0756399b550221c7cdf70a1f800a76b1045f94b4ec4b7dfcd7e76e3c6a6653b5"));
}

static enum berth_err parse_everything(void *arg)
{
	char **tokens = arg;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < N_KINDS && !rc; i++)
		rc = parses_as(kinds[i].kind, tokens[i]);
	return rc;
}

static void c015_out_of_memory(void **state)
{
	char *tokens[N_KINDS];

	(void)state;
	for (size_t i = 0; i < N_KINDS; i++)
		tokens[i] = kinds[i].make();
	CHECK(test_every_allocation_fails(parse_everything, tokens) > 100);
	for (size_t i = 0; i < N_KINDS; i++)
		free(tokens[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_credential_fields),
		cmocka_unit_test(ownership_fields),
		cmocka_unit_test(delegation_and_resolution_fields),
		cmocka_unit_test(operational_and_release_fields),
		cmocka_unit_test(receipt_fields),
		cmocka_unit_test(a_receipt_of_an_end_says_what_was_erased),
		cmocka_unit_test(clockless_objects_have_no_dates),
		cmocka_unit_test(c033_kinds_are_not_confused),
		cmocka_unit_test(every_truncation_of_every_kind),
		cmocka_unit_test(every_member_is_needed),
		cmocka_unit_test(context_and_type_are_exact),
		cmocka_unit_test(kid_is_a_key_of_the_issuer),
		cmocka_unit_test(p15_tpm_names_go_with_hardware),
		cmocka_unit_test(factory_did_and_root),
		cmocka_unit_test(rv_list_cap),
		cmocka_unit_test(self_certifying_dids),
		cmocka_unit_test(thumbprint_of_a_kid),
		cmocka_unit_test(root_hash_value),
		cmocka_unit_test(c015_out_of_memory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
