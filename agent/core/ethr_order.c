/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/ethr_order.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/core/ethr_sent.h"

#define TEXT_MAX ((size_t)2 * BERTH_ETHR_VALUE_MAX + 2)
#define SIG_LEN 65

void berth_ethr_order_json_free(struct berth_ethr_order_json *o)
{
	berth_buf_free(&o->value);
	memset(o, 0, sizeof(*o));
}

/* ---- reading ---- */

static enum berth_err read_registry(struct berth_ethr_order_json *o, const char *text)
{
	return berth_ethr_registry_parse(&o->order.registry, text) ? berth_fail(BERTH_E_TYPE, "registry: not CHAINID:0xADDRESS") : BERTH_OK;
}

static enum berth_err read_function(struct berth_ethr_order_json *o, const char *text)
{
	o->order.call.function = berth_ethr_function_parse(text);
	return o->order.call.function != BERTH_ETHR__END ? BERTH_OK : berth_fail(BERTH_E_TYPE, "function: %.40s is none", text);
}

static enum berth_err read_identity(struct berth_ethr_order_json *o, const char *text)
{
	return berth_eth_address_parse(&o->order.call.identity, text);
}

static enum berth_err read_party(struct berth_ethr_order_json *o, const char *text)
{
	return berth_eth_address_parse(&o->order.call.party, text);
}

static enum berth_err read_label(struct berth_ethr_order_json *o, const char *text)
{
	if (strlen(text) >= sizeof(o->label))
		return berth_fail(BERTH_E_TYPE, "label: more than %d bytes", BERTH_ETHR_NAME_MAX);
	memcpy(o->label, text, strlen(text) + 1);
	o->order.call.name = o->label;
	return BERTH_OK;
}

static enum berth_err read_value(struct berth_ethr_order_json *o, const char *text)
{
	enum berth_err rc = berth_eth_data_parse(&o->value, text, BERTH_ETHR_VALUE_MAX);

	o->order.call.value = o->value.p;
	o->order.call.value_len = o->value.len;
	return rc;
}

static enum berth_err read_owner(struct berth_ethr_order_json *o, const char *text)
{
	struct berth_buf sig = BERTH_BUF_INIT;
	enum berth_err rc = berth_eth_data_parse(&sig, text, SIG_LEN);

	if (!rc && sig.len != SIG_LEN)
		rc = berth_fail(BERTH_E_TYPE, "owner: %zu bytes, not %d", sig.len, SIG_LEN);
	if (!rc) {
		o->order.relayed = true;
		memcpy(o->order.owner.rs, sig.p, sizeof(o->order.owner.rs));
		o->order.owner.recovery = sig.p[SIG_LEN - 1];
	}
	berth_buf_free(&sig);
	return rc;
}

static const struct {
	const char *name;
	enum berth_err (*read)(struct berth_ethr_order_json *o, const char *text);
} texts[] = {
	{ "registry", read_registry }, { "function", read_function }, { "identity", read_identity }, { "party", read_party },
	{ "label", read_label }, { "value", read_value }, { "owner", read_owner },
};

static const struct {
	const char *name;
	size_t at;
} numbers[] = {
	{ "nonce", offsetof(struct berth_ethr_order, nonce) },
	{ "validity", offsetof(struct berth_ethr_order, call.validity_s) },
	{ "gas", offsetof(struct berth_ethr_order, gas_limit) },
	{ "gasPrice", offsetof(struct berth_ethr_order, gas_price) },
	{ "maxFeePerGas", offsetof(struct berth_ethr_order, max_fee) },
	{ "maxPriorityFeePerGas", offsetof(struct berth_ethr_order, max_priority_fee) },
};
#define N(list) (sizeof(list) / sizeof((list)[0]))

static enum berth_err read_member(struct berth_ethr_order_json *o, const char *name, const struct berth_json *v)
{
	const char *text = berth_json_str(v);

	if (strcmp(name, "meta") == 0 && berth_json_is(v, BERTH_JSON_BOOL)) {
		o->order.meta = berth_json_bool(v, false);
		return BERTH_OK;
	}
	if (!text || strlen(text) > TEXT_MAX)
		return berth_fail(BERTH_E_TYPE, "%.40s: not text, or too long", name);
	for (size_t i = 0; i < N(texts); i++)
		if (strcmp(texts[i].name, name) == 0)
			return texts[i].read(o, text);
	for (size_t i = 0; i < N(numbers); i++)
		if (strcmp(numbers[i].name, name) == 0)
			return berth_eth_quantity_parse((uint64_t *)(void *)((char *)&o->order + numbers[i].at), text);
	return berth_fail(BERTH_E_TYPE, "%.40s: no field of a transaction", name);
}

enum berth_err berth_ethr_order_read(struct berth_ethr_order_json *out, const struct berth_json *o)
{
	static const char *const needed[] = { "registry", "function", "identity", "nonce" };
	enum berth_err rc = BERTH_OK;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; !rc && i < N(needed); i++)
		if (!berth_json_get(o, needed[i]))
			rc = berth_fail(BERTH_E_TYPE, "%s is missing", needed[i]);
	for (const struct berth_json *v = berth_json_first(o); !rc && v; v = berth_json_next(v))
		rc = read_member(out, berth_json_key(v), v);
	out->order.legacy = out->order.gas_price != 0;
	if (rc)
		berth_ethr_order_json_free(out);
	return rc;
}

/* ---- writing ---- */

enum berth_err berth_ethr_set_hex(struct berth_json *j, const char *name, const void *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_ethr_put_hex(&text, p, n);
	if (!(rc = berth_buf_status(&text)))
		rc = berth_json_set_str(j, name, berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}

static enum berth_err set_numbers(struct berth_json *j, const struct berth_ethr_order *o)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < N(numbers); i++) {
		char text[20];
		uint64_t v;

		memcpy(&v, (const char *)o + numbers[i].at, sizeof(v));
		snprintf(text, sizeof(text), "0x%" PRIx64, v);
		if (v || i == 0)	/* the nonce in any case */
			rc = berth_json_set_str(j, numbers[i].name, text);
	}
	return rc;
}

static enum berth_err set_call(struct berth_json *j, const struct berth_ethr_call *c)
{
	static const struct berth_eth_address null;
	enum berth_err rc;

	if ((rc = berth_json_set_str(j, "function", berth_ethr_function_name(c->function))) ||
	    (rc = berth_ethr_set_hex(j, "identity", c->identity.b, sizeof(c->identity.b))) ||
	    (!berth_eth_address_equal(&c->party, &null) && (rc = berth_ethr_set_hex(j, "party", c->party.b, sizeof(c->party.b)))) ||
	    (c->name && (rc = berth_json_set_str(j, "label", c->name))))
		return rc;
	return c->value_len ? berth_ethr_set_hex(j, "value", c->value, c->value_len) : BERTH_OK;
}

static enum berth_err set_registry(struct berth_json *j, const struct berth_ethr_registry *r)
{
	char address[BERTH_ETH_ADDRESS_LEN + 1], text[24 + sizeof(address)];

	berth_eth_address_format(address, &r->address);
	snprintf(text, sizeof(text), "%" PRIu64 ":%s", r->chain_id, address);
	return berth_json_set_str(j, "registry", text);
}

enum berth_err berth_ethr_order_write(struct berth_json **out, const struct berth_ethr_order *o)
{
	struct berth_json *j = berth_json_new_object();
	uint8_t sig[SIG_LEN];
	enum berth_err rc;

	*out = NULL;
	memcpy(sig, o->owner.rs, sizeof(o->owner.rs));
	sig[SIG_LEN - 1] = o->owner.recovery;
	if ((rc = set_registry(j, &o->registry)) || (rc = set_call(j, &o->call)) || (rc = set_numbers(j, o)) ||
	    (o->meta && (rc = berth_json_set_bool(j, "meta", true))) ||
	    (o->relayed && (rc = berth_ethr_set_hex(j, "owner", sig, sizeof(sig)))))
		berth_json_free(j);
	else
		*out = j;
	return rc;
}
