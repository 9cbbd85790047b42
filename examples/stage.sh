# SPDX-License-Identifier: Apache-2.0
# What the stories in this folder are played on: agents with user ids, folders and names of
# their own, TPMs, and words to tell what happens.  Sourced by demo.sh and lifecycle.sh,
# which say NAME and NAMES first.
# shellcheck shell=bash
set -u -o pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
BUILD=${BERTH_BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$HERE/../$BUILD ;; esac
if [ "$(id -u)" != 0 ] && ! command -v sudo > /dev/null; then echo "$NAME: needs root or sudo, for a user id per agent" >&2; exit 1; fi
[ "$(id -u)" = 0 ] || exec sudo BERTH_BUILD="$BUILD" KEEP="${KEEP:-}" "$0" "$@"

# ---- telling ----
BOLD= DIM= GREEN= RED= OFF=
if [ -t 1 ]; then BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' OFF=$'\e[0m'; fi
step() { printf '\n%s%s%s\n' "$BOLD" "$*" "$OFF"; }
say() { printf '   %s\n' "$@"; }
run() { printf '   %s$ %s%s\n' "$DIM" "$*" "$OFF"; }
good() { printf '   %sok%s  %s\n' "$GREEN" "$OFF" "$*"; }
indent() { sed "s/^/      /" | cut -c1-150; }

T=$(mktemp -d "/tmp/berth-$NAME.XXXXXX") && chmod 755 "$T" || exit 1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
BIN=$T/usr/bin
declare -A PID USER_ID
STARTED=$SECONDS

clean_up() {
	trap - EXIT
	for n in "${!PID[@]}"; do kill "${PID[$n]}" 2>/dev/null; done
	for p in ${tpm1:-} ${tpm3:-}; do wait "$p" 2>/dev/null; done	# still being made: it would outlive us
	for f in "$T"/*/tpm/pid; do [ -s "$f" ] && kill "$(cat "$f")" 2>/dev/null; done
	for n in "${!PID[@]}"; do wait "${PID[$n]}" 2>/dev/null; done
	if [ -n "${KEEP:-}" ]; then echo "kept: $T"; else rm -rf "$T"; fi
}
trap 'exit 130' INT TERM
trap clean_up EXIT

# die AGENT TEXT: what went wrong, and what that agent said last
die() {
	printf '\n%sFAILED: %s%s\n' "$RED" "$2" "$OFF"
	[ -f "$T/$1/log" ] && { echo "the last lines of $1's log:"; tail -n 15 "$T/$1/log"; }
	exit 1
}

# ---- agents ----
NET=127.$((RANDOM % 200 + 20)).$((RANDOM % 250 + 1))	# one "internet" for this run
# NAMES: the agents that others dial; the n-th has the address $NET.n
hosts() { local n=0 h sep=; for h in $NAMES; do n=$((n + 1)); printf '%s%s.test=%s.%d' "${sep:-}" "$h" "$NET" $n; sep=", "; done; }
APP_UID=61000
next_uid=61001

as() { # AGENT COMMAND...: with that agent's user id and nothing more
	local u=${USER_ID[$1]}; shift
	setpriv --reuid "$u" --regid "$u" --groups "$APP_UID" --no-new-privs "$@"
}

make_agent() { # NAME ROLE KEYSTORE-URI CLOCK-TRUSTED [LISTEN-ADDRESS]
	local d=$T/$1
	USER_ID[$1]=$((next_uid++))
	mkdir -p "$d"/{state,run,keys}
	head -c 32 /dev/urandom | base64 > "$d/passphrase"
	chmod 700 "$d"/{state,keys}; chmod 750 "$d/run"; chmod 600 "$d/passphrase"; : > "$d/log"
	cat > "$d/berth.conf" <<-C
	[agent]
	role = $2
	name = $1
	state-dir = $d/state
	run-dir = $d/run
	clock-trusted = $4
	log-format = text
	[keystore main]
	uri = $3
	passphrase-file = $d/passphrase
	[egress]
	allow = 127.0.0.0/8
	hosts = $(hosts)
	C
	[ -z "${5:-}" ] || printf '[listen]\nuri = nng+tcp://%s:7100\nannounce = nng+tcp://%s.test:7100\n' "$5" "$1" >> "$d/berth.conf"
	chown -R "${USER_ID[$1]}:${USER_ID[$1]}" "$d"
}

configure() { cat >> "$T/$1/berth.conf"; }	# AGENT < more lines

cli() { # AGENT WORDS...: `berth` as that agent's operator
	local n=$1; shift
	as "$n" "$BIN/berth" --socket "$T/$n/run/admin.sock" "$@"
}
get() { cli "$1" "${@:3}" --json 2>/dev/null | jq -r "$2" 2>/dev/null; }	# AGENT JQ WORDS...

start() { # AGENT [FOLDER WITH ITS OTHER PROCESSES]
	# not through as(): what is started here must be the very process to kill
	setpriv --reuid "${USER_ID[$1]}" --regid "${USER_ID[$1]}" --groups "$APP_UID" --no-new-privs \
		"$BIN/berthd" --config "$T/$1/berth.conf" ${2:+--libexec-dir "$2"} 2>> "$T/$1/log" < /dev/null &
	PID[$1]=$!
	wait_until "$1" "does not start" answers "$1"
}
stop() { # AGENT [SIGNAL]
	kill "${2:--TERM}" "${PID[$1]}" && wait "${PID[$1]}" 2>/dev/null
	unset "PID[$1]"
}
answers() { [ -n "$(get "$1" .state status)" ]; }
in_state() { [ "$(get "$1" .state status)" = "$2" ]; }
device_is() { [ "$(get "$1" .state devices show "$2")" = "$3" ]; }
audit_says() { cli "$1" audit 2>/dev/null | tail -n "+$2" | grep -q "$3"; }

# As long as a machine needs that has much else to do; who waits goes on when it has come.
PATIENCE=120
wait_until() { # AGENT WHAT-WENT-WRONG COMMAND...
	local agent=$1 until=$((SECONDS + PATIENCE)) wrong=$2; shift 2
	until "$@"; do
		if [ -n "${PID[$agent]:-}" ] && ! kill -0 "${PID[$agent]}" 2>/dev/null; then die "$agent" "$agent has ended: $wrong"; fi
		[ "$SECONDS" -lt "$until" ] || die "$agent" "$agent $wrong"
		sleep 0.1
	done
}
must() { # AGENT COMMAND...
	local n=$1; shift
	"$@" || die "$n" "$*"
}
must_refuse() { # AGENT CODE COMMAND...: the one line on stderr has to name that code
	local n=$1 code=$2 line; shift 2
	if line=$("$@" 2>&1 > /dev/null); then die "$n" "was not refused: $*"; fi
	printf '%s\n' "$line" | indent
	case $line in "berth: $code: "*) ;; *) die "$n" "expected $code from: $*" ;; esac
}

# ---- a TPM 2.0 with the certificate that its maker gives it ----
make_tpm() { # AGENT
	local d=$T/$1/tpm
	mkdir -p "$d"/{state,ca}
	cat > "$d/localca.conf" <<-C
	statedir=$d/ca
	signingkey=$d/ca/signkey.pem
	issuercert=$d/ca/issuercert.pem
	certserial=$d/ca/certserial
	C
	printf -- '--platform-manufacturer Berth\n--platform-version 1.0\n--platform-model Demo\n' > "$d/localca.options"
	cat > "$d/setup.conf" <<-C
	create_certs_tool=$(command -v swtpm_localca)
	create_certs_tool_config=$d/localca.conf
	create_certs_tool_options=$d/localca.options
	active_pcr_banks = sha256
	C
	chown -R "${USER_ID[$1]}" "$d"
	HOME=$d as "$1" swtpm_setup --tpm2 --tpmstate "$d/state" --config "$d/setup.conf" --create-ek-cert \
		--create-platform-cert --lock-nvram --overwrite > "$d/setup.log" 2>&1 &&
	as "$1" swtpm socket --tpm2 --tpmstate "dir=$d/state" --server "type=unixio,path=$d/tpm.sock,mode=0600" \
		--ctrl "type=unixio,path=$d/tpm.sock.ctrl,mode=0600" --flags not-need-init,startup-clear --daemon --pid "file=$d/pid"
}
tpm_uri() { echo "tpm2:?dir=$T/$1/keys&tcti=swtpm:path=$T/$1/tpm/tpm.sock"; }
soft_uri() { echo "soft:$T/$1/keys/keys"; }

# The programs as `make install` would lay them out, where every user id may run them.
install_berth() {
	mkdir -p "$BIN" "$T/usr/libexec/berth" "$T/usr/lib" && cp "$BUILD"/bin/{berth,berthd} "$BIN" &&
	cp "$BUILD"/libexec/berth-* "$T/usr/libexec/berth" && cp "$BUILD/lib/libberth.so" "$T/usr/lib/libberth.so.0" ||
		die none "build first: make"
}
hand_over() { install -o "${USER_ID[$2]}" -m 600 "$T/$1/$3" "$T/$2/$3"; }	# FROM TO FILE
