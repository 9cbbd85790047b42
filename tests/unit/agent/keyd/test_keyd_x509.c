/* SPDX-License-Identifier: Apache-2.0 */
/* What keyd signs of X.509: fields in, a request, a certificate of the one profile, a list or
 * a TLS 1.3 signature out; by keys that were made for it, and no octets of the caller's. */
#include "sealed.h"

#include "agent/ipc/keyd_proto.h"
#include "did/crypto/keypair.h"
#include "did/crypto/x509_ldevid.h"

#define NOW ((int64_t)1790000000)
#define DAY ((int64_t)86400)

static struct berth_buf out, ca_der;

static enum berth_err sign(const char *name, const struct berth_x509_order *o)
{
	berth_buf_reset(&out);
	return keys->ops->sign_x509(keys, name, o, &out);
}

static struct berth_pubkey made(const char *name, unsigned purposes)
{
	return ensure(name, BERTH_KEY_P256, BERTH_USAGE_SIGN, purposes).pub;
}

static int with_ca(void **state)
{
	const struct berth_x509_order o = { .kind = BERTH_X509_CA, .subject = "/CN=Gateways", .from_s = NOW, .until_s = NOW + 100 * DAY };

	up(state);
	made("ldevid-ca", PURPOSE(CA));
	CHECK_OK(sign("ldevid-ca", &o));
	berth_buf_put(&ca_der, out.p, out.len);
	return 0;
}

static int done(void **state)
{
	berth_buf_free(&out);
	berth_buf_free(&ca_der);
	return down(state);
}

static struct berth_x509_order issue(const struct berth_pubkey *key)
{
	return (struct berth_x509_order){ .kind = BERTH_X509_ISSUE, .subject = "/CN=SN-1", .sans = { DID }, .n_sans = 1, .from_s = NOW,
					  .until_s = NOW + DAY, .key = *key, .ca = ca_der.p, .ca_len = ca_der.len };
}

static const uint8_t hash[48] = { 1, 2, 3 };
static const struct berth_x509_order request = { .kind = BERTH_X509_REQUEST, .subject = "/CN=gw", .sans = { DID }, .n_sans = 1 };
static const struct berth_x509_order tls = { .kind = BERTH_X509_TLS, .data = hash, .len = 32 };

static void a_device_is_certified(void **state)
{
	struct berth_pubkey key = made("op-0-1-sign", PURPOSE(TLS) | PURPOSE(VP)), asked;
	const struct berth_x509_order o = issue(&key);
	struct berth_x509_chain c = { .n = 0 };

	(void)state;
	CHECK_OK(sign("op-0-1-sign", &request));
	CHECK_OK(berth_x509_req_read(&asked, out.p, out.len));
	CHECK(berth_pubkey_equal(&asked, &key));
	CHECK_OK(sign("ldevid-ca", &o));
	CHECK_OK(berth_x509_chain_add(&c, out.p, out.len));
	CHECK_OK(berth_x509_chain_add(&c, ca_der.p, ca_der.len));
	CHECK_OK(berth_x509_check_own(&c, &key, DID));
	berth_x509_chain_free(&c);
	CHECK_OK(sign("op-0-1-sign", &tls));
}

/* Each kind of order by a key of each kind. */
static void a_key_signs_what_it_was_made_for(void **state)
{
	struct berth_pubkey key = made("tls", PURPOSE(TLS));
	const struct berth_x509_order ca = { .kind = BERTH_X509_CA, .subject = "/CN=x", .from_s = NOW, .until_s = NOW + DAY },
		one = issue(&key), list = { .kind = BERTH_X509_CRL, .from_s = NOW, .until_s = NOW + DAY, .ca = ca_der.p, .ca_len = ca_der.len };
	const struct { const struct berth_x509_order *o; bool tls, ca; } all[] = {
		{ &request, true, true }, { &tls, true, false }, { &ca, false, true }, { &one, false, true }, { &list, false, true },
	};

	(void)state;
	made("other", PURPOSE(VP) | PURPOSE(VC) | PURPOSE(DI) | PURPOSE(ETHR));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CHECK_RC(all[i].tls ? BERTH_OK : BERTH_E_AUTHZ, sign("tls", all[i].o));
		CHECK_RC(all[i].ca ? BERTH_OK : BERTH_E_AUTHZ, sign("ldevid-ca", all[i].o));
		CHECK_RC(BERTH_E_AUTHZ, sign("other", all[i].o));
		CHECK_RC(BERTH_E_KEYSTORE, sign("nobody", all[i].o));
		CHECK(out.len == 0);
	}
}

/* And no bytes come to such keys from outside. */
static void they_sign_no_text(void **state)
{
	static const enum berth_purpose purposes[] = { BERTH_SIGN_TLS, BERTH_SIGN_CA, BERTH_SIGN_VC, BERTH_SIGN_DIDCOMM };
	struct berth_buf header = BERTH_BUF_INIT;

	(void)state;
	made("both", PURPOSE(TLS) | PURPOSE(CA));
	CHECK_OK(keys->ops->bind(keys, KID, "both"));
	berth_buf_reset(&out);
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		CHECK_RC(BERTH_E_AUTHZ, ring->ops->sign(ring, KID, purposes[i], "{}", 2, &header, &out));
	CHECK(header.len == 0 && out.len == 0);
}

/* A core that was taken over does not ask whether an order can be meant. */
static enum berth_err ask_keyd(const char *name, const struct berth_x509_order *o)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_SIGN_X509, .name = name, .x509 = *o };
	struct berth_buf question = BERTH_BUF_INIT, answer = BERTH_BUF_INIT;
	struct berth_ipc ipc;
	enum berth_err rc;

	berth_ipc_init(&ipc, dup(berth_keyclient_fd(kc)));
	ipc.seq = 1000;
	berth_keyd_encode(&question, &r);
	rc = berth_ipc_call(&ipc, BERTH_KEYD_SIGN_X509, &question, 5000, &answer);
	berth_ipc_close(&ipc);
	berth_buf_free(&question);
	berth_buf_free(&answer);
	return rc;
}

static void keyd_judges_the_order_itself(void **state)
{
	struct berth_pubkey key = made("tls", PURPOSE(TLS));
	struct berth_x509_order o = issue(&key), t = tls;

	(void)state;
	CHECK_OK(ask_keyd("ldevid-ca", &o));
	o.until_s = NOW + 101 * DAY;
	CHECK_RC(BERTH_E_EXPIRED, ask_keyd("ldevid-ca", &o));
	o = issue(&key);
	o.subject = "no name";
	CHECK_RC(BERTH_E_TYPE, ask_keyd("ldevid-ca", &o));
	o = issue(&key);
	o.ca_len--;
	CHECK_RC(BERTH_E_TYPE, ask_keyd("ldevid-ca", &o));
	made("other-ca", PURPOSE(CA));
	o = issue(&key);
	CHECK_RC(BERTH_E_KEY, ask_keyd("other-ca", &o));	/* not in that one's name */
	t.len = 33;
	CHECK_RC(BERTH_E_TYPE, ask_keyd("tls", &t));
	CHECK_OK(ask_keyd("tls", &tls));
	/* and what cannot be meant does not leave a core that was not */
	CHECK_RC(BERTH_E_TYPE, sign("tls", &t));
}

#define WITH_CA(t) cmocka_unit_test_setup_teardown(t, with_ca, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CA(a_device_is_certified), WITH_CA(a_key_signs_what_it_was_made_for), WITH_CA(they_sign_no_text),
		WITH_CA(keyd_judges_the_order_itself),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
