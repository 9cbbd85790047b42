/* SPDX-License-Identifier: Apache-2.0 */
/* `berth devices resolve`: a device was sold twice, and refuses both chains until the root of
 * its ownership says which of them holds. */
#include "agent/cli/cli_devices.h"

#define CHAIN_MAX ((size_t)256 << 10)	/* what the daemon takes */

static enum berth_err read_refused(const struct berth_cli *c, struct berth_json **list)
{
	struct berth_json *chain;
	const char *file;
	enum berth_err rc = berth_cli_need(c, "--refuse", &file);

	*list = berth_json_new_array();
	for (size_t i = 0; !rc && (file = berth_cli_nth(c, "--refuse", i)); i++)
		if (!(rc = berth_cli_read_json(&chain, file, CHAIN_MAX)))
			rc = berth_json_push(*list, chain);
	return rc;
}

static enum berth_err request(const struct berth_cli *c, struct berth_json *body)
{
	struct berth_json *chain = NULL, *refused = NULL;
	const char *file;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--chain", &file)) || (rc = berth_cli_read_json(&chain, file, CHAIN_MAX)) ||
	    (rc = berth_json_set(body, "chain", chain)))
		return rc;
	rc = read_refused(c, &refused);
	return berth_json_set_made(body, "refused", refused, rc);
}

enum berth_err berth_cli_fork(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object(), *v;
	const char *out;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--out", &out)) || (rc = request(c, body))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_cli_device_call(c, "/resolve", body, &v)))
		return rc;
	if (!(rc = berth_cli_save(out, v)) && berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	berth_json_free(v);
	return rc ? rc : berth_cli_say("the chain of %s that holds is in %s", berth_cli_arg(c, 0), out);
}
