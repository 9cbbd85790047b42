#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-layers.sh finds what it is there for: a tree of one offence a file, each
# of which must be named, and one file without any, which must not.  And a change of
# include/berth/registry.h that its version does not say is found, by check-abi.py where
# it is a name or a number that came or went, by test_abi where something moved.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0

plant() { # file, line
	mkdir -p "$dir/$(dirname "$1")"
	printf '/* SPDX-License-Identifier: Apache-2.0 */\n%s\n' "$2" >"$dir/$1"
}

plant did/base/up.c '#include "did/codec/base58.h"'
plant did/base/json_x.c '#include <cjson/cJSON.h>'
plant did/url_cjson.c '#include <cJSON.h>'
plant did/crypto.c '#  include <openssl/evp.h>'
plant did/above.c '#include "../agent/core/store.h"'
plant did/rand.h 'static inline int x(void) { return rand (); }'
plant did/now.h 'static inline long x(void) { return time(0); }'
plant vc/beside.c '#include "didcomm/jwe.h"'
plant didcomm/beside.c '#include "vc/vc.h"'
plant agent/protocol/up.c '#include "agent/core/agent.h"'
plant agent/keyd/beside.c '#include "agent/core/store.h"'
plant agent/keyd/sql.c '#include <sqlite3.h>'
plant agent/core/nng.c '#include <nng/nng.h>'
plant agent/netd/ipc.c '#include "agent/ipc/ipc.h"'
plant registry-adapters/x/inside.c '#include "did/url.h"'
plant registry-adapters/x/public.c '#include "berth/registry.h"'
plant registry-adapters/x/beside.c '#include "public.h"'
plant registry-adapters/x/other.c '#include "registry-adapters/y/public.h"'
plant include/berth/inside.h '#include "did/base/buf.h"'
mkdir -p "$dir/tests" && echo 'int x;' >"$dir/tests/no_spdx.c"

found=$("${0%/*}/check-layers.sh" "$dir") && { echo "check-layers.sh is content"; bad=1; }
for f in $(cd "$dir" && find . -name '*.[ch]' | cut -c3-); do
	case $f in did/base/json_x.c | agent/netd/ipc.c | registry-adapters/x/public.c | registry-adapters/x/beside.c) want=0 ;; *) want=1 ;; esac
	echo "$found" | grep -q "^$f:" && got=1 || got=0
	[ $got = $want ] || { echo "$f: named $got times, not $want"; bad=1; }
done

tree=$dir/abi
header=$tree/include/berth/registry.h
mkdir -p "$tree/tests/tools" "$tree/docs"
cp -r include "$tree" && cp -r docs/abi "$tree/docs" && cp tests/tools/check-abi.py "$tree/tests/tools"

named() { # 0: found
	! "$tree/tests/tools/check-abi.py" >/dev/null
}
moved() {
	${CC:-cc} -w -O0 -D_GNU_SOURCE -DBERTH_BUILD_S=0 -I"$tree/include" -I. -o "$dir/abi-test" \
		tests/unit/agent/resolverd/test_abi.c tests/fakes/files.c did/base/buf.c did/base/err.c did/base/secret.c \
		-lcmocka -lsodium && ! "$dir/abi-test" >/dev/null 2>&1
}
change() { # how it is found, what is changed
	cp include/berth/registry.h "$header"
	sed -i "$2" "$header"
	cmp -s include/berth/registry.h "$header" && { echo "nothing is changed by $2"; bad=1; }
	$1 || { echo "registry.h: nobody finds $2"; bad=1; }
}
named && { echo "check-abi.py: what is right is an offence"; bad=1; }
moved && { echo "test_abi: what is right has moved"; bad=1; }
change named 's/uint32_t ttl_s;/uint32_t ttl_s, more;/'
change named 's/^\(#define BERTH_REGISTRY_CHECK\) 3/\1 3\n#define BERTH_REGISTRY_UNDO 4/'
change named 's/ABI_MINOR 1/ABI_MINOR 2/'
change moved 's/^\tuint32_t code;/\tuint64_t code;/'
change moved 's/BERTH_REGISTRY_CONFLICT 7/BERTH_REGISTRY_CONFLICT 6/'
change moved 's/const char \*name;\(.*static storage.*\)/const char *methods;\1/; s/const char \*methods;\(.*separated.*\)/const char *name;\1/'
exit $bad
