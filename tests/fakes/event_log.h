/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_EVENT_LOG_H
#define BERTH_TESTS_FAKES_EVENT_LOG_H

#include <stdint.h>

#include "did/base/buf.h"

/* Writes what firmware writes at a measured boot; every digest is 32 (or 20) octets of
 * `fill`, so that tpm2_pcrextend can do the same. */
#define TEST_LOG_SHA1 1u
#define TEST_LOG_SHA256 2u

void test_event_log_begin(struct berth_buf *b, unsigned banks);
void test_event_log_add(struct berth_buf *b, unsigned banks, uint32_t pcr, uint32_t type, uint8_t fill);
/* One that extends nothing, with that many octets. */
void test_event_log_idle(struct berth_buf *b, unsigned banks, size_t octets);
void test_event_log_locality(struct berth_buf *b, unsigned banks, uint8_t locality);

#endif
