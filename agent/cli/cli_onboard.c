/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's part in onboarding: start it, invite. */
#include "agent/cli/cli_client.h"

#include <string.h>

#include "did/codec/base64url.h"
#include "did/crypto/hash.h"

#define INVITATION_MAX ((size_t)256 << 10)

/* ---- onboard ---- */

static const struct berth_cli_row onboard_rows[] = { { "state", "state" }, { "would", "would" }, { "rendezvous", "rendezvous" } };

static enum berth_err onboard_body(const struct berth_cli *c, struct berth_json *body)
{
	const char *file = berth_cli_get(c, "--invitation"), *tip = berth_cli_get(c, "--accept-tip");
	const char *serial = berth_cli_get(c, "--abandon");
	struct berth_json *invitation;
	enum berth_err rc;

	if (berth_cli_has(c, "--dry-run"))
		return berth_json_set_bool(body, "dryRun", true);
	if (tip)
		return berth_json_set_str(body, "acceptTip", tip);
	if (serial)
		return berth_json_set_str(body, "abandon", serial);
	if (!file)
		return BERTH_OK;
	if ((rc = berth_cli_read_json(&invitation, file, INVITATION_MAX)))
		return rc;
	if (!berth_json_is(invitation, BERTH_JSON_OBJECT)) {
		berth_json_free(invitation);
		return berth_fail(BERTH_E_TYPE, "%s: not an invitation", file);
	}
	return berth_json_set(body, "invitation", invitation);
}

static enum berth_err onboard(struct berth_cli *c)
{
	int ways = berth_cli_has(c, "--invitation") + berth_cli_has(c, "--dry-run") + berth_cli_has(c, "--accept-tip") +
		   berth_cli_has(c, "--abandon");
	struct berth_json *body, *v;
	enum berth_err rc;

	if (ways > 1)
		return berth_fail(BERTH_E_USAGE, "onboard: --invitation, --dry-run, --accept-tip or --abandon: only one");
	if (!(body = berth_json_new_object()))
		return berth_no_memory();
	if ((rc = onboard_body(c, body))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_cli_call(c, "/v1/onboard", body, &v)))
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	rc = berth_cli_show_fields(v, onboard_rows, sizeof(onboard_rows) / sizeof(onboard_rows[0]));
	berth_json_free(v);
	return rc;
}

/* ---- rotate ---- */

static const struct berth_cli_row rotate_rows[] = { { "state", "state" }, { "devices", "devices" } };

static enum berth_err rotate(struct berth_cli *c)
{
	struct berth_json *v;
	enum berth_err rc;

	if (berth_cli_has(c, "--peer"))
		return berth_cli_rotate_peer(c, berth_cli_get(c, "--peer"));
	if ((rc = berth_cli_call(c, "/v1/rotate", berth_json_new_object(), &v)))
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	rc = berth_cli_show_fields(v, rotate_rows, sizeof(rotate_rows) / sizeof(rotate_rows[0]));
	berth_json_free(v);
	return rc;
}

/* ---- invite ---- */

/* What a code can hold of an invitation that it cannot hold as a whole. */
static enum berth_err qr_digest(const struct berth_buf *file)
{
	struct berth_buf text = BERTH_BUF_INIT;
	uint8_t hash[BERTH_SHA256_LEN];
	enum berth_err rc;

	berth_sha256(hash, file->p, file->len);
	berth_buf_str(&text, "berth-invitation:sha256:");
	berth_b64url_encode(&text, hash, sizeof(hash));
	if (!(rc = berth_cli_say("the file has %zu bytes, too many for a QR code: this is its SHA-256 only, to compare",
				 file->len)) &&
	    !(rc = berth_buf_status(&text)) && !(rc = berth_cli_qr(text.p, text.len)))
		rc = berth_cli_say("%s", berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}

static enum berth_err qr(const char *path)
{
	struct berth_buf file = BERTH_BUF_INIT;
	enum berth_err rc = berth_cli_read(&file, path, INVITATION_MAX * 2);

	if (!rc)
		rc = file.len <= BERTH_CLI_QR_MAX ? berth_cli_qr(file.p, file.len) : qr_digest(&file);
	berth_buf_free(&file);
	return rc;
}

static enum berth_err invite(struct berth_cli *c)
{
	struct berth_buf path = BERTH_BUF_INIT;
	const char *device, *file;
	struct berth_json *v = NULL;
	enum berth_err rc;

	if (berth_cli_has(c, "--oob"))
		return berth_cli_invite_oob(c);
	if ((rc = berth_cli_need(c, "--device", &device)) || (rc = berth_cli_need(c, "--out", &file)))
		return rc;
	berth_cli_path(&path, "/v1/devices/", device, "/invite");
	if (!(rc = berth_buf_status(&path)) &&
	    !(rc = berth_cli_call(c, berth_buf_cstr(&path), berth_json_new_object(), &v)) &&
	    !(rc = berth_cli_save(file, berth_cli_member(v, "invitation"))) && !berth_cli_json_wanted(c))
		rc = berth_cli_say("the invitation for %s is in %s", device, file);
	berth_buf_free(&path);
	if (!rc && berth_cli_has(c, "--qr"))
		rc = qr(file);
	if (!rc && berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	berth_json_free(v);
	return rc;
}

static const struct berth_cli_cmd onboard_cmds[] = { { "", 0, 0, onboard }, { .run = NULL } };
static const struct berth_cli_cmd rotate_cmds[] = { { "", 0, 0, rotate }, { .run = NULL } };
static const struct berth_cli_cmd invite_cmds[] = { { "", 0, 0, invite }, { .run = NULL } };

const struct berth_cli_group berth_cli_onboard = { "onboard", onboard_cmds };
const struct berth_cli_group berth_cli_rotate = { "rotate", rotate_cmds };
const struct berth_cli_group berth_cli_invite = { "invite", invite_cmds };
