/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_LOG_H
#define BERTH_DID_BASE_LOG_H

#include <stdbool.h>

#include "berth/err.h"

/* One line an event on stderr: text on a terminal, a JSON object otherwise.
 * Control bytes are escaped, lines are cut at 1 KiB.  No payloads, no secrets. */
enum berth_log_level { BERTH_LOG_ERROR, BERTH_LOG_WARN, BERTH_LOG_INFO, BERTH_LOG_DEBUG };

void berth_log_init(const char *process, enum berth_log_level most, bool json);
void berth_log(enum berth_log_level level, const char *event, const char *fmt, ...) BERTH_PRINTF(3, 4);

/* The usual line for a code that was just passed up: its name and detail. */
void berth_log_err(enum berth_log_level level, const char *event, enum berth_err code);

#endif /* BERTH_DID_BASE_LOG_H */
