/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_TPM_PROXY_H
#define BERTH_TESTS_FAKES_TPM_PROXY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Somebody on the bus between us and a swtpm: listens, breaks the line, changes
 * answers. */
struct tpm_proxy {
	char tcti[96];

	/* set at will while no command runs */
	int cut_at;		/* the line breaks at the n-th command from now; 0: never */
	bool cut_answer;	/* ... after the device has carried it out */
	uint32_t tamper_cc;	/* command code whose answers lose a bit ... */
	size_t tamper_from_end;	/* ... this far from their end */
	uint32_t inject_cc, inject_rc;	/* this command is answered with this code */

	unsigned commands;	/* that reached the device */
	uint8_t *log;		/* everything that went by, both ways */
	size_t log_len;

	char path[64], to[96];
	int listener;
	bool down;
	pthread_t thread;
};

void tpm_proxy_start(struct tpm_proxy *p, const char *swtpm_dir);
void tpm_proxy_heal(struct tpm_proxy *p);
bool tpm_proxy_heard(const struct tpm_proxy *p, const void *needle, size_t n);
void tpm_proxy_stop(struct tpm_proxy *p);

#endif
