"""A little project with over 5,000 findings, and with what a hostile repository would try on a report."""

import sys
from pathlib import Path

root = Path(sys.argv[1])
HOSTILE = [
    "<img src=x onerror=document.title='pwned'>.js",
    "a'\"><script>document.title='pwned'<:script>.js",
    "{{constructor.constructor('document.title=1')()}}.js",
    "@SCRIPT@ @DATA@.js",
]
CODE = """// </script><script>document.title='pwned'</script><!-- <script> ]]> \u2028
export function f(x) {
  const html = "<img src=x onerror=document.title='pwned'>";
  if (x === NaN) { eval(html + x); }
  return html === html; /* --> </style></body> */
}
"""
for name in HOSTILE:
    (root / "hostile").mkdir(parents=True, exist_ok=True)
    (root / "hostile" / name).write_text(CODE, encoding="utf-8")
for folder in range(10):
    for file in range(10):
        path = root / f"src/area{folder}/part{file}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"export function f{n}(x) {{ return x === NaN; }}" for n in range(5 + 10 * folder + file * (folder + 1))]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
(root / "CODEOWNERS").write_text("* @org/all\n/src/area1/ @org/one \"<img/src=x>@x\n", encoding="utf-8")
(root / "src/flow.js").write_text(
    "const express = require('express');\nconst { exec } = require('child_process');\nconst app = express();\n"
    "app.get('/', (req, res) => {\n  const name = req.query.name;\n  const line = `echo ${name}`;\n  exec(line);\n  res.send('ok');\n});\n",
    encoding="utf-8",
)
