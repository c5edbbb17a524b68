namespace Amalgam.Engines.Local;

/// <summary>The folders of forgotten members, under `logs/WORKLOAD/LEASE`, within a bound for all of them.</summary>
internal sealed class KeptLogs(string folder, long bytesKept)
{
    private long _bytesSincePrune = long.MaxValue / 2; // the first time, always

    /// <returns>Null when the lease is unknown or was pruned.</returns>
    public MemberFolder? Find(string leaseId)
    {
        if (!Directory.Exists(folder)) return null;
        foreach (var workload in Directory.EnumerateDirectories(folder))
            if (Path.Combine(workload, leaseId) is var path && Directory.Exists(path))
                return new MemberFolder(path);
        return null;
    }

    public bool Holds(string workloadId, string leaseId) => Directory.Exists(Path.Combine(folder, workloadId, leaseId));

    /// <summary>One rename: the log is not copied, and a reader that has it open reads on.</summary>
    /// <param name="workloadId">Null = the lease never started.</param>
    public void Keep(MemberFolder member, string? workloadId, string leaseId)
    {
        if (!Directory.Exists(member.Path)) return; // someone removed it
        if (workloadId is null)
        {
            Directory.Delete(member.Path, recursive: true); // there is no log
            return;
        }

        var workload = Path.Combine(folder, workloadId);
        PrivateFile.CreateFolder(workload);
        if (Directory.Exists(member.Work) && !Directory.EnumerateFileSystemEntries(member.Work).Any()) Directory.Delete(member.Work);
        _bytesSincePrune += Bytes(new DirectoryInfo(member.Path));
        Directory.Move(member.Path, Path.Combine(workload, leaseId));
        // Counting all of them takes time: only when an eighth of the bound may be new.
        if (_bytesSincePrune > bytesKept / 8) Prune();
    }

    /// <summary>Deletes the oldest until the rest is within the bound.</summary>
    private void Prune()
    {
        _bytesSincePrune = 0;
        var leases = Directory.EnumerateDirectories(folder).SelectMany(Directory.EnumerateDirectories).Select(path => new DirectoryInfo(path))
            .Select(lease => (lease, Bytes: Bytes(lease))).ToList();
        var total = leases.Sum(lease => lease.Bytes);
        foreach (var (lease, bytes) in leases.OrderBy(lease => lease.lease.LastWriteTimeUtc))
        {
            if (total <= bytesKept) break;
            lease.Delete(recursive: true);
            total -= bytes;
        }
    }

    private static long Bytes(DirectoryInfo lease) => lease.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
}
