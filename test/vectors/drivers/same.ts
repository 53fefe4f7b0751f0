// SPDX-License-Identifier: Apache-2.0
/** Comparison of plain values on engines without node:assert. */

/** Whether `a` and `b` have the same members with the same values, at any depth; bigints count as values. */
export function same(a: unknown, b: unknown): boolean {
  return text(a) === text(b);
}

function text(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(text).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const members = Object.entries(value).map(([name, member]) => `${name}:${text(member)}`);
  return `{${members.sort().join(",")}}`;
}
