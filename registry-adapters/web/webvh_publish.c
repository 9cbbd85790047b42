/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing a log: what witnesses say of it first, so that nobody finds the one without
 * the other, then the log, then the did:web of the same place.  A log only grows: what is
 * there must be the beginning of what comes. */
#include "webvh.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "job.h"
#include "publish.h"

#define LOG_MAX ((size_t)5 << 20)

static const char *const files[] = { "did-witness.json", "did.jsonl", "did.json" };
enum { WITNESS, LOG, WEB, N_FILES };

static const struct berth_registry_part *part_of(const struct berth_registry_request *q, const char *name)
{
	for (size_t i = 0; i < q->n_parts; i++)
		if (strcmp(q->parts[i].name, name) == 0)
			return &q->parts[i];
	return NULL;
}

/* The log is that of the DID: its last entry's document says so. */
static bool is_of(const struct berth_registry_part *log, const char *did)
{
	const char *p = (const char *)log->p, *end = p + log->n, *line;
	cJSON *entry;
	const char *id;
	bool same;

	while (end > p && end[-1] == '\n')
		end--;
	for (line = end; line > p && line[-1] != '\n'; line--)
		;
	entry = cJSON_ParseWithLength(line, (size_t)(end - line));
	id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(entry, "state"), "id"));
	same = id && strcmp(id, did) == 0;
	cJSON_Delete(entry);
	return same;
}

static bool grows(const struct berth_registry_part *log, const void *old, size_t n)
{
	return n <= log->n && memcmp(log->p, old, n) == 0;
}

/* ---- as files ---- */

/* The log that is there; NULL without one, errno says why. */
static char *read_tree(int tree, const char *path, size_t *n)
{
	int fd = openat(tree, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	char *text = NULL;
	ssize_t got = -1;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= (off_t)LOG_MAX && (text = malloc((size_t)st.st_size + 1)))
		got = read(fd, text, (size_t)st.st_size);
	if (got < 0 || got != st.st_size) {
		free(text);
		text = NULL;
		errno = EIO;
	}
	*n = (size_t)(got > 0 ? got : 0);
	close(fd);
	return text;
}

static int check_tree(const struct web_site *w, const struct berth_registry_request *q, const char *path, const char **why)
{
	size_t n = 0;
	char *old = read_tree(w->tree, path, &n);
	bool create = q->op == BERTH_REGISTRY_CREATE, good;

	if (!old) {
		*why = errno == ENOENT ? "web: there is no log to go on with" : "web: the log that is there cannot be read";
		if (errno != ENOENT)
			return BERTH_REGISTRY_UNAVAILABLE;
		return create ? BERTH_REGISTRY_OK : BERTH_REGISTRY_NOT_FOUND;
	}
	good = !create && grows(part_of(q, files[LOG]), old, n);
	free(old);
	*why = "web: there is another log than the one this goes on with";
	return good ? BERTH_REGISTRY_OK : BERTH_REGISTRY_CONFLICT;
}

/* One that may be there or not. */
static int put_file(int tree, const char *path, const struct berth_registry_part *p, const char **why)
{
	int rc = web_publish_write(tree, path, WEB_CREATE, p->p, p->n, why);

	return rc == BERTH_REGISTRY_CONFLICT ? web_publish_write(tree, path, WEB_REPLACE, p->p, p->n, why) : rc;
}

static void put_in_tree(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query,
			const char *file, const char *url)
{
	char path[WEB_URL_MAX + 16];
	const char *why = "";
	int rc;

	webvh_url_of(path, file, files[LOG]);
	rc = check_tree(w, q, path, &why);
	for (int i = 0; i < N_FILES && !rc; i++) {
		const struct berth_registry_part *p = part_of(q, files[i]);

		webvh_url_of(path, file, files[i]);
		if (p)
			rc = put_file(w->tree, path, p, &why);
	}
	if (rc)
		web_site_say(w, query, rc, why);
	else
		web_site_say_published(w, query, url);
}

/* ---- by HTTP ---- */

static void exchange(struct web_job *j, struct berth_registry_http *http, const char *file, berth_registry_http_done *done)
{
	char url[WEB_URL_MAX + 16], target[WEB_TARGET_MAX];

	webvh_url_of(url, j->url, file);
	web_site_target(target, j->w, url);
	http->size = sizeof(*http);
	http->url = target;
	web_job_begin_let_in(j, http, done);
}

static void put_next(struct web_job *j);

static void on_put(void *arg, const struct berth_registry_http_reply *r)
{
	struct web_job *j = arg;

	if (web_job_failed(j, r, true))
		return;
	j->step++;
	put_next(j);
}

static void put_next(struct web_job *j)
{
	struct berth_registry_http http = { .method = "PUT", .max_bytes = WEB_PUT_REPLY_MAX };
	const struct berth_registry_part *p = NULL;
	char url[WEB_URL_MAX + 16];

	while (j->step < N_FILES && !(p = part_of(j->q, files[j->step])))
		j->step++;
	if (!p) {
		webvh_url_of(url, j->url, files[LOG]);
		web_site_say_published(j->w, j->query, url);
		web_job_free(j);
		return;
	}
	http.content_type = j->step == LOG ? "text/jsonl" : "application/json";
	http.body = p->p;
	http.body_len = p->n;
	exchange(j, &http, files[j->step], on_put);
}

/* What is there now */
static void on_look(void *arg, const struct berth_registry_http_reply *r)
{
	struct web_job *j = arg;
	bool create = j->q->op == BERTH_REGISTRY_CREATE;

	if (create && r->status == BERTH_REGISTRY_OK && (r->code == 404 || r->code == 410))
		put_next(j);
	else if (r->code == 401 || r->code == 403)
		web_job_say(j, BERTH_REGISTRY_REFUSED, "web: the log that is there is not shown to us");
	else if (web_job_failed(j, r, false))
		return;
	else if (create || !grows(part_of(j->q, files[LOG]), r->body, r->body_len))
		web_job_say(j, BERTH_REGISTRY_CONFLICT, "web: there is another log than the one this goes on with");
	else
		put_next(j);
}

static void put_by_http(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query,
			const char *url)
{
	struct berth_registry_http http = { .method = "GET", .max_bytes = LOG_MAX };
	struct web_job *j = web_job_new(w, q, query);

	if (!j)
		return;
	if (q->max_bytes < http.max_bytes)
		http.max_bytes = q->max_bytes;
	snprintf(j->url, sizeof(j->url), "%s", url);
	exchange(j, &http, files[LOG], on_look);
}

/* ---- both ---- */

void webvh_publish(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	const struct berth_registry_part *log = part_of(q, files[LOG]);
	char web[WEB_URL_MAX + 1], url[WEB_URL_MAX + 1], file[WEB_URL_MAX + 1], shown[WEB_URL_MAX + 16];
	const char *why = "web: no did:webvh";
	int rc = BERTH_REGISTRY_INVALID;

	if (q->phase != BERTH_REGISTRY_SUBMIT) {
		web_site_say(w, query, BERTH_REGISTRY_UNSUPPORTED, "web: a log is complete, so there is only SUBMIT");
		return;
	}
	if (webvh_web_did(web, q->did) && !(rc = web_url_document(url, web, &why)))
		rc = web_url_file(file, web, &why);
	webvh_url_of(shown, rc ? "did.json" : url, files[LOG]);
	if (rc)
		web_site_say(w, query, rc, why);
	else if (!log || log->n > LOG_MAX || !is_of(log, q->did))
		web_site_say(w, query, BERTH_REGISTRY_INVALID, "web: no log of that DID is given");
	else if (w->tree >= 0)
		put_in_tree(w, q, query, file, shown);
	else if (w->publish_url)
		put_by_http(w, q, query, url);
	else
		web_site_say(w, query, BERTH_REGISTRY_UNSUPPORTED, "web: neither publish-dir nor publish-url is configured");
}
