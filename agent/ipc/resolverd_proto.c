/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/resolverd_proto.h"

#include <string.h>

#include "berth/registry.h"

static enum berth_err done(const struct berth_cur *c, const char *what)
{
	return berth_cur_done(c) ? BERTH_OK : berth_fail(BERTH_E_TYPE, "resolverd protocol: malformed %s", what);
}

/* Text with its NUL, so that the payload's own bytes serve as a string. */
static void put_text(struct berth_buf *out, const char *s)
{
	berth_buf_vec32(out, s, strlen(s) + 1);
}

static const char *get_text(struct berth_cur *c, size_t max)
{
	struct berth_cur v = berth_cur_vec32(c, max + 1);

	/* one NUL, and it is the last byte */
	if (c->bad || v.n == 0 || memchr(v.p, 0, v.n) != v.p + v.n - 1) {
		c->bad = true;
		return "";
	}
	return (const char *)v.p;
}

void berth_res_load_encode(struct berth_buf *out, const struct berth_res_load *m)
{
	berth_buf_str16(out, m->path);
	put_text(out, m->config);
}

enum berth_err berth_res_load_decode(struct berth_res_load *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	berth_cur_str16(&c, m->path, BERTH_RES_PATH_MAX);
	m->config = get_text(&c, BERTH_RES_CONFIG_MAX);
	return done(&c, "LOAD");
}

void berth_res_loaded_encode(struct berth_buf *out, const struct berth_res_loaded *m)
{
	berth_buf_str16(out, m->name);
	berth_buf_str16(out, m->methods);
	berth_buf_be32(out, m->operations);
}

enum berth_err berth_res_loaded_decode(struct berth_res_loaded *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	berth_cur_str16(&c, m->name, BERTH_RES_TEXT_MAX);
	berth_cur_str16(&c, m->methods, BERTH_RES_TEXT_MAX);
	m->operations = berth_cur_be32(&c);
	return done(&c, "answer to LOAD");
}

/* --- parts ----------------------------------------------------------------------- */

static void put_parts(struct berth_buf *out, const struct berth_res_part *v, size_t n)
{
	berth_buf_u8(out, (uint8_t)n);
	for (size_t i = 0; i < n; i++) {
		put_text(out, v[i].name);
		berth_buf_vec32(out, v[i].p, v[i].n);
	}
}

static size_t get_parts(struct berth_cur *c, struct berth_res_part v[BERTH_RES_PARTS_MAX])
{
	size_t n = berth_cur_u8(c), left = BERTH_RES_BYTES_MAX;

	c->bad |= n > BERTH_RES_PARTS_MAX;
	for (size_t i = 0; i < n && !c->bad; i++) {
		struct berth_cur bytes;

		v[i].name = get_text(c, BERTH_RES_NAME_MAX);
		bytes = berth_cur_vec32(c, left);
		v[i].p = bytes.p;
		v[i].n = bytes.n;
		left -= bytes.n;
		c->bad |= bytes.n == 0;
	}
	return c->bad ? 0 : n;
}

void berth_res_ask_encode(struct berth_buf *out, const struct berth_res_ask *m)
{
	berth_buf_be16(out, m->adapter);
	berth_buf_u8(out, m->op);
	berth_buf_u8(out, m->phase);
	berth_buf_be32(out, m->deadline_ms);
	berth_buf_be32(out, m->max_bytes);
	put_text(out, m->did);
	put_text(out, m->version_id);
	put_text(out, m->version_time);
	put_text(out, m->resource);
	put_parts(out, m->parts, m->n_parts);
}

/* Publishing has a phase and may have parts; only what is fetched is a resource. */
static bool makes_sense(const struct berth_res_ask *m)
{
	bool publishes = m->op == BERTH_REGISTRY_CREATE || m->op == BERTH_REGISTRY_UPDATE || m->op == BERTH_REGISTRY_DEACTIVATE;

	return m->op >= BERTH_REGISTRY_RESOLVE && m->op <= BERTH_REGISTRY_FETCH && m->phase <= BERTH_REGISTRY_CHECK &&
	       publishes == (m->phase > 0) && (publishes || m->n_parts == 0) &&
	       (m->op == BERTH_REGISTRY_FETCH) == (m->resource[0] != '\0') && m->max_bytes <= BERTH_RES_BYTES_MAX &&
	       m->deadline_ms <= BERTH_RES_DEADLINE_MAX_MS;
}

enum berth_err berth_res_ask_decode(struct berth_res_ask *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	m->adapter = berth_cur_be16(&c);
	m->op = berth_cur_u8(&c);
	m->phase = berth_cur_u8(&c);
	m->deadline_ms = berth_cur_be32(&c);
	m->max_bytes = berth_cur_be32(&c);
	m->did = get_text(&c, BERTH_RES_DID_MAX);
	m->version_id = get_text(&c, BERTH_RES_VERSION_MAX);
	m->version_time = get_text(&c, BERTH_RES_VERSION_MAX);
	m->resource = get_text(&c, BERTH_RES_RESOURCE_MAX);
	m->n_parts = get_parts(&c, m->parts);
	c.bad |= !makes_sense(m);
	return done(&c, "ASK");
}

void berth_res_answer_encode(struct berth_buf *out, const struct berth_res_answer *m)
{
	berth_buf_u8(out, m->status);
	berth_buf_be16(out, m->why);
	berth_buf_be32(out, m->ttl_s);
	put_text(out, m->message);
	put_parts(out, m->parts, m->n_parts);
}

enum berth_err berth_res_answer_decode(struct berth_res_answer *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	m->status = berth_cur_u8(&c);
	m->why = berth_cur_be16(&c);
	m->ttl_s = berth_cur_be32(&c);
	m->message = get_text(&c, BERTH_RES_TEXT_MAX);
	m->n_parts = get_parts(&c, m->parts);
	c.bad |= m->why >= BERTH_E__COUNT || m->status > BERTH_REGISTRY_CONFLICT || (m->status != BERTH_REGISTRY_OK && m->n_parts > 0);
	return done(&c, "answer to ASK");
}

/* --- pieces ---------------------------------------------------------------------- */

enum berth_err berth_res_pieces_take(struct berth_res_pieces *w, uint32_t seq, const void *p, size_t n)
{
	if (w->b.len && w->seq != seq)
		return berth_fail(BERTH_E_TYPE, "resolverd protocol: pieces of %u and %u", w->seq, seq);
	if (n > BERTH_RES_MESSAGE_MAX - w->b.len)
		return berth_fail(BERTH_E_SIZE, "resolverd protocol: more than %zu bytes", BERTH_RES_MESSAGE_MAX);
	w->seq = seq;
	berth_buf_put(&w->b, p, n);
	return berth_buf_status(&w->b);
}

enum berth_err berth_res_pieces_end(struct berth_res_pieces *w, uint32_t seq, const uint8_t **p, size_t *n)
{
	enum berth_err rc;

	if (!w->b.len)
		return BERTH_OK;
	if ((rc = berth_res_pieces_take(w, seq, *p, *n)))
		return rc;
	*p = w->b.p;
	*n = w->b.len;
	return BERTH_OK;
}

void berth_res_pieces_clear(struct berth_res_pieces *w)
{
	berth_buf_free(&w->b);
}

enum berth_err berth_res_in_pieces(uint16_t op, const struct berth_buf *payload, berth_res_frame_fn *fn, void *arg)
{
	size_t at = 0;
	enum berth_err rc = berth_buf_status(payload);

	for (; !rc && payload->len - at > BERTH_RES_PIECE; at += BERTH_RES_PIECE)
		rc = fn(arg, BERTH_RES_MORE, payload->p + at, BERTH_RES_PIECE);
	return rc ? rc : fn(arg, op, payload->p ? payload->p + at : NULL, payload->len - at);
}
