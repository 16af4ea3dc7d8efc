//! The system calls that a command may not use.
//!
//! Namespaces and an unprivileged user are the walls of the sandbox; this filter keeps commands away from parts of the
//! kernel in which holes in such walls were found. It is a list of what is denied, made after what the default profile of
//! container runtimes leaves out for a container without capabilities
//! (<https://docs.docker.com/engine/security/seccomp/>), and ptrace; calls newer than the list do not exist.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// Calls whose numbers are the same on all processors here.
const STATMOUNT: i64 = 457;
const LISTMOUNT: i64 = 458;
const OPEN_TREE_ATTR: i64 = 467;
/// The first number that no kernel had when this list was made, after `file_setattr` of Linux 6.17.
const FIRST_UNKNOWN: u32 = 470;
/// The execution domains that container runtimes allow: Linux with or without 32-bit machine names, and a question.
const PERSONALITIES: [u64; 5] = [0, 0x8, 0x20000, 0x20008, 0xffff_ffff];

/// Calls that are refused whatever their arguments.
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

/// Calls of this processor's older days. Those that no kernel has any more are left out.
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

/// The flags of clone(2) that make namespaces.
const NAMESPACE_FLAGS: [libc::c_int; 7] = [
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWUTS,
];
/// The kinds of sockets that programs may open: none that reaches a hypervisor, a bus or the kernel's cryptography.
const SOCKETS: [libc::c_int; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
/// Terminal requests that type on behalf of the person before it. Their numbers are the same on all processors here.
const TYPING: [u64; 2] = [0x5412, 0x541C];
/// The bit that marks calls of the x32 ABI, which the kernel reports with the processor of 64-bit calls.
const X32: i64 = 0x4000_0000;
/// The numbers that only the x32 ABI has.
const X32_ONLY: std::ops::RangeInclusive<i64> = 512..=547;

/// The filters as bubblewrap loads them, or why there are none.
pub(super) fn filters() -> Result<Vec<Vec<u8>>, seccompiler::BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let denied = filter(denied()?, libc::EPERM, arch)?;
    // A filter cannot look at what clone3 points to. Without the call, C libraries use clone.
    let missing = BTreeMap::from([
        (libc::SYS_clone3, Vec::new()),
        (X32 | libc::SYS_clone3, Vec::new()),
    ]);
    Ok(vec![denied, filter(missing, libc::ENOSYS, arch)?, newer()])
}

/// Lets calls that are newer than the list not exist. The other filters have looked at the processor's kind.
fn newer() -> Vec<u8> {
    let missing = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
    // Code, steps to skip if so and if not, operand.
    let steps: [(u16, u8, u8, u32); 5] = [
        // The number of the call.
        (0x20, 0, 0, 0),
        // Those of the x32 ABI are looked at by the first filter.
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

/// A `sock_filter` in memory: two bytes of code, the two jumps, four bytes of operand.
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
    // Threads of one process share their descriptors, or those of others than the first would be looked at by nobody.
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
    fn filters_fit_into_the_kernel() {
        for filter in filters().unwrap() {
            // Whole instructions of eight bytes, and at most BPF_MAXINSNS of them.
            assert_eq!(filter.len() % 8, 0);
            assert!((1..=4096).contains(&(filter.len() / 8)));
        }
    }
}
