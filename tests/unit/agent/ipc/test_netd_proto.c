/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/netd_proto.h"

#include "tests/unit/agent/ipc/decode.h"

static enum berth_err d_config(const void *p, size_t n)
{
	struct berth_net_config m;
	enum berth_err rc = berth_net_config_decode(&m, p, n);

	if (!rc)
		berth_netpol_free(&m.policy);
	return rc;
}
DECODER(net, send)
DECODER(net, reply)
DECODER(net, listening)
DECODER(net, request)
DECODER(net, result)
DECODER(net, browse)
DECODER(net, services)
static enum berth_err d_uri(const void *p, size_t n)
{
	struct berth_net_uri_msg m;

	return berth_net_uri_decode(&m, p, n);
}
static enum berth_err d_gone(const void *p, size_t n)
{
	uint64_t id;

	return berth_net_gone_decode(&id, p, n);
}

static void no_message_decodes_in_part(void **state)
{
	static const uint8_t f[] = { 1, 0, 0, 0 };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_net_config cfg;
	struct berth_net_send send = { .id = 1, .uri = "nng+tcp://a:1", .deadline_ms = 5, .frame = f, .frame_len = 4 };
	struct berth_net_reply reply = { .request = 2, .frame = f, .frame_len = 4 };
	struct berth_net_listening l = { .uri = "u", .code = BERTH_E_CONFIG, .detail = "d", .bound = "b" };
	struct berth_net_request q = { .request = 3, .transport = BERTH_NET_TCP, .peer = "ipc", .frame = f, .frame_len = 4 };
	struct berth_net_browse browse = { .server = "127.0.0.1:53", .domains = "a.example search" };
	struct berth_net_services services = { .octets = 7, .text = "did:x:1 ws://a\n" };
	struct berth_net_result r = { .id = 4, .sent = 9, .received = 10, .frame = f, .frame_len = 4 };

	(void)state;
	berth_net_config_init(&cfg);
	CHECK_OK(berth_netpol_add_allow(&cfg.policy, "10.0.0.0/8"));
	CHECK_OK(berth_netpol_add_host(&cfg.policy, "x.test=10.0.0.1"));
	cfg.tls = (struct berth_net_tls){ .certificate = "/c", .key = "/k", .ca = "/a", .clients = "/l" };
	strcpy(cfg.sockets[cfg.n_sockets++], "/run/x");
	strcpy(cfg.origins, "https://a.example");
	berth_net_config_encode(&b, &cfg);
	berth_netpol_free(&cfg.policy);
	only_whole(&b, d_config);
	berth_net_uri_encode(&b, "nng+tcp://127.0.0.1:0");
	only_whole(&b, d_uri);
	berth_net_browse_encode(&b, &browse);
	only_whole(&b, d_browse);
	berth_net_services_encode(&b, &services);
	only_whole(&b, d_services);
	berth_net_send_encode(&b, &send);
	only_whole(&b, d_send);
	berth_net_reply_encode(&b, &reply);
	only_whole(&b, d_reply);
	berth_net_listening_encode(&b, &l);
	only_whole(&b, d_listening);
	berth_net_request_encode(&b, &q);
	only_whole(&b, d_request);
	berth_net_result_encode(&b, &r);
	only_whole(&b, d_result);
	berth_net_gone_encode(&b, 77);
	only_whole(&b, d_gone);
}

static void fields_arrive_as_sent(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_net_result r = { .id = 0x1122334455667788u, .code = BERTH_E_NETPOL, .detail = "why", .sent = 1 }, s;
	struct berth_net_request q = { .request = 5, .transport = BERTH_NET_IPC, .conn = 6, .peer = "ipc",
				       .frame = (const uint8_t *)"abc", .frame_len = 3 }, p;

	(void)state;
	berth_net_result_encode(&b, &r);
	CHECK_OK(berth_net_result_decode(&s, b.p, b.len));
	CHECK(s.id == r.id && s.code == BERTH_E_NETPOL && s.sent == 1 && s.received == 0 && s.frame_len == 0);
	assert_string_equal("why", s.detail);
	berth_buf_reset(&b);
	berth_net_request_encode(&b, &q);
	CHECK_OK(berth_net_request_decode(&p, b.p, b.len));
	CHECK(p.request == 5 && p.transport == BERTH_NET_IPC && p.conn == 6 && p.frame_len == 3);
	assert_memory_equal("abc", p.frame, 3);
	berth_buf_free(&b);
}

static void values_out_of_range_are_e_type(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_net_config cfg;
	struct berth_net_send send = { .uri = "u", .deadline_ms = BERTH_NET_DEADLINE_MAX_MS + 1 };
	struct berth_net_result r = { .code = BERTH_OK };	/* no frame */
	struct berth_net_request q = { .transport = (enum berth_net_transport)6 };

	(void)state;
	berth_net_config_init(&cfg);
	cfg.message_max = BERTH_FRAME_MESSAGE_MAX + 1;
	berth_net_config_encode(&b, &cfg);
	CHECK_RC(BERTH_E_TYPE, d_config(b.p, b.len));
	cfg.message_max = 1;
	cfg.park_ms = 58001;
	berth_buf_reset(&b);
	berth_net_config_encode(&b, &cfg);
	CHECK_RC(BERTH_E_TYPE, d_config(b.p, b.len));
	berth_net_config_init(&cfg);
	cfg.conns_source_max = BERTH_NET_CONNS_MAX + 1;
	berth_buf_reset(&b);
	berth_net_config_encode(&b, &cfg);
	CHECK_RC(BERTH_E_TYPE, d_config(b.p, b.len));
	berth_net_config_init(&cfg);
	cfg.rate_per_s = BERTH_NET_RATE_MAX + 1;
	berth_buf_reset(&b);
	berth_net_config_encode(&b, &cfg);
	CHECK_RC(BERTH_E_TYPE, d_config(b.p, b.len));
	berth_buf_reset(&b);
	berth_net_send_encode(&b, &send);
	CHECK_RC(BERTH_E_TYPE, d_send(b.p, b.len));
	berth_buf_reset(&b);
	berth_net_result_encode(&b, &r);
	CHECK_RC(BERTH_E_TYPE, d_result(b.p, b.len));
	berth_buf_reset(&b);
	berth_net_request_encode(&b, &q);
	CHECK_RC(BERTH_E_TYPE, d_request(b.p, b.len));
	berth_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_message_decodes_in_part),
		cmocka_unit_test(fields_arrive_as_sent),
		cmocka_unit_test(values_out_of_range_are_e_type),
	};

	return cmocka_run_group_tests_name("netd_proto", tests, NULL, NULL);
}
