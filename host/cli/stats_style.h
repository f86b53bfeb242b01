/* SPDX-License-Identifier: MIT */
/* How the page of `mezzo stats --html` looks: light and dark, from the width of a phone on. */
#ifndef HOST_CLI_STATS_STYLE_H
#define HOST_CLI_STATS_STYLE_H

#define STATS_STYLE \
":root{color-scheme:light dark;--ground:#f6f5f1;--card:#fff;--text:#22262b;--soft:#5d656e;" \
"--line:#dedbd2;--own:#2f6db5;--shared:#d98c1f;--rest:#e7e4dc}\n" \
"@media(prefers-color-scheme:dark){:root{--ground:#15181c;--card:#1e2328;--text:#e6e8ea;" \
"--soft:#9aa4ae;--line:#30373e;--own:#6ba4e8;--shared:#f0b04f;--rest:#2a3037}}\n" \
"*{box-sizing:border-box}\n" \
"body{margin:0;background:var(--ground);color:var(--text);" \
"font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}\n" \
"main{max-width:64rem;margin:0 auto;padding:1.5rem 1rem 3rem}\n" \
"h1{font-size:1.7rem;line-height:1.2;margin:0}\n" \
"h2{font-size:1.15rem;margin:0 0 .25rem}\n" \
"h3{font-size:1rem;margin:1.25rem 0 .25rem;overflow-wrap:anywhere}\n" \
"p{margin:.25rem 0 .75rem;color:var(--soft)}\n" \
"section{background:var(--card);border:1px solid var(--line);border-radius:.75rem;" \
"padding:1rem 1.1rem;margin-top:1rem}\n" \
".cards{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));" \
"margin-top:1rem}\n" \
".cards section{margin:0}\n" \
".figure{font-size:1.8rem;font-weight:650;line-height:1.25;color:var(--text);margin:0}\n" \
"ul{list-style:none;margin:0;padding:0}\n" \
"li{padding:.45rem 0;border-top:1px solid var(--line)}\n" \
"li:first-child{border-top:0}\n" \
".row{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem}\n" \
".name{font-weight:600;overflow-wrap:anywhere;min-width:0}\n" \
".value{font-variant-numeric:tabular-nums}\n" \
".note{color:var(--soft);font-size:.88rem;font-variant-numeric:tabular-nums}\n" \
"svg{display:block;width:100%;height:.8rem;border-radius:.25rem;background:var(--rest);" \
"margin:.25rem 0}\n" \
".own{fill:var(--own)}.shared{fill:var(--shared)}\n" \
".key{display:inline-block;width:.8rem;height:.8rem;border-radius:.2rem;margin:0 .35rem 0 0;" \
"vertical-align:-.08rem}\n" \
".key+span{margin-right:1rem}\n" \
"span.own{background:var(--own)}span.shared{background:var(--shared)}\n" \
"footer{margin-top:1.5rem;font-size:.88rem;color:var(--soft)}\n" \
"dt{font-weight:600;color:var(--text)}dd{margin:0 0 .5rem}\n"

#endif
