// SPDX-License-Identifier: Apache-2.0
/**
 * A broker's URL in a change of the gateways. The same answer at all gateways and nodes, whatever their
 * machines make of URLs: so it is stricter than any of them. What passes can be looked for by every gateway.
 */

/** A password would be everybody's: a URL with one is for a configuration's `addresses` alone. */
const BROKER_URL =
  /^(mqtts?|wss?|tcp|ssl):\/\/(\[[0-9a-f:]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(\/[A-Za-z0-9._~%?&=+/-]*)?$/;
const PORT_MAX = 65_535;
/** A last label that a machine reads as a number makes the whole an IPv4 address. */
const NUMBER = /^([0-9]+|0[xX][0-9a-fA-F]*)$/;
const OCTET = /^(0|[1-9][0-9]{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/;

/** Whether it has a scheme of MQTT, a host that can be one, a port from 1 to 65535 or none, and no user. */
export function isBrokerUrl(url: string): boolean {
  const [, , host, port] = BROKER_URL.exec(url) ?? [];
  if (host === undefined) return false;
  const number = port === undefined ? 1 : Number(port.slice(1));
  if (number < 1 || number > PORT_MAX) return false;
  return host.startsWith("[") ? isIpv6(host.slice(1, -1)) : isHost(host);
}

function isHost(host: string): boolean {
  const labels = host.split(".");
  if (labels.includes("")) return false;
  if (!NUMBER.test(labels[labels.length - 1])) return true;
  return labels.length === 4 && labels.every((one) => OCTET.test(one) && Number(one) < 256);
}

function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const named = halves.filter((half) => half !== "").join(":");
  const groups = named === "" ? [] : named.split(":");
  // "::" stands for one group of zeros at least.
  const fits = halves.length === 2 ? groups.length < 8 : groups.length === 8;
  return fits && groups.every((one) => GROUP.test(one));
}
