/* SPDX-License-Identifier: Apache-2.0 */
/* A QR code, on a terminal: two modules in one character, light ones drawn; and as SVG. */
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

static enum berth_err encode(QRcode **q, const void *p, size_t n)
{
	*q = NULL;
	if (n > BERTH_CLI_QR_MAX)
		return berth_fail(BERTH_E_SIZE, "%zu bytes do not fit into a QR code", n);
	return (*q = QRcode_encodeData((int)n, p, 0, QR_ECLEVEL_M)) ? BERTH_OK : berth_no_memory();
}

enum berth_err berth_cli_qr_svg(struct berth_buf *out, const void *p, size_t n, int *side)
{
	QRcode *q;
	enum berth_err rc = encode(&q, p, n);

	if (rc)
		return rc;
	*side = q->width + 2 * QUIET;
	berth_buf_str(out, "<path d=\"");
	for (int y = 0; y < q->width; y++)
		for (int x = 0; x < q->width; x++)
			if (!light(q, x, y))
				berth_buf_printf(out, "M%d %dh1v1h-1z", x + QUIET, y + QUIET);
	berth_buf_str(out, "\"/>\n");
	QRcode_free(q);
	return berth_buf_status(out);
}

enum berth_err berth_cli_qr(const void *p, size_t n)
{
	static const char *const half[] = { " ", "\xe2\x96\x84", "\xe2\x96\x80", "\xe2\x96\x88" };	/* ▄ ▀ █ */
	struct berth_buf out = BERTH_BUF_INIT;
	QRcode *q;
	enum berth_err rc = encode(&q, p, n);

	if (rc)
		return rc;
	for (int y = -QUIET; y < q->width + QUIET; y += 2) {
		for (int x = -QUIET; x < q->width + QUIET; x++)
			berth_buf_str(&out, half[(light(q, x, y) ? 2 : 0) + (light(q, x, y + 1) ? 1 : 0)]);
		berth_buf_u8(&out, '\n');
	}
	QRcode_free(q);
	return berth_cli_flush(&out);
}
