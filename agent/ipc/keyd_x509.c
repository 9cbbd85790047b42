/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/keyd_x509.h"

#include <string.h>

#include "did/crypto/keypair.h"
#include "did/crypto/x509.h"

static void put_text(struct berth_buf *b, const char *s)
{
	s = s ? s : "";
	berth_buf_vec16(b, s, strlen(s) + 1);
}

void berth_keyd_put_x509(struct berth_buf *b, const struct berth_x509_order *o)
{
	berth_buf_u8(b, (uint8_t)o->kind);
	put_text(b, o->subject);
	berth_buf_u8(b, (uint8_t)o->n_sans);
	for (size_t i = 0; i < o->n_sans; i++)
		put_text(b, o->sans[i]);
	berth_buf_be64(b, (uint64_t)o->from_s);
	berth_buf_be64(b, (uint64_t)o->until_s);
	berth_buf_u8(b, (uint8_t)o->key.type);
	berth_buf_vec16(b, o->key.b, o->key.len);
	berth_buf_vec16(b, o->ca, o->ca_len);
	berth_buf_u8(b, o->server);
	berth_buf_vec32(b, o->data, o->len);
}

static const char *get_text(struct berth_cur *c, size_t max)
{
	struct berth_cur t = berth_cur_vec16(c, max + 1);

	if (t.n == 0 || memchr(t.p, 0, t.n) != t.p + t.n - 1) {
		c->bad = true;
		return "";
	}
	return (const char *)t.p;
}

/* One spelling: what struct berth_pubkey holds. */
static enum berth_err get_key(struct berth_cur *c, struct berth_pubkey *out)
{
	uint8_t type = berth_cur_u8(c);
	struct berth_cur v = berth_cur_vec16(c, BERTH_PUBKEY_MAX);
	enum berth_err rc;

	if (type >= BERTH_KEY__COUNT || (type == BERTH_KEY_NONE && v.n))
		c->bad = true;
	if (c->bad || type == BERTH_KEY_NONE)
		return BERTH_OK;
	if (!(rc = berth_pubkey_import(out, (enum berth_key_type)type, v.p, v.n)) && out->len != v.n)
		rc = berth_fail(BERTH_E_KEY, "keyd: a compressed point");
	if (rc)
		memset(out, 0, sizeof(*out));
	return rc;
}

enum berth_err berth_keyd_get_x509(struct berth_cur *c, struct berth_x509_order *o)
{
	struct berth_cur v;
	uint8_t server;
	enum berth_err rc;

	o->kind = (enum berth_x509_kind)berth_cur_u8(c);
	o->subject = get_text(c, BERTH_X509_SUBJECT_MAX);
	o->n_sans = berth_cur_u8(c);
	if (o->kind < BERTH_X509_REQUEST || o->kind >= BERTH_X509_KIND__END || o->n_sans > BERTH_X509_ORDER_SANS_MAX)
		c->bad = true;
	for (size_t i = 0; !c->bad && i < o->n_sans; i++)
		o->sans[i] = get_text(c, BERTH_X509_SAN_MAX);
	o->from_s = (int64_t)berth_cur_be64(c);
	o->until_s = (int64_t)berth_cur_be64(c);
	rc = get_key(c, &o->key);
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
