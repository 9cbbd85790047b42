// SPDX-License-Identifier: Apache-2.0
// Random messages packed by one side and unpacked by the other: `peer` (peer.c) and
// didcomm-node.  argv: PEER WORLD SEED COUNT ENCS SIGNATURES, the last two what both have.
// Prints how many of each kind as JSON; stops at the first message that is read otherwise
// than it was written, or that is read though a bit of it was flipped.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'

const { Message } = createRequire(import.meta.url)('didcomm-node')
const [binary, path, seed, count, encs, algs] = process.argv.slice(2)
const world = JSON.parse(readFileSync(path, 'utf8'))
const docs = new Map(world.docs.map(d => [d.id, d])), secrets = new Map(world.secrets.map(s => [s.id, s]))
const resolver = { resolve: async did => docs.get(did) ?? null }
const keys = { get_secret: async id => secrets.get(id) ?? null, find_secrets: async ids => ids.filter(id => secrets.has(id)) }
const ANON = { 'A256CBC-HS512': 'A256cbcHs512EcdhEsA256kw', XC20P: 'Xc20pEcdhEsA256kw', A256GCM: 'A256gcmEcdhEsA256kw' }
const ENCS = encs.split(','), ALGS = algs.split(',')

// ---- chance: xoshiro128**, seeded by splitmix32 for each message ----

const state = new Uint32Array(4)
function start(s) {
  for (let i = 0; i < 4; i++) {
    s = s + 0x9e3779b9 >>> 0
    let z = s
    z = Math.imul(z ^ z >>> 16, 0x21f0aaad)
    z = Math.imul(z ^ z >>> 15, 0x735a2d97)
    state[i] = z ^ z >>> 15
  }
}
function bits() {
  const [a, b, c, d] = state, x = Math.imul(b, 5), r = Math.imul(x << 7 | x >>> 25, 9) >>> 0
  const c2 = c ^ a, d2 = d ^ b
  state.set([a ^ d2, b ^ c2, c2 ^ b << 9, d2 << 11 | d2 >>> 21])
  return r
}
const below = n => Math.floor(bits() / 2 ** 32 * n)
const pick = list => list[below(list.length)]
const chance = n => below(n) === 0

// ---- messages ----

const SIGNS = ['a', 'Z', ' ', '"', '\\', '\n', '\t', '\x01', '/', 'é', 'ß', '漢', '\u2028', '\u00ad', '\uffff', '😀', '𝒳', 'e\u0301']
const text = n => {
  let s = ''
  while (s.length < n)
    s += chance(3) ? pick(SIGNS) : String.fromCharCode(97 + below(26))
  return s
}
// Short ones: didcomm-node reads long ones wrong by a unit in the last place (test_didcomm_node.py).
const number = () => pick([() => below(1000), () => -below(2 ** 31), () => bits() * 2 ** 21 + below(2 ** 21), () => below(1e9) / 1000,
                           () => Number(`${below(2 ** 31)}e${below(27) - 20}`), () => Number.MAX_SAFE_INTEGER, () => 0])()
const value = depth => pick([number, number, () => text(below(20)), () => chance(2), () => null,
  () => depth ? Array.from({ length: below(4) }, () => value(depth - 1)) : [],
  () => depth ? object(depth - 1) : {}])()
const object = depth => Object.fromEntries(Array.from({ length: below(4) }, () => ['m' + text(below(6)), value(depth)]))
const attachment = i => ({ id: `a${i}`, data: chance(2) ? { json: object(2) } :
  { base64: Buffer.from(Array.from({ length: below(60) + 1 }, () => below(256))).toString('base64url') },
  ...(chance(2) ? { media_type: 'application/octet-stream', byte_count: below(100) } : {}) })

// Every power of two of octets up to 256 KiB as often as any other.
const size = () => Math.floor(2 ** (below(1801) / 100))

function message(from, to) {
  const m = { id: text(1 + below(12)), typ: 'application/didcomm-plain+json', type: `https://example.com/${below(9)}/1.0/x`,
              body: { ...object(3), text: text(size() / (chance(2) ? 1 : 8)) } }
  while (Buffer.byteLength(JSON.stringify(m)) > 1 << 18)
    m.body.text = m.body.text.slice(0, m.body.text.length * 0.9).replace(/[\ud800-\udbff]$/, '')
  Object.assign(m, from && { from }, { to: [to] }, chance(2) && { thid: text(5) }, chance(4) && { pthid: text(5) },
                chance(2) && { created_time: below(2 ** 31), expires_time: 2 ** 31 + below(2 ** 31) },
                chance(4) && { attachments: Array.from({ length: 1 + below(4) }, (_, i) => attachment(i)) },
                chance(4) && { x_extra: value(2) ?? 0 })
  return m
}

const CURVES = [...new Set([...docs.keys()].map(did => did.split('-')[1]))]
const LAYERS = ['signed', 'anoncrypt', 'anoncrypt(sign)', 'authcrypt', 'authcrypt(sign)', 'anoncrypt(authcrypt)', 'anoncrypt(authcrypt(sign))']

function request(ours) {
  const layers = pick(LAYERS), curve = pick(CURVES), alice = `did:example:alice-${curve}`, bob = `did:example:bob-${curve}`
  const mode = layers === 'signed' ? 'signed' : layers.includes('authcrypt') ? 'authcrypt' : 'anoncrypt'
  const protect = layers.startsWith('anoncrypt(authcrypt')
  const sign_by = layers.includes('sign') ? `${alice}#${pick(ALGS)}` : null
  const several = mode === 'anoncrypt' || (protect && !ours)
  const enc = mode === 'signed' ? null : several ? pick(ENCS) : 'A256CBC-HS512'
  const from = mode === 'authcrypt' ? alice : null
  const to = mode === 'signed' ? null : chance(3) ? `${bob}#agree-${1 + below(2)}` : bob
  const kind = [layers.replace('sign)', `sign ${sign_by?.split('#')[1]})`) + (mode === 'signed' ? ' ' + sign_by.split('#')[1] : ''),
                mode === 'signed' ? '-' : docs.get(bob).verificationMethod[0].publicKeyJwk.crv, enc ?? '-']
  return { kind, mode, from, to, sign_by, enc, protect_sender: protect, message: message(from || sign_by ? alice : null, bob) }
}

// ---- the two ----

const peer = spawn(binary, [], { stdio: ['pipe', 'pipe', 'inherit'] })
const waiting = []
createInterface({ input: peer.stdout }).on('line', line => {
  const tab = line.indexOf('\t'), [resolve, reject] = waiting.shift(), rest = line.slice(tab + 1)
  line.startsWith('OK\t') ? resolve(rest) : reject(new Error(`${line.slice(0, tab)}: ${rest}`))
})
peer.stdin.write(JSON.stringify(world) + '\n')
const ask = (q, raw) => new Promise((resolve, reject) => {
  waiting.push([resolve, reject])
  peer.stdin.write(`${JSON.stringify(q)}\t${raw}\n`)
})

const given = o => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== null && v !== undefined))
const we = {
  async pack({ message, kind, ...how }) { return ask(given(how), JSON.stringify(message)) },
  async unpack(packed) { return JSON.parse(await ask({}, packed)).message },
}
const they = {
  async pack(q) {
    const m = new Message(q.message)
    try {
      const [packed] = q.mode === 'signed' ? await m.pack_signed(q.sign_by, resolver, keys) :
        await m.pack_encrypted(q.to, q.from, q.sign_by, resolver, keys,
                               { forward: false, protect_sender: q.protect_sender, enc_alg_anon: ANON[q.enc] })
      return packed
    } finally {
      m.free()
    }
  },
  async unpack(packed) {
    const [m, metadata] = await Message.unpack(packed, resolver, keys, {})
    const out = given(m.as_value())
    m.free()
    metadata.free?.()
    return out.attachments ? { ...out, attachments: out.attachments.map(given) } : out
  },
}

// One bit of one field that everything depends on; dice were thrown before the wait.
function flip(packed, dice) {
  const one = list => list[dice.pop() % list.length]
  const envelope = JSON.parse(packed), within = envelope.signatures ? one([envelope, envelope.signatures[0]]) : envelope
  const field = one(['protected', 'iv', 'ciphertext', 'tag', 'payload', 'signature'].filter(f => typeof within[f] === 'string'))
  const raw = Buffer.from(within[field], 'base64url')
  raw[dice.pop() % raw.length] ^= 1 << dice.pop() % 8
  within[field] = raw.toString('base64url')
  return [field, JSON.stringify(envelope)]
}

function difference(a, b, path = '') {
  if (!a || !b || typeof a !== 'object' || typeof b !== 'object')
    return isDeepStrictEqual(a, b) ? '' : `${path}: ${JSON.stringify(a)} is read as ${JSON.stringify(b)}`
  return Object.keys({ ...a, ...b }).map(k => difference(a[k], b[k], `${path}/${k}`)).filter(Boolean).join('; ')
}

async function one(i, counts) {
  start(Math.imul(Number(seed), 0x01000193) + i)
  const ours = chance(2), q = request(ours), [packer, reader] = ours ? [we, they] : [they, we]
  const dice = [bits(), bits(), bits(), bits()], change = chance(16), row = [ours ? 'we to them' : 'they to us', ...q.kind]
  const stop = (why, more) => { throw new Error(`message ${i}: ${row.join(' ')}: ${why}: ${String(more).slice(0, 2000)}`) }
  octets += JSON.stringify(q.message).length
  const packed = await packer.pack(q).catch(e => stop('not packed', e))
  if (change) {
    const [field, altered] = flip(packed, dice)
    for (const [name, side] of [['we', we], ['they', they]])
      await side.unpack(altered).then(() => stop(`${name} read it with a bit of ${field} flipped`, altered), () => {})
    row[0] += ', refused'
    row[1] += ', altered'
  } else {
    const got = await reader.unpack(packed).catch(e => stop('not read', e))
    if (!isDeepStrictEqual(got, q.message))
      stop('read otherwise', difference(q.message, got))
  }
  const key = JSON.stringify(row)
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

// A few at a time, so that neither waits for the other.
const counts = new Map(), under = new Set()
let octets = 0
for (let i = 0; i < Number(count); i++) {
  const p = one(i, counts).finally(() => under.delete(p))
  under.add(p)
  if (under.size >= 8)
    await Promise.race(under)
}
await Promise.all(under)
peer.stdin.end()
console.log(JSON.stringify({ rows: [...counts].map(([row, n]) => [...JSON.parse(row), n]), octets }))
