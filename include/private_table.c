/* SPDX-License-Identifier: Apache-2.0 */
/* What libberth.so has for Berth's own programs: see private_calls.c. */
#include <libberth_private.h>

#define DECLARE(name, place) void name(void);
BERTH_PRIVATE_EACH(DECLARE)

#define ENTRY(name, place) name,
extern void (*const BERTH_PRIVATE[])(void);
void (*const BERTH_PRIVATE[])(void) = { BERTH_PRIVATE_EACH(ENTRY) };
