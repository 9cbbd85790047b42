/* SPDX-License-Identifier: Apache-2.0 */
/* A QR code on a terminal: two modules in one character, light ones drawn. */
#include "agent/cli/cli_client.h"

#include <limits.h>
#include <qrencode.h>

#define QUIET 4		/* modules of margin, as the standard asks */

/* outside of the code is margin, which is light */
static bool light(const QRcode *q, int x, int y)
{
	if (x < 0 || y < 0 || x >= q->width || y >= q->width)
		return true;
	return !(q->data[y * q->width + x] & 1);
}

enum berth_err berth_cli_qr(const void *p, size_t n)
{
	static const char *const half[] = { " ", "\xe2\x96\x84", "\xe2\x96\x80", "\xe2\x96\x88" };	/* ▄ ▀ █ */
	struct berth_buf out = BERTH_BUF_INIT;
	QRcode *q;

	if (n > BERTH_CLI_QR_MAX)
		return berth_fail(BERTH_E_SIZE, "%zu bytes do not fit into a QR code", n);
	q = QRcode_encodeData((int)n, p, 0, QR_ECLEVEL_M);
	if (!q)
		return berth_fail(BERTH_E_NOMEM, "QR code");
	for (int y = -QUIET; y < q->width + QUIET; y += 2) {
		for (int x = -QUIET; x < q->width + QUIET; x++)
			berth_buf_str(&out, half[(light(q, x, y) ? 2 : 0) + (light(q, x, y + 1) ? 1 : 0)]);
		berth_buf_u8(&out, '\n');
	}
	QRcode_free(q);
	return berth_cli_flush(&out);
}
