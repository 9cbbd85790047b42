#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Berth's processes under another machine's kernel, with the filters of system calls and the
# fences around files that qemu's user emulation has not:
#
#	boot.sh arm64|armhf	what cross.sh has built of it
#
# A virtual machine with Debian's kernel, and all of it in its first memory (boot.init).
set -e
case $1 in
arm64) triplet=aarch64-linux-gnu system=qemu-system-aarch64 cpu=max,pauth-impdef=on kernel=linux-image-arm64 ;;
armhf) triplet=arm-linux-gnueabihf system=qemu-system-arm cpu=cortex-a15 kernel=linux-image-armmp-lpae ;;
*) echo "usage: make check-boot ARCH=arm64|armhf" >&2; exit 2 ;;
esac
build=build-$1 root=build-system/$1/root kernels=build-system/$1/kernel vm=build-system/$1/vm

if ! command -v "$system" >/dev/null || ! command -v cpio >/dev/null; then
	sudo=$(test "$(id -u)" = 0 || echo sudo)
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends qemu-system-arm cpio
fi
if [ ! -d "$kernels/boot" ]; then
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sed -n "s/ $suite\$//p" | head -n 1)
	mmdebstrap --quiet --variant=extract --architectures="$1" --include="$kernel,busybox-static" \
		"$suite" "$kernels" "deb $mirror $suite main"
fi

rm -rf "$vm"
mkdir -p "$vm/bin" "$vm/proc" "$vm/dev" "$vm/var" "$vm/usr/lib/$triplet" "$vm/opt/berth/bin" "$vm/opt/berth/libexec" "$vm/opt/berth/lib"
ln -s usr/lib "$vm/lib"
cp "$kernels/bin/busybox" "$vm/bin"
cp -L "$root"/lib/ld-linux* "$vm/lib"
cp -L "$root/usr/lib/$triplet"/*.so.* "$vm/usr/lib/$triplet" 2>/dev/null || true	# some lead nowhere
cp -L "$root/lib/$triplet"/*.so.* "$vm/usr/lib/$triplet" 2>/dev/null || true
rm -f "$vm/usr/lib/$triplet"/lib*san.so.*
for f in bin/berth bin/berthd libexec/berth-keyd libexec/berth-netd libexec/berth-resolverd lib/libberth.so; do
	"$triplet-strip" -o "$vm/opt/berth/$f" "$build/$f"
	chmod 755 "$vm/opt/berth/$f"
done
ln -s libberth.so "$vm/opt/berth/lib/libberth.so.0"
install -m 755 tests/tools/boot.init "$vm/init"
(cd "$vm" && find . | cpio -o -H newc --quiet | gzip -1) >"$vm.gz"

timeout 900 "$system" -M virt -cpu "$cpu" -m 1536 -nographic -nic none -no-reboot -kernel "$kernels"/boot/vmlinuz-* \
	-initrd "$vm.gz" -append "console=ttyAMA0 quiet panic=-1" </dev/null | tee "$vm.log"
grep -q '^boot: passed' "$vm.log"
