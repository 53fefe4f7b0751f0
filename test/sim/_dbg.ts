import { runCut } from "./power-cut.ts";
import { LocalArea } from "../helpers/local-area.ts";
const orig = LocalArea.prototype.run;
LocalArea.prototype.run = async function (...a: any[]) { try { await (orig as any).apply(this, a); } finally { for (const l of this.logs) if (l.level!=="info") console.log(this.nowMs-1_800_000_000_000, l.who,l.event,JSON.stringify(l.facts)); for (let h=0;h<4;h++) console.log(h,this.nodeId(h)); } };
try { await runCut(JSON.parse(process.argv[2])); } catch (e) { console.log(String(e).slice(0,300)); }
