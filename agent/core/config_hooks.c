/* SPDX-License-Identifier: Apache-2.0 */
/* [hook]: the programs that make use of what is provisioned. */
#include "agent/core/config.h"
#include "agent/ipc/hook.h"

/* BERTH_E_NOMATCH: a section with nothing in it, which is none. */
static enum berth_err one(const struct berth_config *c, const char *name, struct berth_hook *h)
{
	const char *folder;

	*h = (struct berth_hook){ .name = name, .program = berth_config_str(c, "hook", name, "program"),
		.uid = (uid_t)berth_config_int(c, "hook", name, "uid"), .gid = (gid_t)berth_config_int(c, "hook", name, "gid") };
	if (!h->gid)
		h->gid = h->uid;
	if (!h->program[0] && !berth_config_item(c, "hook", name, "type", 0))
		return BERTH_E_NOMATCH;
	if (!h->program[0] || !berth_config_item(c, "hook", name, "type", 0))
		return berth_fail(BERTH_E_CONFIG, "[hook %s]: needs program and type", name);
	for (size_t i = 0; (folder = berth_config_item(c, "hook", name, "write", i)); i++) {
		if (h->n_write == BERTH_HOOK_WRITE_MAX)
			return berth_fail(BERTH_E_CONFIG, "[hook %s] write: more than %d folders", name, BERTH_HOOK_WRITE_MAX);
		h->write[h->n_write++] = folder;
	}
	return berth_hook_check(h);
}

enum berth_err berth_config_hooks(const struct berth_config *c, struct berth_hook *v, size_t *n)
{
	enum berth_err rc;
	const char *name;

	*n = 0;
	for (size_t i = 0; (name = berth_config_section(c, "hook", i)); i++) {
		if (*n == BERTH_HOOKS_MAX)
			return berth_fail(BERTH_E_CONFIG, "[hook %s]: more than %d hooks", name, BERTH_HOOKS_MAX);
		if (!(rc = one(c, name, &v[*n])))
			(*n)++;
		else if (rc != BERTH_E_NOMATCH)
			return rc;
	}
	return BERTH_OK;
}

bool berth_config_hook_takes(const struct berth_config *c, const char *name, const char *type, const char *id)
{
	const char *one = berth_config_item(c, "hook", name, "item", 0);

	return berth_config_has(c, "hook", name, "type", type) && (!one || berth_config_has(c, "hook", name, "item", id));
}

bool berth_config_hooked(const void *config, const char *type, const char *id)
{
	const char *name;

	for (size_t i = 0; (name = berth_config_section(config, "hook", i)); i++)
		if (berth_config_str(config, "hook", name, "program")[0] && berth_config_hook_takes(config, name, type, id))
			return true;
	return false;
}
