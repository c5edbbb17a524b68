namespace Amalgam.Core.Allocation;

/// <summary>Input on which no plan can be built, named before anything is decided: nothing is ever half applied.</summary>
public static class SnapshotFaults
{
    /// <summary>One sentence: what is wrong, where, what to do. Null = nothing.</summary>
    public static string? First(AllocationSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return InNodes(snapshot) ?? InUnits(snapshot) ?? InWorkloads(snapshot) ?? InLeases(snapshot);
    }

    private static string? InNodes(AllocationSnapshot snapshot)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in snapshot.Nodes)
        {
            if (!names.Add(node.Name))
            {
                return $"node {node.Name}: the name is used twice; give each node its own";
            }

            if (node.Devices < 0 || node.MemoryMiB < 0 || node.CpuMilli < 0 || node.RamMiB < 0)
            {
                return $"node {node.Name}: devices, memory, CPU and RAM must not be negative";
            }
        }

        return null;
    }

    private static string? InUnits(AllocationSnapshot snapshot)
    {
        var parents = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var unit in snapshot.Units)
        {
            if (!parents.TryAdd(unit.Name, unit.Parent))
            {
                return $"unit {unit.Name}: the name is used twice; give each unit its own";
            }

            if (!double.IsFinite(unit.Weight) || unit.Weight is < 0 or > 1e9 || unit.MinRuntimeMs < 0 || unit.MaxWaitMs < 0 || Negative(unit.Guarantee) || Negative(unit.Firm) || Negative(unit.Limit))
            {
                return $"unit {unit.Name}: weight (up to 1e9), amounts and times must not be negative";
            }
        }

        foreach (var unit in snapshot.Units)
        {
            if (unit.Parent is not null && !parents.ContainsKey(unit.Parent))
            {
                return $"unit {unit.Name}: its parent {unit.Parent} does not exist; name an existing unit or none";
            }
        }

        return Circle(snapshot, parents);
    }

    // Units known to lead to a root are not walked again, so a deep tree costs one step each.
    private static string? Circle(AllocationSnapshot snapshot, Dictionary<string, string?> parents)
    {
        var rooted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var unit in snapshot.Units)
        {
            var walked = new HashSet<string>(StringComparer.Ordinal);
            for (string? at = unit.Name; at is not null && !rooted.Contains(at); at = parents[at])
            {
                if (!walked.Add(at))
                {
                    return $"unit {at}: it is its own ancestor; give one unit of the circle another parent";
                }
            }

            rooted.UnionWith(walked);
        }

        return null;
    }

    private static string? InWorkloads(AllocationSnapshot snapshot)
    {
        var units = new HashSet<string>(snapshot.Units.Select(unit => unit.Name), StringComparer.Ordinal);
        var ids = new HashSet<string>(snapshot.Workloads.Length, StringComparer.Ordinal);
        foreach (var workload in snapshot.Workloads)
        {
            if (!ids.Add(workload.Id))
            {
                return $"workload {workload.Name}: the id {workload.Id} is used twice";
            }

            if (In(workload, units) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    /// <summary>The same for one workload.</summary>
    /// <param name="units">Names of all units.</param>
    public static string? In(WorkloadState workload, IReadOnlySet<string> units)
    {
        ArgumentNullException.ThrowIfNull(workload);
        ArgumentNullException.ThrowIfNull(units);
        return !units.Contains(workload.Unit) ? $"workload {workload.Name}: its unit {workload.Unit} does not exist"
            : Amounts(workload) is { } fault ? $"workload {workload.Name}: {fault}"
            : null;
    }

    private static string? Amounts(WorkloadState workload)
    {
        if (workload.Members < 0 || workload.MemoryMiB < 0 || workload.CpuMilli < 0 || workload.RamMiB < 0)
        {
            return "members, memory, CPU and RAM must not be negative";
        }

        if (workload.DevicesMilli is < 0 or > 1_000_000 || (workload.DevicesMilli > 1000 && workload.DevicesMilli % 1000 != 0))
        {
            return "a member takes a share of one device or a whole number of devices, at most 1000";
        }

        if (workload.DevicesMilli == 0 && ((workload.CpuMilli == 0 && workload.RamMiB == 0) || workload.MemoryMiB > 0))
        {
            return "a member without a device takes CPU or RAM, and no device memory";
        }

        if (workload.Members == 0 && workload.Kind == WorkloadKind.Job)
        {
            return "a job has at least one member";
        }

        if (workload.ElasticMin is { } least && (least < 1 || least > workload.Members))
        {
            return "the least number of members lies between 1 and the number of members";
        }

        foreach (var speed in workload.Speeds)
        {
            if (speed.Millionths < 0)
            {
                return $"the speed on {speed.ChipClass} must not be negative";
            }
        }

        return null;
    }

    private static string? InLeases(AllocationSnapshot snapshot)
    {
        var nodes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in snapshot.Nodes)
        {
            nodes[node.Name] = node.Devices;
        }

        foreach (var lease in snapshot.Leases)
        {
            if (nodes.TryGetValue(lease.Node, out var devices) && lease.Devices.Any(device => device < 0 || device >= devices))
            {
                return $"lease of {lease.WorkloadId}: node {lease.Node} has no such device";
            }
        }

        return null;
    }

    private static bool Negative(ChipAmounts amounts) => amounts.Entries.Any(entry => entry.Value < 0);
}
