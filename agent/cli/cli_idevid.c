/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli_idevid.h"

#include <string.h>

#include "agent/cli/cli_resolver.h"
#include "did/idevid.h"

#define CERTS_MAX ((size_t)64 << 10)
#define DEVICE_KID "idevid"	/* no DID URL, so it is no kid of a DID's key */

/* ---- bind ---- */

static enum berth_err read_certs(struct berth_x509_chain *certs, const char *path)
{
	struct berth_buf file = BERTH_BUF_INIT;
	enum berth_err rc = berth_cli_read(&file, path, CERTS_MAX);

	if (!rc)
		rc = berth_x509_chain_read(certs, file.p, file.len);
	berth_buf_free(&file);
	return rc;
}

static enum berth_err open_keys(struct berth_keyring **kr, const struct berth_cli *c, const char *kid)
{
	const char *device, *did, *pass = berth_cli_get(c, "--passphrase-file");
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--key-uri", &device)) || (rc = berth_cli_need(c, "--did-key-uri", &did)) ||
	    (rc = berth_keyring_local_new(kr)) ||
	    (rc = berth_keyring_local_add_uri(*kr, DEVICE_KID, device, pass)))
		return rc;
	return berth_keyring_local_add_uri(*kr, kid, did, pass);
}

enum berth_err berth_cli_bind_idevid(struct berth_cli *c)
{
	struct berth_x509_chain certs = { .n = 0 };
	struct berth_buf compact = BERTH_BUF_INIT;
	struct berth_keyring *kr = NULL;
	const char *path, *kid;
	enum berth_err rc;

	if (!(rc = berth_cli_need(c, "--cert", &path)) && !(rc = berth_cli_need(c, "--kid", &kid)) &&
	    !(rc = open_keys(&kr, c, kid)) && !(rc = read_certs(&certs, path)) &&
	    !(rc = berth_idevid_make(&compact, kr, kid, DEVICE_KID, &certs)))
		rc = berth_cli_print_text(berth_buf_cstr(&compact), compact.len);
	berth_x509_chain_free(&certs);
	berth_keyring_free(kr);
	berth_buf_free(&compact);
	return rc;
}

/* ---- verify ---- */

static enum berth_err set_hash(struct berth_json *o, const uint8_t hash[32])
{
	struct berth_buf hex = BERTH_BUF_INIT;
	enum berth_err rc;

	for (size_t i = 0; i < 32; i++)
		berth_buf_printf(&hex, "%02x", hash[i]);
	if (!(rc = berth_buf_status(&hex)))
		rc = berth_json_set_str(o, "certSha256", berth_buf_cstr(&hex));
	berth_buf_free(&hex);
	return rc;
}

static enum berth_err print_verified(const struct berth_cli *c, const struct berth_idevid *i)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_bool(o, "verified", true)) || (rc = berth_json_set_str(o, "did", i->did)) ||
	    (rc = berth_json_set_str(o, "kid", i->outer.kid)) || (rc = set_hash(o, i->cert_hash)) ||
	    (rc = berth_json_set_str(o, "serial", i->serial)) ||
	    (rc = berth_json_set_str(o, "deviceSerial", i->device_serial))) {
		berth_json_free(o);
		return rc;
	}
	return berth_cli_print(c, o);
}

static enum berth_err verify(const struct berth_cli *c, const struct berth_idevid *i, const char *roots)
{
	struct berth_cli_resolver r = { .has_dir = false };
	int64_t now_s;
	enum berth_err rc;

	if (!(rc = berth_cli_now(c, &now_s)) && !(rc = berth_cli_resolver_open(&r, c)))
		rc = berth_idevid_verify(i, &r.top, roots, now_s);
	berth_cli_resolver_close(&r);
	return rc;
}

enum berth_err berth_cli_verify_idevid(struct berth_cli *c)
{
	struct berth_buf text = BERTH_BUF_INIT, roots = BERTH_BUF_INIT;
	struct berth_idevid i;
	const char *path;
	enum berth_err rc;

	memset(&i, 0, sizeof(i));
	if (!(rc = berth_cli_need(c, "--roots", &path)) && !(rc = berth_cli_read(&roots, path, CERTS_MAX)) &&
	    !(rc = berth_cli_read_token(&text, berth_cli_arg(c, 0), BERTH_IDEVID_MAX)) &&
	    !(rc = berth_idevid_parse(&i, berth_buf_cstr(&text), text.len)) &&
	    !(rc = verify(c, &i, berth_buf_cstr(&roots))))
		rc = print_verified(c, &i);
	berth_idevid_free(&i);
	berth_buf_free(&roots);
	berth_buf_free(&text);
	return rc;
}
