// SPDX-License-Identifier: Apache-2.0
/** The JavaScript of the TypeScript module at `source`, an absolute path, as a release has it. */
export function shrunk(source: string): string;
/** `code`, as esbuild prints it, with the functions at its top as arrow functions. */
export function arrows(code: string): string;
/** The short name of each export of a module; those that have none keep their own. */
export function shortened(names: readonly string[]): Map<string, string>;
