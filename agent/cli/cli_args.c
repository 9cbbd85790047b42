/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include <string.h>

#include "did/base/clock.h"

static const struct berth_cli_opt common[] = {
	{ "--socket", BERTH_CLI_ONE, "PATH", "the daemon's; commands that need none take it too" },
	{ "--pretty", BERTH_CLI_FLAG, NULL, "print JSON for people" },
	{ "--json", BERTH_CLI_FLAG, NULL, "print JSON for programs" },
	{ "--help", BERTH_CLI_FLAG, NULL, "this text" },
	{ NULL, 0, NULL, NULL },
};

static const struct berth_cli_opt *lookup(const struct berth_cli_opt *o, const char *name, size_t n)
{
	for (; o && o->name; o++)
		if (strlen(o->name) == n && !memcmp(o->name, name, n))
			return o;
	return NULL;
}

static enum berth_err add_value(struct berth_cli *c, const struct berth_cli_opt *o, const char *value)
{
	if (o->kind == BERTH_CLI_ONE && berth_cli_has(c, o->name))
		return berth_fail(BERTH_E_USAGE, "%s: given twice", o->name);
	if (c->n_values == BERTH_CLI_VALUES_MAX)
		return berth_fail(BERTH_E_USAGE, "%s: too many options", o->name);
	c->values[c->n_values].opt = o;
	c->values[c->n_values++].value = value;
	return BERTH_OK;
}

/* word is "--name", "--name=value", or "--name" with the value in the next word;
 * *used: whether that was taken. */
static enum berth_err option(struct berth_cli *c, const char *word, const char *next, bool *used)
{
	size_t n = strcspn(word, "=");
	const struct berth_cli_opt *o = lookup(c->cmd->opts, word, n);
	const char *value = word[n] ? word + n + 1 : next;

	*used = false;
	if (!o)
		o = lookup(common, word, n);
	if (!o)
		return berth_fail(BERTH_E_USAGE, "unknown option %.*s (see berth %s --help)", (int)n, word, c->group->name);
	if (o->kind == BERTH_CLI_FLAG) {
		if (word[n])
			return berth_fail(BERTH_E_USAGE, "%s takes no value", o->name);
		return add_value(c, o, "");
	}
	if (!value)
		return berth_fail(BERTH_E_USAGE, "%s: %s is missing", o->name, o->value);
	*used = !word[n];
	return add_value(c, o, value);
}

static enum berth_err argument(struct berth_cli *c, const char *word)
{
	if (c->n_args == c->cmd->max_args || c->n_args == BERTH_CLI_VALUES_MAX)
		return berth_fail(BERTH_E_USAGE, "unexpected argument %s", word);
	c->args[c->n_args++] = word;
	return BERTH_OK;
}

enum berth_err berth_cli_parse(struct berth_cli *c, int n, char **words)
{
	bool options = true, used;
	enum berth_err rc;

	for (int i = 0; i < n; i++) {
		if (options && !strcmp(words[i], "--")) {
			options = false;
			continue;
		}
		if (!options || words[i][0] != '-' || !words[i][1]) {
			rc = argument(c, words[i]);
		} else {
			rc = option(c, words[i], i + 1 < n ? words[i + 1] : NULL, &used);
			i += !rc && used;
		}
		if (rc)
			return rc;
	}
	return BERTH_OK;
}

const char *berth_cli_nth(const struct berth_cli *c, const char *name, size_t i)
{
	for (size_t k = 0; k < c->n_values; k++)
		if (!strcmp(c->values[k].opt->name, name) && !i--)
			return c->values[k].value;
	return NULL;
}

const char *berth_cli_get(const struct berth_cli *c, const char *name)
{
	return berth_cli_nth(c, name, 0);
}

bool berth_cli_has(const struct berth_cli *c, const char *name)
{
	return berth_cli_get(c, name) != NULL;
}

const char *berth_cli_arg(const struct berth_cli *c, size_t i)
{
	return i < c->n_args ? c->args[i] : NULL;
}

enum berth_err berth_cli_need(const struct berth_cli *c, const char *name, const char **out)
{
	*out = berth_cli_get(c, name);
	return *out ? BERTH_OK : berth_fail(BERTH_E_USAGE, "%s is needed", name);
}

enum berth_err berth_cli_now(const struct berth_cli *c, int64_t *out)
{
	const char *text = berth_cli_get(c, "--now");

	if (text)
		return berth_rfc3339_parse(out, text) ?
			berth_fail(BERTH_E_USAGE, "--now: not an RFC 3339 date-time") : BERTH_OK;
	*out = berth_clock_known_s();
	return BERTH_OK;
}
