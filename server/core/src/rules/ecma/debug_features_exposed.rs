use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::for_developers;
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::value::Val;
use crate::semantics::hir::Ustr;

pub static RULE: Rule = Rule {
    id: "debug-features-exposed",
    summary: "what is made for developers is open to everybody",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[489, 200, 209, 215],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds servers that show strangers what helps developers: a GraphQL server with `introspection`, `playground`, `graphiql` or stack traces \
               switched on by a constant, and Express' `errorhandler`, which answers with stack traces, where nothing asks for the environment.",
        why: "The schema lists every query and mutation, those too that no page uses, and a stack trace names files, versions and queries.",
        example: "new ApolloServer({ typeDefs, resolvers, introspection: true });",
        instead: "new ApolloServer({ typeDefs, resolvers, introspection: process.env.NODE_ENV !== 'production' });",
        limits: "Only constants are judged, and code that runs where somebody asked for the environment is left alone. A public interface may well show its \
                 schema: allow it there.",
        fix: "",
    },
    checks: &[Check::Calls(
        &[
            "ApolloServer",
            "graphqlHTTP",
            "express-graphql",
            "createYoga",
            "createHandler",
            "forRoot",
            "errorhandler",
            "errorHandler",
        ],
        check,
    )],
    cases: &[
        Case::bad(
            "a.ts",
            "import { ApolloServer } from '@apollo/server';\nconst server = new ApolloServer({ typeDefs, resolvers, introspection: true }); //~ debug-features-exposed",
        ),
        Case::bad(
            "a.ts",
            "import { ApolloServer } from '@apollo/server';\nconst server = new ApolloServer({ typeDefs, resolvers, includeStacktraceInErrorResponses: true }); //~ debug-features-exposed",
        ),
        Case::bad(
            "a.js",
            "const { graphqlHTTP } = require('express-graphql');\napp.use('/graphql', graphqlHTTP({ schema, graphiql: true })); //~ debug-features-exposed",
        ),
        Case::bad(
            "a.js",
            "const errorhandler = require('errorhandler');\napp.use(errorhandler()); //~ debug-features-exposed",
        ),
        Case::bad(
            "a.ts",
            "import { GraphQLModule } from '@nestjs/graphql';\nexport const m = GraphQLModule.forRoot({ autoSchemaFile: true, playground: true }); //~ debug-features-exposed",
        ),
        Case::good(
            "a.ts",
            "import { ApolloServer } from '@apollo/server';\nconst server = new ApolloServer({ typeDefs, resolvers, introspection: false });",
        ),
        Case::good(
            "a.ts",
            "import { ApolloServer } from '@apollo/server';\nconst server = new ApolloServer({ typeDefs, resolvers, introspection: process.env.NODE_ENV !== 'production' });",
        ),
        Case::good(
            "a.js",
            "const { graphqlHTTP } = require('express-graphql');\napp.use('/graphql', graphqlHTTP({ schema }));",
        ),
        Case::good(
            "a.js",
            "const errorhandler = require('errorhandler');\nif (process.env.NODE_ENV === 'development') app.use(errorhandler());",
        ),
        Case::near_miss("a.js", "const errorHandler = require('./error-handler');\napp.use(errorHandler());"),
        Case::near_miss(
            "a.ts",
            "import { createYoga } from 'graphql-yoga';\nexport const local = (on: boolean) => createYoga({ schema, graphiql: on });",
        ),
        Case::near_miss("a.ts", "class ApolloServer {}\nconst s = new ApolloServer({ introspection: true });"),
    ],
};

/// Options that show something, with what they show.
const SHOWN: [(&str, &str); 5] = [
    ("introspection", "the whole schema"),
    ("playground", "a console for queries, and with it the schema"),
    ("graphiql", "a console for queries, and with it the schema"),
    ("includeStacktraceInErrorResponses", "the stack traces of errors"),
    ("debug", "the stack traces of errors"),
];

fn check(call: &CallView<'_>, out: &mut Vec<Note>) {
    let of = |libraries: &[&str]| {
        call.paths.iter().any(|p| libraries.iter().any(|l| p.as_str() == *l || p.starts_with(&format!("{l}."))))
    };
    if for_developers(call.arena.root().smallest_at(call.span)) {
        return;
    }
    if of(&["errorhandler"]) {
        let message = "Strangers are sent the stack traces of errors, which name files and versions. Use it in development alone.";
        out.push(Note::new(call.rule, call.name_span, message).severity(Severity::Medium));
        return;
    }
    const SERVERS: [&str; 12] = [
        "@apollo/server",
        "apollo-server",
        "apollo-server-express",
        "apollo-server-koa",
        "apollo-server-fastify",
        "apollo-server-lambda",
        "apollo-server-micro",
        "express-graphql",
        "graphql-yoga",
        "graphql-http",
        "@nestjs/graphql",
        "mercurius",
    ];
    if !of(&SERVERS) {
        return;
    }
    let Some(options) = call.args.first() else { return };
    let on = |value: &Val| value.exact && value.as_bool() == Some(true) && value.strings().next().is_none();
    let shown = SHOWN.iter().find(|(name, _)| options.field(Ustr::from(name)).is_some_and(on));
    if let Some((name, what)) = shown {
        let message = format!("`{name}` shows strangers {what}. Leave it to development.");
        out.push(Note::new(call.rule, call.name_span, message));
    }
}
