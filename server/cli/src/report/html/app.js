"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { summary, files, folders, findings, rules, owners } = data;
  const SEVERITIES = ["critical", "high", "medium", "low", "info"];
  const PAGE = 50;
  const $ = (id) => document.getElementById(id);

  // Everything that comes from the scanned code goes through `textContent`; nothing is ever parsed as HTML.
  function el(tag, props = {}, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(props)) {
      if (key === "class") node.className = value;
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (value === true) node.setAttribute(key, "");
      else if (value !== false && value != null) node.setAttribute(key, value);
    }
    node.append(...children.filter((c) => c != null));
    return node;
  }
  function svg(tag, props, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(props)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }
  /** Prose with `code` in it. */
  function prose(text) {
    const out = document.createDocumentFragment();
    text.split("`").forEach((part, i) => part && out.append(i % 2 ? el("code", {}, part) : part));
    return out;
  }
  const count = (n) => n.toLocaleString("en");
  const plural = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;
  const grade = (score) => (score >= 80 ? "good" : score >= 50 ? "fair" : "bad");
  const heat = (score) => (score >= 80 ? "h2" : score >= 50 ? "h1" : "h0");
  const signed = (n) => (n > 0 ? "+" : n < 0 ? "−" : "±") + Math.abs(n).toFixed(1);

  // ---- theme
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const asked = new URLSearchParams(location.search).get("theme");
  let chosen = asked === "dark" || asked === "light" ? asked : null;
  const paint = () => (document.documentElement.dataset.theme = chosen ?? (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", paint);
  $("theme").addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    paint();
  });
  paint();

  // ---- overview
  document.title = `Sidenote: ${data.project}`;
  $("project").textContent = data.project;
  $("version").textContent = data.version;
  function gauge() {
    const r = 46, length = 2 * Math.PI * r, score = summary.score;
    const arc = svg("circle", { cx: 54, cy: 54, r, fill: "none", "stroke-width": 10, class: `arc s-${grade(score)}`, transform: "rotate(-90 54 54)",
      "stroke-dasharray": `${(length * score) / 100} ${length}` });
    const ring = svg("svg", { viewBox: "0 0 108 108", role: "img", "aria-label": `Health ${score} of 100` },
      svg("circle", { cx: 54, cy: 54, r, fill: "none", "stroke-width": 10, class: "track" }), ...(score > 0 ? [arc] : []),
      svg("text", { x: 54, y: 64, "text-anchor": "middle" }, String(Math.round(score))));
    const words = { good: "in good health", fair: "needs some care", bad: "needs work" }[grade(score)];
    const trend = summary.trend;
    return el("div", { class: "card gauge" }, ring, el("div", {},
      el("div", { class: "note" }, "Health"), el("div", { class: `big s-${grade(score)}` }, score.toFixed(1)), el("div", {}, words),
      trend ? el("div", { class: `note s-${trend.change < 0 ? "bad" : "good"}` }, `${signed(trend.change)} since ${trend.score.toFixed(1)}`) : null));
  }
  function bars() {
    const most = Math.max(1, ...SEVERITIES.map((s) => summary.by_severity[s] ?? 0));
    return el("div", { class: "card" }, el("h3", {}, plural(summary.findings, "finding")), el("div", { class: "bars" },
      ...SEVERITIES.map((s) => {
        const n = summary.by_severity[s] ?? 0, fill = el("i");
        fill.style.width = `${(100 * n) / most}%`;
        return el("button", { type: "button", class: `sev-${s}`, onclick: () => filter({ severity: s }) }, s, el("span", { class: "bar" }, fill), el("span", { class: "num" }, count(n)));
      })));
  }
  function facts() {
    const rows = [["Files", summary.files], ["Lines", summary.lines], ...Object.entries(summary.by_category).map(([c, n]) => [c[0].toUpperCase() + c.slice(1), n]), ["Suppressed", summary.suppressed], ["Gaps", summary.gaps]];
    return el("div", { class: "card" }, el("dl", { class: "facts" }, ...rows.flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, count(v))])));
  }
  $("cards").append(gauge(), bars(), facts());

  // ---- tables
  function table(host, columns, rows, order) {
    let sorted = order, down = true;
    const body = el("tbody");
    const heads = columns.map((c, i) => el("th", { scope: "col", class: c.num ? "num" : "" }, el("button", { type: "button", onclick: () => sort(i) }, c.name)));
    function sort(i) {
      down = i === sorted ? !down : Boolean(columns[i].num);
      sorted = i;
      draw();
    }
    function draw() {
      const key = columns[sorted].key;
      rows.sort((a, b) => (down ? -1 : 1) * (typeof key(a) === "number" ? key(a) - key(b) : key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
      heads.forEach((h, i) => (i === sorted ? h.setAttribute("aria-sort", down ? "descending" : "ascending") : h.removeAttribute("aria-sort")));
      body.replaceChildren(...rows.map((row) => el("tr", {}, ...columns.map((c) => el("td", { class: c.num ? "num" : "" }, c.show(row))))));
    }
    draw();
    host.append(el("div", { class: "panel scroll", tabindex: 0, role: "region", "aria-label": "Table" }, el("table", {}, el("thead", {}, el("tr", {}, ...heads)), body)));
  }
  const link = (text, wanted) => el("button", { type: "button", class: "link", onclick: () => filter(wanted) }, text);
  const scored = (score) => el("span", { class: `s-${grade(score)}` }, score.toFixed(1));

  const byRule = Object.entries(rules).map(([id, rule]) => ({ id, ...rule }));
  if (byRule.length) {
    table($("rule-table"), [
      { name: "Rule", key: (r) => r.id, show: (r) => { const d = el("div", {}, link(r.id, { rule: r.id })); d.append(el("small", {}, prose(r.summary))); return d; } },
      { name: "Category", key: (r) => r.category, show: (r) => r.category },
      { name: "Findings", num: true, key: (r) => r.findings, show: (r) => count(r.findings) },
      { name: "Files", num: true, key: (r) => r.files, show: (r) => count(r.files) },
      { name: "Debt", num: true, key: (r) => r.debt, show: (r) => r.debt.toFixed(1) },
    ], byRule, 4);
  } else $("rule-table").append(el("p", { class: "panel empty" }, "No findings."));
  table($("folder-table"), [
    { name: "Folder", key: (f) => f.path, show: (f) => link(f.path || ".", { text: f.path ? f.path + "/" : "" }) },
    { name: "Health", num: true, key: (f) => -f.score, show: (f) => scored(f.score) },
    ...(folders.some((f) => f.trend) ? [{ name: "Change", num: true, key: (f) => f.trend?.change ?? 0, show: (f) => (f.trend ? signed(f.trend.change) : "") }] : []),
    { name: "Findings", num: true, key: (f) => f.findings, show: (f) => count(f.findings) },
    { name: "Files", num: true, key: (f) => f.files, show: (f) => count(f.files) },
    { name: "Lines", num: true, key: (f) => f.lines, show: (f) => count(f.lines) },
  ], folders.slice(), 1);

  // ---- owners
  const ownersOf = (f) => files[f.file].owners.map((o) => owners[o]);
  if (owners.length) {
    const none = "unowned", rows = new Map();
    const row = (name) => rows.get(name) ?? (rows.set(name, { name, files: 0, lines: 0, debt: 0, findings: 0, severe: 0 }), rows.get(name));
    for (const file of files) {
      for (const name of file.owners.length ? file.owners.map((o) => owners[o]) : [none]) {
        const at = row(name);
        at.files++;
        at.lines += file.lines;
        at.debt += file.debt;
        at.findings += file.findings;
      }
    }
    for (const f of findings) if (!f.suppressed && (f.severity === "critical" || f.severity === "high")) for (const name of ownersOf(f).length ? ownersOf(f) : [none]) row(name).severe++;
    const health = (o) => Math.round(1000 * 2 ** (-o.debt / ((data.half * Math.max(o.lines, 200)) / 1000))) / 10;
    table($("owner-table"), [
      { name: "Owner", key: (o) => o.name, show: (o) => (o.name === none ? none : link(o.name, { text: o.name })) },
      { name: "Health", num: true, key: (o) => -health(o), show: (o) => scored(health(o)) },
      { name: "Findings", num: true, key: (o) => o.findings, show: (o) => count(o.findings) },
      { name: "Critical and high", num: true, key: (o) => o.severe, show: (o) => count(o.severe) },
      { name: "Files", num: true, key: (o) => o.files, show: (o) => count(o.files) },
    ], [...rows.values()], 2);
  } else {
    $("owners").hidden = true;
    $("owners-link").hidden = true;
  }

  // ---- hot spots
  const worst = files.filter((f) => f.debt > 0).sort((a, b) => b.debt - a.debt).slice(0, 10);
  const spots = (title, rows) => el("div", { class: "panel" }, el("h3", {}, title), rows.length ? el("table", {}, el("tbody", {}, ...rows)) : el("p", { class: "empty" }, "Nothing stands out."));
  $("spot-files").append(spots("Files with the most debt", worst.map((f) => el("tr", {}, el("td", {}, link(f.path, { text: f.path })), el("td", { class: "num" }, plural(f.findings, "finding")), el("td", { class: "num" }, scored(f.score))))));
  const symbols = new Map();
  for (const f of findings) {
    if (!f.symbol || f.suppressed) continue;
    const key = `${f.file}\u0000${f.symbol}`, at = symbols.get(key) ?? { file: f.file, symbol: f.symbol, debt: 0, n: 0 };
    at.debt += f.weight;
    at.n += 1;
    symbols.set(key, at);
  }
  const hot = [...symbols.values()].sort((a, b) => b.debt - a.debt).slice(0, 10);
  $("spot-symbols").append(spots("Functions with the most debt", hot.map((s) => {
    const cell = el("td", {}, link(s.symbol, { text: s.symbol }));
    cell.append(el("small", {}, files[s.file].path));
    return el("tr", {}, cell, el("td", { class: "num" }, plural(s.n, "finding")), el("td", { class: "num" }, s.debt.toFixed(1)));
  })));

  // ---- treemap
  const root = { name: "", path: "", folders: new Map(), files: [], debt: 0, lines: 0, findings: 0 };
  for (const file of files) {
    const parts = file.path.split("/");
    let at = root;
    const add = () => { at.debt += file.debt; at.lines += file.lines; at.findings += file.findings; };
    add();
    for (const part of parts.slice(0, -1)) {
      if (!at.folders.has(part)) at.folders.set(part, { name: part, path: at.path ? `${at.path}/${part}` : part, folders: new Map(), files: [], debt: 0, lines: 0, findings: 0 });
      at = at.folders.get(part);
      add();
    }
    at.files.push({ name: parts.at(-1), ...file });
  }
  const score = (n) => n.score ?? Math.round(1000 * 2 ** (-n.debt / ((data.half * Math.max(n.lines, 200)) / 1000))) / 10;
  /** Squarified: rows of cells whose sides differ least. */
  function squarify(items, x, y, w, h, place) {
    items = items.slice();
    let total = items.reduce((sum, i) => sum + i.debt, 0);
    while (items.length) {
      const side = Math.min(w, h), area = (w * h) / total, row = [];
      let sum = 0, best = Infinity;
      while (items.length) {
        const next = items[0].debt * area, all = [...row.map((i) => i.debt * area), next], s = sum + next;
        const ratio = Math.max((side * side * Math.max(...all)) / (s * s), (s * s) / (side * side * Math.min(...all)));
        if (row.length && ratio > best) break;
        best = ratio;
        sum = s;
        row.push(items.shift());
      }
      const thick = Math.min(sum / side, w >= h ? w : h);
      let at = 0;
      for (const item of row) {
        const long = (item.debt * area) / thick;
        if (w >= h) place(item, x, y + at, thick, long);
        else place(item, x + at, y, long, thick);
        at += long;
        total -= item.debt;
      }
      if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
    }
  }
  // A chain of folders with nothing else in them is one step.
  const collapsed = (folder) => {
    while (folder.folders.size === 1 && !folder.files.length) folder = [...folder.folders.values()][0];
    return folder;
  };
  let here = collapsed(root);
  function drawMap() {
    const host = $("treemap"), box = host.getBoundingClientRect();
    const folders = [...here.folders.values()].map((f) => ({ ...f, folder: f }));
    const items = [...folders, ...here.files].filter((i) => i.debt > 0).sort((a, b) => b.debt - a.debt).slice(0, 400);
    host.replaceChildren();
    if (!items.length) host.append(el("p", { class: "empty" }, "Nothing to show: no findings here."));
    squarify(items, 0, 0, box.width - 2, box.height - 2, (item, x, y, w, h) => {
      const s = score(item), label = `${item.folder ? "Folder" : "File"} ${item.path}: ${plural(item.findings, "finding")}, health ${s.toFixed(1)}`;
      const cell = el("button", { type: "button", class: `cell ${heat(s)}${w < 54 || h < 30 ? " tiny" : ""}`, "aria-label": label, title: label,
        onclick: () => (item.folder ? open(item.folder) : filter({ text: item.path })) },
        el("b", {}, item.folder ? `${item.name}/` : item.name), h > 46 ? el("span", {}, `${plural(item.findings, "finding")} · ${s.toFixed(0)}`) : null);
      Object.assign(cell.style, { left: `${x}px`, top: `${y}px`, width: `${Math.max(w, 1)}px`, height: `${Math.max(h, 1)}px` });
      host.append(cell);
    });
    const crumbs = [el("button", { type: "button", onclick: () => open(root) }, data.project)];
    let at = root;
    for (const part of here.path ? here.path.split("/") : []) {
      at = at.folders.get(part);
      const target = at;
      crumbs.push(el("span", {}, "/"), el("button", { type: "button", onclick: () => open(target) }, part));
    }
    $("crumbs").replaceChildren(...crumbs);
  }
  function open(folder) {
    here = collapsed(folder);
    drawMap();
    $("treemap").querySelector(".cell")?.focus();
  }
  let pending = 0;
  addEventListener("resize", () => { cancelAnimationFrame(pending); pending = requestAnimationFrame(drawMap); });
  drawMap();

  // ---- findings
  const option = (select, value, text) => select.append(el("option", { value }, text));
  option($("f-severity"), "", "any severity");
  SEVERITIES.forEach((s) => option($("f-severity"), s, s));
  option($("f-category"), "", "any category");
  Object.keys(summary.by_category).forEach((c) => option($("f-category"), c, c));
  option($("f-rule"), "", "any rule");
  Object.keys(rules).sort().forEach((r) => option($("f-rule"), r, `${r} (${rules[r].findings})`));
  let shown = PAGE, matching = [];
  const rank = new Map(SEVERITIES.map((s, i) => [s, i]));
  const orders = {
    severity: (a, b) => rank.get(a.severity) - rank.get(b.severity) || b.weight - a.weight || a.n - b.n,
    path: (a, b) => a.n - b.n,
    rule: (a, b) => (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : a.n - b.n),
  };
  findings.forEach((f, n) => (f.n = n));
  function matches() {
    const text = $("q").value.toLowerCase(), severity = $("f-severity").value, category = $("f-category").value, rule = $("f-rule").value;
    matching = findings.filter((f) =>
      (!severity || f.severity === severity) && (!category || rules[f.rule]?.category === category) && (!rule || f.rule === rule) &&
      (!text || files[f.file].path.toLowerCase().includes(text) || f.message.toLowerCase().includes(text) || f.symbol.toLowerCase().includes(text) || ownersOf(f).some((o) => o.toLowerCase().includes(text))));
    matching.sort(orders[$("f-order").value]);
  }
  function draw() {
    matches();
    $("shown").textContent = `${count(Math.min(shown, matching.length))} of ${count(matching.length)}`;
    $("list").replaceChildren(...matching.slice(0, shown).map(item));
    if (!matching.length) $("list").append(el("p", { class: "panel empty" }, findings.length ? "Nothing fits these filters." : "No findings. Well done."));
    $("more").hidden = matching.length <= shown;
  }
  function filter(wanted) {
    $("f-severity").value = wanted.severity ?? "";
    $("f-category").value = "";
    $("f-rule").value = wanted.rule ?? "";
    $("q").value = wanted.text ?? "";
    shown = PAGE;
    draw();
    $("findings").scrollIntoView();
    $("q").focus({ preventScroll: true });
  }
  for (const id of ["q", "f-severity", "f-category", "f-rule", "f-order"]) $(id).addEventListener("input", () => { shown = PAGE; draw(); });
  $("clear").addEventListener("click", () => filter({}));
  $("more").addEventListener("click", () => {
    const first = shown;
    shown += PAGE * 2;
    $("list").append(...matching.slice(first, shown).map(item));
    $("shown").textContent = `${count(Math.min(shown, matching.length))} of ${count(matching.length)}`;
    $("more").hidden = matching.length <= shown;
    $("list").children[first]?.querySelector("button")?.focus();
  });
  function item(f) {
    const box = el("article", { class: `item${f.suppressed ? " known" : ""}` });
    const [first, rest] = [f.title, f.rest];
    const where = `${files[f.file].path}:${f.line}${f.symbol ? "  " + f.symbol : ""}`;
    const button = el("button", { type: "button", "aria-expanded": "false", onclick: () => toggle() },
      el("span", { class: `tag sev-${f.severity}` }, f.severity), el("span", { class: "msg" }, prose(first)), el("span", { class: "rule" }, f.rule), el("span", { class: "where" }, where));
    box.append(el("h3", {}, button));
    let body = null;
    function toggle() {
      const now = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(now));
      if (now && !body) box.append((body = details(f, rest)));
      if (body) body.hidden = !now;
    }
    return box;
  }
  function code(snippet) {
    return el("div", { class: "code", tabindex: 0, role: "region", "aria-label": "Code" }, ...snippet.lines.map((line, i) => {
      const n = snippet.first + i, mark = snippet.marks[i];
      const row = el("div", { class: mark ? "is" : "" }, el("span", { class: "n", "aria-hidden": "true" }, String(n)));
      if (mark) row.append(el("span", {}, line.slice(0, mark[0]), el("mark", {}, line.slice(mark[0], mark[1]) || " "), line.slice(mark[1])));
      else row.append(el("span", {}, line));
      return row;
    }));
  }
  function details(f, rest) {
    const rule = rules[f.rule] ?? {};
    const body = el("div", { class: "body" });
    if (rest) body.append(el("p", { class: "msg" }, prose(rest)));
    if (ownersOf(f).length) body.append(el("p", { class: "why" }, `Owners: ${ownersOf(f).join(", ")}`));
    if (f.suppressed) body.append(el("p", { class: "why" }, `Suppressed: ${f.suppressed}`));
    if (f.code) body.append(code(f.code));
    const places = (title, list, tag) => {
      if (!list.length) return;
      body.append(el("p", { class: "label" }, title));
      body.append(el(tag, { class: tag === "ol" ? "flow" : "plain" }, ...list.map((p) => {
        const li = el("li", {}, prose(p.message), el("span", { class: "at" }, `${p.path ? p.path + ":" : "line "}${p.line}`));
        if (p.code && tag === "ol") li.append(el("pre", {}, p.code));
        return li;
      })));
    };
    places("How the data gets there", f.flow, "ol");
    places("Further places", f.related, "ul");
    if (f.fixes.length) body.append(el("p", { class: "label" }, "Fixes"), el("ul", { class: "plain" }, ...f.fixes.map((x) => el("li", {}, prose(x.title), x.safe ? " (safe: --fix applies it)" : " (have a look at it)"))));
    if (rule.why) body.append(el("p", { class: "label" }, "Why it matters"), el("p", { class: "why" }, prose(rule.why)));
    body.append(el("p", { class: "why" }, `${rule.category} · confidence ${f.confidence}${(rule.cwe ?? []).map((c) => ` · CWE-${c}`).join("")} · sidenote explain ${f.rule}`));
    return body;
  }
  draw();
})();
