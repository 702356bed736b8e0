use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::root_name;
use crate::rules::support::{args, bare, ecma_path, key_name, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "default-evaluated-once",
    summary: "a default is computed once, when the schema is made",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[665],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `default: Date.now()`, `default: new Date()`, `default: uuid()` and the like in the fields of a schema of Mongoose or Sequelize, and `.default(new Date())` of Zod, Yup and Joi.",
        why: "The value is computed when the program starts, and every record that is made until it ends gets the same time or the same id.",
        example: "const schema = new Schema({ createdAt: { type: Date, default: Date.now() } });",
        instead: "const schema = new Schema({ createdAt: { type: Date, default: Date.now } });",
        limits: "Only for the clock, random numbers and ids, in files that import one of these libraries.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::Pair], field), Check::Nodes(&[Kind::CallExpression], chained)],
    cases: &[
        Case::bad(
            "a.js",
            "const mongoose = require('mongoose');\nconst s = new mongoose.Schema({ at: { type: Date, default: Date.now() } }); //~ default-evaluated-once",
        ),
        Case::bad(
            "a.js",
            "import { Schema } from 'mongoose';\nexport const s = new Schema({ at: { type: Date, default: new Date() } }); //~ default-evaluated-once",
        ),
        Case::bad(
            "a.js",
            "import mongoose from 'mongoose';\nimport { v4 as uuid } from 'uuid';\nconst s = new mongoose.Schema({ key: { type: String, default: uuid() } }); //~ default-evaluated-once",
        ),
        Case::bad(
            "a.ts",
            "import { DataTypes } from 'sequelize';\nU.init({ at: { type: DataTypes.DATE, defaultValue: new Date() } }, { sequelize }); //~ default-evaluated-once",
        ),
        Case::bad(
            "a.ts",
            "import { z } from 'zod';\nexport const s = z.object({ at: z.date().default(new Date()) }); //~ default-evaluated-once",
        ),
        Case::bad(
            "a.js",
            "const { Schema } = require('mongoose');\nmodule.exports = new Schema({ n: { type: Number, default: Math.random() } }); //~ default-evaluated-once",
        ),
        Case::bad(
            "a.js",
            "import * as yup from 'yup';\nexport const s = yup.object({ at: yup.date().default(new Date()) }); //~ default-evaluated-once",
        ),
        Case::bad(
            "a.js",
            "const Sequelize = require('sequelize');\ndb.define('user', { id: { type: Sequelize.UUID, defaultValue: crypto.randomUUID() } }); //~ default-evaluated-once",
        ),
        Case::bad(
            "a.ts",
            "import { z } from 'zod';\nexport const s = z.object({ id: z.string().default(crypto.randomUUID()) }); //~ default-evaluated-once",
        ),
        Case::good(
            "a.js",
            "const mongoose = require('mongoose');\nconst s = new mongoose.Schema({ at: { type: Date, default: Date.now } });",
        ),
        Case::good(
            "a.js",
            "import { Schema } from 'mongoose';\nexport const s = new Schema({ at: { type: Date, default: () => new Date() } });",
        ),
        Case::good(
            "a.ts",
            "import { DataTypes } from 'sequelize';\nU.init({ at: { type: DataTypes.DATE, defaultValue: DataTypes.NOW } }, { sequelize });",
        ),
        Case::good(
            "a.ts",
            "import { z } from 'zod';\nexport const s = z.object({ at: z.date().default(() => new Date()) });",
        ),
        Case::good(
            "a.js",
            "import { Schema } from 'mongoose';\nexport const s = new Schema({ n: { type: Number, default: 0 } });",
        ),
        Case::good("a.js", "export const option = { type: 'date', default: new Date() };"),
        Case::good(
            "a.js",
            "import { Schema } from 'mongoose';\nexport const s = new Schema({ at: { type: Date, default: start() } });",
        ),
        Case::good("a.ts", "import { z } from 'zod';\nexport const s = z.object({ at: z.date().default(EPOCH) });"),
        Case::near_miss(
            "a.js",
            "import { Schema } from 'mongoose';\nexport const s = new Schema({ at: { type: Date, default: new Date(0) } });",
        ),
        Case::near_miss("a.js", "import { Schema } from 'mongoose';\nconst config = { default: Date.now() };"),
        Case::near_miss("a.ts", "import { z } from 'zod';\nparser.default(new Date());"),
        Case::near_miss(
            "a.js",
            "import { Schema } from 'mongoose';\nexport const s = new Schema({ at: { type: Date, min: new Date() } });",
        ),
    ],
};

fn field<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(key) = key_name(node).filter(|k| matches!(&**k, "default" | "defaultValue")) else { return };
    let Some(value) = node.child(Field::Value).map(bare).filter(|v| is_fresh(*v, cx)) else { return };
    let typed = node.parent().is_some_and(|o| {
        o.named_children().any(|p| p.kind() == Kind::Pair && key_name(p).is_some_and(|k| k == "type"))
    });
    let library = if key == "default" { "mongoose" } else { "sequelize" };
    if typed && uses(library, cx) {
        tell(value, cx);
    }
}

fn chained<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, _)) = method(node).filter(|(_, m)| m.text() == "default") else { return };
    let Some(value) = args(node).next().map(bare).filter(|v| is_fresh(*v, cx)) else { return };
    let root = root_name(of).and_then(|r| cx.file.imports.path(r.text()));
    let known = root.is_some_and(|p| {
        let module = p.split('.').next().unwrap_or(p);
        matches!(module, "zod" | "yup" | "joi" | "@hapi/joi" | "valibot")
    });
    if known {
        tell(value, cx);
    }
}

fn uses(library: &str, cx: &Cx<'_>) -> bool {
    cx.file.imports.iter().any(|(_, p)| p.split(['.', '/']).next() == Some(library))
}

fn tell<'a>(value: Node<'a>, cx: &mut Cx<'a>) {
    let message = "This is computed once, when the schema is made: every record gets the same value. Hand over a function that computes it.";
    let instead = format!("() => {}", value.text());
    let note =
        Note::new(cx.rule, value.span(), message).suggestion("Hand over a function", vec![(value.span(), instead)]);
    cx.report(note);
}

/// Whether a value is another one each time it is computed: the time, a random number, a new id.
fn is_fresh(value: Node<'_>, cx: &Cx<'_>) -> bool {
    match value.kind() {
        Kind::NewExpression => {
            args(value).next().is_none()
                && value.child(Field::Constructor).is_some_and(|c| c.text() == "Date" || c.text().ends_with("ObjectId"))
        }
        Kind::CallExpression => {
            let Some(path) = value.child(Field::Function).and_then(|f| ecma_path(f, cx)) else { return false };
            matches!(
                path.as_str(),
                "Date.now"
                    | "Math.random"
                    | "crypto.randomUUID"
                    | "uuid.v4"
                    | "uuid.v1"
                    | "uuid"
                    | "nanoid.nanoid"
                    | "uniqid"
                    | "cuid"
                    | "performance.now"
            ) || path == "moment" && args(value).next().is_none()
        }
        _ => false,
    }
}
