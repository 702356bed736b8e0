//! Tools that are needed beside cargo: looked for, and installed where the system's package manager may.

use anyhow::{Result, bail};

use crate::run::{program, say, works};

/// A C compiler: tree-sitter and its grammars are C.
pub fn compiler() -> Result<()> {
    let found = std::env::var_os("CC").is_some() || ["cc", "gcc", "clang"].iter().any(|c| works(c, &["--version"]));
    if found { Ok(()) } else { install("a C compiler", &["gcc", "libc6-dev"], || works("cc", &["--version"])) }
}

/// Python with virtual environments, for pytest-lsp and the scripts.
pub fn python() -> Result<()> {
    let works = || works("python3", &["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"]);
    if works() { Ok(()) } else { install("Python 3.11 with venv", &["python3", "python3-venv"], works) }
}

/// Node.js with npm, for Microsoft's SARIF validator and the rivals.
pub fn node() -> Result<()> {
    let works = || works("node", &["--version"]) && works("npm", &["--version"]);
    if works() { Ok(()) } else { install("Node.js with npm", &["nodejs", "npm"], works) }
}

fn install(what: &str, packages: &[&str], works_now: impl Fn() -> bool) -> Result<()> {
    let list = packages.join(" ");
    let root = works("sh", &["-c", "test \"$(id -u)\" = 0"]);
    if !works("apt-get", &["--version"]) {
        bail!("{what} is missing: install it with your system's package manager (on Debian: {list})");
    }
    if !root {
        bail!("{what} is missing: run `sudo apt-get install {list}`");
    }
    say(&format!("{what} is missing: installing {list} with apt-get"));
    let apt = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        program("apt-get", &arguments)
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], packages].concat())?;
    if works_now() { Ok(()) } else { bail!("{what} is still missing after `apt-get install {list}`") }
}
