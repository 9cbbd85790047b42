/* SPDX-License-Identifier: Apache-2.0 */
/* berth backup and restore.  The daemon makes the snapshot of its store, as nobody else can
 * read a store that is in use; key files are read here, after it: they have at least the keys
 * that the snapshot names.  A restoration is for a machine where nothing lives. */
#include "agent/cli/cli_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cli/backup.h"
#include "agent/core/config.h"
#include "did/crypto/keypair.h"
#include "did/keystore/file.h"
#include "did/keystore/slots.h"

#define DEFAULT_CONFIG "/etc/berth/berth.conf"
#define STORE_FILE "berth.db"		/* BERTH_STORE_FILE, without SQLite's floor */
#define SNAPSHOT_FILE STORE_FILE ".snapshot"
#define STORE_NAME "store"
#define KEYS_PREFIX "keystore/"
#define PATH_LEN 1200
#define LOOKS 10		/* at a file of keys */

/* other: the option for a key, in place of a passphrase; *pass is NULL then. */
static enum berth_err load(const struct berth_cli *c, const char *other, struct berth_config **cfg, struct berth_secret **pass)
{
	const char *path = berth_cli_get(c, "--config"), *file = berth_cli_get(c, "--passphrase-file");
	enum berth_err rc;

	*cfg = NULL;
	*pass = NULL;
	if (!file == !berth_cli_get(c, other))
		return berth_fail(BERTH_E_USAGE, "either --passphrase-file or %s is needed", other);
	if (file && (rc = berth_passphrase_read(pass, file)))
		return rc;
	return berth_config_load(cfg, path ? path : DEFAULT_CONFIG);
}

/* The path of a file of keys that another machine can open; false: they are in a device, or
 * bound to one. */
static bool key_file(const struct berth_config *cfg, const char *name, char path[PATH_LEN])
{
	const char *uri = berth_config_str(cfg, "keystore", name, "uri");

	if (strncmp(uri, "soft:", 5) != 0 || strchr(uri, '?'))
		return false;
	return (size_t)snprintf(path, PATH_LEN, "%.*s", (int)strcspn(uri + 5, "#"), uri + 5) < PATH_LEN;
}

static void say_bound(const char *name)
{
	fprintf(stderr, "berth: the keys of [keystore %s] cannot leave their device: keep it, or make the token's or TPM's own"
		" backup; without them what they signed has to be made anew\n", name);
}

/* ---- backup ---- */

static enum berth_err add_file(struct berth_buf *plain, const char *name, const char *path)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = berth_cli_read_plain(&b, path, BERTH_BACKUP_MAX);

	if (!rc)
		berth_backup_add(plain, name, b.p, b.len);
	berth_buf_free(&b);
	return rc ? rc : berth_buf_status(plain);
}

/* The daemon may be writing into it: then one of its slots is not whole, and whoever looks
 * again finds one that is.  What it contains is a file of keys too. */
static enum berth_err add_key_file(struct berth_buf *plain, const char *name, const char *path)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_slots slots;
	struct berth_cur keys;
	enum berth_err rc = BERTH_E_KEYSTORE;

	for (int i = 0; rc == BERTH_E_KEYSTORE && i < LOOKS; i++) {
		berth_buf_reset(&b);
		if (!(rc = berth_cli_read(&b, path, BERTH_BACKUP_MAX)))
			rc = berth_slots_read(&slots, &keys, b.p, b.len);
	}
	if (!rc)
		berth_backup_add(plain, name, keys.p, keys.n);
	berth_buf_free(&b);
	return rc ? rc : berth_buf_status(plain);
}

static enum berth_err add_keys(struct berth_buf *plain, const struct berth_config *cfg)
{
	char name[BERTH_BACKUP_NAME_MAX + 1], path[PATH_LEN];
	const char *section;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && (section = berth_config_section(cfg, "keystore", i)); i++) {
		snprintf(name, sizeof(name), KEYS_PREFIX "%s", section);
		if (key_file(cfg, section, path))
			rc = add_key_file(plain, name, path);
		else
			say_bound(section);
	}
	return rc;
}

static enum berth_err seal(struct berth_buf *out, const struct berth_buf *plain, const struct berth_secret *pass,
			   const struct berth_pubkey *to)
{
	return pass ? berth_backup_seal(out, plain, pass) : berth_backup_seal_to(out, plain, to);
}

/* Who is root here does not read and delete whatever the daemon likes. */
static enum berth_err check_snapshot(const struct berth_config *cfg, const char *said)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s/" SNAPSHOT_FILE, berth_config_str(cfg, "agent", NULL, "state-dir"));
	return strcmp(said, path) == 0 ? BERTH_OK
		: berth_fail(BERTH_E_TYPE, "the daemon's snapshot is %.200s, which is not of this configuration's state-dir", said);
}

static enum berth_err backup(struct berth_cli *c)
{
	struct berth_buf plain = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	struct berth_config *cfg;
	struct berth_secret *pass;
	struct berth_pubkey to = { 0 };
	const char *snapshot;
	enum berth_err rc = load(c, "--to", &cfg, &pass);

	if (rc || (!pass && (rc = berth_cli_recipient(&to, berth_cli_get(c, "--to")))) ||
	    (rc = berth_cli_call(c, "/v1/backup", berth_json_new_object(), &v)) ||
	    (rc = berth_json_req_str(v, "snapshot", PATH_LEN, &snapshot)) || (rc = check_snapshot(cfg, snapshot)))
		goto out;
	rc = add_file(&plain, STORE_NAME, snapshot);
	unlink(snapshot);
	if (!rc && !(rc = add_keys(&plain, cfg)) && !(rc = seal(&out, &plain, pass, &to)) &&
	    !(rc = berth_cli_save_bytes(berth_cli_arg(c, 0), &out)))
		rc = berth_cli_say("%s: %zu bytes; the passphrases of key files are not in it, keep them too",
				   berth_cli_arg(c, 0), out.len);
out:
	berth_json_free(v);
	berth_buf_free(&plain);
	berth_buf_free(&out);
	berth_secret_free(pass);
	berth_config_free(cfg);
	return rc;
}

/* ---- restore ---- */

/* Where a file of the backup goes; E_CONFIG: the configuration has no place for it. */
static enum berth_err target(const struct berth_config *cfg, const char *name, char path[PATH_LEN])
{
	const char *section;

	if (strcmp(name, STORE_NAME) == 0) {
		snprintf(path, PATH_LEN, "%s/" STORE_FILE, berth_config_str(cfg, "agent", NULL, "state-dir"));
		return BERTH_OK;
	}
	for (size_t i = 0; (section = berth_config_section(cfg, "keystore", i)); i++)
		if (strncmp(name, KEYS_PREFIX, strlen(KEYS_PREFIX)) == 0 && strcmp(name + strlen(KEYS_PREFIX), section) == 0 &&
		    key_file(cfg, section, path))
			return BERTH_OK;
	return berth_fail(BERTH_E_CONFIG, "the backup has %s, the configuration has no such file of keys", name);
}

static enum berth_err must_be_free(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return berth_fail(BERTH_E_STORE, "%s is there: nothing that lives is written over", path);
	return errno == ENOENT ? BERTH_OK : berth_fail(BERTH_E_STORE, "%s: %m", path);
}

/* Like the folder it goes into, which is the daemon's. */
static enum berth_err give_to_owner(const char *path)
{
	char folder[PATH_LEN];
	struct stat st;

	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	if (geteuid() != 0)
		return BERTH_OK;
	if (stat(folder, &st) || lchown(path, st.st_uid, st.st_gid))
		return berth_fail(BERTH_E_STORE, "%s: %m", path);
	return BERTH_OK;
}

/* Keys first, the store last: without it there is nothing that a daemon would start from. */
static enum berth_err write_all(const struct berth_config *cfg, const struct berth_backup_file *f, size_t n)
{
	char path[PATH_LEN];
	enum berth_err rc = BERTH_OK;

	for (size_t i = n; !rc && i-- > 0;) {
		const struct berth_buf b = { .p = (uint8_t *)(uintptr_t)f[i].p, .len = f[i].n };

		if (!(rc = target(cfg, f[i].name, path)) && !(rc = berth_cli_save_bytes(path, &b)))
			rc = give_to_owner(path);
	}
	return rc;
}

static enum berth_err check_all(const struct berth_config *cfg, const struct berth_backup_file *f, size_t n)
{
	const char *state = berth_config_str(cfg, "agent", NULL, "state-dir");
	char path[PATH_LEN];
	enum berth_err rc;

	if (n == 0 || strcmp(f[0].name, STORE_NAME) != 0)
		return berth_fail(BERTH_E_ENV, "a backup without a store");
	for (size_t i = 0; i < n; i++)
		if ((rc = target(cfg, f[i].name, path)) || (rc = must_be_free(path)))
			return rc;
	if (mkdir(state, 0700) && errno != EEXIST)
		return berth_fail(BERTH_E_STORE, "%s: %m", state);
	return BERTH_OK;
}

static enum berth_err unseal(const struct berth_cli *c, struct berth_buf *plain, const struct berth_buf *in, const struct berth_secret *pass)
{
	struct berth_privkey mine = { 0 };
	enum berth_err rc;

	if (pass)
		return berth_backup_open(plain, in->p, in->len, pass);
	if (!(rc = berth_cli_recipient_key(&mine, berth_cli_get(c, "--jwk"))))
		rc = berth_backup_open_with(plain, in->p, in->len, &mine);
	berth_privkey_wipe(&mine);
	return rc;
}

static enum berth_err restore(struct berth_cli *c)
{
	struct berth_backup_file files[BERTH_BACKUP_FILES_MAX];
	struct berth_buf in = BERTH_BUF_INIT, plain = BERTH_BUF_INIT;
	struct berth_config *cfg;
	struct berth_secret *pass;
	size_t n;
	enum berth_err rc = load(c, "--jwk", &cfg, &pass);

	if (rc || (rc = berth_cli_read(&in, berth_cli_arg(c, 0), BERTH_BACKUP_MAX)) ||
	    (rc = unseal(c, &plain, &in, pass)) || (rc = berth_backup_files(files, &n, &plain)) ||
	    (rc = check_all(cfg, files, n)) || (rc = write_all(cfg, files, n)))
		goto out;
	rc = berth_cli_say("%zu files are in place; start berthd. What happened after the backup is not in it: berth status"
			   " says what to do", n);
out:
	berth_buf_free(&in);
	berth_buf_free(&plain);
	berth_secret_free(pass);
	berth_config_free(cfg);
	return rc;
}

/* ---- tables ---- */

static const struct berth_cli_cmd backup_cmds[] = {
	{ "", 1, 1, backup },
	{ .run = NULL },
};
static const struct berth_cli_cmd restore_cmds[] = {
	{ "", 1, 1, restore },
	{ "show", 0, 0, berth_cli_restored_show },
	{ "end", 0, 0, berth_cli_restored_end },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_backup = { "backup", backup_cmds };
const struct berth_cli_group berth_cli_restore = { "restore", restore_cmds };
