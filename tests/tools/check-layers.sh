#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A folder includes only from itself and from lower floors; each third-party header
# has one home.  Prints each offence; exit 1 when there was one.
FLOORS='0 include
1 did/base
2 did/codec
2 did/crypto
3 did/keystore
4 did/jose
5 did
6 vc
6 didcomm
7 agent/protocol
8 agent/ipc
8 agent/core
8 agent/keyd
8 agent/netd
8 agent/resolverd
9 agent/cli'
HOMES='sodium.h did/base did/crypto
secp256k1 did/crypto
openssl/ did/crypto did/keystore/evidence
tss2/ did/keystore/tpm2 did/keystore/evidence
p11-kit/ did/keystore/pkcs11
cjson/ did/base/json
sqlite3.h agent/core/store
nng/ agent/netd
curl/ agent/resolverd agent/netd
microhttpd.h agent/core/api agent/core/http agent/netd
dlfcn.h agent/resolverd did/keystore/pkcs11
qrencode.h agent/cli'
bad=0

floor() { # the longest matching folder wins
	echo "$FLOORS" | while read -r n d; do
		case "$1" in "$d"/*) echo "${#d} $n $d" ;; esac
	done | sort -n | tail -1 | cut -d' ' -f2-
}

for f in $(find did vc didcomm agent -name '*.[ch]'); do
	set -- $(floor "$f"); fn=$1 fd=$2
	for inc in $(sed -n 's/^#[[:space:]]*include "\(.*\)"/\1/p' "$f"); do
		case "$inc" in berth/*) continue ;; esac
		set -- $(floor "$inc"); in=$1 id=$2
		[ "$fd" = "$id" ] && continue
		if [ "$id" = agent/ipc ] && [ "$fn" = 8 ]; then continue; fi
		if [ "${in:-99}" -ge "$fn" ]; then
			echo "$f: includes \"$inc\" (floor ${in:-?}) from floor $fn"; bad=1
		fi
	done
	for inc in $(sed -n 's/^#[[:space:]]*include <\(.*\)>/\1/p' "$f"); do
		homes=$(echo "$HOMES" | while read -r h rest; do
			case "$inc" in "$h"*) echo "$rest" ;; esac; done)
		[ -z "$homes" ] && continue
		ok=0
		for h in $homes; do case "$f" in "$h"*) ok=1 ;; esac; done
		[ $ok = 1 ] || { echo "$f: <$inc> lives in $homes"; bad=1; }
	done
done
for f in $(find did vc didcomm agent include registry-adapters tests examples -name '*.[ch]'); do
	grep -q 'SPDX-License-Identifier: Apache-2.0' "$f" || { echo "$f: no SPDX line"; bad=1; }
done
if grep -nHE '\b(strcpy|strcat|sprintf|gets|alloca|system|popen|rand|srand)[[:space:]]*\(' $(find did vc didcomm agent registry-adapters -name '*.[ch]'); then
	echo "calls we do not make"; bad=1
fi
if grep -nHE '\b(time|gettimeofday|clock_gettime)[[:space:]]*\(' $(find did vc didcomm agent -name '*.c' ! -name clock.c); then
	echo "only did/base/clock.c asks for the time"; bad=1
fi
exit $bad
