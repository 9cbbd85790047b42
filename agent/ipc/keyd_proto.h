/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_KEYD_PROTO_H
#define BERTH_AGENT_IPC_KEYD_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/cur.h"
#include "did/crypto/x509_order.h"
#include "did/ethr_sign.h"
#include "did/jose/keyring.h"
#include "did/jose/proof.h"
#include "did/keystore/keystore.h"

/* What the core asks of berth-keyd, one IPC call each (agent/ipc/ipc.h), of which several may
 * be under way: they are answered in their order.  There is no "sign these bytes", and no
 * private key and no shared secret in any answer.
 *
 * The purposes that a key signs for are said when it is made and never change.  keyd
 * keeps them in the name under which the keystore holds the key, NAME.pXXXX
 * with the mask in hex: so they are made with the key in one step, are as durable
 * and as well guarded as the key, and need no file of their own.  Keys without
 * such a name were not made by keyd and do not exist for it. */
enum berth_keyd_op {
	/* op		   request				answer */
	BERTH_KEYD_HELLO = 1,	/* uri, the files, tcti, pcr_mask, create, ethr_registry, ethr_fee_max	custody; the first request */
	BERTH_KEYD_INFO,	/* name					info, purposes */
	BERTH_KEYD_LIST,	/*					be16 count, (info, purposes)... */
	BERTH_KEYD_ENSURE,	/* name, type, usage, purposes		info, purposes; other than before: E_KEYSTORE */
	BERTH_KEYD_DELETE,	/* name					 */
	BERTH_KEYD_SIGN,	/* name, kid, purpose, data: payload	a: header_b64, b: signature */
	BERTH_KEYD_SIGN_PROOF,	/* name, kid, proof			a: compact JWS */
	BERTH_KEYD_UNWRAP,	/* name, kek, data: wrapped		a: CEK */
	BERTH_KEYD_WRAP_1PU,	/* name, kek, data: CEK, extra: Ze	a: wrapped */
	BERTH_KEYD_SEAL,	/* label, epoch, data			a: box */
	BERTH_KEYD_UNSEAL,	/* label, epoch, data: box		a: plaintext */
	BERTH_KEYD_COUNTER_READ,	/* counter			value, protected */
	BERTH_KEYD_COUNTER_STEP,	/* counter			value */
	BERTH_KEYD_EK,		/*					a: certificate, b: public area */
	BERTH_KEYD_PUBLIC_AREA,	/* name					a */
	BERTH_KEYD_ACTIVATE,	/* name: AK, data: blob, extra: secret	a: what was opened */
	BERTH_KEYD_CERTIFY,	/* name, ak, nonce			a: attest, b: signature */
	BERTH_KEYD_QUOTE,	/* name: AK, pcr_mask, nonce		a: attest, b: signature */
	BERTH_KEYD_STATE,	/*					value: enum berth_keystore_state */
	BERTH_KEYD_CAN,		/* type, usage				value: 1, such a key can be made here */
	BERTH_KEYD_SIGN_ETHR,	/* name, ethr				a: transaction, b: its hash; of meta: signature, what was signed */
	BERTH_KEYD_CLEAR,	/*					 ; only a store without keys */
	BERTH_KEYD_SIGN_X509,	/* name, x509				a: request, certificate, list, or signature for TLS */
	BERTH_KEYD_PCRS,	/* pcr_mask				a: 32 bytes for each, the lowest first */
	BERTH_KEYD_ENSURE_ALL,	/* keys					(info, purposes)... of each; as ENSURE, in one write */
	BERTH_KEYD__END
};

#define BERTH_KEYD_NAME_MAX (BERTH_KEY_NAME_MAX - 10)	/* without .pXXXX to .pXXXXXXXX */
#define BERTH_KEYD_KID_MAX 8192				/* and DIDs */
#define BERTH_KEYD_LABEL_MAX 255
#define BERTH_KEYD_THID_MAX 255
#define BERTH_KEYD_CONFIG_MAX 1023			/* a URI, a path */
#define BERTH_KEYD_PLAIN_MAX ((size_t)1 << 20)		/* what SIGN and SEAL take */
#define BERTH_KEYD_DATA_MAX (BERTH_KEYD_PLAIN_MAX + 4096)	/* and their results: a box */
#define BERTH_KEYD_EXTRA_MAX 1024
#define BERTH_KEYD_PARTY_MAX 8192			/* apu, apv */
#define BERTH_KEYD_KEYS_MAX 4				/* of ENSURE_ALL: an identity's */
#define BERTH_KEYD_REGISTRIES_MAX 8			/* of did:ethr, that keys may write to */

struct berth_keyd_bytes {
	const uint8_t *p;
	size_t n;
};

/* The fields that an op's line above names; the others are zero.  Decoded text and
 * bytes are borrowed from the payload; an empty configuration text is NULL. */
struct berth_keyd_request {
	enum berth_keyd_op op;
	const char *name, *ak, *label, *kid;
	const char *uri, *passphrase_file, *tcti, *module_path, *pin_source;
	const char *module_dir[BERTH_MODULE_DIRS_MAX];	/* NULL behind the last */
	const char *ethr_registry[BERTH_KEYD_REGISTRIES_MAX];	/* CHAINID:0xADDRESS; NULL behind the last */
	uint64_t ethr_fee_max;		/* wei for one unit of gas */
	bool create;
	enum berth_key_type type;
	enum berth_usage usage;
	uint32_t purposes;		/* mask of BERTH_PURPOSE_BIT() */
	enum berth_purpose purpose;
	enum berth_counter counter;
	int64_t epoch;
	uint32_t pcr_mask;
	uint8_t nonce[32];
	struct berth_keyd_bytes data, extra;
	struct berth_proof proof;
	struct berth_kek_params kek;	/* decoded: its keys are the two below */
	struct berth_pubkey epk, peer;
	struct berth_ethr_order ethr;
	struct berth_x509_order x509;
	struct berth_key_order keys[BERTH_KEYD_KEYS_MAX];
	size_t n_keys;			/* 1 to BERTH_KEYD_KEYS_MAX */
};

void berth_keyd_encode(struct berth_buf *out, const struct berth_keyd_request *r);

/* E_TYPE: malformed, or an op that is not one; the connection is of no use any
 * more.  E_KEY: a point that is none; the request can be answered with that. */
BERTH_MUST_USE enum berth_err
berth_keyd_decode(struct berth_keyd_request *r, uint16_t op, const void *p, size_t n);

struct berth_keyd_reply {
	struct berth_keyd_bytes a, b;	/* decoded: borrowed from the payload */
	uint64_t value;
	uint32_t purposes;
	enum berth_custody custody;
	bool protected_;
	struct berth_key_info info;
};

void berth_keyd_reply_encode(struct berth_buf *out, enum berth_keyd_op op, const struct berth_keyd_reply *r);
BERTH_MUST_USE enum berth_err
berth_keyd_reply_decode(struct berth_keyd_reply *r, enum berth_keyd_op op, const void *p, size_t n);

/* One element of LIST's and ENSURE_ALL's answers. */
void berth_keyd_info_encode(struct berth_buf *out, const struct berth_key_info *info, uint32_t purposes);
BERTH_MUST_USE enum berth_err
berth_keyd_info_decode(struct berth_cur *c, struct berth_key_info *info, uint32_t *purposes);

#endif
