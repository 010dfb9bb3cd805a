"""How a report looks: light and dark, wide and narrow, on paper."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark;
  --paper: #f6f7f9; --card: #fff; --ink: #16202e; --quiet: #566275; --line: #dfe3ea;
  --first: #2458d3; --second: #c2410c; --shade: #cbd8f8; --heat: 36 88 211; --good: #0b7a45; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #0f141b; --card: #171e28; --ink: #e7ecf3; --quiet: #9aa7b8; --line: #2b3542;
  --first: #7ea6ff; --second: #ffa763; --shade: #2c4377; --heat: 126 166 255; --good: #5fd39a; --bad: #ff8f86; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "DejaVu Sans", sans-serif;
  font-size: 1rem; overflow-wrap: break-word; }
main { max-width: 64rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
header p { margin: 0; color: var(--quiet); }
h1 { margin: 0 0 .5rem; font-size: clamp(1.7rem, 5vw, 2.4rem); line-height: 1.15; letter-spacing: -.02em;
  text-wrap: balance; overflow-wrap: anywhere; }
h1 small { color: var(--quiet); font-weight: 400; white-space: nowrap; }
h2 { margin: 3rem 0 1rem; font-size: 1.3rem; letter-spacing: -.01em; }
h3 { margin: 0 0 .75rem; font-size: 1rem; overflow-wrap: anywhere; }
p.lead { margin: -.5rem 0 1rem; max-width: 44rem; color: var(--quiet); }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); }
.card, .tiles > div { min-width: 0; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
.grid.three { grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); }
.card { margin: 0; padding: 1.1rem 1.25rem; }
.tiles { display: grid; gap: 1rem; margin: 1.75rem 0 0;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 9.5rem), 1fr)); }
.tiles > div { padding: .85rem 1.1rem; }
.tiles dt { color: var(--quiet); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.55rem; font-weight: 600; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.tiles dd small { display: block; font-size: .85rem; font-weight: 400; letter-spacing: 0; color: var(--quiet); }
.tiles > div.main { border-color: var(--first); box-shadow: inset 0 0 0 1px var(--first); }
figcaption { margin-bottom: .75rem; }
figcaption b { display: block; }
figcaption span { color: var(--quiet); font-size: .9rem; }
svg { display: block; width: 100%; height: auto; font-family: inherit; }
svg * { stroke-linejoin: round; stroke-linecap: butt; }
svg text { font-family: inherit; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93rem; }
caption { padding-bottom: .6rem; text-align: left; font-weight: 600; }
caption span { display: block; font-weight: 400; color: var(--quiet); font-size: .9rem; }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--quiet); font-weight: 500; font-size: .85rem; vertical-align: bottom; }
tbody th { font-weight: 500; overflow-wrap: anywhere; min-width: 6rem; }
.n { text-align: right; white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); } .quiet { color: var(--quiet); }
.bar { display: block; min-width: 3rem; height: .55rem; margin-top: .45rem; border-radius: .3rem;
  background: var(--line); }
.bar i { display: block; height: 100%; border-radius: .3rem; background: var(--first); }
.spark { width: 5.5rem; min-width: 5.5rem; height: 1.4rem; }
.spark rect { fill: var(--first); opacity: .75; }
.heat td, .heat thead th { vertical-align: middle; padding: 1px; text-align: right; border: 0; }
.heat thead th { padding: .3rem .6rem; }
.heat tbody th { vertical-align: middle; padding: .35rem .75rem .35rem 0; border: 0; }
.heat i { display: block; padding: .35rem .6rem; border-radius: .3rem; font-style: normal;
  background: rgb(var(--heat) / calc(var(--part) * .5)); }
.heat td b { font-weight: 650; }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9em;
  overflow-wrap: anywhere; }
footer { margin-top: 3rem; color: var(--quiet); font-size: .88rem; overflow-wrap: anywhere; }
@media (max-width: 34rem) { main { padding: 1.5rem .85rem 3rem; } .card { padding: .9rem; }
  .wide thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .wide tr { display: grid; grid-template-columns: 1fr auto; gap: 0 .75rem; padding: .5rem 0;
    border-bottom: 1px solid var(--line); }
  .wide th, .wide td { border: 0; padding: 0; text-align: left; white-space: normal; }
  .wide .full { grid-column: 1 / -1; }
  .wide .missing { grid-column: 1 / -1; } .wide .missing::before { content: "missing: "; color: var(--quiet); }
  svg text { font-size: 13px !important; } .spark { margin-top: .3rem; } }
@media print { body { background: none; } .card, .tiles > div { break-inside: avoid; } }
"""
