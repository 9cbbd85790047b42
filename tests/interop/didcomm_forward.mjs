// SPDX-License-Identifier: Apache-2.0
// didcomm-node's forwards: one JSON request on stdin, one JSON answer on stdout.
// argv: a file {"docs": [...], "secrets": [...]}.
//   {"pack": message, "to", "from"}  -> {"packed", "endpoint"}
//   {"open": packed}                 -> {"nexts": [...], "message", "authenticated"}
import { readFileSync } from 'node:fs'
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

async function pack(q) {
  const [packed, meta] = await new Message(q.pack).pack_encrypted(q.to, q.from, null, resolver, keys,
    { forward: true, enc_alg_anon: 'A256cbcHs512EcdhEsA256kw' })
  return { packed, endpoint: meta.messaging_service.service_endpoint }
}

// By everybody in turn: all their keys are here.
async function open(q) {
  const nexts = []
  for (let packed = q.open; ;) {
    const [message, metadata] = await Message.unpack(packed, resolver, keys, { unwrap_re_wrapping_forward: false })
    const forward = message.try_parse_forward()
    if (!forward)
      return { nexts, message: message.as_value(), authenticated: metadata.authenticated }
    nexts.push(forward.next)
    packed = JSON.stringify(forward.forwarded_msg)
  }
}

const q = JSON.parse(readFileSync(0, 'utf8'))
console.log(JSON.stringify(await (q.pack ? pack(q) : open(q))))
