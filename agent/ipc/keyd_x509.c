/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/keyd_x509.h"

#include "agent/ipc/keyd_value.h"
#include "did/crypto/x509.h"

void berth_keyd_put_x509(struct berth_buf *b, const struct berth_x509_order *o)
{
	berth_buf_u8(b, (uint8_t)o->kind);
	berth_keyd_put_text(b, o->subject);
	berth_buf_u8(b, (uint8_t)o->n_sans);
	for (size_t i = 0; i < o->n_sans; i++)
		berth_keyd_put_text(b, o->sans[i]);
	berth_buf_be64(b, (uint64_t)o->from_s);
	berth_buf_be64(b, (uint64_t)o->until_s);
	berth_keyd_put_key(b, &o->key);
	berth_buf_vec16(b, o->ca, o->ca_len);
	berth_buf_u8(b, o->server);
	berth_buf_vec32(b, o->data, o->len);
}

enum berth_err berth_keyd_get_x509(struct berth_cur *c, struct berth_x509_order *o)
{
	struct berth_cur v;
	uint8_t server;
	enum berth_err rc;

	o->kind = (enum berth_x509_kind)berth_cur_u8(c);
	o->subject = berth_keyd_get_text(c, BERTH_X509_SUBJECT_MAX);
	o->n_sans = berth_cur_u8(c);
	if (o->kind < BERTH_X509_REQUEST || o->kind >= BERTH_X509_KIND__END || o->n_sans > BERTH_X509_ORDER_SANS_MAX)
		c->bad = true;
	for (size_t i = 0; !c->bad && i < o->n_sans; i++)
		o->sans[i] = berth_keyd_get_text(c, BERTH_X509_SAN_MAX);
	o->from_s = (int64_t)berth_cur_be64(c);
	o->until_s = (int64_t)berth_cur_be64(c);
	rc = berth_keyd_get_key(c, &o->key);
	v = berth_cur_vec16(c, BERTH_X509_MAX);
	o->ca = v.p;
	o->ca_len = v.n;
	server = berth_cur_u8(c);
	c->bad |= server > 1;
	o->server = server;
	v = berth_cur_vec32(c, (size_t)BERTH_X509_REVOKED_MAX * BERTH_X509_REVOKED_LEN);
	o->data = v.p;
	o->len = v.n;
	return rc;
}
