// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway process under measurement: started as `wattle gateway` starts it, with a clock around its log,
 * and asked over IPC what it used. Arguments: configuration file, "each" to commit every entry by itself.
 */
import { nodeIdOf } from "#core/identity";
import type { LogStore } from "#gateway/ports";
import { loadGatewayConfig } from "#node/config/gateway-config";
import { sodiumCrypto, sodiumVerify } from "#node/crypto/sodium";
import { startGatewayProcess } from "#node/gateway-process";
import type { Bound, Question, Usage } from "./messages.ts";

/** Signatures for the verifier's bound: about a third of a second. */
const BOUND_SIGNATURES = 5000;
const BOUND_KEYS = 256;

const [configFile, mode] = process.argv.slice(2);
const store = { us: 0, ms: 0, commits: 0, entries: 0 };

function timed(inner: LogStore): LogStore {
  const append: LogStore["append"] = (entries) => {
    const cpu = process.threadCpuUsage();
    const at = performance.now();
    if (mode === "each") for (const entry of entries) inner.append([entry]);
    else inner.append(entries);
    const used = process.threadCpuUsage(cpu);
    store.us += used.user + used.system;
    store.ms += performance.now() - at;
    store.commits += mode === "each" ? entries.length : 1;
    store.entries += entries.length;
  };
  return {
    append,
    read: (from) => inner.read(from),
    get length() {
      return inner.length;
    },
    drop: (head, before) => inner.drop(head, before),
    get gap() {
      return inner.gap;
    },
    keep: (name, bytes) => inner.keep(name, bytes),
    kept: (name) => inner.kept(name),
    close: () => inner.close(),
  };
}

const gateway = await startGatewayProcess(loadGatewayConfig(configFile), {
  aroundStore: timed,
  onFatal: (failure) => {
    process.stderr.write(`${failure.message}\n`);
    process.exit(failure.exitCode);
  },
});

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const main = process.threadCpuUsage();
  const { counters, chain } = gateway.gateway.area;
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    cpuUs: user + system,
    mainUs: main.user + main.system,
    storeUs: store.us,
    storeMs: store.ms,
    commits: store.commits,
    entries: store.entries,
    transactions: counters.transactions,
    signatures: counters.signaturesVerified,
    inWorkers: 0,
    rejected: counters.rejectedTxs,
    notAccepted: Object.fromEntries(counters.byCode),
    blocks: (chain.head?.header.height ?? -1) + 1,
    rssBytes: rss,
    heapBytes: heapUsed + external,
  };
}

/** The same verifier over digests, as the gateway's jobs are, and nothing around it. */
function bound(): Bound {
  const crypto = sodiumCrypto();
  const jobs = Array.from({ length: BOUND_KEYS }, (_, i) => {
    const secret = new Uint8Array(32).fill(i + 1);
    const publicKey = crypto.publicKey(secret);
    const digest = crypto.sha256(nodeIdOf(crypto, publicKey));
    return { publicKey, digest, signature: crypto.sign(secret, digest) };
  });
  const cpu = process.threadCpuUsage();
  for (let i = 0; i < BOUND_SIGNATURES; i++) {
    const { publicKey, digest, signature } = jobs[i % BOUND_KEYS];
    if (!sodiumVerify(publicKey, digest, signature)) throw new Error("a good signature is refused");
  }
  const { user, system } = process.threadCpuUsage(cpu);
  return { verifyUs: (user + system) / BOUND_SIGNATURES };
}

process.on("message", (question: Question) => {
  if (question.type === "usage") process.send?.(usage());
  else if (question.type === "bound") process.send?.(bound());
  else void gateway.stop().then(() => process.disconnect());
});
process.on("disconnect", () => void gateway.stop().then(() => process.exit()));
process.send?.({ port: gateway.port, gatewayKey: gateway.gatewayKey });
