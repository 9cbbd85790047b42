/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_API_BACKEND_H
#define BERTH_TESTS_FAKES_API_BACKEND_H

#include "agent/core/api.h"

/* Answers every operation with fixed data of the documented shape.  It knows the
 * identities "web" and "db", the secrets "wifi" and "cloud", the device "dev-1". */
extern const struct berth_api_backend fake_api_backend;

#endif
