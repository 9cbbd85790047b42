/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_CONFIG_H
#define BERTH_AGENT_CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* The configuration file: `key = value` in `[sections]`, some of them with a name
 * (`[keystore main]`); a line that starts with # is a comment.  One table says
 * which options there are, and is what parsing, --check-config and the reference
 * docs/berth.conf.example go by.  `key =` with nothing behind it is the default.
 *
 * Every fault is E_CONFIG, and the detail names line, section and option. */
#define BERTH_CONFIG_MAX ((size_t)64 << 10)
#define BERTH_CONFIG_LINE_MAX 4096
#define BERTH_CONFIG_SECTIONS_MAX 256
#define BERTH_CONFIG_VALUES_MAX 2048
#define BERTH_CONFIG_NAME_MAX 63	/* [A-Za-z0-9._-]+ */

enum berth_option_type {
	BERTH_OPT_TEXT,
	BERTH_OPT_PATH,		/* absolute */
	BERTH_OPT_PATHS,	/* one or more */
	BERTH_OPT_BOOL,		/* yes | no */
	BERTH_OPT_INT,
	BERTH_OPT_TIME,		/* seconds; 90, 90s, 15m, 12h, 30d */
	BERTH_OPT_WORD,		/* one of words */
	BERTH_OPT_WORDS,	/* some of words */
	BERTH_OPT_DID,		/* one or more */
	BERTH_OPT_URI,		/* one or more */
	BERTH_OPT_CIDR,		/* one or more */
	BERTH_OPT_HOST,		/* name=addr, one or more */
	BERTH_OPT_ACCOUNT,	/* number or name of a user or group, one or more */
	BERTH_OPT_PCR,		/* 0 to 23, one or more */
	BERTH_OPT_GRANT,	/* self, secret:ID ..., one or more */
	BERTH_OPT_ANY,		/* [adapter]: the adapter judges key and value */
	BERTH_OPT_NAMES,	/* any words, one or more */
	BERTH_OPT_HOSTNAME,	/* of a host, or its address; one or more */
	BERTH_OPT_HOSTNAMES,	/* and *.example.org for all below it, * for any */
	BERTH_OPT_REGISTRY,	/* CHAINID:0xADDRESS, one or more */
	BERTH_OPT_PORT,		/* 1 to 65535, one or more */
	BERTH_OPT_PCR_VALUE	/* N:HEX, one or more */
};

enum berth_section_kind { BERTH_SECTION_ONE, BERTH_SECTION_NAMED, BERTH_SECTION_EITHER };

struct berth_option {
	const char *section, *key;	/* key "*": any other */
	uint8_t kind;			/* enum berth_section_kind */
	uint8_t type;			/* enum berth_option_type */
	bool repeat;			/* may stand more than once; values add up */
	int32_t min;			/* INT, TIME */
	int64_t max;
	const char *dflt;		/* "": unset */
	const char *words;		/* "a b c" */
};
extern const struct berth_option berth_options[];
extern const size_t berth_options_n;

struct berth_config;

BERTH_MUST_USE enum berth_err
berth_config_parse(struct berth_config **out, const char *name, const char *text, size_t len);
/* The file must be ours or root's and writable by nobody else (C156). */
BERTH_MUST_USE enum berth_err berth_config_load(struct berth_config **out, const char *path);
void berth_config_free(struct berth_config *c);

/* Named sections of a kind, in the order of the file ("" for the one without a
 * name); NULL behind the last. */
const char *berth_config_section(const struct berth_config *c, const char *section, size_t i);

/* The value, or the default.  name NULL: the section without a name.  Asking for an
 * option that is not in the table is a caller's bug and aborts.  Borrowed. */
const char *berth_config_str(const struct berth_config *c, const char *section, const char *name, const char *key);
int64_t berth_config_int(const struct berth_config *c, const char *section, const char *name, const char *key);
bool berth_config_bool(const struct berth_config *c, const char *section, const char *name, const char *key);
/* Whether a list option has that word. */
bool berth_config_has(const struct berth_config *c, const char *section, const char *name, const char *key,
		      const char *word);
/* The i-th word over all values of a list option; NULL behind the last.  Borrowed. */
const char *berth_config_item(const struct berth_config *c, const char *section, const char *name,
			      const char *key, size_t i);
/* What stands in [adapter NAME] besides the options of the table, as one JSON object
 * of strings, for the adapter's start(). */
BERTH_MUST_USE enum berth_err
berth_config_adapter_json(const struct berth_config *c, const char *name, struct berth_buf *out);

/* The same as protocols and netd want it.  policy borrows from c; its ek_roots_pem is
 * left NULL for who reads that file.  netpol: berth_netpol_free(). */
struct berth_policy;
struct berth_netpol;
struct berth_net_config;
struct berth_net_browse;
struct berth_res_http_policy;
BERTH_MUST_USE enum berth_err berth_config_policy(const struct berth_config *c, struct berth_policy *out);
BERTH_MUST_USE enum berth_err berth_config_netpol(const struct berth_config *c, struct berth_netpol *out);
/* All that netd is told; [listen], [tls] and [egress] have been looked at together.
 * berth_netpol_free(&out->policy). */
BERTH_MUST_USE enum berth_err berth_config_net(const struct berth_config *c, struct berth_net_config *out);
/* What DNS is asked; E_NOMATCH: nothing. */
BERTH_MUST_USE enum berth_err berth_config_browse(const struct berth_config *c, struct berth_net_browse *out);
/* The same for --check-config, and whether the files of [tls] can be read. */
BERTH_MUST_USE enum berth_err berth_config_net_check(const struct berth_config *c);

/* What registry adapters may ask for: berth_res_http_policy_free().  The same for
 * --check-config, and whether ca-file can be read. */
BERTH_MUST_USE enum berth_err berth_config_http(const struct berth_config *c, struct berth_res_http_policy *out);
BERTH_MUST_USE enum berth_err berth_config_http_check(const struct berth_config *c);

/* What [credentials] and [trust] say, for whoever verifies.  Borrows from c. */
struct berth_verify;
struct berth_vc_policy;
BERTH_MUST_USE enum berth_err berth_config_credentials(const struct berth_config *c, struct berth_vc_policy **out);
void berth_config_credentials_free(struct berth_vc_policy *p);	/* NULL is fine */
/* The folders that [policy] names, into v. */
void berth_config_folders(const struct berth_config *c, struct berth_verify *v);

/* What [hook] says: v[BERTH_HOOKS_MAX], which borrows from c, and has been checked. */
struct berth_hook;
BERTH_MUST_USE enum berth_err berth_config_hooks(const struct berth_config *c, struct berth_hook *v, size_t *n);

/* Whether the hook of that name gets items of that type and name; and whether any does, for
 * struct berth_policy (hooked_by is the configuration). */
bool berth_config_hook_takes(const struct berth_config *c, const char *name, const char *type, const char *id);
bool berth_config_hooked(const void *config, const char *type, const char *id);

#endif /* BERTH_AGENT_CORE_CONFIG_H */
