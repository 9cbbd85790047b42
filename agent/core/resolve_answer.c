/* SPDX-License-Identifier: Apache-2.0 */
/* What the answer of a registry means: a code, or evidence that is judged, with what was
 * believed before of a DID whose method has a history. */
#include <stdio.h>
#include <string.h>

#include "agent/core/judge.h"
#include "agent/core/resolve_internal.h"
#include "berth/registry.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define BUNDLE_MAX 1024

enum berth_err resolve_status(const struct berth_res_answer *a)
{
	/* what the adapter was refused, it may have told in fewer words */
	if ((a->status == BERTH_REGISTRY_UNAVAILABLE || a->status == BERTH_REGISTRY_REFUSED) &&
	    (a->why == BERTH_E_CLOCK || a->why == BERTH_E_NETPOL))
		return berth_fail((enum berth_err)a->why, "%s", a->message);
	switch (a->status) {
	case BERTH_REGISTRY_OK:
		return BERTH_OK;
	case BERTH_REGISTRY_INVALID:
		return berth_fail(BERTH_E_DID, "the registry calls it malformed: %s", a->message);
	case BERTH_REGISTRY_NOT_FOUND:
		return berth_fail(BERTH_E_RESOLVE, "not found: %s", a->message);
	case BERTH_REGISTRY_REFUSED:
		return berth_fail(BERTH_E_NETPOL, "%s", a->message);
	case BERTH_REGISTRY_TOO_BIG:
		return berth_fail(BERTH_E_SIZE, "%s", a->message);
	case BERTH_REGISTRY_UNSUPPORTED:
		return berth_fail(BERTH_E_RESOLVE, "not supported: %s", a->message);
	case BERTH_REGISTRY_CONFLICT:
		return berth_fail(BERTH_E_RESOLVE, "the registry has something else than was expected: %s", a->message);
	default:
		return berth_fail(BERTH_E_RESOLVE, "registry not available: %s", a->message);
	}
}

/* In W3C's words. */
static const char *error_of(uint32_t status)
{
	switch (status) {
	case BERTH_REGISTRY_NOT_FOUND:
		return "notFound";
	case BERTH_REGISTRY_INVALID:
		return "invalidDid";
	case BERTH_REGISTRY_UNSUPPORTED:
		return "methodNotSupported";
	default:
		return "internalError";
	}
}

struct berth_registry_evidence
resolve_evidence(const struct berth_res_answer *a, struct berth_registry_piece pieces[BERTH_RES_PARTS_MAX])
{
	for (size_t i = 0; i < a->n_parts; i++)
		pieces[i] = (struct berth_registry_piece){ a->parts[i].name, a->parts[i].p, a->parts[i].n };
	return (struct berth_registry_evidence){ pieces, a->n_parts, a->ttl_s };
}

/* --- judging ------------------------------------------------------------------------- */

struct judging {
	struct berth_resolveclient *c;
	const struct resolve_case *k;
	const struct berth_registry_evidence *evidence;
	struct berth_buf pin, new_pin;
};

int64_t resolve_now_s(const struct berth_resolveclient *c)
{
	int64_t now = berth_clock_now_s(), floor = c->pins ? c->pins->floor_s(c->pins) : berth_clock_build_s();

	return now > floor ? now : floor;
}

static enum berth_err judge(struct judging *j, const char *pin, struct berth_registry_result *out)
{
	int64_t clock = berth_clock_now_s(), now = resolve_now_s(j->c);
	const struct berth_registry_judge how = {
		.now_s = now, .clock_trusted = j->c->clock_trusted && clock >= now,
		.pin = pin, .new_pin = &j->new_pin, .log = j->k->log,
	};

	berth_buf_reset(&j->new_pin);
	return berth_judge(out, j->evidence, j->k->did, j->k->version, &how, j->k->from->authoritative);
}

/* Evidence that would be good if nothing had been believed before: an older history than
 * we have seen, or another one (C105). */
static enum berth_err on_refused(struct judging *j, enum berth_err rc)
{
	struct berth_registry_result r = { 0 };
	char why[160];

	snprintf(why, sizeof(why), "%s", berth_err_detail());
	if (rc == BERTH_E_RESOLVE && j->pin.len && !judge(j, "", &r))
		j->c->pins->contradicted(j->c->pins, j->k->did, berth_buf_cstr(&j->pin), j->evidence, why);
	berth_registry_result_free(&r);
	return berth_fail(rc, "%s", why);
}

static enum berth_err keep_pin(struct judging *j)
{
	struct berth_pins *pins = j->c->pins;
	enum berth_err rc = berth_buf_status(&j->new_pin);

	if (rc || !pins || !j->new_pin.len)
		return rc;
	if (j->new_pin.len > BERTH_PIN_MAX)
		return berth_fail(BERTH_E_SIZE, "a pin of %zu bytes", j->new_pin.len);
	if (j->pin.len == j->new_pin.len && memcmp(j->pin.p, j->new_pin.p, j->pin.len) == 0)
		return BERTH_OK;
	return pins->put(pins, j->k->did, berth_buf_cstr(&j->new_pin), j->k->ours);
}

/* Of what is from a bundle its age is known (docs/registry-adapters.md). */
static enum berth_err add_bundle(struct berth_registry_result *r, const struct berth_registry_evidence *e)
{
	const struct berth_registry_piece *p = berth_registry_piece(e, "bundle");
	struct berth_json *v;

	if (!p || berth_json_parse_object(&v, (const char *)p->p, p->n, BUNDLE_MAX))
		return BERTH_OK;
	if (!r->metadata)
		r->metadata = berth_json_new_object();
	return berth_json_set(r->metadata, "bundle", v);
}

static enum berth_err print(struct resolve_document *out, const struct berth_registry_result *r)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = r->metadata ? berth_json_print(&out->metadata, r->metadata) : BERTH_OK;

	if (!rc && r->doc && !(rc = berth_json_print(&text, berth_did_doc_json(r->doc))))
		out->bytes = text.len;
	berth_buf_free(&text);
	return rc;
}

static enum berth_err believe(struct judging *j, struct resolve_document *out)
{
	struct berth_pins *pins = berth_judge_keeps_pin(j->k->did) ? j->c->pins : NULL;
	struct berth_registry_result r = { 0 };
	enum berth_err rc;

	if (pins && (rc = pins->get(pins, j->k->did, &j->pin)))
		return rc;
	if ((rc = judge(j, berth_buf_cstr(&j->pin), &r))) {
		out->error = r.error;
		return on_refused(j, rc);
	}
	if (!(rc = keep_pin(j)) && !(rc = add_bundle(&r, j->evidence)))
		rc = print(out, &r);
	if (!rc && ((r.deactivated && !j->k->version) || !r.doc))
		rc = berth_fail(BERTH_E_RESOLVE, "it is deactivated");
	if (!rc) {
		out->ttl_s = r.ttl_s ? r.ttl_s : j->evidence->ttl_s;
		out->doc = r.doc;
		r.doc = NULL;
	}
	berth_registry_result_free(&r);
	return rc;
}

enum berth_err resolve_judge(struct berth_resolveclient *c, const struct resolve_case *k, const struct berth_res_answer *a,
			     struct resolve_document *out)
{
	struct berth_registry_piece pieces[BERTH_RES_PARTS_MAX];
	struct berth_registry_evidence e = resolve_evidence(a, pieces);
	struct judging j = { .c = c, .k = k, .evidence = &e };
	enum berth_err rc = resolve_status(a);

	if (rc) {
		out->outage = rc == BERTH_E_RESOLVE && a->status == BERTH_REGISTRY_UNAVAILABLE;
		out->error = error_of(a->status);
		return rc;
	}
	out->hearsay = !k->from->authoritative && berth_registry_piece(&e, "didResolution");
	if ((rc = believe(&j, out)) && !out->error && !k->version && !out->metadata.len)
		out->error = "internalError";	/* something is there */
	berth_buf_free(&j.pin);
	berth_buf_free(&j.new_pin);
	return rc;
}
