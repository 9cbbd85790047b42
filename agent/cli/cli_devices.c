/* SPDX-License-Identifier: Apache-2.0 */
/* The devices that a factory has made and an owner has bought. */
#include "agent/cli/cli_devices.h"

static const struct berth_cli_row cols[] = {
	{ "SERIAL", "serial" }, { "MODEL", "model" }, { "STATE", "state" }, { "KEYS", "custody" }, { "TAKEN", "taken" },
	{ "ATTESTED", "attested.verdict" }, { "AT", "attested.at" }, { "DEVICE", "device" },
};
static const struct berth_cli_row rows[] = {
	{ "device", "device" }, { "serial", "serial" }, { "model", "model" }, { "state", "state" },
	{ "key custody", "custody" }, { "epoch", "epoch" }, { "operational DID", "operationalDid" }, { "sold to", "soldTo" },
	{ "taken", "taken" }, { "taken by", "takenProof.owner" }, { "waits because", "hold" }, { "refused", "denied" },
	{ "provisioned", "set.status" }, { "because", "set.reason" }, { "next set", "provision" },
	{ "status", "status.is" }, { "because", "status.reason" }, { "device knows", "status.noted" },
	{ "attested", "attested.verdict" }, { "at", "attested.at" }, { "and what", "attested.detail" }, { "event log", "attested.log" }, { "PCRs", "attested.pcrDigest" },
	{ "PCRs at first", "pcrDigest" },
	{ "erased", "ended.erasure" }, { "audit to row", "audit.seq" }, { "signed by", "audit.did" }, { "but later", "auditProblem" },
};
#define N(a) (sizeof(a) / sizeof((a)[0]))

static enum berth_err list(struct berth_cli *c)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/devices", NULL, &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	rc = berth_cli_show_table(v, cols, N(cols), "no devices");
	berth_json_free(v);
	return rc;
}

/* GET or POST on the device in the first argument. */
static enum berth_err device_call(struct berth_cli *c, const char *suffix, struct berth_json *take, struct berth_json **v)
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
	enum berth_err rc = device_call(c, "", NULL, &v);

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
		return berth_fail(BERTH_E_NOMEM, "request");
	if ((rc = device_call(c, suffix, take, &v)))
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
	if ((rc = device_call(c, "/delegate", body, &v)))
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

static const char *const opts[] = { BERTH_CLI_DAEMON_OPTS, NULL };
static const char *const deny_opts[] = {
	"--reason TEXT\tsaid to the device, and kept in the audit log",
	BERTH_CLI_DAEMON_OPTS,
	NULL
};
static const char *const sell_opts[] = {
	"--to DID\tthe next owner, its long form where it has one",
	"--out CHAIN\twhere the chain package goes",
	BERTH_CLI_DAEMON_OPTS,
	NULL
};

static const char *const birth_opts[] = {
	"--count N\tdevices in the batch, at most 1000",
	"--out FILE\twhere the batch goes",
	"--batch NAME\tof the batch (default: the name of FILE)",
	"--to DID\tsell them to this owner, its long form where it has one",
	"--wait SECONDS\tfor devices (default: until all have come)",
	BERTH_CLI_DAEMON_OPTS,
	NULL
};
static const char *const label_opts[] = {
	"--batch FILE\tthe devices of this batch",
	"--out DIR\twhere a SVG file for each device goes",
	BERTH_CLI_DAEMON_OPTS,
	NULL
};
static const char *const delegate_opts[] = {
	"--to DID\tthe onboarding agent, its long form",
	"--until TIME\twhen it ends, as 2027-01-31T00:00:00Z",
	"--out CHAIN\twhere the chain package with the delegation goes",
	"--scope WHAT ...\tbesides onboarding: renew (alone when unset), configure, attest, suspend",
	BERTH_CLI_DAEMON_OPTS,
	NULL
};
static const char *const attest_opts[] = {
	"--log\tand what its firmware measured at boot, event by event",
	BERTH_CLI_DAEMON_OPTS,
	NULL
};
static const char *const lists_opts[] = {
	"--out DIR\twhere revocation.jwt and suspension.jwt go",
	BERTH_CLI_DAEMON_OPTS,
	NULL
};
static const char *const import_opts[] = {
	"--receipt FILE ...\twhat one of these devices signed for the owner it has",
	BERTH_CLI_DAEMON_OPTS,
	NULL
};

static const char *const transfer_opts[] = {
	"--to DID\tthe next owner, its long form where it has one",
	"--out CHAIN\twhere its chain package goes",
	"--wait SECONDS\tfor the device's receipt (60 with --out, else 0)",
	"--receipt FILE\tthe receipt, where the device cannot reach us",
	"--cancel\tkeep it, if the release has not left yet",
	"--sign FILE\twhere the signed release goes, for the delegate that onboarded it",
	"--release FILE\tdelegate: what its owner has signed with --sign",
	BERTH_CLI_DAEMON_OPTS,
	NULL
};
static const char *const retire_opts[] = {
	"--clear-tpm\tand clear its TPM, where its own policy allows that",
	"--out FILE\twhere the tombstone goes, with what a third party needs",
	"--wait SECONDS\tfor the device's word (60 with --out, else 0)",
	"--receipt FILE\tthe tombstone, where the device cannot reach us",
	"--sign FILE\twhere the signed order goes, for the delegate that onboarded it",
	"--release FILE\tdelegate: what its owner has signed with --sign",
	BERTH_CLI_DAEMON_OPTS,
	NULL
};

static const struct berth_cli_cmd cmds[] = {
	{ "list", "", "the devices this owner or factory knows", opts, 0, 0, list,
	  "  berth devices list\n  berth devices list --json | jq -r '.[].serial'\n" },
	{ "show", "DEVICE", "one device, by id or serial number", opts, 1, 1, show, "  berth devices show GW-0001\n" },
	{ "birth", "", "factory: a batch of devices, as they come", birth_opts, 0, 0, berth_cli_birth,
	  "  berth devices birth --count 50 --out order-17\n"
	  "  berth devices birth --count 50 --out order-17 --to did:peer:4...\n" },
	{ "label", "[DEVICE]", "labels with a QR code, public data only", label_opts, 0, 1, berth_cli_label,
	  "  berth devices label GW-0001 --out labels\n  berth devices label --batch order-17 --out labels\n" },
	{ "sell", "DEVICE", "factory: the ownership credential for the first owner", sell_opts, 1, 1, sell,
	  "  berth devices sell GW-0001 --to did:peer:4... --out GW-0001.chain\n" },
	{ "import", "FILE...", "owner: take the chains or batches of devices it bought", import_opts, 1, BERTH_CLI_VALUES_MAX,
	  berth_cli_import,
	  "  berth devices import GW-0001.chain\n  berth devices import delivery/*.chain\n  berth devices import order-17\n"
	  "  berth devices import GW-0001.chain --receipt GW-0001.receipt\n" },
	{ "delegate", "DEVICE", "owner: let another agent onboard it in your name", delegate_opts, 1, 1, delegate,
	  "  berth devices delegate GW-0001 --to did:peer:4... --until 2027-01-31T00:00:00Z --out GW-0001.chain\n" },
	{ "approve", "DEVICE", "owner: let a device that waits go on", opts, 1, 1, approve, "  berth devices approve GW-0001\n" },
	{ "deny", "DEVICE", "owner: refuse a device that waits", deny_opts, 1, 1, deny,
	  "  berth devices deny GW-0001 --reason 'not ours'\n" },
	{ "suspend", "DEVICE", "owner: take a device out of service", deny_opts, 1, 1, berth_cli_suspend,
	  "  berth devices suspend GW-0001 --reason 'not seen for a week'\n" },
	{ "resume", "DEVICE", "owner: take a suspended device back", opts, 1, 1, berth_cli_resume, "  berth devices resume GW-0001\n" },
	{ "revoke", "DEVICE", "owner: end a device's credentials for good", deny_opts, 1, 1, berth_cli_revoke,
	  "  berth devices revoke GW-0001 --reason stolen\n" },
	{ "attest", "DEVICE", "owner: ask a device what it runs", attest_opts, 1, 1, berth_cli_attest,
	  "  berth devices attest GW-0001 --log\n  berth devices show GW-0001\n" },
	{ "status-lists", "", "owner: the lists that say who is suspended or revoked, to be published", lists_opts, 0, 0,
	  berth_cli_status_lists, "  berth devices status-lists --out /var/www/status\n" },
	{ "transfer", "DEVICE", "owner: let it go, to its next owner", transfer_opts, 1, 1, berth_cli_transfer,
	  "  berth devices transfer GW-0001 --to did:peer:4... --out GW-0001.chain\n  berth devices transfer GW-0001 --cancel\n" },
	{ "retire", "DEVICE", "owner: end it for good", retire_opts, 1, 1, berth_cli_retire,
	  "  berth devices retire GW-0001 --out GW-0001.tombstone\n" },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_devices = { "devices", "devices of an owner or a factory", cmds };
