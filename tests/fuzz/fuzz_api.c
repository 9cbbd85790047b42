/* SPDX-License-Identifier: Apache-2.0 */
/* What of the local API is ours: first byte: socket and method; then path, a newline,
 * the body.  The backend takes everything. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/api_dispatch.h"
#include "did/base/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static enum berth_err echo(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	enum berth_err rc;

	(void)arg;
	if ((rc = berth_json_parse(out, "[{\"name\":\"a\",\"id\":\"b\"}]", 23, 64)))
		return rc;
	return req->body ? berth_json_push(*out, berth_json_clone(req->body)) : berth_json_push_str(*out, req->param);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char text[] = "[principal a]\nuid = 1\nmay = self device identity:a present:* secret:b\n";
	static const struct berth_api_quota quota = { 1, 1 };
	struct berth_api_backend backend = { 0 };
	struct berth_peer peer = { .uid = 1 };
	struct berth_principals who;
	struct berth_api_answer ans;
	struct berth_config *cfg;
	const uint8_t *nl = n ? memchr(p + 1, '\n', n - 1) : NULL;
	char *path;

	if (!nl || !(path = strndup((const char *)p + 1, (size_t)(nl - p - 1))))
		return 0;
	berth_log_init("fuzz", BERTH_LOG_ERROR, true);
	for (size_t i = 0; i < BERTH_API__COUNT; i++)
		backend.op[i] = echo;
	if (berth_config_parse(&cfg, "t", text, sizeof(text) - 1) || berth_principals_load(&who, cfg, NULL, NULL))
		abort();
	peer.uid = p[0] & 4 ? 0 : 1;
	berth_api_dispatch(&ans, &backend, &quota, &(struct berth_api_call){
		.socket = p[0] & 1 ? BERTH_SOCKET_ADMIN : BERTH_SOCKET_APP, .peer = &peer,
		.principal = berth_principal_of(&who, &peer), .method = p[0] & 2 ? "POST" : "GET", .path = path,
		.after = p[0] & 8 ? path : NULL, .body = nl + 1, .body_len = (size_t)(p + n - nl - 1) });
	if (ans.status < 200 || ans.status > 503 || (!ans.text && berth_json_check((char *)ans.body.p, ans.body.len, BERTH_JSON_MAX)))
		abort();
	berth_buf_free(&ans.body);
	berth_principals_free(&who);
	berth_config_free(cfg);
	free(path);
	return 0;
}
