// SPDX-License-Identifier: Apache-2.0
/** Whether a reading may follow the node's last one: order, time, and what a connection can carry. */
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import type { Reading } from "#core/records/reading";
import { mwhFromWh } from "#core/units/energy";
import { CAPACITY_TOLERANCE_PERMILLE } from "../options.ts";
import type { Session } from "../session.ts";
import type { World } from "../world.ts";

/** Checks of a reading, in order of cost; the signature was checked before. */
export function checkReading(session: Session, reading: Reading, world: World): Verdict {
  const { boundary, atMs, importMwh, exportMwh } = reading;
  const last = session.reading;
  if (last && boundary <= last.boundary)
    return refuse("READING_STALE", `boundary ${boundary}, last was ${last.boundary}`);
  const open = world.openSlot;
  if (open === undefined || boundary > open + 1)
    return refuse("READING_FUTURE", `boundary ${boundary}`);
  if (atMs !== world.startMs(boundary))
    return refuse("READING_TIME", `${atMs} ms at boundary ${boundary}`);
  if (!last) return ACCEPT;
  if (importMwh < last.importMwh || exportMwh < last.exportMwh)
    return refuse("REGISTER_DECREASED", `boundary ${boundary}`);
  const slots = BigInt(boundary - last.boundary);
  const perSlotMwh =
    (mwhFromWh(session.member.capacityWh) * BigInt(CAPACITY_TOLERANCE_PERMILLE)) / 1000n;
  const limitMwh = perSlotMwh * slots;
  const importedMwh = importMwh - last.importMwh;
  const exportedMwh = exportMwh - last.exportMwh;
  if (importedMwh > limitMwh || exportedMwh > limitMwh)
    return refuse("REGISTER_JUMP", `${importedMwh} in, ${exportedMwh} out of ${limitMwh} mWh`);
  return ACCEPT;
}
