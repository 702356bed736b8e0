use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{declarator, home};
use crate::rules::support::{args, bare, key_name, method, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "mass-assignment",
    summary: "all that a client sends is written into a record",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[915],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a request's whole body as the data of a record: `User.create(req.body)`, `new User(req.body)`, `findByIdAndUpdate(id, req.body)`, `Object.assign(user, req.body)`, `prisma.user.create({ data: req.body })`.",
        why: "Whoever sends `\"role\": \"admin\"` or `\"balance\": 1000000` beside the fields of the form writes these too.",
        example: "app.put('/me', async (req, res) => {\n  await User.findByIdAndUpdate(req.user.id, req.body);\n});",
        instead: "app.put('/me', async (req, res) => {\n  const { name, email } = req.body;\n  await User.findByIdAndUpdate(req.user.id, { name, email });\n});",
        limits: "Bodies that the function validates or picks from (`schema.parse`, `validate`, `pick`) are left alone, and so are Nest's typed DTOs, which its pipes check.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression, Kind::NewExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "app.put('/me', async (req, res) => { await User.findByIdAndUpdate(req.user.id, req.body); res.end(); }); //~ mass-assignment",
        ),
        Case::bad(
            "a.ts",
            "export async function create(req: Request, res: Response) { const user = await User.create(req.body); res.json(user.id); } //~ mass-assignment",
        ),
        Case::bad(
            "a.js",
            "app.post('/u', async (req, res) => { const u = new User(req.body); await u.save(); res.end(); }); //~ mass-assignment",
        ),
        Case::bad(
            "a.js",
            "app.post('/u', async (req, res) => { const data = req.body; const user = await find(req); Object.assign(user, data); await user.save(); }); //~ mass-assignment",
        ),
        Case::bad(
            "a.ts",
            "app.post('/u', async (request: FastifyRequest, reply) => { return prisma.user.create({ data: request.body }); }); //~ mass-assignment",
        ),
        Case::bad(
            "a.js",
            "router.post('/u', async (ctx) => { await User.updateOne({ _id: ctx.params.id }, { $set: ctx.request.body }); }); //~ mass-assignment",
        ),
        Case::bad(
            "a.js",
            "app.post('/u', async (req, res) => { await User.create({ ...req.body, at: new Date() }); }); //~ mass-assignment",
        ),
        Case::good(
            "a.js",
            "app.put('/me', async (req, res) => { const { name } = req.body; await User.findByIdAndUpdate(req.user.id, { name }); });",
        ),
        Case::good(
            "a.js",
            "app.post('/u', async (req, res) => { const data = schema.parse(req.body); await User.create(data); });",
        ),
        Case::good(
            "a.js",
            "app.post('/u', async (req, res) => { const { error } = validate(req.body); if (error) return res.end(); await User.create(req.body); });",
        ),
        Case::good("a.js", "app.post('/u', async (req, res) => { await User.create(_.pick(req.body, ['name'])); });"),
        Case::near_miss(
            "a.js",
            "app.post('/h', (req, res) => { const mac = createHmac('sha256', process.env.WHSEC).update(req.body).digest(); check(mac); });",
        ),
        Case::near_miss("a.js", "app.post('/u', (req, res) => { const e = new ApiError(req.body); next(e); });"),
        Case::near_miss("a.js", "app.post('/u', (req, res) => { const p = new URLSearchParams(req.body); send(p); });"),
        Case::near_miss(
            "a.js",
            "app.post('/u', (req, res) => { const copy = Object.assign({}, req.body); log(copy); });",
        ),
        Case::near_miss("a.js", "app.use((req, res, next) => { Object.assign(req.query, req.body); next(); });"),
        Case::near_miss("a.ts", "class C { create(@Body() dto: CreateUser) { return this.users.create(dto); } }"),
    ],
};

/// Methods that write a record, and which argument is its data.
const WRITES: &[(&str, usize)] = &[
    ("create", 0),
    ("insert", 0),
    ("insertOne", 0),
    ("insertMany", 0),
    ("findByIdAndUpdate", 1),
    ("findOneAndUpdate", 1),
    ("updateOne", 1),
    ("updateMany", 1),
    ("update", 0),
    ("update", 1),
    ("upsert", 0),
    ("build", 0),
    ("bulkCreate", 0),
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let given = |n: usize| args(node).nth(n).map(bare);
    let data = if node.kind() == Kind::NewExpression {
        let Some(name) = node.child(Field::Constructor).map(Node::text) else { return };
        if !is_model(name) || args(node).count() != 1 {
            return;
        }
        given(0)
    } else {
        let Some((of, name)) = method(node) else { return };
        let of = bare(of);
        if !matches!(of.kind(), Kind::Identifier | Kind::MemberExpression | Kind::CallExpression | Kind::This) {
            return;
        }
        // A chain of calls (`createHmac(..).update(body)`) names no record, but for a table by its name.
        let of = if of.kind() == Kind::CallExpression {
            of.child(Field::Function).map_or("", Node::text)
        } else {
            of.text()
        };
        let last = of.rsplit('.').next().unwrap_or(of);
        let record = last.starts_with(|c: char| c.is_ascii_uppercase())
            || of.starts_with("prisma.")
            || words(of).iter().any(|w| {
                matches!(
                    w.as_str(),
                    "repo" | "repository" | "model" | "models" | "collection" | "prisma" | "db" | "user" | "users"
                )
            });
        if of == "Object" && name.text() == "assign" {
            given(0)
                .filter(|t| t.kind() == Kind::Identifier || t.kind() == Kind::MemberExpression)
                .filter(|t| !["req.", "request.", "ctx."].iter().any(|r| t.text().starts_with(r)))
                .and_then(|_| given(1))
        } else {
            let known = WRITES
                .iter()
                .filter(|(m, _)| record && *m == name.text())
                .find_map(|(_, n)| given(*n).and_then(|d| whole_body(d)).map(|_| *n));
            known.and_then(given)
        }
    };
    let Some(body) = data.and_then(whole_body) else { return };
    let text = home(node).text();
    let checked = [
        "validat",
        "schema",
        "Schema",
        ".parse(",
        "pick(",
        "Joi",
        "joi.",
        "celebrate",
        "sanitize",
        "allowed",
        "whitelist",
        "permit",
        "checkSchema",
        "plainToClass",
        "omit(",
    ]
    .iter()
    .any(|w| text.contains(w));
    if checked {
        return;
    }
    let message = "All that the client sends goes into the record, fields that are no part of the form too: a role, an owner, a price. Take the fields that may be set.";
    cx.report(Note::new(cx.rule, body.span(), message));
}

/// The request's body that a value is, whole: itself, a variable of it, `{ data: body }`, `{ $set: body }`, `{ ...body }`.
fn whole_body<'a>(value: Node<'a>) -> Option<Node<'a>> {
    let value = bare(value);
    match value.kind() {
        Kind::MemberExpression => matches!(
            value.text(),
            "req.body" | "request.body" | "ctx.request.body" | "context.request.body" | "event.body" | "ctx.body"
        )
        .then_some(value),
        Kind::Identifier => {
            let made = declarator(value)?.child(Field::Value).map(bare)?;
            let awaited = made.kind() == Kind::AwaitExpression
                && made.first_named().map(bare).is_some_and(|c| {
                    matches!(
                        c.text(),
                        "req.json()" | "request.json()" | "c.req.json()" | "ctx.req.json()" | "readBody(event)"
                    )
                });
            let plain = made.kind() == Kind::MemberExpression && whole_body(made).is_some();
            (awaited || plain).then_some(value)
        }
        Kind::Object => value.named_children().find_map(|p| match p.kind() {
            Kind::SpreadElement => p.first_named().and_then(|v| whole_body(v)),
            Kind::Pair => {
                let record = key_name(p).is_some_and(|k| matches!(k.as_ref(), "data" | "$set" | "create" | "update"));
                p.child(Field::Value).filter(|_| record).and_then(whole_body)
            }
            _ => None,
        }),
        _ => None,
    }
}

/// Whether a class may be a record: not one of the language, of errors, or of requests.
fn is_model(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let other = [
        "Error",
        "Exception",
        "URL",
        "Map",
        "Set",
        "Date",
        "Blob",
        "File",
        "Buffer",
        "Array",
        "Request",
        "Response",
        "Params",
        "Data",
        "Event",
        "Command",
        "Query",
        "Message",
        "Stream",
        "Array",
        "String",
        "Promise",
        "Dto",
        "Parser",
        "Validator",
        "View",
        "Form",
        "Proxy",
    ];
    last.starts_with(|c: char| c.is_ascii_uppercase()) && !other.iter().any(|o| last.ends_with(o))
}
