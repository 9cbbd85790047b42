/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_MESSAGE_H
#define BERTH_DIDCOMM_MESSAGE_H

#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"

#define BERTH_MESSAGE_ID_MAX 128
#define BERTH_MESSAGE_TYPE_MAX 256
#define BERTH_MESSAGE_TO_MAX 64
#define BERTH_ATTACHMENTS_MAX 64
#define BERTH_SIGNATURES_MAX 4			/* of a signed message */
#define BERTH_ACKS_MAX 64
#define BERTH_FROM_PRIOR_MAX ((size_t)64 << 10)	/* a JWT with long did:peer:4s */

/* A DIDComm v2 plaintext message (message_structure): all text is borrowed from
 * json, absent members are NULL or 0.  thid is never NULL after parsing: without
 * the header it is the id. */
struct berth_message {
	struct berth_json *json;		/* owned; as it came */
	struct berth_json *no_body;		/* owned: what body is when there is none */
	const char *id, *type, *from, *thid, *pthid;
	const struct berth_json *to;		/* array of DIDs, or NULL */
	int64_t created_time, expires_time;	/* 0: absent */
	const struct berth_json *body;		/* object; empty one if absent */
	const struct berth_json *attachments;	/* array, or NULL */
	const char *from_prior;			/* compact JWS */
	const char *return_route;		/* "none", "all", "thread" */
	const struct berth_json *please_ack, *ack;	/* arrays of ids, or NULL; "" in please_ack: this one */
};

/* Takes json over, also on failure.  E_TYPE for members that are missing or not
 * of their type (C009, C072: expires_time of 0 or before created_time), E_SIZE
 * for caps. */
BERTH_MUST_USE enum berth_err berth_message_from_json(struct berth_message *out, struct berth_json *json);
BERTH_MUST_USE enum berth_err berth_message_parse(struct berth_message *out, const char *p, size_t n);
void berth_message_free(struct berth_message *m);	/* wipes */

/* A new message of that type: id is a fresh UUID; from, to, thid may be NULL;
 * body is taken over, also on failure (NULL: {}). */
BERTH_MUST_USE enum berth_err
berth_message_new(struct berth_message *out, const char *type, const char *from, const char *to,
		  const char *thid, struct berth_json *body);

/* Sets a header of a message under construction: a string, checked like one that
 * came in.  "pthid", "from_prior", "return_route"... */
BERTH_MUST_USE enum berth_err
berth_message_set(struct berth_message *m, const char *header, const char *value);

/* The same with any JSON, taken over: "please_ack", "attachments", "created_time"... */
BERTH_MUST_USE enum berth_err
berth_message_set_json(struct berth_message *m, const char *header, struct berth_json *take);

/* Appends an attachment {id, media_type, data: {json} or {base64}}; node taken. */
BERTH_MUST_USE enum berth_err
berth_message_attach_json(struct berth_message *m, const char *id, struct berth_json *take);
BERTH_MUST_USE enum berth_err
berth_message_attach_bytes(struct berth_message *m, const char *id, const char *media_type,
			   const void *p, size_t n);
/* The bytes of the attachment of that id: json printed as JCS, base64 decoded.
 * data.hash, where present, is checked.  E_TYPE: no such attachment, or the hash
 * is another; E_NETPOL: only links, which nothing here follows. */
BERTH_MUST_USE enum berth_err
berth_message_attachment(const struct berth_message *m, const char *id, struct berth_buf *out);

#endif
