//! How much memory is available, as Linux reports it.

use std::fs;
use std::path::Path;

/// Where control groups are mounted.
const GROUPS: &str = "/sys/fs/cgroup";

/// The bytes that this process can still take without being stopped for it: what the machine has
/// left, or what a control group or the limit of the address space (`ulimit -v`) leaves if that is
/// less. `None` where the system does not report it: anywhere but on Linux.
#[must_use]
pub fn available_memory() -> Option<u64> {
    let machine = available(&read("/proc/meminfo")?)?;
    let space = || address_space(&read("/proc/self/limits")?, &read("/proc/self/status")?);
    let groups = read("/proc/self/cgroup").map(|groups| of_groups(&groups));
    [space(), groups.flatten()].into_iter().flatten().fold(machine, u64::min).into()
}

fn read(path: impl AsRef<Path>) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// `MemAvailable` of `/proc/meminfo`.
fn available(meminfo: &str) -> Option<u64> {
    kibibytes(meminfo, "MemAvailable:")
}

/// A line of kibibytes.
fn kibibytes(text: &str, key: &str) -> Option<u64> {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(key))?.trim().strip_suffix("kB")?;
    value.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// What the soft limit of `/proc/self/limits` leaves of the address space.
fn address_space(limits: &str, status: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?; // or "unlimited"
    Some(limit.saturating_sub(kibibytes(status, "VmSize:")?))
}

/// What the control groups of `/proc/self/cgroup` leave, and those above them.
fn of_groups(groups: &str) -> Option<u64> {
    let lines = groups.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let folder = Path::new(GROUPS);
        let path = path.trim_start_matches('/');
        match controllers {
            "" => left_above(folder, path, &VERSION_2),
            _ if controllers.split(',').any(|name| name == "memory") => {
                left_above(&folder.join("memory"), path, &VERSION_1)
            }
            _ => None,
        }
    });
    lines.min()
}

/// The files of a control group.
struct Files {
    limit: &'static str,
    usage: &'static str,
    /// The key of `memory.stat` whose bytes can be taken back.
    cached: &'static str,
}

const VERSION_2: Files =
    Files { limit: "memory.max", usage: "memory.current", cached: "inactive_file" };
const VERSION_1: Files = Files {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    cached: "total_inactive_file",
};

/// The least that a group or one above it leaves.
fn left_above(mount: &Path, group: &str, files: &Files) -> Option<u64> {
    let groups = Path::new(group).ancestors();
    groups.filter_map(|group| left(&mount.join(group), files)).min()
}

/// What a group leaves, if it has a limit.
fn left(group: &Path, files: &Files) -> Option<u64> {
    let number = |file| read(group.join(file))?.trim().parse::<u64>().ok(); // or "max"
    let (limit, usage) = (number(files.limit)?, number(files.usage)?);
    let stat = read(group.join("memory.stat")).unwrap_or_default();
    let mut pairs = stat.lines().filter_map(|line| line.split_once(' '));
    let cached = pairs.find(|(key, _)| *key == files.cached);
    let cached = cached.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0);
    Some(limit.saturating_sub(usage.saturating_sub(cached)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_has_left_is_read() {
        let text = "MemTotal:       32 kB\nMemFree:  3 kB\nMemAvailable:   20 kB\n";
        assert_eq!(available(text), Some(20 * 1024));
        assert_eq!(available("MemTotal:       32 kB\n"), None);
    }

    #[test]
    fn a_limit_of_the_address_space_counts_what_is_taken() {
        let status = "Name:\ta\nVmPeak:\t 9 kB\nVmSize:\t    8 kB\n";
        let limits = |limit: &str| {
            format!(
                "Limit   Soft Limit  Hard Limit  Units\nMax address space   {limit}  unlimited  bytes\n"
            )
        };
        assert_eq!(address_space(&limits("10240"), status), Some(2048));
        assert_eq!(address_space(&limits("1024"), status), Some(0));
        assert_eq!(address_space(&limits("unlimited"), status), None);
    }

    #[test]
    fn the_tightest_group_above_counts_and_its_cache_does_not() {
        let mount = tempfile::tempdir().unwrap();
        let write = |group: &str, limit: &str, usage: &str, stat: &str| {
            let folder = mount.path().join(group);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("memory.max"), limit).unwrap();
            fs::write(folder.join("memory.current"), usage).unwrap();
            fs::write(folder.join("memory.stat"), stat).unwrap();
        };
        write("a", "1000\n", "700\n", "anon 100\ninactive_file 250\n");
        write("a/b", "max\n", "10\n", "");
        write("c", "max\n", "10\n", "");
        assert_eq!(left_above(mount.path(), "a/b", &VERSION_2), Some(550));
        assert_eq!(left_above(mount.path(), "c", &VERSION_2), None);
        assert_eq!(left_above(mount.path(), "gone", &VERSION_2), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_has_some() {
        assert!(available_memory().unwrap() > 1 << 20);
    }
}
