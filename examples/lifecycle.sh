#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The whole life of one gateway: born in a factory, sold to an integrator and on to owner A,
# renewed, suspended and taken back, revoked and readmitted, let go to owner B, retired.
# After each step: what the gateway says, what its owner says, and what a third party can
# verify who has nothing but files.  `make lifecycle`; KEEP=1 leaves everything in the
# temporary folder that is named at the end.
NAME=lifecycle NAMES="factory rendezvous integrator alpha beta"
. "$(dirname "$0")/stage.sh"

# ---- what each side and a third party see ----
shows() { # AGENT DEVICE: one line of its owner's view
	cli "$1" devices show "$2" --json | jq -r '"\(.serial): \(.state), epoch \(.epoch)"' | indent
}
tells() { # the gateway's own
	cli gw status --json | jq -r '"gateway: \(.state), epoch \(.epoch), owner \(.ownerDid // "nobody" | .[0:24]), acts as \(.operationalDid // "nobody" | .[0:24])"' | indent
}
app() { setpriv --reuid $APP_UID --regid $APP_UID --clear-groups --no-new-privs "$@"; }
app_curl() { app curl -s --max-time $PATIENCE --unix-socket "$T/gw/run/app.sock" "$@"; }
present() { # a presentation for the verifier, into $T/verifier/vp
	app_curl -d '{"audience":"https://verifier.test","nonce":"4711"}' http://berth/v1/identities/operational/present |
		jq -r '.presentation // .error' > "$T/verifier/vp"
}
lists() { # OWNER: the verifier fetches that owner's status lists
	rm -rf "$T/$1/lists"
	must "$1" as "$1" mkdir "$T/$1/lists" && must "$1" cli "$1" devices status-lists --out "$T/$1/lists" > /dev/null
	rm -rf "$T/verifier/lists" && cp -r "$T/$1/lists" "$T/verifier/lists"
}
verdict() { # OWNER: the verifier, offline, with that owner's lists
	"$BIN/berth" vp verify --offline --challenge 4711 --domain https://verifier.test --trust "${SHORT[$1]}" \
		--status-dir "$T/verifier/lists" "$T/verifier/vp"
}
believed() { # OWNER
	lists "$1"
	verdict "$1" > "$T/verifier/report" 2>&1 || die gw "the verifier said no: $(cat "$T/verifier/report")"
	jq -c '{verified, checks}' "$T/verifier/report" | indent
}
disbelieved() { lists "$1"; must_refuse gw E_STATUS verdict "$1"; }	# OWNER
status_known() { [ "$(get "$1" .status.noted devices show GW-0001)" != null ]; }
attested() { [ "$(get alpha .attested.verdict devices show GW-0001)" != null ]; }
entries() { jq '.entries | length' "$1"; }

# ======== the stage ========
install_berth
printf '%sBerth: one gateway, from its birth to its end.%s\n' "$BOLD" "$OFF"
mkdir "$T/verifier"
make_agent factory factory "$(soft_uri factory)" yes "$NET.1"
make_agent rendezvous rendezvous "$(soft_uri rendezvous)" yes "$NET.2"
make_agent integrator owner "$(soft_uri integrator)" yes "$NET.3"
make_agent alpha owner "$(soft_uri alpha)" yes "$NET.4"
make_agent beta owner "$(soft_uri beta)" yes "$NET.5"
make_agent gw gateway "$(tpm_uri gw)" no
make_tpm gw || die gw "swtpm: $(tail -n 3 "$T/gw/tpm/setup.log")"
start rendezvous
RV=$(get rendezvous '.[] | select(.name == "rendezvous") | .didLong' identity)
for n in factory integrator alpha beta; do
	configure $n <<< "[rendezvous main]"$'\n'"did = $RV"$'\n'"uri = nng+tcp://rendezvous.test:7100"
done
cat "$T"/gw/tpm/ca/{swtpm-localca-rootca-cert,issuercert}.pem > "$T/factory/tpm-makers.pem"
configure factory <<< "[trust]"$'\n'"ek-roots = $T/factory/tpm-makers.pem"
start factory
MAKER=$(get factory '.[] | select(.name == "maker") | .didLong' identity)
ISSUER=$(get factory '.[] | select(.name == "issuer") | .did' identity)
declare -A LONG SHORT
for n in integrator alpha beta; do
	configure $n <<< "[trust]"$'\n'"issuer = $ISSUER"$'\n'"[policy]"$'\n'"credential-status = yes"
	start $n
	LONG[$n]=$(get $n '.[] | select(.name == "owner") | .didLong' identity)
	SHORT[$n]=$(get $n '.[] | select(.name == "owner") | .did' identity)
done
configure gw <<-C
	[factory]
	did = $MAKER
	uri = nng+tcp://factory.test:7100
	[device]
	serial = GW-0001
	model = Demo Gateway
	[policy]
	collect = 1
	release-notice = 0
	[api]
	group = $APP_UID
	[principal dashboard]
	uid = $APP_UID
	may = self, device, identity:operational, present:operational, secret:wifi
C

# ======== 1 ========
step "1. Birth"
start gw
wait_until gw "was not born" in_state gw INITIALIZED
tells
stop gw
must factory cli factory devices sell GW-0001 --to "${LONG[integrator]}" --out "$T/factory/GW-0001.chain" > /dev/null
jq -r .deviceCredential "$T/factory/GW-0001.chain" > "$T/verifier/dc"
"$BIN/berth" vc verify --offline --no-status --trust "$ISSUER" "$T/verifier/dc" > "$T/verifier/report" 2>&1 || die factory "$(cat "$T/verifier/report")"
jq -c '{verified, issuer: .checks.issuer, serial: .credential.credentialSubject.serial, custody: .credential.credentialSubject.keyProvenance.custody}' \
	"$T/verifier/report" | indent
good "a third party reads in the DeviceCredential who made it, and that its keys are in a TPM"

# ======== 2 ========
step "2. From the integrator to owner A, in its box"
hand_over factory integrator GW-0001.chain
must integrator cli integrator devices import "$T/integrator/GW-0001.chain" > /dev/null
wait_until integrator "could not register" device_is integrator GW-0001 PUBLISHED
run "berth devices transfer GW-0001 --to ${LONG[alpha]:0:22}... --out GW-0001.chain"
must integrator cli integrator devices transfer GW-0001 --to "${LONG[alpha]}" --out "$T/integrator/GW-0001.chain" > /dev/null
shows integrator GW-0001
hand_over integrator alpha GW-0001.chain
must alpha cli alpha devices import "$T/alpha/GW-0001.chain" > /dev/null
[ "$(entries "$T/alpha/GW-0001.chain")" = 2 ] || die alpha "the chain has not two entries"
good "the chain has $(entries "$T/alpha/GW-0001.chain") entries: factory to integrator, integrator to A"
printf 'psk of A\n' > "$T/alpha/wifi" && chmod 644 "$T/alpha/wifi"
must alpha cli alpha provision GW-0001 --item "wifi=$T/alpha/wifi" --type network > /dev/null
wait_until alpha "could not register" device_is alpha GW-0001 PUBLISHED

# ======== 3 ========
step "3. Switched on, at owner A's"
start gw
wait_until gw "was not onboarded" in_state gw OPERATIONAL
wait_until alpha "does not know" device_is alpha GW-0001 ACTIVE
tells; shows alpha GW-0001
present; believed alpha
good "a verifier without a network believes its presentation"

# ======== 4 ========
step "4. Renewals: new keys, a new DID, a new credential, twice"
for i in 1 2; do
	was=$(get gw .operationalDid status)
	run "berth rotate                  (on the gateway)"
	must gw cli gw rotate > /dev/null
	renewed() { in_state gw OPERATIONAL && [ "$(get gw .operationalDid status)" != "$was" ]; }
	wait_until gw "was not renewed" renewed
	wait_until alpha "does not know" device_is alpha GW-0001 ACTIVE
	tells
done
present; believed alpha
good "the owner issued for keys that were proved to be in the same TPM"
printf 'pool ntp.example\n' > "$T/alpha/ntp" && chmod 644 "$T/alpha/ntp"
run "berth provision GW-0001 --item ntp=ntp --confirm-within 600 --wait $PATIENCE"
must alpha cli alpha provision GW-0001 --item "ntp=$T/alpha/ntp" --confirm-within 600 --wait $PATIENCE | indent
[ "$(get gw .itemSet.status status)" = active ] || die gw "what was provisioned later is not in use"
good "another item reached the device in use, and stays since the device still reaches its owner"

# ======== 5 ========
step "5. Suspended, and back"
run "berth devices suspend GW-0001 --reason 'not seen for a week'"
must alpha cli alpha devices suspend GW-0001 --reason 'not seen for a week' | indent
wait_until gw "did not hear of it" in_state gw QUARANTINED
wait_until alpha "has no word of the device" status_known alpha
tells; shows alpha GW-0001
disbelieved alpha
[ "$(app_curl http://berth/v1/secrets/wifi | jq -r .error)" = E_STATUS ] || die gw "its application still has the item"
good "the verifier refuses what was presented before, the gateway gives its applications nothing"
must alpha cli alpha devices resume GW-0001 | indent
stop gw; start gw	# it would ask by itself within the hour
wait_until gw "did not come back" in_state gw OPERATIONAL
tells; present; believed alpha
good "back in service"

# ======== 6 ========
step "6. What does it run? Revoked, and readmitted"
must alpha cli alpha devices attest GW-0001 > /dev/null
wait_until alpha "has no evidence" attested
cli alpha devices show GW-0001 --json | jq -c '.attested | {verdict, pcrDigest}' | indent
run "berth devices revoke GW-0001 --reason stolen"
must alpha cli alpha devices revoke GW-0001 --reason stolen | indent
wait_until gw "did not hear of it" in_state gw QUARANTINED
wait_until alpha "has no word of the device" status_known alpha
tells; shows alpha GW-0001
disbelieved alpha
good "what it had is revoked for good"
run "berth devices approve GW-0001     (it was found again)"
must alpha cli alpha devices approve GW-0001 | indent
stop gw; start gw
wait_until gw "was not onboarded anew" in_state gw OPERATIONAL
wait_until alpha "does not know" device_is alpha GW-0001 ACTIVE
tells; present; believed alpha
good "onboarded anew by the same owner, with a new identity"

# ======== 7 ========
step "7. From owner A to owner B"
run "berth devices transfer GW-0001 --to ${LONG[beta]:0:22}... --out GW-0001.chain"
must alpha cli alpha devices transfer GW-0001 --to "${LONG[beta]}" --out "$T/alpha/GW-0001.chain" > /dev/null
tells; shows alpha GW-0001
cli alpha devices show GW-0001 --json | jq -c '{erasure: .ended.erasure}' | indent
disbelieved alpha
must_refuse alpha E_AUTHZ cli alpha devices transfer GW-0001 --to "${LONG[integrator]}"
good "A has the device's signed word that its secrets are gone, and cannot sell it twice"
hand_over alpha beta GW-0001.chain
must beta cli beta devices import "$T/beta/GW-0001.chain" > /dev/null
printf 'psk of B\n' > "$T/beta/wifi" && chmod 644 "$T/beta/wifi"
must beta cli beta provision GW-0001 --item "wifi=$T/beta/wifi" --type network > /dev/null
wait_until beta "could not register" device_is beta GW-0001 PUBLISHED
must gw cli gw onboard > /dev/null
wait_until gw "was not onboarded" in_state gw OPERATIONAL
wait_until beta "does not know" device_is beta GW-0001 ACTIVE
tells; shows beta GW-0001
[ "$(app_curl http://berth/v1/secrets/wifi | jq -r .text)" = "psk of B" ] || die gw "it has not B's item"
present; believed beta
good "epoch $(get gw .epoch status): B's, by a chain of $(entries "$T/beta/GW-0001.chain") entries"

# ======== 8 ========
step "8. Retired"
run "berth devices retire GW-0001 --out GW-0001.tombstone"
must beta cli beta devices retire GW-0001 --out "$T/beta/GW-0001.tombstone" > /dev/null
shows beta GW-0001
disbelieved beta
run "examples/verify-tombstone.sh GW-0001.tombstone ${ISSUER:0:24}..."
BERTH=$BIN/berth "$HERE/verify-tombstone.sh" "$T/beta/GW-0001.tombstone" "$ISSUER" > "$T/verifier/tombstone" || die beta "the tombstone is not believed"
jq -c . "$T/verifier/tombstone" | indent
stop gw; start gw
in_state gw RETIRED || die gw "it is not RETIRED after a restart"
tells
good "a third party reads in the tombstone that the device has ended; so it stays, switched off and on"

# ======== the end ========
for n in factory integrator alpha beta gw; do must $n cli $n audit verify > /dev/null; done
step "Done"
cli gw audit | tail -n 12 | cut -c30-150 | indent
printf '\n%slifecycle passed%s: born, resold, onboarded, renewed twice, suspended and back, revoked and readmitted, transferred, retired; five audit logs verified; %d s\n' \
	"$GREEN" "$OFF" "$((SECONDS - STARTED))"
