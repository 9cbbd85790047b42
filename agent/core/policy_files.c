/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/policy_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/protocol/protocol.h"

#define FILE_MAX (256 * 1024)

/* All of it and a NUL, owned; NULL where the option is unset. */
static enum berth_err read_named(const struct berth_config *cfg, const char *section, const char *key, char **out, size_t *n)
{
	const char *path = berth_config_str(cfg, section, NULL, key);
	struct stat st;
	char *text = NULL;
	FILE *f;
	enum berth_err rc = BERTH_OK;

	*out = NULL;
	if (!path[0])
		return BERTH_OK;
	if (!(f = fopen(path, "re")))
		return berth_fail(BERTH_E_CONFIG, "[%s] %s: %s: %m", section, key, path);
	if (fstat(fileno(f), &st) || st.st_size <= 0 || st.st_size > FILE_MAX)
		rc = berth_fail(BERTH_E_CONFIG, "[%s] %s: %s is empty or larger than %d bytes", section, key, path, FILE_MAX);
	else if (!(text = calloc(1, (size_t)st.st_size + 1)))
		rc = berth_no_memory();
	else if (fread(text, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		rc = berth_fail(BERTH_E_CONFIG, "[%s] %s: %s cannot be read", section, key, path);
	fclose(f);
	if (rc) {
		free(text);
		return rc;
	}
	*n = (size_t)st.st_size;
	*out = text;
	return BERTH_OK;
}

/* One less than a chain has at most: the device's own comes before them. */
static enum berth_err read_ca(struct berth_policy_files *f, const char *text, size_t n)
{
	enum berth_err rc;

	if (!(f->ldevid_ca = calloc(1, sizeof(*f->ldevid_ca))))
		return berth_no_memory();
	if (!(rc = berth_x509_chain_read(f->ldevid_ca, text, n)) && f->ldevid_ca->n == BERTH_X509_CHAIN_MAX)
		rc = berth_fail(BERTH_E_SIZE, "more than %d certificates", BERTH_X509_CHAIN_MAX - 1);
	return rc ? rc : berth_x509_check_ca(f->ldevid_ca->at[0]);
}

enum berth_err berth_policy_files_read(struct berth_policy_files *f, const struct berth_config *cfg)
{
	char *text = NULL;
	size_t n = 0;
	enum berth_err rc;

	memset(f, 0, sizeof(*f));
	if (!(rc = read_named(cfg, "trust", "ek-roots", &f->ek_roots, &n)) &&
	    !(rc = read_named(cfg, "ldevid", "ca-cert", &text, &n)) && text && (rc = read_ca(f, text, n)) && rc != BERTH_E_NOMEM) {
		char why[160];

		snprintf(why, sizeof(why), "%s", berth_err_detail());
		rc = berth_fail(BERTH_E_CONFIG, "[ldevid] ca-cert: %s", why);
	}
	free(text);
	if (rc)
		berth_policy_files_free(f);
	return rc;
}

void berth_policy_files_free(struct berth_policy_files *f)
{
	free(f->ek_roots);
	if (f->ldevid_ca)
		berth_x509_chain_free(f->ldevid_ca);
	free(f->ldevid_ca);
	memset(f, 0, sizeof(*f));
}

void berth_policy_files_use(struct berth_policy *p, const struct berth_policy_files *f)
{
	p->ek_roots_pem = f->ek_roots;
	p->ldevid_ca = f->ldevid_ca;
}
