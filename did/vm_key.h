/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_VM_KEY_H
#define BERTH_DID_VM_KEY_H

#include "berth/err.h"
#include "did/base/json.h"
#include "did/base/key.h"

/* The public key of a verification method: publicKeyJwk, publicKeyMultibase or
 * publicKeyBase58, as its type says.  A type or curve that we do not know leaves
 * BERTH_KEY_NONE and is no error.  E_KEY, E_B64: an invalid or private key, or
 * not the type's; E_DID: two of these members at once. */
BERTH_MUST_USE enum berth_err
berth_vm_key(struct berth_pubkey *out, const struct berth_json *vm, const char *type);

/* The member in which a method of that type holds a key of that type. */
enum berth_vm_material { BERTH_VM_NO_MATERIAL, BERTH_VM_MULTIBASE, BERTH_VM_BASE58, BERTH_VM_JWK };
enum berth_vm_material berth_vm_material(const char *type, enum berth_key_type key);

#endif /* BERTH_DID_VM_KEY_H */
