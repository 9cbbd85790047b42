/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket: frames in pieces (first octet: size of the pieces, its high bit: masked), and
 * a server's answer to our handshake. */
#include <assert.h>
#include <string.h>

#include "agent/netd/ws_frame.h"
#include "agent/netd/ws_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void frames(const uint8_t *p, size_t n, bool masked, size_t piece)
{
	struct berth_ws_in in = { .masked = masked, .message_max = 4096 };
	struct berth_ws_event ev;
	size_t used;

	while (n) {
		size_t some = n < piece ? n : piece;

		if (berth_ws_take(&in, p, some, &used, &ev))
			break;
		assert(used <= some && (ev.is || used == some) && in.message.len <= 4096);
		p += used;
		n -= used;
	}
	berth_ws_in_free(&in);
}

static void heads(const uint8_t *p, size_t n)
{
	struct berth_ws_head h = { 0 };
	char name[32], value[300];
	size_t end;
	int status;

	if (berth_ws_answer((const char *)p, n, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", &end, &status) == BERTH_OK)
		assert(end <= n);
	for (size_t i = 0; i + 1 < n; i += 1 + p[i]) {
		size_t len = p[i] < n - i - 1 ? p[i] : n - i - 1;
		const uint8_t *colon = memchr(p + i + 1, ':', len);
		size_t k = colon ? (size_t)(colon - p - i - 1) : 0;

		memcpy(name, p + i + 1, k < 31 ? k : 31);
		name[k < 31 ? k : 31] = '\0';
		memcpy(value, p + i + 1 + k, len - k);
		value[len - k] = '\0';
		berth_ws_head_add(&h, name, value);
	}
	(void)berth_ws_judge(&h, "GET", "/", "/", "https://a.example");
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0)
		return 0;
	frames(p + 1, n - 1, p[0] & 0x80, (p[0] & 0x7f) + 1u);
	heads(p + 1, n - 1);
	return 0;
}
