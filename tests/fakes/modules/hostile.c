/* SPDX-License-Identifier: Apache-2.0 */
/* A PKCS #11 module that is SoftHSM with one fault: the word in $SOFTHSM2_CONF.fault,
 * looked at anew in every call; no such file: none.  "outside" writes
 * more/written and reads spy, beside the settings, and leaves in tokens/outcome what
 * errno it met each time.  What matters to the tests is
 * written to $SOFTHSM2_CONF.log, a letter each: I initialize, F finalize, O open and
 * C close a session, L log in, G make a pair, D destroy an object. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"

static CK_FUNCTION_LIST *real, mine;

static int open_beside(const char *suffix, int flags)
{
	const char *conf = getenv("SOFTHSM2_CONF");
	char path[512];

	snprintf(path, sizeof(path), "%s%s", conf ? conf : "", suffix);
	return open(path, flags | O_CLOEXEC, 0600);
}

static bool fault(const char *name)
{
	char word[32] = "";
	int fd = open_beside(".fault", O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, word, sizeof(word) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 && strcmp(word, name) == 0;
}

static void note(char c)
{
	int fd = open_beside(".log", O_WRONLY | O_CREAT | O_APPEND);

	if (fd >= 0 && write(fd, &c, 1) != 1)
		abort();
	if (fd >= 0)
		close(fd);
}

static void look_around(void);

static CK_RV initialize(void *args)
{
	note('I');
	if (fault("outside"))
		look_around();
	return fault("initialize") ? CKR_GENERAL_ERROR : real->C_Initialize(args);
}

static CK_RV finalize(void *args)
{
	note('F');
	return real->C_Finalize(args);
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n)
{
	CK_RV rv = real->C_GetSlotList(present, slots, n);

	if (fault("slots"))
		*n = 1000000;
	return fault("absent") ? CKR_TOKEN_NOT_PRESENT : rv;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV rv = real->C_GetTokenInfo(slot, info);

	if (fault("pin-final-try"))
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	if (fault("pin-locked"))
		info->flags |= CKF_USER_PIN_LOCKED;
	return rv;
}

static CK_RV get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *n)
{
	CK_RV rv = real->C_GetMechanismList(slot, list, n);

	for (CK_ULONG i = 0; list && fault("no-rsa") && i < *n; i++)
		if (list[i] == CKM_SHA256_RSA_PKCS)
			list[i] = CKM_SHA_1;
	if (fault("mechanisms"))
		*n = 1000000;
	return rv;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY fn, CK_SESSION_HANDLE *h)
{
	note('O');
	return real->C_OpenSession(slot, flags, app, fn, h);
}

static CK_RV close_session(CK_SESSION_HANDLE h)
{
	note('C');
	return real->C_CloseSession(h);
}

static CK_RV login(CK_SESSION_HANDLE h, CK_USER_TYPE who, CK_BYTE *pin, CK_ULONG n)
{
	note('L');
	return real->C_Login(h, who, pin, n);
}

static CK_RV find_objects(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE *out, CK_ULONG max, CK_ULONG *n)
{
	CK_RV rv = real->C_FindObjects(h, out, max, n);

	if (fault("objects"))
		*n = 1000000;
	if (fault("two-objects") && max > 1 && *n == 1)
		out[(*n)++] = out[0];
	return rv;
}

static void spoil(CK_ATTRIBUTE *a)
{
	CK_BYTE *v = a->pValue;

	if (a->type == CKA_EXTRACTABLE && fault("extractable"))
		v[0] = CK_TRUE;
	if (a->type == CKA_NEVER_EXTRACTABLE && fault("once-extractable"))
		v[0] = CK_FALSE;
	if (a->type == CKA_SENSITIVE && fault("not-sensitive"))
		v[0] = CK_FALSE;
	if (a->type == CKA_LOCAL && fault("imported"))
		v[0] = CK_FALSE;
	if (a->type == CKA_EC_POINT && fault("point"))
		v[a->ulValueLen - 1] ^= 1;
	if (a->type == CKA_EC_POINT && fault("point-length"))
		v[1]--;
	if (a->type == CKA_VALUE && fault("agreement"))
		v[0] ^= 1;
	if (a->type == CKA_VALUE && fault("agreement-short"))
		a->ulValueLen--;
	if (fault("attribute-long"))
		a->ulValueLen = 1000000;
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *a, CK_ULONG n)
{
	CK_RV rv = real->C_GetAttributeValue(h, o, a, n);

	if (rv == CKR_OK && n == 1)
		spoil(a);
	return fault("attribute-removed") ? CKR_DEVICE_REMOVED : rv;
}

static CK_RV generate_key_pair(CK_SESSION_HANDLE h, CK_MECHANISM *m, CK_ATTRIBUTE *pub, CK_ULONG n_pub,
			       CK_ATTRIBUTE *priv, CK_ULONG n_priv, CK_OBJECT_HANDLE *out_pub, CK_OBJECT_HANDLE *out_priv)
{
	CK_RV rv;

	note('G');
	if (fault("no-pair"))
		return CKR_OK;
	if (fault("no-ed25519") && m->mechanism == CKM_EC_EDWARDS_KEY_PAIR_GEN)
		return CKR_MECHANISM_INVALID;
	rv = real->C_GenerateKeyPair(h, m, pub, n_pub, priv, n_priv, out_pub, out_priv);
	if (fault("pair-crash"))	/* the power goes: made, and nobody knows */
		_exit(9);
	return rv;
}

static CK_RV destroy_object(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o)
{
	note('D');
	return fault("destroy") ? CKR_DEVICE_REMOVED : real->C_DestroyObject(h, o);
}

/* In the folder of the settings. */
static int open_in_folder(const char *name, int flags)
{
	const char *conf = getenv("SOFTHSM2_CONF"), *slash = conf ? strrchr(conf, '/') : NULL;
	char path[512];

	snprintf(path, sizeof(path), "%.*s/%s", slash ? (int)(slash - conf) : 0, conf, name);
	return open(path, flags | O_CLOEXEC, 0600);
}

/* 0: it could be opened; else the errno. */
static int met(const char *name, int flags)
{
	int fd = open_in_folder(name, flags), e = errno;

	if (fd >= 0)
		close(fd);
	return fd < 0 ? e : 0;
}

static void look_around(void)
{
	int written = met("more/written", O_WRONLY | O_CREAT), seen = met("spy", O_RDONLY);
	int fd = open_in_folder("tokens/outcome", O_WRONLY | O_CREAT | O_TRUNC);
	char said[32];

	snprintf(said, sizeof(said), "%d %d", written, seen);
	if (fd < 0 || write(fd, said, strlen(said)) < 0)
		abort();
	close(fd);
}

static void hang_or_die(void)
{
	if (fault("outside"))
		look_around();
	if (fault("hang"))
		for (;;)
			pause();
	if (fault("crash"))
		__builtin_trap();
	if (fault("exit"))
		_exit(0);
}

static CK_RV derive_key(CK_SESSION_HANDLE h, CK_MECHANISM *m, CK_OBJECT_HANDLE base, CK_ATTRIBUTE *a, CK_ULONG n,
			CK_OBJECT_HANDLE *out)
{
	CK_RV rv;

	hang_or_die();
	rv = real->C_DeriveKey(h, m, base, a, n, out);
	return fault("removed") ? CKR_DEVICE_REMOVED : rv;
}

static CK_RV sign(CK_SESSION_HANDLE h, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *out_n)
{
	CK_RV rv;

	hang_or_die();
	rv = real->C_Sign(h, in, n, out, out_n);
	if (fault("signature"))
		out[3] ^= 1;
	if (fault("signature-zero"))
		memset(out, 0, *out_n);
	if (fault("signature-short"))
		*out_n = 3;
	if (fault("signature-long"))
		*out_n = 1000000;
	return fault("removed") ? CKR_DEVICE_REMOVED : fault("session") ? CKR_SESSION_HANDLE_INVALID : rv;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	union {
		void *sym;
		CK_C_GetFunctionList fn;
	} u;
	void *so = dlopen(SOFTHSM, RTLD_NOW | RTLD_LOCAL);

	if (!so || !(u.sym = dlsym(so, "C_GetFunctionList")) || u.fn(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	mine = *real;
	mine.C_Initialize = initialize;
	mine.C_Finalize = finalize;
	mine.C_GetSlotList = get_slot_list;
	mine.C_GetTokenInfo = get_token_info;
	mine.C_GetMechanismList = get_mechanism_list;
	mine.C_OpenSession = open_session;
	mine.C_CloseSession = close_session;
	mine.C_Login = login;
	mine.C_FindObjects = find_objects;
	mine.C_GetAttributeValue = get_attribute_value;
	mine.C_GenerateKeyPair = generate_key_pair;
	mine.C_DestroyObject = destroy_object;
	mine.C_DeriveKey = derive_key;
	mine.C_Sign = sign;
	*list = &mine;
	return CKR_OK;
}
