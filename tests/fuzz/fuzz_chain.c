/* SPDX-License-Identifier: Apache-2.0 */
/* First byte '{': a chain package, judged by one who knows nothing.  'i': a package and
 * its blob.  A digit: the payload of that kind of object, well signed. */
#include "agent/protocol/rendezvous.h"
#include "tests/fuzz/forge.h"

#define MOST (BERTH_CHAIN_MAX + BERTH_BLOB_MAX + 256)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void judge(const struct berth_chain *c)
{
	struct berth_chain_policy nothing = { .floor_s = 1 };
	struct berth_chain_result r;

	if (berth_chain_accept(&r, c, &nothing) == BERTH_OK &&
	    (!r.owner.did || r.seq != (int64_t)c->n - 1 || (c->has_delegation && !r.delegate)))
		abort();
	if (berth_chain_compare(c, c, NULL) != BERTH_CHAIN_SAME)
		abort();
}

static void package(const char *p, size_t n)
{
	struct berth_json *json = NULL;
	struct berth_chain *c = NULL;

	if (!berth_json_parse(&json, p, n, MOST) && !berth_chain_from_json(&c, json))
		judge(c);
	berth_chain_free(c);
}

static void invitation(const char *p, size_t n)
{
	struct berth_json *json = NULL;
	struct berth_rv_blob blob = { 0 };
	struct berth_chain *c = NULL;

	if (!berth_json_parse(&json, p, n, MOST) && !berth_invitation_read(&blob, &c, json, NULL))
		judge(c);
	berth_chain_free(c);
	berth_object_free(&blob.obj);
	berth_json_free(json);
}

union any {
	struct berth_device_credential dc;
	struct berth_ownership oc;
	struct berth_delegation d;
	struct berth_resolution r;
	struct berth_operational op;
	struct berth_release rel;
	struct berth_receipt rec;
	struct berth_rv_blob blob;
};

static enum berth_err parse(union any *o, char kind, const char *p, size_t n)
{
	switch (kind) {
	case '1':
		return berth_ownership_parse(&o->oc, p, n);
	case '2':
		return berth_delegation_parse(&o->d, p, n);
	case '3':
		return berth_resolution_parse(&o->r, p, n);
	case '4':
		return berth_operational_parse(&o->op, p, n);
	case '5':
		return berth_release_parse(&o->rel, false, p, n);
	case '6':
		return berth_receipt_parse(&o->rec, p, n);
	case '7':
		return berth_rv_blob_parse(&o->blob, p, n);
	default:
		return berth_device_credential_parse(&o->dc, p, n);
	}
}

static void object(char kind, const uint8_t *p, size_t n)
{
	const char *typ = kind == '6' ? "berth-receipt+jwt" : kind == '7' ? "berth-rv+jwt" : "vc+jwt";
	char *token = forge_token(typ, p, n);
	union any o;

	if (parse(&o, kind, token, strlen(token)) == BERTH_OK && berth_object_verify(&o.dc.obj, NULL, NULL, NULL))
		abort();
	berth_object_free(&o.dc.obj);
	free(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0 || n > MOST)
		return 0;
	if (p[0] == 'i')
		invitation((const char *)p + 1, n - 1);
	else if (p[0] >= '0' && p[0] <= '9')
		object((char)p[0], p + 1, n - 1);
	else
		package((const char *)p, n);
	return 0;
}
