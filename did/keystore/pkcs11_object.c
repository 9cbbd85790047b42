/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in a token: found by what only we gave them, and read with suspicion. */
#include <string.h>

#include "did/base/cur.h"
#include "did/crypto/keypair.h"
#include "did/keystore/pkcs11.h"

#define DESTROY_MAX 16	/* a pair, and what an interrupted try left */
#define DER_OCTET_STRING 0x04
#define POINT_MAX (BERTH_PUBKEY_MAX + 3)

/* At most max handles of the objects that match. */
static enum berth_err search(struct berth_pkcs11 *p, CK_ATTRIBUTE *template, CK_ULONG n_template,
			     CK_OBJECT_HANDLE *out, CK_ULONG max, CK_ULONG *n)
{
	enum berth_err rc;

	*n = 0;
	if ((rc = berth_pkcs11_rc(p, p->f->C_FindObjectsInit(p->session, template, n_template), "look for an object")))
		return rc;
	if (!(rc = berth_pkcs11_rc(p, p->f->C_FindObjects(p->session, out, max, n), "look for an object")) && *n > max)
		rc = berth_pkcs11_lies(p, "objects");
	CK_RV rv = p->f->C_FindObjectsFinal(p->session);

	if (!rc)
		rc = berth_pkcs11_rc(p, rv, "look for an object");
	return rc;
}

enum berth_err berth_pkcs11_find_id(struct berth_pkcs11 *p, CK_OBJECT_CLASS class,
				    const uint8_t id[BERTH_PKCS11_OBJECT_ID_LEN], CK_OBJECT_HANDLE *out)
{
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_ID, (void *)(uintptr_t)id, BERTH_PKCS11_OBJECT_ID_LEN },
	};
	CK_OBJECT_HANDLE h[2];
	CK_ULONG n;
	enum berth_err rc = search(p, template, 2, h, 2, &n);

	*out = !rc && n == 1 ? h[0] : CK_INVALID_HANDLE;
	if (!rc && n > 1)
		rc = berth_fail(BERTH_E_KEYSTORE, "token %s: two objects with one id", p->s.token);
	return rc;
}

enum berth_err berth_pkcs11_label_taken(struct berth_pkcs11 *p, const char *label, bool *taken)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_LABEL, (void *)(uintptr_t)label, strlen(label) },
	};
	CK_OBJECT_HANDLE h;
	CK_ULONG n;
	enum berth_err rc = search(p, template, 2, &h, 1, &n);

	*taken = n > 0;
	return rc;
}

enum berth_err berth_pkcs11_destroy_id(struct berth_pkcs11 *p, const uint8_t id[BERTH_PKCS11_OBJECT_ID_LEN])
{
	CK_ATTRIBUTE template[] = { { CKA_ID, (void *)(uintptr_t)id, BERTH_PKCS11_OBJECT_ID_LEN } };
	CK_OBJECT_HANDLE h[DESTROY_MAX];
	CK_ULONG n;
	enum berth_err rc = search(p, template, 1, h, DESTROY_MAX, &n);

	for (CK_ULONG i = 0; !rc && i < n; i++) {
		CK_RV rv = p->f->C_DestroyObject(p->session, h[i]);

		/* the other half of a pair may go with the first */
		if (rv != CKR_OBJECT_HANDLE_INVALID)
			rc = berth_pkcs11_rc(p, rv, "delete an object");
	}
	if (!rc && n > 0 && !(rc = search(p, template, 1, h, 1, &n)) && n > 0)
		rc = berth_fail(BERTH_E_KEYSTORE, "token %s: a deleted object is still there", p->s.token);
	return rc;
}

enum berth_err berth_pkcs11_read_attr(struct berth_pkcs11 *p, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type,
				      uint8_t *out, size_t max, size_t *len, const char *what)
{
	CK_ATTRIBUTE a = { type, out, max };
	enum berth_err rc = berth_pkcs11_rc(p, p->f->C_GetAttributeValue(p->session, h, &a, 1), what);

	*len = 0;
	if (!rc && a.ulValueLen > max)
		rc = berth_pkcs11_lies(p, what);
	if (!rc)
		*len = a.ulValueLen;
	return rc;
}

static enum berth_err check_flag(struct berth_pkcs11 *p, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, bool want,
				 const char *name)
{
	CK_BBOOL value = !want;
	size_t n;
	enum berth_err rc = berth_pkcs11_read_attr(p, h, type, &value, sizeof(value), &n, "read how a key is guarded");

	if (!rc && (n != sizeof(value) || !value == want))
		rc = berth_fail(BERTH_E_KEYSTORE, "token %s: %s is not guarded: attribute 0x%lx is %d", p->s.token, name,
				type, value);
	return rc;
}

enum berth_err berth_pkcs11_check_guarded(struct berth_pkcs11 *p, CK_OBJECT_HANDLE h, const char *name)
{
	static const struct { CK_ATTRIBUTE_TYPE type; bool want; } flags[] = {
		{ CKA_PRIVATE, true }, { CKA_SENSITIVE, true }, { CKA_EXTRACTABLE, false },
		{ CKA_ALWAYS_SENSITIVE, true }, { CKA_NEVER_EXTRACTABLE, true }, { CKA_LOCAL, true },
	};
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < sizeof(flags) / sizeof(flags[0]); i++)
		rc = check_flag(p, h, flags[i].type, flags[i].want, name);
	return rc;
}

/* The standard has the point in a DER OCTET STRING; some tokens leave that away. */
static struct berth_cur unwrap_point(const uint8_t *b, size_t n, size_t plain)
{
	struct berth_cur c = berth_cur(b, n);
	size_t len;

	if (n == plain)
		return c;
	c.bad |= berth_cur_u8(&c) != DER_OCTET_STRING;
	len = berth_cur_u8(&c);
	if (len == 0x81)
		len = berth_cur_u8(&c);
	c.bad |= len != plain || c.n != plain;
	return c;
}

enum berth_err berth_pkcs11_read_point(struct berth_pkcs11 *p, CK_OBJECT_HANDLE h, enum berth_key_type type,
				       struct berth_pubkey *out)
{
	bool edwards = type == BERTH_KEY_ED25519 || type == BERTH_KEY_X25519;
	size_t plain = edwards ? berth_key_size(type) : 1 + 2 * berth_key_size(type), n;
	uint8_t b[POINT_MAX];
	enum berth_err rc = berth_pkcs11_read_attr(p, h, CKA_EC_POINT, b, sizeof(b), &n, "read a public key");

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	struct berth_cur point = unwrap_point(b, n, plain);

	if (point.bad || berth_pubkey_import(out, type, point.p, point.n) != BERTH_OK)
		return berth_fail(BERTH_E_KEYSTORE, "token %s: a public key that is no %s point", p->s.token,
				  berth_key_type_name(type));
	return BERTH_OK;
}
