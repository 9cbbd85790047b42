/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include <unistd.h>

#include "did/codec/jcs.h"

/* The canonical bytes and nothing behind them, so that a hash of the output is
 * the hash of the value; only a terminal gets a newline. */
static enum berth_err jcs(struct berth_cli *c)
{
	struct berth_buf text = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	enum berth_err rc;

	if ((rc = berth_cli_read(&text, berth_cli_arg(c, 0), BERTH_JSON_MAX)) ||
	    (rc = berth_json_parse_exact(&v, berth_buf_cstr(&text), text.len, BERTH_JSON_MAX)) ||
	    (rc = berth_jcs(&out, v)))
		goto out;
	if (isatty(STDOUT_FILENO))
		berth_buf_u8(&out, '\n');
	if (!(rc = berth_buf_status(&out)))
		rc = berth_cli_write(out.p, out.len);
out:
	berth_json_free(v);
	berth_buf_free(&text);
	berth_buf_free(&out);
	return rc;
}

static const struct berth_cli_cmd cmds[] = {
	{ "", 0, 1, jcs },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_jcs = { "jcs", cmds };
