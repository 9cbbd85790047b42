/* SPDX-License-Identifier: Apache-2.0 */
/* The devices that a factory has made and an owner has bought. */
#include "agent/cli/cli_devices.h"

static const struct berth_cli_row cols[] = {
	{ "SERIAL", "serial" }, { "MODEL", "model" }, { "STATE", "state" }, { "KEYS", "custody" }, { "TAKEN", "taken" },
	{ "ATTESTED", "attested.verdict" }, { "AT", "attested.at" }, { "DEVICE", "device" },
};
static const struct berth_cli_row rows[] = {
	{ "device", "device" }, { "serial", "serial" }, { "model", "model" }, { "state", "state" },
	{ "not yet heard", "unheard" },
	{ "key custody", "custody" }, { "epoch", "epoch" }, { "operational DID", "operationalDid" }, { "sold to", "soldTo" },
	{ "taken", "taken" }, { "taken by", "takenProof.owner" }, { "waits because", "hold" }, { "refused", "denied" },
	{ "provisioned", "set.status" }, { "because", "set.reason" }, { "next set", "provision" },
	{ "status", "status.is" }, { "because", "status.reason" }, { "device knows", "status.noted" },
	{ "attested", "attested.verdict" }, { "at", "attested.at" }, { "and what", "attested.detail" }, { "event log", "attested.log" }, { "PCRs", "attested.pcrDigest" },
	{ "PCRs at first", "pcrDigest" },
	{ "erased", "ended.erasure" }, { "audit to row", "audit.seq" }, { "signed by", "audit.did" }, { "but later", "auditProblem" },
};
#define N(a) (sizeof(a) / sizeof((a)[0]))

/* In a line of their own: of an agent that was never restored there are none. */
static enum berth_err say_unheard(const struct berth_json *list)
{
	size_t n = 0;

	berth_json_each(d, list)
		n += berth_json_bool(berth_json_get(d, "unheard"), false);
	return n ? berth_cli_say("%zu not heard since the restore: see berth restore show", n) : BERTH_OK;
}

static enum berth_err list(struct berth_cli *c)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/devices", NULL, &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	if (!(rc = berth_cli_show_table(v, cols, N(cols), "no devices")))
		rc = say_unheard(v);
	berth_json_free(v);
	return rc;
}

enum berth_err berth_cli_device_call(struct berth_cli *c, const char *suffix, struct berth_json *take, struct berth_json **v)
{
	struct berth_buf path = BERTH_BUF_INIT;
	enum berth_err rc;

	*v = NULL;
	berth_cli_path(&path, "/v1/devices/", berth_cli_arg(c, 0), suffix);
	if ((rc = berth_buf_status(&path)))
		berth_json_free(take);
	else
		rc = berth_cli_call(c, berth_buf_cstr(&path), take, v);
	berth_buf_free(&path);
	return rc;
}

static enum berth_err show(struct berth_cli *c)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_device_call(c, "", NULL, &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	rc = berth_cli_show_fields(v, rows, N(rows));
	berth_json_free(v);
	return rc;
}

enum berth_err berth_cli_device(struct berth_cli *c, const char *suffix, const char *done, struct berth_json *take)
{
	struct berth_json *v;
	enum berth_err rc;

	if (!take)
		return berth_no_memory();
	if ((rc = berth_cli_device_call(c, suffix, take, &v)))
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	berth_json_free(v);
	return berth_cli_say("%s %s", berth_cli_arg(c, 0), done);
}

static enum berth_err approve(struct berth_cli *c)
{
	return berth_cli_device(c, "/approve", "may go on", berth_json_new_object());
}

static enum berth_err deny(struct berth_cli *c)
{
	const char *reason = berth_cli_get(c, "--reason");
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if (reason && (rc = berth_json_set_str(body, "reason", reason))) {
		berth_json_free(body);
		return rc;
	}
	return berth_cli_device(c, "/deny", "is refused", body);
}

/* ---- sell ---- */

static enum berth_err sell(struct berth_cli *c)
{
	struct berth_json *body, *v;
	const char *to, *file;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--to", &to)) || (rc = berth_cli_need(c, "--out", &file)))
		return rc;
	body = berth_json_new_object();
	if ((rc = berth_json_set_str(body, "device", berth_cli_arg(c, 0))) || (rc = berth_json_set_str(body, "to", to))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_cli_call(c, "/v1/devices/sell", body, &v)))
		return rc;
	rc = berth_cli_save(file, berth_cli_member(v, "chain"));
	if (!rc && berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	if (!rc)
		rc = berth_cli_say("the chain of %s is in %s", berth_cli_arg(c, 0), file);
	berth_json_free(v);
	return rc;
}

/* ---- delegate ---- */

static enum berth_err set_scope(const struct berth_cli *c, struct berth_json *body)
{
	struct berth_json *list;
	const char *word;
	enum berth_err rc = BERTH_OK;

	if (!berth_cli_has(c, "--scope"))
		return BERTH_OK;
	list = berth_json_new_array();
	for (size_t i = 0; !rc && (word = berth_cli_nth(c, "--scope", i)); i++)
		rc = berth_json_push_str(list, word);
	return berth_json_set_made(body, "scope", list, rc);
}

static enum berth_err delegate(struct berth_cli *c)
{
	struct berth_json *body, *v = NULL;
	const char *to, *until, *file;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--to", &to)) || (rc = berth_cli_need(c, "--until", &until)) ||
	    (rc = berth_cli_need(c, "--out", &file)))
		return rc;
	body = berth_json_new_object();
	if ((rc = berth_json_set_str(body, "to", to)) || (rc = berth_json_set_str(body, "until", until)) ||
	    (rc = set_scope(c, body))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_cli_device_call(c, "/delegate", body, &v)))
		return rc;
	rc = berth_cli_save(file, v);
	if (!rc && berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	if (!rc)
		rc = berth_cli_say("the chain of %s with the delegation is in %s", berth_cli_arg(c, 0), file);
	berth_json_free(v);
	return rc;
}

/* ---- tables ---- */

static const struct berth_cli_cmd cmds[] = {
	{ "list", 0, 0, list },
	{ "show", 1, 1, show },
	{ "birth", 0, 0, berth_cli_birth },
	{ "label", 0, 1, berth_cli_label },
	{ "sell", 1, 1, sell },
	{ "resolve", 1, 1, berth_cli_fork },
	{ "import", 1, BERTH_CLI_VALUES_MAX, berth_cli_import },
	{ "delegate", 1, 1, delegate },
	{ "approve", 1, 1, approve },
	{ "deny", 1, 1, deny },
	{ "suspend", 1, 1, berth_cli_suspend },
	{ "resume", 1, 1, berth_cli_resume },
	{ "revoke", 1, 1, berth_cli_revoke },
	{ "attest", 1, 1, berth_cli_attest },
	{ "status-lists", 0, 0, berth_cli_status_lists },
	{ "transfer", 1, 1, berth_cli_transfer },
	{ "retire", 1, 1, berth_cli_retire },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_devices = { "devices", cmds };
