#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone: the installed ones as strict C99, C11 and C++, seeing
# nothing but include/; ours as C11.  Prints each offence; exit 1 when there was one.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
pkgs=$(pkg-config --cflags libcjson sqlite3 libmicrohttpd tss2-esys libsodium libcrypto)
bad=0

alone() { # compiler and flags, then the header as an #include names it
	h=$1; shift
	if ! echo "#include \"$h\"" | "$@" -Wall -Wextra -Werror -fsyntax-only - >"$dir/out" 2>&1; then
		echo "$h does not compile alone: $*"; cat "$dir/out"; bad=1
	fi
}

for f in $(find include -name '*.h'); do
	h=${f#include/}
	alone "$h" gcc -std=c99 -pedantic -Iinclude -x c
	alone "$h" gcc -std=c11 -pedantic -Iinclude -x c
	alone "$h" g++ -std=c++11 -pedantic -Iinclude -x c++
	grep -q 'extern "C"' "$f" || ! grep -q '(.*);' "$f" || { echo "$f: no extern \"C\""; bad=1; }
done
for f in $(find did vc didcomm agent tests -name '*.h'); do
	# shellcheck disable=SC2086
	alone "$f" gcc -std=c11 -D_GNU_SOURCE -I. -Iinclude $pkgs -x c
done
exit $bad
