//! Walls around the host, put up before a model is opened: no network, no files but the model, no other programs, so much
//! memory and no more. On systems other than Linux there is only the process boundary, and [`Walls`] says so.

use std::path::Path;

/// What was put up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Walls {
    /// Files are out of reach but for the model.
    pub landlock: bool,
    /// Sockets, other programs and other processes are out of reach.
    pub seccomp: bool,
    /// Memory is bounded.
    pub memory: bool,
}

impl Walls {
    /// Their names.
    pub fn names(self) -> Vec<String> {
        let all = [("landlock", self.landlock), ("seccomp", self.seccomp), ("memory", self.memory)];
        all.into_iter().filter(|(_, up)| *up).map(|(name, _)| name.to_owned()).collect()
    }
}

/// Why a wall that the system offers could not be put up.
#[derive(thiserror::Error, Debug)]
#[error("the sandbox cannot be put up: {0}")]
pub struct SandboxError(String);

/// Locks this process in for good. `model` stays readable, and in the folder `writable` files may be made; `memory` bounds its
/// address space in bytes.
///
/// # Errors
/// When the system offers a wall and yet refuses to put it up.
#[cfg(target_os = "linux")]
pub fn enter(model: &Path, writable: Option<&Path>, memory: u64) -> Result<Walls, SandboxError> {
    linux::enter(model, writable, memory)
}

/// There are no walls on this system.
///
/// # Errors
/// Never.
#[cfg(not(target_os = "linux"))]
pub fn enter(_: &Path, _: Option<&Path>, _: u64) -> Result<Walls, SandboxError> {
    Ok(Walls::default())
}

/// Lets others have the processor first; from 0, as everybody, to 19.
pub fn lower_priority(nice: i32) {
    #[cfg(target_os = "linux")]
    if nice > 0 {
        linux::nice(nice);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = nice;
}

/// Tries to do what the walls forbid and what they allow: each attempt, and how it ended.
pub fn probe(model: &Path) -> Vec<(&'static str, String)> {
    let told = |outcome: std::io::Result<()>| outcome.map_or_else(|e| e.kind().to_string(), |()| "done".to_owned());
    let read = |path: &Path| std::fs::File::open(path).map(drop);
    let mut all = vec![
        ("read the model", told(read(model))),
        ("read another file", told(std::env::current_exe().and_then(|p| read(&p)))),
        ("write a file", told(std::fs::write(std::env::temp_dir().join("sidenote-probe"), "x"))),
        ("list a folder", told(std::fs::read_dir("/").map(drop))),
        ("start a program", told(std::process::Command::new("/bin/true").status().map(drop))),
        ("start a thread", told(std::thread::Builder::new().spawn(|| ()).map(drop))),
    ];
    #[cfg(target_os = "linux")]
    all.push(("open a socket", told(linux::socket())));
    all
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;
    use std::path::Path;

    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
        RulesetCreatedAttr, RulesetStatus,
    };
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

    use super::{SandboxError, Walls};

    fn wrong(error: impl std::fmt::Display) -> SandboxError {
        SandboxError(error.to_string())
    }

    pub fn enter(model: &Path, writable: Option<&Path>, memory: u64) -> Result<Walls, SandboxError> {
        end_with_parent();
        let memory = limit(memory)?;
        let landlock = landlock(model, writable)?;
        let seccomp = seccomp()?;
        Ok(Walls { landlock, seccomp, memory })
    }

    #[allow(unsafe_code)]
    pub fn nice(nice: i32) {
        // SAFETY: the call touches no memory of ours.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice.min(19)) };
    }

    /// Opens a socket and closes it again.
    #[allow(unsafe_code)]
    pub fn socket() -> std::io::Result<()> {
        // SAFETY: the call touches no memory of ours.
        let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) };
        if socket < 0 {
            return Err(std::io::Error::last_os_error());
        }
        // SAFETY: the number is that of the socket that was just opened, and nobody else has it.
        unsafe { libc::close(socket) };
        Ok(())
    }

    /// A host whose client is killed must not live on.
    #[allow(unsafe_code)]
    fn end_with_parent() {
        // SAFETY: `prctl` with these arguments touches no memory of ours.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    }

    #[allow(unsafe_code)]
    fn limit(memory: u64) -> Result<bool, SandboxError> {
        for (what, most) in [(libc::RLIMIT_AS, memory), (libc::RLIMIT_CORE, 0), (libc::RLIMIT_NPROC, 4096)] {
            let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            // SAFETY: `now` is a valid place for the answer.
            if unsafe { libc::getrlimit(what, &raw mut now) } != 0 {
                return Err(wrong(std::io::Error::last_os_error()));
            }
            let most = most.min(now.rlim_max);
            let wanted = libc::rlimit { rlim_cur: most, rlim_max: most };
            // SAFETY: `wanted` is a valid limit and is only read.
            if unsafe { libc::setrlimit(what, &raw const wanted) } != 0 {
                return Err(wrong(std::io::Error::last_os_error()));
            }
        }
        Ok(true)
    }

    fn landlock(model: &Path, writable: Option<&Path>) -> Result<bool, SandboxError> {
        let abi = ABI::V4;
        let file = PathFd::new(model).map_err(wrong)?;
        let folder = writable.map(PathFd::new).transpose().map_err(wrong)?;
        let write = AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::ReadFile | AccessFs::Truncate;
        let rule = folder.map(|f| Ok::<_, landlock::RulesetError>(PathBeneath::new(f, write)));
        let status = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))
            .and_then(|r| r.handle_access(AccessNet::from_all(abi)))
            .and_then(|r| r.create())
            .and_then(|r| r.add_rule(PathBeneath::new(file, AccessFs::ReadFile)))
            .and_then(|r| r.add_rules(rule))
            .and_then(|r| r.restrict_self())
            .map_err(wrong)?;
        Ok(status.ruleset != RulesetStatus::NotEnforced)
    }

    /// What a process that computes needs. Everything else fails with EPERM, so that a library which merely tries something
    /// goes on without.
    fn allowed() -> Vec<i64> {
        let mut calls = vec![
            libc::SYS_read,
            libc::SYS_readv,
            libc::SYS_pread64,
            libc::SYS_write,
            libc::SYS_writev,
            libc::SYS_close,
            libc::SYS_openat,
            libc::SYS_fstat,
            libc::SYS_newfstatat,
            libc::SYS_statx,
            libc::SYS_lseek,
            libc::SYS_fcntl,
            libc::SYS_ftruncate,
            libc::SYS_pwrite64,
            libc::SYS_fadvise64,
            libc::SYS_mmap,
            libc::SYS_munmap,
            libc::SYS_mremap,
            libc::SYS_mprotect,
            libc::SYS_madvise,
            libc::SYS_mlock,
            libc::SYS_munlock,
            libc::SYS_brk,
            libc::SYS_futex,
            libc::SYS_clone,
            libc::SYS_clone3,
            libc::SYS_set_robust_list,
            libc::SYS_rseq,
            libc::SYS_set_tid_address,
            libc::SYS_exit,
            libc::SYS_exit_group,
            libc::SYS_rt_sigaction,
            libc::SYS_rt_sigprocmask,
            libc::SYS_rt_sigreturn,
            libc::SYS_sigaltstack,
            libc::SYS_tgkill,
            libc::SYS_getpid,
            libc::SYS_gettid,
            libc::SYS_sched_yield,
            libc::SYS_sched_getaffinity,
            libc::SYS_sched_setaffinity,
            libc::SYS_sched_setscheduler,
            libc::SYS_setpriority,
            libc::SYS_getpriority,
            libc::SYS_clock_gettime,
            libc::SYS_clock_nanosleep,
            libc::SYS_nanosleep,
            libc::SYS_gettimeofday,
            libc::SYS_getrandom,
            libc::SYS_getrusage,
            libc::SYS_prctl,
            libc::SYS_prlimit64,
            libc::SYS_sysinfo,
            libc::SYS_uname,
            libc::SYS_restart_syscall,
        ];
        #[cfg(target_arch = "x86_64")]
        calls.extend([libc::SYS_open, libc::SYS_stat, libc::SYS_lstat, libc::SYS_arch_prctl, libc::SYS_poll]);
        calls
    }

    fn seccomp() -> Result<bool, SandboxError> {
        let arch = std::env::consts::ARCH.try_into();
        // An architecture that the filter's compiler does not know.
        let Ok(arch) = arch else { return Ok(false) };
        let rules: BTreeMap<i64, Vec<seccompiler::SeccompRule>> =
            allowed().into_iter().map(|call| (call, Vec::new())).collect();
        let refuse = SeccompAction::Errno(libc::EPERM as u32);
        let filter = SeccompFilter::new(rules, refuse, SeccompAction::Allow, arch).map_err(wrong)?;
        let program: BpfProgram = filter.try_into().map_err(wrong)?;
        // All threads: the reader may run already.
        seccompiler::apply_filter_all_threads(&program).map_err(wrong)?;
        Ok(true)
    }
}
