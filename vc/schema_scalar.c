/* SPDX-License-Identifier: Apache-2.0 */
/* Words of schemas about values that hold no others. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "did/base/clock.h"
#include "did/base/chars.h"
#include "did/base/utf8.h"
#include "vc/pattern.h"
#include "vc/schema_internal.h"

#define WORD(name) \
	enum berth_err name(struct schema_walk *w, const struct berth_json *word, const struct berth_json *schema, \
			    const struct berth_json *v, bool *valid)
#define UNUSED (void)w; (void)schema

/* ---- any ---- */

static bool is_type(const struct berth_json *v, const char *type)
{
	static const char *const names[] = {
		[BERTH_JSON_NULL] = "null", [BERTH_JSON_BOOL] = "boolean", [BERTH_JSON_NUMBER] = "number",
		[BERTH_JSON_STRING] = "string", [BERTH_JSON_ARRAY] = "array", [BERTH_JSON_OBJECT] = "object"
	};

	if (!strcmp(type, "integer"))
		return berth_json_is(v, BERTH_JSON_NUMBER) && berth_json_num(v) == trunc(berth_json_num(v));
	return !strcmp(type, names[berth_json_kind(v)]);
}

WORD(schema_type)
{
	UNUSED;
	if (berth_json_str(word))
		return is_type(v, berth_json_str(word)) ? BERTH_OK : schema_invalid(valid, "type", berth_json_str(word));
	berth_json_each(it, word)
		if (is_type(v, berth_json_str(it)))
			return BERTH_OK;
	return schema_invalid(valid, "type", "none of them");
}

WORD(schema_const)
{
	bool equal;
	enum berth_err rc = schema_equal(w, word, v, &equal);

	(void)schema;
	return rc || equal ? rc : schema_invalid(valid, "const", "another value");
}

WORD(schema_enum)
{
	bool equal = false;
	enum berth_err rc = BERTH_OK;

	(void)schema;
	for (const struct berth_json *it = berth_json_first(word); it && !rc && !equal; it = berth_json_next(it))
		rc = schema_equal(w, it, v, &equal);
	return rc || equal ? rc : schema_invalid(valid, "enum", "none of them");
}

/* ---- text ---- */

WORD(schema_pattern_word)
{
	const char *text = berth_json_str(v);
	bool found = true;
	enum berth_err rc;

	(void)schema;
	if (!text)
		return BERTH_OK;
	if ((rc = schema_pattern(w, berth_json_str(word), text, &found)))
		return rc;
	return found ? BERTH_OK : schema_invalid(valid, "pattern", berth_json_str(word));
}

static size_t characters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

WORD(schema_min_length)
{
	UNUSED;
	if (!berth_json_str(v) || (double)characters(berth_json_str(v)) >= berth_json_num(word))
		return BERTH_OK;
	return schema_invalid(valid, "minLength", "shorter");
}

WORD(schema_max_length)
{
	UNUSED;
	if (!berth_json_str(v) || (double)characters(berth_json_str(v)) <= berth_json_num(word))
		return BERTH_OK;
	return schema_invalid(valid, "maxLength", "longer");
}

static bool is_date_time(const char *s)
{
	int64_t t;

	return !berth_rfc3339_parse(&t, s);
}

/* With what is missing put to it, both are a date-time. */
static bool is_with(const char *before, const char *s, const char *behind)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%s%s%s", before, s, behind);

	return n > 0 && (size_t)n < sizeof(text) && is_date_time(text);
}

static bool is_date(const char *s)
{
	return strlen(s) == 10 && is_with("", s, "T00:00:00Z");
}

static bool is_time(const char *s)
{
	return is_with("2000-01-01T", s, "");
}

static bool is_email(const char *s)
{
	const char *at = strrchr(s, '@');

	return at && at != s && at[1] && !strpbrk(s, " \t\r\n") && !strchr("-.", at[1]) && s[0] != '.';
}

static bool is_uri_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f || strchr("\"<>\\^`{}|", *s))
			return false;
	return true;
}

static bool is_uri(const char *s)
{
	size_t n = berth_chars_span(s, BERTH_CHARS_SCHEME);

	return n > 0 && s[n] == ':' && berth_chars_span(s, BERTH_CHARS_LETTER) > 0 && is_uri_text(s);
}

static bool is_uuid(const char *s)
{
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (!s[i] || (dash ? s[i] != '-' : !strchr("0123456789abcdefABCDEF", s[i])))
			return false;
	}
	return s[36] == '\0';
}

WORD(schema_format)
{
	static const struct {
		const char *name;
		bool (*is)(const char *s);
	} formats[] = {
		{ "date", is_date }, { "date-time", is_date_time }, { "time", is_time }, { "email", is_email },
		{ "uri", is_uri }, { "uri-reference", is_uri_text }, { "uuid", is_uuid },
	};
	const char *name = berth_json_str(word);

	UNUSED;
	if (!berth_json_str(v))
		return BERTH_OK;
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!strcmp(name, formats[i].name))
			return formats[i].is(berth_json_str(v)) ? BERTH_OK : schema_invalid(valid, "format", name);
	return BERTH_OK;
}

/* ---- numbers ---- */

static bool is_number(const struct berth_json *v) { return berth_json_is(v, BERTH_JSON_NUMBER); }

/* Draft 4 says of minimum and maximum with a boolean whether they are excluded. */
static bool excludes(const struct berth_json *schema, const char *word)
{
	return berth_json_bool(berth_json_get(schema, word), false);
}

WORD(schema_minimum)
{
	double min = berth_json_num(word);

	(void)w;
	if (!is_number(v) || berth_json_num(v) > min ||
	    (berth_json_num(v) == min && !excludes(schema, "exclusiveMinimum")))
		return BERTH_OK;
	return schema_invalid(valid, "minimum", "less");
}

WORD(schema_maximum)
{
	double max = berth_json_num(word);

	(void)w;
	if (!is_number(v) || berth_json_num(v) < max ||
	    (berth_json_num(v) == max && !excludes(schema, "exclusiveMaximum")))
		return BERTH_OK;
	return schema_invalid(valid, "maximum", "more");
}

WORD(schema_above)
{
	UNUSED;
	if (!is_number(word) || !is_number(v) || berth_json_num(v) > berth_json_num(word))
		return BERTH_OK;
	return schema_invalid(valid, "exclusiveMinimum", "less");
}

WORD(schema_below)
{
	UNUSED;
	if (!is_number(word) || !is_number(v) || berth_json_num(v) < berth_json_num(word))
		return BERTH_OK;
	return schema_invalid(valid, "exclusiveMaximum", "more");
}

WORD(schema_multiple)
{
	double q;

	UNUSED;
	if (!is_number(v))
		return BERTH_OK;
	q = berth_json_num(v) / berth_json_num(word);
	return q == trunc(q) ? BERTH_OK : schema_invalid(valid, "multipleOf", "no multiple");
}
