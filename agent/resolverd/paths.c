/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/resolverd/paths.h"

#include <stdlib.h>
#include <string.h>

#include "agent/ipc/resolverd_proto.h"
#include "did/base/json.h"

static bool ends(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static bool is_path_option(const char *key)
{
	return strcmp(key, "dir") == 0 || strcmp(key, "file") == 0 || ends(key, "-dir") || ends(key, "-file");
}

static void identify(const char *path, dev_t *dev, ino_t *ino)
{
	struct stat st;
	bool file = stat(path, &st) == 0 && S_ISREG(st.st_mode);

	*dev = file ? st.st_dev : 0;
	*ino = file ? st.st_ino : 0;
}

static enum berth_err add(struct berth_res_paths *p, const char *path, bool write)
{
	struct berth_res_path *at = &p->v[p->n];

	if (p->n == BERTH_RES_PATHS_MAX)
		return berth_fail(BERTH_E_PLUGIN, "adapters name more than %d files and folders", BERTH_RES_PATHS_MAX);
	if (!(at->path = strdup(path)))
		return berth_no_memory();
	at->write = write;
	identify(path, &at->dev, &at->ino);
	p->n++;
	return BERTH_OK;
}

enum berth_err berth_res_paths_add_file(struct berth_res_paths *p, const char *path)
{
	return add(p, path, false);
}

enum berth_err berth_res_paths_add(struct berth_res_paths *p, const char *config)
{
	struct berth_json *v = NULL;
	enum berth_err rc = berth_json_parse_object(&v, config, strlen(config), BERTH_RES_CONFIG_MAX);

	if (rc)
		return rc == BERTH_E_NOMEM ? rc : berth_fail(BERTH_E_PLUGIN, "the configuration of an adapter is no JSON object");
	berth_json_each(option, v) {
		const char *key = berth_json_key(option), *path = berth_json_str(option);

		if (!rc && path && path[0] == '/' && is_path_option(key))
			rc = add(p, path, strcmp(key, "publish-dir") == 0);
	}
	berth_json_free(v);
	return rc;
}

void berth_res_paths_free(struct berth_res_paths *p)
{
	while (p->n)
		free(p->v[--p->n].path);
}

bool berth_res_paths_are_current(const struct berth_res_paths *p)
{
	for (size_t i = 0; i < p->n; i++) {
		dev_t dev;
		ino_t ino;

		identify(p->v[i].path, &dev, &ino);
		if (dev != p->v[i].dev || ino != p->v[i].ino)
			return false;
	}
	return true;
}
