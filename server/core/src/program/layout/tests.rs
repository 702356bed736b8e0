use std::collections::BTreeMap;

use super::*;

struct Files(BTreeMap<&'static str, &'static str>);

impl System for Files {
    fn read(&self, path: &Path) -> Option<String> {
        self.0.get(path.to_str()?.strip_prefix("/w/")?).map(|t| (*t).to_owned())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.read(path).is_some()
    }
}

fn resolve(files: &[(&'static str, &'static str)], from: &str, specifier: &str) -> Option<String> {
    let files = Files(files.iter().copied().collect());
    let layout = Layout::read(&files, Path::new("/w"), folders(files.0.keys().copied()));
    layout.resolve(from, specifier, &|p| files.0.contains_key(p))
}

#[test]
fn relative_specifiers() {
    let files = [
        ("src/a.ts", ""),
        ("src/b.ts", ""),
        ("src/c/index.tsx", ""),
        ("src/d.mjs", ""),
        ("src/e.config.js", ""),
        ("index.js", ""),
    ];
    for (specifier, expected) in [
        ("./b", Some("src/b.ts")),
        ("./b.js", Some("src/b.ts")),
        ("./c", Some("src/c/index.tsx")),
        ("./c/", Some("src/c/index.tsx")),
        ("./d.mjs", Some("src/d.mjs")),
        ("./e.config", Some("src/e.config.js")),
        ("..", Some("index.js")),
        ("../../b", None),
        ("./style.css", None),
        ("b", None),
        ("", None),
        ("/b", None),
    ] {
        assert_eq!(resolve(&files, "src/a.ts", specifier).as_deref(), expected, "{specifier}");
    }
}

#[test]
fn packages_of_the_workspace() {
    let files = [
        ("packages/a/package.json", r#"{ "name": "@x/a", "main": "dist/index.js", "types": "dist/index.d.ts" }"#),
        ("packages/a/src/index.ts", ""),
        ("packages/a/src/sub.ts", ""),
        (
            "packages/b/package.json",
            r##"{ "name": "b", "imports": { "#db/*": "./src/db/*.js" },
                 "exports": { ".": { "types": "./dist/main.d.ts", "import": "./dist/esm/main.js" }, "./t/*": "./dist/tools/*.js" } }"##,
        ),
        ("packages/b/src/main.ts", ""),
        ("packages/b/src/db/pool.ts", ""),
        ("packages/b/src/tools/x.ts", ""),
    ];
    for (specifier, expected) in [
        ("@x/a", Some("packages/a/src/index.ts")),
        ("@x/a/src/sub", Some("packages/a/src/sub.ts")),
        ("@x/a/dist/sub.js", Some("packages/a/src/sub.ts")),
        ("b", Some("packages/b/src/main.ts")),
        ("b/t/x", Some("packages/b/src/tools/x.ts")),
        ("#db/pool", Some("packages/b/src/db/pool.ts")),
        ("express", None),
        ("@x/none", None),
    ] {
        assert_eq!(resolve(&files, "packages/b/src/main.ts", specifier).as_deref(), expected, "{specifier}");
    }
}

#[test]
fn paths_of_typescript() {
    let files = [
        (
            "tsconfig.base.json",
            r#"{ "compilerOptions": { "baseUrl": ".", "paths": { "@app/*": ["apps/*/src"], } } } // end"#,
        ),
        ("apps/web/tsconfig.json", r#"{ /* up */ "extends": "../../tsconfig.base" }"#),
        ("apps/web/src/index.ts", ""),
        ("apps/api/src/index.ts", ""),
        ("apps/api/tsconfig.json", r#"{ "compilerOptions": { "baseUrl": "./src", "paths": { "~/*": ["./*"] } } }"#),
        ("apps/api/src/util/log.ts", ""),
    ];
    assert_eq!(resolve(&files, "apps/web/src/index.ts", "@app/api").as_deref(), Some("apps/api/src/index.ts"));
    assert_eq!(resolve(&files, "apps/api/src/index.ts", "~/util/log").as_deref(), Some("apps/api/src/util/log.ts"));
    assert_eq!(resolve(&files, "apps/api/src/index.ts", "util/log").as_deref(), Some("apps/api/src/util/log.ts"));
    assert_eq!(resolve(&files, "apps/api/src/index.ts", "@app/web"), None);
}

#[test]
fn modules_of_rust() {
    let files = [
        ("c/Cargo.toml", "[package]\nname = \"my-crate\"\n[[bin]]\nname = \"t\"\npath = \"tools/t.rs\"\n"),
        ("c/src/lib.rs", ""),
        ("c/src/a.rs", ""),
        ("c/src/a/b.rs", ""),
        ("c/src/d/mod.rs", ""),
        ("c/src/d/e.rs", ""),
        ("c/src/in/x.rs", ""),
        ("c/tools/t.rs", ""),
        ("c/tools/help.rs", ""),
        ("c/src/odd.rs", ""),
    ];
    let system = Files(files.iter().copied().collect());
    let layout = Layout::read(&system, Path::new("/w"), folders(system.0.keys().copied()));
    let exists = |p: &str| system.0.contains_key(p);
    for (from, path, attribute, expected) in [
        ("c/src/lib.rs", "a", None, Some("c/src/a.rs")),
        ("c/src/lib.rs", "d", None, Some("c/src/d/mod.rs")),
        ("c/src/lib.rs", "in::x", None, Some("c/src/in/x.rs")),
        ("c/src/lib.rs", "y", Some("odd.rs"), Some("c/src/odd.rs")),
        ("c/src/a.rs", "b", None, Some("c/src/a/b.rs")),
        ("c/src/d/mod.rs", "e", None, Some("c/src/d/e.rs")),
        ("c/tools/t.rs", "help", None, Some("c/tools/help.rs")),
        ("c/src/a.rs", "x", None, None),
        ("c/src/a.rs", "x", Some("../../../../etc/x.rs"), None),
    ] {
        assert_eq!(layout.rust_module(from, path, attribute, &exists).as_deref(), expected, "{from} {path}");
    }
    let crates = layout.crates(&exists);
    assert_eq!(crates.get("my_crate").map(String::as_str), Some("c/src/lib.rs"));
}

#[test]
fn broken_manifests_say_nothing() {
    let files = [
        ("package.json", "{ \"name\": 3, \"exports\": [[[]]], \"imports\": 7 }"),
        ("tsconfig.json", "{ \"extends\": \"./tsconfig.json\", \"compilerOptions\": { \"paths\": { \"*\": 1 } } }"),
        ("Cargo.toml", "= nothing"),
        ("a.js", ""),
    ];
    assert_eq!(resolve(&files, "a.js", "x"), None);
    assert_eq!(resolve(&files, "a.js", "./a").as_deref(), Some("a.js"));
}
