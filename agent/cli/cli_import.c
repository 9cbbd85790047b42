/* SPDX-License-Identifier: Apache-2.0 */
/* `berth devices import`: chains of devices that were bought, and receipts that devices
 * signed for whoever had them before. */
#include "agent/cli/cli_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "did/jose/jws.h"
#include "did/url.h"

#define RECEIPT_MAX ((size_t)24 << 10)
#define BAR 30

/* A device's DID as a token says it, unbelieved: the daemon verifies. */
static enum berth_err
device_of(const char *token, size_t n, const char *object, const char *member, struct berth_buf *did)
{
	struct berth_jws j = { .header = NULL };
	struct berth_json *payload = NULL;
	const struct berth_json *from;
	const char *text;
	enum berth_err rc;

	if ((rc = berth_jws_parse(&j, token, n, RECEIPT_MAX)) ||
	    (rc = berth_json_parse_object(&payload, berth_buf_cstr(&j.payload), j.payload.len, RECEIPT_MAX)))
		goto out;
	from = object ? berth_json_get(payload, object) : payload;
	if (!(rc = berth_json_req_str(from, member, BERTH_DID_URL_MAX, &text)))
		rc = berth_did_short(did, text);
out:
	berth_json_free(payload);
	berth_jws_free(&j);
	return rc;
}

struct receipt { struct berth_buf token, device; bool used; };

static void receipts_free(struct receipt *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		berth_buf_free(&r[i].token);
		berth_buf_free(&r[i].device);
	}
	free(r);
}

static enum berth_err read_receipts(const struct berth_cli *c, struct receipt **out, size_t *n)
{
	struct receipt *r = calloc(BERTH_CLI_VALUES_MAX, sizeof(*r));
	const char *file;
	enum berth_err rc = r ? BERTH_OK : berth_no_memory();

	*n = 0;
	while (!rc && (file = berth_cli_nth(c, "--receipt", *n))) {
		struct receipt *one = &r[(*n)++];

		if (!(rc = berth_cli_read_token(&one->token, file, RECEIPT_MAX)))
			rc = device_of(berth_buf_cstr(&one->token), one->token.len, NULL, "iss", &one->device);
	}
	*out = r;
	return rc;
}

/* The receipt of the chain's device goes with it. */
static enum berth_err
add_receipt(struct berth_json *body, const struct berth_json *chain, const char *file, struct receipt *r, size_t n)
{
	const char *dc = berth_json_str(berth_json_get(chain, "deviceCredential")), *mine = NULL;
	struct berth_buf device = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;

	if (n && dc)
		rc = device_of(dc, strlen(dc), "credentialSubject", "id", &device);
	for (size_t i = 0; !rc && device.len && i < n; i++) {
		if (strcmp(berth_buf_cstr(&device), berth_buf_cstr(&r[i].device)) != 0)
			continue;
		if (mine)
			rc = berth_fail(BERTH_E_USAGE, "%s: two receipts of this device", file);
		mine = berth_buf_cstr(&r[i].token);
		r[i].used = true;
	}
	if (!rc && mine)
		rc = berth_json_set_str(body, "receipt", mine);
	berth_buf_free(&device);
	return rc;
}

/* What is sent for a chain, behind the others. */
static enum berth_err push_body(struct berth_json *bodies, const struct berth_json *chain, const char *file,
				struct receipt *r, size_t n)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set(body, "chain", berth_json_clone(chain))) || (rc = add_receipt(body, chain, file, r, n))) {
		berth_json_free(body);
		return rc;
	}
	return berth_json_push(bodies, body);
}

/* A chain, or a batch of them. */
static enum berth_err push_file(struct berth_json *bodies, const char *path, struct receipt *r, size_t n)
{
	struct berth_json *file;
	enum berth_err rc = berth_cli_read_json(&file, path, BERTH_CLI_BATCH_MAX);

	if (rc)
		return rc;
	if (!berth_cli_is_batch(file)) {
		rc = push_body(bodies, file, path, r, n);
	} else if (!(rc = berth_cli_batch_check(file))) {
		berth_json_each(chain, berth_json_get(file, "chains"))
			if (!rc)
				rc = push_body(bodies, chain, path, r, n);
	}
	berth_json_free(file);
	return rc;
}

/* All files are read, and every receipt has its chain, before anything is sent. */
static enum berth_err read_all(const struct berth_cli *c, struct berth_json *bodies)
{
	struct receipt *r = NULL;
	size_t n;
	enum berth_err rc = read_receipts(c, &r, &n);

	for (size_t i = 0; !rc && i < c->n_args; i++)
		rc = push_file(bodies, c->args[i], r, n);
	for (size_t i = 0; !rc && i < n; i++)
		if (!r[i].used)
			rc = berth_fail(BERTH_E_HOLDER, "%s: the receipt of a device that is not imported here",
					berth_cli_nth(c, "--receipt", i));
	receipts_free(r, n);
	return rc;
}

void berth_cli_progress(size_t done, size_t all)
{
	static const char bar[BAR + 1] = "##############################";

	if (all < 2 || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r[%-*.*s] %zu/%zu%s", BAR, (int)(BAR * done / all), bar, done, all, done == all ? "\n" : "");
}

static enum berth_err send_all(struct berth_cli *c, const struct berth_json *bodies, struct berth_json *answers)
{
	size_t done = 0, all = berth_json_len(bodies);
	struct berth_json *v;
	enum berth_err rc = BERTH_OK;

	berth_json_each(body, bodies) {
		berth_cli_progress(done++, all);
		if ((rc = berth_cli_call(c, "/v1/devices/import", berth_json_clone(body), &v)) ||
		    (rc = berth_json_push(answers, v)))
			break;
	}
	if (rc && all > 1 && isatty(STDERR_FILENO))
		fputc('\n', stderr);
	if (!rc)
		berth_cli_progress(all, all);
	return rc;
}

/* A device that somebody else has is imported all the same, and said to be so. */
static enum berth_err say(const struct berth_json *answers)
{
	enum berth_err rc = berth_cli_say("imported: %zu", berth_json_len(answers));

	berth_json_each(v, answers) {
		const char *taken = berth_json_str(berth_json_get(v, "taken"));
		const char *owner = berth_json_str(berth_json_get(berth_json_get(v, "takenProof"), "owner"));

		if (!rc && taken && owner)
			rc = berth_cli_say("%s: %s (its receipt is for %s)", berth_json_str(berth_json_get(v, "serial")),
					   taken, owner);
	}
	return rc;
}

enum berth_err berth_cli_import(struct berth_cli *c)
{
	struct berth_json *bodies = berth_json_new_array(), *answers = berth_json_new_array();
	enum berth_err rc = bodies && answers ? BERTH_OK : berth_no_memory();

	if (!rc && !(rc = read_all(c, bodies)) && !(rc = send_all(c, bodies, answers))) {
		if (berth_cli_json_wanted(c)) {
			rc = berth_cli_print(c, answers);
			answers = NULL;
		} else {
			rc = say(answers);
		}
	}
	berth_json_free(bodies);
	berth_json_free(answers);
	return rc;
}
