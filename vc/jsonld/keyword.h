/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_JSONLD_KEYWORD_H
#define BERTH_VC_JSONLD_KEYWORD_H

#include <stdbool.h>

enum berth_jsonld_keyword {
	KW_NONE_SUCH,
	KW_BASE, KW_CONTAINER, KW_CONTEXT, KW_DIRECTION, KW_GRAPH, KW_ID, KW_IMPORT, KW_INCLUDED, KW_INDEX,
	KW_JSON, KW_LANGUAGE, KW_LIST, KW_NEST, KW_NONE, KW_PREFIX, KW_PROPAGATE, KW_PROTECTED, KW_REVERSE,
	KW_SET, KW_TYPE, KW_VALUE, KW_VERSION, KW_VOCAB
};

enum berth_jsonld_keyword berth_jsonld_keyword(const char *s);	/* NONE_SUCH: it is none */
/* "@" and letters: reserved, whether it is a keyword or not. */
bool berth_jsonld_is_reserved(const char *s);

#endif
