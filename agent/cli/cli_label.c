/* SPDX-License-Identifier: Apache-2.0 */
/* `berth devices label`: what is glued onto a device.  Nothing on it is secret: serial
 * number, model, and the hash that the device is found under. */
#include "agent/cli/cli_client.h"

#include <string.h>

#define HASH_HEX 64

static void put_xml(struct berth_buf *out, const char *text)
{
	for (const char *p = text; *p; p++)
		switch (*p) {
		case '<': berth_buf_str(out, "&lt;"); break;
		case '&': berth_buf_str(out, "&amp;"); break;
		default: berth_buf_u8(out, (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : (uint8_t)*p);
		}
}

static void put_line(struct berth_buf *out, int y, const char *text, size_t n)
{
	char part[HASH_HEX + 1] = "";

	berth_buf_printf(out, "<text x=\"4\" y=\"%d\">", y);
	put_xml(out, n < sizeof(part) ? memcpy(part, text, n) : text);
	berth_buf_str(out, "</text>\n");
}

/* {"deviceHash", "model", "serial"} as QR code, and the same for eyes. */
static enum berth_err draw(struct berth_buf *svg, const char *hash, const char *model, const char *serial)
{
	struct berth_buf text = BERTH_BUF_INIT, code = BERTH_BUF_INIT;
	struct berth_json *o = berth_json_new_object();
	int side = 0;
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "deviceHash", hash)) || (rc = berth_json_set_str(o, "model", model)) ||
	    (rc = berth_json_set_str(o, "serial", serial)) || (rc = berth_json_print(&text, o)) ||
	    (rc = berth_cli_qr_svg(&code, text.p, text.len, &side)))
		goto out;
	berth_buf_printf(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"monospace\""
			 " font-size=\"2.4\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", side, side + 12);
	berth_buf_put(svg, code.p, code.len);
	put_line(svg, side, serial, SIZE_MAX);
	put_line(svg, side + 3, model, SIZE_MAX);
	put_line(svg, side + 6, hash, HASH_HEX / 2);
	put_line(svg, side + 9, hash + HASH_HEX / 2, HASH_HEX / 2);
	berth_buf_str(svg, "</svg>\n");
	rc = berth_buf_status(svg);
out:
	berth_json_free(o);
	berth_buf_free(&text);
	berth_buf_free(&code);
	return rc;
}

/* Under the hash: a serial number says what it likes, also ../ */
static enum berth_err label(const struct berth_cli *c, const struct berth_json *device)
{
	struct berth_buf svg = BERTH_BUF_INIT, path = BERTH_BUF_INIT;
	const char *dir, *hash, *model, *serial;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--out", &dir)) || (rc = berth_json_req_str(device, "device", HASH_HEX, &hash)) ||
	    (rc = berth_json_req_str(device, "model", 128, &model)) ||
	    (rc = berth_json_req_str(device, "serial", 128, &serial)))
		return rc;
	if (strlen(hash) != HASH_HEX || strspn(hash, "0123456789abcdef") != HASH_HEX)
		return berth_fail(BERTH_E_TYPE, "device: not the hash of one");
	berth_buf_printf(&path, "%s/%s.svg", dir, hash);
	if (!(rc = draw(&svg, hash, model, serial)) && !(rc = berth_buf_status(&path)))
		rc = berth_cli_save_bytes(berth_buf_cstr(&path), &svg);
	berth_buf_free(&svg);
	berth_buf_free(&path);
	return rc;
}

static enum berth_err label_batch(const struct berth_cli *c, const char *file)
{
	const struct berth_json *devices;
	struct berth_json *batch;
	size_t n = 0;
	enum berth_err rc = berth_cli_read_json(&batch, file, BERTH_CLI_BATCH_MAX);

	if (rc)
		return rc;
	devices = berth_json_get(batch, "devices");
	if (!berth_json_len(devices))
		rc = berth_fail(BERTH_E_TYPE, "%s: no devices", file);
	berth_json_each(d, devices) {
		if (rc)
			break;
		rc = label(c, d);
		berth_cli_progress(++n, berth_json_len(devices));
	}
	berth_json_free(batch);
	return rc ? rc : berth_cli_say("labels: %zu", n);
}

enum berth_err berth_cli_label(struct berth_cli *c)
{
	const char *file = berth_cli_get(c, "--batch");
	struct berth_buf path = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	enum berth_err rc;

	if (!file == !c->n_args)
		return berth_fail(BERTH_E_USAGE, "a device, or --batch FILE");
	if (file)
		return label_batch(c, file);
	berth_cli_path(&path, "/v1/devices/", berth_cli_arg(c, 0), "");
	if (!(rc = berth_buf_status(&path)) && !(rc = berth_cli_call(c, berth_buf_cstr(&path), NULL, &v)))
		rc = label(c, v);
	berth_json_free(v);
	berth_buf_free(&path);
	return rc ? rc : berth_cli_say("labels: 1");
}
