/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_PKCS11_URI_H
#define BERTH_DID_KEYSTORE_PKCS11_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* RFC 7512, as much of it as names a token and one of our keys in it, and strictly:
 *
 *   pkcs11:token=T;manufacturer=M;model=M;serial=S;slot-id=N;object=NAME;id=ID;type=private
 *          ?module-path=PATH&pin-source=PATH&x-dir=DIR&x-module-dir=DIR
 *
 * all of them optional, each at most once, values percent-decoded, none empty.
 * An attribute of the path that we do not know would narrow what is meant, so it
 * is refused; in the query those with x- are left alone.  pin-value is refused:
 * a PIN does not belong in a URI.  pin-source is a file: URI or an absolute path;
 * x-dir is the folder of what we keep beside the token, x-module-dir one that the
 * module may write to besides. */
#define BERTH_PKCS11_LABEL_MAX 32	/* as PKCS #11 has them */
#define BERTH_PKCS11_MODEL_MAX 16
#define BERTH_PKCS11_ID_MAX 32
#define BERTH_PKCS11_PATH_MAX 1023
#define BERTH_PKCS11_OBJECT_MAX 63

struct berth_pkcs11_uri {
	char token[BERTH_PKCS11_LABEL_MAX + 1], manufacturer[BERTH_PKCS11_LABEL_MAX + 1];	/* "": any */
	char model[BERTH_PKCS11_MODEL_MAX + 1], serial[BERTH_PKCS11_MODEL_MAX + 1];
	bool has_slot;
	uint64_t slot;
	char object[BERTH_PKCS11_OBJECT_MAX + 1];	/* "": the whole store */
	uint8_t id[BERTH_PKCS11_ID_MAX];
	size_t id_len;
	char module_path[BERTH_PKCS11_PATH_MAX + 1], pin_source[BERTH_PKCS11_PATH_MAX + 1];	/* "": not said */
	char dir[BERTH_PKCS11_PATH_MAX + 1], module_dir[BERTH_PKCS11_PATH_MAX + 1];
};

/* s: what is behind "pkcs11:".  E_KEY, and out is zeroed. */
BERTH_MUST_USE enum berth_err berth_pkcs11_uri_parse(struct berth_pkcs11_uri *out, const char *s);
/* The one spelling of u with the object named; its id is left out. */
void berth_pkcs11_uri_format(struct berth_buf *out, const struct berth_pkcs11_uri *u, const char *object);

#endif
