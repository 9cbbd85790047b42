/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/resolverd_proto.h"

#include <string.h>

#include "berth/registry.h"
#include "did/base/cur.h"

static enum berth_err done(const struct berth_cur *c, const char *what)
{
	return berth_cur_done(c) ? BERTH_OK : berth_fail(BERTH_E_TYPE, "resolverd protocol: malformed %s", what);
}

void berth_res_load_encode(struct berth_buf *out, const struct berth_res_load *m)
{
	berth_buf_str16(out, m->path);
	berth_buf_vec32(out, m->config, strlen(m->config) + 1);
}

enum berth_err berth_res_load_decode(struct berth_res_load *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n), config;

	berth_cur_str16(&c, m->path, BERTH_RES_PATH_MAX);
	config = berth_cur_vec32(&c, BERTH_RES_CONFIG_MAX + 1);
	m->config = (const char *)config.p;
	/* one NUL, and it is the last byte */
	c.bad |= config.n == 0 || memchr(config.p, 0, config.n) != config.p + config.n - 1;
	return done(&c, "LOAD");
}

void berth_res_loaded_encode(struct berth_buf *out, const struct berth_res_loaded *m)
{
	berth_buf_str16(out, m->name);
	berth_buf_str16(out, m->methods);
}

enum berth_err berth_res_loaded_decode(struct berth_res_loaded *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	berth_cur_str16(&c, m->name, BERTH_RES_TEXT_MAX);
	berth_cur_str16(&c, m->methods, BERTH_RES_TEXT_MAX);
	return done(&c, "answer to LOAD");
}

void berth_res_resolve_encode(struct berth_buf *out, const struct berth_res_resolve *m)
{
	berth_buf_be16(out, m->adapter);
	berth_buf_str16(out, m->did);
	berth_buf_str16(out, m->version_id);
	berth_buf_str16(out, m->version_time);
	berth_buf_be32(out, m->deadline_ms);
	berth_buf_be32(out, m->max_bytes);
}

enum berth_err berth_res_resolve_decode(struct berth_res_resolve *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	m->adapter = berth_cur_be16(&c);
	berth_cur_str16(&c, m->did, BERTH_RES_DID_MAX);
	berth_cur_str16(&c, m->version_id, BERTH_RES_VERSION_MAX);
	berth_cur_str16(&c, m->version_time, BERTH_RES_VERSION_MAX);
	m->deadline_ms = berth_cur_be32(&c);
	m->max_bytes = berth_cur_be32(&c);
	c.bad |= m->max_bytes > BERTH_RES_DOC_MAX;
	return done(&c, "RESOLVE");
}

void berth_res_answer_encode(struct berth_buf *out, const struct berth_res_answer *m)
{
	berth_buf_u8(out, m->status);
	berth_buf_str16(out, m->message);
	berth_buf_vec32(out, m->doc, m->doc_len);
}

enum berth_err berth_res_answer_decode(struct berth_res_answer *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n), doc;

	m->status = berth_cur_u8(&c);
	berth_cur_str16(&c, m->message, BERTH_RES_TEXT_MAX);
	doc = berth_cur_vec32(&c, BERTH_RES_DOC_MAX);
	m->doc = doc.p;
	m->doc_len = doc.n;
	c.bad |= m->status > BERTH_REGISTRY_CONFLICT || (m->status == BERTH_REGISTRY_OK) != (m->doc_len > 0);
	return done(&c, "answer to RESOLVE");
}
