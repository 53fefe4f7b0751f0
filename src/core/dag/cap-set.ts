// SPDX-License-Identifier: Apache-2.0
/**
 * The caps: transactions that nobody approved yet, kept as they change. Those that may still be eligible come
 * first, so that a cap that was left behind costs no selection anything.
 */
import { type Handles, handleColumn, NONE } from "./handles.ts";

export class CapSet {
  private readonly limit: number;
  private list: Handles;
  /** Handle → place in the list, or NONE. */
  private places: Handles;
  private total = 0;
  private alive = 0;

  /** For up to `capacity` handles below `limit`. */
  constructor(capacity: number, limit: number) {
    this.limit = limit;
    this.list = handleColumn(limit, capacity);
    this.places = handleColumn(limit, capacity).fill(NONE);
  }

  get bytes(): number {
    return this.list.byteLength + this.places.byteLength;
  }

  /** Number of caps. */
  get count(): number {
    return this.total;
  }

  /** Number of those that may be eligible: the places below it. */
  get live(): number {
    return this.alive;
  }

  /** The cap at a place from 0 on; any change moves them. */
  at(place: number): number {
    return this.list[place];
  }

  has(handle: number): boolean {
    return this.places[handle] !== NONE;
  }

  grow(capacity: number): void {
    const { list, places } = this;
    this.list = handleColumn(this.limit, capacity);
    this.list.set(list);
    this.places = handleColumn(this.limit, capacity).fill(NONE);
    this.places.set(places);
  }

  add(handle: number): void {
    if (this.alive < this.total) this.put(this.total, this.list[this.alive]);
    this.put(this.alive++, handle);
    this.total++;
  }

  /** Takes it out, if it is a cap. */
  remove(handle: number): void {
    if (!this.has(handle)) return;
    this.retire(handle);
    const place = this.places[handle];
    this.total--;
    if (place !== this.total) this.put(place, this.list[this.total]);
    this.places[handle] = NONE;
  }

  /** A cap that can never be eligible again, being too old: it stays a cap. */
  retire(handle: number): void {
    const place = this.places[handle];
    if (place >= this.alive) return;
    this.alive--;
    this.put(place, this.list[this.alive]);
    this.put(this.alive, handle);
  }

  private put(place: number, handle: number): void {
    this.list[place] = handle;
    this.places[handle] = place;
  }
}
