/* SPDX-License-Identifier: Apache-2.0 */
/* An owner lets a device go: to its next owner, or for good.  The device may be asleep: what
 * was asked for is asked for, and the same command again says how far it is. */
#include "agent/cli/cli_client.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_S 60		/* where a file is to be written and nothing else was said */
#define WAIT_MAX_S 86400
#define RECEIPT_MAX ((size_t)24 << 10)

static enum berth_err post(const struct berth_cli *c, const char *suffix, const struct berth_json *body, struct berth_json **v)
{
	struct berth_buf path = BERTH_BUF_INIT;
	enum berth_err rc;

	*v = NULL;
	berth_cli_path(&path, "/v1/devices/", berth_cli_arg(c, 0), suffix);
	if (!(rc = berth_buf_status(&path)))
		rc = berth_cli_call(c, berth_buf_cstr(&path), berth_json_clone(body), v);
	berth_buf_free(&path);
	return rc;
}

static enum berth_err seconds(const struct berth_cli *c, int64_t *out)
{
	const char *text = berth_cli_get(c, "--wait");
	char *end;

	*out = berth_cli_has(c, "--out") ? WAIT_S : 0;
	if (!text)
		return BERTH_OK;
	*out = strtoll(text, &end, 10);
	return *end || end == text || *out < 0 || *out > WAIT_MAX_S
		? berth_fail(BERTH_E_USAGE, "--wait %s: not 0 to %d seconds", text, WAIT_MAX_S) : BERTH_OK;
}

static bool is_in(const struct berth_json *v, const char *state)
{
	const char *is = berth_json_str(berth_json_get(v, "state"));

	return is && strcmp(is, state) == 0;
}

/* Until the device has signed for it, or the time is up. */
static enum berth_err ask_until(const struct berth_cli *c, const char *suffix, struct berth_json *take, const char *state,
				struct berth_json **v)
{
	const struct timespec pause = { .tv_sec = 1 };
	int64_t left = 0;
	enum berth_err rc = take ? seconds(c, &left) : berth_no_memory();

	*v = NULL;
	if (!rc && berth_json_get(take, "receipt")) {	/* first what it has signed, then what we want of it */
		rc = post(c, suffix, take, v);
		berth_json_free(*v);
		berth_json_remove(take, "receipt");
	}
	if (!rc)
		rc = post(c, suffix, take, v);
	for (; !rc && !is_in(*v, state) && !berth_json_get(*v, "release") && left > 0; left--) {
		nanosleep(&pause, NULL);
		berth_json_free(*v);
		rc = post(c, suffix, take, v);
	}
	berth_json_free(take);
	return rc;
}

static enum berth_err set_token(const struct berth_cli *c, struct berth_json *body, const char *option, const char *member)
{
	const char *file = berth_cli_get(c, option);
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!file)
		return BERTH_OK;
	if (!(rc = berth_cli_read_token(&text, file, RECEIPT_MAX)))
		rc = berth_json_set_str(body, member, berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}

static enum berth_err set_carried(const struct berth_cli *c, struct berth_json *body)
{
	enum berth_err rc = set_token(c, body, "--receipt", "receipt");

	return rc ? rc : set_token(c, body, "--release", "release");
}

/* For the delegate: what is signed, and nothing else in the file. */
static enum berth_err save_release(const struct berth_cli *c, const struct berth_json *v)
{
	const char *path = berth_cli_get(c, "--sign"), *release = berth_json_str(berth_json_get(v, "release"));
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!path)
		return BERTH_OK;
	if (!release)
		return berth_fail(BERTH_E_USAGE, "--sign: nothing to carry, %s hears us itself", berth_cli_arg(c, 0));
	berth_buf_printf(&text, "%s\n", release);
	rc = berth_cli_save_bytes(path, &text);
	berth_buf_free(&text);
	return rc;
}

/* The answer, and what of it belongs into --out; takes v. */
static enum berth_err finish(struct berth_cli *c, struct berth_json *v, const char *state, const struct berth_json *file,
			     const char *what)
{
	const char *path = berth_cli_get(c, "--out"), *device = berth_cli_arg(c, 0), *is = berth_json_str(berth_json_get(v, "state"));
	bool json = berth_cli_json_wanted(c), done = is_in(v, state);
	enum berth_err rc = save_release(c, v);

	if (rc)
		path = NULL;
	else if (path && done)
		rc = file ? berth_cli_save(path, file) : berth_fail(BERTH_E_USAGE, "--out needs --to: nobody has bought it yet");
	else if (path)
		rc = berth_fail(BERTH_E_UNAVAILABLE, "%s has not answered yet; it is %s, and the same command again writes %s",
				device, is ? is : "on its way", path);
	if (!rc && json)
		return berth_cli_print(c, v);
	if (!rc)
		rc = path ? berth_cli_say("%s of %s is in %s", what, device, path) : berth_cli_say("%s is %s", device, is ? is : "?");
	berth_json_free(v);
	return rc;
}

enum berth_err berth_cli_transfer(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object(), *v;
	enum berth_err rc;

	if ((rc = berth_cli_set_option(c, body, "--to", "to")) || (rc = set_carried(c, body)) ||
	    (berth_cli_has(c, "--cancel") && (rc = berth_json_set_bool(body, "cancel", true)))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = ask_until(c, "/transfer", body, berth_cli_has(c, "--cancel") ? "ACTIVE" : "TRANSFERRED", &v)))
		return rc;
	return finish(c, v, "TRANSFERRED", berth_json_get(v, "chain"), "the chain");
}

enum berth_err berth_cli_retire(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object(), *v;
	enum berth_err rc;

	if ((rc = set_carried(c, body)) ||
	    (berth_cli_has(c, "--clear-tpm") && (rc = berth_json_set_bool(body, "clearTpm", true)))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = ask_until(c, "/retire", body, "RETIRED", &v)))
		return rc;
	return finish(c, v, "RETIRED", berth_json_get(v, "receipt") ? v : NULL, "the tombstone");
}

/* ---- the other side ---- */

static enum berth_err consent(struct berth_cli *c)
{
	bool yes = !berth_cli_has(c, "--refuse");
	struct berth_json *body = berth_json_new_object(), *v;
	enum berth_err rc;

	if ((rc = berth_json_set_bool(body, "consent", yes))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_cli_call(c, "/v1/release-consent", body, &v)))
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	berth_json_free(v);
	return berth_cli_say(yes ? "the owner may let this device go" : "this device stays with its owner");
}

static const struct berth_cli_cmd consent_cmds[] = {
	{ "", 0, 0, consent },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_consent = { "consent", consent_cmds };
