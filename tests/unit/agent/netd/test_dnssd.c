/* SPDX-License-Identifier: Apache-2.0 */
/* The good answers are what dnsmasq 2.90 said to these questions; the bad ones are made
 * of them. */
#include "agent/netd/dnssd.h"

#include "agent/protocol/hints.h"
#include "tests/check.h"

#define DOMAIN_WIRE "076578616d706c65047465737400"
#define SERVICE "_berth._tcp.example.test"
#define YARD "yard\\0323." SERVICE
#define PTR "123485800001000200000001065f6265727468045f746370" DOMAIN_WIRE "000c0001c00c000c000100000000001f" \
	"0468616c6c065f6265727468045f746370" DOMAIN_WIRE "c00c000c0001000000000021" \
	"06796172642033065f6265727468045f746370" DOMAIN_WIRE "00002904d0000000000000"
#define SRV "12348580000100010000000306596172642033065f6265727468045f746370" DOMAIN_WIRE "00210001" \
	"c00c00210001000000000017000000001b58027276" DOMAIN_WIRE "c04300010001000000000004c0000207" \
	"c043001c000100000000001020010db800000000000000000000000700002904d0000000000000"
#define TXT "12348580000100010000000106596172642033065f6265727468045f746370" DOMAIN_WIRE "00100001" \
	"c00c0010000100000000002409747874766572733d31196469643d6469643a706565723a347a516d536f6d65626f6479" \
	"00002904d0000000000000"
#define TXT_WSS "1234858000010001000000010468616c6c065f6265727468045f746370" DOMAIN_WIRE "00100001" \
	"c00c0010000100000000002e196469643d6469643a706565723a347a516d536f6d65626f64790a736368656d653d777373" \
	"08706174683d2f777300002904d0000000000000"
#define A "123485800001000100000001027276" DOMAIN_WIRE "00010001c00c00010001000000000004c000020700002904d0000000000000"
#define AAAA "123485800001000100000001027276" DOMAIN_WIRE \
	"001c0001c00c001c000100000000001020010db800000000000000000000000700002904d0000000000000"
#define NXDOMAIN "123481830001000000000001046e6f6e65" DOMAIN_WIRE "0001000100002904d0000000000000"

struct answer { uint8_t b[BERTH_DNSSD_ANSWER_MAX + 1]; size_t n; };

static struct answer of(const char *hex)
{
	struct answer a = { .n = strlen(hex) / 2 };

	for (size_t i = 0; i < a.n; i++) {
		unsigned v;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
		a.b[i] = (uint8_t)v;
	}
	return a;
}

/* Of exactly its length, so that a reader behind its end is caught. */
static uint8_t *exact(const struct answer *a, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	assert_non_null(p);
	memcpy(p, a->b, n);
	return p;
}

static void services_of_a_domain(void **state)
{
	char name[BERTH_DNSSD_NAME_MAX + 1];
	struct answer a = of(PTR);
	struct berth_cur data;
	struct berth_dnssd d;

	(void)state;
	CHECK_OK(berth_dnssd_open(&d, a.b, a.n));
	assert_true(berth_dnssd_next(&d, "_BERTH._tcp.example.TEST", BERTH_DNSSD_PTR, &data));
	CHECK_OK(berth_dnssd_ptr(name, &d, data));
	assert_string_equal(name, "hall." SERVICE);
	assert_true(berth_dnssd_next(&d, SERVICE, BERTH_DNSSD_PTR, &data));
	CHECK_OK(berth_dnssd_ptr(name, &d, data));
	assert_string_equal(name, YARD);
	assert_false(berth_dnssd_next(&d, SERVICE, BERTH_DNSSD_PTR, &data));
	assert_false(d.at.bad);
	CHECK_OK(berth_dnssd_open(&d, a.b, a.n));
	assert_false(berth_dnssd_next(&d, "_other._tcp.example.test", BERTH_DNSSD_PTR, &data));
	assert_false(d.at.bad);
	a = of(NXDOMAIN);
	CHECK_RC(BERTH_E_NOMATCH, berth_dnssd_open(&d, a.b, a.n));
}

static void where_a_service_is(void **state)
{
	char address[BERTH_NETADDR_TEXT_MAX + 1];
	struct answer a = of(SRV);
	struct berth_dnssd_srv at;
	struct berth_cur data;
	struct berth_dnssd d;

	(void)state;
	CHECK_OK(berth_dnssd_open(&d, a.b, a.n));
	assert_true(berth_dnssd_next(&d, YARD, BERTH_DNSSD_SRV, &data));
	CHECK_OK(berth_dnssd_srv(&at, &d, data));
	assert_string_equal(at.host, "rv.example.test");
	assert_int_equal(at.port, 7000);
	a = of(A);
	CHECK_OK(berth_dnssd_open(&d, a.b, a.n));
	assert_true(berth_dnssd_next(&d, "rv.example.test", BERTH_DNSSD_A, &data));
	CHECK_OK(berth_dnssd_address(address, BERTH_DNSSD_A, data));
	assert_string_equal(address, "192.0.2.7");
	CHECK_RC(BERTH_E_TYPE, berth_dnssd_address(address, BERTH_DNSSD_AAAA, data));
	a = of(AAAA);
	CHECK_OK(berth_dnssd_open(&d, a.b, a.n));
	assert_true(berth_dnssd_next(&d, "rv.example.test", BERTH_DNSSD_AAAA, &data));
	CHECK_OK(berth_dnssd_address(address, BERTH_DNSSD_AAAA, data));
	assert_string_equal(address, "2001:db8::7");
}

static enum berth_err txt(struct berth_dnssd_txt *t, const char *bytes, size_t n)
{
	return berth_dnssd_txt(t, berth_cur(bytes, n));
}
#define TXT_OF(t, s) txt(t, s, sizeof(s) - 1)

static void what_a_service_says(void **state)
{
	struct berth_buf line = BERTH_BUF_INIT;
	struct berth_dnssd_txt t;
	struct berth_cur data;
	struct berth_dnssd d;
	struct answer a = of(TXT);

	(void)state;
	CHECK_OK(berth_dnssd_open(&d, a.b, a.n));
	assert_true(berth_dnssd_next(&d, YARD, BERTH_DNSSD_TXT, &data));
	CHECK_OK(berth_dnssd_txt(&t, data));
	assert_false(berth_dnssd_needs_name(&t));
	assert_true(berth_dnssd_hint(&line, &t, "2001:db8::7", 7000));
	a = of(TXT_WSS);
	CHECK_OK(berth_dnssd_open(&d, a.b, a.n));
	assert_true(berth_dnssd_next(&d, "hall." SERVICE, BERTH_DNSSD_TXT, &data));
	CHECK_OK(berth_dnssd_txt(&t, data));
	assert_true(berth_dnssd_needs_name(&t));
	assert_true(berth_dnssd_hint(&line, &t, "rv.example.test", 7443));
	assert_string_equal(berth_buf_cstr(&line), "did:peer:4zQmSomebody nng+tcp://[2001:db8::7]:7000\n"
						   "did:peer:4zQmSomebody wss://rv.example.test:7443/ws\n");
	berth_buf_free(&line);
	CHECK_OK(TXT_OF(&t, "\x0b" "DID=did:x:1" "\x0b" "did=did:x:2" "\x00" "\x04" "flag" "\x05" "bin=\x80"));
	assert_string_equal(t.did, "did:x:1");
}

static void what_says_no_did_is_no_service(void **state)
{
	static const char visible[] = "\x05" "did=x" "\x0d" "scheme=nng+tcp";
	struct berth_dnssd_txt t;

	(void)state;
	CHECK_RC(BERTH_E_NOMATCH, TXT_OF(&t, ""));
	CHECK_RC(BERTH_E_NOMATCH, TXT_OF(&t, "\x00"));
	CHECK_RC(BERTH_E_NOMATCH, TXT_OF(&t, "\x04" "did="));
	CHECK_RC(BERTH_E_NOMATCH, txt(&t, visible, 6));
	CHECK_RC(BERTH_E_TYPE, TXT_OF(&t, "\x0b" "did=did:x:"));
	CHECK_RC(BERTH_E_TYPE, TXT_OF(&t, "\x0b" "did=did:x 1"));
	CHECK_RC(BERTH_E_TYPE, TXT_OF(&t, "\x0b" "did=did:x\n1"));
	CHECK_RC(BERTH_E_TYPE, TXT_OF(&t, "\x0b" "did=did:x\xff" "1"));
	CHECK_RC(BERTH_E_TYPE, TXT_OF(&t, "\x0b" "did=did:x:1" "\x0b" "scheme=file"));
	CHECK_RC(BERTH_E_TYPE, TXT_OF(&t, "\x0b" "did=did:x:1" "\x0e" "scheme=nng+ipc"));
	CHECK_RC(BERTH_E_TYPE, TXT_OF(&t, "\x0b" "did=did:x:1" "\x10" "scheme=nng+tcp+x"));
	CHECK_RC(BERTH_E_TYPE, TXT_OF(&t, "\x0b" "did=did:x:1" "\x08" "path=/ws"));
	CHECK_RC(BERTH_E_TYPE, TXT_OF(&t, "\x0b" "did=did:x:1" "\x09" "scheme=ws" "\x0a" "path=@evil"));
	CHECK_OK(TXT_OF(&t, "\x0b" "did=did:x:1" "\x09" "scheme=ws" "\x0b" "path=/@evil"));
}

static void caps(void **state)
{
	char long_did[256] = "\xff" "did=did:x:", path[128] = "\x7d" "path=/", text[BERTH_DNSSD_TXT_MAX + 2] = "\x0b" "did=did:x:1";
	struct berth_buf line = BERTH_BUF_INIT;
	struct berth_dnssd_txt t;
	struct answer a = of(PTR);
	struct berth_cur data;
	struct berth_dnssd d;
	char host[254];
	unsigned n = 0;

	(void)state;
	memset(long_did + 11, 'a', sizeof(long_did) - 11);
	CHECK_RC(BERTH_E_TYPE, txt(&t, long_did, 256));
	long_did[0] = (char)(4 + BERTH_DNSSD_DID_MAX);
	CHECK_OK(txt(&t, long_did, 5 + BERTH_DNSSD_DID_MAX));
	assert_int_equal(strlen(t.did), BERTH_DNSSD_DID_MAX);
	CHECK_OK(txt(&t, text, BERTH_DNSSD_TXT_MAX));
	CHECK_RC(BERTH_E_TYPE, txt(&t, text, BERTH_DNSSD_TXT_MAX + 1));
	memset(path + 7, 'p', sizeof(path) - 7);
	memcpy(text + 12, "\x09" "scheme=ws", 10);
	memcpy(text + 22, path, 126);
	CHECK_OK(txt(&t, text, 148));
	memset(host, 'h', 253);
	host[253] = '\0';
	assert_false(berth_dnssd_hint(&line, &t, host, 1));
	assert_int_equal(line.len, 0);
	host[BERTH_HINT_URI_MAX - strlen("ws://:1") - BERTH_DNSSD_PATH_MAX] = '\0';
	assert_true(berth_dnssd_hint(&line, &t, host, 1));
	berth_buf_free(&line);
	text[22] = 0x7e;
	CHECK_RC(BERTH_E_TYPE, txt(&t, text, 149));

	/* however many records it has, so many are looked at */
	for (a.n = 42; a.n + 16 <= BERTH_DNSSD_ANSWER_MAX; a.n += 16)
		memcpy(a.b + a.n, "\xc0\x0c\0\x0c\0\x01\0\0\0\0\0\x04\xc0\x0c\xc0\x0c", 16);
	a.b[6] = a.b[7] = 0xff;
	CHECK_OK(berth_dnssd_open(&d, a.b, a.n));
	while (berth_dnssd_next(&d, SERVICE, BERTH_DNSSD_PTR, &data))
		n++;
	assert_int_equal(n, BERTH_DNSSD_RECORDS_MAX);
	CHECK_RC(BERTH_E_TYPE, berth_dnssd_open(&d, a.b, BERTH_DNSSD_ANSWER_MAX + 1));
}

/* The name of the record at 42, or where it points. */
static enum berth_err ptr_with(size_t at, const char *bytes, size_t len, bool *found)
{
	char name[BERTH_DNSSD_NAME_MAX + 1];
	struct answer a = of(PTR);
	struct berth_cur data;
	struct berth_dnssd d;
	uint8_t *p;
	enum berth_err rc;

	memcpy(a.b + at, bytes, len);
	p = exact(&a, a.n);
	if (!(rc = berth_dnssd_open(&d, p, a.n)) && (*found = berth_dnssd_next(&d, SERVICE, BERTH_DNSSD_PTR, &data)))
		rc = berth_dnssd_ptr(name, &d, data);
	if (!rc && d.at.bad)
		rc = BERTH_E_TYPE;
	free(p);
	return rc;
}
#define PTR_WITH(at, s, found) ptr_with(at, s, sizeof(s) - 1, found)

static void names_that_lead_nowhere_are_refused(void **state)
{
	bool found;

	(void)state;
	CHECK_OK(PTR_WITH(42, "\xc0\x0c", &found));
	assert_true(found);
	CHECK_RC(BERTH_E_TYPE, PTR_WITH(42, "\xc0\x2a", &found));	/* to itself */
	CHECK_RC(BERTH_E_TYPE, PTR_WITH(42, "\xff\xff", &found));	/* outside */
	CHECK_RC(BERTH_E_TYPE, PTR_WITH(42, "\x80\x0c", &found));	/* no label that there is */
	CHECK_RC(BERTH_E_TYPE, PTR_WITH(54, "\xc0\x36", &found));
	CHECK_RC(BERTH_E_TYPE, PTR_WITH(54, "\x3f", &found));		/* a label behind the record's end */
	CHECK_RC(BERTH_E_TYPE, PTR_WITH(52, "\x00\x1e", &found));	/* a record that is shorter than its name */
	CHECK_RC(BERTH_E_TYPE, PTR_WITH(12, "\xc0\x0c", &found));
	CHECK_RC(BERTH_E_TYPE, PTR_WITH(2, "\x05\x80", &found));	/* a question */
	CHECK_RC(BERTH_E_TYPE, PTR_WITH(4, "\x00\x02", &found));
	CHECK_OK(PTR_WITH(46, "\x00\x03", &found));			/* another class */
	assert_true(found);						/* but the next one is right */
}

static void hosts_that_are_none_are_no_answer(void **state)
{
	static const struct { size_t at; const char *bytes; size_t n; enum berth_err want; } bad[] = {
		{ 65, "\x1b\x58", 2, BERTH_OK },
		{ 65, "\0\0", 2, BERTH_E_NOMATCH },		/* port 0 */
		{ 67, "\x02r/", 3, BERTH_E_NOMATCH },
		{ 67, "\x02r@", 3, BERTH_E_NOMATCH },
		{ 67, "\x02r\0", 3, BERTH_E_NOMATCH },
		{ 67, "\x00", 1, BERTH_E_TYPE },		/* octets behind the root */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct answer a = of(SRV);
		struct berth_dnssd_srv at;
		struct berth_cur data;
		struct berth_dnssd d;

		memcpy(a.b + bad[i].at, bad[i].bytes, bad[i].n);
		CHECK_OK(berth_dnssd_open(&d, a.b, a.n));
		assert_true(berth_dnssd_next(&d, YARD, BERTH_DNSSD_SRV, &data));
		CHECK_RC(bad[i].want, berth_dnssd_srv(&at, &d, data));
	}
}

static void read_all(const uint8_t *p, size_t n)
{
	static const enum berth_dnssd_type types[] = { BERTH_DNSSD_PTR, BERTH_DNSSD_SRV, BERTH_DNSSD_TXT, BERTH_DNSSD_A };
	char name[BERTH_DNSSD_NAME_MAX + 1];
	struct berth_dnssd_srv at;
	struct berth_dnssd_txt t;
	struct berth_cur data;
	struct berth_dnssd d;
	enum berth_err rc;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (berth_dnssd_open(&d, p, n))
			return;
		while (berth_dnssd_next(&d, i ? YARD : SERVICE, types[i], &data)) {
			rc = berth_dnssd_ptr(name, &d, data);
			rc = berth_dnssd_srv(&at, &d, data);
			rc = berth_dnssd_txt(&t, data);
			rc = berth_dnssd_address(name, types[i], data);
		}
	}
	(void)rc;
}

static void every_truncation_is_read_to_its_end_and_no_further(void **state)
{
	static const char *const answers[] = { PTR, SRV, TXT, TXT_WSS, A, AAAA, NXDOMAIN };

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct answer a = of(answers[i]);

		for (size_t n = 0; n <= a.n; n++) {
			uint8_t *p = exact(&a, n);

			read_all(p, n);
			free(p);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_of_a_domain),
		cmocka_unit_test(where_a_service_is),
		cmocka_unit_test(what_a_service_says),
		cmocka_unit_test(what_says_no_did_is_no_service),
		cmocka_unit_test(caps),
		cmocka_unit_test(names_that_lead_nowhere_are_refused),
		cmocka_unit_test(hosts_that_are_none_are_no_answer),
		cmocka_unit_test(every_truncation_is_read_to_its_end_and_no_further),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
