use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::string_value;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "whole-library-import",
    summary: "a page loads a whole library for a few of its functions",
    category: Category::Performance,
    severity: Severity::Info,
    confidence: Confidence::Medium,
    cwe: &[1050],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds imports of all of `lodash`, `underscore`, `moment`, `ramda` or `rxjs/Rx` in files of a user interface (JSX, React, Vue, Angular, Svelte).",
        why: "These packages cannot be taken apart by bundlers: every visitor downloads and parses all of lodash (70 kB) or moment with its locales (290 kB).",
        example: "import _ from 'lodash';\nexport const Search = () => <input onChange={_.debounce(find, 100)} />;",
        instead: "import debounce from 'lodash/debounce';\nexport const Search = () => <input onChange={debounce(find, 100)} />;",
        limits: "Paths into the package (`lodash/debounce`), `lodash-es`, type imports, tests, and files of servers and tools are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ImportStatement], check)],
    cases: &[
        Case::bad(
            "a.jsx",
            "import _ from 'lodash'; //~ whole-library-import\nexport const V = () => <i>{_.upperFirst('a')}</i>;",
        ),
        Case::bad(
            "a.tsx",
            "import * as _ from 'lodash'; //~ whole-library-import\nexport const V = () => <i>{_.upperFirst('a')}</i>;",
        ),
        Case::bad(
            "a.jsx",
            "import { debounce } from 'lodash'; //~ whole-library-import\nexport const V = () => <i onClick={debounce(go)} />;",
        ),
        Case::bad(
            "a.ts",
            "import { Component } from '@angular/core';\nimport * as moment from 'moment'; //~ whole-library-import\nexport const now = () => moment().format();",
        ),
        Case::good(
            "a.jsx",
            "import debounce from 'lodash/debounce';\nexport const V = () => <i onClick={debounce(go)} />;",
        ),
        Case::good(
            "a.jsx",
            "import { debounce } from 'lodash-es';\nexport const V = () => <i onClick={debounce(go)} />;",
        ),
        Case::good("a.js", "import _ from 'lodash';\nexport const f = (xs) => _.uniq(xs);"),
        Case::good(
            "a.js",
            "import express from 'express';\nimport moment from 'moment';\nexport const now = () => moment();",
        ),
        Case::near_miss(
            "a.tsx",
            "import type { DebouncedFunc } from 'lodash';\nexport const V = (p: { f: DebouncedFunc<any> }) => <i onClick={p.f} />;",
        ),
        Case::near_miss("a.jsx", "import lodash from './lodash';\nexport const V = () => <i>{lodash.x}</i>;"),
        Case::bad(
            "a.tsx",
            "import _ from 'lodash'; //~ whole-library-import\nexport const V = ({ xs }: P) => <i>{_.uniq(xs).length}</i>;",
        ),
        Case::bad(
            "a.tsx",
            "import * as _ from 'lodash'; //~ whole-library-import\nexport const V = ({ xs }: P) => <i>{_.sum(xs)}</i>;",
        ),
        Case::bad(
            "a.tsx",
            "import moment from 'moment'; //~ whole-library-import\nexport const V = ({ at }: P) => <time>{moment(at).fromNow()}</time>;",
        ),
        Case::bad(
            "a.tsx",
            "import R from 'ramda'; //~ whole-library-import\nexport const V = ({ xs }: P) => <i>{R.head(xs)}</i>;",
        ),
        Case::good(
            "a.tsx",
            "import uniq from 'lodash/uniq';\nexport const V = ({ xs }: P) => <i>{uniq(xs).length}</i>;",
        ),
        Case::good(
            "a.tsx",
            "import { format } from 'date-fns';\nexport const V = ({ at }: P) => <time>{format(at, 'P')}</time>;",
        ),
        Case::good(
            "a.tsx",
            "import dayjs from 'dayjs';\nexport const V = ({ at }: P) => <time>{dayjs(at).fromNow()}</time>;",
        ),
        Case::good(
            "a.tsx",
            "import { uniq } from 'lodash-es';\nexport const V = ({ xs }: P) => <i>{uniq(xs).length}</i>;",
        ),
        Case::near_miss(
            "a.tsx",
            "import type { Moment } from 'moment';\nexport const V = ({ at }: { at: Moment }) => <time>{at.toString()}</time>;",
        ),
        Case::near_miss("a.tsx", "import moment from '../moment';\nexport const V = () => <i>{moment.x}</i>;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(source) = node.child(Field::Source).and_then(string_value) else { return };
    if !matches!(source.as_ref(), "lodash" | "underscore" | "moment" | "ramda" | "rxjs/Rx") || node.has_token("type") {
        return;
    }
    let shown = cx.file.path.ends_with("sx")
        || cx.file.imports.iter().any(|(_, path)| {
            ["react", "vue", "@angular/", "svelte", "preact"].iter().any(|l| path.starts_with(l))
                && !path.starts_with("react-dom/server")
        });
    let server = cx.file.imports.iter().any(|(_, path)| {
        ["fs", "http", "express", "child_process", "@nestjs", "react-dom/server"]
            .iter()
            .any(|l| path == *l || path.starts_with(&format!("{l}.")) || path.starts_with(&format!("{l}/")))
    });
    if !shown || server {
        return;
    }
    let message = match source.as_ref() {
        "moment" => {
            "Every visitor loads all of moment with its locales. `Intl`, `dayjs` or `date-fns` are a fraction of it."
                .to_owned()
        }
        name => format!("Every visitor loads all of {name}. Import the functions by themselves: `{name}/debounce`."),
    };
    cx.report(Note::new(cx.rule, node.span(), message));
}
