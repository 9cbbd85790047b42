/* SPDX-License-Identifier: Apache-2.0 */
/* What was given to peers that send no acks, and what is confirmed in order on a socket: it has
 * arrived when its link says so, and is given again if that breaks before. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"

static void forget_given(struct berth_agent *a, size_t i)
{
	free(a->given[i].peer);
	memmove(&a->given[i], &a->given[i + 1], (--a->n_given - i) * sizeof(a->given[0]));
}

void agent_given_note(struct berth_agent *a, uint64_t request, const char *peer, const uint8_t ack[BERTH_ACK_LEN])
{
	struct given g = { .request = request, .peer = strdup(peer) };

	if (!g.peer)
		return;		/* it is given again when its time has come */
	memcpy(g.ack, ack, BERTH_ACK_LEN);
	if (a->n_given == GIVEN_MAX)
		forget_given(a, 0);
	a->given[a->n_given++] = g;
}

static size_t given_in(const struct berth_agent *a, uint64_t request)
{
	size_t i = 0;

	while (i < a->n_given && a->given[i].request != request)
		i++;
	return i;
}

void berth_agent_on_sent(struct berth_agent *a, uint64_t request)
{
	size_t i = given_in(a, request);
	bool found;

	if (i < a->n_given && !a->given[i].peer[0]) {	/* it was in no outbox */
		forget_given(a, i);
		return;
	}
	if (i == a->n_given)
		return;
	berth_agent_batch_begin(a);
	a->moved--;	/* room for confirmations is everybody's */
	if (!berth_store_begin_plain(a->cfg.store) &&
	    (berth_store_outbox_ack(a->cfg.store, a->given[i].peer, a->given[i].ack, &found) ||
	     berth_store_commit_loose(a->cfg.store)))
		berth_store_rollback(a->cfg.store);
	forget_given(a, i);
	berth_agent_batch_end(a);	/* the next one may go */
}

void agent_given_free(struct berth_agent *a)
{
	while (a->n_given)
		forget_given(a, 0);
}

void agent_given_gone(struct berth_agent *a, uint64_t request)
{
	size_t i;

	while ((i = given_in(a, request)) < a->n_given)
		forget_given(a, i);
}
