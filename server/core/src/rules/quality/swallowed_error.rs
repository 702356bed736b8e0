use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, exits, explains, is_commented, is_explained};
use crate::rules::support::{
    args, bare, enclosing_function, is_function, is_loop, method, place_name, statement, words,
};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "swallowed-error",
    summary: "an error is caught and dropped without a word",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[390, 391, 1069],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `catch` clauses that are empty, without even a comment, around more than a clean-up or an attempt \
              whose failure is dealt with right behind. In Rust: an `Err(_) => {}` beside an arm that goes on, `if let Err(_) = .. {}` and a statement that ends in `.ok();`, each without a comment.",
        why: "Whatever goes wrong inside stays unseen: the program runs on with work half done, and nobody learns why.",
        example: "try {\n  saveAll(items);\n  notify(user);\n} catch (e) {}",
        instead: "try {\n  saveAll(items);\n  notify(user);\n} catch (e) {\n  log.error('saving failed', e);\n  throw e;\n}",
        limits: "A comment says that it is meant. Clean-ups (`close`, `unlink`, `kill`, ..) and single attempts that end \
              in a `return`, or behind which the fallback follows, are left alone; so are what measures the program, calls of others' \
              listeners, messages that cannot be parsed, and what is tried while an error is handled, steps that an option \
              asks for, and files that need not be there. Of promises only what saves or sends something counts \
              (`save(x).catch(() => {})`).",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::CatchClause], check),
        Check::Nodes(&[Kind::CallExpression], handler),
        Check::Nodes(&[Kind::MatchArm, Kind::ExpressionStatement, Kind::IfExpression], rust_error),
        Check::Nodes(&[Kind::LetDeclaration], rust_dropped),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "router.delete('/:name', async (req, res) => {\n  try {\n    await fs.promises.unlink(at(req.params.name));\n    res.status(204).end();\n  } catch (e) {} //~ swallowed-error\n});",
        ),
        Case::near_miss(
            "a.js",
            "router.get('/', async (req, res) => {\n  let rows = [];\n  try {\n    rows = await fs.promises.readFile('rows');\n  } catch (e) {}\n  res.json(rows);\n});",
        ),
        Case::bad(
            "a.rs",
            "fn save(p: &Path, d: &[u8]) -> io::Result<()> { let t = p.with_extension(\"tmp\"); std::fs::write(&t, d)?;\n let _ = std::fs::rename(&t, p); //~ swallowed-error\n Ok(()) }",
        ),
        Case::near_miss("a.rs", "fn save(p: &Path) -> io::Result<()> { let _ = std::fs::remove_file(p); Ok(()) }"),
        Case::near_miss("a.rs", "fn drop_it(p: &Path) { let _ = std::fs::rename(p, other()); }"),
        Case::near_miss(
            "a.js",
            "function styles(RED) {\n  let out = '';\n  try {\n    const list = RED.settings.page.css || [];\n    list.forEach((s) => {\n      out += link(s);\n    });\n  } catch (err) {}\n  return out;\n}",
        ),
        Case::near_miss(
            "a.ts",
            "function tolerant(req: R, line: string) {\n  try {\n    const [m, p] = line.split(' ');\n    try {\n      req.method = m;\n    } catch (e) {}\n    setPath(req, p);\n  } catch (e) {}\n  return req;\n}",
        ),
        Case::near_miss(
            "a.js",
            "class A { async ack() {\n  try {\n    await this.bump();\n  } catch {}\n  if (this.state === null) return;\n  go(this.state);\n} }",
        ),
        Case::near_miss(
            "a.js",
            "function end(all, key) {\n  try {\n    all[key].uninstall();\n  } catch (e) {}\n  delete all[key];\n}",
        ),
        Case::near_miss("a.js", "function end() {\n  try {\n    process.send('stop');\n  } catch (e) {}\n  stop();\n}"),
        Case::bad(
            "a.js",
            "function end(order) {\n  try {\n    order.process();\n  } catch (e) {}\n  stop();\n}\n//~^^^ swallowed-error",
        ),
        Case::near_miss(
            "a.js",
            "function f() {\n  // runs in the background, must not throw\n  const bump = async () => {\n    try {\n      await save();\n    } catch {}\n  };\n  return bump;\n}",
        ),
        Case::near_miss("a.js", "function f() {\n  try {\n    this.$refs.control.updatePopper();\n  } catch {}\n}"),
        Case::near_miss(
            "a.ts",
            "class P { async isOurs() {\n  if (this.ours === undefined) {\n    this.ours = false;\n    try {\n      await this.provider.request({ method: 'x' });\n\n      this.ours = true;\n    } catch {}\n  }\n  return this.ours;\n} }",
        ),
        Case::near_miss(
            "a.js",
            "function send(res, code) {\n  try {\n    res.status(code);\n  } catch (err) {}\n  return res.end();\n}",
        ),
        Case::near_miss(
            "a.js",
            "class D { async drop() {\n  try {\n    await this.ready();\n  } catch {}\n  await this.close();\n} }",
        ),
        Case::near_miss("a.ts", "export const tell = (c: C, m: M) => { void c.write(m).catch(() => {}); };"),
        Case::near_miss(
            "a.ts",
            "function f(file: F) { try { delete file.size; delete file.status; } catch (error) {}\n use(file); }",
        ),
        Case::near_miss(
            "a.js",
            "function f(sockets) { try { for (const s of sockets) { s.close(1001); } } catch {}\n sockets.length = 0; }",
        ),
        Case::near_miss(
            "a.ts",
            "async function f(cbs: C[]) { for (const cb of cbs) { try { await cb(event); } catch (_ignored) {} } }",
        ),
        Case::near_miss("a.js", "async function f() { try { await w(p, o); await go(); } catch {\n  // @ignore\n} }"),
        Case::near_miss(
            "a.ts",
            "class S { end() { try { this.controller.close(); this.closed.resolve(); } catch {\n  //\n} } }",
        ),
        Case::near_miss(
            "a.js",
            "let passive = false;\ntry {\n  window.addEventListener('test', null, {\n    get passive() { passive = true; },\n  });\n} catch (e) {}",
        ),
        Case::bad(
            "a.ts",
            "class S { end() { try { resolve(this.plan); await this.run(); } catch {} } }\n//~^ swallowed-error",
        ),
        Case::bad("a.js", "try {\n  saveAll(items);\n  notify(user);\n} catch (e) {}\n//~^ swallowed-error"),
        Case::bad(
            "a.js",
            "async function f() { try { await db.write(x); await q.push(x); } catch {} }\n//~^ swallowed-error",
        ),
        Case::bad("a.js", "try { config = parse(text); apply(config); } catch (err) { }\n//~^ swallowed-error"),
        Case::bad(
            "a.js",
            "function f() {\n  try {\n    send(mail);\n    mark(mail);\n  } catch (e) {\n  }\n} //~^^ swallowed-error",
        ),
        Case::bad("a.js", "try { for (const x of xs) { store(x); } } catch (e) {}\n//~^ swallowed-error"),
        Case::bad("a.js", "try { await charge(card); } catch (e) {}\n//~^ swallowed-error"),
        Case::bad(
            "a.js",
            "class A { m() { try { this.sync(); this.flushAll(); } catch (_) {} } }\n//~^ swallowed-error",
        ),
        Case::bad("a.ts", "try { await upload(file); } catch (e: unknown) {}\n//~^ swallowed-error"),
        Case::near_miss(
            "a.js",
            "function f() {\n  let c = {};\n  try { c = JSON.parse(fs.readFileSync('c.json', 'utf8')); } catch (e) {}\n  return c;\n}",
        ),
        Case::bad(
            "a.js",
            "class C { load(p) {\n  try {\n    this.items = JSON.parse(fs.readFileSync(p));\n  } catch (e) {}\n} }\n//~^^ swallowed-error",
        ),
        Case::near_miss(
            "a.ts",
            "async function deploy(options: O, p: P) {\n  if (options.autoMine) {\n    try {\n      await p.send('evm_mine', []);\n    } catch (e) {}\n  }\n  return p;\n}",
        ),
        Case::bad(
            "a.ts",
            "async function deploy(user: U, p: P) {\n  if (user.mail) {\n    try {\n      await p.send(user.mail);\n    } catch (e) {}\n  }\n  return p;\n}\n//~^^^^ swallowed-error",
        ),
        Case::near_miss(
            "a.ts",
            "async function init(p: P, known: K) {\n  try {\n    const all = await p.ask('eth_accounts');\n    for (const a of all) {\n      known[a] = true;\n    }\n  } catch (e) {}\n  return p;\n}",
        ),
        Case::near_miss(
            "a.js",
            "function shut(it) {\n  try {\n    const end = it.return;\n    end.call(it);\n    more(it);\n  } catch (e) {\n    // NOP\n  }\n}",
        ),
        Case::bad("a.js", "try { save(); go(); } catch (e) { /* TODO */ }\n//~^ swallowed-error"),
        Case::bad("a.js", "function f() { try { save(); go(); } catch (e) {} } // NOT OK\n//~^ swallowed-error"),
        Case::good("a.js", "try { save(); go(); } catch (e) { log(e); }"),
        Case::good("a.js", "try { save(); go(); } catch (e) { /* best effort */ }"),
        Case::good("a.js", "try { save(); go(); } catch {\n  // nothing to save\n}"),
        Case::good("a.js", "try { save(); } finally { close(); }"),
        Case::good("a.js", "try { save(); go(); } catch (e) { throw new Error('x', { cause: e }); }"),
        Case::good("a.js", "try { fs.unlinkSync(tmp); } catch (e) {}"),
        Case::good("a.js", "try { await browser.close(); } catch {}"),
        Case::good("a.js", "try { save(); go(); } catch (e) { return false; }"),
        Case::near_miss("a.js", "function f(t) { try { return JSON.parse(t); } catch {} return null; }"),
        Case::near_miss("a.js", "try { process.kill(pid); } catch (e) {}"),
        Case::near_miss("a.js", "let mod; try { mod = require('fast'); } catch (e) {}"),
        Case::near_miss("a.js", "for (const x of xs) { try { const y = decode(x); use(y); break; } catch {} }"),
        Case::near_miss("a.js", "let v; try { const t = read(); v = parse(t); } catch {}"),
        Case::near_miss("a.js", "let url; try { url = new URL(text); } catch {}\nif (!url) fail();"),
        Case::near_miss("a.js", "try { localStorage.setItem('k', v); } catch (e) {}"),
        Case::bad("a.rs", "fn f() { match save() { Ok(x) => go(x), Err(_) => {} } } //~ swallowed-error"),
        Case::bad("a.rs", "fn f() { if let Err(e) = save_all() {} } //~ swallowed-error"),
        Case::bad("a.rs", "fn f(db: &Db) { db.write(1).ok(); } //~ swallowed-error"),
        Case::bad("a.rs", "fn f() { match load() { Ok(x) => go(x), Err(e) => (), } } //~ swallowed-error"),
        Case::bad("a.rs", "fn f(p: &Path) { std::fs::write(p, \"x\").ok(); go(p); } //~ swallowed-error"),
        Case::bad("a.rs", "async fn f(c: &C) { c.publish(1).await.ok(); } //~ swallowed-error"),
        Case::bad("a.rs", "fn f() { if let Err(_) = commit() { } go(); } //~ swallowed-error"),
        Case::bad(
            "a.rs",
            "fn f(xs: &[X]) { for x in xs { match x.store() { Ok(()) => done(x), Err(_e) => {} } } } //~ swallowed-error",
        ),
        Case::good("a.rs", "fn f() { match save() { Ok(x) => go(x), Err(e) => log(e) } }"),
        Case::good("a.rs", "fn f() { if let Err(e) = save_all() { log(e); } }"),
        Case::good("a.rs", "fn f(db: &Db) -> Option<u8> { db.write(1).ok() }"),
        Case::good("a.rs", "fn f() { match load() { Ok(x) => go(x), Err(_) => { /* not there yet */ } } }"),
        Case::good("a.rs", "fn f() { let x = load().ok(); go(x); }"),
        Case::good("a.rs", "fn f() -> u8 { match load() { Ok(x) => x, Err(_) => 0 } }"),
        Case::good("a.rs", "fn f() { let _ = save(); }"),
        Case::good("a.rs", "fn f(tx: &Sender<u8>) { tx.send(1).ok(); }"),
        Case::near_miss("a.rs", "fn f(p: &Path) { std::fs::remove_file(p).ok(); }"),
        Case::near_miss("a.rs", "fn f(w: &mut W) { w.flush().ok(); w.shutdown().ok(); }"),
        Case::near_miss(
            "a.rs",
            "fn f() { match poll() { Ok(x) => go(x), Err(TryRecvError::Empty) => {}, Err(e) => log(e) } }",
        ),
        Case::near_miss("a.rs", "fn f(s: &mut String) { writeln!(s, \"a\").ok(); }"),
        Case::bad("a.ts", "export const quiet = (o: O) => db.save(o).catch(() => {}); //~ swallowed-error"),
        Case::bad("a.js", "async function f(o) { await sendMail(o).catch(function () {}); } //~ swallowed-error"),
        Case::bad(
            "a.js",
            "function load(p) { try { return JSON.parse(fs.readFileSync(p, 'utf8')); } catch (e) {} } //~ swallowed-error",
        ),
        Case::near_miss("a.ts", "export const quiet = (s: S) => s.close().catch(() => {});"),
        Case::near_miss("a.ts", "export const quiet = (s: S) => s.send(1).catch(() => { /* the window is gone */ });"),
        Case::near_miss("a.js", "function f(p) { try { return JSON.parse(p); } catch (e) {} }"),
        Case::near_miss(
            "a.ts",
            "async function off(s: Session) {\n  // Ignore failures on these in case the tab has crashed.\n  await s.send('Page.disable').catch(() => {});\n  await s.send('Runtime.disable').catch(() => {});\n}",
        ),
        Case::near_miss(
            "a.ts",
            "function add(e: Event) {\n  if (e.isPoll) {\n    try {\n      const poll = new Poll(e);\n      polls.set(e.id, poll);\n      emit(poll);\n    } catch {}\n    // making a poll can fail for malformed events\n    return;\n  }\n}",
        ),
        Case::near_miss(
            "a.ts",
            "async function capture(helper: H, out: Out) {\n  try {\n    const file = await helper.shot();\n    await check(file);\n    out.image = file;\n  } catch {}\n  return out;\n}",
        ),
        Case::near_miss(
            "a.js",
            "function roots(all) { const out = []; for (const f of all) { try {\n const real = fs.realpathSync(f);\n if (fs.statSync(real).isFile()) out.push(real); } catch (e) {} } return out; }",
        ),
        Case::near_miss(
            "a.js",
            "function drop(f) { try {\n assertOwner(f);\n const stat = fs.lstatSync(f);\n if (stat.isFile()) fs.unlinkSync(f);\n } catch (e) {} }",
        ),
        Case::near_miss(
            "a.ts",
            "function show(w: W) {\n  try {\n    const holder = find(w);\n    holder.publish = true; paint(holder);\n  } catch {}\n}",
        ),
        Case::bad(
            "a.ts",
            "function mail(w: W) {\n  try {\n    const text = render(w);\n    sendMail(text);\n  } catch {}\n}\n//~^^ swallowed-error",
        ),
        Case::near_miss(
            "a.js",
            "function write(out, args) { try { const caller = where(); if (caller) out[0].caller = caller; } catch (e) {}\n try { const caller = where(); if (caller) args.push(caller); } catch (e) {}\n send(out, args); }",
        ),
        Case::near_miss(
            "src/tracing.ts",
            "function tell(span: Span, all: A[]) { for (const [key, path] of all) { try {\n const value = dig(path);\n if (value) { span.setAttribute(key, value); } } catch {} } }",
        ),
        Case::near_miss(
            "a.ts",
            "const end = (how: How) => {\n  ended = true;\n  try {\n    watcher.onEnd(how);\n  } catch {}\n};",
        ),
        Case::near_miss(
            "a.ts",
            "const receive = (e: Message) => {\n  try {\n    const data = JSON.parse(e.data);\n    if (data.kind === 'end') { finish(); }\n  } catch {}\n};",
        ),
        Case::near_miss(
            "a.js",
            "async function f() {\n  // Open the browser (ignore errors if it fails)\n  (async () => {\n    try {\n      await launch(url);\n    } catch {}\n  })();\n}",
        ),
        Case::near_miss(
            "a.ts",
            "function f() { try { save(); } catch (e) {\n  try {\n    report(e);\n    count(e);\n  } catch (e2) {}\n  throw e; } }",
        ),
        Case::bad(
            "a.ts",
            "async function f(e: Message) {\n  try {\n    const data = JSON.parse(e.data);\n    await saveOrder(data.order);\n  } catch {}\n}\n//~^^ swallowed-error",
        ),
        Case::bad(
            "a.ts",
            "async function start(q: Q) {\n  try {\n    await q.createQueue('x');\n  } catch {}\n}\n//~^^ swallowed-error",
        ),
        Case::near_miss("a.js", "function end() { try { events.emit('done', {}) } catch {}\n active = false; }"),
    ],
};

/// Parts of names whose failure nobody can do anything about.
const TIDY: &[&str] = &[
    "close",
    "unlink",
    "rm",
    "rmdir",
    "remove",
    "kill",
    "destroy",
    "abort",
    "cancel",
    "unref",
    "dispose",
    "cleanup",
    "clear",
    "end",
    "delete",
    "disconnect",
    "terminate",
    "release",
    "unsubscribe",
    "detach",
    "stop",
    "unwatch",
    "mkdir",
    "revoke",
    "scroll",
    "setitem",
    "getitem",
    "removeitem",
    "focus",
    "blur",
    "off",
    "cwd",
    "exit",
    "shutdown",
    "quit",
    "unlock",
    "restore",
    "ping",
    "debug",
    "log",
    "warn",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(body) = node.child(Field::Body) else { return };
    if body.named_children().any(|n| !n.is_comment()) || is_explained(node) {
        return;
    }
    // `catch (ignored) {}` says it by the name.
    if node.child(Field::Parameter).is_some_and(|p| p.text().to_ascii_lowercase().contains("ignore")) {
        return;
    }
    let Some(attempt) = node.parent() else { return };
    let Some(guarded) = attempt.child(Field::Body) else { return };
    if leaves_unanswered(attempt, guarded) {
        let keyword = Span { start: node.span().start, end: node.span().start + 5 };
        let message = "When this fails nobody is answered: the request hangs until it times out. Answer with an error, or hand it on.";
        cx.report(Note::new(cx.rule, keyword, message));
        return;
    }
    // A comment above the `try`, in it, or behind the brace explains it.
    // `try { done() } catch {}` on one line is written as a best effort.
    let only = guarded
        .first_named()
        .filter(|s| s.kind() == Kind::ExpressionStatement && guarded.named_children().count() == 1);
    let callee = only.and_then(Node::first_named).and_then(|c| bare(c).child(Field::Function)).and_then(place_name);
    let short = !attempt.text().contains('\n')
        && callee.is_some_and(|c| !words(&c).first().is_some_and(|w| KEEPS.contains(&w.as_str())));
    if short || commented(attempt, cx) || is_attempt(guarded) || is_probe(attempt, guarded) {
        return;
    }
    if is_measured(guarded, cx) || calls_back(guarded) || parses_a_message(guarded) || is_told_around(attempt, cx) {
        return;
    }
    if is_optional_file(guarded)
        || is_optional_step(attempt, guarded)
        || is_let_be(node)
        || gathers(guarded)
        || tries_inside(guarded)
        || is_asked_behind(attempt)
        || is_let_go(guarded)
        || is_told_above(attempt, cx)
    {
        return;
    }
    // An error is being handled here: the one that counts is that.
    if attempt.ancestors().take_while(|a| !is_function(*a)).any(|a| a.kind() == Kind::CatchClause) {
        return;
    }
    // `catch {}` around one call of what may not be there: `this.$refs.menu.update()`.
    let optional = node.child(Field::Parameter).is_none()
        && only.and_then(Node::first_named).map(bare).is_some_and(|c| {
            c.kind() == Kind::CallExpression
                && c.child(Field::Function)
                    .is_some_and(|f| f.text().contains("$refs.") || f.text().contains(".current."))
        });
    if is_question(attempt, guarded) || optional {
        return;
    }
    // `catch {}` names no error: it is written to ignore it, which is told of where something is to be kept.
    let ignores = node.child(Field::Parameter).is_none();
    if ignores && !keeps_something(guarded) || asks_the_system(guarded) || reads_or_replies(guarded) {
        return;
    }
    let keyword = Span { start: node.span().start, end: node.span().start + 5 };
    let message = "Errors are dropped here without a word, and the program runs on with the work half done. Handle it, log it, or say in a comment why it does not matter.";
    cx.report(Note::new(cx.rule, keyword, message));
}

/// Whether the only answer of a request's handler is given in a `try`, behind something that is waited for.
fn leaves_unanswered(attempt: Node<'_>, guarded: Node<'_>) -> bool {
    let Some(handler) = enclosing_function(attempt) else { return false };
    let given = crate::rules::shape::parameters(handler);
    let Some(reply) = given.iter().find(|p| matches!(p.text(), "res" | "response" | "reply")) else { return false };
    let waits = guarded.descendants_until(is_function).any(|n| n.kind() == Kind::AwaitExpression);
    let all = handler.descendants().filter(|n| n.kind() == Kind::Identifier && n.text() == reply.text() && n != reply);
    let mut inside = 0;
    for n in all {
        if !guarded.span().contains(n.span()) {
            return false;
        }
        inside += 1;
    }
    let requests = given.first().is_some_and(|p| matches!(p.text(), "req" | "request" | "_req"));
    waits && inside > 0 && requests && !handler.descendants().any(Node::is_hole)
}

/// Whether a variable that has a value already takes what a file holds that need not be there.
fn is_optional_file(guarded: Node<'_>) -> bool {
    let mut statements = guarded.named_children().filter(|s| !s.is_comment());
    let (Some(only), None) = (statements.next(), statements.next()) else { return false };
    let Some(assignment) = only.first_named().filter(|e| e.kind() == Kind::AssignmentExpression) else { return false };
    let left = assignment.child(Field::Left).filter(|l| l.kind() == Kind::Identifier);
    reads_data(assignment)
        && left
            .and_then(crate::rules::shape::declarator)
            .and_then(|d| d.child(Field::Value))
            .is_some_and(|v| matches!(bare(v).kind(), Kind::Object | Kind::Array | Kind::NewExpression))
}

/// Whether the one call that is tried is a step that an option asks for: `if (options.autoMine) { try { await mine(); } .. }`.
fn is_optional_step(attempt: Node<'_>, guarded: Node<'_>) -> bool {
    let alone = guarded.named_children().count() == 1;
    let around = attempt.parent().filter(|p| alone && p.named_children().count() == 1).and_then(Node::parent);
    around.filter(|i| i.kind() == Kind::IfStatement).and_then(|i| i.child(Field::Condition)).map(bare).is_some_and(
        |c| {
            c.kind() == Kind::MemberExpression
                && (words(c.text()).iter().any(|w| w == "auto")
                    || c.child(Field::Object)
                        .and_then(place_name)
                        .is_some_and(|o| matches!(o.as_ref(), "options" | "opts" | "config" | "settings")))
        },
    )
}

/// Whether the comment in the clause is a word for doing nothing: `// NOP`.
fn is_let_be(clause: Node<'_>) -> bool {
    clause.descendants().filter(|n| n.is_comment()).any(|c| {
        let text = c.text().trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
        matches!(text.as_str(), "nop" | "noop" | "no-op" | "ignore" | "ignored" | "pass" | "skip" | "empty" | "nothing")
    })
}

/// Whether what is tried adds to a text or a list that the code behind goes on with: `list.forEach((s) => { styles += s; })`.
fn gathers(guarded: Node<'_>) -> bool {
    let Some(last) = guarded.last_named() else { return false };
    let adds = |n: Node<'_>| {
        n.kind() == Kind::AugmentedAssignmentExpression
            && n.child(Field::Left).is_some_and(|l| l.kind() == Kind::Identifier)
    };
    last.descendants().any(adds)
        && !guarded.descendants().any(|n| n.kind() == Kind::AwaitExpression)
        && !keeps_something(guarded)
}

/// Whether parts of what is tried are tried by themselves: each takes what can be had, and all of it is one such.
fn tries_inside(guarded: Node<'_>) -> bool {
    guarded.named_children().any(|s| {
        s.kind() == Kind::TryStatement
            && s.child(Field::Handler)
                .and_then(|h| h.child(Field::Body))
                .is_some_and(|b| b.named_children().all(Node::is_comment))
    })
}

/// Whether the statement behind asks what came of it, and leaves: `if (this.state === null) return`.
fn is_asked_behind(attempt: Node<'_>) -> bool {
    let next = attempt.next_named_sibling().filter(|n| n.kind() == Kind::IfStatement);
    next.and_then(|n| n.child(Field::Consequence)).is_some_and(exits)
}

/// Whether the one call that is tried, of something's method, defines, takes back or only nudges, or is a process's word to its parent.
fn is_let_go(guarded: Node<'_>) -> bool {
    let mut statements = guarded.named_children().filter(|s| !s.is_comment());
    let (Some(only), None) = (statements.next(), statements.next()) else { return false };
    let Some(call) = only.first_named().map(bare).filter(|_| only.kind() == Kind::ExpressionStatement) else {
        return false;
    };
    let Some((of, name)) = method(call) else { return false };
    let first = words(name.text()).first().cloned().unwrap_or_default();
    let undoes = ["unregister", "uninstall", "unbind", "unload", "define", "limit"].contains(&first.as_str());
    let told = of.text() == "process" && name.text() == "send";
    let noop = args(call).last().map(bare).is_some_and(|a| {
        matches!(a.text(), "noop" | "NOOP")
            || is_function(a) && a.child(Field::Body).is_some_and(|b| b.first_named().is_none())
    });
    undoes || told || noop
}

/// Whether a comment above the function says that it is not to throw.
fn is_told_above(attempt: Node<'_>, cx: &Cx<'_>) -> bool {
    let Some(function) = enclosing_function(attempt) else { return false };
    let whole = cx.arena().text();
    let mut start = function.span().start as usize;
    // `const f = () => ..` and `exports.f = () => ..` begin before the function.
    if function.kind() == Kind::ArrowFunction || function.kind() == Kind::FunctionExpression {
        start = statement(function).span().start as usize;
    }
    let above = whole.get(..start).unwrap_or_default().trim_end();
    let lines = above.lines().rev().map(str::trim_start).take_while(|l| l.starts_with("//")).take(4);
    lines.filter(|l| explains(l)).any(|l| l.contains("throw") || l.contains("ignore"))
}

/// Whether a flag that was false turns true where all went well: what failed is the answer.
fn is_question(attempt: Node<'_>, guarded: Node<'_>) -> bool {
    fn set<'a>(statement: Option<Node<'a>>, to: Kind) -> Option<&'a str> {
        let value = statement
            .and_then(Node::first_named)
            .filter(|n| n.child(Field::Right).or_else(|| n.child(Field::Value)).is_some_and(|v| v.kind() == to))?;
        value.child(Field::Left).or_else(|| value.child(Field::Name)).map(Node::text)
    }
    set(guarded.last_named(), Kind::True)
        .is_some_and(|flag| set(attempt.previous_named_sibling(), Kind::False) == Some(flag))
}

/// Whether what is tried brings something to where it is kept, or takes what a file holds, or waits for more than one thing.
fn keeps_something(guarded: Node<'_>) -> bool {
    let calls = || guarded.descendants_until(is_function).filter(|n| n.kind() == Kind::CallExpression);
    let keeps = calls().any(|c| {
        let name = c.child(Field::Function).and_then(place_name);
        name.is_some_and(|n| {
            words(&n).first().is_some_and(|w| KEEPS.contains(&w.as_str()) && w != "post" && w != "put")
        })
    });
    let waits = guarded.descendants_until(is_function).filter(|n| n.kind() == Kind::AwaitExpression).count();
    keeps
        || waits > 0
        || guarded.named_children().any(reads_file) && guarded.parent().is_none_or(|t| t.next_named_sibling().is_none())
}

/// Whether all that is called asks the file system about something, or removes it.
fn asks_the_system(guarded: Node<'_>) -> bool {
    const ASKS: &[&str] =
        &["realpath", "stat", "lstat", "fstat", "access", "exists", "readdir", "readlink", "is", "assert", "has"];
    let mut calls = guarded.descendants_until(is_function).filter(|n| n.kind() == Kind::CallExpression).peekable();
    let mut asked = false;
    let all = calls.peek().is_some()
        && calls.all(|c| {
            let name = c.child(Field::Function).and_then(place_name).unwrap_or_default();
            let first = words(&name).first().cloned().unwrap_or_default();
            asked |= ASKS[..8].contains(&first.as_str());
            ASKS.contains(&first.as_str()) || is_tidy(&name) || matches!(&*name, "push" | "add")
        });
    all && asked
}

/// Whether something that need not be there is read from the file system, a reply gets its status, or it is waited until something is
/// ready: `try { res.status(500) } catch (e) {}`.
fn reads_or_replies(guarded: Node<'_>) -> bool {
    let mut calls = guarded.descendants_until(is_function).filter(|n| n.kind() == Kind::CallExpression).peekable();
    let mut reads = false;
    let mut writes = false;
    let some = calls.peek().is_some();
    let mut waits = some;
    for call in calls {
        let callee = call.child(Field::Function).map_or("", Node::text);
        let name = callee.rsplit('.').next().unwrap_or(callee);
        reads |= callee.starts_with("fs.") && !name.starts_with("write")
            || name.starts_with("read") && name.ends_with("Sync")
            || matches!(name, "status" | "statSync" | "readdirSync" | "existsSync");
        writes |= words(name).first().is_some_and(|w| KEEPS.contains(&w.as_str()));
        waits &= matches!(name, "ready" | "whenReady" | "loaded");
    }
    (reads && !guarded.text().contains("JSON.parse") || waits) && !writes
}

/// Words of what measures a program and must never disturb it.
const MEASURES: &[&str] = &[
    "span",
    "tracer",
    "tracing",
    "telemetry",
    "metric",
    "metrics",
    "analytics",
    "perf",
    "performance",
    "observer",
    "stats",
];

/// Whether what is tried only measures or watches the program.
fn is_measured(guarded: Node<'_>, cx: &Cx<'_>) -> bool {
    let tells = |text: &str| words(text).iter().any(|w| MEASURES.contains(&w.as_str()));
    let file = cx.file.path.rsplit('/').next().and_then(|n| n.split('.').next()).unwrap_or_default();
    tells(file)
        || guarded
            .descendants_until(is_function)
            .filter(|n| n.kind() == Kind::CallExpression)
            .filter_map(|c| c.child(Field::Function))
            .any(|f| f.text().len() < 120 && tells(f.text()))
}

/// Whether all that is tried is to call somebody else's function: `observer.onEnd(how)`, `listener(event)`.
fn calls_back(guarded: Node<'_>) -> bool {
    let mut statements = guarded.named_children().filter(|s| !s.is_comment());
    let (Some(only), None) = (statements.next(), statements.next()) else { return false };
    if only.kind() != Kind::ExpressionStatement {
        return false;
    }
    let Some(mut call) = only.first_named().map(bare) else { return false };
    if call.kind() == Kind::AwaitExpression {
        let Some(inner) = call.first_named() else { return false };
        call = bare(inner);
    }
    let Some(name) = call.child(Field::Function).and_then(place_name) else { return false };
    let words = words(&name);
    words.first().is_some_and(|w| w == "on" && words.len() > 1)
        || words
            .iter()
            .any(|w| matches!(w.as_str(), "callback" | "cb" | "listener" | "handler" | "hook" | "emit" | "open"))
}

/// Whether what is tried begins with making something of a text that came from outside, as a message does: what cannot be read is not
/// meant for this program. Files are its own.
fn parses_a_message(guarded: Node<'_>) -> bool {
    let Some(first) = guarded.first_named().filter(|f| !reads_file(*f)) else { return false };
    let declares = matches!(first.kind(), Kind::LexicalDeclaration | Kind::VariableDeclaration);
    let keeps = guarded.descendants_until(is_function).filter(|n| n.kind() == Kind::CallExpression).any(|c| {
        let name = c.child(Field::Function).and_then(place_name);
        name.is_some_and(|n| words(&n).first().is_some_and(|w| KEEPS.contains(&w.as_str())))
    });
    let parses = first.descendants_until(is_function).any(|n| {
        let called = n.child(Field::Function).or_else(|| n.child(Field::Constructor)).map_or("", Node::text);
        matches!(called, "JSON.parse" | "URL" | "atob" | "decodeURIComponent" | "decodeURI")
    });
    declares && parses && !keeps
}

/// Whether a comment above the statement around, or above the function that is called at once, says that errors are passed over.
fn is_told_around(attempt: Node<'_>, cx: &Cx<'_>) -> bool {
    let text = cx.arena().text();
    attempt.ancestors().take(8).filter(|a| a.kind() == Kind::ExpressionStatement).any(|around| {
        let above = text.get(..around.span().start as usize).unwrap_or_default().trim_end();
        let line = above.lines().last().unwrap_or_default().trim_start();
        (line.starts_with("//") || line.ends_with("*/"))
            && explains(line)
            && FAILS.iter().any(|w| line.to_ascii_lowercase().contains(w))
    })
}

/// First words of functions that bring something to where it is kept: that it did not arrive is nothing to pass over.
const KEEPS: &[&str] = &[
    "save", "write", "update", "insert", "create", "send", "publish", "commit", "upload", "post", "put", "persist",
    "charge", "pay", "transfer", "migrate",
];

/// `save(x).catch(() => {})`.
fn handler<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node).filter(|(_, m)| m.text() == "catch") else { return };
    let mut arguments = args(node);
    let (Some(only), None) = (arguments.next().map(bare), arguments.next()) else { return };
    // `void channel.write(x).catch(() => {})` says twice that nobody is to know.
    let meant = node.parent().is_some_and(|p| p.kind() == Kind::UnaryExpression && p.text().starts_with("void"));
    if meant {
        return;
    }
    let Some(function) = callback(node, 0, cx).filter(|_| is_function(only)) else { return };
    let empty = function
        .child(Field::Body)
        .is_some_and(|b| b.kind() == Kind::StatementBlock && b.named_children().all(Node::is_comment));
    if !empty || is_explained(function) || is_commented(node) || commented(statement(node), cx) {
        return;
    }
    // The second of several in a row, of which the comment above the first speaks.
    let swallows = |n: &Node<'_>| n.text().contains(".catch(");
    let mut at = statement(node);
    while let Some(before) = at.previous_named_sibling().filter(swallows) {
        if commented(before, cx) {
            return;
        }
        at = before;
    }
    let done = bare(of).child(Field::Function).and_then(place_name).unwrap_or_default();
    if !words(&done).first().is_some_and(|w| KEEPS.contains(&w.as_str()) && w != "create") {
        return;
    }
    let message = format!(
        "Whether `{done}` worked nobody learns: its error is dropped here without a word. Handle it, log it, or say in a comment why it does not matter."
    );
    cx.report(Note::new(cx.rule, name.span(), message));
}

/// Words of comments that speak of what went wrong.
const FAILS: &[&str] = &["fail", "error", "ignore", "throw", "invalid", "malformed", "missing"];

fn commented(attempt: Node<'_>, cx: &Cx<'_>) -> bool {
    let text = cx.arena().text();
    let (start, end) = (attempt.span().start as usize, attempt.span().end as usize);
    let after = text.get(end..).and_then(|t| t.lines().next()).unwrap_or("");
    let above = text.get(..start).map_or("", |t| t.trim_end().lines().last().unwrap_or("")).trim_start();
    let behind = after.find("//").or_else(|| after.find("/*")).and_then(|i| after.get(i..));
    // Or on the line below, where no other statement is its subject.
    let below = text.get(end..).map_or("", |t| t.get(after.len()..).unwrap_or("")).lines().nth(1).unwrap_or("").trim();
    let next = text.get(end..).map_or("", |t| t.lines().nth(2).unwrap_or("")).trim();
    let told_below = below.starts_with("//")
        && explains(below)
        && (next.is_empty() || next.starts_with("return") || next.starts_with('}'))
        && FAILS.iter().any(|w| below.contains(w));
    behind.is_some_and(explains) || above.starts_with("//") && explains(above) || above.ends_with("*/") || told_below
}

/// Several steps whose outcome is asked for behind: they end in an assignment, leave a loop on success, only tidy up, or say
/// in a comment what happens otherwise.
fn is_probe(attempt: Node<'_>, guarded: Node<'_>) -> bool {
    let explained = guarded.children().last().is_some_and(Node::is_comment);
    let assigns = guarded.last_named().is_some_and(|s| ends_in_assignment(s, 8));
    let leaves = attempt.ancestors().take_while(|a| !is_function(*a)).any(is_loop)
        && guarded
            .descendants_until(is_function)
            .any(|n| matches!(n.kind(), Kind::BreakStatement | Kind::ContinueStatement));
    let tidies = guarded.named_children().all(|s| {
        let call = s.first_named().map(bare);
        let call =
            call.and_then(|c| if c.kind() == Kind::AwaitExpression { c.first_named().map(bare) } else { Some(c) });
        let name = call.and_then(|c| c.child(Field::Function)).and_then(place_name);
        // Whoever waits for the end is told of it.
        name.is_some_and(|n| is_tidy(&n) || n == "resolve" && guarded.first_named() != Some(s))
    });
    // Whether listeners may be passive is asked by adding none: `addEventListener('x', null, { get passive() { .. } })`.
    let probes = guarded.descendants().any(|n| {
        method(n).is_some_and(|(_, m)| m.text() == "addEventListener")
            && args(n).nth(1).is_some_and(|l| l.kind() == Kind::Null)
    });
    // `for (const socket of sockets) { socket.close(1001); }`
    let mut calls = guarded.descendants_until(is_function).filter(|n| n.kind() == Kind::CallExpression).peekable();
    let ends = calls.peek().is_some()
        && calls.all(|c| c.child(Field::Function).and_then(place_name).is_some_and(|n| is_tidy(&n)));
    // `delete file.status` fails where a thing is frozen, and is left as it is then.
    let deletes = guarded.first_named().is_some()
        && guarded.named_children().all(|s| s.is_comment() || s.text().starts_with("delete "));
    explained || assigns || leaves || tidies || probes || ends || deletes
}

fn ends_in_assignment(statement: Node<'_>, depth: usize) -> bool {
    match statement.kind() {
        _ if depth == 0 => false,
        Kind::ExpressionStatement => statement.first_named().is_some_and(|e| {
            // A field of something that the code behind has in its hands: `out.image = file`.
            let local = |l: Node<'_>| {
                l.kind() == Kind::Identifier
                    || matches!(l.kind(), Kind::MemberExpression | Kind::SubscriptExpression)
                        && l.child(Field::Object).is_some_and(|o| {
                            o.kind() == Kind::Identifier
                                || o.kind() == Kind::SubscriptExpression
                                    && o.child(Field::Object).is_some_and(|r| r.kind() == Kind::Identifier)
                        })
            };
            // What could be had is added to a list that the code behind goes on with.
            if let Some((list, name)) = method(e) {
                return name.text() == "push" && list.kind() == Kind::Identifier && !reads_file(e);
            }
            e.kind() == Kind::AssignmentExpression && e.child(Field::Left).is_some_and(local) && !reads_data(e)
        }),
        Kind::IfStatement => statement.child(Field::Consequence).is_some_and(|s| ends_in_assignment(s, depth - 1)),
        Kind::StatementBlock => statement.last_named().is_some_and(|s| ends_in_assignment(s, depth - 1)),
        Kind::ForInStatement => statement.child(Field::Body).is_some_and(|s| ends_in_assignment(s, depth - 1)),
        _ => false,
    }
}

fn is_tidy(name: &str) -> bool {
    let name = name.to_lowercase();
    TIDY.iter().any(|t| name.starts_with(t)) || name == "require"
}

/// A single attempt: something that may fail without harm.
fn is_attempt(guarded: Node<'_>) -> bool {
    let mut statements = guarded.named_children();
    let (Some(only), None) = (statements.next(), statements.next()) else {
        return guarded.first_named().is_none() || ends_in_return(guarded);
    };
    if exits(only) || ends_in_return(only) {
        return !reads_file(only);
    }
    let expression = match only.kind() {
        Kind::ExpressionStatement => only.first_named().map(bare),
        Kind::IfStatement => return true,
        _ => return false,
    };
    let Some(mut expression) = expression else { return true };
    // The variable keeps its old value, which the code behind can see; what a file or a text should have held is lost all
    // the same.
    if expression.kind() == Kind::UnaryExpression
        || expression.kind() == Kind::AssignmentExpression && !reads_data(expression)
    {
        return true;
    }
    while matches!(expression.kind(), Kind::AwaitExpression) {
        let Some(inner) = expression.first_named() else { return true };
        expression = bare(inner);
    }
    if expression.kind() == Kind::AssignmentExpression {
        return false;
    }
    let Some(callee) = expression.child(Field::Function) else { return true };
    place_name(callee).is_none_or(|name| is_tidy(&name))
}

/// Whether an assignment takes what a file holds: a broken one looks like none then.
fn reads_data(assignment: Node<'_>) -> bool {
    assignment.child(Field::Right).is_some_and(reads_file)
}

/// Whether something parses what a file holds.
fn reads_file(r: Node<'_>) -> bool {
    {
        let call = |n: Node<'_>, of: &[&str]| {
            n.kind() == Kind::CallExpression
                && n.child(Field::Function)
                    .is_some_and(|f| of.contains(&f.text().rsplit('.').next().unwrap_or_default()))
        };
        let all = || std::iter::once(r).chain(r.descendants());
        all().any(|n| call(n, &["parse"])) && all().any(|n| call(n, &["readFileSync", "readFile"]))
    }
}

fn ends_in_return(node: Node<'_>) -> bool {
    node.descendants_until(is_function).any(|n| n.kind() == Kind::ReturnStatement)
}

// Rust.

/// First words of attempts whose failure is of no matter, and of what is told to somebody who may be gone.
const RUST_ATTEMPTS: &[&str] = &[
    "remove",
    "close",
    "flush",
    "shutdown",
    "kill",
    "wait",
    "join",
    "send",
    "try",
    "set",
    "unlock",
    "abort",
    "cancel",
    "drop",
    "stop",
    "notify",
    "init",
    "install",
    "sync",
    "unlink",
    "delete",
    "cleanup",
    "write",
    "recv",
    "print",
    "reply",
    "respond",
    "disconnect",
    "sigaction",
    "reset",
    "clear",
    "restore",
    "register",
    "add",
    "record",
    "dotenv",
];

fn rust_error<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust {
        return;
    }
    let (span, call) = match node.kind() {
        Kind::MatchArm => {
            let (Some(pattern), Some(value)) = (node.child(Field::Pattern), node.child(Field::Value)) else { return };
            let text = pattern.text();
            // Every error, not one of several kinds.
            let all = text
                .strip_prefix("Err(")
                .and_then(|t| t.strip_suffix(')'))
                .is_some_and(|t| t.chars().all(|c| c.is_lowercase() || c == '_') && !t.is_empty());
            let empty = value.kind() == Kind::UnitExpression
                || value.kind() == Kind::Block && value.named_children().all(Node::is_comment) && !is_explained(value);
            let around = node.ancestors().find(|a| a.kind() == Kind::MatchExpression);
            let arms = around
                .and_then(|m| m.child(Field::Body))
                .map_or(0, |b| b.named_children().filter(|a| a.kind() == Kind::MatchArm).count());
            if !all
                || !empty
                || arms != 2
                || is_explained(node)
                || node.next_sibling().is_some_and(|n| n.is_comment() && explains(n.text()))
            {
                return;
            }
            (pattern.span(), around.and_then(|m| m.child(Field::Value)))
        }
        Kind::IfExpression => {
            let Some(condition) = node.child(Field::Condition).filter(|c| c.kind() == Kind::LetCondition) else {
                return;
            };
            let errs = condition.child(Field::Pattern).is_some_and(|p| p.text().starts_with("Err("));
            let Some(body) = node.child(Field::Consequence) else { return };
            let empty = body.named_children().all(Node::is_comment);
            if !errs || !empty || is_explained(body) || node.child(Field::Alternative).is_some() {
                return;
            }
            (condition.span(), condition.child(Field::Value))
        }
        _ => {
            let Some(call) = node.first_named().filter(|_| node.text().ends_with(';')) else { return };
            let Some((of, name)) = method(call).filter(|(_, n)| n.text() == "ok") else { return };
            if args(call).next().is_some() {
                return;
            }
            let said =
                node.next_sibling().is_some_and(|n| n.is_comment() && explains(n.text())) || previous_is_comment(node);
            if said {
                return;
            }
            (name.span(), Some(of))
        }
    };
    // What failed, by its name.
    let Some(mut call) = call else { return };
    while let Kind::AwaitExpression | Kind::TryExpression = call.kind() {
        let Some(inner) = call.first_named() else { return };
        call = inner;
    }
    let name = match method(call) {
        Some((_, name)) => name.text(),
        None => call
            .child(Field::Function)
            .filter(|_| call.kind() == Kind::CallExpression)
            .map_or("", |f| f.text().rsplit("::").next().unwrap_or("")),
    };
    let first = name.split('_').next().unwrap_or(name);
    let method_write = method(call).is_none() && first == "write";
    if name.is_empty()
        || call.text().starts_with("dotenv")
        || RUST_ATTEMPTS.contains(&first) && !method_write && name != "write"
        || matches!(name, "parse" | "get" | "downcast" | "upgrade")
    {
        return;
    }
    let message = "Whatever goes wrong here stays unseen, and the program runs on with work half done. Handle the error, or say in a comment why it does not matter.";
    cx.report(Note::new(cx.rule, span, message));
}

/// `let _ = fs::rename(&tmp, path);` in a function that can return the error.
fn rust_dropped<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(call)) = (node.child(Field::Pattern), node.child(Field::Value)) else { return };
    if pattern.text() != "_" || call.kind() != Kind::CallExpression {
        return;
    }
    let Some(path) = call.child(Field::Function).and_then(|f| crate::rules::support::rust_path(f, cx)) else { return };
    if !matches!(path.as_str(), "std::fs::rename" | "std::fs::write" | "std::fs::copy" | "tokio::fs::rename") {
        return;
    }
    let fails = node
        .ancestors()
        .find(|a| is_function(*a))
        .filter(|f| f.kind() == Kind::FunctionItem)
        .and_then(|f| f.child(Field::ReturnType))
        .is_some_and(|t| t.text().contains("Result"));
    let said = node.next_sibling().is_some_and(|n| n.is_comment() && explains(n.text())) || previous_is_comment(node);
    if fails && !said {
        let message = "The file may not be there afterwards, and the function says that all went well. Hand the error on with `?`.";
        cx.report(Note::new(cx.rule, call.span(), message));
    }
}

fn previous_is_comment(node: Node<'_>) -> bool {
    let siblings = node.parent().into_iter().flat_map(Node::children);
    siblings.take_while(|n| n.index() < node.index()).last().is_some_and(|n| n.is_comment() && explains(n.text()))
}
