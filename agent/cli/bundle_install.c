/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle in a folder: DIR/bundle-SERIAL/ with files as registry-adapters/static reads
 * them and bundle.json, which says what they are; DIR/current names the one that counts,
 * and renaming that file is the moment at which another does. */
#include "agent/cli/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "did/codec/base64url.h"

#define NEW "new-bundle"	/* one that is being written */
#define PREFIX "bundle-"
#define CURRENT "current"
#define CURRENT_MAX ((size_t)64)
#define MANIFEST_MAX ((size_t)4 << 20)

static enum berth_err disk(const char *what)
{
	return berth_fail(BERTH_E_STORE, "%s: %m", what);
}

static int open_in(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static enum berth_err write_file(int dir, const char *name, const void *p, size_t n)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	enum berth_err rc = BERTH_OK;

	if (fd < 0)
		return disk(name);
	for (size_t done = 0; !rc && done < n;) {
		ssize_t w = write(fd, (const char *)p + done, n - done);

		if (w > 0)
			done += (size_t)w;
		else if (w < 0 && errno != EINTR)
			rc = disk(name);
	}
	if (!rc && fsync(fd))
		rc = disk(name);
	close(fd);
	return rc;
}

static enum berth_err write_json(int dir, const char *name, const struct berth_json *v)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = berth_json_print(&text, v);

	if (!rc)
		rc = write_file(dir, name, text.p, text.len);
	berth_buf_free(&text);
	return rc;
}

/* The file as text; "" when there is none. */
static enum berth_err read_file(int dir, const char *name, size_t max, struct berth_buf *out)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char part[4096];
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? BERTH_OK : disk(name);
	while ((n = read(fd, part, sizeof(part))) > 0 && out->len <= max)
		berth_buf_put(out, part, (size_t)n);
	close(fd);
	return out->len > max ? berth_fail(BERTH_E_SIZE, "%s", name) : berth_buf_status(out);
}

/* ---- what is there ---- */

static void remove_files(int dir)
{
	DIR *d = fdopendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	else
		close(dir);
}

static void remove_bundle(int dir, const char *name)
{
	int fd = open_in(dir, name), inner = fd >= 0 ? open_in(fd, "resources") : -1;

	if (inner >= 0)
		remove_files(inner);
	if (fd >= 0) {
		unlinkat(fd, "resources", AT_REMOVEDIR);
		remove_files(fd);
	}
	unlinkat(dir, name, AT_REMOVEDIR);
}

static void remove_others(int dir, const char *keep)
{
	int fd = open_in(dir, ".");
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (!d && fd >= 0)
		close(fd);
	while (d && (e = readdir(d)))
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0 && strcmp(e->d_name, keep) != 0)
			remove_bundle(dir, e->d_name);
	if (d)
		closedir(d);
}

/* The serial in `current`, 0 without one. */
static enum berth_err read_serial(int dir, int64_t *serial)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = read_file(dir, CURRENT, CURRENT_MAX, &text);
	char *end = NULL;

	*serial = 0;
	if (!rc && text.len) {
		const char *s = berth_buf_cstr(&text);

		*serial = strncmp(s, PREFIX, strlen(PREFIX)) == 0 ? strtoll(s + strlen(PREFIX), &end, 10) : 0;
		if (*serial < 1 || (*end && strcmp(end, "\n") != 0))
			rc = berth_fail(BERTH_E_STORE, CURRENT " names no bundle");
	}
	berth_buf_free(&text);
	return rc;
}

/* Whether the one of that serial was made of the same payload. */
static bool is_same(int dir, const char *name, const char *hash)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	const char *there = "";
	int fd = open_in(dir, name);
	bool same = fd >= 0 && !read_file(fd, "bundle.json", MANIFEST_MAX, &text) &&
		    !berth_json_parse_object(&v, berth_buf_cstr(&text), text.len, MANIFEST_MAX) &&
		    !berth_json_req_str(v, "sha256", 64, &there) && strcmp(there, hash) == 0;

	if (fd >= 0)
		close(fd);
	berth_json_free(v);
	berth_buf_free(&text);
	return same;
}

/* ---- what comes ---- */

/* What is found by resources.json: what a node said of a did:ethr under the DID. */
static bool is_resource(const struct berth_bundle_file *f)
{
	return f->kind == BERTH_BUNDLE_RESOURCE || f->kind == BERTH_BUNDLE_ETHR;
}

/* "3.json", "3.jsonl", "2.witness.json" (of the log 2), "resources/3" */
static void name_file(char out[64], const struct berth_bundle *b, size_t i)
{
	static const char *const ends[] = {
		[BERTH_BUNDLE_DOCUMENT] = ".json", [BERTH_BUNDLE_LOG] = ".jsonl", [BERTH_BUNDLE_WITNESS] = ".witness.json",
		[BERTH_BUNDLE_RESOURCE] = "", [BERTH_BUNDLE_ETHR] = "",
	};
	enum berth_bundle_kind kind = b->files[i].kind;
	size_t at = i;

	while (kind == BERTH_BUNDLE_WITNESS &&
	       (b->files[at].kind != BERTH_BUNDLE_LOG || strcmp(b->files[at].id, b->files[i].id) != 0))
		at--;
	snprintf(out, 64, "%s%zu%s", is_resource(&b->files[i]) ? "resources/" : "", at, ends[kind]);
}

static enum berth_err add_row(struct berth_json *rows, const struct berth_bundle_file *f, const char *name)
{
	struct berth_json *row = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(row, "file", name)) || (rc = berth_json_set_str(row, "kind", berth_bundle_kind_name(f->kind))) ||
	    (rc = berth_json_set_str(row, "id", f->id)) || (rc = berth_json_set_b64url(row, "sha256", f->sha256, sizeof(f->sha256)))) {
		berth_json_free(row);
		return rc;
	}
	return berth_json_push(rows, row);
}

static enum berth_err add_resource(struct berth_json *index, const struct berth_bundle_file *f, const char *name)
{
	struct berth_json *row = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(row, "file", strchr(name, '/') + 1)) ||
	    (*f->content_type && (rc = berth_json_set_str(row, "contentType", f->content_type)))) {
		berth_json_free(row);
		return rc;
	}
	return berth_json_set(index, f->id, row);
}

static enum berth_err write_files(int dir, const struct berth_bundle *b, struct berth_json *rows, struct berth_json *index)
{
	enum berth_err rc = BERTH_OK;
	char name[64];

	for (size_t i = 0; !rc && i < b->n; i++) {
		const struct berth_bundle_file *f = &b->files[i];

		name_file(name, b, i);
		if (!(rc = write_file(dir, name, f->content.p, f->content.len)) && !(rc = add_row(rows, f, name)) &&
		    is_resource(f))
			rc = add_resource(index, f, name);
	}
	return rc;
}

static enum berth_err write_manifest(int dir, const struct berth_bundle *b, const char *signer, const char *hash,
				     struct berth_json *rows)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_int(v, "serial", b->serial)) && !(rc = berth_json_set_str(v, "issued", b->issued)) &&
	    !(rc = berth_json_set_str(v, "signer", signer)) && !(rc = berth_json_set_str(v, "sha256", hash)) &&
	    !(rc = berth_json_set(v, "files", berth_json_clone(rows))))
		rc = write_json(dir, "bundle.json", v);
	berth_json_free(v);
	return rc;
}

static enum berth_err write_bundle(int dir, const struct berth_bundle *b, const char *signer, const char *hash)
{
	struct berth_json *rows = berth_json_new_array(), *index = berth_json_new_object();
	enum berth_err rc = BERTH_OK;
	int inner = -1;

	if (mkdirat(dir, "resources", 0755))
		rc = disk("resources");
	if (!rc && !(rc = write_files(dir, b, rows, index)) && !(rc = write_json(dir, "resources.json", index)))
		rc = write_manifest(dir, b, signer, hash, rows);
	if (!rc && ((inner = open_in(dir, "resources")) < 0 || fsync(inner) || fsync(dir)))
		rc = disk(NEW);
	if (inner >= 0)
		close(inner);
	berth_json_free(rows);
	berth_json_free(index);
	return rc;
}

static enum berth_err make_new(int dir, const struct berth_bundle *b, const char *signer, const char *hash)
{
	enum berth_err rc;
	int fd;

	remove_bundle(dir, NEW);	/* of an import that was cut short */
	if (mkdirat(dir, NEW, 0755) || (fd = open_in(dir, NEW)) < 0)
		return disk(NEW);
	rc = write_bundle(fd, b, signer, hash);
	close(fd);
	return rc;
}

static enum berth_err make_current(int dir, const char *name)
{
	enum berth_err rc;

	remove_bundle(dir, name);	/* `current` does not name it */
	if (renameat(dir, NEW, dir, name))
		return disk(name);
	if ((rc = write_file(dir, CURRENT ".new", name, strlen(name))))
		return rc;
	if (fsync(dir) || renameat(dir, CURRENT ".new", dir, CURRENT) || fsync(dir))
		return disk(CURRENT);
	remove_others(dir, name);
	return BERTH_OK;
}

static enum berth_err install(int dir, const struct berth_bundle *b, const char *signer, const char *hash, bool *unchanged)
{
	char name[48];
	int64_t there;
	enum berth_err rc = read_serial(dir, &there);

	snprintf(name, sizeof(name), PREFIX "%" PRId64, b->serial);
	if (rc)
		return rc;
	if (there > b->serial)
		return berth_fail(BERTH_E_REPLAY, "bundle %" PRId64 " is older than the one that is there, %" PRId64, b->serial, there);
	*unchanged = there == b->serial && is_same(dir, name, hash);
	if (*unchanged)
		return BERTH_OK;
	if (there == b->serial)
		return berth_fail(BERTH_E_REPLAY, "another bundle of serial %" PRId64 " is there", there);
	return (rc = make_new(dir, b, signer, hash)) ? rc : make_current(dir, name);
}

enum berth_err berth_bundle_install(const struct berth_bundle *b, const char *path, const char *signer,
				    const uint8_t payload_hash[32], bool *unchanged)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct berth_buf hash = BERTH_BUF_INIT;
	enum berth_err rc;

	*unchanged = false;
	if (dir < 0)
		return disk(path);
	berth_b64url_encode(&hash, payload_hash, 32);
	if (flock(dir, LOCK_EX | LOCK_NB))
		rc = berth_fail(BERTH_E_STORE, "%s: another import is under way", path);
	else if (!(rc = berth_buf_status(&hash)))
		rc = install(dir, b, signer, berth_buf_cstr(&hash), unchanged);
	close(dir);
	berth_buf_free(&hash);
	return rc;
}
