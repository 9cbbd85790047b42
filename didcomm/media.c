/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/media.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	enum berth_media media;
} types[] = {
	{ "didcomm-plain+json", BERTH_MEDIA_IS_PLAIN },
	{ "didcomm-signed+json", BERTH_MEDIA_IS_SIGNED },
	{ "didcomm-encrypted+json", BERTH_MEDIA_IS_ENCRYPTED },
};
static const char prefix[] = "application/";
static const char legacy[] = "didcomm-envelope-enc";

/* The subtype without "application/", parameters and the space before them. */
static const char *subtype(const char *text, size_t *len)
{
	text += strspn(text, " \t");
	if (strncasecmp(text, prefix, sizeof(prefix) - 1) == 0)
		text += sizeof(prefix) - 1;
	*len = strcspn(text, "; \t");
	if (text[*len + strspn(text + *len, " \t")] == ';' || !text[*len + strspn(text + *len, " \t")])
		return text;
	*len = 0;
	return text;
}

static bool named(const char *text, size_t len, const char *name)
{
	return len == strlen(name) && strncasecmp(text, name, len) == 0;
}

enum berth_media berth_media_parse(const char *text)
{
	size_t len;

	if (!text)
		return BERTH_MEDIA_IS_NONE;
	text = subtype(text, &len);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (named(text, len, types[i].name))
			return types[i].media;
	return BERTH_MEDIA_IS_NONE;
}

bool berth_media_is_v1(const char *text)
{
	static const char *const names[] = { "ssi-agent-wire", "didcomm-enc-env", "didcomm-sig-env" };
	size_t len;
	const char *sub = text ? subtype(text, &len) : NULL;

	for (size_t i = 0; sub && i < sizeof(names) / sizeof(names[0]); i++)
		if (named(sub, len, names[i]))
			return true;
	return false;
}

enum berth_media berth_media_parse_content_type(const char *text)
{
	size_t len;
	const char *sub = text ? subtype(text, &len) : NULL;

	return sub && named(sub, len, legacy) ? BERTH_MEDIA_IS_ENCRYPTED : berth_media_parse(text);
}
