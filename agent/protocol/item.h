/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_ITEM_H
#define BERTH_AGENT_PROTOCOL_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/protocol/protocol.h"
#include "berth/err.h"
#include "did/base/buf.h"

/* What a provisioned item is, and whether a device takes it.  Berth itself makes nothing of
 * the contents of most types: that is the business of applications and hooks. */
#define BERTH_ITEM_TYPES "network config file firmware-ref cloud lwm2m-security trust hook"
#define BERTH_ITEM_FIRMWARE "firmware-ref"

/* A version is one to eight numbers with points between them; what is missing is 0, so that
 * 1.2 and 1.2.0 are the same. */
#define BERTH_FIRMWARE_PARTS 8
struct berth_firmware_version {
	uint32_t part[BERTH_FIRMWARE_PARTS];
};
/* E_TYPE: not of that form. */
BERTH_MUST_USE enum berth_err berth_firmware_version_parse(struct berth_firmware_version *out, const char *text);
int berth_firmware_version_cmp(const struct berth_firmware_version *a, const struct berth_firmware_version *b);

/* The highest version that a hook has installed here, as text.  It outlives owners. */
#define BERTH_NS_FIRMWARE "firmware"
#define BERTH_FIRMWARE_HIGHEST "highest"

/* What a hook has made of an item: id -> {hook, sha256, result, code?, tries, nextS}. */
#define BERTH_NS_HOOK "hook"

/* How long a set of items may be on trial until it is confirmed, in seconds; and the name of the
 * application that confirms it. */
#define BERTH_CONFIRM_MIN_S 10
#define BERTH_CONFIRM_MAX_S 86400
#define BERTH_CONFIRM_BY_MAX 63

/* An item of that type and content may become active, and be given to a hook: E_TYPE for a type
 * that nobody knows.  A firmware reference is
 *	{"url", "sha256", "size", "version", "signature"?}
 * url https, sha256 base64url, signature a compact JWS over {sha256, size, version} of the
 * same values, by a key in assertionMethod of one of the policy's firmware signers: E_JSON,
 * E_TYPE, E_B64 for its form; E_REPLAY: not above the highest version, nor above the one that
 * [device] firmware says; and where there are signers E_SIG (none, or false), E_AUTHZ (by
 * somebody else, or for another firmware), and what resolving yields.  *version, unless NULL:
 * of a reference; owned. */
BERTH_MUST_USE enum berth_err
berth_item_check(struct berth_env *env, const char *type, const struct berth_buf *bytes, char **version);

#endif
