/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_RESOLVERD_PROTO_H
#define BERTH_AGENT_IPC_RESOLVERD_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* Calls of the core to resolverd; each is answered with the payload below, or with
 * E_PLUGIN.  Decoders borrow; malformed is E_TYPE.
 *   LOAD     path, config          -> name, methods
 *   RESOLVE  adapter, did, version, limits  -> status, message, document
 * Adapters are numbered from 0 in the order they were loaded. */
enum berth_res_op { BERTH_RES_LOAD = 1, BERTH_RES_RESOLVE };

#define BERTH_RES_PATH_MAX 1023
#define BERTH_RES_CONFIG_MAX ((size_t)64 << 10)
#define BERTH_RES_DID_MAX 8192
#define BERTH_RES_VERSION_MAX 512
#define BERTH_RES_TEXT_MAX 255
#define BERTH_RES_PARTS_MAX 8
#define BERTH_RES_DOC_MAX ((size_t)1 << 20)	/* the most that may be asked for */

struct berth_res_load {
	char path[BERTH_RES_PATH_MAX + 1];
	const char *config;		/* a JSON object; NUL-terminated in the payload */
};
void berth_res_load_encode(struct berth_buf *out, const struct berth_res_load *m);
BERTH_MUST_USE enum berth_err berth_res_load_decode(struct berth_res_load *m, const void *p, size_t n);

struct berth_res_loaded {
	char name[BERTH_RES_TEXT_MAX + 1];
	char methods[BERTH_RES_TEXT_MAX + 1];	/* space-separated, "*": any */
};
void berth_res_loaded_encode(struct berth_buf *out, const struct berth_res_loaded *m);
BERTH_MUST_USE enum berth_err berth_res_loaded_decode(struct berth_res_loaded *m, const void *p, size_t n);

struct berth_res_resolve {
	uint16_t adapter;
	char did[BERTH_RES_DID_MAX + 1];
	char version_id[BERTH_RES_VERSION_MAX + 1], version_time[BERTH_RES_VERSION_MAX + 1];	/* "": none */
	uint32_t deadline_ms, max_bytes;
};
void berth_res_resolve_encode(struct berth_buf *out, const struct berth_res_resolve *m);
BERTH_MUST_USE enum berth_err berth_res_resolve_decode(struct berth_res_resolve *m, const void *p, size_t n);

struct berth_res_answer {
	uint8_t status;			/* BERTH_REGISTRY_OK ... CONFLICT */
	char message[BERTH_RES_TEXT_MAX + 1];
	const uint8_t *doc;
	size_t doc_len;
};
void berth_res_answer_encode(struct berth_buf *out, const struct berth_res_answer *m);
BERTH_MUST_USE enum berth_err berth_res_answer_decode(struct berth_res_answer *m, const void *p, size_t n);

#endif
