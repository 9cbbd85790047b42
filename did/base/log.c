/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "did/base/clock.h"
#include "did/base/utf8.h"

#define LINE_MAX_BYTES 1024	/* with the newline: one write(), never torn in a pipe */

static const char *const level_names[] = { "error", "warn", "info", "debug" };

static struct {
	char process[32];	/* "": nobody has said anything */
	enum berth_log_level most;
	bool json;
} config;

struct line {
	char text[LINE_MAX_BYTES];
	size_t len, max;	/* max leaves room for what closes the line */
};

void berth_log_init(const char *process, enum berth_log_level most, bool json)
{
	snprintf(config.process, sizeof(config.process), "%s", process);
	config.most = most;
	config.json = json;
}

static bool put(struct line *l, const char *p, size_t n)
{
	if (n > l->max - l->len)
		return false;
	memcpy(l->text + l->len, p, n);
	l->len += n;
	return true;
}

static void put_str(struct line *l, const char *s) { put(l, s, strlen(s)); }

/* Anything that could move a terminal's cursor, start a new line or end a JSON
 * string is written as an escape; so is what is no UTF-8. */
static void put_escaped(struct line *l, const char *s)
{
	size_t left = strlen(s), step;
	char esc[8];
	uint32_t cp;
	bool fits;

	for (; left; s += step, left -= step) {
		step = berth_utf8_next(s, left, &cp);
		if (!step) {
			step = 1;
			cp = 0xfffd;
			fits = put(l, "\xef\xbf\xbd", 3);
		} else if (config.json && (cp == '"' || cp == '\\')) {
			esc[0] = '\\';
			esc[1] = *s;
			fits = put(l, esc, 2);
		} else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
			snprintf(esc, sizeof(esc), "\\u%04x", cp & 0xff);
			fits = put(l, esc, 6);
		} else {
			fits = put(l, s, step);
		}
		if (!fits)
			return;
	}
}

static void compose(struct line *l, enum berth_log_level level, const char *event, const char *text)
{
	char now[BERTH_RFC3339_LEN + 1];

	berth_rfc3339_format(now, berth_clock_now_s());
	put_str(l, config.json ? "{\"time\":\"" : "");
	put_str(l, now);
	put_str(l, config.json ? "\",\"level\":\"" : " ");
	put_str(l, level_names[level]);
	put_str(l, config.json ? "\",\"process\":\"" : " ");
	put_escaped(l, config.process[0] ? config.process : "berth");
	put_str(l, config.json ? "\",\"event\":\"" : " ");
	put_escaped(l, event);
	put_str(l, config.json ? "\",\"text\":\"" : ": ");
	put_escaped(l, text);
}

void berth_log(enum berth_log_level level, const char *event, const char *fmt, ...)
{
	struct line l = { .len = 0 };
	char text[LINE_MAX_BYTES];
	const char *end = config.json ? "\"}\n" : "\n";
	va_list ap;

	if (level > (config.process[0] ? config.most : BERTH_LOG_INFO))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l.max = sizeof(l.text) - strlen(end);
	compose(&l, level, event, text);
	l.max = sizeof(l.text);
	put_str(&l, end);
	if (write(STDERR_FILENO, l.text, l.len) < 0)
		return;		/* nowhere left to say so */
}

void berth_log_err(enum berth_log_level level, const char *event, enum berth_err code)
{
	berth_log(level, event, "%s: %s", berth_err_name(code), berth_err_detail());
}
