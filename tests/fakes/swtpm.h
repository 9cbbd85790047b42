/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_SWTPM_H
#define BERTH_TESTS_FAKES_SWTPM_H

#include <stdbool.h>

#include "berth/err.h"

/* A TPM 2.0 of one's own: swtpm on UNIX sockets, without a resource manager.
 * with_ek: its state comes from one that swtpm_setup gave an EK certificate,
 * made once per program; the CA's certificates are at ca_pem. */
struct test_swtpm {
	char dir[64];
	char tcti[96];		/* for a key URI or cfg.tcti */
	char ca_pem[96];
};

void test_swtpm_start(struct test_swtpm *t, bool with_ek);
void test_swtpm_kill(struct test_swtpm *t);	/* SIGKILL, as a power cut */
void test_swtpm_restart(struct test_swtpm *t);	/* with the state that is there */
void test_swtpm_clear(struct test_swtpm *t);	/* TPM2_Clear, as an owner would */
void test_swtpm_stop(struct test_swtpm *t);	/* and removes its folder */

/* Handles of one kind (0x80: transient, 0x81: persistent, 0x01: NV, 0x02 and
 * 0x03: sessions) that are in the device now. */
unsigned test_swtpm_handles(struct test_swtpm *t, unsigned kind);

/* Runs a shell command; a status other than 0 fails the test. */
void test_sh(const char *fmt, ...) BERTH_PRINTF(1, 2);

#endif
