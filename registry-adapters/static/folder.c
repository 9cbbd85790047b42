/* SPDX-License-Identifier: Apache-2.0 */
#include "folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#define INDEX "resources.json"

static void say(const struct folder *f, int level, const char *what, const char *name)
{
	char line[256];

	snprintf(line, sizeof(line), "static: %s: %.120s", what, name);
	f->host->log(level, line);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

static bool read_all(int fd, char *p, size_t n)
{
	for (ssize_t got; n > 0; p += got, n -= (size_t)got)
		if ((got = read(fd, p, n)) <= 0)
			return false;
	return true;
}

char *folder_read(const struct folder *f, const char *name, size_t max, size_t *len)
{
	int fd = openat(f->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *p = NULL;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && (size_t)st.st_size <= max &&
	    (p = calloc(1, (size_t)st.st_size + 1)) && !read_all(fd, p, (size_t)st.st_size)) {
		free(p);
		p = NULL;
	}
	if (fd >= 0)
		close(fd);
	*len = p ? (size_t)st.st_size : 0;
	return p;
}

/* Whose it is: only to find it, the agent reads it strictly.  free(). */
static char *did_of(const char *text, size_t len, bool entry)
{
	cJSON *v = cJSON_ParseWithLength(text, len);
	const cJSON *object = entry ? cJSON_GetObjectItemCaseSensitive(v, "state") : v;
	const char *did = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "id"));
	char *copy = did ? strdup(did) : NULL;

	cJSON_Delete(v);
	return copy;
}

static void forget(struct folder *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->entries[i].did);
		free(f->entries[i].file);
	}
	free(f->entries);
	f->entries = NULL;
	f->n = 0;
}

static bool is_document(const char *name)
{
	return ends_with(name, ".json") && !ends_with(name, ".witness.json") && strcmp(name, INDEX) != 0 &&
	       strcmp(name, "bundle.json") != 0;
}

/* Takes did over; false: not added. */
static bool add_entry(struct folder *f, char *did, const char *name, bool log)
{
	struct folder_entry e = { .did = did, .file = strdup(name), .log = log };
	struct folder_entry *grown = did && e.file && f->n < FOLDER_FILES_MAX ? realloc(f->entries, (f->n + 1) * sizeof(*grown)) : NULL;

	if (!grown) {
		free(e.did);
		free(e.file);
		return false;
	}
	f->entries = grown;
	f->entries[f->n++] = e;
	return true;
}

/* A DID that has moved is found by what it was called before, too. */
static bool add_log(struct folder *f, const char *name, const char *text, size_t len)
{
	size_t before = f->n;

	for (const char *line = text, *end; line < text + len; line = end + 1) {
		char *did;

		end = memchr(line, '\n', len - (size_t)(line - text));
		end = end ? end : text + len;
		did = did_of(line, (size_t)(end - line), true);
		if (did && f->n > before && strcmp(did, f->entries[f->n - 1].did) == 0)
			free(did);
		else if (did && !add_entry(f, did, name, true))
			break;
	}
	return f->n > before;
}

static void add(struct folder *f, const char *name)
{
	bool log = ends_with(name, ".jsonl"), added;
	size_t len = 0;
	char *text;

	if ((!log && !is_document(name)) || f->n == FOLDER_FILES_MAX)
		return;
	text = folder_read(f, name, log ? FOLDER_FILE_MAX : FOLDER_DOCUMENT_MAX, &len);
	added = text && (log ? add_log(f, name, text, len) : add_entry(f, did_of(text, len, false), name, false));
	if (!added)
		say(f, 1, "left out", name);
	free(text);
}

void folder_scan(struct folder *f)
{
	int fd = f->fd >= 0 ? openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (!d && fd >= 0)
		close(fd);
	if (!d)
		return;
	forget(f);
	while ((e = readdir(d)))
		add(f, e->d_name);
	closedir(d);
}

void folder_open(struct folder *f, int fd)
{
	folder_close(f);
	f->fd = fd;
	folder_scan(f);
}

void folder_close(struct folder *f)
{
	forget(f);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* NAME.jsonl -> NAME.witness.json */
static char *read_witness(const struct folder *f, const char *log, size_t *len)
{
	char name[512];

	snprintf(name, sizeof(name), "%.*s.witness.json", (int)(strlen(log) - strlen(".jsonl")), log);
	return folder_read(f, name, FOLDER_FILE_MAX, len);
}

/* A document that is another's by now is not there; a log is judged as a whole. */
static bool read_entry(const struct folder *f, const struct folder_entry *e, struct folder_document *out)
{
	char *did;
	bool same;

	*out = (struct folder_document){ .log = e->log };
	out->text = folder_read(f, e->file, e->log ? FOLDER_FILE_MAX : FOLDER_DOCUMENT_MAX, &out->len);
	did = out->text && !e->log ? did_of(out->text, out->len, false) : NULL;
	same = out->text && (e->log || (did && strcmp(did, e->did) == 0));
	free(did);
	if (same && e->log)
		out->witness = read_witness(f, e->file, &out->witness_len);
	if (!same)
		free(out->text);
	return same;
}

bool folder_document(const struct folder *f, const char *did, struct folder_document *out)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->entries[i].did, did) == 0 && read_entry(f, &f->entries[i], out))
			return true;
	return false;
}

char *folder_resource(const struct folder *f, const char *key, size_t *len, char type[FOLDER_TYPE_MAX])
{
	char *text = f->fd >= 0 ? folder_read(f, INDEX, FOLDER_FILE_MAX, len) : NULL, *out = NULL;
	cJSON *index = text ? cJSON_ParseWithLength(text, *len) : NULL;
	const cJSON *row = cJSON_GetObjectItemCaseSensitive(index, key);
	const char *file = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "file"));
	const char *said = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "contentType"));
	char path[300];

	snprintf(type, FOLDER_TYPE_MAX, "%s", said ? said : "");
	if (file && file[0] != '.' && !strchr(file, '/') && strlen(file) < 256) {
		snprintf(path, sizeof(path), "resources/%s", file);
		out = folder_read(f, path, FOLDER_FILE_MAX, len);
	}
	cJSON_Delete(index);
	free(text);
	return out;
}
