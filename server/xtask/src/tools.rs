//! Tools that are needed beside cargo: looked for, and installed where the system's package manager may.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run::{output, program, say, works};

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

/// strace and nm, with which the tests prove that nothing opens a socket.
pub fn tracing() -> Result<()> {
    let works = || works("strace", &["--version"]) && works("nm", &["--version"]);
    if works() || !cfg!(target_os = "linux") { Ok(()) } else { install("strace or nm", &["strace", "binutils"], works) }
}

/// A linker for Arm and an emulator of it.
pub fn arm() -> Result<()> {
    let works = || works("aarch64-linux-gnu-gcc", &["--version"]) && works("qemu-aarch64-static", &["--version"]);
    let packages = ["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "qemu-user-static"];
    if works() { Ok(()) } else { install("a linker for Arm or its emulator", &packages, works) }
}

/// LLVM's program that merges what a build with counters has counted: rustup's, else the system's.
pub fn profdata(host: &str) -> Result<PathBuf> {
    let sysroot = output(Path::new("rustc"), &["--print", "sysroot"])?;
    let name = format!("llvm-profdata{}", std::env::consts::EXE_SUFFIX);
    let own = Path::new(sysroot.trim()).join("lib/rustlib").join(host).join("bin").join(&name);
    if !own.is_file() && works("rustup", &["--version"]) {
        say("rustup's component llvm-tools is missing: installing it");
        let arguments = ["component", "add", "llvm-tools"].map(str::to_owned);
        // Without a network the system's may do.
        program("rustup", &arguments)?;
    }
    if own.is_file() {
        return Ok(own);
    }
    let works = || works(&name, &["--version"]);
    if !works() {
        install("llvm-profdata", &["llvm"], works)?;
    }
    Ok(name.into())
}

/// The folder of one of the corpora of other people's code, fetched where it is not there.
pub fn corpus(name: &str) -> Result<PathBuf> {
    python()?;
    node()?;
    let script = crate::root().join("tests/corpora/fetch.py").display().to_string();
    let told = output(Path::new("python3"), &[&script, name])?;
    let folder = told.lines().find_map(|line| line.split('\t').nth(1));
    folder.map(PathBuf::from).with_context(|| format!("tests/corpora/fetch.py names no folder of {name}"))
}

/// What llama.cpp is built with: CMake, a C++ compiler, and libclang for its bindings. Without a package manager that may be used,
/// CMake and libclang come as Python wheels into a folder of the build. Returns variables for cargo.
pub fn llama() -> Result<Vec<(&'static str, String)>> {
    let compiler =
        || ["c++", "g++", "clang++"].iter().any(|c| works(c, &["--version"])) || std::env::var_os("CXX").is_some();
    let ready = || works("cmake", &["--version"]) && libclang() && compiler();
    if ready() {
        return Ok(Vec::new());
    }
    let root = works("sh", &["-c", "test \"$(id -u)\" = 0"]);
    if root && works("apt-get", &["--version"]) {
        install("CMake, a C++ compiler or libclang", &["cmake", "g++", "make", "libclang-dev"], ready)?;
        return Ok(Vec::new());
    }
    if !compiler() {
        bail!("a C++ compiler is missing: install it with your system's package manager (on Debian: g++)");
    }
    python()?;
    let home = crate::root().join("target/llama-tools");
    let python = home.join("bin/python");
    if !home.join("ready").is_file() {
        say(&format!(
            "CMake or libclang is missing: installing the PyPI packages cmake and libclang into {}",
            home.display()
        ));
        let run = |name: &str, arguments: &[&str]| -> Result<()> {
            let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
            if program(name, &arguments)? == 0 { Ok(()) } else { bail!("{name} {} failed", arguments.join(" ")) }
        };
        let python = python.display().to_string();
        run("python3", &["-m", "venv", &home.display().to_string()])?;
        run(&python, &["-m", "pip", "install", "--quiet", "cmake>=3.28,<5", "libclang>=16,<22"])?;
        std::fs::write(home.join("ready"), "")?;
    }
    let folder = crate::run::output(
        &python,
        &["-c", "import clang, os; print(os.path.join(os.path.dirname(clang.__file__), 'native'))"],
    )?;
    let include = crate::run::output(std::path::Path::new("cc"), &["-print-file-name=include"])?;
    let path = std::env::var("PATH").unwrap_or_default();
    Ok(vec![
        ("LIBCLANG_PATH", folder.trim().to_owned()),
        ("BINDGEN_EXTRA_CLANG_ARGS", format!("-I{}", include.trim())),
        ("PATH", format!("{}:{path}", home.join("bin").display())),
    ])
}

/// Where bindgen would find it.
fn libclang() -> bool {
    if std::env::var_os("LIBCLANG_PATH").is_some() || works("llvm-config", &["--version"]) {
        return true;
    }
    let has = |folder: &std::path::Path| {
        std::fs::read_dir(folder).is_ok_and(|entries| {
            entries.flatten().any(|e| {
                let name = e.file_name().to_string_lossy().into_owned();
                name == "libclang.so"
                    || name.starts_with("libclang.so.")
                    || name.starts_with("libclang-") && name.contains(".so")
                    || name == "libclang.dylib"
            })
        })
    };
    let mut folders: Vec<std::path::PathBuf> =
        ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]
            .map(Into::into)
            .to_vec();
    folders.extend(
        std::fs::read_dir("/usr/lib")
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path().join("lib"))
            .filter(|p| p.is_dir()),
    );
    folders.iter().any(|f| has(f))
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
