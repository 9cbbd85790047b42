/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/keyd_ethr.h"

#include <string.h>

enum { META = 1, LEGACY = 2, RELAYED = 4, ALL = 7 };

void berth_keyd_put_ethr(struct berth_buf *b, const struct berth_ethr_order *o)
{
	const char *name = o->call.name ? o->call.name : "";

	berth_buf_be64(b, o->registry.chain_id);
	berth_buf_put(b, o->registry.address.b, sizeof(o->registry.address.b));
	berth_buf_u8(b, (uint8_t)o->call.function);
	berth_buf_put(b, o->call.identity.b, sizeof(o->call.identity.b));
	berth_buf_put(b, o->call.party.b, sizeof(o->call.party.b));
	berth_buf_vec16(b, name, strlen(name) + 1);
	berth_buf_vec16(b, o->call.value, o->call.value_len);
	berth_buf_be64(b, o->call.validity_s);
	berth_buf_u8(b, (uint8_t)((o->meta ? META : 0) | (o->legacy ? LEGACY : 0) | (o->relayed ? RELAYED : 0)));
	berth_buf_be64(b, o->nonce);
	berth_buf_be64(b, o->gas_limit);
	berth_buf_be64(b, o->gas_price);
	berth_buf_be64(b, o->max_fee);
	berth_buf_be64(b, o->max_priority_fee);
	berth_buf_put(b, o->owner.rs, sizeof(o->owner.rs));
	berth_buf_u8(b, o->owner.recovery);
}

/* "" is no name. */
static const char *get_name(struct berth_cur *c)
{
	struct berth_cur t = berth_cur_vec16(c, BERTH_ETHR_NAME_MAX + 1);

	if (t.n == 0 || memchr(t.p, 0, t.n) != t.p + t.n - 1) {
		c->bad = true;
		return NULL;
	}
	return t.n > 1 ? (const char *)t.p : NULL;
}

void berth_keyd_get_ethr(struct berth_cur *c, struct berth_ethr_order *o)
{
	struct berth_cur value;
	uint8_t flags;

	o->registry.chain_id = berth_cur_be64(c);
	berth_cur_copy(c, o->registry.address.b, sizeof(o->registry.address.b));
	o->call.function = (enum berth_ethr_function)berth_cur_u8(c);
	berth_cur_copy(c, o->call.identity.b, sizeof(o->call.identity.b));
	berth_cur_copy(c, o->call.party.b, sizeof(o->call.party.b));
	o->call.name = get_name(c);
	value = berth_cur_vec16(c, BERTH_ETHR_VALUE_MAX);
	o->call.value = value.p;
	o->call.value_len = value.n;
	o->call.validity_s = berth_cur_be64(c);
	flags = berth_cur_u8(c);
	o->meta = flags & META;
	o->legacy = flags & LEGACY;
	o->relayed = flags & RELAYED;
	o->nonce = berth_cur_be64(c);
	o->gas_limit = berth_cur_be64(c);
	o->gas_price = berth_cur_be64(c);
	o->max_fee = berth_cur_be64(c);
	o->max_priority_fee = berth_cur_be64(c);
	berth_cur_copy(c, o->owner.rs, sizeof(o->owner.rs));
	o->owner.recovery = berth_cur_u8(c);
	c->bad |= o->call.function == 0 || o->call.function >= BERTH_ETHR__END || flags & ~ALL;
}
