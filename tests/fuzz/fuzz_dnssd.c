/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of DNS; whatever it says, what is made of it are hints that are within the
 * caps, and no name leads out of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/netd/dnssd.h"
#include "agent/protocol/hints.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check_hint(const struct berth_dnssd_txt *t, const char *host, uint16_t port)
{
	struct berth_buf line = BERTH_BUF_INIT;
	struct berth_hints h;

	if (berth_dnssd_hint(&line, t, host, port)) {
		if (berth_hints_parse(&h, berth_buf_cstr(&line), line.len) || h.n != 1)
			abort();
		berth_hints_free(&h);
	}
	berth_buf_free(&line);
}

/* The name that the question had, so that there is something to be found. */
static void walk(const uint8_t *p, size_t n, enum berth_dnssd_type type, const char *name)
{
	char text[BERTH_DNSSD_NAME_MAX + 1];
	struct berth_dnssd_srv at;
	struct berth_dnssd_txt t;
	struct berth_cur data;
	struct berth_dnssd d;

	if (berth_dnssd_open(&d, p, n))
		return;
	while (berth_dnssd_next(&d, name, type, &data)) {
		if (!berth_dnssd_ptr(text, &d, data) && strlen(text) > BERTH_DNSSD_NAME_MAX)
			abort();
		if (!berth_dnssd_txt(&t, data))
			check_hint(&t, "host.example", 1);
		if (!berth_dnssd_srv(&at, &d, data)) {
			t = (struct berth_dnssd_txt){ .did = "did:x:1", .scheme = "wss" };
			check_hint(&t, at.host, at.port);
		}
		if (!berth_dnssd_address(text, type, data) && strlen(text) > BERTH_NETADDR_TEXT_MAX)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const enum berth_dnssd_type types[] = { BERTH_DNSSD_PTR, BERTH_DNSSD_TXT, BERTH_DNSSD_SRV, BERTH_DNSSD_A, BERTH_DNSSD_AAAA };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		walk(p, n, types[i], i ? "yard\\0323._berth._tcp.example.test" : "_berth._tcp.example.test");
		walk(p, n, types[i], i > 2 ? "rv.example.test" : "hall._berth._tcp.example.test");
	}
	return 0;
}
