/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/pkcs11_uri.h"

#include <string.h>

#include "did/keystore/keystore_impl.h"

#define UNRESERVED "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
#define AVAILABLE ":[]@!$'()*+,="
#define SLOT_DIGITS_MAX 10

enum kind { TEXT, ID, SLOT, TYPE, PATH, FILE_URI, REFUSED };

#define FIELD(f) offsetof(struct berth_pkcs11_uri, f), sizeof(((struct berth_pkcs11_uri *)0)->f)
static const struct attr {
	const char *name;
	bool query;
	enum kind kind;
	size_t at, size;
} attrs[] = {
	{ "token", false, TEXT, FIELD(token) },
	{ "manufacturer", false, TEXT, FIELD(manufacturer) },
	{ "model", false, TEXT, FIELD(model) },
	{ "serial", false, TEXT, FIELD(serial) },
	{ "slot-id", false, SLOT, FIELD(slot) },
	{ "object", false, TEXT, FIELD(object) },
	{ "id", false, ID, FIELD(id) },
	{ "type", false, TYPE, 0, 0 },
	{ "module-path", true, PATH, FIELD(module_path) },
	{ "pin-source", true, FILE_URI, FIELD(pin_source) },
	{ "x-dir", true, PATH, FIELD(dir) },
	{ "x-module-dir", true, PATH, FIELD(module_dir) },
	{ "pin-value", true, REFUSED, 0, 0 },
	{ "module-name", true, REFUSED, 0, 0 },
};
#define ATTRS (sizeof(attrs) / sizeof(attrs[0]))

static enum berth_err bad(const char *what)
{
	return berth_fail(BERTH_E_KEY, "pkcs11: URI: %s", what);
}

/* One octet of a value; false: none that may stand there.  *n: how long it was. */
static bool octet(uint8_t *out, size_t *n, const char *s, size_t left, bool query)
{
	static const char digits[] = "0123456789abcdef";
	const char *hi, *lo;

	*n = 1;
	*out = (uint8_t)*s;
	if (*s != '%')
		return strchr(UNRESERVED AVAILABLE, *s) || strchr(query ? "/?|" : "&", *s);
	if (left < 3 || !s[1] || !s[2])
		return false;
	*n = 3;
	hi = strchr(digits, s[1] | (s[1] >= 'A' ? 0x20 : 0));
	lo = strchr(digits, s[2] | (s[2] >= 'A' ? 0x20 : 0));
	if (!hi || !lo)
		return false;
	*out = (uint8_t)((hi - digits) << 4 | (lo - digits));
	return true;
}

/* At most max octets; -1: more, or not well-formed. */
static long decode(uint8_t *out, size_t max, const char *s, size_t len, bool query)
{
	size_t n = 0, step;

	for (size_t at = 0; at < len; at += step) {
		if (n == max || !octet(&out[n], &step, s + at, len - at, query))
			return -1;
		n++;
	}
	return (long)n;
}

/* Text goes into paths, logs and tokens: no control characters. */
static bool take_text(char *out, size_t size, const char *s, size_t len, bool query)
{
	long n = decode((uint8_t *)out, size - 1, s, len, query);

	if (n <= 0)
		return false;
	out[n] = '\0';
	for (long i = 0; i < n; i++)
		if ((uint8_t)out[i] < 0x20 || out[i] == 0x7f)
			return false;
	return true;
}

static bool take_slot(struct berth_pkcs11_uri *u, const char *s, size_t len)
{
	u->has_slot = len > 0 && len <= SLOT_DIGITS_MAX;
	for (size_t i = 0; u->has_slot && i < len; i++) {
		u->has_slot = s[i] >= '0' && s[i] <= '9';
		u->slot = u->slot * 10 + (uint64_t)(s[i] - '0');
	}
	return u->has_slot;
}

/* file:/p and file:///p mean /p; a program ("|p") or a relative path means nothing. */
static bool take_path(char *out, size_t size, const char *s, size_t len, bool file_uri)
{
	size_t skip = 0;

	if (!take_text(out, size, s, len, true))
		return false;
	if (file_uri && strncmp(out, "file:", 5) == 0)
		skip = strncmp(out + 5, "///", 3) == 0 ? 7 : 5;
	memmove(out, out + skip, size - skip);
	memset(out + size - skip, 0, skip);
	return out[0] == '/' && out[1] != '/';
}

static bool take_value(struct berth_pkcs11_uri *u, const struct attr *a, const char *s, size_t len)
{
	uint8_t *field = (uint8_t *)u + a->at;
	long n;

	switch (a->kind) {
	case TEXT: return take_text((char *)field, a->size, s, len, a->query);
	case PATH: return take_path((char *)field, a->size, s, len, false);
	case FILE_URI: return take_path((char *)field, a->size, s, len, true);
	case SLOT: return take_slot(u, s, len);
	case TYPE: return len == 7 && memcmp(s, "private", 7) == 0;
	case ID:
		n = decode(field, a->size, s, len, false);
		u->id_len = n > 0 ? (size_t)n : 0;
		return n > 0;
	default: return false;
	}
}

static const struct attr *find(const char *name, size_t len, bool query)
{
	for (size_t i = 0; i < ATTRS; i++)
		if (attrs[i].query == query && strlen(attrs[i].name) == len && !memcmp(attrs[i].name, name, len))
			return &attrs[i];
	return NULL;
}

/* Somebody else's, which says nothing to us; but it is to be well-formed. */
static bool is_foreign(const char *s, size_t name_len, size_t len)
{
	uint8_t o;
	size_t step;

	if (name_len < 3 || memcmp(s, "x-", 2) != 0 || strspn(s, UNRESERVED) < name_len)
		return false;
	for (size_t at = name_len + 1; at < len; at += step)
		if (!octet(&o, &step, s + at, len - at, true))
			return false;
	return true;
}

static enum berth_err take_attr(struct berth_pkcs11_uri *u, unsigned *seen, const char *s, size_t len, bool query)
{
	const char *eq = memchr(s, '=', len);
	size_t name_len = eq ? (size_t)(eq - s) : 0;
	const struct attr *a = eq ? find(s, name_len, query) : NULL;

	if (!eq)
		return bad("attributes are NAME=VALUE");
	if (!a)
		return query && is_foreign(s, name_len, len) ? BERTH_OK : bad("an attribute that is not known here");
	if (a->kind == REFUSED)
		return bad("a PIN or a module is not named that way: use pin-source and module-path");
	if (*seen & 1u << (a - attrs))
		return bad("an attribute stands twice");
	*seen |= 1u << (a - attrs);
	if (!take_value(u, a, eq + 1, len - name_len - 1))
		return berth_fail(BERTH_E_KEY, "pkcs11: URI: %s: not a value it can have", a->name);
	return BERTH_OK;
}

/* len octets of attributes; none at all is fine. */
static enum berth_err take_part(struct berth_pkcs11_uri *u, unsigned *seen, const char *s, size_t len, bool query)
{
	enum berth_err rc = BERTH_OK;
	size_t n;

	for (size_t at = 0; !rc && len > 0 && at <= len; at += n + 1) {
		const char *sep = memchr(s + at, query ? '&' : ';', len - at);

		n = sep ? (size_t)(sep - s) - at : len - at;
		rc = take_attr(u, seen, s + at, n, query);
	}
	return rc;
}

static enum berth_err parse(struct berth_pkcs11_uri *u, const char *s)
{
	size_t n = strcspn(s, "?");
	unsigned seen = 0;
	enum berth_err rc;

	if ((rc = take_part(u, &seen, s, n, false)) ||
	    (s[n] && (rc = take_part(u, &seen, s + n + 1, strlen(s + n + 1), true))))
		return rc;
	if (s[n] && !s[n + 1])
		return bad("nothing behind the question mark");
	if (u->object[0] && !berth_key_name_valid(u->object))
		return bad("object: a key name is 1 to 63 of a-z 0-9 . _ -");
	if (u->id_len && !u->object[0])
		return bad("id goes with object");
	return BERTH_OK;
}

enum berth_err berth_pkcs11_uri_parse(struct berth_pkcs11_uri *out, const char *s)
{
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = parse(out, s)))
		memset(out, 0, sizeof(*out));
	return rc;
}

static void put_attr(struct berth_buf *out, char *sep, char next, const char *name, const char *value, const char *plain)
{
	if (!value[0])
		return;
	if (*sep)
		berth_buf_u8(out, (uint8_t)*sep);
	*sep = next;
	berth_buf_printf(out, "%s=", name);
	for (; *value; value++) {
		if (strchr(plain, *value))
			berth_buf_u8(out, (uint8_t)*value);
		else
			berth_buf_printf(out, "%%%02X", (uint8_t)*value);
	}
}

void berth_pkcs11_uri_format(struct berth_buf *out, const struct berth_pkcs11_uri *u, const char *object)
{
	char sep = '\0';

	berth_buf_str(out, "pkcs11:");
	put_attr(out, &sep, ';', "token", u->token, UNRESERVED);
	put_attr(out, &sep, ';', "manufacturer", u->manufacturer, UNRESERVED);
	put_attr(out, &sep, ';', "model", u->model, UNRESERVED);
	put_attr(out, &sep, ';', "serial", u->serial, UNRESERVED);
	if (u->has_slot)
		berth_buf_printf(out, "%sslot-id=%llu", sep ? ";" : "", (unsigned long long)u->slot);
	sep = u->has_slot ? ';' : sep;
	put_attr(out, &sep, ';', "object", object, UNRESERVED);
	sep = '?';
	put_attr(out, &sep, '&', "module-path", u->module_path, UNRESERVED "/");
	put_attr(out, &sep, '&', "pin-source", u->pin_source, UNRESERVED "/");
	put_attr(out, &sep, '&', "x-dir", u->dir, UNRESERVED "/");
	put_attr(out, &sep, '&', "x-module-dir", u->module_dir, UNRESERVED "/");
}
