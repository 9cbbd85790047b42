/* SPDX-License-Identifier: Apache-2.0 */
/* [credentials NAME]: what is taken of which type of credential. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/config.h"
#include "vc/policy.h"

#define SECTION "credentials"

/* All words of a list; *n 0 and NULL for none. */
static enum berth_err words(const struct berth_config *c, const char *section, const char *name, const char *key,
			    const char *const **out, size_t *n)
{
	const char **list;
	size_t count = 0;

	while (berth_config_item(c, section, name, key, count))
		count++;
	*out = NULL;
	*n = 0;
	if (count == 0)
		return BERTH_OK;
	if (!(list = calloc(count, sizeof(*list))))
		return berth_no_memory();
	for (; *n < count; ++*n)
		list[*n] = berth_config_item(c, section, name, key, *n);
	*out = list;
	return BERTH_OK;
}

static unsigned unchecked(const struct berth_config *c, const char *name)
{
	static const struct { const char *word; unsigned bit; } all[] = {
		{ "issuer", BERTH_UNCHECKED_ISSUER }, { "validity", BERTH_UNCHECKED_VALIDITY },
		{ "status", BERTH_UNCHECKED_STATUS }, { "schema", BERTH_UNCHECKED_SCHEMA },
	};
	unsigned mask = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		mask |= berth_config_has(c, SECTION, name, "unchecked", all[i].word) ? all[i].bit : 0;
	return mask;
}

static enum berth_status_need status(const char *word)
{
	if (!strcmp(word, "required"))
		return BERTH_STATUS_REQUIRED;
	return !strcmp(word, "ignored") ? BERTH_STATUS_IGNORED : BERTH_STATUS_IF_PRESENT;
}

/* Who else, where a section does not say. */
static enum berth_err default_issuers(const struct berth_config *c, struct berth_vc_rule *r)
{
	if (r->n_issuers || r->n_anchors)
		return BERTH_OK;
	return words(c, "trust", NULL, "root", &r->issuers, &r->n_issuers);
}

static enum berth_err rule(const struct berth_config *c, const char *name, struct berth_vc_rule *r)
{
	enum berth_err rc;

	*r = (struct berth_vc_rule){
		.name = name, .max_stale_s = berth_config_int(c, SECTION, name, "max-stale"), .unchecked = unchecked(c, name),
		.status = status(berth_config_str(c, SECTION, name, "status")),
	};
	if ((rc = words(c, SECTION, name, "type", &r->types, &r->n_types)) ||
	    (rc = words(c, SECTION, name, "issuer", &r->issuers, &r->n_issuers)) ||
	    (rc = words(c, SECTION, name, "anchor", &r->anchors, &r->n_anchors)) ||
	    (rc = words(c, SECTION, name, "format", &r->formats, &r->n_formats)) ||
	    (rc = words(c, SECTION, name, "algorithm", &r->algs, &r->n_algs)) ||
	    (rc = words(c, SECTION, name, "context", &r->contexts, &r->n_contexts)))
		return rc;
	return default_issuers(c, r);
}

void berth_config_credentials_free(struct berth_vc_policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		const struct berth_vc_rule *r = &p->rules[i];
		const char *const *lists[] = { r->types, r->issuers, r->anchors, r->formats, r->algs, r->contexts };

		for (size_t k = 0; k < sizeof(lists) / sizeof(*lists); k++)
			free((void *)(uintptr_t)lists[k]);
	}
	free((void *)(uintptr_t)p->rules);
	free(p);
}

/* Without any section there is one rule, for [trust] root. */
enum berth_err berth_config_credentials(const struct berth_config *c, struct berth_vc_policy **out)
{
	struct berth_vc_policy *p = calloc(1, sizeof(*p));
	struct berth_vc_rule *rules = NULL;
	size_t n = 0;
	enum berth_err rc = BERTH_OK;

	*out = NULL;
	while (berth_config_section(c, SECTION, n))
		n++;
	if (!p || !(rules = calloc(n ? n : 1, sizeof(*rules)))) {
		free(p);
		return berth_no_memory();
	}
	p->rules = rules;
	for (; p->n < n && !rc; p->n++)
		rc = rule(c, berth_config_section(c, SECTION, p->n), &rules[p->n]);
	if (n == 0) {
		p->n = 1;
		rules[0].name = "default";
		rc = default_issuers(c, &rules[0]);
	}
	if (rc)
		berth_config_credentials_free(p);
	else
		*out = p;
	return rc;
}

static const char *set_or_null(const char *s) { return s[0] ? s : NULL; }

void berth_config_folders(const struct berth_config *c, struct berth_verify *v)
{
	v->status_dir = set_or_null(berth_config_str(c, "policy", NULL, "status-dir"));
	v->schema_dir = set_or_null(berth_config_str(c, "policy", NULL, "schema-dir"));
	v->delegation_dir = set_or_null(berth_config_str(c, "policy", NULL, "delegation-dir"));
}
