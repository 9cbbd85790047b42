/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_FACTORY_H
#define BERTH_AGENT_PROTOCOL_FACTORY_H

/* The factory's machine, in parts: factory.c (table, birth, first sale) and
 * factory_resolve.c (forks). */
#include "agent/protocol/onboarding.h"

berth_step_fn factory_resolve;

#endif
