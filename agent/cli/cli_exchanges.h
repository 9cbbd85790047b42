/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_CLI_EXCHANGES_H
#define BERTH_AGENT_CLI_CLI_EXCHANGES_H

#include "agent/cli/cli.h"

/* The words of `berth credentials` that are about exchanges; NULL ends them. */
struct berth_cli_word {
	const char *word;
	enum berth_err (*run)(struct berth_cli *c);
};
extern const struct berth_cli_word berth_cli_exchange_words[];

#endif
