/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_DISCOVER_H
#define BERTH_AGENT_PROTOCOL_DISCOVER_H

#include <stdbool.h>

/* Whether an identifier is what a query asks for: `*` in the pattern stands for any
 * characters, or none. */
bool berth_discover_matches(const char *pattern, const char *id);

#define BERTH_NS_FEATURES "features"	/* hash of a peer -> what it has disclosed */

#endif
