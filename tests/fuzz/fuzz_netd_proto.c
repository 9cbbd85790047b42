/* SPDX-License-Identifier: Apache-2.0 */
/* Everything netd and the core say to each other: first octet the op. */
#include "agent/ipc/netd_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	union {
		struct berth_net_uri_msg uri;
		struct berth_net_send send;
		struct berth_net_reply reply;
		struct berth_net_listening listening;
		struct berth_net_request request;
		struct berth_net_result result;
		struct berth_net_browse browse;
		struct berth_net_services services;
		uint64_t gone;
	} m;
	struct berth_net_config cfg;
	enum berth_err rc = BERTH_OK;

	if (n == 0)
		return 0;
	switch (p[0]) {
	case BERTH_NET_CONFIG:
		if (!(rc = berth_net_config_decode(&cfg, p + 1, n - 1)))
			berth_netpol_free(&cfg.policy);
		break;
	case BERTH_NET_LISTEN: rc = berth_net_uri_decode(&m.uri, p + 1, n - 1); break;
	case BERTH_NET_SEND: rc = berth_net_send_decode(&m.send, p + 1, n - 1); break;
	case BERTH_NET_REPLY: rc = berth_net_reply_decode(&m.reply, p + 1, n - 1); break;
	case BERTH_NET_LISTENING: rc = berth_net_listening_decode(&m.listening, p + 1, n - 1); break;
	case BERTH_NET_REQUEST: rc = berth_net_request_decode(&m.request, p + 1, n - 1); break;
	case BERTH_NET_RESULT: rc = berth_net_result_decode(&m.result, p + 1, n - 1); break;
	case BERTH_NET_GONE: rc = berth_net_gone_decode(&m.gone, p + 1, n - 1); break;
	case BERTH_NET_BROWSE: rc = berth_net_browse_decode(&m.browse, p + 1, n - 1); break;
	case BERTH_NET_SERVICES: rc = berth_net_services_decode(&m.services, p + 1, n - 1); break;
	default: break;
	}
	(void)rc;
	return 0;
}
