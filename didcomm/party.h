/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_PARTY_H
#define BERTH_DIDCOMM_PARTY_H

#include "berth/err.h"
#include "did/document.h"
#include "didcomm/jwe.h"
#include "didcomm/pack.h"

/* Who speaks to whom with which keys when a message is packed; pack.c's. */
struct berth_pack_parties {
	char *from, *to;		/* owned DIDs; NULL: nobody is named */
	char *skid;			/* owned; authcrypt only */
	struct berth_did_doc *doc;	/* of `to`; owned; encryption only */
	const struct berth_vm *keys[BERTH_JWE_RECIPIENTS_MAX];	/* in doc, all of one curve */
	size_t n;
};

/* Checks the message against the request (E_ADDR) and chooses the keys. */
BERTH_MUST_USE enum berth_err
berth_pack_parties_find(struct berth_pack_parties *who, const struct berth_pack *p,
			const struct berth_message *msg);
void berth_pack_parties_free(struct berth_pack_parties *who);

/* The recipients as the JWE wants them; borrowed from who. */
void berth_pack_recipients(struct berth_jwe_seal *s, const struct berth_pack_parties *who);

#endif
