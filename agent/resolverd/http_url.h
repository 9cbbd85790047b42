/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_RESOLVERD_HTTP_URL_H
#define BERTH_AGENT_RESOLVERD_HTTP_URL_H

#include "agent/ipc/http_uri.h"
#include "berth/err.h"

#define BERTH_RES_URL_MAX 8192

/* An http:// or https:// URL as http_uri.h reads it, and stricter: no segment of its path
 * is "." or "..", plain or percent-encoded, and each "%" has its two digits, because
 * servers differ in what they make of those.  E_TYPE. */
BERTH_MUST_USE enum berth_err berth_res_url_parse(struct berth_http_uri *u, const char *text);
/* E_NETPOL: a port where no HTTP is spoken (C096). */
BERTH_MUST_USE enum berth_err berth_res_url_check_port(const struct berth_http_uri *u);

#endif
