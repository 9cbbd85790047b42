/* SPDX-License-Identifier: Apache-2.0 */
/* The history of an identity: which head, who is its owner there and where its last
 * change is, and from that block back to the first, each by the previousChange of its
 * log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ethr.h"

#define CALL_OWNER "8733d4e8"		/* identityOwner(address) */
#define CALL_CHANGED "f96d0f9f"		/* changed(address) */

/* The first of the four topics; where in its data previousChange stands. */
static const struct {
	const char *topic;
	size_t word;
} events[] = {
	{ "0x38a5a6e68f30ed1ab45860a4afb34bcb2fc00f22ca462d249b8a8d40cda6f7a3", 1 },	/* DIDOwnerChanged */
	{ "0x5a5084339536bcab65f20799fcc58724588145ca054bd2be626174b27ba156f7", 3 },	/* DIDDelegateChanged */
	{ "0x18ab6b2ae3d64306c00ce663125f2bd680e441a098de1635bd7ad8b0d44965e4", 3 },	/* DIDAttributeChanged */
};

static bool previous_change(const cJSON *log, uint64_t *v)
{
	const char *topic = cJSON_GetStringValue(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(log, "topics"), 0));
	const char *data = ethr_str(log, "data");

	if (!topic || !ethr_bytes_ok(data, 0, DATA_HEX_MAX / 2))
		return false;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (strcmp(topic, events[i].topic) == 0)
			return strlen(data) >= 2 + 64 * (events[i].word + 1) && ethr_word(v, data + 2 + 64 * events[i].word);
	return false;
}

/* ---- pieces of the evidence (docs/registry-adapters.md) */

static bool copy_str(cJSON *to, const cJSON *from, const char *name, size_t min, size_t max)
{
	const char *s = ethr_str(from, name);

	return s && strlen(s) >= min && strlen(s) <= max && cJSON_AddStringToObject(to, name, s);
}

/* What the judge reads of a log; nodes say more. */
static cJSON *log_piece(const cJSON *log)
{
	const cJSON *topics = cJSON_GetObjectItemCaseSensitive(log, "topics");
	const cJSON *removed = cJSON_GetObjectItemCaseSensitive(log, "removed");
	cJSON *l = cJSON_CreateObject();

	if (copy_str(l, log, "address", ADDRESS_LEN, ADDRESS_LEN) && cJSON_IsArray(topics) && cJSON_GetArraySize(topics) <= 4 &&
	    cJSON_AddItemToObject(l, "topics", cJSON_Duplicate(topics, 1)) && copy_str(l, log, "data", 2, DATA_HEX_MAX + 2) &&
	    copy_str(l, log, "blockNumber", 3, 18) && copy_str(l, log, "logIndex", 3, 18) &&
	    cJSON_AddBoolToObject(l, "removed", cJSON_IsTrue(removed)))
		return l;
	cJSON_Delete(l);
	return NULL;
}

/* The time of a block that was asked for by its number, once. */
static bool put_block(struct job *j, const cJSON *block, uint64_t number)
{
	cJSON *blocks = cJSON_GetObjectItemCaseSensitive(j->evidence, "blocks");
	const char *name = ethr_str(block, "number"), *time = ethr_str(block, "timestamp");
	uint64_t n, t;

	if (!ethr_quantity(&n, name) || n != number || !ethr_quantity(&t, time))
		return false;
	return cJSON_HasObjectItem(blocks, name) || cJSON_AddStringToObject(blocks, name, time);
}

static bool put_quantity(cJSON *o, const char *name, uint64_t v)
{
	char text[20];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)v);
	return cJSON_AddStringToObject(o, name, text);
}

/* ---- from block to block */

static void ask_change(struct job *j);

/* Those of the blocks behind it come after them. */
static void put_in_front(struct job *j, cJSON *earlier)
{
	cJSON *logs = cJSON_DetachItemFromObjectCaseSensitive(j->evidence, "logs"), *l;

	while ((l = cJSON_DetachItemFromArray(logs, 0)))
		cJSON_AddItemToArray(earlier, l);
	cJSON_Delete(logs);
	cJSON_AddItemToObject(j->evidence, "logs", earlier);
}

/* Logs of one block, in their order; how far back the one before them is. */
static bool take_logs(struct job *j, int max, uint64_t *before)
{
	const cJSON *logs = j->results[0].result, *log;
	cJSON *kept = cJSON_CreateArray();
	bool ok = cJSON_IsArray(logs) && cJSON_GetArraySize(logs) <= max;
	uint64_t v;

	*before = j->at;
	cJSON_ArrayForEach(log, logs) {
		ok = ok && previous_change(log, &v) && cJSON_AddItemToArray(kept, log_piece(log));
		if (ok && v < *before)
			*before = v;
		j->bytes += ok ? strlen(ethr_str(log, "data")) + LOG_BYTES : 0;
	}
	if (ok)
		put_in_front(j, kept);
	else
		cJSON_Delete(kept);
	return ok;
}

static void on_change(struct job *j)
{
	unsigned long long at = j->at;
	uint64_t before;

	if (!j->results[0].result)
		ethr_fail_call(j, 0);
	else if (!put_block(j, ethr_result_obj(j, 1), j->at))
		ethr_fail_call(j, 1);
	else if (!take_logs(j, LOGS_MAX, &before))
		ethr_fail(j, BERTH_REGISTRY_UNAVAILABLE, "the logs of block %llu are not the registry's", at);
	else if (before == j->at)
		ethr_fail(j, BERTH_REGISTRY_UNAVAILABLE, "the logs of block %llu lead no further back", at);
	else if (++j->changes == CHANGES_MAX || j->bytes > j->request->max_bytes)
		ethr_fail(j, BERTH_REGISTRY_TOO_BIG, "%zu blocks with changes and still no end", j->changes);
	else {
		j->at = before;
		ask_change(j);
	}
}

static void call_logs(struct job *j, unsigned long long from, unsigned long long to)
{
	ethr_call(j, "eth_getLogs",
		  ethr_text("[{\"address\":\"%s\",\"fromBlock\":\"0x%llx\",\"toBlock\":\"0x%llx\",\"topics\":[null,\"0x%024d%s\"]}]",
			    j->net->registry, from, to, 0, j->identity + 2));
}

static void ask_change(struct job *j)
{
	if (j->at == 0) {
		ethr_answer(j, "ethr", j->evidence);
		return;
	}
	call_logs(j, j->at, j->at);
	ethr_call(j, "eth_getBlockByNumber", ethr_text("[\"0x%llx\",false]", (unsigned long long)j->at));
	ethr_go(j, on_change);
}

/* ---- or all at once, where a node lets itself be asked that */

static void ask_times(struct job *j);

static void on_times(struct job *j)
{
	for (size_t i = 0; i < j->n_calls; i++)
		if (!put_block(j, ethr_result_obj(j, i), j->asked[i])) {
			ethr_fail_call(j, i);
			return;
		}
	ask_times(j);
}

/* The times of the blocks that have logs, as many as fit into a batch, until all are there. */
static void ask_times(struct job *j)
{
	const cJSON *logs = cJSON_GetObjectItemCaseSensitive(j->evidence, "logs"), *log;
	const cJSON *blocks = cJSON_GetObjectItemCaseSensitive(j->evidence, "blocks");
	uint64_t number, last = UINT64_MAX;
	size_t n = 0;

	cJSON_ArrayForEach(log, logs) {
		const char *text = ethr_str(log, "blockNumber");

		if (n == CALLS_MAX || !ethr_quantity(&number, text) || number == last || cJSON_HasObjectItem(blocks, text))
			continue;
		j->asked[n++] = last = number;
		ethr_call(j, "eth_getBlockByNumber", ethr_text("[\"%s\",false]", text));
	}
	if (n)
		ethr_go(j, on_times);
	else
		ethr_answer(j, "ethr", j->evidence);
}

static void on_all(struct job *j)
{
	uint64_t before;

	if (!j->results[0].result)
		ask_change(j);		/* too much for it */
	else if (!take_logs(j, CHANGES_MAX, &before))
		ethr_fail(j, BERTH_REGISTRY_UNAVAILABLE, "the logs are not the registry's, or too many");
	else if (j->bytes > j->request->max_bytes)
		ethr_fail(j, BERTH_REGISTRY_TOO_BIG, "%zu bytes of logs", j->bytes);
	else
		ask_times(j);
}

static void ask_history(struct job *j)
{
	if (!j->e->at_once || j->at == 0) {
		ask_change(j);
		return;
	}
	call_logs(j, 0, j->head);
	ethr_go(j, on_all);
}

/* ---- the head, and what the registry says there */

static bool asked_block(const struct job *j, uint64_t *number)
{
	return j->request->version_id && ethr_decimal(number, j->request->version_id) && *number <= j->head;
}

/* An address comes as a word. */
static bool put_owner(struct job *j, const char *word)
{
	char address[ADDRESS_LEN + 1] = "0x";

	for (size_t i = 2; i < 26; i++)
		if (word[i] != '0')
			return false;
	memcpy(address + 2, word + 26, ADDRESS_LEN - 1);
	return cJSON_AddStringToObject(j->evidence, "owner", address);
}

static void on_registry(struct job *j)
{
	const char *owner = ethr_result_str(j, 0), *changed = ethr_result_str(j, 1);
	uint64_t asked;

	if (!ethr_bytes_ok(owner, 32, 32) || !put_owner(j, owner))
		ethr_fail_call(j, 0);
	else if (!ethr_bytes_ok(changed, 32, 32) || !ethr_word(&j->at, changed + 2))
		ethr_fail_call(j, 1);
	else if (j->at > j->head)
		ethr_fail(j, BERTH_REGISTRY_UNAVAILABLE, "the last change is beyond the head");
	else if (asked_block(j, &asked) && !put_block(j, ethr_result_obj(j, 2), asked))
		ethr_fail_call(j, 2);
	else if (!put_quantity(j->evidence, "changed", j->at))
		ethr_fail(j, BERTH_REGISTRY_UNAVAILABLE, "no memory");
	else
		ask_history(j);
}

static void ask_registry(struct job *j)
{
	static const char call[] = "[{\"to\":\"%s\",\"data\":\"0x%s%024d%s\"},\"0x%llx\"]";
	unsigned long long head = j->head;
	uint64_t asked;

	ethr_call(j, "eth_call", ethr_text(call, j->net->registry, CALL_OWNER, 0, j->identity + 2, head));
	ethr_call(j, "eth_call", ethr_text(call, j->net->registry, CALL_CHANGED, 0, j->identity + 2, head));
	if (asked_block(j, &asked))
		ethr_call(j, "eth_getBlockByNumber", ethr_text("[\"0x%llx\",false]", (unsigned long long)asked));
	ethr_go(j, on_registry);
}

static bool begin_evidence(struct job *j, const cJSON *head)
{
	cJSON *e = j->evidence = cJSON_CreateObject();
	uint64_t time;

	return ethr_member_quantity(head, "timestamp", &time) && put_quantity(e, "chainId", j->net->chain_id) &&
	       cJSON_AddStringToObject(e, "registry", j->net->registry) &&
	       cJSON_AddStringToObject(e, "identity", j->identity) && put_quantity(e, "blockNumber", j->head) &&
	       put_quantity(e, "blockTimestamp", time) && cJSON_AddObjectToObject(e, "blocks") &&
	       cJSON_AddArrayToObject(e, "logs");
}

static void on_head(struct job *j)
{
	size_t i = j->n_calls - 1;	/* alone, or behind the chain id */
	const cJSON *head = ethr_result_obj(j, i);
	bool newest = i == 1;

	if (newest && !ethr_chain_ok(j, 0))
		return;
	if (!head || !ethr_member_quantity(head, "number", &j->head)) {
		ethr_fail_call(j, i);
	} else if (newest && j->e->confirmations) {
		j->head -= j->e->confirmations < j->head ? j->e->confirmations : j->head;
		ethr_call(j, "eth_getBlockByNumber", ethr_text("[\"0x%llx\",false]", (unsigned long long)j->head));
		ethr_go(j, on_head);
	} else if (!begin_evidence(j, head)) {
		ethr_fail_call(j, i);
	} else {
		ask_registry(j);
	}
}

void ethr_resolve(struct job *j)
{
	ethr_call(j, "eth_chainId", strdup("[]"));
	ethr_call(j, "eth_getBlockByNumber", ethr_text("[\"%s\",false]", j->e->tag));
	ethr_go(j, on_head);
}
