/* SPDX-License-Identifier: Apache-2.0 */
/* What a module is left of the file system by whoever confines its process: code and
 * settings to read, its own token and what the configuration names to write.  The
 * folders of other keystores are in neither, so their sealed files cannot even be read. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "did/keystore/pkcs11.h"

#define SOFTHSM_CONF "/etc/softhsm/softhsm2.conf"
#define SOFTHSM_KEY "directories.tokendir"
#define LINES_MAX 1000

static const struct berth_keystore_path usual[] = {
	/* code, its data and its settings; what the C library looks at */
	{ "/usr", false }, { "/lib", false }, { "/lib64", false }, { "/opt", false }, { "/etc", false },
	{ "/proc", false }, { "/sys", false }, { "/dev", false },
	/* devices, and where common modules keep tokens unless they are told otherwise */
	{ "/dev/null", true }, { "/dev/tpmrm0", true }, { "/dev/tpm0", true },
	{ "/var/lib/softhsm/tokens", true }, { "/etc/tpm2_pkcs11", true },
};

static enum berth_err add(struct berth_pkcs11 *p, const char *path, bool write)
{
	char *copy = strdup(path);

	if (!copy)
		return berth_no_memory();
	berth_keystore_need_path(&p->reach, copy, write);
	return BERTH_OK;
}

/* What is not there is not needed. */
static enum berth_err add_if_there(struct berth_pkcs11 *p, const char *path, bool write)
{
	return path && path[0] == '/' && access(path, F_OK) == 0 ? add(p, path, write) : BERTH_OK;
}

static enum berth_err add_folder_of(struct berth_pkcs11 *p, const char *file)
{
	char real[PATH_MAX], *slash = file && file[0] == '/' && realpath(file, real) ? strrchr(real, '/') : NULL;

	if (!slash || slash == real)
		return BERTH_OK;	/* all of the file system is nobody's folder */
	*slash = '\0';
	return add(p, real, false);
}

/* ---- SoftHSM ---- */

/* The value of "key = value", trimmed in place; NULL: another line. */
static char *value_of(char *line, const char *key)
{
	char *s = line + strspn(line, " \t");
	size_t n = strlen(key);

	if (strncmp(s, key, n) != 0)
		return NULL;
	s += n + strspn(s + n, " \t");
	if (*s++ != '=')
		return NULL;
	s += strspn(s, " \t");
	for (n = strlen(s); n && strchr(" \t\r\n", s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

/* A file that anybody else may write says nothing about where a module may. */
static FILE *open_settings(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	FILE *f = NULL;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && !(st.st_mode & 022) && (st.st_uid == 0 || st.st_uid == geteuid()))
		f = fdopen(fd, "r");
	if (!f)
		close(fd);
	return f;
}

static enum berth_err add_softhsm(struct berth_pkcs11 *p)
{
	const char *conf = getenv("SOFTHSM2_CONF");
	char line[PATH_MAX], *dir;
	enum berth_err rc = add_folder_of(p, conf);
	FILE *f = rc ? NULL : open_settings(conf ? conf : SOFTHSM_CONF);

	if (!f)
		return rc;
	for (int i = 0; i < LINES_MAX && fgets(line, sizeof(line), f); i++)
		if ((dir = value_of(line, SOFTHSM_KEY)) && dir[strspn(dir, "/")]) {
			rc = add_if_there(p, dir, true);
			break;
		}
	fclose(f);
	return rc;
}

/* ---- what the configuration says ---- */

static enum berth_err add_configured(struct berth_pkcs11 *p, const char *dir)
{
	struct stat st;

	if (dir[0] != '/' || !dir[strspn(dir, "/")])
		return berth_fail(BERTH_E_KEYSTORE, "module-dir: %.200s: not the absolute path of a folder", dir);
	if (stat(dir, &st))
		return berth_fail(BERTH_E_KEYSTORE, "module-dir: %.200s: %m", dir);
	return S_ISDIR(st.st_mode) ? add(p, dir, true)
		: berth_fail(BERTH_E_KEYSTORE, "module-dir: %.200s: not a folder", dir);
}

enum berth_err berth_pkcs11_reach_find(struct berth_pkcs11 *p, const struct berth_keystore_config *cfg)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < sizeof(usual) / sizeof(usual[0]); i++)
		rc = add_if_there(p, usual[i].path, usual[i].write);
	if (rc || (rc = add(p, p->dir, true)) || (rc = add_folder_of(p, p->uri.module_path)) ||
	    (rc = add_if_there(p, p->uri.pin_source, false)) ||
	    (!p->uri.pin_source[0] && (rc = add_if_there(p, getenv("CREDENTIALS_DIRECTORY"), false))) ||
	    (rc = add_softhsm(p)) || (rc = add_if_there(p, getenv("TPM2_PKCS11_STORE"), true)) ||
	    (p->uri.module_dir[0] && (rc = add_configured(p, p->uri.module_dir))))
		return rc;
	for (size_t i = 0; !rc && i < BERTH_MODULE_DIRS_MAX && cfg->module_dir[i]; i++)
		rc = add_configured(p, cfg->module_dir[i]);
	return rc;
}

void berth_pkcs11_reach_free(struct berth_pkcs11 *p)
{
	for (size_t i = 0; i < p->reach.n; i++)
		free((char *)p->reach.path[i].path);
	p->reach.n = 0;
}
