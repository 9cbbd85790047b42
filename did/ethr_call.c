/* SPDX-License-Identifier: Apache-2.0 */
/* Contract ABI: a selector of four bytes, a word of 32 bytes for each argument, and at the
 * end the bytes of which the word says where they are.  All functions of the registry
 * have the same arguments in the same order, and some have not all of them. */
#include "did/ethr_call.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "did/crypto/keccak.h"

#define WORD 32
#define SELECTOR 4
#define V_BASE 27		/* what ecrecover() wants added to the recovery id */
#define SIGNATURE_MAX 128	/* of a function, as text */

enum { NAME = 1, PARTY = 2, VALUE = 4, VALIDITY = 8 };

static const struct {
	const char *name;
	unsigned args;
} functions[BERTH_ETHR__END] = {
	[BERTH_ETHR_CHANGE_OWNER] = { "changeOwner", PARTY },
	[BERTH_ETHR_ADD_DELEGATE] = { "addDelegate", NAME | PARTY | VALIDITY },
	[BERTH_ETHR_REVOKE_DELEGATE] = { "revokeDelegate", NAME | PARTY },
	[BERTH_ETHR_SET_ATTRIBUTE] = { "setAttribute", NAME | VALUE | VALIDITY },
	[BERTH_ETHR_REVOKE_ATTRIBUTE] = { "revokeAttribute", NAME | VALUE },
};

static bool is_function(enum berth_ethr_function f)
{
	return f > 0 && f < BERTH_ETHR__END;
}

const char *berth_ethr_function_name(enum berth_ethr_function f)
{
	return is_function(f) ? functions[f].name : "";
}

enum berth_ethr_function berth_ethr_function_parse(const char *name)
{
	enum berth_ethr_function f = BERTH_ETHR_CHANGE_OWNER;

	while (f < BERTH_ETHR__END && strcmp(functions[f].name, name) != 0)
		f++;
	return f;
}

static bool is_null(const struct berth_eth_address *a)
{
	static const struct berth_eth_address null;

	return berth_eth_address_equal(a, &null);
}

/* An argument that the function does not take would be lost without a word. */
static enum berth_err check(const struct berth_ethr_call *c)
{
	unsigned args = is_function(c->function) ? functions[c->function].args : 0;
	size_t name_len = c->name ? strnlen(c->name, BERTH_ETHR_NAME_MAX + 1) : 0;

	if (!args)
		return berth_fail(BERTH_E_TYPE, "the registry has no function %d", (int)c->function);
	if (!(args & NAME) != !name_len || name_len > BERTH_ETHR_NAME_MAX)
		return berth_fail(BERTH_E_TYPE, "%s: a name of %s%d bytes", functions[c->function].name,
				  args & NAME ? "1 to " : "", args & NAME ? BERTH_ETHR_NAME_MAX : 0);
	if (!(args & VALUE) && c->value_len)
		return berth_fail(BERTH_E_TYPE, "%s takes no value", functions[c->function].name);
	if (c->value_len > BERTH_ETHR_VALUE_MAX)
		return berth_fail(BERTH_E_SIZE, "%s: a value of %zu bytes, at most %d", functions[c->function].name,
				  c->value_len, BERTH_ETHR_VALUE_MAX);
	if ((!(args & PARTY) && !is_null(&c->party)) || (!(args & VALIDITY) && c->validity_s))
		return berth_fail(BERTH_E_TYPE, "%s takes no %s", functions[c->function].name,
				  args & PARTY ? "validity" : "other account");
	return BERTH_OK;
}

/* ---- words ---- */

static void put_zeros(struct berth_buf *out, size_t n)
{
	static const uint8_t zeros[WORD];

	berth_buf_put(out, zeros, n);
}

static void put_number(struct berth_buf *out, uint64_t v)
{
	put_zeros(out, WORD - 8);
	berth_buf_be64(out, v);
}

static void put_address(struct berth_buf *out, const struct berth_eth_address *a)
{
	put_zeros(out, WORD - sizeof(a->b));
	berth_buf_put(out, a->b, sizeof(a->b));
}

static void put_name(struct berth_buf *out, const char *name)
{
	size_t n = strlen(name);

	berth_buf_put(out, name, n);
	put_zeros(out, WORD - n);
}

static void put_owner(struct berth_buf *out, const struct berth_eth_sig *owner)
{
	put_number(out, V_BASE + owner->recovery);
	berth_buf_put(out, owner->rs, sizeof(owner->rs));
}

/* ---- calldata ---- */

/* "setAttribute(address,bytes32,bytes,uint256)": its hash begins with the selector. */
static void put_selector(struct berth_buf *out, enum berth_ethr_function f, bool by_signature)
{
	unsigned args = functions[f].args;
	uint8_t hash[BERTH_KECCAK256_LEN];
	char text[SIGNATURE_MAX];
	int n = snprintf(text, sizeof(text), "%s%s(address%s%s%s%s%s)", functions[f].name,
			 by_signature ? "Signed" : "", by_signature ? ",uint8,bytes32,bytes32" : "",
			 args & NAME ? ",bytes32" : "", args & PARTY ? ",address" : "",
			 args & VALUE ? ",bytes" : "", args & VALIDITY ? ",uint256" : "");

	berth_keccak256(hash, text, (size_t)n);
	berth_buf_put(out, hash, SELECTOR);
}

enum berth_err berth_ethr_call_data(struct berth_buf *out, const struct berth_ethr_call *c,
				    const struct berth_eth_sig *owner)
{
	enum berth_err rc = check(c);
	unsigned args;
	size_t words;

	if (rc)
		return rc;
	args = functions[c->function].args;
	words = 1 + (owner ? 3 : 0) + (size_t)__builtin_popcount(args);
	put_selector(out, c->function, owner != NULL);
	put_address(out, &c->identity);
	if (owner)
		put_owner(out, owner);
	if (args & NAME)
		put_name(out, c->name);
	if (args & PARTY)
		put_address(out, &c->party);
	if (args & VALUE)
		put_number(out, words * WORD);
	if (args & VALIDITY)
		put_number(out, c->validity_s);
	if (args & VALUE) {
		put_number(out, c->value_len);
		berth_buf_put(out, c->value, c->value_len);
		put_zeros(out, (WORD - c->value_len % WORD) % WORD);
	}
	return berth_buf_status(out);
}

/* ---- meta-transactions ---- */

enum berth_err berth_ethr_meta_hash(uint8_t out[32], const struct berth_ethr_call *c,
				    const struct berth_eth_address *registry, uint64_t nonce)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = check(c);
	unsigned args;

	memset(out, 0, 32);
	if (rc)
		return rc;
	args = functions[c->function].args;
	berth_buf_be16(&b, 0x1900);
	berth_buf_put(&b, registry->b, sizeof(registry->b));
	put_number(&b, nonce);
	berth_buf_put(&b, c->identity.b, sizeof(c->identity.b));
	berth_buf_str(&b, functions[c->function].name);
	if (args & NAME)
		put_name(&b, c->name);
	if (args & PARTY)
		berth_buf_put(&b, c->party.b, sizeof(c->party.b));
	berth_buf_put(&b, c->value, c->value_len);
	if (args & VALIDITY)
		put_number(&b, c->validity_s);
	if (!(rc = berth_buf_status(&b)))
		berth_keccak256(out, b.p, b.len);
	berth_buf_free(&b);
	return rc;
}
