// SPDX-License-Identifier: Apache-2.0
/** A meter's state (PanelState of ../../protocol.ts) as the words of its face. */
const MINUS = "\u2212";

/** Digits in groups of three: 12 345 678. */
function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, " ");
}

/** Characters that fit into the small face's heading, and into its width. */
const NAME_CHARS = 22;
const LINE_CHARS = 44;

function cut(text, chars) {
  return text.length <= chars ? text : `${text.slice(0, chars - 1)}\u2026`;
}

export function name(state) {
  return cut(state.name, NAME_CHARS);
}

/** kWh with at least six digits in front, as on a meter: 000012.345. */
export function register(kwh) {
  return kwh.padStart(10, "0");
}

/** µc as coins with four places, cut off. */
function coins(micro) {
  const digits = String(micro).padStart(7, "0");
  return `${grouped(digits.slice(0, -6))}.${digits.slice(-6, -2)}`;
}

export function free({ coinsMicro }) {
  return coins(coinsMicro);
}

export function locked({ lockedMicro }) {
  return `${coins(lockedMicro)} locked`;
}

function power(w) {
  return w < 1000 ? `${w} W` : `${w / 1000} kW`;
}

export function powerNow({ line, loadW, pvW }) {
  if (!line) return "Mains off";
  if (loadW === pvW) return "0 W";
  return loadW > pvW ? `${power(loadW - pvW)} in` : `${power(pvW - loadW)} out`;
}

export function powerParts({ loadW, pvW }) {
  return `${loadW / 1000} ${MINUS} ${pvW / 1000} kW`;
}

const ROLES = Object.freeze({ buyer: "Buyer", seller: "Seller", idle: "Idle" });

export function role(state) {
  return ROLES[state.role];
}

/** What the last slot came to. */
export function slotNet({ netWh }) {
  if (netWh === 0) return "balanced";
  return `${grouped(Math.abs(netWh))} Wh ${netWh > 0 ? "short" : "over"}`;
}

export function tradeLines(trade) {
  if (!trade) return ["None yet", ""];
  const { side, energyWh, partners, priceMicroPerKwh, coinsMicro, slot, state } = trade;
  const verb = side === "bought" ? "Bought" : "Sold";
  const from = side === "bought" ? "from" : "to";
  const who = partners === 1 ? "1 neighbour" : `${partners} neighbours`;
  return [
    `${verb} ${grouped(energyWh)} Wh ${from} ${who}`,
    `${coins(coinsMicro)} coins, ${coins(priceMicroPerKwh)} a kWh, slot ${grouped(slot)}, ${state}`,
  ];
}

export function slot(state) {
  return state.slot === null ? "\u2013" : grouped(state.slot);
}

/** Protocol time, UTC. */
export function clock(timeMs) {
  if (timeMs === null) return "Not known yet";
  return `${new Date(timeMs).toISOString().slice(0, 19).replace("T", "  ")} UTC`;
}

export function pace({ timeMs, ratePermille, quality }) {
  if (timeMs === null) return "";
  if (quality !== "synced") return quality;
  if (ratePermille === 0) return "stands between messages";
  return ratePermille === 1000 ? "real time" : `${grouped(ratePermille / 1000)} times real time`;
}

export function footer({ boot, waiting, tokens, update }) {
  const parts = [`Start ${boot}`, waiting === 0 ? "all receipted" : `${waiting} not receipted`];
  if (tokens) parts.push(`tokens ${tokens.tokens} of ${tokens.needed}`);
  if (update) parts.push(update);
  return cut(parts.join(" \u00b7 "), LINE_CHARS);
}

export function error(text) {
  return cut(text, LINE_CHARS);
}

export function alarmLine({ alarms, fault }) {
  if (alarms.length > 0) return cut(alarms[alarms.length - 1], LINE_CHARS);
  if (fault === "silent") return "The metering chip does not answer";
  return fault === "garbled" ? "The metering chip talks nonsense" : "";
}
