//! The kernels' bench: see the library.

fn main() {
    sidenote_bench_kernels::main();
}
