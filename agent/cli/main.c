/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/ipc/proc.h"
#include "did/base/log.h"
#include "did/base/secret.h"
#include "did/crypto/settings.h"

static const struct berth_cli_group *const groups[] = {
	&berth_cli_jcs, &berth_cli_key, &berth_cli_did, &berth_cli_didcomm, &berth_cli_jws, &berth_cli_vc, &berth_cli_vp,
	&berth_cli_status_list, &berth_cli_query,
	&berth_cli_status, &berth_cli_identity, &berth_cli_onboard, &berth_cli_rotate, &berth_cli_invite, &berth_cli_provision,
	&berth_cli_devices, &berth_cli_credentials, &berth_cli_peers, &berth_cli_messages, &berth_cli_ping,
	&berth_cli_metrics, &berth_cli_watch, &berth_cli_backup, &berth_cli_restore, &berth_cli_audit, &berth_cli_connect, &berth_cli_disconnect, &berth_cli_discover, &berth_cli_consent,
	&berth_cli_ldevid,
	NULL,
};

/* Exactly one line, whatever the input has put into the text. */
static int complain(enum berth_err rc)
{
	char line[512];

	snprintf(line, sizeof(line), "berth: %s: %s", berth_err_name(rc), berth_err_detail());
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	fprintf(stderr, "%s\n", line);
	return berth_err_exit(rc);
}

static const struct berth_cli_group *find_group(const char *name)
{
	for (const struct berth_cli_group *const *g = groups; *g; g++)
		if (!strcmp((*g)->name, name))
			return *g;
	return NULL;
}

static enum berth_err unknown(const char *word, const char *sub)
{
	char name[64];

	snprintf(name, sizeof(name), "%.30s%s%.30s", word, sub ? " " : "", sub ? sub : "");
	return berth_fail(BERTH_E_USAGE, "unknown command %s (see berth %s%s--help)", name,
			  sub ? word : "", sub ? " " : "");
}

/* The command, and in *used how many words name it. */
static enum berth_err find_cmd(struct berth_cli *c, int n, char **words, int *used)
{
	*used = 1;
	c->group = find_group(words[0]);
	if (!c->group)
		return unknown(words[0], NULL);
	c->cmd = c->group->cmds;
	if (!*c->cmd->name) {	/* itself a command; the other words are further ones */
		for (const struct berth_cli_cmd *more = c->cmd + 1; n > 1 && more->run; more++)
			if (!strcmp(more->name, words[1])) {
				*used = 2;
				c->cmd = more;
				break;
			}
		return BERTH_OK;
	}
	if (n < 2)
		return berth_fail(BERTH_E_USAGE, "%s: which one? (see berth %s --help)", words[0], words[0]);
	*used = 2;
	for (; c->cmd->run; c->cmd++)
		if (!strcmp(c->cmd->name, words[1]))
			return BERTH_OK;
	return unknown(words[0], words[1]);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

/* How many words stand before the command: `berth --socket PATH --json status`. */
static int leading(int n, char **words)
{
	int i = 0;

	while (i < n && words[i][0] == '-' && strcmp(words[i], "-h") && strcmp(words[i], "--help"))
		i += strcmp(words[i], "--socket") ? 1 : 2;
	return i < n ? i : n;
}

static enum berth_err run(struct berth_cli *c, int n, char **words)
{
	int lead = leading(n, words), used;
	char **cmd = words + lead;
	enum berth_err rc;

	n -= lead;
	if (!n)
		return berth_fail(BERTH_E_USAGE, "no command (see berth --help)");
	if (n == 2 && is_help(cmd[1]) && find_group(cmd[0])) {
		berth_cli_help_group(find_group(cmd[0]));
		return BERTH_OK;
	}
	if ((rc = find_cmd(c, n, cmd, &used)) || (rc = berth_cli_parse(c, lead, words)) ||
	    (rc = berth_cli_parse(c, n - used, cmd + used)))
		return rc;
	if (berth_cli_has(c, "--help")) {
		berth_cli_help_cmd(c->group, c->cmd);
		return BERTH_OK;
	}
	if (c->n_args < c->cmd->min_args)
		return berth_fail(BERTH_E_USAGE, "%s %s: an argument is missing (see --help)", c->group->name, c->cmd->name);
	return c->cmd->run(c);
}

int main(int argc, char **argv)
{
	struct berth_cli c = { .n_args = 0 };
	enum berth_err rc;

	berth_proc_undumpable();	/* passphrases, keys and backups go through here */
	signal(SIGPIPE, SIG_IGN);
	berth_log_init("berth", BERTH_LOG_ERROR, false);
	berth_libcrypto_plain();
	berth_crypto_init();
	if ((rc = berth_cli_help_load()))
		return complain(rc);
	if (argc > 1 && is_help(argv[1])) {
		berth_cli_help_all(groups);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf("berth %s\n", BERTH_VERSION);
		return 0;
	}
	rc = run(&c, argc - 1, argv + 1);
	if (!rc && fflush(stdout))
		rc = berth_fail(BERTH_E_UNAVAILABLE, "stdout: cannot be written");
	return rc ? complain(rc) : 0;
}
