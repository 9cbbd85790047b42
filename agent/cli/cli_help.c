/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include <stdio.h>
#include <string.h>

static void synopsis(const struct berth_cli_group *g, const struct berth_cli_cmd *cmd)
{
	printf("berth %s", g->name);
	if (*cmd->name)
		printf(" %s", cmd->name);
	if (cmd->opts && *cmd->opts)
		printf(" [options]");
	if (*cmd->args)
		printf(" %s", cmd->args);
}

static void option(const char *opt)
{
	size_t n = strcspn(opt, "\t");

	printf("  %-26.*s %s\n", (int)n, opt, opt + n + 1);
}

void berth_cli_help_cmd(const struct berth_cli_group *g, const struct berth_cli_cmd *cmd)
{
	printf("usage: ");
	synopsis(g, cmd);
	printf("\n\n%s\n\noptions:\n", cmd->summary);
	for (const char *const *o = cmd->opts; o && *o; o++)
		option(*o);
	option("--pretty\tprint JSON for people");
	printf("\nexamples:\n%s", cmd->examples);
}

void berth_cli_help_group(const struct berth_cli_group *g)
{
	for (const struct berth_cli_cmd *cmd = g->cmds; cmd->run; cmd++) {
		if (cmd != g->cmds)
			printf("\n");
		berth_cli_help_cmd(g, cmd);
	}
}

void berth_cli_help_all(const struct berth_cli_group *const *groups)
{
	printf("usage: berth COMMAND [options] [arguments]\n\ncommands:\n");
	for (; *groups; groups++)
		for (const struct berth_cli_cmd *cmd = (*groups)->cmds; cmd->run; cmd++)
			printf("  %-11s %-13s %s\n", (*groups)->name, cmd->name, cmd->summary);
	printf("\n\"berth COMMAND --help\" shows its options and examples; \"berth --version\" the version.\n"
	       "Those from status on talk to berthd over its admin socket (--socket PATH).\n"
	       "A FILE that is - or left out is stdin.  Results are JSON (or one token) on stdout.\n"
	       "Exit status: 0 done, 1 refused, 2 wrong usage, 3 malformed input, 4 unavailable, 5 internal.\n"
	       "\nexamples:\n"
	       "  berth key generate --type ed25519 --pretty\n"
	       "  berth did resolve did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp\n"
	       "  berth didcomm unpack --secrets secrets.json --did-docs docs/ message.json\n");
}
