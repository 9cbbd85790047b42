#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Berth's processes under another machine's kernel, with the filters of system calls and the
# fences around files that qemu's user emulation has not:
#
#	boot.sh arm64|armhf	what cross.sh has built of it
#
# A virtual machine with Debian's kernel, and all of it in its first memory (boot.init).
set -e
. tests/tools/machine.sh
case $arch in
arm64) model=max,pauth-impdef=on kernel=linux-image-arm64 ;;
armhf) model=cortex-a15 kernel=linux-image-armmp-lpae ;;
*) echo "$arch: no virtual machine" >&2; exit 2 ;;
esac
root=$system/root kernels=$system/kernel vm=$system/vm
have "qemu-system-$cpu" cpio || install_packages qemu-system-arm cpio
[ -d "$kernels/boot" ] || unpack "$kernels" "$kernel" busybox-static

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

timeout 900 "qemu-system-$cpu" -M virt -cpu "$model" -m 1536 -nographic -nic none -no-reboot -kernel "$kernels"/boot/vmlinuz-* \
	-initrd "$vm.gz" -append "console=ttyAMA0 quiet panic=-1" </dev/null | tee "$vm.log"
grep -q '^boot: passed' "$vm.log"
