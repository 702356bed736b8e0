use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Docs, Rule};

/// Found by `engine::twins`, which sees all functions of a file, and in a scan those of all files.
pub static RULE: Rule = Rule {
    id: "duplicated-block",
    summary: "a function that repeats another one",
    category: Category::Quality,
    severity: Severity::Info,
    confidence: Confidence::Medium,
    cwe: &[1041],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds functions that are copies of others: the same code, the same with other names and constants, or with a few statements \
               changed, added or removed. In the editor it compares the functions of a file, in a scan those of all files. The first of a \
               group is taken for the original; each copy is reported, with the places of its twins. Where four functions of a file or more are copies out of one other file, they are reported once, on the first.",
        why: "What is mended in one copy stays broken in the others, and nobody knows which of them is right.",
        example: "function total(rows) { /* twenty lines */ }\nfunction totalOfOrders(orders) { /* the same twenty lines */ }",
        instead: "function total(items) { /* twenty lines */ }\nconst totalOfOrders = total;",
        limits: "Compared are shingles of five leaves of the syntax, names and constants left out; twins share 75 % of them (82 % of a few lines; written types of TypeScript do not count), and \
                 most of their names: of those that are not their own (parameters, variables), and that are no messages, one in 40 leaves may differ (and one or two in any case), for where every other line calls \
                 something else there is nothing to share. Small functions, tests, benchmarks and examples (also by their folders), generated files, implementations of traits, conversions \
                 (`from`, `to_..`, `serialize`), constructors, counterparts of the same name with `mut` in it or that mirror each other (`moveUp`, `moveDown`), migrations, code in folders of others (`vendor`, `third_party`), a function of TypeScript and its namesake in JavaScript, what a build made of one source (`_cjs`, `_esm`, `dist`) and what a compiler wrote are left alone, as is code outside of functions.",
        fix: "",
    },
    checks: &[],
    cases: &[
        Case::bad(
            "a.js",
            "function one(rows) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}\nfunction two(rows) { //~ duplicated-block\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}",
        ),
        Case::bad(
            "a.ts",
            "class A {\n  one(rows: Row[]) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}\n  two(rows: Row[]) { //~ duplicated-block\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  count += out.length;\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}\n}",
        ),
        Case::bad(
            "a.tsx",
            "const one = (rows) => {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n};\nconst two = (rows) => { //~ duplicated-block\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  count += out.length;\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n};",
        ),
        Case::bad(
            "a.rs",
            "fn one(text: &str) -> Result<u64> {\n    let mut total = 0u64;\n    for line in text.lines() {\n        let Some((key, value)) = line.split_once('=') else { continue };\n        let value: u64 = value.trim().parse().map_err(|e| Error::Parse(key.to_owned(), e))?;\n        if limits.contains_key(key) && value > limits[key] {\n            return Err(Error::TooLarge(key.to_owned(), value));\n        }\n        total += value;\n        seen.insert(key.to_owned(), value);\n    }\n    if total == 0 { return Err(Error::Empty) }\n    Ok(total)\n}\nfn two(text: &str) -> Result<u64> { //~ duplicated-block\n    let mut total = 0u64;\n    for line in text.lines() {\n        let Some((key, value)) = line.split_once('=') else { continue };\n        let value: u64 = value.trim().parse().map_err(|e| Error::Parse(key.to_owned(), e))?;\n        if limits.contains_key(key) && value > limits[key] {\n            return Err(Error::TooLarge(key.to_owned(), value));\n        }\n        total += value;\n        seen.insert(key.to_owned(), value);\n    }\n    if total == 0 { return Err(Error::Empty) }\n    Ok(total)\n}",
        ),
        Case::bad(
            "a.rs",
            "impl A {\n    fn one(&self, text: &str) -> Result<u64> {\n    let mut total = 0u64;\n    for line in text.lines() {\n        let Some((key, value)) = line.split_once('=') else { continue };\n        let value: u64 = value.trim().parse().map_err(|e| Error::Parse(key.to_owned(), e))?;\n        if limits.contains_key(key) && value > limits[key] {\n            return Err(Error::TooLarge(key.to_owned(), value));\n        }\n        total += value;\n        seen.insert(key.to_owned(), value);\n    }\n    if total == 0 { return Err(Error::Empty) }\n    Ok(total)\n}\n}\nimpl B {\n    fn two(&self, text: &str) -> Result<u64> { //~ duplicated-block\n    let mut total = 0u64;\n    for line in text.lines() {\n        let Some((key, value)) = line.split_once('=') else { continue };\n        let value: u64 = value.trim().parse().map_err(|e| Error::Parse(key.to_owned(), e))?;\n        if limits.contains_key(key) && value > limits[key] {\n            return Err(Error::TooLarge(key.to_owned(), value));\n        }\n        total += value;\n        log(key);\n        seen.insert(key.to_owned(), value);\n    }\n    if total == 0 { return Err(Error::Empty) }\n    Ok(total)\n}\n}",
        ),
        Case::good(
            "a.js",
            "function one(rows) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}",
        ),
        Case::good(
            "a.js",
            "function one(a) { return a.map((x) => x.id).filter(Boolean); }\nfunction two(a) { return a.map((x) => x.id).filter(Boolean); }",
        ),
        Case::good(
            "a.rs",
            "impl Read for A {\n    fn go(&self, text: &str) -> Result<u64> {\n    let mut total = 0u64;\n    for line in text.lines() {\n        let Some((key, value)) = line.split_once('=') else { continue };\n        let value: u64 = value.trim().parse().map_err(|e| Error::Parse(key.to_owned(), e))?;\n        if limits.contains_key(key) && value > limits[key] {\n            return Err(Error::TooLarge(key.to_owned(), value));\n        }\n        total += value;\n        seen.insert(key.to_owned(), value);\n    }\n    if total == 0 { return Err(Error::Empty) }\n    Ok(total)\n}\n}\nimpl Read for B {\n    fn go(&self, text: &str) -> Result<u64> {\n    let mut total = 0u64;\n    for line in text.lines() {\n        let Some((key, value)) = line.split_once('=') else { continue };\n        let value: u64 = value.trim().parse().map_err(|e| Error::Parse(key.to_owned(), e))?;\n        if limits.contains_key(key) && value > limits[key] {\n            return Err(Error::TooLarge(key.to_owned(), value));\n        }\n        total += value;\n        seen.insert(key.to_owned(), value);\n    }\n    if total == 0 { return Err(Error::Empty) }\n    Ok(total)\n}\n}",
        ),
        Case::good(
            "a.rs",
            "fn one(text: &str) -> Result<u64> {\n    let mut total = 0u64;\n    for line in text.lines() {\n        let Some((key, value)) = line.split_once('=') else { continue };\n        let value: u64 = value.trim().parse().map_err(|e| Error::Parse(key.to_owned(), e))?;\n        if limits.contains_key(key) && value > limits[key] {\n            return Err(Error::TooLarge(key.to_owned(), value));\n        }\n        total += value;\n        seen.insert(key.to_owned(), value);\n    }\n    if total == 0 { return Err(Error::Empty) }\n    Ok(total)\n}\n#[cfg(test)]\nmod tests {\n    fn two(text: &str) -> Result<u64> {\n    let mut total = 0u64;\n    for line in text.lines() {\n        let Some((key, value)) = line.split_once('=') else { continue };\n        let value: u64 = value.trim().parse().map_err(|e| Error::Parse(key.to_owned(), e))?;\n        if limits.contains_key(key) && value > limits[key] {\n            return Err(Error::TooLarge(key.to_owned(), value));\n        }\n        total += value;\n        seen.insert(key.to_owned(), value);\n    }\n    if total == 0 { return Err(Error::Empty) }\n    Ok(total)\n}\n}",
        ),
        Case::good(
            "a.ts",
            "export const one = (a: A) => ({ id: a.id, name: a.name });\nexport const two = (b: B) => ({ id: b.id, name: b.name });",
        ),
        Case::near_miss(
            "a.js",
            "function show(items) {\n  const box = document.createElement('div');\n  box.className = 'box';\n  box.title = texts.title;\n  if (options.open) { box.classList.add('open'); }\n  for (const item of items) { box.append(renderItem(item, options)); }\n  parent.append(box);\n  return box;\n}\nfunction login(groups) {\n  const user = session.findUser('admin');\n  user.lastLogin = 'now';\n  user.token = keys.current;\n  if (rights.admin) { user.roles.grant('root'); }\n  for (const group of groups) { user.join(loadGroup(group, rights)); }\n  audit.write(user);\n  return user;\n}",
        ),
        Case::near_miss(
            "a.js",
            "function odd() { return [[0, 0], [1, 7], [2, 14], [3, 21], [4, 28], [5, 35], [6, 42], [7, 49], [8, 56], [9, 63], [10, 70], [11, 77], [12, 84], [13, 91], [14, 98], [15, 105], [16, 112], [17, 119], [18, 126], [19, 133], [20, 140], [21, 147], [22, 154], [23, 161], [24, 168], [25, 175], [26, 182], [27, 189], [28, 196], [29, 203], [30, 210], [31, 217], [32, 224], [33, 231], [34, 238], [35, 245], [36, 252], [37, 259], [38, 266], [39, 273], [40, 280], [41, 287], [42, 294], [43, 301], [44, 308], [45, 315], [46, 322], [47, 329], [48, 336], [49, 343], [50, 350], [51, 357], [52, 364], [53, 371], [54, 378], [55, 385], [56, 392], [57, 399], [58, 406], [59, 413]]; }\nfunction even() { return [[0, 0], [1, 7], [2, 14], [3, 21], [4, 28], [5, 35], [6, 42], [7, 49], [8, 56], [9, 63], [10, 70], [11, 77], [12, 84], [13, 91], [14, 98], [15, 105], [16, 112], [17, 119], [18, 126], [19, 133], [20, 140], [21, 147], [22, 154], [23, 161], [24, 168], [25, 175], [26, 182], [27, 189], [28, 196], [29, 203], [30, 210], [31, 217], [32, 224], [33, 231], [34, 238], [35, 245], [36, 252], [37, 259], [38, 266], [39, 273], [40, 280], [41, 287], [42, 294], [43, 301], [44, 308], [45, 315], [46, 322], [47, 329], [48, 336], [49, 343], [50, 350], [51, 357], [52, 364], [53, 371], [54, 378], [55, 385], [56, 392], [57, 399], [58, 406], [59, 413]]; }",
        ),
        Case::near_miss(
            "a.rs",
            "impl A {\n    fn from_text(text: &str) -> Result<u64> {\n    let mut total = 0u64;\n    for line in text.lines() {\n        let Some((key, value)) = line.split_once('=') else { continue };\n        let value: u64 = value.trim().parse().map_err(|e| Error::Parse(key.to_owned(), e))?;\n        if limits.contains_key(key) && value > limits[key] {\n            return Err(Error::TooLarge(key.to_owned(), value));\n        }\n        total += value;\n        seen.insert(key.to_owned(), value);\n    }\n    if total == 0 { return Err(Error::Empty) }\n    Ok(total)\n}\n}\nimpl B {\n    fn from_text(text: &str) -> Result<u64> {\n    let mut total = 0u64;\n    for line in text.lines() {\n        let Some((key, value)) = line.split_once('=') else { continue };\n        let value: u64 = value.trim().parse().map_err(|e| Error::Parse(key.to_owned(), e))?;\n        if limits.contains_key(key) && value > limits[key] {\n            return Err(Error::TooLarge(key.to_owned(), value));\n        }\n        total += value;\n        seen.insert(key.to_owned(), value);\n    }\n    if total == 0 { return Err(Error::Empty) }\n    Ok(total)\n}\n}",
        ),
        Case::bad(
            "a.ts",
            "export function first(rows: Row[]) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}\nexport function second(lines: Line[]) { //~ duplicated-block\n  const result = [];\n  for (const line of lines) {\n    if (line.id && line.amount > 0) {\n      const total = line.amount * rate(line.currency);\n      result.push({ id: line.id, total, name: line.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', line.id);\n    }\n  }\n  if (result.length === 0) { throw new Error('nothing to do'); }\n  return result.sort((a, b) => a.total - b.total).slice(0, limit);\n}",
        ),
        Case::bad(
            "a.ts",
            "export const first = async (rows: Row[]) => {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n};\nexport const second = async (rows: Row[]) => { //~ duplicated-block\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  count += 1;\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n};",
        ),
        Case::bad(
            "a.ts",
            "class A { one(rows: Row[]) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n} }\nclass B {\n  two(rows: Row[]) { //~ duplicated-block\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n} }",
        ),
        Case::bad(
            "a.ts",
            "export function first(rows: Row[]) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}\nexport function second(rows: Row[]) { //~ duplicated-block\n  // another comment\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('left out', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}",
        ),
        Case::bad(
            "a.ts",
            "export function first(rows: Row[]) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}\nexport function third(rows: Row[]) { //~ duplicated-block\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount >= 1) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}",
        ),
        Case::good(
            "a.ts",
            "export function first(rows: Row[]) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}",
        ),
        Case::good(
            "a.ts",
            "export function first(rows: Row[]) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}\nexport function second(rows: Row[]) { return first(rows).reverse(); }",
        ),
        Case::good("a.ts", "export const a = (x: X) => x.id;\nexport const b = (x: X) => x.id;"),
        Case::good("a.ts", "class A { get x() { return this.n; } get y() { return this.n; } }"),
        Case::good(
            "a.ts",
            "export function f(a: number) { return a > 1 ? go(a) : stop(a); }\nexport function g(b: number) { return b > 1 ? go(b) : stop(b); }",
        ),
        Case::near_miss(
            "a.ts",
            "export function moveUp(rows: Row[]) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}\nexport function moveDown(rows: Row[]) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => b.total - a.total).slice(0, limit);\n}",
        ),
        Case::near_miss(
            "a.ts",
            "export function pick(rows: Row[]) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}\nexport async function pickAsync(rows: Row[]) {\n  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * await rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}",
        ),
    ],
};
