// SPDX-License-Identifier: Apache-2.0
/** Style sheets: one for charts, which files and page share, and one for the page around them. */

/** Colours that stay apart for colour-blind readers (hues after Okabe and Ito), in both schemes. */
export const CHART_STYLE = `
.chart { --ink: #17212b; --muted: #566473; --rule: #e4e9ee; --paper: #ffffff;
  --own: #f2b632; --trade: #0a9b72; --grid: #b4c1ce; --export: #c9b6e4; --pv: #d9730d;
  --retail: #3b6fb6; --feedin: #8457b8;
  font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
@media (prefers-color-scheme: dark) {
  .chart { --ink: #e8edf2; --muted: #9dabb9; --rule: #2a343f; --paper: #12181f;
    --own: #d9a021; --trade: #1fb588; --grid: #52616f; --export: #7d67a3; --pv: #f59a45;
    --retail: #79a8e6; --feedin: #b491df; }
}
.paper { fill: var(--paper); }
.tick, .legend { fill: var(--muted); }
.unit { fill: var(--ink); font-weight: 600; }
.title { fill: var(--ink); font-size: 15px; font-weight: 600; }
.note { fill: var(--muted); font-size: 15px; }
.empty { fill: none; stroke: var(--rule); }
.rule { stroke: var(--rule); stroke-width: 1; }
.zero { stroke: var(--muted); stroke-width: 1; }
.hover { fill: transparent; }
.hover:hover { fill: var(--ink); fill-opacity: 0.08; }
.fill-own { fill: var(--own); }
.fill-trade { fill: var(--trade); }
.fill-grid { fill: var(--grid); }
.fill-export { fill: var(--export); }
.band-trade { fill: var(--trade); fill-opacity: 0.25; }
.band-all { fill: var(--retail); fill-opacity: 0.15; }
.band-most { fill: var(--retail); fill-opacity: 0.35; }
.line-load, .line-pv, .line-retail, .line-feedin, .line-trade, .line-median, .series {
  fill: none; stroke-width: 1.5; stroke-linejoin: round; }
.line-load { stroke: var(--ink); }
.line-pv { stroke: var(--pv); stroke-width: 2; }
.line-retail { stroke: var(--retail); }
.line-feedin { stroke: var(--feedin); }
.line-trade { stroke: var(--trade); stroke-width: 2.5; }
.line-median { stroke: var(--retail); stroke-width: 2; }
.s0 { stroke: #0072b2; } .s1 { stroke: #e69f00; } .s2 { stroke: #009e73; }
.s3 { stroke: #cc79a7; } .s4 { stroke: #56b4e9; } .s5 { stroke: #d55e00; }
.s6 { stroke: #8f7de0; } .s7 { stroke: #8a9a2b; } .s8 { stroke: #7a8894; }
.s9 { stroke: #0072b2; stroke-dasharray: 5 3; } .s10 { stroke: #d55e00; stroke-dasharray: 5 3; }
.s11 { stroke: #009e73; stroke-dasharray: 5 3; }
`;

export const PAGE_STYLE = `
:root { color-scheme: light dark; --page: #f4f6f8; --card: #ffffff; --line: #dde3e9;
  --text: #17212b; --soft: #566473; --good: #08794f; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0b1015; --card: #12181f; --line: #2a343f; --text: #e8edf2; --soft: #9dabb9;
    --good: #4cc79a; --bad: #ff8a80; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 48px; }
h1 { font-size: 26px; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 16px; margin: 0 0 10px; }
p { margin: 4px 0 0; color: var(--soft); }
a { color: inherit; }
.figures { display: grid; gap: 14px; margin: 22px 0 14px;
  grid-template-columns: repeat(auto-fit, minmax(215px, 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 16px 18px; margin-bottom: 14px; }
.figures .card { margin: 0; }
.figures b { display: block; font-size: 25px; font-weight: 650; letter-spacing: -0.01em;
  font-variant-numeric: tabular-nums; }
.figures span { color: var(--soft); font-size: 13px; }
figure { margin: 0; overflow-x: auto; }
figure .chart { display: block; width: 100%; min-width: 640px; height: auto; }
figcaption { color: var(--soft); font-size: 13px; margin-top: 6px; }
.tables { display: grid; gap: 14px;
  grid-template-columns: repeat(auto-fit, minmax(min(430px, 100%), 1fr)); }
.tables .card { margin: 0; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 400; color: var(--soft); padding: 4px 12px 4px 0;
  vertical-align: top; }
td { text-align: right; padding: 4px 0; overflow-wrap: anywhere; }
data { white-space: nowrap; }
tr + tr > * { border-top: 1px solid var(--line); }
.trades { overflow-x: auto; }
.trades th, .trades td { white-space: nowrap; padding-right: 18px; }
.trades th { text-align: right; }
.trades .word { text-align: left; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
`;
