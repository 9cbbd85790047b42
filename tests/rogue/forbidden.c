/* SPDX-License-Identifier: Apache-2.0 */
/* A keyd that somebody has taken over: asked for a counter for the fourth time, it
 * runs another program instead.  It never gets that far. */
#include <unistd.h>

#include "did/keystore/keystore.h"

enum berth_err __real_berth_keystore_counter_read(struct berth_keystore *ks, enum berth_counter c, uint64_t *value,
						  bool *protected_);
enum berth_err __wrap_berth_keystore_counter_read(struct berth_keystore *ks, enum berth_counter c, uint64_t *value,
						  bool *protected_);

enum berth_err __wrap_berth_keystore_counter_read(struct berth_keystore *ks, enum berth_counter c, uint64_t *value,
						  bool *protected_)
{
	static char name[] = "sleep", time[] = "1000", *argv[] = { name, time, NULL };
	static int asked;

	if (++asked == 4)
		execv("/bin/sleep", argv);
	return __real_berth_keystore_counter_read(ks, c, value, protected_);
}
