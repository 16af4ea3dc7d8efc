//! Volumes as folders of the data directory, and where a container sees them.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, ResolveFlags, Uid};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags};
use serde_json::Value;

use super::environment::{bytes, field, list};
use super::sandbox::{Mount, owner};
use crate::cluster::Cluster;
use crate::resource::{CONFIG_MAPS, PERSISTENT_VOLUME_CLAIMS, SECRETS};
use crate::store::Key;

/// The size of a volume in memory of a Pod without limits: half of what a node has.
const DEFAULT_MEMORY: u64 = 4 << 30;
/// Folders in one another that a walk goes into: each takes two descriptors meanwhile.
const MAX_DEPTH: usize = 256;

/// The folder of a Pod's own things.
pub(super) fn pod_folder(cluster: &Cluster, pod: &Value) -> PathBuf {
    cluster
        .data_dir
        .join("pods")
        .join(pod["metadata"]["uid"].as_str().unwrap_or_default())
}

/// The folder of a volume.
pub(super) fn folder(cluster: &Cluster, pod: &Value, volume: &Value) -> Result<PathBuf, String> {
    if volume["persistentVolumeClaim"].is_object() {
        return claim_folder(cluster, pod, volume);
    }
    let name = volume["name"].as_str().unwrap_or_default();
    Ok(pod_folder(cluster, pod).join("volumes").join(safe(name)?))
}

/// Makes the Pod's volumes; says what is missing in the kubelet's way.
pub(super) fn prepare(cluster: &Cluster, pod: &Value) -> Result<(), String> {
    for volume in list(&pod["spec"]["volumes"]) {
        let name = volume["name"].as_str().unwrap_or_default();
        let folder = pod_folder(cluster, pod).join("volumes").join(safe(name)?);
        fill(cluster, pod, volume, &folder)
            .map_err(|error| format!("MountVolume.SetUp failed for volume \"{name}\": {error}"))?;
    }
    Ok(())
}

fn fill(cluster: &Cluster, pod: &Value, volume: &Value, folder: &Path) -> Result<(), String> {
    let failed = |error: io::Error| error.to_string();
    if ["configMap", "secret", "downwardAPI"]
        .iter()
        .any(|kind| volume[*kind].is_object())
    {
        make(folder, 0o755).map_err(failed)?;
        return files(cluster, pod, volume, folder);
    }
    if volume["projected"].is_object() {
        make(folder, 0o755).map_err(failed)?;
        for source in list(&volume["projected"]["sources"]) {
            // A command gets no credentials of the playground, so there is no token and nothing to check it with.
            if source["serviceAccountToken"].is_object() || source["configMap"]["name"] == "kube-root-ca.crt"
            {
                continue;
            }
            files(cluster, pod, source, folder)?;
        }
        return Ok(());
    }
    if volume["emptyDir"].is_object() {
        // Any user of the Pod may write, as in the kubelet's emptyDir.
        make(folder, 0o777).map_err(failed)?;
        if volume["emptyDir"]["medium"] == "Memory" {
            return in_memory(pod, volume, folder).map_err(failed);
        }
        return Ok(());
    }
    if volume["persistentVolumeClaim"].is_object() {
        let folder = claim_folder(cluster, pod, volume)?;
        std::fs::create_dir_all(&folder).map_err(failed)?;
        return take_over(&folder).map_err(failed);
    }
    let kind = volume
        .as_object()
        .and_then(|volume| volume.keys().find(|key| *key != "name"))
        .map_or("nothing", String::as_str);
    Err(format!("the playground has no volumes of type {kind}"))
}

/// Makes a folder that is the containers' own, whatever this process's umask.
fn make(folder: &Path, mode: u32) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode))?;
    give(folder)
}

/// Gives a file to the user that containers run as.
fn give(path: &Path) -> io::Result<()> {
    match owner() {
        Some(owner) => std::os::unix::fs::lchown(path, Some(owner), Some(owner)),
        None => Ok(()),
    }
}

/// Gives a volume to the user that containers run as, once. The lock lets no container of it start before.
fn take_over(folder: &Path) -> io::Result<()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    let Some(owner) = owner() else { return Ok(()) };
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (user, group) = (Uid::from_raw(owner), Gid::from_raw(owner));
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let root = rustix::fs::open(folder, flags, Mode::empty())?;
    if rustix::fs::fstat(&root)?.st_uid == owner {
        return Ok(());
    }
    // The volume itself comes last: whoever is interrupted begins again.
    walk(root, &mut |file| {
        rustix::fs::chownat(file, "", Some(user), Some(group), AtFlags::EMPTY_PATH)
    })?;
    Ok(())
}

/// Visits all that is in a folder, and then the folder. Each is opened by its name in the folder around it, which is
/// open already, so nobody can lead the walk out by exchanging folders and links; it does not go into what is mounted.
fn walk(root: OwnedFd, visit: &mut impl FnMut(&OwnedFd) -> Result<(), Errno>) -> Result<(), Errno> {
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV;
    let place = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let list = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let entries = |folder: &OwnedFd| {
        let folder = rustix::fs::openat2(folder, ".", list, Mode::empty(), resolve)?;
        rustix::fs::Dir::new(folder)
    };
    let first = entries(&root)?;
    let mut around = vec![(root, first)];
    while let Some((folder, left)) = around.last_mut() {
        let Some(entry) = left.next() else {
            visit(folder)?;
            around.pop();
            continue;
        };
        let entry = entry?;
        if [c".", c".."].contains(&entry.file_name()) {
            continue;
        }
        let file = match rustix::fs::openat2(&*folder, entry.file_name(), place, Mode::empty(), resolve) {
            // It has gone, or something is mounted there.
            Err(Errno::NOENT | Errno::XDEV) => continue,
            opened => opened?,
        };
        if FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) == FileType::Directory {
            if around.len() == MAX_DEPTH {
                return Err(Errno::NAMETOOLONG);
            }
            let inside = entries(&file)?;
            around.push((file, inside));
        } else {
            visit(&file)?;
        }
    }
    Ok(())
}

/// Makes a volume one in memory, of its `sizeLimit`, where this process may mount; a folder else, whose size is looked
/// at as that of the others.
fn in_memory(pod: &Value, volume: &Value, folder: &Path) -> io::Result<()> {
    let Some(owner) = owner() else { return Ok(()) };
    if is_mounted(folder) {
        return Ok(());
    }
    let limit = super::resources::bytes(&volume["emptyDir"]["sizeLimit"]);
    let memory = super::resources::pod_limit(pod, "memory").unwrap_or(DEFAULT_MEMORY);
    let size = limit.unwrap_or(memory).min(memory);
    let options = std::ffi::CString::new(format!("size={size},mode=0777,uid={owner},gid={owner}"))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    match rustix::mount::mount("tmpfs", folder, "tmpfs", flags, Some(options.as_c_str())) {
        Ok(()) | Err(Errno::PERM) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether a file system begins at this folder.
pub(super) fn is_mounted(folder: &Path) -> bool {
    let device = |path: &Path| std::fs::symlink_metadata(path).map(|meta| meta.dev()).ok();
    folder
        .parent()
        .is_some_and(|parent| device(parent) != device(folder))
}

/// Ends the volumes in memory of all Pods, whoever has made them: they do not outlive what runs Pods.
pub(crate) fn unmount_all(cluster: &Cluster) {
    use std::os::unix::ffi::OsStringExt;

    let Ok(pods) = std::fs::canonicalize(cluster.data_dir.join("pods")) else {
        return;
    };
    let mounts = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    let places = mounts.split(|byte| *byte == b'\n').filter_map(|line| {
        let place = line.split(|byte| *byte == b' ').nth(4)?;
        Some(PathBuf::from(std::ffi::OsString::from_vec(unescaped(place))))
    });
    // Later ones may be on top of earlier ones.
    let places: Vec<_> = places
        .filter(|place| place.starts_with(&pods) && *place != pods)
        .collect();
    for place in places.iter().rev() {
        let flags = UnmountFlags::DETACH | UnmountFlags::NOFOLLOW;
        if let Err(error) = rustix::mount::unmount(place, flags) {
            tracing::warn!(%error, place = %place.display(), "a volume in memory stays");
        }
    }
}

/// A path as `mountinfo` has it: blanks and backslashes are three octal digits.
fn unescaped(path: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..3)
            .filter(|_| *first == b'\\')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[3..] } else { after };
    }
    bytes
}

/// Removes a Pod's folder, with what is mounted in it.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    let volumes = std::fs::read_dir(folder.join("volumes"))
        .into_iter()
        .flatten()
        .flatten();
    for volume in volumes.filter(|volume| is_mounted(&volume.path())) {
        rustix::mount::unmount(volume.path(), UnmountFlags::DETACH)?;
    }
    let removed = match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(folder)?;
            std::fs::remove_dir_all(folder)
        }
        removed => removed,
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens folders that a container has closed. Its processes are gone, so nobody puts a link in place of one.
fn open_up(folder: &Path) -> io::Result<()> {
    let mut todo = vec![folder.to_owned()];
    while let Some(folder) = todo.pop() {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                todo.push(entry.path());
            }
        }
    }
    Ok(())
}

/// Writes the files of a ConfigMap, a Secret or the downward API.
fn files(cluster: &Cluster, pod: &Value, volume: &Value, folder: &Path) -> Result<(), String> {
    for (kind, field, resource) in [
        ("configMap", "name", &CONFIG_MAPS),
        ("secret", "secretName", &SECRETS),
    ] {
        let source = &volume[kind];
        if !source.is_object() {
            continue;
        }
        let name = source[field]
            .as_str()
            .or(source["name"].as_str())
            .unwrap_or_default();
        let files = match bytes(cluster, pod, resource, name)? {
            Some(files) => files,
            None if source["optional"] == true => Vec::new(),
            None => return Err(format!("{} \"{name}\" not found", resource.singular)),
        };
        let mode = u32::try_from(source["defaultMode"].as_u64().unwrap_or(0o644)).unwrap_or(0o644);
        let items = list(&source["items"]);
        for (key, content) in files {
            let item = items.iter().find(|item| item["key"] == key.as_str());
            if !items.is_empty() && item.is_none() {
                continue;
            }
            let path = item.and_then(|item| item["path"].as_str()).unwrap_or(&key);
            let mode = item
                .and_then(|item| item["mode"].as_u64())
                .and_then(|mode| u32::try_from(mode).ok())
                .unwrap_or(mode);
            write(folder, path, &content, mode)?;
        }
        return Ok(());
    }
    for item in list(&volume["downwardAPI"]["items"]) {
        let text = field(pod, item["fieldRef"]["fieldPath"].as_str().unwrap_or_default());
        write(
            folder,
            item["path"].as_str().unwrap_or_default(),
            text.as_bytes(),
            0o644,
        )?;
    }
    Ok(())
}

fn claim_folder(cluster: &Cluster, pod: &Value, volume: &Value) -> Result<PathBuf, String> {
    let name = volume["persistentVolumeClaim"]["claimName"]
        .as_str()
        .unwrap_or_default();
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    let key = Key::new(&PERSISTENT_VOLUME_CLAIMS, namespace, name);
    let claim = cluster.store.get(&key).map_err(|error| error.to_string())?;
    let claim = claim.ok_or_else(|| format!("persistentvolumeclaim \"{name}\" not found"))?;
    Ok(cluster
        .data_dir
        .join("volumes")
        .join(claim["metadata"]["uid"].as_str().unwrap_or_default()))
}

/// Writes a file inside a folder; a path cannot lead out of it.
fn write(folder: &Path, path: &str, content: &[u8], mode: u32) -> Result<(), String> {
    let target = folder.join(inside(path)?);
    let failed = |error: io::Error| error.to_string();
    for parent in Path::new(path)
        .ancestors()
        .skip(1)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
    {
        make(&folder.join(parent), 0o755).map_err(failed)?;
    }
    // A restart may find a file that its owner may not write.
    if target.exists() {
        std::fs::remove_file(&target).map_err(failed)?;
    }
    std::fs::write(&target, content).map_err(failed)?;
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    give(&target).map_err(failed)
}

fn inside(path: &str) -> Result<&Path, String> {
    let path = Path::new(path);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if plain {
        Ok(path)
    } else {
        Err(format!("\"{}\" leads out of the volume", path.display()))
    }
}

fn safe(name: &str) -> Result<&str, String> {
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
    if plain {
        Ok(name)
    } else {
        Err(format!("\"{name}\" is no volume name"))
    }
}

/// The mounts of a container.
pub(super) fn mounts(cluster: &Cluster, pod: &Value, container: &Value) -> Result<Vec<Mount>, String> {
    list(&container["volumeMounts"])
        .iter()
        .map(|mount| {
            let name = mount["name"].as_str().unwrap_or_default();
            let volume = list(&pod["spec"]["volumes"])
                .iter()
                .find(|volume| volume["name"] == name);
            let volume = volume.ok_or_else(|| format!("there is no volume \"{name}\""))?;
            let root = folder(cluster, pod, volume)?;
            let sub_path = match mount["subPath"].as_str().filter(|sub| !sub.is_empty()) {
                Some(sub) => sub_path(&root, sub)?,
                None => PathBuf::new(),
            };
            let always = ["configMap", "secret", "downwardAPI", "projected"]
                .iter()
                .any(|kind| volume[*kind].is_object());
            Ok(Mount {
                volume: root,
                sub_path,
                target: PathBuf::from(mount["mountPath"].as_str().unwrap_or_default()),
                read_only: always
                    || mount["readOnly"] == true
                    || volume["persistentVolumeClaim"]["readOnly"] == true,
            })
        })
        .collect()
}

/// A place in a volume without links on the way, made if it is not there. A container that has run may have left links:
/// they are followed inside the volume, and one that leads out of it is an error, as for the kubelet.
fn sub_path(root: &Path, sub: &str) -> Result<PathBuf, String> {
    let failed = |error: Errno| match error {
        Errno::XDEV | Errno::LOOP => format!("subPath \"{sub}\" leads out of the volume"),
        error => format!("subPath \"{sub}\": {}", io::Error::from(error)),
    };
    let place = OFlags::PATH | OFlags::CLOEXEC;
    let volume = rustix::fs::open(root, place | OFlags::DIRECTORY, Mode::empty()).map_err(failed)?;
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut so_far = PathBuf::new();
    let mut at = None;
    for part in inside(sub)?.components() {
        so_far.push(part);
        let step = || rustix::fs::openat2(&volume, &so_far, place, Mode::empty(), beneath);
        at = Some(
            match step() {
                Err(Errno::NOENT) => {
                    let parent = at.as_ref().unwrap_or(&volume);
                    rustix::fs::mkdirat(parent, part.as_os_str(), Mode::from_raw_mode(0o777))
                        .map_err(failed)?;
                    let made = step().map_err(failed)?;
                    if let Some(owner) = owner() {
                        let (user, group) =
                            (rustix::fs::Uid::from_raw(owner), rustix::fs::Gid::from_raw(owner));
                        let flags = rustix::fs::AtFlags::EMPTY_PATH;
                        rustix::fs::chownat(&made, "", Some(user), Some(group), flags).map_err(failed)?;
                    }
                    Ok(made)
                }
                opened => opened,
            }
            .map_err(failed)?,
        );
    }
    let path = |fd: &std::os::fd::OwnedFd| std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd()));
    let whole = path(at.as_ref().unwrap_or(&volume)).map_err(|error| error.to_string())?;
    let root = path(&volume).map_err(|error| error.to_string())?;
    whole
        .strip_prefix(root)
        .map(Path::to_owned)
        .map_err(|_| format!("subPath \"{sub}\" leads out of the volume"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sub_path_is_made_and_a_link_out_of_the_volume_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let volume = folder.path().join("volume");
        std::fs::create_dir(&volume).unwrap();
        assert_eq!(sub_path(&volume, "a/b").unwrap(), Path::new("a/b"));
        assert!(volume.join("a/b").is_dir());
        for (target, link) in [
            ("a/b", "in"),
            ("/etc", "out"),
            ("../other", "up"),
            ("/proc/self/root", "magic"),
        ] {
            std::os::unix::fs::symlink(target, volume.join(link)).unwrap();
        }
        assert_eq!(sub_path(&volume, "in/c").unwrap(), Path::new("a/b/c"));
        for sub in [
            "out",
            "out/deeper",
            "up",
            "up/x",
            "magic",
            "magic/tmp",
            "../other",
            "/etc",
        ] {
            assert!(sub_path(&volume, sub).is_err(), "{sub}");
        }
        assert!(!folder.path().join("other").exists());
    }

    #[test]
    fn a_walk_does_not_leave_a_folder_in_which_others_exchange_things() {
        let folder = tempfile::tempdir().unwrap();
        let (volume, outside) = (folder.path().join("volume"), folder.path().join("outside"));
        for folder in [&volume, &outside] {
            std::fs::create_dir_all(folder.join("deep/deeper")).unwrap();
            std::fs::write(folder.join("deep/deeper/file"), "").unwrap();
        }
        std::os::unix::fs::symlink(&outside, volume.join("link")).unwrap();
        std::os::unix::fs::symlink(outside.join("deep"), volume.join("other")).unwrap();
        let inode = |path: PathBuf| std::fs::symlink_metadata(path).unwrap().ino();
        let outside: Vec<u64> = ["", "deep", "deep/deeper", "deep/deeper/file"]
            .map(|path| inode(outside.join(path)))
            .into();
        let inside = inode(volume.join("deep/deeper/file"));
        let stop = std::sync::atomic::AtomicBool::new(false);
        let mut seen = std::collections::HashSet::new();
        std::thread::scope(|scope| {
            let (volume, stop) = (&volume, &stop);
            scope.spawn(move || {
                let at = |name: &str| volume.join(name);
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let flags = rustix::fs::RenameFlags::EXCHANGE;
                    for (a, b) in [("deep", "link"), ("deep/deeper", "other")] {
                        // The second pair is there half of the time.
                        let _ =
                            rustix::fs::renameat_with(rustix::fs::CWD, at(a), rustix::fs::CWD, at(b), flags);
                        std::thread::yield_now();
                    }
                }
            });
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            for _ in 0..5000 {
                let root = rustix::fs::open(volume, flags, Mode::empty()).unwrap();
                walk(root, &mut |file| {
                    seen.insert(rustix::fs::fstat(file)?.st_ino);
                    Ok(())
                })
                .unwrap();
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        assert!(seen.contains(&inside) && seen.contains(&inode(volume)));
        assert!(outside.iter().all(|inode| !seen.contains(inode)));
    }

    #[test]
    fn places_of_mounts_are_read_as_they_are() {
        for (written, read) in [
            ("/a/b", "/a/b"),
            (r"/a\040b\011c\134d", "/a b\tc\\d"),
            (r"/a\04", r"/a\04"),
            (r"/\999", r"/\999"),
            ("", ""),
        ] {
            assert_eq!(unescaped(written.as_bytes()), read.as_bytes(), "{written}");
        }
    }

    #[test]
    fn a_folder_that_a_container_has_closed_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let pod = folder.path().join("pod");
        let closed = pod.join("volumes/work/closed");
        std::fs::create_dir_all(closed.join("inner")).unwrap();
        for path in [closed.join("inner"), closed.clone()] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap();
        }
        remove(&pod).unwrap();
        assert!(!pod.exists());
        remove(&pod).unwrap();
    }
}
