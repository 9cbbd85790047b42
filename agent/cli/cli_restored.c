/* SPDX-License-Identifier: Apache-2.0 */
/* berth restore show, end: what an agent out of a backup still has to find out. */
#include "agent/cli/cli_client.h"

enum berth_err berth_cli_restored_show(struct berth_cli *c)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/restored", NULL, &v);
	bool is;

	if (rc || berth_cli_json_wanted(c))
		return rc ? rc : berth_cli_print(c, v);
	is = berth_json_bool(berth_json_get(v, "restored"), false);
	rc = berth_cli_say("%s", is ? "restored from a backup" : "not restored from a backup, or that was ended");
	berth_json_each(d, berth_json_get(v, "devices"))
		if (!rc)
			rc = berth_cli_say("has not spoken since: %s, %s", berth_json_str(berth_json_get(d, "serial")),
					   berth_json_str(berth_json_get(d, "state")));
	berth_json_free(v);
	return rc;
}

enum berth_err berth_cli_restored_end(struct berth_cli *c)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/restored/end", berth_json_new_object(), &v);

	berth_json_free(v);
	return rc;
}
