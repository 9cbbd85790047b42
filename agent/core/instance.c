/* SPDX-License-Identifier: Apache-2.0 */
/* The records of machines' instances: {"state", "data"} in the machine's namespace, and what
 * it keeps apart of data in one of its own.  Both are written in one transaction. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"

#define INSTANCE_MAX ((size_t)512 << 10)
#define MOSTLY 4095	/* is room for one; a text that grows is copied and wiped at every size */

static enum berth_err read_instance(const struct berth_machine *m, const struct berth_buf *text, struct berth_instance *inst)
{
	struct berth_json *v = NULL;
	const char *state;
	enum berth_err rc;

	if ((rc = berth_json_parse_object(&v, (const char *)text->p, text->len, INSTANCE_MAX)) ||
	    (rc = berth_json_req_str(v, "state", 32, &state)))
		goto out;
	inst->state = berth_machine_state(m, state);
	inst->data = berth_json_detach(v, "data");
	if (inst->state < 0 || !inst->data)
		rc = berth_fail(BERTH_E_STORE, "%s %s: state %s", m->name, inst->key, state);
out:
	berth_json_free(v);
	return rc;
}

enum berth_err agent_load(struct berth_agent *a, const struct berth_machine *m, const char *key,
			  struct berth_instance *inst)
{
	struct berth_buf text = BERTH_BUF_INIT;
	bool found = false;
	enum berth_err rc;

	*inst = (struct berth_instance){ 0 };
	if (!(rc = berth_store_get(a->cfg.store, m->name, key, &text, &found))) {
		if (!(inst->key = strdup(key)) || (!found && !(inst->data = berth_json_new_object())))
			rc = berth_no_memory();
		else if (found)
			rc = read_instance(m, &text, inst);
	}
	berth_buf_free(&text);
	if (rc)
		berth_instance_free(inst);
	return rc;
}

enum berth_err agent_put(struct berth_agent *a, bool guest, const char *ns, const char *key, const struct berth_buf *value)
{
	return guest ? berth_store_put_guest(a->cfg.store, ns, key, value->p, value->len)
		     : berth_store_put(a->cfg.store, ns, key, value->p, value->len);
}

/* Out of data and into its record, where a step has set it; an instance of an earlier version
 * has it in data, too. */
static enum berth_err save_apart(struct berth_agent *a, const struct berth_machine *m, const struct berth_instance *inst,
				 bool guest)
{
	struct berth_json *v = m->apart ? berth_json_detach(inst->data, m->apart) : NULL;
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = v ? berth_json_print(&text, v) : BERTH_OK;

	if (v && !rc)
		rc = agent_put(a, guest, m->apart_ns, inst->key, &text);
	berth_json_free(v);
	berth_buf_free(&text);
	return rc;
}

enum berth_err agent_save(struct berth_agent *a, const struct berth_machine *m, const struct berth_instance *inst, bool guest)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = save_apart(a, m, inst, guest);

	if (rc)
		return rc;
	berth_buf_room(&text, MOSTLY);
	berth_buf_str(&text, "{\"state\":");
	berth_json_print_str(&text, m->states[inst->state]);
	berth_buf_str(&text, ",\"data\":");
	if (!(rc = berth_json_print(&text, inst->data))) {
		berth_buf_u8(&text, '}');
		if (!(rc = berth_buf_status(&text)) && text.len > INSTANCE_MAX)
			rc = berth_fail(BERTH_E_SIZE, "%s %s: %zu bytes", m->name, inst->key, text.len);
		if (!rc)
			rc = agent_put(a, guest, m->name, inst->key, &text);
	}
	berth_buf_free(&text);
	return rc;
}

/* --- looking in --- */
static enum berth_err read_record(struct berth_agent *a, const char *ns, const char *key, struct berth_json **out)
{
	struct berth_buf text = BERTH_BUF_INIT;
	bool found = false;
	enum berth_err rc = berth_store_get(a->cfg.store, ns, key ? key : "self", &text, &found);

	*out = NULL;
	if (!rc && !found)
		rc = berth_fail(BERTH_E_NOMATCH, "no %s %s", ns, key ? key : "self");
	if (!rc)
		rc = berth_json_parse(out, (const char *)text.p, text.len, BERTH_JSON_MAX);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_agent_instance(struct berth_agent *a, const char *machine, const char *key,
				    struct berth_json **out)
{
	enum berth_err rc = read_record(a, machine, key, out);

	if (rc || berth_json_is(*out, BERTH_JSON_OBJECT))
		return rc;
	berth_json_free(*out);
	*out = NULL;
	return berth_fail(BERTH_E_TYPE, "%s: not an object", machine);
}

/* An instance that was not written since the first of its kind has it in data. */
enum berth_err berth_agent_apart(struct berth_agent *a, const struct berth_machine *m, const char *key, struct berth_json **out)
{
	struct berth_json *inst = NULL, *v;
	enum berth_err rc = read_record(a, m->apart_ns, key, out);

	if (rc != BERTH_E_NOMATCH || (rc = read_record(a, m->name, key, &inst)))
		return rc;
	v = berth_json_detach(berth_json_get_mut(inst, "data"), m->apart);
	berth_json_free(inst);
	return (*out = v) ? BERTH_OK : berth_fail(BERTH_E_NOMATCH, "no %s of %s %s", m->apart, m->name, key ? key : "self");
}

struct each { berth_agent_each_fn fn; void *arg; };

static enum berth_err each_one(void *arg, const char *key, const uint8_t *p, size_t n)
{
	const struct each *e = arg;
	struct berth_json *v = NULL;
	enum berth_err rc = berth_json_parse_object(&v, (const char *)p, n, BERTH_JSON_MAX);

	if (!rc)
		rc = e->fn(e->arg, key, v);
	berth_json_free(v);
	return rc;
}

enum berth_err berth_agent_each(struct berth_agent *a, const char *machine, berth_agent_each_fn fn, void *arg)
{
	struct each e = { fn, arg };

	return berth_store_each(a->cfg.store, machine, NULL, each_one, &e);
}

