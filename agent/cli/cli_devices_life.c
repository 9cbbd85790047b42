/* SPDX-License-Identifier: Apache-2.0 */
/* An owner's devices out of service and back, what they attest, and the lists for others. */
#include <string.h>

#include "agent/cli/cli_devices.h"

static enum berth_err with_reason(struct berth_cli *c, const char *suffix, const char *done)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc = berth_cli_set_option(c, body, "--reason", "reason");

	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return berth_cli_device(c, suffix, done, body);
}

enum berth_err berth_cli_suspend(struct berth_cli *c) { return with_reason(c, "/suspend", "is suspended"); }
enum berth_err berth_cli_revoke(struct berth_cli *c) { return with_reason(c, "/revoke", "is revoked"); }

enum berth_err berth_cli_resume(struct berth_cli *c)
{
	return berth_cli_device(c, "/resume", "is back", berth_json_new_object());
}

enum berth_err berth_cli_attest(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if (berth_cli_has(c, "--log") && (rc = berth_json_set(body, "eventLog", berth_json_new_bool(true)))) {
		berth_json_free(body);
		return rc;
	}
	return berth_cli_device(c, "/attest", "is asked; berth devices show says what it answered", body);
}

static enum berth_err save(const struct berth_json *lists, const char *purpose, const char *dir)
{
	const char *text = berth_json_str(berth_json_get(lists, purpose));
	struct berth_buf path = BERTH_BUF_INIT, bytes = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_printf(&path, "%s/%s.jwt", dir, purpose);
	berth_buf_str(&bytes, text ? text : "");
	if (!text)
		rc = berth_fail(BERTH_E_UNAVAILABLE, "the daemon did not give the %s list", purpose);
	else if (!(rc = berth_buf_status(&path)) && !(rc = berth_buf_status(&bytes)))
		rc = berth_cli_save_bytes(berth_buf_cstr(&path), &bytes);
	berth_buf_free(&path);
	berth_buf_free(&bytes);
	return rc;
}

enum berth_err berth_cli_status_lists(struct berth_cli *c)
{
	struct berth_json *v;
	const char *dir;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--out", &dir)) || (rc = berth_cli_call(c, "/v1/status-lists", NULL, &v)))
		return rc;
	if (!(rc = save(v, "revocation", dir)))
		rc = save(v, "suspension", dir);
	if (!rc && berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	if (!rc)
		rc = berth_cli_say("the status lists are in %s", dir);
	berth_json_free(v);
	return rc;
}
