/* SPDX-License-Identifier: Apache-2.0 */
/* The commands `vc` and `vp`: formats, options, help. */
#include "agent/cli/cli_vc.h"

#include "agent/cli/cli_resolver.h"

enum berth_err berth_cli_format(const struct berth_cli *c, const struct berth_buf *text, enum berth_vc_format *out)
{
	const char *given = berth_cli_get(c, "--format");

	*out = BERTH_FORMAT_VC_JWT;
	if (given)
		*out = berth_vc_format_find(given);
	else if (text)
		return berth_vc_format_guess(out, berth_buf_cstr(text), text->len);
	return *out ? BERTH_OK : berth_fail(BERTH_E_ALG, "format %s is not supported", given);
}

/* ---- tables ---- */

static const struct berth_cli_cmd vc_cmds[] = {
	{ "issue", 0, 1, berth_cli_vc_issue },
	{ "verify", 0, 1, berth_cli_vc_verify },
	{ .run = NULL },
};

static const struct berth_cli_cmd vp_cmds[] = {
	{ "create", 1, BERTH_CLI_VCS_MAX, berth_cli_vp_create },
	{ "verify", 0, 1, berth_cli_vp_verify },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_vc = { "vc", vc_cmds };
const struct berth_cli_group berth_cli_vp = { "vp", vp_cmds };
