/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CODEC_LINKED_TEXT_H
#define BERTH_DID_CODEC_LINKED_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"

/* A text that the Makefile has linked in as a gzip, from gz up to end: our own bytes, whose last
 * word is believed when it says how long the text is.  *text is the caller's to free(), with a
 * NUL behind its n bytes.  E_NOMEM, and E_INTERNAL for what is no gzip. */
BERTH_MUST_USE enum berth_err
berth_linked_text(char **text, size_t *n, const uint8_t *gz, const uint8_t *end);

#endif
