//! Programs to time: real-looking TypeScript of any length.

/// A module of at least `lines` lines: request handlers, helpers and a class, over and over.
pub fn typescript(lines: usize) -> String {
    let mut out = String::from(
        "import express from 'express';\nimport { readFile } from 'node:fs/promises';\nconst app = express();\n",
    );
    let mut n = 0;
    while out.lines().count() + 1 < lines {
        for _ in 0..20 {
            n += 1;
            out += &format!(
                "export async function load{n}(id: string, limit = {n}): Promise<string[]> {{\n  const names: string[] = [];\n  for (const part of \
                 id.split(',')) {{\n    if (part.length > limit) {{\n      names.push(part.trim());\n    }}\n  }}\n  const text = await \
                 readFile('data/{n}.json', 'utf8');\n  return names.concat(JSON.parse(text));\n}}\n\napp.get('/items/{n}/:id', async (req, res) => \
                 {{\n  const found = await load{n}(String(req.params.id));\n  const page = Number(req.query.page ?? 1);\n  res.json({{ page, items: \
                 found.slice(page * 10, page * 10 + 10), total: found.length, next: page + 1 }});\n}});\n\n"
            );
        }
    }
    out
}
