// SPDX-License-Identifier: Apache-2.0
/** A node asks for a certificate (paper 1, II-B-1): the request waits for the operator. */
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import type { Enrol } from "#core/records/certificate";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";

/** Nothing of this is logged: until there is a certificate, nothing follows from it. */
export function takeRequest(
  area: Area,
  batch: Batch,
  nodeId: string,
  request: Enrol,
  bytes: Uint8Array,
): Verdict {
  const { registry, ports, topics } = area;
  const shelf = ports.identity?.shelf;
  if (!shelf) return refuse("REGISTRATION_CLOSED", "this gateway has no authority");
  const held = registry.certificateOf(nodeId);
  const counts = held && registry.faultOf(nodeId, area.world.nowMs()) === undefined;
  if (counts && request.renews !== held.certificate.serial) {
    batch.send(topics.down(nodeId, "certificate"), held.encoded); // it was lost on its way, or by the node
    return ACCEPT;
  }
  if (shelf.refused(nodeId, bytes)) return refuse("ENROL_REFUSED", request.name);
  if (!shelf.request(nodeId, bytes, held !== undefined)) return refuse("ENROL_FULL", request.name);
  // To a member that renews there is nothing to say until its new certificate is there.
  return counts ? ACCEPT : refuse("ENROL_PENDING", request.name);
}
