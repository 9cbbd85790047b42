/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_HEX_H
#define BERTH_DID_BASE_HEX_H

#include <stddef.h>

/* out: 2 * n lower-case digits and a NUL. */
void berth_hex_encode(char *out, const void *p, size_t n);

/* Its value, of either case; -1 when it is none. */
int berth_hex_digit(char c);

#endif
