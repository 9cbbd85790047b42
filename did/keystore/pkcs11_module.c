/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "did/base/trusted_file.h"
#include "did/keystore/pkcs11.h"

#define MODULE_SIZE_MAX ((size_t)64 << 20)

struct berth_pkcs11_module {
	struct berth_pkcs11_module *next;
	char *path;		/* without symlinks */
	CK_FUNCTION_LIST *f;
	unsigned users;		/* that have it initialized */
};

static struct berth_pkcs11_module *loaded;

static enum berth_err functions(CK_FUNCTION_LIST **out, const char *path)
{
	union {		/* what dlsym() gives is a function here */
		void *sym;
		CK_C_GetFunctionList fn;
	} u;
	/* its functions are known by then only to itself: it is never unloaded */
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (!so)
		return berth_fail(BERTH_E_KEYSTORE, "PKCS#11 module %.120s: %.160s", path, dlerror());
	if (!(u.sym = dlsym(so, "C_GetFunctionList")))
		return berth_fail(BERTH_E_KEYSTORE, "PKCS#11 module %.120s: it is none (no C_GetFunctionList)", path);
	*out = NULL;
	if (u.fn(out) != CKR_OK || !*out || (*out)->version.major != 2 || (*out)->version.minor < 20)
		return berth_fail(BERTH_E_KEYSTORE, "PKCS#11 module %.120s: not Cryptoki 2.20 or later", path);
	return BERTH_OK;
}

static enum berth_err load(struct berth_pkcs11_module **out, const char *path)
{
	struct berth_pkcs11_module *m;
	enum berth_err rc;
	int fd;

	if ((rc = berth_trusted_open(&fd, path, MODULE_SIZE_MAX, BERTH_E_KEYSTORE)))
		return rc;
	close(fd);	/* what was checked cannot be changed by anybody we do not trust */
	m = calloc(1, sizeof(*m));
	if (!m || !(m->path = strdup(path)))
		rc = berth_no_memory();
	if (!rc && !(rc = functions(&m->f, path))) {
		m->next = loaded;
		*out = loaded = m;
		return BERTH_OK;
	}
	if (m)
		free(m->path);
	free(m);
	return rc;
}

enum berth_err berth_pkcs11_module_get(struct berth_pkcs11_module **out, const char *path)
{
	char real[PATH_MAX];

	*out = NULL;
	if (path[0] != '/')
		return berth_fail(BERTH_E_KEYSTORE, "a token needs its module: module-path in [keystore] or in the URI");
	/* distributions name modules by links; what they lead to is what is judged */
	if (!realpath(path, real))
		return berth_fail(BERTH_E_KEYSTORE, "PKCS#11 module %.120s: %m", path);
	for (struct berth_pkcs11_module *m = loaded; m; m = m->next)
		if (strcmp(m->path, real) == 0) {
			*out = m;
			return BERTH_OK;
		}
	return load(out, real);
}

CK_FUNCTION_LIST *berth_pkcs11_module_functions(struct berth_pkcs11_module *m) { return m->f; }

CK_RV berth_pkcs11_module_up(struct berth_pkcs11_module *m)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	CK_RV rv = m->users > 0 ? CKR_OK : m->f->C_Initialize(&args);

	if (rv == CKR_OK)
		m->users++;
	return rv;
}

void berth_pkcs11_module_down(struct berth_pkcs11_module *m)
{
	if (--m->users == 0)
		m->f->C_Finalize(NULL);
}

const char *berth_pkcs11_rv_name(CK_RV rv)
{
	static const struct { CK_RV rv; const char *name; } names[] = {
		{ CKR_HOST_MEMORY, "CKR_HOST_MEMORY" }, { CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR" },
		{ CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED" }, { CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD" },
		{ CKR_ATTRIBUTE_SENSITIVE, "CKR_ATTRIBUTE_SENSITIVE" },
		{ CKR_ATTRIBUTE_TYPE_INVALID, "CKR_ATTRIBUTE_TYPE_INVALID" },
		{ CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID" },
		{ CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR" }, { CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY" },
		{ CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED" }, { CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID" },
		{ CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED" },
		{ CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID" },
		{ CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID" },
		{ CKR_OBJECT_HANDLE_INVALID, "CKR_OBJECT_HANDLE_INVALID" },
		{ CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT" }, { CKR_PIN_INVALID, "CKR_PIN_INVALID" },
		{ CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE" }, { CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED" },
		{ CKR_PIN_LOCKED, "CKR_PIN_LOCKED" }, { CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED" },
		{ CKR_SESSION_COUNT, "CKR_SESSION_COUNT" }, { CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID" },
		{ CKR_TEMPLATE_INCOMPLETE, "CKR_TEMPLATE_INCOMPLETE" },
		{ CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT" },
		{ CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT" },
		{ CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED" },
		{ CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN" },
		{ CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED" },
		{ CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED" },
		{ CKR_CRYPTOKI_ALREADY_INITIALIZED, "CKR_CRYPTOKI_ALREADY_INITIALIZED" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].rv == rv)
			return names[i].name;
	return "";
}
