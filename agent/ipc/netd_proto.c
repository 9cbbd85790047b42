/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/netd_proto.h"

#include <string.h>

#include "did/base/cur.h"

#define DEFAULT_CONNS 128
#define DEFAULT_CONNS_SOURCE 32
#define DEFAULT_REQUESTS 128
#define DEFAULT_RATE 50
#define DEFAULT_PARK_MS 58000

/* The end of every decoder. */
static enum berth_err done(const struct berth_cur *c, const char *what)
{
	return berth_cur_done(c) ? BERTH_OK : berth_fail(BERTH_E_TYPE, "netd protocol: malformed %s", what);
}

static enum berth_err code_of(struct berth_cur *c)
{
	uint16_t code = berth_cur_be16(c);

	c->bad |= code >= BERTH_E__COUNT;
	return c->bad ? BERTH_E_INTERNAL : (enum berth_err)code;
}

static void frame_of(struct berth_cur *c, const uint8_t **frame, size_t *len, size_t max)
{
	struct berth_cur f = berth_cur_vec32(c, max);

	*frame = f.p;
	*len = f.n;
}

void berth_net_config_init(struct berth_net_config *c)
{
	*c = (struct berth_net_config){
		.message_max = BERTH_FRAME_MESSAGE_MAX,
		.conns_max = DEFAULT_CONNS,
		.conns_source_max = DEFAULT_CONNS_SOURCE,
		.requests_max = DEFAULT_REQUESTS,
		.rate_per_s = DEFAULT_RATE,
		.burst = DEFAULT_RATE * BERTH_NET_BURST_S,
		.host_rate_per_s = DEFAULT_RATE,
		.park_ms = DEFAULT_PARK_MS,
	};
}

static void tls_encode(struct berth_buf *out, const struct berth_net_tls *t)
{
	berth_buf_str16(out, t->certificate);
	berth_buf_str16(out, t->key);
	berth_buf_str16(out, t->ca);
	berth_buf_str16(out, t->clients);
}

static void file_of(struct berth_cur *c, char path[BERTH_NET_FILE_MAX + 1])
{
	berth_cur_str16(c, path, BERTH_NET_FILE_MAX);
	c->bad |= path[0] != '\0' && path[0] != '/';
}

static void tls_decode(struct berth_net_tls *t, struct berth_cur *c)
{
	file_of(c, t->certificate);
	file_of(c, t->key);
	file_of(c, t->ca);
	file_of(c, t->clients);
	c->bad |= !t->certificate[0] != !t->key[0];
}

static void sockets_decode(struct berth_net_config *cfg, struct berth_cur *c)
{
	size_t n = berth_cur_u8(c);

	c->bad |= n > BERTH_NET_LISTENERS_MAX;
	for (; cfg->n_sockets < n && !c->bad; cfg->n_sockets++) {
		berth_cur_str16(c, cfg->sockets[cfg->n_sockets], BERTH_NETPOL_PATH_MAX);
		c->bad |= !berth_netpol_path_ok(cfg->sockets[cfg->n_sockets]);
	}
}

void berth_net_config_encode(struct berth_buf *out, const struct berth_net_config *c)
{
	berth_buf_be32(out, c->message_max);
	berth_buf_be32(out, c->conns_max);
	berth_buf_be32(out, c->conns_source_max);
	berth_buf_be32(out, c->requests_max);
	berth_buf_be32(out, c->rate_per_s);
	berth_buf_be32(out, c->burst);
	berth_buf_be32(out, c->host_rate_per_s);
	berth_buf_be32(out, c->park_ms);
	berth_buf_u8(out, c->clock_trusted);
	tls_encode(out, &c->tls);
	berth_buf_u8(out, (uint8_t)c->n_sockets);
	for (size_t i = 0; i < c->n_sockets; i++)
		berth_buf_str16(out, c->sockets[i]);
	berth_buf_str16(out, c->origins);
	berth_netpol_encode(out, &c->policy);
}

static bool sane(const struct berth_net_config *c)
{
	return c->message_max >= 1 && c->message_max <= BERTH_FRAME_MESSAGE_MAX &&
	       c->conns_max >= 1 && c->conns_max <= BERTH_NET_CONNS_MAX && c->conns_source_max >= 1 &&
	       c->conns_source_max <= BERTH_NET_CONNS_MAX &&
	       c->requests_max >= 1 && c->requests_max <= BERTH_NET_CONNS_MAX &&
	       c->rate_per_s >= 1 && c->rate_per_s <= BERTH_NET_RATE_MAX && c->burst >= 1 &&
	       c->host_rate_per_s >= 1 && c->host_rate_per_s <= BERTH_NET_RATE_MAX && c->park_ms <= DEFAULT_PARK_MS;
}

enum berth_err berth_net_config_decode(struct berth_net_config *c, const void *p, size_t n)
{
	struct berth_cur cur = berth_cur(p, n);
	enum berth_err rc;

	*c = (struct berth_net_config){ .message_max = berth_cur_be32(&cur) };
	c->conns_max = berth_cur_be32(&cur);
	c->conns_source_max = berth_cur_be32(&cur);
	c->requests_max = berth_cur_be32(&cur);
	c->rate_per_s = berth_cur_be32(&cur);
	c->burst = berth_cur_be32(&cur);
	c->host_rate_per_s = berth_cur_be32(&cur);
	c->park_ms = berth_cur_be32(&cur);
	c->clock_trusted = berth_cur_u8(&cur) == 1;
	tls_decode(&c->tls, &cur);
	sockets_decode(c, &cur);
	berth_cur_str16(&cur, c->origins, BERTH_NET_ORIGINS_MAX);
	if ((rc = berth_netpol_decode(&c->policy, &cur)))
		return rc;
	cur.bad |= !sane(c);
	if ((rc = done(&cur, "CONFIG")))
		berth_netpol_free(&c->policy);
	return rc;
}

void berth_net_uri_encode(struct berth_buf *out, const char *uri)
{
	berth_buf_str16(out, uri);
}

enum berth_err berth_net_uri_decode(struct berth_net_uri_msg *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	berth_cur_str16(&c, m->uri, BERTH_NET_URI_MAX);
	return done(&c, "URI");
}

void berth_net_send_encode(struct berth_buf *out, const struct berth_net_send *m)
{
	berth_buf_be64(out, m->id);
	berth_buf_str16(out, m->uri);
	berth_buf_be32(out, m->deadline_ms);
	berth_buf_vec32(out, m->frame, m->frame_len);
}

enum berth_err berth_net_send_decode(struct berth_net_send *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	*m = (struct berth_net_send){ .id = berth_cur_be64(&c) };
	berth_cur_str16(&c, m->uri, BERTH_NET_URI_MAX);
	m->deadline_ms = berth_cur_be32(&c);
	c.bad |= m->deadline_ms > BERTH_NET_DEADLINE_MAX_MS;
	frame_of(&c, &m->frame, &m->frame_len, BERTH_FRAME_REQUEST_MAX);
	return done(&c, "SEND");
}

void berth_net_reply_encode(struct berth_buf *out, const struct berth_net_reply *m)
{
	berth_buf_be64(out, m->request);
	berth_buf_vec32(out, m->frame, m->frame_len);
}

enum berth_err berth_net_reply_decode(struct berth_net_reply *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	*m = (struct berth_net_reply){ .request = berth_cur_be64(&c) };
	frame_of(&c, &m->frame, &m->frame_len, BERTH_FRAME_REPLY_MAX);
	return done(&c, "REPLY");
}

void berth_net_listening_encode(struct berth_buf *out, const struct berth_net_listening *m)
{
	berth_buf_str16(out, m->uri);
	berth_buf_be16(out, (uint16_t)m->code);
	berth_buf_str16(out, m->detail);
	berth_buf_str16(out, m->bound);
}

enum berth_err berth_net_listening_decode(struct berth_net_listening *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	berth_cur_str16(&c, m->uri, BERTH_NET_URI_MAX);
	m->code = code_of(&c);
	berth_cur_str16(&c, m->detail, BERTH_NET_DETAIL_MAX);
	berth_cur_str16(&c, m->bound, BERTH_NET_URI_MAX);
	return done(&c, "LISTENING");
}

void berth_net_request_encode(struct berth_buf *out, const struct berth_net_request *m)
{
	berth_buf_be64(out, m->request);
	berth_buf_u8(out, (uint8_t)m->transport);
	berth_buf_be32(out, m->conn);
	berth_buf_str16(out, m->peer);
	berth_buf_vec32(out, m->frame, m->frame_len);
}

enum berth_err berth_net_request_decode(struct berth_net_request *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);
	uint8_t transport;

	*m = (struct berth_net_request){ .request = berth_cur_be64(&c) };
	transport = berth_cur_u8(&c);
	c.bad |= transport < BERTH_NET_TCP || transport > BERTH_NET_WS;
	m->transport = (enum berth_net_transport)transport;
	m->conn = berth_cur_be32(&c);
	berth_cur_str16(&c, m->peer, BERTH_NET_PEER_MAX);
	frame_of(&c, &m->frame, &m->frame_len, BERTH_FRAME_REQUEST_MAX);
	return done(&c, "REQUEST");
}

void berth_net_result_encode(struct berth_buf *out, const struct berth_net_result *m)
{
	berth_buf_be64(out, m->id);
	berth_buf_be16(out, (uint16_t)m->code);
	berth_buf_u8(out, m->later);
	berth_buf_str16(out, m->detail);
	berth_buf_be32(out, m->sent);
	berth_buf_be32(out, m->received);
	berth_buf_vec32(out, m->frame, m->frame_len);
}

enum berth_err berth_net_result_decode(struct berth_net_result *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	*m = (struct berth_net_result){ .id = berth_cur_be64(&c) };
	m->code = code_of(&c);
	m->later = berth_cur_u8(&c) == 1;
	berth_cur_str16(&c, m->detail, BERTH_NET_DETAIL_MAX);
	m->sent = berth_cur_be32(&c);
	m->received = berth_cur_be32(&c);
	frame_of(&c, &m->frame, &m->frame_len, BERTH_FRAME_REPLY_MAX);
	c.bad |= (m->code == BERTH_OK) != (m->frame_len > 0);
	return done(&c, "RESULT");
}

void berth_net_browse_encode(struct berth_buf *out, const struct berth_net_browse *m)
{
	berth_buf_str16(out, m->server);
	berth_buf_str16(out, m->domains);
}

enum berth_err berth_net_browse_decode(struct berth_net_browse *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	berth_cur_str16(&c, m->server, BERTH_NET_SERVER_MAX);
	berth_cur_str16(&c, m->domains, BERTH_NET_DOMAINS_MAX);
	return done(&c, "BROWSE");
}

void berth_net_services_encode(struct berth_buf *out, const struct berth_net_services *m)
{
	berth_buf_be16(out, (uint16_t)m->code);
	berth_buf_be32(out, m->octets);
	berth_buf_str16(out, m->text);
}

enum berth_err berth_net_services_decode(struct berth_net_services *m, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	m->code = code_of(&c);
	m->octets = berth_cur_be32(&c);
	berth_cur_str16(&c, m->text, BERTH_NET_SERVICES_MAX);
	return done(&c, "SERVICES");
}

void berth_net_gone_encode(struct berth_buf *out, uint64_t request)
{
	berth_buf_be64(out, request);
}

enum berth_err berth_net_gone_decode(uint64_t *request, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	*request = berth_cur_be64(&c);
	return done(&c, "GONE");
}
