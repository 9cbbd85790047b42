/* SPDX-License-Identifier: Apache-2.0 */
/* The session with a token: found by what the URI says, the same one for the life of
 * a store, logged in with a PIN that is read, used once and forgotten. */
#include <string.h>

#include "did/keystore/pin.h"
#include "did/keystore/pkcs11.h"

#define SLOTS_MAX 64

enum berth_err berth_pkcs11_rc(struct berth_pkcs11 *p, CK_RV rv, const char *what)
{
	p->last = rv;
	if (rv == CKR_OK)
		return BERTH_OK;
	p->lost = true;
	return berth_fail(BERTH_E_KEYSTORE, "token %s: %s: %s (0x%lx)", p->s.token, what, berth_pkcs11_rv_name(rv), rv);
}

enum berth_err berth_pkcs11_lies(struct berth_pkcs11 *p, const char *what)
{
	p->lost = true;
	return berth_fail(BERTH_E_KEYSTORE, "token %s: its module answers nonsense: %s", p->s.token, what);
}

bool berth_pkcs11_is_gone(CK_RV rv)
{
	switch (rv) {
	case CKR_DEVICE_ERROR:
	case CKR_DEVICE_MEMORY:
	case CKR_DEVICE_REMOVED:
	case CKR_SESSION_CLOSED:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_TOKEN_NOT_RECOGNIZED:
	case CKR_USER_NOT_LOGGED_IN:
	case CKR_CRYPTOKI_NOT_INITIALIZED:
		return true;
	default:
		return false;
	}
}

bool berth_pkcs11_has(const struct berth_pkcs11 *p, CK_MECHANISM_TYPE m)
{
	for (size_t i = 0; i < p->n_mechanisms; i++)
		if (p->mechanisms[i] == m)
			return true;
	return false;
}

void berth_pkcs11_disconnect(struct berth_pkcs11 *p)
{
	if (p->session != CK_INVALID_HANDLE)
		p->f->C_CloseSession(p->session);
	if (p->f)
		berth_pkcs11_module_down(p->m);
	for (size_t i = 0; i < p->s.n; i++) {
		p->s.key[i].handle = CK_INVALID_HANDLE;
		p->s.key[i].proved = false;
	}
	p->session = CK_INVALID_HANDLE;
	p->f = NULL;
	p->lost = false;
}

/* ---- which token ---- */

/* A field of a token's description: filled up with blanks, no NUL. */
static void unpad(char *out, const unsigned char *field, size_t n)
{
	while (n > 0 && field[n - 1] == ' ')
		n--;
	memcpy(out, field, n);
	out[n] = '\0';
	for (size_t i = 0; i < n; i++)	/* goes into messages */
		if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
			out[i] = '?';
}

static bool is_or_any(const char *want, const unsigned char *field, size_t n)
{
	char have[BERTH_PKCS11_LABEL_MAX + 1];

	unpad(have, field, n);
	return want[0] == '\0' || strcmp(want, have) == 0;
}

static bool matches(const struct berth_pkcs11 *p, CK_SLOT_ID slot, const CK_TOKEN_INFO *t)
{
	const struct berth_pkcs11_uri *u = &p->uri;

	return (t->flags & CKF_TOKEN_INITIALIZED) && (!u->has_slot || u->slot == slot) &&
	       is_or_any(u->token, t->label, sizeof(t->label)) &&
	       is_or_any(u->manufacturer, t->manufacturerID, sizeof(t->manufacturerID)) &&
	       is_or_any(u->model, t->model, sizeof(t->model)) &&
	       is_or_any(u->serial, t->serialNumber, sizeof(t->serialNumber)) &&
	       is_or_any(p->s.token, t->label, sizeof(t->label)) &&
	       is_or_any(p->s.serial, t->serialNumber, sizeof(t->serialNumber));
}

/* Slots come and go with what is plugged in: looked for every time. */
static enum berth_err find_token(struct berth_pkcs11 *p, CK_SLOT_ID *slot, CK_TOKEN_INFO *info)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX;
	CK_TOKEN_INFO t;
	unsigned found = 0;
	enum berth_err rc = berth_pkcs11_rc(p, p->f->C_GetSlotList(CK_TRUE, slots, &n), "list the slots");

	if (rc)
		return rc;
	if (n > SLOTS_MAX)
		return berth_pkcs11_lies(p, "slots");
	for (CK_ULONG i = 0; i < n; i++) {
		memset(&t, 0, sizeof(t));
		if (p->f->C_GetTokenInfo(slots[i], &t) != CKR_OK || !matches(p, slots[i], &t))
			continue;
		*slot = slots[i];
		*info = t;
		found++;
	}
	if (found == 1)
		return BERTH_OK;
	p->lost = true;
	return berth_fail(BERTH_E_KEYSTORE, "%s: %u of %lu tokens are the one that is meant (%s)", p->dir, found, n,
			  p->s.token[0] ? p->s.token : p->uri.token);
}

static enum berth_err list_mechanisms(struct berth_pkcs11 *p, CK_SLOT_ID slot)
{
	CK_ULONG n = BERTH_PKCS11_MECHANISMS_MAX;
	enum berth_err rc = berth_pkcs11_rc(p, p->f->C_GetMechanismList(slot, p->mechanisms, &n), "list mechanisms");

	p->n_mechanisms = 0;
	if (!rc && n > BERTH_PKCS11_MECHANISMS_MAX)
		rc = berth_pkcs11_lies(p, "mechanisms");
	if (!rc)
		p->n_mechanisms = n;
	return rc;
}

/* ---- the PIN ---- */

static bool is_refusal(CK_RV rv)
{
	return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_EXPIRED ||
	       rv == CKR_PIN_LOCKED;
}

static enum berth_err check_pin_state(struct berth_pkcs11 *p, CK_FLAGS flags)
{
	if (flags & CKF_USER_PIN_LOCKED)
		return berth_fail(BERTH_E_KEYSTORE, "token %s: its PIN is locked; its security officer can set a new one",
				  p->s.token);
	if (flags & CKF_USER_PIN_FINAL_TRY)
		return berth_fail(BERTH_E_KEYSTORE, "token %s: one more wrong PIN locks it, so none is tried; log in by "
				  "hand first", p->s.token);
	if (!(flags & CKF_USER_PIN_INITIALIZED))
		return berth_fail(BERTH_E_KEYSTORE, "token %s: has no user PIN yet", p->s.token);
	return BERTH_OK;
}

static enum berth_err log_in(struct berth_pkcs11 *p, CK_FLAGS flags)
{
	struct berth_secret *pin = NULL;
	enum berth_err rc;
	CK_RV rv;

	if (!(flags & CKF_LOGIN_REQUIRED))
		return BERTH_OK;
	if ((rc = check_pin_state(p, flags)) || (rc = berth_pin_read(&pin, p->uri.pin_source, p->tcti)))
		goto out;
	if (berth_pin_was_refused(p->file.dir, pin)) {
		rc = berth_fail(BERTH_E_KEYSTORE, "token %s: this PIN was refused before and is not tried again; if it has "
				"become the right one, delete %s/pin-refused", p->s.token, p->dir);
		goto out;
	}
	rv = p->f->C_Login(p->session, CKU_USER, pin->b, pin->len);
	if (is_refusal(rv))
		berth_pin_refused(p->file.dir, pin);
	/* another session of this process may have done it */
	rc = rv == CKR_USER_ALREADY_LOGGED_IN ? BERTH_OK : berth_pkcs11_rc(p, rv, "log in");
out:
	berth_secret_free(pin);
	return rc;
}

/* ---- the session ---- */

static enum berth_err initialize(struct berth_pkcs11 *p)
{
	enum berth_err rc;

	if (!p->m && (rc = berth_pkcs11_module_get(&p->m, p->uri.module_path)))
		return rc;
	if ((rc = berth_pkcs11_rc(p, berth_pkcs11_module_up(p->m), "initialize")))
		return rc;
	p->f = berth_pkcs11_module_functions(p->m);
	return BERTH_OK;
}

enum berth_err berth_pkcs11_serial(struct berth_pkcs11 *p, char out[BERTH_PKCS11_LABEL_MAX + 1])
{
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;
	enum berth_err rc;

	if (!(rc = initialize(p)) && !(rc = find_token(p, &slot, &info)))
		unpad(out, info.serialNumber, sizeof(info.serialNumber));
	berth_pkcs11_disconnect(p);
	return rc;
}

static enum berth_err open_session(struct berth_pkcs11 *p)
{
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot = 0;
	CK_SESSION_HANDLE h = CK_INVALID_HANDLE;
	enum berth_err rc;

	if ((rc = initialize(p)) || (rc = find_token(p, &slot, &info)) || (rc = list_mechanisms(p, slot)) ||
	    (rc = berth_pkcs11_rc(p, p->f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &h),
				  "open a session")))
		return rc;
	if (h == CK_INVALID_HANDLE)
		return berth_pkcs11_lies(p, "session");
	p->session = h;
	if (!p->s.token[0] && !p->s.serial[0]) {	/* a new store */
		unpad(p->s.token, info.label, sizeof(info.label));
		unpad(p->s.serial, info.serialNumber, sizeof(info.serialNumber));
	}
	return log_in(p, info.flags);
}

enum berth_err berth_pkcs11_begin(struct berth_pkcs11 *p)
{
	enum berth_err rc;

	if (p->lost)
		berth_pkcs11_disconnect(p);
	if (p->session != CK_INVALID_HANDLE)
		return BERTH_OK;
	if ((rc = open_session(p)))
		berth_pkcs11_disconnect(p);
	return rc;
}
