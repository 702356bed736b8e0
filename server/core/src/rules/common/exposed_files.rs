use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, chain, constant, ecma_path, key_name, method, rust_path, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "exposed-files",
    summary: "a server hands out its own sources, or lists its folders",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[200, 538, 548, 552],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds middlewares for static files that serve the program's own folder, the folder above it, the user's home, the whole disk or all of \
               `node_modules` (`express.static(__dirname)`, `serveStatic('.')`, Rust's `ServeDir::new(\".\")`), and those that list what lies in a \
               folder (`serve-index`, `Files::show_files_listing`).",
        why: "The program's folder holds its configuration, its keys and its code; `package.json` and the versions in `node_modules` tell which \
              known flaws to try; and a list shows what no link leads to.",
        example: "app.use(express.static(__dirname));",
        instead: "app.use(express.static(path.join(__dirname, 'public')));",
        limits: "Only folders that are written out are judged; a folder within `node_modules` is left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "const express = require('express');\napp.use(express.static('public', { dotfiles: 'allow' })); //~ exposed-files",
        ),
        Case::bad(
            "a.js",
            "const express = require('express');\nconst app = express();\napp.use(express.static(__dirname)); //~ exposed-files",
        ),
        Case::bad(
            "a.ts",
            "import express from 'express';\nexport const files = express.static('.'); //~ exposed-files",
        ),
        Case::bad(
            "a.js",
            "const express = require('express');\nconst path = require('path');\nconst root = path.join(__dirname, '..');\napp.use('/', express.static(root)); //~ exposed-files",
        ),
        Case::bad(
            "a.js",
            "const express = require('express');\napp.use('/lib', express.static(path.join(__dirname, 'node_modules'))); //~ exposed-files",
        ),
        Case::bad(
            "a.js",
            "const serveIndex = require('serve-index');\napp.use('/files', serveIndex('files')); //~ exposed-files",
        ),
        Case::bad(
            "a.js",
            "const files = require('@fastify/static');\nfastify.register(files, { root: process.cwd() }); //~ exposed-files",
        ),
        Case::bad(
            "a.rs",
            "use tower_http::services::ServeDir;\nfn f() -> Router { Router::new().nest_service(\"/\", ServeDir::new(\".\")) } //~ exposed-files",
        ),
        Case::bad(
            "a.rs",
            "use actix_files::Files;\nfn f() -> Files { Files::new(\"/\", \"./static\").show_files_listing() } //~ exposed-files",
        ),
        Case::good(
            "a.js",
            "const express = require('express');\napp.use(express.static(path.join(__dirname, 'public')));",
        ),
        Case::good("a.js", "const express = require('express');\napp.use(express.static('dist'));"),
        Case::good("a.ts", "import express from 'express';\nexport const f = (dir: string) => express.static(dir);"),
        Case::good("a.rs", "use tower_http::services::ServeDir;\nfn f() -> ServeDir { ServeDir::new(\"assets\") }"),
        Case::near_miss(
            "a.js",
            "const express = require('express');\napp.use('/css', express.static('node_modules/bootstrap/dist'));",
        ),
        Case::near_miss("a.js", "const page = template.static('.'); const here = path.join(__dirname, '..');"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    match cx.family() {
        Family::Ecma => ecma(node, cx),
        Family::Rust => rust(node, cx),
    }
}

fn ecma<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(path) = node.child(Field::Function).and_then(|f| ecma_path(f, cx)) else { return };
    let root = match path.as_str() {
        "express.static" | "serve-static" | "koa-static" | "serve-handler" | "sirv" | "polka-static" => {
            args(node).next()
        }
        "serve-index" | "serve-index.default" => {
            let message = "Everybody may list this folder, and find what no link leads to. Serve its files alone.";
            cx.report(Note::new(cx.rule, node.span(), message));
            return;
        }
        _ if path.ends_with(".register") => {
            let plugin = args(node).next().and_then(|p| ecma_path(p, cx)).unwrap_or_default();
            let options = args(node).nth(1).filter(|_| matches!(plugin.as_str(), "@fastify/static" | "fastify-static"));
            let root = options.and_then(|o| o.named_children().find(|p| key_name(*p).is_some_and(|k| k == "root")));
            root.and_then(|p| p.child(Field::Value))
        }
        _ => None,
    };
    let Some(root) = root else { return };
    let hidden = args(node).nth(1).map(constant).filter(|o| o.kind() == Kind::Object).and_then(|o| {
        o.named_children().find(|p| key_name(*p).is_some_and(|k| k == "dotfiles")).and_then(|p| p.child(Field::Value))
    });
    if let Some(hidden) = hidden.filter(|v| string_value(*v).is_some_and(|t| t == "allow")) {
        let message = "This serves files like `.env` and `.git/config` too, if they lie in the folder. Leave `dotfiles` at its default.";
        cx.report(Note::new(cx.rule, hidden.span(), message));
    }
    if let Some(what) = private(constant(root), cx) {
        let message = format!("This serves {what} to everybody. Serve a folder that holds nothing but what is public.");
        cx.report(Note::new(cx.rule, root.span(), message));
    }
}

/// What an expression for a folder leads to, where that is more than a public folder.
fn private<'a>(folder: Node<'a>, cx: &Cx<'a>) -> Option<&'static str> {
    let folder = bare(folder);
    if let Some(text) = string_value(folder) {
        return by_name(&text);
    }
    match folder.kind() {
        Kind::Identifier if folder.text() == "__dirname" => Some("the program's own folder"),
        Kind::MemberExpression if folder.text() == "import.meta.dirname" => Some("the program's own folder"),
        Kind::BinaryExpression => {
            let (left, right) = (folder.child(Field::Left)?, folder.child(Field::Right)?);
            let below = string_value(bare(right))?;
            (bare(left).text() == "__dirname").then(|| by_name(below.trim_start_matches('/')))?
        }
        Kind::CallExpression => {
            let path = ecma_path(folder.child(Field::Function)?, cx)?;
            let parts: Vec<Node<'a>> = args(folder).map(bare).collect();
            match path.as_str() {
                "process.cwd" => Some("the program's own folder"),
                "os.homedir" => Some("the user's home"),
                "path.join" | "path.resolve" | "path.normalize" | "join" | "resolve" => match parts[..] {
                    [] => Some("the program's own folder"),
                    [only] => private(only, cx),
                    [first, second] => {
                        private(first, cx)?;
                        by_name(&string_value(second)?)
                    }
                    _ => None,
                },
                _ => None,
            }
        }
        _ => None,
    }
}

fn by_name(text: &str) -> Option<&'static str> {
    match text.trim_end_matches('/') {
        "" if text.starts_with('/') => Some("the whole disk"),
        "" | "." => Some("the program's own folder"),
        ".." | "./.." | "../.." => Some("the folder above the program's own"),
        "node_modules" | "./node_modules" | "../node_modules" => {
            Some("all of `node_modules`, and with it which versions are installed,")
        }
        _ => None,
    }
}

fn rust<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(path) = node.child(Field::Function).and_then(|f| rust_path(f, cx)) else { return };
    let folder = match path.as_str() {
        "tower_http::services::ServeDir::new" | "warp::fs::dir" => args(node).next(),
        "actix_files::Files::new" => {
            if let Some(lists) =
                chain(node).into_iter().find_map(|c| method(c).filter(|(_, m)| m.text() == "show_files_listing"))
            {
                let message = "Everybody may list this folder, and find what no link leads to. Serve its files alone.";
                cx.report(Note::new(cx.rule, lists.1.span(), message));
            }
            args(node).nth(1)
        }
        _ => None,
    };
    let Some(text) = folder.and_then(string_value) else { return };
    if let Some(what) = by_name(&text) {
        let message = format!("This serves {what} to everybody. Serve a folder that holds nothing but what is public.");
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}
