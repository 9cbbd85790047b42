/* SPDX-License-Identifier: Apache-2.0 */
/* help/GROUP.txt is what `berth GROUP --help` prints, and says which options there are.  All of
 * them are linked in as one gzip, an empty line before each. */
#include "agent/cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "did/codec/linked_text.h"

__asm__(".section .rodata\n"
	"berth_help_gz: .incbin \"agent/cli/help.gz\"\n"
	"berth_help_gz_end: .byte 0\n"
	".previous\n");
extern const uint8_t berth_help_gz[] __attribute__((visibility("hidden")));
extern const uint8_t berth_help_gz_end[] __attribute__((visibility("hidden")));

static char *text;	/* until the program ends */

enum berth_err berth_cli_help_load(void)
{
	size_t n;

	return berth_linked_text(&text, &n, berth_help_gz, berth_help_gz_end);
}

/* From "usage:" on; "" where nobody has written it. */
static const char *of(const struct berth_cli_group *g, const struct berth_cli_cmd *cmd)
{
	char usage[80];
	const char *at;

	snprintf(usage, sizeof(usage), "\nusage: berth %s%s%s [options]", g->name, *cmd->name ? " " : "", cmd->name);
	at = strstr(text, usage);
	return at ? at + 1 : "";
}

static size_t len(const char *block)
{
	const char *next = strstr(block, "\n\nusage: ");

	return next ? (size_t)(next + 1 - block) : strlen(block);
}

const char *berth_cli_help_option(const struct berth_cli_group *g, const struct berth_cli_cmd *cmd, const char *name, size_t n)
{
	const char *at = of(g, cmd), *end = at + len(at);

	while ((at = strstr(at, "\n  --")) && at < end) {
		at += strlen("\n  ");
		if (!strncmp(at, name, n) && at[n] == ' ')
			return at;
	}
	return NULL;
}

void berth_cli_help_cmd(const struct berth_cli_group *g, const struct berth_cli_cmd *cmd)
{
	const char *block = of(g, cmd);

	printf("%.*s", (int)len(block), block);
}

void berth_cli_help_group(const struct berth_cli_group *g)
{
	for (const struct berth_cli_cmd *cmd = g->cmds; cmd->run; cmd++) {
		if (cmd != g->cmds)
			printf("\n");
		berth_cli_help_cmd(g, cmd);
	}
}

/* The line of a command in the list of all of them: it says what the command does. */
static void summary(const struct berth_cli_group *g, const struct berth_cli_cmd *cmd)
{
	const char *says = strstr(of(g, cmd), "\n\n");

	if (says)
		printf("  %-11s %-13s %.*s\n", g->name, cmd->name, (int)strcspn(says + 2, "\n"), says + 2);
}

void berth_cli_help_all(const struct berth_cli_group *const *groups)
{
	printf("usage: berth COMMAND [options] [arguments]\n\ncommands:\n");
	for (; *groups; groups++)
		for (const struct berth_cli_cmd *cmd = (*groups)->cmds; cmd->run; cmd++)
			summary(*groups, cmd);
	printf("\n\"berth COMMAND --help\" shows its options and examples; \"berth --version\" the version.\n"
	       "Those from status on talk to berthd over its admin socket (--socket PATH).\n"
	       "A FILE that is - or left out is stdin.  Results are JSON (or one token) on stdout.\n"
	       "Exit status: 0 done, 1 refused, 2 wrong usage, 3 malformed input, 4 unavailable, 5 internal.\n"
	       "\nexamples:\n"
	       "  berth key generate --type ed25519 --pretty\n"
	       "  berth did resolve did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp\n"
	       "  berth didcomm unpack --secrets secrets.json --did-docs docs/ message.json\n");
}
