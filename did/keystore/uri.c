/* SPDX-License-Identifier: Apache-2.0 */
/* Key URIs: soft:PATH[?seal=tpm2][#NAME], tpm2:[NAME][?dir=DIR][&tcti=STRING], and
 * pkcs11: as pkcs11_uri.h has it.  In the first two nothing is percent-decoded: a path
 * holds no '?' or '#', a folder and a TCTI string no '&'. */
#include <string.h>

#include "did/keystore/keystore_impl.h"

#include "did/base/chars.h"

bool berth_key_name_valid(const char *name)
{
	size_t n = berth_chars_span(name, BERTH_CHARS_LOWER_NAME);

	return n > 0 && n <= BERTH_KEY_NAME_MAX && name[n] == '\0' && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static bool take(char *out, size_t max, const char *p, size_t n)
{
	if (n == 0 || n > max || out[0] != '\0')
		return false;
	memcpy(out, p, n);
	out[n] = '\0';
	return true;
}

static enum berth_err bad(const char *what)
{
	return berth_fail(BERTH_E_KEY, "key URI: %s", what);
}

static enum berth_err take_name(struct berth_key_uri *out, const char *p, size_t n)
{
	if (!take(out->name, BERTH_KEY_NAME_MAX, p, n) || !berth_key_name_valid(out->name))
		return bad("a key name is 1 to 63 of a-z 0-9 . _ -");
	return BERTH_OK;
}

static enum berth_err parse_soft(struct berth_key_uri *out, const char *s)
{
	size_t n = strcspn(s, "?#");

	if (!take(out->path, BERTH_KEY_URI_PATH_MAX, s, n))
		return bad("soft: needs a path of at most 1023 bytes");
	if (out->path[n - 1] == '/')
		return bad("soft: names a file, not a folder");
	if (s[n] == '?') {
		s += n + 1;
		n = strcspn(s, "#");
		out->seal_tpm2 = n == 9 && strncmp(s, "seal=tpm2", n) == 0;
		if (!out->seal_tpm2)
			return bad("soft: takes seal=tpm2 and nothing else");
	}
	return s[n] == '#' ? take_name(out, s + n + 1, strlen(s + n + 1)) : BERTH_OK;
}

static enum berth_err parse_param(struct berth_key_uri *out, const char *s, size_t n)
{
	if (n > 4 && strncmp(s, "dir=", 4) == 0)
		return take(out->path, BERTH_KEY_URI_PATH_MAX, s + 4, n - 4) ? BERTH_OK : bad("dir=");
	if (n > 5 && strncmp(s, "tcti=", 5) == 0)
		return take(out->tcti, BERTH_KEY_URI_TCTI_MAX, s + 5, n - 5) ? BERTH_OK : bad("tcti=");
	return bad("tpm2: takes dir= and tcti=, each once");
}

static enum berth_err parse_tpm2(struct berth_key_uri *out, const char *s)
{
	size_t n = strcspn(s, "?");
	enum berth_err rc = n ? take_name(out, s, n) : BERTH_OK;

	while (!rc && s[n] != '\0') {
		s += n + 1;
		n = strcspn(s, "&");
		rc = parse_param(out, s, n);
	}
	return rc;
}

static enum berth_err parse_pkcs11(struct berth_key_uri *out, const char *s)
{
	enum berth_err rc = berth_pkcs11_uri_parse(&out->pkcs11, s);

	if (!rc)
		memcpy(out->name, out->pkcs11.object, sizeof(out->name));
	return rc;
}

enum berth_err berth_key_uri_parse(struct berth_key_uri *out, const char *uri)
{
	memset(out, 0, sizeof(*out));
	for (const char *p = uri; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return bad("a control character");
	if (strncmp(uri, "soft:", 5) == 0)
		return parse_soft(out, uri + 5);
	if (strncmp(uri, "tpm2:", 5) == 0) {
		out->scheme = BERTH_SCHEME_TPM2;
		return parse_tpm2(out, uri + 5);
	}
	if (strncmp(uri, "pkcs11:", 7) == 0) {
		out->scheme = BERTH_SCHEME_PKCS11;
		return parse_pkcs11(out, uri + 7);
	}
	return bad("the scheme is none of soft:, tpm2:, pkcs11:");
}

enum berth_err berth_key_uri_name(char name[BERTH_KEY_NAME_MAX + 1], const char *uri)
{
	struct berth_key_uri u;
	enum berth_err rc = berth_key_uri_parse(&u, uri);

	memset(name, 0, BERTH_KEY_NAME_MAX + 1);
	if (!rc)
		memcpy(name, u.name, sizeof(u.name));
	return rc;
}

enum berth_err berth_key_uri_store(struct berth_buf *out, const char *key_uri)
{
	struct berth_key_uri u;
	enum berth_err rc = berth_key_uri_parse(&u, key_uri);

	if (rc)
		return rc;
	if (u.scheme == BERTH_SCHEME_SOFT)
		berth_buf_printf(out, "soft:%s%s", u.path, u.seal_tpm2 ? "?seal=tpm2" : "");
	else if (u.scheme == BERTH_SCHEME_TPM2)
		berth_buf_printf(out, "tpm2:%s", key_uri + strcspn(key_uri, "?"));
	else
		berth_pkcs11_uri_format(out, &u.pkcs11, "");
	return berth_buf_status(out);
}
