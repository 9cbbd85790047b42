/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_ERR_H
#define BERTH_ERR_H

#ifdef __cplusplus
extern "C" {
#endif

/* Every call that can fail returns one of these; BERTH_OK is 0.  The names are
 * what users see ("berth: E_SIG: ..."), the class decides the exit status of the
 * command line tool and the answer of the local API. */
enum berth_err {
	BERTH_OK = 0,

	/* Malformed input: exit 3, HTTP 400. */
	BERTH_E_JSON,		/* not strict I-JSON (RFC 7493) */
	BERTH_E_B64,		/* base64url or multibase that is not canonical */
	BERTH_E_TYPE,		/* a field is missing or of the wrong type */
	BERTH_E_SIZE,		/* a stated cap is exceeded */
	BERTH_E_ENV,		/* structure of a JOSE or DIDComm envelope */
	BERTH_E_DID,		/* not a DID, or one of an unknown method */
	BERTH_E_CONFIG,		/* configuration file */
	BERTH_E_KEY,		/* invalid key or point, or a key not usable for this */
	BERTH_E_SDJWT,		/* SD-JWT structure */

	/* Well-formed, but refused: exit 1, HTTP 403. */
	BERTH_E_ALG,		/* algorithm not on the allow-list */
	BERTH_E_SIG,		/* signature does not verify */
	BERTH_E_DECRYPT,	/* uniform: no more is ever said */
	BERTH_E_ADDR,		/* DIDComm message layer addressing consistency */
	BERTH_E_AUTHZ,		/* not allowed to do this */
	BERTH_E_ROTATE,		/* from_prior */
	BERTH_E_REPLAY,		/* seen before, or an older counter */
	BERTH_E_EXPIRED,	/* outside its time window */
	BERTH_E_CLOCK,		/* the time is needed and not known */
	BERTH_E_ROUTE,		/* forward to nobody we know */
	BERTH_E_QUOTA,		/* a limit for this peer or caller */
	BERTH_E_NETPOL,		/* egress policy forbids the address */
	BERTH_E_VC,		/* credential or chain structure */
	BERTH_E_HOLDER,		/* holder binding, challenge, domain */
	BERTH_E_STATUS,		/* revoked, suspended, or status unknown */
	BERTH_E_NOMATCH,	/* nothing answers the query */

	/* Unavailable, worth another try: exit 4, HTTP 503. */
	BERTH_E_RESOLVE,	/* no document of a DID, or not the right one */
	BERTH_E_KEYSTORE,	/* the store of keys, or a key in it */
	BERTH_E_STORE,		/* the agent's database */
	BERTH_E_PLUGIN,		/* a registry adapter, or the process it runs in */
	BERTH_E_UNAVAILABLE,	/* a peer, a network, room */

	/* Ours: exit 5, HTTP 500. */
	BERTH_E_NOMEM,		/* no memory */
	BERTH_E_INTERNAL,	/* a fault of this program or of its system */

	/* Wrong usage of the command line: exit 2. */
	BERTH_E_USAGE,

	BERTH_E__COUNT		/* not a code */
};

#define BERTH_MUST_USE __attribute__((warn_unused_result))
#define BERTH_PRINTF(a, b) __attribute__((format(printf, a, b)))

/* "E_SIG" and so on; static storage.  "OK" for BERTH_OK. */
const char *berth_err_name(enum berth_err code);

/* The exit status of `berth` for this code: 0 to 5. */
int berth_err_exit(enum berth_err code);

/* Records what was wrong and where in the input, then yields `code`.  Called
 * once, at the place that finds the fault; callers pass the code up unchanged.
 * The text never holds a secret and never goes to a peer. */
#define berth_fail(code, ...) \
	berth_fail_at((unsigned)(code) | (unsigned)__LINE__ << 8, BERTH_FILE, __VA_ARGS__)
/* code_line: the code, and above its eight bits the line: one word at each of many calls. */
enum berth_err berth_fail_at(unsigned code_line, const char *file, const char *fmt, ...) BERTH_PRINTF(3, 4);
#ifdef __FILE_NAME__
#define BERTH_FILE __FILE_NAME__	/* without its folders */
#else
#define BERTH_FILE __FILE__
#endif

/* berth_fail() for memory that ran out: of that no place is to blame, and hundreds meet it. */
enum berth_err berth_no_memory(void);

/* The text of this thread's last berth_fail(); "" before the first.  Borrowed
 * until the next berth_fail() of the thread. */
const char *berth_err_detail(void);

/* "file.c:123" of the same; for the debug log. */
const char *berth_err_where(void);

#ifdef __cplusplus
}
#endif
#endif /* BERTH_ERR_H */
