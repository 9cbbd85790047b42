/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_MESSAGE_H
#define BERTH_DIDCOMM_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/resolver.h"

#define BERTH_MESSAGE_ID_MAX 128
#define BERTH_MESSAGE_TYPE_MAX 256
#define BERTH_MESSAGE_TO_MAX 64
#define BERTH_ATTACHMENTS_MAX 64
#define BERTH_SIGNATURES_MAX 4			/* of a signed message */
#define BERTH_MESSAGE_ACKS_MAX 64		/* ids in please_ack and ack */
#define BERTH_MESSAGE_LANGS_MAX 32
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
	const struct berth_json *please_ack;	/* array of ids, "" for this message, or NULL */
	const struct berth_json *ack;		/* array of ids, or NULL */
	const struct berth_json *accept_lang;	/* array of language tags, the best first, or NULL */
	const char *lang;			/* of what people read in the body */
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

/* The same with any JSON, taken over: "attachments"... */
BERTH_MUST_USE enum berth_err
berth_message_set_json(struct berth_message *m, const char *header, struct berth_json *take);
/* The same with an array of n strings: "please_ack", "ack", "accept-lang", "to". */
BERTH_MUST_USE enum berth_err
berth_message_set_list(struct berth_message *m, const char *header, const char *const *values, size_t n);
/* And with a time, "created_time" or "expires_time", in seconds since 1970. */
BERTH_MUST_USE enum berth_err berth_message_set_time(struct berth_message *m, const char *header, int64_t at_s);

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
/* data.jws is there; who made it, and over what, the next one says. */
bool berth_message_attachment_is_signed(const struct berth_message *m, const char *id);
/* Who signed that attachment (data.jws, detached), which need not be the sender: the kid
 * of the first signature, owned; all of them must be good and by authentication keys of
 * one DID.  E_TYPE: no such attachment, or nobody signed it; E_NETPOL: over links; else
 * as for a signed message. */
BERTH_MUST_USE enum berth_err
berth_message_attachment_signer(const struct berth_message *m, const char *id, struct berth_resolver *resolver, char **kid);

#endif
