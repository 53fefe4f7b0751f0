// SPDX-License-Identifier: Apache-2.0
/** What `wattle consortium` prints. */
import type { ConsortiumConfig } from "../config/consortium.ts";
import type { ConsortiumStatus, GatewayText, OpenWish, OwnWish } from "../consortium/desk.ts";

export function showText(status: ConsortiumStatus, area: string, running: boolean): string {
  const { gateways, change, quorum, open, wish, halted, member, silent } = status;
  const width = Math.max(...gateways.map((one) => nameOf(one).length));
  const lines = [
    `seen from ${area}${running ? "" : ", whose gateway does not run: as it was then"}`,
    `change    ${change} was the last one; ${gateways.length} gateways, a quorum is ${quorum}`,
  ];
  for (const one of gateways) {
    const marks = [
      ...(one.id === status.id ? ["this one"] : []),
      ...(one.area !== null && silent.includes(one.area) ? ["silent"] : []),
    ];
    const where = one.url ?? "on the broker that all share";
    const mark = marks.length > 0 ? `  (${marks.join(", ")})` : "";
    lines.push(`  ${nameOf(one).padEnd(width)}  ${one.id}  ${where}${mark}`);
  }
  if (!member) lines.push("this gateway is none of them, now or yet");
  if (halted) lines.push(`halted    ${halted}`);
  for (const one of open) lines.push(...openText(one, gateways));
  if (wish) lines.push(`own wish  ${stateText(wish)}`);
  return `${lines.join("\n")}\n`;
}

function openText(wish: OpenWish, gateways: readonly GatewayText[]): string[] {
  const nameOfId = (id: string) => {
    const found = gateways.find((one) => one.id === id);
    return found ? nameOf(found) : id.slice(0, 8);
  };
  const { leaves, joins, by, missing } = wish;
  const what = [
    ...(leaves === undefined ? [] : [`${nameOfId(leaves)} (${leaves}) leaves`]),
    ...(joins === undefined
      ? []
      : [`${joins.area ?? "a gateway"} joins at ${joins.url ?? "the shared broker"}`]),
  ];
  const lines = [`wish      ${wish.name}, to be change ${wish.number}: ${what.join(", ")}`];
  if (joins) lines.push(`          with the key ${joins.publicKey}`);
  const some = by.map(nameOfId).join(", ");
  lines.push(`          for it: ${some}; ${missing} more ${missing === 1 ? "is" : "are"} needed`);
  return lines;
}

/** What the gateway said of a wish. */
export function wishText(
  name: string,
  running: boolean,
  answer: OwnWish | undefined,
  status: ConsortiumStatus,
): string {
  if (answer) return `wish ${stateText(answer)}${countText(answer, status)}\n`;
  const when = running
    ? "the gateway has not answered; look at wattle consortium show"
    : "the gateway does not run, and takes it at its next start";
  return `wish ${name}: ${when}\n`;
}

function countText({ state, name }: OwnWish, { open, quorum }: ConsortiumStatus): string {
  if (state !== "said") return "";
  const found = open.find((one) => one.name === name);
  const by = found ? found.by.length : 0;
  return `; by now ${by} of the ${quorum} gateways that it takes`;
}

function stateText({ name, state, cause, cure }: OwnWish): string {
  const why = cause === undefined ? "" : `: ${cause}. ${cure ?? ""}`.trimEnd();
  const words = {
    waits: "waits",
    said: "is said to all: this gateway is for it",
    done: "took effect",
    refused: "is refused",
  };
  return `${name} ${words[state]}${why}`;
}

function nameOf({ area, id }: GatewayText): string {
  return area ?? id.slice(0, 8);
}

/** The consortium for the configuration of a gateway that joins: the first ones, and where the others are. */
export function asConfig(
  { gateways, rule, leader, intervalMs, stateTurns }: ConsortiumConfig,
  status: ConsortiumStatus,
): object {
  const first = new Set(gateways.map(({ publicKey }) => publicKey));
  const later = status.gateways.filter(({ publicKey }) => !first.has(publicKey));
  return {
    consortium: {
      gateways: gateways.map(({ ca: _, url, ...one }) => ({
        ...one,
        ...(url !== undefined && { url: url.replace(/\/\/[^/@]*@/, "//") }),
      })),
      ...{ rule, leader, intervalMs, joined: true },
      ...(stateTurns !== undefined && { stateTurns }),
      addresses: later.map(({ publicKey, area, url }) => ({
        publicKey,
        ...(area !== null && { area }),
        ...(url !== null && { url }),
      })),
    },
  };
}
