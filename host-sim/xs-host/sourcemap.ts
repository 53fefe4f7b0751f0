// SPDX-License-Identifier: Apache-2.0
//
// XS reads source maps, but only those of one source file; a bundle has many. So a debug host
// reports lines of the bundle, and this maps them to the TypeScript files.
import { SourceMap } from "node:module";

export class ErrorMapper {
  private readonly maps = new Map<string, SourceMap>();
  private readonly pattern: RegExp | undefined;

  constructor(modules: readonly { readonly name: string; readonly map?: string }[]) {
    for (const { name, map } of modules) {
      if (map) this.maps.set(name, new SourceMap(JSON.parse(map)));
    }
    const names = [...this.maps.keys()].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    if (names.length > 0) this.pattern = new RegExp(`\\b(${names.join("|")}):(\\d+)`, "g");
  }

  map(text: string): string {
    if (!this.pattern) return text;
    return text.replace(this.pattern, (found: string, name: string, line: string) => {
      const entry = firstEntry(this.maps.get(name)!, Number(line) - 1);
      return entry ?? found;
    });
  }
}

// XS knows lines, not columns. The first mapping of the line lies behind its indent, so columns are
// tried until one belongs to that line.
function firstEntry(map: SourceMap, line: number): string | undefined {
  for (const column of [0, 2, 4, 8, 16, 32, 64]) {
    const entry = map.findEntry(line, column);
    if ("originalSource" in entry && entry.generatedLine === line) {
      return `${entry.originalSource}:${entry.originalLine + 1}`;
    }
  }
  return undefined;
}
