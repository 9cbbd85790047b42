#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The build for another machine, and what can be tested of it on this one:
#
#	cross.sh arm64|armhf|s390x PACKAGE...
#
# 64 and 32 bits of ARM are what gateways are made of; the octets of s390x are the other way
# round.  The libraries of PACKAGE... come from Debian into build-system/ARCH.  qemu's user
# emulation has no seccomp and starts no program of that machine, so what runs is libberth: the
# unit tests of did/, didcomm/ and vc/ and the corpora of all parsers.  Left out, by name: what
# loads a PKCS #11 module or starts itself once more, on armhf the layout that is promised for 64
# bits, and on s390x what wants a locale, which is compiled for the octets of this machine.
set -e
. tests/tools/machine.sh
root=$PWD/$system/root
shift
left_out='pkcs11|test_contract$|test_api_key$|test_custody$|test_shorthash$'
case $arch in
armhf) left_out="$left_out|test_abi$" ;;
s390x) left_out="$left_out|test_json$" ;;
esac

have mmdebstrap "qemu-$cpu-static" "$triplet-gcc" || install_packages mmdebstrap qemu-user-static "gcc-$triplet" "libc6-dev-$arch-cross"
[ -d "$root/usr/include" ] || unpack "$root" "$@"

export PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_LIBDIR="$root/usr/lib/$triplet/pkgconfig:$root/usr/share/pkgconfig"
programs=$(find tests/unit/did tests/unit/didcomm tests/unit/vc -name 'test_*.c'; echo tests/fuzz/fuzz_*.c)
make --no-print-directory -s -j"$(nproc)" B="$build" CC="${CCACHE:+$CCACHE }$triplet-gcc --sysroot=$root" AR="$triplet-ar" NM="$triplet-nm" \
	all $(for p in $programs; do echo "$build/${p%.c}"; done)
BERTH_SKIP=$left_out exec tests/tools/check.py --build "$build" --run "qemu-$cpu-static -L $root" unit/did unit/didcomm unit/vc fuzz
