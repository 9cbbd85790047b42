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
