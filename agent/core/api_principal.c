/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/api_principal.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/application.h"

static bool number(uint32_t *out, const char *s)
{
	if (s[0] < '0' || s[0] > '9')
		return false;
	*out = (uint32_t)strtoul(s, NULL, 10);	/* the configuration checked the range */
	return true;
}

/* The files themselves and not the name service, which would load plugins into the
 * process that has the store. */
static enum berth_err user_id(uid_t *out, const char *name, const char *file)
{
	struct passwd *pw;
	FILE *f;

	if (number(out, name))
		return BERTH_OK;
	if (!(f = fopen(file ? file : "/etc/passwd", "re")))
		return berth_fail(BERTH_E_CONFIG, "no list of users to look up %.32s", name);
	while ((pw = fgetpwent(f)) && strcmp(pw->pw_name, name))
		;
	if (pw)
		*out = pw->pw_uid;
	fclose(f);
	return pw ? BERTH_OK : berth_fail(BERTH_E_CONFIG, "no user %.32s", name);
}

enum berth_err berth_group_id(gid_t *out, const char *name, const char *file)
{
	struct group *gr;
	FILE *f;

	if (number(out, name))
		return BERTH_OK;
	if (!(f = fopen(file ? file : "/etc/group", "re")))
		return berth_fail(BERTH_E_CONFIG, "no list of groups to look up %.32s", name);
	while ((gr = fgetgrent(f)) && strcmp(gr->gr_name, name))
		;
	if (gr)
		*out = gr->gr_gid;
	fclose(f);
	return gr ? BERTH_OK : berth_fail(BERTH_E_CONFIG, "no group %.32s", name);
}

static size_t count(const struct berth_config *cfg, const char *name, const char *key)
{
	size_t n = 0;

	while (berth_config_item(cfg, "principal", name, key, n))
		n++;
	return n;
}

static enum berth_err load_one(struct berth_principal *p, const struct berth_config *cfg, const char *name,
			       const char *passwd, const char *group)
{
	size_t uids = count(cfg, name, "uid"), gids = count(cfg, name, "gid");
	enum berth_err rc;

	*p = (struct berth_principal){
		.name = name, .cfg = cfg, .exe = berth_config_str(cfg, "principal", name, "exe"),
		.unit = berth_config_str(cfg, "principal", name, "unit"),
		.uids = calloc(uids + 1, sizeof(uid_t)), .gids = calloc(gids + 1, sizeof(gid_t)),
	};
	if (!p->uids || !p->gids)
		return berth_no_memory();
	while (p->n_uids < uids) {
		if ((rc = user_id(&p->uids[p->n_uids], berth_config_item(cfg, "principal", name, "uid", p->n_uids),
				  passwd)))
			return rc;
		p->n_uids++;
	}
	while (p->n_gids < gids) {
		if ((rc = berth_group_id(&p->gids[p->n_gids], berth_config_item(cfg, "principal", name, "gid", p->n_gids),
					 group)))
			return rc;
		p->n_gids++;
	}
	return BERTH_OK;
}

enum berth_err berth_principals_load(struct berth_principals *out, const struct berth_config *cfg,
				     const char *passwd, const char *group)
{
	struct berth_principals p = { 0 };
	enum berth_err rc = BERTH_OK;
	const char *name;
	size_t n = 0;

	*out = p;
	while (berth_config_section(cfg, "principal", n))
		n++;
	if (!(p.list = calloc(n + 1, sizeof(*p.list))))
		return berth_no_memory();
	while (!rc && (name = berth_config_section(cfg, "principal", p.n))) {
		struct berth_principal *one = &p.list[p.n++];

		rc = load_one(one, cfg, name, passwd, group);
		/* An empty section is an example; one that grants would be everybody's. */
		if (!rc && !one->n_uids && !one->n_gids && !one->exe[0] && !one->unit[0] && count(cfg, name, "may"))
			rc = berth_fail(BERTH_E_CONFIG, "[principal %s]: needs uid, gid, exe or unit", name);
	}
	if (rc)
		berth_principals_free(&p);
	*out = p;
	return rc;
}

void berth_principals_free(struct berth_principals *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->list[i].uids);
		free(p->list[i].gids);
	}
	free(p->list);
	*p = (struct berth_principals){ 0 };
}

static bool has_id(const struct berth_principal *p, const struct berth_peer *peer)
{
	for (size_t i = 0; i < p->n_uids; i++)
		if (p->uids[i] == peer->uid)
			return true;
	for (size_t i = 0; i < p->n_gids; i++) {
		if (p->gids[i] == peer->gid)
			return true;
		for (size_t k = 0; k < peer->n_groups; k++)
			if (p->gids[i] == peer->groups[k])
				return true;
	}
	return false;
}

const struct berth_principal *berth_principal_of(const struct berth_principals *p, const struct berth_peer *peer)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct berth_principal *one = &p->list[i];

		if (!one->n_uids && !one->n_gids && !one->exe[0] && !one->unit[0])
			continue;
		if ((one->n_uids || one->n_gids) && !has_id(one, peer))
			continue;
		if ((one->exe[0] && strcmp(one->exe, peer->exe)) || (one->unit[0] && strcmp(one->unit, peer->unit)))
			continue;
		return one;
	}
	return NULL;
}

/* Only types of messages have families: "secret:a*" is the secret of that name. */
static bool covers(const char *right, const char *grant, const char *object)
{
	if (!strcmp(grant, "*") || !strcmp(grant, object))
		return true;
	return !strcmp(right, "message:") && berth_type_matches(grant, object);
}

bool berth_principal_may(const struct berth_principal *p, const char *right, const char *object)
{
	size_t n = strlen(right);
	const char *grant;

	if (!p)
		return false;
	for (size_t i = 0; (grant = berth_config_item(p->cfg, "principal", p->name, "may", i)); i++) {
		if (strncmp(grant, right, n))
			continue;
		if (n && right[n - 1] == ':' ? covers(right, grant + n, object) : !grant[n])
			return true;
	}
	return false;
}
