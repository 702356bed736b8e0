//! The command line, as its users see it: exit codes, every format read back, inputs that are broken or hostile.

mod cli {
    mod caches;
    mod configuration;
    mod demo;
    mod disk;
    mod feedback;
    mod fixes;
    mod formats;
    mod inputs;
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    mod memory;
    mod news;
    mod offline;
    mod policy;
    mod program;
    mod refactorings;
    mod shards;
    pub mod support;
    mod usage;
}
