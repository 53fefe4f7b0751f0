// SPDX-License-Identifier: Apache-2.0
/**
 * The aggregator's schedule (paper 2, II-C): who charges and who feeds back when, by the price of energy, the
 * batteries that take part and the surplus. Three passes, integers only, the same for the same input:
 *
 *   1  what the plans need, out of the cheapest energy: surplus at the feed-in price, then the grid's
 *   2  what surplus is left, to whom bids most for more than its need
 *   3  what the dearest slots lack, from whom asks least; with its need bought again in a cheaper slot
 *
 * Nobody gets more than its plug and its station's connection carry, goes below its reserve or leaves without
 * what its plan says, if there is any way to serve all plans.
 */
import { drawnMwh, powerToStoreW } from "#core/units/battery";
import { Course } from "./course.ts";
import { ChargeFlow } from "./flow.ts";
import type { Battery, Outlook, Schedule } from "./types.ts";

/** Less is not worth a window, W. */
const LEAST_W = 50;
/** Cheapest slots that are tried for what a battery buys again. */
const REBUYS = 12;

interface Work {
  batteries: readonly Battery[];
  courses: Course[];
  outlook: Outlook;
  limitsW: readonly number[];
  /** What is drawn from and fed into each connection, at station × slots + slot, W. */
  drawnW: Int32Array;
  fedW: Int32Array;
  /** Left of the outlook, by slot, W. */
  surplusW: number[];
  demandW: number[];
}

/** Makes a schedule of the outlook's slots. `limitsW` has a connection for each station index. */
export function makeSchedule(
  batteries: readonly Battery[],
  limitsW: readonly number[],
  outlook: Outlook,
): Schedule {
  const { first, slots, slotSeconds } = outlook;
  const courses = batteries.map(({ plan }) => new Course(plan, first, slots, slotSeconds));
  const work: Work = {
    batteries,
    courses,
    outlook,
    limitsW,
    drawnW: new Int32Array(limitsW.length * slots),
    fedW: new Int32Array(limitsW.length * slots),
    surplusW: [...outlook.surplusW],
    demandW: [...outlook.demandW],
  };
  serveNeeds(work);
  for (let t = 0; t < slots; t++) sellSurplus(work, t);
  for (const t of byRising(slots, (slot) => -outlook.retailMicro[slot]))
    if (outlook.retailMicro[t] > outlook.feedInMicro) feedBack(work, t);
  return courses.map(({ powerW }) => powerW);
}

/** Slots by rising key, earlier ones first where it is the same. */
function byRising(slots: number, key: (slot: number) => number): number[] {
  return Array.from({ length: slots }, (_, t) => t).sort((a, b) => key(a) - key(b) || a - b);
}

function serveNeeds(work: Work): void {
  const { batteries, courses, outlook, limitsW } = work;
  const { slots, retailMicro, feedInMicro, surplusW } = outlook;
  const missingW = courses.map((course) => course.missingW);
  const flow = new ChargeFlow({
    deadlines: courses.map((course) => course.slots),
    plugs: batteries.map(({ plan }) => plan.chargeW),
    stations: batteries.map(({ station }) => station),
    limits: limitsW,
    slots,
  });
  const steps = byRising(2 * slots, (step) =>
    step < slots ? feedInMicro : retailMicro[step - slots],
  );
  for (const step of steps) {
    const slot = step % slots;
    const onOffer = step < slots ? surplusW[slot] : Number.MAX_SAFE_INTEGER;
    share(work, flow, slot, onOffer, missingW);
  }
  courses.forEach((course, v) => {
    for (let t = 0; t < slots; t++) {
      const power = flow.powerW[v * slots + t];
      course.powerW[t] = power;
      work.drawnW[batteries[v].station * slots + t] += power;
    }
    course.follow();
  });
  for (let t = 0; t < slots; t++) {
    const taken = flow.taken(t);
    work.surplusW[t] = Math.max(0, surplusW[t] - taken);
    // What is bought from the grid in a slot, somebody else might feed back.
    work.demandW[t] += Math.max(0, taken - surplusW[t]);
  }
}

/** Gives out a slot's energy, in equal parts as far as they are needed, and as connections carry them. */
function share(
  { batteries }: Work,
  flow: ChargeFlow,
  slot: number,
  onOfferW: number,
  missingW: number[],
): void {
  let left = onOfferW;
  let wanting = missingW.map((_, v) => v).filter((v) => missingW[v] > 0);
  while (wanting.length > 0 && left > 0) {
    const parts = wanting.map((v) => {
      const here = wanting.filter((other) => batteries[other].station === batteries[v].station);
      const carried = Math.floor(flow.leftW(v, slot) / here.length);
      const part = Math.max(1, Math.floor(left / wanting.length));
      // A full connection may still have what others in it can do without.
      return carried > 0 ? Math.min(carried, part) : part;
    });
    wanting = wanting.filter((v, i) => {
      const got = left === 0 ? 0 : flow.push(v, slot, Math.min(parts[i], missingW[v], left));
      missingW[v] -= got;
      left -= got;
      return got > 0 && missingW[v] > 0;
    });
  }
}

/** What is left of a slot's surplus: by falling bids, in equal parts among equal ones. */
function sellSurplus(work: Work, t: number): void {
  const { batteries, courses, outlook } = work;
  const bids = [...new Set(batteries.map(({ plan }) => plan.bidMicro))].sort((a, b) => b - a);
  for (const bid of bids) {
    if (bid <= outlook.feedInMicro || work.surplusW[t] < LEAST_W) return;
    const wanting = batteries.map((_, v) => v).filter((v) => batteries[v].plan.bidMicro === bid);
    wanting.sort((a, b) => courses[a].roomW(t) - courses[b].roomW(t) || a - b);
    wanting.forEach((v, i) => {
      const part = Math.floor(work.surplusW[t] / (wanting.length - i));
      const power = Math.min(part, courses[v].roomW(t), drawableW(work, v, t));
      if (power >= LEAST_W) change(work, v, t, power);
    });
  }
}

/** What the connection of `v` still carries inwards in slot `t`, W. */
function drawableW({ batteries, limitsW, drawnW, outlook }: Work, v: number, t: number): number {
  const { station } = batteries[v];
  return limitsW[station] - drawnW[station * outlook.slots + t];
}

function feedableW({ batteries, limitsW, fedW, outlook }: Work, v: number, t: number): number {
  const { station } = batteries[v];
  return limitsW[station] - fedW[station * outlook.slots + t];
}

/** Puts `power` on top of what `v` does in slot `t`; negative: feeds it back. */
function change(work: Work, v: number, t: number, power: number): void {
  const { batteries, courses, outlook } = work;
  const cell = batteries[v].station * outlook.slots + t;
  courses[v].powerW[t] += power;
  courses[v].follow();
  if (power >= 0) {
    work.drawnW[cell] += power;
    const fromSurplus = Math.min(power, work.surplusW[t]);
    work.surplusW[t] -= fromSurplus;
    work.demandW[t] += power - fromSurplus;
  } else {
    work.fedW[cell] -= power;
    work.demandW[t] += power;
  }
}

/** What slot `t` lacks, from those that ask least for it, in equal parts among equal ones. */
function feedBack(work: Work, t: number): void {
  const { batteries, outlook } = work;
  const asks = [...new Set(batteries.map(({ plan }) => plan.offerMicro))].sort((a, b) => a - b);
  for (const ask of asks) {
    if (ask > outlook.retailMicro[t]) return;
    const sellers = batteries
      .map((_, v) => v)
      .filter((v) => batteries[v].plan.offerMicro === ask && batteries[v].plan.dischargeW > 0);
    sellers.forEach((v, i) => {
      const part = () => Math.floor(work.demandW[t] / (sellers.length - i));
      const spare = Math.min(part(), work.courses[v].spareW(t), feedableW(work, v, t));
      if (spare >= LEAST_W) change(work, v, t, -spare);
      const more = part();
      if (more >= LEAST_W) rebuy(work, v, t, more);
    });
  }
}

/** Feeds back in slot `t` what can be bought again in a cheaper one. */
function rebuy(work: Work, v: number, t: number, wantedW: number): void {
  const { outlook } = work;
  const { plan } = work.batteries[v];
  const course = work.courses[v];
  if (t >= course.slots || course.powerW[t] > 0) return;
  const costMicro = (slot: number): number =>
    work.surplusW[slot] >= LEAST_W ? outlook.feedInMicro : outlook.retailMicro[slot];
  // Both ways lose: cost ≤ price · η².
  const worthMicro = Math.floor(
    (outlook.retailMicro[t] * plan.efficiencyPermille ** 2) / 1_000_000,
  );
  const cheap = byRising(course.slots, costMicro).filter(
    (slot) => slot !== t && course.powerW[slot] >= 0 && costMicro(slot) < worthMicro,
  );
  let left = Math.min(wantedW, plan.dischargeW + course.powerW[t], feedableW(work, v, t));
  for (const slot of cheap.slice(0, REBUYS)) {
    if (left < LEAST_W) return;
    left -= trade(work, v, t, slot, left);
  }
}

/** Feeds back as much of `mostW` in slot `t` as slot `from` can make up for; what that is, W. */
function trade(work: Work, v: number, t: number, from: number, mostW: number): number {
  const { outlook } = work;
  const course = work.courses[v];
  const { plan } = course;
  const { slotSeconds } = outlook;
  const surplus = work.surplusW[from] >= LEAST_W ? work.surplusW[from] : Number.MAX_SAFE_INTEGER;
  const roomW = Math.min(plan.chargeW - course.powerW[from], drawableW(work, v, from), surplus);
  for (let out = mostW; out >= LEAST_W; out = Math.floor(out / 2)) {
    const mwh = drawnMwh(out, slotSeconds, plan.efficiencyPermille) + 1;
    const into = powerToStoreW(mwh, slotSeconds, plan.efficiencyPermille);
    if (into > roomW) continue;
    course.powerW[t] -= out;
    course.powerW[from] += into;
    course.follow();
    const { sound } = course;
    course.powerW[t] += out;
    course.powerW[from] -= into;
    course.follow();
    if (!sound) continue;
    change(work, v, t, -out);
    change(work, v, from, into);
    return out;
  }
  return 0;
}
