// SPDX-License-Identifier: Apache-2.0
// didcomm-node behind stdin and stdout: one JSON request a line, one JSON answer a
// line.  argv: a file {"docs": [...], "secrets": [...]}.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const { Message } = createRequire(import.meta.url)('didcomm-node')
const world = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const docs = new Map(world.docs.map(d => [d.id, d]))
const secrets = new Map(world.secrets.map(s => [s.id, s]))
const resolver = { resolve: async did => docs.get(did) ?? null }
const keys = {
  get_secret: async id => secrets.get(id) ?? null,
  find_secrets: async ids => ids.filter(id => secrets.has(id)),
}
const ANON = { 'A256CBC-HS512': 'A256cbcHs512EcdhEsA256kw', XC20P: 'Xc20pEcdhEsA256kw', A256GCM: 'A256gcmEcdhEsA256kw' }

async function pack(q) {
  const message = new Message(q.message)
  try {
    if (q.mode === 'signed') {
      const [packed] = await message.pack_signed(q.sign_by, resolver, keys)
      return { packed }
    }
    const options = { forward: false, protect_sender: q.protect_sender ?? false, enc_alg_anon: ANON[q.enc ?? 'XC20P'] }
    const [packed] = await message.pack_encrypted(q.to, q.from ?? null, q.sign_by ?? null, resolver, keys, options)
    return { packed }
  } finally {
    message.free()
  }
}

async function unpack(q) {
  const [message, metadata] = await Message.unpack(q.packed, resolver, keys, {})
  try {
    return { message: message.as_value(), metadata: metadata.as_value ? metadata.as_value() : metadata }
  } finally {
    message.free()
    metadata.free?.()
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const q = JSON.parse(line)
  let answer
  try {
    answer = q.op === 'pack' ? await pack(q) : await unpack(q)
  } catch (e) {
    answer = { error: String(e?.message ?? e) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
