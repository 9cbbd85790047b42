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
case $1 in
arm64) triplet=aarch64-linux-gnu cpu=aarch64 ;;
armhf) triplet=arm-linux-gnueabihf cpu=arm ;;
s390x) triplet=s390x-linux-gnu cpu=s390x ;;
*) echo "usage: make check-cross ARCH=arm64|armhf|s390x" >&2; exit 2 ;;
esac
arch=$1 build=build-$1 root=$PWD/build-system/$1/root
shift
left_out='pkcs11|test_contract$|test_api_key$|test_custody$|test_shorthash$'
case $arch in
armhf) left_out="$left_out|test_abi$" ;;
s390x) left_out="$left_out|test_json$" ;;
esac

have() { for c; do command -v "$c" >/dev/null || return 1; done; }
if ! have mmdebstrap "qemu-$cpu-static" "$triplet-gcc"; then
	sudo=$(test "$(id -u)" = 0 || echo sudo)
	$sudo apt-get update -qq
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		mmdebstrap qemu-user-static "gcc-$triplet" "libc6-dev-$arch-cross"
fi
if [ ! -d "$root/usr/include" ]; then
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sed -n "s/ $suite\$//p" | head -n 1)
	mkdir -p "build-system/$arch"
	mmdebstrap --quiet --variant=extract --architectures="$arch" --include="$(echo "$@" | tr ' ' ,)" \
		"$suite" "$root" "deb $mirror $suite main"
fi

export PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_LIBDIR="$root/usr/lib/$triplet/pkgconfig:$root/usr/share/pkgconfig"
programs=$(find tests/unit/did tests/unit/didcomm tests/unit/vc -name 'test_*.c'; echo tests/fuzz/fuzz_*.c)
make --no-print-directory -s -j"$(nproc)" B="$build" CC="${CCACHE:+$CCACHE }$triplet-gcc --sysroot=$root" AR="$triplet-ar" NM="$triplet-nm" \
	all $(for p in $programs; do echo "$build/${p%.c}"; done)
BERTH_SKIP=$left_out exec tests/tools/check.py --build "$build" --run "qemu-$cpu-static -L $root" unit/did unit/didcomm unit/vc fuzz
