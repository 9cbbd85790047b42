/* SPDX-License-Identifier: Apache-2.0 */
/* registry-adapters/ethr before scripted nodes, most of which lie (C112).  What a real
 * one says is tests/interop/test_ethr.py. */
#include <limits.h>

#include "tests/check.h"
#include "tests/fakes/built.h"
#include "tests/fakes/registry_host.h"

#define NODE "https://node.test/rpc"
#define REGISTRY "0x3e2c4ebaf62fde37e371a455b0e3059a7d29aff3"
#define IDENTITY "0x95eb5e7e6960367338c5e16a71c6f2d9bf589bbf"
#define OTHER "0x493f19917ec161ac8851fa5fc2d38413fe196c99"
#define DID "did:ethr:dev:" IDENTITY
#define PAD "000000000000000000000000"
#define ZEROS PAD PAD "00000000000000"	/* 62 digits of a word */
#define NETWORK "\"network\":\"dev 1337 " REGISTRY " " NODE "\""
#define CONFIG(more) "{" NETWORK ",\"confirmations\":\"0\"" more "}"

#define ANSWER(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}"
#define ERROR(id, text) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":-32000,\"message\":\"" text "\"}}"
#define B1(a) "[" a "]"
#define B2(a, b) "[" a "," b "]"
#define B3(a, b, c) "[" a "," b "," c "]"
#define B5(a, b, c, d, e) "[" a "," b "," c "," d "," e "]"
#define B6(a, b, c, d, e, f) "[" a "," b "," c "," d "," e "," f "]"
#define BATCH_OF(a, b, c, d, e, f, name, ...) name
#define BATCH(...) BATCH_OF(__VA_ARGS__, B6, B5, B4, B3, B2, B1, 0)(__VA_ARGS__)
#define BLOCK(number) "{\"number\":\"" number "\",\"timestamp\":\"0x6b0b4941\",\"hash\":\"0x00\"}"
#define POST(what, answer) { .method = "POST", .url = NODE, .body = what, .reply = answer }

#define HEAD(number) POST("eth_chainId", BATCH(ANSWER("1", "\"0x539\""), ANSWER("2", BLOCK(number))))
#define AT_REGISTRY(changed) \
	POST("eth_call", BATCH(ANSWER("1", "\"0x" PAD "95eb5e7e6960367338c5e16a71c6f2d9bf589bbf\""), \
			       ANSWER("2", "\"0x" changed "\"")))
#define OWNER_CHANGED "0x38a5a6e68f30ed1ab45860a4afb34bcb2fc00f22ca462d249b8a8d40cda6f7a3"
#define LOG(number, index, before) \
	"{\"address\":\"" REGISTRY "\",\"topics\":[\"" OWNER_CHANGED "\",\"0x" PAD "95eb5e7e6960367338c5e16a71c6f2d9bf589bbf\"]," \
	"\"data\":\"0x" PAD "493f19917ec161ac8851fa5fc2d38413fe196c99" before "\",\"blockNumber\":\"" number "\"," \
	"\"logIndex\":\"" index "\",\"removed\":false,\"transactionHash\":\"0x00\"}"
#define CHANGE(number, logs) POST("\"fromBlock\":\"" number "\"", BATCH(ANSWER("2", BLOCK(number)), ANSWER("1", "[" logs "]")))

static struct test_registry r;
static struct test_registry_answer a;
static char so[PATH_MAX];

static void begin(const char *config, const struct test_exchange *script, size_t n)
{
	assert_int_equal(0, test_registry_start(&r, so, config));
	test_registry_script(&r, script, n);
}

static void end(void)
{
	test_registry_answer_free(&a);
	test_registry_stop(&r);
}

#define SCRIPT(name, ...) static const struct test_exchange name[] = { __VA_ARGS__ }
#define N(script) (sizeof(script) / sizeof((script)[0]))

/* The whole script happens, and this is what comes of it. */
static void resolves_to(int status, const struct test_exchange *script, size_t n)
{
	begin(CONFIG(""), script, n);
	test_registry_resolve(&r, DID, &a);
	if (a.status != status || test_registry_left(&r) != 0)
		fail_msg("status %d (%s), %zu exchanges left", a.status, a.message, test_registry_left(&r));
	end();
}

static void says(const char *part, const char *text)
{
	const char *whole = test_registry_part(&a, part);

	if (!whole || !strstr(whole, text))
		fail_msg("%s is not in %s (status %d, %s)", text, whole ? whole : "nothing", a.status, a.message);
}

static void options_are_checked(void **state)
{
	static const char *const good[] = {
		CONFIG(""),
		CONFIG(",\"network-2\":\"rsk:testnet 31 0xDca7EF03e98e0DC2B855bE647C39ABe984fcF21b http://rsk.test\""),
		CONFIG(",\"block\":\"finalized\",\"batch\":\"no\",\"poll-ms\":\"100\""),
		CONFIG(",\"path\":\"/x.so\""),
	};
	static const char *const bad[] = {
		"{}", "[]", "",
		CONFIG(",\"network-2\":\"dev 5 " REGISTRY " " NODE "\""),
		CONFIG(",\"network-2\":\"0x5 5 " REGISTRY " " NODE "\""),
		CONFIG(",\"network-2\":\"a 5 0x123 " NODE "\""),
		CONFIG(",\"network-2\":\"a 0 " REGISTRY " " NODE "\""),
		CONFIG(",\"network-2\":\"a 5 " REGISTRY "\""),
		CONFIG(",\"network-2\":\"a 5 " REGISTRY " ftp://x\""),
		CONFIG(",\"network-2\":\"a 5 " REGISTRY " " NODE " more\""),
		CONFIG(",\"block\":\"pending\""), "{" NETWORK ",\"confirmations\":\"4097\"}", CONFIG(",\"batch\":\"maybe\""),
		CONFIG(",\"poll-ms\":\"9\""), CONFIG(",\"history\":\"all\""), CONFIG(",\"other\":\"1\""), CONFIG(",\"batch\":true"),
	};

	(void)state;
	for (size_t i = 0; i < N(good); i++) {
		assert_int_equal(0, test_registry_start(&r, so, good[i]));
		test_registry_stop(&r);
	}
	for (size_t i = 0; i < N(bad); i++)
		if (test_registry_start(&r, so, bad[i]) == 0)
			fail_msg("%s is taken", bad[i]);
}

static void a_history_is_walked_to_its_beginning(void **state)
{
	static const char *const order[] = { "\"logIndex\":\"0x7\"", "\"logIndex\":\"0x8\"", "\"logIndex\":\"0x0\"", "\"logIndex\":\"0x1\"" };
	SCRIPT(untouched, HEAD("0x9"), AT_REGISTRY(ZEROS "00"));
	SCRIPT(changed, HEAD("0x9"), AT_REGISTRY(ZEROS "05"),
	       CHANGE("0x5", LOG("0x5", "0x0", ZEROS "02") "," LOG("0x5", "0x1", ZEROS "05")), CHANGE("0x2", LOG("0x2", "0x7", ZEROS "00") "," LOG("0x2", "0x8", ZEROS "02")));

	(void)state;
	begin(CONFIG(""), untouched, N(untouched));
	test_registry_resolve(&r, DID, &a);
	assert_string_equal("{\"chainId\":\"0x539\",\"registry\":\"" REGISTRY "\",\"identity\":\"" IDENTITY "\",\"blockNumber\":\"0x9\","
			    "\"blockTimestamp\":\"0x6b0b4941\",\"blocks\":{},\"logs\":[],\"owner\":\"" IDENTITY "\",\"changed\":\"0x0\"}",
			    test_registry_part(&a, "ethr"));
	end();
	begin(CONFIG(""), changed, N(changed));
	test_registry_resolve(&r, DID, &a);
	assert_int_equal(0, test_registry_left(&r));
	says("ethr", "\"blocks\":{\"0x5\":\"0x6b0b4941\",\"0x2\":\"0x6b0b4941\"}");
	says("ethr", ",\"changed\":\"0x5\"");
	/* the oldest first, and within a block as they came */
	const char *at = test_registry_part(&a, "ethr");

	for (size_t i = 0; i < 4; i++)
		CHECK((at = strstr(at, order[i])));
	end();
}

static void nodes_without_batches_are_asked_one_by_one(void **state)
{
	SCRIPT(script, POST("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"", ANSWER("1", "\"0x539\"")),
	       POST("eth_getBlockByNumber\",\"params\":[\"finalized\",false]", ANSWER("1", BLOCK("0x9"))),
	       POST("0x8733d4e8", ANSWER("1", "\"0x" PAD "95eb5e7e6960367338c5e16a71c6f2d9bf589bbf\"")),
	       POST("0xf96d0f9f", ANSWER("1", "\"0x" ZEROS "00\"")));

	(void)state;
	begin(CONFIG(",\"batch\":\"no\",\"block\":\"finalized\""), script, N(script));
	test_registry_resolve(&r, DID, &a);
	assert_int_equal(BERTH_REGISTRY_OK, a.status);
	assert_int_equal(0, test_registry_left(&r));
	end();
}

static void confirmations_and_versions_name_blocks(void **state)
{
	SCRIPT(script, HEAD("0x9"), POST("[\"0x7\",false]", ANSWER("1", BLOCK("0x7"))),
	       POST("[\"0x3\",false]", BATCH(ANSWER("1", "\"0x" PAD "95eb5e7e6960367338c5e16a71c6f2d9bf589bbf\""),
					     ANSWER("2", "\"0x" ZEROS "00\""), ANSWER("3", BLOCK("0x3")))));
	SCRIPT(twelve, HEAD("0x15"), POST("[\"0x9\",false]", ANSWER("1", BLOCK("0x9"))), AT_REGISTRY(ZEROS "00"));
	const struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = DID, .version_id = "3" };

	(void)state;
	begin("{" NETWORK ",\"confirmations\":\"2\"}", script, N(script));
	test_registry_ask(&r, &q, &a);
	says("ethr", "\"blockNumber\":\"0x7\"");
	says("ethr", "\"blocks\":{\"0x3\":\"0x6b0b4941\"}");
	end();
	begin("{" NETWORK "}", twelve, N(twelve));
	test_registry_resolve(&r, DID, &a);
	says("ethr", "\"blockNumber\":\"0x9\"");
	end();
}

static void a_network_is_found_by_name_and_by_number(void **state)
{
	/* the account of the key 1 */
	SCRIPT(key, HEAD("0x9"), POST("7e5f4552091a69125d5dfcb7b8c2659029395bdf\"},\"0x9\"",
				      BATCH(ANSWER("1", "\"0x" PAD "7e5f4552091a69125d5dfcb7b8c2659029395bdf\""),
					    ANSWER("2", "\"0x" ZEROS "00\""))));
	SCRIPT(number, HEAD("0x9"), AT_REGISTRY(ZEROS "00"));

	(void)state;
	begin(CONFIG(""), number, N(number));
	test_registry_resolve(&r, "did:ethr:0x539:" IDENTITY, &a);
	assert_int_equal(BERTH_REGISTRY_OK, a.status);
	test_registry_script(&r, key, N(key));
	test_registry_resolve(&r, "did:ethr:dev:0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", &a);
	says("ethr", "\"identity\":\"0x7e5f4552091a69125d5dfcb7b8c2659029395bdf\"");
	test_registry_resolve(&r, "did:ethr:" IDENTITY, &a);		/* that is mainnet */
	assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, a.status);
	test_registry_resolve(&r, "did:ethr:0x53a:" IDENTITY, &a);
	assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, a.status);
	test_registry_resolve(&r, "did:ethr:dev:0x1234", &a);
	assert_int_equal(BERTH_REGISTRY_INVALID, a.status);
	/* x is on no point of the curve */
	test_registry_resolve(&r, "did:ethr:dev:0x020000000000000000000000000000000000000000000000000000000000000005", &a);
	assert_int_equal(BERTH_REGISTRY_INVALID, a.status);
	end();
}

static void a_node_of_another_chain_is_refused(void **state)
{
	SCRIPT(other, POST("eth_chainId", BATCH(ANSWER("1", "\"0x53a\""), ANSWER("2", BLOCK("0x9")))));
	SCRIPT(huge, POST("eth_chainId", BATCH(ANSWER("1", "\"0x10000000000000539\""), ANSWER("2", BLOCK("0x9")))));

	(void)state;
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, other, N(other));
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, huge, N(huge));
}

static void a_history_that_leads_nowhere_is_refused(void **state)
{
	SCRIPT(loop, HEAD("0x9"), AT_REGISTRY(ZEROS "05"), CHANGE("0x5", LOG("0x5", "0x0", ZEROS "05")));
	SCRIPT(forward, HEAD("0x9"), AT_REGISTRY(ZEROS "05"), CHANGE("0x5", LOG("0x5", "0x0", ZEROS "08")));
	SCRIPT(none, HEAD("0x9"), AT_REGISTRY(ZEROS "05"), CHANGE("0x5", ""));
	SCRIPT(far, HEAD("0x9"), AT_REGISTRY(PAD PAD "0000000000000010"), );
	SCRIPT(word, HEAD("0x9"), AT_REGISTRY(PAD "00000000000000000000000100000000000000" "05"), );
	SCRIPT(before_2_64, HEAD("0x9"), AT_REGISTRY(ZEROS "05"),
	       CHANGE("0x5", LOG("0x5", "0x0", "0000000000000000000000000000000000000000000000010000000000000002")));
	SCRIPT(head_2_64, HEAD("0x10000000000000000"));
	SCRIPT(other_block, HEAD("0x9"), AT_REGISTRY(ZEROS "05"),
	       POST("eth_getLogs", BATCH(ANSWER("1", "[" LOG("0x5", "0x0", ZEROS "00") "]"), ANSWER("2", BLOCK("0x6")))));
	SCRIPT(no_block, HEAD("0x9"), AT_REGISTRY(ZEROS "05"),
	       POST("eth_getLogs", BATCH(ANSWER("1", "[" LOG("0x5", "0x0", ZEROS "00") "]"), ANSWER("2", "null"))));
	SCRIPT(long_owner, HEAD("0x9"), POST("eth_call", BATCH(ANSWER("1", "\"0x0000000000000000000000" "0195eb5e7e6960367338c5e16a71c6f2d9bf589bbf\""),
							       ANSWER("2", "\"0x" ZEROS "00\""))));

	(void)state;
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, loop, N(loop));
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, forward, N(forward));
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, none, N(none));
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, far, N(far));
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, word, N(word));
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, before_2_64, N(before_2_64));
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, head_2_64, N(head_2_64));
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, other_block, N(other_block));
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, no_block, N(no_block));
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, long_owner, N(long_owner));
}

static void a_history_may_be_asked_for_at_once(void **state)
{
	SCRIPT(all, HEAD("0x9"), AT_REGISTRY(ZEROS "05"),
	       POST("\"fromBlock\":\"0x0\",\"toBlock\":\"0x9\"", ANSWER("1", "[" LOG("0x2", "0x7", ZEROS "00") "," LOG("0x5", "0x0", ZEROS "02")
									 "," LOG("0x5", "0x1", ZEROS "05") "]")),
	       POST("eth_getBlockByNumber", BATCH(ANSWER("1", BLOCK("0x2")), ANSWER("2", BLOCK("0x5")))));
	SCRIPT(too_much, HEAD("0x9"), AT_REGISTRY(ZEROS "05"), POST("\"toBlock\":\"0x9\"", ERROR("1", "range is too large")),
	       CHANGE("0x5", LOG("0x5", "0x0", ZEROS "00")));
	SCRIPT(untouched, HEAD("0x9"), AT_REGISTRY(ZEROS "00"));
	SCRIPT(liar, HEAD("0x9"), AT_REGISTRY(ZEROS "05"), POST("\"toBlock\":\"0x9\"", ANSWER("1", "[" LOG("0x5", "0x0", ZEROS "00") "]")),
	       POST("eth_getBlockByNumber", ANSWER("1", BLOCK("0x6"))));

	(void)state;
	begin(CONFIG(",\"history\":\"at-once\""), all, N(all));
	test_registry_resolve(&r, DID, &a);
	says("ethr", "\"blocks\":{\"0x2\":\"0x6b0b4941\",\"0x5\":\"0x6b0b4941\"}");
	says("ethr", "\"logIndex\":\"0x1\"");
	test_registry_script(&r, too_much, N(too_much));
	test_registry_resolve(&r, DID, &a);
	says("ethr", "\"blocks\":{\"0x5\":\"0x6b0b4941\"}");
	assert_int_equal(0, test_registry_left(&r));
	test_registry_script(&r, untouched, N(untouched));
	test_registry_resolve(&r, DID, &a);
	says("ethr", "\"logs\":[]");
	test_registry_script(&r, liar, N(liar));
	test_registry_resolve(&r, DID, &a);
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, a.status);
	end();
}

static void a_history_ends_where_it_gets_too_long(void **state)
{
	SCRIPT(long_one, HEAD("0x9"), AT_REGISTRY(ZEROS "05"), CHANGE("0x5", LOG("0x5", "0x0", ZEROS "04")),
	       CHANGE("0x4", LOG("0x4", "0x0", ZEROS "03")));
	struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = DID, .max_bytes = 1000 };

	(void)state;
	begin(CONFIG(""), long_one, N(long_one));
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_TOO_BIG, a.status);	/* block 3 was not asked for */
	assert_int_equal(0, test_registry_left(&r));
	end();
}

/* Each is what a node says first, and all there is. */
static void answers_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "null", "{}", "[]", "[null,null]", "<html>", ANSWER("1", "\"0x539\""),
		BATCH(ANSWER("1", "\"0x539\"")),
		BATCH(ANSWER("1", "\"0x539\""), ANSWER("1", "\"0x539\"")),
		BATCH(ANSWER("1", "\"0x539\""), ANSWER("2", BLOCK("0x9")), ANSWER("2", BLOCK("0x9"))),
		BATCH(ANSWER("1", "\"0x539\""), ANSWER("3", BLOCK("0x9"))),
		BATCH(ANSWER("1", "\"0x539\""), ANSWER("1.5", BLOCK("0x9"))),
		BATCH(ANSWER("1", "\"0x539\""), ANSWER("\"2\"", BLOCK("0x9"))),
		BATCH(ANSWER("1", "\"0x539\""), ANSWER("1e300", BLOCK("0x9"))),
		BATCH(ANSWER("1", "\"0x539\""), "{\"id\":2,\"result\":" BLOCK("0x9") "}"),
		BATCH(ANSWER("1", "\"0x539\""), "{\"jsonrpc\":\"2.0\",\"id\":2}"),
		BATCH(ANSWER("1", "\"0x539\""), "{\"jsonrpc\":\"2.0\",\"id\":2,\"id\":2,\"result\":" BLOCK("0x9") "}"),
		BATCH(ANSWER("1", "\"0x539\""), "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{},\"result\":" BLOCK("0x9") "}"),
		BATCH(ANSWER("1", "\"0x539\""), ANSWER("2", "{\"number\":\"0x9\",\"number\":\"0x8\",\"timestamp\":\"0x1\"}")),
		BATCH(ANSWER("1", "\"0x539\""), ANSWER("2", "[[[[[[[[]]]]]]]]")),
		BATCH(ANSWER("1", "\"0x539\""), ANSWER("2", BLOCK("0x9"))) "x",
		BATCH(ANSWER("1", "\"0x539\""), ERROR("2", "no such block")),
		BATCH(ANSWER("1", "\"0x0539\""), ANSWER("2", BLOCK("0x9"))),
		BATCH(ANSWER("1", "1337"), ANSWER("2", BLOCK("0x9"))),
		BATCH(ANSWER("1", "\"0x539\""), ANSWER("2", "{\"number\":\"0x9\"}")),
		BATCH(ANSWER("1", "\"0x539\""), ANSWER("2", "{\"number\":9,\"timestamp\":\"0x1\"}")),
	};
	static const char good[] = BATCH(ANSWER("1", "\"0x539\""), ANSWER("2", BLOCK("0x9")));

	(void)state;
	for (size_t i = 0; i < N(bad); i++) {
		const struct test_exchange script[] = { POST("eth_chainId", bad[i]) };

		resolves_to(BERTH_REGISTRY_UNAVAILABLE, script, 1);
	}
	for (size_t n = 1; n < sizeof(good) - 1; n++) {
		const struct test_exchange script[] = { { .method = "POST", .url = NODE, .reply = good, .reply_len = n } };

		resolves_to(BERTH_REGISTRY_UNAVAILABLE, script, 1);
	}
}

static void what_the_host_says_of_an_exchange_is_passed_on(void **state)
{
	SCRIPT(refused, { .method = "POST", .url = NODE, .status = BERTH_REGISTRY_REFUSED });
	SCRIPT(down, { .method = "POST", .url = NODE, .status = BERTH_REGISTRY_UNAVAILABLE });
	SCRIPT(some, HEAD("0x9"));
	const struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = DID };

	(void)state;
	resolves_to(BERTH_REGISTRY_REFUSED, refused, 1);
	resolves_to(BERTH_REGISTRY_UNAVAILABLE, down, 1);
	begin(CONFIG(""), some, 1);
	test_registry_ask_and_cancel(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, a.status);
	end();
}

/* ---- publishing */

static void publishes(uint32_t phase, const char *name, const void *p, size_t n)
{
	const struct berth_registry_part part = { name, p, n };

	test_registry_ask(&r, &(struct berth_registry_request){ .op = BERTH_REGISTRY_UPDATE, .phase = phase, .did = DID,
								.parts = &part, .n_parts = 1 }, &a);
}

#define PROPOSAL "{\"from\":\"" IDENTITY "\",\"data\":\"0xf00d4b5d\"}"
#define PROPOSE(gas, fees) \
	POST("eth_estimateGas", BATCH(ANSWER("1", "\"0x539\""), ANSWER("2", "\"0x3\""), ANSWER("3", "\"0x2\""), gas, \
				      ANSWER("5", "\"0x77\""), fees))

static void a_transaction_is_proposed(void **state)
{
	SCRIPT(now, PROPOSE(ANSWER("4", "\"0x100\""), ANSWER("6", "{\"baseFeePerGas\":[\"0x9\",\"0x10\"],\"reward\":[[\"0x2\"],[\"0x1\"]]}")));
	SCRIPT(legacy, PROPOSE(ANSWER("4", "\"0x100\""), ERROR("6", "no such method")));
	SCRIPT(refused, PROPOSE(ERROR("4", "execution reverted: bad_actor"), ERROR("6", "x")));
	SCRIPT(nonce, POST("70ae92d2", BATCH(ANSWER("1", "\"0x539\""), ANSWER("2", "\"0x" ZEROS "07\""))));

	(void)state;
	begin(CONFIG(""), now, 1);
	publishes(BERTH_REGISTRY_PROPOSE, "proposal", PROPOSAL, strlen(PROPOSAL));
	assert_string_equal("{\"chainId\":\"0x539\",\"to\":\"" REGISTRY "\",\"from\":\"" IDENTITY "\",\"nonce\":\"0x3\",\"confirmedNonce\":\"0x2\","
			    "\"gas\":\"0x140\",\"data\":\"0xf00d4b5d\",\"maxFeePerGas\":\"0x22\",\"maxPriorityFeePerGas\":\"0x2\"}",
			    test_registry_part(&a, "proposal"));
	test_registry_script(&r, legacy, 1);
	publishes(BERTH_REGISTRY_PROPOSE, "proposal", PROPOSAL, strlen(PROPOSAL));
	says("proposal", "\"gasPrice\":\"0x77\"");
	test_registry_script(&r, refused, 1);
	publishes(BERTH_REGISTRY_PROPOSE, "proposal", PROPOSAL, strlen(PROPOSAL));
	assert_string_equal("{\"refused\":\"execution reverted: bad_actor\"}", test_registry_part(&a, "proposal"));
	test_registry_script(&r, nonce, 1);
	publishes(BERTH_REGISTRY_PROPOSE, "proposal", "{\"nonceOf\":\"" IDENTITY "\"}", 58);
	assert_string_equal("{\"registryNonce\":\"0x7\"}", test_registry_part(&a, "proposal"));
	publishes(BERTH_REGISTRY_PROPOSE, "proposal", "{}", 2);
	assert_int_equal(BERTH_REGISTRY_INVALID, a.status);
	publishes(BERTH_REGISTRY_PROPOSE, "other", PROPOSAL, strlen(PROPOSAL));
	assert_int_equal(BERTH_REGISTRY_INVALID, a.status);
	end();
}

/* Keccak-256 of "abc" */
#define HASH "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
#define CHAIN POST("eth_chainId", ANSWER("1", "\"0x539\""))

static void a_transaction_is_submitted(void **state)
{
	SCRIPT(taken, CHAIN, POST("0x616263", ANSWER("1", "\"" HASH "\"")));
	SCRIPT(known, CHAIN, POST("0x616263", ERROR("1", "already known")), POST(HASH, ANSWER("1", "{\"hash\":\"" HASH "\"}")));
	SCRIPT(low, CHAIN, POST("0x616263", ERROR("1", "nonce too low")), POST(HASH, ANSWER("1", "null")));
	SCRIPT(other, CHAIN, POST("0x616263", ANSWER("1", "\"0x" ZEROS "00\"")));

	(void)state;
	begin(CONFIG(""), taken, N(taken));
	publishes(BERTH_REGISTRY_SUBMIT, "transaction", "abc", 3);
	assert_string_equal("{\"transactionHash\":\"" HASH "\",\"state\":\"sent\"}", test_registry_part(&a, "receipt"));
	test_registry_script(&r, known, N(known));
	publishes(BERTH_REGISTRY_SUBMIT, "transaction", "abc", 3);
	says("receipt", "\"state\":\"sent\"}");
	test_registry_script(&r, low, N(low));
	publishes(BERTH_REGISTRY_SUBMIT, "transaction", "abc", 3);
	says("receipt", "\"state\":\"refused\",\"reason\":\"nonce too low\"}");
	test_registry_script(&r, other, N(other));
	publishes(BERTH_REGISTRY_SUBMIT, "transaction", "abc", 3);
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, a.status);
	end();
}

#define LOOK(receipt, by_hash, count) \
	POST("eth_getTransactionReceipt", BATCH(ANSWER("1", "\"0x539\""), ANSWER("2", receipt), ANSWER("3", by_hash), \
						ANSWER("4", count), ANSWER("5", BLOCK("0x9"))))
#define RECEIPT(number, status) "{\"transactionHash\":\"" HASH "\",\"blockNumber\":\"" number "\",\"status\":\"" status "\"}"
#define SENT "{\"hash\":\"" HASH "\",\"from\":\"" IDENTITY "\",\"nonce\":\"0x3\"}"

static void checks(const char *state_, int status, const struct test_exchange *script, size_t n)
{
	test_registry_script(&r, script, n);
	publishes(BERTH_REGISTRY_CHECK, "transaction", SENT, strlen(SENT));
	if (a.status != status || test_registry_left(&r) != 0)
		fail_msg("status %d (%s), %zu exchanges left", a.status, a.message, test_registry_left(&r));
	if (state_)
		says("receipt", state_);
}

static void a_transaction_is_followed(void **state)
{
	SCRIPT(waits, LOOK("null", "{}", "\"0x3\""), LOOK("null", "{}", "\"0x3\""), LOOK(RECEIPT("0x7", "0x1"), "{}", "\"0x4\""));
	SCRIPT(failed, LOOK(RECEIPT("0x7", "0x0"), "{}", "\"0x4\""));
	SCRIPT(unknown, LOOK("null", "null", "\"0x3\""));
	SCRIPT(late, LOOK("null", "null", "\"0x4\""), LOOK(RECEIPT("0x9", "0x1"), "{}", "\"0x4\""));
	SCRIPT(overtaken, LOOK("null", "null", "\"0x4\""), LOOK("null", "null", "\"0x4\""), LOOK("null", "null", "\"0x4\""));
	SCRIPT(liar, LOOK("{\"transactionHash\":\"0x11\",\"blockNumber\":\"0x7\",\"status\":\"0x1\"}", "{}", "\"0x4\""));
	SCRIPT(pending, LOOK("null", "{}", "\"0x3\""), LOOK("null", "{}", "\"0x3\""));

	(void)state;
	begin(CONFIG(",\"poll-ms\":\"500\""), NULL, 0);
	checks("\"state\":\"confirmed\",\"blockNumber\":\"0x7\",\"confirmations\":\"0x2\"", BERTH_REGISTRY_OK, waits, N(waits));
	assert_int_equal(1000, r.now_ms);
	checks("\"state\":\"failed\"", BERTH_REGISTRY_OK, failed, N(failed));
	checks("\"state\":\"unknown\"}", BERTH_REGISTRY_OK, unknown, N(unknown));
	checks("\"state\":\"confirmed\"", BERTH_REGISTRY_OK, late, N(late));
	checks("\"state\":\"overtaken\"}", BERTH_REGISTRY_OK, overtaken, N(overtaken));
	checks(NULL, BERTH_REGISTRY_UNAVAILABLE, liar, N(liar));
	end();
	begin(CONFIG(",\"poll-ms\":\"10000\""), NULL, 0);
	checks("\"state\":\"pending\"}", BERTH_REGISTRY_OK, pending, N(pending));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(a_history_is_walked_to_its_beginning),
		cmocka_unit_test(nodes_without_batches_are_asked_one_by_one),
		cmocka_unit_test(confirmations_and_versions_name_blocks),
		cmocka_unit_test(a_network_is_found_by_name_and_by_number),
		cmocka_unit_test(a_node_of_another_chain_is_refused),
		cmocka_unit_test(a_history_that_leads_nowhere_is_refused),
		cmocka_unit_test(a_history_may_be_asked_for_at_once),
		cmocka_unit_test(a_history_ends_where_it_gets_too_long),
		cmocka_unit_test(answers_that_are_none_are_refused),
		cmocka_unit_test(what_the_host_says_of_an_exchange_is_passed_on),
		cmocka_unit_test(a_transaction_is_proposed),
		cmocka_unit_test(a_transaction_is_submitted),
		cmocka_unit_test(a_transaction_is_followed),
	};

	test_built(so, sizeof(so), "lib/berth/registry/ethr.so");
	return cmocka_run_group_tests_name("ethr", tests, NULL, NULL);
}
