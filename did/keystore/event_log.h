/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_EVENT_LOG_H
#define BERTH_DID_KEYSTORE_EVENT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/keystore/tpm2_pcr.h"

/* The log of a measured boot, as firmware wrote it and the kernel hands it out (TCG PC
 * Client Platform Firmware Profile, the crypto-agile form), its SHA-256 bank.  It comes
 * from a stranger: what is in it counts only when it amounts to PCRs that a TPM has
 * signed, and then only the digests do, not what the log says that they are of. */
#define BERTH_EVENT_LOG_MAX ((size_t)256 << 10)		/* bytes; a longer one is not sent */
#define BERTH_EVENT_BANKS_MAX 8

struct berth_log_event {
	uint32_t pcr, type;
	const uint8_t *digest;	/* 32 bytes, borrowed from the log */
};

/* Each event that a PCR was extended with, in order; what fn returns ends it.  E_TYPE: not
 * such a log, or more behind it; E_ALG: without SHA-256, the old form too; E_SIZE. */
typedef enum berth_err berth_log_event_fn(void *arg, const struct berth_log_event *e);
BERTH_MUST_USE enum berth_err
berth_event_log_each(const void *p, size_t n, berth_log_event_fn *fn, void *arg);

/* What the PCRs are that it tells of; the mask has those, and no others. */
BERTH_MUST_USE enum berth_err berth_event_log_replay(struct berth_pcr_values *out, const void *p, size_t n);

/* "EV_SEPARATOR"; "an event" for a type that is not known. */
const char *berth_event_type_name(uint32_t type);

#endif
