import { LocalBus } from "#host-sim/sim/local-bus.ts";
import { loadWorld } from "#host-sim/worlds/load.ts";
import { worldStats } from "#host-sim/worlds/world-stats.ts";
import { Gateway } from "#gateway/gateway.ts";
import { openMemoryStore } from "#node/store/memory.ts";
import { sodiumCrypto } from "#node/crypto/sodium.ts";
import { MeterNode } from "#meter/node.ts";
import { Topics } from "#core/topics.ts";
const days = Number(process.argv[2] ?? 1);
const world = loadWorld({ data: "/work/shared/data/citylearn2022", days, seed: 1 });
console.log(worldStats(world), world.homes[0]);
const crypto = sodiumCrypto();
const bus = new LocalBus();
const gk = crypto.sha256(new Uint8Array([1,2,3]));
let now = 0;
const extra = JSON.parse(process.argv[3] ?? "{}");
const store = openMemoryStore();
const gw = new Gateway({ net: "demo", area: "a", secretKey: gk, admit: "open", expectNodes: world.homes.length, genesisMicro: 100e6,
 deposit: {belowMicro: 20e6, toMicro: 100e6}, slotMs: world.slotSeconds*1000, worldStartMs: world.startMs, slots: world.slots, clock: {kind:"barrier"}, slotTimeoutMs: 30000, tickMs: 30000, ageMaxMs: 120000,
 market: { timing: "ex-post", mode: "auction", pricing: "uniform", kPermille: 500, ...extra } }, {
 crypto, verifier: { verify: (b) => b.map(j => crypto.verify(j.publicKey, j.message, j.signature)) }, store, bus,
 tariff: { feedInMicro: world.feedInMicroPerKwh, retailMicro: (s) => world.retailMicroPerKwh(Math.min(s, world.slots-1)) },
 time: { nowMs: () => now, wakeAfter: () => {} }, probe: () => {}, log: (l,e,f) => { if (l!=="debug") console.log(l,e,f) } });
await gw.start();
const topics = new Topics("a");
const nodes = world.homes.map((h, i) => {
  const kv = new Map<string, Uint8Array>(); let n = 0;
  const node = new MeterNode({ net: "demo", area: "a", name: h.name, secretKey: crypto.sha256(new Uint8Array([9, i&255, i>>8])), gatewayKey: crypto.publicKey(gk), capacityWh: h.capacityWh, wallets: 2, policy: { trade: true } }, {
    crypto, entropy: { bytes: (len) => { n++; return crypto.sha256(new Uint8Array([i, n & 255, n >> 8 & 255, n>>16])).slice(0, len); } },
    store: { get: k => kv.get(k), set: (k,v) => void kv.set(k,v), delete: k => void kv.delete(k), keys: p => [...kv.keys()].filter(k => k.startsWith(p)) },
    meter: { sample: (at) => world.counters(i, at - world.startMs) },
    transport: { publish: (t,p,r) => bus.publish(t,p,{retain:r}) },
    time: { nowMs: () => now, wakeAfter: () => {} },
    log: (l,e,f) => { if (l!=="debug") console.log(h.name, l, e, f) } });
  bus.attach(node.subscriptions(), (t,p) => node.onMessage(t,p));
  return node;
});
for (const n of nodes) n.onConnect();
const t0 = performance.now();
let idle = 0;
while (!gw.area.finished) {
  await bus.pump();
  if (!bus.idle) continue;
  await gw.process();
  if (bus.idle) { if (idle++ > 2) { console.log("stuck"); break; } } else idle = 0;
}
const a = gw.area;
console.log("slots", a.settledSlots, "traded", a.tradedWh, "in", a.slotsWithTrade, "blocks", a.chain.head?.header.height, a.chain.state.sums(), a.chain.state.totals);
console.log(a.counters, "delivered", bus.delivered, "log", store.length, "ms", performance.now() - t0);
console.log([...a.runs.values()].map(r => [r.slot, r.phase, r.missingParties()]));
console.log(Buffer.from(a.chain.head?.id ?? []).toString("hex"));
