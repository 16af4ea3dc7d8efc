//! Denies system calls to commands.
//!
//! Namespaces and an unprivileged user isolate the sandbox; this filter keeps commands away from parts of the
//! kernel in which vulnerabilities of that isolation were found. It is a deny list, based on what the default
//! profile of container runtimes leaves out for a container without capabilities
//! (<https://docs.docker.com/engine/security/seccomp/>), plus ptrace; calls newer than the list fail as if they did
//! not exist.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// System calls whose numbers are the same on all supported processors.
const STATMOUNT: i64 = 457;
const LISTMOUNT: i64 = 458;
const OPEN_TREE_ATTR: i64 = 467;
/// The first number that no kernel used when this list was written, after `file_setattr` of Linux 6.17.
const FIRST_UNKNOWN: u32 = 470;
/// The execution domains that container runtimes allow: Linux with or without 32-bit machine names, and a query.
const PERSONALITIES: [u64; 5] = [0, 0x8, 0x20000, 0x20008, 0xffff_ffff];

/// System calls that are denied whatever their arguments.
const DENIED: &[i64] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_keyctl,
    LISTMOUNT,
    libc::SYS_mbind,
    libc::SYS_migrate_pages,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    OPEN_TREE_ATTR,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_set_mempolicy,
    libc::SYS_set_mempolicy_home_node,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    STATMOUNT,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
];

/// Legacy system calls of this processor. Those that no kernel has any more are left out.
#[cfg(target_arch = "x86_64")]
const DENIED_HERE: &[i64] = &[
    libc::SYS__sysctl,
    libc::SYS_ioperm,
    libc::SYS_iopl,
    libc::SYS_kexec_load,
    libc::SYS_lookup_dcookie,
    libc::SYS_sysfs,
    libc::SYS_uselib,
    libc::SYS_ustat,
];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_HERE: &[i64] = &[];

/// The flags of clone(2) that create namespaces.
const NAMESPACE_FLAGS: [libc::c_int; 7] = [
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWUTS,
];
/// The socket families that programs may use: none that reaches a hypervisor, a bus or the kernel's cryptography.
const SOCKETS: [libc::c_int; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
/// Terminal ioctls that inject input on behalf of the user. Their numbers are the same on all supported processors.
const TYPING: [u64; 2] = [0x5412, 0x541C];
/// The bit that marks calls of the x32 ABI, which the kernel reports with the architecture of 64-bit calls.
const X32: i64 = 0x4000_0000;
/// The numbers used only by the x32 ABI.
const X32_ONLY: std::ops::RangeInclusive<i64> = 512..=547;

/// Returns the filters in the format that bubblewrap loads.
pub(super) fn filters() -> Result<Vec<Vec<u8>>, seccompiler::BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let denied = filter(denied()?, libc::EPERM, arch)?;
    // A filter cannot inspect the memory that clone3 points to. Without the call, C libraries fall back to clone.
    let missing = BTreeMap::from([
        (libc::SYS_clone3, Vec::new()),
        (X32 | libc::SYS_clone3, Vec::new()),
    ]);
    Ok(vec![denied, filter(missing, libc::ENOSYS, arch)?, newer()])
}

/// Makes calls newer than the list fail as if they did not exist. The other filters have checked the architecture.
fn newer() -> Vec<u8> {
    let missing = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
    // Code, instructions to skip if true and if false, operand.
    let steps: [(u16, u8, u8, u32); 5] = [
        // The number of the call.
        (0x20, 0, 0, 0),
        // Calls of the x32 ABI are checked by the first filter.
        (0x35, 2, 0, 0x4000_0000),
        (0x35, 0, 1, FIRST_UNKNOWN),
        (0x06, 0, 0, missing),
        (0x06, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    steps
        .iter()
        .flat_map(|(code, yes, no, operand)| instruction(*code, *yes, *no, *operand))
        .collect()
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn filter(rules: Rules, errno: i32, arch: TargetArch) -> Result<Vec<u8>, seccompiler::BackendError> {
    let refuse = SeccompAction::Errno(errno.unsigned_abs());
    let program: BpfProgram = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?.try_into()?;
    let bytes = program
        .iter()
        .flat_map(|step| instruction(step.code, step.jt, step.jf, step.k));
    Ok(bytes.collect())
}

/// Encodes a `sock_filter`: two bytes of code, the two jumps, four bytes of operand.
fn instruction(code: u16, yes: u8, no: u8, operand: u32) -> Vec<u8> {
    [&code.to_ne_bytes()[..], &[yes, no], &operand.to_ne_bytes()].concat()
}

fn denied() -> Result<Rules, seccompiler::BackendError> {
    let mut rules: Rules = DENIED
        .iter()
        .chain(DENIED_HERE)
        .map(|call| (*call, Vec::new()))
        .collect();
    let condition = |argument, operation, value| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operation, value)
    };
    let one = |argument, operation, value| SeccompRule::new(vec![condition(argument, operation, value)?]);
    let namespaces = NAMESPACE_FLAGS.map(|flag| {
        let flag = u64::from(flag.unsigned_abs());
        one(0, SeccompCmpOp::MaskedEq(flag), flag)
    });
    let mut clones = namespaces.into_iter().collect::<Result<Vec<_>, _>>()?;
    // Threads of one process have to share their descriptors, or those of threads other than the first would not be
    // scanned.
    let (thread, files) = (
        u64::from(libc::CLONE_THREAD.unsigned_abs()),
        u64::from(libc::CLONE_FILES.unsigned_abs()),
    );
    clones.push(one(0, SeccompCmpOp::MaskedEq(thread | files), thread)?);
    rules.insert(libc::SYS_clone, clones);
    let unshares = u64::from(libc::CLOSE_RANGE_UNSHARE);
    rules.insert(
        libc::SYS_close_range,
        vec![one(2, SeccompCmpOp::MaskedEq(unshares), unshares)?],
    );
    let typing = TYPING.map(|request| one(1, SeccompCmpOp::Eq, request));
    rules.insert(libc::SYS_ioctl, typing.into_iter().collect::<Result<_, _>>()?);
    let others = SOCKETS.map(|family| condition(0, SeccompCmpOp::Ne, u64::from(family.unsigned_abs())));
    let others = SeccompRule::new(others.into_iter().collect::<Result<_, _>>()?)?;
    rules.insert(libc::SYS_socket, vec![others.clone()]);
    rules.insert(libc::SYS_socketpair, vec![others]);
    let others = PERSONALITIES.map(|domain| condition(0, SeccompCmpOp::Ne, domain));
    let others = SeccompRule::new(others.into_iter().collect::<Result<_, _>>()?)?;
    rules.insert(libc::SYS_personality, vec![others]);
    if cfg!(target_arch = "x86_64") {
        let x32: Vec<_> = rules
            .iter()
            .map(|(call, rule)| (X32 | call, rule.clone()))
            .collect();
        rules.extend(x32);
        rules.extend(X32_ONLY.map(|call| (X32 | call, Vec::new())));
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_fit_kernel_limits() {
        for filter in filters().unwrap() {
            // Whole instructions of eight bytes, and at most BPF_MAXINSNS of them.
            assert_eq!(filter.len() % 8, 0);
            assert!((1..=4096).contains(&(filter.len() / 8)));
        }
    }
}
