/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_TAP_H
#define BERTH_TESTS_FAKES_TAP_H

#include "didcomm/pack.h"

/* Sees every message just before it is packed (berth_pack is wrapped, see
 * tests/rules.mk), and the size that it came to. */
typedef void test_tap_fn(void *arg, const struct berth_pack *p, const struct berth_message *msg, size_t packed);
/* May change the message first; the sender's own memory of it stays as it was. */
typedef void test_tap_edit_fn(void *arg, const struct berth_pack *p, const struct berth_message *msg);
void test_tap_edit(test_tap_edit_fn *fn, void *arg);
void test_tap(test_tap_fn *fn, void *arg);	/* NULL: nobody listens */

#endif
