/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/config_internal.h"
#include "did/base/chars.h"
#include "did/base/json.h"
#include "did/base/utf8.h"

struct parser {
	struct berth_config *c;
	const char *name;	/* of the file */
	int line;
	char where[2 * BERTH_CONFIG_NAME_MAX];	/* "[section name]" */
	bool in_section;
};

static enum berth_err fault(const struct parser *p, const char *key, const char *what)
{
	return berth_fail(BERTH_E_CONFIG, "%s:%d: %s%s%.64s: %s", p->name, p->line, p->where,
			  key[0] && p->where[0] ? " " : "", key, what);
}

static char *trim(char *s, size_t n)
{
	while (n && strchr(" \t\r", s[n - 1]))
		n--;
	s[n] = '\0';
	return s + strspn(s, " \t");
}

/* ---- sections */

static const struct berth_option *first_of(const char *section)
{
	for (size_t i = 0; i < berth_options_n; i++)
		if (!strcmp(berth_options[i].section, section))
			return &berth_options[i];
	return NULL;
}

static bool name_ok(const char *s)
{
	size_t n = berth_chars_span(s, BERTH_CHARS_NAME);

	return !s[n] && n > 0 && n <= BERTH_CONFIG_NAME_MAX;
}

static enum berth_err add_section(struct parser *p, const char *kind, const char *name)
{
	const struct berth_option *o = first_of(kind);
	struct berth_config *c = p->c;

	snprintf(p->where, sizeof(p->where), "[%.40s%s%.63s]", kind, name[0] ? " " : "", name);
	if (!o)
		return fault(p, "", "unknown section");
	if (name[0] && (o->kind == BERTH_SECTION_ONE || !name_ok(name)))
		return fault(p, "", o->kind == BERTH_SECTION_ONE ? "takes no name" : "bad name");
	if (!name[0] && o->kind == BERTH_SECTION_NAMED)
		return fault(p, "", "needs a name");
	for (size_t i = 0; i < c->n_sections; i++)
		if (c->sections[i].kind == o->section && !strcmp(c->sections[i].name, name))
			return fault(p, "", "section given twice");
	if (c->n_sections == BERTH_CONFIG_SECTIONS_MAX)
		return fault(p, "", "too many sections");
	c->sections[c->n_sections].kind = o->section;
	snprintf(c->sections[c->n_sections++].name, sizeof(c->sections[0].name), "%s", name);
	p->in_section = true;
	return BERTH_OK;
}

static enum berth_err on_section(struct parser *p, char *line)
{
	size_t n = strlen(line), kind_n;
	char *name;

	p->where[0] = '\0';
	if (line[n - 1] != ']' || n < 3)
		return fault(p, "", "not a [section]");
	line = trim(line + 1, n - 2);
	kind_n = strcspn(line, " \t");
	name = line + kind_n + strspn(line + kind_n, " \t");
	line[kind_n] = '\0';
	return add_section(p, line, name);
}

/* ---- options */

static const struct berth_option *option(const char *section, const char *key)
{
	const struct berth_option *any = NULL;

	for (size_t i = 0; i < berth_options_n; i++) {
		const struct berth_option *o = &berth_options[i];

		if (strcmp(o->section, section))
			continue;
		if (!strcmp(o->key, key) && o->type != BERTH_OPT_ANY)
			return o;
		if (o->type == BERTH_OPT_ANY && name_ok(key))
			any = o;
	}
	return any;
}

static enum berth_err add_value(struct parser *p, const struct berth_option *o, const char *key, char *text)
{
	struct berth_config *c = p->c;
	struct config_value *v = &c->values[c->n_values];
	const char *bad = config_fault(o, text);

	if (bad)
		return fault(p, key, bad);
	if (c->n_values == BERTH_CONFIG_VALUES_MAX)
		return fault(p, key, "too many values");
	*v = (struct config_value){ .opt = o, .section = c->n_sections - 1, .line = p->line };
	c->n_values++;
	if (!(v->text = strdup(text)) || (o->type == BERTH_OPT_ANY && !(v->key = strdup(key))))
		return berth_no_memory();
	return BERTH_OK;
}

static enum berth_err check_twice(const struct parser *p, const struct berth_option *o, const char *key)
{
	for (size_t i = 0; i < p->c->n_values; i++) {
		const struct config_value *v = &p->c->values[i];

		if (v->opt == o && v->section == p->c->n_sections - 1 && (!v->key || !strcmp(v->key, key)))
			return fault(p, key, "given twice");
	}
	return BERTH_OK;
}

static enum berth_err on_option(struct parser *p, char *line)
{
	char *eq = strchr(line, '='), *key, *text;
	const struct berth_option *o;
	enum berth_err rc = BERTH_OK;

	if (!eq)
		return fault(p, line, "not key = value");
	key = trim(line, (size_t)(eq - line));
	text = trim(eq + 1, strlen(eq + 1));
	if (!p->in_section)
		return fault(p, key, "stands before the first [section]");
	if (!(o = option(p->c->sections[p->c->n_sections - 1].kind, key)))
		return fault(p, key, "unknown option");
	if (!o->repeat && (rc = check_twice(p, o, key)))
		return rc;
	if (!config_is_list(o->type))
		return text[0] ? add_value(p, o, key, text) : BERTH_OK;
	for (char *save = NULL, *item = strtok_r(text, " \t,", &save); item && !rc;
	     item = strtok_r(NULL, " \t,", &save))
		if (o->repeat || !(rc = check_twice(p, o, key)))
			rc = add_value(p, o, key, item);
	return rc;
}

/* ---- the whole */

static enum berth_err on_line(struct parser *p, const char *text, size_t n)
{
	char line[BERTH_CONFIG_LINE_MAX + 1], *s;

	if (n > BERTH_CONFIG_LINE_MAX)
		return fault(p, "", "line too long");
	memcpy(line, text, n);
	line[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (((uint8_t)line[i] < 0x20 && line[i] != '\t' && line[i] != '\r') || line[i] == 0x7f)
			return fault(p, "", "control character");
	if (!berth_utf8_valid(line, n))
		return fault(p, "", "not UTF-8");
	s = trim(line, n);
	if (s[0] == '\0' || s[0] == '#')
		return BERTH_OK;
	return s[0] == '[' ? on_section(p, s) : on_option(p, s);
}

enum berth_err berth_config_parse(struct berth_config **out, const char *name, const char *text, size_t len)
{
	struct parser p = { .name = name };
	enum berth_err rc = BERTH_OK;

	*out = NULL;
	if (len > BERTH_CONFIG_MAX)
		return berth_fail(BERTH_E_CONFIG, "%s: larger than %zu bytes", name, BERTH_CONFIG_MAX);
	if (!(p.c = calloc(1, sizeof(*p.c))))
		return berth_no_memory();
	for (size_t at = 0; at < len && !rc;) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - text) - at : len - at;

		p.line++;
		rc = on_line(&p, text + at, n);
		at += n + 1;
	}
	if (rc)
		berth_config_free(p.c);
	else
		*out = p.c;
	return rc;
}

static enum berth_err read_all(int fd, const char *path, char *text, size_t *len)
{
	struct stat st;
	ssize_t n;

	*len = 0;
	if (fstat(fd, &st))
		return berth_fail(BERTH_E_CONFIG, "%s: %m", path);
	if (!S_ISREG(st.st_mode))
		return berth_fail(BERTH_E_CONFIG, "%s: not a file", path);
	if ((st.st_mode & 022) || (st.st_uid != 0 && st.st_uid != geteuid()))
		return berth_fail(BERTH_E_CONFIG, "%s: others may write it (mode %04o, uid %u)", path,
				  (unsigned)(st.st_mode & 07777), (unsigned)st.st_uid);
	while ((n = read(fd, text + *len, BERTH_CONFIG_MAX + 1 - *len)) > 0)
		*len += (size_t)n;
	return n < 0 ? berth_fail(BERTH_E_CONFIG, "%s: %m", path) : BERTH_OK;
}

enum berth_err berth_config_load(struct berth_config **out, const char *path)
{
	char *text = malloc(BERTH_CONFIG_MAX + 1);
	enum berth_err rc;
	size_t len;
	int fd;

	*out = NULL;
	if (!text)
		return berth_no_memory();
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		rc = berth_fail(BERTH_E_CONFIG, "%s: %m", path);
	else if (!(rc = read_all(fd, path, text, &len)))
		rc = berth_config_parse(out, path, text, len);
	if (fd >= 0)
		close(fd);
	free(text);
	return rc;
}

void berth_config_free(struct berth_config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_values; i++) {
		free(c->values[i].key);
		free(c->values[i].text);
	}
	free(c);
}

/* ---- asking */

const char *berth_config_section(const struct berth_config *c, const char *section, size_t i)
{
	for (size_t k = 0; k < c->n_sections; k++)
		if (!strcmp(c->sections[k].kind, section) && i-- == 0)
			return c->sections[k].name;
	return NULL;
}

const char *berth_config_item(const struct berth_config *c, const char *section, const char *name,
			      const char *key, size_t i)
{
	const struct berth_option *o = option(section, key);
	bool any = false;

	if (!o || o->type == BERTH_OPT_ANY)
		abort();
	for (size_t k = 0; k < c->n_values; k++) {
		const struct config_value *v = &c->values[k];

		if (v->opt != o || strcmp(c->sections[v->section].name, name ? name : ""))
			continue;
		any = true;
		if (i-- == 0)
			return v->text;
	}
	return any || !o->dflt[0] || i ? NULL : o->dflt;
}

const char *berth_config_str(const struct berth_config *c, const char *section, const char *name, const char *key)
{
	const char *v = berth_config_item(c, section, name, key, 0);

	return v ? v : "";
}

int64_t berth_config_int(const struct berth_config *c, const char *section, const char *name, const char *key)
{
	const struct berth_option *o = option(section, key);
	int64_t v = 0;
	bool ok = config_number(&v, berth_config_str(c, section, name, key), o && o->type == BERTH_OPT_TIME);

	if (!ok || !o || (o->type != BERTH_OPT_INT && o->type != BERTH_OPT_TIME))
		abort();
	return v;
}

bool berth_config_bool(const struct berth_config *c, const char *section, const char *name, const char *key)
{
	return !strcmp(berth_config_str(c, section, name, key), "yes");
}

bool berth_config_has(const struct berth_config *c, const char *section, const char *name, const char *key,
		      const char *word)
{
	const char *item;

	/* A default of several words is one item. */
	for (size_t i = 0; (item = berth_config_item(c, section, name, key, i)); i++)
		if (config_word_in(item, word, strlen(word)))
			return true;
	return false;
}

enum berth_err berth_config_adapter_json(const struct berth_config *c, const char *name, struct berth_buf *out)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc = o ? BERTH_OK : berth_no_memory();

	for (size_t i = 0; !rc && i < c->n_values; i++) {
		const struct config_value *v = &c->values[i];

		if (v->key && !strcmp(c->sections[v->section].name, name) &&
		    !strcmp(c->sections[v->section].kind, "adapter"))
			rc = berth_json_set_str(o, v->key, v->text);
	}
	if (!rc)
		rc = berth_json_print(out, o);
	berth_json_free(o);
	return rc;
}
