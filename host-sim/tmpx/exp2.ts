import { Town, CALM } from "../town/town.ts";
import { keyedCrypto } from "../smartchain/crypto.ts";
import { smallWorld } from "../smartchain/small-world.ts";
import { enginePacker } from "#node/process/packer";
import { packShared, enterShared } from "#gateway/handout/shared";
import { unpackGraph } from "#gateway/checkpoint/graph-bytes";
import { Gateway } from "#gateway/gateway";
import { fingerprint } from "../chaos/town/fingerprint.ts";
const seed = Number(process.argv[2] ?? 9);
const mode = process.argv[3] ?? "";
const REWARDS = {
  block: { schedule: { firstMicro: 1000, halveEvery: 1000000 }, everyMs: 60000 },
  flow: { schedule: { firstMicro: 1000, halveEvery: 1000000 }, microPerKwh: 100, transportMicroPerKwh: 200 },
  periodSlots: 4,
};
const town = new Town({ seed, gateways: 4, world: smallWorld(seed, 6, 10, 900), crypto: keyedCrypto(), packer: enginePacker(),
  direct: mode === "direct",
  options: { ...(mode === "rewards" && { rewards: REWARDS }), ...(mode === "ante" && { market: { timing: "ex-ante", mode: "auction", pricing: "uniform", kPermille: 500 } }), ...(mode === "guided" && { market: { timing: "ex-post", mode: "guided", pricing: "uniform", kPermille: 500 } }) } as any,
  weather: { area: { ...CALM.area, dropPermille: 20, duplicatePermille: 30, stragglerPermille: 20, stragglerMs: 400 }, peers: { ...CALM.peers, dropPermille: 20, duplicatePermille: 20 } } });
const byHeight = new Map<number, { b: Buffer; i: number; rt: string }[]>();
const seen = new Map<any, number>();
await town.start();
let max = 0;
function look() {
  for (const g of town.gateways) {
    const gw = g.gateway; if (!gw?.seat) continue;
    const rep: any = gw.seat.replica;
    const h = rep.past.before.height;
    if (seen.get(g) === h) continue;
    seen.set(g, h);
    const b = Buffer.from(packShared(gw.area, (gw as any).ports, rep.kept));
    max = Math.max(max, b.length);
    let rt = "";
    if (h % 7 === 0 && g.index === 2) {
      const o = town.gateways[3];
      const fresh = new Gateway(o.options, { ...(gw as any).ports });
      (fresh as any).area.ports.time.atMs = (gw as any).area.ports.time.nowMs();
      enterShared(fresh.area, (fresh as any).ports, (fresh.seat!.replica as any).kept, b);
      const again = Buffer.from(packShared(fresh.area, (fresh as any).ports, (fresh.seat!.replica as any).kept));
      if (!again.equals(b)) console.log("ROUNDTRIP differs", h, again.length, b.length);
      if (fingerprint(fresh.area) !== fingerprint(gw.area)) console.log("FP differs", h);
      rt = "y";
    }
    const list = byHeight.get(h) ?? []; list.push({ b, i: g.index, rt }); byHeight.set(h, list);
  }
}
for (const m of [110, 390, 900, 2000]) town.agenda.at(town.world.startMs + m, () => { const v = town.gateways[1]; if (v.gateway) { v.gateway.checkpoints.save(); v.crash(0);} });
for (const m of [250, 1500]) town.agenda.at(town.world.startMs + m, () => { const v = town.gateways[2]; v.gateway && v.crash(0); });
await town.run(town.world.startMs + 3600000, look);
let cmps = 0, bad = 0;
const J = (x: any) => String(JSON.stringify(x, (_, v) => typeof v === "bigint" ? String(v) : v)).slice(0, 200);
for (const [h, l] of byHeight) for (const o of l.slice(1)) { cmps++; if (!o.b.equals(l[0].b)) { bad++; if (bad < 4) { console.log("DIFF at", h, l[0].i, o.i, l[0].b.length, o.b.length); const a = unpackGraph(l[0].b), c = unpackGraph(o.b); let n = 0; for (let i = 0; i < a.length && n < 3; i++) if (J(a[i]) !== J(c[i])) { n++; console.log(i, J(a[i]), "\n   ", J(c[i])); } } } }
console.log(mode, "heights", byHeight.size, "compared", cmps, "different", bad, "largest", max, "restored", [...byHeight.values()].flat().filter(({ rt }) => rt).length);
