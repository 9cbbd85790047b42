/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include <string.h>

#include "did/base/clock.h"

static const char *const common[] = {
	"--socket PATH  ",	/* the daemon's; commands that need none take it too */
	"--pretty  ",
	"--json  ",
	"--help  ",
};

static size_t name_len(const char *opt) { return strcspn(opt, " "); }
static size_t words_len(const char *opt) { return (size_t)(strstr(opt, "  ") - opt); }
static bool has_value(const char *opt) { return name_len(opt) != words_len(opt); }
static bool is(const char *opt, const char *name, size_t n) { return name_len(opt) == n && !memcmp(opt, name, n); }

static bool is_repeatable(const char *opt)
{
	return words_len(opt) > 3 && !memcmp(opt + words_len(opt) - 3, "...", 3);
}

static const char *lookup(const struct berth_cli *c, const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (is(common[i], name, n))
			return common[i];
	return berth_cli_help_option(c->group, c->cmd, name, n);
}

static bool was_given(const struct berth_cli *c, const char *opt)
{
	for (size_t i = 0; i < c->n_values; i++)
		if (is(c->values[i].opt, opt, name_len(opt)))
			return true;
	return false;
}

static enum berth_err add_value(struct berth_cli *c, const char *opt, const char *value)
{
	const int n = (int)name_len(opt);

	if (has_value(opt) && !is_repeatable(opt) && was_given(c, opt))
		return berth_fail(BERTH_E_USAGE, "%.*s: given twice", n, opt);
	if (c->n_values == BERTH_CLI_VALUES_MAX)
		return berth_fail(BERTH_E_USAGE, "%.*s: too many options", n, opt);
	c->values[c->n_values].opt = opt;
	c->values[c->n_values++].value = value;
	return BERTH_OK;
}

/* word is "--name", "--name=value", or "--name" with the value in the next word;
 * *used: whether that was taken. */
static enum berth_err option(struct berth_cli *c, const char *word, const char *next, bool *used)
{
	size_t n = strcspn(word, "=");
	const char *o = lookup(c, word, n);
	const char *value = word[n] ? word + n + 1 : next;

	*used = false;
	if (!o)
		return berth_fail(BERTH_E_USAGE, "unknown option %.*s (see berth %s --help)", (int)n, word, c->group->name);
	if (!has_value(o)) {
		if (word[n])
			return berth_fail(BERTH_E_USAGE, "%.*s takes no value", (int)n, word);
		return add_value(c, o, "");
	}
	if (!value)
		return berth_fail(BERTH_E_USAGE, "%.*s: %.*s is missing", (int)n, word, (int)name_len(o + n + 1), o + n + 1);
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
		if (is(c->values[k].opt, name, strlen(name)) && !i--)
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
