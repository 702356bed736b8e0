//! The language server alone, for trying it before the command line is built.

fn main() -> std::process::ExitCode {
    sidenote_lsp::run(sidenote_lsp::Options::default())
}
