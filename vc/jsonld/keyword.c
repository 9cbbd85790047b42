/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/jsonld/keyword.h"

#include <string.h>

#include "did/base/chars.h"

static const char names[][12] = {
	[KW_NONE_SUCH] = "",
	[KW_BASE] = "@base", [KW_CONTAINER] = "@container", [KW_CONTEXT] = "@context",
	[KW_DIRECTION] = "@direction", [KW_GRAPH] = "@graph", [KW_ID] = "@id", [KW_IMPORT] = "@import",
	[KW_INCLUDED] = "@included", [KW_INDEX] = "@index", [KW_JSON] = "@json", [KW_LANGUAGE] = "@language",
	[KW_LIST] = "@list", [KW_NEST] = "@nest", [KW_NONE] = "@none", [KW_PREFIX] = "@prefix",
	[KW_PROPAGATE] = "@propagate", [KW_PROTECTED] = "@protected", [KW_REVERSE] = "@reverse",
	[KW_SET] = "@set", [KW_TYPE] = "@type", [KW_VALUE] = "@value", [KW_VERSION] = "@version",
	[KW_VOCAB] = "@vocab",
};

enum berth_jsonld_keyword berth_jsonld_keyword(const char *s)
{
	if (*s != '@')
		return KW_NONE_SUCH;
	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(s, names[i]))
			return (enum berth_jsonld_keyword)i;
	return KW_NONE_SUCH;
}

bool berth_jsonld_is_reserved(const char *s)
{
	size_t n = *s == '@' ? berth_chars_span(s + 1, BERTH_CHARS_LETTER) : 0;

	return n && !s[n + 1];
}
