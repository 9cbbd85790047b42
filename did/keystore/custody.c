/* SPDX-License-Identifier: Apache-2.0 */
/* In a file of its own: the core names custody, and must not link a TPM for it. */
#include "did/keystore/keystore.h"

const char *berth_custody_name(enum berth_custody c)
{
	switch (c) {
	case BERTH_CUSTODY_SEALED: return "sealed";
	case BERTH_CUSTODY_HARDWARE: return "hardware";
	default: return "software";
	}
}
