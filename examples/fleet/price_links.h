/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_EXAMPLES_FLEET_PRICE_LINKS_H
#define BERTH_EXAMPLES_FLEET_PRICE_LINKS_H

#include <stddef.h>

#include "examples/fleet/price.h"

#define PRICE_ASKERS 32		/* who ask at the same time, of one who answers */

struct price_link {
	const char *name;
	void (*answer)(int port);			/* gives back whatever comes; does not return */
	int (*dial)(int i, int port);			/* 0: nobody is there yet */
	void (*ask)(int i, const char *body, size_t n);
	void (*hear)(int i, size_t n);			/* the answer, as long */
	void (*hang_up)(int i);
};
extern const struct price_link price_nng, price_tcp;

#endif
