/* SPDX-License-Identifier: Apache-2.0 */
/* What people see: short aligned text. */
#include "agent/cli/cli_client.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 8
#define MEMBER_MAX 32

bool berth_cli_json_wanted(const struct berth_cli *c)
{
	return berth_cli_has(c, "--json") || berth_cli_has(c, "--pretty");
}

void berth_cli_put_clean(struct berth_buf *out, const char *text)
{
	for (const uint8_t *p = (const uint8_t *)text; *p; p++) {
		bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;

		berth_buf_u8(out, *p < 0x20 || *p == 0x7f || c1 ? '?' : *p);
		p += c1;
	}
}

enum berth_err berth_cli_flush(struct berth_buf *b)
{
	enum berth_err rc = berth_buf_status(b);

	if (!rc)
		rc = berth_cli_write(b->p, b->len);
	berth_buf_free(b);
	return rc;
}

enum berth_err berth_cli_say(const char *fmt, ...)
{
	struct berth_buf out = BERTH_BUF_INIT;
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	berth_cli_put_clean(&out, line);
	berth_buf_u8(&out, '\n');
	return berth_cli_flush(&out);
}

/* The value at "a.b"; NULL: none. */
static const struct berth_json *at_path(const struct berth_json *v, const char *path)
{
	char name[MEMBER_MAX];
	size_t n;

	for (; v && *path; path += n + (path[n] == '.')) {
		n = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		v = berth_json_get(v, name);
	}
	return v;
}

/* A did:peer:4 without the document that its long form carries. */
static void put_text(struct berth_buf *out, const char *text)
{
	static const char peer4[] = "did:peer:4";
	const char *doc = strncmp(text, peer4, sizeof(peer4) - 1) ? NULL : strchr(text + sizeof(peer4) - 1, ':');
	char did[128];

	if (!doc || (size_t)(doc - text) >= sizeof(did) || strcspn(text, " ") < strlen(text)) {
		berth_cli_put_clean(out, text);
		return;
	}
	snprintf(did, sizeof(did), "%.*s", (int)(doc - text), text);
	berth_cli_put_clean(out, did);
}

static void put_value(struct berth_buf *out, const struct berth_json *v)
{
	if (berth_json_str(v))
		put_text(out, berth_json_str(v));
	else if (berth_json_is(v, BERTH_JSON_NUMBER))
		berth_json_print_num(out, berth_json_num(v));
	else if (berth_json_is(v, BERTH_JSON_BOOL))
		berth_buf_str(out, berth_json_bool(v, false) ? "yes" : "no");
	else if (berth_json_is(v, BERTH_JSON_ARRAY))
		berth_json_each(item, v) {
			if (item != berth_json_first(v))
				berth_buf_str(out, "; ");
			put_value(out, item);
		}
}

static bool worth_a_line(const struct berth_json *v)
{
	return v && !berth_json_is(v, BERTH_JSON_NULL) && !(berth_json_is(v, BERTH_JSON_ARRAY) && !berth_json_len(v));
}

enum berth_err berth_cli_show_fields(const struct berth_json *v, const struct berth_cli_row *rows, size_t n)
{
	struct berth_buf out = BERTH_BUF_INIT;
	int width = 0;

	for (size_t i = 0; i < n; i++)
		if ((int)strlen(rows[i].title) > width)
			width = (int)strlen(rows[i].title);
	for (size_t i = 0; i < n; i++) {
		const struct berth_json *m = at_path(v, rows[i].member);

		if (!worth_a_line(m))
			continue;
		berth_buf_printf(&out, "%-*s  ", width, rows[i].title);
		put_value(&out, m);
		berth_buf_u8(&out, '\n');
	}
	return berth_cli_flush(&out);
}

static enum berth_err measure(const struct berth_json *list, const struct berth_cli_row *cols, size_t n, size_t *width)
{
	struct berth_buf cell = BERTH_BUF_INIT;

	for (size_t i = 0; i < n; i++)
		width[i] = strlen(cols[i].title);
	berth_json_each(v, list) {
		for (size_t i = 0; i < n; i++) {
			berth_buf_reset(&cell);
			put_value(&cell, at_path(v, cols[i].member));
			if (cell.len > width[i])
				width[i] = cell.len;
		}
	}
	enum berth_err rc = berth_buf_status(&cell);

	berth_buf_free(&cell);
	return rc;
}

static void put_cell(struct berth_buf *out, const struct berth_buf *cell, size_t width, bool last)
{
	berth_buf_put(out, cell->p, cell->len);
	for (size_t i = cell->len; !last && i < width + 2; i++)
		berth_buf_u8(out, ' ');
	if (last)
		berth_buf_u8(out, '\n');
}

enum berth_err berth_cli_show_table(const struct berth_json *list, const struct berth_cli_row *cols, size_t n,
				    const char *none)
{
	struct berth_buf out = BERTH_BUF_INIT, cell = BERTH_BUF_INIT;
	size_t width[COLUMNS_MAX];
	enum berth_err rc;

	if (n > COLUMNS_MAX)
		return berth_fail(BERTH_E_INTERNAL, "table of %zu columns", n);
	if (!berth_json_len(list))
		return berth_cli_say("%s", none);
	if ((rc = measure(list, cols, n, width)))
		return rc;
	for (size_t i = 0; i < n; i++) {
		berth_buf_reset(&cell);
		berth_buf_str(&cell, cols[i].title);
		put_cell(&out, &cell, width[i], i == n - 1);
	}
	berth_json_each(v, list) {
		for (size_t i = 0; i < n; i++) {
			berth_buf_reset(&cell);
			put_value(&cell, at_path(v, cols[i].member));
			put_cell(&out, &cell, width[i], i == n - 1);
		}
	}
	rc = berth_buf_status(&cell);
	berth_buf_free(&cell);
	if (rc) {
		berth_buf_free(&out);
		return rc;
	}
	return berth_cli_flush(&out);
}
