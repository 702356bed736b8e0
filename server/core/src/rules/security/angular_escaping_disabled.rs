use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, method, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "angular-escaping-disabled",
    summary: "AngularJS no longer asks whether HTML and addresses can be trusted",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[79, 116, 183],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `$sceProvider.enabled(false)`, and lists of trusted addresses (`resourceUrlWhitelist`, `trustedResourceUrlList`) that hold \
               every host, every host of a scheme, or hosts by plain http.",
        why: "Strict contextual escaping is what keeps text of others from running as a part of the page. Without it `ng-bind-html` shows whatever it gets, \
              and templates are loaded from wherever an address says.",
        example: "$sceProvider.enabled(false);",
        instead: "$sceDelegateProvider.trustedResourceUrlList(['self', 'https://cdn.example.org/**']);",
        limits: "Only literals.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "app.config(function ($sceProvider) { $sceProvider.enabled(false); }); //~ angular-escaping-disabled",
        ),
        Case::bad(
            "a.js",
            "angular.module('a', []).config(['$sceProvider', function (sce) { sce.enabled(true); $sceProvider.enabled(false); }]); //~ angular-escaping-disabled",
        ),
        Case::bad(
            "a.js",
            "app.config(($sceDelegateProvider) => { $sceDelegateProvider.resourceUrlWhitelist(['**']); }); //~ angular-escaping-disabled",
        ),
        Case::bad(
            "a.js",
            "app.config(($sceDelegateProvider) => { $sceDelegateProvider.resourceUrlWhitelist(['self', 'http://cdn.example.org/**']); }); //~ angular-escaping-disabled",
        ),
        Case::bad(
            "a.js",
            "app.config(($sceDelegateProvider) => { $sceDelegateProvider.resourceUrlWhitelist(['https://**.example.org/**']); }); //~ angular-escaping-disabled",
        ),
        Case::bad(
            "a.js",
            "app.config(($sceDelegateProvider) => { $sceDelegateProvider.trustedResourceUrlList(['*://example.org/*']); }); //~ angular-escaping-disabled",
        ),
        Case::bad(
            "a.ts",
            "app.config(($sceDelegateProvider) => { $sceDelegateProvider.resourceUrlWhitelist(['https://**']); }); //~ angular-escaping-disabled",
        ),
        Case::bad(
            "a.js",
            "function setUp($sceProvider) { 'ngInject'; $sceProvider.enabled(false); } //~ angular-escaping-disabled",
        ),
        Case::good("a.js", "app.config(function ($sceProvider) { $sceProvider.enabled(true); });"),
        Case::good(
            "a.js",
            "app.config(($sceDelegateProvider) => { $sceDelegateProvider.resourceUrlWhitelist(['self']); });",
        ),
        Case::good(
            "a.js",
            "app.config(($sceDelegateProvider) => { $sceDelegateProvider.resourceUrlWhitelist(['self', 'https://cdn.example.org/**']); });",
        ),
        Case::good(
            "a.js",
            "app.config(($sceDelegateProvider) => { $sceDelegateProvider.trustedResourceUrlList(['https://*.example.org/**']); });",
        ),
        Case::good("a.js", "app.config(($compileProvider) => { $compileProvider.debugInfoEnabled(false); });"),
        Case::good("a.js", "feature.enabled(false);"),
        Case::good("a.js", "app.config(($logProvider) => { $logProvider.debugEnabled(false); });"),
        Case::good(
            "a.js",
            "app.config(($sceDelegateProvider) => { $sceDelegateProvider.bannedResourceUrlList(['http://**']); });",
        ),
        Case::near_miss("a.js", "app.config(function ($sceProvider) { $sceProvider.enabled(production); });"),
        Case::near_miss(
            "a.js",
            "app.config(($sceDelegateProvider) => { $sceDelegateProvider.resourceUrlWhitelist(trusted); });",
        ),
        Case::near_miss("a.js", "const list = ['**']; serve(list);"),
        Case::near_miss(
            "a.js",
            "app.config(($sceDelegateProvider) => { $sceDelegateProvider.resourceUrlWhitelist(['http://localhost:3000/**']); });",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node) else { return };
    let Some(first) = args(node).next().map(bare) else { return };
    match (of.text(), name.text()) {
        ("$sceProvider", "enabled") if first.kind() == Kind::False => {
            let message = "This turns off for the whole application what keeps other people's text from running in its pages. Leave it on, and trust single values.";
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        ("$sceDelegateProvider", "resourceUrlWhitelist" | "trustedResourceUrlList") if first.kind() == Kind::Array => {
            for entry in first.named_children() {
                let Some(address) = string_value(entry) else { continue };
                let Some(why) = too_much(&address) else { continue };
                let message = format!(
                    "`{address}` trusts {why}: templates and scripts from there run in this page. Name hosts, with `https`."
                );
                cx.report(Note::new(cx.rule, entry.span(), message));
            }
        }
        _ => {}
    }
}

/// Whom an address of a list lets in that nobody meant.
fn too_much(address: &str) -> Option<&'static str> {
    if address == "self" {
        return None;
    }
    let Some((scheme, rest)) = address.split_once("://") else {
        return (address == "**" || address == "*").then_some("every address");
    };
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    if matches!(host, "localhost" | "127.0.0.1") {
        return None;
    }
    match (scheme, host) {
        (_, "**" | "*") => Some("every host"),
        (_, host) if host.starts_with("**") => Some("hosts of others: two stars take slashes, too"),
        ("https", _) => None,
        _ => Some("whoever sits between, for it may be loaded without encryption"),
    }
}
