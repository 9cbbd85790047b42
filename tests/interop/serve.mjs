// SPDX-License-Identifier: Apache-2.0
// A request {"op", ...} a line on stdin, an answer a line on stdout; {"error"} where the
// peer throws.
import { createInterface } from 'node:readline'

export async function serve(ops) {
  for await (const line of createInterface({ input: process.stdin })) {
    const q = JSON.parse(line)
    let answer
    try {
      answer = await ops[q.op](q) ?? {}
    } catch (e) {
      answer = { error: String(e?.message || e), causes: (e?.cause?.errors ?? e?.errors)?.map(String) }
    }
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
  process.exit(0)
}
