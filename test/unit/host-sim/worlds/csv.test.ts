// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCsv } from "#host-sim/worlds/csv";
import { DataError, type DataErrorCode } from "#host-sim/worlds/errors";

function failsWith(text: string, code: DataErrorCode, line: number): void {
  assert.throws(
    () => parseCsv(text, "x.csv"),
    (error) => {
      assert.ok(error instanceof DataError, String(error));
      assert.equal(error.code, code, `${JSON.stringify(text)} gives ${error.message}`);
      assert.equal(error.line, line, `line of ${JSON.stringify(text)}`);
      assert.ok(line === 0 || error.message.startsWith(`x.csv:${line}: `), error.message);
      return true;
    },
  );
}

test("quotes, CRLF, a byte order mark and a missing last line break are read", () => {
  const table = parseCsv('\uFEFFa,b\r\n"1,5","say ""hi"""\r\n"two\nlines",x\r\n,last', "x.csv");
  assert.deepEqual(table.header, ["a", "b"]);
  assert.deepEqual(
    table.rows.map((row) => [row.line, ...row.fields]),
    [
      [2, "1,5", 'say "hi"'],
      [3, "two\nlines", "x"],
      [5, "", "last"],
    ],
  );
});

test("broken files give coded errors with their lines", () => {
  failsWith("", "rows-none", 0);
  failsWith("a,b\n1\n", "csv-fields", 2);
  failsWith("a,b\n1,2\n1,2,3\n", "csv-fields", 3);
  failsWith("a,b\n1,2\n\n", "csv-fields", 3);
  failsWith("a,a\n1,2\n", "column-duplicate", 1);
  failsWith("a,\n1,2\n", "value-missing", 1);
  failsWith('a,b\n"1,2\n', "csv-syntax", 2);
  failsWith('a,b\n"1"x,2\n', "csv-syntax", 2);
  failsWith('a,b\n1"5,2\n', "csv-syntax", 2);
  failsWith('a,b\n"x\ny","1"z\n', "csv-syntax", 3);
});

test("what is quoted by the rules of RFC 4180 is read back", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "é") });
  const cells = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(cells, fc.constantFrom("\n", "\r\n"), fc.boolean(), (rows, newline, last) => {
      const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
      const lines = ["x,y,z", ...rows.map((row) => row.map(quote).join(","))];
      const table = parseCsv(lines.join(newline) + (last ? newline : ""), "x.csv");
      assert.deepEqual(
        table.rows.map((row) => [...row.fields]),
        rows.map((row) => [...row]),
      );
    }),
  );
});
