/* SPDX-License-Identifier: Apache-2.0 */
/* Requests over nng REQ/REP.  A link is a socket, its connection and both handshakes. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <unistd.h>

#include "examples/fleet/price_links.h"

static nng_socket askers[PRICE_ASKERS];
static char url[64];

static void answer(int port)
{
	nng_socket s;
	nng_msg *m;

	snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", port);
	price_need(!nng_rep0_open(&s) && !nng_listen(s, url, NULL, 0), "listen");
	while (nng_recvmsg(s, &m, 0) == 0)
		price_need(nng_sendmsg(s, m, 0) == 0, "answer");
}

static int dial(int i, int port)
{
	snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", port);
	price_need(!nng_req0_open(&askers[i]), "open");
	if (nng_dial(askers[i], url, NULL, 0) == 0)
		return 1;
	nng_close(askers[i]);
	return 0;
}

static void ask(int i, const char *body, size_t n)
{
	nng_msg *m;

	price_need(!nng_msg_alloc(&m, 0) && !nng_msg_append(m, body, n) && !nng_sendmsg(askers[i], m, 0), "ask");
}

static void hear(int i, size_t n)
{
	nng_msg *m;

	price_need(!nng_recvmsg(askers[i], &m, 0) && nng_msg_len(m) == n, "an answer");
	nng_msg_free(m);
}

static void hang_up(int i) { nng_close(askers[i]); }

const struct price_link price_nng = { "nng", answer, dial, ask, hear, hang_up };
