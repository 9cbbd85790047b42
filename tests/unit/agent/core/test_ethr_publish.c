/* SPDX-License-Identifier: Apache-2.0 */
/* What is signed, kept, sent and followed of a change of a did:ethr, before a registry that
 * is made up (C113).  A real chain is tests/interop/test_ethr.py. */
#include "agent/core/ethr_publish.h"

#include <sys/stat.h>
#include <unistd.h>

#include "berth/registry.h"
#include "tests/check.h"

#define DID "did:ethr:dev:0xb9c5714089478a327f09197987f16f9e5d936e8a"
#define REGISTRY "0x3e2c4eBAf62fDe37E371A455b0e3059A7d29Aff3"
#define RAWS_MAX 8

static struct berth_keystore *ks;
static struct berth_ethr_change change;
static char dir[64];

/* The chain and its node, and what they are told to do. */
static struct {
	uint64_t nonce, fee, tip, price, registry_nonce, chain;
	const char *to, *other_data;
	enum berth_err submit;		/* else answered so */
	bool refuse, refuse_call;
	const char *state[RAWS_MAX];	/* of what was submitted: "pending"; NULL: unknown */
	char raw[RAWS_MAX][2 * BERTH_ETH_TX_MAX];
	size_t n_raw;			/* different ones */
	unsigned submits, checks, signs, keeps, relayed_signs;
	struct berth_buf kept;
	bool unsaved;			/* something was submitted that is not in kept */
} w;

static int setup(void **s)
{
	char pass[96], uri[96];
	struct berth_keystore_config cfg = { .uri = uri, .passphrase_file = pass, .create = true };
	struct berth_key_info k;
	FILE *f;

	(void)s;
	snprintf(dir, sizeof(dir), "/tmp/berth-publish.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(pass, sizeof(pass), "%s/pass", dir);
	snprintf(uri, sizeof(uri), "soft:%s/keys", dir);
	assert_non_null(f = fopen(pass, "w"));
	fputs("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n", f);
	fclose(f);
	chmod(pass, 0600);
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	CHECK_OK(berth_keystore_generate(ks, "owner", BERTH_KEY_SECP256K1, BERTH_USAGE_SIGN, &k));
	CHECK_OK(berth_eth_address_of(&change.owner, &k.pub));
	CHECK_OK(berth_keystore_generate(ks, "payer", BERTH_KEY_SECP256K1, BERTH_USAGE_SIGN, &k));
	CHECK_OK(berth_eth_address_of(&change.payer, &k.pub));
	return 0;
}

static int teardown(void **s)
{
	static const char *const files[] = { "keys", "pass", "keys.lock" };
	char at[96];

	(void)s;
	berth_keystore_close(ks);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(at, sizeof(at), "%s/%s", dir, files[i]);
		unlink(at);
	}
	rmdir(dir);
	return 0;
}

/* ---- the registry ---- */

static const char *member(const struct berth_buf *in, const char *name, char *out, size_t max)
{
	struct berth_json *j;
	const char *text;

	CHECK_OK(berth_json_parse_object(&j, berth_buf_cstr(in), in->len, BERTH_JSON_MAX));
	text = berth_json_str(berth_json_get(j, name));
	snprintf(out, max, "%s", text ? text : "");
	berth_json_free(j);
	return *out ? out : NULL;
}

static enum berth_err propose(const struct berth_buf *in, struct berth_buf *out)
{
	static char from[64], data[2 * BERTH_ETH_TX_MAX];

	if (member(in, "nonceOf", from, sizeof(from))) {
		berth_buf_printf(out, "{\"registryNonce\":\"0x%llx\"}", (unsigned long long)w.registry_nonce);
		return BERTH_OK;
	}
	CHECK(member(in, "from", from, sizeof(from)) && member(in, "data", data, sizeof(data)));
	berth_buf_printf(out, "{\"chainId\":\"0x%llx\",\"to\":\"%s\",\"from\":\"%s\",\"nonce\":\"0x%llx\",\"gas\":\"0xea60\",\"data\":\"%s\",",
			 (unsigned long long)w.chain, w.to, from, (unsigned long long)w.nonce, w.other_data ? w.other_data : data);
	if (w.price)
		berth_buf_printf(out, "\"gasPrice\":\"0x%llx\"}", (unsigned long long)w.price);
	else
		berth_buf_printf(out, "\"maxFeePerGas\":\"0x%llx\",\"maxPriorityFeePerGas\":\"0x%llx\"}", (unsigned long long)w.fee,
				 (unsigned long long)w.tip);
	return BERTH_OK;
}

static size_t index_of(const struct berth_buf *raw)
{
	struct berth_buf hex = BERTH_BUF_INIT;
	size_t i = 0;

	berth_ethr_put_hex(&hex, raw->p, raw->len);
	while (i < w.n_raw && strcmp(w.raw[i], berth_buf_cstr(&hex)) != 0)
		i++;
	if (i == w.n_raw)
		snprintf(w.raw[w.n_raw++], sizeof(w.raw[0]), "%s", berth_buf_cstr(&hex));
	w.unsaved = w.unsaved || !strstr(berth_buf_cstr(&w.kept), berth_buf_cstr(&hex));
	berth_buf_free(&hex);
	return i;
}

static enum berth_err submit(const struct berth_buf *raw, struct berth_buf *out)
{
	size_t i = index_of(raw);

	w.submits++;
	if (w.submit)
		return berth_fail(w.submit, "as the test says");
	if (w.refuse) {
		berth_buf_str(out, "{\"transactionHash\":\"0x00\",\"state\":\"refused\",\"reason\":\"already known\"}");
		return BERTH_OK;
	}
	if (!w.state[i])
		w.state[i] = "confirmed";
	berth_buf_str(out, "{\"transactionHash\":\"0x00\"}");
	return BERTH_OK;
}

/* By the order of the attempts in what was kept, which is that of their sending. */
static enum berth_err check(const struct berth_buf *in, struct berth_buf *out)
{
	struct berth_ethr_sent sent;
	char hash[80], nonce[24];
	size_t i;

	w.checks++;
	CHECK_OK(berth_ethr_sent_parse(&sent, berth_buf_cstr(&w.kept), w.kept.len));
	CHECK(member(in, "hash", hash, sizeof(hash)) && member(in, "nonce", nonce, sizeof(nonce)));
	assert_string_equal("0x7", nonce);
	for (i = 0; i < sent.n; i++) {
		struct berth_buf hex = BERTH_BUF_INIT;
		bool is;

		berth_ethr_put_hex(&hex, sent.attempt[i].hash, 32);
		is = strcmp(berth_buf_cstr(&hex), hash) == 0;
		berth_buf_free(&hex);
		if (is)
			break;
	}
	CHECK(i < sent.n);
	berth_ethr_sent_free(&sent);
	berth_buf_printf(out, "{\"transactionHash\":\"%s\",\"state\":\"%s\",\"blockNumber\":\"0x11\"}", hash,
			 w.state[i] ? w.state[i] : "unknown");
	return BERTH_OK;
}

static enum berth_err ask(void *arg, uint32_t phase, const char *did, const char *part, const struct berth_buf *in, struct berth_buf *out)
{
	(void)arg;
	assert_string_equal(DID, did);
	assert_string_equal(phase == BERTH_REGISTRY_PROPOSE ? "proposal" : "transaction", part);
	if (phase == BERTH_REGISTRY_PROPOSE && w.refuse_call) {
		berth_buf_str(out, "{\"refused\":\"bad_actor\"}");
		return BERTH_OK;
	}
	return phase == BERTH_REGISTRY_PROPOSE ? propose(in, out) : phase == BERTH_REGISTRY_SUBMIT ? submit(in, out) : check(in, out);
}

static enum berth_err sign(void *arg, bool payer, const struct berth_ethr_order *o, struct berth_buf *signed_, uint8_t hash[32])
{
	(void)arg;
	w.signs++;
	w.relayed_signs += o->relayed;
	CHECK(payer == o->relayed);
	return berth_ethr_sign(ks, payer ? "payer" : "owner", o, signed_, hash);
}

static enum berth_err keep(void *arg, const struct berth_ethr_sent *s)
{
	(void)arg;
	w.keeps++;
	berth_buf_reset(&w.kept);
	return berth_ethr_sent_print(&w.kept, s);
}

static struct berth_ethr_publisher publisher;
static struct berth_ethr_receipt receipt;

static void begin(void)
{
	struct berth_ethr_did did;

	berth_buf_free(&w.kept);
	memset(&w, 0, sizeof(w));
	w.nonce = 7;
	w.fee = 1000;
	w.tip = 10;
	w.chain = 1337;
	w.to = REGISTRY;
	publisher = (struct berth_ethr_publisher){ .ask = ask, .sign = sign, .keep = keep, .max_fee = 5000, .looks = 3 };
	CHECK_OK(berth_ethr_registry_parse(&publisher.registry, "1337:" REGISTRY));
	CHECK_OK(berth_ethr_did_parse(&did, DID));
	change.did = DID;
	change.relayed = false;
	change.call = (struct berth_ethr_call){ .function = BERTH_ETHR_ADD_DELEGATE, .identity = did.identity, .party = did.identity,
						.name = "veriKey", .validity_s = 60 };
}

/* As a process that has just started, with what was kept. */
static enum berth_err run(bool raise)
{
	struct berth_ethr_sent sent = { .n = 0 };
	enum berth_err rc;

	if (w.kept.len)
		CHECK_OK(berth_ethr_sent_parse(&sent, berth_buf_cstr(&w.kept), w.kept.len));
	rc = berth_ethr_publish(&receipt, &publisher, &change, &sent, raise);
	berth_ethr_sent_free(&sent);
	CHECK(!w.unsaved);	/* nothing leaves that is not kept */
	return rc;
}

static void a_change_is_kept_sent_and_followed(void **state)
{
	struct berth_eth_address from;
	struct berth_buf raw = BERTH_BUF_INIT;
	struct berth_eth_tx tx;

	(void)state;
	begin();
	CHECK_OK(run(false));
	CHECK(receipt.over && receipt.block == 17 && w.submits == 1 && w.signs == 1 && w.keeps == 1);
	CHECK_OK(berth_eth_data_parse(&raw, w.raw[0], BERTH_ETH_TX_MAX));
	CHECK_OK(berth_eth_tx_parse(&tx, &from, raw.p, raw.len));
	CHECK(tx.nonce == 7 && tx.chain_id == 1337 && !tx.legacy && tx.max_fee == 1000 && tx.max_priority_fee == 10 && tx.gas_limit == 60000);
	CHECK(berth_eth_address_equal(&from, &change.owner) && berth_eth_address_equal(&tx.to, &publisher.registry.address));
	berth_buf_free(&raw);

	begin();
	w.price = 4000;
	CHECK_OK(run(false));
	CHECK_OK(berth_eth_data_parse(&raw, w.raw[0], BERTH_ETH_TX_MAX));
	CHECK_OK(berth_eth_tx_parse(&tx, &from, raw.p, raw.len));
	CHECK(tx.legacy && tx.gas_price == 4000);
	berth_buf_free(&raw);
}

static void a_proposal_that_is_not_what_was_asked_for_is_not_signed(void **state)
{
	(void)state;
	begin();
	w.chain = 1;
	CHECK_RC(BERTH_E_AUTHZ, run(false));
	begin();
	w.to = "0x3e2c4ebaf62fde37e371a455b0e3059a7d29aff4";
	CHECK_RC(BERTH_E_AUTHZ, run(false));
	begin();
	w.other_data = "0xf00d4b5d";
	CHECK_RC(BERTH_E_AUTHZ, run(false));
	begin();
	w.fee = 5001;
	CHECK_RC(BERTH_E_QUOTA, run(false));
	begin();
	w.price = 5001;
	CHECK_RC(BERTH_E_QUOTA, run(false));
	begin();
	w.tip = 1001;		/* above the whole fee */
	CHECK_RC(BERTH_E_TYPE, run(false));
	CHECK(w.submits == 0 && w.keeps == 0 && w.kept.len == 0);
	begin();
	w.refuse_call = true;
	CHECK_RC(BERTH_E_AUTHZ, run(false));
	CHECK(!receipt.over && w.signs == 0 && w.keeps == 0);
	begin();
	w.fee = 5000;		/* the most that is allowed */
	CHECK_OK(run(false));
}

/* C113: whatever the process was at when it ended, one transaction is all there is. */
static void what_was_sent_is_never_signed_again(void **state)
{
	(void)state;
	begin();
	w.submit = BERTH_E_UNAVAILABLE;		/* before it left, or after: nobody knows */
	CHECK_RC(BERTH_E_UNAVAILABLE, run(false));
	CHECK(!receipt.over && w.signs == 1 && w.keeps == 1);
	w.submit = BERTH_OK;
	w.nonce = 8;				/* it is pending, say */
	CHECK_OK(run(false));
	CHECK(w.n_raw == 1 && w.submits == 2 && w.signs == 1);

	begin();
	w.state[0] = "pending";
	CHECK_RC(BERTH_E_UNAVAILABLE, run(false));
	CHECK(!receipt.over);
	CHECK_RC(BERTH_E_UNAVAILABLE, run(false));
	w.state[0] = "confirmed";
	CHECK_OK(run(false));
	CHECK(receipt.over && w.n_raw == 1 && w.submits == 1 && w.signs == 1);
}

static void a_node_that_forgot_is_told_again(void **state)
{
	(void)state;
	begin();
	w.refuse = true;		/* "already known", and then it is not */
	CHECK_RC(BERTH_E_AUTHZ, run(false));
	CHECK(!receipt.over && w.submits == 2 && w.n_raw == 1);
	w.refuse = false;
	CHECK_OK(run(false));
	CHECK(w.submits == 3 && w.n_raw == 1);
}

static void what_the_chain_has_decided_is_over(void **state)
{
	(void)state;
	begin();
	w.state[0] = "failed";
	CHECK_RC(BERTH_E_AUTHZ, run(false));
	CHECK(receipt.over);
	begin();
	w.state[0] = "overtaken";
	CHECK_RC(BERTH_E_AUTHZ, run(false));
	CHECK(receipt.over);
}

static void a_fee_is_raised_in_its_place(void **state)
{
	struct berth_ethr_sent sent;

	(void)state;
	begin();
	CHECK_RC(BERTH_E_USAGE, run(true));	/* nothing was sent */
	w.state[0] = "pending";
	CHECK_RC(BERTH_E_UNAVAILABLE, run(false));
	w.nonce = 8;
	w.state[1] = "pending";
	CHECK_RC(BERTH_E_UNAVAILABLE, run(true));
	CHECK_OK(berth_ethr_sent_parse(&sent, berth_buf_cstr(&w.kept), w.kept.len));
	CHECK(sent.n == 2 && sent.attempt[1].tx.nonce == 7 && sent.attempt[1].tx.max_fee == 1126 && sent.attempt[1].tx.max_priority_fee == 12);
	berth_ethr_sent_free(&sent);
	w.state[0] = "confirmed";		/* the first, after all */
	w.state[1] = "overtaken";
	CHECK_OK(run(false));
	CHECK(w.signs == 2 && w.n_raw == 2);
	CHECK_OK(run(true));			/* and nothing is outbid that is there */
	CHECK(w.signs == 2);

	begin();
	w.fee = 4900;
	w.state[0] = "pending";
	CHECK_RC(BERTH_E_UNAVAILABLE, run(false));
	CHECK_RC(BERTH_E_QUOTA, run(true));
	CHECK(w.n_raw == 1);
}

static void another_change_waits_for_the_first(void **state)
{
	(void)state;
	begin();
	w.state[0] = "pending";
	CHECK_RC(BERTH_E_UNAVAILABLE, run(false));
	change.call.validity_s = 61;
	CHECK_RC(BERTH_E_USAGE, run(false));
	change.call.validity_s = 60;
	publisher.registry.chain_id = 1338;
	CHECK_RC(BERTH_E_AUTHZ, run(false));
	publisher.registry.chain_id = 1337;
	w.state[0] = "confirmed";
	CHECK_OK(run(false));
}

static void another_account_may_pay(void **state)
{
	struct berth_ethr_sent sent;

	(void)state;
	begin();
	change.relayed = true;
	w.registry_nonce = 3;
	CHECK_OK(run(false));
	CHECK(w.signs == 2 && w.relayed_signs == 1);
	CHECK_OK(berth_ethr_sent_parse(&sent, berth_buf_cstr(&w.kept), w.kept.len));
	CHECK(berth_eth_address_equal(&sent.attempt[0].from, &change.payer));
	CHECK(sent.attempt[0].tx.data_len == sent.call.len + 3 * 32);	/* v, r, s */
	berth_ethr_sent_free(&sent);
}

static void what_was_kept_is_read_strictly(void **state)
{
	static const char *const bad[] = {
		"{\"did\":\"a\",\"call\":\"0x00\",\"transactions\":[]}",
		"{\"did\":\"a\",\"call\":\"0x0\",\"transactions\":[]}",
		"{\"did\":\"a\",\"call\":\"0x00\",\"transactions\":[\"0x02\"]}",
		"{\"did\":\"a\",\"call\":\"0x00\",\"transactions\":[2]}",
		"{\"did\":\"a\",\"transactions\":[\"0x02\"]}",
	};
	struct berth_ethr_sent sent;
	char *whole;
	size_t n;

	(void)state;
	begin();
	CHECK_OK(run(false));
	whole = strdup(berth_buf_cstr(&w.kept));
	n = strlen(whole) - 1;		/* the newline may be missing */
	for (size_t i = 0; i < n; i++) {
		char *exact = malloc(i ? i : 1);

		memcpy(exact, whole, i);
		CHECK_RC(BERTH_E_JSON, berth_ethr_sent_parse(&sent, exact, i));
		CHECK(sent.n == 0);
		free(exact);
	}
	CHECK_OK(berth_ethr_sent_parse(&sent, whole, n));
	berth_ethr_sent_free(&sent);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_TYPE, berth_ethr_sent_parse(&sent, bad[i], strlen(bad[i])));
	free(whole);
	berth_buf_free(&w.kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_is_kept_sent_and_followed),
		cmocka_unit_test(a_proposal_that_is_not_what_was_asked_for_is_not_signed),
		cmocka_unit_test(what_was_sent_is_never_signed_again),
		cmocka_unit_test(a_node_that_forgot_is_told_again),
		cmocka_unit_test(what_the_chain_has_decided_is_over),
		cmocka_unit_test(a_fee_is_raised_in_its_place),
		cmocka_unit_test(another_change_waits_for_the_first),
		cmocka_unit_test(another_account_may_pay),
		cmocka_unit_test(what_was_kept_is_read_strictly),
	};

	return cmocka_run_group_tests_name("ethr_publish", tests, setup, teardown);
}
