/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner provides for its devices, and, where it is waited for, what became of it. */
#include "agent/cli/cli_client.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "did/base/clock.h"
#include "did/codec/base64url.h"

#define ITEM_MAX ((size_t)192 << 10)	/* 256 KiB of base64url, which is what a body may have */
#define POLL_MS 500
#define WAIT_MAX_S 86400
#define CONFIRM_MIN_S 10
#define CONFIRM_MAX_S 86400

/* ---- the request ---- */
static enum berth_err set_whom(const struct berth_cli *c, struct berth_json *body)
{
	const char *device = berth_cli_arg(c, 0);
	enum berth_err rc;

	if (device && (rc = berth_json_set_str(body, "device", device)))
		return rc;
	if ((rc = berth_cli_set_option(c, body, "--model", "model")))
		return rc;
	return berth_cli_has(c, "--all") ? berth_json_set_bool(body, "all", true) : BERTH_OK;
}

static enum berth_err set_confirmation(const struct berth_cli *c, struct berth_json *body)
{
	int64_t within = 0;
	enum berth_err rc;

	if ((rc = berth_cli_number(c, "--confirm-within", CONFIRM_MIN_S, CONFIRM_MAX_S, &within)) ||
	    (within && (rc = berth_json_set_int(body, "confirmWithin", within))))
		return rc;
	return berth_cli_set_option(c, body, "--confirm-by", "confirmBy");
}

static enum berth_err set_data(const char *file, struct berth_json *body)
{
	struct berth_buf bytes = BERTH_BUF_INIT, data = BERTH_BUF_INIT;
	enum berth_err rc = berth_cli_read(&bytes, file, ITEM_MAX);

	if (!rc)
		berth_b64url_encode(&data, bytes.p, bytes.len);
	if (!rc && !(rc = berth_buf_status(&data)))
		rc = berth_json_set_str(body, "data", berth_buf_cstr(&data));
	berth_buf_free(&bytes);
	berth_buf_free(&data);
	return rc;
}

/* item: ID=FILE, or ID alone where it goes. */
static enum berth_err item_body(const struct berth_cli *c, const char *item, bool gone, struct berth_json **out)
{
	const char *file = strchr(item, '=');
	struct berth_json *body = berth_json_new_object();
	struct berth_buf id = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;

	*out = NULL;
	if (!gone && (!file || file == item || !file[1]))
		rc = berth_fail(BERTH_E_USAGE, "--item %s: not ID=FILE", item);
	berth_buf_put(&id, item, gone || !file ? strlen(item) : (size_t)(file - item));
	if (rc || (rc = berth_buf_status(&id)) || (rc = berth_json_set_str(body, "id", berth_buf_cstr(&id))) ||
	    (rc = gone ? berth_json_set_bool(body, "remove", true) : set_data(file + 1, body)) || (rc = set_whom(c, body)) ||
	    (rc = set_confirmation(c, body)) || (rc = berth_cli_set_option(c, body, "--type", "type"))) {
		berth_json_free(body);
		body = NULL;
	}
	*out = body;
	berth_buf_free(&id);
	return rc;
}

static enum berth_err give(struct berth_cli *c, const char *item, bool gone)
{
	const char *whom = berth_cli_arg(c, 0), *model = berth_cli_get(c, "--model");
	struct berth_json *body, *v;
	enum berth_err rc;

	if ((rc = item_body(c, item, gone, &body)) || (rc = berth_cli_call(c, "/v1/provision", body, &v)))
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_has(c, "--wait") ? (berth_json_free(v), BERTH_OK) : berth_cli_print(c, v);
	rc = berth_cli_say("%.*s is %s for %s%s", (int)strcspn(item, "="), item, gone ? "kept no more" : "kept",
			   whom ? whom : model ? "all devices of model " : "all devices", !whom && model ? model : "");
	if (!rc && (int64_t)berth_json_num(berth_json_get(v, "refused")))
		rc = berth_cli_say("%" PRId64 " of them cannot be told: see berth audit",
				   (int64_t)berth_json_num(berth_json_get(v, "refused")));
	berth_json_free(v);
	return rc;
}

static enum berth_err give_all(struct berth_cli *c)
{
	const char *item;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && (item = berth_cli_nth(c, "--item", i)); i++)
		rc = give(c, item, false);
	for (size_t i = 0; !rc && (item = berth_cli_nth(c, "--remove", i)); i++)
		rc = give(c, item, true);
	return rc;
}

/* ---- what becomes of it ---- */
static bool is_meant(const struct berth_cli *c, const struct berth_json *device)
{
	const char *one = berth_cli_arg(c, 0), *model = berth_cli_get(c, "--model");

	if (one)
		return berth_json_says(berth_json_get(device, "device"), one) || berth_json_says(berth_json_get(device, "serial"), one);
	return !model || berth_json_says(berth_json_get(device, "model"), model);
}

/* How many have it, or have said no, and of how many that are in use. */
static enum berth_err count(const struct berth_cli *c, size_t *done, size_t *all)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/devices", NULL, &v);

	*done = *all = 0;
	if (rc)
		return rc;
	berth_json_each(d, v)
		if (is_meant(c, d) && (berth_json_get(d, "provision") || berth_json_get(d, "operationalDid"))) {
			(*all)++;
			*done += !berth_json_get(d, "provision");
		}
	berth_json_free(v);
	return BERTH_OK;
}

static enum berth_err wait_for(const struct berth_cli *c, int64_t wait_s)
{
	static const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	uint64_t until_ms = berth_clock_mono_ms() + (uint64_t)wait_s * 1000;
	size_t done, all;
	enum berth_err rc;

	while (!(rc = count(c, &done, &all))) {
		berth_cli_progress(done, all);
		if (done == all)
			return BERTH_OK;
		if (berth_clock_mono_ms() >= until_ms)
			return berth_fail(BERTH_E_UNAVAILABLE, "%zu of %zu devices have not answered yet; they will be told again", all - done, all);
		nanosleep(&pause, NULL);
	}
	return rc;
}

static enum berth_err say_items(const struct berth_json *v)
{
	enum berth_err rc = BERTH_OK;

	berth_json_each(item, berth_json_get(berth_json_get(v, "set"), "results")) {
		const char *status = "", *reason = "";

		if ((rc = berth_json_opt_str(item, "status", 15, &status)) || (rc = berth_json_opt_str(item, "reason", 64, &reason)) ||
		    (rc = berth_cli_say("%s: %s%s%s", berth_json_key(item), status, *reason ? ", " : "", reason)))
			break;
	}
	return rc;
}

/* What is not in use there is no success. */
static enum berth_err judge(const struct berth_json *v)
{
	const struct berth_json *set = berth_json_get(v, "set");
	const char *status = "active", *reason = "";
	enum berth_err rc;

	if (set && ((rc = berth_json_opt_str(set, "status", 15, &status)) || (rc = berth_json_opt_str(set, "reason", 64, &reason))))
		return rc;
	return strcmp(status, "active") == 0 ? BERTH_OK : berth_fail(BERTH_E_STATUS, "%s: %s", status, reason);
}

static enum berth_err say_outcome(struct berth_cli *c)
{
	struct berth_buf path = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	enum berth_err rc, why;

	berth_cli_path(&path, "/v1/devices/", berth_cli_arg(c, 0), "");
	if ((rc = berth_buf_status(&path)) || (rc = berth_cli_call(c, berth_buf_cstr(&path), NULL, &v)))
		goto out;
	why = judge(v);
	if (berth_cli_json_wanted(c)) {
		rc = berth_cli_print(c, v);
		v = NULL;
	} else {
		rc = say_items(v);
	}
	rc = rc ? rc : why;
out:
	berth_json_free(v);
	berth_buf_free(&path);
	return rc;
}

static enum berth_err provision(struct berth_cli *c)
{
	int64_t wait_s = -1;
	enum berth_err rc;

	if ((berth_cli_arg(c, 0) != NULL) + (berth_cli_get(c, "--model") != NULL) + berth_cli_has(c, "--all") != 1)
		return berth_fail(BERTH_E_USAGE, "one of DEVICE, --model and --all");
	if (!berth_cli_has(c, "--item") && !berth_cli_has(c, "--remove"))
		return berth_fail(BERTH_E_USAGE, "needs --item or --remove");
	if ((rc = berth_cli_number(c, "--wait", 0, WAIT_MAX_S, &wait_s)) || (rc = give_all(c)) || wait_s < 0)
		return rc;
	if ((rc = wait_for(c, wait_s)))
		return rc;
	return berth_cli_arg(c, 0) ? say_outcome(c) : BERTH_OK;
}

static const struct berth_cli_cmd cmds[] = {
	{ "", 0, 1, provision },
	{ .run = NULL },
};
const struct berth_cli_group berth_cli_provision = { "provision", cmds };
