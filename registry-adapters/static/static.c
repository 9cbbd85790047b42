/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of DID documents as a registry: config {"dir": "/etc/berth/did"}, one
 * document in each *.json, found by its "id".  For closed networks, tests, and as a
 * mirror that something else fills.  Files may be added, replaced (by rename) and
 * removed at any time.  Symlinks and files above 64 KiB are left out. */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "berth/registry.h"

#define FILES_MAX 4096
#define FILE_SIZE_MAX (64 * 1024)
#define RESCAN_S 1	/* at most one scan of the folder in this time */

struct entry {
	char *id, *file;
};

struct folder {
	const struct berth_registry_host *host;
	int fd;
	struct entry *entries;
	size_t n;
	struct timespec scanned;
};

static void say(const struct folder *f, int level, const char *what, const char *name)
{
	char line[256];

	snprintf(line, sizeof(line), "static: %s: %.120s", what, name);
	f->host->log(level, line);
}

/* The whole file, or NULL.  free() it. */
static char *read_file(const struct folder *f, const char *name, size_t *len)
{
	int fd = openat(f->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *p = NULL;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= FILE_SIZE_MAX &&
	    (p = malloc((size_t)st.st_size)))
		n = read(fd, p, (size_t)st.st_size);
	if (fd >= 0)
		close(fd);
	if (n > 0) {
		*len = (size_t)n;
		return p;
	}
	free(p);
	return NULL;
}

/* The id of a document; only to find it: the agent reads it strictly. */
static char *id_of(const char *p, size_t len)
{
	cJSON *doc = cJSON_ParseWithLength(p, len);
	const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(doc, "id"));
	char *copy = id ? strdup(id) : NULL;

	cJSON_Delete(doc);
	return copy;
}

static void forget(struct folder *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->entries[i].id);
		free(f->entries[i].file);
	}
	free(f->entries);
	f->entries = NULL;
	f->n = 0;
}

static void add(struct folder *f, const char *name)
{
	size_t len, dot = strlen(name);
	struct entry *grown;
	char *text;

	if (dot < 6 || strcmp(name + dot - 5, ".json") != 0 || f->n == FILES_MAX)
		return;
	text = read_file(f, name, &len);
	grown = text ? realloc(f->entries, (f->n + 1) * sizeof(*grown)) : NULL;
	if (grown) {
		f->entries = grown;
		grown[f->n].id = id_of(text, len);
		grown[f->n].file = strdup(name);
	}
	if (grown && grown[f->n].id && grown[f->n].file) {
		f->n++;
	} else {
		if (grown) {
			free(grown[f->n].id);
			free(grown[f->n].file);
		}
		say(f, 1, "left out", name);
	}
	free(text);
}

static void scan(struct folder *f)
{
	int fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
	clock_gettime(CLOCK_MONOTONIC, &f->scanned);
}

static bool scan_again(struct folder *f)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - f->scanned.tv_sec < RESCAN_S)
		return false;
	scan(f);
	return true;
}

/* The document's bytes, if the file still is what it was. */
static char *lookup(const struct folder *f, const char *did, size_t *len)
{
	for (size_t i = 0; i < f->n; i++) {
		char *text, *id;
		bool same;

		if (strcmp(f->entries[i].id, did) != 0 || !(text = read_file(f, f->entries[i].file, len)))
			continue;
		id = id_of(text, *len);
		same = id && strcmp(id, did) == 0;
		free(id);
		if (same)
			return text;
		free(text);
	}
	return NULL;
}

static int static_start(const struct berth_registry_host *host, const char *config, void **self)
{
	cJSON *c = cJSON_Parse(config);
	const char *dir = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(c, "dir"));
	struct folder *f = calloc(1, sizeof(*f));
	int bad = 1;

	if (f && dir && dir[0] == '/' && cJSON_GetArraySize(c) == 1) {
		f->host = host;
		f->fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		bad = f->fd < 0;
	}
	if (bad) {
		host->log(0, "static: needs dir = an absolute path of a folder, and nothing else");
		free(f);
	} else {
		scan(f);
		*self = f;
	}
	cJSON_Delete(c);
	return bad;
}

static void static_stop(void *self)
{
	struct folder *f = self;

	forget(f);
	close(f->fd);
	free(f);
}

static void answer(const struct folder *f, struct berth_registry_query *query, int status, const char *message)
{
	const struct berth_registry_answer a = { .size = sizeof(a), .status = status, .message = message };

	f->host->answer(query, &a);
}

static void answer_document(const struct folder *f, struct berth_registry_query *query, const char *doc, size_t len)
{
	const struct berth_registry_part part = { "didDocument", (const uint8_t *)doc, len };
	const struct berth_registry_answer a = {
		.size = sizeof(a), .status = BERTH_REGISTRY_OK, .parts = &part, .n_parts = 1,
	};

	f->host->answer(query, &a);
}

static void static_ask(void *self, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	struct folder *f = self;
	size_t len = 0;
	char *doc;

	if (q->version_id || q->version_time) {
		answer(f, query, BERTH_REGISTRY_NOT_FOUND, "a folder knows of no versions");
		return;
	}
	doc = lookup(f, q->did, &len);
	if (!doc && scan_again(f))
		doc = lookup(f, q->did, &len);
	if (!doc)
		answer(f, query, BERTH_REGISTRY_NOT_FOUND, "no such document in the folder");
	else if (len > q->max_bytes)
		answer(f, query, BERTH_REGISTRY_TOO_BIG, "document too large");
	else
		answer_document(f, query, doc, len);
	free(doc);
}

static const struct berth_registry_adapter adapter = {
	.size = sizeof(adapter),
	.abi_major = BERTH_REGISTRY_ABI_MAJOR,
	.abi_minor = BERTH_REGISTRY_ABI_MINOR,
	.name = "static",
	.methods = "*",
	.operations = 1u << BERTH_REGISTRY_RESOLVE,
	.start = static_start,
	.stop = static_stop,
	.ask = static_ask,
};

__attribute__((visibility("default")))
const struct berth_registry_adapter *berth_registry_adapter_v2(void)
{
	return &adapter;
}
