/* SPDX-License-Identifier: Apache-2.0 */
/* DIDComm as berth/didcomm.h has it, behind stdin and stdout, for those who ask often.
 * The first line is {"docs", "secrets"}.  Each other is a request: what to do as JSON, a
 * tab, a message.  The answer is a line, too: "OK" or the code of the error, a tab, and
 * the result or the text of the error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "berth/didcomm.h"
#include "did/base/json.h"

#define WORLD_MAX ((size_t)1 << 20)

static void or_die(enum berth_err rc)
{
	if (!rc)
		return;
	fprintf(stderr, "peer: %s: %s\n", berth_err_name(rc), berth_err_detail());
	exit(1);
}

static void print(struct berth_buf *out, const struct berth_json *v)
{
	berth_buf_free(out);
	or_die(berth_json_print(out, v));
}

static struct berth_didcomm *join(const char *line, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_didcomm *d;
	struct berth_json *world;

	or_die(berth_json_parse_object(&world, line, n, WORLD_MAX));
	or_die(berth_didcomm_new(&d));
	print(&text, berth_json_get(world, "secrets"));
	or_die(berth_didcomm_add_secrets(d, berth_buf_cstr(&text), text.len));
	berth_json_each(doc, berth_json_get(world, "docs")) {
		print(&text, doc);
		or_die(berth_didcomm_add_document(d, berth_buf_cstr(&text), text.len));
	}
	berth_buf_free(&text);
	berth_json_free(world);
	return d;
}

/* Without a mode it is to be unpacked. */
static enum berth_err
answer(struct berth_didcomm *d, const struct berth_json *q, const char *msg, size_t n, char **out)
{
	struct berth_didcomm_how how = {
		.size = sizeof(how),
		.mode = berth_json_str(berth_json_get(q, "mode")),
		.from = berth_json_str(berth_json_get(q, "from")),
		.to = berth_json_str(berth_json_get(q, "to")),
		.sign_by = berth_json_str(berth_json_get(q, "sign_by")),
		.enc = berth_json_str(berth_json_get(q, "enc")),
		.protect_sender = berth_json_bool(berth_json_get(q, "protect_sender"), false),
	};

	return how.mode ? berth_didcomm_pack(d, &how, msg, n, out) : berth_didcomm_unpack(d, msg, n, -1, out);
}

static void serve(struct berth_didcomm *d, const char *line, size_t n)
{
	const char *tab = memchr(line, '\t', n);
	struct berth_json *q;
	enum berth_err rc;
	char *out = NULL;

	if (!tab)
		exit(64);
	or_die(berth_json_parse_object(&q, line, (size_t)(tab - line), WORLD_MAX));
	rc = answer(d, q, tab + 1, (size_t)(line + n - tab - 1), &out);
	printf("%s\t%s\n", berth_err_name(rc), rc ? berth_err_detail() : out);
	fflush(stdout);
	berth_didcomm_string_free(out);
	berth_json_free(q);
}

int main(void)
{
	struct berth_didcomm *d = NULL;
	size_t room = 0;
	char *line = NULL;
	ssize_t n;

	while ((n = getline(&line, &room, stdin)) > 0 && line[n - 1] == '\n') {
		if (d)
			serve(d, line, (size_t)n - 1);
		else
			d = join(line, (size_t)n - 1);
	}
	free(line);
	berth_didcomm_free(d);
	return 0;
}
