// SPDX-License-Identifier: Apache-2.0
/**
 * How much power flows from each battery's need to the slots, over its own plug and its station's connection:
 *
 *   need_i ─► vehicle i ─(plug)─► station × slot ─(connection)─► slot ─(what is on offer)─► energy
 *
 * A largest flow (Ford and Fulkerson). Which slots' energy can be used together is a gammoid, so that taking
 * the cheapest energy first and as much of it as there is a path for gives the cheapest of all largest flows;
 * energy once taken stays taken, since a path never gives any back.
 */
import { assert } from "#core/errors/assert";

export interface FlowShape {
  /** Slots that each vehicle has until it leaves; at most `slots`. */
  deadlines: readonly number[];
  /** Power of its plug, W. */
  plugs: readonly number[];
  /** Its station's index; every vehicle has one, if only its own connection. */
  stations: readonly number[];
  /** Connections of the stations, W. */
  limits: readonly number[];
  slots: number;
}

export class ChargeFlow {
  /** Power of vehicle v in slot t at `v * slots + t`, W. */
  readonly powerW: Int32Array;
  private readonly shape: FlowShape;
  /** Power of station s in slot t. */
  private readonly stationW: Int32Array;
  private readonly slotW: Int32Array;
  /** Vehicles of each station. */
  private readonly members: number[][];
  /** By vehicle and by station × slot: who reached it in the present search, −1 where nobody has. */
  private readonly vehicleFrom: Int32Array;
  private readonly cellFrom: Int32Array;
  /**
   * Vehicles from which no path goes to slot `deadTo`: none ever will while only paths to that slot are
   * taken, since those pass by all that was reached in vain.
   */
  private readonly dead: Uint8Array;
  private deadTo = -1;

  constructor(shape: FlowShape) {
    const { slots, plugs, limits } = shape;
    this.shape = shape;
    this.powerW = new Int32Array(plugs.length * slots);
    this.stationW = new Int32Array(limits.length * slots);
    this.slotW = new Int32Array(slots);
    this.members = limits.map(() => []);
    for (let v = 0; v < plugs.length; v++) this.members[shape.stations[v]].push(v);
    this.vehicleFrom = new Int32Array(plugs.length);
    this.cellFrom = new Int32Array(limits.length * slots);
    this.dead = new Uint8Array(plugs.length);
  }

  /** Power that is taken in a slot, W. */
  taken(slot: number): number {
    return this.slotW[slot];
  }

  /** Power that the connection of vehicle `v` has left in a slot, W. */
  leftW(v: number, slot: number): number {
    const { stations, limits, slots } = this.shape;
    return limits[stations[v]] - this.stationW[stations[v] * slots + slot];
  }

  /**
   * Up to `mostW` for vehicle `from` out of slot `to`, if need be by moving others to slots whose energy is
   * taken already. @returns what it got, W
   */
  push(from: number, to: number, mostW: number): number {
    if (this.deadTo !== to) this.dead.fill(0);
    this.deadTo = to;
    const direct = this.direct(from, to, mostW);
    if (direct > 0) return direct;
    if (this.dead[from] === 1 || !this.takesMore(to)) return 0;
    const got = this.around(from, to, mostW);
    if (got > 0) return got;
    for (let v = 0; v < this.dead.length; v++) if (this.vehicleFrom[v] !== -1) this.dead[v] = 1;
    return 0;
  }

  /** Whether any vehicle could draw more in a slot. */
  private takesMore(slot: number): boolean {
    const { deadlines, plugs, slots } = this.shape;
    return plugs.some(
      (plugW, v) =>
        slot < deadlines[v] && this.powerW[v * slots + slot] < plugW && this.leftW(v, slot) > 0,
    );
  }

  private direct(v: number, t: number, mostW: number): number {
    const { deadlines, plugs, stations, limits, slots } = this.shape;
    if (t >= deadlines[v]) return 0;
    const plugW = plugs[v] - this.powerW[v * slots + t];
    const cellW = limits[stations[v]] - this.stationW[stations[v] * slots + t];
    const got = Math.min(mostW, plugW, cellW);
    if (got <= 0) return 0;
    this.powerW[v * slots + t] += got;
    this.stationW[stations[v] * slots + t] += got;
    this.slotW[t] += got;
    return got;
  }

  /**
   * A path of vehicles and cells (a station in a slot). From a vehicle to a cell that its plug still has
   * power for; from a cell to each vehicle that draws there, which can draw elsewhere; and from a cell whose
   * connection has power left into its slot, out of which another station's cell may be emptied.
   */
  private around(from: number, to: number, mostW: number): number {
    const { plugs, stations, limits, deadlines, slots } = this.shape;
    this.vehicleFrom.fill(-1);
    this.cellFrom.fill(-1);
    const reachedSlot = new Int32Array(slots).fill(-1);
    this.vehicleFrom[from] = from;
    // A vehicle v is v; cell c is −1 − c.
    const queue: number[] = [from];
    const cells = (cell: number, via: number): void => {
      if (this.cellFrom[cell] !== -1) return;
      this.cellFrom[cell] = via;
      queue.push(-1 - cell);
    };
    for (let next = 0; next < queue.length; next++) {
      const at = queue[next];
      if (at >= 0) {
        // Where no energy is taken there is nobody to make room.
        for (let t = 0; t < deadlines[at]; t++)
          if ((this.slotW[t] > 0 || t === to) && this.powerW[at * slots + t] < plugs[at])
            cells(stations[at] * slots + t, at);
        continue;
      }
      const cell = -1 - at;
      const t = cell % slots;
      const station = (cell - t) / slots;
      if (this.stationW[cell] < limits[station] && reachedSlot[t] === -1) {
        reachedSlot[t] = cell;
        if (t === to) return this.shift(from, to, mostW, reachedSlot);
        // The slot is full: another station's cell can draw less in it.
        for (let s = 0; s < limits.length; s++)
          if (this.stationW[s * slots + t] > 0) cells(s * slots + t, VIA_SLOT);
      }
      for (const v of this.members[station]) {
        if (this.vehicleFrom[v] !== -1 || this.dead[v] === 1) continue;
        if (this.powerW[v * slots + t] === 0) continue;
        this.vehicleFrom[v] = t;
        queue.push(v);
      }
    }
    return 0;
  }

  /** Walks the path back, once for its narrowest place and once to move that much. */
  private shift(from: number, to: number, mostW: number, reachedSlot: Int32Array): number {
    let narrowest = mostW;
    this.walk(from, to, reachedSlot, (room) => {
      narrowest = Math.min(narrowest, room);
    });
    assert(narrowest > 0, "SCHEDULE_PATH");
    this.walk(from, to, reachedSlot, (_room, at, change) => {
      at[0][at[1]] += change * narrowest;
    });
    this.slotW[to] += narrowest;
    return narrowest;
  }

  private walk(
    from: number,
    to: number,
    reachedSlot: Int32Array,
    visit: (room: number, at: [Int32Array, number], change: number) => void,
  ): void {
    const { plugs, stations, limits, slots } = this.shape;
    let cell = reachedSlot[to];
    visit(limits[(cell - to) / slots] - this.stationW[cell], [this.stationW, cell], 1);
    for (;;) {
      const via = this.cellFrom[cell];
      const t = cell % slots;
      if (via === VIA_SLOT) {
        // This cell gives up what the one that reached the slot takes.
        visit(this.stationW[cell], [this.stationW, cell], -1);
        cell = reachedSlot[t];
        visit(limits[(cell - t) / slots] - this.stationW[cell], [this.stationW, cell], 1);
        continue;
      }
      const place = via * slots + t;
      visit(plugs[via] - this.powerW[place], [this.powerW, place], 1);
      if (via === from) return;
      // It draws less in the slot from which it was reached.
      const gaveUp = this.vehicleFrom[via];
      visit(this.powerW[via * slots + gaveUp], [this.powerW, via * slots + gaveUp], -1);
      cell = stations[via] * slots + gaveUp;
    }
  }
}

/** A cell that was reached over its slot, not by a vehicle. */
const VIA_SLOT = -2;
