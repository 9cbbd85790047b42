/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_MEDIA_H
#define BERTH_DIDCOMM_MEDIA_H

#include <stdbool.h>

/* The media types of DIDComm v2.1 (message_structure).  All spellings that a
 * peer may use are understood here and nowhere else (C060). */
#define BERTH_MEDIA_PLAIN "application/didcomm-plain+json"
#define BERTH_MEDIA_SIGNED "application/didcomm-signed+json"
#define BERTH_MEDIA_ENCRYPTED "application/didcomm-encrypted+json"

enum berth_media {
	BERTH_MEDIA_IS_NONE, BERTH_MEDIA_IS_PLAIN, BERTH_MEDIA_IS_SIGNED, BERTH_MEDIA_IS_ENCRYPTED
};

/* A Content-Type or `typ` value: case is ignored, "application/" may be missing,
 * parameters are ignored.  Anything else, and NULL: NONE. */
enum berth_media berth_media_parse(const char *text);

/* For a transport's Content-Type: the same, and the DIDComm v1 name that some
 * agents still send v2 messages under (application/didcomm-envelope-enc). */
enum berth_media berth_media_parse_content_type(const char *text);

/* A Content-Type of DIDComm v1 (Aries RFC 0044 and before) that means nothing in v2. */
bool berth_media_is_v1(const char *text);

#endif
