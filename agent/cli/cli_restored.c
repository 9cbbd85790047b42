/* SPDX-License-Identifier: Apache-2.0 */
/* berth restore show, end: what an agent out of a backup still has to find out. */
#include "agent/cli/cli_client.h"

#include "did/base/clock.h"

/* A device in use asks for messages with its factory DID every six hours at the least, and so
 * hears that it is asked for. */
#define HEARD_IN_S 86400

static bool is_long(const struct berth_json *v)
{
	const struct berth_json *since = berth_json_get(v, "since");

	return since && berth_json_len(berth_json_get(v, "devices")) &&
	       (double)berth_clock_now_s() - berth_json_num(since) >= HEARD_IN_S;
}

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
	if (!rc && is_long(v))
		rc = berth_cli_say("that is more than a day, and who is in use and on asks within six hours: it is off, it was let go after "
				   "the backup, or knows us by a DID of after it; see berth(1), restore show");
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
