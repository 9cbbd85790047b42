#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A folder includes only from itself and from lower floors; each third-party header
# has one home; adapters and the installed headers see include/ and nothing else.
# Prints each offence; exit 1 when there was one.  check-layers.sh [TREE]
cd "${1:-.}" || exit 1
FLOORS='1 did/base
2 did/codec
2 did/crypto
3 did/keystore
4 did/jose
5 did
5.5 vc/rdf
5.6 vc/jsonld
6 vc
6 didcomm
7 agent/protocol
8 agent/ipc
8 agent/core
8 agent/keyd
8 agent/netd
8 agent/resolverd
9 agent/cli'
HOMES='sodium.h did/base/ did/crypto/
secp256k1 did/crypto/
openssl/ did/crypto/ did/keystore/evidence
tss2/ did/keystore/tpm2 did/keystore/evidence
p11-kit/ did/keystore/pkcs11
cjson/ did/base/json
cJSON did/base/json
sqlite3 agent/core/store
nng/ agent/netd/
curl/ agent/ipc/curl
microhttpd.h agent/core/api agent/core/http agent/netd
zlib.h did/codec/linked_text vc/status_list
linux/seccomp.h agent/ipc/
dlfcn.h agent/resolverd agent/ipc/curl agent/netd/mhd agent/netd/nng_start did/keystore/pkcs11 did/keystore/tpm2_link did/keystore/tpm2_calls
seccomp.h agent/ipc/filter
linux/landlock.h agent/ipc/
qrencode.h agent/cli/'
folders=
for d in did vc didcomm agent include registry-adapters tests examples; do
	[ -d $d ] && folders="$folders $d"
done
sources=$(find $folders -name '*.[ch]')
ours=$(echo "$sources" | grep -E '^(did|vc|didcomm|agent|registry-adapters)/')
bad=0

# shellcheck disable=SC2086
grep -nE '^[[:space:]]*#[[:space:]]*include' $sources /dev/null | awk -v floors="$FLOORS" -v homes="$HOMES" '
function folder(path,    best, d) {	# the longest that matches wins
	for (d in floor)
		if (index(path, d "/") == 1 && length(d) > length(best))
			best = d
	return best
}
function offence(text) { print file ": " text; bad = 1 }
BEGIN {
	n = split(floors, line, "\n")
	for (i = 1; i <= n; i++) { split(line[i], w, " "); floor[w[2]] = w[1] }
	n_homes = split(homes, home, "\n")
}
{
	file = $0; sub(/:.*/, "", file)
	inc = $0; sub(/^[^:]*:[0-9]*:[^<"]*/, "", inc)
	quoted = inc ~ /^"/
	inc = substr(inc, 2); sub(/[>"].*$/, "", inc)
}
file ~ /^(include|registry-adapters)\// {
	own = file ~ /^registry-adapters/ && inc !~ /\//	# its own, beside it
	if ((quoted && inc !~ /^berth\// && !own) || inc ~ /\.\./)
		offence("includes \"" inc "\": only what is installed is to be seen here")
	next
}
file ~ /^(tests|examples)\// { next }
inc ~ /^berth\// { next }
quoted {
	from = folder(file); to = folder(inc)
	if (from != to && !(to == "agent/ipc" && floor[from] == 8) && (!to || floor[to] >= floor[from]))
		offence("includes \"" inc "\" (floor " (to ? floor[to] : "?") ") from floor " floor[from])
}
{
	for (i = 1; i <= n_homes; i++) {
		n = split(home[i], w, " ")
		if (index(inc, w[1]) != 1)
			continue
		ok = 0
		for (j = 2; j <= n; j++)
			ok = ok || index(file, w[j]) == 1
		if (!ok)
			offence("<" inc "> does not live here: " home[i])
	}
}
END { exit bad }' || bad=1

for f in $(grep -L 'SPDX-License-Identifier: Apache-2.0' $sources); do
	echo "$f: no SPDX line"; bad=1
done
if grep -nHE '\b(strcpy|strcat|v?sprintf|gets|alloca|system|popen|rand|srand)[[:space:]]*\(' $ours; then
	echo "calls we do not make"; bad=1
fi
if grep -nHE '\b(time|gettimeofday|clock_gettime)[[:space:]]*\(' $(echo "$ours" | grep -E '^(did|vc|didcomm|agent)/' | grep -v '/clock\.c$'); then
	echo "only did/base/clock.c asks for the time"; bad=1
fi
exit $bad
