/* SPDX-License-Identifier: Apache-2.0 */
/* network, network-2, ... = NAME CHAIN-ID REGISTRY URL; block, confirmations, batch,
 * history, poll-ms.  Each option is text.  Blocks that may still be replaced are left out: the agent
 * remembers what it has believed, and takes an answer without it for a roll-back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ethr.h"

#define CONFIRMATIONS 12
#define UNSET UINT64_MAX

static int refuse(const struct ethr *e, const char *option, const char *what)
{
	char line[192];

	snprintf(line, sizeof(line), "ethr: %.60s: %.100s", option, what);
	e->host->log(0, line);
	return 1;
}

static bool name_ok(const char *s)
{
	size_t n = strlen(s);

	/* 0x... is how a DID names a chain by its number */
	return n > 0 && n <= NAME_MAX_LEN && strncmp(s, "0x", 2) != 0 && s[0] != ':' && s[n - 1] != ':' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") == n;
}

static bool address_ok(char out[ADDRESS_LEN + 1], const char *s)
{
	if (strlen(s) != ADDRESS_LEN || !ethr_bytes_ok(s, 20, 20))
		return false;
	for (size_t i = 0; i <= ADDRESS_LEN; i++)
		out[i] = (char)(s[i] >= 'A' && s[i] <= 'F' ? s[i] | 0x20 : s[i]);
	return true;
}

static const struct network *by_name(const struct ethr *e, const char *name, size_t n)
{
	for (size_t i = 0; i < e->n; i++)
		if (strlen(e->networks[i].name) == n && memcmp(e->networks[i].name, name, n) == 0)
			return &e->networks[i];
	return NULL;
}

static const char *add_network(struct ethr *e, char *text)
{
	char *word[4] = { NULL }, *save = NULL;
	struct network *n = &e->networks[e->n];
	size_t k = 0;

	if (e->n == NETWORKS_MAX)
		return "too many networks";
	for (char *w = strtok_r(text, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		if (k == 4)
			return "more than NAME CHAIN-ID REGISTRY URL";
		word[k++] = w;
	}
	if (k != 4)
		return "is NAME CHAIN-ID REGISTRY URL";
	if (!name_ok(word[0]) || by_name(e, word[0], strlen(word[0])))
		return "a network's name is letters, digits and -_.: and stands once";
	if (!ethr_decimal(&n->chain_id, word[1]) || n->chain_id == 0)
		return "the chain id is a decimal number";
	if (!address_ok(n->registry, word[2]))
		return "the registry is an address, 0x and 40 digits";
	if (strlen(word[3]) > URL_LEN_MAX || (strncmp(word[3], "https://", 8) != 0 && strncmp(word[3], "http://", 7) != 0))
		return "the node's URL is https://...";
	memcpy(n->name, word[0], strlen(word[0]) + 1);
	memcpy(n->url, word[3], strlen(word[3]) + 1);
	e->n++;
	return NULL;
}

static const char *set_block(struct ethr *e, const char *v)
{
	static const char *const tags[] = { "latest", "safe", "finalized" };

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strcmp(v, tags[i]) == 0) {
			e->tag = tags[i];
			return NULL;
		}
	return "is none of latest, safe, finalized";
}

static const char *set(struct ethr *e, const char *key, char *v)
{
	uint64_t n;

	if (strcmp(key, "network") == 0 || strncmp(key, "network-", 8) == 0)
		return add_network(e, v);
	if (strcmp(key, "block") == 0)
		return set_block(e, v);
	if (strcmp(key, "confirmations") == 0) {
		if (!ethr_decimal(&e->confirmations, v) || e->confirmations > CONFIRMATIONS_MAX)
			return "is a number up to 4096";
		return NULL;
	}
	if (strcmp(key, "batch") == 0) {
		e->batch = strcmp(v, "yes") == 0;
		return e->batch || strcmp(v, "no") == 0 ? NULL : "is yes or no";
	}
	if (strcmp(key, "history") == 0) {
		e->at_once = strcmp(v, "at-once") == 0;
		return e->at_once || strcmp(v, "walk") == 0 ? NULL : "is walk or at-once";
	}
	if (strcmp(key, "poll-ms") == 0) {
		if (!ethr_decimal(&n, v) || n < 10 || n > 60000)
			return "is a number from 10 to 60000";
		e->poll_ms = (uint32_t)n;
		return NULL;
	}
	return strcmp(key, "path") == 0 ? NULL : "unknown option";
}

int ethr_config(struct ethr *e, const char *config)
{
	cJSON *c = cJSON_Parse(config), *o;
	int bad = 0;

	e->tag = "latest";
	e->confirmations = UNSET;
	e->batch = true;
	e->poll_ms = POLL_MS;
	cJSON_ArrayForEach(o, c) {
		const char *wrong = o->string && cJSON_IsString(o) ? set(e, o->string, o->valuestring) : "not text";

		if (wrong) {
			bad = refuse(e, o->string ? o->string : "?", wrong);
			break;
		}
	}
	if (e->confirmations == UNSET)
		e->confirmations = strcmp(e->tag, "latest") == 0 ? CONFIRMATIONS : 0;
	if (!bad && !cJSON_IsObject(c))
		bad = refuse(e, "configuration", "not an object");
	if (!bad && e->n == 0)
		bad = refuse(e, "network", "is needed: NAME CHAIN-ID REGISTRY URL");
	cJSON_Delete(c);
	return bad;
}

static const struct network *by_chain(const struct ethr *e, const char *hex, size_t n)
{
	char text[20];
	uint64_t id;

	if (n >= sizeof(text))
		return NULL;
	memcpy(text, hex, n);
	text[n] = '\0';
	for (size_t i = 0; ethr_quantity(&id, text) && i < e->n; i++)
		if (e->networks[i].chain_id == id)
			return &e->networks[i];
	return NULL;
}

const struct network *ethr_network_of(const struct ethr *e, const char *did, const char **identity)
{
	static const char prefix[] = "did:ethr:";
	const char *name = did + sizeof(prefix) - 1, *last;

	if (strncmp(did, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	last = strrchr(name, ':');
	*identity = last ? last + 1 : name;
	if (!last)
		return by_name(e, "mainnet", 7);
	if (strncmp(name, "0x", 2) == 0)
		return by_chain(e, name, (size_t)(last - name));
	return by_name(e, name, (size_t)(last - name));
}
