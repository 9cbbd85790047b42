/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_EXAMPLES_FLEET_PRICE_H
#define BERTH_EXAMPLES_FLEET_PRICE_H

/* What libraries take for what an onboarding needs, without anything of ours: processor
 * time in microseconds.  Each prints members of a JSON object. */
#define PRICE_SMALL 256		/* two sizes of what has no fixed one */
#define PRICE_LARGE 16384
#define PRICE_ROUNDS 9		/* their median counts: a fleet gets the machine as it mostly is */

void price_need(int ok, const char *what);		/* or the process ends */
double price_thread_us(void);				/* the processor time of this thread */

void price_store(const char *dir);
struct price_link;
void price_links(const struct price_link *l, int port);

#endif
