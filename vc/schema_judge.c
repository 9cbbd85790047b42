/* SPDX-License-Identifier: Apache-2.0 */
/* credentialSchema: schemas out of a folder, never off the net. */
#include <string.h>

#include "vc/judge.h"
#include "vc/schema.h"
#include "vc/status.h"

#define SCHEMAS_MAX 8

/* Both are of the whole credential. */
static bool is_known(const struct berth_json *entry)
{
	const char *type = berth_json_str(berth_json_get(entry, "type"));

	return type && (!strcmp(type, "JsonSchema") || !strcmp(type, "1EdTechJsonSchemaValidator2019"));
}

struct search {
	const char *id;
	struct berth_json *schema;	/* owned */
};

/* A schema is found by its $id (id, before draft 6). */
static enum berth_err try_file(void *arg, const char *name, const char *text, size_t n)
{
	struct search *s = arg;
	struct berth_json *o;
	const char *id;
	enum berth_err rc;

	(void)name;
	if (s->schema)
		return BERTH_OK;
	if ((rc = berth_json_parse_object(&o, text, n, BERTH_STATUS_FILE_MAX)))
		return rc == BERTH_E_NOMEM ? rc : BERTH_OK;	/* not one of ours */
	id = berth_json_str(berth_json_get(o, "$id"));
	if (!id)
		id = berth_json_str(berth_json_get(o, "id"));
	if (id && strlen(id) - (*id && id[strlen(id) - 1] == '#') == strlen(s->id) && !strncmp(id, s->id, strlen(s->id)))
		s->schema = o;
	else
		berth_json_free(o);
	return BERTH_OK;
}

/* BERTH_OK: *schema is there and of words that we know; E_STATUS, E_TYPE, E_SIZE: it is not. */
static enum berth_err find(struct berth_json **schema, const struct berth_verify *v, const char *id)
{
	struct search s = { .id = id };
	enum berth_err rc;

	*schema = NULL;
	if (!v->schema_dir)
		return berth_fail(BERTH_E_STATUS, "no schemas at hand");
	if ((rc = berth_status_dir(v->schema_dir, try_file, &s)) == BERTH_OK)
		rc = s.schema ? berth_schema_check(s.schema) : berth_fail(BERTH_E_STATUS, "schema %.120s: not in the folder", id);
	*schema = s.schema;
	return rc;
}

static enum berth_check judge_one(struct berth_report *r, const struct berth_verify *v, const struct berth_json *entry)
{
	const char *id = berth_json_str(berth_json_get(entry, "id"));
	size_t budget = BERTH_SCHEMA_WORK_MAX;
	struct berth_json *schema = NULL;
	bool valid = false;
	enum berth_err rc;

	if (!id || !is_known(entry))
		rc = berth_fail(BERTH_E_TYPE, "credentialSchema of a type that is not known");
	else if (!(rc = find(&schema, v, id)))
		rc = berth_schema_validate(schema, r->credential, &budget, &valid);
	berth_json_free(schema);
	if (rc == BERTH_E_NOMEM)
		berth_report_note(r, rc);
	if (rc) {
		berth_report_warn(r, "credentialSchema not checked: %s", berth_err_detail());
		return BERTH_CHECK_NOT_CHECKED;
	}
	if (!valid)
		berth_report_note(r, BERTH_E_VC);
	return valid ? BERTH_CHECK_PASSED : BERTH_CHECK_FAILED;
}

void berth_vc_judge_schema(struct berth_report *r, const struct berth_verify *v)
{
	const struct berth_json *s = berth_json_get(r->credential, "credentialSchema"), *it;
	size_t n = 0;

	r->schema = BERTH_CHECK_NOT_PRESENT;
	it = berth_json_is(s, BERTH_JSON_ARRAY) ? berth_json_first(s) : s;
	for (; it && n < SCHEMAS_MAX; it = it == s ? NULL : berth_json_next(it), n++)
		r->schema = berth_check_and(r->schema, judge_one(r, v, it));
	if (it) {
		r->schema = berth_check_and(r->schema, BERTH_CHECK_NOT_CHECKED);
		berth_report_warn(r, "credentialSchema: only the first %d are looked at", SCHEMAS_MAX);
	}
}
