/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_SHORTHASH_H
#define BERTH_DID_BASE_SHORTHASH_H

#include <stdint.h>

/* Where a text stands in a table in memory: SipHash-2-4 under a key of this process's own, so that
 * nobody else can choose texts that all stand in one place.  Never for a file or another process. */
uint64_t berth_shorthash(const char *text);

#endif /* BERTH_DID_BASE_SHORTHASH_H */
