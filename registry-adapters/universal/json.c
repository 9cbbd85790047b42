/* SPDX-License-Identifier: Apache-2.0 */
#include "universal.h"

#include <string.h>

#include <cjson/cJSON.h>

#define DEPTH_MAX 64

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p) && *p)
		p++;
	return p;
}

/* p is behind the first quote; what is behind the last. */
static const char *skip_string(const char *p, const char *end)
{
	for (; p < end && *p != '"'; p++)
		if (*p == '\\' && p + 1 < end)
			p++;
	return p < end ? p + 1 : end;
}

static const char *skip_word(const char *p, const char *end)
{
	while (p < end && *p && !strchr(",}] \t\r\n", *p))
		p++;
	return p;
}

static const char *skip_value(const char *p, const char *end)
{
	size_t depth = 0;

	do {
		if (p < end && *p == '"') {
			p = skip_string(p + 1, end);
			continue;
		}
		if (p < end && (*p == '{' || *p == '['))
			depth++;
		else if (p < end && (*p == '}' || *p == ']') && depth > 0)
			depth--;
		else if (depth == 0)
			return skip_word(p, end);
		p++;
	} while (p < end && depth > 0);
	return p < end ? p : end;
}

const char *uni_member(const char *json, size_t n, const char *name, size_t *len)
{
	const char *end = json + n, *p = skip_space(json, end), *key, *value;
	size_t name_len = strlen(name);

	if (p == end || *p != '{')
		return NULL;
	for (p++; ; p = skip_space(p, end) + 1) {
		p = skip_space(p, end);
		if (p >= end || *p != '"')
			return NULL;
		key = p + 1;
		p = skip_string(key, end);
		value = skip_space(p, end);
		if (value >= end || *value != ':')
			return NULL;
		value = skip_space(value + 1, end);
		*len = (size_t)(skip_value(value, end) - value);
		if ((size_t)(p - key) == name_len + 1 && memcmp(key, name, name_len) == 0)
			return *len == 4 && memcmp(value, "null", 4) == 0 ? NULL : value;
		p = skip_space(value + *len, end);
		if (p >= end || *p != ',')
			return NULL;
	}
}

cJSON *uni_parse(const uint8_t *p, size_t n)
{
	const char *text = (const char *)p, *end = NULL;
	cJSON *v = cJSON_ParseWithLengthOpts(text, n, &end, 0);

	if (v && skip_space(end, text + n) == text + n)
		return v;
	cJSON_Delete(v);
	return NULL;
}

static bool is_private(const cJSON *member)
{
	static const char *const names[] = { "privateKey", "secretKey", "seed", "mnemonic" };	/* ...Jwk, ...Multibase */

	if (!member->string)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncmp(member->string, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static bool search(const cJSON *v, int depth)
{
	const cJSON *c;

	if (depth == 0 || (cJSON_GetObjectItemCaseSensitive(v, "kty") && cJSON_GetObjectItemCaseSensitive(v, "d")))
		return true;
	cJSON_ArrayForEach(c, v)
		if (is_private(c) || search(c, depth - 1))
			return true;
	return false;
}

bool uni_has_private_key(const cJSON *v)
{
	return search(v, DEPTH_MAX);	/* what nobody can look through is not sent either */
}
