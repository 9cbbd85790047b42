/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the registry.  Keys are elsewhere, and what is signed is composed and judged
 * where they are:
 *
 *   PROPOSE  in   proposal     {"from": ADDRESS, "data": HEX} and, or instead of data,
 *                              {"nonceOf": ADDRESS}: whose count of signed calls is asked
 *            out  proposal     {"chainId", "to", "from", "nonce", "confirmedNonce", "gas",
 *                              "gasPrice" or "maxFeePerGas" and "maxPriorityFeePerGas",
 *                              "data"}, {"registryNonce"}: quantities and data as JSON-RPC
 *                              writes them; or {"refused": TEXT}: the registry does not take
 *                              the call
 *   SUBMIT   in   transaction  the signed transaction, bytes
 *            out  receipt      {"transactionHash", "state": "sent"}: or was before; or
 *                              {"state": "refused", "reason": TEXT} by the node
 *   CHECK    in   transaction  {"hash", "from", "nonce"}
 *            out  receipt      {"transactionHash", "state": "confirmed" | "failed" |
 *                              "pending" | "unknown" | "overtaken", "blockNumber",
 *                              "confirmations"}; overtaken: another has the nonce */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ethr.h"

#define RAW_MAX 8192
#define CALL_NONCE "70ae92d2"		/* nonce(address) */
#define FEE_BLOCKS 5
#define LOOK_MS 500			/* what one look may take */
#define OVERTAKEN_LOOKS 3		/* a receipt may come after the nonce */

static const struct berth_registry_part *part(const struct job *j, const char *name)
{
	for (size_t i = 0; i < j->request->n_parts; i++)
		if (strcmp(j->request->parts[i].name, name) == 0)
			return &j->request->parts[i];
	return NULL;
}

static cJSON *part_json(const struct job *j, const char *name)
{
	const struct berth_registry_part *p = part(j, name);

	return p ? cJSON_ParseWithLength((const char *)p->p, p->n) : NULL;
}

static bool put_quantity(cJSON *o, const char *name, uint64_t v)
{
	char text[20];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)v);
	return cJSON_AddStringToObject(o, name, text);
}

static void answer_and_free(struct job *j, const char *name, cJSON *value)
{
	ethr_answer(j, name, value);
	cJSON_Delete(value);
}

/* ---- PROPOSE */

enum { P_CHAIN, P_NONCE, P_CONFIRMED, P_GAS, P_PRICE, P_FEES };

/* The last of baseFeePerGas is the next block's; of what was paid above it in the last
 * blocks, half by the median, the most.  False: a chain without base fees. */
static bool fees(const struct job *j, uint64_t *max_fee, uint64_t *priority)
{
	const cJSON *h = ethr_result_obj(j, P_FEES), *reward;
	const cJSON *base = cJSON_GetObjectItemCaseSensitive(h, "baseFeePerGas");
	uint64_t next = 0, v;

	*priority = 0;
	if (!ethr_quantity(&next, cJSON_GetStringValue(cJSON_GetArrayItem(base, cJSON_GetArraySize(base) - 1))) || next == 0)
		return false;
	cJSON_ArrayForEach(reward, cJSON_GetObjectItemCaseSensitive(h, "reward"))
		if (ethr_quantity(&v, cJSON_GetStringValue(cJSON_GetArrayItem(reward, 0))) && v > *priority)
			*priority = v;
	if (next > UINT64_MAX / 4 || *priority > UINT64_MAX / 4)
		return false;
	*max_fee = 2 * next + *priority;
	return true;
}

static bool put_fees(const struct job *j, cJSON *o)
{
	uint64_t max_fee, priority, price;

	if (fees(j, &max_fee, &priority))
		return put_quantity(o, "maxFeePerGas", max_fee) && put_quantity(o, "maxPriorityFeePerGas", priority);
	return ethr_result_quantity(j, P_PRICE, &price) && put_quantity(o, "gasPrice", price);
}

static void on_registry_nonce(struct job *j)
{
	const char *word = ethr_result_str(j, j->n_calls - 1);
	cJSON *o = j->evidence;
	uint64_t nonce;

	if (j->n_calls == 2 && !ethr_chain_ok(j, 0))
		return;
	if (!ethr_bytes_ok(word, 32, 32) || !ethr_word(&nonce, word + 2)) {
		ethr_fail_call(j, j->n_calls - 1);
		return;
	}
	put_quantity(o, "registryNonce", nonce);
	ethr_answer(j, "proposal", o);
}

static void on_proposal(struct job *j)
{
	uint64_t nonce, confirmed, gas;
	cJSON *o;

	if (!ethr_chain_ok(j, P_CHAIN))
		return;
	if (!ethr_result_quantity(j, P_NONCE, &nonce)) {
		ethr_fail_call(j, P_NONCE);
	} else if (!ethr_result_quantity(j, P_CONFIRMED, &confirmed)) {
		ethr_fail_call(j, P_CONFIRMED);
	} else if (j->results[P_GAS].error[0]) {
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "refused", j->results[P_GAS].error);
		answer_and_free(j, "proposal", o);
	} else if (!ethr_result_quantity(j, P_GAS, &gas)) {
		ethr_fail_call(j, P_GAS);
	} else {
		o = cJSON_CreateObject();
		put_quantity(o, "chainId", j->net->chain_id);
		cJSON_AddStringToObject(o, "to", j->net->registry);
		cJSON_AddStringToObject(o, "from", j->from);
		put_quantity(o, "nonce", nonce);
		put_quantity(o, "confirmedNonce", confirmed);
		put_quantity(o, "gas", gas + gas / 4);	/* what changes until it is mined */
		cJSON_AddStringToObject(o, "data", j->data);
		if (put_fees(j, o)) {
			answer_and_free(j, "proposal", o);
			return;
		}
		cJSON_Delete(o);
		ethr_fail_call(j, P_PRICE);
	}
}

static void ask_proposal(struct job *j)
{
	ethr_call(j, "eth_chainId", strdup("[]"));
	ethr_call(j, "eth_getTransactionCount", ethr_text("[\"%s\",\"pending\"]", j->from));
	ethr_call(j, "eth_getTransactionCount", ethr_text("[\"%s\",\"latest\"]", j->from));
	ethr_call(j, "eth_estimateGas", ethr_text("[{\"from\":\"%s\",\"to\":\"%s\",\"value\":\"0x0\",\"data\":\"%s\"}]", j->from,
						  j->net->registry, j->data));
	ethr_call(j, "eth_gasPrice", strdup("[]"));
	ethr_call(j, "eth_feeHistory", ethr_text("[\"0x%x\",\"latest\",[50]]", FEE_BLOCKS));
	ethr_go(j, on_proposal);
}

static void propose(struct job *j)
{
	cJSON *in = part_json(j, "proposal");
	const char *from = ethr_str(in, "from"), *data = ethr_str(in, "data"), *of = ethr_str(in, "nonceOf");
	char whose[ADDRESS_LEN + 1];

	if (ethr_bytes_ok(of, 20, 20) && ethr_address(whose, of)) {
		j->evidence = cJSON_CreateObject();
		ethr_call(j, "eth_chainId", strdup("[]"));
		ethr_call(j, "eth_call", ethr_text("[{\"to\":\"%s\",\"data\":\"0x" CALL_NONCE "%024d%s\"},\"latest\"]",
						   j->net->registry, 0, whose + 2));
		ethr_go(j, on_registry_nonce);
	} else if (ethr_bytes_ok(from, 20, 20) && ethr_address(j->from, from) && ethr_bytes_ok(data, 4, DATA_HEX_MAX / 2) &&
		   (j->data = strdup(data))) {
		ask_proposal(j);
	} else {
		ethr_fail(j, BERTH_REGISTRY_INVALID, "proposal: no from and data");
	}
	cJSON_Delete(in);
}

/* ---- SUBMIT */

static void submitted(struct job *j, const char *refused)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "transactionHash", j->hash);
	cJSON_AddStringToObject(o, "state", refused ? "refused" : "sent");
	if (refused)
		cJSON_AddStringToObject(o, "reason", refused);
	answer_and_free(j, "receipt", o);
}

/* It may have been sent before: "already known", or "nonce too low" because it was ours
 * that took the nonce. */
static void on_known(struct job *j)
{
	const char *hash = ethr_str(ethr_result_obj(j, 0), "hash");

	submitted(j, hash && strcmp(hash, j->hash) == 0 ? NULL : j->data ? j->data : "");
}

static void on_submitted(struct job *j)
{
	const char *hash = ethr_result_str(j, 0);

	if (hash && strcmp(hash, j->hash) == 0) {
		submitted(j, NULL);
	} else if (hash) {
		ethr_fail(j, BERTH_REGISTRY_UNAVAILABLE, "the node calls the transaction by another hash");
	} else {
		j->data = strdup(j->results[0].error);
		ethr_call(j, "eth_getTransactionByHash", ethr_text("[\"%s\"]", j->hash));
		ethr_go(j, on_known);
	}
}

static void send_raw(struct job *j)
{
	const struct berth_registry_part *p = part(j, "transaction");
	char *raw = ethr_hex(p->p, p->n);

	ethr_call(j, "eth_sendRawTransaction", raw ? ethr_text("[\"%s\"]", raw) : NULL);
	free(raw);
	ethr_go(j, on_submitted);
}

static void on_chain(struct job *j)
{
	if (ethr_chain_ok(j, 0))
		send_raw(j);
}

static void submit(struct job *j)
{
	const struct berth_registry_part *p = part(j, "transaction");
	uint8_t hash[32];
	char *text;

	if (!p || p->n == 0 || p->n > RAW_MAX) {
		ethr_fail(j, BERTH_REGISTRY_INVALID, "no transaction");
		return;
	}
	ethr_keccak256(hash, p->p, p->n);
	if ((text = ethr_hex(hash, sizeof(hash))))
		memcpy(j->hash, text, WORD_LEN + 1);
	free(text);
	ethr_call(j, "eth_chainId", strdup("[]"));
	ethr_go(j, on_chain);
}

/* ---- CHECK */

enum { C_CHAIN, C_RECEIPT, C_KNOWN, C_NONCE, C_HEAD };

static void look(struct job *j);

static void answer_state(struct job *j, const char *state, uint64_t block, uint64_t confirmations)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "transactionHash", j->hash);
	cJSON_AddStringToObject(o, "state", state);
	if (block) {
		put_quantity(o, "blockNumber", block);
		put_quantity(o, "confirmations", confirmations);
	}
	answer_and_free(j, "receipt", o);
}

/* Looking takes time of its own. */
static uint64_t spent_ms(const struct job *j)
{
	uint64_t all = ethr_clock_ms() - j->began_ms;

	return all > j->waited_ms ? all : j->waited_ms;
}

/* Once more later, or that it is pending where there is no time for that. */
static void look_again(struct job *j)
{
	uint32_t ms = j->e->poll_ms;

	if (spent_ms(j) + 2 * (uint64_t)ms + LOOK_MS >= j->request->deadline_ms) {
		answer_state(j, "pending", 0, 0);
		return;
	}
	j->waited_ms += ms;
	ethr_wait(j, ms, look);
}

/* It counts when a resolution would see it. */
static void on_receipt(struct job *j, const cJSON *receipt)
{
	const char *hash = ethr_str(receipt, "transactionHash");
	uint64_t block, status, head;

	if (!hash || strcmp(hash, j->hash) != 0 || !ethr_member_quantity(receipt, "blockNumber", &block) ||
	    !ethr_member_quantity(receipt, "status", &status) || status > 1) {
		ethr_fail_call(j, C_RECEIPT);
	} else if (!ethr_member_quantity(ethr_result_obj(j, C_HEAD), "number", &head)) {
		ethr_fail_call(j, C_HEAD);
	} else if (head < block || head - block < j->e->confirmations) {
		look_again(j);
	} else {
		answer_state(j, status ? "confirmed" : "failed", block, head - block);
	}
}

static void on_look(struct job *j)
{
	uint64_t count;

	if (!ethr_chain_ok(j, C_CHAIN))
		return;
	if (j->results[C_RECEIPT].error[0])
		ethr_fail_call(j, C_RECEIPT);
	else if (ethr_result_obj(j, C_RECEIPT))
		on_receipt(j, ethr_result_obj(j, C_RECEIPT));
	else if (!ethr_result_quantity(j, C_NONCE, &count))
		ethr_fail_call(j, C_NONCE);
	else if (count > j->nonce && ++j->overtaken >= OVERTAKEN_LOOKS)
		answer_state(j, "overtaken", 0, 0);
	else if (count <= j->nonce && !ethr_result_obj(j, C_KNOWN))
		answer_state(j, "unknown", 0, 0);
	else
		look_again(j);
}

static void look(struct job *j)
{
	ethr_call(j, "eth_chainId", strdup("[]"));
	ethr_call(j, "eth_getTransactionReceipt", ethr_text("[\"%s\"]", j->hash));
	ethr_call(j, "eth_getTransactionByHash", ethr_text("[\"%s\"]", j->hash));
	ethr_call(j, "eth_getTransactionCount", ethr_text("[\"%s\",\"latest\"]", j->from));
	ethr_call(j, "eth_getBlockByNumber", ethr_text("[\"%s\",false]", j->e->tag));
	ethr_go(j, on_look);
}

static void check(struct job *j)
{
	cJSON *in = part_json(j, "transaction");
	const char *hash = ethr_str(in, "hash"), *from = ethr_str(in, "from");

	if (ethr_bytes_ok(hash, 32, 32) && ethr_bytes_ok(from, 20, 20) && ethr_address(j->from, from) &&
	    ethr_member_quantity(in, "nonce", &j->nonce)) {
		memcpy(j->hash, hash, WORD_LEN + 1);
		look(j);
	} else {
		ethr_fail(j, BERTH_REGISTRY_INVALID, "transaction: no hash, from and nonce");
	}
	cJSON_Delete(in);
}

void ethr_publish(struct job *j)
{
	switch (j->request->phase) {
	case BERTH_REGISTRY_PROPOSE:
		propose(j);
		break;
	case BERTH_REGISTRY_SUBMIT:
		submit(j);
		break;
	case BERTH_REGISTRY_CHECK:
		check(j);
		break;
	default:
		ethr_fail(j, BERTH_REGISTRY_UNSUPPORTED, "no such phase");
	}
}
