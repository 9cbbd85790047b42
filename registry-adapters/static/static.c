/* SPDX-License-Identifier: Apache-2.0 */
/* Folders as a registry, for closed networks, tests, and as a mirror that something else
 * fills (folder.h has what lies in one).  `berth did import-bundle` puts verified bundles
 * into the same folder, each as a whole: the file `current` names the sub-folder of the
 * one that counts.  What lies beside it by hand goes first. */
#include "folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#define DID_ETHR "did:ethr:"
#define RESCAN_S 1	/* at most one scan in this time */
#define SECONDS_A_DAY 86400
#define MAX_AGE_DAYS 36500
#define BUNDLE_NAME_MAX 32	/* "bundle-" and a number */
#define BUNDLE_INFO_MAX ((size_t)1 << 20)

struct registry {
	const struct berth_registry_host *host;
	struct folder loose, bundle;
	struct timespec scanned;
	time_t max_age_s;		/* of the bundle; 0: any */
	char name[BUNDLE_NAME_MAX + 1];	/* of the bundle; "" for none */
	char issued[32];
	double serial;
	time_t issued_s;
};

static long age_days(const struct registry *r)
{
	time_t now = time(NULL);

	return now > r->issued_s ? (long)((now - r->issued_s) / SECONDS_A_DAY) : 0;
}

static bool is_too_old(const struct registry *r)
{
	return r->max_age_s && time(NULL) - r->issued_s > r->max_age_s;
}

/* ---- the bundle ---- */

/* What `current` says: "bundle-" and digits. */
static bool read_current(const struct registry *r, char name[BUNDLE_NAME_MAX + 1])
{
	size_t len, digits;
	char *text = folder_read(&r->loose, "current", BUNDLE_NAME_MAX, &len);
	bool good;

	snprintf(name, BUNDLE_NAME_MAX + 1, "%s", text ? text : "");
	name[strcspn(name, "\n")] = '\0';
	digits = strncmp(name, "bundle-", 7) == 0 ? strspn(name + 7, "0123456789") : 0;
	good = digits > 0 && !name[7 + digits];
	free(text);
	return good;
}

static void read_info(struct registry *r)
{
	size_t len;
	char *text = folder_read(&r->bundle, "bundle.json", BUNDLE_INFO_MAX, &len), line[128];
	cJSON *info = text ? cJSON_ParseWithLength(text, len) : NULL;
	const char *issued = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(info, "issued"));
	const cJSON *serial = cJSON_GetObjectItemCaseSensitive(info, "serial");
	struct tm tm = { 0 };

	r->serial = cJSON_IsNumber(serial) ? serial->valuedouble : 0;
	snprintf(r->issued, sizeof(r->issued), "%s", issued && strptime(issued, "%Y-%m-%dT%H:%M:%SZ", &tm) ? issued : "");
	r->issued_s = r->issued[0] ? timegm(&tm) : 0;
	cJSON_Delete(info);
	free(text);
	snprintf(line, sizeof(line), "static: %s of %s, %ld days old", r->name, r->issued[0] ? r->issued : "no known time", age_days(r));
	r->host->log(is_too_old(r) ? 1 : 2, line);
}

/* Another name in `current` is another folder; one that cannot be opened is none. */
static void find_bundle(struct registry *r)
{
	char name[BUNDLE_NAME_MAX + 1];
	bool there = read_current(r, name);
	int fd;

	if (there && r->bundle.fd >= 0 && strcmp(name, r->name) == 0) {
		folder_scan(&r->bundle);
		return;
	}
	folder_close(&r->bundle);
	r->name[0] = '\0';
	fd = there ? openat(r->loose.fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	memcpy(r->name, name, sizeof(r->name));
	folder_open(&r->bundle, fd);
	read_info(r);
}

static void scan(struct registry *r)
{
	folder_scan(&r->loose);
	find_bundle(r);
	clock_gettime(CLOCK_MONOTONIC, &r->scanned);
}

static bool scan_again(struct registry *r)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - r->scanned.tv_sec < RESCAN_S)
		return false;
	scan(r);
	return true;
}

/* ---- answers ---- */

static void say(const struct registry *r, struct berth_registry_query *query, int status, const char *message)
{
	const struct berth_registry_answer a = { .size = sizeof(a), .status = status, .message = message };

	r->host->answer(query, &a);
}

/* The parts that there are; of a bundle one more, with how old it is. */
static void say_parts(const struct registry *r, const struct berth_registry_request *q, struct berth_registry_query *query,
		      struct berth_registry_part parts[3], bool of_bundle)
{
	struct berth_registry_answer a = { .size = sizeof(a), .parts = parts };
	char info[160];
	size_t sum = 0;

	if (of_bundle) {
		snprintf(info, sizeof(info), "{\"serial\":%.0f,\"issued\":\"%s\",\"ageDays\":%ld}", r->serial, r->issued, age_days(r));
		parts[2] = (struct berth_registry_part){ "bundle", (const uint8_t *)info, strlen(info) };
	}
	for (size_t i = 0; i < 3; i++) {
		if (!parts[i].p || parts[i].n == 0 || (i == 2 && parts[i].n > q->max_bytes - sum))
			continue;
		sum += parts[i].n;
		if (sum > q->max_bytes) {
			say(r, query, BERTH_REGISTRY_TOO_BIG, "static: more than was asked for");
			return;
		}
		parts[a.n_parts++] = parts[i];
	}
	r->host->answer(query, &a);
}

static void say_document(const struct registry *r, const struct berth_registry_request *q, struct berth_registry_query *query,
			 struct folder_document *d, bool of_bundle)
{
	struct berth_registry_part parts[3] = {
		{ d->log ? "did.jsonl" : "didDocument", (const uint8_t *)d->text, d->len },
		{ "did-witness.json", (const uint8_t *)d->witness, d->witness_len },
	};

	if (!d->log && (q->version_id || q->version_time))
		say(r, query, BERTH_REGISTRY_NOT_FOUND, "static: a document alone has no versions");
	else
		say_parts(r, q, query, parts, of_bundle);
	free(d->text);
	free(d->witness);
}

/* What lies there by hand goes first.  free(); NULL: nothing. */
static char *find_resource(const struct registry *r, const char *key, size_t *len, char type[FOLDER_TYPE_MAX], bool *of_bundle)
{
	char *text = folder_resource(&r->loose, key, len, type);

	*of_bundle = !text;
	return text || is_too_old(r) ? text : folder_resource(&r->bundle, key, len, type);
}

/* Of a did:ethr what a node said, which is a resource under the DID itself. */
static bool say_history(const struct registry *r, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	char type[FOLDER_TYPE_MAX], *text = NULL;
	bool of_bundle, found;
	size_t len = 0;

	if (strncmp(q->did, DID_ETHR, strlen(DID_ETHR)) == 0 && (text = find_resource(r, q->did, &len, type, &of_bundle))) {
		struct berth_registry_part parts[3] = { { "ethr", (const uint8_t *)text, len } };

		say_parts(r, q, query, parts, of_bundle);
	}
	found = text != NULL;
	free(text);
	return found;
}

static bool resolve(const struct registry *r, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	bool loose, bundle = false;
	struct folder_document d;

	if (!(loose = folder_document(&r->loose, q->did, &d)))
		bundle = !is_too_old(r) && folder_document(&r->bundle, q->did, &d);
	if (loose || bundle)
		say_document(r, q, query, &d, bundle);
	return loose || bundle || say_history(r, q, query);
}

static bool fetch(const struct registry *r, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	char *key = NULL, type[FOLDER_TYPE_MAX], *text;
	const char *resource = q->resource ? q->resource : "";
	bool of_bundle, found;
	size_t len;

	if (asprintf(&key, "%s%s", resource[0] == '/' ? q->did : "", resource) < 0)
		return false;
	text = find_resource(r, key, &len, type, &of_bundle);
	found = text != NULL;
	if (found) {
		struct berth_registry_part parts[3] = {
			{ "resource", (const uint8_t *)text, len }, { "contentType", (const uint8_t *)type, strlen(type) },
		};

		say_parts(r, q, query, parts, of_bundle);
	}
	free(text);
	free(key);
	return found;
}

static void static_ask(void *self, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	struct registry *r = self;
	bool (*answered)(const struct registry *, const struct berth_registry_request *, struct berth_registry_query *) =
		q->op == BERTH_REGISTRY_FETCH ? fetch : resolve;

	if (answered(r, q, query) || (scan_again(r) && answered(r, q, query)))
		return;
	if (r->bundle.fd >= 0 && is_too_old(r))
		say(r, query, BERTH_REGISTRY_UNAVAILABLE, "static: the bundle is too old");
	else
		say(r, query, BERTH_REGISTRY_NOT_FOUND, "static: nothing of that name in the folder");
}

/* ---- configuration ---- */

static void static_stop(void *self)
{
	struct registry *r = self;

	folder_close(&r->loose);
	folder_close(&r->bundle);
	free(r);
}

static const char *set_max_age(struct registry *r, const char *days)
{
	char *end;
	long n = strtol(days, &end, 10);

	if (end == days || *end || n < 1 || n > MAX_AGE_DAYS)
		return "static: bundle-max-age is a number of days";
	r->max_age_s = n * SECONDS_A_DAY;
	return NULL;
}

static const char *configure(struct registry *r, const cJSON *c)
{
	const cJSON *dir = cJSON_GetObjectItemCaseSensitive(c, "dir"), *age = cJSON_GetObjectItemCaseSensitive(c, "bundle-max-age");
	const char *path = cJSON_GetStringValue(dir), *bad = NULL;

	if (!path || path[0] != '/' || cJSON_GetArraySize(c) != (age ? 2 : 1))
		return "static: needs dir = an absolute path of a folder, takes bundle-max-age, and nothing else";
	if (age && (bad = set_max_age(r, cJSON_IsString(age) ? age->valuestring : "")))
		return bad;
	r->loose.fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return r->loose.fd >= 0 ? NULL : "static: dir cannot be opened";
}

static int static_start(const struct berth_registry_host *host, const char *config, void **self)
{
	cJSON *c = cJSON_Parse(config);
	struct registry *r = calloc(1, sizeof(*r));
	const char *bad = "static: no memory";

	if (r) {
		r->host = r->loose.host = r->bundle.host = host;
		r->loose.fd = r->bundle.fd = -1;
		bad = configure(r, c);
	}
	cJSON_Delete(c);
	if (bad) {
		host->log(0, bad);
		if (r)
			static_stop(r);
		return 1;
	}
	scan(r);
	*self = r;
	return 0;
}

static const struct berth_registry_adapter adapter = {
	.size = sizeof(adapter),
	.abi_major = BERTH_REGISTRY_ABI_MAJOR,
	.abi_minor = BERTH_REGISTRY_ABI_MINOR,
	.name = "static",
	.methods = "*",
	.operations = 1u << BERTH_REGISTRY_RESOLVE | 1u << BERTH_REGISTRY_FETCH,
	.start = static_start,
	.stop = static_stop,
	.ask = static_ask,
};

__attribute__((visibility("default")))
const struct berth_registry_adapter *berth_registry_adapter_v2(void)
{
	return &adapter;
}
