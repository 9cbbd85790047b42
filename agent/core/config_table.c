/* SPDX-License-Identifier: Apache-2.0 */
/* Every option there is.  docs/berth.conf.example lists exactly these, in this order. */
#include "agent/core/config.h"

#include "agent/core/keyrouter.h"
#include "agent/ipc/http_policy.h"
#include "agent/ipc/netd_proto.h"
#include "agent/protocol/item.h"

#define DAY 86400
#define ONE BERTH_SECTION_ONE
#define NAMED BERTH_SECTION_NAMED
#define EITHER BERTH_SECTION_EITHER

/* doc is for who reads this, and no part of any program. */
#define TEXT(s, k, key, dflt, doc) { s, key, k, BERTH_OPT_TEXT, false, 0, 0, dflt, NULL }
#define PATH(s, k, key, dflt, doc) { s, key, k, BERTH_OPT_PATH, false, 0, 0, dflt, NULL }
#define BOOL(s, k, key, dflt, doc) { s, key, k, BERTH_OPT_BOOL, false, 0, 0, dflt, NULL }
#define WORD(s, k, key, dflt, words, doc) { s, key, k, BERTH_OPT_WORD, false, 0, 0, dflt, words }
#define WORDS(s, k, key, dflt, words, doc) { s, key, k, BERTH_OPT_WORDS, true, 0, 0, dflt, words }
#define LIST(s, k, type, key, doc) { s, key, k, type, true, 0, 0, "", NULL }
#define SOLE(s, k, type, key, doc) { s, key, k, type, false, 0, 0, "", NULL }
#define INT(s, k, key, dflt, min, max, doc) { s, key, k, BERTH_OPT_INT, false, min, max, dflt, NULL }
#define TIME(s, k, key, dflt, min, max, doc) { s, key, k, BERTH_OPT_TIME, false, min, max, dflt, NULL }

const struct berth_option berth_options[] = {
	WORDS("agent", ONE, "role", "gateway", "gateway owner factory rendezvous mediator",
	      "what this agent is; several roles are possible"),
	TEXT("agent", ONE, "name", "", "what people call it; the host's name when unset"),
	PATH("agent", ONE, "state-dir", "/var/lib/berth", "where the store is; ours alone, mode 0700"),
	PATH("agent", ONE, "run-dir", "/run/berth", "where the sockets are; mode 0750"),
	WORD("agent", ONE, "log-level", "info", "error warn info debug", "how much is logged"),
	WORD("agent", ONE, "log-format", "auto", "auto text json", "auto: text on a terminal, JSON lines else"),
	BOOL("agent", ONE, "clock-trusted", "no", "the system clock is right from the start (it has a battery)"),

	WORDS("keystore", NAMED, "for", "", BERTH_CLAIM_WORDS, "a further keystore: the identities whose keys it has"),
	TEXT("keystore", NAMED, "uri", "", "soft:PATH[?seal=tpm2], tpm2:?dir=DIR or pkcs11:token=LABEL"),
	PATH("keystore", NAMED, "passphrase-file", "", "what opens a soft: store"),
	TEXT("keystore", NAMED, "tcti", "", "the TPM; $BERTH_TCTI or the kernel's resource manager when unset"),
	LIST("keystore", NAMED, BERTH_OPT_PCR, "pcrs", "bind a tpm2: store to these; unset: as it is"),
	PATH("keystore", NAMED, "module-path", "", "the PKCS#11 module"),
	LIST("keystore", NAMED, BERTH_OPT_PATHS, "module-dir", "folders that it may write to"),
	PATH("keystore", NAMED, "pin-source", "", "the file that has its PIN"),
	LIST("keystore", NAMED, BERTH_OPT_REGISTRY, "ethr-registry", "CHAINID:0xADDRESS of did:ethr that keys may write to"),
	INT("keystore", NAMED, "ethr-fee-max", "1000", 0, 1000000, "what they may pay for it, gwei for one unit of gas"),

	LIST("listen", ONE, BERTH_OPT_URI, "uri", "where peers reach us; none: we only dial out"),
	LIST("listen", ONE, BERTH_OPT_URI, "announce", "what we tell them, when it is not uri (behind NAT, a name)"),
	LIST("listen", ONE, BERTH_OPT_URI, "origin", "web pages that may open a WebSocket to us; unset: none"),
	INT("listen", ONE, "connections", "128", 1, BERTH_NET_CONNS_MAX, "of peers, for each kind of link"),
	INT("listen", ONE, "connections-per-address", "32", 1, BERTH_NET_CONNS_MAX, "of them (IPv6: of a /64)"),
	INT("listen", ONE, "requests-at-once", "128", 1, BERTH_NET_CONNS_MAX, "of peers, those that wait for messages too"),
	INT("listen", ONE, "requests-per-second", "50", 1, BERTH_NET_RATE_MAX, "of one address"),

	PATH("tls", ONE, "certificate", "", "PEM file, ours with its chain; for nng+tls and https listeners"),
	PATH("tls", ONE, "key", "", "PEM file of its key; readable by nobody else"),
	PATH("tls", ONE, "ca", "", "PEM file: who is believed when we dial; https without: the system's authorities"),
	PATH("tls", ONE, "clients", "", "PEM file: whose certificates may connect to us; unset: anybody may"),

	TEXT("device", ONE, "serial", "", "of this gateway; the machine id when unset"),
	TEXT("device", ONE, "model", "", "of this gateway"),
	TEXT("device", ONE, "hardware", "", "revision of the hardware"),
	TEXT("device", ONE, "firmware", "", "version of what runs on it"),
	PATH("device", ONE, "event-log", "/sys/kernel/security/tpm0/binary_bios_measurements", "what it measured at boot"),

	SOLE("factory", ONE, BERTH_OPT_DID, "did", "who may initialize a blank gateway over the network"),
	SOLE("factory", ONE, BERTH_OPT_URI, "uri", "where that factory is"),

	SOLE("rendezvous", EITHER, BERTH_OPT_DID, "did", "an agent that tells devices where their owner is"),
	SOLE("rendezvous", EITHER, BERTH_OPT_URI, "uri", "where it is"),
	PATH("rendezvous", EITHER, "hints-file", "", "gateway: where else those of its credential may be; unnamed section"),
	LIST("rendezvous", EITHER, BERTH_OPT_HOSTNAME, "dns-sd", "gateway: domains whose DNS may say so, too; search: resolv.conf's; unset: none"),
	TEXT("rendezvous", EITHER, "dns-sd-server", "", "whose address is ADDRESS or ADDRESS:PORT; resolv.conf's when unset"),

	SOLE("mediator", ONE, BERTH_OPT_DID, "did", "whose client we are: it takes messages for us while nobody can dial us"),
	SOLE("mediator", ONE, BERTH_OPT_URI, "uri", "where it is"),
	TIME("mediator", ONE, "interval", "1h", 10, DAY, "how often it is asked what waits, whatever it says by itself"),

	PATH("adapter", NAMED, "path", "", "the shared object of a registry adapter; root's, absolute"),
	BOOL("adapter", NAMED, "authoritative", "no", "what it resolves is believed without the evidence of the method"),
	LIST("adapter", NAMED, BERTH_OPT_NAMES, "methods", "the only DID methods that it is asked for; unset: all it has"),
	SOLE("adapter", NAMED, BERTH_OPT_ANY, "*", "whatever the adapter asks for"),

	LIST("egress", ONE, BERTH_OPT_CIDR, "allow", "addresses to be dialled although they are not public"),
	LIST("egress", ONE, BERTH_OPT_HOST, "hosts", "name=address, instead of asking the name service"),
	LIST("egress", ONE, BERTH_OPT_PATHS, "ipc", "folders whose sockets nng+ipc:// may name"),
	TEXT("egress", ONE, "proxy", "", "http://HOST:PORT, through which registry adapters ask"),
	INT("egress", ONE, "requests-per-second", "50", 1, BERTH_NET_RATE_MAX, "of ours to one address"),
	INT("egress", ONE, "requests-at-once", "32", 1, BERTH_HTTP_AT_ONCE_MAX, "of registry adapters"),
	LIST("egress", ONE, BERTH_OPT_HOSTNAMES, "names", "the only hosts that registry adapters may ask; unset: any"),
	LIST("egress", ONE, BERTH_OPT_HOSTNAME, "http-hosts", "hosts that they may ask without TLS"),
	LIST("egress", ONE, BERTH_OPT_PORT, "ports", "the only ports that they may ask; unset: 80, 443, from 1024 on"),
	PATH("egress", ONE, "ca-file", "", "PEM file: who vouches for those hosts; the system's authorities when unset"),

	BOOL("resolution", ONE, "offline", "no", "ask no registry: what is kept of them answers, however old"),
	TIME("resolution", ONE, "max-age", "1h", 10, 30 * DAY, "no document's lifetime counts for more"),
	TIME("resolution", ONE, "stale", "0", 0, 365 * DAY,
	     "for so long after it a document counts while its registry is not available"),
	TIME("resolution", ONE, "critical-stale", "0", 0, 365 * DAY, "the same for DIDs that this file names"),

	LIST("trust", ONE, BERTH_OPT_DID, "root", "issuers whose credentials count"),
	PATH("trust", ONE, "ek-roots", "", "PEM file of the TPM makers' root certificates"),
	LIST("trust", ONE, BERTH_OPT_DID, "issuer", "manufacturers whose DeviceCredentials an owner takes"),
	LIST("trust", ONE, BERTH_OPT_DID, "firmware-signer", "gateway: who signs firmware; none: the owner's word will do"),

	PATH("ldevid", ONE, "ca-cert", "", "owner: PEM file, the CA of its devices' certificates, and those above it"),
	TIME("ldevid", ONE, "lifetime", "0", 0, 3650 * DAY, "of a certificate, at most; 0: as long as the credential"),
	TEXT("ldevid", ONE, "subject", "/CN={serial}/serialNumber={serial}", "with {serial}, {model} and {did}"),
	LIST("ldevid", ONE, BERTH_OPT_NAMES, "san", "names beside the DID, up to three, with the same"),
	TEXT("ldevid", ONE, "crl-url", "", "where the list of berth ldevid crl is; unset: certificates do not say"),
	BOOL("ldevid", ONE, "server", "no", "certificates are for TLS servers, too"),

	PATH("hook", NAMED, "program", "", "what makes use of provisioned items; root's, absolute"),
	WORDS("hook", NAMED, "type", "", BERTH_ITEM_TYPES, "of the items that it gets"),
	LIST("hook", NAMED, BERTH_OPT_NAMES, "item", "the only items that it gets; unset: all of its types"),
	INT("hook", NAMED, "uid", "0", 0, UINT32_MAX - 1, "the user that it runs as, never root"),
	INT("hook", NAMED, "gid", "0", 0, UINT32_MAX - 1, "and the group; unset: of the same number"),
	TIME("hook", NAMED, "timeout", "1m", 1, DAY, "after that it is killed"),
	LIST("hook", NAMED, BERTH_OPT_PATHS, "write", "folders that it may change"),

	LIST("interop", ONE, BERTH_OPT_DID, "allow-missing-apv", "our DIDs to which anoncrypts may come without apv"),

	TEXT("invitations", ONE, "url", "https://berth.invalid/", "what the URL of an invitation begins with"),

	TEXT("api", ONE, "group", "", "group that may connect to app.sock; ours when unset"),
	INT("api", ONE, "requests-per-second", "100", 1, 10000, "of one local user; more is answered 429"),
	INT("api", ONE, "requests-at-once", "16", 1, 256, "connections of one local user"),

	LIST("principal", NAMED, BERTH_OPT_ACCOUNT, "uid", "users that are this principal"),
	LIST("principal", NAMED, BERTH_OPT_ACCOUNT, "gid", "groups that are"),
	PATH("principal", NAMED, "exe", "", "only when they run this program"),
	TEXT("principal", NAMED, "unit", "", "only in this systemd unit"),
	LIST("principal", NAMED, BERTH_OPT_GRANT, "may", "what it may do"),
	BOOL("principal", NAMED, "confirm", "no", "operational keys of before stay until it has said that it has switched"),

	WORDS("policy", ONE, "accept", "hardware sealed", "hardware sealed", "key custody an owner takes"),
	WORD("policy", ONE, "ek-live", "manufacturer", "required manufacturer",
	     "owner: whether a device proves its TPM to us, or the maker's word does"),
	WORD("policy", ONE, "approve", "auto", "auto manual", "manual: berth devices approve"),
	BOOL("policy", ONE, "recovery", "no", "factory: the ownership root may take a device back"),
	WORD("policy", ONE, "accept-offers", "manual", "manual owner peers",
	     "whose offers of credentials are accepted at once; manual: berth credentials accept"),
	BOOL("policy", ONE, "renew", "no", "issuer: who holds a credential of ours gets it again before it ends"),
	TIME("policy", ONE, "collect", "30", 0, 600, "gateway: how long to wait for a longer chain"),
	INT("policy", ONE, "seek-bytes-per-day", "4194304", 0, (int64_t)1 << 36, "gateway: on the wire to find its owner; 0: no limit"),
	TIME("policy", ONE, "owner-silent", "10m", 1, DAY, "an owner that does not answer for so long is looked for elsewhere"),
	TIME("policy", ONE, "run-timeout", "15m", 10, DAY, "a run that stands still is given up"),
	TIME("policy", ONE, "issue-timeout", "1h", 10, 30 * DAY, "owner: an offer that is not committed lapses"),
	TIME("policy", ONE, "credential-lifetime", "30d", 60, 3650 * DAY, "owner: of operational credentials"),
	TIME("policy", ONE, "registration-lifetime", "7d", 60, 365 * DAY, "owner: at the rendezvous"),
	WORD("policy", ONE, "mediate", "nobody", "nobody known anyone", "mediator: who may become a client"),
	LIST("policy", ONE, BERTH_OPT_DID, "mediate-did", "mediator: and these may, whatever mediate says"),
	INT("policy", ONE, "relay-clients", "256", 1, 100000, "mediator: clients"),
	INT("policy", ONE, "relay-dids", "32", 1, 128, "mediator: DIDs of one client"),
	INT("policy", ONE, "relay-messages", "256", 1, 100000, "mediator: messages that wait for one DID"),
	INT("policy", ONE, "relay-bytes", "4194304", 1024, (int64_t)1 << 30, "mediator: their bytes"),
	INT("policy", ONE, "relay-all-messages", "16384", 1, 1000000, "mediator: messages that wait for anybody"),
	INT("policy", ONE, "relay-all-bytes", "67108864", 1024, (int64_t)1 << 36, "mediator: their bytes"),
	TIME("policy", ONE, "relay-lifetime", "7d", 60, 365 * DAY, "mediator: what is not fetched by then goes"),
	TIME("policy", ONE, "relay-idle", "90d", 3600, 3650 * DAY, "mediator: who was not heard of for so long makes room for others"),
	BOOL("policy", ONE, "relay-rewrap", "no", "mediator: wrap each message once more for its recipient"),
	WORD("policy", ONE, "release-consent", "no", "no required",
	     "gateway: whether its operator has to agree (berth consent) when its owner lets it go"),
	TIME("policy", ONE, "release-notice", "10", 0, 30 * DAY, "gateway: how long before applications hear of that"),
	TIME("policy", ONE, "grace", "1d", 0, 30 * DAY, "gateway: how long keys of before stay for applications that have to confirm"),
	BOOL("policy", ONE, "clear-tpm", "no", "gateway: an owner that retires it may clear its TPM"),
	PATH("policy", ONE, "status-dir", "", "status lists, a file each"),
	PATH("policy", ONE, "schema-dir", "", "JSON Schemas of credentials, a file each"),
	PATH("policy", ONE, "delegation-dir", "", "DelegationCredentials, a file each"),
	LIST("policy", ONE, BERTH_OPT_TEXT, "approve-model",
	  "owner: models that approve = auto is about; none: all"),
	BOOL("policy", ONE, "credential-status", "no", "owner: operational credentials say where their status is"),
	TIME("policy", ONE, "status-lifetime", "1d", 60, 365 * DAY, "owner: how long a status list is worth asking"),
	TIME("policy", ONE, "attest-every", "0", 0, 365 * DAY, "owner: devices attest by themselves so often; 0: when asked"),
	LIST("policy", ONE, BERTH_OPT_PCR, "attest-pcrs", "owner: what they quote; unset: 0 to 7"),
	WORD("policy", ONE, "attest-drift", "report", "report quarantine", "owner: quarantine: who has drifted is suspended"),
	INT("policy", ONE, "attest-silent", "0", 0, 1000, "owner: who does not answer for so many attest-every is suspended; 0: reported"),
	BOOL("policy", ONE, "attest-lift", "no", "owner: who was suspended for either is taken back when it is as it was"),

	TIME("delivery", ONE, "retry-for", "7d", 60, 21 * DAY, "a message that nobody takes is given up"),
	INT("delivery", ONE, "peer-messages", "256", 1, 4096, "that wait for one peer"),
	INT("delivery", ONE, "peer-kilobytes", "4096", 1, 65536, "of them together"),

	LIST("credentials", NAMED, BERTH_OPT_NAMES, "type", "types (or vct) that this is about; none: all others"),
	LIST("credentials", NAMED, BERTH_OPT_DID, "issuer", "who may issue them; [trust] root where there is neither"),
	LIST("credentials", NAMED, BERTH_OPT_DID, "anchor", "or who has that from one of these, by DelegationCredential"),
	WORDS("credentials", NAMED, "format", "", "vc+jwt vc-jwt di dc+sd-jwt vc+sd-jwt", "formats that are taken; none: all"),
	LIST("credentials", NAMED, BERTH_OPT_NAMES, "algorithm", "of JWS, or cryptosuites, that are taken; none: all"),
	LIST("credentials", NAMED, BERTH_OPT_NAMES, "context", "what may stand in @context besides that of the model; none: any"),
	WORD("credentials", NAMED, "status", "if-present", "required if-present ignored", "whether they must have a status"),
	TIME("credentials", NAMED, "max-stale", "0", 0, 365 * DAY, "how long past its validity a status list will do"),
	WORDS("credentials", NAMED, "unchecked", "", "issuer validity status schema", "checks that need not be possible"),

	TEXT("reference", NAMED, "model", "", "owner: devices of this model"),
	LIST("reference", NAMED, BERTH_OPT_NAMES, "digest", "have a digest over their PCRs that is one of these"),
	LIST("reference", NAMED, BERTH_OPT_PCR_VALUE, "pcr", "N:HEX: and that PCR is this, or another one that is named so"),
	TIME("reference", NAMED, "attest-every", "", 0, 365 * DAY, "they attest by themselves so often; unset: [policy]"),
	LIST("reference", NAMED, BERTH_OPT_PCR, "attest-pcrs", "what they quote; unset: [policy]"),
	WORD("reference", NAMED, "attest-drift", "", "report quarantine", "what drift comes to; unset: [policy]"),
};

const size_t berth_options_n = sizeof(berth_options) / sizeof(berth_options[0]);
