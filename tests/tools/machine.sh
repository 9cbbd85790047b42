# SPDX-License-Identifier: Apache-2.0
# For cross.sh and boot.sh, which read it with the machine as $1: its names, where what is
# built for it and what Debian has of it are, and how more of that comes.
case $1 in
arm64) triplet=aarch64-linux-gnu cpu=aarch64 ;;
armhf) triplet=arm-linux-gnueabihf cpu=arm ;;
s390x) triplet=s390x-linux-gnu cpu=s390x ;;
*) echo "usage: make check-cross ARCH=arm64|armhf|s390x, make check-boot ARCH=arm64|armhf" >&2; exit 2 ;;
esac
arch=$1 build=build-$1 system=build-system/$1

have() { for c; do command -v "$c" >/dev/null || return 1; done; }

# PACKAGE... of the machine that we are on
install_packages() {
	sudo=$(test "$(id -u)" = 0 || echo sudo)
	$sudo apt-get update -qq
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# FOLDER PACKAGE... of the other one, unpacked
unpack() {
	folder=$1
	shift
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sed -n "s/ $suite\$//p" | head -n 1)
	mkdir -p "$system"
	mmdebstrap --quiet --variant=extract --architectures="$arch" --include="$(echo "$@" | tr ' ' ,)" \
		"$suite" "$folder" "deb $mirror $suite main"
}
