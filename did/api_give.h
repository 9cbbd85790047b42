/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_API_GIVE_H
#define BERTH_DID_API_GIVE_H

#include <stddef.h>

#include "did/base/buf.h"
#include "did/base/json.h"

/* What the installed interfaces (include/berth) take and give. */

/* *out is the caller's to free; b is empty then, in any case.  E_NOMEM, and b's own error. */
BERTH_MUST_USE enum berth_err berth_api_give_text(char **out, struct berth_buf *b);
/* The same of a value, which is taken over; E_NOMEM where it is NULL. */
BERTH_MUST_USE enum berth_err berth_api_give_json(char **out, struct berth_json *v);
/* A caller's struct of an earlier version is shorter: what it lacks is zero. */
void berth_api_take_options(void *out, size_t max, const void *options, size_t size);

#endif
