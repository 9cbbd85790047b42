// SPDX-License-Identifier: Apache-2.0
// didcomm-node behind stdin and stdout.  argv: a file {"docs": [...], "secrets": [...]}.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import { serve } from './serve.mjs'

const { FromPrior, Message } = createRequire(import.meta.url)('didcomm-node')
const world = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const docs = new Map(world.docs.map(d => [d.id, d]))
const secrets = new Map(world.secrets.map(s => [s.id, s]))
const resolver = { resolve: async did => docs.get(did) ?? null }
const keys = {
  get_secret: async id => secrets.get(id) ?? null,
  find_secrets: async ids => ids.filter(id => secrets.has(id)),
}
const ANON = { 'A256CBC-HS512': 'A256cbcHs512EcdhEsA256kw', XC20P: 'Xc20pEcdhEsA256kw', A256GCM: 'A256gcmEcdhEsA256kw' }

async function used(object, use) {
  try {
    return await use(object)
  } finally {
    object.free()
  }
}

const ops = {
  pack: q => used(new Message(q.message), async message => {
    if (q.mode === 'signed') {
      const [packed] = await message.pack_signed(q.sign_by, resolver, keys)
      return { packed }
    }
    const options = { forward: q.forward ?? false, protect_sender: q.protect_sender ?? false,
                      enc_alg_anon: ANON[q.enc ?? 'XC20P'] }
    const [packed, metadata] = await message.pack_encrypted(q.to, q.from ?? null, q.sign_by ?? null, resolver, keys, options)
    return { packed, service: metadata.messaging_service }
  }),
  async unpack(q) {
    const [message, metadata] = await Message.unpack(q.packed, resolver, keys,
      { unwrap_re_wrapping_forward: q.unwrap ?? true, expect_decrypt_by_all_keys: q.all_keys ?? false })
    return used(message, () => used({ free: () => metadata.free?.() }, () =>
      ({ message: message.as_value(), metadata: metadata.as_value ? metadata.as_value() : metadata })))
  },
  // a mediator's work: what is to go where
  async forwarded(q) {
    const [message] = await Message.unpack(q.packed, resolver, keys, { unwrap_re_wrapping_forward: false })
    return used(message, () => {
      const forward = message.try_parse_forward()
      const { next, forwarded_msg } = forward.as_value ? forward.as_value() : forward
      return { next, forwarded: forwarded_msg }
    })
  },
  async wrap(q) {
    return { packed: await Message.wrap_in_forward(q.packed, {}, q.to, q.routing_keys, ANON[q.enc], resolver) }
  },
  from_prior: q => used(new FromPrior(q.claims), async prior => {
    const [jwt, kid] = await prior.pack(q.kid, resolver, keys)
    return { jwt, kid }
  }),
}

await serve(ops)
