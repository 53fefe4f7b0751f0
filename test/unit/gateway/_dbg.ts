import { LocalArea, worldOf } from "../../helpers/local-area.ts";
import { auditLog } from "../../helpers/log-audit.ts";
const NET_WH = [[-600, -600, -600, -600],[700, 700, 700, 700],[300, 300, 300, 300]];
const a = new LocalArea({ world: worldOf(NET_WH), options: { clock: { kind: "running", ratePermille: 60000 } } });
const t0=a.nowMs;
a.bus.attach(["wattle/1/a/node/+/up/+","wattle/1/a/epoch","wattle/1/a/market/+"], (t) => { const w=a.gateway.area.world; console.log(a.nowMs-t0, t.slice(11), w.openSlot, (w.nowMs()-w.startMs(0))/900000) });
await a.start(); await a.run();
console.log(auditLog(a.store).clearedWh, a.logs.filter(l=>l.level!="info"), a.gateway.area.missedSlots);
