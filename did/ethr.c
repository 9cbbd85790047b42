/* SPDX-License-Identifier: Apache-2.0 */
#include "did/ethr.h"

#include <ctype.h>
#include <string.h>

#include "did/base/hex.h"
#include "did/codec/did_text.h"
#include "did/crypto/keccak.h"
#include "did/crypto/keypair.h"

#define PREFIX "did:ethr:"
#define KEY_LEN 33	/* compressed */

/* The networks that deployments of the registry are named after
 * (ethr-did-registry, ethr-did-resolver). */
static const struct {
	const char *name;
	uint64_t chain_id;
} networks[] = {
	{ "mainnet", 1 }, { "ropsten", 3 }, { "rinkeby", 4 }, { "goerli", 5 }, { "kovan", 42 },
	{ "rsk", 30 }, { "rsk:testnet", 31 }, { "gno", 100 }, { "polygon", 137 }, { "ewc", 246 },
	{ "holesky", 17000 }, { "linea:goerli", 59140 }, { "volta", 73799 }, { "polygon:test", 80001 },
	{ "artis:sigma1", 246529 }, { "artis:tau1", 246785 }, { "sepolia", 11155111 }, { "aurora", 1313161554 },
};

/* ---- hex ---- */

static bool is_0x(const char *text)
{
	return text[0] == '0' && text[1] == 'x';
}

/* Exactly n bytes of hex digits and no more. */
static bool unhex(uint8_t *out, size_t n, const char *digits)
{
	if (strlen(digits) != 2 * n)
		return false;
	for (size_t i = 0; i < 2 * n; i++) {
		int v = berth_hex_digit(digits[i]);

		if (v < 0)
			return false;
		out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | v : v << 4);
	}
	return true;
}

enum berth_err berth_eth_quantity_parse(uint64_t *out, const char *text)
{
	size_t n = strnlen(text, 2 + 16 + 1);
	bool ok = n > 2 && n <= 2 + 16 && is_0x(text) && (text[2] != '0' || n == 3);
	uint64_t v = 0;

	*out = 0;
	for (size_t i = 2; ok && i < n; i++) {
		int digit = berth_hex_digit(text[i]);

		ok = digit >= 0;
		v = v << 4 | (uint64_t)(digit & 15);
	}
	if (!ok)
		return berth_fail(BERTH_E_TYPE, "\"%.20s\" is no number below 2^64 in hex", text);
	*out = v;
	return BERTH_OK;
}

enum berth_err berth_eth_data_parse(struct berth_buf *out, const char *text, size_t max)
{
	size_t n = strlen(text), before = out->len;
	uint8_t *room;

	if (n < 2 || n % 2 || !is_0x(text))
		return berth_fail(BERTH_E_TYPE, "\"%.20s\" is no bytes in hex", text);
	n = n / 2 - 1;
	if (n > max)
		return berth_fail(BERTH_E_SIZE, "%zu bytes in hex, at most %zu", n, max);
	if (!(room = berth_buf_grow(out, n)))
		return berth_no_memory();
	if (unhex(room, n, text + 2))
		return BERTH_OK;
	out->len = before;
	return berth_fail(BERTH_E_TYPE, "\"%.20s\" is no bytes in hex", text);
}

enum berth_err berth_eth_data_fixed(void *out, size_t n, const char *text)
{
	return is_0x(text) && unhex(out, n, text + 2) ? BERTH_OK
		: berth_fail(BERTH_E_TYPE, "\"%.20s\" is not %zu bytes in hex", text, n);
}

/* ---- addresses ---- */

/* EIP-55: a letter is a capital where the digit of the hash of the small ones is above 7. */
void berth_eth_address_format(char out[BERTH_ETH_ADDRESS_LEN + 1], const struct berth_eth_address *a)
{
	uint8_t hash[BERTH_KECCAK256_LEN];
	char *digits = out + 2;

	memcpy(out, "0x", 2);
	berth_hex_encode(digits, a->b, sizeof(a->b));
	berth_keccak256(hash, digits, 2 * sizeof(a->b));
	for (size_t i = 0; i < 2 * sizeof(a->b); i++)
		if ((i % 2 ? hash[i / 2] & 15 : hash[i / 2] >> 4) > 7)
			digits[i] = (char)(digits[i] < 'a' ? digits[i] : digits[i] - 'a' + 'A');
}

enum berth_err berth_eth_address_parse(struct berth_eth_address *out, const char *text)
{
	struct berth_eth_address a;
	char right[BERTH_ETH_ADDRESS_LEN + 1];

	memset(out, 0, sizeof(*out));
	if (!is_0x(text) || !unhex(a.b, sizeof(a.b), text + 2))
		return berth_fail(BERTH_E_TYPE, "\"%.50s\" is no address: 0x and 40 hex digits", text);
	berth_eth_address_format(right, &a);
	if (strpbrk(text + 2, "abcdef") && strpbrk(text + 2, "ABCDEF") && strcmp(text, right) != 0)
		return berth_fail(BERTH_E_TYPE, "the address %s has a wrong checksum in its capitals (EIP-55)", text);
	*out = a;
	return BERTH_OK;
}

enum berth_err berth_eth_address_of(struct berth_eth_address *out, const struct berth_pubkey *key)
{
	uint8_t hash[BERTH_KECCAK256_LEN];

	memset(out, 0, sizeof(*out));
	if (key->type != BERTH_KEY_SECP256K1)
		return berth_fail(BERTH_E_KEY, "accounts are of secp256k1 keys, not %s", berth_key_type_name(key->type));
	berth_keccak256(hash, key->b + 1, key->len - 1);
	memcpy(out->b, hash + sizeof(hash) - sizeof(out->b), sizeof(out->b));
	return BERTH_OK;
}

bool berth_eth_address_equal(const struct berth_eth_address *a, const struct berth_eth_address *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* ---- DIDs ---- */

static enum berth_err parse_chain(uint64_t *out, const char *network)
{
	*out = 0;
	if (is_0x(network)) {
		if (berth_eth_quantity_parse(out, network) || *out == 0 || *out > BERTH_ETH_CHAIN_MAX)
			return berth_fail(BERTH_E_DID, "did:ethr: %.20s is no chain id", network);
		return BERTH_OK;
	}
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		if (strcmp(networks[i].name, network) == 0)
			*out = networks[i].chain_id;
	return BERTH_OK;
}

static enum berth_err parse_identifier(struct berth_ethr_did *out, const char *text)
{
	uint8_t point[KEY_LEN];
	enum berth_err rc;

	if (!is_0x(text))
		return berth_fail(BERTH_E_DID, "did:ethr: neither an address nor a public key");
	if (unhex(out->identity.b, sizeof(out->identity.b), text + 2))
		return BERTH_OK;
	if (!unhex(point, sizeof(point), text + 2))
		return berth_fail(BERTH_E_DID, "did:ethr: neither an address nor a public key");
	if ((rc = berth_pubkey_import(&out->key, BERTH_KEY_SECP256K1, point, sizeof(point))))
		return rc;
	return berth_eth_address_of(&out->identity, &out->key);
}

static enum berth_err parse_did(struct berth_ethr_did *out, const char *did)
{
	const char *network = did + strlen(PREFIX), *last;
	size_t n;
	enum berth_err rc;

	if (!berth_is_did(did) || strncmp(did, PREFIX, strlen(PREFIX)) != 0)
		return berth_fail(BERTH_E_DID, "not a did:ethr");
	last = strrchr(did, ':') + 1;
	n = last > network ? (size_t)(last - network) - 1 : 0;
	if (last > network && (n == 0 || n > BERTH_ETHR_NETWORK_MAX))
		return berth_fail(BERTH_E_DID, "did:ethr: a network of 1 to %d characters", BERTH_ETHR_NETWORK_MAX);
	memcpy(out->network, network, n);
	if ((rc = parse_chain(&out->chain_id, n ? out->network : "mainnet")))
		return rc;
	return parse_identifier(out, last);
}

enum berth_err berth_ethr_did_parse(struct berth_ethr_did *out, const char *did)
{
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = parse_did(out, did)))
		memset(out, 0, sizeof(*out));
	return rc;
}

void berth_ethr_did_format(struct berth_buf *out, const char *network, const struct berth_eth_address *identity)
{
	char address[BERTH_ETH_ADDRESS_LEN + 1];

	berth_eth_address_format(address, identity);
	berth_buf_printf(out, PREFIX "%s%s%s", network ? network : "", network ? ":" : "", address);
}

/* ---- registries ---- */

static bool parse_decimal(uint64_t *out, const char *text, size_t n)
{
	*out = 0;
	if (n == 0 || n > 19 || text[0] == '0')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		*out = *out * 10 + (uint64_t)(text[i] - '0');
	}
	return true;
}

enum berth_err berth_ethr_registry_parse(struct berth_ethr_registry *out, const char *text)
{
	const char *colon = strchr(text, ':');
	struct berth_ethr_registry r;

	memset(out, 0, sizeof(*out));
	if (!colon || !parse_decimal(&r.chain_id, text, (size_t)(colon - text)) || r.chain_id > BERTH_ETH_CHAIN_MAX)
		return berth_fail(BERTH_E_CONFIG, "\"%.80s\" is no CHAINID:0xADDRESS", text);
	if (berth_eth_address_parse(&r.address, colon + 1))
		return berth_fail(BERTH_E_CONFIG, "\"%.80s\": no address, or one with a wrong checksum", text);
	*out = r;
	return BERTH_OK;
}
